"""Reading a manifest from its contents, shared by the tests of the formats."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from voxpress.errors import ManifestError
from voxpress.manifests import Row, read_stream
from voxpress.manifests.reading import Reading
from voxpress.speech import Utterance


@pytest.fixture
def rows() -> Callable[..., list[Row]]:
    """All rows of a manifest with these contents."""

    def read(
        data: str | bytes, path: str = "-", format: str | None = None, reading: Reading | None = None
    ) -> list[Row]:
        data = data.encode() if isinstance(data, str) else data
        return list(read_stream(io.BytesIO(data), format, path=path, reading=reading))

    return read


@pytest.fixture
def good(rows: Callable[..., list[Row]]) -> Callable[..., list[Utterance]]:
    """The same, where every row must be good."""

    def read(
        data: str | bytes, path: str = "-", format: str | None = None, reading: Reading | None = None
    ) -> list[Utterance]:
        found = rows(data, path, format, reading)
        assert [row for row in found if not isinstance(row, Utterance)] == []
        return [row for row in found if isinstance(row, Utterance)]

    return read


@pytest.fixture
def bad(rows: Callable[..., list[Row]]) -> Callable[..., list[str]]:
    """What the bad rows say."""

    def read(data: str | bytes, path: str = "-", format: str | None = None) -> list[str]:
        return [str(row) for row in rows(data, path, format) if isinstance(row, ManifestError)]

    return read
