"""Names of files in the zip file of a batch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress

from voxpress.errors import InputError
from voxpress.files.formats import FORMATS
from voxpress.files.paths import Paths, named_file, safe_path


class Names:
    """Chooses names for the files of an archive, so that every system can unpack them beside each other.

    >>> names = Names()
    >>> [names.choose(id, "0" * 64, "wav") for id in ("menu/a", "MENU/A", "b.wav", "menu/a.wav/c")]
    ['menu/a.wav', 'MENU-A.wav', 'b.wav', 'menu-a.wav-c.wav']
    """

    def __init__(self) -> None:
        self._paths = Paths()
        self._numbers = itertools.count()

    def choose(self, id: str, key: str, format: str) -> str:
        """The name for a file: the line's id where that can be one, else the clip's key; numbered where it is taken.

        A name depends on the names that were chosen before it.
        """
        number = next(self._numbers)
        for name in _list_candidates(_choose_path(id, key, format)):
            if self._paths.take(name, number) is None:
                return name
        raise AssertionError


def _choose_path(id: str, key: str, format: str) -> str:
    extension = FORMATS[format].extension
    with suppress(InputError):
        return safe_path(named_file(id, format))
    with suppress(InputError):
        return safe_path(f"{id}.{extension}")
    return f"{key}.{extension}"


def _list_candidates(path: str) -> Iterator[str]:
    yield path
    # A file may have the name that this one needs for a folder.
    flat = path.replace("/", "-")
    yield flat
    stem, _, extension = flat.rpartition(".")
    for number in itertools.count(2):
        yield f"{stem}-{number}.{extension}"
