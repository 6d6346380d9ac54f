"""When everything of an episode is heard. Pure: durations go in, places come out.

All places are in samples of the mix, so that nothing drifts. A part begins on a frame of every format: its sound is
then encoded alike wherever it stands in the episode, and is copied where it did not change.
"""

from __future__ import annotations

import itertools
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, NamedTuple, TypeAlias

import msgspec

from voxpress.documents.scripts import BedEnd, Heading, Item, Pause, SoundCue, Turn
from voxpress.speech import Hertz, Seconds

RATE: Hertz = 44_100
"""Sample rate of the mix."""
GRID = 9_216
"""Samples between places where a part can begin: whole frames of MP3 (1,152) and of AAC (1,024), 0.21 s."""
LEAD_IN = 6_144
"""Samples of silence at the start of a part, 0.14 s: as far as the encoder of the part before it looks ahead."""
LONGEST = 1_435 * GRID
"""Samples of a part, 300 s: so much is encoded again after an edit, and lost if the process is killed."""
_SHORTEST = LONGEST // 5
"""Samples of a part within a chapter."""
_LATEST: Seconds = 86_400.0
"""A turn cannot begin more than a day before the end of the one before it."""
Silence: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=60)]
"""Seconds."""


class Length(NamedTuple):
    """How long a sound is, in samples.

    Attributes:
        fade_out: how long a bed goes on after its end, ever softer.
    """

    whole: int
    fade_out: int = 0


class PlacedTurn(NamedTuple):
    """A turn in the episode.

    Attributes:
        number: among the turns of the script, from 0.
        start, end: in samples.
    """

    turn: Turn
    number: int
    start: int
    end: int


class PlacedSoundCue(NamedTuple):
    """A sound in the episode: of a bed, `end` is where it begins to fade out."""

    cue: SoundCue
    start: int
    end: int


class PlacedChapter(NamedTuple):
    """A chapter, and where it begins."""

    title: str
    start: int


class Break(NamedTuple):
    """A turn that can begin a part: when it begins, all that was heard before has ended, but for a bed.

    Attributes:
        turn: its number.
        bed: whether a bed plays.
        mark: a number that follows from what is said.
    """

    at: int
    turn: int
    bed: bool
    mark: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """When everything of an episode is heard.

    Attributes:
        length: in samples, a multiple of `GRID`.
        cuts: where a turn begins a part within a chapter.
        breaks: where one could.
    """

    turns: tuple[PlacedTurn, ...]
    sounds: tuple[PlacedSoundCue, ...]
    chapters: tuple[PlacedChapter, ...]
    length: int
    cuts: tuple[int, ...] = ()
    breaks: tuple[Break, ...] = ()

    @property
    def duration(self) -> Seconds:
        return self.length / RATE

    @property
    def parts(self) -> tuple[tuple[int, int], ...]:
        """What is encoded as one, start and end of each: a chapter, or a piece of one that is long."""
        spans = itertools.pairwise([*self.starts, self.length])
        # A joint cannot be heard even within a word, but only at a turn does what follows stay as it is.
        starts = [at for start, stop in spans for at in range(start, stop, LONGEST)]
        return tuple(itertools.pairwise([*starts, self.length]))

    @property
    def starts(self) -> list[int]:
        """Where chapters begin and where long ones are cut, and 0."""
        places = (*(each.start for each in self.chapters), *self.cuts)
        return sorted({0, *(at for at in places if at < self.length)})


class Gaps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Silence of an episode, in seconds.

    Attributes:
        speakers: where another person goes on.
        paragraphs: where the same person does.
        chapters: before a heading.
        lead, tail: before the first sound, and after the last.
    """

    speakers: Silence = 0.35
    paragraphs: Silence = 0.5
    chapters: Silence = 1.2
    lead: Silence = 0.5
    tail: Silence = 1.0


def arrange(
    items: Sequence[Item],
    turns: Sequence[int],
    sounds: Mapping[str, Length],
    gaps: Gaps = Gaps(),  # noqa: B008 - it cannot be changed
) -> Timeline:
    """Place the items of a script one after the other.

    A turn that overlaps the one before it never begins before that does. A bed that nothing ends fades out at the end.

    >>> talk = [Heading(title="One"), Turn(speaker="Ann", text="Hi."), Turn(speaker="Bob", text="Hey.", gap=-0.5)]
    >>> [(each.start / RATE, each.end / RATE) for each in arrange(talk, [44100, 44100], {}).turns]
    [(0.5, 1.5), (1.0, 2.0)]

    Args:
        turns: of each turn, its length in samples.
        sounds: of each sound, by its name.
    """
    uncut = _Arranger(turns, sounds, gaps).arrange(items)
    firsts = choose_firsts(uncut.breaks, [*uncut.starts, uncut.length])
    return _Arranger(turns, sounds, gaps, firsts).arrange(items) if firsts else uncut


def choose_firsts(breaks: Sequence[Break], bounds: Sequence[int]) -> frozenset[int]:
    """The turns that begin a part, so that no part is longer than `LONGEST`.

    A span that is too long is cut where no bed plays and the mark is the smallest, and so are its halves. So an edit
    moves the cuts beside it, and hardly ever others.

    Args:
        breaks: in the order of their places.
        bounds: where chapters begin, and the end of the last one.
    """
    firsts = set()
    spans = list(itertools.pairwise(bounds))
    while spans:
        start, stop = spans.pop()
        if stop - start <= LONGEST - 2 * GRID:  # it may become a little longer
            continue
        low = bisect_left(breaks, start + _SHORTEST, key=attrgetter("at"))
        high = bisect_right(breaks, stop - _SHORTEST, key=attrgetter("at"))
        if low < high:
            middle = (start + stop) // 2
            best = min(breaks[low:high], key=lambda each: (each.bed, each.mark, abs(each.at - middle)))
            firsts.add(best.turn)
            spans += [(start, best.at), (best.at, stop)]
    return frozenset(firsts)


def _count(duration: Seconds) -> int:
    return round(duration * RATE)


def _align(at: int) -> int:
    """The next place where a chapter can begin."""
    return -(-at // GRID) * GRID


class _Arranger:
    """Walks through a script.

    `_end` is where the last sound ends but for its overlap, `_gap` the silence that was asked for after it. From
    `_silent_from` on nothing is heard.
    """

    def __init__(
        self,
        turns: Sequence[int],
        sounds: Mapping[str, Length],
        gaps: Gaps,
        firsts: frozenset[int] = frozenset(),
    ) -> None:
        self._lengths = turns
        self._firsts = firsts
        self._sound_lengths = sounds
        self._gaps = gaps
        self._turns: list[PlacedTurn] = []
        self._sounds: list[PlacedSoundCue] = []
        self._chapters: list[PlacedChapter] = []
        self._cuts: list[int] = []
        self._breaks: list[Break] = []
        self._silent_from = 0
        self._bed: tuple[SoundCue, int] | None = None
        self._end = _count(gaps.lead)
        self._gap: int | None = 0

    def arrange(self, items: Sequence[Item]) -> Timeline:
        for item in items:
            match item:
                case Turn():
                    self._say(item)
                case Pause(duration=duration):
                    self._gap = (self._gap or 0) + _count(duration)
                case Heading():
                    self._begin_chapter(item)
                case SoundCue(kind="bed"):
                    self._end_bed()
                    self._bed = item, self._go_on()
                case SoundCue():
                    self._play(item)
                case BedEnd():
                    self._end_bed()
        self._go_on()
        last = self._end + (_count(self._gaps.tail) if self._bed is None else 0)
        self._end_bed()
        fading = max(
            (
                each.end + self._sound_lengths[each.cue.name].fade_out
                for each in self._sounds
                if each.cue.kind == "bed"
            ),
            default=0,
        )
        return Timeline(
            tuple(self._turns),
            tuple(self._sounds),
            tuple(self._chapters),
            _align(max(last, fading, 1)),
            tuple(self._cuts),
            tuple(self._breaks),
        )

    def _go_on(self) -> int:
        """Where a bed begins or ends: after the silence that was asked for. What follows gets no more of it."""
        if self._gap is not None:
            self._end += self._gap
            self._gap = 0
        return self._end

    def _say(self, turn: Turn) -> None:
        number = len(self._turns)
        former = self._turns[-1] if self._turns else None
        if turn.gap is not None:
            gap = _count(max(turn.gap, -_LATEST))
        elif self._gap is not None:
            gap = self._gap
        else:
            same = former is not None and former.turn.speaker == turn.speaker
            gap = _count(self._gaps.paragraphs if same else self._gaps.speakers)
        start = max(self._end + gap, former.start if former else 0, 0)
        if turn.gap is None and start >= self._silent_from + LEAD_IN:
            mark = zlib.crc32(f"{turn.speaker}\n{turn.text}".encode())
            self._breaks.append(Break(start, number, self._bed is not None, mark))
        if number in self._firsts:
            self._cuts.append(_align(start - LEAD_IN))
            start = self._cuts[-1] + LEAD_IN
        end = start + self._lengths[number]
        self._turns.append(PlacedTurn(turn, number, start, end))
        self._end = max(self._end, end)
        self._silent_from = max(self._silent_from, end)
        self._gap = None

    def _begin_chapter(self, heading: Heading) -> None:
        pause = self._gap if self._gap is not None else _count(self._gaps.chapters)
        if not self._turns and not self._sounds and not self._chapters:
            self._chapters.append(PlacedChapter(heading.title, 0))
            return
        self._end = _align(self._end + pause)
        self._gap = 0
        self._chapters.append(PlacedChapter(heading.title, self._end))
        self._end += LEAD_IN

    def _play(self, sound: SoundCue) -> None:
        gap = _count(self._gaps.speakers) if self._gap is None else self._gap
        start = self._end + gap
        end = start + self._sound_lengths[sound.name].whole
        self._sounds.append(PlacedSoundCue(sound, start, end))
        self._silent_from = max(self._silent_from, end)
        self._end = max(start, end - _count(sound.overlap))
        self._gap = 0

    def _end_bed(self) -> None:
        if self._bed is not None:
            sound, start = self._bed
            self._sounds.append(PlacedSoundCue(sound, start, max(start, self._go_on())))
            self._bed = None
