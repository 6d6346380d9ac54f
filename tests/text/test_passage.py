"""A text that knows where its characters stood."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpress.speech import Phonemes
from voxpress.text import FrontEnd, Reader, Say, read
from voxpress.text.clean import clean
from voxpress.text.passage import Edit, Passage


def test_edits_keep_the_places_of_what_stays() -> None:
    """What is replaced comes from the whole piece; the rest from where it was."""
    text = "It is 5 °C at 7."
    passage = Passage.of(text, start=100).edit([Edit(6, 10, "five degrees"), Edit(14, 15, "seven")])
    assert passage.text == "It is five degrees at seven."
    words = {word: passage.text.index(word) for word in ("It", "five", "degrees", "at", "seven", ".")}
    places = {word: passage.source(at, at + len(word)) for word, at in words.items()}
    assert places == {
        "It": (100, 102),
        "five": (106, 110),
        "degrees": (106, 110),
        "at": (111, 113),
        "seven": (114, 115),
        ".": (115, 116),
    }


def test_edits_of_edits() -> None:
    """The second stage sees the words of the first, and both know the source."""
    first = Passage.of("a & b").edit([Edit(2, 3, "and", fixed=False)])
    second = first.edit([Edit(2, 5, "plus")])
    assert (second.text, second.source(2, 6)) == ("a plus b", (2, 3))
    assert second.fixed == ((2, 6),)


def test_what_is_fixed_stays_fixed_in_its_pieces() -> None:
    passage = Passage.of("Dial 0 now").edit([Edit(5, 6, "zero")])
    assert passage.is_fixed(0, 6)
    assert not passage.is_fixed(0, 5)
    assert passage[5:].fixed == ((0, 4),)
    assert passage[7:].fixed == ((0, 2),)
    assert Passage.join([passage, passage[5:]]).fixed == ((5, 9), (13, 17))


def test_phonemes_move_with_their_word() -> None:
    passage = Passage.of("Ask Siobhan.").edit([Edit(4, 11, "Siobhan", ipa="ʃɪˈvɔːn")])
    assert passage[4:].phonemes == (Phonemes(start=0, end=7, ipa="ʃɪˈvɔːn"),)
    assert passage[5:].phonemes == ()
    again = passage.edit([Edit(0, 3, "Please ask")])
    assert again.phonemes == (Phonemes(start=11, end=18, ipa="ʃɪˈvɔːn"),)


def test_edits_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="begins before"):
        Passage.of("abc").edit([Edit(1, 2, "x"), Edit(0, 1, "y")])


@st.composite
def _edited(draw: st.DrawFn) -> tuple[str, Passage]:
    text = draw(st.text(max_size=30))
    passage = Passage.of(text)
    for _ in range(draw(st.integers(0, 3))):
        cuts = sorted(draw(st.lists(st.integers(0, len(passage)), max_size=6)))
        pieces = zip(cuts[::2], cuts[1::2], strict=False)
        passage = passage.edit([Edit(a, b, draw(st.text(max_size=4))) for a, b in pieces])
    return text, passage


@given(_edited(), st.integers(0, 40), st.integers(0, 40))
def test_whatever_is_edited_has_a_place(edited: tuple[str, Passage], a: int, b: int) -> None:
    """Every piece comes from a place in the source, and joined pieces are the whole."""
    text, passage = edited
    assert len(passage.text) == len(passage.starts) == len(passage.ends)
    start, end = passage.source(min(a, len(passage)), min(b, len(passage)))
    assert 0 <= start <= end <= len(text)
    cut = min(a, len(passage))
    joined = Passage.join([passage[:cut], passage[cut:]])
    assert joined.text == passage.text
    assert list(joined.starts) == list(passage.starts)
    assert all(0 <= x < y <= len(passage) for x, y in passage.fixed)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_cleaning_keeps_places(text: str) -> None:
    """A letter that stays is the letter of its place."""
    for paragraph, *_ in clean(Passage.of(text)):
        for at, character in enumerate(paragraph.text):
            start, end = paragraph.source(at, at + 1)
            assert 0 <= start < end <= len(text)
            if character.isascii() and character.isalnum() and end == start + 1:
                assert character in text[start:end]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("One.\r\n\r\nTwo  three\tfour.", "four"),
        ("\ufeffCafe\u0301 and\u00a0bar", "bar"),
        ("a\u00ad\u200bb c", "c"),
        ("First sentence is here. And the second one is here as well, my friend.", "second"),
    ],
)
def test_words_are_found_in_the_source(text: str, word: str) -> None:
    said = [part for part in read(text, language="en", max_chars=40).parts if isinstance(part, Say)]
    part = next(each for each in said if word in each.text)
    at = part.text.index(word)
    start, end = part.words.source(at, at + len(word))
    assert text[start:end] == word


def test_speaker_and_gain_stay_with_the_words() -> None:
    given_ = Say(Passage.of("One two three four five. Six seven eight nine ten."), gain=-6.0)
    spoken = FrontEnd().read(given_, Reader(language="en", max_chars=30))
    assert [part.gain for part in spoken.parts if isinstance(part, Say)] == [-6.0, -6.0]


_PRONOUNCED = [
    ("Ask [New  York](/nuːjɔːk/) now.", "directions", "New York"),
    ("Ask [Dr.\u00a0Nguyen](/nuːjɔːk/).", "directions", "Dr. Nguyen"),
    ("Try “[Cafe\u0301](/nuːjɔːk/)”, please.", "directions", "Café"),
    ("Try [Cafe\u0301](/nuːjɔːk/)-au-lait.", "markdown", "Café"),
    ("Ask [ \u200bNguyen\u200b ](/nuːjɔːk/).", "directions", "Nguyen"),
    ("Ask [New\r\nYork](/nuːjɔːk/).", "markdown", "New York"),
    ("<speak>A <phoneme ph='nuːjɔːk'>to\u00admato</phoneme>.</speak>", "ssml", "tomato"),
    ("<speak>A <phoneme ph='nuːjɔːk'>\u1112\u1161\u11ab국</phoneme>.</speak>", "ssml", "한국"),
]


@pytest.mark.parametrize(("text", "markup", "word"), _PRONOUNCED)
def test_a_word_is_pronounced_though_it_is_cleaned(text: str, markup: str, word: str) -> None:
    """Spaces of any kind, letters in two parts and characters without sound cost no pronunciation."""
    (said,) = read(text, language="en", max_chars=80, markup=markup).parts
    assert isinstance(said, Say)
    at = said.text.index(word)
    assert said.words.phonemes == (Phonemes(start=at, end=at + len(word), ipa="nuːjɔːk"),)
    assert said.words.is_fixed(at, at + len(word))


def test_an_edit_across_the_end_of_a_pronounced_piece_ends_it() -> None:
    """What becomes of its letters is not known then; and an edit that decides the words decides their sounds."""
    passage = Passage.of("Ask Siobhan.").edit([Edit(4, 11, "Siobhan", ipa="ʃɪˈvɔːn")])
    assert passage.edit([Edit(10, 12, "n!", fixed=False)]).phonemes == ()
    assert passage.edit([Edit(4, 11, "her")]).phonemes == ()
    tidied = passage.edit([Edit(3, 4, "\t", fixed=False), Edit(6, 7, "", fixed=False), Edit(11, 12, "")])
    assert tidied.phonemes == (Phonemes(start=4, end=10, ipa="ʃɪˈvɔːn"),)


@given(st.text(max_size=30))
def test_cleaning_composes_all_letters(text: str) -> None:
    """Letters are composed one by one, which makes what composing the whole makes."""
    text = "".join(c for c in text if c.isalpha() or unicodedata.combining(c))
    for form in ("NFD", "NFC"):
        decomposed = unicodedata.normalize(form, text)
        assert "".join(each.text for each in clean(Passage.of(decomposed))) == unicodedata.normalize(
            "NFC", text
        )
