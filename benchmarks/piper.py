"""Piper: how long does a whole prompt pack take, against Piper's own command, and what does a second run cost?

    python benchmarks/piper.py [core-sounds-en.txt]

Both sides are whole processes and speak the same lines with the same voice into WAV files. They take turns, and the
ratio is the median of those of the pairs, so that what else the machine does falls on both. Prompts with stage
directions are left out on both sides, because Piper would read them aloud.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import graphs as levers
import measure

from voxpress import graphs

# The peer speaks short prompts as they are.
OPTIONS = ("-e", "piper", "--no-carrier")


def operations_per_second(onnx: Path) -> float:
    """Floating-point operations for one second of audio, by the model as it comes."""
    inputs, model = levers.piper(onnx), graphs.noise_as_inputs(onnx)
    session = graphs.session(model)
    operations = audio = 0.0
    for text in levers.TEXTS:
        given = inputs(text)
        operations += graphs.flops(model, given)
        audio += session.run(None, given)[0].size / 22050
    return operations / audio


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--rows", type=int, help="only so many, for a try")
    arguments = parser.parse_args()
    rows, left_out = measure.prompts(arguments.prompts)
    rows = measure.spread(rows, arguments.rows) if arguments.rows else rows
    voice = measure.joe()
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        (folder / "lines.txt").write_text("".join(f"{row.text}\n" for row in rows), encoding="utf-8")
        # The prepared model is made when a voice is first used, once for all renders.
        measure.voxpress("say", "Ready.", "--store", folder / "first", "-o", folder / "first.wav")

        ours, peers, seconds = [], [], [0.0, 0.0]
        for _ in range(arguments.pairs):
            for name in ("out", "store", "peer"):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / "peer").mkdir()
            render = ("render", manifest, "-o", folder / "out", "--store", folder / "store", *OPTIONS)
            ours.append(measure.voxpress(*render))
            peers.append(
                measure.run(
                    *(sys.executable, "-P", "-m", "piper", "-m", voice, "-c", f"{voice}.json"),
                    *("-i", folder / "lines.txt", "-d", folder / "peer"),
                )
            )
            seconds = [measure.duration(folder / name) for name in ("out", "peer")]
            files = [len(list((folder / name).rglob("*.wav"))) for name in ("out", "peer")]
            assert files == [len(rows)] * 2, files
        assert measure.counted(ours[-1], "failed") == 0
        second = [measure.voxpress(*render) for _ in range(3)]
        assert [measure.spoken(each) for each in second] == [0, 0, 0]
        shutil.rmtree(folder / "out")
        third = measure.voxpress(*render)
        assert measure.spoken(third) == 0
        measure.write_manifest(manifest, [rows[0]._replace(text="This row says something else."), *rows[1:]])
        changed = measure.voxpress(*render)
        assert measure.spoken(changed) == 1, changed.output

    ratio = median(a.wall / b.wall for a, b in zip(ours, peers, strict=True))
    cost, limit = operations_per_second(voice), levers.sgemm()
    began = time.perf_counter()
    graphs.prepare_piper(voice)
    preparing = time.perf_counter() - began
    cores = len(os.sched_getaffinity(0))

    def line(name: str, runs: list[measure.Run], audio: float) -> list[str]:
        wall, cpu = median(each.wall for each in runs), median(each.cpu for each in runs)
        of_limit = audio * cost / wall / (limit * cores)
        return [
            *(name, f"{wall:.1f} s", f"{cpu:.1f} s", f"{audio:.0f} s", f"{audio / wall:.1f}"),
            f"{of_limit:.2f}",
        ]

    measure.report(
        "piper",
        [
            [
                f"{len(rows)} prompts, joe",
                "wall",
                "processor",
                "audio",
                "× real time",
                "of the machine's limit",
            ],
            line("`voxpress render`, cold store", ours, seconds[0]),
            line("`python -m piper -i lines.txt -d out`", peers, seconds[1]),
            [f"ratio, median of {len(ours)} pairs", f"**{ratio:.2f}**", "", "", "", ""],
            ["the same again: 0 spoken", f"{median(each.wall for each in second):.2f} s", "", "", "", ""],
            ["into an empty folder: 0 spoken", f"{third.wall:.2f} s", "", "", "", ""],
            ["one row changed: 1 spoken", f"{changed.wall:.2f} s", "", "", "", ""],
        ],
        f"Left out on both sides: {left_out} prompts with directions or silence. Ratios of the pairs: "
        + ", ".join(f"{a.wall / b.wall:.2f}" for a, b in zip(ours, peers, strict=True))
        + f". The model needs {cost / 1e9:.1f} GFLOP for a second of audio; the limit is a large matrix product, "
        f"{limit / 1e9:.0f} GFLOP/s on each core. Preparing the model, once: {preparing:.1f} s.",
    )


if __name__ == "__main__":
    main()
