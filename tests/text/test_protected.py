"""Addresses, versions, code and identifiers, read as people read them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.text.normalise.protected import read_protected
from voxpress.text.normalise.signs import NAMES, say_number
from voxpress.text.passage import Edit, Passage


def said(text, language="en"):
    passage = Passage.of(text)
    return passage.edit(edit for edit, _ in read_protected(passage, language)).text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        (
            "Visit https://example.com/a?b=1 today.",
            "Visit example dot com slash a question mark b equals one today.",
        ),
        ("See www.example.com/help.", "See www dot example dot com slash help."),
        ("(see example.org)", "(see example dot org)"),
        ("at amazon.de, bbc.co.uk", "at amazon dot D E, B B C dot co dot U K"),
        ("Mail info@example.com.", "Mail info at example dot com."),
        ("john.smith-2@mail.example.org", "john dot smith dash two at mail dot example dot org"),
        ("mailto:a_b@x.net", "a underscore b at x dot net"),
        ("version v2.3.1 of the app", "version v two point three point one of the app"),
        ("Python 3.11.12, v10.0", "Python three point eleven point twelve, v ten point zero"),
        ("numpy 2.0.0rc1", "numpy two point zero point zero R C one"),
        ("Ping 192.168.0.1", "Ping one nine two dot one six eight dot zero dot one"),
        (
            "localhost 10.0.0.1:8080",
            "localhost one zero dot zero dot zero dot one colon eight zero eight zero",
        ),
        ("00:1A:2b:3C:4D:5E", "zero zero, one A, two B, three C, four D, five E"),
        ("commit 9ba8d16", "commit nine B A eight D one six"),
        ("0x1F and #ff0000", "zero X one F and hash F F zero zero zero zero"),
        ("/usr/local/lib", "slash usr slash local slash lib"),
        ("C:\\Users\\me", "C colon backslash Users backslash me"),
        ("Open report.pdf, README.md", "Open report dot P D F, readme dot M D"),
        ("src/main.py", "S R C slash main dot py"),
        ("snake_case and camelCase", "snake underscore case and camel case"),
        ("call os.path.join()", "call os dot path dot join"),
        ("use --dry-run", "use dash dash dry run"),
        ("Use `pip install voxpress`.", "Use pip install voxpress."),
        ("C++ and C# and .NET", "C plus plus and C sharp and dot net"),
        ("#ThrowbackThursday @jensen", "hashtag Throwback Thursday at jensen"),
        ("Flight UA123, gate B12's door", "Flight U A one two three, gate B twelve's door"),
        ("MP3, H2O, 47B29K, B2B", "M P three, H two O, forty seven B twenty nine K, B two B"),
        ("Dial *67 or #31#", "Dial star six seven or pound three one pound"),
        ("Enter 1234# now", "Enter one two three four pound now"),
        ("#1 in sales", "number 1 in sales"),
        ("Press #1 for sales", "Press pound one for sales"),
        ("a 5* hotel", "a 5 star hotel"),
        ("On 2026-11-27T14:05:00Z.", "On 2026-11-27, 14:05 UTC."),
        ("2026-11-27T14:05:30+02:00", "2026-11-27, 14:05:30 UTC plus two"),
    ],
)
def test_read_as_people_read(written, spoken):
    """In English."""
    assert said(written) == spoken


@pytest.mark.parametrize(
    "text",
    [
        "and/or, he/she, 24/7, km/h, 1/2, 3/4/2026",
        "on 24.12.2026, 1.000.000 people, 1.234.567",
        "at 14:05:00, from 9-5, 1-800-555-0199",
        "e.g. the U.S. in 44 B.C. at 3 p.m. ... wait...what",
        "iPhone, eBay, YouTube, macOS, GitHub, McDonald",
        "It is done.It was. deadbeef 1234567 16GB 5G 3D",
        "$5.50, 3.5 kg, COVID-19, Q&A, -v, 5*3",
    ],
)
def test_what_only_looks_like_it_stays(text):
    """Dates, numbers, units, abbreviations and brands are not addresses or code."""
    assert said(text) == text


@pytest.mark.parametrize(
    ("language", "spoken"),
    [
        (
            "de",
            "example Punkt D E Slash hilfe, info at example Punkt com, v zwei Punkt einundzwanzig, B zwölf",
        ),
        ("es", "example punto D E barra hilfe, info arroba example punto com, v dos punto veintiuno, B doce"),
        (
            "fr",
            "example point D E slash hilfe, info arobase example point com, v deux point vingt et un, B douze",
        ),
        (
            "it",
            "example punto D E slash hilfe, info chiocciola example punto com, v due punto ventuno, B dodici",
        ),
        ("ru", "https://example.de/hilfe, info@example.com, v2.21, B12"),
    ],
)
def test_other_languages(language, spoken):
    """A language without names for signs keeps its addresses, and later stages leave them alone."""
    text = "https://example.de/hilfe, info@example.com, v2.21, B12"
    assert said(text, language) == spoken
    passage = Passage.of(text)
    done = passage.edit(edit for edit, _ in read_protected(passage, language))
    assert done.is_fixed(0, 5)


def test_what_is_fixed_stays():
    """The user's word wins."""
    passage = Passage.of("UA123").edit([Edit(0, 5, "UA123")])
    assert read_protected(passage, "en") == []


@pytest.mark.parametrize("language", sorted(NAMES))
def test_numbers_to_99_are_all_different(language):
    """Each language has a hundred of them."""
    assert len({say_number(number, language) for number in range(100)}) == 100


@given(st.text(max_size=200), st.sampled_from(["en", "de", "ru", "zh-Hant"]))
def test_any_text(text, language):
    """Edits are in order and keep places; whatever the text, nothing is raised."""
    passage = Passage.of(text)
    edits = [edit for edit, _ in read_protected(passage, language)]
    assert all(first.end <= second.start for first, second in pairwise(edits))
    passage.edit(edits)


@given(st.text(st.sampled_from("aA1.:/@_-#*`()\\ év+~&?="), max_size=60))
def test_any_signs(text):
    """Whatever stands together."""
    passage = Passage.of(text)
    passage.edit(edit for edit, _ in read_protected(passage, "en"))


@pytest.mark.parametrize(
    "token",
    [
        "a.",
        "a/",
        "a@",
        "\\",
        "a_",
        "aA",
        "1.",
        "1:",
        "ab:",
        "-",
        "--a",
        "`",
        "`a ",
        "#a",
        "A1",
        "www.",
        "https://",
        ")",
        "é.",
    ],
)
def test_the_time_grows_with_the_length(token):
    """Neither one token nor many cost more than their length."""
    require_linear(lambda count: read_protected(Passage.of(token * count), "en"), 20_000)
    require_linear(lambda count: read_protected(Passage.of(((token * 1000)[:1900] + " ") * count), "en"), 48)
