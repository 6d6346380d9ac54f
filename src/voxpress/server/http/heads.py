"""Checks of a request's head that the parser leaves out (RFC 9110, RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from litestar.types import Scope

from voxpress.server.errors import Refusal, version_refusal
from voxpress.server.http.messages import Headers

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]*)(:[0-9]{1,5})?")
_ONCE = frozenset(
    {
        b"host",
        b"authorization",
        b"origin",
        b"content-type",
        b"content-length",
        b"range",
        b"if-range",
        b"access-control-request-method",
        b"access-control-request-headers",
        b"sec-fetch-site",
        b"sec-fetch-mode",
    }
)
"""Headers that decide something: of two, one might be checked and the other used."""


def check_head(scope: Scope, every: Headers, headers: Mapping[bytes, bytes]) -> None:
    """Check a request's version and headers.

    Args:
        every: the headers as they came.
        headers: the last of each name.

    Raises:
        Refusal: the head is malformed, or the body has a coding that the server does not read.
    """
    version: Any = scope["http_version"]
    if version not in ("1.1", "1.0"):
        raise version_refusal()
    if len(headers) < len(every):
        _check_repeated(every)
    # Addresses are made with the host (RFC 9112, 3.2).
    host = headers.get(b"host")
    if not _HOST.fullmatch(host or b"") or (host is None and version == "1.1"):
        raise Refusal(400, "a request must have one header host, and a name in it", "invalid_host")
    if b"transfer-encoding" in headers:
        _check_transfer_encoding(every, version)
    if b"content-encoding" in headers:
        _check_content_encoding(every)


def check_json(headers: Mapping[bytes, bytes]) -> None:
    """Check that a body is said to be JSON.

    Raises:
        Refusal: it is said to be something else.
    """
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json" and not kind.endswith(b"+json"):
        shown = kind.decode("latin-1") or "nothing"
        raise Refusal(415, f"the body must be application/json, not {shown}", "unsupported_media_type")


def _check_repeated(every: Headers) -> None:
    names = [name for name, _ in every]
    for name in sorted(_ONCE):
        if names.count(name) > 1:
            raise Refusal(
                400,
                f"the header {name.decode()} may come once, not {names.count(name)} times",
                "invalid_host" if name == b"host" else "repeated_header",
            )


def _check_transfer_encoding(every: Headers, version: str) -> None:
    codings = _list_codings(every, b"transfer-encoding")
    if version == "1.0":
        raise Refusal(400, "HTTP/1.0 has no transfer-encoding", "invalid_http")
    if codings != [b"chunked"]:
        shown = b", ".join(codings).decode("latin-1")
        raise Refusal(
            501,
            f"this server does not read the transfer-encoding {shown!r}: send the body as it is, or chunked",
            "unsupported_transfer_encoding",
            type="invalid_request_error",
            headers={"x-should-retry": "false"},
        )


def _check_content_encoding(every: Headers) -> None:
    codings = [coding for coding in _list_codings(every, b"content-encoding") if coding != b"identity"]
    if codings:
        shown = b", ".join(codings).decode("latin-1")
        raise Refusal(
            415,
            f"the body must be sent as it is, not encoded as {shown!r}",
            "unsupported_content_encoding",
            headers={"accept-encoding": "identity"},
        )


def _list_codings(every: Headers, wanted: bytes) -> list[bytes]:
    """The codings in all lines of a header."""
    values = b",".join(value for name, value in every if name == wanted).lower().split(b",")
    return [value.strip() for value in values if value.strip()]
