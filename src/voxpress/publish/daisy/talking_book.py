"""A talking book: sections with a file of sound each, made of lines, made of phrases that follow one another.

Both versions of DAISY are written from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from lxml import etree

from voxpress.documents import Block, BlockKind, Chapter
from voxpress.publish.narration import Phrase
from voxpress.publish.recording import Recording
from voxpress.speech import Seconds

PageKind: TypeAlias = Literal["front", "normal", "special"]

DEEPEST = 6
"""Levels of headings."""
_NUMBER = re.compile(r"[0-9]{1,9}")
_ROMAN = re.compile(r"[ivxlcdm]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the printed book.

    Attributes:
        id: unique in the book.
    """

    id: str
    label: str

    @property
    def kind(self) -> PageKind:
        """``front`` for Roman numbers, ``normal`` for others, ``special`` for what is no number of a page.

        >>> [Page("p", label).kind for label in ("xii", "12", "cover", "1234567890")]
        ['front', 'normal', 'special', 'special']
        """
        if _NUMBER.fullmatch(self.label):
            return "normal"
        return "front" if _ROMAN.fullmatch(self.label) else "special"


@dataclass(frozen=True, slots=True)
class Item:
    """A phrase: what is highlighted at once.

    Attributes:
        id: unique in the book.
        begin, end: in the section's file.
        pages: that begin before it, unspoken.
    """

    id: str
    text: str
    begin: Seconds
    end: Seconds
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A block that is heard.

    Attributes:
        level: of a heading.
        page: the page that it announces, where it does.
    """

    kind: BlockKind
    items: tuple[Item, ...]
    level: int = 0
    language: str = ""
    aside: bool = False
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """What one file of sound holds.

    Attributes:
        name: of its files, without extension.
        title: for the table of contents.
        heading: the line that says the title; None where no line does.
    """

    name: str
    title: str
    level: int
    duration: Seconds
    lines: tuple[Line, ...]
    heading: Line | None = None

    @property
    def items(self) -> Iterator[Item]:
        return (item for line in self.lines for item in line.items)

    def entries(self) -> Iterator[Entry]:
        """Its entries in the table of contents."""
        if self.heading is None:
            yield Entry(self.level, self.title, next(self.items), self)
        for line in self.lines:
            if line is self.heading:
                yield Entry(self.level, self.title, line.items[0], self)
            elif line.kind == "heading":
                yield Entry(max(self.level, line.level), _spoken(line), line.items[0], self)

    def turned_pages(self) -> Iterator[TurnedPage]:
        """Pages that begin in it."""
        for line in self.lines:
            for number, item in enumerate(line.items):
                yield from (TurnedPage(page, item, self) for page in item.pages)
                if line.page and not number:
                    yield TurnedPage(line.page, item, self)


class Entry(NamedTuple):
    """An entry in the table of contents.

    Attributes:
        item: where it begins.
    """

    level: int
    title: str
    item: Item
    section: Section

    @property
    def target(self) -> str:
        """The element of a SMIL file that it leads to."""
        return f"{self.section.name}.smil#{self.item.id}s"


class TurnedPage(NamedTuple):
    """A page of the printed book that begins.

    Attributes:
        item: the first one on it.
    """

    page: Page
    item: Item
    section: Section

    @property
    def target(self) -> str:
        """The element of a SMIL file that it leads to."""
        begins = self.page if self.page in self.item.pages else self.item
        return f"{self.section.name}.smil#{begins.id}s"


def list_entries(sections: Iterable[Section]) -> list[Entry]:
    """The table of contents, with no level left out on the way down.

    >>> line = Line("paragraph", (Item("i1", "", 0, 0),))
    >>> sections = [Section("001", "", level, 0.0, (line,)) for level in (2, 4, 2, 1)]
    >>> [entry.level for entry in list_entries(sections)]
    [1, 2, 1, 1]
    """
    above: list[int] = []
    ordered: list[Entry] = []
    for entry in (each for section in sections for each in section.entries()):
        while above and above[-1] >= entry.level:
            above.pop()
        above.append(entry.level)
        ordered.append(entry._replace(level=min(len(above), DEEPEST)))
    return ordered


def list_pages(sections: Iterable[Section]) -> list[TurnedPage]:
    """The pages of the printed book, in the order in which they are heard."""
    return [each for section in sections for each in section.turned_pages()]


def stay_within(parent: etree._Element, kind: etree._Element) -> etree._Element:
    """Where the next line of a group stands: in the last element of `parent` if that is like `kind`, else in `kind`.

    >>> body = etree.fromstring("<body><p/></body>")
    >>> first, second = (stay_within(body, etree.Element("table")) for _ in range(2))
    >>> first is second, len(body)
    (True, 2)
    """
    last = parent[-1] if len(parent) else None
    if last is None or last.tag != kind.tag or last.attrib != kind.attrib:
        parent.append(kind)
    return parent[-1]


def serialise(root: etree._Element, doctype: str) -> bytes:
    """A file of the book.

    Args:
        doctype: stands before the root.
    """
    data: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True, doctype=doctype)
    return data + b"\n"


def make_section(recording: Recording, chapter: Chapter, first_id: int, *, title: str = "") -> Section | None:
    """A section of a chapter that was spoken; None where nothing of it is heard.

    Args:
        first_id: number of its first item, which makes ids unique in the book.
        title: for the table of contents; empty: its heading, or the chapter's title.
    """
    blocks = recording.narration.blocks
    phrases = list(recording.sentences())
    if not phrases:
        return None
    duration = recording.clip.duration
    begins = [0.0, *(phrase.begin for phrase in phrases[1:]), duration]
    pages = _place_pages(recording, phrases)
    lines: list[Line] = []
    for number, block in enumerate(blocks):
        own = [at for at, phrase in enumerate(phrases) if phrase.block == number]
        if not own:
            continue
        texts = _cut_text(block, [phrases[at] for at in own])
        items = tuple(
            Item(f"i{first_id + at}", text, begins[at], begins[at + 1], pages.get(at, ()))
            for at, text in zip(own, texts, strict=True)
        )
        page = Page(f"p{first_id + own[0]}", _label(block)) if block.kind == "page" else None
        lines.append(Line(block.kind, items, block.level, block.language, block.aside, page))
    heading = next((line for line in lines[:1] if line.kind == "heading"), None)
    return Section(
        name=recording.narration.utterance.id,
        title=title or (_spoken(heading) if heading else chapter.title or _spoken(lines[0])),
        level=min(max(chapter.level, 1), DEEPEST),
        duration=duration,
        lines=tuple(lines),
        heading=heading,
    )


def _spoken(line: Line) -> str:
    return " ".join("".join(item.text for item in line.items).split())


def _place_pages(recording: Recording, phrases: Sequence[Phrase]) -> dict[int, tuple[Page, ...]]:
    """Pages that nobody announces, by the number of the phrase that they come before."""
    blocks = recording.narration.blocks
    spoken = {phrase.block for phrase in phrases}
    found: dict[int, tuple[Page, ...]] = {}
    for turned in recording.pages():
        block = blocks[turned.block]
        if turned.point is None and turned.block in spoken:
            continue  # the line of the page itself
        label = _label(block, turned.point)
        if not label:
            continue  # nobody could go there
        offset = 0 if turned.point is None else block.points[turned.point].at
        at = next(
            (
                number
                for number, phrase in enumerate(phrases)
                if (phrase.block, phrase.end) > (turned.block, offset)
            ),
            len(phrases) - 1,
        )
        id = f"p{recording.narration.utterance.id}-{turned.block}-{turned.point or 0}"
        found[at] = (*found.get(at, ()), Page(id, label))
    return found


def _label(block: Block, point: int | None = None) -> str:
    """What a page is called: the words of a block that is one, or the name of a point in a block."""
    return block.plain.strip() or block.name if point is None else block.points[point].name


def _cut_text(block: Block, phrases: Sequence[Phrase]) -> list[str]:
    """The words of each phrase, which together are all of the block: what nobody says belongs to the phrase before."""
    cuts = [0, *(phrase.start for phrase in phrases[1:]), len(block.text)]
    return [block.show(start, end) for start, end in pairwise(cuts)]
