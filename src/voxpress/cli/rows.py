"""Rows of a manifest that a command is given."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, BinaryIO

from voxpress.errors import InputError, ManifestError

if TYPE_CHECKING:
    from voxpress.speech import Utterance


class Rows:
    """A manifest's rows, as often as they are asked for; standard input is kept for that."""

    def __init__(self, manifest: str, format: str | None, only: list[str]) -> None:
        self._manifest, self._format, self._only = manifest, format, Selection(only)
        self._kept: BinaryIO | None = None
        if manifest == "-":
            import shutil
            import tempfile

            self._kept = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the rows do
            shutil.copyfileobj(sys.stdin.buffer, self._kept)

    def __iter__(self) -> Iterator[Utterance | ManifestError]:
        from voxpress import manifests

        if self._kept is None:
            return manifests.read(self._manifest, self._format)
        self._kept.seek(0)
        return manifests.read_stream(self._kept, self._format)

    def wanted(self, row: Utterance) -> bool:
        """Whether the row is among those that ``--only`` asks for."""
        return self._only.takes(row.id, row.file)

    def require_all(self) -> None:
        """See that each ``--only`` asks for some row that was read.

        Raises:
            InputError: one does not.
        """
        self._only.require_all()


class Selection:
    """What ``--only`` asks for: names, with ``*`` and ``?``."""

    def __init__(self, globs: list[str]) -> None:
        self._globs = dict.fromkeys(globs, False)

    def takes(self, *names: str) -> bool:
        """Whether one of these names of a row is asked for."""
        found = [glob for glob in self._globs for name in names if name and fnmatchcase(name, glob)]
        self._globs.update(dict.fromkeys(found, True))
        return bool(found) or not self._globs

    def require_all(self) -> None:
        """See that each name has matched.

        Raises:
            InputError: one has not.
        """
        for glob, matched in self._globs.items():
            if not matched:
                raise InputError(f"--only {glob!r} matches no row's id or file")
