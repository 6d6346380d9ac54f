"""Is a recording good enough to clone a voice from, and which part of it is the best?

The bounds were set on human and synthetic readings, clipped, and mixed with noise at known ratios: docs/voices.md says
with what result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from voxpress.audio import waveform
from voxpress.audio.arrays import np
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError
from voxpress.speech import Hertz, Seconds, dBFS

if TYPE_CHECKING:
    import numpy.typing as npt

SHORTEST: Seconds = 3.0
"""Of speech; less is not enough for any engine to catch a voice."""
ENOUGH: Seconds = 6.0
LONGEST: Seconds = 12.0
"""What every engine takes: F5-TTS 12 s, OuteTTS 20 s, XTTS 30 s."""
SILENCE: dBFS = -60.0
SOFT: dBFS = -45.0
LEVEL: dBFS = -22.0
"""What the active level of a sample is brought to, as far as its peaks allow."""
PEAK: dBFS = -1.0
NOISY, TOO_NOISY = 20.0, 10.0
"""Decibels from the noise to the voice."""
CLIPPED, TOO_CLIPPED = 0.0001, 0.002
"""Share of samples on flat tops. Unclipped speech has less than a tenth of the former; 3 dB too much give 0.0003, and
6 dB 0.004."""
LOWEST_RATE: Hertz = 8000
HIGHEST_RATE: Hertz = 48000
"""Of what is kept; no engine takes more than 44.1 kHz."""
NARROW = -50.0
"""Decibels of what lies above 4.2 kHz to the whole: speech has -26 or more, telephone speech below -79."""

_STEP: Seconds = 0.01
_PAUSE: Seconds = 0.2
"""Longer than the closure of a consonant."""
_MARGIN: Seconds = 0.25

_Flags: TypeAlias = "npt.NDArray[np.bool_]"


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of a sample."""

    duration: Seconds
    speech: Seconds
    """Of it, without pauses."""
    level: dBFS
    """While someone speaks."""
    noise: float
    """Decibels that the noise lies below the voice; at most 60."""
    clipped: float
    """Share of samples on flat tops."""
    narrow: bool
    """Whether it has nothing above 4 kHz, like a telephone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A recording, ready to be cloned.

    Attributes:
        audio: the best part of it, at a usual level.
        quality: of that part, as it was recorded.
        cut: whether speech was left out.
        warnings: what is wrong with it, though not so much that it could not be cloned.
    """

    audio: Audio
    quality: Quality
    cut: bool
    warnings: tuple[str, ...]


def prepare(recording: Audio, longest: Seconds = LONGEST) -> Sample:
    """What to clone of a recording: all of it but the silence at both ends, or, where that is longer than `longest`,
    the part that has most speech between two long pauses.

    Raises:
        InputError: it is silent, too noisy, clipped or too short, has a sample rate below 8 kHz, or no pause to cut at.
    """
    if recording.sample_rate < LOWEST_RATE:
        raise InputError(
            f"a sample rate of {recording.sample_rate} Hz is too low: {LOWEST_RATE} are needed, 24000 or more are best"
        )
    if not np.isfinite(recording.samples).all():
        raise InputError("it has samples that are not numbers")
    recording = waveform.resample(recording, min(recording.sample_rate, HIGHEST_RATE))
    powers, level = waveform.powers(recording), waveform.active_level(recording)
    if level < SILENCE:
        raise InputError(
            f"it is silent: what is loudest in it has {max(level, -99):.0f} dBFS, and speech has {SILENCE:.0f} at least"
        )
    _not_too_noisy(_below(powers, level))
    part, cut = _best(recording, _find_speech(powers, level), longest)
    quality = measure(part)
    return Sample(_level(part, quality.level), quality, cut, _judge(quality))


def measure(sample: Audio) -> Quality:
    """What there is to know of a sample before its words are."""
    powers = waveform.powers(sample)
    level = waveform.active_level(sample)
    return Quality(
        duration=sample.duration,
        speech=float(np.count_nonzero(_find_speech(powers, level))) * _STEP,
        level=level,
        noise=_below(powers, level),
        clipped=_measure_clipping(sample),
        narrow=_narrow(sample),
    )


def _judge(quality: Quality) -> tuple[str, ...]:
    _not_too_noisy(quality.noise)
    if quality.speech < SHORTEST:
        raise InputError(
            f"only {quality.speech:.1f} s of speech: {SHORTEST:g} s are needed, {ENOUGH:g} to {LONGEST:g} s are best"
        )
    if quality.clipped > TOO_CLIPPED:
        raise InputError(
            f"it is clipped: {quality.clipped:.2%} of it lies on flat tops, and {TOO_CLIPPED:.1%} is the most;"
            " record it again with less gain"
        )
    warnings = []
    if quality.noise < NOISY:
        warnings.append(
            f"noise lies only {quality.noise:.0f} dB below the voice, and will be cloned too; {NOISY:.0f} dB are good"
        )
    if quality.duration < ENOUGH:
        warnings.append(f"it is only {quality.duration:.1f} s long; {ENOUGH:g} to {LONGEST:g} s are best")
    if quality.clipped > CLIPPED:
        warnings.append(f"{quality.clipped:.2%} of it lies on flat tops: it was recorded with too much gain")
    if quality.level < SOFT:
        warnings.append(f"at {quality.level:.0f} dBFS it is soft; it was made louder, and so was its noise")
    if quality.narrow:
        warnings.append("it has nothing above 4 kHz, and clones will sound like a telephone")
    return tuple(warnings)


def _not_too_noisy(noise: float) -> None:
    if noise < TOO_NOISY:
        raise InputError(
            f"noise lies only {max(noise, 0):.0f} dB below the voice: {TOO_NOISY:.0f} dB are needed, and {NOISY:.0f}"
            " are good; record it in a quieter room, closer to the microphone"
        )


def _level(sample: Audio, level: dBFS) -> Audio:
    return waveform.gain(sample, min(LEVEL - level, PEAK - waveform.peak(sample)))


# Measures


def _noise(powers: npt.NDArray[np.float64]) -> float:
    """The power of the quietest 5 %: even hurried speech has that many gaps. Digital silence was put there by an
    editor, and says nothing of the room.
    """
    heard = np.sort(powers[powers > 1e-9])
    return float(heard[: max(1, len(heard) // 20)].mean()) if len(heard) else 0.0


def _below(powers: npt.NDArray[np.float64], level: dBFS) -> float:
    noise = max(_noise(powers), 1e-10)
    voice = 10 ** (level / 10) - noise
    return min(60.0, 10 * math.log10(max(voice / noise, 0.01)))


def _find_speech(powers: npt.NDArray[np.float64], level: dBFS) -> _Flags:
    """Which 10 ms have speech, with the closures inside words."""
    # 30 dB is the range of consonants; 5 dB above the mean of noise lie hardly any of its frames.
    floor = max(10 ** ((level - 30) / 10), _noise(powers) * 10**0.5)
    spoken = powers > floor
    for start, end in _runs(~spoken):
        if start and end < len(spoken) and (end - start) * _STEP < _PAUSE:
            spoken[start:end] = True
    return spoken


def _runs(flags: _Flags) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.view(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _measure_clipping(sample: Audio) -> float:
    """The share of samples that stand with both neighbours within a hundredth of the highest."""
    height = np.abs(sample.samples)
    top = height >= 0.99 * height.max(initial=0.0)
    return float(np.count_nonzero(top[:-2] & top[1:-1] & top[2:])) / max(1, len(top))


def _narrow(sample: Audio) -> bool:
    if sample.sample_rate < 2 * 4200:
        return True
    power = np.abs(np.fft.rfft(sample.samples)) ** 2
    frequency = np.fft.rfftfreq(len(sample.samples), 1 / sample.sample_rate)
    high = float(power[frequency > 4200].sum())
    return bool(high < 10 ** (NARROW / 10) * float(power[frequency > 300].sum()))


# The part to keep


def _best(recording: Audio, spoken: _Flags, longest: Seconds) -> tuple[Audio, bool]:
    runs = _runs(spoken)
    gaps = [
        start - end for end, start in pairwise([0, *(edge for run in runs for edge in run), len(spoken)])
    ][::2]
    # What is kept of each gap where it comes to lie at an end: it may have to serve both of its neighbours.
    kept = [min(round(_MARGIN / _STEP), gap // 2 if 0 < i < len(runs) else gap) for i, gap in enumerate(gaps)]
    begins = [start - kept[i] for i, (start, _) in enumerate(runs)]
    ends = [end + kept[i + 1] for i, (_, end) in enumerate(runs)]
    said = [0, *accumulate(end - start for start, end in runs)]
    limit = round(longest / _STEP)

    def worth(part: tuple[int, int]) -> int:
        # Sentences have long pauses around them: half a second of pause counts for two of speech.
        first, last = part
        return said[last + 1] - said[first] + 4 * (min(gaps[first], 50) + min(gaps[last + 1], 50))

    parts = [(i, k) for i in range(len(runs)) for k in range(i, len(runs)) if ends[k] - begins[i] <= limit]
    if not parts:
        raise InputError(f"it has no pause to cut at: give at most {longest:g} s of it")
    everything = (0, len(runs) - 1)
    cut = everything not in parts
    first, last = max(parts, key=worth) if cut else everything
    step = recording.sample_rate * _STEP
    kept_samples = recording.samples[round(begins[first] * step) : round(ends[last] * step)]
    return Audio(kept_samples, recording.sample_rate), cut
