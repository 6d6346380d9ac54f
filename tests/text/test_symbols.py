"""Signs: a word, a pause, or nothing with a note."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import EngineNotInstalled, InputError
from voxpress.text import FrontEnd, Say, read
from voxpress.text.normalise import emoji
from voxpress.text.normalise.keys import name_key
from voxpress.text.normalise.symbols import LEFT_OUT, WORDS, read_symbols
from voxpress.text.passage import Edit, Passage


def said(text, language="en-US"):
    passage = Passage.of(text)
    return passage.edit(edit for edit, _ in read_symbols(passage, language)).text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("To finish, press #.", "To finish, press pound."),
        ("Press * or #, then wait", "Press star or pound, then wait"),
        ("Dial * # to leave", "Dial star pound to leave"),
        ("*", "star"),
        ("#", "pound"),
        ("The # key ends it", "The pound key ends it"),
        ("Press '#'", "Press 'pound'"),
        ("# key is pound", "pound key is pound"),
        ("the # of items", "the number of items"),
        ("This is *important* and **very** _so_", "This is important and very so"),
        ("~~old~~ ***new***", "old new"),
        ("Price* is low", "Price is low"),
        ("a * b", "a times b"),
        ("Tom & Jerry, R&D, AT&T", "Tom and Jerry, R and D, AT and T"),
        ("x + y = z", "x plus y equals z"),
        (
            "x <= y, a >= b, c != d",
            "x less than or equal to y, a greater than or equal to b, c is not equal to d",
        ),
        ("A → B • C | D", "A, B, C, D"),
        ("Settings -> Privacy => Cookies", "Settings, Privacy, Cookies"),
        ("Press ↑ now", "Press up arrow now"),
        ("• milk", "milk"),
        ("✓ Done ✗ Not done ✔️ yes", "check Done cross Not done check yes"),
        ("Good job 👍 everyone", "Good job everyone"),
        ("Hi👍there", "Hi there"),
        ("Wow 🎉🎉🎉!", "Wow!"),
        ("A family 👨‍👩‍👧 and a flag 🇬🇧.", "A family and a flag."),
        ("℃, ￥, 20°", "degrees Celsius, yen, 20 degrees"),
        ("in € or $", "in euros or dollars"),
        ("α-rays, Ω, µ, π", "alpha-rays, omega, mu, pi"),
        ("x² + y³, x⁻¹", "x squared plus y cubed, x to the power of minus one"),
        ("a word² here", "a word here"),
        ("yes~ no", "yes no"),
        ("and/or, he/she", "and or, he slash she"),
        ("§ five, Acme™, © Acme", "section five, Acme trademark, copyright Acme"),
        ("Hotel ★★★★", "Hotel"),
        ("one ===== two", "one two"),
        ("* * *", ""),
        ("sign here _______", "sign here"),
        ("snake_case", "snake underscore case"),
        ("<name>", "name"),
    ],
)
def test_signs(written, spoken):
    """In American English."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    "text",
    ["col·legi", "5–6 — … “x” (y) [z]", "Ελλάδα λόγος", "wait... what -- no", "हिन्दी ไทย مرحبا", "don't"],
)
def test_what_is_no_sign_stays(text):
    """Punctuation, and letters of any script."""
    assert said(text) == text


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        ("en-GB", "Press star or hash. A and B, five percent, section"),
        ("en-CA", "Press star or pound. A and B, five percent, section"),
        ("de", "Press Stern or Raute. A und B, five Prozent, Paragraf"),
        ("es", "Press asterisco or almohadilla. A y B, five por ciento, artículo"),
        ("es-MX", "Press asterisco or gato. A y B, five por ciento, artículo"),
        ("es-419", "Press asterisco or numeral. A y B, five por ciento, artículo"),
        ("fr", "Press étoile or dièse. A et B, five pour cent, paragraphe"),
        ("fr-CA", "Press étoile or carré. A et B, five pour cent, paragraphe"),
        ("it", "Press asterisco or cancelletto. A e B, five per cento, paragrafo"),
        ("pt-BR", "Press asterisco or jogo da velha. A e B, five por cento, parágrafo"),
        ("nl", "Press sterretje or hekje. A en B, five procent, paragraaf"),
        ("ru", "Press * or #. A & B, five %, §"),
    ],
)
def test_other_languages(language, spoken):
    """The region decides what the key is called. A sign without a word stays."""
    assert said("Press * or #. A & B, five %, §", language) == spoken


def test_every_sign_has_a_word_in_every_language():
    """No cell of the table is empty."""
    assert all(all(words.values()) and len(words) == 7 for words in WORDS.values())
    assert name_key("#", "zh") == ""


def test_what_is_fixed_stays():
    """The user's word wins."""
    passage = Passage.of("a & b").edit([Edit(2, 3, "&")])
    assert read_symbols(passage, "en") == []


def test_what_is_left_out_is_told():
    """With the reason; a pause is no omission."""
    notes = read("Good *job* 👍 • ♥ Anna → Bob", language="en", max_chars=100).notes
    assert [note.split(" left out: ")[0] for note in notes] == ["2 × '*'", "1 × '👍'", "1 × '•'", "1 × '♥'"]
    assert set(LEFT_OUT) >= {"emoji", "decoration", "emphasis", "heading", "quotation"}


def words(text, language, front_end):
    reading = read(text, language=language, max_chars=99, front_end=front_end)
    return [part.text for part in reading.parts if isinstance(part, Say)]


def test_names_of_emoji():
    """In the languages that the package has."""
    pytest.importorskip("emoji")
    named = FrontEnd(emoji="name")
    assert words("Good 👍", "en", named) == ["Good thumbs up"]
    assert words("Gut 🐶", "de", named) == ["Gut hundegesicht"]
    with pytest.raises(InputError, match="no names of emoji in nl"):
        read("Goed 👍", language="nl", max_chars=99, front_end=named)


def test_names_of_emoji_need_a_package(monkeypatch):
    """The message says how to install it."""
    monkeypatch.setitem(sys.modules, "emoji", None)
    emoji.import_names.cache_clear()
    with pytest.raises(EngineNotInstalled, match=r"voxpress\[emoji\]"):
        emoji.name_emoji("👍", "en")


@given(st.text(max_size=200), st.sampled_from(["en", "de-AT", "ru", "zh-Hant", "es-MX"]))
def test_any_text(text, language):
    """Edits are in order and keep places; whatever the text, nothing is raised."""
    passage = Passage.of(text)
    passage.edit(edit for edit, _ in read_symbols(passage, language))


@given(st.text(st.sampled_from("a1 *#_~<>=-^/\\|→•👍️‍²αΩ&.,🇬🇧\u20e3✔"), max_size=60))
def test_any_signs(text):
    """Whatever stands together; words stay apart."""
    passage = Passage.of(text)
    passage.edit(edit for edit, _ in read_symbols(passage, "en"))


@pytest.mark.parametrize(
    "token",
    [
        "👍",
        "# ",
        "* ",
        "*a_",
        "_a",
        "→ ",
        "<a",
        "-> ",
        "~",
        "=",
        "² ",
        "α ",
        "a#b",
        "press # ",
        "|",
        "- ",
        "🇬🇧",
    ],
)
def test_the_time_grows_with_the_length(token):
    """No text costs more than its length."""
    require_linear(lambda count: read_symbols(Passage.of(token * count), "en"), 20_000)


@pytest.mark.parametrize(
    "text", ["☃ ☃", "# ☃ word", "☃ ☃ ☃", "☃ → ☃", "# # #", "👍 👍 ok 👍", "* ☃ *", "☃ ☃."]
)
def test_signs_that_share_a_space(text: str) -> None:
    """Each would take it, and only one can."""
    passage = Passage.of(text)
    spoken = passage.edit(edit for edit, _ in read_symbols(passage, "en")).text
    assert "  " not in spoken


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Dear Sir:—Yes.", "Dear Sir: — Yes."),
        ("Yes!—No.", "Yes! — No."),
        ("It was late.--Then we left.", "It was late. — Then we left."),
        ("He said:—“No!”", "He said: — “No!”"),
        ("What?–Nothing.", "What? — Nothing."),
        ("Ten;—or more.", "Ten; — or more."),
        ("A word—another word.", "A word—another word."),
        ("Pages 3.–5.", "Pages 3.–5."),
        ("Yes! — No.", "Yes! — No."),
        ("“Sir,”—he said.", "“Sir,”—he said."),
    ],
)
def test_a_dash_behind_a_stop_parts_it_from_what_follows(written, read):
    """Without spaces, espeak names the sign: "colon", "exclamation", "dot"."""
    passage = Passage.of(written)
    assert passage.edit(edit for edit, _ in read_symbols(passage, "en")).text == read
