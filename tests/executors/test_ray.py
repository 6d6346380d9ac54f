"""Actors of a Ray cluster on this machine."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from voxpress.errors import EngineError, EngineNotInstalled, InputError, NodeLost, WorkerLost
from voxpress.executors.ray import Actors, ClusterSettings, RayActors, RayCluster

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    pytest.importorskip("ray")
    with (
        pytest.MonkeyPatch.context() as patch,
        RayCluster("local", ClusterSettings(engines={"bark": Actors(gpus=1)}), timeout=3.0) as found,
    ):
        patch.setenv("RAY_AUTH_MODE", "disabled")
        yield found


@pytest.fixture
def pool(cluster: RayCluster) -> Iterator[RayActors]:
    found = RayActors(Actors(actors=2, cpus=0.5), timeout=3.0, idle=1.0)
    yield found
    found.shutdown(cancel_futures=True)


def test_tasks_have_results_and_errors(pool: RayActors) -> None:
    results = [pool.submit(pow, 2, number) for number in range(200)]
    assert [each.result() for each in results] == [2**number for number in range(200)]
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(int, "x").result()
    with pytest.raises(AttributeError):
        pool.submit(lambda: 1)


def test_a_worker_that_dies_or_hangs_costs_its_task(pool: RayActors) -> None:
    with pytest.raises(WorkerLost, match="ended with status 7") as died:
        pool.submit(os._exit, 7).result()
    assert not died.value.blameless
    with pytest.raises(WorkerLost, match="gave no answer in 3 s and was ended"):
        pool.submit(time.sleep, 60).result()
    assert pool.submit(len, "four").result() == 4


def test_what_an_actor_had_that_was_killed_is_nobodys_fault(pool: RayActors) -> None:
    actor = pool.submit(os.getppid).result()
    waiting = [pool.submit(time.sleep, 2) for _ in range(2)]
    time.sleep(0.5)
    os.kill(actor, 9)
    errors = [each.exception() for each in waiting]
    assert [type(each) for each in errors if each] == [NodeLost]
    assert next(each for each in errors if each).blameless  # type: ignore[attr-defined]
    assert pool.submit(len, "four").result() == 4


def test_idle_actors_end_and_come_again(pool: RayActors) -> None:
    first = pool.submit(os.getppid).result()
    deadline = time.monotonic() + 30
    while os.path.exists(f"/proc/{first}") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not os.path.exists(f"/proc/{first}")
    assert pool.submit(os.getppid).result() != first


def test_a_shutdown_loses_what_runs_and_cancels_what_waits(cluster: RayCluster) -> None:
    pool = RayActors(Actors(actors=1, cpus=0.5))
    assert pool.submit(len, "four").result() == 4
    running, waiting = pool.submit(time.sleep, 60), pool.submit(len, "four")
    time.sleep(0.5)
    pool.shutdown(cancel_futures=True)
    assert isinstance(running.exception(), NodeLost)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="shut down"):
        pool.submit(len, "four")


def test_a_shutdown_can_wait(cluster: RayCluster) -> None:
    pool = RayActors(Actors(actors=1, cpus=0.5))
    results = [pool.submit(pow, 2, number) for number in range(5)]
    pool.shutdown()
    assert [each.result() for each in results] == [1, 2, 4, 8, 16]


def test_an_actor_for_which_no_node_has_room_is_told_at_once(cluster: RayCluster) -> None:
    from voxpress.engines import find

    with pytest.raises(
        InputError, match="no node of the cluster has CPU 1, GPU 1; if its autoscaler can add one"
    ):
        cluster.speaking(find("bark")(None))


def test_actors_that_do_not_start_are_told_of(cluster: RayCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voxpress.executors.ray.actors._FAILURES", 1)
    wrong = {"working_dir": "file:///nowhere.zip"}
    pool = RayActors(Actors(actors=1, cpus=0.5, runtime_env=wrong))
    try:
        with pytest.raises(EngineNotInstalled, match="no actor starts"):
            pool.submit(len, "four").result(timeout=90)
    finally:
        pool.shutdown(cancel_futures=True)


def test_a_cluster_that_is_gone_fails_who_waits_and_who_comes(
    cluster: RayCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = RayActors(Actors(actors=1, cpus=0.5), timeout=3.0)
    assert pool.submit(len, "four").result() == 4

    def refuse(*_: object) -> None:
        raise ConnectionError("the head is gone\nand a page of more")

    with monkeypatch.context() as patch:
        patch.setattr("ray.kill", refuse)
        running, waiting = pool.submit(time.sleep, 60), pool.submit(len, "four")
        time.sleep(0.5)
        os.kill(_find_actor(), 9)
        with pytest.raises(NodeLost, match="is gone"):
            running.result(timeout=30)
        with pytest.raises(EngineError, match=r"the cluster does not answer any more: the head is gone$"):
            waiting.result(timeout=30)
        with pytest.raises(EngineError, match="does not answer any more"):
            pool.submit(len, "four").result(timeout=30)
    pool.shutdown(cancel_futures=True)


def _find_actor() -> int:
    """The process of an actor that is at work."""
    found = subprocess.run(["pgrep", "-f", "^ray::_Actor.run"], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])
