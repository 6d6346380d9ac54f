"""THE LOOP: look up, speak, check, finish.

One thread decides, with keys alone; executors do the work. A render is run to its end: at any time at most `WINDOW`
of its utterances are open, and within them the longest segments are spoken first, so that no worker is left with a long
one at the end. A server's loop lasts: utterances come and go while it works.
"""

from __future__ import annotations

import heapq
import queue
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeAlias

from voxpress.engines import Engine, describe, price_of
from voxpress.errors import LeftOut, ServiceRefused, SpeechError, StoreError, WorkerLost
from voxpress.executors import Pools
from voxpress.quality.asr import Recogniser
from voxpress.rendering import ATTEMPTS, worker
from voxpress.rendering.output import OutputFolder
from voxpress.rendering.planner import Bad, Plan, placed
from voxpress.rendering.worker import Finished, Order, Take
from voxpress.speech import Clip, OptionValue, Result, Segment, Status, Utterance
from voxpress.store import Store, Verdict
from voxpress.text.wer import passes

WINDOW = 4096
LOOKUP = 256
"""Utterances that are looked up in the store at once."""
ORDERS = 8
"""Most utterances that one task finishes."""

_VANISHED = 20
"""How often an utterance's takes may be gone again before the store is called broken."""


def standing(plan: Plan, folder: OutputFolder | None) -> Result | None:
    """The result for an utterance whose files all stand in `folder` as wanted; None if any does not."""
    if folder is None:
        return None
    clips = []
    for target in plan.targets:
        clip = folder.holds(target.path, target.clip, target.output.format)
        if clip is None or target.output.limit_exceeded(clip):
            return None
        clips.append(clip)
    return _result(_Open(plan), "up to date", folder, clips=tuple(clips))


def lacks(plan: Plan, missing_clips: set[str]) -> bool:
    """Whether a clip of `plan` is among those that are missing."""
    return any(target.clip in missing_clips for target in plan.targets)


@dataclass(slots=True)
class _Open:
    """An utterance on its way."""

    plan: Plan
    waiting: set[str] = field(default_factory=set)
    spoken: int = 0
    characters: int = 0
    billed: int = 0
    cost: float = 0.0
    notes: list[str] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    had_clips: bool = False
    vanished: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Wanted:
    """A segment that somebody waits for."""

    segment: Segment
    plan: Plan
    waiters: list[_Open] = field(default_factory=list)
    lost: int = 0
    running: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """News of an utterance on its way: one of its takes is in the store."""

    number: int
    take: str


class Turns(Protocol):
    """In which order segments are spoken."""

    def place(self, plan: Plan, segment: Segment) -> Any:
        """What the segment is sorted by, smallest first; comparable with all others."""

    def taken(self, place: Any) -> None:
        """A segment with that place is being spoken."""

    def gives_way(self, long: Any, short: Any) -> bool:
        """Whether the last free worker goes to a short segment, though a long one may be before it."""


class LongestFirst:
    """Turns of a render: no worker is left with a long segment at the end.

    >>> segment = Segment(text="Hello.", voice="low", language="en")
    >>> LongestFirst().place(None, segment)
    -6
    """

    def place(self, plan: Plan | None, segment: Segment) -> int:
        return -len(segment.text)

    def taken(self, place: int) -> None:
        """Nothing is changed by it."""

    def gives_way(self, long: int, short: int) -> bool:
        """It would, if anybody asked."""
        return True


LONG = 100
"""Characters. Segments of more leave a worker to shorter ones that wait, where utterances come all the time."""


class _Group(NamedTuple):
    """What segments have in common that may be spoken together."""

    engine: Engine
    voice: str
    language: str
    speed: float
    options: tuple[tuple[str, OptionValue], ...]
    long: bool


_News: TypeAlias = Result | Spoken


@dataclass(frozen=True, slots=True)
class _Change:
    number: int
    stays: bool


_CLOSE = None
_Event: TypeAlias = Future[Any] | Plan | _Change | None


def _named(error: Exception) -> SpeechError:
    """`error` as one of ours: another is a mistake in voxpress or in an engine, and says of which type it is."""
    return error if isinstance(error, SpeechError) else SpeechError(describe(error))


def _width(executor: Executor) -> int:
    return getattr(executor, "workers", None) or 16


class Scheduler:
    """What is open, what is wanted, what is running.

    Args:
        folder: where files go; None: clips stay in the store.
        recogniser: listens to every take that it did not hear before.
        turns: the order in which segments are spoken; None: the longest first.
        lasting: utterances come by `submit` and may leave by `withdraw`, from any thread, while `serve` runs. Failures
            are not remembered, so that what is asked for again is tried again, and what a broken store costs is the
            utterances that it was for, not the loop.
    """

    def __init__(
        self,
        store: Store,
        folder: OutputFolder | None,
        pools: Pools,
        attempts: int = ATTEMPTS,
        recogniser: Recogniser | None = None,
        *,
        turns: Turns | None = None,
        lasting: bool = False,
    ) -> None:
        self._store, self._folder, self._pools, self._attempts = store, folder, pools, attempts
        self._recogniser, self._turns, self._lasting = recogniser, turns or LongestFirst(), lasting
        self._open: dict[int, _Open] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._failed: dict[str, SpeechError] = {}
        self._refused: dict[Engine, SpeechError] = {}
        # What one call of an engine may hold together, in turn. A segment may stand there more than once.
        self._queues: dict[_Group, list[tuple[Any, int, str]]] = defaultdict(list)
        self._alone: deque[str] = deque()
        self._ready: deque[_Open] = deque()
        self._running: dict[Future[Any], tuple[Executor, Callable[[Future[Any]], Iterator[_News]]]] = {}
        self._busy: Counter[Executor] = Counter()
        self._long: Counter[Executor] = Counter()
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._wrote = False

    def run(self, plans: Iterable[Plan | Bad]) -> Iterator[Result]:
        """Do all of `plans`, yielding each result as it is there."""
        for news in self._run(plans):
            if isinstance(news, Result):
                yield news

    def _run(self, plans: Iterable[Plan | Bad]) -> Iterator[_News]:
        rows = iter(plans)
        more = True
        while more or self._open:
            while more and self._room():
                batch = list(islice(rows, LOOKUP))
                more = len(batch) == LOOKUP
                yield from self._admit(batch)
                self._start()
            self._start()
            if self._running:
                event = self._events.get()
                assert isinstance(event, Future)
                yield from self._arrived(event)
        if self._folder is not None and self._wrote:
            self._folder.tidy()

    def serve(self) -> Iterator[Result | Spoken]:
        """Do what is submitted, until `close`: each result once, and news of takes before it."""
        while (event := self._events.get()) is not _CLOSE:
            batch: list[_Event] = [event]
            while not self._events.empty() and len(batch) < LOOKUP:
                batch.append(self._events.get())
            if _CLOSE in batch:
                return
            gone = set()
            for each in batch:
                if isinstance(each, Future):
                    yield from self._arrived(each)
                elif isinstance(each, _Change) and each.stays:
                    self._requeue(each.number)
                elif isinstance(each, _Change):
                    gone.add(each.number)
                    self._drop(each.number)
            come = [each for each in batch if isinstance(each, Plan)]
            yield from self._admitted([plan for plan in come if plan.number not in gone])
            self._start()

    def submit(self, plan: Plan) -> None:
        """Take in a plan, whose number no other open one has."""
        self._events.put(plan)

    def withdraw(self, number: int) -> None:
        """Nobody waits for that utterance any more: what only it wanted is not spoken, and there will be no result."""
        self._events.put(_Change(number, stays=False))

    def hurry(self, number: int) -> None:
        """That utterance's place has changed: ask for its turns again."""
        self._events.put(_Change(number, stays=True))

    def close(self) -> None:
        """End `serve`; what is open then has no result."""
        self._events.put(_CLOSE)

    def _room(self) -> bool:
        # Bounded by position, not by number: results can then be put in order with a bounded buffer.
        oldest = next(iter(self._open), None)
        newest = next(reversed(self._open), None)
        return oldest is None or newest is None or newest - oldest < WINDOW

    # Look up

    def _admitted(self, batch: Sequence[Plan]) -> Iterator[_News]:
        if not batch:
            return
        try:
            yield from self._admit(batch)
        except StoreError as error:
            for plan in batch:
                yield from self._fail(self._open.get(plan.number) or _Open(plan), error)

    def _admit(self, batch: Sequence[Plan | Bad]) -> Iterator[_News]:
        todo: list[Plan] = []
        for plan in batch:
            if isinstance(plan, Bad):
                yield refused(plan)
            elif self._recogniser is None and (result := standing(plan, self._folder)):
                yield result
            else:
                todo.append(plan)
        if self._recogniser is not None:
            yield from self._admit_heard(todo, self._recogniser)
            return
        no_clip = self._store.missing_clips({target.clip for plan in todo for target in plan.targets})
        no_take = self._store.missing_takes(
            {key for plan in todo if lacks(plan, no_clip) for key in plan.takes if key not in self._wanted}
        )
        for plan in todo:
            opened = _Open(plan, had_clips=not lacks(plan, no_clip), notes=list(plan.notes))
            self._open[plan.number] = opened
            lacking = [k for k in plan.takes if k in no_take or k in self._wanted]
            if opened.had_clips or not lacking:
                self._ready.append(opened)
            else:
                yield from self._want(opened, lacking)

    def _admit_heard(self, todo: Sequence[Plan], recogniser: Recogniser) -> Iterator[_News]:
        """Takes that this recogniser is not done with are wanted as if they were missing; the worker tells
        them apart.
        """
        keys = {key for plan in todo for key in plan.takes if key not in self._wanted}
        verdicts = {
            key: v
            for key, v in self._store.verdicts(keys).items()
            if v.recogniser == recogniser.fingerprint()
        }
        for plan in todo:
            most = self._attempts if plan.engine.seeded else 1
            mine = {key: verdicts[key] for key in plan.takes if key in verdicts}
            settled = {key: v for key, v in mine.items() if passes(v.score) or v.attempts >= most}
            self._open[plan.number] = opened = _Open(plan, notes=list(plan.notes), verdicts=settled)
            if lacking := [key for key in plan.takes if key not in settled]:
                yield from self._want(opened, lacking)
            else:
                self._ready.append(opened)

    def _want(self, opened: _Open, keys: Iterable[str]) -> Iterator[_News]:
        for key in keys:
            if error := self._failed.get(key) or self._refused.get(opened.plan.engine):
                yield from self._fail(opened, error)
                return
            opened.waiting.add(key)
            wanted = self._wanted.get(key)
            if wanted is None:
                segment = opened.plan.takes[key]
                wanted = self._wanted[key] = _Wanted(segment, opened.plan)
                opened.spoken += 1
                opened.characters += len(segment.text)
            if not wanted.running and (self._lasting or not wanted.waiters):
                # Again for everyone who wants it: the next may be nearer to their turn than the first.
                self._queue(key, wanted.segment, opened.plan)
            wanted.waiters.append(opened)

    def _queue(self, key: str, segment: Segment, plan: Plan) -> None:
        options = tuple(sorted(segment.options.items()))
        long = self._lasting and len(segment.text) > LONG
        group = _Group(plan.engine, segment.voice, segment.language, segment.speed, options, long)
        heapq.heappush(self._queues[group], (self._turns.place(plan, segment), plan.number, key))

    # Start what can be started

    def _start(self) -> None:
        while self._ready and self._takes(self._pools.finishing):
            share = min(ORDERS, -(-len(self._ready) // _width(self._pools.finishing)))
            self._finish([self._ready.popleft() for _ in range(share)])
        while self._alone and self._takes(self._pool(self._alone[0])):
            # After the loss of a worker: one at a time, so that a second loss names its cause.
            self._speak([self._alone.popleft()])
        while batch := self._next_batch():
            self._speak(batch)

    def _takes(self, executor: Executor) -> bool:
        # One task at work and one in waiting for each worker; none in waiting where others come whose turn is sooner.
        return self._busy[executor] < (1 if self._lasting else 2) * _width(executor)

    def _pool(self, key: str) -> Executor:
        return self._pools.speaking(self._wanted[key].plan.engine)

    def _waits(self, key: str) -> bool:
        """Whether a queued segment is still to be spoken."""
        wanted = self._wanted.get(key)
        return wanted is not None and not wanted.running

    def _next_batch(self) -> list[str]:
        for group, heap in list(self._queues.items()):
            while heap and not self._waits(heap[0][2]):
                heapq.heappop(heap)
            if not heap:
                del self._queues[group]
        groups = self._startable()
        if not groups:
            return []
        group = min(groups, key=lambda g: self._queues[g][0])
        heap = self._queues[group]
        batch: list[str] = []
        # Those next to each other in turn are of like length in a render, so that little is padded.
        share = self._share(heap[0][2])
        while heap and len(batch) < share:
            place, _, key = heapq.heappop(heap)
            if self._waits(key):
                self._wanted[key].running = True
                self._turns.taken(place)
                batch.append(key)
        return batch

    def _startable(self) -> list[_Group]:
        pools = {group: self._pools.speaking(group.engine) for group in self._queues}
        free = [group for group, pool in pools.items() if self._takes(pool)]
        short = [group for group in free if not group.long]

        def gives_way(long: _Group) -> bool:
            pool, place = pools[long], self._queues[long][0][0]
            if self._long[pool] < max(1, _width(pool) - 1):
                return False
            return any(
                pools[s] is pool and self._turns.gives_way(place, self._queues[s][0][0]) for s in short
            )

        return [group for group in free if not (group.long and gives_way(group))]

    def _share(self, key: str) -> int:
        """Most segments that the next batch may have: no worker waits while another has several."""
        most = self._wanted[key].plan.engine.max_batch
        if most == 1:
            return 1
        pool = self._pool(key)
        waiting = sum(len(heap) for heap in self._queues.values() if self._pool(heap[0][2]) is pool)
        return min(most, -(-waiting // _width(pool)))

    def _speak(self, keys: Sequence[str]) -> None:
        engine = self._wanted[keys[0]].plan.engine
        batch = [(key, self._wanted[key].segment) for key in keys]
        waiters = {o.plan.number: o for key in keys for o in self._wanted[key].waiters}
        together = set(keys)
        ripe = [o for o in waiters.values() if o.waiting <= together][:ORDERS]

        def spoken(future: Future[Any]) -> Iterator[_News]:
            finished: list[Finished] = []
            try:
                takes, finished = future.result()
            except WorkerLost as error:
                takes = self._lost(keys, error)
            except StoreError as error:
                if not self._lasting:
                    raise  # all others would meet it too
                takes = [Take(key, 0, error) for key in keys]
            except Exception as error:  # the edge of a task: it costs the segments that it was for
                takes = [Take(key, 0, _named(error)) for key in keys]
            for take in takes:
                yield from self._settle(take, ripe)
                if isinstance(take.error, ServiceRefused):
                    yield from self._refuse(engine, take.error)
            for opened, outcome in zip(ripe, finished, strict=False):
                yield from self._finished(opened, outcome)

        fingerprint = self._wanted[keys[0]].plan.fingerprint
        task = (
            engine,
            fingerprint,
            self._store,
            batch,
            self._attempts,
            self._orders(ripe),
            self._folder,
            self._recogniser,
        )
        pool = self._pools.speaking(engine)
        long = len(batch[0][1].text) > LONG
        self._long[pool] += long

        def then(future: Future[Any]) -> Iterator[_News]:
            self._long[pool] -= long
            yield from spoken(future)

        self._submit(pool, then, worker.speak, *task)

    def _finish(self, batch: Sequence[_Open]) -> None:
        def finished(future: Future[Any]) -> Iterator[_News]:
            try:
                outcomes: list[Finished] = future.result()
            except WorkerLost as error:
                for opened in batch:
                    opened.lost += 1
                    if opened.lost > 1:
                        yield from self._fail(opened, error)
                    elif opened.plan.number in self._open:
                        self._finish([opened])
                return
            except StoreError as error:
                if not self._lasting:
                    raise
                for opened in batch:
                    yield from self._fail(opened, error)
                return
            except Exception as error:  # the edge of a task: it costs the utterances that it was for
                for opened in batch:
                    yield from self._fail(opened, _named(error))
                return
            for opened, outcome in zip(batch, outcomes, strict=True):
                yield from self._finished(opened, outcome)

        self._submit(
            self._pools.finishing, finished, worker.finish, self._orders(batch), self._store, self._folder
        )

    def _orders(self, batch: Iterable[_Open]) -> list[Order]:
        exact = self._recogniser is not None
        return [Order(o.plan.parts, o.plan.targets, o.plan.engine.sample_rate, exact) for o in batch]

    def _submit(
        self,
        executor: Executor,
        then: Callable[[Future[Any]], Iterator[_News]],
        task: Callable[..., Any],
        *args: object,
    ) -> None:
        future = executor.submit(task, *args)
        self._running[future] = executor, then
        self._busy[executor] += 1
        future.add_done_callback(self._events.put)

    # Take in what is done

    def _arrived(self, future: Future[Any]) -> Iterator[_News]:
        executor, then = self._running.pop(future)
        self._busy[executor] -= 1
        yield from then(future)

    def _requeue(self, number: int) -> None:
        opened = self._open.get(number)
        if opened is None:
            return
        for key in opened.waiting:
            if self._waits(key):
                self._queue(key, self._wanted[key].segment, opened.plan)

    def _drop(self, number: int) -> None:
        opened = self._open.pop(number, None)
        if opened is None:
            return
        for key in opened.waiting:
            wanted = self._wanted.get(key)
            if wanted is None:
                continue
            wanted.waiters = [other for other in wanted.waiters if other is not opened]
            if not wanted.waiters and not wanted.running:
                del self._wanted[key]
        self._ready = deque(other for other in self._ready if other is not opened)

    def _lost(self, keys: Sequence[str], error: WorkerLost) -> list[Take]:
        given_up = []
        for key in keys:
            wanted = self._wanted[key]
            wanted.lost += 1
            if wanted.lost > 1:
                problem = f"{error}, twice, while speaking {wanted.segment.text[:60]!r} alone"
                given_up.append(Take(key, wanted.lost, WorkerLost(problem)))
            else:
                self._alone.append(key)
        return given_up

    def _refuse(self, engine: Engine, error: SpeechError) -> Iterator[_News]:
        """Fail what waits for a service that lets nobody in: it need not be asked for each."""
        if not self._lasting:
            self._refused[engine] = error
        for group in [group for group in self._queues if group.engine == engine]:
            for _, _, key in self._queues.pop(group):
                if self._waits(key):
                    yield from self._settle(Take(key, 0, error), ())

    def _settle(self, take: Take, ripe: Sequence[_Open]) -> Iterator[_News]:
        wanted = self._wanted.pop(take.key)
        if take.heard and (price := price_of(wanted.plan.engine, wanted.segment.text)):
            # The row that asked first; where it has failed meanwhile, the next.
            for opened in [o for o in wanted.waiters if o.plan.number in self._open][:1]:
                opened.billed += take.heard * len(wanted.segment.text)
                opened.cost += take.heard * price
        if take.verdict and not take.heard and wanted.waiters:  # the store had it
            wanted.waiters[0].spoken -= 1
            wanted.waiters[0].characters -= len(wanted.segment.text)
        if take.error and not self._lasting:
            self._failed[take.key] = take.error
        for opened in wanted.waiters:
            if opened.plan.number not in self._open:
                continue  # it failed for another segment
            if take.error:
                yield from self._fail(opened, take.error)
                continue
            if take.attempts > 1:
                opened.notes.append(f"attempt {take.attempts} taken for {wanted.segment.text[:60]!r}")
            opened.notes += (f"{note}: {wanted.segment.text[:60]!r}" for note in take.notes)
            if take.verdict:
                opened.verdicts[take.key] = take.verdict
            opened.waiting.discard(take.key)
            yield Spoken(opened.plan.number, take.key)
            if not opened.waiting and not any(opened is one for one in ripe):
                self._ready.append(opened)

    def _finished(self, opened: _Open, outcome: Finished) -> Iterator[_News]:
        if opened.plan.number not in self._open:
            return  # it failed with one of its takes
        if outcome.error:
            yield from self._fail(opened, outcome.error)
        elif outcome.missing and opened.vanished == _VANISHED:
            problem = f"the store {self._store.url} does not give back what was written to it a moment ago"
            raise StoreError(f"{problem}: take {outcome.missing[0]}")
        elif outcome.missing:
            # Broken or pruned since it was looked up: spoken again.
            opened.had_clips, opened.vanished = False, opened.vanished + 1
            yield from self._want(opened, outcome.missing)
        else:
            self._wrote = True
            del self._open[opened.plan.number]
            status: Status = "from store" if opened.had_clips else "rendered"
            if self._recogniser is not None and not outcome.made:
                status = "from store" if outcome.written or self._folder is None else "up to date"
            yield _result(opened, status, self._folder, clips=outcome.clips)

    def _fail(self, opened: _Open, error: SpeechError) -> Iterator[_News]:
        self._drop(opened.plan.number)
        yield _result(opened, "failed", self._folder, error=placed(error, opened.plan.utterance))


def _result(
    opened: _Open,
    status: Status,
    folder: OutputFolder | None,
    *,
    clips: tuple[Clip, ...] = (),
    error: SpeechError | None = None,
) -> Result:
    plan = opened.plan
    return Result(
        utterance=plan.utterance,
        status=status,
        number=plan.number,
        files=() if folder is None or error else tuple(f"{folder.path}/{t.path}" for t in plan.targets),
        clips=clips,
        engine=plan.engine.name,
        model=plan.engine.model or "",
        voice=plan.voice,
        language=plan.language,
        segments=len(plan.takes),
        spoken=opened.spoken,
        characters=opened.characters,
        billed=opened.billed,
        cost=opened.cost,
        notes=(*opened.notes, *dict.fromkeys(note for clip in clips for note in clip.notes)),
        **_opinion(opened),
        exception=error,
    )


def _opinion(opened: _Open) -> dict[str, Any]:
    """What was heard of the whole row, where all of it was."""
    keys = [part for part in opened.plan.parts if isinstance(part, str)]
    found = [opened.verdicts[key] for key in keys if key in opened.verdicts]
    if not found or len(found) < len(keys):
        return {}
    errors, words = sum(one.score.errors for one in found), sum(one.score.words for one in found)
    return {
        "verdict": "good" if all(passes(one.score) for one in found) else "doubtful",
        "wer": errors / max(1, words),
        "heard": " ".join(one.heard for one in found),
        "differences": tuple(each for one in found for each in one.score.differences),
    }


def refused(plan: Bad) -> Result:
    """The result for a row that cannot be planned, or that is left out."""
    return Result(
        utterance=plan.utterance or Utterance(text=""),
        status="left out" if isinstance(plan.error, LeftOut) else "failed",
        number=plan.number,
        exception=plan.error,
    )
