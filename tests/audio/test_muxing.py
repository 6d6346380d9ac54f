"""Copies of videos with one sound more."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.videos import hash_packets, make_video
from voxpress.audio import decoding
from voxpress.audio.containers import VIDEOS, writing
from voxpress.audio.matroska import mark_aspect
from voxpress.audio.muxing import add_sound, check_copy
from voxpress.audio.signals import Held
from voxpress.audio.videos import read_video
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, SpeechError


def copy(video: Path, name: str, **changes: Any) -> tuple[Path, list[str]]:
    target = video.with_name(name)
    known = read_video(video)
    sound = Held(Audio(np.zeros(round(known.duration * 48_000), np.float32), 48_000))
    return target, add_sound(known, target, sound, **changes)


def remake(video: Path, name: str, *, later: float = 0.0, live: bool = False, picture: str = "") -> Path:
    """The packets of a video in another file: later, without its length, with a cover picture."""
    target = video.with_name(name)
    source: Any
    out: Any
    options = {"live": "1"} if live else {}
    with av.open(video) as source, av.open(target, "w", options=options) as out:
        streams = [out.add_stream_from_template(each, opaque=True) for each in source.streams]
        if picture:
            out.add_attachment(f"cover.{picture}", f"image/{picture}", make_picture(picture))
        for packet in source.demux():
            if packet.size:
                for field in ("pts", "dts"):
                    setattr(packet, field, getattr(packet, field) + round(later / packet.time_base))
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    return target


def make_picture(codec: str) -> bytes:
    buffer = io.BytesIO()
    out: Any
    with av.open(buffer, "w", format="image2pipe") as out:
        stream = out.add_stream({"jpeg": "mjpeg"}.get(codec, codec), rate=1)
        stream.width, stream.height = 16, 16
        stream.pix_fmt = {"jpeg": "yuvj420p"}.get(codec, "rgb24")
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
        out.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize("later", [0.0, 1.4, 60.0, 3600.0])
@pytest.mark.parametrize("live", [False, True])
def test_a_video_lasts_from_its_first_picture_to_its_last(tmp_path: Path, later: float, live: bool) -> None:
    video = remake(make_video(tmp_path / "v.mkv", 3.0), "later.mkv", later=later, live=live)
    assert read_video(video).duration == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("picture", ["png", "jpeg", "tiff"])
def test_a_cover_picture_stays(tmp_path: Path, picture: str) -> None:
    video = remake(make_video(tmp_path / "v.mkv", 1.0), "cover.mkv", picture=picture)
    new, left_out = copy(video, "new.mkv")
    assert not left_out and hash_packets(video, "video") == hash_packets(new, "video")
    with av.open(new) as file:
        found = file.streams.video[1]
        assert found.metadata["filename"] == f"cover.{picture}"
        assert bytes(next(file.demux(found))) == make_picture(picture)


@pytest.mark.parametrize(("name", "kept"), [("new.mp4", True), ("new.mov", False), ("again.mkv", True)])
def test_a_cover_picture_stays_or_is_named(tmp_path: Path, name: str, kept: bool) -> None:
    video = remake(make_video(tmp_path / "v.mkv", 1.0), "cover.mkv", picture="png")
    new, left_out = copy(video, name)
    assert left_out == ([] if kept else ["stream 2 (png video) is left out: mov has no cover picture"])
    with av.open(new) as file:
        assert len(file.streams.video) == 1 + kept


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30_000, 1001), Fraction(24), Fraction(50)])
def test_a_time_code_stays(tmp_path: Path, rate: Fraction) -> None:
    video = tmp_path / "v.mov"
    out: Any
    with av.open(video, "w") as out:
        stream = out.add_stream("mjpeg", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        stream.metadata["timecode"] = "01:02:03:04"
        stream.codec_context.sample_aspect_ratio = Fraction(64, 45)
        for number in range(20):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, 1 / rate
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    new, _ = copy(video, "new.mov")
    with av.open(new) as file:
        picture = file.streams.video[0]
        assert picture.metadata["timecode"] == "01:02:03:04"
        assert picture.average_rate == rate and picture.sample_aspect_ratio == Fraction(64, 45)


def make_wide(path: Path, codec: str, aspect: str, title: str) -> Path:
    """A video whose container alone says how wide it is shown."""
    plain = make_video(path.with_name(f"plain{path.suffix}"), 1.0, codec=codec, sound="libopus")
    target = path.with_suffix(".mkv")
    source: Any
    with av.open(plain) as source, writing(target, VIDEOS[".mkv"]) as written:
        copies = [written.container.add_stream_from_template(each, opaque=True) for each in source.streams]
        copies[0].metadata["title"] = mark_aspect(title, Fraction(aspect))
        for packet in source.demux():
            if packet.size:
                packet.stream = copies[packet.stream_index]
                written.mux(packet)
    return target


@pytest.mark.parametrize("target", ["new.mkv", "new.webm"])
@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
@pytest.mark.parametrize(("aspect", "title"), [("4/3", ""), ("8/9", "A wide film"), ("64/45", "Ö" * 200)])
def test_pictures_stay_as_wide(tmp_path: Path, codec: str, target: str, aspect: str, title: str) -> None:
    video = make_wide(tmp_path / "v.webm", codec, aspect, title)
    new, _ = copy(video, target)
    for path in (video, new):
        with av.open(path) as file:
            picture = file.streams.video[0]
            assert picture.sample_aspect_ratio is not None
            assert float(picture.sample_aspect_ratio) == pytest.approx(
                float(Fraction(aspect)), rel=0.01 if path.suffix == ".webm" else 1e-9
            )
            assert picture.metadata.get("title", "") == title
    assert hash_packets(video) == hash_packets(new)


def test_subtitles_that_end_after_the_pictures_make_no_video_longer(tmp_path: Path) -> None:
    video, target = make_video(tmp_path / "v.mkv", 3.0), tmp_path / "s.mkv"
    srt = io.BytesIO(b"1\n00:00:01,000 --> 00:00:11,000\nThe end\n")
    source: Any
    text: Any
    out: Any
    with av.open(video) as source, av.open(srt, format="srt") as text, av.open(target, "w") as out:
        streams = [*source.streams, *text.streams]
        copies = [out.add_stream_from_template(each, opaque=True) for each in streams]
        for packet in (*source.demux(), *text.demux()):
            if packet.size:
                packet.stream = copies[streams.index(packet.stream)]
                out.mux(packet)
    assert read_video(target).duration == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_video_without_its_end_is_refused_before_anything_is_spoken(tmp_path: Path, share: float) -> None:
    video = make_video(tmp_path / "v.mkv", 10.0)
    data = video.read_bytes()
    video.write_bytes(data[: round(len(data) * share)])
    with pytest.raises(InputError, match=r"should last 10\.0 s: it is damaged"):
        read_video(video)


@pytest.mark.parametrize(
    ("name", "target", "arguments", "words"),
    [
        ("v.mp4", "a.webm", {}, r"its mpeg4 video cannot be in webm: .* \(\.mp4\)"),
        ("v.mkv", "v.mkv", {}, "is the video itself"),
        ("v.mp4", "a.mov", {"codec": "vorbis"}, "no codec 'vorbis'"),
        ("v.mp4", "a.webm", {"codec": "aac"}, "webm cannot have aac"),
        ("v.mp4", "a.avi", {}, "the extension must be one of"),
    ],
)
def test_what_cannot_be_written_is_known_before(
    tmp_path: Path, name: str, target: str, arguments: Any, words: str
) -> None:
    known = read_video(make_video(tmp_path / name, 1.0))
    with pytest.raises(SpeechError, match=words):
        check_copy(known, tmp_path / target, **arguments)


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
@pytest.mark.parametrize("target", ["new.mov", "new.mp4"])
def test_a_header_that_cannot_be_written_is_known_before(tmp_path: Path, codec: str, target: str) -> None:
    known = read_video(make_video(tmp_path / "v.webm", 1.0, codec=codec, sound="libopus"))
    if (codec, target) == ("libvpx-vp9", "new.mp4"):
        check_copy(known, tmp_path / target)
        return
    with pytest.raises(
        InputError, match=r"cannot be in mo?[vp]4?: name a file of the same kind .* \(\.webm\)"
    ):
        check_copy(known, tmp_path / target)


@pytest.mark.parametrize("codec", ["ac3", "eac3", "mp2", "libmp3lame"])
def test_the_sound_of_films_can_be_mixed(tmp_path: Path, codec: str) -> None:
    known = read_video(make_video(tmp_path / "v.mkv", 1.0, sound=codec))
    check_copy(known, tmp_path / "a.mkv", instead=True)
    with known.path.open("rb") as file:
        rate, blocks = decoding.open_sound(file)
        assert sum(map(len, blocks)) / rate == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("codec", ["wavpack", "tta"])
def test_sound_that_cannot_be_read_is_refused_before(tmp_path: Path, codec: str) -> None:
    known = read_video(make_video(tmp_path / "v.mkv", 1.0, sound=codec))
    check_copy(known, tmp_path / "a.mkv")
    with pytest.raises(InputError, match=f"its {codec} sound cannot be read"):
        check_copy(known, tmp_path / "a.mkv", instead=True)
    with pytest.raises(InputError, match=f"its {codec} sound cannot be read: take the voice alone"):
        check_copy(known, tmp_path / "a.mkv", mixed=True)


@pytest.mark.parametrize("first", [b"wide", b"free", b"skip"])
def test_a_movie_that_begins_otherwise_can_be_mixed(tmp_path: Path, first: bytes) -> None:
    video = make_video(tmp_path / "v.mov", 1.0)
    data = video.read_bytes()
    assert data[4:8] == b"ftyp"
    video.write_bytes(data[:4] + first + data[8:])
    assert read_video(video).sound
    with video.open("rb") as file:
        assert decoding.recognise(file).name == "mov"
        rate, blocks = decoding.open_sound(file)
        assert sum(map(len, blocks)) / rate == pytest.approx(1.0, abs=0.1)


def make_beeps(path: Path, sound: str, lost: tuple[float, float]) -> Path:
    """A video with a beep at each second, and sound that lacks the packets of some time."""
    whole = path.with_name(f"whole{path.suffix}")
    source: Any
    out: Any
    with av.open(whole, "w") as out:
        picture = out.add_stream("mpeg4", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        stream = out.add_stream(sound, rate=48_000, layout="mono")
        times = np.arange(8 * 48_000) / 48_000
        wave = (np.sin(2 * np.pi * 880 * times) * (times % 1 < 0.1) / 2).astype(np.float32)
        form = {"libopus": "flt"}.get(sound, "fltp")
        beeps = av.AudioFrame.from_ndarray(wave[None], format=form, layout="mono")
        beeps.sample_rate, beeps.pts = 48_000, 0
        for number in range(8 * 25):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(picture.encode(frame))
        for packets in (picture.encode(None), stream.encode(beeps), stream.encode(None)):
            out.mux(packets)
    with av.open(whole) as source, av.open(path, "w") as out:
        copies = [out.add_stream_from_template(each, opaque=True) for each in source.streams]
        for packet in source.demux():
            is_lost = packet.stream_index == 1 and lost[0] < (packet.pts or 0) * packet.time_base < lost[1]
            if packet.size and not is_lost:
                packet.stream = copies[packet.stream_index]
                out.mux(packet)
    return path


@pytest.mark.parametrize(
    ("name", "sound", "lost"),
    [
        ("v.mp4", "aac", (2.3, 4.7)),
        ("v.mkv", "aac", (2.3, 4.7)),
        ("v.mkv", "libopus", (0.5, 1.5)),
        ("v.mov", "aac", (3.5, 3.8)),
    ],
)
def test_sound_that_a_recorder_lost_moves_nothing(
    tmp_path: Path, name: str, sound: str, lost: tuple[float, float]
) -> None:
    video = make_beeps(tmp_path / name, sound, lost)
    with video.open("rb") as file:
        rate, blocks = decoding.open_sound(file)
        samples = np.concatenate(list(blocks))
    (loud,) = np.nonzero(np.abs(samples) > 0.2)
    begins = loud[np.diff(loud, prepend=-rate) > rate // 2] / rate
    assert begins == pytest.approx([at for at in range(8) if not lost[0] < at < lost[1]], abs=0.04)


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.mov"])
@pytest.mark.parametrize("instead", [True, False])
def test_a_mix_is_where_the_first_sound_was(tmp_path: Path, name: str, instead: bool) -> None:
    first = make_video(tmp_path / f"one.{name}", 1.0)
    video = tmp_path / name
    source: Any
    out: Any
    with av.open(first) as source, av.open(video, "w") as out:
        streams = [*source.streams.video, *source.streams.audio, *source.streams.audio]
        copies = [out.add_stream_from_template(each, opaque=True) for each in streams]
        copies[1].metadata["language"], copies[2].metadata["language"] = "fra", "ger"
        for number, copied in enumerate(copies):
            source.seek(0)
            for packet in source.demux(streams[number]):
                if packet.size:
                    packet.stream = copied
                    out.mux(packet)
    new, _ = copy(video, f"new.{name}", instead=instead, language="en")
    with av.open(new) as file:
        languages = [each.metadata["language"] for each in file.streams.audio]
    assert languages == (["eng", "ger"] if instead else ["fra", "ger", "eng"])


@pytest.mark.parametrize("target", ["new.mov", "new.mp4", "new.mkv"])
@pytest.mark.parametrize(
    "tags",
    [
        {"com.apple.quicktime.location.ISO6709": "+50+8/", "com.apple.quicktime.make": "Apple", "title": "A"},
        {"com.android.version": "14", "title": "B"},
        {"title": "C", "artist": "Somebody", "comment": "Hello"},
    ],
)
def test_tags_stay(tmp_path: Path, target: str, tags: dict[str, str]) -> None:
    video = tmp_path / "v.mov"
    source: Any
    out: Any
    options = {"movflags": "use_metadata_tags"} if "artist" not in tags else {}
    with (
        av.open(make_video(tmp_path / "plain.mov", 1.0)) as source,
        av.open(video, "w", options=options) as out,
    ):
        copies = [out.add_stream_from_template(source.streams[number], opaque=True) for number in (0, 1)]
        out.metadata.update(tags)
        for packet in source.demux(source.streams[0], source.streams[1]):
            if packet.size:
                packet.stream = copies[packet.stream_index]
                out.mux(packet)
    new, _ = copy(video, target)
    with av.open(new) as file:
        found = {name.lower(): value for name, value in file.metadata.items()}
    assert {name.lower(): value for name, value in tags.items()}.items() <= found.items()
    assert target == "new.mkv" or "compatible_brands" in found
    assert target != "new.mkv" or "compatible_brands" not in found


@pytest.mark.parametrize(
    ("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6), ("quad", 4), ("7.1", 8)]
)
def test_a_mix_of_surround_sound_is_named(tmp_path: Path, layout: str, channels: int) -> None:
    video = tmp_path / "v.mkv"
    out: Any
    with av.open(video, "w") as out:
        picture = out.add_stream("mpeg4", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=48_000, layout=layout)
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4800 * channels), np.int16), "s16", layout)
        silence.sample_rate, silence.pts = 48_000, 0
        for packets in (
            picture.encode(frame),
            picture.encode(None),
            sound.encode(silence),
            sound.encode(None),
        ):
            out.mux(packets)
    _, notes = copy(video, "new.mkv", instead=True)
    assert notes == ([f"the mix has 2 channels, the sound had {channels}"] if channels > 2 else [])
    new, notes = copy(video, "new.mkv")
    with av.open(new) as file:
        assert [each.channels for each in file.streams.audio] == [channels, 1] and notes == []


@pytest.mark.parametrize("shift", [0.0, 2.0])
@pytest.mark.parametrize("text", ["Hello", "Zwei\nZeilen: äöü", "日本語" * 50])
def test_subtitles_of_mp4_are_subrip_in_matroska(tmp_path: Path, text: str, shift: float) -> None:
    video = tmp_path / "v.mp4"
    source: Any
    out: Any
    with av.open(make_video(tmp_path / "plain.mp4", 4.0)) as source, av.open(video, "w") as out:
        copies = [
            out.add_stream_from_template(each, opaque=True) for each in source.streams if each.type != "data"
        ]
        titles = out.add_mux_stream("mov_text")
        titles.metadata["language"] = "deu"
        for packet in source.demux(*source.streams.video, *source.streams.audio):
            if packet.size:
                packet.stream = copies[packet.stream_index]
                out.mux(packet)
        encoded = text.encode()
        for at, length, data in ((0, 1000, b""), (1000, 2000, encoded), (3000, 500, b"")):
            packet = av.Packet(len(data).to_bytes(2, "big") + data)
            packet.pts = packet.dts = at
            packet.duration, packet.time_base, packet.stream = length, Fraction(1, 1000), titles
            out.mux(packet)
    new, notes = copy(video, "new.mkv", moved=(lambda at: at + shift) if shift else None)
    assert notes[-1] == "stream 2 (mov_text subtitle) is SubRip, without its styles"
    with av.open(new) as source:
        [stream] = source.streams.subtitles
        assert stream.codec_context.name in ("srt", "subrip") and stream.metadata["language"] == "deu"
        [found] = [each for each in source.demux(stream) if each.size]
        assert bytes(found).decode() == text
        assert float(found.pts * found.time_base) == pytest.approx(1 + shift, abs=0.002)
        assert float(found.duration * found.time_base) == pytest.approx(2.0, abs=0.002)
