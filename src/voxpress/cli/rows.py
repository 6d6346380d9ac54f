"""Rows of a manifest that a command is given."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from voxpress.errors import InputError, ManifestError, SpeechError

if TYPE_CHECKING:
    from voxpress.speech import Utterance

Found = TypeVar("Found")


class Rows:
    """A manifest's rows, read once.

    Args:
        columns, values: what ``--columns`` and ``--values`` say.
        strict: a column that voxpress does not use is an error.
        phrases: as for `Reading`.

    Raises:
        InputError: `columns` or `values` cannot be so.
        ManifestError: the manifest cannot be opened; while iterating also as `manifests.read_stream`.
        SpeechError: while iterating: the manifest changed meanwhile.
    """

    def __init__(
        self,
        manifest: str,
        format: str | None,
        only: list[str],
        *,
        columns: str | None = None,
        values: list[str] | None = None,
        strict: bool = False,
        phrases: bool = False,
    ) -> None:
        from voxpress.manifests.columns import Columns
        from voxpress.manifests.reading import Reading
        from voxpress.manifests.values import Values

        self.manifest, self._format, self._only = manifest, format, Selection(only)
        self._reading = Reading(
            manifest,
            Columns.parse(columns or "", strict=strict),
            map(Values.parse, values or ()),
            phrases=phrases,
        )
        try:
            self._file = sys.stdin.buffer if manifest == "-" else open(manifest, "rb")  # noqa: SIM115 - lives as long as the rows do
            self._look = self._now()
        except OSError as error:
            raise ManifestError(f"cannot be read: {error.strerror}", path=manifest) from error

    def __iter__(self) -> Iterator[Utterance | ManifestError]:
        from voxpress import manifests

        rows = manifests.read_stream(self._file, self._format, path=self.manifest, reading=self._reading)
        return self._unchanged(rows)

    def notes(self) -> Iterator[str]:
        """What was noticed of the manifest, once it is read."""
        return (f"{self.manifest}: {note}" for note in self._reading.notes())

    @property
    def base(self) -> str:
        """The manifest that this one extends, once its head is read; empty: none."""
        return self._reading.base.path if self._reading.base else ""

    def standing(self) -> Iterator[Utterance]:
        """Rows that were read and that the base has, with what names their files."""
        return self._reading.standing()

    def lines(self) -> Iterator[str]:
        """The file's lines, where it is no manifest."""
        from voxpress import manifests

        return self._unchanged(manifests.read_lines(self._file, self.manifest))

    def _unchanged(self, found: Iterator[Found]) -> Iterator[Found]:
        try:
            yield from found
            if self._now() != self._look:
                raise SpeechError(f"{self.manifest}: the file changed while it was read; run it again")
        except OSError as error:
            raise ManifestError(f"cannot be read: {error.strerror}", path=self.manifest) from error

    def wanted(self, row: Utterance) -> bool:
        """Whether the row is among those that ``--only`` asks for."""
        return self._only.takes(row.id, row.file)

    def name_proof(self) -> str:
        """What shows how the texts are read."""
        return f"voxpress text {shlex.quote(self.manifest)} --uncertain"

    def require_all(self) -> None:
        """See that each ``--only`` asks for some row that was read.

        Raises:
            InputError: one does not.
        """
        self._only.require_all()

    def _now(self) -> tuple[int, int] | None:
        """Size and time of a file; None for standard input and pipes, whose size says how full they are."""
        if self.manifest == "-":
            return None
        status = os.fstat(self._file.fileno())
        return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


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
