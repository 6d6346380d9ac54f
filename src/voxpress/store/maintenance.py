"""What a store holds, in some fifty bytes an object: a million of them are counted and pruned in little memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from voxpress.audio.arrays import np
from voxpress.speech import Seconds

if TYPE_CHECKING:
    import numpy.typing as npt

_NAME = re.compile(
    r"(?P<kind>takes|clips|verdicts|marks|files)/(?P<two>[0-9a-f]{2})/(?P<key>(?P=two)[0-9a-f]{62})(?:\.(?P<extension>[a-z0-9]+))?"
)


_WITHOUT_FORMAT = frozenset((("takes", None), ("verdicts", "json"), ("files", None)))
_COUNTED_AS = {"takes": "takes", "verdicts": "takes", "clips": "clips", "marks": "clips", "files": "files"}


def kind_of(name: str) -> tuple[str, str | None] | None:
    """Folder and extension of an object that the store itself wrote; None for what else lies there, which is not its to
    count or to delete.

    >>> kind_of("takes/ab/" + "ab" * 32), kind_of("takes/ab/notes.txt")
    (('takes', None), None)
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    kind = found["kind"], found["extension"]
    known = kind in _WITHOUT_FORMAT or (kind[0] in ("clips", "marks") and kind[1])
    return kind if known else None


class Thing(NamedTuple):
    """A take with the verdict on it, a clip with its record, a file with marks, or a file for workers elsewhere."""

    kind: str
    """``takes``, ``clips`` or ``files``."""
    whole: bool
    """Whether it is there itself, and not only what belongs to it."""
    names: tuple[str, ...]
    """Of its objects, records first: a clip without one is only missing, a record without its clip would be broken."""
    size: int
    used: Seconds
    """Since the epoch, when it was last used."""


class Inventory:
    """The objects of a store, taken in one by one.

    >>> inventory = Inventory()
    >>> key = "ab" * 32
    >>> inventory.add(f"clips/ab/{key}.wav", 1000, 5.0), inventory.add(f"clips/ab/{key}.json", 10, 7.0)
    (True, True)
    >>> [(thing.kind, thing.whole, thing.size, thing.used) for thing in inventory.things()]
    [('clips', True, 1010, 7.0)]
    """

    def __init__(self) -> None:
        self.size = 0
        """Bytes of all of them."""
        self._keys = bytearray()
        self._sizes = array("q")
        self._used = array("d")
        self._codes = array("H")
        self._kinds: dict[tuple[str, str | None], int] = {}

    def add(self, name: str, size: int, used: Seconds) -> bool:
        """Take in an object; False for one that the store did not write."""
        kind = kind_of(name)
        if kind is None:
            return False
        self.size += size
        self._keys += bytes.fromhex(name.rpartition("/")[2][:64])
        self._sizes.append(size)
        self._used.append(used)
        self._codes.append(self._kinds.setdefault(kind, len(self._kinds)))
        return True

    def things(self) -> Iterator[Thing]:
        """What was taken in, the one that was used longest ago first."""
        if not self._sizes:
            return
        order, starts = self._group()
        used = np.maximum.reduceat(np.frombuffer(self._used, np.float64)[order], starts)
        ends = np.append(starts[1:], len(order))
        for group in np.argsort(used, kind="stable").tolist():
            yield self._thing(order[starts[group] : ends[group]].tolist(), float(used[group]))

    def _group(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The numbers of the objects by their keys, and where in them each key begins."""
        # Half of a key tells it from all others.
        keys = np.frombuffer(self._keys, np.uint64).reshape(-1, 4)[:, :2]
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        ordered = keys[order]
        new = np.any(ordered[1:] != ordered[:-1], axis=1)
        return order, np.concatenate(([0], np.flatnonzero(new) + 1))

    def _thing(self, numbers: list[int], used: Seconds) -> Thing:
        kinds = list(self._kinds)
        names: list[str] = []
        whole = False
        size = 0
        kind = ""
        for number in numbers:
            folder, extension = kinds[self._codes[number]]
            key = self._keys[32 * number : 32 * number + 32].hex()
            name = f"{folder}/{key[:2]}/{key}" + (f".{extension}" if extension else "")
            names.insert(0 if extension == "json" else len(names), name)
            whole = whole or folder in ("takes", "clips", "files")
            kind = _COUNTED_AS[folder]
            size += self._sizes[number]
        return Thing(kind, whole, tuple(names), size, used)
