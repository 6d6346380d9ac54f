"""Packs: what a render made, as an archive with the tree that a system expects.

The same files give the same bytes: members in the order of their names, with one date and no owner. An archive stands
whole or not at all. Beside it lies a text that says how to install it; its last line names the archive's digest, by
which voxpress knows an archive of its own.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal, Self, TypeAlias

from voxpress.errors import InputError, StoreError
from voxpress.files import atomic
from voxpress.files.formats import FORMATS
from voxpress.publish.systems import System

Member: TypeAlias = tuple[str, Path | bytes]
"""A name in an archive, and what lies there: a file, or bytes."""

DATE = 946_684_800
"""Of every member: the first second of 2000, in UTC."""
_ZIP_DATE = (2000, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20
_DIGEST = "sha256 "


@dataclass(frozen=True)
class Published:
    """An archive, and how it came to stand there.

    Attributes:
        changed: whether it was written now; otherwise it was there, with the same bytes.
        instructions: how to install it.
        notes: the file beside it that says so too.
    """

    path: Path
    files: int
    size: int
    changed: bool
    instructions: str
    notes: Path


@dataclass(frozen=True, kw_only=True)
class Pack:
    """The files of a pack.

    Attributes:
        system: which one they are for.
        name: of the pack, such as ``en_US_m_Joe``.
        language: BCP 47, for the instructions.
        folder: where they lie.
        paths: of the files, relative to `folder`.
    """

    system: System
    name: str
    language: str
    folder: Path
    paths: tuple[str, ...]

    def publish(self, archive: Path, *, overwrite: bool = False) -> Published:
        """Write the archive and its instructions, or find that they are there already.

        Args:
            overwrite: a file that voxpress did not write may be replaced.

        Raises:
            InputError: there is nothing to pack, a file in it cannot be played, or another file is in the place.
            StoreError: a file cannot be read or written.
        """
        if not self.paths:
            raise InputError("there are no finished files, so there is no archive")
        notes = place_notes(archive)
        members = self._list_members(archive.name)
        facts = _Facts()
        if archive.exists() and not archive.is_file():
            raise InputError(f"cannot write {archive}: something that is no file is there")
        there = _digest_file(archive)
        if there:
            for part in pack(members, self.system.archive):
                facts.add(part)
            if facts.sha256 == there:
                atomic.tidy(archive)
                self._write_notes(archive, notes, facts, overwrite)
                return self._report(archive, notes, facts, changed=False)
            facts = _Facts()
        if not overwrite:
            _require_own(archive, there)
        atomic.write(archive, facts.count(pack(members, self.system.archive)), durable=True)
        self._write_notes(archive, notes, facts, overwrite)
        return self._report(archive, notes, facts, changed=True)

    def _list_members(self, archive: str) -> list[Member]:
        top = PurePosixPath(self.system.folder.format(pack=self.name))
        allowed = {ext for name in self.system.plays for ext in FORMATS[name].extensions}
        members: list[Member] = []
        for path in sorted(self.paths):
            if path.rpartition(".")[2] not in allowed:
                known = ", ".join(sorted(allowed))
                raise InputError(f"{self.system.description} does not play {path} (extensions: {known})")
            members.append((str(top / path), self.folder / path))
        if self.system.instructions_inside:
            members.append((str(top / "INSTALL.txt"), self._instruct(archive, _Facts()).encode()))
        return members

    def _instruct(self, archive: str, facts: _Facts) -> str:
        language, _, rest = self.name.partition("/")
        country, _, voice = rest.partition("/")
        return f"A voice for {self.system.description}: {self.name}\n\n" + self.system.instructions % {
            "archive": archive,
            "name": archive,
            "pack": self.name,
            "language": language if rest else self.language,
            "country": country,
            "voice": voice,
            "size": facts.size,
            "md5": facts.md5,
        }

    def _write_notes(self, archive: Path, notes: Path, facts: _Facts, overwrite: bool) -> None:
        if not overwrite:
            _require_own_notes(notes)
        text = f"{self._instruct(archive.name, facts)}\n{_DIGEST}{facts.sha256}\n".encode()
        if not notes.exists() or notes.read_bytes() != text:
            atomic.write(notes, text)

    def _report(self, archive: Path, notes: Path, facts: _Facts, *, changed: bool) -> Published:
        text = self._instruct(archive.name, facts)
        return Published(archive, len(self.paths), facts.size, changed, text, notes)


def place_notes(archive: Path) -> Path:
    """Where the instructions of an archive lie."""
    return archive.with_name(f"{archive.name}.txt")


def require_own(archive: Path) -> None:
    """Check that an archive and its instructions replace nothing but what voxpress wrote. What looks like an archive of
    voxpress passes, also where its instructions are lost: it may turn out to be as wanted.

    Raises:
        InputError: they would.
        StoreError: the archive cannot be read.
    """
    if _has_our_dates(archive):
        _require_own_notes(place_notes(archive))
    else:
        _require_own(archive, _digest_file(archive))


def _require_own(archive: Path, there: str) -> None:
    """Check that the archive with that digest is voxpress's, and its instructions too."""
    notes = place_notes(archive)
    if there and there != _read_digest(notes):
        raise InputError(
            f"cannot write {archive}: a file is there that voxpress did not write, or that was changed since;"
            " move it away, or allow it with --overwrite"
        )
    _require_own_notes(notes)


def _has_our_dates(archive: Path) -> bool:
    """Whether the first member of an archive has the date that voxpress gives all members."""
    with suppress(OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                return any(member.date_time == _ZIP_DATE for member in zipped.infolist()[:1])
        with tarfile.open(archive) as tar:
            first = tar.next()
            return first is not None and first.mtime == DATE
    return False


def _require_own_notes(notes: Path) -> None:
    if notes.exists() and not _read_digest(notes):
        raise InputError(
            f"cannot write {notes}: a file is there that voxpress did not write; move it away, or allow it with"
            " --overwrite"
        )


class _Facts:
    """What is known of an archive when its bytes have gone by."""

    def __init__(self) -> None:
        self.size = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def add(self, part: bytes) -> None:
        self.size += len(part)
        self._md5.update(part)
        self._sha256.update(part)

    def count(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            self.add(part)
            yield part

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


def pack(members: Iterable[Member], kind: Literal["tar.gz", "zip"]) -> Iterator[bytes]:
    """The bytes of an archive, in parts. No part is larger than a file.

    >>> data = b"".join(pack([("sounds/en/hello.wav", b"RIFF")], "tar.gz"))
    >>> tarfile.open(fileobj=io.BytesIO(data)).getnames()
    ['sounds/en/hello.wav']

    Raises:
        StoreError: a file cannot be read, or is no file.
    """
    sink = _Sink()
    with _TarGz(sink) if kind == "tar.gz" else _Zip(sink) as archive:
        for name, source in members:
            try:
                with io.BytesIO(source) if isinstance(source, bytes) else _open(source) as file:
                    archive.add(name, file)
            except OSError as error:
                raise StoreError(f"cannot pack {source!s}: {error.strerror or error}") from error
            yield sink.take()
    yield sink.take()


def _open(path: Path) -> BinaryIO:
    """Open a file that is no link."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise StoreError(f"cannot pack {path}: it is no file")
    return file


class _Sink(io.RawIOBase):
    """Collects what is written to it, until it is taken."""

    def __init__(self) -> None:
        self._parts = bytearray()
        self._end = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._parts += data  # type: ignore[arg-type]  # any buffer
        size = len(memoryview(data))  # type: ignore[arg-type]
        self._end += size
        return size

    def tell(self) -> int:
        return self._end

    def take(self) -> bytes:
        found = bytes(self._parts)
        self._parts.clear()
        return found


class _TarGz:
    def __init__(self, sink: _Sink) -> None:
        self._gzip = gzip.GzipFile(filename="", mode="wb", fileobj=sink, mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._tar.close()
        self._gzip.close()

    def add(self, name: str, file: BinaryIO) -> None:
        info = tarfile.TarInfo(name)
        info.size = file.seek(0, os.SEEK_END)
        file.seek(0)
        info.mtime, info.mode = DATE, 0o644
        self._tar.addfile(info, file)


class _Zip:
    def __init__(self, sink: _Sink) -> None:
        self._zip = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    def add(self, name: str, file: BinaryIO) -> None:
        info = zipfile.ZipInfo(name, _ZIP_DATE)
        info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
        with self._zip.open(info, "w") as member:
            while block := file.read(_BLOCK):
                member.write(block)


def _digest_file(path: Path) -> str:
    """The digest of an archive; empty: there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error


def _read_digest(notes: Path) -> str:
    """The digest in the last line of instructions that voxpress wrote; empty where it did not."""
    try:
        lines = notes.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[-1].removeprefix(_DIGEST) if lines and lines[-1].startswith(_DIGEST) else ""
