"""The two drivers of the scheduler: one pulls the rows of a render, the other is pushed by a server's requests.

A driver looks plans up in the store, gives the scheduler's tasks to executors, and waits for what comes of them.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from voxpress.engines import describe
from voxpress.errors import ClusterLost, SpeechError, StoreError, WorkerLost
from voxpress.executors import Cluster, Pools, TaskInfo
from voxpress.quality.asr import Recogniser
from voxpress.rendering import ATTEMPTS, finishing, listening, worker
from voxpress.rendering.assessment import LOOKUP, assess
from voxpress.rendering.batches import Batches
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.parcels import Parcel, RemoteTask, Sender
from voxpress.rendering.plan import Bad, Plan, Planned, Unchanged
from voxpress.rendering.queues import width
from voxpress.rendering.results import make_bad_result, make_unchanged_result
from voxpress.rendering.scheduler import Arrived, News, Scheduler
from voxpress.rendering.sharing import share
from voxpress.rendering.tasks import Finish, Listen, Speak, Task
from voxpress.rendering.turns import InOrder, Turns
from voxpress.speech import Result, Seconds, Status
from voxpress.store import Store

if TYPE_CHECKING:
    from typing_extensions import TypeIs

_ANSWERS = 16
"""Most answers of workers that are taken before more rows are, while there is room for these."""


_PATIENCE: Seconds = 0.5
"""Between two looks at rows that another render is at."""


class _Executors:
    """Runs tasks, and puts each future into a queue when it is done.

    Args:
        threads: of an engine that speaks.
        remote: workers are on other machines, and are sent what tasks need beside the store.
    """

    def __init__(
        self,
        store: Store,
        folder: OutputFolder | None,
        recogniser: Recogniser | None,
        arrivals: queue.SimpleQueue[Any],
        threads: int = 1,
        *,
        remote: bool = False,
    ) -> None:
        self._store, self._folder, self._recogniser, self._arrivals = store, folder, recogniser, arrivals
        self._threads = threads
        self._sender = Sender(store) if remote else None
        self._running: dict[Future[Any], Task] = {}

    @property
    def busy(self) -> bool:
        return bool(self._running)

    def start(self, task: Task) -> None:
        """Give a task to its pool; one that does not take it is what became of the task."""
        try:
            future = self._submit(task)
        except Exception as error:  # an executor of the user's, or arguments that cannot be pickled
            future = Future()
            future.set_exception(error)
        self._running[future] = task
        future.add_done_callback(self._arrivals.put)

    def start_all(self, tasks: Iterable[Task]) -> None:
        """Give tasks to their pools."""
        for task in tasks:
            self.start(task)

    def cancel(self, *, wait: bool) -> None:
        """Begin nothing that has not begun; with `wait`, until all else is done."""
        running = [future for future in self._running if not future.cancel()]
        if wait:
            concurrent.futures.wait(running)

    def _submit(self, task: Task) -> Future[Any]:
        match task:
            case Speak():
                recipes = [plan.recipe for plan in task.finish]
                work: partial[Any] = partial(
                    worker.speak,
                    task.engine,
                    task.fingerprint,
                    self._store,
                    task.batch,
                    task.attempts,
                    recipes,
                    self._folder,
                    self._threads,
                )
            case Listen():
                assert self._recogniser is not None
                work = partial(listening.hear, self._recogniser, self._store, task.reading)
            case Finish():
                recipes = [plan.recipe for plan in task.plans]
                work = partial(finishing.finish, recipes, self._store, self._folder, heard=task.heard)
        pool: Executor = task.pool
        if self._sender is None:
            return pool.submit(work)
        self._sender.require_common(pool, self._folder)
        return pool.submit(
            RemoteTask(self._pack(self._sender, task), self._store, work, self._describe(task))
        )

    def _describe(self, task: Task) -> TaskInfo:
        match task:
            case Speak():
                return TaskInfo("speak", task.engine.name, task.rows)
            case Listen():
                assert self._recogniser is not None
                return TaskInfo("listen", self._recogniser.model, task.rows)
            case Finish():
                return TaskInfo("finish", rows=tuple(plan.name for plan in task.plans))

    def _pack(self, sender: Sender, task: Task) -> Parcel:
        """The files that a task needs on another machine."""
        match task:
            case Speak():
                sounds = (each for plan in task.finish for each in plan.recipe.sounds)
                return sender.send(task.engine) + sender.send_sounds(sounds)
            case Listen():
                assert self._recogniser is not None
                return sender.send(self._recogniser)
            case Finish():
                return sender.send_sounds(each for plan in task.plans for each in plan.recipe.sounds)

    def take_arrival(self, scheduler: Scheduler, patience: Seconds | None) -> Iterator[News]:
        """News of the task that is done next; none after `patience`.

        Raises:
            StoreError: as `tell`.
        """
        try:
            future = self._arrivals.get(timeout=patience)
        except queue.Empty:
            return
        yield from self.tell(scheduler, future, lasting=False)

    def tell(self, scheduler: Scheduler, future: Future[Any], *, lasting: bool) -> Iterator[News]:
        """Tell the scheduler what became of a task.

        Raises:
            StoreError, ClusterLost: store, folder or cluster are gone, and the scheduler is not `lasting`.
        """
        task = self._running.pop(future)
        try:
            outcome = future.result()
        except WorkerLost as error:
            yield from scheduler.lost(task, error)
        except (StoreError, ClusterLost) as error:
            if not lasting:
                raise  # all others would meet it too
            yield from scheduler.failed(task, error)
        except Exception as error:  # the edge of a task: it costs what it was for
            ours = error if isinstance(error, SpeechError) else SpeechError(describe(error))
            yield from scheduler.failed(task, ours)
        else:
            match task:
                case Speak():
                    yield from scheduler.spoke(task, *outcome)
                case Listen():
                    yield from scheduler.heard(task, outcome)
                case Finish():
                    yield from scheduler.finished(task, outcome)


def drive(
    plans: Iterable[Planned],
    *,
    store: Store,
    folder: OutputFolder | None,
    pools: Pools | Cluster,
    attempts: int = ATTEMPTS,
    recogniser: Recogniser | None = None,
    known: bool = False,
    threads: int = 1,
    window: int | None = None,
    watch: Callable[[Arrived], None] | None = None,
) -> Iterator[Result]:
    """Do all of `plans`: a result of each as it is there.

    Args:
        threads: of an engine that speaks.
        known: the rows of all plans exist already; otherwise they may come slowly.
        window: for long utterances: how many are taken in at once, and spoken one after another; None: as is quickest.
        watch: is told of each take that is there, before its utterance is finished.
        recogniser: hears every take that it did not hear before.

    Raises:
        StoreError: store or folder cannot be read or written; what is finished stays.
        ClusterLost: the same of the cluster.
    """
    scheduler = Scheduler(
        pools,
        folder=None if folder is None else folder.name,
        attempts=attempts,
        listens=recogniser is not None,
        turns=None if window is None else InOrder(),
        window=window,
    )
    arrivals: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
    executors = _Executors(store, folder, recogniser, arrivals, threads, remote=pools.is_remote)
    rows = Batches(plans, known=known, most=min(LOOKUP, window or LOOKUP))
    wrote = False

    def admit(plans: Sequence[Plan], *, again: bool = False) -> list[News]:
        if not plans:
            return []
        found = assess(
            plans,
            store,
            folder,
            recogniser=recogniser,
            attempts=attempts,
            awaited=scheduler.awaited,
            again=again,
        )
        return [news for each in shares.choose(found) for news in scheduler.admit(each)]

    def tell(news: Iterable[News]) -> Iterator[Result]:
        nonlocal wrote
        for each in news:
            if _is_result(each, watch):
                wrote = wrote or each.status not in (Status.FAILED, Status.UP_TO_DATE)
                shares.finish(each.number)
                yield each

    with ExitStack() as ending:
        # Somebody else's executor goes on; what it still writes must not meet the next render.
        ending.callback(executors.cancel, wait=pools.is_lent)
        shares = ending.enter_context(share(store, folder, width(pools.finishing)))
        while rows.more or scheduler.open or shares.waiting:
            news: Iterable[News] = ()
            reads_on = rows.more and scheduler.has_room and not shares.is_full
            if reads_on:
                batch = rows.take()
                news = admit([plan for plan in batch if isinstance(plan, Plan)])
                # All of these exist: a wait for them is short.
                executors.start_all(scheduler.start(more=known and rows.more))
                yield from _list_settled(batch, folder)
            elif scheduler.has_room:
                news = admit(shares.take_back(), again=True)
            executors.start_all(scheduler.start(more=known and reads_on))
            yield from tell(news)
            # Between two look-ups: workers are not kept waiting, and enough rows come for tasks of several segments.
            for taken in itertools.count():
                reads_on = rows.more and scheduler.has_room and not shares.is_full
                enough = arrivals.empty() or (taken >= _ANSWERS and scheduler.is_hungry)
                if not executors.busy or (reads_on and enough):
                    break
                yield from tell(executors.take_arrival(scheduler, _PATIENCE if shares.waiting else None))
                executors.start_all(scheduler.start(more=known and reads_on))
            if shares.waiting and not (reads_on or executors.busy):
                shares.tell()
                time.sleep(_PATIENCE)
    if folder is not None and wrote:
        folder.tidy()


def _list_settled(plans: Iterable[Planned], folder: OutputFolder | None) -> Iterator[Result]:
    """Results of rows with which there is nothing to do."""
    for plan in plans:
        if isinstance(plan, Bad):
            yield make_bad_result(plan)
        elif isinstance(plan, Unchanged):
            yield make_unchanged_result(plan, None if folder is None else folder.name)


def _is_result(news: News, watch: Callable[[Arrived], None] | None) -> TypeIs[Result]:
    """Whether news is a result; otherwise `watch` is told."""
    if isinstance(news, Result):
        return True
    if watch is not None:
        watch(news)
    return False


@dataclass(frozen=True, slots=True)
class _Withdraw:
    number: int


@dataclass(frozen=True, slots=True)
class _Hurry:
    number: int


_CLOSE = None
_Event: TypeAlias = Future[Any] | Plan | _Withdraw | _Hurry | None


class PushDriver:
    """Speaks what is submitted, from any thread, while `serve` runs in another. What a broken store costs is the
    utterances that it was for, not the loop.

    Args:
        turns: the order in which segments are spoken.
    """

    def __init__(
        self, store: Store, pools: Pools | Cluster, attempts: int = ATTEMPTS, *, turns: Turns | None = None
    ) -> None:
        self._store = store
        self._scheduler = Scheduler(pools, attempts=attempts, turns=turns, lasting=True)
        self._events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        self._executors = _Executors(store, None, None, self._events, remote=pools.is_remote)

    def submit(self, plan: Plan) -> None:
        """Take in a plan, whose number no other open one has."""
        self._events.put(plan)

    def withdraw(self, number: int) -> None:
        """See `Scheduler.withdraw`."""
        self._events.put(_Withdraw(number))

    def hurry(self, number: int) -> None:
        """See `Scheduler.hurry`."""
        self._events.put(_Hurry(number))

    def close(self) -> None:
        """End `serve`; what is open then has no result."""
        self._events.put(_CLOSE)

    def serve(self) -> Iterator[News]:
        """Do what is submitted, until `close`: each result once, and news of takes before it."""
        while (event := self._events.get()) is not _CLOSE:
            events: list[_Event] = [event]
            while not self._events.empty() and len(events) < LOOKUP:
                events.append(self._events.get())
            if _CLOSE in events:
                return
            yield from self._take_in(events)
            for task in self._scheduler.start():
                self._executors.start(task)

    def _take_in(self, events: Sequence[_Event]) -> Iterator[News]:
        come: dict[int, Plan] = {}
        for each in events:
            match each:
                case Future():
                    yield from self._executors.tell(self._scheduler, each, lasting=True)
                case Plan():
                    come[each.number] = each
                case _Withdraw(number):
                    come.pop(number, None)
                    self._scheduler.withdraw(number)
                case _Hurry(number):
                    self._scheduler.hurry(number)
        plans = list(come.values())
        try:
            assessed = assess(plans, self._store, None, awaited=self._scheduler.awaited)
        except StoreError as error:
            for plan in plans:
                yield from self._scheduler.fail(plan, error)
            return
        for found in assessed:
            yield from self._scheduler.admit(found)
