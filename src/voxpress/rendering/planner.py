"""What a render has to do for each row: segments, keys and files, found without speaking and without the store."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from voxpress import engines, formats, languages, text, validation
from voxpress.engines import Engine
from voxpress.errors import (
    InputError,
    LicenceNotAccepted,
    SpeechError,
    UnknownVoice,
    UnsupportedOption,
    show,
    suggest,
)
from voxpress.files.paths import Paths, audio_extension, named_file, require_extension, safe_path
from voxpress.marks import FORMATS, Script, check_formats, identify
from voxpress.models import catalogue
from voxpress.rendering import offers, sounds, templates
from voxpress.rendering.output import OutputFolder
from voxpress.rendering.plan import (
    Assignment,
    Bad,
    PlacedSound,
    Plan,
    Planned,
    Played,
    Recipe,
    RecipePart,
    Sidecar,
    Target,
    Unchanged,
    Within,
    place_error,
)
from voxpress.speech import Hertz, OptionValue, Output, Segment, Speaker, Utterance, Voice
from voxpress.store.keys import clip_key, request_key, take_key
from voxpress.text import Bookmark, FrontEnd, Part, Pause, Say, carrier
from voxpress.text.front_end import Reader, Spoken
from voxpress.text.lexicon import read as read_lexicon
from voxpress.text.passage import Change, Passage
from voxpress.voices import references

DEFAULT_ENGINE = "piper"
ONE_FILE = "{id}.{extension}"
SLOWEST, FASTEST = 0.25, 4.0
"""Speeds, with every engine: OpenAI's range."""

_MOST_READERS = 1024
_MOST_KNOWN, _LONGEST_KNOWN = 4096, 500

Row: TypeAlias = Utterance | SpeechError | Mapping[str, object] | str
"""What somebody gives to be rendered: an utterance, the fields of one, a text, or what was wrong where it was read."""


class Planner:
    """Plans utterances, with defaults for what they leave open.

    Args:
        speaker: the defaults; None: those of voxpress. A row that names another engine gets that engine's own model,
            voice and options.
        files: what each utterance becomes: path template and output. None: one file of `format`.
        format: of the one file, where `files` is not given; None: wav, or what an id's extension says.
        front_end: how texts are read.
        cast: speakers by the names that rows and texts give them.
        beside: the folder of the manifest, where the lexicons of rows and the sounds of texts lie; None: they can name
            none.
        marks: formats of the files with marks that lie beside each row's files.
        others as in `voxpress.render`.

    >>> Planner(Speaker(engine="tone")).plan(Utterance(id="hi", text="Hello.")).targets[0].path
    'hi.wav'

    Raises:
        InputError: an argument cannot be so, or two of them contradict each other.
    """

    def __init__(
        self,
        speaker: Speaker | None = None,
        *,
        device: str = "auto",
        carrier: bool | None = None,
        format: str | None = None,
        files: Sequence[tuple[str, Output]] | None = None,
        front_end: FrontEnd = FrontEnd(),  # noqa: B008 - it cannot be changed
        cast: Mapping[str, Speaker] | None = None,
        beside: str | os.PathLike[str] | None = None,
        marks: Sequence[str] = (),
    ) -> None:
        if speaker is None:
            speaker = Speaker()
        if not isinstance(speaker, Speaker):
            raise InputError(f"must be a Speaker, not {show(speaker)}", field="speaker")
        validation.check(
            {"device": device, "carrier": carrier, "format": format}, optional=("carrier", "format")
        )
        self._default = speaker.over(Speaker(engine=DEFAULT_ENGINE, speed=1.0, seed=0))
        self._device, self._carrier, self._front_end = device, carrier, front_end
        self._beside = None if beside is None else os.fspath(beside)
        self._front_ends: dict[tuple[str, str | None], FrontEnd] = {}
        self._cast = check_cast({} if cast is None else cast)
        self._files = _check_files(format, files)
        self._own_files = files is not None
        self._marks = check_formats(marks)
        self._format = formats.format_named(format) if format else None
        self._readers: dict[tuple[object, ...], _Reader] = {}

    def plan_all(
        self, rows: Iterable[Row], *, filed: bool = True, known: OutputFolder | None = None
    ) -> Iterator[Planned]:
        """Plan each row; two rows for one file are an error of the second.

        Args:
            known: the output folder; what stands there, and was asked for by the same request, is not read again.
        """
        paths = Paths()
        for number, given in enumerate(rows):
            row = _read_row(given)
            if isinstance(row, SpeechError):
                yield Bad(number, None, row)
                continue
            planned = self._find_unchanged(row, number, known) or self.plan(row, number, filed=filed)
            if filed and isinstance(planned, Plan | Unchanged):
                for path in planned.paths:
                    first = paths.take(path, number)
                    if first is not None:
                        problem = (
                            f"{path!r} is also the file of row {first + 1}, or a folder that it needs, or in a"
                            " folder of its name (case does not count)"
                        )
                        planned = Bad(number, row, place_error(InputError(problem), row))
                        break
            yield planned

    def _find_unchanged(self, row: Utterance, number: int, folder: OutputFolder | None) -> Unchanged | None:
        """The row as its files stand in the folder, if it asks for what it asked for when they were made."""
        reader = None if folder is None else self._known(row, None)
        if folder is None or reader is None or row.markup == "ssml":
            return None
        try:
            targets = self._place(row, reader.language, filed=True)
            front_end = self._front_end_of(row)
        except SpeechError:
            return None  # the plan says what is wrong
        clips, segments = [], 0
        beside = _name_sidecars([path for path, _ in targets], self._marks)
        for (path, output), sidecars in zip(targets, beside, strict=True):
            request = reader.identify(row, front_end, output)
            found = folder.holds_request(path, request, output.format)
            if found is None or output.limit_exceeded(found[0]):
                return None
            if not all(folder.holds_request(place, request, name) for place, name in sidecars):
                return None
            clips.append(found[0])
            segments = found[1]
        files = tuple(path for path, _ in targets)
        return Unchanged(
            number=number,
            utterance=row,
            engine=reader.engine,
            voice=reader.voice.name,
            language=reader.language,
            clips=tuple(clips),
            files=files,
            paths=(*files, *(place for sidecars in beside for place, _ in sidecars)),
            segments=segments,
        )

    def plan(self, utterance: Utterance, number: int = 0, *, filed: bool = True) -> Plan | Bad:
        """The plan of one utterance, or what is wrong with it.

        Args:
            filed: whether its files go to an output folder, and so need names.

        Raises:
            InputError, EngineError: the defaults cannot be used, whatever the row.
        """
        try:
            scenes = text.parse(utterance.text, utterance.markup, lenient=self._front_end.lenient)
            first = next((self._speaker(utterance, part) for part in scenes if isinstance(part, Say)), None)
        except SpeechError as error:
            return Bad(number, utterance, place_error(error, utterance))
        except Exception as error:  # the edge of a text: what nobody foresaw costs its row, and no other
            return Bad(number, utterance, place_error(_explain_unforeseen(error), utterance))
        try:
            if self._known(utterance, first) is None:
                self._choose(self._ask(utterance, first))
        except SpeechError as error:
            if not (
                first
                or utterance.speaker
                or utterance.engine
                or utterance.model
                or utterance.voice
                or utterance.options
            ):
                raise  # the defaults are wrong, and so would be every row
            return Bad(number, utterance, place_error(error, utterance))
        try:
            return self._plan(utterance, scenes, self._reader(utterance, first), number, filed)
        except SpeechError as error:
            return Bad(number, utterance, place_error(error, utterance))
        except Exception as error:  # as above
            return Bad(number, utterance, place_error(_explain_unforeseen(error), utterance))

    def _reader(self, row: Utterance, speaker: Speaker | None = None) -> _Reader:
        """Who reads a row, or a part of it that another speaker says."""
        if known := self._known(row, speaker):
            return known
        asked = self._ask(row, speaker)
        assert asked.speed is not None
        assert asked.seed is not None
        chosen = self._choose(asked)
        engine = chosen.engine
        with engines.Guard(engine.name):
            language = _choose_language(engine, chosen.voice, asked.language)
            longest = engine.longest(chosen.voice, language)
        wanted = engine.carried if self._carrier is None else self._carrier
        reader = _Reader(
            *chosen,
            language=language,
            speed=_check_speed(asked.speed),
            seed=asked.seed,
            longest=longest,
            carried=wanted and engine.timed,
            identity=repr(
                (
                    chosen.fingerprint,
                    chosen.voice.key,
                    language,
                    dict(chosen.options),
                    asked.speed,
                    asked.seed,
                    longest,
                    wanted and engine.timed,
                )
            ),
        )
        if len(self._readers) >= _MOST_READERS:
            self._readers.clear()
        self._readers[_identify(row), speaker and _identify(speaker)] = reader
        return reader

    def _speaker(self, row: Utterance, words: Say) -> Speaker | None:
        """Who says some words of a row, where that is not who reads the row."""
        if words.rate == 1:
            return words.speaker
        speed = self._ask(row, words.speaker).speed
        assert speed is not None
        return replace(words.speaker or Speaker(), speed=speed * words.rate)

    def _known(self, row: Utterance, speaker: Speaker | None) -> _Reader | None:
        known = self._readers.get((_identify(row), speaker and _identify(speaker)))
        return known if known and _stands(known.voice) else None

    def _ask(self, row: Utterance, speaker: Speaker | None) -> Speaker:
        """All that is known of who speaks."""
        asked = Speaker.of(row)
        if row.speaker is not None:
            asked = asked.over(self._find(row.speaker))
        if speaker is not None:
            asked = self._find_voice(speaker).over(asked)
        return asked.over(self._default)

    def _front_end_of(self, row: Utterance) -> FrontEnd:
        """How a row is read. A lexicon of its own comes before all others."""
        asked = row.lexicon, row.normalise
        if asked == ("", None):
            return self._front_end
        if asked not in self._front_ends:
            lexicon = self._front_end.lexicon
            if row.lexicon:
                if self._beside is None:
                    raise InputError("lies beside a manifest, and there is none", field="lexicon")
                lexicon = read_lexicon(os.path.join(self._beside, safe_path(row.lexicon))).over(lexicon)
            normalise = row.normalise or self._front_end.normalise
            self._front_ends[asked] = replace(self._front_end, lexicon=lexicon, normalise=normalise)
        return self._front_ends[asked]

    def _find(self, speaker: str | Speaker) -> Speaker:
        """A member of the cast."""
        if isinstance(speaker, Speaker):
            return speaker
        if speaker in self._cast:
            return self._cast[speaker]
        problem = f"no {speaker!r} in the cast{suggest(speaker, self._cast)}"
        known = ", ".join(self._cast) or "nobody: a [cast] table names speakers"
        raise InputError(f"{problem} (cast: {known})", field="speaker")

    def _find_voice(self, speaker: Speaker) -> Speaker:
        """A speaker within a text, whose voice may be a name of the cast."""
        if speaker.engine or speaker.voice not in self._cast:
            return speaker
        return msgspec.structs.replace(speaker, voice=None).over(self._cast[speaker.voice])

    def _choose(self, asked: Speaker) -> _Chosen:
        assert asked.engine
        identity = (asked.engine, asked.model, asked.voice, _typed(asked.options), self._device)
        chosen = _choose(*identity)
        if _stands(chosen.voice):
            return chosen
        _choose.cache_clear()
        return _choose(*identity)

    def _plan(self, row: Utterance, scenes: Sequence[Part], lead: _Reader, number: int, filed: bool) -> Plan:
        parts: list[RecipePart] = []
        takes: dict[str, Assignment] = {}
        words: list[Passage] = []
        left_out: Counter[tuple[str, str]] = Counter()
        changes: list[Change] = []
        told: list[str] = []
        front_end = self._front_end_of(row)
        for scene in sounds.place_all(scenes, self._beside, told):
            if not isinstance(scene, Say):
                parts.append(_pace(scene, lead.speed))
                continue
            bookmarks = deque(scene.bookmarks)
            reader = self._reader(row, self._speaker(row, scene))
            spoken = _read(scene, reader, front_end)
            for part in spoken.parts:
                if not isinstance(part, Say):
                    parts.append(_pace(part, reader.speed))
                    continue
                take = Assignment(reader.engine, reader.fingerprint, reader.segment(part))
                key = take_key(take.fingerprint, take.segment)
                takes[key] = take
                words.append(part.words)
                plain = not part.gain and reader.speed == 1.0
                parts += _place_bookmarks(bookmarks, part.words)
                parts.append(key if plain else Played(key, part.gain, reader.speed))
            parts += [Bookmark(name) for _, name in bookmarks]
            left_out.update(spoken.left_out)
            changes += spoken.changes
        notes = (*told, *text.make_notes(row.text, row.markup, left_out))
        if all(isinstance(part, Bookmark) for part in parts):
            raise text.nothing_to_speak(row.text, left_out)
        rate = max((take.engine.sample_rate for take in takes.values()), default=lead.engine.sample_rate)
        script = Script(row.text, tuple(words))
        known = [replace(part, path="") if isinstance(part, PlacedSound) else part for part in parts]
        # Notes are told each time, and what else a text in SSML names may have changed.
        again = bool(notes) or row.markup == "ssml"
        placed = self._place(row, lead.language, filed=filed)
        targets = []
        for (path, output), beside in zip(
            placed, _name_sidecars([path for path, _ in placed], self._marks), strict=True
        ):
            _check_bit_rate(output, rate)
            clip = clip_key(known, output)
            sidecars = tuple(Sidecar(place, name, identify(name, clip, script)) for place, name in beside)
            request = "" if again or not filed else lead.identify(row, front_end, output)
            targets.append(Target(path, output, clip, sidecars, request))
        return Plan(
            number=number,
            utterance=row,
            engine=lead.engine,
            voice=lead.voice.name,
            language=lead.language,
            recipe=Recipe(tuple(parts), tuple(targets), rate, script),
            takes=takes,
            notes=notes,
            changes=tuple(changes),
        )

    def _place(self, row: Utterance, language: str, *, filed: bool) -> list[tuple[str, Output]]:
        """Path and output of each file."""
        placed = []
        for path, output in self._files_of(row, filed):
            if formats.FORMATS[output.format].tags:
                output = (
                    replace(output, title=row.title, language=language)
                    if row.title
                    else _tag(output, language)
                )
            placed.append((safe_path(_fill(path, row, output)) if filed else "", output))
        return placed

    def _files_of(self, row: Utterance, filed: bool) -> Sequence[tuple[str, Output]]:
        """Template and output of each file. An extension of audio in the row's file or id says the format."""
        if row.file:
            wanted = formats.format_named(row.format) if row.format else formats.format_for(row.file)
            require_extension(row.file, wanted)
            return [(_escape(row.file), _choose_output(wanted, self._files))]
        asked = formats.format_named(row.format) if row.format else None
        if not filed or not audio_extension(row.id):
            return [(ONE_FILE, _choose_output(asked, self._files))] if asked else self._files
        if self._own_files and not asked:
            for _, output in self._files:
                require_extension(row.id, formats.FORMATS[output.format])
            return self._files
        named = asked or self._format or formats.format_for(row.id)
        return [(_escape(named_file(row.id, named.name)), _choose_output(named, self._files))]


def check_cast(cast: object) -> dict[str, Speaker]:
    """A cast that was given as a mapping, checked.

    >>> check_cast({"Alice": Speaker(engine="tone", voice="high")})
    {'Alice': Speaker(engine='tone', voice='high')}

    Raises:
        InputError: it maps anything but names to speakers.
    """
    if not isinstance(cast, Mapping):
        raise InputError(f"must be names with a Speaker each, not {show(cast)}", field="cast")
    for name, speaker in cast.items():
        validation.check({"speaker": name})
        if not isinstance(speaker, Speaker):
            raise InputError(f"must be a Speaker, not {show(speaker)}", field=f"cast.{name}")
    return dict(cast)


def _check_files(
    format: str | None, files: Sequence[tuple[str, Output]] | None
) -> tuple[tuple[str, Output], ...]:
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
                f"must be pairs of a path template and an Output, not {show(each)}", field="files"
            )
    # A clip that stays in the store has no path.
    return tuple((_template(path, output) if path else "", output) for path, output in files)


def _template(path: str, output: Output) -> str:
    resolved = templates.resolve(path, output)
    require_extension(resolved, formats.FORMATS[output.format])
    return resolved


def _read_row(row: Row) -> Utterance | SpeechError:
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
    return InputError(f"a row must be an Utterance, a mapping of its fields, or a text, not {show(row)}")


def _place_bookmarks(waiting: deque[tuple[int, str]], words: Passage) -> Iterator[Bookmark | Within]:
    """The bookmarks that stand in the words of a take, or before them; takes them from those that wait."""
    end = words.source(0, len(words))[1]
    while waiting and waiting[0][0] < end:
        at, name = waiting.popleft()
        before = len(words.text[: bisect_left(words.starts, at)].split())
        yield Within(name, before, len(words.text.split())) if before else Bookmark(name)


def _check_bit_rate(output: Output, native: Hertz) -> None:
    """Find out before anything is spoken, not when it is encoded.

    Raises:
        UnsupportedOption: the format cannot have that bit rate at the rate that it will have.
    """
    if output.bit_rate is not None:
        format = formats.FORMATS[output.format]
        rate = formats.sample_rate_for(format, output.sample_rate, native)
        formats.bit_rate_for(format, output.bit_rate, rate)


class _Chosen(NamedTuple):
    """An engine with a voice and options: what most rows share."""

    engine: Engine
    voice: Voice
    options: Mapping[str, OptionValue]
    """What differs from the engine's defaults."""
    fingerprint: str


class _Reader(NamedTuple):
    """Who reads a row, and how: all that its speaker says, found and checked."""

    engine: Engine
    voice: Voice
    options: Mapping[str, OptionValue]
    fingerprint: str
    language: str
    speed: float
    seed: int
    longest: int
    carried: bool
    identity: str
    """All of it in words, for digests."""

    def identify(self, row: Utterance, front_end: FrontEnd, output: Output) -> str:
        """A digest of all that decides a file: a row with the same one need not be read again."""
        asked = (self.identity, front_end.fingerprint(self.language), row.markup, row.text)
        return request_key(asked, output)

    @property
    def of_text(self) -> Reader:
        """What the front end has to know."""
        engine = self.engine

        def find_silent(words: str) -> Sequence[str]:
            with engines.Guard(engine.name):
                return engine.unspeakable(words, self.voice, self.language)

        return Reader(
            language=self.language,
            max_chars=self.longest,
            engine=engine.name,
            voice=self.voice.name,
            misread=engine.misread,
            find_silent=find_silent,
            takes_phonemes=engine.takes_phonemes,
            every_language="*" in engine.speaks(self.voice),
        )

    def segment(self, words: Say) -> Segment:
        """What the engine is to speak.

        Raises:
            UnsupportedOption: sounds are given that the voice cannot speak.
        """
        phonemes = words.words.phonemes or None
        for each in phonemes or ():
            self._check_sounds(each.ipa, words.text[each.start : each.end])
        return Segment(
            text=words.text,
            voice=self.voice.key,
            language=self.language,
            speed=self.speed,
            seed=self.seed,
            options=self.options,
            carrier=carrier.phrase(words.text, self.language) if self.carried and not phonemes else None,
            phonemes=phonemes,
        )

    def _check_sounds(self, ipa: str, word: str) -> None:
        if not self.engine.takes_phonemes:
            raise UnsupportedOption(
                f"{self.engine.name} takes no sounds: give {word!r} a spelled form in place of /{ipa}/"
            )
        with engines.Guard(self.engine.name):
            missing = self.engine.unspeakable_sounds(ipa, self.voice, self.language)
        if missing:
            raise UnsupportedOption(
                f"the voice {self.voice.name!r} of {self.engine.name} has no sound {', '.join(map(repr, missing))}:"
                f" /{ipa}/ for {word!r} needs another one in its place"
            )


_known_readings: dict[tuple[str, str, str], Spoken] = {}
"""What short plain texts are read as: serving a clip again takes less time than reading its text."""


def _explain_unforeseen(error: Exception) -> SpeechError:
    return SpeechError(f"the text could not be read, which is a fault of voxpress: {engines.describe(error)}")


def _read(words: Say, reader: _Reader, front_end: FrontEnd) -> Spoken:
    """The segments of some words of a row; the same words are read once."""
    if len(words.words) > _LONGEST_KNOWN or words != Say.of(words.text):
        return front_end.read(words, reader.of_text)
    asked = (words.text, reader.identity, front_end.fingerprint(reader.language))
    known = _known_readings.get(asked)
    if known is None:
        known = front_end.read(words, reader.of_text)
        if len(_known_readings) >= _MOST_KNOWN:
            _known_readings.clear()
        _known_readings[asked] = known
    return known


def _identify(row: Utterance | Speaker) -> tuple[object, ...]:
    """What a row says of its speaker. Options as text: 1, 1.0 and true are not the same option."""
    options = repr(row.options) if row.options else ""
    given = row.speaker if isinstance(row, Utterance) else None
    who = _identify(given) if isinstance(given, Speaker) else given
    return who, row.engine, row.model, row.voice, row.language, row.speed, row.seed, options


def _typed(options: Mapping[str, OptionValue]) -> tuple[tuple[str, OptionValue, type], ...]:
    """Options as a key of a cache, in which 1, 1.0 and true differ."""
    return tuple((name, value, type(value)) for name, value in options.items())


@lru_cache(maxsize=1024)
def _tag(output: Output, language: str) -> Output:
    """An output whose tags name the language: one for all rows without a title."""
    return replace(output, title="", language=language)


@lru_cache(maxsize=256)
def _choose(
    engine: str,
    model: str | None,
    voice: str | None,
    options: tuple[tuple[str, OptionValue, type], ...],
    device: str,
) -> _Chosen:
    # Weights are looked at once in a process: finding them again costs ten times as much as serving a clip.
    kind = engines.find(engine)
    with engines.Guard(engine):
        given = {name: value for name, value, _ in options}
        return _with_voice(kind(model, device=device), engine, voice, given)


def _with_voice(
    chosen: Engine, engine: str, voice: str | None, options: Mapping[str, OptionValue]
) -> _Chosen:
    engines.require(chosen)
    if (terms := chosen.terms()) and not catalogue.is_accepted(terms):
        raise LicenceNotAccepted(
            f"the weights of {engine!r} are under {terms}: read it, then run  voxpress models accept {engine}"
        )
    try:
        speaking = chosen.voice(voice)
    except UnknownVoice as error:
        elsewhere = offers.of_voice(voice) if voice else ""
        raise UnknownVoice(error.problem + elsewhere, place=error.place, field=error.field) from error
    checked = chosen.checked(options)
    changed = {name: value for name, value in checked.items() if value != chosen.options[name].default}
    return _Chosen(chosen, speaking, changed, chosen.fingerprint(speaking.key))


def _stands(voice: Voice) -> bool:
    """Whether a cloned voice is still what it was when it was found."""
    return not voice.reference or references.stands(voice)


def _choose_language(engine: Engine, voice: Voice, wanted: str | None) -> str:
    """The canonical tag to speak in."""
    spoken = engine.speaks(voice)
    if wanted is None:
        own = [tag for tag in voice.languages if languages.covers(spoken, tag)]
        first = next(iter((*own, *spoken)), "*")
        return "en" if first == "*" else first
    if not languages.covers(spoken, wanted):
        who = f"engine {engine.name!r}"
        if spoken != engine.languages:
            who = f"voice {voice.name!r} of {who}"
        problem = f"{who} does not speak {wanted!r} (languages: {', '.join(spoken)})"
        raise UnsupportedOption(problem + offers.of_language(wanted, engine.name))
    return wanted


def _check_speed(wanted: float) -> float:
    if not SLOWEST <= wanted <= FASTEST:
        raise UnsupportedOption(
            f"speed {wanted:g} is out of range: voxpress speaks at {SLOWEST:g} to {FASTEST:g}"
        )
    return wanted


def _name_sidecars(paths: Sequence[str], formats: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Path and format of the files of marks beside each file. Files of one name share them: they say the same."""
    named: list[list[tuple[str, str]]] = []
    stems: set[str] = set()
    for path in paths:
        stem = os.path.splitext(path)[0]
        fresh = formats if not stem or stem not in stems else ()
        named.append([(f"{stem}.{FORMATS[name].extension}" if stem else "", name) for name in fresh])
        stems.add(stem)
    return named


def _pace(part: RecipePart, speed: float) -> RecipePart:
    """A pause belongs to the time of the words around it; what has a duration of its own keeps it."""
    return Pause(part.after, speed) if isinstance(part, Pause) else part


def _escape(path: str) -> str:
    return path.replace("{", "{{").replace("}", "}}")


def _choose_output(wanted: formats.Format, files: Sequence[tuple[str, Output]]) -> Output:
    """A row that names its file or format gets that one file, finished like the others."""
    same = [output for _, output in files if output.format == wanted.name]
    if same:
        return same[0]
    return replace(files[0][1], format=wanted.name, sample_rate=None, bit_rate=None)


def _fill(template: str, row: Utterance, output: Output) -> str:
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
