"""voxpress.store.backends: whole objects in a folder, in memory and on S3, and what is said when a place fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import voxpress
from tests.seaweed import MissingBucket, SeaweedFS
from voxpress.errors import StoreError
from voxpress.store import Store
from voxpress.store.backends import LocalObjects, Objects, RemoteObjects, connect, explain

TEXT = "Welcome to the house of sound. Please hold while I find somebody for you."


@pytest.fixture(params=["folder", "memory"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    """The same behaviour is wanted of each place."""
    return (
        LocalObjects(str(tmp_path / "objects")) if request.param == "folder" else RemoteObjects("memory:///")
    )


def test_an_object_comes_back_whole_until_it_is_deleted(objects: Objects) -> None:
    """Put, get, put again, delete; deleting twice is no error."""
    assert objects.get("takes/ab/one") is None
    objects.put("takes/ab/one", b"first")
    objects.put("takes/ab/one", b"second, and longer")
    objects.put("takes/ab/empty", b"")
    assert objects.get("takes/ab/one") == b"second, and longer"
    assert objects.get("takes/ab/empty") == b""
    objects.delete("takes/ab/one")
    objects.delete("takes/ab/one")
    assert objects.get("takes/ab/one") is None


def test_objects_are_listed_with_size_and_time(objects: Objects) -> None:
    """All of them, once, and nothing in an empty place."""
    assert list(objects.entries()) == []
    began = time.time()
    for n in range(20):
        objects.put(f"clips/{n % 3:02}/{n}", b"x" * n)
    found = {entry.name: entry for entry in objects.entries()}
    assert {name: entry.size for name, entry in found.items()} == {
        f"clips/{n % 3:02}/{n}": n for n in range(20)
    }
    assert all(began - 5 < entry.used < time.time() + 5 for entry in found.values())


def test_what_is_missing_is_told_for_many_at_once(objects: Objects) -> None:
    """Any number of names, none among them."""
    for n in range(0, 100, 2):
        objects.put(f"takes/{n}", b"x")
    assert objects.missing([f"takes/{n}" for n in range(100)]) == {f"takes/{n}" for n in range(1, 100, 2)}
    assert objects.missing([]) == set()


def test_looking_counts_as_use_where_uses_are_noted(tmp_path: Path) -> None:
    """In a folder, what is asked for by name is as if written now, so that prune takes others first."""
    objects = LocalObjects(str(tmp_path))
    for name in ("asked", "forgotten"):
        objects.put(name, b"x")
        os.utime(tmp_path / name, (1e9, 1e9))
    objects.missing(["asked"])
    used = {entry.name: entry.used for entry in objects.entries()}
    assert used["forgotten"] == 1e9
    assert used["asked"] > time.time() - 60


def test_a_write_is_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    """A reader in another process never sees a part of a large object that is replaced again and again."""
    program = (
        "import sys; from voxpress.store.backends import LocalObjects; objects = LocalObjects(sys.argv[1])\n"
        "for n in range(60): objects.put('takes/ab/one', bytes([n]) * 2_000_000)"
    )
    objects = LocalObjects(str(tmp_path))
    objects.put("takes/ab/one", bytes(2_000_000))
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) as writer:
        while writer.poll() is None:
            data = objects.get("takes/ab/one")
            assert data is not None
            assert len(data) == 2_000_000 and data == data[:1] * len(data)
    assert writer.returncode == 0
    assert [entry.name for entry in objects.entries()] == ["takes/ab/one"]


def test_an_error_names_the_path_and_the_reason(tmp_path: Path) -> None:
    """A file in place of the whole store: one line, no traceback of the system."""
    objects = LocalObjects(str(tmp_path / "store"))
    (tmp_path / "store").write_text("no folder")
    with pytest.raises(
        StoreError, match=f"cannot write {tmp_path}/store/takes/ab: (Not a directory|File exists)"
    ):
        objects.put("takes/ab", b"x")


@pytest.mark.parametrize(
    "oddity",
    [
        "folder",
        "full folder",
        "link loop",
        "dangling link",
        "pipe",
        "parent is a file",
        "parent is a link loop",
    ],
)
def test_what_is_no_object_is_a_miss_and_is_replaced(tmp_path: Path, oddity: str) -> None:
    """Nothing waits, nothing stops, and what was there is moved aside where it holds something."""
    objects = LocalObjects(str(tmp_path))
    place = tmp_path / "takes" / "ab" / "one"
    if oddity.startswith("parent"):
        place = place.parent
    place.parent.mkdir(parents=True)
    match oddity:
        case "folder":
            place.mkdir()
        case "full folder":
            place.mkdir()
            (place / "theirs").write_text("theirs")
        case "dangling link":
            place.symlink_to("nowhere")
        case "pipe":
            os.mkfifo(place)
        case "parent is a file":
            place.write_text("theirs")
        case _:
            place.symlink_to(place)
    assert not objects.get("takes/ab/one")
    assert not objects.head("takes/ab/one", 2)
    assert "takes/ab/one" not in [entry.name for entry in objects.entries()]
    objects.put("takes/ab/one", b"data")
    assert objects.get("takes/ab/one") == b"data"
    assert not list((tmp_path / "staging").iterdir())
    assert oddity not in ("full folder", "parent is a file") or "theirs" in [
        path.read_text() for path in tmp_path.rglob("*") if path.is_file()
    ]


def test_objects_can_be_synced(tmp_path: Path) -> None:
    """A store that is there, and one that is not there yet."""
    LocalObjects(str(tmp_path / "none")).sync()
    objects = LocalObjects(str(tmp_path))
    objects.put("takes/ab/one", b"data")
    objects.sync()
    assert objects.get("takes/ab/one") == b"data"


def test_a_bucket_without_a_name_is_one_clear_error() -> None:
    """What the library cannot open is said in one line that names the store."""
    with pytest.raises(StoreError, match="the store s3:") as problem:
        Store("s3://").take("ab" * 32)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("s3:///x", "a URL with a bucket"),
        ("s3:x", "a URL with a bucket"),
        ("s3://b/a/../c", "its prefix has an empty part, '.' or '..'"),
        ("s3://b/a//c", "its prefix has an empty part"),
        ("s3://b/./c", "its prefix has an empty part"),
        ("gs://b/x?project=y", "holds '?'"),
        ("az://c/x#1", "holds '#'"),
        ("s3://key:secret@b/x", "s3://…@b/x: credentials belong into variables"),
    ],
)
def test_a_url_of_which_a_part_would_be_left_out_is_refused(url: str, problem: str) -> None:
    with pytest.raises(StoreError, match=re.escape(problem)):
        connect_to(url)


@pytest.mark.parametrize("prefix", ["per%20cent", "100%", "%2E%2E", "with space", "ünï", "a+b&c"])
def test_a_prefix_is_what_the_user_wrote(prefix: str) -> None:
    assert str(connect_to(f"s3://bucket/{prefix}").prefix) == prefix


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("garbage", "AWS_ENDPOINT is 'garbage', not an http:// or https:// URL"),
        ("127.0.0.1:9000", "not an http:// or https:// URL"),
        ("http://", "not an http:// or https:// URL"),
        ("http://127.0.0.1:9000", "allow it with AWS_ALLOW_HTTP=true"),
    ],
)
def test_a_wrong_address_of_the_service_is_named(
    address: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT", address)
    monkeypatch.delenv("AWS_ALLOW_HTTP", raising=False)
    with pytest.raises(StoreError, match=re.escape(problem)):
        connect_to("s3://bucket/prefix")


def connect_to(url: str) -> Any:
    with explain(f"open {url}"):
        return connect(url)


# S3


def voxpress_command(*args: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "voxpress", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.s3
def test_a_store_on_s3_does_all_that_a_folder_does(seaweed: SeaweedFS, tmp_path: Path) -> None:
    """Two workers, nothing spoken twice, damage healed, care, and one clear error when the server is gone."""
    url = "s3://voices/prompts/en"
    rows = "".join(f"{n},Prompt number {n} of the pack says a thing of its own.\n" for n in range(30))
    (tmp_path / "prompts.csv").write_text("id,text\n" + rows)
    render = ("render", tmp_path / "prompts.csv", "-e", "tone", "--store", url, "--workers", "2")
    first = voxpress_command(*render, "-o", tmp_path / "one")
    assert first.returncode == 0, first.stderr
    assert "30 segments spoken" in first.stdout
    second = voxpress_command(*render, "-o", tmp_path / "two")
    assert second.returncode == 0, second.stderr
    assert "0 segments spoken" in second.stdout and "30 from the store" in second.stdout
    files = sorted(path.name for path in (tmp_path / "one").glob("*.wav"))
    assert len(files) == 30
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()

    store = Store(url)
    stats = store.stats()
    assert (stats["takes"].count, stats["clips"].count) == (30, 30)
    assert list(store.verify()) == []
    # Truncated behind its back: healed, and the same as before.
    whole = voxpress.say(TEXT, engine="tone", store=url)
    raw = RemoteObjects(url)
    damaged = [entry.name for entry in raw.entries()]
    assert not any(name.startswith("prompts") for name in damaged)
    for name in damaged:
        data = raw.get(name)
        assert data is not None
        raw.put(name, data[: len(data) // 2])
    assert voxpress.say(TEXT, engine="tone", store=url).data == whole.data
    assert len(list(store.verify())) >= 50
    assert list(store.verify()) == []
    third = voxpress_command(*render, "-o", tmp_path / "three")
    assert third.returncode == 0, third.stderr
    for name in files:
        assert (tmp_path / "three" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()
    # Written within the hour: stays.
    assert store.prune(max_bytes=0).count == 0

    wrong = subprocess.run(
        [sys.executable, "-m", "voxpress", "store", "stats", "--store", url],
        env={**os.environ, "AWS_SECRET_ACCESS_KEY": "wrong"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert wrong.returncode == 1
    assert len(wrong.stderr.splitlines()) == 1 and url in wrong.stderr

    seaweed.stop()
    began = time.monotonic()
    gone = voxpress_command(*render, "-o", tmp_path / "four")
    assert gone.returncode == 1
    assert len(gone.stderr.splitlines()) == 1, gone.stderr
    assert f"the store {url}" in gone.stderr
    assert time.monotonic() - began < 60


def test_a_bucket_that_nobody_made_is_an_error_and_no_answer(missing_bucket: MissingBucket) -> None:
    """Who would take it for "somebody else has made that object" would wait for them for ever."""
    objects = RemoteObjects("s3://speech/store")
    for write in (lambda: objects.create("claims/one", b"x"), lambda: objects.put("clips/one", b"x")):
        with pytest.raises(StoreError, match=r"cannot write c.* to the store s3://speech/store: "):
            write()
    store = Store("s3://speech/store")
    with pytest.raises(StoreError, match="bucket does not exist"):
        store.require()
    with pytest.raises(StoreError):
        store.claims("one").take("prompt")
    missing_bucket.make()
    store.require()


def test_a_library_is_imported_before_threads_use_it() -> None:
    """The first look-ups of a process come from many threads, which must not meet it half imported."""
    program = (
        "import sys\n"
        "from voxpress.store.backends import RemoteObjects\n"
        "def there(): return {name for name in sys.modules if name.startswith('obstore')}\n"
        "objects = RemoteObjects('memory:///')\n"
        "before = there()\n"
        "assert len(objects.missing(map(str, range(64)))) == 64\n"
        "assert there() == before, there() - before\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
