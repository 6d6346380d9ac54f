"""Sounds placed in time: speech, stings, and beds that are softer under speech.

When speech sounds is known, so a bed's level follows the times of the speech; nothing listens to its level, as a side
chain does. Everything is a function of the samples around it: a part that moves by whole samples keeps its bytes.
"""

from __future__ import annotations

import functools
import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from voxpress.audio.arrays import Samples, np
from voxpress.audio.signals import Channels, Signal, hold
from voxpress.audio.waveform import Audio
from voxpress.speech import Hertz, Seconds

DUCKED = 12.0
"""Decibels by which a bed is usually softer under speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One sound of a mix. Times in samples of the mix, so that rounding never moves one sound against another.

    Attributes:
        load: gives the sound when it is needed; a `Signal` has the sample rate of the mix.
        duration: what is longer is cut off.
        gain: in dB.
        speech: whether others are ducked under it.
        ducked: by how many dB it is softer under speech.
        loop: whether it begins again until `duration` is over.
        crossfade: how long end and beginning of a loop overlap; 0: it was made as a loop.
        fade_in, fade_out: within `duration`.
    """

    start: int
    duration: int
    load: Callable[[], Audio | Signal]
    gain: float = 0.0
    speech: bool = False
    ducked: float = 0.0
    loop: bool = False
    crossfade: Seconds = 0.05
    fade_in: Seconds = 0.0
    fade_out: Seconds = 0.0

    @property
    def end(self) -> int:
        return self.start + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Ducking:
    """How beds make room for speech.

    Attributes:
        attack: how long before speech they become softer.
        release: how long after it they become louder.
        hold: in shorter gaps of speech they stay soft.
    """

    attack: Seconds = 0.2
    release: Seconds = 0.5
    hold: Seconds = 1.0


class Mix:
    """The sum of layers, as a signal. Samples may exceed full scale.

    A sound with one channel is equally loud in both of a stereo mix.

    Args:
        length: in samples; None: to the end of the last layer.

    >>> word = Audio(np.full(4, 0.5, np.float32), 8000)
    >>> layers = [Layer(start=2, duration=4, load=lambda: word, speech=True)]
    >>> Mix(layers, sample_rate=8000, channels=1).read(0, 8).ravel()
    array([0. , 0. , 0.5, 0.5, 0.5, 0.5, 0. , 0. ], dtype=float32)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        sample_rate: Hertz,
        channels: Channels,
        length: int | None = None,
        ducking: Ducking = Ducking(),
    ) -> None:
        self.sample_rate, self.channels = sample_rate, channels
        self.length = max((each.end for each in layers), default=0) if length is None else length
        self._layers = layers
        self._spans = Spans((each.start, each.end) for each in layers)
        self._attack, self._release = (
            round(ducking.attack * sample_rate),
            round(ducking.release * sample_rate),
        )
        gap = max(round(ducking.hold * sample_rate), self._attack + self._release)
        self._speech = join_spans(((each.start, each.end) for each in layers if each.speech), gap)
        self._loaded: dict[int, Signal] = {}

    def read(self, start: int, stop: int) -> Samples:
        """See `Signal.read`.

        Raises:
            ValueError: a sound has another sample rate.
        """
        mixed = np.zeros((stop - start, self.channels), np.float32)
        heard = self._spans.find(start, min(stop, self.length))
        self._loaded = {number: self._loaded.get(number) or self._load(number) for number in heard}
        for number, sound in self._loaded.items():
            layer = self._layers[number]
            first, last = max(start, layer.start), min(stop, layer.end, self.length)
            samples = read_looped if layer.loop else _read_once
            here = samples(
                sound, first - layer.start, last - layer.start, round(layer.crossfade * self.sample_rate)
            )
            if self.channels < sound.channels:
                here = here.mean(axis=1, keepdims=True)
            mixed[first - start : last - start] += here * self._gain(layer, first, last)[:, None]
        return mixed

    def _load(self, number: int) -> Signal:
        sound = self._layers[number].load()
        if isinstance(sound, Audio):
            return hold(sound, self.sample_rate)
        if sound.sample_rate != self.sample_rate:
            raise ValueError(f"a sound of {sound.sample_rate} Hz in a mix of {self.sample_rate} Hz")
        return sound

    def _gain(self, layer: Layer, start: int, stop: int) -> Samples:
        gains = np.full(stop - start, 10 ** (layer.gain / 20), np.float32)
        if layer.ducked:
            gains *= self._duck(layer.ducked, start, stop)
        if layer.fade_in or layer.fade_out:
            places = np.arange(start, stop)
            rising = (places - layer.start + 0.5) / max(1.0, layer.fade_in * self.sample_rate)
            falling = (layer.end - places - 0.5) / max(1.0, layer.fade_out * self.sample_rate)
            gains *= np.minimum(1.0, np.minimum(rising, falling)).astype(np.float32)
        return gains

    def _duck(self, ducked: float, start: int, stop: int) -> Samples:
        """The gain of a sound that is ducked, from `start` to `stop`."""
        gains = np.ones(stop - start, np.float32)
        down, up = ramp(self._attack, -ducked), ramp(self._release, -ducked)[::-1]
        first_span = bisect_right(self._speech, start - self._release, key=itemgetter(1))
        for begin, end in itertools.islice(self._speech, first_span, None):
            if begin - self._attack >= stop:
                break
            for at, piece in (
                (begin - self._attack, down),
                (begin, np.broadcast_to(np.float32(10 ** (-ducked / 20)), end - begin)),
                (end, up),
            ):
                first, last = max(start, at), min(stop, at + len(piece))
                if first < last:
                    gains[first - start : last - start] = piece[first - at : last - at]
        return gains


class Spans:
    """Which of many spans of samples lie around a place, found as fast however many there are.

    >>> Spans([(0, 10), (5, 20), (30, 40)]).find(8, 30)
    [0, 1]
    """

    _STEP = 2**21

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._spans = list(spans)
        self._near: dict[int, list[int]] = {}
        for number, (start, end) in enumerate(self._spans):
            for step in self._list_steps(start, end):
                self._near.setdefault(step, []).append(number)

    def find(self, start: int, stop: int) -> list[int]:
        """Numbers of the spans that have something between `start` and `stop`, in order."""
        near = sorted({each for step in self._list_steps(start, stop) for each in self._near.get(step, ())})
        return [each for each in near if self._spans[each][0] < stop and self._spans[each][1] > start]

    def _list_steps(self, start: int, stop: int) -> range:
        return range(start // self._STEP, (stop - 1) // self._STEP + 1) if start < stop else range(0)


def join_spans(spans: Iterator[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Spans in order; those with less than `gap` between them are one.

    >>> join_spans(iter([(20, 30), (0, 9), (12, 15)]), 5)
    [(0, 15), (20, 30)]
    """
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


@functools.lru_cache(maxsize=16)
def ramp(count: int, decibels: float) -> Samples:
    """A gain that goes from 0 dB to `decibels` in `count` samples, as fast in dB all the time."""
    return np.asarray(10 ** (decibels / 20 * (np.arange(count) + 0.5) / max(1, count)), np.float32)


def read_looped(sound: Signal, start: int, stop: int, overlap: int = 0) -> Samples:
    """What is heard from `start` to `stop` if a sound begins again `overlap` samples before its end.

    Both are equally strong in the middle of the overlap, at -3 dB.
    """
    overlap = min(overlap, sound.length // 2)
    period = sound.length - overlap
    samples = np.zeros((stop - start, sound.channels), np.float32)
    if not period:
        return samples
    at = start
    while at < stop:
        turn, place = divmod(at, period)
        last = min(stop, at + period - place)
        samples[at - start : last - start] = sound.read(place, place + last - at)
        if turn and place < overlap:
            blended = min(last - at, overlap - place)
            rising = _rise(overlap)[:, None]
            here = samples[at - start : at - start + blended]
            here *= rising[place : place + blended]
            falling = rising[::-1][place : place + blended]
            here += falling * sound.read(period + place, period + place + blended)
        at = last
    return samples


def _read_once(sound: Signal, start: int, stop: int, _overlap: int) -> Samples:
    return sound.read(start, stop)


@functools.lru_cache(maxsize=4)
def _rise(count: int) -> Samples:
    return np.asarray(np.sin(np.pi / 2 * (np.arange(count) + 0.5) / max(1, count)), np.float32)
