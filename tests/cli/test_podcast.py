"""`voxpress podcast`: an episode that players, feeds and editors take."""

from __future__ import annotations

import json
import os
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
from lxml import etree

from tests.cli.conftest import Run
from tests.publish.epubs import PIXEL

HEAD = """---
title: Salt in the sea
show: The Salt Show
about: A show about salt.
link: https://example.org/salt/
feed: https://example.org/salt/feed.xml
author: Ann Smith
email: ann@example.org
language: en
number: 7
categories: Science
cast:
  Ann: tone:high
  Bob: tone:low
sounds:
  theme: {file: theme.wav, gain: -6, credit: Carla}
  ding: ding.wav
---
"""
TALK = (
    HEAD
    + """
# Hello
[bed: theme]
[pause 2s]

**Ann:** Welcome to the salt show, which is about salt.

**Bob:** And I am Bob. [laughs] Today: why is the sea salty?

[bed off]
[pause 4s]

# Rivers
[sting: ding]

**Ann (speed 1.1):** Rivers carry it into the sea.

**Bob:** [overlap 0.3s] Really? How much of it do they carry?

# Goodbye

**Ann:** A lot. Goodbye!
"""
)


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """A script with its sounds beside it."""
    time = np.arange(3 * 44_100) / 44_100
    theme = np.sin(2 * np.pi * np.stack([220 * time, 330 * time], axis=1)) / 4
    soundfile.write(tmp_path / "theme.wav", theme, 44_100)
    soundfile.write(tmp_path / "ding.wav", np.sin(2 * np.pi * 880 * time[:22_050]) / 2, 44_100)
    script = tmp_path / "talk.md"
    script.write_text(TALK)
    return script


def read(path: Path) -> tuple[np.ndarray[Any, Any], int]:
    """Samples of a file, of shape (channels, n), and their rate."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        blocks = [frame.to_ndarray() for frame in file.decode(stream)]
        return np.concatenate(blocks, axis=1), stream.rate


def level(samples: np.ndarray[Any, Any]) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples)) + 1e-12))


def test_an_episode_has_all_that_a_show_publishes(voxpress: Run, talk: Path) -> None:
    out = talk.parent / "out"
    done = voxpress("podcast", talk, "-o", out, "--stems")
    assert "5 turns" in done.said
    assert "line 24" not in done.warned
    assert "left out: [laughs]" in done.warned
    assert sorted(each.relative_to(out).as_posix() for each in out.rglob("[!.]*") if each.is_file()) == [
        "feed.xml",
        "talk.chapters.json",
        "talk.mp3",
        "talk.notes.html",
        "talk.notes.md",
        "talk.stems/Ann.flac",
        "talk.stems/Bob.flac",
        "talk.transcript.html",
        "talk.transcript.json",
        "talk.transcript.srt",
        "talk.transcript.vtt",
    ]
    item = etree.parse(out / "feed.xml").getroot().find("channel/item")
    assert item is not None
    enclosure = item.find("enclosure")
    assert enclosure is not None
    assert dict(enclosure.attrib) == {
        "url": "https://example.org/salt/talk.mp3",
        "length": str((out / "talk.mp3").stat().st_size),
        "type": "audio/mpeg",
    }
    assert "<v Bob>Today: why is the sea salty?" in (out / "talk.transcript.vtt").read_text()
    assert "laughs" not in (out / "talk.transcript.json").read_text()
    assert "Carla" in (out / "talk.notes.md").read_text()


def test_chapters_are_where_they_are_heard(voxpress: Run, talk: Path) -> None:
    out = talk.parent / "out"
    voxpress("podcast", talk, "-o", out, "-f", "mp3,m4a,opus")
    told = json.loads((out / "talk.chapters.json").read_text())["chapters"]
    assert [each["title"] for each in told] == ["Hello", "Rivers", "Goodbye"]
    for codec in ("mp3", "m4a", "opus"):
        with av.open(str(out / f"talk.{codec}")) as file:
            chapters: Any = list(file.chapters())
            found = [
                (each["metadata"]["title"], float(each["start"] * each["time_base"])) for each in chapters
            ]
        assert [title for title, _ in found] == [each["title"] for each in told]
        assert [start for _, start in found] == pytest.approx([each["startTime"] for each in told], abs=0.002)
    samples, rate = read(out / "talk.mp3")
    # The sting begins the second chapter, after four seconds of pause.
    start = round(told[1]["startTime"] * rate)
    before, after = samples[:, start - rate // 5 : start - 2000], samples[:, start + 4000 : start + rate // 3]
    assert level(after) - level(before) > 30


def test_a_bed_is_softer_under_speech_and_all_is_as_loud_as_players_want(voxpress: Run, talk: Path) -> None:
    out = talk.parent / "out"
    voxpress("podcast", talk, "-o", out)
    samples, rate = read(out / "talk.mp3")
    assert len(samples) == 2
    assert np.abs(samples).max() < 10 ** (-0.9 / 20)
    alone = samples[:, round(1.4 * rate) : round(2.0 * rate)]
    # Ann's tones lie above 400 Hz, the bed below.
    spoken = samples[:, round(2.8 * rate) : round(3.8 * rate)]
    bed = [
        np.abs(np.fft.rfft(part[0]))[round(220 * part.shape[1] / rate)] / part.shape[1]
        for part in (alone, spoken)
    ]
    assert 20 * np.log10(bed[0] / bed[1]) == pytest.approx(12, abs=1.5)


def test_stems_are_as_long_as_the_episode_and_hold_one_voice(voxpress: Run, talk: Path) -> None:
    out = talk.parent / "out"
    talk.write_text(TALK.replace("[overlap 0.3s] ", ""))
    voxpress("podcast", talk, "-o", out, "--stems")
    (ann, rate), (bob, _) = (soundfile.read(out / "talk.stems" / f"{name}.flac") for name in ("Ann", "Bob"))
    samples, _ = read(out / "talk.mp3")
    assert len(ann) == len(bob)
    assert abs(len(ann) - samples.shape[1]) < 2 * 1152
    said = json.loads((out / "talk.transcript.json").read_text())["segments"]
    for each in said:
        middle = slice(round((each["startTime"] + 0.05) * rate), round((each["endTime"] - 0.1) * rate))
        mine, other = (ann, bob) if each["speaker"] == "Ann" else (bob, ann)
        assert level(mine[middle]) - level(other[middle]) > 20


def test_an_edited_line_costs_its_turn_and_its_chapter(voxpress: Run, talk: Path) -> None:
    out = talk.parent / "out"
    first = voxpress("podcast", talk, "-o", out)
    assert "3 of 3 parts encoded" in first.said
    before = (out / "feed.xml").read_bytes(), (out / "talk.mp3").read_bytes()
    again = voxpress("podcast", talk, "-o", out)
    assert "0 of 5 segments spoken" in again.said or "0 of 6 segments spoken" in again.said
    assert "0 of 3 parts encoded" in again.said
    assert ((out / "feed.xml").read_bytes(), (out / "talk.mp3").read_bytes()) == before
    talk.write_text(TALK.replace("A lot. Goodbye!", "A whole lot. Goodbye, all!"))
    edited = voxpress("podcast", talk, "-o", out)
    assert "1 of 3 parts encoded" in edited.said
    assert (out / "feed.xml").read_text().count("<item>") == 1


def test_an_edited_line_of_a_long_talk_without_headings_costs_a_part_or_two(
    voxpress: Run, talk: Path
) -> None:
    out = talk.parent / "out"
    lines = [f"**{'Ann' if n % 2 else 'Bob'}:** This is number {n}.\n\n[pause 50s]\n" for n in range(12)]
    talk.write_text(HEAD + "\n".join(lines))
    first = voxpress("podcast", talk, "-o", out)
    made = int(first.said.split(" parts encoded")[0].split()[-1])
    assert f"{made} of {made} parts encoded" in first.said
    assert made >= 3
    before = (out / "talk.mp3").read_bytes()
    for number in (0, 11):
        lines[number] = lines[number].replace("This is", "And this, finally, is")
        talk.write_text(HEAD + "\n".join(lines))
        edited = voxpress("podcast", talk, "-o", out)
        assert f"1 of {made} parts encoded" in edited.said or f"2 of {made} parts encoded" in edited.said
    assert (out / "talk.mp3").read_bytes() != before


def test_a_second_episode_joins_the_first_in_the_feed(voxpress: Run, talk: Path) -> None:
    out = talk.parent / "out"
    voxpress("podcast", talk, "-o", out)
    other = talk.with_name("more.md")
    other.write_text(
        TALK.replace("title: Salt in the sea", "title: More salt").replace("number: 7", "number: 8")
    )
    voxpress("podcast", other, "-o", out)
    titles = etree.parse(out / "feed.xml").getroot().xpath("channel/item/title/text()")
    assert titles == ["More salt", "Salt in the sea"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  Bob: tone:low\n", "", "talk.md:25: no voice for 'Bob'"),
        ("ding.wav", "dong.wav", "talk.md:32: the sound 'dong.wav' cannot be read"),
        ("theme: {file: theme.wav", "theme: {file: ../theme.wav", "is no relative path"),
        ("tone:low", "tone:lowest", "lowest"),
        ("number: 7", "number: seven", "talk.md: number"),
        ("author:", "auther:", "did you mean 'author'"),
        ("feed: https://example.org/salt/feed.xml", "feed: salt/feed.xml", "feed: must be an address"),
        ("show: The Salt Show\n", "", "show"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_spoken(
    voxpress: Run, talk: Path, old: str, new: str, message: str
) -> None:
    assert old in TALK
    talk.write_text(TALK.replace(old, new))
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
    assert message in failed.warned
    assert len(failed.warned.strip().splitlines()) <= 2
    assert not (talk.parent / "out").exists()


def test_a_feed_that_is_no_feed_stays_as_it_is(voxpress: Run, talk: Path) -> None:
    feed = talk.parent / "feed.xml"
    feed.write_text("<html><body>Not found</body></html>")
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", "--feed", feed, status=2)
    assert "feed.xml" in failed.warned
    assert feed.read_text() == "<html><body>Not found</body></html>"
    assert not (talk.parent / "out").exists()


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("number: -1", "number: must be a whole number >= 0, not '-1'"),
        ("kind: short", "kind: must be one of bonus, full, trailer, not 'short'"),
        ("explicit: clean", "explicit: must be true or false, not 'clean'"),
        ("gaps: {speakers: 61}", "gaps.speakers: must be a number <= 60.0"),
        ("channels: surround", "channels: must be mono or stereo, not 'surround'"),
        ("published: tomorrow", "published: must be a date such as 2026-11-29"),
        ("published: 2026-02-30", "published: must be a date such as 2026-11-29"),
        ("people: {Carla: {rolle: guest}}", "people.Carla: has an unknown field `rolle`"),
    ],
)
def test_a_wrong_field_of_the_head_is_named_with_what_it_can_be(
    voxpress: Run, talk: Path, field: str, message: str
) -> None:
    talk.write_text(TALK.replace("number: 7", field))
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
    assert f"talk.md: {message}" in failed.warned


@pytest.mark.parametrize("sound", ["talk.mp3", "talk.notes.md", "talk.transcript.vtt", "talk.stems/Bob.flac"])
def test_no_sound_of_an_episode_is_replaced_by_the_episode(voxpress: Run, talk: Path, sound: str) -> None:
    file = talk.parent / sound
    file.parent.mkdir(exist_ok=True)
    file.write_bytes((talk.parent / "theme.wav").read_bytes())
    before = file.read_bytes()
    talk.write_text(TALK.replace("ding: ding.wav", f"ding: {sound}"))
    failed = voxpress("podcast", talk, "-o", talk.parent, "--stems", status=2)
    assert "is what the episode is made of" in failed.warned
    assert file.read_bytes() == before
    voxpress("podcast", talk, "-o", talk.parent / "out", "--stems")


@pytest.mark.parametrize("name", ["talk.mp3", "talk.chapters.json", "talk.notes.html", "talk.stems/Ann.flac"])
def test_a_folder_in_the_way_is_told_before_anything_is_spoken(voxpress: Run, talk: Path, name: str) -> None:
    (talk.parent / "out" / name).mkdir(parents=True)
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", "--stems", status=2)
    assert f"{name}: it is a folder" in failed.warned


def test_every_speaker_has_a_track_of_its_own(voxpress: Run, talk: Path) -> None:
    names = ["A/B", "A-B", "a?b", "A*B", "CON", "St. John"]
    turns = "".join(f'- {{speaker: "{each}", text: "Hello, here is {each}."}}\n' for each in names)
    script = talk.with_name("talk.yaml")
    script.write_text(turns)
    cast = [option for each in names for option in ("--cast", f"{each}=tone:high")]
    voxpress("podcast", script, "-o", talk.parent / "out", "--stems", *cast)
    tracks = list((talk.parent / "out/talk.stems").iterdir())
    assert len({each.name.lower() for each in tracks}) == len(names)
    assert all(np.abs(read(each)[0]).max() > 0.01 for each in tracks)


@pytest.mark.parametrize("formats", ["WAV", "mp3,wav", ",", "mp3 m4a"])
def test_an_unknown_format_is_told_before_anything_is_spoken(voxpress: Run, talk: Path, formats: str) -> None:
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", "-f", formats, status=2)
    assert "must be one or more of mp3, m4a, opus" in failed.warned
    talk.write_text(TALK.replace("number: 7", f'formats: "{formats}"'))
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
    assert "talk.md: formats: must be one or more of mp3, m4a, opus" in failed.warned
    assert not (talk.parent / "out").exists()


def test_a_format_that_is_named_twice_is_written_once(voxpress: Run, talk: Path) -> None:
    done = voxpress("podcast", talk, "-o", talk.parent / "out", "-f", "Opus,opus, OPUS")
    assert "1 of 1 part encoded" in done.said
    items = etree.parse(talk.parent / "out/feed.xml").findall(".//{*}alternateEnclosure")
    assert not items


@pytest.mark.parametrize("name", ["CON.md", "aux.txt", "Com1.two.md"])
def test_a_script_whose_files_not_every_system_can_have_is_refused(
    voxpress: Run, talk: Path, name: str
) -> None:
    script = talk.rename(talk.with_name(name))
    failed = voxpress("podcast", script, "-o", talk.parent / "out", status=2)
    assert "give the script another name" in failed.warned


def test_a_cover_that_is_cut_off_is_an_error(voxpress: Run, talk: Path) -> None:
    talk.with_name("cover.png").write_bytes(PIXEL[:-8])
    talk.write_text(TALK.replace("number: 7", "cover: cover.png"))
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
    assert "cover.png is cut off or damaged: export it again" in failed.warned


@pytest.mark.parametrize("kind", ["pipe", "device", "link", "folder"])
def test_a_cover_is_a_picture_beside_the_script(voxpress: Run, talk: Path, kind: str) -> None:
    cover = talk.with_name("cover.png")
    if kind == "pipe":
        os.mkfifo(cover)
    elif kind == "folder":
        cover.mkdir()
    elif kind == "link":
        cover.symlink_to(sys.executable)
    talk.write_text(TALK.replace("number: 7", f"cover: {'/dev/zero' if kind == 'device' else 'cover.png'}"))
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
    assert "the cover" in failed.warned


def test_a_feed_is_a_file(voxpress: Run, talk: Path) -> None:
    os.mkfifo(talk.with_name("pipe"))
    for feed in ("pipe", "/dev/null", "/dev/zero", "."):
        failed = voxpress("podcast", talk, "-o", talk.parent / "out", "--feed", talk.parent / feed, status=2)
        assert "is no file" in failed.warned
    assert not (talk.parent / "out").exists()


@pytest.mark.parametrize("fault", ["cut", "without sound", "empty", "garbage"])
def test_a_sound_that_cannot_be_played_is_told_before_anything_is_spoken(
    voxpress: Run, talk: Path, fault: str
) -> None:
    ding = talk.with_name("ding.wav")
    whole = ding.read_bytes()
    if fault == "without sound":
        soundfile.write(ding, np.zeros((0, 1)), 44_100)
    else:
        ding.write_bytes({"cut": whole[:2000], "empty": b"", "garbage": whole[44:]}[fault])
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
    assert "talk.md:32: the sound" in failed.warned
    assert "spoken" not in failed.said


@pytest.mark.parametrize(("before", "headings"), [("", 256), ("**Ann:** Hello.\n", 255), ("", 300)])
def test_too_many_chapters_are_told_before_anything_is_spoken(
    voxpress: Run, talk: Path, before: str, headings: int
) -> None:
    chapters = "".join(f"# Chapter {number}\n**Ann:** Hi.\n" for number in range(headings))
    talk.write_text(HEAD + before + chapters)
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
    assert "an MP3 has at most 255 chapters" in failed.warned
    assert "spoken" not in failed.said
    voxpress("podcast", talk, "-o", talk.parent / "out", "--dry-run", "-f", "m4a,opus")


@pytest.mark.parametrize("line", ["", "title:\n", 'title: "  "\n', "title: null\n"])
def test_an_episode_without_a_title_has_that_of_its_file(voxpress: Run, talk: Path, line: str) -> None:
    talk.write_text(TALK.replace("title: Salt in the sea\n", line))
    voxpress("podcast", talk, "-o", talk.parent / "out")
    assert etree.parse(talk.parent / "out/feed.xml").findtext(".//item/title") == "talk"
    with av.open(talk.parent / "out/talk.mp3") as file:
        assert file.metadata["title"] == "talk"


def test_a_feed_that_gets_another_title_is_a_note(voxpress: Run, talk: Path) -> None:
    feed = talk.with_name("show.xml")
    voxpress("podcast", talk, "-o", talk.parent / "out", "--feed", feed)
    for title, noted in (
        ("The Salt Show", False),
        ("  The\n Salt Show ", False),
        ("Pepper &amp; Co", True),
        ("the salt show", True),
    ):
        feed.write_text(
            feed.read_text().replace("<title>The Salt Show</title>", f"<title>{title}</title>", 1)
        )
        done = voxpress("podcast", talk, "-o", talk.parent / "out", "--feed", feed)
        assert ("is called 'The Salt Show' from now on" in done.warned) is noted
        assert etree.parse(feed).findtext("channel/title") == "The Salt Show"


def test_an_empty_script_is_an_error(voxpress: Run, talk: Path) -> None:
    for text in ("", HEAD, HEAD + "# Only a heading\n", HEAD + "**Ann:** …\n"):
        talk.write_text(text)
        failed = voxpress("podcast", talk, "-o", talk.parent / "out", status=2)
        assert "talk.md" in failed.warned


def test_a_dry_run_says_what_would_be_spoken_and_writes_nothing(voxpress: Run, talk: Path) -> None:
    done = voxpress("podcast", talk, "-o", talk.parent / "out", "--dry-run")
    assert "5 turns: 5 to speak" in done.said
    assert not (talk.parent / "out").exists()


def test_the_cast_of_the_command_line_comes_first(voxpress: Run, talk: Path) -> None:
    talk.write_text(TALK.replace("  Bob: tone:low\n", ""))
    voxpress("podcast", talk, "-o", talk.parent / "out", "--cast", "Bob=tone:low")
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", "--cast", "Bob", status=2)
    assert "NAME=VOICE" in failed.warned
    failed = voxpress("podcast", talk, "-o", talk.parent / "out", "--cast", "Bop=tone:low", status=2)
    assert "'Bop', who does not speak here; did you mean 'Bob'?" in failed.warned


def test_names_of_the_project_and_the_options_are_known_in_the_script(voxpress: Run, talk: Path) -> None:
    (talk.parent / "voxpress.toml").write_text(
        '[cast]\n"Dr. Who? Me!" = {engine = "tone"}\n'
        '[podcast.cast]\nann = "tone:high"\n[podcast.sounds]\nwhoosh = "ding.wav"\n'
    )
    talk.write_text("[whoosh]\n\nann: Hello.\nand welcome.\nnote: I am Note.\nDr. Who? Me!: And I.\n")
    done = voxpress("podcast", talk, "-o", talk.parent / "out", "--cast", "Note=tone:low")
    assert "note:" not in done.warned
    said = json.loads((talk.parent / "out" / "talk.transcript.json").read_text())["segments"]
    assert [each["speaker"] for each in said] == ["ann", "Note", "Dr. Who? Me!"]
    assert said[0]["startTime"] == 1.0  # after half a second of silence, and the sound


@pytest.mark.faults
def test_a_killed_run_goes_on_and_no_half_file_stays(talk: Path) -> None:
    out, lines = (
        talk.parent / "out",
        [f"**{'Ann' if n % 2 else 'Bob'}:** This is line {n} of many." for n in range(300)],
    )
    talk.write_text(HEAD + "# One\n" + "\n\n".join(lines))
    command = [
        *(sys.executable, "-m", "voxpress", "podcast", str(talk), "-o", str(out)),
        *("--store", str(talk.parent / "store")),
    ]
    for patience in (1.5, 3.0, 5.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(patience)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (out / "feed.xml").exists() or (out / "talk.mp3").exists()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "300 turns" in done.stdout
    assert [each.name for each in out.iterdir() if each.name.endswith(".partial")] == []


def test_the_title_page_of_a_screenplay_may_say_more_than_voxpress_knows(
    voxpress: Run, tmp_path: Path
) -> None:
    script = tmp_path / "fish.fountain"
    script.write_text(
        "Title: Big Fish\nCredit: written by\nDraft date: 2003\n\n"
        "INT. POOL - DAY\n\nWATER.\n\nANN\nHello.\n\nBOB ^\nHi!\n"
    )
    cast = ("--cast", "Ann=tone:high", "--cast", "Bob=tone:low")
    done = voxpress("podcast", script, "-o", tmp_path / "out", *cast)
    assert "fields of its head that are not used: credit, draft date" in done.warned
    assert "left out: WATER." in done.warned
    said = json.loads((tmp_path / "out" / "fish.transcript.json").read_text())["segments"]
    assert [(each["speaker"], each["body"]) for each in said] == [("Ann", "Hello."), ("Bob", "Hi!")]
    assert said[0]["startTime"] == said[1]["startTime"]
    assert "no feed" in done.said
