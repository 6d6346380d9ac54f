"""What is measured of a recording, what of it is kept, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.speechlike import speech
from voxpress.audio import waveform
from voxpress.audio.waveform import Audio, gain, join, pad, silence, tone
from voxpress.errors import InputError
from voxpress.voices import recordings

GOOD = speech()


def test_a_good_recording_passes_without_a_warning():
    """All of it is kept, at a usual level, below full scale."""
    sample = recordings.prepare(GOOD)
    assert sample.warnings == () and not sample.cut
    assert sample.audio.duration == pytest.approx(GOOD.duration, abs=0.1)
    assert waveform.active_level(sample.audio) == pytest.approx(recordings.LEVEL, abs=0.5)
    assert waveform.peak(sample.audio) <= recordings.PEAK + 0.01


@pytest.mark.parametrize("snr", [5, 10, 15, 20, 30])
def test_noise_is_measured(snr):
    """As it was mixed, to 2 dB."""
    assert recordings.measure(speech(snr=snr)).noise == pytest.approx(snr, abs=2)


def test_digital_silence_does_not_hide_noise():
    """An editor put it there; the room is as loud as it is."""
    muted = join([silence(3.0, 16000), speech(snr=15), silence(3.0, 16000)])
    assert recordings.measure(muted).noise == pytest.approx(15, abs=2)


def test_noise_is_warned_of_then_refused():
    """With the figure, and what is needed."""
    (warning,) = recordings.prepare(speech(snr=16)).warnings
    assert "1" in warning and "20 dB are good" in warning
    with pytest.raises(InputError, match=r"noise lies only \d dB below the voice: 10 dB are needed"):
        recordings.prepare(speech(snr=6))


@pytest.mark.parametrize("sound", [tone([440], 5.0, 16000), Audio(np.full(80000, 0.5, np.float32), 16000)])
def test_what_is_no_speech_is_refused(sound):
    """A steady tone is noise without a voice; an offset is silence."""
    with pytest.raises(InputError, match=r"noise lies only|it is silent"):
        recordings.prepare(sound)


def test_silence_is_refused():
    """Whether digital, or too soft to be speech, or nothing at all."""
    for quiet in (silence(8.0, 16000), gain(GOOD, -60.0), silence(0.0, 16000)):
        with pytest.raises(InputError, match=r"it is silent: what is loudest in it has -\d+ dBFS"):
            recordings.prepare(quiet)


def test_what_is_no_number_is_refused():
    """A file of floats may hold anything."""
    with pytest.raises(InputError, match="not numbers"):
        recordings.prepare(Audio(np.append(GOOD.samples, np.float32("nan")), 16000))


def test_a_soft_recording_is_made_louder():
    """And said to be soft."""
    sample = recordings.prepare(gain(GOOD, -20.0))
    assert waveform.active_level(sample.audio) == pytest.approx(recordings.LEVEL, abs=0.5)
    assert "it is soft" in sample.warnings[0]


def test_peaks_are_never_clipped_by_the_level():
    """One click as loud as can be keeps all softer than usual."""
    clicked = GOOD.samples.copy() * np.float32(0.1)
    clicked[40000] = 1.0
    sample = recordings.prepare(Audio(clicked, 16000))
    assert waveform.peak(sample.audio) == pytest.approx(recordings.PEAK, abs=0.01)
    assert waveform.active_level(sample.audio) < recordings.LEVEL - 3


def test_clipping_is_warned_of_then_refused():
    """Also where the clipped sound was made softer afterwards."""

    def clipped(by):
        drive = gain(GOOD, by - waveform.peak(GOOD))
        return gain(Audio(np.clip(drive.samples, -1, 1), 16000), -9.0)

    assert recordings.measure(clipped(0)).clipped < recordings.CLIPPED / 5
    assert "flat tops" in recordings.prepare(clipped(1.5)).warnings[0]
    with pytest.raises(
        InputError, match=r"it is clipped: \d+\.\d+% of it lies on flat tops, and 0\.2% is the most"
    ):
        recordings.prepare(clipped(10))


def test_a_short_recording_is_warned_of_then_refused():
    """Pauses do not count."""
    assert "it is only 5.0 s long; 6 to 12 s are best" in recordings.prepare(speech(5.0)).warnings[0]
    with pytest.raises(InputError, match=r"only 2\.\d s of speech: 3 s are needed"):
        recordings.prepare(pad(speech(2.4, snr=60), 0.0, 8.0))


def test_a_telephone_is_noticed():
    """By what is missing, whatever the file calls its rate."""
    narrow = waveform.resample(speech(sample_rate=8000), 44100)
    assert recordings.measure(narrow).narrow and not recordings.measure(GOOD).narrow
    assert "telephone" in recordings.prepare(narrow).warnings[0]


def test_sample_rates_are_bounded():
    """Too low is refused; more than an engine uses is not kept."""
    with pytest.raises(InputError, match="a sample rate of 6000 Hz is too low"):
        recordings.prepare(Audio(GOOD.samples, 6000))
    assert recordings.prepare(waveform.resample(GOOD, 96000)).audio.sample_rate == 48000


def test_silence_at_both_ends_is_left_out():
    """But for a breath of the room."""
    sample = recordings.prepare(pad(GOOD, 4.0, 3.0))
    assert sample.audio.duration < GOOD.duration + 0.6 and not sample.cut


def test_a_long_recording_is_cut_in_pauses():
    """What is kept is loud inside and silent at both ends, and as long as engines take."""
    sample = recordings.prepare(speech(45.0, snr=60))
    assert sample.cut and 9.0 < sample.audio.duration <= recordings.LONGEST
    edges = np.abs(sample.audio.samples[:1600]).max(), np.abs(sample.audio.samples[-1600:]).max()
    assert max(edges) < 0.01 * np.abs(sample.audio.samples).max()


def test_the_part_with_most_speech_is_kept():
    """Not the first one."""
    sparse = join([part for _ in range(4) for part in (speech(2.0, snr=60), silence(2.5, 16000))])
    sample = recordings.prepare(join([sparse, speech(11.0, snr=60)]))
    assert sample.quality.speech > 8


def test_a_long_recording_without_a_pause_is_refused():
    """Rather than cut in the middle of a word."""
    with pytest.raises(InputError, match="no pause to cut at: give at most 12 s"):
        recordings.prepare(speech(20.0, sentence=30.0, snr=30))
