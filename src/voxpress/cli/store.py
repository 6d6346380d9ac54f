"""``voxpress store``."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

import typer

from voxpress.cli.options import (
    Config,
    Json,
    ManifestFormat,
    Only,
    StoreUrl,
    config_file,
    examples,
    format_names,
    project_in,
    store_at,
)
from voxpress.cli.tables import print_json, size_in_words
from voxpress.errors import InputError

app = typer.Typer(
    help="Look after the store of takes and clips.", no_args_is_help=True, rich_markup_mode=None
)

_SIZES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_AGES = {"": 1, "S": 1, "M": 60, "H": 3600, "D": 86400}


@app.command()
def stats(store: StoreUrl = None, json: Json = False) -> None:
    """Say how many takes and clips the store holds."""
    place = store_at(store)
    if not json and place.folder is not None and not os.path.isdir(place.folder):
        typer.echo(f"voxpress: there is no store at {place.folder} yet", err=True)
    kinds = place.stats()
    if json:
        print_json({kind: {"count": use.count, "bytes": use.size} for kind, use in kinds.items()})
        return
    for kind, use in kinds.items():
        typer.echo(f"{kind}: {use.count:,} ({size_in_words(use.size)})")


@app.command()
def verify(store: StoreUrl = None) -> None:
    """Read everything in the store and remove what is broken; it will be made again when it is needed."""
    broken = 0
    place = store_at(store)
    if place.folder is not None and not os.path.isdir(place.folder):
        raise InputError(f"there is no store at {place.folder}")
    for name in place.verify():
        broken += 1
        typer.echo(f"removed {name}: it did not match its checksum")
    objects = "object" if broken == 1 else "objects"
    typer.echo(f"{broken} broken {objects} removed" if broken else "everything matches its checksum")
    raise typer.Exit(1 if broken else 0)


@app.command(epilog=examples("voxpress store prune --max-bytes 20G", "voxpress store prune --older-than 90d"))
def prune(
    store: StoreUrl = None,
    max_bytes: Annotated[
        str | None, typer.Option("--max-bytes", metavar="SIZE", help="Such as 500M or 20G.")
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Time since the last use, such as 12h or 90d."),
    ] = None,
) -> None:
    """Remove what was used longest ago. What was used in the last hour stays."""
    if max_bytes is None and older_than is None:
        raise InputError("say how much to keep: --max-bytes 20G, or --older-than 90d")
    removed = store_at(store).prune(
        max_bytes=None if max_bytes is None else int(_quantity(max_bytes, _SIZES, "--max-bytes")),
        older_than=None if older_than is None else _quantity(older_than, _AGES, "--older-than"),
    )
    typer.echo(f"{removed.count:,} objects removed ({size_in_words(removed.size)})")


@app.command(
    epilog=examples(
        "voxpress store warm phrases.txt", "voxpress store warm phrases.csv -f wav,mp3 -v af_heart -v am_adam"
    )
)
def warm(
    phrases: Annotated[
        str,
        typer.Argument(
            metavar="LIST",
            help="What will be asked for: a manifest, or lines of text with # or ; for comments; '-' reads standard"
            " input.",
        ),
    ],
    manifest_format: ManifestFormat = None,
    only: Only = None,
    format: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="FORMAT", help="Formats, such as wav,mp3; by default wav."),
    ] = None,
    voice: Annotated[
        list[str] | None,
        typer.Option(
            "--voice", "-v", metavar="NAME", help="Who speaks the rows that name nobody; may be repeated."
        ),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine",
            "-e",
            envvar="VOXPRESS_ENGINES",
            metavar="NAME",
            help="Engines that the server offers, as for `voxpress serve`; may be repeated.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", "-w", min=0, metavar="N", help="By default one for each core."),
    ] = None,
    config: Config = None,
    store: StoreUrl = None,
) -> None:
    """Speak phrases before anybody asks the server for them: then their clips are in its store.

    They are planned as `voxpress serve` does it, with the same voxpress.toml. Without -f it is wav, which Wyoming and
    `voxpress say` take too.
    """
    from voxpress.cli.progress import progress
    from voxpress.cli.rows import Rows
    from voxpress.cli.streams import own_standard_output
    from voxpress.cli.summary import show_bad, show_left_out, show_manifest_notes
    from voxpress.cli.tables import count
    from voxpress.errors import LeftOut
    from voxpress.rendering.library import run
    from voxpress.rendering.plan import Bad, Plan
    from voxpress.server.settings import settings
    from voxpress.server.speech.warming import Warming
    from voxpress.speech import Status, Utterance

    file = config_file(config)
    project = project_in(file)
    warming = Warming(
        settings(project.server, str(file), engines=engine or None),
        project,
        formats=format_names(format) or ["wav"],
        voices=voice or (),
    )
    rows = Rows(phrases, manifest_format, only or [], phrases=True)
    wanted = (row for row in rows if not isinstance(row, Utterance) or rows.wanted(row))
    planned = list(warming.plan_all(wanted))
    rows.require_all()
    if not planned:
        raise InputError(f"{phrases} has no phrases")
    bad = [each for each in planned if isinstance(each, Bad)]
    wrong = [each for each in bad if not isinstance(each.error, LeftOut)]
    if wrong:
        show_bad(wrong, help="correct these rows")
        raise typer.Exit(2)
    show_manifest_notes((*rows.notes(), *_explain_unused(phrases, warming.unused)))
    show_left_out(bad)
    plans = [each for each in planned if isinstance(each, Plan)]
    spoken = failed = stored = 0
    with (
        progress(len(plans), sum(plan.characters for plan in plans)) as advance,
        own_standard_output(),
    ):
        for result in run(
            plans, store=store_at(store or project.defaults.store), folder=None, workers=workers, known=True
        ):
            spoken += result.spoken
            failed += result.status == Status.FAILED
            stored += result.status == Status.FROM_STORE
            advance(result)
    made = len(plans) - failed - stored
    typer.echo(
        f"{count(len(plans), 'clip')}: {made:,} made ({count(spoken, 'segment')} spoken), {stored:,} were there"
        + (f", {failed:,} failed" if failed else "")
    )
    raise typer.Exit(1 if failed else 0)


def _explain_unused(phrases: str, fields: Collection[str]) -> Iterator[str]:
    """What has no effect of fields that rows have."""
    if "format" in fields:
        yield f"{phrases}: the formats of rows are not used: -f names those of the clips"
    if others := sorted({*fields} - {"format"}):
        yield f"{phrases}: not used, as no request has it: {', '.join(others)}"


def _quantity(text: str, units: Mapping[str, int], option: str) -> float:
    number, unit = text.rstrip("bBkKmMgGtTsShHdD"), text.lstrip("0123456789.").upper().rstrip("B")
    try:
        return float(number) * units[unit]
    except (ValueError, KeyError):
        known = ", ".join(name for name in units if name)
        raise InputError(f"{option} takes a number with a unit ({known}), not {text!r}") from None
