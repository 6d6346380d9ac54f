"""``voxpress pack``: folders of prompts for telephone systems and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.exits import SOME_FAILED
from voxpress.cli.options import Json, ManifestFormat, examples, project_of
from voxpress.cli.pack_say import say
from voxpress.cli.rows import Rows
from voxpress.cli.tables import count, print_json, print_table
from voxpress.errors import UnsupportedOption, suggest

if TYPE_CHECKING:
    from voxpress.quality.packs import Finding, Reference, Summary, Target

app = typer.Typer(
    help="Check folders of prompts, for telephone systems and others.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command(
    epilog=examples(
        "voxpress pack say en 12,345 --pack sounds/en -o number.wav",
        "voxpress pack say de 21 --for freeswitch --gender f",
    )
)(say)

_FIRST = 6
"""Rows of one kind, and prompts in a row, that are shown."""


@app.command(
    epilog=examples(
        "voxpress pack check sounds/en_US_f_Ann --against core-sounds-en.txt --for asterisk",
        "voxpress pack check sounds --against en=core-sounds-en.txt --against fr=core-sounds-fr.txt",
        "voxpress pack check sounds/de --against sounds/en",
    )
)
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The pack: one language, or several.")],
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="[LANGUAGE=]LIST|DIR",
            help="What should be there: a list in any manifest format, or a folder of prompts. Can be given again.",
        ),
    ] = None,
    source: ManifestFormat = None,
    systems: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="SYSTEM",
            help="A phone system or a preset, whose formats, names and limits hold. Can be given again.",
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--level-within",
            min=0,
            metavar="DB",
            help="How far levels may be from the median; by default 1 in packs that voxpress rendered, 6 in others.",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every finding.")] = False,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-w", min=0, metavar="N", help="By default one for each core, 0 for none."),
    ] = None,
    json: Json = False,
) -> None:
    """Check a folder of prompts: what is missing, what cannot be played, and what sounds wrong.

    The exit status is 1 when there is a fault; warnings alone leave it at 0. docs/packs.md explains each kind.
    """
    from voxpress.quality import packs

    targets = [_find_target(name, folder) for name in systems or ()]
    pack = packs.survey(folder)
    references = [each for one in against or () for each in _read_reference(one, source)]
    summaries, findings = packs.check(pack, references, targets, tolerance=tolerance, workers=workers)
    if json:
        print_json({"languages": summaries, "findings": [_describe(each) for each in findings]})
    else:
        _print_summaries(summaries, findings)
        _print_findings(findings, None if everything else _FIRST)
    faults = any(each.severity == packs.Severity.FAULT for each in findings)
    raise typer.Exit(SOME_FAILED if faults else 0)


def _read_reference(given: str, source: str | None) -> list[Reference]:
    from voxpress.quality import packs

    language, equals, path = given.partition("=")
    if not equals or Path(given).exists():
        language, path = "", given
    if Path(path).is_dir():
        found = packs.from_folder(Path(path))
        return [each._replace(language=language) for each in found] if language else found
    return packs.from_rows(Rows(path, source, []), language)


def _find_target(name: str, folder: Path) -> Target:
    from voxpress.publish import systems
    from voxpress.quality import packs
    from voxpress.rendering.presets import preset_named

    presets = project_of(folder).presets
    known = {*systems.SYSTEMS, *presets}
    if name not in known:
        raise UnsupportedOption(
            f"no system {name!r}{suggest(name, known)} (systems: {', '.join(sorted(known))})"
        )
    system = systems.SYSTEMS.require(name) if name in systems.SYSTEMS else None
    preset = preset_named(system.preset if system else name, presets)
    outputs = [output for _, output in preset.files]
    if system:
        return packs.Target(name, system.plays, outputs, preset.names)
    return packs.Target.of_outputs(name, outputs, preset.names)


def _describe(finding: Finding) -> dict[str, str]:
    fields = {
        "severity": str(finding.severity),
        "kind": finding.kind,
        "language": finding.language,
        "prompt": finding.prompt,
        "file": finding.file,
        "problem": finding.problem,
        "instead": finding.instead,
        "advice": finding.advice,
    }
    # File names can be no text at all.
    return {name: value.encode(errors="backslashreplace").decode() for name, value in fields.items()}


def _print_summaries(summaries: Sequence[Summary], findings: Sequence[Finding]) -> None:
    counts = Counter((each.language, each.kind) for each in findings)
    columns = ["language", "prompts", "files", "minutes", "level", "missing", "extra", "stale", "formats"]
    rows = []
    for each in summaries:
        compared = {
            kind: counts[each.language, kind] if each.compared else "-"
            for kind in ("missing", "extra", "stale")
        }
        rows.append(
            {
                "language": each.language or ".",
                "prompts": f"{each.prompts:,}",
                "files": f"{each.files:,}",
                "minutes": f"{each.duration / 60:.1f}",
                "level": "-" if each.level is None else f"{each.level:.1f} dBFS",
                "formats": each.variants,
                **compared,
            }
        )
    print_table(rows, columns)


def _print_findings(findings: Sequence[Finding], most: int | None) -> None:
    if findings:
        print()
        print_table(list(_rows(findings, most)), ["severity", "kind", "prompts", "found", "what to do"])
        print()
    counts = Counter(str(each.severity) for each in findings)
    print(f"{count(counts['fault'], 'fault')}, {count(counts['warning'], 'warning')}")


def _rows(findings: Sequence[Finding], most: int | None) -> Iterator[dict[str, object]]:
    """Findings that say the same of several prompts stand in one row."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for each in findings:
        said = "; ".join(filter(None, (each.problem, each.instead)))
        place = each.file or "/".join(filter(None, (each.language, each.prompt)))
        alike.setdefault((each.severity, each.kind, each.language, said, each.advice), []).append(
            "".join(c if c.isprintable() else ascii(c)[1:-1] for c in place)
        )
    shown: Counter[str] = Counter()
    totals = Counter(kind for _, kind, *_ in alike)
    for (severity, kind, _, said, advice), places in alike.items():
        shown[kind] += 1
        row: dict[str, object] = {"severity": severity, "kind": kind}
        if most is None or shown[kind] <= most:
            more = [] if most is None or len(places) <= most else [f"and {len(places) - most:,} more (--all)"]
            row |= {"prompts": [*places[:most], *more], "found": said, "what to do": advice}
        elif shown[kind] == most + 1:
            row |= {"prompts": f"{totals[kind] - most:,} more rows (--all)"}
        else:
            continue
        yield row
