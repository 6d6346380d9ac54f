"""This process, and worker processes on this machine.

`concurrent.futures.ProcessPoolExecutor` breaks as a whole when one worker dies, has no time limit, and imports the
caller's main module again; here each worker is a process of its own, started with ``python -m``, and its loss costs the
one task that it ran.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from voxpress.errors import WorkerLost
from voxpress.speech import Seconds

P = ParamSpec("P")
T = TypeVar("T")

# Numerics libraries start a thread per core in each process, which spin against each other.
_SURROUNDINGS: Mapping[str, str] = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
) | {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}  # weights are fetched by `models pull`, never on the way

# In another environment, where voxpress is not installed: this very package, and nothing else of this environment.
_BOOT = """
import importlib.util, sys
place = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location("voxpress", place + "/__init__.py", submodule_search_locations=[place])
sys.modules["voxpress"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["voxpress"])
from voxpress.executors.worker import main
main()
"""


_PATIENCE: Seconds = 10.0
"""For a process to end by itself, which one that dumps its memory takes a while for."""


class Inline(Executor):
    """Runs each task at once, in the caller's thread. For single utterances, and for debugging.

    >>> Inline().submit(len, "four").result()
    4
    """

    workers = 1

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # as every executor: the future carries it
            future.set_exception(error)
        return future


class Processes(Executor):
    """Worker processes on this machine, one thread of numerics each.

    Args:
        workers: how many; None: one for each core that this process may use.
        timeout: seconds that one task may take before its worker is ended; None: no limit.
        idle: seconds without a task after which a worker ends, and gives its memory back; 0: never.
        python: the interpreter to start, which may be that of another environment: it needs what voxpress imports, but
            not voxpress itself.

    >>> with Processes(workers=1) as processes:
    ...     processes.submit(len, "four").result()
    4
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        timeout: Seconds | None = None,
        idle: Seconds = 0.0,
        python: str = sys.executable,
    ) -> None:
        self.workers = workers or cores()
        self._timeout, self._idle = timeout, idle
        self._python = python
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._closed = self._abandoned = False
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._processes: set[_Worker] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        task = _Task(pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL), future)
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot submit to an executor that was shut down")
            self._tasks.put(task)
            if len(self._threads) < self.workers:
                thread = threading.Thread(
                    target=self._serve, name=f"worker-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop taking tasks. With `cancel_futures`, waiting tasks are cancelled and running ones lose their worker."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                self._abandoned = True
                with suppress(queue.Empty):  # the threads take tasks meanwhile
                    while True:
                        if task := self._tasks.get_nowait():
                            task.future.cancel()
                for worker in self._processes:
                    worker.kill()
            for _ in self._threads:
                self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _serve(self) -> None:
        worker: _Worker | None = None
        while True:
            try:
                task = self._tasks.get(timeout=self._idle or None)
            except queue.Empty:
                if worker:
                    self._ended(worker)
                worker = None
                continue
            if task is None:
                break
            if not task.future.set_running_or_notify_cancel():
                continue
            try:
                if worker is None or not worker.alive():
                    worker = self._start(replacing=worker)
                task.settle(*worker.run(task.call, self._timeout))
            except Exception as error:  # a task must never be left without an answer
                task.future.set_exception(error)
        if worker:
            worker.close()

    def _ended(self, worker: _Worker) -> None:
        worker.close()
        with self._lock:
            self._processes.discard(worker)

    def _start(self, replacing: _Worker | None) -> _Worker:
        with self._lock:
            self._processes.discard(replacing)
            if self._abandoned:
                raise WorkerLost("the executor was shut down")
            worker = _Worker(self._python)
            self._processes.add(worker)
            return worker


class _Task:
    def __init__(self, call: bytes, future: Future[Any]) -> None:
        self.call, self.future = call, future

    def settle(self, ok: bool, value: object) -> None:
        if ok:
            self.future.set_result(value)
        else:
            assert isinstance(value, BaseException)
            self.future.set_exception(value)


class _Worker:
    """One process at the other end of a socket."""

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
        return self._process.poll() is None

    def run(self, call: bytes, timeout: Seconds | None) -> tuple[bool, object]:
        try:
            self._connection.send_bytes(call)
            if not wait([self._connection], timeout):
                self.kill()
                self._process.wait()
                raise WorkerLost(f"the worker gave no answer in {timeout:g} s and was ended")
            ok, value = pickle.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            raise WorkerLost(f"the worker process {_cause(self._ended())}") from None
        return ok, value

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
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
    return ["-c", _BOOT, str(Path(__file__).parent.parent)]


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


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
