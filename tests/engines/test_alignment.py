"""Words and phonemes out of symbols and times."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voxpress.engines import _alignment
from voxpress.speech import Mark


def seconds(symbols):
    """A second for each symbol."""
    return [float(i) for i in range(len(symbols) + 1)]


def spoken(spelled, symbols):
    return [
        (mark.text, mark.start, mark.end) for mark in _alignment.words(spelled, symbols, seconds(symbols))
    ]


def test_a_number_is_one_word():
    """It is written as one, however many are spoken; punctuation around words is not part of them."""
    spelled = [("(pay", "pˈeɪ"), ("$12", "dˈɑːlɚ twˈɛlv"), ("now)!", "nˈaʊ")]
    assert spoken(spelled, "pˈeɪ dˈɑːlɚ twˈɛlv nˈaʊ.") == [("pay", 0, 4), ("$12", 5, 18), ("now", 19, 23)]


def test_words_that_sound_otherwise_in_a_sentence():
    """An article is weaker there: its place is what is left between its neighbours."""
    spelled = [("in", "ˈɪn"), ("a", "ˈeɪ"), ("day", "dˈeɪ")]
    assert spoken(spelled, "ɪn ɐ dˈeɪ") == [("in", 0, 2), ("a", 3, 4), ("day", 5, 9)]


def test_what_is_not_spoken_has_no_mark():
    assert spoken([("Hi", "hˈaɪ"), ("–", ""), ("you", "jˈuː")], "hˈaɪ jˈuː") == [("Hi", 0, 4), ("you", 5, 9)]
    assert spoken([("Hi", "hˈaɪ")], "") == []
    assert spoken([], "hˈaɪ") == []


def test_phonemes():
    """Stress before, length and ties after; pauses between are nobody's."""
    symbols = ["", "ˈ", "ɔ", "\u0303", "ː", ",", " ", "ˌ", " ", "t", "ʰ", ""]
    assert [(mark.text, mark.start, mark.end) for mark in _alignment.phonemes(symbols, seconds(symbols))] == [
        ("ˈɔ\u0303ː", 1, 5),
        ("tʰ", 9, 11),
    ]


def test_a_word_comes_before_its_first_phoneme():
    word = Mark(kind="word", text="a", start=1.0, end=2.0)
    phoneme = Mark(kind="phoneme", text="a", start=1.0, end=2.0)
    early = Mark(kind="phoneme", text="b", start=0.0, end=1.0)
    assert _alignment.sort_marks([phoneme, word, early]) == (early, word, phoneme)


sounds = st.text("aɪuːˈˌʰ ,.x", max_size=12)


@given(st.lists(st.tuples(st.text("ab.", min_size=1, max_size=3), sounds), max_size=6), sounds)
def test_marks_are_in_order_and_apart(spelled, symbols):
    """Whatever the phonemizer made of the words alone and of the whole."""
    for found in (
        _alignment.words(spelled, symbols, seconds(symbols)),
        _alignment.phonemes(symbols, seconds(symbols)),
    ):
        assert all(0 <= mark.start < mark.end <= len(symbols) for mark in found)
        assert all(first.end <= second.start for first, second in pairwise(found))
