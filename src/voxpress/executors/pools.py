"""Which executor runs what: each engine's work where that engine lives, everything else here."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from concurrent.futures import Executor
from typing import Self

from voxpress import engines
from voxpress.engines import Engine
from voxpress.errors import StoreError
from voxpress.executors.local import Inline, Processes, cores
from voxpress.speech import Seconds


class Cluster(ABC):
    """Machines that work for a render, with executors by what they are for."""

    is_lent = True
    """Whether it goes on after the render, which waits for what it has begun."""
    is_remote = True
    """Whether workers are on machines of their own, without the files of this one."""

    @property
    @abstractmethod
    def finishing(self) -> Executor:
        """For what needs no engine."""

    @property
    @abstractmethod
    def listening(self) -> Executor:
        """For recognisers."""

    @abstractmethod
    def speaking(self, engine: Engine) -> Executor:
        """For what `engine` speaks."""


class Pools:
    """Executors by what they are for, made when they are first needed.

    Args:
        workers: processes; None: one for each core, and as many as an engine asks for; 0: this process, except for
            engines that have to be elsewhere.
        timeout: seconds that one task may take before its worker is ended.
        idle: seconds without work after which a worker ends; 0: never.
        executor: runs everything instead, and is left running.
        shared: whether other processes see the store; without, everything stays in this one.

    >>> with Pools(workers=0) as pools:
    ...     pools.finishing.submit(len, "four").result()
    4
    """

    def __init__(
        self,
        workers: int | None = None,
        *,
        timeout: Seconds | None = None,
        idle: Seconds = 0.0,
        executor: Executor | None = None,
        shared: bool = True,
    ) -> None:
        self._workers, self._timeout, self._given, self._shared = workers, timeout, executor, shared
        self._idle = idle
        self._made: dict[tuple[str, str, int], Executor] = {}
        self._of: dict[Engine, Executor] = {}

    is_remote = False

    @property
    def is_lent(self) -> bool:
        """Whether somebody else's executor runs everything."""
        return self._given is not None

    @property
    def finishing(self) -> Executor:
        """For what needs no engine. Workers that speak in this environment finish too."""
        return self._given or self._pool("", self._workers)

    @property
    def listening(self) -> Executor:
        """For recognisers, which would fill the memory beside an engine."""
        return self._given or self._pool("", self._workers, "listening")

    def speaking(self, engine: Engine) -> Executor:
        """For what `engine` speaks, in the environment where it lives.

        Raises:
            StoreError: the engine needs a process of its own, which would not see a store in memory.
        """
        if self._given is not None:
            return self._given
        if engine not in self._of:
            self._of[engine] = self._choose(engine)
        return self._of[engine]

    def _choose(self, engine: Engine) -> Executor:
        home = engines.python(engine)
        if home is None and engine.in_process and (self._workers == 0 or not self._shared):
            return self._pool("", 0)
        if not self._shared:
            raise StoreError(
                f"engine {engine.name!r} runs in processes of its own, which cannot see a store in memory"
            )
        most = engine.workers()
        wanted = self._workers if self._workers is not None else most or cores()
        return self._pool(home or sys.executable, max(1, wanted if most is None else min(wanted, most)))

    def _pool(self, python: str, workers: int | None, stage: str = "") -> Executor:
        if not python and (workers == 0 or not self._shared):
            return self._made.setdefault(("", "", 0), Inline())
        python, workers = python or sys.executable, workers or cores()
        where = (stage, python, workers)
        if where not in self._made:
            self._made[where] = Processes(workers, timeout=self._timeout, idle=self._idle, python=python)
        return self._made[where]

    def shutdown(self) -> None:
        """End all workers that were started here; what they were doing is lost."""
        for pool in self._made.values():
            pool.shutdown(cancel_futures=True)
        self._made.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
