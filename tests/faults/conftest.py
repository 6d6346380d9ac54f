"""What the tests of faults share: a render of voxpress as users start it, in a folder of its own.

The engine `counted` comes through the entry point that other packages use. It is tone, and it notes each segment it
speaks in a file, so that repeated work can be counted although the process that did it was killed.
"""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import voxpress

ENGINE = '''
"""Tone, which notes what it speaks, and takes a little while for it."""

import os
import time

from voxpress.engines.tone import Tone


class Counted(Tone):
    """Tone with a witness."""

    name = "counted"

    def _speak(self, segment):
        line = segment.text.replace(chr(10), " ").encode() + b"\\n"
        log = os.open(os.environ["COUNTED_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, line)
        os.close(log)
        time.sleep(float(os.environ.get("COUNTED_PAUSE", "0")))
        return super()._speak(segment)
'''


class Site:
    """One manifest, one store, one output folder, and the command line to render with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.store = folder, folder / "out", folder / "store"
        self.manifest = folder / "rows.csv"
        self.texts: dict[str, str] = {}
        self.log = folder / "spoken.log"
        package = folder / "package"
        (package / "counted-1.0.dist-info").mkdir(parents=True)
        (package / "counted.py").write_text(ENGINE)
        (package / "counted-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: counted\nVersion: 1.0\n"
        )
        (package / "counted-1.0.dist-info" / "entry_points.txt").write_text(
            "[voxpress.engines]\ncounted = counted:Counted\n"
        )
        places = os.pathsep.join(filter(None, [str(package), os.environ.get("PYTHONPATH")]))
        self.environment = {**os.environ, "PYTHONPATH": places, "COUNTED_LOG": str(self.log)}
        self.wanted: dict[str, bytes] = {}

    def write_rows(self, texts: dict[str, str], **columns: dict[str, str]) -> None:
        """The manifest, and the bytes that each row's file must have."""
        self.texts = texts
        with self.manifest.open("w", newline="") as file:
            sheet = csv.writer(file)
            sheet.writerow(["id", "text", *columns])
            sheet.writerows(
                [row, text, *(column.get(row, "") for column in columns.values())]
                for row, text in texts.items()
            )
        memory = voxpress.Store("memory:")
        clips = {text: voxpress.say(text, engine="tone", store=memory).data for text in set(texts.values())}
        self.wanted = {f"{row}.wav": clips[text] for row, text in texts.items()}

    def command(self, *more: str | Path, engine: str = "counted") -> list[str]:
        command = (
            "render",
            self.manifest,
            "-o",
            self.out,
            "--store",
            self.store,
            "-e",
            engine,
            "--workers",
            "2",
            *more,
        )
        return [sys.executable, "-m", "voxpress", *map(str, command)]

    def start(self, *more: str | Path, engine: str = "counted", **popen: object) -> subprocess.Popen[str]:
        """In a session of its own, as from a terminal."""
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # arguments are passed on
            self.command(*more, engine=engine),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Who was started in the background ignores Ctrl-C, and so would its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
            **popen,
        )

    def render(
        self, *more: str | Path, engine: str = "counted", prefix: Iterable[str] = (), limit: float = 120
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*prefix, *self.command(*more, engine=engine)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )

    def files(self) -> dict[str, bytes]:
        """Each file that is to be seen in the output folder, by path."""
        if not self.out.exists():
            return {}
        found = {}
        for path in self.out.rglob("*"):
            name = path.relative_to(self.out)
            if name.parts[0] != ".voxpress" and path.is_file():
                found[str(name)] = path.read_bytes()
        return found

    def spoken(self) -> Counter[str]:
        """How often each segment was spoken, by all runs together."""
        return Counter(self.log.read_text().splitlines()) if self.log.exists() else Counter()

    def report(self) -> dict[str, dict[str, object]]:
        """The last report, by id."""
        lines = (self.out / ".voxpress" / "report.jsonl").read_text().splitlines()
        return {entry["id"]: entry for entry in map(json.loads, lines)}

    def wrong(self) -> list[str]:
        """Files that are to be seen and are not whole, or not what their rows want."""
        return [path for path, data in self.files().items() if self.wanted.get(path) != data]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Empty."""
    return Site(tmp_path)


def descendants(pid: int) -> list[int]:
    """All processes that descend from it and run."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        below = parents.get(todo.pop(), [])
        found += below
        todo += below
    return found


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Processes:
    """Looking after processes, for tests."""

    descendants = staticmethod(descendants)

    @staticmethod
    def gone(pids: Iterable[int], seconds: float = 5.0) -> bool:
        """Whether all of them end in that time."""
        deadline = time.monotonic() + seconds
        left = list(pids)
        while left := [pid for pid in left if alive(pid)]:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    @staticmethod
    def kill(pids: Iterable[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture
def processes() -> Processes:
    """The functions above."""
    return Processes()


@pytest.fixture
def rows() -> dict[str, str]:
    """240 rows: some of several sentences, some that say the same, some in folders."""
    texts = {}
    for n in range(240):
        text = f"Row number {n % 200} of the manifest says something of its own."
        if n % 5 == 0:
            text += (
                f" It goes on with another sentence, which is number {n % 50}. And a third one ends it all."
            )
        texts[f"part{n % 3}/{n}" if n % 4 else str(n)] = text
    return texts


@pytest.fixture
def few(rows: dict[str, str]) -> dict[str, str]:
    """The first 40 of them."""
    return dict(list(rows.items())[:40])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds 200 kB and no more; needs the right to mount."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "none", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a small tmpfs here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
