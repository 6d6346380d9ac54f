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
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec

from voxpress.engines import describe
from voxpress.errors import InputError
from voxpress.server.batches.addresses import check_url, is_public
from voxpress.server.batches.records import Job
from voxpress.server.databases import Database, Transaction
from voxpress.server.schemas import BatchStatus
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

_HOLD: Seconds = 2 * _DELIVERY_TIMEOUT
"""How long a delivery that a server has begun is left to it. If it was killed meanwhile, another one begins then."""

_DUE = """
WITH hosts AS (
    SELECT *, row_number() OVER (PARTITION BY key, host ORDER BY due) AS in_host FROM deliveries WHERE due <= epoch()
), turns AS (
    SELECT *, row_number() OVER (PARTITION BY key ORDER BY in_host, attempts, due) AS turn FROM hosts
    WHERE in_host <= ?
)
SELECT id, url, secret, body, attempts, trusted, key, host FROM turns ORDER BY turn, due LIMIT ?
"""
"""The deliveries to send next: the keys take turns, and of each key the hosts."""


class _Delivery(NamedTuple):
    id: str
    url: str
    secret: str
    body: bytes
    attempts: int
    trusted: int
    """Whether the operator chose the URL."""
    key: str
    """Whose batch it is about, where a client chose the URL."""
    host: str


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
    """Queues webhooks in the database, and sends them: each by one of the servers that share the database."""

    def __init__(self, settings: Settings, state: Database) -> None:
        self._settings, self._state = settings, state
        self._under_way: dict[str, _Delivery] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._delivery_ended = asyncio.Event()

    def queue(self, job: Job, status: BatchStatus) -> Callable[[Transaction], None]:
        """What queues the messages that a batch has ended, to the operator's addresses and to the batch's own."""
        kind = f"batch.{status}"
        options = job.options
        wanted = [(hook.url, hook.secret, 1, "") for hook in self._settings.webhooks if kind in hook.events]
        if options.webhook_url:
            wanted.append((options.webhook_url, options.webhook_secret, 0, job.owner))
        rows = []
        for url, secret, trusted, key in wanted:
            event = _EndEvent(
                id=f"evt_{secrets.token_hex(12)}",
                type=kind,
                created_at=int(time.time()),
                data={"id": job.batch.id},
            )
            id, body = f"msg_{secrets.token_hex(12)}", msgspec.json.encode(event)
            rows.append((id, url, secret, body, 0, time.time(), trusted, key, host_of(url)))

        def insert(database: Transaction) -> None:
            if rows:
                database.executemany("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

        return insert

    async def run(self) -> None:
        """Send what is due, for as long as the server runs. A delivery that fails holds up no other."""
        try:
            while True:
                self._delivery_ended.clear()
                for each in await self._state.run(self._take):
                    self._under_way[each.id] = each
                    task = asyncio.ensure_future(self._deliver(each))
                    self._tasks.add(task)
                    task.add_done_callback(functools.partial(self._end_delivery, each))
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._delivery_ended.wait(), _DUE_EVERY)
        finally:
            for task in self._tasks:
                task.cancel()

    def _take(self, database: Transaction) -> list[_Delivery]:
        """Take deliveries to begin now, so that no other server begins them."""
        due = database.execute(_DUE, (_MOST_FOR_A_HOST, _MOST_AT_ONCE)).fetchall()
        taken = list(self._choose([_Delivery(*row) for row in due]))
        for each in taken:
            database.execute("UPDATE deliveries SET due = epoch() + ? WHERE id = ?", (_HOLD, each.id))
        return taken

    def _choose(self, due: Sequence[_Delivery]) -> Iterator[_Delivery]:
        """Those that there is room for. Hosts that do not answer, and keys with many of them, hold up no others."""
        under_way = list(self._under_way.values())
        keys = Counter(each.key for each in under_way)
        hosts = Counter((each.key, each.host) for each in under_way)
        for each in due:
            place = (each.key, each.host)
            room = (
                keys.total() < _MOST_AT_ONCE
                and keys[each.key] < _MOST_OF_ONE
                and hosts[place] < _MOST_FOR_A_HOST
            )
            if room and each.id not in self._under_way:
                keys[each.key] += 1
                hosts[place] += 1
                yield each

    def _end_delivery(self, delivery: _Delivery, task: asyncio.Task[None]) -> None:
        self._under_way.pop(delivery.id, None)
        self._tasks.discard(task)
        self._delivery_ended.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("cannot write down how the delivery of webhook %s ended: %s", delivery.id, error)

    async def _deliver(self, delivery: _Delivery) -> None:
        id, url, secret, body, attempts, trusted, _, host = delivery
        problem = await post(url, secret, id, body, trusted=bool(trusted))
        if problem and attempts < len(_PAUSES):
            pause = _PAUSES[attempts]
            log.warning("webhook %s to %s: %s; again in %d s", id, host, problem, pause)
            await self._state.run(
                lambda database: database.execute(
                    "UPDATE deliveries SET attempts = attempts + 1, due = epoch() + ? WHERE id = ?",
                    (pause, id),
                )
            )
            return
        if problem:
            log.error("webhook %s to %s was given up: %s", id, host, problem)
        await self._state.run(lambda database: database.execute("DELETE FROM deliveries WHERE id = ?", (id,)))


def host_of(url: str) -> str:
    """The host of a URL and its port, for telling one from others; it is not checked, as the connection does so.

    >>> host_of("https://app.example.com:8443/ended")
    'app.example.com:8443'
    """
    return url.partition("://")[2].partition("/")[0][:253]


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
