"""Pages in browsers: which origins may read answers, and what a browser is told before its page asks (CORS).

A browser sends a page's request without asking first if a form could send it too, and shows the page no answer without
`access-control-allow-origin`. So there are two questions: may a page send this, and may it read the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from voxpress.server.errors import Refusal

Header = tuple[bytes, bytes]

_EXPOSED = (
    b"content-disposition, content-location, content-range, etag, location, retry-after, x-request-id, x-should-retry,"
    b" x-voxpress-cache, x-voxpress-clip, x-voxpress-duration, x-voxpress-engine, x-voxpress-ignored,"
    b" x-voxpress-mapped, x-voxpress-model, x-voxpress-notes, x-voxpress-segments, x-voxpress-voice"
)
_METHODS = b"DELETE, GET, HEAD, OPTIONS, POST"
_USUAL = b"accept, authorization, content-type, if-none-match, range"
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+( *, *[A-Za-z0-9!#$%&'*+.^_`|~-]+)*")
_LONGEST_NAMES = 2048
_REMEMBERED: bytes = b"7200"
"""Seconds for which a browser does not ask again; none remembers longer."""


class Origins:
    """Who may read answers in a browser.

    Args:
        allowed: origins such as ``https://app.example.com``. ``*`` in one stands for any characters of a name, and
            alone for every origin.

    >>> Origins(["https://*.example.com"]).allows(b"https://app.example.com")
    True
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        self._every = "*" in allowed
        names = [re.escape(each.rstrip("/").lower()).replace(r"\*", "[a-z0-9.-]+") for each in allowed]
        self._allowed = re.compile("|".join(names or ["(?!)"]).encode())
        expose = (b"access-control-expose-headers", _EXPOSED)
        self._for_all: list[Header] = [(b"access-control-allow-origin", b"*"), expose] if self._every else []
        # An answer that a cache keeps must not be given to another origin.
        self._varies: list[Header] = [(b"vary", b"origin")] if allowed and not self._every else []
        self._expose = expose

    def allows(self, origin: bytes) -> bool:
        """Whether pages of that origin may read answers."""
        return self._every or self._allowed.fullmatch(origin.lower()) is not None

    def headers(self, origin: bytes | None) -> list[Header]:
        """What every answer has for a request of that origin; None: a request without one."""
        if self._every:
            return self._for_all
        if origin is None or not self.allows(origin):
            return self._varies
        return [(b"access-control-allow-origin", origin), *self._varies, self._expose]

    def preflight(self, origin: bytes, wanted: bytes) -> list[Header]:
        """The answer to a browser that asks what a page may send; it has no key.

        Args:
            wanted: the names of headers that the page wants to send.

        Raises:
            Refusal: the origin may not ask.
        """
        if not self.allows(origin):
            shown = origin.decode("latin-1")
            raise Refusal(
                403, f"pages of {shown!r} may not ask (cors_origins in [server])", "origin_not_allowed"
            )
        named = len(wanted) <= _LONGEST_NAMES and _NAMES.fullmatch(wanted)
        return [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", wanted if named else _USUAL),
            (b"access-control-allow-private-network", b"true"),
            (b"access-control-max-age", _REMEMBERED),
            (b"content-length", b"0"),
        ]


def is_own(origin: bytes, host: bytes) -> bool:
    """Whether a page of `origin` came from the server that `host` names.

    >>> is_own(b"http://127.0.0.1:8880", b"127.0.0.1:8880")
    True
    """
    return origin.partition(b"://")[2].lower() == host.lower() != b""
