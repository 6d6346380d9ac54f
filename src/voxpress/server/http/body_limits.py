"""How large the body of a request may be, and how slowly it may come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from litestar.types import Receive

from voxpress.server.errors import Refusal
from voxpress.server.http.heads import check_json
from voxpress.server.http.multipart import Form
from voxpress.server.http.paths import BATCHES, FILES, VOICES
from voxpress.server.settings import Settings
from voxpress.speech import Seconds

SLOWEST = 1000
"""Bytes a second that a body must have on average, once it has taken longer than `body_timeout`."""
MOST_SAMPLE = 10 * 2**20
"""Bytes of a recording that a voice is cloned from."""
_MOST_BESIDE_FILE = 2**20
"""Bytes that a form may have besides its file."""


class BodyLimits:
    """Bounds bodies in size and time. One sweep for all costs less than a timer for each."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._timeout = settings, settings.body_timeout
        self._most_json_bytes = 8 * settings.max_characters + 65536
        self._deadlines: dict[asyncio.Task[Any], float] = {}

    def bound(self, method: str, path: str, headers: Mapping[bytes, bytes], receive: Receive) -> Receive:
        """`receive` with the bounds of a route, whose body is checked to be of the right kind.

        Raises:
            Refusal: the body is of another kind, or its announced size is too large.
        """
        if method == "POST" and path in (FILES, VOICES):
            most = (self._settings.max_upload if path == FILES else MOST_SAMPLE) + _MOST_BESIDE_FILE
            form = Form(headers.get(b"content-type", b"").decode("latin-1"))
            return self._limit_body(receive, headers, most, form)
        if method == "POST" and path == BATCHES:
            check_json(headers)
        return self._limit_body(receive, headers, self._most_json_bytes)

    async def read_json(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The whole body of a request that must be JSON.

        Raises:
            Refusal: the body is said to be something else, is too large, or does not go on coming.
        """
        check_json(headers)
        limited = self._limit_body(receive, headers, self._most_json_bytes)
        parts: list[bytes] = []
        while True:
            message = await limited()
            parts.append(message["body"])  # type: ignore[typeddict-item]  # no other message has this type
            if not message.get("more_body"):
                return parts[0] if len(parts) == 1 else b"".join(parts)

    def sweep(self) -> None:
        """End what waits too long."""
        now = time.monotonic()
        for task in [task for task, until in self._deadlines.items() if until < now]:
            del self._deadlines[task]
            task.cancel()

    def _limit_body(
        self, receive: Receive, headers: Mapping[bytes, bytes], most: int, form: Form | None = None
    ) -> Receive:
        """`receive` that refuses bodies of more than `most` bytes, those that do not go on coming, and bad forms."""
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            raise Refusal(
                413, f"the body has {int(announced):,} bytes, and {most:,} are allowed", "body_too_large"
            )
        total, waited, whole = 0, 0.0, False

        async def limited() -> Any:
            nonlocal total, waited, whole
            if whole:
                return await receive()
            began = time.monotonic()
            message = await self._wait_for_message(receive, total, waited)
            waited += time.monotonic() - began
            if message["type"] == "http.disconnect":
                raise Refusal(400, "the body ended before it was whole", "incomplete_body")
            if message["type"] == "http.request":
                total += len(message.get("body", b""))
                whole = not message.get("more_body")
                if total > most:
                    raise Refusal(
                        413, f"the body has more than the {most:,} bytes that are allowed", "body_too_large"
                    )
                if form is not None:
                    form.feed(message.get("body", b""))
                    if whole:
                        form.end()
            return message

        return limited

    async def _wait_for_message(self, receive: Receive, got: int, waited: Seconds) -> Any:
        """The next message of a body.

        Args:
            got: bytes of the body that came before.
            waited: how long all of them took.

        Raises:
            Refusal: it did not come in time.
        """
        task = asyncio.current_task()
        assert task is not None
        left = self._timeout + got / SLOWEST - waited
        slow = left < self._timeout
        self._deadlines[task] = time.monotonic() + (left if slow else self._timeout)
        try:
            return await receive()
        except asyncio.CancelledError:
            if task in self._deadlines:
                raise
            task.uncancel()
            problem = (
                f"{got:,} bytes of the body came in {self._timeout + got / SLOWEST:.0f} s:"
                f" it must come with {SLOWEST:,} bytes a second at least"
                if slow and got
                else f"nothing of the body came for {self._timeout:g} s"
            )
            raise Refusal(408, problem, "body_timeout") from None
        finally:
            self._deadlines.pop(task, None)
