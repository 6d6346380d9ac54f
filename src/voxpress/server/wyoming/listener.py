"""Takes connections of the Wyoming protocol, and ends them with the server."""

from __future__ import annotations

import asyncio
import socket

from voxpress.server.context import Server
from voxpress.server.errors import Refusal
from voxpress.server.speech.voice_book import VoiceBook
from voxpress.server.wyoming.session import Session

MOST_CONNECTIONS = 1000
"""At once. Who comes then is told so."""


class WyomingListener:
    """Serves Wyoming's clients from the parts of a server.

    Args:
        engine: whose usual voice is meant where a client names none; None: that of voxpress.
    """

    def __init__(self, here: Server, engine: str | None) -> None:
        self._here = here
        self._book = VoiceBook(here.names, engine)
        self._sessions: dict[asyncio.Task[None], Session] = {}
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Begin to take connections."""
        if listener.family == socket.AF_UNIX:
            self._server = await asyncio.start_unix_server(self._serve, sock=listener)
        else:
            self._server = await asyncio.start_server(self._serve, sock=listener)

    async def stop(self) -> None:
        """Take no more connections; what is being spoken may end within the server's grace."""
        if self._server is None:
            return
        self._server.close()
        for task, session in self._sessions.items():
            if not session.busy:
                task.cancel()
        if self._sessions:
            _, late = await asyncio.wait(self._sessions, timeout=self._here.settings.grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self._here, self._book, reader, writer)
        task = asyncio.current_task()
        assert task is not None
        try:
            if len(self._sessions) >= MOST_CONNECTIONS:
                await session.turn_away(
                    Refusal(
                        429,
                        f"{MOST_CONNECTIONS:,} connections are open, as many as the server takes; try again later",
                        "queue_full",
                    )
                )
            else:
                self._sessions[task] = session
                await session.run()
        except asyncio.CancelledError:
            pass  # the server ends; asyncio would log it as an error
        finally:
            self._sessions.pop(task, None)
