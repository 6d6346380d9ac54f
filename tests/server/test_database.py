"""The folder of state belongs to one server, and outlives versions of voxpress."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from voxpress.errors import StoreError
from voxpress.server import keys
from voxpress.server.databases import STEPS, open_database

from .conftest import Start


def test_a_second_server_does_not_start_with_the_state_of_the_first(serve: Start) -> None:
    """Both would work on the same batches; a killed server leaves nothing that has to be removed."""
    first = serve()
    command = [sys.executable, "-P", "-m", "voxpress", "serve", "-e", "tone", "--port", "0"]
    command += ["--state", str(first.folder / "state"), "--store", str(first.folder / "other")]
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "another server uses" in second.stderr and "--state" in second.stderr
    first.process.kill()
    first.process.wait(60)
    assert serve().ask("GET", "/v1/models").status == 200


def test_the_state_of_an_older_version_is_taken_over(tmp_path: Path) -> None:
    """Its keys hold, and its webhooks are still to be sent."""
    old = sqlite3.connect(tmp_path / "server.db")
    old.executescript(STEPS[0])
    old.execute("INSERT INTO keys VALUES ('app', 'id', 'digest', 'speech', NULL, NULL, 100, 1)")
    old.execute("INSERT INTO deliveries VALUES ('msg_1', 'http://a.example/b', 'whsec_', x'7b7d', 0, 1.0, 1)")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    for _ in range(2):
        state = open_database(tmp_path)
        (key,) = keys.listed(state)
        assert (key.name, key.characters_per_day) == ("app", 100)
        assert state.do(lambda database: database.execute("SELECT id, key FROM deliveries").fetchall()) == [
            ("msg_1", "")
        ]
        state.close()


def test_the_state_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / "server.db")) as newer:
        newer.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    with pytest.raises(StoreError, match="newer version"):
        open_database(tmp_path)
