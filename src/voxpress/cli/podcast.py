"""``voxpress podcast``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.books import Making, Reading, record_all
from voxpress.cli.options import examples, project_of, spread, store_at
from voxpress.errors import InputError

if TYPE_CHECKING:
    from voxpress.documents.scripts import Script
    from voxpress.publish.podcast.head import Head
    from voxpress.rendering.presets import Project

app = typer.Typer()
_WINDOW = 64
"""Turns that are on their way at once."""

CastOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--cast",
        metavar="NAME=VOICE",
        help="Who speaks for a name: a voice, or ENGINE:VOICE. Comes before the file's own cast and the project's.",
    ),
]


@app.command(
    epilog=examples(
        "voxpress podcast episode.md -o site/episodes",
        "voxpress podcast talk.md -o out --cast Ann=af_heart --cast Bob=am_adam --stems",
        "voxpress podcast episode.md -o site --feed site/feed.xml",
    )
)
@spread
def podcast(
    *,
    script: Annotated[
        Path,
        typer.Argument(
            metavar="SCRIPT",
            help="Markdown with 'Name: text' or '**Name:** text', <Person1>, Fountain, YAML or JSON.",
            show_default=False,
        ),
    ],
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files of the episode go.")
    ],
    cast: CastOptions = None,
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="NAMES", help="mp3 (the default), m4a, opus, or several."),
    ] = None,
    feed: Annotated[
        Path | None,
        typer.Option("--feed", metavar="FILE", help="The feed to extend; by default DIR/feed.xml."),
    ] = None,
    stems: Annotated[
        bool, typer.Option("--stems", help="Also write a track for each speaker, all equally long.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Say what would be spoken and what it costs.")
    ] = False,
    reading: Reading,
    making: Making,
) -> None:
    """Make a podcast episode of a script: audio with chapters, transcripts, notes and the feed. What was spoken before is
    not spoken again.
    """
    from voxpress.documents import scripts
    from voxpress.files import atomic
    from voxpress.publish.podcast.speaking import prepare
    from voxpress.speech import Speaker

    found = scripts.read(script)
    project = project_of(script.parent)
    head = _read_head(found, project, cast, format)
    target = folder.expanduser()
    atomic.require_place(target / "feed.xml", "output")
    speaking = prepare(
        found,
        head,
        speaker=reading.speaker.over(Speaker(language=head.language or None)).over(project.defaults.speaker),
        front_end=reading.front_end(project),
        device=reading.device or project.defaults.device or "auto",
    )
    for note in speaking.script.notes:
        typer.echo(f"note: {script}: {note}", err=True)
    store = store_at(reading.store or project.defaults.store)
    recordings = record_all(
        [narration for narration, _ in speaking.planned],
        speaking.planned,
        store,
        making,
        unit="turn",
        workers=project.defaults.workers,
        window=_WINDOW,
    )
    del recordings


def _read_head(script: Script, project: Project, cast: list[str] | None, format: str | None) -> Head:
    """What is known of the episode: what the options say comes first.

    Raises:
        InputError: something of it cannot be so.
    """
    from msgspec.structs import replace

    from voxpress.publish.casting import read_voice
    from voxpress.publish.podcast.head import read_head

    head = read_head(script.head, script.path, project.podcast, project.path)
    own = {}
    for each in cast or ():
        name, equals, voice = each.partition("=")
        if not equals or not name.strip():
            raise InputError(f"--cast takes NAME=VOICE, not {each!r}")
        own[name.strip()] = read_voice(voice)
    if format:
        head = replace(head, formats=tuple(name.strip() for name in format.split(",")))
    return replace(head, cast={**project.cast, **head.cast, **own})
