"""Telling others that a batch has ended: signed, tried again, and never a way into the network behind the server.

Signatures are those of Standard Webhooks, which OpenAI's client verifies: HMAC-SHA256 over id, time and body.
Source: github.com/standard-webhooks/standard-webhooks, specification 1.0.0.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import http.client
import ipaddress
import logging
import secrets
import socket
import sqlite3
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import msgspec

from voxpress.errors import InputError
from voxpress.server.contract import Batch
from voxpress.server.settings import Settings
from voxpress.server.state import State
from voxpress.speech import Seconds

log = logging.getLogger("voxpress.server")

_PAUSES: tuple[Seconds, ...] = (5, 30, 120, 600, 1800, 7200, 18000, 36000)
"""Before the next try; after the last, a webhook is given up."""
_PATIENCE: Seconds = 15.0
_LOOK_EVERY: Seconds = 1.0


class _Event(msgspec.Struct, kw_only=True):
    id: str
    type: str
    created_at: int
    data: dict[str, str]
    object: str = "event"


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``.

    >>> sign("whsec_c2VjcmV0", "msg_1", 1700000000, b"{}")
    'v1,A5oIrJxXPB/PkULSoVu0e4khvPiqpF9vljmhkSKg0FI='
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def check_address(url: str) -> None:
    """Raise unless `url` is an address on the public network, as far as it says itself.

    Raises:
        InputError
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password:
        raise InputError(f"webhook_url must be an https address without a user name, not {url!r}")


class Webhooks:
    """Webhooks that are to be sent, and the sending."""

    def __init__(self, settings: Settings, state: State) -> None:
        self._settings, self._state = settings, state

    async def announce(self, batch: Batch, url: str | None, secret: str) -> None:
        """Have everyone who wants it told that a batch has ended."""
        kind = f"batch.{batch.status}"
        wanted = [(hook.url, hook.secret, 1) for hook in self._settings.webhooks if kind in hook.events]
        if url:
            wanted.append((url, secret, 0))
        rows = []
        for address, key, trusted in wanted:
            event = _Event(
                id=f"evt_{secrets.token_hex(12)}",
                type=kind,
                created_at=int(time.time()),
                data={"id": batch.id},
            )
            body = msgspec.json.encode(event)
            rows.append((f"msg_{secrets.token_hex(12)}", address, key, body, 0, time.time(), trusted))
        if rows:
            await self._state.run(
                lambda database: database.executemany(
                    "INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?)", rows
                )
            )

    async def run(self) -> None:
        """Send what is due, for as long as the server runs."""
        while True:
            due = await self._state.run(
                lambda database: database.execute(
                    "SELECT id, url, secret, body, attempts, trusted FROM deliveries"
                    " WHERE due <= ? ORDER BY due LIMIT 20",
                    (time.time(),),
                ).fetchall()
            )
            await asyncio.gather(*(self._deliver(*row) for row in due))
            if not due:
                await asyncio.sleep(_LOOK_EVERY)

    async def _deliver(
        self, id: str, url: str, secret: str, body: bytes, attempts: int, trusted: int
    ) -> None:
        problem = await asyncio.to_thread(_post, url, secret, id, body, bool(trusted))
        if problem and attempts < len(_PAUSES):
            due = time.time() + _PAUSES[attempts]
            log.warning(
                "webhook %s to %s: %s; again in %d s", id, urlsplit(url).hostname, problem, _PAUSES[attempts]
            )

            def later(database: sqlite3.Connection) -> Any:
                database.execute(
                    "UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE id = ?", (due, id)
                )

            await self._state.run(later)
            return
        if problem:
            log.error("webhook %s to %s was given up: %s", id, urlsplit(url).hostname, problem)
        await self._state.run(lambda database: database.execute("DELETE FROM deliveries WHERE id = ?", (id,)))


def _post(url: str, secret: str, id: str, body: bytes, trusted: bool) -> str:
    """Send it; what went wrong, or nothing. A redirect is not followed: it could lead anywhere."""
    parts = urlsplit(url)
    now = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "voxpress",
        "webhook-id": id,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(secret, id, now, body),
    }
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
        connection.sock = _connected(host, port, trusted)
        if secure:
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {**headers, "host": parts.netloc})
        status = connection.getresponse().status
        connection.close()
    except (OSError, http.client.HTTPException, InputError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if 200 <= status < 300 else f"answered with {status}"


def _connected(host: str, port: int, trusted: bool) -> socket.socket:
    """A connection to one of the addresses of `host`, each of which is looked at first unless the operator chose it.

    The address that was looked at is the one that is used: a name that resolves otherwise the next time gains nothing.
    """
    failure: OSError | None = None
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not trusted and not ipaddress.ip_address(address[0]).is_global:
            raise InputError(f"{host} is {address[0]}, which is not on the public network")
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(_PATIENCE)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
            continue
        return connection
    raise failure or OSError(f"{host} has no address")
