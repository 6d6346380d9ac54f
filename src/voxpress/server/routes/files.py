"""`/v1/files`: the files that batches read and write."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, BinaryIO, Literal

from litestar import Request, delete, get, post
from litestar.datastructures import UploadFile
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, MultipartBody, QueryParameter
from litestar.response import Stream

from voxpress.server.context import REFUSED, UPLOAD, requires, server_of, visitor
from voxpress.server.errors import Refusal
from voxpress.server.schemas import Deleted, File, Files

_PURPOSES = ("batch", "batch_output")
_BLOCK_SIZE = 2**20


@dataclass
class FileUpload:
    """A file to keep."""

    file: UploadFile
    purpose: str


@post(
    "/v1/files",
    status_code=200,
    guards=[requires("batches")],
    summary="Upload the input of a batch",
    operation_id="createFile",
    tags=["Files"],
    responses=UPLOAD,
)
async def create_file(
    request: Request[Any, Any, Any],
    data: MultipartBody[FileUpload],
) -> File:
    """The file has JSON lines, with one request for speech in each."""
    here, (_, key) = server_of(request), visitor(request)
    if data.purpose != "batch":
        raise Refusal(400, f"purpose must be 'batch', not {data.purpose!r}", "invalid_value", param="purpose")
    place = here.files.new_path()

    def write_upload() -> int:
        with place.open("wb") as out:
            shutil.copyfileobj(data.file.file, out, _BLOCK_SIZE)
            return out.tell()

    try:
        if await asyncio.to_thread(write_upload) > here.settings.max_upload:
            raise Refusal(
                413, f"a file may have {here.settings.max_upload:,} bytes", "body_too_large", param="file"
            )
        return await here.files.add(key.name, data.file.filename[:255], "batch", place)
    finally:
        place.unlink(missing_ok=True)


@get(
    "/v1/files",
    guards=[requires("batches")],
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
    return await here.files.list_page(
        key.name, purpose=purpose, after=after, limit=limit, newest_first=order == "desc"
    )


@get(
    "/v1/files/{file_id:str}",
    guards=[requires("batches")],
    summary="One file",
    operation_id="retrieveFile",
    tags=["Files"],
    responses=REFUSED,
)
async def get_file(request: Request[Any, Any, Any], file_id: FromPath[str]) -> File:
    """Its name, size and dates."""
    return await server_of(request).files.find(visitor(request)[1].name, file_id)


@get(
    "/v1/files/{file_id:str}/content",
    guards=[requires("batches")],
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
        content = await asyncio.to_thread(here.files.open, file.id)
    except FileNotFoundError:
        raise Refusal(404, f"no such file: {file_id!r}", "file_not_found", param="file_id") from None
    return Stream(
        _read_blocks(content), headers={"content-length": str(file.bytes)}, media_type="application/jsonl"
    )


async def _read_blocks(content: BinaryIO) -> AsyncIterator[bytes]:
    with content:
        while piece := await asyncio.to_thread(content.read, _BLOCK_SIZE):
            yield piece


@delete(
    "/v1/files/{file_id:str}",
    status_code=200,
    guards=[requires("batches")],
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
