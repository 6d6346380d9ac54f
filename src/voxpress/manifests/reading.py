"""How one manifest is read, and what its reader noticed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from voxpress.errors import InputError, ManifestError
from voxpress.manifests.base import Base
from voxpress.manifests.columns import Columns
from voxpress.manifests.templates import Expansion, explain_placeholder
from voxpress.manifests.values import Values, join_values, read_values
from voxpress.speech import Speaker, Utterance

if TYPE_CHECKING:
    from voxpress.manifests import Row

HEAD = ("values", "extends")
"""What the head of a manifest says beside its defaults and its cast."""
_MOST_SHOWN = 20


class Reading:
    """How one manifest is read, and what was noticed of it.

    >>> reading = Reading("prompts.csv")
    >>> reading.columns.find("Department")
    'extra.Department'
    >>> list(reading.notes())
    ["column 'Department' is not used"]

    Args:
        path: the manifest's name, for messages; its folder has the files that it names.
        columns: which field each column has; None: as they are called.
        values: for the placeholders of its rows, beside those that the manifest gives itself.
        extended_by: the manifests that extend it, as absolute paths.
        phrases: whether it can be lines of text without an extension that says so; there, lines that begin with ``#``
            or ``;`` are comments.

    Raises:
        InputError: two of the values have one name.
    """

    def __init__(
        self,
        path: str,
        columns: Columns | None = None,
        values: Iterable[Values] = (),
        extended_by: tuple[str, ...] = (),
        *,
        phrases: bool = False,
    ) -> None:
        self.path, self.phrases = path, phrases
        self.columns = columns or Columns()
        self.values = join_values((), values)
        self.takes_own_names = not self.columns.renames
        self.defaults: Mapping[str, object] = {}
        self.cast: Mapping[str, Speaker] = {}
        self.base: Base | None = None
        self._extended_by = extended_by
        self._folder = "" if path == "-" else os.path.dirname(path)
        self._stem = "" if path == "-" else PurePath(path).stem + "-"
        self._numbers: bool | None = None
        self._first_numbered = ""
        self._standing: list[tuple[str, str, str | None]] = []

    def declare(self, head: Mapping[str, object], line_of: Callable[[str], int]) -> None:
        """Take from the head of a manifest its ``values``, and the manifest that it ``extends``.

        Raises:
            ManifestError: one of them cannot be so.
        """
        for name in HEAD:
            given = head.get(name)
            if given is None:
                continue
            try:
                if name == "values":
                    self.values = join_values(self.values, read_values(given, self._folder))
                else:
                    extended_by = (*self._extended_by, os.path.realpath(self.path))
                    self.base = Base.read(given, self._folder, self.columns, extended_by)
            except ManifestError:
                raise
            except InputError as error:
                field = error.field or name
                raise ManifestError(error.problem, path=self.path, line=line_of(name), field=field) from None

    def share(
        self, defaults: Mapping[str, object], cast: Mapping[str, Speaker]
    ) -> tuple[Mapping[str, object], Mapping[str, Speaker]]:
        """The defaults and the cast of the manifest, over those of the one that it extends."""
        if self.base is not None:
            defaults, cast = {**self.base.defaults, **defaults}, {**self.base.cast, **cast}
        self.defaults, self.cast = defaults, cast
        return defaults, cast

    def finish(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows that become of the rows of the file: with values in place, without those that stand elsewhere."""
        expansion: Expansion | None = None
        for row in rows:
            if not (self.values or self.base):
                yield row
                continue
            if not isinstance(row, Utterance):
                yield explain_placeholder(row) if self.values else row
                continue
            expansion = expansion or Expansion(self.values)
            for each in expansion.expand(row) if self.values else (row,):
                if self.base and isinstance(each, Utterance) and self.base.has(each):
                    self._standing.append((each.id, each.file, each.format))
                else:
                    yield each

    def standing(self) -> Iterator[Utterance]:
        """Rows that were read and that the base has, with what names their files and nothing else."""
        return (Utterance(text="", id=id, file=file, format=format) for id, file, format in self._standing)

    def name_row(self, fields: dict[str, object], number: int) -> None:
        """Name a row that has neither id nor file by its number, if the first row of the manifest has neither."""
        if "id" in fields or "file" in fields:
            self._numbers = self._numbers or False
        elif self._numbers is not False:
            self._numbers = True
            fields["id"] = self.number(number)
            self._first_numbered = self._first_numbered or str(fields["id"])

    def number(self, number: int) -> str:
        """The id of a row that is named by its number.

        >>> Reading("tea.txt").number(3), Reading("-").number(3)
        ('tea-0003', '0003')
        """
        return f"{self._stem}{number:04}"

    def notes(self) -> Iterator[str]:
        """What a user should know who wonders what became of a column, or of a row."""
        unused = [repr(name) for name in self.columns.unused]
        if unused:
            more = f" and {len(unused) - _MOST_SHOWN:,} more" if len(unused) > _MOST_SHOWN else ""
            names = ", ".join(unused[:_MOST_SHOWN])
            yield f"column {names} is not used" if len(unused) == 1 else f"columns {names}{more} are not used"
        if missing := self.columns.missing():
            yield f"no row has {', '.join(map(repr, missing))}, which columns names"
        if self._first_numbered:
            yield f"no column names the files, so their numbers do ({self._first_numbered} …)"
        if self.base and self._standing:
            rows = "1 row stands" if len(self._standing) == 1 else f"{len(self._standing):,} rows stand"
            yield f"{rows} in {self.base.path} already, word for word, and so voxpress makes no file for it here"
