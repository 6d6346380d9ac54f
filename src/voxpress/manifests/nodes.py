"""YAML as nodes, from PyYAML's events and not from its objects.

So each value has its line, ``no`` and ``0001`` stay text, depth is bounded, and aliases are refused, with which a small
file can expand to a huge one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec

from voxpress.errors import InputError, ManifestError, show
from voxpress.manifests.columns import literal
from voxpress.validation import explain_type

# PyYAML is imported where it is used: a command that reads CSV starts 40 ms sooner without.
if TYPE_CHECKING:
    from yaml import Event

T = TypeVar("T")
_FLAGS = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
_MAX_DEPTH = 5
"""Depth of an option's value: document, prompts, row, options, value."""


class Plain(str):
    """A scalar without quotes, which in an option may be a number."""

    __slots__ = ()


class List(msgspec.Struct):
    """A list: each item with its line."""

    items: list[tuple[int, Node]]


class Map(msgspec.Struct):
    """Names, each with its value and its line."""

    values: dict[str, Node] = {}
    lines: dict[str, int] = {}


Node: TypeAlias = str | List | Map | None


def read_document(lines: Iterator[str], path: str) -> Node:
    """What a document holds; None: nothing.

    Args:
        path: for messages.

    Raises:
        ManifestError: it is no YAML, several documents or too deep, or has aliases or a name twice.
    """
    import yaml

    # libyaml's parser is ten times as fast. Its composer would crash on deep nesting.
    events = yaml.parse(_Stream(lines), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    document: Node = None
    documents = 0
    try:
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                documents += 1
                if documents > 1:
                    problem = "begins a second document; a file holds one"
                    raise ManifestError(problem, path=path, line=_line_of(event))
                document = _read_node(event, events, path, 1)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else None
        raise ManifestError(f"is not YAML: {error.problem}", path=path, line=line) from error
    except yaml.YAMLError as error:
        raise ManifestError(f"is not YAML: {error}", path=path) from error
    return document


def make(document: Node, kind: type[T], *, path: str, flags: Collection[tuple[str, str]] = ()) -> T:
    """A struct of a document. Values are what the fields want: 1984 is a text or a number.

    Args:
        path: for messages.
        flags: fields that are yes or no, each with the name of what it stands in.

    Raises:
        ManifestError: it does not fit; the message says where.
    """
    if not isinstance(document, Map):
        raise ManifestError("must be 'field: value' pairs", path=path)
    try:
        return msgspec.convert(_convert(document, "", flags), kind, strict=False)
    except msgspec.ValidationError as error:
        place = (
            str(error).rpartition(" - at ")[2].strip("`").removeprefix("key` in `")
            if " - at " in str(error)
            else ""
        )
        cause = error.__cause__
        own = cause.field if isinstance(cause, InputError) else None
        field = ".".join(each for each in (place.removeprefix("$").removeprefix("."), own) if each)
        problem = cause.problem if isinstance(cause, InputError) else _explain(error, kind, field)
        raise ManifestError(
            problem, path=path, line=_find_line(document, field), field=field or None
        ) from error


def _convert(node: Node, name: str, flags: Collection[tuple[str, str]]) -> object:
    """A node as Python has it; what is empty is left out."""
    if isinstance(node, List):
        return [_convert(item, name, flags) for _, item in node.items]
    if not isinstance(node, Map):
        return None if node is None else str(node)
    found: dict[str, object] = {}
    for key, value in node.values.items():
        if name == "options" and isinstance(value, Plain):
            found[key] = literal(str(value))
        elif (name, key) in flags and isinstance(value, str):
            found[key] = _FLAGS.get(value.lower(), value)
        elif value is not None:
            found[key] = _convert(value, key, flags)
    return found


def _find_line(node: Node, field: str) -> int | None:
    """The line of a field such as ``chapters[0].title``, or of what it would stand in."""
    line = None
    for step in re.findall(r"\w+", field):
        if isinstance(node, Map) and step in node.values:
            line, node = node.lines[step], node.values[step]
        elif isinstance(node, List) and step.isdecimal():
            line, node = node.items[int(step)]
    return line


def _explain(error: msgspec.ValidationError, kind: type, field: str) -> str:
    problem = explain_type(error).replace("true or false", "yes or no").replace("a text in quotes", "a text")
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", problem, re.DOTALL):
        return f"there is no field {show(found[1])}"
    choices = get_args(get_type_hints(kind).get(field))
    if choices and (found := re.fullmatch(r"Invalid enum value '(.*)'", problem, re.DOTALL)):
        return f"must be one of {', '.join(choices)}, not {show(found[1])}"
    return problem


def _read_node(event: Event, events: Iterator[Event], path: str, depth: int) -> Node:
    import yaml

    line = _line_of(event)
    if depth > _MAX_DEPTH:
        raise ManifestError("is nested too deeply", path=path, line=line)
    if isinstance(event, yaml.AliasEvent):
        problem = f"aliases such as *{event.anchor} are not read: write out what they stand for"
        raise ManifestError(problem, path=path, line=line)
    if isinstance(event, yaml.ScalarEvent):
        if event.style:
            return str(event.value)
        return None if event.value in ("", "~", "null") else Plain(event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[tuple[int, Node]] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            items.append((_line_of(event), _read_node(event, events, path, depth + 1)))
        return List(items)
    found = Map({}, {})
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        line = _line_of(event)
        name = _read_node(event, events, path, depth + 1)
        if isinstance(name, (List, Map)):
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

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def read(self, _size: int = -1) -> str:
        return next(self._lines, "")
