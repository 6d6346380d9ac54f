"""What goes on beside the requests ends, is seen to have ended, and goes on."""

import asyncio

import pytest

from voxpress.errors import StateUnavailable, StoreError
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.server import background, dispatcher
from voxpress.server.background import Background
from voxpress.server.dispatcher import Dispatcher
from voxpress.speech import Speaker, Utterance
from voxpress.store import Store


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pauses of a hundredth of their length."""
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE", "_HEALTHY"):
        monkeypatch.setattr(background, name, getattr(background, name) / 100)
    monkeypatch.setattr(dispatcher, "_RESTART_PAUSE", 0.01)


def test_what_waits_for_the_database_goes_on_as_soon_as_it_is_back(caplog):
    """However long it was away; and the log says it once."""
    restarts: list[str] = []
    done: list[str] = []
    tasks = Background(restarts.append)

    async def work():
        if len(restarts) < 20:
            raise StateUnavailable("the database cannot be reached")
        done.append("work")

    async def run():
        tasks.start("work is done", work)
        for _ in range(100):
            await asyncio.sleep(0.01)
            if done:
                break

    asyncio.run(run())
    assert done == ["work"]
    assert sum("cannot be reached" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize(
    "error",
    [StoreError("the disk is full"), ValueError("unexpected"), RecursionError(), OSError(28, "No space")],
)
def test_a_task_that_ends_is_started_again_and_counted(error):
    """While it is down it is among the problems; other tasks go on."""
    restarts: list[str] = []
    seen: list[dict[str, str]] = []
    done: list[str] = []
    tasks = Background(restarts.append)

    async def work():
        while True:
            await asyncio.sleep(0)
            if len(restarts) < 3:
                raise error
            done.append("work")
            await asyncio.sleep(0.01)

    async def other():
        seen.append(dict(tasks.problems))
        done.append("other")

    async def run():
        tasks.start("work is done", work)
        tasks.repeat("others go on", 0.002, other)
        for _ in range(300):
            await asyncio.sleep(0.005)
            if "work" in done and not tasks.problems:
                break
        await tasks.stop()

    asyncio.run(run())
    assert restarts == ["work is done"] * 3
    assert any("work is done" in problems for problems in seen) and tasks.problems == {}
    assert done.count("work") > 0 and done.count("other") > 3


def test_the_loop_that_speaks_is_replaced_when_it_ends(monkeypatch):
    """Who waited is told to ask again, and whoever asks again is answered."""
    store = Store("memory:")
    plan = Planner(Speaker(engine="tone")).plan(Utterance(text="Hello there."), filed=False)
    assert isinstance(plan, Plan)
    look = store.missing_clips
    broken = iter([True])

    def missing_clips(keys):
        if next(broken, False):
            raise RuntimeError("a mistake of our own")
        return look(keys)

    monkeypatch.setattr(store, "missing_clips", missing_clips)

    async def run():
        failures: list[BaseException] = []
        dispatcher = Dispatcher(store)
        dispatcher.on_failure = failures.append
        dispatcher.start()
        results = []
        for _ in range(2):
            flight = dispatcher.join(plan)
            results.append(await asyncio.wait_for(asyncio.shield(flight.done), 20))
            dispatcher.leave(flight)
        await asyncio.to_thread(dispatcher.stop)
        return results, failures

    (first, second), failures = asyncio.run(run())
    assert (first.status, first.error_type, second.status) == ("failed", "WorkerLost", "rendered")
    assert "a mistake of our own" in first.error and len(failures) == 1
