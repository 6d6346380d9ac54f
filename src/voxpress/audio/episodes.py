"""Finished episodes from parts that are encoded apart: whoever edits one encodes that one only.

A part is encoded together with a few frames of what is heard before and after it, and these are dropped. So the
packets of all parts in a row decode as if they had been encoded at once, without a gap or a click. docs/decisions.md
says more.
"""

from __future__ import annotations

import io
import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from voxpress import languages
from voxpress.audio import comments, mpeg
from voxpress.audio.arrays import np
from voxpress.audio.mp4 import writing
from voxpress.audio.mp4.packets import Packets, Source, open_source, read_packets
from voxpress.audio.signals import Channels, Signal, read_blocks
from voxpress.audio.tags import Chapter, Place, Tags, to_comments, to_id3, to_mp4
from voxpress.errors import InputError, UnsupportedOption
from voxpress.files import atomic
from voxpress.files.formats import FORMATS, bit_rate_for
from voxpress.speech import Hertz, dBFS

if TYPE_CHECKING:
    import av

_Opened = TypeVar("_Opened")
Codec: TypeAlias = Literal["mp3", "m4a", "opus"]

RATES: tuple[Hertz, ...] = (44_100, 48_000)
BIT_RATES: dict[Codec, dict[Channels, int]] = {
    "mp3": {1: 96_000, 2: 128_000},
    "m4a": {1: 64_000, 2: 128_000},
    "opus": {1: 32_000, 2: 64_000},
}
LEAST_MP3 = 64_000
"""Frames of fewer bits a second have no room for what says how long a file is."""
PEAKS: dict[Codec, dBFS] = {"mp3": -2.0, "m4a": -2.0, "opus": -2.5}
"""True peaks (dBTP) of what is encoded, such that what is decoded has -1 at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How an episode is encoded.

    Attributes:
        sample_rate: of the mix; Opus has 48 kHz whatever it is.
        bit_rate: None: what suits speech with music.

    Raises:
        InputError: the sample rate is another one.
        UnsupportedOption: the codec cannot have the bit rate.
    """

    codec: Codec = "mp3"
    channels: Channels = 1
    sample_rate: Hertz = 44_100
    bit_rate: int | None = None

    def __post_init__(self) -> None:
        if self.sample_rate not in RATES:
            raise InputError(
                f"an episode has {' or '.join(map(str, RATES))} Hz, not {self.sample_rate}",
                field="sample_rate",
            )
        bit_rate_for(FORMATS[self.codec], self.bits, 48_000 if self.codec == "opus" else self.sample_rate)
        if self.codec == "mp3" and self.bits < LEAST_MP3:
            raise UnsupportedOption(
                f"an episode in MP3 has at least {LEAST_MP3} bits a second, not {self.bits}", field="bit_rate"
            )

    @property
    def bits(self) -> int:
        """In each second."""
        return BIT_RATES[self.codec][self.channels] if self.bit_rate is None else self.bit_rate


@dataclass(frozen=True, slots=True)
class Frames:
    """How a codec cuts sound into frames that parts can be joined at.

    Attributes:
        length: samples of a frame.
        delay: samples by which a decoder gives the sound late; less than a frame.
        before: frames before a part that its encoder gets too, so that it has settled when the part begins.
    """

    encoder: str
    length: int
    delay: int
    before: int
    options: tuple[tuple[str, str], ...] = ()


FRAMES: dict[Codec, Frames] = {
    # Without a reservoir, no frame holds bits of the next one.
    "mp3": Frames("libmp3lame", 1152, 1105, 16, (("reservoir", "0"),)),
    # The usual coder takes seconds until its quality is steady, which is heard at joints. This one had less noise
    # on recordings of speech at the same bit rate too.
    "m4a": Frames("aac", 1024, 1024, 16, (("aac_coder", "fast"),)),
}
AFTER = 4
"""Frames after a part that its encoder looks ahead to."""


def grid(*encodings: Encoding) -> int:
    """Samples of which the length of each part has to be a multiple, so that it can be joined.

    >>> grid(Encoding(codec="mp3")), grid(Encoding(codec="mp3"), Encoding(codec="m4a"))
    (1152, 9216)
    """
    return math.lcm(*(FRAMES[each.codec].length for each in encodings if each.codec in FRAMES))


def encode_part(signal: Signal, start: int, stop: int, encoding: Encoding) -> bytes:
    """Encode what a signal has from `start` to `stop`.

    What it has for 0.5 s before and 0.2 s after has an influence on the bytes, and nothing else outside. The part has
    one frame more than it is long, which holds the end of the sound; `join_parts` takes that of the last part.

    Raises:
        ValueError: the signal is unlike the encoding, or the codec's frames do not begin at `start` and `stop`.
    """
    if (signal.channels, signal.sample_rate) != (encoding.channels, encoding.sample_rate):
        raise ValueError("the signal has other channels or another sample rate than the encoding")
    if encoding.codec not in FRAMES:
        return _encode_opus(signal, start, stop, encoding)
    frames = FRAMES[encoding.codec]
    if start % frames.length or stop % frames.length or stop <= start:
        raise ValueError(
            f"a part from {start} to {stop} does not consist of frames of {frames.length} samples"
        )
    first = min(frames.before, start // frames.length)
    count = (stop - start) // frames.length + 1
    softened = mpeg.find_lame_gain(encoding.bits) if encoding.codec == "mp3" else 1.0
    context = _create_encoder(frames, encoding)
    begin, end = start - first * frames.length, stop + AFTER * frames.length
    packets = [
        bytes(packet)
        for frame in _read_frames(signal, begin, end, softened)
        for packet in context.encode(frame)
    ][first : first + count]
    if encoding.codec == "mp3":
        return b"".join(packets)
    data = b"".join(packets)
    part = Packets(
        source=data,
        config=bytes(context.extradata or b""),
        sample_rate=encoding.sample_rate,
        channels=encoding.channels,
        frame=frames.length,
        delay=frames.delay,
        length=stop - start,
        sizes=np.array([len(each) for each in packets], np.uint32),
        pieces=[(0, len(data))],
    )
    return b"".join(writing.write_mp4([part], b""))


def join_parts(
    path: str | os.PathLike[str],
    parts: Sequence[Source],
    chapters: Sequence[Chapter],
    tags: Tags,
    encoding: Encoding,
    *,
    place: Place | None = None,
) -> None:
    """Write the parts as one file by copying their packets.

    Args:
        parts: of `encode_part` with this encoding, in order; for Opus, one.
        chapters: in order, the first one at 0.
        place: title and number of the episode; `tags` has the title of the show.

    Raises:
        InputError: there are no parts, one is no such file, or the chapters are out of order or too many.
        StoreError: the file cannot be written.
    """
    if not parts:
        raise InputError("an episode needs at least one part")
    starts = [each.start for each in chapters]
    if starts and (starts[0] != 0 or any(a >= b for a, b in itertools.pairwise(starts))):
        raise InputError("the first chapter must begin at 0, and each one after the one before it")
    atomic.write(path, _JOINERS[encoding.codec](parts, chapters, tags, encoding, place), durable=True)


# Encoders


def _create_encoder(frames: Frames, encoding: Encoding) -> av.AudioCodecContext:
    import av

    context = av.CodecContext.create(frames.encoder, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.format, context.layout = encoding.sample_rate, "fltp", _layout(encoding)
    context.bit_rate = encoding.bits
    context.options = {"flags": "+bitexact", **dict(frames.options)}
    return context


def _layout(encoding: Encoding) -> str:
    return "mono" if encoding.channels == 1 else "stereo"


def _read_frames(
    signal: Signal, start: int, stop: int, softened: float = 1.0
) -> Iterator[av.AudioFrame | None]:
    """The samples as FFmpeg wants them, and None at the end.

    Args:
        softened: what the encoder multiplies them with.
    """
    import av

    at = 0
    for block in read_blocks(signal, start, stop):
        planes = np.ascontiguousarray(np.clip(block / np.float32(softened), -1.0, 1.0).T)
        frame = av.AudioFrame.from_ndarray(
            planes, format="fltp", layout="mono" if signal.channels == 1 else "stereo"
        )
        frame.sample_rate, frame.pts = signal.sample_rate, at
        at += len(block)
        yield frame
    yield None


def _encode_opus(signal: Signal, start: int, stop: int, encoding: Encoding) -> bytes:
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream(
            "libopus", rate=48_000, layout=_layout(encoding), options={"flags": "+bitexact"}
        )
        stream.bit_rate = encoding.bits
        for frame in _read_frames(signal, start, stop):
            container.mux(stream.encode(frame))
    return buffer.getvalue()


# Joining


def _open_each(parts: Sequence[Source], open: Callable[[Source], _Opened]) -> list[_Opened]:
    """Each of the parts.

    Raises:
        InputError: one cannot be opened; the message has its number.
    """
    opened = []
    for number, part in enumerate(parts, 1):
        try:
            opened.append(open(part))
        except InputError as error:
            raise InputError(f"part {number} of the episode: {error}") from error
    return opened


class _Mp3Part:
    """A part in MP3.

    Attributes:
        head: of its first frame.
        sizes: bytes of its frames.
    """

    def __init__(self, source: Source, encoding: Encoding) -> None:
        self._source = source
        with open_source(source) as file:
            self.head = file.read(4)
            frames = list(mpeg.read_frames(file))
        wanted = (encoding.sample_rate, encoding.channels, encoding.bits)
        if len(frames) < 2 or any(each[:3] != wanted for each in frames):
            raise InputError("it is MP3 of another kind: make it again")
        self.sizes = [each.size for each in frames]

    def read(self, count: int) -> Iterator[bytes]:
        """The bytes of the first `count` frames."""
        left = sum(self.sizes[:count])
        with open_source(self._source) as file:
            while left and (piece := file.read(min(left, 2**20))):
                left -= len(piece)
                yield piece


def _join_mp3(
    parts: Sequence[Source], chapters: Sequence[Chapter], tags: Tags, encoding: Encoding, place: Place | None
) -> Iterator[bytes]:
    opened = _open_each(parts, lambda part: _Mp3Part(part, encoding))
    counts = [len(each.sizes) - 1 for each in opened]
    frames, length = FRAMES["mp3"], sum(counts) * FRAMES["mp3"].length
    counts[-1] += 1
    yield to_id3(tags, place, chapters, length / encoding.sample_rate)
    size = sum(sum(each.sizes[:count]) for each, count in zip(opened, counts, strict=True))
    delay = frames.delay - mpeg.DECODER_DELAY
    yield mpeg.write_info_frame(
        opened[0].head, sum(counts), size, delay, sum(counts) * frames.length - length - delay
    )
    for each, count in zip(opened, counts, strict=True):
        yield from each.read(count)


def _join_m4a(
    parts: Sequence[Source], chapters: Sequence[Chapter], tags: Tags, encoding: Encoding, place: Place | None
) -> Iterator[bytes]:
    opened = _open_each(parts, read_packets)
    joined = [*(each.without_last() for each in opened[:-1]), opened[-1]]
    placed = [writing.Chapter(each.title, round(each.start * encoding.sample_rate)) for each in chapters]
    language = languages.iso_639_2(tags.language) if tags.language else ""
    yield from writing.write_mp4(joined, to_mp4(tags, place), placed, language=language)


def _join_opus(
    parts: Sequence[Source], chapters: Sequence[Chapter], tags: Tags, _encoding: Encoding, place: Place | None
) -> Iterator[bytes]:
    if len(parts) > 1:
        raise InputError(f"Opus is encoded as one part, not as {len(parts)}")
    with open_source(parts[0]) as file:
        data = file.read()
    yield comments.replace_in_opus(data, comments.vorbis_comments(to_comments(tags, place, chapters)))


_JOINERS = MappingProxyType({"mp3": _join_mp3, "m4a": _join_m4a, "opus": _join_opus})
