"""An S3 server for tests: SeaweedFS on the loopback."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

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
