"""Marks of words and phonemes, from the durations of a model's symbols.

Symbols are the output of phonemizers: IPA letters and signs, spaces between words, punctuation. For n symbols there are
n + 1 times in seconds: symbol i lasts from ``times[i]`` to ``times[i + 1]``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from voxpress.speech import Mark, Seconds

_STRESS = frozenset("ˈˌ")
_SIGNS = ("Mn", "Lm", "Sk")
"""Unicode categories of signs that belong to the letter before them: ``ː``, ``ʰ``, combining tildes."""


def phonemes(symbols: Sequence[str], times: Sequence[Seconds]) -> list[Mark]:
    """One mark for each letter, with its stress sign before it and its length sign after it.

    >>> [(mark.text, mark.start, mark.end) for mark in phonemes("ˈuːp !", range(7))]
    [('ˈuː', 0, 3), ('p', 3, 4)]
    """
    found: list[Mark] = []
    begin: int | None = None
    for i, symbol in enumerate(symbols):
        if symbol in _STRESS:
            begin = i
        elif is_letter(symbol):
            first = i if begin is None else begin
            found.append(
                Mark(
                    kind="phoneme", text="".join(symbols[first : i + 1]), start=times[first], end=times[i + 1]
                )
            )
            begin = None
        elif _is_sign(symbol) and found and found[-1].end == times[i]:
            found[-1] = Mark(
                kind="phoneme", text=found[-1].text + symbol, start=found[-1].start, end=times[i + 1]
            )
        else:
            begin = None
    return found


def words(spelled: Iterable[tuple[str, str]], symbols: Sequence[str], times: Sequence[Seconds]) -> list[Mark]:
    """One mark for each written word that is found among the symbols.

    Phonemizers run words together ("of the" is one word to espeak) and read others as several ("$12"). So this aligns
    letters: those of each word spoken alone, one word after the other, with those of the symbols.

    Args:
        spelled: each word as written, and its phonemes when it stands alone.

    >>> spelled = [("of", "ˈʌv"), ("the", "ðə"), ("year", "jˈɪɹ")]
    >>> [(mark.text, mark.start, mark.end) for mark in words(spelled, "ʌvðə jˈɪɹ.", range(11))]
    [('of', 0, 2), ('the', 2, 4), ('year', 5, 9)]
    """
    written: list[str] = []
    alone: list[str] = []
    ends: list[int] = []
    for word, letters in spelled:
        written.append(word)
        alone += filter(is_letter, letters)
        ends.append(len(alone))
    spoken = [i for i, symbol in enumerate(symbols) if is_letter(symbol)]
    place = _align(alone, [symbols[i] for i in spoken])
    found: list[Mark] = []
    start = 0
    for word, end in zip(written, ends, strict=True):
        inside = spoken[place[start] : place[end]]
        start = end
        if not inside:
            continue
        first, last = inside[0], inside[-1] + 1
        while first and symbols[first - 1] in _STRESS:
            first -= 1
        while last < len(symbols) and _is_sign(symbols[last]):
            last += 1
        found.append(Mark(kind="word", text=_strip_punctuation(word), start=times[first], end=times[last]))
    return found


def sort_marks(found: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks in the order of their starts, a word before its first phoneme."""
    return tuple(sorted(found, key=lambda mark: (mark.start, mark.kind == "phoneme")))


def _align(alone: Sequence[str], spoken: Sequence[str]) -> list[int]:
    """The position in `spoken` of each position in `alone` and of its end; never decreasing."""
    place: list[int] = []
    for _, a0, a1, b0, b1 in SequenceMatcher(None, alone, spoken, autojunk=False).get_opcodes():
        place += [b0 + (i - a0) * (b1 - b0) // (a1 - a0) for i in range(a0, a1)]
    return [*place, len(spoken)]


def _strip_punctuation(word: str) -> str:
    """A word without the punctuation around it; unchanged if it has nothing else."""
    inside = [i for i, letter in enumerate(word) if unicodedata.category(letter)[0] != "P"]
    return word[inside[0] : inside[-1] + 1] if inside else word


def is_letter(symbol: str) -> bool:
    """Whether a symbol stands for a sound, and not for stress, length or a pause.

    >>> [symbol for symbol in "ˈuː t." if is_letter(symbol)]
    ['u', 't']
    """
    return bool(symbol) and symbol[0].isalpha() and not _is_sign(symbol) and symbol not in _STRESS


def _is_sign(symbol: str) -> bool:
    return bool(symbol) and symbol not in _STRESS and unicodedata.category(symbol[0]) in _SIGNS
