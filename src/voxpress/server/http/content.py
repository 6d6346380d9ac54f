"""The bytes of a clip for a route: in memory where they are few, else read from the file while they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

from litestar import Response
from litestar.response import Stream

from voxpress.errors import SpeechError
from voxpress.server.http.hit_cache import HitAnswer
from voxpress.speech import Clip
from voxpress.store import Store

LARGE = 2**20
"""Bytes from which a clip is read while it is sent: a slow client would keep them in memory."""
_PART_SIZE = 2**18


@dataclass(frozen=True)
class Content:
    """A clip that was whole when it was opened.

    Attributes:
        data: its bytes; None where they are many, and in a file of the store on this machine.
    """

    clip: Clip
    store: Store
    data: bytes | None = None

    @classmethod
    def open(cls, store: Store, clip: Clip | None) -> Self | None:
        """The content of a clip; None where it is gone or broken."""
        if clip is None:
            return None
        if store.folder is None or clip.size < LARGE:
            data = store.read(clip)
            return None if data is None else cls(clip, store, data)
        file = store.open(clip)
        if file is None:
            return None
        file.close()
        return cls(clip, store)

    async def parts(
        self, start: int = 0, stop: int | None = None, size: int = _PART_SIZE
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` until `stop`, some at a time.

        Raises:
            SpeechError: the clip was removed meanwhile.
        """
        stop = self.clip.size if stop is None else stop
        if self.data is not None:
            for place in range(start, stop, size):
                yield self.data[place : min(place + size, stop)]
            return
        file = await asyncio.to_thread(self.store.open, self.clip, verify=False)
        if file is None:
            raise SpeechError(
                f"clip {self.clip.key} was removed from the store while it was being read; try again"
            )
        with file:
            file.seek(start)
            for place in range(start, stop, size):
                wanted = min(size, stop - place)
                part = await asyncio.to_thread(file.read, wanted)
                if len(part) < wanted:
                    raise SpeechError(f"clip {self.clip.key} was cut while it was being read; try again")
                yield part

    async def read_all(self) -> bytes:
        """All bytes at once."""
        return self.data if self.data is not None else b"".join([part async for part in self.parts()])

    def respond(self, answer: HitAnswer) -> Response[Any]:
        """The response to a hit, with the bytes of its answer."""
        part = answer.part
        if part is None:
            return respond_empty(answer)
        headers, kind = _split_type(answer)
        body = self.data[part] if self.data is not None else None
        if body is not None:
            return Response(body, status_code=answer.status, headers=headers, media_type=kind)
        parts = self.parts(part.start, part.stop)
        return Stream(parts, status_code=answer.status, headers=headers, media_type=kind)


def respond_empty(answer: HitAnswer) -> Response[Any]:
    """The response to a hit without a body."""
    headers, kind = _split_type(answer)
    body = None if answer.status == 304 else b""
    return Response(body, status_code=answer.status, headers=headers, media_type=kind)


def _split_type(answer: HitAnswer) -> tuple[dict[str, str], str | None]:
    """The headers of an answer as the framework takes them: the type of the content is an argument of its own."""
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return headers, headers.pop("content-type", None)
