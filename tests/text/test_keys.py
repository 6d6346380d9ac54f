"""The keys * and # of a telephone: none is lost, and none is read as something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import MarkupError
from voxpress.text import FrontEnd, Say, read
from voxpress.text.lexicon import Entry, Lexicon
from voxpress.text.normalise.keys import find_keys, find_menu_keys
from voxpress.text.passage import Passage


def spoken(text: str, language: str = "en-US", markup: str = "plain") -> list[str]:
    reading = read(text, markup=markup, language=language, max_chars=500)
    return [part.text for part in reading.parts if isinstance(part, Say)]


def uncertain(text: str) -> list[str]:
    reading = read(text, language="en-US", max_chars=500)
    return [change.written for change in reading.changes if not change.certain]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- *: repeat", ["star: repeat"]),
        ("#: finish\n*: repeat", ["pound: finish", "star: repeat"]),
        ("| * | repeat |", ["star, repeat"]),
        ("# = finish, * = repeat", ["pound equals finish, star equals repeat"]),
        ("* to repeat\n# to finish", ["star to repeat", "pound to finish"]),
        ("- * to repeat\n- # to finish", ["star to repeat", "pound to finish"]),
        ("0 - Operator\n* - Repeat\n# - Exit", ["Zero - Operator", "star - Repeat", "pound - Exit"]),
        (
            "1 Sales\n2 Support\n* Operator\n# Exit",
            ["One Sales", "Two Support", "star Operator", "pound Exit"],
        ),
        ("* – menu", ["star – menu"]),
        ("* (star)", ["star (star)"]),
        ("* 69", ["star sixty-nine"]),
        ("*78 On\n*79 Off", ["star seven eight On", "star seven nine Off"]),
        ("* milk\n* eggs", ["milk", "eggs"]),
        ("- milk\n* eggs", ["milk", "eggs"]),
        ("* Press 1 for sales\n* Press # to end", ["Press one for sales", "Press pound to end"]),
        ("Our goals:\n* to grow\n* to win", ["Our goals:", "to grow", "to win"]),
        ("# Hours\n\nMonday to Friday.", ["Hours", "Monday to Friday."]),
        ("## Hours", ["Hours"]),
        ("# Shopping\n* milk\n* eggs", ["Shopping", "milk", "eggs"]),
    ],
)
def test_lines_that_begin_with_a_key(text: str, lines: list[str]) -> None:
    """A menu, and not a list or a heading."""
    assert spoken(text) == lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Press *#", "Press star pound"),
        ("press #* now", "press pound star now"),
        ("Enter 1*#", "Enter one star pound"),
        ("Press *#*.", "Press star pound star."),
        ("Press *9 to exit or ## to repeat.", "Press star nine to exit or pound pound to repeat."),
        ("Dial *67#.", "Dial star six seven pound."),
        ("Dial 1*2", "Dial one star two"),
        ("Dial *72-555-0199.", "Dial star seven two, five five five, zero one nine nine."),
        ("Dial *72 555 0199.", "Dial star seven two, five five five, zero one nine nine."),
        ("Dial *72*<number>#", "Dial star seven two star number pound"),
        ("Press ✱ to repeat", "Press star to repeat"),
        ("Press *️⃣ or ＃ now", "Press star or pound now"),
        ("press*", "press star"),
        ("press # 5 times", "press pound five times"),
        ("Press # 1.", "Press pound one."),
        ("Press #1.", "Press pound one."),
        ("We are # 1.", "We are number one."),
        ("Dial apartment #12", "Dial apartment number twelve"),
        ("Order #5 now, then press #.", "Order number five now, then press pound."),
        ("Press **1** for sales, **#** to end", "Press one for sales, pound to end"),
        ("**50% off** today", "fifty percent off today"),
        ("Price* is low", "Price is low"),
        ("2 * 3 = 6", "Two times three equals six"),
        ("Card ****1234", "Card ending in one two three four"),
        ("1*2*3", "One times two times three"),
        ("5* hotel", "Five star hotel"),
        ("Press * * *", "Press star star star"),
        ("one *** two", "one two"),
        ("the # of items", "the number of items"),
        ("Dial *3282# (*DATA#)", "Dial star three two eight two pound (star DATA pound)"),
        ("See https://x.com/#top", "See x dot com slash hash top"),
    ],
)
def test_keys_and_what_is_none(text: str, said: str) -> None:
    """In American English."""
    assert spoken(text) == [said]


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en-GB", "Press # twice", "Press hash twice"),
        ("de", "Bitte drücken Sie ##.", "Bitte drücken Sie Raute Raute."),
        ("de", "# – Ende", "Raute – Ende"),
        ("de", "*21*Zielnummer#", "Stern zwei eins Stern Zielnummer Raute"),
        ("es", "Pulse *# ahora", "Pulse asterisco almohadilla ahora"),
        ("es-MX", "Marque # 5 veces", "Marque gato cinco veces"),
        ("fr", "* : répéter", "étoile : répéter"),
        ("fr-CA", "Appuyez sur *#", "Appuyez sur étoile carré"),
        ("it", "Premi *# ora", "Premi asterisco cancelletto ora"),
        ("pt-BR", "Pressione *# agora", "Pressione asterisco jogo da velha agora"),
        ("nl", "Druk op *# of **", "Druk op sterretje hekje of sterretje sterretje"),
    ],
)
def test_keys_of_a_region(language: str, text: str, said: str) -> None:
    """Every language with names for keys reads them."""
    assert spoken(text, language) == [said]


@pytest.mark.parametrize("text", ["# Operator", "* Operator", "word * word", "Press *1* for sales"])
def test_what_may_be_something_else_is_uncertain(text: str) -> None:
    """It is spoken all the same."""
    assert uncertain(text)
    assert any(name in " ".join(spoken(text)) for name in ("pound", "star"))


@pytest.mark.parametrize("text", ["Press *.", "*: repeat", "Dial *67#.", "the # key", "#"])
def test_what_is_clear_is_certain(text: str) -> None:
    """A word, or what follows, says that it is a key."""
    assert uncertain(text) == []


@pytest.mark.parametrize(
    "text", ["* milk\n* eggs", "# Title\n\nText", "# one\n# two", "one *** two", "*word*"]
)
def test_no_sign_goes_silently(text: str) -> None:
    """A note names what was taken for a bullet, a heading, a comment, a line or emphasis."""
    notes = read(text, language="en", max_chars=500).notes
    assert any("*" in note or "#" in note for note in notes)


def test_a_word_of_the_lexicon_in_a_row_of_keys() -> None:
    """The other keys are still read."""
    front_end = FrontEnd(lexicon=Lexicon([Entry("#", "number sign")]))
    reading = read("Dial *67#.", language="en", max_chars=500, front_end=front_end)
    assert [part.text for part in reading.parts if isinstance(part, Say)] == [
        "Dial star six seven number sign."
    ]


def say_as(kind: str, text: str, **more: str) -> str:
    attributes = " ".join(f"{name}='{value}'" for name, value in more.items())
    return f"<speak><say-as interpret-as='{kind}' {attributes}>{text}</say-as></speak>"


@pytest.mark.parametrize(
    ("kind", "text", "language", "said"),
    [
        ("characters", "a#*1 B", "en-US", "A pound star one B"),
        ("characters", "a#*1 B", "en-GB", "A hash star one B"),
        ("verbatim", "(a&amp;b)", "en", "open parenthesis A ampersand B close parenthesis"),
        ("characters", "#-.@%", "fr", "dièse tiret point arobase pour cent"),
        ("digits", "0042#", "en-US", "zero zero four two pound"),
        ("digits", "12-34", "en", "one two dash three four"),
        ("digits", "0042", "nl", "nul nul vier twee"),
        ("telephone", "*67", "en-US", "star six seven"),
        ("telephone", "#31#", "de", "Raute drei eins Raute"),
        ("telephone", "0800 1234", "nl", "nul acht nul nul, een twee drie vier"),
    ],
)
def test_say_as_spells_signs(kind: str, text: str, language: str, said: str) -> None:
    """By the names that they have there."""
    assert spoken(say_as(kind, text), language, "ssml") == [said]


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("<say-as interpret-as='digits'>1</say-as>2", "one two"),
        ("a<say-as interpret-as='digits'>1</say-as><say-as interpret-as='digits'>2</say-as>b", "a one two b"),
        ("Dial <say-as interpret-as='digits'>12</say-as>.", "Dial one two."),
        ("Press <sub alias='#'>x</sub>.", "Press pound."),
        ("<sub alias='R&amp;D'>x</sub>", "R and D"),
        ("At 5<sub alias='degrees'>°</sub>", "At five degrees"),
        ("Run 10<sub alias='kilometers'>km</sub>.", "Run ten kilometers."),
        ("<say-as interpret-as='date' format='yyyymmdd'>20260405</say-as>", "April fifth twenty twenty-six"),
        ("<say-as interpret-as='date'>20260304</say-as>", "March fourth twenty twenty-six"),
        ("<say-as interpret-as='date' format='ymd'>????0922</say-as>", "September twenty-second"),
        ("<say-as interpret-as='date' format='md'>3/4</say-as>", "March fourth"),
        ("<say-as interpret-as='ordinal'>1,000</say-as>", "one thousandth"),
    ],
)
def test_markup_beside_words(inner: str, said: str) -> None:
    """Words stay apart, and signs in an alias are read."""
    assert spoken(f"<speak>{inner}</speak>", "en-US", "ssml") == [said]


@pytest.mark.parametrize(
    ("inner", "problem"),
    [
        ("<say-as interpret-as='date' format='mdy'>31/31/2026</say-as>", "no date of the format mdy"),
        ("<say-as interpret-as='date'>31/31/2026</say-as>", "is no date"),
        ("<say-as interpret-as='date' format='mdy'>3/4</say-as>", "'3/4' is no date of the format mdy"),
        ("<say-as interpret-as='date' format='my'>3/4/2026</say-as>", "no date of the format my"),
        ("<say-as interpret-as='date'>20261304</say-as>", "no date of the format ymd"),
        ("<say-as interpret-as='date' format='dmy'>29/2/2025</say-as>", "no date of the format dmy"),
        ("<say-as interpret-as='date' format='xyz'>4/5/2026</say-as>", "is not one of mdy"),
        ("<say-as interpret-as='time'>25:99</say-as>", "no time of day"),
        ("<say-as interpret-as='time'>25:99 Uhr</say-as>", "no time of day"),
        ("<say-as interpret-as='time' format='ms'>1:75</say-as>", "'1:75' is no time of the format ms"),
        ("<say-as interpret-as='time' format='ms'>90</say-as>", "'90' is no time of the format ms"),
        ("<say-as interpret-as='time' format='hms12'>14:30</say-as>", "no time of the format hms12"),
        ("<say-as interpret-as='time' format='hms24'>2:30pm</say-as>", "no time of the format hms24"),
        ("<say-as interpret-as='time' format='hm'>14:30:15</say-as>", "no time of the format hm"),
        ("<say-as interpret-as='time' format='h'>14:30</say-as>", "no time of the format h"),
        ("<say-as interpret-as='time' format='hms'>36:15:10</say-as>", "no time of the format hms"),
        ("<say-as interpret-as='time' format='mh'>14:30</say-as>", "is not one of hms12"),
        ("<phoneme ph=''>a</phoneme>", "has no sound"),
        ("<phoneme ph='###'>a</phoneme>", "is not of the International Phonetic Alphabet"),
    ],
)
def test_what_cannot_be_is_an_error(inner: str, problem: str) -> None:
    """Or a note, where markup is read leniently."""
    text = f"<speak>A {inner}</speak>"
    with pytest.raises(MarkupError, match=problem):
        read(text, markup="ssml", language="en", max_chars=500)
    reading = read(text, markup="ssml", language="en", max_chars=500, front_end=FrontEnd(lenient=True))
    assert any(problem in note for note in reading.notes)


@pytest.mark.parametrize(
    ("text", "format", "language", "said"),
    [
        ("1:30", "ms", "en-US", "one minute and thirty seconds"),
        ("59:30", "ms", "en-US", "fifty-nine minutes and thirty seconds"),
        ("0:45", "MS", "en-US", "forty-five seconds"),
        ("2:00", "ms", "de", "zwei Minuten"),
        ("1'21&quot;", "ms", "fr", "une minute et vingt et une secondes"),
        ("2:30pm", "hms12", "en-US", "two thirty P M"),
        ("14:30", "hms24", "en-US", "fourteen thirty"),
        ("14:30 Uhr", "hm", "de", "vierzehn Uhr dreißig"),
    ],
)
def test_a_time_is_read_as_its_format_says(text: str, format: str, language: str, said: str) -> None:
    """Minutes and seconds last; other times are of the day."""
    ssml = f'<speak><say-as interpret-as="time" format="{format}">{text}</say-as></speak>'
    reading = read(ssml, markup="ssml", language=language, max_chars=500)
    assert ([part.text for part in reading.parts if isinstance(part, Say)], reading.notes) == ([said], ())


@pytest.mark.parametrize("kind", ["cardinal", "date", "time", "digits"])
def test_words_that_are_not_of_their_kind(kind: str) -> None:
    """They are read, with a note."""
    reading = read(say_as(kind, "abc"), markup="ssml", language="en", max_chars=500)
    assert any(f"'abc' is no {kind}" in note for note in reading.notes)


@given(st.text(st.sampled_from("a1 *#✱\n-:.(press)"), max_size=60), st.sampled_from(["en", "de", "ru"]))
def test_any_keys(text: str, language: str) -> None:
    """Edits are in order and do not overlap."""
    passage = Passage.of(text)
    passage.edit(edit for edit, _ in find_keys(passage, language))
    assert all(0 <= number < len(text.split("\n")) for number in find_menu_keys(text.split("\n")))


@pytest.mark.parametrize(
    "token", ["*", "# ", "*1", "**1 a**", "*21*a", "*72-555-0199 ", "(* ", "#AB ", "press *"]
)
def test_the_time_grows_with_the_length(token: str) -> None:
    """No text costs more than its length."""
    require_linear(lambda count: list(find_keys(Passage.of(token * count), "en")), 20_000)
    require_linear(lambda count: find_menu_keys(["* a", "1: b"] * count), 20_000)
