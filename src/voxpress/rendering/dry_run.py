"""What a render would do, and what it would cost, found without doing it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from voxpress.engines import price_of
from voxpress.errors import LeftOut
from voxpress.quality.asr import Recogniser
from voxpress.rendering import ATTEMPTS
from voxpress.rendering.assessment import LOOKUP, assess, look, standing
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.plan import Bad, Plan, Planned, Unchanged
from voxpress.speech import Status, Utterance
from voxpress.store import Store
from voxpress.text.passage import Change


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a render would do for one row."""

    number: int
    utterance: Utterance
    status: Status
    segments: int = 0
    """That would be synthesised."""
    characters: int = 0
    """In those segments."""
    billed: int = 0
    """Of those, characters that cost something."""
    price: float = 0.0
    """Of those, in US dollars; NaN: not known."""
    unbilled: int = 0
    """Characters that would cost something, were they not in the store already or spoken for another row; none of a
    row that is up to date.
    """
    saved: float = 0.0
    """What they would cost."""
    notes: tuple[str, ...] = ()
    """As in a `Plan`."""
    changes: tuple[Change, ...] = ()
    """Places of the text that are spoken otherwise than written."""
    error: str = ""
    row: str = ""
    """As `Bad.row`, where the row is bad."""


class Detail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A forecast as a line of the file that a dry run writes.

    >>> Detail.of(Forecast(number=0, utterance=Utterance(id="hello", text="Hello."), status="rendered")).would_be
    'rendered'
    """

    id: str
    would_be: Status
    segments: int
    characters: int
    billed: int
    price: float | None
    """In US dollars; None: not known."""
    notes: tuple[str, ...]
    changes: tuple[Change, ...]
    error: str
    origin: str

    @classmethod
    def of(cls, row: Forecast) -> Detail:
        """What the file says of a row."""
        return cls(
            id=row.utterance.id or row.utterance.file,
            would_be=row.status,
            segments=row.segments,
            characters=row.characters,
            billed=row.billed,
            price=None if math.isnan(row.price) else round(row.price, 9),
            notes=row.notes,
            changes=row.changes,
            error=row.error,
            origin=row.utterance.origin or row.row,
        )


def forecast(
    plans: Iterable[Planned],
    *,
    store: Store,
    folder: OutputFolder | None,
    recogniser: Recogniser | None = None,
    attempts: int = ATTEMPTS,
) -> Iterator[Forecast]:
    """What `run` would do, in order, without doing it. A segment counts for the first row that has it.

    Args:
        recogniser, attempts: as for `run`. A take that nobody heard yet counts as good.
    """
    spoken: set[str] = set()
    rows = iter(plans)
    while batch := list(islice(rows, LOOKUP)):
        good = [plan for plan in batch if isinstance(plan, Plan)]
        assessed = iter(assess(good, store, folder, recogniser=recogniser, attempts=attempts, awaited=spoken))
        if recogniser is not None:
            look(good, folder)
        for plan in batch:
            if isinstance(plan, Bad):
                yield Forecast(
                    number=plan.number,
                    utterance=plan.described,
                    status=Status.LEFT_OUT if isinstance(plan.error, LeftOut) else Status.FAILED,
                    error=str(plan.error),
                    row=plan.row,
                )
                continue
            if isinstance(plan, Unchanged):
                yield Forecast(number=plan.number, utterance=plan.utterance, status=Status.UP_TO_DATE)
                continue
            found = next(assessed)
            # What an earlier row of this batch speaks was not awaited yet when the batch was assessed.
            new = [key for key in (*found.missing, *found.doubtful) if key not in spoken]
            status = Status.RENDERED
            if found.standing is not None:
                status, new = Status.UP_TO_DATE, []
            elif found.finished:
                status, new = Status.FROM_STORE, []
            elif recogniser is not None and not (found.missing or found.doubtful):
                status = Status.FROM_STORE if standing(plan, folder) is None else Status.UP_TO_DATE
            spoken.update(new)
            fresh = frozenset(new)
            billed, price = _bill(plan, fresh)
            # Rows that stand count as those that need not be planned: they save nothing more.
            stands = status is Status.UP_TO_DATE
            unbilled, saved = (0, 0.0) if stands else _bill(plan, plan.takes.keys() - fresh)
            yield Forecast(
                number=plan.number,
                utterance=plan.utterance,
                status=status,
                segments=len(new),
                characters=sum(len(plan.takes[key].segment.text) for key in new),
                billed=billed,
                price=price,
                unbilled=unbilled,
                saved=saved,
                notes=plan.notes,
                changes=plan.changes,
            )


def _bill(plan: Plan, keys: Iterable[str]) -> tuple[int, float]:
    """How many characters of these takes cost something, and what."""
    characters, price = 0, 0.0
    for key in keys:
        engine, text = plan.takes[key].engine, plan.takes[key].segment.text
        if each := price_of(engine, text):
            characters, price = characters + len(text), price + each
    return characters, price
