"""Audio as mono float32 samples, and pure functions on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from voxpress.speech import Hertz, Mark, Seconds

Samples = npt.NDArray[np.float32]


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
