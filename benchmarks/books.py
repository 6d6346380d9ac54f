"""How books are read: each book of a suite is read, or refused with a reason, and what it says is checked.

python benchmarks/books.py epub-tests epubcheck/src/test/resources --details

A suite is a folder with books, zipped or unzipped; docs/documents.md says where they come from. For each book that is
read: no block is lost or read twice, all runs lead to the words that they stand for, and all texts are SSML.
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from voxpress import documents
from voxpress.documents.archive import Archive
from voxpress.documents.epub.package import Package
from voxpress.documents.pages import text_content
from voxpress.errors import InputError
from voxpress.text import parse

_SPACES = re.compile(r"[ \t\r\n\f]+")


class Outcome(NamedTuple):
    """What became of a book."""

    name: str
    refused: str = ""
    chapters: int = 0
    blocks: int = 0
    characters: int = 0
    seconds: float = 0.0
    wrong: str = ""
    notes: tuple[str, ...] = ()


def list_books(suite: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """The books of a suite; those that are folders are zipped."""
    if suite.is_file():
        yield suite.name, suite
        return
    for path in sorted(suite.rglob("*.epub")):
        if path.is_file():
            yield str(path.relative_to(suite)), path
    for container in sorted(suite.rglob("META-INF/container.xml")):
        folder = container.parent.parent
        book = scratch / "book.epub"
        with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*"), key=lambda path: (path.name != "mimetype", path)):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))
        yield str(folder.relative_to(suite)), book


def try_book(name: str, path: Path) -> Outcome:
    """Read a book as a publication does."""
    began = time.perf_counter()
    try:
        document = documents.read(path, "epub")
        chapters = [chapter.load() for chapter in document.chapters]
    except InputError as error:
        return Outcome(name, refused=error.problem, seconds=time.perf_counter() - began)
    seconds = time.perf_counter() - began
    blocks = [block for chapter in chapters for block in chapter]
    return Outcome(
        name,
        "",
        len(chapters),
        len(blocks),
        sum(len(block.plain) for block in blocks),
        seconds,
        find_mistake(path, document, blocks),
        document.notes,
    )


def find_mistake(path: Path, document: documents.Document, blocks: list[documents.Block]) -> str:
    """What is wrong with the blocks of a book; empty if nothing is."""
    package = Package(Archive(path))

    @functools.cache
    def read_text(file: str) -> str:
        return text_content(package.parse_page(file).root)

    last = ("", -1)
    for block in blocks:
        try:
            if block.text:
                parse(f"<speak>{block.text}</speak>", "ssml")
        except InputError as error:
            return f"{block.place}: {error}"
        for run in block.runs:
            text = documents.Block(kind="paragraph", text=block.text[run.at : run.at + run.length]).plain
            source = read_text(block.place.file)[run.source : run.source + run.source_length]
            if _SPACES.sub(" ", source) != text and _SPACES.sub(" ", source) != _SPACES.sub(" ", text):
                return f"{block.place}: {text!r} is {source!r} in the file"
            if (block.place.file, run.source) < last and block.place.file == last[0]:
                return f"{block.place}: {text!r} is read twice, or out of order"
            last = (block.place.file, run.source)
    return ""


def print_suite(suite: Path, outcomes: list[Outcome], *, details: bool) -> None:
    """One line for a suite; with `details`, one for each book."""
    read = [outcome for outcome in outcomes if not outcome.refused]
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    print(
        f"| {suite.name} | {len(outcomes)} | {len(read)} | {len(outcomes) - len(read)} "
        f"| {sum(o.chapters for o in read):,} | {sum(o.blocks for o in read):,} "
        f"| {sum(o.characters for o in read):,} | {sum(o.seconds for o in outcomes):.1f} | {slowest.seconds:.1f} |"
    )
    if details:
        for outcome in outcomes:
            print(
                f"    {outcome.name}: {outcome.refused or (outcome.chapters, outcome.blocks, outcome.characters)}"
                f" {outcome.seconds:.2f} s"
            )
            for note in outcome.notes:
                print(f"        {note}")


def main() -> int:
    """Read suites of books; 1 if something was read wrongly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="+", type=Path)
    parser.add_argument("--details", action="store_true", help="a line for each book, and what was noted")
    arguments = parser.parse_args()
    wrong: list[str] = []
    reasons: Counter[str] = Counter()
    print("| suite | books | read | refused | chapters | blocks | characters | seconds | slowest |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for suite in arguments.suites:
            outcomes = [try_book(name, path) for name, path in list_books(suite, Path(scratch))]
            if outcomes:
                print_suite(suite, outcomes, details=arguments.details)
            wrong += [
                f"{suite.name}/{outcome.name}: {outcome.wrong}" for outcome in outcomes if outcome.wrong
            ]
            reasons.update(re.sub(r"'[^']*'|\d+", "…", o.refused) for o in outcomes if o.refused)
    print("\nrefused:", *(f"{count} × {reason}" for reason, count in reasons.most_common()), sep="\n  ")
    print("\nwrong:", *(wrong or ["nothing"]), sep="\n  ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
