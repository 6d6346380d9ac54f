"""What a clip says: the text as written, and the words of each take."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from voxpress.speech import Mark, Seconds
from voxpress.text.passage import Passage


class Script(msgspec.Struct, frozen=True):
    """A text, and the words of it that each take says.

    Attributes:
        text: of the utterance, as written.
        takes: the words of each take in order, as often as it is heard.

    >>> Script.of(["Come in.", "Sit down."]).text
    'Come in. Sit down.'
    """

    text: str = ""
    takes: tuple[Passage, ...] = ()

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


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What is said in a clip, and when.

    Attributes:
        text: of the utterance, as written.
        duration: of the clip.
        marks: in the order of their starts, each with its place in `text` where it is known.
    """

    text: str
    duration: Seconds
    marks: tuple[Mark, ...]
