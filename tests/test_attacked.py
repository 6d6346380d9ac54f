"""What a stranger tried on the command line: nothing is lost, and each mistake has one line."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
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


def test_only_leaves_what_the_report_says_of_other_rows(place: Path) -> None:
    """In the order of the manifest, and of no row that is gone from it."""
    (place / "m.csv").write_text(M + "c,Third.\n")
    assert rendered(place).returncode == 0
    (place / "m.csv").write_text(M.replace("Goodbye", "Farewell"))
    assert rendered(place, "--only", "b").returncode == 0
    report = [json.loads(line) for line in (place / "out/.voxpress/report.jsonl").read_text().splitlines()]
    assert [(entry["id"], entry["text"]) for entry in report] == [("a", "Hello there."), ("b", "Farewell.")]


def test_a_dry_run_lists_what_would_be_pruned_and_deletes_nothing(place: Path) -> None:
    assert rendered(place).returncode == 0
    (place / "m.csv").write_text(M.replace("b,Goodbye.\n", ""))
    done = rendered(place, "--prune", "--dry-run")
    assert done.returncode == 0 and b"prune       b.wav" in done.stdout
    assert (place / "out/b.wav").exists()


LONG = "a" * 300
MISTAKES = [
    (("render", "m.csv", "-o", "out", "-n", "--report", "m.csv"), 1, b"m.csv that is no report"),
    (("render", "m.csv", "-o", "out", "--report", "-"), 2, b"the report is a file"),
    (("render", "m.csv", "-o", "out", "--timeout", "1e400"), 2, b"timeout: must be a number of seconds"),
    (("render", "m.csv", "-o", "out", "--timeout", "1e300"), 2, b"timeout: must be a number of seconds"),
    (("render", "m.csv", "-o", LONG), 1, b"File name too long"),
    (("say", "Hi.", "-o", f"{LONG}.wav"), 2, b"File name too long"),
    (("say", "Hi.", "--store", LONG), 1, b"File name too long"),
    (("say", "Hi.", "--option", "delay=0", "--option", "delay=1"), 2, b"gives 'delay' twice"),
    (("say", "Hi.", "--store", "file://host/folder"), 1, b"three slashes"),
    (("render", "m.csv", "-o", "out", "-p", "own"), 2, b"cannot extend itself"),
]


@pytest.mark.parametrize(("arguments", "status", "problem"), MISTAKES)
def test_each_mistake_has_one_line(
    place: Path, arguments: tuple[str, ...], status: int, problem: bytes
) -> None:
    if "-p" in arguments:
        (place / "voxpress.toml").write_text('[presets.own]\nextends = "own"\n')
    done = run(place, *arguments, "-e", "tone")
    assert (done.returncode, done.stderr.count(b"\n")) == (status, 1), done.stderr
    assert problem in done.stderr


def test_a_folder_that_is_gone(place: Path) -> None:
    """Its process stands nowhere: no path can be made absolute."""
    script = f"mkdir -p {place}/gone && cd {place}/gone && rmdir {place}/gone && exec {sys.executable} -P -m voxpress"
    for arguments in (f"render {place}/m.csv -e tone -o out", "say Hi. -e tone -o x.wav"):
        done = subprocess.run(["sh", "-c", f"{script} {arguments}"], capture_output=True, check=False)
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done.stderr
        assert b"the current folder is not there any more" in done.stderr


def test_a_home_folder_that_no_shell_has_put_in(place: Path) -> None:
    """As in -o=~/out, and in a command that another program starts."""
    environment = {"HOME": str(place / "home"), "XDG_CACHE_HOME": str(place / "cache")}
    assert run(place, "render", "m.csv", "-e", "tone", "-o", "~/out", **environment).returncode == 0
    assert run(place, "say", "Hi.", "-e", "tone", "-o", "~/out/x.wav", **environment).returncode == 0
    assert {"a.wav", "b.wav", "x.wav"} <= {path.name for path in (place / "home/out").iterdir()}
    assert not (place / "~").exists()


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("kind", COMPRESSED)
def test_a_list_that_is_compressed(place: Path, kind: str) -> None:
    (place / f"m.csv.{kind}").write_bytes(COMPRESSED[kind](M.encode()))
    done = run(place, "render", f"m.csv.{kind}", "-o", "out", "-e", "tone")
    assert done.returncode == 2 and b"is compressed; unpack it first" in done.stderr


@pytest.mark.parametrize("delimiter", ";,|\t")
def test_the_line_that_tells_excel_how_cells_are_separated(place: Path, delimiter: str) -> None:
    (place / "m.csv").write_text(f"sep={delimiter}\r\n" + M.replace(",", delimiter), encoding="utf-8-sig")
    assert rendered(place).returncode == 0
    assert {"a.wav", "b.wav"} <= {path.name for path in (place / "out").iterdir()}


@pytest.mark.parametrize("kind", ["file", "manifest", "link", "pipe", "folder"])
def test_what_lies_where_the_report_is_written_first_is_no_report(place: Path, kind: str) -> None:
    """NAME.part is replaced only where it is what a killed render left."""
    part, other = place / "rep.part", place / "other"
    other.write_text("precious")
    match kind:
        case "file":
            part.write_text("precious")
        case "manifest":
            part.write_text(M)
        case "link":
            part.symlink_to(other)
        case "pipe":
            os.mkfifo(part)
        case "folder":
            part.mkdir()
    manifest = ("rep.part", "--from", "csv") if kind == "manifest" else ("m.csv",)
    done = run(place, "render", *manifest, "-o", "out", "-e", "tone", "-w", "0", "--report", "rep")
    assert (done.returncode, b"rep.part that is no report" in done.stderr) == (1, True), done.stderr
    assert other.read_text() == "precious" and os.path.lexists(part)
    if part.is_file() and kind != "link":
        assert part.read_text() in ("precious", M)


def test_what_a_killed_render_left_of_its_report_is_replaced(place: Path) -> None:
    assert rendered(place, "--report", "rep").returncode == 0
    (place / "rep").rename(place / "rep.part")
    assert rendered(place, "--report", "rep").returncode == 0
    assert not (place / "rep.part").exists() and len((place / "rep").read_text().splitlines()) == 2


def test_a_broken_report_in_the_folder_stops_no_render(place: Path) -> None:
    """Its last line without its end, or no line at all: it is voxpress's own."""
    (place / "m.csv").write_text(M + "c,Third.\n")
    assert rendered(place).returncode == 0
    report = place / "out/.voxpress/report.jsonl"
    report.write_bytes(report.read_bytes()[:-1])
    (place / "m.csv").write_text("id,text\nc,Third.\na,Hello there.\nb,Goodbye.\n")
    assert rendered(place, "--only", "b").returncode == 0
    assert [json.loads(line)["id"] for line in report.read_text().splitlines()] == ["c", "a", "b"]
    report.write_text("no report")
    assert rendered(place).returncode == 0
    assert [json.loads(line)["id"] for line in report.read_text().splitlines()] == ["c", "a", "b"]


def test_a_dry_run_says_that_too_much_would_be_pruned(place: Path) -> None:
    (place / "m.csv").write_text(M + "c,Third.\n")
    assert rendered(place).returncode == 0
    (place / "m.csv").write_text("id,text\na,Hello there.\n")
    refused = rendered(place, "-n", "--prune")
    assert refused.returncode == rendered(place, "--prune").returncode == 2
    assert b"more than half" in refused.stderr and b"prune  " not in refused.stdout
    assert rendered(place, "-n", "--prune", "all").stdout.count(b"prune  ") == 2
    assert len(list((place / "out").glob("*.wav"))) == 3


def test_a_dry_run_of_many_rows_prints_some_and_writes_all(place: Path) -> None:
    """To a file of its own kind, which no report of a render replaces, nor the other way round."""
    (place / "m.csv").write_text("id,text\n" + "".join(f"{n},Row {n}.\n" for n in range(1500)) + "../x,x\n")
    printed = rendered(place, "-n")
    lines = printed.stdout.decode().splitlines()
    assert printed.returncode == 2 and len(lines) == 1002
    assert lines[-2] == "… and 501 more: --report FILE writes all of them"
    written = rendered(place, "-n", "--report", "plan.jsonl")
    assert written.stdout.decode().count("\n") == 1 and b"row by row: plan.jsonl" in written.stdout
    rows = [json.loads(line) for line in (place / "plan.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows[:1500]] == [str(n) for n in range(1500)]
    assert {row["would_be"] for row in rows[:1500]} == {"rendered"} and rows[1500]["would_be"] == "failed"
    assert sum(row["segments"] for row in rows) == 1500 and rows[1500]["error"]
    assert rendered(place, "-n", "--report", "plan.jsonl").returncode == 2
    (place / "m.csv").write_text(M)
    assert rendered(place, "--report", "plan.jsonl").returncode == 1
    assert rendered(place).returncode == 0
    assert rendered(place, "-n", "--report", "out/.voxpress/report.jsonl").returncode == 1
