"""Talking books: what a player of DAISY 2.02 and 3 finds in them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
import soundfile  # type: ignore[import-untyped]  # it has no type hints
from lxml import etree
from msgspec.structs import replace

from tests.publish.books import TONE, book, chapter, paragraph
from voxpress.documents import Block, Document, Place, Point
from voxpress.errors import InputError
from voxpress.publish import daisy
from voxpress.publish.outline import Outline
from voxpress.publish.proposal import propose
from voxpress.publish.recording import Recording, make_planner, record
from voxpress.store import Store, open_store

NCC = {"h": "http://www.w3.org/1999/xhtml"}


def parse(path: Path) -> Any:
    return etree.parse(str(path))


def heading(text: str, level: int = 1) -> Block:
    return Block(kind="heading", text=text, level=level)


BOOK = book(
    chapter(1, "", Block(kind="image", text="The cover shows a house.")),
    chapter(
        2,
        "Volume I",
        heading("Volume I"),
        paragraph("It was late &amp; dark. She went home.", points=(Point(25, "page", "13", Place("a")),)),
        heading("A part", 4),
        Block(kind="page", name="14", text="14"),
        Block(kind="note", name="n", text="A note that says more."),
        paragraph("Something beside the text.", aside=True),
    ),
    chapter(3, "Deep down", paragraph("Hier steht etwas.", language="de"), level=3),
    identifier="urn:isbn:1",
    published="1815-12-23",
)


def record_book(document: Document, outline: Outline, store: Store) -> list[Recording]:
    planner = make_planner(document, outline, daisy.OUTPUT, speaker=TONE)
    found = record(daisy.narrate_book(document, outline), planner, store, workers=0)
    return sorted(found, key=lambda each: each.narration.utterance.id)


@pytest.fixture(scope="module", params=["skip", "read"])
def talking(request: pytest.FixtureRequest) -> tuple[Sequence[Recording], Outline, Store]:
    outline = Outline(notes="in place", pages=request.param)
    store = open_store("memory:")
    return record_book(BOOK, outline, store), outline, store


def test_daisy_202_can_be_walked_by_heading_page_and_phrase(
    talking: tuple[Sequence[Recording], Outline, Store], tmp_path: Path
) -> None:
    recordings, outline, store = talking
    daisy.write_daisy(recordings, BOOK, outline, tmp_path, store, version="2.02")
    ncc = parse(tmp_path / "ncc.html")
    entries = [
        (etree.QName(each).localname, each.get("class"), each[0].text)
        for each in ncc.findall("h:body/*", NCC)
    ]
    assert entries == [
        ("h1", "title", "Emma"),
        ("h1", None, "The cover shows a house."),
        ("h1", None, "Volume I"),
        ("span", "page-normal", "13"),
        ("h2", None, "A part"),
        ("span", "page-normal", "14"),
        ("h2", None, "Deep down"),
    ]
    meta = {each.get("name"): each.get("content") for each in ncc.findall("h:head/h:meta", NCC)}
    assert meta["ncc:tocItems"] == "7"
    assert (meta["ncc:pageNormal"], meta["ncc:maxPageNormal"]) == ("2", "14")
    assert meta["ncc:sidebars"] == "1"
    assert meta["ncc:footnotes"] == "1"
    assert meta["dc:creator"] == "Jane Austen"
    text = parse(tmp_path / "content.html")
    ids = {each.get("id"): "".join(each.itertext()) for each in text.iter() if each.get("id")}
    heard = []
    for link in ncc.iterfind(".//h:a", NCC):
        smil, target = link.get("href").split("#")
        par = parse(tmp_path / smil).find(f".//*[@id='{target}']")
        assert par.tag == "par"
        assert par.find("text").get("src").split("#")[1] in ids
    for smil in sorted(tmp_path.glob("[0-9]*.smil")):
        at = 0.0
        for audio in parse(smil).iter("audio"):
            begin, end = (float(audio.get(f"clip-{each}")[4:-1]) for each in ("begin", "end"))
            assert begin == pytest.approx(at, abs=0.001)
            assert end > begin
            at = end
            heard.append(audio.get("id"))
        assert at == pytest.approx(soundfile.info(tmp_path / smil.with_suffix(".mp3").name).duration, abs=0.1)
    assert len(heard) == sum(1 for each in recordings for _ in each.sentences())
    assert "It was late & dark." in ids.values()


def test_daisy_3_can_be_walked_by_heading_page_and_phrase(
    talking: tuple[Sequence[Recording], Outline, Store], tmp_path: Path
) -> None:
    recordings, outline, store = talking
    daisy.write_daisy(recordings, BOOK, outline, tmp_path, store, version="3")
    ncx = parse(tmp_path / "navigation.ncx")
    n = {"n": "http://www.daisy.org/z3986/2005/ncx/"}

    def tree(point: Any) -> list[object]:
        return [
            [each.findtext("n:navLabel/n:text", namespaces=n), *tree(each)]
            for each in point.iterfind("n:navPoint", n)
        ]

    assert tree(ncx.find("n:navMap", n)) == [
        ["Emma"],
        ["The cover shows a house."],
        ["Volume I", ["A part"], ["Deep down"]],
    ]
    pages = [each.findtext("n:navLabel/n:text", namespaces=n) for each in ncx.iterfind(".//n:pageTarget", n)]
    assert pages == ["13", "14"]
    orders = [int(each.get("playOrder")) for each in ncx.iter() if each.get("playOrder")]
    assert sorted(orders) == list(range(1, len(orders) + 1))
    text = parse(tmp_path / "book.xml")
    ids = {each.get("id") for each in text.iter()}
    smils = {each.name: parse(each) for each in tmp_path.glob("*.smil")}
    for content in ncx.iterfind(".//n:content", n):
        name, target = content.get("src").split("#")
        assert smils[name].find(f".//*[@id='{target}']") is not None
    for smil in smils.values():
        for each in smil.iter("{*}text"):
            assert each.get("src").split("#")[1] in ids
    for each in text.iter():
        if reference := each.get("smilref"):
            name, target = reference.split("#")
            assert smils[name].find(f".//*[@id='{target}']") is not None
    package = parse(tmp_path / "book.opf")
    listed = {each.get("href") for each in package.iter("{*}item")}
    assert listed == {each.name for each in tmp_path.iterdir()}


LINES = book(
    chapter(
        1,
        "One",
        Block(kind="verse", text="Tiger, tiger, burning bright"),
        Block(kind="verse", text="In the forests &amp; of the night,"),
        paragraph("Between them.", points=(Point(3, "page", "9", Place("a")),)),
        Block(kind="caption", text="Ages"),
        Block(kind="row", level=1, text="Name, Age"),
        Block(kind="row", text="Ann Lee, 12 years. Yes.", points=(Point(10, "page", "10", Place("a")),)),
        Block(kind="row", text="Bob, 13", language="fr"),
        Block(kind="verse", text="A line alone"),
        paragraph("Beside one.", aside=True),
        Block(kind="verse", text="Beside two.", aside=True),
        Block(kind="row", text="Beside three.", aside=True),
        paragraph("After."),
    )
)


def outline_of(parent: Any) -> list[object]:
    """Names of blocks, each with what it holds, or with its words."""
    blocks = [each for each in parent if etree.QName(each).localname not in ("span", "sent")]
    if not blocks:
        return [" ".join("".join(parent.itertext()).split())]
    return [(etree.QName(each).localname, *outline_of(each)) for each in blocks]


def test_verse_and_tables_are_structures_of_daisy_3(tmp_path: Path) -> None:
    outline, store = Outline(), open_store("memory:")
    daisy.write_daisy(record_book(LINES, outline, store), LINES, outline, tmp_path, store, version="3")
    text = parse(tmp_path / "book.xml")
    assert outline_of(text.findall(".//{*}level1")[-1]) == [
        ("linegroup", ("line", "Tiger, tiger, burning bright"), ("line", "In the forests & of the night,")),
        ("pagenum", "9"),
        ("p", "Between them."),
        ("p", "Ages"),
        ("table", ("tr", ("th", "Name, Age"))),
        ("pagenum", "10"),
        ("table", ("tr", ("td", "Ann Lee, 12 years. Yes.")), ("tr", ("td", "Bob, 13"))),
        ("linegroup", ("line", "A line alone")),
        (
            "sidebar",
            ("p", "Beside one."),
            ("linegroup", ("line", "Beside two.")),
            ("table", ("tr", ("td", "Beside three."))),
        ),
        ("p", "After."),
    ]
    heard = {each.get("smilref") for each in text.iter() if each.get("smilref")}
    pars = [each.get("id") for each in parse(tmp_path / "001.smil").iter("{*}par")]
    assert {f"001.smil#{id}" for id in pars} <= heard


def test_verse_and_tables_are_structures_of_daisy_202(tmp_path: Path) -> None:
    outline, store = Outline(), open_store("memory:")
    daisy.write_daisy(record_book(LINES, outline, store), LINES, outline, tmp_path, store)
    text = parse(tmp_path / "content.html")
    *_, section = text.iterfind(".//h:div[@class='section']", NCC)
    assert outline_of(section) == [
        ("div", ("div", "Tiger, tiger, burning bright"), ("div", "In the forests & of the night,")),
        ("p", "9Between them."),
        ("p", "Ages"),
        (
            "table",
            ("tr", ("th", "Name, Age")),
            ("tr", ("td", "10Ann Lee, 12 years. Yes.")),
            ("tr", ("td", "Bob, 13")),
        ),
        ("div", ("div", "A line alone")),
        ("p", "Beside one."),
        ("div", ("div", "Beside two.")),
        ("table", ("tr", ("td", "Beside three."))),
        ("p", "After."),
    ]
    ids = {each.get("id") for each in text.iter()}
    for each in parse(tmp_path / "001.smil").iter("text"):
        assert each.get("src").split("#")[1] in ids


@pytest.mark.parametrize("pages", ["skip", "read"])
def test_pages_have_the_same_labels_and_kinds_whether_they_are_read_or_not(
    tmp_path: Path, pages: Literal["skip", "read"]
) -> None:
    kinds = {
        "xii": "front",
        "12": "normal",
        "A-3": "special",
        "٣": "special",
        "²": "special",
        "1234567890": "special",
    }
    blocks = [
        *(Block(kind="page", name="another", text=label) for label in kinds),
        paragraph("Text.", points=(Point(2, "page", "", Place("a")), Point(3, "page", "13", Place("a")))),
    ]
    document, outline, store = book(chapter(1, "One", *blocks)), Outline(pages=pages), open_store("memory:")
    recordings = record_book(document, outline, store)
    daisy.write_daisy(recordings, document, outline, tmp_path / "old", store)
    daisy.write_daisy(recordings, document, outline, tmp_path / "new", store, version="3")
    spans = parse(tmp_path / "old" / "ncc.html").iterfind(".//h:body/h:span", NCC)
    old = {each[0].text: each.get("class").removeprefix("page-") for each in spans}
    targets = parse(tmp_path / "new" / "navigation.ncx").iter("{*}pageTarget")
    new = {"".join(each.find("{*}navLabel").itertext()): each.get("type") for each in targets}
    assert old == new == {**kinds, "13": "normal"}


def test_the_same_book_gives_the_same_bytes(tmp_path: Path) -> None:
    outline, store = Outline(), open_store("memory:")
    recordings = record_book(BOOK, outline, store)
    for name in ("a", "b"):
        daisy.write_daisy(recordings, BOOK, outline, tmp_path / name, store, version="3")
    for each in (tmp_path / "a").iterdir():
        assert each.read_bytes() == (tmp_path / "b" / each.name).read_bytes()


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    outline, store = Outline(), open_store("memory:")
    recordings = record_book(BOOK, outline, store)
    (tmp_path / "letter.doc").touch()
    with pytest.raises(InputError, match=re.escape("letter.doc")):
        daisy.write_daisy(recordings, BOOK, outline, tmp_path, store)


@pytest.mark.parametrize("other", ["001.mp3", "001.smil", "notes.css", "ncc.html"])
def test_files_with_the_names_of_ours_are_not_overwritten(tmp_path: Path, other: str) -> None:
    (tmp_path / other).write_bytes(b"mine")
    with pytest.raises(InputError, match=re.escape(other)):
        daisy.require_folder(tmp_path)


@pytest.mark.parametrize("name", ["001.smil", "002.mp3", "ncc.html"])
def test_the_run_after_a_killed_one_makes_the_book(tmp_path: Path, name: str) -> None:
    """It is killed while it writes the first file, or one in the middle, or the last one."""
    program = (
        "import os, sys\nfrom voxpress.files import atomic\n"
        "kill = lambda name: os.kill(os.getpid(), 9)\natomic.write(sys.argv[1], b'half', before_rename=kill)"
    )
    outline, store = Outline(), open_store("memory:")
    recordings = record_book(BOOK, outline, store)
    if name != "001.smil":
        daisy.write_daisy(recordings, BOOK, outline, tmp_path, store)
    subprocess.run([sys.executable, "-c", program, str(tmp_path / name)], check=False)
    assert len([each for each in tmp_path.iterdir() if each.name.endswith(".partial")]) == 1
    written = daisy.write_daisy(recordings, BOOK, outline, tmp_path, store, version="3")
    assert {*tmp_path.iterdir()} == {*written}


def test_what_a_former_book_had_in_the_folder_is_deleted(tmp_path: Path) -> None:
    outline, store = Outline(), open_store("memory:")
    daisy.write_daisy(record_book(BOOK, outline, store), BOOK, outline, tmp_path, store)
    (tmp_path / "ncc.html").unlink()  # as a killed run leaves it
    small = book(chapter(2, "Volume I", paragraph("It was late.")))
    written = daisy.write_daisy(
        record_book(small, outline, store), small, outline, tmp_path, store, version="3"
    )
    assert {*tmp_path.iterdir()} == {*written}
    assert not (tmp_path / "003.mp3").exists()


def test_a_chapter_has_the_title_that_the_outline_gives_it(tmp_path: Path) -> None:
    store = open_store("memory:")
    proposed = propose(BOOK)
    chapters = tuple(
        replace(each, title={"Volume I": "The first part", "Deep down": "Below"}.get(each.title, each.title))
        for each in proposed.chapters
    )
    outline = replace(proposed, chapters=chapters)
    daisy.write_daisy(record_book(BOOK, outline, store), BOOK, outline, tmp_path, store)
    titles = [each.text for each in parse(tmp_path / "ncc.html").iterfind(".//{*}body/*/{*}a")]
    assert titles == ["Emma", "The cover shows a house.", "The first part", "13", "A part", "14", "Below"]


@pytest.mark.parametrize("title", ["", "…", "\N{GRINNING FACE}"])
def test_a_book_without_a_title_that_can_be_said_has_one_all_the_same(tmp_path: Path, title: str) -> None:
    store, outline = open_store("memory:"), Outline()
    document = book(chapter(1, "One", paragraph("Text.")), title=title, creators=())
    daisy.write_daisy(record_book(document, outline, store), document, outline, tmp_path, store)
    assert parse(tmp_path / "ncc.html").find(".//{*}title").text == (title or "emma")


@pytest.mark.parametrize("version", ["2.02", "3"])
@pytest.mark.parametrize("sign", ["\0", "\x07", "\x1b", "\ufffe", "\ud800"])
def test_control_characters_in_what_a_book_says_of_itself_are_left_out(
    tmp_path: Path, version: Literal["2.02", "3"], sign: str
) -> None:
    """XML cannot hold them."""
    document = book(
        chapter(1, f"O{sign}ne", paragraph("Text.")),
        title=f"Em{sign}ma",
        creators=(f"Jane{sign} Austen", sign),
        publisher=f"Vox{sign} House",
        identifier=f"urn:{sign}isbn:1",
        published=f"1815{sign}",
    )
    store, outline = open_store("memory:"), Outline()
    daisy.write_daisy(
        record_book(document, outline, store), document, outline, tmp_path, store, version=version
    )
    said = "".join(path.read_text() for path in tmp_path.iterdir() if path.suffix != ".mp3")
    for words in ("Emma", "Jane Austen", "Vox House", "urn:isbn:1", "One"):
        assert words in said


@pytest.mark.parametrize("blocks", [(), (paragraph("* * *"),), (Block(kind="page", name="1", text="1"),)])
def test_a_book_in_which_nothing_is_read_is_none(blocks: tuple[Block, ...]) -> None:
    assert not list(daisy.narrate_book(book(chapter(1, "One", *blocks)), Outline()))


def test_a_book_from_right_to_left_says_so_and_has_its_opening_and_closing(tmp_path: Path) -> None:
    store = open_store("memory:")
    document = book(chapter(1, "One", paragraph("Words of the book.", language="en")), language="ar")
    outline = Outline(opening="Before & it all.", closing="The end of it all.")
    recordings = record_book(document, outline, store)
    for version in ("2.02", "3"):
        daisy.write_daisy(recordings, document, outline, tmp_path / version, store, version=version)
    ncc, text = parse(tmp_path / "2.02" / "ncc.html"), parse(tmp_path / "2.02" / "content.html")
    assert ncc.getroot().get("lang") == text.getroot().get("lang") == "ar"
    assert text.find("h:body", NCC).get("dir") == "rtl"
    assert not [each for each in ncc.iter() if each.get("dir")], "DAISY 2.02 has no such attribute there"
    assert [each.get("dir") for each in text.iterfind(".//h:p[@lang]", NCC)] == ["ltr"]
    assert parse(tmp_path / "3" / "book.xml").find("{*}book").get("dir") == "rtl"
    words = ["".join(each.itertext()) for each in text.iterfind(".//h:p", NCC)]
    assert words == ["Jane Austen", "Before & it all.", "Words of the book.", "The end of it all."]
    assert ncc.findall("h:body/*", NCC)[-1][0].text == "The end of it all."
