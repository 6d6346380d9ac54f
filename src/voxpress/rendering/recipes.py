"""From the scenes of a text to its recipe: takes, and what is heard between them, in order."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator

from voxpress.errors import show
from voxpress.rendering.casting import Narrator
from voxpress.rendering.plan import Assignment, Played, RecipePart, Within
from voxpress.speech import Hertz, Segment
from voxpress.store.keys import take_key
from voxpress.text import Bookmark, Change, Pause, Say, carrier
from voxpress.text.front_end import Spoken
from voxpress.text.passage import Passage


class RecipeBuilder:
    """Collects what becomes of a text.

    Attributes:
        parts: take keys, and what is heard between takes.
        takes: what is to be spoken, by take keys.
        words: of each take in `parts`, with their places in the source.
        bookmarks: the places of those in `parts`, in the source.
        left_out: how often what was left out, and why.
        changes: places that are spoken otherwise than written.
        notes: what a user should know.
        opens, closes: whether the text goes on with what is heard before it, or behind it.
    """

    def __init__(self) -> None:
        self.parts: list[RecipePart] = []
        self.takes: dict[str, Assignment] = {}
        self.words: list[Passage] = []
        self.bookmarks: list[tuple[int, int]] = []
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.changes: list[Change] = []
        self.notes: list[str] = []
        self.opens = self.closes = False

    def say(
        self, words: Say, spoken: Spoken, narrator: Narrator, *, starts: bool = False, ends: bool = False
    ) -> None:
        """Add words as a narrator speaks them.

        Args:
            starts, ends: whether the words begin what is heard of the text, or end it.

        Raises:
            UnsupportedOption: sounds are given that the voice cannot speak.
        """
        bookmarks = deque(words.bookmarks)
        self.bookmarks += [each.source for each in bookmarks]
        last = len(spoken.parts) - 1
        for position, part in enumerate(spoken.parts):
            if isinstance(part, Pause):
                self.add(part, narrator.speed)
                continue
            begins, finishes = starts and position == 0, ends and position == last
            segment = narrator.segment(part, starts=begins, ends=finishes)
            take = Assignment(narrator.engine, narrator.fingerprint, segment)
            if narrator.continued:
                self._note_plain_ends(part.text, narrator, segment, begins, finishes)
            key = take_key(take.fingerprint, take.segment)
            self.takes[key] = take
            self.words.append(part.words)
            self.parts += _place_bookmarks(bookmarks, part.words)
            plain = not part.gain and narrator.speed == 1.0
            played = Played(key, part.gain, narrator.speed, take.segment.speed)
            self.parts.append(key if plain else played)
        self.parts += [Bookmark(each.name) for each in bookmarks]
        self.left_out.update(spoken.left_out)
        self.changes += spoken.changes

    def _note_plain_ends(
        self, text: str, narrator: Narrator, segment: Segment, starts: bool, ends: bool
    ) -> None:
        """Note an ellipsis at an end that the engine gets as it is."""
        opens = starts and carrier.begins_within(text)
        closes = ends and carrier.goes_on(text)
        self.opens, self.closes = self.opens or opens, self.closes or closes
        if (opens and not segment.carrier) or (closes and not segment.follower):
            why = (
                f"voxpress has no carrier phrase for {narrator.language}"
                if narrator.engine.timed
                else f"{narrator.engine.name} does not say when its words are heard"
            )
            self.notes.append(f"{why}, so {show(text)} is spoken as it is, without the rest of a sentence")

    def add(self, part: RecipePart, speed: float) -> None:
        """Add what is heard between words that are spoken at a speed: their pauses belong to their time."""
        match part:
            case Pause(after):
                part = Pause(after, speed)
            case Bookmark(name, source):
                self.bookmarks.append(source)
                part = Bookmark(name)
        self.parts.append(part)

    def choose_rate(self, default: Hertz) -> Hertz:
        """The sample rate at which nothing of the takes is lost; without takes, the default."""
        return max((take.engine.sample_rate for take in self.takes.values()), default=default)


def _place_bookmarks(waiting: deque[Bookmark], words: Passage) -> Iterator[Bookmark | Within]:
    """The bookmarks that stand in the words of a take, or before them; takes them from those that wait. One within a
    word is heard where the word begins.
    """
    end = words.source(0, len(words))[1] if waiting else 0
    while waiting and waiting[0].source[0] < end:
        bookmark = waiting.popleft()
        place = bisect_left(words.starts, bookmark.source[0])
        within = not any(map(str.isspace, words.text[place - 1 : place + 1]))
        before = len(words.text[:place].split()) - (within and place > 0)
        name = bookmark.name
        yield Within(name, before, len(words.text.split())) if before else Bookmark(name)
