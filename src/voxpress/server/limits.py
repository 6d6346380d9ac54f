"""How much each key may ask for, and what it asked for until that is saved."""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Protocol, TypeAlias

from voxpress.errors import StoreError
from voxpress.server.databases import Database, Transaction
from voxpress.server.errors import Refusal
from voxpress.server.keys import Key, today
from voxpress.speech import Seconds

_DAY = "day"
"""Unit of characters a day; those of a minute are requests and characters."""

Meter: TypeAlias = tuple[float, float]
"""An amount and its time: of a minute, what is left at that second; of a day, what was charged on that day."""


class Meters(Protocol):
    """Meters by key and unit."""

    def get(self, place: tuple[str, str], /) -> Meter | None:
        """A meter, if anything was ever charged."""
        ...

    def __setitem__(self, place: tuple[str, str], meter: Meter, /) -> None: ...


class MeterRows:
    """Meters in a database that several servers share."""

    def __init__(self, database: Transaction) -> None:
        self._database = database

    def get(self, place: tuple[str, str], /) -> Meter | None:
        row = self._database.execute(
            "SELECT amount, since FROM meters WHERE key = ? AND unit = ?", place
        ).fetchone()
        return None if row is None else (row[0], row[1])

    def __setitem__(self, place: tuple[str, str], meter: Meter, /) -> None:
        self._database.execute(
            "INSERT INTO meters VALUES (?, ?, ?, ?) ON CONFLICT (key, unit)"
            " DO UPDATE SET amount = excluded.amount, since = excluded.since",
            (*place, *meter),
        )


class Limits:
    """Charges keys: buckets that fill up again within a minute, and a sum for the day.

    A server that has its database alone charges in memory, others in the database, where only keys with limits
    are charged.
    """

    def __init__(self, state: Database) -> None:
        self._state = state
        self._meters: dict[tuple[str, str], Meter] = {}
        self._unsaved_counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        """By key and day: requests, characters, and of those billed and stored."""
        if not state.is_shared:
            self._load()

    async def charge_request(self, key: Key) -> None:
        """Count a request.

        Raises:
            Refusal: the key has no requests left in this minute.
        """
        if most := key.requests_per_minute:
            await self._charge(lambda meters: _draw(meters, key.name, "requests", 1, most))

    async def charge_characters(self, key: Key, count: int) -> None:
        """Count the characters of a text before it is spoken or served.

        Raises:
            Refusal: the key has not so many left.
        """

        def charge(meters: Meters) -> None:
            if most := key.characters_per_minute:
                _draw(meters, key.name, "characters", count, most)
            _charge_day(meters, key, count)

        if key.characters_per_minute or key.characters_per_day or not self._state.is_shared:
            await self._charge(charge)

    async def charge_day(self, key: Key, count: int) -> None:
        """Count the characters of a text against the day only.

        Raises:
            Refusal: the key has not so many left today, or never has in a day.
        """
        if key.characters_per_day or not self._state.is_shared:
            await self._charge(lambda meters: _charge_day(meters, key, count))

    async def _charge(self, charge: Callable[[Meters], None]) -> None:
        if self._state.is_shared:
            await self._state.run(lambda database: charge(MeterRows(database)))
        else:
            charge(self._meters)

    def record(self, key: Key, characters: int, *, hit: bool) -> None:
        """Count a request that was answered with audio."""
        counted = self._unsaved_counts[key.name, today()]
        counted[0] += 1
        counted[1] += characters
        counted[3 if hit else 2] += characters

    def _load(self) -> None:
        """Charge what was answered today before the server started."""
        rows = self._state.do(
            lambda database: database.execute(
                "SELECT key, characters FROM usage WHERE day = ?", (today(),)
            ).fetchall()
        )
        self._meters = {(key, _DAY): (float(characters), _day_number()) for key, characters in rows}

    async def save(self) -> None:
        """Add what was counted since the last time to the database."""
        counted, self._unsaved_counts = self._unsaved_counts, defaultdict(lambda: [0, 0, 0, 0])
        if not counted:
            return

        def add_up(database: Transaction) -> None:
            for (key, day), numbers in counted.items():
                database.execute(
                    "INSERT INTO usage VALUES (?, ?, 0, 0, 0, 0) ON CONFLICT DO NOTHING", (key, day)
                )
                database.execute(
                    "UPDATE usage SET requests = requests + ?, characters = characters + ?, billed = billed + ?,"
                    " stored = stored + ? WHERE key = ? AND day = ?",
                    (*numbers, key, day),
                )

        try:
            await self._state.run(add_up)
        except StoreError:
            for place, numbers in counted.items():
                self._unsaved_counts[place] = [
                    now + then for now, then in zip(self._unsaved_counts[place], numbers, strict=True)
                ]
            raise


def _draw(meters: Meters, name: str, unit: str, count: int, most: int) -> None:
    now = time.time()
    left, since = meters.get((name, unit)) or (float(most), now)
    left = min(float(most), left + max(0.0, now - since) * most / 60)
    if count > most:
        raise _refuse_for_good(most, f"{unit} a minute", count)
    if count > left:
        raise _refuse_for_now(f"{most:,} {unit} a minute", int((count - left) * 60 / most) + 1)
    meters[name, unit] = (left - count, now)


def _charge_day(meters: Meters, key: Key, count: int) -> None:
    day = _day_number()
    charged, since = meters.get((key.name, _DAY)) or (0.0, day)
    charged = count + (charged if since == day else 0)
    if (most := key.characters_per_day) and charged > most:
        if count > most:
            raise _refuse_for_good(most, "characters a day", count)
        midnight = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0) + dt.timedelta(days=1)
        wait = int((midnight - dt.datetime.now(dt.UTC)).total_seconds()) + 1
        raise _refuse_for_now(f"{most:,} characters a day", wait)
    meters[key.name, _DAY] = (charged, day)


def _day_number() -> float:
    """Days since 1970, in UTC, as `today` counts them."""
    return float(int(time.time()) // 86400)


def _refuse_for_good(most: int, unit: str, count: int) -> Refusal:
    return Refusal(
        429,
        f"this key may have {most:,} {unit}, and the request has {count:,}",
        "rate_limit_exceeded",
        type="rate_limit_error",
        headers={"x-should-retry": "false"},
    )


def _refuse_for_now(limit: str, wait: Seconds) -> Refusal:
    return Refusal(
        429,
        f"this key may have {limit}: try again in {wait:.0f} s",
        "rate_limit_exceeded",
        type="rate_limit_error",
        headers={"retry-after": f"{wait:.0f}"},
    )
