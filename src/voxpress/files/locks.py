"""Locks between processes: advisory locks of whole files (``flock``), released when their process ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import IO


def lock(file: IO[bytes], *, shared: bool = False) -> None:
    """Wait for the lock of an open file.

    Args:
        shared: whether other processes may hold a shared lock at the same time.
    """
    fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def try_lock(file: IO[bytes]) -> bool:
    """Take the lock of an open file if it is free, and return whether it was.

    >>> with open("render.lock", "ab") as one, open("render.lock", "ab") as other:
    ...     try_lock(one), try_lock(other)
    (True, False)
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(file: IO[bytes]) -> None:
    """Release the lock of an open file."""
    fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def hold(path: str | os.PathLike[str]) -> Iterator[None]:
    """Hold the lock of the file at `path` during the block, and create the file if needed.

    >>> with hold("voices.lock"):
    ...     os.path.exists("voices.lock")
    True

    Raises:
        OSError: the file cannot be opened.
    """
    with open(path, "ab") as file:
        lock(file)
        yield
