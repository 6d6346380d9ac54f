"""Shortest and longest duration of a reading.

The bounds are wide enough for every intelligible reading. They come from human and synthetic readings of the 569
Asterisk prompts.
"""

from __future__ import annotations

import unicodedata

from voxpress import languages
from voxpress.speech import Seconds
from voxpress.text.patterns import lazily

_SYLLABIC = lazily(languages.SYLLABIC)
FASTEST: Seconds = 0.02
"""Per letter at speed 1. Fast speech has 0.05; words with many silent letters have less."""
SLOWEST: Seconds = 0.25
"""Per letter at speed 1: twice that of the slowest voice in the readings."""


def bounds(text: str, speed: float = 1.0) -> tuple[Seconds, Seconds]:
    """The shortest and the longest duration of a reading of `text`.

    A voice may spell out digits, symbols and capitals; it reads an ideograph as a syllable or two, and a character
    beyond the basic plane by its name or number, or not at all.

    >>> bounds("Please hold.")
    (0.2, 5.25)
    """
    least = most = 0
    for character in text:
        if _SYLLABIC.match(character):
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
