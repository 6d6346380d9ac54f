"""``voxpress audiobook``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from voxpress.cli.books import Book, BookFile, Making, OutlineFile, Reading
from voxpress.cli.options import examples, spread
from voxpress.errors import InputError

app = typer.Typer()
_CHAPTERS = ("mp3", "m4a", "opus")
"""Formats of the files in a folder."""
_SOUNDS = (".mp3", ".opus", ".ogg", ".wav", ".flac", ".aac")
"""Extensions of what is no folder, and no book with chapters either."""


@app.command(
    epilog=examples(
        "voxpress audiobook emma.epub -o emma.m4b",
        "voxpress audiobook emma.epub -o emma --format mp3",
        "voxpress audiobook emma.epub -o chapters --preset acx && voxpress acx chapters",
    )
)
@spread
def audiobook(
    *,
    book: BookFile,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE.m4b|DIR",
            help="One file with chapters, or a folder with a file for each.",
        ),
    ],
    outline: OutlineFile = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format", "-f", metavar="NAME", help="Of the files in a folder: mp3 (the default), m4a, opus."
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset", "-p", metavar="NAME", help="Loudness and pauses: audiobook (the default), acx …"
        ),
    ] = None,
    library: Annotated[
        bool,
        typer.Option(
            "--library",
            help="Below DIR, make folders for author, series and book, as Audiobookshelf has them.",
        ),
    ] = False,
    reading: Reading,
    making: Making,
) -> None:
    """Make an audiobook. What was spoken before is not spoken again."""
    from voxpress.audio.audiobooks import list_others, name_folder
    from voxpress.cli.tables import count
    from voxpress.files import atomic
    from voxpress.publish.audiobook import (
        M4B,
        describe_book,
        name_narrators,
        narrate_audiobook,
        write_audiobook,
    )

    single = output.suffix.lower() in M4B
    if single and format not in (None, "m4a"):
        raise InputError(f"{output.name} holds AAC, and no {format}: leave --format out, or name a folder")
    if not single and (output.suffix.lower() in _SOUNDS or (format or "mp3") not in _CHAPTERS):
        raise InputError(
            f"a book is one file called .m4b, or a folder of {', '.join(_CHAPTERS)}: name one of these"
        )
    if single and library:
        raise InputError("--library makes folders: name a folder with -o")
    opened = Book.open(book, outline, reading)
    target = output.expanduser()
    atomic.require_place(target if single else target / "01.mp3", "output")
    made = opened.find_output(preset or "audiobook", "m4a" if single else format or _usual_format(preset))
    tags = describe_book(opened.document, opened.outline)  # reads the cover, before anything is spoken
    narrations = list(narrate_audiobook(opened.document, opened.outline))
    recordings = opened.record(narrations, made, making)
    if library:
        target = target / name_folder(name_narrators(tags, recordings))
    files = write_audiobook(recordings, opened.document, opened.outline, target, opened.store, tags=tags)
    print(target if single else f"{count(len(files), 'chapter')} in {target}")
    if not single and (others := list_others(target, files)):
        print(
            f"voxpress: {others[0].name} in {target} is no chapter of this run"
            + (f", nor are {len(others) - 1:,} others" if len(others) > 1 else "")
            + ": players show it too, so delete it if it is of a former run",
            file=sys.stderr,
        )
    raise typer.Exit(opened.tell_doubts(recordings))


def _usual_format(preset: str | None) -> str | None:
    """Of the files in a folder; None: as the preset says."""
    return None if preset else "mp3"
