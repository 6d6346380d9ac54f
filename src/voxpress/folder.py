"""The output folder: which file a row gets, what a former render left there, and how a file comes to stand there.

``.voxpress/journal.jsonl`` in the folder is its journal: one line per file written, saying which clip it holds and
how the file looked. A file is up to date when its line names the wanted clip and the file still looks the same, so
that a million finished rows are confirmed without the store. The line is written before the file takes its name:
whatever stands in the folder is either in the journal or was not put there by voxpress.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import struct
import time
import unicodedata
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from io import FileIO
from pathlib import Path

import msgspec

from voxpress import codec
from voxpress.errors import InputError, StoreError
from voxpress.speech import Clip, Hertz, Seconds

OWN = ".voxpress"
"""The only name in an output folder that no row can have."""
JOURNAL = f"{OWN}/journal.jsonl"
STAGING = f"{OWN}/staging"
STALE: Seconds = 3600.0
"""A file in staging that is older belongs to a process that was killed."""
LOOKS = 4
"""Lines kept of one clip at one path: of writers at once, the last to note it need not be the last to rename."""

_USUAL = re.compile(
    r"(?:[0-9a-z_-]{5,60}/|[0-9_-][0-9a-z_-]{,60}/){,8}(?:[0-9a-z_-]{5,50}|[0-9_-][0-9a-z_-]{,50})\.\w{1,8}",
    re.ASCII,
)
"""What nearly all paths are like, and never wrong: told apart in a tenth of the time."""
_FORBIDDEN = re.compile(r'[<>:"|?*\\\u034f\u115f\u1160\u3164\uffa0]')
"""What Windows gives a meaning to, and letters that nobody sees."""
_UNSEEN = frozenset(("Cc", "Cf", "Cn", "Cs", "Zl", "Zp"))
"""Unicode categories: control and format characters, what is unassigned, surrogates, separators of lines."""
_JOINERS = re.compile("[\u200c\u200d]")
"""Format characters that scripts of Iran and India, and emoji, are written with. Some file systems ignore them."""
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE | re.ASCII)
_LONGEST_NAME = 240
_LONGEST_PATH = 1000


def safe_path(path: str) -> str:
    """`path` as a relative path that stays inside the folder, and that Linux, macOS and Windows can all have.

    >>> safe_path("digits//1.wav")
    'digits/1.wav'

    Raises:
        InputError: it is empty, absolute, leads out of the folder, or holds what file names cannot.
    """
    if _USUAL.fullmatch(path):
        return path
    if found := _FORBIDDEN.search(path) or next((c for c in path if _unseen(c)), None):
        character = found if isinstance(found, str) else found[0]
        shown = repr(character) if character.isprintable() and character.isascii() else f"U+{ord(character):04X}"
        raise InputError(f"{path!a} holds {shown}, which file names cannot have on every system")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or not parts or path.endswith("/"):
        raise InputError(f"{path!r} is not a relative path to a file")
    for part in parts:
        if problem := _wrong(part):
            raise InputError(f"{path!r} {problem}")
    if len(path) > _LONGEST_PATH // 4 and len(path.encode()) > _LONGEST_PATH:
        raise InputError(f"{path[:60]!r}… has more than {_LONGEST_PATH} bytes")
    return "/".join(parts)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN and not _JOINERS.match(character)


def _wrong(name: str) -> str:
    """Why no file or folder can have that name on every system; empty where it can."""
    if name == "..":
        return "leads out of the output folder"
    if name[-1] in ". ":
        return f"holds the name {name!r}, which ends with a dot or a space: Windows drops it"
    if len(name) > _LONGEST_NAME // 4 and len(name.encode()) > _LONGEST_NAME:
        return f"holds a name of more than {_LONGEST_NAME} bytes"
    if _RESERVED.fullmatch(name) or identity(name) == OWN:
        return f"holds the reserved name {name!r}"
    return ""


def identity(path: str) -> str:
    """What two paths have in common that some file systems would take for one file.

    >>> identity("Digits/É.wav") == identity("digits/é.WAV")
    True
    """
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", _JOINERS.sub("", path)).casefold())


def named_file(id: str, format: str) -> str:
    """The path of the one file of `format` that is made of `id`: an audio extension that `id` has names the format.

    >>> named_file("menu/welcome", "mp3"), named_file("menu/welcome.mp3", "mp3"), named_file("v1.2", "mp3")
    ('menu/welcome.mp3', 'menu/welcome.mp3', 'v1.2.mp3')

    Raises:
        InputError: the extension is that of another format.
    """
    if format_in(id) is None:
        return f"{id}.{codec.FORMATS[format].extension}"
    require_extension(id, codec.FORMATS[format])
    return id


def format_in(path: str) -> codec.Format | None:
    """The format that the extension of `path` stands for; None where it is no extension of audio.

    >>> format_in("menu/a.wav").name, format_in("v1.2"), format_in(".wav")
    ('wav', None, None)

    Raises:
        UnsupportedOption: it stands for more than one.
    """
    extension = os.path.splitext(path)[1][1:]
    if not any(extension.lower() in each.extensions for each in codec.FORMATS.values()):
        return None
    return codec.format_for(path)


def require_extension(path: str, format: codec.Format) -> None:
    """Check that a file of `format` may be called `path`.

    Raises:
        InputError: its extension is that of another format.
    """
    extension = os.path.splitext(path)[1][1:]
    own = (extension, extension.lower()) if format.name != "wav49" else (extension,)
    known = any(extension.lower() in each.extensions for each in codec.FORMATS.values())
    if known and not any(each in format.extensions for each in own):
        raise InputError(
            f"{path!r} names a file of another format than {format.name!r}: change the extension or the format"
        )


class Paths:
    """Paths that are given away: no two are one file, and none is a file where another needs a folder.

    >>> paths = Paths()
    >>> paths.take("q.wav", 0), paths.take("Q.wav", 1), paths.take("q.wav/b.wav", 2)
    (None, 0, 0)
    """

    def __init__(self) -> None:
        self._files: dict[int, int] = {}
        # By hash of the identity, as a million paths would fill the memory. Folders are few.
        self._folders: dict[str, int] = {}

    def take(self, path: str, owner: int) -> int | None:
        """Give `path` to `owner`; or whose path is in its way, and then nothing is given."""
        own = identity(path)
        found = self._files.get(hash(own), self._folders.get(own))
        if found is not None and found != owner:
            return found
        folder = own.rpartition("/")[0]
        new = []
        while folder and folder not in self._folders:
            if (found := self._files.get(hash(folder))) is not None:
                return found
            new.append(folder)
            folder = folder.rpartition("/")[0]
        self._folders.update(dict.fromkeys(new, owner))
        self._files[hash(own)] = owner
        return None


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One line of the journal."""

    path: str
    clip: str
    """Its key."""
    size: int
    mtime_ns: int
    sample_rate: Hertz
    duration: Seconds


class Folder:
    """An output folder of this machine.

    Args:
        path: created with its parents when the first file is published.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._place = str(self.path)
        # By hash of the path: a million entries as objects would take half a gigabyte.
        self._entries: dict[int, bytes] | None = None
        self._journal: FileIO | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return open_folder, (str(self.path),)

    def holds(self, path: str, key: str, format: str) -> Clip | None:
        """The clip `key`, if it stands at `path`, going by the journal and the look of the file."""
        if self._entries is None:
            self._entries = {}
            for entry in self._lines():
                with suppress(ValueError, struct.error):  # a line that voxpress did not write
                    name, look = hash(entry.path), _packed(entry)
                    former = self._entries.get(name, b"")
                    same = former[:16] == look[:16]
                    self._entries[name] = look + former[: (LOOKS - 1) * _PACKED.size] if same else look
        known = self._entries.get(hash(path))
        if known is None:
            return None
        if known[:16] != bytes.fromhex(key[:32]):
            return None
        try:
            status = os.stat(f"{self._place}/{path}")
        except OSError:
            return None
        for _, size, mtime_ns, sample_rate, duration in _PACKED.iter_unpack(known):
            if status.st_size == size and status.st_mtime_ns == mtime_ns:
                return Clip(
                    key=key, format=format, sample_rate=sample_rate, duration=duration, size=size, hit=True
                )
        return None

    def has(self, path: str, data: bytes) -> bool:
        """Whether the file at `path` consists of `data`."""
        try:
            return (self.path / path).read_bytes() == data
        except OSError:
            return False

    def publish(self, path: str, clip: Clip, data: bytes) -> None:
        """Put a finished clip in its place, whole or not at all.

        Raises:
            InputError: there is a folder in the place of the file, or a file in the place of one of its folders.
            StoreError: the folder cannot be written.
        """

        def note(temporary: str) -> None:
            status = os.stat(temporary)
            entry = Entry(path, clip.key, status.st_size, status.st_mtime_ns, clip.sample_rate, clip.duration)
            # The line end comes first: it ends what a killed process or a full disk has left unfinished.
            line = b"\n" + msgspec.json.encode(entry)
            if journal.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with self._appending() as journal:
            try:
                codec.write(f"{self.path}/{path}", data, staging=f"{self.path}/{STAGING}", before_rename=note)
            except StoreError as error:
                if isinstance(error.__cause__, (IsADirectoryError, NotADirectoryError, FileExistsError)):
                    raise InputError(str(error)) from error  # in the way of this file and of no other
                raise

    def prune(self, wanted: Collection[int]) -> list[str]:
        """Delete the files of former renders whose `hash(path)` is not in `wanted`; the paths that went.

        A file that does not look as it was written is somebody else's by now, and stays.

        Raises:
            StoreError: a file cannot be deleted.
        """
        if not (self.path / JOURNAL).exists():
            return []
        with self._appending(alone=True):
            stale: dict[str, set[tuple[int, int]]] = {}
            for entry in self._lines():
                if hash(entry.path) not in wanted:
                    stale.setdefault(entry.path, set()).add((entry.size, entry.mtime_ns))
            removed = [path for path, looks in stale.items() if self._removed(path, looks)]
            self._rewrite(without=stale)
        return removed

    def _removed(self, path: str, looks: Collection[tuple[int, int]]) -> bool:
        target = self.path / path
        try:
            safe_path(path)
            status = target.lstat()
            if not stat.S_ISREG(status.st_mode) or (status.st_size, status.st_mtime_ns) not in looks:
                return False
            if not target.parent.resolve().is_relative_to(self.path.resolve()):
                return False  # behind a link
            target.unlink()
        except (InputError, FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise StoreError(f"cannot delete {target}: {error.strerror}") from error
        _remove_empty(target.parent, self.path)
        return True

    def tidy(self) -> None:
        """Drop lines of the journal that later lines replace, when they are more than half of it, and what
        killed processes left in staging.
        """
        lines = 0
        seen: set[int] = set()
        for entry in self._lines():
            lines += 1
            seen.add(hash(entry.path))
        if lines > 2 * len(seen) + 1000:
            with self._appending(alone=True):
                self._rewrite()
        for left in (self.path / STAGING).glob("*"):
            with suppress(FileNotFoundError):  # another process tidies too
                if time.time() - left.stat().st_mtime > STALE:
                    left.unlink()

    def _rewrite(self, without: Collection[str] = frozenset()) -> None:
        """Write the journal anew, holding it alone: the last lines of each path, as far as they name one clip."""
        last: dict[str, list[Entry]] = {}
        for entry in self._lines():
            if entry.path not in without:
                former = last.get(entry.path, [])
                same = bool(former) and former[-1].clip == entry.clip
                last[entry.path] = [*former[1 - LOOKS :], entry] if same else [entry]
        lines = b"".join(msgspec.json.encode(entry) + b"\n" for entries in last.values() for entry in entries)
        codec.write(self.path / JOURNAL, lines, staging=self.path / STAGING)
        self._entries = None

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
        path = f"{self.path}/{JOURNAL}"
        while True:
            if self._journal is None:
                os.makedirs(self.path / OWN, exist_ok=True)
                self._journal = open(path, "ab", buffering=0)  # noqa: SIM115 - kept from file to file
            fcntl.flock(self._journal, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            with suppress(FileNotFoundError):
                if os.fstat(self._journal.fileno()).st_ino == os.stat(path).st_ino:
                    return self._journal
            self._journal.close()  # another process replaced it
            self._journal = None

    def _lines(self) -> Iterator[Entry]:
        decode = msgspec.json.Decoder(Entry).decode
        try:
            with (self.path / JOURNAL).open("rb") as lines:
                for line in lines:
                    try:
                        yield decode(line)
                    except (msgspec.DecodeError, UnicodeDecodeError):
                        continue  # a line that was not finished, or the end of one
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"cannot read {self.path / JOURNAL}: {error.strerror}") from error


@lru_cache(maxsize=8)
def open_folder(path: str) -> Folder:
    """The folder at `path`, the same object each time within a process."""
    return Folder(path)


_PACKED = struct.Struct("<16sQQId")


def _packed(entry: Entry) -> bytes:
    key = bytes.fromhex(entry.clip[:32])
    return _PACKED.pack(key, entry.size, entry.mtime_ns, entry.sample_rate, entry.duration)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
