"""From the text of a row to its parts: segments for an engine, and what is heard between them.

The order is markup (`voxpress.text.markup`), then the front end (`voxpress.text.front_end`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from voxpress.speech import Speaker
from voxpress.text.front_end import FrontEnd, Reader, Spoken
from voxpress.text.lexicon import Lexicon
from voxpress.text.markup import PLAIN, directions, guess, parse
from voxpress.text.parts import Bookmark, Lookup, Note, Part, Pause, Say, Silence, Sound, Tone
from voxpress.text.passage import Change
from voxpress.text.scenes import NamedFiles, NoFiles, Scene, read_scenes, require_heard

__all__ = [
    "Bookmark",
    "Change",
    "FrontEnd",
    "Lookup",
    "NamedFiles",
    "NoFiles",
    "Note",
    "Part",
    "Pause",
    "Reader",
    "Reading",
    "Say",
    "Scene",
    "Silence",
    "Sound",
    "Tone",
    "make_notes",
    "parse",
    "read",
    "read_scenes",
    "require_heard",
]

READ_ALOUD = "read aloud, because the markup is plain; with markup directions it is heard as what it names"
"""The end of the note about a direction in a plain text."""


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
    files: NamedFiles = NoFiles(),  # noqa: B008 - it cannot be changed
    find_language: Callable[[Speaker], str] | None = None,
) -> Reading:
    """The parts of a text that one engine speaks.

    Args:
        text: of the row.
        language: BCP 47 tag.
        max_chars: longest segment that the engine takes.
        markup: how `text` is written, one of `voxpress.validation.MARKUPS`.
        misread: characters that the engine reads wrongly, and that are removed from words; markup may hold them.
        files: finds the files that the text names.
        find_language: gives the language of a speaker whom the text names; None: that of the text, or `language`.

    >>> read("Hello there, world, how are you.\\n\\nGoodbye.", language="en", max_chars=80).parts
    (Say('Hello there, world, how are you.'), Pause(after='paragraph'), Say('Goodbye.'))
    >>> read("Press «one».", language="en", max_chars=80, misread="«»").notes
    ("1 × '«' removed: the engine misreads it", "1 × '»' removed: the engine misreads it")

    Raises:
        InputError: nothing in the text can be spoken, or a file that it names cannot be used.
        MarkupError: the markup cannot be read.
    """
    usual = Reader(language=language, max_chars=max_chars, misread=misread)

    def read_words(words: Say, lexicons: Mapping[str, Lexicon]) -> Spoken:
        reader = usual
        if words.speaker:
            other = find_language(words.speaker) if find_language else words.speaker.language
            reader = replace(usual, language=other or language)
        return front_end.read(words, reader, lexicons)

    parts: list[Part] = []
    left_out: Counter[tuple[str, str]] = Counter()
    changes: list[Change] = []
    notes: list[str] = []
    scenes = parse(text, markup, lenient=front_end.lenient)
    for part, spoken in read_scenes(scenes, read_words, files, lenient=front_end.lenient, notes=notes):
        if spoken is None:
            parts.append(part)
        else:
            parts += spoken.parts
            left_out.update(spoken.left_out)
            changes += spoken.changes
    require_heard(parts, text, left_out)
    return Reading(tuple(parts), (*notes, *make_notes(text, markup, left_out)), tuple(changes))


def make_notes(text: str, markup: str, left_out: Mapping[tuple[str, str], int]) -> tuple[str, ...]:
    """What a user should know of how a text was read."""
    notes = [f"{count} × {what!r} {why}" for (what, why), count in left_out.items()]
    if markup == PLAIN and guess(text) == "ssml":
        notes.append("<speak> is read aloud, because the markup is plain; with markup ssml it is not")
    elif markup == PLAIN and ("[" in text or "<" in text) and (direction := directions.find_direction(text)):
        notes.append(f"{direction} is {READ_ALOUD}")
    return tuple(notes)
