"""Lexicons that an SSML document names: files beside the manifest, which hold for its words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import require_linear
from voxpress import Utterance, render
from voxpress.errors import InputError
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Result, Speaker
from voxpress.text import FrontEnd, Reader, Say, read
from voxpress.text.lexicon import Entry, Lexicon
from voxpress.text.markup import parse

PLS = """<lexicon version="1.0" alphabet="ipa" xml:lang="en"
 xmlns="http://www.w3.org/2005/01/pronunciation-lexicon">
 <lexeme><grapheme>{}</grapheme><alias>{}</alias></lexeme>
</lexicon>"""

STRICT, LENIENT = FrontEnd(), FrontEnd(lenient=True)


def plan(inner: str, folder: Path | None, *, version: str = "1.1", front_end: FrontEnd = STRICT) -> Plan:
    planned = Planner(Speaker(engine="tone"), beside=folder, front_end=front_end).plan(
        Utterance(text=f"<speak version='{version}'>{inner}</speak>", markup="ssml", origin="m.csv:2"),
        filed=False,
    )
    if isinstance(planned, Bad):
        raise planned.error
    return planned


def said(planned: Plan) -> list[str]:
    return [take.segment.text for take in planned.takes.values()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with lexicons, in which words are spoken as the files are called."""
    place = tmp_path / "in"
    (place / "more").mkdir(parents=True)
    (place / "a.pls").write_text(PLS.format("word", "first"))
    (place / "b.tsv").write_text("other\tsecond\nword\tsecond\n")
    (place / "more" / "c.tsv").write_text("other\tthird\nword\tthird\nlast one\tthird\n")
    return place


A, B = "<lexicon uri='a.pls'/>", "<lexicon uri='b.tsv' type='text/tab-separated-values'/>"
NAMED = (
    "<lexicon uri='a.pls' xml:id='a' type='application/pls+xml'/><lexicon uri='b.tsv' xml:id='b'/>"
    "<lexicon uri='more/c.tsv' xml:id='c'/>"
)


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (f"{A}A word.", ["A first."]),
        (f"{A}A word, <sub alias='word'>w</sub>.", ["A first, word."]),
        (f"{A}<p>A word.</p><p>Word two.</p>", ["A first.", "first two."]),
        (f"{A}<audio src='none.wav'>A word.</audio>", ["A first."]),
        (f"{A}One <break time='1s'/> word.", ["One", "first."]),
        (f"{A}<voice name='high'>Word</voice> and word.", ["first", "and first."]),
        (f"{A}&#119;ord and w<!-- -->ord.", ["first and first."]),
        # Of several, the last one wins; a word that it does not have is looked up in the one before.
        (f"{A}{B}A word, other.", ["A second, second."]),
        (f"{B}{A}A word, other.", ["A first, second."]),
        # With names, words are looked up within <lookup> only, in the innermost first.
        (
            f"{NAMED}A word, <lookup ref='a'>a word</lookup>, other word.",
            ["A word, a first, other word."],
        ),
        (
            f"{NAMED}<lookup ref='b'>A word, other, <lookup ref='a'>word, other.</lookup> Word</lookup> word.",
            ["A second, second, first, second. second word."],
        ),
        (f"{NAMED}<lookup ref='a'>word</lookup>s and <lookup ref='b'>word</lookup>.", ["firsts and second."]),
        (f"{NAMED}<lookup ref='c'>the last <w>one</w></lookup>.", ["the third."]),
        (
            f"{NAMED}<lookup ref='a'><p>A word.</p><p>Word.</p></lookup> Word.",
            ["A first.", "first.", "Word."],
        ),
        (f"{A}<lexicon uri='b.tsv' xml:id='b'/>A word, <lookup ref='b'>word</lookup>.", ["A first, second."]),
    ],
)
def test_the_words_of_a_document_are_looked_up(folder: Path, inner: str, words: list[str]) -> None:
    planned = plan(inner, folder)
    assert said(planned) == words


def test_in_a_document_of_1_0_lexicons_have_no_names(folder: Path) -> None:
    assert said(plan("<lexicon uri='a.pls' xml:id='a'/>A word.", folder, version="1.0")) == ["A first."]


def test_a_lexicon_of_a_document_does_not_cut_a_sentence(folder: Path) -> None:
    assert (
        len(
            said(plan(f"{NAMED}One <lookup ref='a'>word</lookup> and <lookup ref='b'>word</lookup>.", folder))
        )
        == 1
    )


def test_a_document_comes_before_all_others(folder: Path) -> None:
    """Before the row's, also where another entry is longer."""
    wide = FrontEnd(
        lexicon=Lexicon([Entry("word", "wide"), Entry("word list", "wide"), Entry("mine", "wide")])
    )
    (folder / "row.tsv").write_text("mine\trow\nword\trow\n")
    row = Utterance(
        text=f"<speak>{A}Word list, mine.</speak>", markup="ssml", lexicon="row.tsv", origin="m.csv:2"
    )
    planned = Planner(Speaker(engine="tone"), beside=folder, front_end=wide).plan(row, filed=False)
    assert isinstance(planned, Plan)
    assert said(planned) == ["first list, row."]


def test_sounds_of_a_document(folder: Path) -> None:
    (folder / "n.tsv").write_text("Nguyen\t/nwɪn/\n")
    planned = plan("<lexicon uri='n.tsv'/>Ask Nguyen, <phoneme ph='a'>Nguyen</phoneme>.", folder)
    (take,) = planned.takes.values()
    assert [(each.start, each.ipa) for each in take.segment.phonemes or ()] == [(4, "nwɪn"), (12, "a")]
    assert [(c.written, c.ipa, c.by) for c in planned.changes] == [
        ("Nguyen", "nwɪn", "lexicon"),
        ("Nguyen", "a", "phoneme"),
    ]


def test_places_in_the_source(folder: Path) -> None:
    inner = f"{A}A <emphasis>word</emphasis>."
    (change,) = plan(inner, folder).changes
    text = f"<speak version='1.1'>{inner}</speak>"
    assert text[change.start : change.end] == "word"
    assert (change.written, change.spoken, change.by) == ("word", "first", "lexicon")


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("no.pls", "m.csv:2: the lexicon 'no.pls' cannot be read in"),
        (
            "../secret.tsv",
            "the lexicon '../secret.tsv' is no relative path to a file in the manifest's folder",
        ),
        ("more/../../secret.tsv", "is no relative path"),
        ("/etc/passwd", "is no relative path"),
        ("http://example.com/a.pls", "is an address"),
        ("//example.com/a.pls", "is an address"),
        ("file:///etc/passwd", "is an address"),
        ("more", "is no file"),
        ("out.tsv", "is a link that leads out of the manifest's folder"),
        ("elsewhere/secret.tsv", "is a link that leads out of the manifest's folder"),
        ("bad.tsv", "m.csv:2: the lexicon 'bad.tsv', line 2: ipa: 'nwIn': character 3"),
        ("bad.pls", "m.csv:2: the lexicon 'bad.pls', line 1: is <html>, and no <lexicon>"),
        ("huge.tsv", "is larger than 33,554,432 bytes"),
    ],
)
def test_what_is_no_lexicon_beside_the_manifest_is_refused(folder: Path, file: str, problem: str) -> None:
    (folder.parent / "secret.tsv").write_text("word\tsecret\n")
    (folder / "out.tsv").symlink_to(folder.parent / "secret.tsv")
    (folder / "elsewhere").symlink_to(folder.parent)
    (folder / "bad.tsv").write_text("a\tb\nc\t/nwIn/\n")
    (folder / "bad.pls").write_text("<html/>")
    with (folder / "huge.tsv").open("wb") as huge:
        huge.truncate((1 << 25) + 1)
    inner = f"<lexicon uri='{file}'/>A word."
    with pytest.raises(InputError) as error:
        plan(inner, folder)
    assert problem in str(error.value)
    lenient = plan(inner, folder, front_end=LENIENT)
    assert said(lenient) == ["A word."]
    assert [problem.removeprefix("m.csv:2: ") in note for note in lenient.notes] == [True]


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    (folder / "link.tsv").symlink_to(folder / "b.tsv")
    (folder.parent / "same").symlink_to(folder)
    assert said(plan("<lexicon uri='link.tsv'/>A word.", folder)) == ["A second."]
    assert said(plan("<lexicon uri='link.tsv'/>A word.", folder.parent / "same")) == ["A second."]


def test_without_a_folder_no_file_is_read(folder: Path) -> None:
    with pytest.raises(
        InputError, match=r"the lexicon 'a\.pls': a text can name files only where it comes from"
    ):
        plan(f"{A}A word.", None)
    planned = plan(f"{A}<p>A word.</p><p>Word.</p>", None, front_end=LENIENT)
    assert (said(planned), len(planned.notes)) == (["A word.", "Word."], 1)
    with pytest.raises(InputError, match="only where it comes from"):
        read(f"<speak>{A}A word.</speak>", markup="ssml", language="en", max_chars=99)


def run(folder: Path, rows: list[Utterance]) -> list[Result]:
    results = render(
        rows, folder / "out", engine="tone", store=str(folder / "store"), workers=0, beside=folder
    )
    return sorted(results, key=lambda result: result.number)


def test_a_changed_entry_speaks_only_the_sentences_with_its_word(folder: Path) -> None:
    rows = [
        Utterance(
            id="a",
            text=f"<speak>{B}<s>A word here.</s> <s>Other there.</s> <s>Nothing.</s></speak>",
            markup="ssml",
        ),
        Utterance(id="b", text=f"<speak>{B}Nothing of that here.</speak>", markup="ssml"),
        Utterance(id="c", text="A word here."),
    ]
    assert [(r.status, r.segments) for r in run(folder, rows)] == [
        ("rendered", 3),
        ("rendered", 1),
        ("rendered", 1),
    ]
    assert [r.status for r in run(folder, rows)] == ["up to date"] * 3
    (folder / "b.tsv").write_text("other\tsecond\nword\tchanged\n")
    again = run(folder, rows)
    assert [r.status for r in again] == ["rendered", "up to date", "up to date"]
    assert again[0].spoken == 1
    (folder / "b.tsv").write_text("other\tsecond\nword\tchanged\nunused\tsecond\n")
    assert [r.status for r in run(folder, rows)] == ["up to date"] * 3


def test_a_file_is_read_once_for_many_rows(folder: Path) -> None:
    lexicon = folder / "many.tsv"
    lexicon.write_text("".join(f"word{n}\tspoken {n}\n" for n in range(20_000)))
    rows = [
        Utterance(id=f"r{n}", text=f"<speak><lexicon uri='many.tsv'/>word{n}</speak>", markup="ssml")
        for n in range(300)
    ]
    plans = Planner(Speaker(engine="tone"), beside=folder).plan_all(rows)
    next(plans)
    # Who reads it again finds other words, though the file looks as it did.
    read = lexicon.stat()
    lexicon.write_text(lexicon.read_text().replace("spoken", "silent"))
    os.utime(lexicon, ns=(read.st_atime_ns, read.st_mtime_ns))
    *_, last = plans
    assert isinstance(last, Plan)
    assert said(last)[0].startswith("spoken ")


@pytest.mark.parametrize(
    ("inner", "problem"),
    [
        ("<lexicon/>a", "<lexicon> needs uri"),
        ("a<lexicon uri='a.pls'/>", "<lexicon> stands directly in <speak>, before all words"),
        ("<p><lexicon uri='a.pls'/>a</p>", "<lexicon> stands directly in <speak>"),
        ("<lexicon uri='a.pls' foo='1'/>a", "the attribute foo of <lexicon> is not supported"),
        ("<lookup>a</lookup>", "<lookup> needs the xml:id of a <lexicon> as its ref (none has an xml:id)"),
        ("<lexicon uri='a.pls' xml:id='x'/><lookup ref='y'>a</lookup>", "as its ref (x)"),
        ("<lexicon uri='a.pls'/>" * 17 + "a", "a document names at most 16 lexicons"),
    ],
)
def test_a_lexicon_that_is_named_wrongly(inner: str, problem: str) -> None:
    with pytest.raises(InputError) as error:
        parse(f"<speak>{inner}</speak>", "ssml")
    assert problem in str(error.value)
    notes = parse(f"<speak>{inner}</speak>", "ssml", lenient=True)
    assert problem in repr(notes)


def test_a_lexicon_that_nothing_looks_up_is_noted(folder: Path) -> None:
    planned = plan("<lexicon uri='no.pls' xml:id='x'/>A word.", folder)
    assert planned.notes == ("the lexicon 'no.pls' is not used: no <lookup> names it (line 1, column 22)",)


def test_many_lookups_take_time_by_their_length(folder: Path) -> None:
    def work(count: int) -> None:
        inner = NAMED + "<lookup ref='a'>word</lookup> other <lookup ref='b'>word</lookup> " * count
        planned = plan(inner, folder)
        words = " ".join(planned.takes[key].segment.text for key in planned.recipe.spoken)
        assert (words.count("first"), words.count("second")) == (count, count)

    require_linear(work, 8_000)


PIECES = st.sampled_from(
    (
        *(
            "a word. ",
            "other, ",
            "& ",
            "é ",
            "5 ",
            "<break time='1s'/>",
            "<mark name='m'/>",
            "№ ",
            "e\u0301",
            "\n\n",
        ),
        *("<lookup ref='a'>", "<lookup ref='b'>", "<p>", "<emphasis>", "</>", "</>", "</>"),
        *("<sub alias='other 5'>x</sub>", "<phoneme ph='a'>word</phoneme>", "<sub alias='y'/>"),
        "<say-as interpret-as='cardinal'>17</say-as>",
    )
)


def nest(pieces: list[str]) -> str:
    """A document with these pieces, in which ``</>`` ends what is open."""
    found = [NAMED]
    still_open: list[str] = []
    for piece in pieces:
        if piece == "</>":
            found.append(f"</{still_open.pop()}>" if still_open else "")
            continue
        found.append(piece.replace("& ", "&amp; "))
        if piece in ("<p>", "<emphasis>") or piece.startswith("<lookup"):
            still_open.append(piece[1:-1].split()[0])
    return f"<speak>{''.join(found)}{''.join(f'</{each}>' for each in reversed(still_open))}</speak>"


@given(st.lists(PIECES, max_size=20))
def test_lexicons_that_fit_nothing_change_nothing(pieces: list[str]) -> None:
    """Whatever the document, and wherever words are looked up."""
    nothing = {name: Lexicon([Entry("nowhere", "x")]) for name in ("a.pls", "b.tsv", "more/c.tsv")}
    reader = Reader(language="en", max_chars=60)
    for part in parse(nest(pieces), "ssml"):
        if isinstance(part, Say):
            first, again = FrontEnd().read(part, reader), FrontEnd().read(part, reader, nothing)
            assert [repr(each) for each in again.parts] == [repr(each) for each in first.parts]
            assert again.changes == first.changes
            said, looked = ([e.words for e in each.parts if isinstance(e, Say)] for each in (first, again))
            assert [list(words.starts) for words in said] == [list(words.starts) for words in looked]
            assert [words.phonemes for words in said] == [words.phonemes for words in looked]
