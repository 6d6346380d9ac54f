"""Chimes that are made of sine waves: what a speaker plays before it speaks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from voxpress.audio.arrays import np
from voxpress.audio.waveform import Audio
from voxpress.speech import Hertz, Seconds

REVISION = 1
"""Raised when a chime sounds different."""


@dataclass(frozen=True, slots=True)
class Timbre:
    """What a note is made of.

    Attributes:
        partials: frequency as a multiple of the note's, strength, and how long it rings as a share of the note's time.
        attack: until the note is at full strength.
    """

    partials: tuple[tuple[float, float, float], ...]
    attack: Seconds


@dataclass(frozen=True, slots=True)
class Note:
    """One stroke.

    Attributes:
        start: from the start of the chime.
        frequency: in hertz.
        ring: until it has fallen by 60 dB.
    """

    start: Seconds
    frequency: float
    ring: Seconds
    timbre: Timbre
    strength: float = 1.0


# A bar that is struck sounds at 1 and 4 times its note (vibraphone) and shortly at 10.
_BAR = Timbre(((1.0, 1.0, 1.0), (4.0, 0.22, 0.45), (10.0, 0.05, 0.12)), 0.004)
# A tubular bell: the heard note lies an octave below the second partial.
_BELL = Timbre(
    (
        (0.5, 0.35, 1.2),
        (1.0, 1.0, 1.0),
        (1.5, 0.3, 0.7),
        (2.0, 0.45, 0.6),
        (2.67, 0.2, 0.4),
        (4.1, 0.1, 0.25),
    ),
    0.003,
)
_GONG = Timbre(
    (
        (1.0, 1.0, 1.0),
        (1.48, 0.6, 0.9),
        (1.98, 0.5, 0.8),
        (2.54, 0.4, 0.6),
        (3.37, 0.3, 0.45),
        (4.11, 0.2, 0.3),
    ),
    0.03,
)
_SOFT = Timbre(((1.0, 1.0, 1.0), (2.0, 0.15, 0.6), (3.0, 0.05, 0.4)), 0.015)
_E4, _G4, _C5, _D5, _E5, _G5, _A5, _C6, _E6 = 329.6, 392.0, 523.3, 587.3, 659.3, 784.0, 880.0, 1046.5, 1318.5

CHIMES: Mapping[str, tuple[Note, ...]] = MappingProxyType(
    {
        "ding": (Note(0.0, _E6, 1.2, _BAR),),
        "ding-dong": (Note(0.0, _E5, 1.3, _BELL), Note(0.45, _C5, 1.6, _BELL)),
        "two-tone": (Note(0.0, _C5, 0.9, _BAR), Note(0.22, _G5, 1.3, _BAR)),
        "three-tone": (Note(0.0, _G4, 1.2, _BAR), Note(0.4, _E5, 1.2, _BAR), Note(0.8, _C5, 1.6, _BAR)),
        "gong": (Note(0.0, 196.0, 3.0, _GONG),),
        "soft": (Note(0.0, _G4, 1.0, _SOFT), Note(0.15, _C5, 1.2, _SOFT)),
        "attention": tuple(
            Note(0.16 * number, pitch, 0.7 + 0.3 * number, _BAR)
            for number, pitch in enumerate((_C5, _E5, _G5, _C6))
        ),
        "alert": tuple(
            Note(start, pitch, 0.35, _SOFT)
            for start, pitch in ((0.0, _A5), (0.14, _A5), (0.28, _A5), (0.62, _A5), (0.76, _A5), (0.9, _A5))
        ),
        "success": (Note(0.0, _G5, 0.6, _BAR), Note(0.12, _C6, 1.1, _BAR)),
        "error": (Note(0.0, _E5, 0.5, _SOFT), Note(0.2, _E4, 0.9, _SOFT)),
    }
)
"""The notes of each, by name."""
_END = 0.06
"""Seconds in which the last sound fades."""
_HEARD = 10 ** (-45.0 / 20.0)
"""The share of the loudest sample at which a chime ends."""


def ring(notes: Sequence[Note], sample_rate: Hertz) -> Audio:
    """The sound of some notes, with a peak of -6 dBFS. Partials that the sample rate cannot hold are left out.

    >>> ring(CHIMES["ding"], 24000).sample_rate
    24000
    """
    length = round(max(note.start + note.ring * 1.3 for note in notes) * sample_rate)
    sound = np.zeros(length, np.float64)
    for note in notes:
        first = round(note.start * sample_rate)
        sound[first:] += _strike(note, sample_rate, length - first)
    (heard,) = np.nonzero(np.abs(sound) > _HEARD * np.abs(sound).max())
    fade = round(_END * sample_rate)
    sound = sound[: heard[-1] + fade]
    sound[-fade:] *= 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, min(fade, len(sound))))
    return Audio(np.asarray(sound * (0.5 / np.abs(sound).max()), np.float32), sample_rate)


def _strike(note: Note, sample_rate: Hertz, count: int) -> np.ndarray:
    time = np.arange(count) / sample_rate
    sound = np.zeros(count, np.float64)
    for multiple, strength, share in note.timbre.partials:
        frequency = note.frequency * multiple
        if frequency < 0.45 * sample_rate:
            decay = math.log(1000.0) / (note.ring * share)
            sound += strength * np.exp(-decay * time) * np.sin(2 * np.pi * frequency * time)
    rise = np.minimum(1.0, time / note.timbre.attack)
    return sound * (note.strength * (0.5 - 0.5 * np.cos(np.pi * rise)))
