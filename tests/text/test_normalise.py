"""From written to spoken: what people write, and how it must be heard."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import InputError
from voxpress.text import FrontEnd, Say, read
from voxpress.text.normalise import KINDS, NAMES, fingerprint, normalise, say_as
from voxpress.text.passage import Edit, Passage

TABLE = Path(__file__).with_name("normalise.tsv")
LANGUAGES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT")


def spoken(text, language="en-US", **more):
    return normalise(Passage.of(text), language, **more)[0].text


def read_table():
    rows = csv.reader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in rows if row and not row[0].startswith("#")]


@pytest.mark.parametrize(("language", "written", "expected"), read_table())
def test_a_case_of_the_table(language, written, expected):
    """Each exactly, with its marks and capital letters."""
    assert spoken(written, language) == expected


@pytest.mark.parametrize(
    ("language", "written", "doubtful"),
    [
        ("en", "Due 4/5/2026.", ["4/5/2026"]),
        ("en-US", "Due 4/5/2026.", []),
        ("en-GB", "Due 4/5/2026.", []),
        ("en", "Due 4/25/2026.", []),
        ("en-US", "Meet on 12/25.", ["12/25"]),
        ("en-US", "In 1984 it rained.", []),
        ("en-US", "Room 1984 is free.", ["1984"]),
        ("en-US", "They won 3-1.", ["-"]),
        ("de-DE", "im Jahr 1984", []),
        ("de-DE", "Ausgabe 2.3 ist da.", ["2.3"]),
    ],
)
def test_a_guess_is_marked(language, written, doubtful):
    """So that somebody looks at it before it is heard."""
    _, changes = normalise(Passage.of(written), language)
    assert [change.written for change in changes if not change.certain] == doubtful


def test_changes_say_where_in_the_source():
    """In places of the source, and by which reader."""
    text = "Pay $5 by May 3, or call 555-0142."
    _, changes = normalise(Passage.of(text, start=100), "en-US")
    assert [(text[c.start - 100 : c.end - 100], c.by) for c in changes] == [
        ("$5", "money"),
        ("May 3", "date"),
        ("555-0142", "telephone"),
    ]


def test_what_is_fixed_stays():
    """A lexicon has decided it."""
    passage = Passage.of("Call 911 or 112").edit([Edit(5, 8, "9-1-1")])
    assert normalise(passage, "en-US")[0].text == "Call 9-1-1 or one hundred twelve"


PROSE = {
    "en": "The committee met again in the afternoon, and I said that nothing would change; it was, after all, "
    "a matter of taste. Did anyone mind? She sat in the sun, may or may not have read it, and said no. "
    "The Marines in charge will mix it: a CV, a CD, an MD and the CIVIL code. It's mine, isn't it? “No. I will not.”",
    "de": "Der Ausschuss traf sich am Nachmittag noch einmal, und so blieb alles, wie es war. Mi, do, fa: sie sang. "
    "Fr. war niemand da. Das ist ein Satz ohne Zahl – und noch einer: „Er kam, sah und ging.“",
    "es": "El comité se reunió otra vez por la tarde y decidió que nada cambiaría. ¿Lo vio usted? Sí, en el mar. "
    "Mi casa es de todos; la cd y el dvd no.",
    "fr": "Le comité s'est réuni de nouveau dans l'après-midi, et c'est un drôle de type. Il dit la vérité ; le mil "
    "et le mais sont là. Qu'en dis-tu ? Je vis ici.",
    "it": "Il comitato si riunì di nuovo nel pomeriggio e decise che nulla sarebbe cambiato. Di chi è? Vi dico, "
    "sul mare, che il mix non c'è.",
}  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "We go back to Plan B. Nobody likes it.",
        "It has vitamin C. It is good.",
        "She is as glad as I. They are not.",
        "Fort and Dr and No and etc and p m",
        "The St. is short for it",
    ],
)
def test_a_letter_is_no_initial(written):
    """And a word is no abbreviation because it looks like one."""
    assert spoken(written).replace("Street", "St.") == written


@pytest.mark.parametrize("language", PROSE)
def test_plain_text_stays(language):
    """Letters and marks come out as they went in."""
    text = PROSE[language].replace("Fr. war niemand da. ", "")
    assert spoken(text, language) == text


@pytest.mark.parametrize(
    ("written", "sentences"),
    [
        (
            "The meeting begins at 3 p.m. The next one begins at four in the morning.",
            2,
        ),
        ("The shop at the end of the road is in Main St. The other one is here with us.", 2),
        ("They sell apples, pears, plums etc. The rest of it is sold by somebody else.", 2),
        ("My aunt went to the office of Dr. Patel and she came home late at night.", 1),
        ("The general of whom I speak is the late Robert E. Lee of the state of Virginia.", 1),
        ("Nobody in the whole of that house was as glad about it as I. She was not glad at all.", 2),
        ("Come at 3 p.m. Monday and bring all of your papers to the desk of Mr. Jones.", 1),
    ],
)
def test_a_sentence_ends_where_it_ended(written, sentences):
    """The stop of an abbreviation is kept where it ends a sentence too."""
    said = read(written, language="en-US", max_chars=400)
    assert len([part for part in said.parts if isinstance(part, Say)]) == sentences


@pytest.mark.parametrize(
    ("text", "kind", "language", "format", "expected"),
    [
        ("A1", "characters", "en", "", "A one"),
        ("0042", "digits", "de", "", "null null vier zwei"),
        ("0800 1234", "telephone", "en-US", "", "zero eight zero zero, one two three four"),
        ("1,234", "cardinal", "en-US", "", "one thousand two hundred thirty-four"),
        ("007", "cardinal", "en", "", "seven"),
        ("-5", "cardinal", "fr", "", "moins cinq"),
        ("21", "ordinal", "en", "", "twenty-first"),
        ("3", "ordinal", "de", "", "dritter"),
        ("3/4", "fraction", "en", "", "three quarters"),
        ("2 1/2", "fraction", "es", "", "dos y medio"),
        ("2026-05-04", "date", "en-US", "ymd", "May fourth twenty twenty-six"),
        ("04.05.2026", "date", "de", "dmy", "vierter Mai zweitausendsechsundzwanzig"),
        ("05/04", "date", "en-US", "md", "May fourth"),
        ("1999", "date", "en", "y", "nineteen ninety-nine"),
        ("14:05", "time", "de", "", "vierzehn Uhr fünf"),
        ("2:30pm", "time", "en", "", "two thirty P M"),
        ("$5.50", "currency", "en", "", "five dollars and fifty cents"),
        ("5 km", "unit", "it", "", "cinque chilometri"),
        ("soon", "date", "en", "dmy", "soon"),
        ("99/99/2026", "date", "en", "dmy", "ninety-nine slash ninety-nine slash two thousand twenty-six"),
    ],
)
def test_a_kind_that_somebody_names(text, kind, language, format, expected):
    """As SSML's say-as does; what is not of that kind is read as everywhere."""
    assert say_as(text, kind, language, format) == expected


def test_unknown_names_are_errors():
    """They name what there is."""
    with pytest.raises(InputError, match="auto, readers, grammars or none"):
        FrontEnd(normalise="best")
    with pytest.raises(InputError, match="ordinal"):
        say_as("1", "words", "en")


def test_none_leaves_everything():
    """The engine reads numbers as it can."""
    passage = Passage.of("Pay $5.")
    assert normalise(passage, "en", name="none") == (passage, [])


@pytest.mark.parametrize("language", ["ru", "tlh", "pl"])
def test_a_language_without_words(language):
    """Its numbers stay for the engine."""
    assert spoken("12 и 5%", language) == "12 и 5%"


@pytest.mark.parametrize(
    ("language", "written", "expected"),
    [
        ("sv", "sida 12", "sida tolv"),
        ("zh", "我有3本书。", "我有三本书。"),
        ("pt", "Tenho 12 livros", "Tenho doze livros"),
    ],
)
def test_another_language(language, written, expected):
    """By the library, a few words at a time; the rest of the text stays."""
    assert spoken(written, language) == expected


def test_the_fingerprint_names_what_reads():
    """Without a grammar, the version of it does not matter."""
    assert re.fullmatch(r"readers \d+, kitten-text-processing [\d.]+", fingerprint("de-AT"))
    assert fingerprint("sv").startswith("kitten") and fingerprint("tlh") == ""
    assert fingerprint("en", name="readers") != fingerprint("en", name="auto")


WORDS = """
1 0 23 1999 2026 . , - – / : $ € % ° ' " + # ½ x e St. Dr. No. p.m. am PIN call May 3rd II XIV A4 km kg h Uhr
1er 2.º ( ) é ß 中 ٣ ² 1,000 1.000 07700 z. B. siècle Louis World War the in
"""
PIECES = st.sampled_from(WORDS.split())


@settings(max_examples=400)
@given(st.lists(st.tuples(PIECES, st.sampled_from(["", " "])), max_size=12), st.sampled_from(LANGUAGES))
def test_any_text_is_read(pieces, language):
    """Without an error, every change in its place, and readers leave no European digit."""
    text = "".join(piece + space for piece, space in pieces).strip()
    passage, changes = normalise(Passage.of(text), language, name="readers")
    assert all(text[change.start : change.end] == change.written for change in changes)
    assert "\0" not in passage.text
    if not re.search(r"[a-zA-Z]\d?\.[a-z]", text):  # what looks like an address is not theirs
        assert not re.search("[0-9]", passage.text), passage.text


@settings(max_examples=200)
@given(st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_any_unicode_is_read(text, language):
    """Without an error."""
    normalise(Passage.of(text), language, name="readers")


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.text(max_size=12), language=st.sampled_from((*LANGUAGES, "sv")))
@settings(max_examples=40)
def test_anything_can_be_said_as_anything(kind, text, language):
    """Without an error."""
    assert isinstance(say_as(text, kind, language), str)


TOKENS = """
1,000|1.000,|1-|-1|1/|12:3|$|1 |a1|A-|I|XIV |Dr. |St. |3 May |0 |+1 |(0|½|5'|1990s-|PIN 1 |Main St |A.|A. |1 km/
%|a.b|@|z. B. |1e|call |No. |'9|x|siècle |am 3. |www.|_|://
"""
HOSTILE = TOKENS.strip("\n").replace("\n", "|").split("|")


@pytest.mark.slow
@pytest.mark.parametrize("token", HOSTILE)
@pytest.mark.parametrize("language", ["en", "de"])
def test_time_grows_with_the_text(token, language):
    """40,000 of one token, of which many could begin something."""
    require_linear(
        lambda count: normalise(Passage.of(token * count), language, name="readers"), 40_000, soon=0.08
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_normaliser_reads(name):
    """Each on the same text."""
    assert "PIN" in spoken("Your PIN is 0042.", name=name)


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("12 345 people", False),
        ("12 345 678 people", False),
        ("10 000 people", True),
        ("1 000 000 people", True),
        ("12,345 people", True),
        ("12 people, 345 dogs", True),
    ],
)
def test_spaces_between_digits_are_marked(text, certain):
    """They may group the digits of one number, or stand between two."""
    changes = read(text, language="en-US", max_chars=80).changes
    assert all(change.certain for change in changes) is certain
