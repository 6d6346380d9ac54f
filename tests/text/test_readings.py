"""What real prompts, letters and notices hold, read by the whole front end."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.text.front_end import FrontEnd, Reader
from voxpress.text.parts import Say
from voxpress.text.split import split

TABLE = Path(__file__).with_name("readings.tsv")
LANGUAGES = ("en-US", "de-DE", "fr-FR", "es-ES", "it-IT")


def speak(text, language):
    """The segments of a text."""
    spoken = FrontEnd(unspeakable="skip").read(Say.of(text), Reader(language=language, max_chars=400))
    return " ".join(part.text for part in spoken.parts if isinstance(part, Say))


def read_table():
    """The cases of the table."""
    rows = csv.reader(TABLE.read_text(encoding="utf-8").splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in rows if row and not row[0].startswith("#")]


@pytest.mark.parametrize(("language", "written", "expected"), read_table())
def test_a_reading(language, written, expected):
    """Exactly, with its marks and capital letters."""
    assert speak(written, language) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-US", "Max. He left. Ed. She stayed. Sam Ho. They sang."),
        ("en-US", "The code is simple. The policy was ignored. Use code words."),
        ("en-US", "It was exp. and rather long. The lat. and long. of it."),
        ("de-DE", "Ich traf Max. Er ging. Die Post kam zuletzt."),
        ("fr-FR", "Il est venu avec Max. Il est parti. La mer est belle."),
        ("es-ES", "Vino Max. Se fue. La serie terminó."),
        ("it-IT", "Venne Max. Poi partì. Il mar Rosso è bello."),
    ],
)
def test_plain_words_stay(language, text):
    """Names and words that look like abbreviations."""
    assert speak(text, language) == text


@pytest.mark.parametrize(
    ("language", "text", "doubtful"),
    [
        ("en-US", "On 01/02 we close.", ["01/02"]),
        ("en-US", "On 02/02 we close.", []),
        ("en-GB", "Open 25/03.", []),
        ("en-US", "12/25", ["12/25"]),
        ("en-US", "It was 05/45.", ["05/45"]),
        ("en-US", "Pay €5,50 or $5.50.", ["€5,50"]),
        ("en-US", "1.000,50 EUR", ["1.000,50 EUR"]),
        ("en-US", "$1,23,45", ["$1,23,45"]),
        ("de-DE", "1,000.50 $", ["1,000.50 $"]),
        ("pt-BR", "R$ 1.234,56", ["R$ 1.234,56"]),
        ("zh-CN", "400-123-4567", ["400-123-4567"]),
        ("en-US", "Closed M-F.", ["M-F"]),
        ("en-US", "Code 1234 or 5678", []),
    ],
)
def test_a_guess_is_marked(language, text, doubtful):
    """What could be read otherwise, or has the marks of another country."""
    spoken = FrontEnd().read(Say.of(text), Reader(language=language, max_chars=400))
    assert [change.written for change in spoken.changes if not change.certain] == doubtful


PIECES = """
$ € 5 - – 10 , . / 1/2 05/27 **** XXXX 1234 x1 2x 2Q22 M. Sc. B. A. Ph.D. E.g. Max. Code: 47B29K IBAN DE89 3704
S01E05 H. 323 mmHg 120/80 mg mL between zwischen entre 17/18 May mai Mai XVI- XVII ʳ ᵉ º ° N 10fach , 10115 Berlin # a
00:01:02,345 PIN is code or 1234 Dial *67 01/02 M-F Tue, Sat/Sun €5,50 $1,23,45 A.D. 79 100s 12" n°5
24./25.12. QQ NW1 6XE
"""


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(PIECES.split()), st.sampled_from(["", " "])), max_size=12),
    st.sampled_from(LANGUAGES),
)
def test_pieces_in_any_order_are_read(pieces, language):
    """Without an error, and without a digit left."""
    text = "".join(piece + space for piece, space in pieces)
    said = speak(text, language)
    assert not any(c in "0123456789" for c in said), said


TOKENS = """
A.|Dr.|a.b|1.|/|#a|$5-$10 |5-10 € |M.Sc. |b.i.d. |****1234 |xxxx|x1 |2x a |exp. 05/27 |1,2,3,|1,23,456 |S01E05 |
2Q22 |DE89 3704 0044 0532 |H.323 |12345/1 |1/2/3/|17/18 May |AB12 ABCD |Code: 47B29K |code |Max. 3 |E.g. |
12:00:00,123 |555.555.5555 |Code 1234 or |PIN is the |01/02-|Mon, |Mon/|$1,23,|12" x 8" |24./25.12. |QQ 12 34 |
NW1 6XE |1234, |dial 911 or |0 30 / 12 |100s |1 neue |(PIN) (|7:00 to 18:|XVI-XVII |aʳ|120/80 mmHg |covid-19.5
"""
HOSTILE = TOKENS.strip("\n").replace("\n", "").split("|")


@pytest.mark.slow
@pytest.mark.parametrize("token", HOSTILE)
@pytest.mark.parametrize("language", ["en", "de"])
def test_time_grows_with_the_text(token, language):
    """40,000 characters of one token, through the whole front end."""
    require_linear(lambda count: speak((token * count)[:count], language), 40_000, soon=0.08)


@pytest.mark.parametrize(
    ("token", "language"),
    [
        ("A.", "en"),
        ("Dr.", "de"),
        ("a.b", "de"),
        ("z.B.", "de"),
        ("A. ", "it"),
        ("a, ", "fr"),
        ("x.y ", "es"),
    ],
)
def test_a_text_without_a_boundary_is_split_soon(token, language):
    """Stops that end no sentence, 20,000 of them; and nothing is lost."""
    require_linear(lambda count: split(token * count, language=language, max_chars=400), 20_000)
    said = split(token * 20_000, language=language, max_chars=400)
    assert "".join(said).replace(" ", "") == (token * 20_000).replace(" ", "")
