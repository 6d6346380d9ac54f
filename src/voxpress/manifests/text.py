"""Plain text: each line is one file, and its line number is the file's name."""

from __future__ import annotations

from collections.abc import Iterator

from voxpress.manifests import Format, Row
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import row


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text and not (reading.phrases and text[0] in "#;"):
            yield from row({"id": reading.number(number), "text": text}, reading.path, number)


FORMAT = Format(
    description="One file for each line that is not blank.",
    extensions=(".txt",),
    recognise=lambda _head: False,
    read=_read,
)
