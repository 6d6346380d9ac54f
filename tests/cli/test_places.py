"""Where a command writes one file: what cannot be is told before anything is done, and no pipe is waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from voxpress.cli import main

VOXPRESS = f"{sys.executable} -m voxpress"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pipe, a folder, a file, a lexicon and a pack."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOXPRESS_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("PYTHONPATH", os.path.abspath(Path(__file__).parents[2] / "src"))
    os.mkfifo("pipe.wav")
    os.mkfifo("pipe.srt")
    os.mkfifo("pipe.tsv")
    Path("folder.wav").mkdir()
    Path("file").write_text("mine")
    Path("link.wav").symlink_to("pipe.wav")
    Path("words.tsv").write_text("SQL\tsequel\n")
    (tmp_path / "pack").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        (
            "say Hi. -e tone -o pipe.wav",
            "output: cannot write pipe.wav: it is a pipe that nobody reads",
        ),
        ("say Hi. -e tone -o link.wav", "cannot write link.wav: it is a pipe that nobody reads"),
        ("say Hi. -e tone -o folder.wav", "cannot write folder.wav: it is a folder; name a file"),
        ("say Hi. -e tone -o file/deep/hi.wav", "file is no folder"),
        ("say Hi. -e tone -o pipe -f wav,mp3", "cannot write pipe.wav: it is a pipe that nobody reads"),
        ("say Hi. -e tone -o pipe.mp3 --marks srt", "cannot write pipe.srt: it is a pipe that nobody reads"),
        ("pack say en 12 --pack pack -o pipe.wav", "cannot write pipe.wav: it is a pipe that nobody reads"),
        ("text Hi. -f lexicon -o file/words.tsv", "file is no folder"),
        ("text Hi. -o pipe.tsv", "cannot write pipe.tsv: it is a pipe that nobody reads"),
        ("lexicon convert words.tsv pipe.tsv", "cannot write pipe.tsv: it is a pipe that nobody reads"),
    ],
)
def test_what_cannot_be_written_is_told_first(
    place: Path,
    command: str,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["voxpress", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, problem in capfd.readouterr().err) == (2, True)
    assert not (place / "store").exists()


@pytest.mark.parametrize(
    "command",
    ["-o /dev/stdout | cat > hi.wav", "-o - | cat > hi.wav", "-o >(cat > hi.wav); sleep 0.2"],
)
def test_what_the_shell_has_opened_is_written_to(place: Path, command: str) -> None:
    subprocess.run(["bash", "-c", f"{VOXPRESS} say Hi. -e tone -f wav {command}"], check=True, timeout=60)
    data = (place / "hi.wav").read_bytes()
    assert data.startswith(b"RIFF") and len(data) > 1000
