"""Plain text: each line is one file, and its line number is the file's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from voxpress.manifests import Format, Row
from voxpress.manifests.rows import row


def _read(lines: Iterator[str], path: str) -> Iterator[Row]:
    stem = "" if path == "-" else PurePath(path).stem + "-"
    for number, line in enumerate(lines, 1):
        if text := line.strip():
            yield from row({"id": f"{stem}{number:04}", "text": text}, path, number)


FORMAT = Format(
    description="One file for each line that is not blank.",
    extensions=(".txt",),
    recognise=lambda _head: False,
    read=_read,
)
