"""Answers that were given before, remembered by request and by clip."""

from __future__ import annotations

import time
from collections import OrderedDict

import msgspec

from voxpress.server.http.origins import Headers
from voxpress.speech import Clip

_MOST_REMEMBERED = 20_000
_LONGEST_REMEMBERED = 8192


class Hit(msgspec.Struct):
    """A request that was answered from the store, and will be again."""

    clip: Clip
    headers: Headers
    characters: int
    engine: str
    accel: bool = False
    look: tuple[int, int, int] | None = None
    """Of the clip's file, when it was last compared with its checksum."""
    noted: float = msgspec.field(default_factory=time.monotonic)


class Hits:
    """Answers by the bytes of their requests, and by the names of clips; the latest of each."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, Hit] = OrderedDict()
        self._clips: OrderedDict[str, Hit] = OrderedDict()

    def find(self, body: bytes) -> Hit | None:
        """The answer to a request with that body."""
        return self._answers.get(body)

    def remember(self, body: bytes, hit: Hit) -> None:
        """Answer requests with that body so, until `forget`."""
        if len(body) > _LONGEST_REMEMBERED:
            return
        self._answers[body] = hit
        if len(self._answers) > _MOST_REMEMBERED:
            self._answers.popitem(last=False)

    def forget(self, body: bytes) -> None:
        """Its clip is gone."""
        self._answers.pop(body, None)

    def clip(self, name: str) -> Hit | None:
        """The answer to a request for the clip of that name under `CLIPS`."""
        return self._clips.get(name)

    def remember_clip(self, name: str, hit: Hit) -> None:
        """Answer requests for that clip so, until `forget_clip`."""
        self._clips[name] = hit
        if len(self._clips) > _MOST_REMEMBERED:
            self._clips.popitem(last=False)

    def forget_clip(self, name: str) -> None:
        """It is gone."""
        self._clips.pop(name, None)
