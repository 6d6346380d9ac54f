"""YAML: a list of rows, ``id: text`` pairs, or ``defaults``, ``cast`` and ``prompts``.

`voxpress.manifests.nodes` reads the file: values are text, and each has its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from voxpress.errors import ManifestError
from voxpress.manifests import IN_ROWS, Format, Row, limit
from voxpress.manifests.columns import literal, number
from voxpress.manifests.nodes import List, Map, Node, Plain, read_document
from voxpress.manifests.reading import HEAD, Reading
from voxpress.manifests.rows import SHARED, give_cast, named_row, read_cast, require_head
from voxpress.speech import Speaker

_BEGINNING = re.compile(r"---\s*(?:#.*)?")
"""Of a document. A line of text can begin so too."""


def _recognise(head: str) -> bool:
    first = next((line for line in head.splitlines() if line.strip() and line.lstrip()[:1] != "#"), "")
    begins = ("- id:", "- text:", "- file:", "prompts:", *(f"{name}:" for name in SHARED))
    return bool(_BEGINNING.fullmatch(first)) or first.startswith(begins)


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    path = reading.path
    rows = read_document(limit(lines, path, IN_ROWS), path)
    shared = _Shared(reading, Map(), {})
    if isinstance(rows, Map) and isinstance(rows.values.get("prompts"), List):
        for name, line in rows.lines.items():
            require_head(name, path, line)
    if isinstance(rows, Map) and rows.values.keys() <= {*SHARED, "prompts"}:
        prompts = rows.values.get("prompts")
        if isinstance(prompts, (List, Map)):
            head = {name: _convert_node(value) for name, value in rows.values.items() if name in HEAD}
            reading.declare(head, rows.lines.__getitem__)
            named = _pairs(rows, "cast", path)
            given = {name: _convert_field("speaker", speaker) for name, speaker in named.values.items()}
            own = _pairs(rows, "defaults", path)
            defaults, cast = reading.share(
                {name: _convert_field(name, value) for name, value in own.values.items()},
                dict(read_cast(given, path, named.lines.__getitem__)),
            )
            shared = _Shared(reading, own, cast, defaults)
            rows = prompts
    if isinstance(rows, List):
        found = (
            row
            for number, (line, item) in enumerate(rows.items, 1)
            for row in _read_row(item, line, {}, shared, number)
        )
    elif isinstance(rows, Map):
        pairs = rows.values.items()
        found = (row for id, item in pairs for row in _read_row(item, rows.lines[id], {"id": id}, shared))
    elif rows is None:
        return
    else:
        raise ManifestError("is neither a list of rows nor 'id: text' pairs", path=path, line=1)
    reported = set()
    for row in found:
        # An error in the defaults appears in each row, and is reported once.
        if isinstance(row, ManifestError):
            if str(row) in reported:
                continue
            reported.add(str(row))
        yield row


class _Shared(NamedTuple):
    """What a document says for all its rows."""

    reading: Reading
    defaults: Map
    cast: Mapping[str, Speaker]
    all_defaults: Mapping[str, object] = {}
    """With those of the manifest that this one extends."""


def _pairs(document: Map, name: str, path: str) -> Map:
    pairs = document.values.get(name)
    if pairs is None:
        return Map()
    if not isinstance(pairs, Map):
        raise ManifestError("must be 'field: value' pairs", path=path, line=document.lines[name], field=name)
    return pairs


def _read_row(
    node: Node, line: int, named: dict[str, Node], shared: _Shared, number: int = 0
) -> Iterator[Row]:
    path = shared.reading.path
    if named and not isinstance(node, (List, Map)):
        node = Map({"text": node}, {"text": line})
    if not isinstance(node, Map):
        yield ManifestError("is not a row such as {id: hello, text: Hello.}", path=path, line=line)
        return
    # What is empty counts as missing.
    own = {name: value for name, value in node.values.items() if value or name not in shared.defaults.values}
    lines = shared.defaults.lines | {name: node.lines[name] for name in own}
    values = shared.defaults.values | named | own
    fields = {name: _convert_field(name, value) for name, value in values.items()}
    kept = {name: value for name, value in fields.items() if value or name not in shared.all_defaults}
    rows = named_row({**shared.all_defaults, **kept}, shared.reading, line, number)
    for row in give_cast(rows, shared.cast):
        if isinstance(row, ManifestError):
            field = row.field or ""
            row = ManifestError(
                row.problem, path=path, line=lines.get(field.split(".")[0], line), field=field
            )
        yield row


def _convert_field(name: str, node: Node) -> object:
    if name in ("speed", "seed") and isinstance(node, str):
        return number(name, node)
    if name == "speaker" and isinstance(node, Map):
        return {key: _convert_field(key, value) for key, value in node.values.items()}
    if name == "options" and isinstance(node, Map):
        return {
            key: literal(str(value)) if isinstance(value, Plain) else _convert_node(value)
            for key, value in node.values.items()
        }
    return _convert_node(node)


def _convert_node(node: Node) -> object:
    if isinstance(node, List):
        return [_convert_node(item) for _, item in node.items]
    if isinstance(node, Map):
        return {name: _convert_node(value) for name, value in node.values.items()}
    return None if node is None else str(node)


FORMAT = Format(
    description="A list of rows, id: text pairs, or defaults and prompts.",
    extensions=(".yaml", ".yml"),
    recognise=_recognise,
    read=_read,
)
