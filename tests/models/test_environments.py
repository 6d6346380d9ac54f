"""Environments of their own: where engines that cannot share one live, and how work gets there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import voxpress
from voxpress import engines
from voxpress.engines.tone import Tone
from voxpress.errors import EngineNotInstalled, StoreError
from voxpress.executors import Pools, Processes
from voxpress.models import environments
from voxpress.models.environments import Environment
from voxpress.rendering import casting

PLACE = "__import__('sys').executable"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The interpreter of the environment "torch", which here is one with nothing but what voxpress needs; and tone
    lives there.
    """
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(Tone, "environment", "torch")
    monkeypatch.setattr(Tone, "packages", ("no_such_package_here",))
    folder = environments.folder("torch")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = environments.packages("torch")
    Path(packages, "theirs.pth").write_text(sysconfig.get_path("purelib"))
    (folder / "voxpress-complete").touch()
    casting._choose.cache_clear()  # other tests had tone here
    return str(folder / "bin" / "python")


def test_a_worker_of_another_environment_has_this_voxpress(elsewhere: str) -> None:
    """It is not installed there: the worker is given the very package that asks."""
    with Processes(1, python=elsewhere) as processes:
        assert processes.submit(eval, PLACE).result() == elsewhere
        theirs = processes.submit(eval, "__import__('voxpress').__file__").result()
    assert os.path.samefile(theirs, str(voxpress.__file__))


def test_each_engine_speaks_where_it_lives(elsewhere: str, tmp_path: Path) -> None:
    """Everything else stays here, and a render through both is like any other."""
    with Pools(workers=1) as pools:
        assert pools.speaking(Tone()).submit(eval, PLACE).result() == elsewhere
        assert pools.finishing.submit(eval, PLACE).result() == sys.executable
    rows = [voxpress.Utterance(id=str(n), text=f"Line number {n}.") for n in range(3)]
    results = voxpress.render(rows, tmp_path / "out", engine="tone", store=tmp_path / "store", workers=1)
    assert sorted(result.status for result in results) == ["rendered"] * 3
    assert voxpress.say("Line number 1.", engine="tone", store=tmp_path / "store").duration > 0.3


def test_a_store_in_memory_is_refused_where_it_would_not_be_seen(elsewhere: str) -> None:
    """The worker's memory is another one: its takes would be lost."""
    with pytest.raises(
        StoreError, match="'tone' runs in processes of its own, which cannot see a store in memory"
    ):
        voxpress.say("Hello there.", engine="tone", store="memory:")


def test_other_pins_are_another_environment(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So nothing is changed under a running worker, and an old one is not taken for the new one."""
    assert environments.python("torch") == elsewhere
    pins = Environment(engines=("tone",), requires=("torch==99",))
    monkeypatch.setattr(environments, "catalogue", lambda: {"torch": pins})
    assert environments.python("torch") is None
    monkeypatch.setattr(Tone, "install", "voxpress engines install tone")
    with pytest.raises(
        EngineNotInstalled, match=r"needs no_such_package_here: run  voxpress engines install tone"
    ):
        voxpress.say("Hello there.", engine="tone", store="memory:")


def test_one_that_was_cut_off_does_not_count(elsewhere: str) -> None:
    """It appears only once it is complete."""
    (environments.folder("torch") / "voxpress-complete").unlink()
    assert engines.missing_packages(Tone) == ["no_such_package_here"]


def test_versions_are_found_without_starting_it(elsewhere: str) -> None:
    """For fingerprints, which are made where nothing heavy is imported."""
    (packages,) = environments.packages("torch")
    info = Path(packages, "their_torch-2.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-torch\nVersion: 2.0\n")
    assert engines.version(Tone, "their-torch") == "2.0"
    with pytest.raises(EngineNotInstalled, match="is not in the environment 'torch'"):
        engines.version(Tone, "no-such-distribution")


def test_every_engine_with_an_environment_is_in_its_list() -> None:
    """And the other way round: who reads the file sees what lives where."""
    of_engines = {
        (kind.environment, name) for name in engines.names() if (kind := engines.find(name)).environment
    }
    listed = {(name, engine) for name, each in environments.catalogue().items() for engine in each.engines}
    assert of_engines <= listed


@pytest.mark.engines
def test_an_environment_is_made_once_and_anew_where_it_was_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real pip; what pip says is in the error."""
    pins = {
        "small": Environment(engines=(), requires=("six==1.16.0",), bare=("idna==3.7",), without=("six",)),
        "wrong": Environment(engines=(), requires=("six==0.0.99",)),
    }
    monkeypatch.setattr(environments, "catalogue", lambda: pins)
    told: list[str] = []
    folder = environments.folder("small", tmp_path)
    (folder / "bin").mkdir(parents=True)
    assert environments.install("small", told.append, tmp_path) == folder
    assert environments.version("small", "idna", tmp_path) == "3.7"
    with pytest.raises(EngineNotInstalled, match="six is not in"):
        environments.version("small", "six", tmp_path)
    steps = len(told)
    environments.install("small", told.append, tmp_path)
    assert len(told) == steps
    interpreter = environments.python("small", tmp_path)
    assert interpreter is not None
    with Processes(1, python=interpreter) as processes:
        assert processes.submit(len, "four").result() == 4
    with pytest.raises(EngineNotInstalled, match=r"six==0\.0\.99"):
        environments.install("wrong", told.append, tmp_path)
