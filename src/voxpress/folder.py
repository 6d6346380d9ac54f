"""The output folder: which file a row gets, what a former render left there, and how a file comes to stand there.

``.voxpress.jsonl`` in the folder is its journal: one line per file written, saying which clip it holds and how the file
looked. A file is up to date when its line names the wanted clip and the file still looks the same, so that a million
finished rows are confirmed without the store. The line is written before the file takes its name: whatever stands
in the folder is either in the journal or was not put there by voxpress.
"""

from __future__ import annotations

import fcntl
import os
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from voxpress import codec
from voxpress.errors import InputError, StoreError

JOURNAL = ".voxpress.jsonl"

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def safe_path(path: str) -> str:
    """`path` as a relative path that stays inside the folder, on every system.

    >>> safe_path("digits//1.wav")
    'digits/1.wav'

    Raises:
        InputError: it is empty, absolute, leads out of the folder, or holds what file names cannot.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or not parts:
        raise InputError(f"{path!r} is not a relative path to a file")
    for part in parts:
        if part == "..":
            raise InputError(f"{path!r} leads out of the output folder")
        if "\\" in part or ":" in part or any(unicodedata.category(c) in ("Cc", "Cs") for c in part):
            raise InputError(f"{path!r} holds a character that file names cannot")
        if len(part.encode()) > 240:
            raise InputError(f"{path!r} holds a name of more than 240 bytes")
        if part.partition(".")[0].lower() in _RESERVED or part == JOURNAL:
            raise InputError(f"{path!r} holds the reserved name {part!r}")
    return "/".join(parts)


def identity(path: str) -> str:
    """What two paths have in common that some file systems would take for one file.

    >>> identity("Digits/É.wav") == identity("digits/é.WAV")
    True
    """
    return unicodedata.normalize("NFC", path).casefold() if not path.isascii() else path.lower()


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the journal."""

    path: str
    clip: str
    size: int
    mtime_ns: int


class Folder:
    """An output folder of this machine.

    Args:
        path: created with its parents when the first file is published.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        # By hash of the path: a million entries as objects would take half a gigabyte.
        self._entries: dict[int, bytes] | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return Folder, (self.path,)

    def holds(self, path: str, clip: str) -> bool:
        """Whether the file at `path` is there and is `clip`, going by the journal and the look of the file."""
        if self._entries is None:
            self._entries = {hash(e.path): _packed(e.clip, e.size, e.mtime_ns) for e in self._journal()}
        known = self._entries.get(hash(path))
        if known is None or known[:16] != bytes.fromhex(clip[:32]):
            return False
        try:
            status = os.stat(f"{self.path}/{path}")
        except OSError:
            return False
        return known == _packed(clip, status.st_size, status.st_mtime_ns)

    def publish(self, path: str, clip: str, data: bytes) -> None:
        """Put a finished file in its place, whole or not at all.

        Raises:
            StoreError: the folder cannot be written.
        """

        def note(temporary: Path) -> None:
            status = temporary.stat()
            entry = Entry(path, clip, status.st_size, status.st_mtime_ns)
            os.write(journal, msgspec.json.encode(entry) + b"\n")

        with _journal_open(self.path / JOURNAL) as journal:
            codec.write(self.path / path, data, before_rename=note)

    def prune(self, wanted: Collection[int]) -> list[str]:
        """Delete the files of former renders whose `hash(path)` is not in `wanted`; the paths that went."""
        stale = [path for path in dict.fromkeys(e.path for e in self._journal()) if hash(path) not in wanted]
        removed = []
        for path in stale:
            target = self.path / safe_path(path)
            try:
                target.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(f"cannot delete {target}: {error.strerror}") from error
            removed.append(path)
            _remove_empty(target.parent, self.path)
        self._rewrite(without=set(stale))
        return removed

    def tidy(self) -> None:
        """Drop lines of the journal that later lines replace, when they are more than half of it."""
        lines = live = 0
        seen: set[int] = set()
        for entry in self._journal():
            lines += 1
            seen.add(hash(entry.path))
        live = len(seen)
        if lines > 2 * live + 1000:
            self._rewrite(without=frozenset())

    def _rewrite(self, without: Collection[str]) -> None:
        journal = self.path / JOURNAL
        if not journal.exists():
            return
        with _journal_open(journal, alone=True):
            last = {entry.path: entry for entry in self._journal() if entry.path not in without}
            codec.write(journal, b"".join(msgspec.json.encode(entry) + b"\n" for entry in last.values()))
        self._entries = None

    def _journal(self) -> Iterator[Entry]:
        decode = msgspec.json.Decoder(Entry).decode
        try:
            with (self.path / JOURNAL).open("rb") as lines:
                for line in lines:
                    try:
                        yield decode(line)
                    except msgspec.DecodeError:
                        continue  # the line that a killed process was writing
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot read {self.path / JOURNAL}: {error.strerror}") from error


@contextmanager
def _journal_open(journal: Path, alone: bool = False) -> Iterator[int]:
    """The journal open for appending, while nobody replaces it; `alone`: while nobody appends either."""
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        while True:
            descriptor = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            if os.fstat(descriptor).st_ino == os.stat(journal).st_ino:
                break
            os.close(descriptor)  # it was replaced between the opening and the lock
    except OSError as error:
        raise StoreError(f"cannot write {journal}: {error.strerror}") from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _packed(clip: str, size: int, mtime_ns: int) -> bytes:
    return bytes.fromhex(clip[:32]) + size.to_bytes(6, "big") + mtime_ns.to_bytes(9, "big")


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


