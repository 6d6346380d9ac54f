"""The text of a script's file, and what stands at its head."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from voxpress.documents.scripts import Names
from voxpress.errors import InputError
from voxpress.manifests.columns import literal
from voxpress.manifests.nodes import List, Map, Node, Plain, read_document
from voxpress.text.lexicon import decode

LARGEST: int = 1 << 24
"""Bytes of a script."""
_RULE = re.compile(r"---[ \t]*")
_END = re.compile(r"(?:---|\.\.\.)[ \t]*")
_CASTS = ("cast", "speakers", "voices")


class Head(NamedTuple):
    """What stands at the head of a script.

    Attributes:
        values: texts, lists and maps.
        body: the line on which the script begins, from 1.
    """

    values: Mapping[str, object]
    body: int


def read_text(path: Path) -> str:
    r"""The text of a file; its lines end with ``\n``.

    Raises:
        InputError: it cannot be read, is too large, or no text in UTF-8 or UTF-16.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
    if len(data) > LARGEST:
        problem = f"is larger than {LARGEST:,} bytes: give each episode a script of its own"
        raise InputError(problem, place=str(path))
    return decode(data, str(path)).replace("\r\n", "\n").replace("\r", "\n")


def read_head(lines: list[str], path: Path) -> Head:
    """What stands between lines of three hyphens at the beginning, in YAML.

    >>> read_head(["---", "title: Salt", "---", "Ann: Hello."], Path("salt.md"))
    Head(values={'title': 'Salt'}, body=4)

    Raises:
        InputError: it is no YAML, or no ``name: value`` pairs.
    """
    begin = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if not lines or not _RULE.fullmatch(lines[begin]):
        return Head({}, 1)
    end = next((number for number in range(begin + 1, len(lines)) if _END.fullmatch(lines[number])), None)
    if end is None:
        return Head({}, 1)

    def list_lines() -> Iterator[str]:
        # Empty lines before it: a message names the line of the file.
        yield "\n" * (begin + 1)
        yield from (f"{line}\n" for line in lines[begin + 1 : end])

    document = read_document(list_lines(), str(path))
    if document is None:
        return Head({}, end + 2)
    values = to_values(document)
    if not isinstance(values, dict):
        problem = "between the lines of --- must be 'name: value' pairs, such as title: Salt"
        raise InputError(problem, place=f"{path}:{begin + 2}")
    return Head(values, end + 2)


def to_values(node: Node, name: str = "") -> object:
    """What a document holds, as texts, lists and maps.

    Args:
        name: of the field that it is; in ``options``, what has no quotes can be a number.
    """
    if isinstance(node, List):
        return [to_values(item) for _, item in node.items]
    if isinstance(node, Map):
        return {
            each: to_values(value, name if name == "options" else each) for each, value in node.values.items()
        }
    if name == "options" and isinstance(node, Plain):
        return literal(str(node))
    return None if node is None else str(node)


def find_names(head: Mapping[str, object]) -> Names:
    """The names that a head has: speakers under ``cast``, ``speakers`` or ``voices``, as a map or a list; and sounds.

    >>> find_names({"cast": {"Ann": "af_heart"}, "speakers": [{"name": "Bob"}, "Carl"]}).cast
    ('Ann', 'Bob', 'Carl')
    """
    found: list[str] = []
    for field in _CASTS:
        given = head.get(field)
        if isinstance(given, Mapping):
            found += map(str, given)
        elif isinstance(given, list):
            named = (each.get("name") if isinstance(each, Mapping) else each for each in given)
            found += [str(each) for each in named if each]
        elif isinstance(given, str):
            found += [name.strip() for name in given.split(",") if name.strip()]
    sounds = head.get("sounds")
    return Names(tuple(dict.fromkeys(found)), tuple(map(str, sounds)) if isinstance(sounds, Mapping) else ())
