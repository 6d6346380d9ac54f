"""``voxpress render``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.executors import ExecutorName, open_executor
from voxpress.cli.options import (
    After,
    AsrModel,
    Before,
    Carrier,
    ColumnNames,
    Continuation,
    Device,
    Emoji,
    EngineName,
    FormatName,
    Language,
    Lenient,
    LexiconFiles,
    ManifestFormat,
    Marks,
    Model,
    Normalise,
    Only,
    Options,
    Prunable,
    PruneAll,
    ReportFile,
    Seed,
    Speed,
    StoreUrl,
    Unspeakable,
    ValueLists,
    VoiceName,
    Workers,
    examples,
    folder_of,
    format_names,
    mark_formats,
    project_of,
    read_front_end,
    read_options,
    recogniser_named,
    store_at,
)
from voxpress.errors import InputError
from voxpress.files.paths import is_remote
from voxpress.rendering import ATTEMPTS, TIMEOUT

if TYPE_CHECKING:
    from voxpress.cli.install import Installation
    from voxpress.manifests.file_map import Place
    from voxpress.rendering.folders import OutputFolder
    from voxpress.speech import Output

app = typer.Typer()


@app.command(
    cls=Prunable,
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
    folder: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Where the files go: a folder, or s3://BUCKET/PREFIX, gs: or az:.",
        ),
    ],
    source: ManifestFormat = None,
    columns: ColumnNames = None,
    values: ValueLists = None,
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
    continuation: Continuation = None,
    lexicon: LexiconFiles = None,
    marks: Marks = None,
    before: Before = None,
    after: After = None,
    normalise: Normalise = None,
    unspeakable: Unspeakable = None,
    emoji: Emoji = None,
    lenient: Lenient = False,
    store: StoreUrl = None,
    workers: Workers = None,
    executor: ExecutorName = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", min=1, metavar="SECONDS", help="End a worker that has not answered for so long."
        ),
    ] = TIMEOUT,
    attempts: Annotated[
        int,
        typer.Option("--attempts", min=1, metavar="N", help="How often a segment is spoken before it fails."),
    ] = ATTEMPTS,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Listen to every take, and speak it again if the words are wrong."),
    ] = False,
    recogniser: AsrModel = None,
    report: ReportFile = None,
    map: Annotated[
        str | None,
        typer.Option(
            "--map", metavar="FILE", help="Write a JSON file that says which file in the folder each id has."
        ),
    ] = None,
    only: Only = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Delete files of former renders that no row asks for any more. Use `--prune all` to allow deleting"
            " more than half of the files.",
        ),
    ] = False,
    prune_all: PruneAll = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace files that voxpress did not write, or that were changed since."
        ),
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Render the good rows even if others are bad.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Make rows without speech and columns without use an error."),
    ] = False,
    budget: Annotated[
        float | None,
        typer.Option(
            "--budget",
            min=0,
            metavar="DOLLARS",
            help="Start nothing if the render would cost more, in US dollars.",
        ),
    ] = None,
    show_text: Annotated[
        bool,
        typer.Option("--text", help="With --dry-run: show the texts that voxpress changes before speaking."),
    ] = False,
    install: Annotated[
        str | None,
        typer.Option(
            "--install",
            metavar="SYSTEM",
            help="Also make an archive for asterisk, freepbx, freeswitch, fusionpbx, edgetx or valetudo, and say how to"
            " install it.",
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            "--archive", metavar="FILE", help="Where it goes; by default beside DIR, with its name."
        ),
    ] = None,
    pack_name: Annotated[
        str | None,
        typer.Option(
            "--pack-name",
            metavar="NAME",
            help="Its name on the system; by default made of language, gender and voice: en_US_m_Joe.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            "-n",
            help="Show what would be done and what it costs; render nothing. --report FILE gets one line for each row.",
        ),
    ] = False,
) -> None:
    """Render every row of a manifest into a folder.

    Only what changed is spoken, and a second run goes on where the first stopped.
    """
    from voxpress import validation
    from voxpress.cli.manifest import ManifestRender
    from voxpress.cli.places import Places
    from voxpress.cli.rows import Rows
    from voxpress.rendering.folders import open_folder
    from voxpress.rendering.planner import Planner
    from voxpress.rendering.presets import choose_continuation, choose_marks, preset_named
    from voxpress.rendering.projects import choose_chimes
    from voxpress.speech import Speaker

    validation.check({"workers": workers, "timeout": timeout, "attempts": attempts}, optional=("workers",))
    if report == Path("-"):
        raise InputError("the report is a file: name it after --report")
    place = folder_of(manifest)
    project = project_of(place)
    own = project.defaults
    installation = _installation(install, archive, pack_name, only, report)
    usual = installation.system.preset if installation else None
    chosen = preset or (None if format else own.preset or usual)
    if chosen and format:
        raise InputError("--preset says which formats there are; leave --format out, or the preset")
    found = preset_named(chosen, project.presets) if chosen else None
    several = _several(format_names(format))
    speaker = Speaker(
        engine=engine,
        model=model,
        voice=voice,
        language=language,
        speed=speed,
        seed=seed,
        options=read_options(option),
    )
    planner = Planner(
        speaker.over(own.speaker),
        device=device or own.device or "auto",
        carrier=own.carrier if carrier is None else carrier,
        continuation=choose_continuation(found, own.continuation if continuation is None else continuation),
        format=None if several else format or (None if chosen else own.format),
        files=found.files if found else several,
        front_end=read_front_end(
            [*(lexicon or ()), *project.list_lexicons(chosen)], normalise, unspeakable, emoji, lenient, own
        ),
        cast=project.cast,
        beside=place,
        marks=choose_marks(found, None if marks is None else mark_formats(marks)),
        names=found.names if found else (),
        **choose_chimes(found, own, before, after),
    )
    output = open_folder(os.path.expanduser(folder), overwrite)
    if installation and is_remote(folder):
        raise InputError(f"--install packs files of this machine, not of {folder}: render into a folder")
    map = map or (f"{output.name}/{found.map}" if found and found.map else None)
    rendering = ManifestRender(
        rows=Rows(manifest, source, only or [], columns=columns, values=values, strict=strict),
        planner=planner,
        folder=output,
        store=store_at(store or own.store),
        places=Places(
            [
                ("map", map),
                ("report", report),
                *(installation.files(Path(output.name)) if installation else ()),
            ],
            output.name,
        ),
        map=None if map is None else _place_map(map, output),
        strict=strict,
        prune="most" if prune_all else "stale" if prune else "",
        budget=budget,
        check_voices=installation.name_pack if installation else None,
        attempts=attempts,
        recogniser=recogniser_named(recogniser) if verify or recogniser else None,
    )
    if installation:
        installation.check(planner.files)
        installation.check_place(Path(output.name), overwrite=overwrite)
    if show_text and not dry_run:
        raise InputError("--text belongs to --dry-run; voxpress text shows it without a render")
    if dry_run:
        raise typer.Exit(rendering.forecast(report, text=show_text))
    with open_executor(executor, project, timeout, workers) as cluster:
        status = rendering.run(
            report=report,
            workers=workers if workers is not None else own.workers,
            executor=cluster,
            timeout=timeout,
            skip_bad=skip_bad,
        )
    if installation and status:
        from voxpress.cli.install import say_no_archive

        say_no_archive()
    elif installation:
        installation.publish(Path(output.name), Path(rendering.name_report(report)), overwrite=overwrite)
    raise typer.Exit(status)


def _place_map(path: str, folder: OutputFolder) -> Place:
    """The map's place, in the output folder or elsewhere on this machine."""
    from voxpress.manifests.file_map import LocalPlace

    if is_remote(path):
        return folder.place(path.removeprefix(f"{folder.name}/"))
    return LocalPlace(path)


def _installation(
    system: str | None, archive: Path | None, pack: str | None, only: list[str] | None, report: Path | None
) -> Installation | None:
    """The archive that is asked for.

    Raises:
        InputError: there is no such system, or two options contradict each other.
    """
    from voxpress.cli.install import Installation
    from voxpress.files.atomic import is_device
    from voxpress.publish import systems

    if system is None:
        if archive or pack:
            raise InputError("--archive and --pack-name belong to --install SYSTEM")
        return None
    if only:
        raise InputError("--install packs all rows, so it cannot be combined with --only")
    if report and is_device(report):
        raise InputError("--install packs what the report names, so --report must be a file")
    return Installation(systems.SYSTEMS.require(system), system, archive and archive.expanduser(), pack)


def _several(names: list[str]) -> list[tuple[str, Output]] | None:
    """A file of each format, where there is more than one."""
    from voxpress.rendering.planner import ONE_FILE
    from voxpress.speech import Output

    return [(ONE_FILE, Output(format=name)) for name in names] if len(names) > 1 else None
