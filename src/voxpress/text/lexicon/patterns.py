"""Regular expressions of lexicons, run by RE2: their time grows with the text, whatever the pattern.

Python's own `re` can take for ever, and a lexicon may come from somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from voxpress.errors import InputError, show

Pattern: TypeAlias = Any
Found: TypeAlias = Any
"""RE2's own objects, which behave as those of `re`."""

INSTALL = "pip install 'voxpress[regex]'"
_MEMORY = 1 << 20
"""Bytes of a compiled pattern."""
LONGEST_MATCH = 200
"""Characters; a longer match does not count."""
_WINDOW, _STEP = 600, 400
"""Characters that a pattern sees at once, and after which it sees the next ones."""
_GROUP = re.compile(r"\\(\\|\d)")


def check_pattern(written: str, followed_by: str, case: str) -> int:
    """How many groups a pattern has.

    Raises:
        InputError: it is wrong, or finds what is nothing.
    """
    groups = 0
    if followed_by:
        compile_pattern(followed_by, ignores_case=False)
    if written:
        pattern = compile_pattern(written, ignores_case=case == "any")
        if pattern.fullmatch("") is not None:
            raise InputError(f"{show(written)} also matches where nothing stands", field="written")
        groups = pattern.groups
    return groups


def check_template(spoken: str, groups: int) -> None:
    r"""See that a spoken form names only groups that there are.

    >>> check_template(r"\1 by \2", 2)
    >>> check_template(r"\2", 1)
    Traceback (most recent call last):
    voxpress.errors.InputError: spoken: names group 2, and the pattern has 1
    """
    for name in _GROUP.findall(spoken):
        if name != "\\" and not 0 < int(name) <= groups:
            raise InputError(f"names group {name}, and the pattern has {groups}", field="spoken")


@lru_cache(maxsize=1024)
def compile_pattern(written: str, *, ignores_case: bool) -> Pattern:
    """A pattern, ready to be searched for.

    Raises:
        InputError: RE2 is not there, or the pattern is wrong.
    """
    try:
        import re2
    except ImportError as error:
        problem = f"{show(written)} is a regular expression, which needs google-re2: {INSTALL}"
        raise InputError(problem, field="written") from error
    options = re2.Options()
    options.max_mem, options.log_errors, options.case_sensitive = _MEMORY, False, not ignores_case
    try:
        return re2.compile(written, options)
    except re2.error as error:
        reason = (
            error.args[0].decode(errors="replace")
            if error.args and isinstance(error.args[0], bytes)
            else error
        )
        raise InputError(f"{show(written)} is no regular expression: {reason}", field="written") from error


def find_all(pattern: Pattern, text: str) -> Iterator[Found]:
    """The matches of a pattern in a text, in order."""
    if not text.isascii():
        text = text.encode(errors="replace").decode()  # half of a surrogate pair
    if len(text) <= _WINDOW:
        yield from (found for found in pattern.finditer(text) if _counts(*found.span()))
        return
    start = done = 0
    while start < len(text):
        limit = start + _STEP if start + _WINDOW < len(text) else len(text)
        # It begins behind a space, which it sees, so that no word seems to begin where it goes on.
        first = max(0, text.rfind(" ", max(0, start - 200), start))
        for found in pattern.finditer(text[first : start + _WINDOW]):
            moved = _Moved(found, first)
            if start <= moved.start < limit and moved.start >= done and _counts(*moved.span()):
                done = moved.end
                yield moved
        start = limit


def _counts(start: int, end: int) -> bool:
    return 0 < end - start <= LONGEST_MATCH


class _Moved:
    """A match in a piece of a text, as one in the whole."""

    def __init__(self, found: Found, by: int) -> None:
        self.found = found
        self.start, self.end = found.start() + by, found.end() + by

    def span(self) -> tuple[int, int]:
        return self.start, self.end

    def group(self, number: int) -> str | None:
        text: str | None = self.found.group(number)
        return text


def expand(spoken: str, found: Found) -> str:
    r"""A spoken form with what its groups found.

    >>> expand(r"\2, \1", re.match(r"(\d+)x(\d+)", "3x4"))
    '4, 3'
    """
    if "\\" not in spoken:
        return spoken
    said = _GROUP.sub(lambda name: "\\" if name[1] == "\\" else found.group(int(name[1])) or "", spoken)
    return " ".join(said.split())
