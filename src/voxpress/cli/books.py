"""What the commands for books and articles share: their options, the book with its outline, and the render."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.executors import ExecutorName, open_executor
from voxpress.cli.options import (
    AsrModel,
    Device,
    EngineName,
    Language,
    LexiconFiles,
    Model,
    Normalise,
    Options,
    Seed,
    Speed,
    StoreUrl,
    VoiceName,
    Workers,
    name_flags,
    project_of,
    read_front_end,
    read_options,
    recogniser_named,
    store_at,
)
from voxpress.errors import InputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from voxpress.documents import Document
    from voxpress.executors import Cluster
    from voxpress.publish.narration import Narration
    from voxpress.publish.outline import Outline
    from voxpress.publish.recording import Recording
    from voxpress.quality.asr import Recogniser
    from voxpress.rendering.plan import Planned
    from voxpress.rendering.planner import Planner
    from voxpress.rendering.projects import Defaults, Project
    from voxpress.speech import Output, Seconds, Speaker
    from voxpress.store import Store
    from voxpress.text import FrontEnd

_MOST_NOTES = 10
_DECIDING = frozenset(
    (
        *("-e", "--engine", "-m", "--model", "-v", "--voice", "-l", "--language", "-s", "--speed", "--seed"),
        *("--option", "--lexicon", "--normalise", "--store", "--asr-model", "--outline"),
    )
)
"""Options that decide which takes a book has, and where they are."""

BookFile = Annotated[
    Path,
    typer.Argument(
        metavar="BOOK",
        help="EPUB, HTML, Markdown, plain text, FictionBook, Word, MOBI or AZW3.",
        show_default=False,
    ),
]
OutlineFile = Annotated[
    Path | None,
    typer.Option(
        "--outline",
        metavar="FILE",
        help="What is read and by whom, as 'voxpress outline' writes it; by default BOOK.outline.yaml, if it is there.",
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify",
        help="Listen to every sentence, and speak it again if the words are wrong. Then see 'voxpress review'.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Options that say who reads, how, and where what was read before is."""

    engine: EngineName = None
    model: Model = None
    voice: VoiceName = None
    language: Language = None
    speed: Speed = None
    seed: Seed = None
    option: Options = None
    device: Device = None
    lexicon: LexiconFiles = None
    normalise: Normalise = None
    store: StoreUrl = None

    @property
    def speaker(self) -> Speaker:
        """Who reads, as far as the options say it.

        Raises:
            InputError: one of them cannot be so.
        """
        from voxpress.speech import Speaker

        return Speaker(
            engine=self.engine,
            model=self.model,
            voice=self.voice,
            language=self.language,
            speed=self.speed,
            seed=self.seed,
            options=read_options(self.option),
        )

    def front_end(self, project: Project) -> FrontEnd:
        """How texts are read: what the options leave open is as the project has it."""
        lexicons = [*(self.lexicon or ()), *project.list_lexicons()]
        return read_front_end(lexicons, self.normalise, "skip", None, True, project.defaults)


@dataclass(frozen=True, kw_only=True)
class Making:
    """Options that say how a book is spoken."""

    workers: Workers = None
    executor: ExecutorName = None
    verify: Verify = False
    recogniser: AsrModel = None

    def count_workers(self, project: Project) -> int | None:
        """How many processes; what the options leave open is as the project has it."""
        return project.defaults.workers if self.workers is None else self.workers

    def open_executor(self, project: Project) -> AbstractContextManager[Cluster | None]:
        """A cluster for the time of a block; None: worker processes of this machine."""
        return open_executor(self.executor, project, workers=self.workers)

    @property
    def listener(self) -> Recogniser | None:
        """What listens to every sentence; None: nothing does.

        Raises:
            EngineNotInstalled: it is not there.
        """
        if not self.verify and not self.recogniser:
            return None
        listener = recogniser_named(self.recogniser)
        listener.require()
        return listener


@dataclass(frozen=True, kw_only=True)
class Book:
    """A document with its outline, and what speaks it.

    Attributes:
        outline_path: where the outline stands; None: there is none yet.
    """

    document: Document
    outline: Outline
    outline_path: Path | None
    project: Project
    speaker: Speaker
    front_end: FrontEnd
    store: Store
    device: str

    @classmethod
    def open(
        cls, book: Path, outline: Path | None, reading: Reading, *, fresh: bool = False, fits: bool = True
    ) -> Book:
        """Read a book, its outline, and the `voxpress.toml` beside it.

        Args:
            fresh: as if there was no outline yet.
            fits: the outline must have the chapters that the book has.

        Raises:
            InputError: one of them cannot be read.
        """
        from voxpress import documents
        from voxpress.publish import outline as outlines
        from voxpress.publish.proposal import propose
        from voxpress.publish.recording import choose_reader

        document = documents.read(book)
        for note in document.notes:
            typer.echo(f"note: {book}: {note}", err=True)
        place = outline or default_outline(book)
        known = not fresh and (outline is not None or place.is_file())
        project = project_of(book.parent)
        own: Defaults = project.defaults
        found = outlines.load(place) if known else propose(document)
        if known and fits:
            found.choose(document, str(place))  # names the file in what is wrong
        return cls(
            document=document,
            outline=found,
            outline_path=place if known else None,
            project=project,
            speaker=choose_reader(reading.speaker, found, document).over(own.speaker),
            front_end=reading.front_end(project),
            store=store_at(reading.store or own.store),
            device=reading.device or own.device or "auto",
        )

    def planner(self, output: Output) -> Planner:
        """What plans its narrations, whose files are as `output` says."""
        from voxpress.publish.recording import make_planner

        return make_planner(
            self.document,
            self.outline,
            output,
            speaker=self.speaker,
            front_end=self.front_end,
            device=self.device,
        )

    def find_output(self, preset: str, format: str | None) -> Output:
        """How files are made: as the preset says, in another format where one is named.

        Raises:
            InputError: there is no such preset, or it has several files.
        """
        from msgspec.structs import replace

        from voxpress.files.formats import format_named
        from voxpress.rendering.presets import preset_named

        files = preset_named(preset, self.project.presets).files
        if len(files) != 1:
            raise InputError(
                f"the preset {preset} makes {len(files)} files of each text: choose one that makes one"
            )
        output = files[0][1]
        if format is None or format == output.format:
            return output
        return replace(output, format=format_named(format).name, sample_rate=None, bit_rate=None)

    def tell_doubts(self, recordings: Sequence[Recording]) -> int:
        """Say how many sentences were not heard as written and not approved either; the exit status."""
        from voxpress.cli.exits import SOME_FAILED
        from voxpress.cli.tables import count
        from voxpress.publish.review import find_doubtful
        from voxpress.speech import Output

        doubtful = [each.narration for each in recordings if each.result.verdict == "doubtful"]
        if not doubtful:
            return 0
        sentences = list(find_doubtful(doubtful, self.planner(Output()), self.store, self.outline))
        if not sentences:
            return 0
        print(
            f"{count(len(sentences), 'sentence')} not heard as written; look at them: "
            f" {review_command(self.document.path)}"
        )
        return SOME_FAILED

    def record(self, narrations: Sequence[Narration], output: Output, making: Making) -> list[Recording]:
        """Speak narrations, showing progress; in their order.

        Raises:
            SpeechError: one of them could not be spoken; the others are in the store.
        """
        if not narrations:
            raise InputError("nothing in the book is read: see what its outline leaves out")
        from voxpress.publish.recording import plan_narrations

        planned = plan_narrations(narrations, self.planner(output))
        return record_all(narrations, planned, self.store, making, self.project)


def record_all(
    narrations: Sequence[Narration],
    planned: Iterable[tuple[Narration, Planned]],
    store: Store,
    making: Making,
    project: Project,
    *,
    unit: str = "chapter",
    window: int | None = None,
) -> list[Recording]:
    """Speak narrations, showing progress, and say what they were made of; in their order.

    Args:
        planned: each with its plan.
        unit: what one of them is called.
        project: holds where the options leave something open.
        window: how many are on their way at once; None: as for chapters.

    Raises:
        SpeechError: one of them could not be spoken; the others are in the store.
    """
    from voxpress.cli.progress import reading
    from voxpress.cli.streams import own_standard_output
    from voxpress.publish.recording import WINDOW, record_plans

    listener = making.listener
    found: dict[str, Recording] = {}
    began = time.monotonic()
    lengths = {each.utterance.id: len(each.utterance.text) for each in narrations}
    with (
        making.open_executor(project) as cluster,
        reading(lengths, f"{unit}s") as tell,
        own_standard_output(),
    ):
        for recording in record_plans(
            planned,
            store,
            workers=making.count_workers(project),
            executor=cluster,
            recogniser=listener,
            window=window or WINDOW,
            watch=tell,
        ):
            id = recording.narration.utterance.id
            tell(id, -1)
            found[id] = recording
    recordings = [found[each.utterance.id] for each in narrations]
    for each in recordings:
        if each.result.exception:
            raise each.result.exception
    _summarise(recordings, time.monotonic() - began, unit)
    return recordings


def review_command(document: Path) -> str:
    """What shows the sentences of a document that the command that runs now has found to be doubtful."""
    return shlex.join(["voxpress", "review", str(document), *_shared_options(sys.argv[2:])])


def _shared_options(given: Sequence[str]) -> list[str]:
    """Those of a command's arguments that decide which takes a book has, for another command.

    >>> _shared_options(["emma.epub", "-o", "emma.m4b", "-e", "piper", "--store=s", "--verify"])
    ['-e', 'piper', '--store=s']
    """
    kept: list[str] = []
    takes_value = False
    for each in given:
        name, equals, _ = each.partition("=")
        if takes_value or name in _DECIDING:
            kept.append(each)
        takes_value = not takes_value and name in _DECIDING and not equals
    return kept


def _summarise(recordings: Sequence[Recording], elapsed: Seconds, unit: str) -> None:
    """Print what a reading was made of."""
    from voxpress.cli.summary import dollars
    from voxpress.cli.tables import count

    heard = sum(each.clip.duration for each in recordings)
    spoken = sum(each.result.spoken for each in recordings)
    segments = sum(each.result.segments for each in recordings)
    cost = sum(each.result.cost for each in recordings)
    rate = f", {heard / elapsed:.1f} × real time" if spoken == segments and elapsed else ""
    print(
        f"{count(len(recordings), unit)}, {heard / 60:,.1f} min of audio in {elapsed:,.1f} s{rate};"
        f" {spoken:,} of {count(segments, 'segment')} spoken" + (f" for {dollars(cost)}" if cost else "")
    )
    noted = list(dict.fromkeys(note for each in recordings for note in each.result.notes))
    for note in noted[:_MOST_NOTES]:
        print(f"note: {name_flags(note)}")
    if len(noted) > _MOST_NOTES:
        print(f"note: … and {len(noted) - _MOST_NOTES:,} more")


def default_outline(book: Path) -> Path:
    """Where the outline of a book stands if nothing else is said.

    >>> default_outline(Path("books/emma.epub")).name
    'emma.outline.yaml'
    """
    return book.with_name(f"{book.stem}.outline.yaml")
