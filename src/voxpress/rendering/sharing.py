"""Several renders into one place share the rows between them: none speaks what another one is at.

Rows are claimed in groups, by conditional writes in the store. A render sets aside what another one has claimed, and
looks again later: then it is finished, or its owner is gone and it is this render's.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from voxpress.errors import SpeechError, StoreError
from voxpress.rendering.assessment import Assessed
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.plan import Plan
from voxpress.speech import Seconds
from voxpress.store import Store

_log = logging.getLogger(__name__)

GROUP = 64
"""Rows that are claimed together."""
ROWS_EACH = 64
"""Rows for each worker."""
HELD: Seconds = 30.0
"""How long a claim outlives the render that made it."""
MOST_ASIDE = 64
"""Groups that may be set aside before no more rows are read."""
_AGAIN: Seconds = 2.0
"""Between two looks at what another render has claimed."""
_AT_ONCE = 8


class Alone:
    """All rows are this render's."""

    waiting = False
    """Whether rows are set aside."""
    is_full = False
    """Whether more rows are to be read only when some that are set aside are done."""

    def choose(self, found: Sequence[Assessed]) -> Sequence[Assessed]:
        """Those that are done, or claimed now; the others are set aside."""
        return found

    def take_back(self) -> Sequence[Plan]:
        """The plans of a group that was set aside a while ago, to be assessed and chosen again."""
        return ()

    def finish(self, number: int) -> None:
        """A row has its result."""

    def tell(self) -> None:
        """There is nothing else to do than to wait for others."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        """Nothing is claimed."""


def share(store: Store, folder: OutputFolder | None, workers: int) -> Alone:
    """Who of several renders into a folder does what; where only one can be at work, it does all."""
    if folder is None or not folder.is_common:
        return Alone()
    return Shares(store, folder.name, most=max(GROUP, ROWS_EACH * workers))


class Shares(Alone):
    """The rows of one of several renders: those that it has claimed, and those that it has set aside.

    Args:
        place: where the files go: renders with another one share nothing.
        most: rows that may be claimed, after which no others are: the other renders want some too.

    Every method raises StoreError where the store cannot be reached, read or written.
    """

    def __init__(self, store: Store, place: str, most: int) -> None:
        self._most = most
        owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._claims = store.claims(owner, HELD)
        self._where, self._told = place, False
        self._place = hashlib.sha256(place.encode()).hexdigest()[:32]
        self._open: dict[int, set[int]] = {}
        """Rows of each claimed group that have no result yet."""
        self._claimed: set[int] = set()
        """Groups whose claims are this render's, a moment before their rows are."""
        self._aside: dict[int, list[Plan]] = {}
        self._looked: dict[int, float] = {}
        self._requests = ThreadPoolExecutor(_AT_ONCE, "voxpress-claims")
        self._turn = threading.Lock()
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, daemon=True)
        self._renewing.start()

    @property
    def waiting(self) -> bool:  # type: ignore[override]
        return bool(self._aside)

    @property
    def is_full(self) -> bool:  # type: ignore[override]
        return len(self._aside) >= MOST_ASIDE or self._is_busy

    @property
    def _is_busy(self) -> bool:
        return sum(map(len, self._open.values())) >= self._most

    def choose(self, found: Sequence[Assessed]) -> Sequence[Assessed]:
        groups: dict[int, list[Assessed]] = defaultdict(list)
        chosen = []
        for each in found:
            if each.standing is not None:
                chosen.append(each)
            else:
                groups[each.plan.number // GROUP].append(each)
        for group, mine in zip(groups, self._requests.map(self._take, groups), strict=True):
            if mine:
                self._open.setdefault(group, set()).update(each.plan.number for each in groups[group])
                chosen += groups[group]
            else:
                self._aside.setdefault(group, []).extend(each.plan for each in groups[group])
                self._looked.setdefault(group, time.monotonic())
        return chosen

    def take_back(self) -> Sequence[Plan]:
        oldest = next(iter(self._aside), None)
        if oldest is None or self._is_busy or time.monotonic() - self._looked[oldest] < _AGAIN:
            return ()
        del self._looked[oldest]
        return self._aside.pop(oldest)

    def finish(self, number: int) -> None:
        group = number // GROUP
        mine = self._open.get(group, set())
        mine.discard(number)
        if not mine and self._open.pop(group, None) is not None:
            self._requests.submit(self._release, group)

    def tell(self) -> None:
        if not self._told:
            self._told = True
            count = sum(map(len, self._aside.values()))
            _log.warning("another render is at work in %s: %d rows wait for it", self._where, count)

    def close(self, *, release: bool = True) -> None:
        """End; what is claimed is given back, or is free after `HELD`."""
        self._ended.set()
        self._requests.shutdown(wait=release)
        # Where Ctrl-C came while groups were claimed, more are claimed than have rows.
        for group in tuple(self._claimed) if release else ():
            self._release(group)

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        # After an error of the store, it would be waited for.
        self.close(release=kind is None or not issubclass(kind, SpeechError))

    def _name(self, group: int) -> str:
        return f"render-{self._place}-{group}"

    def _take(self, group: int) -> bool:
        if group in self._open:
            return True
        if self._claims.take(self._name(group)):
            self._claimed.add(group)
            return True
        return False

    def _release(self, group: int) -> None:
        with self._turn, suppress(StoreError):
            self._claims.release(self._name(group))
            self._claimed.discard(group)

    def _renew(self) -> None:
        while not self._ended.wait(HELD / 3):
            for group in list(self._open):
                # A claim that is not renewed costs no more than work that is done twice.
                with self._turn, suppress(StoreError):
                    if group in self._open:
                        self._claims.renew(self._name(group))
