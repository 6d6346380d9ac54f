"""The energy of sound in frames, and the loudness that follows from it: ITU-R BS.1770-5."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from voxpress.audio.arrays import Samples, np
from voxpress.speech import LUFS, Hertz, Seconds

if TYPE_CHECKING:
    import numpy.typing as npt

HOP: Seconds = 0.1
"""Blocks of 400 ms begin so often."""


def measure_hops(samples: Samples, sample_rate: Hertz) -> npt.NDArray[np.float64]:
    """Power of each whole 100 ms, weighted as ears do (K).

    NumPy has no recursive filter, so this weights the spectrum of each 100 ms. By Parseval's theorem the energy is the
    same, except for leaks at the edges: less than 0.05 LU on speech.
    """
    step = round(HOP * sample_rate)
    return measure_frames(samples, step, np.ones(step, np.float32), weight_for_loudness(sample_rate, step))


def to_lufs(hops: npt.NDArray[np.float64]) -> LUFS:
    """Integrated loudness from the powers of `measure_hops`, summed over channels; -inf if nothing is above the gate.

    >>> round(to_lufs(np.full(10, 0.01)), 1)
    -20.7
    """
    # Gates and offset: BS.1770-5, annex 1.
    blocks = np.convolve(hops, np.full(4, 0.25), "valid") if len(hops) >= 4 else hops[:0]
    blocks = blocks[blocks > 10 ** ((-70.0 + 0.691) / 10)]
    blocks = blocks[blocks > 0.1 * blocks.mean()] if len(blocks) else blocks
    return 10 * math.log10(float(blocks.mean())) - 0.691 if len(blocks) else -math.inf


def measure_frames(samples: Samples, step: int, window: Samples, weights: Samples) -> npt.NDArray[np.float64]:
    """Weighted power of each frame of ``len(window)`` samples, one every `step` samples."""
    if len(samples) < len(window):
        return np.zeros(0)
    frames = np.lib.stride_tricks.sliding_window_view(samples, len(window))[::step]
    # In chunks: the spectra of an hour would fill gigabytes.
    some = max(1, 2**18 // len(window))
    powers = [
        np.square(np.abs(np.fft.rfft(frames[start : start + some] * window))) @ weights
        for start in range(0, len(frames), some)
    ]
    return np.concatenate(powers).astype(np.float64)


def list_bins(sample_rate: Hertz, size: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Frequencies of rfft's bins, and the share of each bin's power in the mean square of a frame."""
    shares = np.full(size // 2 + 1, 2.0, np.float64)
    shares[0] = 1.0
    if size % 2 == 0:
        shares[-1] = 1.0
    return np.arange(size // 2 + 1, dtype=np.float64) * (sample_rate / size), shares / size**2


@functools.cache
def weight_for_loudness(sample_rate: Hertz, size: int) -> Samples:
    """Power response of BS.1770's two filters. The standard has coefficients for 48 kHz only; these analogue
    parameters, from libebur128, work for every rate.
    """
    frequencies, shares = list_bins(sample_rate, size)
    z = np.exp(-2j * np.pi * frequencies / sample_rate)

    def response(b: Sequence[float], a: Sequence[float]) -> npt.NDArray[np.float64]:
        return np.abs(np.polyval(b[::-1], z) / np.polyval(a[::-1], z)) ** 2

    k, q = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    shelf = response(
        [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k],
        [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k],
    )
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    norm = 1 + k / q + k * k
    high_pass = response([1, -2, 1], [1, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm])
    return np.asarray(shelf * high_pass * shares, np.float32)
