"""voxpress.store.claims: one of many makes it, and one that died holds up nobody for long."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from voxpress.store import Store
from voxpress.store.claims import Claims


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store") if request.param == "folder" else "memory:")


def test_one_of_many_gets_a_claim(store: Store) -> None:
    """However many ask at once; each name has its own."""
    for name in ("ab/one", "rows/0-100", "a"):
        got: list[int] = []
        claims = [store.claims(str(number)) for number in range(16)]

        def ask(number: int, name: str = name, claims: list[Claims] = claims, got: list[int] = got) -> None:
            if claims[number].take(name):
                got.append(number)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1
        assert not any(claims[number].take(name) for number in range(16) if number != got[0])
        claims[got[0]].release(name)
        assert claims[(got[0] + 1) % 16].take(name)


def test_a_claim_that_is_renewed_holds_and_one_that_is_not_is_taken_over_by_one(store: Store) -> None:
    first, others = store.claims("first", 0.4), [store.claims(f"other{n}", 0.4) for n in range(3)]
    assert first.take("x")
    for _ in range(4):
        time.sleep(0.2)
        assert first.renew("x")
        assert not any(other.take("x") for other in others)
    time.sleep(0.5)
    assert [other.take("x") for other in others].count(True) == 1
    assert not first.renew("x")
    first.release("x")
    assert not store.claims("late", 0.4).take("x")


def test_its_own_claim_is_taken_again(store: Store) -> None:
    """A server that asked, and whose answer was lost on the way."""
    assert store.claims("same").take("x")
    assert store.claims("same").take("x")


def test_a_clock_that_is_wrong_holds_up_nobody_for_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, right = store.claims("ahead", 0.4), store.claims("right", 0.4)
    now = time.time
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: now() + 86400)
        assert ahead.take("x")
    assert not right.take("x")
    time.sleep(0.5)
    assert right.take("x")


def test_what_is_no_claim_is_replaced(store: Store) -> None:
    store._objects.put("claims/x", b"\xff nothing")
    assert store.claims("one").take("x")


def test_a_claim_of_a_killed_process_ends(tmp_path: Path) -> None:
    """In a folder that processes share."""
    program = (
        "import sys, time; from voxpress.store import Store\n"
        "print(Store(sys.argv[1]).claims('killed', 1.0).take('x'), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"True\n"
        claims = Store(str(tmp_path)).claims("other", 1.0)
        assert not claims.take("x")
        process.kill()
    began = time.monotonic()
    while not claims.take("x"):
        assert time.monotonic() - began < 5
        time.sleep(0.05)


def test_claims_are_no_part_of_what_a_store_holds(tmp_path: Path) -> None:
    """And pruning takes those that were left behind."""
    store = Store(str(tmp_path))
    for name in ("old", "new"):
        assert store.claims("one").take(name)
    os.utime(tmp_path / "claims" / "old", (1e9, 1e9))
    assert all(use.count == 0 and use.size == 0 for use in store.stats().values())
    assert list(store.verify()) == []
    assert store.prune(older_than=0).count == 0
    assert [path.name for path in (tmp_path / "claims").iterdir()] == ["new"]
