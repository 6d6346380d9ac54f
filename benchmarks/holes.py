"""Does a voice pause after an abbreviation, as after a sentence?

    python benchmarks/holes.py [--seeds 3] [--plain]

Piper's joe speaks 34 abbreviations, each in a sentence of its language. For the languages that he does not speak, his
weights read the phonemes of espeak-ng for that language. Silence is 10 ms at 40 dB below the loudest ones; a hole is a
silence of more than 0.12 s between the first sound and the last.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import measure
import numpy as np

from voxpress import text
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine, find
from voxpress.speech import Seconds, Segment

LONGEST = 0.12
SENTENCES = {
    ("en", "en-us"): {
        "Dr.": "Please ask Dr. Patel about it.",
        "Mr.": "Please call Mr. Smith today.",
        "Mrs.": "Please call Mrs. Jones today.",
        "St.": "We live near St. Martin Street.",
        "No.": "Take bus No. 5 to town.",
        "Inc.": "He works at Apple Inc. in town.",
        "e.g.": "Bring fruit e.g. apples to me.",
        "i.e.": "Come late i.e. after five today.",
        "vs.": "It was red vs. blue again.",
        "approx.": "It takes approx. 5 hours now.",
        "Jan.": "We meet on Jan. 5 at noon.",
        "U.S.": "He joined the U.S. Army last year.",
    },
    ("de", "de"): {
        "3.": "Wir kommen am 3. Mai zu Ihnen.",
        "z. B.": "Nehmen Sie z. B. Birnen mit.",
        "usw.": "Birnen usw. gibt es hier.",
        "Nr.": "Nehmen Sie Bus Nr. 5 in die Stadt.",
        "bzw.": "Morgen bzw. Mittwoch geht es.",
        "Dr.": "Fragen Sie Dr. Müller danach.",
        "ca.": "Es dauert ca. 5 Minuten.",
        "d. h.": "Morgen d. h. Mittwoch geht es.",
        "St.": "Wir wohnen in St. Pauli am Hafen.",
    },
    ("es", "es"): {
        "Sr.": "Llame al Sr. Molina ahora.",
        "Sra.": "Llame a la Sra. Molina ahora.",
        "Ud.": "Creo que Ud. viene hoy mismo.",
        "Dr.": "Pregunte al Dr. Molina mañana.",
        "núm.": "Tome el bus núm. 5 al centro.",
        "EE. UU.": "Viaja a EE. UU. mañana mismo.",
        "Av.": "Vive en la Av. Molina número dos.",
    },
    ("fr", "fr"): {
        "M.": "Appelez M. Martin demain matin.",
        "Mme": "Appelez Mme Martin demain matin.",
        "MM.": "Appelez MM. Martin demain matin.",
        "Dr.": "Demandez au Dr. Martin demain.",
        "p. ex.": "Prenez p. ex. Lyon ou Nice.",
        "av.": "Il vit av. Molina depuis un an.",
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seeds", type=int, default=3, help="readings of each sentence; the longest hole counts"
    )
    parser.add_argument("--plain", action="store_true", help="without the front end, for the engine alone")
    arguments = parser.parse_args()
    lines = []
    for (language, espeak), sentences in SENTENCES.items():
        with tempfile.TemporaryDirectory() as folder:
            engine = find("piper")(str(make_voice(Path(folder), language, espeak)))
            holes = {
                short: max(
                    speak(engine, language, each, seed, arguments.plain) for seed in range(arguments.seeds)
                )
                for short, each in sentences.items()
            }
        found = [f"{short} {hole:.2f} s" for short, hole in holes.items() if hole > LONGEST]
        lines.append(
            [language, str(len(holes)), f"**{len(found)}**", f"{max(holes.values()):.2f} s", ", ".join(found)]
        )
    measure.report(
        "holes",
        [["", "abbreviations", f"with a hole over {LONGEST} s", "longest silence", "holes"], *lines],
        f"Piper's joe, {arguments.seeds} readings of each sentence, the longest silence of them.",
    )


def make_voice(folder: Path, language: str, espeak: str) -> Path:
    """Joe with the letters-to-sounds of a language."""
    onnx = measure.joe()
    config = json.loads(next(onnx.parent.glob("*.json")).read_bytes())
    (folder / f"{language}.onnx").symlink_to(onnx)
    config |= {"espeak": {"voice": espeak}, "language": {"code": language}}
    (folder / f"{language}.onnx.json").write_text(json.dumps(config))
    return folder / f"{language}.onnx"


def speak(engine: Engine, language: str, sentence: str, seed: int, plain: bool) -> Seconds:
    """The longest silence inside a sentence; infinite where the front end makes several segments of it."""
    if not plain:
        segments = text.read(sentence, language=language, max_chars=engine.max_chars).parts
        if len(segments) > 1 or not isinstance(segments[0], text.Say):
            return float("inf")
        sentence = segments[0].text
    (audio,) = engine.synthesize([Segment(text=sentence, voice=language, language=language, seed=seed)])
    assert isinstance(audio, Audio)
    return longest_silence(audio)


def longest_silence(audio: Audio) -> Seconds:
    """Between the first sound and the last."""
    width = audio.sample_rate // 100
    blocks = audio.samples[: len(audio.samples) // width * width].reshape(-1, width)
    levels = np.sqrt((blocks**2).mean(axis=1))
    sounding = np.flatnonzero(levels >= 0.01 * levels.max())
    return float(np.diff(sounding).max(initial=1) - 1) / 100


if __name__ == "__main__":
    main()
