"""Leases: which of several servers works on a batch.

A lease ends unless its holder renews it. A server that died loses its leases within `LEASE` seconds, and another goes
on. One that was only stopped for a while must not write any more what another writes by now, so each write asks `check`
in its own transaction.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence

from voxpress.errors import StoreError
from voxpress.server.databases import Database, Transaction
from voxpress.speech import Seconds

LEASE: Seconds = 10.0
RENEW_EVERY: Seconds = 2.0
"""A database may be away for some seconds, and no batch changes hands."""


class LeaseLost(StoreError):
    """Another server works on it now."""


class Leases:
    """The leases of one server.

    Args:
        seconds: until a lease ends that is not renewed.

    Attributes:
        holder: tells this server from all others.
    """

    def __init__(self, state: Database, seconds: Seconds = LEASE) -> None:
        self._state, self._seconds = state, seconds
        self.holder = f"{socket.gethostname()}-{secrets.token_hex(8)}"
        if (
            not state.is_shared
        ):  # this server has the lock of the database, so what is in it was left by a dead one
            state.do(lambda database: database.execute("DELETE FROM leases"))

    async def acquire(self, name: str) -> bool:
        """Take a lease if nobody else has it."""

        def take(database: Transaction) -> bool:
            return bool(
                database.execute(
                    "INSERT INTO leases VALUES (?, ?, epoch() + ?) ON CONFLICT (name) DO UPDATE"
                    " SET holder = excluded.holder, ends = excluded.ends"
                    " WHERE leases.holder = excluded.holder OR leases.ends < epoch()",
                    (name, self.holder, self._seconds),
                ).rowcount
            )

        return await self._state.run(take)

    async def renew(self, names: Sequence[str]) -> set[str]:
        """Keep leases for another while; those of `names` that are lost."""
        if not names:
            return set()

        def extend(database: Transaction) -> set[str]:
            return {
                name
                for name in names
                if not database.execute(
                    "UPDATE leases SET ends = epoch() + ? WHERE name = ? AND holder = ?",
                    (self._seconds, name, self.holder),
                ).rowcount
            }

        return await self._state.run(extend)

    async def release(self, name: str) -> None:
        """Give a lease back: another server may go on at once."""
        await self._state.run(
            lambda database: database.execute(
                "DELETE FROM leases WHERE name = ? AND holder = ?", (name, self.holder)
            )
        )

    async def release_all(self) -> None:
        """Give all leases of this server back."""
        await self._state.run(
            lambda database: database.execute("DELETE FROM leases WHERE holder = ?", (self.holder,))
        )

    def check(self, database: Transaction, name: str) -> None:
        """See that the lease is held, in the transaction that depends on it.

        Raises:
            LeaseLost: another server has it, or nobody.
        """
        held = database.execute(
            "SELECT 1 FROM leases WHERE name = ? AND holder = ?", (name, self.holder)
        ).fetchone()
        if held is None:
            raise LeaseLost(f"another server works on {name} now")
