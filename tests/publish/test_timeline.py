"""When everything of an episode is heard."""

import pytest

from voxpress.documents.scripts import BedEnd, Heading, Pause, SoundCue, Turn
from voxpress.publish.podcast.timeline import GRID, LEAD_IN, RATE, Gaps, Length, Timeline, arrange

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
