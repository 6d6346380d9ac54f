"""How wide pictures are shown, in a finished Matroska or WebM file.

PyAV cannot tell FFmpeg's muxer, which leaves it out, and codecs such as VP9 do not say it themselves. So the name of a
track carries it, with room for what is put in its place: nothing else in the file moves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO, NamedTuple

_SEGMENT, _TRACKS, _TRACK = b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\xae"
_NAME, _VIDEO, _WIDTH, _HEIGHT = b"\x53\x6e", b"\xe0", b"\xb0", b"\xba"
_SHOWN_WIDTH, _SHOWN_HEIGHT, _UNIT = b"\x54\xb0", b"\x54\xba", b"\x54\xb2"
_VOID, _CRC = b"\xec", b"\xbf"
_PIXELS, _RATIO = 0, 3
"""Units of the width and height that are shown."""
_MARK = "\x1f"
_ROOM = 32
"""Bytes of three elements, and of larger sizes of what holds them."""


class _Element(NamedTuple):
    """A part of a file, as RFC 8794 has it.

    Attributes:
        start: where its content begins, from where it was read.
        raw: all of it.
    """

    kind: bytes
    start: int
    content: bytes
    raw: bytes


def mark_aspect(title: str, aspect: Fraction) -> str:
    """The name of a track that carries the width of a pixel, as a share of its height."""
    return f"{title}{_MARK}{aspect.numerator}:{aspect.denominator}".ljust(len(title) + _ROOM)


def place_aspects(file: BinaryIO, *, exact: bool) -> None:
    """Put what names of tracks carry where players look for it.

    Args:
        exact: whether a width may be no whole number of pixels; in WebM it is rounded.
    """
    at = 0
    file.seek(0)
    while head := file.read(12):
        kind, size, begin = _read_head(head, 0)
        if kind == _SEGMENT:
            at += begin
        elif kind == _TRACKS:
            file.seek(at + begin)
            content = file.read(size)
            file.seek(at + begin)
            file.write(_rewrite_tracks(content, exact=exact))
            return
        else:
            at += begin + size
        file.seek(at)


def _rewrite_tracks(content: bytes, *, exact: bool) -> bytes:
    parts = [
        each.raw[: each.start] + _rewrite_track(each.content, exact=exact)
        if each.kind == _TRACK
        else each.raw
        for each in _list_elements(content)
    ]
    if parts and parts[0].startswith(_CRC):
        rest = b"".join(parts[1:])
        return _write(_CRC, zlib.crc32(rest).to_bytes(4, "little")) + rest
    return b"".join(parts)


def _rewrite_track(content: bytes, *, exact: bool) -> bytes:
    elements = list(_list_elements(content))
    name = next((each.content.decode() for each in elements if each.kind == _NAME), "")
    if _MARK not in name:
        return content
    title, _, aspect = name.partition(_MARK)
    new = b""
    for each in elements:
        if each.kind == _NAME:
            new += _write(_NAME, title.encode()) if title else b""
        elif each.kind == _VIDEO:
            new += _write(_VIDEO, _widen(each.content, Fraction(*map(int, aspect.split(":"))), exact=exact))
        else:
            new += each.raw
    return new + _write(_VOID, bytes(len(content) - len(new) - 2))


def _widen(video: bytes, aspect: Fraction, *, exact: bool) -> bytes:
    elements = list(_list_elements(video))
    sizes = {each.kind: int.from_bytes(each.content, "big") for each in elements}
    width, height = sizes[_WIDTH] * aspect, sizes[_HEIGHT]
    shown = {_SHOWN_WIDTH: round(width), _SHOWN_HEIGHT: height, _UNIT: _PIXELS}
    if exact and width.denominator != 1:
        whole = width / height
        shown = {_SHOWN_WIDTH: whole.numerator, _SHOWN_HEIGHT: whole.denominator, _UNIT: _RATIO}
    return b"".join(
        [
            *(each.raw for each in elements if each.kind not in shown),
            *(_write(kind, value.to_bytes(4, "big")) for kind, value in shown.items()),
        ]
    )


def _list_elements(content: bytes) -> Iterator[_Element]:
    at = 0
    while at < len(content):
        kind, size, begin = _read_head(content, at)
        yield _Element(kind, begin - at, content[begin : begin + size], content[at : begin + size])
        at = begin + size


def _read_head(data: bytes, at: int) -> tuple[bytes, int, int]:
    """What an element is, its size, and where its content begins."""
    middle = at + 9 - data[at].bit_length()
    width = 9 - data[middle].bit_length()
    size = int.from_bytes(data[middle : middle + width], "big") & ~(1 << 7 * width)
    return data[at:middle], size, middle + width


def _write(kind: bytes, content: bytes) -> bytes:
    size = len(content)
    return kind + (bytes([0x80 | size]) if size < 127 else (1 << 28 | size).to_bytes(4, "big")) + content
