"""Finished episodes from parts that are encoded apart: whoever edits a chapter encodes that chapter only.

A part is encoded together with a few frames of what is heard before and after it, and these are dropped. So the
packets of all parts in a row decode as if they had been encoded at once, without a gap or a click. docs/decisions.md
says more.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from voxpress.audio.mp4.packets import Source
from voxpress.audio.signals import Channels, Signal
from voxpress.audio.tags import Place, Tags
from voxpress.errors import InputError
from voxpress.speech import Hertz

Codec: TypeAlias = Literal["mp3", "m4a", "opus"]

FRAMES: dict[Codec, int] = {"mp3": 1152, "m4a": 1024, "opus": 960}
RATES: dict[Codec, tuple[Hertz, ...]] = {"mp3": (44_100, 48_000), "m4a": (44_100, 48_000), "opus": (48_000,)}
BIT_RATES: dict[Codec, dict[Channels, int]] = {
    "mp3": {1: 96_000, 2: 128_000},
    "m4a": {1: 64_000, 2: 128_000},
    "opus": {1: 32_000, 2: 64_000},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How an episode is encoded.

    Attributes:
        bit_rate: None: what suits speech with music.

    Raises:
        InputError: the codec cannot have the sample rate.
    """

    codec: Codec = "mp3"
    channels: Channels = 1
    sample_rate: Hertz = 44_100
    bit_rate: int | None = None

    def __post_init__(self) -> None:
        if self.sample_rate not in RATES[self.codec]:
            rates = " or ".join(str(each) for each in RATES[self.codec])
            raise InputError(f"an episode in {self.codec} has {rates} Hz, not {self.sample_rate}")

    @property
    def joinable(self) -> bool:
        """Whether a file can be made of several parts."""
        return self.codec != "opus"


class Chapter(NamedTuple):
    """A chapter of an episode.

    Attributes:
        start: samples from the beginning.
        url: a page about it; empty: none.
        picture: a JPEG or PNG that is shown meanwhile; empty: none.
    """

    title: str
    start: int
    url: str = ""
    picture: bytes = b""


def grid(*encodings: Encoding) -> int:
    """Samples of which the length of each part has to be a multiple.

    >>> grid(Encoding(codec="mp3")), grid(Encoding(codec="mp3"), Encoding(codec="m4a"))
    (1152, 9216)
    """
    return math.lcm(*(FRAMES[each.codec] for each in encodings if each.joinable))


def encode_part(signal: Signal, start: int, stop: int, encoding: Encoding) -> bytes:
    """Encode what a signal has from `start` to `stop`.

    Args:
        start, stop: multiples of `grid` (the last part may end anywhere with `opus` only).
    """
    raise NotImplementedError


def join_parts(
    path: str | os.PathLike[str],
    parts: Sequence[Source],
    chapters: Sequence[Chapter],
    tags: Tags,
    encoding: Encoding,
    *,
    place: Place | None = None,
) -> None:
    """Write the parts as one file, by copying their packets.

    Args:
        parts: of `encode_part`, in order; for a codec whose parts cannot be joined, one.
        place: the title and number of the episode in its show, whose title `tags` has.

    Raises:
        InputError: a part is no such file, or there are too many chapters.
        StoreError: the file cannot be written.
    """
    raise NotImplementedError
