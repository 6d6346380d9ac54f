"""Files that a command is to write: whether they can be there, and what they would replace."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from voxpress.errors import InputError
from voxpress.files import atomic
from voxpress.files.paths import identity


def require_outputs(
    outputs: Iterable[tuple[str, Path | None]], inputs: Iterable[tuple[str, Path | None]] = ()
) -> None:
    """See, before anything is done for them, that files can be written, that none of them is read, and that no two are
    one: not even on a system that takes ``A`` for ``a``.

    Args:
        outputs: each with the argument that names it; None: it is not written.
        inputs: each with what it is, such as ``the video itself``.

    Raises:
        InputError: a file cannot be there, is an input, or is named twice.

    >>> require_outputs([("output", Path("a.wav")), ("report", Path("A.wav"))])
    Traceback (most recent call last):
    voxpress.errors.InputError: report: A.wav is the file for output, too: name another file
    """
    taken = [(what, path) for what, path in inputs if path is not None]
    for field, path in outputs:
        if path is None:
            continue
        atomic.require_place(path, field)
        for what, other in taken:
            if _is_same(path, other):
                raise InputError(f"{path} is {what}: name another file", field=field)
        if not atomic.is_device(path):
            taken.append((f"the file for {field}, too", path))


def _is_same(path: Path, other: Path) -> bool:
    """Whether two paths name one file, there or not."""
    if path.exists() and other.exists():
        return path.samefile(other)
    return identity(os.path.realpath(path)) == identity(os.path.realpath(other))
