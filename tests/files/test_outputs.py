"""Files that a command is to write are not what it reads, and no two of them are one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voxpress.errors import InputError
from voxpress.files.outputs import require_outputs


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.md"
    path.write_text("Hello.")
    return path


@pytest.mark.parametrize("way", ["itself", "dotted", "link", "hard link"])
def test_what_is_read_is_not_written(script: Path, way: str) -> None:
    """By whatever name it is called."""
    output = script.with_name("other.md")
    match way:
        case "itself":
            output = script
        case "dotted":
            output = script.parent / ".." / script.parent.name / script.name
        case "link":
            output.symlink_to(script)
        case _:
            os.link(script, output)
    with pytest.raises(InputError, match=r"output: .* is the script: name another file"):
        require_outputs([("output", output)], [("the script", script)])


@pytest.mark.parametrize(("one", "other"), [("a.wav", "a.wav"), ("a.wav", "A.WAV"), ("é.wav", "e\u0301.wav")])
def test_no_two_outputs_are_one_file_on_any_system(tmp_path: Path, one: str, other: str) -> None:
    with pytest.raises(InputError, match=r"report: .* is the file for output, too: name another file"):
        require_outputs([("output", tmp_path / one), ("report", tmp_path / other)])


def test_other_files_and_devices_may_be_written(script: Path, tmp_path: Path) -> None:
    null = Path(os.devnull)
    require_outputs(
        [
            ("output", tmp_path / "a.wav"),
            ("report", tmp_path / "b.json"),
            ("cues", None),
            ("x", null),
            ("y", null),
        ],
        [("the script", script), ("the video", None)],
    )
    assert sorted(tmp_path.iterdir()) == [script], "nothing is made by the check"


def test_a_file_that_cannot_be_there_is_told(script: Path) -> None:
    with pytest.raises(InputError, match=r"output: cannot write .*"):
        require_outputs([("output", script / "a.wav")])
