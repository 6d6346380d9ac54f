"""Lexicons as files: tables and PLS."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress.errors import InputError
from voxpress.text.lexicon import Entry, Lexicon, parse, read
from voxpress.text.lexicon.pls import NAMESPACE, write_pls
from voxpress.text.lexicon.tsv import write_tsv

HEAD = f'<lexicon version="1.0" xmlns="{NAMESPACE}" alphabet="ipa" xml:lang="en">'


def table(text: str) -> list[Entry]:
    return list(parse(text.encode(), "names.tsv").entries)


def pls(lexemes: str, head: str = HEAD) -> Lexicon:
    return parse(f"{head}{lexemes}</lexicon>".encode(), "book.pls")


# Tables


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("", []),
        ("\n; only a comment\n\n", []),
        ("SQL\tsequel\n", [Entry("SQL", "sequel")]),
        ("SQL\tsequel", [Entry("SQL", "sequel")]),
        ("\ufeffSQL\tsequel\r\nc\td\r", [Entry("SQL", "sequel"), Entry("c", "d")]),
        ("Nguyen\t/nwɪn/\t\t\t\t\n", [Entry("Nguyen", ipa="nwɪn")]),
        ("and/or\tand or\nor\tand/or\n", [Entry("and/or", "and or"), Entry("or", "and/or")]),
        ("/\tslash\n;\tsemicolon\n#\thash\n", [Entry("#", "hash"), Entry("/", "slash"), Entry(";", "semicolon")]),
        ("a\tb\tEN_gb\tpiper\tjoe\tcase, part", [
            Entry("a", "b", language="en-GB", engine="piper", voice="joe", case="exact", part=True)
        ]),
        ("word\tspoken\tengine\nSQL\tsequel\tpiper", [Entry("SQL", "sequel", engine="piper")]),
        ("Written\tIPA\tSpoken\nNguyen\tnwɪn\twin", [Entry("Nguyen", "win", "nwɪn")]),
        (" New   York \t noo  york ", [Entry("New York", "noo york")]),
        ("cafe\u0301\tcoffee", [Entry("café", "coffee")]),
        ("a\tb\na\tb\n", [Entry("a", "b")]),
    ],
)  # fmt: skip
def test_tables(text: str, entries: list[Entry]) -> None:
    assert Lexicon(table(text)) == Lexicon(entries)
    assert len(table(text)) == len(entries)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    assert parse("Nguyễn\t/nwɪn/\r\n".encode(encoding), "x.tsv").entries == (
        Entry("Nguyễn", ipa="nwɪn", origin="x.tsv:1"),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SQL", "names.tsv:1: has no tab between the word and what is spoken"),
        ("a,b", "has no tab"),
        ("# note", "has no tab .*; a comment begins with ;"),
        ("\nSQL\t", "names.tsv:2: spoken: is empty"),
        ("SQL\t  \ten", "names.tsv:1: spoken: is empty"),
        ("\tsequel", "names.tsv:1: written: is empty"),
        ("a\t/b", r"names.tsv:1: spoken: '/b' has one slash"),
        ("a\tb/", r"names.tsv:1: spoken: 'b/' has one slash"),
        ("a\t/", r"names.tsv:1: spoken: '/' has one slash"),
        ("a\t//", "names.tsv:1: spoken: is empty between its slashes"),
        ("a\t/nwIn/", r"names.tsv:1: ipa: 'nwIn': character 3, 'I'"),
        ("a\t/b/\nc\t/n:/", r"names.tsv:2: ipa: 'n:': character 2, ':' .* did you mean 'ː'\?"),
        (
            "a\tb\t\t\t\tcased",
            r"names.tsv:1: flags: no flag 'cased'; did you mean 'case'\? \(flags: case, any",
        ),
        ("a\tb\t\t\t\tcase any", "names.tsv:1: flags: case and any contradict each other"),
        ("a\tb\t??", r"names.tsv:1: language: '\?\?' is no language tag"),
        ("a\tb\t\t\t\t\tx", "names.tsv:1: has 7 columns, and the table has 6"),
        ("word\tspoken\tlangauge", r"names.tsv:1: langauge: no such column; did you mean 'language'\?"),
        ("word\tpron\nSQL\tsequel", r"names.tsv:1: pron: no such column.* \(columns: word, spoken, "),
        ("Word\tSpeak\tlanguage\nSQL\tsequel", "names.tsv:1: speak: no such column"),
        ("language\tword\tphoneme\nen\tSQL\tx", "names.tsv:1: phoneme: no such column"),
        ("word\tspoken\tword", "names.tsv:1: word: stands there twice"),
        ("a\tb\n; x\nA\tc", "names.tsv:3"),
        (
            "sql\ta\nsql\tb",
            "names.tsv:2: written: 'sql' is 'b' here and 'a' in names.tsv:1: keep one of them",
        ),
        ("a\tb\0", "names.tsv:1: holds a NUL character"),
        ("a\t" + "b" * 9000, "names.tsv:1: the line is longer than"),
    ],
)
def test_what_is_wrong_with_a_line(text: str, problem: str) -> None:
    if problem == "names.tsv:3":
        assert [entry.origin for entry in table(text)] == ["names.tsv:3", "names.tsv:1"]
        return
    with pytest.raises(InputError, match=problem):
        table(text)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InputError, match=r"x\.tsv:2: is not UTF-8"):
        parse(b"a\tb\n\xe9\tc\n", "x.tsv")
    with pytest.raises(InputError, match="NUL character"):
        parse("a\tb".encode("utf-16-le"), "x.tsv")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.tsv: the lexicon cannot be read: No such file"):
        read(tmp_path / "none.tsv")
    for name in ("\0", "", "\udc80", "a\ud800"):
        with pytest.raises(InputError, match="the lexicon cannot be read"):
            read(name)
    with pytest.raises(InputError, match="the lexicon cannot be read: Is a directory"):
        read(tmp_path)
    (tmp_path / "large.tsv").write_bytes(b"\n" * ((1 << 25) + 1))
    with pytest.raises(InputError, match="is larger than 33,554,432 bytes"):
        read(tmp_path / "large.tsv")


ENTRIES = [
    Entry("SQL", "sequel"),
    Entry("Nguyen", ipa="nwɪn", language="en"),
    Entry("Hue", "hway", "hweɪ", engine="piper", voice="joe"),
    Entry("cat", "dog", case="exact", part=True),
    Entry("CAT", "dog", case="any"),
]


def test_a_table_says_all() -> None:
    text = write_tsv(Lexicon(ENTRIES))
    assert Lexicon(table(text)) == Lexicon(ENTRIES)
    assert write_tsv(Lexicon(table(text))) == text


# PLS


@pytest.mark.parametrize(
    ("lexemes", "entries"),
    [
        ("", []),
        ("<lexeme><grapheme>a</grapheme><alias>b</alias></lexeme>", [Entry("a", "b", language="en")]),
        (
            "<lexeme><grapheme>centre</grapheme><grapheme>center</grapheme><phoneme>ˈsɛntər</phoneme></lexeme>",
            [Entry(word, ipa="ˈsɛntər", language="en") for word in ("centre", "center")],
        ),
        (
            "<lexeme><grapheme>a</grapheme><phoneme>b</phoneme><phoneme prefer='true'>c</phoneme></lexeme>",
            [Entry("a", ipa="c", language="en")],
        ),
        (
            "<lexeme><grapheme>a</grapheme><phoneme>b</phoneme><phoneme>c</phoneme><alias>d</alias></lexeme>",
            [Entry("a", "d", "b", language="en")],
        ),
        (
            "<lexeme><grapheme>a</grapheme><phoneme>b</phoneme><alias prefer='true'>d</alias></lexeme>",
            [Entry("a", "d", language="en")],
        ),
        (
            """<lexeme role='x:y' xml:id='i'><grapheme>a</grapheme><phoneme alphabet='x-sampa'>"{</phoneme>
            <example>An a.</example></lexeme>""",
            [Entry("a", ipa="ˈæ", language="en")],
        ),
        (
            """<meta name='a' content='b'/><metadata><x xmlns='urn:x'><lexeme>no</lexeme></x></metadata>
            <lexeme><grapheme>\n  New\n  York </grapheme><alias><![CDATA[a & b]]>&lt;</alias></lexeme>""",
            [Entry("New York", "a & b<", language="en")],
        ),
        (
            "<lexeme><grapheme>a</grapheme><phoneme>/eɪ/</phoneme></lexeme>",
            [Entry("a", ipa="eɪ", language="en")],
        ),
    ],
)
def test_pls(lexemes: str, entries: list[Entry]) -> None:
    assert pls(lexemes) == Lexicon(entries)


def test_the_language_of_a_lexicon() -> None:
    lexeme = "<lexeme><grapheme>a</grapheme><alias>b</alias></lexeme>"
    for tag, language in (("EN-gb", "en-GB"), ("und", ""), ("", "")):
        assert pls(lexeme, HEAD.replace('"en"', f'"{tag}"')).entries[0].language == language
    assert pls(lexeme, "<lexicon>").entries == (Entry("a", "b", origin="book.pls:1"),)


def test_an_alphabet_matters_only_where_sounds_are_written() -> None:
    head = HEAD.replace('"ipa"', '"x-other"')
    assert len(pls("<lexeme><grapheme>a</grapheme><alias>b</alias></lexeme>", head)) == 1
    with pytest.raises(InputError, match=r"book.pls:1: alphabet: the alphabet 'x-other' is not known"):
        pls("<lexeme><grapheme>a</grapheme><phoneme>b</phoneme></lexeme>", head)


def test_homographs_are_noted() -> None:
    lexicon = pls(
        "<lexeme role='x:VB'><grapheme>read</grapheme><phoneme>riːd</phoneme></lexeme>\n"
        "<lexeme role='x:VBD'><grapheme>read</grapheme><phoneme>rɛd</phoneme></lexeme>"
    )
    assert [entry.ipa for entry in lexicon.entries] == ["riːd"]
    assert lexicon.notes == ("book.pls:2: 'read' is spoken as book.pls:1 says, because that comes first",)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("", "book.pls:1: is not XML: no element found"),
        ("<lexicon>", "book.pls:1: is not XML"),
        ("<speak/>", "book.pls:1: is <speak>, and no <lexicon>"),
        ("<lexicon version='2.0'/>", "book.pls:1: is PLS '2.0', and voxpress reads 1.0"),
        ("<lexicon xml:lang='??'/>", "book.pls:1: '[?][?]' is no language tag"),
        ("<lexicon><grapheme>a</grapheme></lexicon>", "book.pls:1: <grapheme> is out of place in <lexicon>"),
        ("<lexicon>\n<lexeme/></lexicon>", "book.pls:2: a <lexeme> has no <grapheme>"),
        ("<lexicon><lexeme><grapheme>a</grapheme></lexeme></lexicon>", "'a' has no <phoneme> and no <alias>"),
        ("<lexicon><lexeme><grapheme> </grapheme></lexeme></lexicon>", "book.pls:1: <grapheme> is empty"),
        (
            "<lexicon>\n<lexeme><grapheme>a</grapheme>\n<phoneme>a1</phoneme></lexeme></lexicon>",
            r"book.pls:3: ipa: 'a1': character 2, '1' \(digit one\)",
        ),
        (
            "<lexicon><lexeme><grapheme>a</grapheme><alias prefer='yes'>b</alias></lexeme></lexicon>",
            "prefer must be true or false, not 'yes'",
        ),
        ("<!DOCTYPE lexicon [<!ENTITY a 'b'>]><lexicon/>", "declares a document type or entities"),
        ("<!DOCTYPE lexicon SYSTEM 'file:///etc/passwd'><lexicon/>", "declares a document type or entities"),
        ("<lexicon>&a;</lexicon>", "is not XML: undefined entity"),
        ("<lexicon>" + "<metadata>" * 100, "book.pls:1: is nested too deeply"),
        ('<?xml version="1.0" encoding="klingon"?><lexicon/>', "is not XML"),
        ('<?xml version="1.0" encoding="utf-7"?><lexicon/>', "is not XML: multi-byte encodings"),
        ('<?xml version="1.0" encoding="shift_jis"?><lexicon/>', "is not XML"),
        ('<?xml version="1.0" encoding="base64"?><lexicon/>', "is not XML"),
    ],
)
def test_what_is_no_pls(document: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        parse(document.encode(), "book.pls")


def test_entities_that_grow_are_refused_at_once() -> None:
    layers = "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(20))
    with pytest.raises(InputError, match="declares a document type"):
        parse(f"<!DOCTYPE l [<!ENTITY a0 'x'>{layers}]><lexicon>&a20;</lexicon>".encode(), "x.pls")


def test_pls_is_found_by_its_content() -> None:
    text = write_pls(Lexicon([Entry("a", "b")]))
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        coded = text.replace("UTF-8", encoding.removesuffix("-sig")).encode(encoding)
        assert parse(coded, "lexicon.txt").entries[0].spoken == "b"


SAID = [Entry("SQL", "sequel", language="en"), Entry("a<&>\"b'", "x & y", "nwɪn", language="en")]


def test_what_is_written_is_as_the_recommendation_says() -> None:
    root = ET.fromstring(write_pls(Lexicon(SAID)))
    assert root.tag == f"{{{NAMESPACE}}}lexicon"
    assert root.attrib == {
        "version": "1.0",
        "alphabet": "ipa",
        "{http://www.w3.org/XML/1998/namespace}lang": "en",
    }
    for lexeme in root:
        assert lexeme.tag == f"{{{NAMESPACE}}}lexeme"
        kinds = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in lexeme]
        assert kinds[0] == "grapheme"
        assert set(kinds[1:]) <= {"alias", "phoneme"} and len(kinds) > 1


def test_there_and_back() -> None:
    lexicon = Lexicon(SAID)
    assert parse(write_pls(lexicon).encode(), "x.pls") == lexicon
    assert Lexicon(table(write_tsv(parse(write_pls(lexicon).encode(), "x.pls")))) == lexicon


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (Entry("a", "b", engine="piper"), "an engine"),
        (Entry("a", "b", voice="joe"), "a voice"),
        (Entry("a", "b", case="exact"), "a case"),
        (Entry("a", "b", part=True), "a part of a word"),
    ],
)
def test_what_pls_cannot_say(entry: Entry, what: str) -> None:
    with pytest.raises(InputError, match=f"'a': PLS 1.0 cannot say {what}"):
        write_pls(Lexicon([entry]))


def test_pls_has_one_language() -> None:
    with pytest.raises(InputError, match=r"these entries have several \(no language, de, en\)"):
        write_pls(Lexicon([Entry("a", "b", language=tag) for tag in ("", "de", "en")]))


@given(st.lists(st.tuples(st.text(), st.text(), st.sampled_from(["", "nwɪn", "ɑ̃"])), max_size=4))
def test_any_forms_survive(given_forms: list[tuple[str, str, str]]) -> None:
    entries = []
    for written, spoken, ipa in given_forms:
        try:
            entries.append(Entry(written, spoken, ipa, language="de"))
        except InputError:
            continue
    try:
        lexicon = Lexicon(entries)
    except InputError:
        return
    if not lexicon:
        return
    assert parse(write_pls(lexicon).encode(), "x.pls") == lexicon
    try:
        text = write_tsv(lexicon)
    except InputError as error:
        assert "a table cannot hold" in error.problem  # noqa: PT017 - most can
        return
    assert Lexicon(table(text)) == lexicon


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_any_bytes(data: bytes) -> None:
    for name in ("x.tsv", "x.pls"):
        try:
            parse(data, name)
        except InputError as error:
            assert error.place.startswith(name)  # noqa: PT017 - some may be lexicons


def test_a_hundred_thousand_lines() -> None:
    def work(count: int) -> None:
        lexicon = parse("".join(f"word{n}\t/nwɪn/\n" for n in range(count)).encode(), "x.tsv")
        assert len(parse(write_pls(lexicon).encode(), "x.pls")) == count

    require_linear(work, 100_000)


# Lexicons of real books


FOLDER = os.environ.get("VOXPRESS_PLS", "")


@pytest.mark.skipif(not FOLDER, reason="VOXPRESS_PLS names no folder with lexicons in PLS")
def test_real_lexicons() -> None:
    """Of IDPF's sample books; DAISY's own tests write sounds that are none, and one of their files is empty."""
    found = {}
    for path in sorted(Path(FOLDER).rglob("*.pls")):
        try:
            lexicon = read(path)
        except InputError as error:
            assert "is not of the International Phonetic Alphabet" in str(error) or not path.stat().st_size  # noqa: PT017
            continue
        found[path.as_posix()] = len(lexicon)
        assert parse(write_pls(lexicon).encode(), "x.pls") == lexicon
        assert Lexicon(table(write_tsv(lexicon))) == lexicon
    assert max(found.values()) == 71
