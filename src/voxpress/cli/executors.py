"""Where a command's work is done: on this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxpress.errors import InputError, ManifestError, suggest

if TYPE_CHECKING:
    from voxpress.executors import Cluster
    from voxpress.executors.ray import ClusterSettings
    from voxpress.rendering.projects import Project
    from voxpress.speech import Seconds

ExecutorName = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="ray[://HOST:PORT]",
        help="Work on a Ray cluster: the one at that address, or one that Ray finds or starts, with --workers"
        " actors of each kind at most. Without it, worker processes on this machine.",
    ),
]


@contextmanager
def open_executor(
    name: str | None, project: Project, timeout: Seconds | None = None, workers: int | None = None
) -> Iterator[Cluster | None]:
    """A cluster for the time of the block; None: worker processes of this machine.

    Args:
        name: as in ``--executor``; None: as the project says.
        workers: as in ``--workers``: actors of each kind at most; None: as ``[cluster]`` says.

    Raises:
        InputError: there is no such executor, or no cluster answers.
        EngineNotInstalled: Ray is not installed.
    """
    chosen = name if name is not None else project.defaults.executor
    if chosen is None:
        yield None
        return
    scheme, colon, rest = chosen.partition(":")
    if scheme != "ray" or (colon and not rest.startswith("//")):
        raise InputError(f"no executor {chosen!r}: ray, or ray://HOST:PORT", field="executor")
    from voxpress.executors.ray import RayCluster

    if workers == 0:
        raise InputError(
            "0 is this process, and --executor is elsewhere: leave one of them out", field="workers"
        )
    settings = read_cluster(project)
    if workers is not None:
        settings = settings.limit(workers)
    with RayCluster(chosen if colon else "", settings, timeout=timeout) as cluster:
        yield cluster


def read_cluster(project: Project) -> ClusterSettings:
    """The table ``[cluster]`` of a project.

    Raises:
        ManifestError: it is wrong, with file and field.
    """
    import msgspec

    from voxpress.engines import names
    from voxpress.executors.ray import ClusterSettings

    try:
        found = msgspec.convert(project.cluster, ClusterSettings)
    except msgspec.ValidationError as error:
        field, problem = _find_wrong_field(error, project.cluster)
        raise ManifestError(problem, path=project.path, field=f"cluster.{field}") from None
    known = names() if found.engines else []
    if unknown := next((name for name in found.engines if name not in known), None):
        problem = f"no such engine{suggest(unknown, known)} (engines: {', '.join(known)})"
        raise ManifestError(problem, path=project.path, field=f"cluster.engines.{unknown}")
    return found


def _find_wrong_field(error: Exception, cluster: Mapping[str, Any]) -> tuple[str, str]:
    """Which field of ``[cluster]`` or of a table in it cannot be so, and why."""
    import msgspec

    from voxpress.executors.ray import Actors, ClusterSettings
    from voxpress.rendering.wrong_fields import find_wrong_field

    engines = cluster.get("engines")
    tables = {f"engines.{name}": each for name, each in engines.items()} if isinstance(engines, dict) else {}
    for name, table in (tables | {"listening": cluster.get("listening")}).items():
        if isinstance(table, dict):
            try:
                msgspec.convert(table, Actors)
            except msgspec.ValidationError as inner:
                field, problem = find_wrong_field(inner, table, Actors)
                return f"{name}.{field}".rstrip("."), problem
    return find_wrong_field(error, cluster, ClusterSettings)
