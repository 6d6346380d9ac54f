"""Where a command's work is done: on this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from voxpress.errors import InputError, ManifestError

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
        help="Work on a Ray cluster: the one at that address, or one that Ray finds or starts. Without it, worker"
        " processes on this machine.",
    ),
]


@contextmanager
def open_executor(
    name: str | None, project: Project, timeout: Seconds | None = None
) -> Iterator[Cluster | None]:
    """A cluster for the time of the block; None: worker processes of this machine.

    Args:
        name: as in ``--executor``; None: as the project says.

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

    with RayCluster(chosen if colon else "", read_cluster(project), timeout=timeout) as cluster:
        yield cluster


def read_cluster(project: Project) -> ClusterSettings:
    """The table ``[cluster]`` of a project.

    Raises:
        ManifestError: it is wrong, with file and field.
    """
    import msgspec

    from voxpress.executors.ray import Actors, ClusterSettings
    from voxpress.rendering.wrong_fields import find_wrong_field

    try:
        return msgspec.convert(project.cluster, ClusterSettings)
    except msgspec.ValidationError as error:
        field, problem = find_wrong_field(error, project.cluster, ClusterSettings)
    tables = {f"engines.{name}": table for name, table in project.cluster.get("engines", {}).items()}
    for name, table in (tables | {"listening": project.cluster.get("listening", {})}).items():
        try:
            msgspec.convert(table, Actors)
        except msgspec.ValidationError as error:
            inner, problem = find_wrong_field(error, table, Actors)
            field = f"{name}.{inner}".rstrip(".")
            break
    raise ManifestError(problem, path=project.path, field=f"cluster.{field}")
