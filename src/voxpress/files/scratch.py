"""Files without a name."""

from __future__ import annotations

import os
import tempfile
from typing import BinaryIO, cast


def open_scratch() -> BinaryIO:
    """An empty file without a name, for reading and writing: in memory on Linux, else in the folder for such files.

    >>> with open_scratch() as file:
    ...     file.write(b"RIFF")
    4
    """
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("voxpress"), "w+b")
    return cast("BinaryIO", tempfile.TemporaryFile())
