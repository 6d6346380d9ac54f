"""A manifest that another one extends: the other takes its defaults and its cast, and makes only what it has not."""

from __future__ import annotations

import os
from collections.abc import Mapping

from voxpress.errors import InputError, show
from voxpress.speech import Speaker, Utterance

_DEEPEST = 20
"""Manifests that may extend each other in a row."""


class Base:
    """What a manifest takes from the one that it extends.

    Attributes:
        path: as messages name it.
        defaults, cast: its own, over those of the manifest that it extends itself.
        said: hashes of ids, and of how their rows sound: the rows themselves could fill the memory.
    """

    def __init__(
        self,
        path: str,
        defaults: Mapping[str, object],
        cast: Mapping[str, Speaker],
        said: Mapping[int, int],
    ) -> None:
        self.path, self.defaults, self.cast = path, defaults, cast
        self.said = said

    @classmethod
    def read(cls, given: object, folder: str, extended_by: tuple[str, ...]) -> Base:
        """The manifest of that name.

        Args:
            given: a path, relative to `folder`.
            extended_by: the manifests that extend it, as absolute paths.

        Raises:
            InputError: it is no file, or extends itself.
            ManifestError: it cannot be read.
        """
        from voxpress import manifests
        from voxpress.manifests.reading import Reading

        if not isinstance(given, str) or not given or os.path.isabs(given) or "://" in given or "\0" in given:
            raise InputError(
                f"must be the relative path of a manifest, such as ../core/pack.yaml, not {show(given)}"
            )
        path = os.path.normpath(os.path.join(folder, given))
        place = os.path.realpath(path)
        if place in extended_by:
            circle = (*extended_by[extended_by.index(place) :], place)
            raise InputError(f"the manifest extends itself: {' → '.join(map(os.path.basename, circle))}")
        if len(extended_by) > _DEEPEST:
            raise InputError(f"is more than {_DEEPEST} manifests deep")
        if not os.path.isfile(path):
            raise InputError(f"there is no manifest {path!r}")
        reading = Reading(path, extended_by=extended_by)
        rows = manifests.read(path, reading=reading)
        said = {hash(row.id): _digest(row) for row in rows if isinstance(row, Utterance)}
        inherited = reading.base.said if reading.base else {}
        return cls(path, reading.defaults, reading.cast, {**inherited, **said})

    def has(self, row: Utterance) -> bool:
        """Whether it has a row of that name that says the same, in the same way."""
        return self.said.get(hash(row.id)) == _digest(row)


def _digest(row: Utterance) -> int:
    """A hash of all that decides how a row sounds."""
    speaker = row.cast.get(row.speaker, row.speaker) if isinstance(row.speaker, str) else row.speaker
    how = (row.text, row.markup, row.normalise, row.lexicon, row.format, row.file)
    return hash((*how, Speaker.of(row), speaker))
