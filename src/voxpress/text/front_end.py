"""The front end: from the words of a text to the segments that an engine speaks.

The stages are clean, lexicon, normalise and split. Each takes passages and gives passages, so that every word of the
audio knows its place in the source.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from voxpress.errors import InputError
from voxpress.text.clean import clean, has_speech
from voxpress.text.normalise import normalise
from voxpress.text.normalise.letters import fold
from voxpress.text.normalise.protected import read_protected
from voxpress.text.normalise.symbols import LEFT_OUT, read_symbols
from voxpress.text.parts import Pause, Say
from voxpress.text.passage import Change, Edit, Passage
from voxpress.text.say_as import interpret
from voxpress.text.speakable import find_unspeakable
from voxpress.text.split import split

MISREAD = "removed: the engine misreads it"
"""The end of a note about a character that an engine declares."""


class Spoken(NamedTuple):
    """Segments with the pauses between them; what was changed; and how often what was left out."""

    parts: tuple[Say | Pause, ...]
    changes: tuple[Change, ...]
    left_out: Mapping[tuple[str, str], int]  # what, and why


class FrontEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How texts are read: all that decides the words of a take, besides the text, its markup and its language.

    Attributes:
        normalise: how numbers and abbreviations become words, one of `voxpress.text.normalise.NAMES`.
        emoji: ``drop`` leaves emoji out, with a note; ``name`` reads their names.
        unspeakable: what a voice cannot say after all, such as a letter of a script that its language does not have,
            is an error, or left out with a note (``skip``).
        lenient: whether markup that voxpress cannot do becomes a note; otherwise it is an error.
    """

    normalise: str = "auto"
    emoji: Literal["drop", "name"] = "drop"
    unspeakable: Literal["error", "skip"] = "error"
    lenient: bool = False

    def read(
        self,
        say: Say,
        *,
        language: str,
        max_chars: int,
        misread: str = "",
        says: Callable[[str], bool] | None = None,
    ) -> Spoken:
        """The segments of some words.

        Args:
            language: BCP 47 tag.
            max_chars: longest segment that the engine takes.
            misread: characters that the engine reads wrongly, and that are removed.
            says: whether the engine can say a character of a script that the language does not have.

        >>> FrontEnd().read(Say.of("Come in. Sit down."), language="en", max_chars=9).parts
        (Say('Come in.'), Pause(after='sentence'), Say('Sit down.'))

        Raises:
            InputError: the voice cannot say some of it, and `unspeakable` is ``error``.
        """
        parts: list[Say | Pause] = []
        removed: Counter[tuple[str, str]] = Counter()
        words, interpreted = interpret(say.words, say.asked, language)
        changes = [*say.changes, *interpreted]
        for paragraph, after in self._spell(words, language, misread, says, changes, removed):
            if parts:
                parts.append(Pause(after))
            sentences = split(paragraph.text, language=language, max_chars=max_chars)
            for i, words in enumerate(paragraph.pieces(filter(has_speech, sentences))):
                if i:
                    parts.append(Pause("sentence"))
                parts.append(Say(words, say.speaker, say.gain))
        return Spoken(tuple(parts), tuple(changes), removed)

    def _spell(
        self,
        words: Passage,
        language: str,
        misread: str,
        says: Callable[[str], bool] | None,
        changes: list[Change],
        removed: Counter[tuple[str, str]],
    ) -> Iterator[tuple[Passage, Literal["sentence", "paragraph"]]]:
        """The paragraphs as they are spoken; it notes what was changed and what was removed."""
        for written in clean(words):
            changes += written.changes
            paragraph = self._read_signs(written.words, language, changes, removed)
            paragraph = self._leave_out(paragraph, language, says, removed)
            for spoken in clean(_remove_misread(paragraph, misread, removed), lines=False):
                if has_speech(spoken.text):
                    yield spoken.words, written.after

    def _read_signs(
        self, paragraph: Passage, language: str, changes: list[Change], removed: Counter[tuple[str, str]]
    ) -> Passage:
        """Letters, addresses, words of the lexicon, numbers and signs, in this order."""
        if self.normalise == "none":
            return paragraph
        paragraph = _apply(
            paragraph,
            [(edit, "letters" if edit.spoken else "tag") for edit in fold(paragraph)],
            changes,
            removed,
        )
        paragraph = _apply(paragraph, read_protected(paragraph, language), changes, removed)
        # the place for the lexicon
        paragraph, normalised = normalise(paragraph, language, name=self.normalise)
        changes += normalised
        return _apply(paragraph, read_symbols(paragraph, language, emoji=self.emoji), changes, removed)

    def _leave_out(
        self,
        paragraph: Passage,
        language: str,
        says: Callable[[str], bool] | None,
        removed: Counter[tuple[str, str]],
    ) -> Passage:
        """The paragraph without what the voice cannot say."""
        found = find_unspeakable(paragraph.text, language, says=says)
        if found and self.unspeakable == "error":
            raise InputError(
                f"a voice of {language} cannot say {found[0][2]}; write it in other words, or leave it out with"
                ' unspeakable = "skip"'
            )
        for start, end, _ in found:
            removed[paragraph.text[start:end], f"left out: a voice of {language} cannot say it"] += 1
        return paragraph.edit(Edit(start, end, "", fixed=False) for start, end, _ in found)


def _apply(
    passage: Passage,
    edits: Sequence[tuple[Edit, str]],
    changes: list[Change],
    removed: Counter[tuple[str, str]],
) -> Passage:
    """The passage with these pieces replaced; notes what was changed, and what was left out."""
    for edit, rule in edits:
        changes += passage.changes((edit,), rule)
        if rule in LEFT_OUT and not edit.spoken.strip():
            removed[passage.text[edit.start : edit.end].strip(), f"left out: {LEFT_OUT[rule]}"] += 1
    return passage.edit(edit for edit, _ in edits)


def _remove_misread(words: Passage, characters: str, removed: Counter[tuple[str, str]]) -> Passage:
    """Remove some characters, or replace them with a space between letters and digits; count them."""
    if not any(each in words.text for each in characters):
        return words
    found = re.compile(f"[{re.escape(characters)}]+")
    edits = []
    for match in found.finditer(words.text):
        removed.update((character, MISREAD) for character in match[0])
        around = (
            words.text[max(0, match.start() - 1) : match.start()] + words.text[match.end() : match.end() + 1]
        )
        between = len(around) == 2 and all(c.isalnum() or c == "_" for c in around)
        edits.append(Edit(match.start(), match.end(), " " if between else "", fixed=False))
    return words.edit(edits)
