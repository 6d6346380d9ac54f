"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from voxpress.errors import InputError, StoreError
from voxpress.files import locks
from voxpress.files.atomic import require_place, tidy, write


def test_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    """Folders are made, permissions are the user's usual ones."""
    target = tmp_path / "digits" / "1.wav"
    write(target, b"one")
    write(target, b"two", durable=True)
    assert target.read_bytes() == b"two" and os.listdir(target.parent) == ["1.wav"]
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    assert target.stat().st_mode == plain.stat().st_mode


def test_write_through_a_staging_folder(tmp_path: Path) -> None:
    """The caller sees the whole file before it gets its name."""
    seen: list[tuple[str, bytes, bool]] = []
    target = tmp_path / "a.wav"

    def note(path: str) -> None:
        seen.append((os.path.dirname(path), Path(path).read_bytes(), target.exists()))

    write(target, b"data", staging=tmp_path / "staging", before_rename=note)
    assert seen == [(str(tmp_path / "staging"), b"data", False)]
    assert target.read_bytes() == b"data" and os.listdir(tmp_path / "staging") == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_failed_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A full disk, a read-only folder: the message names path and reason, and no part is left."""

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    target = tmp_path / "a.wav"
    write(target, b"old")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(StoreError) as caught:
        write(target, b"new")
    assert str(caught.value) == f"cannot write {target}: {os.strerror(code)}"
    assert target.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.wav"]


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C in the middle."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "a.wav", b"data", before_rename=interrupt)
    assert os.listdir(tmp_path) == []


def test_what_a_killed_process_has_left_goes_with_the_next_write(tmp_path: Path) -> None:
    """Under one name for each target; two at once do not disturb each other."""
    target = tmp_path / "pack.tar.gz"
    script = (
        "import os, signal\nfrom voxpress.files.atomic import write\n"
        "def parts():\n    yield b'x' * 1_000_000\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"write({str(target)!r}, parts())\n"
    )
    for _ in range(2):
        subprocess.run([sys.executable, "-c", script], check=False)
        [left] = os.listdir(tmp_path)
        assert left.endswith(".partial")
    tidy(target)
    assert os.listdir(tmp_path) == []
    subprocess.run([sys.executable, "-c", script], check=False)

    def inner() -> Iterator[bytes]:
        yield b"one"
        write(target, b"another")
        tidy(target)
        assert target.read_bytes() == b"another"
        yield b", two"

    write(target, inner(), durable=True)
    assert target.read_bytes() == b"one, two"
    assert os.listdir(tmp_path) == ["pack.tar.gz"]


def name_partial(target: Path) -> Path:
    return target.with_name(f".{hashlib.sha256(target.name.encode()).hexdigest()[:32]}.partial")


def test_what_somebody_put_in_the_way_stays(tmp_path: Path) -> None:
    """A link or a folder under the name of the unfinished file."""
    target, elsewhere = tmp_path / "a.wav", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    partial = name_partial(target)
    partial.symlink_to(elsewhere)
    write(target, b"data")
    partial.unlink()
    partial.mkdir()
    write(target, b"more")
    assert (target.read_bytes(), elsewhere.read_bytes()) == (b"more", b"mine")
    assert sorted(os.listdir(tmp_path)) == sorted([partial.name, "a.wav", "elsewhere"])


@pytest.mark.parametrize("name", ["a.wav", "pack.tar.gz", "ü.json"])
def test_a_file_with_another_name_keeps_what_it_holds(tmp_path: Path, name: str) -> None:
    """A hard link under the name of the unfinished file."""
    target, mine = tmp_path / name, tmp_path / "mine"
    mine.write_bytes(b"mine")
    name_partial(target).hardlink_to(mine)
    write(target, b"data")
    tidy(target)
    assert (target.read_bytes(), mine.read_bytes()) == (b"data", b"mine")
    assert name_partial(target).samefile(mine)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_another_user_has_begun_stays_theirs(tmp_path: Path) -> None:
    """Else they would own the finished file, and could change it later."""
    target = tmp_path / "a.wav"
    name_partial(target).write_bytes(b"theirs")
    os.chown(name_partial(target), 12345, 12345)
    write(target, b"data")
    tidy(target)
    assert (target.read_bytes(), target.stat().st_uid) == (b"data", os.geteuid())
    assert name_partial(target).read_bytes() == b"theirs"


def test_tidying_deletes_nothing_that_another_process_begins_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was opened is complete before it is locked, and the next one has its name."""
    target = tmp_path / "a.wav"
    name_partial(target).write_bytes(b"first")

    def lock(file: IO[bytes]) -> bool:
        os.replace(file.name, target)
        name_partial(target).write_bytes(b"next")
        return True

    monkeypatch.setattr(locks, "try_lock", lock)
    tidy(target)
    assert (target.read_bytes(), name_partial(target).read_bytes()) == (b"first", b"next")


@pytest.mark.parametrize("place", ["gone/a.wav", "gone/digits/a.wav", "inner/gone/a.wav"])
def test_a_folder_that_is_a_link_to_nothing_is_found_first(tmp_path: Path, place: str) -> None:
    (tmp_path / "inner").mkdir()
    for link in (tmp_path / "gone", tmp_path / "inner" / "gone"):
        link.symlink_to(tmp_path / "unmounted")
    with pytest.raises(InputError, match="gone is a link to a folder that is not there"):
        require_place(tmp_path / place, "output")
    (tmp_path / "unmounted").mkdir()
    require_place(tmp_path / place, "output")


def test_a_pipe_without_a_reader_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(StoreError, match=r"cannot write .*pipe.wav: nobody reads the pipe"):
        write(tmp_path / "pipe.wav", b"data")
    with pytest.raises(InputError, match=r"output: cannot write .*it is a pipe that nobody reads"):
        require_place(tmp_path / "pipe.wav", "output")
