"""Packages that hold variants of one thing: one variant is one module, and the module's name is the variant's."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import TypeVar

Variant = TypeVar("Variant")


def find_variants(
    package: str, path: Iterable[str], attribute: str, kind: type[Variant]
) -> dict[str, Variant]:
    """The variants in a package, by their names. Modules without one are left out.

    >>> from voxpress.publish import systems
    >>> list(find_variants(systems.__name__, systems.__path__, "SYSTEM", systems.System))[:2]
    ['asterisk', 'edgetx']

    Args:
        package: its name.
        path: its folders.
        attribute: what a module calls its variant.
        kind: the class of variants.
    """
    found = {}
    for module in pkgutil.iter_modules(path):
        variant = getattr(importlib.import_module(f"{package}.{module.name}"), attribute, None)
        if isinstance(variant, kind):
            found[module.name] = variant
    return found
