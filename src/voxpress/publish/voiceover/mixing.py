"""The sound of a voice-over: the voice alone, or over the softer sound of the video."""

from __future__ import annotations

from voxpress.audio import mastering
from voxpress.audio.mixing import DUCKED, Layer, Mix
from voxpress.audio.muxing import Video
from voxpress.audio.signals import Decoded, Signal
from voxpress.errors import InputError
from voxpress.publish.voiceover.speaking import RATE
from voxpress.publish.voiceover.track import Track
from voxpress.speech import LUFS, dBFS


def choose_gain(track: Track, loudness: LUFS, peak: dBFS) -> float:
    """The gain in dB that brings the voice to its loudness."""
    voice = Mix(track.list_layers(), sample_rate=RATE, channels=1, length=track.length)
    return mastering.choose_gain(mastering.measure(voice), loudness, peak)


def make_signal(track: Track, gain: float, peak: dBFS, under: Video | None = None) -> Signal:
    """What is heard.

    Args:
        gain: of the voice, in dB.
        under: the video whose own sound is heard too: as it is, and softer under the voice.

    Raises:
        InputError: the video has no sound, or one that cannot be read.
    """
    layers = track.list_layers()
    if under is None:
        voice = Mix(layers, sample_rate=RATE, channels=1, length=track.length)
        return mastering.Mastered(voice, gain, peak)
    if under.sound is None:
        raise InputError("has no sound to mix with: leave --mode mix out", place=str(under.path))
    original = Decoded(under.path, RATE, under.sound.channels)
    # The limiter is after the voice's gain, so the original gets as much less.
    bed = Layer(
        start=round(under.sound.start * RATE),
        duration=original.length,
        load=lambda: original,
        gain=-gain,
        ducked=DUCKED,
    )
    mix = Mix([bed, *layers], sample_rate=RATE, channels=under.sound.channels, length=track.length)
    return mastering.Mastered(mix, gain, peak)
