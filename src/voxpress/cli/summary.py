"""What a render prints: its rows, its problems, its price and its summary."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from voxpress.cli.options import name_flags
from voxpress.cli.tables import count
from voxpress.files.names import ABOUT_NAMES
from voxpress.rendering.dry_run import Forecast
from voxpress.rendering.plan import Bad
from voxpress.speech import Result, Seconds, Status
from voxpress.text import READ_ALOUD
from voxpress.text.passage import Change

_BAD_SHOWN = 50
_DIFFERENCES_SHOWN = 6
MOST_SHOWN = 1000
"""Rows that a dry run prints: nobody reads more."""


def dollars(amount: float) -> str:
    """A price, which may not be known.

    >>> dollars(1234.5), dollars(0.00012), dollars(math.nan)
    ('$1,234.50', '$0.0001', 'not known')
    """
    if math.isnan(amount):
        return "not known"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def show_row(row: Forecast) -> None:
    """Print what would be done for a row."""
    name = row.utterance.id or row.utterance.file
    match row.status:
        case Status.FAILED:
            print(name_flags(f"bad         {row.error}"))
        case Status.LEFT_OUT:
            print(f"left out    {row.error}")
        case Status.RENDERED:
            size = f"{count(row.segments, 'segment')}, {count(row.characters, 'character')}"
            print(f"speak       {name}  ({size})" if row.segments else f"finish      {name}")
        case _:
            print(f"{row.status:<11} {name}")
    for note in row.notes:
        print(f"{'':<11} {name_flags(note)}")


def show_changes(changes: Iterable[Change]) -> Iterator[str]:
    """Lines about places of a text that are spoken otherwise than written; a question mark marks a guess."""
    for change in changes:
        guess = "" if change.certain else "  ?"
        spoken = f"/{change.ipa}/" if change.ipa else change.spoken or "(nothing)"
        yield f"    {change.written!r} → {spoken}  [{change.by}]{guess}"


class Bill:
    """What a render would cost, in US dollars."""

    def __init__(self) -> None:
        self._price = self._saved = 0.0
        self._billed = self._unbilled = 0

    def add(self, row: Forecast) -> None:
        self._billed, self._price = self._billed + row.billed, self._price + row.price
        self._unbilled, self._saved = self._unbilled + row.unbilled, self._saved + row.saved

    def show(self) -> None:
        """Print it, where anything costs."""
        if self._billed or self._unbilled:
            print(
                f"price: {dollars(self._price)} for {count(self._billed, 'character')};"
                f" saved by the store: {dollars(self._saved)} for {count(self._unbilled, 'character')}"
            )

    def is_beyond(self, budget: float | None) -> bool:
        """Whether it is more than the budget, which is then said."""
        if budget is None or round(self._price, 9) <= budget:  # a price that is not known is more
            return False
        print(
            f"voxpress: the price of {count(self._billed, 'character')} is {dollars(self._price)}, and the budget"
            f" {dollars(budget)}: nothing was rendered",
            file=sys.stderr,
        )
        return True


class Tally:
    """Counts for the summary."""

    def __init__(self, standing: int, left_out: int, repeated: int) -> None:
        # A row may have several problems, and is one row.
        self._counts: Counter[str] = Counter(
            {Status.UP_TO_DATE: standing, Status.LEFT_OUT: left_out, Status.FAILED: -repeated}
        )
        self._spoken = 0
        self._duration: Seconds = 0.0
        self._cost = 0.0
        self._uncertain = 0
        self._first_note = ""
        self._noted = 0
        self.failed = 0
        self.doubtful = 0

    def add(self, result: Result) -> None:
        self._counts[result.status] += 1
        self._spoken += result.spoken
        self._cost += result.cost
        if result.status == Status.RENDERED and result.clips:
            self._duration += result.clips[0].duration
        if result.status == Status.FAILED:
            self.failed += 1
        if result.verdict == "doubtful":
            self.doubtful += 1
        self._uncertain += result.uncertain
        if result.notes:
            self._noted += 1
            self._first_note = self._first_note or f"{result.utterance.id}: {result.notes[0]}"

    def show(self, elapsed: Seconds, report: str, proof: str) -> None:
        """Print them.

        Args:
            report: where all about each row is.
            proof: what shows how the texts are read.
        """
        counts = self._counts
        print(
            f"{count(sum(counts.values()), 'row')}: {counts[Status.RENDERED]:,} rendered,"
            f" {counts[Status.FROM_STORE]:,} from the store,"
            f" {counts[Status.UP_TO_DATE]:,} up to date, {counts[Status.FAILED]:,} failed"
            + (f", {counts[Status.LEFT_OUT]:,} left out" if counts[Status.LEFT_OUT] else "")
            + (f", {self.doubtful:,} doubtful" if self.doubtful else "")
        )
        rate = f", {self._duration / elapsed:.1f} × real time" if self._spoken else ""
        cost = f" for {dollars(self._cost)}" if self._cost else ""
        print(
            f"{count(self._spoken, 'segment')} spoken{cost}, {self._duration:,.1f} s of audio in {elapsed:,.1f} s"
            f"{rate}; report: {report}"
        )
        if self._noted:
            more = f" (in the report: notes on {count(self._noted, 'row')})" if self._noted > 1 else ""
            print(f"note: {name_flags(self._first_note)}{more}")
        if self._uncertain:
            print(f"{count(self._uncertain, 'reading')} may not be meant; this shows them:  {proof}")


def show_bad(
    bad: list[Bad], help: str = "correct these rows, or add --skip-bad to render the others"
) -> None:
    """Print what is wrong with rows, that nothing was rendered, and what to do."""
    _show_alike((str(plan.error), f"{plan.error.field}: {plan.error.problem}") for plan in bad)
    print(
        f"voxpress: {count(len(bad), 'problem')} in {count(count_rows(bad), 'row')}, so nothing was rendered; {help}",
        file=sys.stderr,
    )


def show_left_out(left_out: list[Bad]) -> None:
    """Print the rows that are no speech."""
    for plan in left_out[:_BAD_SHOWN]:
        print(f"left out: {plan.error}", file=sys.stderr)
    if len(left_out) > _BAD_SHOWN:
        print(f"left out: … and {len(left_out) - _BAD_SHOWN:,} more", file=sys.stderr)


def show_manifest_notes(notes: Iterable[str]) -> None:
    """Print what was noticed of a manifest as a whole."""
    for note in notes:
        print(f"note: {name_flags(note)}", file=sys.stderr)


def show_hiding(files: Sequence[str], base: str) -> None:
    """Print which files of former renders hide those of the manifest that is extended."""
    for path in files[:_BAD_SHOWN]:
        print(
            f"voxpress: {path} is left of a former render, and hides the file of {base}, which has that row again:"
            " --prune deletes it",
            file=sys.stderr,
        )
    if len(files) > _BAD_SHOWN:
        print(f"voxpress: … and {len(files) - _BAD_SHOWN:,} more files hide others", file=sys.stderr)


def show_notes(notes: list[tuple[str, str]]) -> None:
    """Print what of the rows is read aloud and may not be meant so, and which names of files may not do."""
    _show_alike(
        (f"{place}: {note}", note)
        for place, note in notes
        if note.endswith(READ_ALOUD) or note.startswith(ABOUT_NAMES)
    )


def _show_alike(problems: Iterable[tuple[str, str]]) -> None:
    """One line for each kind of problem: the first of it, and how many more there are."""
    kinds: dict[str, tuple[str, int]] = {}
    for line, kind in problems:
        first, many = kinds.get(kind, (line, 0))
        kinds[kind] = (first, many + 1)
    for line, many in list(kinds.values())[:_BAD_SHOWN]:
        more = f" (and {many - 1:,} more like it)" if many > 1 else ""
        print(f"voxpress: {name_flags(line)}{more}", file=sys.stderr)
    if len(kinds) > _BAD_SHOWN:
        print(f"voxpress: … and {len(kinds) - _BAD_SHOWN:,} more", file=sys.stderr)


def count_rows(bad: Iterable[Bad]) -> int:
    """How many rows have these problems."""
    return len({plan.row for plan in bad})


def differing(differences: Sequence[tuple[str, str]]) -> str:
    """Words that were to be said, and what was heard in their place.

    >>> differing([("five", "nine"), ("", "and")]), differing([("Hello", "")])
    ("'nine' for 'five', 'and' too much", "'Hello' is missing")
    """
    shown = [
        f"{heard!r} for {asked!r}"
        if asked and heard
        else f"{asked!r} is missing"
        if asked
        else f"{heard!r} too much"
        for asked, heard in differences[:_DIFFERENCES_SHOWN]
    ]
    more = len(differences) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")
