"""What the files of a batch are called in its zip file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from voxpress.errors import InputError
from voxpress.folder import identity, safe_path
from voxpress.formats import FORMATS


class Names:
    """Names for files that are put into one archive, each of which every system can unpack beside the others.

    >>> names = Names()
    >>> [names.name(id, "0" * 64, "wav") for id in ("menu/a", "MENU/A", "b.wav", "menu/a.wav/c")]
    ['menu/a.wav', 'MENU/A-2.wav', 'b.wav', 'menu/a.wav-2/c.wav']
    """

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def name(self, id: str, key: str, format: str) -> str:
        """The name for a file: the line's id where that can be one, else the clip's key; numbered where it is taken.

        Names depend on those that were given before, in their order.
        """
        wanted = _portable(id, FORMATS[format].extensions) or f"{key}.{FORMATS[format].extension}"
        path = self._free_folder(PurePosixPath(wanted).parent) / PurePosixPath(wanted).name
        for name in _numbered(path):
            if identity(name) not in self._files and identity(name) not in self._folders:
                self._files.add(identity(name))
                self._folders.update(identity(str(parent)) for parent in path.parents)
                return name
        raise AssertionError

    def _free_folder(self, wanted: PurePosixPath) -> PurePosixPath:
        """The folder, with another name for each part of it that is a file."""
        free = PurePosixPath()
        for part in wanted.parts:
            number, place = 1, free / part
            while identity(str(place)) in self._files:
                number += 1
                place = free / f"{part}-{number}"
            free = place
        return free


def _portable(id: str, extensions: tuple[str, ...]) -> str | None:
    """The path that an id asks for, where every system can have it."""
    there = id.lower().endswith(tuple(f".{extension}" for extension in extensions))
    try:
        path = safe_path(id if there else f"{id}.{extensions[0]}")
    except InputError:
        return None
    return path if path.isprintable() else None


def _numbered(path: PurePosixPath) -> Iterator[str]:
    yield str(path)
    number = 2
    while True:
        yield str(path.with_name(f"{path.stem}-{number}{path.suffix}"))
        number += 1
