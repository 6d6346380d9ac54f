"""One connection: its events are read while its texts are spoken, in turn."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.tts import SynthesizeStopped

from voxpress.audio.codec import Encoder
from voxpress.server.context import Server
from voxpress.server.errors import Refusal, to_refusal
from voxpress.server.http.content import Content
from voxpress.server.keys import ANYONE
from voxpress.server.logs import Visit
from voxpress.server.schemas import SpeechRequest
from voxpress.server.speech.planner import SpeechPlan
from voxpress.server.speech.streams import is_known_by_parts
from voxpress.server.speech.voice_book import Chosen, VoiceBook
from voxpress.server.wyoming.events import EventReader, Received, encode_event
from voxpress.server.wyoming.info import describe
from voxpress.server.wyoming.requests import ChunkFields, SpeechWish, SynthesizeFields, read_fields
from voxpress.speech import Hertz, Output, Seconds

T = TypeVar("T")

_MOST_WAITING = 64
"""Requests of a connection that may wait for their turn; then nothing more is read."""
_SAMPLES = 2048
"""Of one event with audio."""
_HEADER = 44
"""Bytes of a WAV file before its samples."""
_LINGER: Seconds = 2.0
_MOST_IGNORED = 2**22
"""Bytes that are read and dropped after an error: a connection that is closed with unread bytes is reset, and the
client may never see why."""

_series, _count = secrets.token_hex(8), itertools.count()


class Session:
    """A client's connection, until it ends or does what is not allowed."""

    def __init__(
        self,
        here: Server,
        book: VoiceBook,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        settings = here.settings
        self._here, self._book, self._writer = here, book, writer
        self._patience = settings.body_timeout
        most = 8 * settings.max_characters + 65536
        self._events = EventReader(reader, most=most, idle=settings.deadline, patience=self._patience)
        self._waiting: asyncio.Queue[SpeechWish | None] = asyncio.Queue(_MOST_WAITING)
        self._streamed: SpeechWish | None = None
        self.busy = False
        """Whether something is being spoken or sent."""
        self._refused: Refusal | None = None
        self._told = False
        """Whether the log says why the connection is refused."""
        self._visit = _make_visit("connection")
        """What the log has of the last event, if no request says so."""

    async def turn_away(self, refused: Refusal) -> None:
        """Refuse the connection as a whole."""
        self._log(self._visit, refused)
        try:
            await self._refuse(refused)
        finally:
            self._writer.close()

    async def run(self) -> None:
        """Serve the client. What goes wrong ends this connection, and no other."""
        tasks = [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._answer())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        except (ConnectionError, TimeoutError):
            self._writer.transport.abort()  # the client has left, or does not read
        except Exception as error:  # the edge: whatever a text raises ends its connection only
            self._refused = to_refusal(error)
            await _cancel(tasks)
            if not self._told:
                self._log(self._visit, self._refused)
            await self._refuse(self._refused)
        finally:
            await _cancel(tasks)
            self._writer.close()

    # What comes

    async def _listen(self) -> None:
        self._visit = _make_visit("event")
        while (event := await self._events.read()) is not None:
            await self._take(event)
            self._visit = _make_visit("event")
        if self._streamed is not None:
            raise ConnectionError("the client left before its text was whole")
        await self._waiting.put(None)

    async def _take(self, event: Received) -> None:
        if event.type.startswith("synthesize"):
            self._visit.path = self._visit.route = "synthesize"
        match event.type:
            case "describe":
                # At once: who streams a text may ask before it goes on.
                await self._send(describe(await asyncio.to_thread(self._book.refresh)).event())
            case "synthesize" if self._streamed is None:
                await self._waiting.put(self._wish(event, streamed=False))
            case "synthesize-start":
                wish = self._wish(event, streamed=True)
                if self._streamed is not None:
                    self._streamed.end()
                self._streamed = wish
                await self._waiting.put(wish)
            case "synthesize-chunk" if self._streamed is not None:
                self._streamed.add(read_fields(event.data, ChunkFields).text)
            case "synthesize-stop" if self._streamed is not None:
                self._streamed.end()
                self._streamed = None
            case _:
                pass  # other events; and the text of a stream once more, for servers that know no streams

    def _wish(self, event: Received, *, streamed: bool) -> SpeechWish:
        fields = read_fields(event.data, SynthesizeFields)
        return SpeechWish(fields, self._here.settings, streamed=streamed)

    # What goes

    async def _answer(self) -> None:
        while (wish := await self._waiting.get()) is not None:
            self.busy = True
            await self._speak(wish)
            self.busy = False

    async def _speak(self, wish: SpeechWish) -> None:
        visit = _make_visit("synthesize")
        visit.status, visit.error = 499, "client_left"  # unless it hears the end, or why there is none
        try:
            voice = wish.fields.voice
            asked = voice.name, voice.language, voice.speaker
            chosen = self._book.find(*asked)
            if chosen is None:
                chosen = await asyncio.to_thread(self._book.choose, *asked)
            pause = 0.0
            async for text in wish.list_pieces(self._book.find_language(chosen)):
                plan = await self._plan(text, wish.fields, chosen)
                visit.engine = plan.engine
                visit.characters += plan.characters
                if self._here.access.texts:
                    visit.text += text
                await self._speak_piece(plan, visit, pause)
                pause = _find_pause(text, plan.output)
            if wish.streamed:
                await self._send(SynthesizeStopped().event())
            visit.status, visit.error = 200, ""
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:  # the edge: the log has the same reason as the client
            self._refused = to_refusal(error)
            raise self._refused from error
        finally:
            self._log(visit, self._refused)

    async def _plan(self, text: str, fields: SynthesizeFields, chosen: Chosen) -> SpeechPlan:
        asked = SpeechRequest(
            model=chosen.model,
            input=text,
            voice=chosen.voice,
            response_format="wav",
            speed=fields.speed or 1.0,
            language=chosen.language,
            markup=fields.markup,
        )
        return await self._here.speech.plan(asked)

    async def _speak_piece(self, plan: SpeechPlan, visit: Visit, pause: Seconds) -> None:
        """Send the audio of a plan: that of its clip, or of each part once it is spoken.

        Args:
            pause: silence before it.
        """
        here = self._here
        content = await here.speech.find_clip(plan)
        here.limits.record(ANYONE, plan.characters, hit=content is not None)
        if content is not None:
            visit.cache = visit.cache or "hit"
            await self._send_clip(content, pause)
            return
        visit.cache = "miss"
        flight = here.speech.join(plan)
        try:
            if not is_known_by_parts(plan):
                await self._send_clip(await self._wait(here.speech.wait_for_clip(flight)), pause)
                return
            rate = 0
            parts = aiter(here.streams.stream_sound(plan, flight))
            while (heard := await self._wait(anext(parts, None))) is not None:
                if not rate:
                    rate = heard.sample_rate
                    encoder = Encoder(Output(format="pcm", sample_rate=rate), rate)
                    await self._begin(rate, pause)
                await self._send_samples(encoder.add(heard.samples), rate)
            # A worker finishes the clip meanwhile, and can find that the whole is not allowed.
            await self._wait(here.speech.wait_for_clip(flight))
            await self._send(AudioStop().event())
        finally:
            here.speech.leave(flight)

    async def _wait(self, awaited: Awaitable[T]) -> T:
        """What is awaited.

        Raises:
            Refusal: it takes too long.
        """
        deadline = self._here.settings.deadline
        try:
            async with asyncio.timeout(deadline):
                return await awaited
        except TimeoutError:
            raise Refusal(
                503,
                f"not finished within {deadline:g} s; the work goes on: send the same request again",
                "deadline",
            ) from None

    async def _send_clip(self, content: Content, pause: Seconds) -> None:
        rate = content.clip.sample_rate
        await self._begin(rate, pause)
        async for part in content.parts(start=_HEADER):
            await self._send_samples(part, rate)
        await self._send(AudioStop().event())

    async def _begin(self, rate: Hertz, pause: Seconds) -> None:
        await self._send(AudioStart(rate=rate, width=2, channels=1).event())
        await self._send_samples(bytes(2 * round(pause * rate)), rate)

    async def _send_samples(self, data: bytes, rate: Hertz) -> None:
        for at in range(0, len(data), 2 * _SAMPLES):
            samples = data[at : at + 2 * _SAMPLES]
            await self._send(AudioChunk(rate=rate, width=2, channels=1, audio=samples).event())

    async def _send(self, event: Event) -> None:
        self._writer.write(encode_event(event))
        async with asyncio.timeout(self._patience):
            await self._writer.drain()

    async def _refuse(self, refused: Refusal) -> None:
        """Say what is wrong, and end the connection so that the client can read it."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self._send(Error(text=refused.message, code=refused.code).event())
            self._writer.write_eof()
            async with asyncio.timeout(_LINGER):
                await self._events.drain(_MOST_IGNORED)

    def _log(self, visit: Visit, refused: Refusal | None) -> None:
        if refused is not None:
            visit.status, visit.error = refused.status, refused.code or str(refused.status)
            self._told = True
        self._here.access.add(visit)


async def _cancel(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _make_visit(path: str) -> Visit:
    """What the log has of a request, or of an event that is none."""
    return Visit(request_id=f"req_{_series}{next(_count):08x}", method="WYOMING", path=path, route=path)


def _find_pause(text: str, output: Output) -> Seconds:
    """How long is waited after a piece of a text, as between sentences of one text."""
    white = text[len(text.rstrip()) :]
    return output.paragraph_pause if "\n\n" in white else output.sentence_pause
