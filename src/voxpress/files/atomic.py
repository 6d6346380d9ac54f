"""The one place that writes files, so that readers see the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import uuid
from collections.abc import Callable, Iterable
from typing import BinaryIO

from voxpress.errors import StoreError


def write(
    path: str | os.PathLike[str],
    data: bytes | Iterable[bytes],
    *,
    staging: str | os.PathLike[str] | None = None,
    before_rename: Callable[[str], None] | None = None,
    durable: bool = False,
) -> None:
    """Write a file under another name, then rename it, so that readers see the old file or the new one, never a part.

    It makes missing folders, and leaves nothing behind if it fails.

    Args:
        data: the file's bytes, or parts of them in order.
        staging: folder for the unfinished file, on the same file system; None: the folder of `path`. A `path` without
            `staging` is one that a user gave: a link is followed, and a device or a pipe is written to, not replaced.
        before_rename: called with the path of the complete file before it gets its name.
        durable: whether to wait until the file would survive a loss of power.

    Raises:
        StoreError: the file cannot be written; the message names the path and the reason.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/digits/1.wav", b"RIFF")
    ...     os.listdir(f"{folder}/digits")
    ['1.wav']
    """
    path = os.fspath(path)
    parts = (data,) if isinstance(data, bytes) else data
    if staging is None:
        path = os.path.realpath(path) if os.path.islink(path) else path
        if is_device(path):
            _write_through(path, parts)
            return
    partial = f"{staging or os.path.dirname(path) or '.'}/.{uuid.uuid4().hex}.partial"
    try:
        with contextlib.ExitStack() as failed:
            failed.callback(_remove, partial)
            with _create(partial) as file:
                file.writelines(parts)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            if before_rename is not None:
                before_rename(partial)
            try:
                os.replace(partial, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.replace(partial, path)
            failed.pop_all()
        if durable:
            _sync_folder(os.path.dirname(path) or ".")
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def sync(folder: str | os.PathLike[str]) -> None:
    """Wait until everything written to the file system of `folder` would survive a loss of power.

    One call serves many files: to sync one file costs as much as to sync all.

    Raises:
        OSError: the disk fails, or the folder does not exist.
    """
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if syncfs(descriptor):
            code = ctypes.get_errno()
            if code == errno.ENOSYS:
                os.sync()
                return
            raise OSError(code, os.strerror(code), os.fspath(folder))
    finally:
        os.close(descriptor)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync_folder(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_device(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a device or a pipe, such as ``/dev/null``, which must be written to and never replaced.

    >>> is_device(os.devnull), is_device("not-there.wav")
    (True, False)
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _write_through(path: str, parts: Iterable[bytes]) -> None:
    try:
        with open(path, "wb") as device:
            device.writelines(parts)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def _create(path: str) -> BinaryIO:
    # The folder nearly always exists, and a check for each file would cost as much as writing it.
    try:
        return open(path, "xb")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return open(path, "xb")
