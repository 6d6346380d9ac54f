"""An engine in a separate package: it whistles one note for each word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from voxpress import Audio, Engine, Option, Segment, Voice
from voxpress.engines import check_options


class Whistle(Engine):
    """A note for each word: the longer the word, the longer the note."""

    name = "whistle"
    description = "one note for each word"
    licence = "Apache-2.0"
    weights_licence = "none"
    languages = ("*",)
    sample_rate = 16000
    max_chars = 200
    speeds = (0.5, 2.0)
    seeded = False
    options = {"vibrato": Option(default=0.0, minimum=0.0, maximum=1.0, description="depth of the vibrato")}

    def fingerprint(self, voice: str) -> str:
        # Raise the number whenever the sound changes. An engine with weights adds their digest.
        return "whistle-1"

    def voices(self) -> Sequence[Voice]:
        return [Voice(name="plain", languages=("en",), description="a whistle")]

    def synthesize(self, batch: Sequence[Segment]) -> Sequence[Audio]:
        return [self._whistle(segment) for segment in batch]

    def _whistle(self, segment: Segment) -> Audio:
        vibrato = float(check_options(Whistle, segment.options)["vibrato"])
        notes = []
        for i, word in enumerate(segment.text.split()):
            time = (
                np.arange(int((0.1 + 0.05 * len(word)) / segment.speed * self.sample_rate)) / self.sample_rate
            )
            pitch = 800.0 * 2 ** ((i * 5 % 12) / 12)
            phase = 2 * np.pi * pitch * time + 10 * vibrato * np.sin(2 * np.pi * 6 * time)
            notes.append(0.3 * np.sin(np.pi * time / time[-1]) * np.sin(phase))
        return Audio(np.concatenate(notes).astype(np.float32), self.sample_rate)
