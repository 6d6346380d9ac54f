"""Telling others that a batch has ended: signed, tried again, and never a way into the network behind the server.

Signatures are those of Standard Webhooks, which OpenAI's client verifies: HMAC-SHA256 over id, time and body.
Source: github.com/standard-webhooks/standard-webhooks, specification 1.0.0.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import hashlib
import hmac
import ipaddress
import logging
import re
import secrets
import socket
import sqlite3
import ssl
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import msgspec

from voxpress.engines import describe
from voxpress.errors import InputError
from voxpress.server.batches.addresses import check_url, is_public
from voxpress.server.database import Database
from voxpress.server.schemas import Batch
from voxpress.server.settings import Settings
from voxpress.speech import Seconds

log = logging.getLogger("voxpress.server")

_PAUSES: tuple[Seconds, ...] = (5, 30, 120, 600, 1800, 7200, 18000, 36000)
"""Before the next try; after the last, a webhook is given up."""
_PATIENCE: Seconds = 15.0
_LOOK_EVERY: Seconds = 1.0
_MOST = 256
"""Deliveries at once: nearly all of them wait for an answer, which costs a socket."""
_MOST_OF_ONE = 32
"""Of one key."""
_MOST_FOR_A_HOST = 4
_LONGEST_ANSWER = 4096
"""Bytes of an answer's first line; nothing after it is read."""

_Due: TypeAlias = tuple[str, str, str, bytes, int, int, str]
"""Id, URL, secret, body, attempts so far, whether the operator chose the URL, and the key whose batch it is about."""

_DUE = """
WITH waiting AS (
    SELECT deliveries.*, CASE WHEN trusted THEN '' ELSE coalesce(owner, '') END AS key,
        substr(url, 1, 8 + instr(substr(url, 9) || '/', '/')) AS host
    FROM deliveries LEFT JOIN batches ON batches.id = json_extract(CAST(body AS TEXT), '$.data.id')
    WHERE due <= ?
), hosts AS (
    SELECT *, row_number() OVER (PARTITION BY key, host ORDER BY due) AS in_host FROM waiting
), turns AS (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY in_host, attempts, due) AS turn FROM hosts
    WHERE in_host <= ?
)
SELECT id, url, secret, body, attempts, trusted, key FROM turns ORDER BY turn, due LIMIT ?
"""
"""The keys take turns, and of each key the hosts."""


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
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    content = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


class Webhooks:
    """Webhooks that are to be sent, and the sending."""

    def __init__(self, settings: Settings, state: Database) -> None:
        self._settings, self._state = settings, state
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._places: dict[str, tuple[str, str]] = {}
        """Of what is being sent: key and host."""
        self._ended = asyncio.Event()

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
        """Send what is due, for as long as the server runs. Whatever goes wrong with one delivery is its own."""
        try:
            while True:
                self._ended.clear()
                for row in self._next(await self._state.run(_due)):
                    task = self._sending[row[0]] = asyncio.ensure_future(self._deliver(*row[:6]))
                    task.add_done_callback(functools.partial(self._sent, row[0]))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _LOOK_EVERY)
        finally:
            for task in self._sending.values():
                task.cancel()

    def _next(self, due: Sequence[_Due]) -> Iterator[_Due]:
        """Those to begin now: a host that does not answer keeps no other waiting, nor a key that has many such."""
        keys = Counter(key for key, _ in self._places.values())
        hosts = Counter(self._places.values())
        for row in due:
            id, url, key = row[0], row[1], row[6]
            # Whether it is a host is found when it is called.
            place = (key, url.partition("://")[2].partition("/")[0][:253])
            room = keys.total() < _MOST and keys[key] < _MOST_OF_ONE and hosts[place] < _MOST_FOR_A_HOST
            if room and id not in self._sending:
                keys[key] += 1
                hosts[place] += 1
                self._places[id] = place
                yield row

    def _sent(self, id: str, task: asyncio.Task[None]) -> None:
        self._sending.pop(id, None)
        self._places.pop(id, None)
        self._ended.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("webhook %s could not be written down: %s", id, error)

    async def _deliver(
        self, id: str, url: str, secret: str, body: bytes, attempts: int, trusted: int
    ) -> None:
        problem = await post(url, secret, id, body, trusted=bool(trusted))
        _, host = self._places[id]
        if problem and attempts < len(_PAUSES):
            due = time.time() + _PAUSES[attempts]
            log.warning("webhook %s to %s: %s; again in %d s", id, host, problem, _PAUSES[attempts])

            def later(database: sqlite3.Connection) -> Any:
                database.execute(
                    "UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE id = ?", (due, id)
                )

            await self._state.run(later)
            return
        if problem:
            log.error("webhook %s to %s was given up: %s", id, host, problem)
        await self._state.run(lambda database: database.execute("DELETE FROM deliveries WHERE id = ?", (id,)))


def _due(database: sqlite3.Connection) -> list[_Due]:
    # Those that are being sent are among them.
    most_of_host = 2 * _MOST_FOR_A_HOST
    return database.execute(_DUE, (time.time(), most_of_host, 2 * _MOST)).fetchall()


async def post(url: str, secret: str, id: str, body: bytes, *, trusted: bool) -> str:
    """Send a message; what went wrong, or nothing. A redirect is not followed: it could lead anywhere."""
    try:
        async with asyncio.timeout(_PATIENCE):
            status = await _posted(url, secret, id, body, trusted)
    except TimeoutError:
        return f"no answer within {_PATIENCE:g} s"
    except Exception as error:  # the edge of a delivery: it may cost nothing but this delivery
        return describe(error)
    return "" if 200 <= status < 300 else f"answered with {status}"


async def _posted(url: str, secret: str, id: str, body: bytes, trusted: bool) -> int:
    parts = check_url(url, "url")
    host, secure = parts.hostname or "", parts.scheme == "https"
    connection = await _connected(host, parts.port or (443 if secure else 80), trusted)
    reader, writer = await asyncio.open_connection(
        sock=connection,
        ssl=ssl.create_default_context() if secure else None,
        server_hostname=host if secure else None,
        limit=_LONGEST_ANSWER,
    )
    try:
        now = int(time.time())
        head = {
            "host": parts.netloc,
            "content-type": "application/json",
            "content-length": str(len(body)),
            "user-agent": "voxpress",
            "connection": "close",
            "webhook-id": id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(secret, id, now, body),
        }
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        line = await reader.readline()
        found = re.match(rb"HTTP/1\.[01] (\d{3})[ \r\n]", line)
        if found is None:
            raise ConnectionError(f"answered with {line[:40]!r}, which is not HTTP")
        return int(found[1])
    finally:
        writer.close()


async def _connected(host: str, port: int, trusted: bool) -> socket.socket:
    """A connection to one of the addresses of `host`, each of which is looked at first unless the operator chose it.

    The address that was looked at is the one that is used: a name that resolves otherwise the next time gains nothing.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    found = await loop.run_in_executor(
        _RESOLVERS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    for family, kind, protocol, _, address in found:
        if not trusted and not is_public(ipaddress.ip_address(str(address[0]).partition("%")[0])):
            raise InputError(f"{host} is {address[0]}, which is not on the public network")
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            failure = error
            continue
        except BaseException:
            connection.close()
            raise
        return connection
    raise failure or OSError(f"{host} has no address")


_RESOLVERS = ThreadPoolExecutor(4, "voxpress-names")
"""Looking a name up can take half a minute, and must not keep a thread that speech needs."""
