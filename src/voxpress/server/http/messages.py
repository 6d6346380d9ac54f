"""ASGI messages: headers as they need them, and answers that are errors or have no body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from litestar.types import Send

from voxpress.server.errors import Refusal

Headers: TypeAlias = list[tuple[bytes, bytes]]

IMMUTABLE = "public, max-age=31536000, immutable"
"""The header ``cache-control`` of what never changes under its name."""
_LONGEST_HEADER = 1024


async def send_empty(status: int, headers: Headers, send: Send) -> None:
    """Answer without a body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_refusal(error: Refusal, send: Send) -> None:
    """Answer with an error's envelope."""
    body = error.body()
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *encode_headers(error.headers.items()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


def encode_headers(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers as ASGI has them; what a header cannot hold becomes a question mark."""
    return [(name.lower().encode("ascii"), encode_header(value)) for name, value in headers]


def encode_header(value: str) -> bytes:
    """The value of a header: what it cannot hold becomes a question mark, and what is too long is cut."""
    plain = "".join(c if c.isprintable() else "?" for c in value[:_LONGEST_HEADER]).encode("ascii", "replace")
    return plain if len(value) <= _LONGEST_HEADER else plain + b"..."
