"""The front end: what a row says, as the parts that are spoken, sounded or left silent.

The order is markup, clean, split. A lexicon and a normaliser belong between clean and split: they see clean words, and
whatever they write is still cut to what the engine can take.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from voxpress.errors import InputError
from voxpress.text import directions
from voxpress.text.clean import clean, has_speech
from voxpress.text.directions import Say, Silence, Tone
from voxpress.text.split import split

__all__ = ["Part", "Pause", "Say", "Silence", "Tone", "read", "without"]


class Pause(msgspec.Struct, frozen=True, tag="pause"):
    """Between two sentences or paragraphs; how long is for the `Output` to say."""

    after: Literal["sentence", "paragraph"]


Part: TypeAlias = Say | Pause | Silence | Tone


def read(
    text: str, *, language: str, max_chars: int, markup: Literal["plain", "directions"] = "plain"
) -> tuple[Part, ...]:
    """The parts of `text` in order; each `Say` is one segment.

    Args:
        text: what the row says.
        language: BCP 47 tag.
        max_chars: longest segment that the engine takes.
        markup: how `text` is written.

    >>> read("Hello there, world, how are you.\\n\\nGoodbye.", language="en", max_chars=80)
    (Say(text='Hello there, world, how are you.'), Pause(after='paragraph'), Say(text='Goodbye.'))

    Raises:
        InputError: nothing in the text can be spoken.
        MarkupError: the markup cannot be read.
    """
    scenes = directions.parse(text) if markup == "directions" else (Say(text),)
    parts: list[Part] = []
    for scene in scenes:
        if isinstance(scene, Say):
            parts += _say(scene.text, language, max_chars)
        else:
            parts.append(scene)
    if not parts:
        raise InputError(
            f"nothing to speak in {text!r}: it has no letter and no digit" if text else "no text"
        )
    return tuple(parts)


def without(text: str, characters: str) -> tuple[str, tuple[str, ...]]:
    """`text` without some characters, and a note for each that was there.

    >>> without("Press *one*.", "*^")
    ('Press one.', ("2 × '*' removed: the engine misreads it",))
    """
    found = [(character, text.count(character)) for character in characters if character in text]
    for character, _ in found:
        text = text.replace(character, "")
    return text, tuple(
        f"{count} × {character!r} removed: the engine misreads it" for character, count in found
    )


def _say(text: str, language: str, max_chars: int) -> list[Part]:
    parts: list[Part] = []
    for paragraph in clean(text):
        if not has_speech(paragraph):
            continue
        if parts:
            parts.append(Pause("paragraph"))
        for i, sentence in enumerate(split(paragraph, language=language, max_chars=max_chars)):
            if i:
                parts.append(Pause("sentence"))
            parts.append(Say(sentence))
    return parts
