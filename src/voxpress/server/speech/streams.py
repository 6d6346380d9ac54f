"""Speech that is sent while it is spoken: the file in pieces, or in server-sent events."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator

import msgspec

from voxpress.audio import codec
from voxpress.audio.codec import Encoder
from voxpress.audio.waveform import Audio, join, silence
from voxpress.errors import SpeechError
from voxpress.marks import locate
from voxpress.rendering import finishing
from voxpress.rendering.plan import PlacedChime, Played, Within
from voxpress.server.dispatcher import Flight
from voxpress.server.errors import refusal
from voxpress.server.http.content import Content
from voxpress.server.schemas import SpeechDelta, SpeechDone, SpeechRequest, Usage
from voxpress.server.settings import Settings
from voxpress.server.speech.planner import SpeechPlan
from voxpress.server.speech.service import Speech
from voxpress.speech import Clip
from voxpress.store import Store
from voxpress.text import Bookmark

_PIECE_SIZE = 32768
"""Bytes of a whole file in one event."""


class SpeechStreams:
    """Streams speech.

    Args:
        store: where the takes of a flight appear one by one.
    """

    def __init__(self, settings: Settings, store: Store, speech: Speech) -> None:
        self._settings, self._store, self._speech = settings, store, speech

    def can_stream(self, plan: SpeechPlan) -> bool:
        """Whether a clip that is not in the store is sent while it is spoken."""
        return (
            0 < self._settings.stream_from <= len(plan.plan.takes)
            and plan.output.format in codec.STREAMED
            and is_known_by_parts(plan)
        )

    async def stream_file(self, plan: SpeechPlan, flight: Flight) -> AsyncIterator[bytes]:
        """The file's bytes, as its takes appear.

        Raises:
            SpeechError: a segment cannot be spoken.
        """
        encoder: Encoder | None = None
        async for heard in self.stream_sound(plan, flight):
            encoder = encoder or Encoder(plan.output, heard.sample_rate)
            if data := await asyncio.to_thread(encoder.add, heard.samples):
                yield data
        assert encoder is not None
        # A worker finishes the clip meanwhile, and can find that the whole is not allowed.
        content = await self._speech.wait_for_clip(flight)
        await self._speech.keep_marks(plan, content.clip)
        yield await asyncio.to_thread(encoder.end)

    async def stream_sound(self, plan: SpeechPlan, flight: Flight) -> AsyncIterator[Audio]:
        """What the file of a plan says, part by part, as its takes appear; see `is_known_by_parts`.

        Raises:
            SpeechError: a segment cannot be spoken.
        """
        output, parts = plan.output, plan.plan.recipe.parts
        native = (await self._wait_for_take(plan.plan.recipe.spoken[0], flight)).sample_rate
        for number, part in enumerate(part for part in parts if not isinstance(part, Bookmark | Within)):
            key = part.take if isinstance(part, Played) else part
            takes = {key: await self._wait_for_take(key, flight)} if isinstance(key, str) else {}
            sound = await asyncio.to_thread(finishing.sound, part, takes, output, native)
            if not number and output.lead:
                sound = join([silence(output.lead, native), sound])
            yield await asyncio.to_thread(finishing.mastered, sound, output)
        if output.tail:
            yield finishing.mastered(silence(output.tail, native), output)

    async def stream_events(
        self, plan: SpeechPlan, data: SpeechRequest, content: Content | None, flight: Flight | None
    ) -> AsyncIterator[bytes]:
        """Server-sent events: the file in parts, then that it is whole.

        Args:
            content: the clip, where the store has it; else `flight` speaks it.

        Raises:
            SpeechError: it could not be spoken; after a first event, another one says so too.
        """
        clip: Clip | None = None
        begun = False
        try:
            if content is None:
                assert flight is not None
                if self.can_stream(plan):
                    async for piece in self.stream_file(plan, flight):
                        if piece:
                            begun = True
                            yield _encode_event(_make_delta(piece))
                    clip = flight.done.result().clips[0]
                else:
                    content = await self._speech.wait_for_clip(flight)
        except SpeechError as error:
            if begun:
                yield _encode_event(refusal(error).facts())
            raise
        if content is not None:
            clip = content.clip
            async for piece in content.parts(size=_PIECE_SIZE):
                yield _encode_event(_make_delta(piece))
        assert clip is not None
        located = locate(clip.marks, plan.plan.recipe.script)
        words = tuple(mark for mark in located if mark.kind == "word")
        said = await self._speech.keep_marks(plan, clip)
        yield _encode_event(
            SpeechDone(
                usage=count_tokens(plan.characters, clip.duration),
                clip=clip.key,
                timestamps=words if data.timestamps else msgspec.UNSET,
                marks=said or msgspec.UNSET,
            )
        )

    async def _wait_for_take(self, key: str, flight: Flight) -> Audio:
        while True:
            news = asyncio.ensure_future(flight.wait_for_news())
            try:
                # Before the store is asked: what is done while it answers was not there when it looked.
                done = flight.done.done()
                if done and (error := flight.done.result().exception):
                    raise error
                if take := await asyncio.to_thread(self._store.take, key):
                    return take
                if done:
                    raise SpeechError(
                        f"take {key} was removed from the store while it was being read; try again"
                    )
                await news
            finally:
                news.cancel()


def is_known_by_parts(plan: SpeechPlan) -> bool:
    """Whether each part of a plan sounds as in the whole, so that it can be heard before the whole is there."""
    output = plan.output
    # Voices may differ in their sample rate, and the clip has the highest: all takes have to be there to know it.
    voices = {(take.engine, take.segment.voice) for take in plan.plan.takes.values()}
    return (
        len(voices) == 1
        and output.loudness is None
        and output.level is None
        and output.max_duration is None
        and output.max_bytes is None
        # A chime is as loud as the whole speech makes it.
        and not any(isinstance(part, PlacedChime) for part in plan.plan.recipe.parts)
    )


def count_tokens(characters: int, duration: float) -> Usage:
    """Tokens as OpenAI's models would have about as many.

    >>> count_tokens(56, 5.05).total_tokens
    115
    """
    given, made = -(-characters // 4), round(20 * duration)
    return Usage(input_tokens=given, output_tokens=made, total_tokens=given + made)


def _make_delta(piece: bytes) -> SpeechDelta:
    return SpeechDelta(audio=base64.b64encode(piece).decode())


def _encode_event(data: msgspec.Struct) -> bytes:
    return b"data: " + msgspec.json.encode(data) + b"\n\n"
