"""Actors of a Ray cluster, each with a worker process of its own.

Ray places actors, ships this package, and tells when a node is gone. What an actor does is what a worker process on one
machine does: so an engine may live in an environment of its own on the nodes too, a crash of an engine ends a process
and not an actor, and what is lost with an actor is a machine's fault and not a segment's.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import tempfile
import threading
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import msgspec

from voxpress.engines import Engine
from voxpress.errors import EngineNotInstalled, InputError
from voxpress.executors.pools import Cluster
from voxpress.executors.ray.actors import RayActors, brief
from voxpress.executors.ray.settings import Actors, ClusterSettings
from voxpress.speech import Seconds

__all__ = ["Actors", "ClusterSettings", "RayActors", "RayCluster"]

_PATIENCE: Seconds = 10.0
"""For a connection to the cluster."""


class RayCluster(Cluster):
    """A place for all stages of a render: an existing cluster, or one on this machine that is started and ended.

    Args:
        address: ``ray://HOST:PORT``, ``HOST:PORT``, ``auto``, or ``local`` for a new one on this machine; empty: that
            of the settings, else as `ray.init` finds it.
        timeout: seconds that one task may take before its worker process is ended.

    Raises:
        EngineNotInstalled: Ray is not installed.
        InputError: the cluster does not answer.
    """

    def __init__(
        self,
        address: str = "",
        settings: ClusterSettings | None = None,
        *,
        timeout: Seconds | None = None,
    ) -> None:
        self._settings, self._timeout = settings or ClusterSettings(), timeout
        self._pools: dict[tuple[str, str], RayActors] = {}
        self._owns = _connect(address or self._settings.address, self._settings)

    # Where each stage works

    @property
    def finishing(self) -> RayActors:
        """For what needs no engine: the actors of engines that have no table of their own."""
        return self._pool("", self._general)

    @property
    def listening(self) -> RayActors:
        """For recognisers, which would fill the memory of an actor beside an engine."""
        # Without processors of their own: speaking would wait for listening, which would wait for room.
        usual = msgspec.structs.replace(self._general, cpus=0.0)
        return self._pool("listening", self._settings.listening or usual)

    def speaking(self, engine: Engine) -> RayActors:
        """For what `engine` speaks."""
        own = self._settings.engines.get(engine.name)
        if own is None and not engine.environment:
            return self.finishing
        return self._pool(engine.name, own or self._general, engine if engine.environment else None)

    @property
    def _general(self) -> Actors:
        return Actors(**{name: getattr(self._settings, name) for name in Actors.__struct_fields__})

    def _pool(self, name: str, actors: Actors, engine: Engine | None = None) -> RayActors:
        key = name, engine.environment if engine else ""
        if key not in self._pools:
            self._pools[key] = RayActors(
                actors, name=name, engine=engine, timeout=self._timeout, log_level=self._settings.log_level
            )
        return self._pools[key]

    def shutdown(self) -> None:
        """End all actors; what they were doing is lost. A cluster that was started here ends too."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)
        self._pools.clear()
        if self._owns:
            import ray

            ray.shutdown()
            self._owns = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()


def _connect(address: str, settings: ClusterSettings) -> bool:
    """Be connected to a cluster; whether it was done here, and is to be undone."""
    try:
        import ray
    except ImportError as error:
        raise EngineNotInstalled("a cluster needs Ray: run  pip install 'voxpress[ray]'") from error
    if ray.is_initialized():
        return False
    handler = signal.getsignal(signal.SIGTERM)
    place = address or os.environ.get("RAY_ADDRESS", "")
    if not place and _left_behind():
        address = "local"
    _require_answer(place)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # That a new cluster asks for a token is as it should be, and no warning.
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
    package = str(Path(__file__).parent.parent.parent)
    environment = {"py_modules": [package], "excludes": ["__pycache__"]} if settings.ship else None
    try:
        ray.init(
            address=address or None,
            namespace="voxpress",
            runtime_env=environment,
            include_dashboard=None if address not in ("", "local") else False,
            log_to_driver=settings.log_to_driver,
            logging_level=logging.WARNING,
        )
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise InputError(f"no Ray cluster answers at {place or 'this machine'}: {brief(error)}") from error
    finally:
        # Ray's would print the stack of the process, and end it at once.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
    return True


def _left_behind() -> bool:
    """Whether Ray remembers a cluster of this machine that is gone. It would look for that one for many minutes."""
    place = os.environ.get("RAY_TMPDIR") or tempfile.gettempdir()  # as Ray has it
    try:
        known = Path(place, "ray", "ray_current_cluster").read_text()
    except OSError:
        return False
    try:
        _require_answer(known.strip())
    except InputError:
        return True
    return False


def _require_answer(address: str) -> None:
    """See that somebody listens at an address. Ray itself asks again for many minutes, and tells nobody.

    Raises:
        InputError: nobody does, or the address has no host.
    """
    scheme, _, place = address.rpartition("://")
    parts = urlsplit(f"//{place}")
    if scheme not in ("", "ray") or (not scheme and ":" not in place):
        return  # "auto", "local", and what only Ray knows
    try:
        if not parts.hostname or not parts.port:
            raise ValueError("the address must have a host and a port, ray://HOST:PORT")
        socket.create_connection((parts.hostname, parts.port), _PATIENCE).close()
    except (OSError, ValueError) as error:
        raise InputError(f"no Ray cluster answers at {address}: {brief(error)}") from error
