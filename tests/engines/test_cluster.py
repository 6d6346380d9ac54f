"""An engine in an environment of its own, on a Ray cluster of this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import voxpress
from voxpress.executors.ray import ClusterSettings, RayCluster

TEXTS = ("Your call is important to us.", "One moment, please.")


@pytest.mark.engines
def test_an_engine_in_an_environment_of_its_own_says_the_same_on_a_cluster(
    tiny: Callable[..., Path],
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    speaker = voxpress.Speaker(engine="outetts", model=str(tiny("outetts")))
    rows = [voxpress.Utterance(id=f"row{n}", text=text) for n, text in enumerate(TEXTS)]

    def render(place: str, cluster: RayCluster | None) -> list[bytes]:
        out = tmp_path / place
        results = list(
            voxpress.render(rows, out, store=tmp_path / f"{place}-store", speaker=speaker, executor=cluster)
        )
        assert not any(result.error for result in results)
        return [(out / f"row{n}.wav").read_bytes() for n in range(len(TEXTS))]

    here = render("here", None)
    with RayCluster("local", ClusterSettings(actors=1)) as cluster:
        assert render("there", cluster) == here
