"""Asterisk's prompt lists (``core-sounds-en.txt``): ``path/name: text``, and ``;`` for comments.

Texts hold stage directions (``[beep]``, ``(2 seconds of silence)``): see `voxpress.text.directions`. In translated
lists the directions are translated too; there the names tell the sounds: `_SOUNDS`, ``silence/2``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.errors import LeftOut, ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import leave_out_unspeakable, row

_PROMPT = re.compile(r"([^\s:;]+)\s*:(?:\s+(.*))?$", re.DOTALL)
_FILE = re.compile(r"[a-z0-9._-]+")
_COMPOUND = re.compile(r"[_-]")


_SOUNDS = {
    "beep": "[beep]",
    "beeperr": "[error beep]",
    "confbridge-join": "[ascending tones]",
    "confbridge-leave": "[descending tones]",
}
"""Asterisk's names of sounds, the same in every language."""
_SILENCE = re.compile(r"silence/(\d+)")
_BRACKETS = re.compile(r"[(<\[][^][()<>]*[])>]")


def _recognise(head: str) -> bool:
    # "Alice: Hello." may be a line of a play; only prompt lists have comments, folders, or names such as vm-intro.
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    comments = [line for line in lines if line.startswith(";")]
    names = [match[1] for line in lines if (match := _PROMPT.match(line))]
    everything = len(comments) + len(names) == len(lines)
    if not names or not everything:
        return False
    files = len(set(names)) == len(names) and all(map(_FILE.fullmatch, names))
    return (
        bool(comments) or any("/" in name for name in names) or (files and any(map(_COMPOUND.search, names)))
    )


def _replace_sound(name: str, text: str) -> str:
    """The text, or the direction for a sound that a translated list describes in its own words."""
    if not _BRACKETS.fullmatch(text) and not ("beep" in text.lower() and text[-1] not in ".!?"):
        return text
    silence = _SILENCE.fullmatch(name)
    return f"[silence {silence[1]} s]" if silence else _SOUNDS.get(name, text)


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    return leave_out_unspeakable(_read_rows(lines, reading.path))


def _read_rows(lines: Iterator[str], path: str) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith(";"):
            continue
        if match := _PROMPT.match(line):
            name, text = match[1], match[2]
            if not text:
                yield LeftOut(f"{name} has no text", path=path, line=number)
                continue
            yield from row(
                {"id": name, "text": _replace_sound(name, text), "markup": "directions"}, path, number
            )
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
