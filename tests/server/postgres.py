"""A PostgreSQL server of its own, from Debian's programs."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

psycopg = pytest.importorskip("psycopg")

PASSWORD = "s3cret-of-the-tests"


def find_programs() -> Path | None:
    """The folder of the newest programs that are installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Postgres:
    """A cluster in a temporary folder, for the user voxpress with a password."""

    def __init__(self) -> None:
        programs = find_programs()
        if programs is None:
            pytest.skip("PostgreSQL is not installed: apt install postgresql")
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="voxpress-postgres-"))
        # PostgreSQL refuses to run as root.
        self._user = "nobody" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(self._folder, self._user)
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        subprocess.run(
            [
                *(programs / "initdb", "-D", self._folder / "data", "-U", "voxpress"),
                *("-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            user=self._user,
            cwd="/",
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._names = 0
        self.start()

    @property
    def url(self) -> str:
        """Of the database that is always there."""
        return self.url_of("postgres")

    def url_of(self, name: str) -> str:
        return f"postgresql://voxpress:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._names += 1
        name = f"state{self._names}"
        self.execute(self.url, f"CREATE DATABASE {name}")
        return self.url_of(name)

    def execute(self, url: str, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(url, autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def start(self) -> None:
        settings = ("fsync=off", f"port={self.port}", "listen_addresses=127.0.0.1", "max_connections=50")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", self._folder / "data", "-k", self._folder),
                    *(part for setting in settings for part in ("-c", setting)),
                ],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
            )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.execute(self.url, "SELECT 1")
            except psycopg.Error:
                assert self._process.poll() is None and time.monotonic() < deadline, (
                    self._folder / "log"
                ).read_text()
                time.sleep(0.1)
            else:
                return

    def stop(self) -> None:
        """At once; who is connected is thrown out."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(60)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
