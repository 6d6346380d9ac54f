"""Names of speakers before what they say: ``ANN: Hello.``"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from voxpress.documents.subtitles import WrittenCue

_NOBODY = frozenset(
    """note notes warning caution danger tip tips hint example remember important attention question answer summary
    conclusion result results step update breaking ps url web website email phone fax source sources subtitles captions
    subtitle caption translation transcript title author date time location fact rule reminder chapter part words
    hinweis achtung warnung beispiel frage antwort merke wichtig untertitel remarque exemple réponse
    nota aviso ejemplo importante atención pregunta respuesta""".split()  # noqa: SIM905
)
"""Words that stand before a colon and are nobody."""
_PARTICLES = frozenset("de del della der den van von da di du la le el the of and y und et".split())  # noqa: SIM905
_MOST_WORDS = 4
_LONGEST_UNCASED = 8
_BRACKETS = r"(?:\[[^\[\]]*\]|\([^()]*\)|（[^（）]*）|【[^【】]*】)"
_BEFORE_COLON = re.compile(r"([^:：\n]{1,80}?)[ ]?(?::(?= |$)|：)[ ]*(.*)")
_LABEL = re.compile(rf"({_BRACKETS} ?)?(\[[^\[\]]+\]|\([^()]+\)|[^\[\]()（）【】]+?)( ?{_BRACKETS})?")
_NO_NAME = re.compile(r"[!?,;\"“”…*#♪<>|/=]|\w{4,}\.|\.\.")


class Label(NamedTuple):
    """A line that may begin with a name.

    Attributes:
        aside: what stands in brackets around the name.
        rest: what follows the colon.
    """

    name: str
    aside: tuple[str, ...]
    rest: str

    @property
    def key(self) -> str:
        """The same for all spellings of a name."""
        return self.name.casefold()


class Names:
    """The names that stand before what is said in a file.

    A name must stand at least twice, or be that of a voice tag. In capitals, before text that is not, once is enough.

    Args:
        given: names that people have given a voice: once is enough for them too.

    Attributes:
        doubtful: what reads as a name and stands once, each with its cue's number and line; only in files with names.
    """

    def __init__(self, cues: Iterable[WrittenCue], given: Iterable[str] = ()) -> None:
        counts: Counter[str] = Counter()
        first: dict[str, tuple[str, tuple[int, int]]] = {}
        shouted: set[str] = set()
        voices: set[str] = set()
        upper = lower = 0
        for cue in cues:
            for piece in cue.pieces:
                if piece.speaker:
                    voices.add(piece.speaker.casefold())
                upper += sum(map(str.isupper, piece.text))
                lower += sum(map(str.islower, piece.text))
                if ":" not in piece.text and "：" not in piece.text:
                    continue
                for label in filter(None, map(split_label, piece.text.split("\n"))):
                    upper -= sum(map(str.isupper, label.name))
                    counts[label.key] += 1
                    first.setdefault(label.key, (label.name, (cue.number, cue.line)))
                    if label.name.isupper() and len(label.name) > 1 and not label.rest.isupper():
                        shouted.add(label.key)
        if upper > lower:
            shouted.clear()
        self._known = (
            set(map(str.casefold, given))
            | voices
            | shouted
            | {key for key, count in counts.items() if count > 1}
        )
        self.doubtful = [
            (name, place)
            for key, (name, place) in first.items()
            if self._known and key not in self._known and name[0].isupper()
        ]

    def match(self, line: str) -> Label | None:
        """The name that a line begins with."""
        label = split_label(line)
        return label if label and label.key in self._known else None


def split_label(line: str) -> Label | None:
    """What may be a name, before a colon at the beginning of a line; None if nothing there can be one.

    >>> split_label("- DR. SMITH (on phone): Hello.")
    Label(name='DR. SMITH', aside=('(on phone)',), rest='Hello.')
    >>> split_label("Note: it is late."), split_label("He said this: no.")
    (None, None)
    """
    found = _BEFORE_COLON.match(line.lstrip("->–—≫ "))
    label = _LABEL.fullmatch(found[1].strip()) if found else None
    if not found or not label:
        return None
    name = " ".join(label[2].strip("[]()").split())
    words = name.split()
    if not 1 <= len(words) <= _MOST_WORDS or _NO_NAME.search(name) or not any(map(str.isalpha, name)):
        return None
    if words[0].casefold().strip(".") in _NOBODY or any(
        word[0].islower() and (word not in _PARTICLES or number == 0) for number, word in enumerate(words)
    ):
        return None
    if name.upper() == name.lower() and len(name) > _LONGEST_UNCASED:
        return None
    return Label(name, tuple(part.strip() for part in label.group(1, 3) if part), found[2].strip())
