"""Which characters of a text an engine does not say."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

_PLAIN = re.compile(r"[A-Za-z0-9\s.,;:!?'\"()-]*")
"""What every engine with Latin letters says, or takes for the melody of the sentence."""
_SOUNDING_MARKS = re.compile(r"SIGN|PRIME|ASTERISK|AMPERSAND|COMMERCIAL AT|CIRCUMFLEX ACCENT")
_STRESS_AND_GAPS = re.compile(r"[ˈˌ\s-]")


def list_silent(text: str, say: Callable[[str], bool]) -> Iterator[str]:
    """The characters of a text that should be heard and are not, each once.

    Args:
        say: whether the engine says a character.

    >>> list(list_silent("Press ☃ or # (now)!", "#".__contains__))
    ['☃']
    """
    if _PLAIN.fullmatch(text):
        return
    for character in dict.fromkeys(text):
        if not _PLAIN.fullmatch(character) and is_heard(character) and not say(character):
            yield character


def is_heard(character: str) -> bool:
    """Whether people say a character when they read: letters, digits and signs, and not punctuation, nor the slash of
    "and/or".

    >>> [character for character in "é7#‰☃—”¿" if is_heard(character)]
    ['é', '7', '#', '‰', '☃']
    """
    match unicodedata.category(character):
        case "Lu" | "Ll" | "Lt" | "Lo" | "Nd" | "Nl" | "No" | "Sc" | "Sm" | "So":
            return True
        case "Po" | "Sk":
            return bool(_SOUNDING_MARKS.search(unicodedata.name(character, "")))
    return False


def is_said(character: str, convert: Callable[[str], str]) -> bool:
    """Whether letters-to-sounds give a character sounds of its own, and not those of its number in Unicode.

    espeak-ng reads what it does not know as "symbol", "letter" or nothing, and the digits of that number.

    Args:
        convert: from letters to sounds.
    """
    sounds = _STRESS_AND_GAPS.sub("", convert(character))
    number = f"{ord(character):x}"
    digits = _STRESS_AND_GAPS.sub("", "".join(map(convert, number)))
    return any(map(str.isalpha, sounds)) and not (len(number) > 2 and sounds.endswith(digits))
