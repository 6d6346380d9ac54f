"""Regular expressions in lexicons; they need google-re2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpress.errors import InputError
from voxpress.text.lexicon import Entry, Lexicon, apply, parse
from voxpress.text.passage import Passage

pytest.importorskip("re2", reason="regular expressions of lexicons need google-re2")


def speak(text: str, *entries: Entry) -> str:
    return apply(Passage.of(text), Lexicon(entries), language="en")[0].text


@pytest.mark.parametrize(
    ("written", "spoken", "text", "said"),
    [
        (r"(\d+)x(\d+)", r"\1 by \2", "A 3x4 board, a 3x4b.", "A 3 by 4 board, a 3x4b."),
        (r"(\d+)(?:km|Kilometer)", r"\1 kilometres", "5km, 6Kilometer", "5 kilometres, 6 kilometres"),
        (r"(x)?y", r"\1 why", "y xy", "why x why"),
        (r"back", r"a\\b", "back", "a\\b"),
        (r"[A-Z]{3}-\d", "code", "ABC-1", "code"),
        (r"\p{Greek}+", "greek", "λόγος ok", "greek ok"),
    ],
)
def test_patterns(written: str, spoken: str, text: str, said: str) -> None:
    assert speak(text, Entry(written, spoken, regex=True)) == said


def test_case_and_parts() -> None:
    assert speak("sql SQL", Entry("sql", "X", regex=True)) == "X SQL"
    assert speak("sql SQL", Entry("sql", "X", regex=True, case="any")) == "X X"
    assert speak("a47", Entry("([0-9]+)", r"k\1", regex=True)) == "a47"
    assert speak("a47", Entry("([0-9]+)", r"k\1", regex=True, part=True)) == "ak47"


def test_the_dialect_of_daisy() -> None:
    """Patterns find parts of words, and name groups as Java does."""
    lexicon = parse(
        """<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en">
        <lexeme><grapheme positive-lookahead="[ ]+test">before</grapheme><alias>earlier</alias></lexeme>
        <lexeme regex="true"><grapheme>([0-9]+)</grapheme><alias>k$1</alias></lexeme>
        <lexeme regex="true"><grapheme>([A-Z]+)</grapheme><phoneme>rɛɡ</phoneme></lexeme>
        <lexeme regex="true"><grapheme positive-lookahead="[ab]*[ ]+test">a</grapheme><alias>b</alias></lexeme>
        </lexicon>""".encode(),
        "daisy.pls",
    )
    passage, _ = apply(Passage.of("a47, ABCD, before test, before that, baaab test"), lexicon, language="en")
    assert passage.text == "ak47, ABCD, earlier test, before that, bbbbb test"
    assert [(each.start, each.ipa) for each in passage.phonemes] == [(6, "rɛɡ")]


def test_a_match_of_more_than_200_characters_does_not_count() -> None:
    for length in (200, 201, 5_000):
        text = "x" * length
        said = speak(text, Entry("x+", "X", regex=True))
        assert said == ("X" if length == 200 else text)


def test_words_before_patterns_of_the_same_length() -> None:
    assert speak("abc abd", Entry("ab[a-z]", "pattern", regex=True), Entry("abc", "word")) == "word pattern"


def test_followed_by() -> None:
    entry = Entry("before", "after", followed_by="[ ]+test")
    assert speak("before test, before that", entry) == "after test, before that"
    assert (
        speak("baaab test", Entry("a", "b", regex=True, part=True, followed_by="[ab]*[ ]+test"))
        == "bbbbb test"
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"written": "(", "spoken": "a"}, r"written: '\(' is no regular expression: missing \)"),
        ({"written": "(?=a)b", "spoken": "a"}, "is no regular expression: invalid perl operator"),
        ({"written": r"(a)\1", "spoken": "a"}, "is no regular expression: invalid escape"),
        ({"written": "a{999}{999}{999}", "spoken": "a"}, "is no regular expression"),
        ({"written": "a*", "spoken": "a"}, r"written: 'a\*' also matches where nothing stands"),
        ({"written": "", "spoken": "a"}, "written: is empty"),
        ({"written": "a", "spoken": r"x\1"}, "spoken: names group 1, and the pattern has 0"),
        ({"written": "(a)", "spoken": r"x\2"}, "spoken: names group 2, and the pattern has 1"),
        ({"written": "(a)", "spoken": r"x\0"}, "spoken: names group 0"),
    ],
)
def test_what_a_pattern_cannot_be(fields: dict[str, str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Entry(**fields, regex=True)  # type: ignore[arg-type]


def test_a_pattern_that_leaves_nothing_to_say_leaves_the_word() -> None:
    assert speak("-ab ab", Entry("(-?)ab", r"\1", regex=True, part=True)) == "-ab ab"


@pytest.mark.parametrize(
    "written", ["(a*)*b", "(a|a)*b", "(a|aa)+b", "a.*?b|a", r"(\w+\s?)+$", ".*.*.*.*b", r"\b", "(x+x+)+y"]
)
@pytest.mark.parametrize("token", ["a", "a ", "x", "ab"])
def test_a_hostile_pattern_ends(written: str, token: str) -> None:
    try:
        entry = Entry(written, "X", regex=True, part=True)
    except InputError:
        return
    speak(token * 10_000 + "!", entry)  # with backtracking, this would not end


def test_long_texts_are_searched_to_their_end() -> None:
    text = "".join(f"{'word ' * (n % 7)}no{n}, " for n in range(2_000))
    said = speak(text, Entry(r"no(\d+)", r"number \1", regex=True))
    assert said == text.replace("no", "number ")
    assert speak("x " * 3_000 + "y", Entry("^x", "first", regex=True)) == "first " + "x " * 2_999 + "y"


@given(st.text(), st.text(max_size=8))
def test_any_text_and_pattern(text: str, written: str) -> None:
    try:
        entry = Entry(written, "X", regex=True, part=True)
    except InputError:
        return
    passage, changes = apply(Passage.of(text), Lexicon([entry]), language="en")
    assert all(change.written and change.written == text[change.start : change.end] for change in changes)
    assert len(passage.starts) == len(passage.text)
