"""How one manifest is read, and what its reader noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from voxpress.manifests.columns import Columns

_MOST_SHOWN = 20


class Reading:
    """How one manifest is read, and what was noticed of it.

    >>> reading = Reading("prompts.csv")
    >>> reading.columns.find("Department")
    'extra.Department'
    >>> list(reading.notes())
    ["column 'Department' is not used"]

    Args:
        path: the manifest's name, for messages.
        columns: which field each column has; None: as they are called.
    """

    def __init__(self, path: str, columns: Columns | None = None) -> None:
        self.path = path
        self.columns = columns or Columns()
        self.takes_own_names = not self.columns.renames
        self._stem = "" if path == "-" else PurePath(path).stem + "-"
        self._numbers: bool | None = None
        self._first_numbered = ""

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
        """What a user should know who wonders what became of a column."""
        unused = [repr(name) for name in self.columns.unused]
        if unused:
            more = f" and {len(unused) - _MOST_SHOWN:,} more" if len(unused) > _MOST_SHOWN else ""
            names = ", ".join(unused[:_MOST_SHOWN])
            yield f"column {names} is not used" if len(unused) == 1 else f"columns {names}{more} are not used"
        if self._first_numbered:
            yield f"no column names the files, so their numbers do ({self._first_numbered} …)"
