"""What the routes share: the parts of the server, and helpers to reach them from a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec

from voxpress.server.aliases import Aliases
from voxpress.server.background import Background
from voxpress.server.batches.file_store import FileStore
from voxpress.server.batches.records import BatchRecords
from voxpress.server.batches.runner import BatchRunner
from voxpress.server.batches.webhooks import Webhooks
from voxpress.server.databases import Database
from voxpress.server.dispatcher import Dispatcher
from voxpress.server.errors import Refusal
from voxpress.server.http.hit_cache import Hits
from voxpress.server.keys import Key, Right, Ring
from voxpress.server.limits import Limits
from voxpress.server.logs import AccessLog, Visit
from voxpress.server.metrics import Metrics
from voxpress.server.schemas import ErrorBody
from voxpress.server.settings import Settings
from voxpress.server.speech.hits import HitMaker
from voxpress.server.speech.service import Speech
from voxpress.server.speech.streams import SpeechStreams
from voxpress.store import Store

REFUSED = {
    status: ResponseSpec(ErrorBody, description=why)
    for status, why in {
        400: "The request is wrong.",
        401: "No key, or a wrong one.",
        403: "The key may not do this.",
        404: "Nothing has this name.",
        408: "The body stopped coming.",
        413: "The body is too large.",
        429: "Too many requests; retry-after says when to send another.",
        500: "It could not be spoken.",
        503: "Not ready; retry-after says when to ask again.",
    }.items()
}
UPLOAD = {**REFUSED, 415: ResponseSpec(ErrorBody, description="The body is no form.")}
WRITTEN = {**REFUSED, 415: ResponseSpec(ErrorBody, description="The body is not JSON.")}


@dataclass
class Server:
    """The parts of a server."""

    settings: Settings
    store: Store
    state: Database
    names: Aliases
    dispatcher: Dispatcher
    speech: Speech
    streams: SpeechStreams
    hit_maker: HitMaker
    hits: Hits
    ring: Ring
    limits: Limits
    metrics: Metrics
    access: AccessLog
    files: FileStore
    webhooks: Webhooks
    batch_records: BatchRecords
    batch_runner: BatchRunner
    background: Background
    ready: bool = False
    sweep: Callable[[], None] = lambda: None
    """The gateway's sweep, several times a second."""


def requires(needed: Right) -> Any:
    """A guard that refuses keys without a right."""

    # Not a plain function: the framework runs those in threads, which may all wait for the store.
    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if needed not in visitor(connection)[1].may:
            raise Refusal(
                403, f"this key may not use {needed}: voxpress keys add NAME --may {needed}", "not_allowed"
            )

    return guard


def visitor(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[Visit, Key]:
    """What the log will have of a request, and the key that sent it."""
    return connection.scope["voxpress"]  # type: ignore[typeddict-item,no-any-return]


def server_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Server:
    """What the routes of a connection's server share."""
    found: Server = connection.app.state.server
    return found


def base_of(request: Request[Any, Any, Any]) -> str:
    """What comes before ``/v1`` in addresses: what the operator set, or what the request was sent to."""
    host = request.headers.get("host", "")  # the gateway has checked that it is one
    return server_of(request).settings.public_url or (f"{request.scope['scheme']}://{host}" if host else "")
