"""What workers on other machines need reaches them through the store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest

from voxpress import Speaker, Utterance, render
from voxpress.audio import codec, waveform
from voxpress.engines import Engine
from voxpress.engines.tone import Tone
from voxpress.errors import InputError, NodeLost, StoreError
from voxpress.executors import Cluster, Inline, Processes, TaskInfo
from voxpress.files import home
from voxpress.models import catalogue
from voxpress.rendering import parcels
from voxpress.rendering.folders import open_folder
from voxpress.rendering.library import run
from voxpress.rendering.parcels import RemoteTask, Sender, unpack
from voxpress.rendering.planner import Planner
from voxpress.speech import Output
from voxpress.store import Store


class Near(Cluster):
    """Machines of a cluster that are this one."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    @property
    def finishing(self) -> Executor:
        return self._executor

    @property
    def listening(self) -> Executor:
        return self._executor

    def speaking(self, engine: Engine) -> Executor:
        return self._executor


class Weighty(Tone):
    """An engine with weights."""

    def weights(self) -> tuple[str, ...]:
        return (self.model,) if self.model else ()


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Another user, whose processes have unpacked nothing yet."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    unpack.cache_clear()
    parcels._own_home.cache_clear()
    yield
    unpack.cache_clear()
    parcels._own_home.cache_clear()


def make_weights(folder: Path) -> Path:
    (folder / "voices").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"weights")
    (folder / "config.json").write_bytes(b"{}")
    (folder / "voices" / "ann.bin").write_bytes(b"ann")
    (folder / "other.onnx").write_bytes(b"another model")
    return folder


def list_files(folder: Path) -> list[str]:
    return sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())


@pytest.mark.parametrize(
    ("model", "files"),
    [
        ("", ["config.json", "model.onnx", "other.onnx", "voices/ann.bin"]),
        ("model.onnx", ["config.json", "model.onnx", "voices/ann.bin"]),
    ],
)
def test_weights_at_a_path_are_found_at_the_same_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, files: list[str]
) -> None:
    path = make_weights(tmp_path / "weights") / model
    store = Store("memory:")
    sent = Sender(store).send(Weighty(str(path)))
    place = unpack(sent, store)
    monkeypatch.setenv("XDG_DATA_HOME", str(place))
    found = catalogue.locate(str(path))
    assert found.is_relative_to(place)
    assert list_files(found if found.is_dir() else found.parent) == files


def test_a_machine_fetches_a_file_once(tmp_path: Path) -> None:
    store = Store("memory:")
    folder = make_weights(tmp_path / "weights")
    sent = Sender(store).send(Weighty(str(folder)))
    unpack(sent, store)
    for file in sent.files:
        store.drop_file(file.sha256)
    more = Sender(Store("memory:")).send(Weighty(str(folder / "model.onnx")))
    assert list_files(unpack(more, store))


def test_what_its_user_has_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("memory:")
    own = home.data("models", "mine")
    make_weights(own)
    sent = Sender(store).send(Weighty(str(own)))
    for file in sent.files:
        store.drop_file(file.sha256)
    assert "model.onnx" in {Path(name).name for name in list_files(unpack(sent, store))}


@pytest.mark.parametrize("fault", ["gone", "broken"])
def test_a_file_that_cannot_be_fetched_is_the_machines_loss(tmp_path: Path, fault: str) -> None:
    store = Store(tmp_path / "store")
    sent = Sender(store).send(Weighty(str(make_weights(tmp_path / "weights"))))
    lent = next((tmp_path / "store" / "files").rglob(sent.files[0].sha256))
    lent.unlink() if fault == "gone" else lent.write_bytes(b"something else")
    with pytest.raises(NodeLost, match=r"does not have .* any more, or it is broken"):
        RemoteTask(sent, store, dict, TaskInfo())()


def test_a_cache_that_cannot_be_written_has_a_substitute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store("memory:")
    sent = Sender(store).send(Weighty(str(make_weights(tmp_path / "weights"))))
    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_bytes(b"a file in the place of the folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert list_files(unpack(sent, store))


@pytest.mark.parametrize("processes", [False, True])
def test_a_render_with_sounds_is_the_same_as_here(tmp_path: Path, processes: bool) -> None:
    ding = codec.encode(waveform.tone([440.0], 0.2, 8000), Output())
    (tmp_path / "ding.wav").write_bytes(ding)
    rows = [
        Utterance(id=f"r{n}", text=f"<speak>Row {n}. <audio src='ding.wav'/> End.</speak>", markup="ssml")
        for n in range(9)
    ]
    executor = Processes(1) if processes else Inline()
    before = os.environ["XDG_DATA_HOME"]

    def make(name: str, cluster: Cluster | None = None) -> list[str]:
        """What is wrong with each row."""
        place = tmp_path / name
        results = render(
            rows,
            place / "out",
            engine="tone",
            beside=tmp_path,
            store=place / "store",
            executor=cluster,
            workers=0,
        )
        return [each.error for each in results]

    with executor:
        assert make("far", Near(executor)) == [""] * 9
    assert (os.environ["XDG_DATA_HOME"] == before) == processes
    os.environ["XDG_DATA_HOME"] = before
    assert make("near") == [""] * 9
    for row in rows:
        far, near = (tmp_path / name / "out" / f"{row.id}.wav" for name in ("far", "near"))
        assert far.read_bytes() == near.read_bytes()


@pytest.mark.parametrize(("folder", "store"), [("memory:///x", "store"), ("out", "memory:")])
def test_a_cluster_does_nothing_with_what_only_the_driver_sees(
    folder: str, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command's own path to a render, too."""
    monkeypatch.chdir(tmp_path)
    plans = Planner(Speaker(engine="tone")).plan_all([Utterance(id="hi", text="Hello.")], filed=True)
    results = run(plans, store=Store(store), folder=open_folder(folder), executor=Near(Inline()))
    with pytest.raises(InputError, match=r"its workers cannot see a (folder|store) in memory"):
        list(results)


def test_workers_that_do_not_see_the_store_are_told_of(tmp_path: Path) -> None:
    class Elsewhere(Inline):
        """Its workers find an empty folder where the store is."""

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            theirs = (Store(tmp_path / "theirs") if isinstance(each, Store) else each for each in args)
            return super().submit(fn, *theirs, **kwargs)

    rows = [Utterance(id="hi", text="Hello.")]
    with pytest.raises(StoreError, match=r"the machines of the cluster do not see the store file://.*/ours"):
        render(
            rows, tmp_path / "out", engine="tone", store=tmp_path / "ours", executor=Near(Elsewhere())
        ).run()
