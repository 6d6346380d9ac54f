"""A word or two: how many does Whisper understand, spoken as they are and cut out of a carrier phrase?

    python benchmarks/carrier.py [core-sounds-en.txt] [--engine piper --engine kokoro=MODEL:VOICE] [--ear MODEL]

It needs voxpress[listen], and the weights of the ear: voxpress models pull whisper-base. Numbers, spelling variants and
punctuation do not count.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

import measure

from voxpress import carrier, codec
from voxpress.listening import MODEL, Ear
from voxpress.scoring import score

COUNT = 80


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--engine", action="append", metavar="NAME[=MODEL[:VOICE]]", help="may be repeated")
    parser.add_argument("--ear", default=MODEL, metavar="MODEL", help="a model's name, or a folder")
    parser.add_argument("--rows", type=int, default=COUNT)
    parser.add_argument("--show", action="store_true", help="print what was heard wrongly")
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    # Single letters say nothing of a voice: no listener knows "p" from "b" without context.
    short = [
        row for row in everything if carrier.phrase(row.text, "en") and not row.id.startswith("letters/")
    ]
    rows = measure.spread(short, arguments.rows)
    ear = Ear(arguments.ear)
    ear.require()

    def judged(out: Path) -> float:
        """Word error rate."""
        wrong = words = 0
        for row in rows:
            heard = ear.hear(codec.decode((out / f"{row.id}.wav").read_bytes()), "en", words=False)
            found = score(row.text, heard.text, "en")
            # A hallucinated novel is one prompt lost, not ten.
            wrong += min(found.errors, found.words)
            words += found.words
            if arguments.show and found.errors:
                print(f"{out.name} {row.id}: {'; '.join(map(str, found.differences))}", file=sys.stderr)
        return wrong / words

    lines = [
        ["", "as they are", "in a carrier phrase", "ratio", "time to speak them: as they are", "in a phrase"]
    ]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        for engine in arguments.engine or ["piper"]:
            name, _, weights = engine.partition("=")
            weights, _, voice = weights.partition(":")
            chosen = ["-e", name, *(["-m", weights] if weights else []), *(["-v", voice] if voice else [])]
            measure.voxpress("say", "Ready.", *chosen, "--store", folder / "first")
            rates, times = [], []
            for option in ("--no-carrier", "--carrier"):
                out = folder / re.sub(r"\W", "_", f"{engine}{option}")
                run = measure.voxpress(
                    "render", manifest, "-o", out, "--store", folder / "store", *chosen, option
                )
                assert measure.counted(run, "failed") == 0, run.output
                rates.append(judged(out))
                times.append(run.wall)
            shown = " ".join(filter(None, [name, Path(weights).stem, voice]))
            lines.append(
                [shown, *(f"{rate:.3f}" for rate in rates), f"**{rates[1] / rates[0]:.2f}**"]
                + [f"{time:.1f} s" for time in times]
            )
    measure.report(
        "carrier",
        lines,
        f"Word error rate of {len(rows)} prompts of one or two words, evenly from the list, letters left out; heard by"
        f" {Path(arguments.ear).name}, int8. The phrase: {carrier.PHRASES['en']!r}",
    )


if __name__ == "__main__":
    main()
