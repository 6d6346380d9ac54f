"""When everything of an episode is heard."""

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.growth import require_linear
from voxpress.documents.scripts import BedEnd, Heading, Item, Pause, SoundCue, Turn
from voxpress.publish.podcast.timeline import (
    GRID,
    LEAD_IN,
    LONGEST,
    RATE,
    Gaps,
    Length,
    Timeline,
    arrange,
)

ANN = Turn(speaker="Ann", text="Hello.")
BOB = Turn(speaker="Bob", text="Hello, Ann.")
GAPS = Gaps(speakers=0.4, paragraphs=0.6, chapters=1.0, lead=0.5, tail=1.0)


def place(*items: object, length: float = 1.0, sound: float = 2.0) -> Timeline:
    turns = [round(length * RATE) for item in items if isinstance(item, Turn)]
    sounds = {
        item.name: Length(round(sound * RATE), 2 * RATE) for item in items if isinstance(item, SoundCue)
    }
    return arrange(items, turns, sounds, GAPS)  # type: ignore[arg-type]


def times(timeline: Timeline) -> list[tuple[float, float]]:
    return [(round(each.start / RATE, 3), round(each.end / RATE, 3)) for each in timeline.turns]


def test_turns_follow_each_other_with_the_usual_silence() -> None:
    assert times(place(ANN, BOB, BOB)) == [(0.5, 1.5), (1.9, 2.9), (3.5, 4.5)]


@pytest.mark.parametrize(
    ("gap", "start"),
    [(0.0, 1.5), (2.0, 3.5), (-0.3, 1.2), (-5.0, 0.5)],
    ids=["none", "long", "overlap", "too much"],
)
def test_a_turn_says_when_it_begins_and_never_before_the_one_before_it(gap: float, start: float) -> None:
    reply = Turn(speaker="Bob", text="Yes.", gap=gap)
    assert times(place(ANN, reply))[1] == (start, start + 1.0)


def test_after_an_overlap_the_longer_one_counts() -> None:
    interjection = Turn(speaker="Bob", text="Yes.", gap=-0.9)
    timeline = arrange([ANN, interjection, ANN], [3 * RATE, RATE // 2, RATE], {}, GAPS)
    assert times(timeline) == [(0.5, 3.5), (2.6, 3.1), (3.9, 4.9)]


def test_a_pause_stands_in_place_of_the_usual_silence() -> None:
    assert times(place(ANN, Pause(duration=2.0), BOB))[1][0] == 3.5
    assert times(place(ANN, Pause(duration=2.0), Pause(duration=1.0), BOB))[1][0] == 4.5


def test_what_follows_a_sting_waits_for_its_end_but_for_the_overlap() -> None:
    assert times(place(ANN, SoundCue(name="ding"), BOB))[1][0] == 3.9
    assert times(place(ANN, SoundCue(name="ding", overlap=0.5), BOB))[1][0] == 3.4


def test_a_bed_lasts_until_it_is_ended_and_costs_no_time() -> None:
    timeline = place(SoundCue(name="theme", kind="bed"), Pause(duration=3.0), ANN, BedEnd(), BOB)
    assert times(timeline) == [(3.5, 4.5), (4.9, 5.9)]
    (bed,) = timeline.sounds
    assert (bed.start / RATE, bed.end / RATE) == (0.5, 4.5)


def test_a_bed_that_nothing_ends_fades_out_after_the_last_words() -> None:
    timeline = place(SoundCue(name="theme", kind="bed"), ANN, Pause(duration=2.0))
    assert timeline.sounds[0].end / RATE == 3.5
    assert timeline.duration == pytest.approx(5.5, abs=GRID / RATE)


def test_another_bed_ends_the_first() -> None:
    timeline = place(SoundCue(name="one", kind="bed"), ANN, SoundCue(name="two", kind="bed"), BOB, BedEnd())
    assert [(each.cue.name, each.start / RATE, each.end / RATE) for each in timeline.sounds] == [
        ("one", 0.5, 1.5),
        ("two", 1.5, 2.9),
    ]


def test_chapters_begin_where_their_sound_can_be_copied() -> None:
    timeline = place(
        Heading(title="One"), ANN, Heading(title="Two"), SoundCue(name="ding"), BOB, Heading(title="End")
    )
    titles = {each.title: each.start for each in timeline.chapters}
    assert titles["One"] == 0
    assert titles["Two"] % GRID == 0
    assert 2.5 <= titles["Two"] / RATE < 2.5 + GRID / RATE
    assert timeline.sounds[0].start == titles["Two"] + LEAD_IN
    assert timeline.parts[0] == (0, titles["Two"])
    assert timeline.parts[-1][1] == timeline.length
    assert timeline.length % GRID == 0


def test_a_chapter_is_as_long_wherever_it_stands() -> None:
    short, long = (
        arrange(
            [Heading(title="1"), ANN, Heading(title="2"), BOB, Heading(title="3"), ANN], lengths, {}, GAPS
        )
        for lengths in ([1000, RATE, RATE], [200_000, RATE, RATE])
    )
    assert [e - s for s, e in short.parts][1:] == [e - s for s, e in long.parts][1:]


def talk(count: int, **changed: float) -> tuple[list[Item], list[int]]:
    """Turns of one to eight seconds; `t5=2` has turn 5 say something else, for two seconds."""
    chance = random.Random(5)
    lengths = [chance.uniform(1, 8) for _ in range(count)]
    turns: list[Item] = [Turn(speaker="Ann" if n % 2 else "Bob", text=f"Number {n}.") for n in range(count)]
    for name, length in changed.items():
        number = int(name[1:])
        turns[number] = Turn(speaker="Ann", text="Something else.")
        lengths[number] = length
    return turns, [round(each * RATE) for each in lengths]


def list_parts(timeline: Timeline) -> list[tuple[object, ...]]:
    """What is heard of each part, and when in it."""
    return [
        (
            stop - start,
            *(
                (each.turn.text, each.start - start)
                for each in timeline.turns
                if start - RATE // 2 < each.start < stop + 5_700
            ),
        )
        for start, stop in timeline.parts
    ]


def test_a_talk_without_headings_has_short_parts_that_turns_begin() -> None:
    timeline = arrange(*talk(2000), {}, GAPS)
    starts = {each.start for each in timeline.turns}
    for start, stop in timeline.parts[1:]:
        assert start % GRID == 0 and start + LEAD_IN in starts
        assert 60 * RATE < stop - start + GRID <= LONGEST + GRID
    gaps = [after.start - before.end for before, after in pairwise(timeline.turns)]
    assert min(gaps) == round(0.4 * RATE)
    assert max(gaps) < round(0.4 * RATE) + GRID


@pytest.mark.parametrize("number", [3, 400, 977, 1500, 1999])
def test_an_edit_changes_the_parts_around_it(number: int) -> None:
    before = list_parts(arrange(*talk(2000), {}, GAPS))
    after = list_parts(arrange(*talk(2000, **{f"t{number}": 9.7}), {}, GAPS))
    assert len(before) > 40
    assert 1 <= len(set(after) - set(before)) <= 4


def test_a_turn_with_a_gap_of_its_own_begins_no_part() -> None:
    turns, lengths = talk(400)
    close = [Turn(speaker=each.speaker, text=each.text, gap=0.0) for each in turns if isinstance(each, Turn)]
    timeline = arrange(close, lengths, {}, GAPS)
    assert all(before.end == after.start for before, after in pairwise(timeline.turns))
    assert all(stop - start <= LONGEST for start, stop in timeline.parts)


def test_parts_begin_where_no_bed_plays() -> None:
    turns, lengths = talk(120)
    bed = SoundCue(name="theme", kind="bed")
    items: list[Item] = [bed, *turns[:50], BedEnd(), *turns[50:60], bed, *turns[60:], BedEnd()]
    timeline = arrange(items, lengths, {"theme": Length(RATE, RATE)}, GAPS)
    assert timeline.turns[50].start <= timeline.parts[1][0] + LEAD_IN <= timeline.turns[60].start


@pytest.mark.parametrize(
    "items",
    [
        [ANN, Turn(speaker="Bob", text="An hour.")],
        [ANN, SoundCue(name="long"), BOB],
        [ANN, *[Pause(duration=600.0)] * 6, BOB],
    ],
    ids=["turn", "sting", "pause"],
)
def test_what_has_no_turn_for_an_hour_has_parts_all_the_same(items: Sequence[Item]) -> None:
    lengths = [3600 * RATE if each.text == "An hour." else RATE for each in items if isinstance(each, Turn)]
    timeline = arrange(items, lengths, {"long": Length(3600 * RATE)}, GAPS)
    assert len(timeline.parts) >= 12
    assert all(start % GRID == 0 and 0 < stop - start <= LONGEST for start, stop in timeline.parts)
    assert timeline.parts[-1][1] == timeline.length


@pytest.mark.parametrize("text", ["Number {}.", "Yes."], ids=["different", "equal"])
def test_arranging_grows_with_the_turns(text: str) -> None:
    def work(count: int) -> None:
        arrange([Turn(speaker="Ann", text=text.format(n)) for n in range(count)], [RATE] * count, {}, GAPS)

    require_linear(work, 80_000)
