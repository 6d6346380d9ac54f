"""In which order segments are spoken."""

from tests.rendering.plans import planned, sentences
from voxpress.rendering.turns import BLOCK, FairTurns, LongestFirst


def segments(plan):
    return [take.segment for take in plan.takes.values()]


def order(turns, plans):
    """Numbers of the plans in the order in which their segments are taken."""
    places = [(turns.place(plan, segment), plan.number) for plan in plans for segment in segments(plan)]
    taken = []
    for place, number in sorted(places):
        turns.take(place)
        taken.append(number)
    return taken


def test_two_books_take_turns():
    found = order(FairTurns(), [planned(sentences("one", 20), 1), planned(sentences("another", 20), 2)])
    assert found[12:20] in ([1, 2] * 4, [2, 1] * 4)


def test_a_text_of_a_few_sentences_is_one_turn():
    """It does not wait once for each of its sentences; a book behind its first ones does."""
    turns = FairTurns()
    book, few = planned(sentences("a reader", 50), 1), planned(sentences("a caller", 4), 2)
    places = sorted(turns.place(book, segment) for segment in segments(book))
    for place in places[:10]:
        turns.take(place)
    assert max(turns.place(few, segment) for segment in segments(few)) < places[20]


def test_a_text_is_spoken_from_its_beginning():
    """Also where a later sentence is shorter: a caller hears the first one while the others are spoken."""
    turns = FairTurns()
    text = planned(
        "The washing machine in the cellar is done at last. It is empty by now. And so is the car.", 1
    )
    places = [turns.place(text, segment) for segment in segments(text)]
    assert len(places) > 2
    assert places == sorted(places)


def test_who_comes_late_is_next():
    turns = FairTurns()
    book = planned(sentences("a reader", 50), 1)
    places = sorted(turns.place(book, segment) for segment in segments(book))
    for place in places[:20]:
        turns.take(place)
    late = planned("Only this.", 2)
    (segment,) = segments(late)
    assert turns.place(late, segment) < places[21]


def test_who_joins_a_line_of_a_batch_waits_for_no_batch():
    """The background's clock may be far ahead: a text that leaves it begins as any other that comes."""
    turns = FairTurns()
    turns.background.add(1)
    text = planned(sentences("a caller", 12), 1)
    for number in range(100, 200):
        turns.background.add(number)
        line = planned(sentences("a batch", 4), number)
        for segment in segments(line):
            turns.take(turns.place(line, segment))
        turns.forget(number)
    for segment in segments(text):
        turns.place(text, segment)
    turns.forget(1)
    joined = [turns.place(text, segment) for segment in segments(text)]
    new = planned("Only this.", 2)
    (segment,) = segments(new)
    assert joined[0][:2] == turns.place(new, segment)[:2] == (False, 0.0)
    assert max(joined)[1] < 1000


def test_the_background_waits():
    turns = FairTurns()
    turns.background.add(1)
    found = order(turns, [planned(sentences("a batch", 5), 1), planned(sentences("a caller", 5), 2)])
    assert found == [2] * 5 + [1] * 5


def test_a_longer_text_has_its_turns_though_others_come_all_the_time():
    """Each of them is new, and would be before the second segment of any that came earlier."""
    turns = FairTurns()
    longer = planned(sentences("somebody", 6), 1)
    waiting = [(turns.place(longer, segment), 1) for segment in segments(longer)]
    taken = []
    for number in range(2, 60):
        others = planned(f"Only this prompt, number {number}.", number)
        (segment,) = segments(others)
        waiting.append((turns.place(others, segment), number))
        place, whose = min(waiting)
        waiting.remove((place, whose))
        turns.take(place)
        taken.append(whose)
        if whose != 1:
            turns.forget(whose)
    assert taken.count(1) == 6


def test_the_longest_segment_of_a_block_is_first_and_no_short_one_waits_for_all_that_follow():
    """Else it would hold the window of open rows, and nothing more be read until all of them were spoken."""
    turns = LongestFirst()
    short, long, later = (
        planned("Hi.", 0),
        planned("A longer text.", BLOCK - 1),
        planned("The longest of them.", BLOCK),
    )
    assert order(turns, [short, later, long]) == [BLOCK - 1, 0, BLOCK]
