"""The commands for books: an outline that people edit, audiobooks, talking books."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import av
import pytest

from tests.beeps import Beeps
from tests.cli.conftest import Run
from tests.publish.books import write_epub
from voxpress.cli import books
from voxpress.publish import outline as outlines
from voxpress.publish.review import approve

CHAPTERS = [
    (
        "Volume I",
        ["Emma Woodhouse was handsome, clever, and rich.", "She had lived nearly twenty-one years."],
    ),
    ("Volume II", ["Mr. Elton was gone on 3/4/1815.", "The rain came in the evening, and nobody went out."]),
]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
"""A red dot."""
TONE = ("-e", "tone")
"""What the command has that needs no workers."""


@pytest.fixture
def emma(tmp_path: Path) -> Path:
    return write_epub(tmp_path / "emma.epub", CHAPTERS)


def chapters(path: Path) -> list[tuple[str, float]]:
    with av.open(str(path)) as file:
        found: list[Any] = list(file.chapters())
    return [(each["metadata"]["title"], float(each["start"] * each["time_base"])) for each in found]


def test_an_outline_is_written_once_and_then_kept(voxpress: Run, emma: Path) -> None:
    done = voxpress("outline", emma, more=TONE)
    outline = emma.with_name("emma.outline.yaml")
    assert "2 of 2 chapters will be read" in done.said
    assert "title: Volume I" in outline.read_text()
    assert "text: 3/4/1815" in outline.read_text()
    again = voxpress("outline", emma, status=2, more=TONE)
    assert "--update keeps what you decided" in again.warned
    outline.write_text(outline.read_text().replace("read: yes", "read: no", 1))
    voxpress("outline", emma, "--update", more=TONE)
    assert outline.read_text().count("read: no") == 1


def test_an_outline_of_another_text_names_its_file_until_it_is_updated(
    voxpress: Run, emma: Path, tmp_path: Path
) -> None:
    voxpress("outline", emma, more=TONE)
    write_epub(emma, [*CHAPTERS, ("Volume III", ["They married."])])
    refused = voxpress("audiobook", emma, "-o", "emma.m4b", status=2)
    assert "emma.outline.yaml: chapters: 'Volume III' is not in the outline" in refused.warned
    voxpress("outline", emma, "--update", more=TONE)
    voxpress("audiobook", emma, "-o", "emma.m4b")
    assert [title for title, _ in chapters(tmp_path / "emma.m4b")] == ["Volume I", "Volume II", "Volume III"]


def test_an_outline_can_be_printed(voxpress: Run, emma: Path) -> None:
    assert "title: Emma" in voxpress("outline", emma, "-o", "-", more=TONE).said
    known = json.loads(voxpress("outline", emma, "--json", more=TONE).said)
    assert [each["title"] for each in known["chapters"]] == ["Volume I", "Volume II"]
    assert not emma.with_name("emma.outline.yaml").exists()


def test_a_book_becomes_one_file_with_chapters(voxpress: Run, emma: Path, tmp_path: Path) -> None:
    voxpress("audiobook", emma, "-o", "emma.m4b")
    (first, _), (second, start) = chapters(tmp_path / "emma.m4b")
    assert (first, second) == ("Volume I", "Volume II")
    with av.open(str(tmp_path / "emma.m4b")) as file:
        assert file.metadata["title"] == "Emma"
        assert file.metadata["artist"] == "Jane Austen"
        assert file.duration is not None
        assert 0 < start < file.duration / 1_000_000
    before = (tmp_path / "emma.m4b").read_bytes()
    again = voxpress("audiobook", emma, "-o", "emma.m4b")
    assert "0 of 6 segments spoken" in again.said
    assert (tmp_path / "emma.m4b").read_bytes() == before


def test_an_edited_sentence_is_spoken_alone(voxpress: Run, emma: Path) -> None:
    voxpress("audiobook", emma, "-o", "emma.m4b")
    write_epub(emma, [CHAPTERS[0], (CHAPTERS[1][0], [CHAPTERS[1][1][0], "The sun came out at last."])])
    assert "1 of 6 segments spoken" in voxpress("audiobook", emma, "-o", "emma.m4b").said


def test_a_book_follows_its_outline(voxpress: Run, emma: Path, tmp_path: Path) -> None:
    voxpress("outline", emma, more=TONE)
    outline = emma.with_name("emma.outline.yaml")
    text = (
        outline.read_text()
        .replace("read: yes", "read: no", 1)
        .replace("opening: ''", "opening: Emma, a novel.")
    )
    outline.write_text(text)
    voxpress("audiobook", emma, "-o", "emma.m4b")
    assert [title for title, _ in chapters(tmp_path / "emma.m4b")] == ["Emma, a novel.", "Volume II"]


@pytest.mark.parametrize(
    ("outline", "project", "options", "voice"),
    [
        ("", "", (), "low"),
        ("", "voice='high'", (), "high"),
        (", voice: high", "", (), "high"),
        (", voice: high", "voice='low'", (), "high"),
        (", voice: high", "voice='low'", ("--voice", "middle"), "middle"),
    ],
)
def test_options_come_before_the_outline_and_that_before_the_project(
    voxpress: Run, emma: Path, outline: str, project: str, options: tuple[str, ...], voice: str
) -> None:
    emma.with_name("emma.outline.yaml").write_text(f"speaker: {{engine: tone{outline}}}\n")
    if project:
        emma.with_name("voxpress.toml").write_text(f"[defaults]\nengine='tone'\n{project}\n")
    voxpress("audiobook", emma, "-o", "b.m4b", more=("-w", "0", *options))
    with av.open(str(emma.with_name("b.m4b"))) as file:
        assert file.metadata["composer"] == voice


def test_a_folder_has_a_file_for_each_chapter(voxpress: Run, emma: Path, tmp_path: Path) -> None:
    voxpress("audiobook", emma, "-o", "shelf", "--library")
    files = sorted(each.relative_to(tmp_path / "shelf") for each in (tmp_path / "shelf").rglob("*.mp3"))
    assert [each.name for each in files] == ["01 - Volume I.mp3", "02 - Volume II.mp3"]
    assert files[0].parts[0] == "Jane Austen"


def test_other_sound_in_the_folder_is_told(voxpress: Run, emma: Path, tmp_path: Path) -> None:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "01 - Old title.mp3").touch()
    assert "01 - Old title.mp3" in voxpress("audiobook", emma, "-o", "chapters").warned


@pytest.mark.parametrize(
    "command",
    [("audiobook", "taken/x"), ("daisy", "taken/x"), ("daisy", "taken"), ("audiobook", "folder.m4b")],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_spoken(
    voxpress: Run, emma: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "taken").touch()
    (tmp_path / "folder.m4b").mkdir()
    done = voxpress(command[0], emma, "-o", command[1], status=2)
    assert "of audio" not in done.said
    assert "taken" in done.warned or "folder.m4b" in done.warned


def test_a_talking_book_has_both_versions(voxpress: Run, emma: Path, tmp_path: Path) -> None:
    voxpress("daisy", emma, "-o", "old")
    voxpress("daisy", emma, "-o", "new", "--daisy", "3")
    assert "Volume II" in (tmp_path / "old" / "ncc.html").read_text()
    assert "Volume II" in (tmp_path / "new" / "navigation.ncx").read_text()
    assert (tmp_path / "old" / "001.mp3").read_bytes() == (tmp_path / "new" / "001.mp3").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["audiobook", "emma.epub", "-o", "emma.m4b", "-f", "mp3"], "holds AAC"),
        (["audiobook", "emma.epub", "-o", "emma.m4b", "--library"], "name a folder"),
        (["audiobook", "emma.epub", "-o", "emma.m4b", "--preset", "freeswitch"], "choose one that makes one"),
        (["audiobook", "emma.epub", "-o", "emma.m4b", "--outline", "none.yaml"], "none.yaml"),
        (["audiobook", "nothing.epub", "-o", "emma.m4b"], "nothing.epub"),
        (["daisy", "emma.epub", "-o", "emma.epub"], "is a file"),
        (["outline", "broken.epub"], "broken.epub"),
    ],
)
def test_wrong_use_is_explained(
    voxpress: Run, emma: Path, tmp_path: Path, arguments: list[str], problem: str
) -> None:
    (tmp_path / "broken.epub").write_bytes(b"PK\3\4 and no more")
    assert problem in voxpress(*arguments, status=2, more=TONE).warned
    assert not (tmp_path / "emma.m4b").exists()


def test_a_failed_sentence_leaves_no_book(voxpress: Run, emma: Path, tmp_path: Path) -> None:
    (tmp_path / "emma.m4b").write_bytes(b"former")
    done = voxpress("audiobook", emma, "-o", "emma.m4b", "--option", "fault=silent", status=1)
    assert "001" in done.warned
    assert (tmp_path / "emma.m4b").read_bytes() == b"former"
    assert not [each for each in os.listdir(tmp_path) if each.endswith(".partial")]


@pytest.mark.parametrize(
    "arguments",
    [("-o", "book.mp3"), ("-o", "book.opus"), ("-o", "book", "-f", "wav"), ("-o", "book", "-f", "flac")],
)
def test_what_is_no_book_is_refused_before_anything_is_spoken(
    voxpress: Run, emma: Path, arguments: tuple[str, ...]
) -> None:
    done = voxpress("audiobook", emma, *arguments, status=2)
    assert "one file called .m4b, or a folder of mp3, m4a, opus" in done.warned
    assert "of audio" not in done.said


@pytest.mark.parametrize(("command", "name"), [("audiobook", "emma.m4b"), ("daisy", "out")])
def test_a_missing_place_names_the_command_that_was_meant(
    voxpress: Run, emma: Path, command: str, name: str
) -> None:
    assert f"voxpress {command} emma.epub -o {name}" in voxpress(command, "emma.epub", status=2).warned


def test_a_book_that_nobody_listened_to_cannot_be_reviewed(voxpress: Run, emma: Path) -> None:
    voxpress("audiobook", emma, "-o", "emma.m4b")
    assert "make the book with --verify first" in voxpress("review", emma, status=2, more=TONE).warned


def test_an_approved_sentence_is_no_failure_any_more(
    voxpress: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "recogniser_named", lambda model: Beeps())
    bad = "blue red wonderful go magenta yellow"
    book = write_epub(tmp_path / "colours.epub", [("green", ["red blue green yellow magenta go", bad])])
    told = voxpress("audiobook", "colours.epub", "-o", "c.m4b", "--verify", status=1).said
    assert "1 sentence not heard as written; look at them:  voxpress review colours.epub -e tone" in told
    voxpress("outline", book, more=TONE)
    place = tmp_path / "colours.outline.yaml"
    outlines.save(approve(outlines.load(place), bad), place, source="colours.epub")
    voxpress("audiobook", "colours.epub", "-o", "c.m4b", "--verify")


def test_an_outline_names_cover_and_series(voxpress: Run, emma: Path, tmp_path: Path) -> None:
    voxpress("outline", emma, more=TONE)
    place = emma.with_name("emma.outline.yaml")
    (tmp_path / "front.png").write_bytes(PNG)
    text = place.read_text().replace("cover: ''", "cover: front.png")
    place.write_text(text.replace("series: ''", "series: Novels").replace("position: ''", "position: 4"))
    voxpress("audiobook", emma, "-o", "emma.m4b")
    with av.open(str(tmp_path / "emma.m4b")) as file:
        assert file.streams.video[0].codec_context.name == "png"
        assert file.metadata["SERIES"] == "Novels"
    voxpress("audiobook", emma, "-o", "shelf", "--library")
    assert list((tmp_path / "shelf" / "Jane Austen" / "Novels").glob("Vol 4 - Emma*"))


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "No such file"), (b"GIF89a", "neither JPEG nor PNG")]
)
def test_a_cover_that_cannot_be_one_is_refused_before_anything_is_spoken(
    voxpress: Run, emma: Path, tmp_path: Path, content: bytes | None, problem: str
) -> None:
    voxpress("outline", emma, more=TONE)
    place = emma.with_name("emma.outline.yaml")
    place.write_text(place.read_text().replace("cover: ''", "cover: front.jpg"))
    if content:
        (tmp_path / "front.jpg").write_bytes(content)
    done = voxpress("audiobook", emma, "-o", "emma.m4b", status=2)
    assert problem in done.warned
    assert "chapters" not in done.said
