"""What tests of several modules share."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from voxpress import engines


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
