"""Clean Unicode: texts without characters that a voice cannot speak."""

from __future__ import annotations

import re
import unicodedata

from voxpress.errors import InputError

_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n\s*\n")
_JOINERS = "\u200c\u200d"  # zero-width, yet they change how Persian and Indic words are spoken


def clean(text: str) -> tuple[str, ...]:
    r"""The paragraphs of `text`, each on one line, in NFC and without characters that cannot be spoken.

    It removes control and formatting characters and turns white space of every kind into one space. A blank line ends
    a paragraph.

    >>> clean("Caf\u0065\u0301\u00a0opens\r\nat\tnine.\n\n\ufeffCome in.")
    ('Café opens at nine.', 'Come in.')

    Raises:
        InputError: the text holds half of a surrogate pair.
    """
    if not (text.isascii() and text.isprintable()):
        text = _drop_unprintable(text)
    paragraphs = _BLANK_LINES.split(text) if "\n" in text else (text,)
    return tuple(flat for paragraph in paragraphs if (flat := " ".join(paragraph.split())))


def _drop_unprintable(text: str) -> str:
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = text.replace("\u2029", "\n\n").replace("\u2028", "\n")
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise InputError(
                f"the text holds half a surrogate pair ({character!a}); save it as valid Unicode"
            )
        if character == "\n" or category[0] != "C" or character in _JOINERS:
            kept.append(character)
        elif character == "\t":
            kept.append(" ")
    return _SPACES.sub(" ", "".join(kept))


def has_speech(text: str) -> bool:
    """Whether a text has a letter or a digit.

    >>> has_speech("... !"), has_speech("7")
    (False, True)
    """
    return any(map(str.isalnum, text))
