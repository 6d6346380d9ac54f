"""Files that a phone system could play in place of new greetings: recordings of people, and former formats."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

from voxpress.errors import LeftOut, ManifestError, StoreError
from voxpress.files.formats import FORMATS
from voxpress.publish.systems import Greetings
from voxpress.rendering.folders.local import LocalFolder
from voxpress.rendering.plan import place_error
from voxpress.speech import Utterance


class Recordings:
    """What lies where greetings are to go.

    Args:
        folder: with ``overwrite``, new greetings replace recordings.
        formats: of the new greetings.
    """

    def __init__(self, folder: LocalFolder, greetings: Greetings, formats: Sequence[str]) -> None:
        self._folder, self._played = folder, greetings.played
        self._extensions = [FORMATS[name].extension for name in formats]
        self._replaced: dict[str, list[str]] = {}
        self._former: list[str] = []

    def check(self, row: Utterance) -> Utterance | ManifestError:
        """The row of a greeting, or why a recording stays in its place."""
        files = {
            name: ours for name, ours in self._folder.list_files(row.id).items() if self._is_played(name)
        }
        written = {f"{row.id}.{extension}" for extension in self._extensions}
        recorded = [name for name, ours in files.items() if not ours]
        beside = [name for name in recorded if name not in written]
        if recorded and not self._folder.overwrite:
            advice = "--replace replaces it" if self._played or not beside else "delete it to have a new one"
            problem = f"{recorded[0]} is a recording of somebody's own, and stays; {advice}"
            return place_error(LeftOut(problem, id=row.id), row)
        if beside and not self._played:
            problem = f"{beside[0]} would be heard in place of the new greeting: delete it"
            return place_error(ManifestError(problem, id=row.id), row)
        if beside:
            self._replaced[row.id] = beside
        self._former += (name for name, ours in files.items() if ours and name not in written)
        return row

    def list_replaced(self) -> list[str]:
        """What `delete_replaced` deletes if no greeting fails."""
        return [name for names in self._replaced.values() for name in names]

    def delete_replaced(self, failed: Collection[str]) -> Iterator[str]:
        """Delete recordings in other formats whose new greeting stands; their paths.

        Args:
            failed: ids of greetings whose recordings stay.

        Raises:
            StoreError: one cannot be deleted.
        """
        for id, names in self._replaced.items():
            files = self._folder.list_files(id)
            if id in failed or not all(files.get(f"{id}.{extension}") for extension in self._extensions):
                continue
            for name in files.keys() & set(names):
                try:
                    os.unlink(self._folder.path / name)
                except OSError as error:
                    raise StoreError(f"cannot delete {self._folder.path / name}: {error.strerror}") from error
                yield name

    def list_former(self) -> list[str]:
        """Greetings in other formats that a former render wrote and that are still there."""
        return [name for name in self._former if (self._folder.path / name).exists()]

    def _is_played(self, name: str) -> bool:
        return not self._played or os.path.splitext(name)[1][1:] in self._played
