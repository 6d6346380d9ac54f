"""`/v1/batches`: many requests for speech in one file, as the official client sends them."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from voxpress.errors import SpeechError
from voxpress.server.batches.archive import Names
from voxpress.server.context import REFUSED, WRITTEN, Server, base_of, requires, server_of, visitor
from voxpress.server.errors import Refusal
from voxpress.server.requests import parse_batch_request
from voxpress.server.schemas import ENDED, Batch, Batches, ErrorBody


@post(
    "/v1/batches",
    status_code=200,
    guards=[requires("batches")],
    summary="Have the lines of a file spoken",
    operation_id="createBatch",
    tags=["Batch"],
    responses=WRITTEN,
)
async def create_batch(request: Request[Any, Any, Any], data: JSONBody[dict[str, Any]]) -> Response[Batch]:
    """As with OpenAI; the endpoint is that of speech."""
    here, (_, key) = server_of(request), visitor(request)
    wanted, ignored = parse_batch_request(data, here.settings.unknown_fields)
    batch = await here.batch_runner.add(key, wanted, base_of(request))
    return Response(batch, headers={"x-voxpress-ignored": ", ".join(ignored)} if ignored else {})


@get(
    "/v1/batches",
    guards=[requires("batches")],
    summary="Batches of this key",
    operation_id="listBatches",
    tags=["Batch"],
    responses=REFUSED,
)
async def list_batches(
    request: Request[Any, Any, Any],
    after: Annotated[str | None, QueryParameter(max_length=64)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Batches:
    """The newest first."""
    return await server_of(request).batch_records.list_page(visitor(request)[1].name, after, limit)


@get(
    "/v1/batches/{batch_id:str}",
    guards=[requires("batches")],
    summary="One batch",
    operation_id="retrieveBatch",
    tags=["Batch"],
    responses=REFUSED,
)
async def get_batch(request: Request[Any, Any, Any], batch_id: FromPath[str]) -> Batch:
    """Its status, and how many of its lines are done."""
    return await server_of(request).batch_records.find(visitor(request)[1].name, batch_id)


@post(
    "/v1/batches/{batch_id:str}/cancel",
    status_code=200,
    guards=[requires("batches")],
    summary="Begin no more lines",
    operation_id="cancelBatch",
    tags=["Batch"],
    responses={**REFUSED, 409: ResponseSpec(ErrorBody, description="It has ended.")},
)
async def cancel_batch(request: Request[Any, Any, Any], batch_id: FromPath[str]) -> Batch:
    """What is done stays, and is in its output file."""
    return await server_of(request).batch_runner.cancel(visitor(request)[1].name, batch_id)


@get(
    "/v1/batches/{batch_id:str}/audio",
    guards=[requires("batches")],
    summary="All audio of a batch",
    tags=["Batch"],
    responses={
        200: ResponseSpec(
            bytes, media_type="application/zip", generate_examples=False, description="A zip file."
        ),
        **REFUSED,
        409: ResponseSpec(ErrorBody, description="It has not ended."),
    },
)
async def get_batch_audio(request: Request[Any, Any, Any], batch_id: FromPath[str]) -> Response[Any]:
    """The files have the names of the lines' custom ids, and come in the order of the lines."""
    here, (_, key) = server_of(request), visitor(request)
    batch = await here.batch_records.find(key.name, batch_id)
    if batch.status not in ENDED:
        raise Refusal(409, f"batch {batch_id!r} is {batch.status}", "batch_not_ended")
    clips = await here.batch_records.list_clips(batch_id)
    headers = {"content-disposition": f'attachment; filename="{batch.id}.zip"'}
    return Stream(_write_zip(here, clips), headers=headers, media_type="application/zip")


async def _write_zip(here: Server, clips: Sequence[tuple[str, str]]) -> AsyncIterator[bytes]:
    """Write a zip file while it is sent. It ends with an error where a clip is gone."""
    sink = _ZipSink()
    names = Names()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]
        for custom_id, key in clips:
            content = await asyncio.to_thread(here.speech.open_clip, key)
            if content is None:
                raise SpeechError(f"clip {key} of {custom_id!r} is not in the store any more")
            name = names.choose(custom_id, key, content.clip.format)
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=content.clip.size >= 2**31) as file:
                async for part in content.parts():
                    file.write(part)
                    yield sink.take_out()
            yield sink.take_out()
    yield sink.take_out()


class _ZipSink:
    """The file that a zip file is written to, piece by piece: it cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: each write is there at once."""

    def take_out(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


ROUTES = (create_batch, list_batches, get_batch, cancel_batch, get_batch_audio)
