"""Given sounds: IPA in one spelling, and their place among the sounds of a text."""

from __future__ import annotations

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from voxpress.engines import _silence
from voxpress.engines._pronunciation import Given, part_words, read_ipa, weave, words


@pytest.mark.parametrize(
    ("ipa", "spelled"),
    [
        ("/ˈt͡ʃɔː.klət/", "ˈtʃɔːklət"),
        ("[dʒ'u:s]", "dʒˈuːs"),
        ("ɔ̃", "ɔ\u0303"),
        ("õ", "o\u0303"),
        ("haʊ̯s", "haʊs"),
        ("n juː", "n juː"),
        ("", ""),
    ],
)
def test_one_spelling(ipa: str, spelled: str) -> None:
    assert read_ipa(ipa) == spelled


@pytest.mark.parametrize("hide", [False, True])
def test_given_sounds_are_never_lost(hide: bool) -> None:
    """Also where the letters-to-sounds hide the word that stands for them."""

    def convert(text: str) -> str:
        return text.replace("popopop", "p").replace("opopopo", "o") if hide else text

    given = [Given(4, 8, "ˈdɑːtə"), Given(12, 16, "eɪt")]
    assert weave("the data and more", [given[0]], convert) == "the ˈdɑːtə and more"
    assert weave("the data is data", given, convert) == "the ˈdɑːtə is eɪt"
    assert weave("popopop the data", [Given(12, 16, "x")], convert).endswith("x")


@any_of(st.text(max_size=60), st.integers(0, 60), st.integers(1, 9))
def test_words_hold_all_of_a_text(text: str, start: int, length: int) -> None:
    """Whatever piece has given sounds, each word comes once."""
    end = min(len(text), start + length)
    given = [Given(start, end, "x")] if start < end else []
    found = list(words(text, given))
    assert "".join("".join(word.split()) for word, _ in found) == "".join(text.split())


@any_of(st.text(max_size=200))
def test_parted_words_keep_their_letters(text: str) -> None:
    kept = [each for each in part_words(text) if not each.isspace() and each != "."]
    assert kept == [each for each in text if not each.isspace() and each != "."]


@pytest.mark.parametrize("token", ["A.", "a", "✓", ". ", "\u0301"])
def test_any_length(token: str) -> None:
    part_words(token * 100_000)
    assert len(list(_silence.list_silent(token * 100_000, lambda character: False))) <= 1
