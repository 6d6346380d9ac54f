"""An output folder in an object store: each object carries what is known of it, written in the same request.

So there is no journal and no lock, and any number of renders may write under one prefix. An object is created where
nothing stands, or replaces exactly the one that was seen there. docs/store.md says what the store must be able to do.
"""

from __future__ import annotations

import hashlib
import math
import mimetypes
import tempfile
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import msgspec

from voxpress import marks
from voxpress.errors import InputError
from voxpress.files import formats
from voxpress.files.paths import OWN
from voxpress.rendering.folders import OutputFolder, Stale, describe, refuse
from voxpress.speech import Clip, Hertz, Seconds
from voxpress.store.backends import LookUps, connect, explain

if TYPE_CHECKING:
    from obstore import GetResult, PutMode, UpdateVersion
    from obstore.store import ObjectStore

ATTRIBUTE = "voxpress"
"""Of each object's own metadata: what voxpress knows of it."""
FRESH: Seconds = 30.0
"""What was seen so recently is not looked at again: to write asks the store again in any case."""
_MOST_SEEN = 8192
_TURNS = 10
"""How often an object is tried that others replace at the same time."""


class Written(msgspec.Struct, frozen=True, array_like=True):
    """What an object says of itself: short, and in ASCII, as headers are."""

    clip: str
    """Its key."""
    size: int
    sample_rate: Hertz
    duration: Seconds
    digest: str
    """First half of the SHA-256 of its bytes, in hexadecimal digits."""
    request: str = ""
    """Digest of all that was asked for. Empty: not known."""
    segments: int = 0


class _Seen(NamedTuple):
    """An object as it was seen.

    Attributes:
        at: when, by the monotonic clock.
        version: what tells it from others in its place; None: nothing was there.
        size: in bytes.
        written: what it says of itself, if voxpress wrote it and nobody changed it.
        marked: voxpress wrote it, whoever changed it since.
    """

    at: float
    version: UpdateVersion | None = None
    size: int = 0
    written: Written | None = None
    marked: bool = False


class RemoteFolder(OutputFolder):
    """The objects under a prefix.

    Args:
        url: ``s3://bucket/prefix``, and others that obstore reaches. ``memory:`` lasts as long as the process.
        overwrite: as for `OutputFolder`.

    Raises:
        InputError: the URL names no bucket.
        StoreError: it cannot be opened.
    """

    at_once = 256
    is_common = True

    def __init__(self, url: str, overwrite: bool = False) -> None:
        self.name, self.overwrite = url.rstrip("/"), overwrite
        if self.name.endswith(":") and not url.startswith("memory:"):
            raise InputError(
                f"must be a URL with a bucket, {self.name}//BUCKET/PREFIX, not {url!r}", field="folder"
            )
        self.is_shared = not url.startswith("memory:")
        with explain(f"open {self.name}"):
            self._objects = _connect_once(self.name)
        self._look_ups = LookUps()
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._turn = Lock()
        self._listed: frozenset[int] | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return _reopen, (self.name, self.overwrite)

    def require(self) -> None:
        # Of one object, S3 says "not found" also where there is no bucket.
        with explain(f"list {self.name}"):
            next(iter(connect(self.name, patient=False).list(chunk_size=1)), None)

    @contextmanager
    def claim(self) -> Iterator[None]:
        self.require()
        self._listed = None
        yield

    def read_state(self) -> str:
        return self.name

    @contextmanager
    def open_own(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="voxpress-") as folder:
            own = Path(folder)
            yield own
            for file in own.iterdir():
                with explain(f"write {self.name}/{OWN}/{file.name}"):
                    self._objects.put(f"{OWN}/{file.name}", file, attributes=_describe_kind(file.name))

    def place(self, path: str) -> RemotePlace:
        return RemotePlace(self._objects, self.name, path)

    # What stands there

    def look(self, paths: Iterable[str], *, again: bool = False) -> None:
        long_ago = time.monotonic() - (0.0 if again else FRESH)
        unseen = _Seen(-math.inf)
        with self._turn:
            new = [path for path in dict.fromkeys(paths) if self._seen.get(path, unseen).at <= long_ago]
        for path, seen in zip(new, self._look_ups.each(self._ask, new), strict=True):
            self._note(path, seen)

    def _ask(self, path: str) -> _Seen:
        with explain(f"look up {self.name}/{path}"):
            try:
                found = self._objects.get(path, options={"head": True})
            except FileNotFoundError:
                return _Seen(time.monotonic())
        return _see(found)

    def _note(self, path: str, seen: _Seen | None) -> None:
        """Remember what was seen; None: nothing that still holds."""
        with self._turn:
            self._seen.pop(path, None)
            if seen is not None:
                self._seen[path] = seen
            if len(self._seen) > _MOST_SEEN:
                self._seen.popitem(last=False)

    def _find(self, path: str) -> _Seen:
        """The object as it was seen last, or as it is now."""
        with self._turn:
            seen = self._seen.get(path)
        if seen is None:
            seen = self._ask(path)
            self._note(path, seen)
        return seen

    def holds(self, path: str, key: str, format: str, request: str = "", segments: int = 0) -> Clip | None:
        # To note another request, the whole object would have to be written again.
        written = self._find(path).written
        return None if written is None or written.clip != key else describe(written, format)

    def holds_request(self, path: str, request: str, format: str) -> tuple[Clip, int] | None:
        written = self._find(path).written
        if written is None or written.request != request:
            return None
        return describe(written, format), written.segments

    def wrote(self, path: str) -> bool:
        return self._find(path).written is not None

    def has(self, path: str, data: bytes) -> bool:
        written = self._find(path).written
        return written is not None and written.digest == _digest(data)

    def stands(self, path: str) -> bool:
        """As in `OutputFolder`. The first call lists all objects: it is asked about each row of a map."""
        if self._listed is None:
            self._listed = frozenset(hash(path) for path, _ in self._list())
        return hash(path) in self._listed

    def read(self, path: str) -> BinaryIO | None:
        with explain(f"read {self.name}/{path}"):
            try:
                found = self._objects.get(path)
            except FileNotFoundError:
                return None
            file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
            for part in found.stream():
                file.write(part)
        file.seek(0)
        return file

    def _list(self) -> Iterator[tuple[str, int]]:
        """Path and size of each object but voxpress's own."""
        with explain(f"list {self.name}"):
            for batch in self._objects.list(chunk_size=1000):
                for each in batch:
                    if not each["path"].startswith(f"{OWN}/"):
                        yield each["path"], each["size"]

    # Writing

    def publish(self, path: str, clip: Clip, data: bytes, request: str = "", segments: int = 0) -> None:
        written = Written(
            clip.key, len(data), clip.sample_rate, clip.duration, _digest(data), request, segments
        )
        attributes = {**_describe_kind(path), ATTRIBUTE: msgspec.json.encode(written).decode()}
        for _ in range(_TURNS):
            seen = self._find(path)
            self._require_replaceable(path, seen, data)
            with explain(f"write {self.name}/{path}"):
                version = _put(self._objects, path, data, attributes, seen.version)
            if version is not None:
                self._note(path, _Seen(time.monotonic(), version, len(data), written, True))
                return
            # Somebody else wrote it meanwhile; or we did, and the answer to it was lost.
            self._note(path, None)
            if self._find(path).written == written:
                return
        raise InputError(f"cannot write {self.name}/{path}: others replace it again and again")

    def _require_replaceable(self, path: str, seen: _Seen, data: bytes) -> None:
        """See that nothing of anybody else's is lost when `data` replaces the object.

        Raises:
            InputError: it would be.
        """
        if self.overwrite or seen.version is None or seen.written is not None:
            return
        if seen.size == len(data):
            with self.read(path) or tempfile.TemporaryFile() as file:
                if file.read() == data:
                    return
        raise refuse(f"{self.name}/{path}")

    def sync(self) -> None:
        """A store answers when it has what it was given."""

    # Care

    def stale(self, wanted: Collection[int]) -> Stale:
        known, others = 0, []
        for path, _ in self._list():
            if hash(path) in wanted:
                known += 1
            else:
                others.append(path)
        kept, removable = {}, []
        for start in range(0, len(others), self.at_once):
            batch = others[start : start + self.at_once]
            self.look(batch)
            for path in batch:
                seen = self._find(path)
                if seen.written is not None:
                    removable.append(path)
                elif seen.marked:
                    kept[path] = "it was changed since voxpress wrote it"
        return Stale(known + len(removable) + len(kept), tuple(removable), kept)

    def prune(self, wanted: Collection[int]) -> list[str]:
        removable = list(self.stale(wanted).removable)
        with explain(f"delete objects of {self.name}"):
            for start in range(0, len(removable), 1000):
                self._objects.delete(removable[start : start + 1000])
        for path in removable:
            self._note(path, None)
        return removable

    def tidy(self) -> None:
        """Nothing is left behind: an object is there whole or not at all."""


class RemotePlace:
    """One object, replaced only as it was read."""

    def __init__(self, objects: ObjectStore, folder: str, path: str) -> None:
        self.name = f"{folder}/{path}"
        self._objects, self._path = objects, path
        self._version: UpdateVersion | None = None
        self._data: bytes | None = None

    def read(self) -> bytes | None:
        with explain(f"read {self.name}"):
            try:
                found = self._objects.get(self._path)
            except FileNotFoundError:
                self._version = self._data = None
                return None
            self._version, self._data = _version_of(found), bytes(found.bytes())
            return self._data

    def write(self, data: bytes) -> bool:
        if data == self._data:
            return True
        with explain(f"write {self.name}"):
            version = _put(self._objects, self._path, data, _describe_kind(self._path), self._version)
        return version is not None


def _put(
    objects: ObjectStore,
    path: str,
    data: bytes,
    attributes: dict[str, str],
    seen: UpdateVersion | None,
) -> UpdateVersion | None:
    """Write an object in place of the one that was seen, or of none: its version; None: something else is there."""
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    mode: PutMode = "create" if seen is None else seen
    try:
        made = objects.put(path, data, attributes=attributes, mode=mode, use_multipart=False)
    except (AlreadyExistsError, PreconditionError, FileNotFoundError):
        return None
    return _known(made["e_tag"], made["version"])


def _see(found: GetResult) -> _Seen:
    attribute = found.attributes.get(ATTRIBUTE)
    written = None
    size = found.meta["size"]
    if attribute is not None:
        with suppress(msgspec.DecodeError):
            written = msgspec.json.decode(attribute, type=Written)
    if written is not None and written.size != size:
        written = None
    return _Seen(time.monotonic(), _version_of(found), size, written, attribute is not None)


def _version_of(found: GetResult) -> UpdateVersion:
    return _known(found.meta["e_tag"], found.meta["version"])


def _known(e_tag: str | None, version: str | None) -> UpdateVersion:
    """What a store tells versions by; obstore takes no None."""
    known: UpdateVersion = {}
    if e_tag is not None:
        known["e_tag"] = e_tag
    if version is not None:
        known["version"] = version
    return known


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _describe_kind(path: str) -> dict[str, str]:
    """The content type, by which browsers know what to do with an object."""
    extension = path.rpartition(".")[2].lower()
    kind = _KINDS.get(extension) or mimetypes.guess_type(path)[0]
    return {"Content-Type": kind} if kind else {}


_KINDS = {
    "jsonl": "application/jsonl",
    **{each.extension: each.media_type for each in marks.FORMATS.values()},
    **{
        name: each.media_type for each in reversed(list(formats.FORMATS.values())) for name in each.extensions
    },
}
"""Content types by extension, where several formats share one that of the first."""


@cache
def _connect_once(url: str) -> ObjectStore:
    """The same client for all folders of a process: it holds connections, and what ``memory:`` holds is in it."""
    return connect(url)


@lru_cache(maxsize=8)
def _reopen(url: str, overwrite: bool) -> RemoteFolder:
    """The same object each time within a process."""
    return RemoteFolder(url, overwrite)
