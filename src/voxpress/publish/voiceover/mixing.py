"""The sound of a voice-over: the voice alone, or over the softer sound of the video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise

from voxpress.audio import mastering
from voxpress.audio.arrays import Samples
from voxpress.audio.mixing import DUCKED, Layer, Mix
from voxpress.audio.signals import Channels, Decoded, Signal
from voxpress.audio.videos import Video
from voxpress.publish.voiceover.describing import Hold, Timetable
from voxpress.publish.voiceover.speaking import RATE
from voxpress.publish.voiceover.track import Track
from voxpress.speech import LUFS, Hertz, Seconds, dBFS

_JOINT: Seconds = 0.01
"""How long the sound of the video fades where the picture is held."""


def choose_gain(track: Track, loudness: LUFS, peak: dBFS) -> float:
    """The gain in dB that brings the voice to its loudness."""
    voice = Mix(track.list_layers(), sample_rate=RATE, channels=1, length=track.length)
    return mastering.choose_gain(mastering.measure(voice), loudness, peak)


class Part:
    """A signal from somewhere on, as a signal."""

    def __init__(self, signal: Signal, start: int, length: int) -> None:
        self.sample_rate: Hertz = signal.sample_rate
        self.channels: Channels = signal.channels
        self.length = length
        self._signal, self._start = signal, start

    def read(self, start: int, stop: int) -> Samples:
        """See `Signal.read`."""
        return self._signal.read(start + self._start, stop + self._start)


def make_signal(
    track: Track, gain: float, peak: dBFS, under: Video | None = None, holds: Sequence[Hold] = ()
) -> Signal:
    """What is heard.

    Args:
        gain: of the voice, in dB.
        under: the video whose own sound is heard too: as it is, and softer under the voice.
        holds: when the picture stands still, and that sound with it.

    Raises:
        InputError: the sound of the video cannot be read.
    """
    layers = track.list_layers()
    if under is None or under.sound is None:
        voice = Mix(layers, sample_rate=RATE, channels=1, length=track.length)
        return mastering.Mastered(voice, gain, peak)
    original = Decoded(under.path, RATE, under.sound.channels)
    # The limiter is after the voice's gain, so the original gets as much less.
    beds = _place_original(original, round(under.sound.start * RATE), -gain, Timetable(holds))
    mix = Mix([*beds, *layers], sample_rate=RATE, channels=under.sound.channels, length=track.length)
    return mastering.Mastered(mix, gain, peak)


def _place_original(original: Signal, start: int, gain: float, times: Timetable) -> Iterator[Layer]:
    """The sound of the video, silent while the picture is held."""
    end = start + original.length
    cuts = [start, *(at for each in times.holds if start < (at := round(each.at * RATE)) < end), end]
    for first, last in pairwise(cuts):
        part = Part(original, first - start, last - first)
        yield Layer(
            start=round(times.move(first / RATE) * RATE),
            duration=part.length,
            load=partial(_give, part),
            gain=gain,
            ducked=DUCKED,
            fade_in=_JOINT if first > start else 0.0,
            fade_out=_JOINT if last < end else 0.0,
        )


def _give(signal: Signal) -> Signal:
    return signal
