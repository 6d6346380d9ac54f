"""An S3 server for tests: SeaweedFS on the loopback."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from voxpress.errors import StoreError
from voxpress.store.backends import RemoteObjects


def free_ports(number: int) -> list[int]:
    """Ports whose gRPC twin, 10000 above, is free too; all below those that systems give to clients."""
    free = []
    for port in random.sample(range(10_000, 22_000), 1000):
        with contextlib.suppress(OSError), socket.socket() as http, socket.socket() as grpc:
            http.bind(("127.0.0.1", port))
            grpc.bind(("127.0.0.1", port + 10_000))
            free.append(port)
        if len(free) == number:
            return free
    pytest.fail("no free ports between 10000 and 32000")


class SeaweedFS:
    """SeaweedFS on the loopback, with one bucket and one identity."""

    def __init__(self, folder: Path) -> None:
        names = ("master", "volume", "filer", "s3")
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.folder = folder
        identity = {
            "name": "voxpress",
            "credentials": [{"accessKey": "key", "secretKey": "secret"}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        (folder / "data").mkdir()
        weed = Path(sys.executable).with_name("weed")
        self.process = subprocess.Popen(
            [
                *(
                    weed,
                    "server",
                    "-s3",
                    f"-dir={folder}/data",
                    "-ip=127.0.0.1",
                    f"-s3.config={folder}/s3.json",
                ),
                *(f"-{name}.port={port}" for name, port in ports.items()),
                *("-volume.max=20", "-master.volumeSizeLimitMB=64"),
                # Catalogues with fixed ports, so that two servers can run at once.
                *("-s3.port.iceberg=0", "-s3.port.lance=0"),
            ],
            cwd=folder,
            stdout=(folder / "log").open("wb"),
            stderr=subprocess.STDOUT,
        )
        self.environment = {
            "AWS_ENDPOINT": f"http://127.0.0.1:{ports['s3']}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        self._bucket = f"http://127.0.0.1:{ports['filer']}/buckets/voices/"

    def start(self) -> None:
        """Wait until the bucket can be written."""
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(urllib.request.Request(self._bucket, method="POST"), timeout=5)
                RemoteObjects("s3://voices/probe").put("x", b"x")
            except (OSError, StoreError) as error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    log = (self.folder / "log").read_text(errors="replace")
                    pytest.fail(f"SeaweedFS does not answer ({error}); its log ends:\n{log[-2000:]}")
                time.sleep(0.5)
            else:
                return

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def run_seaweed(folder: Path) -> Iterator[SeaweedFS]:
    """A server of its own. The environment tells obstore where it is and who asks."""
    if not Path(sys.executable).with_name("weed").exists():
        pytest.fail("SeaweedFS is not installed: make .venv/.stamps/lanes")
    server = SeaweedFS(folder)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in server.environment.items():
            environment.setenv(name, value)
        try:
            server.start()
            yield server
        finally:
            server.stop()


class FaultyProxy:
    """What stands before an S3 server and is at times too busy, or gone.

    Attributes:
        busy: share of requests that are told to come later.
        refused: requests that were.
    """

    def __init__(self, endpoint: str) -> None:
        self._target = urlsplit(endpoint).netloc
        self.busy, self.refused, self.is_gone = 0.0, 0, False
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.come()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def come(self) -> None:
        """Listen, for the first time or again."""
        proxy, self.is_gone = self, False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                if proxy.is_gone:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if random.random() < proxy.busy:
                    proxy.refused += 1
                    self.send_response(503, "Slow Down")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                server = http.client.HTTPConnection(proxy._target, timeout=60)
                server.request(self.command, self.path, body, dict(self.headers.items()))
                answer = server.getresponse()
                data = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in (
                        "transfer-encoding",
                        "connection",
                        "content-length",
                        "date",
                        "server",
                    ):
                        self.send_header(name, value)
                length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
                self.send_header("Content-Length", length or "0")
                self.end_headers()
                self.wfile.write(data)
                server.close()

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do  # noqa: N815 - as the library calls them

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def go(self) -> None:
        """Nobody listens any more, until it comes again."""
        self.is_gone = True
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


class MissingBucket:
    """An S3 server whose bucket nobody has made, until `make`; then it is empty. SeaweedFS says that there is one.

    Attributes:
        environment: tells obstore where it is and who asks.
    """

    def __init__(self) -> None:
        place, self._made = self, False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                listed = self.command == "GET" and "list-type" in self.path
                status = 200 if listed and place._made else 404
                body = (
                    b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
                    if status == 200
                    else b"<Error><Message>The specified bucket does not exist</Message></Error>"
                )
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do  # noqa: N815 - as the library calls them

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.environment = {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    def make(self) -> None:
        """The bucket is there now."""
        self._made = True

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
