"""This process, and worker processes on this machine.

`concurrent.futures.ProcessPoolExecutor` breaks as a whole when one worker dies, has no time limit, and imports the
caller's main module again; here each worker is a process of its own, started with ``python -m``, and its loss costs the
one task that it ran.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Any, NamedTuple, ParamSpec, TypeVar

from voxpress.errors import WorkerLost
from voxpress.executors.process import WorkerProcess, pack, settle
from voxpress.speech import Seconds

P = ParamSpec("P")
T = TypeVar("T")


class _Task(NamedTuple):
    call: bytes
    future: Future[Any]


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
        self._processes: set[WorkerProcess] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        task = _Task(pack(fn, args, kwargs), future)
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
        worker: WorkerProcess | None = None
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
                settle(task.future, worker.run(task.call, self._timeout))
            except Exception as error:  # a task must never be left without an answer
                task.future.set_exception(error)
        if worker:
            worker.close()

    def _ended(self, worker: WorkerProcess) -> None:
        worker.close()
        with self._lock:
            self._processes.discard(worker)

    def _start(self, replacing: WorkerProcess | None) -> WorkerProcess:
        with self._lock:
            self._processes.discard(replacing)
            if self._abandoned:
                raise WorkerLost("the executor was shut down")
            worker = WorkerProcess(self._python)
            self._processes.add(worker)
            return worker


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1
