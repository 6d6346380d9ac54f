"""`POST /v1/audio/speech`: from a request to a plan, from a plan to audio, whole or while it is being spoken."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec

from voxpress import engines, formats
from voxpress.audio import codec
from voxpress.audio.codec import Encoder
from voxpress.audio.waveform import Audio, join, silence
from voxpress.engines import Engine
from voxpress.errors import SpeechError, UnsupportedOption
from voxpress.rendering import finishing, worker
from voxpress.rendering.plan import Bad, Plan, Planned
from voxpress.rendering.planner import Planner
from voxpress.rendering.presets import Preset, preset_named
from voxpress.server.aliases import Aliases
from voxpress.server.dispatcher import Dispatcher, Flight
from voxpress.server.errors import Refusal, refusal
from voxpress.server.http.content import LARGE, Content
from voxpress.server.http.gateway import CLIPS, encoded, header
from voxpress.server.http.hit_cache import Hit
from voxpress.server.schemas import RATE, SpeechDelta, SpeechDone, SpeechRequest, Usage, VoiceId
from voxpress.server.settings import Settings
from voxpress.speech import Clip, OptionValue, Output, Result, Seconds, Speaker, Utterance
from voxpress.store import Store
from voxpress.text import Part, Pause, duration
from voxpress.text.clean import clean, has_speech

log = logging.getLogger("voxpress.server")

_QUICK = 2000
"""Characters of a text up to which planning is done at once; more would keep others waiting."""
_DEFAULT = "default voice"
_PAUSE = 0.2
"""Seconds of silence that a text without a letter or a digit stands for."""
_SLOWEST = 0.5
"""Seconds that no character is expected to take on average."""
_PIECE = 32768
"""Bytes of a whole file in one event."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request for speech that can be met."""

    plan: Plan
    speaker: Speaker
    characters: int
    ignored: tuple[str, ...] = ()
    """Fields of the request that mean nothing here, or nothing to the engine."""
    mapped: tuple[str, ...] = ()
    """What stands for something else, as ``asked=given``."""
    notes: tuple[str, ...] = ()
    """What was changed in the text."""

    @property
    def output(self) -> Output:
        return self.plan.targets[0].output

    @property
    def clip(self) -> str:
        """The key of its clip."""
        return self.plan.targets[0].clip


class Speech:
    """Meets requests for speech, from the store where it can.

    Args:
        presets: of the project.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        names: Aliases,
        dispatcher: Dispatcher,
        presets: Mapping[str, Preset],
    ) -> None:
        self._settings, self._store, self._names, self._dispatcher = settings, store, names, dispatcher
        self._presets = presets

    async def plan(self, data: SpeechRequest, ignored: tuple[str, ...] = ()) -> Asked:
        """What is to be spoken.

        Args:
            ignored: fields of the body that are not in `data`.

        Raises:
            Refusal: the text is too long, or its audio would be.
            SpeechError: the request cannot be met.
        """
        if len(data.input) > self._settings.max_characters:
            raise Refusal(
                400,
                f"the text has {len(data.input):,} characters, and {self._settings.max_characters:,} are allowed",
                "string_above_max_length",
                param="input",
            )
        if len(data.input) > _QUICK:
            return await asyncio.to_thread(self._planned, data, ignored)
        return self._planned(data, ignored)

    def _planned(self, data: SpeechRequest, ignored: tuple[str, ...] = ()) -> Asked:
        voice = data.voice.id if isinstance(data.voice, VoiceId) else data.voice
        speaker, mapped = self._names.speaker(data.model, None if voice is _DEFAULT else voice)
        assert speaker.engine
        options: dict[str, OptionValue] = dict(data.options)
        if data.instructions:
            if "instructions" in engines.find(speaker.engine).options:
                options["instructions"] = data.instructions
            else:
                ignored = ("instructions", *ignored)
        speaker = msgspec.structs.replace(
            speaker, language=data.language, speed=data.speed, seed=data.seed or 0, options=options
        )
        output = self._output(data)
        _check_size(data, output, self._settings.max_duration)  # also before the work of planning it
        plan: Planned | None = None
        if data.lang_code is not None:
            # Whoever sends it sends it for each voice; one that does not speak the language speaks its own.
            tag = None if data.language is not None else self._names.language(data.lang_code)
            plan = self._read(data, msgspec.structs.replace(speaker, language=tag), output) if tag else None
            if tag is None or (isinstance(plan, Bad) and isinstance(plan.error, UnsupportedOption)):
                plan, ignored = None, ("lang_code", *ignored)
            elif tag != data.lang_code:
                mapped = (*mapped, f"{data.lang_code}={tag}")
        plan = plan or self._read(data, speaker, output)
        notes: tuple[str, ...] = ()
        if isinstance(plan, Bad) and self._is_pause(data.input):
            notes = (f"no letter and no digit: {_PAUSE:g} s of silence",)
            silent = Utterance(text=f"[pause {_PAUSE * 1000:g} ms]", markup="directions")
            plan = self._read(data, speaker, output, silent)
        if isinstance(plan, Bad):
            raise plan.error
        _check_size(data, output, self._settings.max_duration, plan.recipe.parts)
        return Asked(
            plan=plan,
            speaker=speaker,
            characters=len(data.input),
            ignored=ignored,
            mapped=mapped,
            notes=(*plan.notes, *notes),
        )

    def _read(
        self, data: SpeechRequest, speaker: Speaker, output: Output, utterance: Utterance | None = None
    ) -> Planned:
        """The plan of a request, or what is wrong with it."""
        planner = Planner(speaker, files=[("", output)])
        return planner.plan(utterance or Utterance(text=data.input), filed=False)

    def _is_pause(self, text: str) -> bool:
        """Whether a text has nothing to speak, and that is no error: a chat has turns of dots and emoji."""
        return self._settings.nothing_to_speak == "silence" and not any(map(has_speech, clean(text)))

    def _output(self, data: SpeechRequest) -> Output:
        try:
            format = formats.format_named(data.response_format)
        except UnsupportedOption as error:
            raise refusal(error, "response_format") from error
        rate = data.sample_rate
        if data.preset is None:
            if rate is None and format.name in ("wav", "pcm"):
                rate = RATE
            output = Output(format=format.name, sample_rate=rate, loudness=data.loudness)
        else:
            try:
                preset = preset_named(data.preset, self._presets)
            except UnsupportedOption as error:
                raise refusal(error, "preset") from error
            output = self._of_preset(data, preset)
        formats.sample_rate_for(format, output.sample_rate, RATE)
        return output

    def _of_preset(self, data: SpeechRequest, preset: Preset) -> Output:
        if data.loudness is not None or data.sample_rate is not None:
            raise UnsupportedOption(
                f"preset {preset.name!r} sets level and sample rate: leave loudness and sample_rate out, or the preset",
                field="sample_rate" if data.loudness is None else "loudness",
            )
        for _, output in preset.files:
            if output.format == data.response_format:
                return output
        formats = ", ".join(dict.fromkeys(output.format for _, output in preset.files))
        raise UnsupportedOption(
            f"preset {preset.name!r} has no file in the format {data.response_format!r} (formats: {formats})",
            field="response_format",
        )

    async def prepare(self) -> None:
        """Have every engine that is offered made ready, so that the first request does not wait for it. One that cannot
        be made ready is logged, and is an error of those who ask for it.
        """
        found = await asyncio.to_thread(self._names.all)
        for engine, model in dict.fromkeys((meant.engine, meant.model) for meant in found.values()):
            kind = engines.find(engine)
            if kind.prepare is not Engine.prepare:
                chosen = kind(model)
                try:
                    await asyncio.wrap_future(
                        self._dispatcher.pools.speaking(chosen).submit(worker.prepare, chosen)
                    )
                except SpeechError as error:
                    log.error("%s cannot be prepared: %s", engine, error)  # noqa: TRY400 - the message says it all

    async def preload(self, model: str) -> None:
        """Have every worker load a model, by speaking a word with it that is not kept.

        Raises:
            SpeechError: it cannot be loaded.
        """
        asked = await asyncio.to_thread(
            self._planned, SpeechRequest(model=model, input="Ready.", voice=_DEFAULT)
        )
        segment = next(iter(asked.plan.takes.values()))
        pool = self._dispatcher.pools.speaking(asked.plan.engine)
        tasks = [
            pool.submit(worker.synthesize, asked.plan.engine, [segment])
            for _ in range(getattr(pool, "workers", 1))
        ]
        for task in tasks:
            await asyncio.wrap_future(task)

    # The store

    async def stored(self, asked: Asked) -> Content | None:
        """The clip, if the store has it."""
        if self._store.folder is None:
            return await asyncio.to_thread(self.content, asked.clip)
        clip = self._store.clip(asked.clip)
        if clip and clip.size >= LARGE:
            return await asyncio.to_thread(Content.of, self._store, clip)
        return Content.of(self._store, clip)

    def content(self, key: str) -> Content | None:
        """The content of a clip, if the store has it."""
        return Content.of(self._store, self._store.clip(key))

    # Speaking

    @property
    def largest(self) -> int:
        """Bytes of the largest file that is answered with: twice what `max_duration` lets expect, at 16 bits."""
        return int(2 * self._settings.max_duration * RATE * 2)

    def streams(self, asked: Asked) -> bool:
        """Whether a clip that is not in the store is sent while it is being spoken."""
        output = asked.output
        return (
            0 < self._settings.stream_from <= len(asked.plan.takes)
            and output.format in codec.STREAMED
            and output.loudness is None
            and output.level is None
            and output.max_duration is None
            and output.max_bytes is None
        )

    def join(self, asked: Asked, *, background: bool = False) -> Flight:
        """Have it spoken; every `join` needs a `Dispatcher.leave`."""
        return self._dispatcher.join(asked.plan, background=background)

    def leave(self, flight: Flight) -> None:
        """Wait for it no longer."""
        self._dispatcher.leave(flight)

    async def whole(self, flight: Flight) -> Content:
        """The clip once it is finished.

        Raises:
            SpeechError: it could not be spoken.
        """
        return await self._finished(await asyncio.shield(flight.done))

    async def _finished(self, result: Result) -> Content:
        if result.exception:
            raise result.exception
        clip = result.clips[0]
        if clip.size > (most := self.largest):
            raise Refusal(
                500,
                f"the audio has {clip.size:,} bytes, far more than its text lets expect, and {most:,} are allowed",
                "audio_too_long",
                headers={"x-should-retry": "false"},
            )
        content = await asyncio.to_thread(Content.of, self._store, clip)
        if content is None:
            raise SpeechError(
                f"clip {clip.key} was removed from the store while it was being read; try again"
            )
        return content

    async def pieces(self, asked: Asked, flight: Flight) -> AsyncIterator[bytes]:
        """The file's bytes as its takes come about. It ends with an error where one cannot be spoken.

        Raises:
            SpeechError
        """
        output, parts = asked.output, asked.plan.recipe.parts
        first = next(part for part in parts if isinstance(part, str))
        native = (await self._take(first, flight)).sample_rate
        encoder: Encoder | None = None
        for number, part in enumerate(parts):
            takes = {part: await self._take(part, flight)} if isinstance(part, str) else {}
            sound = finishing.sound(part, takes, output, native)
            if not number:
                sound = _before(silence(output.lead, native), sound)
            finished = await asyncio.to_thread(finishing.mastered, sound, output)
            encoder = encoder or Encoder(output, finished.sample_rate)
            if data := await asyncio.to_thread(encoder.add, finished.samples):
                yield data
        assert encoder is not None
        if output.tail:
            finished = finishing.mastered(silence(output.tail, native), output)
            yield await asyncio.to_thread(encoder.add, finished.samples)
        # The clip is finished beside this; what it says of the whole is what counts.
        await self._finished(await asyncio.shield(flight.done))
        yield await asyncio.to_thread(encoder.end)

    async def _take(self, key: str, flight: Flight) -> Audio:
        while True:
            news = asyncio.ensure_future(flight.news())
            try:
                if flight.done.done() and (error := flight.done.result().exception):
                    raise error
                if take := await asyncio.to_thread(self._store.take, key):
                    return take
                if flight.done.done():
                    raise SpeechError(
                        f"take {key} was removed from the store while it was being read; try again"
                    )
                await news
            finally:
                news.cancel()

    # Answers

    def hit(self, asked: Asked, clip: Clip, *, stored: bool = True) -> Hit:
        """What goes with the clip's bytes."""
        accel = self.accel(clip) if stored else ""
        headers = self.headers(asked, "hit" if stored else "miss")
        headers["etag"] = f'"{clip.sha256}"'
        headers["x-voxpress-duration"] = f"{clip.duration:.3f}"
        if accel:
            headers["x-accel-redirect"] = accel
        engine = asked.plan.engine.name
        # The timings of a long text take more room than all else.
        clip = msgspec.structs.replace(clip, marks=(), data=b"")
        return Hit(clip, encoded(headers.items()), asked.characters, engine, bool(accel))

    def accel(self, clip: Clip) -> str:
        """Where nginx finds the clip, which then sends it; empty where the server does."""
        if not (self._settings.accel_redirect and clip.path and self._store.folder):
            return ""
        place = clip.path.removeprefix(f"{self._store.folder}/")
        return self._settings.accel_redirect.rstrip("/") + "/" + place

    def headers(self, asked: Asked, cache: str) -> dict[str, str]:
        """What an answer says of itself before its clip is known."""
        plan, extension = asked.plan, formats.FORMATS[asked.output.format].extension
        optional = {
            "x-voxpress-model": plan.engine.model,
            "x-voxpress-mapped": "; ".join(asked.mapped),
            "x-voxpress-ignored": ", ".join(asked.ignored),
            "x-voxpress-notes": "; ".join(asked.notes),
        }
        told = {
            "content-type": _media_type(asked.output.format),
            "x-voxpress-cache": cache,
            "x-voxpress-clip": asked.clip,
            "content-location": f"{CLIPS}{asked.clip}.{extension}",
            "x-voxpress-engine": plan.engine.name,
            "x-voxpress-voice": plan.voice,
            "x-voxpress-segments": str(len(plan.takes)),
            **{name: value for name, value in optional.items() if value},
        }
        # Names and notes can hold what a client wrote.
        return {name: header(value).decode() for name, value in told.items()}

    async def events(
        self, asked: Asked, data: SpeechRequest, known: Content | None, flight: Flight | None
    ) -> AsyncIterator[bytes]:
        """Server-sent events: the file in parts, then that it is whole.

        Raises:
            SpeechError: it could not be spoken; an event has said so, if there were any before.
        """
        begun = False
        try:
            if known is None:
                assert flight is not None
                if self.streams(asked):
                    async for piece in self.pieces(asked, flight):
                        if piece:
                            begun = True
                            yield _event(SpeechDelta(audio=base64.b64encode(piece).decode()))
                    clip = flight.done.result().clips[0]
                else:
                    known = await self.whole(flight)
        except SpeechError as error:
            if begun:
                yield _event(refusal(error).facts())
            raise
        if known is not None:
            clip = known.clip
            async for piece in known.parts(size=_PIECE):
                yield _event(SpeechDelta(audio=base64.b64encode(piece).decode()))
        marks = tuple(mark for mark in clip.marks if mark.kind == "word")
        yield _event(
            SpeechDone(
                usage=usage(asked.characters, clip.duration),
                clip=clip.key,
                timestamps=marks if data.timestamps else msgspec.UNSET,
            )
        )


def usage(characters: int, duration: float) -> Usage:
    """Tokens as OpenAI's models would have about as many.

    >>> usage(56, 5.05).total_tokens
    115
    """
    given, made = -(-characters // 4), round(20 * duration)
    return Usage(input_tokens=given, output_tokens=made, total_tokens=given + made)


def _check_size(
    data: SpeechRequest, output: Output, longest: Seconds, parts: Sequence[str | Part] = ()
) -> None:
    """Find out before anything is spoken whether the audio would fill the memory.

    Args:
        parts: what was planned, for its pauses.

    Raises:
        Refusal: it would be longer than allowed at its sample rate.
    """
    rate = formats.sample_rate_for(formats.FORMATS[output.format], output.sample_rate, RATE)
    most = longest * RATE / max(rate, RATE)
    pauses = {"sentence": output.sentence_pause, "paragraph": output.paragraph_pause}
    if len(data.input) * (_SLOWEST / data.speed + max(pauses.values())) <= most:
        return  # without counting letters
    seconds = sum(pauses[part.after] for part in parts if isinstance(part, Pause))
    shortest, slowest = duration.bounds(data.input, data.speed)
    seconds += (shortest * slowest) ** 0.5
    if seconds <= most:
        return
    field = "input"
    if rate > RATE:
        field = "sample_rate" if data.sample_rate else "preset" if data.preset else "response_format"
    raise Refusal(
        400,
        f"{field}: the audio would last some {seconds:,.0f} s, and {most:,.0f} s are allowed at {rate:,} Hz"
        " (max_duration in [server])",
        "audio_too_long",
        param=field,
    )


def _event(data: Any) -> bytes:
    return b"data: " + msgspec.json.encode(data) + b"\n\n"


def _before(lead: Audio, sound: Audio) -> Audio:
    return join([lead, sound]) if lead.duration else sound


def _media_type(format: str) -> str:
    # As OpenAI names it; it is Ogg, which audio/ogg; codecs=opus says too.
    return "audio/opus" if format == "opus" else formats.FORMATS[format].media_type


def clip_url(base: str, clip: Clip) -> str:
    """Where a clip is served."""
    return f"{base.rstrip('/')}{CLIPS}{clip.key}.{formats.FORMATS[clip.format].extension}"
