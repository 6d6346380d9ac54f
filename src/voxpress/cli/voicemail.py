"""``voxpress voicemail``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.exits import BAD
from voxpress.cli.options import (
    Device,
    EngineName,
    Language,
    LexiconFiles,
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
    VoiceName,
    Workers,
    examples,
    folder_of,
    format_names,
    project_of,
    read_front_end,
    read_options,
    store_at,
)
from voxpress.cli.rows import Rows
from voxpress.errors import InputError, ManifestError
from voxpress.files.paths import OWN
from voxpress.rendering import TIMEOUT

if TYPE_CHECKING:
    from voxpress.publish.greetings import Greeter
    from voxpress.publish.recordings import Recordings
    from voxpress.speech import Utterance

app = typer.Typer()

_USUAL = "unavail,busy,greet"


@app.command(
    cls=Prunable,
    epilog=examples(
        "voxpress voicemail mailboxes.csv -o greetings",
        "voxpress voicemail /etc/asterisk/voicemail.conf -o /var/spool/asterisk/voicemail",
        "voxpress voicemail mailboxes.csv -o storage --for freeswitch --domain pbx.example.com",
    ),
)
def voicemail(
    mailboxes: Annotated[
        str,
        typer.Argument(
            metavar="LIST", help="A table of mailboxes, or a voicemail.conf; '-': standard input."
        ),
    ],
    folder: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the greetings go.")],
    system: Annotated[
        str, typer.Option("--for", metavar="SYSTEM", help="asterisk, freepbx, freeswitch or fusionpbx.")
    ] = "asterisk",
    kinds: Annotated[
        str, typer.Option("--kinds", metavar="NAMES", help="Of unavail, busy, greet (the name) and temp.")
    ] = _USUAL,
    template: Annotated[
        list[str] | None,
        typer.Option(
            "--template",
            metavar="KIND=TEXT",
            help="What a greeting says, with {name}, {mailbox} or {context}; KIND.LANGUAGE=TEXT: in one language. May"
            " be repeated.",
        ),
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option("--domain", metavar="NAME", help="Domain or context of mailboxes that name none."),
    ] = None,
    engine: EngineName = None,
    model: Model = None,
    voice: VoiceName = None,
    language: Language = None,
    speed: Speed = None,
    seed: Seed = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAMES",
            help="Formats, such as wav49,gsm,wav; by default those of voicemail.conf, or wav.",
        ),
    ] = None,
    option: Options = None,
    device: Device = None,
    lexicon: LexiconFiles = None,
    normalise: Normalise = None,
    unspeakable: Unspeakable = None,
    store: StoreUrl = None,
    workers: Workers = None,
    report: ReportFile = None,
    only: Only = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Delete greetings of mailboxes that are not in the list any more. Use `--prune all` to allow deleting"
            " more than half of the files.",
        ),
    ] = False,
    prune_all: PruneAll = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace greetings that people recorded themselves.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Greet for the good mailboxes even if others are bad.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Make mailboxes without a greeting an error.")
    ] = False,
    show_text: Annotated[
        bool,
        typer.Option("--text", help="With --dry-run: show what is read otherwise than written."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Show what would be done; render nothing.")
    ] = False,
) -> None:
    """Speak the greetings of mailboxes, where the phone system looks for them.

    Only what changed is spoken. Greetings that people recorded themselves stay.
    """
    from voxpress import validation
    from voxpress.cli.manifest import ManifestRender
    from voxpress.cli.places import Places
    from voxpress.publish import systems
    from voxpress.publish import voicemail as voicemails
    from voxpress.publish.greetings import Greeter
    from voxpress.publish.recordings import Recordings
    from voxpress.rendering.folders.local import LocalFolder
    from voxpress.rendering.planner import ONE_FILE, Planner
    from voxpress.rendering.presets import preset_named
    from voxpress.speech import Speaker

    validation.check({"workers": workers}, optional=("workers",))
    found = systems.SYSTEMS.require(system)
    if found.greetings is None:
        known = ", ".join(name for name in systems.SYSTEMS if systems.SYSTEMS.require(name).greetings)
        raise InputError(f"{found.description} has no voicemail (systems: {known})")
    place = folder_of(mailboxes)
    project = project_of(place)
    own = project.defaults
    given = Mailboxes(mailboxes, only or [], complete=prune or prune_all)
    formats = format_names(format)
    if not formats:
        formats, unknown = voicemails.choose_formats(given.list.formats, found.greetings)
        for name in unknown:
            typer.echo(f"voxpress: {name} cannot be made; the system plays the other formats", err=True)
    speaker = Speaker(
        engine=engine,
        model=model,
        voice=voice,
        language=language,
        speed=speed,
        seed=seed,
        options=read_options(option),
    )
    preset = preset_named(found.preset, project.presets)
    planner = Planner(
        speaker.over(own.speaker),
        device=device or own.device or "auto",
        carrier=own.carrier,
        files=[(ONE_FILE, output) for output in voicemails.list_outputs(formats, preset, found.greetings)],
        front_end=read_front_end(
            [*(lexicon or ()), *project.list_lexicons()], normalise, unspeakable, None, False, own
        ),
        cast=project.cast,
        beside=place,
    )
    target = LocalFolder(folder.expanduser(), overwrite=replace)
    wordings = voicemails.read_wordings(project.voicemail, project.path)
    for each in template or ():
        wordings.add(*_parse_template(each))
    given.greeter = Greeter(
        greetings=found.greetings,
        kinds=voicemails.read_kinds(kinds),
        wordings=wordings,
        domain=domain or "",
        language_of=voicemails.find_languages(planner, language or own.language or ""),
        speakers=voicemails.read_speakers(project.voicemail, project.path),
    )
    given.recordings = Recordings(target, found.greetings, formats)
    rendering = ManifestRender(
        rows=given,
        planner=planner,
        folder=target,
        store=store_at(store or own.store),
        places=Places([("report", report)], target.path),
        strict=strict,
        prune="most" if prune_all else "stale" if prune else "",
    )
    if show_text and not dry_run:
        raise InputError("--text belongs to --dry-run")
    if dry_run:
        status = rendering.forecast(report, text=show_text)
        for path in given.recordings.list_replaced():
            print(f"replace     {path}")
        raise typer.Exit(status)
    new = not target.path.exists()
    status = rendering.run(
        report=report,
        workers=workers if workers is not None else own.workers,
        timeout=TIMEOUT,
        skip_bad=skip_bad,
    )
    if status != BAD:
        _clear_place(given.recordings, rendering.failed)
    if new and not status:
        print(f"\n{found.greetings.next_steps}", end="")
    if strangers := _count_strangers(target.path):
        where = shlex.quote(str(target.path))
        print(
            f"\n{strangers:,} files and folders in {where} do not belong to its owner, so the phone system may not be"
            f" able to replace them; give them to it:  chown -R --reference={where} {where}"
        )
    raise typer.Exit(status)


def _clear_place(recordings: Recordings, failed: Collection[str]) -> None:
    """Delete what was replaced, and tell what else could be heard in place of new greetings."""
    for path in recordings.delete_replaced(failed):
        print(f"replaced {path}")
    if former := recordings.list_former():
        more = f" (and {len(former) - 1:,} other files)" if len(former) > 1 else ""
        problem = f"{former[0]}{more} is of a former render, and can be heard in place of the new greeting"
        typer.echo(f"note: {problem}: --prune deletes what -f does not name any more", err=True)


def _parse_template(given: str) -> tuple[str, str, str]:
    """Kind, text and language of a ``--template``."""
    name, equals, text = given.partition("=")
    if not equals or not text.strip():
        raise InputError(f"--template takes KIND=TEXT, such as busy='{{name}} is talking.', not {given!r}")
    kind, _, language = name.strip().partition(".")
    return kind, text, language


def _count_strangers(folder: Path) -> int:
    """How many files and folders in a folder of somebody else belong to who runs the command."""
    me = os.geteuid()
    try:
        if folder.stat().st_uid == me:
            return 0
        return sum(
            os.lstat(os.path.join(place, name)).st_uid == me
            for place, folders, files in os.walk(folder)
            for name in (*folders, *files)
            if OWN not in (name, *Path(place).relative_to(folder).parts)
        )
    except OSError:
        return 0


class Mailboxes(Rows):
    """The mailboxes of a list, as rows.

    Attributes:
        list: what was read.
        greeter, recordings: how they become rows, and what lies where these go; set before the rows are read.
    """

    greeter: Greeter
    recordings: Recordings

    def __init__(self, manifest: str, only: list[str], *, complete: bool) -> None:
        from voxpress.publish import mailboxes

        super().__init__(manifest, None, only)
        self.list = mailboxes.read(list(self.lines()), manifest, complete=complete)
        for note in self.list.notes:
            typer.echo(f"voxpress: {note}", err=True)

    def __iter__(self) -> Iterator[Utterance | ManifestError]:
        for row in self.greeter.rows(self.list.entries):
            if not isinstance(row, ManifestError) and self.wanted(row):
                row = self.recordings.check(row)
            yield row

    def wanted(self, row: Utterance) -> bool:
        """Whether ``--only`` asks for the greeting, or for its mailbox by number or ``CONTEXT/MAILBOX``."""
        box = row.id.rpartition("/")[0]
        context, _, number = box.rpartition("/")
        return self._only.takes(row.id, box, f"{context.rpartition('/')[2]}/{number}", number)

    def name_proof(self) -> str:
        """What shows how the greetings are read. The list itself is no text, and may hold passwords."""
        return "the same command with --dry-run --text"
