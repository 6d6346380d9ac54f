"""From written to spoken: numbers, money, dates, times, units, ordinals, fractions, ranges and abbreviations.

The order is voxpress's own readers (`readers`), then a library of grammars (`grammars`) for other languages and for
what is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from voxpress import languages
from voxpress.text.normalise import grammars, readers
from voxpress.text.normalise.found import Found
from voxpress.text.normalise.spoken import KINDS, say_as
from voxpress.text.normalise.wording import LANGUAGES
from voxpress.text.passage import Change, Edit, Passage
from voxpress.validation import NORMALISERS

__all__ = ["KINDS", "NAMES", "fingerprint", "normalise", "say_as"]

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s[\"'“‘(¿¡]*$")

NAMES = NORMALISERS
"""What can be chosen: both, voxpress's own readers only, the library only, or texts as they are written."""


def normalise(
    passage: Passage, language: str, *, name: str = "auto", before: str = ""
) -> tuple[Passage, list[Change]]:
    """A paragraph as it is spoken, and what was changed in it. Pieces that are fixed stay as they are.

    Args:
        language: BCP 47 tag; its region decides dates.
        name: one of `NAMES`.
        before: words before the paragraph, which may say that a number in it is a code.

    >>> spoken, changes = normalise(Passage.of("Your PIN is 0042."), "en-US")
    >>> spoken.text, [(change.written, change.by) for change in changes]
    ('Your PIN is zero zero four two.', [('0042', 'code')])
    """
    if name == "none":
        return passage, []
    free = bytearray(b"\x01") * len(passage)
    for start, end in passage.fixed:
        free[start:end] = bytes(end - start)
    found: list[tuple[Found, str]] = []
    if name != "grammars":
        found += readers.find(passage.text, language, free, before)
    if name != "readers" and any(free):
        found += [(each, "grammar") for each in grammars.find(passage.text, language, free)]
    return _apply(passage, found)


def _apply(passage: Passage, found: Iterable[tuple[Found, str]]) -> tuple[Passage, list[Change]]:
    """The passage with these pieces replaced, and the changes."""
    edits: list[Edit] = []
    changes: list[Change] = []
    done = 0
    for each, by in sorted(found):
        spoken = _part(passage, each, _capitalise(passage.text, each, done))
        done = each.end
        edit = Edit(each.start, each.end, spoken, certain=each.certain)
        edits.append(edit)
        changes += passage.changes((edit,), by)
    return passage.edit(edits), changes


def _part(passage: Passage, found: Found, spoken: str) -> str:
    """What is spoken, with a space where it touches words that another stage has decided."""
    start, end, text = found.start, found.end, passage.text
    glued = spoken[:1].isalnum() and text[max(0, start - 1) : start].isalnum()
    lead = " " if glued and passage.is_fixed(start - 1, start) else ""
    glued = spoken[-1:].isalnum() and text[end : end + 1].isalnum()
    return f"{lead}{spoken}{' ' if glued and passage.is_fixed(end, end + 1) else ''}"


def _capitalise(text: str, found: Found, done: int) -> str:
    """What is spoken, with a capital letter where a sentence begins, because `split` looks for these.

    `done`: where the piece before it ended, whose stop ends no sentence.
    """
    before = text[max(done, found.start - 6) : found.start]
    begins = found.start == 0 or _SENTENCE_END.search(before) is not None
    if begins and not text[found.start].islower():
        return found.spoken[:1].upper() + found.spoken[1:]
    return found.spoken


def fingerprint(language: str, *, name: str = "auto") -> str:
    """What identifies the normaliser of a language: the same one gives the same words.

    >>> fingerprint("en", name="none")
    ''
    >>> fingerprint("en").startswith("readers ")
    True
    """
    base = languages.base(language)
    used = []
    if name in ("auto", "readers") and base in LANGUAGES:
        used.append(readers.NAME)
    if name in ("auto", "grammars") and base in grammars.LANGUAGES:
        used.append(grammars.version())
    return ", ".join(used)
