"""Graphs that are rewritten and optimised once, and kept."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from voxpress.engines._onnx import rewriting, runtime, sessions  # noqa: E402
from voxpress.errors import EngineError, ModelUnavailable, UnsupportedOption  # noqa: E402
from voxpress.models import catalogue  # noqa: E402

WEIGHT = np.random.default_rng(0).standard_normal((64, 64), np.float32)
GIVEN = np.random.default_rng(1).standard_normal((2, 64), np.float32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written to the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A model of a matrix product and a tanh."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Tanh", ["m"], ["y"])],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(WEIGHT, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "weights").mkdir()
    onnx.save(model, tmp_path / "weights" / "voice.onnx")
    return tmp_path / "weights" / "voice.onnx"


def rewritten(source: Path) -> Any:
    """Leaves a trace of each time that it is called."""
    if (calls := source.parent / "calls").is_dir():
        tempfile.mkdtemp(dir=calls)
    return rewriting.read(source)


def spoken(source: Path) -> Any:
    (found,) = sessions.session(source, rewritten, "cpu").run(None, {"x": GIVEN})
    return found


def kept(source: Path) -> list[Path]:
    place = source.parent / catalogue.KEPT
    return sorted(path for path in place.iterdir() if path.name != ".lock") if place.is_dir() else []


def test_a_graph_is_made_once_and_gives_the_same_as_it_comes(source: Path) -> None:
    (source.parent / "calls").mkdir()
    sessions.prepare(source, rewritten)
    (expected,) = runtime.session(source).run(None, {"x": GIVEN})
    for _ in range(3):
        assert np.array_equal(spoken(source), expected)
    (folder,) = kept(source)
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "weights.bin"}
    assert len(list((source.parent / "calls").iterdir())) == 1


def test_other_weights_are_another_graph(source: Path) -> None:
    before = spoken(source)
    model = rewriting.read(source)
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(WEIGHT * 2, "w"))
    onnx.save(model, source)
    assert not np.array_equal(spoken(source), before)
    assert len(kept(source)) == 2


def test_another_machine_has_a_graph_of_its_own(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may not have the instructions that this one's is made for."""
    before = spoken(source)
    monkeypatch.setattr(sessions, "_machine_digest", lambda: "01234567")
    assert np.array_equal(spoken(source), before)
    assert len(kept(source)) == 2


@pytest.mark.parametrize("damage", ["no weights", "short weights", "no graph", "half a graph", "nothing"])
def test_what_is_broken_is_made_again(source: Path, damage: str) -> None:
    before = spoken(source)
    (folder,) = kept(source)
    graph, weights = folder / "model.onnx", folder / "weights.bin"
    match damage:
        case "no weights":
            weights.unlink()
        case "short weights":
            weights.write_bytes(weights.read_bytes()[:100])
        case "no graph":
            graph.unlink()
        case "half a graph":
            graph.write_bytes(graph.read_bytes()[: graph.stat().st_size // 2])
        case "nothing":
            graph.write_bytes(b"")
            weights.write_bytes(b"")
    assert np.array_equal(spoken(source), before)
    assert {path.name for path in folder.iterdir()} == {"model.onnx", "weights.bin"}


def test_a_graph_that_cannot_be_optimised_is_kept_as_it_is(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail

    def refused(*_: object) -> None:
        raise Fail("not this one")

    monkeypatch.setattr(runtime, "optimise", refused)
    (expected,) = runtime.session(source).run(None, {"x": GIVEN})
    assert np.array_equal(spoken(source), expected)
    (folder,) = kept(source)
    assert [path.name for path in folder.iterdir()] == ["plain.onnx"]


def test_where_the_weights_cannot_be_written(source: Path, tmp_path: Path) -> None:
    """A folder of the user's own, and an error where that is not there either."""
    (source.parent / catalogue.KEPT).touch()
    spoken(source)
    place = tmp_path / "cache" / "voxpress" / "prepared"
    assert len([path for path in place.iterdir() if path.is_dir()]) == 1
    place.rename(tmp_path / "gone")
    place.touch()
    with pytest.raises(ModelUnavailable, match=r"cannot keep the prepared voice\.onnx"):
        spoken(source)


@pytest.mark.parametrize("content", [b"", b"no model", bytes(1000)])
def test_what_is_no_model(source: Path, content: bytes) -> None:
    def strict(source: Path) -> Any:
        raise ValueError("it has no nodes")

    source.write_bytes(content)
    with pytest.raises(ModelUnavailable, match="is not a model of this kind: it has no nodes"):
        sessions.prepare(source, strict)
    assert kept(source) == []


def speak_in_turn(source: Path, cache: Path, queue: multiprocessing.Queue[bytes]) -> None:
    os.environ["XDG_CACHE_HOME"] = str(cache)
    queue.put(spoken(source).tobytes())


def test_workers_at_once(source: Path, tmp_path: Path) -> None:
    """One makes it, the others wait."""
    (source.parent / "calls").mkdir()
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[bytes] = context.Queue()
    workers = [
        context.Process(target=speak_in_turn, args=(source, tmp_path / "cache", queue)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    assert len({queue.get(timeout=60) for _ in workers}) == 1
    for worker in workers:
        worker.join()
    assert len(list((source.parent / "calls").iterdir())) == 1
    assert len(kept(source)) == 1


def endless(source: Path) -> Any:
    class Never:
        def SerializeToString(self) -> bytes:  # noqa: N802
            (source.parent / "begun").touch()
            time.sleep(60)
            return b""

    return Never()


def test_a_killed_preparation_leaves_nothing_for_long(source: Path, tmp_path: Path) -> None:
    """What it had begun goes when somebody makes it again; what other versions left in their way goes too."""
    worker = multiprocessing.get_context("fork").Process(target=sessions.prepare, args=(source, endless))
    worker.start()
    while not (source.parent / "begun").exists():
        time.sleep(0.01)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    (partial,) = kept(source)
    (partial / "weights.bin").write_bytes(bytes(1000))
    former = source.parent / catalogue.KEPT / f".{'0' * 32}-{'1' * 8}.onnx.x7y8z9"
    former.write_bytes(bytes(1000))
    spoken(source)
    assert not partial.exists() and not former.exists() and len(kept(source)) == 1


def test_what_nobody_used_for_a_month_goes_when_another_is_made(source: Path) -> None:
    """What is used stays, and so does what is not ours."""
    place = source.parent / catalogue.KEPT
    place.mkdir()
    old, recent, foreign = (
        place / f"{'0' * 32}-{'1' * 8}.onnx",
        place / f"{'2' * 32}-{'3' * 8}",
        place / "notes",
    )
    for each in (old, foreign):
        each.touch()
        os.utime(each, (0, 0))
    recent.mkdir()
    spoken(source)
    assert not old.exists() and recent.exists() and foreign.exists()
    used = next(path for path in kept(source) if len(path.name) > 45)
    os.utime(used, (0, 0))
    spoken(source)
    assert time.time() - used.stat().st_mtime < 60


@pytest.mark.parametrize(
    ("device", "error"),
    [("cuda", EngineError), ("cuda:7", EngineError), ("mps", UnsupportedOption), ("gpu", UnsupportedOption)],
)
def test_no_other_device_in_its_place(source: Path, device: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        sessions.session(source, rewritten, device)
