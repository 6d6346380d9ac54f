"""``voxpress acx``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.exits import SOME_FAILED
from voxpress.cli.options import Json, examples
from voxpress.cli.tables import count, print_json, print_table
from voxpress.errors import InputError

if TYPE_CHECKING:
    from voxpress.quality.acx import Report

app = typer.Typer()


@app.command(epilog=examples("voxpress acx book", "voxpress acx book/*.mp3 --json"))
def acx(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|DIR…", help="The chapters, or their folder.")],
    json: Json = False,
) -> None:
    """Check the chapters of an audiobook against ACX's rules for audio.

    The exit status is 1 when a file breaks a rule; warnings alone leave it at 0. docs/audiobook.md explains each kind.
    """
    from voxpress.quality.acx import check_acx

    reports = list(check_acx(_list_files(paths)))
    if json:
        print_json([_describe(report) for report in reports])
    else:
        print_reports(reports)
    raise typer.Exit(0 if all(report.passed for report in reports) else SOME_FAILED)


def _list_files(paths: list[Path]) -> list[Path]:
    from voxpress.files.paths import audio_extension

    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(each for each in path.iterdir() if audio_extension(each.name))
        if not found:
            raise InputError(f"{path} has no audio files")
        files += found
    return files


def _describe(report: Report) -> dict[str, object]:
    from voxpress.quality.acx import KINDS

    fields: dict[str, object] = {name: getattr(report, name) for name in report.__struct_fields__}
    problems = [
        {"kind": kind, "severity": KINDS[kind].severity, "found": found, "advice": KINDS[kind].advice}
        for kind, found in report.problems
    ]
    return fields | {"passed": report.passed, "problems": problems}


def print_reports(reports: list[Report]) -> None:
    """Print a row for each file, and the rules that are broken."""
    from voxpress.quality.acx import KINDS

    rows = [
        {
            "file": Path(report.file).name,
            "result": "pass" if report.passed else "fail",
            "RMS": _show(report.rms, "dB"),
            "peak": _show(report.peak, "dB"),
            "floor": _show(report.floor, "dB"),
            "head": _show(report.head, "s"),
            "tail": _show(report.tail, "s"),
            "length": _show(report.duration and report.duration / 60, "min"),
            "problems": [f"{kind} ({found})" if found else kind for kind, found in report.problems],
        }
        for report in reports
    ]
    print_table(rows, list(rows[0]) if rows else [])
    for kind in KINDS:
        broken = sum(any(problem.kind == kind for problem in report.problems) for report in reports)
        if broken:
            print(f"{kind}, {count(broken, 'file')}: {KINDS[kind].meaning} To do: {KINDS[kind].advice}.")
    failed = sum(not report.passed for report in reports)
    print(f"{count(len(reports), 'file')}: {len(reports) - failed} pass, {failed} fail")


def _show(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.1f} {unit}"
