"""What the elements of a page are, and what is known of one from its attributes and what stands in it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from voxpress.documents.pages import name_of, types_of, words_of

if TYPE_CHECKING:
    from lxml.etree import _Element

HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = """
address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer
form h1 h2 h3 h4 h5 h6 header hgroup html legend li main menu nav ol optgroup p pre search section summary table tbody
td text tfoot th thead tr ul
"""
BLOCKS = frozenset(_BLOCKS.split())
"""Elements that stand on lines of their own."""
CONTAINERS = frozenset(
    ("", "html", "body", "div", "section", "article", "main", "aside", "blockquote", "center")
)
"""Elements that hold others on lines of their own."""
_LEFT_OUT = """
audio button canvas case datalist defs del desc embed frame head iframe input meter metadata noscript object param
progress rp rtc script select source style template textarea title track trigger video voxpress-player
"""
LEFT_OUT = frozenset(_LEFT_OUT.split())
NO_NOTES = frozenset((*HEADINGS, "body", "html", "section", "ol", "ul", "article", "main", "svg"))
"""Elements that are no notes, whatever leads to them."""

NOTES = frozenset(("footnote", "endnote", "rearnote"))
NOTE_LISTS = frozenset(("footnotes", "endnotes", "rearnotes"))
ASIDES = frozenset(("sidebar", "annotation", "marginalia", "tip", "pullquote", "help", "practice"))
TITLES = frozenset(("title", "subtitle", "fulltitle", "halftitle", "bridgehead"))
VERSE = frozenset(("z3998:verse", "z3998:poem", "z3998:song", "z3998:hymn", "z3998:lyrics"))
VERSE_CLASS = re.compile(r"\b(?:poem|poetry|verse|stanza)\b", re.IGNORECASE)
"""Values of ``epub:type``, ``role`` and ``class``."""

SITE_ROLES = frozenset(
    ("navigation", "banner", "contentinfo", "search", "toolbar", "menu", "menubar", "dialog")
)

_HIDDEN = re.compile(r"\b(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_TITLE_WORDS = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,'’-])*")
_LONGEST_TITLE = 80
_MARK = re.compile(r"[\[(]?\s*(?:\d{1,4}|[*†‡§¶‖#]{1,3}|[a-z]|[ivxl]{1,6})\s*[\])]?\.?", re.IGNORECASE)
_NOTE_CLASS = re.compile(r"note|fn|anchor|ref\b", re.IGNORECASE)


def is_short_mark(words: str) -> bool:
    """Whether words are such as stand at a note: a number, a letter, a dagger, an arrow.

    >>> is_short_mark("[12]"), is_short_mark("↩"), is_short_mark("Return")
    (True, True, False)
    """
    return _MARK.fullmatch(words) is not None or not any(map(str.isalnum, words))


def looks_like_reference(link: _Element) -> bool:
    """Whether a link within a page is a reference to a note, though it may not say so: a small number behind words."""
    if types := types_of(link):
        return "noteref" in types
    if not _MARK.fullmatch(words_of(link)):
        return False
    around = itertools.takewhile(lambda each: name_of(each) not in BLOCKS, link.iterancestors())
    raised = "sup" in (name_of(each) for each in (*link.iter("*"), *around))
    marked = words_of(link)[:1] in "[(*†‡" or _NOTE_CLASS.search(link.get("class") or "")
    return bool(raised or marked) and _has_words_before(link)


def _has_words_before(element: _Element) -> bool:
    """Whether words stand before an element on its line."""
    for _ in range(3):
        before, parent = element.getprevious(), element.getparent()
        if parent is None:
            return False
        if before is not None:
            return bool((before.tail or "").strip()) or name_of(before) not in (*BLOCKS, "br", "hr")
        if (parent.text or "").strip():
            return True
        if name_of(parent) in BLOCKS:
            return False
        element = parent
    return False


def is_hidden(element: _Element) -> bool:
    """Whether an element is neither shown nor spoken by readers. Style sheets are not asked."""
    style = element.get("style")
    return (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or element.get("data-voxpress") == "skip"
        or (style is not None and _HIDDEN.search(style) is not None)
    )


def is_navigation(element: _Element) -> bool:
    """Whether an element helps to move in a site, and is no part of what a page says."""
    return name_of(element) == "nav" or element.get("role") in SITE_ROLES or "toc" in types_of(element)


def is_layout(table: _Element) -> bool:
    """Whether a table only puts parts of a page beside each other."""
    names = (
        name_of(each) for each, _ in zip(table.iter("*"), range(1000), strict=False) if each is not table
    )
    return any(name in ("table", "h1", "h2", "h3", "h4", "pre", "hr") for name in names)


def find_title(element: _Element) -> str:
    """What an abbreviation stands for, if its title says so in words."""
    title = " ".join((element.get("title") or "").split())
    return title if len(title) <= _LONGEST_TITLE and _TITLE_WORDS.fullmatch(title) else ""
