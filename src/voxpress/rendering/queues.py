"""Segments that wait to be spoken, and how busy the pools are that speak them."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from voxpress.engines import Engine
from voxpress.rendering.plan import Plan
from voxpress.rendering.tasks import FINISH, Speak, Task
from voxpress.rendering.turns import Turns
from voxpress.speech import OptionValue, Seconds

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


class Size(NamedTuple):
    """How large a task may be.

    Attributes:
        least, most: segments; between the two, those that have no more than so many `characters` together.
    """

    least: int
    most: int
    characters: float


class Sizes:
    """How large tasks should be: as an engine wants them, and longer where a pool says that to hand over short ones
    takes too much. What a segment takes is learned from those that were spoken.

    >>> from voxpress.engines.tone import Tone
    >>> Sizes().find(Tone(), pool=None).most
    4
    """

    def __init__(self) -> None:
        self._paces: dict[Engine, Seconds] = {}
        """Of a character."""

    def learn(self, engine: Engine, characters: int, seconds: Seconds) -> None:
        """A worker took so long for so many characters."""
        pace = seconds / max(characters, 1)
        former = self._paces.get(engine, pace)
        self._paces[engine] = former + (pace - former) / 16

    def find(self, engine: Engine, pool: Any) -> Size:
        """Of a task for that engine in that pool."""
        if most := getattr(pool, "max_batch", None):
            return Size(most, most, 0)
        least, length = engine.max_batch, getattr(pool, "task_length", 0.0)
        if not length or engine not in self._paces:
            return Size(least, least, 0)
        return Size(least, max(least, FINISH), length / max(self._paces[engine], 1e-9))


class _Group(NamedTuple):
    """What segments have in common that one call of an engine may hold together."""

    engine: Engine
    voice: str
    language: str
    speed: float
    options: tuple[tuple[str, OptionValue], ...]
    long: bool
    attempts: int


Entry: TypeAlias = tuple[Any, int, str, int]
"""A segment that waits: its place among turns, the number of its utterance, its key, its characters."""


@dataclass(eq=False, slots=True)
class _Queue:
    """The segments of a group, those that are first in turn first.

    Attributes:
        order: of groups whose first segments have the same place.
    """

    group: _Group
    order: int
    heap: list[Entry] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class _Line:
    """The queues before a pool, by their first segments: one of a million rows may have as many queues as rows.

    Attributes:
        short, long: heaps of first segments with their queues. Those that are first no more are dropped when they come
            up.
        waiting: segments in all queues.
    """

    short: list[tuple[Entry, int, _Queue]] = field(default_factory=list)
    long: list[tuple[Entry, int, _Queue]] = field(default_factory=list)
    waiting: int = 0

    def show(self, queue: _Queue) -> None:
        """The queue has another first segment."""
        fronts = self.long if queue.group.long else self.short
        heapq.heappush(fronts, (queue.heap[0], queue.order, queue))


class Queues:
    """Segments in turn, by what one call of an engine may hold together.

    Args:
        pool: where an engine speaks.
        sizes: of tasks.
        turns: which segment is next.
        lasting: utterances come all the time: long segments give way to short ones.
    """

    def __init__(
        self,
        pool: Callable[[Engine], Any],
        load: Load,
        sizes: Sizes,
        turns: Turns,
        *,
        lasting: bool = False,
    ) -> None:
        self._pool, self._load, self._turns, self._lasting = pool, load, turns, lasting
        # A segment may stand here more than once, for each utterance that wants it.
        self._queues: dict[_Group, _Queue] = {}
        self._lines: dict[Any, _Line] = defaultdict(_Line)
        self._order = 0
        self._sizes = sizes

    @property
    def workers(self) -> int:
        """Those of the largest pool that had something to speak."""
        return max(map(width, self._lines), default=0)

    @property
    def is_hungry(self) -> bool:
        """Whether more segments would make larger tasks for some pool."""
        return any(
            line.waiting < most * width(pool)
            for pool, line in self._lines.items()
            if (front := min((*line.short[:1], *line.long[:1]), key=lambda each: each[:2], default=None))
            and (most := self._sizes.find(front[2].group.engine, pool).most) > 1
        )

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
        queue = self._queues.get(group)
        if queue is None:
            self._order += 1
            queue = self._queues[group] = _Queue(group, self._order)
        line = self._lines[self._pool(take.engine)]
        entry = self._turns.place(plan, segment), plan.number, key, len(segment.text)
        heapq.heappush(queue.heap, entry)
        line.waiting += 1
        if queue.heap[0] is entry:
            line.show(queue)

    def take(self, waiting: Callable[[str], bool]) -> list[str]:
        """The keys of the next batch that a pool is free for; empty where there is none.

        Args:
            waiting: whether a segment is still to be spoken.
        """
        fronts = [
            (*front, pool, line)
            for pool, line in self._lines.items()
            if self._load.is_free(pool) and (front := self._find_front(pool, line, waiting))
        ]
        if not fronts:
            return []
        *_, queue, pool, line = min(fronts, key=lambda each: each[:2])
        batch: list[str] = []
        # Those next to each other in turn are of like length in a render, so that little is padded.
        size = self._sizes.find(queue.group.engine, pool)
        # No worker waits while another one has several.
        share = 1 if size.most == 1 else min(size.most, -(-line.waiting // width(pool)))
        characters = 0
        while queue.heap and len(batch) < share:
            place, _, key, length = queue.heap[0]
            if len(batch) >= size.least and characters + length > size.characters:
                break
            self._pop(queue, line)
            if waiting(key) and key not in batch:
                self._turns.take(place)
                batch.append(key)
                characters += length
        if queue.heap:
            line.show(queue)
        return batch

    def drop(self, engine: Engine) -> list[str]:
        """Remove all segments of an engine; their keys."""
        keys = []
        for queue in [each for each in self._queues.values() if each.group.engine == engine]:
            line = self._lines[self._pool(engine)]
            while queue.heap:
                keys.append(self._pop(queue, line)[2])
        return keys

    def _pop(self, queue: _Queue, line: _Line) -> Entry:
        """Remove the first segment of a queue, and the queue with its last."""
        line.waiting -= 1
        entry = heapq.heappop(queue.heap)
        if not queue.heap:
            del self._queues[queue.group]
        return entry

    def _find_front(
        self, pool: Any, line: _Line, waiting: Callable[[str], bool]
    ) -> tuple[Entry, int, _Queue] | None:
        """The first segment before a pool that may be started, and its queue."""
        fronts = [fronts[0] for fronts in (line.short, line.long) if self._has_front(fronts, line, waiting)]
        if len(fronts) == 2:
            (short, *_), (long, *_) = fronts
            if self._load.is_long(pool) and self._turns.gives_way(long[0], short[0]):
                return fronts[0]
        return min(fronts, key=lambda each: each[:2], default=None)

    def _has_front(
        self, fronts: list[tuple[Entry, int, _Queue]], line: _Line, waiting: Callable[[str], bool]
    ) -> bool:
        """Whether any of these is still to be spoken; then the first of them is."""
        while fronts:
            entry, _, queue = fronts[0]
            is_first = bool(queue.heap) and queue.heap[0] is entry
            if is_first and waiting(entry[2]):
                return True
            heapq.heappop(fronts)
            if is_first:
                self._pop(queue, line)
                if queue.heap:
                    line.show(queue)
        return False


def width(pool: Any) -> int:
    """How many tasks a pool does at once."""
    workers = getattr(pool, "workers", None)
    return workers if isinstance(workers, int) and workers > 0 else 16


def _is_long(task: Task) -> bool:
    return isinstance(task, Speak) and len(task.batch[0][1].text) > LONG
