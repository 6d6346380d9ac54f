"""A map from ids to files, as JSON: where files have a digest in their names, a program finds them here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from voxpress.errors import InputError, StoreError
from voxpress.files import atomic
from voxpress.files.paths import audio_extension


class FileMap:
    """What is known of the files of each row; `write` puts it into its place, whole or not at all.

    Args:
        path: of the map.
        folder: the output folder; the paths in the map are relative to it.

    >>> files = FileMap("files.json", "out")
    >>> files.add("menu/main", ["menu/main.3dd11629.mp3"])
    >>> files.write()
    >>> print(open("files.json").read(), end="")
    {
      "menu/main": "menu/main.3dd11629.mp3"
    }

    Raises:
        InputError: another file is in its place.
    """

    def __init__(self, path: str | os.PathLike[str], folder: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._place, self._folder = os.path.abspath(path), os.path.abspath(folder)
        self._former = self._read()
        self._files: dict[str, list[str]] = {}

    def _read(self) -> dict[str, str | list[str]]:
        if atomic.is_device(self._place):
            return {}
        try:
            found = msgspec.json.decode(Path(self._place).read_bytes(), type=dict[str, str | list[str]])
            for paths in found.values():
                if not all(map(audio_extension, [paths] if isinstance(paths, str) else paths)):
                    # A manifest is a map of texts, and so are many other files.
                    raise msgspec.ValidationError("a value is no path of audio")
            return found
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise InputError(f"cannot read {self.path}: {error.strerror}", field="map") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"{self.path} is there and is no map of files: name another file, or move it away",
                field="map",
            ) from error

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
        if id in self._files or not all(os.path.isfile(os.path.join(self._folder, path)) for path in paths):
            return ()
        if paths:
            self.add(id, paths)
        return paths

    def keep_others(self) -> None:
        """Leave in the map what the former one had besides, if the files still stand and are of no other row."""
        taken = {path for paths in self._files.values() for path in paths}
        for id in self._former:
            if taken.isdisjoint(self.former(id)):
                self.keep(id)

    def write(self) -> None:
        """Replace the former map, unless it says the same.

        Raises:
            StoreError: it cannot be written.
        """
        known = {id: paths[0] if len(paths) == 1 else paths for id, paths in self._files.items()}
        data = msgspec.json.format(msgspec.json.encode(known, order="sorted"), indent=2) + b"\n"
        try:
            if not atomic.is_device(self._place) and Path(self._place).read_bytes() == data:
                atomic.tidy(self._place)
                return
        except OSError:
            pass  # it is new
        try:
            atomic.write(self._place, data, durable=True)
        except StoreError as error:
            raise StoreError(f"cannot write the map {self.path}: {error.problem}") from error
