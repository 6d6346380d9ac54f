"""Are numbers, keys, money, dates and abbreviations heard as people read them?

    python benchmarks/heard.py [--before CHECKOUT] [--engine piper kokoro]

The command line renders a hundred lines (heard.tsv: as written, and as a person reads it), and Whisper (base) hears the
files. With `--before`, another checkout of voxpress renders them too.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import measure

from voxpress.audio import codec
from voxpress.quality import signal
from voxpress.quality.asr import Recogniser
from voxpress.text.wer import Score, passes, score

LINES = Path(__file__).with_suffix(".tsv")
HERE = Path(__file__).parents[1]


class Line(NamedTuple):
    """A line as it is written, what was heard, and how that compares with how a person reads it."""

    written: str
    heard: str
    score: Score


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="another checkout of voxpress")
    parser.add_argument("--engine", nargs="+", default=["piper", "kokoro"])
    parser.add_argument("--asr-model", default="whisper-base")
    arguments = parser.parse_args()
    with LINES.open(newline="") as file:
        readings = dict(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    recogniser = Recogniser(arguments.asr_model)
    table = [["engine", "voxpress", "lines", "word for word", "pass the checks", "word error rate"]]
    for engine in arguments.engine:
        for name, checkout in (("before", arguments.before), ("now", HERE)):
            if checkout is None:
                continue
            lines = list(listen(recogniser, engine, checkout, readings))
            table.append([engine, name, *count(lines)])
            for line in lines:
                if not passes(line.score):
                    print(f"{engine}, {name}: {line.written!r} is heard as {line.heard!r}", file=sys.stderr)
    measure.report(
        "heard",
        table,
        f"Heard by {arguments.asr_model}, and compared with how a person reads each line. The checks are those of"
        " `--verify`.",
    )


def listen(
    recogniser: Recogniser, engine: str, checkout: Path, readings: Mapping[str, str]
) -> Iterator[Line]:
    """The lines as a checkout has them spoken."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [("id", "text"), *((f"{number:03}", text) for number, text in enumerate(readings))]
        with (folder / "lines.csv").open("w", newline="") as table:
            csv.writer(table).writerows(rows)
        command: list[str | Path] = [
            sys.executable,
            "-P",
            "-m",
            "voxpress",
            "render",
            folder / "lines.csv",
            "-o",
            folder / "out",
        ]
        settings: list[str | Path] = ["-e", engine, "--store", folder / "store", "--language", "en-US"]
        environment = {"PYTHONPATH": str(checkout.resolve() / "src")}
        # Without a front end, some lines fail: the status says so, and they count as silence.
        subprocess.run(
            [*command, *settings], env={**os.environ, **environment}, capture_output=True, check=False
        )
        for number, (written, reading) in enumerate(readings.items()):
            file = folder / "out" / f"{number:03}.wav"
            if file.exists():
                audio = codec.decode(file.read_bytes())
                yield Line(written, *signal.listen(recogniser, audio, reading, "en-US"))
            else:
                yield Line(written, "", score(reading, "", "en-US"))


def count(lines: list[Line]) -> list[str]:
    """How many lines there are, are heard word for word, and pass; and the word error rate of all."""
    errors, words = (sum(getattr(line.score, name) for line in lines) for name in ("errors", "words"))
    same = sum(not line.score.errors for line in lines)
    passed = sum(passes(line.score) for line in lines)
    return [str(len(lines)), f"**{same}**", f"**{passed}**", f"{errors / words:.1%}"]


if __name__ == "__main__":
    main()
