"""The folder of state belongs to one server."""

from __future__ import annotations

import subprocess
import sys

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
