"""The grammars of kitten-text-processing: other languages, and what voxpress's own readers leave.

They are slow, and change plain words at times. So they get pieces of a few words, and what they did not need to change
stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol

from voxpress import languages
from voxpress.text.normalise.found import Found

LANGUAGES = frozenset(
    ["ar", "de", "en", "es", "fr", "hi", "hu", "hy", "it", "ja", "ko", "pt", "rw", "sv", "vi", "zh"]
)
"""Not Russian: its grammar reads most numbers wrongly."""
LONGEST = 64
"""Characters of a piece: the time of a grammar grows faster than its text."""
MOST_PIECES = 2000
"""Of one paragraph, so that hostile text costs minutes and not hours."""

_DIGITS = re.compile(r"\d")
_SIGNS = re.compile(r"\d|^&$|[@+%$€£¥₩₹]|\w[./]\w")
_ANY_SIGN = re.compile(r"[\d&@+%$€£¥₩₹]|\w[./]\w")
_TOKEN = re.compile(r"\S+")
_UNSPACED = re.compile(r"[^\s、。，．！？!?「」]{0,4}\d[^\s、。，．！？!?「」]{0,12}")
_TELEPHONE = re.compile(
    r"(?<![A-Za-z\d.,+/-])\+?\d{1,5}(?:[- ]\d{2,5}){0,3}-\d{2,5}(?:-\d{2,5}){0,3}(?![A-Za-z\d/-]|[.,]\d)"
)
_YEARS = re.compile(r"(?:1[6-9]|20)\d\d-(?:(?:1[6-9]|20)\d\d|\d\d-\d\d)")
_MONEY = {"pt": {"R$": ("reais", "centavos"), "€": ("euros", "cêntimos"), "US$": ("dólares", "centavos")}}
"""In words, of many and of hundredths."""
_ENDS = "\"'()[]{}«»„“”‘’¿¡.,;:!?…"


class _Grammar(Protocol):
    def normalize(self, text: str, *, punct_post_process: bool) -> str: ...


def version() -> str:
    """The library and its version."""
    import importlib.metadata  # which costs a tenth of the time of a clip from the store

    return f"kitten-text-processing {importlib.metadata.version('kitten-text-processing')}"


def find(text: str, language: str, free: bytearray) -> Iterator[Found]:
    """What the grammars change in a text.

    Args:
        language: BCP 47 tag.
        free: 1 for each character that may be read.

    >>> [found.spoken for found in find("sida 12", "sv", bytearray([1] * 7))]
    ['tolv']
    """
    base = languages.base(language)
    if base not in LANGUAGES:
        return
    if base not in ("en", "de", "es", "fr", "it"):
        for found in _find_numbers(text, base):
            if 0 not in free[found.start : found.end]:
                free[found.start : found.end] = bytes(found.end - found.start)
                yield found
    for count, (start, end) in enumerate(_list_pieces(text, base)):
        if count >= MOST_PIECES:
            return
        if 0 in free[start:end]:
            continue
        spoken = speak(text[start:end], base)
        if spoken is not None:
            yield from _trim(text, start, end, spoken)


def _find_numbers(text: str, language: str) -> Iterator[Found]:
    """Telephone numbers with hyphens, digit by digit, and money that the grammar reads in pieces."""
    for match in _TELEPHONE.finditer(text):
        groups = re.findall(r"\d+", match[0])
        if 6 < sum(map(len, groups)) < 16 and not _YEARS.fullmatch(match[0]):
            gap = "" if language in languages.DENSE and language != "ko" else " "
            spelled = [[speak(digit, language) or digit for digit in group] for group in groups]
            yield Found(match.start(), match.end(), ", ".join(map(gap.join, spelled)), certain=False)
    for sign, (name, cents) in _MONEY.get(language, {}).items():
        for match in re.finditer(
            rf"(?<!\w){re.escape(sign)} ?(\d{{1,3}}(?:\.\d{{3}}){{1,4}}|\d{{1,15}}),(\d\d)(?!\w|[.,]\d)", text
        ):
            whole, part = speak(match[1].replace(".", ""), language), speak(str(int(match[2])), language)
            if whole and part:
                said = f"{whole} {name}" if match[2] == "00" else f"{whole} {name} e {part} {cents}"
                yield Found(match.start(), match.end(), said, certain=False)


@lru_cache(maxsize=4)
def _load(language: str) -> _Grammar:
    """The grammar of a language."""
    from kitten_text_processing import Normalizer

    grammar: _Grammar = Normalizer(input_case="cased", lang=language)
    return grammar


@lru_cache(maxsize=16_384)
def speak(piece: str, language: str) -> str | None:
    """A piece in words; None: the grammar cannot read it.

    >>> speak("12", "sv"), speak("тест", "ru")
    ('tolv', None)
    """
    if language not in LANGUAGES or len(piece) > LONGEST:
        return None
    try:
        spoken = _load(language).normalize(piece, punct_post_process=True).strip()
    except (ValueError, RuntimeError, IndexError, KeyError):
        return None  # the library raises these where its grammar has no path
    return None if not spoken or _DIGITS.search(spoken) else spoken


def _list_pieces(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Where pieces begin and end: words with digits or signs, and for other languages the words beside them."""
    if language in languages.DENSE and language != "ko":
        for found in _UNSPACED.finditer(text):
            yield found.span()
        return
    alone = language in ("en", "de", "es", "fr", "it")
    if not (_ANY_SIGN if alone else _DIGITS).search(text):
        return
    tokens = [found.span() for found in _TOKEN.finditer(text)]
    at = 0
    while at < len(tokens):
        start, end = tokens[at]
        token = text[start:end]
        if not (_SIGNS if alone else _DIGITS).search(token):
            at += 1
            continue
        last = at
        if not alone:
            while (
                last + 1 < len(tokens)
                and _DIGITS.search(text, *tokens[last + 1])
                and tokens[last + 1][1] - start < LONGEST
            ):
                last += 1
            if last + 1 < len(tokens) and text[tokens[last][1] - 1] not in _ENDS:
                last += 1
        while start < tokens[last][1] and text[start] in _ENDS:
            start += 1
        end = tokens[last][1]
        while end > start and text[end - 1] in _ENDS:
            end -= 1
        if start < end:
            yield start, end
        at = last + 1


def _trim(text: str, start: int, end: int, spoken: str) -> Iterator[Found]:
    """The change without the words at both ends that are as they were."""
    written = text[start:end]
    if written == spoken:
        return
    unit = r"\S+\s*" if " " in written or " " in spoken else r"\S"
    before, after = re.findall(unit, written), re.findall(unit, spoken)
    while before and after and before[0] == after[0]:
        start += len(before.pop(0))
        after.pop(0)
    while before and after and before[-1].rstrip() == after[-1].rstrip():
        end -= len(before.pop())
        after.pop()
    new = "".join(after)
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Found(start, end, new.strip(), certain=False)
