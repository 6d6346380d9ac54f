"""Arguments and options that several commands have, and what they are read as."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer

from voxpress.errors import InputError

if TYPE_CHECKING:
    from voxpress.quality.asr import Recogniser
    from voxpress.rendering.projects import Defaults, Project
    from voxpress.speech import OptionValue
    from voxpress.store import Store
    from voxpress.text import FrontEnd

EngineName = Annotated[
    str | None, typer.Option("--engine", "-e", metavar="NAME", help="The engine; see 'voxpress engines'.")
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
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", help="Another number gives another reading, if the engine draws noise."
    ),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help="mp3, wav, opus, ulaw …, or several: mp3,wav. By default, the file's extension decides.",
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
        help="Speak one or two words inside a carrier sentence, then cut them out. By default only with engines that"
        " need it (Piper).",
        show_default=False,
    ),
]
Continuation = Annotated[
    bool | None,
    typer.Option(
        "--continuation/--no-continuation",
        help='Speak texts that begin or end with an ellipsis ("You have...") as parts of a sentence, cut out of it. The'
        " presets asterisk and freeswitch do so where it helps.",
        show_default=False,
    ),
]
LexiconFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--lexicon",
        metavar="FILE",
        help="How words are spoken: a table with tabs, or W3C PLS; may be repeated, the first wins.",
    ),
]
Marks = Annotated[
    str | None,
    typer.Option(
        "--marks",
        metavar="NAMES",
        help="Files beside each file that say when each word is heard: srt, vtt, json, polly; or several: srt,json.",
    ),
]
Before = Annotated[
    str | None,
    typer.Option(
        "--before",
        metavar="SOUND",
        help="A chime before the speech, in the same file: a sound file, chime:gong, chime:ding-dong …, or none.",
    ),
]
After = Annotated[str | None, typer.Option("--after", metavar="SOUND", help="The same after the speech.")]
Lenient = Annotated[
    bool,
    typer.Option(
        "--lenient", help="Leave out markup that cannot be followed, with a note; otherwise it is an error."
    ),
]
Normalise = Annotated[
    str | None,
    typer.Option(
        "--normalise",
        metavar="NAME",
        help="How numbers and abbreviations become words: auto, readers, grammars or none.",
    ),
]
Unspeakable = Annotated[
    str | None,
    typer.Option(
        "--unspeakable",
        metavar="error|skip",
        help="What the voice cannot say is an error (the default), or left out with a note.",
    ),
]
Emoji = Annotated[
    str | None,
    typer.Option("--emoji", metavar="drop|name", help="Leave emoji out (the default), or read their names."),
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
AsrModel = Annotated[
    str | None,
    typer.Option(
        "--asr-model",
        metavar="MODEL",
        help="The recogniser: a model's name or folder; by default whisper-base.",
    ),
]
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
        metavar="PLACE",
        help="Where the server keeps keys, files and batches: a folder, by default in the user's data directory, or a"
        " postgresql:// URL.",
    ),
]
ManifestFormat = Annotated[
    str | None,
    typer.Option("--from", metavar="FORMAT", help="The manifest's format, if voxpress cannot recognise it."),
]
ColumnNames = Annotated[
    str | None,
    typer.Option(
        "--columns",
        metavar="NAMES",
        help="Columns of a table without a header, in their order: id,text. Of other manifests, which column has which"
        " field: text=Wording,id=No.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        "-w",
        min=0,
        metavar="N",
        help="Worker processes; by default one for each core, 0 for none.",
    ),
]
ValueLists = Annotated[
    list[str] | None,
    typer.Option(
        "--values",
        metavar="FILE|NAME=VALUES",
        help="Values for placeholders such as {city} in the manifest: a table (trains.csv), a list (city=Oslo,Rome) or"
        " a range (track=1..24). Each row that names some is made for each combination; may be repeated.",
    ),
]
ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report", metavar="FILE", help="Where the report goes; by default DIR/.voxpress/report.jsonl."
    ),
]
PruneAll = Annotated[bool, typer.Option("--prune-all", hidden=True)]
"""What `Prunable` makes of ``--prune all``."""
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="GLOB", help="Only rows whose id or file matches; may be repeated."),
]


class Prunable(typer.core.TyperCommand):
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


Command = TypeVar("Command", bound=Callable[..., None])


def spread(command: Command) -> Command:
    """A command that takes several options as one argument: a dataclass, whose fields become options of their own."""
    own = inspect.signature(command, eval_str=True).parameters
    shared: dict[str, type[Any]] = {
        name: each.annotation
        for name, each in own.items()
        if isinstance(each.annotation, type) and dataclasses.is_dataclass(each.annotation)
    }
    fields = {
        name: [*inspect.signature(kind, eval_str=True).parameters.values()] for name, kind in shared.items()
    }

    def run(**given: Any) -> None:
        for name, parameters in fields.items():
            given[name] = shared[name](**{each.name: given.pop(each.name) for each in parameters})
        command(**given)

    parameters = [each for name, one in own.items() for each in fields.get(name, [one])]
    # typer gives all of them by name, so that no order has to be kept.
    named = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters]
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__signature__ = inspect.Signature(named)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in named}
    return cast(Command, run)


def read_front_end(
    lexicons: Sequence[str | Path],
    normalise: str | None,
    unspeakable: str | None,
    emoji: str | None,
    lenient: bool,
    own: Defaults | None = None,
) -> FrontEnd:
    """The front end that these options describe; None: as the project has it, or as it is by default.

    Args:
        own: what the project says.

    Raises:
        InputError: one of them has a wrong value, or a lexicon cannot be read.
    """
    from voxpress.rendering.projects import Defaults
    from voxpress.text.lexicon import gather

    given = {"normalise": normalise, "unspeakable": unspeakable, "emoji": emoji, "lenient": lenient or None}
    return (own or Defaults()).read_with(gather(lexicons), **given)


_ARGUMENT = re.compile(r'\b(unspeakable|emoji|normalise|columns) = "([^"]+)"')
"""How messages of the library name an argument that is an option here."""
_ADVICE = {
    "lenient = true": "--lenient",
    "replace = True": "--replace",
    "leave out the entries of the others": "choose one with --language TAG",
}
"""What else messages of the library say to do, and the option that does it here."""


def name_flags(message: str) -> str:
    """A message or note that names options in place of arguments.

    >>> name_flags('leave it out with unspeakable = "skip"')
    'leave it out with --unspeakable skip'
    """
    for advice, option in _ADVICE.items():
        message = message.replace(advice, option)
    return _ARGUMENT.sub(lambda match: f"--{match[1]} {shlex.quote(match[2])}", message)


def examples(*lines: str) -> str:
    """Lines for the end of a command's help."""
    # \b keeps the lines from being filled into one paragraph.
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


class Listing(typer.core.TyperGroup):
    """A group whose command ``list`` is meant where no other is named."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["list", *args])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def read_options(given: list[str] | None) -> dict[str, OptionValue]:
    """``name=value`` as the most specific type it can be read as."""
    import msgspec

    options: dict[str, OptionValue] = {}
    for each in given or []:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise InputError(f"--option takes NAME=VALUE, not {each!r}")
        if name in options:
            raise InputError(f"--option gives {name!r} twice")
        try:
            options[name] = msgspec.json.decode(value.encode(), type=bool | int | float)
        except msgspec.DecodeError:
            options[name] = value
    return options


def store_at(url: str | None) -> Store:
    """The store at a path or URL, or the usual one."""
    from voxpress.store import canonical_url, default_url, open_store

    return open_store(canonical_url(url or default_url()))


def recogniser_named(model: str | None) -> Recogniser:
    """The recogniser with that model, or the usual one."""
    from voxpress.quality.asr import Recogniser

    return Recogniser(model)


def folder_of(manifest: str) -> Path:
    """Where a manifest lies; for standard input, the current folder."""
    return Path() if manifest == "-" else Path(manifest).parent


def config_file(given: Path | None) -> Path | None:
    """The file that is named, or the one in the current folder, if there is one."""
    return given or _find_config(Path())


def project_of(folder: Path) -> Project:
    """What the `voxpress.toml` of a folder says; where there is none, what holds without one."""
    return project_in(_find_config(folder))


def project_in(file: Path | None) -> Project:
    """What a `voxpress.toml` says; for None, what holds without one."""
    from voxpress.rendering.projects import load_project

    return load_project(file)


def _find_config(folder: Path) -> Path | None:
    return file if (file := folder / "voxpress.toml").is_file() else None


def mark_formats(names: str | None) -> tuple[str, ...]:
    """The formats in ``srt,json``.

    Raises:
        InputError: one is unknown.
    """
    from voxpress.marks import check_formats

    return () if names is None else check_formats([name.strip() for name in names.split(",")])


def format_names(format: str | None) -> list[str]:
    """The formats in ``mp3,wav``.

    Raises:
        InputError: one is unknown, or two would be one file.
    """
    from voxpress.files import formats

    if format is None:
        return []
    found = [formats.format_named(name.strip()) for name in format.split(",")]
    if len({each.extension for each in found}) < len(found):
        raise InputError(f"-f {format}: two of these formats have the same extension, and would be one file")
    return [each.name for each in found]
