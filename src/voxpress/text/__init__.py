"""From the text of a row to its parts: segments for an engine, and what is heard between them.

The order is markup (`voxpress.text.markup`), then the front end (`voxpress.text.front_end`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from voxpress.errors import InputError, show
from voxpress.speech import Speaker
from voxpress.text.front_end import MISREAD, FrontEnd, Reader
from voxpress.text.lexicon import Lexicon
from voxpress.text.markup import PLAIN, directions, guess, parse
from voxpress.text.parts import Bookmark, Lookup, Note, Part, Pause, Say, Silence, Sound, Tone
from voxpress.text.passage import Change

__all__ = [
    "Bookmark",
    "Change",
    "FindLexicon",
    "FrontEnd",
    "Lookup",
    "Note",
    "Part",
    "Pause",
    "Reader",
    "Reading",
    "Say",
    "Silence",
    "Sound",
    "Tone",
    "find_lexicons",
    "make_notes",
    "nothing_to_speak",
    "parse",
    "read",
]

READ_ALOUD = "read aloud, because the markup is plain; with markup directions it is heard as what it names"
"""The end of the note about a direction in a plain text."""


FindLexicon: TypeAlias = Callable[[str], Lexicon]
"""Gives the lexicon in a file that a text names, or raises `InputError`."""


class Reading(NamedTuple):
    """The parts of a text in order, each `Say` one segment; notes about what was left out; and all changed places."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def read(
    text: str,
    *,
    language: str,
    max_chars: int,
    markup: str = PLAIN,
    misread: str = "",
    front_end: FrontEnd = FrontEnd(),  # noqa: B008 - it cannot be changed
    find_lexicon: FindLexicon | None = None,
    find_language: Callable[[Speaker], str] | None = None,
) -> Reading:
    """The parts of a text that one engine speaks.

    Args:
        text: of the row.
        language: BCP 47 tag.
        max_chars: longest segment that the engine takes.
        markup: how `text` is written, one of `voxpress.validation.MARKUPS`.
        misread: characters that the engine reads wrongly, and that are removed from words; markup may hold them.
        find_lexicon: gives the lexicon in a file that the text names; None: it can name none.
        find_language: gives the language of a speaker whom the text names; None: that of the text, or `language`.

    >>> read("Hello there, world, how are you.\\n\\nGoodbye.", language="en", max_chars=80).parts
    (Say('Hello there, world, how are you.'), Pause(after='paragraph'), Say('Goodbye.'))
    >>> read("Press «one».", language="en", max_chars=80, misread="«»").notes
    ("1 × '«' removed: the engine misreads it", "1 × '»' removed: the engine misreads it")

    Raises:
        InputError: nothing in the text can be spoken.
        MarkupError: the markup cannot be read.
    """
    usual = Reader(language=language, max_chars=max_chars, misread=misread)
    parts: list[Part] = []
    left_out: Counter[tuple[str, str]] = Counter()
    changes: list[Change] = []
    notes: list[str] = []
    for part in parse(text, markup, lenient=front_end.lenient):
        if isinstance(part, Note):
            notes.append(part.text)
        elif isinstance(part, Say):
            own = find_lexicons(part, find_lexicon, lenient=front_end.lenient, notes=notes)
            reader = usual
            if part.speaker:
                other = find_language(part.speaker) if find_language else part.speaker.language
                reader = replace(usual, language=other or language)
            spoken = front_end.read(part, reader, own)
            parts += spoken.parts
            left_out.update(spoken.left_out)
            changes += spoken.changes
        else:
            parts.append(part)
    if not parts:
        raise nothing_to_speak(text, left_out)
    return Reading(tuple(parts), (*notes, *make_notes(text, markup, left_out)), tuple(changes))


def find_lexicons(
    words: Say, find: FindLexicon | None, *, lenient: bool, notes: list[str]
) -> Mapping[str, Lexicon]:
    """The lexicons that a text names for some of its words, by their files.

    Args:
        find: gives the lexicon in a file; None: the text can name none.
        lenient: whether one that cannot be used is a note; otherwise it is an error.
        notes: gets what a user should know.

    >>> from voxpress.text.lexicon import Entry
    >>> (words,) = parse("<speak><lexicon uri='names.pls'/>Ask Nguyen.</speak>", "ssml")
    >>> find_lexicons(words, lambda file: Lexicon([Entry("Nguyen", "win")]), lenient=False, notes=[])
    {'names.pls': <Lexicon of 1 entries>}

    Raises:
        InputError: one cannot be used.
    """
    found: dict[str, Lexicon] = {}
    for file in dict.fromkeys(file for lookup in words.lookups for file in lookup.files):
        try:
            if find is None:
                raise InputError(
                    f"the lexicon {show(file)}: a text can name files only where it comes from a manifest"
                )
            found[file] = find(file)
        except InputError as error:
            if not lenient:
                raise
            if str(error) not in notes:
                notes.append(str(error))
    return found


def nothing_to_speak(text: str, left_out: Mapping[tuple[str, str], int]) -> InputError:
    """The error of a text of which nothing is left."""
    misread = any(why == MISREAD for _, why in left_out)
    besides = (
        " besides what the engine misreads" if misread else " besides what is left out" if left_out else ""
    )
    return InputError(
        f"nothing to speak in {text!r}: it has no letter and no digit{besides}" if text else "no text"
    )


def make_notes(text: str, markup: str, left_out: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    """What a user should know of how a text was read."""
    notes = [f"{count} × {what!r} {why}" for (what, why), count in left_out.items()]
    if markup == PLAIN and guess(text) == "ssml":
        notes.append("<speak> is read aloud, because the markup is plain; with markup ssml it is not")
    elif markup == PLAIN and ("[" in text or "<" in text) and (direction := directions.find_direction(text)):
        notes.append(f"{direction} is {READ_ALOUD}")
    return tuple(notes)
