"""Health, metrics, and what a key asked for."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, get
from litestar.enums import MediaType
from litestar.openapi import ResponseSpec

from voxpress.server import keys
from voxpress.server.context import REFUSED, requires, server_of, visitor
from voxpress.server.errors import Refusal
from voxpress.server.metrics import CONTENT_TYPE
from voxpress.server.schemas import ErrorBody, UsagePage


@get("/v1/usage", summary="What this key asked for, by day", tags=["Operations"], responses=REFUSED)
async def get_usage(request: Request[Any, Any, Any]) -> UsagePage:
    """Requests and characters of each day: how many were spoken for the key, and how many came from the store."""
    here, (_, key) = server_of(request), visitor(request)
    await here.limits.save()
    return UsagePage(data=await asyncio.to_thread(keys.usage, here.state, key.name))


@get("/healthz", media_type=MediaType.TEXT, summary="Is it alive?", tags=["Operations"])
async def healthz() -> str:
    """200 as long as the process answers."""
    return "ok"


@get(
    "/readyz",
    media_type=MediaType.TEXT,
    summary="Can it speak?",
    tags=["Operations"],
    responses={503: ResponseSpec(ErrorBody, description="Not ready yet, or stopping.")},
)
async def readyz(request: Request[Any, Any, Any]) -> str:
    """From when the store answers and models are loaded until the server stops, while no background task is down."""
    here = server_of(request)
    problems = [f"{name}: {problem}" for name, problem in here.background.problems.items()]
    if problems or not here.ready:
        reason = "; ".join(problems) or "engines are being prepared and loaded"
        raise Refusal(503, f"not ready: {reason}", "unavailable", headers={"retry-after": "1"})
    return "ok"


@get(
    "/metrics", guards=[requires("metrics")], summary="For Prometheus", tags=["Operations"], responses=REFUSED
)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Requests, hits and misses, seconds of audio, the queue, the store, errors by code."""
    here = server_of(request)
    here.sweep()
    page = await asyncio.to_thread(here.metrics.render)
    return Response(page, media_type=CONTENT_TYPE)


ROUTES = (get_usage, healthz, readyz, metrics)
