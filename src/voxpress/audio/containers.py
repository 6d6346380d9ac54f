"""Files with sound or a video as they are written: their kinds, and containers that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from voxpress.audio.matroska import place_aspects
from voxpress.errors import InputError, UnsupportedOption, suggest
from voxpress.files import atomic

if TYPE_CHECKING:
    from av.container import OutputContainer


class Kind(NamedTuple):
    """A kind of files with sound.

    Attributes:
        container: name of FFmpeg's muxer.
        encoder: the usual one.
        options: of the muxer.
    """

    container: str
    encoder: str
    options: Mapping[str, str] = MappingProxyType({})


_FAST = MappingProxyType({"movflags": "+faststart"})
SOUNDS: Mapping[str, Kind] = MappingProxyType(
    {
        ".wav": Kind("wav", "pcm_s24le", MappingProxyType({"rf64": "auto"})),
        ".flac": Kind("flac", "flac"),
        ".mp3": Kind("mp3", "libmp3lame", MappingProxyType({"id3v2_version": "3"})),
        ".m4a": Kind("ipod", "aac", _FAST),
        ".aac": Kind("adts", "aac"),
        ".opus": Kind("opus", "libopus"),
        ".ogg": Kind("ogg", "libopus"),
        ".mka": Kind("matroska", "libopus"),
    }
)
"""Kinds of files with sound only, by their extensions."""
VIDEOS: Mapping[str, Kind] = MappingProxyType(
    {
        ".mp4": Kind("mp4", "aac", _FAST),
        ".m4v": Kind("mp4", "aac", _FAST),
        ".mov": Kind("mov", "aac", _FAST),
        ".mkv": Kind("matroska", "aac"),
        ".webm": Kind("webm", "libopus"),
    }
)
"""Kinds of files with a video, by their extensions."""
CODECS: Mapping[str, str] = MappingProxyType({"aac": "aac", "opus": "libopus", "flac": "flac"})
"""Encoders of the sound of a video by the name of their codec."""
MATROSKA = ("matroska", "webm")


def find_kind(path: str | os.PathLike[str], kinds: Mapping[str, Kind]) -> Kind:
    """The kind of file that an extension stands for.

    Raises:
        UnsupportedOption: it stands for none.
        InputError: a device or a pipe is there, in which nobody can go back.
    """
    if atomic.is_device(path):
        raise InputError(f"{os.fspath(path)}: is a device or a pipe; name a file", field="output")
    extension = os.path.splitext(path)[1].lower()
    if extension in kinds:
        return kinds[extension]
    known = ", ".join(kinds)
    raise UnsupportedOption(
        f"{os.fspath(path)}: the extension must be one of {known}{suggest(extension, kinds)}", field="output"
    )


class _CarefulFile:
    """A file that keeps its first error. PyAV would print it, and go on."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.name = file.name
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        self._try(lambda: self._file.write(data))
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._try(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        return self._try(self._file.tell)

    def flush(self) -> None:
        self._try(lambda: self._file.flush() or 0)

    def _try(self, act: Callable[[], int]) -> int:
        if self.error is None:
            try:
                return act()
            except OSError as error:
                self.error = error
        return 0

    def require(self) -> None:
        """See that everything could be written.

        Raises:
            OSError: it could not.
        """
        if self.error is not None:
            raise self.error


class Target(NamedTuple):
    """A container that is written."""

    container: OutputContainer
    file: _CarefulFile

    def mux(self, packet: Any) -> None:
        self.container.mux_one(packet)
        self.file.require()


@contextlib.contextmanager
def writing(target: str | os.PathLike[str], kind: Kind) -> Iterator[Target]:
    """A container that is written whole or not at all."""
    import av

    # What an encoder puts before the first sample would else delay everything.
    options = {"fflags": "+bitexact", "avoid_negative_ts": "disabled", **kind.options}
    with atomic.replacing(target, durable=True) as file:
        careful = _CarefulFile(file)

        def reopen(url: str, flags: int, options: object) -> BinaryIO:  # noqa: ARG001 - what FFmpeg gives
            careful.flush()
            return open(file.name, "rb")

        out = av.open(careful, "w", format=kind.container, options=options, io_open=reopen)
        try:
            yield Target(out, careful)
            out.close()
            careful.flush()
            careful.require()
            if kind.container in MATROSKA:
                with open(file.name, "r+b") as finished:
                    place_aspects(finished, exact=kind.container != "webm")
        except av.FFmpegError as error:
            careful.require()
            raise OSError(error.errno or 0, error.strerror or str(error)) from error
        finally:
            with contextlib.suppress(Exception):
                out.close()
