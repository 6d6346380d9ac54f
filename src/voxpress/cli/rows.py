"""Rows of a manifest that a command is given."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, BinaryIO

from voxpress.errors import InputError, ManifestError, SpeechError, StoreError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from voxpress.speech import Utterance

_BLOCK = 1 << 20
"""Bytes that are read and compared at once."""


class Rows:
    """A manifest's rows, the same ones as often as they are asked for.

    The file stays open, and each block of it is compared with what the first reading found there. What cannot be read
    twice (standard input, a pipe) is kept in a temporary file.

    Raises:
        ManifestError: the manifest cannot be opened; while iterating also as `manifests.read_stream`.
        SpeechError: while iterating: the manifest changed between two readings, or during one.
    """

    def __init__(self, manifest: str, format: str | None, only: list[str]) -> None:
        self._manifest, self._format, self._only = manifest, format, Selection(only)
        self._file = _opened(manifest)
        self._digests: list[bytes] = []

    def __iter__(self) -> Iterator[Utterance | ManifestError]:
        from voxpress import manifests

        reading = _Reading(self._file, self._digests, self._manifest)
        try:
            yield from manifests.read_stream(reading, self._format, path=self._manifest)  # type: ignore[arg-type]
            reading.drain()
        except OSError as error:
            raise ManifestError(f"cannot be read: {error.strerror}", path=self._manifest) from error

    def wanted(self, row: Utterance) -> bool:
        """Whether the row is among those that ``--only`` asks for."""
        return self._only.takes(row.id, row.file)

    def require_all(self) -> None:
        """See that each ``--only`` asks for some row that was read.

        Raises:
            InputError: one does not.
        """
        self._only.require_all()


class Selection:
    """What ``--only`` asks for: names, with ``*`` and ``?``."""

    def __init__(self, globs: list[str]) -> None:
        self._globs = dict.fromkeys(globs, False)

    def takes(self, *names: str) -> bool:
        """Whether one of these names of a row is asked for."""
        found = [glob for glob in self._globs for name in names if name and fnmatchcase(name, glob)]
        self._globs.update(dict.fromkeys(found, True))
        return bool(found) or not self._globs

    def require_all(self) -> None:
        """See that each name has matched.

        Raises:
            InputError: one has not.
        """
        for glob, matched in self._globs.items():
            if not matched:
                raise InputError(f"--only {glob!r} matches no row's id or file")


def _opened(manifest: str) -> BinaryIO:
    """The manifest, where any part of it can be read at any time."""
    try:
        source = sys.stdin.buffer if manifest == "-" else open(manifest, "rb")  # noqa: SIM115 - lives as long as the rows do
        if manifest != "-" and stat.S_ISREG(os.fstat(source.fileno()).st_mode):
            return source
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", path=manifest) from error
    try:
        kept = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the rows do
        shutil.copyfileobj(source, kept)
        kept.flush()
    except OSError as error:
        raise StoreError(
            f"cannot keep the manifest {manifest} in a temporary file: {error.strerror}"
        ) from error
    return kept


class _Reading(io.RawIOBase):
    """One reading of a file from its beginning, block by block.

    Args:
        digests: of the blocks that were read before; those that are read for the first time are added.
    """

    def __init__(self, file: BinaryIO, digests: list[bytes], name: str) -> None:
        self._file, self._digests, self._name = file, digests, name
        self._look = self._now()
        self._number = 0
        self._block = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        if not self._block and not self._ended:
            self._block = memoryview(self._read(self._number))
            self._number += 1
            self._ended = len(self._block) < _BLOCK
            if self._ended and self._now() != self._look:
                for number in range(self._number):
                    self._read(number)
        with memoryview(buffer) as target:
            count = min(len(target), len(self._block))
            target[:count] = self._block[:count]
        self._block = self._block[count:]
        return count

    def drain(self) -> None:
        """Read what is left, and so compare it."""
        while self.readinto(bytearray(_BLOCK)):
            pass

    def _now(self) -> tuple[int, int]:
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    def _read(self, number: int) -> bytes:
        block = b""
        while more := os.pread(self._file.fileno(), _BLOCK - len(block), number * _BLOCK + len(block)):
            block += more
        digest = hashlib.sha256(block).digest()
        if number == len(self._digests):
            self._digests.append(digest)
        elif self._digests[number] != digest:
            raise SpeechError(f"{self._name}: the manifest changed while it was rendered; run it again")
        return block
