"""Sounds from files: they are known by what is in them, and decoded in a process of their own."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

from voxpress.audio import sandbox
from voxpress.audio.decoding import Bounds, recognise
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError
from voxpress.files import home
from voxpress.files.formats import FORMATS, format_for

LARGEST = 256 * 2**20
"""Bytes of a file."""
BOUNDS = Bounds(samples=600 * 48_000, longest=600.0)

_RAW = frozenset(
    extension
    for each in FORMATS.values()
    if each.container in ("RAW", "g722")
    for extension in each.extensions
)


@functools.lru_cache(maxsize=4096)
def digest(path: str, changed: int, size: int) -> str:  # noqa: ARG001 - a file that changed is read again
    """The digest of a file's content.

    Args:
        changed: when, in nanoseconds.
        size: in bytes.

    Raises:
        InputError: it cannot be read, or is no audio.
    """
    try:
        with Path(path).open("rb") as file:
            if not _is_raw(path):
                recognise(file)
                file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"the sound {path!r} cannot be read: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"the sound {path!r}: {error.problem}") from error


@functools.lru_cache(maxsize=4)
def read(path: str, sha256: str) -> Audio:
    """The sound in a file, decoded in a process of its own.

    Raises:
        InputError: the file is no audio, or has changed.
    """
    sent = place_of_sent(sha256)
    try:
        data = (sent if sent.is_file() else Path(path)).read_bytes()
    except OSError as error:
        raise InputError(f"the sound {path!r} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"the sound {path!r} has changed since its row was read: run this again")
    try:
        return sandbox.own_decoder().decode(
            data, format_for(path).name if _is_raw(path) else None, bounds=BOUNDS
        )
    except InputError as error:
        raise InputError(f"the sound {path!r}: {error.problem}") from error


def place_of_sent(sha256: str) -> Path:
    """Where a sound from another machine lies here, if it was sent here."""
    return home.data("sounds", sha256)


def _is_raw(path: str) -> bool:
    """Whether the extension names a format without a header."""
    return os.path.splitext(path)[1].lower()[1:] in _RAW
