"""``voxpress say`` and ``voxpress render``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from voxpress.cli.options import (
    AsrModel,
    Carrier,
    Device,
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
    examples,
    project_beside,
    read_options,
    recogniser_named,
    store_at,
)
from voxpress.cli.rows import Rows
from voxpress.cli.tables import print_json
from voxpress.errors import InputError, StoreError

if TYPE_CHECKING:
    from voxpress.rendering.planner import Planner
    from voxpress.rendering.presets import Project
    from voxpress.speech import Output, Utterance

app = typer.Typer()


@app.command(
    epilog=examples(
        "voxpress say 'Please hold.' -o hold.mp3",
        "voxpress say - -o book.m4a < book.txt",
        "voxpress say 'Bye.' -o - -f pcm | aplay -f S16_LE -r 24000",
    )
)
def say(
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]",
            help="What to say, in quotes; '-', or none where something is piped in, reads standard input.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to; '-' is standard output. Without it, the clip stays in the store and its path is printed."
            " With several formats, the name without its extension.",
        ),
    ] = None,
    markup: Annotated[
        Literal["plain", "directions"],
        typer.Option(
            "--markup",
            metavar="NAME",
            help="plain, or directions, where [pause 2s] and [beep] are heard and not said.",
        ),
    ] = "plain",
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
    from voxpress.audio import atomic
    from voxpress.cli.streams import own_standard_output
    from voxpress.rendering.library import say_with
    from voxpress.rendering.planner import Planner
    from voxpress.speech import Utterance

    if output == "-" and sys.stdout.isatty():
        raise InputError("refusing to write audio to a terminal: name a file with -o, or pipe it on")
    wanted = _destinations(output, format)
    words = _words(text)
    opened = store_at(store)
    facts: list[dict[str, object]] = []
    for name, destination in wanted:
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
            format=name,
        )
        # An engine may change the folder.
        place = (
            os.path.abspath(os.path.expanduser(destination)) if destination and destination != "-" else None
        )
        utterance = Utterance(text=words, markup=markup)
        if not facts:
            _tell_notes(planner, utterance)
        with own_standard_output():
            clip = say_with(planner, utterance, opened)
        if destination == "-":
            _write_out(clip.data)
        elif place:
            atomic.write(place, clip.data, durable=True)
        facts.append({"path": destination or clip.path} | {name: getattr(clip, name) for name in _FACTS})
        if not json and not destination:
            typer.echo(clip.path or clip.key)
    if json:
        # One format, one object, as ever.
        print_json(facts if len(facts) > 1 else facts[0], to=sys.stderr if output == "-" else sys.stdout)


_FACTS = ("key", "format", "sample_rate", "duration", "size", "sha256", "hit", "marks")
_LISTS = {".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".yaml", ".yml", ".xml"}


def _words(text: list[str] | None) -> str:
    """What to say: the argument, or what is on standard input.

    Raises:
        InputError: there is none, or not only one, or it is the name of a file.
    """
    import shlex

    given = text or []
    if len(given) > 1:
        raise InputError(f"put the text in quotes: voxpress say {shlex.quote(' '.join(given))}")
    if not given and (sys.stdin is None or sys.stdin.isatty()):
        raise InputError(
            "there is no text to say: voxpress say 'Please hold.' -o hold.mp3, or voxpress say - < book.txt"
        )
    if not given or given == ["-"]:
        words = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
        if not words.strip():
            raise InputError(
                "there is no text to say: standard input is empty; voxpress say 'Please hold.' says a text"
            )
        return words
    name = shlex.quote(given[0])
    if os.path.isfile(given[0]):
        what = (
            f"to render its rows: voxpress render {name} -o out"
            if Path(given[0]).suffix.lower() in _LISTS
            else f"to speak what is in it: voxpress say - < {name}"
        )
        raise InputError(
            f"{given[0]} is a file here; {what}; to speak its name: echo {name} | voxpress say -"
        )
    return given[0]


def _destinations(output: str | None, format: str | None) -> list[tuple[str | None, str | None]]:
    """The formats to make, each with the file that it goes to.

    Raises:
        InputError: several formats, and one file or standard output.
    """
    from voxpress import formats
    from voxpress.audio.paths import audio_extension

    names = _format_names(format)
    if len(names) < 2:
        name = names[0] if names else None
        if output and "{extension}" in output:
            output = output.replace("{extension}", formats.format_named(name or "wav").extension)
        if name is None and output and output != "-":
            name = formats.format_for(output).name
        return [(name, output)]
    if output is None:
        return [(name, None) for name in names]
    if output == "-":
        raise InputError("standard output takes one format: name files with -o, or one format with -f")
    if "{extension}" in output:
        template = output
    elif audio_extension(output):
        stem = os.path.splitext(output)[0]
        raise InputError(f"-o {output} names one format, and -f {format} several: write -o {stem}")
    else:
        template = output + ".{extension}"
    return [(name, template.replace("{extension}", formats.format_named(name).extension)) for name in names]


def _format_names(format: str | None) -> list[str]:
    """The formats in ``mp3,wav``.

    Raises:
        InputError: one is unknown, or two would be one file.
    """
    from voxpress import formats

    if format is None:
        return []
    found = [formats.format_named(name.strip()) for name in format.split(",")]
    if len({each.extension for each in found}) < len(found):
        raise InputError(f"-f {format}: two of these formats have the same extension, and would be one file")
    return [each.name for each in found]


def _tell_notes(planner: Planner, utterance: Utterance) -> None:
    """Say what of a text is read aloud or not as it may not be meant."""
    plan = planner.plan(utterance, filed=False)
    for note in getattr(plan, "notes", ()):
        typer.echo(f"voxpress: {note}", err=True)


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
    recogniser: AsrModel = None,
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
        typer.Option(
            "--dry-run",
            "-n",
            help="Say what would be done and what it costs, and render nothing; with --report row by row in that file.",
        ),
    ] = False,
) -> None:
    """Render every row of a manifest into a folder.

    Only what changed is spoken, and a second run goes on where the first stopped.
    """
    from voxpress import validation
    from voxpress.cli.progress import Prune, Render
    from voxpress.rendering.output import OutputFolder
    from voxpress.rendering.planner import Planner

    validation.check({"workers": workers, "timeout": timeout, "attempts": attempts}, optional=("workers",))
    if report == Path("-"):
        raise InputError("the report is a file: name it after --report")
    project = project_beside(manifest)
    own = project.defaults
    chosen = preset or (None if format else own.preset)
    several = None if chosen else _several(_format_names(format))
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
        format=None if several else format or (None if chosen else own.format),
        files=several or _files(chosen, format, project),
    )
    rendering = Render(
        rows=Rows(manifest, source, only or []),
        planner=planner,
        folder=OutputFolder(folder.expanduser(), overwrite),
        store=store_at(store or own.store),
        strict=strict,
    )
    pruned: Prune = "most" if prune_all else "stale" if prune else ""
    if dry_run:
        raise typer.Exit(rendering.forecast(budget, prune=pruned, details=report))
    status = rendering.run(
        report=report,
        workers=workers if workers is not None else own.workers,
        timeout=timeout,
        attempts=attempts,
        prune=pruned,
        skip_bad=skip_bad,
        budget=budget,
        recogniser=recogniser_named(recogniser) if verify or recogniser else None,
    )
    raise typer.Exit(status)


def _several(names: list[str]) -> list[tuple[str, Output]] | None:
    """A file of each format, where there is more than one."""
    from voxpress.rendering.planner import ONE_FILE
    from voxpress.speech import Output

    return [(ONE_FILE, Output(format=name)) for name in names] if len(names) > 1 else None


def _files(preset: str | None, format: str | None, project: Project) -> Sequence[tuple[str, Output]] | None:
    from voxpress.rendering.presets import preset_named

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
