"""Asterisk's prompt lists (``core-sounds-en.txt``): ``path/name: text``, and ``;`` for comments.

Texts hold stage directions (``[beep]``, ``(2 seconds of silence)``): see `voxpress.text.directions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.errors import ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.rows import row

_PROMPT = re.compile(r"([^\s:;]+)\s*:(?:\s+(.*))?$", re.DOTALL)


def _recognise(head: str) -> bool:
    # "Alice: Hello." is a line of a play as well; a comment or a folder tells the list from it.
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    comments = [line for line in lines if line.startswith(";")]
    names = [match[1] for line in lines if (match := _PROMPT.match(line))]
    everything = len(comments) + len(names) == len(lines)
    return everything and bool(names) and (bool(comments) or any("/" in name for name in names))


def _read(lines: Iterator[str], path: str) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith(";"):
            continue
        if match := _PROMPT.match(line):
            fields: dict[str, object] = {"id": match[1], "text": match[2] or "", "markup": "directions"}
            yield from row(fields, path, number)
        else:
            yield ManifestError(
                "is not 'path/name: text' (a name without spaces, a colon, a space, the text)",
                path=path,
                line=number,
            )


FORMAT = Format(
    description="Asterisk's prompt list: path/name: text.",
    extensions=(".txt",),
    recognise=_recognise,
    read=_read,
    by_content=True,
)
