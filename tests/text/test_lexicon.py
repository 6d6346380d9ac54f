"""Lexicons: which entry fits where, and what becomes of the text."""

from __future__ import annotations

import itertools
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import InputError
from voxpress.speech import Phonemes
from voxpress.text import FrontEnd, Say, read
from voxpress.text.ipa import check_ipa, to_ipa
from voxpress.text.lexicon import Entry, Lexicon, apply, gather
from voxpress.text.lexicon.matching import fold, plain
from voxpress.text.passage import Edit, Passage


def speak(text: str, *entries: Entry, language: str = "en", engine: str = "", voice: str = "") -> str:
    """The text after the lexicon, with sounds between slashes."""
    passage, _ = apply(Passage.of(text), Lexicon(entries), language=language, engine=engine, voice=voice)
    said, done = "", 0
    for each in passage.phonemes:
        said += passage.text[done : each.start] + f"/{each.ipa}/"
        done = each.end
    return said + passage.text[done:]


@pytest.mark.parametrize(
    ("written", "text", "said"),
    [
        ("cat", "A cat, a category, a bobcat, CAT. Cat!", "A X, a category, a bobcat, X. X!"),
        ("Polish", "Polish it, polish it, POLISH.", "X it, polish it, POLISH."),
        ("C++", "C++, and C++17. c++", "X, and X 17. c++"),
        (".NET", "ASP.NET and .NET", "ASP X and X"),
        ("#", "Press # or 5#.", "Press X or 5 X."),
        ("AT&T", "AT&T; AT&TX", "X; AT&TX"),
        ("New York", "New York, New Yorker", "X, New Yorker"),
        # An apostrophe ends a word before a possessive or a suffix, and not in a contraction.
        ("ann", "Ann's, ann’s, Anns", "X's, X’s, Anns"),
        ("don", "Don't tell Don.", "Don't tell X."),
        ("t", "Don't, a t", "Don't, a X"),
        ("we", "we'll, we’ve, we", "we'll, we’ve, X"),
        ("ankara", "Ankara'da", "X'da"),
        ("Oréal", "L'Oréal, l’Oréal", "L'X, l’X"),
        ("O'Brien", "O’Brien, O'Brien", "X, X"),
        ("o'clock", "nine o’clock", "nine X"),
        ("co-op", "the co\u2011op", "the X"),
        # Digits within a number are no word.
        ("911", "Dial 911, 911.5, 1,911, 9110. 911", "Dial X, 911.5, 1,911, 9110. X"),
        ("24/7", "Open 24/7.", "Open X."),
        # Marks belong to the letter before them.
        ("दिल", "दिल दिल्ली", "X दिल्ली"),
        ("cafe", "cafe\u0301 cafe", "cafe\u0301 X"),
        # Scripts without spaces have no ends of words; words of others among them do.
        ("東京", "東京都と東京", "X都とX"),
        ("iPhone", "我的iPhone很好，iPhones", "我的X很好，iPhones"),
        ("กรุงเทพ", "ไปกรุงเทพครับ", "ไปXครับ"),
        # One length for each character, whatever the case.
        ("istanbul", "İSTANBUL ISTANBUL", "X X"),
        ("ΟΔΟΣ", "ΟΔΟΣ", "X"),
        ("οδος", "ΟΔΟΣ οδος", "X X"),
        ("straße", "Straße STRASSE", "X STRASSE"),
        ("\U0001f600", "Ha \U0001f600!", "Ha X!"),
    ],
)
def test_whole_words(written: str, text: str, said: str) -> None:
    assert speak(text, Entry(written, "X")) == said


@pytest.mark.parametrize(
    ("written", "spoken", "text", "said"),
    [
        ("%", "per cent", "10% off, 5 %, 12.5%", "10 per cent off, 5 per cent, 12.5 per cent"),
        ("&", "and", "R&D, A & B", "R and D, A and B"),
        ("/", "slash", "1/2 a/b", "1 slash 2 a slash b"),
        ("#", "number sign", "*67# #31#", "*67 number sign number sign 31 number sign"),
        ("$", "bucks", "$5, US$5", "bucks 5, US bucks 5"),
        ("%", "per cent", "5%%", "5 per cent per cent"),
        ("(c)", "copyright", "(c)2026", "copyright 2026"),
        ("°", "degrees", "20°C, (°)", "20 degrees C, (degrees)"),
        # Scripts without spaces need none, and neither does a part of a word.
        ("&", "和", "你&我", "你和我"),
        ("%", "percent", "百%と", "百percentと"),
    ],
)
def test_the_words_of_a_sign_stand_apart(written: str, spoken: str, text: str, said: str) -> None:
    assert speak(text, Entry(written, spoken)) == said


@pytest.mark.parametrize(
    "text",
    [
        "12:30",
        "12/5",
        "$12",
        "12-34",
        "12%",
        "12.5",
        "1,012",
        "12,000",
        "5/12",
        "5:12",
        "3-12",
        "#12",
        "*12",
        "12#",
        "12*",
        "-12",
        "+12",
        "€12",
        "12€",
        "B-12",
        "2×12",
        "10–12",
        "12°",
        ".12",
        "12‰",
        "£12",
        "12+5",
    ],
)
def test_a_part_of_a_larger_number_is_no_word(text: str) -> None:
    assert speak(text, Entry("12", "dozen")) == text


@pytest.mark.parametrize(
    "text", ["12.", "12,", "(12)", "12: ready", "12 km", "12-inch", "12…", "no. 12!", "12's"]
)
def test_a_number_that_stands_alone_is_a_word(text: str) -> None:
    assert speak(text, Entry("12", "dozen")) == text.replace("12", "dozen")


@pytest.mark.parametrize(
    ("written", "text", "said"),
    [
        ("US", "US$5, US.", "US$5, X."),
        ("R", "R$5, R&D, R.", "R$5, R&D, X."),
        ("AT", "AT&T, AT", "AT&T, X"),
        ("T", "AT&T, T", "AT&T, X"),
        ("C", "C++, C#, C, C+", "C++, C#, X, X+"),
        ("R&D", "R&D", "X"),
        ("AT&T", "(AT&T)", "(X)"),
        ("C++", "C++.", "X."),
        ("9-1-1", "Dial 9-1-1, 9-1-1-5.", "Dial X, 9-1-1-5."),
        ("US$5", "US$5, US$50, US$5.50", "X, US$50, US$5.50"),
        ("12:30", "12:30, 12:30:15", "X, 12:30:15"),
    ],
)
def test_a_part_of_a_larger_name_is_no_word(written: str, text: str, said: str) -> None:
    assert speak(text, Entry(written, "X")) == said


def test_addresses_are_words_too() -> None:
    assert speak("www.acme.com, info@acme.com, acmecorp.com", Entry("acme", "ack me")) == (
        "www.ack me.com, info@ack me.com, acmecorp.com"
    )


@pytest.mark.parametrize(
    ("entry", "text", "said"),
    [
        (Entry("cat", "X", part=True), "bobcats", "bobXs"),
        (Entry("cat", "X", case="exact"), "cat Cat", "X Cat"),
        (Entry("CAT", "X", case="any"), "cat Cat", "X X"),
        (Entry("cat", "X", followed_by=""), "cat", "X"),
        (Entry("a.m.", "X"), "9 a.m. now, 9 A.M.", "9 X now, 9 X"),
    ],
)
def test_flags(entry: Entry, text: str, said: str) -> None:
    assert speak(text, entry) == said


def test_the_longest_of_those_that_begin_first_wins() -> None:
    entries = [
        Entry("New", "1"),
        Entry("New York", "2"),
        Entry("York City", "3"),
        Entry("New York Times", "4"),
    ]
    assert speak("New York City, New York Times, New", *entries) == "2 City, 4, 1"


def test_the_narrower_entry_wins() -> None:
    entries = [
        Entry("bow", "1"),
        Entry("bow", "2", language="en"),
        Entry("bow", "3", language="en-GB"),
        Entry("bow", "4", engine="piper"),
        Entry("bow", "5", engine="piper", voice="joe"),
        Entry("Bow", "6"),
    ]
    for given_entries in (entries, entries[::-1]):
        assert speak("bow", *given_entries, language="de") == "1"
        assert speak("bow", *given_entries, language="en-US") == "2"
        assert speak("bow", *given_entries, language="en-gb") == "3"
        assert speak("bow", *given_entries, language="en-GB", engine="piper") == "4"
        assert speak("bow", *given_entries, language="en", engine="piper", voice="joe") == "5"
        assert speak("Bow", *given_entries, language="de") == "6"


def test_a_region_holds_for_its_language_where_the_text_does_not_say_which() -> None:
    assert speak("bow", Entry("bow", "X", language="en-GB"), language="en") == "X"
    assert speak("bow", Entry("bow", "X", language="en-GB"), language="en-US") == "bow"


@pytest.mark.parametrize("text", ["cat", "a cat", "New York", "Ask New York"])
def test_a_place_ends_where_the_text_ends(text: str) -> None:
    """Also where a longer form begins with the same word."""
    names = Lexicon(
        [Entry("cat", "X"), Entry("cat and mouse", "Y"), Entry("New York", "X"), Entry("New York Times", "Y")]
    )
    assert [(hit.end, hit.spoken) for hit in names.find(text)] == [(len(text), "X")]


def test_over() -> None:
    row = Lexicon([Entry("SQL", "row")])
    project = Lexicon([Entry("SQL", "project", voice="joe"), Entry("Perl", "purl")])
    both = row.over(project)
    assert [hit.spoken for hit in both.find("SQL Perl", "en", "piper", "joe")] == ["row", "purl"]
    assert both == row.over(project) and hash(both) == hash(row.over(project)) != hash(project.over(row))
    assert both.digest == row.over(project).digest != project.digest
    assert project.over(Lexicon()) is project is Lexicon().over(project)


def test_the_order_in_a_file_does_not_matter() -> None:
    entries = [Entry("a", "1"), Entry("b", "2", language="de"), Entry("c", "3", part=True)]
    assert Lexicon(entries).digest == Lexicon(entries[::-1]).digest
    assert Lexicon([Entry("a", "1", origin="x:1")]) == Lexicon([Entry("a", "1")])


def test_entries_that_contradict_each_other() -> None:
    with pytest.raises(InputError, match=r"'sql' is 'b' here and 'a' in x:1"):
        Lexicon([Entry("sql", "a", origin="x:1"), Entry("sql", "b", origin="x:2")])
    assert len(Lexicon([Entry("sql", "a"), Entry("sql", "a"), Entry("SQL", "b")])) == 2


def test_sounds_keep_the_word() -> None:
    passage, changes = apply(
        Passage.of("One tomato."), Lexicon([Entry("tomato", ipa="/təˈmɑːtəʊ/")]), language="en"
    )
    assert passage.text == "One tomato."
    assert passage.phonemes == (Phonemes(start=4, end=10, ipa="təˈmɑːtəʊ"),)
    assert [(c.start, c.end, c.written, c.ipa, c.by) for c in changes] == [
        (4, 10, "tomato", "təˈmɑːtəʊ", "lexicon")
    ]


def test_both_forms() -> None:
    """The spelled form is for engines that take no sounds."""
    both = Lexicon([Entry("Nguyen", "win", "nwɪn")])
    sounds, _ = apply(Passage.of("Nguyen"), both, language="en")
    spelled, _ = apply(Passage.of("Nguyen"), both, language="en", sounds=False)
    assert (sounds.text, sounds.phonemes[0].ipa) == ("win", "nwɪn")
    assert (spelled.text, spelled.phonemes) == ("win", ())


def test_words_of_a_spoken_form_are_pronounced_as_the_lexicon_says() -> None:
    entries = [
        Entry("Dr. Nguyen", "doctor Nguyen"),
        Entry("Nguyen", ipa="nwɪn"),
        Entry("doctor", "physician"),  # an alias of an alias is not followed, so none can go round in circles
        Entry("a", "b"),
        Entry("b", "a"),
    ]
    assert speak("Dr. Nguyen, doctor. a b", *entries) == "doctor /nwɪn/, physician. b a"


def test_what_is_fixed_stays() -> None:
    passage = Passage.of("SQL and SQL").edit([Edit(0, 3, "SQL")])
    assert apply(passage, Lexicon([Entry("SQL", "sequel")]), language="en")[0].text == "SQL and sequel"


def test_places_in_the_source() -> None:
    reading = read(
        "The  SQL Server.\n\nSQL!",
        language="en",
        max_chars=200,
        front_end=FrontEnd(lexicon=Lexicon([Entry("SQL", "sequel"), Entry("SQL Server", "sequel server")])),
    )
    assert [part.text for part in reading.parts if isinstance(part, Say)] == ["The sequel server.", "sequel!"]
    assert [(c.start, c.end, c.written) for c in reading.changes] == [(5, 15, "SQL Server"), (18, 21, "SQL")]


def test_the_lexicon_comes_before_what_an_engine_misreads() -> None:
    reading = read(
        "Press * now, *.",
        language="en",
        max_chars=200,
        misread="*",
        front_end=FrontEnd(lexicon=Lexicon([Entry("*", "star")])),
    )
    assert [part.text for part in reading.parts if isinstance(part, Say)] == ["Press star now, star."]
    assert reading.notes == ()


def test_words_that_are_pronounced_together_stay_together() -> None:
    front_end = FrontEnd(lexicon=Lexicon([Entry("J. R. R. Tolkien", ipa="ˈtɒlkiːn")]))
    reading = read("We read J. R. R. Tolkien today.", language="en", max_chars=20, front_end=front_end)
    said = [part.words for part in reading.parts if isinstance(part, Say)]
    assert [p.text[a.start : a.end] for p in said for a in p.phonemes] == ["J. R. R. Tolkien"]


# What an entry may be


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"written": ""}, "written: is empty"),
        ({"written": " \u00ad "}, "written: is empty"),
        ({"written": "a", "spoken": ""}, "spoken: has nothing to say for 'a'"),
        ({"written": "a", "spoken": "..."}, "spoken: has nothing to say for 'a'"),
        ({"written": "a\0", "spoken": "b"}, r"written: holds a character that cannot be seen: U\+0000"),
        ({"written": "a", "spoken": "b\u202e"}, r"spoken: holds a character that cannot be seen: U\+202E"),
        ({"written": "\ud800", "spoken": "b"}, r"written: holds a character that cannot be seen: U\+D800"),
        ({"written": "a" * 201, "spoken": "b"}, "written: is longer than 200 characters"),
        ({"written": "a", "spoken": "b" * 2001}, "spoken: is longer than 2,000 characters"),
        ({"written": "a", "spoken": "b", "language": "??"}, r"language: '\?\?' is no language tag"),
        ({"written": "a", "ipa": "bIs"}, r"ipa: 'bIs': character 2, 'I' \(latin capital letter i\)"),
        ({"written": "a", "ipa": "ba:"}, r"ipa: 'ba:': character 3, ':' \(colon\), .*; did you mean 'ː'\?"),
        ({"written": "a", "ipa": "'ba"}, r"did you mean 'ˈ'\?"),
        ({"written": "a", "ipa": "ˈ"}, "ipa: 'ˈ' has no sound"),
    ],
)
def test_what_an_entry_cannot_be(fields: dict[str, str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Entry(**fields)  # type: ignore[arg-type]


_NO_TEXT: list[object] = [None, 0, 1, 1.5, True, b"a", ["a"], {}, ("a",), "\ud800", "a\udfff"]


@pytest.mark.parametrize("value", _NO_TEXT, ids=repr)
@pytest.mark.parametrize(
    "field", ["written", "spoken", "ipa", "followed_by", "language", "engine", "voice", "origin"]
)
def test_a_field_that_is_no_text(field: str, value: object) -> None:
    given: dict[str, object] = {"written": "a", "spoken": "b", field: value}
    with pytest.raises(InputError) as caught:
        Entry(**given)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *itertools.product(("part", "regex"), (None, 0, "yes", [], {})),
        *itertools.product(("case",), (None, 0, "", "Exact", [], {}, "\ud800")),
    ],
)
def test_a_flag_that_is_none(field: str, value: object) -> None:
    given: dict[str, object] = {"written": "a", "spoken": "b", field: value}
    with pytest.raises(InputError) as caught:
        Entry(**given)  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize(
    "value", [None, 0, 1.5, True, "SQL", b"SQL", ["SQL"], [None], {"SQL": "sequel"}], ids=repr
)
def test_what_are_no_entries(value: object) -> None:
    with pytest.raises(InputError, match="must be") as caught:
        Lexicon(value)  # type: ignore[arg-type]
    assert caught.value.field == "entries"


@pytest.mark.parametrize("value", [None, 0, "note", [1], ["\ud800"]], ids=repr)
def test_what_are_no_notes(value: object) -> None:
    with pytest.raises(InputError) as caught:
        Lexicon((), value)  # type: ignore[arg-type]
    assert caught.value.field == "notes"


@pytest.mark.parametrize(
    "sounds",
    [
        "t͡ʃiːz",
        "ɑ̃",
        "ɐ̯ˈnɔʏ̯",
        "mo̞ˈi",
        "˨˩˦ma˧˥",
        "ŋ̍",
        "ǃʼa",
        "nwɪn ˈvan",
        "kʰæt̚",
        "ˈfɑɹ.ðɚ",
        "ɡ",
        "g",
        "ʁə.viˈzjɔ̃",
        "ɬʲ",
    ],
)
def test_ipa(sounds: str) -> None:
    assert check_ipa(sounds) == unicodedata.normalize("NFC", sounds)


@pytest.mark.parametrize(
    ("given", "alphabet", "ipa"),
    [
        ("noUt@r 'deIm", "x-sampa", "noʊtər ˈdeɪm"),
        ("beIs", "X-SAMPA", "beɪs"),
        ("beIs", "xsampa", "beɪs"),
        ("ˈbeɪs", "IPA", "ˈbeɪs"),
        ('b"{tl=', "x-sampa", "bˈætl̩"),
        ("p_hEt", "x-sampa", "pʰɛt"),
        ("r\\`E:d", "x-sampa", "ɻɛːd"),
        ("t'o", "x-sampa", "tʲo"),
        ("A~", "x-sampa", "ɑ̃"),
        ("t_aS", "x-sampa", "t̺ʃ"),
        ("M AE1 D IH0 S AH0 N", "cmu-arpabet", "mˈædɪsən"),
        ("EY1", "cmu-arpabet", "ˈeɪ"),
        ("s ih0 r aa1", "cmu-arpabet", "sɪɹˈɑ"),
    ],
)
def test_other_alphabets(given: str, alphabet: str, ipa: str) -> None:
    assert to_ipa(given, alphabet) == unicodedata.normalize("NFC", ipa)


@pytest.mark.parametrize(
    ("given", "alphabet", "problem"),
    [
        ("b;a", "x-sampa", "character 2, ';', is not of X-SAMPA"),
        ("B QQ", "cmu-arpabet", "'QQ' is not of the CMU's alphabet"),
        ("B AE12", "cmu-arpabet", "'AE12' is not of the CMU's alphabet"),
        (
            "F EU",
            "x-microsoft-ups",
            "the alphabet 'x-microsoft-ups' is not known .*ipa, x-sampa, cmu-arpabet",
        ),
    ],
)
def test_what_is_not_of_an_alphabet(given: str, alphabet: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        to_ipa(given, alphabet)


# Any text, any lexicon, in time


def test_each_character_keeps_its_place() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        assert len(fold(character)) == len(plain(character)) == 1


@given(st.text(), st.lists(st.tuples(st.text(min_size=1, max_size=5), st.booleans()), max_size=8))
def test_any_text(text: str, written: list[tuple[str, bool]]) -> None:
    """Nothing is lost: each place is as it was, or as an entry says."""
    entries: list[Entry] = []
    for form, part in written:
        try:
            entries.append(Entry(form, f"spoken {len(entries)}", part=part))
        except InputError:
            continue
    try:
        lexicon = Lexicon(entries)
    except InputError:
        return
    passage, changes = apply(Passage.of(text), lexicon, language="en")
    said, done = "", 0
    for change in changes:
        assert change.written == text[change.start : change.end]
        said += text[done : change.start] + change.spoken
        done = change.end
    assert passage.text.replace(" ", "") == (said + text[done:]).replace(" ", "")
    assert len(passage.starts) == len(passage.ends) == len(passage.text)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_written_form_is_found_alone(text: str) -> None:
    try:
        entry = Entry(text[:200], "X", case="exact", part=True)
    except InputError:
        return
    assert speak(entry.written, entry) == "X"


@pytest.mark.parametrize(
    ("token", "count"),
    [
        ("the quick word77 of entry word123 is spoken\n", 23_000),
        ("a", 20_000),
        ("a ", 10_000),
        ("word7", 200_000),
        ("'s", 500_000),
        ("\u0301", 1_000_000),
        ("東", 20_000),
    ],
    ids=["prose", "one word", "words", "joined", "apostrophes", "marks", "unspaced"],
)
def test_a_megabyte_with_ten_thousand_entries(token: str, count: int) -> None:
    entries = [Entry(f"word{n}", f"spoken {n}") for n in range(5_000)]
    entries += [Entry(f"part{n}a", f"spoken {n}", part=True) for n in range(4_000)]
    entries += [Entry("a " * n + "b", f"spoken {n}") for n in range(90)]
    entries += [Entry("東" * n + "b", f"spoken {n}") for n in range(1, 100)]
    entries += [Entry("a" * n + "b", f"spoken {n}", part=True) for n in range(1, 100)]
    lexicon = Lexicon(entries)
    require_linear(lambda count: apply(Passage.of(token * count), lexicon, language="en"), count)


def test_an_empty_lexicon_changes_nothing() -> None:
    passage = Passage.of("Please hold.")
    assert apply(passage, Lexicon(), language="en") == (passage, [])


def test_a_hundred_thousand_entries() -> None:
    lexicon = Lexicon(Entry(f"word {n}", f"spoken {n}") for n in range(100_000))
    assert [hit.spoken for hit in lexicon.find("Word 99999, word 100000", "en")] == ["spoken 99999"]


def test_too_many_entries() -> None:
    with pytest.raises(InputError, match="has more than 250,000 entries"):
        Lexicon(Entry(f"w{n}", "s") for n in range(250_001))


def test_many_conditions() -> None:
    lexicon = Lexicon(Entry("a", f"v {n}", voice=f"v{n}") for n in range(5_000))
    assert [lexicon.find("a", "en", "tone", f"v{n}")[0].spoken for n in range(0, 5_000, 50)] == [
        f"v {n}" for n in range(0, 5_000, 50)
    ]


def test_gather() -> None:
    first, second = Lexicon([Entry("a", "1")]), Lexicon([Entry("a", "2"), Entry("b", "3")])
    assert [hit.spoken for hit in gather([first, second]).find("a b", "en")] == ["1", "3"]
    assert gather(None) == gather([]) == Lexicon()
    for wrong in (3, [3], {"a": 1.5}):
        with pytest.raises(
            InputError, match=r"must be a Lexicon, a path, or a list|the lexicon cannot be read"
        ):
            gather(wrong)  # type: ignore[arg-type]


def test_patterns_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(InputError, match=r"needs google-re2: pip install 'voxpress\[regex\]'"):
        Entry("never seen (x)", "X", regex=True)


@pytest.mark.parametrize(
    ("written", "text", "said"),
    [
        ("24/7", "Open 24/7.", "Open X."),
        ("GPT", "Ask GPT-4o.", "X"),
        ("v2.3.1", "Use v2.3.1 now.", "Use X now."),
        ("$5", "It costs $5 now.", "It costs X now."),
        ("Dr.", "Dr. Patel", "X Patel"),
        ("#", "Press # now.", "Press X now."),
        ("www.acme.com", "See www.acme.com now.", "See X now."),
        ("acme", "See www.acme.com or acme.", "See www dot acme dot com or X."),
        ("com", "Mail info@acme.com, com.", "acme dot com, X."),
    ],
)
def test_the_lexicon_wins_over_normalisation(written: str, text: str, said: str) -> None:
    front_end = FrontEnd(lexicon=Lexicon([Entry(written, "X")]))
    parts = read(text, language="en", max_chars=200, front_end=front_end).parts
    assert said in " ".join(part.text for part in parts if isinstance(part, Say))


@pytest.mark.parametrize(
    ("entry", "text", "said"),
    [
        (
            Entry("account", "profile"),
            "Your account 1234 5678.",
            "Your profile one two three four, five six seven eight.",
        ),
        (Entry("extension", "ext"), "Take extension 1001.", "Take ext one zero zero one."),
        (Entry("PIN", "pin code"), "Your PIN is 1942.", "Your pin code is one nine four two."),
        (Entry("Mon", "monday"), "Open Mon-Fri.", "Open monday to Friday."),
        (Entry("Fri", "friday"), "Open Mon-Fri.", "Open Monday to friday."),
        (Entry("$", "bucks"), "Pay $5.", "Pay bucks five."),
        (Entry("%", "per cent"), "Take 10%.", "Take ten per cent."),
        (Entry("#", "number sign"), "Dial *67#.", "Dial star six seven number sign."),
        (Entry("Nguyen", ipa="nwɪn"), "PIN of Nguyen 5", "PIN of Nguyen five"),
        (Entry("Jan.", "Yan"), "On Jan. 5, 2024 we met.", "On Yan fifth twenty twenty-four we met."),
        (Entry("Jan", "Yan"), "On Jan 5 we met.", "On Yan fifth we met."),
        (Entry("May", "Mae"), "We met on 5 May.", "We met on the fifth of Mae."),
        (Entry("EST", "Eastern"), "At 5 PM EST.", "At five P M Eastern."),
        (Entry("U.S.", "you ess"), "U.S.A. and U.S. news.", "U S A and you ess news."),
    ],
)
def test_readers_see_what_is_written(entry: Entry, text: str, said: str) -> None:
    """An entry wins for its own words, and the number beside them is read as without it."""
    reading = read(text, language="en-US", max_chars=200, front_end=FrontEnd(lexicon=Lexicon([entry])))
    assert [part.text for part in reading.parts if isinstance(part, Say)] == [said]
    assert "lexicon" in {change.by for change in reading.changes}


@given(st.text(alphabet="12 $%&#*-/:.,abcMon²①１\n", max_size=30))
def test_every_place_that_is_found_is_spoken(text: str) -> None:
    """Whatever the readers do around it, what the lexicon has is spoken as it says."""
    entries = [
        Entry(sign, f"xq{n}x") for n, sign in enumerate(["%", "&", "#", "-", "Mon", "12", "a", "1/2", "c"])
    ]
    reading = [
        read(
            text + " now",
            language="en-US",
            max_chars=200,
            front_end=FrontEnd(lexicon=Lexicon(entries), normalise=name),
        )
        for name in ("auto", "none")
    ]
    for each in reading:
        said = " ".join(part.text for part in each.parts if isinstance(part, Say))
        assert said.count("xq") == sum("xq" in change.spoken for change in each.changes)


def test_words_that_are_spoken_as_written_keep_their_places() -> None:
    reading = read(
        "We are open 9-5, call.",
        language="en",
        max_chars=200,
        front_end=FrontEnd(lexicon=Lexicon([Entry("are open 9-5,", "are open nine to five,")])),
    )
    assert [(c.start, c.end, c.written, c.spoken) for c in reading.changes] == [
        (12, 16, "9-5,", "nine to five,")
    ]
    (said,) = (part.words for part in reading.parts if isinstance(part, Say))
    assert said.source(said.text.index("open"), said.text.index("open") + 4) == (7, 11)


def test_the_lexicon_without_normalisation() -> None:
    front_end = FrontEnd(lexicon=Lexicon([Entry("24/7", "always")]), normalise="none")
    parts = read("Open 24/7.", language="en", max_chars=200, front_end=front_end).parts
    assert [part.text for part in parts if isinstance(part, Say)] == ["Open always."]
