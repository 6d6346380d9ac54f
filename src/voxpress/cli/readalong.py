"""``voxpress readalong``."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.books import Book, Making, OutlineFile, Reading
from voxpress.cli.options import (
    examples,
    spread,
)

if TYPE_CHECKING:
    from voxpress.publish.readalong import Made

app = typer.Typer()


class Granularity(StrEnum):
    """What is highlighted."""

    SENTENCE = "sentence"
    WORD = "word"


class Format(StrEnum):
    """Formats of the sound in a book."""

    MP3 = "mp3"
    M4A = "m4a"


@app.command(
    epilog=examples(
        "voxpress readalong emma.epub -o emma-read-along.epub",
        "voxpress readalong emma.epub -o out.epub --engine kokoro --voice bf_emma --granularity word",
    )
)
@spread
def readalong(
    *,
    book: Annotated[Path, typer.Argument(metavar="BOOK", help="EPUB 2 or 3.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The new EPUB.")],
    outline: OutlineFile = None,
    granularity: Annotated[
        Granularity, typer.Option("--granularity", help="What is highlighted while it is heard.")
    ] = Granularity.SENTENCE,
    format: Annotated[Format, typer.Option("--format", "-f", help="Of the sound in the book.")] = Format.MP3,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make the overlays of a book that has some again.")
    ] = False,
    narrator: Annotated[
        str | None, typer.Option("--narrator", metavar="NAME", help="For the metadata; by default the voice.")
    ] = None,
    reading: Reading,
    making: Making,
) -> None:
    """Add a reading to an EPUB: each sentence is highlighted while it is heard.

    Pages and styles of the book stay as they are. Only what changed is spoken.
    """
    from msgspec.structs import replace as replaced

    from voxpress.publish.readalong import OUTPUT, Readalong, propose_outline

    opened = Book.open(book, outline, reading)
    if opened.outline_path is None:
        opened = dataclasses.replace(opened, outline=propose_outline(opened.document))
    with Readalong(opened.document, opened.outline, granularity=granularity.value, replace=replace) as new:
        new.check(output)
        narrations = list(new.narrations())
        recordings = opened.record(narrations, replaced(OUTPUT, format=format.value), making)
        for recording in recordings:
            new.add(recording)
        made = new.write(output, opened.store, narrator=narrator or opened.outline.narrator)
    _describe(made)
    raise typer.Exit(opened.tell_doubts(recordings))


def _describe(made: Made) -> None:
    from voxpress.cli.tables import count

    done = "" if made.written else "; it was so already"
    print(f"{made.path}: {count(len(made.narrated), 'page')} can be read along{done}")
    for note in made.notes:
        print(f"note: {note}")
    by_reason: dict[str, list[str]] = {}
    for file, reason in made.silent:
        by_reason.setdefault(reason, []).append(file)
    for reason, files in by_reason.items():
        more = f" and {len(files) - 1:,} more" if files[1:] else ""
        print(f"without narration: {files[0]}{more}: {reason}")
