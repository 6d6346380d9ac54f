"""A server that others reach stays closed when its last key is removed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from voxpress.rendering.projects import Project
from voxpress.server.app import application
from voxpress.server.settings import Settings


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 404), ("0.0.0.0", 401), ("::", 401)])
def test_without_keys_only_this_machine_is_let_in(tmp_path: Path, host: str, status: int) -> None:
    """Whoever reaches the server can send any name of a host, so the name alone does not count."""
    told = Settings(host=host, state=str(tmp_path / "state"), engines=["tone"])
    app = application(told, Project(presets={}), str(tmp_path / "store"))
    given: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        given.append(message)

    scope: Any = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/nothing",
        "raw_path": b"/v1/nothing",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("192.0.2.1", 1234),
        "server": ("192.0.2.2", 8880),
        "state": {},
    }
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert given[0]["status"] == status
