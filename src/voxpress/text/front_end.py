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
from voxpress.text.lexicon import Lexicon, apply
from voxpress.text.normalise import normalise
from voxpress.text.parts import Pause, Say
from voxpress.text.passage import Change, Edit, Passage
from voxpress.text.split import split


class Spoken(NamedTuple):
    """Segments with the pauses between them; what was changed; and how often each character was left out."""

    parts: tuple[Say | Pause, ...]
    changes: tuple[Change, ...]
    left_out: Mapping[str, int]


class FrontEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How texts are read: all that decides the words of a take, besides the text, its markup and its language.

    Attributes:
        lexicon: how words are spoken.
        normalise: how numbers and abbreviations become words, one of `voxpress.text.normalise.NAMES`.
    """

    lexicon: Lexicon = Lexicon()
    normalise: str = "auto"

    def read(
        self,
        say: Say,
        *,
        language: str,
        max_chars: int,
        misread: str = "",
        engine: str = "",
        voice: str = "",
        sounds: bool = True,
    ) -> Spoken:
        """The segments of some words.

        Args:
            language: BCP 47 tag.
            max_chars: longest segment that the engine takes.
            misread: characters that the engine reads wrongly, and that are removed.
            engine, voice: who speaks, for entries of the lexicon that hold for some only.
            sounds: whether the engine takes sounds.

        >>> FrontEnd().read(Say.of("Come in. Sit down."), language="en", max_chars=9).parts
        (Say('Come in.'), Pause(after='sentence'), Say('Sit down.'))
        """
        parts: list[Say | Pause] = []
        changes: list[Change] = []
        removed: Counter[str] = Counter()
        speaker = engine, voice, sounds
        for paragraph in self._spell(say.words, language, speaker, misread, changes, removed):
            if parts:
                parts.append(Pause("paragraph"))
            for i, words in enumerate(_split(paragraph, language, max_chars)):
                if i:
                    parts.append(Pause("sentence"))
                parts.append(Say(words, say.speaker, say.gain))
        return Spoken(tuple(parts), tuple(changes), removed)

    def _spell(
        self,
        words: Passage,
        language: str,
        speaker: tuple[str, str, bool],
        misread: str,
        changes: list[Change],
        removed: Counter[str],
    ) -> Iterator[Passage]:
        """The paragraphs as they are spoken; it notes what was changed and what was removed."""
        engine, voice, sounds = speaker
        for written in clean(words):
            paragraph, named = apply(
                written, self.lexicon, language=language, engine=engine, voice=voice, sounds=sounds
            )
            changes += named
            paragraph, normalised = normalise(paragraph, language, name=self.normalise)
            changes += normalised
            for spoken in clean(_remove_misread(paragraph, misread, removed)):
                if has_speech(spoken.text):
                    yield spoken


def _split(paragraph: Passage, language: str, max_chars: int) -> Iterator[Passage]:
    """The segments of a paragraph; words that are pronounced together stay together."""
    joined = _join_pronounced(paragraph)
    at = 0
    for each in split(joined, language=language, max_chars=max_chars):
        if has_speech(each):
            at = joined.index(each, at)
            yield paragraph[at : at + len(each)]
            at += len(each)


def _join_pronounced(paragraph: Passage) -> str:
    """The text, in which all that is pronounced together is one word."""
    pieces, done = [], 0
    for each in paragraph.phonemes:
        pieces.append(paragraph.text[done : each.start])
        pieces.append("".join(c if c.isalnum() else "_" for c in paragraph.text[each.start : each.end]))
        done = each.end
    return "".join([*pieces, paragraph.text[done:]])


def _remove_misread(words: Passage, characters: str, removed: Counter[str]) -> Passage:
    """Remove some characters, or replace them with a space between letters and digits; count them."""
    if not any(each in words.text for each in characters):
        return words
    found = re.compile(f"[{re.escape(characters)}]+")
    edits = []
    for match in found.finditer(words.text):
        if any(p.start < match.end() and match.start() < p.end for p in words.phonemes):
            continue  # the engine gets sounds there
        removed.update(match[0])
        around = (
            words.text[max(0, match.start() - 1) : match.start()] + words.text[match.end() : match.end() + 1]
        )
        between = len(around) == 2 and all(c.isalnum() or c == "_" for c in around)
        edits.append(Edit(match.start(), match.end(), " " if between else "", fixed=False))
    return words.edit(edits)
