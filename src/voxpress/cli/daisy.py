"""``voxpress daisy``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voxpress.cli.books import Book, BookFile, Making, OutlineFile, Reading
from voxpress.cli.options import (
    examples,
    spread,
)

app = typer.Typer()


class Version(StrEnum):
    """Versions of DAISY."""

    OLD = "2.02"
    NEW = "3"


@app.command(
    epilog=examples("voxpress daisy emma.epub -o emma-daisy", "voxpress daisy emma.epub -o emma-3 --daisy 3")
)
@spread
def daisy(
    *,
    book: BookFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the talking book goes.")
    ],
    version: Annotated[
        Version, typer.Option("--daisy", help="The version of DAISY: nearly every player has 2.02.")
    ] = Version.OLD,
    outline: OutlineFile = None,
    reading: Reading,
    making: Making,
) -> None:
    """Make a DAISY talking book: sound, text, and navigation by heading, page and phrase."""
    from voxpress.publish.daisy import OUTPUT, narrate_book, require_folder, write_daisy

    opened = Book.open(book, outline, reading)
    target = output.expanduser()
    require_folder(target)
    narrations = list(narrate_book(opened.document, opened.outline))
    recordings = opened.record(narrations, OUTPUT, making)
    files = write_daisy(
        recordings, opened.document, opened.outline, target, opened.store, version=version.value
    )
    print(f"{len(files):,} files in {target}")
    raise typer.Exit(opened.tell_doubts(recordings))
