"""MOBI and AZW3, the formats of Kindle. KindleUnpack makes an EPUB of them, which is read as others are.

KindleUnpack (the package `mobi`) is under the GPL and trusts its input, so it runs in a process of its own, with limits
of memory, time and space. docs/decisions.md says why it is an extra.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from voxpress.documents import Document, Format
from voxpress.documents.archive import LARGEST_TOTAL, MOST_FILES, Archive
from voxpress.documents.epub import read_archive
from voxpress.errors import InputError
from voxpress.speech import Seconds

LARGEST_BOOK = 1 << 29
"""Bytes of a file."""

INSTALL = "pip install 'voxpress[mobi]'"

_MOBI, _PALM = b"BOOKMOBI", b"TEXtREAd"
_KIND = slice(60, 68)
"""Where a database of Palm OS, which these files are, says what it holds."""
_FIRST_RECORD = slice(78, 82)
_ENCRYPTION = slice(12, 14)
"""In the first record."""
_CALIBRE = "convert it to EPUB (Calibre: ebook-convert BOOK BOOK.epub)"
_PATIENCE: Seconds = 60.0
"""Time for a file, plus a second for each half a megabyte."""
_BYTES_A_SECOND = 500_000
_MEMORY = 1 << 30
"""Bytes of address space, plus four times those of the file."""
_INTERVAL: Seconds = 0.05

_UNPACK = """
import resource, sys
book, memory, seconds, largest = sys.argv[1], *map(int, sys.argv[2:])
for what, most in (
    (resource.RLIMIT_AS, memory),
    (resource.RLIMIT_CPU, seconds),
    (resource.RLIMIT_FSIZE, largest),
    (resource.RLIMIT_CORE, 0),
):
    try:
        resource.setrlimit(what, (most, most))
    except (OSError, ValueError):
        pass  # not every system has every limit
import mobi
mobi.extract(book)
"""
_CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def read(path: Path) -> Document:
    """A book in MOBI or AZW3.

    Raises:
        InputError: it is none, is protected or damaged, takes too much to unpack, or the extra `mobi` is missing.
    """
    size = _check(path)
    if importlib.util.find_spec("mobi") is None:
        raise InputError(f"needs a package to be read: run  {INSTALL}, or {_CALIBRE}", place=str(path))
    with tempfile.TemporaryDirectory() as folder:
        _unpack(path, size, Path(folder))
        # The archive stays open, so its file can go.
        document = read_archive(Archive(_find_epub(Path(folder), path), shown=path))
    # The pages are KindleUnpack's, and so is what is wrong with their markup.
    notes = tuple(each for each in document.notes if " is not well-formed" not in each)
    return dataclasses.replace(document, notes=notes)


def _check(path: Path) -> int:
    """See that a file is a MOBI without protection; gives its size.

    Raises:
        InputError: it is not.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            head = stream.read(_FIRST_RECORD.stop)
            stream.seek(int.from_bytes(head[_FIRST_RECORD], "big"))
            first = stream.read(_ENCRYPTION.stop)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
    problem = ""
    if head[_KIND] not in (_MOBI, _PALM):
        problem = "is no MOBI or AZW3: use the book in another format, such as EPUB"
    elif size > LARGEST_BOOK:
        problem = f"has {size:,} bytes, more than {LARGEST_BOOK:,}"
    elif head[_KIND] == _MOBI and any(first[_ENCRYPTION]):
        problem = "is protected (DRM): voxpress reads only books without protection"
    if problem:
        raise InputError(problem, place=str(path))
    return size


def _unpack(path: Path, size: int, folder: Path) -> None:
    """Unpack a book into a folder, in a process of its own.

    Raises:
        InputError: that fails, or takes too much.
    """
    book = folder / "book.mobi"  # its name becomes those of other files
    book.symlink_to(path.absolute())
    patience = _PATIENCE + size / _BYTES_A_SECOND
    limits = (_MEMORY + 4 * size, int(patience) + 1, LARGEST_TOTAL)
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _UNPACK, str(book), *map(str, limits)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path if place),
            "TMPDIR": str(folder),
        },
        cwd=folder,
        start_new_session=True,  # Ctrl-C ends only this process, which then ends the other one
    )
    try:
        problem = _watch(process, folder, patience)
    finally:
        process.kill()
        process.wait()
    if problem:
        raise InputError(problem, place=str(path))


def _watch(process: subprocess.Popen[bytes], folder: Path, patience: Seconds) -> str:
    """Wait for a process that fills a folder; gives what is wrong, empty if nothing is."""
    deadline = time.monotonic() + patience
    while True:
        code = process.poll()
        if _is_too_much(folder):
            return f"unpacks to more than {LARGEST_TOTAL:,} bytes or {MOST_FILES:,} files"
        if code is not None:
            return f"is damaged, or not as KindleUnpack knows it: {_CALIBRE}" if code else ""
        if time.monotonic() > deadline:
            return f"could not be unpacked within {patience:.0f} s: {_CALIBRE}"
        time.sleep(_INTERVAL)


def _is_too_much(folder: Path) -> bool:
    count = total = 0
    for place, _, names in os.walk(folder):
        count += len(names)
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(place, name)).st_size
    return count > MOST_FILES or total > LARGEST_TOTAL


def _find_epub(folder: Path, path: Path) -> Path:
    """The EPUB in a folder that a book was unpacked to; older books are packed as one.

    Raises:
        InputError: there is none.
    """
    for found in folder.glob("*/mobi8/book.epub"):
        return found
    for package in folder.glob("*/mobi7/content.opf"):
        epub = folder / "book.epub"
        with zipfile.ZipFile(epub, "w") as archive:
            archive.writestr("META-INF/container.xml", _CONTAINER)
            for file in sorted(package.parent.rglob("*")):
                if file.is_file() and not file.is_symlink():
                    archive.write(file, file.relative_to(package.parent))
        return epub
    what = "holds only the pictures of pages (PDF)" if any(folder.glob("*/*.pdf")) else "holds no book"
    raise InputError(f"{what}: use the book in another format, such as EPUB", place=str(path))


FORMAT = Format(
    description="books for Kindle, with the extra mobi",
    extensions=(".mobi", ".azw3", ".azw", ".prc"),
    recognise=lambda head: head[_KIND] in (_MOBI, _PALM),
    read=read,
)
