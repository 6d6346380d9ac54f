"""Descriptions in the gaps of a dialogue."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from voxpress.documents.subtitles import Cue, Subtitles
from voxpress.publish.voiceover.captions import move_times
from voxpress.publish.voiceover.describing import Arrangement, Hold, Timetable, choose_holds, find_places
from voxpress.publish.voiceover.fitting import Piece, place

TALK = [(2.0, 4.0), (4.2, 6.0), (9.0, 12.0)]


@pytest.mark.parametrize(
    ("start", "duration", "begin", "until"),
    [
        (0.5, 1.0, 0.5, 1.96),  # there is room
        (1.9, 1.0, 1.9, 1.96),  # hardly any, and none within 3 s
        (3.5, 1.0, 6.15, 8.96),  # after the dialogue
        (8.9, 0.5, 8.9, 8.96),  # 12.15 is more than 3 s later
        (9.5, 3.0, 12.15, 20.0),  # until the end
        (13.0, 1.0, 13.0, 20.0),
    ],
)
def test_places(start: float, duration: float, begin: float, until: float) -> None:
    [found] = find_places([Piece(start, 0, duration)], TALK, 20.0)
    if until - begin < 0.3:
        assert found.start == start and found.until - found.start < 0.3
    else:
        assert (found.start, round(found.until, 6)) == (begin, until)


def test_a_long_description_delays_the_next_one_by_three_seconds_at_most() -> None:
    first, second = find_places([Piece(0.2, 0, 1.0), Piece(0.8, 1, 0.5)], [], 10.0)
    assert first.until == pytest.approx(1.2) and second.start == pytest.approx(1.24)
    first, second = find_places([Piece(0.2, 0, 9.0), Piece(0.8, 1, 0.5)], [], 10.0)
    assert first.until == pytest.approx(3.76) and second.start == pytest.approx(3.8)
    # Where the picture waits, nobody has to.
    first, second = find_places([Piece(0.2, 0, 9.0), Piece(0.8, 1, 0.5)], [], 10.0, holding=True)
    assert first.until == pytest.approx(0.76) and second.start == 0.8


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_heard_over_dialogue(seed: int) -> None:
    rng = random.Random(seed)
    times = sorted(rng.uniform(0, 100) for _ in range(40))
    dialogue = [(a, b) for a, b in zip(times[::2], times[1::2], strict=True)]
    starts = sorted(rng.uniform(0, 100) for _ in range(25))
    pieces = [Piece(at, number, rng.uniform(0.2, 5)) for number, at in enumerate(starts)]
    placed = place(find_places(pieces, dialogue, 105.0))
    for one, other in pairwise(placed):
        assert one.end <= other.start + 1e-9
    for each in placed:
        if each.end > each.start:
            assert not any(begin < each.end - 1e-9 and each.start < stop for begin, stop in dialogue)


def make_arrangement(starts: Sequence[float], dialogue: Sequence[tuple[float, float]] | None) -> Arrangement:
    def make(spans: Iterable[tuple[float, float]]) -> Subtitles:
        cues = [Cue(number=n, start=a, end=b, text="Hm.") for n, (a, b) in enumerate(spans, 1)]
        return Subtitles(path=Path("d.vtt"), format="vtt", cues=tuple(cues))

    captions = None if dialogue is None else make(dialogue)
    return Arrangement(make((at, at + 0.5) for at in starts), captions, extended=True)


@pytest.mark.parametrize("captioned", [True, False])
@pytest.mark.parametrize("seed", range(20))
def test_a_picture_that_waits_lets_everybody_finish(seed: int, captioned: bool) -> None:
    rng = random.Random(seed)
    times = sorted(round(rng.uniform(0, 100), 3) for _ in range(40))
    dialogue = [(a, b) for a, b in zip(times[::2], times[1::2], strict=True)]
    # Some begin at once, some when the video ends, some later.
    starts = sorted([0, 0, 50, 50, 50, 105, 106, *(round(rng.uniform(0, 100), 3) for _ in range(25))])
    lengths = [rng.randrange(10_000, 240_000) / 48_000 for _ in starts]
    pieces = [Piece(at, n, length) for n, (at, length) in enumerate(zip(starts, lengths, strict=True))]
    arrangement = make_arrangement(starts, dialogue if captioned else None)
    placed = place(arrangement.arrange(pieces, 105.0))
    begins, holds = arrangement.list_starts(placed), arrangement.times.holds
    heard = [(at, at + length) for at, length in zip(begins, lengths, strict=True)][:-1]
    assert all(each.missing == 0 for each in placed[:-1]) and placed[-1].end == placed[-1].start
    for one, other in pairwise(heard):
        assert one[1] <= other[0] + 1e-4
    # What is seen in between is the film, and nobody speaks in it.
    move, before = arrangement.times.move, arrangement.times.begin
    assert max(stop for _, stop in heard) <= 105 + arrangement.times.total + 1e-6
    for first, last in dialogue if captioned else ():
        cuts = [first, *(each.at for each in holds if first < each.at < last), last]
        for a, b in pairwise(cuts):
            assert not any(begin < before(b) - 1e-4 and move(a) + 1e-4 < stop for begin, stop in heard)


@pytest.mark.parametrize("begin", [3.157, 7.003, 10.01, 14.77])
def test_sound_and_picture_are_on_the_same_side_of_a_hold(begin: float) -> None:
    arrangement = make_arrangement([begin - 0.5], [(begin, 29.0)])
    arrangement.arrange([Piece(begin - 0.5, 0, 4.0)], 30.0)
    [hold] = arrangement.times.holds
    assert round(hold.at * 48_000) / 48_000 == hold.at and hold.at == pytest.approx(begin - 0.04, abs=1e-4)


def test_holds_add_up() -> None:
    holds = choose_holds(
        [Piece(1, 0, 3.0, until=2.0), Piece(5, 1, 2.0, until=5.0), Piece(8, 2, 1.0, until=20)]
    )
    assert holds == [Hold(2.0, 2.0), Hold(5.0, 2.0), Hold(20, 0.0)]
    times = Timetable(holds)
    assert times.total == 4.0
    assert [times.move(at) for at in (0, 1.99, 2.0, 4.9, 5.0, 8.0)] == [0, 1.99, 4.0, 6.9, 9.0, 12.0]
    assert [times.begin(at) for at in (1.0, 5.0, 8.0)] == [1.0, 7.0, 12.0]


@pytest.mark.parametrize(
    ("text", "form", "moved"),
    [
        ("01:00:59,900 --> 01:01:00,000", "srt", "01:01:00,400 --> 01:01:00,500"),
        ("00:01.000 --> 00:02.500 align:left", "vtt", "00:00:01.500 --> 00:00:03.000 align:left"),
        ("At 10:30.500 we left", "vtt", "At 10:30.500 we left"),
        ("<b>me</b> <00:01.000>now", "vtt", "<b>me</b> <00:00:01.500>now"),
        ("100:00:01.000 --> 100:00:02.000", "vtt", "100:00:01.500 --> 100:00:02.500"),
        # As people write SubRip.
        ("00:00:01 --> 00:00:02", "srt", "00:00:01,500 --> 00:00:02,500"),
        ("0:1,5 -> 0:2,5 X1:10 X2:20", "srt", "00:00:02,000 -> 00:00:03,000 X1:10 X2:20"),
        ("00 : 00 : 01.000 --> 00:00:02:250", "srt", "00:00:01,500 --> 00:00:02,750"),
        ("The 10:30 --> and <00:00:01,000> on", "srt", "The 10:30 --> and <00:00:01,000> on"),
    ],
)
def test_times_of_captions(text: str, form: str, moved: str) -> None:
    assert move_times(text, lambda at: at + 0.5, form) == moved
