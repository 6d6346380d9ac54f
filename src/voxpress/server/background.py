"""Tasks beside the requests: each is watched, and started again when it fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from voxpress.engines import describe
from voxpress.errors import SpeechError, StateUnavailable
from voxpress.speech import Seconds

log = logging.getLogger("voxpress.server")

Work: TypeAlias = Callable[[], Awaitable[None]]

FIRST_PAUSE: Seconds = 1.0
LONGEST_PAUSE: Seconds = 60.0
_HEALTHY: Seconds = 3.0
"""A task that runs for so long after a restart counts as up."""


class Background:
    """Runs tasks that must not end unnoticed.

    Args:
        count_restart: called with the name of each task that is started again.

    Attributes:
        problems: why each task that is down failed, by its name.
    """

    def __init__(self, count_restart: Callable[[str], None] = lambda name: None) -> None:
        self._count_restart = count_restart
        self._tasks: set[asyncio.Task[None]] = set()
        self.problems: dict[str, str] = {}

    def start(self, name: str, work: Work, item: str = "") -> asyncio.Task[None]:
        """Do `work` until it returns, again after a pause whenever it raises.

        Args:
            item: what the task works on, where several tasks have one name.
        """
        task = asyncio.ensure_future(self._supervise(name, work, f"{name} ({item})" if item else name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def repeat(self, name: str, seconds: Seconds, work: Work) -> None:
        """Do `work` every so many seconds."""

        async def repeatedly() -> None:
            while True:
                await asyncio.sleep(seconds)
                await work()
                self.problems.pop(name, None)

        self.start(name, repeatedly)

    def note(self, name: str, error: BaseException) -> None:
        """Note that something outside these tasks failed, and was started again."""
        self.problems[name] = describe(error)
        self._count_restart(name)
        asyncio.get_running_loop().call_later(_HEALTHY, self.problems.pop, name, None)

    async def stop(self) -> None:
        """End all tasks."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _supervise(self, name: str, work: Work, place: str) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            recovered = asyncio.get_running_loop().call_later(_HEALTHY, self.problems.pop, place, None)
            try:
                await work()
            except Exception as error:  # the edge: nothing above would see it
                if time.monotonic() - began > LONGEST_PAUSE:
                    pause = FIRST_PAUSE
                problem = str(error) if isinstance(error, SpeechError) else describe(error)
                away = isinstance(error, StateUnavailable)
                if away:
                    pause = FIRST_PAUSE  # all are wanted as soon as the database is back
                if not away or self.problems.get(place) != problem:
                    log.error(  # noqa: TRY400 - a traceback only where it helps
                        "%s: %s; again in %g s", place, problem, pause, exc_info=_choose_traceback(error)
                    )
                self.problems[place] = problem
                self._count_restart(name)
                recovered.cancel()
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self.problems.pop(place, None)
                return
            finally:
                recovered.cancel()


def _choose_traceback(error: Exception) -> Exception | None:
    """The error, if its traceback helps: a full disk needs none."""
    return None if isinstance(error, SpeechError | OSError) else error
