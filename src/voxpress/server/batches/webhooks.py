"""Webhooks: messages that a batch has ended, signed and sent again until an answer comes.

A client can choose their address, so they must not reach the network behind the server.

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
"""Before each further try; after the last, a webhook is given up."""
_DELIVERY_TIMEOUT: Seconds = 15.0
_DUE_EVERY: Seconds = 1.0
_MOST_AT_ONCE = 256
"""Deliveries at once: while one waits for an answer, it costs a socket."""
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
"""The deliveries to send next: the keys take turns, and of each key the hosts."""


class _EndEvent(msgspec.Struct, kw_only=True):
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
    """Queues webhooks in the database, and sends them."""

    def __init__(self, settings: Settings, state: Database) -> None:
        self._settings, self._state = settings, state
        self._deliveries: dict[str, asyncio.Task[None]] = {}
        self._hosts: dict[str, tuple[str, str]] = {}
        """Key and host of each delivery under way."""
        self._delivery_ended = asyncio.Event()

    async def announce(self, batch: Batch, url: str | None, secret: str) -> None:
        """Queue messages that a batch has ended, to the operator's addresses and to the batch's own."""
        kind = f"batch.{batch.status}"
        wanted = [(hook.url, hook.secret, 1) for hook in self._settings.webhooks if kind in hook.events]
        if url:
            wanted.append((url, secret, 0))
        rows = []
        for address, key, trusted in wanted:
            event = _EndEvent(
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
        """Send what is due, for as long as the server runs. A delivery that fails holds up no other."""
        try:
            while True:
                self._delivery_ended.clear()
                for row in self._choose_deliveries(await self._state.run(_select_due)):
                    task = self._deliveries[row[0]] = asyncio.ensure_future(self._deliver(*row[:6]))
                    task.add_done_callback(functools.partial(self._end_delivery, row[0]))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._delivery_ended.wait(), _DUE_EVERY)
        finally:
            for task in self._deliveries.values():
                task.cancel()

    def _choose_deliveries(self, due: Sequence[_Due]) -> Iterator[_Due]:
        """Deliveries to begin now. Hosts that do not answer, and keys with many of them, hold up no others."""
        keys = Counter(key for key, _ in self._hosts.values())
        hosts = Counter(self._hosts.values())
        for row in due:
            id, url, key = row[0], row[1], row[6]
            # Not checked here: the connection fails if it is no host.
            place = (key, url.partition("://")[2].partition("/")[0][:253])
            room = (
                keys.total() < _MOST_AT_ONCE and keys[key] < _MOST_OF_ONE and hosts[place] < _MOST_FOR_A_HOST
            )
            if room and id not in self._deliveries:
                keys[key] += 1
                hosts[place] += 1
                self._hosts[id] = place
                yield row

    def _end_delivery(self, id: str, task: asyncio.Task[None]) -> None:
        self._deliveries.pop(id, None)
        self._hosts.pop(id, None)
        self._delivery_ended.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("cannot write down how the delivery of webhook %s ended: %s", id, error)

    async def _deliver(
        self, id: str, url: str, secret: str, body: bytes, attempts: int, trusted: int
    ) -> None:
        problem = await post(url, secret, id, body, trusted=bool(trusted))
        _, host = self._hosts[id]
        if problem and attempts < len(_PAUSES):
            due = time.time() + _PAUSES[attempts]
            log.warning("webhook %s to %s: %s; again in %d s", id, host, problem, _PAUSES[attempts])

            def postpone(database: sqlite3.Connection) -> Any:
                database.execute(
                    "UPDATE deliveries SET attempts = attempts + 1, due = ? WHERE id = ?", (due, id)
                )

            await self._state.run(postpone)
            return
        if problem:
            log.error("webhook %s to %s was given up: %s", id, host, problem)
        await self._state.run(lambda database: database.execute("DELETE FROM deliveries WHERE id = ?", (id,)))


def _select_due(database: sqlite3.Connection) -> list[_Due]:
    # Deliveries under way are among them.
    most_of_host = 2 * _MOST_FOR_A_HOST
    return database.execute(_DUE, (time.time(), most_of_host, 2 * _MOST_AT_ONCE)).fetchall()


async def post(url: str, secret: str, id: str, body: bytes, *, trusted: bool) -> str:
    """Send a message; what went wrong, or nothing. Redirects are not followed: one could lead to an address inside."""
    try:
        async with asyncio.timeout(_DELIVERY_TIMEOUT):
            status = await _send(url, secret, id, body, trusted)
    except TimeoutError:
        return f"no answer within {_DELIVERY_TIMEOUT:g} s"
    except Exception as error:  # the edge of a delivery: it must cost no other
        return describe(error)
    return "" if 200 <= status < 300 else f"answered with {status}"


async def _send(url: str, secret: str, id: str, body: bytes, trusted: bool) -> int:
    parts = check_url(url, "url")
    host, secure = parts.hostname or "", parts.scheme == "https"
    connection = await _connect(host, parts.port or (443 if secure else 80), trusted)
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


async def _connect(host: str, port: int, trusted: bool) -> socket.socket:
    """A connection to one of the addresses of `host`, which must be public unless the operator chose the host.

    The address that was checked is the one that is used: a second look-up could give another.
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
"""A look-up can take half a minute, and must not hold a thread that speech needs."""
