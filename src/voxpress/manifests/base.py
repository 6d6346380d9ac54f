"""A manifest that another one extends: the other takes its defaults and its cast, and makes only what it has not."""

from __future__ import annotations

import os
from collections.abc import Mapping

from voxpress.errors import InputError, show
from voxpress.files.paths import audio_extension
from voxpress.manifests.columns import Columns
from voxpress.speech import Speaker, Utterance

_DEEPEST = 20
"""Manifests that may extend each other in a row."""


class Base:
    """What a manifest takes from the one that it extends.

    Attributes:
        path: as messages name it.
        defaults, cast: its own, over those of the manifest that it extends itself.
        said: how rows sound, as a hash, and the format that they name, by the hash of their file's name without
            extension: the rows themselves could fill the memory.
    """

    def __init__(
        self,
        path: str,
        defaults: Mapping[str, object],
        cast: Mapping[str, Speaker],
        said: Mapping[int, tuple[int, str]],
    ) -> None:
        self.path, self.defaults, self.cast = path, defaults, cast
        self.said = said

    @classmethod
    def read(cls, given: object, folder: str, columns: Columns, extended_by: tuple[str, ...]) -> Base:
        """The manifest of that name.

        Args:
            given: a path, relative to `folder`.
            columns: as they are called in the manifest that extends it.
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
        reading = Reading(path, columns.lend(), extended_by=extended_by)
        rows = manifests.read(path, reading=reading)
        said = {_name(row): (_digest(row), _format(row)) for row in rows if isinstance(row, Utterance)}
        inherited = reading.base.said if reading.base else {}
        return cls(path, reading.defaults, reading.cast, {**inherited, **said})

    def has(self, row: Utterance) -> bool:
        """Whether it has a row for the same file that says the same, in the same way."""
        found = self.said.get(_name(row))
        return found is not None and found[0] == _digest(row) and _fit(found[1], _format(row))


def _name(row: Utterance) -> int:
    """A hash of the name of a row's file, without extension."""
    name = row.file or row.id
    return hash(os.path.splitext(name)[0] if audio_extension(name) else name)


def _format(row: Utterance) -> str:
    """The format that a row names; empty: the render's."""
    return row.format or audio_extension(row.file or row.id)


def _fit(one: str, other: str) -> bool:
    """Whether these formats can be one."""
    return one == other or not (one and other)


def _digest(row: Utterance) -> int:
    """A hash of all else that decides what is in a row's files."""
    speaker = row.cast.get(row.speaker, row.speaker) if isinstance(row.speaker, str) else row.speaker
    return hash((row.text, row.markup, row.normalise, row.lexicon, row.title, Speaker.of(row), speaker))
