"""What a scheduler tells its driver to do: one task for each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from voxpress.engines import Engine
from voxpress.rendering.listening import Unheard
from voxpress.rendering.plan import Plan
from voxpress.speech import Segment

FINISH = 8
"""Most utterances that one task finishes."""


@dataclass(frozen=True, eq=False, slots=True)
class Speak:
    """Speak these segments at once, and finish those utterances that lack nothing else.

    Attributes:
        attempts: the first one, and the one before which to give up.
        rows: names of those that wait for them.
    """

    pool: Any
    engine: Engine
    fingerprint: str
    batch: tuple[tuple[str, Segment], ...]
    attempts: range
    finish: tuple[Plan, ...]
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Listen:
    """Hear this take.

    Attributes:
        rows: names of those that wait for it.
    """

    pool: Any
    reading: Unheard
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Finish:
    """Make the files of these utterances, whose takes are all in the store.

    Attributes:
        heard: with a recogniser, for each of them the digests of the takes that it heard, by key.
    """

    pool: Any
    plans: tuple[Plan, ...]
    heard: tuple[Mapping[str, str], ...] | None = None


Task: TypeAlias = Speak | Listen | Finish
