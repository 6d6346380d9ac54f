"""A deterministic engine without weights: one beep per word.

voxpress runs with it without a download. On request it fails, stalls, crashes or returns wrong audio, for tests of the
loop, the checks and the executors.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec

from voxpress.audio.arrays import Samples, np
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine, Option, _pronunciation
from voxpress.engines._pronunciation import Given
from voxpress.errors import SynthesisError
from voxpress.speech import Mark, Segment, Voice

_SECONDS_PER_CHARACTER = 0.06
_GAP = 0.03
_RATE = 8000
_RISE = int(0.005 * _RATE)
"""Samples of the ramp at the start of each beep, and reversed at its end."""
_LEVEL = 0.25
_FAULTS = ("wrong", "cut", "short", "silent", "noise", "clipped", "nan", "loop", "tail")
_PITCHES = {"low": 110.0, "middle": 220.0, "high": 440.0}


_NO_AUDIO: Mapping[str, Callable[[Audio], Any]] = {
    "nothing": lambda audio: None,
    "list": lambda audio: Audio(audio.samples.tolist(), audio.sample_rate),
    "stereo": lambda audio: Audio(np.stack([audio.samples] * 2), audio.sample_rate),
    "double": lambda audio: Audio(audio.samples.astype(np.float64), audio.sample_rate),
    "no rate": lambda audio: Audio(audio.samples, 0),
    "odd marks": lambda audio: Audio(audio.samples, audio.sample_rate, ("word",)),  # type: ignore[arg-type]
}
"""Wrong return values that engines may give, by fault."""


class Tone(Engine):
    """Beeps in place of words: same text, voice, speed and seed, same samples, everywhere."""

    name = "tone"
    description = "one beep per word, for tests and dry runs"
    licence = "Apache-2.0"
    weights_licence = "none"
    languages = ("*",)
    sample_rate = _RATE
    max_chars = 500
    max_batch = 4
    speeds = (0.25, 4.0)
    repeatable = "to the bit"
    takes_phonemes = True
    options = {
        "fault": Option(
            default="none",
            choices=("none", "raise", "stall", "crash", "exit", "print", "chdir", *_FAULTS, *_NO_AUDIO),
            description="what goes wrong: an exception, a stall of a minute, the death of the process, a call to exit,"
            " text on standard output, another working directory, bad audio, or what is no audio",
        ),
        "delay": Option(
            default=0.0,
            minimum=0.0,
            maximum=60.0,
            description="seconds that each segment takes beside its own",
        ),
        "fault_rate": Option(
            default=1.0,
            minimum=0.0,
            maximum=1.0,
            description="share of attempts that go wrong, decided by text and seed",
        ),
    }

    def fingerprint(self, voice: str) -> str:
        return "tone-1"

    def voices(self) -> Sequence[Voice]:
        return [
            Voice(name=name, languages=("en",), description=f"beeps around {pitch:g} Hz")
            for name, pitch in _PITCHES.items()
        ]

    def unspeakable_sounds(self, ipa: str, voice: Voice, language: str) -> Sequence[str]:
        """Digits and symbols, which no transcription has."""
        return [each for each in dict.fromkeys(ipa) if unicodedata.category(each) in {"Nd", "Sc", "Sm", "So"}]

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        return [self._speak(segment) for segment in batch]

    def _speak(self, segment: Segment) -> Audio:
        given = [Given(each.start, each.end, each.ipa) for each in segment.phonemes or ()]
        spoken = _pronunciation.weave(segment.text, given, str)
        digest = hashlib.sha256(f"{segment.seed}:{spoken}".encode()).digest()
        fault = segment.options.get("fault", "none")
        if int.from_bytes(digest[:4], "big") / 2**32 >= float(segment.options.get("fault_rate", 1.0)):
            fault = "none"
        time.sleep(float(segment.options.get("delay", 0.0)))
        match fault:
            case "raise":
                raise SynthesisError(f"tone was told to fail on {segment.text!r}")
            case "stall":
                time.sleep(60)
            case "crash":
                os._exit(139)
            case "exit":
                sys.exit(0)
            case "print":
                print("tone speaks", flush=True)  # noqa: T201 - what it is told to do
                os.write(1, b"tone speaks\n")
            case "chdir":
                os.chdir("/")
            case "wrong":
                segment = msgspec.structs.replace(
                    segment, text=" ".join(segment.text.split()[::-1]), phonemes=None
                )
        audio = self._make_beeps(segment, digest)
        if mistake := _NO_AUDIO.get(str(fault)):
            return cast("Audio", mistake(audio))
        return Audio(_spoil(audio.samples, str(fault), self.sample_rate), self.sample_rate, audio.marks)

    def _make_beeps(self, segment: Segment, digest: bytes) -> Audio:
        rate = self.sample_rate
        given = [Given(each.start, each.end, each.ipa) for each in segment.phonemes or ()]
        spelled = list(_pronunciation.words(segment.text, given))
        words = [word for word, _ in spelled]
        sounds = [_pronunciation.weave(word, inside, str) for word, inside in spelled]
        lengths = np.array([len(each) for each in sounds]) * (_SECONDS_PER_CHARACTER / segment.speed)
        gap = _GAP / segment.speed
        ends = np.cumsum(lengths + gap)
        pitch = _PITCHES[segment.voice]
        samples = np.zeros(int(ends[-1] * rate), np.float32)
        marks = []
        rise = np.linspace(0, 1, _RISE, dtype=np.float32)
        for i, (word, length, end) in enumerate(zip(words, lengths, ends, strict=True)):
            first, count = int((end - length - gap) * rate), int(length * rate)
            semitone = (digest[i % 32] + len(word)) % 12
            step = 2 * np.pi * pitch * 2 ** (semitone / 12) / rate
            beep = samples[first : first + count]
            np.sin(np.arange(count, dtype=np.float32) * np.float32(step), out=beep)
            edge = min(_RISE, count)
            beep[:edge] *= rise[:edge]
            beep[count - edge :] *= rise[:edge][::-1]
            marks.append(Mark(kind="word", text=word, start=first / rate, end=(first + count) / rate))
        samples *= np.float32(_LEVEL)
        # On the grid of 16 bits, like the audio of most engines.
        return Audio(np.rint(samples * np.float32(2**15)) * np.float32(2**-15), rate, tuple(marks))


def _spoil(samples: Samples, fault: str, rate: int) -> Samples:
    match fault:
        case "short":
            return samples[: max(1, len(samples) // 8)]
        case "cut":
            return samples[: len(samples) // 2]
        case "silent":
            return np.zeros_like(samples)
        case "noise":
            return np.random.default_rng(0).normal(0, _LEVEL / 3, len(samples)).astype(np.float32)
        case "clipped":
            return np.clip(samples * 20, -1, 1)
        case "nan":
            spoiled = samples.copy()
            spoiled[len(spoiled) // 2 :] = np.nan
            return spoiled
        case "loop":
            return np.tile(samples[: max(rate // 3, len(samples) // 4)], 24)
        case "tail":
            return np.concatenate([samples, np.zeros(8 * rate, np.float32)])
    return samples
