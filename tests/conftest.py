"""What tests of several modules share."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import settings

from tests.seaweed import MissingBucket, SeaweedFS, run_seaweed
from voxpress import engines
from voxpress.files import home

# How long an example takes says more of the machine than of the code.
settings.register_profile("voxpress", deadline=None)
settings.load_profile("voxpress")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Installs an engine as a package of its own: its name, and its module, which has one class; gives the name."""

    def install(name: str, source: str) -> str:
        place = tmp_path / "site"
        info = place / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (place / f"{name}_engine.py").write_text(textwrap.dedent(source))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[{engines.ENTRY_POINTS}]\n{name} = {name}_engine:{name.title()}\n"
        )
        monkeypatch.syspath_prepend(place)
        return name

    return install


Become: TypeAlias = Callable[[Path, pytest.MonkeyPatch, tuple[str, ...]], None]


@pytest.fixture(scope="session")
def become() -> Become:
    """Makes us another user, also for processes that start: one with some folders of our data, and without a cache."""

    def change(place: Path, patch: pytest.MonkeyPatch, keep: tuple[str, ...]) -> None:
        theirs = place / "data" / "voxpress"
        theirs.mkdir(parents=True)
        for name in keep:
            (theirs / name).symlink_to(home.data(name))
        patch.setenv("XDG_DATA_HOME", str(place / "data"))
        patch.setenv("XDG_CACHE_HOME", str(place / "cache"))

    return change


@pytest.fixture
def new_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, become: Become) -> Path:
    """A user with our environments, but no models, voices, accepted terms or caches; gives their folder."""
    become(tmp_path / "user", monkeypatch, ("environments",))
    return tmp_path / "user"


@pytest.fixture
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """See `run_seaweed`."""
    with run_seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def missing_bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[MissingBucket]:
    """The environment tells obstore where it would be."""
    server = MissingBucket()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    yield server
    server.stop()
