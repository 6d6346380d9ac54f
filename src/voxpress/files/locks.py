"""Locks between processes: advisory locks of whole files (``flock``), which end with the process that holds them."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import IO


def lock(file: IO[bytes], *, shared: bool = False) -> None:
    """Wait for the lock of an open file.

    Args:
        shared: others may have it too, as long as they share it.
    """
    fcntl.flock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def try_lock(file: IO[bytes]) -> bool:
    """Take the lock of an open file, or give False where another process has it.

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
    """Give the lock back before the file is closed."""
    fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def hold(path: str | os.PathLike[str]) -> Iterator[None]:
    """Wait until no other process is in such a block with the same `path`, which is created.

    >>> with hold("voices.lock"):
    ...     os.path.exists("voices.lock")
    True

    Raises:
        OSError: the file cannot be opened.
    """
    with open(path, "ab") as file:
        lock(file)
        yield
