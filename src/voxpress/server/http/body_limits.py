"""How large the body of a request may be, and how slowly it may come."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from litestar.types import Receive

from voxpress.server.errors import Refusal
from voxpress.server.http.multipart import Form
from voxpress.speech import Seconds

SLOWEST = 1000
"""Bytes a second that a body must have on average, once it has taken longer than `body_timeout`."""


class Patience:
    """Ends what waits too long for a body. One sweep for all costs less than a timer for each.

    Args:
        seconds: how long the next bytes may take to come, and how much longer a body than at `SLOWEST`.
    """

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self._until: dict[asyncio.Task[Any], float] = {}

    def bounded(
        self, receive: Receive, headers: dict[bytes, bytes], most: int, form: Form | None = None
    ) -> Receive:
        """`receive` that refuses bodies of more than `most` bytes, those that do not go on coming, and bad forms."""
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            raise Refusal(
                413, f"the body has {int(announced):,} bytes, and {most:,} are allowed", "body_too_large"
            )
        total, waited, whole = 0, 0.0, False

        async def bounded() -> Any:
            nonlocal total, waited, whole
            if whole:
                return await receive()
            began = time.monotonic()
            message = await self.wait(receive, total, waited)
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

        return bounded

    async def wait(self, receive: Receive, got: int, waited: Seconds) -> Any:
        """The next message of a body.

        Args:
            got: bytes of the body that came before.
            waited: how long all of them took.

        Raises:
            Refusal: it did not come in time.
        """
        task = asyncio.current_task()
        assert task is not None
        left = self._seconds + got / SLOWEST - waited
        slow = left < self._seconds
        self._until[task] = time.monotonic() + (left if slow else self._seconds)
        try:
            return await receive()
        except asyncio.CancelledError:
            if task in self._until:
                raise
            task.uncancel()
            problem = (
                f"{got:,} bytes of the body came in {self._seconds + got / SLOWEST:.0f} s:"
                f" it must come with {SLOWEST:,} bytes a second at least"
                if slow and got
                else f"nothing of the body came for {self._seconds:g} s"
            )
            raise Refusal(408, problem, "body_timeout") from None
        finally:
            self._until.pop(task, None)

    def sweep(self) -> None:
        """Look who waits too long."""
        now = time.monotonic()
        for task in [task for task, until in self._until.items() if until < now]:
            del self._until[task]
            task.cancel()
