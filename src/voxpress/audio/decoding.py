"""Files to samples, a block at a time. The first bytes show the container, and bounds limit every file.

FFmpeg reads a hundred formats, among them scripts and playlists that open other files and addresses. This module
tells it the format of a file, and forbids other formats, other files, and decoders of anything but audio.
"""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal, NamedTuple, TypeAlias

from voxpress.audio.arrays import Samples, np
from voxpress.errors import InputError
from voxpress.files.formats import Format, format_named
from voxpress.speech import Hertz, Seconds

Blocks: TypeAlias = Iterator[Samples]

_BLOCK = 2**18
"""Samples of each channel in one block."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Limits of a file.

    Attributes:
        samples: most samples of one channel.
        longest: most seconds; None: only `samples` limits the length.
    """

    samples: int
    longest: Seconds | None = None
    channels: int = 8
    lowest_rate: Hertz = 4_000
    highest_rate: Hertz = 384_000

    def check(self, sample_rate: Hertz, channels: int) -> None:
        """Check the sample rate and the number of channels.

        Raises:
            InputError: one of them is out of bounds.
        """
        if not channels:
            raise InputError("it has no channels")
        if channels > self.channels:
            raise InputError(f"it has {channels} channels, and {self.channels} are the most")
        if not self.lowest_rate <= sample_rate <= self.highest_rate:
            raise InputError(
                f"its sample rate is {sample_rate:,} Hz: from {self.lowest_rate:,} to {self.highest_rate:,} can be read"
            )

    def check_length(self, samples: int, sample_rate: Hertz) -> None:
        """Check the number of samples.

        Raises:
            InputError: it is too large.
        """
        if self.longest is not None and samples > self.longest * sample_rate:
            raise InputError(f"it lasts longer than {self.longest:g} s")
        if samples > self.samples:
            raise InputError(
                f"it lasts longer than {self.samples // sample_rate:,} s, which is the most at {sample_rate:,} Hz"
            )


UNBOUNDED = Bounds(samples=2**62, channels=2**16, lowest_rate=1, highest_rate=2**31)
"""For files that voxpress itself made."""


class Container(NamedTuple):
    """The container of a file, and the library that reads it."""

    library: Literal["soundfile", "av"]
    name: str
    """Name of FFmpeg's demuxer."""


_MAGIC: tuple[tuple[int, bytes, Container], ...] = (
    (8, b"WAVE", Container("soundfile", "wav")),
    (0, b"fLaC", Container("soundfile", "flac")),
    (0, b"FORM", Container("soundfile", "aiff")),
    (0, b".snd", Container("soundfile", "au")),
    (0, b"OggS", Container("av", "ogg")),
    (4, b"ftyp", Container("av", "mov")),
    *((4, name, Container("av", "mov")) for name in (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")),
    (0, b"\x1a\x45\xdf\xa3", Container("av", "matroska")),
    (0, b"caff", Container("av", "caf")),
)
READABLE = "WAV, FLAC, Ogg, MP3, MP4, AAC, WebM, AIFF, AU and CAF"


def recognise(file: BinaryIO) -> Container:
    """The container of a file, by its first bytes.

    >>> recognise(io.BytesIO(b"fLaC" + bytes(60))).name
    'flac'

    Raises:
        InputError: it is none of the known ones.
    """
    file.seek(0)
    head = file.read(64)
    if tag := measure_id3(head):
        file.seek(tag)
        after = file.read(4)
        name = "flac" if after == b"fLaC" else "aac" if _mpeg_layer(after) == 0 else "mp3"
        return Container("av", name)
    for offset, magic, container in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            if container.name == "wav" and head[:4] not in (b"RIFF", b"RF64"):
                continue
            # libsndfile reads the pad byte behind GSM in WAV as another block, and reads only the first of several Ogg
            # streams in a row; FFmpeg drops the end of short Vorbis files.
            if container.name == "wav" and head[20:22] == b"\x31\x00":
                return Container("av", "wav")
            if container.name == "ogg" and b"\x01vorbis" in head and not _is_chained(file):
                return Container("soundfile", "ogg")
            return container
    layer = _mpeg_layer(head)
    if layer is None:
        raise InputError(f"not audio that can be read: it is none of {READABLE}")
    return Container("av", "mp3" if layer else "aac")


def measure_id3(head: bytes) -> int:
    """The size of the ID3v2 tag that a file begins with, in bytes; 0 if there is none.

    Args:
        head: at least 10 bytes of the file's start.
    """
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))


def _is_chained(file: BinaryIO) -> bool:
    """Whether a second Ogg stream begins after the first page (RFC 3533, section 4)."""
    position = 0
    while True:
        file.seek(position)
        head = file.read(27 + 255)
        if len(head) < 27 or head[:4] != b"OggS":
            return False
        if position and head[5] & 2:
            return True
        position += 27 + head[26] + sum(head[27 : 27 + head[26]])


def _mpeg_layer(head: bytes) -> int | None:
    """The two bits of a frame's header that differ between MP3 and AAC; None if there is no such header."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] >> 1 & 3
    return None if layer == 0 and head[1] & 0xF0 != 0xF0 else layer


def open_sound(
    file: BinaryIO, format: str | None = None, bounds: Bounds = UNBOUNDED, channels: Literal[1, 2] = 1
) -> tuple[Hertz, Blocks]:
    """The sample rate of a file, and its samples.

    Args:
        file: readable and seekable.
        format: of a file without a header; None: the file's first bytes show it.
        channels: 1: blocks have the shape (n,), and several channels become their mean; 2: the shape (n, 2), and a
            single channel is both.

    Raises:
        InputError: the file is no audio, or exceeds the bounds; also raised while iterating over the samples.
    """
    file.seek(0)
    if format is not None:
        known = format_named(format)
        if known.container == "RAW" and known.library == "numpy":
            rate = known.sample_rate or known.sample_rates[0]
            blocks = (_fold(block[:, None], channels) for block in _read_pcm(file))
            return rate, _check_lengths(blocks, rate, bounds)
        if known.container == "RAW":
            return _open_with_soundfile(file, known, bounds, channels)
        if known.container == "g722":
            return _open_with_av(file, known.container, bounds, channels)
    container = recognise(file)
    if container.name == "wav":
        file = _repair_sizes(file, bounds)
    file.seek(0)
    if container.library == "soundfile":
        return _open_with_soundfile(file, None, bounds, channels)
    return _open_with_av(file, container.name, bounds, channels)


def _fold(samples: Samples, channels: int) -> Samples:
    """Samples of shape (n, channels of the file) in the shape that `open_sound` gives."""
    if channels == 1:
        return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)
    if samples.shape[1] > 2:
        samples = samples.mean(axis=1, keepdims=True)
    return np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples


def _check_lengths(blocks: Blocks, sample_rate: Hertz, bounds: Bounds) -> Blocks:
    count = 0
    for block in blocks:
        count += len(block)
        bounds.check_length(count, sample_rate)
        yield block


def _read_pcm(file: BinaryIO) -> Blocks:
    while data := file.read(2 * _BLOCK):
        yield np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


# WAV

_UNKNOWN_SIZE = 0x7FFF0000
"""Lowest size in a WAV header that means "unknown": programs that do not know it write nearly 2 or 4 GiB, or 0."""
_MOST_CHUNKS = 1000


def lacks_length(size: int, total: int, whole: int) -> bool:
    """Whether a WAV file was written before its length was known, as into a pipe.

    >>> lacks_length(0, 0, 9644), lacks_length(9600, 9636, 9644)
    (True, False)

    Args:
        size: bytes of samples, as the header says.
        total: bytes after the eighth one, as the header says.
        whole: bytes of the file.
    """
    return size >= _UNKNOWN_SIZE or (size == 0 and total != whole - 8)


def _repair_sizes(file: BinaryIO, bounds: Bounds) -> BinaryIO:
    """A WAV file whose header has the right sizes.

    Raises:
        InputError: the end is missing, or the sample rate or the channels are out of bounds; libsndfile reports
        neither.
    """
    whole = file.seek(0, io.SEEK_END)
    position = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            break
        name, size = struct.unpack("<4sI", head)
        there = whole - position - 8
        if name == b"fmt " and size >= 16 and there >= 8:
            _, channels, sample_rate = struct.unpack("<HHI", file.read(8))
            bounds.check(sample_rate, channels)
        if name == b"data":
            file.seek(4)
            total = struct.unpack("<I", file.read(4))[0]
            if lacks_length(size, total, whole):
                file.seek(8)
                middle = file.read(position - 4)
                sizes = [struct.pack("<I", min(each, 2**32 - 1)) for each in (whole - 8, there)]
                file.seek(0)
                start = file.read(4) + sizes[0] + middle + sizes[1]
                return io.BufferedReader(_Patched(file, start, whole), 2**16)
            if size > there:
                raise InputError(
                    f"not whole: its header says {size:,} bytes of samples, and {there:,} are there"
                )
            break
        position += 8 + size + size % 2
    return file


class _Patched(io.RawIOBase):
    """A file with other bytes at its start."""

    def __init__(self, file: BinaryIO, start: bytes, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at < len(self._start):
            data = self._start[self._at : self._at + len(buffer)]
        else:
            self._file.seek(self._at)
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


# soundfile


def _open_with_soundfile(
    file: BinaryIO, raw: Format | None, bounds: Bounds, channels: int
) -> tuple[Hertz, Blocks]:
    import soundfile  # type: ignore[import-untyped]  # it has no type hints

    try:
        sound = soundfile.SoundFile(
            file,
            samplerate=raw and raw.sample_rates[0],
            channels=raw and 1,
            subtype=raw and raw.codec,
            format=raw and raw.container,
        )
    except soundfile.LibsndfileError as error:
        raise InputError(f"not audio that can be read: {error.error_string}") from error
    try:
        bounds.check(sound.samplerate, sound.channels)
        if sound.seekable():
            bounds.check_length(sound.frames, sound.samplerate)
    except InputError:
        sound.close()
        raise

    def blocks() -> Blocks:
        with sound:
            while True:
                try:
                    # With no number of frames, soundfile refuses GSM, where it cannot seek.
                    samples = sound.read(_BLOCK, dtype="float32", always_2d=True)
                except soundfile.LibsndfileError as error:
                    raise InputError(f"not audio that can be read: {error.error_string}") from error
                if not len(samples):
                    return
                yield _fold(samples, channels)

    return sound.samplerate, _check_lengths(blocks(), sound.samplerate, bounds)


# PyAV

# fmt: off
DECODERS = frozenset(
    (
        "aac", "aac_fixed", "ac3", "alac", "dca", "eac3", "flac", "g722", "gsm", "gsm_ms", "mp1", "mp1float",
        "mp2", "mp2float", "mp3", "mp3float", "libopus", "opus", "speex", "vorbis", "adpcm_ima_qt",
        "adpcm_ima_wav", "adpcm_ms", "pcm_alaw", "pcm_mulaw", "pcm_f32be", "pcm_f32le", "pcm_f64be", "pcm_f64le",
        "pcm_s16be", "pcm_s16le", "pcm_s24be", "pcm_s24le", "pcm_s32be", "pcm_s32le", "pcm_s8", "pcm_u8",
    )
)
# fmt: on
"""FFmpeg's decoders that may be used."""
_MOST_STREAMS = 16
_SHORTEST_HOLE: Seconds = 0.1
"""Of times that lack samples: those of some programs are not exact."""


def _open_with_av(file: BinaryIO, container: str, bounds: Bounds, channels: int) -> tuple[Hertz, Blocks]:
    import av

    options = {
        "format_whitelist": container,
        "codec_whitelist": ",".join(sorted(DECODERS)),
        "protocol_whitelist": "none",
        "max_streams": str(_MOST_STREAMS),
    }
    if container == "mov":
        options |= {"enable_drefs": "0", "use_absolute_path": "0"}
    with contextlib.ExitStack() as failed, _translate_av_errors():
        source = failed.enter_context(
            av.open(file, "r", format=container, options=options, io_open=_open_nothing)
        )
        if not source.streams.audio:
            raise InputError("not audio that can be read: it holds no audio")
        stream = source.streams.audio[0]
        if stream.codec_context.name not in DECODERS:
            raise InputError(f"not audio that can be read: its codec is {stream.codec_context.name}")
        bounds.check(stream.rate, stream.channels)
        stream.codec_context.thread_count = 1
        failed.pop_all()
    return stream.rate, _check_lengths(_decode_with_av(source, stream, bounds, channels), stream.rate, bounds)


def _decode_with_av(source: Any, stream: Any, bounds: Bounds, channels: int) -> Blocks:
    parts: list[Samples] = []
    count = 0
    with source, _translate_av_errors():
        for part in _decode_frames(source, stream, bounds):
            parts.append(part)
            count += len(part)
            if count >= _BLOCK:
                yield _fold(np.concatenate(parts), channels)
                parts, count = [], 0
        if parts:
            yield _fold(np.concatenate(parts), channels)


def _decode_frames(source: Any, stream: Any, bounds: Bounds) -> Blocks:
    """The samples of frames, with silence where a recorder lost some: what follows keeps its time."""
    import av

    # From one channel to two, and back, FFmpeg changes the level by 3 dB: `_fold` does not.
    held, rate = min(stream.channels, 2), stream.rate
    resampler = av.AudioResampler(format="flt", layout="mono" if held == 1 else "stereo", rate=rate)
    timed = source.format.name.split(",")[0] in ("mov", "matroska")
    frame, first, count = None, None, 0
    for frame in source.decode(stream):
        bounds.check(frame.sample_rate, len(frame.layout.channels))
        if timed and frame.pts is not None:
            at = frame.pts * frame.time_base
            first = at if first is None else first
            hole = round((at - first) * rate) - count
            if hole > _SHORTEST_HOLE * rate:
                for start in range(0, hole, _BLOCK):
                    yield np.zeros((min(_BLOCK, hole - start), held), np.float32)
                count += hole
        for part in resampler.resample(frame):
            count += part.samples
            yield np.asarray(part.to_ndarray(), np.float32).reshape(-1, held)
    for part in resampler.resample(None) if frame is not None else ():
        yield np.asarray(part.to_ndarray(), np.float32).reshape(-1, held)


@contextlib.contextmanager
def _translate_av_errors() -> Iterator[None]:
    import av

    try:
        yield
    except InputError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise _explain_failure(error) from error


def _explain_failure(error: Exception) -> InputError:
    import av

    if isinstance(error, av.EOFError):
        problem = "it ends before any audio begins"
    elif isinstance(error, MemoryError):
        problem = f"it has more than {_MOST_STREAMS} streams, or needs more memory than there is"
    else:
        problem = getattr(error, "strerror", None) or str(error)
    return InputError(f"not audio that can be read: {problem}")


def _open_nothing(url: str, flags: int, options: object) -> BinaryIO:  # noqa: ARG001 - what FFmpeg gives
    raise InputError(f"it names another file, {url[:100]!r}, which is not opened")
