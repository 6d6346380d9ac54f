"""AAC in MP4: reads the packets of a file, and writes files whose index stands first.

FFmpeg's muxer writes neither series nor publisher nor language, and takes two seconds for each hour of a book. The
boxes are those of ISO/IEC 14496-12 and of Apple's QuickTime File Format.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from voxpress.audio.arrays import np
from voxpress.errors import InputError
from voxpress.speech import Hertz

Source: TypeAlias = bytes | Path
"""A file: its bytes, or where it is."""

Sizes: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.uint32]]"
"""Bytes of each packet."""

_BLOCK = 2**20
_LARGEST_INDEX = 2**28


class Chapter(NamedTuple):
    """A chapter of a file.

    Attributes:
        start: samples from the beginning of the file.
    """

    title: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """The packets of an AAC file, and what a decoder must know of them.

    Attributes:
        config: AudioSpecificConfig (ISO/IEC 14496-3).
        frame: samples that each packet decodes to.
        delay: samples at the start that are not heard: the encoder's delay.
        length: samples that are heard.
        sizes: bytes of each packet.
        pieces: offset and length of their bytes in the file, in order.
    """

    source: Source
    config: bytes
    sample_rate: Hertz
    channels: int
    frame: int
    delay: int
    length: int
    sizes: Sizes
    pieces: Sequence[tuple[int, int]]

    def read(self) -> Iterator[bytes]:
        """Their bytes, in parts."""
        with open_source(self.source) as file:
            for offset, length in self.pieces:
                file.seek(offset)
                while length:
                    part = file.read(min(length, _BLOCK))
                    if not part:
                        raise InputError("it ends too early: make it again")
                    length -= len(part)
                    yield part


def open_source(source: Source) -> BinaryIO:
    """Open a file for reading.

    Raises:
        InputError: it cannot be read.
    """
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}") from error


# Reading


def read_packets(source: Source) -> Packets:
    """The packets of a file with one track of AAC.

    Raises:
        InputError: it is no such file.
    """
    with open_source(source) as file:
        moov = _read_index(file)
        file_size = file.seek(0, io.SEEK_END)
    try:
        tracks = [each for name, each in _boxes(moov) if name == b"trak"]
        if len(tracks) != 1:
            raise InputError(f"it has {len(tracks)} tracks, and one is needed")
        return _read_track(source, tracks[0], file_size)
    except (struct.error, IndexError, KeyError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("its index is damaged: make it again") from error


def _read_index(file: BinaryIO) -> bytes:
    end, position = file.seek(0, io.SEEK_END), 0
    while position + 8 <= end:
        file.seek(position)
        head = file.read(16)
        size, name = struct.unpack(">I4s", head[:8])
        start = 8
        if size == 1 and len(head) == 16:
            (size,), start = struct.unpack(">Q", head[8:]), 16
        size = size or end - position
        if size < start or position + size > end:
            break
        if name == b"moov":
            if size > _LARGEST_INDEX:
                raise InputError(f"its index has {size:,} bytes")
            file.seek(position + start)
            return file.read(size - start)
        position += size
    raise InputError("no MP4 file, or not a whole one: it has no index")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, position)
        if size < 8 or position + size > len(data):
            raise ValueError(name)
        yield name, data[position + 8 : position + size]
        position += size


def _inside(data: bytes, *path: bytes) -> bytes:
    for name in path:
        data = dict(_boxes(data))[name]
    return data


def _read_track(source: Source, track: bytes, file_size: int) -> Packets:
    header = _inside(track, b"mdia", b"mdhd")
    sample_rate = struct.unpack_from(">I", header, 20 if header[0] else 12)[0]
    table = dict(_boxes(_inside(track, b"mdia", b"minf", b"stbl")))
    name, entry = next(_boxes(table[b"stsd"][8:]), (b"", b""))
    if name != b"mp4a":
        raise InputError(f"its codec is {name.decode('latin-1')!r}, and AAC is needed")
    sizes = _read_sizes(table[b"stsz"], file_size)
    durations = np.frombuffer(table[b"stts"][8:], ">u4").astype(np.int64).reshape(-1, 2)
    frame, decoded = int(durations[0, 1]), int(durations.prod(axis=1).sum())
    if (durations[:-1, 1] != frame).any() or (durations[-1, 0] != 1 and durations[-1, 1] != frame):
        raise InputError("its packets have different lengths")
    delay = _read_delay(dict(_boxes(track)).get(b"edts", b""))
    if not (
        0 <= delay < decoded <= frame * len(sizes) and sample_rate and durations[:, 0].sum() == len(sizes)
    ):
        raise ValueError(decoded)
    pieces = _find_pieces(table, sizes)
    if max(map(sum, pieces)) > file_size:
        raise InputError("it is cut off: make it again")
    return Packets(
        source=source,
        config=_find_config(_inside(entry[28:], b"esds")[4:]),
        sample_rate=sample_rate,
        channels=struct.unpack_from(">H", entry, 16)[0],
        frame=frame,
        delay=delay,
        length=decoded - delay,
        sizes=sizes,
        pieces=pieces,
    )


def _read_sizes(box: bytes, file_size: int) -> Sizes:
    size, count = struct.unpack_from(">II", box, 4)
    if not size:
        sizes = np.frombuffer(box[12:], ">u4").astype(np.uint32)
    else:
        sizes = np.full(min(count, file_size // size), size, np.uint32)
    if not count or len(sizes) != count:
        raise ValueError(count)
    return sizes


def _read_delay(edits: bytes) -> int:
    if not edits:
        return 0
    edit = _inside(edits, b"elst")
    if struct.unpack_from(">I", edit, 4)[0] != 1:
        raise InputError("it has an edit list")
    delay: int = struct.unpack_from(">q", edit, 16)[0] if edit[0] else struct.unpack_from(">i", edit, 12)[0]
    return delay


def _find_config(descriptors: bytes) -> bytes:
    """The AudioSpecificConfig in the descriptors of `esds` (ISO/IEC 14496-1, 7.2.6)."""
    position = 0
    while True:
        tag = descriptors[position]
        position += 1
        size = 0
        while True:
            byte = descriptors[position]
            position += 1
            size = size << 7 | byte & 0x7F
            if not byte & 0x80:
                break
        if tag == 5:
            return descriptors[position : position + size]
        # ES_Descriptor and DecoderConfigDescriptor hold the next one behind fields of this length.
        position += {3: 3, 4: 13}[tag]


def _find_pieces(table: Mapping[bytes, bytes], sizes: Sizes) -> list[tuple[int, int]]:
    """Where the bytes of the packets are: neighbouring chunks are one piece."""
    offsets = (
        np.frombuffer(table[b"stco"][8:], ">u4")
        if b"stco" in table
        else np.frombuffer(table[b"co64"][8:], ">u8")
    ).astype(np.int64)
    runs = np.frombuffer(table[b"stsc"][8:], ">u4").reshape(-1, 3)
    starts = np.append(runs[:, 0], len(offsets) + 1).astype(np.int64)
    counts = np.repeat(runs[:, 1], starts[1:] - starts[:-1])
    firsts = _sum_up(counts)
    if len(counts) != len(offsets) or firsts[-1] != len(sizes):
        raise ValueError(len(sizes))
    ends = _sum_up(sizes)[firsts]
    pieces: list[tuple[int, int]] = []
    for offset, length in zip(offsets.tolist(), np.diff(ends).tolist(), strict=True):
        if pieces and sum(pieces[-1]) == offset:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + length)
        else:
            pieces.append((offset, length))
    return pieces


def _sum_up(
    values: Sizes,
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Sums of the values before each place, and of all."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)])


# Writing


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


def write(
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
    head = _box(b"ftyp", brand + bytes(4) + brand + b"mp42isom")
    content = sum(len(each) for each in titles) + int(sizes.sum(dtype=np.int64))
    large = content > 2**32 - 2**27

    def index(start: int) -> bytes:
        movie = [_movie_header(first.sample_rate, length, 3 if chapters else 2)]
        start_of_audio = start + sum(len(each) for each in titles)
        movie.append(_audio_track(first, sizes, length, start_of_audio, large, language, bool(chapters)))
        if chapters:
            movie.append(_chapter_track(chapters, titles, first.sample_rate, length, start))
        movie.append(_user_data(tags, chapters, first.sample_rate))
        return _box(b"moov", *movie)

    frame = (
        struct.pack(">I4sQ", 1, b"mdat", content + 16) if large else struct.pack(">I4s", content + 8, b"mdat")
    )
    # Offsets have a fixed width, so the index is as long whatever it says.
    yield head + index(len(head) + len(index(0)) + len(frame)) + frame
    yield from titles
    for part in parts:
        yield from part.read()


def _box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, name) + content


def _full(name: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *parts)


_UNITY = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
"""The matrix that changes nothing."""


def _movie_header(scale: int, length: int, next_track: int) -> bytes:
    return _full(
        b"mvhd",
        struct.pack(">QQIQ", 0, 0, scale, length),
        struct.pack(">IH", 1 << 16, 1 << 8) + bytes(10) + _UNITY + bytes(24),
        struct.pack(">I", next_track),
        version=1,
    )


def _track_header(number: int, length: int, *, heard: bool) -> bytes:
    # A track of chapter titles is not enabled, so that players do not show it as subtitles.
    return _full(
        b"tkhd",
        struct.pack(">QQIIQ", 0, 0, number, 0, length) + bytes(8),
        struct.pack(">HHHH", 0, 0, 1 << 8 if heard else 0, 0) + _UNITY + bytes(8),
        version=1,
        flags=3 if heard else 2,
    )


def _edit(length: int, start: int) -> bytes:
    return _box(b"edts", _full(b"elst", struct.pack(">IQqI", 1, length, start, 1 << 16), version=1))


def _media(handler: bytes, scale: int, length: int, language: str, header: bytes, table: bytes) -> bytes:
    letters = language if len(language) == 3 else "und"
    packed = 0
    for letter in letters:
        packed = packed << 5 | ord(letter) - 0x60
    return _box(
        b"mdia",
        _full(b"mdhd", struct.pack(">QQIQHH", 0, 0, scale, length, packed, 0), version=1),
        _full(b"hdlr", bytes(4) + handler + bytes(12) + b"\0"),
        _box(
            b"minf",
            header,
            _box(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1))),
            _box(b"stbl", table),
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
    ends = _sum_up(sizes)
    offsets = start + ends[:-1:each]
    table = (
        _full(
            b"stsd",
            struct.pack(">I", 1),
            _sample_entry(part, int(ends[-1]) * 8 * part.sample_rate // max(1, media)),
        )
        + _full(b"stts", struct.pack(">I", len(durations)), *(struct.pack(">II", *run) for run in durations))
        + _full(b"stsc", struct.pack(">I", len(runs)), *(struct.pack(">III", *run) for run in runs))
        + _full(b"stsz", struct.pack(">II", 0, total), sizes.astype(">u4").tobytes())
        + (
            _full(b"co64", struct.pack(">I", chunks), offsets.astype(">u8").tobytes())
            if large
            else _full(b"stco", struct.pack(">I", chunks), offsets.astype(">u4").tobytes())
        )
        # To start anywhere, a decoder needs the packet before.
        + _full(b"sgpd", b"roll", struct.pack(">IIh", 2, 1, -1), version=1)
        + _full(b"sbgp", b"roll", struct.pack(">III", 1, total, 1))
    )
    return _box(
        b"trak",
        _track_header(1, length, heard=True),
        _edit(length, part.delay),
        _box(b"tref", _box(b"chap", struct.pack(">I", 2))) if chapters else b"",
        _media(b"soun", part.sample_rate, media, language, _full(b"smhd", bytes(4)), table),
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
    return _box(
        b"mp4a",
        # The field has 16 bits; the configuration has the rate too.
        struct.pack(">6xH8xHHIHH", 1, part.channels, 16, 0, part.sample_rate % 2**16, 0),
        _full(b"esds", stream),
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
    entry = struct.pack(">6xHI2x4x8xHHHBB4x", 1, 1, 0, 0, 1, 0, 0) + _box(
        b"ftab", struct.pack(">HHB", 1, 1, 0)
    )
    table = (
        _full(b"stsd", struct.pack(">I", 1), _box(b"text", entry))
        + _full(b"stts", struct.pack(">I", len(titles)), *(struct.pack(">II", 1, each) for each in durations))
        + _full(b"stsc", struct.pack(">IIII", 1, 1, len(titles), 1))
        + _full(
            b"stsz", struct.pack(">II", 0, len(titles)), *(struct.pack(">I", len(each)) for each in titles)
        )
        + _full(b"stco", struct.pack(">II", 1, start))
    )
    header = _box(
        b"gmhd",
        _full(b"gmin", struct.pack(">HHHHHH", 0x40, 0x8000, 0x8000, 0x8000, 0, 0)),
        _box(b"text", _UNITY),
    )
    return _box(
        b"trak",
        _track_header(2, length, heard=False),
        _edit(length, 0),
        _media(b"text", scale, length, "", header, table),
    )


# Tags


def data_tag(name: bytes, kind: int, *values: bytes) -> bytes:
    """A tag of `ilst`. The kinds: 0 for structures, 1 for UTF-8, 13 for JPEG, 14 for PNG, 21 for whole numbers."""
    return _box(name, *(_box(b"data", struct.pack(">II", kind, 0), value) for value in values))


def named_tag(name: str, value: str) -> bytes:
    """A tag of `ilst` for which Apple has no name; nothing for an empty one."""
    if not value:
        return b""
    return _box(
        b"----",
        _full(b"mean", b"com.apple.iTunes"),
        _full(b"name", name.encode()),
        _box(b"data", struct.pack(">II", 1, 0), value.encode()),
    )


def _user_data(tags: bytes, chapters: Iterable[Chapter], scale: int) -> bytes:
    handler = _full(b"hdlr", bytes(4) + b"mdirappl" + bytes(9))
    return _box(b"udta", _full(b"meta", handler, _box(b"ilst", tags)), _old_chapters(list(chapters), scale))


def _old_chapters(chapters: Sequence[Chapter], scale: int) -> bytes:
    """Nero's list, which players without QuickTime's chapters read. It has room for 255 of them."""
    if not 0 < len(chapters) < 256:
        return b""
    entries = []
    for chapter in chapters:
        title = chapter.title.encode()[:255].decode(errors="ignore").encode()
        entries.append(struct.pack(">QB", chapter.start * 10_000_000 // scale, len(title)) + title)
    return _full(b"chpl", struct.pack(">IB", 0, len(entries)), *entries, version=1)
