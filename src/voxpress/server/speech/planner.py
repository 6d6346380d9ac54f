"""Plans requests for speech: voice, options, output and text, checked before anything is spoken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from voxpress import engines
from voxpress.errors import InputError, ManifestError, UnsupportedOption
from voxpress.files import formats
from voxpress.rendering import chimes
from voxpress.rendering.plan import Bad, PlacedChime, Plan, Played, Sidecar
from voxpress.rendering.planner import Planner
from voxpress.rendering.presets import Preset, choose_continuation, choose_marks, preset_named
from voxpress.rendering.projects import Project
from voxpress.server.aliases import Aliases
from voxpress.server.errors import Refusal, refusal
from voxpress.server.schemas import RATE, LexiconEntry, RequestMarkup, SpeechRequest, VoiceId
from voxpress.server.settings import Settings
from voxpress.speech import OptionValue, Output, Seconds, Speaker, Utterance
from voxpress.text import FrontEnd, Pause, Silence, Tone, duration
from voxpress.text.clean import clean, has_speech
from voxpress.text.lexicon import Entry, Lexicon, gather
from voxpress.text.markup import guess
from voxpress.text.passage import Passage
from voxpress.validation import Markup
from voxpress.voices import references

DEFAULT_VOICE = ""
"""As the voice of a request: the engine's default. No client can send it."""
_SHORT_TEXT = 2000
"""Characters up to which a text is planned in the event loop; more would keep others waiting."""
_SILENT_PAUSE = 0.2
"""Seconds of silence that a text without a letter or a digit stands for."""
_SLOWEST_SPEECH = 0.5
"""Seconds that no character is expected to take on average."""


class SpeechPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A request for speech that can be met."""

    plan: Plan
    characters: int
    ignored: tuple[str, ...] = ()
    """Fields of the request that mean nothing here, or nothing to the engine."""
    mapped: tuple[str, ...] = ()
    """Names that stand for others, as ``asked=given``."""
    notes: tuple[str, ...] = ()
    """What was changed in the text."""

    @property
    def output(self) -> Output:
        return self.plan.targets[0].output

    @property
    def clip_key(self) -> str:
        return self.plan.targets[0].clip

    @property
    def sidecars(self) -> tuple[Sidecar, ...]:
        """Files with the marks of its clip."""
        return self.plan.targets[0].sidecars

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self.plan.engine.name

    @property
    def voice(self) -> str:
        return self.plan.voice

    @property
    def is_cloned(self) -> bool:
        """Whether a cloned voice speaks."""
        return any(take.segment.voice.startswith(references.PREFIX) for take in self.plan.takes.values())


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks for; `ignored` and `mapped` are as in a `SpeechPlan`."""

    utterance: Utterance
    speaker: Speaker
    output: Output
    preset: Preset | None
    front_end: FrontEnd
    marks: Sequence[str]
    ignored: tuple[str, ...]
    mapped: tuple[str, ...]


class SpeechPlanner:
    """Makes plans of requests for speech.

    Args:
        project: its presets with their chimes, its cast, its lexicons, and its defaults. These hold where a request
            says nothing, but for a chime: an answer that is spoken sentence by sentence would have one for each.

    Raises:
        InputError: a lexicon or the sound of a chime cannot be read.
    """

    def __init__(self, settings: Settings, names: Aliases, project: Project) -> None:
        self._settings, self._names, self._project = settings, names, project
        self._lexicons = {name: gather(project.list_lexicons(name)) for name in project.presets}
        self._shared_lexicon = gather(project.list_lexicons(project.defaults.preset))
        self._chimes = {name: _place_chimes(preset, project.path) for name, preset in project.presets.items()}
        # Names say which model and voice speak.
        self._usual = replace(project.defaults.speaker, model=None, voice=None, language=None)

    async def plan(self, data: SpeechRequest, ignored: tuple[str, ...] = ()) -> SpeechPlan:
        """Plan a request, outside the event loop where its text is long.

        Args:
            ignored: fields of the body that are not in `data`.

        Raises:
            Refusal: the text is too long, or its audio would be.
            SpeechError: the request cannot be met.
        """
        if len(data.input) > _SHORT_TEXT or data.lexicon:
            return await asyncio.to_thread(self.plan_now, data, ignored)
        return self.plan_now(data, ignored)

    def plan_now(self, data: SpeechRequest, ignored: tuple[str, ...] = ()) -> SpeechPlan:
        """As `plan`, at once."""
        if len(data.input) > self._settings.max_characters:
            raise Refusal(
                400,
                f"the text has {len(data.input):,} characters, and {self._settings.max_characters:,} are allowed",
                "string_above_max_length",
                param="input",
            )
        asked, plan = self._plan_in_language(data, self._read(data, ignored))
        notes: tuple[str, ...] = ()
        if isinstance(plan, Bad) and self._is_pause(data.input):
            notes = (f"no letter and no digit: {_SILENT_PAUSE:g} s of silence",)
            silence = Utterance(text=f"[pause {_SILENT_PAUSE * 1000:g} ms]", markup="directions")
            plan = self._plan(replace(asked, utterance=silence))
        if isinstance(plan, Bad):
            raise plan.error
        if data.lexicon:
            _check_length(plan, self._settings.max_characters)
        _check_duration(data, asked.output, self._settings.max_duration, plan)
        return SpeechPlan(
            plan=plan,
            characters=len(data.input),
            ignored=asked.ignored,
            mapped=asked.mapped,
            notes=(*plan.notes, *notes),
        )

    def _read(self, data: SpeechRequest, ignored: tuple[str, ...]) -> _Asked:
        """What a request asks for.

        Raises:
            Refusal: its audio would be too long, whatever the plan; or as `_choose_output`.
            SpeechError: something in it is not known.
        """
        voice = data.voice.id if isinstance(data.voice, VoiceId) else data.voice
        speaker, mapped = self._names.resolve(data.model, None if voice == DEFAULT_VOICE else voice)
        assert speaker.engine
        options: dict[str, OptionValue] = dict(data.options)
        if data.instructions:
            if "instructions" in engines.find(speaker.engine).options:
                options["instructions"] = data.instructions
            else:
                ignored = ("instructions", *ignored)
        if data.timestamps and data.stream_format != "sse":
            ignored = ("timestamps", *ignored)
        # Clients send a speed of 1 where nobody chose one.
        speed = None if data.speed == 1.0 else data.speed
        asked = Speaker(language=data.language, speed=speed, seed=data.seed, options=options)
        output, preset = self._choose_output(data)
        _check_duration(data, output, self._settings.max_duration)  # also before the work of planning it
        lexicon = _read_lexicon(data.lexicon).over(
            self._shared_lexicon if data.preset is None else self._lexicons[data.preset]
        )
        return _Asked(
            utterance=Utterance(text=data.input, markup=_choose_markup(data, self._settings.markup)),
            speaker=asked.over(speaker).over(self._usual),
            output=output,
            preset=preset,
            front_end=self._project.defaults.read_with(
                lexicon, lenient=data.lenient, unspeakable=data.unspeakable
            ),
            marks=choose_marks(preset, data.marks),
            ignored=ignored,
            mapped=mapped,
        )

    def _plan_in_language(self, data: SpeechRequest, asked: _Asked) -> tuple[_Asked, Plan | Bad]:
        """The plan in the language of the project, or of `lang_code`, which some clients send for each voice: a voice
        that does not speak it speaks its own. Also what is then asked for.
        """
        given, tag = data.lang_code, None
        if given is not None and data.language is None:
            tag = self._names.find_language(given)
        elif given is None and asked.speaker.language is None:
            tag = self._project.defaults.speaker.language
        if tag is not None:
            mapped = () if given is None or tag == given else (f"{given}={tag}",)
            wanted = replace(
                asked, speaker=replace(asked.speaker, language=tag), mapped=(*asked.mapped, *mapped)
            )
            plan = self._plan(wanted)
            if not (isinstance(plan, Bad) and isinstance(plan.error, UnsupportedOption)):
                return wanted, plan
        if given is not None:
            asked = replace(asked, ignored=("lang_code", *asked.ignored))
        return asked, self._plan(asked)

    def _plan(self, asked: _Asked) -> Plan | Bad:
        """The plan of a text, or what is wrong with it."""
        own = self._project.defaults
        before, after = self._chimes[asked.preset.name] if asked.preset else (None, None)
        planner = Planner(
            asked.speaker,
            carrier=own.carrier,
            continuation=choose_continuation(asked.preset, own.continuation),
            files=[("", asked.output)],
            front_end=asked.front_end,
            cast=self._project.cast,
            marks=asked.marks,
            before=before,
            after=after,
        )
        return planner.plan(asked.utterance, filed=False)

    def _is_pause(self, text: str) -> bool:
        """Whether a text has nothing to speak, and that is no error: a chat has turns of dots and emoji."""
        return self._settings.nothing_to_speak == "silence" and not any(
            has_speech(paragraph.text) for paragraph in clean(Passage.of(text))
        )

    def _choose_output(self, data: SpeechRequest) -> tuple[Output, Preset | None]:
        """The output that a request asks for, and the preset that it names.

        Raises:
            Refusal: no format or preset has that name.
            UnsupportedOption: the format has no such sample rate, or the preset no such format.
        """
        try:
            format = formats.format_named(data.response_format)
        except UnsupportedOption as error:
            raise refusal(error, "response_format") from error
        preset = None
        if data.preset is None:
            output = Output(format=format.name, sample_rate=data.sample_rate, loudness=data.loudness)
        else:
            try:
                preset = preset_named(data.preset, self._project.presets)
            except UnsupportedOption as error:
                raise refusal(error, "preset") from error
            output = _choose_preset_output(data, preset)
        formats.sample_rate_for(format, output.sample_rate, RATE)
        return output, preset


def _place_chimes(preset: Preset, path: str) -> tuple[PlacedChime | None, PlacedChime | None]:
    """What is heard before and after the speech of a preset.

    Raises:
        ManifestError: a sound cannot be used, with the project's file and the preset.
    """
    try:
        before, after = chimes.place(preset.before, "before"), chimes.place(preset.after, "after")
        for chime in (before, after):
            chimes.require_usable(chime)
    except InputError as error:
        raise ManifestError(error.problem, path=path, field=f"presets.{preset.name}.{error.field}") from error
    return before, after


def _check_length(plan: Plan, most: int) -> None:
    """Check that a request's lexicon does not make a long text of a short one.

    Raises:
        Refusal: more characters would be spoken than a text may have.
    """
    spoken = sum(len(plan.takes[key].segment.text) for key in plan.recipe.spoken)
    if spoken > most:
        raise Refusal(
            400,
            f"lexicon: {spoken:,} characters would be spoken with it, and {most:,} are allowed",
            "string_above_max_length",
            param="lexicon",
        )


def _read_lexicon(given: Sequence[LexiconEntry]) -> Lexicon:
    """The lexicon of a request.

    Raises:
        InputError: an entry cannot be so, with its place in the request.
    """
    entries = []
    for number, each in enumerate(given):
        place = f"lexicon[{number}]"
        try:
            entries.append(Entry(each.word, each.spoken, each.ipa, origin=place))
        except InputError as error:
            field = "word" if error.field == "written" else error.field
            raise InputError(error.problem, field=f"{place}.{field}") from None
    try:
        return Lexicon(entries)
    except InputError as error:
        raise InputError(error.problem, field=f"{error.place}.word") from None


def _choose_preset_output(data: SpeechRequest, preset: Preset) -> Output:
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


def _check_duration(data: SpeechRequest, output: Output, longest: Seconds, plan: Plan | None = None) -> None:
    """Check before anything is spoken that the audio will not fill the memory.

    Args:
        longest: seconds that are allowed at `RATE`.
        plan: for its pauses and the speeds of its takes.

    Raises:
        Refusal: the audio would be longer than allowed at its sample rate.
    """
    rate = formats.sample_rate_for(formats.FORMATS[output.format], output.sample_rate, RATE)
    most = longest * RATE / max(rate, RATE)
    pauses = {"sentence": output.sentence_pause, "paragraph": output.paragraph_pause}
    parts = plan.recipe.parts if plan else ()
    heard = (Played(part) if isinstance(part, str) else part for part in parts)
    speed = min((part.speed for part in heard if isinstance(part, Played)), default=data.speed)
    silence = sum(part.duration for part in parts if isinstance(part, Silence | Tone))
    if len(data.input) * (_SLOWEST_SPEECH + max(pauses.values())) / speed + silence <= most:
        return  # without counting letters
    seconds = silence + sum(pauses[part.after] / part.speed for part in parts if isinstance(part, Pause))
    shortest, slowest = duration.bounds(data.input, speed)
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


def _choose_markup(data: SpeechRequest, usual: RequestMarkup) -> Markup:
    """How the input is written: as the request says, else as the server is set."""
    asked = data.markup or usual
    if asked != "auto":
        return asked
    return guess(data.input)
