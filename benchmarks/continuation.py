"""Texts that go on: how do they end, spoken as they are and as parts of a sentence?

    python benchmarks/continuation.py [--voice en:piper] [--voice es:kokoro:ef_dora] [--rows N] [--keep DIR]

It needs voxpress[listen], and the weights of the recogniser: voxpress models pull whisper-base. The prompts are those
of continuation.tsv. A voice is LANGUAGE:ENGINE[:VOICE[:MODEL]], and may be repeated.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import measure
import numpy as np

from voxpress.audio import codec, waveform
from voxpress.audio.waveform import Audio
from voxpress.quality.asr import MODEL, Recogniser
from voxpress.text import carrier
from voxpress.text.wer import score

VOICES = (
    "en:piper",
    "en:kokoro:af_heart",
    "en:kokoro:am_michael",
    "en:kokoro:bf_emma",
    "es:kokoro:ef_dora",
    "es:kokoro:em_alex",
    "fr:kokoro:ff_siwis",
    "hi:kokoro:hf_alpha",
    "hi:kokoro:hm_omega",
    "it:kokoro:if_sara",
    "it:kokoro:im_nicola",
    "pt:kokoro:pf_dora",
    "pt:kokoro:pm_alex",
)
STEP = 0.01
LAST = 0.3
"""Seconds in which the ending is measured."""
COLUMNS = (
    "words heard wrongly",
    "words of the carrier",
    "pitch",
    "slope",
    "last voiced sound",
    "level at the end",
    "length",
)


class Clip(NamedTuple):
    """A prompt as it was spoken. The last fields are measured at its end; None: too little voice."""

    wrong: int
    words: int
    foreign: bool
    level: float
    length: float
    pitch: float | None = None
    slope: float | None = None
    last_sound: float | None = None
    fading: float | None = None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voice", action="append", metavar="LANGUAGE:ENGINE[:VOICE[:MODEL]]")
    parser.add_argument("--asr-model", default=MODEL, metavar="MODEL", help="a model's name, or a folder")
    parser.add_argument("--rows", type=int, help="only so many of each language, for a try")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the files stay")
    arguments = parser.parse_args()
    recogniser = Recogniser(arguments.asr_model)
    recogniser.require()
    lines: list[Sequence[str]] = [["language", "voice", "spoken", *COLUMNS]]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = arguments.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        for named in arguments.voice or VOICES:
            language, engine, voice, model = (*named.split(":"), "", "")[:4]
            rows = _read_prompts(language)
            rows = measure.spread(rows, arguments.rows) if arguments.rows else rows
            manifest = measure.write_manifest(folder / f"{language}.csv", rows)
            clips = {}
            for option in ("--no-continuation", "--continuation"):
                out = folder / named.replace(":", "_") / option.strip("-")
                chosen = ["-e", engine, "-l", language]
                chosen += [*(["-v", voice] if voice else []), *(["-m", model] if model else [])]
                run = measure.voxpress(
                    *("render", manifest, "-o", out, "--store", folder / "store", *chosen),
                    *("--preset", "twilio", option),
                )
                assert measure.counted(run, "failed") == 0, run.output
                clips[option] = [
                    _measure(row.text, out / f"{row.id}.wav", language, recogniser) for row in rows
                ]
            plain, within = clips.values()
            start = [language, " ".join(filter(None, (engine, voice)))]
            lines.append([*start, "as they are", *_describe(plain)])
            lines.append([*start, "as parts of a sentence", *_describe(within)])
            lines.append([*start, "difference", *_compare(plain, within)])
            print(measure.table(lines[-3:]), flush=True)
    measure.report(
        "continuation",
        lines,
        "Prompts of continuation.tsv, in each language 20 that go on and 8 that begin within a sentence; preset"
        f" twilio; heard by {Path(arguments.asr_model).name}, int8. Words of the carrier: prompts in which such a word"
        " was heard first or last and is not theirs. Of the prompts that go on: median pitch of the last"
        f" {LAST * 1000:.0f} ms against the median of the prompt, its slope, the length of the last voiced sound,"
        " and the level of the last 300 ms against the whole. Difference: the median over prompts; in brackets,"
        " how many are higher, longer or louder.",
    )


def _read_prompts(language: str) -> list[measure.Prompt]:
    with Path(__file__).with_suffix(".tsv").open(encoding="utf-8", newline="") as file:
        texts = [text for of, text in csv.reader(file, delimiter="\t") if of == language]
    return [measure.Prompt(f"{language}-{number:02}", text) for number, text in enumerate(texts, 1)]


def _measure(text: str, file: Path, language: str, recogniser: Recogniser) -> Clip:
    audio = codec.decode(file.read_bytes())
    heard = recogniser.hear(audio, language, words=False).text
    found = score(text, heard, language)
    own, said = _words(text), _words(heard)
    before, behind = _words(carrier.PHRASES[language]), _words(carrier.FOLLOWERS[language])
    foreign = bool(said) and (
        (said[0] in before and said[0] != own[0]) or (said[-1] in behind and said[-1] != own[-1])
    )
    if found.errors:
        print(f"{file}: {text} → {heard}", flush=True)
    clip = Clip(
        min(found.errors, found.words), found.words, foreign, waveform.active_level(audio), audio.duration
    )
    ending = _measure_ending(audio) if carrier.goes_on(text) else None
    return clip._replace(**ending) if ending else clip


def _words(text: str) -> list[str]:
    words = ("".join(c for c in word if c.isalnum()) for word in text.casefold().split())
    return [word for word in words if word]


def _describe(clips: Sequence[Clip]) -> list[str]:
    return [
        f"{sum(clip.wrong for clip in clips)} of {sum(clip.words for clip in clips)}",
        f"{sum(clip.foreign for clip in clips)}",
        f"{median(_get(clips, 'pitch')):+.1f} semitones",
        f"{median(_get(clips, 'slope')):+.0f} semitones/s",
        f"{median(_get(clips, 'last_sound')) * 1000:.0f} ms",
        f"{median(_get(clips, 'fading')):+.1f} dB",
        f"{sum(clip.length for clip in clips) / len(clips):.2f} s",
    ]


def _compare(plain: Sequence[Clip], within: Sequence[Clip]) -> list[str]:
    both = [pair for pair in zip(plain, within, strict=True) if None not in (pair[0].pitch, pair[1].pitch)]

    def differ(field: str, show: str, factor: float = 1) -> str:
        found = [getattr(b, field) - getattr(a, field) for a, b in both]
        return f"{median(found) * factor:{show}} ({sum(each > 0 for each in found)} of {len(found)})"

    return [
        f"{sum(b.wrong for b in within) - sum(a.wrong for a in plain):+}",
        f"{sum(b.foreign for b in within) - sum(a.foreign for a in plain):+}",
        differ("pitch", "+.1f"),
        differ("slope", "+.0f"),
        differ("last_sound", "+.0f", 1000),
        differ("fading", "+.1f"),
        "",
    ]


def _get(clips: Sequence[Clip], field: str) -> list[float]:
    return [each for clip in clips if (each := getattr(clip, field)) is not None]


def _measure_ending(audio: Audio) -> dict[str, Any] | None:
    """The last fields of `Clip`; None: too little voice."""
    pitch = 12 * np.log2(_track_pitch(audio))
    (voiced,) = np.nonzero(np.isfinite(pitch))
    if len(voiced) < 20:
        return None
    middle = np.median(pitch[voiced])
    voiced = voiced[np.abs(pitch[voiced] - middle) < 8]  # an octave off is a mistake
    last = voiced[voiced > voiced[-1] - LAST / STEP]
    if len(last) < 7:
        return None
    gaps = np.nonzero(np.diff(voiced) > 2)[0]
    begun = voiced[gaps[-1] + 1] if len(gaps) else voiced[0]
    spoken = waveform.trim(audio, keep=0.0)
    end = spoken.samples[-round(LAST * spoken.sample_rate) :].astype(float)
    whole = spoken.samples.astype(float)
    return {
        "pitch": float(np.median(pitch[last]) - middle),
        "slope": _find_slope(last * STEP, pitch[last]),
        "last_sound": float((voiced[-1] - begun + 1) * STEP),
        "fading": float(10 * np.log10(np.mean(end**2) / np.mean(whole**2))),
    }


def _find_slope(times: np.ndarray, values: np.ndarray) -> float:
    """The median of the slopes of all pairs, which a few mistakes do not move."""
    first, second = np.triu_indices(len(times), 1)
    return float(np.median((values[second] - values[first]) / (times[second] - times[first])))


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
