"""How long the work for a clip goes on after the last request for it has left. The clock is the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.rendering.scheduler import Arrived
from voxpress.server.dispatcher import Dispatcher
from voxpress.speech import Result, Speaker, Status, Utterance
from voxpress.store import Store

LINGER = 0.4


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time passes only in `wait_until`."""

    now = 0.0

    def time(self) -> float:
        return self.now


async def wait_until(when: float) -> None:
    """Move the clock, and run what is due by then."""
    clock = asyncio.get_running_loop()
    assert isinstance(clock, Clock) and clock.now <= when
    clock.now = when
    for _ in range(3):
        await asyncio.sleep(0)


def run(story: Callable[[Dispatcher], Awaitable[None]]) -> None:
    """Play a story with a dispatcher whose thread does not run, so that nothing is ever spoken."""

    async def play() -> None:
        await story(Dispatcher(Store("memory:"), linger=LINGER))

    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(play())


@pytest.fixture
def plan() -> Plan:
    made = Planner(Speaker(engine="tone")).plan(Utterance(text="Hello there."), filed=False)
    assert isinstance(made, Plan)
    return made


def test_the_work_goes_on_for_a_while_after_the_last_request_has_left(plan):
    async def story(dispatcher):
        dispatcher.leave(dispatcher.join(plan))
        await wait_until(0.39)
        assert dispatcher.waiting_count == 1
        await wait_until(0.41)
        assert dispatcher.waiting_count == 0

    run(story)


def test_a_second_leave_starts_the_time_anew(plan):
    """It ended 0.4 s after the first leave, while the second had been promised 0.4 s of its own."""

    async def story(dispatcher):
        first = dispatcher.join(plan)
        dispatcher.leave(first)
        await wait_until(0.1)
        assert dispatcher.join(plan) is first
        await wait_until(0.3)
        dispatcher.leave(first)
        await wait_until(0.69)
        assert dispatcher.waiting_count == 1
        await wait_until(0.71)
        assert dispatcher.waiting_count == 0

    run(story)


@pytest.mark.parametrize("times", [3, 10])
def test_a_client_that_comes_and_goes_keeps_the_work_alive(plan, times):
    async def story(dispatcher):
        first = dispatcher.join(plan)
        for turn in range(times):
            dispatcher.leave(first)
            await wait_until(0.3 * (turn + 1))
            assert dispatcher.join(plan) is first
        await wait_until(0.3 * times + 60)
        assert dispatcher.waiting_count == 1, "the last one still waits"

    run(story)


def test_the_work_goes_on_until_the_last_of_two_has_left(plan):
    async def story(dispatcher):
        first, second = dispatcher.join(plan), dispatcher.join(plan)
        assert first is second
        dispatcher.leave(first)
        await wait_until(0.5)
        assert dispatcher.waiting_count == 1
        dispatcher.leave(second)
        await wait_until(0.89)
        assert dispatcher.waiting_count == 1
        await wait_until(0.91)
        assert dispatcher.waiting_count == 0

    run(story)


def test_a_newer_request_for_the_same_clip_is_not_forgotten_with_the_former(plan):
    async def story(dispatcher):
        former = dispatcher.join(plan)
        dispatcher.leave(former)
        await wait_until(0.1)
        dispatcher.join(plan)
        await wait_until(0.3)
        dispatcher.leave(former)
        await wait_until(0.71)
        newer = dispatcher.join(plan)
        assert newer is not former
        await wait_until(5.0)
        assert dispatcher.join(plan) is newer and dispatcher.waiting_count == 1

    run(story)


def test_late_news_of_a_withdrawn_clip_does_not_end_a_newer_request(plan):
    async def story(dispatcher):
        former = dispatcher.join(plan)
        dispatcher.leave(former)
        await wait_until(0.5)
        newer = dispatcher.join(plan)
        number = former.plan.number
        dispatcher._hear(Arrived(number, "00" * 32))
        dispatcher._hear(Result(utterance=plan.utterance, status=Status.RENDERED, number=number))
        assert dispatcher.join(plan) is newer
        assert not newer.done.done() and not newer.spoken

    run(story)


def test_a_leave_after_the_end_starts_no_timer(plan):
    async def story(dispatcher):
        first = dispatcher.join(plan)
        result = Result(utterance=plan.utterance, status=Status.RENDERED, number=first.plan.number)
        dispatcher._hear(result)
        dispatcher.leave(first)
        assert await first.done is result and first.withdrawal is None
        newer = dispatcher.join(plan)
        assert newer is not first
        await wait_until(5.0)
        assert dispatcher.join(plan) is newer

    run(story)


def test_an_end_while_nobody_waits_stops_the_timer(plan):
    async def story(dispatcher):
        first = dispatcher.join(plan)
        dispatcher.leave(first)
        await wait_until(0.2)
        dispatcher._hear(Result(utterance=plan.utterance, status=Status.RENDERED, number=first.plan.number))
        newer = dispatcher.join(plan)
        await wait_until(5.0)
        assert dispatcher.join(plan) is newer

    run(story)
