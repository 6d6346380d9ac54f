"""Where the files of a render go: a folder of this machine, or a prefix in an object store.

One file for each kind: `local` keeps a journal of what it wrote; `remote` writes the same facts onto each object.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from voxpress import validation
from voxpress.errors import InputError
from voxpress.files.paths import OWN, REMOTE, is_remote
from voxpress.manifests.file_map import Place
from voxpress.speech import Clip, Hertz, Seconds

REPORT = f"{OWN}/report.jsonl"
"""The report, where it is given no other place."""


@dataclass(frozen=True)
class Stale:
    """Files of former renders that no row asks for any more.

    Attributes:
        known: how many files of former renders are in the folder, asked for or not.
        removable: paths of files that are as voxpress wrote them.
        kept: paths of other files, and why they stay.
    """

    known: int
    removable: tuple[str, ...]
    kept: Mapping[str, str]


class Known(Protocol):
    """What is known of a file that a render wrote, whether a journal or the object itself says it."""

    @property
    def clip(self) -> str:
        """The key of the clip that it holds."""

    @property
    def size(self) -> int: ...

    @property
    def sample_rate(self) -> Hertz: ...

    @property
    def duration(self) -> Seconds: ...


def describe(known: Known, format: str) -> Clip:
    """The clip in a file."""
    return Clip(
        key=known.clip,
        format=format,
        sample_rate=known.sample_rate,
        duration=known.duration,
        size=known.size,
        hit=True,
    )


class OutputFolder(ABC):
    """What a render needs of the place where its files go. It can be pickled: each process opens its own.

    Every method raises StoreError where the place cannot be reached, read or written.

    Attributes:
        name: the folder as it was given, for messages and results.
        overwrite: files that voxpress did not write, or that were changed since, may be replaced.
        is_shared: other processes see what is written.
        at_once: how many rows `look` is best asked about together; 0: none, for each file is looked at when it is asked
            for.
        is_common: several renders may be at work there at once.
    """

    name: str
    overwrite: bool
    is_shared: bool = True
    at_once: int = 0
    is_common: bool = False

    @abstractmethod
    def require(self) -> None:
        """See that it can be read, before anything is planned.

        Raises:
            StoreError: it cannot, or something else is in its place.
        """

    @abstractmethod
    def claim(self) -> AbstractContextManager[None]:
        """Prepare for a render; where two would disturb each other, keep others out.

        Raises:
            StoreError: another one is at work there; the message says which.
        """

    @abstractmethod
    def read_state(self) -> str:
        """What tells the folder from others with its name, while it is claimed."""

    @abstractmethod
    def open_own(self) -> AbstractContextManager[Path]:
        """A folder of this machine whose files are voxpress's own in the output folder, such as the report. Elsewhere
        they are put in their place as the block ends, unless it raises.
        """

    @abstractmethod
    def place(self, path: str) -> Place:
        """A file of the folder that is read, changed and written back."""

    # What stands there

    @abstractmethod
    def look(self, paths: Iterable[str], *, again: bool = False) -> None:
        """Look at many paths at once. `holds`, `holds_request`, `wrote` and `has` answer from what was seen there.

        Args:
            again: also at those that were seen a moment ago.
        """

    @abstractmethod
    def holds(self, path: str, key: str, format: str, request: str = "", segments: int = 0) -> Clip | None:
        """The clip `key`, if it stands at `path`.

        Args:
            request, segments: what is to be known of it, where that was not known yet and costs nothing to note.
        """

    @abstractmethod
    def holds_request(self, path: str, request: str, format: str) -> tuple[Clip, int] | None:
        """What stands at `path`, if that was asked for by the same request, and the number of its segments."""

    @abstractmethod
    def wrote(self, path: str) -> bool:
        """Whether what stands at `path` is as a render wrote it there."""

    @abstractmethod
    def has(self, path: str, data: bytes) -> bool:
        """Whether the file at `path` consists of `data`."""

    @abstractmethod
    def stands(self, path: str) -> bool:
        """Whether any file stands at `path`."""

    @abstractmethod
    def read(self, path: str) -> BinaryIO | None:
        """A file to be read; None if there is none."""

    # Writing

    @abstractmethod
    def publish(self, path: str, clip: Clip, data: bytes, request: str = "", segments: int = 0) -> None:
        """Put a finished clip in its place, whole or not at all.

        Args:
            request, segments: what is to be known of it.

        Raises:
            InputError: something that is not voxpress's to replace is in the place of this file.
            StoreError: no file can be written.
        """

    @abstractmethod
    def sync(self) -> None:
        """Wait until all that was published would survive a loss of power."""

    # Care

    @abstractmethod
    def stale(self, wanted: Collection[int]) -> Stale:
        """What `prune` would delete, and what it would keep.

        Args:
            wanted: `hash(path)` of each file that stays.
        """

    @abstractmethod
    def prune(self, wanted: Collection[int]) -> list[str]:
        """Delete the files of former renders whose `hash(path)` is not in `wanted`; the paths that went."""

    @abstractmethod
    def tidy(self) -> None:
        """Drop what killed processes left, and what is known twice."""


def open_folder(folder: str | os.PathLike[str], overwrite: bool = False) -> OutputFolder:
    """The output folder at a path or a URL.

    >>> open_folder("out/").name, open_folder("s3://bucket/prompts/").name
    ('out', 's3://bucket/prompts')

    Raises:
        InputError: it is no path, or a URL of a kind that voxpress cannot write to.
    """
    from voxpress.rendering.folders.local import LocalFolder
    from voxpress.rendering.folders.remote import RemoteFolder

    path = validation.path(folder, "folder")
    if is_remote(path):
        return RemoteFolder(path, overwrite)
    url = urlsplit(path)
    if url.scheme == "file" and url.path.startswith("/") and url.netloc in ("", "localhost"):
        return LocalFolder(unquote(url.path), overwrite)
    if url.scheme in ("file", *REMOTE) or "://" in path:
        raise InputError(
            f"must be a folder, or an s3://, gs://, az:// or memory: URL, not {path!r}", field="folder"
        )
    return LocalFolder(path, overwrite)


def refuse(place: str) -> InputError:
    """The error of a file that is not voxpress's to replace."""
    return InputError(
        f"cannot write {place}: a file is there that voxpress did not write, or that was changed since; move it away,"
        " or allow it with --overwrite"
    )
