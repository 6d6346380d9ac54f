"""``voxpress say``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.options import (
    After,
    Before,
    Carrier,
    Continuation,
    Device,
    Emoji,
    EngineName,
    FormatName,
    Json,
    Language,
    Lenient,
    LexiconFiles,
    Marks,
    Model,
    Normalise,
    Options,
    Seed,
    Speed,
    StoreUrl,
    Unspeakable,
    VoiceName,
    examples,
    format_names,
    mark_formats,
    name_flags,
    project_of,
    read_front_end,
    read_options,
    store_at,
)
from voxpress.cli.tables import print_json
from voxpress.errors import InputError, StoreError
from voxpress.validation import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voxpress.rendering.chimes import Chime
    from voxpress.rendering.planner import Planner
    from voxpress.speech import Utterance

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
            help="The text, in quotes; '-', or no text in a pipe, reads standard input.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The file; '-' is standard output. Without it, the clip stays in the store and its path is printed."
            " With several formats, the name without its extension.",
        ),
    ] = None,
    markup: Annotated[
        Markup,
        typer.Option(
            "--markup",
            metavar="NAME",
            help="plain; directions: voxpress turns [pause 2s] and [beep] into silence and a tone; markdown; or ssml.",
        ),
    ] = "plain",
    normalise: Normalise = None,
    unspeakable: Unspeakable = None,
    emoji: Emoji = None,
    lenient: Lenient = False,
    speaker: Annotated[
        str | None,
        typer.Option("--speaker", metavar="NAME", help="A name of the [cast] in voxpress.toml."),
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
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Speak one text into one file, or take it from the store.

    What a voxpress.toml in the current folder says of voices, words, format and store counts here too.
    """
    from voxpress.cli.streams import own_standard_output
    from voxpress.files import atomic, sidecars
    from voxpress.rendering.library import say_with
    from voxpress.rendering.planner import Planner
    from voxpress.speech import Speaker, Utterance

    if output == "-" and sys.stdout.isatty():
        raise InputError("refusing to write audio to a terminal: name a file with -o, or pipe it on")
    beside = mark_formats(marks)
    if beside and output in (None, "-"):
        raise InputError("--marks writes files beside the clip: name its file with -o")
    project = project_of(Path())
    own = project.defaults
    if output in (None, "-"):
        format = format or own.format
    wanted = _destinations(output, format)
    around = own.before if before is None else before, own.after if after is None else after
    _require_places([path for _, path in wanted if path and path != "-"], beside, around)
    words = _words(text)
    opened = store_at(store or own.store)
    asked = Speaker(
        engine=engine,
        model=model,
        voice=voice,
        language=language,
        speed=speed,
        seed=seed,
        options=read_options(option),
    )
    shared = project.list_lexicons(own.preset)
    front_end = read_front_end([*(lexicon or ()), *shared], normalise, unspeakable, emoji, lenient, own)
    # What is said here comes before the speaker of the cast, and that before the project's defaults.
    said = {name: getattr(asked, name) for name in Speaker.__struct_fields__}
    utterance = Utterance(text=words, markup=markup, speaker=speaker, **said)
    facts: list[dict[str, object]] = []
    for name, destination in wanted:
        planner = Planner(
            own.speaker,
            device=device or own.device or "auto",
            carrier=own.carrier if carrier is None else carrier,
            continuation=bool(own.continuation if continuation is None else continuation),
            format=name,
            front_end=front_end,
            cast=project.cast,
            marks=beside,
            beside=Path.cwd(),
            before=around[0],
            after=around[1],
        )
        # An engine may change the folder.
        place = (
            os.path.abspath(os.path.expanduser(destination)) if destination and destination != "-" else None
        )
        if not facts:
            _tell_notes(planner, utterance)
        with own_standard_output():
            clip = say_with(planner, utterance, opened)
        if destination == "-":
            _write_out(clip.data)
        elif place:
            sidecars.write(place, clip.sidecars)
            atomic.write(place, clip.data, durable=True)
        facts.append({"path": destination or clip.path} | {name: getattr(clip, name) for name in _FACTS})
        if not json and not destination:
            typer.echo(clip.path or clip.key)
    if json:
        # One format, one object, as ever.
        print_json(facts if len(facts) > 1 else facts[0], to=sys.stderr if output == "-" else sys.stdout)


def _require_places(paths: Sequence[str], marks: Sequence[str], around: Sequence[str | Chime | None]) -> None:
    """See that the files and their marks can be written, and none over a sound that is heard in it.

    Raises:
        InputError: one cannot, or would be.
    """
    from voxpress.files.outputs import require_outputs
    from voxpress.marks import FORMATS

    files = [Path(path).expanduser() for path in paths]
    stems = [os.path.splitext(path)[0] for path in files]
    beside = [Path(f"{stem}.{FORMATS[name].extension}") for stem in stems for name in marks]
    sounds = [Path(each if isinstance(each, str) else each.sound).expanduser() for each in around if each]
    require_outputs(
        [*(("output", path) for path in files), *(("marks", path) for path in beside)],
        [("the sound around the speech", path) for path in sounds],
    )


_FACTS = ("key", "format", "sample_rate", "duration", "size", "sha256", "hit", "marks")
_LISTS = {".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".yaml", ".yml", ".xml"}


def _words(text: list[str] | None) -> str:
    """What to say: the argument, or what is on standard input.

    Raises:
        InputError: there is none, or not only one, or it is the name of a file.
    """
    import shlex

    from voxpress.manifests import find_markup

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
        markup = find_markup(given[0], Path(given[0]).read_bytes()[:500].decode(errors="replace"))
        what = (
            f"to render its rows: voxpress render {name} -o out"
            if Path(given[0]).suffix.lower() in _LISTS and not markup
            else f"to speak what is in it: voxpress say {f'--markup {markup} ' if markup else ''}- < {name}"
        )
        raise InputError(
            f"{given[0]} is a file here; {what}; to speak its name: echo {name} | voxpress say -"
        )
    return given[0]


def _destinations(output: str | None, format: str | None) -> list[tuple[str | None, str | None]]:
    """The formats to make, each with the file that it goes to.

    Raises:
        InputError: several formats, and one file or standard output; or an extension of another format.
    """
    from voxpress.files import formats
    from voxpress.files.paths import audio_extension, require_extension

    names = format_names(format)
    if len(names) < 2:
        name = names[0] if names else None
        if output and "{extension}" in output:
            output = output.replace("{extension}", formats.format_named(name or "wav").extension)
        if output and output != "-":
            if name is None:
                name = formats.format_for(output).name
            require_extension(output, formats.format_named(name))
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


def _tell_notes(planner: Planner, utterance: Utterance) -> None:
    """Say what of a text is read aloud or not as it may not be meant."""
    plan = planner.plan(utterance, filed=False)
    for note in getattr(plan, "notes", ()):
        typer.echo(f"voxpress: {name_flags(note)}", err=True)


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
