"""A map from ids to files, as JSON: where files have a digest in their names, a program finds them here."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from voxpress.errors import InputError, StoreError
from voxpress.files import atomic
from voxpress.files.paths import audio_extension


class Place(Protocol):
    """Where a map lies: one file that is read, changed and written back whole."""

    name: str
    """For messages."""

    def read(self) -> bytes | None:
        """Its bytes; None if there is no such file.

        Raises:
            InputError, StoreError: it cannot be read.
        """

    def write(self, data: bytes) -> bool:
        """Replace it, unless it is the same, or somebody else replaced it since it was read.

        Returns:
            Whether it consists of `data` now.

        Raises:
            StoreError: it cannot be written.
        """


class LocalPlace:
    """A file of this machine. A folder that is rendered into is locked, so nobody else writes it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.name = os.fspath(path)
        # Made absolute now: an engine may change the current folder.
        self._path = os.path.abspath(path)

    def read(self) -> bytes | None:
        if atomic.is_device(self._path):
            return None
        try:
            return Path(self._path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"cannot read {self.name}: {error.strerror}", field="map") from error

    def write(self, data: bytes) -> bool:
        if self.read() == data:
            atomic.tidy(self._path)
            return True
        try:
            atomic.write(self._path, data, durable=True)
        except StoreError as error:
            raise StoreError(f"cannot write the map {self.name}: {error.problem}") from error
        return True


class FileMap:
    """What is known of the files of each row; `write` puts it into its place, whole or not at all.

    Args:
        place: of the map.
        stands: whether a file is in the output folder, to which the paths in the map are relative.

    >>> files = FileMap(LocalPlace("files.json"), lambda path: True)
    >>> files.add("menu/main", ["menu/main.3dd11629.mp3"])
    >>> files.write()
    >>> print(open("files.json").read(), end="")
    {
      "menu/main": "menu/main.3dd11629.mp3"
    }

    Raises:
        InputError: another file is in its place.
    """

    def __init__(self, place: Place, stands: Callable[[str], bool]) -> None:
        self._place, self._stands = place, stands
        self._files: dict[str, list[str]] = {}
        self._read()

    def _read(self) -> None:
        data = self._place.read()
        try:
            found = msgspec.json.decode(b"{}" if data is None else data, type=dict[str, str | list[str]])
            for paths in found.values():
                if not all(map(audio_extension, [paths] if isinstance(paths, str) else paths)):
                    # A manifest is a map of texts, and so are many other files.
                    raise msgspec.ValidationError("a value is no path of audio")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"{self._place.name} is there and is no map of files: name another file, or move it away",
                field="map",
            ) from error
        self._former = found

    def add(self, id: str, paths: Sequence[str]) -> None:
        """The files of a row, relative to the output folder."""
        self._files.setdefault(id, []).extend(paths)

    def former(self, id: str) -> Sequence[str]:
        """The files of a row in the map that was there before."""
        found = self._former.get(id, [])
        return [found] if isinstance(found, str) else found

    def keep(self, id: str) -> Sequence[str]:
        """Leave a row as it was in the former map, if its files still stand; these files."""
        paths = self.former(id)
        if id in self._files or not all(map(self._stands, paths)):
            return ()
        if paths:
            self.add(id, paths)
        return paths

    def write(self, *, with_others: bool = False) -> None:
        """Replace the former map.

        Args:
            with_others: leave in it what the former one had besides, if the files still stand and are of no other row.

        Raises:
            StoreError: it cannot be written.
        """
        while True:
            files = {**(self._list_others() if with_others else {}), **self._files}
            known = {id: paths[0] if len(paths) == 1 else paths for id, paths in files.items()}
            data = msgspec.json.format(msgspec.json.encode(known, order="sorted"), indent=2) + b"\n"
            if self._place.write(data):
                return
            self._read()

    def _list_others(self) -> dict[str, list[str]]:
        taken = {path for paths in self._files.values() for path in paths}
        return {
            id: list(paths)
            for id in self._former
            if id not in self._files
            and (paths := self.former(id))
            and taken.isdisjoint(paths)
            and all(map(self._stands, paths))
        }
