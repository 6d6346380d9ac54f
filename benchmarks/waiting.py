"""How long does a caller wait: among eight, beside a long text, and for the first byte?

    python benchmarks/waiting.py [core-sounds-en.txt] [--rounds 3]

Eight clients ask for two hundred prompts that nobody has asked for before. Then one asks for short prompts while
another has a book spoken. Then a text of twenty sentences is asked for, and the first bytes of its audio are waited for
as well as the last.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import threading
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from statistics import median

import measure
from server import free_port, process, voxpress

CLIENTS, PROMPTS, SHORT = 8, 200, 15
SENTENCE = "This is sentence number {} of a long book that somebody wants to hear while others only ask for a prompt."
FORMATS = ("wav", "mp3", "opus", "pcm")


def ask(port: int, text: str, format: str = "wav") -> tuple[float, float]:
    """Seconds to the first kilobyte of audio, and to the last."""
    body = {"model": "tts-1", "voice": "nova", "input": text, "response_format": format}
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/audio/speech",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    began = time.perf_counter()
    with urllib.request.urlopen(asked) as answer:
        answer.read(1024)
        first = time.perf_counter() - began
        answer.read()
    return first, time.perf_counter() - began


def crowd(port: int, texts: list[str]) -> tuple[float, list[float]]:
    """Seconds for all prompts, and for each."""
    left, times = iter(texts), []
    lock = threading.Lock()

    def client() -> None:
        while True:
            with lock:
                text = next(left, None)
            if text is None:
                return
            times.append(ask(port, text)[1])

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return time.perf_counter() - began, times


def beside_a_book(port: int) -> list[float]:
    """Seconds for short prompts while 100,000 characters are spoken for somebody else."""
    book = " ".join(SENTENCE.format(n) for n in range(1000))[:99_000]

    def read() -> None:
        with contextlib.suppress(OSError, HTTPException):  # the server is ended in the middle of it
            ask(port, book, "mp3")

    threading.Thread(target=read, daemon=True).start()
    time.sleep(5)
    return [ask(port, f"Please hold, caller {n}.")[1] for n in range(SHORT)]


def within(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rows, _ = measure.prompts(arguments.prompts)
    texts = [row.text for row in measure.spread([row for row in rows if len(row.text) > 3], PROMPTS)]
    walls, crowds, besides = [], [], []
    firsts: dict[str, list[tuple[float, float]]] = {form: [] for form in FORMATS}
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        for number in range(arguments.rounds):
            folder, port = Path(place, str(number)), free_port()
            folder.mkdir()
            with process(*voxpress(folder, port, "--preload", "tts-1"), port=port, ready="/readyz"):
                wall, times = crowd(port, texts)
                walls.append(wall)
                crowds.append(times)
                for form in FORMATS:
                    page = " ".join(SENTENCE.format(f"{number} {form} {n}") for n in range(20))
                    firsts[form].append(ask(port, page, form))
                besides.append(beside_a_book(port))
    ratios = [within(times, 0.95) / median(times) for times in crowds]
    half, most = (median(within(times, share) for times in crowds) for share in (0.5, 0.95))
    lines: list[list[object]] = [
        ["", "median", "95 of 100 within", "ratio"],
        [
            f"{CLIENTS} clients, {PROMPTS} prompts, all in {median(walls):.1f} s",
            f"{half:.2f} s",
            f"{most:.2f} s",
            f"**{median(ratios):.2f}**",
        ],
        [
            "a short prompt beside a book",
            f"{median(median(times) for times in besides):.2f} s",
            f"{median(within(times, 0.95) for times in besides):.2f} s",
            "",
        ],
        ["**twenty sentences, nobody else there**", "**first kilobyte**", "**all of it**", "**ratio**"],
    ]
    for form, timed in firsts.items():
        first, last = median(first for first, _ in timed), median(last for _, last in timed)
        lines.append([form, f"{first:.2f} s", f"{last:.2f} s", f"{last / first:.1f}"])
    lengths = sorted(map(len, texts))
    measure.report(
        "waiting",
        lines,
        f"Piper; medians of {arguments.rounds} rounds with empty stores. Half of the prompts have {median(lengths):.0f}"
        f" characters or fewer, 95 of 100 have {lengths[int(len(lengths) * 0.95)]} or fewer, the longest has"
        f" {lengths[-1]}; the book has 99,000.",
    )


if __name__ == "__main__":
    main()
