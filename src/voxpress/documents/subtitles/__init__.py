"""Subtitles: what is said when.

A module with a `FORMAT` reads one format; `read` finds the one for a file. `spoken` says what of a cue is speech and
who says it, `sentences` joins cues that share a sentence. docs/voiceover.md says how they are read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from voxpress.errors import InputError
from voxpress.languages import canonical
from voxpress.speech import Seconds
from voxpress.variants import Variants, find_shown, list_extensions

LARGEST = 32_000_000
"""Bytes of a file; a film has 100,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A subtitle. Where two people speak in one, there are two cues with the same number and times, in their order.

    Attributes:
        number: of the cue in the file, from 1, for messages.
        name: what the file calls it; often its number; may be empty.
        text: what is spoken, without markup and sounds; lines are joined. Empty: nothing of it is speech.
        speaker: the name before its text, of its voice tag, or its actor; may be empty.
        language: BCP 47 tag where the cue says one.
        left_out: pieces of it that are no speech, such as ``[music]``.
        begins_turn: a dash or ``>>`` says that another person begins.
        line: its line in the file, from 1.
    """

    number: int
    start: Seconds
    end: Seconds
    text: str
    name: str = ""
    speaker: str = ""
    language: str = ""
    left_out: tuple[str, ...] = ()
    begins_turn: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitles:
    """The cues of a file, in the order of their starts.

    Attributes:
        format: the name of their format.
        language: BCP 47 tag, where the file or its name says one.
        notes: what was repaired, or dropped as the format demands.
    """

    path: Path
    format: str
    cues: tuple[Cue, ...]
    language: str = ""
    notes: tuple[str, ...] = ()


class Piece(NamedTuple):
    """Text without markup that one person says in one language; it may have several lines."""

    text: str
    speaker: str = ""
    language: str = ""


class WrittenCue(NamedTuple):
    """A cue as a file has it.

    Attributes:
        number: in the file, from 1.
        line: of its times, from 1.
    """

    number: int
    line: int
    start: Seconds
    end: Seconds
    pieces: tuple[Piece, ...]
    name: str = ""


class Source(NamedTuple):
    """What a file holds, before anybody asked what of it is speech.

    Attributes:
        language: as the file writes it.
        names_all: the format has a field for who speaks, so that a cue without a name has no speaker.
        notes: what was dropped as the format demands.
    """

    cues: list[WrittenCue]
    language: str = ""
    names_all: bool = False
    notes: tuple[str, ...] = ()


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format of subtitles.

    >>> FORMATS.require("vtt").extensions
    ('.vtt', '.webvtt')
    """

    description: str
    extensions: tuple[str, ...]
    """Endings of file names, in lower case, with the dot."""
    recognise: Callable[[str], bool]
    """Whether a file whose text begins so can be nothing else."""
    read: Callable[[bytes, str | None], Source]
    """Reads a file, in the encoding if one is given. Raises `InputError` without the place."""


_HEAD = 4096
"""Characters that show the format of a file."""
_OTHERS: Mapping[str, str] = {
    extension: what
    for extensions, what in {
        ".sub .idx .sup": "it may hold pictures; convert it to SRT",
        ".sbv .smi .stl .scc .lrc .usf .mpl .cap": "convert it to SRT or VTT",
        ".mkv .mp4 .mov .webm .avi .ts": "extract its subtitles (ffmpeg -i VIDEO SUBTITLES.srt)",
    }.items()
    for extension in extensions.split()
}
"""What to do with files that people have, and that voxpress does not read."""
_KINDS = frozenset({"forced", "sdh", "cc", "hi", "default", "orig"})
"""What names of files say beside the language."""


FORMATS = Variants(__name__, __path__, "FORMAT", Format, "subtitle format")


def recognise(path: str, head: str) -> str:
    """The name of the format of a file: by what it begins with, else by its extension.

    >>> recognise("talk.txt", "WEBVTT\\n\\n"), recognise("talk.srt", "")
    ('vtt', 'srt')

    Raises:
        InputError: neither shows the format.
    """
    extension = Path(path).suffix.lower()
    if name := find_shown(FORMATS, path, head):
        # Cues without the header of WebVTT look like SubRip.
        return "vtt" if name == "srt" and extension in FORMATS["vtt"].extensions else name
    what = _OTHERS.get(extension, "")
    raise InputError(
        f"is no file of subtitles that voxpress reads ({list_extensions(FORMATS)}){what and f': {what}'}",
        place=path,
    )


def read(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    encoding: str | None = None,
    names: Collection[str] = (),
) -> Subtitles:
    """The subtitles in a file.

    Args:
        format: one of `FORMATS`; None: the content and the extension decide.
        encoding: of the text, such as ``cp1252``; None: UTF-8, or what a byte order mark says.
        names: of people who are known to speak.

    Raises:
        InputError: it cannot be read, holds no cue, or a cue ends before it begins.
    """
    from voxpress.documents.subtitles.encodings import decode_head
    from voxpress.documents.subtitles.spoken import find_speech

    place = Path(path)
    try:
        with place.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(place)) from error
    try:
        if len(data) > LARGEST:
            raise InputError(f"has more than {LARGEST:,} bytes: split it into several files")
        if not data.strip(b"\0 \t\r\n"):
            raise InputError("is empty")
        name = format or recognise(str(place), decode_head(data[:_HEAD], encoding))
        source = FORMATS.require(name).read(data, encoding)
        if not source.cues:
            why = "".join(f"; {note}" for note in source.notes)
            raise InputError(f"holds no cue that can be read as {name}{why}")
        cues, notes = find_speech(source, names)
    except InputError as error:
        raise error.at(str(place)) from error.__cause__
    language = _find_language(source.language) or find_language_in_name(place.name)
    return Subtitles(path=place, format=name, cues=cues, language=language, notes=(*source.notes, *notes))


def find_language_in_name(name: str) -> str:
    """The language that the name of a file says; empty if it says none.

    >>> find_language_in_name("film.en.vtt"), find_language_in_name("film.pt-br.sdh.srt")
    ('en', 'pt-BR')
    >>> find_language_in_name("a.one.srt")
    ''
    """
    parts = name.split(".")[1:-1]
    for part in reversed(parts):
        tag = _find_language(part) if re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,4}){0,2}", part) else ""
        if len(tag.split("-")[0]) == 2 and not (part.lower() in _KINDS and len(parts) > 1):
            return tag
        if part.lower() not in _KINDS:
            break
    return ""


def _find_language(tag: str) -> str:
    try:
        return canonical(tag) if tag else ""
    except InputError:
        return ""
