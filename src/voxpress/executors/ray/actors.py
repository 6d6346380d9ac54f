"""Pools of actors with the same resources."""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

from voxpress.engines import Engine, python
from voxpress.errors import ClusterLost, EngineNotInstalled, InputError, NodeLost, WorkerLost
from voxpress.executors.process import TaskInfo, WorkerProcess, find_error, pack, refuse, settle
from voxpress.executors.ray.monitoring import ActorMonitor, LogLevel, name_task, open_pool_monitor
from voxpress.executors.ray.settings import Actors
from voxpress.speech import Seconds

if TYPE_CHECKING:
    from ray.actor import ActorHandle

P = ParamSpec("P")
T = TypeVar("T")

TASK_LENGTH: Seconds = 2.0
"""Of the work that is sent at once: to send a task takes the driver half a millisecond."""
IDLE: Seconds = 20.0
"""After which an actor without work ends, so that another pool finds room."""
_SHOWN: Seconds = 2.0
"""Between two looks at the metrics."""
_FAILURES = 5
"""Actors in a row that do not start before a pool gives up."""
_MOST_PATIENCE: Seconds = 60.0
_PATIENCE: Seconds = 60.0
"""After which it is told that actors do not start."""

_log = logging.getLogger(__name__)


class _Task(NamedTuple):
    call: bytes
    info: TaskInfo
    future: Future[Any]


class _Started(NamedTuple):
    """An actor is ready, or did not start."""

    actor: ActorHandle
    done: Future[Any]


class _Answered(NamedTuple):
    """An actor is done with a task, or is lost with it."""

    actor: ActorHandle
    task: _Task
    done: Future[Any]


class _Close(NamedTuple):
    cancel: bool


class RayActors(Executor):
    """Actors with the same resources. They are started as tasks come, and end when they are idle.

    Args:
        name: for logs and Ray's dashboard.
        engine: whose environment the worker processes live in, as it is on the nodes; None: that of the actors.
        timeout: as for `RayCluster`.
        idle: seconds.
        log_level: as for `ClusterSettings`.

    Raises:
        InputError: Ray refuses such an actor, or no node has room for it.
        ClusterLost: the cluster does not answer any more. Tasks fail with it too.
    """

    def __init__(
        self,
        actors: Actors,
        *,
        name: str = "",
        engine: Engine | None = None,
        timeout: Seconds | None = None,
        idle: Seconds = IDLE,
        log_level: LogLevel = "info",
    ) -> None:
        start_actor = _prepare(actors, name, engine, timeout, log_level)
        self.workers = actors.actors or _room(actors)
        self.max_batch, self.task_length = actors.batch, TASK_LENGTH
        self._closed = False
        # Ray tells of answers in threads of its own, in which it must not be asked for anything.
        self._events: queue.SimpleQueue[_Task | _Started | _Answered | _Close] = queue.SimpleQueue()
        self._crew = _Crew(start_actor, self.workers, name, idle, self._events)
        self._thread = threading.Thread(target=self._crew.work, name=f"ray-actors-{name}", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        task = _Task(pack(fn, args, kwargs), getattr(fn, "info", TaskInfo()), future)
        if self._closed:
            raise RuntimeError("cannot submit to an executor that was shut down")
        self._events.put(task)
        if self._crew.failure:
            self._crew.fail_all(self._crew.failure)  # it reads no more events
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop taking tasks. With `cancel_futures`, waiting tasks are cancelled and running ones are lost."""
        if not self._closed:
            self._closed = True
            self._events.put(_Close(cancel_futures))
        if wait:
            self._thread.join()


class _Crew:
    """The actors of a pool, in the one thread that knows them."""

    def __init__(
        self,
        start_actor: Callable[[], ActorHandle],
        most: int,
        name: str,
        idle: Seconds,
        events: queue.SimpleQueue[_Task | _Started | _Answered | _Close],
    ) -> None:
        self._most, self._name, self._idle, self._events = most, name, idle, events
        self._start_actor = start_actor
        self._monitor = open_pool_monitor(name)
        self._shown_at = 0.0
        self._waiting: deque[_Task] = deque()
        self._free: dict[ActorHandle, float] = {}
        """Actors without a task, and since when."""
        self._busy: dict[ActorHandle, _Task] = {}
        self._starting: dict[ActorHandle, float] = {}
        """Actors that are on their way, and since when."""
        self._told_at = 0.0
        self._failures = 0
        self._not_before = 0.0
        self._closing = False
        self.failure = ""
        """Why nothing is done any more."""

    def work(self) -> None:
        """Until the pool is closed."""
        try:
            with _reach_cluster():
                self._work()
        except (ClusterLost, InputError) as error:
            self.fail_all(str(error))

    def _work(self) -> None:
        while not (self._closing and not self._waiting and not self._busy):
            try:
                event = self._events.get(timeout=self._patience())
            except queue.Empty:
                self._look_around()
            else:
                self._take_in(event)
            self._move()
            self._show()
        for actor in (*self._free, *self._busy, *self._starting):
            _end(actor)

    def _patience(self) -> Seconds | None:
        """How long nothing may come before there is something to do."""
        now = time.monotonic()
        if self._waiting and self._not_before > now:
            return self._not_before - now
        if self._starting and not self._busy:
            return max(0.01, self._find_overdue() - now)
        if self._free:
            return max(0.01, min(self._free.values()) + self._idle - now)
        return None

    def _take_in(self, event: _Task | _Started | _Answered | _Close) -> None:
        match event:
            case _Task():
                self._waiting.append(event)
            case _Started(actor, done):
                self._starting.pop(actor, None)
                if error := done.exception():
                    self._note_failure(error)
                else:
                    self._failures = 0
                    self._free[actor] = time.monotonic()
            case _Answered(actor, task, done):
                self._take_answer(actor, task, done)
            case _Close(cancel):
                self._closing = True
                if cancel:
                    self._give_up()

    def _take_answer(self, actor: ActorHandle, task: _Task, done: Future[Any]) -> None:
        if self._busy.pop(actor, None) is None:
            return  # it was given up
        if error := done.exception():
            lost: BaseException | None = NodeLost(f"the actor that had it is gone: {brief(error)}")
            task.future.set_exception(lost)
        else:
            settle(task.future, done.result())
            lost = task.future.exception()
        if isinstance(lost, NodeLost):
            _log.warning("an actor%s was lost: %s (%s)", self._whose, lost, name_task(task.info))
            self._monitor.count_loss()
            self._not_before = time.monotonic() + 1.0
            _end(actor)
        else:
            self._free[actor] = time.monotonic()

    def _move(self) -> None:
        """Give waiting tasks to free actors, and start actors where those are too few."""
        while self._waiting and self._free:
            task = self._waiting.popleft()
            if task.future.set_running_or_notify_cancel():
                actor, _ = self._free.popitem()  # the one that was busy last: others may end
                self._busy[actor] = task
                answer = actor.run.remote(task.call, task.info).future()
                answer.add_done_callback(
                    lambda done, actor=actor, task=task: self._events.put(_Answered(actor, task, done))
                )
        if time.monotonic() < self._not_before:
            return
        known = len(self._free) + len(self._busy) + len(self._starting)
        for _ in range(min(len(self._waiting) - len(self._starting), self._most - known)):
            actor = self._start_actor()
            self._starting[actor] = time.monotonic()
            actor.ready.remote().future().add_done_callback(
                lambda done, actor=actor: self._events.put(_Started(actor, done))
            )

    def _show(self) -> None:
        """Tell the metrics, though not more often than somebody reads them."""
        now = time.monotonic()
        if now - self._shown_at >= _SHOWN or not (self._waiting or self._busy):
            self._shown_at = now
            self._monitor.show(len(self._waiting), len(self._busy), len(self._free), len(self._starting))

    @property
    def _whose(self) -> str:
        return f" for {self._name}" if self._name else ""

    def _note_failure(self, error: BaseException) -> None:
        """An actor did not start: wait longer each time, and tell who waits where none can be had."""
        self._failures += 1
        self._not_before = time.monotonic() + min(2.0**self._failures, _MOST_PATIENCE)
        _log.warning("an actor%s did not start: %s", self._whose, brief(error))
        if self._failures >= _FAILURES and not (self._free or self._busy or self._starting):
            while self._waiting:
                future = self._waiting.popleft().future
                if future.set_running_or_notify_cancel():
                    future.set_exception(EngineNotInstalled(f"no actor starts: {brief(error)}"))

    def _find_overdue(self) -> float:
        """When to tell that nothing starts."""
        return max(min(self._starting.values()), self._told_at) + _PATIENCE

    def _look_around(self) -> None:
        """End actors that have been idle for long, and tell of those that do not start."""
        now = time.monotonic()
        if self._starting and not self._busy and now >= self._find_overdue():
            self._told_at = now
            _log.warning(
                "%d actors%s have not started in %.0f s: is there room in the cluster?",
                len(self._starting),
                self._whose,
                now - min(self._starting.values()),
            )
        for actor in [each for each, since in self._free.items() if now - since >= self._idle]:
            del self._free[actor]
            _end(actor)

    def fail_all(self, problem: str) -> None:
        """Tell all who wait, and those who come, that nothing is done any more."""
        self.failure = problem
        tasks = [*self._busy.values(), *self._waiting]
        while not self._events.empty():
            event = self._events.get()
            tasks += [event] if isinstance(event, _Task) else []
        for task in tasks:
            if not task.future.done():
                task.future.set_exception(ClusterLost(problem))

    def _give_up(self) -> None:
        for task in self._waiting:
            task.future.cancel()
        self._waiting.clear()
        for actor, task in self._busy.items():
            _end(actor)
            task.future.set_exception(NodeLost("the cluster was given back"))
        self._busy.clear()


def _end(actor: ActorHandle) -> None:
    import ray

    ray.kill(actor)


class _Actor:
    """What runs on a node: a worker process, and who feeds it.

    Args:
        pool: name of the pool.
        engine: as for `RayActors`.
    """

    def __init__(
        self, pool: str, engine: Engine | None, timeout: Seconds | None, log_level: LogLevel
    ) -> None:
        self._monitor = ActorMonitor(pool, log_level)
        self._python = (python(engine) if engine else None) or sys.executable
        self._timeout = timeout
        self._process: WorkerProcess | None = None

    def ready(self) -> None:
        """Have a worker process."""
        self._process = WorkerProcess(self._python)

    def run(self, call: bytes, info: TaskInfo) -> bytes:
        """What came of a task, as a worker process writes it."""
        self._monitor.begin(info)
        if self._process is None or not self._process.alive():
            self._process = WorkerProcess(self._python)
        try:
            answer = self._process.run(call, self._timeout)
        except WorkerLost as error:
            self._monitor.end(info, "lost", error)
            return refuse(WorkerLost(f"{error} (more in the log of {self._monitor.name})"))
        raised = find_error(answer)
        self._monitor.end(info, "failed" if raised else "done", raised)
        return answer


def _prepare(
    actors: Actors, name: str, engine: Engine | None, timeout: Seconds | None, log_level: LogLevel
) -> Callable[[], ActorHandle]:
    """What starts an actor.

    Raises:
        InputError: Ray refuses such actors; some of what is wrong it finds only when one is started.
    """
    import ray

    environment = dict(actors.runtime_env)
    options: dict[str, Any] = {
        "num_cpus": actors.cpus,
        "num_gpus": actors.gpus,
        "memory": actors.memory * 2**20 or None,
        "resources": dict(actors.resources) or None,
        "max_restarts": 0,
        "scheduling_strategy": "SPREAD",
    }
    if environment:
        options["runtime_env"] = environment
    with _explain():
        kind = ray.remote(_Actor).options(**options)

    def start_actor() -> ActorHandle:
        with _explain():
            return kind.remote(name, engine, timeout, log_level)

    return start_actor


@contextmanager
def _explain() -> Iterator[None]:
    """Tell whose fault it is that Ray takes no such actor.

    Raises:
        InputError: that of the settings.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        raise InputError(f"[cluster]: Ray refuses such an actor: {brief(error)}") from error


def _room(actors: Actors) -> int:
    """How many such actors fit into the cluster as it is.

    Raises:
        InputError: none does.
        ClusterLost: it does not answer any more.
    """
    import ray

    asked = {"CPU": actors.cpus, "GPU": actors.gpus, "memory": actors.memory * 2**20, **actors.resources}
    asked = {name: amount for name, amount in asked.items() if amount}
    with _reach_cluster():
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not asked:
        return max(1, int(sum(node.get("CPU", 0) for node in nodes)))
    room = sum(min(int(node.get(name, 0) // amount) for name, amount in asked.items()) for node in nodes)
    if not room:
        wanted = ", ".join(f"{name} {amount:g}" for name, amount in asked.items())
        raise InputError(
            f"no node of the cluster has {wanted}; if its autoscaler can add one, say how many actors: [cluster] actors"
        )
    return room


@contextmanager
def _reach_cluster() -> Iterator[None]:
    """Ask Ray for something.

    Raises:
        ClusterLost: it does not answer any more.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # Ray's connection may end with anything; nobody must wait for ever
        raise ClusterLost(f"the cluster does not answer any more: {brief(error)}") from error


def brief(error: BaseException) -> str:
    """The first line of what Ray says, which goes on for a page."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
