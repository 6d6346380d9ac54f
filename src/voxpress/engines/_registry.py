"""The engines that exist: the modules of this package, and the entry points of other packages."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from voxpress.engines._contract import Engine
from voxpress.engines._guard import Guard
from voxpress.errors import EngineError, InputError, UnknownEngine, suggest

ENTRY_POINTS = "voxpress.engines"
"""The group in which other packages name their engines."""


def names() -> list[str]:
    """Names of all engines, with or without the packages that they need.

    >>> "tone" in names()
    True
    """
    return sorted(_module_names() | {point.name for point in _entry_points()})


@cache
def find(name: str) -> type[Engine]:
    """The class of the engine called `name`.

    >>> find("tone").name
    'tone'

    Raises:
        UnknownEngine: no engine has that name; the message lists those that exist.
        EngineError: the engine is in another package, and importing it fails.
    """
    if name in _module_names():
        module = importlib.import_module(f"{__package__}.{name}")
        engines = [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Engine) and value.__module__ == module.__name__
        ]
        return engines[0]
    for point in _entry_points():
        if point.name == name:
            with Guard(name):
                loaded: Any = point.load()
            if not (isinstance(loaded, type) and issubclass(loaded, Engine)):
                raise EngineError(f"entry point {point.value!r} of engine {name!r} is not an Engine class")
            return loaded
    known = names()
    raise UnknownEngine(f"no engine {name!r}{suggest(name, known)} (engines: {', '.join(known)})")


def find_all() -> Iterator[tuple[str, type[Engine] | EngineError]]:
    """All engines by name: the class of each, or the error that importing it raises.

    >>> dict(find_all())["tone"].name
    'tone'
    """
    for name in names():
        try:
            yield name, find(name)
        except EngineError as error:
            yield name, error


def cloners() -> list[str]:
    """Names of the engines that speak with cloned voices."""
    return [name for name, engine in find_all() if isinstance(engine, type) and engine.clones]


def check_clone(name: str, wanted: Sequence[str]) -> None:
    """Check that engines can speak with a cloned voice, and that none of them has a voice `name` of its own.

    Args:
        name: of the cloned voice.
        wanted: names of engines; empty: all that clone.

    Raises:
        InputError: an engine does not clone, or has a voice of that name.
    """
    able = cloners()
    for engine in wanted:
        if engine not in able:
            raise InputError(
                f"no engine {engine!r} that clones voices{suggest(engine, able)}"
                f" (those that do: {', '.join(able)})",
                field="engines",
            )
    for engine in wanted or able:
        try:
            with Guard(engine):
                own = [voice.name for voice in find(engine)().voices() if not voice.reference]
        except EngineError:
            continue  # an engine without its packages or weights has no voices yet; `Engine.voice` checks again
        if name in own:
            raise InputError(f"{engine} has a voice {name!r} of its own: choose another name", field="name")


def _module_names() -> set[str]:
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return {module.name for module in modules if not module.name.startswith("_")}


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    return list(importlib.metadata.entry_points(group=ENTRY_POINTS))
