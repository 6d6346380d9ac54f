"""The fake engine keeps the contract, and fails in each way it is told to."""

import numpy as np
import pytest

from voxpress.engines.tone import Tone
from voxpress.errors import CheckFailed, SynthesisError
from voxpress.quality.signal import check
from voxpress.speech import Segment
from voxpress.testing import EngineContract


class TestTone(EngineContract):
    def engine(self):
        return Tone()


def speak(**options):
    segment = Segment(text="Please hold the line.", voice="low", language="en", options=options)
    return Tone().synthesize([segment])[0], segment


def test_each_voice_has_its_pitch():
    """The strongest frequency rises from low to high."""
    pitches = []
    for voice in ("low", "middle", "high"):
        audio = Tone().synthesize([Segment(text="Hello", voice=voice, language="en")])[0]
        spectrum = np.abs(np.fft.rfft(audio.samples))
        pitches.append(spectrum.argmax() * audio.sample_rate / len(audio.samples))
    assert pitches == sorted(pitches) and pitches[2] > 3 * pitches[0]


def test_marks_are_the_words():
    """A beep for each word, where the mark says."""
    audio, _ = speak()
    assert [mark.text for mark in audio.marks] == ["Please", "hold", "the", "line."]
    for mark in audio.marks:
        inside = audio.samples[int(mark.start * audio.sample_rate) : int(mark.end * audio.sample_rate)]
        assert np.abs(inside).max() > 0.2


@pytest.mark.parametrize("fault", ["short", "silent", "clipped", "nan", "loop", "tail"])
def test_bad_audio_is_caught(fault):
    """Whatever tone does to its audio, the structural check stops it."""
    audio, segment = speak(fault=fault)
    with pytest.raises(CheckFailed):
        check(audio, segment)


def test_raises_when_told_to():
    """The error names the text."""
    with pytest.raises(SynthesisError, match="Please hold"):
        speak(fault="raise")


def test_fault_rate_depends_on_the_seed():
    """At a rate of one half, about half of the seeds fail, always the same ones."""

    def fails(seed):
        segment = Segment(
            text="Hello", voice="low", language="en", seed=seed, options={"fault": "raise", "fault_rate": 0.5}
        )
        try:
            Tone().synthesize([segment])
        except SynthesisError:
            return True
        return False

    failing = [seed for seed in range(200) if fails(seed)]
    assert 70 < len(failing) < 130
    assert failing == [seed for seed in range(200) if fails(seed)]
