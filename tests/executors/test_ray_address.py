"""Addresses of Ray clusters at which nobody listens."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from voxpress.errors import InputError
from voxpress.executors.ray import RayCluster


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("127.0.0.1:1", "Connection refused"),
        ("ray://127.0.0.1:1", "Connection refused"),
        ("ray://[::1]:1", ""),
        ("ray://", "must have a host and a port"),
        ("ray://head", "must have a host and a port"),
        ("ray://head:x", "Port could not be cast"),
        ("ray://nobody.invalid:10001", ""),
    ],
)
@pytest.mark.parametrize("from_variable", [False, True])
def test_an_address_at_which_nobody_listens_is_told_at_once(
    address: str, problem: str, from_variable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray itself would ask again for many minutes."""
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", address if from_variable else "")
    with pytest.raises(InputError) as refused:
        RayCluster("" if from_variable else address)
    said = str(refused.value)
    assert said.startswith(f"no Ray cluster answers at {address}: ")
    assert said.count("no Ray cluster answers") == 1
    assert problem in said


@pytest.mark.parametrize("is_there", [True, False])
def test_a_cluster_of_this_machine_that_was_killed_is_not_looked_for(
    is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray keeps its address, and would ask for it for many minutes."""
    pytest.importorskip("ray")
    asked: list[str | None] = []
    monkeypatch.setattr("ray.init", lambda address, **_: asked.append(address))
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("ray.shutdown", lambda: None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1] if is_there else 1}"
        (tmp_path / "ray").mkdir()
        (tmp_path / "ray" / "ray_current_cluster").write_text(address)
        RayCluster().shutdown()
    assert asked == [None if is_there else "local"]
