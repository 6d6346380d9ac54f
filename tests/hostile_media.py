"""Files that somebody made on purpose, for tests of whatever reads audio from outside."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
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
        "concat protocol": f"concat:{secret}|{secret}".encode(),
        "HLS behind a byte order mark": f"\ufeff#EXTM3U\n{secret}\n".encode(),
        "ASX": f'<ASX version="3.0"><Entry><Ref href="file://{secret}"/></Entry></ASX>'.encode(),
        "WPL": f'<?wpl version="1.0"?><smil><body><seq><media src="{secret}"/></seq></body></smil>'.encode(),
        "SVG": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{secret}"/></svg>'.encode(),
        "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + bytes(200),
        "GIF": b"GIF89a\1\0\1\0\0\0\0;",
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(100),
        "IFF picture": b"FORM\0\0\0\x40ILBM" + bytes(100),
        "zip": _zip(secret),
        "tar": _tar(secret),
        "MP3 in WAV that is a script": wav(
            8_000, 1, codec=0x55, data=f"ffconcat version 1.0\nfile {secret}\n".encode()
        ),
        "nothing": b"",
    }


def flac(rate: int, channels: int) -> bytes:
    return _sound("FLAC", rate, channels, rate)


def _sound(format: str, rate: int, channels: int, frames: int = 1000) -> bytes:
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, channels, format=format) as file:
        for start in range(0, frames, 2**20):
            file.write(np.zeros((min(2**20, frames - start), channels), np.int16))
    return buffer.getvalue()


def wav(
    rate: int, channels: int, *, codec: int = 1, data: bytes | None = None, align: int | None = None
) -> bytes:
    """What such a header says, over four silent samples of each channel or over `data`."""
    data = bytes(4 * 2 * channels) if data is None else data
    align = min(2 * channels, 65_535) if align is None else align
    fmt = struct.pack("<HHIIHH", codec, channels, rate, rate * 2 * channels & 0xFFFFFFFF, align, 16)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16)
        + fmt
        + struct.pack("<4sI", b"data", len(data))
        + data
    )


def _floats(value: float) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.full(100, value, np.float32), 24_000, format="WAV", subtype="FLOAT")
    return buffer.getvalue()


def _zip(file: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(file.name, wav(24_000, 1))
    return buffer.getvalue()


def _tar(file: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        packed.addfile(tarfile.TarInfo(file.name))
    return buffer.getvalue()


def _opus(seconds: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as out:
        sound = out.add_stream(
            "libopus", rate=8_000, layout="mono", options={"frame_duration": "60", "compression_level": "0"}
        )
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 8_000 * seconds), np.float32), format="flt", layout="mono"
        )
        frame.sample_rate = 8_000
        for each in (frame, None):
            out.mux(sound.encode(each))
    return buffer.getvalue()


def opus_chain(seconds: float, links: int) -> bytes:
    """Ogg of several streams, one after the other, each under a number of its own."""
    samples = np.random.default_rng(2).normal(0, 0.1, (1, int(48_000 * seconds))).astype(np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
    frame.sample_rate = 48_000
    whole = b""
    for number in range(links):
        buffer = io.BytesIO()
        with av.open(buffer, "w", format="ogg", options={"serial_offset": str(number)}) as out:
            sound = out.add_stream("libopus", rate=48_000, layout="mono")
            for each in (frame, None):
                out.mux(sound.encode(each))
        whole += buffer.getvalue()
    return whole


def _streams(count: int) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        for sound in [out.add_stream("aac", rate=8_000, layout="mono") for _ in range(count)]:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 2048), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 8_000
            for each in (frame, None):
                out.mux(sound.encode(each))
    return buffer.getvalue()


def _headers_only(count: int) -> bytes:
    """Ogg in which streams begin and none goes on."""
    head = b"OpusHead\1\1" + bytes(9)
    return b"".join(
        b"OggS\0\2" + bytes(8) + struct.pack("<III", serial, 0, 0) + bytes([1, len(head)]) + head
        for serial in range(count)
    )


def mp4_of_another_file(mp4: bytes, file: Path) -> bytes:
    """That MP4, with its samples said to be in `file` (a data reference that is not itself)."""
    data, address = bytearray(mp4), f"file://{file}".encode() + b"\0"
    url = data.index(b"url \0\0\0\1")
    data[url + 7] = 0
    data[url + 8 : url + 8] = address
    for name in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref", b"url "):
        size = data.index(name) - 4
        data[size : size + 4] = struct.pack(
            ">I", struct.unpack(">I", data[size : size + 4])[0] + len(address)
        )
    return bytes(data)


def matroska(samples: np.ndarray[tuple[int], np.dtype[np.float32]], next_file: Path) -> bytes:
    """Opus at 48 kHz, with the name of the file that goes on with it."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        sound = out.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
        frame.sample_rate = 48_000
        for each in (frame, None):
            out.mux(sound.encode(each))
    data, name = bytearray(buffer.getvalue()), str(next_file).encode()
    # NextFilename in Info; sizes of EBML have a marker bit in front, and all ones stand for "until the end".
    link = b"\x3e\x83\xbb" + (len(name) | 1 << 14).to_bytes(2, "big") + name
    info = data.index(b"\x15\x49\xa9\x66") + 4
    width = 9 - data[info].bit_length()
    size = int.from_bytes(data[info : info + width], "big") & (1 << 7 * width) - 1
    data[info : info + width] = (size + len(link) | 1 << 7 * width).to_bytes(width, "big")
    data[info + width : info + width] = link
    segment = data.index(b"\x18\x53\x80\x67") + 4
    data[segment : segment + 8] = b"\1" + b"\xff" * 7
    return bytes(data)


def with_picture(mp3: bytes, size: int) -> bytes:
    """That MP3 behind an ID3 tag with a picture of so many bytes."""
    content = b"\0image/jpeg\0\3\0" + b"\xff\xd8\xff\xe0" * (size // 4)
    frame = b"APIC" + struct.pack(">IH", len(content), 0) + content
    return b"ID3\3\0\0" + bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0)) + frame + mp3


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


EXCESSIVE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "FLAC at 655 kHz": (lambda: flac(655_350, 8), "sample rate is 655,350 Hz"),
    "WAV of 1024 channels": (lambda: wav(48_000, 1024), "1024 channels"),
    "WAV at 1 Hz": (lambda: wav(1, 1), "sample rate is 1 Hz"),
    "WAV at 2 GHz": (lambda: wav(2_000_000_000, 1), "sample rate is 2,000,000,000 Hz"),
    "WAV at 0 Hz": (lambda: wav(0, 1), "sample rate is 0 Hz"),
    "WAV at 2^31 Hz": (lambda: wav(2**31, 1), "sample rate is 2,147,483,648 Hz"),
    "WAV of 65,535 channels": (lambda: wav(48_000, 65_535, data=bytes(8)), "65535 channels"),
    "WAV without channels": (lambda: wav(48_000, 0, data=bytes(8)), "no channels"),
    "GSM in WAV at 0 Hz": (lambda: wav(0, 1, codec=0x31), "sample rate is 0 Hz"),
    "samples that are no numbers": (lambda: _floats(np.nan), "not numbers"),
    "infinite samples": (lambda: _floats(-np.inf), "not numbers"),
    "samples whose squares are infinite": (lambda: _floats(-1e38), "1e+38 times full scale"),
    "MP4 of 17 streams": (lambda: _streams(17), "more than 16 streams"),
    "Ogg of 10,000 streams at once": (lambda: _headers_only(10_000), "ends before any audio"),
    "Opus that lasts for 11 minutes": (lambda: _opus(660), "lasts longer than 600 s"),
    "AIFF of 64 channels": (lambda: _sound("AIFF", 48_000, 64), "64 channels"),
    "FLAC that says it lasts for days": (_endless_flac, "lasts longer than"),
    "FLAC that lasts for 11 minutes": (
        lambda: _sound("FLAC", 8_000, 1, 660 * 8000),
        "lasts longer than 600 s",
    ),
}
"""Audio that is more than anybody needs: what makes it, and what is said of it."""
