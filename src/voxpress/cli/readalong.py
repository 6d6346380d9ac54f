"""``voxpress readalong``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from voxpress.cli.books import Book, BookFile, OutlineFile
from voxpress.cli.options import (
    Device,
    EngineName,
    Language,
    LexiconFiles,
    Model,
    Normalise,
    Options,
    Seed,
    Speed,
    StoreUrl,
    VoiceName,
    Workers,
    examples,
    read_options,
)
from voxpress.errors import InputError, suggest

if TYPE_CHECKING:
    from voxpress.publish.readalong import Made

app = typer.Typer()

_GRANULARITIES = ("sentence", "word")


@app.command(
    epilog=examples(
        "voxpress readalong emma.epub -o emma-read-along.epub",
        "voxpress readalong emma.epub -o out.epub --engine kokoro --voice bf_emma --granularity word",
    )
)
def readalong(
    book: BookFile,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The new EPUB.")],
    outline: OutlineFile = None,
    granularity: Annotated[
        str, typer.Option("--granularity", metavar="NAME", help="What is highlighted: sentence or word.")
    ] = "sentence",
    format: Annotated[
        str, typer.Option("--format", "-f", metavar="NAME", help="Of the sound in it: mp3 or m4a.")
    ] = "mp3",
    replace: Annotated[
        bool, typer.Option("--replace", help="Make the overlays of a book that has some again.")
    ] = False,
    narrator: Annotated[
        str | None, typer.Option("--narrator", metavar="NAME", help="For the metadata; by default the voice.")
    ] = None,
    engine: EngineName = None,
    model: Model = None,
    voice: VoiceName = None,
    language: Language = None,
    speed: Speed = None,
    seed: Seed = None,
    option: Options = None,
    device: Device = None,
    lexicon: LexiconFiles = None,
    normalise: Normalise = None,
    store: StoreUrl = None,
    workers: Workers = None,
) -> None:
    """Add a reading to an EPUB: each sentence is highlighted while it is heard.

    Pages and styles of the book stay as they are. Only what changed is spoken.
    """
    from voxpress import validation
    from voxpress.publish.readalong import FORMATS, Readalong, propose_outline
    from voxpress.speech import Output, Speaker

    validation.check({"workers": workers}, optional=("workers",))
    for name, value, known in (
        ("granularity", granularity, _GRANULARITIES),
        ("format", format, tuple(FORMATS)),
    ):
        if value not in known:
            raise InputError(f"--{name}: no {value!r}{suggest(value, known)} (known: {', '.join(known)})")
    opened = Book.open(
        book,
        outline,
        speaker=Speaker(
            engine=engine,
            model=model,
            voice=voice,
            language=language,
            speed=speed,
            seed=seed,
            options=read_options(option),
        ),
        lexicon=lexicon,
        normalise=normalise,
        store=store,
        device=device,
    )
    if opened.outline_path is None:
        opened = dataclasses.replace(opened, outline=propose_outline(opened.document))
    with Readalong(
        opened.document,
        opened.outline,
        granularity=cast('Literal["sentence", "word"]', granularity),
        replace=replace,
    ) as made_from:
        made_from.check(output)
        for recording in opened.record(list(made_from.narrations()), Output(format=format), workers=workers):
            made_from.add(recording)
        made = made_from.write(output, opened.store, narrator=narrator or opened.outline.narrator)
    _describe(made)


def _describe(made: Made) -> None:
    from voxpress.cli.tables import count

    done = "" if made.written else "; it was so already"
    print(f"{made.path}: {count(len(made.narrated), 'page')} can be read along{done}")
    for note in made.notes:
        print(f"note: {note}")
    for file, reason in made.silent:
        print(f"without narration: {file}: {reason}")
