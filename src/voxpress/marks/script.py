"""What a clip says: the text as written, and the words of each take."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

import msgspec

from voxpress.speech import Mark, Seconds
from voxpress.text.passage import Passage

HIDDEN = "\0"
_HIDDEN_RUN = re.compile(f"{HIDDEN}+")
_TAG = re.compile(r"<[^<>]*>")
"""Stands in `TimedText.shown` for a character that nobody reads."""
_ENTITY = re.compile(r"&#?\w+;")


class Script(msgspec.Struct, frozen=True):
    """A text, and the words of it that each take says.

    Attributes:
        text: of the utterance, as written.
        takes: the words of each take in order, as often as it is heard.
        bookmarks: where they stand in `text`, in the order in which they are heard.

    >>> Script.of(["Come in.", "Sit down."]).text
    'Come in. Sit down.'
    """

    text: str = ""
    takes: tuple[Passage, ...] = ()
    bookmarks: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, takes: Iterable[str]) -> Script:
        """A text that is spoken as it is written."""
        passages: list[Passage] = []
        text = ""
        for each in takes:
            text += " " if text else ""
            passages.append(Passage.of(each, len(text)))
            text += each
        return cls(text, tuple(passages))

    def show(self) -> str:
        """The text as a reader sees it: as long as `text`, with `HIDDEN` for markup and for what is left out.

        >>> words = Passage.of("<b>Now</b>!")
        >>> Script("<b>Now</b>!", (Passage.join([words[3:6], words[10:]]),)).show().replace(HIDDEN, "")
        'Now!'
        """
        shown = [HIDDEN] * len(self.text)
        for words in self.takes:
            # A line break in HTML is spoken as a space; a sign with spaces around its words is not.
            spaces, heard = set[tuple[int, int]](), set[tuple[int, int]]()
            for char, place in zip(words.text, zip(words.starts, words.ends, strict=True), strict=True):
                (spaces if char.isspace() else heard).add(place)
            for start, end in spaces:
                shown[start:end] = " " * (end - start)
            for start, end in heard:
                shown[start:end] = self.text[start:end]
        return _ENTITY.sub(_show_entity, "".join(shown))


def _show_entity(found: re.Match[str]) -> str:
    return html.unescape(found[0]).ljust(len(found[0]), HIDDEN)


class TimedText(msgspec.Struct, frozen=True, kw_only=True):
    """What is said in a clip, and when.

    Attributes:
        text: of the utterance, as written.
        shown: that text without its markup, as `Script.show` gives it.
        duration: of the clip.
        marks: in the order of their starts, each with its place in `text` where it is known.
    """

    text: str
    shown: str
    duration: Seconds
    marks: tuple[Mark, ...]

    @property
    def line(self) -> str:
        """What a reader sees, in one line.

        >>> TimedText(text="One. Two.", shown=f"One.{HIDDEN}Two.", duration=1.0, marks=()).line
        'One. Two.'
        """

        def close(hidden: re.Match[str]) -> str:
            # Between passages also the space between two sentences is hidden.
            left_out = _TAG.sub("", self.text[hidden.start() : hidden.end()])
            return " " if any(map(str.isspace, left_out)) else ""

        return " ".join(_HIDDEN_RUN.sub(close, self.shown).split())
