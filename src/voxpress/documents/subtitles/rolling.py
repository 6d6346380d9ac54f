"""Captions that roll: each cue shows lines of the one before again, as YouTube's automatic captions do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from voxpress.documents.subtitles import Piece, WrittenCue
from voxpress.speech import Seconds

_NEXT: Seconds = 0.1
"""Between cues of which one takes over the lines of the other."""
_FEWEST = 2
"""Cues that say something new after such lines: people also say the same again and again."""


def drop_repeated(cues: Sequence[WrittenCue]) -> list[WrittenCue]:
    """Cues without the lines that stood in the one before, where at least half of them repeat some; else all of them.

    >>> def cue(number, *lines):
    ...     return WrittenCue(number, 1, number, number + 1, (Piece("\\n".join(lines)),))
    >>> rolling = [cue(1, "one"), cue(2, "one", "two"), cue(3, "two", "three"), cue(4, "three")]
    >>> [each.pieces[0].text for each in drop_repeated(rolling)]
    ['one', 'two', 'three']

    Args:
        cues: in the order of their starts.
    """
    repeated = [0, *(_count_repeated(before, cue) for before, cue in pairwise(cues))]
    rolling = sum(count > 0 for count in repeated)
    fresh = sum(0 < count < len(_list_lines(cue.pieces)) for cue, count in zip(cues, repeated, strict=True))
    if fresh < _FEWEST or 2 * rolling < len(cues) - 1 or 4 * fresh < len(cues) - 1:
        return list(cues)
    kept = [
        cue._replace(pieces=_drop_lines(cue.pieces, count)) for cue, count in zip(cues, repeated, strict=True)
    ]
    return [cue for cue, count in zip(kept, repeated, strict=True) if not count or _list_lines(cue.pieces)]


def _count_repeated(before: WrittenCue, cue: WrittenCue) -> int:
    """With how many of the last lines of another cue a cue begins."""
    if cue.start > before.end + _NEXT:
        return 0
    old, new = _list_lines(before.pieces), _list_lines(cue.pieces)
    most = min(len(old), len(new))
    return next((count for count in range(most, 0, -1) if old[-count:] == new[:count]), 0)


def _list_lines(pieces: Sequence[Piece]) -> list[str]:
    text = "".join(piece.text for piece in pieces)
    return [words for line in text.split("\n") if (words := " ".join(line.split()))]


def _drop_lines(pieces: Sequence[Piece], count: int) -> tuple[Piece, ...]:
    """Pieces without their first lines; blank ones do not count."""
    kept: list[Piece] = []
    line = ""
    for piece in pieces:
        text = piece.text
        while count and "\n" in text:
            end, _, text = text.partition("\n")
            count -= bool((line + end).strip())
            line = ""
        if count:
            line, text = line + text, ""
        kept.append(piece._replace(text=text))
    return tuple(kept)
