"""ACX's rules: each is broken alone, and nothing else is found then."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import typer

import voxpress
from tests.speechlike import speech
from voxpress.audio import mpeg
from voxpress.audio.codec import decode, encode
from voxpress.audio.room_tone import add_room_tone
from voxpress.audio.waveform import Audio, pad, resample, to_loudness
from voxpress.cli.acx import acx
from voxpress.errors import InputError
from voxpress.quality.acx import KINDS, check_acx
from voxpress.rendering.presets import load
from voxpress.speech import Output

RATE = 44_100


@functools.cache
def voice(loudness: float) -> Audio:
    return to_loudness(speech(7.0, sample_rate=RATE, snr=60), loudness, -4)


@functools.cache
def chapter(
    lead: float = 0.75,
    tail: float = 2.0,
    loudness: float = -18.5,
    tone: float | None = -70.0,
    peak: float | None = None,
    rate: int = RATE,
    bit_rate: int = 192_000,
    format: str = "mp3",
) -> bytes:
    sound = pad(voice(loudness), lead, tail)
    if peak is not None:
        sound.samples[len(sound.samples) // 2] = 10 ** (peak / 20)
    if tone is not None:
        sound = add_room_tone(sound, tone)
    return encode(resample(sound, rate), Output(format=format, sample_rate=rate, bit_rate=bit_rate))


def kinds(path: Path) -> list[str]:
    (report,) = check_acx([path])
    return [problem.kind for problem in report.problems]


def test_a_chapter_as_acx_wants_it(tmp_path):
    path = tmp_path / "1.mp3"
    path.write_bytes(chapter())
    (report,) = check_acx([path])
    assert report.passed and not report.problems
    assert (report.sample_rate, report.channels, report.bit_rate) == (RATE, 1, 192_000)
    samples = decode(path.read_bytes()).samples.astype(np.float64)
    assert report.rms == pytest.approx(10 * np.log10(np.mean(samples**2)), abs=0.02)
    assert report.peak == pytest.approx(20 * np.log10(np.abs(samples).max()), abs=0.02)
    assert report.floor == pytest.approx(-70, abs=1.5)
    assert report.head == pytest.approx(0.75, abs=0.1) and report.tail == pytest.approx(2.0, abs=0.1)
    assert report.duration == pytest.approx(len(samples) / RATE, abs=0.001)


RULES: list[tuple[dict[str, Any], str]] = [
    ({"lead": 0.2}, "head"), ({"lead": 1.4}, "head"),
    ({"tail": 0.5}, "tail"), ({"tail": 6.0}, "tail"),
    ({"loudness": -15.5}, "rms"), ({"loudness": -26.0}, "rms"),
    ({"tone": -57.0}, "floor"), ({"tone": None}, "no-room-tone"),
    ({"peak": -1.0}, "peak"),
    ({"bit_rate": 128_000}, "bit-rate"),
    ({"rate": 48_000}, "rate"),
    ({"format": "m4a", "bit_rate": 64_000}, "format"),
]  # fmt: skip


def test_each_rule_alone(tmp_path):
    paths = [tmp_path / f"{number}" for number in range(len(RULES))]
    for path, (change, _) in zip(paths, RULES, strict=True):
        path.write_bytes(chapter(**change))
    found = [[problem.kind for problem in report.problems] for report in check_acx(paths)]
    assert found == [[kind] for _, kind in RULES]


def test_changing_bit_rates_are_found(tmp_path):
    path = tmp_path / "1.mp3"
    whole, other = chapter(), chapter(bit_rate=256_000)
    first = next(place for place in range(len(other)) if mpeg.read_frame(other[place : place + 4]))
    path.write_bytes(whole + other[first:])
    (report,) = check_acx([path])
    assert ("bit-rate", "from 192 to 256 kbit/s") in report.problems


def test_mono_beside_stereo_is_found(tmp_path):
    paths = [tmp_path / f"{number}.mp3" for number in range(3)]
    mono = chapter()
    frames = np.frombuffer(mono, np.uint8).copy()
    place = 0
    while place < len(frames):
        frame = mpeg.read_frame(bytes(frames[place : place + 4]))
        assert frame
        frames[place + 3] &= 0x3F  # stereo, by its headers
        place += frame.size
    for path, data in zip(paths, [mono, frames.tobytes(), mono], strict=True):
        path.write_bytes(data)
    found = [
        [problem.kind for problem in report.problems if problem.kind == "channels"]
        for report in check_acx(paths)
    ]
    assert found == [[], ["channels"], []]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "broken"),
        (b"no audio at all" * 99, "broken"),
        (chapter()[:-300], "broken"),
        (chapter()[:30_000] + b"garbage" * 90 + chapter()[30_000:], "broken"),
        (
            encode(Audio(np.zeros(RATE * 4, np.float32), RATE), Output(format="mp3", bit_rate=192_000)),
            "silent",
        ),
    ],
    ids=["empty", "text", "cut off", "garbage inside", "silence"],
)
def test_what_is_no_chapter(tmp_path, data, kind):
    path = tmp_path / "1.mp3"
    path.write_bytes(data)
    assert kinds(path)[0] == kind
    assert not next(iter(check_acx([path]))).passed


def test_files_that_are_not_there_do_not_end_the_check(tmp_path):
    good = tmp_path / os.fsdecode(b"good\xff.mp3")
    good.write_bytes(chapter())
    reports = list(check_acx([tmp_path / "none.mp3", tmp_path, good]))
    assert [report.passed for report in reports] == [False, False, True]
    assert msgspec.json.encode(reports)


def test_more_than_two_hours(tmp_path, monkeypatch):
    path = tmp_path / "1.mp3"
    path.write_bytes(chapter())
    for longest in (8.0, 4.0):
        monkeypatch.setattr("voxpress.quality.acx.LONGEST", longest)
        assert kinds(path) == ["too-long"]


def test_a_file_of_hours_says_how_long_it_is(tmp_path):
    path = tmp_path / "1.mp3"
    frame = b"\xff\xfb\x10\xc4" + bytes(100)  # 26 ms with 32 kbit/s
    with path.open("wb") as file:
        file.writelines([frame] * round(4.5 * 3600 * RATE / 1152))
    (report,) = check_acx([path])
    assert report.duration == pytest.approx(4.5 * 3600, abs=0.1)
    assert report.problems == [("bit-rate", "32 kbit/s"), ("too-long", "270.0 min")]


@pytest.mark.parametrize(
    "text",
    [
        "A chapter begins with its title.\n\n" + "Then come sentences, long and short. " * 8,
        "The end.",
        "Emma, by Jane Austen.",
        "This was Emma.\n\nRead by Joe.",
    ],
)
def test_the_preset_acx_passes_for_a_chapter_and_for_credits(tmp_path, text):
    """With the tone engine, whose speech is unlike a voice, as with others."""
    _, output = load()["acx"].files[0]
    clip = voxpress.say(text, engine="tone", store="memory:", output=output)
    clip.save(tmp_path / "1.mp3")
    (report,) = check_acx([tmp_path / "1.mp3"])
    assert report.problems == []


def test_room_tone_is_under_everything_and_changes_nothing_else():
    def spoken(**fields: Any) -> voxpress.Clip:
        output = Output(format="wav24", loudness=-20.0, peak=-6.0, lead=0.5, tail=0.5, **fields)
        return voxpress.say("One sentence. Another one.", engine="tone", store="memory:", output=output)

    plain, toned, again = spoken(), spoken(room_tone=-60.0), spoken(room_tone=-60.0)
    assert toned.data == again.data and toned.key != plain.key
    assert toned.marks == plain.marks and toned.duration == plain.duration
    added = decode(toned.data).samples - decode(plain.data).samples
    for part in (added, added[: len(added) // 4], added[-len(added) // 4 :]):
        assert 10 * np.log10(np.mean(part**2)) == pytest.approx(-60, abs=0.7)
    loud = decode(spoken(room_tone=-3.0).data).samples
    assert np.abs(loud).max() <= 10 ** (-6 / 20) + 1e-6


def test_the_command(tmp_path):
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "01.mp3").write_bytes(chapter())
    (folder / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    run = [sys.executable, "-m", "voxpress", "acx"]
    (folder / "02.mp3").write_bytes(chapter(loudness=-15.5))
    done = subprocess.run([*run, folder, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    first, second = json.loads(done.stdout)
    assert first["passed"] and not second["passed"]
    assert [(each["kind"], each["severity"]) for each in second["problems"]] == [("rms", "fault")]


def test_the_command_for_people(tmp_path, capsys):
    for name in ("1.mp3", "2.mp3"):
        (tmp_path / name).write_bytes(chapter())
    with pytest.raises(typer.Exit) as ended:
        acx([tmp_path])
    assert ended.value.exit_code == 0
    assert "2 files: 2 pass, 0 fail" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="has no audio files"):
        acx([tmp_path / "empty"])


def test_the_page_lists_the_kinds():
    page = (Path(__file__).parents[2] / "docs" / "audiobook.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)` \| (fault|warning) \| (.+?) \|", page, re.MULTILINE)
    assert rows == [(name, str(kind.severity), kind.meaning) for name, kind in KINDS.items()]


def test_frames_end_at_tags_of_other_programs(tmp_path):
    data = chapter()
    for tail in (b"", b"TAG" + bytes(125), b"APETAGEX" + bytes(32), bytes(100)):
        path = tmp_path / "1.mp3"
        path.write_bytes(data + tail)
        with path.open("rb") as file:
            assert {frame.bit_rate for frame in mpeg.read_frames(file)} == {192_000}
    path.write_bytes(data + b"x" * 99)
    with path.open("rb") as file, pytest.raises(InputError, match="no MP3 frame at byte"):
        list(mpeg.read_frames(file))
