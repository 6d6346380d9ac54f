"""What the examples in the docstrings of src/ share."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxpress.store import open_store


@pytest.fixture(autouse=True)
def _empty_memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No example finds in ``memory:`` what another one spoke, and none writes into the checkout."""
    open_store.cache_clear()
    if isinstance(request.node, pytest.DoctestItem):
        folder = request.getfixturevalue("tmp_path")
        (folder / "examples").symlink_to(Path(__file__).with_name("examples"))
        monkeypatch.chdir(folder)
