"""Videos as they are read: what is in them, and their containers, opened with care.

FFmpeg is told which container a file is, and may open no other file or address for it. Nothing of a video is decoded,
so a malicious one meets only the code that reads containers.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from voxpress.audio.signals import Channels
from voxpress.errors import InputError
from voxpress.speech import Seconds

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream

_MOST_STREAMS = 64
MOST_MISSING: Seconds = 2.0
"""At the end of a video: what its header says is not always exact."""


@dataclass(frozen=True, slots=True)
class Sound:
    """The first sound of a video.

    Attributes:
        start: when it begins, from the start of the video.
        language: ISO 639-2, as the file says it; may be empty.
    """

    channels: Channels
    start: Seconds
    language: str


@dataclass(frozen=True, slots=True)
class Video:
    """What is known of a video before anything is done.

    Attributes:
        container: name of FFmpeg's demuxer.
        streams: what it holds, as ``h264 video``.
        sound: None: it has none.
    """

    path: Path
    container: str
    duration: Seconds
    streams: tuple[str, ...]
    sound: Sound | None


def read_video(path: str | os.PathLike[str]) -> Video:
    """What a file says of the video in it.

    Raises:
        InputError: it is no MP4, MOV, MKV or WebM, is damaged, or has no video.
    """
    with open_video(path) as source:
        videos = [each for each in source.streams.video if not is_picture(each)]
        if not videos:
            raise InputError("has no video", place=os.fspath(path))
        start = find_start(source)
        played = (*videos, *source.streams.audio)
        lengths = [_measure(each, start) for each in played]
        sound = None
        if source.streams.audio:
            first = source.streams.audio[0]
            begins = float((first.start_time or 0) * (first.time_base or 0)) - float(start)
            sound = Sound(
                1 if first.channels == 1 else 2, max(0.0, begins), first.metadata.get("language", "")
            )
        named = tuple(f"{name_codec(each)} {each.type}" for each in source.streams)
        duration = max(lengths) if all(lengths) else _find_end(source, played, start, os.fspath(path))
        if duration <= 0:
            raise InputError("has no pictures: it may be damaged", place=os.fspath(path))
        return Video(Path(path), source.format.name, duration, named, sound)


@contextlib.contextmanager
def open_video(path: str | os.PathLike[str]) -> Iterator[InputContainer]:
    """A video opened by its container, which opens no other file or address.

    Raises:
        InputError: it cannot be read, or is no video.
    """
    import av

    name = os.fspath(path)
    try:
        if os.path.exists(name) and not os.path.isfile(name):
            raise InputError("is not a file", place=name)
        file = open(name, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=name) from error
    with file:
        container = _recognise(file.read(64), name)
        file.seek(0)
        options = {
            "format_whitelist": container,
            "protocol_whitelist": "none",
            "max_streams": str(_MOST_STREAMS),
        }
        if container == "mov":
            options |= {"enable_drefs": "0", "use_absolute_path": "0"}
        with explain_errors(name):
            source = av.open(file, "r", format=container, options=options, io_open=_open_nothing)
        with source:
            yield source


def _recognise(head: bytes, name: str) -> str:
    """FFmpeg's name of the container that a file begins with."""
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "mov"
    raise InputError("is no MP4, MOV, MKV or WebM", place=name)


@contextlib.contextmanager
def explain_errors(name: str) -> Iterator[None]:
    """FFmpeg's errors of a file as `InputError`."""
    import av

    try:
        yield
    except InputError:
        raise
    except (av.FFmpegError, ValueError, MemoryError) as error:
        problem = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(f"cannot be read as a video, it may be damaged: {problem}", place=name) from error


def _open_nothing(url: str, flags: int, options: object) -> BinaryIO:  # noqa: ARG001 - what FFmpeg gives
    raise InputError(f"it names another file, {url[:100]!r}, which is not opened")


def find_start(source: InputContainer) -> Fraction:
    """When the first of its pictures and sounds begins, in seconds."""
    starts = [
        each.start_time * each.time_base
        for each in (*source.streams.video, *source.streams.audio)
        if each.start_time is not None and each.time_base and not is_picture(each)
    ]
    return max(Fraction(0), min(starts, default=Fraction(0)))


def _measure(stream: Any, start: Fraction) -> Seconds:
    """When a stream ends, from the start of the video; 0 if it does not say it."""
    if not stream.duration or not stream.time_base:
        return 0.0
    return float(((stream.start_time or 0) + stream.duration) * stream.time_base - start)


def _find_end(source: InputContainer, streams: Sequence[Stream], start: Fraction, name: str) -> Seconds:
    """When the last packet of streams ends, from the start of the video.

    What a Matroska file says counts from its start or from 0, as its program likes, and what was streamed says nothing.
    """
    said = (source.duration or 0) / 1_000_000 - float(start)
    end, last = Fraction(0), start
    # What begins long before the end and lasts until then, such as a subtitle, is found from the beginning only.
    for place in (max(0, (source.duration or 0) - 1_000_000), 0):
        with contextlib.suppress(OSError):
            source.seek(place)
        with explain_errors(name):
            for packet in source.demux():
                if packet.pts is not None and packet.time_base:
                    ends = (packet.pts + (packet.duration or 0)) * packet.time_base
                    last = max(last, ends)
                    end = max(end, ends) if packet.stream in streams else end
        if last - start >= said - max(MOST_MISSING, said / 50):
            return float(end - start)
    raise InputError(
        f"ends after {float(last - start):,.1f} s and should last {said:,.1f} s: it is damaged", place=name
    )


def is_picture(stream: Any) -> bool:
    """Whether a stream is a cover picture, and no video."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def name_codec(stream: Any) -> str:
    """FFmpeg's name of a stream's codec; ``unknown`` if it has none."""
    context = stream.codec_context
    return str(context.name) if context is not None else "unknown"
