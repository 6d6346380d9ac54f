"""HTTP on the wire: uvicorn's protocol, with bounds for what comes before and after bodies, and for clients that do
not read.

The parser keeps a request's line and headers until they are whole, and a trailer too, however long they grow and
however slowly they come. The gateway bounds bodies.
"""

from __future__ import annotations

import asyncio
import sys
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from voxpress.server.errors import Refusal, version_refusal
from voxpress.server.http.origins import Origins
from voxpress.speech import Seconds

_LONGEST_HEAD = 65536
_MOST_IGNORED = 2**22
"""Bytes that are still read, and thrown away, after a refusal: a connection that is closed with bytes unread is reset,
and the client may never see why."""
_LINGER: Seconds = 2.0
_OTHER_VERSIONS = ("Invalid HTTP version", "PRI")
"""What the parser says of a request of another version of HTTP."""


class HttpProtocol(HttpToolsProtocol):
    """A connection. See `wire`."""

    patience: ClassVar[Seconds] = 30.0
    """How long a head may take to come, the rest of a body after its request was answered, and a client to read on."""
    origins: ClassVar[Origins] = Origins(())
    """Whose pages may read what is refused here."""
    _in_head = False
    _loose = 0
    """Bytes since the last that were part of a body, or ended a head."""
    _ignored = -1
    """Bytes that came after a refusal; less than 0: none was sent."""
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        if self._stalled is not None:
            self._stalled.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_again(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def _look_again(self, left: int) -> None:
        self._stalled = self.loop.call_later(self.patience, self._look, left)

    def _look(self, before: int) -> None:
        """End a connection whose client reads nothing of what is there for it: its bytes would be kept for good."""
        left = self.transport.get_write_buffer_size()
        if left >= before:
            self.transport.abort()
        else:
            self._look_again(left)

    def data_received(self, data: bytes) -> None:
        if self._ignored >= 0:
            self._ignored += len(data)
            if self._ignored > _MOST_IGNORED:
                self.transport.abort()
            return
        self._loose += len(data)
        super().data_received(data)
        if self._loose > _LONGEST_HEAD:
            self._refuse(
                Refusal(431, f"headers may have {_LONGEST_HEAD:,} bytes altogether", "headers_too_large")
            )
        elif self._deadline is None and self.timeout_keep_alive_task is None and not self._at_work():
            self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head, self._loose = False, 0
        self._unwatch()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._loose = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._loose = 0
        self._unwatch()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.more_body and self._deadline is None and not self.transport.is_closing():
            self._watch()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        problem = str(sys.exception() or msg)
        if any(sign in problem for sign in _OTHER_VERSIONS):
            self._refuse(version_refusal())
        else:
            self._refuse(Refusal(400, f"this is not HTTP/1.1: {problem}", "invalid_http"))

    def _at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and not self._in_head

    def _watch(self) -> None:
        self._deadline = self.loop.call_later(self.patience, self._expired)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expired(self) -> None:
        self._deadline = None
        if self._in_head:
            self._refuse(
                Refusal(408, f"the headers were not whole within {self.patience:g} s", "head_timeout")
            )
        else:
            self.transport.close()

    def _refuse(self, error: Refusal) -> None:
        """Answer what never became a request, and close."""
        if self.transport.is_closing() or self._ignored >= 0:
            return
        self._unwatch()
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.response_started:
            self.transport.close()  # the answer to an earlier request, or to this one, is cut off
            return
        self._ignored = 0
        body = error.body()
        origin = next((value for name, value in self.headers or () if name == b"origin"), None)
        self.transport.write(
            STATUS_LINE[error.status]
            + b"content-type: application/json\r\nconnection: close\r\n"
            + b"".join(b"%b: %b\r\n" % header for header in self.origins.headers(origin))
            + b"content-length: %d\r\n\r\n" % len(body)
            + body
        )
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)


def wire(patience: Seconds, origins: Origins) -> type[HttpToolsProtocol]:
    """What uvicorn is to speak HTTP with.

    Args:
        patience: how long a head may take to come.
        origins: whose pages may read refusals.
    """
    return type("Wire", (HttpProtocol,), {"patience": patience, "origins": origins})
