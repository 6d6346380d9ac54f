"""How what is spoken fits between cues. Pure: times and durations go in, speeds and places come out.

A cue begins exactly at its time, whatever happened before: nothing is ever moved, so nothing drifts. What is too long
is spoken faster, within a limit, and what is still too long ends before the next cue begins.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from voxpress.speech import Seconds
from voxpress.text import duration

GAP: Seconds = 0.04
"""Silence before the next cue."""
BETWEEN: Seconds = 0.12
"""Silence between two people in one cue, where there is room for it."""
MOST_FASTER = 1.15
"""Times the voice's own speed: what is faster sounds hurried."""
_MARGIN = 1.02
"""Engines are not exactly as fast as they are told to be."""
_USUAL = 3.0
"""Times the shortest duration of a reading: that of a voice that does not hurry."""


class Piece(NamedTuple):
    """What is heard of a cue.

    Attributes:
        start: of the cue.
        group: number of the passage that it is a part of; pieces of one are equally fast.
        duration: at the voice's own speed, or as it was spoken.
        until: when it has to end; those with the same start have the same.
    """

    start: Seconds
    group: int
    duration: Seconds
    until: Seconds = math.inf


class Placed(NamedTuple):
    """When a piece is heard.

    Attributes:
        room: from its start until it has to end; infinite after the last cue.
        missing: by how much it is too long for that.
    """

    start: Seconds
    end: Seconds
    room: Seconds
    missing: Seconds


def limit(pieces: Sequence[Piece], end: Seconds | None = None) -> list[Piece]:
    """Pieces that end before the next one begins.

    >>> [each.until for each in limit([Piece(0, 0, 1.5), Piece(1, 1, 1.0)], end=3.0)]
    [0.96, 3.0]

    Args:
        pieces: in the order of their starts.
        end: when the last one has to end; None: it may take as long as it needs.
    """
    last = math.inf if end is None else end
    slots = [list(slot) for _, slot in groupby(pieces, key=lambda each: each.start)]
    nexts = [*(slot[0].start - GAP for slot in slots[1:]), last]
    return [
        each._replace(until=min(until, last))
        for slot, until in zip(slots, nexts, strict=True)
        for each in slot
    ]


def choose_speeds(pieces: Sequence[Piece], most: float = MOST_FASTER, margin: float = _MARGIN) -> list[float]:
    """How much faster each passage has to be spoken, in steps of 0.01: from 1, never slower, to `most`.

    >>> choose_speeds(limit([Piece(0, 0, 2.0), Piece(2, 1, 1.0)]))
    [1.05, 1.0]
    >>> choose_speeds(limit([Piece(0, 0, 1.0), Piece(1.5, 1, 4.0)], end=3.0))
    [1.0, 1.15]

    Args:
        pieces: in the order of their starts; groups are numbered from 0.
        margin: how much faster than needed.
    """
    needed = _list_needed(pieces)
    return [
        1.0 if each <= 1 else max(1.0, min(most, math.ceil(min(each, most) * margin * 100 - 1e-9) / 100))
        for each in needed
    ]


def choose_stretches(
    pieces: Sequence[Piece], speeds: Sequence[float], most: float = MOST_FASTER
) -> list[float]:
    """By what factor, 1 at most, each passage has to be shortened as it was spoken.

    >>> choose_stretches(limit([Piece(0, 0, 2.2), Piece(2, 1, 1.0)]), [1.05, 1.0])
    [0.9130434782608696, 1.0]

    Args:
        pieces: with their durations as they were spoken.
        speeds: of each passage, at which it was spoken.
    """
    needed = _list_needed(pieces)
    return [1 / max(1.0, min(each, most / speed)) for each, speed in zip(needed, speeds, strict=True)]


def place(pieces: Sequence[Piece]) -> list[Placed]:
    """When each piece is heard.

    >>> [(each.start, each.end) for each in place([Piece(0, 0, 1.0), Piece(3, 1, 2.0), Piece(3, 2, 1.0)])]
    [(0, 1.0), (3, 5.0), (5.12, 6.12)]
    >>> cut, _ = place(limit([Piece(0, 0, 1.5), Piece(1, 1, 1.0)]))
    >>> round(cut.end, 3), round(cut.missing, 3)
    (0.96, 0.54)
    """
    placed: list[Placed] = []
    for room, slot in _list_slots(pieces):
        at, stop = slot[0].start, slot[0].start + room
        between = min(BETWEEN, room / 10)
        for each in slot:
            missing = max(0.0, at + each.duration - stop)
            # Differences of floats are no cuts.
            last = at + each.duration if missing < 1e-6 else stop
            placed.append(Placed(at, last, stop - at, missing))
            at = min(last + between, stop)
    return placed


def count_excess(text: str, length: Seconds, missing: Seconds) -> int:
    """How many words fewer would fit; characters in a text without spaces.

    >>> count_excess("We want the best of all worlds.", 2.0, 0.5), count_excess("我们要最好的", 2.0, 0.5)
    (2, 2)

    Args:
        length: of the text as it was spoken.
        missing: by how much that is too long.
    """
    words = len(text.split())
    units = words if words > 2 else len(text)
    return min(units, math.ceil(missing / length * units)) if missing > 0 and length > 0 else 0


def _list_needed(pieces: Sequence[Piece]) -> list[float]:
    """How much faster each passage has to be so that all of it fits."""
    needed = [0.0] * (max((each.group for each in pieces), default=-1) + 1)
    for room, slot in _list_slots(pieces):
        heard = room - min(BETWEEN, room / 10) * (len(slot) - 1)
        total = sum(each.duration for each in slot)
        factor = total / heard if heard > 0 else math.inf if total else 0.0
        for each in slot:
            needed[each.group] = max(needed[each.group], factor)
    return needed


def _list_slots(pieces: Sequence[Piece]) -> Iterator[tuple[Seconds, Sequence[Piece]]]:
    """The pieces that begin at one time, and the room that they have."""
    for start, slot in groupby(pieces, key=lambda each: each.start):
        found = list(slot)
        yield max(0.0, found[0].until - start), found


def find_unlikely(
    cues: Sequence[tuple[Seconds, str]], end: Seconds | None = None, most: float = MOST_FASTER
) -> list[int]:
    """Which cues will hardly fit, as their texts are long: their numbers from 0.

    >>> find_unlikely([(0.0, "We want the best of all possible worlds."), (1.0, "Yes.")])
    [0]

    Args:
        cues: start and text of each, in order.
    """
    pieces = [
        Piece(start, number, _USUAL * duration.bounds(text)[0]) for number, (start, text) in enumerate(cues)
    ]
    return [number for number, factor in enumerate(_list_needed(limit(pieces, end))) if factor > most]
