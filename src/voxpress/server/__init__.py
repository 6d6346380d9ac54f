"""The network edge: OpenAI's interface for speech over HTTP, and Home Assistant's Wyoming protocol, over the same loop,
store and workers as the command line.

`application` makes an ASGI application, `serve` runs it.
"""

from __future__ import annotations

import logging
import math
import signal
import socket

from voxpress.errors import EngineNotInstalled, InputError, StoreError
from voxpress.executors import Cluster
from voxpress.rendering.projects import Project
from voxpress.server.settings import Settings
from voxpress.server.wyoming.address import Address, show_address

__all__ = ["Settings", "serve"]

_BACKLOG = 2048
"""Connections that may wait to be taken, as in uvicorn."""


def serve(
    settings: Settings, project: Project, store: str | None = None, cluster: Cluster | None = None
) -> None:
    """Run a server until a signal stops it.

    Args:
        cluster: where texts are spoken; None: in processes of this machine.

    Raises:
        InputError: a setting is wrong, or others can reach the address and there are no keys.
        StoreError: the store, the state or the address cannot be used.
    """
    try:
        import uvicorn

        from voxpress.server.app import application
        from voxpress.server.databases import open_database
        from voxpress.server.http.origins import Origins
        from voxpress.server.http.protocol import make_protocol
        from voxpress.server.keys import Ring
        from voxpress.server.logs import configure

        if settings.wyoming is not None:
            import wyoming.event  # noqa: F401
    except ImportError as error:
        raise EngineNotInstalled(
            f"the server needs {error.name}: run  pip install 'voxpress[server]'"
        ) from None
    configure(settings.log_format == "json")
    place = find_wyoming_address(settings)
    state = open_database(settings.state)
    keyless = not Ring(state)
    lock = state.lock()
    state.close()
    if keyless and not settings.loopback:
        raise InputError(
            f"there are no keys, so the server would speak for everyone who reaches {settings.host}: make one with"
            "  voxpress keys add NAME  or bind to 127.0.0.1"
        )
    listener = bind(settings.host, settings.port)
    wyoming_listener = None if place is None else place.bind()
    app = application(settings, project, store, wyoming_listener, cluster)
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    who = (
        "this machine only, as there are no keys (voxpress keys add NAME)"
        if keyless
        else "those who have a key"
    )
    logging.getLogger("voxpress.server").info(
        "http://%s:%s/v1 for %s; /docs shows what it takes", shown, port, who
    )
    if place is not None and wyoming_listener is not None:
        whose = "this machine only" if place.is_local else "everyone who reaches it"
        logging.getLogger("voxpress.server").info(
            "%s in the Wyoming protocol for %s", show_address(wyoming_listener), whose
        )
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        timeout_graceful_shutdown=math.ceil(settings.grace),
        http=make_protocol(settings.body_timeout, Origins(settings.cors_origins)),
        ws="none",
    )
    server = uvicorn.Server(config)
    # uvicorn finishes what is under way, and then raises the signal again, which would end the process with an error.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: None)
    try:
        with lock:
            server.run(sockets=[listener])
    finally:
        if place is not None:
            place.tidy()
    if not server.started:
        raise StoreError("the server could not start; the log says why")


def find_wyoming_address(settings: Settings) -> Address | None:
    """Where to listen for the Wyoming protocol; None: nowhere.

    Raises:
        InputError: it is no address, or others can reach it and that is not allowed.
    """
    if settings.wyoming is None:
        return None
    place = Address.parse(settings.wyoming)
    if not place.is_local and not settings.allow_open:
        raise InputError(
            f"the Wyoming protocol has no keys, so the server would speak for everyone who reaches {place.host}: bind"
            " to 127.0.0.1, or say --allow-open"
        )
    return place


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Args:
        port: 0: any that is free.

    Raises:
        StoreError: the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Two sockets can be bound to one port until one of them listens.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise StoreError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
