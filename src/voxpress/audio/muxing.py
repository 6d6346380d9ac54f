"""Copies of videos with one sound more, whose other packets are as they were."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from voxpress import languages
from voxpress.audio import decoding
from voxpress.audio.containers import CODECS, MATROSKA, VIDEOS, Kind, find_kind, writing
from voxpress.audio.matroska import mark_aspect
from voxpress.audio.signals import Signal
from voxpress.audio.soundtracks import SoundTrack
from voxpress.audio.videos import (
    MOST_MISSING,
    Video,
    explain_errors,
    find_start,
    is_picture,
    name_codec,
    open_video,
)
from voxpress.errors import InputError, UnsupportedOption, suggest
from voxpress.speech import Seconds

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.stream import Stream

TimeMap = Callable[[Seconds], Seconds]
"""When something of the video is seen in the new one."""
_QUICKTIME = MappingProxyType(
    {"deu": "ger", "nld": "dut", "swe": "sve", "ell": "gre", "isl": "ice", "zho": "chi", "sqi": "alb"}
)
"""What FFmpeg calls languages in MOV; others it would leave out."""


_OF_THE_FILE = frozenset({"major_brand", "minor_version", "compatible_brands"})
"""What FFmpeg calls tags, and is not: a file of another kind has others."""
_PICTURES = MappingProxyType(
    {
        "mjpeg": ("jpg", "image/jpeg"),
        "png": ("png", "image/png"),
        "bmp": ("bmp", "image/bmp"),
        "gif": ("gif", "image/gif"),
        "tiff": ("tiff", "image/tiff"),
    }
)
"""Extension and type of a cover picture, by its codec."""
_WITH = MappingProxyType({False: ("matroska",), True: ("matroska", "mp4")})
"""Containers that can have attachments, and those that can have a cover picture."""

_HELD_AHEAD = Fraction(1, 20)
"""Seconds after the end of a picture in which a hold begins that it is held for, too."""

_TIMED_TEXT = "mov_text"


def add_sound(
    video: Video,
    target: str | os.PathLike[str],
    signal: Signal,
    *,
    codec: str | None = None,
    language: str = "",
    title: str = "",
    instead: bool = False,
    describes: bool = False,
    moved: TimeMap | None = None,
) -> list[str]:
    """Write a copy of a video with one sound more. All packets of its other streams are copied.

    Args:
        signal: from the start of the video.
        codec: a name of `CODECS`; None: what the container usually has.
        language: BCP 47 tag.
        instead: whether it takes the place of the first sound.
        describes: whether it is for people who do not see the picture.
        moved: when each moment of the video is seen; sounds other than the first are left out then.

    Returns:
        What is left out, or not as it was.

    Raises:
        InputError: the video is damaged, or something in it cannot be in the container.
        UnsupportedOption: the extension of `target` or the codec cannot be.
        StoreError: it cannot be written.
    """
    check_copy(video, target, codec=codec, instead=instead)
    kind = find_kind(target, VIDEOS)
    name = CODECS[codec] if codec else kind.encoder
    with open_video(video.path) as source, writing(target, _keep_tags(kind, source)) as written:
        out = written.container

        def add() -> SoundTrack:
            track = SoundTrack(out, name, signal.channels, signal.sample_rate)
            track.stream.metadata.update(_name_sound(title, language, kind.container))
            track.stream.disposition = _choose_disposition(source, instead=instead, describes=describes)
            return track

        copier = _Copier(source, out, video, add, instead=instead, moved=moved)
        copier.copy(copier.added.encode(signal, find_start(source)), written.mux)
        return copier.left_out


def check_copy(
    video: Video,
    target: str | os.PathLike[str],
    *,
    codec: str | None = None,
    instead: bool = False,
    mixed: bool = False,
) -> None:
    """See that a copy of a video with one sound more can be made. See `add_sound`.

    Args:
        mixed: whether the first sound of the video is heard in the new one; what takes its place is.

    Raises:
        InputError: something in the video cannot be in the container, or its sound cannot be read to be mixed.
        UnsupportedOption: the extension of `target` or the codec cannot be.
    """
    import av

    kind, name = find_kind(target, VIDEOS), os.fspath(video.path)
    if codec is not None and codec not in CODECS:
        raise UnsupportedOption(f"no codec {codec!r}{suggest(codec, CODECS)} (codecs: {', '.join(CODECS)})")
    if os.path.exists(target) and os.path.samefile(video.path, target):
        raise InputError("is the video itself: name another file for the copy", place=os.fspath(target))
    with open_video(name) as source, av.open(io.BytesIO(), "w", format=kind.container) as out:
        if codec is not None and CODECS[codec] not in out.supported_codecs:
            raise UnsupportedOption(f"{kind.container} cannot have {codec}: take another --codec")
        first = source.streams.audio[0] if (instead or mixed) and source.streams.audio else None
        if first is not None and name_codec(first) not in decoding.DECODERS:
            raise InputError(
                f"its {name_codec(first)} sound cannot be read: "
                + ("take the voice alone" if mixed else "add the voice to it"),
                place=name,
            )
        encoder = CODECS[codec] if codec else kind.encoder
        _Copier(source, out, video, lambda: SoundTrack(out, encoder, 2, 48_000), instead=instead, moved=None)
        try:
            out.start_encoding()
        except av.FFmpegError as error:
            what = f"what it holds ({', '.join(video.streams)}) and {encoder.removeprefix('lib')} as the new sound"
            raise _refuse(what, kind.container, name) from error


def _refuse(what: str, container: str, name: str) -> InputError:
    extension = os.path.splitext(name)[1]
    return InputError(
        f"{what} cannot be in {container}: name a file of the same kind for the copy ({extension})",
        place=name,
    )


def _keep_tags(kind: Kind, source: InputContainer) -> Kind:
    """How tags with names such as com.apple.quicktime.model are kept: phones write where and how they filmed."""
    if kind.container in ("mp4", "mov") and any(name.startswith("com.") for name in source.metadata):
        return kind._replace(options={"movflags": "+faststart+use_metadata_tags"})
    return kind


def _add_same(out: OutputContainer, stream: Any, name: str) -> Any:
    """Add a stream like one of the video `name`."""
    try:
        return out.add_stream_from_template(stream, opaque=True)
    except ValueError as error:
        raise _refuse(f"its {name_codec(stream)} {stream.type}", out.format.name, name) from error


def _to_subrip(packet: Any) -> Any:
    """A subtitle of MP4 (3GPP TS 26.245): the length of a text, the text, its styles. Empty ones end others."""
    import av

    data = bytes(packet)
    text: Any = av.Packet(data[2 : 2 + int.from_bytes(data[:2], "big")])
    text.time_base, text.pts, text.dts = packet.time_base, packet.pts, packet.dts
    text.duration = packet.duration
    return text


def _name_sound(title: str, language: str, container: str) -> dict[str, str]:
    code = languages.iso_639_2(language) if language else ""
    tags = {"language": _write_language(code, container), "title": title}
    if container in ("mp4", "mov") and title:
        tags["handler_name"] = title  # where players look for it
    return {name: value for name, value in tags.items() if value}


def _write_language(code: str, container: str) -> str:
    """A language as a container has it, from its code of three letters."""
    return _QUICKTIME.get(code, code) if container == "mov" else code


def _choose_disposition(source: InputContainer, *, instead: bool, describes: bool) -> int:
    """The new sound is played by default only where there is no other, or in place of the one that was."""
    from av.stream import Disposition

    sounds = source.streams.audio
    flags = Disposition(0)
    if not sounds or instead:
        flags |= Disposition.default
    return flags | Disposition.visual_impaired | Disposition.descriptions if describes else flags


class _Copier:
    """Copies the packets of a container.

    Attributes:
        added: the new sound; many players play the first one, so it stands where the one was that it replaces.
    """

    def __init__(
        self,
        source: InputContainer,
        out: OutputContainer,
        video: Video,
        add: Callable[[], SoundTrack],
        *,
        instead: bool,
        moved: TimeMap | None,
    ) -> None:
        self._source, self._out = source, out
        self._video, self._name = video, os.fspath(video.path)
        self._moved, self._start = moved, find_start(source)
        self.left_out: list[str] = []
        self._streams: dict[int, Stream] = {}
        self._out.metadata.update(
            {name: value for name, value in source.metadata.items() if name not in _OF_THE_FILE}
        )
        added = None
        for each in source.streams:
            first = each.type == "audio" and each is source.streams.audio[0]
            if first and instead:
                if (channels := source.streams.audio[0].channels) > 2:
                    self.left_out.append(f"the mix has 2 channels, the sound had {channels}")
                added = add()
                continue
            if each.type == "audio" and moved is not None:
                self._leave_out(each, "its times cannot be moved")
            elif each.type == "data":
                if name_codec(each) not in ("unknown", "bin_data"):
                    self._leave_out(each, "data of cameras is not copied")
            else:
                self._add(each)
        self.added = added or add()
        self._copy_chapters()

    def _add(self, stream: Any) -> None:
        picture = is_picture(stream)
        if (stream.type == "attachment" or picture) and self._out.format.name not in _WITH[picture]:
            what = "cover picture" if picture else "attachments"
            self._leave_out(stream, f"{self._out.format.name} has no {what}")
            return
        if picture and self._out.format.name == "matroska":
            self._attach(stream)
            return
        if name_codec(stream) == _TIMED_TEXT and self._out.format.name == "matroska":
            made: Any = self._out.add_mux_stream("subrip")
            self.left_out.append(
                f"stream {stream.index} ({_TIMED_TEXT} subtitle) is SubRip, without its styles"
            )
        else:
            made = _add_same(self._out, stream, self._name)
        made.metadata.update(stream.metadata)
        if code := stream.metadata.get("language"):
            made.metadata["language"] = _write_language(code, self._out.format.name)
        made.disposition = stream.disposition
        if stream.type == "video":
            made.codec_context.codec_tag = stream.codec_context.codec_tag
            # The template does not have them: without a rate a MOV has no time code.
            if stream.average_rate:
                made.framerate = stream.average_rate
            if aspect := stream.sample_aspect_ratio:
                made.codec_context.sample_aspect_ratio = aspect
                if aspect != 1 and self._out.format.name in MATROSKA:
                    made.metadata["title"] = mark_aspect(stream.metadata.get("title", ""), aspect)
        self._streams[stream.index] = made

    def _attach(self, stream: Any) -> None:
        """Add a cover picture as a file, as Matroska has it."""
        kind = _PICTURES.get(name_codec(stream))
        if kind is None:
            self._leave_out(stream, "no such picture can be attached")
            return
        extension, mime_type = kind
        name = stream.metadata.get("filename", f"cover.{extension}")
        with open_video(self._name) as source:
            picture = next(source.demux(source.streams[stream.index]))
            self._out.add_attachment(name, mime_type, bytes(picture))

    def _leave_out(self, stream: Any, why: str) -> None:
        self.left_out.append(f"stream {stream.index} ({name_codec(stream)} {stream.type}) is left out: {why}")

    def _copy_chapters(self) -> None:
        chapters: list[Any] = list(self._source.chapters())
        for each in chapters:
            unit = each["time_base"]
            each["start"], each["end"] = (self._move(each[name], unit) for name in ("start", "end"))
        self._out.set_chapters(chapters)

    def copy(self, sound: Iterator[Any], mux: Callable[[Any], None]) -> None:
        """Copy all packets, and those of the sound between them, in the order of their times."""
        ahead, now = next(sound, None), Fraction(0)
        for packet in self._read():
            now = max(now, (packet.dts or 0) * packet.time_base)
            while ahead is not None and ahead.dts * ahead.time_base <= now:
                mux(ahead)
                ahead = next(sound, None)
            mux(packet)
        while ahead is not None:
            mux(ahead)
            ahead = next(sound, None)

    def _read(self) -> Iterator[Any]:
        """The packets of the streams that are copied.

        Raises:
            InputError: the end of the video is missing.
        """
        packets, last = self._source.demux(), 0.0
        while True:
            with explain_errors(self._name):
                packet: Any = next(packets, None)
            if packet is None:
                break
            if not packet.size:
                continue
            # What is left out is a part of the video too.
            if packet.pts is not None and packet.time_base:
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                last = max(last, float(end))  # some programs count a late start as a part of the duration
            if packet.stream_index not in self._streams:
                continue
            if self._moved is not None:
                self._shift(packet)
            made = self._streams[packet.stream_index]
            if made.codec_context is None and packet.stream.type == "subtitle":
                packet = _to_subrip(packet)
                if not packet.size:
                    continue
            packet.stream = made
            yield packet
        if last < self._video.duration - max(MOST_MISSING, self._video.duration / 50):
            raise InputError(
                f"ends after {last:,.1f} s and should last {self._video.duration:,.1f} s: it is damaged",
                place=self._name,
            )

    def _shift(self, packet: Any) -> None:
        """Move a packet in time. Times of decoding go the same way, so no picture comes before it is decoded."""
        unit, pictures = packet.time_base, packet.stream.type == "video"
        # The first picture is shown from its time on, also if it is held at once.
        first = packet.stream.start_time if pictures else None
        if packet.pts is not None:
            end = packet.pts + (packet.duration or 0)
            if pictures:
                # The last one may end a little before the sound, and with it the hold after it.
                ahead = round(_HELD_AHEAD / unit)
                packet.duration = self._move(end + ahead, unit) - ahead - self._move(packet.pts, unit, first)
            elif packet.stream.type == "subtitle":
                packet.duration = self._move(end, unit) - self._move(packet.pts, unit)
            packet.pts = self._move(packet.pts, unit, first)
        if packet.dts is not None:
            packet.dts = self._move(packet.dts, unit, first)

    def _move(self, at: int, unit: Fraction, first: int | None = None) -> int:
        if self._moved is None or (first is not None and at <= first):
            return at
        seconds = float(at * unit - self._start)
        return at + round(Fraction(self._moved(seconds) - seconds) / unit)
