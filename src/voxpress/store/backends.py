"""Named bytes: in a folder of this machine, in memory, or in the object stores that obstore reaches.

Folders are served without obstore: looking a name up costs 3 µs so and 45 µs through it, a write 90 µs against 250 µs,
and an error keeps its errno.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import shutil
import stat
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import quote, urlsplit

from voxpress.errors import StoreError
from voxpress.files import atomic, locks
from voxpress.speech import Seconds

if TYPE_CHECKING:
    from obstore.store import ObjectStore, RetryConfig

T = TypeVar("T")

_MOST_AT_ONCE = 256
_STALE: Seconds = 3600.0
_BLOCK = 8 * 2**20
"""Bytes of a large file that are in memory at once."""
_MESSAGE = re.compile(r"<Message>([^<\n]+)")
_PATIENT: RetryConfig = {
    "max_retries": 10_000,  # the time is the limit
    "backoff": {"init_backoff": timedelta(seconds=0.3), "max_backoff": timedelta(seconds=5), "base": 2},
    "retry_timeout": timedelta(minutes=3),
}
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_YES = frozenset(("1", "true", "on", "yes", "y"))
"""How obstore reads a variable that is a truth value."""
_SECRET = re.compile(r"://[^/@\s]*@")
_ROLE = re.compile(r"//(?:169\.254\.\d+\.\d+|metadata\.google)[:/.]")
"""Addresses at which clouds tell a machine its credentials."""
Version: TypeAlias = Mapping[str, str]
"""Tells what an object is now from what it was or will be."""
_NO_OBJECT = frozenset(
    (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG, errno.EEXIST)
)
"""Errors of a place where something else than an object is, or nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object that is there.

    Attributes:
        used: seconds since the epoch when it was last used, or written where uses are not noted.
    """

    name: str
    size: int
    used: float


class Objects(ABC):
    """Whole objects under names with ``/`` in them. A write is seen whole or not at all.

    Every method raises StoreError where the place cannot be reached, read or written.
    """

    folder: str | None = None
    """The folder that they lie in, on this machine."""

    @abstractmethod
    def get(self, name: str) -> bytes | None:
        """The object's bytes; None if there is no such object."""

    @abstractmethod
    def open(self, name: str) -> io.BufferedIOBase | None:
        """The object as a file to be read, in memory where it is not on this machine; None if there is none."""

    @abstractmethod
    def head(self, name: str, count: int) -> bytes | None:
        """The first `count` bytes of an object, or fewer where it has no more; None if there is no such object."""

    @abstractmethod
    def put(self, name: str, data: bytes) -> None:
        """Write an object, or replace it."""

    @abstractmethod
    def upload(self, name: str, path: Path) -> None:
        """Write an object, or replace it, with what is in a file of any size."""

    @abstractmethod
    def download(self, name: str, path: Path) -> bool:
        """Write an object of any size into a file; whether there is such an object."""

    @abstractmethod
    def create(self, name: str, data: bytes) -> Version | None:
        """Write an object that is not there yet; None if there is one."""

    @abstractmethod
    def replace(self, name: str, data: bytes, version: Version) -> Version | None:
        """Replace an object that still has that version; None if it has not."""

    @abstractmethod
    def get_version(self, name: str) -> tuple[bytes, Version] | None:
        """The object's bytes and their version, for `replace`; None if there is no such object."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove an object if it is there."""

    def delete_all(self, names: Collection[str]) -> None:
        """Remove those of these objects that are there."""
        self.each(self.delete, names)

    @abstractmethod
    def missing(self, names: Iterable[str]) -> set[str]:
        """Those of `names` that are not there. The others count as used."""

    @abstractmethod
    def sync(self) -> None:
        """Wait until all that was written would survive a loss of power."""

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """All objects, in no order."""

    def each(self, look: Callable[[str], T], names: Collection[str]) -> list[T]:
        """`look` at each name, at once where looking takes long."""
        return [look(name) for name in names]


class LocalObjects(Objects):
    """Files in a folder of this machine; their modification time says when they were last used."""

    def __init__(self, folder: str) -> None:
        self.folder: str = folder
        self._staging = Path(folder, "staging")

    def get(self, name: str) -> bytes | None:
        return self._read(name)

    def open(self, name: str) -> io.BufferedIOBase | None:
        try:
            file = open(f"{self.folder}/{name}", "rb", opener=_open_file)  # noqa: SIM115 - the caller closes it
        except OSError as error:
            self._require_absent(name, error)
            return None
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        file.close()
        return None

    def head(self, name: str, count: int) -> bytes | None:
        return self._read(name, count)

    def _read(self, name: str, count: int = -1) -> bytes | None:
        try:
            with open(f"{self.folder}/{name}", "rb", buffering=0, opener=_open_file) as file:
                return file.read(count)
        except OSError as error:
            self._require_absent(name, error)
            return None

    def _require_absent(self, name: str, error: OSError) -> None:
        """See that an error says no more than that there is no object.

        Raises:
            StoreError: it says something else.
        """
        if error.errno not in _NO_OBJECT:
            raise StoreError(f"cannot read {self.folder}/{name}: {error.strerror}") from error

    def put(self, name: str, data: bytes) -> None:
        path = f"{self.folder}/{name}"
        try:
            atomic.write(path, data, staging=self._staging)
        except StoreError as error:
            if not isinstance(error.__cause__, OSError) or error.__cause__.errno not in _NO_OBJECT:
                raise
            self._clear(name)
            atomic.write(path, data, staging=self._staging)

    def upload(self, name: str, path: Path) -> None:
        try:
            with path.open("rb") as file:
                atomic.write(
                    f"{self.folder}/{name}", iter(lambda: file.read(_BLOCK), b""), staging=self._staging
                )
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error

    def download(self, name: str, path: Path) -> bool:
        file = self.open(name)
        if file is None:
            return False
        with file, path.open("wb") as copy:
            shutil.copyfileobj(file, copy, _BLOCK)
        return True

    def create(self, name: str, data: bytes) -> Version | None:
        with self._alone():
            if self.get(name) is not None:
                return None
            self.put(name, data)
        return _digest(data)

    def replace(self, name: str, data: bytes, version: Version) -> Version | None:
        with self._alone():
            there = self.get(name)
            if there is None or _digest(there) != version:
                return None
            self.put(name, data)
        return _digest(data)

    def get_version(self, name: str) -> tuple[bytes, Version] | None:
        data = self.get(name)
        return None if data is None else (data, _digest(data))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The lock of all conditional writes: a file system has none of its own."""
        with ExitStack() as stack:
            try:
                self._staging.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locks.hold(self._staging / "conditional.lock"))
            except OSError as error:
                raise StoreError(f"cannot write {self._staging}: {error.strerror}") from error
            yield

    def _clear(self, name: str) -> None:
        """Put out of an object's way what is there and no object: a folder, or what is none in place of its folder."""
        place = Path(self.folder, name)
        kind = Path(self.folder, name.partition("/")[0])
        for path in (place.parent, place):
            try:
                wrong = path.is_dir() if path == place else os.path.lexists(path) and not _is_folder(path)
            except OSError as error:
                raise StoreError(f"cannot write {path}: {error.strerror}") from error
            if wrong and path != kind:  # else it is the store that is broken, not the object
                aside = path.with_name(f"{path.name}.aside-{uuid.uuid4().hex}")
                try:
                    path.rename(aside)
                except OSError as error:
                    raise StoreError(f"cannot move {path} out of the way: {error.strerror}") from error
                return

    def delete(self, name: str) -> None:
        try:
            os.unlink(f"{self.folder}/{name}")
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(f"cannot remove {self.folder}/{name}: {error.strerror}") from error

    def missing(self, names: Iterable[str]) -> set[str]:
        return {name for name in names if not self._note_use(f"{self.folder}/{name}")}

    def _note_use(self, path: str) -> bool:
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        except OSError:
            return os.path.exists(path)  # a store that this user may only read
        return True

    def entries(self) -> Iterator[Entry]:
        for folder, _, files in os.walk(self.folder):
            for file in files:
                path = os.path.join(folder, file)
                with suppress(OSError):  # somebody else removed it, or it is a link to nowhere
                    status = os.stat(path)
                    if not stat.S_ISREG(status.st_mode):
                        continue
                    if folder == str(self._staging):
                        self._sweep(path, status.st_mtime)
                    else:
                        yield Entry(os.path.relpath(path, self.folder), status.st_size, status.st_mtime)

    def sync(self) -> None:
        try:
            if os.path.isdir(self.folder):
                atomic.sync(self.folder)
        except OSError as error:
            raise StoreError(f"cannot write {self.folder} to disk: {error.strerror}") from error

    def _sweep(self, path: str, written: float) -> None:
        # What a killed process was writing; nobody will finish it.
        if path.endswith(".partial") and time.time() - written > _STALE:
            os.unlink(path)


def _digest(data: bytes) -> Version:
    return {"e_tag": hashlib.sha256(data).hexdigest()}


def _open_file(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # else a pipe in place of an object would be waited for


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


class LookUps:
    """Looks names up in a service, many at a time: 20 ms away, 256 requests at a time are 3 times as quick as 32.

    >>> LookUps().each(str.isdecimal, ["one", "1"])
    [False, True]
    """

    def __init__(self) -> None:
        # Kept: to start the threads anew takes longer than what they do. Each has a connection, which is a file.
        self._pool = ThreadPoolExecutor(min(_MOST_AT_ONCE, _most_files() // 4))

    def each(self, look: Callable[[str], T], names: Collection[str]) -> list[T]:
        """`look` at each name."""
        if len(names) <= 1:
            return [look(name) for name in names]
        return list(self._pool.map(look, names))


def _most_files() -> int:
    """How many files this process may have open."""
    try:
        import resource
    except ImportError:  # Windows, where they are hardly counted
        return 4 * _MOST_AT_ONCE
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft > 0 else 4 * _MOST_AT_ONCE


class RemoteObjects(Objects):
    """Objects in whatever obstore reaches at `url`, or in memory for ``memory:///``.

    Args:
        patient: as for `connect`. Without, until it has answered once.
    """

    def __init__(self, url: str, *, patient: bool = False) -> None:
        self._url, self._patient = url, True
        self._look_ups = LookUps()
        with self._explain("open"):
            self._store = connect(url, patient=patient)
        self._patient = patient

    def get(self, name: str) -> bytes | None:
        with self._explain(f"read {name} in"):
            try:
                return bytes(self._store.get(name).bytes())
            except FileNotFoundError:
                return None

    def open(self, name: str) -> io.BufferedIOBase | None:
        data = self.get(name)
        return None if data is None else io.BytesIO(data)

    def head(self, name: str, count: int) -> bytes | None:
        with self._explain(f"read {name} in"):
            try:
                return bytes(self._store.get_range(name, start=0, length=count))
            except FileNotFoundError:
                return None

    def put(self, name: str, data: bytes) -> None:
        with self._explain(f"write {name} to"):
            self._store.put(name, data)

    def upload(self, name: str, path: Path) -> None:
        with self._explain(f"write {name} to"):
            self._store.put(name, path)

    def download(self, name: str, path: Path) -> bool:
        with self._explain(f"read {name} in"):
            try:
                found = self._store.get(name)
            except FileNotFoundError:
                return False
            with path.open("wb") as copy:
                for part in found.stream(min_chunk_size=_BLOCK):
                    copy.write(part)
        return True

    def create(self, name: str, data: bytes) -> Version | None:
        return self._put_if(name, data, "create")

    def replace(self, name: str, data: bytes, version: Version) -> Version | None:
        return self._put_if(name, data, dict(version))

    def _put_if(self, name: str, data: bytes, mode: Any) -> Version | None:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._explain(f"write {name} to"):
            try:
                return _read_version(self._store.put(name, data, mode=mode))
            except (AlreadyExistsError, PreconditionError):
                return None
            except FileNotFoundError:
                if mode == "create":
                    raise  # there is no such bucket
                return None

    def get_version(self, name: str) -> tuple[bytes, Version] | None:
        with self._explain(f"read {name} in"):
            try:
                found = self._store.get(name)
                return bytes(found.bytes()), _read_version(found.meta)
            except FileNotFoundError:
                return None

    def delete(self, name: str) -> None:
        with self._explain(f"remove {name} from"), suppress(FileNotFoundError):
            self._store.delete(name)

    def missing(self, names: Iterable[str]) -> set[str]:
        names = list(names)
        found = self.each(self._exists, names)
        return {name for name, there in zip(names, found, strict=True) if not there}

    def each(self, look: Callable[[str], T], names: Collection[str]) -> list[T]:
        return self._look_ups.each(look, names)

    def _exists(self, name: str) -> bool:
        with self._explain(f"look up {name} in"):
            try:
                self._store.head(name)
            except FileNotFoundError:
                return False
        return True

    def entries(self) -> Iterator[Entry]:
        with self._explain("list"):
            for batch in self._store.list(chunk_size=1000):
                for each in batch:
                    yield Entry(each["path"], each["size"], each["last_modified"].timestamp())

    def sync(self) -> None:
        """A service answers when it has what it was given, and memory survives nothing."""

    @contextmanager
    def _explain(self, what: str) -> Iterator[None]:
        with explain(f"{what} the store {self._url}"):
            yield
            if not self._patient and self._url != "memory:///":
                self._store, self._patient = connect(self._url), True


def connect(url: str, *, patient: bool = True) -> ObjectStore:
    """What obstore reaches at `url`; for ``memory:`` something new and empty.

    Args:
        patient: requests that get no answer, or are told to come later, are sent again for three minutes: a service
            that restarts costs nothing but time. Otherwise for a few seconds: a wrong address is told at once.

    Raises:
        StoreError: through `explain`.
    """
    # All of it here, before threads look names up: two that import obstore at once can see it half made.
    from obstore.store import MemoryStore, from_url

    if url.startswith("memory:"):
        return MemoryStore()
    literal = _quote(url)
    return from_url(literal, retry_config=_PATIENT) if patient else from_url(literal)


def _quote(url: str) -> str:
    """A URL from which obstore reads the very prefix that the user wrote: it resolves escapes and ``..``, and leaves
    out what it takes for options.

    Raises:
        ValueError: it names no bucket or no plain prefix, or the service's address is none.
    """
    scheme, _, place = url.partition("://")
    bucket, _, prefix = place.partition("/")
    if not bucket:
        raise ValueError("it must be a URL with a bucket, such as s3://BUCKET/PREFIX")
    if found := next((each for each in "?#" if each in url), None):
        raise ValueError(f"it holds {found!r}: options do not belong into the URL, but into variables")
    if scheme in ("s3", "s3a", "gs") and not _BUCKET.fullmatch(bucket):
        if "@" in bucket:
            raise ValueError("credentials belong into variables or a role, not into the URL")
        raise ValueError(f"{bucket!r} is no bucket's name")
    if prefix and {"", ".", ".."} & set(prefix.split("/")):
        raise ValueError("its prefix has an empty part, '.' or '..'")
    if scheme in ("s3", "s3a"):
        _require_address()
    return f"{scheme}://{bucket}/{quote(prefix)}" if prefix else f"{scheme}://{bucket}"


def _require_address() -> None:
    """See that obstore can use the address that is set: it ends the process over one that is none.

    Raises:
        ValueError: it cannot.
    """
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        if not (address := os.environ.get(name)):
            continue
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{name} is {address!r}, not an http:// or https:// URL")
        if parts.scheme == "http" and os.environ.get("AWS_ALLOW_HTTP", "").lower() not in _YES:
            raise ValueError(f"{name} is {address!r}, without encryption: allow it with AWS_ALLOW_HTTP=true")


@contextmanager
def explain(what: str) -> Iterator[None]:
    """Turn what obstore raises into one line.

    Raises:
        StoreError: ``cannot``, `what`, and the reason.
    """
    import obstore.exceptions

    try:
        yield
    except (OSError, ValueError, obstore.exceptions.BaseError) as error:
        said = str(error)
        # S3 and Azure say it in XML. Else the library's message goes on with a dump of its own structures.
        found = _MESSAGE.search(said)
        reason = found[1] if found else next(iter(said.strip().splitlines()), type(error).__name__)
        if _ROLE.search(said):  # the last place where credentials are looked for
            reason = "no credentials were found, neither in the environment nor from a role of this machine"
        what = _SECRET.sub("://…@", what)  # messages end in logs
        raise StoreError(f"cannot {what}: {reason.rstrip('.: ')}") from error


def _read_version(facts: Any) -> Version:
    # Google's stores compare versions, the others entity tags.
    return {name: facts[name] for name in ("e_tag", "version") if facts[name]}
