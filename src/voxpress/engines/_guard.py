"""Calls into engines, which may raise anything."""

from __future__ import annotations

import math
from types import TracebackType
from typing import TYPE_CHECKING

from voxpress.errors import EngineError, SpeechError

if TYPE_CHECKING:
    from voxpress.engines._contract import Engine


class Guard:
    """A context that turns every exception of an engine into an `EngineError` with the engine's name.

    An engine of another package may raise anything, even `SystemExit`; that must not end a render, a listing or a
    server.

    >>> with Guard("robot"):
    ...     raise SystemExit(0)
    Traceback (most recent call last):
    voxpress.errors.EngineError: engine 'robot' failed: SystemExit: 0
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, SpeechError | KeyboardInterrupt):
            raise EngineError(f"engine {self._engine!r} failed: {describe(error)}") from error


def describe(error: BaseException) -> str:
    """An exception of another library in one line, even where its own `__str__` fails.

    >>> describe(KeyError("voice"))
    "KeyError: 'voice'"
    """
    try:
        said = str(error)
    except Exception:  # an engine's exception may raise whatever its library does
        said = "it cannot say what is wrong"
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def price_of(engine: Engine, text: str) -> float:
    """What speaking `text` costs, in US dollars; NaN where the engine raises an exception instead."""
    try:
        with Guard(engine.name):
            return float(engine.price(text))
    except EngineError:
        return math.nan
