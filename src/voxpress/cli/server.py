"""``voxpress serve`` and ``voxpress keys``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.cli.executors import ExecutorName, open_executor
from voxpress.cli.options import (
    Config,
    Json,
    Listing,
    StateFolder,
    StoreUrl,
    config_file,
    examples,
    project_in,
)
from voxpress.cli.tables import print_json, print_table
from voxpress.errors import InputError

if TYPE_CHECKING:
    from voxpress.server.databases import Database

app = typer.Typer()
keys_app = typer.Typer(
    cls=Listing, help="API keys of the server, and what they asked for.", rich_markup_mode=None
)


@app.command(
    epilog=examples(
        "voxpress serve",
        "voxpress serve --host 0.0.0.0 --port 80 --preload tts-1",
        "voxpress serve --wyoming tcp://127.0.0.1:10200",
        "OPENAI_BASE_URL=http://127.0.0.1:8880/v1 OPENAI_API_KEY=none python app.py",
    )
)
def serve(
    config: Config = None,
    host: Annotated[
        str | None, typer.Option(envvar="VOXPRESS_HOST", metavar="ADDRESS", help="By default 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", "-p", envvar="VOXPRESS_PORT", metavar="N", help="By default 8880."),
    ] = None,
    wyoming: Annotated[
        str | None,
        typer.Option(
            envvar="VOXPRESS_WYOMING",
            metavar="URL",
            help="Also speak Home Assistant's protocol there: tcp://127.0.0.1:10200, or unix:///PATH.",
        ),
    ] = None,
    allow_open: Annotated[
        bool | None,
        typer.Option(
            "--allow-open",
            envvar="VOXPRESS_ALLOW_OPEN",
            help="Let everyone who reaches the address of --wyoming use it: the protocol has no keys.",
            show_default=False,
        ),
    ] = None,
    api_key: Annotated[str | None, typer.Option("--api-key", hidden=True)] = None,
    store: StoreUrl = None,
    state: StateFolder = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(
            "--engine",
            "-e",
            envvar="VOXPRESS_ENGINES",
            metavar="NAME",
            help="Engines that may be asked for; may be repeated. By default all but tone and openai.",
        ),
    ] = None,
    preload: Annotated[
        list[str] | None,
        typer.Option(
            envvar="VOXPRESS_PRELOAD", metavar="MODEL", help="Load this model at the start; may be repeated."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            envvar="VOXPRESS_WORKERS",
            min=1,
            metavar="N",
            help="By default one for each core.",
        ),
    ] = None,
    executor: ExecutorName = None,
    log_format: Annotated[
        str | None, typer.Option(envvar="VOXPRESS_LOG_FORMAT", metavar="FORMAT", help="text or json.")
    ] = None,
    log_texts: Annotated[
        bool | None,
        typer.Option(
            "--log-texts/--no-log-texts",
            envvar="VOXPRESS_LOG_TEXTS",
            help="Write the texts into the log.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve OpenAI's interface for speech, and Home Assistant's; what was spoken once comes from the store.

    Everything else is set in the table [server] of voxpress.toml, see docs/server.md.
    """
    if api_key is not None:
        raise InputError(
            "keys are not given here, where every user of the machine could read them: voxpress keys add NAME makes one"
            " and prints it, and from the first on the server asks for a key"
        )
    from voxpress.server import serve as run
    from voxpress.server.settings import settings

    file = config_file(config)
    project = project_in(file)
    chosen = settings(
        project.server,
        str(file or "voxpress.toml"),
        host=host,
        port=port,
        wyoming=wyoming,
        allow_open=allow_open or None,
        state=state,
        engines=engine or None,
        preload=preload or None,
        workers=workers,
        log_format=log_format,
        log_texts=log_texts,
    )
    with open_executor(executor, project, chosen.timeout, workers) as cluster:
        run(chosen, project, store, cluster)


@keys_app.command(
    name="add",
    epilog=examples(
        "voxpress keys add ivr", "voxpress keys add app --may speech --characters-per-day 500000"
    ),
)
def keys_add(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    may: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RIGHT",
            help="speech, batches, voices (adding and removing) or metrics; may be repeated. By default the first two.",
        ),
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Requests in a minute; by default no limit.")
    ] = None,
    characters_per_minute: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Characters of text in a minute; by default no limit."),
    ] = None,
    characters_per_day: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Characters of text in a day (UTC); by default no limit."),
    ] = None,
    state: StateFolder = None,
    config: Config = None,
) -> None:
    """Make an API key and print it: it is not shown again. A running server knows it within a second."""
    from voxpress.server import keys

    secret = keys.add(
        _state(state, config),
        name,
        may=may or keys.USUAL,
        requests_per_minute=requests_per_minute,
        characters_per_minute=characters_per_minute,
        characters_per_day=characters_per_day,
    )
    typer.echo(secret)


@keys_app.command(name="list")
def keys_list(state: StateFolder = None, config: Config = None, json: Json = False) -> None:
    """List keys, what they may do, and what they asked for today."""
    from voxpress.server import keys

    where = _state(state, config)
    found: list[dict[str, object]] = []
    for key in keys.listed(where):
        today = next(iter(keys.usage(where, key.name, days=1)), None)
        used = today if today and today.day == keys.today() else None
        found.append(
            {
                "key": key.name,
                "may": key.may,
                "requests a minute": key.requests_per_minute or "",
                "characters a minute": key.characters_per_minute or "",
                "characters a day": key.characters_per_day or "",
                "requests today": used.requests if used else 0,
                "characters billed": used.billed if used else 0,
                "from the store": used.stored if used else 0,
            }
        )
    if json:
        print_json(found)
    else:
        print_table(found, list(found[0]) if found else ["key"])


@keys_app.command(name="remove", epilog=examples("voxpress keys remove app"))
def keys_remove(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    state: StateFolder = None,
    config: Config = None,
) -> None:
    """Take a key back. A running server refuses it within a second."""
    from voxpress.server import keys

    keys.remove(_state(state, config), name)
    typer.echo(f"the key {name} is removed")


@keys_app.command(name="webhook-secret")
def keys_webhook_secret() -> None:
    """Make a secret for [[server.webhooks]], as OpenAI's client takes it."""
    import base64
    import secrets

    typer.echo("whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())


def _state(folder: str | None, config: Path | None) -> Database:
    from voxpress.server.databases import open_database
    from voxpress.server.settings import settings

    file = config_file(config)
    return open_database(folder or settings(project_in(file).server, str(file)).state)
