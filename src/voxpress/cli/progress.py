"""How far a render or a download is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from voxpress.cli.options import name_flags
from voxpress.cli.summary import differing
from voxpress.speech import Result, Seconds, Status

_PLAIN_EVERY: Seconds = 10.0
_RECENT: Seconds = 60.0


@contextmanager
def progress(rows: int, characters: int) -> Iterator[Callable[[Result], None]]:
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
        if result.status != Status.FAILED:
            return ""
        service = (result.engine, result.model)
        if result.error_type != "ServiceRefused":
            return f"failed: {name_flags(result.error)}"
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


@contextmanager
def reading(lengths: Mapping[str, int], unit: str = "chapters") -> Iterator[Callable[[str, int], None]]:
    """How far the reading of a book is, with the time that is left: a bar on a terminal, a line now and then elsewhere.

    Args:
        lengths: characters of each chapter, by its id.
        unit: what they are called.

    Yields:
        What is told that so many more characters of a chapter are there; below 0: all of them.
    """
    total, began, shown = sum(lengths.values()), time.monotonic(), [time.monotonic()]
    done = dict.fromkeys(lengths, 0)
    finished: set[str] = set()
    # Of the last minute, because chapters that the store has are there at once, and others are not.
    recent = deque([(began, 0)])

    def describe() -> tuple[int, str, str]:
        at = sum(done.values())
        now = time.monotonic()
        recent.append((now, at))
        while len(recent) > 2 and recent[0][0] < now - _RECENT:
            recent.popleft()
        rate = (at - recent[0][1]) / max(now - recent[0][0], 0.001)
        left = f"{_clock((total - at) / rate)} left" if rate else ""
        return at, f"{len(finished):,} of {len(lengths):,} {unit}", left

    def advance(chapter: str, characters: int) -> None:
        if characters < 0:
            finished.add(chapter)
            done[chapter] = lengths[chapter]
        else:
            done[chapter] = min(done[chapter] + characters, lengths[chapter])

    if not sys.stderr.isatty():

        def tell(chapter: str, characters: int) -> None:
            advance(chapter, characters)
            now = time.monotonic()
            if now - shown[0] >= _PLAIN_EVERY:
                shown[0] = now
                at, chapters, left = describe()
                line = ", ".join(filter(None, [f"{100 * at / max(total, 1):.0f} %", chapters, left]))
                print(line, file=sys.stderr, flush=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.fields[chapters]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, chapters="", left="")

        def move(chapter: str, characters: int) -> None:
            advance(chapter, characters)
            at, chapters, left = describe()
            bar.update(task, completed=at, chapters=chapters, left=left)

        yield move


def _clock(seconds: Seconds) -> str:
    """A duration as people say it.

    >>> _clock(42), _clock(3 * 3600 + 125)
    ('42 s', '3 h 2 min')
    """
    minutes = int(seconds) // 60
    if not minutes:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


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
