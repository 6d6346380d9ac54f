"""Packages that hold variants of one thing: one variant is one module, and the module's name is the variant's."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePath
from typing import Any, Protocol, TypeVar

from voxpress.errors import InputError, suggest

Variant = TypeVar("Variant")


class Recognised(Protocol):
    """A variant for some files."""

    @property
    def extensions(self) -> tuple[str, ...]:
        """Endings of file names, in lower case, with the dot."""

    @property
    def recognise(self) -> Callable[[Any], bool]:
        """Whether a file that begins so can be nothing else."""


def find_shown(variants: Mapping[str, Recognised], path: str, head: object) -> str:
    """The name of the variant that a file shows: by what it begins with, else by its extension; empty: none.

    >>> from voxpress import documents
    >>> find_shown(documents.FORMATS, "book.epub", b"PK")
    'epub'
    """
    for name, variant in variants.items():
        if variant.recognise(head):
            return name
    extension = PurePath(path).suffix.lower()
    return next((name for name, variant in variants.items() if extension in variant.extensions), "")


def list_extensions(variants: Mapping[str, Recognised]) -> str:
    """All their extensions, for messages."""
    return ", ".join(sorted(each for variant in variants.values() for each in variant.extensions))


class Variants(Mapping[str, Variant]):
    """The variants in a package, by their names. Modules without one are left out.

    They are imported when they are first asked for.

    >>> from voxpress.publish import systems
    >>> list(Variants(systems.__name__, systems.__path__, "SYSTEM", systems.System, "system"))[:2]
    ['asterisk', 'edgetx']

    Args:
        package: its name.
        path: its folders.
        attribute: what a module calls its variant.
        kind: the class of variants.
        what: one of them is called in messages; the last word is their short name.
        error: what is raised for a name that no variant has.
    """

    def __init__(
        self,
        package: str,
        path: Iterable[str],
        attribute: str,
        kind: type[Variant],
        what: str,
        error: type[InputError] = InputError,
    ) -> None:
        self._package, self._path, self._attribute, self._kind = package, path, attribute, kind
        self._what, self._error = what, error

    @cached_property
    def _found(self) -> dict[str, Variant]:
        names = sorted(module.name for module in pkgutil.iter_modules(self._path))
        found = {
            name: getattr(importlib.import_module(f"{self._package}.{name}"), self._attribute, None)
            for name in names
        }
        return {name: variant for name, variant in found.items() if isinstance(variant, self._kind)}

    def __getitem__(self, name: str) -> Variant:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def require(self, name: str) -> Variant:
        """The variant called `name`.

        Raises:
            InputError: none has that name; the message lists those that exist.
        """
        if name not in self:
            plural = f"{self._what.split()[-1]}s"
            raise self._error(f"no {self._what} {name!r}{suggest(name, self)} ({plural}: {', '.join(self)})")
        return self[name]
