"""The journal of an output folder: one line of JSON per file written, saying which clip it holds and how it looked.

A line is written before its file takes its name, and both while the journal is held alone: the last line of a path is
about the file that stands there, or about one that a killed process was about to put there.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from voxpress.errors import StoreError
from voxpress.files import atomic, locks
from voxpress.files.paths import OWN
from voxpress.speech import Hertz, Seconds

JOURNAL = f"{OWN}/journal.jsonl"
STAGING = f"{OWN}/staging"
LOCK = f"{OWN}/lock"
LOOKS = 4
"""Lines of one path that count: of processes that were killed one after the other, each may have left one."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the journal: a file, or, without a path, that its bytes from `mtime_ns` to `size` are about files
    whose data has reached the disk.
    """

    path: str
    clip: str
    """Its key."""
    size: int
    mtime_ns: int
    sample_rate: Hertz
    duration: Seconds
    digest: str = ""
    """First half of the SHA-256 of the file's bytes, in hexadecimal digits."""
    request: str = ""
    """Digest of all that was asked for; a row that asks for the same need not be read again. Empty: not known."""
    segments: int = 0

    def looks_like(self, status: os.stat_result) -> bool:
        """Whether a file with that status looks as this one did."""
        return (self.size, self.mtime_ns) == (status.st_size, status.st_mtime_ns)


class Line(msgspec.Struct, frozen=True):
    """A file's line where it stands.

    Attributes:
        start: the byte of the journal where it starts.
        proven: the file's data had reached the disk.
    """

    entry: Entry
    start: int
    proven: bool


class Journal:
    """The journal of the output folder `place`, an absolute path; `shown` is what messages call it."""

    def __init__(self, place: str, shown: Path) -> None:
        self._place = place
        self._shown = shown
        self._file: FileIO | None = None
        """For appending, kept open from file to file."""
        self._index: _Index | None = None
        self._turn = threading.RLock()
        """Of the threads of this process, which have one file, one lock and one index between them."""
        self.since = self.end()
        """Where this render's lines begin: a sync proves no older ones, for they may have met a loss of power."""

    @property
    def path(self) -> str:
        """The file."""
        return f"{self._place}/{JOURNAL}"

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self._file is not None or os.path.exists(self.path)

    def end(self) -> int:
        """Where the last line ends, with the line end that comes with the next one."""
        try:
            return os.stat(self.path).st_size + 1
        except OSError:
            return 0

    # Reading

    def known(self, path: str, again: bool = False) -> list[Line]:
        """The last lines about `path`, the newest first; `again`: with what was written since the journal was read."""
        with self._turn:
            if self._index is None or again:
                self._index = self._reread()
            try:
                return self._index.known(path)
            except OSError as error:
                raise StoreError(f"cannot read {self._shown / JOURNAL}: {error.strerror}") from error

    def _reread(self) -> _Index:
        try:
            inode = os.stat(self.path).st_ino
        except OSError:
            inode = 0
        index = self._index
        with self._readable():
            if index is None or index.inode != inode:
                index = _Index(self.path)
            index.read()
        return index

    def entries(self) -> Iterator[Entry]:
        """Every line about a file.

        Raises:
            StoreError: something else is in its place, or the disk refuses.
        """
        with self._readable(), suppress(FileNotFoundError), open(self.path, "rb") as file:
            for _, _, entry in _lines(file):
                if entry.path:
                    yield entry

    @contextmanager
    def _readable(self) -> Iterator[None]:
        self.require_own()
        try:
            yield
        except OSError as error:
            raise StoreError(f"cannot read {self._shown / JOURNAL}: {error.strerror}") from error

    def require_own(self) -> None:
        """See that what voxpress keeps in the folder is its own, and leads nowhere else.

        Raises:
            StoreError: a link, a pipe or the like is in its place.
        """
        for name, is_kind in (
            (OWN, stat.S_ISDIR),
            (STAGING, stat.S_ISDIR),
            (JOURNAL, stat.S_ISREG),
            (LOCK, stat.S_ISREG),
        ):
            with suppress(FileNotFoundError, NotADirectoryError):
                if not is_kind(os.lstat(f"{self._place}/{name}").st_mode):
                    kind = "folder" if is_kind is stat.S_ISDIR else "file"
                    raise StoreError(
                        f"{self._shown}/{name} is no {kind} of voxpress: move it away, and render again"
                    )

    # Writing

    @contextmanager
    def held(self, alone: bool = False) -> Iterator[None]:
        """While nobody replaces the journal; `alone`: while nobody appends to it either.

        Raises:
            StoreError: the disk refuses.
        """
        with self._turn:
            try:
                file = self._lock(alone)
            except OSError as error:
                raise StoreError(f"cannot write {self._shown / JOURNAL}: {error.strerror}") from error
            try:
                yield
            finally:
                locks.unlock(file)

    def append(self, entry: Entry) -> None:
        """Write a line, while the journal is held.

        Raises:
            OSError: the disk is full.
        """
        assert self._file is not None
        # The line end comes first: it ends what a killed process or a full disk has left unfinished.
        line = b"\n" + msgspec.json.encode(entry)
        if self._file.write(line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def sync(self) -> None:
        """Wait until all that was written to the folder would survive a loss of power, and note that it does: for the
        lines since this render began.

        Raises:
            StoreError: the disk refuses.
        """
        with self.held():
            assert self._file is not None
            try:
                end = self.end()
                atomic.sync(self._place)
                with suppress(OSError):  # a full disk: the files are compared once more
                    # Lines before `end` were written when the data of their files was.
                    self.append(Entry("", "", end, self.since, 0, 0.0))
                os.fsync(self._file.fileno())
            except OSError as error:
                raise StoreError(f"cannot write {self._shown} to disk: {error.strerror}") from error

    def crowded(self) -> bool:
        """Whether later lines replace more than half of it."""
        with self._turn:
            self._index = self._reread()
        return self._index.count > 2 * len(self._index) + 1000

    def rewrite(self, drops: Callable[[str], bool] = lambda path: False) -> None:
        """Write it anew, holding it alone, with the lines that still tell something: of paths that nobody `drops`,
        those of the file that stands there, or the last ones. The proven ones come first.
        """
        atomic.sync(self._place)
        self._index = index = self._reread()
        index.proven = _merge([*index.proven, (self.since, self.end())])

        def kept(proven: bool) -> Iterator[bytes]:
            for start, end, entry in index.lines():
                if index.is_proven(end) != proven or not entry.path or drops(entry.path):
                    continue
                starts = index.starts(entry.path)
                if len(starts) == 1 or start in self._telling(index, entry.path):
                    yield msgspec.json.encode(entry) + b"\n"

        def lines() -> Iterator[bytes]:
            size = 0
            for line in kept(proven=True):
                size += len(line)
                yield line
            yield msgspec.json.encode(Entry("", "", size, 0, 0, 0.0)) + b"\n"
            yield from kept(proven=False)

        atomic.write(self.path, lines(), staging=f"{self._place}/{STAGING}", durable=True)
        self.since, self._index = self.end(), None

    def _telling(self, index: _Index, path: str) -> list[int]:
        """Where the lines of `path` start that are to stay."""
        found = index.known(path)
        with suppress(OSError):
            status = os.lstat(f"{self._place}/{path}")
            there = [line for line in found if line.entry.looks_like(status)]
            if there:
                return [max(there, key=lambda line: line.proven).start]
        return [line.start for line in found]

    def _lock(self, alone: bool) -> FileIO:
        while True:
            if self._file is None:
                os.makedirs(f"{self._place}/{OWN}", exist_ok=True)
                self._file = open(self.path, "ab", buffering=0)  # noqa: SIM115 - kept from file to file
            locks.lock(self._file, shared=not alone)
            with suppress(FileNotFoundError):
                if os.fstat(self._file.fileno()).st_ino == os.stat(self.path).st_ino:
                    return self._file
            self._file.close()  # another process replaced it
            self._file = None


class _Index:
    """Where the lines of each path start in one file. As objects a million of them would take half a gigabyte."""

    def __init__(self, path: str) -> None:
        self.inode = 0
        self.proven: list[tuple[int, int]] = []
        """Where the journal is about files whose data has reached the disk."""
        self.count = 0
        """Of lines about files."""
        self._file: BinaryIO = io.BytesIO()
        with suppress(FileNotFoundError):
            self._file = open(path, "rb")  # noqa: SIM115 - the places are this file's, whatever replaces it
            self.inode = os.fstat(self._file.fileno()).st_ino
        self._read_to = 0
        # By hash of the path; of several lines the last ones, the newest first.
        self._starts: dict[int, int | tuple[int, ...]] = {}

    def __len__(self) -> int:
        """Of paths."""
        return len(self._starts)

    def lines(self, start: int = 0) -> Iterator[tuple[int, int, Entry]]:
        return _lines(self._file, start)

    def read(self) -> None:
        """What was read before is not read again."""
        marks = []
        for start, end, entry in self.lines(self._read_to):
            self._read_to = end
            if not entry.path:
                marks.append((entry.mtime_ns, entry.size))
                continue
            self.count += 1
            name = hash(entry.path)
            former = self._starts.setdefault(name, start)
            if former != start:
                self._starts[name] = (start, *_several(former)[: LOOKS - 1])
        if marks:
            self.proven = _merge(self.proven + marks)

    def starts(self, path: str) -> tuple[int, ...]:
        """Of the last lines that may be about `path`, the newest first."""
        return _several(self._starts.get(hash(path), ()))

    def known(self, path: str) -> list[Line]:
        found = []
        for start in self.starts(path):
            for _, end, entry in _lines(self._file, start):
                if entry.path == path:  # and not another with its hash
                    found.append(Line(entry, start, self.is_proven(end)))
                break
        return found

    def is_proven(self, end: int) -> bool:
        """Whether the line that ends there is about a file whose data has reached the disk."""
        found = bisect_left(self.proven, (end, 0))
        return found > 0 and end <= self.proven[found - 1][1]


def _several(starts: int | tuple[int, ...]) -> tuple[int, ...]:
    return (starts,) if isinstance(starts, int) else starts


_decode = msgspec.json.Decoder(Entry).decode


def _lines(file: BinaryIO, start: int = 0) -> Iterator[tuple[int, int, Entry]]:
    """The lines that can be read, from the byte `start` on, each with the bytes where it starts and ends."""
    end = start
    while True:
        file.seek(end)  # whoever takes the lines may read others in between
        line = file.readline()
        if not line:
            return
        start, end = end, end + len(line)
        try:
            entry = _decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue  # a line that was not finished, or the end of one
        yield start, end, entry


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ranges in order, with those in one that touch each other.

    >>> _merge([(5, 9), (0, 3), (2, 5), (20, 21)])
    [(0, 9), (20, 21)]
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
