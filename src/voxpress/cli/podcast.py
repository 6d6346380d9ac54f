"""``voxpress podcast``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.books import Making, Reading, record_all
from voxpress.cli.options import examples, project_of, spread, store_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from voxpress.documents.scripts import Script
    from voxpress.publish.podcast.head import Head
    from voxpress.publish.podcast.speaking import Speaking
    from voxpress.publish.recording import Recording
    from voxpress.rendering.projects import Project
    from voxpress.speech import Speaker
    from voxpress.store import Store

app = typer.Typer()
_MOST_NOTES = 10
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
        "voxpress podcast talk.md -o out --cast Ann=kokoro:af_heart --cast Bob=kokoro:am_adam --stems",
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
    """Make a podcast episode of a script: audio with chapters, transcripts, notes, and its place in the feed.

    What was spoken before is not spoken again.
    """
    import datetime as dt

    from voxpress.cli.tables import count
    from voxpress.documents import scripts
    from voxpress.documents.scripts.source import find_names
    from voxpress.publish.casting import read_cast_options, require_present
    from voxpress.publish.podcast.episode import decode_sounds, make_episode
    from voxpress.publish.podcast.publishing import Publisher
    from voxpress.publish.podcast.speaking import prepare
    from voxpress.speech import Speaker

    project = project_of(script.parent)
    given = read_cast_options(cast or ())
    names = find_names(project.podcast)
    known = scripts.Names((*project.cast, *names.cast, *given), names.sounds)
    found = scripts.read(script, known=known)
    require_present(given, (each.speaker for each in found.items if isinstance(each, scripts.Turn)), script)
    head = _read_head(found, project, given, format)
    target = folder.expanduser()
    speaking = prepare(
        found,
        head,
        speaker=reading.speaker.over(Speaker(language=head.language or None)).over(project.defaults.speaker),
        front_end=reading.front_end(project),
        device=reading.device or project.defaults.device or "auto",
    )
    publisher = Publisher(speaking, target, feed, stems=stems)
    _tell_notes(speaking.script, publisher.doubts)
    store = store_at(reading.store or project.defaults.store)
    if dry_run:
        raise typer.Exit(_forecast(speaking, store))
    signals = decode_sounds(speaking.files, head)
    recordings = record_all(
        [narration for narration, _ in speaking.planned],
        speaking.planned,
        store,
        making,
        project,
        unit="turn",
        window=_WINDOW,
    )
    episode = make_episode(speaking.script, head, recordings, speaking.files, signals, store)
    done = publisher.publish(episode, dt.datetime.now(dt.UTC))
    print(
        f"{episode.timeline.duration / 60:,.1f} min in {count(len(episode.chapters), 'chapter')};"
        f" {done.encoded:,} of {count(done.parts, 'part')} encoded; {count(len(done.files), 'file')} in {target}"
    )
    if not done.feed:
        print("no feed: 'feed' or 'files' in the head or in [podcast] says where the files will lie")
    raise typer.Exit(_tell_doubts(recordings))


def _tell_notes(script: Script, doubts: Sequence[str]) -> None:
    """Print what is doubtful in a script, and what of it is not spoken."""
    from voxpress.documents.scripts import LeftOut

    notes = [*doubts, *script.notes]
    left_out = [each for each in script.items if isinstance(each, LeftOut)]
    notes += [f"line {each.line}: left out: {each.text}" for each in left_out[:_MOST_NOTES]]
    if len(left_out) > _MOST_NOTES:
        notes.append(f"… and {len(left_out) - _MOST_NOTES:,} more are left out")
    for note in notes:
        typer.echo(f"note: {script.path}: {note}", err=True)


def _forecast(speaking: Speaking, store: Store) -> int:
    """Print what would be spoken and what it costs; the exit status."""
    from voxpress.cli.summary import Bill
    from voxpress.cli.tables import count
    from voxpress.rendering.dry_run import forecast

    rows = list(forecast((plan for _, plan in speaking.planned), store=store, folder=None))
    bill = Bill()
    for row in rows:
        bill.add(row)
    print(
        f"{count(len(rows), 'turn')}: {sum(bool(row.segments) for row in rows):,} to speak"
        f" ({count(sum(row.segments for row in rows), 'segment')},"
        f" {count(sum(row.characters for row in rows), 'character')})"
    )
    bill.show()
    return 0


def _tell_doubts(recordings: Sequence[Recording]) -> int:
    """Print the turns that were not heard as written; the exit status."""
    from voxpress.cli.exits import SOME_FAILED
    from voxpress.cli.summary import differing

    doubtful = [each.result for each in recordings if each.result.verdict == "doubtful"]
    for each in doubtful:
        print(f"doubtful: {each.utterance.origin}: {differing(each.differences)}")
    return SOME_FAILED if doubtful else 0


def _read_head(script: Script, project: Project, cast: Mapping[str, Speaker], format: str | None) -> Head:
    """What is known of the episode: what the options say comes first.

    Args:
        cast: of the options.

    Raises:
        InputError: something of it cannot be so.
    """
    from msgspec.structs import replace

    from voxpress.publish.casting import join_casts
    from voxpress.publish.podcast.head import drop_unknown, read_formats, read_head

    fields, others = (script.head, []) if script.own_head else drop_unknown(script.head)
    if others:
        typer.echo(
            f"note: {script.path}: fields of its head that are not used: {', '.join(others)}", err=True
        )
    head = read_head(fields, script.path, project.podcast, project.path)
    if format:
        head = replace(head, formats=read_formats(format))
    return replace(head, cast=join_casts(project.cast, head.cast, cast))
