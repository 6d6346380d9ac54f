"""How many rows and segments a second does one driver keep in order, and in how much memory?

    python benchmarks/driver.py

Nothing is spoken: workers that answer at once make up what they would say. So what is left is the driver: the manifest
read, its rows planned and kept on disk, looked up in an empty store, given to workers, and reported.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import measure

from voxpress.executors.ray.actors import TASK_LENGTH
from voxpress.speech import Speaker

T = TypeVar("T")

PARTS = ("read", "plan", "keep", "drive", "report")


def write(path: Path, count: int, sentences: int, speeds: int = 1) -> Path:
    """A manifest of distinct short texts, a thousand files in each folder.

    Args:
        speeds: how many different ones; an engine speaks only segments of one speed at once.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(["id", "text", "speed"])
        for n in range(count):
            text = " ".join(f"Your order number {n * sentences + s} is ready." for s in range(sentences))
            sheet.writerow([f"{n // 1000:04}/{n:07}", text, f"{1 + n % speeds / 1000:.3f}"])
    return path


class AtOnce(Executor):
    """Answers each task before `submit` returns, as if a worker had done it.

    Args:
        packs: write each task into bytes, as a cluster does.
    """

    def __init__(self, workers: int, packs: bool = False) -> None:
        self.workers, self._packs = workers, packs
        self.task_length = TASK_LENGTH if packs else 0.0
        self.segments = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._packs:
            from voxpress.executors.process import pack

            pack(fn, args, kwargs)
        future: Future[Any] = Future()
        work = getattr(fn, "work", fn)
        future.set_result(self._make_up(work) if isinstance(work, partial) else fn(*args, **kwargs))
        return future

    def _make_up(self, work: Any) -> Any:
        takes, recipes = make_up(work)
        self.segments += len(takes)
        return (takes, recipes) if takes else recipes


def make_up(work: Any) -> tuple[list[Any], list[Any]]:
    """The takes and files that come of a task of `voxpress.rendering.worker.speak` or `finishing.finish`."""
    from voxpress.rendering import worker
    from voxpress.rendering.finishing import Finished
    from voxpress.speech import Clip

    speaks = work.func is worker.speak
    takes = [worker.Take(key, 1, None, 1) for key, _ in work.args[3]] if speaks else []
    finished = [
        Finished(
            clips=tuple(
                Clip(key=target.clip, format=target.output.format, sample_rate=8000, duration=1.0, size=16044)
                for target in recipe.targets
            ),
            made=True,
            written=True,
        )
        for recipe in work.args[5 if speaks else 0]
    ]
    return takes, finished


def somewhere(executor: Executor, *, remote: bool = False) -> Any:
    """A cluster of which `executor` is every pool."""
    from voxpress.executors import Cluster

    class Everywhere(Cluster):
        is_remote = remote
        finishing = listening = executor

        def speaking(self, engine: object) -> Executor:
            return executor

    return Everywhere()


def nothing() -> Any:
    """A store without objects, which is asked and answers at once."""
    from voxpress.store import Store
    from voxpress.store.backends import RemoteObjects

    class Nothing(RemoteObjects):
        def missing(self, names: Iterable[str]) -> set[str]:
            return set(names)

    store = Store("memory:")
    store._objects = Nothing("memory:///")
    return store


class Clock:
    """Seconds of processor by what they were spent on."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(PARTS, 0.0)

    def each(self, what: str, items: Iterable[T]) -> Iterator[T]:
        """The same items; what it takes to have them is counted."""
        left = iter(items)
        while True:
            began = time.process_time()
            try:
                item = next(left)
            except StopIteration:
                return
            finally:
                self.spent[what] += time.process_time() - began
            yield item

    def call(self, what: str, function: Callable[..., T], *arguments: Any) -> T:
        """Call something; its time is counted."""
        began = time.process_time()
        try:
            return function(*arguments)
        finally:
            self.spent[what] += time.process_time() - began


def drive(manifest: Path, folder: Path, workers: int, remote: bool) -> None:
    """Do all that a render of `manifest` does but its workers' work, and print what it took."""
    import gc

    from voxpress import manifests
    from voxpress.manifests.report import Report
    from voxpress.rendering import driver
    from voxpress.rendering.folders.local import LocalFolder
    from voxpress.rendering.planner import Planner
    from voxpress.rendering.spool import Spool
    from voxpress.speech import Status

    clock, out, executor = Clock(), LocalFolder(folder / "out"), AtOnce(workers, packs=remote)
    done = 0
    gc.freeze()
    began = time.perf_counter()
    with Report(folder / "report.jsonl") as sheet, Spool(folder) as spool:
        rows = clock.each("read", manifests.read(manifest))
        for plan in clock.each("plan", Planner(Speaker(engine="tone")).plan_all(rows, known=out)):
            clock.call("keep", spool.add, plan)
        results = driver.drive(
            clock.each("keep", spool),
            store=nothing(),
            folder=out,
            pools=somewhere(executor, remote=remote),
            known=True,
        )
        for result in clock.each("drive", results):
            assert result.status == Status.RENDERED, result.exception
            clock.call("report", sheet.write, result)
            done += 1
    clock.spent["plan"] -= clock.spent["read"]
    print(done, executor.segments, time.perf_counter() - began, *map(clock.spent.get, PARTS))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--directory", type=Path, help="where to work")
    parser.add_argument("--part", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        manifest, folder, workers, remote = arguments.part
        drive(Path(manifest), Path(folder), int(workers), remote == "remote")
    else:
        compare(arguments.rows, arguments.workers, arguments.directory)


def compare(rows: int, workers: int, directory: Path | None) -> None:
    """Measure each kind of manifest, and report it."""
    lines = [
        ["", "rows", "segments", *(f"{part}, µs a row" for part in PARTS), "rows/s", "segments/s", "memory"]
    ]
    for name, count, sentences, where in (
        ("one segment a row", rows, 1, "here"),
        ("ten segments a row", rows // 10, 10, "here"),
        ("one segment a row, tasks packed for a cluster", rows // 4, 1, "remote"),
    ):
        with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-", dir=directory) as place:
            folder = Path(place)
            manifest = write(folder / "rows.csv", count, sentences)
            part = (sys.executable, __file__, "--part", manifest, folder, str(workers), where)
            run = measure.run(*part)
        done, segments, _, *spent = map(float, run.output.split())
        assert done == count, run.output
        lines.append(
            [
                name,
                f"{count:,}",
                f"{segments:,.0f}",
                *(f"{each / count * 1e6:.0f}" for each in spent),
                f"{count / sum(spent):,.0f}",
                f"{segments / spent[PARTS.index('drive')]:,.0f}",
                f"{run.memory / 1e6:.0f} MB",
            ]
        )
    measure.report(
        "driver",
        lines,
        f"Seconds of processor, one core; {workers} workers. *read*: the manifest. *plan*: its rows. *keep*: plans on"
        " disk and back. *drive*: look-ups in a store that answers at once, scheduling, results. *report*: its lines."
        " rows/s counts all of these, segments/s only *drive*.",
    )


if __name__ == "__main__":
    main()
