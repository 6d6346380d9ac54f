"""Sounds that a telephone system takes for signals: DTMF digits; dial, busy and ringing tones; fax calls.

A voice that sounds like a digit for a moment (talk-off) presses a key of the menu that it reads out. Sounds with the
frequencies and the rhythm of a busy tone end a call on lines whose system listens for one. What counts is the delivered
file at the 8 kHz of a telephone line.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voxpress.audio.arrays import Samples
from voxpress.audio.waveform import Audio, resample
from voxpress.speech import Hertz, Seconds

LINE: Hertz = 8000
"""The sample rate of a telephone line."""

Flags = npt.NDArray[np.bool_]


class Heard(NamedTuple):
    """A signal, and when it is heard.

    Attributes:
        name: ``DTMF 5``, ``busy tone``.
    """

    name: str
    start: Seconds
    end: Seconds


def find_signals(audio: Audio) -> list[Heard]:
    """Every signal that a telephone system may hear in `audio`, by its start.

    >>> from voxpress.audio.waveform import join, silence, tone
    >>> find_signals(join([silence(0.5, 8000), tone([770, 1336], 0.1, 8000)]))[0].name
    'DTMF 5'
    """
    samples = resample(audio, LINE).samples
    found: dict[str, list[Heard]] = {}
    for heard in sorted([*_find_digits(samples), *_find_tones(samples)], key=lambda heard: heard.start):
        of_name = found.setdefault(heard.name, [])
        if of_name and heard.start - of_name[-1].end < _GAP:
            of_name[-1] = of_name[-1]._replace(end=max(heard.end, of_name[-1].end))
        else:
            of_name.append(heard)
    return sorted(itertools.chain(*found.values()), key=lambda heard: heard.start)


_GAP: Seconds = 0.02
"""Less of it between two signals with one name makes them one: frequencies that are not exact beat in a receiver."""

# DTMF. ITU-T Q.23 names the frequencies, Q.24 the limits. Common receivers divide sound into blocks of 102 samples. The
# numbers here are half a decibel or more on the wide side of theirs: what one of them hears is found.

_LOW = (697, 770, 852, 941)
_HIGH = (1209, 1336, 1477, 1633)
_KEYS = "123A456B789C*0#D"
_BLOCK = 102
_HOP = 34
"""A third of a block: the blocks of a receiver can begin anywhere in a prompt."""
_AGREEING = 4
"""Overlapping blocks in a row with one digit: 25.5 ms, as two of a receiver. Q.24 ignores what is below 23 ms."""
_FAINTEST = 10 ** (-46 / 10)
"""Of each tone, as the square of its amplitude."""
_TWIST = 10 ** (4.6 / 10)
"""How much more power the high tone may have than the low one."""
_REVERSE_TWIST = 10 ** (8.8 / 10)
_ABOVE_OTHERS = 10 ** (7 / 10)
"""The power of a tone over each other one of its group."""
_PURE = 10 ** (-1.3 / 10)
"""Share of both tones in all power of a block."""


def _find_digits(samples: Samples) -> Iterator[Heard]:
    keys = np.concatenate([_read_keys(frames) for frames in _divide(samples, _BLOCK, _HOP)])
    for key in np.unique(keys[keys >= 0]):
        for first, last in _runs(keys == key):
            if last - first >= _AGREEING:
                end = ((last - 1) * _HOP + _BLOCK) / LINE
                yield Heard(f"DTMF {_KEYS[key]}", first * _HOP / LINE, end)


def _read_keys(frames: Samples) -> npt.NDArray[np.intp]:
    """The key of each frame, by its place in `_KEYS`; -1: none."""
    powers = _measure(frames, _waves(_LOW + _HIGH, _BLOCK)) * (4 / _BLOCK**2)
    total = np.einsum("ij,ij->i", frames, frames) / _BLOCK
    keys = np.full(len(frames), -1)
    (likely,) = np.nonzero((powers.max(axis=1) >= _FAINTEST) & (powers.sum(axis=1) / 2 >= _PURE * total))
    low, high = powers[likely, :4], powers[likely, 4:]
    one, other = low.max(axis=1), high.max(axis=1)
    heard = (
        (np.minimum(one, other) >= _FAINTEST)
        & (other <= one * _TWIST)
        & (one <= other * _REVERSE_TWIST)
        & (np.sort(low)[:, 2] * _ABOVE_OTHERS <= one)
        & (np.sort(high)[:, 2] * _ABOVE_OTHERS <= other)
        & ((one + other) / 2 >= _PURE * total[likely])
    )
    keys[likely[heard]] = (low.argmax(axis=1) * 4 + high.argmax(axis=1))[heard]
    return keys


# Tones of the network: ITU-T E.180 and its supplement 2.


class _Signal(NamedTuple):
    name: str
    frequencies: tuple[tuple[int, ...], ...]
    """Those that sound together, in one country or another."""
    on: tuple[Seconds, Seconds]
    off: tuple[Seconds, Seconds] = (0.0, 0.0)
    times: int = 1
    even: bool = False
    """Whether sound and silence last equally long."""


_BUSY = ((480, 620), (425,), (400,))
_SIGNALS = (
    _Signal("dial tone", ((350, 440), (350, 450), (425,), (400,)), (1.5, math.inf)),
    _Signal("busy tone", _BUSY, (0.3, 0.8), (0.3, 0.8), 3, even=True),
    _Signal("congestion tone", _BUSY, (0.15, 0.3), (0.15, 0.3), 3, even=True),
    _Signal("ringing tone", ((440, 480), (425,), (400, 450)), (0.8, 2.2), (2.5, 5.0), 2),
    _Signal("fax call", ((1100,),), (0.4, 0.7)),
    _Signal("fax answer", ((2100,),), (2.0, math.inf)),
)
_WINDOW = 512
"""64 ms: frequencies 30 Hz apart can be told apart."""
_STEP = 160
_SOFTEST = 10 ** (-43 / 10)
"""Mean square: the network's tones have -5 to -25 dBm0."""
_WIDTH: Hertz = 30
_ALONE = 0.95
"""Share of the power within `_WIDTH` of a tone's frequencies."""
_EACH = 0.1
"""Least share of each of two frequencies."""
_UNEVEN = 0.2


def _find_tones(samples: Samples) -> Iterator[Heard]:
    combinations = sorted({each for signal in _SIGNALS for each in signal.frequencies})
    pure = np.concatenate([_find_pure(frames, combinations) for frames in _divide(samples, _WINDOW, _STEP)])
    for together, flags in zip(combinations, pure.T, strict=True):
        sounds = [_bounds(run) for run in _runs(flags)]
        for signal in _SIGNALS:
            if together in signal.frequencies:
                yield from _find_rhythm(signal, sounds)


def _find_pure(frames: Samples, combinations: list[tuple[int, ...]]) -> Flags:
    """Whether each frame holds each of the combinations of frequencies and nothing else."""
    window = np.hanning(_WINDOW).astype(np.float32)
    windowed = frames * window
    total = np.einsum("ij,ij->i", windowed, windowed)
    found = np.zeros((len(frames), len(combinations)), np.bool_)
    (loud,) = np.nonzero(total >= _SOFTEST * np.square(window).sum())
    places = np.arange(0, LINE / 2, LINE / (2 * _WINDOW))
    near = {
        each: np.flatnonzero(np.abs(places - each) <= _WIDTH) for each in sorted({*sum(combinations, ())})
    }
    needed = np.unique(np.concatenate(list(near.values())))
    powers = np.zeros((len(loud), len(places)), np.float32)
    powers[:, needed] = _measure(windowed[loud], _waves(tuple(places[needed]), _WINDOW))
    powers /= (total[loud] * _WINDOW)[:, None]
    for number, together in enumerate(combinations):
        whole = powers[:, np.unique(np.concatenate([near[each] for each in together]))].sum(axis=1)
        least = np.min([powers[:, near[each]].sum(axis=1) for each in together], axis=0)
        found[loud, number] = (whole >= _ALONE) & (least >= _EACH)
    return found


def _bounds(run: tuple[int, int]) -> tuple[Seconds, Seconds]:
    """When a tone begins and ends that fills most of the window of these frames."""
    first, last = run
    margin = _WINDOW / 4
    return (first * _STEP + margin) / LINE, ((last - 1) * _STEP + _WINDOW - margin) / LINE


def _find_rhythm(signal: _Signal, sounds: list[tuple[Seconds, Seconds]]) -> Iterator[Heard]:
    row: list[tuple[Seconds, Seconds]] = []
    for sound in [*sounds, (math.inf, math.inf)]:
        start, end = sound
        fits = math.isfinite(start) and signal.on[0] <= end - start <= signal.on[1]
        if row and not (fits and _follows(signal, row[-1], sound)):
            if len(row) >= signal.times:
                yield Heard(signal.name, row[0][0], row[-1][1])
            row = []
        if fits:
            row.append(sound)


def _follows(signal: _Signal, former: tuple[Seconds, Seconds], sound: tuple[Seconds, Seconds]) -> bool:
    gap, on = sound[0] - former[1], sound[1] - sound[0]
    if not signal.off[0] <= gap <= signal.off[1]:
        return False
    others = (former[1] - former[0], *((gap,) if signal.even else ()))
    return all(abs(each - on) <= _UNEVEN * on + 0.03 for each in others)


def _divide(samples: Samples, size: int, hop: int) -> Iterator[Samples]:
    """Frames of `size`, one every `hop` samples, the last ones reaching into silence; a minute or less at once."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, (0, size)), size)[::hop]
    some = 2**21 // size
    for start in range(0, len(frames), some):
        yield np.ascontiguousarray(frames[start : start + some])


def _measure(frames: Samples, waves: Samples) -> Samples:
    """Squares of the amplitudes at the frequencies of `waves`, as a discrete Fourier transform has them."""
    products = np.square(frames @ waves)
    return np.asarray(products[:, ::2] + products[:, 1::2])


@functools.cache
def _waves(frequencies: tuple[float, ...], size: int) -> Samples:
    """A cosine and a sine of each frequency."""
    turns = np.outer(np.arange(size), np.repeat(frequencies, 2)) * (2 * np.pi / LINE)
    turns[:, 1::2] -= np.pi / 2
    return np.cos(turns).astype(np.float32)


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Where runs of true values begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.view(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
