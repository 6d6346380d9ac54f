"""The packets of an AAC file, read from its index."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeAlias

from voxpress.audio.arrays import np
from voxpress.audio.mp4.boxes import find_box, read_boxes
from voxpress.errors import InputError
from voxpress.speech import Hertz

Source: TypeAlias = bytes | Path
"""A file: its bytes, or where it is."""

Sizes: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.uint32]]"
"""Bytes of each packet."""

_BLOCK = 2**20
_LARGEST_INDEX = 2**28


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

    def without_last(self) -> Packets:
        """All packets but the last one."""
        *pieces, (offset, length) = self.pieces
        pieces.append((offset, length - int(self.sizes[-1])))
        return replace(self, sizes=self.sizes[:-1], pieces=pieces, length=self.length - self.frame)

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


def sum_up(
    values: Sizes,
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Sums of the values before each place, and of all."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)])


def read_packets(source: Source) -> Packets:
    """The packets of a file with one track of AAC.

    Raises:
        InputError: it is no such file.
    """
    with open_source(source) as file:
        moov = _read_index(file)
        file_size = file.seek(0, io.SEEK_END)
    try:
        tracks = [each for name, each in read_boxes(moov) if name == b"trak"]
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


def _read_track(source: Source, track: bytes, file_size: int) -> Packets:
    header = find_box(track, b"mdia", b"mdhd")
    sample_rate = struct.unpack_from(">I", header, 20 if header[0] else 12)[0]
    table = dict(read_boxes(find_box(track, b"mdia", b"minf", b"stbl")))
    name, entry = next(read_boxes(table[b"stsd"][8:]), (b"", b""))
    if name != b"mp4a":
        raise InputError(f"its codec is {name.decode('latin-1')!r}, and AAC is needed")
    sizes = _read_sizes(table[b"stsz"], file_size)
    durations = np.frombuffer(table[b"stts"][8:], ">u4").astype(np.int64).reshape(-1, 2)
    frame, decoded = int(durations[0, 1]), int(durations.prod(axis=1).sum())
    if (durations[:-1, 1] != frame).any() or (durations[-1, 0] != 1 and durations[-1, 1] != frame):
        raise InputError("its packets have different lengths")
    delay = _read_delay(dict(read_boxes(track)).get(b"edts", b""))
    if not (
        0 <= delay < decoded <= frame * len(sizes) and sample_rate and durations[:, 0].sum() == len(sizes)
    ):
        raise ValueError(decoded)
    pieces = _find_pieces(table, sizes)
    if max(map(sum, pieces)) > file_size:
        raise InputError("it is cut off: make it again")
    return Packets(
        source=source,
        config=_find_config(find_box(entry[28:], b"esds")[4:]),
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
    edit = find_box(edits, b"elst")
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
    firsts = sum_up(counts)
    if len(counts) != len(offsets) or firsts[-1] != len(sizes):
        raise ValueError(len(sizes))
    ends = sum_up(sizes)[firsts]
    pieces: list[tuple[int, int]] = []
    for offset, length in zip(offsets.tolist(), np.diff(ends).tolist(), strict=True):
        if pieces and sum(pieces[-1]) == offset:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + length)
        else:
            pieces.append((offset, length))
    return pieces
