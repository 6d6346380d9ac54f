"""Plans kept on disk between checking all rows and rendering them: those of a million rows would fill the memory."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Iterator
from typing import Any, Self

from voxpress.engines import Engine
from voxpress.errors import StoreError
from voxpress.rendering.plan import Planned
from voxpress.speech import Output

_BLOCK = 256
"""Plans that are written at once."""


class Spool:
    """Plans in the order in which they were added, as often as they are asked for; a context manager.

    Args:
        folder: where the temporary file lies.

    Raises:
        StoreError: there is no room for it.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = os.fspath(folder)
        self._waiting: list[Planned] = []
        self._shared: list[Engine | Output] = []
        self._numbers: dict[int, int] = {}
        self._length = 0
        try:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise self._explain(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._length

    def add(self, plan: Planned) -> None:
        """Keep a plan.

        Raises:
            StoreError: the disk is full.
        """
        self._waiting.append(plan)
        self._length += 1
        if len(self._waiting) == _BLOCK:
            self._write()

    def __iter__(self) -> Iterator[Planned]:
        self._write()
        end = self._file.tell()
        place = 0
        while place < end:
            self._file.seek(place)
            plans = _Unpickler(self._file, self._shared).load()
            place = self._file.tell()
            yield from plans

    def _write(self) -> None:
        if not self._waiting:
            return
        try:
            self._file.seek(0, os.SEEK_END)
            _Pickler(self._file, self._shared, self._numbers).dump(self._waiting)
            self._file.flush()
        except OSError as error:
            raise self._explain(error) from error
        self._waiting = []

    def _explain(self, error: OSError) -> StoreError:
        return StoreError(f"cannot keep the plans of the rows in {self._folder}: {error.strerror}")


class _Pickler(pickle.Pickler):
    """Writes engines and outputs, which many plans share, as numbers."""

    def __init__(self, file: Any, shared: list[Engine | Output], numbers: dict[int, int]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._shared, self._numbers = shared, numbers

    def reducer_override(self, obj: object) -> Any:
        # Unlike persistent_id, it is not asked about each text and number within a plan.
        if not isinstance(obj, Output | Engine) or (isinstance(obj, Output) and obj.title):
            return NotImplemented  # outputs with titles are those of one row
        number = self._numbers.get(id(obj))
        if number is None:
            number = self._numbers[id(obj)] = len(self._shared)
            self._shared.append(obj)
        return _give_back, (number,)


def _give_back(number: int) -> Engine | Output:
    """Stands in the file for `_Unpickler.find`."""
    raise NotImplementedError


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, shared: list[Engine | Output]) -> None:
        super().__init__(file)
        self._shared = shared

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        return self._shared.__getitem__ if found is _give_back else found
