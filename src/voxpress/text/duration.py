"""How long a reading of a text can be.

The bounds are wide: they hold every intelligible reading. They were set on the human and synthetic readings of the 569
Asterisk prompts.
"""

from __future__ import annotations

import unicodedata

from voxpress import languages
from voxpress.speech import Seconds

FASTEST: Seconds = 0.02
"""Per letter at speed 1. Fast speech is 0.05; a spelling pronounced as one syllable needs the rest."""
SLOWEST: Seconds = 0.25
"""Per letter at speed 1, for the slowest voice that was met, doubled."""


def bounds(text: str, speed: float = 1.0) -> tuple[Seconds, Seconds]:
    """The shortest and the longest sound that can be a reading of `text`.

    Digits, symbols and capitals may be spelled out; an ideograph is a syllable or two, and a letter beyond the basic
    plane is read by its name or its number, if at all.

    >>> bounds("Please hold.")
    (0.2, 5.25)
    """
    least = most = 0
    for character in text:
        if languages.SYLLABIC.match(character):
            least, most = least + 3, most + 6
        elif ord(character) > 0xFFFF:
            most += 15
        elif character.isdigit() or character.isupper():
            least, most = least + 1, most + 5
        elif character.isalpha():
            least, most = least + 1, most + 1
        elif unicodedata.category(character)[0] == "S" or character in "%&@#*/+":
            most += 6
    return max(least, 2) * FASTEST / speed, (most + 7) * SLOWEST / speed
