"""From what a markup finds, in order, to parts: words that belong together become one `Say`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from voxpress.errors import MarkupError
from voxpress.speech import Seconds, Speaker
from voxpress.text.parts import Bookmark, Decibels, Lookup, Note, Part, Pause, Say, Silence, Sound, Tone, Wish
from voxpress.text.passage import Change, Edit, Passage
from voxpress.text.say_as import SayAs

MOST_SILENCE: Seconds = 3600.0
"""Of all silences in one text."""
MIN_SILENCE: Seconds = 0.001
MAX_SILENCE: Seconds = 600.0
"""Of one. A shorter one could be a file without a sample."""

PUNCTUATION = " .,;:!?…"
_SPACES = re.compile(r"\s+")
_ENDING = re.compile(r"[.,;:!?…)\]}»”’\"'。、，！？]+(?=\s|$)")
"""Marks that belong to the word before them."""


class Style(NamedTuple):
    """How words are said."""

    speaker: Speaker | None = None
    gain: Decibels = 0.0
    rate: float = 1.0
    wish: Wish | None = None
    lexicons: tuple[str, ...] = ()
    """Files of lexicons that the text names; the first wins. Another one does not cut a sentence."""

    @property
    def heard(self) -> tuple[Speaker | None, Decibels, float, Wish | None]:
        """All that can be heard of it."""
        return self[:4]


PLAIN = Style()


class Composer:
    """Collects words, pauses and sounds.

    >>> composer = Composer()
    >>> composer.say(Passage.of("One. "))
    >>> composer.pause("paragraph")
    >>> composer.say(Passage.of("Two.", start=7))
    >>> composer.parts()
    (Say('One.'), Pause(after='paragraph'), Say('Two.'))
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._silence: Seconds = 0.0
        # The words since the last part.
        self._pieces: list[Passage] = []
        self._length = 0
        self._style = PLAIN
        self._changes: list[Change] = []
        self._asked: list[SayAs] = []
        self._bookmarks: list[tuple[int, Bookmark]] = []
        self._lookups: list[Lookup] = []
        # A pause is heard only where something follows it, unless a break stands in its place.
        self._pause: Literal["sentence", "paragraph"] | None = None
        self._pause_at = 0
        self._begun = self._rested = False

    def say(
        self,
        words: Passage,
        style: Style = PLAIN,
        *,
        changes: Iterable[Change] = (),
        asked: SayAs | None = None,
    ) -> None:
        """Add words. Other words in the same style that follow belong to the same sentence.

        Args:
            changes: what the markup changed in them.
            asked: how a piece of them is read.
        """
        if style.heard != self._style.heard and not words.text.isspace():
            if self._pieces and (ending := _ENDING.match(words.text)):
                self._add(words[: ending.end()])
                words = words[ending.end() :]
            self._flush()
            self._style = style
        self._look_up(words, style.lexicons)
        if asked:
            self._asked.append(asked.moved(self._length))
        self._changes += changes
        self._add(words)

    def pause(self, after: Literal["sentence", "paragraph"]) -> None:
        """End a sentence or a paragraph."""
        self._flush()
        if self._rested:
            return
        if self._pause is None:
            self._pause_at = len(self._parts)
        if self._pause != "paragraph":
            self._pause = after

    def rest(self, silence: Silence | Pause | None) -> None:
        """Add a silence that the text asks for; it takes the place of the pause that would be there. None: no pause.

        Raises:
            MarkupError: it, or all silences together, are too long.
        """
        self._flush()
        self._pause, self._rested = None, True
        if isinstance(silence, Silence):
            self._silence += silence.duration
            if not MIN_SILENCE <= silence.duration <= MAX_SILENCE:
                raise MarkupError(
                    f"a silence lasts at least {MIN_SILENCE:g} and at most {MAX_SILENCE:g} seconds,"
                    f" not {silence.duration:g}"
                )
            if self._silence > MOST_SILENCE:
                raise MarkupError(f"the silences of a text last at most {MOST_SILENCE:,g} seconds together")
        if silence is not None:
            self._parts.append(silence)

    def sound(self, sound: Sound | Tone) -> None:
        """Add a sound."""
        self._flush()
        self._hear(sound)

    def play(self, sounds: Iterable[Tone | Silence]) -> None:
        """Add tones and silences, in order.

        Raises:
            MarkupError: all silences together are too long.
        """
        for each in sounds:
            if isinstance(each, Silence):
                self.rest(each)
            else:
                self.sound(each)

    def mark(self, bookmark: Bookmark) -> None:
        """Name this place. Words before and after it still make one sentence."""
        self._bookmarks.append((self._length, bookmark))

    def note(self, text: str) -> None:
        """Tell the user something."""
        self._parts.append(Note(text))

    def parts(self) -> tuple[Part, ...]:
        """All that was collected."""
        self._flush()
        return tuple(self._parts)

    def _look_up(self, words: Passage, lexicons: tuple[str, ...]) -> None:
        """Note in which lexicons some words are looked up; pieces that have the same ones are one."""
        if not (words and (lexicons or self._lookups)):
            return
        start, end = words.starts[0], words.ends[-1]
        if self._lookups and self._lookups[-1].files == lexicons:
            start = self._lookups.pop().start
        self._lookups.append(Lookup(start, end, lexicons))

    def _add(self, words: Passage) -> None:
        self._pieces.append(words)
        self._length += len(words)

    def _hear(self, part: Part) -> None:
        if self._pause and self._begun:
            self._parts.insert(self._pause_at, Pause(self._pause))
        self._pause, self._rested, self._begun = None, False, True
        self._parts.append(part)

    def _flush(self) -> None:
        words = Passage.join(self._pieces)
        start = 0
        if ending := _ENDING.match(words.text):  # a mark that was cut off from its sentence
            asked = self._asked and self._asked[0].start < ending.end()
            start = 0 if asked or words.is_fixed(0, ending.end()) else ending.end()
        start += len(words.text[start:]) - len(words.text[start:].lstrip())
        end = len(words.text.rstrip())
        if not (self._asked or words.text[start:end].strip(PUNCTUATION)):
            start = end = self._length
        self._parts += [each for offset, each in self._bookmarks if offset <= start]
        if start < end:
            self._hear(
                Say(
                    words[start:end],
                    *self._style[:3],
                    changes=tuple(self._changes),
                    asked=tuple(each.moved(-start) for each in self._asked),
                    bookmarks=tuple(each for offset, each in self._bookmarks if start < offset < end),
                    wish=self._style.wish,
                    lookups=tuple(each for each in self._lookups if each.files),
                )
            )
            self._parts += [each for offset, each in self._bookmarks if offset >= end]
            self._changes = []
        self._pieces, self._length, self._asked, self._bookmarks, self._lookups = [], 0, [], [], []


def on_one_line(words: Passage) -> Passage:
    """Words in which a line end is a space: where the markup says what a paragraph is, blank lines do not.

    >>> on_one_line(Passage.of("one\\n\\ntwo")).text
    'one two'
    """
    return words.edit(
        Edit(space.start(), space.end(), " ", fixed=False)
        for space in _SPACES.finditer(words.text)
        if space[0] != " "
    )
