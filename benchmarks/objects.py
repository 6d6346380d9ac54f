"""How many look-ups a second does an object store answer, near and far, and what is a store of a million objects like?

    python benchmarks/objects.py

Names are looked up in SeaweedFS on this machine: at once, and through a proxy that holds every byte back, as if the
store were far. Then a store of a million objects is counted, pruned and verified.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import measure

from voxpress.speech import Seconds


class FarAway:
    """A proxy on the loopback that hands on everything after a while, in its own thread.

    Args:
        port: where it leads.
        latency: between a request and its answer, half of it each way.
    """

    def __init__(self, port: int, latency: Seconds) -> None:
        self._port, self._delay = port, latency / 2
        self._ready = threading.Event()
        self.port = 0
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._take, "127.0.0.1", 0, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            await asyncio.gather(self._hand_on(reader, back), self._hand_on(there, writer))
        except OSError:
            writer.close()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            loop.call_later(self._delay, writer.write, data)
        loop.call_later(self._delay, writer.close)


def look_up(url: str, names: int) -> None:
    """Look up names of which half are there, and print seconds on the clock and of this process's processor."""
    from voxpress.store.backends import RemoteObjects

    objects = RemoteObjects(url)
    objects.missing(["takes/aa/warm"])
    asked = [f"takes/{n % 256:02x}/{n}" for n in range(names)]
    for name in asked[:200:2]:
        objects.put(name, b"x")
    began, spent = time.perf_counter(), time.process_time()
    for start in range(0, names, 768):  # as a driver asks: three names for each of 256 rows
        objects.missing(asked[start : start + 768])
    print(time.perf_counter() - began, time.process_time() - spent)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=20_000)
    parser.add_argument("--latencies", type=float, nargs="+", default=(0.0, 20.0), help="ms")
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    match arguments.part:
        case ["look-up", url, names]:
            look_up(url, int(names))
        case _:
            compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    """Measure everything, and report it."""
    sys.path.append(str(Path(__file__).parent.parent / "tests"))
    from seaweed import SeaweedFS

    lines = [["", "look-ups", "wall", "look-ups a second", "processor for each"]]
    with tempfile.TemporaryDirectory() as folder:
        server = SeaweedFS(Path(folder))
        os.environ.update(server.environment)
        try:
            server.start()
            port = int(server.environment["AWS_ENDPOINT"].rpartition(":")[2])
            for latency in arguments.latencies:
                at = FarAway(port, latency / 1e3).port if latency else port
                environment = server.environment | {"AWS_ENDPOINT": f"http://127.0.0.1:{at}"}
                part = (sys.executable, __file__, "--part", "look-up", "s3://voices/store", arguments.names)
                run = measure.run(*map(str, part), environment=environment)
                wall, spent = map(float, run.output.split())
                lines.append(
                    [
                        f"{latency:g} ms away",
                        f"{arguments.names:,}",
                        f"{wall:.1f} s",
                        f"**{arguments.names / wall:,.0f}**",
                        f"{spent / arguments.names * 1e6:.0f} µs",
                    ]
                )
                print(lines[-1], flush=True)
        finally:
            server.stop()
    measure.report("objects", lines)


if __name__ == "__main__":
    main()
