"""Which line breaks of a text are heard: those around headings and list items, and not those of wrapped prose.

A writer who wraps prose fills each line, so the next word would not have fitted. A line that ends early, before a line
that does not go on in lower case, stands on its own.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from voxpress import languages
from voxpress.text.normalise.keys import find_menu_keys
from voxpress.text.passage import Passage
from voxpress.text.patterns import lazily

NARROW = 45
"""Columns of the narrowest prose that is wrapped without any line that begins in lower case."""
WIDE = 55
"""Columns of a line from which a block is taken for wrapped prose."""
NARROW_WRAPPED = 30
"""Columns of the narrowest prose that is wrapped, with lines that begin in lower case."""
EARLY = 0.75
"""Share of the width that a line fills at most where it ends early, in prose that is wrapped."""

_SILENT = "-*+•‣⁃◦▪▫■□●○►▸▶·–—→➤>"
_SPOKEN = "✓✔☑✗✘"
MARKERS = f"{_SILENT}{_SPOKEN}#"
"""Characters that mark list items and headings, where a space follows. The reader of signs decides on some of them."""

_UNSPACED = lazily(languages.UNSPACED)
_MORE_THAN = r">[^\S\n]*[-+−±~≈$€£¥₹]?[^\S\n]?[.,]?\d(?!\d*[.)][^\S\n])"
"""A number with a sign before it that could also be that of a quotation; a number in a quoted list is none."""
_COMPARED = lazily(_MORE_THAN)
_silent = rf"[{re.escape(_SILENT)}]\ufe0f?(?: \[[ xX]\])?[^\S\n]+"
_BULLET = lazily(
    rf"{_silent}(?:(?!{_MORE_THAN}){_silent})*(?=\S)|(?:[{_SPOKEN}]\ufe0f?|#{{1,6}})[^\S\n]+(?=\S)"
)
_NUMBER = lazily(r"\(?(?:(\d{1,3})|([A-Za-z])|([ivxIVX]{2,5}))[.)][^\S\n]+(?=\S)")
_RULE = lazily(r"[^\S\n]*(?:([=~_*#+^\-—–─━═.·•|])(?:[^\S\n]*\1){2,}|[|+:\-= \t]{3,})[^\S\n]*")
MOST_LINES = 50
"""Lines of a list item."""
_DASHES = frozenset("-–—+>→")
"""Markers that also begin a line within prose."""
_END = lazily(r"[.!?…。！？؟।][\"'”’»)\]]*$")
_OPEN = lazily(r"[,;、，；(\[{/&+\-–—][\"'”’»]?$")
_FIRST = lazily(r"[\"'“”„‘’«»(\[¿¡*_–— -]*(\w?)")
_WORDS = """
a an the and or of to in on at for with by from as is are was were that which this these my your his her its our their
der die das den dem des ein eine einen einem einer und oder von zu im in mit für auf aus bei ist sind dass
el la los las un una y o de del en con por para que es le les des du et ou dans avec pour sur est qui que
il lo gli i uno e di da con per che è al della nel
"""
_NO_END = frozenset(_WORDS.split())
"""Words that no heading ends with."""


class Line(NamedTuple):
    """Lines that belong together.

    Attributes:
        start, end: the piece of the text, without the marker of a list item.
        marker: the marker of a list item, or the sign of a heading, that nobody speaks: start and end.
    """

    start: int
    end: int
    marker: tuple[int, int] | None = None


class _Row(NamedTuple):
    start: int
    end: int
    text: str
    indent: int


def is_comparison(line: str) -> bool:
    """Whether a line, the only one of a block with a ``>`` before it, begins with a comparison and not with a marker.

    >>> is_comparison("> 18 years only"), is_comparison("> Eighteen"), is_comparison("> 1. Eighteen")
    (True, False, False)
    """
    return _COMPARED.match(line) is not None


def find_lines(block: Passage, *, alone: bool = True) -> list[Line]:
    r"""The lines of a block of text that stand on their own, each with the lines that continue it.

    Args:
        block: lines without a blank one between them.
        alone: the text has no other block, so a # before a single line is no heading.

    >>> menu = Passage.of("Press 1 for sales\nPress 2 for support")
    >>> [menu.text[line.start : line.end] for line in find_lines(menu)]
    ['Press 1 for sales', 'Press 2 for support']
    >>> prose = Passage.of("She went down to the river and\nwaited for the boat")
    >>> len(find_lines(prose))
    1
    """
    text = block.text
    rows = list(_list_rows(text))
    if not rows:
        return []
    if len(rows) == 1 and not _BULLET.match(rows[0].text):  # nothing to join, and nothing to remove
        return [Line(rows[0].start, rows[0].end)]
    return list(_join(rows, find_menu_keys([row.text for row in rows], alone=alone)))


def _list_rows(text: str) -> Iterator[_Row]:
    at = 0
    for line in text.split("\n"):
        bare = line.strip()
        start = at + len(line) - len(line.lstrip())
        if bare:
            yield _Row(
                start, start + len(bare), bare, len(line.expandtabs()) - len(line.expandtabs().lstrip())
            )
        at += len(line) + 1


def _join(rows: Sequence[_Row], keys: frozenset[int]) -> Iterator[Line]:
    markers = _find_markers(rows, keys)
    width = max(len(row.text) for row in rows)
    commas = sum(row.text.endswith((",", ";")) for row in rows)
    verse = len(rows) >= 4 and commas * 4 >= len(rows) and all(marker is None for marker in markers)
    goes_on = any(
        _begins_low(row.text) and not _END.search(before.text) for before, row in itertools.pairwise(rows)
    )
    wrapped = width >= WIDE or (width >= NARROW_WRAPPED and goes_on)
    start, marker = rows[0].start, None
    for number, row in enumerate(rows):
        if number and not verse and _breaks(rows, number, markers, width, wrapped):
            yield Line(marker[1] if marker else start, rows[number - 1].end, marker)
            start, marker = row.start, None
        if (length := markers[number]) and row.start == start:
            marker = (row.start, row.start + length)
    yield Line(marker[1] if marker else start, rows[-1].end, marker)


def _find_markers(rows: Sequence[_Row], keys: frozenset[int]) -> list[int | None]:
    """For each line that is a list item or a heading the length of the marker that nobody speaks; None for others.

    Args:
        keys: lines that begin with a key of a telephone, which is spoken.
    """
    found: list[int | None] = []
    labels = [_NUMBER.match(row.text) for row in rows]
    bullets = [_BULLET.match(row.text) for row in rows]
    kinds = Counter(bullet[0][0] for bullet in bullets if bullet)
    order = {_order(label) for label in labels if label}
    for number, row in enumerate(rows):
        before = rows[number - 1].text if number else ""
        settled = (
            not number
            or bool(_END.search(before))
            or before.endswith((":", ";", ","))
            or _RULE.fullmatch(before) is not None
        )
        if number in keys:
            found.append(_measure_before_key(row.text))
        elif bullets[number] and kinds[">"] == 1 and is_comparison(row.text):
            found.append(None)
        elif bullet := bullets[number]:
            sure = bullet[0][0] not in _DASHES or settled or kinds[bullet[0][0]] > 1
            found.append((0 if row.text[0] in _SPOKEN else bullet.end()) if sure else None)
        elif label := labels[number]:
            kind, value = _order(label)
            in_order = (kind, value - 1) in order or (kind, value + 1) in order
            found.append(0 if in_order or not number else None)
        else:
            found.append(None)
    return found


def _measure_before_key(line: str) -> int:
    """The length of the bullets before the key that a line begins with."""
    return len(line) - len(line.lstrip(f"{_SILENT.replace('*', '')} "))


def _order(label: re.Match[str]) -> tuple[str, int]:
    """Kind and place of a label: a number or a letter."""
    if label[1]:
        return "number", int(label[1])
    if label[2]:
        return "letter", ord(label[2].lower())
    return "roman", sum({"i": 1, "v": 5, "x": 10}[c] for c in label[3].lower())


def _breaks(
    rows: Sequence[_Row], number: int, markers: Sequence[int | None], width: int, wrapped: bool
) -> bool:
    """Whether the end of the line before is heard."""
    before, row = rows[number - 1], rows[number]
    if markers[number] is not None or _RULE.fullmatch(row.text) or _RULE.fullmatch(before.text):
        return True
    if before.text.startswith("#") and markers[number - 1] is not None:
        return True
    if _OPEN.search(before.text) or _END.search(before.text):
        return False
    if _in_item(rows, number, markers):
        return False
    if _is_loud(before.text) and not _is_loud(row.text) and len(before.text) <= EARLY * max(width, NARROW):
        return True
    if _begins_low(row.text) or before.text.split()[-1].lower() in _NO_END:
        return False
    return _ends_early(before.text, row.text, width, wrapped)


def _in_item(rows: Sequence[_Row], number: int, markers: Sequence[int | None]) -> bool:
    """Whether a line is indented below the marker of a list item."""
    first, furthest = number - 1, max(0, number - MOST_LINES)
    while first > furthest and markers[first] is None and rows[first].indent >= rows[number].indent:
        first -= 1
    return markers[first] is not None and rows[number].indent > rows[first].indent


def _ends_early(before: str, row: str, width: int, wrapped: bool) -> bool:
    if _UNSPACED.match(row):
        return len(before) + 1 < (width if wrapped else max(width, NARROW // 2))
    needed = len(before) + 1 + len(row.split(maxsplit=1)[0])
    return needed <= (EARLY * width if wrapped else max(width, NARROW))


def _begins_low(text: str) -> bool:
    first = _FIRST.match(text)
    return first is not None and first[1].islower()


def _is_loud(text: str) -> bool:
    return text.isupper() and sum(map(str.isalpha, text)) > 1
