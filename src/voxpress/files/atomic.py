"""The one place that writes files, so that readers see the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import re
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from voxpress.errors import InputError, StoreError
from voxpress.files import locks

_PARTIAL = re.compile(r"\.[0-9a-f]{32}\.partial")


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
    parts = (data,) if isinstance(data, bytes) else data
    if staging is None and is_device(path):
        _write_through(os.fspath(path), parts)
        return
    with replacing(path, staging=staging, before_rename=before_rename, durable=durable) as file:
        file.writelines(parts)


@contextlib.contextmanager
def replacing(
    path: str | os.PathLike[str],
    *,
    staging: str | os.PathLike[str] | None = None,
    before_rename: Callable[[str], None] | None = None,
    durable: bool = False,
) -> Iterator[BinaryIO]:
    """A file under another name, which gets the name `path` when the block ends without an error.

    As `write`, for whoever does not write from the beginning to the end; a device cannot be written to so.

    Raises:
        StoreError: the file cannot be written; the message names the path and the reason.
    """
    path = os.fspath(path)
    if staging is None:
        path = os.path.realpath(path) if os.path.islink(path) else path
    try:
        with _open_alone(path) if staging is None else _create(_invent(staging)) as file:
            try:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                if before_rename is not None:
                    before_rename(file.name)
                try:
                    os.replace(file.name, path)
                except FileNotFoundError:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    os.replace(file.name, path)
            except BaseException:
                _remove(file.name)
                raise
        if durable:
            _sync_folder(os.path.dirname(path) or ".")
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from error


def require_place(path: str | os.PathLike[str], field: str) -> None:
    """Check, before anything is done for it, that a file can be written at `path`.

    A pipe may be there, too, if somebody reads it: ``/dev/stdout``, or the shell's ``>(…)``.

    Args:
        path: as a user gave it.
        field: the argument that it is, for messages.

    Raises:
        InputError: a folder is there, or a pipe that nobody reads; a file or a link to nothing stands in place of one
            of its folders; or the folder cannot be written.

    >>> require_place("digits/1.wav", "output")
    """
    problem = _find_obstacle(os.path.realpath(path), os.fspath(path))
    if problem:
        raise InputError(f"cannot write {os.fspath(path)}: {problem}", field=field)


def _find_obstacle(place: str, given: str) -> str:
    try:
        status = os.stat(given)
    except (FileNotFoundError, NotADirectoryError):
        status = None
    except OSError as error:
        return error.strerror or str(error)
    if status is not None:
        if stat.S_ISDIR(status.st_mode):
            return "it is a folder; name a file"
        if stat.S_ISFIFO(status.st_mode) and not _is_open(status):
            try:
                # It stays open: the reader would take its end for that of the file.
                os.open(given, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return "it is a pipe that nobody reads; start the reader first, or name a file"
        if stat.S_ISSOCK(status.st_mode) or stat.S_ISBLK(status.st_mode):
            return "it is a device or a socket; name a file"
        if not stat.S_ISREG(status.st_mode):
            return ""
    above = os.path.dirname(os.path.abspath(given))
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    if not os.path.exists(above):
        return f"{above} is a link to a folder that is not there"
    folder = os.path.dirname(place)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        return f"{folder} is no folder"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"the folder {folder} cannot be written"


def _is_open(status: os.stat_result) -> bool:
    """Whether this process has that file open."""
    for descriptor in map(int, os.listdir("/dev/fd")):
        with contextlib.suppress(OSError):
            if os.path.samestat(os.fstat(descriptor), status):
                return True
    return False


def is_partial(name: str) -> bool:
    """Whether a file in a folder has the name of an unfinished one, as a killed process may have left it.

    >>> is_partial(".0123456789abcdef0123456789abcdef.partial"), is_partial(".mine.partial")
    (True, False)
    """
    return _PARTIAL.fullmatch(name) is not None


def tidy(path: str | os.PathLike[str]) -> None:
    """Delete what a killed process has left of a file at `path`, where it need not be written again."""
    if file := _take_over(_name_partial(os.path.realpath(path))):
        with file:
            _remove(file.name)


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
        with open(path, "wb", opener=_open_at_once) as device:
            os.set_blocking(device.fileno(), True)
            device.writelines(parts)
    except OSError as error:
        reason = "nobody reads the pipe" if error.errno == errno.ENXIO else error.strerror or error
        raise StoreError(f"cannot write {path}: {reason}") from error


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for the reader of a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _invent(folder: str | os.PathLike[str]) -> str:
    return f"{os.fspath(folder)}/.{uuid.uuid4().hex}.partial"


def _open_alone(path: str) -> BinaryIO:
    """The unfinished file of `path`. It has the same name each time, so that the next process continues with what a
    killed one has left; only where two write at once, or the name is somebody else's, it has another.
    """
    partial = _name_partial(path)
    if file := _take_over(partial):
        file.truncate(0)
        return file
    with contextlib.suppress(FileExistsError):
        file = _create(partial)
        with contextlib.suppress(OSError):
            if _hold(file):
                return file
        file.close()
    return _create(_invent(os.path.dirname(path) or "."))


def _take_over(partial: str) -> BinaryIO | None:
    """Open what a killed process has left under that name; None: nothing, or it is not ours to change."""
    with contextlib.suppress(OSError):
        file = open(partial, "r+b", opener=_open_as_it_is)  # noqa: SIM115 - the caller closes it
        with contextlib.suppress(OSError):
            if _is_ours(file):
                return file
        file.close()
    return None


def _is_ours(file: BinaryIO) -> bool:
    """Whether an open file is of this user alone: no other name leads to it, and nobody else writes it."""
    status = os.fstat(file.fileno())
    return status.st_nlink == 1 and status.st_uid == os.geteuid() and _hold(file)


def _hold(file: BinaryIO) -> bool:
    """Lock an open file, if it is free and still has its name."""
    return locks.try_lock(file) and os.path.samestat(os.fstat(file.fileno()), os.lstat(file.name))


def _name_partial(path: str) -> str:
    name = hashlib.sha256(os.fsencode(os.path.basename(path))).hexdigest()[:32]
    return f"{os.path.dirname(path) or '.'}/.{name}.partial"


def _open_as_it_is(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _create(path: str) -> BinaryIO:
    # The folder nearly always exists, and a check for each file would cost as much as writing it.
    try:
        return open(path, "xb")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return open(path, "xb")
