"""Number words written in digits, so that "vierundzwanzig" and "24" compare as one number.

The words of each language come from num2words.
"""

from __future__ import annotations

import functools
import importlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from voxpress import languages
from voxpress.errors import EngineNotInstalled
from voxpress.text.patterns import lazily

_WORDLIKE = lazily(languages.WORDLIKE)
_INSTALL = "pip install 'voxpress[listen]'"
_LINKS = {"de": "und", "es": "y", "fr": "et", "it": "e", "nl": "en", "pt": "e"}
"""Words that may stand between thousands and hundreds."""
_APART = frozenset(("tr",))
"""Languages that write in several words what num2words writes in one."""
_MORE: Mapping[str, Mapping[str, int]] = {
    "de": {"zwo": 2, "hundert": 100},
    "fr": {"octante": 80, "quatre-vingt": 80},
}
"""Number words that num2words does not write."""

ONE: Mapping[str, frozenset[str]] = {
    "de": frozenset(("ein", "eine", "einem", "einen", "einer", "eines")),
    "es": frozenset(("un", "una")),
    "fr": frozenset(("un", "une")),
    "it": frozenset(("un", "una")),
    "nl": frozenset(("een",)),
    "pt": frozenset(("um", "uma")),
}
"""Words of a language that mean 1, and are more often an article."""


class _Grammar(NamedTuple):
    """The number words of a language.

    Attributes:
        phrases: those below 1000, as a sequence of words each.
        first: the words with which phrases begin.
        scales: words that multiply what stands before them.
        joined: finds scales inside a word, in languages that write numbers as one.
    """

    phrases: Mapping[tuple[str, ...], int]
    first: frozenset[str]
    longest: int
    scales: Mapping[str, int]
    articles: frozenset[str]
    joined: re.Pattern[str]
    link: str
    apart: bool


def is_known(language: str) -> bool:
    """Whether the number words of a language are known.

    >>> is_known("de-AT"), is_known("hi")
    (True, False)

    Raises:
        EngineNotInstalled: num2words is missing.
    """
    return bool(_list_variants(language))


def write_digits(words: Sequence[str], language: str) -> list[str]:
    """Words in lower case, with each number among them in digits.

    >>> write_digits("zimmer zweitausendsechsundzwanzig".split(), "de")
    ['zimmer', '2026']
    >>> write_digits("zéro six douze quatre vingt dix mille".split(), "fr-CH")
    ['0', '6', '12', '90000']

    Raises:
        EngineNotInstalled: num2words is missing.
    """
    grammar = _read_grammar(language)
    if grammar is None:
        return list(words)
    parts = [part for word in words for part in _split_joined(word, grammar)]
    folded = [fold(part) for part in parts]
    found, at = [], 0
    while at < len(parts):
        value, end = _read_number(folded, at, grammar)
        found.append(parts[at] if value is None else str(value))
        at = end
    return found


def fold(word: str) -> str:
    """A word without accents, in lower case.

    >>> fold("Zéro"), fold("dreißig")
    ('zero', 'dreissig')
    """
    parts = unicodedata.normalize("NFD", word.casefold())
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", parts))


def _split_joined(word: str, grammar: _Grammar) -> Iterator[str]:
    """The parts of a number that is written as one word; any other word as it is."""
    parts = [part for part in grammar.joined.split(fold(word)) if part]
    if len(parts) < 2:
        yield word
        return
    is_number = all(
        (part,) in grammar.phrases or part in grammar.scales or part in grammar.articles for part in parts
    )
    yield from parts if is_number else (word,)


def _read_number(words: Sequence[str], at: int, grammar: _Grammar) -> tuple[int | None, int]:
    """The number that begins at a word, and where it ends; None and the next word if none begins there."""
    total: int | None = None
    limit = 10**12
    start = at
    while at < len(words):
        skipped = at + (total is not None and words[at] == grammar.link)
        value, end = _read_below_thousand(words, skipped, grammar)
        scale = grammar.scales.get(words[end], 0) if end < len(words) else 0
        if (
            not 0 < scale < limit
            or (value is None and scale != 1000)
            or (value is None and total is not None)
        ):
            is_rest = value is not None and not words[skipped].isdigit() and (total is None or value > 0)
            return ((total or 0) + (value or 0), end) if is_rest else (total, max(at, start + 1))
        total = (total or 0) + (1 if value is None else value) * scale
        limit, at = scale, end + 1
    return total, at


def _read_below_thousand(words: Sequence[str], at: int, grammar: _Grammar) -> tuple[int | None, int]:
    first = at < len(words) and words[at] in grammar.first
    for end in range(min(len(words), at + grammar.longest), at, -1) if first else ():
        phrase = tuple(words[at:end])
        value = grammar.phrases.get(("".join(phrase),) if grammar.apart else phrase)
        if value is not None:
            return value, end
    if at + 1 < len(words) and words[at + 1] in grammar.scales:
        if words[at].isdigit() and len(words[at]) <= 3:
            return int(words[at]), at + 1
        if words[at] in grammar.articles:
            return 1, at + 1
    return None, at


@functools.lru_cache(maxsize=32)
def _list_variants(language: str) -> tuple[str, ...]:
    """What num2words calls a language: its own region first, and then the others that it knows."""
    known = _import_num2words().CONVERTER_CLASSES
    base = languages.base(language)
    others = [name for name in sorted(known) if name.partition("_")[0] == base]
    return tuple(dict.fromkeys(name for name in (language.replace("-", "_"), base, *others) if name in known))


@functools.lru_cache(maxsize=16)
def _read_grammar(language: str) -> _Grammar | None:
    """What num2words knows of a language, read once in this process: it takes a twentieth of a second."""
    names = _list_variants(language)
    if not names:
        return None
    base = languages.base(language)
    articles = ONE.get(base, frozenset())
    phrases: dict[tuple[str, ...], int] = {}
    scales: dict[str, int] = {}
    for name in names[::-1]:
        for value in range(1000):
            for form in _list_forms(_spell(value, name), base):
                phrases[tuple(_split(form))] = value
        for scale in (1000, 10**6):
            one, two = _spell(scale, name), _spell(2 * scale, name)
            many = _split(fold(two).removeprefix(fold(_spell(2, name))))[-1:]
            # "eintausend" is "ein" and "tausend".
            single = [word for word in _split(one)[-1:] if not word.endswith(tuple(many))]
            scales |= dict.fromkeys(many + single, scale)
    phrases |= {tuple(_split(word)): value for word, value in _MORE.get(base, {}).items()}
    # Scripts without spaces count otherwise, in powers of ten thousand.
    scales = {
        word: scale for word, scale in scales.items() if (word,) not in phrases and not _WORDLIKE.match(word)
    }
    for article in articles:
        phrases.pop((article,), None)
    thousands = sorted((word for word, scale in scales.items() if scale == 1000), key=len)
    return _Grammar(
        phrases,
        frozenset(phrase[0] for phrase in phrases),
        6 if base in _APART else max(map(len, phrases)),
        scales,
        articles,
        re.compile(f"({'|'.join(map(re.escape, thousands)) or '(?!)'})"),
        _LINKS.get(base, ""),
        base in _APART,
    )


def _list_forms(spelled: str, base: str) -> Iterator[str]:
    """A number as num2words writes it, and its other forms."""
    yield spelled
    if base == "de" and spelled.startswith("einhundert"):
        yield spelled.removeprefix("ein")
    if base == "fr" and spelled.endswith(" un"):
        yield spelled + "e"
    if base == "es":
        yield spelled.replace("cientos", "cientas")
        if spelled.endswith("uno") and spelled != "uno":
            yield from (spelled[:-1], spelled[:-1] + "a", spelled.replace("cientos", "cientas")[:-1] + "a")


def _spell(value: int, name: str) -> str:
    return str(_import_num2words().num2words(value, lang=name))


def _split(spelled: str) -> list[str]:
    """Words as they are compared, see `voxpress.text.wer.words`."""
    letters = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in fold(spelled))
    return _WORDLIKE.sub(r" \g<0> ", letters).split()


def _import_num2words() -> Any:
    try:
        return importlib.import_module("num2words")
    except ImportError as error:
        raise EngineNotInstalled(f"comparing words needs num2words: run  {_INSTALL}") from error
