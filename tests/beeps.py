"""A recogniser for the engine `tone`, so that what listens can be tested without weights."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Sequence

import numpy as np

from voxpress.audio.waveform import Audio
from voxpress.errors import UnsupportedOption
from voxpress.quality.asr import Heard, Recogniser
from voxpress.text.wer import Replacement

WORDS = {len(word): word for word in ("go", "red", "blue", "green", "yellow", "magenta", "darkblue")}
"""Each of another length: `tone` beeps as long as a word has letters."""
TEXTS = [
    " ".join(order) for order in itertools.permutations(["red", "blue", "green", "yellow", "magenta", "go"])
]


class Beeps(Recogniser):
    """A recogniser for the engine `tone`: it knows words by their lengths."""

    def __init__(self, name: str = "beeps") -> None:
        super().__init__(name)
        self.count = 0

    def require(self) -> None:
        pass

    def fingerprint(self) -> str:
        return self.model

    def hear(self, audio: Audio, language: str = "", *, words: bool = True, quick: bool = False) -> Heard:
        if language.startswith("x"):
            raise UnsupportedOption(f"no language {language!r}")
        self.count += quick
        step = audio.sample_rate // 100
        frames = audio.samples[: len(audio.samples) // step * step].reshape(-1, step)
        loud = np.abs(frames).max(axis=1) > 0.02
        edges = np.flatnonzero(np.diff(np.concatenate([[0], loud.view(np.int8), [0]])))
        lengths = [round((end - start) / 6) for start, end in zip(edges[::2], edges[1::2], strict=True)]
        return Heard(text=" ".join(WORDS.get(length, "noise") for length in lengths))

    def likelihood(self, audio: Audio, text: str, language: str) -> float:
        return -9.0

    def likelihoods(
        self, audio: Audio, heard: Heard, replacements: Sequence[Replacement], language: str
    ) -> list[float]:
        return [-9.0 for _ in replacements]


class Fatal(Beeps):
    """Ends its process where it hears German."""

    def hear(self, audio: Audio, language: str = "", *, words: bool = True, quick: bool = False) -> Heard:
        if language == "de":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().hear(audio, language, words=words, quick=quick)
