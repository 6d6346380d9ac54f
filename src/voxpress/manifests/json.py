"""JSON in one piece: a list of rows or of texts, or a map of ids to texts or rows; or either under ``prompts``, beside
``defaults`` and ``cast``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from voxpress.errors import ManifestError
from voxpress.manifests import IN_ROWS, Format, Row, limit
from voxpress.manifests.columns import EXTRA, Columns
from voxpress.manifests.jsonl import BEGINS, find_duplicates
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import SHARED, Shared, named_row, require_head

_SPACE = " \t\r\n"
_BEGINS_SHARED = re.compile(r'\{\s*"(?:defaults|cast|values|extends|prompts)"\s*:')


class Item(NamedTuple):
    """One value of a list or map."""

    line: int
    """Its first line."""
    name: str | None
    """Its name in a map; None in a list."""
    json: str
    start: int = 0
    """The place of its value in the document."""


def _recognise(head: str) -> bool:
    if not BEGINS.match(head):
        return _is_list(head)
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    try:
        named = msgspec.json.decode(lines[0], type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        if lines[0][0] == "[":
            return not _is_list_and_more(lines[0])
        return lines[0] == "{" or lines[0][-1] in ",:{["
    return len(lines) == 1 and not _is_row(named)


def _is_list(text: str) -> bool:
    try:
        return isinstance(msgspec.json.decode(text), list)
    except (msgspec.DecodeError, RecursionError):
        return False


def _is_list_and_more(line: str) -> bool:
    """Whether words follow a list in its line, as in ``["Ding"] The door is open.``"""
    try:
        _, end = json.JSONDecoder().raw_decode(line)
    except (ValueError, RecursionError):
        return False
    return any(map(str.isalpha, line[end:])) and line[end:].lstrip()[0] not in "[{"


def _is_row(names: Iterable[str], columns: Columns | None = None) -> bool:
    """Whether the names are fields of one row, and not ids."""
    columns = columns or Columns()
    try:
        fields = {columns.find(name) for name in names}
    except ManifestError:
        return False
    if any(field.startswith(EXTRA) for field in fields) and not fields & {"id", "file"}:
        return False
    return "text" in fields


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    path = reading.path
    seen: set[str] = set()
    shared, items = _read_document("".join(limit(lines, path, IN_ROWS)), reading)
    for number, item in enumerate(items, 1):
        if item.name is not None and item.name in seen:
            yield ManifestError("is given twice", path=path, line=item.line, field=item.name)
            continue
        seen.add(item.name or "")
        yield from _read_row(item, number, reading, shared)


def _read_document(text: str, reading: Reading) -> tuple[Shared | None, Iterator[Item]]:
    """What a document says for all its rows, and its rows.

    Raises:
        ManifestError: it cannot be read.
    """
    path = reading.path
    walk = Walk(text, path)
    if not (walk.skip_space() and _BEGINS_SHARED.match(text, walk.at)):
        return None, _read_items(text, path)
    found = list(walk.read_values("}"))
    items = {item.name or "": item for item in found}
    prompts = items.get("prompts")
    if prompts is not None and prompts.json[0] == "[":
        for name, item in items.items():
            require_head(name, path, item.line)
    if walk.skip_space() or prompts is None or not items.keys() <= {*SHARED, "prompts"}:
        return None, _read_items(text, path)
    bracket = prompts.json[0]
    if bracket != "[" and (bracket != "{" or len(items) == 1):  # an id can be called so too
        return None, _read_items(text, path)
    for item in found:
        if item is not items[item.name or ""]:
            raise ManifestError("is given twice", path=path, line=item.line, field=item.name)
    given: dict[str, object] = {}
    for name in items.keys() & SHARED:
        given[name], again = _decode(items[name], path)
        if again:
            raise again[0]
    line = min((items[name].line for name in given), default=1)
    walk.at = prompts.start
    return Shared(given, reading, line), walk.read_values("]" if bracket == "[" else "}")


def _decode(item: Item, path: str) -> tuple[object, list[ManifestError]]:
    """The value of an item, and an error for each name that it has twice.

    Raises:
        ManifestError: it cannot be read.
    """
    try:
        value = msgspec.json.decode(item.json)
        again = find_duplicates(item.json) if isinstance(value, dict) else []
    except (msgspec.DecodeError, RecursionError) as error:
        problem = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON: {error}"
        raise ManifestError(problem, path=path, line=item.line) from None
    return value, [ManifestError("is given twice", path=path, line=item.line, field=name) for name in again]


def _read_row(item: Item, number: int, reading: Reading, shared: Shared | None) -> Iterator[Row]:
    path = reading.path
    try:
        value, again = _decode(item, path)
    except ManifestError as error:
        yield error
        return
    if again:
        yield from again
        return
    if isinstance(value, str):
        value = {"id": item.name or reading.number(number), "text": value}
    elif isinstance(value, dict) and item.name is not None:
        value = {"id": item.name} | value
    if not isinstance(value, dict):
        problem = 'is neither a text nor a row such as {"id": "a", "text": "A."}'
        yield ManifestError(problem, path=path, line=item.line)
    elif shared:
        yield from shared.read_row(value, item.line, number)
    else:
        yield from named_row(value, reading, item.line, number)


def _read_items(text: str, path: str) -> Iterator[Item]:
    """The values of a list or map. A document of one row, or of several in a row, gives these rows."""
    walk = Walk(text, path)
    whole: list[Item] = []
    while walk.skip_space():
        start = walk.at
        if walk.text[start] == "[":
            yield from walk.read_values("]")
        elif walk.text[start] == "{":
            items = list(walk.read_values("}"))
            if not walk.skip_space() and not whole and not _is_row(item.name or "" for item in items):
                yield from items
                return
            whole.append(Item(walk.line_of(start), None, text[start : walk.at].strip()))
        else:
            raise walk.error("is neither a list nor a map", start)
    yield from whole


class Walk:
    """A position in a JSON text that moves from value to value."""

    def __init__(self, text: str, path: str) -> None:
        self.text, self.path, self.at = text, path, 0
        self._decode = json.JSONDecoder(parse_int=len, parse_float=len).raw_decode
        self._counted = (0, 1)

    def skip_space(self) -> bool:
        """Move past white space, and return whether anything follows."""
        while self.at < len(self.text) and self.text[self.at] in _SPACE:
            self.at += 1
        return self.at < len(self.text)

    def read_values(self, end: str) -> Iterator[Item]:
        """The values between the bracket at the position and its partner; moves past both."""
        self.at += 1
        if self.skip_space() and self.text[self.at] == end:
            self.at += 1
            return
        while True:
            self.skip_space()
            start = self.at
            name: str | None = None
            if end == "}":
                found = self._read_value()
                if not isinstance(found, str):
                    raise self.error("is not JSON: a name in quotes is missing", start)
                name = found
                self._expect(":")
                self.skip_space()
            begin = self.at
            self._read_value()
            yield Item(self.line_of(start), name, self.text[begin : self.at], begin)
            if self._expect(",", end) == end:
                return

    def _read_value(self) -> object:
        try:
            value, self.at = self._decode(self.text, self.at)
        except json.JSONDecodeError as error:
            raise self.error(f"is not JSON: {error.msg}", error.pos) from None
        except RecursionError:
            raise self.error("is nested too deeply", self.at) from None
        return value

    def _expect(self, *marks: str) -> str:
        found = self.text[self.at] if self.skip_space() else "the end"
        if found not in marks:
            wanted = " or ".join(marks)
            raise self.error(f"is not JSON: {wanted} is missing before {found!r}", self.at)
        self.at += 1
        return found

    def line_of(self, place: int) -> int:
        """The line of a position in the text."""
        before, line = self._counted
        if place < before:
            before, line = 0, 1
        self._counted = (place, line + self.text.count("\n", before, place))
        return self._counted[1]

    def error(self, problem: str, place: int) -> ManifestError:
        return ManifestError(problem, path=self.path, line=self.line_of(place))


FORMAT = Format(
    description="JSON in one piece: a list of rows or of texts, a map of ids to texts or rows, or defaults, cast and"
    " prompts.",
    extensions=(".json",),
    recognise=_recognise,
    read=_read,
    by_content=True,
)
