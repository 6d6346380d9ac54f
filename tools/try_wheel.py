"""Looks into the packages in dist/, and tries the wheel in an empty environment: ``make wheel-test``.

What a clone hides, a package shows: files that were left out, dependencies that only the development environment has,
links of the README that lead nowhere on an index page.
"""

from __future__ import annotations

import email
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
import wave
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "voxpress"
NEEDED = {
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "Makefile",
    "constraints.txt",
    "tests/conftest.py",
}
"""Of an sdist, besides the sources: what builds it, says what it is, and tests it."""


def main() -> None:
    """Check the one wheel and the one sdist in dist/."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    (sdist,) = (ROOT / "dist").glob("*.tar.gz")
    _check_wheel(wheel)
    _check_sdist(sdist)
    _try(wheel)
    print(f"{wheel.name} and {sdist.name} are whole, and the wheel speaks in an empty environment")


def _sources() -> set[str]:
    return {
        path.relative_to(SOURCE.parent).as_posix()
        for path in SOURCE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def _check_wheel(path: Path) -> None:
    with zipfile.ZipFile(path) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (record,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(wheel.read(record))
    _same(names, _sources(), path.name)
    links = re.findall(r"\]\((?!https?://|#)([^)]*)\)", str(metadata.get_payload()))
    if links:
        sys.exit(f"the README on an index page would have links that lead nowhere: {links}")


def _check_sdist(path: Path) -> None:
    with tarfile.open(path) as sdist:
        names = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    _same({name[4:] for name in names if name.startswith("src/")}, _sources(), path.name)
    if missing := NEEDED - names:
        sys.exit(f"{path.name} lacks {', '.join(sorted(missing))}")


def _same(there: set[str], wanted: set[str], name: str) -> None:
    if there != wanted:
        sys.exit(f"{name} lacks {sorted(wanted - there)} and should not have {sorted(there - wanted)}")


def _try(wheel: Path) -> None:
    """Install it without an extra, as somebody who has nothing of voxpress yet, and let it speak."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=True)
        programs = place / "venv" / "bin"
        install = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        _run([programs / "python", *install, "--constraint", ROOT / "constraints.txt", wheel], place)
        version = _run([programs / "voxpress", "--version"], place).strip()
        if version != f"voxpress {wheel.name.split('-')[1]}":
            sys.exit(f"{wheel.name} calls itself {version!r}")
        _run([programs / "voxpress", "say", "Hello.", "--engine", "tone", "-o", "hello.wav"], place)
        with wave.open(str(place / "hello.wav")) as sound:
            facts = (
                sound.getnchannels(),
                sound.getsampwidth(),
                sound.getnframes() > sound.getframerate() // 10,
            )
        if facts != (1, 2, True):
            sys.exit(f"hello.wav is not a tenth of a second of 16-bit mono: {facts}")


def _run(command: list[str | Path], place: Path) -> str:
    """With an empty home, and nothing of this process's Python: what the command prints."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "XDG_", "VOXPRESS_"))
    }
    done = subprocess.run(
        command, cwd=place, env={**kept, "HOME": str(place)}, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
