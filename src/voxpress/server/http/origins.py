"""Origins: whose pages may use the server from a browser, and the headers that tell the browser so (CORS).

A browser sends the origin of a page with each request that the page makes, and shows the page the answer only if the
answer allows that origin. Before most requests it asks whether it may send them (a preflight), without the key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from voxpress.errors import InputError
from voxpress.server.errors import Refusal
from voxpress.server.http.messages import Headers

ANY = "*"
"""In `cors_origins`: the pages of every site."""
MAX_AGE = 7200
"""Seconds for which a browser remembers the answer to a preflight; no browser allows much more."""
METHODS = b"GET, HEAD, POST, DELETE, OPTIONS"
EXPOSED = (
    b"x-request-id, etag, content-location, content-range, accept-ranges, content-disposition, retry-after,"
    b" retry-after-ms, x-should-retry, x-voxpress-cache, x-voxpress-clip, x-voxpress-duration, x-voxpress-engine,"
    b" x-voxpress-ignored, x-voxpress-mapped, x-voxpress-marks, x-voxpress-model, x-voxpress-notes,"
    b" x-voxpress-segments, x-voxpress-voice, *"
)
"""Headers that a page may read of an answer. The star is for all others; browsers from before 2023 do not know it."""

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#@\s\\,*]+?)(:[0-9]{1,5})?/?")
_LONGEST_NAMES = 2048
"""Bytes of the names in a preflight: the answer repeats them."""
_USUAL_PORTS = {"http": ":80", "https": ":443"}
_HEADER_NAMES = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(\s*,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")


class Origins:
    """Decides which headers the pages of each origin get.

    Args:
        allowed: origins that may use the server; `ANY` for all.

    Raises:
        InputError: one of them is not an origin.

    >>> origins = Origins(["https://app.example.com"])
    >>> dict(origins.headers(b"https://app.example.com"))[b"access-control-allow-origin"]
    b'https://app.example.com'
    >>> origins.headers(b"https://elsewhere.example")
    [(b'vary', b'origin')]
    >>> dict(Origins(["*"]).headers(b"https://elsewhere.example"))[b"access-control-allow-origin"]
    b'*'
    """

    def __init__(self, allowed: Sequence[str]) -> None:
        names = [_normalise(each) for each in allowed]
        # A cache must not give the answer for one origin, or for none, to another.
        vary = (b"vary", b"origin")
        exposed = (b"access-control-expose-headers", EXPOSED)
        self._allows_any = ANY in names
        self._other_headers: Headers = [vary] if names else []
        self._allowed_headers: dict[bytes | None, Headers] = {
            name.encode(): [(b"access-control-allow-origin", name.encode()), vary, exposed] for name in names
        }
        if self._allows_any:
            self._allowed_headers = {}
            self._other_headers = [(b"access-control-allow-origin", b"*"), vary, exposed]

    def allows(self, origin: bytes) -> bool:
        """Whether the pages of that origin may use the server."""
        return self._allows_any or origin in self._allowed_headers

    def headers(self, origin: bytes | None) -> Headers:
        """The headers of every answer to a page of that origin; None: the request named none."""
        return self._allowed_headers.get(origin, self._other_headers)

    def preflight(self, headers: Mapping[bytes, bytes]) -> Headers:
        """The headers that allow the request that a browser asks about.

        Raises:
            Refusal: the origin may not send it.
        """
        origin = headers[b"origin"]
        if not self.allows(origin):
            raise Refusal(
                403,
                f"pages of {origin.decode('latin-1')!r} may not use this server: cors_origins in [server] allows them",
                "origin_not_allowed",
            )
        asked = headers.get(b"access-control-request-headers", b"").strip()
        if asked and (len(asked) > _LONGEST_NAMES or not _HEADER_NAMES.fullmatch(asked)):
            raise Refusal(400, "access-control-request-headers must hold names of headers", "invalid_http")
        told = [
            (b"access-control-allow-methods", METHODS),
            (b"access-control-max-age", b"%d" % MAX_AGE),
            (b"vary", b"origin, access-control-request-method, access-control-request-headers"),
        ]
        if asked:
            told.append((b"access-control-allow-headers", asked))
        if headers.get(b"access-control-request-private-network") == b"true":
            told.append((b"access-control-allow-private-network", b"true"))
        return told


def is_preflight(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks which requests a page may send."""
    return method == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers


def is_own(origin: str, host: str, public_url: str = "") -> bool:
    """Whether a page of that origin came from the server itself.

    >>> is_own("https://tts.example.com", "TTS.example.com:443"), is_own("null", "null")
    (True, False)

    Args:
        host: the name that the request was sent to.
        public_url: the server's address, as the operator set it.
    """
    scheme, _, name = origin.lower().partition("://")
    usual = _USUAL_PORTS.get(scheme, "")
    known = {host.lower().removesuffix(usual), public_url.lower().partition("://")[2].partition("/")[0]}
    return bool(name) and name.removesuffix(usual) in known


def _normalise(origin: str) -> str:
    """An origin as browsers write it.

    >>> _normalise("HTTPS://App.example.com:443/")
    'https://app.example.com'
    """
    if origin == ANY:
        return ANY
    found = _ORIGIN.fullmatch(origin.lower())
    if found is None or not origin.isascii():
        raise InputError(
            f"cors_origins in [server]: {origin!r} is not an origin: write it as https://app.example.com or"
            " http://localhost:3000, without a path, or '*' for the pages of every site"
        )
    scheme, host, port = found.groups()
    return f"{scheme}://{host}{'' if port in (None, _USUAL_PORTS.get(scheme)) else port}"
