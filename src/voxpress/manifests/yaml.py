"""YAML: a list of rows, ``id: text`` pairs, or ``defaults``, ``cast`` and ``prompts``.

The reader takes PyYAML's events and not its objects. So each value has its line, ``no`` and ``0001`` stay text, depth
is bounded, and aliases are refused, with which a small file can expand to a huge one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import msgspec

from voxpress.errors import ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.columns import literal, number
from voxpress.manifests.reading import HEAD, Reading
from voxpress.manifests.rows import SHARED, give_cast, named_row, read_cast, require_head
from voxpress.speech import Speaker

# PyYAML is imported where it is used: a command that reads CSV starts 40 ms sooner without.
if TYPE_CHECKING:
    from yaml import Event

MAX_DOCUMENT = 1 << 24
"""Characters. CSV and JSON lines, which are read row by row, can be longer."""

_MAX_DEPTH = 5
"""Depth of an option's value: document, prompts, row, options, value."""


_BEGINNING = re.compile(r"---\s*(?:#.*)?")
"""Of a document. A line of text can begin so too."""


class _Plain(str):
    """A scalar without quotes, which in an option may be a number."""

    __slots__ = ()


class _List(msgspec.Struct):
    items: list[tuple[int, _Node]]


class _Map(msgspec.Struct):
    values: dict[str, _Node] = {}
    lines: dict[str, int] = {}


_Node: TypeAlias = str | _List | _Map | None


def _recognise(head: str) -> bool:
    first = next((line for line in head.splitlines() if line.strip() and line.lstrip()[:1] != "#"), "")
    begins = ("- id:", "- text:", "- file:", "prompts:", *(f"{name}:" for name in SHARED))
    return bool(_BEGINNING.fullmatch(first)) or first.startswith(begins)


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    path = reading.path
    rows = _read_document(lines, path)
    shared = _Shared(reading, _Map(), {})
    if isinstance(rows, _Map) and isinstance(rows.values.get("prompts"), _List):
        for name, line in rows.lines.items():
            require_head(name, path, line)
    if isinstance(rows, _Map) and rows.values.keys() <= {*SHARED, "prompts"}:
        prompts = rows.values.get("prompts")
        if isinstance(prompts, (_List, _Map)):
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
    if isinstance(rows, _List):
        found = (
            row
            for number, (line, item) in enumerate(rows.items, 1)
            for row in _read_row(item, line, {}, shared, number)
        )
    elif isinstance(rows, _Map):
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
    defaults: _Map
    cast: Mapping[str, Speaker]
    all_defaults: Mapping[str, object] = {}
    """With those of the manifest that this one extends."""


def _pairs(document: _Map, name: str, path: str) -> _Map:
    pairs = document.values.get(name)
    if pairs is None:
        return _Map()
    if not isinstance(pairs, _Map):
        raise ManifestError("must be 'field: value' pairs", path=path, line=document.lines[name], field=name)
    return pairs


def _read_row(
    node: _Node, line: int, named: dict[str, _Node], shared: _Shared, number: int = 0
) -> Iterator[Row]:
    path = shared.reading.path
    if named and not isinstance(node, (_List, _Map)):
        node = _Map({"text": node}, {"text": line})
    if not isinstance(node, _Map):
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


def _convert_field(name: str, node: _Node) -> object:
    if name in ("speed", "seed") and isinstance(node, str):
        return number(name, node)
    if name == "speaker" and isinstance(node, _Map):
        return {key: _convert_field(key, value) for key, value in node.values.items()}
    if name == "options" and isinstance(node, _Map):
        return {
            key: literal(str(value)) if isinstance(value, _Plain) else _convert_node(value)
            for key, value in node.values.items()
        }
    return _convert_node(node)


def _convert_node(node: _Node) -> object:
    if isinstance(node, _List):
        return [_convert_node(item) for _, item in node.items]
    if isinstance(node, _Map):
        return {name: _convert_node(value) for name, value in node.values.items()}
    return None if node is None else str(node)


def _read_document(lines: Iterator[str], path: str) -> _Node:
    import yaml

    # libyaml's parser is ten times as fast. Its composer would crash on deep nesting.
    events = yaml.parse(_Stream(lines, path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    document: _Node = None
    documents = 0
    try:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                documents += 1
                if documents > 1:
                    problem = "begins a second document; a manifest is one"
                    raise ManifestError(problem, path=path, line=_line_of(event))
                document = _read_node(event, events, path, 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise ManifestError(f"is not YAML: {error.problem}", path=path, line=line) from error
    except yaml.YAMLError as error:
        raise ManifestError(f"is not YAML: {error}", path=path) from error
    return document


def _read_node(event: Event, events: Iterator[Event], path: str, depth: int) -> _Node:
    import yaml

    line = _line_of(event)
    if depth > _MAX_DEPTH:
        raise ManifestError("is nested too deeply for a manifest", path=path, line=line)
    if isinstance(event, yaml.AliasEvent):
        problem = f"aliases such as *{event.anchor} are not read; put what rows share under defaults:"
        raise ManifestError(problem, path=path, line=line)
    if isinstance(event, yaml.ScalarEvent):
        if event.style:
            return str(event.value)
        return None if event.value in ("", "~", "null") else _Plain(event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[tuple[int, _Node]] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append((_line_of(event), _read_node(event, events, path, depth + 1)))
        return _List(items)
    found = _Map({}, {})
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        line = _line_of(event)
        name = _read_node(event, events, path, depth + 1)
        if isinstance(name, (_List, _Map)):
            raise ManifestError("a list or mapping cannot be a name", path=path, line=line)
        name = str(name or "")
        if name in found.values:
            raise ManifestError("is given twice", path=path, line=line, field=name)
        event = next(events)
        found.lines[name] = line
        found.values[name] = _read_node(event, events, path, depth + 1)
    return found


def _line_of(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Stream:
    """A stream for PyYAML, whose `read` always returns one line."""

    def __init__(self, lines: Iterator[str], path: str) -> None:
        self._lines, self._path, self._size = lines, path, 0

    def read(self, _size: int = -1) -> str:
        line = next(self._lines, "")
        self._size += len(line)
        if self._size > MAX_DOCUMENT:
            problem = f"is longer than {MAX_DOCUMENT:,} characters; write CSV or JSON lines"
            raise ManifestError(problem, path=self._path)
        return line


FORMAT = Format(
    description="A list of rows, id: text pairs, or defaults and prompts.",
    extensions=(".yaml", ".yml"),
    recognise=_recognise,
    read=_read,
)
