"""The boxes that MP4 files are made of (ISO/IEC 14496-12), and those of Apple's tags."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def read_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names and contents of boxes one after the other.

    Raises:
        ValueError: one is longer than what is there.
    """
    position = 0
    while position + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, position)
        if size < 8 or position + size > len(data):
            raise ValueError(name)
        yield name, data[position + 8 : position + size]
        position += size


def find_box(data: bytes, *path: bytes) -> bytes:
    """The content of a box within boxes.

    Raises:
        KeyError: there is none.
        ValueError: boxes are damaged.
    """
    for name in path:
        data = dict(read_boxes(data))[name]
    return data


def box(name: bytes, *parts: bytes) -> bytes:
    """A box.

    >>> find_box(box(b"moov", box(b"trak", b"x")), b"moov", b"trak")
    b'x'
    """
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, name) + content


def full_box(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with a version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *parts)


def data_tag(name: bytes, kind: int, *values: bytes) -> bytes:
    """A tag of `ilst`. The kinds: 0 for structures, 1 for UTF-8, 13 for JPEG, 14 for PNG, 21 for whole numbers."""
    return box(name, *(box(b"data", struct.pack(">II", kind, 0), value) for value in values))


def named_tag(name: str, value: str) -> bytes:
    """A tag of `ilst` for which Apple has no name."""
    return box(
        b"----",
        full_box(b"mean", b"com.apple.iTunes"),
        full_box(b"name", name.encode()),
        box(b"data", struct.pack(">II", 1, 0), value.encode()),
    )
