"""What directories of podcasts ask of a cover: https://podcasters.apple.com/support/896-artwork-requirements."""

from __future__ import annotations

import struct

SMALLEST, LARGEST = 1400, 3000
"""Pixels of a side."""
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG before the size of the picture."""


def measure_picture(picture: bytes) -> tuple[int, int] | None:
    """Width and height in pixels; None if it is neither JPEG nor PNG, or broken.

    >>> measure_picture(b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\x05\\x78\\0\\0\\x05\\x78")
    (1400, 1400)
    """
    try:
        if picture.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", picture, 16)
        at = 2
        while picture.startswith(b"\xff\xd8") and picture[at] == 0xFF:
            marker = picture[at + 1]
            if marker in _FRAMES:
                height, width = struct.unpack_from(">HH", picture, at + 5)
                return width, height
            # A marker may have more bytes of FF before it.
            at += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", picture, at + 2)[0]
    except (IndexError, struct.error):
        pass
    return None


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
