"""Environments for engines whose packages cannot be installed together.

An environment is a folder with an interpreter, and its name has a digest of its pins: other pins make another folder,
so that nothing changes under a running worker. voxpress is not installed there: a worker imports the package of its
parent process, so that both run the same code (see `voxpress.executors.local`).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import msgspec

from voxpress.errors import EngineNotInstalled
from voxpress.files import home, locks

_COMPLETE = "voxpress-complete"

# torchaudio from PyPI is built for CUDA. Its native libraries do not load beside a torch without CUDA; without them,
# its Python code does all that the engines need.
_MEND_TORCHAUDIO = """
import importlib.util, pathlib
found = importlib.util.find_spec("torchaudio")
if found:
    import torch
    if torch.version.cuda is None:
        for library in (pathlib.Path(found.submodule_search_locations[0]) / "lib").glob("*.so"):
            library.unlink()
"""


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages that are installed together, for several engines."""

    engines: tuple[str, ...]
    requires: tuple[str, ...]
    bare: tuple[str, ...] = ()
    """Installed without their dependencies."""
    without: tuple[str, ...] = ()
    """Uninstalled at the end."""

    @property
    def digest(self) -> str:
        """Digest of all pins."""
        content = [self.requires, self.bare, self.without, _own_requirements(), sys.version_info[:2]]
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:12]


@functools.cache
def catalogue() -> dict[str, Environment]:
    """All environments by name.

    >>> sorted(catalogue())
    ['outetts', 'scores', 'torch']
    """
    text = resources.files(__package__).joinpath("environments.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Environment])


def default_folder() -> Path:
    """A folder in the user's data directory."""
    return home.data("environments")


def folder(name: str, directory: Path | None = None) -> Path:
    """The folder of an environment, which may not exist yet."""
    return (directory or default_folder()) / f"{name}-{catalogue()[name].digest}"


def python(name: str, directory: Path | None = None) -> str | None:
    """The interpreter of an environment; None if it is not installed."""
    place = folder(name, directory)
    return str(place / "bin" / "python") if (place / _COMPLETE).exists() else None


def version(name: str, distribution: str, directory: Path | None = None) -> str:
    """The version of a distribution in an environment.

    Raises:
        EngineNotInstalled: it is not there.
    """
    for found in importlib.metadata.distributions(name=distribution, path=packages(name, directory)):
        return found.version
    raise EngineNotInstalled(f"{distribution} is not in the environment {name!r}")


def packages(name: str, directory: Path | None = None) -> list[str]:
    """The ``site-packages`` folders of an environment."""
    return [str(path) for path in folder(name, directory).glob("lib/python*/site-packages")]


def distributions_with(package: str, places: list[str] | None = None) -> list[str]:
    """Names of the distributions that contain an importable `package`, in this environment or in `places`."""
    return [
        found.name
        for found in importlib.metadata.distributions(path=sys.path if places is None else places)
        if any(str(file).partition("/")[0] in {package, f"{package}.py"} for file in found.files or ())
    ]


def install(name: str, tell: Callable[[str], None] = print, directory: Path | None = None) -> Path:
    """Make an environment unless it is there, and return its folder. An incomplete one is made anew.

    Args:
        tell: called with each step, in words.

    Raises:
        EngineNotInstalled: pip failed; the message has its last lines.
    """
    environment, place = catalogue()[name], folder(name, directory)
    place.parent.mkdir(parents=True, exist_ok=True)
    with locks.hold(place.parent / f".{name}.lock"):
        if (place / _COMPLETE).exists():
            return place
        shutil.rmtree(place, ignore_errors=True)
        tell(f"making the environment {name} in {place}")
        _run_pip(sys.executable, "-m", "venv", str(place))
        interpreter = str(place / "bin" / "python")
        pip = (interpreter, "-m", "pip", "--disable-pip-version-check")
        _run_pip(*pip, "install", "--quiet", "--upgrade", "pip>=25.1")
        tell(f"installing {', '.join(environment.requires)}")
        _run_pip(*pip, "install", "--quiet", *_own_requirements(), *environment.requires)
        if environment.bare:
            tell(f"installing {', '.join(environment.bare)}")
            _run_pip(*pip, "install", "--quiet", "--no-deps", *environment.bare)
        if environment.without:
            _run_pip(*pip, "uninstall", "--quiet", "--yes", *environment.without)
        _run_pip(interpreter, "-c", _MEND_TORCHAUDIO)
        (place / _COMPLETE).touch()
        for former in sorted(place.parent.glob(f"{name}-*")):
            if former != place:  # a running render may have its workers there
                tell(f"{former} has other pins and can be deleted")
    return place


def install_extra(extra: str, tell: Callable[[str], None] = print) -> None:
    """Install the packages of an extra of voxpress into this environment.

    Raises:
        EngineNotInstalled: voxpress has no such extra, or pip failed.
    """
    marker = re.compile(rf"""\s*;.*extra\s*==\s*["']{re.escape(extra)}["'].*""")
    lines = [line for line in importlib.metadata.requires("voxpress") or () if marker.search(line)]
    if not lines:
        raise EngineNotInstalled(f"voxpress has no extra {extra!r}")
    wanted = [marker.sub("", line) for line in lines]
    tell(f"installing {', '.join(wanted)}")
    _run_pip(sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *wanted)


def _own_requirements() -> tuple[str, ...]:
    """voxpress's own requirements in a worker: all but those of the command line."""
    edge = {"typer", "rich"}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        mine = [line for line in importlib.metadata.requires("voxpress") or () if "extra ==" not in line]
        return tuple(sorted(line for line in mine if re.split(r"[^\w-]", line)[0].lower() not in edge))
    return ()


def _run_pip(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        problem = "; ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise EngineNotInstalled(f"{' '.join(command[1:5])} … failed: {problem}")
