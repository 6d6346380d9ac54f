"""What the elements of a page say: from the tree of a page to blocks. docs/documents.md says how each is read."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from voxpress.documents import Block, BlockKind, Place
from voxpress.documents.pages import attribute, element_at, name_of, types_of
from voxpress.documents.pages.composer import Composer
from voxpress.documents.pages.context import (
    Context,
    Items,
    Reading,
    Span,
    differs,
    find_language,
    read_number,
)
from voxpress.documents.pages.inline import SPECIAL, begin_page, is_page_number, read_inline
from voxpress.documents.pages.vocabulary import (
    ASIDES,
    BLOCKS,
    HEADINGS,
    LEFT_OUT,
    NO_NOTES,
    NOTE_LISTS,
    NOTES,
    TITLES,
    VERSE,
    VERSE_CLASS,
    is_hidden,
    is_layout,
    is_navigation,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

WHOLE = Span()

_NO_NUMBERS = re.compile(r"list-style(?:-type)?\s*:\s*none")
_SCENE = re.compile(r"[\s*•·⁂∗~#=_—–\-―─■◆◇○●☙❦❧§+.…]+")
_LABELLED = re.compile(r"\(?(?:\d+|[A-Za-z]|[ivxlcIVXLC]+)[.)]")


def read_blocks(root: _Element, reading: Reading, span: Span = WHOLE) -> list[Block]:
    """The blocks of a page, or of a part of it, in reading order.

    Where an element stands within a paragraph, before some of its words, the paragraph belongs to what it begins.

    >>> from voxpress.documents.pages import parse_page
    >>> page = parse_page(b"<body><h1>Salt</h1><p>Sea &amp; sand.</p></body>", "one.xhtml")
    >>> [(block.kind, block.text) for block in read_blocks(page.root, Reading(file="one.xhtml"))]
    [('heading', 'Salt'), ('paragraph', 'Sea &amp; sand.')]
    """
    return Walker(root, reading, span).walk()


class Walker:
    """Reads a page from its first element to its last.

    Attributes:
        stack: what holds within each open element; the first entry is for the page.
        composer: the block that is being put together.
        owner: what holds for that block.
        blocks: those that are complete.
        note, speaker: a note that begins within the block; who says it.
    """

    def __init__(self, root: _Element, reading: Reading, span: Span = WHOLE) -> None:
        self._root, self.reading, self._span = root, reading, span
        self._language = find_language(reading.language)
        self.owner = Context(language=self._language)
        self.stack = [self.owner]
        self.composer = Composer(self._language)
        self.blocks: list[Block] = []
        self.note = self.speaker = ""
        self._bounds: dict[int, int] = {}
        """The block that each bound of the span begins."""
        self._number = -1
        self._offset = 0
        self._skipped = 0
        self._label = ""
        self._heading = 1

    @property
    def here(self) -> Place:
        """The element that began last."""
        return Place(self.reading.file, self._number)

    def walk(self) -> list[Block]:
        """Read the page, and give the blocks of the span."""
        from lxml import etree

        begin, end = self._span
        before = begin is not None
        inside = _list_ancestors(self._root, begin)
        count, length = etree.XPath("count(descendant::*)"), etree.XPath("string-length()")
        walk = etree.iterwalk(self._root, events=("start", "end", "comment", "pi"))
        for event, element in walk:
            if event == "start":
                self._number += 1
                if self._number == end and not self.composer.has_text:
                    break
                before = before and self._number != begin
                silent = self._skipped > 0
                self._begin(element)
                left_out = self._skipped > 0 and not silent
                if left_out or (before and name_of(element) in BLOCKS and element not in inside):
                    inner = int(count(element))
                    if not any(
                        bound and self._number < bound <= self._number + inner for bound in self._span
                    ):
                        # Nobody hears what stands in it, so it is only counted.
                        self._number += inner
                        self._offset += int(length(element))
                        walk.skip_subtree()
                        continue
                if element.text:
                    self._read(element.text)
            else:
                if event == "end":
                    self._end()
                    if end in self._bounds:
                        break
                if element.tail and element is not self._root:
                    self._read(element.tail)
        self.flush()
        first = 0 if begin is None else self._bounds.get(begin, len(self.blocks))
        return self.blocks[first : len(self.blocks) if end is None else self._bounds.get(end)]

    def flush(self) -> None:
        """End the block that is being put together."""
        composer, owner = self.composer, self.owner
        kind: BlockKind = "note" if owner.note or self.note else owner.kind
        label = self._label if kind == "item" and not _LABELLED.match(composer.words()) else ""
        done = composer.finish(label if composer.has_text else "", heading=kind == "heading")
        for number in done.within:
            self._bounds.setdefault(number, len(self.blocks))
        block = Block(
            kind=kind,
            language=owner.language if differs(owner.language, self._language) else "",
            place=Place(self.reading.file, owner.number),
            aside=owner.aside,
        )
        if composer.has_text:
            self.blocks.append(self._complete(block, done.text, runs=done.runs, points=done.points))
            if kind == "item":
                self._label = ""
            if kind == "heading":
                self._heading = owner.level
        else:
            for point in done.points:
                if point.kind == "page":
                    said = html.escape(point.name, quote=False)
                    self.blocks.append(dataclasses.replace(block, kind="page", text=said, place=point.place))
        for number in done.after:
            self._bounds.setdefault(number, len(self.blocks))
        self.note = self.speaker = ""
        self.composer = Composer(owner.language)

    def leave(self) -> None:
        """Leave out the element that began last."""
        self.stack.pop()
        self._skipped = 1

    def _read(self, text: str) -> None:
        at, self._offset = self._offset, self._offset + len(text)
        if not self._skipped:
            context = self.stack[-1]
            add = self.composer.add_code if context.code else self.composer.add
            add(text, at, context.language)

    def _begin(self, element: _Element) -> None:
        if self._number in self._span:
            self.composer.add_mark(self._number)
        if self._skipped:
            self._skipped += 1
            return
        name = name_of(element)
        context = self.stack[-1].inherit(name)
        if not element.attrib and name not in BLOCKS and name not in SPECIAL and name not in LEFT_OUT:
            self.stack.append(context)
            return
        types = types_of(element)
        identity = f"{self.reading.file}#{element.get('id')}" if element.get("id") else ""
        if identity in self.reading.pages or "pagebreak" in types:
            begin_page(self, element, types, identity)
        silent = name in LEFT_OUT or is_page_number(element, types) or is_hidden(element)
        if silent or (self.reading.site and is_navigation(element)):
            self._skipped = 1
            return
        tag = find_language(attribute(element, "xml:lang") or element.get("lang") or "")
        if differs(tag, context.language) and not context.text_only:
            context.language = tag
        context.alphabet = attribute(element, "ssml:alphabet") or context.alphabet
        context.speaker = " ".join((element.get("data-speaker") or "").split()) or context.speaker
        if name in BLOCKS:
            self._begin_lines(element, context, types, identity)
        if identity in self.reading.notes and name not in NO_NOTES and not context.note:
            self._begin_note(context, identity)
        self.stack.append(context)
        if special := SPECIAL.get(name):
            special(self, element, context)
        if self.stack[-1] is context:
            read_inline(self, element, context, types)

    def _end(self) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        context = self.stack.pop()
        if context.after:
            self.composer.say(context.after, context.language)
        if (markup := context.markup) and markup.name and markup.composer is self.composer:
            markup.composer.wrap(markup.start, markup.name, markup.attributes)
        if context.is_block:
            self.flush()
            self._own(self.stack[-1])
            if context.name == "li":
                self._label = ""
        elif context.name in BLOCKS:
            self.composer.separate()

    def _own(self, context: Context) -> None:
        """Let the next block have the lines of an element."""
        self.owner = context
        if self.composer.language != context.language:
            self.composer = Composer(context.language)

    def _complete(self, block: Block, text: str, **fields: object) -> Block:
        """A block with its text; a few signs, or an image alone, make it another kind."""
        composer, owner = self.composer, self.owner
        if block.kind in ("paragraph", "verse") and _SCENE.fullmatch(composer.words()):
            return dataclasses.replace(block, kind="break")
        return dataclasses.replace(
            block,
            kind="image" if block.kind == "paragraph" and not composer.has_words else block.kind,
            text=text,
            level=owner.level,
            name=owner.note or self.note,
            speaker=self.speaker or owner.speaker,
            **fields,  # type: ignore[arg-type]
        )

    def _begin_note(self, context: Context, identity: str) -> None:
        """Take an element for a note because a reference leads to it."""
        if context.is_block:
            context.note, context.aside = identity, False
        elif not self.composer.has_text and not self.owner.note and self.owner.kind != "heading":
            self.note = identity

    def _begin_lines(self, element: _Element, context: Context, types: list[str], identity: str) -> None:
        """Begin an element that stands on lines of its own; within a row, only its words are set apart."""
        outer, name = self.stack[-1], context.name
        context.is_block = not outer.text_only and not (outer.row and name != "tr")
        if not context.is_block:
            self.composer.separate()
            return
        self.flush()
        context.number = self._number
        context.aside = context.aside or name == "aside" or bool(ASIDES.intersection(types))
        context.in_notes = context.in_notes or bool(NOTE_LISTS.intersection(types))
        if NOTES.intersection(types) or (name == "li" and context.in_notes):
            context.note, context.aside = identity or f"{self.reading.file}#{self._number}", False
        if VERSE.intersection(types) or VERSE_CLASS.search(element.get("class") or ""):
            context.verse = True
        if begin := _LINES.get(name):
            begin(self, element, context)
        elif name in HEADINGS or element.get("role") == "heading":
            level = read_number(element.get("aria-level") or "", HEADINGS.get(name, 2))
            context.kind, context.level = "heading", min(max(level, 1), 9)
        elif name == "p" and TITLES.intersection(types):
            context.kind, context.level = "heading", self._heading
        elif context.verse and context.kind == "paragraph":
            context.kind = "verse"
        self._own(context)

    def begin_list(self, element: _Element, context: Context) -> None:
        """An ordered list has numbers."""
        if context.name == "ol" and not _NO_NUMBERS.search(element.get("style") or ""):
            reverse = element.get("reversed") is not None
            first = sum(name_of(each) == "li" for each in element) if reverse else 1
            first = read_number(element.get("start") or "", first)
            context.items = Items(first, -1 if reverse else 1, element.get("type") or "1")

    def begin_item(self, element: _Element, context: Context) -> None:
        """An item has its number, unless it says it itself."""
        outer = self.stack[-1]
        context.kind = "item"
        context.level = 1 + (outer.level if outer.kind == "item" else 0)
        numbered = outer.items and not context.in_nav and not context.in_notes
        self._label = outer.items.take(element.get("value") or "") if outer.items and numbered else ""

    def begin_definition(self, element: _Element, context: Context) -> None:
        """A term, or what it means."""
        context.kind, context.level = "item", max(context.level, 1)

    def begin_caption(self, element: _Element, context: Context) -> None:
        """What stands at a figure or a table."""
        context.kind, context.level = "caption", 0

    def begin_code(self, element: _Element, context: Context) -> None:
        """Lines that stand as they are written."""
        if context.verse:
            context.kind = "verse"
        else:
            context.kind, context.code = "code", True

    def begin_table(self, element: _Element, context: Context) -> None:
        """A table may only put things beside each other."""
        context.layout = element.get("role") in ("presentation", "none") or is_layout(element)

    def begin_row(self, element: _Element, context: Context) -> None:
        """A row is one block; one of headers has the level 1."""
        if not context.layout:
            cells = [name_of(each) for each in element]
            context.row, context.kind = True, "row"
            context.level = 1 if cells and "td" not in cells else 0

    def begin_group(self, element: _Element, context: Context) -> None:
        """All lines of a group of headings are headings."""
        context.kind, context.level = "heading", self._heading

    def begin_nav(self, element: _Element, context: Context) -> None:
        """Lists of links have no numbers."""
        context.in_nav = True


_LINES: Mapping[str, Callable[[Walker, _Element, Context], None]] = {
    "li": Walker.begin_item,
    "ol": Walker.begin_list,
    "ul": Walker.begin_list,
    "dt": Walker.begin_definition,
    "dd": Walker.begin_definition,
    "caption": Walker.begin_caption,
    "figcaption": Walker.begin_caption,
    "pre": Walker.begin_code,
    "table": Walker.begin_table,
    "tr": Walker.begin_row,
    "hgroup": Walker.begin_group,
    "nav": Walker.begin_nav,
}


def _list_ancestors(root: _Element, number: int | None) -> set[_Element]:
    """An element and those around it."""
    found = element_at(root, number) if number is not None else None
    return set() if found is None else {found, *found.iterancestors()}
