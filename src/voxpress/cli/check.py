"""``voxpress check``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.options import (
    AsrModel,
    ColumnNames,
    Emoji,
    Json,
    Lenient,
    LexiconFiles,
    ManifestFormat,
    Normalise,
    Only,
    Unspeakable,
    ValueLists,
    examples,
    folder_of,
    project_of,
    read_front_end,
    recogniser_named,
)
from voxpress.cli.rows import Rows, Selection
from voxpress.errors import InputError, ManifestError

if TYPE_CHECKING:
    from voxpress.quality.verify import Question

app = typer.Typer()

_FIRST = 256
"""Files of which the one with the most to say tells the language of all."""


def _plain_question(
    paths: list[Path], text: str | None, manifest: str | None
) -> tuple[list[Path], str | None]:
    """The one file and its text, where ``check hold.mp3 'Please hold.'`` asks for that.

    Raises:
        InputError: a text, and not one file.
    """
    from voxpress.files.paths import audio_extension

    audio = [path for path in paths if audio_extension(str(path)) and not path.is_dir()]
    plain = text is None and manifest is None
    if plain and len(paths) == 2 and audio == paths[:1] and not paths[1].exists():
        text = str(paths.pop())
    if text is not None and (len(paths) != 1 or manifest is not None or paths[0].is_dir()):
        raise InputError("a text belongs to one audio file: voxpress check hold.mp3 'Please hold.'")
    if text is None and plain and audio:
        hint = f"voxpress check {audio[0]} 'Please hold.', or name the texts with --manifest"
        raise InputError(f"give the text of {audio[0]}: {hint}")
    if text is not None and not paths[0].is_file():
        raise InputError(f"{paths[0]} is not there")
    return paths, text


def _all_asked(questions: Iterator[Question], selection: Selection) -> Iterator[Question]:
    yield from questions
    selection.require_all()


@app.command(
    epilog=examples(
        "voxpress check out",
        "voxpress check hold.mp3 'Please hold.'",
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
            help="1. With --manifest: audio files, and folders with them. 2. Without: folders of a render, or reports."
            " 3. One audio file, followed by its text in quotes.",
        ),
    ],
    manifest: Annotated[
        str | None,
        typer.Option("--manifest", metavar="FILE", help="The texts of the files, in any manifest format."),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", "-t", metavar="TEXT", help="The text of the one file.")
    ] = None,
    source: ManifestFormat = None,
    columns: ColumnNames = None,
    values: ValueLists = None,
    only: Only = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            help="Language of rows without one; by default, the recogniser detects it.",
        ),
    ] = None,
    recogniser: AsrModel = None,
    bar: Annotated[
        float,
        typer.Option(
            "--max-wer",
            min=0,
            metavar="SHARE",
            help="Share of wrong words that texts of five or more words may have, plus one word; see"
            " docs/listening.md.",
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
    lexicon: LexiconFiles = None,
    normalise: Normalise = None,
    unspeakable: Unspeakable = None,
    emoji: Emoji = None,
    lenient: Lenient = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write a line of JSON for each file.")
    ] = None,
    json: Json = False,
) -> None:
    """Listen to files and report wrong words.

    Texts are read as by 'voxpress render': with the same options, and with the lexicons of the voxpress.toml beside the
    manifest, or in the current folder. What a render leaves out with --lenient or --unspeakable skip is left out in any
    case, because the files are there.

    The exit status is 1 when a file is doubtful.
    """
    import itertools

    import msgspec

    from voxpress.cli.reviews import tell
    from voxpress.files import atomic
    from voxpress.quality import verify
    from voxpress.rendering.beside import FilesBeside

    if report is not None:
        atomic.require_place(report, "report")
    paths, text = _plain_question(paths, text, manifest)
    listener = recogniser_named(recogniser)
    listener.require()
    selection = Selection(only or [])
    place = folder_of(manifest or "-")
    project = project_of(place)
    shared = project.list_lexicons(project.defaults.preset)
    files = [*(lexicon or ()), *shared]
    front_end = read_front_end(files, normalise, unspeakable, emoji, lenient, project.defaults)
    if text is not None:
        questions = iter([verify.Question(id=str(paths[0]), path=str(paths[0]), text=text)])
    elif manifest:
        rows = Rows(manifest, source, [], columns=columns, values=values)
        chosen = (row for row in rows if isinstance(row, ManifestError) or selection.takes(row.id, row.file))
        questions = verify.from_manifest(chosen, paths)
    else:
        questions = itertools.chain.from_iterable(map(verify.from_report, paths))
        questions = (each for each in questions if selection.takes(each.id, each.file))
    questions = _all_asked(questions, selection)
    if voice:
        questions = (msgspec.structs.replace(each, voice=each.voice or voice) for each in questions)
    first = list(itertools.islice(questions, _FIRST))
    if language is None and not all(each.language for each in first):
        language, where = verify.recognised(listener, first)
        typer.echo(f"voxpress: the language is {language!r} in {where}; --language says otherwise", err=True)
    reviews = verify.review(
        itertools.chain(first, questions),
        listener,
        language=language or "",
        bar=bar,
        workers=workers,
        naturalness=naturalness,
        similarity=similarity,
        front_end=front_end,
        files=FilesBeside(str(place)),
    )
    raise typer.Exit(tell(reviews, report=report, json=json))
