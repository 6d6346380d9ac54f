"""The state of several servers: a PostgreSQL database, and in it the files of batches.

Only this module imports psycopg. docs/decisions.md says why the files are rows of the database.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import errors

from voxpress.errors import InputError, StateUnavailable, StoreError
from voxpress.server.databases import STEPS, Database, Rows, Transaction
from voxpress.speech import Seconds

T = TypeVar("T")

_OWN_STEPS = (
    """
    CREATE TABLE contents (
        file TEXT NOT NULL, number BIGINT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (file, number)
    );
    CREATE FUNCTION epoch() RETURNS DOUBLE PRECISION LANGUAGE SQL VOLATILE
        AS 'SELECT EXTRACT(EPOCH FROM clock_timestamp())::DOUBLE PRECISION'
    """,
)
"""What only this variant has, before the steps of all databases."""
_BLOCK_SIZE = 2**20
"""Bytes of a file in a row."""
_MOST_TRIES = 50
"""Of a transaction that meets others; the pauses between them grow to a tenth of a second."""
_REST: Seconds = 0.5
"""After an attempt to connect has failed, how long none is made: requests would queue up behind it."""
_BOUNDS = "SET LOCAL idle_in_transaction_session_timeout = '10s'; SET LOCAL statement_timeout = '30s'"
"""Of each transaction: a server that freezes in the middle of one must not hold up all others with its locks. The
connection keeps no bounds, as poolers give it to other programs.
"""
_BEGIN = f"BEGIN ISOLATION LEVEL SERIALIZABLE; {_BOUNDS}"
_SCHEMA_LOCK = 0x766F7870
"""Number of the advisory lock under which tables are made: "voxp"."""
_CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "voxpress",
    "client_encoding": "utf8",
}
"""A host that is gone without a word must be noticed within seconds. Texts are Unicode in databases of any encoding.
What the URL says wins.
"""


_AWAY = (
    *(psycopg.OperationalError, psycopg.InterfaceError),
    *(errors.ReadOnlySqlTransaction, errors.IdleInTransactionSessionTimeout),
)
"""Errors after which the same transaction can succeed, on another connection."""


class PostgresDatabase(Database):
    """A database of PostgreSQL.

    Args:
        url: ``postgresql://USER@HOST:PORT/NAME``, as libpq takes it; a password better stands in ``~/.pgpass`` or the
            environment. The database must exist, and the user may make tables in it.

    Raises:
        InputError: the URL cannot be read.
        StoreError: the database cannot be used, or another version of voxpress wrote it.
        StateUnavailable: it cannot be reached.
    """

    is_shared = True

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.name, self._password = _read_url(url)
        self._scratch = tempfile.TemporaryDirectory(prefix="voxpress-", ignore_cleanup_errors=True)
        self._transaction = threading.Lock()
        """Held during a transaction: a connection has one at a time."""
        self._connection: psycopg.Connection[Any] | None = None
        self._failed_at, self._failure = -_REST, ""
        self._version = 0
        with self._open_statements() as database:
            # Not serialisable: who waited for the lock sees what was made meanwhile.
            self._create_tables(database)

    def _create_tables(self, database: Transaction) -> None:
        database.execute("SELECT pg_advisory_xact_lock(?)", (_SCHEMA_LOCK,))
        database.execute("CREATE TABLE IF NOT EXISTS steps (taken BIGINT NOT NULL)")
        row = database.execute("SELECT taken FROM steps").fetchone()
        taken = row[0] if row else 0
        steps = [*_OWN_STEPS, *STEPS]
        if taken > len(steps):
            raise StoreError(
                f"{self.name} was written by a newer version of voxpress: run that one, or name another --state"
            )
        for step in steps[taken:]:
            for statement in step.split(";"):
                if statement.strip():
                    database.execute(statement.replace("BLOB", "BYTEA"))
        if not row:
            database.execute("INSERT INTO steps VALUES (?)", (len(steps),))
        elif taken < len(steps):
            database.execute("UPDATE steps SET taken = ?", (len(steps),))

    def do(self, work: Callable[[Transaction], T]) -> T:
        for attempt in range(_MOST_TRIES):
            with self._transaction, self._explain():
                connection = self._begin()
                try:
                    found = work(_Statements(connection))
                    connection.execute("COMMIT")
                except (errors.SerializationFailure, errors.DeadlockDetected):
                    connection.execute("ROLLBACK")
                except errors.ReadOnlySqlTransaction:
                    self._drop()  # it became a standby: the next connection may lead to the new primary
                    raise
                except BaseException:
                    self._roll_back(connection)
                    raise
                else:
                    return found
            time.sleep(random.uniform(0, min(0.1, 0.002 * 2**attempt)))  # noqa: S311 - not for secrets
        raise StateUnavailable(f"{self.name} is too busy: a transaction met others {_MOST_TRIES} times")

    def _begin(self) -> psycopg.Connection[Any]:
        """A connection in a new transaction. One that was lost while nothing was done with it costs nobody anything."""
        if self._connection is not None:
            try:
                self._connection.execute(_BEGIN)
            except psycopg.OperationalError:
                self._drop()
            else:
                return self._connection
        if time.monotonic() < self._failed_at + _REST:
            raise StateUnavailable(self._failure)
        try:
            self._connection = self._connect()
            self._connection.execute(_BEGIN)
        except psycopg.OperationalError as error:
            self._drop()
            self._failed_at = time.monotonic()
            self._failure = f"{self.name} cannot be reached: {self._describe(error)}"
            raise
        return self._connection

    def _connect(self) -> psycopg.Connection[Any]:
        given = psycopg.conninfo.conninfo_to_dict(self._url)
        # Without prepared statements, which poolers such as older PgBouncers lose.
        return psycopg.connect(**{**_CONNECTION, **given}, autocommit=True, prepare_threshold=None)

    def _roll_back(self, connection: psycopg.Connection[Any]) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    @contextlib.contextmanager
    def _explain(self) -> Iterator[None]:
        try:
            yield
        except _AWAY as error:
            if isinstance(error, errors.DiskFull | errors.OutOfMemory):
                raise StoreError(f"{self.name}: {self._describe(error)}") from None
            raise StateUnavailable(f"{self.name} cannot be reached: {self._describe(error)}") from None
        except psycopg.Error as error:
            raise StoreError(f"{self.name}: {self._describe(error)}") from None

    def _describe(self, error: psycopg.Error) -> str:
        """The first line of a message, without the password."""
        line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        return line.replace(self._password, "***") if self._password else line

    def read_version(self) -> int:
        """Another number each time: keys are few, and read again as cheaply as a number."""
        self._version += 1
        return self._version

    def lock(self) -> contextlib.nullcontext[None]:
        """Servers share it: `voxpress.server.leases` says which of them does what."""
        return contextlib.nullcontext()

    def close(self) -> None:
        super().close()
        with self._transaction:
            self._drop()
        self._scratch.cleanup()

    # Files: rows of a block each. They have connections of their own, as a large one would hold up everything else.

    def new_path(self) -> Path:
        return Path(self._scratch.name, f".{secrets.token_hex(12)}.partial")

    def add_file(self, id: str, source: Path) -> None:
        with self._open_statements() as database, source.open("rb") as file:
            database.execute("DELETE FROM contents WHERE file = ?", (id,))
            number = 0
            while block := file.read(_BLOCK_SIZE):
                database.execute("INSERT INTO contents VALUES (?, ?, ?)", (id, number, block))
                number += 1
            if not number:
                database.execute("INSERT INTO contents VALUES (?, 0, ?)", (id, b""))
        source.unlink()

    def copy_file(self, id: str, copy: str) -> None:
        def duplicate(database: Transaction) -> int:
            return database.execute(
                "INSERT INTO contents SELECT ?, number, data FROM contents WHERE file = ? ON CONFLICT DO NOTHING",
                (copy, id),
            ).rowcount

        with self._open_statements() as database:
            if not duplicate(database):
                raise FileNotFoundError(id)

    def fetch_file(self, id: str) -> Path:
        path = Path(self._scratch.name, id)
        if not path.exists():
            partial = self.new_path()
            try:
                with partial.open("wb") as file:
                    self._read_into(id, file)
                partial.rename(path)
            finally:
                partial.unlink(missing_ok=True)
        return path

    def open_file(self, id: str) -> BinaryIO:
        file = tempfile.TemporaryFile(dir=self._scratch.name)  # noqa: SIM115 - the caller closes it
        try:
            self._read_into(id, file)
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def remove_file(self, id: str) -> None:
        self.do(lambda database: database.execute("DELETE FROM contents WHERE file = ?", (id,)))
        Path(self._scratch.name, id).unlink(missing_ok=True)

    def _read_into(self, id: str, file: Any) -> None:
        number = 0
        with self._open_statements() as database:
            while True:
                row = database.execute(
                    "SELECT data FROM contents WHERE file = ? AND number = ?", (id, number)
                ).fetchone()
                if row is None:
                    break
                file.write(row[0])
                number += 1
        if not number:
            raise FileNotFoundError(id)

    @contextlib.contextmanager
    def _open_statements(self) -> Iterator[Transaction]:
        """A transaction of its own, beside that of `do`."""
        with self._explain(), self._connect() as connection, connection.transaction():
            connection.execute(_BOUNDS)
            yield _Statements(connection)


class _Statements:
    """Statements as voxpress writes them, for psycopg."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Rows:
        found: Rows = self._connection.execute(_translate(statement), values)
        return found

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]], /) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_translate(statement), rows)


@lru_cache(maxsize=256)
def _translate(statement: str) -> Any:
    return statement.replace("%", "%%").replace("?", "%s")


def _read_url(url: str) -> tuple[str, str]:
    """How a database is called in messages, and its password.

    >>> _read_url("postgresql://voxpress:secret@db.example.com:5433/speech?sslmode=require")
    ('the database postgresql://voxpress@db.example.com:5433/speech', 'secret')

    Raises:
        InputError: it cannot be read. The message does not repeat it: any part of it can be the password.
    """
    try:
        parts = urlsplit(url)
        given = psycopg.conninfo.conninfo_to_dict(url)
        readable = url.count("@") == parts.netloc.count("@") < 2 and "#" not in url
    except (ValueError, psycopg.Error):
        readable = False
    if not readable:
        raise InputError(
            "the address of the database cannot be read: write postgresql://USER@HOST:PORT/NAME, and in a password"
            " each sign that is no letter or digit as % and its two hexadecimal digits"
        )
    user, _, place = parts.netloc.rpartition("@")
    name = unquote(user.partition(":")[0])
    shown = f"{parts.scheme}://{name + '@' if name else ''}{place}{parts.path}"
    return f"the database {shown}", str(given.get("password") or "")
