"""The files that batches read and write, each with an owner and perhaps an end."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from voxpress.server.databases import Database, Transaction
from voxpress.server.errors import Refusal
from voxpress.server.schemas import File, Files, Purpose, Timestamp

_COLUMNS = "id, bytes, created_at, filename, purpose, expires_at"


class FileStore:
    """Keeps files, and what is known of them, in the server's state."""

    def __init__(self, state: Database) -> None:
        self._state = state

    async def add(
        self,
        owner: str,
        filename: str,
        purpose: Purpose,
        source: Path,
        expires_at: Timestamp | None = None,
        *,
        id: str | None = None,
    ) -> File:
        """Move the file at `source` in.

        Args:
            id: None: a new one; otherwise it takes the place of the file that has it, if there is one.
        """
        made = File(
            id=id or f"file-{secrets.token_hex(12)}",
            bytes=await asyncio.to_thread(os.path.getsize, source),
            created_at=int(time.time()),
            filename=filename,
            purpose=purpose,
            expires_at=expires_at,
        )
        await asyncio.to_thread(self._state.add_file, made.id, source)

        def insert(database: Transaction) -> None:
            database.execute("DELETE FROM files WHERE id = ?", (made.id,))
            (sequence,) = database.execute("SELECT COALESCE(MAX(sequence), 0) + 1 FROM files").fetchone()
            database.execute(
                "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (made.id, owner, filename, purpose, made.bytes, made.created_at, expires_at, sequence),
            )

        await self._state.run(insert)
        return made

    async def find(self, owner: str, id: str) -> File:
        """A file of that owner.

        Raises:
            Refusal: the owner has no such file.
        """
        row = await self._state.run(
            lambda database: database.execute(
                f"SELECT {_COLUMNS} FROM files WHERE id = ? AND owner = ? AND COALESCE(expires_at, ?) >= ?",  # noqa: S608
                (id, owner, int(time.time()), int(time.time())),
            ).fetchone()
        )
        if row is None:
            raise Refusal(404, f"no such file: {id!r}", "file_not_found", param="file_id")
        return _make_file(row)

    async def list_page(
        self, owner: str, *, purpose: str | None, after: str | None, limit: int, newest_first: bool
    ) -> Files:
        """Some of an owner's files."""

        def rows(database: Transaction) -> list[Any]:
            found = database.execute(
                f"SELECT {_COLUMNS} FROM files WHERE owner = ? AND purpose = COALESCE(?, purpose)"  # noqa: S608
                " AND COALESCE(expires_at, ?) >= ? ORDER BY sequence",
                (owner, purpose, int(time.time()), int(time.time())),
            ).fetchall()
            return found[::-1] if newest_first else found

        files = [_make_file(row) for row in await self._state.run(rows)]
        data, more = cut_page(files, after, limit)
        return Files(
            data=data,
            has_more=more,
            first_id=data[0].id if data else None,
            last_id=data[-1].id if data else None,
        )

    async def remove(self, owner: str, id: str) -> None:
        """Delete a file.

        Raises:
            Refusal: the owner has no such file.
        """
        await self.find(owner, id)
        await self._state.run(lambda database: database.execute("DELETE FROM files WHERE id = ?", (id,)))
        await asyncio.to_thread(self._state.remove_file, id)

    async def expire(self) -> None:
        """Delete the files whose time is over."""
        old = await self._state.run(
            lambda database: database.execute(
                "DELETE FROM files WHERE expires_at < ? RETURNING id", (int(time.time()),)
            ).fetchall()
        )
        for (id,) in old:
            await asyncio.to_thread(self._state.remove_file, id)

    def new_path(self) -> Path:
        """A path for a file that is being written."""
        return self._state.new_path()

    def open(self, id: str) -> BinaryIO:
        """The content of a file.

        Raises:
            FileNotFoundError: it is gone.
        """
        return self._state.open_file(id)


def cut_page(items: list[Any], after: str | None, limit: int) -> tuple[list[Any], bool]:
    """The items after the one with the id `after`, and whether more follow.

    Raises:
        Refusal: no item has that id.
    """
    start = 0
    if after is not None:
        places = [number for number, item in enumerate(items) if item.id == after]
        if not places:
            raise Refusal(400, f"nothing has the id {after!r}", "invalid_value", param="after")
        start = places[0] + 1
    return items[start : start + limit], len(items) > start + limit


def _make_file(row: Iterable[Any]) -> File:
    id, size, created_at, filename, purpose, expires_at = row
    return File(
        id=id, bytes=size, created_at=created_at, filename=filename, purpose=purpose, expires_at=expires_at
    )
