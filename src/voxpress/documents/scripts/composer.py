"""From paragraphs of a script to its items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from voxpress.documents.scripts import Item, LeftOut, Names, Pause, Script, Turn
from voxpress.documents.scripts.brackets import has_words, read_pieces
from voxpress.documents.scripts.directions import Direction, Manner, locate, read_direction, split_directions
from voxpress.documents.scripts.source import Head, find_names
from voxpress.documents.scripts.speakers import fold
from voxpress.errors import InputError, shorten

_VOICES_WORDS = """
    v.o. vo v.o o.s. os o.c. oc o.s o.c contd cont'd cont’d cont. cont subtitle subtitled filtered
"""
_VOICES = frozenset(_VOICES_WORDS.split())
"""Where a character is heard: nothing that is done, and nothing that somebody would miss."""


class Composer:
    """Collects the items of a script, in order.

    >>> composer = Composer(Path("talk.md"), Head({}, 1))
    >>> composer.begin("Ann", 1)
    >>> composer.add("Hello [laughs], Bob.", 1)
    >>> [item.text for item in composer.finish().items]
    ['Hello, Bob.', '[laughs]']

    Attributes:
        notes: what was repaired or doubtful.
        cast: names of people that the head says, or that were known before.
        sounds: names of sounds, likewise.
    """

    def __init__(self, path: Path, head: Head, known: Names | None = None) -> None:
        self.path, self.head = path, head
        own, others = find_names(head.values), known or Names()
        self.cast = tuple({fold(name): name for name in (*others.cast, *own.cast)}.values())
        self.sounds = frozenset((*own.sounds, *others.sounds))
        self.notes: list[str] = []
        self._items: list[Item] = []
        self._speaker, self._manner, self._next = "", Manner(), Manner()
        self._text: list[str] = []
        self._line = 0
        self._left_out: list[LeftOut] = []

    @property
    def speaker(self) -> str:
        """Who speaks; empty: the narrator."""
        return self._speaker

    def begin(
        self, speaker: str, line: int, directions: Sequence[str] = (), manner: Manner | None = None
    ) -> None:
        """Begin a turn.

        Args:
            directions: what stands in brackets beside the name, without the brackets.
            manner: how it is spoken, where no direction says it.

        Raises:
            InputError: a direction cannot be so.
        """
        self._flush()
        self._speaker, self._manner = speaker, manner or Manner()
        for words in directions:
            for piece in self._read_beside(words, line):
                if isinstance(piece, Manner):
                    self._manner = piece.over(self._manner)
                else:
                    self.put(piece)

    def add(self, paragraph: str, line: int, *, spoken: bool = False) -> None:
        """Add a paragraph to the turn; what stands in brackets in it is done, or left out.

        Args:
            line: on which it begins.
            spoken: what is all in italics or round brackets can be speech, as it can be at the beginning of a turn.

        Raises:
            InputError: a direction cannot be so.
        """
        goes_on = False
        first = spoken or not self._text
        for at, piece in read_pieces(paragraph, line, self.sounds, first=first, path=str(self.path)):
            if isinstance(piece, str):
                self._say(piece, at, goes_on=goes_on)
                goes_on = True
            else:
                self.put(piece)

    def direct(self, words: str, written: str, line: int) -> None:
        """Do what a direction on a line of its own asks for, or leave it out.

        Raises:
            InputError: it cannot be so.
        """
        for piece in self._read(words, written, line):
            self.put(piece)

    def put(self, item: Item | Manner) -> None:
        """Add what is no speech. What is said after it is a turn of its own, unless the item is left out."""
        if isinstance(item, LeftOut):
            (self._left_out if self._text else self._items).append(item)
            return
        self._flush()
        before = self._items[-1] if self._items else None
        if isinstance(item, Manner):
            self._next = item.over(self._next)
        elif isinstance(item, Pause) and isinstance(before, Pause):
            self._items[-1] = replace(before, duration=before.duration + item.duration)
        else:
            self._items.append(item)

    def finish(self, hint: str = "write lines such as 'Ann: Hello.'") -> Script:
        """The script.

        Args:
            hint: what to do where nothing is spoken.

        Raises:
            InputError: nothing in it is spoken.
        """
        self._flush()
        if not any(isinstance(item, Turn) for item in self._items):
            left_out = next((item for item in self._items if isinstance(item, LeftOut)), None)
            place = f"{self.path}:{left_out.line}" if left_out else str(self.path)
            why = f", and {shorten(left_out.text)} is left out" if left_out else ""
            raise InputError(f"nothing in it is spoken{why}: {hint}", place=place)
        return Script(
            path=self.path, head=self.head.values, items=tuple(self._items), notes=tuple(self.notes)
        )

    def _read_beside(self, words: str, line: int) -> Iterator[Direction | LeftOut]:
        """What stands in brackets beside a name: each piece of it counts alone."""
        for piece in split_directions(words):
            if piece.lower() not in _VOICES and piece:
                yield from self._read(piece, f"({piece})", line)

    def _read(self, words: str, written: str, line: int) -> Iterator[Direction | LeftOut]:
        with locate(str(self.path), line):
            yield from read_direction(words, self.sounds, line) or (LeftOut(text=written, line=line),)

    def _say(self, text: str, line: int, *, goes_on: bool) -> None:
        if not self._text:
            if not has_words(text):
                return
            self._line = line
            self._manner, self._next = self._next.over(self._manner), Manner()
        elif not goes_on:
            self._text.append("\n\n")
        self._text.append(text)

    def _flush(self) -> None:
        if self._text:
            manner = self._manner
            self._items.append(
                Turn(
                    speaker=self._speaker,
                    text="".join(self._text).strip(),
                    markup="markdown",
                    gap=manner.gap,
                    speed=manner.speed,
                    gain=manner.gain or 0.0,
                    language=manner.language,
                    line=self._line,
                )
            )
            self._manner = replace(manner, gap=None)
        self._items += self._left_out
        self._text, self._left_out = [], []
