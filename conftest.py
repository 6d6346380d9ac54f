"""What the examples in the docstrings of src/ share."""

from __future__ import annotations

import pytest

from voxpress.store import open_store


@pytest.fixture(autouse=True)
def _empty_memory() -> None:
    """No example finds in ``memory:`` what another one spoke."""
    open_store.cache_clear()
