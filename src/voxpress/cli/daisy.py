"""``voxpress daisy``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from voxpress.cli.books import Book, BookFile, OutlineFile, Verify
from voxpress.cli.options import (
    AsrModel,
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

app = typer.Typer()


class Version(StrEnum):
    """Versions of DAISY."""

    OLD = "2.02"
    NEW = "3"


@app.command(
    epilog=examples("voxpress daisy emma.epub -o emma-daisy", "voxpress daisy emma.epub -o emma-3 --daisy 3")
)
def daisy(
    book: BookFile,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the talking book goes.")
    ],
    version: Annotated[
        Version, typer.Option("--daisy", help="The version of DAISY: nearly every player has 2.02.")
    ] = Version.OLD,
    outline: OutlineFile = None,
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
    verify: Verify = False,
    recogniser: AsrModel = None,
) -> None:
    """Make a DAISY talking book: sound, text, and navigation by heading, page and phrase."""
    from voxpress.publish.daisy import OUTPUT, narrate_book, require_folder, write_daisy
    from voxpress.speech import Speaker

    speaker = Speaker(
        engine=engine,
        model=model,
        voice=voice,
        language=language,
        speed=speed,
        seed=seed,
        options=read_options(option),
    )
    opened = Book.open(
        book, outline, speaker=speaker, lexicon=lexicon, normalise=normalise, store=store, device=device
    )
    target = output.expanduser()
    require_folder(target)
    narrations = list(narrate_book(opened.document, opened.outline))
    recordings = opened.record(narrations, OUTPUT, workers=workers, verify=verify, recogniser=recogniser)
    files = write_daisy(
        recordings, opened.document, opened.outline, target, opened.store, version=version.value
    )
    print(f"{len(files):,} files in {target}")
    raise typer.Exit(opened.tell_doubts(recordings))
