"""A server in a process of its own, and ways to ask it what no client would."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""Seconds after which an answer that has not come counts as a server that hangs."""
_STARTED = re.compile(r"http://127\.0\.0\.1:(\d+)/v1 for")


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def refused(self, *statuses: int) -> dict[str, Any]:
        """The error's envelope, which has to be whole, with one of these statuses."""
        assert self.status in statuses, (self.status, self.body[:300])
        assert self.headers["content-type"] == "application/json"
        assert set(self.json) == {"error"}
        facts = self.json["error"]
        assert set(facts) == {"message", "type", "param", "code"}
        assert facts["message"]
        assert facts["type"] in {"invalid_request_error", "rate_limit_error", "server_error"}
        assert isinstance(facts["param"], str | None)
        assert isinstance(facts["code"], str)
        return dict(facts)


@dataclass
class Running:
    """A server that runs.

    Attributes:
        folder: has the folders state, store and data, and the file log.
    """

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    _read: int = 0

    def connect(self, patience: float = PATIENCE) -> socket.socket:
        """A connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=patience)

    def raw(self, *pieces: bytes, method: str = "GET") -> Answer:
        """The answer to these bytes. That it closes while they are being sent is its right."""
        with self.connect() as connection:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    connection.sendall(piece)
            return answered(connection, method)

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a request. A body that is not bytes is sent as JSON; a target is sent as it is."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {"host": f"127.0.0.1:{self.port}", "connection": "close"}
        if body is not None:
            sent |= {"content-type": "application/json", "content-length": str(len(content))}
        sent |= headers or {}
        head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in sent.items()) + "\r\n"
        return self.raw(head.encode("latin-1"), content, method=method)

    def speak(self, text: str = "Hello.", **fields: Any) -> Answer:
        """The answer to a request for speech."""
        body = {"model": "tone", "voice": "low", "input": text, "response_format": "wav", **fields}
        return self.ask("POST", "/v1/audio/speech", body)

    def multipart(
        self,
        target: str,
        *parts: tuple[str, bytes],
        boundary: str = "edge",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a form: for each part its header lines, and its content."""
        body = b"".join(
            f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts
        )
        kind = {"content-type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
        return self.ask("POST", target, body + f"--{boundary}--\r\n".encode(), kind)

    def connections(self) -> int:
        """How many connections it has."""
        mine = f":{self.port:04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(mine) and row[3] == "01" for row in rows)

    def resident(self) -> int:
        """Bytes of memory that the server's process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    def log(self) -> str:
        """What it has written."""
        return (self.folder / "log").read_text()

    def lives(self) -> None:
        """It runs, speaks, and has logged no failure of its own."""
        assert self.process.poll() is None
        answer = self.speak()
        assert answer.status == 200, answer.body[:300]
        assert answer.body.startswith(b"RIFF")
        log = self.log()
        news, self._read = log[self._read :], len(log)
        assert "Traceback" not in news, news[-5000:]


def answered(connection: socket.socket, method: str = "GET") -> Answer:
    """The answer on a connection."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return Answer(response.status, response.headers, response.read())


@contextlib.contextmanager
def running(folder: Path, settings: str = "", engines: Sequence[str] = ("tone",)) -> Iterator[Running]:
    """A server with that table ``[server]``, until the block ends; its address is one that is free."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "voxpress.toml").write_text(f"[server]\n{settings}\n")
    log = folder / "log"
    command = [
        *(
            sys.executable,
            "-m",
            "voxpress",
            "serve",
            "--config",
            str(folder / "voxpress.toml"),
            "--port",
            "0",
        ),
        *("--state", str(folder / "state"), "--store", str(folder / "store"), "--workers", "1"),
        *(word for name in engines for word in ("-e", name)),
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VOXPRESS_")}
    environment["XDG_DATA_HOME"] = str(folder / "data")
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment)
    try:
        server = Running(process, _port(process, log), folder)
        _ready(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline:
        if found := _STARTED.search(log.read_text()):
            return int(found[1])
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def _ready(server: Running) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError):
            if server.ask("GET", "/readyz").status == 200:
                return
        time.sleep(0.05)
    raise AssertionError((server.folder / "log").read_text())
