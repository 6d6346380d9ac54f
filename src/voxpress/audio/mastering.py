"""The loudness and the true peak of a mix: measured in a first pass over it, and reached in a second one."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voxpress.audio import energy
from voxpress.audio.arrays import Samples, np
from voxpress.audio.signals import Channels, Signal, read_blocks
from voxpress.audio.waveform import sliding_maximum, sliding_mean
from voxpress.speech import LUFS, Hertz, Seconds, dBFS

if TYPE_CHECKING:
    import numpy.typing as npt

LOUDNESS: dict[Channels, LUFS] = {1: -19.0, 2: -16.0}
"""What podcasts have, by the number of channels: speech that both channels have is as loud as in one."""
STEP = 0.25
"""Gains in dB are multiples of this, so that a small edit of an episode leaves the gain of all its parts."""
MOST_LIMITED = 12.0
"""Decibels that the limiter may take from the peaks."""

_HOPS = 2**14
"""Hops of which the limiter's work is predicted at once."""
_WINDOW: Seconds = 0.01
_TAPS = 12
"""Samples on each side of a place from which the true peak there follows."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a signal after one pass: 3 MB for each hour.

    Attributes:
        hops: K-weighted power of each 100 ms, summed over channels.
        powers, peaks: power and largest sample of each 10 ms, ten for each hop.
    """

    hops: Samples
    powers: Samples
    peaks: Samples

    @property
    def loudness(self) -> LUFS:
        """Integrated, by BS.1770; -inf if nothing is above the gate."""
        return energy.to_lufs(self.hops.astype(np.float64))

    def predict(self, gain: float, peak: dBFS) -> LUFS:
        """The loudness after a gain in dB and the limiter."""
        ceiling = 10 ** ((peak - gain) / 20)
        hops = self.hops.astype(np.float64)
        for at in range(0, len(hops), _HOPS):
            some = slice(at, at + _HOPS)
            hops[some] *= self._pass(10 * at, 10 * (at + len(hops[some])), ceiling)
        return energy.to_lufs(hops) + gain

    def _pass(self, start: int, stop: int, ceiling: float) -> npt.NDArray[np.float64]:
        """The share of the power of each hop that the limiter lets through, for some tenths of hops."""
        around = np.zeros(stop - start + 2, np.float32)
        first, last = max(0, start - 1), min(len(self.peaks), stop + 1)
        around[first - start + 1 : last - start + 1] = self.peaks[first:last]
        highest = sliding_maximum(around.astype(np.float64), 3)
        passed = np.minimum(1.0, ceiling / np.maximum(highest, 1e-9)) ** 2
        powers = self.powers[start:stop].astype(np.float64)
        limited, whole = ((powers * each).reshape(-1, 10).sum(axis=1) for each in (passed, 1.0))
        return np.asarray(limited / np.maximum(whole, 1e-30), np.float64)

    @classmethod
    def join(cls, parts: Sequence[Measured]) -> Measured:
        """What is known of parts in a row."""
        return cls(*(np.concatenate([getattr(each, name) for each in parts]) for name in cls.__slots__))

    def encode(self) -> bytes:
        """It as bytes, which `decode` reads; 21 numbers of 32 bits for each 100 ms."""
        return np.concatenate([self.hops, self.powers, self.peaks]).astype("<f4").tobytes()

    @classmethod
    def decode(cls, data: bytes) -> Measured:
        """What `encode` wrote.

        >>> ones = np.ones(10, np.float32)
        >>> Measured.decode(Measured(ones[:1], ones, ones).encode()).peaks.shape
        (10,)
        """
        numbers = np.frombuffer(data, "<f4").astype(np.float32)
        count = len(numbers) // 21
        return cls(numbers[:count], numbers[count : 11 * count], numbers[11 * count :])


def measure(signal: Signal, start: int = 0, stop: int | None = None) -> Measured:
    """Measure a signal, or a part of it, in one pass, a block at a time. Less than 100 ms at the end do not count."""
    rate = signal.sample_rate
    hop, tenth = round(energy.HOP * rate), round(energy.HOP * rate) // 10
    count = ((signal.length if stop is None else stop) - start) // hop
    # What is silent stays 0, and costs neither time nor memory.
    hops, powers, peaks = (np.zeros(number * count, np.float32) for number in (1, 10, 10))
    at = 0
    rest = np.zeros((0, signal.channels), np.float32)
    for block in read_blocks(signal, start, stop):
        samples = np.concatenate([rest, block])
        whole = len(samples) // hop
        rest, samples = samples[whole * hop :], samples[: whole * hop]
        if samples.any():
            hops[at : at + whole] = sum(
                energy.measure_hops(np.ascontiguousarray(each), rate) for each in samples.T
            )
            # The few samples after the last tenth of a hop count for no peak: this only predicts.
            tenths = samples.reshape(-1, hop, signal.channels)[:, : 10 * tenth].reshape(
                -1, tenth * signal.channels
            )
            powers[10 * at : 10 * (at + whole)] = np.einsum("ij,ij->i", tenths, tenths)
            peaks[10 * at : 10 * (at + whole)] = np.abs(tenths).max(axis=1)
        at += whole
    return Measured(hops, powers, peaks)


def choose_gain(measured: Measured, target: LUFS, peak: dBFS) -> float:
    """The gain in dB, a multiple of `STEP`, with which a signal has the loudness `target` after the limiter.

    Silence gets 0. What would be limited by more than `MOST_LIMITED` stays softer.
    """
    if not math.isfinite(measured.loudness):
        return 0.0
    least = target - measured.loudness
    gain = least
    while (missing := target - measured.predict(gain, peak)) > 0.02 and gain < least + MOST_LIMITED:
        gain += missing
    return round(gain / STEP) * STEP


class Mastered:
    """A signal with a gain and a limiter, as a signal: its true peak is not above `peak`.

    Each sample depends only on those within `REACH` around it.

    Args:
        gain: in dB.
        peak: dBTP.
    """

    REACH: Seconds = 2 * _WINDOW + 0.002

    def __init__(self, signal: Signal, gain: float, peak: dBFS) -> None:
        self._signal, self._gain = signal, np.float32(10 ** (gain / 20))
        self._ceiling = np.float32(10 ** (peak / 20))
        self.sample_rate: Hertz = signal.sample_rate
        self.channels: Channels = signal.channels
        self.length = signal.length

    def read(self, start: int, stop: int) -> Samples:
        """See `Signal.read`."""
        # The pitch period of a low voice: a shorter window would follow single glottal pulses, which sounds distorted.
        window = round(_WINDOW * self.sample_rate)
        reach = 2 * window - 2
        samples = self._signal.read(start - reach - _TAPS, stop + reach + _TAPS) * self._gain
        heard = samples[reach + _TAPS : len(samples) - reach - _TAPS]
        # Between samples the level can be higher than there, hardly ever by more than this.
        if np.abs(samples).max(initial=0.0) < self._ceiling / 2:
            return heard
        needed = self._ceiling / np.maximum(find_true_peaks(samples), self._ceiling)
        lowest = -sliding_maximum(-needed.astype(np.float64), 2 * window - 1)
        gains = sliding_mean(sliding_mean(lowest, window), window)
        return np.asarray(heard * gains.astype(np.float32)[:, None], np.float32)


def find_true_peaks(samples: Samples) -> Samples:
    """The highest level at or right after each sample in any channel, four times oversampled (BS.1770-5, annex 2).

    Args:
        samples: of shape (n, channels).

    Returns:
        Shape (n - 2 * 12,): the first and last 12 samples are only the surroundings of others.
    """
    found = np.abs(samples[_TAPS:-_TAPS]).max(axis=1)
    for channel in samples.T:
        neighbours = np.ascontiguousarray(channel[1:])
        for weights in _interpolation():
            np.maximum(found, np.abs(np.correlate(neighbours, weights)), out=found)
    return np.asarray(found, np.float32)


@functools.cache
def _interpolation() -> Samples:
    """Windowed sines that give the three values between two samples, shape (3, 24)."""
    distances = np.arange(1 - _TAPS, _TAPS + 1) - np.array([[0.25], [0.5], [0.75]])
    return np.asarray(np.sinc(distances) * np.cos(np.pi / 2 * distances / (_TAPS + 1)) ** 2, np.float32)
