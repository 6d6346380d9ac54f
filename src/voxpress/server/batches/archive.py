"""What the files of a batch are called in its zip file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress

from voxpress.errors import InputError
from voxpress.files.paths import Paths, named_file, safe_path
from voxpress.formats import FORMATS


class Names:
    """Names for files that are put into one archive, each of which every system can unpack beside the others.

    >>> names = Names()
    >>> [names.name(id, "0" * 64, "wav") for id in ("menu/a", "MENU/A", "b.wav", "menu/a.wav/c")]
    ['menu/a.wav', 'MENU-A.wav', 'b.wav', 'menu-a.wav-c.wav']
    """

    def __init__(self) -> None:
        self._paths = Paths()
        self._number = itertools.count()

    def name(self, id: str, key: str, format: str) -> str:
        """The name for a file: the line's id where that can be one, else the clip's key; numbered where it is taken.

        Names depend on those that were given before, in their order.
        """
        number = next(self._number)
        for name in _numbered(_wanted(id, key, format)):
            if self._paths.take(name, number) is None:
                return name
        raise AssertionError


def _wanted(id: str, key: str, format: str) -> str:
    extension = FORMATS[format].extension
    with suppress(InputError):
        return safe_path(named_file(id, format))
    with suppress(InputError):
        return safe_path(f"{id}.{extension}")
    return f"{key}.{extension}"


def _numbered(path: str) -> Iterator[str]:
    yield path
    # A file may stand where this one needs a folder.
    flat = path.replace("/", "-")
    yield flat
    stem, _, extension = flat.rpartition(".")
    for number in itertools.count(2):
        yield f"{stem}-{number}.{extension}"
