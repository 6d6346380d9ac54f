"""Actors of a Ray cluster on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from prometheus_client.parser import text_string_to_metric_families

from voxpress.errors import ClusterLost, EngineNotInstalled, InputError, NodeLost, WorkerLost
from voxpress.executors import TaskInfo
from voxpress.executors.ray import Actors, ClusterSettings, RayActors, RayCluster

T = TypeVar("T")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_metrics_report_interval_ms", "500")
        with RayCluster("local", ClusterSettings(engines={"bark": Actors(gpus=1)}), timeout=3.0) as found:
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


@pytest.mark.parametrize(
    "wrong",
    [
        {"cpus": 0.00001},
        {"resources": {"CPU": 1.0}},
        {"resources": {"x": -1.0}},
        {"runtime_env": {"env_vars": {"A": 1}}},
        {"runtime_env": {"py_modules": ["/nosuch"]}},
    ],
)
@pytest.mark.parametrize("actors", [None, 1])
def test_an_actor_that_ray_refuses_is_told_at_once(
    cluster: RayCluster, wrong: dict[str, Any], actors: int | None
) -> None:
    with pytest.raises(InputError, match=r"\[cluster\]: Ray refuses such an actor: ."):
        RayActors(Actors(actors=actors, **wrong))


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
        with pytest.raises(ClusterLost, match=r"the cluster does not answer any more: the head is gone$"):
            waiting.result(timeout=30)
        with pytest.raises(ClusterLost, match="does not answer any more"):
            pool.submit(len, "four").result(timeout=30)
    pool.shutdown(cancel_futures=True)


def _find_actor() -> int:
    """The process of an actor that is at work."""
    found = subprocess.run(["pgrep", "-f", "^ray::_Actor.run"], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def named(function: Callable[[Any], Any], argument: object) -> Callable[[], Any]:
    """A task for two rows."""
    task = partial(function, argument)
    task.info = TaskInfo("speak", "nap", ("menu/1", "menu/2"))  # type: ignore[attr-defined]
    return task


def read_metrics() -> list[tuple[str, Mapping[str, str], float]]:
    """What Ray exports on the one node."""
    import ray

    port = ray.nodes()[0]["MetricsExportPort"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
        families = list(text_string_to_metric_families(page.read().decode()))
    return [
        (each.name, each.labels, each.value)
        for family in families
        for each in family.samples
        if each.name.startswith("ray_voxpress_")
    ]


def wait_for(found: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 60
    while True:
        if (value := found()) is not None or time.monotonic() > deadline:
            assert value is not None
            return value
        time.sleep(0.5)


def test_prometheus_is_told_of_actors_engines_and_queues(cluster: RayCluster) -> None:
    """Busy and idle time, what came of the tasks, and how many wait."""
    pytest.importorskip("opencensus")
    pool = RayActors(Actors(actors=1, cpus=0.5), name="naps", timeout=20.0)

    def total(name: str, **labels: str) -> float | None:
        values = [
            value
            for each, found, value in read_metrics()
            if each == f"ray_voxpress_{name}" and found.items() >= ({"pool": "naps"} | labels).items()
        ]
        return sum(values) if values else None

    try:
        tasks = [pool.submit(named(time.sleep, 0.5)) for _ in range(16)]
        waiting = wait_for(lambda: total("pool_waiting") or None)
        assert 1 <= waiting <= 15
        assert wait_for(lambda: total("pool_actors", state="busy") or None) == 1
        for each in tasks:
            each.result()
        time.sleep(3.0)
        for fault in (named(int, "x"), named(os._exit, 9)):
            with pytest.raises((ValueError, WorkerLost)):
                pool.submit(fault).result()
        assert wait_for(lambda: total("actor_tasks_total", engine="nap", outcome="lost")) == 1
        assert total("actor_tasks_total", stage="speak", engine="nap", outcome="done") == 16
        assert total("actor_tasks_total", stage="speak", engine="nap", outcome="failed") == 1
        assert total("actor_rows_total", stage="speak", engine="nap") == 36
        assert 8.0 <= (total("actor_seconds_total", state="busy") or 0) < 20.0
        assert (total("actor_seconds_total", state="idle") or 0) >= 3.0
        assert wait_for(lambda: 1 if total("pool_waiting") == 0 else None)
    finally:
        pool.shutdown(cancel_futures=True)


def test_the_log_of_an_actor_names_rows(cluster: RayCluster, caplog: pytest.LogCaptureFixture) -> None:
    """Those that were done, that failed and that were lost, in Ray's folder of logs; the error says where to look."""
    import ray

    pool = RayActors(Actors(actors=1, cpus=0.5), timeout=20.0)
    try:
        pool.submit(named(time.sleep, 0.1)).result()
        with pytest.raises(ValueError, match="invalid literal"):
            pool.submit(named(int, "x")).result()
        with pytest.raises(WorkerLost, match=r"more in the log of actor [0-9a-f]+ on node [0-9a-f]+"):
            pool.submit(named(os._exit, 9)).result()
        feeder = pool.submit(os.getppid)
        running = pool.submit(named(time.sleep, 10.0))
        os.kill(feeder.result(), 9)
        assert isinstance(running.exception(), NodeLost)
    finally:
        pool.shutdown(cancel_futures=True)
    assert "speak nap: menu/1 menu/2" in caplog.text
    logs = Path("/tmp/ray", ray.get_runtime_context().get_session_name(), "logs")

    def find_lines() -> list[str] | None:
        lines = [line for log in logs.glob("worker-*.err") for line in log.read_text().splitlines()]
        found = [line for line in lines if "speak nap: menu/1 menu/2" in line]
        return found if len(found) >= 3 else None

    done, failed, lost = wait_for(find_lines)[-3:]
    assert re.search(r"INFO .*: speak nap: menu/1 menu/2 in 0\.\d+ s$", done)
    assert "WARNING" in failed and "failed after" in failed and failed.endswith("'x'")
    assert "WARNING" in lost and "lost after" in lost and lost.endswith("ended with status 9")


def test_a_command_that_is_to_end_gives_the_cluster_back(tmp_path: Path) -> None:
    """SIGTERM, as from Kubernetes: the one message, the usual status, and no process of Ray stays."""
    rows = tmp_path / "rows.csv"
    rows.write_text("id,text\n" + "".join(f"row-{n},Train number {n} is late.\n" for n in range(500)))
    command = (sys.executable, "-m", "voxpress", "render", rows, "-o", tmp_path / "out")
    render = subprocess.Popen(
        [
            *command,
            "--store",
            tmp_path / "store",
            "-e",
            "tone",
            "--option",
            "delay=0.2",
            "--executor",
            "ray",
            "-w",
            "1",
        ],
        env=os.environ | {"RAY_ADDRESS": "local"},  # other tests may have clusters here
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for(lambda: next((tmp_path / "out").glob("row-*.wav"), None))
        render.terminate()
        _, said = render.communicate(timeout=60)
    finally:
        render.kill()
    assert render.returncode == 143
    assert (
        said.splitlines()[-1] == "voxpress: interrupted; run the same command again to go on where it stopped"
    )
    assert "SIGTERM" not in said and "Traceback" not in said
