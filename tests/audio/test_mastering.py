"""Loudness and true peak of a mix, judged by FFmpeg's ebur128."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.audio import reference
from tests.speechlike import speech
from voxpress.audio.mastering import Mastered, Measured, choose_gain, measure
from voxpress.audio.signals import Channels, Held, Signal, read_blocks, surround
from voxpress.audio.waveform import Audio, tone

RATE = 44_100


class Stereo:
    """Samples in memory."""

    channels: Channels = 2

    def __init__(self, samples, rate=RATE):
        self.samples, self.sample_rate, self.length = samples.astype(np.float32), rate, len(samples)

    def read(self, start, stop):
        return surround(self.samples[max(0, start) : max(0, stop)], start, stop)


def voice(seconds=20.0, rate=RATE):
    return speech(seconds, sample_rate=rate).samples


def music(seconds=20.0):
    time = np.arange(round(seconds * RATE)) / RATE
    left = 0.3 * np.sin(2 * np.pi * 55 * time) * (np.sin(2 * np.pi * 2 * time) > 0)
    right = 0.2 * np.sin(2 * np.pi * 3000 * time) * (np.sin(2 * np.pi * 0.5 * time) > 0)
    return np.stack([left, right], 1)


SIGNALS: dict[str, Callable[[], Signal]] = {
    "speech": lambda: Held(Audio(voice(), RATE)),
    "speech at 48 kHz": lambda: Held(Audio(voice(rate=48_000), 48_000)),
    "speech in both channels": lambda: Stereo(np.stack([voice()] * 2, 1)),
    "music": lambda: Stereo(music()),
    "speech over music": lambda: Stereo(np.stack([voice()] * 2, 1) + 0.2 * music()),
    "loud, then quiet": lambda: Held(
        Audio(voice() * np.linspace(1, 0.01, 20 * RATE, dtype=np.float32), RATE)
    ),
}


def whole(signal):
    return np.concatenate(list(read_blocks(signal)))


@pytest.mark.parametrize("name", SIGNALS)
def test_loudness_is_what_ffmpeg_measures(name):
    signal = SIGNALS[name]()
    assert measure(signal).loudness == pytest.approx(
        reference.measure(whole(signal), signal.sample_rate).loudness, abs=0.1
    )


@pytest.mark.parametrize("target", [-23.0, -19.0, -16.0])
@pytest.mark.parametrize("name", SIGNALS)
def test_loudness_and_true_peak_are_reached(name, target):
    signal = SIGNALS[name]()
    gain = choose_gain(measure(signal), target, -1.5)
    reached = reference.measure(whole(Mastered(signal, gain, -1.5)), signal.sample_rate)
    assert gain % 0.25 == 0
    assert reached.loudness == pytest.approx(target, abs=0.3)
    assert reached.peak <= -1.3


def test_a_peak_between_samples_is_limited():
    # A quarter of the sample rate, sampled beside its peaks: samples 3 dB below them.
    beside = math.sqrt(2) * np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)
    # Without fades, the edges would have peaks of their own.
    sound = Held(Audio((0.95 * beside * np.hanning(RATE) ** 0.1).astype(np.float32), RATE))
    assert np.abs(whole(sound)).max() < 0.96
    assert reference.measure(whole(sound), RATE).peak > 2
    assert reference.measure(whole(Mastered(sound, 0.0, -1.0)), RATE).peak == pytest.approx(-1.0, abs=0.1)


def test_what_needs_no_limit_stays_as_it_is():
    sound = Held(tone([440], 2.0, RATE, level=-3.0))
    np.testing.assert_array_equal(whole(Mastered(sound, 0.0, -1.0)), whole(sound))


@pytest.mark.parametrize("seconds", [0.0, 0.05, 5.0])
def test_silence_gets_no_gain(seconds):
    silent = Held(Audio(np.zeros(round(seconds * RATE), np.float32), RATE))
    assert choose_gain(measure(silent), -19.0, -1.0) == 0
    assert not whole(Mastered(silent, 6.0, -1.0)).any() if seconds else True


@pytest.mark.parametrize("copies", [90, 200])
def test_a_long_signal_is_limited_as_a_short_one(copies):
    once = measure(Held(Audio(voice(20.0), RATE)))
    long, short = (Measured.join([once] * count) for count in (copies, 5))
    assert long.predict(15.0, -2.0) == pytest.approx(short.predict(15.0, -2.0), abs=0.02)


@pytest.mark.parametrize("start", [0, 5 * RATE, 5 * RATE + 7])
def test_silence_around_speech_counts_as_ffmpeg_counts_it(start):
    said = voice(10.0)
    samples = np.concatenate([np.zeros(start, np.float32), said, np.zeros(40 * RATE, np.float32)])
    found = measure(Held(Audio(samples, RATE)))
    assert len(found.hops) == len(samples) // (RATE // 10)
    assert found.loudness == pytest.approx(reference.measure(samples[:, None], RATE).loudness, abs=0.1)


def test_a_small_edit_leaves_the_gain():
    before = voice(30.0)
    after = np.concatenate([before[: 20 * RATE], before[21 * RATE :]])
    gains = {choose_gain(measure(Held(Audio(each, RATE))), -19.0, -1.0) for each in (before, after)}
    assert len(gains) == 1


def test_both_channels_are_limited_together():
    samples = np.stack([np.full(RATE, 0.1), np.zeros(RATE)], 1)
    samples[RATE // 2 : RATE // 2 + 5, 1] = 2.0
    limited = whole(Mastered(Stereo(samples), 0.0, 0.0))
    assert np.abs(limited).max() <= 1.0
    assert limited[RATE // 2, 0] < 0.06
