"""The outline of a document before somebody edits it: what it has, how long it is, what it costs, what is uncertain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from msgspec.structs import replace

from voxpress.documents import Chapter, Document
from voxpress.publish.narration import Narration, foreign_languages, narrate
from voxpress.publish.outline import ChapterPlan, Doubt, Outline, find_language, propose_chapters, write_title
from voxpress.rendering.dry_run import forecast
from voxpress.rendering.plan import Plan, Planned
from voxpress.rendering.planner import Planner
from voxpress.speech import Seconds
from voxpress.store import Store
from voxpress.text.duration import FASTEST, bounds
from voxpress.text.passage import Change

USUAL: Seconds = 0.078
"""Of speech per letter at speed 1, as the voices of Piper and Kokoro read prose."""
_AROUND = 30
"""Characters that are shown around an uncertain word."""


class Survey(NamedTuple):
    """What is known of a document before anything is spoken.

    Attributes:
        outline: with the minutes and characters of each chapter, and the words that are uncertain.
        minutes, characters: of all chapters that are read.
        to_speak: of these, the characters that the store does not have yet.
        price: of those, in US dollars; NaN: not known.
        foreign: how many blocks and phrases are in each other language.
        problems: chapters that cannot be spoken as they are.
    """

    outline: Outline
    minutes: float
    characters: int
    to_speak: int
    price: float
    foreign: Counter[str]
    problems: tuple[str, ...]


def survey(document: Document, outline: Outline, planner: Planner, store: Store) -> Survey:
    """Go through all that is read, without speaking it.

    Args:
        outline: the chapters that it names are counted; without any, those that `propose_chapters` reads.

    Raises:
        ManifestError: outline and document do not fit each other.
        InputError: a chapter cannot be read.
    """
    plans = {each.at: each for each in outline.chapters}
    proposed = zip(document.chapters, propose_chapters(document), strict=True)
    wanted = [(chapter, plans.get(plan.at, plan)) for chapter, plan in proposed]
    notes = _Notes(document)
    counted: dict[str, ChapterPlan] = {}
    narrations = _narrate(wanted, outline, notes, counted)
    to_speak, price = 0, 0.0
    problems: list[str] = []
    for row in forecast(notes.watch(planner, narrations, counted), store=store, folder=None):
        to_speak += row.characters
        price += row.price
        if row.error:
            problems.append(row.error)
    chapters = tuple(counted[plan.at] for _, plan in wanted)
    read = [each for each in chapters if each.read]
    return Survey(
        outline=replace(outline, chapters=chapters, uncertain=notes.doubts(outline.uncertain)),
        minutes=sum(each.minutes for each in read),
        characters=sum(each.characters for each in read),
        to_speak=to_speak,
        price=price,
        foreign=notes.foreign,
        problems=tuple(problems),
    )


def propose(document: Document) -> Outline:
    """An outline with what the document says of itself.

    >>> from pathlib import Path
    >>> propose(Document(title="Persuasion", path=Path("p.epub"), creators=("Jane Austen",))).creators
    ('Jane Austen',)
    """
    return Outline(
        title=write_title(document.title),
        creators=tuple(map(write_title, document.creators)),
        series=write_title(document.series),
        position=document.position,
        language=document.language,
        chapters=propose_chapters(document),
    )


def update(old: Outline, document: Document) -> Outline:
    """An outline of a document that has changed: what somebody decided holds for the chapters that are still there. A
    chapter in another file is known by its title, if no other one has it; a renamed one by those around it.
    """
    decided = {each.at: each for each in old.chapters}
    fresh = propose_chapters(document)
    places = {each.at for each in fresh}
    moved = _find_unique(each for each in old.chapters if each.at not in places)
    titles = _find_unique(each for each in fresh if each.at not in decided)
    renamed = _find_renamed(old.chapters, fresh)

    def keep(plan: ChapterPlan) -> ChapterPlan:
        if plan.at in decided:
            return decided[plan.at]
        if plan.title in titles and (former := moved.get(plan.title)):
            return replace(former, at=plan.at)
        if former := renamed.get(plan.at):
            return replace(former, at=plan.at, title=plan.title)
        return plan

    return replace(old, chapters=tuple(map(keep, fresh)))


def _find_renamed(old: Sequence[ChapterPlan], fresh: Sequence[ChapterPlan]) -> dict[str, ChapterPlan]:
    """Chapters in the place of as many others between two that stayed, by where they are now."""
    matcher = SequenceMatcher(None, [each.at for each in old], [each.at for each in fresh], autojunk=False)
    if not matcher.find_longest_match().size:
        return {}
    return {
        new.at: former
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind == "replace" and b - a == d - c
        for former, new in zip(old[a:b], fresh[c:d], strict=True)
    }


def _find_unique(plans: Iterable[ChapterPlan]) -> dict[str, ChapterPlan]:
    """Those whose title no other one has, by their title."""
    found = list(plans)
    often = Counter(each.title for each in found)
    return {each.title: each for each in found if often[each.title] == 1}


def _narrate(
    wanted: Iterable[tuple[Chapter, ChapterPlan]],
    outline: Outline,
    notes: _Notes,
    counted: dict[str, ChapterPlan],
) -> Iterator[Narration]:
    for chapter, plan in wanted:
        blocks = chapter.load() if plan.read else ()
        narration = narrate(plan.at, blocks, outline, speaker=plan.speaker, title=plan.title)
        notes.foreign.update(foreign_languages(blocks, outline.language))
        plain = [block.plain for block in narration.blocks]
        characters = sum(map(len, plain))
        fastest = sum(bounds(text)[0] for text in plain if text)
        pauses = len(plain) * outline.pauses.paragraph
        minutes = (
            (fastest / FASTEST * USUAL / (outline.speaker.speed or 1) + pauses) / 60 if characters else 0
        )
        counted[plan.at] = replace(plan, minutes=round(minutes, 1), characters=characters)
        if not narration.is_silent:
            yield narration


class _Notes:
    """What is found on the way: uncertain words, and other languages."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.foreign: Counter[str] = Counter()
        self._found: dict[tuple[str, str], Doubt] = {}

    def watch(
        self, planner: Planner, narrations: Iterable[Narration], counted: dict[str, ChapterPlan]
    ) -> Iterator[Planned]:
        """Plans of narrations; their uncertain words are kept."""
        utterances = (each.utterance for each in narrations)
        for plan in planner.plan_all(utterances, filed=False):
            if isinstance(plan, Plan):
                title = counted[plan.utterance.id].title
                for change in plan.changes:
                    if not change.certain:
                        self._add(change, plan.utterance.text, title)
            yield plan

    def _add(self, change: Change, text: str, title: str) -> None:
        key = change.written, change.spoken
        if known := self._found.get(key):
            self._found[key] = replace(known, times=known.times + 1)
            return
        before = text[max(change.start - _AROUND, 0) : change.start].rpartition(">")[2]
        after = text[change.end : change.end + _AROUND].partition("<")[0]
        context = " ".join(f"{before}{change.written}{after}".split())
        where = f"{title}: … {context} …" if title else f"… {context} …"
        self._found[key] = Doubt(text=change.written, read=change.spoken, where=where)

    def doubts(self, decided: Iterable[Doubt]) -> tuple[Doubt, ...]:
        """Those that somebody decided, then the others."""
        kept = {each.text: each for each in decided if each.say}
        return (*kept.values(), *(each for each in self._found.values() if each.text not in kept))


def describe_languages(foreign: Counter[str], outline: Outline) -> Iterator[str]:
    """What is said of phrases in other languages that nobody in the outline speaks."""
    for tag, many in foreign.most_common():
        if not find_language(tag, outline.languages):
            yield (
                f"in {tag!r}: {many:,} phrases or paragraphs, which the reader reads; to give them another voice,"
                f" name a speaker under languages"
            )
