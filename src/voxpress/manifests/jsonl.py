"""JSON lines: one object in each line. NeMo's manifests have this format, and often the extension ``.json``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from voxpress.errors import ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import SHARED, Shared, named_row

BEGINS = re.compile(r'\s*(?:\{[ \t]*(?:["}\r\n]|$)|\[[ \t]*(?:["{\[\]\r\n]|$))')
"""How JSON begins. Lines of text can begin with a bracket too: ``[Ding] The door is open.``"""


def _recognise(head: str) -> bool:
    return head.lstrip().startswith("{") and bool(BEGINS.match(head))


def find_duplicates(text: str) -> list[str]:
    """Names that an object in a JSON text has twice. A parser would drop one of the values without a word.

    >>> find_duplicates('{"id": "a", "text": "A.", "id": "b"}')
    ['id']
    """
    import json

    found: list[str] = []

    def note(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return dict(pairs)

    json.loads(text, object_pairs_hook=note, parse_int=len, parse_float=len)
    return found


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    decode = msgspec.json.Decoder(dict[str, object]).decode
    path, shared, begun = reading.path, None, False
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        try:
            named = decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            yield _explain_line(error, line.strip(), path, number)
            continue
        # Only a line with more colons than names can have a name twice.
        again = find_duplicates(line) if line.count(":") > len(named) else []
        for name in again:
            yield ManifestError("is given twice", path=path, line=number, field=name)
        if not begun and named and named.keys() <= SHARED:
            if again:
                return
            shared = Shared(named, reading, number)
        elif named and named.keys() <= SHARED:
            problem = f"belongs into the first line: it holds for all rows ({', '.join(sorted(SHARED))})"
            yield ManifestError(problem, path=path, line=number, field=next(iter(named)))
        elif not again:
            yield from shared.read_row(named, number) if shared else named_row(named, reading, number)
        begun = True


def _explain_line(error: Exception, line: str, path: str, number: int) -> ManifestError:
    """The error of a line that is no object.

    Raises:
        ManifestError: the manifest is one JSON document and not JSON lines.
    """
    if isinstance(error, RecursionError):
        return ManifestError("is nested too deeply for a row", path=path, line=number)
    if isinstance(error, msgspec.ValidationError):
        if line.startswith("["):
            problem = "is a list; write one object in each line, or nothing but a list in a file called .json"
            raise ManifestError(problem, path=path, line=number) from None
        return ManifestError('is not an object such as {"id": "a", "text": "A."}', path=path, line=number)
    if line in ("[", "{"):
        problem = "is JSON over several lines; write one object in each line, or name the file .json"
        raise ManifestError(problem, path=path, line=number) from None
    return ManifestError(f"is not JSON: {error}", path=path, line=number)


FORMAT = Format(
    description="One JSON object in each line; the first can be defaults and cast.",
    extensions=(".jsonl", ".ndjson", ".json"),
    recognise=_recognise,
    read=_read,
)
