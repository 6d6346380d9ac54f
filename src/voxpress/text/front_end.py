"""The front end: from the words of a text to the segments that an engine speaks.

The stages are clean, lexicon, normalise and split. Each takes passages and gives passages, so that every word of the
audio knows its place in the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from voxpress.text.clean import clean, has_speech
from voxpress.text.normalise import normalise
from voxpress.text.parts import Pause, Say
from voxpress.text.passage import Change, Edit, Passage
from voxpress.text.say_as import interpret
from voxpress.text.split import split


class Spoken(NamedTuple):
    """Segments with the pauses between them; what was changed; and how often each character was left out."""

    parts: tuple[Say | Pause, ...]
    changes: tuple[Change, ...]
    left_out: Mapping[str, int]


class FrontEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How texts are read: all that decides the words of a take, besides the text, its markup and its language.

    Attributes:
        lenient: whether markup that voxpress cannot do becomes a note; otherwise it is an error.
        normalise: how numbers and abbreviations become words, one of `voxpress.text.normalise.NAMES`.
    """

    lenient: bool = False
    normalise: str = "auto"

    def read(self, say: Say, *, language: str, max_chars: int, misread: str = "") -> Spoken:
        """The segments of some words.

        Args:
            language: BCP 47 tag.
            max_chars: longest segment that the engine takes.
            misread: characters that the engine reads wrongly, and that are removed.

        >>> FrontEnd().read(Say.of("Come in. Sit down."), language="en", max_chars=9).parts
        (Say('Come in.'), Pause(after='sentence'), Say('Sit down.'))
        """
        parts: list[Say | Pause] = []
        removed: Counter[str] = Counter()
        words, interpreted = interpret(say.words, say.asked, language)
        changes = [*say.changes, *interpreted]
        for paragraph in self._spell(words, language, misread, changes, removed):
            if parts:
                parts.append(Pause("paragraph"))
            sentences = split(paragraph.text, language=language, max_chars=max_chars)
            for i, words in enumerate(paragraph.pieces(filter(has_speech, sentences))):
                if i:
                    parts.append(Pause("sentence"))
                parts.append(Say(words, say.speaker, say.gain))
        return Spoken(tuple(parts), tuple(changes), removed)

    def _spell(
        self, words: Passage, language: str, misread: str, changes: list[Change], removed: Counter[str]
    ) -> Iterator[Passage]:
        """The paragraphs as they are spoken; it notes what was changed and what was removed."""
        for written in clean(words):
            paragraph = written  # the place for the lexicon
            paragraph, normalised = normalise(paragraph, language, name=self.normalise)
            changes += normalised
            for spoken in clean(_remove_misread(paragraph, misread, removed)):
                if has_speech(spoken.text):
                    yield spoken


def _remove_misread(words: Passage, characters: str, removed: Counter[str]) -> Passage:
    """Remove some characters, or replace them with a space between letters and digits; count them."""
    if not any(each in words.text for each in characters):
        return words
    found = re.compile(f"[{re.escape(characters)}]+")
    edits = []
    for match in found.finditer(words.text):
        removed.update(match[0])
        around = (
            words.text[max(0, match.start() - 1) : match.start()] + words.text[match.end() : match.end() + 1]
        )
        between = len(around) == 2 and all(c.isalnum() or c == "_" for c in around)
        edits.append(Edit(match.start(), match.end(), " " if between else "", fixed=False))
    return words.edit(edits)
