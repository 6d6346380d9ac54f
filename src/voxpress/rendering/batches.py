"""Items in batches, where a batch is quicker than its items one by one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from voxpress.speech import Seconds

T = TypeVar("T")

_PATIENCE: Seconds = 0.1
"""How long items are gathered before those that are here are given."""


class Batches(Generic[T]):
    """Batches that grow while items come quickly: nobody waits for a program that writes them one by one.

    Args:
        known: all items exist already, and none has to be waited for.
        most: items of one batch.

    >>> list(Batches("abcdefgh", known=False, most=4))
    [['a'], ['b', 'c'], ['d', 'e', 'f', 'g'], ['h']]
    """

    def __init__(self, items: Iterable[T], *, known: bool, most: int) -> None:
        self._items = iter(items)
        self._most = most
        self._size = most if known else 1
        self.more = True
        """There may be another batch."""

    def __iter__(self) -> Iterator[list[T]]:
        while batch := self.take():
            yield batch

    def take(self) -> list[T]:
        """The next batch; empty at the end."""
        end = time.monotonic() + _PATIENCE
        batch: list[T] = []
        for item in self._items:
            batch.append(item)
            if len(batch) == self._size or time.monotonic() > end:
                break
        self.more = bool(batch)
        self._size = 1 if time.monotonic() > end else min(2 * self._size, self._most)
        return batch
