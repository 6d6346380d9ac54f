"""Claims: who of several processes makes something, so that the others wait for it and do not make it too.

A claim is an object that only one of them can create (a conditional write), with its owner and its end. It ends unless
it is renewed; then another process may take it over. A claim saves work and protects nothing: what is in the store is
right even if two processes make it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from voxpress.speech import Seconds

if TYPE_CHECKING:
    from voxpress.store.backends import Objects, Version

FOLDER = "claims"


class _Record(msgspec.Struct, frozen=True):
    owner: str
    ends: Seconds
    """Since the epoch, by the owner's clock."""
    seconds: Seconds
    """How long a claim holds that is not renewed."""


class Claims:
    """The claims of one process.

    Args:
        owner: tells it from all others.
        seconds: until a claim ends that is not renewed.

    >>> from voxpress.store import Store
    >>> store = Store("memory:")
    >>> one, other = store.claims("one"), store.claims("other")
    >>> one.take("prompt"), other.take("prompt")
    (True, False)
    >>> one.release("prompt")
    >>> other.take("prompt")
    True

    Every method raises StoreError where the store cannot be reached, read or written.
    """

    def __init__(self, objects: Objects, owner: str, seconds: Seconds) -> None:
        self._objects, self._owner, self.seconds = objects, owner, seconds
        self._held: dict[str, Version] = {}
        self._seen: dict[str, tuple[Version, Seconds]] = {}
        """Claims of others, and since when they are as they are."""

    def take(self, name: str) -> bool:
        """Claim a name; whether it is this process's now."""
        made = self._objects.create(_object_name(name), self._make_record())
        if made is None and (there := self._objects.get_version(_object_name(name))):
            data, version = there
            if self._is_over(name, data, version):
                made = self._objects.replace(_object_name(name), self._make_record(), version)
        if made is None:
            return False
        self._seen.pop(name, None)
        self._held[name] = made
        return True

    def renew(self, name: str) -> bool:
        """Keep a claim for another while; False if another process has taken it over."""
        held = self._held.pop(name, None)
        made = held and self._objects.replace(_object_name(name), self._make_record(), held)
        if made:
            self._held[name] = made
        return bool(made)

    def release(self, name: str) -> None:
        """Give a claim back, or wait for that of another process no longer."""
        self._seen.pop(name, None)
        if self._held.pop(name, None) is None:
            return
        there = self._objects.get_version(_object_name(name))
        if there and (record := _decode(there[0])) and record.owner == self._owner:
            self._objects.delete(_object_name(name))

    def _is_over(self, name: str, data: bytes, version: Version) -> bool:
        record = _decode(data)
        if record is None or record.owner == self._owner or record.ends < time.time():
            return True
        # The clocks of two machines may differ; how long a claim has not changed shows on one.
        former, since = self._seen.setdefault(name, (version, time.monotonic()))
        if former != version:
            self._seen[name] = (version, time.monotonic())
            return False
        return time.monotonic() - since > record.seconds

    def _make_record(self) -> bytes:
        return msgspec.json.encode(_Record(self._owner, time.time() + self.seconds, self.seconds))


def _object_name(name: str) -> str:
    return f"{FOLDER}/{name}"


def _decode(data: bytes) -> _Record | None:
    try:
        return msgspec.json.decode(data, type=_Record)
    except msgspec.DecodeError:  # another version's, or damaged
        return None
