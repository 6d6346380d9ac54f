"""What is spoken, heard and finished next: queues, turns, and who waits for what.

The scheduler is told what arrived, and says what to start. It has no executor, no clock and no store; a driver
(`voxpress.rendering.driver`) has them, and carries out what it says. At any time at most `WINDOW` utterances of a
render are open, or `PER_WORKER` for each worker, and the longest segments of a block are spoken first.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

from voxpress.engines import Engine, price_of
from voxpress.errors import ServiceRefused, SpeechError, StoreError, WorkerLost
from voxpress.rendering import ATTEMPTS
from voxpress.rendering.assessment import Assessed, most_attempts
from voxpress.rendering.finishing import Finished
from voxpress.rendering.listening import Heard, Unheard
from voxpress.rendering.plan import Plan, place_error
from voxpress.rendering.queues import Load, Queues, Sizes, width
from voxpress.rendering.results import make_result
from voxpress.rendering.tasks import FINISH, Finish, Listen, Speak, Task
from voxpress.rendering.turns import LongestFirst, Turns
from voxpress.rendering.worker import Take
from voxpress.speech import Result, Segment, Status
from voxpress.store import Verdict
from voxpress.text.wer import passes

WINDOW = 4096
PER_WORKER = 64
"""Open utterances for each worker where that is more than `WINDOW`: all others go on while those of a lost one wait."""

_MOST_FAILED = 10_000
"""Failed segments that are remembered, so that other rows fail with them at once."""
_MOST_BLAMELESS = 20
"""How often the machine of a task may be lost before something is wrong with all of them."""
_VANISHED = 20
"""How often an utterance's takes may be gone again before the store is called broken."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """News of an utterance on its way: one of its takes is in the store."""

    number: int
    take: str


News: TypeAlias = Result | Arrived


class Stages(Protocol):
    """Where each stage works. A pool can be anything that is hashable; its `workers`, if it has them, are how many
    tasks it does at once.
    """

    @property
    def finishing(self) -> Any:
        """Where files are made."""

    @property
    def listening(self) -> Any:
        """Where takes are heard."""

    def speaking(self, engine: Engine) -> Any:
        """Where that engine speaks."""


@dataclass(eq=False, slots=True)
class _Losses:
    """How often the worker was lost that had something: `blameless` where it said nothing of what the worker did."""

    own: int = 0
    blameless: int = 0

    def count(self, error: WorkerLost) -> bool:
        """Whether it may be tried again after this loss."""
        if error.blameless:
            self.blameless += 1
        else:
            self.own += 1
        return self.own < 2 and self.blameless < _MOST_BLAMELESS


@dataclass(eq=False, slots=True)
class _Open:
    """An utterance on its way."""

    plan: Plan
    finished: bool = False
    waiting: set[str] = field(default_factory=set)
    spoken: int = 0
    characters: int = 0
    billed: int = 0
    cost: float = 0.0
    notes: list[str] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    vanished: int = 0
    losses: _Losses = field(default_factory=_Losses)


@dataclass(frozen=True, slots=True)
class _Best:
    """The reading of a segment that is used, unless a better one comes.

    Attributes:
        attempt: which one gave it; 0: the store had it.
        notes: how it was not spoken as planned.
        verdict: of the recogniser, if there is one.
    """

    attempt: int = 0
    notes: tuple[str, ...] = ()
    verdict: Verdict | None = None


@dataclass(eq=False, slots=True)
class _Wanted:
    """A segment that somebody waits for.

    Attributes:
        queued: it waits for its turn; otherwise it is being spoken, waits for a recogniser, or is being heard.
        counted: somebody's result counts it as spoken.
        attempts: how often it was spoken and heard so far.
    """

    engine: Engine
    fingerprint: str
    segment: Segment
    waiters: list[_Open] = field(default_factory=list)
    queued: bool = False
    counted: bool = False
    vanished: int = 0
    losses: _Losses = field(default_factory=_Losses)
    attempts: int = 0
    best: _Best | None = None


class Scheduler:
    """What is open, what is wanted, what is running.

    Args:
        stages: where the work is done.
        folder: path of the output folder, for results.
        listens: a recogniser hears every take before it is used.
        turns: the order in which segments are spoken; None: the longest first.
        window: how far apart the positions of open utterances may be; None: `WINDOW`, and more for many workers.
        lasting: utterances come and go all the time. Failures are not remembered, so that what is asked for again is
            tried again, and a store that gives nothing back fails the utterance that asked.

    >>> from voxpress.executors import Pools
    >>> Scheduler(Pools(workers=0)).has_room
    True
    """

    def __init__(
        self,
        stages: Stages,
        *,
        folder: str | os.PathLike[str] | None = None,
        attempts: int = ATTEMPTS,
        listens: bool = False,
        turns: Turns | None = None,
        window: int | None = None,
        lasting: bool = False,
    ) -> None:
        self._stages, self._folder, self._attempts, self._listens = stages, folder, attempts, listens
        self._lasting, self._window = lasting, window
        self._open: dict[int, _Open] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._failed: dict[str, SpeechError] = {}
        self._refused: dict[Engine, SpeechError] = {}
        # One task at work and one in waiting for each worker; none in waiting where others come whose turn is sooner.
        self._load = Load(1 if lasting else 2)
        self._sizes = Sizes()
        self._queues = Queues(
            stages.speaking, self._load, self._sizes, turns or LongestFirst(), lasting=lasting
        )
        self._alone: deque[str] = deque()
        self._unheard: deque[Unheard] = deque()
        self._ready: deque[_Open] = deque()

    # What is open

    @property
    def open(self) -> bool:
        """Whether any utterance is on its way."""
        return bool(self._open)

    @property
    def awaited(self) -> Mapping[str, object]:
        """Keys of the takes that somebody waits for."""
        return self._wanted

    @property
    def has_room(self) -> bool:
        """Whether a render may take in more rows."""
        # Bounded by position, not by number: results can then be put in order with a bounded buffer.
        oldest = next(iter(self._open), None)
        newest = next(reversed(self._open), None)
        window = self._window or max(WINDOW, PER_WORKER * self._queues.workers)
        return oldest is None or newest is None or newest - oldest < window

    @property
    def is_hungry(self) -> bool:
        """Whether tasks would be larger if more were to be spoken."""
        return self._queues.is_hungry

    def admit(self, found: Assessed) -> Iterator[News]:
        """Take in a plan, whose number no other open one has."""
        plan = found.plan
        if found.standing is not None:
            yield make_result(plan, Status.UP_TO_DATE, self._folder, clips=found.standing)
            return
        opened = _Open(plan, finished=found.finished, verdicts=dict(found.verdicts))
        self._open[plan.number] = opened
        lacking = (*found.missing, *found.unheard, *found.doubtful)
        if found.finished or not lacking:
            self._ready.append(opened)
        else:
            yield from self._want(opened, lacking, found.unheard, found.doubtful)

    def withdraw(self, number: int) -> None:
        """Nobody waits for that utterance any more: what only it wanted is not spoken, and there will be no result."""
        opened = self._open.pop(number, None)
        if opened is None:
            return
        for key in opened.waiting:
            wanted = self._wanted.get(key)
            if wanted is None:
                continue
            wanted.waiters = [other for other in wanted.waiters if other is not opened]
            if not wanted.waiters and wanted.queued:
                del self._wanted[key]
        self._ready = deque(other for other in self._ready if other is not opened)

    def hurry(self, number: int) -> None:
        """That utterance's place has changed: ask for its turns again."""
        opened = self._open.get(number)
        for key in opened.waiting if opened else ():
            if opened and self._is_waiting(key):
                self._queues.add(key, opened.plan, self._wanted[key].attempts)

    def fail(self, plan: Plan, error: SpeechError) -> Iterator[News]:
        """Something went wrong with that utterance, whether it was taken in or not."""
        opened = self._open.get(plan.number) or _Open(plan)
        self.withdraw(plan.number)
        yield self._result(opened, Status.FAILED, exception=place_error(error, plan.utterance))

    def _want(
        self,
        opened: _Open,
        keys: Collection[str],
        unheard: Sequence[str] = (),
        doubtful: Mapping[str, Verdict] = {},
    ) -> Iterator[News]:
        # All at once: what is settled on the way must not look like the last.
        opened.waiting.update(keys)
        for key in keys:
            if error := self._failed.get(key):
                yield from self.fail(opened.plan, error)
                return
            wanted = self._wanted.get(key)
            if wanted is not None:
                wanted.waiters.append(opened)
                if wanted.queued and self._lasting:
                    # Again for everyone who wants it: the next may be nearer to their turn than the first.
                    self._queues.add(key, opened.plan, wanted.attempts)
                continue
            take = opened.plan.takes[key]
            wanted = self._wanted[key] = _Wanted(take.engine, take.fingerprint, take.segment, [opened])
            if verdict := doubtful.get(key):
                wanted.best, wanted.attempts = _Best(verdict=verdict), verdict.attempts
            if key in unheard:
                self._unheard.append(Unheard(key, wanted.segment, 1, rival=False))
                continue
            yield from self._queue(key)
            if opened.plan.number not in self._open:
                return

    def _queue(self, key: str) -> Iterator[News]:
        """Have a segment spoken in its turn, unless its service lets nobody in."""
        wanted = self._wanted[key]
        if refusal := self._refused.get(wanted.engine):
            yield from self._settle(key, refusal)
            return
        wanted.queued = True
        self._queues.add(key, wanted.waiters[0].plan, wanted.attempts)

    # What can be started

    def start(self, *, more: bool = False) -> Iterator[Task]:
        """Tasks that can be started now. Each one counts as running from when it is taken.

        Args:
            more: other rows are about to come: nothing is spoken yet that would be spoken with them.
        """
        while self._ready and self._load.is_free(self._stages.finishing):
            pool = self._stages.finishing
            share = min(FINISH, -(-len(self._ready) // width(pool)))
            ready = [self._ready.popleft() for _ in range(share)]
            heard = None
            if self._listens:
                heard = tuple({key: v.take for key, v in each.verdicts.items()} for each in ready)
            yield self._begin(Finish(pool, tuple(each.plan for each in ready), heard))
        while self._unheard and self._load.is_free(self._stages.listening):
            reading = self._unheard.popleft()
            if self._wanted[reading.key].waiters:
                rows = tuple(each.plan.name for each in self._wanted[reading.key].waiters)
                yield self._begin(Listen(self._stages.listening, reading, rows))
            else:
                del self._wanted[reading.key]
        while self._alone and self._load.is_free(self._stages.speaking(self._wanted[self._alone[0]].engine)):
            # After the loss of a worker: one at a time, so that a second loss names its cause.
            key = self._alone.popleft()
            if self._wanted[key].waiters:
                yield self._begin(self._speak([key]))
            else:
                del self._wanted[key]
        while not (more and self.is_hungry) and (batch := self._next_batch()):
            yield self._begin(self._speak(batch))

    def _begin(self, task: Task) -> Task:
        self._load.begin(task)
        return task

    def _is_waiting(self, key: str) -> bool:
        """Whether a queued segment is still to be spoken."""
        wanted = self._wanted.get(key)
        return wanted is not None and wanted.queued

    def _next_batch(self) -> list[str]:
        batch = self._queues.take(self._is_waiting)
        for key in batch:
            self._wanted[key].queued = False
        return batch

    def _speak(self, keys: Sequence[str]) -> Speak:
        all_wanted = [self._wanted[key] for key in keys]
        first = all_wanted[0]
        engine = first.engine
        for wanted in all_wanted:
            if wanted.waiters and not wanted.counted:
                wanted.counted = True
                wanted.waiters[0].spoken += 1
                wanted.waiters[0].characters += len(wanted.segment.text)
        together = set(keys)
        waiters = {o.plan.number: o for wanted in all_wanted for o in wanted.waiters}
        ripe = [o.plan for o in waiters.values() if o.waiting <= together and not self._listens]
        return Speak(
            self._stages.speaking(engine),
            engine,
            first.fingerprint,
            tuple((key, self._wanted[key].segment) for key in keys),
            range(first.attempts, most_attempts(engine, self._attempts)),
            tuple(ripe[:FINISH]),
            tuple(each.plan.name for each in waiters.values()),
        )

    # What arrives

    def spoke(self, task: Speak, takes: Sequence[Take], finished: Sequence[Finished]) -> Iterator[News]:
        """A batch was spoken, and what its task finished was finished."""
        self._load.end(task)
        ripe = {plan.number for plan in task.finish}
        characters = sum(len(segment.text) for _, segment in task.batch)
        self._sizes.learn(task.engine, characters, sum(take.seconds for take in takes))
        for take in takes:
            self._bill(self._wanted[take.key], take.paid)
        for take in takes:
            wanted = self._wanted[take.key]
            if take.error:
                yield from self._settle(take.key, take.error, ripe)
            elif self._listens and wanted.waiters:
                rival = task.attempts.start > 0
                self._unheard.append(Unheard(take.key, wanted.segment, take.attempts, rival, take.notes))
            else:
                wanted.best = _Best(take.attempts, take.notes)
                yield from self._settle(take.key, None, ripe)
        for error in [take.error for take in takes if isinstance(take.error, ServiceRefused)][:1]:
            yield from self._refuse(task.engine, error)
        for plan, outcome in zip(task.finish, finished, strict=False):
            yield from self._outcome(plan, outcome)

    def heard(self, task: Listen, heard: Heard) -> Iterator[News]:
        """A take was heard."""
        self._load.end(task)
        key, reading, wanted = heard.key, task.reading, self._wanted[heard.key]
        if heard.error:
            yield from self._settle(key, heard.error)
            return
        if heard.verdict is None:
            wanted.vanished += 1
            if wanted.vanished > _VANISHED:
                yield from self._settle(key, StoreError(f"the store does not give back the take {key}"))
                return
            wanted.attempts, wanted.best = 0, None
        else:
            best = wanted.best or _Best()
            if heard.taken:
                best = _Best(reading.attempts if wanted.counted else 0, reading.notes)
            wanted.attempts, wanted.best = reading.attempts, replace(best, verdict=heard.verdict)
            most = most_attempts(wanted.engine, self._attempts)
            if passes(heard.verdict.score) or wanted.attempts >= most:
                yield from self._settle(key, None)
                return
        if wanted.waiters:
            yield from self._queue(key)
        else:
            del self._wanted[key]

    def finished(self, task: Finish, outcomes: Sequence[Finished]) -> Iterator[News]:
        """Files were made.

        Raises:
            StoreError: the store does not give back what was written to it, and the scheduler is not `lasting`.
        """
        self._load.end(task)
        for plan, outcome in zip(task.plans, outcomes, strict=True):
            yield from self._outcome(plan, outcome)

    def lost(self, task: Task, error: WorkerLost) -> Iterator[News]:
        """The worker that had the task is gone. What it had is tried once more, each alone; after a loss of its whole
        machine as often as it takes, and as before.
        """
        self._load.end(task)
        match task:
            case Speak():
                for key, segment in task.batch:
                    wanted = self._wanted[key]
                    if not wanted.losses.count(error):
                        yield from self._settle(key, _explain_loss(error, segment, wanted.losses))
                    elif wanted.losses.own:
                        self._alone.append(key)
                    elif wanted.waiters:
                        yield from self._queue(key)
                    else:
                        del self._wanted[key]
            case Listen(reading=reading):
                if self._wanted[reading.key].losses.count(error):
                    self._unheard.append(reading)
                else:
                    yield from self._settle(reading.key, error)
            case Finish():
                for opened in [self._open[plan.number] for plan in task.plans if plan.number in self._open]:
                    if opened.losses.count(error):
                        self._ready.append(opened)
                    else:
                        yield from self.fail(opened.plan, error)

    def failed(self, task: Task, error: SpeechError) -> Iterator[News]:
        """The task raised: that costs what it was for."""
        match task:
            case Speak():
                yield from self.spoke(task, [Take(key, 0, error) for key, _ in task.batch], ())
            case Listen(reading=reading):
                yield from self.heard(task, Heard(reading.key, error=error))
            case Finish():
                self._load.end(task)
                for plan in task.plans:
                    if plan.number in self._open:
                        yield from self.fail(plan, error)

    def _refuse(self, engine: Engine, error: SpeechError) -> Iterator[News]:
        """Fail what waits for a service that lets nobody in: it need not be asked for each."""
        if not self._lasting:
            self._refused[engine] = error
        for key in self._queues.drop(engine):
            if self._is_waiting(key):
                yield from self._settle(key, error)

    def _bill(self, wanted: _Wanted, paid: int) -> None:
        """Bill attempts to the row that asked first; where it has failed meanwhile, to the next."""
        text = wanted.segment.text
        if paid and wanted.waiters and (price := price_of(wanted.engine, text)):
            wanted.waiters[0].billed += paid * len(text)
            wanted.waiters[0].cost += paid * price

    def _settle(self, key: str, error: SpeechError | None, ripe: Iterable[int] = ()) -> Iterator[News]:
        """A segment is done with.

        Args:
            error: why it was not spoken or heard; it costs nothing where there is a reading that can be used.
            ripe: utterances that the same task finishes.
        """
        wanted = self._wanted.pop(key)
        text, best = wanted.segment.text, wanted.best
        error = None if best else error
        if error and not self._lasting:
            while len(self._failed) >= _MOST_FAILED:
                del self._failed[next(iter(self._failed))]
            self._failed[key] = error
        for opened in wanted.waiters:
            if error:
                yield from self.fail(opened.plan, error)
                continue
            if best:
                if best.attempt > 1:
                    opened.notes.append(f"attempt {best.attempt} taken for {text[:60]!r}")
                opened.notes += (f"{note}: {text[:60]!r}" for note in best.notes)
                if best.verdict:
                    opened.verdicts[key] = best.verdict
            opened.waiting.discard(key)
            yield Arrived(opened.plan.number, key)
            if not opened.waiting and opened.plan.number not in ripe:
                self._ready.append(opened)

    def _outcome(self, plan: Plan, outcome: Finished) -> Iterator[News]:
        opened = self._open.get(plan.number)
        if opened is None:
            return  # it failed with one of its takes, or nobody waits for it any more
        if outcome.error:
            yield from self.fail(plan, outcome.error)
        elif (outcome.missing or outcome.changed) and opened.vanished == _VANISHED:
            take = (*outcome.missing, *outcome.changed)[0]
            error = StoreError(
                f"the store does not give back what was written to it a moment ago: take {take}"
            )
            if not self._lasting:
                raise error  # all others would meet it too
            yield from self.fail(plan, error)
        elif outcome.missing:
            # Broken or pruned since it was looked up: spoken again.
            opened.finished, opened.vanished = False, opened.vanished + 1
            yield from self._want(opened, outcome.missing)
        elif outcome.changed:
            # Another render with a recogniser chose other readings.
            opened.vanished += 1
            for key in outcome.changed:
                opened.verdicts.pop(key, None)
            yield from self._want(opened, outcome.changed, unheard=outcome.changed)
        else:
            del self._open[plan.number]
            status = Status.FROM_STORE if opened.finished else Status.RENDERED
            if self._listens and not outcome.made:
                written = outcome.written or self._folder is None
                status = Status.FROM_STORE if written else Status.UP_TO_DATE
            yield self._result(opened, status, clips=outcome.clips)

    def _result(self, opened: _Open, status: Status, **more: Any) -> Result:
        return make_result(
            opened.plan,
            status,
            self._folder,
            notes=opened.notes,
            verdicts=opened.verdicts,
            spoken=opened.spoken,
            characters=opened.characters,
            billed=opened.billed,
            cost=opened.cost,
            **more,
        )


def _explain_loss(error: WorkerLost, segment: Segment, losses: _Losses) -> WorkerLost:
    if losses.own > 1:
        return WorkerLost(f"{error}, twice, while speaking {segment.text[:60]!r} alone")
    return type(error)(f"{error}, {losses.blameless} times, before {segment.text[:60]!r} was spoken")
