"""From the scenes of a text to its recipe: takes, and what is heard between them, in order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator

from voxpress.rendering.casting import Narrator
from voxpress.rendering.plan import Assignment, Played, RecipePart, Within
from voxpress.speech import Hertz
from voxpress.store.keys import take_key
from voxpress.text import Bookmark, Change, Pause, Say
from voxpress.text.front_end import Spoken
from voxpress.text.passage import Passage


class RecipeBuilder:
    """Collects what becomes of a text.

    Attributes:
        parts: take keys, and what is heard between takes.
        takes: what is to be spoken, by take keys.
        words: of each take in `parts`, with their places in the source.
        left_out: how often what was left out, and why.
        changes: places that are spoken otherwise than written.
    """

    def __init__(self) -> None:
        self.parts: list[RecipePart] = []
        self.takes: dict[str, Assignment] = {}
        self.words: list[Passage] = []
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.changes: list[Change] = []

    def say(self, words: Say, spoken: Spoken, narrator: Narrator) -> None:
        """Add words as a narrator speaks them.

        Raises:
            UnsupportedOption: sounds are given that the voice cannot speak.
        """
        bookmarks = deque(words.bookmarks)
        for part in spoken.parts:
            if isinstance(part, Pause):
                self.add(part, narrator.speed)
                continue
            take = Assignment(narrator.engine, narrator.fingerprint, narrator.segment(part))
            key = take_key(take.fingerprint, take.segment)
            self.takes[key] = take
            self.words.append(part.words)
            self.parts += _place_bookmarks(bookmarks, part.words)
            plain = not part.gain and narrator.speed == 1.0
            played = Played(key, part.gain, narrator.speed, take.segment.speed)
            self.parts.append(key if plain else played)
        self.parts += [Bookmark(name) for _, name in bookmarks]
        self.left_out.update(spoken.left_out)
        self.changes += spoken.changes

    def add(self, part: RecipePart, speed: float) -> None:
        """Add what is heard between words that are spoken at a speed: their pauses belong to their time."""
        self.parts.append(Pause(part.after, speed) if isinstance(part, Pause) else part)

    def choose_rate(self, default: Hertz) -> Hertz:
        """The sample rate at which nothing of the takes is lost; without takes, the default."""
        return max((take.engine.sample_rate for take in self.takes.values()), default=default)


def _place_bookmarks(waiting: deque[tuple[int, str]], words: Passage) -> Iterator[Bookmark | Within]:
    """The bookmarks that stand in the words of a take, or before them; takes them from those that wait."""
    end = words.source(0, len(words))[1] if waiting else 0
    while waiting and waiting[0][0] < end:
        at, name = waiting.popleft()
        before = len(words.text[: bisect_left(words.starts, at)].split())
        yield Within(name, before, len(words.text.split())) if before else Bookmark(name)
