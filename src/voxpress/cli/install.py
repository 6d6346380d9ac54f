"""``voxpress render --install``: the finished files of a render as an archive for a system."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from voxpress.errors import InputError, SpeechError
from voxpress.rendering.templates import names_hash

if TYPE_CHECKING:
    from voxpress.publish.systems import System
    from voxpress.speech import Output

_QUALITY = re.compile(r"-(?:x_low|low|medium|high)(?=/|$)")
"""What Piper's models have at the end of their names."""
_LANGUAGE = re.compile(r"[a-z]{2,3}[_-][A-Z]{2}-")
_ENDINGS = {"tar.gz": (".tar.gz", ".tgz"), "zip": (".zip",)}


@dataclass(frozen=True)
class Installation:
    """An archive that is wanted of a render.

    Attributes:
        archive: its path; None: beside the output folder, with its name.
        pack: the name of the pack; None: made of language, gender and voice.
    """

    system: System
    name: str
    archive: Path | None = None
    pack: str | None = None

    def check(self, files: Sequence[tuple[str, Output]]) -> None:
        """Check, before anything is spoken, that the system plays such files and can have such a pack.

        Raises:
            InputError: it cannot.
        """
        if self.pack is not None:
            self.system.check_pack(self.pack)
        if self.archive is not None and not self.archive.name.endswith(_ENDINGS[self.system.archive]):
            wanted = _ENDINGS[self.system.archive][0]
            raise InputError(
                f"--archive {self.archive}: the archive for {self.system.description} is a {wanted}"
            )
        for template, output in files:
            if names_hash(template):
                raise InputError(
                    f"{self.system.description} finds prompts by their names, so a preset with {{hash}} is not for it"
                )
            try:
                self.system.check_output(output)
            except InputError as error:
                raise InputError(f"{error}; its preset is --preset {self.system.preset}") from error

    def place(self, folder: Path) -> Path:
        """The archive's path."""
        return self.archive or Path(f"{os.path.abspath(folder)}.{self.name}.{self.system.archive}")

    def files(self, folder: Path) -> list[tuple[str, Path | None]]:
        """The archive and its instructions, with the option that names them."""
        from voxpress.publish.packs import place_notes

        archive = self.place(folder)
        return [("archive", archive), ("archive", place_notes(archive))]

    def check_place(self, folder: Path, *, overwrite: bool) -> None:
        """Check, before anything is spoken, that no file of somebody else is in the archive's place.

        Raises:
            InputError: one is.
        """
        from voxpress.publish.packs import require_own

        if not overwrite:
            require_own(self.place(folder))

    def name_pack(self, languages: Collection[str], voices: Collection[tuple[str, str, str]]) -> str:
        """The name of the pack whose rows have these languages and voices.

        Args:
            voices: each with its engine and model.

        Raises:
            InputError: it is named after a language that no row has; or it has no name, and its rows give none.
        """
        if self.pack is not None:
            self.system.check_languages(self.pack, languages)
            return self.pack
        several = "languages" if len(languages) > 1 else "voices" if len(voices) > 1 else ""
        if "{voice}" not in self.system.pack and several == "voices":
            several = ""
        if several:
            raise InputError(
                f"the rows have several {several}: name the pack, such as --pack-name {self.system.pack_example}"
            )
        engine, model, voice = min(voices, default=("", "", ""))
        try:
            return self.system.name_pack(
                min(languages, default=""), _find_gender(engine, model, voice), shorten(voice)
            )
        except InputError as error:
            raise InputError(f"{error.problem}: say --pack-name") from error

    def publish(self, folder: Path, report: Path, *, overwrite: bool) -> None:
        """Write the archive of what the report names, and print how to install it.

        Raises:
            InputError: as `name_pack` or `Pack.publish`.
            StoreError: a file cannot be read or written.
        """
        from voxpress.manifests.report import read
        from voxpress.publish.packs import Pack

        place = os.path.abspath(folder)
        archive = self.place(folder)
        paths: set[str] = set()
        voices: set[tuple[str, str, str]] = set()
        languages: set[str] = set()
        for entry in read(report):
            if entry.files:
                paths.update(_inside(place, file) for file in entry.files)
                voices.add((entry.engine, entry.model, entry.voice))
                languages.add(entry.language)
        pack = Pack(
            system=self.system,
            name=self.name_pack(languages, voices),
            language=min(languages, default=""),
            folder=Path(place),
            paths=tuple(paths),
        )
        done = pack.publish(archive, overwrite=overwrite)
        shown = os.path.relpath(archive) if self.archive is None else str(archive)
        facts = f"{done.files:,} files, {done.size:,} bytes"
        if not done.changed:
            print(f"archive: {shown}, as it was ({facts})")
            return
        print(f"archive: {shown} ({facts})\n\n{done.instructions}")


def shorten(voice: str) -> str:
    """A voice's name without language and quality, in letters, digits and hyphens.

    >>> shorten("en_US-joe-medium"), shorten("af_heart"), shorten("en_US-libritts-high/p3922")
    ('joe', 'af-heart', 'libritts-p3922')
    """
    plain = _QUALITY.sub("", _LANGUAGE.sub("", voice))
    return re.sub(r"[^A-Za-z0-9-]+", "-", plain).strip("-")


def _inside(folder: str, file: str) -> str:
    path = os.path.relpath(os.path.abspath(file), folder)
    real = os.path.realpath(os.path.join(folder, path))
    if path.startswith("..") or not Path(real).is_relative_to(os.path.realpath(folder)):
        raise InputError(f"{file} lies outside of {folder}, so it is not packed")
    return path.replace(os.sep, "/")


def _find_gender(engine: str, model: str, voice: str) -> str:
    """What the engine says of the voice; empty where it does not."""
    from voxpress import engines

    with suppress(SpeechError, OSError):
        kind = engines.find(engine)
        found = kind(model=model or None)
        return next((each.gender for each in found.voices() if each.name == voice), "")
    return ""


def say_no_archive() -> None:
    """Say that a render with failures gives no archive."""
    print(
        "voxpress: no archive was written, because the pack would lack rows; correct them and run it again",
        file=sys.stderr,
    )
