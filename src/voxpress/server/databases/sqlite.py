"""The state of one server: a folder with an SQLite database and the files of batches."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

from voxpress.errors import StoreError
from voxpress.files import home, locks
from voxpress.server.databases import STEPS, Database, Transaction

T = TypeVar("T")


def default_folder() -> Path:
    """A folder in the user's data directory."""
    return home.data("server")


class SqliteDatabase(Database):
    """An SQLite database and the folder around it.

    Args:
        folder: made where it is missing; only this user may read it.

    Raises:
        StoreError: the folder cannot be written, or has another version of the database.
    """

    is_shared = False

    def __init__(self, folder: Path | str | None = None) -> None:
        super().__init__()
        self.folder = Path(folder) if folder else default_folder()
        try:
            (self.folder / "files").mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.chmod(0o700)
            self._database = sqlite3.connect(
                self.folder / "server.db", timeout=30, check_same_thread=False, isolation_level=None
            )
            self._database.create_function("epoch", 0, time.time)
            self._create_tables()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot use {self.folder} for the server's state: {error}") from error
        self._transaction = threading.Lock()
        """Held during a transaction: a connection has one at a time."""

    def _create_tables(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("BEGIN IMMEDIATE")
        (taken,) = self._database.execute("PRAGMA user_version").fetchone()
        for step in STEPS[taken:]:
            for statement in step.split(";"):
                self._database.execute(statement)
        self._database.execute(f"PRAGMA user_version = {max(taken, len(STEPS))}")
        self._database.execute("COMMIT")
        if taken > len(STEPS):
            raise StoreError(
                f"{self.folder} was written by a newer version of voxpress: run that one, or name another --state"
            )

    def do(self, work: Callable[[Transaction], T]) -> T:
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

    def read_version(self) -> int:
        (version,) = self._database.execute("PRAGMA data_version").fetchone()
        return int(version)

    def lock(self) -> IO[bytes]:
        """Raises StoreError while another server uses the folder; held until it is closed or the process ends."""
        lock = (self.folder / "server.lock").open("ab")
        if not locks.try_lock(lock):
            lock.close()
            raise StoreError(
                f"another server uses {self.folder}: stop it, or give this one a folder of its own (--state)"
            )
        return lock

    def close(self) -> None:
        super().close()
        self._database.close()

    # Files

    def new_path(self) -> Path:
        return self.folder / "files" / f".{secrets.token_hex(12)}.partial"

    def add_file(self, id: str, source: Path) -> None:
        os.replace(source, self.fetch_file(id))

    def copy_file(self, id: str, copy: str) -> None:
        try:
            os.link(self.fetch_file(id), self.fetch_file(copy))
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"cannot keep the input of a batch: {error.strerror}") from error

    def fetch_file(self, id: str) -> Path:
        """Where the file lies; who opens it finds out whether it does."""
        return self.folder / "files" / os.path.basename(id)

    def open_file(self, id: str) -> BinaryIO:
        return self.fetch_file(id).open("rb")

    def remove_file(self, id: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self.fetch_file(id).unlink()
