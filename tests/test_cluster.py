"""The command on a Ray cluster of several nodes over an object store: what it makes, and what survives of it."""

from __future__ import annotations

import csv
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.seaweed import FaultyProxy, SeaweedFS
from voxpress.store.backends import RemoteObjects


class Nodes:
    """A Ray cluster on this machine: a head without processors, and nodes with one each."""

    def __init__(self, count: int) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        self._nodes: list[Any] = []
        for _ in range(count):
            self.add()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    def add(self) -> None:
        self._nodes.append(self._cluster.add_node(num_cpus=1))

    def lose(self) -> None:
        """A node dies, and another one comes."""
        self._cluster.remove_node(self._nodes.pop(0), allow_graceful=False)
        self.add()

    def kill_actor(self) -> None:
        """One of the processes that feed workers dies."""
        found = subprocess.run(["pgrep", "-f", "^ray::_Actor"], capture_output=True, text=True, check=False)
        if pids := found.stdout.split():
            os.kill(int(random.choice(pids)), signal.SIGKILL)

    def stop(self) -> None:
        self._cluster.shutdown()


@pytest.fixture
def proxy(seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """Between this process, what it starts, and the object store."""
    found = FaultyProxy(seaweed.environment["AWS_ENDPOINT"])
    monkeypatch.setenv("AWS_ENDPOINT", found.endpoint)
    yield found
    found.go()


@pytest.fixture
def nodes(seaweed: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    """They find the object store as this process does."""
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    found = Nodes(3)
    monkeypatch.setenv("RAY_ADDRESS", found.address)
    try:
        yield found
    finally:
        found.stop()


def write_rows(path: Path, count: int, text: str = "Platform {n}. The train to stop {n} is late.") -> Path:
    with path.open("w", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(["id", "text"])
        sheet.writerows((f"row-{n:05}", text.format(n=n)) for n in range(count))
    return path


def start(*args: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "voxpress", "render", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(process: subprocess.Popen[str], status: int = 0) -> str:
    try:
        output, _ = process.communicate(timeout=900)
    finally:
        process.kill()
    assert process.returncode == status, output
    return output


def read_prefix(url: str) -> dict[str, bytes]:
    """The files below a prefix, without those about the render."""
    objects = RemoteObjects(url)
    names = [entry.name for entry in objects.entries() if not entry.name.startswith(".voxpress/")]
    return {name: objects.get(name) or b"" for name in names}


def read_folder(folder: Path) -> dict[str, bytes]:
    files = (each for each in folder.rglob("*") if each.is_file() and ".voxpress" not in each.parts)
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in files}


@pytest.mark.cluster
def test_actors_and_nodes_die_and_the_files_are_those_of_one_machine(nodes: Nodes, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", 5000)
    end(start(rows, "-o", tmp_path / "out", "--store", tmp_path / "store", "-e", "tone"))
    render = start(
        *(rows, "-o", "s3://voices/out", "--store", "s3://voices/store", "-e", "tone", "--executor", "ray")
    )
    losses = [nodes.kill_actor] * 8 + [nodes.lose] * 2
    random.shuffle(losses)
    for lose in losses:
        time.sleep(random.uniform(2.0, 5.0))
        if render.poll() is None:
            lose()
    assert "5,000 rows: 5,000 rendered" in end(render)
    assert read_prefix("s3://voices/out") == read_folder(tmp_path / "out")


@pytest.mark.cluster
def test_a_driver_that_was_killed_goes_on_where_it_was(nodes: Nodes, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", 900)
    command = (
        rows,
        "-o",
        "s3://voices/out",
        "--store",
        "s3://voices/store",
        "-e",
        "tone",
        "--executor",
        "ray",
    )
    render = start(*command)
    while len(read_prefix("s3://voices/out")) < 200:
        assert render.poll() is None
        time.sleep(0.5)
    render.kill()
    render.wait()
    there = len(read_prefix("s3://voices/out"))
    output = end(start(*command))
    up_to_date = int(output.partition(" up to date")[0].rpartition(" ")[2].replace(",", ""))
    assert there <= up_to_date < 900
    assert len(read_prefix("s3://voices/out")) == 900


@pytest.mark.s3
def test_what_kills_its_worker_is_named_and_costs_nothing_else(nodes: Nodes, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    lines = [f'{{"id": "r{n}", "text": "Row {n}."}}' for n in range(50)]
    lines.insert(20, '{"id": "bad", "text": "Poison.", "options": {"fault": "crash"}}')
    rows.write_text("\n".join(lines))
    output = end(
        start(
            rows, "-o", "s3://voices/out", "--store", "s3://voices/store", "-e", "tone", "--executor", "ray"
        ),
        1,
    )
    assert "51 rows: 50 rendered" in output
    log = r"\(more in the log of actor [0-9a-f]+ on node [0-9a-f]+\)"
    assert re.search(
        rf"the worker process ended with status 139 {log}, twice, while speaking 'Poison.' alone", output
    )


@pytest.mark.cluster
def test_a_store_that_is_busy_and_then_gone_for_a_minute_costs_only_time(
    proxy: FaultyProxy, nodes: Nodes, tmp_path: Path
) -> None:
    rows = write_rows(tmp_path / "rows.csv", 500)
    proxy.busy = 0.2
    render = start(
        *(rows, "-o", "s3://voices/out", "--store", "s3://voices/store", "-e", "tone", "--executor", "ray")
    )
    while len(read_prefix("s3://voices/out")) < 100:
        assert render.poll() is None, render.communicate()[0]
        time.sleep(0.5)
    proxy.go()
    time.sleep(60)
    assert render.poll() is None, render.communicate()[0]
    proxy.come()
    assert "500 rows: 500 rendered" in end(render)
    assert proxy.refused > 50
    proxy.busy = 0.0
    assert len(read_prefix("s3://voices/out")) == 500


@pytest.mark.cluster
def test_weights_and_a_recogniser_reach_the_nodes(nodes: Nodes, tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows.csv", 200)
    end(start(rows, "-o", tmp_path / "out", "--store", tmp_path / "store", "-e", "piper"))
    output = end(
        start(
            rows, "-o", "s3://voices/out", "--store", "s3://voices/store", "-e", "piper", "--executor", "ray"
        )
    )
    assert "200 rows: 200 rendered" in output
    assert read_prefix("s3://voices/out") == read_folder(tmp_path / "out")
