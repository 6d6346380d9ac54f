"""``voxpress review``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from voxpress.cli.books import Book, BookFile, OutlineFile, Reading, default_outline
from voxpress.cli.options import (
    AsrModel,
    Json,
    examples,
    recogniser_named,
    spread,
)
from voxpress.errors import InputError

app = typer.Typer()


@app.command(epilog=examples("voxpress review emma.epub", "voxpress review emma.epub --json"))
@spread
def review(
    *,
    book: BookFile,
    outline: OutlineFile = None,
    reading: Reading,
    recogniser: AsrModel = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Of the page; 0: any that is free.")
    ] = 0,
    json: Json = False,
) -> None:
    """Show the sentences of a book that were not heard as they are written, on a page where you decide on each.

    First make the book with --verify and the same voice. The page is on this machine only. Decisions are kept in the
    outline, and the next run for the book follows them.
    """
    from voxpress.cli.tables import print_json
    from voxpress.publish import outline as outlines
    from voxpress.publish.audiobook import narrate_audiobook
    from voxpress.publish.outline import Outline
    from voxpress.publish.review import Reviewing, count_heard
    from voxpress.speech import Output

    opened = Book.open(book, outline, reading)
    document, place = opened.document, opened.outline_path or default_outline(book)

    def save(changed: Outline) -> None:
        outlines.save(changed, place, source=book.name)

    def load() -> Outline:
        return outlines.load(place) if place.is_file() else opened.outline

    reviewing = Reviewing(
        load=load,
        save=save,
        narrate=lambda known: narrate_audiobook(document, known),
        make_planner=lambda known: dataclasses.replace(opened, outline=known).planner(Output()),
        store=opened.store,
        recogniser=recogniser_named(recogniser),
    )
    narrations = narrate_audiobook(document, opened.outline)
    heard, takes = count_heard(narrations, opened.planner(Output()), opened.store)
    if not heard:
        raise InputError(
            "no sentence was listened to yet: make the book with --verify first, with the same voice and store"
        )
    if heard < takes:
        typer.echo(f"note: {takes - heard:,} of {takes:,} sentences were not listened to yet", err=True)
    if json:
        fields = ("chapter", "text", "spoken", "heard", "wer", "differences")
        print_json([{name: getattr(each, name) for name in fields} for each in reviewing.sentences()])
        return
    try:
        from voxpress.server.review import serve
    except ImportError as error:
        from voxpress.errors import EngineNotInstalled

        raise EngineNotInstalled(
            f"the page needs {error.name}: run  pip install 'voxpress[server]'"
        ) from None
    serve(reviewing, document.title, port=port, tell=lambda url: typer.echo(f"{url}  (Ctrl-C ends it)"))
