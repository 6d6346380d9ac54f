"""``voxpress store``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated

import typer

from voxpress.cli.options import (
    Json,
    StoreUrl,
    examples,
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


def _quantity(text: str, units: Mapping[str, int], option: str) -> float:
    number, unit = text.rstrip("bBkKmMgGtTsShHdD"), text.lstrip("0123456789.").upper().rstrip("B")
    try:
        return float(number) * units[unit]
    except (ValueError, KeyError):
        known = ", ".join(name for name in units if name)
        raise InputError(f"{option} takes a number with a unit ({known}), not {text!r}") from None
