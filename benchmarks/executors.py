"""A Ray cluster on this machine against worker processes: what do the actors cost?

    python benchmarks/executors.py [core-sounds-en.txt] [--rows 300] [--rounds 5]

Both sides speak the same prompts with Piper into an empty store, on the same cores, from one process; the start of Ray
is measured apart. They take turns, and the ratio is the median of those of the rounds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

import measure

import voxpress
from voxpress.executors.ray import RayCluster


def render(rows: list[voxpress.Utterance], cluster: RayCluster | None) -> float:
    """Seconds until all rows are files."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        done = voxpress.render(
            rows, f"{folder}/out", engine="piper", store=f"{folder}/store", executor=cluster
        ).run()
        wall = time.monotonic() - began
    if done.rendered != len(rows):
        raise SystemExit(f"not all rows were rendered: {done}")
    return wall


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "list", nargs="?", type=Path, help="Debian's list of prompts; by default fetched with apt"
    )
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    prompts, _ = measure.prompts(options.list)
    rows = [voxpress.Utterance(id=each.id, text=each.text) for each in measure.spread(prompts, options.rows)]
    began = time.monotonic()
    with RayCluster("local") as cluster:
        started = time.monotonic() - began
        render(rows[:8], None)
        render(rows[:8], cluster)
        rounds = [(render(rows, None), render(rows, cluster)) for _ in range(options.rounds)]
    processes, actors = (median(side) for side in zip(*rounds, strict=True))
    ratio = median(far / near for near, far in rounds)
    measure.report(
        "executors",
        [
            (f"{len(rows)} prompts, {len(rounds)} rounds", "seconds, median"),
            ("worker processes", f"{processes:.1f}"),
            ("actors of Ray", f"{actors:.1f}"),
            ("actors ÷ processes, median of the rounds", f"**{ratio:.3f}**"),
            ("start of Ray on this machine, beside that", f"{started:.1f}"),
        ],
    )


if __name__ == "__main__":
    main()
