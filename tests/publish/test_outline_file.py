"""An outline that is written again keeps what people wrote into it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from voxpress.publish import outline as outlines
from voxpress.publish.outline import ChapterPlan, Doubt, Outline
from voxpress.publish.review import approve, reread, respell

MINE = """\
# Ann and I read this one.
title: Emma   # as on the cover
cast:
  # our two voices
  Ann: {engine: tone, voice: high}   # for the quotes
  Bob:
    engine: tone   # the same
    voice: low
speakers: {quote: Ann}

words:
    Woodhouse: wood house   # ask Bob

    # Irish
    Siobhan: "shi vawn"
sentences:
  # heard in the tram
  - text: It is good.   # fine
    approved: yes

  # twice now
  - text: 'It was bad.'
    seed: 2   # the third one was worse
# The end.
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "emma.outline.yaml"


def save(place: Path, text: str, outline: Outline | None = None, **changes: object) -> str:
    """What an outline looks like after changes in it."""
    place.write_bytes(text.encode())
    wanted = replace(outline or outlines.load(place), **changes)
    outlines.save(wanted, place, source="emma.epub")
    assert outlines.load(place) == wanted
    return place.read_bytes().decode()


def test_a_decision_changes_its_lines_only(place: Path) -> None:
    place.write_text(MINE)
    outline = outlines.load(place)
    assert save(place, MINE, outline) == MINE
    again = save(place, MINE, reread(outline, "It was bad."))
    assert again == MINE.replace("seed: 2 ", "seed: 3 ")
    good = save(place, MINE, approve(outline, "It was bad."))
    assert good == MINE.replace("bad.'\n", "bad.'\n    approved: yes\n")
    another = save(place, MINE, approve(outline, "Another: one, here."))
    assert another == MINE.replace("worse\n", "worse\n  - text: 'Another: one, here.'\n    approved: yes\n")
    said = save(place, MINE, respell(outline, "Knightley", "nightly"))
    assert said == MINE.replace('"shi vawn"\n', '"shi vawn"\n    Knightley: nightly\n')
    other = save(place, MINE, respell(outline, "Woodhouse", "wood, house"))
    assert other == MINE.replace("wood house ", "'wood, house' ")


def test_an_approval_that_is_taken_back_leaves_the_comments(place: Path) -> None:
    place.write_text(MINE)
    text = save(place, MINE, reread(outlines.load(place), "It is good."))
    assert text == MINE.replace("    approved: yes\n", "    seed: 1\n")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "title: Emma  # mine",
            "title: Emma  # mine\n\n# What was decided in 'voxpress review'.\nsentences:\n- text: Bad.\n  seed: 1",
        ),
        ("sentences: []  # none\ntitle: Emma", "sentences:  # none\n- text: Bad.\n  seed: 1\ntitle: Emma"),
        ("sentences:\ntitle: Emma", "sentences:\n- text: Bad.\n  seed: 1\ntitle: Emma"),
        ("sentences: [{text: Bad.}]  # one", "sentences: [{text: Bad., seed: 1}]  # one"),
        (
            "sentences: [  # two\n  {text: Good.},  # so\n  ]",
            "sentences: [  # two\n  {text: Good.}, {text: Bad., seed: 1},  # so\n  ]",
        ),
        ("{title: Emma, sentences: []}  # mine", "{title: Emma, sentences: [{text: Bad., seed: 1}]}  # mine"),
        (
            "sentences:\n- seed: 4 # x\n  text: &a Bad.\n...",
            "sentences:\n- seed: 5 # x\n  text: &a Bad.\n...",
        ),
        (
            "sentences: &a\n- &b\n  text: Bad.\n  seed: &c 4",
            "sentences: &a\n- &b\n  text: Bad.\n  seed: &c 5",
        ),
        ("--- # mine\nsentences:\n-   text: Bad.", "--- # mine\nsentences:\n-   text: Bad.\n    seed: 1"),
        (
            "sentences:\n- text: >-\n    Bad.\n# x\ntitle: A",
            "sentences:\n- text: >-\n    Bad.\n  seed: 1\n# x\ntitle: A",
        ),
        ('"sentences":\n  - "text": "Bad."', '"sentences":\n  - "text": "Bad."\n    seed: 1'),
        (
            "title: Émile 😀 # é\nsentences: [] # ü",
            "title: Émile 😀 # é\nsentences: # ü\n- text: Bad.\n  seed: 1",
        ),
    ],
)
def test_layouts_of_people_stay(place: Path, before: str, after: str, ends: str, mark: str) -> None:
    given, wanted = (mark + each.replace("\n", ends) + ends for each in (before, after))
    place.write_bytes(given.encode())
    assert save(place, given, reread(outlines.load(place), "Bad.")) == wanted


BOOK = """\
title: Emma
chapters:
# Volume I
- title: One   # short
  read: yes
  at: a.xhtml
  minutes: 1.0  # too long
  characters: 100

# cut?
- title: Two
  at: b.xhtml
# the best
- title: Three
  read: no  # Ann reads it
  at: c.xhtml
uncertain:
- {text: St., read: Saint, say: Street}  # twice
- text: MS
  read: M S  # or manuscript
  say:
# The end.
"""


def test_a_book_that_is_read_again_keeps_the_comments(place: Path) -> None:
    """Chapters come, go, and get other names and lengths; so do words."""
    place.write_text(BOOK)
    one, two, three = outlines.load(place).chapters
    _, manuscript = outlines.load(place).uncertain
    four = ChapterPlan(title="Four", at="d.xhtml", read=False)
    text = save(place, BOOK, chapters=(replace(one, minutes=2.0), four, two, three))
    assert text == BOOK.replace("minutes: 1.0  # too", "minutes: 2.0  # too").replace(
        "characters: 100\n", "characters: 100\n- title: Four\n  read: no\n  at: d.xhtml\n"
    )
    text = save(place, BOOK, chapters=(one, three))
    assert text == BOOK.replace("- title: Two\n  at: b.xhtml\n", "")
    text = save(place, BOOK, chapters=(two, one, replace(three, title="3")))
    assert text.startswith(
        "title: Emma\nchapters:\n# Volume I\n# cut?\n- title: Two\n  at: b.xhtml\n- title: One   #"
    )
    assert "\n# the best\n- title: '3'\n  read: no  # Ann reads it\n  at: c.xhtml\n" in text
    text = save(place, BOOK, uncertain=(manuscript, Doubt(text="1/2", read="half", times=2)))
    assert "uncertain:\n- text: MS\n  read: M S  # or manuscript\n  say:\n- text: 1/2\n" in text
    assert text.endswith("  say:\n- text: 1/2\n  read: half\n  say:\n  where: ''\n  times: 2\n# The end.\n")
