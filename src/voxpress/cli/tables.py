"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO


def print_json(value: object, to: TextIO | None = None) -> None:
    """Print what msgspec can encode."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode(), file=to)


def print_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Print some fields of each row, under their names."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell(row.get(column, ""))) for column in columns))
    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    # A pipe has no width: nothing is cut there, and nothing filled up.
    wide = Console(width=10_000)
    with wide.capture() as printed:
        wide.print(table)
    for line in printed.get().splitlines():
        print(line.rstrip())


def cell(value: object) -> str:
    """A value as people read it."""
    match value:
        case True:
            return "yes"
        case False:
            return "no"
        case list() | tuple():
            return ", ".join(map(str, value))
    return str(value)


def size_in_words(size: int) -> str:
    """Bytes in the unit that suits them."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "row"), count(1200, "row"), count(0, "entry", "entries")
    ('1 row', '1,200 rows', '0 entries')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"
