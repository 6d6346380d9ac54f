"""Where in the text a mark stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from voxpress.marks.script import Script
from voxpress.speech import Mark
from voxpress.text.passage import Passage

_REACH = 200
"""Characters within which the next word is looked for: one that is not there must not be found on the next page."""


def find_words(text: str, marks: Sequence[Mark]) -> Iterator[tuple[Mark, int, int]]:
    """Those of `marks` that are words of `text`, in order, each with its start and end there.

    >>> words = [Mark(kind="word", text=text, start=0, end=0) for text in ("The", "cat", "the")]
    >>> [(mark.text, start, end) for mark, start, end in find_words("The cat: the cat.", words)]
    [('The', 0, 3), ('cat', 4, 7), ('the', 9, 12)]
    """
    at = 0
    for mark in marks:
        if mark.kind != "word" or not mark.text:
            continue
        start = text.find(mark.text, at, at + _REACH + len(mark.text))
        if start >= 0:
            at = start + len(mark.text)
            yield mark, start, at


def locate(marks: Sequence[Mark], script: Script) -> tuple[Mark, ...]:
    """A clip's marks with their places in the text.

    The places are no part of a clip: another text, or another spelling of it, can make the same sound.

    >>> from voxpress.speech import Mark
    >>> marks = [Mark(kind=kind, text="Hi.", start=0, end=1) for kind in ("sentence", "word")]
    >>> [mark.source for mark in locate(marks, Script(" Hi.", (Passage.of("Hi.", 1),)))]
    [(1, 4), (1, 4)]
    """
    if sum(mark.kind == "sentence" for mark in marks) != len(script.takes):
        return tuple(marks)  # a clip that an older voxpress finished
    takes = iter(script.takes)
    located: list[Mark] = []
    inside: list[Mark] = []
    words: Passage | None = None
    for mark in marks:
        if mark.kind == "sentence":
            located += _place(inside, words)
            words, inside = next(takes), []
        inside.append(mark)
    located += _place(inside, words)
    return tuple(located)


def _place(marks: Sequence[Mark], words: Passage | None) -> list[Mark]:
    """The marks of one take, a sentence and what follows it, with their places."""
    if words is None:
        return list(marks)
    places = {id(mark): words.source(start, end) for mark, start, end in find_words(words.text, marks)}
    placed = []
    for mark in marks:
        source = words.source(0, len(words)) if mark.kind == "sentence" else places.get(id(mark))
        placed.append(msgspec.structs.replace(mark, source=source) if source else mark)
    return placed
