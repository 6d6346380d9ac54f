"""Where the server listens for the Wyoming protocol: a port, or a socket in a folder."""

from __future__ import annotations

import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from voxpress.errors import InputError, StoreError
from voxpress.server.settings import is_loopback


@dataclass(frozen=True)
class Address:
    """An address to listen on: a host with a port, or the path of a socket.

    >>> Address.parse("tcp://127.0.0.1:10200")
    Address(host='127.0.0.1', port=10200, path='')
    >>> Address.parse("unix:///run/voxpress.sock").path
    '/run/voxpress.sock'
    """

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address of a URL.

        Raises:
            InputError: it is none.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        bare = not (parts.query or parts.fragment or parts.username)
        if bare and parts.scheme == "tcp" and host and port is not None and parts.path in ("", "/"):
            return cls(host=host, port=port)
        if bare and parts.scheme == "unix" and not parts.netloc and parts.path.strip("/"):
            return cls(path=parts.path)
        raise InputError(
            f"must be tcp://HOST:PORT, such as tcp://127.0.0.1:10200, or unix:///PATH, not {url!r}",
            field="wyoming",
        )

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return bool(self.path) or is_loopback(self.host)

    def tidy(self) -> None:
        """Remove the socket from its folder."""
        if self.path:
            Path(self.path).unlink(missing_ok=True)

    def bind(self) -> socket.socket:
        """A socket that listens on it.

        Raises:
            StoreError: the address cannot be had.
        """
        if self.path:
            return listen(socket.AF_UNIX, _free_path(self.path), self.path)
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise StoreError(f"cannot listen on {self.host}:{self.port}: {error}") from error
        family, _, _, _, place = found[0]
        return listen(family, place, f"{self.host}:{self.port}")


def show_address(listener: socket.socket) -> str:
    """The address of a socket as a URL."""
    place = listener.getsockname()
    if isinstance(place, str):
        return f"unix://{place}"
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    return f"tcp://{host}:{place[1]}"


def listen(family: int, place: object, shown: str) -> socket.socket:
    """A socket that listens on a place, as its family names places.

    Args:
        shown: the place in messages.

    Raises:
        StoreError: the place cannot be had.
    """
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family != socket.AF_UNIX:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)  # type: ignore[arg-type]  # what the family takes
        # At once: until somebody listens, others can bind to the same port.
        listener.listen()
    except OSError as error:
        listener.close()
        raise StoreError(f"cannot listen on {shown}: {error.strerror or error}") from error
    return listener


def _free_path(path: str) -> str:
    """The path, without the socket of a server that is gone.

    Raises:
        StoreError: something else lies there, or a server listens.
    """
    try:
        if not stat.S_ISSOCK(Path(path).stat().st_mode):
            raise StoreError(f"cannot listen on {path}: a file is there that is no socket")
    except OSError:
        return path
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            os.unlink(path)
            return path
    raise StoreError(f"cannot listen on {path}: another server does")
