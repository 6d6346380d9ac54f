"""Vorbis comments, the tags of FLAC and Ogg, written so that the same audio always gives the same bytes.

libsndfile adds a version string to them, and a random serial number to Ogg.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def vorbis_comments(tags: Mapping[str, str]) -> bytes:
    """A Vorbis comment header (xiph.org/vorbis/doc/v-comment.html) without a version string."""
    comments = [f"{key}={value}".encode() for key, value in tags.items() if value]
    vendor = b"voxpress"
    return b"".join(
        [
            *(struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(comments))),
            *(struct.pack("<I", len(comment)) + comment for comment in comments),
        ]
    )


def replace_in_flac(data: bytes, comments: bytes) -> bytes:
    """FLAC with only stream information and `comments` before its frames (RFC 9639, section 8)."""
    information = data[8:42]
    position, last = 4, False
    while not last:
        last = bool(data[position] & 0x80)
        position += 4 + int.from_bytes(data[position + 1 : position + 4], "big")
    blocks = struct.pack(">I", len(information)) + information
    return b"fLaC" + blocks + struct.pack(">I", 0x84 << 24 | len(comments)) + comments + data[position:]


def replace_in_ogg(data: bytes, comments: bytes) -> bytes:
    """Vorbis with these comments, and with serial number 0 instead of a random one (RFC 3533)."""
    pages = []
    position = 0
    while position < len(data):
        segments = data[position + 27 : position + 27 + data[position + 26]]
        start = position + 27 + len(segments)
        pages.append((data[position + 5 : position + 14], segments, data[start : start + sum(segments)]))
        position = start + sum(segments)
    # The first page holds the identification; comments and codebooks follow and end on a page of their own.
    first, *rest = pages
    packets: list[bytes] = [b""]
    while len(packets) < 3:
        _, segments, body = rest.pop(0)
        for length in segments:
            packets[-1], body = packets[-1] + body[:length], body[length:]
            if length < 255:
                packets.append(b"")
    headers = [b"\x03vorbis" + comments + b"\x01", packets[1]]
    lacing = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in headers)
    pages = [first, (b"\x00" + bytes(8), lacing, b"".join(headers)), *rest]
    return b"".join(_ogg_page(number, *page) for number, page in enumerate(pages))


def _ogg_page(number: int, flags_and_position: bytes, segments: bytes, body: bytes) -> bytes:
    head = b"OggS\x00" + flags_and_position + struct.pack("<II", 0, number)
    rest = bytes([len(segments)]) + segments + body
    # Ogg's CRC is zlib's with the bits the other way round, started at 0 and not inverted.
    reversed_bits = (head + bytes(4) + rest).translate(_REVERSED)
    checksum = zlib.crc32(reversed_bits, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return head + int(f"{checksum:032b}"[::-1], 2).to_bytes(4, "little") + rest
