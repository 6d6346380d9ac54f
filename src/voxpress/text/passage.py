"""A text on its way from written to spoken, which knows for each character where in the source it stood.

Every stage of the front end takes a `Passage` and gives another: it cuts pieces out and replaces others. So a word of
the audio can be shown in the source, and what one stage has decided is safe from the next.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter, itemgetter

import msgspec

from voxpress.speech import Phonemes


class Edit(msgspec.Struct, frozen=True):
    """A piece of a passage, and what replaces it.

    Attributes:
        start, end: of the piece, in the passage's text.
        spoken: what is said in its place.
        ipa: how that is pronounced; empty: as the engine thinks.
        certain: False where another reading is as likely.
        fixed: later stages leave it as it is.
    """

    start: int
    end: int
    spoken: str
    ipa: str = ""
    certain: bool = True
    fixed: bool = True


class Change(msgspec.Struct, frozen=True):
    """A place of the source that is spoken otherwise than written.

    Attributes:
        start, end: in the source.
        by: the stage and its rule, such as ``lexicon`` or ``money``.
    """

    start: int
    end: int
    written: str
    spoken: str
    by: str
    ipa: str = ""
    certain: bool = True


def order_changes(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Changes in the order of the source; of one place, one: what was written, and what became of it in the end.

    >>> two = Change(0, 1, "②", "2", "letters"), Change(0, 1, "2", "two", "number")
    >>> [(change.written, change.spoken, change.by) for change in order_changes(two)]
    [('②', 'two', 'number')]
    """
    found: dict[tuple[int, int], Change] = {}
    for change in changes:
        first = found.get((change.start, change.end), change)
        found[change.start, change.end] = msgspec.structs.replace(
            change, written=first.written, certain=first.certain and change.certain
        )
    return tuple(sorted(found.values(), key=lambda change: (change.start, change.end)))


@dataclass(frozen=True, slots=True)
class Passage:
    """Text, and where each of its characters stood in the source.

    >>> passage = Passage.of("Dial 5 now.").edit([Edit(5, 6, "five")])
    >>> passage.text, passage.source(5, 9)
    ('Dial five now.', (5, 6))

    Attributes:
        starts, ends: for each character of `text` the place in the source that it comes from.
        fixed: pieces of `text` that later stages leave as they are: start and end of each, in order.
        phonemes: pieces of `text` whose pronunciation is given, in order.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    fixed: tuple[tuple[int, int], ...] = ()
    phonemes: tuple[Phonemes, ...] = ()

    @classmethod
    def of(cls, text: str, start: int = 0) -> Passage:
        """A text as it stands in the source from `start` on."""
        return cls(text, range(start, start + len(text)), range(start + 1, start + len(text) + 1))

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, piece: slice) -> Passage:
        start, end, _ = piece.indices(len(self.text))
        end = max(start, end)
        return Passage(
            self.text[start:end],
            self.starts[start:end],
            self.ends[start:end],
            tuple((max(a, start) - start, min(b, end) - start) for a, b in self._find_fixed(start, end))
            if start < end
            else (),
            tuple(p.moved(-start) for p in self._find_phonemes(start, end)),
        )

    def _find_fixed(self, start: int, end: int) -> Sequence[tuple[int, int]]:
        """The fixed pieces that lie in a piece, or partly: searched for, because a long text has many."""
        first = bisect_right(self.fixed, start, key=itemgetter(1))
        return self.fixed[first : bisect_left(self.fixed, end, first, key=itemgetter(0))]

    def _find_phonemes(self, start: int, end: int) -> Sequence[Phonemes]:
        first = bisect_left(self.phonemes, start, key=attrgetter("start"))
        return self.phonemes[first : bisect_right(self.phonemes, end, first, key=attrgetter("end"))]

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The place in the source of a piece of `text`.

        >>> Passage.of("world", start=6).source(0, 5)
        (6, 11)
        """
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return at, at
        return min(self.starts[start:end]), max(self.ends[start:end])

    def strip(self) -> Passage:
        """The passage without white space at its ends."""
        return self[len(self.text) - len(self.text.lstrip()) : len(self.text.rstrip())]

    def is_fixed(self, start: int, end: int) -> bool:
        """Whether any of that piece was decided by an earlier stage."""
        return bool(self._find_fixed(start, end))

    def edit(self, edits: Iterable[Edit]) -> Passage:
        """The passage with pieces replaced, which are in order and do not overlap.

        An edit that is not `fixed` only tidies: a fixed or pronounced piece around it stays fixed or pronounced.
        """
        edits = list(edits)
        if not edits:
            return self
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        fixed: list[tuple[int, int]] = []
        moves = [0]  # how far text moves that stands behind so many edits
        done = 0  # of this passage

        def keep(until: int) -> None:
            if done == until:
                return
            text.append(self.text[done:until])
            starts.extend(self.starts[done:until])
            ends.extend(self.ends[done:until])
            by = moves[-1]
            fixed.extend((max(a, done) + by, min(b, until) + by) for a, b in self._find_fixed(done, until))

        for each in edits:
            if each.start < done:
                raise ValueError(f"{each} begins before {done}, where the one before it ends")
            keep(each.start)
            at, length = each.start + moves[-1], len(each.spoken)
            first, last = self.source(each.start, each.end)
            text.append(each.spoken)
            starts += [first] * length
            ends += [last] * length
            if each.spoken and (each.fixed or self._is_within_fixed(each)):
                fixed.append((at, at + length))
            moves.append(at + length - each.end)
            done = each.end
        keep(len(self.text))
        edited = "".join(text)
        return Passage(edited, starts, ends, tuple(fixed), self._carry_phonemes(edits, moves, edited))

    def _is_within_fixed(self, edit: Edit) -> bool:
        return any(a <= edit.start and edit.end <= b for a, b in self._find_fixed(edit.start, edit.end))

    def _carry_phonemes(self, edits: Sequence[Edit], moves: Sequence[int], text: str) -> tuple[Phonemes, ...]:
        """The pronunciations that edits give, and those that they leave; none begins or ends with white space."""
        pieces = [
            (each.start + move, each.start + move + len(each.spoken), each.ipa)
            for each, move in zip(edits, moves, strict=False)
            if each.ipa
        ]
        for given in self.phonemes:
            first = bisect_right(edits, given.start, key=attrgetter("end"))
            behind = bisect_left(edits, given.end, first, key=attrgetter("start"))
            if all(
                given.start <= each.start and each.end <= given.end and not (each.fixed or each.ipa)
                for each in edits[first:behind]
            ):
                pieces.append((given.start + moves[first], given.end + moves[behind], given.ipa))
        return tuple(
            Phonemes(
                start=end - len(text[start:end].lstrip()), end=start + len(text[start:end].rstrip()), ipa=ipa
            )
            for start, end, ipa in sorted(pieces)
            if text[start:end].strip()
        )

    def changes(self, edits: Iterable[Edit], by: str) -> list[Change]:
        """What edits of this passage change, in places of the source.

        >>> passage = Passage.of("Dial 5 now.")
        >>> [(c.start, c.end, c.written, c.spoken) for c in passage.changes([Edit(5, 6, "five")], "number")]
        [(5, 6, '5', 'five')]
        """
        found = []
        for each in edits:
            start, end = self.source(each.start, each.end)
            written = self.text[each.start : each.end]
            if written != each.spoken or each.ipa:
                found.append(Change(start, end, written, each.spoken, by, each.ipa, each.certain))
        return found

    @staticmethod
    def join(passages: Iterable[Passage]) -> Passage:
        """Passages one after the other.

        >>> Passage.join([Passage.of("a "), Passage.of("b", start=9)]).source(2, 3)
        (9, 10)
        """
        text = ""
        starts: list[int] = []
        ends: list[int] = []
        fixed: list[tuple[int, int]] = []
        phonemes: list[Phonemes] = []
        for each in passages:
            at = len(text)
            text += each.text
            starts.extend(each.starts)
            ends.extend(each.ends)
            fixed.extend((a + at, b + at) for a, b in each.fixed)
            phonemes.extend(p.moved(at) for p in each.phonemes)
        return Passage(text, starts, ends, tuple(fixed), tuple(phonemes))
