"""What is known of a page, and what holds within an element of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from voxpress import languages
from voxpress.documents import BlockKind
from voxpress.documents.pages.composer import Composer
from voxpress.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of a page beside what stands in it.

    Attributes:
        file: its name, as in `Place.file`.
        language: of the document.
        notes: what references name: ``file#id`` of elements that are notes, though they may not say so.
        pages: numbers of printed pages, by ``file#id``.
        resolve: an address in the page as ``file#id``; empty where it leads out of the book.
        site: it is a page of a site, whose navigation is left out.
    """

    file: str
    language: str = ""
    notes: AbstractSet[str] = frozenset()
    pages: Mapping[str, str] = field(default_factory=dict)
    resolve: Callable[[str], str] = lambda href: ""
    site: bool = False


class Span(NamedTuple):
    """A part of a page: from the block that one element begins to before the one that another begins.

    Attributes:
        begin, end: numbers of elements; None: from the start, to the end.
    """

    begin: int | None = None
    end: int | None = None


class Markup(NamedTuple):
    """What stands around the words of an element.

    Attributes:
        composer, start: where the words begin, as `Composer.open` gives it.
        name, attributes: of the element of SSML; an empty name: none so far.
    """

    composer: Composer
    start: int
    name: str = ""
    attributes: Mapping[str, str] = {}


@dataclass
class Context:
    """What holds within an element.

    Attributes:
        kind, level: of the blocks in it.
        number: of the element on whose lines the words stand.
        is_block: its words stand on lines of their own.
        note: the name of the note that it is in.
        row: it is in a row of a table, whose cells stand on one line.
        layout: it is in a table that only puts things beside each other.
        text_only: markup around its words holds only text.
        markup, after, items: of this element alone: what stands around its words, what is said at its end, the numbers
            of its list items.
    """

    name: str = ""
    language: str = ""
    kind: BlockKind = "paragraph"
    level: int = 0
    number: int = 0
    is_block: bool = True
    alphabet: str = ""
    note: str = ""
    in_notes: bool = False
    in_nav: bool = False
    aside: bool = False
    verse: bool = False
    code: bool = False
    row: bool = False
    layout: bool = False
    text_only: bool = False
    speaker: str = ""
    markup: Markup | None = None
    after: str = ""
    items: Items | None = None

    def inherit(self, name: str) -> Self:
        """What holds within an element in this one, if nothing else is said."""
        inner = object.__new__(type(self))
        inner.__dict__.update(self.__dict__)
        inner.name, inner.is_block, inner.markup, inner.after, inner.items = name, False, None, "", None
        return inner


@dataclass
class Items:
    """The numbers of a list.

    >>> items = Items(2, 1, "1")
    >>> items.take(""), items.take("7"), items.take("")
    ('2.', '7.', '8.')
    """

    next: int
    step: int
    style: str

    def take(self, value: str) -> str:
        """The number of the next item, which may say it itself."""
        number = read_number(value, self.next)
        self.next = number + self.step
        if self.style in ("a", "A") and 0 < number <= 26:
            return f"{chr(ord(self.style) + number - 1)}."
        return f"{number}."


def read_number(text: str, default: int) -> int:
    """A whole number in an attribute.

    >>> read_number(" 12 ", 1), read_number("twelve", 1)
    (12, 1)
    """
    text = text.strip()
    return int(text) if text.lstrip("-").isdecimal() and len(text) < 10 else default


def find_language(tag: str) -> str:
    """A language tag in its one spelling; empty if it is none."""
    try:
        return languages.canonical(tag.strip()) if tag.strip() else ""
    except InputError:
        return ""


def differs(tag: str, other: str) -> bool:
    """Whether a tag names another language; ``en`` is no other than ``en-GB``.

    >>> differs("fr", "en"), differs("en", "en-GB"), differs("en-US", "en-GB"), differs("", "en")
    (True, False, True, False)
    """
    return bool(tag) and not f"{tag}-".startswith(f"{other}-") and not f"{other}-".startswith(f"{tag}-")
