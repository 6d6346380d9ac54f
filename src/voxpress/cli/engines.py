"""``voxpress engines``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.options import (
    Device,
    Json,
    Listing,
    Model,
    examples,
)
from voxpress.cli.tables import print_json, print_table
from voxpress.errors import EngineError

if TYPE_CHECKING:
    from voxpress.engines import Option

app = typer.Typer(cls=Listing, help="Engines: what there is, and what it takes.", rich_markup_mode=None)


@app.command(name="list")
def engines_list(json: Json = False) -> None:
    """List engines: what they speak, whether they are installed, and under which licences."""
    from voxpress import engines

    found: list[dict[str, object]] = []
    for name, kind in engines.find_all():
        if isinstance(kind, EngineError):
            found.append({"engine": name, "installed": False, "problem": kind.problem})
            typer.echo(f"voxpress: {kind}", err=True)
            continue
        missing = engines.missing_packages(kind)
        found.append(
            {
                "engine": name,
                "installed": not missing,
                "languages": kind.languages,
                "licence": kind.licence,
                "weights": kind.weights_licence,
                "install": kind.install,
                "description": kind.description,
                "options": {option: _describe_option(about) for option, about in kind.options.items()},
            }
        )
    if json:
        print_json(found)
    else:
        print_table(found, ["engine", "installed", "languages", "licence", "weights", "install"])


@app.command(epilog=examples("voxpress engines install xtts"))
def install(
    name: Annotated[
        str,
        typer.Argument(
            help="An engine, see 'voxpress engines'; or 'scores', which check naturalness, likeness and that one person"
            " speaks."
        ),
    ],
    model: Model = None,
) -> None:
    """Install what an engine needs: into voxpress's environment, or a separate one if packages conflict."""
    from voxpress import engines
    from voxpress.models import environments
    from voxpress.quality import mos

    def tell(step: str) -> None:
        typer.echo(step, err=True)

    if name == mos.ENVIRONMENT:
        environments.install(name, tell)
    else:
        engines.install(engines.find(name)(model), tell)
    typer.echo(f"{name} is installed")


@app.command(epilog=examples("voxpress engines doctor", "voxpress engines doctor xtts"))
def doctor(
    name: Annotated[str | None, typer.Argument(metavar="[ENGINE]", help="By default all engines.")] = None,
    device: Device = None,
    json: Json = False,
) -> None:
    """Say what each engine has and lacks, and speak one sentence with it."""
    import msgspec

    from voxpress import engines
    from voxpress.cli.streams import own_standard_output
    from voxpress.rendering.doctor import diagnose

    with own_standard_output():
        found = [diagnose(each, device=device or "auto") for each in ([name] if name else engines.names())]
    if json:
        print_json(found)
    else:
        rows = [msgspec.to_builtins(each) for each in found]
        print_table(rows, ["engine", "speaks", "lives", "versions", "problem"])
    raise typer.Exit(0 if all(each.speaks for each in found) else 1)


def _describe_option(option: Option) -> dict[str, object]:
    """What an option declares, without bounds that bound nothing."""
    import msgspec

    facts = msgspec.structs.asdict(option)
    return {name: fact for name, fact in facts.items() if fact not in ((), "", math.inf, -math.inf)}
