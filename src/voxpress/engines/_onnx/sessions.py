"""ONNX Runtime's sessions over graphs that voxpress prepares: rewritten and optimised once, then loaded in a moment.

Rewriting a graph takes seconds, and ONNX Runtime takes a second or more to optimise it each time that it loads it. So
what it makes of the rewritten graph is kept, with its weights in a file of their own, which processes map and share.
It depends on ONNX Runtime's version and on the processor, which are part of its name. What is kept lies beside the
weights in `KEPT`, or in the user's cache where that folder is read-only.
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

import platformdirs

from voxpress.engines._onnx import runtime
from voxpress.errors import EngineError, ModelUnavailable, UnsupportedOption
from voxpress.files import locks
from voxpress.models.catalogue import KEPT, digest
from voxpress.speech import Seconds

if TYPE_CHECKING:
    import onnxruntime

_CACHE = Path(platformdirs.user_cache_dir("voxpress"), "prepared")
_UNUSED: Seconds = 30 * 86400.0
"""What has not been used for so long goes when something new is made."""
_OURS = re.compile(r"[0-9a-f]{32}-[0-9a-f]{8}(-[0-9a-f]{8})?(\.onnx)?")
_MAKING = ".making-"
_OPTIMISED, _WEIGHTS, _PLAIN = "model.onnx", "weights.bin", "plain.onnx"


class Graph(Protocol):
    """A graph that can be written to a file, such as an `onnx.ModelProto`."""

    def SerializeToString(self) -> bytes: ...  # noqa: N802 - as protobuf names it


Rewrite = Callable[[Path], Graph]
"""Reads a model and rewrites it, such as `voxpress.engines._onnx.preparation.prepare_piper`."""


def prepare(source: Path, rewrite: Rewrite) -> None:
    """Make what `session` loads on the CPU, where it is not there already.

    Raises:
        ModelUnavailable: `source` cannot be read or rewritten, or there is no room for the result.
    """
    _keep_prepared(source, rewrite, _machine_digest())


def session(source: Path, rewrite: Rewrite, device: str, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session over a model as `rewrite` makes it.

    Args:
        device: ``auto`` and ``cpu`` mean the CPU, where the sound is the same to the bit for a seed; ``cuda`` and
            ``cuda:1`` a GPU, never another one in its place.
        threads: of the CPU.

    Raises:
        EngineError: there is no such GPU, or ONNX Runtime was installed without support for it.
        ModelUnavailable: as `prepare`.
        UnsupportedOption: another device.
    """
    if device in {"auto", "cpu"}:
        folder = _keep_prepared(source, rewrite, _machine_digest())
        try:
            return _open_kept(folder, threads)
        except _error_types():  # it is made again
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
    """ONNX Runtime's errors, which have no class in common."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return tuple(
        each for each in vars(state).values() if isinstance(each, type) and issubclass(each, Exception)
    )


@functools.cache
def _machine_digest() -> str:
    """What an optimised graph depends on, besides the graph."""
    import onnxruntime  # by its own word: the package has other names, such as onnxruntime-gpu

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
    """What a rewrite does: it and what it calls lie in one folder."""
    digests = [digest(file) for file in sorted(folder.glob("*.py"))]
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:8]


def _keep_prepared(source: Path, rewrite: Rewrite, machine: str) -> Path:
    """The folder with `source` as `rewrite` makes it: optimised for a machine, or as it is where none is named.

    Made once: of two workers that want it at once, one makes it and the other waits.
    """
    name = "-".join(
        filter(None, (digest(source)[:32], _code_digest(Path(inspect.getfile(rewrite)).parent), machine))
    )
    places = [source.resolve().parent / KEPT, _CACHE]
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
    """A folder that takes the name `place` when the block succeeds, with all of its files on disk."""
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
    """Remove what a killed process left, and what nobody has used for long. Nobody else makes anything meanwhile."""
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
