"""Sounds from files that a text names: they lie beside the manifest, and are known by what is in them."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from voxpress.audio import sandbox
from voxpress.audio.decoding import Bounds, recognise
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, show
from voxpress.files.formats import FORMATS, format_for
from voxpress.rendering import beside
from voxpress.rendering.plan import PlacedSound
from voxpress.text import Bookmark, Note, Part, Pause, Say, Silence, Sound, Tone

LARGEST = 256 * 2**20
"""Bytes of a file."""
BOUNDS = Bounds(samples=600 * 48_000, longest=600.0)

_RAW = frozenset(
    extension
    for each in FORMATS.values()
    if each.container in ("RAW", "g722")
    for extension in each.extensions
)


def place_all(
    parts: Iterable[Part], folder: str | None, notes: list[str]
) -> Iterator[Say | PlacedSound | Pause | Silence | Tone | Bookmark]:
    """The parts of a text with its sounds found, or with what the text names in their place.

    Args:
        folder: where sounds lie; None: nowhere.
        notes: gets what a user should know.

    Raises:
        InputError: a sound cannot be used, and the text names nothing in its place.
    """
    for part in parts:
        if isinstance(part, Note):
            notes.append(part.text)
        elif isinstance(part, Sound):
            try:
                yield place(part, folder)
            except InputError as error:
                if not part.instead:
                    raise
                notes.append(f"{error.problem}: what is written in its place is heard")
                yield from place_all(part.instead, folder, notes)
        else:
            yield part


def place(sound: Sound, folder: str | None) -> PlacedSound:
    """A sound's file, and the digest of what is in it.

    Raises:
        InputError: there is no such file in the folder, or the text may name none.
    """
    path, changed, size = beside.find(sound.file, folder, "sound")
    if size > LARGEST:
        raise InputError(f"the sound {show(sound.file)} has {size:,} bytes, and {LARGEST:,} are allowed")
    return PlacedSound(_digest(path, changed, size), sound.gain, path)


@functools.lru_cache(maxsize=4096)
def _digest(path: str, changed: int, size: int) -> str:  # noqa: ARG001 - a file that changed is read again
    """The digest of a file's content."""
    try:
        with Path(path).open("rb") as file:
            if not _is_raw(path):
                recognise(file)
                file.seek(0)
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"the sound {show(path)} cannot be read: {error.strerror}") from error
    except InputError as error:
        raise InputError(f"the sound {show(path)}: {error.problem}") from error


@functools.lru_cache(maxsize=4)
def read(path: str, sha256: str) -> Audio:
    """The sound in a file, decoded in a process of its own.

    Raises:
        InputError: the file is no audio, or has changed.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"the sound {show(path)} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"the sound {show(path)} has changed since its row was read: run this again")
    try:
        return _decoder().decode(data, format_for(path).name if _is_raw(path) else None, bounds=BOUNDS)
    except InputError as error:
        raise InputError(f"the sound {show(path)}: {error.problem}") from error


def _is_raw(path: str) -> bool:
    """Whether the extension names a format without a header."""
    return os.path.splitext(path)[1].lower()[1:] in _RAW


@functools.cache
def _decoder() -> sandbox.Decoder:
    """One for all sounds of this process."""
    return sandbox.Decoder()
