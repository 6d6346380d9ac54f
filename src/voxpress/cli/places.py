"""The files that a render writes beside those of its rows: its report, its map, its archive."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from voxpress.errors import InputError, show
from voxpress.files import atomic
from voxpress.files.paths import OWN, identity, is_remote


class Places:
    """Where such files go, checked before anything is spoken.

    >>> places = Places([("map", "out/files.json"), ("report", None)], "out")
    >>> places.require_apart(["bye.wav"])

    Args:
        named: each with the option that names it; None: there is no such file.
        folder: the output folder, a path or a URL.

    Raises:
        InputError: a file cannot be written there, or two are one.
    """

    def __init__(
        self, named: Sequence[tuple[str, str | Path | None]], folder: str | os.PathLike[str]
    ) -> None:
        remote = is_remote(os.fspath(folder))
        real = os.path.realpath(folder)
        owners: dict[str, str] = {}
        # Those in the output folder.
        self._inside: list[tuple[str, str]] = []
        for option, path in named:
            if path is None:
                continue
            if is_remote(str(path)):
                if not remote or not str(path).startswith(f"{folder}/"):
                    raise InputError(f"{path} is not in the output folder: name another place", field=option)
                self._inside.append((identity(str(path).removeprefix(f"{folder}/")), option))
                continue
            atomic.require_place(path, option)
            if atomic.is_device(path):
                continue
            place = os.path.realpath(path)
            if place in owners:
                problem = f"{path} is also the file of --{owners[place]}: name another"
                raise InputError(problem, field=option)
            owners[place] = option
            inside = identity(os.path.relpath(place, real))
            if not remote and inside.startswith(f"{OWN}/") and option != "report":
                raise InputError(f"{path} is among voxpress's own files: name another place", field=option)
            if not remote and not inside.startswith("../"):
                self._inside.append((inside, option))

    def require_apart(self, paths: Iterable[str]) -> None:
        """Make sure that files of the output folder are not in the way of these, nor these of them.

        Raises:
            InputError: one is.
        """
        for path in paths if self._inside else ():
            own = identity(path)
            for place, option in self._inside:
                if own == place or place.startswith(f"{own}/") or own.startswith(f"{place}/"):
                    why = "" if own == place else ", and one of the two would have to be a folder"
                    problem = f"{show(path)} is also the file of a row{why}: name another file"
                    raise InputError(problem, field=option)
