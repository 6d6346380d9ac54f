"""Works on batches in the background, line by line.

What is done is written to the server's database at once, so a server that was killed goes on where it was: lines that
were answered are not asked again, and what was spoken for the others is in the store.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import functools
import hashlib
import os
import secrets
import sqlite3
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from voxpress.errors import InputError, SpeechError, StoreError
from voxpress.server.background import Background
from voxpress.server.batches.addresses import check_public
from voxpress.server.batches.archive import Names
from voxpress.server.batches.file_store import FileStore
from voxpress.server.batches.webhooks import Webhooks
from voxpress.server.database import Database
from voxpress.server.errors import Refusal, refusal
from voxpress.server.http.gateway import SPEECH
from voxpress.server.keys import Key, Limits, Ring
from voxpress.server.requests import speech_request
from voxpress.server.schemas import (
    ENDED,
    Batch,
    BatchError,
    BatchErrors,
    Batches,
    BatchLine,
    BatchRequest,
    BatchStatus,
)
from voxpress.server.settings import Settings
from voxpress.server.speech import Speech, clip_url

_WINDOW_SECONDS = 24 * 3600
_MOST_ERRORS = 100
_LONGEST_MESSAGE = 300
_LONGEST_LINE = 2**20
_LOOK_EVERY = 1.0
"""Seconds between looks whether a batch was cancelled."""
_SHORTENED_AT_ONCE = 20
"""Answers that are shortened in one transaction: each may hold audio, and others wait for the database."""
_MOST_IN_A_LINE = 20_000_000
"""Bytes of audio: while a line is written, nobody else reads the database."""
_WAIT = 60.0
"""Seconds between looks whether a key has something left."""
_AGAIN: Sequence[float] = (1.0, 5.0, 15.0)
"""Before a line that failed in passing is tried again."""


class _Asked(msgspec.Struct, frozen=True):
    """What a batch was asked to be, beside what everyone sees."""

    inline_audio: bool
    webhook_url: str | None
    webhook_secret: str
    expires_after: int | None


class _Named(msgspec.Struct, frozen=True):
    """What is asked of an answer after its batch has ended."""

    custom_id: str


class _Audio(msgspec.Struct, kw_only=True):
    """Body of the answer to a line."""

    digest: str
    sha256: str
    url: str
    format: str
    sample_rate: int
    duration: float
    bytes: int
    cache: str
    engine: str
    voice: str
    mapped: tuple[str, ...]
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    usage: dict[str, int]
    audio: str | msgspec.UnsetType = msgspec.UNSET
    audio_left_out: str | msgspec.UnsetType = msgspec.UNSET
    """Why there is no `audio` although it was asked for."""


class Lines:
    """The lines of a batch's input, read from its file when they are needed: all of them would fill the memory.

    Args:
        path: of the file, which is open only while it is read: many batches may be at work.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts = array("Q")

    def __len__(self) -> int:
        return len(self._starts)

    def read(self, number: int) -> BatchLine:
        """The line at a position, from 0."""
        with self._path.open("rb") as file:
            file.seek(self._starts[number])
            content = file.readline(_LONGEST_LINE + 1)
        return msgspec.json.decode(content, type=BatchLine)

    def check(self, endpoint: str, most: int) -> list[BatchError]:
        """Find where the lines are, and what is wrong with them.

        Raises:
            FileNotFoundError: there is no such file.
        """
        with self._path.open("rb") as file:
            return self._check(file, endpoint, most)

    def _check(self, file: BinaryIO, endpoint: str, most: int) -> list[BatchError]:
        errors: list[BatchError] = []
        seen: set[bytes] = set()

        def wrong(code: str, message: str, line: int | None = None, param: str | None = None) -> None:
            # A message may repeat what the line holds, and is kept for good.
            message = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
            errors.append(BatchError(code=code, message=message, line=line, param=param))

        if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            file.seek(0)
        number = 0
        while len(errors) < _MOST_ERRORS:
            start, number = file.tell(), number + 1
            content = file.readline(_LONGEST_LINE + 1)
            if not content:
                break
            if not content.strip():
                continue
            if len(content) > _LONGEST_LINE:
                wrong("line_too_long", f"a line may have {_LONGEST_LINE:,} bytes", number)
                break
            if len(self) == most:
                wrong("too_many_lines", f"a batch may have {most:,} lines", number)
                break
            try:
                line = msgspec.json.decode(content, type=BatchLine)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                wrong("invalid_json_line", str(error), number)
                continue
            if line.url != endpoint:
                wrong("mismatched_url", f"url must be {endpoint!r}, not {line.url!r}", number, "url")
            name = hashlib.sha256(line.custom_id.encode()).digest()
            if name in seen:
                wrong(
                    "duplicate_custom_id",
                    f"custom_id {line.custom_id!r} was there before",
                    number,
                    "custom_id",
                )
            seen.add(name)
            self._starts.append(start)
        if not self._starts and not errors:
            wrong("empty_file", "the file has no lines")
        return errors


class BatchRunner:
    """Works on batches, one after the other for each that is active, beside everyone else's requests."""

    def __init__(
        self,
        settings: Settings,
        state: Database,
        speech: Speech,
        files: FileStore,
        ring: Ring,
        limits: Limits,
        webhooks: Webhooks,
        background: Background,
    ) -> None:
        self._settings, self._state, self._speech, self._files = settings, state, speech, files
        self._ring, self._limits, self._webhooks = ring, limits, webhooks
        self._background = background
        self._inline = asyncio.Lock()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()

    # What there is

    async def add(self, key: Key, data: BatchRequest, base: str) -> Batch:
        """Take in a batch, and begin.

        Raises:
            Refusal: it cannot be one.
        """
        if data.endpoint != SPEECH:
            raise Refusal(
                400, f"endpoint must be {SPEECH!r}, not {data.endpoint!r}", "invalid_value", param="endpoint"
            )
        if data.completion_window != "24h":
            raise Refusal(400, "completion_window must be '24h'", "invalid_value", param="completion_window")
        secret = ""
        if data.webhook_url is not None:
            if not self._settings.allow_webhook_urls:
                raise Refusal(
                    403,
                    "this server takes no webhook_url: its operator can allow them",
                    "not_allowed",
                    param="webhook_url",
                )
            try:
                check_public(data.webhook_url)
            except InputError as error:
                raise refusal(error, "webhook_url") from error
            hooks = self._settings.webhooks
            if not hooks:
                raise Refusal(
                    403,
                    "this server has no secret to sign with: [[server.webhooks]]",
                    "not_allowed",
                    param="webhook_url",
                )
            secret = hooks[0].secret
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
        asked = _Asked(
            data.inline_audio,
            data.webhook_url,
            secret,
            data.output_expires_after.seconds if data.output_expires_after else None,
        )

        await asyncio.to_thread(self._keep, file.id, batch.id)
        most = self._settings.max_batches

        def insert(database: sqlite3.Connection) -> None:
            (active,) = database.execute(
                "SELECT COUNT(*) FROM batches WHERE owner = ? AND active = 1", (key.name,)
            ).fetchone()
            if active >= most:
                raise Refusal(
                    429,
                    f"this key has {active:,} batches at work, and may have {most:,}: wait for one to end",
                    "too_many_batches",
                    type="rate_limit_error",
                    headers={"retry-after": "60"},
                )
            (sequence,) = database.execute("SELECT COALESCE(MAX(sequence), 0) + 1 FROM batches").fetchone()
            database.execute(
                "INSERT INTO batches VALUES (?, ?, ?, ?, 1, ?, ?)",
                (batch.id, key.name, msgspec.json.encode(batch), msgspec.json.encode(asked), base, sequence),
            )

        try:
            await self._state.run(insert)
        except BaseException:
            self._state.file(batch.id).unlink(missing_ok=True)
            raise
        self._begin(batch.id)
        return batch

    async def find(self, owner: str, id: str) -> Batch:
        """A batch of that owner.

        Raises:
            Refusal: there is none.
        """
        row = await self._state.run(
            lambda database: database.execute(
                "SELECT record FROM batches WHERE id = ? AND owner = ?", (id, owner)
            ).fetchone()
        )
        if row is None:
            raise Refusal(404, f"no batch {id!r}", "batch_not_found", param="batch_id")
        return msgspec.json.decode(row[0], type=Batch)

    async def page(self, owner: str, after: str | None, limit: int) -> Batches:
        """Some of an owner's batches, the newest first.

        Raises:
            Refusal: none of them has the id `after`.
        """

        def rows(database: sqlite3.Connection) -> list[tuple[bytes]]:
            before = None
            if after is not None:
                found = database.execute(
                    "SELECT sequence FROM batches WHERE owner = ? AND id = ?", (owner, after)
                ).fetchone()
                if found is None:
                    raise Refusal(400, f"nothing has the id {after!r}", "invalid_value", param="after")
                (before,) = found
            return database.execute(
                "SELECT record FROM batches WHERE owner = ? AND (? IS NULL OR sequence < ?)"
                " ORDER BY sequence DESC LIMIT ?",
                (owner, before, before, limit + 1),
            ).fetchall()

        found = [msgspec.json.decode(row[0], type=Batch) for row in await self._state.run(rows)]
        data = found[:limit]
        return Batches(
            data=data,
            has_more=len(found) > limit,
            first_id=data[0].id if data else None,
            last_id=data[-1].id if data else None,
        )

    async def cancel(self, owner: str, id: str) -> Batch:
        """Begin no more lines of it. What is done stays.

        Raises:
            Refusal: there is none, or it has ended.
        """
        batch = await self.find(owner, id)
        if batch.status in ENDED or batch.status == "finalizing":
            raise Refusal(409, f"batch {id!r} is {batch.status}: it cannot be cancelled", "batch_ended")
        if batch.status != "cancelling":
            batch = await self._note(batch, "cancelling", cancelling_at=int(time.time()))
        self._cancelled.add(id)
        self._begin(id)
        return batch

    async def clips(self, id: str) -> list[tuple[str, str]]:
        """The custom id and the clip of each line that was answered with audio, in order."""
        rows = await self._state.run(
            lambda database: database.execute(
                "SELECT answer, clip FROM lines WHERE batch = ? AND good = 1 ORDER BY number", (id,)
            ).fetchall()
        )
        return [(msgspec.json.decode(answer, type=_Named).custom_id, clip) for answer, clip in rows]

    # Working

    async def resume(self) -> None:
        """Go on with what an earlier process began."""
        rows = await self._state.run(
            lambda database: database.execute(
                "SELECT id FROM batches WHERE active = 1 ORDER BY sequence"
            ).fetchall()
        )
        for (id,) in rows:
            self._begin(id)

    async def stop(self) -> None:
        """Leave everything as it is; `resume` goes on."""
        tasks = list(self._working.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, id: str) -> None:
        if id in self._working:
            return
        task = self._working[id] = self._background.start("batches are worked on", lambda: self._work(id), id)
        task.add_done_callback(lambda _: self._ended(id))

    def _ended(self, id: str) -> None:
        self._working.pop(id, None)
        self._cancelled.discard(id)

    async def _work(self, id: str) -> None:
        row = await self._state.run(
            lambda database: database.execute(
                "SELECT record, asked, owner, base FROM batches WHERE id = ?", (id,)
            ).fetchone()
        )
        record, asked_bytes, owner, base = row
        batch, asked = msgspec.json.decode(record, type=Batch), msgspec.json.decode(asked_bytes, type=_Asked)
        if batch.status == "cancelling":
            self._cancelled.add(id)
        if batch.status not in ENDED:
            batch = await self._to_the_end(batch, asked, owner, base)
        await self._webhooks.announce(batch, asked.webhook_url, asked.webhook_secret)
        await self._close(id)

    async def _to_the_end(self, batch: Batch, asked: _Asked, owner: str, base: str) -> Batch:
        lines = await asyncio.to_thread(self._read, batch)
        if isinstance(lines, BatchErrors):
            return await self._note(batch, "failed", failed_at=int(time.time()), errors=lines)
        counts = msgspec.structs.replace(batch.request_counts, total=len(lines))
        if batch.status == "validating":
            now = int(time.time())
            batch = await self._note(batch, "in_progress", in_progress_at=now, request_counts=counts)
        await self._answer(batch, asked, owner, base, lines)
        return await self._finish(batch, asked, owner, base, lines)

    async def _close(self, id: str) -> None:
        """Nothing is left to do for it. Its files have the answers now; `clips` needs the names of the lines."""
        start = 0
        while (following := await self._state.run(functools.partial(_shorten, id, start))) is not None:
            start = following
        await self._state.run(
            lambda database: database.execute("UPDATE batches SET active = 0 WHERE id = ?", (id,))
        )
        await asyncio.to_thread(self._state.file(id).unlink, missing_ok=True)

    def _keep(self, file: str, batch: str) -> None:
        """Give the input a name of the batch's own, under which it stays until the batch has ended.

        Raises:
            Refusal: the file was deleted a moment ago.
        """
        try:
            os.link(self._state.file(file), self._state.file(batch))
        except FileNotFoundError:
            raise Refusal(404, f"no such file: {file!r}", "file_not_found", param="input_file_id") from None
        except OSError as error:
            raise StoreError(f"cannot keep the input of a batch: {error.strerror}") from error

    def _read(self, batch: Batch) -> Lines | BatchErrors:
        """All lines of the input, or what is wrong with it."""
        own = self._state.file(batch.id)
        lines = Lines(own if own.exists() else self._state.file(batch.input_file_id))
        try:
            errors = lines.check(batch.endpoint, self._settings.max_lines)
        except FileNotFoundError:
            gone = BatchError(
                code="file_not_found", message=f"file {batch.input_file_id!r} is gone", line=None, param=None
            )
            return BatchErrors(data=[gone])
        return BatchErrors(data=errors) if errors else lines

    async def _answer(self, batch: Batch, asked: _Asked, owner: str, base: str, lines: Lines) -> None:
        """Answer those lines that are not yet answered, so many at a time, until the batch expires or is cancelled."""
        done = await self._state.run(
            lambda database: {
                number
                for (number,) in database.execute("SELECT number FROM lines WHERE batch = ?", (batch.id,))
            }
        )
        todo = (number for number in range(len(lines)) if number not in done)
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(running) < self._settings.batch_window and self._goes_on(batch, owner):
                    number = next(todo, None)
                    if number is None:
                        break
                    answer = self._line(batch, asked, owner, base, number, lines)
                    running.add(asyncio.ensure_future(answer))
                if not running:
                    return
                finished, running = await asyncio.wait(
                    running, timeout=_LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED
                )
                for task in finished:
                    task.result()
                if not self._goes_on(batch, owner):
                    return
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _goes_on(self, batch: Batch, owner: str) -> bool:
        if self._ring.named(owner) is None:
            self._cancelled.add(batch.id)
        return batch.id not in self._cancelled and time.time() < (batch.expires_at or 0)

    async def _line(
        self, batch: Batch, asked: _Asked, owner: str, base: str, number: int, lines: Lines
    ) -> None:
        """Answer one line, and write it down.

        Raises:
            StoreError: the disk is full, say: the line can be answered when it is not.
        """
        line = await asyncio.to_thread(lines.read, number)
        request_id = f"req_{secrets.token_hex(12)}"
        body: Any
        clip = ""
        try:
            made = await self._spoken(owner, base, line)
            status, body, clip = 200, made, made.digest
        except Refusal as error:
            status, body = error.status, error.facts()
        except StoreError:
            raise
        except SpeechError as error:
            told = refusal(error)
            status, body = told.status, told.facts()
        answer = {
            "id": f"batch_req_{secrets.token_hex(12)}",
            "custom_id": line.custom_id,
            "response": {"status_code": status, "request_id": request_id, "body": body},
            "error": None,
        }
        if asked.inline_audio and clip:
            # One line at a time: a clip, its Base64 and the line are in memory, and all lines count against one bound.
            async with self._inline:
                body.audio, body.audio_left_out = await self._audio(batch.id, clip)
                await self._write(batch.id, number, answer, clip)
        else:
            await self._write(batch.id, number, answer, clip)

    async def _audio(self, batch: str, key: str) -> tuple[str | msgspec.UnsetType, str | msgspec.UnsetType]:
        """The audio of a line in Base64, or why it is left out; `url` has it all the same."""
        most = self._settings.max_inline_audio
        content = await asyncio.to_thread(self._speech.content, key)
        if content is None:
            return msgspec.UNSET, "it was removed from the store"
        (held,) = await self._state.run(
            lambda database: database.execute(
                "SELECT COALESCE(SUM(LENGTH(answer)), 0) FROM lines WHERE batch = ?", (batch,)
            ).fetchone()
        )
        if content.clip.size > _MOST_IN_A_LINE:
            return (
                msgspec.UNSET,
                f"a line holds {_MOST_IN_A_LINE:,} bytes of audio at most; fetch it from its url",
            )
        if held + 4 * content.clip.size // 3 > most:
            return msgspec.UNSET, f"a batch holds {most:,} bytes of audio at most; fetch it from its url"
        data = await content.whole()
        return await asyncio.to_thread(lambda: base64.b64encode(data).decode()), msgspec.UNSET

    async def _write(self, batch: str, number: int, facts: dict[str, Any], clip: str) -> None:
        """Write down the answer to a line."""
        good = bool(clip)
        # Megabytes where the audio is in it: others are answered meanwhile.
        answer = await asyncio.to_thread(msgspec.json.encode, facts)
        row = (batch, number, good, answer, clip)

        def write(database: sqlite3.Connection) -> None:
            database.execute("INSERT OR IGNORE INTO lines VALUES (?, ?, ?, ?, ?)", row)
            (record,) = database.execute("SELECT record FROM batches WHERE id = ?", (batch,)).fetchone()
            current = msgspec.json.decode(record, type=Batch)
            counts = current.request_counts
            counts = msgspec.structs.replace(
                counts, completed=counts.completed + good, failed=counts.failed + (not good)
            )
            current = msgspec.structs.replace(current, request_counts=counts)
            database.execute(
                "UPDATE batches SET record = ? WHERE id = ?", (msgspec.json.encode(current), batch)
            )

        await self._state.run(write)

    async def _spoken(self, owner: str, base: str, line: BatchLine) -> _Audio:
        data, ignored = speech_request(line.body, self._settings.unknown_fields)
        speech = self._speech
        request = await speech.plan(data, ignored)
        key = await self._allowed(owner, request.characters)
        known = await speech.stored(request)
        hit = known is not None
        for pause in (*_AGAIN, None):
            if known is not None:
                break
            flight = speech.join(request, background=True)
            try:
                known = await speech.whole(flight)
            except SpeechError as error:
                if pause is None or refusal(error).headers.get("x-should-retry") != "true":
                    raise
                await asyncio.sleep(pause)
            finally:
                speech.leave(flight)
        assert known is not None
        clip = known.clip
        self._limits.note(key, request.characters, hit=hit)
        return _Audio(
            digest=clip.key,
            sha256=clip.sha256,
            url=clip_url(base, clip),
            format=clip.format,
            sample_rate=clip.sample_rate,
            duration=clip.duration,
            bytes=clip.size,
            cache="hit" if hit else "miss",
            engine=request.plan.engine.name,
            voice=request.plan.voice,
            mapped=request.mapped,
            ignored=request.ignored,
            notes=request.notes,
            usage={"characters": request.characters, "billed": 0 if hit else request.characters},
        )

    async def _allowed(self, owner: str, characters: int) -> Key:
        """The key that is charged, once its day has room for so many characters: a batch can wait for tomorrow.

        Raises:
            Refusal: no day has.
        """
        while True:
            key = self._ring.named(owner) or Key(name=owner)
            try:
                self._limits.day(key, characters)
            except Refusal as error:
                if "retry-after" not in error.headers:
                    raise
                await asyncio.sleep(min(_WAIT, float(error.headers["retry-after"])))
            else:
                return key

    async def _finish(self, batch: Batch, asked: _Asked, owner: str, base: str, lines: Lines) -> Batch:
        """Write the output and error files of what was answered; lines that were not are in the error file."""
        batch = await self._current(batch.id)
        cancelled = batch.id in self._cancelled
        left = len(lines) - batch.request_counts.completed - batch.request_counts.failed
        status: BatchStatus = "cancelled" if cancelled else "expired" if left else "completed"
        if status == "completed" and batch.status != "finalizing":
            batch = await self._note(batch, "finalizing", finalizing_at=int(time.time()))
        code = "batch_cancelled" if cancelled else "batch_expired"
        expires = int(time.time()) + asked.expires_after if asked.expires_after else None
        written: dict[str, str | None] = {"output_file_id": None, "error_file_id": None}
        for field, name, good in (("output_file_id", "output", True), ("error_file_id", "error", False)):
            place = self._files.scratch()
            try:
                missing = lines if left and not good else None
                if await self._gathered(batch.id, good, place, missing, code):
                    file = await self._files.add(
                        owner, f"{batch.id}_{name}.jsonl", "batch_output", place, expires
                    )
                    written[field] = file.id
            finally:
                place.unlink(missing_ok=True)
        at: dict[str, Any] = {f"{status}_at": int(time.time())}
        spoken = written["output_file_id"] is not None
        audio = f"{base.rstrip('/')}/v1/batches/{batch.id}/audio" if spoken else None
        return await self._note(batch, status, audio_url=audio, **written, **at)

    async def _gathered(self, batch: str, good: bool, place: Path, missing: Lines | None, code: str) -> int:
        """Write the answers of one kind into a file, one at a time; how many there are.

        Args:
            missing: lines of the input, where those that were not answered belong into the file too.
        """
        count = number = 0
        names = Names()
        with place.open("wb") as file:
            while True:
                row = await self._state.run(
                    functools.partial(_following, batch, number, good, missing is not None)
                )
                end = row[0] if row else len(missing) if missing else number
                for unanswered in range(number, end) if missing else ():
                    line = await asyncio.to_thread(missing.read, unanswered) if missing else None
                    assert line is not None
                    await asyncio.to_thread(file.write, _unanswered(line, code) + b"\n")
                    count += 1
                if row is None:
                    return count
                number = row[0] + 1
                if bool(row[1]) == good:
                    answer = await asyncio.to_thread(_named, row[2], names) if good else row[2]
                    await asyncio.to_thread(file.write, answer + b"\n")
                    count += 1

    async def _current(self, id: str) -> Batch:
        (record,) = await self._state.run(
            lambda database: database.execute("SELECT record FROM batches WHERE id = ?", (id,)).fetchone()
        )
        return msgspec.json.decode(record, type=Batch)

    async def _note(self, batch: Batch, status: BatchStatus, **fields: Any) -> Batch:
        """Write down a batch's new state; what its lines have added to it meanwhile stays."""

        def write(database: sqlite3.Connection) -> Batch:
            (record,) = database.execute("SELECT record FROM batches WHERE id = ?", (batch.id,)).fetchone()
            current = msgspec.json.decode(record, type=Batch)
            made = msgspec.structs.replace(current, status=status, **fields)
            database.execute(
                "UPDATE batches SET record = ? WHERE id = ?", (msgspec.json.encode(made), batch.id)
            )
            return made

        return await self._state.run(write)


def _shorten(batch: str, start: int, database: sqlite3.Connection) -> int | None:
    """Keep of some answers from `start` on what `BatchRunner.clips` needs; where the others begin, or None."""
    end = start
    for _ in range(_SHORTENED_AT_ONCE):
        row = database.execute(
            "SELECT number, answer FROM lines WHERE batch = ? AND number >= ? ORDER BY number LIMIT 1",
            (batch, end),
        ).fetchone()
        if row is None:
            return None
        kept = msgspec.json.encode(msgspec.json.decode(row[1], type=_Named))
        database.execute("UPDATE lines SET answer = ? WHERE batch = ? AND number = ?", (kept, batch, row[0]))
        end = row[0] + 1
    return end


def _named(answer: bytes, names: Names) -> bytes:
    """The answer to a line, with the name that its clip has in the zip file."""
    facts = msgspec.json.decode(answer)
    body = facts["response"]["body"]
    body["file"] = names.name(facts["custom_id"], body["digest"], body["format"])
    return msgspec.json.encode(facts)


def _unanswered(line: BatchLine, code: str) -> bytes:
    return msgspec.json.encode(
        {
            "id": f"batch_req_{secrets.token_hex(12)}",
            "custom_id": line.custom_id,
            "response": None,
            "error": {"code": code, "message": "the batch ended before this line was answered"},
        }
    )


def _following(
    batch: str, number: int, good: bool, every: bool, database: sqlite3.Connection
) -> tuple[int, int, bytes] | None:
    """The next answer of a batch from a line on; `every`: also one of the other kind."""
    found: tuple[int, int, bytes] | None = database.execute(
        "SELECT number, good, answer FROM lines WHERE batch = ? AND number >= ? AND (good = ? OR ?)"
        " ORDER BY number LIMIT 1",
        (batch, number, good, every),
    ).fetchone()
    return found
