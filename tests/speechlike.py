"""Something like speech, for whatever needs a recording of a voice."""

from __future__ import annotations

import numpy as np

from voxpress.audio import waveform
from voxpress.audio.waveform import Audio
from voxpress.speech import Hertz, Seconds


def speech(
    seconds: Seconds = 8.0,
    *,
    pitch: Hertz = 120,
    snr: float = 40.0,
    sample_rate: Hertz = 16000,
    sentence: Seconds = 2.4,
) -> Audio:
    """Something like speech: four syllables a second, in sentences with pauses of half a second, in a noisy room.

    Args:
        snr: decibels from the noise to the voice, both above 300 Hz.
    """
    random = np.random.default_rng(1)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    angles = np.linspace(0, 2 * np.pi, 1024, endpoint=False)
    period = np.sum([np.sin(k * angles + k * k) / k for k in range(1, 41)], axis=0)
    place = pitch * (time + 0.004 * np.sin(2 * np.pi * 0.7 * time))
    syllables = 10 ** (random.uniform(-6, 2, round(4 * seconds) + 1) / 20)
    loudness = 0.1 * syllables[(4 * time).astype(int)] * np.sin(np.pi * 4 * time) ** 2
    loudness *= time % (sentence + 0.5) < sentence
    voice = period[(place % 1 * 1024).astype(int)] * loudness
    hiss = random.standard_normal(len(time))
    below = _level(voice, sample_rate) - _level(hiss, sample_rate) - snr
    return Audio((voice + hiss * 10 ** (below / 20)).astype(np.float32), sample_rate)


def _level(sound, sample_rate):
    return waveform.active_level(Audio(sound.astype(np.float32), sample_rate))
