"""Subtitles: sentences in pieces of at most two lines, each with its time.

A subtitle stays for a second or longer where the next one leaves room, and for as long as one can read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from voxpress.marks.places import ends_clause
from voxpress.marks.script import HIDDEN, TimedText
from voxpress.speech import Mark, Seconds

_SHORTEST: Seconds = 1.0
_LONGEST: Seconds = 7.0
_PACE = 20.0
"""Characters that one can read in a second."""
_SPACES = re.compile(r"\s+")


class Shape(NamedTuple):
    """How large a subtitle may be; as it stands, as broadcasters ask of those in Latin script.

    Attributes:
        width: characters of a line.
        lines: one or two.
    """

    width: int = 42
    lines: int = 2


USUAL = Shape()


class Cue(NamedTuple):
    """One subtitle; times in milliseconds."""

    start: int
    end: int
    lines: tuple[str, ...]


class _Piece(NamedTuple):
    """What cannot be broken: a word with its punctuation, as written."""

    text: str
    start: Seconds
    end: Seconds
    space: bool
    """Whether a space goes before it."""


class Sentence(NamedTuple):
    """A sentence as it is written, and when it is heard in a clip."""

    text: str
    start: Seconds
    end: Seconds


def find_sentences(timed: TimedText) -> list[Sentence]:
    """The sentences of a clip.

    >>> hi = Mark(kind="sentence", text="Hi.", start=0.0, end=0.4, source=(0, 3))
    >>> find_sentences(TimedText(text="Hi.", shown="Hi.", duration=0.5, marks=(hi,)))
    [Sentence(text='Hi.', start=0.0, end=0.4)]
    """
    return [
        Sentence(_join(pieces), pieces[0].start, max(each.end for each in pieces))
        for pieces in _split_sentences(timed, USUAL.width)
        if pieces
    ]


def make_cues(
    timed: TimedText, shape: Shape = USUAL, *, lead: str = "", until: Seconds | None = None
) -> list[Cue]:
    """The subtitles of a clip.

    Args:
        lead: what stands before the first words, such as the name of who speaks.
        until: how long the last one may stay; None: to the end of the clip.

    >>> hi = Mark(kind="sentence", text="Hi.", start=0.0, end=0.4, source=(0, 3))
    >>> make_cues(TimedText(text="Hi.", shown="Hi.", duration=0.5, marks=(hi,)))
    [Cue(start=0, end=500, lines=('Hi.',))]
    """
    sentences = [pieces for pieces in _split_sentences(timed, shape.width) if pieces]
    if lead and sentences:
        begin = sentences[0][0].start
        words = [sentences[0][0]._replace(space=True), *sentences[0][1:]]
        names = (_Piece(each, begin, begin, space=at > 0) for at, each in enumerate(lead.split()))
        sentences[0] = [*(part for name in names for part in _cut_long(name, shape.width)), *words]
    groups = [group for pieces in sentences for group in _cut(pieces, shape)]
    cues: list[Cue] = []
    for number, group in enumerate(groups):
        lines = _wrap(group, shape)
        assert lines is not None
        rest = timed.duration if until is None else max(until, timed.duration)
        room = groups[number + 1][0].start if number + 1 < len(groups) else rest
        reading = max(_SHORTEST, sum(map(len, lines)) / _PACE)
        first, last = group[0].start, max(each.end for each in group)
        end = max(min(last, room), min(first + reading, room))
        start = max(round(first * 1000), cues[-1].end if cues else 0)
        cues.append(Cue(start, max(start + 1, round(end * 1000)), lines))
    return cues


def _split_sentences(timed: TimedText, width: int) -> Iterator[list[_Piece]]:
    """The pieces of each sentence."""
    sentence: Mark | None = None
    words: list[Mark] = []
    for mark in timed.marks:
        if mark.kind == "sentence":
            if sentence:
                yield _make_pieces(timed.shown, sentence, words, width)
            sentence, words = mark, []
        elif mark.kind == "word" and mark.source:
            words.append(mark)
    if sentence:
        yield _make_pieces(timed.shown, sentence, words, width)


def _make_pieces(shown: str, sentence: Mark, words: Sequence[Mark], width: int) -> list[_Piece]:
    """The words of a sentence as they are written. Words that stand at one place, such as those of a number, are one
    piece; what lies between two places belongs to the first as far as the next space, then to the second.
    """
    begin, end = sentence.source or (0, len(shown))
    places = _merge(words) or [(begin, end, sentence.start, sentence.end)]
    pieces: list[_Piece] = []
    before, space = _clean(shown[begin : places[0][0]]).lstrip(), False
    for number, (first, last, start, stop) in enumerate(places):
        following = places[number + 1][0] if number + 1 < len(places) else end
        after, blank, rest = _clean(shown[last : max(last, following)]).partition(" ")
        pieces.append(_Piece(f"{before}{_clean(shown[first:last])}{after}", start, stop, space))
        before, space = rest, bool(blank)
    if before and pieces:
        pieces[-1] = pieces[-1]._replace(text=f"{pieces[-1].text} {before.rstrip()}")
    return [short for piece in pieces for short in _cut_long(piece, width)]


def _merge(words: Sequence[Mark]) -> list[tuple[int, int, Seconds, Seconds]]:
    """Places with their times, in order, none of which overlap."""
    merged: list[tuple[int, int, Seconds, Seconds]] = []
    for word in words:
        assert word.source
        first, last = word.source
        if merged and first < merged[-1][1]:
            former = merged.pop()
            first, last = min(first, former[0]), max(last, former[1])
            merged.append((first, last, former[2], max(word.end, former[3])))
        else:
            merged.append((first, last, word.start, word.end))
    return merged


def _clean(shown: str) -> str:
    return _SPACES.sub(" ", shown.replace(HIDDEN, ""))


def _cut_long(piece: _Piece, width: int) -> Iterator[_Piece]:
    """A piece that fits into a line; a longer one in several."""
    count = max(1, len(piece.text))
    for at in range(0, count, width):
        share = (piece.end - piece.start) / count
        yield _Piece(
            piece.text[at : at + width],
            piece.start + at * share,
            piece.start + min(at + width, count) * share,
            piece.space and not at,
        )


def _cut(pieces: Sequence[_Piece], shape: Shape) -> Iterator[Sequence[_Piece]]:
    """A sentence in groups that fit, cut near the middle: after a comma, else where the speaker pauses."""
    waiting = [pieces] if pieces else []
    while waiting:
        group = waiting.pop()
        if len(group) == 1 or (_wrap(group, shape) and group[-1].end - group[0].start <= _LONGEST):
            yield group
            continue
        cut = _find_cut(group)
        waiting += [group[cut:], group[:cut]]


def _find_cut(group: Sequence[_Piece]) -> int:
    total = sum(len(each.text) + 1 for each in group)
    done, best, chosen = 0, float("inf"), 1
    for number, (one, other) in enumerate(pairwise(group), 1):
        done += len(one.text) + 1
        distance = abs(2 * done - total) / total
        pause = min(0.3, max(0.0, other.start - one.end))
        cost = distance - (0.35 if ends_clause(one.text) else 0.0) - pause
        if distance > 0.7:
            cost += 1.0
        if cost < best:
            best, chosen = cost, number
    return chosen


def _wrap(group: Sequence[_Piece], shape: Shape) -> tuple[str, ...] | None:
    """One line or two; None if they do not fit."""
    if sum(len(each.text) for each in group) > shape.lines * shape.width:
        return None
    whole = _join(group)
    if len(whole) <= shape.width:
        return (whole,)
    if shape.lines == 1:
        return None
    fitting = [
        (abs(len(upper) - len(lower)) - (10 if ends_clause(upper) else 0), upper, lower)
        for cut in range(1, len(group))
        if len(upper := _join(group[:cut])) <= shape.width and len(lower := _join(group[cut:])) <= shape.width
    ]
    return min(fitting)[1:] if fitting else None


def _join(group: Sequence[_Piece]) -> str:
    text = "".join(
        f" {each.text}" if each.space and number else each.text for number, each in enumerate(group)
    )
    return text.strip()
