"""`/v1/audio/speech`, and clips by their digest."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, PathParameter
from litestar.response import Stream

from voxpress import marks
from voxpress.files import formats
from voxpress.server.context import REFUSED, WRITTEN, Server, base_of, requires, server_of, visitor
from voxpress.server.dispatcher import Flight
from voxpress.server.errors import Refusal
from voxpress.server.http.content import LARGE, Content, respond_empty
from voxpress.server.http.hit_answers import choose_answer, matches_tag
from voxpress.server.http.hit_cache import Hit
from voxpress.server.http.messages import IMMUTABLE
from voxpress.server.http.paths import CLIPS, clip_path, clip_url
from voxpress.server.keys import Key
from voxpress.server.requests import parse_speech_request
from voxpress.server.schemas import ClipFacts, ErrorBody, SpeechRequest
from voxpress.server.speech.hits import describe_speech
from voxpress.server.speech.planner import SpeechPlan
from voxpress.speech import Clip

_CLIP_NAME = re.compile(r"([0-9a-f]{64})\.([A-Za-z0-9]{1,8})")

_EVENT_STREAM = "text/event-stream"
_SIDECARS = {each.extension: each for each in marks.FORMATS.values()}


@post(
    "/v1/audio/speech",
    status_code=200,
    guards=[requires("speech")],
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
        **WRITTEN,
        502: ResponseSpec(ErrorBody, description="A hosted service refused."),
    },
)
async def create_speech(request: Request[Any, Any, Any], data: JSONBody[dict[str, Any]]) -> Response[Any]:
    """Takes all of OpenAI's fields, and voxpress's own. What was spoken before comes from the store."""
    here, (visit, key) = server_of(request), visitor(request)
    wanted, ignored = parse_speech_request(data, here.settings.unknown_fields)
    plan = await here.speech.plan(wanted, ignored)
    visit.characters, visit.engine = plan.characters, plan.engine
    if here.access.texts:
        visit.text = wanted.input
    await here.limits.charge_characters(key, plan.characters)
    content = await here.speech.find_clip(plan)
    stored = content is not None
    visit.cache = "hit" if stored else "miss"
    events = wanted.stream_format == "sse"
    if content is None:
        flight = here.speech.join(plan)
        if events or here.streams.can_stream(plan):
            return await _stream_speech(here, key, plan, wanted, flight)
        content = await _wait_for_clip(here, request, flight)
    here.limits.record(key, plan.characters, hit=stored)
    if events:
        headers = _make_event_headers(describe_speech(plan, visit.cache))
        source = here.streams.stream_events(plan, wanted, content, None)
        return Stream(source, headers=headers, media_type=_EVENT_STREAM)
    await here.speech.keep_marks(plan, content.clip)
    hit = here.hit_maker.make_speech_hit(plan, content.clip, stored=stored)
    if not stored:
        return content.respond(choose_answer(hit, "POST", {}))
    # A cloned voice can be replaced, renamed or removed, so each of its requests is planned; and the files with marks
    # of a clip can leave the store before it does.
    if content.data is not None and not plan.is_cloned and not plan.sidecars:
        await _remember(here, request, hit, content.clip)
    return content.respond(choose_answer(hit, "POST", dict(request.scope["headers"])))


async def _remember(here: Server, request: Request[Any, Any, Any], hit: Hit, clip: Clip) -> None:
    """Have the gateway answer a request from now on, and those for its clip."""
    here.hits.remember(await request.body(), hit)
    name = clip_path(clip.key, clip.format).removeprefix(CLIPS)
    if here.hits.find_clip(name) is None:
        here.hits.remember_clip(name, here.hit_maker.make_clip_hit(clip))


def _make_event_headers(headers: dict[str, str]) -> dict[str, str]:
    told = {name: value for name, value in headers.items() if name != "content-type"}
    return {**told, "cache-control": "no-cache", "x-accel-buffering": "no"}


async def _stream_speech(
    here: Server, key: Key, plan: SpeechPlan, data: SpeechRequest, flight: Flight
) -> Response[Any]:
    """The file while it is spoken. What fails before its first byte is an error like any other."""
    headers = describe_speech(plan, "miss")
    if data.stream_format == "sse":
        source = here.streams.stream_events(plan, data, None, flight)
        kind = _EVENT_STREAM
        headers = _make_event_headers(headers)
    else:
        source = here.streams.stream_file(plan, flight)
        kind = headers.pop("content-type")
        headers["x-accel-buffering"] = "no"
    try:
        first = await anext(source)
    except BaseException:
        here.speech.leave(flight)
        raise

    async def send_pieces() -> AsyncIterator[bytes]:
        try:
            yield first
            async for piece in source:
                yield piece
            here.limits.record(key, plan.characters, hit=False)
        finally:
            here.speech.leave(flight)

    return Stream(send_pieces(), headers=headers, media_type=kind)


async def _wait_for_clip(here: Server, request: Request[Any, Any, Any], flight: Flight) -> Content:
    """The clip once it is finished, while the client waits and the deadline has not passed."""
    gone = asyncio.ensure_future(_wait_for_disconnect(request))
    done = asyncio.ensure_future(here.speech.wait_for_clip(flight))
    try:
        await asyncio.wait({gone, done}, timeout=here.settings.deadline, return_when=asyncio.FIRST_COMPLETED)
        if done.done():
            return done.result()
        if gone.done():
            raise Refusal(499, "the client has left", "client_left")
        raise Refusal(
            503,
            f"not finished within {here.settings.deadline:g} s; the work goes on: send the same request again",
            "deadline",
            headers={"retry-after": "1", "x-should-retry": "true"},
        )
    finally:
        gone.cancel()
        done.cancel()
        here.speech.leave(flight)


async def _wait_for_disconnect(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@get(
    "/v1/audio/clips/{name:str}",
    guards=[requires("speech")],
    summary="A clip by its digest",
    tags=["Audio"],
    responses={
        200: ResponseSpec(bytes, media_type="audio/*", generate_examples=False, description="The file."),
        206: ResponseSpec(
            bytes, media_type="audio/*", generate_examples=False, description="The part that was asked for."
        ),
        304: ResponseSpec(None, description="The client has it already."),
        416: ResponseSpec(ErrorBody, description="The clip has no such part."),
        **REFUSED,
    },
)
async def get_clip(
    request: Request[Any, Any, Any],
    name: Annotated[
        str,
        PathParameter(
            description="Digest and extension; with .json, what is known of it; with .srt, .vtt or .marks,"
            " when its words are heard, as spoken. Or what x-voxpress-marks names.",
            max_length=80,
        ),
    ],
) -> Response[Any]:
    """A clip never changes under its name, so caches may keep it forever."""
    here, (visit, _) = server_of(request), visitor(request)
    found = _CLIP_NAME.fullmatch(name)
    clip = await asyncio.to_thread(here.store.clip, found[1]) if found else None
    if found and clip is None and (beside := _SIDECARS.get(found[2])):
        said = await asyncio.to_thread(here.store.sidecar, found[1], found[2])
        if said is not None:
            return _answer_marks(request, said, beside, {"cache-control": IMMUTABLE})
    if found is None or clip is None:
        raise Refusal(404, f"no clip {name!r}", "clip_not_found", param="name")
    extension = formats.FORMATS[clip.format].extension
    if found[2] == "json":
        return Response(_describe_clip(request, clip))
    if beside := _SIDECARS.get(found[2]):
        spoken = await asyncio.to_thread(marks.write_all, [beside.name], clip, marks.script_of(clip))
        return _answer_marks(request, spoken[found[2]], beside, {})
    if found[2] != extension:
        raise Refusal(404, f"clip {clip.key} is a .{extension}", "clip_not_found", param="name")
    visit.cache = "hit"
    hit = here.hit_maker.make_clip_hit(clip)
    if clip.size < LARGE:
        here.hits.remember_clip(name, hit)
    answer = choose_answer(hit, visit.method, dict(request.scope["headers"]))
    if answer.part is None and (visit.method != "HEAD" or here.store.folder is None or here.store.look(clip)):
        return respond_empty(answer)
    content = await asyncio.to_thread(Content.open, here.store, clip)
    if content is None:
        raise Refusal(404, f"clip {name!r} is not whole any more", "clip_not_found", param="name")
    return content.respond(answer)


def _answer_marks(
    request: Request[Any, Any, Any], said: bytes, format: marks.Format, headers: dict[str, str]
) -> Response[Any]:
    """A file with marks, unless the client has it already."""
    tag = f'"{hashlib.sha256(said).hexdigest()}"'
    headers = {**headers, "etag": tag}
    if matches_tag(request.headers.get("if-none-match", "").encode(), tag.encode()):
        return Response(None, status_code=304, headers=headers)
    return Response(said, media_type=format.media_type, headers=headers)


def _describe_clip(request: Request[Any, Any, Any], clip: Clip) -> ClipFacts:
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
