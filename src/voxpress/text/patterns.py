"""Regular expressions that are compiled when they are first used: most texts need few of them."""

from __future__ import annotations

import re
from typing import Any, cast


class _Pattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self._given = pattern, flags

    def __getattr__(self, name: str) -> Any:
        # The compiled pattern's own method stands here from now on, so that it is found at once.
        found = getattr(re.compile(*self._given), name)
        setattr(self, name, found)
        return found


def lazily(pattern: str, flags: int = 0) -> re.Pattern[str]:
    r"""A pattern that is compiled when it is first used.

    >>> lazily(r"\d+").findall("7 of 12")
    ['7', '12']
    """
    return cast("re.Pattern[str]", _Pattern(pattern, flags))
