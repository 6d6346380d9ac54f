"""What counts as said, and what does not."""

import msgspec
import pytest

from voxpress.errors import EngineNotInstalled
from voxpress.text.wer import Difference, list_replacements, needs_likelihood, passes, rank, score, words

pytest.importorskip("rapidfuzz")
pytest.importorskip("whisper_normalizer")


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ("2024", "twenty twenty-four"),
        ("2024", "Two thousand, twenty four."),
        ("12.50 dollars", "twelve dollars and fifty cents"),
        ("$12.50", "$12.50."),
        ("1 2 3", "one two three"),
        ("123", "1, 2, 3"),
        ("007", "double oh seven"),
        ("10:05", "ten oh five"),
        ("10:00", "10 o'clock"),
        ("the 1st of May", "the first of May"),
        ("a hundred", "100"),
        ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("It's 3.5 miles", "It is three point five miles"),
        ("-20", "minus twenty"),
        ("50%", "fifty percent"),
        ("555-0199", "five five five oh one nine nine"),
        ("Press 1 or #.", "press one or pound"),
    ],
)
def test_numbers_may_be_written_in_any_way(asked, heard):
    """Digits, words, money, times, dates."""
    assert score(asked, heard, "en-US").errors == 0
    assert score(heard, asked, "en-US").errors == 0


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ("Colour, favourite, centre.", "color favorite center"),
        ("OK, I'm sorry, can't.", "Okay I am sorry cannot"),
        ("Goodbye.", "Good bye!"),
        ("voice mail box", "voicemail box"),
        ("Your e-mail & mine", "your email and mine"),
        ("Call us (toll free).", "call us toll free"),
        ("You've got mail.", "You have got male"),
        ("Four.", "for"),
        ("HELLO, WORLD", "hello world"),
        ("Café", "cafe"),
    ],
)
def test_spelling_does_not_count(asked, heard):
    """Nor do case, punctuation, spaces within words, and words that sound alike."""
    assert score(asked, heard, "en-GB").differences == ()


def test_what_differs_is_named():
    """Words replaced, left out and put in, each where it stands."""
    found = score("Please hold the line for an agent.", "please hold a line for agent", "en")
    assert found.differences == (Difference("the", "a"), Difference("an", ""))
    assert (found.words, found.errors) == (7, 2) and found.wer == pytest.approx(2 / 7)
    assert str(found.differences[1]) == "an → ∅"


def test_a_number_is_a_word():
    """However it is written."""
    found = score("Dial four seven one one.", "dial 4712", "en")
    assert found.differences == (Difference("4711", "4712"),)
    assert score("Dial 4711 now.", "dial 4 7 1 1 now", "en").errors == 0


def test_nothing_heard_and_nothing_asked():
    """No division by zero."""
    assert score("Hello there.", "", "en").wer == 1
    assert score("…", "", "en").wer == 0
    assert score("…", "hello", "en").errors == 1


def test_letters_tell_a_slip_from_another_word():
    """Short prompts are judged by them."""
    assert score("Activated.", "activate it", "en").cer < 0.3
    assert score("Activated.", "Goodbye.", "en").cer > 0.7
    assert score("Activated.", "activated", "en").cer == 0


def test_what_passes():
    """Short texts by their letters, long ones by their words; another number is no slip."""
    long = "Please enter your account number, followed by the pound key, then hold the line."
    assert passes(score(long, long.replace("enter", "and her"), "en"))
    assert not passes(score(long, long.partition(", then")[0], "en"))
    assert not passes(score(long, " ".join(long.split()[:8]), "en"))
    assert passes(
        score("No empty conferences currently exist.", "no empty conference is currently exist", "en")
    )
    assert passes(score("You are now unmuted.", "you are now on muted", "en"))
    assert not passes(score("Press 2.", "press nine", "en"))
    assert not passes(score("Hello.", "", "en")) and passes(score("…", "", "en"))
    unclear = score("Five.", "bye", "en")
    assert not passes(unclear) and passes(msgspec.structs.replace(unclear, likelihood=-2.0))
    assert not passes(msgspec.structs.replace(unclear, likelihood=-6.0))
    spelled = score("Activated.", "activate it", "en")
    assert passes(spelled) and passes(msgspec.structs.replace(spelled, likelihood=-6.0))
    assert rank(score("a b", "a b", "en")) < rank(score("a b", "a c", "en"))


def test_one_word_of_a_few():
    """Can be another one by few letters: what the recogniser makes of each word decides, where it was asked."""
    other, heard = score("You are now muted", "You are now menu.", "en"), score("saved to", "safe to", "en")
    assert passes(other) and needs_likelihood(other) and needs_likelihood(heard)
    assert not passes(msgspec.structs.replace(other, likelihood=-6.3))
    assert passes(msgspec.structs.replace(heard, likelihood=-2.9))
    assert not needs_likelihood(score("You are now muted", "you are now muted", "en"))
    long = score("You are now muted in here", "you are now menu in here", "en")
    assert passes(long) and needs_likelihood(long)
    assert passes(msgspec.structs.replace(long, likelihood=-4.9))
    assert not passes(msgspec.structs.replace(long, likelihood=-5.1))


def test_a_longer_text():
    """May have more words that the recogniser wrote otherwise, if each is likely; never all of them."""
    asked = "Login incorrect. Please enter your agent number followed by the pound sign."
    found = score(asked, "log in and correct please enter your asian number followed by the found sign", "en")
    assert not passes(found) and needs_likelihood(found)
    assert passes(msgspec.structs.replace(found, likelihood=-2.5))
    other = score(asked, "the office opens at nine in the morning and closes in the evening", "en")
    assert not needs_likelihood(other) and not passes(msgspec.structs.replace(other, likelihood=-2.5))


@pytest.mark.parametrize(
    ("language", "asked", "heard", "expected"),
    [
        ("en", "Please hold the line.", "please hold the line", []),
        ("en", "Please hold the line.", "Please fold the line.", [("hold", "fold")]),
        ("en", "Your voice mail box is full.", "Your voicemail box is empty.", [("full.", "empty.")]),
        ("en", "Please hold the line.", "Please hold line.", [("the", "")]),
        ("en", "Please hold.", "Please hold on now.", [("", "on now.")]),
        ("en", "Call four seven one one in May.", "Call 4711 in June.", [("May.", "June.")]),
        ("de", "Bitte warten Sie.", "bitte warten wir", [("Sie.", "wir")]),
        ("de", "Zimmer vierundzwanzig ist frei.", "Zimmer 24 ist drei.", [("frei.", "drei.")]),
        ("es", "Espere un momento.", "espero un momento", [("Espere", "espero")]),
        ("fr", "Ne quittez pas.", "Ne quitte pas.", [("quittez", "quitte")]),
        ("ja", "東京へ行く。", "東京に行く。", [("へ", "に")]),
    ],
)
def test_where_other_words_belong(language, asked, heard, expected):
    """Both as they are written."""
    found = list_replacements(asked, heard, language)
    assert [(each.asked, heard[each.start : each.end]) for each in found] == expected


def test_other_languages():
    """Their numbers as far as num2words knows them; each character a word where there are no spaces."""
    pytest.importorskip("num2words")
    assert score("Zimmer 24, 1.000 Euro", "zimmer vierundzwanzig eintausend euro", "de-AT").errors == 0
    assert score("Il est 7 heures.", "il est sept heures", "fr").errors == 0
    assert score("24", "vinte e quatro", "pt-BR").errors == 0
    assert score("Straße", "strasse", "de").errors == 0
    assert words("東京へ行く。", "ja") == list("東京へ行く")
    assert score("カタカナ", "かたかな", "ja").errors == 0
    assert score("你好世界", "你好世间", "zh-CN").wer == 0.25
    assert score("안녕 하세요", "안녕하세요", "ko").errors == 0
    assert words("नमस्ते दुनिया", "hi") == ["नमस्ते", "दुनिया"]
    assert words("24 ٤", "hi") == ["2", "4", "4"]


def test_without_the_packages_the_command_is_named(monkeypatch):
    """One line says what to run."""
    monkeypatch.setitem(__import__("sys").modules, "rapidfuzz.distance", None)
    with pytest.raises(EngineNotInstalled, match=r"needs rapidfuzz: run  pip install 'voxpress\[listen\]'"):
        score("a", "b", "en")


def test_a_star_before_to_sounds_like_start():
    assert score("Press * to return.", "Press start to return.", "en-US").errors == 0
    assert score("Press * for help.", "Press start for help.", "en-US").errors == 1
    assert score("Press 1 to start.", "Press 1 to star.", "en-US").errors == 1
