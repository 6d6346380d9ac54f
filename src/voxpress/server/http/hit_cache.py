"""Answers from the store that may be given again, remembered by request and by clip."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import NamedTuple

import msgspec

from voxpress.server.http.messages import Headers
from voxpress.speech import Clip

_MOST_REMEMBERED = 20_000
_LONGEST_REMEMBERED = 8192


class HitAnswer(NamedTuple):
    """How a hit is answered.

    Attributes:
        part: of the clip's bytes; None: the body is empty.
    """

    status: int
    headers: Headers
    part: slice | None


class Hit(msgspec.Struct):
    """A clip in the store, and its usual answers, made once."""

    clip: Clip
    tag: bytes
    """The header ``etag``."""
    whole: HitAnswer
    """The answer with the file. Its last header is ``content-length``, or ``x-accel-redirect`` where nginx sends it."""
    unchanged: HitAnswer
    """The answer to a client that has the file."""
    characters: int = 0
    engine: str = ""
    accel: bool = False
    """Whether nginx sends the file."""
    look: tuple[int, int, int] | None = None
    """Of the clip's file, when it was last compared with its checksum."""
    noted: float = msgspec.field(default_factory=time.monotonic)
    """When the store was last told that the clip is used."""


class Hits:
    """Hits by the bytes of their requests, and by the names of clips; the latest of each."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, Hit] = OrderedDict()
        self._clips: OrderedDict[str, Hit] = OrderedDict()

    def find(self, body: bytes) -> Hit | None:
        """The hit of requests with that body."""
        return self._answers.get(body)

    def remember(self, body: bytes, hit: Hit) -> None:
        """Keep the hit of requests with that body, unless the body is long."""
        if len(body) > _LONGEST_REMEMBERED:
            return
        self._answers[body] = hit
        if len(self._answers) > _MOST_REMEMBERED:
            self._answers.popitem(last=False)

    def forget(self, body: bytes) -> None:
        """Drop the hit of requests with that body: its clip is gone."""
        self._answers.pop(body, None)

    def find_clip(self, name: str) -> Hit | None:
        """The hit of requests for the clip of that name under `CLIPS`."""
        return self._clips.get(name)

    def remember_clip(self, name: str, hit: Hit) -> None:
        """Keep the hit of requests for that clip."""
        self._clips[name] = hit
        if len(self._clips) > _MOST_REMEMBERED:
            self._clips.popitem(last=False)

    def forget_clip(self, name: str) -> None:
        """Drop the hit of requests for that clip: it is gone."""
        self._clips.pop(name, None)
