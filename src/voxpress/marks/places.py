"""Where in the text a mark stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from voxpress.marks.script import Script
from voxpress.speech import Mark
from voxpress.text.passage import Passage

_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’»)\]]*\s+(?=\S)|(?<![。！？])[。！？]+[」』”’）)]*\s*(?=\S)")
_PAUSING = frozenset(",;:.!?—–…、。，；：！？")
_REACH = 200
"""Characters within which the next word is looked for: one that is not there must not be found on the next page."""


def find_words(text: str, marks: Sequence[Mark]) -> Iterator[tuple[Mark, int, int]]:
    """Those of `marks` that are words of `text`, in order, each with its start and end there, without punctuation.

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
            if text[start].isalnum() and text[at - 1].isalnum():
                yield mark, start, at
            else:
                letters = [i for i in range(start, at) if text[i].isalnum()] or [start, at - 1]
                yield mark, letters[0], letters[-1] + 1


def ends_clause(word: str) -> bool:
    """Whether the punctuation after a word leaves room for a pause.

    >>> [ends_clause(word) for word in ("yes", "yes,", "(yes);", "'yes'")]
    [False, True, True, False]
    """
    for char in reversed(word):
        if char in _PAUSING or char.isalnum():
            return char in _PAUSING
    return False


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence in the text of a take, which can hold several short ones.

    >>> text = "Yes. Come in! He said: 'Wait... here.' Why?"
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['Yes.', 'Come in!', "He said: 'Wait... here.'", 'Why?']
    """
    spans: list[tuple[int, int]] = []
    start = done = 0
    speaks = False
    for end in [*(found.end() for found in _END.finditer(text)), len(text)]:
        speaks = speaks or any(map(str.isalnum, text[done:end]))
        done = end
        if end < len(text) and (not speaks or text[end].islower()):
            continue
        if spans and not speaks:
            start = spans.pop()[0]
        spans.append((start, start + len(text[start:end].rstrip())))
        start, speaks = end, False
    return spans


def count_sentences(script: Script) -> int:
    """How many marks of sentences a clip with that script has."""
    return sum(len(split_sentences(each.text)) for each in script.takes)


def locate(marks: Sequence[Mark], script: Script) -> tuple[Mark, ...]:
    """A clip's marks with their places in the text.

    The places are no part of a clip: another text, or another spelling of it, can make the same sound.

    >>> from voxpress.speech import Mark
    >>> marks = [Mark(kind=kind, text="Hi.", start=0, end=1) for kind in ("sentence", "word")]
    >>> [mark.source for mark in locate(marks, Script(" Hi.", (Passage.of("Hi.", 1),)))]
    [(1, 4), (1, 3)]
    """
    begins = [number for number, mark in enumerate(marks) if mark.kind == "sentence"]
    sentences = [split_sentences(each.text) for each in script.takes]
    if not begins or len(begins) != sum(map(len, sentences)):
        return tuple(marks)  # a clip that an older voxpress finished
    located = list(marks[: begins[0]])
    first = 0
    for words, spans in zip(script.takes, sentences, strict=True):
        following = first + len(spans)
        end = begins[following] if following < len(begins) else len(marks)
        located += _place(marks[begins[first] : end], words, spans)
        first = following
    return tuple(_place_bookmarks(located, script.bookmarks))


def _place_bookmarks(marks: Sequence[Mark], places: Sequence[tuple[int, int]]) -> Iterator[Mark]:
    following = iter(places)
    for mark in marks:
        place = next(following, None) if mark.kind == "bookmark" else None
        yield msgspec.structs.replace(mark, source=place) if place else mark


def _place(marks: Sequence[Mark], words: Passage, spans: Sequence[tuple[int, int]]) -> Iterator[Mark]:
    """The marks of one take, its sentences and what follows them, with their places."""
    places = {id(mark): (start, end) for mark, start, end in find_words(words.text, marks)}
    sentences = iter(spans)
    for mark in marks:
        span = next(sentences) if mark.kind == "sentence" else places.get(id(mark))
        yield msgspec.structs.replace(mark, source=words.source(*span)) if span else mark
