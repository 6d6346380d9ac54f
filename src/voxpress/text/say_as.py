"""Pieces of a text that its markup tells how to read: as digits, as a date, letter by letter.

Which words that makes depends on the language, so the front end decides it, and not the markup.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from voxpress.text.normalise import say_as
from voxpress.text.passage import Change, Edit, Passage

KINDS = (
    "characters",
    "digits",
    "telephone",
    "cardinal",
    "ordinal",
    "date",
    "time",
    "currency",
    "unit",
    "fraction",
)
"""The ways in which a piece can be read."""


class SayAs(msgspec.Struct, frozen=True):
    """A piece of a passage, and how it is read.

    >>> SayAs(start=0, end=2, kind="ordinal").moved(5)
    SayAs(start=5, end=7, kind='ordinal', format='')

    Attributes:
        kind: one of `KINDS`.
        format: the order of the parts, such as ``mdy`` of a date; empty: as the language has it.
    """

    start: int
    end: int
    kind: str
    format: str = ""

    def moved(self, by: int) -> SayAs:
        """The same in a passage that has `by` more characters before it."""
        return msgspec.structs.replace(self, start=self.start + by, end=self.end + by)


def interpret(words: Passage, asked: Sequence[SayAs], language: str) -> tuple[Passage, list[Change]]:
    """The passage with those pieces as they are read, and what that changed.

    Args:
        asked: in order.
        language: BCP 47 tag.

    >>> interpret(Passage.of("Hello."), [], "en")[0].text
    'Hello.'

    Raises:
        InputError: a piece cannot be read so.
    """
    if not asked:
        return words, []
    edits = [
        Edit(
            each.start, each.end, say_as(words.text[each.start : each.end], each.kind, language, each.format)
        )
        for each in asked
    ]
    return words.edit(edits), words.changes(edits, "say-as")
