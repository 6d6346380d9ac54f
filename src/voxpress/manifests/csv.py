"""CSV and TSV: the first line names the columns."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator

from voxpress.errors import ManifestError
from voxpress.manifests import Format, Row
from voxpress.manifests.rows import column, literal, number, row

_DELIMITERS = ",;\t|"
_OPTION = "option."


def table(lines: Iterator[str], path: str) -> Iterator[tuple[int, list[str]] | ManifestError]:
    r"""The records of a table, header first, each with the number of the line that it begins in.

    The delimiter is found in the header. Space around cells is kept, and empty records are left out. A
    record that has not as many cells as the header is an error in its place.

    >>> list(table(iter(['id;text\n', 'a;"one\n', 'two"\n', 'b;three\n']), "p.csv"))
    [(1, ['id', 'text']), (2, ['a', 'one\ntwo']), (4, ['b', 'three'])]

    Raises:
        ManifestError: a quote is opened and not closed.
    """
    end = 0
    for header in lines:
        end += 1
        if header.strip():
            break
    else:
        return
    end -= 1
    before = end
    records = csv.reader(
        itertools.chain((header,), lines), delimiter=_delimiter(header), skipinitialspace=True, strict=True
    )
    width = 0
    while True:
        try:
            for cells in records:
                start, end = end + 1, before + records.line_num
                if len(cells) == width and cells[0]:
                    yield start, cells
                elif not any(cells):
                    continue
                elif len(cells) == width or not width:
                    width = len(cells)
                    yield start, cells
                else:
                    hint = "; quote a cell that holds the delimiter" if len(cells) > width else ""
                    problem = f"has {len(cells)} cells where the header has {width}{hint}"
                    yield ManifestError(problem, path=path, line=start)
        except csv.Error as error:
            start, end = end + 1, before + records.line_num
            if end > start or "end of data" in str(error):
                # Nothing after an open quote can be told from what is inside it.
                problem = f"a quote that opens in this row is not closed, or a cell is too long ({error})"
                raise ManifestError(problem, path=path, line=start) from None
            problem = f'cannot be read: {error}; a quote inside a quoted cell is written twice ("")'
            yield ManifestError(problem, path=path, line=start)
        else:
            return


def _delimiter(header: str) -> str:
    def score(delimiter: str) -> tuple[int, int]:
        cells = _cells(header, delimiter)
        return sum(map(_is_known, cells)), len(cells)

    return max(_DELIMITERS, key=score)


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader((line,), delimiter=delimiter, skipinitialspace=True), [])


def _is_known(cell: str) -> bool:
    try:
        return column(cell) is not None
    except ManifestError:
        return False


def _recognise(head: str) -> bool:
    header = next((line for line in head.splitlines() if line.strip()), "")
    cells = _cells(header, _delimiter(header))
    return len(cells) > 1 and any(_is_known(cell) and column(cell) == "text" for cell in cells)


def _name(cell: str, before: list[str]) -> tuple[str, str]:
    """The field of a column, "" for one to leave alone, and what is wrong with it, "" for nothing."""
    try:
        name = column(cell) or ""
    except ManifestError as error:
        return error.field or "", error.problem
    return name, "is the name of two columns" if name and name in before else ""


def _read(lines: Iterator[str], path: str) -> Iterator[Row]:
    records = table(lines, path)
    header = next(records, None)
    if header is None:
        raise ManifestError("is empty; its first line must name the columns", path=path)
    if isinstance(header, ManifestError):
        raise header
    line, cells = header
    names: list[str] = []
    for cell in cells:
        name, problem = _name(cell, names)
        if problem:
            yield ManifestError(problem, path=path, line=line, field=name)
        names.append("" if problem else name)
    if "text" not in names:
        problem = "no column has this name; the first line must name the columns"
        raise ManifestError(problem, path=path, line=line, field="text")
    plain = [(at, name) for at, name in enumerate(names) if name and not name.startswith(_OPTION)]
    options = [(at, name.removeprefix(_OPTION)) for at, name in enumerate(names) if name.startswith(_OPTION)]
    numbers = [name for name in ("speed", "seed") if name in names]
    for record in records:
        if isinstance(record, ManifestError):
            yield record
            continue
        line, cells = record
        fields: dict[str, object] = {}
        for at, name in plain:
            if cell := cells[at].strip():
                fields[name] = cell
        for name in numbers:
            if name in fields:
                fields[name] = number(name, str(fields[name]))
        if options:
            fields["options"] = {name: literal(cell) for at, name in options if (cell := cells[at].strip())}
        yield from row(fields, path, line)


FORMAT = Format(
    description="A table with a header line; comma, semicolon, tab or | between cells.",
    extensions=(".csv", ".tsv"),
    recognise=_recognise,
    read=_read,
)
