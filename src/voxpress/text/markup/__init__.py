"""How a text can be written: one file for each markup. Each turns a text into parts, with its own `parse`."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Literal

from voxpress.text.parts import Part, Say
from voxpress.text.passage import Passage

PLAIN = "plain"
_SSML = re.compile(r"[\ufeff\s]*(?:<[?!][^>]{0,400}>\s*){0,9}<speak(?=[\s/>])")


def guess(text: str) -> Literal["plain", "ssml"]:
    """The markup of a text that does not say which: a document of SSML tells by its first element.

    >>> guess('<?xml version="1.0"?><speak>Hi.</speak>'), guess("<speaker> says hi")
    ('ssml', 'plain')
    """
    return "ssml" if _SSML.match(text) else "plain"


def parse(text: str, markup: str = PLAIN, *, lenient: bool = False) -> tuple[Part, ...]:
    """The parts of a text that is written in that markup, one of `voxpress.validation.MARKUPS`.

    Args:
        lenient: what the markup has and voxpress cannot do becomes a `Note`; otherwise it is an error.

    >>> parse("Leave a message. [beep]", "directions")
    (Say('Leave a message.'), Tone(frequencies=(1000.0,), duration=0.25))

    Raises:
        LeftOut: it holds what nobody can speak or generate.
        MarkupError: it cannot be read, or, unless `lenient`, has something in it that voxpress cannot do.
    """
    if markup == PLAIN:
        return (Say(Passage.of(text)),)
    parts: tuple[Part, ...] = import_module(f"voxpress.text.markup.{markup}").parse(text, lenient=lenient)
    return parts
