"""The output folder: which file a row gets, what a former render left there, and how a file comes to stand there.

``.voxpress/journal.jsonl`` in the folder is its journal: one line per file written, saying which clip it holds and
how the file looked. A file is up to date when its line names the wanted clip and the file still looks the same, so
that a million finished rows are confirmed without the store. The line is written before the file takes its name:
whatever stands in the folder is either in the journal or was not put there by voxpress.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import socket
import stat
import struct
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from io import FileIO
from pathlib import Path

import msgspec

from voxpress import codec
from voxpress.errors import InputError, StoreError
from voxpress.paths import OWN, identity, safe_path
from voxpress.speech import Clip, Hertz, Seconds

JOURNAL = f"{OWN}/journal.jsonl"
STAGING = f"{OWN}/staging"
LOCK = f"{OWN}/lock"
STALE: Seconds = 3600.0
"""A file in staging that is older belongs to a process that was killed."""
LOOKS = 4
"""Lines kept of one clip at one path: of writers at once, the last to note it need not be the last to rename."""


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


@dataclass(frozen=True)
class Stale:
    """Files of former renders that no row asks for any more.

    Attributes:
        known: how many files of the journal are in the folder, asked for or not.
        removable: paths of files that are as voxpress wrote them.
        kept: paths of other files, and why they stay.
    """

    known: int
    removable: tuple[str, ...]
    kept: Mapping[str, str]


class Folder:
    """An output folder of this machine.

    Args:
        path: created with its parents when the first file is published. It is made absolute at once: an engine may
            change the current folder.
        overwrite: files that voxpress did not write, or that were changed since, may be replaced.
    """

    def __init__(self, path: str | os.PathLike[str], overwrite: bool = False) -> None:
        self.path = Path(path)
        """As it was given, for messages and results."""
        self.overwrite = overwrite
        self._place = os.path.abspath(path)
        # By hash of the path: a million entries as objects would take half a gigabyte.
        self._entries: dict[int, bytes] | None = None
        self._read_to: tuple[int, int] = (0, 0)
        self._proven: list[tuple[int, int]] = []
        """Where the journal is about files whose data has reached the disk."""
        self._since = self._end()
        """Where the journal ended before this render."""
        self._claimed = self._confirmed = False
        self._journal: FileIO | None = None
        self._inside: set[str] = set()
        self._lock: FileIO | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return open_folder, (self._place, str(self.path), self.overwrite)

    # One render at a time

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other renders out of the folder.

        Raises:
            StoreError: another one is at work there; the message says which.
        """
        self._require_own()
        own = Path(self._place, OWN)
        new = next((path for path in (own.parent, own) if not os.path.lexists(path)), None)
        try:
            lock = self._own_lock()
        except OSError as error:
            raise StoreError(f"cannot write into {self.path}: {error.strerror}") from error
        with lock:
            since = time.strftime("%Y-%m-%d %H:%M:%S %z")
            with suppress(OSError):  # a full disk: the lock holds, and is only less talkative
                lock.truncate(0)
                lock.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode())
            self._since, self._claimed = self._end(), True
            try:
                yield
                if self._confirmed:
                    self.sync()
            finally:
                self._claimed = self._confirmed = False
                with suppress(OSError):
                    if new and os.listdir(own) == [os.path.basename(LOCK)]:
                        # Nothing came of the render, so nothing is left of it.
                        os.unlink(f"{self._place}/{LOCK}")
                        _remove_empty(own, new.parent)
                fcntl.flock(lock, fcntl.LOCK_UN)

    def _own_lock(self) -> FileIO:
        path = f"{self._place}/{LOCK}"
        while True:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            lock = open(path, "a+b", buffering=0)  # noqa: SIM115 - the caller closes it
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with suppress(FileNotFoundError):
                    if os.fstat(lock.fileno()).st_ino == os.stat(path).st_ino:
                        return lock
            except BlockingIOError:
                lock.seek(0)
                who = lock.read(400).decode("utf-8", "replace").strip() or "another process"
                raise StoreError(
                    f"{self.path} is being rendered into by {who}; wait for it to end, or render into another folder"
                ) from None
            lock.close()  # another render removed it as it ended

    # What stands there

    def holds(self, path: str, key: str, format: str) -> Clip | None:
        """The clip `key`, if it stands at `path`, going by the journal and the look of the file.

        What the journal says since the last `sync` is compared with the file's bytes: a loss of power may have left a
        file that only looks whole.
        """
        known = self._known().get(hash(path))
        wanted = bytes.fromhex(key[:32])
        if known is None or wanted not in known:
            return None
        try:
            status = os.stat(f"{self._place}/{path}")
        except OSError:
            return None
        for clip, size, mtime_ns, sample_rate, duration, digest, proven in _PACKED.iter_unpack(known):
            if (clip, size, mtime_ns) != (wanted, status.st_size, status.st_mtime_ns):
                continue
            if not proven:
                if digest != self._digest_of(path):
                    continue
                self._confirm(Entry(path, key, size, mtime_ns, sample_rate, duration, digest.hex()))
            return Clip(
                key=key, format=format, sample_rate=sample_rate, duration=duration, size=size, hit=True
            )
        return None

    def _confirm(self, entry: Entry) -> None:
        """Have the next sync prove what was just compared, so that it is not compared each time."""
        if self._claimed:
            with self._appending() as journal, suppress(OSError):  # a full disk: it is compared again
                journal.write(b"\n" + msgspec.json.encode(entry))
                self._confirmed = True

    def _end(self) -> int:
        """Where the last line of the journal ends, with the line end that comes with the next one."""
        try:
            return os.stat(f"{self._place}/{JOURNAL}").st_size + 1
        except OSError:
            return 0

    def has(self, path: str, data: bytes) -> bool:
        """Whether the file at `path` consists of `data`."""
        try:
            with open(f"{self._place}/{path}", "rb") as file:
                return file.read() == data
        except OSError:
            return False

    def _known(self) -> dict[int, bytes]:
        if self._entries is None:
            return self._reread()
        return self._entries

    def _reread(self) -> dict[int, bytes]:
        """What the journal says now; what was read of it before is not read again."""
        try:
            inode = os.stat(f"{self._place}/{JOURNAL}").st_ino
        except OSError:
            inode = 0
        if self._entries is None or inode != self._read_to[0]:
            self._entries, self._read_to = {}, (inode, 0)
            self._proven = _joined(self._marks())
        for end, entry in self._lines(self._read_to[1]):
            self._read_to = inode, end
            if entry.path:
                with suppress(ValueError, struct.error, OverflowError):  # a line that voxpress did not write
                    self._remember(entry, _covers(self._proven, end))
        return self._entries

    def _remember(self, entry: Entry, proven: bool) -> None:
        assert self._entries is not None
        name, look = hash(entry.path), _packed(entry, proven)
        former = self._entries.get(name, b"")
        self._entries[name] = look + former[: (LOOKS - 1) * _PACKED.size]

    def _digest_of(self, path: str) -> bytes:
        """As the journal has it; empty where the file cannot be read."""
        try:
            with open(f"{self._place}/{path}", "rb") as file:
                return hashlib.file_digest(file, "sha256").digest()[:16]
        except OSError:
            return b""

    # Publishing

    def publish(self, path: str, clip: Clip, data: bytes) -> None:
        """Put a finished clip in its place, whole or not at all.

        Raises:
            InputError: there is a folder in the place of the file, a file in the place of one of its folders, a file
                that voxpress did not write, or a link that leads out of the folder.
            StoreError: the folder cannot be written.
        """
        digest = (clip.sha256 or hashlib.sha256(data).hexdigest())[:32]

        def note(temporary: str) -> None:
            status = os.stat(temporary)
            entry = Entry(
                path, clip.key, status.st_size, status.st_mtime_ns, clip.sample_rate, clip.duration, digest
            )
            # The line end comes first: it ends what a killed process or a full disk has left unfinished.
            line = b"\n" + msgspec.json.encode(entry)
            if journal.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self._require_inside(path)
        if codec.is_device(f"{self._place}/{path}"):
            raise InputError(f"cannot write {self.path}/{path}: a device or a pipe is there")
        if not (self.overwrite or self._replaceable(path, data)):
            raise InputError(
                f"cannot write {self.path}/{path}: a file is there that voxpress did not write, or that was changed"
                " since; move it away, or allow it with --overwrite"
            )
        with self._appending() as journal:
            try:
                codec.write(
                    f"{self._place}/{path}", data, staging=f"{self._place}/{STAGING}", before_rename=note
                )
            except StoreError as error:
                cause = error.__cause__
                reason = cause.strerror if isinstance(cause, OSError) else error
                message = f"cannot write {self.path}/{path}: {reason}"
                if isinstance(cause, OSError) and cause.errno in _ONE_FILE:
                    raise InputError(message) from error  # in the way of this file and of no other
                raise StoreError(message) from error

    def _require_inside(self, path: str) -> None:
        parent = os.path.dirname(path)
        if not parent or parent in self._inside:
            return
        place, real = os.path.realpath(self._place), os.path.realpath(f"{self._place}/{parent}")
        if not Path(real).is_relative_to(place):
            raise InputError(
                f"cannot write {self.path}/{path}: {parent} is a link that leads out of the folder"
            )
        self._inside.add(parent)

    def _replaceable(self, path: str, data: bytes) -> bool:
        """Whether nothing of anybody else's is lost when the file at `path` is replaced by `data`."""
        file = f"{self._place}/{path}"
        try:
            status = os.lstat(file)
        except OSError:
            return True  # or what is wrong with it is found when it is written
        if stat.S_ISDIR(status.st_mode):
            return True
        if not stat.S_ISREG(status.st_mode):
            return False
        if self._wrote(path, status):
            return True
        try:
            with open(file, "rb") as found:
                # What was cut, by a loss of power or otherwise, is given back whole.
                return data.startswith(found.read(len(data) + 1))
        except OSError:
            return False

    def _wrote(self, path: str, status: os.stat_result) -> bool:
        """Whether the file with that status is as voxpress wrote it, though its times may be lost."""
        for reread in (False, True):
            known = (self._reread() if reread else self._known()).get(hash(path), b"")
            looks = list(_PACKED.iter_unpack(known))
            if any((status.st_size, status.st_mtime_ns) == look[1:3] for look in looks):
                return True
            if any(status.st_size == look[1] for look in looks):
                found = self._digest_of(path)
                if any(found == look[5] for look in looks):
                    return True
        return False

    def sync(self) -> None:
        """Wait until all that was published would survive a loss of power, and note that it does: for what the journal
        says since this render began. What is older may have met a loss of power before.

        Raises:
            StoreError: the disk refuses.
        """
        if self._journal is None and not os.path.exists(f"{self._place}/{JOURNAL}"):
            return
        with self._appending() as journal:
            try:
                end = self._end()
                codec.sync(self._place)
                with suppress(OSError):  # a full disk: the files are compared once more
                    # Lines before `end` were written when the data of their files was.
                    journal.write(b"\n" + msgspec.json.encode(Entry("", "", end, self._since, 0, 0.0)))
                os.fsync(journal.fileno())
            except OSError as error:
                raise StoreError(f"cannot write {self.path} to disk: {error.strerror}") from error

    # Care

    def stale(self, wanted: Collection[int]) -> Stale:
        """What `prune` would delete, and what it would keep.

        Args:
            wanted: `hash(path)` of each file that stays.
        """
        known = 0
        looks: dict[str, set[tuple[int, int, str]]] = {}
        seen: set[int] = set()
        for _, entry in self._lines():
            name = hash(entry.path)
            if not entry.path:
                continue
            if name not in wanted:
                looks.setdefault(entry.path, set()).add((entry.size, entry.mtime_ns, entry.digest))
            elif name not in seen:
                seen.add(name)
                known += os.path.lexists(f"{self._place}/{entry.path}")
        for path in self._other_names(looks, wanted):
            del looks[path]
        kept = {}
        removable = []
        for path, written in looks.items():
            try:
                reason = self._foreign(path, written)
            except (InputError, FileNotFoundError, NotADirectoryError):
                continue
            known += 1
            if reason:
                kept[path] = reason
            else:
                removable.append(path)
        return Stale(known, tuple(removable), kept)

    def _other_names(self, paths: Collection[str], wanted: Collection[int]) -> set[str]:
        """Those of `paths` under which some file systems know a file that stays: ``a.wav`` beside ``A.wav``."""
        names = {identity(path): path for path in paths}
        found = set()
        for _, entry in self._lines() if names else ():
            path = names.get(identity(entry.path))
            if path is not None and hash(entry.path) in wanted:
                with suppress(OSError):
                    if os.path.samefile(f"{self._place}/{path}", f"{self._place}/{entry.path}"):
                        found.add(path)
        return found

    def prune(self, wanted: Collection[int]) -> list[str]:
        """Delete the files of former renders whose `hash(path)` is not in `wanted`; the paths that went.

        A file that is not as it was written is somebody else's by now, and stays, as does its line.

        Raises:
            StoreError: a file cannot be deleted.
        """
        if not os.path.exists(f"{self._place}/{JOURNAL}"):
            return []

        def drops(path: str) -> bool:
            return bool(path) and hash(path) not in wanted and path not in stale.kept

        with self._appending(alone=True):
            stale = self.stale(wanted)
            for path in stale.removable:
                target = Path(self._place, path)
                try:
                    target.unlink(missing_ok=True)
                except OSError as error:
                    raise StoreError(f"cannot delete {self.path / path}: {error.strerror}") from error
                _remove_empty(target.parent, Path(self._place))
            if any(drops(entry.path) for _, entry in self._lines()):
                self._rewrite(drops)
        return list(stale.removable)

    def _foreign(self, path: str, written: Collection[tuple[int, int, str]]) -> str:
        """Why a file that is there is not voxpress's to delete; empty where it is."""
        target = Path(self._place, path)
        safe_path(path)
        status = target.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "it is no file any more"
        if not target.parent.resolve().is_relative_to(Path(self._place).resolve()):
            return "it lies behind a link"
        if any((status.st_size, status.st_mtime_ns) == look[:2] for look in written):
            return ""
        found = self._digest_of(path).hex() if any(status.st_size == look[0] for look in written) else ""
        if found and any(found == look[2] for look in written):
            return ""
        return "it was changed since voxpress wrote it"

    def tidy(self) -> None:
        """Drop lines of the journal that later lines replace, when they are more than half of it, and what
        killed processes left in staging.
        """
        lines = 0
        seen: set[int] = set()
        for _, entry in self._lines():
            lines += 1
            seen.add(hash(entry.path))
        if lines > 2 * len(seen) + 1000:
            with self._appending(alone=True):
                self._rewrite()
        self._require_own()
        for left in Path(self._place, STAGING).glob(".*.partial"):
            with suppress(FileNotFoundError):  # another process tidies too
                status = left.lstat()
                if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > STALE:
                    left.unlink()

    def _rewrite(self, drops: Callable[[str], bool] = lambda path: False) -> None:
        """Write the journal anew, holding it alone: the last lines of each path that stays, the proven ones first."""
        codec.sync(self._place)
        proven = _joined([*self._marks(), (self._since, self._end())])
        last: dict[str, list[tuple[bool, Entry]]] = {}
        for end, entry in self._lines():
            if entry.path and not drops(entry.path):
                former = last.get(entry.path, [])
                same = bool(former) and former[-1][1].clip == entry.clip
                line = (_covers(proven, end), entry)
                last[entry.path] = [*former[1 - LOOKS :], line] if same else [line]
        every = [line for lines in last.values() for line in lines]
        lines, others = (
            b"".join(msgspec.json.encode(entry) + b"\n" for known, entry in every if known == wanted)
            for wanted in (True, False)
        )
        mark = msgspec.json.encode(Entry("", "", len(lines), 0, 0, 0.0)) + b"\n"
        codec.write(
            f"{self._place}/{JOURNAL}",
            lines + mark + others,
            staging=f"{self._place}/{STAGING}",
            durable=True,
        )
        self._since, self._entries = self._end(), None

    def _marks(self) -> list[tuple[int, int]]:
        """Where the journal says that it is proven."""
        return [(entry.mtime_ns, entry.size) for _, entry in self._lines() if not entry.path]

    @contextmanager
    def _appending(self, alone: bool = False) -> Iterator[FileIO]:
        """The journal, while nobody replaces it; `alone`: while nobody appends to it either."""
        try:
            journal = self._locked(alone)
        except OSError as error:
            raise StoreError(f"cannot write {self.path / JOURNAL}: {error.strerror}") from error
        try:
            yield journal
        finally:
            fcntl.flock(journal, fcntl.LOCK_UN)

    def _locked(self, alone: bool) -> FileIO:
        path = f"{self._place}/{JOURNAL}"
        while True:
            if self._journal is None:
                os.makedirs(f"{self._place}/{OWN}", exist_ok=True)
                self._journal = open(path, "ab", buffering=0)  # noqa: SIM115 - kept from file to file
            fcntl.flock(self._journal, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            with suppress(FileNotFoundError):
                if os.fstat(self._journal.fileno()).st_ino == os.stat(path).st_ino:
                    return self._journal
            self._journal.close()  # another process replaced it
            self._journal = None

    def _require_own(self) -> None:
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
                        f"{self.path}/{name} is no {kind} of voxpress: move it away, and render again"
                    )

    def _lines(self, start: int = 0) -> Iterator[tuple[int, Entry]]:
        """The lines that can be read, from that byte on, each with the byte where it ends."""
        self._require_own()
        decode = msgspec.json.Decoder(Entry).decode
        try:
            with open(f"{self._place}/{JOURNAL}", "rb") as lines:
                lines.seek(start)
                for line in lines:
                    start += len(line)
                    try:
                        entry = decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError):
                        continue  # a line that was not finished, or the end of one
                    yield start, entry
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot read {self.path / JOURNAL}: {error.strerror}") from error


@lru_cache(maxsize=8)
def open_folder(place: str, shown: str = "", overwrite: bool = False) -> Folder:
    """The folder at `place`, the same object each time within a process.

    Args:
        shown: the path in messages; empty: `place`.
        overwrite: as for `Folder`.
    """
    folder = Folder(place, overwrite)
    folder.path = Path(shown or place)
    return folder


_ONE_FILE = frozenset((errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP))


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same ranges in order, with those in one that touch each other.

    >>> _joined([(5, 9), (0, 3), (2, 5), (20, 21)])
    [(0, 9), (20, 21)]
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _covers(ranges: list[tuple[int, int]], place: int) -> bool:
    """Whether one of these joined ranges has a line that ends at `place`."""
    found = bisect_left(ranges, (place, 0))
    return found > 0 and place <= ranges[found - 1][1]


_PACKED = struct.Struct("<16sQQId16s?")


def _packed(entry: Entry, proven: bool) -> bytes:
    key, digest = bytes.fromhex(entry.clip[:32]), bytes.fromhex(entry.digest)
    return _PACKED.pack(key, entry.size, entry.mtime_ns, entry.sample_rate, entry.duration, digest, proven)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
