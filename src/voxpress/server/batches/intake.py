"""The intake of batches: what a client asked for is checked and written down, before any line is spoken."""

from __future__ import annotations

import asyncio
import secrets
import time

from voxpress.errors import InputError
from voxpress.server.batches.addresses import check_public
from voxpress.server.batches.file_store import FileStore
from voxpress.server.batches.input_lines import BatchInputs
from voxpress.server.batches.records import BatchOptions, BatchRecords, Job
from voxpress.server.errors import Refusal, refusal
from voxpress.server.http.paths import SPEECH
from voxpress.server.keys import Key
from voxpress.server.schemas import Batch, BatchRequest
from voxpress.server.settings import Settings

_WINDOW_SECONDS = 24 * 3600


class Intake:
    """Makes batches of requests for them."""

    def __init__(
        self, settings: Settings, records: BatchRecords, files: FileStore, inputs: BatchInputs
    ) -> None:
        self._settings, self._records, self._files, self._inputs = settings, records, files, inputs

    async def accept(self, key: Key, data: BatchRequest, base: str) -> Batch:
        """Write down a new batch of that key.

        Raises:
            Refusal: the request cannot be met, or the key has too many batches at work.
        """
        if data.endpoint != SPEECH:
            raise Refusal(
                400, f"endpoint must be {SPEECH!r}, not {data.endpoint!r}", "invalid_value", param="endpoint"
            )
        if data.completion_window != "24h":
            raise Refusal(400, "completion_window must be '24h'", "invalid_value", param="completion_window")
        secret = "" if data.webhook_url is None else self._choose_secret(data.webhook_url)
        file = await self._files.find(key.name, data.input_file_id)
        now = int(time.time())
        batch = Batch(
            id=f"batch_{secrets.token_hex(12)}",
            endpoint=data.endpoint,
            input_file_id=file.id,
            completion_window=data.completion_window,
            status="validating",
            created_at=now,
            expires_at=now + _WINDOW_SECONDS,
            metadata=data.metadata,
        )
        expires_after = data.output_expires_after.seconds if data.output_expires_after else None
        options = BatchOptions(data.inline_audio, data.webhook_url, secret, expires_after)
        await asyncio.to_thread(self._inputs.keep, file.id, batch.id)
        try:
            await self._records.add(Job(batch, options, key.name, base), self._settings.max_batches)
        except BaseException:
            self._inputs.remove(batch.id)
            raise
        return batch

    def _choose_secret(self, webhook_url: str) -> str:
        """The secret that signs messages to an address which a client named.

        Raises:
            Refusal: the operator does not allow such addresses or has no secret, or the address is not public.
        """
        if not self._settings.allow_webhook_urls:
            raise Refusal(
                403,
                "this server takes no webhook_url: its operator can allow them",
                "not_allowed",
                param="webhook_url",
            )
        try:
            check_public(webhook_url)
        except InputError as error:
            raise refusal(error, "webhook_url") from error
        if not self._settings.webhooks:
            raise Refusal(
                403,
                "this server has no secret to sign with: [[server.webhooks]]",
                "not_allowed",
                param="webhook_url",
            )
        return self._settings.webhooks[0].secret
