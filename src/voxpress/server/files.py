"""`/v1/files`: what batches read and write."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from litestar import Request, delete, get, post
from litestar.datastructures import UploadFile
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, MultipartBody, QueryParameter
from litestar.response import Stream

from voxpress.server.contract import Deleted, File, Files, Purpose, Timestamp
from voxpress.server.errors import Refusal
from voxpress.server.shared import REFUSED, UPLOAD, right, server_of, visitor
from voxpress.server.state import State

_FIELDS = "id, bytes, created_at, filename, purpose, expires_at"
_PURPOSES = ("batch", "batch_output")
_PIECE = 2**20


class Cabinet:
    """Files of the server's state, each of somebody's."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def add(
        self, owner: str, filename: str, purpose: Purpose, source: Path, expires_at: Timestamp | None = None
    ) -> File:
        """Take in the file at `source`, which is moved."""
        made = File(
            id=f"file-{secrets.token_hex(12)}",
            bytes=await asyncio.to_thread(os.path.getsize, source),
            created_at=int(time.time()),
            filename=filename,
            purpose=purpose,
            expires_at=expires_at,
        )
        await asyncio.to_thread(os.replace, source, self._state.file(made.id))

        def insert(database: sqlite3.Connection) -> None:
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
            Refusal: there is none.
        """
        row = await self._state.run(
            lambda database: database.execute(
                f"SELECT {_FIELDS} FROM files WHERE id = ? AND owner = ? AND COALESCE(expires_at, ?) >= ?",  # noqa: S608
                (id, owner, int(time.time()), int(time.time())),
            ).fetchone()
        )
        if row is None:
            raise Refusal(404, f"no such file: {id!r}", "file_not_found", param="file_id")
        return _file(row)

    async def page(
        self, owner: str, *, purpose: str | None, after: str | None, limit: int, newest_first: bool
    ) -> Files:
        """Some of an owner's files."""

        def rows(database: sqlite3.Connection) -> list[Any]:
            found = database.execute(
                f"SELECT {_FIELDS} FROM files WHERE owner = ? AND purpose = COALESCE(?, purpose)"  # noqa: S608
                " AND COALESCE(expires_at, ?) >= ? ORDER BY sequence",
                (owner, purpose, int(time.time()), int(time.time())),
            ).fetchall()
            return found[::-1] if newest_first else found

        files = [_file(row) for row in await self._state.run(rows)]
        data, more = paged(files, after, limit)
        return Files(
            data=data,
            has_more=more,
            first_id=data[0].id if data else None,
            last_id=data[-1].id if data else None,
        )

    async def remove(self, owner: str, id: str) -> None:
        """Delete a file.

        Raises:
            Refusal: there is none.
        """
        await self.find(owner, id)
        await self._state.run(lambda database: database.execute("DELETE FROM files WHERE id = ?", (id,)))
        with contextlib.suppress(FileNotFoundError):
            self._state.file(id).unlink()

    async def expire(self) -> None:
        """Delete what has had its time."""
        old = await self._state.run(
            lambda database: database.execute(
                "DELETE FROM files WHERE expires_at < ? RETURNING id", (int(time.time()),)
            ).fetchall()
        )
        for (id,) in old:
            with contextlib.suppress(FileNotFoundError):
                self._state.file(id).unlink()

    def scratch(self) -> Path:
        """A name for a file that is being written."""
        return self._state.folder / "files" / f".{secrets.token_hex(12)}.partial"


def paged(items: list[Any], after: str | None, limit: int) -> tuple[list[Any], bool]:
    """Those after the one with that id, and whether there are more.

    Raises:
        Refusal: there is no such one.
    """
    start = 0
    if after is not None:
        places = [number for number, item in enumerate(items) if item.id == after]
        if not places:
            raise Refusal(400, f"nothing has the id {after!r}", "invalid_value", param="after")
        start = places[0] + 1
    return items[start : start + limit], len(items) > start + limit


def _file(row: Iterable[Any]) -> File:
    id, size, created_at, filename, purpose, expires_at = row
    return File(
        id=id, bytes=size, created_at=created_at, filename=filename, purpose=purpose, expires_at=expires_at
    )


@dataclass
class FileUpload:
    """A file to keep."""

    file: UploadFile
    purpose: str


@post(
    "/v1/files",
    status_code=200,
    guards=[right("batches")],
    summary="Upload the input of a batch",
    operation_id="createFile",
    tags=["Files"],
    responses=UPLOAD,
)
async def create_file(
    request: Request[Any, Any, Any],
    data: MultipartBody[FileUpload],
) -> File:
    """JSON lines; one request for speech in each."""
    here, (_, key) = server_of(request), visitor(request)
    if data.purpose != "batch":
        raise Refusal(400, f"purpose must be 'batch', not {data.purpose!r}", "invalid_value", param="purpose")
    place = here.files.scratch()

    def written() -> int:
        with place.open("wb") as out:
            shutil.copyfileobj(data.file.file, out, _PIECE)
            return out.tell()

    try:
        if await asyncio.to_thread(written) > here.settings.max_upload:
            raise Refusal(
                413, f"a file may have {here.settings.max_upload:,} bytes", "body_too_large", param="file"
            )
        return await here.files.add(key.name, data.file.filename[:255], "batch", place)
    finally:
        place.unlink(missing_ok=True)


@get(
    "/v1/files",
    guards=[right("batches")],
    summary="Files of this key",
    operation_id="listFiles",
    tags=["Files"],
    responses=REFUSED,
)
async def list_files(
    request: Request[Any, Any, Any],
    purpose: Annotated[str | None, QueryParameter(max_length=64)] = None,
    after: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=10000)] = 10000,
    order: FromQuery[Literal["asc", "desc"]] = "desc",
) -> Files:
    """The newest first."""
    here, (_, key) = server_of(request), visitor(request)
    return await here.files.page(
        key.name, purpose=purpose, after=after, limit=limit, newest_first=order == "desc"
    )


@get(
    "/v1/files/{file_id:str}",
    guards=[right("batches")],
    summary="One file",
    operation_id="retrieveFile",
    tags=["Files"],
    responses=REFUSED,
)
async def get_file(request: Request[Any, Any, Any], file_id: FromPath[str]) -> File:
    """What is known of it."""
    return await server_of(request).files.find(visitor(request)[1].name, file_id)


@get(
    "/v1/files/{file_id:str}/content",
    guards=[right("batches")],
    summary="What is in a file",
    operation_id="downloadFile",
    tags=["Files"],
    responses={
        200: ResponseSpec(
            bytes, media_type="application/jsonl", generate_examples=False, description="The file."
        ),
        **REFUSED,
    },
)
async def get_file_content(request: Request[Any, Any, Any], file_id: FromPath[str]) -> Stream:
    """As it was uploaded or written."""
    here, (_, key) = server_of(request), visitor(request)
    file = await here.files.find(key.name, file_id)
    try:
        content = await asyncio.to_thread(here.state.file(file.id).open, "rb")
    except FileNotFoundError:
        raise Refusal(404, f"no such file: {file_id!r}", "file_not_found", param="file_id") from None
    return Stream(
        _pieces(content), headers={"content-length": str(file.bytes)}, media_type="application/jsonl"
    )


async def _pieces(content: BinaryIO) -> AsyncIterator[bytes]:
    with content:
        while piece := await asyncio.to_thread(content.read, _PIECE):
            yield piece


@delete(
    "/v1/files/{file_id:str}",
    status_code=200,
    guards=[right("batches")],
    summary="Delete a file",
    operation_id="deleteFile",
    tags=["Files"],
    responses=REFUSED,
)
async def delete_file(request: Request[Any, Any, Any], file_id: FromPath[str]) -> Deleted:
    """The clips that it names stay in the store."""
    await server_of(request).files.remove(visitor(request)[1].name, file_id)
    return Deleted(id=file_id, object="file")


ROUTES = (create_file, list_files, get_file, get_file_content, delete_file)
