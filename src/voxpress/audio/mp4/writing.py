"""MP4 files whose index stands first, with chapters and tags.

FFmpeg's muxer writes neither series nor publisher nor language, and takes two seconds for each hour of a book. The
chapters are those of Apple's QuickTime File Format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from voxpress.audio.arrays import np
from voxpress.audio.mp4.boxes import box, full_box
from voxpress.audio.mp4.packets import Packets, Sizes, sum_up


class Chapter(NamedTuple):
    """A chapter of a file.

    Attributes:
        start: samples from the beginning of the file.
    """

    title: str
    start: int


def place_parts(parts: Sequence[Packets]) -> list[int]:
    """Where each of the parts is heard when they are joined, in samples.

    Between two parts is the silence that fills the last packet, and the delay of the encoder: 2,048 samples at most.
    Without them a decoder would mix the last packet of one part with the first of the next.
    """
    starts, packets = [], 0
    for part in parts:
        starts.append(packets * part.frame + part.delay - parts[0].delay)
        packets += len(part.sizes)
    return starts


def write_mp4(
    parts: Sequence[Packets],
    tags: bytes,
    chapters: Sequence[Chapter] = (),
    *,
    brand: bytes = b"M4A ",
    language: str = "",
) -> Iterator[bytes]:
    """A file with the packets of the parts, in pieces.

    Args:
        parts: of one configuration.
        tags: the content of the box `ilst`.
        chapters: the first one starts at 0.
        language: three letters; empty: none.
    """
    first, last = parts[0], parts[-1]
    sizes = np.concatenate([part.sizes for part in parts])
    titles = [_chapter_sample(chapter.title) for chapter in chapters]
    length = place_parts(parts)[-1] + last.length
    head = box(b"ftyp", brand + bytes(4) + brand + b"mp42isom")
    content = sum(len(each) for each in titles) + int(sizes.sum(dtype=np.int64))
    large = content > 2**32 - 2**27

    def index(start: int) -> bytes:
        movie = [_movie_header(first.sample_rate, length, 3 if chapters else 2)]
        start_of_audio = start + sum(len(each) for each in titles)
        movie.append(_audio_track(first, sizes, length, start_of_audio, large, language, bool(chapters)))
        if chapters:
            movie.append(_chapter_track(chapters, titles, first.sample_rate, length, start))
        movie.append(_user_data(tags, chapters, first.sample_rate))
        return box(b"moov", *movie)

    frame = (
        struct.pack(">I4sQ", 1, b"mdat", content + 16) if large else struct.pack(">I4s", content + 8, b"mdat")
    )
    # Offsets have a fixed width, so the index is as long whatever it says.
    yield head + index(len(head) + len(index(0)) + len(frame)) + frame
    yield from titles
    for part in parts:
        yield from part.read()


_UNITY = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
"""The matrix that changes nothing."""


def _movie_header(scale: int, length: int, next_track: int) -> bytes:
    return full_box(
        b"mvhd",
        struct.pack(">QQIQ", 0, 0, scale, length),
        struct.pack(">IH", 1 << 16, 1 << 8) + bytes(10) + _UNITY + bytes(24),
        struct.pack(">I", next_track),
        version=1,
    )


def _track_header(number: int, length: int, *, heard: bool) -> bytes:
    # A track of chapter titles is not enabled, so that players do not show it as subtitles.
    return full_box(
        b"tkhd",
        struct.pack(">QQIIQ", 0, 0, number, 0, length) + bytes(8),
        struct.pack(">HHHH", 0, 0, 1 << 8 if heard else 0, 0) + _UNITY + bytes(8),
        version=1,
        flags=3 if heard else 2,
    )


def _edit(length: int, start: int) -> bytes:
    return box(b"edts", full_box(b"elst", struct.pack(">IQqI", 1, length, start, 1 << 16), version=1))


def _media(handler: bytes, scale: int, length: int, language: str, header: bytes, table: bytes) -> bytes:
    letters = language if len(language) == 3 else "und"
    packed = 0
    for letter in letters:
        packed = packed << 5 | ord(letter) - 0x60
    return box(
        b"mdia",
        full_box(b"mdhd", struct.pack(">QQIQHH", 0, 0, scale, length, packed, 0), version=1),
        full_box(b"hdlr", bytes(4) + handler + bytes(12) + b"\0"),
        box(
            b"minf",
            header,
            box(b"dinf", full_box(b"dref", struct.pack(">I", 1), full_box(b"url ", flags=1))),
            box(b"stbl", table),
        ),
    )


def _audio_track(
    part: Packets,
    sizes: Sizes,
    length: int,
    start: int,
    large: bool,
    language: str,
    chapters: bool,
) -> bytes:
    total, media = len(sizes), length + part.delay
    filled = total * part.frame - media
    durations = [(total, part.frame)] if not filled else [(total - 1, part.frame), (1, part.frame - filled)]
    # A chunk for each second, as players like to read them.
    each = max(1, part.sample_rate // part.frame)
    chunks = -(-total // each)
    runs = [(1, each, 1)]
    if total % each:
        runs = [*runs[: chunks > 1], (chunks, total % each, 1)]
    ends = sum_up(sizes)
    offsets = start + ends[:-1:each]
    table = (
        full_box(
            b"stsd",
            struct.pack(">I", 1),
            _sample_entry(part, int(ends[-1]) * 8 * part.sample_rate // max(1, media)),
        )
        + full_box(
            b"stts", struct.pack(">I", len(durations)), *(struct.pack(">II", *run) for run in durations)
        )
        + full_box(b"stsc", struct.pack(">I", len(runs)), *(struct.pack(">III", *run) for run in runs))
        + full_box(b"stsz", struct.pack(">II", 0, total), sizes.astype(">u4").tobytes())
        + (
            full_box(b"co64", struct.pack(">I", chunks), offsets.astype(">u8").tobytes())
            if large
            else full_box(b"stco", struct.pack(">I", chunks), offsets.astype(">u4").tobytes())
        )
        # To start anywhere, a decoder needs the packet before.
        + full_box(b"sgpd", b"roll", struct.pack(">IIh", 2, 1, -1), version=1)
        + full_box(b"sbgp", b"roll", struct.pack(">III", 1, total, 1))
    )
    return box(
        b"trak",
        _track_header(1, length, heard=True),
        _edit(length, part.delay),
        box(b"tref", box(b"chap", struct.pack(">I", 2))) if chapters else b"",
        _media(b"soun", part.sample_rate, media, language, full_box(b"smhd", bytes(4)), table),
    )


def _sample_entry(part: Packets, bit_rate: int) -> bytes:
    def descriptor(tag: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        size = len(content)
        return bytes([tag, *(0x80 | size >> shift & 0x7F for shift in (21, 14, 7)), size & 0x7F]) + content

    decoder = descriptor(
        4, struct.pack(">BB3sII", 0x40, 0x15, bytes(3), bit_rate, bit_rate), descriptor(5, part.config)
    )
    stream = descriptor(3, struct.pack(">HB", 1, 0), decoder, descriptor(6, b"\x02"))
    return box(
        b"mp4a",
        # The field has 16 bits; the configuration has the rate too.
        struct.pack(">6xH8xHHIHH", 1, part.channels, 16, 0, part.sample_rate % 2**16, 0),
        full_box(b"esds", stream),
    )


# Chapters


def _chapter_sample(title: str) -> bytes:
    text = title.encode()[:60_000].decode(errors="ignore").encode()
    # The box says that the text is UTF-8.
    return struct.pack(">H", len(text)) + text + struct.pack(">I4sI", 12, b"encd", 0x100)


def _chapter_track(
    chapters: Sequence[Chapter], titles: Sequence[bytes], scale: int, length: int, start: int
) -> bytes:
    starts = [chapter.start for chapter in chapters]
    durations = [end - begin for begin, end in zip(starts, [*starts[1:], length], strict=True)]
    entry = struct.pack(">6xHI2x4x8xHHHBB4x", 1, 1, 0, 0, 1, 0, 0) + box(
        b"ftab", struct.pack(">HHB", 1, 1, 0)
    )
    table = (
        full_box(b"stsd", struct.pack(">I", 1), box(b"text", entry))
        + full_box(
            b"stts", struct.pack(">I", len(titles)), *(struct.pack(">II", 1, each) for each in durations)
        )
        + full_box(b"stsc", struct.pack(">IIII", 1, 1, len(titles), 1))
        + full_box(
            b"stsz", struct.pack(">II", 0, len(titles)), *(struct.pack(">I", len(each)) for each in titles)
        )
        + full_box(b"stco", struct.pack(">II", 1, start))
    )
    header = box(
        b"gmhd",
        full_box(b"gmin", struct.pack(">HHHHHH", 0x40, 0x8000, 0x8000, 0x8000, 0, 0)),
        box(b"text", _UNITY),
    )
    return box(
        b"trak",
        _track_header(2, length, heard=False),
        _edit(length, 0),
        _media(b"text", scale, length, "", header, table),
    )


# Tags


def _user_data(tags: bytes, chapters: Iterable[Chapter], scale: int) -> bytes:
    handler = full_box(b"hdlr", bytes(4) + b"mdirappl" + bytes(9))
    return box(b"udta", full_box(b"meta", handler, box(b"ilst", tags)), _old_chapters(list(chapters), scale))


def _old_chapters(chapters: Sequence[Chapter], scale: int) -> bytes:
    """Nero's list, which players without QuickTime's chapters read. It has room for 255 of them."""
    if not 0 < len(chapters) < 256:
        return b""
    entries = []
    for chapter in chapters:
        title = chapter.title.encode()[:255].decode(errors="ignore").encode()
        entries.append(struct.pack(">QB", chapter.start * 10_000_000 // scale, len(title)) + title)
    return full_box(b"chpl", struct.pack(">IB", 0, len(entries)), *entries, version=1)
