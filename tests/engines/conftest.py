"""What the tests of engines in environments of their own share: tiny models, made with those environments."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voxpress import engines
from voxpress.executors import Pools

TINY = Path(__file__).parent / "tiny"
collect_ignore = ["tiny"]
"""Programs for those environments: what they import is not here."""


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Gives the folder of an engine's tiny model, made once by ``tiny/make_NAME.py``, or skips where the engine has no
    environment; with VOXPRESS_TEST_ENVIRONMENTS, as when everything has to be tested, that is a failure.

    `model` is one that the engine needs its environment for, where not all of its models do.
    """

    @functools.cache
    def make(name: str, model: str | None = None) -> Path:
        engine = engines.find(name)(model)
        if engines.missing_packages(engine):
            reason = f"needs the environment of {name}: run  {engine.install}"
            if os.environ.get("VOXPRESS_TEST_ENVIRONMENTS"):
                pytest.fail(reason)
            pytest.skip(reason)
        python = engines.python(engine) or sys.executable
        folder = tmp_path_factory.mktemp("tiny") / name
        made = subprocess.run(
            [python, "-W", "ignore", TINY / f"make_{name}.py", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        return folder

    return make


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, become: Callable[..., None]) -> Iterator[Path]:
    """A user without voices, caches and accepted terms, here and in the workers of a module."""
    place = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        become(place, patch, ("environments", "models"))
        yield place


@pytest.fixture(scope="module")
def pools(home: Path) -> Iterator[Pools]:
    """Where the engines of a module speak, so that a worker is started and a model loaded once."""
    with Pools(workers=0) as pools:
        yield pools
