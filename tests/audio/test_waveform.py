"""voxpress.audio.waveform: what is heard after each function, measured."""

from __future__ import annotations

import math
from itertools import pairwise

import av
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxpress.audio.waveform import (
    Audio,
    active_level,
    gain,
    join,
    limit,
    loudness,
    pad,
    peak,
    resample,
    silence,
    to_level,
    to_loudness,
    tone,
    trim,
)
from voxpress.speech import Mark


def speech(duration: float, sample_rate: int = 24000, level: float = -20.0) -> Audio:
    """Something like speech: a gliding voice with overtones in syllables and phrases, over a little noise."""
    time = np.arange(round(duration * sample_rate)) / sample_rate
    phase = np.cumsum(2 * np.pi * (120 + 30 * np.sin(3 * time)) / sample_rate)
    voice = np.sum([np.sin(k * phase) / k for k in range(1, 22)], axis=0)
    syllables: npt.NDArray[np.float64] = np.clip(np.sin(2 * np.pi * 2.7 * time), 0, 1) ** 0.5 * (
        np.sin(2 * time + 1) > -0.6
    )
    noise = np.random.default_rng(1).normal(0, 0.001, len(time))
    samples: npt.NDArray[np.float64] = voice * syllables + noise
    samples /= np.abs(samples).max(initial=1e-9)
    return gain(Audio(samples.astype(np.float32), sample_rate), level)


def ebur128(audio: Audio) -> float:
    """Integrated loudness as FFmpeg measures it."""
    if not hasattr(av.AudioFrame, "metadata"):
        pytest.skip("this version of av does not show what the filter measures")
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=audio.sample_rate, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(audio.samples[None], format="flt", layout="mono")
    frame.sample_rate, frame.pts = audio.sample_rate, 0
    source.push(frame)
    source.push(None)
    reading = -math.inf
    while True:
        try:
            reading = float(sink.pull().metadata["lavfi.r128.I"])
        except (av.EOFError, av.BlockingIOError):
            return reading


def strongest(audio: Audio) -> float:
    """Frequency of the strongest partial, in hertz."""
    spectrum = np.abs(np.fft.rfft(audio.samples * np.hanning(len(audio.samples))))
    return float(np.argmax(spectrum) * audio.sample_rate / len(audio.samples))


def noise(length: int, seed: int, level: float, times: list[float]) -> Audio:
    """White noise with words between `times`, given as parts of the whole."""
    duration = length / 8000
    marks = tuple(
        Mark(kind="word", text="a", start=start * duration, end=end * duration)
        for start, end in pairwise(sorted(times))
    )
    return Audio(np.random.default_rng(seed).normal(0, level, length).astype(np.float32), 8000, marks)


audios = st.builds(
    noise,
    st.integers(0, 3000),
    st.integers(0, 9),
    st.floats(0.0, 3.0),
    st.lists(st.floats(0.0, 1.0), max_size=6),
)


def ordered(audio: Audio) -> bool:
    """Whether all marks lie in the audio and follow each other."""
    times = [time for mark in audio.marks for time in (mark.start, mark.end)]
    inside = all(-1e-9 <= time <= audio.duration + 1e-9 for time in times)
    return inside and all(a <= b + 1e-9 for a, b in pairwise(times))


def test_tone_has_its_frequencies_level_and_soft_edges() -> None:
    """A DTMF pair: two partials, a bounded peak, no click."""
    beep = tone([697, 1209], 0.5, 8000, level=-10)
    spectrum = np.abs(np.fft.rfft(beep.samples)) / len(beep.samples)
    loud = np.flatnonzero(spectrum > spectrum.max() / 2) * 8000 / len(beep.samples)
    assert min(abs(loud - 697)) <= 2 and min(abs(loud - 1209)) <= 2 and len(loud) <= 4
    assert -10.5 < peak(beep) <= -10
    assert beep.samples[0] == beep.samples[-1] == 0
    assert silence(0.5, 8000).samples.tolist() == [0.0] * 4000
    assert tone([440], 0.0, 8000).duration == 0


def test_join_keeps_every_sample_and_moves_the_marks() -> None:
    """Pauses are parts like others."""
    word = Audio(np.full(800, 0.5, np.float32), 8000, (Mark(kind="word", text="hi", start=0.02, end=0.08),))
    both = join([word, silence(0.3, 8000), word])
    assert len(both.samples) == 800 + 2400 + 800
    assert [round(mark.start, 6) for mark in both.marks] == [0.02, 0.42]
    assert [round(mark.end, 6) for mark in both.marks] == [0.08, 0.48]
    padded = pad(word, 0.05, 0.1)
    assert padded.duration == pytest.approx(0.25) and padded.marks[0].start == pytest.approx(0.07)
    assert pad(word) is word


def test_join_refuses_what_does_not_fit_together() -> None:
    """Two rates, or nothing at all."""
    with pytest.raises(ValueError, match=r"\[8000, 16000\]"):
        join([silence(1, 8000), silence(1, 16000)])
    with pytest.raises(ValueError, match="none"):
        join([])


@pytest.mark.parametrize("level", [-6.0, -40.0])
@pytest.mark.parametrize("offset", [0.0, 0.02])
def test_trim_cuts_silence_and_nothing_of_a_soft_end(level: float, offset: float) -> None:
    """A word fades into breath 40 dB below it; noise of a quiet engine lies 65 dB below, on an offset."""
    rng = np.random.default_rng(0)
    word = tone([200], 0.5, 24000, level=0.0).samples
    breath = rng.normal(0, 0.007, 4800).astype(np.float32)
    noise = rng.normal(0, 0.0004, 24000).astype(np.float32)
    whole = np.concatenate([noise, word, breath, noise])
    audio = gain(Audio(whole, 24000), level)
    audio = Audio(audio.samples + np.float32(offset), 24000)
    trimmed = trim(audio)
    assert trimmed.duration == pytest.approx(0.5 + 0.2 + 2 * 0.02, abs=0.021)


def test_trim_of_silence_is_empty_and_of_sound_is_the_sound() -> None:
    """The two ends of the range, and marks that lay in what is gone."""
    assert trim(silence(1, 8000)).duration == 0
    full = tone([440], 1, 8000)
    assert trim(full) is full
    late = Audio(pad(full, 1.0, 1.0).samples, 8000, (Mark(kind="word", text="a", start=0.5, end=1.5),))
    (mark,) = trim(late).marks
    assert mark.start == 0 and mark.end == pytest.approx(0.52)


@pytest.mark.parametrize("frame", [0.0025, 0.01, 0.04])
def test_trim_finds_the_ends_to_a_frame(frame: float) -> None:
    """Shorter frames suit speech that is faster."""
    trimmed = trim(pad(tone([440], 0.2, 8000), 0.1003, 0.3011), keep=0.0, frame=frame)
    assert 0.195 <= trimmed.duration <= 0.2 + 2 * frame


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
def test_resample_keeps_pitch_length_and_level(rate: int) -> None:
    """440 Hz stays 440 Hz; what lies above the new band is gone."""
    audio = tone([440], 1.0, 24000)
    there = resample(audio, rate)
    assert len(there.samples) == rate and there.samples.dtype == np.float32
    assert strongest(there) == pytest.approx(440, abs=1)
    assert peak(there) == pytest.approx(-12, abs=0.1)
    assert peak(resample(tone([7000], 1.0, 24000), 8000)) < -60
    assert resample(audio, 24000) is audio


@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_loudness_is_what_ebur128_reads(rate: int) -> None:
    """Against FFmpeg's meter, on something like speech with pauses that the gate must drop."""
    audio = join([speech(2, rate), silence(2, rate), speech(2, rate, level=-26)])
    assert loudness(audio) == pytest.approx(ebur128(audio), abs=0.1)


def test_loudness_of_a_word_is_its_loudness_when_repeated() -> None:
    """A spoken digit is shorter than a block of the standard."""
    word = speech(0.3)
    assert loudness(word) == pytest.approx(ebur128(join([word] * 10)), abs=0.2)
    assert loudness(silence(1, 8000)) == loudness(silence(0, 8000)) == -math.inf


def test_active_level_counts_speech_only() -> None:
    """Pauses within and around do not change it; rumble below 300 Hz does not count (RFC 7874)."""
    spoken = tone([1000], 2.0, 16000, level=-17)
    assert active_level(spoken) == pytest.approx(-20, abs=0.1)
    apart = pad(join([spoken, silence(1.5, 16000), spoken]), 1, 1)
    assert active_level(apart) == pytest.approx(active_level(spoken), abs=0.3)
    assert active_level(tone([60], 1.0, 16000)) < active_level(tone([1000], 1.0, 16000)) - 20
    # RMS 2600 of 16 bits, the RFC's example of -19 dBm0.
    example = gain(spoken, 17 + 20 * math.log10(2600 * math.sqrt(2) / 32768))
    assert active_level(example) == pytest.approx(-22, abs=0.5)
    assert active_level(silence(1, 8000)) == active_level(silence(0, 8000)) == -math.inf


@pytest.mark.parametrize("duration", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("source", [-50.0, -14.0, 3.0])
@pytest.mark.parametrize("target", [-23.0, -16.0])
def test_targets_are_met_under_the_peak(duration: float, source: float, target: float) -> None:
    """Short and long, whispered and beyond full scale: within half a decibel, and no sample above; the
    levels are those of telephony, where what is below 300 Hz does not count.
    """
    audio = speech(duration, level=source)
    louder = to_loudness(audio, target, peak=-1.0)
    assert loudness(louder) == pytest.approx(target, abs=0.5) and peak(louder) <= -1
    level = to_level(audio, target - 4, peak=-3.0)
    assert active_level(level) == pytest.approx(target - 4, abs=0.5) and peak(level) <= -3


def test_an_impossible_target_gives_way_to_the_peak() -> None:
    """0 LUFS under -6 dBFS cannot be; the peak holds, and the sound is not crushed for it."""
    pressed = to_loudness(speech(2), 0.0, peak=-6.0)
    assert peak(pressed) <= -6 and loudness(pressed) < -6
    assert peak(to_loudness(silence(1, 8000), -16.0)) == -math.inf


def test_the_limiter_leaves_alone_what_is_below() -> None:
    """Bit for bit: as a whole, and far from a peak; and it does not distort a steady tone."""
    quiet = tone([440], 1, 24000)
    assert limit(quiet, -1) is quiet
    samples = quiet.samples.copy()
    samples[12000] = 2.0
    limited = limit(Audio(samples, 24000), -1)
    assert np.array_equal(limited.samples[:11500], samples[:11500])
    assert np.array_equal(limited.samples[12500:], samples[12500:])
    loud = limit(gain(tone([440], 1, 24000), 12), -6).samples[2400:-2400]
    spectrum = np.square(np.abs(np.fft.rfft(loud * np.blackman(len(loud)))))
    heard = round(440 * len(loud) / 24000)
    overtones = spectrum.sum() - spectrum[heard - 5 : heard + 6].sum()
    assert overtones < spectrum.sum() * 1e-4


@given(audios, st.floats(-40.0, 0.0))
@settings(max_examples=60)
def test_no_sample_passes_the_limiter(audio: Audio, ceiling: float) -> None:
    """Whatever the audio: same length, sign kept, none above."""
    limited = limit(audio, ceiling)
    assert len(limited.samples) == len(audio.samples)
    assert np.all(np.abs(limited.samples) <= np.float32(10 ** (ceiling / 20)))
    assert np.all(np.abs(limited.samples) <= np.abs(audio.samples))
    assert np.all(limited.samples * audio.samples >= 0)


@given(st.lists(audios, min_size=1, max_size=4))
@settings(max_examples=40)
def test_joined_length_is_the_sum_and_marks_stay_in_order(parts: list[Audio]) -> None:
    """And nothing of the samples is lost."""
    whole = join(parts)
    assert np.array_equal(whole.samples, np.concatenate([part.samples for part in parts]))
    assert ordered(whole) and len(whole.marks) == sum(len(part.marks) for part in parts)


@given(audios, st.integers(0, 2000), st.integers(0, 2000))
@settings(max_examples=60)
def test_trimmed_audio_is_a_part_of_the_audio(audio: Audio, lead: int, tail: int) -> None:
    """Trimming only cuts at the ends, keeps the marks inside, and has nothing to do a second time."""
    padded = pad(audio, lead / 8000, tail / 8000)
    trimmed = trim(padded)
    assert trimmed.samples.tobytes() in padded.samples.tobytes()
    assert ordered(trimmed)
    if len(trimmed.samples):
        assert len(trim(trimmed).samples) >= len(trimmed.samples) - 160


@given(audios, st.sampled_from([8000, 11025, 24000]))
@settings(max_examples=40)
def test_resampled_duration_is_the_same(audio: Audio, rate: int) -> None:
    """To one sample of the new rate, also for none and for one."""
    assert abs(resample(audio, rate).duration - audio.duration) * rate <= 1


@pytest.mark.parametrize("length", [0, 1, 2, 79])
def test_next_to_nothing_is_no_trouble(length: int) -> None:
    """Empty audio and single samples pass through every function."""
    audio = Audio(np.full(length, 0.1, np.float32), 8000)
    for made in (
        trim(audio),
        limit(audio, -30),
        to_loudness(audio, -20),
        to_level(audio, -20),
        gain(audio, 3),
    ):
        assert len(made.samples) == length
    assert len(join([audio, audio]).samples) == 2 * length


def test_the_same_input_gives_the_same_samples() -> None:
    """Bit for bit: keys promise it."""
    first, second = (to_loudness(resample(speech(2, level=0), 44100), -12.0).samples for _ in range(2))
    assert np.array_equal(first, second)
