"""Sound alone in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voxpress.audio import decoding
from voxpress.audio.arrays import Samples
from voxpress.audio.containers import SOUNDS
from voxpress.audio.signals import Channels, surround
from voxpress.audio.soundtracks import write_sound


class Tones:
    """A tone in each channel."""

    sample_rate, length = 48_000, 96_000

    def __init__(self, channels: Channels, level: float) -> None:
        self.channels = channels
        wave = np.sin(2 * np.pi * 440 * np.arange(self.length) / self.sample_rate) * level
        self.samples = np.stack([wave] * channels, 1).astype(np.float32)

    def read(self, start: int, stop: int) -> Samples:
        return surround(self.samples[max(0, start) : max(0, stop)], start, stop)


@pytest.mark.parametrize("extension", SOUNDS)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("level", [0.05, 0.5])
def test_a_sound_is_as_loud_as_it_was(
    tmp_path: Path, extension: str, channels: Channels, level: float
) -> None:
    target = tmp_path / f"a{extension}"
    write_sound(target, Tones(channels, level))
    with target.open("rb") as file:
        _, blocks = decoding.open_sound(file)
        samples = np.concatenate(list(blocks))
    found = samples[24_000:72_000]
    change = 20 * np.log10(np.sqrt(np.mean(found**2)) / (level / np.sqrt(2)))
    assert abs(change) < 0.1
