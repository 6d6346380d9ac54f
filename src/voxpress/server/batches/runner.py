"""Runs batches in the background.

Every answer is written to the server's database at once, so a server that was killed goes on where it was: lines with
an answer are not spoken again, and what was spoken for the others is in the store. Of several servers with one
database, one has the lease of a batch and works on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import Any

import msgspec

from voxpress.errors import StoreError
from voxpress.server.background import Background
from voxpress.server.batches.input_lines import BatchInputs, InputLines
from voxpress.server.batches.intake import Intake
from voxpress.server.batches.line_worker import LineWorker
from voxpress.server.batches.output_files import OutputFiles
from voxpress.server.batches.records import BatchRecords, Job
from voxpress.server.batches.webhooks import Webhooks
from voxpress.server.keys import Key, Ring
from voxpress.server.leases import LeaseLost, Leases
from voxpress.server.schemas import ENDED, Batch, BatchErrors, BatchRequest, BatchStatus

log = logging.getLogger("voxpress.server")


class BatchRunner:
    """Runs each active batch in a task of its own, from its intake to its webhooks."""

    def __init__(
        self,
        records: BatchRecords,
        leases: Leases,
        inputs: BatchInputs,
        intake: Intake,
        line_worker: LineWorker,
        output_files: OutputFiles,
        ring: Ring,
        webhooks: Webhooks,
        background: Background,
    ) -> None:
        self._records, self._leases = records, leases
        self._inputs, self._intake = inputs, intake
        self._line_worker, self._output_files = line_worker, output_files
        self._ring, self._webhooks, self._background = ring, webhooks, background
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled_ids: set[str] = set()

    async def add(self, key: Key, data: BatchRequest, base: str) -> Batch:
        """Take in a batch, and begin to work on it.

        Args:
            base: what comes before ``/v1`` in the addresses that its answers hold.

        Raises:
            Refusal: the request cannot be met.
        """
        batch = await self._intake.accept(key, data, base)
        with contextlib.suppress(StoreError):  # it is written down, so `tend` begins it
            await self._begin(batch.id)
        return batch

    async def cancel(self, owner: str, id: str) -> Batch:
        """Begin no more lines of a batch. What is done stays.

        Raises:
            Refusal: the owner has no such batch, or it has ended.
        """
        batch = await self._records.cancel(owner, id)
        if id in self._tasks:
            self._cancelled_ids.add(id)
        return batch

    async def tend(self) -> None:
        """Keep the batches that this server works on, and begin those that no server works on."""
        for id in await self._leases.renew(list(self._tasks)):
            log.warning("another server works on %s now", id)
            if task := self._tasks.get(id):
                task.cancel()
        for batch in await self._records.list_active():
            if batch.id not in self._tasks:
                await self._begin(batch.id)
            elif batch.status == "cancelling":
                self._cancelled_ids.add(batch.id)

    async def leave(self) -> None:
        """Let others go on with what this server worked on, or itself when it starts again."""
        with contextlib.suppress(StoreError):  # then the leases end by themselves
            await self._leases.release_all()

    async def _begin(self, id: str) -> None:
        """Work on a batch, unless another server does."""
        if not await self._leases.acquire(id) or id in self._tasks:
            return
        task = self._tasks[id] = self._background.start(
            "batches are worked on", lambda: self._run_batch(id), id
        )
        task.add_done_callback(lambda _: self._forget_task(id))

    def _forget_task(self, id: str) -> None:
        self._tasks.pop(id, None)
        self._cancelled_ids.discard(id)

    async def _run_batch(self, id: str) -> None:
        """Do what is left to do for a batch."""
        try:
            job = await self._records.load(id)
            if job.batch.status == "cancelling":
                self._cancelled_ids.add(id)
            if job.batch.status not in ENDED:
                await self._answer_batch(job)
            await self._records.deactivate(id)
        except LeaseLost as error:
            log.warning("%s", error)
            return
        await asyncio.to_thread(self._inputs.remove, id)
        await self._leases.release(id)

    async def _answer_batch(self, job: Job) -> None:
        batch = job.batch
        lines = await asyncio.to_thread(self._inputs.open, batch)
        if isinstance(lines, BatchErrors):
            await self._end(job, "failed", errors=lines)
            return
        if batch.status == "validating":
            counts = msgspec.structs.replace(batch.request_counts, total=len(lines))
            now = int(time.time())
            await self._records.update(batch.id, "in_progress", in_progress_at=now, request_counts=counts)
        await self._line_worker.answer_lines(job, lines, lambda: self._goes_on(job))
        await self._finish_batch(job, lines)

    def _goes_on(self, job: Job) -> bool:
        """Whether further lines are begun: not once the batch was cancelled or expired, or its key was removed."""
        batch = job.batch
        if self._ring.find_name(job.owner) is None:
            self._cancelled_ids.add(batch.id)
        return batch.id not in self._cancelled_ids and time.time() < (batch.expires_at or 0)

    async def _finish_batch(self, job: Job, lines: InputLines) -> None:
        """Write the output and error files, and the batch's last state."""
        batch = (await self._records.load(job.batch.id)).batch
        cancelled = batch.status == "cancelling" or batch.id in self._cancelled_ids
        left = len(lines) - batch.request_counts.completed - batch.request_counts.failed
        status: BatchStatus = "cancelled" if cancelled else "expired" if left else "completed"
        if status == "completed" and batch.status != "finalizing":
            await self._records.update(batch.id, "finalizing", finalizing_at=int(time.time()))
        code = "batch_cancelled" if cancelled else "batch_expired"
        output, errors = await self._output_files.write(job, lines if left else None, code)
        audio_url = f"{job.base.rstrip('/')}/v1/batches/{batch.id}/audio" if output else None
        await self._end(job, status, audio_url=audio_url, output_file_id=output, error_file_id=errors)

    async def _end(self, job: Job, status: BatchStatus, **fields: Any) -> None:
        """Write down that a batch has ended, and queue its webhooks: both or none."""
        ended = {f"{status}_at": int(time.time())}
        await self._records.update(job.batch.id, status, self._webhooks.queue(job, status), **fields, **ended)
