"""Scripts: who says what, with headings, sounds and pauses between.

A module with a `FORMAT` reads one way of writing scripts; `read` finds the one for a file. docs/podcast.md says what
each of them may hold.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from voxpress.errors import InputError
from voxpress.speech import Seconds
from voxpress.validation import Markup
from voxpress.variants import Variants, find_shown, list_extensions

TOGETHER: Seconds = -math.inf
"""The `Turn.gap` of a turn that begins when the turn before it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one person says without a break.

    Attributes:
        speaker: the name in the script; empty: the narrator.
        text: what is spoken, written in `markup`.
        gap: silence between the turn before it and this one; negative: they overlap; `TOGETHER`: both begin at once;
            None: the usual.
        speed: 1.0 is the voice's own; None: as the cast has it.
        gain: in dB.
        language: BCP 47 tag where it is not that of the script.
        line: its line in the file, from 1.
    """

    speaker: str
    text: str
    markup: Markup = "plain"
    gap: Seconds | None = None
    speed: float | None = None
    gain: float = 0.0
    language: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """Where a chapter begins.

    Attributes:
        level: from 1.
    """

    title: str
    level: int = 1
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Silence before what follows, in place of the usual."""

    duration: Seconds
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundCue:
    """A sound that is played.

    Attributes:
        name: of the script's sounds, or a file beside the script.
        kind: ``sting``: what follows waits for its end; ``bed``: it goes on under the speech until it ends, another bed
            begins, or `BedEnd`.
        gain: in dB, over the sound's own.
        overlap: how long before its end what follows begins.
    """

    name: str
    kind: Literal["sting", "bed"] = "sting"
    gain: float = 0.0
    overlap: Seconds = 0.0
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BedEnd:
    """Where the bed fades out."""

    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What is written in the script and not spoken, such as a direction that voxpress does not know."""

    text: str
    line: int = 0


Item: TypeAlias = Turn | Heading | Pause | SoundCue | BedEnd | LeftOut


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a script says.

    Attributes:
        head: what stands at its head, as it is written: title, cast, sounds and more.
        own_head: whether the head is written for voxpress; that of another program may have fields of its own.
        items: in order.
        notes: what was repaired or doubtful.
    """

    path: Path
    head: Mapping[str, object] = field(default_factory=dict)
    own_head: bool = True
    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()


class Names(NamedTuple):
    """Names that a script can use though they are not in its head."""

    cast: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One way of writing scripts.

    >>> FORMATS.require("fountain").extensions
    ('.fountain', '.spmd')
    """

    description: str
    extensions: tuple[str, ...] = ()
    """Endings of file names, in lower case, with the dot."""
    recognise: Callable[[str], bool]
    """Whether a script that begins with this text is written so."""
    read: Callable[[Path, Names], Script]
    """The script at a path; the names are those that are known beside its head."""
    own_head: bool = True
    """As `Script.own_head`."""


_HEAD = 4096
"""Bytes that show the format of a file."""
_OTHERS: Mapping[str, str] = {
    ".fdx": "export it as Fountain",
    ".celtx": "export it as Fountain",
    ".pdf": "it has no lines: use the text that it was made from",
    ".docx": "save it as plain text",
    ".doc": "save it as plain text",
    ".odt": "save it as plain text",
    ".rtf": "save it as plain text",
    ".srt": "these are subtitles: use voxpress voiceover",
    ".vtt": "these are subtitles: use voxpress voiceover",
    ".ass": "these are subtitles: use voxpress voiceover",
}
"""What to do with files that people have, and that hold no script."""


FORMATS = Variants(__name__, __path__, "FORMAT", Format, "script format")


def recognise(path: str, head: str) -> str:
    """The name of the format of a script: by what it begins with, else by its extension.

    >>> recognise("talk.txt", "<Person1>Hello.</Person1>"), recognise("talk.txt", "Ann: Hello.")
    ('persons', 'markdown')

    Raises:
        InputError: neither shows the format.
    """
    if what := _OTHERS.get(Path(path).suffix.lower()):
        raise InputError(f"is no script that voxpress reads: {what}", place=path)
    if name := find_shown(FORMATS, path, head):
        return name
    raise InputError(f"is no script that voxpress reads ({list_extensions(FORMATS)})", place=path)


def read(path: str | os.PathLike[str], format: str | None = None, known: Names | None = None) -> Script:
    """The script at `path`.

    Args:
        format: one of `FORMATS`; None: the content and the extension decide.
        known: names that the project or the command line say; those of the head are added.

    Raises:
        InputError: it cannot be read, or nothing in it is spoken.
    """
    place = Path(path)
    try:
        with place.open("rb") as stream:
            data = stream.read(_HEAD)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(place)) from error
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    head = data.decode(encoding, errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
    form = FORMATS.require(format or recognise(str(place), head))
    return replace(form.read(place, known or Names()), own_head=form.own_head)
