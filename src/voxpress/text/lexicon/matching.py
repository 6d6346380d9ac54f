"""Finds the entries of a lexicon in a text, in a time that grows with the text and not with the lexicon."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from voxpress import languages
from voxpress.text.lexicon.patterns import compile_pattern, expand, find_all
from voxpress.text.patterns import lazily

_UNSPACED = lazily(languages.UNSPACED)
_RUN = lazily(rf"[^\W{languages.UNSPACED[1:-1]}]+")
_PLAIN = str.maketrans(
    {"\u2019": "'", "\u02bc": "'", "\u2010": "-", "\u2011": "-", "\u00a0": " ", "\u202f": " "}
)
"""Signs that writers and word processors take for each other."""
_TAIL = lazily(r"'(?:[tdm]|re|ve|ll)(?!\w)")
_TAILS = frozenset(("s", "t", "d", "m", "re", "ve", "ll"))
"""What stands behind an apostrophe in English, and is no word of its own."""
_MONEY = "$¢£¤¥֏؋৲৳฿៛₠-⃀﷼﹩＄￠￡￥￦"
_NUMBER_BEFORE = lazily(rf"[{_MONEY}#*+±−.]$|(?<!\w)-$|\d[,:/×=–-]$|[^\W\d_]-$")
_NUMBER_AFTER = lazily(rf"[%‰°*#{_MONEY}]|[.,:/×=+–-]\d")
"""What makes a number one with what is written before and after it: $12, #12, -12, 1:12, B-12; 12%, 12#, 12:30."""
_PAIR_BEFORE = lazily(r"[^\W_][&+]$")
_NAME_AFTER = lazily(rf"[{_MONEY}]\d|[&+][^\W_]|\+\+(?!\w)|#(?!\w)")
"""What makes a name one with what is written beside it: US$5, AT&T, C++, C#."""


_INITIALS = lazily(r"[^\W\d_]\.[^\W\d_]\.$")
_INITIAL = lazily(r"[^\W\d_]\.")
"""What makes letters with stops one with the next: U.S. in U.S.A. is no word."""


class Wording(Protocol):
    """What a matcher knows of an entry."""

    @property
    def written(self) -> str: ...
    @property
    def spoken(self) -> str: ...
    @property
    def part(self) -> bool: ...
    @property
    def regex(self) -> bool: ...
    @property
    def followed_by(self) -> str: ...
    @property
    def ignores_case(self) -> bool: ...


E = TypeVar("E", bound=Wording)


class Match(NamedTuple, Generic[E]):
    """A place of a text, and an entry that fits it; a lower rank wins."""

    start: int
    end: int
    rank: int
    entry: E
    text: str
    spoken: str


def plain(text: str) -> str:
    """A text with simple apostrophes, hyphens and spaces, each character in its place."""
    return text if text.isascii() else text.translate(_PLAIN)


def fold(text: str) -> str:
    """A text without difference of case, each character in its place.

    >>> fold("İSTANBUL"), fold("ΟΔΟΣ")
    ('istanbul', 'οδοσ')
    """
    return text.lower() if text.isascii() else text.replace("İ", "i").lower().replace("ς", "σ")


class Matcher(Generic[E]):
    """Entries, ready to be found.

    A written form is looked up where the text has its first word; one that may begin within a word, where the text has
    its first character.

    Args:
        entries: in their order of precedence.
    """

    def __init__(self, entries: Sequence[E]) -> None:
        self._forms: dict[str, list[tuple[int, E]]] = {}
        self._patterns = []
        by_word: dict[str, set[int]] = {}
        by_character: dict[str, set[int]] = {}
        for rank, entry in enumerate(entries):
            if entry.regex:
                self._patterns.append(
                    (rank, entry, compile_pattern(entry.written, ignores_case=entry.ignores_case))
                )
                continue
            form = fold(plain(entry.written))
            self._forms.setdefault(form, []).append((rank, entry))
            word = None if entry.part else _RUN.match(form)
            starts = by_word.setdefault(word[0], set()) if word else by_character.setdefault(form[0], set())
            starts.add(len(form))
        self._by_word = {word: sorted(lengths, reverse=True) for word, lengths in by_word.items()}
        self._by_character = {first: sorted(lengths, reverse=True) for first, lengths in by_character.items()}
        self._starts = re.compile(f"[{''.join(map(re.escape, by_character))}]") if by_character else None

    def find(self, text: str) -> Iterator[Match[E]]:
        """All places of entries in a text, in no order; they may overlap."""
        written = plain(text)
        folded = fold(written)
        if self._by_word:
            for run in _RUN.finditer(folded):
                if lengths := self._by_word.get(run[0]):
                    yield from self._look_up(text, written, folded, run.start(), lengths)
        if self._starts:
            for first in self._starts.finditer(folded):
                yield from self._look_up(text, written, folded, first.start(), self._by_character[first[0]])
        for rank, entry, pattern in self._patterns:
            for found in find_all(pattern, text):
                start, end = found.span()
                spoken = expand(entry.spoken, found)
                if _is_place(entry, written, start, end) and (
                    not entry.spoken or any(map(str.isalnum, spoken))
                ):
                    yield Match(start, end, rank, entry, text[start:end], spoken)

    def _look_up(
        self, text: str, written: str, folded: str, start: int, lengths: Sequence[int]
    ) -> Iterator[Match[E]]:
        """The longest form that stands there."""
        for length in lengths:
            end = start + length
            if end > len(folded):
                continue
            for rank, entry in self._forms.get(folded[start:end], ()):
                same = entry.ignores_case or written[start:end] == plain(entry.written)
                if same and _is_place(entry, written, start, end):
                    yield Match(start, end, rank, entry, text[start:end], entry.spoken)
                    return


def _is_place(entry: Wording, text: str, start: int, end: int) -> bool:
    """Whether an entry may stand there: it is a whole word, and followed by what it asks for."""
    if entry.followed_by and not _is_followed(entry.followed_by, text[end : end + 200]):
        return False
    return entry.part or (not _is_joined_before(text, start, end) and not _is_joined_after(text, end))


def _is_followed(pattern: str, rest: str) -> bool:
    return compile_pattern(pattern, ignores_case=False).match(rest) is not None


def _is_joined_before(text: str, start: int, end: int) -> bool:
    """Whether the word at `start` began before it."""
    if start == 0 or not _joins(text[start]):
        return False
    before = text[start - 1]
    if before == "'" and start > 1 and text[start - 2].isalpha():
        return fold(text[start:end]) in _TAILS
    if text[start].isdigit() and _NUMBER_BEFORE.search(text[max(0, start - 2) : start]):
        return True
    if text[start].isalpha() and _PAIR_BEFORE.search(text[max(0, start - 2) : start]):
        return True
    return _joins(before)


def _is_joined_after(text: str, end: int) -> bool:
    """Whether the word that ends at `end` goes on."""
    if (
        text[end - 1 : end] == "."
        and _INITIALS.search(text[max(0, end - 4) : end])
        and _INITIAL.match(text[end : end + 2])
    ):
        return True
    if end >= len(text) or not _joins(text[end - 1], last=True):
        # A mark belongs to the letter before it, whatever that is.
        return end < len(text) and unicodedata.category(text[end])[0] == "M"
    after = text[end]
    if after == "'":
        return _TAIL.match(fold(text[end : end + 4])) is not None
    larger = _NUMBER_AFTER if text[end - 1].isdigit() else _NAME_AFTER
    return larger.match(text[end : end + 3]) is not None or _joins(after, last=True)


def _joins(character: str, *, last: bool = False) -> bool:
    """Whether a character is one word with its neighbour: a letter, digit or mark, but none of an unspaced script."""
    if character.isascii():
        return character.isalnum() or character == "_"
    if _UNSPACED.match(character):
        return last and unicodedata.category(character)[0] == "M"
    return character.isalnum() or unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"


def touches(neighbour: str, written: str, spoken: str) -> bool:
    """Whether a spoken form needs a space before a neighbour: a sign needs none where its word does.

    A part of a word stays one.

    >>> touches("0", "%", "p"), touches("b", "c", "d"), touches("我", "&", "a"), touches("", "%", "p")
    (True, False, False, False)

    Args:
        neighbour: the character of the text next to the place; may be empty.
        written: the character of the place next to it.
        spoken: what is spoken there.
    """
    if written.isalnum() or not (neighbour.isalnum() and spoken.isalnum()):
        return False
    return not (_UNSPACED.match(neighbour) or _UNSPACED.match(spoken))
