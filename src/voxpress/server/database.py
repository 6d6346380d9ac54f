"""The state of a server from one start to the next: keys, usage, files, batches, and webhooks that wait to be sent.

It is a folder with an SQLite database and uploaded files. Audio is in the store.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, ParamSpec, TypeVar

from voxpress.errors import StoreError
from voxpress.files import home, locks

P = ParamSpec("P")
T = TypeVar("T")

_VERSION = 1
_SCHEMA = """
CREATE TABLE keys (
    name TEXT PRIMARY KEY, id TEXT UNIQUE NOT NULL, digest TEXT NOT NULL, may TEXT NOT NULL,
    requests_per_minute INTEGER, characters_per_minute INTEGER, characters_per_day INTEGER, created_at INTEGER NOT NULL
);
CREATE TABLE usage (
    key TEXT NOT NULL, day TEXT NOT NULL, requests INTEGER NOT NULL, characters INTEGER NOT NULL,
    billed INTEGER NOT NULL, stored INTEGER NOT NULL, PRIMARY KEY (key, day)
);
CREATE TABLE files (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, filename TEXT NOT NULL, purpose TEXT NOT NULL,
    bytes INTEGER NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, sequence INTEGER NOT NULL
);
CREATE TABLE batches (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, record BLOB NOT NULL, asked BLOB NOT NULL, active INTEGER NOT NULL,
    base TEXT NOT NULL, sequence INTEGER NOT NULL
);
CREATE TABLE lines (
    batch TEXT NOT NULL, number INTEGER NOT NULL, good INTEGER NOT NULL, answer BLOB NOT NULL,
    clip TEXT NOT NULL, PRIMARY KEY (batch, number)
) WITHOUT ROWID;
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, body BLOB NOT NULL, attempts INTEGER NOT NULL,
    due REAL NOT NULL, trusted INTEGER NOT NULL
);
"""


def default_folder() -> Path:
    """A folder in the user's data directory."""
    return home.data("server")


class Database:
    """The database and the folder around it.

    Args:
        folder: made where it is missing; only this user may read it.

    Raises:
        StoreError: the folder cannot be written, or has another version of the database.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder) if folder else default_folder()
        try:
            (self.folder / "files").mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            self._database = sqlite3.connect(
                self.folder / "server.db", timeout=30, check_same_thread=False, isolation_level=None
            )
            self._create_tables()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot use {self.folder} for the server's state: {error}") from error
        self._executor = ThreadPoolExecutor(1, "voxpress-state")
        self._transaction = threading.Lock()
        """Held during a transaction: a connection has one at a time."""

    def _create_tables(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("BEGIN IMMEDIATE")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _SCHEMA.split(";"):
                self._database.execute(statement)
            self._database.execute(f"PRAGMA user_version = {_VERSION}")
        self._database.execute("COMMIT")
        if version not in (0, _VERSION):
            raise StoreError(f"{self.folder} was written by another version of voxpress")

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work` in one transaction.

        Raises:
            StoreError: the database cannot be read or written.
        """
        try:
            with self._transaction:
                self._database.execute("BEGIN IMMEDIATE")
                try:
                    found = work(self._database)
                except BaseException:
                    self._database.execute("ROLLBACK")
                    raise
                self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"the server's database in {self.folder}: {error}") from error
        return found

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`do` outside the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.do, work)

    def read_version(self) -> int:
        """A number that changes whenever another process has written to the database."""
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        return int(version)

    def file(self, id: str) -> Path:
        """Where the content of a file lies."""
        return self.folder / "files" / os.path.basename(id)

    def lock(self) -> IO[bytes]:
        """A lock, held until it is closed or the process ends: two servers would work on the same batches.

        Raises:
            StoreError: another server has the lock.
        """
        lock = (self.folder / "server.lock").open("ab")
        if not locks.try_lock(lock):
            lock.close()
            raise StoreError(
                f"another server uses {self.folder}: stop it, or give this one a folder of its own (--state)"
            )
        return lock

    def close(self) -> None:
        """Wait for transactions under way, and close the database."""
        self._executor.shutdown()
        self._database.close()
