"""Answers to hits: the one place that decides which bytes and headers of a clip a request gets.

The gateway answers what was answered before from here; routes ask `choose_answer` for all other clips.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping

from litestar.types import Send

from voxpress.server.errors import Refusal
from voxpress.server.http.hit_cache import Hit, HitAnswer, Hits
from voxpress.server.http.messages import Headers
from voxpress.server.http.paths import CLIPS
from voxpress.server.keys import Key
from voxpress.server.limits import Limits
from voxpress.server.logs import Visit
from voxpress.store import Store

_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_LONGEST_NUMBER = 18
"""Digits of a number of bytes that are read; no clip has so many bytes."""
_NOTE_USE_EVERY = 60.0


class HitAnswers:
    """Answers requests that the store answered before."""

    def __init__(self, hits: Hits, store: Store, limits: Limits) -> None:
        self._hits, self._store, self._limits = hits, store, limits
        self._is_local = store.folder is not None

    async def answer_speech(
        self,
        body: bytes,
        key: Key,
        headers: Mapping[bytes, bytes],
        visit: Visit,
        always: Headers,
        send: Send,
    ) -> bool:
        """Answer a request for speech, if it is a hit and its key may speak.

        Args:
            always: headers that every answer has.

        Raises:
            Refusal: the key has not so many characters left.
        """
        hit = self._hits.find(body)
        if hit is None or "speech" not in key.may:
            return False
        answer = choose_answer(hit, "POST", headers)
        if self._is_local or answer.status == 304:
            data = self._load_body(hit, answer)
        else:
            data = await asyncio.to_thread(self._load_body, hit, answer)
        if data is None:
            self._hits.forget(body)
            return False
        await self._limits.charge_characters(key, hit.characters)
        self._limits.record(key, hit.characters, hit=True)
        self._note_use(hit)
        visit.cache, visit.characters, visit.engine = "hit", hit.characters, hit.engine
        visit.status = answer.status
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [*answer.headers, *always],
            }
        )
        await send({"type": "http.response.body", "body": data, "more_body": False})
        return True

    async def answer_clip(
        self, path: str, key: Key, headers: Mapping[bytes, bytes], visit: Visit, send: Send
    ) -> bool:
        """Answer a request for a clip, if it is a hit and its key may have it.

        Raises:
            Refusal: the clip has no such part as was asked for.
        """
        name = path.removeprefix(CLIPS)
        hit = self._hits.find_clip(name)
        if hit is None or visit.method not in ("GET", "HEAD") or "speech" not in key.may:
            return False
        visit.cache = "hit"
        answer = choose_answer(hit, visit.method, headers)
        if self._is_local or answer.status == 304:
            data = self._load_body(hit, answer)
        else:
            data = await asyncio.to_thread(self._load_body, hit, answer)
        if data is None:
            self._hits.forget_clip(name)
            visit.cache = ""
            return False
        self._note_use(hit)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": data, "more_body": False})
        return True

    def _load_body(self, hit: Hit, answer: HitAnswer) -> bytes | None:
        """The body of an answer; None where the clip is gone.

        A checksum takes longer than all else, so it is compared again only when the file looks otherwise.
        """
        if answer.status == 304:
            return b""
        look = self._store.look(hit.clip)
        if self._is_local and answer.part is None:
            return None if look is None else b""
        verified = look is not None and look == hit.look
        data = self._store.read(hit.clip, verify=not verified)
        hit.look = look if data is not None else None
        if data is None:
            return None
        return b"" if answer.part is None else data[answer.part]

    def _note_use(self, hit: Hit) -> None:
        """Tell the store now and then that a clip is used, so that it is not pruned."""
        if self._is_local and (now := time.monotonic()) - hit.noted > _NOTE_USE_EVERY:
            hit.noted, hit.look = now, None
            self._store.clip(hit.clip.key)


def choose_answer(hit: Hit, method: str, headers: Mapping[bytes, bytes]) -> HitAnswer:
    """How a request with those headers is answered.

    Raises:
        Refusal: the clip has no such part as was asked for.
    """
    tags = headers.get(b"if-none-match")
    if tags is not None and (tags == hit.tag or matches_tag(tags, hit.tag)):
        return hit.unchanged
    if method == "HEAD":
        return HitAnswer(200, _describe_bytes(hit, hit.clip.size), None)
    if method == "GET" and b"range" in headers and not hit.accel:
        asked, fresh = (headers.get(each, b"").decode("latin-1") for each in (b"range", b"if-range"))
        size = hit.clip.size
        if (part := find_part(asked, fresh, hit.tag.decode("latin-1"), size)) is not None:
            content_range = (b"content-range", b"bytes %d-%d/%d" % (part.start, part.stop - 1, size))
            told = [*_describe_bytes(hit, part.stop - part.start), content_range]
            return HitAnswer(206, told, part)
    return hit.whole


def _describe_bytes(hit: Hit, length: int) -> Headers:
    """The headers of an answer with so many bytes of the clip, which nginx does not send."""
    return [*hit.whole.headers[:-1], (b"content-length", b"%d" % length)]


def find_part(asked: str, fresh: str, tag: str, size: int) -> slice | None:
    """The part of a file that is asked for (RFC 9110, 14); None for all of it, as where several parts are asked for.

    Args:
        asked: the header ``range``.
        fresh: the header ``if-range``, or nothing.
        tag: of the file.

    >>> find_part("bytes=-10", "", '"a"', 100)
    slice(90, 100, None)

    Raises:
        Refusal: the file has no such part.
    """
    wanted = _RANGE.fullmatch(asked)
    if wanted is None or not any(wanted.groups()) or fresh not in ("", tag):
        return None
    first, last = (_parse_number(digits) if digits else None for digits in wanted.groups())
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


def matches_tag(tags: bytes, tag: bytes) -> bool:
    """Whether the header ``if-none-match`` names a tag; weak ones count."""
    names = [each.strip().removeprefix(b"W/") for each in tags.split(b",")]
    return b"*" in names or tag in names


def _parse_number(digits: str) -> int:
    digits = digits.lstrip("0")
    return 10**_LONGEST_NUMBER if len(digits) > _LONGEST_NUMBER else int(digits or "0")
