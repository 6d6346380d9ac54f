"""Vorbis comments, the tags of FLAC and Ogg, written so that the same audio always gives the same bytes.

libsndfile adds a version string to them, and a random serial number to Ogg.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from voxpress.errors import InputError

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
    pages, (_, codebooks) = _split_ogg(data, 2)
    return _join_ogg(pages, [b"\x03vorbis" + comments + b"\x01", codebooks])


def replace_in_opus(data: bytes, comments: bytes) -> bytes:
    """Opus with these comments, and with serial number 0 (RFC 7845).

    Raises:
        InputError: the file is damaged.
    """
    return _join_ogg(_split_ogg(data, 1)[0], [b"OpusTags" + comments])


class _Page(NamedTuple):
    """A page of Ogg: its flags and position (9 bytes), the lengths of the pieces of its packets, and these."""

    head: bytes
    lacing: bytes
    body: bytes


def _split_ogg(data: bytes, count: int) -> tuple[list[_Page], list[bytes]]:
    """The pages of a file without those of `count` headers after the first one, and these headers.

    The first page holds the first header; audio begins on a page of its own.

    Raises:
        InputError: the file is damaged.
    """
    pages = []
    position = 0
    while position < len(data):
        if data[position : position + 4] != b"OggS" or position + 27 > len(data):
            raise InputError("it is no whole Ogg file: make it again")
        lacing = data[position + 27 : position + 27 + data[position + 26]]
        start = position + 27 + len(lacing)
        position, head = start + sum(lacing), data[position + 5 : position + 14]
        pages.append(_Page(head, lacing, data[start:position]))
    packets = [bytearray()]
    following = iter(pages)
    first, rest = next(following), 1
    for page in following:
        if len(packets) > count:
            break
        rest += 1
        at = 0
        for length in page.lacing:
            packets[-1] += page.body[at : at + length]
            at += length
            if length < 255:
                packets.append(bytearray())
    if position > len(data) or len(packets) <= count:
        raise InputError("it is no whole Ogg file: make it again")
    return [first, *pages[rest:]], [bytes(packet) for packet in packets[:count]]


def _join_ogg(pages: Sequence[_Page], headers: Sequence[bytes]) -> bytes:
    """The pages with these headers behind the first one."""
    lacing = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in headers)
    body, at, inserted = b"".join(headers), 0, []
    for start in range(0, len(lacing), 255):
        part = lacing[start : start + 255]
        continued = start > 0 and lacing[start - 1] == 255
        # A page on which no packet ends has no position.
        head = bytes([continued]) + (bytes(8) if min(part) < 255 else b"\xff" * 8)
        inserted.append(_Page(head, part, body[at : at + sum(part)]))
        at += sum(part)
    joined = [pages[0], *inserted, *pages[1:]]
    return b"".join(_ogg_page(number, *page) for number, page in enumerate(joined))


def _ogg_page(number: int, flags_and_position: bytes, lacing: bytes, body: bytes) -> bytes:
    head = b"OggS\x00" + flags_and_position + struct.pack("<II", 0, number)
    rest = bytes([len(lacing)]) + lacing + body
    # Ogg's CRC is zlib's with the bits the other way round, started at 0 and not inverted.
    reversed_bits = (head + bytes(4) + rest).translate(_REVERSED)
    checksum = zlib.crc32(reversed_bits, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return head + int(f"{checksum:032b}"[::-1], 2).to_bytes(4, "little") + rest
