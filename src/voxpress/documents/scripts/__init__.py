"""Scripts: who says what, with headings, sounds and pauses between.

A module with a `FORMAT` reads one way of writing scripts; `read` finds the one for a file. docs/podcast.md says what
each of them may hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from voxpress.speech import Seconds
from voxpress.validation import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one person says without a break.

    Attributes:
        speaker: the name in the script; empty: the narrator.
        text: what is spoken, written in `markup`.
        gap: silence between the turn before it and this one; negative: they overlap; None: the usual.
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
        items: in order.
        notes: what was repaired or doubtful.
    """

    path: Path
    head: Mapping[str, object] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()
