"""Narrations that are spoken: the render of a publication. What is made of the clips is each publication's own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voxpress.documents import Document
from voxpress.errors import SpeechError, StoreError
from voxpress.publish.narration import Narration, Phrase, Turned, gather_notes, narrate
from voxpress.publish.outline import Outline
from voxpress.rendering import ATTEMPTS, TIMEOUT
from voxpress.rendering.library import run
from voxpress.rendering.plan import Plan, Planned
from voxpress.rendering.planner import Planner
from voxpress.speech import Clip, Output, Result, Seconds, Speaker
from voxpress.store import Store
from voxpress.text import FrontEnd

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from voxpress.executors import Cluster
    from voxpress.quality.asr import Recogniser
    from voxpress.rendering.scheduler import Arrived

WINDOW = 3
"""Narrations that are on their way at once: one is spoken, one is finished, one waits."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A narration and what became of it."""

    narration: Narration
    result: Result

    @property
    def clip(self) -> Clip:
        """Its clip, with the places of its marks.

        Raises:
            SpeechError: it could not be made.
        """
        if self.result.exception:
            raise self.result.exception
        return self.result.clips[0]

    def sentences(self) -> Iterator[Phrase]:
        """Its sentences, in order."""
        return self.narration.hear(self.clip, "sentence")

    def words(self) -> Iterator[Phrase]:
        """Its words, in order."""
        return self.narration.hear(self.clip, "word")

    def pages(self) -> Iterator[Turned]:
        """Where the pages of the printed book begin in it."""
        return self.narration.turn_pages(self.clip)


def narrate_chapters(document: Document, outline: Outline) -> Iterator[Narration]:
    """A narration of each chapter that is read and has something to say, as they are in the outline.

    Raises:
        ManifestError: outline and document do not fit each other.
        InputError: a chapter cannot be read.
    """
    chosen = outline.choose(document)
    read = {id(chapter) for chapter, _ in chosen}
    others = (block for each in document.chapters if id(each) not in read for block in each.load())
    notes = {} if outline.notes == "skip" else gather_notes(others)
    for number, (chapter, plan) in enumerate(chosen, start=1):
        title = plan.title or document.title
        narration = narrate(
            f"{number:03}", chapter.load(), outline, speaker=plan.speaker, title=title, notes=notes
        )
        if not narration.is_silent:
            yield narration


def choose_reader(speaker: Speaker, outline: Outline, document: Document) -> Speaker:
    """Who reads a document: what `speaker` leaves open comes from the outline, then the language from the document.

    >>> from pathlib import Path
    >>> outline = Outline(language="en", speaker=Speaker(engine="tone", voice="low"))
    >>> choose_reader(Speaker(voice="high"), outline, Document(title="Emma", path=Path("emma.epub")))
    Speaker(engine='tone', voice='high', language='en')
    """
    own = Speaker(language=outline.language or document.language or None)
    return speaker.over(outline.speaker).over(own)


def make_planner(
    document: Document,
    outline: Outline,
    output: Output,
    *,
    speaker: Speaker | None = None,
    front_end: FrontEnd | None = None,
    device: str = "auto",
    also: Sequence[Output] = (),
) -> Planner:
    """What plans the narrations of a document.

    Args:
        output: of each narration's file; its pauses are those of the outline.
        also: other files of the same narration.
        speaker: who reads; fields that it leaves open come from the outline.
        front_end: how texts are read; its lexicon comes before those of the outline and of the book.

    Raises:
        InputError: a speaker, an option or the output cannot be so.
        EngineError: a member of the cast cannot speak.
    """
    from msgspec.structs import replace

    given = front_end or FrontEnd()
    planner = Planner(
        choose_reader(speaker or Speaker(), outline, document),
        files=[("", replace(each, paragraph_pause=outline.pauses.paragraph)) for each in (output, *also)],
        front_end=replace(given, lexicon=given.lexicon.over(outline.lexicon).over(document.lexicon)),
        cast=outline.all_speakers,
        device=device,
    )
    for name in outline.cast:
        try:
            planner.require(name)
        except SpeechError as error:
            raise error.at(f"cast: {name}") from error
    return planner


def record(
    narrations: Iterable[Narration],
    planner: Planner,
    store: Store,
    *,
    workers: int | None = None,
    executor: Executor | Cluster | None = None,
    attempts: int = ATTEMPTS,
    timeout: Seconds | None = TIMEOUT,
    recogniser: Recogniser | None = None,
    window: int = WINDOW,
    watch: Callable[[str, int], None] | None = None,
) -> Generator[Recording]:
    """Speak narrations: what the store has is not spoken again. They come in the order in which they finish, which is
    nearly theirs.

    Args:
        recogniser: listens to every take that it did not hear before.
        window: how many narrations are on their way at once.
        watch: is told of each take that was spoken: the id of its narration, and the characters of the take.

    Raises:
        StoreError: the store cannot be read or written; what is finished stays.
    """
    yield from record_plans(
        plan_narrations(narrations, planner),
        store,
        workers=workers,
        executor=executor,
        attempts=attempts,
        timeout=timeout,
        recogniser=recogniser,
        window=window,
        watch=watch,
    )


def plan_narrations(narrations: Iterable[Narration], planner: Planner) -> Iterator[tuple[Narration, Planned]]:
    """Narrations with their plans, made when they are asked for."""
    for number, narration in enumerate(narrations):
        yield narration, planner.plan(narration.utterance, number, filed=False)


def record_plans(
    planned: Iterable[tuple[Narration, Planned]],
    store: Store,
    *,
    workers: int | None = None,
    executor: Executor | Cluster | None = None,
    attempts: int = ATTEMPTS,
    timeout: Seconds | None = TIMEOUT,
    recogniser: Recogniser | None = None,
    window: int = WINDOW,
    watch: Callable[[str, int], None] | None = None,
) -> Generator[Recording]:
    """`record` for narrations of several documents, each with its plan, whose numbers differ."""
    open_now: dict[int, Narration] = {}
    sizes: dict[int, dict[str, int]] = {}

    def plans() -> Iterator[Planned]:
        for narration, plan in planned:
            open_now[plan.number] = narration
            if isinstance(plan, Plan) and watch is not None:
                sizes[plan.number] = {key: len(take.segment.text) for key, take in plan.takes.items()}
            yield plan

    def tell(news: Arrived) -> None:
        if watch is not None:
            watch(open_now[news.number].utterance.id, sizes[news.number].get(news.take, 0))

    for result in run(
        plans(),
        store=store,
        folder=None,
        workers=workers,
        executor=executor,
        attempts=attempts,
        timeout=timeout,
        recogniser=recogniser,
        window=window,
        watch=tell,
    ):
        sizes.pop(result.number, None)
        yield Recording(open_now.pop(result.number), result)


def find_clip(clip: Clip, store: Store, what: str) -> bytes | Path:
    """A clip's file, where the store is on this machine, else its bytes.

    Args:
        what: it is, for messages.

    Raises:
        StoreError: it is not there any more.
    """
    if clip.path and Path(clip.path).is_file():
        return Path(clip.path)
    data = store.read(clip)
    if data is None:
        raise StoreError(f"{what} is not in the store any more: run the same command again")
    return data
