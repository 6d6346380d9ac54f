"""Runs the code blocks of a page, one after the other, in an empty folder with the examples in it.

A page that has servers (`docs/server.md`) is written for the reader: ``voxpress serve`` in a console block, then
requests to http://127.0.0.1:8880. Here each ``voxpress serve`` is a real process that goes on beside the blocks after
it until the next one takes its place or the page ends, and each port that the page names after 127.0.0.1 stands for a
free one, the same in all its blocks.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pytest
import typer
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser
from sybil.typing import Parser

from voxpress import cli

ROOT = Path(__file__).parent.parent.parent
_FILE = re.compile(r"<!-- file: (\S+) -->\n$")
_LANGUAGE = re.compile(r"^ *```(\w*) *\n.*?^ *```$", re.MULTILINE | re.DOTALL)
# Seconds and rates are not the same twice.
_MEASURED = re.compile(r"\d[\d,]*\.\d+")
_DATA = ("csv", "json", "toml", "xml", "yaml")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")
_PATIENCE = 60.0
_LONGEST = 600


class Page:
    """One page of the documentation, to be run in the working directory.

    ``<!-- file: NAME -->`` before a block makes a file of it. Else python and console are run, in sh every command and
    option has to exist, and text is a picture.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server = Served()

    @cached_property
    def text(self) -> str:
        """What the page says, with ports that are free."""
        text = self.path.read_text(encoding="utf-8")
        named = sorted(set(_PORT.findall(text)))
        ports = dict(zip(named, _free(len(named)), strict=True))
        return re.sub(r"\d+", lambda number: ports.get(number[0], number[0]), text) if ports else text

    def run(self) -> None:
        """Run all blocks."""
        with self._server:
            self._run()

    def _run(self) -> None:
        pictures = {"text": lambda example: None}
        runners = {"console": self._console, "sh": _named, **dict.fromkeys(_DATA, self._data), **pictures}
        unknown = set(_LANGUAGE.findall(self.text)) - {"python", *runners}
        assert not unknown, f"{self.path.name} has blocks that nothing runs: {unknown}"
        parsers: list[Parser] = [PythonCodeBlockParser()]
        parsers += [CodeBlockParser(name, run) for name, run in runners.items()]
        document = Document(self.text, str(self.path))
        for parser in parsers:
            for region in parser(document):
                document.add(region)
        for example in document:
            if file := _FILE.search(self.text[: example.start]):
                Path(file[1]).write_text(example.parsed, encoding="utf-8")
            else:
                example.evaluate()

    def _data(self, example: Example) -> str | None:
        if self.path.name == "manifests.md":  # tests/manifests/test_page.py reads these
            return None
        return "no <!-- file: NAME --> says which file this is"

    def _console(self, example: Example) -> str | None:
        return _console(example, self._server)


class Served:
    """The server of a page."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, command: str, wanted: str) -> str:
        """Start it instead of the one before; what it prints, as far as the page shows it."""
        self.stop()
        port = _PORT.search(wanted)
        assert port, "the page does not show where the server listens"
        with Path("serve.log").open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [*shlex.split(command), "--port", port[0]], stderr=log, text=True, start_new_session=True
            )
        deadline = time.monotonic() + _PATIENCE
        while "startup complete" not in Path("serve.log").read_text(encoding="utf-8"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        return "\n".join(Path("serve.log").read_text(encoding="utf-8").splitlines()[: wanted.count("\n") + 1])

    def stop(self) -> None:
        """End it as an operator would, and see that it ends well."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            assert self._process.wait(_PATIENCE) == 0
            assert "Finished server process" in Path("serve.log").read_text(encoding="utf-8")
        finally:
            self._process.kill()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _free(count: int) -> list[str]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [str(each.getsockname()[1]) for each in sockets]


def _console(example: Example, server: Served) -> str | None:
    """Commands after ``$ ``, each followed by what it prints; ``…`` stands for anything."""
    problems = []
    for block in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        command, _, wanted = block.partition("\n")
        if command.startswith("pip "):
            problems += _missing(shlex.split(command))
            continue
        if command == "make demo":
            run = _demo()
        elif command == "make test":
            continue  # these tests are a part of it
        else:
            run = command
        if command.startswith("voxpress serve"):
            output = server.start(command, wanted.strip())
            if not _alike(wanted.strip(), output):
                problems.append(f"$ {command}\n{output}\nbut the page has\n{wanted}\n")
            continue
        output = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", run],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        ).stdout
        if not _alike(wanted.strip(), output.strip()):
            problems.append(f"$ {command}\n{output}\nbut the page has\n{wanted}\n")
    return "\n".join(problems) or None


def _demo() -> str:
    """What ``make demo`` runs once all is set up."""
    command = ["make", "--dry-run", "--always-make", "demo", f"VENV={Path(sys.prefix)}"]
    # Not as a part of the make that may have started these tests: it would announce itself.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    recipe = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=True)
    return recipe.stdout.strip().splitlines()[-1]


def _alike(wanted: str, output: str) -> bool:
    pieces = [re.escape(_MEASURED.sub("#", piece)) for piece in wanted.split("…")]
    found = "\n".join(line.rstrip() for line in output.splitlines())
    return bool(re.fullmatch(".*?".join(pieces), _MEASURED.sub("#", found), re.DOTALL))


def _named(example: Example) -> str | None:
    """Commands that need a network, or minutes: what they name has to exist."""
    commands = [shlex.split(line, comments=True) for line in example.parsed.splitlines()]
    return "\n".join(problem for words in commands if words for problem in _missing(words)) or None


def _missing(words: list[str]) -> list[str]:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    if words[:2] == ["pip", "install"]:
        extras = [
            name for word in words for group in re.findall(r"\[(.+)\]", word) for name in group.split(",")
        ]
        return [
            f"no extra {name!r}" for name in extras if not re.search(rf"^{name} = \[", project, re.MULTILINE)
        ]
    if words[0] != "voxpress":
        return [f"{words[0]!r} is not known here"]
    command: Any = typer.main.get_command(cli.app)
    for word in words[1:]:
        if word.startswith("-"):
            if not any(word in [*each.opts, *each.secondary_opts] for each in command.params):
                return [f"{' '.join(words)}: no option {word}"]
        elif commands := getattr(command, "commands", {}):
            if word not in commands:
                return [f"{' '.join(words)}: no command {word}"]
            command = commands[word]
    return []


@pytest.fixture
def _no_longer() -> Iterator[None]:
    """A page that waits for what never comes fails."""

    def late(*_: object) -> None:
        raise TimeoutError(f"a page took more than {_LONGEST} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_LONGEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, become: Callable[..., None], _no_longer: None
) -> Iterator[Callable[[str], Page]]:
    """Opens a page of the repository, to be run where nothing has been rendered yet."""
    cores = _cores()
    if cores:
        # One worker loads a voice once; several would spend their time on that.
        mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % len(cores)
        os.sched_setaffinity(0, {cores[mine]})
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    # The program of this environment, an empty store, and a terminal of known width.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    become(tmp_path, monkeypatch, ("models", "environments"))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("VOXPRESS_STORE", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    yield lambda name: Page(ROOT / name)
    if cores:
        os.sched_setaffinity(0, cores)


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
