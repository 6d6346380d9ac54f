"""What a book or an article says: chapters made of blocks, with the places in the source that they come from.

A module with a `FORMAT` reads one source format; `read` finds the one for a file. `pages` and `elements` turn XHTML and
HTML into blocks, `chapters` says which of them are a chapter. docs/documents.md says how everything is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape  # `html` is a module of this package
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from voxpress.audio.tags import picture_type
from voxpress.errors import InputError
from voxpress.text.lexicon import Lexicon
from voxpress.variants import Variants, find_shown, list_extensions

BlockKind: TypeAlias = Literal[
    "heading", "paragraph", "item", "verse", "row", "caption", "code", "image", "note", "page", "break"
]
"""``item``: of a list; ``verse``: one line; ``row``: of a table, its cells with commas; ``image``: its description;
``note``: a paragraph of a footnote or endnote; ``page``: a page of the printed book begins, its number is the text;
``break``: a scene ends."""

ChapterRole: TypeAlias = Literal["body", "title", "front", "back", "contents", "notes"]
"""``title``: cover, title page and half title; ``front``, ``back``: copyright, imprint, colophon, index and the like;
``contents``: a table of contents."""

_TAG = re.compile(r"<[^<>]*(?:>|$)|^[^<>]*>")
"""Also of which a piece of a text holds the beginning or the end only."""


class Place(NamedTuple):
    """An element of a source file.

    Attributes:
        file: its name in the book; of a single file, the file's name.
        element: its number among the elements of the file, in document order, from 0 for the root.
    """

    file: str
    element: int = 0


NOWHERE = Place("")
"""The place of what has none."""


class Run(NamedTuple):
    """A piece of a block's text that stands in the source as it is.

    Attributes:
        at: where it begins in `Block.text`.
        source: where it begins in the text content of the file: all text nodes in document order, one after another.
        length: of the piece in `Block.text`.
        source_length: of the same piece in the source; differs where characters are escaped or white space collapses.
    """

    at: int
    source: int
    length: int
    source_length: int


class Point(NamedTuple):
    """Something within a block that is not spoken with it.

    Attributes:
        at: its place in `Block.text`.
        kind: ``note``: a reference to a note; ``page``: a page of the printed book begins.
        name: the note's `Block.name`, or the page's number.
        place: its element.
    """

    at: int
    kind: Literal["note", "page"]
    name: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, or what else stands on lines of its own.

    >>> Block(kind="paragraph", text="Salt &amp; <sub alias='water'>H2O</sub>").plain
    'Salt & H2O'

    Attributes:
        text: what is spoken, as the content of an SSML element: ``<phoneme>``, ``<sub>``, ``<lang>``, ``<say-as>``.
        language: BCP 47 tag where it is not that of the document.
        speaker: who says it, where the source names somebody.
        level: of a heading, from 1; of a list item, how deep it stands; 1 for a row that only has headers.
        name: of a note, what its references name; all paragraphs of a note have it.
        place: its element.
        runs: how `text` maps to the file's text content, in order.
        points: references to notes, and page numbers, in order.
        aside: it stands in a sidebar, or another part that readers can skip.
    """

    kind: BlockKind
    text: str = ""
    language: str = ""
    speaker: str = ""
    level: int = 0
    name: str = ""
    place: Place = NOWHERE
    runs: tuple[Run, ...] = ()
    points: tuple[Point, ...] = ()
    aside: bool = False

    @property
    def plain(self) -> str:
        """The text without its markup, as a reader sees it."""
        return self.show(0, len(self.text))

    def show(self, start: int, end: int) -> str:
        """A piece of the text without its markup, though it may begin or end within a tag.

        >>> Block(kind="paragraph", text="Salt &amp; <sub alias='water'>H2O</sub>").show(5, 20)
        '& '
        """
        return unescape(_TAG.sub("", self.text[start:end]))

    def find_source(self, start: int, end: int) -> tuple[int, int] | None:
        """Where a piece of `text` stands in the text content of the file; None if nothing of it does.

        >>> block = Block(kind="paragraph", text="<sub alias='a'>B</sub> c", runs=(Run(15, 4, 1, 1), Run(22, 5, 2, 2)))
        >>> block.find_source(0, 24)
        (4, 7)
        """
        found = [
            (
                run.source + (max(start - run.at, 0) if run.length == run.source_length else 0),
                run.source
                + (min(end - run.at, run.length) if run.length == run.source_length else run.source_length),
            )
            for run in self.runs
            if run.at < end and start < run.at + run.length
        ]
        return (min(a for a, _ in found), max(b for _, b in found)) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A chapter, as the table of contents has it. Every block of a document is in exactly one, in reading order.

    Attributes:
        title: empty for what no entry of the table of contents leads to, such as title pages.
        level: in the table of contents, from 1.
        place: where it begins.
        load: reads its blocks; nothing of them is kept.
    """

    title: str
    level: int = 1
    role: ChapterRole = "body"
    place: Place = NOWHERE
    load: Callable[[], Sequence[Block]] = field(repr=False, compare=False, default=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The picture of a book.

    Attributes:
        media_type: ``image/jpeg`` or ``image/png``.
    """

    media_type: str
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, data: bytes) -> Cover | None:
        """The cover that a file is; None if it is neither JPEG nor PNG.

        >>> Cover.of(b"GIF89a") is None
        True
        """
        media_type = picture_type(data)
        return cls(media_type=media_type, data=data) if media_type else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a book or an article says, and what is known of it. Fields that the source does not fill are empty.

    Attributes:
        language: BCP 47 tag.
        published: a date as the source writes it.
        series, position: the series that it belongs to, and its number there.
        lexicon: the pronunciations that the book brings with it.
        notes: what was left out or repaired while reading.
    """

    title: str
    path: Path
    subtitle: str = ""
    creators: tuple[str, ...] = ()
    language: str = ""
    identifier: str = ""
    publisher: str = ""
    published: str = ""
    description: str = ""
    rights: str = ""
    series: str = ""
    position: str = ""
    cover: Cover | None = None
    lexicon: Lexicon = field(default_factory=Lexicon)
    chapters: tuple[Chapter, ...] = ()
    notes: tuple[str, ...] = ()


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format of documents.

    >>> FORMATS.require("epub").extensions
    ('.epub',)
    """

    description: str
    extensions: tuple[str, ...] = ()
    """Endings of file names, in lower case, with the dot."""
    recognise: Callable[[bytes], bool]
    """Whether a file that begins with these bytes can be nothing else."""
    read: Callable[[Path], Document]


_HEAD = 4096
"""Bytes that show the format of a file."""
_OTHERS: Mapping[str, str] = {
    ".kfx": "convert it to EPUB (Calibre with the plug-in KFX Input)",
    ".pdf": "it has no paragraphs and no order of reading: use the EPUB, or the text that it was made from",
    ".doc": "save it as DOCX",
    ".odt": "save it as DOCX",
    ".rtf": "save it as DOCX",
}
"""What to do with files that people have, and that voxpress does not read."""


FORMATS = Variants(__name__, __path__, "FORMAT", Format, "document format")


def recognise(path: str, head: bytes) -> str:
    """The name of the format of a document: by what it begins with, else by its extension.

    >>> recognise("book.zip", b"PK\3\4..mimetypeapplication/epub+zip"), recognise("notes.md", b"# Salt")
    ('epub', 'markdown')

    Raises:
        InputError: neither shows the format.
    """
    if name := find_shown(FORMATS, path, head):
        return name
    what = _OTHERS.get(Path(path).suffix.lower(), "")
    raise InputError(
        f"is no document that voxpress reads ({list_extensions(FORMATS)}){what and f': {what}'}", place=path
    )


def read(path: str | os.PathLike[str], format: str | None = None) -> Document:
    """The document at `path`. Its chapters are read when somebody loads them.

    Args:
        format: one of `FORMATS`; None: the content and the extension decide.

    Raises:
        InputError: it cannot be read, or holds nothing to read.
    """
    place = Path(path)
    try:
        with place.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(place)) from error
    return FORMATS.require(format or recognise(str(place), head)).read(place)
