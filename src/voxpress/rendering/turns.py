"""In which order segments are spoken: for a render that is to end soon, and for callers who wait side by side."""

from __future__ import annotations

from typing import Any, Protocol

from voxpress.rendering.plan import Plan
from voxpress.speech import Segment


class Turns(Protocol):
    """In which order segments are spoken."""

    def place(self, plan: Plan, segment: Segment) -> Any:
        """What the segment is sorted by, smallest first; comparable with all others."""

    def take(self, place: Any) -> None:
        """A segment with that place is being spoken."""

    def gives_way(self, long: Any, short: Any) -> bool:
        """Whether the last free worker goes to a short segment, though a long one may be before it."""


BLOCK = 1024
"""Rows of which the longest segment is first; those of the next rows come behind."""


class LongestFirst:
    """Turns of a render: no worker is left with a long segment at the end. Short ones are not left to the end either:
    as long as one waits, its row is open, and no more rows than fit are.
    """

    def place(self, plan: Plan, segment: Segment) -> tuple[int, int]:
        return plan.number // BLOCK, -len(segment.text)

    def take(self, place: tuple[int, int]) -> None:
        """Nothing is changed by it."""

    def gives_way(self, long: tuple[int, int], short: tuple[int, int]) -> bool:
        """A short segment always goes first."""
        return True


class InOrder:
    """Turns of a book: one utterance after another, so that a chapter is finished before the next one is half spoken.
    Within one, the longest segment is first.
    """

    def place(self, plan: Plan, segment: Segment) -> tuple[int, int]:
        return plan.number, -len(segment.text)

    def take(self, place: tuple[int, int]) -> None:
        """Nothing is changed by it."""

    def gives_way(self, long: tuple[int, int], short: tuple[int, int]) -> bool:
        return short[0] <= long[0]


FIRST_TURN = 250
"""Characters of an utterance that count as one turn."""


class FairTurns:
    """Start-time fair queueing: whoever comes is as near to their turn as anyone who waits, and a long text gets no
    more of the engines than a short one beside it. What is in the background waits while anything else does.

    Source: Goyal, Vin, Cheng: Start-time fair queueing, SIGCOMM 1996; an utterance is a flow, and a segment's length
    its number of characters. There flows last; here new ones come all the time, and would all be before the second
    segment of an older one. So time goes on with what is spoken, parted among those who are open. And a text of a few
    sentences has all of them in its first turn, or it would wait once for each; the first is spoken first, because a
    caller may hear it meanwhile.
    """

    def __init__(self) -> None:
        self.background: set[int] = set()
        self._now = {False: 0.0, True: 0.0}
        self._open: dict[int, tuple[float, float]] = {}
        """When each utterance began, and the end of its last segment."""

    def place(self, plan: Plan, segment: Segment) -> tuple[bool, float, float, int]:
        background = plan.number in self.background
        now = self._now[background]
        began, end = self._open.get(plan.number, (now, now))
        end = max(now, end)
        start = end if end - began > FIRST_TURN else now
        self._open[plan.number] = began, end + len(segment.text)
        return background, start, end + len(segment.text) - began, len(segment.text)

    def take(self, place: tuple[bool, float, float, int]) -> None:
        background, start, _, length = place
        behind = len(self.background)
        open_now = max(1, behind if background else len(self._open) - behind)
        self._now[background] = max(self._now[background], start) + length / open_now

    def gives_way(self, long: tuple[bool, float, float, int], short: tuple[bool, float, float, int]) -> bool:
        return short[0] <= long[0]  # what is in the background takes no worker from what is not

    def forget(self, number: int) -> None:
        """An utterance is done."""
        self._open.pop(number, None)
        self.background.discard(number)
