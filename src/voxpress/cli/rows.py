"""Rows of a manifest that a command is given."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, BinaryIO

from voxpress.errors import ManifestError

if TYPE_CHECKING:
    from voxpress.speech import Utterance


class Rows:
    """A manifest's rows, as often as they are asked for; standard input is kept for that."""

    def __init__(self, manifest: str, format: str | None, only: list[str]) -> None:
        self._manifest, self._format, self._only = manifest, format, only
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
        names = (row.id, row.file)
        return not self._only or any(fnmatchcase(name, glob) for glob in self._only for name in names if name)
