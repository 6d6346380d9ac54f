"""The gateway: what happens to every request before and after its route.

A request gets an id. Its host, origin and key are checked, and the key's limit is counted. Its body is bounded in size
and time. Errors get their envelope. Every answer gets its id and, for pages of allowed origins, the headers that
browsers want, and it is counted and logged. A request that the store answered before is answered here: the way through
the framework would take longer than reading the file.
"""

from __future__ import annotations

import itertools
import logging
import secrets
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from voxpress.server.errors import to_refusal
from voxpress.server.http.admission import Admission
from voxpress.server.http.body_limits import BodyLimits
from voxpress.server.http.heads import check_head
from voxpress.server.http.hit_answers import HitAnswers
from voxpress.server.http.hit_cache import Hits
from voxpress.server.http.messages import Headers, send_empty, send_refusal
from voxpress.server.http.origins import Origins, is_preflight
from voxpress.server.http.paths import CLIPS, SPEECH
from voxpress.server.keys import Ring
from voxpress.server.limits import Limits
from voxpress.server.logs import AccessLog, Visit
from voxpress.server.metrics import Metrics
from voxpress.server.settings import Settings
from voxpress.store import Store

log = logging.getLogger("voxpress.server")

_CLIP_ROUTE = CLIPS + "{name}"
_MOST_UNWRITTEN = 128
"""Requests that are counted and logged at once: those that come meanwhile wait."""


class Gateway:
    """The outermost ASGI application."""

    def __init__(
        self,
        inside: ASGIApp,
        *,
        settings: Settings,
        store: Store,
        ring: Ring,
        limits: Limits,
        hits: Hits,
        metrics: Metrics,
        access: AccessLog,
    ) -> None:
        self._app, self._metrics, self._access = inside, metrics, access
        self._limits = limits
        self._origins = Origins(settings.cors_origins)
        self._admission = Admission(settings, ring, self._origins)
        self._body_limits = BodyLimits(settings)
        self._hit_answers = HitAnswers(hits, store, limits)
        # Unique across servers and starts, and made in a tenth of a UUID's time.
        self._series, self._count = secrets.token_hex(8), itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if not _is_http(scope):
            await self._app(scope, receive, send)
            return
        method, path = str(scope["method"]), scope["path"]  # type: ignore[typeddict-item]
        visit = Visit(request_id=f"req_{self._series}{next(self._count):08x}", method=method, path=path)
        every: Headers = list(scope["headers"])
        headers = dict(every)
        always = [
            *self._origins.headers(headers.get(b"origin")),
            (b"x-request-id", visit.request_id.encode()),
        ]
        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                visit.status = message["status"]
                message["headers"] = [*message["headers"], *always]
            await send(message)

        try:
            check_head(scope, every, headers)
            if is_preflight(method, headers):
                await send_empty(204, self._origins.preflight(headers), answer)
                return
            key = self._admission.admit(method, path, headers)
            visit.key = key.name
            await self._limits.charge_request(key)
            if method == "POST" and path == SPEECH:
                body = await self._body_limits.read_json(headers, receive)
                if await self._hit_answers.answer_speech(body, key, headers, visit, always, send):
                    return
                receive = _replay(body, receive)
            elif path.startswith(CLIPS) and await self._hit_answers.answer_clip(
                path, key, headers, visit, answer
            ):
                return
            else:
                receive = self._body_limits.bound(method, path.rstrip("/"), headers, receive)
            scope["voxpress"] = (visit, key)  # type: ignore[typeddict-unknown-key]
            # Every route that takes GET takes HEAD; the protocol leaves the body out.
            inside: Any = {**scope, "method": "GET"} if method == "HEAD" else scope
            try:
                await self._app(inside, receive, answer)
            finally:
                visit.route = inside.get("path_template", "")
        except Exception as error:  # the edge: the client must not take any error for a success
            if started:
                # Without an end of the body the connection is cut, which every client notices.
                visit.error = "cut_off"
                log.warning("the answer to %s was cut off: %s", visit.request_id, _describe_cause(error))
                return
            refused = to_refusal(error)
            visit.error = refused.code or ""
            await send_refusal(refused, answer)
        finally:
            self._record_visit(visit)

    def sweep(self) -> None:
        """Count and log what was answered since the last time, and end what waits for bodies too long."""
        self._metrics.count(self._access.flush())
        self._body_limits.sweep()

    def _record_visit(self, visit: Visit) -> None:
        visit.route = visit.route or (
            SPEECH if visit.path == SPEECH else _CLIP_ROUTE if visit.path.startswith(CLIPS) else "other"
        )
        if self._access.add(visit) >= _MOST_UNWRITTEN:
            self._metrics.count(self._access.flush())


def _describe_cause(error: BaseException) -> str:
    """The first cause of an error, in a line."""
    while isinstance(error, BaseExceptionGroup) or error.__cause__ is not None:
        error = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__ or error
    return f"{type(error).__name__}: {error}"


def _is_http(scope: Scope) -> bool:
    return scope["type"] == ScopeType.HTTP


def _replay(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives a body which was read already, and then what follows it."""
    given = False

    async def replay() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
