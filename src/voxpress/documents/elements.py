"""What the elements of a page say: from the tree of a page to blocks. docs/documents.md says how each is read."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from voxpress import languages
from voxpress.documents import Block, BlockKind, Place, Point
from voxpress.documents.composer import Composer, read_roman
from voxpress.documents.pages import attribute, element_at, name_of, types_of, words_of
from voxpress.documents.vocabulary import (
    ASIDES,
    BLOCKS,
    CONTAINERS,
    HEADINGS,
    LEFT_OUT,
    NO_NOTES,
    NOTE_LISTS,
    NOTES,
    TITLES,
    VERSE,
    VERSE_CLASS,
    find_title,
    is_hidden,
    is_layout,
    is_short_mark,
    looks_like_reference,
)
from voxpress.errors import InputError
from voxpress.text.ipa import to_ipa

if TYPE_CHECKING:
    from lxml.etree import _Element

_SCENE = re.compile(r"[\s*•·⁂∗~#=_—–\-―─■◆◇○●☙❦❧§+.…]+")
_LABELLED = re.compile(r"\(?(?:\d+|[A-Za-z]|[ivxlcIVXLC]+)[.)]")
_TITLE_WORDS = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,'’-])*")
_LONGEST_TITLE = 80
_KANA = re.compile("[\u3040-\u30ff\u31f0-\u31ff・ー\\s]+")
_PAGE = re.compile(r"(?:^|\b)(\d+|[ivxlcdm]+)\W*$", re.IGNORECASE)
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’.-]*\s+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of a page beside what stands in it.

    Attributes:
        file: its name, as in `Place.file`.
        language: of the document.
        notes: what references name: ``file#id`` of elements that are notes, though they may not say so.
        pages: numbers of printed pages, by ``file#id``.
        resolve: an address in the page as ``file#id``; empty where it leads out of the book.
    """

    file: str
    language: str = ""
    notes: AbstractSet[str] = frozenset()
    pages: Mapping[str, str] = field(default_factory=dict)
    resolve: Callable[[str], str] = lambda href: ""


class Span(NamedTuple):
    """A part of a page: from the block that one element begins to before the one that another begins.

    Attributes:
        begin, end: numbers of elements; None: from the start, to the end.
    """

    begin: int | None = None
    end: int | None = None


WHOLE = Span()


def read_blocks(root: _Element, reading: Reading, span: Span = WHOLE) -> list[Block]:
    """The blocks of a page, or of a part of it, in reading order.

    Where an element stands within a paragraph, before some of its words, the paragraph belongs to what it begins.

    >>> from voxpress.documents.pages import parse_page
    >>> page = parse_page(b"<body><h1>Salt</h1><p>Sea &amp; sand.</p></body>", "one.xhtml")
    >>> [(block.kind, block.text) for block in read_blocks(page.root, Reading(file="one.xhtml"))]
    [('heading', 'Salt'), ('paragraph', 'Sea &amp; sand.')]
    """
    return _Walker(root, reading, span).walk()


@dataclass(slots=True)
class _Context:
    """What holds within an element."""

    name: str
    language: str
    kind: BlockKind = "paragraph"
    level: int = 0
    number: int = 0
    """Of the element on whose lines the words stand."""
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
    """Markup around these words holds only text."""
    speaker: str = ""
    markup: tuple[Composer, int, str, dict[str, str]] | None = None
    """What stands around the words of this element: where they begin, the element of SSML, its attributes."""
    after: str = ""
    """Said at the end."""
    items: _Items | None = None


@dataclass(slots=True)
class _Items:
    """The numbers of a list."""

    next: int
    step: int
    style: str

    def take(self, value: str) -> str:
        """The number of the next item, as it is read."""
        number = int(value) if value.lstrip("-").isdecimal() and len(value) < 10 else self.next
        self.next = number + self.step
        if self.style in ("a", "A") and 0 < number <= 26:
            return f"{chr(ord(self.style) + number - 1)}."
        return f"{number}."


class _Walker:
    def __init__(self, root: _Element, reading: Reading, span: Span) -> None:
        self._root, self._reading, self._span = root, reading, span
        self._language = _canonical(reading.language)
        self._stack = [_Context("", self._language)]
        self._composer = Composer(self._language)
        self._owner = self._stack[0]
        """The context of the block that is being put together."""
        self._blocks: list[Block] = []
        self._bounds: dict[int, int] = {}
        """The first block of each bound of the span."""
        self._number = -1
        self._offset = 0
        self._skipped = 0
        self._label = ""
        self._note = ""
        """A note that begins within the block."""
        self._speaker = ""
        self._heading = 1

    def walk(self) -> list[Block]:
        from lxml import etree

        before = self._span.begin is not None
        inside = _list_ancestors(self._root, self._span.begin) if before else set()
        count, length = etree.XPath("count(descendant::*)"), etree.XPath("string-length()")
        walk = etree.iterwalk(self._root, events=("start", "end", "comment", "pi"))
        for event, element in walk:
            if event == "start":
                self._number += 1
                if self._number == self._span.end and not self._composer.has_text:
                    self._flush()
                    break
                before = before and self._number != self._span.begin
                if before and element not in inside and name_of(element) in BLOCKS and not self._skipped:
                    # What stands before the part is only counted.
                    self._begin(element)
                    self._composer = Composer(self._language)
                    self._number += int(count(element))
                    self._offset += int(length(element))
                    walk.skip_subtree()
                    continue
                self._begin(element)
                if element.text:
                    self._read(element.text)
            else:
                if event == "end":
                    self._end()
                    if self._span.end in self._bounds:
                        break
                if element.tail and element is not self._root:
                    self._read(element.tail)
        self._flush()
        first = self._bounds.get(self._span.begin, 0) if self._span.begin is not None else 0
        last = (
            self._bounds.get(self._span.end, len(self._blocks))
            if self._span.end is not None
            else len(self._blocks)
        )
        return self._blocks[first:last]

    def _read(self, text: str) -> None:
        at, self._offset = self._offset, self._offset + len(text)
        if not self._skipped:
            context = self._stack[-1]
            if context.code:
                self._composer.add_code(text, at, context.language)
            else:
                self._composer.add(text, at, context.language)

    def _begin(self, element: _Element) -> None:
        if self._number in self._span:
            self._composer.add_mark(self._number)
        if self._skipped:
            self._skipped += 1
            return
        parent = self._stack[-1]
        name = name_of(element)
        if not element.attrib and name not in BLOCKS and name not in _SPECIAL and name not in LEFT_OUT:
            self._stack.append(
                dataclasses.replace(parent, name=name, is_block=False, markup=None, after="", items=None)
            )
            return
        types = types_of(element)
        identity = f"{self._reading.file}#{element.get('id')}" if element.get("id") else ""
        if identity in self._reading.pages or "pagebreak" in types:
            self._begin_page(element, types, identity)
        if name in LEFT_OUT or "pagebreak" in types or is_hidden(element):
            self._skipped = 1
            return
        context = dataclasses.replace(
            parent, name=name, is_block=name in BLOCKS, markup=None, after="", items=None
        )
        self._set_language(element, context)
        if context.is_block:
            context.is_block = not (parent.row and name != "tr") and not parent.text_only
            if context.is_block:
                self._flush()
            else:
                self._composer.separate()
            self._begin_block(element, context, types, identity)
        if identity in self._reading.notes and not context.note and name not in NO_NOTES:
            self._name_note(context, identity)
        if speaker := element.get("data-speaker"):
            context.speaker = " ".join(speaker.split())
        self._stack.append(context)
        if context.is_block:
            self._start(context)
        if special := _SPECIAL.get(name):
            special(self, element, context)
        if not self._skipped:
            self._mark_up(element, context, types)

    def _end(self) -> None:
        if self._skipped > 1:
            self._skipped -= 1
            return
        if self._skipped:
            self._skipped = 0
            return
        context = self._stack.pop()
        if context.after:
            self._composer.say(context.after, context.language)
        if context.markup:
            composer, start, name, attributes = context.markup
            if name and composer is self._composer:
                composer.wrap(start, name, **attributes)
        if context.is_block:
            self._flush()
            self._start(self._stack[-1])
            if context.name == "li":
                self._label = ""
        elif context.name in BLOCKS:
            self._composer.separate()

    # Blocks

    def _start(self, context: _Context) -> None:
        """Begin a block that has the lines of an element."""
        self._owner = context
        if self._composer.language != context.language:
            self._composer = Composer(context.language)

    def _flush(self) -> None:
        """End the block that is being put together."""
        composer, owner = self._composer, self._owner
        kind: BlockKind = "note" if owner.note or self._note else owner.kind
        label = self._label if kind == "item" and not _LABELLED.match(composer.words()) else ""
        done = composer.finish(label if composer.has_text else "", heading=kind == "heading")
        for number in done.within:
            self._bounds.setdefault(number, len(self._blocks))
        block = Block(
            kind=kind,
            language=owner.language if _differs(owner.language, self._language) else "",
            place=Place(self._reading.file, owner.number),
            aside=owner.aside,
        )
        if composer.has_text:
            if kind in ("paragraph", "verse") and _SCENE.fullmatch(composer.words()):
                block = dataclasses.replace(block, kind="break")
            else:
                block = dataclasses.replace(
                    block,
                    kind="image" if kind == "paragraph" and not composer.has_words else kind,
                    text=done.text,
                    runs=done.runs,
                    points=done.points,
                    level=owner.level,
                    name=owner.note or self._note,
                    speaker=self._speaker or owner.speaker,
                )
            self._blocks.append(block)
            if kind == "item":
                self._label = ""
            if kind == "heading":
                self._heading = owner.level
        else:
            for point in done.points:
                if point.kind == "page":
                    self._blocks.append(
                        dataclasses.replace(block, kind="page", text=point.name, place=point.place)
                    )
        for number in done.after:
            self._bounds.setdefault(number, len(self._blocks))
        self._note = self._speaker = ""
        self._composer = Composer(owner.language)

    def _begin_block(self, element: _Element, context: _Context, types: list[str], identity: str) -> None:
        """Find what the lines of an element are."""
        name = context.name
        context.number = self._number
        if name == "aside" or ASIDES.intersection(types):
            context.aside = True
        if NOTES.intersection(types) or (name == "li" and context.in_notes):
            context.note = identity or f"{self._reading.file}#{self._number}"
            context.aside = False
        if NOTE_LISTS.intersection(types):
            context.in_notes = True
        if VERSE.intersection(types) or VERSE_CLASS.search(element.get("class") or ""):
            context.verse = True
        if begin := _BLOCK_KINDS.get(name):
            begin(self, element, context)
        elif name in HEADINGS or element.get("role") == "heading":
            context.kind = "heading"
            context.level = HEADINGS.get(name, 2)
            if (level := element.get("aria-level") or "").isdecimal():
                context.level = min(max(int(level), 1), 9)
        elif name == "p" and TITLES.intersection(types):
            context.kind, context.level = "heading", self._heading
        elif context.verse and context.kind == "paragraph":
            context.kind = "verse"

    def begin_item(self, element: _Element, context: _Context) -> None:
        context.kind = "item"
        context.level = 1 + (self._stack[-1].level if self._stack[-1].kind == "item" else 0)
        items = self._stack[-1].items
        self._label = (
            items.take(element.get("value") or "")
            if items and not context.in_nav and not context.in_notes
            else ""
        )

    def begin_list(self, element: _Element, context: _Context) -> None:
        if context.name != "ol" or re.search(r"list-style(?:-type)?\s*:\s*none", element.get("style") or ""):
            return
        start = element.get("start") or ""
        reverse = element.get("reversed") is not None
        first = int(start) if start.lstrip("-").isdecimal() and len(start) < 10 else 1
        if reverse and not start:
            first = sum(name_of(each) == "li" for each in element)
        context.items = _Items(first, -1 if reverse else 1, element.get("type") or "1")

    def begin_definition(self, element: _Element, context: _Context) -> None:
        context.kind, context.level = "item", max(context.level, 1)

    def begin_caption(self, element: _Element, context: _Context) -> None:
        context.kind, context.level = "caption", 0

    def begin_code(self, element: _Element, context: _Context) -> None:
        if context.verse:
            context.kind = "verse"
        elif not context.row:
            context.kind, context.code = "code", True

    def begin_table(self, element: _Element, context: _Context) -> None:
        context.layout = element.get("role") in ("presentation", "none") or is_layout(element)

    def begin_row(self, element: _Element, context: _Context) -> None:
        if not context.layout:
            context.row, context.kind = True, "row"
            cells = [name_of(each) for each in element]
            context.level = 1 if cells and not any(cell == "td" for cell in cells) else 0

    def begin_group(self, element: _Element, context: _Context) -> None:
        context.kind, context.level = "heading", self._heading

    def begin_nav(self, element: _Element, context: _Context) -> None:
        context.in_nav = True

    def _name_note(self, context: _Context, identity: str) -> None:
        """Take an element for a note because a reference leads to it."""
        if context.is_block:
            context.note, context.aside = identity, False
        elif self._composer.begins() and not self._stack[-1].note and self._owner.kind != "heading":
            self._note = identity

    # Within a block

    def _mark_up(self, element: _Element, context: _Context, types: list[str]) -> None:
        """Put SSML around the words of an element."""
        if "noteref" in types or (context.name == "a" and self._refers(element)):
            self._begin_reference(element)
            return
        if "backlink" in types or (context.name == "a" and self._leads_back(element, context)):
            self._composer.begin_after_mark()
            self._leave()
            return
        if "z3998:persona" in types:
            self._speaker = words_of(element)
            if context.row:
                self._owner.kind = "paragraph"
            self._leave()
            return
        if context.text_only:
            return
        markup: tuple[str, dict[str, str]] | None = None
        sounds = " ".join(attribute(element, "ssml:ph").split())
        if sounds and _can_sound(sounds, context.alphabet):
            markup = "phoneme", {"alphabet": context.alphabet or "ipa", "ph": sounds}
        elif context.name in ("abbr", "acronym") and (title := find_title(element)):
            markup = "sub", {"alias": title}
        elif "z3998:roman" in types and not _CAPITAL.search(self._composer.words()):
            if number := read_roman(words_of(element)):
                markup = "sub", {"alias": str(number)}
        elif "z3998:grapheme" in types and len(words_of(element)) == 1:
            markup = "say-as", {"interpret-as": "characters"}
        if markup:
            context.markup = (self._composer, self._composer.open(context.language), *markup)
            context.text_only = True

    def _leave(self) -> None:
        """Leave out the element that began last."""
        self._stack.pop()
        self._skipped = 1

    def _refers(self, link: _Element) -> bool:
        """Whether a link is a reference to a note."""
        return self._find_target(link) in self._reading.notes and looks_like_reference(link)

    def _begin_reference(self, element: _Element) -> None:
        link = element if name_of(element) == "a" else next(iter(element.iter("{*}a")), element)
        self._composer.add_point(
            Point(0, "note", self._find_target(link), Place(self._reading.file, self._number))
        )
        self._leave()

    def _leads_back(self, link: _Element, context: _Context) -> bool:
        """Whether a link in a note leads back to its reference."""
        if not (context.note or self._note) or not self._find_target(link):
            return False
        return self._find_target(link) not in self._reading.notes and is_short_mark(words_of(link))

    def _find_target(self, link: _Element) -> str:
        href = link.get("href") or attribute(link, "xlink:href")
        return self._reading.resolve(href) if "#" in href else ""

    def _begin_page(self, element: _Element, types: list[str], identity: str) -> None:
        label = self._reading.pages.get(identity) or element.get("title") or element.get("aria-label") or ""
        label = label or (words_of(element) if "pagebreak" in types else "")
        found = _PAGE.search(label.strip())
        name = found[1] if found else " ".join(label.split())
        self._composer.add_point(Point(0, "page", name, Place(self._reading.file, self._number)))
        if self._owner.name in CONTAINERS and not self._composer.has_text:
            self._flush()

    def begin_break(self, element: _Element, context: _Context) -> None:
        if self._stack[-2].code:
            self._composer.add_code("\n", self._offset, context.language)
        elif self._stack[-2].row:
            self._composer.separate()
        elif (self._owner.verse and self._composer.has_text) or not self._composer.end_line():
            self._flush()

    def begin_rule(self, element: _Element, context: _Context) -> None:
        self._flush()
        self._blocks.append(Block(kind="break", place=Place(self._reading.file, self._number)))

    def begin_image(self, element: _Element, context: _Context) -> None:
        alternative = "" if element.get("role") in ("presentation", "none") else element.get("alt")
        if alternative is None:
            alternative = element.get("aria-label") or ""
        self._composer.say(" ".join(alternative.split()), context.language, image=True)

    def begin_drawing(self, element: _Element, context: _Context) -> None:
        """An SVG is read by its title; one that is a page of its own by the words in it."""
        title = next((words_of(each) for each in element if name_of(each) == "title"), "")
        title = title or element.get("aria-label") or ""
        if title and element is not self._root:
            self._composer.say(title, context.language, image=True)
            self._leave()

    def begin_formula(self, element: _Element, context: _Context) -> None:
        words = element.get("alttext") or element.get("aria-label") or ""
        self._composer.say(" ".join(words.split()), context.language)
        self._leave()

    def begin_quotation(self, element: _Element, context: _Context) -> None:
        nested = any(each.name == "q" for each in self._stack[:-1])
        self._composer.say("‘" if nested else "“", context.language)
        context.after = "’" if nested else "”"

    def begin_ruby(self, element: _Element, context: _Context) -> None:
        if not context.text_only:
            context.text_only = True
            context.markup = (self._composer, self._composer.open(context.language), "", {})

    def begin_reading(self, element: _Element, context: _Context) -> None:
        """Kana beside a word say how it is read; anything else beside it is left out."""
        ruby = next((each for each in reversed(self._stack[:-1]) if each.name == "ruby"), None)
        reading = words_of(element)
        if ruby and ruby.markup and ruby.markup[0] is self._composer:
            _, start, _, _ = ruby.markup
            if _KANA.fullmatch(reading):
                self._composer.wrap(start, "sub", alias="".join(reading.split()))
            ruby.markup = (self._composer, self._composer.open(context.language), "", {})
        self._leave()

    def _set_language(self, element: _Element, context: _Context) -> None:
        tag = attribute(element, "xml:lang") or element.get("lang") or ""
        if tag:
            tag = _canonical(tag)
            if tag and _differs(tag, context.language):
                context.language = tag
        context.alphabet = attribute(element, "ssml:alphabet") or context.alphabet


_BLOCK_KINDS: Mapping[str, Callable[[_Walker, _Element, _Context], None]] = {
    "li": _Walker.begin_item,
    "ol": _Walker.begin_list,
    "ul": _Walker.begin_list,
    "dt": _Walker.begin_definition,
    "dd": _Walker.begin_definition,
    "caption": _Walker.begin_caption,
    "figcaption": _Walker.begin_caption,
    "pre": _Walker.begin_code,
    "table": _Walker.begin_table,
    "tr": _Walker.begin_row,
    "hgroup": _Walker.begin_group,
    "nav": _Walker.begin_nav,
}
_SPECIAL: Mapping[str, Callable[[_Walker, _Element, _Context], None]] = {
    "br": _Walker.begin_break,
    "hr": _Walker.begin_rule,
    "img": _Walker.begin_image,
    "image": _Walker.begin_image,
    "svg": _Walker.begin_drawing,
    "math": _Walker.begin_formula,
    "q": _Walker.begin_quotation,
    "ruby": _Walker.begin_ruby,
    "rt": _Walker.begin_reading,
}


def _canonical(tag: str) -> str:
    try:
        return languages.canonical(tag.strip()) if tag.strip() else ""
    except InputError:
        return ""


def _differs(tag: str, other: str) -> bool:
    """Whether two tags name different languages; ``en`` is no other than ``en-GB``."""
    return bool(tag) and not f"{tag}-".startswith(f"{other}-") and not f"{other}-".startswith(f"{tag}-")


def _list_ancestors(root: _Element, number: int | None) -> set[_Element]:
    found = element_at(root, number) if number is not None else None
    return set() if found is None else {found, *found.iterancestors()}


def _can_sound(sounds: str, alphabet: str) -> bool:
    try:
        return bool(to_ipa(sounds, alphabet or "ipa"))
    except InputError:
        return False
