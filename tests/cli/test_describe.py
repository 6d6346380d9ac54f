"""`voxpress describe`: descriptions where nobody speaks, and a picture that waits for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.cli.conftest import Run
from tests.videos import find_flashes, hash_packets, make_flashes, make_video
from voxpress.documents import subtitles

DESCRIPTIONS = """WEBVTT

00:00.500 --> 00:01.500
A hill.

00:02.500 --> 00:03.000
It turns.

00:08.000 --> 00:09.000
The counter shows many numbers, and all of them change.
"""
CAPTIONS = """WEBVTT

00:02.000 --> 00:04.000 line:0
Hello, who is there?

00:05.000 --> 00:06.000
[music]

00:09.000 --> 00:09.900
It is <00:09.500>me.
"""


EXTENDED = ("--extended", "--report", "r.json")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "d.vtt").write_text(DESCRIPTIONS)
    (tmp_path / "c.vtt").write_text(CAPTIONS)
    return make_video(tmp_path / "v.mp4")


def list_pictures(path: Path) -> list[tuple[float, bytes]]:
    source: Any
    with av.open(path) as source:
        return [
            (float(frame.pts * frame.time_base), frame.to_ndarray().tobytes())
            for frame in source.decode(source.streams.video[0])
        ]


def test_descriptions_are_heard_where_nobody_speaks(voxpress: Run, film: Path) -> None:
    done = voxpress(
        "describe",
        "d.vtt",
        "--video",
        "v.mp4",
        "--captions",
        "c.vtt",
        "-o",
        "n.mp4",
        "--report",
        "r.json",
        status=1,
    )
    first, second, third = json.loads(Path("r.json").read_text())["cues"]
    assert first["start"] == 0.5 and first["fits"]
    assert second["start"] == 4.15 and second["fits"]  # after the dialogue, over the music
    assert third["start"] == 8.0 and third["end"] == 8.96 and not third["fits"]
    assert "cue 3: " in done.said and "too long" in done.said
    assert hash_packets(film) == hash_packets(Path("n.mp4"))
    with av.open("n.mp4") as file:
        [stream] = file.streams.audio
        assert stream.metadata["language"] == "eng"


def test_without_captions_they_are_heard_at_their_times(voxpress: Run, film: Path) -> None:
    voxpress("describe", "d.vtt", "--video", "v.mp4", "-o", "n.wav", "--report", "r.json", status=1)
    assert [each["start"] for each in json.loads(Path("r.json").read_text())["cues"]] == [0.5, 2.5, 8.0]


def test_a_second_track(voxpress: Run, film: Path) -> None:
    from av.stream import Disposition

    voxpress("describe", "d.vtt", "--video", "v.mp4", "-o", "n.mkv", "--mode", "add", status=1)
    with av.open("n.mkv") as file:
        first, second = file.streams.audio
        assert first.disposition & Disposition.default and not second.disposition & Disposition.default
        assert second.disposition & Disposition.visual_impaired
        assert second.metadata["title"] == "Audio description" and second.channels == 2
    assert hash_packets(film, "audio", timed=False) == hash_packets(Path("n.mkv"), "audio", timed=False)


@pytest.mark.parametrize(
    ("name", "codec", "sound"), [("v.mp4", "mpeg4", "aac"), ("v.webm", "libvpx", "libopus")]
)
def test_the_picture_waits(voxpress: Run, film: Path, name: str, codec: str, sound: str) -> None:
    video = make_video(film.with_name(name), codec=codec, sound=sound)
    new = film.with_name(f"new.{name}")
    arguments = (
        "d.vtt",
        "--video",
        name,
        "--captions",
        "c.vtt",
        "-o",
        new,
        "--extended",
        "--report",
        "r.json",
    )
    done = voxpress("describe", *arguments)
    assert "the picture is held 1 time" in done.said and "3 cues: 3 fit" in done.said
    third = json.loads(Path("r.json").read_text())["cues"][2]
    assert third["speed"] == 1.0
    length = third["end"] - 8.96  # the dialogue begins at 9.0 s
    before, after = list_pictures(video), list_pictures(new)
    assert [picture for _, picture in before] == [picture for _, picture in after]
    for (old, _), (late, _) in zip(before, after, strict=True):
        assert late == pytest.approx(old + (length if old >= 8.96 else 0), abs=0.002)
    moved = subtitles.read(new.with_suffix(".vtt"))
    assert [cue.start for cue in moved.cues] == pytest.approx([2.0, 5.0, 9.0 + length], abs=0.002)
    assert "line:0" in moved.path.read_text() and "[music]" in moved.path.read_text()
    # The sound of the film waits too.
    with av.open(new) as file:
        source: Any = file
        samples = np.concatenate([frame.to_ndarray()[0] for frame in source.decode(source.streams.audio[0])])
    assert len(samples) / 48_000 == pytest.approx(10 + length, abs=0.05)

    def level(start: float, stop: float) -> float:
        wave = samples[round(start * 48_000) : round(stop * 48_000)]
        return float(np.abs(np.mean(wave * np.exp(-2j * np.pi * 220 / 48_000 * np.arange(len(wave))))))

    assert level(8.97 + length, 9.0 + length) > 0.002
    assert level(9.0 + length + 0.6, 9.0 + length + 0.9) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(
    ("name", "codec", "sound", "ahead"),
    [
        ("v.mp4", "mpeg4", "aac", 0),
        ("v.mp4", "mpeg4", "aac", 2),
        ("v.mkv", "mpeg2video", "aac", 2),
        ("v.mov", "mpeg4", "aac", 1),
        ("v.webm", "libvpx", "libopus", 0),
    ],
)
def test_sound_and_picture_stay_together(
    voxpress: Run, film: Path, name: str, codec: str, sound: str, ahead: int
) -> None:
    video = make_flashes(film.with_name(name), codec=codec, sound=sound, ahead=ahead)
    # Holds at the end of a gap, after it, within a picture, of two at once, and at the end.
    (film.parent / "d.vtt").write_text(
        "WEBVTT\n\n00:00.700 --> 00:01.000\nA white flash on black.\n\n"
        "00:03.157 --> 00:03.200\nAnd another one.\n\n00:06.333 --> 00:06.400\nAgain it is white.\n\n"
        "00:06.333 --> 00:06.400\nAgain it is black.\n\n00:09.700 --> 00:09.900\nThis is the end of all the flashes.\n"
    )
    (film.parent / "c.vtt").write_text("WEBVTT\n\n00:04.009 --> 00:09.500\nHello.\n")
    voxpress("describe", "d.vtt", "--video", name, "--captions", "c.vtt", "-o", f"n.{name}", "--extended")
    before, after = find_flashes(video), find_flashes(film.with_name(f"n.{name}"))
    assert len(before[0]) == len(before[1]) == len(after[0]) == len(after[1]) == 10
    assert after[0][-1] > before[0][-1] + 1
    for old_flash, old_beep, flash, beep in zip(*before, *after, strict=True):
        assert flash - beep == pytest.approx(old_flash - old_beep, abs=0.005)
    assert hash_packets(video, timed=False) == hash_packets(film.with_name(f"n.{name}"), timed=False)


@pytest.mark.parametrize(
    ("name", "codec", "sound"), [("v.mp4", "mpeg4", "aac"), ("v.webm", "libvpx", "libopus")]
)
def test_the_first_and_the_last_picture_can_be_held(
    voxpress: Run, film: Path, name: str, codec: str, sound: str
) -> None:
    video = make_video(film.with_name(name), 4.0, codec=codec, sound=sound)
    (film.parent / "d.vtt").write_text(
        "WEBVTT\n\n00:00.000 --> 00:00.100\nA hill.\n\n00:03.500 --> 00:03.950\nIt is grey and very far away.\n"
    )
    (film.parent / "c.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:03.300\nHello.\n")
    voxpress("describe", "d.vtt", "--video", name, "--captions", "c.vtt", "-o", f"n.{name}", *EXTENDED)
    first, last = json.loads(Path("r.json").read_text())["cues"]
    assert first["start"] == 0
    old, new = ([at for at, _ in list_pictures(path)] for path in (video, film.with_name(f"n.{name}")))
    assert new[0] == old[0] and new[1] == pytest.approx(old[1] + first["end"], abs=0.002)
    source: Any
    with av.open(film.with_name(f"n.{name}")) as source:
        packets = [each for each in source.demux(source.streams.video[0]) if each.size]
        ends = [(each.pts + each.duration) * each.time_base for each in packets]
    assert float(max(ends)) == pytest.approx(last["end"], abs=0.05)


def test_chapters_wait_too(voxpress: Run, film: Path) -> None:
    (film.parent / "d.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:01.100\nA long description of a small hill.\n"
    )
    voxpress("describe", "d.vtt", "--video", "v.mp4", "-o", "n.mp4", "--extended", "--report", "r.json")
    end = json.loads(Path("r.json").read_text())["cues"][0]["end"]
    file: Any
    with av.open("n.mp4") as file:
        [chapter] = file.chapters()
        assert chapter["end"] * chapter["time_base"] == pytest.approx(4.0 + end - 1.1, abs=0.002)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "v.mp4"], "v.mp4 is the video itself"),
        (["-o", "n.mp4", "--extended", "--moved-captions", "c.vtt"], "c.vtt is the file of the captions"),
        (
            ["-o", "n.mp4", "--extended", "--moved-captions", "./d.vtt"],
            "d.vtt is the file of the descriptions",
        ),
        (["-o", "c.mp4", "--extended"], "c.vtt is the file of the captions"),
        (["-o", "d.mp4", "--extended"], "d.vtt is the file of the descriptions"),
        (["-o", "n.wav", "--report", "n.csv/../v.mp4"], "the extension must be"),
        (["-o", "n.mp4", "--extended", "--moved-captions", "n.mp4"], "the extension must be .vtt"),
    ],
)
def test_what_is_read_stays(voxpress: Run, film: Path, arguments: list[str], words: str) -> None:
    before = {path: path.read_bytes() for path in film.parent.iterdir() if path.is_file()}
    done = voxpress("describe", "d.vtt", "--video", "v.mp4", "--captions", "c.vtt", *arguments, status=2)
    assert words in done.warned
    assert {path: path.read_bytes() for path in film.parent.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "n.webm"], "its mpeg4 video cannot be in webm"),
        (["-o", "n.mp4", "--codec", "vorbis"], "no codec 'vorbis'"),
        (["-o", "n.mov", "--codec", "opus"], "and opus as the new sound cannot be in mov"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_spoken(
    voxpress: Run, film: Path, arguments: list[str], words: str
) -> None:
    done = voxpress("describe", "d.vtt", "--video", "v.mp4", *arguments, status=2)
    assert words in done.warned and not list(film.parent.glob("**/takes"))


@pytest.mark.parametrize(("name", "sound"), [("v.mp4", "aac"), ("v.mkv", "aac"), ("v.webm", "libopus")])
@pytest.mark.parametrize("extended", [True, False])
def test_a_sound_that_is_longer_than_the_pictures(
    voxpress: Run, film: Path, name: str, sound: str, extended: bool
) -> None:
    codec = {"v.webm": "libvpx"}.get(name, "mpeg4")
    make_video(film.with_name(name), 4.0, codec=codec, sound=sound, silence=8.0)
    options = ["--extended"] if extended else []
    voxpress("describe", "d.vtt", "--video", name, "-o", f"new.{name}", *options)
    assert len(list_pictures(film.with_name(f"new.{name}"))) == 100


def test_wrong_use(voxpress: Run, film: Path) -> None:
    (film.parent / "c.ass").write_text(
        "[Script Info]\n\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:01.00,0:00:02.00,Hello.\n"
    )
    for arguments, words in (
        (["-o", "n.wav", "--extended"], "--extended makes a longer video"),
        (["-o", "n.mp4", "--mode", "add", "--extended"], "--extended makes a longer video"),
        (["-o", "n.mp4", "--mode", "over"], "--mode is mix or add"),
        (["-o", "n.mp4", "--moved-captions", "x.vtt"], "--moved-captions needs"),
        (
            ["-o", "n.mp4", "--extended", "--captions", "c.ass"],
            "cannot be moved: convert it to SRT or WebVTT",
        ),
        (["-o", "v.mp4"], "is the video itself"),
        (["-o", "n.webm"], "cannot be in webm"),
        (["-o", "n.mp4", "--codec", "vorbis"], "no codec 'vorbis'"),
        (["-o", "n.txt"], "the extension must be one of"),
        (["-o", "n.wav", "--codec", "aac"], "--codec is for the sound in a video"),
        (["-o", "c.mp4", "--extended", "--captions", "c.vtt"], "c.vtt is the file of the captions"),
        (
            ["-o", "n.mp4", "--extended", "--captions", "c.vtt", "--moved-captions", "d.vtt"],
            "d.vtt is the file of the descriptions",
        ),
        (
            ["-o", "n.mp4", "--extended", "--captions", "c.vtt", "--moved-captions", "n.srt"],
            "n.srt: the captions stay vtt: the extension must be .vtt or .webvtt",
        ),
    ):
        done = voxpress("describe", "d.vtt", "--video", "v.mp4", "--store", "spoken", *arguments, status=2)
        assert words in done.warned, (arguments, done.warned)
        assert not Path("spoken").exists(), arguments
