"""One manifest into one folder: all rows are checked first, then those that are not done are rendered."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

import msgspec

from voxpress.cli.exits import BAD, SOME_FAILED
from voxpress.cli.places import Places
from voxpress.cli.progress import progress
from voxpress.cli.rows import Rows
from voxpress.cli.streams import own_standard_output
from voxpress.cli.summary import (
    MOST_SHOWN,
    Bill,
    Tally,
    count_rows,
    show_bad,
    show_changes,
    show_hiding,
    show_left_out,
    show_manifest_notes,
    show_notes,
    show_row,
)
from voxpress.cli.tables import count
from voxpress.errors import LeftOut, SpeechError
from voxpress.executors import Cluster
from voxpress.manifests.file_map import FileMap, Place
from voxpress.manifests.report import Former, Report
from voxpress.quality.asr import Recogniser
from voxpress.rendering import ATTEMPTS
from voxpress.rendering.assessment import look, standing
from voxpress.rendering.batches import Batches
from voxpress.rendering.dry_run import Detail, forecast
from voxpress.rendering.folders import REPORT, OutputFolder
from voxpress.rendering.library import run
from voxpress.rendering.plan import Bad, Planned, Skipped, Unchanged
from voxpress.rendering.planner import Planner
from voxpress.rendering.results import make_bad_result, make_result, make_unchanged_result
from voxpress.rendering.spool import Spool
from voxpress.speech import Seconds, Status, Utterance
from voxpress.store import Store

Prune: TypeAlias = Literal["", "stale", "most"]
"""What of former renders to delete."""


@dataclass
class _Survey:
    """What checking all rows found.

    Attributes:
        paths: by hash, of the files of all rows, where files are to be pruned.
        characters: in the rows that are to be rendered.
        languages, voices: of all rows that are or will be files; a voice with its engine and model.
        notes: what was changed in a row's text, after the row.
    """

    bad: list[Bad] = field(default_factory=list)
    left_out: list[Bad] = field(default_factory=list)
    paths: set[int] = field(default_factory=set)
    rows: int = 0
    standing: int = 0
    characters: int = 0
    languages: set[str] = field(default_factory=set)
    voices: set[tuple[str, str, str]] = field(default_factory=set)
    notes: list[tuple[str, str]] = field(default_factory=list)


class _Line(msgspec.Struct):
    """What is wanted of a line of a report."""

    files: tuple[str, ...] = ()


def _open(path: Path) -> BinaryIO | None:
    """A former report; None if there is none."""
    try:
        return path.open("rb") if path.is_file() else None
    except OSError:
        return None


def _name(row: Utterance) -> str:
    """What a row is called in the map of files."""
    return row.id or row.file


@dataclass(kw_only=True)
class ManifestRender:
    """A render of one manifest into one folder, as a terminal shows it.

    Attributes:
        places: where the files go that are of no row.
        map: where to say which file each id has; None: nowhere.
        strict: a row that is no speech is an error, and not left out.
        prune: which files of former renders to delete, of those that no row asks for; ``most``: also where they are
            more than half.
        budget: dollars; what would cost more is not begun.
        check_voices: raises `InputError` where the rows may not have these languages and voices, before anything is
            spoken.
        recogniser, attempts: as for `voxpress.render`.
        failed: ids of rows that `run` could not render.
    """

    rows: Rows
    planner: Planner
    folder: OutputFolder
    store: Store
    places: Places
    map: Place | None = None
    strict: bool = False
    prune: Prune = ""
    budget: float | None = None
    check_voices: Callable[[Collection[str], Collection[tuple[str, str, str]]], object] | None = None
    attempts: int = ATTEMPTS
    recogniser: Recogniser | None = None
    failed: set[str] = field(default_factory=set, init=False)

    def forecast(self, details: Path | None = None, *, text: bool = False) -> int:
        """Print what `run` would do for each row and in all, and what it would cost; the exit status.

        Args:
            details: the file that says it row by row, where that is not to be printed.
            text: also print what is spoken otherwise than written, of all rows.
        """
        counts: Counter[str] = Counter()
        spoken = segments = characters = number = 0
        bill, survey = Bill(), _Survey()
        bad: set[str] = set()
        self.folder.require()
        with ExitStack() as stack:
            sheet = stack.enter_context(Report(details, kind=Detail)) if details else None
            rows = forecast(
                self._select(survey, anew=text),
                store=self.store,
                folder=self.folder,
                recogniser=self.recogniser,
                attempts=self.attempts,
            )
            for number, row in enumerate(rows, start=1):
                if self.strict and row.status == Status.LEFT_OUT:
                    row = msgspec.structs.replace(row, status=Status.FAILED)
                if sheet is not None:
                    sheet.keep(msgspec.json.encode(Detail.of(row)) + b"\n", row.number)
                elif number <= MOST_SHOWN or (text and row.changes):
                    show_row(row)
                if text:
                    for line in show_changes(row.changes):
                        print(line)
                if row.status == Status.FAILED and row.row in bad:
                    continue  # another problem of the same row
                bad.update([row.row] if row.status == Status.FAILED else ())
                counts[row.status] += 1
                spoken += bool(row.segments)
                segments += row.segments
                characters += row.characters
                bill.add(row)
        if details is None and number > MOST_SHOWN:
            print(f"… and {number - MOST_SHOWN:,} more: --report FILE writes all of them")
        print(
            f"{count(sum(counts.values()), 'row')}: {spoken:,} to speak"
            f" ({count(segments, 'segment')}, {count(characters, 'character')}),"
            f" {counts[Status.RENDERED] - spoken:,} to finish,"
            f" {counts[Status.FROM_STORE]:,} from the store, {counts[Status.UP_TO_DATE]:,} up to date,"
            f" {counts[Status.FAILED]:,} bad"
            + (f", {counts[Status.LEFT_OUT]:,} left out" if counts[Status.LEFT_OUT] else "")
            + (f"; row by row: {details}" if details else "")
        )
        self.rows.require_all()
        show_manifest_notes(self.rows.notes())
        if not self.prune:
            show_hiding(self._find_hiding(None), self.rows.base)
        bill.show()
        if self.prune and not counts[Status.FAILED]:
            if self._prunes_too_much(survey):
                return BAD
            for path in self.folder.stale(survey.paths).removable:
                print(f"prune       {path}")
        return BAD if counts[Status.FAILED] or bill.is_beyond(self.budget) else 0

    def run(
        self,
        *,
        report: Path | None,
        workers: int | None,
        timeout: Seconds,
        skip_bad: bool,
        executor: Cluster | None = None,
    ) -> int:
        """Render, showing progress; the exit status.

        Args:
            report: its place; None: in the folder.
            skip_bad: render the good rows although others are bad.
        """
        if self.recogniser is not None:
            self.recogniser.require()
        began = time.monotonic()
        with self.folder.claim(), self.folder.open_own() as own:
            files = FileMap(self.map, self.folder.stands) if self.map else None
            with (
                Former(lambda: _open(report) if report else self.folder.read(REPORT)) as former,
                Report(report or own / os.path.basename(REPORT), replace=report is None) as sheet,
                Spool(own) as spool,
            ):
                try:
                    survey = self._survey(sheet, former, spool, files)
                    self.rows.require_all()
                    if self.check_voices and not survey.bad:
                        self.check_voices(survey.languages, survey.voices)
                except SpeechError:
                    sheet.discard()
                    raise
                if self._is_refused(survey, spool, skip_bad):
                    sheet.discard()
                    return BAD
                show_manifest_notes(self.rows.notes())
                if not self.prune:
                    show_hiding(self._find_hiding(files), self.rows.base)
                show_notes(survey.notes)
                show_left_out(survey.left_out)
                tally = Tally(survey.standing, len(survey.left_out), len(survey.bad) - count_rows(survey.bad))
                with progress(len(spool), survey.characters) as advance, own_standard_output():
                    for each in run(
                        spool,
                        store=self.store,
                        folder=self.folder,
                        workers=workers,
                        executor=executor,
                        timeout=timeout,
                        attempts=self.attempts,
                        recogniser=self.recogniser,
                    ):
                        sheet.write(each)
                        tally.add(each)
                        advance(each)
                        if each.exception:
                            self.failed.add(each.utterance.id)
                            self._spare(each.utterance, survey, former, files)
                        elif files is not None:
                            files.add(_name(each.utterance), self._shorten(each.files))
            if files is not None:
                files.write(with_others=not self.prune or bool(survey.bad))
            if self.prune:
                self._prune(survey)
        tally.show(time.monotonic() - began, self.name_report(report), self.rows.name_proof())
        left_out = self.strict and any(isinstance(bad.error, LeftOut) for bad in survey.bad)
        return SOME_FAILED if tally.failed or tally.doubtful or left_out else 0

    def name_report(self, given: Path | None) -> str:
        """Where the report is: the path that is given, or the usual one in the folder."""
        return str(given or f"{self.folder.name}/{REPORT}")

    def _survey(self, sheet: Report, former: Former, spool: Spool, files: FileMap | None) -> _Survey:
        """Check all rows. What is to be rendered goes into the spool, what is done into the report and the map of
        files; of rows that are not wanted now, these say what the `former` ones said.
        """
        survey = _Survey()
        for plan in self._look_ahead(self._all(survey)):
            if isinstance(plan, Skipped):
                if line := former.line(plan.utterance.id):
                    sheet.keep(line, plan.number)
                self._spare(plan.utterance, survey, former, files)
                continue
            if isinstance(plan, Bad):
                if isinstance(plan.error, LeftOut) and not self.strict:
                    survey.left_out.append(plan)
                    sheet.write(make_bad_result(plan))
                else:
                    survey.bad.append(plan)
                    spool.add(plan)
                continue
            survey.languages.add(plan.language)
            survey.voices.add((plan.engine.name, plan.engine.model or "", plan.voice))
            if isinstance(plan, Unchanged):
                survey.standing += 1
                sheet.write(make_unchanged_result(plan, self.folder.name))
                if files is not None:
                    files.add(_name(plan.utterance), plan.files)
                continue
            survey.notes += ((plan.utterance.origin or plan.utterance.id, note) for note in plan.notes)
            clips = standing(plan, self.folder) if self.recogniser is None else None
            if clips is not None:
                survey.standing += 1
                sheet.write(make_result(plan, Status.UP_TO_DATE, self.folder.name, clips=clips))
                if files is not None:
                    files.add(_name(plan.utterance), [target.path for target in plan.targets])
            else:
                spool.add(plan)
                survey.characters += plan.characters
        return survey

    def _look_ahead(self, plans: Iterator[Planned | Skipped]) -> Iterator[Planned | Skipped]:
        """The same plans; the folder has looked at the files of many of them at once."""
        if not self.folder.at_once:
            yield from plans
            return
        for batch in Batches(plans, known=False, most=self.folder.at_once):
            look(batch, self.folder)
            yield from batch

    def _spare(self, row: Utterance, survey: _Survey, former: Former, files: FileMap | None) -> None:
        """Leave a row that is not rendered, or that failed, the files that it had: in the map, and in the folder even
        where a hash in their names makes them others than the row asks for now.
        """
        paths = list(files.keep(_name(row))) if files is not None else []
        line = former.line(row.id) if self.prune and row.id else None
        if line:
            paths += self._shorten(msgspec.json.decode(line, type=_Line).files)
        survey.paths.update(map(hash, paths))

    def _find_hiding(self, files: FileMap | None) -> list[str]:
        """Files of former renders for rows that the manifest now leaves to the one that it extends."""
        found: list[str] = []
        for row in self.rows.standing():
            found += self.planner.name_files(row) or (files.former(_name(row)) if files is not None else ())
        self.folder.look(found)
        return [f"{self.folder.name}/{path}" for path in found if self.folder.wrote(path)]

    def _shorten(self, files: Sequence[str]) -> list[str]:
        """Paths of files from the output folder on."""
        return [file.removeprefix(f"{self.folder.name}/") for file in files]

    def _is_refused(self, survey: _Survey, spool: Spool, skip_bad: bool) -> bool:
        """Whether nothing is rendered, for a reason that is printed."""
        if survey.bad and not skip_bad:
            show_bad(survey.bad)
            return True
        if self._prunes_too_much(survey):
            return True
        if self.budget is None:
            return False
        bill = Bill()
        for row in forecast(
            spool,
            store=self.store,
            folder=self.folder,
            recogniser=self.recogniser,
            attempts=self.attempts,
        ):
            bill.add(row)
        return bill.is_beyond(self.budget)

    def _all(self, survey: _Survey, *, anew: bool = False) -> Iterator[Planned | Skipped]:
        """The plans of all rows, counted. Rows that are not wanted are skipped: to read their texts takes long.

        Args:
            anew: read all of them, also those whose files stand as wanted.
        """
        known = None if anew or self.recogniser is not None else self.folder
        for plan in self.planner.plan_some(self.rows, self.rows.wanted, known=known):
            survey.rows += 1
            if not isinstance(plan, Bad):
                self.places.require_apart(plan.paths)
                if self.prune:
                    survey.paths.update(map(hash, plan.paths))
            yield plan

    def _select(self, survey: _Survey, *, anew: bool = False) -> Iterator[Planned]:
        return (plan for plan in self._all(survey, anew=anew) if not isinstance(plan, Skipped))

    def _prunes_too_much(self, survey: _Survey) -> bool:
        """Whether pruning would delete what the user can hardly mean, which is then printed."""
        if not self.prune:
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
        if self.prune == "most" or 2 * many <= stale.known or survey.bad:
            return False
        print(
            f"voxpress: --prune would delete {many:,} of {count(stale.known, 'file')} in {self.folder.name}, more than"
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
        told = {bad.error.id for bad in survey.left_out if isinstance(bad.error, LeftOut)}
        for path, reason in kept.items():
            if os.path.splitext(path)[0] in told:
                continue  # it is the file of a row that was left out, for a reason that was given
            print(f"voxpress: kept {path}, which no row asks for: {reason}", file=sys.stderr)
