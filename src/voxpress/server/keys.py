"""API keys: who may do what, how much, and how much they did.

A key is shown once, when it is made; kept is its SHA-256. It is 192 random bits, so nothing slower is needed.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
import sqlite3
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from voxpress.errors import InputError, StoreError
from voxpress.server.database import Database
from voxpress.server.errors import Refusal
from voxpress.server.schemas import KeyUsage
from voxpress.speech import Seconds

Right: TypeAlias = Literal["speech", "batches", "voices", "metrics"]
RIGHTS: tuple[Right, ...] = ("speech", "batches", "voices", "metrics")
USUAL: tuple[Right, ...] = ("speech", "batches")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SECRET = re.compile(r"vp-([0-9a-f]{12})-[A-Za-z0-9_-]{32}")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may use the server."""

    name: str
    id: str = ""
    digest: str = ""
    may: tuple[Right, ...] = USUAL
    requests_per_minute: int | None = None
    characters_per_minute: int | None = None
    characters_per_day: int | None = None
    created_at: int = 0


ANYONE = Key(name="", may=RIGHTS)
"""Who asks a server that has no keys."""


def add(
    state: Database,
    name: str,
    *,
    may: Sequence[str] = USUAL,
    requests_per_minute: int | None = None,
    characters_per_minute: int | None = None,
    characters_per_day: int | None = None,
) -> str:
    """Make a key; it is given once, and cannot be found again.

    Raises:
        InputError: the name is taken or cannot be one, or there is no such right.
    """
    if not _NAME.fullmatch(name):
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
        *(name, identity, _digest(secret), ",".join(dict.fromkeys(may))),
        *(requests_per_minute, characters_per_minute, characters_per_day, int(time.time())),
    )

    def insert(database: sqlite3.Connection) -> None:
        if database.execute("SELECT 1 FROM keys WHERE name = ?", (name,)).fetchone():
            raise InputError(
                f"there is a key {name!r} already: choose another name, or  voxpress keys remove {name}"
            )
        database.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    state.do(insert)
    return secret


def remove(state: Database, name: str) -> None:
    """Take a key back. What it had stays, for another key of that name; its batches begin no more lines.

    Raises:
        InputError: there is none of that name.
    """

    def delete(database: sqlite3.Connection) -> int:
        return database.execute("DELETE FROM keys WHERE name = ?", (name,)).rowcount

    if not state.do(delete):
        raise InputError(f"no key {name!r} (voxpress keys list)")


def listed(state: Database) -> list[Key]:
    """All keys, the oldest first."""
    rows = state.do(
        lambda database: database.execute("SELECT * FROM keys ORDER BY created_at, rowid").fetchall()
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
    """What a key asked for, day by day, the last one first."""
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
        """Look whether keys were added or removed."""
        if (version := self._state.changed()) != self._version:
            self._version = version
            self._keys = {key.id: key for key in listed(self._state)}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def named(self, name: str) -> Key | None:
        """The key of that name, as it is now; `ANYONE` for none, who may go on when keys are added."""
        return next((key for key in self._keys.values() if key.name == name), None) if name else ANYONE

    def find(self, authorization: str, *, basic: bool = False) -> Key:
        """The key that a request names in its header.

        Args:
            basic: whether it may be the password of basic authentication, which a browser adds by itself to whatever
                any page sends.

        Raises:
            Refusal: there is none, or no such key.
        """
        scheme, _, secret = authorization.partition(" ")
        scheme = scheme.lower()
        secret = _password(secret) if scheme == "basic" else secret.strip()
        found = _SECRET.fullmatch(secret) if scheme == "bearer" or (scheme == "basic" and basic) else None
        key = self._keys.get(found[1]) if found else None
        # Compared also where there is nothing to compare with, so that time tells nothing.
        right = hmac.compare_digest(_digest(secret), key.digest if key else "0" * 64)
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


class Limits:
    """How much each key has left: buckets that fill up again within a minute, and a sum for the day."""

    def __init__(self) -> None:
        self._full: dict[tuple[str, str], tuple[float, float]] = {}
        self._days: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        self._asked: dict[tuple[str, str], int] = {}

    def request(self, key: Key) -> None:
        """Count a request.

        Raises:
            Refusal: it was one too many.
        """
        if key.requests_per_minute:
            self._take(key.name, "requests", 1, key.requests_per_minute)

    def characters(self, key: Key, count: int) -> None:
        """Count the characters of a text before it is spoken or served.

        Raises:
            Refusal: there were too many.
        """
        if key.characters_per_minute:
            self._take(key.name, "characters", count, key.characters_per_minute)
        self.day(key, count)

    def day(self, key: Key, count: int) -> None:
        """Count the characters of a text against the day alone.

        Raises:
            Refusal: it has not so many left, or no day ever has.
        """
        place = (key.name, today())
        asked = self._asked.get(place, 0) + count
        if (most := key.characters_per_day) and asked > most:
            if count > most:
                raise _never(most, "characters a day", count)
            midnight = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0) + dt.timedelta(days=1)
            wait = int((midnight - dt.datetime.now(dt.UTC)).total_seconds()) + 1
            raise _limited(f"{most:,} characters a day", wait)
        self._asked[place] = asked

    def _take(self, name: str, what: str, count: int, most: int) -> None:
        now = time.monotonic()
        left, then = self._full.get((name, what), (float(most), now))
        left = min(float(most), left + (now - then) * most / 60)
        if count > most:
            raise _never(most, f"{what} a minute", count)
        if count > left:
            self._full[name, what] = (left, now)
            raise _limited(f"{most:,} {what} a minute", int((count - left) * 60 / most) + 1)
        self._full[name, what] = (left - count, now)

    def note(self, key: Key, characters: int, *, hit: bool) -> None:
        """Count a request that was answered with audio."""
        counted = self._days[key.name, today()]
        counted[0] += 1
        counted[1] += characters
        counted[3 if hit else 2] += characters

    def load(self, state: Database) -> None:
        """What was answered before the server started counts against the day."""
        rows = state.do(
            lambda database: database.execute(
                "SELECT key, day, characters FROM usage WHERE day = ?", (today(),)
            ).fetchall()
        )
        self._asked = {(key, day): characters for key, day, characters in rows}

    async def save(self, state: Database) -> None:
        """Add what was counted since the last time to the database."""
        counted, self._days = self._days, defaultdict(lambda: [0, 0, 0, 0])
        if not counted:
            return

        def add_up(database: sqlite3.Connection) -> None:
            for (key, day), numbers in counted.items():
                database.execute("INSERT OR IGNORE INTO usage VALUES (?, ?, 0, 0, 0, 0)", (key, day))
                database.execute(
                    "UPDATE usage SET requests = requests + ?, characters = characters + ?, billed = billed + ?,"
                    " stored = stored + ? WHERE key = ? AND day = ?",
                    (*numbers, key, day),
                )

        try:
            await state.run(add_up)
        except StoreError:
            for place, numbers in counted.items():
                self._days[place] = [now + then for now, then in zip(self._days[place], numbers, strict=True)]
            raise


def today() -> str:
    """The day that counts, in UTC."""
    return _day(int(time.time()) // 86400)


@lru_cache(maxsize=1)
def _day(number: int) -> str:
    # Asked twice for each request.
    return (dt.date(1970, 1, 1) + dt.timedelta(days=number)).isoformat()


def _never(most: int, what: str, count: int) -> Refusal:
    return Refusal(
        429,
        f"this key may have {most:,} {what}, and the request has {count:,}",
        "rate_limit_exceeded",
        type="rate_limit_error",
        headers={"x-should-retry": "false"},
    )


def _limited(what: str, wait: Seconds) -> Refusal:
    return Refusal(
        429,
        f"this key may have {what}: try again in {wait:.0f} s",
        "rate_limit_exceeded",
        type="rate_limit_error",
        headers={"retry-after": f"{wait:.0f}"},
    )


def _password(credentials: str) -> str:
    """Of basic authentication, with which browsers ask for a key."""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
