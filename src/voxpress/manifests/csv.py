"""CSV and TSV: the first line names the columns, or there are two: files and texts."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from voxpress.errors import ManifestError, suggest
from voxpress.manifests import Format, Row
from voxpress.manifests.columns import COLUMNS, EXTRA, OPTION, field_of, fold, hint, literal, number
from voxpress.manifests.reading import Reading
from voxpress.manifests.rows import row

_DELIMITERS = ",;\t|"
_HEAD = 20
"""Rows that are examined for a header."""
_ALIKE = 0.6
"""Least mean similarity of texts to the same texts with their numbers in words."""
_NAMED = re.compile(r"\S*[/\d]\S*|\S+\.[A-Za-z]\w{1,4}")
"""A cell that names a file and not a column: it has a digit, a folder or an extension."""
_ENDED = re.compile(r".*[.!?…。]['\"”»]*", re.DOTALL)
"""A sentence, which is no name of a column."""


def table(
    lines: Iterator[str], path: str, delimiter: str = "", *, wider: bool = False
) -> Iterator[tuple[int, list[str]] | ManifestError]:
    r"""The records of a table, header first, each with the number of its first line.

    Cells keep the space around them, and empty records are dropped. A record with more or fewer cells than the header
    gives an error in its place.

    Args:
        delimiter: empty: found in the header. With ``|``, quotes are part of a cell.
        wider: whether a record may have more cells than the header.

    >>> list(table(iter(['id;text\n', 'a;"one\n', 'two"\n', 'b;three\n']), "p.csv"))
    [(1, ['id', 'text']), (2, ['a', 'one\ntwo']), (4, ['b', 'three'])]

    Raises:
        ManifestError: a quote is not closed.
    """
    before = 0
    for header in lines:
        if header.strip():
            break
        before += 1
    else:
        return
    reader = csv.reader(
        itertools.chain((header,), lines),
        delimiter=delimiter or _choose_delimiter(header),
        quoting=csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL,
        skipinitialspace=True,
        strict=True,
    )
    width, end = 0, before
    for cells in _read_records(reader):
        start, end = end + 1, before + reader.line_num
        if isinstance(cells, csv.Error):
            yield _explain_record(cells, path, start, end)
        elif not any(cells):
            continue
        elif len(cells) == width or not width or (wider and len(cells) > width):
            width = width or len(cells)
            yield start, cells
        else:
            hint = "; quote a cell that holds the delimiter" if len(cells) > width else ""
            problem = f"has {len(cells)} cells where the header has {width}{hint}"
            yield ManifestError(problem, path=path, line=start)


def _read_records(reader: Iterator[list[str]]) -> Iterator[list[str] | csv.Error]:
    while True:
        try:
            yield from reader
        except csv.Error as error:
            yield error
        else:
            return


def _explain_record(error: csv.Error, path: str, start: int, end: int) -> ManifestError:
    """The error of the record from line `start` to line `end`.

    Raises:
        ManifestError: a quote is not closed, so that the rest of the table cannot be read.
    """
    if end > start or "end of data" in str(error):
        problem = f"a quote that opens in this row is not closed, or a cell is too long ({error})"
        raise ManifestError(problem, path=path, line=start) from None
    problem = (
        f"a cell has more than the {csv.field_size_limit():,} characters that are allowed; split it into rows"
        if "field limit" in str(error)
        else f'cannot be read: {error}; a quote inside a quoted cell is written twice ("")'
    )
    return ManifestError(problem, path=path, line=start)


def _choose_delimiter(header: str) -> str:
    def score(delimiter: str) -> tuple[int, int]:
        cells = _split_cells(header, delimiter)
        return sum(map(_is_known, cells)), len(cells)

    return max(_DELIMITERS, key=score)


def _split_cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader((line,), delimiter=delimiter, skipinitialspace=True), [])


def _is_known(cell: str) -> bool:
    return bool(field_of(cell))


def _recognise(head: str) -> bool:
    header = next((line for line in head.splitlines() if line.strip()), "")
    cells = _split_cells(header, _choose_delimiter(header))
    return len(cells) > 1 and any(field_of(cell) == "text" for cell in cells)


def _read_header(cells: Sequence[str], reading: Reading, line: int) -> list[str]:
    """The field of each column; empty for a column that is ignored.

    Raises:
        ManifestError: a column is unknown, missing or doubled; the message names all of them.
    """
    path, columns = reading.path, reading.columns
    names: list[str] = []
    unknown: list[ManifestError] = []
    for cell in cells:
        try:
            name = columns.find(cell) if cell.strip() else ""
        except ManifestError as error:
            unknown.append(error)
            name = ""
        if name in names and name and not name.startswith(EXTRA):
            at = names.index(name)
            if columns.rank(cells[at]) == columns.rank(cell):
                both = f"{cells[at].strip()!r} and {cell.strip()!r}"
                problem = f"is the name of two columns, {both}; begin one of them with #"
                if fold(cells[at]) != fold(cell):
                    problem += f', or choose with columns = "{name}={cell.strip()}"'
                raise ManifestError(problem, path=path, line=line, field=name)
            if columns.rank(cells[at]) < columns.rank(cell):
                name = columns.leave(cell)
            else:
                names[at] = columns.leave(cells[at])
        names.append(name)
    for name in columns.missing():
        here = ", ".join(repr(cell.strip()) for cell in cells[:20])
        problem = f"no column is called {name!r}{suggest(name, cells)} (columns here: {here})"
        raise ManifestError(problem, path=path, line=line, field="columns")
    lacks = "text" not in names
    if unknown or lacks:
        raise ManifestError(_explain_header(cells, unknown, lacks), path=path, line=line)
    return names


def _explain_header(cells: Sequence[str], unknown: Sequence[ManifestError], lacks: bool) -> str:
    here = [cell.strip() for cell in cells[:20]]
    wrong = [error.field or "" for error in unknown[:20]]
    if lacks:
        wrong += [name for name in here if field_of(name) is None and name not in wrong]
    problems = [f"unknown column {name!r}{hint(name)}" for name in wrong]
    if lacks:
        problems.append("no column is called text")
        problems.append(f"the first line must name the columns, and has {', '.join(map(repr, here))}")
        problems.append('say which one has the texts with columns = "text=NAME"')
    return f"{'; '.join(problems)} ({COLUMNS})"


def _find_delimiter(head: Sequence[str]) -> str:
    """The delimiter of a table without a header; empty if the first line names a known column, or no delimiter fits."""
    lines = [line for line in head if line.strip()]
    if not lines or any(_is_known(cell) for cell in _split_cells(lines[0], _choose_delimiter(lines[0]))):
        return ""
    for delimiter in "\t|;,":
        if len({line.count(delimiter) for line in lines}) == 1 and delimiter in lines[0]:
            return delimiter
    return ""


def _guess_header(head: Sequence[tuple[int, list[str]] | ManifestError]) -> list[str] | None:
    """The fields of a table of two columns without a header, or of LJSpeech's three; None if the first line is a
    header.
    """
    rows = [record[1] for record in head if not isinstance(record, ManifestError)]
    width = len(rows[0])
    if width not in (2, 3) or any(map(_is_known, rows[0])):
        return None
    plain = [all(row[at] and not re.search(r"\s", row[at].strip()) for row in rows) for at in range(2)]
    if not any(plain):
        return None
    at = plain.index(True)
    if all(plain) and _NAMED.fullmatch(rows[0][1]) and not _NAMED.fullmatch(rows[0][0]):
        at = 1
    first = rows[0][at].strip(), rows[0][1 - at].strip()
    if not (_NAMED.fullmatch(first[0]) or _ENDED.fullmatch(first[1])):
        return None
    if width == 3:
        # LJSpeech has the name, the text, and the text with its numbers in words.
        ratios = [SequenceMatcher(None, row[1], row[2]).ratio() for row in rows if len(row) == width]
        alike = sum(ratios) > _ALIKE * len(ratios)
        return ["file", "", "text"] if at == 0 and alike else None
    return ["file", "text"] if at == 0 else ["text", "file"]


def _read(lines: Iterator[str], reading: Reading) -> Iterator[Row]:
    path, order = reading.path, reading.columns.order
    first = list(itertools.islice(lines, _HEAD))
    delimiter = _fit_delimiter(first, len(order)) if order else _find_delimiter(first)
    records = table(itertools.chain(first, lines), path, delimiter)
    begin = list(itertools.islice(records, _HEAD))
    if not begin:
        raise ManifestError("is empty; its first line must name the columns", path=path)
    header = begin[0]
    if isinstance(header, ManifestError):
        raise header
    names = _place_columns(header[1], reading, header[0]) if order else None
    if names is None and not reading.columns.renames:
        names = _guess_header(begin)
    if names is None:
        names = _read_header(header[1], reading, header[0])
        begin = begin[1:]
    read_fields = _make_field_reader(names)
    nameless = not {"id", "file"} & set(names)
    for record in itertools.chain(begin, records):
        if isinstance(record, ManifestError):
            yield record
        else:
            line, cells = record
            fields = read_fields(cells)
            if nameless:
                reading.name_row(fields, line)
            yield from row(fields, path, line)


def _fit_delimiter(head: Sequence[str], width: int) -> str:
    """The delimiter that cuts the first line into so many cells; empty if none does."""
    line = next((line for line in head if line.strip()), "")
    return next((each for each in "\t|;," if len(_split_cells(line, each)) == width), "")


def _place_columns(cells: Sequence[str], reading: Reading, line: int) -> list[str]:
    """The fields of a table without a header, by the places of its columns.

    Raises:
        ManifestError: the table has more or fewer columns, or a header after all.
    """
    order = reading.columns.order
    if len(cells) != len(order):
        problem = f"has {len(cells)} cells, and columns names {len(order)} ({','.join(order)})"
        raise ManifestError(problem, path=reading.path, line=line)
    if all(field_of(cell) is not None for cell in cells):
        problem = (
            f"names the columns itself ({', '.join(cell.strip() for cell in cells)}): say which is which by name"
            ' (columns = "text=NAME"), or nothing'
        )
        raise ManifestError(problem, path=reading.path, line=line)
    return list(order)


def _make_field_reader(names: Sequence[str]) -> Callable[[Sequence[str]], dict[str, object]]:
    """A function from the cells of a record to its fields, for columns with these names."""
    plain = [(at, name) for at, name in enumerate(names) if name and not name.startswith((OPTION, EXTRA))]
    options = _list_parts(names, OPTION)
    extra = _list_parts(names, EXTRA)
    numbers = [name for name in ("speed", "seed") if name in names]

    def read_fields(cells: Sequence[str]) -> dict[str, object]:
        fields: dict[str, object] = {name: cell for at, name in plain if (cell := cells[at].strip())}
        for name in numbers:
            if name in fields:
                fields[name] = number(name, str(fields[name]))
        if options:
            fields["options"] = {name: literal(cell) for at, name in options if (cell := cells[at].strip())}
        if extra:
            fields["extra"] = {name: cell for at, name in extra if (cell := cells[at].strip())}
        return fields

    return read_fields


def _list_parts(names: Sequence[str], beginning: str) -> list[tuple[int, str]]:
    """Place and name of each column whose field begins so."""
    return [(at, name.removeprefix(beginning)) for at, name in enumerate(names) if name.startswith(beginning)]


FORMAT = Format(
    description="A table with a header line; comma, semicolon, tab or | between cells.",
    extensions=(".csv", ".tsv"),
    recognise=_recognise,
    read=_read,
)
