"""Greetings whose render is killed: a caller hears whole ones, old or new, and never a part."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

KILLS = 6
MAILBOXES = 80


def _greetings(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.[wg]*")
        if ".voxpress" not in path.parts
    }


@pytest.mark.faults
def test_no_half_greeting_is_ever_seen(site: Any, processes: Any, tmp_path: Path) -> None:
    """Half of the mailboxes are renamed before each run, which is killed; the last one comes to the end."""
    boxes = tmp_path / "boxes.csv"
    dice = random.Random(1)
    site.environment["COUNTED_PAUSE"] = "0.01"

    def command(folder: Path) -> list[str]:
        options = ["-o", folder, "--store", site.store, "-e", "counted", "-w", "2", "-f", "wav,gsm"]
        return [sys.executable, "-m", "voxpress", "voicemail", *map(str, [boxes, *options])]

    def write(run: int) -> None:
        rows = [f"{n},Person {n} of {run if n % 2 else 0}" for n in range(MAILBOXES)]
        boxes.write_text("\n".join(["mailbox,name", *rows]))

    right: dict[str, set[bytes]] = {}
    out = tmp_path / "vm"
    interrupted = 0
    seen: list[dict[str, bytes]] = []
    for run in range(KILLS):
        write(run)
        process = subprocess.Popen(command(out), env=site.environment, stderr=subprocess.DEVNULL, text=True)
        before = site.spoken().total()
        while process.poll() is None and site.spoken().total() == before:
            time.sleep(0.02)
        time.sleep(dice.uniform(0, 1.0))
        interrupted += process.poll() is None
        everyone = [process.pid, *processes.descendants(process.pid)]
        processes.kill(everyone)
        process.wait()
        assert processes.gone(everyone)
        seen.append(_greetings(out))
    assert interrupted >= KILLS // 2
    for run in range(KILLS):
        write(run)
        whole = tmp_path / f"whole-{run}"
        subprocess.run(command(whole), env=site.environment, check=True, capture_output=True)
        for path, data in _greetings(whole).items():
            right.setdefault(path, set()).add(data)
    assert any(seen)
    for run, files in enumerate(seen):
        for path, data in files.items():
            assert data in right[path], f"{path} after kill {run}"
    subprocess.run(command(out), env=site.environment, check=True, capture_output=True)
    assert _greetings(out) == _greetings(tmp_path / f"whole-{KILLS - 1}")
