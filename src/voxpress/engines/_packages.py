"""The packages that an engine needs: which are missing, where they are, and how to install them.

They are in this environment, or in one of `voxpress.models.environments` that the engine names.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable

from voxpress.engines._contract import Engine
from voxpress.errors import EngineNotInstalled
from voxpress.models import environments


def missing_packages(engine: Engine | type[Engine]) -> list[str]:
    """Those of the engine's packages that are neither in this environment nor in the engine's own."""
    return [] if python(engine) else _missing_here(engine)


def python(engine: Engine | type[Engine]) -> str | None:
    """The interpreter of the engine's own environment; None where the engine runs in this one, or in none."""
    if engine.environment and _missing_here(engine):
        return environments.python(engine.environment)
    return None


def require(engine: Engine | type[Engine]) -> None:
    """Check that no package of the engine is missing.

    Raises:
        EngineNotInstalled: the message holds the install command.
    """
    if missing := missing_packages(engine):
        raise EngineNotInstalled(f"engine {engine.name!r} needs {', '.join(missing)}: run  {engine.install}")


def install(engine: Engine | type[Engine], tell: Callable[[str], None] = print) -> None:
    """Install the engine's packages: into its own environment if it has one, else beside voxpress, by its extra.

    Args:
        tell: called with each step, in words.

    Raises:
        EngineNotInstalled: pip failed.
    """
    if not _missing_here(engine):
        return
    if engine.environment:
        environments.install(engine.environment, tell)
    else:
        environments.install_extra(engine.extra or engine.name, tell)
    importlib.invalidate_caches()


def version(engine: Engine | type[Engine], distribution: str) -> str:
    """The version of one of the engine's distributions, for fingerprints.

    Raises:
        EngineNotInstalled: the distribution is missing.
    """
    if python(engine):
        return environments.version(engine.environment, distribution)
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        raise EngineNotInstalled(
            f"engine {engine.name!r} needs {distribution}: run  {engine.install}"
        ) from None


def versions(engine: Engine | type[Engine]) -> list[str]:
    """The distributions that contain the engine's packages, as ``name==version``."""
    places = environments.packages(engine.environment) if python(engine) else None
    names = [name for package in engine.packages for name in environments.distributions_with(package, places)]
    return [f"{name}=={version(engine, name)}" for name in dict.fromkeys(names)]


def _missing_here(engine: Engine | type[Engine]) -> list[str]:
    return [package for package in engine.packages if importlib.util.find_spec(package) is None]
