"""Renders that are killed at any moment, and go on: nothing wrong is ever seen, and little is done twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from voxpress.engines.tone import Tone

WORKERS = 2


@pytest.mark.faults
@pytest.mark.parametrize("kills", [50])
def test_a_render_that_is_killed_again_and_again_comes_to_the_right_end(
    site: Any, processes: Any, rows: dict[str, str], kills: int
) -> None:
    """After each kill, every file that is to be seen is whole and right; at the end all are there.

    What is spoken twice is at most what was in flight: a worker stores what it spoke batch by batch, so that a kill
    loses one batch of each worker. Nothing else is spoken again, neither now nor in the runs that follow.
    """
    site.write_rows(rows)
    dice = random.Random(kills)
    site.environment["COUNTED_PAUSE"] = str(0.003 * kills)  # long enough for as many kills
    seen: dict[str, bytes] = {}
    at_work = 0
    for kill in range(kills):
        run, before = site.start(), site.spoken().total()
        while kill % 4 and run.poll() is None and site.spoken().total() == before:
            time.sleep(0.02)  # three of four kills hit the work, one the start
        time.sleep(dice.uniform(0, 0.6))
        at_work += run.poll() is None
        everyone = [run.pid, *processes.descendants(run.pid)]
        if kill % 2:
            processes.kill(everyone)  # the power goes
        else:
            os.kill(run.pid, signal.SIGKILL)  # the owner alone
        run.communicate()
        assert processes.gone(everyone), "workers outlived the render"
        assert site.wrong() == []
        assert seen.items() <= site.files().items(), "a finished file has gone"
        seen = site.files()
    assert at_work >= kills // 2
    last = site.render()
    assert last.returncode == 0, last.stderr
    assert site.files() == site.wanted
    spoken = site.spoken()
    repeated = spoken.total() - len(spoken)
    assert repeated <= kills * WORKERS * Tone.max_batch, f"{repeated} segments spoken twice in {kills} kills"
    again = site.render()
    assert "0 segments spoken" in again.stdout
    assert f"{len(rows)} up to date" in again.stdout
    assert site.spoken() == spoken
    assert {entry["status"] for entry in site.report().values()} == {"up to date"}
    assert list(site.report()) == list(rows)


def test_a_worker_that_is_killed_costs_no_row(site: Any, processes: Any, rows: dict[str, str]) -> None:
    """The system takes a worker's memory while it speaks: it is replaced, and what it spoke is spoken again."""
    site.write_rows(rows)
    site.environment["COUNTED_PAUSE"] = "0.01"
    run = site.start()
    killed = 0
    deadline = time.monotonic() + 30
    while run.poll() is None and killed < 3 and time.monotonic() < deadline:
        if len(site.files()) > 20 * (killed + 1):
            workers = processes.descendants(run.pid)
            processes.kill(workers[:1])
            killed += 1
        time.sleep(0.01)
    out, err = run.communicate(timeout=60)
    assert killed >= 1
    assert run.returncode == 0, err
    assert site.files() == site.wanted
    assert "0 failed" in out
    spoken = site.spoken()
    assert spoken.total() - len(spoken) <= 2 * killed * Tone.max_batch


def test_ctrl_c_stops_at_once_and_says_how_to_go_on(site: Any, processes: Any, rows: dict[str, str]) -> None:
    """Status 130, one line, no worker left, and what is finished stays; nothing waits for what is being spoken."""
    site.write_rows(rows)
    site.environment["COUNTED_PAUSE"] = "0.1"
    run = site.start()
    deadline = time.monotonic() + 30
    while len(site.files()) < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = processes.descendants(run.pid)
    assert len(workers) == WORKERS
    os.killpg(run.pid, signal.SIGINT)
    _, err = run.communicate(timeout=30)
    assert len(site.files()) < len(rows)
    assert run.returncode == 130, err
    assert err == "voxpress: interrupted; run the same command again to go on where it stopped\n"
    assert processes.gone(workers, 10)
    assert site.wrong() == []
    before = len(site.files())
    site.environment["COUNTED_PAUSE"] = "0"
    last = site.render()
    assert last.returncode == 0
    assert f"{before} up to date" in last.stdout
    assert site.files() == site.wanted


@pytest.mark.parametrize("after", [n / 20 for n in range(12)])
@pytest.mark.faults
def test_ctrl_c_at_the_start_is_no_traceback(
    site: Any, processes: Any, rows: dict[str, str], after: float
) -> None:
    """While modules are imported, the manifest is read or workers start; not while Python itself does."""
    site.write_rows(rows)
    site.environment["COUNTED_PAUSE"] = "0.5"  # so that the fastest machine is still at work
    run = site.start()
    while "msgspec" not in Path(f"/proc/{run.pid}/maps").read_text() and run.poll() is None:
        time.sleep(0.01)
    time.sleep(after)
    workers = processes.descendants(run.pid)
    os.killpg(run.pid, signal.SIGINT)
    try:
        _, err = run.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        # Python ignores, and prints, an exception in a callback of its import lock: people press again.
        workers = processes.descendants(run.pid)
        os.killpg(run.pid, signal.SIGINT)
        _, err = run.communicate(timeout=30)
        assert "Exception ignored" in err
    else:
        assert "Traceback" not in err
    assert run.returncode in (130, -signal.SIGINT), err
    assert processes.gone(workers, 10)


@pytest.mark.faults
def test_a_second_ctrl_c_does_no_harm(site: Any, processes: Any, rows: dict[str, str]) -> None:
    """Impatience is no reason for a traceback or an orphan."""
    site.write_rows(rows)
    site.environment["COUNTED_PAUSE"] = "0.1"
    run = site.start()
    deadline = time.monotonic() + 30
    while len(site.files()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = processes.descendants(run.pid)
    for _ in range(3):
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.01)
    _, err = run.communicate(timeout=30)
    assert run.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
    assert processes.gone(workers, 5)
    assert site.wrong() == []


@pytest.mark.faults
def test_a_polite_end_leaves_no_worker(site: Any, processes: Any, rows: dict[str, str]) -> None:
    """SIGTERM from a job scheduler: everything ends at once, and the next run goes on."""
    site.write_rows(rows)
    site.environment["COUNTED_PAUSE"] = "0.1"
    run = site.start()
    deadline = time.monotonic() + 30
    while len(site.files()) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = processes.descendants(run.pid)
    run.terminate()
    _, err = run.communicate(timeout=30)
    assert run.returncode == 143
    assert err == "voxpress: interrupted; run the same command again to go on where it stopped\n"
    assert processes.gone(workers, 5)
    assert site.wrong() == []
    site.environment["COUNTED_PAUSE"] = "0"
    assert site.render().returncode == 0
    assert site.files() == site.wanted


def unwritten(path: Path, left: int) -> None:
    """Make a file what a loss of power may make of it: `left` bytes of it, or all of them as zeros."""
    look = path.stat()
    path.write_bytes(path.read_bytes()[:left] if left else bytes(look.st_size))
    os.utime(path, ns=(look.st_atime_ns, look.st_mtime_ns))


@pytest.mark.faults
@pytest.mark.parametrize("left", [0, 1, 100])
def test_a_loss_of_power_leaves_no_broken_file_that_counts_as_done(
    site: Any, processes: Any, rows: dict[str, str], left: int
) -> None:
    """In the middle of a render, files and objects lose their bytes and keep their names: all come right again."""
    site.write_rows(rows)
    site.environment["COUNTED_PAUSE"] = "0.02"
    run = site.start()
    deadline = time.monotonic() + 30
    while len(site.files()) < 40 and time.monotonic() < deadline:
        time.sleep(0.02)
    processes.kill([run.pid, *processes.descendants(run.pid)])
    run.communicate()
    broken = sorted(site.out.rglob("*.wav"))[::2]
    assert len(broken) >= 20
    for path in [*broken, *sorted(path for path in site.store.rglob("*") if path.is_file())[::3]]:
        unwritten(path, left)
    last = site.render()
    assert last.returncode == 0, last.stderr
    assert site.files() == site.wanted


@pytest.mark.faults
def test_what_a_render_has_reported_was_synced_before(site: Any, few: dict[str, str]) -> None:
    """The journal says so at its end, for every file that it names: nothing is compared by its bytes again."""
    site.write_rows(few)
    assert site.render().returncode == 0
    lines = [line for line in (site.out / ".voxpress" / "journal.jsonl").read_bytes().split(b"\n") if line]
    *files, synced = [json.loads(line) for line in lines]
    assert {path for path, *_ in files} == set(site.wanted)
    # Lines begin with their line end, so that of the last one comes with the mark.
    assert synced[:4] == ["", "", sum(len(line) + 1 for line in lines[:-1]) + 1, 0]
