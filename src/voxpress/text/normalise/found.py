"""What a reader finds, and what readers share to look at the words around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from voxpress.text.normalise.wording import Wording


class Found(NamedTuple):
    """A piece of a text, and how it is spoken.

    Attributes:
        certain: False where another reading is as likely.
    """

    start: int
    end: int
    spoken: str
    certain: bool = True


Reader = Callable[[str, Wording], Iterator[Found]]
"""Finds pieces of one kind in a text."""

LETTER = "[^\\W\\d_]"
LOWER = "[a-zß-öø-ÿ]"
START = r"(?<![\w.,])"
"""Where a number may begin: not within a word, and not behind a mark that may belong to it."""
NO_WORD = r"(?!\w)"


@lru_cache(maxsize=512)
def compile_for(pattern: str) -> re.Pattern[str]:
    """A compiled pattern, kept."""
    return re.compile(pattern)


def choose(words: Iterable[str]) -> str:
    """A regular expression of any of these words, the longest first.

    >>> choose(["km", "km/h", "m"])
    'km/h|km|m'
    """
    return _choose(tuple(words))


@lru_cache(maxsize=512)
def _choose(words: tuple[str, ...]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


def words_before(text: str, start: int) -> str:
    """The last words before a place, in lower case and without marks at their ends.

    >>> words_before("He died in May (in ", 19)
    'he died in may in'
    """
    near = text[max(0, start - 40) : start].lower()
    return " ".join(word.strip("([\"'’„“»,") for word in near.split())


def word_before(text: str, start: int) -> str:
    """The word right before a place, in lower case; empty where a sentence ends there."""
    if text[max(0, start - 1) : start] not in (" ", "(", "'", "’", "-"):
        return ""
    words = words_before(text, start).split()
    return words[-1] if words else ""


def word_after(text: str, end: int) -> str:
    """The word after a place, as written; empty where no space leads to it."""
    found = compile_for(rf" ({LETTER}{{1,30}})").match(text, end)
    return found[1] if found else ""


def ends_text(text: str, end: int) -> bool:
    """Whether nothing but marks follows."""
    return compile_for(r"[\s\"')\]”’»]{0,9}$").match(text, end) is not None


def ends_sentence(text: str, end: int) -> bool:
    """Whether a stop at this place, which belongs to an abbreviation, may end the sentence too."""
    return compile_for(r"[\"')\]”’»]*(?:\s*$|\s+[\"'(“‘«¿¡]*[A-ZÀ-ÖØ-Þ])").match(text, end) is not None
