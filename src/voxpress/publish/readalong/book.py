"""An EPUB file that is copied with changes: what is not named stays as it is, in its place."""

from __future__ import annotations

import posixpath
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from voxpress.documents.archive import Archive
from voxpress.documents.epub import package
from voxpress.documents.epub.navigation import read_contents
from voxpress.documents.pages.contents import Contents
from voxpress.errors import InputError, StoreError
from voxpress.files import atomic
from voxpress.publish.readalong.package import OVERLAY, PAGES, PackageSource
from voxpress.publish.xml_source import XmlSource

_BLOCK = 1 << 18
_DATE = (2000, 1, 1, 0, 0, 0)
_STORED = (
    ".mp3",
    ".m4a",
    ".opus",
    ".jpg",
    ".jpeg",
    ".png",
    ".gif",
    ".webp",
    ".woff2",
    ".mp4",
    ".aac",
    ".ogg",
)

Content = bytes | Path | Callable[[], BinaryIO]
"""What a file of the new book holds: its bytes, a file on disk, or what opens one."""


class Book:
    """An EPUB that is read.

    Attributes:
        package: its package document; of several renditions the first.
        notes: what was found while reading.

    Raises:
        InputError: it is no EPUB, is protected, or is an EPUB of another version than 2 and 3.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not zipfile.is_zipfile(path):
            raise InputError("is no EPUB: only an EPUB can be read along", place=str(path))
        self.archive = Archive(path)
        self.notes: list[str] = []
        self._taken: set[str] | None = None
        self._read = package.Package(self.archive)
        name = self._read.name
        self.package = PackageSource(name, self._read_source(name), self.locate)
        if self.package.version.partition(".")[0] not in ("2", "3"):
            version = self.package.version or "of no version"
            raise InputError(f"is EPUB {version}, and not 2 or 3", place=str(path))
        if self.archive.find("META-INF/signatures.xml"):
            self.notes.append("the book is signed, and the signature does not hold for the new one")

    def locate(self, base: str, href: str) -> str:
        """The file that an address in a file leads to; empty where it leads out of the book."""
        return self._read.locate(base, href)[0]

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            InputError: there is none, or it is damaged.
        """
        return self.archive.read(path)

    @property
    def renditions(self) -> list[str]:
        """The package documents that the container names."""
        container = self._read_source(package.CONTAINER) if self.archive.find(package.CONTAINER) else None
        return [each.get("full-path") for each in container.find("rootfile")] if container else []

    def read_contents(self) -> Contents:
        """The table of contents."""
        return read_contents(self._read)

    def list_ids(self, path: str) -> dict[str, int]:
        """The ids in a page, each with the number of its element; none where the page is not well-formed."""
        try:
            elements = XmlSource.decode(self.read(path)).elements
        except InputError:
            return {}
        return {id: each.number for each in elements if (id := each.get("id") or each.get("name"))}

    def list_sounds(self) -> dict[str, set[str]]:
        """The sound files that only overlays use, by the path of the overlay."""
        sounds: dict[str, set[str]] = {}
        pages: set[bytes] = set()
        for item in self.package.items.values():
            if item.media_type == OVERLAY and item.path:
                overlay = self._read_source(item.path)
                sounds[item.path] = {
                    self.locate(item.path, each.get("src")) for each in overlay.find("audio")
                }
        for item in self.package.items.values():
            if item.media_type in PAGES and item.path:
                data = self.read(item.path)
                pages |= {
                    path.encode()
                    for paths in sounds.values()
                    for path in paths
                    if posixpath.basename(path).encode() in data
                }
        return {
            overlay: {path for path in paths if path.encode() not in pages}
            for overlay, paths in sounds.items()
        }

    def free_path(self, wanted: str) -> str:
        """A path beside the package document, without extension, that nothing has yet; it is taken then."""
        if self._taken is None:
            left = set(self.archive.names) - self.package.removed
            self._taken = {posixpath.splitext(name)[0] for name in left}
        stem = path = posixpath.join(posixpath.dirname(self.package.path), wanted)
        number = 1
        while path in self._taken:
            number += 1
            path = f"{stem}-{number}"
        self._taken.add(path)
        return path

    def check(self) -> None:
        """Read all that will be copied.

        Raises:
            InputError: something is damaged or encrypted.
        """
        for name in self.archive.names:
            if name not in self.package.removed:
                for _ in self.archive.blocks(name):
                    pass

    def is_same(self, target: Path, changed: Mapping[str, Content]) -> bool:
        """Whether a file is what `write` would write.

        Raises:
            StoreError: a changed file cannot be read.
        """
        with self._packed(target, changed) as scratch, target.open("rb") as file:
            return all(block == file.read(_BLOCK) for block in _blocks(scratch)) and not file.read(1)

    def write(self, target: Path, changed: Mapping[str, Content]) -> None:
        """Write the book with changed and added files, whole or not at all. The same content makes the same bytes.

        Raises:
            StoreError: it cannot be written.
            InputError: a file that is copied is damaged.
        """
        with self._packed(target, changed) as scratch:
            atomic.write(target, _blocks(scratch), durable=True)

    @contextmanager
    def _packed(self, target: Path, changed: Mapping[str, Content]) -> Iterator[BinaryIO]:
        """The bytes of the new book, in a file: in a zip, the size of a member stands before it."""
        with tempfile.TemporaryFile() as scratch:
            try:
                self._pack(scratch, changed)
                scratch.seek(0)
                yield scratch
            except OSError as error:
                raise StoreError(f"cannot write {target}: {error.strerror or error}") from error

    def _pack(self, scratch: BinaryIO, changed: Mapping[str, Content]) -> None:
        with zipfile.ZipFile(scratch, "w") as target:
            _add(target, "mimetype", _DATE, [b"application/epub+zip"], stored=True)
            written = {"mimetype"}
            for name in self.archive.names:
                if name in written or name in self.package.removed - changed.keys():
                    continue
                written.add(name)
                info = self.archive.describe(name)
                stored = info.compress_type == zipfile.ZIP_STORED and name not in changed
                content = _read(changed[name]) if name in changed else self.archive.blocks(name)
                _add(target, name, info.date_time, content, stored=stored)
            for name in changed:
                if name not in written:
                    _add(target, name, _DATE, _read(changed[name]), stored=name.endswith(_STORED))

    def _read_source(self, path: str) -> XmlSource:
        try:
            return XmlSource.decode(self.read(path))
        except InputError as error:
            raise InputError(error.problem, place=error.place or f"{self.path}: {path}") from error


def _read(content: Content) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    else:
        with content.open("rb") if isinstance(content, Path) else content() as file:
            yield from _blocks(file)


def _add(
    target: zipfile.ZipFile,
    name: str,
    date: tuple[int, int, int, int, int, int],
    content: Iterable[bytes],
    *,
    stored: bool,
) -> None:
    info = zipfile.ZipInfo(name, date)
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    info.external_attr, info.create_system = 0o644 << 16, 3
    with target.open(info, "w") as member:
        for block in content:
            member.write(block)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_BLOCK), b"")
