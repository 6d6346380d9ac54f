"""Builds the server from its parts, starts it and stops it."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, SerializationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import SwaggerRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.params import FromPath
from litestar.response import File
from litestar.serialization import decode_json
from litestar.types import ASGIApp

from voxpress import __version__
from voxpress.executors import Cluster
from voxpress.rendering.projects import Project
from voxpress.server.aliases import Aliases
from voxpress.server.background import Background, Work
from voxpress.server.batches.file_store import FileStore
from voxpress.server.batches.input_lines import BatchInputs
from voxpress.server.batches.intake import Intake
from voxpress.server.batches.line_worker import LineWorker
from voxpress.server.batches.output_files import OutputFiles
from voxpress.server.batches.records import BatchRecords
from voxpress.server.batches.runner import BatchRunner
from voxpress.server.batches.webhooks import Webhooks
from voxpress.server.context import Server, visitor
from voxpress.server.databases import open_database
from voxpress.server.dispatcher import Dispatcher
from voxpress.server.errors import Refusal, to_refusal
from voxpress.server.http.gateway import Gateway
from voxpress.server.http.hit_cache import Hits
from voxpress.server.http.multipart import MOST_PARTS
from voxpress.server.keys import Ring
from voxpress.server.leases import RENEW_EVERY, Leases
from voxpress.server.limits import Limits
from voxpress.server.logs import AccessLog
from voxpress.server.metrics import Metrics
from voxpress.server.openapi import ExactJson
from voxpress.server.routes import audio, batches, files, operations, voices
from voxpress.server.schemas import ErrorBody
from voxpress.server.settings import Settings
from voxpress.server.speech.hits import HitMaker
from voxpress.server.speech.planner import SpeechPlanner
from voxpress.server.speech.service import Speech
from voxpress.server.speech.streams import SpeechStreams
from voxpress.store import Store, canonical_url, default_url, open_store

_FLUSH_EVERY, _REFRESH_EVERY, _SAVE_EVERY = 0.25, 1.0, 5.0
_ROUTES = [*audio.ROUTES, *voices.ROUTES, *files.ROUTES, *batches.ROUTES, *operations.ROUTES]


def application(
    settings: Settings,
    project: Project,
    store: str | None = None,
    wyoming: socket.socket | None = None,
    cluster: Cluster | None = None,
) -> ASGIApp:
    """The server as an ASGI application.

    Args:
        project: its defaults hold for requests, which can name its presets.
        store: URL or path; None: that of the project, or the usual one.
        wyoming: where to listen for the Wyoming protocol; None: nowhere.
        cluster: where texts are spoken; None: in processes of this machine.

    Raises:
        InputError: a setting is wrong.
        StoreError: the store or the server's state cannot be opened.
    """
    url = canonical_url(store or project.defaults.store or default_url())
    here = _build_server(settings, project, open_store(url), cluster)
    inside = Litestar(
        route_handlers=[*_ROUTES, _make_page_route()],
        lifespan=[
            _make_lifespan(here),
            *([_make_wyoming_lifespan(here, project, wyoming)] if wyoming else []),
        ],
        exception_handlers={Exception: _answer_error},
        request_max_body_size=None,
        openapi_config=_make_openapi_config(),
        multipart_form_part_limit=MOST_PARTS,
        request_class=JsonRequest,
        logging_config=None,
    )
    inside.state.server = here
    gateway = Gateway(
        inside,
        settings=settings,
        store=here.store,
        ring=here.ring,
        limits=here.limits,
        hits=here.hits,
        metrics=here.metrics,
        access=here.access,
    )
    here.sweep = gateway.sweep
    return gateway


def _build_server(
    settings: Settings, project: Project, store: Store, cluster: Cluster | None = None
) -> Server:
    state = open_database(settings.state)
    leases = Leases(state)
    names = Aliases(settings, project.defaults, project.cast)
    for model in settings.preload:
        names.resolve(model, None)
    dispatcher = Dispatcher(
        store,
        queue=settings.queue,
        linger=settings.linger,
        attempts=settings.attempts,
        workers=settings.workers,
        timeout=settings.timeout,
        idle=settings.idle,
        cluster=cluster,
        claims=store.claims(leases.holder) if state.is_shared and store.is_shared else None,
    )
    metrics = Metrics(
        lambda: dispatcher.waiting_count,
        lambda: dispatcher.background_count,
        lambda: sum(use.size for use in store.stats().values()),
    )
    background = Background(metrics.count_restart)
    dispatcher.on_result = metrics.count_result
    dispatcher.on_failure = lambda error: background.note("texts are spoken", error)
    ring, limits = Ring(state), Limits(state)
    speech = Speech(settings, store, names, SpeechPlanner(settings, names, project), dispatcher)
    files, webhooks = FileStore(state), Webhooks(settings, state)
    records, inputs = BatchRecords(state, leases), BatchInputs(state, settings.max_lines)
    batch_runner = BatchRunner(
        records,
        leases,
        inputs,
        Intake(settings, records, files, inputs),
        LineWorker(settings, speech, records, ring, limits),
        OutputFiles(records, files),
        ring,
        webhooks,
        background,
    )
    return Server(
        settings=settings,
        store=store,
        state=state,
        names=names,
        dispatcher=dispatcher,
        speech=speech,
        streams=SpeechStreams(settings, store, speech),
        hit_maker=HitMaker(settings, store),
        hits=Hits(),
        ring=ring,
        limits=limits,
        metrics=metrics,
        access=AccessLog(json=settings.log_format == "json", texts=settings.log_texts),
        files=files,
        webhooks=webhooks,
        batch_records=records,
        batch_runner=batch_runner,
        background=background,
    )


class JsonRequest(Request[Any, Any, Any]):
    """A request whose body may be any JSON."""

    async def json(self) -> Any:
        """The body, decoded.

        Raises:
            Refusal: it is not JSON.
        """
        try:
            body = await super().body()
            if body.startswith(codecs.BOM_UTF8):
                return decode_json(body.removeprefix(codecs.BOM_UTF8))
            return await super().json()
        except RecursionError:
            raise Refusal(400, "the JSON is nested too deeply", "invalid_json") from None
        except (UnicodeDecodeError, SerializationException) as error:
            raise Refusal(400, f"the body is not JSON: {error}", "invalid_json") from None


def _make_lifespan(here: Server) -> Any:
    """The framework's lifespan: it starts the work beside the requests, and ends it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        here.dispatcher.start()
        background = here.background
        background.repeat("requests are counted", _FLUSH_EVERY, _make_async(here.sweep))
        # Outside the event loop: the database may be busy with a line that holds audio.
        background.repeat("keys are read again", _REFRESH_EVERY, lambda: here.state.call(here.ring.refresh))
        background.repeat("usage is saved", _SAVE_EVERY, here.limits.save)
        background.repeat("files expire", _SAVE_EVERY, here.files.expire)
        background.start("store and models are made ready", lambda: _make_ready(here))
        background.start("webhooks are sent", here.webhooks.run)
        background.start("batches go on", here.batch_runner.tend)
        background.repeat("batches are tended", RENEW_EVERY, here.batch_runner.tend)
        try:
            yield
        finally:
            here.ready = False
            await background.stop()
            await here.batch_runner.leave()
            await here.dispatcher.leave_all()
            await asyncio.to_thread(here.dispatcher.stop)
            await here.limits.save()
            here.sweep()
            here.state.close()

    return lifespan


def _make_wyoming_lifespan(here: Server, project: Project, socket: socket.socket) -> Any:
    """The lifespan of the Wyoming protocol, within that of the work that it asks for."""
    from voxpress.server.wyoming.listener import WyomingListener

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        listener = WyomingListener(here, project.defaults.engine)
        await listener.start(socket)
        try:
            yield
        finally:
            await listener.stop()

    return lifespan


def _make_async(work: Callable[[], None]) -> Work:
    async def work_async() -> None:
        work()

    return work_async


async def _make_ready(here: Server) -> None:
    """See that the store answers, prepare engines and preload models; then the server is ready."""
    await asyncio.to_thread(here.store.require)
    await here.speech.prepare()
    for name in here.settings.preload:
        await here.speech.preload(name)
    here.ready = True


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorBody]:
    """The envelope of an error of a route, of voxpress or of the framework."""
    if isinstance(error, HTTPException) and error.status_code < 500:
        refused = _convert_framework_error(error)
    else:
        refused = to_refusal(error)
    visitor(request)[0].error = refused.code or str(refused.status)
    return Response(
        refused.facts(), status_code=refused.status, headers=refused.headers, media_type=MediaType.JSON
    )


_UNKNOWN_FIELD = re.compile(r"unknown field `(.+?)`")
_CODE_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


def _convert_framework_error(error: HTTPException) -> Refusal:
    status, extra = error.status_code, error.extra
    headers = {k: v for k, v in (error.headers or {}).items() if k.lower() != "content-type"}
    if "GET" in headers.get("allow", ""):
        headers["allow"] += ", HEAD"
    if isinstance(extra, list) and extra and isinstance(extra[0], Mapping):
        field, message = str(extra[0].get("key", "")) or None, str(extra[0].get("message"))
        if unknown := _UNKNOWN_FIELD.search(message):
            field, message = unknown[1], "this field does not exist"
        elif field == "data":
            field = None
            message = "the body is missing" if message == "'data'" else message
        message = f"{field}: {message}" if field else message
        return Refusal(400, message, "invalid_value", param=field, headers=headers)
    return Refusal(
        status, error.detail or "refused", _CODE_BY_STATUS.get(status, "invalid_request"), headers=headers
    )


def _make_openapi_config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="voxpress",
        version=__version__,
        description="OpenAI's interface for speech: what was spoken once is served from disk.",
        path="/docs",
        render_plugins=[
            SwaggerRenderPlugin(
                js_url="/docs/files/swagger-ui-bundle.js",
                css_url="/docs/files/swagger-ui.css",
                standalone_preset_js_url="/docs/files/swagger-ui-standalone-preset.js",
                path="/",
                favicon="<link rel='icon' href='/docs/files/favicon-32x32.png'>",
            ),
            ExactJson(path="/openapi.json"),
        ],
        components=Components(
            security_schemes={"key": SecurityScheme(type="http", scheme="bearer", description="An API key.")}
        ),
        security=[{"key": []}],
    )


_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".png": "image/png", ".html": "text/html"}
"""Python takes these from the system, and a browser refuses a style sheet of another type."""


def _make_page_route() -> Any:
    """The route of the files of the page /docs. They come with a package, so browsers load nothing from elsewhere."""
    import importlib.util

    package = importlib.util.find_spec("swagger_ui")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0], "static")
    files = {path.name: path for path in folder.iterdir() if path.is_file()}

    @get("/docs/files/{name:str}", include_in_schema=False)
    async def get_page_file(name: FromPath[str]) -> File:
        if name not in files:
            raise Refusal(404, f"no file {name!r}", "not_found", param="name")
        kind = _MEDIA_TYPES.get(files[name].suffix, "application/octet-stream")
        return File(files[name], content_disposition_type="inline", media_type=kind)

    return get_page_file
