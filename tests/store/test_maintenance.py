"""voxpress.store.maintenance: what a store holds, counted in little memory."""

from __future__ import annotations

import hashlib
import tracemalloc

import pytest

from voxpress.store.maintenance import Inventory, kind_of


def key(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def named(kind: str, number: int, extension: str = "") -> str:
    return f"{kind}/{key(number)[:2]}/{key(number)}{extension}"


def test_objects_of_one_key_are_one_thing() -> None:
    """A take goes with its verdict, a clip with its record, which is removed first; the last use counts."""
    inventory = Inventory()
    objects = [
        (named("clips", 1, ".wav"), 100, 5.0),
        (named("takes", 2), 30, 9.0),
        (named("clips", 1, ".json"), 10, 7.0),
        (named("verdicts", 2, ".json"), 3, 1.0),
        (named("verdicts", 3, ".json"), 2, 2.0),
    ]
    for each in objects:
        assert inventory.add(*each)
    alone, clip, take = inventory.things()
    assert (alone.kind, alone.whole, alone.size) == ("takes", False, 2)
    assert (clip.kind, clip.whole, clip.size, clip.used) == ("clips", True, 110, 7.0)
    assert clip.names == (named("clips", 1, ".json"), named("clips", 1, ".wav"))
    assert (take.kind, take.whole, take.size, take.used) == ("takes", True, 33, 9.0)
    assert inventory.size == 145


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        named("takes", 1, ".wav"),
        named("clips", 1),
        named("verdicts", 1),
        named("verdicts", 1, ".wav"),
        f"takes/00/{'f' * 64}",
        f"takes/ab/{'ab' * 31}",
        named("clips", 1, ".WAV"),
        named("others", 1),
        "../" + named("takes", 1),
    ],
)
def test_what_the_store_did_not_write_is_not_counted(name: str) -> None:
    inventory = Inventory()
    assert kind_of(name) is None and not inventory.add(name, 1, 1.0)
    assert list(inventory.things()) == [] and inventory.size == 0


def test_many_objects_take_little_memory() -> None:
    tracemalloc.start()
    inventory = Inventory()
    for number in range(100_000):
        inventory.add(named("clips", number // 2, (".json", ".wav")[number % 2]), 1000, float(number))
    count = sum(len(thing.names) for thing in inventory.things())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 100_000 and peak < 150 * 100_000
