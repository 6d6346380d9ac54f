"""Long text, split into segments that an engine can speak well."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from voxpress import languages
from voxpress.text.clean import has_speech
from voxpress.text.patterns import lazily

FEWEST_WORDS = 5
"""Words of the shortest sentence that stands alone. Neural engines speak shorter ones oddly (Kokoro and XTTS: below
five or six words), so these join a neighbour."""

_WINDOW = 10_000
"""Characters that sentencex gets at once."""

_MAYBE_TWO_SENTENCES = re.compile(r"[.!?…؟।][^\s.!?…؟।]*\s+\S|[。！？]\s*\S")
_LIST_NUMBER = re.compile(r"\(?(\d{1,3}|[A-Za-z])[.)]\s*")
_UNSPACED = lazily(languages.UNSPACED)
_CLAUSES = re.compile(r"(?<=[,;:،、，；：—–])(?!(?<=\d[,:])\d)\s*|(?<=\))\s+")
_WORDS = re.compile(r"\s+")
_JOINER = "\u200d"


def split(paragraph: str, *, language: str, max_chars: int) -> list[str]:
    """Sentences of one paragraph, each at most `max_chars` long.

    A sentence of fewer than `FEWEST_WORDS` words joins a neighbour if both fit. A sentence that is too long is cut
    between clauses, then between words, then anywhere. The text loses only white space.

    Args:
        paragraph: one line of clean text.
        language: BCP 47 tag; decides abbreviations and sentence marks.

    >>> split("Welcome. Please hold while I find an agent for you.", language="en", max_chars=100)
    ['Welcome. Please hold while I find an agent for you.']
    >>> split("one two three four", language="en", max_chars=9)
    ['one two', 'three', 'four']
    """
    if len(paragraph) <= max_chars and not _MAYBE_TWO_SENTENCES.search(paragraph):
        return [paragraph]
    pieces = [
        piece for sentence in list_sentences(paragraph, language) for piece in _fit(sentence, max_chars)
    ]
    return [piece.strip() for piece in _merge(pieces, max_chars)]


# Pieces keep the white space that follows them, so that joining them restores the text.


def list_sentences(paragraph: str, language: str) -> list[str]:
    """Sentences of one paragraph, each with the white space that follows it.

    >>> list_sentences("Dr. Patel called. Press 1.", "en")
    ['Dr. Patel called. ', 'Press 1.']
    """
    if not _MAYBE_TWO_SENTENCES.search(paragraph):
        return [paragraph]
    sentences: list[str] = []
    for sentence in _find_sentences(paragraph, languages.base(language)):
        # "1." belongs to its item, and a piece without a word, such as an emoji, to a neighbour.
        if sentences and (
            _LIST_NUMBER.fullmatch(sentences[-1]) or not (has_speech(sentence) and has_speech(sentences[-1]))
        ):
            sentences[-1] += sentence
        else:
            sentences.append(sentence)
    return sentences


def _find_sentences(paragraph: str, language: str) -> Iterator[str]:
    """Sentences of a paragraph, window by window, because the time of sentencex can grow with the square of the length.

    Where a window has no boundary, its last space is one: no engine takes a sentence of that length at once.
    """
    import sentencex

    while len(paragraph) > _WINDOW:
        *found, rest = sentencex.segment(language, paragraph[:_WINDOW])
        yield from found  # the last one may go on in the next window
        at = sum(map(len, found))
        if not found:
            at = paragraph.rfind(" ", 0, _WINDOW) + 1 or len(rest)
            yield paragraph[:at]
        paragraph = paragraph[at:]
    yield from sentencex.segment(language, paragraph)


def _fit(text: str, max_chars: int) -> list[str]:
    if len(text.strip()) <= max_chars:
        return [text]
    for boundary in (_CLAUSES, _WORDS):
        cuts = [0, *(match.end() for match in boundary.finditer(text)), len(text)]
        pieces = [text[a:b] for a, b in pairwise(cuts) if a < b]
        if len(pieces) > 1:
            return _pack([fitted for piece in pieces for fitted in _fit(piece, max_chars)], max_chars)
    return _chop(text, max_chars)


def _chop(text: str, max_chars: int) -> list[str]:
    """Pieces of `max_chars` characters, shorter where the cut would separate a combining sign from its letter."""
    pieces = []
    while len(text) > max_chars:
        cut = max_chars
        while cut and (_is_sign(text[cut]) or text[cut - 1] == _JOINER):
            cut -= 1
        pieces.append(text[: cut or max_chars])
        text = text[cut or max_chars :]
    return [*pieces, text]


def _is_sign(character: str) -> bool:
    return character == _JOINER or unicodedata.category(character) in ("Mn", "Mc", "Me", "Sk")


def _pack(pieces: list[str], max_chars: int) -> list[str]:
    packed = pieces[:1]
    for piece in pieces[1:]:
        if len((packed[-1] + piece).strip()) <= max_chars:
            packed[-1] += piece
        else:
            packed.append(piece)
    return packed


def _merge(sentences: list[str], max_chars: int) -> list[str]:
    merged = sentences[:1]
    for sentence in sentences[1:]:
        fits = len((merged[-1] + sentence).strip()) <= max_chars
        if fits and (is_fragment(merged[-1]) or is_fragment(sentence)):
            merged[-1] += sentence
        else:
            merged.append(sentence)
    return merged


def is_fragment(sentence: str) -> bool:
    """Whether a sentence is too short to stand alone: it has fewer than `FEWEST_WORDS` words.

    >>> is_fragment("Hello there."), is_fragment("The front door is open.")
    (True, False)
    """
    # In scripts without spaces, a word has about two characters.
    words = len(_UNSPACED.findall(sentence)) // 2 + len(sentence.split())
    return words < FEWEST_WORDS
