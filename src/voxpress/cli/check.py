"""``voxpress check``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voxpress.cli.options import (
    EarName,
    Json,
    ManifestFormat,
    Only,
    ear_called,
    examples,
)
from voxpress.cli.rows import Rows
from voxpress.errors import ManifestError

app = typer.Typer()

_FIRST = 256
"""Files of which the one with the most to say tells the language of all."""


@app.command(
    epilog=examples(
        "voxpress check out",
        "voxpress check out --manifest prompts.csv --report heard.jsonl",
        "voxpress check out/welcome.mp3 --manifest prompts.csv",
        "voxpress check recordings.jsonl --language de --naturalness",
    )
)
def check(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH",
            help="Folders and audio files; or, without --manifest, folders with a render's report, and reports.",
        ),
    ],
    manifest: Annotated[
        str | None,
        typer.Option(
            "--manifest", metavar="FILE", help="What the files are to say, in any format of 'render'."
        ),
    ] = None,
    source: ManifestFormat = None,
    only: Only = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Of rows that name none; by default the one that is heard.",
        ),
    ] = None,
    ear: EarName = None,
    bar: Annotated[
        float,
        typer.Option(
            "--bar",
            min=0,
            metavar="SHARE",
            help="Wrong words that a long text may have; see docs/listening.md.",
        ),
    ] = 0.15,
    naturalness: Annotated[
        bool, typer.Option("--naturalness", help="Predict how natural listeners would find it, 1 to 5.")
    ] = False,
    similarity: Annotated[
        bool, typer.Option("--similarity", help="Compare cloned voices with their samples; 1 is the same.")
    ] = False,
    voice: Annotated[
        str | None,
        typer.Option("--voice", "-v", metavar="NAME", help="The cloned voice of rows that name none."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-w", min=0, metavar="N", help="By default one for each core, 0 for none."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write a line of JSON for each file.")
    ] = None,
    json: Json = False,
) -> None:
    """Listen to files, and say where they do not say what they are to say.

    The exit status is 1 when a file is doubtful.
    """
    import itertools

    import msgspec

    from voxpress import review
    from voxpress.terminal import tell

    listener = ear_called(ear)
    listener.require()
    rows = Rows(manifest, source, only or []) if manifest else None
    if rows:
        chosen = (row for row in rows if isinstance(row, ManifestError) or rows.wanted(row))
        questions = review.from_manifest(chosen, paths)
    else:
        questions = itertools.chain.from_iterable(map(review.from_report, paths))
    if voice:
        questions = (msgspec.structs.replace(each, voice=each.voice or voice) for each in questions)
    first = list(itertools.islice(questions, _FIRST))
    if language is None and not all(each.language for each in first):
        language, where = review.recognised(listener, first)
        typer.echo(f"voxpress: the language is {language!r} in {where}; --language says otherwise", err=True)
    reviews = review.review(
        itertools.chain(first, questions),
        listener,
        language=language or "",
        bar=bar,
        workers=workers,
        naturalness=naturalness,
        similarity=similarity,
    )
    raise typer.Exit(tell(reviews, report=report, json=json))
