"""Answers the lines of a batch: several at a time, each spoken in the background and written down at once."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from voxpress.errors import SpeechError, StoreError
from voxpress.server.batches.input_lines import InputLines
from voxpress.server.batches.records import BatchRecords, Job, StoredAnswer
from voxpress.server.errors import Refusal, refusal
from voxpress.server.http.paths import clip_url, sidecar_path
from voxpress.server.keys import Key, Ring
from voxpress.server.limits import Limits
from voxpress.server.requests import parse_speech_request
from voxpress.server.schemas import BatchLine
from voxpress.server.settings import Settings
from voxpress.server.speech.service import Speech

_LOOK_EVERY = 1.0
"""Seconds between looks whether a batch was cancelled."""
_MOST_AUDIO_IN_A_LINE = 20_000_000
"""Bytes: while an answer is written, the database is locked for all others."""
_LONGEST_SLEEP = 60.0
"""Seconds between looks whether a key has characters left today."""
_RETRY_PAUSES: Sequence[float] = (1.0, 5.0, 15.0)
"""Seconds before each retry of a line whose error may not come again."""


class _LineBody(msgspec.Struct, kw_only=True):
    """Body of the answer to a line that was spoken."""

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
    marks: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """Addresses of the files with marks, by their formats."""
    audio: str | msgspec.UnsetType = msgspec.UNSET
    audio_left_out: str | msgspec.UnsetType = msgspec.UNSET
    """Why there is no `audio` although the client asked for it."""


class LineWorker:
    """Answers lines of batches."""

    def __init__(
        self, settings: Settings, speech: Speech, records: BatchRecords, ring: Ring, limits: Limits
    ) -> None:
        self._settings, self._speech, self._records = settings, speech, records
        self._ring, self._limits = ring, limits
        self._inline_lock = asyncio.Lock()

    async def answer_lines(self, job: Job, lines: InputLines, goes_on: Callable[[], bool]) -> None:
        """Answer the lines that have no answer yet, until `goes_on` says no.

        Raises:
            StoreError: an answer cannot be written down, say because the disk is full; a later call goes on.
        """
        done = await self._records.list_answered(job.batch.id)
        todo = (number for number in range(len(lines)) if number not in done)
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(running) < self._settings.batch_window and goes_on():
                    number = next(todo, None)
                    if number is None:
                        break
                    running.add(asyncio.ensure_future(self._answer_line(job, number, lines)))
                if not running:
                    return
                finished, running = await asyncio.wait(
                    running, timeout=_LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED
                )
                for task in finished:
                    task.result()
                if not goes_on():
                    return
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _answer_line(self, job: Job, number: int, lines: InputLines) -> None:
        line = await asyncio.to_thread(lines.read, number)
        request_id = f"req_{secrets.token_hex(12)}"
        body: Any
        clip = ""
        try:
            body = await self._speak_line(job, line)
            status, clip = 200, body.digest
        except Refusal as error:
            status, body = error.status, error.facts()
        except StoreError:
            raise
        except SpeechError as error:
            refused = refusal(error)
            status, body = refused.status, refused.facts()
        answer = {
            "id": f"batch_req_{secrets.token_hex(12)}",
            "custom_id": line.custom_id,
            "response": {"status_code": status, "request_id": request_id, "body": body},
            "error": None,
        }
        if job.options.inline_audio and clip:
            # One line at a time: a clip, its Base64 and the line are in memory, and all lines count against one bound.
            async with self._inline_lock:
                await self._add_audio(job.batch.id, body)
                await self._write_answer(job.batch.id, number, answer, clip)
        else:
            await self._write_answer(job.batch.id, number, answer, clip)

    async def _write_answer(self, batch: str, number: int, answer: dict[str, Any], clip: str) -> None:
        # With audio in it an answer has megabytes, and the event loop must not wait.
        content = await asyncio.to_thread(msgspec.json.encode, answer)
        await self._records.add_answer(batch, StoredAnswer(number, bool(clip), content), clip)

    async def _add_audio(self, batch: str, body: _LineBody) -> None:
        """Put the audio of a line into its answer in Base64, or say there why it is left out."""
        most = self._settings.max_inline_audio
        content = await asyncio.to_thread(self._speech.open_clip, body.digest)
        if content is None:
            body.audio_left_out = "it was removed from the store"
            return
        size = content.clip.size
        if size > _MOST_AUDIO_IN_A_LINE:
            body.audio_left_out = (
                f"a line holds {_MOST_AUDIO_IN_A_LINE:,} bytes of audio at most; fetch it from its url"
            )
        elif await self._records.measure_answers(batch) + 4 * size // 3 > most:
            body.audio_left_out = f"a batch holds {most:,} bytes of audio at most; fetch it from its url"
        else:
            data = await content.read_all()
            body.audio = await asyncio.to_thread(lambda: base64.b64encode(data).decode())

    async def _speak_line(self, job: Job, line: BatchLine) -> _LineBody:
        """Have a line spoken unless the store has its clip, and charge the batch's key.

        Raises:
            Refusal: the line cannot be a request, or its text is longer than the key's day.
            SpeechError: it cannot be spoken.
        """
        data, ignored = parse_speech_request(line.body, self._settings.unknown_fields)
        if data.stream_format == "sse":  # a batch has no events
            data, ignored = msgspec.structs.replace(data, stream_format="audio"), ("stream_format", *ignored)
        speech = self._speech
        plan = await speech.plan(data, ignored)
        key = await self._wait_for_allowance(job.owner, plan.characters)
        content = await speech.find_clip(plan)
        hit = content is not None
        for pause in (*_RETRY_PAUSES, None):
            if content is not None:
                break
            flight = speech.join(plan, background=True)
            try:
                content = await speech.wait_for_clip(flight)
            except SpeechError as error:
                if pause is None or refusal(error).headers.get("x-should-retry") != "true":
                    raise
                await asyncio.sleep(pause)
            finally:
                speech.leave(flight)
        assert content is not None
        clip = content.clip
        await speech.keep_marks(plan, clip)
        base = job.base.rstrip("/")
        self._limits.record(key, plan.characters, hit=hit)
        return _LineBody(
            digest=clip.key,
            sha256=clip.sha256,
            url=clip_url(job.base, clip),
            format=clip.format,
            sample_rate=clip.sample_rate,
            duration=clip.duration,
            bytes=clip.size,
            cache="hit" if hit else "miss",
            engine=plan.engine,
            voice=plan.voice,
            mapped=plan.mapped,
            ignored=plan.ignored,
            notes=plan.notes,
            marks={each.format: base + sidecar_path(each.key, each.format) for each in plan.sidecars}
            or msgspec.UNSET,
            usage={"characters": plan.characters, "billed": 0 if hit else plan.characters},
        )

    async def _wait_for_allowance(self, owner: str, characters: int) -> Key:
        """The key to charge, once it has so many characters left today: a batch can wait for tomorrow.

        Raises:
            Refusal: the key has never so many characters in a day.
        """
        while True:
            key = self._ring.find_name(owner) or Key(name=owner)
            try:
                await self._limits.charge_day(key, characters)
            except Refusal as error:
                if "retry-after" not in error.headers:
                    raise
                await asyncio.sleep(min(_LONGEST_SLEEP, float(error.headers["retry-after"])))
            else:
                return key
