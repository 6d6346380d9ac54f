"""HTTP on the wire: uvicorn's protocol, with bounds for heads, for idle connections and for clients that do not read.

The parser keeps a request's line, its headers and a trailer until they are whole, however long they grow and however
slowly they come. The gateway bounds bodies.
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
"""Bytes that are read and dropped after a refusal: a connection that is closed with unread bytes is reset, and the
client may never see why."""
_LINGER: Seconds = 2.0
_OTHER_VERSIONS = ("Invalid HTTP version", "PRI")
"""Parts of the parser's message about another version of HTTP."""


class HttpProtocol(HttpToolsProtocol):
    """A connection; `make_protocol` sets its class variables."""

    patience: ClassVar[Seconds] = 30.0
    """How long a head may take to come, the rest of a body after its request was answered, and a client to read on."""
    origins: ClassVar[Origins] = Origins(())
    """Whose pages may read refusals."""
    _in_head = False
    _bytes_of_head = 0
    """Bytes since the end of the last head, or since the last byte of a body."""
    _bytes_ignored = -1
    """Bytes that came after a refusal; -1: none was sent."""
    _timer: asyncio.TimerHandle | None = None
    _client_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self._client_timer is not None:
            self._client_timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_client(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        if self._client_timer is not None:
            self._client_timer.cancel()
            self._client_timer = None
        super().resume_writing()

    def _watch_client(self, left: int) -> None:
        self._client_timer = self.loop.call_later(self.patience, self._check_client, left)

    def _check_client(self, before: int) -> None:
        """End a connection whose client has read nothing: the bytes for it would stay in memory."""
        left = self.transport.get_write_buffer_size()
        if left >= before:
            self.transport.abort()
        else:
            self._watch_client(left)

    def data_received(self, data: bytes) -> None:
        if self._bytes_ignored >= 0:
            self._bytes_ignored += len(data)
            if self._bytes_ignored > _MOST_IGNORED:
                self.transport.abort()
            return
        self._bytes_of_head += len(data)
        super().data_received(data)
        if self._bytes_of_head > _LONGEST_HEAD:
            self._refuse_bytes(
                Refusal(431, f"headers may have {_LONGEST_HEAD:,} bytes altogether", "headers_too_large")
            )
        elif self._timer is None and self.timeout_keep_alive_task is None and not self._is_at_work():
            self._start_timer()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head, self._bytes_of_head = False, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes_of_head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._bytes_of_head = 0
        self._stop_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.more_body and self._timer is None and not self.transport.is_closing():
            self._start_timer()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        problem = str(sys.exception() or msg)
        if any(sign in problem for sign in _OTHER_VERSIONS):
            self._refuse_bytes(version_refusal())
        else:
            self._refuse_bytes(Refusal(400, f"this is not HTTP/1.1: {problem}", "invalid_http"))

    def _is_at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and not self._in_head

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.patience, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        if self._in_head:
            self._refuse_bytes(
                Refusal(408, f"the headers were not whole within {self.patience:g} s", "head_timeout")
            )
        else:
            self.transport.close()

    def _refuse_bytes(self, error: Refusal) -> None:
        """Answer bytes that never became a request, and close."""
        if self.transport.is_closing() or self._bytes_ignored >= 0:
            return
        self._stop_timer()
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.response_started:
            self.transport.close()  # the answer to an earlier request, or to this one, is cut off
            return
        self._bytes_ignored = 0
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


def make_protocol(patience: Seconds, origins: Origins) -> type[HttpToolsProtocol]:
    """The class that uvicorn makes connections of.

    Args:
        patience: as in `HttpProtocol`.
        origins: whose pages may read refusals.
    """
    return type("Wire", (HttpProtocol,), {"patience": patience, "origins": origins})
