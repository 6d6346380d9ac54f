"""How much each key may ask for, and what it asked for until that is saved."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections import defaultdict

from voxpress.errors import StoreError
from voxpress.server.database import Database
from voxpress.server.errors import Refusal
from voxpress.server.keys import Key, today
from voxpress.speech import Seconds


class Limits:
    """Charges keys: buckets that fill up again within a minute, and a sum for the day."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        """By key and unit: what is left, and since when."""
        self._unsaved_counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        """By key and day: requests, characters, and of those billed and stored."""
        self._charged_characters: dict[tuple[str, str], int] = {}
        """By key and day: characters."""

    def charge_request(self, key: Key) -> None:
        """Count a request.

        Raises:
            Refusal: the key has no requests left in this minute.
        """
        if key.requests_per_minute:
            self._draw(key.name, "requests", 1, key.requests_per_minute)

    def charge_characters(self, key: Key, count: int) -> None:
        """Count the characters of a text before it is spoken or served.

        Raises:
            Refusal: the key has not so many left.
        """
        if key.characters_per_minute:
            self._draw(key.name, "characters", count, key.characters_per_minute)
        self.charge_day(key, count)

    def charge_day(self, key: Key, count: int) -> None:
        """Count the characters of a text against the day only.

        Raises:
            Refusal: the key has not so many left today, or never has in a day.
        """
        place = (key.name, today())
        charged = self._charged_characters.get(place, 0) + count
        if (most := key.characters_per_day) and charged > most:
            if count > most:
                raise _refuse_for_good(most, "characters a day", count)
            midnight = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0) + dt.timedelta(days=1)
            wait = int((midnight - dt.datetime.now(dt.UTC)).total_seconds()) + 1
            raise _refuse_for_now(f"{most:,} characters a day", wait)
        self._charged_characters[place] = charged

    def _draw(self, name: str, unit: str, count: int, most: int) -> None:
        now = time.monotonic()
        left, since = self._buckets.get((name, unit), (float(most), now))
        left = min(float(most), left + (now - since) * most / 60)
        if count > most:
            raise _refuse_for_good(most, f"{unit} a minute", count)
        if count > left:
            self._buckets[name, unit] = (left, now)
            raise _refuse_for_now(f"{most:,} {unit} a minute", int((count - left) * 60 / most) + 1)
        self._buckets[name, unit] = (left - count, now)

    def record(self, key: Key, characters: int, *, hit: bool) -> None:
        """Count a request that was answered with audio."""
        counted = self._unsaved_counts[key.name, today()]
        counted[0] += 1
        counted[1] += characters
        counted[3 if hit else 2] += characters

    def load(self, state: Database) -> None:
        """Charge what was answered today before the server started."""
        rows = state.do(
            lambda database: database.execute(
                "SELECT key, day, characters FROM usage WHERE day = ?", (today(),)
            ).fetchall()
        )
        self._charged_characters = {(key, day): characters for key, day, characters in rows}

    async def save(self, state: Database) -> None:
        """Add what was counted since the last time to the database."""
        counted, self._unsaved_counts = self._unsaved_counts, defaultdict(lambda: [0, 0, 0, 0])
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
                self._unsaved_counts[place] = [
                    now + then for now, then in zip(self._unsaved_counts[place], numbers, strict=True)
                ]
            raise


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
