"""Files that somebody made on purpose, for tests of whatever reads audio from outside."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import av
import numpy as np
import soundfile  # type: ignore[import-untyped]  # it has no type hints


def scripts(secret: Path) -> dict[str, bytes]:
    """Files that name another file or an address instead of holding audio, by what they are."""
    return {
        "ffconcat": f"ffconcat version 1.0\nfile {secret}\n".encode(),
        "ffconcat with a protocol": f"ffconcat version 1.0\nfile 'file:{secret}'\n".encode(),
        "SDP": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n",
        "HLS": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{secret}\n#EXT-X-ENDLIST\n".encode(),
        "DASH": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
        "image pattern": b"P6\n2 2\n255\n" + bytes(12),
        "PNG": _png(4, 4),
        "SMIL": b'<smil><body><audio src="http://127.0.0.1/"/></body></smil>',
        "RTSP": b"RTSPtextrtsp://127.0.0.1:9/x\n",
        "cue": f'FILE "{secret}" WAVE\n'.encode(),
        "IMF": b'<?xml version="1.0"?><CompositionPlaylist/>',
        "a script behind an ID3 tag": b"ID3\x04\0\0\0\0\0\0ffconcat version 1.0\nfile x\n",
        "AVI": b"RIFF\x40\0\0\0AVI LIST" + bytes(60),
        "nothing": b"",
    }


def excessive() -> dict[str, tuple[bytes, str]]:
    """Audio that is more than anybody needs, and what is said of it."""
    return {
        "FLAC at 655 kHz": (flac(655_350, 8), "sample rate is 655,350 Hz"),
        "WAV of 1024 channels": (wav(48_000, 1024), "1024 channels"),
        "WAV at 1 Hz": (wav(1, 1), "sample rate is 1 Hz"),
        "WAV at 2 GHz": (wav(2_000_000_000, 1), "sample rate is 2,000,000,000 Hz"),
        "AIFF of 64 channels": (_sound("AIFF", 48_000, 64), "64 channels"),
        "FLAC that says it lasts for days": (_endless_flac(), "lasts longer than"),
        "an hour of silence": (_sound("FLAC", 8_000, 1, 3601 * 8000), "lasts longer than"),
    }


def flac(rate: int, channels: int) -> bytes:
    return _sound("FLAC", rate, channels, rate)


def _sound(format: str, rate: int, channels: int, frames: int = 1000) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((frames, channels), np.int16), rate, format=format)
    return buffer.getvalue()


def wav(rate: int, channels: int) -> bytes:
    size = 4 * 2 * channels
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * 2 * channels & 0xFFFFFFFF, 2 * channels, 16)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16)
        + fmt
        + struct.pack("<4sI", b"data", size)
        + bytes(size)
    )


def _endless_flac() -> bytes:
    data = bytearray(_sound("FLAC", 24_000, 1))
    # STREAMINFO's 36 bits of total samples.
    data[21] |= 0x0F
    data[22:26] = b"\xff\xff\xff\xff"
    return bytes(data)


def _png(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    packer = zlib.compressobj()
    rows = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def mov_with_picture(side: int, seconds: float = 5.0) -> bytes:
    """Speech-long noise in AAC beside one picture."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mov") as out:
        picture = out.add_stream("png", rate=1)
        picture.width = picture.height = side
        picture.pix_fmt = "gray"
        sound = out.add_stream("aac", rate=24_000, layout="mono")
        packet = av.Packet(_png(side, side))
        packet.stream, packet.pts, packet.dts = picture, 0, 0
        noise = np.random.default_rng(0).normal(0, 0.1, (1, int(24_000 * seconds))).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        frame.sample_rate = 24_000
        out.start_encoding()
        assert picture.time_base is not None
        packet.time_base = picture.time_base
        out.mux(packet)
        for each in (frame, None):
            for encoded in sound.encode(each):
                out.mux(encoded)
    return buffer.getvalue()
