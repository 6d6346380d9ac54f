"""Readers of Roman numerals, which only count where a word before them says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.text.normalise.found import Found, compile_for, word_after, words_before
from voxpress.text.normalise.wording import Wording
from voxpress.text.patterns import lazily

_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_VALID = lazily(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")
_NO_NUMERALS = frozenset(
    [
        "CD", "CV", "DC", "DI", "DIV", "DL", "DM", "DVI", "LCD", "LED", "MC", "MD", "MI", "MIX", "MM",
        "MMC", "MMI", "MVC", "VI", "CC", "CI", "CL", "CM", "ML", "LL", "XL", "XX", "XXL", "CIV", "LIV",
    ]
)  # fmt: skip
_LETTERS = ("L", "C", "D", "M")
"""A group, a gate or a type is named by a letter far more often than by fifty, a hundred or a thousand."""
_CANDIDATE = lazily(r"(?<![\w.'’&/-])([IVXLCDM]{1,12})(?![\w&/]|['’](?!s\b)\w|-\w|\.\w)")


def count_roman(numeral: str) -> int:
    """The number that a Roman numeral means; 0: it is none.

    >>> count_roman("XIV"), count_roman("IIX")
    (14, 0)
    """
    if not _VALID.fullmatch(numeral):
        return 0
    total = 0
    for this, after in zip(numeral, numeral[1:] + " ", strict=True):
        value = _VALUES[this]
        total += -value if value < _VALUES.get(after, 0) else value
    return total


def read_roman(text: str, wording: Wording) -> Iterator[Found]:
    """Roman numerals behind a word such as chapter or the name of a ruler."""
    for match in _CANDIDATE.finditer(text):
        number = 0 if match[1] in _LETTERS else count_roman(match[1])
        if not number or text[max(0, match.start() - 1) : match.start()] != " ":
            continue
        written = text[max(0, match.start() - 40) : match.start()].split()
        if not written:
            continue
        found = _read(text, match, number, written[-1], wording)
        if found:
            yield found
    if wording.centuries:
        for match in compile_for(wording.centuries).finditer(text):
            at = next(
                n
                for n in range(1, match.re.groups + 1)
                if match[n] and n != match.re.groupindex.get("ending")
            )
            number = count_roman(match[at].upper())
            if number:
                end = match.end("ending") if match.groupdict().get("ending") else match.end(at)
                yield Found(match.start(at), end, wording.roman(number, "century"))
                more = compile_for(r"[-–]([IVX]{1,6})(?!\w)").match(text, end)
                if more and (last := count_roman(more[1])):
                    yield Found(end, more.end(), f" {wording.to} {wording.roman(last, 'century')}")


def _read(text: str, match: re.Match[str], number: int, before: str, wording: Wording) -> Found | None:
    """A Roman numeral behind a word, if that word says that it is one."""
    numeral = match[1]
    end = match.end()
    if before.lower().strip("(") in wording.chapter_words.split() and (
        len(numeral) > 1 or before[0].isupper()
    ):
        certain = len(numeral) > 1 or word_after(text, end) == ""
        return Found(match.start(), end, wording.roman(number, "chapter"), certain)
    if before in wording.rulers.split() or before in wording.rulers_by_sound:
        if numeral == "I" and not _rules(text, end, wording):
            return None
        stop = (
            wording.roman_stop
            and text[end : end + 1] == "."
            and bool(re.match(r"\. [a-zà-ÿ]|\.,", text[end : end + 3]))
        )
        return Found(
            match.start(),
            end + stop,
            wording.roman(number, "queen" if before in wording.queens else "ruler"),
            len(numeral) > 1,
        )
    if (
        wording.roman_stop
        and before.lower() in wording.stopped_ordinals
        and compile_for(r"\. [A-ZÄÖÜ]").match(text, end)
    ):
        ending = wording.find_ending([before.lower()], word_after(text, end + 1)) or "e"
        return Found(match.start(), end + 1, wording.ordinal(number, ending))
    if before.lower() in wording.roman_articles and len(numeral) > 1 and word_after(text, end):
        return Found(match.start(), end, wording.ordinal(number, wording.roman_articles[before.lower()]))
    likely = (
        len(numeral) > 1 and numeral not in _NO_NUMERALS and before[:1].isupper() and before[1:2].islower()
    )
    if likely and set(numeral) <= set("IVX"):
        return Found(match.start(), end, wording.roman(number, "chapter"), certain=False)
    return None


def _rules(text: str, end: int, wording: Wording) -> bool:
    """Whether an I behind a name is a numeral and no pronoun."""
    after = word_after(text, end)
    return (
        not wording.i_speaks
        or after in ("was", "of", "died", "ruled", "reigned", "became", "is", "had")
        or (not after and words_before(text, end) != "")
    )
