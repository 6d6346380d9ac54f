"""How many workers does one driver keep busy, what do losses of machines cost, and what does an object store cost?

    python benchmarks/cluster.py [PROMPTS]

A simulation: the driver, the scheduler, the plans and the report are the real ones, and what they take of this
machine's processor passes on the simulated clock. Workers are simulated: each segment takes as long as a real one took
here. The arguments say how long requests to the store and ways through the network take.
"""

from __future__ import annotations

import argparse
import dataclasses
import heapq
import json
import queue
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import driver as at_once
import measure
import msgspec
import objects

from voxpress.errors import NodeLost
from voxpress.executors.ray.actors import TASK_LENGTH
from voxpress.speech import Seconds, Speaker, Status, Utterance

WORKERS = (1, 4, 16, 64, 256, 1000)
LOOKUPS = 256
"""Look-ups that the driver has on their way at a time."""
PRICES = {"PUT": 5.0, "LIST": 5.0, "GET": 0.4, "HEAD": 0.4}
"""US dollars for a million requests to S3 Standard: 0.005 for 1,000 that write or list, 0.0004 for 1,000 that read."""


# What is measured


class Counted:
    """A client of an object store that counts requests by what a service bills them as."""

    def __init__(self, client: Any, requests: Counter[str]) -> None:
        self._client, self._requests = client, requests

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._client, name)

        def count(*arguments: Any, **more: Any) -> Any:
            looks = name.startswith("head") or (more.get("options") or {}).get("head")
            self._requests["HEAD" if looks else name.partition("_")[0].upper()] += 1
            return called(*arguments, **more)

        return count


def speak(engine: str, prompts: Path | None) -> dict[str, Any]:
    """Seconds of processor that a worker takes for each of some prompts, and requests to the store for a row."""
    from voxpress.rendering import ATTEMPTS, worker
    from voxpress.rendering.assessment import assess
    from voxpress.rendering.folders.remote import RemoteFolder
    from voxpress.rendering.plan import Plan
    from voxpress.rendering.planner import Planner
    from voxpress.store import Store

    rows, _ = measure.prompts(prompts)
    seconds, store = [], Store("memory:")
    asked: dict[str, Counter[str]] = {"driver": Counter(), "worker": Counter()}
    client, folders = store._objects._store, {name: RemoteFolder("memory:") for name in asked}  # type: ignore[attr-defined]
    for name, folder in folders.items():
        folder._objects = Counted(folder._objects, asked[name])  # type: ignore[assignment]
    chosen = measure.spread(rows, 121)
    planned = Planner(Speaker(engine=engine)).plan_all(Utterance(text=row.text, id=row.id) for row in chosen)
    plans = [each for each in planned if isinstance(each, Plan) and len(each.takes) == 1]
    for plan in plans:
        store._objects._store = Counted(client, asked["driver"])  # type: ignore[attr-defined]
        assess([plan], store, folders["driver"])
        store._objects._store = Counted(client, asked["worker"])  # type: ignore[attr-defined]
        ((key, take),) = plan.takes.items()
        began = time.process_time()
        (spoken,), (finished,) = worker.speak(
            take.engine,
            take.fingerprint,
            store,
            [(key, take.segment)],
            range(ATTEMPTS),
            [plan.recipe],
            folders["worker"],
        )
        seconds.append(time.process_time() - began)
        assert finished.clips, spoken.error or finished.error
    # The first one loads the engine.
    seconds, texts = seconds[1:], [plan.utterance.text for plan in plans[1:]]
    requests = {name: {kind: n / len(plans) for kind, n in found.items()} for name, found in asked.items()}
    return {"seconds": seconds, "texts": texts, "requests": requests}


def hand_over(tasks: int = 3000) -> Seconds:
    """Seconds of processor that Ray takes in the driver for a task."""
    from voxpress.executors.ray import ClusterSettings, RayCluster

    with RayCluster("local", ClusterSettings(actors=2, cpus=0.1, ship=False)) as cluster:
        pool, running = cluster.finishing, deque[Future[int]]()
        pool.submit(len, "").result()
        began = time.process_time()
        for _ in range(tasks):
            running.append(pool.submit(len, "x" * 1500))
            if len(running) == 64:
                running.popleft().result()
        for each in running:
            each.result()
        return (time.process_time() - began) / tasks


# What is simulated


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a cluster is like.

    Attributes:
        seconds: of a worker for each kind of row.
        asks: requests that a worker sends for a row, one after another.
        latency: of the network between driver and workers, one way.
        store: until the object store has answered.
        hand_over: of the driver, for each task.
        look_up: of the driver's processor, for each name that it asks the store for.
        life: mean time until a worker is lost; 0: none is.
        notice: until the driver knows of a loss.
        replace: until there is another worker with the engine loaded.
        batch: most segments of a task; None: what the engine says.
    """

    seconds: Sequence[Seconds]
    asks: float
    latency: Seconds
    store: Seconds
    hand_over: Seconds
    look_up: Seconds
    life: Seconds = 0.0
    notice: Seconds = 5.0
    replace: Seconds = 60.0
    batch: int | None = None


@dataclass(eq=False)
class Worker:
    """A simulated worker, and when it is lost."""

    ends: Seconds


@dataclass(eq=False)
class Work:
    """A task with a worker, or in waiting."""

    call: Any
    future: Future[Any]
    duration: Seconds
    worker: Worker | None = None
    lost: bool = False


@dataclass(eq=False)
class Simulation(Executor):
    """The workers, the network and the clock, seen by the driver as an executor and as the queue of what has arrived.

    Whatever the driver calls here stops its clock: what it did since then passes on the simulated one.
    """

    workers: int
    conditions: Conditions
    dice: random.Random = field(default_factory=lambda: random.Random(17))
    now: Seconds = 0.0
    """On the simulated clock."""
    computing: Seconds = 0.0
    """Of the driver."""
    looking: Seconds = 0.0
    """Of the driver, until the store has answered."""
    busy: Seconds = 0.0
    """Of all workers, for tasks that were not lost."""
    lost: int = 0
    tasks: int = 0
    last_start: Seconds = 0.0

    def __post_init__(self) -> None:
        self.max_batch, self.task_length = self.conditions.batch, TASK_LENGTH
        self._events: list[tuple[Seconds, int, Worker, Work | None]] = []
        self._free = [self._hire(0.0) for _ in range(self.workers)]
        self._waiting: deque[Work] = deque()
        self._arrived: deque[Work] = deque()
        self._inbox: deque[Future[Any]] = deque()
        self._mark = time.process_time()

    def _hire(self, at: Seconds) -> Worker:
        life = self.conditions.life
        return Worker(at + self.dice.expovariate(1 / life) if life else float("inf"))

    def _stop(self, more: Seconds = 0.0) -> None:
        spent = time.process_time() - self._mark + more
        self.now += spent
        self.computing += spent
        while self._events and self._events[0][0] <= self.now:
            self._happen()

    def _go_on(self) -> None:
        self._mark = time.process_time()

    # As an executor

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        from voxpress.executors.process import pack

        pack(fn, args, kwargs)
        self._stop(self.conditions.hand_over)
        call, future = getattr(fn, "work", fn), Future[Any]()
        self.tasks += 1
        duration = sum(self.conditions.seconds[int(key[:4], 16)] for key in _rows(call))
        duration += len(_rows(call)) * self.conditions.asks * self.conditions.store
        self._waiting.append(Work(call, future, duration))
        if self._free:
            self._start(self._free.pop(), self.now)
        self._go_on()
        return future

    def _start(self, worker: Worker, at: Seconds) -> None:
        """Give a worker the next task."""
        work, latency = self._waiting.popleft(), self.conditions.latency
        if worker.ends <= at:
            worker = self._hire(at)  # it was replaced while it had nothing to do
        self.last_start = max(self.last_start, at)
        end = at + latency + work.duration
        work.worker, work.lost = worker, worker.ends < end
        heapq.heappush(
            self._events,
            (
                worker.ends + self.conditions.notice if work.lost else end + latency,
                id(work),
                worker,
                work,
            ),
        )

    def _happen(self) -> None:
        """Let the next thing happen: an answer, a loss, or a new worker."""
        at, _, worker, work = heapq.heappop(self._events)
        if work is not None:
            self._arrived.append(work)
        if work is not None and work.lost:
            self.lost += 1
            back = max(at, worker.ends + self.conditions.replace)
            heapq.heappush(self._events, (back, id(worker), self._hire(back), None))
            return
        self.busy += work.duration if work else 0.0
        if self._waiting:
            self._start(worker, at)
        else:
            self._free.append(worker)

    # As a queue

    def put(self, future: Future[Any]) -> None:
        """A future is done."""
        self._inbox.append(future)

    def empty(self) -> bool:
        """Whether nothing has arrived."""
        self._stop()
        self._go_on()
        return not self._arrived and not self._inbox

    def get(self, timeout: Seconds | None = None) -> Future[Any]:
        """What has arrived first; the clock goes on until something has."""
        self._stop()
        while not self._arrived and not self._inbox:
            self.now = max(self.now, self._events[0][0])
            self._happen()
        if not self._inbox:
            work = self._arrived.popleft()
            if work.lost:
                work.future.set_exception(NodeLost("a worker was lost"))
            else:
                takes, recipes = at_once.make_up(work.call)
                takes = [dataclasses.replace(take, seconds=work.duration / len(takes)) for take in takes]
                work.future.set_result((takes, recipes) if takes else recipes)
        self._go_on()
        return self._inbox.popleft()

    # As a store

    def look(self, count: int) -> None:
        """The driver waits until the store has answered so many look-ups."""
        self._stop()
        wait, spent = self.conditions.store * -(-count // LOOKUPS), self.conditions.look_up * count
        waited = max(wait, spent) if count else 0.0
        self.looking += waited
        self.now += waited
        self._go_on()


def _rows(call: Any) -> list[str]:
    """Keys of what a task speaks or finishes; their first digits are the kind of row."""
    from voxpress.rendering import worker

    if call.func is worker.speak:
        return [key for key, _ in call.args[3]]
    return [recipe.parts[0] for recipe in call.args[0]]


def simulate(plans: Any, workers: int, conditions: Conditions) -> Simulation:
    """Drive all plans; what came of it."""
    from voxpress.manifests.report import Report
    from voxpress.rendering import driver
    from voxpress.rendering.folders.remote import RemoteFolder
    from voxpress.rendering.parcels import Sender
    from voxpress.store import Store
    from voxpress.store.backends import RemoteObjects

    simulation = Simulation(workers, conditions)

    class Empty(RemoteObjects):
        def missing(self, names: Iterable[str]) -> set[str]:
            lacking = set(names)
            simulation.look(len(lacking))
            return lacking

        def upload(self, name: str, path: Path) -> None:
            """Weights are sent before the work begins."""

    class Bare(RemoteFolder):
        is_common = False  # one driver

        def look(self, paths: Iterable[str], *, again: bool = False) -> None:
            simulation.look(len(list(paths)))

        def holds(self, *_: Any) -> None:
            return None

    store = Store("memory:")
    store._objects = Empty("memory:///")
    place = at_once.somewhere(simulation, remote=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        Report(Path(folder, "report.jsonl")) as sheet,
        patch.object(queue, "SimpleQueue", lambda: simulation),
        patch.object(Sender, "require_common"),
    ):
        results = driver.drive(plans, store=store, folder=Bare("memory:"), pools=place, known=True)
        for result in results:
            assert result.status == Status.RENDERED, result.exception
            sheet.write(result)
    return simulation


def keep_plans(spool: Any, engine: str, texts: Sequence[str], rows: int) -> None:
    """Plans of as many rows, each as one of `texts`, with keys that say which."""
    from voxpress.rendering.plan import Plan
    from voxpress.rendering.planner import Planner

    replace = msgspec.structs.replace
    utterances = (Utterance(text=text, id=f"row-{n}") for n, text in enumerate(texts))
    models = [each for each in Planner(Speaker(engine=engine)).plan_all(utterances) if isinstance(each, Plan)]
    dice = random.Random(3)
    for number in range(rows):
        kind = dice.randrange(len(models))
        plan = models[kind]
        key, id = f"{kind:04x}{number:060x}", f"{number // 1000:04}/{number:07}"
        (take,), (target,) = plan.takes.values(), plan.recipe.targets
        recipe = replace(
            plan.recipe, parts=(key,), targets=(replace(target, path=f"{id}.wav", clip=f"{number:064x}"),)
        )
        utterance = replace(plan.utterance, id=id)
        spool.add(replace(plan, number=number, utterance=utterance, recipe=recipe, takes={key: take}))


# What is reported


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="the list of prompts; None: fetched with apt")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--engines", nargs="+", default=("piper", "tone"))
    parser.add_argument("--batch", type=int, help="segments of a task; None: as the scheduler finds right")
    parser.add_argument("--latency", type=float, default=0.5, help="ms through the network, one way")
    parser.add_argument("--store", type=float, default=20.0, help="ms until the object store has answered")
    parser.add_argument("--life", type=float, default=20.0, help="minutes that a worker lasts, in the mean")
    parser.add_argument("--replace", type=float, default=60.0, help="s until there is another one")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    match arguments.part:
        case ["hand-over"]:
            print(json.dumps(hand_over()))
        case ["look-up"]:
            print(json.dumps(objects.measure_cost()))
        case ["speak", engine]:
            print(json.dumps(speak(engine, arguments.prompts)))
        case _:
            compare(arguments)


def ask(*part: object) -> Any:
    """What a part of this script prints, run in a process of its own."""
    command = [sys.executable, __file__, *map(str, part)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(arguments: argparse.Namespace) -> None:
    """Simulate everything, and report it."""
    from voxpress.rendering.spool import Spool

    handed: Seconds = ask("--part", "hand-over")
    looked: Seconds = ask("--part", "look-up")
    notes = []
    lines = [
        [
            "",
            "workers",
            "rows a task",
            "wall",
            "rows/s",
            "workers busy",
            "driver busy",
            "last row to end",
            "lost",
        ]
    ]
    for engine in arguments.engines:
        listed = [arguments.prompts] if arguments.prompts else []
        found = ask(*listed, "--part", "speak", engine)
        asks = found["requests"]
        common: dict[str, Any] = {
            "seconds": found["seconds"],
            "asks": sum(asks["worker"].values()),
            "latency": arguments.latency / 1e3,
            "store": arguments.store / 1e3,
            "hand_over": handed,
            "look_up": looked,
            "batch": arguments.batch,
        }
        losses = {"life": 60 * arguments.life, "replace": arguments.replace}
        kinds: tuple[tuple[str, dict[str, Any]], ...] = (("", {}), (", losing workers", losses))
        with Spool(tempfile.gettempdir()) as spool:
            keep_plans(spool, engine, found["texts"], arguments.rows)
            for name, more in kinds:
                for workers in arguments.workers:
                    done = simulate(spool, workers, Conditions(**common, **more))
                    lines.append(
                        [
                            f"{engine}{name}",
                            f"{workers:,}",
                            f"{arguments.rows / done.tasks:.1f}",
                            _show_time(done.now),
                            f"{arguments.rows / done.now:,.0f}",
                            f"{done.busy / workers / done.now:.0%}",
                            f"{(done.computing + done.looking) / done.now:.0%}",
                            f"{done.now - done.last_start:.1f} s",
                            f"{done.lost:,}",
                        ]
                    )
                    print(lines[-1], f"{done.computing / arguments.rows * 1e6:.0f} µs a row", flush=True)
        mean = sum(found["seconds"]) / len(found["seconds"])
        notes.append(f"A row of {engine} takes a worker {mean * 1e3:.0f} ms of processor in the mean.")
    whole = Counter(asks["driver"]) + Counter(asks["worker"])
    price = sum(PRICES[kind] * n for kind, n in whole.items())
    notes.append(
        "Requests to the store for a row of one segment, looked up and rendered into a folder beside it: "
        + "; ".join(
            f"the {who} sends " + ", ".join(f"{n:.1f} {kind}" for kind, n in sorted(asks[who].items()))
            for who in asks
        )
        + f". A million rows cost {price:.2f} US dollars of requests, at 0.005 dollars for 1,000 that write and 0.0004"
        " for 1,000 that read, as S3 Standard has them."
    )
    notes.append(
        f"{arguments.rows:,} rows in each line. One way through the network takes {arguments.latency:g} ms, an answer"
        f" of the object store {arguments.store:g} ms; Ray takes the driver {handed * 1e6:.0f} µs for each task, and"
        f" each look-up {looked * 1e6:.0f} µs."
        f" Where workers are lost, each lasts {arguments.life:g} minutes in the mean, and another one speaks"
        f" {arguments.replace:g} s later."
    )
    measure.report("cluster", lines, *notes)


def _show_time(seconds: Seconds) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    main()
