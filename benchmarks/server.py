"""The server: what a burst costs, and how fast it is cold. For hits: hits.py.

    python benchmarks/server.py [core-sounds-en.txt] [--peer PYTHON]

Cold, 16 connections ask for a hundred prompts, against `voxpress render` and
`python -m piper.http_server`, which needs flask; `--peer` names an interpreter that has it, if this one has not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import measure
import uvloop

TEXT = "Welcome to Team-Connect. Please hold while I find an agent for you now."
PROMPTS, CONNECTIONS, BURST = 100, 16, 1000


# Clients


class Connection(asyncio.Protocol):
    """Sends one request again and again; all answers have the length of the first."""

    def __init__(self, request: bytes, until: float, times: list[float], count: int | None = None) -> None:
        self._request, self._until, self._times, self._left = request, until, times, count
        self._length = self._got = 0
        self._head = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def begin(self) -> None:
        self._send()

    def _send(self) -> None:
        self._began, self._got = time.perf_counter(), 0
        self._transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._got += len(data)
        if not self._length:
            self._head += data
            if b"\r\n\r\n" not in self._head:
                return
            head = self._head.partition(b"\r\n\r\n")[0]
            self.status = head[9:12]
            size = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            self._length = len(head) + 4 + (int(size[0].split(b":")[1]) if size else 0)
        if self._got < self._length:
            return
        now = time.perf_counter()
        self._times.append(now - self._began)
        if self._left is not None:
            self._left -= 1
        if now < self._until and self._left != 0:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def request(port: int, method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n{headers}"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def load(
    port: int, asked: Sequence[bytes], seconds: float, count: int | None = None
) -> tuple[float, list[float], list[bytes]]:
    """Requests per second, seconds of each, and the status of each connection's first answer."""
    times: list[float] = []
    events = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    made = [
        await events.create_connection(lambda r=each: Connection(r, until, times, count), "127.0.0.1", port)  # type: ignore[misc]
        for each in asked
    ]
    began = time.perf_counter()
    for _, protocol in made:
        protocol.begin()
    await asyncio.gather(*(protocol.done for _, protocol in made))
    return len(times) / (time.perf_counter() - began), times, [protocol.status for _, protocol in made]


def run_load(*arguments: object, core: int | None = None) -> tuple[float, list[float], list[bytes]]:
    everything = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        return uvloop.run(load(*arguments))  # type: ignore[arg-type]
    finally:
        os.sched_setaffinity(0, everything)


async def in_turn(port: int, path: str, bodies: Sequence[bytes]) -> float:
    """Seconds until so many connections have had all bodies answered."""
    left = list(bodies)

    async def one() -> None:
        while left:
            body = left.pop(0)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request(port, "POST", path, body, "connection: close\r\n"))
            answer = await reader.read()
            assert answer[9:12] == b"200", answer[:400]
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return time.perf_counter() - began


# Servers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(
    *command: str | Path, port: int, core: int | None = None, ready: str = "/"
) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            if core is not None:
                os.sched_setaffinity(server.pid, {core})
            for _ in range(1200):
                with contextlib.suppress(OSError):
                    try:
                        urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}").close()
                        break
                    except urllib.error.HTTPError as error:
                        if error.code < 500:
                            break
                time.sleep(0.05)
            yield server
        finally:
            server.terminate()


def voxpress(folder: Path, port: int, *options: str) -> tuple[str | Path, ...]:
    state, store = str(folder / "state"), str(folder / f"store-{port}")
    return (
        *(sys.executable, "-P", "-m", "voxpress", "serve", "--port", str(port), "--state", state),
        *("--store", store, "-e", "piper", "-e", "tone", *options),
    )


def spoken(port: int) -> float:
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return sum(
        float(line.split()[-1])
        for line in page.splitlines()
        if line.startswith("voxpress_segments_spoken_total")
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prompts", type=Path, nargs="?", help="by default Debian's, fetched with apt-get")
    parser.add_argument("--peer", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voxpress-benchmark-") as place:
        folder = Path(place)
        port = free_port()
        with process(*voxpress(folder, port, "--preload", "tts-1"), port=port, ready="/readyz"):
            sentence = "Everyone wants to hear this sentence at once."
            once = json.dumps({"model": "tts-1", "voice": "nova", "input": sentence}).encode()
            _, times, statuses = run_load(
                port, [request(port, "POST", "/v1/audio/speech", once)] * BURST, 60.0, 1
            )
            assert set(statuses) == {b"200"}
            assert spoken(port) == 1, spoken(port)
            burst = max(times)

        rows, _ = measure.prompts(arguments.prompts)
        # The peer speaks a word or two as they are, voxpress in a sentence: that would not be the same work.
        rows = measure.spread([row for row in rows if len(row.text.split()) > 2], PROMPTS)
        texts = [row.text for row in rows]
        manifest = measure.write_manifest(folder / "prompts.csv", rows)
        cold, rendered, peers = [], [], []
        for number in range(arguments.rounds):
            port = free_port()
            with process(*voxpress(folder, port, "--preload", "tts-1"), port=port, ready="/readyz"):
                asked = [
                    json.dumps(
                        {"model": "tts-1", "voice": "nova", "input": text, "response_format": "wav"}
                    ).encode()
                    for text in texts
                ]
                cold.append(uvloop.run(in_turn(port, "/v1/audio/speech", asked)))
            out = folder / f"out{number}"
            rendered.append(
                measure.voxpress(
                    "render", manifest, "-e", "piper", "-o", out, "--store", folder / f"render{number}"
                ).wall
            )
            port = free_port()
            command = (arguments.peer, "-m", "piper.http_server", "-m", measure.joe(), "--port", str(port))
            with process(*command, port=port):
                asked = [json.dumps({"text": text}).encode() for text in texts]
                peers.append(uvloop.run(in_turn(port, "/synthesize", asked)))
    against_render = median(theirs / ours for ours, theirs in zip(cold, rendered, strict=True))
    against_peer = median(theirs / ours for ours, theirs in zip(cold, peers, strict=True))
    lines = [
        ["", "", "against", "ratio"],
        [
            f"{BURST:,} identical misses at once",
            f"all answered in {burst:.2f} s",
            "1 synthesis, no error",
            "",
        ],
        [
            f"{PROMPTS} prompts, {CONNECTIONS} connections, cold",
            f"{median(cold):.1f} s",
            f"`voxpress render` {median(rendered):.1f} s",
            f"**{against_render:.2f}**",
        ],
        ["", "", f"`python -m piper.http_server` {median(peers):.1f} s", f"**{against_peer:.2f}**"],
    ]
    measure.report(
        "server",
        lines,
        f"Ratios are medians of {arguments.rounds} pairs; above 1 is"
        " in favour of the server. Prompts have three words or more. Times of `voxpress render` include its start,"
        " those of the servers do not.",
    )


if __name__ == "__main__":
    main()
