"""Values for the placeholders of a manifest: lists, ranges and tables, of which a row takes each combination.

A manifest without values has no placeholders: braces in its texts are braces.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from voxpress.errors import InputError, ManifestError, show
from voxpress.files.paths import safe_path
from voxpress.manifests.columns import fold, split_list

Combination = dict[str, str]
"""A value for each placeholder, by names as `fold` writes them."""

MOST_REMEMBERED = 1_000_000
"""Values that are kept in memory; the first ones of a manifest are not."""
_RANGE = re.compile(r"(\d{1,9})\.\.(\d{1,9})")
_RANGELIKE = re.compile(r"[-+−–]?\d+(?:[.,]\d+)? *\.{2,} *[-+−–]?\d+(?:[.,]\d+)?")
"""Two numbers and dots: it may be no range, and is hardly a text."""
_TABLES = (".csv", ".tsv")
_NO_TABLES = (".json", ".jsonl", ".ndjson", ".ods", ".txt", ".xls", ".xlsx", ".xml", ".yaml", ".yml")
_NO_TABLE = "a table of values is CSV or TSV, such as trains.csv; save it so"
_KINDS = "a list, a range such as 1..24, or a table such as trains.csv"


class Values:
    """Values of one placeholder, or of several that belong together, as the columns of a table do.

    >>> list(Values(["City"], lambda: [{"City": "Oslo"}, {"City": "Rome"}]))
    [{'city': 'Oslo'}, {'city': 'Rome'}]

    Args:
        names: of the placeholders, as they are written.
        produce: gives the values, as often as it is asked, so that a long table need not be in memory.
    """

    def __init__(self, names: Iterable[str], produce: Callable[[], Iterable[Mapping[str, str]]]) -> None:
        self.names = tuple(names)
        self.folded = frozenset(map(fold, self.names))
        self._produce = produce
        self._known: list[Combination] | None = None

    def __iter__(self) -> Iterator[Combination]:
        return ({fold(name): value for name, value in each.items()} for each in self._produce())

    def remember(self) -> list[Combination]:
        """The values, which from now on are in memory.

        Raises:
            InputError: there are too many.
        """
        if self._known is None:
            self._known = list(itertools.islice(self, MOST_REMEMBERED + 1))
            if len(self._known) > MOST_REMEMBERED:
                raise InputError(
                    f"there are more than {MOST_REMEMBERED:,} values of {self.names[0]}: put them before the others,"
                    " because only the first ones may be so many",
                    field="values",
                )
        return self._known

    @classmethod
    def of(cls, name: str, given: object, folder: str) -> Values:
        """The values that a manifest gives under a name, which a table does not need.

        >>> [each["n"] for each in Values.of("n", "08..11", "")]
        ['08', '09', '10', '11']

        Args:
            folder: of the manifest, for a table in a file.

        Raises:
            InputError: they cannot be so.
        """
        if isinstance(given, str) and given.lower().endswith(_TABLES):
            return cls.read(_find_table(given, folder))
        if isinstance(given, str) and given.lower().endswith(_NO_TABLES):
            raise InputError(f"{show(given)}: {_NO_TABLE}")
        if isinstance(given, str) and _RANGELIKE.fullmatch(given.strip()):
            given = [given]
        if not isinstance(given, list) or not given:
            raise InputError(f"must be {_KINDS}, not {show(given)}")
        rows = [each for each in given if isinstance(each, dict)]
        if len(rows) == len(given):
            return cls._of_rows(rows)
        if rows or any(isinstance(each, list) for each in given):
            raise InputError("must be a list of values, or one of rows such as {city: Oslo, track: 3}")
        values = [_write(each) for each in given]
        for value in values:
            _spread(value)
        return cls([name], lambda: ({name: each} for value in values for each in _spread(value)))

    @classmethod
    def _of_rows(cls, rows: Sequence[Mapping[str, object]]) -> Values:
        names = tuple(dict.fromkeys(name for row in rows for name in row))
        values = [{name: _write(row.get(name)) for name in names} for row in rows]
        return cls(names, lambda: values)

    @classmethod
    def read(cls, path: str) -> Values:
        """The values in a table; its first line has the names.

        Raises:
            ManifestError: it cannot be read; later also while iterating.
        """
        names = list(next(_read_table(path)))
        return cls(names, lambda: itertools.islice(_read_table(path), 1, None))

    @classmethod
    def parse(cls, given: str) -> Values:
        """The values that a user names: ``trains.csv``, ``platform=1..24,30`` or ``city=Oslo,"Bergen, Norway"``.

        >>> [each["city"] for each in Values.parse('city=Oslo, "Bergen, Norway"')]
        ['Oslo', 'Bergen, Norway']
        >>> [each["n"] for each in Values.parse("n=1..3,8")]
        ['1', '2', '3', '8']

        Raises:
            InputError: they cannot be so.
        """
        if given.lower().endswith(_TABLES):
            return cls.read(given)
        name, _, said = given.partition("=")
        values = list(filter(None, split_list(said, "values")))
        if name.strip() and values:
            return next(read_values({name.strip(): values}, ""))
        if given.lower().endswith(_NO_TABLES):
            raise InputError(f"{given!r}: {_NO_TABLE}", field="values")
        raise InputError(f"{given!r} is no table (FILE.csv), and no NAME=VALUE,VALUE", field="values")


def read_values(given: object, folder: str) -> Iterator[Values]:
    """The values that the head of a manifest gives: by their names, or one table.

    >>> [values.names for values in read_values({"platform": "1..3", "city": ["Oslo"]}, "")]
    [('platform',), ('city',)]

    Raises:
        InputError: they cannot be so.
    """
    if not isinstance(given, dict):
        if isinstance(given, list) and not all(isinstance(each, dict) for each in given):
            raise InputError("must have names, such as {city: [Oslo, Rome]}", field="values")
        given = {"": given}
    for name, each in given.items():
        try:
            yield Values.of(name, each, folder)
        except ManifestError:
            raise
        except InputError as error:
            raise InputError(error.problem, field=f"values.{name}" if name else "values") from None


def join_values(former: Sequence[Values], more: Iterable[Values]) -> tuple[Values, ...]:
    """All of them.

    Raises:
        InputError: two have a name in common.
    """
    found = list(former)
    for values in more:
        for other in found:
            if again := sorted(values.folded & other.folded):
                raise InputError(f"{again[0]!r} is given twice", field="values")
        found.append(values)
    return tuple(found)


def _spread(value: str) -> Iterable[str]:
    """The numbers of a range, with as many digits as the first has; of any other value, itself.

    Raises:
        InputError: it looks like a range, and is none.
    """
    if not _RANGELIKE.fullmatch(value):
        return (value,)
    if not (ends := _RANGE.fullmatch(value)):
        raise InputError(
            f"{value!r} is no range: it goes from a whole number of at most nine digits to another, such as 1..24;"
            " write other values one by one"
        )
    start, end, digits = int(ends[1]), int(ends[2]), len(ends[1])
    step = 1 if start <= end else -1
    return (f"{number:0{digits}}" for number in range(start, end + step, step))


def _write(value: object) -> str:
    """A value of JSON or YAML as a text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        raise InputError(f"a value must be a text or a number, not {show(value)}")
    return "" if value is None else str(value).strip()


def _find_table(name: str, folder: str) -> str:
    """The path of a table that a manifest names. It lies in the manifest's folder, or a folder in it.

    Raises:
        InputError: it does not.
    """
    try:
        path = os.path.join(folder, safe_path(name))
    except InputError:
        raise InputError(f"{name!r} is no relative path to a table in the manifest's folder") from None
    if not os.path.isfile(path):
        raise InputError(f"there is no table {path!r}")
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder or ".")):
        raise InputError(f"{name!r} is a link that leads out of the manifest's folder")
    return path


def _read_table(path: str) -> Iterator[Combination]:
    """First the names of the columns, as keys, then the rows of a table.

    Raises:
        ManifestError: while iterating: it cannot be read, or a row of it.
    """
    from voxpress.manifests import read_lines
    from voxpress.manifests.csv import table

    try:
        with open(path, "rb") as stream:
            names: list[str] = []
            for record in table(read_lines(stream, path), path):
                if isinstance(record, ManifestError):
                    raise record
                line, cells = record
                cells = [cell.strip() for cell in cells]
                if names:
                    yield dict(zip(names, cells, strict=True))
                    continue
                names = cells
                if "" in names or len(set(map(fold, names))) < len(names):
                    raise ManifestError("must name each column, once", path=path, line=line)
                yield dict.fromkeys(names, "")
            if not names:
                raise ManifestError("is empty; its first line must name the columns", path=path)
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", path=path) from error
