"""Files that are there, heard against what they are to say.

The texts come from a manifest, or from the report of a render (any JSON lines with NeMo's names will do).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import msgspec

from voxpress import text, validation
from voxpress.audio import sandbox
from voxpress.audio.waveform import Audio
from voxpress.errors import (
    CheckFailed,
    InputError,
    LeftOut,
    ManifestError,
    MarkupError,
    SpeechError,
    UnknownVoice,
)
from voxpress.executors import Inline, Processes
from voxpress.executors.local import cores
from voxpress.files import formats
from voxpress.files.paths import OWN, inner_path
from voxpress.quality import mos
from voxpress.quality.asr import Recogniser
from voxpress.quality.signal import check, listen
from voxpress.speech import Opinion, Seconds, Segment, Status, Utterance
from voxpress.text import FrontEnd, NamedFiles, NoFiles
from voxpress.text.wer import BAR, passes
from voxpress.voices import references

_EXTENSIONS = {extension for each in formats.FORMATS.values() for extension in each.extensions}
_AHEAD = 4
"""Files for each worker that are asked about before the first of them is answered."""
_WHOLE = 1_000_000
"""Characters of a text that need not be split, because nobody speaks it here."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One file, and what it is to say; `path` is None where the file was not found."""

    id: str
    path: str | None
    text: str
    file: str = ""
    """As the manifest or the report names it."""
    markup: validation.Markup = "plain"
    normalise: str | None = None
    lexicon: str = ""
    """A file that says how its words are spoken; empty: none of its own."""
    language: str = ""
    """Empty: that of all files."""
    voice: str = ""
    speed: float = 1.0
    origin: str = ""


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard in one file. A line of what ``voxpress check --report`` writes."""

    id: str
    audio_filepath: str | None
    duration: Seconds | None = None
    text: str
    language: str
    voice: str = ""
    verdict: Opinion
    """Never empty: a file that is not there, or that nobody can hear, is doubtful."""
    wer: float | None = None
    heard: str = ""
    differences: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    """What is wrong besides words: no such file, no audio, or audio that cannot be a reading of the text."""
    naturalness: float | None = None
    similarity: float | None = None
    origin: str = ""


# What is to be heard


def from_manifest(rows: Iterable[Utterance | ManifestError], paths: Sequence[Path]) -> Iterator[Question]:
    """A question for each file of each row.

    Files are found by the row's `file`, or by its id with any known extension, as the presets name them.

    Args:
        paths: folders, whose rows must all have a file; and files, each of which must belong to a row.

    Raises:
        InputError: a path is not there, or a file belongs to no row; and what is wrong with the manifest.
    """
    known = _Files(paths)
    for row in rows:
        if isinstance(row, LeftOut):
            continue
        if isinstance(row, ManifestError):
            raise row
        found = known.of(row)
        if not found and _is_no_speech(row):
            continue
        nothing: list[str | None] = [None] if known.complete else []
        for path in found or nothing:
            yield Question(
                id=row.id,
                path=path,
                text=row.text,
                markup=row.markup,
                normalise=row.normalise,
                lexicon=row.lexicon,
                language=row.language or "",
                voice=row.voice or "",
                speed=row.speed or 1.0,
                origin=row.origin,
            )
    if left := known.left():
        raise InputError(f"{left} is the file of no row in the manifest")


def _is_no_speech(row: Utterance) -> bool:
    """Whether a render leaves the row out."""
    try:
        text.parse(row.text, row.markup, lenient=True)
    except LeftOut:
        return True
    except InputError:
        return False
    return False


class _Files:
    """Files by the ids that they may have: their paths without extension, or without the folder of a sample rate."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._of: dict[str, list[str]] = {}
        self._named: set[str] = set()
        self.complete = any(path.is_dir() for path in paths)
        for path in paths:
            if path.is_dir():
                for folder, folders, files in os.walk(path):
                    folders[:] = sorted(each for each in folders if each != OWN)
                    for file in sorted(files):
                        whole = os.path.join(folder, file)
                        self._add(whole, os.path.relpath(whole, path))
            elif path.is_file():
                self._named.add(str(path))
                for start in range(len(path.parts)):
                    self._add(str(path), "/".join(path.parts[start:]))
            else:
                raise InputError(f"{path} is not there")

    def _add(self, whole: str, name: str) -> None:
        stem, _, extension = name.rpartition(".")
        if extension.lower() not in _EXTENSIONS:
            return
        *folders, rate, last = ["", "", *stem.split("/")]
        without = "/".join([*filter(None, folders), last]) if rate.isdigit() else stem
        for key in {name, stem, without}:
            self._of.setdefault(key, []).append(whole)

    def of(self, row: Utterance) -> list[str]:
        """Paths of the row's files.

        Raises:
            InputError: no folder can hold them.
        """
        try:
            found = self._of.get(inner_path(row.file or row.id), [])
        except InputError as error:
            raise error.at(row.origin) from None
        self._named.difference_update(found)
        return found

    def left(self) -> str:
        """A file that was named and belongs to no row."""
        return min(self._named, default="")


class _Line(msgspec.Struct, kw_only=True):
    """What is read of a report's line; others may stand there too."""

    text: str
    status: str = ""
    audio_filepath: str | None = None
    files: tuple[str, ...] = ()
    id: str = ""
    markup: validation.Markup = "plain"
    language: str = ""
    lang: str = ""
    voice: str = ""


def from_report(path: Path) -> Iterator[Question]:
    """A question for each file that a report names. A folder stands for the report in it.

    Raises:
        ManifestError: it cannot be read, or is not a report; a folder has none.
    """
    report = path / OWN / "report.jsonl" if path.is_dir() else path
    if path.is_dir() and not report.is_file():
        raise InputError(f"{path} has no report of a render: name the texts with --manifest")
    place = path if path.is_dir() else path.parent
    decode = msgspec.json.Decoder(_Line).decode
    try:
        with report.open("rb") as lines:
            for number, content in enumerate(lines, 1):
                try:
                    line = decode(content)
                except msgspec.DecodeError as error:
                    problem = f"is not a line of a report: {error}"
                    raise ManifestError(problem, path=str(report), line=number) from error
                if line.status == Status.LEFT_OUT:
                    continue
                for name in line.files or (line.audio_filepath,):
                    yield Question(
                        id=line.id,
                        file=name or "",
                        path=_find_file(name, place) if name else None,
                        text=line.text,
                        markup=line.markup,
                        language=line.language or line.lang,
                        voice=line.voice,
                        origin=f"{report}:{number}",
                    )
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", path=str(report)) from error


def _find_file(name: str, place: Path) -> str:
    """The file that a report names: from here, or from where the report lies, wherever that was moved to."""
    parts = Path(name).parts
    ends = (place.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((str(path) for path in (Path(name), *ends) if path.is_file()), name)


# Hearing it


def review(
    questions: Iterable[Question],
    recogniser: Recogniser,
    *,
    language: str = "",
    bar: float = BAR,
    workers: int | None = None,
    naturalness: bool = False,
    similarity: bool = False,
    front_end: FrontEnd | None = None,
    files: NamedFiles = NoFiles(),  # noqa: B008 - it cannot be changed
) -> Iterator[Review]:
    """Hear each file, in order. Files are read by workers, a few at a time.

    The files are there, so a render took their texts: markup that voxpress cannot follow, and what no voice can say,
    are left out here.

    Args:
        front_end: how texts were read; None: as by default.
        files: finds the lexicons of rows, and the files that their texts name.
        language: BCP 47 tag, where a question has none of its own.
        bar: see `voxpress.text.wer.passes`.
        workers: processes; None: one for each core; 0: this process.
        naturalness, similarity: whether to score that too (`voxpress.quality.mos`); similarity where the voice of a
            question is a cloned one.

    Raises:
        EngineNotInstalled, ModelUnavailable: the recogniser, or the environment of the scores, is not there.
    """
    recogniser.require()
    reads = msgspec.structs.replace(front_end or FrontEnd(), lenient=True, unspeakable="skip")
    count = cores() if workers is None else max(1, workers)
    pools: list[Executor] = [Inline() if workers == 0 else Processes(count)]
    if naturalness or similarity:
        pools.append(mos.start(count))
    waiting: deque[tuple[Review, list[Future[Any]]]] = deque()
    try:
        for question in questions:
            blank = _begin(question, language)
            try:
                expected = _read_words(question, blank.language, reads, files)
            except InputError as error:
                waiting.append((msgspec.structs.replace(blank, problem=f"the text: {error}"), []))
                continue
            asked = [pools[0].submit(_hear, recogniser, question, blank, expected, bar)]
            if len(pools) > 1:
                reference = _find_reference(question.voice) if similarity else None
                asked.append(pools[1].submit(_score, question.path, naturalness, reference))
            waiting.append((blank, asked))
            if len(waiting) >= _AHEAD * count:
                yield _complete(*waiting.popleft())
        while waiting:
            yield _complete(*waiting.popleft())
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def recognised(recogniser: Recogniser, questions: Sequence[Question]) -> tuple[str, str]:
    """The language of these files, heard in the one with the most to say; and that file.

    Raises:
        InputError: none of the files can be read.
    """
    for question in sorted(questions, key=lambda question: -len(question.text)):
        if question.path:
            with Processes(1) as pool:
                return pool.submit(_language, recogniser, question.path).result(), question.path
    raise InputError("none of the files is there")


def _language(recogniser: Recogniser, path: str) -> str:
    return recogniser.hear(_read(path), words=False).language


def _begin(question: Question, language: str) -> Review:
    return Review(
        id=question.id,
        audio_filepath=question.path,
        text=question.text,
        language=question.language or language,
        voice=question.voice,
        verdict="doubtful",
        origin=question.origin,
    )


def _complete(review: Review, asked: Sequence[Future[Any]]) -> Review:
    """With what the workers found out, or with what kept them from it."""
    facts: dict[str, Any] = {}
    problems: list[str] = [review.problem]
    for future in asked:
        try:
            found = future.result()
        except SpeechError as error:
            problems.append(str(error))
        else:
            problems.append(found.pop("problem", ""))
            facts |= found
    problem = "; ".join(dict.fromkeys(filter(None, problems)))
    return msgspec.structs.replace(review, **facts, problem=problem)


def _hear(
    recogniser: Recogniser, question: Question, review: Review, expected: tuple[str, bool], bar: float
) -> dict[str, Any]:
    """What the recogniser makes of one file: in a worker.

    Args:
        expected: the words, and whether there is something else to be heard.
    """
    if question.path is None:
        return {"problem": "no file"}
    audio = _read(question.path)
    words, sounds = expected
    problem = "" if sounds else _check_structure(audio, words, question, review.language)
    facts: dict[str, Any] = {"duration": audio.duration, "problem": problem}
    good = not problem
    if words:
        heard, found = listen(recogniser, audio, words, review.language, bar)
        facts |= {"heard": heard, "wer": round(found.wer, 3), "differences": found.differences}
        good = good and passes(found, bar)
    return facts | {"verdict": "good" if good else "doubtful"}


def _read(path: str) -> Audio:
    try:
        return sandbox.own_decoder().decode_file(path, formats.format_for(path).name)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _read_words(
    question: Question, language: str, front_end: FrontEnd, files: NamedFiles
) -> tuple[str, bool]:
    """The words of a text, and whether there is something else to be heard.

    Raises:
        InputError: nobody can tell what it says.
    """
    own = files.find_lexicon(question.lexicon) if question.lexicon else None
    try:
        parts = text.read(
            question.text,
            language=language,
            max_chars=_WHOLE,
            markup=question.markup,
            front_end=front_end.narrow(own, question.normalise),
            files=files,
        ).parts
    except LeftOut:
        return "", True
    except MarkupError:
        raise
    except InputError:  # there is nothing to speak in it
        return "", True
    said = [part.text for part in parts if isinstance(part, text.Say)]
    return " ".join(said), any(isinstance(part, text.Silence | text.Tone | text.Sound) for part in parts)


def _check_structure(audio: Audio, words: str, question: Question, language: str) -> str:
    try:
        check(audio, Segment(text=words, voice="", language=language, speed=question.speed))
    except CheckFailed as error:
        return str(error)
    return ""


def _find_reference(voice: str) -> str | None:
    """The cloned voice of that name."""
    try:
        return references.find(voice).name if voice else None
    except UnknownVoice:
        return None


def _score(path: str | None, naturalness: bool, reference: str | None) -> dict[str, float]:
    """Scores of one file: in a worker of the environment that has them."""
    found: dict[str, float] = {}
    if path and (naturalness or reference) and Path(path).is_file():
        audio = _read(path)
        if naturalness:
            found["naturalness"] = round(mos.naturalness(audio), 2)
        if reference:
            sample = references.audio(references.find(reference))
            found["similarity"] = round(mos.similarity(audio, sample), 2)
    return found
