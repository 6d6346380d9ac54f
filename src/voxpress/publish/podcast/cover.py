"""What directories of podcasts ask of a cover: https://podcasters.apple.com/support/896-artwork-requirements."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

SMALLEST, LARGEST = 1400, 3000
"""Pixels of a side."""
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG before the size of the picture."""
_SCAN, _END = 0xDA, b"\xff\xd9"
"""Markers of JPEG before the pixels, and at the end."""
_PNG = b"\x89PNG\r\n\x1a\n"


def measure_picture(picture: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None if it is neither JPEG nor PNG, or broken.

    >>> measure_picture(b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\x05\\x78\\0\\0\\x05\\x78")
    (1400, 1400)
    """
    try:
        if picture.startswith(_PNG):
            return struct.unpack_from(">II", picture, 16)
        for marker, at in _list_segments(picture):
            if marker in _FRAMES:
                height, width = struct.unpack_from(">HH", picture, at + 5)
                return width, height
    except struct.error:
        pass
    return None


def is_whole(picture: bytes) -> bool:
    """Whether a JPEG or PNG has its end, and what is between has the checksums that it says.

    >>> is_whole(b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\x05\\x78\\0\\0\\x05\\x78")
    False
    """
    if not picture.startswith(_PNG):
        scan = next((at for marker, at in _list_segments(picture) if marker == _SCAN), None)
        return scan is not None and _END in picture[scan:]
    at = len(_PNG)
    while at + 12 <= len(picture):
        end = at + 8 + int.from_bytes(picture[at : at + 4], "big")
        kind, checksum = picture[at + 4 : at + 8], picture[end : end + 4]
        if zlib.crc32(picture[at + 4 : end]).to_bytes(4, "big") != checksum:
            return False
        if kind == b"IEND":
            return True
        at = end + 4
    return False


def _list_segments(picture: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG up to its pixels, and where they stand; none of what is no JPEG."""
    at = 2
    while picture.startswith(b"\xff\xd8") and at + 4 <= len(picture) and picture[at] == 0xFF:
        marker = picture[at + 1]
        # A marker may have more bytes of FF before it.
        if marker == 0xFF:
            at += 1
            continue
        yield marker, at
        if marker == _SCAN:
            return
        at += 2 + int.from_bytes(picture[at + 2 : at + 4], "big")


def doubt_cover(picture: bytes) -> str:
    """What directories will not like of a cover; empty: nothing.

    >>> doubt_cover(b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\x02\\x80\\0\\0\\x01\\xe0")
    'the cover has 640 x 480 pixels; directories want a square of 1400 to 3000'
    """
    size = measure_picture(picture)
    if size is None:
        return "the size of the cover cannot be read; directories may refuse it"
    width, height = size
    if width == height and SMALLEST <= width <= LARGEST:
        return ""
    return f"the cover has {width} x {height} pixels; directories want a square of {SMALLEST} to {LARGEST}"
