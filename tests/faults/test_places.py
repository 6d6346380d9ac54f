"""Full disks, folders that may only be read, damaged stores, company, engines that fail: a clear error, or healed."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import voxpress


def one_line(run: subprocess.CompletedProcess[str], place: Path) -> bool:
    """Whether it failed with status 1 and one line that names the place."""
    lines = run.stderr.splitlines()
    return (
        run.returncode == 1
        and len(lines) == 1
        and lines[0].startswith("voxpress: ")
        and str(place) in lines[0]
    )


@pytest.mark.parametrize("which", ["out", pytest.param("store", marks=pytest.mark.faults)])
def test_a_full_disk_is_one_clear_error_and_with_space_the_rest_is_done(
    site: Any, few: dict[str, str], small_disk: Path, which: str
) -> None:
    """Nothing half-written is seen, nor after more space is there."""
    site.write_rows(few)
    setattr(site, which, small_disk / which)
    full = site.render()
    assert one_line(full, small_disk / which), full.stderr
    assert "No space left on device" in full.stderr
    assert site.wrong() == []
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    last = site.render()
    assert last.returncode == 0, last.stderr
    assert site.files() == site.wanted
    assert list(voxpress.Store(site.store).verify()) == []
    spoken = site.spoken()
    assert spoken.total() - len(spoken) <= 2 * 2 * 2 * 4


@pytest.mark.faults
def test_a_limit_on_file_sizes_is_one_clear_error(site: Any) -> None:
    """RLIMIT_FSIZE, as some hosts set it: the file that is too large is named, and not there."""
    site.write_rows({"short": "A short row.", "long": "A row that goes on and on. " * 60})
    limited = site.render(prefix=["prlimit", "--fsize=65536"], engine="tone")
    assert limited.returncode == 1
    assert "File too large" in limited.stderr and "Traceback" not in limited.stderr, limited.stderr
    assert site.wrong() == []
    assert site.render(engine="tone").returncode == 0
    assert site.files() == site.wanted


@pytest.mark.faults
def test_a_full_disk_under_the_report_is_one_clear_error(
    site: Any, few: dict[str, str], small_disk: Path
) -> None:
    """What is finished stays, and the next run says the rest."""
    site.write_rows(few)
    (small_disk / "filler").write_bytes(bytes(196_608))
    full = site.render("--report", small_disk / "report.jsonl", engine="tone")
    assert one_line(full, small_disk / "report.jsonl"), full.stderr
    assert site.wrong() == []
    (small_disk / "filler").unlink()
    assert site.render("--report", small_disk / "report.jsonl", engine="tone").returncode == 0
    assert site.files() == site.wanted


def restricted() -> list[str]:
    """A prefix for a command that must heed permissions, which root does not."""
    return (
        ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
        if os.getuid() == 0
        else []
    )


@pytest.mark.parametrize("which", ["out", pytest.param("store", marks=pytest.mark.faults)])
def test_a_folder_that_may_only_be_read_is_one_clear_error(
    site: Any, few: dict[str, str], which: str
) -> None:
    """Named, with the reason, before or after some work, and never a traceback."""
    site.write_rows(few)
    place = getattr(site, which)
    place.mkdir()
    place.chmod(0o555)
    try:
        run = site.render(prefix=restricted())
    finally:
        place.chmod(0o755)
    assert one_line(run, place), run.stderr
    assert "Permission denied" in run.stderr
    assert site.render().returncode == 0
    assert site.files() == site.wanted


@pytest.mark.faults
def test_a_store_that_may_only_be_read_and_has_everything_will_do(site: Any, few: dict[str, str]) -> None:
    """A store on a shared disk, filled by somebody else: files are written from it."""
    site.write_rows(few)
    assert site.render("--workers", "2").returncode == 0
    shutil.rmtree(site.out)
    folders = [site.store, *(path for path in site.store.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        run = site.render(prefix=restricted())
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert run.returncode == 0, run.stderr
    assert "0 segments spoken" in run.stdout
    assert site.files() == site.wanted


@pytest.mark.faults
def test_a_store_with_damaged_objects_gives_the_right_files(site: Any, few: dict[str, str]) -> None:
    """Every third object truncated, flipped or emptied: found out, made again, and the store is whole afterwards."""
    site.write_rows(few)
    assert site.render().returncode == 0
    dice = random.Random(3)
    things = sorted(path for path in site.store.rglob("*") if path.is_file())
    for path in things[::3]:
        data = path.read_bytes()
        position = dice.randrange(len(data))
        flipped = data[:position] + bytes([data[position] ^ (1 << dice.randrange(8))]) + data[position + 1 :]
        path.write_bytes(dice.choice([b"", data[:position], flipped]))
    shutil.rmtree(site.out)
    healed = site.render()
    assert healed.returncode == 0, healed.stderr
    assert site.files() == site.wanted
    shutil.rmtree(site.out)
    whole = site.render()
    assert "0 segments spoken" in whole.stdout
    assert site.files() == site.wanted


@pytest.mark.faults
def test_files_that_somebody_damaged_are_put_right(site: Any, few: dict[str, str]) -> None:
    """Removed, cut and overwritten files come back; nothing is spoken for it."""
    site.write_rows(few)
    assert site.render().returncode == 0
    for n, path in enumerate(sorted(site.out.rglob("*.wav"))):
        if n % 3 == 0:
            path.unlink()
        elif n % 3 == 1:
            path.write_bytes(path.read_bytes()[:100])
    again = site.render()
    assert again.returncode == 0
    assert "0 segments spoken" in again.stdout
    assert site.files() == site.wanted


@pytest.mark.parametrize("rounds", [1, pytest.param(8, marks=pytest.mark.faults)])
def test_two_renders_into_one_store_and_one_folder_do_no_harm(
    site: Any, few: dict[str, str], rounds: int
) -> None:
    """Started together, twice the same: one is done, the other is done too or told who is at work; all is right."""
    site.write_rows(few)
    for round_ in range(rounds):
        for place in (site.out, site.store):
            shutil.rmtree(place, ignore_errors=True)
        runs = [site.start() for _ in range(2)]
        ended = []
        for run in runs:
            _, err = run.communicate(timeout=120)
            assert run.returncode == 0 or "is being rendered into by" in err, f"round {round_}: {err}"
            ended.append(run.returncode)
        assert 0 in ended and set(ended) <= {0, 1}
        assert site.files() == site.wanted
        assert list(site.report()) == list(few)
        last = site.render()
        assert f"{len(few)} up to date" in last.stdout
        assert list(voxpress.Store(site.store).verify()) == []


def test_a_row_that_crashes_its_process_fails_alone_and_is_named(site: Any, few: dict[str, str]) -> None:
    """The others are all there; the report and the error stream say which one, and of what."""
    texts = few
    fatal = "part1/7"
    site.write_rows(texts, **{"option.fault": {fatal: "crash"}})
    run = site.render(engine="tone")
    assert run.returncode == 1
    assert f"{len(texts) - 1} rendered" in run.stdout and "1 failed" in run.stdout
    assert "Row number seven of the manifest" in run.stderr and "Traceback" not in run.stderr
    wanted = {path: data for path, data in site.wanted.items() if path != f"{fatal}.wav"}
    assert site.files() == wanted
    report = site.report()
    assert list(report) == list(texts)
    assert [row for row, entry in report.items() if entry["status"] == "failed"] == [fatal]
    assert report[fatal]["error_type"] == "WorkerLost"
    assert report[fatal]["audio_filepath"] is None
    assert "status 139" in str(report[fatal]["error"])
    assert fatal in run.stderr or "rows.csv:" in run.stderr, "the message should say which row"


def test_a_segment_that_fails_fails_every_row_that_has_it_and_no_other(site: Any) -> None:
    """All or nothing: no shorter file for the row of three sentences one of which cannot be spoken."""
    bad = "This sentence cannot be spoken by anybody here."
    texts = {
        "alone": bad,
        "among": f"Here is a first sentence that is fine. {bad} And here is a last one that is fine.",
        "without": "Here is a first sentence that is fine. And here is a last one that is fine.",
    }
    site.write_rows(texts)
    module = site.folder / "package" / "counted.py"
    speaks = "        return super()._speak(segment)"
    fails = f"        if segment.text == {bad!r}:\n            raise OSError('no')\n"
    module.write_text(module.read_text().replace(speaks, fails + speaks))
    run = site.render()
    assert run.returncode == 1
    assert set(site.files()) == {"without.wav"}
    assert site.wrong() == []
    report = site.report()
    assert [entry["status"] for entry in report.values()] == ["failed", "failed", "rendered"]
    assert all(bad[:40] in str(report[row]["error"]) for row in ("alone", "among"))


def test_prune_keeps_the_former_file_of_a_row_that_is_bad_now(site: Any) -> None:
    """A typing error in the manifest costs no file: the row still asks for it."""
    texts = {"good": "This row stays as it is.", "typo": "This row will name a voice that is not there."}
    site.write_rows(texts)
    assert site.render(engine="tone").returncode == 0
    site.write_rows(texts, voice={"typo": "loww"})
    run = site.render("--skip-bad", "--prune", engine="tone")
    assert run.returncode == 1
    assert site.files() == site.wanted


FAULTS = ["raise", "short", "silent", "clipped", "nan", "loop", "tail"]


def test_audio_that_is_not_what_was_asked_for_is_never_stored(site: Any) -> None:
    """Each way of lying: the row fails with its reason, its neighbours are there, and the store has none of it."""
    text = "A row that says quite a lot of words, so that its length can be judged by those who listen."
    texts = {"good": text} | {fault: f"{text} It is number {n}." for n, fault in enumerate(FAULTS)}
    site.write_rows(texts, **{"option.fault": {fault: fault for fault in FAULTS}})
    run = site.render(engine="tone")
    assert run.returncode == 1
    assert set(site.files()) == {"good.wav"}
    stats = voxpress.Store(site.store).stats()
    assert stats["clips"].count == 1
    report = site.report()
    assert {row: entry["error_type"] for row, entry in report.items() if row != "good"} == {
        fault: "SynthesisError" if fault == "raise" else "CheckFailed" for fault in FAULTS
    }


@pytest.mark.faults
def test_a_fault_that_comes_and_goes_is_tried_again_and_noted(site: Any, few: dict[str, str]) -> None:
    """Half of the attempts go wrong: all rows are there, and the report says which were tried again."""
    texts = few
    site.write_rows(
        texts,
        **{"option.fault": dict.fromkeys(texts, "silent"), "option.fault_rate": dict.fromkeys(texts, "0.5")},
    )
    run = site.render("--attempts", "20", engine="tone")
    assert run.returncode == 0, run.stderr
    assert set(site.files()) == set(site.wanted)
    assert any("attempt" in str(entry["notes"]) for entry in site.report().values())


def test_a_row_that_stalls_is_given_up_after_the_limit(
    site: Any, processes: Any, few: dict[str, str]
) -> None:
    """The others are done long before; the process that hangs is gone."""
    texts = few
    stalls = "part2/11"
    site.write_rows(texts, **{"option.fault": {stalls: "stall"}})
    began = time.monotonic()
    run = site.render("--timeout", "2", engine="tone", limit=50)
    assert time.monotonic() - began < 30
    assert run.returncode == 1
    report = site.report()
    assert [row for row, entry in report.items() if entry["status"] == "failed"] == [stalls]
    assert "no answer in 2 s" in str(report[stalls]["error"])
    assert site.files() == {path: data for path, data in site.wanted.items() if path != f"{stalls}.wav"}


def test_weights_that_are_no_model_are_one_clear_error(site: Any) -> None:
    """A download that was cut, or a page saved in place of a file: the row fails with its reason."""
    pytest.importorskip("piper")
    voice = site.folder / "en_US-cut-medium.onnx"
    voice.write_bytes(bytes(range(256)) * 40)
    config = {"audio": {"sample_rate": 22050}, "espeak": {"voice": "en-us"}, "phoneme_id_map": {}}
    voice.with_name(voice.name + ".json").write_text(json.dumps(config))
    site.write_rows({"one": "This row cannot be spoken."})
    run = site.render("-m", voice, engine="piper")
    assert run.returncode == 1
    assert "Traceback" not in run.stderr, run.stderr
    assert voice.name in run.stderr


def say(*more: str | Path, **popen: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "voxpress", "say", "-e", "tone", *map(str, more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **popen,
    )


@pytest.mark.parametrize("words", [2, pytest.param(1000, marks=pytest.mark.faults)])
def test_a_listener_who_leaves_is_no_traceback(tmp_path: Path, words: int) -> None:
    """`voxpress say … -o - | head -c 100`: quiet, whether little or much was left to say."""
    text = " ".join(f"word{n}" for n in range(words))
    with say(text, "-o", "-", "--store", tmp_path) as run:
        assert run.stdout is not None and run.stderr is not None
        run.stdout.close()
        assert run.stderr.read() == b""
        assert run.wait(60) in (0, 1)


@pytest.mark.faults
def test_a_full_disk_behind_standard_output_is_one_clear_error(tmp_path: Path) -> None:
    """`voxpress say … -o - > /dev/full`."""
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "voxpress",
                "say",
                "Hello there.",
                "-e",
                "tone",
                "-o",
                "-",
                "--store",
                str(tmp_path),
            ],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.returncode == 1
    assert len(run.stderr.splitlines()) == 1 and "No space left on device" in run.stderr, run.stderr


def test_a_file_where_another_row_needs_a_folder_fails_that_row_alone(site: Any) -> None:
    """Rows `a` and `a.wav/b`, or a folder of the user's where a file should be: the others are there."""
    rows = ["good", "taken", "fine", "a", "a.wav/b"]
    site.write_rows({name: f"This is row number {n} of them." for n, name in enumerate(rows)})
    (site.out / "taken.wav" / "something").mkdir(parents=True)
    run = site.render("--skip-bad", engine="tone")
    assert run.returncode == 1, run.stderr
    assert "Traceback" not in run.stderr
    assert {"good.wav", "fine.wav"} <= set(site.files()), run.stderr
    assert f"{site.out}/taken.wav" in run.stderr
