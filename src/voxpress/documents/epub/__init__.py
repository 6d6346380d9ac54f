"""EPUB 2 and 3."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import MappingProxyType

from voxpress.documents import Block, Document, Format
from voxpress.documents.archive import Archive
from voxpress.documents.epub.metadata import find_cover, read_metadata
from voxpress.documents.epub.navigation import read_contents
from voxpress.documents.epub.package import Package
from voxpress.documents.pages.chapters import Part, Surveyed, list_chapters
from voxpress.documents.pages.context import Reading
from voxpress.documents.pages.elements import read_blocks
from voxpress.documents.pages.survey import survey_page
from voxpress.errors import InputError
from voxpress.text import lexicon

MOST_NOTES = 100


def read(path: Path) -> Document:
    """An EPUB. Its pages are looked through once; chapters read theirs again.

    Raises:
        InputError: it is no EPUB, is protected or damaged, or has no page that can be read.
    """
    return read_archive(Archive(path))


def read_archive(archive: Archive) -> Document:
    """The book in an archive.

    Raises:
        InputError: as for `read`.
    """
    package = Package(archive)
    contents = read_contents(package)
    wanted: dict[str, set[str]] = {}
    for entry in contents.entries:
        wanted.setdefault(entry.file, set()).add(entry.fragment)
    pages = []
    references: set[str] = set()
    left_out: Counter[str] = Counter()
    for item in package.spine:
        try:
            root = package.parse_page(item.name).root
        except InputError as error:
            archive.note(f"left out: {error}")
            continue
        survey = survey_page(root, make_reading(package, item.name), wanted.get(item.name, ()))
        pages.append(Surveyed(item.name, survey, item.linear))
        references |= survey.references
        left_out += survey.left_out
    if not pages:
        problems = "; ".join(archive.notes[:3]) or "its reading order is empty"
        raise InputError(f"has no page that can be read: {problems}", place=str(archive.path))
    metadata = read_metadata(package)
    metadata["language"] = metadata["language"] or pages[0].survey.language

    def load(parts: Sequence[Part]) -> Callable[[], Sequence[Block]]:
        return functools.partial(
            _load, package, parts, metadata["language"], frozenset(references), contents.pages
        )

    chapters = list_chapters(pages, contents, load, archive.note)
    for problem, count in left_out.items():
        archive.note(f"left out: {count} × {problem}")
    words = _read_lexicons(package)
    return Document(
        path=archive.path,
        cover=find_cover(package),
        lexicon=words,
        chapters=chapters,
        notes=_limit(archive.notes),
        **metadata,
    )


def make_reading(
    package: Package,
    file: str,
    language: str = "",
    notes: AbstractSet[str] = frozenset(),
    pages: Mapping[str, str] = MappingProxyType({}),
) -> Reading:
    """What is known of a page of a book."""

    def resolve(href: str) -> str:
        name, fragment = package.locate(file, href)
        return f"{name}#{fragment}" if name else ""

    return Reading(file=file, language=language, notes=notes, pages=pages, resolve=resolve)


def _load(
    package: Package, parts: Sequence[Part], language: str, notes: AbstractSet[str], pages: Mapping[str, str]
) -> Sequence[Block]:
    """The blocks of a chapter."""
    blocks: list[Block] = []
    for part in parts:
        reading = make_reading(package, part.file, language, notes, pages)
        blocks += read_blocks(package.parse_page(part.file).root, reading, part.span)
    return blocks


def _read_lexicons(package: Package) -> lexicon.Lexicon:
    """The lexicons of a book as one."""
    found = lexicon.Lexicon()
    for item in package.lexicons:
        try:
            found = found.over(lexicon.parse(package.read(item.name), item.name))
        except InputError as error:
            package.archive.note(f"a lexicon was left out: {error}")
    for note in found.notes:
        package.archive.note(note)
    return found


def _limit(notes: Sequence[str]) -> tuple[str, ...]:
    if len(notes) <= MOST_NOTES:
        return tuple(notes)
    return (*notes[:MOST_NOTES], f"and {len(notes) - MOST_NOTES} more")


FORMAT = Format(
    description="EPUB 2 and 3",
    extensions=(".epub",),
    recognise=lambda head: head.startswith(b"PK\3\4") and b"application/epub+zip" in head,
    read=read,
)
