"""Pairs: ``name = text`` or ``name: text``, one in each line, and ``#`` or ``;`` for comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.errors import ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import row

_PAIR = re.compile(r"([^\s=:]+)\s*[=:]\s*(.*)", re.DOTALL)
_EQUALS = re.compile(r"[^\s=:]+\s*=\s*\S")


def _recognise(head: str) -> bool:
    # "Alice: Hello." may be a line of a play; a play has no equals signs.
    lines = [line.strip() for line in head.splitlines()]
    return all(_EQUALS.match(line) for line in lines if line and line[0] not in "#;") and "=" in head


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    path = reading.path
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        match = _PAIR.match(line)
        if match is None:
            yield ManifestError("is not 'name = text' or 'name: text'", path=path, line=number)
        elif match[1] in seen:
            yield ManifestError("is given twice", path=path, line=number, field=match[1])
        else:
            seen.add(match[1])
            yield from row({"id": match[1], "text": match[2]}, path, number)


FORMAT = Format(
    description="Pairs, name = text or name: text.",
    extensions=(".properties", ".txt"),
    recognise=_recognise,
    read=_read,
    by_content=True,
)
