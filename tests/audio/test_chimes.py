"""voxpress.audio.chimes: chimes made of sine waves."""

from __future__ import annotations

import numpy as np
import pytest

from voxpress.audio import chimes, waveform


@pytest.mark.parametrize("sample_rate", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize("name", chimes.CHIMES)
def test_a_chime_begins_and_ends_softly(name: str, sample_rate: int) -> None:
    sound = chimes.ring(chimes.CHIMES[name], sample_rate)
    assert waveform.problem(sound) == ""
    assert 0.5 <= sound.duration <= 3.0
    assert waveform.peak(sound) == pytest.approx(-6.0, abs=0.1)
    assert abs(sound.samples[0]) < 0.001 and abs(sound.samples[-1]) < 0.001
    assert abs(float(sound.samples.mean())) < 0.001


def test_a_chime_has_the_notes_of_its_name() -> None:
    sound = chimes.ring(chimes.CHIMES["two-tone"], 16000)
    for start, pitch in ((0.05, 523.3), (0.6, 784.0)):
        piece = sound.samples[round(start * 16000) :][:2400] * np.hanning(2400)
        loudest = np.argmax(np.abs(np.fft.rfft(piece))) * 16000 / 2400
        assert loudest == pytest.approx(pitch, abs=7)


def test_a_chime_is_the_same_each_time_and_at_each_rate() -> None:
    first, second = (chimes.ring(chimes.CHIMES["gong"], 16000) for _ in range(2))
    assert first.samples.tobytes() == second.samples.tobytes()
    telephone = chimes.ring(chimes.CHIMES["gong"], 8000)
    assert telephone.duration == pytest.approx(first.duration, abs=0.05)
