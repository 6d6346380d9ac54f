"""Texts that go on: how do they end, spoken as they are and as parts of a sentence?

    python benchmarks/continuation.py [core-sounds-en.txt] [--engine piper --engine kokoro=MODEL:VOICE] [--rows N]

It needs voxpress[listen], and the weights of the recogniser: voxpress models pull whisper-base. The prompts are
those of the list with an ellipsis at an end.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from statistics import fmean, median

import measure
import numpy as np

from voxpress.audio import codec, waveform
from voxpress.audio.waveform import Audio
from voxpress.quality.asr import MODEL, Recogniser
from voxpress.text import carrier
from voxpress.text.wer import score

STEP = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--engine", action="append", metavar="NAME[=MODEL[:VOICE]]", help="may be repeated")
    parser.add_argument("--asr-model", default=MODEL, metavar="MODEL", help="a model's name, or a folder")
    parser.add_argument("--rows", type=int, help="only so many, for a try")
    arguments = parser.parse_args()
    everything, _ = measure.prompts(arguments.prompts)
    rows = [row for row in everything if carrier.goes_on(row.text) or carrier.begins_within(row.text)]
    rows = measure.spread(rows, arguments.rows) if arguments.rows else rows
    recogniser = Recogniser(arguments.asr_model)
    recogniser.require()
    lines = [["", "spoken", "words heard wrongly", "end of pitch", "slope", "level", "seconds", "click"]]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        for engine in arguments.engine or ["piper"]:
            name, _, weights = engine.partition("=")
            weights, _, voice = weights.partition(":")
            chosen = ["-e", name, *(["-m", weights] if weights else []), *(["-v", voice] if voice else [])]
            shown = " ".join(filter(None, [name, Path(weights).stem, voice]))
            for option in ("--no-continuation", "--continuation"):
                out = folder / re.sub(r"\W", "_", f"{engine} {option}")
                run = measure.voxpress(
                    *("render", manifest, "-o", out, "--store", folder / "store", *chosen),
                    *("--preset", "twilio", option),
                )
                assert measure.counted(run, "failed") == 0, run.output
                wrong = words = 0
                ends, slopes, levels, lengths, clicks = [], [], [], [], []
                for row in rows:
                    audio = codec.decode((out / f"{row.id}.wav").read_bytes())
                    found = score(row.text, recogniser.hear(audio, "en", words=False).text, "en")
                    wrong, words = wrong + min(found.errors, found.words), words + found.words
                    levels.append(waveform.active_level(audio))
                    lengths.append(audio.duration)
                    clicks.append(_largest_step(audio))
                    if carrier.goes_on(row.text) and (ending := _measure_ending(audio)):
                        ends.append(ending[0])
                        slopes.append(ending[1])
                lines.append(
                    [
                        shown,
                        "as parts of a sentence" if option == "--continuation" else "as they are",
                        f"**{wrong / words:.3f}**",
                        f"{fmean(ends):+.1f} semitones",
                        f"{median(slopes):+.0f} semitones/s",
                        f"{min(levels):.1f} to {max(levels):.1f} dBFS",
                        f"{fmean(lengths):.2f} s",
                        f"{max(clicks):.0f} dBFS",
                    ]
                )
    measure.report(
        "continuation",
        lines,
        f"{len(rows)} prompts with an ellipsis at an end, preset twilio; heard by {Path(arguments.asr_model).name},"
        " int8."
        " The pitch of the last 80 ms against the median of the prompt, and its slope in the last 300 ms, of"
        f" {len(ends)} prompts that go on. Click: the largest step in the first and last 5 ms of sound.",
    )


def _largest_step(audio: Audio) -> float:
    """Where the sound begins and where it ends, in dBFS."""
    samples = waveform.trim(audio, keep=0.02).samples
    edge = round(0.005 * audio.sample_rate)
    steps = np.abs(np.diff(np.concatenate([[0], samples[:edge], [0], samples[-edge:], [0]])))
    return float(20 * np.log10(max(1e-5, steps.max())))


def _measure_ending(audio: Audio) -> tuple[float, float] | None:
    """Pitch of the last 80 ms against the median, in semitones, and slope in the last 300 ms; None: no voice."""
    pitch = 12 * np.log2(_track_pitch(audio))
    (voiced,) = np.nonzero(np.isfinite(pitch))
    if len(voiced) < 20:
        return None
    middle = np.median(pitch[voiced])
    voiced = voiced[np.abs(pitch[voiced] - middle) < 8]  # an octave off is a mistake
    last = voiced[voiced > voiced[-1] - 0.3 / STEP]
    if len(last) < 7:
        return None
    slope = np.polyfit(last * STEP, pitch[last], 1)[0]
    return float(pitch[voiced[-8:]].mean() - middle), float(slope)


def _track_pitch(audio: Audio, lowest: float = 60, highest: float = 400) -> np.ndarray:
    """Hertz every 10 ms, by YIN; NaN without voice."""
    rate, samples = audio.sample_rate, audio.samples.astype(float)
    window, first, last = round(0.04 * rate), round(rate / highest), round(rate / lowest)
    samples = np.pad(samples, (window // 2, window // 2 + last))
    floor = 0.1 * np.sqrt(np.mean(samples**2))
    found = []
    for start in range(0, len(samples) - window - last, round(STEP * rate)):
        piece, longer = samples[start : start + window], samples[start : start + window + last]
        energies = np.concatenate([[0], np.cumsum(longer**2)])
        energies = energies[window:] - energies[:-window]
        difference = np.maximum(energies[0] + energies - 2 * np.correlate(longer, piece, "valid"), 0)
        share = difference * np.arange(len(difference)) / np.maximum(np.cumsum(difference), 1e-12)
        (low,) = np.nonzero(share[first:last] < 0.2)
        if np.sqrt(np.mean(piece**2)) < floor or not len(low):
            found.append(np.nan)
            continue
        lag = first + low[0]
        while lag + 1 < last and share[lag + 1] < share[lag]:
            lag += 1
        before, here, behind = share[lag - 1 : lag + 2]
        bend = before - 2 * here + behind
        found.append(rate / (lag + (0.5 * (before - behind) / bend if bend else 0)))
    return np.array(found)


if __name__ == "__main__":
    main()
