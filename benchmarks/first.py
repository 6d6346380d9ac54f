"""How long does one sentence take in a new process, from the command to the file?

    python benchmarks/first.py [--kokoro MODEL VOICES] [--peer PYTHON] [--rounds 7]

Whole processes that take turns, with an empty store and prepared models, as after `voxpress models pull`. Beside them
Piper's command, and kokoro-onnx in a script of ten lines; `--peer` names an interpreter that has it. Then a sentence
that the store has, the help, and the memory of workers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import measure
import numpy as np

SENTENCE = "Please hold while I find an agent for you now."
KOKORO = """
import sys, wave
import numpy as np
from kokoro_onnx import Kokoro
model, voices, text, out = sys.argv[1:]
samples, rate = Kokoro(model, voices).create(text, voice="af_heart", speed=1.0, lang="en-us")
with wave.open(out, "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(rate)
    file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
"""
WORKER = """
import sys
from pathlib import Path
from voxpress import engines
from voxpress.speech import Segment
engine = engines.find(sys.argv[1])(sys.argv[2] or None)
engine.load()
engine.synthesize([Segment(text=sys.argv[3], voice=engine.voices()[0].name, language="en-US", seed=1)])
print("spoken", flush=True)
input()
rollup = Path("/proc/self/smaps_rollup").read_text()
print(int(rollup.partition("Pss:")[2].split()[0]) * 1024, flush=True)
input()
"""
WORKERS = 4


def workers(engine: str, model: str) -> float:
    """Bytes for each of four workers that have spoken a sentence; what they share is parted among them."""
    command = (sys.executable, "-c", WORKER, engine, model, SENTENCE)
    with contextlib.ExitStack() as stack:
        at_once = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(WORKERS)
        ]

        def told(each: subprocess.Popen[str]) -> str:
            assert each.stdout is not None
            return each.stdout.readline()

        def go_on(each: subprocess.Popen[str]) -> None:
            assert each.stdin is not None
            each.stdin.write("\n")
            each.stdin.flush()

        for each in at_once:
            assert told(each) == "spoken\n"
        for each in at_once:
            go_on(each)
        sizes = [int(told(each)) for each in at_once]
        for each in at_once:
            go_on(each)
    return sum(sizes) / WORKERS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kokoro", type=Path, nargs=2, metavar=("MODEL", "VOICES"))
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        empty = iter(folder / f"store{number}" for number in range(10_000))
        kept = folder / "kept"

        def say(*options: str | Path, store: Path | None = None) -> Callable[[], float]:
            return lambda: (
                measure.voxpress(
                    "say", SENTENCE, *options, "--store", store or next(empty), "-o", folder / "ours.wav"
                ).wall
            )

        def piper() -> float:
            command = (
                sys.executable,
                "-m",
                "piper",
                "-m",
                measure.joe(),
                "-f",
                folder / "piper.wav",
                SENTENCE,
            )
            wall: float = measure.run(*command).wall
            return wall

        pairs: dict[str, tuple[Callable[[], float], Callable[[], float] | None]] = {
            "`say`, Piper, cold store | `python -m piper`": (say("-e", "piper"), piper),
            "`say`, Piper, from the store | ": (say("-e", "piper", store=kept), None),
            "`--help` | ": (lambda: measure.voxpress("--help").wall, None),
        }
        models = {"piper": ""}
        if arguments.kokoro:
            model, voices = arguments.kokoro
            pack = voices / "af_heart.bin"
            np.savez(folder / "voices.npz", af_heart=np.fromfile(pack, "<f4").reshape(510, 1, 256))
            (folder / "loop.py").write_text(KOKORO)
            options = ("-e", "kokoro", "-m", model.parent if voices.parent == model.parent else model)

            def loop() -> float:
                command = (folder / "loop.py", model, folder / "voices.npz", SENTENCE, folder / "k.wav")
                wall: float = measure.run(arguments.peer, *command).wall
                return wall

            pairs["`say`, Kokoro, cold store | kokoro-onnx in a script"] = (say(*options), loop)
            models["kokoro"] = str(options[3])
        lines: list[list[object]] = [["", "wall", "against", "wall", "ratio", "pairs"]]
        for name, (ours, theirs) in pairs.items():
            ours()  # what is prepared once is prepared, and the files are in the page cache
            timed = [(ours(), theirs() if theirs else None) for _ in range(arguments.rounds)]
            what, _, peer = name.partition(" | ")
            ratios = [mine / other for mine, other in timed if other]
            lines.append(
                [
                    what,
                    f"{median(mine for mine, _ in timed):.2f} s",
                    peer,
                    f"{median(other for _, other in timed if other):.2f} s" if ratios else "",
                    f"**{median(ratios):.2f}**" if ratios else "",
                    f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "",
                ]
            )
        held = ", ".join(
            f"{engine} {workers(engine, model) / 2**20:.0f} MB" for engine, model in models.items()
        )
    measure.report(
        "first",
        lines,
        f"The sentence: {json.dumps(SENTENCE)}. Medians of {arguments.rounds}; below 1 is in favour of voxpress."
        f" Memory of each of {WORKERS} workers that have spoken it, with its part of what they share: {held}.",
    )


if __name__ == "__main__":
    main()
