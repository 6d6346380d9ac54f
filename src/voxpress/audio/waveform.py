"""Audio as mono float32 samples, and pure functions on it.

No function changes its argument: each returns another `Audio`, or the same one if nothing changes. The same input gives
the same samples.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from voxpress.audio import energy
from voxpress.audio.arrays import Samples, np
from voxpress.speech import LUFS, Hertz, Mark, Seconds, dBFS

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Audio:
    """Mono sound.

    Attributes:
        samples: float32 of shape (n,), full scale is ±1.
        sample_rate: samples per second.
        marks: words and phonemes, counted from the start of these samples.

    >>> Audio(np.zeros(24000, np.float32), 24000).duration
    1.0
    """

    samples: Samples
    sample_rate: Hertz
    marks: tuple[Mark, ...] = field(default=())

    @property
    def duration(self) -> Seconds:
        return len(self.samples) / self.sample_rate


HIGHEST_RATE: Hertz = 384_000


def problem(sound: object) -> str:
    """The reason why `sound` is no usable `Audio`; empty if it is one.

    >>> problem(Audio(np.zeros((2, 8), np.float32), 8000))
    'its samples have the shape (2, 8), not (n,)'
    """
    if not isinstance(sound, Audio):
        return f"it is {type(sound).__name__}, not Audio"
    samples, rate = sound.samples, sound.sample_rate
    if not isinstance(samples, np.ndarray):
        return f"its samples are {type(samples).__name__}, not a numpy array"
    if samples.ndim != 1:
        return f"its samples have the shape {samples.shape}, not (n,)"
    if samples.dtype != np.float32:
        return f"its samples are {samples.dtype}, not float32"
    if type(rate) is not int or not 1000 <= rate <= HIGHEST_RATE:
        return f"its sample rate is {rate!r}, not a whole number from 1000 to {HIGHEST_RATE}"
    if not isinstance(sound.marks, tuple) or not all(isinstance(mark, Mark) for mark in sound.marks):
        return "its marks are not a tuple of Mark"
    return ""


# Making sound


def silence(duration: Seconds, sample_rate: Hertz) -> Audio:
    """Silence of `duration`, to the nearest sample.

    >>> silence(0.25, 8000).samples.shape
    (2000,)
    """
    return Audio(np.zeros(_count_samples(duration, sample_rate), np.float32), sample_rate)


def tone(frequencies: Sequence[float], duration: Seconds, sample_rate: Hertz, level: dBFS = -12.0) -> Audio:
    """Sine waves of equal strength whose sum never exceeds `level`, with ramps of 5 ms against clicks.

    >>> beep = tone([697, 1209], 0.1, 8000)  # the DTMF digit 1
    >>> beep.duration, peak(beep) <= -12
    (0.1, True)
    """
    count = _count_samples(duration, sample_rate)
    time = np.arange(count) / sample_rate
    waves = np.sum([np.sin(2 * np.pi * frequency * time) for frequency in frequencies], axis=0)
    from_edge = np.minimum(time, time[::-1])
    amplitude = _to_amplitude(level) / max(1, len(frequencies)) * np.minimum(1.0, from_edge / 0.005)
    return Audio(np.asarray(waves * amplitude, np.float32), sample_rate)


# Time


def join(parts: Sequence[Audio]) -> Audio:
    """The parts one after the other, with their marks.

    Raises:
        ValueError: there are no parts, or they have different sample rates.

    >>> sentence = tone([440], 1.0, 8000)
    >>> join([sentence, silence(0.3, 8000), sentence]).duration
    2.3
    """
    rates = {part.sample_rate for part in parts}
    if len(rates) != 1:
        raise ValueError(f"only parts of one sample rate can be joined, not of {sorted(rates) or 'none'}")
    (sample_rate,) = rates
    marks: list[Mark] = []
    start = 0
    for part in parts:
        marks += _shift_marks(part.marks, start / sample_rate)
        start += len(part.samples)
    return Audio(np.concatenate([part.samples for part in parts]), sample_rate, tuple(marks))


def pad(audio: Audio, lead: Seconds = 0.0, tail: Seconds = 0.0) -> Audio:
    """The audio with silence of `lead` before it and of `tail` after it.

    >>> pad(tone([440], 1.0, 8000), 0.05, 0.1).duration
    1.15
    """
    if not lead and not tail:
        return audio
    return join([silence(lead, audio.sample_rate), audio, silence(tail, audio.sample_rate)])


def drop_before(audio: Audio, start: Seconds, fade: Seconds = 0.01) -> Audio:
    """The audio from `start` on, faded in against a click, with the marks that begin there.

    >>> drop_before(tone([440], 1.0, 8000), 0.25).duration
    0.75
    """
    first = max(0, _count_samples(start, audio.sample_rate))
    samples = audio.samples[first:].copy()
    ramp = min(len(samples), _count_samples(fade, audio.sample_rate))
    samples[:ramp] *= np.linspace(0.0, 1.0, ramp, dtype=np.float32)
    begin = first / audio.sample_rate
    marks = _shift_marks([mark for mark in audio.marks if mark.start >= begin], -begin)
    return Audio(samples, audio.sample_rate, tuple(marks))


def drop_after(audio: Audio, end: Seconds, fade: Seconds = 0.01) -> Audio:
    """The audio until `end`, faded out against a click, with the marks that begin before it.

    >>> drop_after(tone([440], 1.0, 8000), 0.25).duration
    0.25
    """
    samples = audio.samples[: max(0, _count_samples(end, audio.sample_rate))].copy()
    ramp = min(len(samples), _count_samples(fade, audio.sample_rate))
    samples[len(samples) - ramp :] *= np.linspace(1.0, 0.0, ramp, dtype=np.float32)
    marks = tuple(
        msgspec.structs.replace(mark, end=min(mark.end, end)) for mark in audio.marks if mark.start < end
    )
    return Audio(samples, audio.sample_rate, marks)


def find_quietest(audio: Audio, start: Seconds, end: Seconds, frame: Seconds = 0.01) -> Seconds:
    """The middle of the quietest `frame` between two times.

    >>> word = tone([440], 0.5, 8000)
    >>> 0.5 <= find_quietest(join([word, silence(0.1, 8000), word]), 0.3, 0.8) <= 0.6
    True
    """
    first, last = (_count_samples(max(0.0, each), audio.sample_rate) for each in (start, end))
    size = _count_samples(frame, audio.sample_rate)
    sums = np.concatenate([[0.0], np.cumsum(np.square(audio.samples[first:last], dtype=np.float64))])
    energies = sums[size:] - sums[:-size]
    found = int(np.argmin(energies)) if len(energies) else 0
    return (first + found + size / 2) / audio.sample_rate


def trim(audio: Audio, threshold: float = -50.0, keep: Seconds = 0.02, frame: Seconds = 0.01) -> Audio:
    """The audio without the silence at its ends, except for `keep` of it so that no sound starts or ends abruptly.

    Frames of `frame` are silent if they are more than `threshold` dB below the loudest one, which suits quiet and loud
    engines. At -50 dB a final f or h of speech stays, and the noise floor of neural engines goes. A constant offset is
    no sound. Audio that is silent throughout becomes empty. Marks move along; those in the silence move to the new
    ends.

    >>> word = tone([440], 0.5, 8000)
    >>> round(trim(pad(word, 0.4, 1.0)).duration, 2)
    0.54
    """
    sample_rate, samples = audio.sample_rate, audio.samples
    size = _count_samples(frame, sample_rate)
    frames = len(samples) // size
    if frames == 0:
        return audio
    framed = samples[: frames * size].reshape(frames, size)
    power = np.einsum("ij,ij->i", framed, framed) / size - framed.mean(axis=1) ** 2
    # No sound is below -100 dBFS: 16 bits end at -96.
    floor = max(float(power.max()) * _to_amplitude(threshold) ** 2, _to_amplitude(-100.0) ** 2)
    (loud,) = np.nonzero(power >= floor)
    if not len(loud):
        return Audio(samples[:0], sample_rate)
    margin = _count_samples(keep, sample_rate)
    start = max(0, int(loud[0]) * size - margin)
    last = int(loud[-1]) + 1
    # The samples after the last whole frame belong to it.
    end = len(samples) if last == frames else min(len(samples), last * size + margin)
    if start == 0 and end == len(samples):
        return audio
    duration = (end - start) / sample_rate
    marks = tuple(
        msgspec.structs.replace(
            mark, start=min(max(mark.start, 0.0), duration), end=min(max(mark.end, 0.0), duration)
        )
        for mark in _shift_marks(audio.marks, -start / sample_rate)
    )
    return Audio(samples[start:end], sample_rate, marks)


def resample(audio: Audio, sample_rate: Hertz) -> Audio:
    """The audio at another sample rate, by soxr at its quality HQ, with errors below -120 dB. Peaks can rise a little.

    >>> resample(tone([440], 1.0, 24000), 8000).samples.shape
    (8000,)
    """
    if sample_rate == audio.sample_rate:
        return audio
    import soxr  # type: ignore[import-untyped]  # it has no type hints

    samples = soxr.resample(audio.samples, audio.sample_rate, sample_rate, quality="HQ")
    return Audio(np.asarray(samples, np.float32), sample_rate, audio.marks)


# Level


def peak(audio: Audio) -> dBFS:
    """The largest sample; -inf for silence, NaN if a sample is NaN.

    >>> round(peak(Audio(np.array([0.25, -0.5], np.float32), 8000)), 2)
    -6.02
    """
    return _to_decibels(_largest_amplitude(audio.samples) ** 2)


def loudness(audio: Audio) -> LUFS:
    """Integrated loudness by ITU-R BS.1770-5 (the same as EBU R128); -inf if nothing is above the gate.

    The standard measures blocks of 400 ms, and a spoken digit has hardly one. So audio below 3 s is repeated to at
    least 3 s, which gives a digit the loudness that it has among others.

    >>> round(loudness(tone([997], 5.0, 48000, level=-20.0)), 1)  # a mono sine of peak P has P - 3 LUFS
    -23.0
    """
    if not len(audio.samples):
        return -math.inf
    samples = np.tile(audio.samples, math.ceil(3.0 / audio.duration))
    return energy.to_lufs(energy.measure_hops(samples, audio.sample_rate))


def active_level(audio: Audio) -> dBFS:
    """RMS above 300 Hz during speech: RFC 7874, section 4; -inf for silence.

    As in ITU-T P.56, the threshold of speech is 15.9 dB below the resulting level, and gaps of up to 200 ms count as
    speech. Unlike there, silence at the ends never counts, so that padding does not change the level of a prompt.

    >>> word = tone([1000], 0.5, 8000, level=-17.0)  # the RMS of a sine lies 3 dB below its peak
    >>> round(active_level(word)), round(active_level(pad(word, 1.0, 1.0)))
    (-20, -20)
    """
    energies = powers(audio)
    gap = 20  # of 10 ms
    bridged = -sliding_maximum(-sliding_maximum(np.pad(energies, gap), gap), gap)[1 : len(energies) + 1]
    ranked = -np.sort(-bridged)
    spoken = np.arange(1, len(ranked) + 1)
    total = float(energies.sum())
    if total == 0.0:
        return -math.inf
    within_margin = total <= ranked * spoken * 10 ** (15.9 / 10)
    return _to_decibels(total / float(spoken[within_margin][-1]))


def rms(audio: Audio) -> dBFS:
    """Root mean square of all of it, with the silence at its ends; -inf for silence.

    >>> round(rms(pad(tone([1000], 1.0, 8000, level=-17.0), 0.0, 1.0)))
    -23
    """
    if not len(audio.samples):
        return -math.inf
    return _to_decibels(float(np.mean(np.square(audio.samples, dtype=np.float64))))


def powers(audio: Audio) -> npt.NDArray[np.float64]:
    """Mean square above 300 Hz, the range of speech without hum: one value for every 10 ms, each from 20 ms under a
    sine window.

    >>> len(powers(tone([1000], 1.0, 8000))), round(10 * np.log10(powers(tone([1000], 1.0, 8000))[50]))
    (102, -15)
    """
    step = _count_samples(0.01, audio.sample_rate)
    window = np.sin((np.arange(2 * step) + 0.5) * (np.pi / (2 * step))).astype(np.float32)
    return energy.measure_frames(
        np.pad(audio.samples, (step, 2 * step)),
        step,
        window,
        _high_pass_at_300_hz(audio.sample_rate, 2 * step),
    )


def gain(audio: Audio, decibels: float) -> Audio:
    """The audio louder by `decibels`, or softer. Samples may exceed full scale.

    >>> round(peak(gain(tone([440], 1.0, 8000, level=-12.0), 6.0)))
    -6
    """
    if decibels == 0.0:
        return audio
    return replace(audio, samples=audio.samples * np.float32(_to_amplitude(decibels)))


def limit(audio: Audio, peak: dBFS = -1.0) -> Audio:
    """The audio without samples above `peak`, by a look-ahead limiter whose gain never jumps. Samples more than 20 ms
    from every sample above `peak` stay the same, bit for bit.

    >>> loud = Audio(np.linspace(-2.0, 2.0, 8000, dtype=np.float32), 8000)
    >>> float(abs(limit(loud, 0.0).samples).max())
    1.0
    """
    ceiling = np.float32(_to_amplitude(peak))
    samples = audio.samples
    if _largest_amplitude(samples) <= ceiling:
        return audio
    # The pitch period of a low voice: a shorter window would follow single glottal pulses, which sounds distorted.
    window = _count_samples(0.01, audio.sample_rate)
    reach = 2 * window
    (over,) = np.nonzero(np.abs(samples) > ceiling)
    limited = samples.copy()
    for group in np.split(over, np.nonzero(np.diff(over) > 2 * reach)[0] + 1):
        part = slice(max(0, group[0] - reach), group[-1] + reach + 1)
        needed = ceiling / np.maximum(np.abs(samples[part]), ceiling)
        padded = np.pad(needed, 2 * window - 2, constant_values=1.0)
        lowest = -sliding_maximum(-padded, 2 * window - 1)
        limited[part] *= sliding_mean(sliding_mean(lowest, window), window)
    return replace(audio, samples=np.clip(limited, -ceiling, ceiling))


def to_loudness(audio: Audio, target: LUFS, peak: dBFS = -1.0) -> Audio:
    """The audio at a loudness of `target`, by one gain and a limiter at `peak`.

    The gain rises by the loudness that the limiter removes, until the result is within 0.1 LU of the target, but by
    12 dB at most. The nearest result counts: some single words have all their energy in one vowel, and stay softer.
    Silence stays as it is.

    >>> round(loudness(to_loudness(tone([997], 4.0, 24000), -19.0)), 1)
    -19.0
    """
    return _reach(audio, target, peak, loudness)


def to_level(audio: Audio, target: dBFS, peak: dBFS = -1.0) -> Audio:
    """Like `to_loudness`, for the level of `active_level`. RFC 7874 asks for -22 dBFS, ±6 dB.

    >>> round(active_level(to_level(tone([997], 1.0, 8000), -20.0, peak=-3.0)), 1)
    -20.0
    """
    return _reach(audio, target, peak, active_level)


def to_rms(audio: Audio, target: dBFS, peak: dBFS = -1.0) -> Audio:
    """Like `to_loudness`, for the root mean square of all of it.

    >>> round(rms(to_rms(pad(tone([997], 1.0, 8000), 1.0, 1.0), -22.5)), 1)
    -22.5
    """
    return _reach(audio, target, peak, rms)


_MOST_LIMITED = 12.0
"""Decibels that a limiter may take from the peaks."""


def _reach(audio: Audio, target: float, peak: dBFS, measure: Callable[[Audio], float]) -> Audio:
    before = measure(audio)
    if not math.isfinite(before):
        return limit(audio, peak)
    drive = target - before
    raised = gain(audio, drive)
    best = limit(raised, peak)
    missing = least = 0.0 if best is raised else target - measure(best)
    # The level of a word may fall for a while as it gets louder, because quiet sounds begin to count as speech.
    while missing > 0.1 and drive < target - before + _MOST_LIMITED:
        drive += max(missing, 0.5)
        reached = limit(gain(audio, drive), peak)
        missing = target - measure(reached)
        if abs(missing) < abs(least) - 0.05:
            best, least = reached, missing
    return best


def _count_samples(duration: Seconds, sample_rate: Hertz) -> int:
    return round(duration * sample_rate)


def _to_amplitude(level: dBFS) -> float:
    return float(10.0 ** (level / 20.0))


def _to_decibels(power: float) -> float:
    return -math.inf if power == 0.0 else 10.0 * math.log10(power)


def _largest_amplitude(samples: Samples) -> float:
    return max(float(samples.max()), -float(samples.min())) if len(samples) else 0.0


def _shift_marks(marks: Sequence[Mark], by: Seconds) -> Sequence[Mark]:
    if by == 0.0:
        return marks
    return [msgspec.structs.replace(mark, start=mark.start + by, end=mark.end + by) for mark in marks]


def sliding_maximum(values: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
    """The largest of each `window` neighbours, shape (n - window + 1,), in log2(window) passes."""
    span = 1
    while span < window:
        step = min(span, window - span)
        values = np.maximum(values[:-step], values[step:])
        span += step
    return values


def sliding_mean(values: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
    """The mean of each `window` neighbours, shape (n - window + 1,)."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    means: npt.NDArray[np.float64] = (sums[window:] - sums[:-window]) / window
    return means


@functools.cache
def _high_pass_at_300_hz(sample_rate: Hertz, size: int) -> Samples:
    """Power response of a Butterworth high-pass of second order at 300 Hz (RFC 7874, section 4)."""
    frequencies, shares = energy.list_bins(sample_rate, size)
    ratio = (frequencies / 300.0) ** 4
    # A sine window halves the power of a frame.
    return np.asarray(ratio / (1.0 + ratio) * shares * 2.0, np.float32)
