"""Rows that ask for what they asked for before: their files stand, and nobody reads them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from voxpress import render
from voxpress.rendering.folders.local import LocalFolder
from voxpress.rendering.plan import Unchanged
from voxpress.rendering.planner import Planner
from voxpress.speech import Output, Result, Speaker, Utterance
from voxpress.text import FrontEnd
from voxpress.text.lexicon import Entry, Lexicon

ROWS = [
    Utterance(id="a", text="Gate 12 closes at 14:05."),
    Utterance(id="b", text="Please hold."),
    Utterance(id="c", text="Only [beep] noise 3.", markup="directions"),
]


def run(folder: Path, rows: list[Utterance] = ROWS, **more: Any) -> list[Result]:
    results = list(render(rows, folder, engine="tone", store=str(folder) + "-store", workers=0, **more))
    return sorted(results, key=lambda result: result.number)


def unread(folder: Path, rows: list[Utterance] = ROWS, **more: Any) -> list[bool]:
    """Whether each row is known by its request."""
    speaker = more.pop("speaker", Speaker(engine="tone"))
    planner = Planner(speaker, **more)
    first = Utterance(id="first", text="A reader is chosen by the first row.")
    plans = list(planner.plan_all([first, *rows], known=LocalFolder(folder)))
    return [isinstance(plan, Unchanged) for plan in plans[1:]]


def test_rows_are_not_read_twice(tmp_path: Path) -> None:
    """And their results say what they said."""
    assert [each.status for each in run(tmp_path / "out")] == ["rendered"] * 3
    assert unread(tmp_path / "out") == [True] * 3
    before, again = run(tmp_path / "out"), run(tmp_path / "out")
    assert [each.status for each in again] == ["up to date"] * 3
    assert [(r.files, r.segments, r.voice, r.language) for r in before] == [
        (r.files, r.segments, r.voice, r.language) for r in again
    ]
    assert [[clip.duration for clip in r.clips] for r in again] == [
        [c.duration for c in r.clips] for r in before
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "Gate 13 closes at 14:05."},
        {"text": "Gate 12 closes at 14:05. "},
        {"voice": "high"},
        {"speed": 1.5},
        {"seed": 3},
        {"language": "de"},
        {"markup": "directions"},
        {"options": {"pitch": 2.0}},
        {"id": "d"},
        {"format": "flac"},
    ],
)
def test_another_request_is_read(tmp_path: Path, change: dict[str, Any]) -> None:
    run(tmp_path / "out", ROWS[:1])
    assert unread(tmp_path / "out", [msgspec.structs.replace(ROWS[0], **change)]) == [False]


@pytest.mark.parametrize(
    "front_end",
    [
        FrontEnd(normalise="none"),
        FrontEnd(emoji="name"),
        FrontEnd(unspeakable="skip"),
        FrontEnd(lexicon=Lexicon([Entry("gate", "door")])),
    ],
)
def test_another_front_end_reads_again(tmp_path: Path, front_end: FrontEnd) -> None:
    run(tmp_path / "out", ROWS[:1])
    assert unread(tmp_path / "out", ROWS[:1], front_end=front_end) == [False]
    assert unread(tmp_path / "out", ROWS[:1]) == [True]


def test_another_output_is_read(tmp_path: Path) -> None:
    run(tmp_path / "out", ROWS[:1])
    files = [("{id}.wav", Output(format="wav", sample_rate=16000))]
    assert unread(tmp_path / "out", ROWS[:1], files=files) == [False]


def test_files_that_were_changed_are_looked_at(tmp_path: Path) -> None:
    """What does not look as it did is made again."""
    run(tmp_path / "out")
    (tmp_path / "out" / "a.wav").write_bytes(b"changed")
    (tmp_path / "out" / "b.wav").unlink()
    assert unread(tmp_path / "out") == [False, False, True]
    statuses = [each.status for each in run(tmp_path / "out", overwrite=True)]
    assert statuses == ["from store", "from store", "up to date"]


def test_what_was_rendered_by_another_request_is_remembered_once_it_was_read(tmp_path: Path) -> None:
    """An edit that changes no word costs one reading, not one each time."""
    run(tmp_path / "out", ROWS[:1])
    edited = [msgspec.structs.replace(ROWS[0], text="Gate 12  closes at 14:05.")]
    assert [each.status for each in run(tmp_path / "out", edited)] == ["up to date"]
    assert unread(tmp_path / "out", edited) == [True]


def test_notes_are_told_each_time(tmp_path: Path) -> None:
    rows = [Utterance(id="n", text="Press now. 🙂")]
    first, again = run(tmp_path / "out", rows)[0], run(tmp_path / "out", rows)[0]
    assert first.notes and first.notes == again.notes
    assert (first.status, again.status) == ("rendered", "up to date")


def test_files_of_marks_are_known_too(tmp_path: Path) -> None:
    run(tmp_path / "out", marks=["srt"])
    assert unread(tmp_path / "out", marks=["srt"]) == [True] * 3
    assert unread(tmp_path / "out", marks=["srt", "vtt"]) == [False] * 3
    (tmp_path / "out" / "a.srt").unlink()
    assert unread(tmp_path / "out", marks=["srt"]) == [False, True, True]
    assert [each.status for each in run(tmp_path / "out", marks=["srt"])] == [
        "from store",
        "up to date",
        "up to date",
    ]
    assert (tmp_path / "out" / "a.srt").exists()


def test_two_rows_for_one_file_are_still_an_error(tmp_path: Path) -> None:
    run(tmp_path / "out", ROWS[:1])
    results = run(tmp_path / "out", [ROWS[1], ROWS[0], ROWS[0]])
    assert [each.status for each in results] == ["rendered", "up to date", "failed"]
