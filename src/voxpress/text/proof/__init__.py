"""Proofs: what is written beside what will be spoken, for people to read before anybody listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from voxpress.speech import Speaker
from voxpress.text import FrontEnd, NamedFiles, NoFiles, Reading, Say, parse, read
from voxpress.text.passage import Change, Passage

LONGEST = 1_000_000
"""Characters of a segment where no engine sets the limit."""


class Written(NamedTuple):
    """A paragraph as a lexicon sees it, and the language that it is read in."""

    words: Passage
    language: str


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One text, written and spoken.

    Attributes:
        id: the row's; empty for a line.
        written: the source.
        spoken: the words for the engine.
        changes: the places that differ.
        problem: why it cannot be spoken; empty if it can.
        paragraphs: the words as a lexicon sees them.
    """

    id: str = ""
    language: str
    written: str
    spoken: str = ""
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    paragraphs: tuple[Written, ...] = ()

    @property
    def uncertain(self) -> tuple[Change, ...]:
        """The changes of which another reading is as likely."""
        return tuple(change for change in self.changes if not change.certain)


def prove(
    text: str,
    language: str,
    *,
    markup: str = "plain",
    front_end: FrontEnd,
    id: str = "",
    files: NamedFiles = NoFiles(),  # noqa: B008 - it cannot be changed
    find_language: Callable[[Speaker], str] | None = None,
) -> Proof:
    """The proof of a text that no engine has a say in.

    Args:
        files, find_language: as for `voxpress.text.read`.

    >>> prove("Come in.", "en", front_end=FrontEnd()).spoken
    'Come in.'

    Raises:
        InputError: nothing in it can be spoken, or its markup cannot be read.
    """
    reading = read(
        text,
        language=language,
        max_chars=LONGEST,
        markup=markup,
        front_end=front_end,
        files=files,
        find_language=find_language,
    )
    return Proof(
        id=id,
        language=language,
        written=text,
        spoken=join_words(reading),
        changes=reading.changes,
        notes=reading.notes,
        paragraphs=tuple(
            Written(words, tag)
            for part in parse(text, markup, lenient=front_end.lenient)
            if isinstance(part, Say)
            for tag in [find_language(part.speaker) if find_language and part.speaker else language]
            for words in front_end.list_written(part, tag)
        ),
    )


def join_words(reading: Reading) -> str:
    """All words of a reading in one line."""
    return " ".join(part.text for part in reading.parts if isinstance(part, Say))


def mark(written: str, changes: tuple[Change, ...]) -> Iterator[tuple[str, Change | None]]:
    """The source in pieces: what stays, and what changes, with its change.

    >>> list(mark("Dial 5.", (Change(5, 6, "5", "five", "number"),)))[:2]
    [('Dial ', None), ('5', Change(start=5, end=6, written='5', spoken='five', by='number', ipa='', certain=True))]
    """
    done = 0
    for change in sorted(changes, key=lambda each: (each.start, -each.end)):
        if change.start < done:
            continue  # a later stage has changed the words of this one too
        if change.start > done:
            yield written[done : change.start], None
        yield written[change.start : change.end], change
        done = change.end
    if done < len(written):
        yield written[done:], None
