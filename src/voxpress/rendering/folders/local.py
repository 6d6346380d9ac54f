"""An output folder of this machine: what a former render left there, and how a file comes to stand there.

A file is up to date when its line in the journal names the wanted clip and the file still looks the same, so that a
million finished rows are confirmed without the store. The line is written before the file takes its name: whatever
stands in the folder is either in the journal or was not put there by voxpress.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from voxpress.errors import InputError, StoreError
from voxpress.files import atomic, locks
from voxpress.files.paths import OWN, identity, safe_path
from voxpress.manifests.file_map import LocalPlace
from voxpress.rendering.folders import OutputFolder, Stale, describe, refuse
from voxpress.rendering.folders.journal import LOCK, STAGING, Entry, Journal
from voxpress.speech import Clip, Seconds

STALE: Seconds = 3600.0
"""A file in staging that is older belongs to a process that was killed."""


class LocalFolder(OutputFolder):
    """An output folder of this machine.

    Args:
        path: created with its parents when the first file is published. It is made absolute at once: an engine may
            change the current folder.
        overwrite: files that voxpress did not write, or that were changed since, may be replaced.
        place: its absolute path, where `path` was given to a process with another current folder.
    """

    def __init__(self, path: str | os.PathLike[str], overwrite: bool = False, place: str = "") -> None:
        self.path = Path(path)
        """As it was given."""
        self.name, self.overwrite = str(self.path), overwrite
        self._place = place or os.path.abspath(path)
        self._journal = Journal(self._place, self.path)
        self._claimed = self._confirmed = False
        self._inside: set[str] = set()

    def __reduce__(self) -> tuple[object, ...]:
        return _reopen, (self._place, self.name, self.overwrite)

    # One render at a time

    def require(self) -> None:
        if os.path.exists(self._place) and not os.path.isdir(self._place):
            raise StoreError(f"cannot write into {self.path}: it is a file, not a folder")

    @contextmanager
    def claim(self) -> Iterator[None]:
        self.require()
        self._journal.require_own()
        own = Path(self._place, OWN)
        new = next((path for path in (own.parent, own) if not os.path.lexists(path)), None)
        try:
            lock = self._take_lock()
        except OSError as error:
            raise StoreError(f"cannot write into {self.path}: {error.strerror}") from error
        with lock:
            since = time.strftime("%Y-%m-%d %H:%M:%S %z")
            with suppress(OSError):  # a full disk: the lock holds, and is only less talkative
                lock.truncate(0)
                lock.write(f"process {os.getpid()} on {socket.gethostname()} since {since}\n".encode())
            self._journal.since, self._claimed = self._journal.end(), True
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
                locks.unlock(lock)

    def read_state(self) -> str:
        try:
            return Path(self._place, LOCK).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _take_lock(self) -> FileIO:
        path = f"{self._place}/{LOCK}"
        while True:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            lock = open(path, "a+b", buffering=0)  # noqa: SIM115 - the caller closes it
            if not locks.try_lock(lock):
                lock.seek(0)
                who = lock.read(400).decode("utf-8", "replace").strip() or "another process"
                raise StoreError(
                    f"{self.path} is being rendered into by {who}; wait for it to end, or render into another folder"
                )
            with suppress(FileNotFoundError):
                if os.fstat(lock.fileno()).st_ino == os.stat(path).st_ino:
                    return lock
            lock.close()  # another render removed it as it ended

    @contextmanager
    def open_own(self) -> Iterator[Path]:
        yield self.path / OWN

    def place(self, path: str) -> LocalPlace:
        return LocalPlace(self.path / path)

    # What stands there

    def look(self, paths: Iterable[str], *, again: bool = False) -> None:
        """It takes no time, so each file is looked at when it is asked for."""

    def holds(self, path: str, key: str, format: str, request: str = "", segments: int = 0) -> Clip | None:
        """The clip `key`, if it stands at `path`, going by the journal and the look of the file.

        What the journal says since the last `sync` is compared with the file's bytes: a loss of power may have left a
        file that only looks whole.
        """
        entry = self._find(path, lambda entry: entry.clip == key)
        if entry is None:
            return None
        if request and entry.request != request:
            self._note(msgspec.structs.replace(entry, request=request, segments=segments))
        return describe(entry, format)

    def holds_request(self, path: str, request: str, format: str) -> tuple[Clip, int] | None:
        entry = self._find(path, lambda entry: entry.request == request)
        return None if entry is None else (describe(entry, format), entry.segments)

    def wrote(self, path: str) -> bool:
        """As a render wrote it, though its times may be lost."""
        try:
            status = os.lstat(f"{self._place}/{path}")
        except OSError:
            return False
        return stat.S_ISREG(status.st_mode) and self._wrote(path, status)

    def list_files(self, stem: str) -> dict[str, bool]:
        """The files called `stem` with some extension, in order, and whether each is as a render wrote it."""
        folder, _, name = stem.rpartition("/")
        found = {}
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(f"{self._place}/{folder}") as files:
            for file in sorted(files, key=lambda file: file.name):
                path = f"{folder}/{file.name}" if folder else file.name
                if os.path.splitext(file.name)[0] == name and not file.is_dir(follow_symlinks=False):
                    found[path] = self.wrote(path)
        return found

    def _find(self, path: str, fits: Callable[[Entry], bool]) -> Entry | None:
        """What the journal says of the file that stands at `path`."""
        known = [line for line in self._journal.known(path) if fits(line.entry)]
        if not known:
            return None
        try:
            status = os.stat(f"{self._place}/{path}")
        except OSError:
            return None
        for line in known:
            entry = line.entry
            if not entry.looks_like(status):
                continue
            if not line.proven:
                if not entry.digest or entry.digest != self._digest_of(path):
                    continue
                # The next sync proves what was just compared, so that it is not compared each time.
                self._note(entry)
            return entry
        return None

    def _note(self, entry: Entry) -> None:
        """Write a line about a file that stands there already."""
        if self._claimed:
            with self._journal.held(), suppress(OSError):  # a full disk: it is compared again
                self._journal.append(entry)
                self._confirmed = True

    def has(self, path: str, data: bytes) -> bool:
        try:
            with open(f"{self._place}/{path}", "rb") as file:
                return file.read() == data
        except OSError:
            return False

    def stands(self, path: str) -> bool:
        return os.path.isfile(f"{self._place}/{path}")

    def read(self, path: str) -> BinaryIO | None:
        try:
            return open(f"{self._place}/{path}", "rb") if self.stands(path) else None
        except OSError:
            return None

    def _digest_of(self, path: str) -> str:
        """As the journal has it; empty where the file cannot be read."""
        try:
            with open(f"{self._place}/{path}", "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()[:32]
        except OSError:
            return ""

    # Publishing

    def publish(self, path: str, clip: Clip, data: bytes, request: str = "", segments: int = 0) -> None:
        """As in `OutputFolder`.

        Raises:
            InputError: there is a folder in the place of the file, a file in the place of one of its folders, a file
                that voxpress did not write, or a link that leads out of the folder.
            StoreError: the folder cannot be written.
        """
        digest = (clip.sha256 or hashlib.sha256(data).hexdigest())[:32]

        self._require_inside(path)
        if atomic.is_device(f"{self._place}/{path}"):
            raise InputError(f"cannot write {self.path}/{path}: a device or a pipe is there")
        if not (self.overwrite or self._replaceable(path, data) or self._replaceable(path, data, alone=True)):
            raise refuse(f"{self.path}/{path}")
        with ExitStack() as held:

            def note(temporary: str) -> None:
                status = os.stat(temporary)
                held.enter_context(self._journal.held(alone=True))
                self._journal.append(
                    Entry(
                        path,
                        clip.key,
                        status.st_size,
                        status.st_mtime_ns,
                        clip.sample_rate,
                        clip.duration,
                        digest,
                        request,
                        segments,
                    )
                )

            try:
                atomic.write(
                    f"{self._place}/{path}", data, staging=f"{self._place}/{STAGING}", before_rename=note
                )
            except StoreError as error:
                cause = error.__cause__
                reason = cause.strerror if isinstance(cause, OSError) else error
                message = f"cannot write {self.path}/{path}: {reason}"
                if isinstance(cause, OSError) and cause.errno in _ONE_FILE and os.path.isdir(self._place):
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

    def _replaceable(self, path: str, data: bytes, alone: bool = False) -> bool:
        """Whether nothing of anybody else's is lost when the file at `path` is replaced by `data`; `alone`: while no
        other process replaces it.
        """
        if alone:
            if not self._journal.exists():
                return False
            with self._journal.held(alone=True):
                return self._replaceable(path, data)
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
        for again in (False, True):
            known = [line.entry for line in self._journal.known(path, again)]
            if any(entry.looks_like(status) for entry in known):
                return True
            if any(entry.size == status.st_size for entry in known):
                found = self._digest_of(path)
                if found and any(entry.digest == found for entry in known):
                    return True
        return False

    def sync(self) -> None:
        """Wait until all that was published would survive a loss of power, and note that it does: for what the journal
        says since this render began. What is older may have met a loss of power before.

        Raises:
            StoreError: the disk refuses.
        """
        if self._journal.exists():
            self._journal.sync()

    # Care

    def stale(self, wanted: Collection[int]) -> Stale:
        known = 0
        looks: dict[str, set[tuple[int, int, str]]] = {}
        seen: set[int] = set()
        for entry in self._journal.entries():
            name = hash(entry.path)
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
        for entry in self._journal.entries() if names else ():
            path = names.get(identity(entry.path))
            if path is not None and hash(entry.path) in wanted:
                with suppress(OSError):
                    if os.path.samefile(f"{self._place}/{path}", f"{self._place}/{entry.path}"):
                        found.add(path)
        return found

    def prune(self, wanted: Collection[int]) -> list[str]:
        """As in `OutputFolder`. A file that is not as it was written is somebody else's by now, and stays, as does its
        line.

        Raises:
            StoreError: a file cannot be deleted.
        """
        if not self._journal.exists():
            return []

        def drops(path: str) -> bool:
            return hash(path) not in wanted and path not in stale.kept

        with self._journal.held(alone=True):
            stale = self.stale(wanted)
            for path in stale.removable:
                target = Path(self._place, path)
                try:
                    target.unlink(missing_ok=True)
                except OSError as error:
                    raise StoreError(f"cannot delete {self.path / path}: {error.strerror}") from error
                _remove_empty(target.parent, Path(self._place))
            if any(drops(entry.path) for entry in self._journal.entries()):
                self._journal.rewrite(drops)
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
        found = self._digest_of(path) if any(status.st_size == look[0] for look in written) else ""
        if found and any(found == look[2] for look in written):
            return ""
        return "it was changed since voxpress wrote it"

    def tidy(self) -> None:
        """Drop lines of the journal that later lines replace, when they are more than half of it, and what
        killed processes left in staging.
        """
        if self._journal.crowded():
            with self._journal.held(alone=True):
                self._journal.rewrite()
        for left in Path(self._place, STAGING).glob(".*.partial"):
            with suppress(FileNotFoundError):  # another process tidies too
                status = left.lstat()
                if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > STALE:
                    left.unlink()


@lru_cache(maxsize=8)
def _reopen(place: str, name: str, overwrite: bool) -> LocalFolder:
    """The same object each time within a process."""
    return LocalFolder(name, overwrite, place)


_ONE_FILE = frozenset((errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP))


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
