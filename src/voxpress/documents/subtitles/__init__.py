"""Subtitles: what is said when.

A module with a `FORMAT` reads one format; `read` finds the one for a file. docs/voiceover.md says how they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voxpress.speech import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """A subtitle.

    Attributes:
        number: of the cue in the file, from 1, for messages.
        name: what the file calls it; often its number; may be empty.
        text: what is spoken, without markup and sounds; lines are joined. Empty: nothing of it is speech.
        speaker: the name before its text, of its voice tag, or its actor; may be empty.
        language: BCP 47 tag where the cue says one.
        left_out: pieces of it that are no speech, such as ``[music]``.
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
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtitles:
    """The cues of a file, in the order of their starts.

    Attributes:
        format: the name of their format.
        language: BCP 47 tag, where the file says one.
        notes: what was repaired, or dropped as the format demands.
    """

    path: Path
    format: str
    cues: tuple[Cue, ...]
    language: str = ""
    notes: tuple[str, ...] = ()
