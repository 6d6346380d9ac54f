"""How long does Home Assistant wait for the first audio, and how long do twenty clients wait?

    python benchmarks/wyoming.py [--peer PYTHON] [--rounds 10]

Piper's joe voice behind the Wyoming protocol, from voxpress and from wyoming-piper; `--peer` names an interpreter that
has it. One client asks for a sentence that was asked for before, for a new one, for five new ones, and for five whose
words come one by one. Then twenty clients ask at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import measure
from server import free_port, process, voxpress
from wyoming.audio import AudioChunk, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped

CLIENTS = 20
SENTENCE = "Somebody has left the door of garage number {} open."
_numbers = itertools.count(1)


def make_text(sentences: int = 1) -> str:
    """Sentences that nobody has asked for before."""
    return " ".join(SENTENCE.format(next(_numbers)) for _ in range(sentences))


async def ask(port: int, text: str, *, by_words: bool = False) -> tuple[float, float]:
    """Seconds to the first audio and to the last.

    Args:
        by_words: send the words one by one, as a language model writes them: 50 in a second.
    """
    async with AsyncClient.from_uri(f"tcp://127.0.0.1:{port}") as client:
        began, first = time.perf_counter(), 0.0
        end = SynthesizeStopped if by_words else AudioStop

        async def send() -> None:
            if not by_words:
                await client.write_event(Synthesize(text).event())
                return
            await client.write_event(SynthesizeStart().event())
            for word in text.split():
                await client.write_event(SynthesizeChunk(f"{word} ").event())
                await asyncio.sleep(0.02)
            await client.write_event(Synthesize(text).event())
            await client.write_event(SynthesizeStop().event())

        sending = asyncio.ensure_future(send())
        while (event := await client.read_event()) is not None and not end.is_type(event.type):
            if Error.is_type(event.type):
                sys.exit(f"{event.data}")
            if AudioChunk.is_type(event.type) and not first:
                first = time.perf_counter() - began
        await sending
        return first, time.perf_counter() - began


async def crowd(port: int, texts: list[str]) -> tuple[float, float]:
    """Seconds to the first audio, of all clients: the median and the longest."""
    waited = [first for first, _ in await asyncio.gather(*(ask(port, text) for text in texts))]
    return median(waited), max(waited)


async def measure_server(port: int, rounds: int) -> dict[str, tuple[float, float]]:
    """What each situation takes, as two medians of `rounds`."""
    known = make_text()
    await ask(port, known)
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name, text, by_words in (
            ("a sentence asked for before", known, False),
            ("a new sentence", make_text(), False),
            ("five new sentences", make_text(5), False),
            ("five new sentences, word by word", make_text(5), True),
        ):
            found.setdefault(name, []).append(await ask(port, text, by_words=by_words))
    for _ in range(max(1, rounds // 5)):
        texts = [known] * CLIENTS
        found.setdefault(f"{CLIENTS} clients, asked for before", []).append(await crowd(port, texts))
        texts = [make_text() for _ in range(CLIENTS)]
        found.setdefault(f"{CLIENTS} clients, new sentences", []).append(await crowd(port, texts))
    return {
        name: (median(first for first, _ in times), median(last for _, last in times))
        for name, times in found.items()
    }


@contextlib.contextmanager
def peer(python: str, folder: Path, port: int) -> Iterator[None]:
    """wyoming-piper with the joe voice."""
    voice = measure.joe()
    for file in voice.parent.glob(f"{voice.name}*"):
        shutil.copy(file, folder)
    command = [python, "-m", "wyoming_piper", "--uri", f"tcp://127.0.0.1:{port}", "--voice", voice.stem]
    with subprocess.Popen(
        [*command, "--data-dir", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            for _ in range(600):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield
        finally:
            server.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        http, ours, theirs = free_port(), free_port(), free_port()
        options = ("--preload", "piper", "--wyoming", f"tcp://127.0.0.1:{ours}")
        with process(*voxpress(folder, http, *options), port=http, ready="/readyz"):
            mine = asyncio.run(measure_server(ours, arguments.rounds))
        with peer(arguments.peer, folder, theirs):
            other = asyncio.run(measure_server(theirs, arguments.rounds))
    lines: list[list[object]] = [
        ["", "voxpress: first", "last", "wyoming-piper: first", "last", "ratio of first"]
    ]
    for name, (first, last) in mine.items():
        other_first, other_last = other[name]
        times = [f"{1e3 * seconds:,.1f} ms" for seconds in (first, last, other_first, other_last)]
        lines.append([name, *times, f"**{other_first / first:,.1f}**"])
    measure.report(
        "wyoming",
        lines,
        f"Piper's joe voice; medians of {arguments.rounds} rounds, with {CLIENTS} clients of"
        f" {max(1, arguments.rounds // 5)}; there `last` is the client that waited longest for its first audio. The"
        " words that come one by one take a second. Above 1 is in favour of voxpress.",
    )


if __name__ == "__main__":
    main()
