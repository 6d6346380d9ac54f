"""The bytes of a clip on their way out: in memory where they are few, else read from the file while they are sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from litestar import Response
from litestar.response import Stream

from voxpress.errors import SpeechError
from voxpress.server.errors import Refusal
from voxpress.speech import Clip
from voxpress.store import Store

_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_LONGEST_NUMBER = 18
"""Digits of a number of bytes that are read; no clip has so many bytes."""
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
                wanted = min(size, stop - place)
                part = await asyncio.to_thread(file.read, wanted)
                if len(part) < wanted:
                    raise SpeechError(f"clip {self.clip.key} was cut while it was being read; try again")
                yield part

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


def requested_part(asked: str, fresh: str, tag: str, size: int) -> slice | None:
    """The part of a file that is asked for (RFC 9110, 14); None for all of it, as where several parts are asked for.

    Args:
        asked: the header ``range``.
        fresh: the header ``if-range``, or nothing.
        tag: of the file.

    >>> requested_part("bytes=-10", "", '"a"', 100)
    slice(90, 100, None)

    Raises:
        Refusal: the file has no such part.
    """
    wanted = _RANGE.fullmatch(asked)
    if wanted is None or not any(wanted.groups()) or fresh not in ("", tag):
        return None
    first, last = (_number(digits) if digits else None for digits in wanted.groups())
    if first is None:
        first, last = max(0, size - (last or 0)), size - 1
    last = size - 1 if last is None else min(last, size - 1)
    if first > last:
        raise Refusal(
            416,
            f"the clip has {size:,} bytes, and none from {first:,} to {last:,}",
            "range_not_satisfiable",
            headers={"content-range": f"bytes */{size}"},
        )
    return slice(first, last + 1)


def _number(digits: str) -> int:
    digits = digits.lstrip("0")
    return 10**_LONGEST_NUMBER if len(digits) > _LONGEST_NUMBER else int(digits or "0")
