"""Cues that carry one sentence, joined to be spoken in one go, and where each stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voxpress.documents.subtitles import Cue
from voxpress.languages import UNSPACED
from voxpress.speech import Seconds
from voxpress.text.split import list_sentences

LONGEST_GAP: Seconds = 1.0
"""Between cues of one sentence."""
LONGEST = 400
"""Characters of cues that are joined."""
_CLOSING = "\"'”’»)]」』）"
_FULL_STOPS = ".!?。！？؟।॥։።"
_UNSPACED_END = re.compile(rf"{UNSPACED}\Z")
_FEWEST_ENDS = 10
"""One of so many cues ends with a full stop where writers set them."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Cues that are spoken in one go, by one speaker.

    >>> cues = [Cue(number=1, start=0, end=1, text="We want"), Cue(number=2, start=1, end=2, text="you.")]
    >>> [passage] = merge_sentences(cues)
    >>> passage.text, passage.starts, passage.ends
    ('We want you.', (0, 8), (7, 12))

    Attributes:
        text: of all cues.
        starts: where the text of each cue begins in `text`.
    """

    cues: tuple[Cue, ...]
    text: str
    starts: tuple[int, ...]

    @property
    def ends(self) -> tuple[int, ...]:
        """Where the text of each cue ends in `text`."""
        return tuple(at + len(cue.text) for at, cue in zip(self.starts, self.cues, strict=True))

    @property
    def speaker(self) -> str:
        """Who speaks; empty if no cue says it."""
        return self.cues[0].speaker

    @property
    def start(self) -> Seconds:
        """When its first cue starts."""
        return self.cues[0].start

    @property
    def end(self) -> Seconds:
        """When its last cue ends."""
        return self.cues[-1].end


def merge_sentences(
    cues: Sequence[Cue], language: str = "", *, longest_gap: Seconds = LONGEST_GAP, longest: int = LONGEST
) -> list[Passage]:
    """Cues with text, those that share a sentence joined.

    Two cues are joined if the first does not end its sentence, the same person goes on in the same language, and the
    second follows within `longest_gap`. Where hardly any cue ends with a full stop, or in scripts without spaces,
    nothing says where sentences end: there each cue stays alone.

    Args:
        language: BCP 47 tag of cues that say none.
        longest: characters; a longer sentence is cut between two cues.
    """
    speaking = [cue for cue in cues if cue.text]
    stopped = sum(_ends_with_stop(cue.text) for cue in speaking)
    if stopped * _FEWEST_ENDS < len(speaking):
        return [Passage((cue,), cue.text, (0,)) for cue in speaking]
    return [_join(group) for group in _list_groups(speaking, language, longest_gap, longest)]


def _list_groups(
    cues: Sequence[Cue], language: str, longest_gap: Seconds, longest: int
) -> Iterator[list[Cue]]:
    group: list[Cue] = []
    length = 0
    for cue in cues:
        length += len(cue.text) + 1
        if group and (length > longest or not _goes_on(group[0], group[-1], cue, language, longest_gap)):
            yield group
            group, length = [], len(cue.text)
        group.append(cue)
    if group:
        yield group


def _goes_on(first: Cue, last: Cue, cue: Cue, language: str, longest_gap: Seconds) -> bool:
    if cue.begins_turn or cue.speaker not in ("", first.speaker) or cue.language != first.language:
        return False
    if cue.number == last.number or not -longest_gap < cue.start - last.end <= longest_gap:
        return False
    return not ends_sentence(last.text, cue.text, first.language or language)


def ends_sentence(text: str, after: str, language: str = "") -> bool:
    """Whether a cue ends its sentence.

    >>> ends_sentence("I met Dr.", "Smith today.", "en"), ends_sentence("I met him.", "He left.", "en")
    (False, True)
    >>> ends_sentence("I was going…", "…to say this."), ends_sentence("a boat", "on the sea")
    (False, False)
    """
    if _UNSPACED_END.search(text):
        return True
    bare = text.rstrip(_CLOSING)
    if bare.endswith(("...", "…")):
        return not (after.startswith(("...", "…")) or after[:1].islower())
    if not _ends_with_stop(text):
        return False
    if not bare.endswith("."):
        return True
    # Only a splitter that knows abbreviations tells a full stop from one of those.
    last = bare.split()[-1]
    return len(list_sentences(f"So {last} {after}", language or "en")) > len(
        list_sentences(after, language or "en")
    )


def _ends_with_stop(text: str) -> bool:
    return text.rstrip(_CLOSING).endswith((*_FULL_STOPS, "…"))


def _join(group: Sequence[Cue]) -> Passage:
    starts: list[int] = []
    text = ""
    for cue in group:
        text = f"{text} " if text else ""
        starts.append(len(text))
        text += cue.text
    return Passage(tuple(group), text, tuple(starts))
