"""A render as a terminal shows it: what there is to do, how far it is, and what came of it."""

from __future__ import annotations

import array
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import msgspec

from voxpress.audio.atomic import is_device
from voxpress.audio.paths import OWN
from voxpress.cli.streams import own_standard_output
from voxpress.errors import LeftOut, ManifestError, SpeechError, StoreError
from voxpress.manifests.report import Former, Report
from voxpress.quality.asr import Recogniser
from voxpress.quality.verify import Review
from voxpress.rendering.dry_run import Detail, Forecast, forecast
from voxpress.rendering.library import run
from voxpress.rendering.output import OutputFolder
from voxpress.rendering.planner import Bad, Plan, Planner
from voxpress.rendering.scheduler import refused, standing
from voxpress.speech import Result, Seconds, Utterance
from voxpress.store import Store
from voxpress.text import READ_ALOUD

BAD = 2
SOME_FAILED = 1
_BAD_SHOWN = 50
_DIFFERENCES_SHOWN = 6
_PLAIN_EVERY: Seconds = 10.0


Prune: TypeAlias = Literal["", "stale", "most"]
"""What of former renders to delete."""


class Rows(Protocol):
    """A manifest that can be read more than once."""

    def require_all(self) -> None:
        """Raise an `InputError` where the run asks for a row that no reading has come upon."""
        ...

    def __iter__(self) -> Iterator[Utterance | ManifestError]: ...

    def wanted(self, row: Utterance) -> bool:
        """Whether this run is to render the row."""
        ...


@dataclass
class _Survey:
    """What a first reading found: rows that are done, rows to do, and rows that are bad."""

    bad: list[Bad] = field(default_factory=list)
    todo: array.array[int] = field(default_factory=lambda: array.array("Q"))
    paths: set[int] = field(default_factory=set)
    """By hash, of all rows, where files are to be pruned."""
    characters: int = 0
    standing: int = 0
    left_out: list[Bad] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """What was changed in a row's text, after the row."""
    rows: int = 0


@dataclass
class Render:
    """One manifest into one folder."""

    rows: Rows
    planner: Planner
    folder: OutputFolder
    store: Store
    strict: bool = False
    """Whether a row that is no speech is an error, and not left out."""

    def forecast(self, budget: float | None = None, *, prune: Prune = "", details: Path | None = None) -> int:
        """Print what `run` would do for each row and in all, and what it would cost; the exit status.

        Args:
            details: the file that says it row by row, where that is not to be printed.
        """
        counts: Counter[str] = Counter()
        segments = characters = number = 0
        bill = _Bill()
        bad: set[str] = set()
        with ExitStack() as stack:
            sheet = stack.enter_context(Report(details, kind=Detail)) if details else None
            for number, row in enumerate(
                forecast(self._planned(), store=self.store, folder=self.folder), start=1
            ):
                if self.strict and row.status == "left out":
                    row = msgspec.structs.replace(row, status="failed")
                if sheet is not None:
                    sheet.keep(msgspec.json.encode(Detail.of(row)) + b"\n", row.number)
                elif number <= _MOST_SHOWN:
                    _show(row)
                if row.status == "failed" and row.row in bad:
                    continue
                if row.status == "failed":
                    bad.add(row.row)
                counts[row.status] += 1
                segments += row.segments
                characters += row.characters
                bill.add(row)
        if details is None and number > _MOST_SHOWN:
            print(f"… and {number - _MOST_SHOWN:,} more: --report FILE writes all of them")
        print(
            f"{_count(sum(counts.values()), 'row')}: {counts['rendered']:,} to synthesise or finish"
            f" ({_count(segments, 'segment')}, {_count(characters, 'character')}),"
            f" {counts['from store']:,} from the store, {counts['up to date']:,} up to date,"
            f" {counts['failed']:,} bad"
            + (f", {counts['left out']:,} left out" if counts["left out"] else "")
            + (f"; row by row: {details}" if details else "")
        )
        self.rows.require_all()
        bill.show()
        if prune and not counts["failed"]:
            survey = _Survey()
            for plan in self.planner.plan_all(self.rows):
                survey.rows += 1
                if isinstance(plan, Plan):
                    survey.paths.update(hash(target.path) for target in plan.targets)
            if self._prunes_too_much(survey, prune):
                return BAD
            for path in self.folder.stale(survey.paths).removable:
                print(f"prune       {path}")
        return BAD if counts["failed"] or bill.beyond(budget) else 0

    def run(
        self,
        *,
        report: Path | None,
        workers: int | None,
        timeout: Seconds,
        attempts: int,
        prune: Prune = "",
        skip_bad: bool,
        budget: float | None = None,
        recogniser: Recogniser | None = None,
    ) -> int:
        """Render, showing progress; the exit status. What would cost more than `budget` is not begun.

        Args:
            prune: which files of former renders to delete, of those that no row asks for; ``most``: also where they are
                more than half.
        """
        if recogniser is not None:
            recogniser.require()
        began = time.monotonic()
        if self.folder.path.exists() and not self.folder.path.is_dir():
            raise StoreError(f"cannot write into {self.folder.path}: it is a file, not a folder")
        place = report or self.folder.path / OWN / "report.jsonl"
        with self.folder.claimed():
            with Former(place) as former, Report(place, replace=report is None) as sheet:
                try:
                    survey = self._survey(sheet, former, bool(prune), finished=recogniser is None)
                    self.rows.require_all()
                except SpeechError:
                    sheet.discard()
                    raise
                if survey.bad and not skip_bad:
                    sheet.discard()
                    _show_bad(survey.bad)
                    return BAD
                if self._prunes_too_much(survey, prune):
                    sheet.discard()
                    return BAD
                if budget is not None and self._bill(survey, finished=recogniser is None).beyond(budget):
                    sheet.discard()
                    return BAD
                _show_notes(survey.notes)
                for plan in survey.left_out:
                    sheet.write(refused(plan))
                _show_left_out(survey.left_out)
                tally = _Tally(survey.standing, len(survey.left_out), len(survey.bad) - _rows_of(survey.bad))
                with (
                    _progress(len(survey.todo) + len(survey.bad), survey.characters) as advance,
                    own_standard_output(),
                ):
                    for result in run(
                        self._again(survey),
                        store=self.store,
                        folder=self.folder,
                        workers=workers,
                        timeout=timeout,
                        attempts=attempts,
                        recogniser=recogniser,
                    ):
                        sheet.write(result)
                        tally.add(result)
                        advance(result)
            if prune:
                self._prune(survey)
        tally.show(time.monotonic() - began, place)
        left_out = self.strict and any(isinstance(plan.error, LeftOut) for plan in survey.bad)
        return SOME_FAILED if tally.failed or tally.doubtful or left_out else 0

    def _prunes_too_much(self, survey: _Survey, prune: Prune) -> bool:
        """Whether pruning would delete what the user can hardly mean, which is then said."""
        if not prune:
            return False
        if not survey.rows:
            print(
                "voxpress: the manifest has no rows, so --prune would delete every file of former renders: nothing was"
                " done",
                file=sys.stderr,
            )
            return True
        stale = self.folder.stale(survey.paths)
        many = len(stale.removable)
        if prune == "most" or 2 * many <= stale.known or survey.bad:
            return False
        print(
            f"voxpress: --prune would delete {many:,} of {_count(stale.known, 'file')} in {self.folder.path}, more than"
            " half: nothing was done; is it the right manifest? If it is, say --prune all",
            file=sys.stderr,
        )
        return True

    def _prune(self, survey: _Survey) -> None:
        if survey.bad:
            print(
                "voxpress: nothing was pruned, because of the bad rows: their files may be among those",
                file=sys.stderr,
            )
            return
        kept = self.folder.stale(survey.paths).kept
        for path in self.folder.prune(survey.paths):
            print(f"pruned {path}")
        for path, reason in kept.items():
            print(f"voxpress: kept {path}, which no row asks for: {reason}", file=sys.stderr)

    def _planned(self) -> Iterator[Plan | Bad]:
        for plan in self.planner.plan_all(self.rows):
            if plan.utterance is None or self.rows.wanted(plan.utterance):
                yield plan

    def _survey(self, sheet: Report, former: Former, prune: bool, *, finished: bool) -> _Survey:
        """Read all rows once; `finished`: what stands in the folder counts as done.

        Of rows that are not wanted now, the report says what the `former` one said.
        """
        survey = _Survey()
        for plan in self.planner.plan_all(self.rows):
            if prune and isinstance(plan, Plan):
                survey.paths.update(hash(target.path) for target in plan.targets)
            survey.rows += 1
            if plan.utterance is not None and not self.rows.wanted(plan.utterance):
                if line := former.line(plan.utterance.id):
                    sheet.keep(line, plan.number)
                continue
            if isinstance(plan, Bad):
                leave = isinstance(plan.error, LeftOut) and not self.strict
                (survey.left_out if leave else survey.bad).append(plan)
                continue
            survey.notes += ((plan.utterance.origin or plan.utterance.id, note) for note in plan.notes)
            if finished and (result := standing(plan, self.folder)):
                survey.standing += 1
                sheet.write(result)
            else:
                survey.todo.append(plan.number)
                survey.characters += plan.characters
        return survey

    def _bill(self, survey: _Survey, *, finished: bool) -> _Bill:
        bill = _Bill()
        plans = self._again(survey)
        for row in forecast(plans, store=self.store, folder=self.folder, finished=finished):
            bill.add(row)
        return bill

    def _again(self, survey: _Survey) -> Iterator[Plan | Bad]:
        """The rows to do, read once more: plans of a million rows would fill the memory."""
        bad = {plan.number: plan for plan in survey.bad}
        todo = iter(survey.todo)
        left = len(bad) + len(survey.todo)
        following = next(todo, None)
        for number, row in enumerate(self.rows if left else ()):
            if number in bad:
                yield bad[number]
            elif number == following and isinstance(row, Utterance):
                yield self.planner.plan(row, number)
                following = next(todo, None)


_MOST_SHOWN = 1000
"""Rows that a dry run prints: nobody reads more."""


def _show(row: Forecast) -> None:
    """Print what would be done for a row."""
    name = (row.utterance.id or row.utterance.file) if row.utterance else ""
    match row.status:
        case "failed":
            print(f"bad         {row.error}")
        case "left out":
            print(f"left out    {row.error}")
        case "rendered":
            size = f"{_count(row.segments, 'segment')}, {_count(row.characters, 'character')}"
            print(f"synthesise  {name}  ({size})")
        case _:
            print(f"{row.status:<11} {name}")
    for note in row.notes:
        print(f"{'':<11} {note}")


class _Bill:
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
                f"price: {_dollars(self._price)} for {_count(self._billed, 'character')};"
                f" saved by the store: {_dollars(self._saved)} for {_count(self._unbilled, 'character')}"
            )

    def beyond(self, budget: float | None) -> bool:
        """Whether it is more than the budget, which is then said."""
        if budget is None or self._price <= budget:  # a price that is not known is more
            return False
        print(
            f"voxpress: the price of {_count(self._billed, 'character')} is {_dollars(self._price)}, and the budget"
            f" {_dollars(budget)}: nothing was rendered",
            file=sys.stderr,
        )
        return True


class _Tally:
    """Counts for the summary."""

    def __init__(self, standing: int, left_out: int, repeated: int) -> None:
        # A row may have several problems, and is one row.
        self._counts: Counter[str] = Counter(
            {"up to date": standing, "left out": left_out, "failed": -repeated}
        )
        self._spoken = 0
        self._duration: Seconds = 0.0
        self._cost = 0.0
        self.failed = 0
        self.doubtful = 0

    def add(self, result: Result) -> None:
        self._counts[result.status] += 1
        self._spoken += result.spoken
        self._cost += result.cost
        if result.status == "rendered" and result.clips:
            self._duration += result.clips[0].duration
        if result.status == "failed":
            self.failed += 1
        if result.verdict == "doubtful":
            self.doubtful += 1

    def show(self, elapsed: Seconds, report: Path) -> None:
        counts = self._counts
        print(
            f"{_count(sum(counts.values()), 'row')}: {counts['rendered']:,} rendered,"
            f" {counts['from store']:,} from the store,"
            f" {counts['up to date']:,} up to date, {counts['failed']:,} failed"
            + (f", {counts['left out']:,} left out" if counts["left out"] else "")
            + (f", {self.doubtful:,} doubtful" if self.doubtful else "")
        )
        rate = f", {self._duration / elapsed:.1f} × real time" if self._spoken else ""
        cost = f" for {_dollars(self._cost)}" if self._cost else ""
        print(
            f"{_count(self._spoken, 'segment')} spoken{cost}, {self._duration:,.1f} s of audio in {elapsed:,.1f} s"
            f"{rate}; report: {report}"
        )


def tell(reviews: Iterable[Review], *, report: Path | None = None, json: bool = False) -> int:
    """Print what was heard in each file, and how many are good; the exit status.

    Args:
        report: a file that gets a line of JSON for each.
        json: print one list of all instead.
    """
    counts: Counter[str] = Counter()
    with _lines(report) as write:
        for number, one in enumerate(reviews):
            counts[one.verdict] += 1
            line = msgspec.json.encode(one)
            write(line)
            if json:
                print(("[\n" if not number else ",\n") + line.decode(), end="", flush=True)
            else:
                print(_review(one), flush=True)
    if json:
        print("\n]" if counts else "[]")
    else:
        print(
            f"{_count(counts.total(), 'file')}: {counts['good']:,} good, {counts['doubtful']:,} doubtful"
            + (f"; report: {report}" if report else "")
        )
    return SOME_FAILED if counts["doubtful"] else 0


def _review(one: Review) -> str:
    rate = "    " if one.wer is None else f"{one.wer:.2f}"
    marks = [
        f"{name} {value:.2f}"
        for name, value in (("naturalness", one.naturalness), ("similarity", one.similarity))
        if value is not None
    ]
    remarks = [one.problem, differing(one.differences), *marks]
    name = one.audio_filepath or one.origin or one.id
    return "  ".join([f"{one.verdict:<8}", rate, name, "; ".join(filter(None, remarks))]).rstrip()


@contextmanager
def _lines(path: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Writes lines into a file that appears when all are written; nowhere without a path."""
    if path is None:
        yield lambda line: None
        return
    path = Path(os.path.realpath(path))
    device = is_device(path)
    part = path if device else path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield lambda line: file.write(line + b"\n")
        if not device:
            part.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write the report {path}: {error.strerror}") from error


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _dollars(amount: float) -> str:
    if math.isnan(amount):
        return "not known"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"


def _show_bad(bad: list[Bad]) -> None:
    _show_alike((str(plan.error), f"{plan.error.field}: {plan.error.problem}") for plan in bad)
    print(
        f"voxpress: {_count(len(bad), 'problem')} in {_count(_rows_of(bad), 'row')}, so nothing was rendered;"
        " mend what is bad, or add --skip-bad to render the others",
        file=sys.stderr,
    )


def _show_left_out(left_out: list[Bad]) -> None:
    for plan in left_out[:_BAD_SHOWN]:
        print(f"left out: {plan.error}", file=sys.stderr)
    if len(left_out) > _BAD_SHOWN:
        print(f"left out: … and {len(left_out) - _BAD_SHOWN:,} more", file=sys.stderr)


def _show_notes(notes: list[tuple[str, str]]) -> None:
    _show_alike((f"{place}: {note}", note) for place, note in notes if note.endswith(READ_ALOUD))


def _show_alike(problems: Iterable[tuple[str, str]]) -> None:
    """One line for each kind of problem: the first of it, and how many more there are."""
    kinds: dict[str, tuple[str, int]] = {}
    for line, kind in problems:
        first, count = kinds.get(kind, (line, 0))
        kinds[kind] = (first, count + 1)
    for line, count in list(kinds.values())[:_BAD_SHOWN]:
        more = f" (and {count - 1:,} more like it)" if count > 1 else ""
        print(f"voxpress: {line}{more}", file=sys.stderr)
    if len(kinds) > _BAD_SHOWN:
        print(f"voxpress: … and {len(kinds) - _BAD_SHOWN:,} more", file=sys.stderr)


def _rows_of(bad: Iterable[Bad]) -> int:
    """How many rows have these problems."""
    return len({plan.row for plan in bad})


@contextmanager
def _progress(rows: int, characters: int) -> Iterator[Callable[[Result], None]]:
    """How far a render is: a bar on a terminal, now and then a line elsewhere. Failures are printed at once."""
    if not rows:
        yield lambda result: None
        return
    # A row costs something even if it is short.
    total = characters + 20 * rows
    if not sys.stderr.isatty():
        yield _PlainProgress(rows, total).advance
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[rows]}"),
        BarColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    remarks = _Remarks()
    began, done, heard = time.monotonic(), 0, 0.0
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total, rows=f"0/{rows:,}", rate="")

        def advance(result: Result) -> None:
            nonlocal done, heard
            done += 1
            heard += sum(clip.duration for clip in result.clips[:1])
            rate = f"{heard / (time.monotonic() - began):.1f} × real time"
            bar.update(task, advance=_weight(result), rows=f"{done:,}/{rows:,}", rate=rate)
            if line := remarks.line(result):
                bar.console.print(line, markup=False, highlight=False)

        yield advance


class _Remarks:
    """A line for each row that failed or was not heard as it should be, but one for all rows of a service that lets
    nobody in.
    """

    def __init__(self) -> None:
        self._refused: set[tuple[str, str]] = set()

    def line(self, result: Result) -> str:
        """Empty where there is nothing to say, or nothing new."""
        if result.verdict == "doubtful":
            return (
                f"doubtful: {result.utterance.origin or result.utterance.id}: {differing(result.differences)}"
            )
        if result.status != "failed":
            return ""
        service = (result.engine, result.model)
        if result.error_type != "ServiceRefused":
            return f"failed: {result.error}"
        if service in self._refused:
            return ""
        self._refused.add(service)
        return f"failed: {result.error} (as do all rows of {' '.join(filter(None, service))})"


class _PlainProgress:
    def __init__(self, rows: int, total: int) -> None:
        self._rows, self._total = rows, total
        self._began = self._shown = time.monotonic()
        self._done = self._weight = 0
        self._heard: Seconds = 0.0
        self._remarks = _Remarks()

    def advance(self, result: Result) -> None:
        self._done += 1
        self._weight += _weight(result)
        self._heard += sum(clip.duration for clip in result.clips[:1])
        if line := self._remarks.line(result):
            print(line, file=sys.stderr, flush=True)
        now = time.monotonic()
        if now - self._shown < _PLAIN_EVERY:
            return
        self._shown = now
        elapsed = now - self._began
        left = elapsed * (self._total / self._weight - 1)
        print(
            f"{self._done:,} of {self._rows:,} rows, {self._heard / elapsed:.1f} × real time, {left:,.0f} s left",
            file=sys.stderr,
            flush=True,
        )


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


def _weight(result: Result) -> int:
    return len(result.utterance.text) + 20


@contextmanager
def download(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar for a download on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
