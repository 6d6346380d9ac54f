"""Files that a text or a row names: they lie beside the manifest, and nowhere else."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from voxpress.errors import InputError, show
from voxpress.files.paths import safe_path
from voxpress.rendering import sounds
from voxpress.rendering.plan import PlacedSound
from voxpress.text import Sound
from voxpress.text.lexicon import Lexicon, read

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")


class Beside(NamedTuple):
    """A file that was found.

    Attributes:
        path: absolute.
        changed: when, in nanoseconds.
        size: in bytes.
    """

    path: str
    changed: int
    size: int


def find(name: str, folder: str | None, kind: str) -> Beside:
    """A file by the path that a text names, relative to the folder of its manifest.

    Args:
        folder: where it must lie; None: nowhere.
        kind: what it is, for messages, such as ``sound``.

    Raises:
        InputError: there is no such file in the folder, or the text may name none.
    """
    what = f"the {kind} {show(name)}"
    if folder is None:
        raise InputError(f"{what}: a text can name files only where it comes from a manifest")
    if _ADDRESS.match(name):
        raise InputError(f"{what} is an address: only files beside the manifest are read")
    try:
        path = os.path.join(folder, safe_path(name))
    except InputError as error:
        raise InputError(f"{what} is no relative path to a file in the manifest's folder") from error
    try:
        facts = os.stat(path)
    except OSError as error:
        raise InputError(f"{what} cannot be read in {show(folder)}: {error.strerror}") from error
    if not os.path.isfile(path):
        raise InputError(f"{what} is no file")
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise InputError(f"{what} is a link that leads out of the manifest's folder")
    return Beside(os.path.abspath(path), facts.st_mtime_ns, facts.st_size)


class FilesBeside(NamedTuple):
    """Finds the files that a text or a row names.

    >>> _ = open("beside.tsv", "w").write("SQL\\tsequel")
    >>> FilesBeside(".").find_lexicon("beside.tsv").entries
    (Entry('SQL', 'sequel'),)

    Attributes:
        folder: of the manifest; None: the text comes from nowhere, and can name none.
    """

    folder: str | None

    def find_lexicon(self, file: str) -> Lexicon:
        """The lexicon in a file.

        Raises:
            InputError: as `find`, or it is no lexicon.
        """
        return _read_lexicon(file, *find(file, self.folder, "lexicon"))

    def find_sound(self, sound: Sound) -> PlacedSound:
        """A sound's file, and the digest of what is in it.

        Raises:
            InputError: as `find`, or it is no audio.
        """
        path, changed, size = find(sound.file, self.folder, "sound")
        if size > sounds.LARGEST:
            raise InputError(
                f"the sound {show(sound.file)} has {size:,} bytes, and {sounds.LARGEST:,} are allowed"
            )
        return PlacedSound(sounds.digest(path, changed, size), sound.gain, path)


@lru_cache(maxsize=16)
def _read_lexicon(name: str, path: str, changed: int, size: int) -> Lexicon:  # noqa: ARG001 - one that changed is read again
    try:
        return read(path)
    except InputError as error:
        # The place is a file of the user's, and the text that named it has a place of its own.
        where = error.place.removeprefix(path).removeprefix(":")
        raise InputError(
            f"the lexicon {show(name)}{f', line {where}' if where else ''}: "
            + ": ".join(filter(None, (error.field, error.problem)))
        ) from error
