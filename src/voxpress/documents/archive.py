"""The files in a book that is a zip archive, read safely: nothing is unpacked to disk, and every size has a limit."""

from __future__ import annotations

import os
import posixpath
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote

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

_BLOCK = 1 << 18
_LONGEST_TAIL = 22 + 0xFFFF
_END = struct.Struct("<4s4H2LH")
_ENCRYPTED, _UTF_8 = 0x1, 0x800
"""Flags of an entry; the second one: its name is UTF-8."""
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
    """A zip archive. It stays open as long as somebody has it, so that its list of files is read once.

    Args:
        shown: the file to name in messages, where this one was made of it.

    Attributes:
        path: the file to name in messages.

    Raises:
        InputError: it is no zip archive, or has too many files.
    """

    def __init__(self, path: Path, *, shown: Path | None = None) -> None:
        self.path = shown or path
        self._notes: dict[str, None] = {}
        self._read: dict[str, int] = {}
        try:
            _check_directory(path)
            self._zip = zipfile.ZipFile(path)
        except InputError:
            raise
        except _PROBLEMS as error:
            raise InputError(
                f"cannot be opened as a zip archive: {_explain(error)}", place=str(self.path)
            ) from None
        self._files: dict[str, zipfile.ZipInfo] = {}
        if len(self._zip.infolist()) > MOST_FILES:
            raise InputError(f"has more than {MOST_FILES:,} files", place=str(self.path))
        for info in self._zip.infolist():
            if info.is_dir():
                continue
            name = _find_name(info)
            if name in self._files:
                self.note(f"has two files with the name {show(name)}: the last one is read")
            if stat.S_ISLNK(info.external_attr >> 16):
                self.note(f"{show(name)} is a link, and was left out")
            else:
                self._files[name] = info

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unusual in it."""
        return tuple(self._notes)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all files, as they are written."""
        return tuple(self._files)

    def note(self, problem: str) -> None:
        """Note something, once."""
        self._notes[problem] = None

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
        if info.flag_bits & _ENCRYPTED:
            problem = "is encrypted: voxpress reads only books without protection"
        elif info.file_size > largest:
            problem = f"has {info.file_size:,} bytes, more than {largest:,}"
        elif info.file_size > UNSUSPICIOUS and info.file_size > LARGEST_RATIO * max(info.compress_size, 1):
            problem = (
                f"is more than {LARGEST_RATIO} times larger than in the archive: it looks like a zip bomb"
            )
        elif name not in self._read and sum(self._read.values()) + info.file_size > LARGEST_TOTAL:
            problem = f"is too much: more than {LARGEST_TOTAL:,} bytes are read of this book"
        if problem:
            raise InputError(problem, place=f"{self.path}: {name}")
        try:
            data = self._zip.read(info)
        except _PROBLEMS as error:
            raise InputError(f"is damaged: {_explain(error)}", place=f"{self.path}: {name}") from None
        self._read[name] = len(data)
        return data

    def describe(self, name: str) -> zipfile.ZipInfo:
        """What the archive says of a file."""
        return self._files[name]

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file that is copied, however large it is.

        Raises:
            InputError: it is damaged or encrypted.
        """
        try:
            with self._zip.open(self._files[name]) as file:
                while block := file.read(_BLOCK):
                    yield block
        except _PROBLEMS as error:
            raise InputError(f"is damaged: {_explain(error)}", place=f"{self.path}: {name}") from None

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


def relate(name: str, base: str) -> str:
    """The address of a file of a book in another one of it, which `join` reads.

    >>> relate("text/my notes.xhtml", "text/one.xhtml"), relate("notes.xhtml", "text/one.xhtml")
    ('my%20notes.xhtml', '../notes.xhtml')
    """
    return quote(posixpath.relpath(name, posixpath.dirname(base) or "."))


def _find_name(info: zipfile.ZipInfo) -> str:
    """The name of a file, which is often UTF-8 though nothing says so."""
    if info.filename.isascii() or info.flag_bits & _UTF_8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


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
