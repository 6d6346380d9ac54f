"""`/v1/audio/speech`, and clips by their digest."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream

from voxpress import formats
from voxpress.server.context import REFUSED, WRITTEN, Server, base_of, right, server_of, visitor
from voxpress.server.dispatcher import Flight
from voxpress.server.errors import Refusal
from voxpress.server.http.content import LARGE, Content, requested_part
from voxpress.server.http.gateway import IMMUTABLE, encoded
from voxpress.server.http.hit_cache import Hit
from voxpress.server.keys import Key
from voxpress.server.requests import speech_request
from voxpress.server.schemas import ClipFacts, ErrorBody, SpeechRequest
from voxpress.server.speech import Asked, clip_url
from voxpress.speech import Clip
from voxpress.voices import references

_CLIP = re.compile(r"([0-9a-f]{64})\.([A-Za-z0-9]{1,8})")

_SPEECH = {
    **WRITTEN,
    502: ResponseSpec(ErrorBody, description="A hosted service refused."),
}


@post(
    "/v1/audio/speech",
    status_code=200,
    guards=[right("speech")],
    summary="Speak a text, or serve it from the store",
    operation_id="createSpeech",
    tags=["Audio"],
    responses={
        200: ResponseSpec(
            bytes,
            media_type="audio/*",
            generate_examples=False,
            description="The file; or events, where they were asked for.",
        ),
        **_SPEECH,
    },
)
async def create_speech(request: Request[Any, Any, Any], data: JSONBody[dict[str, Any]]) -> Response[Any]:
    """All of OpenAI's fields, and voxpress's own; what was spoken before comes from the store."""
    here, (visit, key) = server_of(request), visitor(request)
    wanted, ignored = speech_request(data, here.settings.unknown_fields)
    asked = await here.speech.plan(wanted, ignored)
    visit.characters, visit.engine = asked.characters, asked.plan.engine.name
    if here.access.texts:
        visit.text = wanted.input
    here.limits.characters(key, asked.characters)
    known = await here.speech.stored(asked)
    visit.cache = "hit" if known else "miss"
    flight = None if known else here.speech.join(asked)
    events = wanted.stream_format == "sse"
    if flight is not None and (events or here.speech.streams(asked)):
        return await _streamed(here, key, asked, wanted, flight)
    if known is None:
        assert flight is not None
        known = await _awaited(here, request, flight)
    clip = known.clip
    _count(here, key, asked, hit=flight is None)
    if events:
        headers = here.speech.headers(asked, visit.cache)
        return Stream(
            here.speech.events(asked, wanted, known, None), headers=_events(headers), media_type=_SSE
        )
    hit = here.speech.hit(asked, clip, stored=flight is None)
    if flight is None and known.data is not None and not _cloned(asked):
        # Not at the first time: most of what is asked for once is never asked for again.
        here.hits.remember(await request.body(), hit)
        name = f"{clip.key}.{formats.FORMATS[clip.format].extension}"
        if here.hits.clip(name) is None:
            here.hits.remember_clip(name, _clip_hit(here, clip))
    headers = {name.decode(): value.decode() for name, value in hit.headers}
    kind = headers.pop("content-type")
    if flight is None and _matches(request.headers.get("if-none-match", ""), headers["etag"]):
        headers.pop("x-accel-redirect", None)  # nginx would send the file
        return Response(None, status_code=304, headers=headers)
    return Response(b"", headers=headers, media_type=kind) if hit.accel else known.answer(headers, kind)


def _cloned(asked: Asked) -> bool:
    # A cloned voice can be replaced, renamed or removed: the plan looks each time.
    return any(segment.voice.startswith(references.PREFIX) for segment in asked.plan.takes.values())


def _count(here: Server, key: Key, asked: Asked, *, hit: bool) -> None:
    here.limits.note(key, asked.characters, hit=hit)


_SSE = "text/event-stream"


def _events(headers: dict[str, str]) -> dict[str, str]:
    headers.pop("content-type")
    return {**headers, "cache-control": "no-cache", "x-accel-buffering": "no"}


async def _streamed(
    here: Server, key: Key, asked: Asked, data: SpeechRequest, flight: Flight
) -> Response[Any]:
    """The file while it is being spoken. What fails before its first byte is an error like any other."""
    headers = here.speech.headers(asked, "miss")
    if data.stream_format == "sse":
        source = here.speech.events(asked, data, None, flight)
        kind = _SSE
        headers = _events(headers)
    else:
        source = here.speech.pieces(asked, flight)
        kind = headers.pop("content-type")
        headers["x-accel-buffering"] = "no"
    try:
        first = await anext(source)
    except BaseException:
        here.speech.leave(flight)
        raise

    async def rest() -> AsyncIterator[bytes]:
        try:
            yield first
            async for piece in source:
                yield piece
            _count(here, key, asked, hit=False)
        finally:
            here.speech.leave(flight)

    return Stream(rest(), headers=headers, media_type=kind)


async def _awaited(here: Server, request: Request[Any, Any, Any], flight: Flight) -> Content:
    """The clip once it is finished, while the client waits and the deadline has not passed."""
    gone = asyncio.ensure_future(_gone(request))
    done = asyncio.ensure_future(here.speech.whole(flight))
    try:
        await asyncio.wait({gone, done}, timeout=here.settings.deadline, return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            return done.result()
        if gone.done():
            raise Refusal(499, "the client has left", "client_left")
        raise Refusal(
            503,
            f"not finished within {here.settings.deadline:g} s; it goes on, and the same request will find it",
            "deadline",
            headers={"retry-after": "1", "x-should-retry": "true"},
        )
    finally:
        gone.cancel()
        done.cancel()
        here.speech.leave(flight)


async def _gone(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@get(
    "/v1/audio/clips/{name:str}",
    guards=[right("speech")],
    summary="A clip by its digest",
    tags=["Audio"],
    responses={
        200: ResponseSpec(bytes, media_type="audio/*", generate_examples=False, description="The file."),
        206: ResponseSpec(
            bytes, media_type="audio/*", generate_examples=False, description="The part that was asked for."
        ),
        304: ResponseSpec(None, description="It is what the client has."),
        416: ResponseSpec(ErrorBody, description="There is no such part."),
        **REFUSED,
    },
)
async def get_clip(
    request: Request[Any, Any, Any],
    name: Annotated[
        str,
        PathParameter(description="Digest and extension; with .json, what is known of it.", max_length=80),
    ],
) -> Response[Any]:
    """Never changes under its name, so that caches may keep it forever."""
    here, (visit, _) = server_of(request), visitor(request)
    found = _CLIP.fullmatch(name)
    clip = await asyncio.to_thread(here.store.clip, found[1]) if found else None
    if found is None or clip is None:
        raise Refusal(404, f"no clip {name!r}", "clip_not_found", param="name")
    extension = formats.FORMATS[clip.format].extension
    if found[2] == "json":
        return Response(_facts(request, clip))
    if found[2] != extension:
        raise Refusal(404, f"clip {clip.key} is a .{extension}", "clip_not_found", param="name")
    tag, kind = f'"{clip.sha256}"', formats.FORMATS[clip.format].media_type
    visit.cache = "hit"
    headers = _clip_headers(clip)
    if clip.size < LARGE:
        here.hits.remember_clip(name, _clip_hit(here, clip))
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(None, status_code=304, headers=headers)
    if visit.method == "HEAD" and (here.store.folder is None or here.store.look(clip)):
        size = {"content-length": str(clip.size), "content-type": kind}
        return Response(b"", headers={**headers, **size}, media_type=kind)
    if accel := here.speech.accel(clip):
        headers["x-accel-redirect"] = accel
        return Response(b"", headers=headers, media_type=kind)
    content = await asyncio.to_thread(Content.of, here.store, clip)
    if content is None:
        raise Refusal(404, f"clip {name!r} is not whole any more", "clip_not_found", param="name")
    asked, fresh = (request.headers.get(each, "") for each in ("range", "if-range"))
    part = requested_part(asked, fresh, tag, clip.size)
    if part is None:
        return content.answer(headers, kind)
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{clip.size}"
    return content.answer(headers, kind, status=206, start=part.start, stop=part.stop)


def _clip_hit(here: Server, clip: Clip) -> Hit:
    """How a request for a clip by its digest is answered."""
    told = {"content-type": formats.FORMATS[clip.format].media_type, **_clip_headers(clip)}
    accel = here.speech.accel(clip)
    if accel:
        told["x-accel-redirect"] = accel
    clip = msgspec.structs.replace(clip, marks=(), data=b"")
    return Hit(clip, encoded(told.items()), 0, "", bool(accel))


def _clip_headers(clip: Clip) -> dict[str, str]:
    return {
        "etag": f'"{clip.sha256}"',
        "cache-control": IMMUTABLE,
        "accept-ranges": "bytes",
        "x-voxpress-duration": f"{clip.duration:.3f}",
    }


def _matches(given: str, tag: str) -> bool:
    tags = [each.strip().removeprefix("W/") for each in given.split(",")]
    return "*" in tags or tag in tags


def _facts(request: Request[Any, Any, Any], clip: Clip) -> ClipFacts:
    return ClipFacts(
        digest=clip.key,
        format=clip.format,
        sample_rate=clip.sample_rate,
        duration=clip.duration,
        bytes=clip.size,
        sha256=clip.sha256,
        url=clip_url(base_of(request), clip),
        timestamps=clip.marks,
    )


ROUTES = (create_speech, get_clip)
