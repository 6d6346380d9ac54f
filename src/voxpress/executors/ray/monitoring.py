"""What is told of the work on a cluster: a log of each actor, and metrics that Ray exports to Prometheus."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, Literal, TypeAlias

from voxpress.errors import show
from voxpress.executors.process import TaskInfo
from voxpress.speech import Seconds

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
Outcome: TypeAlias = Literal["done", "failed", "lost"]

_NAMED = 20
"""Most rows of a task that a line of the log names."""
_LONGEST = 80
"""Characters of an id that stands in the log as it is."""

_log = logging.getLogger("voxpress.actor")


def name_task(task: TaskInfo) -> str:
    """What a task is, with the first of its rows.

    >>> name_task(TaskInfo("speak", "piper", ("menu/1", "menu/2")))
    'speak piper: menu/1 menu/2'
    """
    more = len(task.rows) - _NAMED
    rows = (*map(_name_row, task.rows[:_NAMED]), *([f"and {more} more"] if more > 0 else ()))
    return f"{task.stage} {task.engine}".strip() + (": " if rows else "") + " ".join(rows)


def _name_row(row: str) -> str:
    """An id as a log can hold it: a list may come from anybody, and a line of the log is one task.

    >>> _name_row("menu/1"), _name_row("a\\nb")
    ('menu/1', "'a\\\\nb'")
    """
    return row if row.isprintable() and len(row) <= _LONGEST else show(row)


class ActorMonitor:
    """The log and the metrics of one actor, in its process.

    Args:
        pool: name of the pool that it belongs to.
        level: from which on lines are written to the actor's log.
    """

    def __init__(self, pool: str, level: LogLevel) -> None:
        import ray
        from ray.util.metrics import Counter

        logging.basicConfig(
            stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        context = ray.get_runtime_context()
        self.name = f"actor {context.get_actor_id()} on node {context.get_node_id()}"
        tags = {"pool": pool or "general", "actor": str(context.get_actor_id())}
        self._seconds = Counter(
            "voxpress_actor_seconds", "Time of an actor, busy or idle.", ("pool", "actor", "state")
        )
        self._tasks = Counter(
            "voxpress_actor_tasks", "Tasks of an actor.", ("pool", "actor", "stage", "engine", "outcome")
        )
        self._rows = Counter(
            "voxpress_actor_rows", "Rows that an actor worked at.", ("pool", "actor", "stage", "engine")
        )
        for metric in (self._seconds, self._tasks, self._rows):
            metric.set_default_tags(tags)
        self._since = time.monotonic()

    def begin(self, task: TaskInfo) -> None:
        """The actor has a task now."""
        self._count_time("idle")
        _log.debug("begins %s", name_task(task))

    def end(self, task: TaskInfo, outcome: Outcome, error: object = None) -> None:
        """The actor is done with it."""
        took = self._count_time("busy")
        kind = {"stage": task.stage, "engine": task.engine}
        self._tasks.inc(tags={**kind, "outcome": outcome})
        if task.rows:
            self._rows.inc(len(task.rows), tags=kind)
        if error is None:
            _log.info("%s in %.2f s", name_task(task), took)
        else:
            _log.warning("%s after %.2f s: %s: %s", outcome, took, name_task(task), error)

    def _count_time(self, state: Literal["busy", "idle"]) -> Seconds:
        now = time.monotonic()
        took, self._since = now - self._since, now
        self._seconds.inc(took, tags={"state": state})
        return took


class PoolMonitor:
    """The metrics of a pool, as its driver sees it."""

    def __init__(self, pool: str) -> None:
        from ray.util.metrics import Counter, Gauge

        self._waiting = Gauge("voxpress_pool_waiting", "Tasks that wait for an actor.", ("pool",))
        self._actors = Gauge("voxpress_pool_actors", "Actors of a pool by what they do.", ("pool", "state"))
        self._losses = Counter("voxpress_pool_losses", "Actors that were lost with their task.", ("pool",))
        for metric in (self._waiting, self._actors, self._losses):
            metric.set_default_tags({"pool": pool or "general"})

    def show(self, waiting: int, busy: int, free: int, starting: int) -> None:
        """How the pool is now."""
        self._waiting.set(waiting)
        for state, count in (("busy", busy), ("free", free), ("starting", starting)):
            self._actors.set(count, tags={"state": state})

    def count_loss(self) -> None:
        """An actor is gone with its task."""
        self._losses.inc()


class RemotePoolMonitor:
    """The same from outside of the cluster, where no metrics are exported: an actor tells them."""

    def __init__(self, pool: str) -> None:
        import ray

        self._monitor: Any = ray.remote(PoolMonitor).options(num_cpus=0).remote(pool)

    def show(self, waiting: int, busy: int, free: int, starting: int) -> None:
        """How the pool is now."""
        self._monitor.show.remote(waiting, busy, free, starting)

    def count_loss(self) -> None:
        """An actor is gone with its task."""
        self._monitor.count_loss.remote()


def open_pool_monitor(pool: str) -> PoolMonitor | RemotePoolMonitor:
    """For the driver of a pool, wherever that is."""
    from ray.util.client import ray as client

    return RemotePoolMonitor(pool) if client.is_connected() else PoolMonitor(pool)
