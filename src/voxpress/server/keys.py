"""API keys: their rights, and what they asked for by day.

A key is shown once, when it is made, and only its SHA-256 is kept. It has 192 random bits, so no slower hash is needed.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from voxpress.errors import InputError
from voxpress.server.databases import Database, Transaction
from voxpress.server.errors import Refusal
from voxpress.server.schemas import KeyUsage

Right: TypeAlias = Literal["speech", "batches", "voices", "metrics"]
RIGHTS: tuple[Right, ...] = ("speech", "batches", "voices", "metrics")
USUAL: tuple[Right, ...] = ("speech", "batches")

_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECRET = re.compile(r"vp-([0-9a-f]{12})-[A-Za-z0-9_-]{32}")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key: its rights and its limits."""

    name: str
    id: str = ""
    digest: str = ""
    may: tuple[Right, ...] = USUAL
    requests_per_minute: int | None = None
    characters_per_minute: int | None = None
    characters_per_day: int | None = None
    created_at: int = 0


ANYONE = Key(name="", may=RIGHTS)
"""The key of requests that need none."""


def add(
    state: Database,
    name: str,
    *,
    may: Sequence[str] = USUAL,
    requests_per_minute: int | None = None,
    characters_per_minute: int | None = None,
    characters_per_day: int | None = None,
) -> str:
    """Make a key. It is returned once: the database has only its hash.

    Raises:
        InputError: the name is taken or malformed, or a right does not exist.
    """
    if not _KEY_NAME.fullmatch(name):
        raise InputError(
            f"{name!r} is no name for a key: letters, digits, '-', '_' and '.', at most 64,"
            " the first a letter or a digit"
        )
    for right in may:
        if right not in RIGHTS:
            raise InputError(f"a key cannot have the right {right!r} (rights: {', '.join(RIGHTS)})")
    identity = secrets.token_hex(6)
    secret = f"vp-{identity}-{secrets.token_urlsafe(24)}"
    row = (
        *(name, identity, _hash(secret), ",".join(dict.fromkeys(may))),
        *(requests_per_minute, characters_per_minute, characters_per_day, int(time.time())),
    )

    def insert(database: Transaction) -> None:
        if database.execute("SELECT 1 FROM keys WHERE name = ?", (name,)).fetchone():
            raise InputError(
                f"there is a key {name!r} already: choose another name, or  voxpress keys remove {name}"
            )
        database.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    state.do(insert)
    return secret


def remove(state: Database, name: str) -> None:
    """Take a key back. Its files and usage stay, for a new key of that name; its batches begin no more lines.

    Raises:
        InputError: no key has that name.
    """

    def delete(database: Transaction) -> int:
        return database.execute("DELETE FROM keys WHERE name = ?", (name,)).rowcount

    if not state.do(delete):
        raise InputError(f"no key {name!r} (voxpress keys list)")


def listed(state: Database) -> list[Key]:
    """All keys, the oldest first."""
    rows = state.do(
        lambda database: database.execute("SELECT * FROM keys ORDER BY created_at, name").fetchall()
    )
    return [
        msgspec.convert(
            {
                **dict(zip(Key.__struct_fields__, row, strict=True)),
                "may": [right for right in row[3].split(",") if right],
            },
            Key,
        )
        for row in rows
    ]


def usage(state: Database, name: str, days: int = 31) -> list[KeyUsage]:
    """What a key asked for by day, the latest first."""
    rows = state.do(
        lambda database: database.execute(
            "SELECT day, requests, characters, billed, stored FROM usage WHERE key = ? ORDER BY day DESC LIMIT ?",
            (name, days),
        ).fetchall()
    )
    return [
        msgspec.convert(dict(zip(KeyUsage.__struct_fields__, row, strict=True)), KeyUsage) for row in rows
    ]


class Ring:
    """The keys that hold now, as the database had them a moment ago."""

    def __init__(self, state: Database) -> None:
        self._state, self._version = state, -1
        self._keys: Mapping[str, Key] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read the keys again, if another process has written to the database."""
        if (version := self._state.read_version()) != self._version:
            self._version = version
            self._keys = {key.id: key for key in listed(self._state)}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def find_name(self, name: str) -> Key | None:
        """The key of that name as it is now; `ANYONE` for no name, as batches of a server without keys go on when it
        gets some.
        """
        return next((key for key in self._keys.values() if key.name == name), None) if name else ANYONE

    def find(self, authorization: str, *, basic: bool = False) -> Key:
        """The key that a request names in its header.

        Args:
            basic: whether it may be the password of basic authentication, which a browser adds by itself to the
                requests of every page.

        Raises:
            Refusal: the header has no key, or a wrong one.
        """
        scheme, _, secret = authorization.partition(" ")
        scheme = scheme.lower()
        secret = _decode_password(secret) if scheme == "basic" else secret.strip()
        found = _SECRET.fullmatch(secret) if scheme == "bearer" or (scheme == "basic" and basic) else None
        key = self._keys.get(found[1]) if found else None
        # Compared also where no key has that id, so that the time of the answer tells nothing.
        right = hmac.compare_digest(_hash(secret), key.digest if key else "0" * 64)
        if key is None or not right:
            given = "the API key is wrong" if authorization else "no API key was given"
            if scheme == "basic" and not basic:
                given = "a browser's password opens the pages under /docs and nothing else"
            raise Refusal(
                401,
                f"{given}: send one as 'Authorization: Bearer …' (voxpress keys add)",
                "invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        return key


def today() -> str:
    """The day that limits and usage count by, in UTC."""
    return _format_day(int(time.time()) // 86400)


@lru_cache(maxsize=1)
def _format_day(number: int) -> str:
    # Cached, as each request asks twice.
    return (dt.date(1970, 1, 1) + dt.timedelta(days=number)).isoformat()


def _decode_password(credentials: str) -> str:
    """The password of basic authentication, with which browsers ask for a key; empty where it is malformed."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
