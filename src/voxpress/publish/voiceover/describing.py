"""Audio description: where in the gaps of a dialogue descriptions are heard. Pure, as `fitting` is.

Extended description holds the picture where a description is longer than its gap. Nothing of the dialogue is covered,
and nothing of the picture is lost.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from voxpress.documents.subtitles import Cue, Subtitles
from voxpress.publish.voiceover.fitting import BETWEEN, GAP, Piece, Placed, limit
from voxpress.publish.voiceover.speaking import RATE
from voxpress.speech import Seconds

LATEST: Seconds = 3.0
"""How much later than its time a description may begin, to be heard in a gap."""
AFTER: Seconds = 0.15
"""Silence after dialogue, before a description begins."""
_SHORTEST: Seconds = 0.3
"""A shorter gap is none."""


class Hold(NamedTuple):
    """The picture stands still.

    Attributes:
        at: when, in the time of the video.
        length: for how long.
    """

    at: Seconds
    length: Seconds


def find_dialogue(captions: Iterable[Cue]) -> list[tuple[Seconds, Seconds]]:
    """When somebody speaks. Captions of sounds are no dialogue.

    >>> cues = [Cue(number=n, start=n, end=n + 0.9, text=text) for n, text in enumerate(["Hi.", "Ho.", "", "So."])]
    >>> find_dialogue(cues)
    [(0, 1.9), (3, 3.9)]
    """
    spans: list[tuple[Seconds, Seconds]] = []
    for cue in captions:
        if not cue.text:
            continue
        if spans and cue.start - spans[-1][1] < _SHORTEST:
            spans[-1] = spans[-1][0], max(spans[-1][1], cue.end)
        else:
            spans.append((cue.start, cue.end))
    return spans


def find_places(
    pieces: Sequence[Piece],
    dialogue: Sequence[tuple[Seconds, Seconds]],
    end: Seconds | None = None,
    *,
    holding: bool = False,
) -> list[Piece]:
    """Descriptions where nobody speaks.

    One begins at its time, or up to `LATEST` later: where it fits, else where there is most room.

    >>> [(place.start, round(place.until, 2)) for place in find_places([Piece(1, 0, 2.0)], [(0, 2.0), (6, 8)])]
    [(2.15, 5.96)]

    Args:
        pieces: in the order of their starts.
        dialogue: as `find_dialogue` gives it.
        end: of the video.
        holding: whether the picture waits for what is too long; else the next one does, up to `LATEST`.
    """
    found: list[Piece] = []
    last = math.inf if end is None else end
    free = 0.0
    spans = [*dialogue, (last, math.inf)]
    first = 0
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        start = max(piece.start, min(free, piece.start + LATEST))
        latest = max(start, piece.start + LATEST)
        if following is not None:
            latest = max(start, min(latest, following.start - GAP))
        while spans[first][1] + AFTER <= start:
            first += 1
        options: list[tuple[Seconds, Seconds]] = []
        at = start
        for begin, stop in spans[first:]:
            if at > latest:
                break
            if begin - GAP - at >= _SHORTEST:
                options.append((at, begin - GAP if begin < last else last))
            at = max(at, stop + AFTER)
        place = _choose(options, piece.duration) if options else (start, start)
        found.append(piece._replace(start=place[0], until=place[1]))
        free = place[0] if holding else min(place[0] + piece.duration, max(place)) + GAP
    return [
        place._replace(until=min(place.until, other.until))
        for place, other in zip(found, limit(found, end), strict=True)
    ]


def _choose(options: Sequence[tuple[Seconds, Seconds]], duration: Seconds) -> tuple[Seconds, Seconds]:
    for start, stop in options:
        if stop - start >= duration:
            return start, stop
    return max(options, key=lambda each: each[1] - each[0])


def choose_holds(pieces: Sequence[Piece]) -> list[Hold]:
    """For how long the picture stands still at the end of each description's room, so that it can end; 0: it fits.

    Those that begin at one time are spoken one after the other. What has no end, or begins after it, holds nothing.

    >>> pieces = [Piece(1, 0, 2.5, until=3.0), Piece(4, 1, 1.0, until=9.0), Piece(4, 2, 5.0, until=9.0)]
    >>> [(each.at, round(each.length, 2)) for each in choose_holds(pieces)]
    [(3.0, 0.5), (9.0, 1.12)]
    """
    holds = []
    for start, slot in groupby(pieces, key=lambda each: each.start):
        found = list(slot)
        end = start + sum(each.duration for each in found) + BETWEEN * (len(found) - 1)
        until = found[0].until
        if start <= until < math.inf:
            holds.append(Hold(until, max(0.0, end - until)))
    return holds


class Timetable:
    """When each moment of a video is seen if the picture is held.

    A hold begins at a whole sample, so that its sound and its picture are on the same side of it.

    >>> times = Timetable([Hold(3.0, 0.5)])
    >>> times.move(2.9), times.move(3.0), times.move(4.0)
    (2.9, 3.5, 4.5)
    """

    def __init__(self, holds: Sequence[Hold]) -> None:
        self.holds = sorted(
            each._replace(at=round(each.at * RATE) / RATE) for each in holds if each.length > 0
        )
        self._moved = [0.0]
        for each in self.holds:
            self._moved.append(self._moved[-1] + each.length)

    @property
    def total(self) -> Seconds:
        """By how much the video is longer."""
        return self._moved[-1]

    def move(self, at: Seconds) -> Seconds:
        """When it is seen."""
        return at + self._moved[self._count(at)]

    def begin(self, at: Seconds) -> Seconds:
        """When a description begins that is spoken from there on: before the hold that begins at that moment."""
        return at + self._moved[self._count(at - 1 / RATE)]

    def _count(self, at: Seconds) -> int:
        return bisect_right(self.holds, at, key=lambda each: each.at)


class Arrangement:
    """Places descriptions in a video, and keeps where the picture is held.

    Args:
        captions: say when somebody speaks; None: nobody knows, so that descriptions are heard at their times.
        extended: whether the picture may be held.

    Attributes:
        times: known when everything is placed.
    """

    def __init__(self, descriptions: Subtitles, captions: Subtitles | None, *, extended: bool) -> None:
        self._ends = {cue.start: cue.end for cue in descriptions.cues}
        self._dialogue = None if captions is None else find_dialogue(captions.cues)
        self._extended = extended
        self._starts: list[Seconds] = []
        self.times = Timetable(())

    def arrange(self, pieces: Sequence[Piece], end: Seconds | None) -> Sequence[Piece]:
        """Where descriptions begin, and when they have to end."""
        found = find_places(pieces, self._dialogue or (), end, holding=self._extended)
        if not self._extended:
            return found
        # Without captions, nothing but the description itself says for how long nobody speaks.
        ends = [math.inf if self._dialogue is not None else self._ends[each.start] for each in pieces]
        late = math.inf if end is None else end
        found = [
            each if each.start > late else each._replace(until=max(each.start, min(each.until, until)))
            for each, until in zip(found, ends, strict=True)
        ]
        self._starts = [each.start for each in found]
        self.times = Timetable(choose_holds(found))
        return [each if each.until < each.start else each._replace(until=math.inf) for each in found]

    def list_starts(self, placed: Iterable[Placed]) -> list[Seconds]:
        """When each description is heard in the longer video.

        Args:
            placed: all of them, in their order.
        """
        return [
            self.times.begin(start) + each.start - start
            for start, each in zip(self._starts, placed, strict=True)
        ]
