"""Brings requests for speech together: identical ones join, all take turns, and a client that leaves frees its place.

The scheduler's loop runs in a thread of its own; everything else here runs in the server's event loop.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import ParamSpec, TypeVar

import msgspec

from voxpress.engines import Engine, describe
from voxpress.errors import StoreError, WorkerLost
from voxpress.executors import Cluster, Pools, TaskInfo
from voxpress.rendering import ATTEMPTS, TIMEOUT
from voxpress.rendering.driver import PushDriver
from voxpress.rendering.parcels import RemoteTask, Sender
from voxpress.rendering.plan import Plan
from voxpress.rendering.scheduler import Arrived
from voxpress.rendering.turns import FairTurns
from voxpress.server.errors import Refusal
from voxpress.speech import Result, Seconds, Status
from voxpress.store import Store
from voxpress.store.claims import Claims

log = logging.getLogger("voxpress.server")

A = TypeVar("A")
P = ParamSpec("P")
T = TypeVar("T")

_FIRST_RATE = 100.0
"""Characters per second, before any was measured."""
_LONGEST_WAIT: Seconds = 60.0
_FIRST_LOOK, _LONGEST_LOOK = 0.1, 1.0
"""Seconds between looks for a clip that another server speaks; they grow."""
_MOST_CLAIMING = 16
"""Threads that ask for claims."""
_RESTART_PAUSE: Seconds = 1.0
"""Between the failure of a loop and the start of the next."""


class Flight:
    """A clip in progress, and how many requests wait for it.

    The name comes from *single-flight*, the usual term for this: all requests for a clip share one synthesis.

    Attributes:
        done: its result. Never fails: a failed utterance is a result too.
        spoken: keys of its takes that are in the store.
        withdrawal: the timer that ends the work, while nobody waits.
        claim: has the work done here, or waits for another server that does it; None where there is no other server.
    """

    def __init__(self, plan: Plan, background: bool) -> None:
        self.plan, self.background, self.waiters = plan, background, 0
        self.began = time.monotonic()
        self.done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.spoken: set[str] = set()
        self.withdrawal: asyncio.TimerHandle | None = None
        self.claim: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def keep(self) -> None:
        """Stop the timer that would end the work."""
        if self.withdrawal is not None:
            self.withdrawal.cancel()
            self.withdrawal = None

    async def wait_for_news(self) -> None:
        """Wait until another take is in the store, or all is done."""
        await self._news.wait()

    def hear(self, news: Result | Arrived) -> None:
        """Take in news from the scheduler's loop."""
        if isinstance(news, Arrived):
            self.spoken.add(news.take)
        elif not self.done.done():
            self.done.set_result(news)
        heard, self._news = self._news, asyncio.Event()
        heard.set()


class Dispatcher:
    """Has plans spoken.

    Args:
        queue: flights that may be open at most, without those in the background.
        linger: how long a flight goes on after its last waiter has left.
        claims: by which servers that share the store agree who speaks a clip; None: this server is alone.
        attempts, timeout, workers, idle: as in `voxpress.render` and `voxpress.executors.Processes`.
        cluster: speaks instead, and is left running.
    """

    def __init__(
        self,
        store: Store,
        *,
        queue: int = 500,
        linger: Seconds = 15.0,
        attempts: int = ATTEMPTS,
        workers: int | None = None,
        timeout: Seconds | None = TIMEOUT,
        idle: Seconds = 0.0,
        claims: Claims | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        self.pools = cluster or Pools(workers, timeout=timeout, idle=idle, shared=store.is_shared)
        self._sender = Sender(store) if self.pools.is_remote else None
        self._turns = FairTurns()
        self._store, self._attempts, self._claims = store, attempts, claims
        # Not the threads of all other work: while a store is away, each of these waits for it for minutes.
        self._claiming = ThreadPoolExecutor(_MOST_CLAIMING, "voxpress-claims")
        self._driver = self._make_driver()
        self._most_waiting, self._linger = queue, linger
        self._flights: dict[str, Flight] = {}
        self._flights_by_number: dict[int, Flight] = {}
        self._flight_numbers = count()
        self._thread: threading.Thread | None = None
        self._rate, self._measured_at = _FIRST_RATE, time.monotonic()
        self.on_failure: Callable[[BaseException], None] = lambda error: None
        """Called with the error that ended the loop; a new loop goes on."""
        self.on_result: Callable[[Result, Seconds], None] = lambda result, waited: None
        """Called with each result, and the seconds that it took."""

    def start(self) -> None:
        """Start the scheduler's thread. Must be called in the event loop."""
        events = asyncio.get_running_loop()

        def work() -> None:
            while True:
                try:
                    for news in self._driver.serve():
                        events.call_soon_threadsafe(self._hear, news)
                except BaseException as error:  # the edge: nothing above would see it
                    log.exception("the loop that speaks failed; a new one goes on")
                    self._driver = self._make_driver()
                    events.call_soon_threadsafe(self._fail_all, error)
                    time.sleep(_RESTART_PAUSE)
                else:
                    return

        self._thread = threading.Thread(target=work, name="voxpress-loop", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the loop and the workers. Open flights are lost; their takes stay in the store."""
        self._driver.close()
        if self._thread:
            self._thread.join()
        self._claiming.shutdown(wait=False, cancel_futures=True)
        if isinstance(self.pools, Pools):
            self.pools.shutdown()

    def submit(self, engine: Engine, task: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a worker of an engine do something else than to speak a plan."""
        pool = self.pools.speaking(engine)
        if self._sender is None:
            return pool.submit(task, *args, **kwargs)
        info = TaskInfo(getattr(task, "__name__", "task"), engine.name)
        work = partial(task, *args, **kwargs)
        return pool.submit(RemoteTask(self._sender.send(engine), self._store, work, info))

    @property
    def waiting_count(self) -> int:
        """How many flights are open, without those in the background."""
        return sum(not flight.background for flight in self._flights.values())

    @property
    def background_count(self) -> int:
        """How many flights are open in the background."""
        return sum(flight.background for flight in self._flights.values())

    def join(self, plan: Plan, *, background: bool = False) -> Flight:
        """The flight of the plan's clip, started unless it is open already. Every `join` needs a `leave`.

        Raises:
            Refusal: the queue is full.
        """
        key = plan.targets[0].clip
        flight = self._flights.get(key)
        if flight is None:
            if not background and self.waiting_count >= self._most_waiting:
                wait = self._estimate_wait()
                raise Refusal(
                    429,
                    f"{self._most_waiting:,} requests wait already: try again in {wait} s",
                    "queue_full",
                    type="rate_limit_error",
                    headers={"retry-after": str(wait)},
                )
            flight = self._open_flight(key, plan, background)
        elif flight.background and not background:
            flight.background = False
            self._turns.forget(flight.plan.number)  # it had its place among those in the background
            self._driver.hurry(flight.plan.number)
        flight.keep()
        flight.waiters += 1
        return flight

    def leave(self, flight: Flight) -> None:
        """Wait for a flight no longer."""
        flight.waiters -= 1
        if not flight.waiters and not flight.done.done():
            flight.keep()  # a flight has one timer at most
            events = asyncio.get_running_loop()
            flight.withdrawal = events.call_later(self._linger, self._withdraw, flight)

    def _open_flight(self, key: str, plan: Plan, background: bool) -> Flight:
        number = next(self._flight_numbers)
        plan = msgspec.structs.replace(plan, number=number)
        flight = self._flights[key] = self._flights_by_number[number] = Flight(plan, background)
        if background:
            self._turns.background.add(number)
        if self._claims is None:
            self._driver.submit(plan)
        else:
            flight.claim = asyncio.ensure_future(self._share(flight, self._claims))
        return flight

    async def _share(self, flight: Flight, claims: Claims) -> None:
        """Have a clip spoken here, or wait until another server has spoken it."""
        key = flight.plan.targets[0].clip
        try:
            await self._wait_for_turn(key, claims)
            self._driver.submit(flight.plan)  # it finds the clip, if that is there by now
            while not (await asyncio.wait({flight.done}, timeout=claims.seconds / 3))[0]:
                await self._try_claim(claims.renew, key)
        finally:
            await self._try_claim(claims.release, key)

    async def _wait_for_turn(self, key: str, claims: Claims) -> None:
        """Wait until this server has the claim of a clip, or the clip is there."""
        pause = _FIRST_LOOK
        while not await self._try_claim(claims.take, key):
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_LOOK)
            if await self._try_claim(self._store.missing_clips, [key]) != {key}:
                return

    async def _try_claim(self, work: Callable[[A], T], item: A) -> T | bool:
        """What `work` says of a claim; True where the store fails, as a clip is rather spoken twice than not at all."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._claiming, work, item)
        except StoreError as error:
            log.warning("servers cannot agree who speaks: %s", error)
            return True

    async def leave_all(self) -> None:
        """Give the claims back, as the server stops: another one may speak what is open."""
        tasks = [flight.claim for flight in self._flights_by_number.values() if flight.claim]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _withdraw(self, flight: Flight) -> None:
        if flight.claim is not None:
            flight.claim.cancel()
        self._driver.withdraw(flight.plan.number)
        self._forget(flight)

    def _forget(self, flight: Flight) -> None:
        flight.keep()
        key = flight.plan.targets[0].clip
        if self._flights.get(key) is flight:  # it may be a newer one
            del self._flights[key]
        self._flights_by_number.pop(flight.plan.number, None)
        self._turns.forget(flight.plan.number)

    def _hear(self, news: Result | Arrived) -> None:
        flight = self._flights_by_number.get(news.number)
        if flight is None:
            return  # the last waiter has left
        if isinstance(news, Result):
            self._forget(flight)
            self._measure(news)
            self.on_result(news, time.monotonic() - flight.began)
        flight.hear(news)

    def _make_driver(self) -> PushDriver:
        return PushDriver(self._store, self.pools, self._attempts, turns=self._turns)

    def _fail_all(self, error: BaseException) -> None:
        """End all flights with an error: the loop that spoke them is gone. Clients ask again."""
        self.on_failure(error)
        for flight in list(self._flights_by_number.values()):
            self._forget(flight)
            problem = WorkerLost(
                f"the text was lost while it was spoken: {describe(error)}; send the request again"
            )
            flight.hear(
                Result(
                    utterance=flight.plan.utterance,
                    status=Status.FAILED,
                    number=flight.plan.number,
                    exception=problem,
                )
            )

    def _measure(self, result: Result) -> None:
        """Update the rate, in characters a second, of about the last half minute."""
        now = time.monotonic()
        passed, self._measured_at = max(now - self._measured_at, 1e-3), now
        weight = min(1.0, passed / 30.0)
        self._rate += weight * (result.characters / passed - self._rate)

    def _estimate_wait(self) -> int:
        """Seconds until about a tenth of the open flights is done."""
        characters = sum(flight.plan.characters for flight in self._list_ahead())
        return int(min(_LONGEST_WAIT, max(1.0, characters / 10 / max(self._rate, 1.0))))

    def _list_ahead(self) -> Iterator[Flight]:
        return (flight for flight in self._flights.values() if not flight.background)
