"""What a stranger tried on the command line: nothing is lost, and each mistake has one line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from voxpress import InputError, Output, Store, Utterance, render, say

M = "id,text\na,Hello there.\nb,Goodbye.\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "m.csv").write_text(M)
    return tmp_path


def run(
    place: Path, *arguments: str, shell: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "voxpress", *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(
        command, cwd=place, capture_output=True, check=False, timeout=60, env={**os.environ, **environment}
    )


def rendered(place: Path, *further: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    return run(
        place, "render", "m.csv", "-o", "out", "-e", "tone", "-w", "0", "--store", "s", *further, **more
    )


@pytest.mark.parametrize(
    "name", [".voxpress", ".voxpress/staging", ".voxpress/journal.jsonl", ".voxpress/lock"]
)
def test_a_folder_whose_own_files_lead_elsewhere_is_refused(place: Path, name: str) -> None:
    """Somebody may have sent the folder: nothing outside it is deleted or written."""
    assert rendered(place).returncode == 0
    victim = place / "victim"
    victim.mkdir()
    for file in ("doc", ".doc.partial"):
        (victim / file).write_text("precious")
        os.utime(victim / file, (time.time() - 7200,) * 2)
    there = place / "out" / name
    there.rename(place / "aside")
    there.symlink_to(victim if (place / "aside").is_dir() else victim / "doc")
    (place / "out" / "a.wav").unlink()
    done = rendered(place)
    assert done.returncode == 1 and b"of voxpress: move it away" in done.stderr, done.stderr
    assert {file.name: file.read_text() for file in victim.iterdir()} == dict.fromkeys(
        ("doc", ".doc.partial"), "precious"
    )


def test_a_pipe_as_journal_is_not_waited_for(place: Path) -> None:
    assert rendered(place).returncode == 0
    journal = place / "out" / ".voxpress" / "journal.jsonl"
    journal.unlink()
    os.mkfifo(journal)
    assert rendered(place).returncode == 1


def test_old_things_in_staging_that_are_not_ours_stay(place: Path) -> None:
    assert rendered(place).returncode == 0
    staging = place / "out" / ".voxpress" / "staging"
    (staging / ".folder.partial").mkdir(parents=True)
    (staging / "notes.txt").write_text("mine")
    (staging / ".old.partial").write_text("left by a kill")
    for path in staging.iterdir():
        os.utime(path, (time.time() - 7200,) * 2)
    (place / "out" / "a.wav").unlink()
    assert rendered(place).returncode == 0
    assert sorted(path.name for path in staging.iterdir()) == [".folder.partial", "notes.txt"]


@pytest.mark.parametrize(
    "report", ["m.csv", "out/a.wav", "out/.voxpress/journal.jsonl", "out/.voxpress/lock"]
)
def test_a_report_replaces_reports_only(place: Path, report: str) -> None:
    """Not the manifest, a clip, the journal or the lock."""
    assert rendered(place).returncode == 0
    before = (place / report).read_bytes() if "lock" not in report else b""
    done = rendered(place, "--report", report)
    assert done.returncode == 1 and b"no report" in done.stderr, done.stderr
    assert "lock" in report or (place / report).read_bytes() == before
    assert (
        rendered(place, "--report", "r.jsonl").returncode
        == rendered(place, "--report", "r.jsonl").returncode
        == 0
    )


@pytest.mark.parametrize("shell", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams(place: Path, shell: str) -> None:
    """Files are made all the same, and nothing is written into them by a stream that took their number."""
    done = run(place, "say", "Hello there.", "-e", "tone", "-o", "x.wav", "--store", "s", shell=shell)
    assert b"Traceback" not in done.stderr and (place / "x.wav").read_bytes()[:4] == b"RIFF"
    assert rendered(place, shell=shell).returncode in {0, 1}
    assert (place / "out" / "b.wav").read_bytes()[:4] == b"RIFF"
    lost = run(place, "say", "Hello there.", "-e", "tone", "-o", "-", "--store", "s", shell=">&-")
    assert lost.returncode == 1 and b"standard output" in lost.stderr and b"Traceback" not in lost.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", ""),
        ("-o", "x", "-f", ""),
        ("-o", "x", "-p", ""),
        ("-o", "x", "--store", ""),
        ("-o", "x", "--store="),
    ],
)
def test_an_empty_value_is_a_variable_that_is_not_set(place: Path, arguments: tuple[str, ...]) -> None:
    done = run(place, "render", "m.csv", "-e", "tone", *arguments)
    assert done.returncode == 2 and b"is given an empty value" in done.stderr
    assert sorted(path.name for path in place.iterdir()) == ["m.csv"]


def test_a_terminal_that_cannot_show_a_name(place: Path) -> None:
    """The files are there, and the summary names them as well as it can."""
    done = run(
        place,
        "render",
        "m.csv",
        "-o",
        "o\u00fc",
        "-e",
        "tone",
        "-w",
        "0",
        "--store",
        "s",
        PYTHONIOENCODING="ascii",
    )
    assert done.returncode == 0 and b"o\\xfc" in done.stdout


def test_a_file_that_says_wav_is_no_mp3(place: Path) -> None:
    """In a project's preset and in Python."""
    (place / "voxpress.toml").write_text('[[presets.p.files]]\npath = "{id}.wav"\nformat = "mp3"\n')
    done = rendered(place, "-p", "p")
    assert done.returncode == 2 and b"has the extension of 'wav'" in done.stderr
    with pytest.raises(InputError, match="has the extension of 'wav'"):
        render(["Hello."], engine="tone", store="memory:", files=[("{id}.wav", Output(format="mp3"))])


def test_limits_hold_for_say_too() -> None:
    """Also for a clip that the store has."""
    store = Store("memory:")
    say("Hello there.", engine="tone", store=store)
    for output in (Output(max_bytes=10), Output(max_duration=0.1)):
        with pytest.raises(InputError, match="allowed"):
            say("Hello there.", engine="tone", store=store, output=output)


def test_a_device_in_the_folder_stays(place: Path) -> None:
    (place / "out").mkdir()
    os.mkfifo(place / "out" / "a.wav")
    done = rendered(place, "--overwrite")
    assert done.returncode == 1 and b"a device or a pipe is there" in done.stderr
    assert stat.S_ISFIFO((place / "out" / "a.wav").stat().st_mode) and (place / "out" / "b.wav").is_file()


def test_half_a_character_in_an_error_ends_no_render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither what a library says nor what an engine raises past `Exception`."""
    from voxpress.engines.tone import Tone

    class Odd(BaseException):
        pass

    errors = iter([ValueError("\ud800 bad"), GeneratorExit("gone"), Odd("strange")])

    def failing(self: Tone, batch: object) -> None:
        raise next(errors)

    monkeypatch.setattr(Tone, "synthesize", failing)
    rows = [Utterance(id=name, text=f"Row {name}.") for name in "abc"]
    results = list(render(rows, tmp_path, engine="tone", store=tmp_path / "s", workers=0, attempts=1))
    assert [result.status for result in results] == ["failed"] * 3
    for result in results:
        result.error.encode()


def test_a_store_that_is_not_there_is_not_sound(place: Path) -> None:
    done = run(place, "store", "verify", "--store", "nowhere")
    assert done.returncode == 2 and b"no store" in done.stderr
