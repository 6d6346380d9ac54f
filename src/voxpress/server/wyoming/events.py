"""Events on the wire: a line of JSON, more JSON, and bytes; bounded in size and time.

The library's own reader takes whatever length a client announces.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from wyoming.event import Event
from wyoming.version import __version__

from voxpress.server.errors import Refusal
from voxpress.speech import Seconds

SLOWEST = 1000
"""Bytes a second that an event must come with on average, once it has taken longer than it may."""
_MOST_PAYLOAD = 2**20
"""Bytes after an event that are read and dropped: no event for a voice has any."""
_READ = 65536

_Length = Annotated[int, Meta(ge=0)] | None


class Received(msgspec.Struct):
    """An event as it came, with all its data."""

    type: Annotated[str, Meta(max_length=256)]
    data: dict[str, Any] | None = None
    data_length: _Length = None
    payload_length: _Length = None


class EventReader:
    """Reads events.

    Args:
        most: bytes that an event may have.
        idle: how long the next event may not begin.
        patience: how long nothing of an event may come that has begun.
    """

    def __init__(self, reader: asyncio.StreamReader, *, most: int, idle: Seconds, patience: Seconds) -> None:
        self._reader, self._most, self._idle, self._patience = reader, most, idle, patience
        self._buffer = bytearray()
        self._began, self._got = 0.0, 0

    async def read(self) -> Received | None:
        """The next event; None where the client sends no more.

        Raises:
            Refusal: what came is no event, is too large, or does not go on coming.
        """
        while not self._skip_blank():
            if not await self._fill(self._idle):
                return None
        self._began, self._got = time.monotonic(), len(self._buffer)
        line = await self._take_line()
        try:
            found = msgspec.json.decode(line, type=Received)
            if found.data_length:
                more = msgspec.json.decode(await self._take(found.data_length), type=dict[str, Any])
                found.data = {**(found.data or {}), **more}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refusal(
                400, f"this is no event of the Wyoming protocol: {error}", "invalid_event"
            ) from None
        await self._drop(found.payload_length or 0)
        return found

    async def drain(self, most: int) -> None:
        """Read what still comes, and drop it, until the client ends or `most` bytes have come."""
        self._buffer.clear()
        while most > 0 and (data := await self._reader.read(_READ)):
            most -= len(data)

    def _skip_blank(self) -> bool:
        """Drop empty lines; whether something else is there."""
        del self._buffer[: len(self._buffer) - len(self._buffer.lstrip())]
        return bool(self._buffer)

    async def _take_line(self) -> bytes:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            self._check_size(searched)
            await self._go_on()
        self._check_size(end)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    async def _take(self, length: int) -> bytes:
        self._check_size(length)
        while len(self._buffer) < length:
            await self._go_on()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    async def _drop(self, length: int) -> None:
        if length > _MOST_PAYLOAD:
            raise Refusal(
                413,
                f"the event has a payload of {length:,} bytes, and {_MOST_PAYLOAD:,} are allowed",
                "event_too_large",
            )
        while length > len(self._buffer):
            length -= len(self._buffer)
            self._buffer.clear()
            await self._go_on()
        del self._buffer[:length]

    def _check_size(self, size: int) -> None:
        if size > self._most:
            raise Refusal(
                413, f"the event has more than the {self._most:,} bytes that are allowed", "event_too_large"
            )

    async def _go_on(self) -> None:
        """Read more of an event that has begun."""
        left = self._began + self._patience + self._got / SLOWEST - time.monotonic()
        if not await self._fill(max(0.0, min(left, self._patience))):
            raise Refusal(400, "the event ended before it was whole", "incomplete_event")

    async def _fill(self, patience: Seconds) -> bool:
        try:
            async with asyncio.timeout(patience):
                data = await self._reader.read(_READ)
        except TimeoutError:
            raise Refusal(408, "the event did not go on coming", "event_timeout") from None
        self._buffer += data
        self._got += len(data)
        return bool(data)


def encode_event(event: Event) -> bytes:
    """An event as it is sent.

    >>> encode_event(Event("audio-stop"))[:22]
    b'{"type": "audio-stop",'
    """
    data = json.dumps(event.data, ensure_ascii=False).encode() if event.data else b""
    head: dict[str, Any] = {"type": event.type, "version": __version__}
    if data:
        head["data_length"] = len(data)
    if event.payload:
        head["payload_length"] = len(event.payload)
    return json.dumps(head).encode() + b"\n" + data + (event.payload or b"")
