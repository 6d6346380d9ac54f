"""Kokoro: how fast are forty sentences, against kokoro-onnx in a plain loop with its defaults?

    python benchmarks/kokoro.py kokoro-v1.0.int8.onnx voices/ [core-sounds-en.txt] [--peer PYTHON]

Both sides are whole processes with the same weights and voice, and take turns. `--peer` names an interpreter that has
kokoro-onnx, if this one has not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from statistics import median

import graphs as levers
import measure
import numpy as np

from voxpress.engines._onnx import preparation, rewriting, runtime

COUNT = 40
LOOP = """
import json, sys, wave
import numpy as np
from kokoro_onnx import Kokoro
texts, model, voices, voice, out = json.load(open(sys.argv[1])), *sys.argv[2:]
kokoro = Kokoro(model, voices)
for number, text in enumerate(texts):
    samples, rate = kokoro.create(text, voice=voice, speed=1.0, lang="en-us")
    with wave.open(f"{out}/{number}.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
"""


def operations_per_second(model: Path, voice: Path) -> float:
    """Floating-point operations for one second of audio, by the model as it comes."""
    inputs, session = levers.kokoro(voice), runtime.session(rewriting.read(model))
    operations = audio = 0.0
    for text in levers.TEXTS:
        given = inputs(text)
        operations += runtime.flops(rewriting.read(model), given)
        audio += session.run(None, given)[0].size / 24000
    return operations / audio


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("voices", type=Path, help="folder of .bin files, as npm's kokoro-js has them")
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--voice", default="af_heart")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=COUNT)
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    sentences = [
        row for row in everything if 5 <= len(row.text.split()) <= 30 and row.text.endswith((".", "?", "!"))
    ]
    rows = measure.spread(sentences, arguments.rows)
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        # Both sides get the weights in the shape that they want them in.
        (folder / "model" / "voices").mkdir(parents=True)
        (folder / "model" / arguments.model.name).symlink_to(arguments.model.resolve())
        pack = arguments.voices / f"{arguments.voice}.bin"
        (folder / "model" / "voices" / pack.name).symlink_to(pack.resolve())
        with (
            zipfile.ZipFile(folder / "voices.npz", "w") as voices,
            voices.open(f"{pack.stem}.npy", "w") as file,
        ):
            np.save(file, np.fromfile(pack, "<f4").reshape(510, 1, 256))
        (folder / "texts.json").write_text(json.dumps([row.text for row in rows]))
        (folder / "loop.py").write_text(LOOP)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        weights = folder / "model" / arguments.model.name
        # Without a carrier phrase: the peer has none.
        options = ("-e", "kokoro", "-m", weights, "-v", arguments.voice, "--no-carrier")
        say = ("say", *options, "--store", folder / "first", "-o", folder / "first.wav")
        measure.voxpress(*say, "Ready for you.")  # prepares the model, once for all renders

        ours, peers, seconds = [], [], [0.0, 0.0]
        for _ in range(arguments.pairs):
            for name in ("out", "store", "peer"):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / "peer").mkdir()
            render = ("render", manifest, "-o", folder / "out", "--store", folder / "store", *options)
            ours.append(measure.voxpress(*render))
            peers.append(
                measure.run(
                    *(arguments.peer, folder / "loop.py", folder / "texts.json", arguments.model),
                    *(folder / "voices.npz", arguments.voice, folder / "peer"),
                )
            )
            seconds = [measure.duration(folder / name) for name in ("out", "peer")]
        assert measure.spoken(ours[-1]) >= len(rows)
        assert measure.counted(ours[-1], "failed") == 0

    # The peer leaves the silence in that the model speaks at both ends, and we cut it: speeds are per second of
    # what each writes, and the ratio that counts is of the time for the same texts.
    ratio = median(b.wall / a.wall for a, b in zip(ours, peers, strict=True))
    cost = operations_per_second(arguments.model, pack)
    limit, cores = levers.sgemm(), len(os.sched_getaffinity(0))
    began = time.perf_counter()
    preparation.prepare_kokoro(arguments.model)
    preparing = time.perf_counter() - began

    def line(name: str, runs: list[measure.Run], audio: float) -> list[str]:
        wall, cpu = median(each.wall for each in runs), median(each.cpu for each in runs)
        of_limit = seconds[1] * cost / wall / (limit * cores)
        return [
            *(name, f"{wall:.1f} s", f"{cpu:.1f} s", f"{audio:.0f} s", f"{audio / wall:.2f}"),
            f"{of_limit:.2f}",
        ]

    measure.report(
        "kokoro",
        [
            [
                f"{len(rows)} sentences, {arguments.voice}",
                "wall",
                "processor",
                "audio",
                "× real time",
                "of the limit",
            ],
            line("`voxpress render`, cold store", ours, seconds[0]),
            line("kokoro-onnx in a loop", peers, seconds[1]),
            [f"times as fast, median of {len(ours)} pairs", f"**{ratio:.2f}**", "", "", "", ""],
        ],
        f"Weights: {arguments.model.name}. Times of the pairs: "
        + ", ".join(f"{b.wall / a.wall:.2f}" for a, b in zip(ours, peers, strict=True))
        + f". The model needs {cost / 1e9:.1f} GFLOP for a second of audio as it speaks, silence at the ends included; "
        f"the limit is a large matrix product, {limit / 1e9:.0f} GFLOP/s on each core. "
        f"Preparing the model, once: {preparing:.1f} s.",
    )


if __name__ == "__main__":
    main()
