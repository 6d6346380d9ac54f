"""Keys: what takes and clips are made of, as 64 hexadecimal digits. docs/store.md says what is in them and why."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from voxpress.speech import Output, Segment

KEY_VERSION = 1
_PACING = 2
"""In the keys of takes that an engine speaks at another speed than 1.0: how engines reach a speed."""

Json: TypeAlias = Any


def take_key(fingerprint: str, segment: Segment) -> str:
    """The name of the take of `segment`: 64 hexadecimal digits.

    `segment.options` must hold only what differs from the engine's defaults, so that naming a default changes nothing.

    >>> take_key("tone-1", Segment(text="Hello.", voice="low", language="en"))[:8]
    '3dd11629'
    """
    content = {"fingerprint": fingerprint, **_drop_none(segment)}
    if segment.speed != 1.0:
        content["pacing"] = _PACING
    return _key("take", content)


def clip_key(parts: Sequence[Json], output: Output) -> str:
    """The name of a clip: of its parts in order (take keys, pauses, silences, tones) and of how it is finished.

    >>> clip_key(["3dd11629"], Output(format="mp3"))[:8]
    'e57ed704'
    """
    return _key("clip", {"parts": parts, "output": _encode_output(output)})


def reading_key(key: str, fingerprint: str, segment: Segment) -> str:
    """The name from which the seeds of the take `key` are made: the same at each speed, so that a text is read alike
    faster or slower.

    >>> segment = Segment(text="Hello.", voice="low", language="en", speed=2.0)
    >>> reading_key(take_key("tone-1", segment), "tone-1", segment)[:8]
    '3dd11629'
    """
    if segment.speed == 1.0:
        return key
    return take_key(fingerprint, msgspec.structs.replace(segment, speed=1.0))


def request_key(asked: Sequence[str], output: Output) -> str:
    """What identifies a request for a file: 32 hexadecimal digits. It says whether a row has to be read again.

    Args:
        asked: all that decides the words and who says them.

    >>> request_key(["tone-1", "Hello."], Output()) == request_key(["tone-1", "Hello"], Output())
    False
    """
    digest = hashlib.blake2b(f"{KEY_VERSION}".encode(), digest_size=16)
    for each in asked:
        digest.update(b"\0" + each.encode())
    digest.update(bytes(_encode_output(output)))
    return digest.hexdigest()


def seed(key: str, attempt: int) -> int:
    """The seed for speaking the take `key`, from its content alone; another for each attempt. 0 ≤ seed < 2⁶³."""
    digest = hashlib.sha256(f"{key}:{attempt}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def attempt_key(key: str, attempt: int) -> str:
    """The name of another reading of the take `key`, until a recogniser has compared the two."""
    return hashlib.sha256(f"{key}:reading {attempt}".encode()).hexdigest()


def _key(kind: str, content: Json) -> str:
    return hashlib.sha256(_canonical([f"voxpress.{kind}", KEY_VERSION, content])).hexdigest()


_finishes: dict[int, tuple[Output, msgspec.Raw]] = {}
"""By `id`, as nearly all rows of a render have the same few outputs, and hashing one takes longer than the key."""


def _encode_output(output: Output) -> msgspec.Raw:
    known = _finishes.get(id(output))
    if known is not None and known[0] is output:
        return known[1]
    finish = _drop_none(output)
    for limit in ("max_duration", "max_bytes"):
        finish.pop(limit, None)  # they decide whether there is a clip, not how it sounds
    if len(_finishes) >= 1024:
        _finishes.clear()
    made = msgspec.Raw(_canonical(finish))
    _finishes[id(output)] = output, made
    return made


def _canonical(content: Json) -> bytes:
    return msgspec.json.encode(content, order="deterministic")


def _drop_none(noun: msgspec.Struct) -> dict[str, Json]:
    # Defaults are in the key, None is not: a field that is added later starts as None and changes no old key.
    return {name: value for name, value in msgspec.structs.asdict(noun).items() if value is not None}
