"""The state of a server from one start to the next: keys, usage, files, batches, and webhooks that wait to be sent.

It is a folder with an SQLite database, for one server, or a PostgreSQL database that several share. Audio is in the
store.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from voxpress.errors import EngineNotInstalled

T = TypeVar("T")

STEPS: Sequence[str] = (
    """
    CREATE TABLE keys (
        name TEXT PRIMARY KEY, id TEXT UNIQUE NOT NULL, digest TEXT NOT NULL, may TEXT NOT NULL,
        requests_per_minute BIGINT, characters_per_minute BIGINT, characters_per_day BIGINT, created_at BIGINT NOT NULL
    );
    CREATE TABLE usage (
        key TEXT NOT NULL, day TEXT NOT NULL, requests BIGINT NOT NULL, characters BIGINT NOT NULL,
        billed BIGINT NOT NULL, stored BIGINT NOT NULL, PRIMARY KEY (key, day)
    );
    CREATE TABLE files (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, filename TEXT NOT NULL, purpose TEXT NOT NULL,
        bytes BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, sequence BIGINT NOT NULL
    );
    CREATE TABLE batches (
        id TEXT PRIMARY KEY, owner TEXT NOT NULL, record BLOB NOT NULL, asked BLOB NOT NULL, active BIGINT NOT NULL,
        base TEXT NOT NULL, sequence BIGINT NOT NULL
    );
    CREATE TABLE lines (
        batch TEXT NOT NULL, number BIGINT NOT NULL, good BIGINT NOT NULL, answer BLOB NOT NULL,
        clip TEXT NOT NULL, PRIMARY KEY (batch, number)
    );
    CREATE TABLE deliveries (
        id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL, body BLOB NOT NULL, attempts BIGINT NOT NULL,
        due DOUBLE PRECISION NOT NULL, trusted BIGINT NOT NULL
    );
    """,
    """
    ALTER TABLE deliveries ADD COLUMN key TEXT NOT NULL DEFAULT '';
    ALTER TABLE deliveries ADD COLUMN host TEXT NOT NULL DEFAULT '';
    CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, ends DOUBLE PRECISION NOT NULL);
    CREATE TABLE meters (
        key TEXT NOT NULL, unit TEXT NOT NULL, amount DOUBLE PRECISION NOT NULL, since DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (key, unit)
    );
    """,
)
"""How the tables became what they are. A database notes how many steps were taken; opening it takes the others.

Types are those that both databases know; PostgreSQL's name for BLOB is its variant's matter.
"""


class Rows(Protocol):
    """What a statement found."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        ...


class Transaction(Protocol):
    """A transaction under way. Values stand as ``?`` in statements, and ``epoch()`` is the database's own time in
    seconds since 1970, which is the same for all servers.
    """

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows:
        """Run a statement."""
        ...

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run a statement for each row of values."""
        ...


class Database(ABC):
    """The database, and the files of batches.

    Attributes:
        is_shared: whether other servers may use it at the same time.
    """

    is_shared: bool

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "voxpress-state")

    @abstractmethod
    def do(self, work: Callable[[Transaction], T]) -> T:
        """The result of `work` in one transaction, which sees and meets no other.

        Args:
            work: may be called again where another server got in its way, so it has no effect but on the database.

        Raises:
            StoreError: the database cannot be read or written.
            StateUnavailable: it cannot be reached now.
        """

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """`do` outside the event loop."""
        return await self.call(partial(self.do, work))

    async def call(self, work: Callable[[], T]) -> T:
        """The result of `work`, which reads the database, in the thread that `run` uses: no other work holds it up."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    @abstractmethod
    def read_version(self) -> int:
        """A number that changes whenever another process has written to the database."""

    @abstractmethod
    def lock(self) -> AbstractContextManager[object]:
        """What a server holds while it runs.

        Raises:
            StoreError: another server holds it, and both would work on the same batches.
        """

    def close(self) -> None:
        """Wait for transactions under way, and close the database."""
        self._executor.shutdown()

    # Files. Every method raises StoreError where they cannot be read or written.

    @abstractmethod
    def new_path(self) -> Path:
        """A path on this machine for a file that is being written."""

    @abstractmethod
    def add_file(self, id: str, source: Path) -> None:
        """Move the file at `source` in, in place of one with that id."""

    @abstractmethod
    def copy_file(self, id: str, copy: str) -> None:
        """Give a file another id too.

        Raises:
            FileNotFoundError: no file has that id.
        """

    @abstractmethod
    def fetch_file(self, id: str) -> Path:
        """A path on this machine where the file can be read until it is removed.

        Raises:
            FileNotFoundError: no file has that id.
        """

    @abstractmethod
    def open_file(self, id: str) -> BinaryIO:
        """A file to be read.

        Raises:
            FileNotFoundError: no file has that id.
        """

    @abstractmethod
    def remove_file(self, id: str) -> None:
        """Remove a file if it is there."""


def open_database(place: Path | str | None = None) -> Database:
    """The database at a place, made where it is missing.

    Args:
        place: a folder, or a URL such as ``postgresql://voxpress@db.example.com/voxpress``; None: a folder in the
            user's data directory.

    Raises:
        StoreError: it cannot be used, or another version of voxpress wrote it.
        InputError: the URL is wrong.
        EngineNotInstalled: the package for PostgreSQL is missing.
    """
    if isinstance(place, str) and place.partition("://")[0] in ("postgresql", "postgres"):
        try:
            from voxpress.server.databases.postgres import PostgresDatabase
        except ImportError as error:  # also where psycopg finds no libpq
            raise EngineNotInstalled(
                "a state in PostgreSQL needs psycopg: run  pip install 'voxpress[postgres]'"
            ) from error
        return PostgresDatabase(place)
    from voxpress.server.databases.sqlite import SqliteDatabase

    return SqliteDatabase(place)
