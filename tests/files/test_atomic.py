"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from voxpress.errors import StoreError
from voxpress.files.atomic import write


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
