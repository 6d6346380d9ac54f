"""Runs the code blocks of a page, one after the other, in an empty folder with the examples in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.typing import Evaluator

ROOT = Path(__file__).parent.parent.parent
_FILE = re.compile(r"<!-- file: (\S+) -->\n$")
_LANGUAGES = re.compile(r"^ *```(\w*) *\n.*?^ *```$", re.MULTILINE | re.DOTALL)
# Seconds and rates are not the same twice.
_MEASURED = re.compile(r"\d[\d,]*\.\d+")
_SHOWN = ("text",)
"""Blocks that are not run: what they show is checked elsewhere, or is a picture."""


class Page:
    """One page of the documentation, to be run in the working directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def run(self) -> int:
        """Run all blocks; how many there were."""
        runners: dict[str, Evaluator] = {"bash": _bash, "console": _console}
        runners |= {name: self._file for name in ("toml", "csv", "yaml", "json")}
        parsers = [PythonCodeBlockParser(), *(CodeBlockParser(name, run) for name, run in runners.items())]
        unknown = set(_LANGUAGES.findall(self.text)) - {"python", *runners, *_SHOWN}
        assert not unknown, f"{self.path.name} has blocks that nothing runs: {unknown}"
        examples = list(Document.parse(str(self.path), *parsers).examples())
        for example in examples:
            example.evaluate()
        return len(examples)

    def _file(self, example: Example) -> str | None:
        """A block that stands for a file."""
        name = _FILE.search(self.text[: example.start])
        assert name, f"{self.path.name}:{example.line}: say which file it is: <!-- file: NAME -->"
        Path(name[1]).parent.mkdir(parents=True, exist_ok=True)
        Path(name[1]).write_text(example.parsed, encoding="utf-8")
        return None


def _bash(example: Example) -> str | None:
    status, output = _shell(example.parsed)
    return None if status == 0 else f"exit status {status}:\n{output}"


def _console(example: Example) -> str | None:
    """Commands after ``$ ``, each followed by what it prints; ``…`` stands for anything."""
    problems = []
    for block in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        lines = block.splitlines()
        while lines[0].endswith("\\"):
            lines[:2] = [lines[0][:-1] + lines[1].strip()]
        command, wanted = lines[0], "\n".join(lines[1:]).strip()
        if command.startswith("pip install "):
            problems += _install(command)
            continue
        if command.startswith(("make ", "git ")):
            command, wanted = _make(command), wanted
            if not command:
                continue
        _, output = _shell(command)
        if not _alike(wanted, output.strip()):
            problems.append(f"$ {command}\n{output}\nbut the page has\n{wanted}\n")
    return "\n".join(problems) or None


def _install(command: str) -> list[str]:
    """An installation is not tried, but what it asks for must be there."""
    extras = re.findall(r"voxpress\[([\w,]+)\]", command)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    names = [name for group in extras for name in group.split(",")]
    return [f"{command}: no extra {n!r}" for n in names if not re.search(rf"^{n} = \[", project, re.MULTILINE)]


def _make(command: str) -> str:
    """The last command of a recipe; nothing for a recipe that runs these tests themselves."""
    if command != "make demo":
        return ""
    recipe = subprocess.run(
        ["make", "--dry-run", "--always-make", "demo", f"VENV={Path(sys.prefix)}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    return recipe.stdout.strip().splitlines()[-1]


def _shell(command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )
    return done.returncode, done.stdout


def _alike(wanted: str, output: str) -> bool:
    pieces = [re.escape(_MEASURED.sub("#", piece)) for piece in wanted.split("…")]
    found = "\n".join(line.rstrip() for line in output.splitlines())
    return bool(re.fullmatch(".*?".join(pieces), _MEASURED.sub("#", found), re.DOTALL))


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Page]:
    """Opens a page of the repository, to be run where nothing has been rendered yet."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    # The program of this environment, the default store in an empty place, and a terminal of known width.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("VOXPRESS_STORE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return lambda name: Page(ROOT / name)
