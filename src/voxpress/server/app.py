"""The server put together: routes, what they share, and how it starts and stops."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from litestar import Litestar, Request, Response, delete, get, head, post
from litestar.config.cors import CORSConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import UploadFile
from litestar.enums import MediaType, RequestEncodingType
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import Body, Parameter
from litestar.response import Stream
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp

from voxpress import __version__, codec, references
from voxpress.errors import InputError, SpeechError, UnknownVoice
from voxpress.presets import Project
from voxpress.server import keys
from voxpress.server.contract import (
    ClipFacts,
    Deleted,
    ErrorBody,
    Model,
    Models,
    OwnVoice,
    SpeechRequest,
    UsagePage,
    VoiceFacts,
    Voices,
)
from voxpress.server.desk import Desk, Flight
from voxpress.server.door import CLIPS, IMMUTABLE, Door, Hits
from voxpress.server.errors import Refusal, refusal
from voxpress.server.keys import Key, Limits, Right, Ring
from voxpress.server.logs import AccessLog, Visit
from voxpress.server.meters import CONTENT_TYPE, Meters
from voxpress.server.names import Names
from voxpress.server.settings import Settings
from voxpress.server.speech import Asked, Speech
from voxpress.server.state import State
from voxpress.speech import Clip
from voxpress.store import Store, canonical_url, default_url, open_store

log = logging.getLogger("voxpress.server")

_CLIP = re.compile(r"([0-9a-f]{64})\.([A-Za-z0-9]{1,8})")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_MOST_SAMPLE = 10 * 2**20
_FLUSH_EVERY, _LOOK_EVERY, _SAVE_EVERY = 0.25, 1.0, 5.0

_REFUSED = {
    status: ResponseSpec(ErrorBody, description=why)
    for status, why in {
        400: "The request is wrong.",
        401: "No key, or a wrong one.",
        403: "The key may not do this.",
        404: "There is no such thing.",
        408: "The body did not go on coming.",
        413: "The body is too large.",
        429: "Too much at once; retry-after says when to come again.",
        500: "It could not be spoken.",
        503: "Not now; retry-after says when.",
    }.items()
}
_SPEECH = {
    **_REFUSED,
    415: ResponseSpec(ErrorBody, description="The body is not JSON."),
    502: ResponseSpec(ErrorBody, description="A hosted service refused."),
}


@dataclass
class Server:
    """What the routes share."""

    settings: Settings
    store: Store
    state: State
    names: Names
    desk: Desk
    speech: Speech
    hits: Hits
    ring: Ring
    limits: Limits
    meters: Meters
    access: AccessLog
    ready: bool = False
    sweep: Callable[[], None] = lambda: None
    """What the door does now and then."""


def right(needed: Right) -> Any:
    """A guard: the key must have that right."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if needed not in visitor(connection)[1].may:
            raise Refusal(
                403, f"this key may not use {needed}: voxpress keys add NAME --may {needed}", "not_allowed"
            )

    return guard


def visitor(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[Visit, Key]:
    """Who asks, and what the log will have."""
    return connection.scope["voxpress"]  # type: ignore[typeddict-item,no-any-return]


def server_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Server:
    """What the routes share."""
    found: Server = connection.app.state.server
    return found


# Speech


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
async def create_speech(request: Request[Any, Any, Any], data: SpeechRequest) -> Response[Any]:
    """All of OpenAI's fields, and voxpress's own; what was spoken before comes from the store."""
    here, (visit, key) = server_of(request), visitor(request)
    asked = await here.speech.plan(data)
    visit.characters, visit.engine = asked.characters, asked.plan.engine.name
    if here.access.texts:
        visit.text = data.input
    here.limits.characters(key, asked.characters)
    known = await here.speech.stored(asked)
    visit.cache = "hit" if known else "miss"
    flight = None if known else here.speech.join(asked)
    events = data.stream_format == "sse"
    if flight is not None and (events or here.speech.streams(asked)):
        return await _streamed(here, key, asked, data, flight)
    if known is None:
        assert flight is not None
        known = await _awaited(here, request, flight)
    clip, content = known
    _count(here, key, asked, hit=flight is None)
    if events:
        headers = here.speech.headers(asked, visit.cache)
        return Stream(here.speech.events(asked, data, known, None), headers=_events(headers), media_type=_SSE)
    hit = here.speech.hit(asked, clip, stored=flight is None)
    if not _cloned(asked):
        here.hits.remember(await request.body(), here.speech.hit(asked, clip))
    here.hits.served(f"{clip.key}.{codec.FORMATS[clip.format].extension}", f'"{clip.sha256}"')
    headers = {name.decode(): value.decode() for name, value in hit.headers}
    kind = headers.pop("content-type")
    if flight is None and request.headers.get("if-none-match") == headers["etag"]:
        return Response(None, status_code=304, headers=headers)
    return Response(b"" if hit.accel else content, headers=headers, media_type=kind)


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


async def _awaited(here: Server, request: Request[Any, Any, Any], flight: Flight) -> tuple[Clip, bytes]:
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
        **_REFUSED,
    },
)
async def get_clip(
    request: Request[Any, Any, Any],
    name: Annotated[
        str, Parameter(description="Digest and extension; with .json, what is known of it.", max_length=80)
    ],
) -> Response[Any]:
    """Never changes under its name, so that caches may keep it forever."""
    return await _clip(request, name, head=False)


@head("/v1/audio/clips/{name:str}", guards=[right("speech")], include_in_schema=False)
async def head_clip(request: Request[Any, Any, Any], name: str) -> Response[None]:
    """The headers of a clip."""
    return await _clip(request, name, head=True)


async def _clip(request: Request[Any, Any, Any], name: str, *, head: bool) -> Response[Any]:
    here, (visit, _) = server_of(request), visitor(request)
    found = _CLIP.fullmatch(name)
    clip = await asyncio.to_thread(here.store.clip, found[1]) if found else None
    if found is None or clip is None:
        raise Refusal(404, f"no clip {name!r}", "clip_not_found", param="name")
    extension = codec.FORMATS[clip.format].extension
    if found[2] == "json":
        return Response(_facts(here, request, clip))
    if found[2] != extension:
        raise Refusal(404, f"clip {clip.key} is a .{extension}", "clip_not_found", param="name")
    tag = f'"{clip.sha256}"'
    visit.cache = "hit"
    headers = {
        "etag": tag,
        "cache-control": IMMUTABLE,
        "accept-ranges": "bytes",
        "x-voxpress-duration": f"{clip.duration:.3f}",
    }
    kind = codec.FORMATS[clip.format].media_type
    here.hits.served(name, tag)
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(None, status_code=304, headers=headers)
    if head:
        return Response(None, headers={**headers, "content-length": str(clip.size)}, media_type=kind)
    if here.settings.accel_redirect and clip.path and here.store.folder:
        place = clip.path.removeprefix(f"{here.store.folder}/")
        headers["x-accel-redirect"] = here.settings.accel_redirect.rstrip("/") + "/" + place
        return Response(b"", headers=headers, media_type=kind)
    data = await asyncio.to_thread(here.store.read, clip)
    if data is None:
        raise Refusal(404, f"clip {name!r} is not whole any more", "clip_not_found", param="name")
    return _ranged(request, data, headers, kind)


def _ranged(
    request: Request[Any, Any, Any], data: bytes, headers: dict[str, str], kind: str
) -> Response[Any]:
    """All of it, or the one range that was asked for (RFC 9110, 14.2); several are answered with all of it."""
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    fresh = request.headers.get("if-range") in (None, headers["etag"])
    if wanted is None or not any(wanted.groups()) or not fresh:
        return Response(data, headers=headers, media_type=kind)
    first, last = (int(number) if number else None for number in wanted.groups())
    if first is None:
        first, last = max(0, len(data) - (last or 0)), len(data) - 1
    last = len(data) - 1 if last is None else min(last, len(data) - 1)
    if first > last:
        raise Refusal(
            416,
            f"the clip has {len(data):,} bytes",
            "range_not_satisfiable",
            headers={"content-range": f"bytes */{len(data)}"},
        )
    headers = {**headers, "content-range": f"bytes {first}-{last}/{len(data)}"}
    return Response(data[first : last + 1], status_code=206, headers=headers, media_type=kind)


def _matches(given: str, tag: str) -> bool:
    tags = [each.strip().removeprefix("W/") for each in given.split(",")]
    return "*" in tags or tag in tags


def _facts(here: Server, request: Request[Any, Any, Any], clip: Clip) -> ClipFacts:
    return ClipFacts(
        digest=clip.key,
        format=clip.format,
        sample_rate=clip.sample_rate,
        duration=clip.duration,
        bytes=clip.size,
        sha256=clip.sha256,
        url=clip_url(here.settings.public_url or str(request.base_url), clip),
        timestamps=clip.marks,
    )


def clip_url(base: str, clip: Clip) -> str:
    """Where a clip is served."""
    return f"{base.rstrip('/')}{CLIPS}{clip.key}.{codec.FORMATS[clip.format].extension}"


# Models and voices


@get(
    "/v1/models", summary="Names for `model`", operation_id="listModels", tags=["Models"], responses=_REFUSED
)
async def list_models(request: Request[Any, Any, Any]) -> Models:
    """OpenAI's names and what they stand for, engines, and models that were pulled."""
    here = server_of(request)
    found = await asyncio.to_thread(here.names.all)
    return Models(data=[_model(name, meant.engine) for name, meant in found.items()])


@get(
    "/v1/models/{model:path}",
    summary="One model",
    operation_id="retrieveModel",
    tags=["Models"],
    responses=_REFUSED,
)
async def get_model(request: Request[Any, Any, Any], model: str) -> Model:
    """404 where it cannot be asked for."""
    here, name = server_of(request), model.removeprefix("/")
    found = await asyncio.to_thread(here.names.all)
    if name not in found:
        raise Refusal(404, f"the model {name!r} does not exist here", "model_not_found", param="model")
    return _model(name, found[name].engine)


def _model(name: str, engine: str) -> Model:
    return Model(id=name, created=_BORN, owned_by="voxpress", engine=engine)


_BORN = 1763769600
"""Models have no date here: 22 November 2025, for all."""


@get(
    "/v1/audio/voices",
    summary="Names for `voice`",
    operation_id="listVoices",
    tags=["Audio"],
    responses=_REFUSED,
)
async def list_voices(
    request: Request[Any, Any, Any],
    model: Annotated[str | None, Parameter(description="Of that model only.", max_length=256)] = None,
) -> Voices:
    """Those of every model that can be asked for, each under the engine's own name."""
    here = server_of(request)

    def found() -> list[VoiceFacts]:
        models = here.names.all()
        if model is not None and model not in models:
            raise Refusal(404, f"the model {model!r} does not exist here", "model_not_found", param="model")
        wanted = {model: models[model]} if model else {m: g for m, g in models.items() if m == _plain(g)}
        return [
            VoiceFacts(
                id=voice.name,
                name=voice.name,
                model=name,
                languages=voice.languages,
                cloned=bool(voice.reference),
                description=voice.description,
                gender=voice.gender,
            )
            for name, meant in wanted.items()
            for voice in here.names.voices(meant)
        ]

    return Voices(voices=await asyncio.to_thread(found))


def _plain(meant: Any) -> str:
    return f"{meant.engine}/{meant.model}" if meant.model else meant.engine


@dataclass
class VoiceUpload:
    """A sample of somebody's voice, and what is known of it."""

    name: str
    audio_sample: UploadFile
    consent: str = ""
    speaker: str = ""
    transcript: str = ""
    language: str = ""
    engines: str = ""


@post(
    "/v1/audio/voices",
    status_code=200,
    guards=[right("voices")],
    summary="Add a voice of your own",
    operation_id="createVoice",
    tags=["Audio"],
    responses=_REFUSED,
)
async def create_voice(
    data: Annotated[VoiceUpload, Body(media_type=RequestEncodingType.MULTI_PART)],
) -> OwnVoice:
    """The sample is checked, cut and kept, with whose voice it is and what they agreed to; every engine that clones
    can speak with it.
    """
    sample = await data.audio_sample.read(_MOST_SAMPLE + 1)
    if len(sample) > _MOST_SAMPLE:
        raise Refusal(
            413, f"the sample may have {_MOST_SAMPLE:,} bytes", "body_too_large", param="audio_sample"
        )

    def added() -> references.Reference:
        return references.add(
            data.name,
            codec.decode(sample),
            transcript=data.transcript or None,
            language=data.language or None,
            speaker=data.speaker,
            consent=data.consent,
            engines=[name.strip() for name in data.engines.split(",") if name.strip()],
        )

    reference = await asyncio.to_thread(added)
    return OwnVoice(
        id=reference.name, name=reference.name, created_at=int(time.time()), warnings=reference.warnings
    )


@delete(
    "/v1/audio/voices/{name:str}",
    status_code=200,
    guards=[right("voices")],
    summary="Remove a voice of your own",
    operation_id="deleteVoice",
    tags=["Audio"],
    responses=_REFUSED,
)
async def delete_voice(name: str) -> Deleted:
    """What was spoken with it stays in the store."""
    try:
        await asyncio.to_thread(references.remove, name)
    except (UnknownVoice, InputError) as error:
        raise Refusal(404, str(error), "voice_not_found", param="name") from error
    return Deleted(id=name, object="audio.voice")


# Operations


@get("/v1/usage", summary="What this key asked for, by day", tags=["Operations"], responses=_REFUSED)
async def get_usage(request: Request[Any, Any, Any]) -> UsagePage:
    """Characters that were spoken for it, and those that the store had."""
    here, (_, key) = server_of(request), visitor(request)
    await here.limits.save(here.state)
    return UsagePage(data=await asyncio.to_thread(keys.usage, here.state, key.name))


@get("/healthz", media_type=MediaType.TEXT, summary="Is it alive?", tags=["Operations"])
async def healthz() -> str:
    """As long as the process answers."""
    return "ok"


@get(
    "/readyz",
    media_type=MediaType.TEXT,
    summary="Can it speak?",
    tags=["Operations"],
    responses={503: ResponseSpec(ErrorBody, description="Not yet, or not any more.")},
)
async def readyz(request: Request[Any, Any, Any]) -> str:
    """Once what is to be loaded at the start is loaded, and until the server is being stopped."""
    here = server_of(request)
    if here.desk.failure or not here.ready:
        raise Refusal(503, "not ready", "unavailable", headers={"retry-after": "1"})
    return "ok"


@get("/metrics", guards=[right("metrics")], summary="For Prometheus", tags=["Operations"], responses=_REFUSED)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Requests, hits and misses, seconds of audio, the queue, the store, errors by code."""
    page = await asyncio.to_thread(server_of(request).meters.page)
    return Response(page, media_type=CONTENT_TYPE)


ROUTES = [
    *(create_speech, get_clip, head_clip, list_models, get_model, list_voices, create_voice, delete_voice),
    *(get_usage, healthz, readyz, metrics),
]


# Together


def application(settings: Settings, project: Project, store: str | None = None) -> ASGIApp:
    """The server as an ASGI application.

    Args:
        project: its defaults are those of requests, its presets can be named in them.
        store: URL or path; None: that of the project, or the usual one.

    Raises:
        InputError: a setting cannot be.
        StoreError: the store or the server's state cannot be opened.
    """
    kept = open_store(canonical_url(store or project.defaults.store or default_url()))
    state = State(settings.state)
    names = Names(settings, project.defaults)
    desk = Desk(
        kept,
        queue=settings.queue,
        linger=settings.linger,
        attempts=settings.attempts,
        workers=settings.workers,
        timeout=settings.timeout,
        idle=settings.idle,
    )
    limits = Limits()
    limits.load(state)
    here = Server(
        settings=settings,
        store=kept,
        state=state,
        names=names,
        desk=desk,
        speech=Speech(settings, kept, names, desk, project.presets),
        hits=Hits(),
        ring=Ring(state),
        limits=limits,
        meters=Meters(
            lambda: desk.waiting,
            lambda: desk.behind,
            lambda: sum(use.size for use in kept.stats().values()),
        ),
        access=AccessLog(json=settings.log_format == "json", texts=settings.log_texts),
    )
    desk.observe = here.meters.finished
    inside = Litestar(
        route_handlers=[*ROUTES, _page()],
        lifespan=[_running(here)],
        exception_handlers={Exception: _answered},
        request_max_body_size=None,
        cors_config=CORSConfig(allow_origins=list(settings.cors_origins)) if settings.cors_origins else None,
        openapi_config=_schema(),
        multipart_form_part_limit=16,
        logging_config=None,
    )
    inside.state.server = here
    door = Door(
        inside,
        settings=settings,
        store=kept,
        ring=here.ring,
        limits=limits,
        hits=here.hits,
        meters=here.meters,
        access=here.access,
    )
    here.sweep = door.sweep
    return door


def _running(here: Server) -> Any:
    """What goes on beside the requests."""

    @contextlib.asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        here.desk.start()
        tasks = [
            asyncio.ensure_future(each)
            for each in (
                _repeatedly(_FLUSH_EVERY, here.sweep),
                _repeatedly(_LOOK_EVERY, here.ring.refresh),
                _saving(here),
                _loading(here),
            )
        ]
        try:
            yield
        finally:
            here.ready = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(here.desk.stop)
            await here.limits.save(here.state)
            here.sweep()
            here.state.close()

    return running


async def _repeatedly(seconds: float, work: Any) -> None:
    while True:
        await asyncio.sleep(seconds)
        work()


async def _saving(here: Server) -> None:
    while True:
        await asyncio.sleep(_SAVE_EVERY)
        try:
            await here.limits.save(here.state)
        except SpeechError as error:
            log.error("usage could not be saved: %s", error)  # noqa: TRY400 - the message says it all


async def _loading(here: Server) -> None:
    for name in here.settings.preload:
        try:
            await here.speech.preload(name)
        except SpeechError as error:
            log.error("%s could not be loaded: %s", name, error)  # noqa: TRY400 - as above
            return
    here.ready = True


def _answered(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorBody]:
    """The envelope of an error of a route, of voxpress or of the framework."""
    told = _told(error)
    visitor(request)[0].error = told.code or str(told.status)
    return Response(told.facts(), status_code=told.status, headers=told.headers, media_type=MediaType.JSON)


def _told(error: Exception) -> Refusal:
    match error:
        case Refusal():
            return error
        case SpeechError():
            return refusal(error)
        case HTTPException():
            return _of_framework(error)
    log.error("a route failed", exc_info=error)
    return Refusal(500, "something went wrong here; the log says what", "internal_error")


_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


def _of_framework(error: HTTPException) -> Refusal:
    status, extra = error.status_code, error.extra
    headers = {k: v for k, v in (error.headers or {}).items() if k.lower() != "content-type"}
    if isinstance(extra, list) and extra and isinstance(extra[0], Mapping):
        field = str(extra[0].get("key", "")) or None
        message = f"{field}: {extra[0].get('message')}" if field else str(extra[0].get("message"))
        return Refusal(400, message, "invalid_value", param=field, headers=headers)
    return Refusal(status, error.detail or "refused", _CODES.get(status, "invalid_request"), headers=headers)


def _schema() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="voxpress",
        version=__version__,
        description="Speech that is spoken once: OpenAI's interface, over a store.",
        path="/docs",
        render_plugins=[
            SwaggerRenderPlugin(
                js_url="/docs/files/swagger-ui-bundle.js",
                css_url="/docs/files/swagger-ui.css",
                standalone_preset_js_url="/docs/files/swagger-ui-standalone-preset.js",
                path="/",
            ),
            JsonRenderPlugin(path="/openapi.json"),
        ],
        components=Components(
            security_schemes={"key": SecurityScheme(type="http", scheme="bearer", description="An API key.")}
        ),
        security=[{"key": []}],
    )


def _page() -> Any:
    """The files of the page that shows the schema, which come with a package: nothing is loaded from elsewhere."""
    import importlib.util

    package = importlib.util.find_spec("swagger_ui")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0], "static")
    return create_static_files_router(path="/docs/files", directories=[folder], include_in_schema=False)
