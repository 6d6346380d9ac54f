"""When the words of a take are heard: as the engine says, or else estimated.

An estimate gives each word a share of the time with sound, by its letters, and lets pauses of the sound fall where the
text has commas.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from voxpress import languages
from voxpress.audio import waveform
from voxpress.audio.arrays import np
from voxpress.audio.waveform import Audio
from voxpress.marks.places import ends_clause, find_words, split_sentences
from voxpress.speech import Mark, Seconds
from voxpress.text.patterns import lazily

if TYPE_CHECKING:
    import numpy.typing as npt

_STEP: Seconds = 0.01
_QUIET = 35.0
"""Decibels below the loudest 10 ms: there is no sound then."""
_PAUSE = 8
"""Steps of silence that can be a comma."""
_FAR = 0.3
"""Seconds of sound between the place of a comma, as the letters have it, and a pause that can be its own."""
_UNSPACED = lazily(languages.UNSPACED)
_TOKEN = re.compile(r"\S+")
_HEAVY = 3.0
"""Letters that a sign of Chinese, Japanese or Thai, or a digit, is worth."""


class _Token(NamedTuple):
    start: int
    end: int
    weight: float
    breaks: bool
    """Whether a pause can follow it."""


def time_words(audio: Audio, text: str) -> tuple[Mark, ...]:
    """The marks of a take: those of the engine, its sentences, and estimated ones for words without.

    >>> from voxpress.audio.waveform import join, silence, tone
    >>> beep = tone([440], 0.5, 8000)
    >>> for mark in time_words(join([beep, silence(0.3, 8000), beep]), "Hello, world."):
    ...     print(mark.kind, mark.text, round(mark.start, 1), round(mark.end, 1), mark.estimated)
    sentence Hello, world. 0.0 1.3 True
    word Hello 0.0 0.5 True
    word world 0.8 1.3 True
    """
    known = [(start, end, mark) for mark, start, end in find_words(text, audio.marks)]
    missing = _find_missing(text, [(start, end) for start, end, _ in known])
    words = {start: mark for start, _, mark in known}
    if missing:
        sound = _Sound.of(audio)
        for run in missing:
            guessed = _estimate(run, text, known, audio.duration, sound)
            words |= {token.start: mark for token, mark in zip(run, guessed, strict=True)}
    sentences = list(_time_sentences(text, words, audio.duration))
    others = [mark for mark in audio.marks if mark.kind != "word"]
    return tuple(sorted((*sentences, *words.values(), *others), key=_rank))


_ORDER = {"sentence": 0, "word": 1}


def _rank(mark: Mark) -> tuple[float, int]:
    return mark.start, _ORDER.get(mark.kind, 2)


def _time_sentences(text: str, words: Mapping[int, Mark], duration: Seconds) -> Iterator[Mark]:
    """A mark for each sentence.

    Args:
        words: by their places in the text.
    """
    begin = 0.0
    places = sorted(words)
    for first, last in split_sentences(text):
        inside = [words[place] for place in places[bisect_left(places, first) : bisect_left(places, last)]]
        start = min((mark.start for mark in inside), default=begin)
        end = max((mark.end for mark in inside), default=duration)
        begin = max(begin, start)
        yield Mark(
            kind="sentence",
            text=text[first:last],
            start=begin,
            end=max(begin, end),
            estimated=any(mark.estimated for mark in inside),
        )


def _split_tokens(text: str) -> Iterator[_Token]:
    """The words of a text; each sign of a script without spaces is one."""
    for found in _TOKEN.finditer(text):
        start = found.start()
        for sign in _UNSPACED.finditer(found[0]):
            at = found.start() + sign.start()
            if at > start:
                yield _make_token(text, start, at)
            start = at
        yield _make_token(text, start, found.end())


def _make_token(text: str, start: int, end: int) -> _Token:
    written = text[start:end]
    letters = sum(
        _HEAVY if char.isdigit() or _UNSPACED.match(char) else 1.0 for char in written if char.isalnum()
    )
    return _Token(start, end, letters + 1.0 if letters else 0.0, ends_clause(written))


def _find_missing(text: str, known: Sequence[tuple[int, int]]) -> list[list[_Token]]:
    """Runs of words for which there is no mark."""
    if known and not _lacks_words(text, known):
        return []
    runs: list[list[_Token]] = []
    ends = [end for _, end in known]
    last = -1
    for token in _split_tokens(text):
        if not token.weight:
            continue
        at = bisect_left(ends, token.start + 1)
        if at < len(known) and known[at][0] < token.end:
            continue
        if at != last:
            runs.append([])
            last = at
        runs[-1].append(token)
    return runs


def _lacks_words(text: str, known: Sequence[tuple[int, int]]) -> bool:
    """Whether a letter or digit lies outside the known words, which is quick to see."""
    gaps = pairwise([0, *(place for each in known for place in each), len(text)])
    return any(any(map(str.isalnum, text[start:end])) for start, end in [*gaps][::2])


class _Sound(NamedTuple):
    """Where in a take there is sound: how much of it until each step, and its pauses."""

    until: npt.NDArray[np.float64]
    """Seconds of sound before each step; one more at the end."""
    pauses: list[tuple[int, int]]

    @classmethod
    def of(cls, audio: Audio) -> _Sound:
        powers = waveform.powers(audio)[1:] if len(audio.samples) else np.zeros(0)
        steps = round(audio.duration / _STEP)
        loud = np.zeros(max(1, steps), bool)
        heard = powers[:steps] > powers.max(initial=0.0) * 10 ** (-_QUIET / 10)
        loud[: len(heard)] = heard
        if not loud.any():
            loud[:] = True
        edges = np.flatnonzero(np.diff(loud.view(np.int8)))
        quiet = [(int(a) + 1, int(b) + 1) for a, b in pairwise(edges) if not loud[a + 1]]
        until = np.concatenate([[0.0], np.cumsum(loud) * _STEP])
        return cls(until, [each for each in quiet if each[1] - each[0] >= _PAUSE])

    def start_at(self, sound: float) -> Seconds:
        """When so much sound was heard and more comes."""
        return float(np.searchsorted(self.until, sound + 1e-6, "right") - 1) * _STEP

    def end_at(self, sound: float) -> Seconds:
        """When so much sound was heard first."""
        return float(np.searchsorted(self.until, sound - 1e-6, "left")) * _STEP

    def before(self, time: Seconds) -> float:
        """Seconds of sound before a time."""
        return float(np.interp(time / _STEP, np.arange(len(self.until)), self.until))


def _estimate(
    run: Sequence[_Token],
    text: str,
    known: Sequence[tuple[int, int, Mark]],
    duration: Seconds,
    sound: _Sound,
) -> Iterator[Mark]:
    """Marks for a run of words, in the time between the marks around them."""
    following = bisect_left([start for start, _, _ in known], run[0].start)
    begin = sound.before(known[following - 1][2].end if following else 0.0)
    end = max(begin, sound.before(known[following][2].start if following < len(known) else duration))
    shares = np.cumsum([0.0, *(token.weight for token in run)])
    edges = begin + shares / shares[-1] * (end - begin)
    edges = _move_to_pauses(run, edges, sound)
    for token, first, last in zip(run, edges, edges[1:], strict=False):
        start = min(sound.start_at(first), duration)
        written = text[token.start : token.end]
        yield Mark(
            kind="word",
            text=_strip_signs(written),
            start=start,
            end=min(max(start, sound.end_at(last)), duration),
            estimated=True,
        )


def _move_to_pauses(
    run: Sequence[_Token], edges: npt.NDArray[np.float64], sound: _Sound
) -> npt.NDArray[np.float64]:
    """Move the end of each word before a comma to the nearest pause; what is between keeps its shares.

    Args:
        edges: where each word ends, in seconds of sound; 0 first.
    """
    heard = [float(sound.until[start]) for start, _ in sound.pauses]
    anchors = [0]
    moved = [float(edges[0])]
    for number, token in enumerate(run[:-1], 1):
        if not token.breaks:
            continue
        # The reading up to here was faster or slower than its letters say, and may go on so: half of that is expected.
        shift = moved[-1] - float(edges[anchors[-1]])
        near = [
            each
            for each in heard[bisect_left(heard, moved[-1] + 0.05) :][:20]
            if each < edges[-1] and abs(each - float(edges[number]) - shift / 2) < _FAR
        ]
        if near:
            wanted = float(edges[number])
            anchors.append(number)
            moved.append(min(near, key=lambda each: abs(each - wanted)))
    anchors.append(len(edges) - 1)
    moved.append(float(edges[-1]))
    return np.interp(edges, edges[anchors], moved)


def _strip_signs(word: str) -> str:
    inside = [i for i, char in enumerate(word) if char.isalnum()]
    return word[inside[0] : inside[-1] + 1]
