"""What a render has to do for each row: segments, keys and files, found without speaking and without the store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from voxpress import engines, text, validation
from voxpress.errors import (
    InputError,
    SpeechError,
    show,
)
from voxpress.files import formats
from voxpress.files.names import NameRule, Names
from voxpress.files.paths import Paths, audio_extension, named_file, require_extension, safe_path
from voxpress.marks import FORMATS, Script, check_formats, identify
from voxpress.rendering import chimes, templates
from voxpress.rendering.batches import Batches
from voxpress.rendering.beside import FilesBeside
from voxpress.rendering.casting import Casting, Narrator
from voxpress.rendering.chimes import Chime
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.plan import (
    Bad,
    PlacedChime,
    PlacedSound,
    Plan,
    Planned,
    Recipe,
    Sidecar,
    Skipped,
    Target,
    Unchanged,
    place_error,
)
from voxpress.rendering.recipes import RecipeBuilder
from voxpress.speech import Hertz, Output, Seconds, Speaker, Utterance
from voxpress.store.keys import clip_key
from voxpress.text import Bookmark, FrontEnd, Note, Pause, Say, Scene, Silence, Sound
from voxpress.text.front_end import Spoken
from voxpress.text.lexicon import Lexicon

ONE_FILE = "{id}.{extension}"
_MOST_KNOWN, _LONGEST_KNOWN = 4096, 500
_JOINT: Seconds = 0.03
"""Silence at an end that goes on: what is heard there follows at once."""

Row: TypeAlias = Utterance | SpeechError | Mapping[str, object] | str
"""What somebody gives to be rendered: an utterance, the fields of one, a text, or what was wrong where it was read."""


class _DefaultsAreWrong(Exception):
    """What a render leaves open cannot be filled, whatever the row."""

    def __init__(self, error: SpeechError) -> None:
        super().__init__(str(error))
        self.error = error


class _Asked(NamedTuple):
    """What a row asks of the output folder.

    Attributes:
        outputs: path, output and request of each file, and its sidecars with their formats.
        files: their paths.
        paths: these, and those of the sidecars.
    """

    narrator: Narrator
    outputs: Sequence[tuple[str, Output, str, Sequence[tuple[str, str]]]]
    files: tuple[str, ...]
    paths: tuple[str, ...]


_PLACED = (PlacedSound, PlacedChime)
"""Parts that a key knows without the path of their file."""


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
        names: what the names of files must be like.
        before, after: what is heard around each text.
        continuation: as for `Casting`.
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
        continuation: bool | None = False,
        format: str | None = None,
        files: Sequence[tuple[str, Output]] | None = None,
        front_end: FrontEnd = FrontEnd(),  # noqa: B008 - it cannot be changed
        cast: Mapping[str, Speaker] | None = None,
        beside: str | os.PathLike[str] | None = None,
        marks: Sequence[str] = (),
        names: Sequence[NameRule] = (),
        before: Chime | PlacedChime | str | None = None,
        after: Chime | PlacedChime | str | None = None,
    ) -> None:
        if speaker is None:
            speaker = Speaker()
        if not isinstance(speaker, Speaker):
            raise InputError(f"must be a Speaker, not {show(speaker)}", field="speaker")
        validation.check(
            {"device": device, "carrier": carrier, "continuation": continuation, "format": format},
            optional=("carrier", "continuation", "format"),
        )
        self._casting = Casting(speaker, cast=cast, device=device, carrier=carrier, continuation=continuation)
        self._continuation = continuation
        self._front_end = front_end
        self._files_beside = FilesBeside(None if beside is None else os.fspath(beside))
        self._front_ends: dict[tuple[str, str | None], FrontEnd] = {}
        self._files = _check_files(format, files)
        self._own_files = files is not None
        self._names_hash = any(templates.names_hash(template) for template, _ in self._files)
        self._marks = check_formats(marks)
        self._names = names
        self._before, self._after = chimes.place(before, "before"), chimes.place(after, "after")
        self._around = tuple(
            f"{each.side} {each.sound} {each.gain} {each.gap}" for each in (self._before, self._after) if each
        )
        self._format = formats.format_named(format) if format else None

    @property
    def files(self) -> Sequence[tuple[str, Output]]:
        """Path template and output of each file that a row becomes, unless the row says otherwise."""
        return self._files

    def plan_all(
        self, rows: Iterable[Row], *, filed: bool = True, known: OutputFolder | None = None
    ) -> Iterator[Planned]:
        """Plan each row; two rows for one file are an error of the second.

        Args:
            known: the output folder; what stands there, and was asked for by the same request, is not read again.
        """
        planned = self.plan_some(rows, lambda row: True, filed=filed, known=known)
        return (plan for plan in planned if not isinstance(plan, Skipped))

    def plan_some(
        self,
        rows: Iterable[Row],
        wanted: Callable[[Utterance], bool],
        *,
        filed: bool = True,
        known: OutputFolder | None = None,
    ) -> Iterator[Planned | Skipped]:
        """Plan the rows that are wanted, as `plan_all` does. Of the others, only the files are named."""
        for chime in (self._before, self._after):
            chimes.require_usable(chime)
        paths, names = Paths(), Names(self._names)
        for number, (row, asked) in enumerate(self._look_ahead(rows, wanted, known)):
            if isinstance(row, SpeechError):
                yield Bad(number, None, row)
                continue
            if not wanted(row):
                files = self.name_files(row)
                beside = [place for each in _name_sidecars(files, self._marks) for place, _ in each]
                skipped = Skipped(number=number, utterance=row, files=files, paths=(*files, *beside))
                for path in skipped.paths:
                    paths.take(path, number)
                for path in files:
                    names.check(path)
                yield skipped
                continue
            planned = self._find_unchanged(row, number, asked, known) or self.plan(row, number, filed=filed)
            if filed and isinstance(planned, Plan | Unchanged):
                for path in planned.paths:
                    first = paths.take(path, number)
                    if first is not None:
                        problem = (
                            f"{path!r} is also the file of row {first + 1}, or a folder that it needs, or in a"
                            " folder of its name (case does not count); give the rows different ids, or put them into"
                            " one row of SSML"
                        )
                        planned = Bad(number, row, place_error(InputError(problem), row))
                        break
                else:
                    planned = _require_names(planned, names)
            yield planned

    def name_files(self, row: Utterance) -> tuple[str, ...]:
        """Paths of a row's files in an output folder; none where they depend on what is in the files, or cannot be.

        >>> Planner().name_files(Utterance(id="menu/main", text="Press one."))
        ('menu/main.wav',)
        """
        if self._names_hash:
            return ()
        try:
            return tuple(_fill(template, row) for template, _ in self._files_of(row, filed=True))
        except SpeechError:
            return ()

    def _look_ahead(
        self, rows: Iterable[Row], wanted: Callable[[Utterance], bool], folder: OutputFolder | None
    ) -> Iterator[tuple[Utterance | SpeechError, _Asked | None]]:
        """Each row, and what it asks of `folder`, which has looked at the files of many rows at once."""
        if folder is None or not folder.at_once:
            for given in rows:
                row = _read_row(given)
                yield row, self._ask(row) if folder and isinstance(row, Utterance) and wanted(row) else None
            return
        for batch in Batches(map(_read_row, rows), known=False, most=folder.at_once):
            asked = [self._ask(row) if isinstance(row, Utterance) and wanted(row) else None for row in batch]
            folder.look(path for each in asked if each for path in each.paths)
            yield from zip(batch, asked, strict=True)

    def _ask(self, row: Utterance) -> _Asked | None:
        """What the files of a row must be to stand as wanted; None where that is known only once it was read."""
        narrator = self._casting.known(row)
        if narrator is None or row.markup == "ssml" or self._names_hash:
            return None
        try:
            targets = [
                (_fill(template, row), output)
                for template, output in self._choose_files(row, narrator.language, filed=True)
            ]
            front_end = self._front_end_of(row)
        except SpeechError:
            return None  # the plan says what is wrong
        files = tuple([path for path, _ in targets])
        beside = _name_sidecars(files, self._marks)
        asked = [
            (path, output, narrator.identify(row, front_end, output, self._around), sidecars)
            for (path, output), sidecars in zip(targets, beside, strict=True)
        ]
        paths = (*files, *[place for sidecars in beside for place, _ in sidecars])
        return _Asked(narrator, asked, files, paths)

    def _find_unchanged(
        self, row: Utterance, number: int, asked: _Asked | None, folder: OutputFolder | None
    ) -> Unchanged | None:
        """The row as its files stand in the folder, if it asks for what it asked for when they were made."""
        if asked is None or folder is None:
            return None
        clips, segments = [], 0
        for path, output, request, sidecars in asked.outputs:
            found = folder.holds_request(path, request, output.format)
            if found is None or output.limit_exceeded(found[0]):
                return None
            if not all(folder.holds_request(place, request, name) for place, name in sidecars):
                return None
            clips.append(found[0])
            segments = found[1]
        narrator = asked.narrator
        return Unchanged(
            number=number,
            utterance=row,
            engine=narrator.engine,
            voice=narrator.voice.name,
            language=narrator.language,
            clips=tuple(clips),
            files=asked.files,
            paths=asked.paths,
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
            return self._plan(utterance, number, filed)
        except _DefaultsAreWrong as wrong:
            raise wrong.error from None
        except SpeechError as error:
            problem = error
        except Exception as error:  # the edge of a row: what nobody foresaw costs no other
            found = engines.describe(error)
            problem = SpeechError(f"the text could not be read, which is a fault of voxpress: {found}")
        return Bad(number, utterance, place_error(problem, utterance))

    def require(self, speaker: str) -> None:
        """See that a member of the cast can speak.

        Raises:
            InputError, EngineError: they cannot.
        """
        self._casting.find(Utterance(text="One.", speaker=speaker))

    def _find_lead(self, row: Utterance, speaker: Speaker | None) -> Narrator:
        """Who reads the row, or its first words.

        Raises:
            _DefaultsAreWrong: they cannot be had, and so it would be for every row.
        """
        if known := self._casting.known(row, speaker):
            return known
        try:
            choice = self._casting.choose(row, speaker)
        except SpeechError as error:
            if speaker or row.speaker or row.engine or row.model or row.voice or row.options:
                raise
            raise _DefaultsAreWrong(error) from error
        return self._casting.find(row, speaker, choice)

    def _front_end_of(self, row: Utterance) -> FrontEnd:
        """How a row is read. A lexicon of its own comes before all others."""
        asked = row.lexicon, row.normalise
        if asked == ("", None):
            return self._front_end
        if asked not in self._front_ends:
            if row.lexicon and self._files_beside.folder is None:
                raise InputError("lies beside a manifest, and there is none", field="lexicon")
            own = self._files_beside.find_lexicon(row.lexicon) if row.lexicon else None
            self._front_ends[asked] = self._front_end.narrow(own, row.normalise)
        return self._front_ends[asked]

    def _plan(self, row: Utterance, number: int, filed: bool) -> Plan:
        front_end = self._front_end_of(row)
        scenes = text.parse(row.text, row.markup, lenient=front_end.lenient)
        first = next((part for part in scenes if isinstance(part, Say)), None)
        told: list[str] = []

        def name_speaker(words: Say) -> Speaker | None:
            return self._casting.name_speaker(row, words, told, lenient=front_end.lenient)

        def find_narrator(words: Say) -> Narrator:
            return self._casting.find(row, name_speaker(words))

        lead = self._find_lead(row, name_speaker(first) if first else None)

        def read(words: Say, own: Mapping[str, Lexicon]) -> Spoken:
            return _read(words, find_narrator(words), front_end, own)

        made = RecipeBuilder()
        heard = list(
            text.read_scenes(scenes, read, self._files_beside, lenient=front_end.lenient, notes=told)
        )
        first_heard, last_heard = _find_ends(heard) if self._continuation is not False else (-1, -1)
        for position, (part, spoken) in enumerate(heard):
            if isinstance(part, Say) and spoken:
                starts, ends = position == first_heard, position == last_heard
                made.say(part, spoken, find_narrator(part), starts=starts, ends=ends)
            elif isinstance(part, Sound):
                made.add(self._files_beside.find_sound(part), lead.speed)
            elif not isinstance(part, Say | Note):
                made.add(part, lead.speed)
        text.require_heard(made.parts, row.text, made.left_out)
        if self._before:
            made.parts.insert(0, self._before)
        if self._after:
            made.parts.append(self._after)
        notes = (*told, *made.notes, *text.make_notes(row.text, row.markup, made.left_out))
        rate = made.choose_rate(lead.engine.sample_rate)
        script = Script(row.text, tuple(made.words), tuple(made.bookmarks))
        # Notes are told each time, and what else a text in SSML names may have changed.
        again = bool(notes) or row.markup == "ssml"
        known = [replace(part, path="") if isinstance(part, _PLACED) else part for part in made.parts]
        placed = []
        for template, output in self._choose_files(row, lead.language, filed=filed):
            _check_bit_rate(output, rate)
            # A row is known by what it asks for: the request has the output as it was given.
            request = "" if again or not filed else lead.identify(row, front_end, output, self._around)
            if made.opens or made.closes:
                output = _shorten_ends(output, made.opens, made.closes)
            clip = clip_key(known, output)
            placed.append((_fill(template, row, clip) if filed else "", output, clip, request))
        targets = []
        for (path, output, clip, request), beside in zip(
            placed, _name_sidecars([path for path, *_ in placed], self._marks), strict=True
        ):
            sidecars = tuple(Sidecar(place, name, identify(name, clip, script)) for place, name in beside)
            targets.append(Target(path, output, clip, sidecars, request))
        return Plan(
            number=number,
            utterance=row,
            engine=lead.engine,
            voice=lead.voice.name,
            language=lead.language,
            recipe=Recipe(tuple(made.parts), tuple(targets), rate, script),
            takes=made.takes,
            notes=notes,
            changes=tuple(made.changes),
        )

    def _choose_files(self, row: Utterance, language: str, *, filed: bool) -> list[tuple[str, Output]]:
        """Template and output of each file, with its tags."""
        chosen = []
        for template, output in self._files_of(row, filed):
            if formats.FORMATS[output.format].tags:
                output = (
                    replace(output, title=row.title, language=language)
                    if row.title
                    else _tag(output, language)
                )
            chosen.append((template, output))
        return chosen

    def _files_of(self, row: Utterance, filed: bool) -> Sequence[tuple[str, Output]]:
        """Template and output of each file. An extension of audio in the row's file or id says the format."""
        if row.file:
            wanted = formats.format_named(row.format) if row.format else formats.format_for(row.file)
            require_extension(row.file, wanted)
            return [(templates.escape(row.file), _choose_output(wanted, self._files))]
        asked = formats.format_named(row.format) if row.format else None
        if not filed or not audio_extension(row.id):
            if asked is None:
                return self._files
            output = _choose_output(asked, self._files)
            return [(templates.resolve(ONE_FILE, output), output)]
        if self._own_files and not asked:
            for _, output in self._files:
                require_extension(row.id, formats.FORMATS[output.format])
            return self._files
        named = asked or self._format or formats.format_for(row.id)
        return [(templates.escape(named_file(row.id, named.name)), _choose_output(named, self._files))]


def _check_files(
    format: str | None, files: Sequence[tuple[str, Output]] | None
) -> tuple[tuple[str, Output], ...]:
    """What each utterance becomes, checked."""
    if files is None:
        return _name_one_file(format or "wav")
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


@lru_cache(maxsize=32)
def _name_one_file(format: str) -> tuple[tuple[str, Output], ...]:
    output = Output(format=format)
    return ((templates.resolve(ONE_FILE, output), output),)


def _template(path: str, output: Output) -> str:
    resolved = templates.resolve(path, output)
    require_extension(resolved, formats.FORMATS[output.format])
    return resolved


def _require_names(planned: Plan | Unchanged, names: Names) -> Planned:
    """The plan; or what is wrong with the names of its files, or the plan with notes of that."""
    files = [target.path for target in planned.targets] if isinstance(planned, Plan) else planned.files
    notes = []
    for path in files:
        for rule, problem in names.check(path):
            if not rule.advice:
                error = InputError(f"{show(path)}: {problem}")
                return Bad(planned.number, planned.utterance, place_error(error, planned.utterance))
            notes.append(problem)
    if notes and isinstance(planned, Plan):
        return replace(planned, notes=(*planned.notes, *notes))
    return planned


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


def _check_bit_rate(output: Output, native: Hertz) -> None:
    """Find out before anything is spoken, not when it is encoded.

    Raises:
        UnsupportedOption: the format cannot have that bit rate at the rate that it will have.
    """
    if output.bit_rate is not None:
        format = formats.FORMATS[output.format]
        rate = formats.sample_rate_for(format, output.sample_rate, native)
        formats.bit_rate_for(format, output.bit_rate, rate)


_known_readings: dict[tuple[str, str, str], Spoken] = {}
"""What short plain texts are read as: serving a clip again takes less time than reading its text."""


def _read(words: Say, narrator: Narrator, front_end: FrontEnd, own: Mapping[str, Lexicon]) -> Spoken:
    """The segments of some words of a row; the same words are read once.

    Args:
        own: lexicons that the text names.
    """
    if len(words.words) > _LONGEST_KNOWN or words != Say.of(words.text):
        return front_end.read(words, narrator.reader, own)
    asked = (words.text, narrator.identity, front_end.fingerprint(narrator.language))
    known = _known_readings.get(asked)
    if known is None:
        known = front_end.read(words, narrator.reader)
        if len(_known_readings) >= _MOST_KNOWN:
            _known_readings.clear()
        _known_readings[asked] = known
    return known


def _find_ends(scenes: Sequence[Scene]) -> tuple[int, int]:
    """Positions of the first and the last thing that is heard of a text; pauses at the ends are none."""
    heard = [
        position
        for position, scene in enumerate(scenes)
        if scene.is_heard and not isinstance(scene.part, Pause | Silence | Bookmark | Note)
    ]
    return (heard[0], heard[-1]) if heard else (-1, -1)


@lru_cache(maxsize=1024)
def _shorten_ends(output: Output, opens: bool, closes: bool) -> Output:
    """An output with no more silence at an end than belongs between the parts of a sentence."""
    return replace(
        output,
        lead=min(output.lead, _JOINT) if opens else output.lead,
        tail=min(output.tail, _JOINT) if closes else output.tail,
    )


@lru_cache(maxsize=1024)
def _tag(output: Output, language: str) -> Output:
    """An output whose tags name the language: one for all rows without a title."""
    return replace(output, title="", language=language)


def _name_sidecars(paths: Sequence[str], formats: Sequence[str]) -> list[list[tuple[str, str]]]:
    """Path and format of the files of marks beside each file. Files of one name share them: they say the same."""
    if not formats:
        return [[] for _ in paths]
    named: list[list[tuple[str, str]]] = []
    stems: set[str] = set()
    for path in paths:
        stem = os.path.splitext(path)[0]
        fresh = formats if not stem or stem not in stems else ()
        named.append([(f"{stem}.{FORMATS[name].extension}" if stem else "", name) for name in fresh])
        stems.add(stem)
    return named


def _choose_output(wanted: formats.Format, files: Sequence[tuple[str, Output]]) -> Output:
    """A row that names its file or format gets that one file, finished like the others."""
    same = [output for _, output in files if output.format == wanted.name]
    if same:
        return same[0]
    return replace(files[0][1], format=wanted.name, sample_rate=None, bit_rate=None)


def _fill(template: str, row: Utterance, key: str = "") -> str:
    """The path of a row's file.

    Args:
        key: of its clip.
    """
    if not (row.id or row.file):
        raise InputError("the row has neither an id nor a file, so its file has no name")
    id = row.id.rpartition(".")[0] if audio_extension(row.id) else row.id
    folder, slash, name = id.rpartition("/")
    path = template.format(id=id, folder=folder + slash, name=name, hash=templates.Digits(key))
    return safe_path(path)
