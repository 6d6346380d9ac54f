"""Segments that wait to be spoken, and how busy the pools are that speak them."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from voxpress.engines import Engine
from voxpress.rendering.plan import Plan
from voxpress.rendering.tasks import Speak, Task
from voxpress.rendering.turns import Turns
from voxpress.speech import OptionValue

LONG = 100
"""Characters. Longer segments leave one worker to shorter ones that wait, where utterances come all the time."""


class Load:
    """How many tasks each pool has.

    Args:
        each: tasks for each worker of a pool: at work, and in waiting.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._tasks: Counter[Any] = Counter()
        self._long: Counter[Any] = Counter()

    def begin(self, task: Task) -> None:
        """The task is given to its pool."""
        self._tasks[task.pool] += 1
        self._long[task.pool] += _is_long(task)

    def end(self, task: Task) -> None:
        """The pool is done with the task."""
        self._tasks[task.pool] -= 1
        self._long[task.pool] -= _is_long(task)

    def is_free(self, pool: Any) -> bool:
        """Whether the pool takes another task."""
        return self._tasks[pool] < self._each * width(pool)

    def is_long(self, pool: Any) -> bool:
        """Whether all workers but one have a long segment."""
        return self._long[pool] >= max(1, width(pool) - 1)


class _Group(NamedTuple):
    """What segments have in common that one call of an engine may hold together."""

    engine: Engine
    voice: str
    language: str
    speed: float
    options: tuple[tuple[str, OptionValue], ...]
    long: bool
    attempts: int


class Queues:
    """Segments in turn, by what one call of an engine may hold together.

    Args:
        pool: where an engine speaks.
        turns: which segment is next.
        lasting: utterances come all the time: long segments give way to short ones.
    """

    def __init__(
        self, pool: Callable[[Engine], Any], load: Load, turns: Turns, *, lasting: bool = False
    ) -> None:
        self._pool, self._load, self._turns, self._lasting = pool, load, turns, lasting
        # A segment may stand here more than once, for each utterance that wants it.
        self._heaps: dict[_Group, list[tuple[Any, int, str]]] = defaultdict(list)

    def add(self, key: str, plan: Plan, attempts: int) -> None:
        """Queue a segment of a plan, which was spoken so often before."""
        take = plan.takes[key]
        segment = take.segment
        group = _Group(
            take.engine,
            segment.voice,
            segment.language,
            segment.speed,
            tuple(sorted(segment.options.items())),
            self._lasting and len(segment.text) > LONG,
            attempts,
        )
        heapq.heappush(self._heaps[group], (self._turns.place(plan, segment), plan.number, key))

    def take(self, waiting: Callable[[str], bool]) -> list[str]:
        """The keys of the next batch that a pool is free for; empty where there is none.

        Args:
            waiting: whether a segment is still to be spoken.
        """
        for group, heap in list(self._heaps.items()):
            while heap and not waiting(heap[0][2]):
                heapq.heappop(heap)
            if not heap:
                del self._heaps[group]
        groups = self._startable()
        if not groups:
            return []
        group = min(groups, key=lambda each: self._heaps[each][0])
        heap = self._heaps[group]
        batch: list[str] = []
        # Those next to each other in turn are of like length in a render, so that little is padded.
        share = self._share(group.engine)
        while heap and len(batch) < share:
            place, _, key = heapq.heappop(heap)
            if waiting(key) and key not in batch:
                self._turns.take(place)
                batch.append(key)
        return batch

    def drop(self, engine: Engine) -> list[str]:
        """Remove all segments of an engine; their keys."""
        groups = [group for group in self._heaps if group.engine == engine]
        return [key for group in groups for _, _, key in self._heaps.pop(group)]

    def _startable(self) -> list[_Group]:
        pools = {group: self._pool(group.engine) for group in self._heaps}
        free = [group for group, pool in pools.items() if self._load.is_free(pool)]
        short = [group for group in free if not group.long]

        def gives_way(long: _Group) -> bool:
            place = self._heaps[long][0][0]
            return self._load.is_long(pools[long]) and any(
                pools[each] is pools[long] and self._turns.gives_way(place, self._heaps[each][0][0])
                for each in short
            )

        return [group for group in free if not (group.long and gives_way(group))]

    def _share(self, engine: Engine) -> int:
        """Most segments that the next batch may have: no worker waits while another has several."""
        pool = self._pool(engine)
        most = getattr(pool, "max_batch", None) or engine.max_batch
        if most == 1:
            return 1
        waiting = sum(len(heap) for group, heap in self._heaps.items() if self._pool(group.engine) is pool)
        return min(most, -(-waiting // width(pool)))


def width(pool: Any) -> int:
    """How many tasks a pool does at once."""
    workers = getattr(pool, "workers", None)
    return workers if isinstance(workers, int) and workers > 0 else 16


def _is_long(task: Task) -> bool:
    return isinstance(task, Speak) and len(task.batch[0][1].text) > LONG
