"""Speed: how long does a text last at a speed, against its time at 1.0, and is it still understood?

    python benchmarks/speed.py [--engine piper --engine kokoro=MODEL:VOICE] [--asr-model MODEL] [--speed 0.5 …]

A text at speed s should last 1/s of its time at 1.0, each one to 5 %. The texts are of one word, one sentence and
several; the durations are those of finished files, with their pauses. It needs voxpress[listen], and the weights of
the recogniser: voxpress models pull whisper-base.
"""

from __future__ import annotations

import argparse
from statistics import median

import measure

import voxpress
from voxpress.audio import codec
from voxpress.quality.asr import MODEL, Recogniser
from voxpress.store import Store
from voxpress.text.wer import score

SPEEDS = (0.25, 0.5, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
TEXTS = (
    "Yes.",
    "Press 4.",
    "Goodbye.",
    "Please hold.",
    "Thank you for calling us.",
    "You have seven new messages.",
    "The quick brown fox jumps over the lazy dog.",
    "Please hold the line, your call is important to us.",
    "To listen to your messages, press one. To change your greeting, press two. To hear this again, press star.",
    "The meeting on Thursday has been moved to the large room on the second floor, next to the kitchen.",
    "The invoice covers four hours of work, two nights in a hotel, and the train back on Friday evening.\n\nThank you.",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", action="append", metavar="NAME[=MODEL[:VOICE]]", help="may be repeated")
    parser.add_argument("--asr-model", default=MODEL, metavar="MODEL", help="a model's name, or a folder")
    parser.add_argument("--speed", action="append", type=float, metavar="S", help="may be repeated")
    arguments = parser.parse_args()
    recogniser = Recogniser(arguments.asr_model)
    recogniser.require()
    lines = [
        ["", "speed", "duration × speed, median", "worst text", "which", "word error rate"],
        *(
            measure_speed(engine, speed, recogniser)
            for engine in arguments.engine or ["piper"]
            for speed in arguments.speed or SPEEDS
        ),
    ]
    measure.report(
        "speed",
        lines,
        f"{len(TEXTS)} texts; duration × speed is in parts of the duration at 1.0.",
        f"Heard by {arguments.asr_model}, int8.",
    )


def measure_speed(engine: str, speed: float, recogniser: Recogniser) -> list[str]:
    """A line of the table."""
    ratios: dict[str, float] = {}
    errors = words = 0
    for text in TEXTS:
        clip = say(engine, text, speed)
        ratios[text] = clip.duration * speed / say(engine, text, 1.0).duration
        if engine != "tone":
            heard = recogniser.hear(codec.decode(clip.data), "en", words=False)
            found = score(text, heard.text, "en")
            errors, words = errors + min(found.errors, found.words), words + found.words
    rate = f"{errors / words:.3f}" if words else "–"
    worst = max(ratios, key=lambda text: abs(ratios[text] - 1))
    name = "–" if speed == 1.0 else worst if len(worst) <= 30 else f"{worst[:29].rstrip()}…"
    return [engine, f"{speed:g}", f"{median(ratios.values()):.3f}", f"{ratios[worst]:.3f}", name, rate]


def say(engine: str, text: str, speed: float, store: Store = Store("memory:")) -> voxpress.Clip:  # noqa: B008
    name, _, weights = engine.partition("=")
    model, _, voice = weights.partition(":")
    return voxpress.say(
        text, engine=name, model=model or None, voice=voice or None, speed=speed, store=store, workers=0
    )


if __name__ == "__main__":
    main()
