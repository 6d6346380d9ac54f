"""ONNX Runtime's sessions over graphs that are rewritten and optimised once, and then load quickly.

A rewrite takes seconds, and ONNX Runtime optimises a graph for a second or more whenever it loads it. So voxpress keeps
the optimised graph, with its weights in a file that processes map and share. ONNX Runtime's version and the processor
decide how it is optimised, and are part of its name. It is in the folder `KEPT` beside the original weights, or in the
user's cache if that folder is read-only.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import os
import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from voxpress.engines._onnx import runtime
from voxpress.errors import EngineError, ModelUnavailable, UnsupportedOption
from voxpress.files import home, locks
from voxpress.models.catalogue import KEPT, digest
from voxpress.speech import Seconds

if TYPE_CHECKING:
    import onnxruntime

_UNUSED: Seconds = 30 * 86400.0
"""Age since the last use at which a kept graph is removed, when another one is made."""
_OURS = re.compile(r"[0-9a-f]{32}-[0-9a-f]{8}(-[0-9a-f]{8})?(\.onnx)?")
_MAKING = ".making-"
_OPTIMISED, _WEIGHTS, _PLAIN = "model.onnx", "weights.bin", "plain.onnx"


class Graph(Protocol):
    """A graph that can be written to a file, such as an `onnx.ModelProto`."""

    def SerializeToString(self) -> bytes: ...  # noqa: N802 - as protobuf names it


Rewrite = Callable[[Path], Graph]
"""Reads a model and rewrites it, such as `voxpress.engines._onnx.preparation.prepare_piper`."""


def prepare(source: Path, rewrite: Rewrite) -> None:
    """Make the graph that `session` loads on the CPU, unless it is there.

    Raises:
        ModelUnavailable: `source` cannot be read or rewritten, or the result cannot be written.
    """
    _keep_prepared(source, rewrite, _machine_digest())


def session(source: Path, rewrite: Rewrite, device: str, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session over a model that `rewrite` has changed.

    Args:
        device: ``auto`` and ``cpu`` mean the CPU, where the sound is the same to the bit for a seed; ``cuda`` and
            ``cuda:1`` mean that GPU and no other.
        threads: of the CPU.

    Raises:
        EngineError: there is no such GPU, or ONNX Runtime has no support for it.
        ModelUnavailable: as for `prepare`.
        UnsupportedOption: the device is of another kind.
    """
    if device in {"auto", "cpu"}:
        folder = _keep_prepared(source, rewrite, _machine_digest())
        try:
            return _open_kept(folder, threads)
        except _error_types():  # a damaged file: the graph is made again
            shutil.rmtree(folder, ignore_errors=True)
            return _open_kept(_keep_prepared(source, rewrite, _machine_digest()), threads)
    kind, _, number = device.partition(":")
    if kind != "cuda":
        raise UnsupportedOption(f"ONNX models run on 'cpu' and 'cuda', not on {device!r}")
    import onnxruntime

    cuda = "CUDAExecutionProvider"
    if cuda not in onnxruntime.get_available_providers():
        raise EngineError(f"device {device!r} needs ONNX Runtime for GPUs: run  pip install onnxruntime-gpu")
    graph = _keep_prepared(source, rewrite, "")
    opened = onnxruntime.InferenceSession(
        str(graph / _PLAIN), providers=[(cuda, {"device_id": number or "0"})]
    )
    if cuda not in opened.get_providers():
        raise EngineError(f"ONNX Runtime cannot use device {device!r}: check the driver, CUDA and cuDNN")
    return opened


def _open_kept(folder: Path, threads: int) -> onnxruntime.InferenceSession:
    optimised = folder / _OPTIMISED
    if optimised.exists():
        return runtime.session(optimised, threads, optimised=True)
    return runtime.session(folder / _PLAIN, threads)


def _error_types() -> tuple[type[Exception], ...]:
    """ONNX Runtime's exceptions, which have no common class."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return tuple(
        each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception)
    )


@functools.cache
def _machine_digest() -> str:
    """Digest of everything besides the graph that decides how it is optimised."""
    import onnxruntime  # has its version in itself: the distribution may be another one, such as onnxruntime-gpu

    try:
        features = [
            line
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith(("flags", "Features"))
        ]
    except OSError:
        features = [platform.processor()]
    facts = [onnxruntime.__version__, platform.machine(), *features[:1]]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:8]


@functools.cache
def _code_digest(folder: Path) -> str:
    """Digest of a rewrite's code, which is all in one folder."""
    digests = [digest(file) for file in sorted(folder.glob("*.py"))]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:8]


def _keep_prepared(source: Path, rewrite: Rewrite, machine: str) -> Path:
    """The folder with the rewritten `source`, optimised for `machine`; empty: not optimised.

    It is made once. If two workers need it at once, one makes it and the other waits.
    """
    name = "-".join(
        filter(None, (digest(source)[:32], _code_digest(Path(inspect.getfile(rewrite)).parent), machine))
    )
    places = [source.resolve().parent / KEPT, home.cache("prepared")]
    for place in places:
        if (place / name).is_dir():
            with contextlib.suppress(OSError):  # it may be somebody else's
                os.utime(place / name)
            return place / name
    failure: OSError | None = None
    for place in places:
        try:
            place.mkdir(parents=True, exist_ok=True)
            with locks.hold(place / ".lock"):
                if not (place / name).is_dir():
                    _sweep(place)
                    with _appear_whole(place / name) as folder:
                        _write_graph(rewrite(source), folder, optimised=bool(machine))
            return place / name
        except ValueError as error:
            raise ModelUnavailable(f"{source} is not a model of this kind: {error}") from error
        except OSError as error:
            failure = error
    raise ModelUnavailable(f"cannot keep the prepared {source.name}: {failure}") from failure


def _write_graph(graph: Graph, folder: Path, *, optimised: bool) -> None:
    if optimised:
        try:
            runtime.optimise(graph.SerializeToString(), folder / _OPTIMISED, _WEIGHTS)
        except _error_types():
            for file in folder.iterdir():
                file.unlink()
        else:
            return
    (folder / _PLAIN).write_bytes(graph.SerializeToString())


@contextlib.contextmanager
def _appear_whole(place: Path) -> Iterator[Path]:
    """A folder that gets the name `place` when the block succeeds, with all its files on disk."""
    folder = Path(tempfile.mkdtemp(prefix=_MAKING, dir=place.parent))
    try:
        yield folder
        for file in folder.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        folder.chmod(0o755)
        folder.rename(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove what a killed process left, and graphs that were not used for long. The caller holds the lock."""
    for each in place.iterdir():
        with contextlib.suppress(OSError):
            old = _OURS.fullmatch(each.name) and time.time() - each.stat().st_mtime > _UNUSED
            partial = each.name.startswith(_MAKING) or (
                each.name.startswith(".") and _OURS.match(each.name[1:])
            )
            if each.is_dir() and (old or partial):
                shutil.rmtree(each, ignore_errors=True)
            elif old or partial:
                each.unlink()
