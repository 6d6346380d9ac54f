"""Cues that share a sentence are spoken in one go."""

import pytest

from voxpress.documents.subtitles import Cue
from voxpress.documents.subtitles.sentences import merge_sentences


def make(*texts, gap=0.1, **fields):
    return [
        Cue(number=n, start=n * (1 + gap), end=n * (1 + gap) + 1, text=text, **fields)
        for n, text in enumerate(texts)
    ]


def merge(cues, **options):
    return [passage.text for passage in merge_sentences(cues, "en", **options)]


@pytest.mark.parametrize(
    ("texts", "passages"),
    [
        (["We want", "the best", "talent."], ["We want the best talent."]),
        (["One. Two.", "Three."], ["One. Two.", "Three."]),
        (["One. And", "two."], ["One. And two."]),
        (["Who?", "me!"], ["Who?", "me!"]),
        (["He met Dr.", "Smith."], ["He met Dr. Smith."]),
        (["“Go.”", "She left."], ["“Go.”", "She left."]),
        (["I was…", "…late."], ["I was… …late."]),
        (["I was...", "Never mind."], ["I was...", "Never mind."]),
        (["", "We want", "it.", ""], ["We want it."]),
        (["左に見える", "山です。", "はい。"], ["左に見える", "山です。", "はい。"]),
        (
            ["so we go", "to the place", "and then"] * 4 + ["stop."],
            ["so we go", "to the place", "and then"] * 4 + ["stop."],
        ),
        ([], []),
    ],
)
def test_cues_that_share_a_sentence(texts, passages):
    assert merge(make(*texts)) == passages


def test_the_text_of_each_cue_can_be_found_again():
    cues = make("We want", "the best", "talent.")
    [passage] = merge_sentences(cues)
    assert [passage.text[a:b] for a, b in zip(passage.starts, passage.ends, strict=True)] == [
        cue.text for cue in cues
    ]
    assert (passage.start, passage.end, passage.cues) == (cues[0].start, cues[-1].end, tuple(cues))


def test_what_parts_cues():
    one, two = make("We want", "it.")
    for other in (
        Cue(number=2, start=1.1, end=2, text="it.", speaker="Ann"),
        Cue(number=2, start=1.1, end=2, text="it.", language="fr"),
        Cue(number=2, start=1.1, end=2, text="it.", begins_turn=True),
        Cue(number=2, start=2.1, end=3, text="it."),
        Cue(number=0, start=0, end=1, text="it."),
    ):
        assert merge([one, other]) == ["We want", "it."]
    assert merge([one, two], longest_gap=0.05) == ["We want", "it."]
    assert merge([one, two], longest=9) == ["We want", "it."]


def test_who_speaks_goes_on_in_a_cue_without_a_name():
    first, second = (
        Cue(number=1, start=0, end=1, text="We", speaker="Ann"),
        Cue(number=2, start=1, end=2, text="go."),
    )
    [passage] = merge_sentences([first, second])
    assert (passage.speaker, passage.text) == ("Ann", "We go.")
