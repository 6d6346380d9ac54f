"""Is it speech? What Whisper hears in a hundred rendered prompts, against what they say: word error rate.

    python benchmarks/speech.py [core-sounds-en.txt] [--engine piper --engine kokoro=MODEL:VOICE] [--asr-model MODEL]

It needs voxpress[listen], and the weights of the recogniser: voxpress models pull whisper-base. Numbers,
spelling variants and punctuation do not count.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import measure

from voxpress.audio import codec
from voxpress.quality.asr import MODEL, Recogniser
from voxpress.text.wer import score, words

COUNT = 100
LONG = 5
"""Words from which on a prompt counts as a sentence: shorter ones give a listener no context."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--engine", action="append", metavar="NAME[=MODEL[:VOICE]]", help="may be repeated")
    parser.add_argument("--asr-model", default=MODEL, metavar="MODEL", help="a model's name, or a folder")
    parser.add_argument(
        "--human", type=Path, help="folder of recordings of the same prompts, to compare with"
    )
    parser.add_argument("--rows", type=int, default=COUNT)
    parser.add_argument("--show", action="store_true", help="print what was heard wrongly")
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    # Single letters and symbols say nothing of a voice: no listener knows "p" from "b" without context.
    rows = measure.spread(
        [row for row in everything if not row.id.startswith(("letters/", "phonetic/"))], arguments.rows
    )
    recogniser = Recogniser(arguments.asr_model)
    recogniser.require()

    def judged(name: str, file: Callable[[str], Path]) -> list[str]:
        wrong, all_words = {True: 0, False: 0}, {True: 0, False: 0}
        for row in rows:
            heard = recogniser.hear(codec.decode(file(row.id).read_bytes()), "en", words=False)
            found = score(row.text, heard.text, "en")
            is_long = found.words >= LONG
            # A hallucinated novel is one prompt lost, not ten.
            wrong[is_long] += min(found.errors, found.words)
            all_words[is_long] += found.words
            if arguments.show and found.errors:
                print(f"{name} {row.id}: {'; '.join(map(str, found.differences))}", file=sys.stderr)
        rates = [f"{wrong[kind] / max(1, all_words[kind]):.3f}" for kind in (True, False)]
        overall = sum(wrong.values()) / sum(all_words.values())
        return [name, f"**{overall:.3f}**", *rates]

    sentences = sum(len(words(row.text, "en")) >= LONG for row in rows)
    lines = [
        [
            "",
            "word error rate",
            f"{sentences} sentences",
            f"{len(rows) - sentences} of fewer than {LONG} words",
        ]
    ]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        for engine in arguments.engine or ["piper"]:
            name, _, weights = engine.partition("=")
            weights, _, voice = weights.partition(":")
            chosen = [*(["-m", weights] if weights else []), *(["-v", voice] if voice else [])]
            out = folder / "out" / re.sub(r"\W", "_", engine)
            measure.voxpress("render", manifest, "-o", out, "--store", folder / "store", "-e", name, *chosen)
            shown = " ".join(filter(None, [name, Path(weights).stem, voice]))
            lines.append(judged(shown, lambda row, out=out: out / f"{row}.wav"))  # type: ignore[misc]
        if arguments.human:
            lines.append(judged("human, as recorded", lambda row: next(arguments.human.glob(f"{row}.*"))))
    measure.report(
        "speech",
        lines,
        f"{len(rows)} prompts evenly from the list, letters left out; heard by {Path(arguments.asr_model).name}, int8.",
    )


if __name__ == "__main__":
    main()
