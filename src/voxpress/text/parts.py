"""What a text is after markup: words, and what is heard between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from voxpress.speech import Seconds, Speaker
from voxpress.text.passage import Change, Passage
from voxpress.text.say_as import SayAs

Decibels: TypeAlias = float


class Lookup(NamedTuple):
    """A piece of a text, in whose words the files of lexicons are looked up that the text itself names.

    Attributes:
        start, end: in the source.
        files: as written in the text; the first wins.
    """

    start: int
    end: int
    files: tuple[str, ...]


class Wish(NamedTuple):
    """What a text wants of a voice that it does not name.

    Attributes:
        gender: ``female``, ``male`` or ``neutral``; empty: any.
        languages: BCP 47 tags of all that it must speak; empty: that of the words.
        optional: whether the voice stays as it is where none is so; otherwise that is an error.
    """

    gender: str = ""
    languages: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Say:
    """Words for an engine.

    >>> Say.of("Hello.")
    Say('Hello.')

    Attributes:
        words: what is said.
        speaker: who says it, where that is not who reads the rest; its open fields are those of the row.
        gain: how much louder than the rest.
        rate: how much faster than the speaker's own speed.
        changes: what the markup itself changed in the words.
        asked: pieces of the words that are read in a way that the markup names.
        bookmarks: those within the words.
        wish: what the voice of `speaker` shall be like.
        lookups: lexicons that the text names for pieces of the words, in order; pieces do not overlap.
        before: the words that the text has before these, if only to tell what a number is; nobody says them here.
    """

    words: Passage
    speaker: Speaker | None = None
    gain: Decibels = 0.0
    rate: float = 1.0
    changes: tuple[Change, ...] = ()
    asked: tuple[SayAs, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    wish: Wish | None = None
    lookups: tuple[Lookup, ...] = ()
    before: str = ""

    @classmethod
    def of(cls, text: str) -> Say:
        """Words as they stand."""
        return cls(Passage.of(text))

    @property
    def text(self) -> str:
        return self.words.text

    def __repr__(self) -> str:
        more = f", speaker={self.speaker!r}" if self.speaker else ""
        more += f", gain={self.gain:g}" if self.gain else ""
        return f"Say({self.text!r}{more}{f', rate={self.rate:g}' if self.rate != 1 else ''})"


class Pause(msgspec.Struct, frozen=True, tag="pause", omit_defaults=True, repr_omit_defaults=True):
    """A pause between two sentences or paragraphs; the `Output` has its length.

    Attributes:
        speed: of the words around it: at 2.0 it takes half as long.
    """

    after: Literal["sentence", "paragraph"]
    speed: float = 1.0


class Silence(msgspec.Struct, frozen=True):
    """Silence of a given duration.

    >>> Silence(0.5)
    Silence(duration=0.5)
    """

    duration: Seconds


class Tone(msgspec.Struct, frozen=True):
    """Sine waves that sound together, equally loud.

    >>> Tone((600.0,), 0.2)
    Tone(frequencies=(600.0,), duration=0.2)
    """

    frequencies: tuple[float, ...]
    """In hertz."""
    duration: Seconds


class Sound(msgspec.Struct, frozen=True, tag="sound"):
    """A sound from a file.

    Attributes:
        file: as written in the text: a path relative to the manifest.
        gain: how much louder than the file.
        instead: what is heard where the file cannot be used.
    """

    file: str
    gain: Decibels = 0.0
    instead: tuple[Part, ...] = ()


class Bookmark(msgspec.Struct, frozen=True, tag="bookmark", omit_defaults=True, repr_omit_defaults=True):
    """A named place, which becomes a mark of the clip.

    Attributes:
        source: where its tag stands in the source: start and end. Not in a clip's key, so recipes leave it out.
    """

    name: str
    source: tuple[int, int] = (0, 0)


class Note(msgspec.Struct, frozen=True, tag="note"):
    """What a user should know of how the markup was read. Nothing of it is heard."""

    text: str


Part: TypeAlias = Say | Pause | Silence | Tone | Sound | Bookmark | Note
"""What a text is made of, in order."""
