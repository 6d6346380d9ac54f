"""The bytes of a clip on their way out: in memory where they are few, else read from the file while they are sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from litestar import Response
from litestar.response import Stream

from voxpress.errors import SpeechError
from voxpress.speech import Clip
from voxpress.store import Store

LARGE = 2**20
"""Bytes from which a clip is not held in memory for each client that is slow to take it."""
_PART = 2**18


@dataclass(frozen=True)
class Content:
    """A clip that was whole when it was looked at.

    Attributes:
        data: its bytes; None where they are in a file of the store on this machine and many.
    """

    clip: Clip
    store: Store
    data: bytes | None = None

    @classmethod
    def of(cls, store: Store, clip: Clip | None) -> Self | None:
        """The clip's content; None where it is gone or broken."""
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

    async def parts(self, start: int = 0, stop: int | None = None, size: int = _PART) -> AsyncIterator[bytes]:
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
                yield await asyncio.to_thread(file.read, min(size, stop - place))

    async def whole(self) -> bytes:
        """All bytes, for who needs them at once."""
        return self.data if self.data is not None else b"".join([part async for part in self.parts()])

    def answer(
        self,
        headers: Mapping[str, str],
        kind: str,
        *,
        status: int = 200,
        start: int = 0,
        stop: int | None = None,
    ) -> Response[Any]:
        """The response with the bytes from `start` until `stop`."""
        stop = self.clip.size if stop is None else stop
        if self.data is not None:
            return Response(self.data[start:stop], status_code=status, headers=dict(headers), media_type=kind)
        length = {"content-length": str(stop - start)}
        return Stream(
            self.parts(start, stop), status_code=status, headers={**headers, **length}, media_type=kind
        )
