"""``voxpress outline``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voxpress.cli.books import Book, BookFile, Reading, default_outline
from voxpress.cli.options import (
    Json,
    examples,
    spread,
)
from voxpress.errors import InputError

app = typer.Typer()


@app.command(
    epilog=examples(
        "voxpress outline emma.epub",
        "voxpress outline emma.epub -o emma.yaml --engine kokoro --voice bf_emma",
        "voxpress outline emma.epub --update",
    )
)
@spread
def outline(
    *,
    book: BookFile,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the outline goes; by default BOOK.outline.yaml beside the book. '-' is standard output.",
        ),
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Read the book again; what you decided in the outline stays."),
    ] = False,
    reading: Reading,
    json: Json = False,
) -> None:
    """Write what of a book will be read, by whom, how long it is and what it costs, for you to edit.

    The other commands for books follow that file.
    """
    import msgspec

    from voxpress.cli.summary import dollars
    from voxpress.cli.tables import count, print_json
    from voxpress.publish import outline as outlines
    from voxpress.publish.proposal import describe_languages, survey
    from voxpress.publish.proposal import update as update_outline
    from voxpress.speech import Output

    place = output or default_outline(book)
    shown = output == Path("-") or json
    if not shown and place.exists() and not update:
        raise InputError(f"{place} is there already: --update keeps what you decided in it")
    opened = Book.open(
        book,
        place,
        reading,
        fresh=not (update and place.is_file()),
        fits=False,
    )
    chosen = update_outline(opened.outline, opened.document) if update else opened.outline
    chosen = msgspec.structs.replace(chosen, speaker=reading.speaker.over(chosen.speaker))
    found = survey(opened.document, chosen, opened.planner(Output()), opened.store)
    if json:
        print_json(msgspec.to_builtins(found.outline))
        return
    if output == Path("-"):
        typer.echo(outlines.write(found.outline, source=book.name), nl=False)
        return
    outlines.save(found.outline, place, source=book.name)
    read = [each for each in found.outline.chapters if each.read]
    print(
        f"{place}: {len(read):,} of {count(len(found.outline.chapters), 'chapter')} will be read, about"
        f" {_tell_length(found.minutes)}, {count(found.characters, 'character')}"
    )
    cost = f", which cost {dollars(found.price)}" if found.price else ""
    print(f"not spoken yet: {count(found.to_speak, 'character')}, with numbers written out{cost}")
    for line in describe_languages(found.foreign, found.outline):
        print(line)
    if found.outline.uncertain:
        print(f"{count(len(found.outline.uncertain), 'reading')} may not be meant: see uncertain in the file")
    for problem in found.problems:
        typer.echo(f"voxpress: {problem}", err=True)
    raise typer.Exit(1 if found.problems else 0)


def _tell_length(minutes: float) -> str:
    """A duration as people say it.

    >>> _tell_length(0.4), _tell_length(12.2), _tell_length(150)
    ('24 s', '12 min', '2.5 h')
    """
    if minutes < 1.5:
        return f"{60 * minutes:.0f} s"
    return f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min"
