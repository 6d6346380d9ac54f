"""The files in a book that is a zip archive, read safely: nothing is unpacked to disk, and every size has a limit."""

from __future__ import annotations

import os
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from voxpress.errors import InputError, show
from voxpress.files.paths import identity

MOST_FILES = 50_000
"""In one archive."""
LARGEST_FILE = 1 << 26
"""Bytes of one file that is read."""
LARGEST_TOTAL = 1 << 30
"""Bytes that are read of one archive while it is open."""
LARGEST_RATIO = 200
"""How many times larger a file may be than in the archive, where it has more than `UNSUSPICIOUS` bytes."""
UNSUSPICIOUS = 1 << 20

_LONGEST_TAIL = 22 + 0xFFFF
_END = struct.Struct("<4s4H2LH")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PROBLEMS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


class Archive:
    """A zip archive that is open for reading; a context manager.

    Attributes:
        path: of the file.
        notes: what is unusual in it.

    Raises:
        InputError: it is no zip archive, or has too many files.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._read = 0
        try:
            _check_directory(path)
            self._zip = zipfile.ZipFile(path)
        except InputError:
            raise
        except _PROBLEMS as error:
            raise InputError(
                f"cannot be opened as a zip archive: {_explain(error)}", place=str(path)
            ) from None
        self._files: dict[str, zipfile.ZipInfo] = {}
        if len(self._zip.infolist()) > MOST_FILES:
            raise InputError(f"has more than {MOST_FILES:,} files", place=str(path))
        for info in self._zip.infolist():
            if info.is_dir():
                continue
            if info.filename in self._files:
                self.note(f"has two files with the name {show(info.filename)}: the last one is read")
            if stat.S_ISLNK(info.external_attr >> 16):
                self.note(f"{show(info.filename)} is a link, and was left out")
            else:
                self._files[info.filename] = info

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self._zip.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, as they are written."""
        return tuple(self._files)

    def note(self, problem: str) -> None:
        """Note something, once."""
        if problem not in self.notes:
            self.notes.append(problem)

    def find(self, name: str) -> str | None:
        """The name of a file as the archive has it, whose case or Unicode form may be another; None: there is none."""
        if name in self._files:
            return name
        return self._by_identity.get(identity(name))

    def read(self, name: str, largest: int = LARGEST_FILE) -> bytes:
        """The bytes of a file.

        Args:
            name: as `find` gives it.
            largest: bytes that it may have.

        Raises:
            InputError: there is none, it is damaged, encrypted or too large.
        """
        info = self._files.get(name)
        if info is None:
            raise InputError("is missing in the book", place=f"{self.path}: {name}")
        problem = ""
        if info.flag_bits & 1:
            problem = "is encrypted: voxpress reads only books without protection"
        elif info.file_size > largest:
            problem = f"has {info.file_size:,} bytes, more than {largest:,}"
        elif info.file_size > UNSUSPICIOUS and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
            problem = (
                f"is more than {LARGEST_RATIO} times larger than in the archive: it looks like a zip bomb"
            )
        elif self._read + info.file_size > LARGEST_TOTAL:
            problem = f"is too much: more than {LARGEST_TOTAL:,} bytes are read of this book"
        if problem:
            raise InputError(problem, place=f"{self.path}: {name}")
        try:
            data = self._zip.read(info)
        except _PROBLEMS as error:
            raise InputError(f"is damaged: {_explain(error)}", place=f"{self.path}: {name}") from None
        self._read += len(data)
        return data

    @cached_property
    def _by_identity(self) -> dict[str, str]:
        return {identity(name): name for name in reversed(self._files)}


def join(base: str, href: str) -> tuple[str, str]:
    """What an address in a file of a book leads to: the name of a file, and the fragment behind ``#``.

    The name is empty where the address leads out of the book.

    >>> join("text/one.xhtml", "../notes.xhtml#n%201"), join("text/one.xhtml", "#two")
    (('notes.xhtml', 'n 1'), ('text/one.xhtml', 'two'))
    >>> join("text/one.xhtml", "https://example.org/"), join("one.xhtml", "../../etc/passwd")
    (('', ''), ('', ''))
    """
    href = href.strip()
    if _SCHEME.match(href) or href.startswith(("//", "\\")):
        return "", ""
    path, _, fragment = href.partition("#")
    path = unquote(path.partition("?")[0]).replace("\\", "/")
    if not path:
        return base, unquote(fragment)
    name = posixpath.normpath(posixpath.join(posixpath.dirname(base), path))
    if name.startswith(("/", "..")):
        return "", ""
    return name, unquote(fragment)


def _check_directory(path: Path) -> None:
    """See how many files an archive says that it has, before they are all listed.

    Raises:
        InputError: there are too many.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - _LONGEST_TAIL, 0))
        tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        raise zipfile.BadZipFile("it has no end: it is cut off, or no zip file")
    _, _, _, _, count, length, _, _ = _END.unpack_from(tail, at)
    if count > MOST_FILES or length > MOST_FILES * 200:
        raise InputError(f"has more than {MOST_FILES:,} files", place=str(path))


def _explain(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
