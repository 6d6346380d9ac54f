"""MP3: the headers of its frames (ISO/IEC 11172-3, 2.4.1.3), which say what no header of the file does; its encoder."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from voxpress.audio.decoding import measure_id3
from voxpress.errors import InputError
from voxpress.speech import Hertz, Seconds

_BIT_RATES = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s of MPEG 1 and 2, layer III."""
_RATES: dict[int, tuple[Hertz, ...]] = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}
"""By the two bits of the version."""
DECODER_DELAY = 529
"""Samples by which every decoder gives the sound late."""
_LAME_GAINS = {192_000: 0.97, 224_000: 0.98, 256_000: 1.0, 320_000: 1.0}
_AFTER = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", bytes(4))
"""What may follow the last frame."""


def find_lame_gain(bit_rate: int) -> float:
    """What LAME multiplies samples with at a constant bit rate (its presets.c); 0.95 is 0.45 dB.

    >>> find_lame_gain(128_000), find_lame_gain(192_000)
    (0.95, 0.97)
    """
    return _LAME_GAINS.get(bit_rate, 0.95)


class Frame(NamedTuple):
    """What the header of a frame says.

    Attributes:
        size: bytes, with the header.
    """

    sample_rate: Hertz
    channels: int
    bit_rate: int
    size: int

    @property
    def duration(self) -> Seconds:
        """How long it is heard: 1152 samples in MPEG 1, which has the rates from 32 kHz on, and 576 in MPEG 2."""
        return (1152 if self.sample_rate >= 32000 else 576) / self.sample_rate


def read_frame(head: bytes) -> Frame | None:
    """The header of a frame of layer III; None if it is none.

    >>> read_frame(b"\\xff\\xfb\\xb0\\xc4")
    Frame(sample_rate=44100, channels=1, bit_rate=192000, size=626)
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, quality, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version not in _RATES or rate == 3 or not 0 < quality < 15:
        return None
    generation = 1 if version == 3 else 2
    sample_rate, bit_rate = _RATES[version][rate], _BIT_RATES[generation][quality - 1] * 1000
    size = 144 // generation * bit_rate // sample_rate + (head[2] >> 1 & 1)
    return Frame(sample_rate, 1 if head[3] >> 6 == 3 else 2, bit_rate, size)


def read_frames(file: BinaryIO) -> Iterator[Frame]:
    """The frames of a file that hold sound: not the first one, where that holds only their number (Xing, VBRI).

    Raises:
        InputError: something else than a frame stands between them, or the last one is not whole.
    """
    end = file.seek(0, 2)
    file.seek(0)
    position = first = measure_id3(file.read(10))
    while position < end:
        file.seek(position)
        head = file.read(64 if position == first else 11)
        frame = read_frame(head)
        if frame is None:
            if position > first and head.startswith(_AFTER):
                return
            raise InputError(f"it has no MP3 frame at byte {position:,}")
        if position + frame.size > end:
            raise InputError("it is cut off")
        if position != first or not any(name in head for name in (b"Xing", b"Info", b"VBRI")):
            yield frame
        position += frame.size


def write_info_frame(like: bytes, frames: int, size: int, delay: int, padding: int) -> bytes:
    """A silent frame for the beginning of a file with a constant bit rate, which says how much of the sound is heard.

    LAME's tag (gabriel.mp3-tech.org/mp3infotag.html) in one of Xing. Players without it play the encoder's delay.

    Args:
        like: a frame of the file.
        frames: that follow.
        size: bytes of those.
        delay: samples of the encoder before the sound, without those of a decoder.
        padding: samples after it.

    Raises:
        ValueError: the frames of this bit rate have no room for it.
    """
    head = read_frame(like)
    assert head is not None
    # Neither padding nor a checksum, and no joint stereo.
    first = bytes([like[0], like[1] | 1, like[2] & 0xFD, like[3] & 0xCF])
    length = len(first) + (17 if head.channels == 1 else 32)
    plain = head.size - (like[2] >> 1 & 1)
    tag = bytearray(first + bytes(length - len(first)))
    tag += struct.pack(">4sIII", b"Info", 15, frames, size + plain)
    tag += bytes(256 * place // 100 for place in range(100)) + struct.pack(">I", 50)
    tag += b"LAME3.100" + bytes([1, 0]) + bytes(8) + bytes([0, min(255, head.bit_rate // 1000)])
    tag += (
        ((delay << 12) | padding).to_bytes(3, "big") + bytes(4) + struct.pack(">I", size + plain) + bytes(2)
    )
    if len(tag) + 2 > plain:
        raise InputError(
            f"{head.bit_rate} bits a second are too few for an MP3 file that says how long it is"
        )
    tag += _checksum(tag).to_bytes(2, "big")
    return bytes(tag).ljust(plain, b"\0")


def _checksum(data: bytes | bytearray) -> int:
    """CRC-16 as LAME has it: polynomial 0x8005, the lowest bit first."""
    sum = 0
    for byte in data:
        sum ^= byte
        for _ in range(8):
            sum = sum >> 1 ^ (0xA001 if sum & 1 else 0)
    return sum
