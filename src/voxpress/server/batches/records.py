"""Batches and the answers to their lines, as the server's database has them.

A batch is active from its intake until its answers are in its output files and its webhooks are queued. A server that
was killed finds its active batches here, and the lines that were answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from voxpress.server.databases import Database, Transaction
from voxpress.server.errors import Refusal
from voxpress.server.leases import Leases
from voxpress.server.schemas import ENDED, Batch, Batches, BatchStatus

_LAST = 2**63 - 1
_SHORTENED_AT_ONCE = 20
"""Answers that one transaction shortens: each may hold audio, and others wait for the database."""


class BatchOptions(msgspec.Struct, frozen=True):
    """What the client asked for that `Batch` does not show."""

    inline_audio: bool
    webhook_url: str | None
    webhook_secret: str
    expires_after: int | None


class Job(msgspec.Struct, frozen=True):
    """A batch with all that is needed to work on it.

    Attributes:
        owner: name of the key that made it.
        base: what comes before ``/v1`` in the addresses that its answers hold.
    """

    batch: Batch
    options: BatchOptions
    owner: str
    base: str


class StoredAnswer(msgspec.Struct, frozen=True):
    """The answer to a line.

    Attributes:
        good: whether it has audio.
        content: JSON.
    """

    number: int
    good: bool
    content: bytes


class _ShortAnswer(msgspec.Struct, frozen=True):
    """What an answer keeps after its batch has ended."""

    custom_id: str


class BatchRecords:
    """Reads and writes batches and the answers to their lines.

    What only the server that works on a batch may write raises LeaseLost on any other.
    """

    def __init__(self, state: Database, leases: Leases) -> None:
        self._state, self._leases = state, leases

    # Batches

    async def add(self, job: Job, most_active: int) -> None:
        """Write down a new batch.

        Raises:
            Refusal: its owner has `most_active` active batches already.
        """
        batch, owner = job.batch, job.owner

        def insert(database: Transaction) -> None:
            (active,) = database.execute(
                "SELECT COUNT(*) FROM batches WHERE owner = ? AND active = 1", (owner,)
            ).fetchone()
            if active >= most_active:
                raise Refusal(
                    429,
                    f"this key has {active:,} batches at work, and may have {most_active:,}: wait for one to end",
                    "too_many_batches",
                    type="rate_limit_error",
                    headers={"retry-after": "60"},
                )
            (sequence,) = database.execute("SELECT COALESCE(MAX(sequence), 0) + 1 FROM batches").fetchone()
            record, options = msgspec.json.encode(batch), msgspec.json.encode(job.options)
            database.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, 1, ?, ?)",
                (batch.id, owner, record, options, job.base, sequence),
            )

        await self._state.run(insert)

    async def find(self, owner: str, id: str) -> Batch:
        """A batch of that owner.

        Raises:
            Refusal: the owner has no such batch.
        """
        return await self._state.run(lambda database: _find_batch(database, owner, id))

    async def list_page(self, owner: str, after: str | None, limit: int) -> Batches:
        """Some of an owner's batches, the newest first.

        Raises:
            Refusal: none of them has the id `after`.
        """

        def select(database: Transaction) -> list[tuple[bytes]]:
            before = _LAST
            if after is not None:
                found = database.execute(
                    "SELECT sequence FROM batches WHERE owner = ? AND id = ?", (owner, after)
                ).fetchone()
                if found is None:
                    raise Refusal(400, f"nothing has the id {after!r}", "invalid_value", param="after")
                (before,) = found
            return database.execute(
                "SELECT record FROM batches WHERE owner = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?",
                (owner, before, limit + 1),
            ).fetchall()

        found = [msgspec.json.decode(row[0], type=Batch) for row in await self._state.run(select)]
        data = found[:limit]
        return Batches(
            data=data,
            has_more=len(found) > limit,
            first_id=data[0].id if data else None,
            last_id=data[-1].id if data else None,
        )

    async def list_active(self) -> list[Batch]:
        """The active batches, the oldest first."""
        rows = await self._state.run(
            lambda database: database.execute(
                "SELECT record FROM batches WHERE active = 1 ORDER BY sequence"
            ).fetchall()
        )
        return [msgspec.json.decode(record, type=Batch) for (record,) in rows]

    async def load(self, id: str) -> Job:
        """A batch as it is now."""
        record, options, owner, base = await self._state.run(
            lambda database: database.execute(
                "SELECT record, asked, owner, base FROM batches WHERE id = ?", (id,)
            ).fetchone()
        )
        return Job(
            msgspec.json.decode(record, type=Batch),
            msgspec.json.decode(options, type=BatchOptions),
            owner,
            base,
        )

    async def update(
        self, id: str, status: BatchStatus, also: Callable[[Transaction], None] | None = None, **fields: Any
    ) -> Batch:
        """Write down a batch's new state. The counts of its lines stay, unless `fields` has them. One that was
        cancelled meanwhile is so until it has ended.

        Args:
            also: what is written in the same transaction.
        """

        def write(database: Transaction) -> Batch:
            self._leases.check(database, id)
            if also is not None:
                also(database)
            cancelled = status not in ENDED and _read_batch(database, id).status == "cancelling"
            return _replace_fields(database, id, {"status": "cancelling" if cancelled else status, **fields})

        return await self._state.run(write)

    async def cancel(self, owner: str, id: str) -> Batch:
        """Note that a batch should begin no more lines; the server that works on it looks now and then.

        Raises:
            Refusal: the owner has no such batch, or it has ended.
        """

        def write(database: Transaction) -> Batch:
            batch = _find_batch(database, owner, id)
            if batch.status in ENDED or batch.status == "finalizing":
                raise Refusal(409, f"batch {id!r} is {batch.status}: it cannot be cancelled", "batch_ended")
            if batch.status == "cancelling":
                return batch
            return _replace_fields(database, id, {"status": "cancelling", "cancelling_at": int(time.time())})

        return await self._state.run(write)

    async def deactivate(self, id: str) -> None:
        """End the work on a batch whose answers are in its output files; of each answer the custom id stays."""
        start: int | None = 0
        while start is not None:
            start = await self._shorten_answers(id, start)

        def end(database: Transaction) -> None:
            self._leases.check(database, id)
            database.execute("UPDATE batches SET active = 0 WHERE id = ?", (id,))

        await self._state.run(end)

    # Answers to lines

    async def list_answered(self, id: str) -> set[int]:
        """Numbers of the lines that have an answer."""
        rows = await self._state.run(
            lambda database: database.execute("SELECT number FROM lines WHERE batch = ?", (id,)).fetchall()
        )
        return {number for (number,) in rows}

    async def add_answer(self, id: str, answer: StoredAnswer, clip: str) -> None:
        """Write down the answer to a line, and count it.

        Args:
            clip: key of the clip that the answer is about; empty where the line failed.
        """

        def write(database: Transaction) -> None:
            self._leases.check(database, id)
            if not database.execute(
                "INSERT INTO lines VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (id, answer.number, int(answer.good), answer.content, clip),
            ).rowcount:
                return  # an earlier try was written down, and its server could not be told so
            counts = _read_batch(database, id).request_counts
            counts = msgspec.structs.replace(
                counts,
                completed=counts.completed + answer.good,
                failed=counts.failed + (not answer.good),
            )
            _replace_fields(database, id, {"request_counts": counts})

        await self._state.run(write)

    async def find_answer(self, id: str, start: int, good: bool | None) -> StoredAnswer | None:
        """The first answer from the line `start` on; `good` None: of either kind."""
        row = await self._state.run(
            lambda database: database.execute(
                "SELECT number, good, answer FROM lines WHERE batch = ? AND number >= ? AND good = COALESCE(?, good)"
                " ORDER BY number LIMIT 1",
                (id, start, None if good is None else int(good)),
            ).fetchone()
        )
        return StoredAnswer(row[0], bool(row[1]), row[2]) if row else None

    async def measure_answers(self, id: str) -> int:
        """Bytes of all answers of a batch."""
        (size,) = await self._state.run(
            lambda database: database.execute(
                "SELECT COALESCE(SUM(LENGTH(answer)), 0) FROM lines WHERE batch = ?", (id,)
            ).fetchone()
        )
        return int(size)

    async def list_clips(self, id: str) -> list[tuple[str, str]]:
        """The custom id and the clip's key of each line that was answered with audio, in order."""
        rows = await self._state.run(
            lambda database: database.execute(
                "SELECT answer, clip FROM lines WHERE batch = ? AND good = 1 ORDER BY number", (id,)
            ).fetchall()
        )
        return [(msgspec.json.decode(answer, type=_ShortAnswer).custom_id, clip) for answer, clip in rows]

    async def _shorten_answers(self, id: str, start: int) -> int | None:
        """Keep the custom ids of some answers from `start` on; the line to go on at, or None at the end."""

        def shorten(database: Transaction) -> int | None:
            end = start
            for _ in range(_SHORTENED_AT_ONCE):
                row = database.execute(
                    "SELECT number, answer FROM lines WHERE batch = ? AND number >= ? ORDER BY number LIMIT 1",
                    (id, end),
                ).fetchone()
                if row is None:
                    return None
                kept = msgspec.json.encode(msgspec.json.decode(row[1], type=_ShortAnswer))
                database.execute(
                    "UPDATE lines SET answer = ? WHERE batch = ? AND number = ?", (kept, id, row[0])
                )
                end = row[0] + 1
            return end

        return await self._state.run(shorten)


def _find_batch(database: Transaction, owner: str, id: str) -> Batch:
    row = database.execute("SELECT record FROM batches WHERE id = ? AND owner = ?", (id, owner)).fetchone()
    if row is None:
        raise Refusal(404, f"no batch {id!r}", "batch_not_found", param="batch_id")
    return msgspec.json.decode(row[0], type=Batch)


def _read_batch(database: Transaction, id: str) -> Batch:
    (record,) = database.execute("SELECT record FROM batches WHERE id = ?", (id,)).fetchone()
    return msgspec.json.decode(record, type=Batch)


def _replace_fields(database: Transaction, id: str, fields: Mapping[str, Any]) -> Batch:
    """Set fields of a batch's record."""
    made = msgspec.structs.replace(_read_batch(database, id), **fields)
    database.execute("UPDATE batches SET record = ? WHERE id = ?", (msgspec.json.encode(made), id))
    return made
