"""``voxpress voicemail``."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from voxpress.errors import InputError, LeftOut, ManifestError
from voxpress.files.paths import OWN
from voxpress.rendering import TIMEOUT

if TYPE_CHECKING:
    from voxpress.publish.greetings import Greeter, Wordings
    from voxpress.publish.mailboxes import Mailbox, MailboxList
    from voxpress.publish.systems import Greetings, Kind
    from voxpress.rendering.output import OutputFolder
    from voxpress.rendering.planner import Planner
    from voxpress.rendering.presets import Preset
    from voxpress.speech import Output, Utterance

app = typer.Typer()

_USUAL = "unavail,busy,greet"
_SPEAKERS = "speakers"
"""The key of ``[voicemail]`` that is no wording."""
_NARROW = 8000
"""The sample rate of WAV for voicemail, which is that of a call."""


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
    from voxpress.publish.greetings import Greeter
    from voxpress.rendering.output import OutputFolder
    from voxpress.rendering.planner import ONE_FILE, Planner
    from voxpress.rendering.presets import preset_named
    from voxpress.speech import Speaker

    validation.check({"workers": workers}, optional=("workers",))
    found = systems.find(system)
    if found.greetings is None:
        known = ", ".join(name for name in systems.names() if systems.find(name).greetings)
        raise InputError(f"{found.description} has no voicemail (systems: {known})")
    place = folder_of(mailboxes)
    project = project_of(place)
    own = project.defaults
    given = Mailboxes(mailboxes, only or [], complete=prune or prune_all)
    formats = format_names(format) or _formats_of(given.list, found.greetings)
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
        files=[(ONE_FILE, output) for output in _outputs(formats, preset, found.greetings)],
        front_end=read_front_end(
            [*(lexicon or ()), *project.list_lexicons()], normalise, unspeakable, None, False, own
        ),
        cast=project.cast,
        beside=place,
    )
    target = OutputFolder(folder.expanduser(), overwrite=replace)
    given.greeter = Greeter(
        greetings=found.greetings,
        kinds=_kinds(kinds),
        wordings=_wordings(project.voicemail, project.path, template or []),
        domain=domain or "",
        language_of=_language_finder(planner, language or own.language or ""),
        speakers=_speakers(project.voicemail, project.path),
    )
    given.folder, given.formats = target, formats
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
        raise typer.Exit(rendering.forecast(report, text=show_text))
    new = not target.path.exists()
    status = rendering.run(
        report=report,
        workers=workers if workers is not None else own.workers,
        timeout=TIMEOUT,
        skip_bad=skip_bad,
    )
    if new and not status:
        print(f"\n{found.greetings.next_steps}", end="")
    if strangers := _count_strangers(target.path):
        where = shlex.quote(str(target.path))
        print(
            f"\n{strangers:,} files and folders in {where} do not belong to its owner, so the phone system may not be"
            f" able to replace them; give them to it:  chown -R --reference={where} {where}"
        )
    raise typer.Exit(status)


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
        greeter, folder, formats: how they become rows, and where; set before the rows are read.
    """

    greeter: Greeter
    folder: OutputFolder
    formats: list[str]

    def __init__(self, manifest: str, only: list[str], *, complete: bool) -> None:
        from voxpress.publish import mailboxes

        super().__init__(manifest, None, only)
        self.list = mailboxes.read(list(self.lines()), manifest, complete=complete)
        for note in self.list.notes:
            typer.echo(f"voxpress: {note}", err=True)

    def __iter__(self) -> Iterator[Utterance | ManifestError]:
        for row in self.greeter.rows(self.list.entries):
            yield row if isinstance(row, ManifestError) else self._keep_recording(row)

    def wanted(self, row: Utterance) -> bool:
        """Whether ``--only`` asks for the greeting, or for its mailbox by number or ``CONTEXT/MAILBOX``."""
        box = row.id.rpartition("/")[0]
        context, _, number = box.rpartition("/")
        return self._only.takes(row.id, box, f"{context.rpartition('/')[2]}/{number}", number)

    def name_proof(self) -> str:
        """What shows how the greetings are read. The list itself is no text, and may hold passwords."""
        return "the same command with --dry-run --text"

    def _keep_recording(self, row: Utterance) -> Utterance | ManifestError:
        """The row, or why a greeting that somebody recorded stays."""
        recorded = self.folder.list_foreign(row.id)
        path, _, line = row.origin.rpartition(":")
        if not recorded:
            return row
        from voxpress.files.formats import FORMATS

        written = {f"{row.id}.{FORMATS[name].extension}" for name in self.formats}
        beside = [name for name in recorded if name not in written]
        if not self.folder.overwrite:
            advice = "delete it to have a new one" if beside else "--replace replaces it"
            problem = f"{recorded[0]} is a recording of somebody's own, and stays; {advice}"
            return LeftOut(problem, path=path, line=int(line), id=row.id)
        if beside:
            problem = f"{beside[0]} would be heard in place of the new greeting: delete it, or add its format"
            return ManifestError(problem, path=path, line=int(line), id=row.id)
        return row


def _formats_of(given: MailboxList, greetings: Greetings) -> list[str]:
    """The formats that a list asks for and voxpress can make; else WAV."""
    from voxpress.files.formats import FORMATS

    known = {
        name: each.name
        for each in FORMATS.values()
        for name in (each.name, *each.extensions)
        if each.name in greetings.formats
    }
    known |= {"pcm": "ulaw", "slin": "sln", "raw": "sln"}  # Asterisk's other names of them
    found = []
    for name in given.formats:
        if name not in known:
            typer.echo(f"voxpress: {name} cannot be made; the system plays the other formats", err=True)
        elif known[name] not in found and known[name] in greetings.formats:
            found.append(known[name])
    return found or ["wav"]


def _outputs(formats: list[str], preset: Preset, greetings: Greetings) -> Iterator[Output]:
    """The files of a greeting, with the level and the silence of the system's preset."""
    from msgspec.structs import replace

    for name in formats:
        if name not in greetings.formats:
            raise InputError(f"--format {name}: not for voicemail (formats: {', '.join(greetings.formats)})")
        yield replace(
            preset.files[0][1], format=name, sample_rate=_NARROW if name in ("wav", "ogg") else None
        )


def _kinds(names: str) -> tuple[Kind, ...]:
    from voxpress.errors import suggest
    from voxpress.publish.systems import KINDS

    chosen = [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in KINDS:
            raise InputError(
                f"--kinds: no greeting {name!r}{suggest(name, KINDS)} (greetings: {', '.join(KINDS)})"
            )
    return tuple(kind for kind in KINDS if kind in chosen)


def _wordings(project: Mapping[str, object], path: str, templates: list[str]) -> Wordings:
    """What greetings say: as the project has it, then as the command line does."""
    from voxpress.publish.greetings import Wordings

    wordings = Wordings()
    for kind, said in project.items():
        if kind == _SPEAKERS:
            continue
        try:
            for language, text in said.items() if isinstance(said, dict) else [("", said)]:
                if not isinstance(text, str):
                    raise InputError("must be a text, or a table of languages and texts")
                wordings.add(kind, text, language)
        except InputError as error:
            raise ManifestError(error.problem, path=path, field=f"voicemail.{kind}") from error
    for each in templates:
        name, equals, text = each.partition("=")
        if not equals or not text.strip():
            raise InputError(f"--template takes KIND=TEXT, such as busy='{{name}} is talking.', not {each!r}")
        kind, _, language = name.strip().partition(".")
        wordings.add(kind, text, language)
    return wordings


def _speakers(project: Mapping[str, object], path: str) -> Mapping[str, str]:
    """Who speaks for mailboxes of a language, as the project says."""
    given = project.get(_SPEAKERS, {})
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given.values()):
        problem = 'must be a table of languages and members of the cast, such as { de = "Anna" }'
        raise ManifestError(problem, path=path, field=f"voicemail.{_SPEAKERS}")
    return given


def _language_finder(planner: Planner, asked_for: str) -> Callable[[Mailbox], str]:
    """A function that finds in which language a mailbox without one is spoken.

    Args:
        asked_for: the language that counts if its voice cannot speak it: the row says so.
    """
    import msgspec

    from voxpress.rendering.plan import Plan
    from voxpress.speech import Utterance

    @cache
    def find(speaker: str, engine: str, model: str, voice: str) -> str:
        asked = {"speaker": speaker, "engine": engine, "model": model, "voice": voice}
        fields = {name: value for name, value in asked.items() if value}
        plan = planner.plan(msgspec.convert({"text": "1", **fields}, Utterance), filed=False)
        return plan.language if isinstance(plan, Plan) else asked_for

    return lambda box: find(box.speaker, box.engine, box.model, box.voice)
