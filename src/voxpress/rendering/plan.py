"""A plan: all that is known about a row before anything is spoken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from voxpress.engines import Engine
from voxpress.errors import SpeechError
from voxpress.speech import Hertz, Output, Segment, Utterance
from voxpress.text import Part


class Target(msgspec.Struct, frozen=True):
    """One file to be made.

    Attributes:
        path: where it goes, relative to the output folder; empty for a clip that stays in the store.
        output: how it sounds and is packed.
        clip: its key in the store.
    """

    path: str
    output: Output
    clip: str


class Recipe(msgspec.Struct, frozen=True):
    """How an utterance's files are made of its takes.

    Attributes:
        parts: take keys, pauses, silences and tones in order.
        targets: the files.
        sample_rate: of what is generated, where nothing is spoken.
    """

    parts: tuple[str | Part, ...]
    targets: tuple[Target, ...]
    sample_rate: Hertz

    @property
    def takes(self) -> tuple[str, ...]:
        """Keys of the takes in order, each once."""
        return tuple(dict.fromkeys(part for part in self.parts if isinstance(part, str)))


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a render has to do for an utterance.

    Attributes:
        recipe: how the files are made.
        takes: the segment of each take key; its seed is still the user's.
        notes: what was changed in the text.
    """

    number: int
    utterance: Utterance
    engine: Engine
    fingerprint: str
    voice: str
    language: str
    recipe: Recipe
    takes: Mapping[str, Segment]
    notes: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.recipe.targets

    @property
    def characters(self) -> int:
        return sum(len(segment.text) for segment in self.takes.values())


class Bad(msgspec.Struct, frozen=True):
    """A row that cannot be planned."""

    number: int
    utterance: Utterance | None
    error: SpeechError

    @property
    def row(self) -> str:
        """What identifies the row among all: several problems can be those of one."""
        return self.error.place or str(self.number)


Planned: TypeAlias = Plan | Bad


def place_error(error: SpeechError, row: Utterance) -> SpeechError:
    """The same error, with the row that it is about."""
    return error.at(row.origin or row.id)
