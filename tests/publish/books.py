"""Books of our own for the tests of publications."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from tests.publish import epubs
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


def write_epub(path: Path, chapters: Sequence[tuple[str, Sequence[str]]]) -> Path:
    """An EPUB 3 of chapters, each with a title and paragraphs."""
    files = {}
    for number, (title, paragraphs) in enumerate(chapters, start=1):
        body = f"<h1>{escape(title)}</h1>" + "".join(f"<p>{escape(each)}</p>" for each in paragraphs)
        files[f"chapter-{number}.xhtml"] = epubs.page(body, escape(title))
    titles = (escape(title) for title, _ in chapters)
    nav = epubs.contents(dict(zip(files, titles, strict=True)))
    creator = "<dc:creator>Jane Austen</dc:creator>"
    return epubs.write_epub(path, {**files, "nav.xhtml": nav}, title="Emma", metadata=creator)
