"""What a receiving system demands of the names of files, as data: presets hold it, and checks of packs read it."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from voxpress.errors import InputError, show

ABOUT_NAMES = "the file's "
"""How problems of names begin."""


class NameRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one demand is. A limit that is None does not hold.

    >>> rule = NameRule(folder="SYSTEM", longest=8, because="the radio reads eight")
    >>> [each.problem for each in Names([rule]).check("SYSTEM/telemetry.wav")]
    ["the file's name in the folder SYSTEM has more than 8 characters: the radio reads eight"]

    Raises:
        InputError: `characters` is no set of characters.
    """

    folder: str | None = None
    """Where it holds; an empty string: outside all folders; None: everywhere."""
    longest: int | None = None
    """Characters of the name without its folder and extension."""
    longest_path: int | None = None
    """Characters of the path from the output folder, with the extension."""
    deepest: int | None = None
    """Folders in the path; 0: none."""
    characters: str = ""
    """Those that the path without its extension can have, as between the brackets of a regular expression; folders
    are separated by ``/`` all the same."""
    most_files: int | None = None
    """In one folder."""
    advice: bool = False
    """Whether a file that breaks the rule is made all the same, with a note."""
    because: str = ""
    """Why, for messages."""

    def __post_init__(self) -> None:
        try:
            re.compile(f"[/{self.characters}]*")
        except re.error as error:
            raise InputError(
                f"must be characters as in brackets of a regular expression, such as 'a-z0-9_-', not"
                f" {show(self.characters)}",
                field="characters",
            ) from error
        for name in ("longest", "longest_path", "most_files"):
            limit = getattr(self, name)
            if limit is not None and limit < 1:
                raise InputError(f"must be a whole number above 0, not {limit}", field=name)
        if self.deepest is not None and self.deepest < 0:
            raise InputError(f"must be a whole number, 0 or more, not {self.deepest}", field="deepest")


class BrokenRule(NamedTuple):
    """A demand that a file's name does not meet."""

    rule: NameRule
    problem: str


class Names:
    """Checks the names of files one after the other, and counts them.

    >>> names = Names([NameRule(most_files=1)])
    >>> names.check("a.wav"), len(names.check("b.wav")), names.check("more/c.wav")
    ([], 1, [])
    """

    def __init__(self, rules: Sequence[NameRule]) -> None:
        self._rules = rules
        self._counts: Counter[str] = Counter()

    def check(self, path: str) -> list[BrokenRule]:
        """The rules that the next file breaks.

        Args:
            path: relative to the output folder, with ``/`` between folders.
        """
        stem = os.path.splitext(path)[0]
        folder, _, name = stem.rpartition("/")
        self._counts[folder] += 1
        broken = []
        for rule in self._rules:
            if rule.folder is not None and rule.folder != folder:
                continue
            if problem := _find_problem(rule, path, stem, name, self._counts[folder]):
                reason = f": {rule.because}" if rule.because else ""
                broken.append(BrokenRule(rule, f"{ABOUT_NAMES}{problem}{reason}"))
        return broken


def _find_problem(rule: NameRule, path: str, stem: str, name: str, count: int) -> str:
    if rule.longest is not None and len(name) > rule.longest:
        place = f" in the folder {rule.folder}" if rule.folder else ""
        return f"name{place} has more than {rule.longest} characters"
    if rule.longest_path is not None and len(path) > rule.longest_path:
        return f"path has more than {rule.longest_path} characters"
    if rule.deepest is not None and stem.count("/") > rule.deepest:
        return f"path has more than {rule.deepest} folders"
    if rule.characters and not re.fullmatch(f"[/{rule.characters}]*", stem):
        wrong = next(each for each in stem if not re.fullmatch(f"[/{rule.characters}]", each))
        return f"name holds {show(wrong)}, and only {rule.characters} are allowed"
    if rule.most_files is not None and count > rule.most_files:
        return f"folder has more than {rule.most_files} files"
    return ""
