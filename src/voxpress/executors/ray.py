"""Actors of a Ray cluster, each with a worker process of its own.

Ray places actors, ships this package, and tells when a node is gone. What an actor does is what a worker process on one
machine does: so an engine may live in an environment of its own on the nodes too, a crash of an engine ends a process
and not an actor, and what is lost with an actor is a machine's fault and not a segment's.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, ParamSpec, Self, TypeVar

import msgspec
from msgspec import Meta

from voxpress.engines import Engine, python
from voxpress.errors import EngineNotInstalled, InputError, NodeLost, WorkerLost
from voxpress.executors.pools import Cluster
from voxpress.executors.process import WorkerProcess, pack, refuse, settle
from voxpress.speech import Seconds

if TYPE_CHECKING:
    from ray.actor import ActorHandle

P = ParamSpec("P")
T = TypeVar("T")

SCHEME = "ray"
IDLE: Seconds = 20.0
"""After which an actor without work ends, so that another pool finds room."""
_FAILURES = 5
"""Actors in a row that do not start before a pool gives up."""
_MOST_PATIENCE: Seconds = 60.0

_log = logging.getLogger(__name__)

Positive = Annotated[int, Meta(ge=1)]


class Actors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The actors of a pool, as ``[cluster]`` in voxpress.toml has them.

    >>> Actors(actors=4, gpus=1.0).cpus
    1.0
    """

    actors: Positive | None = None
    """At most; None: as many as the cluster has room for when the first one is needed. A greater number asks Ray's
    autoscaler for nodes."""
    cpus: Annotated[float, Meta(ge=0)] = 1.0
    """Of each actor."""
    gpus: Annotated[float, Meta(ge=0)] = 0.0
    memory: Annotated[int, Meta(ge=0)] = 0
    """MiB of each actor; 0: none is reserved."""
    batch: Positive | None = None
    """Most segments in one call of an engine; None: what the engine says."""
    resources: Mapping[str, float] = {}
    """Custom resources of Ray, such as a kind of node."""
    runtime_env: Mapping[str, Any] = {}
    """Ray's: pip, conda, image_uri, env_vars …"""


class ClusterSettings(Actors, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[cluster]``: what holds for all actors, for those of one engine, and for those that listen."""

    address: str = ""
    """Of the cluster; empty: as `ray.init` finds one, or starts one on this machine."""
    ship: bool = True
    """Whether nodes get this very voxpress. Otherwise they must have the same version."""
    engines: Mapping[str, Actors] = {}
    listening: Actors | None = None


class RayCluster(Cluster):
    """A place for all stages of a render: an existing cluster, or one on this machine that is started and ended.

    Args:
        address: ``ray://HOST:PORT``, ``HOST:PORT``, ``auto``, or ``local`` for a new one on this machine; empty: that
            of the settings, else as `ray.init` finds it.
        timeout: seconds that one task may take before its worker process is ended.

    Raises:
        EngineNotInstalled: Ray is not installed.
        InputError: the cluster does not answer.
    """

    def __init__(
        self,
        address: str = "",
        settings: ClusterSettings | None = None,
        *,
        timeout: Seconds | None = None,
    ) -> None:
        self._settings, self._timeout = settings or ClusterSettings(), timeout
        self._pools: dict[tuple[str, str], RayActors] = {}
        self._owns = _connect(address or self._settings.address, ship=self._settings.ship)

    # Where each stage works

    @property
    def finishing(self) -> RayActors:
        """For what needs no engine: the actors of engines that have no table of their own."""
        return self._pool("", self._general)

    @property
    def listening(self) -> RayActors:
        """For recognisers, which would fill the memory of an actor beside an engine."""
        # Without processors of their own: speaking would wait for listening, which would wait for room.
        usual = msgspec.structs.replace(self._general, cpus=0.0)
        return self._pool("listening", self._settings.listening or usual)

    def speaking(self, engine: Engine) -> RayActors:
        """For what `engine` speaks."""
        own = self._settings.engines.get(engine.name)
        if own is None and not engine.environment:
            return self.finishing
        return self._pool(engine.name, own or self._general, engine if engine.environment else None)

    @property
    def _general(self) -> Actors:
        return Actors(**{name: getattr(self._settings, name) for name in Actors.__struct_fields__})

    def _pool(self, name: str, actors: Actors, engine: Engine | None = None) -> RayActors:
        key = name, engine.environment if engine else ""
        if key not in self._pools:
            self._pools[key] = RayActors(actors, name=name, engine=engine, timeout=self._timeout)
        return self._pools[key]

    def shutdown(self) -> None:
        """End all actors; what they were doing is lost. A cluster that was started here ends too."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)
        self._pools.clear()
        if self._owns:
            import ray

            ray.shutdown()
            self._owns = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()


class _Task(NamedTuple):
    call: bytes
    future: Future[Any]


class RayActors(Executor):
    """Actors with the same resources. They are started as tasks come, and end when they are idle.

    Args:
        name: for logs and Ray's dashboard.
        engine: whose environment the worker processes live in, as it is on the nodes; None: that of the actors.
        timeout: as for `RayCluster`.
        idle: seconds.
    """

    def __init__(
        self,
        actors: Actors,
        *,
        name: str = "",
        engine: Engine | None = None,
        timeout: Seconds | None = None,
        idle: Seconds = IDLE,
    ) -> None:
        self.workers = actors.actors or _room(actors)
        self.max_batch = actors.batch
        self._actors, self._name, self._engine = actors, name, engine
        self._timeout, self._idle = timeout, idle
        self._lock = threading.RLock()
        self._waiting: deque[_Task] = deque()
        self._free: dict[ActorHandle, float] = {}
        """Actors without a task, and since when."""
        self._busy: dict[ActorHandle, _Task] = {}
        self._starting: set[ActorHandle] = set()
        self._failures = 0
        self._not_before = 0.0
        self._closed = False
        self._sweeper: threading.Timer | None = None

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        task = _Task(pack(fn, args, kwargs), future)
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot submit to an executor that was shut down")
            self._waiting.append(task)
            self._move()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop taking tasks. With `cancel_futures`, waiting tasks are cancelled and running ones are lost."""
        import ray

        with self._lock:
            self._closed = True
            running = [task.future for task in self._busy.values()]
            if cancel_futures:
                for task in self._waiting:
                    task.future.cancel()
                self._waiting.clear()
        if wait and not cancel_futures:
            for future in [*running, *(task.future for task in self._waiting)]:
                future.exception()
        with self._lock:
            for actor in (*self._free, *self._busy, *self._starting):
                ray.kill(actor)
            for task in self._busy.values():
                _fail(task.future, NodeLost("the cluster was given back"))
            self._free.clear()
            self._busy.clear()
            self._starting.clear()
            if self._sweeper:
                self._sweeper.cancel()

    # Everything below runs under the lock, in the caller's thread or in one of Ray's.

    def _move(self) -> None:
        """Give waiting tasks to free actors, and start actors where those are too few."""
        while self._waiting and self._free:
            task = self._waiting.popleft()
            if task.future.set_running_or_notify_cancel():
                actor = next(reversed(self._free))  # the one that was busy last: others may end
                del self._free[actor]
                self._give(actor, task)
        wanted = min(len(self._waiting) - len(self._starting), self.workers - self._count())
        if wanted > 0 and (pause := self._not_before - time.monotonic()) > 0:
            self._later(pause)
            return
        for _ in range(wanted):
            self._start()
        if self._free:
            self._later(self._idle)

    def _count(self) -> int:
        return len(self._free) + len(self._busy) + len(self._starting)

    def _start(self) -> None:
        actor = _start_actor(self._actors, self._name, self._engine, self._timeout)
        self._starting.add(actor)
        actor.ready.remote().future().add_done_callback(lambda done: self._started(actor, done))

    def _started(self, actor: ActorHandle, done: Future[Any]) -> None:
        with self._lock:
            self._starting.discard(actor)
            if self._closed:
                return
            if error := done.exception():
                self._did_not_start(error)
            else:
                self._failures = 0
                self._free[actor] = time.monotonic()
            self._move()

    def _did_not_start(self, error: BaseException) -> None:
        self._failures += 1
        self._not_before = time.monotonic() + min(2.0**self._failures, _MOST_PATIENCE)
        _log.warning("an actor%s did not start: %s", self._name and f" for {self._name}", _brief(error))
        if self._failures >= _FAILURES and not self._count():
            # None is left, and none can be had: who waits must be told.
            while self._waiting:
                future = self._waiting.popleft().future
                if future.set_running_or_notify_cancel():
                    future.set_exception(EngineNotInstalled(f"no actor starts: {_brief(error)}"))

    def _give(self, actor: ActorHandle, task: _Task) -> None:
        self._busy[actor] = task
        answer = actor.run.remote(task.call).future()
        answer.add_done_callback(lambda done: self._answered(actor, task, done))

    def _answered(self, actor: ActorHandle, task: _Task, done: Future[Any]) -> None:
        with self._lock:
            if self._busy.pop(actor, None) is None:
                return  # shut down
            if error := done.exception():
                self._drop(actor)
            else:
                self._free[actor] = time.monotonic()
        # Outside the lock: who waits for the future may submit the next task at once.
        if error:
            _fail(task.future, NodeLost(f"the actor that had it is gone: {_brief(error)}"))
        else:
            settle(task.future, done.result())
            if isinstance(task.future.exception(), NodeLost):
                with self._lock:
                    self._free.pop(actor, None)
                    self._drop(actor)
        with self._lock:
            if not self._closed:
                self._move()

    def _drop(self, actor: ActorHandle) -> None:
        """Do without an actor whose machine is lost or unfit; the next one may come somewhere else."""
        import ray

        self._not_before = time.monotonic() + 1.0
        ray.kill(actor)

    def _later(self, pause: Seconds) -> None:
        if self._sweeper is None and not self._closed:
            self._sweeper = threading.Timer(pause + 0.01, self._look_around)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _look_around(self) -> None:
        import ray

        with self._lock:
            self._sweeper = None
            if self._closed:
                return
            now = time.monotonic()
            for actor in [each for each, since in self._free.items() if now - since >= self._idle]:
                del self._free[actor]
                ray.kill(actor)
            self._move()


def _fail(future: Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class _Actor:
    """What runs on a node: a worker process, and who feeds it.

    Args:
        engine: as for `RayActors`.
    """

    def __init__(self, engine: Engine | None, timeout: Seconds | None) -> None:
        import sys

        self._python = (python(engine) if engine else None) or sys.executable
        self._timeout = timeout
        self._process: WorkerProcess | None = None

    def ready(self) -> None:
        """Have a worker process."""
        self._process = WorkerProcess(self._python)

    def run(self, call: bytes) -> bytes:
        """What came of a task, as a worker process writes it."""
        if self._process is None or not self._process.alive():
            self._process = WorkerProcess(self._python)
        try:
            return self._process.run(call, self._timeout)
        except WorkerLost as error:
            return refuse(error)


def _start_actor(actors: Actors, name: str, engine: Engine | None, timeout: Seconds | None) -> ActorHandle:
    import ray

    environment = dict(actors.runtime_env)
    options: dict[str, Any] = {
        "num_cpus": actors.cpus,
        "num_gpus": actors.gpus,
        "memory": actors.memory * 2**20 or None,
        "resources": dict(actors.resources) or None,
        "max_restarts": 0,
        "scheduling_strategy": "SPREAD",
        "name": f"voxpress {name} {uuid.uuid4().hex[:8]}",
    }
    if environment:
        options["runtime_env"] = environment
    return ray.remote(_Actor).options(**options).remote(engine, timeout)


def _connect(address: str, *, ship: bool) -> bool:
    """Be connected to a cluster; whether it was done here, and is to be undone."""
    try:
        import ray
    except ImportError as error:
        raise EngineNotInstalled("a cluster needs Ray: run  pip install 'voxpress[ray]'") from error
    if ray.is_initialized():
        return False
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    package = str(Path(__file__).parent.parent)
    environment = {"py_modules": [package], "excludes": ["__pycache__"]} if ship else None
    try:
        ray.init(
            address=address or None,
            namespace="voxpress",
            runtime_env=environment,
            include_dashboard=None if address not in ("", "local") else False,
            log_to_driver=True,
            logging_level=logging.WARNING,
        )
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise InputError(f"no Ray cluster answers at {address or 'this machine'}: {_brief(error)}") from error
    return True


def _room(actors: Actors) -> int:
    """How many such actors fit into the cluster as it is.

    Raises:
        InputError: none does.
    """
    import ray

    asked = {"CPU": actors.cpus, "GPU": actors.gpus, "memory": actors.memory * 2**20, **actors.resources}
    asked = {name: amount for name, amount in asked.items() if amount}
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


def _brief(error: BaseException) -> str:
    """The first line of what Ray says, which goes on for a page."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
