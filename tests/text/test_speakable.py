"""What a voice cannot say after all."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import InputError
from voxpress.text import FrontEnd, Say, read
from voxpress.text.speakable import find_unspeakable


def reasons(text, language, **more):
    return [reason for _, _, reason in find_unspeakable(text, language, **more)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Press Ж now", "en", ["the Cyrillic letter Ж"]),
        ("Москва-река", "de", ["the Cyrillic letters Москва", "the Cyrillic letters река"]),
        ("λόγος", "fr", ["the Greek letters λόγος"]),
        ("नमस्ते", "en", ["the Devanagari letters नमस्ते"]),
        ("東京", "en", ["the Chinese letters 東京"]),
        ("こんにちは", "zh", ["the Hiragana letters こんにちは"]),
        ("a ☃ b", "en", ["the sign ☃ (snowman)"]),
        ("\ufffd", "en", ["the sign \ufffd (replacement character)"]),
        ("x ⌘ y", "ja", ["the sign ⌘ (place of interest sign)"]),
    ],
)
def test_named(text, language, expected):
    """With its script or its name."""
    assert reasons(text, language) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Москва", "ru"),
        ("Привет, iPhone", "ru"),
        ("東京タワーです", "ja"),
        ("한국 韓國", "ko"),
        ("नमस्ते", "hi"),
        ("λόγος", "el"),
        ("café naïve “x” … — ½ ² ʻokina", "en"),
        ("α particle", "en"),
        ("5 € % & # *", "zh"),
        ("Ж", "xx"),
        ("q̃ é", "en"),
    ],
)
def test_speakable(text, language):
    """Letters of the language, Latin letters in every one, punctuation, marks and digits."""
    assert reasons(text, language) == []


def test_an_engine_may_say_more():
    """Its word counts."""
    assert reasons("Москва ☃", "en", every_script=True, silent="☃") == ["the sign ☃ (snowman)"]


def test_an_engine_may_say_less():
    """Signs of ASCII and letters too."""
    assert reasons("5 # é", "en", silent=["#", "é"]) == ["the sign # (number sign)", "the Latin letter é"]


def test_an_error_or_left_out():
    """The error names it, and the option that leaves it out; what is left out is told."""
    with pytest.raises(InputError, match=r'cannot say the Cyrillic letters Москва in .*unspeakable = "skip"'):
        read("Visit Москва soon", language="en", max_chars=99)
    reading = read("Visit Москва soon", language="en", max_chars=99, front_end=FrontEnd(unspeakable="skip"))
    assert [part.text for part in reading.parts if isinstance(part, Say)] == ["Visit soon"]
    assert reading.notes == ("1 × 'Москва' left out: a voice of en cannot say it",)
    with pytest.raises(InputError, match="besides what is left out"):
        read("Москва", language="en", max_chars=99, front_end=FrontEnd(unspeakable="skip"))


@given(st.text(max_size=200), st.sampled_from(["en", "ru", "zh", "xx", "ja-JP"]))
def test_any_text(text, language):
    """Places are in order, and a text without them has no more of them."""
    found = find_unspeakable(text, language)
    left = list(text)
    for start, end, reason in reversed(found):
        assert 0 <= start < end <= len(text) and reason
        del left[start:end]
    assert all(first[1] <= second[0] for first, second in pairwise(found))


@given(st.text(max_size=100))
def test_the_whole_front_end_takes_any_text(text):
    """Whatever the text, words come out, or an error that says why not."""
    with suppress(InputError):
        assert read(text, language="en", max_chars=50, front_end=FrontEnd(unspeakable="skip")).parts


@pytest.mark.parametrize("token", ["Ж", "Ж ", "☃", "क्", "Жक"])
def test_the_time_grows_with_the_length(token):
    """No text costs more than its length."""
    require_linear(lambda count: find_unspeakable(token * count, "en"), 20_000)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Нет, thanks.", "thanks."),
        ("Visit Москва, please.", "Visit, please."),
        ("Нет, Да, yes.", "yes."),
        ("Go Нет, Да, Нет now", "Go, now"),
        ("One Нет two", "One two"),
        ("It is Москва!", "It is!"),
    ],
)
def test_no_comma_stands_alone_where_something_is_left_out(written, spoken):
    reading = read(written, language="en", max_chars=100, front_end=FrontEnd(unspeakable="skip"))
    assert [part.text for part in reading.parts if isinstance(part, Say)] == [spoken]
