"""A worker process: started with ``python -m``, at the other end of a socket, with one task at a time."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from voxpress.booting import boot
from voxpress.errors import WorkerLost
from voxpress.speech import Seconds

# Numerics libraries start a thread per core in each process, which spin against each other.
_SURROUNDINGS: Mapping[str, str] = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
) | {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}  # weights are fetched by `models pull`, never on the way

_PATIENCE: Seconds = 10.0
"""For a process to end by itself, which one that dumps its memory takes a while for."""


class TaskInfo(NamedTuple):
    """What a task is, for logs and metrics. A callable that is submitted may have it as `info`.

    Attributes:
        rows: ids of those that it is for.
    """

    stage: str = "task"
    engine: str = ""
    rows: tuple[str, ...] = ()


def pack(fn: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]) -> bytes:
    """A task, for `WorkerProcess.run`.

    Raises:
        whatever cannot be pickled raises
    """
    return pickle.dumps((fn, args, dict(kwargs)), pickle.HIGHEST_PROTOCOL)


def settle(future: Future[Any], answer: bytes) -> None:
    """Tell a future what came of its task."""
    ok, value = _unpack(answer)
    if ok:
        future.set_result(value)
    else:
        future.set_exception(value)


def find_error(answer: bytes) -> Exception | None:
    """What a task raised."""
    ok, value = _unpack(answer)
    return None if ok else value


def _unpack(answer: bytes) -> tuple[bool, Any]:
    """Whether a task was done, and its result or what it raised."""
    try:
        ok, value = pickle.loads(answer)
    except Exception as error:  # a class that is not here, or of another version
        return False, error
    return ok, value


def refuse(error: Exception) -> bytes:
    """The answer of a worker that could not do a task."""
    return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)


class WorkerProcess:
    """One process at the other end of a socket.

    Args:
        python: the interpreter to start, which may be that of another environment: it needs what voxpress imports, but
            not voxpress itself.
    """

    def __init__(self, python: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [python, "-P", *_program(python), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr.fileno() if _has_descriptor(sys.stderr) else subprocess.DEVNULL,
                env={
                    "PYTHONWARNINGS": "ignore",
                    **os.environ,
                    **_SURROUNDINGS,
                },  # libraries warn their own authors
                start_new_session=True,  # Ctrl-C is for the process that knows what is running
            )
        self._connection = Connection(ours.detach())

    def alive(self) -> bool:
        """Whether it takes another task."""
        return self._process.poll() is None

    def run(self, call: bytes, timeout: Seconds | None) -> bytes:
        """Have it do what `pack` wrote; what `unpack` reads.

        Raises:
            WorkerLost: it ended, or gave no answer within `timeout` and was ended.
        """
        try:
            self._connection.send_bytes(call)
            if not wait([self._connection], timeout):
                self.kill()
                self._process.wait()
                raise WorkerLost(f"the worker gave no answer in {timeout:g} s and was ended")
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            raise WorkerLost(f"the worker process {_cause(self._ended())}") from None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def close(self) -> None:
        """Let it end, and wait for that."""
        self._connection.close()
        self._ended()

    def _ended(self) -> int:
        """The exit status of a process that has hung up, or was hung up on."""
        try:
            return self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()


def _program(python: str) -> list[str]:
    if python == sys.executable:
        return ["-m", "voxpress.executors.worker"]
    return boot("voxpress.executors.worker")


def _has_descriptor(stream: Any) -> bool:
    try:
        stream.fileno()
    except (AttributeError, OSError, ValueError):
        return False
    return True


def _cause(status: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        return f"was ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
    return f"ended with status {status}"
