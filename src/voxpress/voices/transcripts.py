"""What is said in a sample: as it was given, as it is heard, and whether the two agree."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Protocol

from voxpress import languages
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError
from voxpress.speech import Mark
from voxpress.text import wer
from voxpress.text.duration import bounds
from voxpress.text.patterns import lazily
from voxpress.voices.recordings import LONGEST, Sample

_UNHURRIED = 1.5
"""A sample is longer than a prompt of one word, so nobody keeps up the fastest rate of `bounds`."""
_DOUBTFUL, _WRONG = 0.15, 0.4
"""Word error rates of what was heard. For 46 human readings and their true transcripts, heard by whisper-base, it is
0.16 at most, but for one of 0.27; with a third more at the end 0.25 or more, with half of it or another text 0.6.
"""
_RECOGNISE = "let it be recognised: pip install 'voxpress[listen]', voxpress models pull whisper-base"
_TOKEN = lazily(rf"{languages.UNSPACED}|\d|[^\W\d_]+")


class Heard(Protocol):
    """What speech recognition heard."""

    @property
    def text(self) -> str: ...
    @property
    def words(self) -> tuple[Mark, ...]: ...
    @property
    def language(self) -> str: ...


class Recogniser(Protocol):
    """Speech recognition, such as `voxpress.quality.asr.Recogniser`."""

    def hear(self, audio: Audio, language: str = "") -> Heard: ...


def of(
    sample: Sample, transcript: str | None, language: str | None, recogniser: Recogniser | None
) -> tuple[str, str, tuple[Mark, ...], tuple[str, ...]]:
    """Transcript, language, timings, and doubts about them.

    Raises:
        InputError: there is no transcript, or it is not of this sample.
    """
    given = " ".join((transcript or "").split())
    if recogniser is None:
        return *_unheard(sample, given, language), (), ()
    heard = recogniser.hear(sample.audio, language or "")
    if not _tokens(heard.text):
        raise InputError("no words can be made out in it")
    if not given:
        return heard.text, language or heard.language, _timed(heard.words), ()
    language = language or heard.language
    text = _part(given, heard.text) if sample.cut else given
    wrong = wer.score(text, heard.text, language).wer
    if wrong > _WRONG:
        raise InputError(f"the transcript is {text[:80]!r}, but what can be heard is {heard.text[:80]!r}")
    doubtful = wrong > _DOUBTFUL
    doubts = (f"the transcript was taken as it was given, but {heard.text!r} was heard",) if doubtful else ()
    return text, language, _timed(heard.words), doubts


def _timed(words: Sequence[Mark]) -> tuple[Mark, ...]:
    """To the millisecond, as plain numbers: a recogniser may have those of NumPy, which are not written to a record."""
    return tuple(
        Mark(kind="word", text=word.text, start=round(float(word.start), 3), end=round(float(word.end), 3))
        for word in words
    )


def _unheard(sample: Sample, transcript: str, language: str | None) -> tuple[str, str]:
    if not _tokens(transcript):
        raise InputError(f"say what is said in it, word for word, or {_RECOGNISE}", field="transcript")
    if language is None:
        raise InputError(f"say which language is spoken in it, or {_RECOGNISE}", field="language")
    if sample.cut:
        raise InputError(
            f"it is too long: give at most {LONGEST:g} s with their transcript, or {_RECOGNISE}, so that the"
            " words of the best part can be found"
        )
    speech = sample.quality.speech
    shortest, longest = bounds(transcript)
    if not _UNHURRIED * shortest <= speech <= longest:
        much = "less" if speech > longest else "more"
        raise InputError(
            f"the transcript has {much} text than is said in {speech:.1f} s of speech: {transcript[:80]!r}"
        )
    return transcript, language


def _tokens(text: str) -> list[str]:
    """Its words and digits, or its characters where words are not spaced, without case."""
    return [match[0].casefold() for match in _TOKEN.finditer(text)]


def _part(transcript: str, heard: str) -> str:
    """The part of a transcript that was heard.

    >>> _part("One two. Three, four! Five six.", "three for")
    'Three, four!'
    """
    matches = list(_TOKEN.finditer(transcript))
    wanted, got = _tokens(transcript), _tokens(heard)
    # Edit distance, row by row, with where in the transcript the cheapest way began: anywhere, for nothing.
    costs = [(0.0, i) for i in range(len(wanted) + 1)]
    for j, word in enumerate(got, start=1):
        row = [(float(j), 0)]
        for i, other in enumerate(wanted, start=1):
            row.append(
                min(
                    (costs[i - 1][0] + _unlike(other, word), costs[i - 1][1]),
                    (costs[i][0] + 1.0, costs[i][1]),
                    (row[i - 1][0] + 1.0, row[i - 1][1]),
                )
            )
        costs = row
    end = min(range(len(costs)), key=lambda i: (costs[i][0], -i))
    start = costs[end][1]
    if start == end:
        return ""
    until = matches[end].start() if end < len(matches) else len(transcript)
    return transcript[matches[start].start() : until].strip()


def _unlike(a: str, b: str) -> float:
    # Less than leaving one word out: what is heard as "0" stands for "zero" in the transcript.
    return 0.0 if a == b else 0.9 * (1.0 - difflib.SequenceMatcher(None, a, b, autojunk=False).ratio())
