"""Headings and list items stand on their own; wrapped prose does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.text import Pause, Say, read
from voxpress.text.clean import clean
from voxpress.text.passage import Passage


def lines(text):
    return [paragraph.text for paragraph in clean(Passage.of(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Press 1 for sales\nPress 2 for support", ["Press 1 for sales", "Press 2 for support"]),
        ("1. Sales\n2. Support\n3) Hours", ["1. Sales", "2. Support", "3) Hours"]),
        ("a) one\nb) two", ["a) one", "b) two"]),
        ("- milk\n- eggs and\n  bread\n* butter\n• cheese", ["milk", "eggs and bread", "butter", "cheese"]),
        ("- [ ] buy\n- [x] sell", ["buy", "sell"]),
        ("Ingredients:\n2 eggs\n1 cup of flour", ["Ingredients:", "2 eggs", "1 cup of flour"]),
        ("INTRODUCTION\nIt was dark.", ["INTRODUCTION", "It was dark."]),
        (
            "Chapter One\n===========\nIt was a dark and stormy night; the rain fell in\ntorrents.",
            ["Chapter One", "===========", "It was a dark and stormy night; the rain fell in torrents."],
        ),
        ("# Title\nSome text here.\n## Part", ["Title", "Some text here.", "Part"]),
        ("Jane Doe\n12 Main Street\nSpringfield", ["Jane Doe", "12 Main Street", "Springfield"]),
        ("Opening hours\nMonday to Friday 9-5", ["Opening hours", "Monday to Friday 9-5"]),
        ("Alice: Hi there\nBob: Hello Alice", ["Alice: Hi there", "Bob: Hello Alice"]),
        ("— Bonjour, dit-il.\n— Salut !", ["Bonjour, dit-il.", "Salut !"]),
        ("你好世界\n再见", ["你好世界", "再见"]),
        ("- 5 degrees", ["5 degrees"]),
    ],
)
def test_lines_of_their_own(text, expected):
    """Menus, lists, headings, addresses and dialogues; no marker of a list is spoken."""
    assert lines(text) == expected


PROSE = [
    """It is a truth universally acknowledged, that a single man in possession
of a good fortune, must be in want of a wife.""",
    """However little known the feelings or views of such a man may be on his
first entering a neighbourhood, this truth is so well fixed in the minds
of Mr. Bennet.""",
    "Wir haben heute die\nTür geöffnet und sind dann\nin den Garten gegangen.",
    """THE SOFTWARE IS PROVIDED WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY.""",
    "She was born in\n1945. Then she left.",
    "He went home\n– and slept.",
    """Two roads diverged in a yellow wood,
And sorry I could not travel both
And be one traveler, long I stood
And looked down one as far as I could,
Then took the other,""",
    "-5 degrees",
    "5 - 3",
]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_one_paragraph(text):
    """Wherever its writer, or an editor, wrapped it."""
    assert lines(text) == [" ".join(text.split())]


def test_quotations_of_mail():
    """Their signs begin every line, and the prose in them is wrapped."""
    assert lines("> It was a dark and\n> stormy night.") == ["It was a dark and stormy night."]
    assert lines("# a comment that is\n# wrapped here") == ["a comment that is wrapped here"]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("> 18 years only", "Greater than eighteen years only"),
        (">18 years", "Greater than eighteen years"),
        ("> $5", "greater than five dollars"),
        ("> -5 °C outside", "greater than minus five degrees Celsius outside"),
        ("- > 18 years", "Greater than eighteen years"),
        ("Fast means\n> 50 km/h", "Fast means Greater than fifty kilometers per hour"),
    ],
)
def test_a_comparison_is_no_quotation(text, spoken):
    """Its sign stands before a number, and before one line only."""
    parts = read(text, language="en-US", max_chars=80).parts
    assert " ".join(part.text for part in parts if isinstance(part, Say)) == spoken


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("> Hello", ("1 × '>' left out: the sign of a quotation",)),
        ("> 2 eggs\n> 3 apples", ("2 × '>' left out: the sign of a quotation",)),
        ("> 1. Eggs", ("1 × '>' left out: the sign of a quotation",)),
        (
            "- milk\n- eggs\n• tea",
            ("2 × '-' left out: the sign of a list item", "1 × '•' left out: the sign of a list item"),
        ),
        ("1. milk\n2. eggs", ()),
    ],
)
def test_a_note_tells_which_signs_of_lines_are_left_out(text, notes):
    """Numbers are spoken."""
    assert read(text, language="en-US", max_chars=80).notes == notes


def test_the_pause_between_lines_is_that_after_a_sentence():
    """Between paragraphs, it is that after a paragraph."""
    parts = read("Sales\nSupport\n\nOther", language="en", max_chars=80).parts
    assert [part.after for part in parts if isinstance(part, Pause)] == ["sentence", "paragraph"]


def test_a_marker_that_is_not_spoken_is_a_change():
    """In its place of the source."""
    (change,) = clean(Passage.of("- milk"))[0].changes
    assert (change.start, change.end, change.written, change.spoken, change.by) == (
        0,
        2,
        "- ",
        "",
        "list marker",
    )


@given(st.text(st.sampled_from("aB1.)-*•#>= \t\n,:é你"), max_size=80))
def test_any_text(text):
    """Every letter and every digit comes out once, in order."""
    kept = [c for c in text if c.isalnum()]
    assert [c for paragraph in clean(Passage.of(text)) for c in paragraph.text if c.isalnum()] == kept


@pytest.mark.parametrize(
    "token", ["a\n", "- a\n", "  b\n", "1. a\n", "A\n", "# a\n", "===\n", "- a\n  b\n", "- "]
)
def test_the_time_grows_with_the_length(token):
    """No text costs more than its length."""
    require_linear(lambda count: clean(Passage.of(token * count)), 20_000)
