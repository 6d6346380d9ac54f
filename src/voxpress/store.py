"""Keys, and the content-addressed store of takes and clips.

A take is what an engine said for one segment, lossless and with its timings; a clip is a finished file. Both are named
by what they were made from, never changed, and checked against their checksum when they are read: a broken object
counts as missing and is written again. See docs/store.md for what is in a key and why.
"""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from voxpress import codec
from voxpress.audio import Audio
from voxpress.errors import StoreError
from voxpress.speech import Clip, Hertz, Mark, Output, Seconds, Segment

if TYPE_CHECKING:
    from obstore.store import ObjectStore

KEY_VERSION = 1
GRACE: Seconds = 3600.0
"""Objects used more recently than this are never pruned: a running render may be about to read them."""

_REMOTE_LOOKUPS = 32

Json: TypeAlias = Any


def take_key(fingerprint: str, segment: Segment) -> str:
    """The name of the take of `segment`: 64 hexadecimal digits.

    `segment.options` must hold only what differs from the engine's defaults, so that naming a default changes nothing.

    >>> take_key("tone-1", Segment(text="Hello.", voice="low", language="en"))[:8]
    'd88aaf6b'
    """
    return _key("take", {"fingerprint": fingerprint, **_present(segment)})


def clip_key(parts: Sequence[Json], output: Output) -> str:
    """The name of a clip: of its parts in order (take keys, pauses, silences, tones) and of how it is finished.

    >>> clip_key([["take", "d88aaf6b"]], Output(format="mp3"))[:8]
    '00000000'
    """
    return _key("clip", {"parts": parts, "output": _present(output)})


def seed(key: str, attempt: int) -> int:
    """The seed for speaking the take `key`, from its content alone; another for each attempt. 0 ≤ seed < 2⁶³."""
    digest = hashlib.sha256(f"{key}:{attempt}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def _key(kind: str, content: Json) -> str:
    canonical = msgspec.json.encode([f"voxpress.{kind}", KEY_VERSION, content], order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def _present(noun: msgspec.Struct) -> dict[str, Json]:
    # Defaults are in the key, None is not: a field that is added later starts as None and changes no old key.
    return {
        name: value for name in noun.__struct_fields__ if (value := getattr(noun, name)) is not None
    }


class Usage(msgspec.Struct, frozen=True):
    """How much a part of the store holds."""

    count: int = 0
    size: int = 0
    """Bytes."""


class _TakeRecord(msgspec.Struct, array_like=True):
    sample_rate: Hertz
    scale: float
    marks: tuple[Mark, ...]
    flac: bytes


class Store:
    """Takes and clips under one URL.

    Args:
        url: a path, or ``file:``, ``s3:``, ``gs:``, ``az:`` or ``memory:`` URL. Credentials for the last three are found
            as their own tools find them.

    >>> store = Store("memory:")
    >>> store.take("00" * 32) is None
    True

    Raises:
        StoreError: the URL cannot be opened.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self.url = canonical_url(url)

    def __reduce__(self) -> tuple[object, ...]:
        return open_store, (self.url,)

    @property
    def folder(self) -> Path | None:
        """Where the store lies on this machine; None when it lies elsewhere."""
        return Path(self.url.removeprefix("file://")) if self.url.startswith("file://") else None

    @cached_property
    def _objects(self) -> ObjectStore:
        from obstore.store import LocalStore, MemoryStore, from_url

        with _explained(f"cannot open the store {self.url}"):
            if self.folder:
                return LocalStore(self.folder, mkdir=True)
            return MemoryStore() if self.url == "memory:///" else from_url(self.url)

    # Takes

    def take(self, key: str) -> Audio | None:
        """The take, or None if there is none or it is broken."""
        body = self._checked(_take(key))
        if body is None:
            return None
        record = msgspec.msgpack.decode(body, type=_TakeRecord)
        samples = codec.from_flac(record.flac) * record.scale
        return Audio(samples, record.sample_rate, record.marks)

    def put_take(self, key: str, audio: Audio) -> None:
        """Write a take: 24-bit FLAC, scaled by a power of two where samples exceed full scale."""
        highest = float(abs(audio.samples).max(initial=0.0))
        scale = 2.0 ** math.ceil(math.log2(highest)) if highest > 1 else 1.0
        flac = codec.to_flac(audio.samples / scale if scale > 1 else audio.samples, audio.sample_rate)
        body = msgspec.msgpack.encode(_TakeRecord(audio.sample_rate, scale, audio.marks, flac))
        self._put(_take(key), hashlib.sha256(body).digest() + body)

    def missing_takes(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that have no take."""
        return self._missing({key: _take(key) for key in keys})

    # Clips

    def clip(self, key: str) -> Clip | None:
        """What is known of the clip, or None if it is not in the store. Its bytes are not read."""
        record = self._get(_record(key))
        if record is None:
            return None
        try:
            clip = msgspec.json.decode(record, type=Clip)
        except msgspec.DecodeError:
            return None
        return msgspec.structs.replace(clip, hit=True, path=self._path(clip))

    def read(self, clip: Clip) -> bytes | None:
        """The clip's bytes, or None if they are gone or broken."""
        data = self._get(_clip(clip))
        if data is None or len(data) != clip.size or hashlib.sha256(data).hexdigest() != clip.sha256:
            return None
        return data

    def put_clip(self, clip: Clip, data: bytes) -> Clip:
        """Write a clip; its record comes last, so that a clip that can be found is complete."""
        self._put(_clip(clip), data)
        self._put(_record(clip.key), msgspec.json.encode(clip))
        return msgspec.structs.replace(clip, path=self._path(clip))

    def missing_clips(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that have no clip."""
        return self._missing({key: _record(key) for key in keys})

    def _path(self, clip: Clip) -> str:
        return str(self.folder / _clip(clip)) if self.folder else ""

    # Care

    def stats(self) -> dict[str, Usage]:
        """What the store holds, by kind."""
        kinds = {"takes": Usage(), "clips": Usage()}
        for path, size, _ in self._list():
            kind = path.partition("/")[0]
            if kind in kinds:
                # A clip and its record are one thing to the reader.
                one = 0 if path.endswith(".json") else 1
                kinds[kind] = Usage(kinds[kind].count + one, kinds[kind].size + size)
        return kinds

    def verify(self) -> Iterator[str]:
        """Read everything, remove what is broken, and yield the name of each object that was."""
        for path, _, _ in self._list():
            if path.startswith("takes/"):
                sound = self._checked(path) is not None
            elif path.endswith(".json"):
                clip = self.clip(Path(path).stem)
                sound = clip is not None and self.read(clip) is not None
            else:
                continue
            if not sound:
                self._delete(path)
                yield path

    def prune(self, *, max_bytes: int | None = None, older_than: Seconds | None = None) -> Usage:
        """Remove what was used longest ago, until the limits hold; what was removed.

        A store on this machine notes each use; elsewhere an object's age counts from when it was written. What was used
        within `GRACE` stays, and a render that finds a take gone speaks it again.

        Args:
            max_bytes: largest size of the whole store.
            older_than: seconds since the last use beyond which an object goes.
        """
        now = time.time()
        objects = sorted(self._list(), key=lambda entry: entry[2])
        total = sum(size for _, size, _ in objects)
        count = removed = 0
        for path, size, used in objects:
            too_old = older_than is not None and now - used > older_than
            too_much = max_bytes is not None and total - removed > max_bytes
            if now - used <= GRACE or not (too_old or too_much):
                continue
            self._delete(path)
            count, removed = count + 1, removed + size
        return Usage(count, removed)

    # Objects

    def _get(self, path: str) -> bytes | None:
        with _explained(f"cannot read {path} from the store {self.url}"):
            try:
                data = bytes(self._objects.get(path).bytes())
            except FileNotFoundError:
                return None
        self._touch(path)
        return data

    def _checked(self, path: str) -> bytes | None:
        data = self._get(path)
        if data is None or hashlib.sha256(data[32:]).digest() != data[:32]:
            return None
        return data[32:]

    def _put(self, path: str, data: bytes) -> None:
        with _explained(f"cannot write {path} to the store {self.url}"):
            self._objects.put(path, data)

    def _delete(self, path: str) -> None:
        with _explained(f"cannot remove {path} from the store {self.url}"):
            try:
                self._objects.delete(path)
            except FileNotFoundError:
                pass  # somebody else pruned it

    def _touch(self, path: str) -> bool:
        if self.folder is None:
            return False
        try:
            os.utime(self.folder / path)
        except OSError:
            return False  # gone, or a store that this user may only read
        return True

    def _missing(self, paths: Mapping[str, str]) -> set[str]:
        if self.folder is not None:
            return {key for key, path in paths.items() if not (self._touch(path) or self._exists(path))}
        if len(paths) <= 1:
            return {key for key, path in paths.items() if not self._exists(path)}
        with ThreadPoolExecutor(min(_REMOTE_LOOKUPS, len(paths))) as pool:
            found = pool.map(self._exists, paths.values())
            return {key for key, there in zip(paths, found, strict=True) if not there}

    def _exists(self, path: str) -> bool:
        with _explained(f"cannot look up {path} in the store {self.url}"):
            try:
                self._objects.head(path)
            except FileNotFoundError:
                return False
        return True

    def _list(self) -> Iterator[tuple[str, int, float]]:
        with _explained(f"cannot list the store {self.url}"):
            for batch in self._objects.list(chunk_size=1000):
                for entry in batch:
                    modified: datetime = entry["last_modified"]
                    yield entry["path"], entry["size"], modified.astimezone(UTC).timestamp()


def canonical_url(url: str | os.PathLike[str]) -> str:
    """One spelling for each store: a path becomes a ``file:`` URL.

    >>> canonical_url("/var/cache/voxpress"), canonical_url("memory:")
    ('file:///var/cache/voxpress', 'memory:///')

    Raises:
        StoreError: a scheme that is not known.
    """
    text = os.fspath(url)
    scheme, colon, rest = text.partition(":")
    if not colon or "/" in scheme:
        return "file://" + os.path.abspath(os.path.expanduser(text))
    match scheme:
        case "file":
            return "file://" + os.path.abspath(rest.removeprefix("//"))
        case "memory":
            return "memory:///"
        case "s3" | "s3a" | "gs" | "az" | "azure" | "abfs" | "abfss":
            return text.rstrip("/")
    raise StoreError(f"cannot use {text!r} as a store: give a path or a file:, s3:, gs:, az: or memory: URL")


def default_url() -> str:
    """A folder in the user's cache directory."""
    import platformdirs

    return os.path.join(platformdirs.user_cache_dir("voxpress"), "store")


@lru_cache(maxsize=8)
def open_store(url: str) -> Store:
    """The store at a canonical URL, the same object each time within a process."""
    return Store(url)


def _take(key: str) -> str:
    return f"takes/{key[:2]}/{key}"


def _record(key: str) -> str:
    return f"clips/{key[:2]}/{key}.json"


def _clip(clip: Clip) -> str:
    return f"clips/{clip.key[:2]}/{clip.key}{codec.FORMATS[clip.format].extension}"


@contextmanager
def _explained(what: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, BaseError) as error:
        # The library's message goes on with a dump of its own structures.
        raise StoreError(f"{what}: {str(error).strip().splitlines()[0]}") from error
