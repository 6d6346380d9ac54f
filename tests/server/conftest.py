"""A real server process for each test that wants one, and the official client for it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .postgres import Postgres

openai = pytest.importorskip("openai")
pytest.importorskip("litestar")

STARTING = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that starts a server of its own takes a second or more: by default only those run that share one."""
    for item in items:
        if "serve" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A server, where it keeps its things, and how to talk to it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    key: str = "none"
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "log.txt"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def client(self, **options: Any) -> Any:
        """The official client; it does not try again unless asked to."""
        return openai.OpenAI(
            base_url=f"{self.url}/v1", api_key=self.key, **{"max_retries": 0, "timeout": 60, **options}
        )

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Any request; a body that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": "application/json", "authorization": f"Bearer {self.key}", **(headers or {})}
        request = urllib.request.Request(self.url + path, data, given, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def say(self, text: str, **fields: Any) -> Answer:
        """A request for speech by the engine tone."""
        return self.ask(
            "POST", "/v1/audio/speech", {"model": "tone", "voice": "low", "input": text, **fields}
        )

    def meter(self, name: str, **labels: str) -> float:
        """What /metrics says, summed over the labels that are not named."""
        total = 0.0
        for line in self.ask("GET", "/metrics").body.decode().splitlines():
            if line.startswith((f"{name}{{", f"{name} ")) and all(
                f'{label}="{value}"' in line for label, value in labels.items()
            ):
                total += float(line.rpartition(" ")[2])
        return total

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(60)


def memory(here: Running) -> int:
    """Bytes that the server holds, without its workers."""
    status = Path(f"/proc/{here.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


Start = Callable[..., Running]


@contextmanager
def servers(folder: Path) -> Iterator[Start]:
    """Starts `voxpress serve` with a ``[server]`` table of these fields; again in the same folder, it goes on.

    Its state and its store lie in that folder, unless others are named.
    """
    started: list[Running] = []

    def start(
        *,
        key: str = "none",
        engines: tuple[str, ...] = ("tone",),
        extra: str = "",
        state: str | None = None,
        store: str | None = None,
        **fields: Any,
    ) -> Running:
        config = folder / "voxpress.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
        config.write_text("\n".join(["[server]", *lines, extra]))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            *(sys.executable, "-P", "-m", "voxpress", "serve", "--config", str(config), "--port", str(port)),
            *("--state", state or str(folder / "state"), "--store", store or str(folder / "store")),
            *(part for name in engines for part in ("-e", name)),
        ]
        with (folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        running = Running(folder, port, process, key)
        started.append(running)
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            assert process.poll() is None, running.log.read_text()
            try:
                if running.ask("GET", "/readyz").status == 200:
                    return running
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(running.log.read_text())

    yield start
    for running in started:
        # A process that is killed does not say which lines it ran.
        if "COVERAGE_PROCESS_CONFIG" in os.environ:
            running.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(20)
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Start]:
    """See `servers`."""
    with servers(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """One for all tests of a module; most want a database of their own in it."""
    from .postgres import Postgres  # skips where psycopg is missing

    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """See `servers`; for all tests of a module."""
    with servers(tmp_path_factory.mktemp("server")) as start:
        yield start


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests of a module that leave no trace."""
    with servers(tmp_path_factory.mktemp("server")) as start:
        yield start()
