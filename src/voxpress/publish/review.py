"""Sentences of a book that a recogniser did not hear as they are written, and what people decide of them.

A decision stands in the outline: a sentence is approved, a word is said otherwise, or another reading is wanted. So the
next render of any publication follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import unescape
from typing import NamedTuple

from msgspec.structs import replace

from voxpress.audio.waveform import Audio
from voxpress.errors import InputError
from voxpress.publish.narration import Narration
from voxpress.publish.outline import Decision, Outline
from voxpress.quality.asr import Recogniser
from voxpress.rendering import ATTEMPTS
from voxpress.rendering.listening import Unheard, hear
from voxpress.rendering.plan import Assignment, Plan
from voxpress.rendering.planner import Planner
from voxpress.rendering.worker import speak
from voxpress.store import Store
from voxpress.text.wer import passes

MOST_READINGS = 1000
"""Seeds that are tried for one sentence."""
_GONE = "that sentence does not stand in the book any more: load the page again"


class Doubtful(NamedTuple):
    """A sentence that was not heard as it is written.

    Attributes:
        chapter: its title.
        text: as in `Block.text`.
        spoken: what the engine was given to say.
        heard: what the recogniser heard.
        wer: word error rate.
        take: the take's key.
        assignment: who speaks it.
    """

    chapter: str
    text: str
    spoken: str
    heard: str
    wer: float
    differences: tuple[tuple[str, str], ...]
    take: str
    assignment: Assignment


def find_doubtful(
    narrations: Iterable[Narration], planner: Planner, store: Store, outline: Outline
) -> Iterator[Doubtful]:
    """The sentences of narrations that a recogniser doubts and nobody has approved, in order, each once.

    What no recogniser has heard is not among them.

    Raises:
        InputError: a narration cannot be spoken as it is.
        StoreError: the store cannot be read.
    """
    approved = {each.text for each in outline.sentences if each.approved}
    seen: set[str] = set()
    for narration in narrations:
        spoken = list(_list_spoken(narration, planner))
        verdicts = store.verdicts({each.take for each in spoken})
        for each in spoken:
            verdict = verdicts.get(each.take)
            if each.take in seen or verdict is None or passes(verdict.score) or each.text in approved:
                continue
            seen.add(each.take)
            yield Doubtful(
                chapter=narration.utterance.title,
                text=each.text,
                spoken=each.spoken,
                heard=verdict.heard,
                wer=verdict.score.wer,
                differences=verdict.score.differences,
                take=each.take,
                assignment=each.assignment,
            )


def count_heard(narrations: Iterable[Narration], planner: Planner, store: Store) -> tuple[int, int]:
    """How many takes of narrations a recogniser has heard, and how many there are.

    Raises:
        InputError: a narration cannot be spoken as it is.
        StoreError: the store cannot be read.
    """
    takes = {each.take for narration in narrations for each in _list_spoken(narration, planner)}
    return len(store.verdicts(takes)), len(takes)


class _Spoken(NamedTuple):
    """A take of a narration: the piece of a block that it says, and what the engine is given for it."""

    take: str
    text: str
    spoken: str
    assignment: Assignment


def _list_spoken(narration: Narration, planner: Planner) -> Iterator[_Spoken]:
    plan = planner.plan(narration.utterance, filed=False)
    if not isinstance(plan, Plan):
        raise plan.error
    for take, words in zip(plan.recipe.spoken, plan.recipe.script.takes, strict=True):
        place = narration.find(*words.source(0, len(words)))
        text = narration.blocks[place[0]].text[place[1] : place[2]] if place else words.text
        yield _Spoken(take, text, words.text, plan.takes[take])


def approve(outline: Outline, text: str) -> Outline:
    """The outline in which a sentence is good as it was spoken."""
    return _decide(outline, text, approved=True)


def respell(outline: Outline, written: str, said: str) -> Outline:
    """The outline in which a word is said otherwise.

    Raises:
        InputError: one of them is empty.
    """
    written, said = written.strip(), said.strip()
    if not written or not said:
        raise InputError("a word and how it is said are needed")
    return replace(outline, words={**outline.words, written: said})


def reread(outline: Outline, text: str) -> Outline:
    """The outline in which a sentence has another reading than before.

    Raises:
        InputError: it had too many.
    """
    former = next((each.seed for each in outline.sentences if each.text == text), None)
    seed = (former or 0) + 1
    if seed > MOST_READINGS:
        raise InputError(f"{MOST_READINGS} readings of this sentence were tried: say its words otherwise")
    return _decide(outline, text, seed=seed)


def _decide(outline: Outline, text: str, *, approved: bool | None = None, seed: int | None = None) -> Outline:
    known = {each.text: each for each in outline.sentences}
    former = known.get(text, Decision(text=text))
    changes = {"approved": approved, "seed": seed}
    new = replace(former, **{name: value for name, value in changes.items() if value is not None})
    if seed is not None:
        new = replace(new, approved=False)  # that was said of the former reading
    return replace(outline, sentences=tuple({**known, text: new}.values()))


class Reviewing:
    """A review of one book: its doubtful sentences, and decisions that are kept and carried out at once.

    Args:
        load: the outline as it is now; somebody may edit it meanwhile.
        save: keeps an outline.
        narrate: the narrations of all chapters, as an outline has them.
        make_planner: what plans them.
        recogniser: hears what is spoken again.

    Not safe for several threads at once.
    """

    def __init__(
        self,
        *,
        load: Callable[[], Outline],
        save: Callable[[Outline], None],
        narrate: Callable[[Outline], Iterable[Narration]],
        make_planner: Callable[[Outline], Planner],
        store: Store,
        recogniser: Recogniser,
    ) -> None:
        self.store = store
        self._load, self._save = load, save
        self._narrate, self._make_planner = narrate, make_planner
        self._recogniser = recogniser

    def sentences(self) -> list[Doubtful]:
        """What is doubtful now, in the order of the book.

        Raises:
            SpeechError: a chapter or the store cannot be read.
        """
        outline = self._load()
        planner = self._make_planner(outline)
        return list(find_doubtful(self._narrate(outline), planner, self.store, outline))

    def audio(self, take: str) -> Audio | None:
        """How a take sounds; None where the store has none of that key."""
        return self.store.take(take)

    def approve(self, text: str) -> None:
        """Take a sentence as it was spoken.

        Raises:
            InputError: it does not stand in the book.
        """
        outline = self._load()
        if not any(_holds(each, text) for each in self._narrate(outline)):
            raise InputError(_GONE)
        self._save(approve(outline, text))

    def respell(self, text: str, written: str, said: str) -> Doubtful | None:
        """Have a word said otherwise, and speak the sentence again; the sentence, where it is still doubtful.

        Raises:
            InputError: the word does not stand in the sentence, or cannot be said so.
            EngineError: it could not be spoken.
        """
        if written.strip() not in unescape(text):
            raise InputError(f"{written.strip()!r} does not stand in that sentence")
        return self._speak(text, respell(self._load(), written, said))

    def reread(self, text: str) -> Doubtful | None:
        """Have another reading of a sentence; the sentence, where it is still doubtful.

        Raises:
            InputError: the engine has one reading only.
            EngineError: it could not be spoken.
        """
        return self._speak(text, reread(self._load(), text), other=True)

    def _speak(self, text: str, outline: Outline, *, other: bool = False) -> Doubtful | None:
        planner = self._make_planner(outline)
        narrations = [each for each in self._narrate(outline) if _holds(each, text)]
        spoken = [each for narration in narrations for each in _list_spoken(narration, planner)]
        wanted = {each.take: each.assignment for each in spoken if text in each.text}
        if not wanted:
            raise InputError(_GONE)
        for take, speaks in wanted.items():
            if other and not speaks.engine.seeded:
                raise InputError(
                    f"{speaks.engine.name} reads a sentence the same each time: say its words otherwise"
                )
            self._hear(take, speaks)
        self._save(outline)
        found = find_doubtful(narrations[:1], planner, self.store, outline)
        return next((each for each in found if text in each.text), None)

    def _hear(self, key: str, speaks: Assignment) -> None:
        if self.store.take(key) is None:
            batch = [(key, speaks.segment)]
            (take,), _ = speak(speaks.engine, speaks.fingerprint, self.store, batch, range(ATTEMPTS))
            if take.error:
                raise take.error
        # as after the last attempt, so that no render replaces the reading that somebody listens to now
        heard = hear(self._recogniser, self.store, Unheard(key, speaks.segment, ATTEMPTS, rival=False))
        if heard.error:
            raise heard.error


def _holds(narration: Narration, text: str) -> bool:
    return bool(text.strip()) and any(text in block.text for block in narration.blocks)
