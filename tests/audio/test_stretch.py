"""Longer and shorter at the same pitch."""

import numpy as np
import pytest

from voxpress.audio.stretch import stretch
from voxpress.audio.waveform import Audio, join, silence, tone
from voxpress.speech import Mark

FACTORS = (0.25, 0.4, 0.5, 0.8, 0.95, 1.05, 1.25, 2.0, 3.3, 4.0)


def pitch(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate / len(samples))


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_the_length_is_exact_and_the_pitch_stays(factor, rate):
    made = stretch(tone([300], 1.5, rate), factor)
    assert len(made.samples) == round(1.5 * rate * factor)
    assert made.samples.dtype == np.float32
    assert pitch(made.samples, rate) == pytest.approx(300, abs=4)
    middle = made.samples[len(made.samples) // 4 : -len(made.samples) // 4]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(10 ** (-12 / 20) / np.sqrt(2), rel=0.1)


@pytest.mark.parametrize("factor", FACTORS)
def test_marks_and_sounds_move_together(factor):
    """To 40 ms of the sound as it was spoken, or a window of the filter."""
    rate = 22050
    beep = tone([220], 0.4, rate)
    marks = (
        Mark(kind="word", text="one", start=0.5, end=0.9),
        Mark(kind="word", text="two", start=1.4, end=1.8),
    )
    audio = join([silence(0.5, rate), beep, silence(0.5, rate), beep, silence(0.3, rate)])
    made = stretch(Audio(audio.samples, rate, marks), factor)
    loud = np.flatnonzero(np.abs(made.samples) > 0.02) / rate
    second = loud[np.flatnonzero(np.diff(loud) > 0.05)[0] + 1]
    heard = (loud[0], second, loud[-1])
    marked = (made.marks[0].start, made.marks[1].start, made.marks[1].end)
    assert np.allclose(heard, marked, atol=max(0.03, 0.04 * factor))


@pytest.mark.parametrize("count", [0, 1, 10, 500, 3000])
def test_short_audio(count):
    assert len(stretch(Audio(np.ones(count, np.float32), 8000), 2.0).samples) == 2 * count


def test_the_end_is_not_lost():
    """The filter keeps its last window to itself."""
    made = stretch(tone([300], 1.0, 8000), 0.5)
    assert np.abs(made.samples[-400:]).max() > 0.2


def test_the_same_audio_gives_the_same_samples():
    audio = tone([300, 440], 2.0, 24000)
    assert np.array_equal(stretch(audio, 0.6).samples, stretch(audio, 0.6).samples)
    assert stretch(audio, 1.0) is audio
