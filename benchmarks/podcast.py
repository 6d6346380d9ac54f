"""A podcast episode: what does it cost, again, and after an edit? How loud is it?

    python benchmarks/podcast.py BOOK [--engine kokoro --voices af_heart,am_adam,bf_emma] [--minutes 30] [--keep DIR]

Paragraphs of a book become the turns of a script for three speakers, with a chapter every five minutes, a sting and a
bed of music. The episode is made three times: at first, again, and with one line changed. ffmpeg measures the loudness
and the true peak of what was made, and ffprobe reads its chapters.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

import measure
import numpy as np
import soundfile  # type: ignore[import-untyped]  # it has no type hints

from voxpress import documents

WORDS_PER_MINUTE = 165
HEAD = """---
title: An episode
show: The show
cast: {cast}
sounds:
  theme: {{file: theme.wav, gain: -8}}
  sting: sting.wav
---
"""


def write_music(folder: Path) -> None:
    """A bed of chords and a sting, both in stereo."""
    rate = 44_100
    time = np.arange(20 * rate) / rate
    chord = sum(np.sin(2 * np.pi * each * time + 3 * np.sin(0.3 * time)) for each in (110, 165, 220, 277))
    soundfile.write(folder / "theme.wav", np.stack([chord, np.roll(chord, 300)], axis=1) / 12, rate)
    bell = np.sin(2 * np.pi * 660 * time[: 2 * rate]) * np.exp(-2 * time[: 2 * rate])
    soundfile.write(folder / "sting.wav", np.stack([bell, bell], axis=1) / 3, rate)


def write_script(book: Path, path: Path, voices: list[str], minutes: float) -> int:
    """A script of a book's paragraphs; how many turns it has."""
    chapters = documents.read(book).chapters
    paragraphs = (
        re.sub(r"\s+", " ", block.plain).strip()
        for chapter in chapters
        if chapter.role == "body"
        for block in chapter.load()
        if block.kind == "paragraph"
    )
    names = ["Ann", "Bob", "Carla"]
    lines = [HEAD.format(cast=json.dumps(dict(zip(names, voices, strict=True))))]
    words, turns, chapter = 0, 0, -1
    for paragraph in paragraphs:
        if not 8 <= len(paragraph.split()) <= 120:
            continue
        if int(words / WORDS_PER_MINUTE / 5) > chapter:
            chapter += 1
            lines += [f"# Part {chapter + 1}", "[sting: sting]", "[bed: theme]", "[pause 2s]"]
        lines.append(f"**{names[turns % 3]}:** {paragraph.translate(str.maketrans('[]', '()'))}")
        turns += 1
        words += len(paragraph.split())
        if words > minutes * WORDS_PER_MINUTE:
            break
    path.write_text("\n\n".join(lines) + "\n")
    return turns


def measure_loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP), by ffmpeg."""
    command = [
        "ffmpeg",
        "-hide_banner",
        "-nostats",
        "-i",
        str(path),
        "-af",
        "ebur128=peak=true",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    summary = said[said.rindex("Summary:") :]
    loudness = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    assert loudness and peak
    return float(loudness[1]), float(peak[1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("book", type=Path)
    parser.add_argument("--engine", default="kokoro")
    parser.add_argument("--voices", default="af_heart,am_adam,bf_emma")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--format", default="mp3")
    parser.add_argument("--keep", type=Path, help="a folder for the results, and the store")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = arguments.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        write_music(folder)
        script = folder / "episode.md"
        voices = [f"{arguments.engine}:{each}" for each in arguments.voices.split(",")]
        turns = write_script(arguments.book, script, voices, arguments.minutes)
        command = (
            "podcast",
            script,
            "-o",
            folder / "out",
            "-f",
            arguments.format,
            "--store",
            folder / "store",
        )
        rows = [["run", "seconds", "spoken", "parts encoded", "largest process"]]
        for name in ("first", "again", "one line changed"):
            if name == "one line changed":
                text = script.read_text()
                at = text.index("**Bob:** ", len(text) // 2) + len("**Bob:** ")
                script.write_text(text[:at] + "And this is new. " + text[at:])
            done = measure.voxpress(*command)
            spoken = re.search(r"([\d,]+ of [\d,]+) segments? spoken", done.output)
            parts = re.search(r"(\d+ of \d+) parts? encoded", done.output)
            assert spoken and parts
            rows.append([name, f"{done.wall:.1f}", spoken[1], parts[1], f"{done.memory / 1e6:,.0f} MB"])
        made = folder / "out" / f"episode.{arguments.format}"
        probe = ["ffprobe", "-v", "error", "-show_chapters", "-show_format", "-of", "json", str(made)]
        found = json.loads(subprocess.run(probe, capture_output=True, check=True).stdout)
        loudness, peak = measure_loudness(made)
        measure.report(
            "podcast",
            rows,
            f"{turns} turns, {float(found['format']['duration']) / 60:.1f} min, {len(found['chapters'])} chapters,"
            f" {loudness:.1f} LUFS, {peak:.1f} dBTP. Engine: {arguments.engine}, {arguments.voices}.",
        )


if __name__ == "__main__":
    main()
