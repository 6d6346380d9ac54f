"""What a render has to do for each row: segments, keys and files, found without speaking and without the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import msgspec

from voxpress import engines, formats, text, validation
from voxpress.audio.paths import Paths, audio_extension, named_file, require_extension, safe_path
from voxpress.engines import Engine
from voxpress.errors import InputError, LicenceNotAccepted, SpeechError, UnknownVoice, UnsupportedOption
from voxpress.models import catalogue
from voxpress.rendering import offers, templates
from voxpress.rendering.plan import Bad, Plan, Planned, Recipe, Target, place_error
from voxpress.speech import Hertz, OptionValue, Output, Segment, Utterance, Voice
from voxpress.store.keys import clip_key, take_key
from voxpress.text import Part, Say, carrier
from voxpress.voices import references

ONE_FILE = "{id}.{extension}"

Row: TypeAlias = Utterance | SpeechError | Mapping[str, object] | str
"""What somebody gives to be rendered: an utterance, the fields of one, a text, or what was wrong where it was read."""


class Planner:
    """Plans utterances, with defaults for what they leave open.

    The defaults for model, voice and options belong to the default engine: a row that names another engine gets that
    engine's own.

    Args:
        files: what each utterance becomes: path template and output. None: one file of `format`.
        format: of the one file, where `files` is not given; None: wav, or what an id's extension says.
        others as in `voxpress.render`.

    Raises:
        InputError: an argument cannot be so, or two of them contradict each other.
    """

    def __init__(
        self,
        *,
        engine: str = "piper",
        model: str | None = None,
        voice: str | None = None,
        language: str | None = None,
        speed: float = 1.0,
        seed: int = 0,
        options: Mapping[str, OptionValue] | None = None,
        device: str = "auto",
        carrier: bool | None = None,
        format: str | None = None,
        files: Sequence[tuple[str, Output]] | None = None,
    ) -> None:
        validation.check(
            {
                "engine": engine,
                "model": model,
                "voice": voice,
                "language": language,
                "speed": speed,
                "seed": seed,
                "options": options,
                "device": device,
                "carrier": carrier,
                "format": format,
            },
            optional=("model", "voice", "language", "options", "carrier", "format"),
        )
        self._engine, self._model, self._voice = engine, model, voice
        self._language = None if language is None else validation.canonical_language(language)
        self._speed, self._seed, self._options, self._device = speed, seed, options or {}, device
        self._carrier = carrier
        self._files = _wanted(format, files)
        self._own_files = files is not None
        self._format = formats.format_named(format) if format else None

    def plan_all(self, rows: Iterable[Row], *, filed: bool = True) -> Iterator[Planned]:
        """Plan each row; two rows for one file are an error of the second."""
        paths = Paths()
        for number, given in enumerate(rows):
            row = _utterance(given)
            if isinstance(row, SpeechError):
                yield Bad(number, None, row)
                continue
            planned = self.plan(row, number, filed=filed)
            if filed and isinstance(planned, Plan):
                for target in planned.targets:
                    first = paths.take(target.path, number)
                    if first is not None:
                        problem = (
                            f"{target.path!r} is also the file of row {first + 1}, or a folder that it needs, or in a"
                            " folder of its name (case does not count)"
                        )
                        planned = Bad(number, row, place_error(InputError(problem), row))
                        break
            yield planned

    def plan(self, utterance: Utterance, number: int = 0, *, filed: bool = True) -> Planned:
        """The plan of one utterance, or what is wrong with it.

        Args:
            filed: whether its files go to an output folder, and so need names.

        Raises:
            InputError, EngineError: the defaults cannot be used, whatever the row.
        """
        try:
            speaker = self._speaker_of(utterance)
        except SpeechError as error:
            if not (utterance.engine or utterance.model or utterance.voice or utterance.options):
                raise  # the defaults are wrong, and so would be every row
            return Bad(number, utterance, place_error(error, utterance))
        try:
            return self._plan(utterance, speaker, number, filed)
        except SpeechError as error:
            return Bad(number, utterance, place_error(error, utterance))

    def _speaker_of(self, row: Utterance) -> _Speaker:
        name = row.engine or self._engine
        own = name == self._engine
        given = {**self._options, **row.options} if own else row.options
        asked = (
            name,
            row.model or (self._model if own else None),
            row.voice or (self._voice if own else None),
            tuple(given.items()),
            self._device,
        )
        speaker = _speaker(*asked)
        if speaker.voice.reference and not references.stands(speaker.voice):
            _speaker.cache_clear()  # replaced, renamed or removed since
            speaker = _speaker(*asked)
        return speaker

    def _plan(self, row: Utterance, speaker: _Speaker, number: int, filed: bool) -> Plan:
        with engines.Guard(speaker.engine.name):
            language = speaker.language(row.language or self._language)
            longest = speaker.engine.longest(speaker.voice, language)
        speed = speaker.speed(self._speed if row.speed is None else row.speed)
        seed = self._seed if row.seed is None else row.seed
        parts: list[str | Part] = []
        takes: dict[str, Segment] = {}
        reading = text.read(
            row.text,
            language=language,
            max_chars=longest,
            markup=row.markup,
            misread=speaker.engine.misread,
        )
        wanted = speaker.engine.carried if self._carrier is None else self._carrier
        carried = wanted and speaker.engine.timed
        for part in reading.parts:
            if not isinstance(part, Say):
                parts.append(part)
                continue
            segment = Segment(
                text=part.text,
                voice=speaker.voice.key,
                language=language,
                speed=speed,
                seed=seed,
                options=speaker.options,
                carrier=carrier.phrase(part.text, language) if carried else None,
            )
            key = take_key(speaker.fingerprint, segment)
            takes[key] = segment
            parts.append(key)
        targets = self._targets(row, parts, language, filed)
        for target in targets:
            _check_bit_rate(target.output, speaker.engine.sample_rate)
        return Plan(
            number=number,
            utterance=row,
            engine=speaker.engine,
            fingerprint=speaker.fingerprint,
            voice=speaker.voice.name,
            language=language,
            recipe=Recipe(tuple(parts), targets, speaker.engine.sample_rate),
            takes=takes,
            notes=reading.notes,
        )

    def _targets(
        self, row: Utterance, parts: Sequence[str | Part], language: str, filed: bool
    ) -> tuple[Target, ...]:
        targets = []
        for path, output in self._files_of(row, filed):
            if formats.FORMATS[output.format].tags:
                output = msgspec.structs.replace(output, title=row.title, language=language)
            place = safe_path(_filled(path, row, output)) if filed else ""
            targets.append(Target(place, output, clip_key(parts, output)))
        return tuple(targets)

    def _files_of(self, row: Utterance, filed: bool) -> Sequence[tuple[str, Output]]:
        """Template and output of each file. An extension of audio in the row's file or id says the format."""
        if row.file:
            wanted = formats.format_named(row.format) if row.format else formats.format_for(row.file)
            require_extension(row.file, wanted)
            return [(_literal(row.file), _output(wanted, self._files))]
        asked = formats.format_named(row.format) if row.format else None
        if not filed or not audio_extension(row.id):
            return [(ONE_FILE, _output(asked, self._files))] if asked else self._files
        if self._own_files and not asked:
            for _, output in self._files:
                require_extension(row.id, formats.FORMATS[output.format])
            return self._files
        named = asked or self._format or formats.format_for(row.id)
        return [(_literal(named_file(row.id, named.name)), _output(named, self._files))]


def _wanted(format: str | None, files: Sequence[tuple[str, Output]] | None) -> tuple[tuple[str, Output], ...]:
    """What each utterance becomes, checked."""
    if files is None:
        return ((ONE_FILE, Output(format=format or "wav")),)
    if format is not None:
        raise InputError("says what files say too: leave one of them out", field="format")
    if isinstance(files, str) or not isinstance(files, Sequence) or not files:
        raise InputError(
            "must be a list of pairs of a path template and an Output, at least one", field="files"
        )
    for each in files:
        if not (isinstance(each, Sequence) and len(each) == 2 and isinstance(each[1], Output)):
            raise InputError(
                f"must be pairs of a path template and an Output, not {validation.show(each)}", field="files"
            )
    # A clip that stays in the store has no path.
    return tuple((_template(path, output) if path else "", output) for path, output in files)


def _template(path: str, output: Output) -> str:
    resolved = templates.resolve(path, output)
    require_extension(resolved, formats.FORMATS[output.format])
    return resolved


def _utterance(row: Row) -> Utterance | SpeechError:
    """The utterance that a row is, or what is wrong with it."""
    try:
        match row:
            case Utterance() | SpeechError():
                return row
            case str():
                return Utterance(text=row)
            case Mapping():
                return msgspec.convert(dict(row), Utterance)
    except InputError as error:
        return error
    except msgspec.ValidationError as error:
        return error.__cause__ if isinstance(error.__cause__, InputError) else InputError(f"a row: {error}")
    return InputError(
        f"a row must be an Utterance, a mapping of its fields, or a text, not {validation.show(row)}"
    )


def _check_bit_rate(output: Output, native: Hertz) -> None:
    """Find out before anything is spoken, not when it is encoded.

    Raises:
        UnsupportedOption: the format cannot have that bit rate at the rate that it will have.
    """
    if output.bit_rate is not None:
        format = formats.FORMATS[output.format]
        rate = formats.sample_rate_for(format, output.sample_rate, native)
        formats.bit_rate_for(format, output.bit_rate, rate)


class _Speaker:
    """An engine with a voice and options: what most rows share."""

    def __init__(self, engine: Engine, voice: Voice, options: Mapping[str, OptionValue]) -> None:
        self.engine, self.voice = engine, voice
        self.options = {name: v for name, v in options.items() if v != engine.options[name].default}
        self.fingerprint = engine.fingerprint(voice.key)

    def language(self, wanted: str | None) -> str:
        """The canonical tag to speak in."""
        spoken = self.engine.speaks(self.voice)
        if wanted is None:
            own = [tag for tag in self.voice.languages if _among(tag, spoken)]
            first = next(iter((*own, *spoken)), "*")
            return "en" if first == "*" else first
        if not _among(wanted, spoken):
            who = f"engine {self.engine.name!r}"
            if spoken != self.engine.languages:
                who = f"voice {self.voice.name!r} of {who}"
            problem = f"{who} does not speak {wanted!r} (languages: {', '.join(spoken)})"
            raise UnsupportedOption(problem + offers.of_language(wanted, self.engine.name))
        return wanted

    def speed(self, wanted: float) -> float:
        slowest, fastest = self.engine.speeds
        if not slowest <= wanted <= fastest:
            raise UnsupportedOption(
                f"speed {wanted:g} is out of range: engine {self.engine.name!r} speaks at {slowest:g} to {fastest:g}"
            )
        return float(wanted)


@lru_cache(maxsize=256)
def _speaker(
    engine: str,
    model: str | None,
    voice: str | None,
    options: tuple[tuple[str, OptionValue], ...],
    device: str,
) -> _Speaker:
    # Weights are looked at once in a process: finding them again costs ten times as much as serving a clip.
    kind = engines.find(engine)
    with engines.Guard(engine):
        return _chosen(kind(model, device=device), engine, voice, options)


def _chosen(
    chosen: Engine, engine: str, voice: str | None, options: tuple[tuple[str, OptionValue], ...]
) -> _Speaker:
    engines.require(chosen)
    if (terms := chosen.terms()) and not catalogue.accepted(terms):
        raise LicenceNotAccepted(
            f"the weights of {engine!r} are under {terms}: read it, then run  voxpress models accept {engine}"
        )
    try:
        speaking = chosen.voice(voice)
    except UnknownVoice as error:
        elsewhere = offers.of_voice(voice) if voice else ""
        raise UnknownVoice(error.problem + elsewhere, place=error.place, field=error.field) from error
    return _Speaker(chosen, speaking, chosen.checked(dict(options)))


def _among(wanted: str, languages: Sequence[str]) -> bool:
    base = wanted.lower().partition("-")[0]
    return any(tag == "*" or tag.lower().partition("-")[0] == base for tag in languages)


def _literal(path: str) -> str:
    return path.replace("{", "{{").replace("}", "}}")


def _output(wanted: formats.Format, files: Sequence[tuple[str, Output]]) -> Output:
    """A row that names its file or format gets that one file, finished like the others."""
    same = [output for _, output in files if output.format == wanted.name]
    if same:
        return same[0]
    return msgspec.structs.replace(files[0][1], format=wanted.name, sample_rate=None, bit_rate=None)


def _filled(template: str, row: Utterance, output: Output) -> str:
    if not (row.id or row.file):
        raise InputError("the row has neither an id nor a file, so its file has no name")
    extension = formats.FORMATS[output.format].extension
    if template == ONE_FILE:
        return f"{row.id}.{extension}"
    id = row.id.rpartition(".")[0] if audio_extension(row.id) else row.id
    folder, slash, name = id.rpartition("/")
    return template.format(
        id=id,
        folder=folder + slash,
        name=name,
        extension=extension,
        rate=output.sample_rate or "",
    )
