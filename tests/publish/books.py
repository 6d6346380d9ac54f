"""Books of our own for the tests of publications."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from html import escape
from pathlib import Path

from voxpress.documents import Block, Chapter, Document, Place
from voxpress.publish.outline import Outline
from voxpress.publish.recording import Recording, make_planner, narrate_chapters, record
from voxpress.speech import Output, Speaker
from voxpress.store import Store, open_store

TONE = Speaker(engine="tone")


def chapter(number: int, title: str, *blocks: Block, level: int = 1) -> Chapter:
    """A chapter with these blocks."""
    return Chapter(title=title, level=level, place=Place("text.xhtml", number), load=lambda: blocks)


def paragraph(text: str, **fields: object) -> Block:
    return Block(kind="paragraph", text=text, **fields)  # type: ignore[arg-type]


def book(*chapters: Chapter, **fields: object) -> Document:
    known = {"title": "Emma", "creators": ("Jane Austen",), "language": "en", "path": Path("emma.epub")}
    return Document(chapters=chapters, **{**known, **fields})  # type: ignore[arg-type]


def spoken(
    document: Document, outline: Outline, output: Output | None = None, store: Store | None = None
) -> Sequence[Recording]:
    """The chapters of a document, in order, with the voice of `tone`."""
    planner = make_planner(document, outline, output or Output(), speaker=TONE)
    found = record(narrate_chapters(document, outline), planner, store or open_store("memory:"), workers=0)
    return sorted(found, key=lambda each: each.narration.utterance.id)


_CONTAINER = """<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
_PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:isbn:9780000000001</dc:identifier>
<dc:title>Emma</dc:title><dc:language>en</dc:language><dc:creator>Jane Austen</dc:creator>
<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta></metadata>
<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>{items}</manifest>
<spine>{spine}</spine></package>"""
_PAGE = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title></head><body>{body}</body></html>"""


def write_epub(path: Path, chapters: Sequence[tuple[str, Sequence[str]]]) -> Path:
    """An EPUB 3 of chapters, each with a title and paragraphs."""
    names = [f"chapter-{number}" for number in range(1, len(chapters) + 1)]
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml"/>' for name in names
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    entries = "".join(
        f'<li><a href="{name}.xhtml">{escape(title)}</a></li>'
        for name, (title, _) in zip(names, chapters, strict=True)
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr("META-INF/container.xml", _CONTAINER)
        book.writestr("book/package.opf", _PACKAGE.format(items=items, spine=spine))
        contents = f'<nav epub:type="toc"><ol>{entries}</ol></nav>'
        book.writestr("book/nav.xhtml", _PAGE.format(title="Contents", body=contents))
        for name, (title, paragraphs) in zip(names, chapters, strict=True):
            body = f"<h1>{escape(title)}</h1>" + "".join(f"<p>{escape(each)}</p>" for each in paragraphs)
            book.writestr(f"book/{name}.xhtml", _PAGE.format(title=escape(title), body=body))
    return path
