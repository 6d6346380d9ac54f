"""Names cues in messages."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 4
"""Places that are named; others are counted."""


def list_places(places: Sequence[tuple[int, int]]) -> str:
    """Cues by their number and line; without a number, lines.

    >>> list_places([(3, 9)]), list_places([(0, 1), (0, 7)])
    ('cue 3 (line 9)', 'line 1 and line 7')
    """
    shown = [f"cue {number} (line {line})" if number else f"line {line}" for number, line in places[:_MOST]]
    if len(places) > _MOST:
        return f"{', '.join(shown)} and {len(places) - _MOST:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)
