"""How many look-ups a second does an object store answer, near and far, and what is a store of a million objects like?

    python benchmarks/objects.py

Names are looked up in SeaweedFS on this machine: at once, and through a proxy that holds every byte back, as if the
store were far. Then a store of a million objects is counted, pruned and verified.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import measure
import msgspec

import voxpress.store as maintained
from voxpress.speech import Clip, Seconds
from voxpress.store import Store

if TYPE_CHECKING:
    from seaweed import SeaweedFS

T = TypeVar("T")


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


CARE = ("filled", "`store stats`", "`store verify`", "`store prune` of one half")


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


def fill(store: Store, count: int) -> None:
    """Write so many objects: takes, and half as many clips of two objects each."""
    takes, clips = count // 2, count // 4
    body = msgspec.msgpack.encode(((), b"fLaC" + bytes(400), ""))
    take = hashlib.sha256(body).digest() + body
    sound = b"RIFF" + bytes(400)
    digest = hashlib.sha256(sound).hexdigest()

    def put_take(number: int) -> None:
        key = f"{number * 7919:064x}"[::-1]
        store._objects.put(f"takes/{key[:2]}/{key}", take)

    def put_clip(number: int) -> None:
        key = f"{number * 7919:063x}c"[::-1]
        clip = Clip(key=key, format="wav", sample_rate=8000, duration=0.05, size=len(sound), sha256=digest)
        store.put_clip(clip, sound)

    with ThreadPoolExecutor(64) as pool:
        for put, some in ((put_take, takes), (put_clip, clips)):
            for start in range(0, some, 10_000):
                for _ in pool.map(put, range(start, min(start + 10_000, some))):
                    pass


def care(url: str, count: str) -> None:
    """Fill a store, count it, verify it and prune it to a half, and print the seconds of each."""
    store = Store(url)
    times = []

    def timed(function: Callable[[], T]) -> T:
        began = time.perf_counter()
        try:
            return function()
        finally:
            times.append(time.perf_counter() - began)
            print(f"{times[-1]:.1f} s", file=sys.stderr, flush=True)

    timed(lambda: fill(store, int(count)))
    usage = timed(store.stats)
    assert sum(each.count for each in usage.values()) == int(count) // 2 + int(count) // 4, usage
    broken = timed(lambda: list(store.verify()))
    assert not broken, broken[:3]
    grace, maintained.GRACE = maintained.GRACE, 0.0
    size = sum(each.size for each in usage.values())
    removed = timed(lambda: store.prune(max_bytes=size // 2))
    maintained.GRACE = grace
    assert removed.size >= size // 2, removed
    print(*times)


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
        case ["care", url, count]:
            care(url, count)
        case _:
            compare(arguments)


@contextmanager
def serve() -> Iterator[SeaweedFS]:
    """An object store on this machine."""
    sys.path.append(str(Path(__file__).parent.parent / "tests"))
    from seaweed import SeaweedFS

    with tempfile.TemporaryDirectory() as folder:
        server = SeaweedFS(Path(folder))
        os.environ.update(server.environment)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def measure_look_ups(server: SeaweedFS, names: int, latency: Seconds = 0.0) -> tuple[Seconds, Seconds]:
    """On the clock, and of the processor of who asks."""
    port = int(server.environment["AWS_ENDPOINT"].rpartition(":")[2])
    at = FarAway(port, latency).port if latency else port
    environment = server.environment | {"AWS_ENDPOINT": f"http://127.0.0.1:{at}"}
    part = (sys.executable, __file__, "--part", "look-up", "s3://voices/store", names)
    wall, spent = map(float, measure.run(*map(str, part), environment=environment).output.split())
    return wall, spent


def measure_cost(names: int = 20_000) -> Seconds:
    """Of the processor of who asks, to look up one name."""
    with serve() as server:
        return measure_look_ups(server, names)[1] / names


def compare(arguments: argparse.Namespace) -> None:
    """Measure everything, and report it."""
    lines = [["", "objects", "wall", "objects a second", "processor for each"]]
    with serve() as server:
        for latency in arguments.latencies:
            wall, spent = measure_look_ups(server, arguments.names, latency / 1e3)
            each = f"{spent / arguments.names * 1e6:.0f} µs"
            lines.append(_show(f"look-ups, {latency:g} ms away", arguments.names, wall, each))
        part = (sys.executable, __file__, "--part", "care", "s3://voices/large", arguments.objects)
        run = measure.run(*map(str, part), environment=server.environment)
        for name, seconds in zip(CARE, map(float, run.output.splitlines()[-1].split()), strict=True):
            lines.append(_show(name, arguments.objects, seconds))
    measure.report(
        "objects",
        lines,
        f"The process that cared for the large store had {run.memory / 1e6:.0f} MB at most.",
    )


def _show(name: str, count: int, wall: Seconds, each: str = "") -> list[str]:
    line = [name, f"{count:,}", f"{wall:.1f} s", f"**{count / wall:,.0f}**", each]
    print(line, flush=True)
    return line


if __name__ == "__main__":
    main()
