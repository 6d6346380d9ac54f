"""The sound of a quiet room, under everything that is heard.

Between sentences voxpress has digital silence. ACX wants none: no room is as silent, and it disturbs listeners.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from voxpress.audio.arrays import Samples, np
from voxpress.audio.waveform import Audio
from voxpress.speech import dBFS

_LENGTH = 2**18
"""Samples after which the sound repeats itself: six seconds at 44.1 kHz."""


def add_room_tone(audio: Audio, level: dBFS) -> Audio:
    """The audio with noise under it that has the same power in each octave, as rooms nearly do.

    The noise is the same each time.

    Args:
        level: RMS of the noise.

    >>> quiet = add_room_tone(Audio(np.zeros(2**18, np.float32), 44100), -70)
    >>> round(10 * np.log10(np.mean(np.square(quiet.samples, dtype=np.float64))))
    -70
    """
    count = len(audio.samples)
    noise = np.resize(_make_noise(), count) * np.float32(10 ** (level / 20))
    return replace(audio, samples=audio.samples + noise)


@functools.cache
def _make_noise() -> Samples:
    """Noise of RMS 1 whose end leads into its start."""
    # numpy keeps the raw numbers of its generators from release to release.
    raw = np.random.PCG64(0).random_raw(_LENGTH // 2 + 1)
    spectrum = np.exp(2j * np.pi * (raw / 2.0**64))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    # Below a thousandth of the sample rate nobody hears it.
    spectrum[: _LENGTH // 1000] = 0
    noise = np.fft.irfft(spectrum, _LENGTH)
    return np.asarray(noise / np.sqrt(np.mean(np.square(noise))), np.float32)
