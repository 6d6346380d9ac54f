"""What a worker on another machine needs beside its task: weights, cloned voices, sounds.

The driver lends the files to the store, under their digests, and sends the list of them with the task. A worker has
them as if they were its user's own: in a data folder that holds these and nothing else. A machine fetches a file once.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from voxpress.engines import Engine
from voxpress.errors import ModelUnavailable, NodeLost, StoreError
from voxpress.executors import TaskInfo
from voxpress.files import home, locks
from voxpress.models import catalogue
from voxpress.quality.asr import Recogniser
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.sounds import place_of_sent
from voxpress.store import Store
from voxpress.voices import references

T = TypeVar("T")


class SentFile(msgspec.Struct, frozen=True, array_like=True):
    """A file of a parcel."""

    place: str
    """In the user's data folder."""
    sha256: str
    size: int


class Parcel(msgspec.Struct, frozen=True):
    """Files that a worker needs."""

    files: tuple[SentFile, ...] = ()

    @property
    def digest(self) -> str:
        """What identifies it."""
        return hashlib.sha256(msgspec.json.encode(self.files)).hexdigest()[:32]

    def __add__(self, other: Parcel) -> Parcel:
        return Parcel(tuple(dict.fromkeys((*self.files, *other.files)))) if other.files else self


class Sender:
    """Lends files to a store, each once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lent: set[str] = set()
        self._is_common = False
        self._parcels: dict[tuple[object, int], Parcel] = {}

    def send(self, what: Engine | Recogniser) -> Parcel:
        """What an engine or a recogniser reads, in the store.

        Raises:
            ModelUnavailable: a model is not there.
            StoreError: the store cannot be written.
        """
        # A voice that is added or replaced changes the folder of its own and the one around it.
        clones = isinstance(what, Engine) and what.clones
        now = what, _look(references.default_folder()) if clones else 0
        if now not in self._parcels:
            self._parcels[now] = self._lend(_list_files(what))
        return self._parcels[now]

    def require_common(self, executor: Executor, folder: OutputFolder | None) -> None:
        """See that workers have the same store and folder as this machine, once.

        Raises:
            StoreError: they have not.
        """
        if self._is_common:
            return
        data = uuid.uuid4().bytes
        digest = hashlib.sha256(data).hexdigest()
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as ending:
            Path(scratch, "probe").write_bytes(data)
            self._store.lend_file(digest, Path(scratch, "probe"))
            ending.callback(self._store.drop_file, digest)
            state = None if folder is None else folder.read_state()
            unseen = executor.submit(_find_unseen, self._store, digest, folder, state).result()
        if unseen:
            place = self._store.url if unseen == "store" or folder is None else folder.name
            raise StoreError(
                f"the machines of the cluster do not see the {unseen} {place}: use an object store such as"
                " s3://bucket/prefix, or a folder on a disk that they share"
            )
        self._is_common = True

    def send_sounds(self, sounds: Iterable[tuple[str, str]]) -> Parcel:
        """Sound files, each with its digest, in the store."""
        data = home.data()
        return self._lend(
            (place_of_sent(sha256).relative_to(data).as_posix(), Path(path)) for path, sha256 in sounds
        )

    def _lend(self, files: Iterable[tuple[str, Path]]) -> Parcel:
        sent: dict[str, SentFile] = {}
        for place, path in files:
            digest = catalogue.digest(path)
            if digest not in self._lent:
                self._store.lend_file(digest, path)
                self._lent.add(digest)
            sent[place] = SentFile(place, digest, path.stat().st_size)
        return Parcel(tuple(sent.values()))


def _find_unseen(store: Store, digest: str, folder: OutputFolder | None, state: str | None) -> str:
    """Which of the two a worker does not see as the driver does; empty: neither."""
    with tempfile.TemporaryDirectory() as scratch:
        if not store.fetch_file(digest, Path(scratch, "probe")):
            return "store"
    if folder is not None and folder.read_state() != state:
        return "folder"
    return ""


def _look(folder: Path) -> int:
    try:
        return max(each.stat().st_mtime_ns for each in (folder, *folder.iterdir()))
    except OSError:
        return 0


def _list_files(what: Engine | Recogniser) -> Iterator[tuple[str, Path]]:
    """Each file with its place in a data folder."""
    data = home.data()
    for model in what.weights() if isinstance(what, Engine) else [what.model]:
        try:
            found = catalogue.locate(model)
        except ModelUnavailable:
            continue  # it is part of a package, or its lack is told where it is loaded
        base = found if found.is_relative_to(data) else catalogue.place_of_sent(model)
        for file in _beside(found) if found.is_file() else _within(found):
            below = file.relative_to(found.parent if found.is_file() else found)
            place = (base.parent if found.is_file() else base) / below
            yield place.relative_to(data).as_posix(), file
    if isinstance(what, Engine) and what.clones:
        for voice in references.listed():
            if voice.offered_by(what.name):
                folder = references.place(voice.name, None)
                yield from ((file.relative_to(data).as_posix(), file) for file in _within(folder))


def _within(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and catalogue.KEPT not in file.parts:
            yield file


def _beside(file: Path) -> Iterator[Path]:
    """A file of weights, and what belongs to it: its configuration, and voices."""
    for each in sorted(file.parent.iterdir()):
        if each.is_file() and (each.name.startswith(file.stem) or each.name == "config.json"):
            yield each
        elif each.name.startswith("voices"):
            yield from _within(each) if each.is_dir() else [each]


@dataclass(frozen=True, slots=True)
class RemoteTask(Generic[T]):
    """Something to be called on another machine, where the files of a parcel are those of the user.

    >>> RemoteTask(Parcel(), Store("memory:"), lambda: 4, TaskInfo("count"))()
    4

    Raises:
        NodeLost: the files cannot be brought to that machine.
    """

    parcel: Parcel
    store: Store
    work: Callable[[], T]
    info: TaskInfo

    def __call__(self) -> T:
        _own_home()
        os.environ["XDG_DATA_HOME"] = str(unpack(self.parcel, self.store))
        return self.work()


@functools.lru_cache(maxsize=64)
def unpack(parcel: Parcel, store: Store) -> Path:
    """The folder for ``XDG_DATA_HOME`` on this machine; made when it is missing.

    Raises:
        NodeLost
    """
    problem: Exception | None = None
    for base in (home.cache("parcels"), Path(tempfile.gettempdir(), f"voxpress-parcels-{os.getuid()}")):
        folder = base / "homes" / parcel.digest
        try:
            (base / "files").mkdir(parents=True, exist_ok=True, mode=0o700)
            with locks.hold(base / f"{parcel.digest}.lock"):
                if not folder.is_dir():
                    _fill(folder, parcel, store, base / "files")
        except (OSError, StoreError) as error:
            problem = error
            cause = error.__cause__ if isinstance(error, StoreError) else error
            if not isinstance(cause, OSError) or cause.errno not in _NO_ROOM:
                break
        else:
            return folder
    raise NodeLost(f"{socket.gethostname()} cannot hold what the work needs: {problem}") from problem


_NO_ROOM = frozenset(
    (
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EEXIST,
    )
)


def _fill(folder: Path, parcel: Parcel, store: Store, files: Path) -> None:
    making = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    try:
        for each in parcel.files:
            kept = files / each.sha256
            if not kept.is_file():
                _bring(each, kept, store)
            place = making / "voxpress" / each.place
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(kept)  # one digest is computed for all homes
        making.mkdir(parents=True, exist_ok=True)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _bring(file: SentFile, kept: Path, store: Store) -> None:
    """Have a file on this machine: as its user has it already, or from the store."""
    part = kept.with_name(f".{kept.name}.{uuid.uuid4().hex}")
    own = _own_home() / "voxpress" / file.place
    try:
        if own.is_file() and own.stat().st_size == file.size and catalogue.sha256(own) == file.sha256:
            shutil.copyfile(own, part)
        elif not store.fetch_file(file.sha256, part):
            raise StoreError(f"the store {store.url} does not have {file.place} any more, or it is broken")
        part.rename(kept)
    finally:
        part.unlink(missing_ok=True)


@functools.cache
def _own_home() -> Path:
    """Where this machine's user keeps data, before a parcel took its place."""
    return home.data().parent
