"""What does everything but speaking cost? With the engine `tone`, which takes next to no time itself.

    python benchmarks/overhead.py

Rows rendered cold, in processor time of all processes; a manifest of which all is done already, in wall time and
memory; `say` on what the store has, in this process.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import measure

from voxpress.speech import Speaker

# voxpress is imported in the processes that need it: Linux counts the memory of whoever starts a process as its own,
# so the one that starts what is measured must stay small.


def rows(count: int) -> Iterator[tuple[str, str]]:
    """Distinct short texts, a thousand files in each folder."""
    for n in range(count):
        yield f"{n // 1000:04}/{n:07}", f"Your order number {n} is ready."


def write(path: Path, count: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file)
        sheet.writerow(["id", "text"])
        sheet.writerows(rows(count))
    return path


def finish(manifest: Path, out: Path) -> None:
    """Put every row's file in place, as workers do when they have finished it: a file, and a line of the journal.

    What is in the files does not matter to a render that finds them up to date, so they are all the same few bytes.
    """
    from voxpress import manifests
    from voxpress.rendering.folders.local import LocalFolder
    from voxpress.rendering.plan import Plan
    from voxpress.rendering.planner import Planner
    from voxpress.speech import Clip

    folder, data = LocalFolder(out), bytes(64)
    planner = Planner(Speaker(engine="tone"))
    for plan in planner.plan_all(manifests.read(manifest)):
        assert isinstance(plan, Plan)
        (target,) = plan.targets
        clip = Clip(key=target.clip, format="wav", sample_rate=8000, duration=1.0, size=len(data))
        folder.publish(target.path, clip, data, target.request, len(plan.takes))
    folder.sync()


def hits(engine: str, store: Path, count: int = 2000) -> list[float]:
    """Seconds of each of many calls of `say` that are all in the store."""
    import voxpress

    text = "Welcome. Please hold while I find an agent for you."
    voxpress.say(text, engine=engine, store=store)
    times = []
    for _ in range(count):
        began = time.perf_counter()
        clip = voxpress.say(text, engine=engine, store=store)
        times.append(time.perf_counter() - began)
        assert clip.hit
    return times


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cold", type=int, default=20_000, metavar="ROWS")
    parser.add_argument("--done", type=int, default=1_000_000, metavar="ROWS")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument(
        "--directory", type=Path, help="where to work: a million files take 4 GB on most disks"
    )
    arguments = parser.parse_args()
    match arguments.part:
        case ["finish", manifest, out]:
            finish(Path(manifest), Path(out))
        case ["hits", engine, store]:
            print(json.dumps(hits(engine, Path(store))))
        case _:
            compare(arguments.cold, arguments.done, arguments.rounds, arguments.directory)


def compare(cold_rows: int, done_rows: int, rounds: int, directory: Path | None) -> None:
    """Measure everything, and report it."""
    lines: list[list[str]] = [["", "rows", "wall", "processor", "per row", "memory of the largest process"]]

    def line(name: str, count: int, each: measure.Run, per_row: str) -> None:
        lines.append(
            [
                name,
                f"{count:,}",
                f"{each.wall:.1f} s",
                f"{each.cpu:.1f} s",
                per_row,
                f"{each.memory / 1e6:.0f} MB",
            ]
        )

    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-", dir=directory) as place:
        folder = Path(place)
        cold = write(folder / "cold.csv", cold_rows)
        runs = []
        for n in range(rounds):
            render = ("render", cold, "-e", "tone", "-o", folder / f"out{n}", "--store", folder / f"store{n}")
            runs.append(measure.voxpress(*render))
            assert measure.spoken(runs[-1]) == measure.counted(runs[-1], "rendered") == cold_rows
        typical = sorted(runs, key=lambda each: each.cpu)[len(runs) // 2]
        line(
            "rendered, cold",
            cold_rows,
            typical,
            f"**{typical.cpu / cold_rows * 1e3:.2f} ms** of processor",
        )
        stored = ("render", cold, "-e", "tone", "-o", folder / "other", "--store", folder / "store0")
        each = measure.voxpress(*stored)
        assert measure.counted(each, "from the store") == cold_rows
        line("from the store", cold_rows, each, f"{each.cpu / cold_rows * 1e3:.2f} ms of processor")

        done = write(folder / "done.csv", done_rows)
        measure.run(sys.executable, __file__, "--part", "finish", done, folder / "done")
        render = ("render", done, "-e", "tone", "-o", folder / "done", "--store", folder / "store0")
        each = measure.voxpress(*render)
        assert measure.counted(each, "up to date") == done_rows
        line("all up to date", done_rows, each, f"{each.wall / done_rows * 1e6:.0f} µs")

        calls = {}
        for engine in ("tone", "piper"):
            told = measure.run(sys.executable, __file__, "--part", "hits", engine, folder / "hits").output
            calls[engine] = sorted(json.loads(told.splitlines()[-1]))

    measure.report(
        "overhead",
        lines,
        "`say()` on a hit, in process, median: "
        + "; ".join(
            f"{engine} **{median(times) * 1e3:.2f} ms**, 99 of 100 within {times[-len(times) // 100] * 1e3:.2f} ms"
            for engine, times in calls.items()
        )
        + ".",
    )


if __name__ == "__main__":
    main()
