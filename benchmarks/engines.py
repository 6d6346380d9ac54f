"""How fast is each engine here, and what does a worker of it hold in memory? Writes the figures of docs/engines.md.

    python benchmarks/engines.py [core-sounds-en.txt] --engine piper --engine kokoro=MODEL:VOICE
    python benchmarks/engines.py --random --rows 4 --rounds 1 --engine f5 --engine outetts --engine xtts

Single sentences of 5 to 30 words, cold, one worker for each core, whole processes; the median of the rounds. An engine
that is not named keeps the figures that it has.

With --random the weights are random and of the published size, since neither speed nor memory depends on their values;
the table says so. Such a model speaks for some three seconds, as long as these sentences take on average.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import measure

from voxpress import engines
from voxpress.models import environments

RESULT = measure.RESULTS / "engines.json"
MAKERS = measure.HERE.parent / "tests" / "engines" / "tiny"


def random_weights(engine: str, folder: Path) -> Path:
    """A model of the published size."""
    kind = engines.find(engine)
    python = engines.python(kind)
    if python is None:
        sys.exit(f"needs the environment of {engine}: run  {kind.install}")
    measure.run(python, "-W", "ignore", MAKERS / f"make_{engine}.py", folder / "model", "--real-size")
    return folder / "model"


def apart(engine: str, folder: Path) -> Mapping[str, str]:
    """Surroundings in which the terms of an engine's weights are accepted: they are not those of random ones, and what
    the user has accepted must not change.
    """
    home = folder / "voxpress"
    home.mkdir()
    (home / "environments").symlink_to(environments.default_folder())
    surroundings = {"XDG_DATA_HOME": str(folder)}
    measure.voxpress("models", "accept", engine, environment=surroundings)
    return surroundings


def measured(
    given: str, rows: list[measure.Prompt], rounds: int, folder: Path, *, random: bool
) -> dict[str, str]:
    """The figures of an engine, given as on the command line."""
    rest, _, voice = given.partition(":")
    engine, _, model = rest.partition("=")
    surroundings: Mapping[str, str] = {}
    if random:
        model = str(random_weights(engine, folder))
        surroundings = apart(engine, folder)
    options = ["-e", engine, *(["-m", model] if model else []), *(["-v", voice] if voice else [])]
    manifest = measure.write_manifest(folder / "prompts.csv", rows)
    # What is done once for a model is not measured; for random weights that is to read them, and speech takes minutes.
    first = ["render", manifest, "--dry-run"] if random else ["say", "Ready for you."]
    measure.voxpress(
        *first, *options, "--store", folder / "first", "-o", folder / "first.wav", environment=surroundings
    )
    speeds, memories = [], []
    for n in range(rounds):
        run = measure.voxpress(
            *("render", manifest, "-o", folder / f"out{n}", *options, "--store", folder / f"store{n}"),
            *("--timeout", "3600", *(["--attempts", "1"] if random else [])),
            environment=surroundings,
        )
        assert measure.counted(run, "failed") == 0
        speeds.append(measure.duration(folder / f"out{n}") / run.wall)
        memories.append(run.memory)
        print(f"{engine}: {speeds[-1]:.4f} × real time, {run.wall:.0f} s, {run.memory / 1e6:.0f} MB")
    speed = median(speeds)
    figures = {
        "speed": f"{speed:.0f}" if speed >= 20 else f"{speed:.1f}" if speed >= 1 else f"{speed:.2g}",
        "memory": f"{median(memories) / 1e6:.0f} MB",
        "machine": measure.machine(),
    }
    if random:
        figures["weights"] = "random"
        figures["machine"] += f", torch {engines.version(engines.find(engine), 'torch')}"
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?")
    parser.add_argument("--engine", action="append", required=True, metavar="NAME[=MODEL][:VOICE]")
    parser.add_argument("--random", action="store_true", help="random weights of the real size")
    parser.add_argument("--rows", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    sentences = [
        row for row in everything if 5 <= len(row.text.split()) <= 30 and not re.search(r"[.?!]\s", row.text)
    ]
    rows = measure.spread(sentences, arguments.rows)
    figures = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    for given in arguments.engine:
        with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
            engine = given.partition(":")[0].partition("=")[0]
            figures[engine] = measured(given, rows, arguments.rounds, Path(place), random=arguments.random)
        RESULT.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
