"""What the tests of publications share."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from voxpress.cli import main


@dataclass
class Done:
    said: str
    warned: str


Run = Callable[..., Done]


@pytest.fixture
def voxpress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any) -> Run:
    """Runs ``voxpress … -e tone -w 0`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VOXPRESS_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(
        *arguments: object, status: int = 0, stdin: str = "", more: Sequence[str] = ("-e", "tone", "-w", "0")
    ) -> Done:
        given = [*map(str, arguments), *more]
        monkeypatch.setattr(sys, "argv", ["voxpress", *given])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        done = Done(*(text.decode() for text in capfdbinary.readouterr()))
        assert ended.value.code == status, done.warned + done.said
        return done

    return run
