"""Places of a proof with the words around them, so that a lexicon holds for each where somebody approved it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from voxpress import languages
from voxpress.text.lexicon import LONGEST_WRITTEN, Entry
from voxpress.text.passage import Change, Passage
from voxpress.text.patterns import lazily

WIDTHS = (3, 8, 24)
"""Words on each side of a place; the next width where two readings share their words."""
_WORD = lazily(rf"{languages.UNSPACED}{{1,4}}|[^\s{languages.UNSPACED[1:-1]}]+")


class Piece(NamedTuple):
    """A piece of a phrase: a place with its change, or words that are spoken as written."""

    written: str
    spoken: str
    change: Change | None = None


class Phrase(NamedTuple):
    """Places that stand near each other, and the words around them, as a lexicon finds them.

    Attributes:
        start, end: in the paragraph.
        alone: whether there are no words around the places.
    """

    pieces: tuple[Piece, ...]
    start: int
    end: int
    alone: bool

    @property
    def written(self) -> str:
        return "".join(piece.written for piece in self.pieces)

    @property
    def spoken(self) -> str:
        return " ".join("".join(piece.spoken for piece in self.pieces).split())

    def entry(self, language: str) -> Entry:
        """The entry that says so.

        Raises:
            InputError: there can be none, because nothing is said, or because it would be too long.
        """
        return Entry(self.written, self.spoken, case="exact", language=language)


class _Block(NamedTuple):
    """Words that stay together, because a change spans them; shut: the markup has decided how they are read."""

    start: int
    end: int
    shut: bool


def find_phrases(
    paragraph: Passage, changes: Sequence[Change], places: Collection[Change], width: int = WIDTHS[0]
) -> Iterator[Phrase]:
    """The phrases of some places of a paragraph.

    >>> changes = [Change(6, 7, "-", " to ", "range"), Change(5, 6, "9", "nine", "n"), Change(7, 8, "5", "five", "n")]
    >>> [(p.written, p.spoken) for p in find_phrases(Passage.of("Open 9-5 today."), changes, changes[:1])]
    [('Open 9-5 today.', 'Open nine to five today.')]

    Args:
        paragraph: as a lexicon sees it.
        changes: all of them; what lies in other paragraphs is passed over.
        width: how many words there are on each side, as far as an entry can hold them.
    """
    spans = place(paragraph, changes)
    blocks = _make_blocks(paragraph, [(start, end) for start, end, _ in spans])
    wanted = [
        _widen(blocks, bisect_right(blocks, start, key=lambda each: each.end), width)
        for start, end, change in spans
        if change in places and not paragraph.is_fixed(start, end)
    ]
    for first, at, last in _merge(wanted, blocks):
        start, end = blocks[first].start, blocks[last].end
        alone = not any(
            any(map(str.isalpha, paragraph.text[each.start : each.end]))
            for number, each in enumerate(blocks[first : last + 1], first)
            if number not in at
        )
        yield Phrase(tuple(_read(paragraph, spans, start, end)), start, end, alone)


def place(paragraph: Passage, changes: Sequence[Change]) -> list[tuple[int, int, Change]]:
    """Where changes stand in a paragraph, in order; where one lies within another, the other.

    >>> [(start, end) for start, end, _ in place(Passage.of("9-5", 5), [Change(6, 7, "-", "to", "range")])]
    [(1, 2)]
    """
    found: list[tuple[int, int, Change]] = []
    for change in sorted(changes, key=lambda each: (each.start, -each.end)):
        start, end = bisect_left(paragraph.starts, change.start), bisect_right(paragraph.ends, change.end)
        inside = start < end and paragraph.source(start, end) == (change.start, change.end)
        if inside and (not found or start >= found[-1][1]):
            found.append((start, end, change))
    return found


def read_piece(
    paragraph: Passage, spans: Sequence[tuple[int, int, Change]], start: int, end: int
) -> str | None:
    """How a piece of a paragraph is spoken; None: a change reaches over its border.

    >>> changes = place(paragraph := Passage.of("Open 9-5"), [Change(6, 7, "-", " to ", "range")])
    >>> read_piece(paragraph, changes, 5, 8), read_piece(paragraph, changes, 0, 4)
    ('9 to 5', 'Open')
    """
    first = bisect_right(spans, start, key=lambda each: each[1])
    for a, b, _ in spans[first:]:
        if a >= end:
            break
        if a < start or b > end:
            return None
    return " ".join("".join(piece.spoken for piece in _read(paragraph, spans, start, end)).split())


def _make_blocks(paragraph: Passage, spans: Sequence[tuple[int, int]]) -> list[_Block]:
    """The words of a paragraph; those that a change or a fixed piece spans are one block."""
    together = sorted([*spans, *paragraph.fixed])
    blocks: list[_Block] = []
    at = 0
    for word in _WORD.finditer(paragraph.text):
        start, end = word.span()
        while at < len(together) and together[at][1] <= start:
            at += 1
        joined = bool(blocks) and at < len(together) and together[at][0] < blocks[-1].end
        shut = paragraph.is_fixed(start, end)
        if joined:
            before = blocks.pop()
            start, shut = before.start, shut or before.shut
        blocks.append(_Block(start, end, shut))
    return blocks


def _widen(blocks: Sequence[_Block], at: int, width: int) -> tuple[int, int, int]:
    """The first block of a phrase, that of its place, and the last, as far as an entry can hold them."""
    first = last = at
    for _ in range(width):
        for before in (True, False):
            one, other = (first - 1, last) if before else (first, last + 1)
            inside = one >= 0 and other < len(blocks) and not blocks[one if before else other].shut
            if inside and blocks[other].end - blocks[one].start <= LONGEST_WRITTEN:
                first, last = one, other
    return first, at, last


def _merge(
    wanted: Sequence[tuple[int, int, int]], blocks: Sequence[_Block]
) -> list[tuple[int, set[int], int]]:
    """Phrases that share words as one; where that would be too long, the second begins behind the first."""
    merged: list[tuple[int, set[int], int]] = []
    for first, at, last in wanted:
        if merged and first <= merged[-1][2]:
            start, places, end = merged[-1]
            if at <= max(places) or blocks[max(end, last)].end - blocks[start].start <= LONGEST_WRITTEN:
                merged[-1] = (start, places | {at}, max(end, last))
                continue
            middle = min(end, at - 1)
            merged[-1] = (start, places, max((*places, middle)))
            first = merged[-1][2] + 1
        merged.append((first, {at}, last))
    return merged


def _read(
    paragraph: Passage, spans: Sequence[tuple[int, int, Change]], start: int, end: int
) -> Iterator[Piece]:
    """A piece of a paragraph, with what is spoken."""
    done = start
    for first, last, change in spans[bisect_left(spans, start, key=lambda each: each[0]) :]:
        if first >= end:
            break
        if first > done:
            yield Piece(paragraph.text[done:first], paragraph.text[done:first])
        yield Piece(paragraph.text[first:last], change.spoken, change)
        done = last
    if done < end:
        yield Piece(paragraph.text[done:end], paragraph.text[done:end])
