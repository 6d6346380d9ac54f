"""The content-addressed store of takes and clips.

A take is what an engine said for one segment, lossless and with its timings; a clip is a finished file. Both are named
by what they were made from, and checked against their checksum when they are read: a broken object counts as missing
and is written again. Beside a take may lie what a recogniser made of it: a verdict.
docs/store.md says what is in a key and why.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedIOBase
from itertools import groupby, islice, zip_longest
from pathlib import Path, PurePosixPath
from typing import TypeVar

import msgspec

from voxpress.audio import codec
from voxpress.audio.waveform import Audio
from voxpress.errors import StoreError
from voxpress.files import formats, home
from voxpress.files.paths import REMOTE
from voxpress.speech import Clip, Hertz, Mark, Seconds
from voxpress.store.backends import Entry, LocalObjects, Objects, RemoteObjects
from voxpress.store.claims import FOLDER as _CLAIMS
from voxpress.store.claims import Claims
from voxpress.store.maintenance import Inventory, Thing, kind_of
from voxpress.text.wer import Score

_MOST_LOOKS = 10_000
_REMOVED, _VERIFIED, _VERIFIED_LARGE = 1000, 256, 16
"""Objects at a time; those that are verified are in memory."""
_LARGE = frozenset(("clips", "files"))
"""Objects that are removed or verified at once; those that are verified are in memory."""
GRACE: Seconds = 3600.0
"""Objects used more recently than this are never pruned: a running render may be about to read them."""

T = TypeVar("T")


class Usage(msgspec.Struct, frozen=True):
    """How much a part of the store holds."""

    count: int = 0
    size: int = 0
    """Bytes."""


_SEAL = re.compile(rb'\n"([0-9a-f]{64})"\n\Z')
"""Second line of a record: the digest of the first."""


@dataclass(frozen=True, eq=False)
class Kept(Audio):
    """A take as the store has it.

    Attributes:
        sha256: of the object: another reading under the same key has another one.
    """

    sha256: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a recogniser made of a take."""

    key: str = ""
    """Of the take; the store fills it in."""
    take: str
    """The take's `Kept.sha256`."""
    recogniser: str = msgspec.field(name="ear")
    """The recogniser's fingerprint."""
    attempts: int
    """How many readings were heard before this one was settled on, and this one."""
    heard: str
    score: Score


class _TakeRecord(msgspec.Struct, array_like=True):
    marks: tuple[Mark, ...]
    flac: bytes
    key: str = ""
    """So that a take in the place of another is told from it; empty in those that were written without."""


class _ClipRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the store keeps of a clip beside its bytes."""

    key: str
    format: str
    sample_rate: Hertz
    duration: Seconds
    size: int
    sha256: str = ""
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()
    takes: str = ""


class Store:
    """Takes and clips under one URL.

    Args:
        url: a path, or ``file:``, ``s3:``, ``gs:``, ``az:`` or ``memory:`` URL. Credentials are found as the tools
            of S3, Google and Azure find them.
        patient: whether a service elsewhere is waited for even if it has never answered.

    >>> store = Store("memory:")
    >>> store.take("00" * 32) is None
    True

    Raises:
        StoreError: the URL cannot be opened.
    """

    def __init__(self, url: str | os.PathLike[str], *, patient: bool = False) -> None:
        self.url = canonical_url(url)
        self.folder = self.url.removeprefix("file://") if self.url.startswith("file://") else None
        """Where the store lies on this machine; None when it lies elsewhere."""
        self._looks: dict[str, tuple[int, int, int]] = {}
        """Of clips, when they were last compared with their checksums as a whole file."""
        self._objects: Objects = (
            LocalObjects(self.folder) if self.folder else RemoteObjects(self.url, patient=patient)
        )

    def __reduce__(self) -> tuple[object, ...]:
        return _reopen, (self.url,)

    @property
    def is_shared(self) -> bool:
        """Whether other processes see it."""
        return not self.url.startswith("memory:")

    def require(self) -> None:
        """See that the store answers.

        Raises:
            StoreError: it does not, or there is no such bucket.
        """
        # Of one object, S3 says "not found" also where there is no bucket.
        next(self._objects.entries(), None)

    # Takes

    def take(self, key: str) -> Kept | None:
        """The take, or None if there is none or it is broken."""
        data = self._read_checked(_take_name(key))
        record = None if data is None else _decode_take(data, key)
        if data is None or record is None:
            return None
        sound = codec.from_flac(record.flac)
        return Kept(sound.samples, sound.sample_rate, record.marks, data[:32].hex())

    def put_take(self, key: str, audio: Audio) -> Kept:
        """Write a take, FLAC and its marks; the audio as it will be read back."""
        kept, flac = codec.to_flac(audio)
        body = msgspec.msgpack.encode(_TakeRecord(audio.marks, flac, key))
        digest = hashlib.sha256(body)
        self._objects.put(_take_name(key), digest.digest() + body)
        return Kept(kept.samples, kept.sample_rate, audio.marks, digest.hexdigest())

    def keep_take(self, key: str, audio: Audio) -> Kept:
        """Write a take, unless a sound one is there by now: the one that is there then.

        Another render may have spoken it meanwhile, and a recogniser may have chosen it.
        """
        there = self.take(key) if self.take_sha256(key) else None
        return there or self.put_take(key, audio)

    def drop_take(self, key: str) -> None:
        """Remove a take, if it is there."""
        self._objects.delete(_take_name(key))

    def take_sha256(self, key: str) -> str | None:
        """`Kept.sha256` of the take, which is not read; None if there is none."""
        head = self._objects.head(_take_name(key), 32)
        return None if head is None else head.hex()

    def missing_takes(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that have no take."""
        return self._missing({_take_name(key): key for key in keys})

    # Verdicts

    def verdict(self, key: str) -> Verdict | None:
        """The verdict on the take as it lies in the store, or None if there is none."""
        verdict = self._unseal(_verdict_name(key), Verdict)
        if verdict is None or verdict.key not in (key, "") or verdict.take != self.take_sha256(key):
            return None
        return verdict

    def verdicts(self, keys: Collection[str]) -> dict[str, Verdict]:
        """The verdicts on all takes of `keys` that have one."""
        found = self._objects.each(self.verdict, keys)
        return {key: verdict for key, verdict in zip(keys, found, strict=True) if verdict}

    def put_verdict(self, key: str, verdict: Verdict) -> None:
        """Write a verdict, or replace one."""
        self._objects.put(_verdict_name(key), _seal(msgspec.structs.replace(verdict, key=key)))

    # Clips

    def clip(self, key: str) -> Clip | None:
        """What is known of the clip, or None if it is not in the store. Its bytes are not read."""
        record = self._unseal(_record_name(key), _ClipRecord)
        if record is None or record.key != key or record.format not in formats.FORMATS:
            return None
        self._objects.missing([_record_name(key)])  # notes the use
        return Clip(**msgspec.structs.asdict(record), hit=True, path=self._path(record))

    def read(self, clip: Clip, *, verify: bool = True) -> bytes | None:
        """The clip's bytes, or None if they are gone or broken.

        Args:
            verify: compare them with the checksum. Without, only with the size: for who did so a moment ago, and sees
                by `look` that nothing has changed.
        """
        data = self._objects.get(_clip_name(clip))
        if data is None or len(data) != clip.size:
            return None
        if verify and hashlib.sha256(data).hexdigest() != clip.sha256:
            return None
        return data

    def open(self, clip: Clip, *, verify: bool = True) -> BufferedIOBase | None:
        """The clip's bytes as a file, or None if they are gone or broken.

        Args:
            verify: as for `read`.
        """
        file = self._objects.open(_clip_name(clip))
        if file is None:
            return None
        look = self.look(clip)
        sound = file.seek(0, os.SEEK_END) == clip.size
        if sound and verify and (look is None or self._looks.get(clip.key) != look):
            file.seek(0)
            sound = hashlib.file_digest(file, "sha256").hexdigest() == clip.sha256
        if not sound:
            file.close()
            return None
        if verify and look is not None:
            # A part of a long clip would cost as much as all of it.
            if len(self._looks) >= _MOST_LOOKS:
                self._looks.clear()
            self._looks[clip.key] = look
        file.seek(0)
        return file

    def look(self, clip: Clip) -> tuple[int, int, int] | None:
        """What changes when the clip's file does: inode, size and time of change; None where the store has no files."""
        if self.folder is None:
            return None
        try:
            status = os.stat(f"{self.folder}/{_clip_name(clip)}")
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def put_clip(self, clip: Clip, data: bytes) -> Clip:
        """Write a clip; its record comes last, so that a clip that can be found is complete."""
        self._objects.put(_clip_name(clip), data)
        record = _ClipRecord(**{name: getattr(clip, name) for name in _ClipRecord.__struct_fields__})
        self._objects.put(_record_name(clip.key), _seal(record))
        return msgspec.structs.replace(clip, path=self._path(clip))

    def sidecar(self, key: str, extension: str) -> bytes | None:
        """A file with the marks of a clip, or None if it is not in the store or broken."""
        name = _sidecar_name(key, extension)
        data = self._read_checked(name)
        if data is None:
            return None
        self._objects.missing([name])  # notes the use
        return data[32:]

    def put_sidecar(self, key: str, extension: str, data: bytes) -> None:
        """Write a file with the marks of a clip under the digest of what it says, unless it is there."""
        if self.sidecar(key, extension) != data:
            self._objects.put(_sidecar_name(key, extension), hashlib.sha256(data).digest() + data)

    def missing_clips(self, keys: Iterable[str]) -> set[str]:
        """Those of `keys` that have no clip."""
        return self._missing({_record_name(key): key for key in keys})

    # Files that workers on other machines need: weights, samples of voices, sounds

    def lend_file(self, sha256: str, path: Path) -> None:
        """Write what is in a file, under its digest, unless it is there."""
        name = _file_name(sha256)
        if self._objects.missing([name]):
            self._objects.upload(name, path)

    def drop_file(self, sha256: str) -> None:
        """Remove such a file, if it is there."""
        self._objects.delete(_file_name(sha256))

    def fetch_file(self, sha256: str, path: Path) -> bool:
        """Write the file with that digest to `path`; whether it is there and sound."""
        if not self._objects.download(_file_name(sha256), path):
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256

    def _path(self, clip: Clip | _ClipRecord) -> str:
        return f"{self.folder}/{_clip_name(clip)}" if self.folder else ""

    def sync(self) -> None:
        """Wait until all that was written would survive a loss of power.

        Raises:
            StoreError: the disk refuses.
        """
        self._objects.sync()

    def claims(self, owner: str, seconds: Seconds = 10.0) -> Claims:
        """Claims of a process that shares the store with others; see `voxpress.store.claims`."""
        return Claims(self._objects, owner, seconds)

    # Care

    def stats(self) -> dict[str, Usage]:
        """What the store holds, by kind."""
        kinds = {"takes": Usage(), "clips": Usage()}
        for thing in self._inventory().things():
            former = kinds.get(thing.kind, Usage())
            kinds[thing.kind] = Usage(former.count + thing.whole, former.size + thing.size)
        return kinds

    def verify(self) -> Iterator[str]:
        """Read everything, remove what is broken, and yield the name of each object that was."""
        for kind, entries in groupby(self._entries(), key=lambda entry: entry.name.partition("/")[0]):
            names = (entry.name for entry in entries)
            while batch := list(islice(names, _VERIFIED_LARGE if kind in _LARGE else _VERIFIED)):
                for name, sound in zip(batch, self._objects.each(self._is_sound, batch), strict=True):
                    if not sound:
                        self._objects.delete(name)
                        yield name

    def _is_sound(self, name: str) -> bool:
        """Whether an object says what its name says, and is whole; a clip is judged by its record."""
        key = PurePosixPath(name).stem
        if name.startswith("takes/"):
            data = self._read_checked(name)
            return data is not None and _decode_take(data, key) is not None
        if name.startswith("verdicts/"):
            verdict = self._unseal(name, Verdict)
            return verdict is not None and verdict.key in (key, "")
        if name.startswith("marks/"):
            return self._read_checked(name) is not None
        if name.startswith("files/"):
            with tempfile.TemporaryDirectory() as folder:
                return self.fetch_file(key, Path(folder, key))
        if name.endswith(".json"):
            clip = self.clip(key)
            return clip is not None and self.read(clip) is not None
        return True

    def prune(self, *, max_bytes: int | None = None, older_than: Seconds | None = None) -> Usage:
        """Remove what was used longest ago, until the limits hold; what was removed.

        A store on this machine notes each use; elsewhere an object's age counts from when it was written. What was used
        within `GRACE` stays, and a render that finds a take gone speaks it again. A use in the future counts
        as one now. Claims that a process left behind go too, and are not counted.

        Args:
            max_bytes: largest size of the whole store.
            older_than: seconds since the last use beyond which an object goes.
        """
        now = time.time()
        inventory = Inventory()
        for entry in self._objects.entries():
            inventory.add(entry.name, entry.size, entry.used)
            if entry.name.startswith(f"{_CLAIMS}/") and now - entry.used > GRACE:
                self._objects.delete(entry.name)
        count = removed = 0
        batch: list[Thing] = []
        for thing in inventory.things():
            if thing.used > now:
                self._objects.missing(thing.names)  # notes the use, from which its age counts then
            too_old = older_than is not None and now - thing.used > older_than
            too_much = max_bytes is not None and inventory.size - removed > max_bytes
            if now - thing.used <= GRACE or not (too_old or too_much):
                continue
            batch.append(thing)
            count, removed = count + 1, removed + thing.size
            if len(batch) == _REMOVED:
                self._remove(batch)
                batch = []
        self._remove(batch)
        return Usage(count, removed)

    def _remove(self, things: Sequence[Thing]) -> None:
        """Remove objects, of each thing in order: no clip goes before its record."""
        for names in zip_longest(*(thing.names for thing in things)):
            self._objects.delete_all([name for name in names if name])

    def _inventory(self) -> Inventory:
        inventory = Inventory()
        for entry in self._objects.entries():
            inventory.add(entry.name, entry.size, entry.used)
        return inventory

    # Objects

    def _entries(self) -> Iterator[Entry]:
        return (entry for entry in self._objects.entries() if kind_of(entry.name))

    def _read_checked(self, name: str) -> bytes | None:
        data = self._objects.get(name)
        if data is None or hashlib.sha256(memoryview(data)[32:]).digest() != data[:32]:
            return None
        return data

    def _unseal(self, name: str, kind: type[T]) -> T | None:
        data = self._objects.get(name)
        if data is None:
            return None
        seal = _SEAL.search(data, max(0, len(data) - 68))
        if seal is None or hashlib.sha256(data[: seal.start()]).hexdigest().encode() != seal[1]:
            return None
        try:
            return msgspec.json.decode(data[: seal.start()], type=kind)
        except msgspec.DecodeError:  # another version's
            return None

    def _missing(self, names: Mapping[str, str]) -> set[str]:
        return {names[name] for name in self._objects.missing(names)}


def canonical_url(url: str | os.PathLike[str]) -> str:
    """One spelling for each store: a path becomes a ``file:`` URL.

    >>> canonical_url("/var/cache/voxpress"), canonical_url("memory:")
    ('file:///var/cache/voxpress', 'memory:///')

    Raises:
        StoreError: a scheme that is not known.
    """
    text = os.fspath(url)
    scheme, colon, rest = text.partition(":")
    if text and (not colon or "/" in scheme):
        return "file://" + os.path.abspath(os.path.expanduser(text))
    match scheme:
        case "file":
            if rest.startswith("//") and not rest.startswith("///"):
                raise StoreError(
                    f"cannot use {text!r} as a store: a file: URL has three slashes, file:///folder"
                )
            return "file://" + os.path.abspath(rest.removeprefix("//"))
        case "memory":
            return "memory:///"
        case _ if scheme in REMOTE:
            return text.rstrip("/")
    raise StoreError(f"cannot use {text!r} as a store: give a path or a file:, s3:, gs:, az: or memory: URL")


def default_url() -> str:
    """A folder in the user's cache directory."""
    return str(home.cache("store"))


@lru_cache(maxsize=8)
def _reopen(url: str) -> Store:
    """The store of the process that sent it: there it has answered."""
    return Store(url, patient=True)


@lru_cache(maxsize=8)
def open_store(url: str) -> Store:
    """The store at a canonical URL, the same object each time within a process."""
    return Store(url)


def _take_name(key: str) -> str:
    return f"takes/{key[:2]}/{key}"


def _record_name(key: str) -> str:
    return f"clips/{key[:2]}/{key}.json"


def _decode_take(data: bytes, key: str) -> _TakeRecord | None:
    """What an object that matches its checksum says; None if it is no take, or another one."""
    try:
        record = msgspec.msgpack.decode(memoryview(data)[32:], type=_TakeRecord)
    except msgspec.DecodeError:
        return None
    return record if record.key in (key, "") else None


def _verdict_name(key: str) -> str:
    return f"verdicts/{key[:2]}/{key}.json"


def _seal(record: msgspec.Struct) -> bytes:
    facts = msgspec.json.encode(record)
    return b'%b\n"%b"\n' % (facts, hashlib.sha256(facts).hexdigest().encode())


def _sidecar_name(key: str, extension: str) -> str:
    return f"marks/{key[:2]}/{key}.{extension}"


def _file_name(sha256: str) -> str:
    return f"files/{sha256[:2]}/{sha256}"


def _clip_name(clip: Clip | _ClipRecord) -> str:
    return f"clips/{clip.key[:2]}/{clip.key}.{formats.FORMATS[clip.format].extension}"
