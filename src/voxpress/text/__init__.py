"""The front end: from the text of a row to its parts, which are words, tones and silence.

The order is markup, clean, split. A lexicon and a normaliser belong between clean and split: there they get clean
words, and split still cuts their output to the engine's limit.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from voxpress.errors import InputError
from voxpress.text import directions
from voxpress.text.clean import clean, has_speech
from voxpress.text.directions import Say, Silence, Tone
from voxpress.text.split import split

__all__ = ["Part", "Pause", "Reading", "Say", "Silence", "Tone", "read"]


READ_ALOUD = "read aloud, because the markup is plain; with markup directions it is heard as what it names"
"""The end of the note about a direction in a plain text."""


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    """A pause between two sentences or paragraphs; the `Output` has its length."""

    after: Literal["sentence", "paragraph"]


Part: TypeAlias = Say | Pause | Silence | Tone


class Reading(NamedTuple):
    """The parts of a text in order, each `Say` one segment; and notes about changes of the words."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()


def read(
    text: str,
    *,
    language: str,
    max_chars: int,
    markup: Literal["plain", "directions"] = "plain",
    misread: str = "",
) -> Reading:
    """The parts of a text: words, tones and silence.

    Args:
        text: of the row.
        language: BCP 47 tag.
        max_chars: longest segment that the engine takes.
        markup: how `text` is written.
        misread: characters that the engine reads wrongly, and that are removed from words; markup may hold them.

    >>> read("Hello there, world, how are you.\\n\\nGoodbye.", language="en", max_chars=80).parts
    (Say(text='Hello there, world, how are you.'), Pause(after='paragraph'), Say(text='Goodbye.'))
    >>> read("Press *one*.", language="en", max_chars=80, misread="*^")
    Reading(parts=(Say(text='Press one.'),), notes=("2 × '*' removed: the engine misreads it",))

    Raises:
        InputError: nothing in the text can be spoken.
        MarkupError: the markup cannot be read.
    """
    scenes = directions.parse(text) if markup == "directions" else (Say(text),)
    parts: list[Part] = []
    removed: Counter[str] = Counter()
    for scene in scenes:
        if isinstance(scene, Say):
            parts += _split_text(_remove_misread(scene.text, misread, removed), language, max_chars)
        else:
            parts.append(scene)
    if not parts:
        besides = " besides what the engine misreads" if removed else ""
        problem = f"nothing to speak in {text!r}: it has no letter and no digit{besides}"
        raise InputError(problem if text else "no text")
    notes = [f"{count} × {each!r} removed: the engine misreads it" for each, count in removed.items()]
    if markup == "plain" and ("[" in text or "<" in text) and (direction := directions.find_direction(text)):
        notes.append(f"{direction} is {READ_ALOUD}")
    return Reading(tuple(parts), tuple(notes))


def _remove_misread(text: str, characters: str, removed: Counter[str]) -> str:
    """Remove some characters from `text`, or replace them with a space between letters and digits; count them."""
    for character in characters:
        if count := text.count(character):
            removed[character] += count
            text = re.sub(rf"(?<=\w)(?:{re.escape(character)})+(?=\w)", " ", text).replace(character, "")
    return text


def _split_text(text: str, language: str, max_chars: int) -> list[Part]:
    parts: list[Part] = []
    for paragraph in clean(text):
        if not has_speech(paragraph):
            continue
        if parts:
            parts.append(Pause("paragraph"))
        sentences = split(paragraph, language=language, max_chars=max_chars)
        for i, sentence in enumerate(filter(has_speech, sentences)):
            if i:
                parts.append(Pause("sentence"))
            parts.append(Say(sentence))
    return parts
