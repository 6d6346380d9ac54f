"""What the loop of a server does for requests that come and go."""

import threading
import time

import msgspec
import pytest

from tests.rendering.plans import planned, sentences
from voxpress.executors import Pools
from voxpress.rendering.driver import PushDriver
from voxpress.rendering.scheduler import Arrived
from voxpress.rendering.turns import FairTurns, LongestFirst
from voxpress.speech import Result
from voxpress.store import Store


def result(heard, number, within=10.0):
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        for news in list(heard):
            if isinstance(news, Result) and news.number == number:
                return news
        time.sleep(0.01)
    raise AssertionError(heard)


def serve(loop, *plans):
    """Run a loop until all of these are done."""
    heard: list[Result | Arrived] = []
    thread = threading.Thread(target=lambda: heard.extend(loop.serve()))
    for plan in plans:
        loop.submit(plan)
    thread.start()
    found = [result(heard, plan.number, within=30) for plan in plans]
    loop.close()
    thread.join()
    return found, heard


def test_news_of_takes_come_before_the_result():
    with Pools(0) as pools:
        loop = PushDriver(Store("memory:"), pools)
        (done,), heard = serve(loop, planned(sentences("somebody", 6), 7))
    assert done.status == "rendered"
    assert [type(news) for news in heard] == [Arrived] * 6 + [Result]
    assert {news.take for news in heard[:6]} == set(planned(sentences("somebody", 6), 7).takes)


def test_a_failure_is_not_remembered():
    """Whoever asks again gets another try."""
    with Pools(0) as pools:
        loop = PushDriver(Store("memory:"), pools)
        bad = planned("This fails.", 1, fault="raise")
        (first, second), _ = serve(loop, bad, msgspec.structs.replace(bad, number=2))
    assert [first.status, second.status] == ["failed", "failed"]
    with Pools(0) as pools:
        loop = PushDriver(Store("memory:"), pools)
        (failed, good), _ = serve(loop, bad, planned("This does not.", 3))
    assert [failed.status, good.status] == ["failed", "rendered"]


def test_a_store_that_fails_costs_what_was_asked_of_it(tmp_path):
    (tmp_path / "file").write_text("a file where the store's folder should be")
    with Pools(0) as pools:
        loop = PushDriver(Store(tmp_path / "file" / "store"), pools)
        found, _ = serve(loop, planned("One.", 1), planned("Two.", 2))
    assert {(done.status, done.error_type) for done in found} == {("failed", "StoreError")}


def test_what_nobody_waits_for_is_not_spoken(tmp_path):
    with Pools(1) as pools:
        store = Store(tmp_path)
        loop = PushDriver(store, pools)
        book = planned(sentences("nobody", 40), 1, delay=0.05)
        heard: list[Result | Arrived] = []
        thread = threading.Thread(target=lambda: heard.extend(loop.serve()))
        thread.start()
        loop.submit(book)
        while not heard:
            time.sleep(0.01)
        loop.withdraw(1)
        short = planned("Somebody waits.", 2)
        loop.submit(short)
        assert result(heard, 2).status == "rendered"
        loop.close()
        thread.join()
    assert not any(isinstance(news, Result) and news.number == 1 for news in heard)
    assert 0 < len(book.takes) - len(store.missing_takes(book.takes)) < 30


def long_segments():
    """Three texts of one long segment, each of which is a batch of its own."""
    return [
        planned(f"Number {n} " + "goes on and on, " * 10 + "and ends.", n, delay=1 + n / 100)
        for n in range(1, 4)
    ]


def order_of_results(store, turns, plans):
    """Numbers of the plans in the order in which two workers are done with them, all of them there at first."""
    with Pools(2) as pools:
        loop = PushDriver(Store(store), pools, turns=turns)
        found, heard = serve(loop, *plans)
    assert {each.status for each in found} == {"rendered"}
    return [news.number for news in heard if isinstance(news, Result)]


def test_who_leaves_at_once_is_not_spoken(tmp_path):
    """A request and its withdrawal that the loop finds together: it was busy with something slow."""
    with Pools(0) as pools:
        store = Store("memory:")
        loop = PushDriver(store, pools)
        left, stays = planned("Nobody waits for this.", 1), planned("Somebody waits for this.", 2)
        loop.submit(left)
        loop.withdraw(1)
        ((done,), heard) = serve(loop, stays)
        assert store.missing_takes(left.takes) == set(left.takes)
    assert done.status == "rendered"
    assert {news.number for news in heard} == {2}


def test_long_segments_leave_a_worker_to_short_ones(tmp_path):
    """Nothing is spoken yet, and the long ones are first in turn: the short ones wait for none of them."""
    long = long_segments()
    short = [planned(f"Caller {n}.", n) for n in range(4, 8)]
    assert all(len(plan.takes) == 1 for plan in long)
    order = order_of_results(tmp_path, LongestFirst(), [*long, *short])
    assert set(order[-2:]) < {1, 2, 3} and set(order[:4]) >= {4, 5, 6}


@pytest.mark.parametrize("behind", [False, True])
def test_what_is_in_the_background_takes_no_worker_from_long_segments(tmp_path, behind):
    """Short lines of a batch wait while somebody waits for a long text; those of another caller do not."""
    turns = FairTurns()
    long = long_segments()
    short = [planned(f"Line {n}.", n, delay=0.3 + n / 1000) for n in range(4, 8)]
    if behind:
        turns.background.update(plan.number for plan in short)
    order = order_of_results(tmp_path, turns, [*long, *short])
    assert (set(order[:2]) < {1, 2, 3}) is behind


def test_a_segment_that_another_wants_too_is_spoken_all_the_same(tmp_path):
    with Pools(1) as pools:
        loop = PushDriver(Store(tmp_path), pools)
        text = sentences("both", 10)
        first, second = planned(text, 1, delay=0.02), planned(text, 2, delay=0.02)
        heard: list[Result | Arrived] = []
        thread = threading.Thread(target=lambda: heard.extend(loop.serve()))
        thread.start()
        loop.submit(first)
        loop.submit(second)
        loop.withdraw(1)
        assert result(heard, 2).status == "rendered"
        loop.close()
        thread.join()
