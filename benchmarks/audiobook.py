"""A chapter of a book: how fast does it become an M4B, against kokoro-onnx and ffmpeg in a script?

    python benchmarks/audiobook.py BOOK.epub MODEL.onnx VOICES/ [--chapter N] [--peer PYTHON]

Both sides are whole processes with the same weights and voice, and take turns. Then voxpress makes the chapter again,
and once more with one sentence changed. `--peer` names an interpreter that has kokoro-onnx, if this one has not.
ffmpeg encodes for the peer, because kokoro-onnx encodes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path
from statistics import median

import measure
import numpy as np

from voxpress import documents
from voxpress.documents import Block

SCRIPT = """
import json, subprocess, sys, wave
import numpy as np
from kokoro_onnx import Kokoro
paragraphs, model, voices, voice, out = json.load(open(sys.argv[1])), *sys.argv[2:]
kokoro = Kokoro(model, voices)
pieces = []
for text in paragraphs:
    samples, rate = kokoro.create(text, voice=voice, speed=1.0, lang="en-us")
    pieces += [samples, np.zeros(int(0.6 * rate), np.float32)]
with wave.open(f"{out}/chapter.wav", "wb") as file:
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(rate)
    file.writeframes((np.clip(np.concatenate(pieces), -1, 1) * 32767).astype("<i2").tobytes())
encode = ["ffmpeg", "-v", "error", "-y", "-i", f"{out}/chapter.wav", "-af", "loudnorm=I=-18.5", "-ar", "44100"]
subprocess.run([*encode, "-c:a", "aac", "-b:a", "64k", f"{out}/chapter.m4b"], check=True)
"""
HEADING = "# Chapter\n\n"


def write_book(path: Path, paragraphs: list[str]) -> Path:
    """The chapter as a Markdown file, which both sides can have in the same words."""
    path.write_text(HEADING + "\n\n".join(paragraphs) + "\n", encoding="utf-8")
    return path


def read_chapter(book: Path, number: int) -> list[str]:
    """The paragraphs of a chapter, without signs that Markdown would read."""
    chapters = [each for each in documents.read(book).chapters if each.role == "body"]
    blocks: list[Block] = [each for each in chapters[number - 1].load() if each.kind == "paragraph"]
    return [re.sub(r"[*_#<>\[\]`]", "", each.plain) for each in blocks]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("book", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("voices", type=Path, help="folder of .bin files, as npm's kokoro-js has them")
    parser.add_argument("--chapter", type=int, default=2, metavar="N")
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--voice", default="af_heart")
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    paragraphs = read_chapter(arguments.book, arguments.chapter)
    words = sum(len(each.split()) for each in paragraphs)
    changed = [*paragraphs[:-1], f"{paragraphs[-1]} That was the end of it."]
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        (folder / "model" / "voices").mkdir(parents=True)
        (folder / "model" / arguments.model.name).symlink_to(arguments.model.resolve())
        pack = arguments.voices / f"{arguments.voice}.bin"
        (folder / "model" / "voices" / pack.name).symlink_to(pack.resolve())
        with (
            zipfile.ZipFile(folder / "voices.npz", "w") as voices,
            voices.open(f"{pack.stem}.npy", "w") as file,
        ):
            np.save(file, np.fromfile(pack, "<f4").reshape(510, 1, 256))
        (folder / "paragraphs.json").write_text(json.dumps(["Chapter", *paragraphs]))
        (folder / "script.py").write_text(SCRIPT)
        weights = folder / "model" / arguments.model.name
        options = ("-e", "kokoro", "-m", weights, "-v", arguments.voice, "--store", folder / "store")
        book, out = folder / "book.md", folder / "book.m4b"
        measure.voxpress("say", *options, "-o", folder / "first.wav", "Ready for you.")

        ours, peers, again, edited = [], [], [], []
        for _ in range(arguments.pairs):
            for name in ("store", "peer"):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / "peer").mkdir()
            command = ("audiobook", write_book(book, paragraphs), "-o", out, *options)
            ours.append(measure.voxpress(*command))
            again.append(measure.voxpress(*command))
            write_book(book, changed)
            edited.append(measure.voxpress(*command))
            peers.append(
                measure.run(
                    *(arguments.peer, folder / "script.py", folder / "paragraphs.json", arguments.model),
                    *(folder / "voices.npz", arguments.voice, folder / "peer"),
                )
            )
        assert "0 of " in again[-1].output
        assert re.search(r"\b[12] of [\d,]+ segments spoken", edited[-1].output)

    def line(name: str, runs: list[measure.Run]) -> list[str]:
        wall = median(each.wall for each in runs)
        memory = max(each.memory for each in runs) / 2**20
        return [name, f"{wall:.1f} s", f"{words / wall * 60:,.0f}", f"{memory:,.0f} MB"]

    ratios = [b.wall / a.wall for a, b in zip(ours, peers, strict=True)]
    measure.report(
        "audiobook",
        [
            [f"a chapter of {words:,} words, {arguments.voice}", "wall", "words a minute", "largest process"],
            line("`voxpress audiobook`, empty store", ours),
            line("kokoro-onnx and ffmpeg in a script", peers),
            line("`voxpress audiobook` again", again),
            line("`voxpress audiobook`, one sentence more", edited),
            [f"times as fast, median of {len(ratios)} pairs", f"**{median(ratios):.2f}**", "", ""],
        ],
        f"Weights: {arguments.model.name}. Times of the pairs: {', '.join(f'{each:.2f}' for each in ratios)}.",
    )


if __name__ == "__main__":
    main()
