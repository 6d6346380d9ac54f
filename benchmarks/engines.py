"""How fast is each engine here, and what does a worker of it hold in memory? Writes the figures of docs/engines.md.

    python benchmarks/engines.py [core-sounds-en.txt] --engine piper --engine kokoro=MODEL:VOICE

Twenty sentences, cold, one worker for each core, whole processes; the median of the rounds. Only what is measured with
real weights goes into the table: an engine that is not named keeps the figures that it has.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

import measure

RESULT = measure.RESULTS / "engines.json"
ROWS = 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?")
    parser.add_argument("--engine", action="append", required=True, metavar="NAME[=MODEL][:VOICE]")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    sentences = [row for row in everything if 5 <= len(row.text.split()) <= 30]
    figures = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    for given in arguments.engine:
        rest, _, voice = given.partition(":")
        engine, _, model = rest.partition("=")
        options = ["-e", engine, *(["-m", model] if model else []), *(["-v", voice] if voice else [])]
        with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
            folder = Path(place)
            manifest = measure.write_manifest(folder / "prompts.csv", measure.spread(sentences, ROWS))
            measure.voxpress(
                *("say", "Ready for you.", *options),
                *("--store", folder / "first", "-o", folder / "first.wav"),
            )
            speeds, memories = [], []
            for n in range(arguments.rounds):
                out = folder / f"out{n}"
                run = measure.voxpress(
                    *("render", manifest, "-o", out, *options, "--store", folder / f"store{n}")
                )
                assert measure.counted(run, "failed") == 0
                speeds.append(measure.duration(out) / run.wall)
                memories.append(run.memory)
        speed = median(speeds)
        figures[engine] = {
            "speed": f"{speed:.1f}" if speed < 20 else f"{speed:.0f}",
            "memory": f"{median(memories) / 1e6:.0f} MB",
            "machine": measure.machine(),
        }
    RESULT.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
