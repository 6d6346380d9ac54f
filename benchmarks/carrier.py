"""A word or two: how many does Whisper understand, spoken as they are and cut out of a carrier phrase?

    python benchmarks/carrier.py [core-sounds-en.txt] [--engine piper --engine kokoro=MODEL:VOICE] [--asr-model MODEL]

It needs voxpress[listen], and the weights of the recogniser: voxpress models pull whisper-base. Numbers,
spelling variants and punctuation do not count. Whether an engine uses a phrase by default does not matter
here: each speaks both ways.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path
from statistics import fmean, stdev

import measure

from voxpress.audio import codec
from voxpress.quality.asr import MODEL, Recogniser
from voxpress.text import carrier
from voxpress.text.wer import score

# The command line, with another phrase for English; workers get their segments from it.
COMMAND = """
import sys
from voxpress.text import carrier
from voxpress.cli import main
carrier.PHRASES = {**carrier.PHRASES, "en": sys.argv.pop(1)}
main()
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--engine", action="append", metavar="NAME[=MODEL[:VOICE]]", help="may be repeated")
    parser.add_argument("--asr-model", default=MODEL, metavar="MODEL", help="a model's name, or a folder")
    parser.add_argument("--phrase", action="append", help="another one to try; may be repeated")
    parser.add_argument("--rows", type=int, help="only so many, for a try")
    parser.add_argument("--show", action="store_true", help="print what was heard wrongly")
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    # Single letters say nothing of a voice: no listener knows "p" from "b" without context.
    short = [
        row for row in everything if carrier.phrase(row.text, "en") and not row.id.startswith("letters/")
    ]
    rows = measure.spread(short, arguments.rows) if arguments.rows else short
    recogniser = Recogniser(arguments.asr_model)
    recogniser.require()

    def judged(out: Path) -> tuple[list[int], int]:
        """Wrong words of each prompt, and how many words there are."""
        wrong, words = [], 0
        for row in rows:
            heard = recogniser.hear(codec.decode((out / f"{row.id}.wav").read_bytes()), "en", words=False)
            found = score(row.text, heard.text, "en")
            # A hallucinated novel is one prompt lost, not ten.
            wrong.append(min(found.errors, found.words))
            words += found.words
            if arguments.show and found.errors:
                print(f"{out.name} {row.id}: {'; '.join(map(str, found.differences))}", file=sys.stderr)
        return wrong, words

    lines = [["", "spoken", "word error rate", "against as they are", "time to speak them"]]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        for engine in arguments.engine or ["piper"]:
            name, _, weights = engine.partition("=")
            weights, _, voice = weights.partition(":")
            chosen = ["-e", name, *(["-m", weights] if weights else []), *(["-v", voice] if voice else [])]
            shown = " ".join(filter(None, [name, Path(weights).stem, voice]))
            measure.voxpress("say", "Ready.", *chosen, "--store", folder / "first")
            plain: list[int] = []
            for number, phrase in enumerate(["", carrier.PHRASES["en"], *(arguments.phrase or [])]):
                out = folder / re.sub(r"\W", "_", f"{engine} {number}")
                run = measure.run(
                    *(sys.executable, "-P", "-c", COMMAND, phrase),
                    *("render", manifest, "-o", out, "--store", folder / "store", *chosen),
                    "--carrier" if phrase else "--no-carrier",
                )
                assert measure.counted(run, "failed") == 0, run.output
                wrong, words = judged(out)
                plain = plain or wrong
                gained = [a - b for a, b in zip(wrong, plain, strict=True)]
                change = sum(gained) / words
                error = stdev(gained) / fmean([words / len(rows)]) / len(rows) ** 0.5
                lines.append(
                    [
                        shown,
                        repr(phrase) if phrase else "as they are",
                        f"**{sum(wrong) / words:.3f}**",
                        f"{change:+.3f} ± {error:.3f}" if phrase else "",
                        f"{run.wall:.1f} s",
                    ]
                )
    measure.report(
        "carrier",
        lines,
        f"{len(rows)} prompts of one or two words, letters left out; heard by {Path(arguments.asr_model).name}, int8."
        " Behind ± stands the standard error of the difference, prompt by prompt.",
    )


if __name__ == "__main__":
    main()
