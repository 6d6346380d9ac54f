"""``voxpress say`` and ``voxpress render``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxpress.cli.options import (
    Carrier,
    Device,
    EarName,
    EngineName,
    FormatName,
    Json,
    Language,
    ManifestFormat,
    Model,
    Only,
    Options,
    Seed,
    Speed,
    StoreUrl,
    VoiceName,
    ear_called,
    examples,
    project_beside,
    read_options,
    store_at,
)
from voxpress.cli.rows import Rows
from voxpress.cli.tables import print_json
from voxpress.errors import InputError, StoreError

if TYPE_CHECKING:
    from voxpress.presets import Project
    from voxpress.speech import Output

app = typer.Typer()


@app.command(
    epilog=examples(
        "voxpress say 'Please hold.' -o hold.mp3",
        "voxpress say - -o book.m4a < book.txt",
        "voxpress say 'Bye.' -o - -f pcm | aplay -f S16_LE -r 24000",
    )
)
def say(
    text: Annotated[str, typer.Argument(help="What to say; '-' reads standard input.")],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to; '-' is standard output. Without it, the clip stays in the store and its path is printed.",
        ),
    ] = None,
    engine: EngineName = None,
    model: Model = None,
    voice: VoiceName = None,
    language: Language = None,
    speed: Speed = None,
    seed: Seed = None,
    format: FormatName = None,
    option: Options = None,
    device: Device = None,
    carrier: Carrier = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Speak one text into one file, or take it from the store."""
    from voxpress import codec, formats
    from voxpress.library import say_with
    from voxpress.plan import Planner
    from voxpress.speech import Utterance
    from voxpress.terminal import own_standard_output

    if output == "-" and sys.stdout.isatty():
        raise InputError("refusing to write audio to a terminal: name a file with -o, or pipe it on")
    if format is None and output and output != "-":
        format = formats.format_for(output).name
    planner = Planner(
        engine=engine or "piper",
        model=model,
        voice=voice,
        language=language,
        speed=1.0 if speed is None else speed,
        seed=seed or 0,
        options=read_options(option),
        device=device or "auto",
        carrier=carrier,
        format=format,
    )
    words = sys.stdin.buffer.read().decode("utf-8", "surrogateescape") if text == "-" else text
    place = os.path.abspath(output) if output and output != "-" else None  # an engine may change the folder
    with own_standard_output():
        clip = say_with(planner, Utterance(text=words), store_at(store))
    if output == "-":
        _write_out(clip.data)
    elif place:
        codec.write(place, clip.data, durable=True)
    if json:
        facts = {
            name: getattr(clip, name)
            for name in ("key", "format", "sample_rate", "duration", "size", "sha256", "hit", "marks")
        }
        print_json({"path": output or clip.path, **facts}, to=sys.stderr if output == "-" else sys.stdout)
    elif not output:
        typer.echo(clip.path or clip.key)


class _Render(typer.core.TyperCommand):
    """A command whose ``--prune`` may be followed by ``all``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = iter(args)
        read: list[str] = []
        for each in given:
            if each == "--":
                read += [each, *given]
            elif each == "all" and read[-1:] == ["--prune"]:
                read[-1] = "--prune-all"
            else:
                read.append(each)
        return super().parse_args(ctx, read)


@app.command(
    cls=_Render,
    epilog=examples(
        "voxpress render prompts.csv -o out",
        "voxpress render core-sounds-en.txt -o sounds/en --preset asterisk",
        "voxpress render prompts.csv -o out --dry-run",
    ),
)
def render(
    manifest: Annotated[
        str,
        typer.Argument(
            help="CSV, JSON lines, YAML, text, Asterisk list, FreeSWITCH XML …; '-' reads standard input."
        ),
    ],
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files go.")],
    source: ManifestFormat = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            "-p",
            metavar="NAME",
            help="Which files to make of each row: asterisk, freeswitch, twilio, podcast …",
        ),
    ] = None,
    engine: EngineName = None,
    model: Model = None,
    voice: VoiceName = None,
    language: Language = None,
    speed: Speed = None,
    seed: Seed = None,
    format: FormatName = None,
    option: Options = None,
    device: Device = None,
    carrier: Carrier = None,
    store: StoreUrl = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            min=0,
            metavar="N",
            help="Worker processes; by default one for each core, 0 for none.",
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", min=1, metavar="SECONDS", help="End a worker that has not answered for so long."
        ),
    ] = 600.0,
    attempts: Annotated[
        int,
        typer.Option("--attempts", min=1, metavar="N", help="How often a segment is spoken before it fails."),
    ] = 3,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Listen to everything, and speak again what is not heard as it was to be said."
        ),
    ] = False,
    ear: EarName = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Where the report goes; by default DIR/.voxpress/report.jsonl."
        ),
    ] = None,
    only: Only = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Delete files of former renders that no row asks for any more; '--prune all' where they are more than"
            " half.",
        ),
    ] = False,
    prune_all: Annotated[bool, typer.Option("--prune-all", hidden=True)] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace files that voxpress did not write, or that were changed since."
        ),
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Render the good rows although others are bad.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Take a row that is no speech for an error, where it is left out otherwise."
        ),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget", min=0, metavar="DOLLARS", help="Begin nothing that would cost more, in US dollars."
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "-n", help="Say what would be done and what it costs, and write nothing."),
    ] = False,
) -> None:
    """Render every row of a manifest into a folder.

    Only what changed is spoken, and a second run goes on where the first stopped.
    """
    from voxpress.folder import Folder
    from voxpress.plan import Planner
    from voxpress.terminal import Render

    project = project_beside(manifest)
    own = project.defaults
    chosen = preset or (None if format else own.preset)
    # Another engine than the project's takes none of what the project says of that one.
    same_engine = engine is None or engine == own.engine
    planner = Planner(
        engine=engine or own.engine or "piper",
        model=model or (own.model if same_engine else None),
        voice=voice or (own.voice if same_engine else None),
        language=language or own.language,
        speed=_first(speed, own.speed, 1.0),
        seed=_first(seed, own.seed, 0),
        options={**(own.options if same_engine else {}), **read_options(option)},
        device=device or own.device or "auto",
        carrier=own.carrier if carrier is None else carrier,
        format=format or (None if chosen else own.format),
        files=_files(chosen, format, project),
    )
    rendering = Render(
        rows=Rows(manifest, source, only or []),
        planner=planner,
        folder=Folder(folder, overwrite),
        store=store_at(store or own.store),
        strict=strict,
    )
    if dry_run:
        raise typer.Exit(rendering.forecast(budget))
    status = rendering.run(
        report=report,
        workers=workers if workers is not None else own.workers,
        timeout=timeout,
        attempts=attempts,
        prune="most" if prune_all else "stale" if prune else "",
        skip_bad=skip_bad,
        budget=budget,
        ear=ear_called(ear) if verify or ear else None,
    )
    raise typer.Exit(status)


def _files(preset: str | None, format: str | None, project: Project) -> Sequence[tuple[str, Output]] | None:
    from voxpress.presets import preset_named

    if preset is None:
        return None
    if format is not None:
        raise InputError("--preset says which formats there are; leave --format out, or the preset")
    return preset_named(preset, project.presets).files


def _write_out(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would be tried again at exit, and fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise StoreError(f"cannot write to standard output: {error.strerror}") from error


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
