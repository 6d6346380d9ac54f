"""What ``[cluster]`` in voxpress.toml says of actors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voxpress.executors.ray.monitoring import LogLevel

Positive = Annotated[int, Meta(ge=1)]


class Actors(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The actors of a pool, as ``[cluster]`` in voxpress.toml has them.

    >>> Actors(actors=4, gpus=1.0).cpus
    1.0
    """

    actors: Positive | None = None
    """At most; None: as many as the cluster has room for when the first one is needed. A greater number asks Ray's
    autoscaler for nodes."""
    cpus: Annotated[float, Meta(ge=0)] = 1.0
    """Of each actor."""
    gpus: Annotated[float, Meta(ge=0)] = 0.0
    memory: Annotated[int, Meta(ge=0)] = 0
    """MiB of each actor; 0: none is reserved."""
    batch: Positive | None = None
    """Most segments in one call of an engine; None: what the engine says."""
    resources: Mapping[str, float] = {}
    """Custom resources of Ray, such as a kind of node."""
    runtime_env: Mapping[str, Any] = {}
    """Ray's: pip, conda, image_uri, env_vars …"""


class ClusterSettings(Actors, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[cluster]``: what holds for all actors, for those of one engine, and for those that listen."""

    address: str = ""
    """Of the cluster; empty: as `ray.init` finds one, or starts one on this machine."""
    log_level: LogLevel = "info"
    """From which on actors write into their logs, which Ray keeps on their nodes; ``info``: a line for each task."""
    log_to_driver: bool = False
    """Whether what actors and engines write is shown by the command too."""
    ship: bool = True
    """Whether nodes get this very voxpress. Otherwise they must have the same version."""
    engines: Mapping[str, Actors] = {}
    listening: Actors | None = None

    def limit(self, actors: int) -> ClusterSettings:
        """The same with so many actors of each kind.

        >>> ClusterSettings(engines={"bark": Actors(gpus=1.0)}).limit(2).engines["bark"].actors
        2
        """
        replace = msgspec.structs.replace
        return replace(
            self,
            actors=actors,
            engines={name: replace(table, actors=actors) for name, table in self.engines.items()},
            listening=self.listening and replace(self.listening, actors=actors),
        )
