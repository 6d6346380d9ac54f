"""A render as a user meets it: manifests that change, folders that hold something already, two renders at once."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import voxpress as library
from voxpress.cli import main, progress
from voxpress.cli.rows import Rows
from voxpress.errors import InputError, ManifestError, SpeechError, StoreError

Run = Callable[..., tuple[int, str, str]]
ROWS = {"a": "One.", "b": "Two.", "c": "Three.", "d": "Four."}


@pytest.fixture
def render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs ``voxpress render`` with beeps, into ``out``; status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(manifest: str | Path, *more: str, engine: str = "tone", stdin: str = "", out: str = "out") -> Any:
        command = ["render", manifest, "-o", out, "-e", engine, "--workers", "0", "--store", "store", *more]
        monkeypatch.setattr(sys, "argv", ["voxpress", *map(str, command)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        return ended.value.code, *capfd.readouterr()

    return run


def written(path: Path, rows: dict[str, str] = ROWS, **columns: str) -> Path:
    """A manifest of those rows, as CSV."""
    path.write_text(
        "".join(
            ",".join(line) + "\n"
            for line in (("id", "text", *columns), *((*row, *columns.values()) for row in rows.items()))
        )
    )
    return path


def files(place: Path) -> set[str]:
    """Everything in a folder that is not voxpress's own."""
    return {
        str(path.relative_to(place))
        for path in place.rglob("*")
        if path.is_file() and path.relative_to(place).parts[0] != ".voxpress"
    }


# Manifests


def test_a_manifest_is_read_once(render: Run, tmp_path: Path) -> None:
    """A named pipe, and the descriptor of one, as the shell's <(…) gives it."""
    lines = "".join(json.dumps({"id": row, "text": text}) + "\n" for row, text in ROWS.items())
    os.mkfifo(tmp_path / "pipe.jsonl")
    writer = threading.Thread(target=(tmp_path / "pipe.jsonl").write_text, args=(lines,))
    writer.start()
    status, out, _ = render("pipe.jsonl")
    writer.join()
    assert (status, out[:19]) == (0, "4 rows: 4 rendered,")
    reading, writing = os.pipe()
    os.write(writing, lines.encode())
    os.close(writing)
    status, out, _ = render(f"/dev/fd/{reading}", out="other")
    os.close(reading)
    assert (status, files(tmp_path / "other")) == (0, {"a.wav", "b.wav", "c.wav", "d.wav"})
    status, out, _ = render("-", "--dry-run", stdin=lines)
    assert (status, "4 up to date" in out) == (0, True)


HOLDING = """
import sys
from voxpress.rendering.folders.local import LocalFolder
with LocalFolder("out").claim():
    print("held", flush=True)
    sys.stdin.read()
"""
CUTTING = """
    import os
    from voxpress.engines.tone import Tone

    class {title}(Tone):
        name = "{name}"

        def _speak(self, segment):
            {change}
            return super()._speak(segment)
"""


@pytest.mark.parametrize(
    "change",
    [
        'os.truncate("rows.csv", 1_500_000)',
        'open("rows.csv", "a").write("more,More of it.\\\\n")',
        'f = open("rows.csv", "r+"); f.seek(2_000_000); f.write("x"); f.close()',
        'open("rows.csv", "w").close()',
    ],
    ids=["cut", "longer", "edited", "emptied"],
)
def test_a_manifest_that_changes_while_it_is_rendered_is_rendered_as_it_was(
    render: Run, installed: Callable[[str, str], str], tmp_path: Path, change: str
) -> None:
    """Cut, extended, edited or emptied in the middle of the work: what was checked is what is rendered."""
    name = installed("cutting", CUTTING.format(name="cutting", title="Cutting", change=change))
    rows = {f"{n:04}": "Row." for n in range(600)}
    written(tmp_path / "rows.csv", rows, **{"x-note": "n" * 4000})
    status, _, err = render("rows.csv", engine=name)
    assert (status, err) == (0, "")
    assert files(tmp_path / "out") == {f"{row}.wav" for row in rows}


def test_a_manifest_that_is_replaced_or_touched_is_rendered_as_it_was(
    render: Run, installed: Callable[[str, str], str], tmp_path: Path
) -> None:
    """Editors write a new file and rename it: the one that was opened is still whole."""
    change = 'os.utime("rows.csv"); open("new", "w").write("id,text\\\\n"); os.replace("new", "rows.csv")'
    name = installed("swapping", CUTTING.format(name="swapping", title="Swapping", change=change))
    rows = {f"{n:04}": "Row." for n in range(600)}
    written(tmp_path / "rows.csv", rows, **{"x-note": "n" * 4000})
    status, out, err = render("rows.csv", engine=name)
    assert (status, out[:9]) == (0, "600 rows:"), err
    assert len(files(tmp_path / "out")) == 600


def test_a_manifest_that_changes_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    """However small the change, and though every row of it can be read."""
    path = written(tmp_path / "rows.csv")
    rows = Rows(str(path), None, [])
    reading = iter(rows)
    next(reading)
    path.write_text(path.read_text().replace("Two.", "Too, two."))
    with pytest.raises(SpeechError, match=r"rows\.csv: the file changed") as problem:
        list(reading)
    assert not isinstance(problem.value, InputError)


def test_a_manifest_that_is_not_there_leaves_nothing(render: Run, tmp_path: Path) -> None:
    """No folder, no report, and one line; a folder is no manifest either, and bad rows make no folder."""
    written(tmp_path / "bad.csv", {"con": "One."})
    assert render("bad.csv")[0] == 2
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine").mkdir()
    assert render("bad.csv", out="mine")[0] == 2
    assert list((tmp_path / "mine").iterdir()) == []
    for name in ("none.csv", "."):
        status, _, err = render(name)
        assert (status, err.count("\n")) == (2, 1)
        assert not (tmp_path / "out").exists()
    with pytest.raises(ManifestError, match="No such file"):
        Rows("none.csv", None, [])


# Pruning


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("h.csv", "id,text\n"),
        ("e.txt", ""),
        ("e.jsonl", "\n"),
        ("e.yaml", "[]\n"),
        ("c.csv", "# nothing\nid,text\n"),
    ],
)
def test_pruning_by_a_manifest_without_rows_is_refused(
    render: Run, tmp_path: Path, name: str, content: str
) -> None:
    """Whatever the format: nothing is deleted, not even if it is insisted on."""
    render(written(tmp_path / "rows.csv"))
    (tmp_path / name).write_text(content)
    for more in (["--prune"], ["--prune", "all"]):
        status, _, err = render(name, *more)
        assert (status, err.count("\n")) == (2, 1)
        assert len(files(tmp_path / "out")) == 4


def test_pruning_of_more_than_half_is_asked_for(render: Run, tmp_path: Path) -> None:
    """Nothing is rendered or deleted, and the message says how to do it; half is not more than half."""
    render(written(tmp_path / "rows.csv"))
    less = written(tmp_path / "less.csv", {"a": "One.", "e": "Five."})
    status, _, err = render(less, "--prune")
    assert status == 2
    assert "--prune would delete 3 of 4 files in out, more than half" in err and "--prune all" in err
    assert files(tmp_path / "out") == {"a.wav", "b.wav", "c.wav", "d.wav"}
    status, out, _ = render(written(tmp_path / "half.csv", {"a": "One.", "b": "Two."}), "--prune")
    assert (status, "pruned c.wav\npruned d.wav\n" in out) == (0, True)
    status, out, _ = render(less, "--prune", "all")
    assert (status, "pruned b.wav\n" in out) == (0, True)
    assert files(tmp_path / "out") == {"a.wav", "e.wav"}


def test_prune_may_stand_before_the_manifest(render: Run, tmp_path: Path, capfd: Any) -> None:
    """It takes no word but `all`."""
    written(tmp_path / "rows.csv")
    status, out, _ = render("--prune", "rows.csv")
    assert (status, out[:19]) == (0, "4 rows: 4 rendered,")


def test_what_is_not_pruned_is_named_with_its_reason(render: Run, tmp_path: Path) -> None:
    """A copy without its times: what is as it was written goes; what was changed stays, is said, and is said again."""
    render(written(tmp_path / "rows.csv"))
    shutil.copytree(tmp_path / "out", tmp_path / "copy", copy_function=shutil.copyfile)
    (tmp_path / "copy" / "d.wav").write_bytes(b"my own recording")
    less = written(tmp_path / "less.csv", {"a": "One.", "b": "Two."})
    status, out, err = render(less, "--prune", out="copy")
    assert (status, out.splitlines()[0]) == (0, "pruned c.wav")
    kept = "voxpress: kept d.wav, which no row asks for: it was changed since voxpress wrote it\n"
    assert kept in err
    assert render(less, "--prune", out="copy")[2] == kept
    assert files(tmp_path / "copy") == {"a.wav", "b.wav", "d.wav"}


# Files that are there


def test_a_file_that_is_not_ours_fails_its_row_alone(render: Run, tmp_path: Path) -> None:
    """It stays as it is, and `--overwrite` replaces it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.wav").write_text("PRECIOUS")
    status, out, err = render(written(tmp_path / "rows.csv"))
    assert (status, "3 rendered" in out, "1 failed" in out) == (1, True, True)
    assert "out/b.wav" in err and "--overwrite" in err
    assert (tmp_path / "out" / "b.wav").read_text() == "PRECIOUS"
    status, out, _ = render("rows.csv", "--overwrite")
    assert (status, "1 from the store, 3 up to date" in out) == (0, True)
    assert (tmp_path / "out" / "b.wav").read_bytes()[:4] == b"RIFF"


def test_the_library_keeps_what_is_not_ours_too(tmp_path: Path) -> None:
    """`overwrite=True` replaces it."""
    (tmp_path / "a.wav").write_text("PRECIOUS")
    rows = [library.Utterance(id="a", text="One.")]
    common: dict[str, Any] = {"engine": "tone", "store": tmp_path / "store", "workers": 0}
    assert [result.status for result in library.render(rows, tmp_path, **common)] == ["failed"]
    assert (tmp_path / "a.wav").read_text() == "PRECIOUS"
    assert [r.status for r in library.render(rows, tmp_path, overwrite=True, **common)] == ["from store"]


def test_other_texts_replace_what_former_renders_wrote(render: Run, tmp_path: Path) -> None:
    """Also where the times of the files are lost."""
    render(written(tmp_path / "rows.csv"))
    shutil.copytree(tmp_path / "out", tmp_path / "copy", copy_function=shutil.copyfile)
    written(tmp_path / "rows.csv", {row: text + " Again." for row, text in ROWS.items()})
    for out in ("out", "copy"):
        assert render("rows.csv", out=out)[0] == 0


def test_a_folder_that_links_elsewhere_is_not_written_through(render: Run, tmp_path: Path) -> None:
    """The row fails, and nothing is there."""
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "menu").symlink_to(tmp_path / "elsewhere")
    status, _, err = render(written(tmp_path / "rows.csv", {"menu/a": "One.", "b": "Two."}))
    assert (status, "menu is a link that leads out of the folder" in err) == (1, True)
    assert files(tmp_path / "out") == {"b.wav"} and not list((tmp_path / "elsewhere").iterdir())


# Names


@pytest.mark.parametrize(
    ("row", "more", "file", "magic"),
    [
        ("welcome.mp3", [], "welcome.mp3", b"ID3"),
        ("menu/a.wav", [], "menu/a.wav", b"RIFF"),
        ("menu/a.FLAC", [], "menu/a.FLAC", b"fLaC"),
        ("v1.2", [], "v1.2.wav", b"RIFF"),
        ("a.mp3", ["-f", "mp3"], "a.mp3", b"ID3"),
        ("b.c", ["-f", "mp3"], "b.c.mp3", b"ID3"),
        ("a.ogg", ["-f", "opus"], "a.ogg", b"OggS"),
        ("{x}.wav", [], "{x}.wav", b"RIFF"),
    ],
)
def test_an_audio_extension_of_an_id_names_file_and_format(
    render: Run, tmp_path: Path, row: str, more: list[str], file: str, magic: bytes
) -> None:
    """Another extension is a part of the name."""
    assert render(written(tmp_path / "rows.csv", {row: "One."}), *more)[0] == 0
    assert files(tmp_path / "out") == {file}
    assert (tmp_path / "out" / file).read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("rows", "columns", "more"),
    [
        ({"a.mp3": "One."}, {"format": "wav"}, []),
        ({"a.mp3": "One."}, {}, ["-f", "wav"]),
        ({"a.mp3": "One."}, {}, ["-p", "asterisk"]),
        ({"a": "One."}, {"file": "abc.mp3", "format": "wav"}, []),
        ({"a.ulaw": "One."}, {"format": "alaw"}, []),
        ({"a.WAV": "One."}, {}, []),
    ],
)
def test_an_extension_that_contradicts_the_format_is_an_error_of_its_row(
    render: Run, tmp_path: Path, rows: dict[str, str], columns: dict[str, str], more: list[str]
) -> None:
    """Format of the row, of the command, or of a preset."""
    status, _, err = render(written(tmp_path / "rows.csv", rows, **columns), *more)
    assert (status, "rows.csv:2: " in err) == (2, True)
    assert not files(tmp_path / "out")


@pytest.mark.parametrize("second", ["q.wav/b", "Q", "q.wav/deep/b", "caf\u00e9/x", "q.Wav"], ids=ascii)
@pytest.mark.parametrize("turned", [False, True])
def test_a_name_that_two_rows_need_is_found_before_anything_is_rendered(
    render: Run, tmp_path: Path, second: str, turned: bool
) -> None:
    """A file where another row needs a folder, and names that some file system takes for one."""
    first = "cafe\u0301/X" if "caf" in second else "q"
    names = [second, first] if turned else [first, second]
    status, _, err = render(written(tmp_path / "rows.csv", {name: f"Text {name}." for name in names}))
    assert (status, "rows.csv:3: " in err, "row 1" in err) == (2, True, True)
    assert not files(tmp_path / "out")


# Two at once


def test_a_second_render_says_who_has_the_folder_and_touches_nothing(render: Run, tmp_path: Path) -> None:
    """The report of the first stays; a dry run may look."""
    render(written(tmp_path / "rows.csv"))
    own = tmp_path / "out" / ".voxpress"
    report = (own / "report.jsonl").read_bytes()
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HOLDING,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout and holder.stdout.readline() == b"held\n"
        status, _, err = render(written(tmp_path / "other.csv", {"a": "Other."}), "--prune", "all")
        assert (status, err.count("\n")) == (1, 1)
        assert f"out is being rendered into by process {holder.pid} on " in err
        with pytest.raises(StoreError, match="is being rendered into by process"):
            list(library.render([], tmp_path / "out", engine="tone", store="memory:"))
        assert render("other.csv", "--dry-run")[0] == 0
    assert (own / "report.jsonl").read_bytes() == report
    assert len(files(tmp_path / "out")) == 4
    assert render("other.csv", "--prune", "all")[0] == 0


def test_two_renders_with_one_report_lose_none(render: Run, tmp_path: Path) -> None:
    """Two folders, one report: the second is refused before it does anything."""
    with (tmp_path / "report.jsonl.part").open("ab") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        status, _, err = render(written(tmp_path / "rows.csv"), "--report", "report.jsonl")
    assert (status, "another run is writing it" in err) == (1, True)
    assert not files(tmp_path / "out")


# Disks


def test_a_full_disk_behind_the_summary_is_one_clear_error(tmp_path: Path) -> None:
    """`voxpress render … > /dev/full`: the files are there, with and without a buffer."""
    written(tmp_path / "rows.csv")
    for unbuffered in ("", "1"):
        command = ["render", "rows.csv", "-o", "out", "-e", "tone", "--workers", "0", "--store", "store"]
        with Path("/dev/full").open("wb") as full:
            run = subprocess.run(
                [sys.executable, "-m", "voxpress", *command],
                cwd=tmp_path,
                env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        assert run.returncode == 1
        assert run.stderr == "voxpress: cannot write to standard output: No space left on device\n"
        assert len(files(tmp_path / "out")) == 4


@pytest.mark.parametrize("what", ["takes/*/*", "clips/*/*.json", "clips/*/*.wav"])
@pytest.mark.parametrize("oddity", ["folder", "link loop"])
def test_one_odd_object_in_the_store_costs_nothing(
    render: Run, tmp_path: Path, what: str, oddity: str
) -> None:
    """The row is made again, and the store is whole afterwards."""
    render(written(tmp_path / "rows.csv"))
    for place in sorted((tmp_path / "store").glob(what)):
        place.unlink()
        if oddity == "folder":
            place.mkdir()
        else:
            place.symlink_to(place)
    status, _, err = render("rows.csv", out="other")
    assert (status, err) == (0, "")
    assert {name: (tmp_path / "other" / name).read_bytes() for name in files(tmp_path / "other")} == {
        name: (tmp_path / "out" / name).read_bytes() for name in files(tmp_path / "out")
    }
    store = library.Store(tmp_path / "store")
    assert list(store.verify()) == []
    assert store.stats()["clips"].count == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("say", "Hello.", "-e", "tone", "-o"),
        ("render", "m.csv", "-e", "tone", "-w", "0", "-o", "out", "--report"),
    ],
)
def test_a_device_or_a_pipe_is_written_to_and_stays_what_it_is(tmp_path, arguments):
    """Not replaced by a file, as whoever may write to /dev can."""
    (tmp_path / "m.csv").write_text("id,text\na,Hello there.\n")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "target.wav").touch()
    (tmp_path / "link.wav").symlink_to("target.wav")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe.wav").read_bytes()), daemon=True)
    reader.start()
    for name in ("pipe.wav", "link.wav"):
        command = [sys.executable, "-P", "-m", "voxpress", *arguments, name, "--store", "store"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
    reader.join(10)
    assert read and len(read[0]) > 100
    assert stat.S_ISFIFO((tmp_path / "pipe.wav").stat().st_mode)
    assert (tmp_path / "link.wav").is_symlink() and (tmp_path / "target.wav").stat().st_size > 100


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        # Chapters that the store has are there at once; the others are read at 10 characters a second.
        ([(1, 500, 0), (61, 100, 1), (121, 600, 1)], "4 min left"),
        # Nothing is spoken, but chapters are finished at one rate.
        ([(10 * n, -1, n) for n in range(1, 6)], "50 s left"),
        ([(60, 900, 0)], "3 min left"),
    ],
)
def test_the_time_left_of_a_book_is_that_of_the_last_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, steps: list[tuple[float, int, int]], left: str
) -> None:
    now = [0.0]
    monkeypatch.setattr("voxpress.cli.progress.time.monotonic", lambda: now[0])
    many = 10 if steps[0][1] < 0 else 2
    with progress.reading({str(n): 300 if many == 10 else 1800 for n in range(many)}) as tell:
        for at, characters, chapter in steps:
            now[0] = at
            tell(str(chapter), characters)
    assert left in capsys.readouterr().err.splitlines()[-1]
