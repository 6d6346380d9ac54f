"""Read-along: what a reader of the new EPUB finds in it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.publish.conftest import Run
from tests.publish.epubs import PIXEL, contents, old_contents, old_page, page, write_epub
from voxpress.documents.pages import parse_page, text_content

SMIL = {"s": "http://www.w3.org/ns/SMIL"}
EPUB = "{http://www.idpf.org/2007/ops}"
OPF = {"o": "http://www.idpf.org/2007/opf"}

Make = Callable[..., "Made"]


class Made:
    """The new book."""

    def __init__(self, path: Path, said: str) -> None:
        self.said = said
        with zipfile.ZipFile(path) as archive:
            self.names = archive.namelist()
            self.files = {name: archive.read(name) for name in self.names}
            self.stored = archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        self.package: Any = etree.fromstring(self.files["OPS/book.opf"])

    def overlay(self, name: str) -> Any:
        return etree.fromstring(self.files[f"OPS/readalong/{name}.smil"])

    def heard(self, name: str) -> list[tuple[str | None, str]]:
        """What each phrase of a page is, and the time that it has: (text, 'begin-end')."""
        overlay = self.overlay(name)
        found = []
        for par in overlay.iter("{*}par"):
            file, _, id = par.find("s:text", SMIL).get("src").partition("#")
            tree = parse_page(self.files["OPS/" + file.removeprefix("../")], file).root
            element = next(each for each in tree.iter("*") if each.get("id") == id)
            audio = par.find("s:audio", SMIL)
            text = " ".join("".join(element.itertext()).split()) or element.get("alt")
            found.append((text, f"{audio.get('clipBegin')}-{audio.get('clipEnd')}"))
        return found

    def texts(self, name: str) -> list[str | None]:
        return [text for text, _ in self.heard(name)]

    def types(self, name: str) -> list[str]:
        """The structures of an overlay, as they stand in each other: ``table(table-row(par))``."""

        def show(element: Any) -> str:
            kind = element.get(f"{EPUB}type") or etree.QName(element).localname
            inside = ",".join(show(each) for each in element if etree.QName(each).localname in ("seq", "par"))
            return f"{kind}({inside})" if inside else kind

        return [show(each) for each in self.overlay(name).find("s:body", SMIL)]

    def metas(self, name: str) -> list[str]:
        return [each.text or "" for each in self.package.iterfind(f".//o:meta[@property='{name}']", OPF)]


@pytest.fixture
def make(voxpress: Run, tmp_path: Path) -> Make:
    """Makes a book with the tone engine: ``voxpress readalong book.epub -o out.epub``."""

    def run(files: dict[str, str | bytes], *options: str, **more: Any) -> Made:
        write_epub(tmp_path / "book.epub", files, **more)
        done = voxpress("readalong", "book.epub", "-o", "out.epub", *options)
        return Made(tmp_path / "out.epub", done.said)

    return run


PROSE = "<h1>Late</h1>\n<p class='a'>It was <i>very</i> late &amp; dark. She&#160;went home.</p>\n<p>He slept.</p>"


def test_each_sentence_is_heard_and_pauses_belong_to_the_sentence_before_them(make: Make) -> None:
    made = make({"one.xhtml": page(PROSE)})
    heard = made.heard("one")
    assert [text for text, _ in heard] == ["Late", "It was very late & dark.", "She went home.", "He slept."]
    times = [time.replace("s", "").split("-") for _, time in heard]
    assert all(first[1] == second[0] for first, second in pairwise(times))
    assert made.metas("media:duration")[0].endswith(times[-1][1].lstrip("0") or "0")


def test_the_markup_of_the_author_stays(make: Make) -> None:
    made = make({"one.xhtml": page(PROSE)})
    written = made.files["OPS/one.xhtml"].decode()
    plain = re.sub(r'<link rel="stylesheet"[^>]*/>|</?span[^>]*>|\s+id="s\d+"', "", written)
    assert plain == page(PROSE)
    assert text_content(parse_page(written.encode(), "").root) == text_content(
        parse_page(plain.encode(), "").root
    )


def test_words_stand_in_their_sentences(make: Make) -> None:
    made = make({"one.xhtml": page("<p>It was late. She <b>went</b> home.</p>")}, "--granularity", "word")
    assert made.texts("one") == ["It", "was", "late.", "She", "went", "home."] or made.texts("one")[0] == "It"
    assert made.types("one") == ["seq(par,par,par)", "seq(par,par,par)"]


@pytest.mark.parametrize(
    ("body", "types"),
    [
        ("<ul><li>One. Two.</li><li>Three.</li></ul>", ["list(list-item(par,par),list-item)"]),
        ("<table><tr><td>A</td><td>b</td></tr><tr><td>c</td></tr></table>", ["table(table-row,table-row)"]),
        ("<p>A.</p><aside><p>B.</p><p>C.</p></aside><p>D.</p>", ["par", "aside(par,par)", "par"]),
        ("<aside epub:type='footnote' id='n'><p>A note.</p></aside><p>B.</p>", ["footnote(par)", "par"]),
        (
            "<figure><img src='x.png' alt='A house.'/><figcaption>Home.</figcaption></figure>",
            ["figure(par,par)"],
        ),
        ("<ol><li>A<ol><li>B</li></ol></li></ol>", ["list(list-item(par,list(list-item)))"]),
    ],
)
def test_readers_can_skip_and_leave_structures(make: Make, body: str, types: list[str]) -> None:
    made = make({"one.xhtml": page(body), "x.png": PIXEL})
    assert made.types("one") == types


def test_every_page_is_read_or_named_with_the_reason(make: Make) -> None:
    made = make(
        {
            "cover.xhtml": page('<p><img src="x.png" alt="A house by the sea."/></p>'),
            "blank.xhtml": page('<p><img src="x.png" alt=""/></p>'),
            "one.xhtml": page("<p>It was late.</p>"),
            "soup.xhtml": page("<p>It was <b>late.</p>"),
            "x.png": PIXEL,
        }
    )
    assert made.texts("cover") == ["A house by the sea."]
    assert made.texts("nav") == ["Contents", "Start"]
    assert "3 pages can be read along" in made.said
    assert "without narration: OPS/blank.xhtml: there is nothing to read" in made.said
    assert "without narration: OPS/soup.xhtml: is not well-formed" in made.said
    assert "auditory" not in " ".join(made.metas("schema:accessModeSufficient"))


def test_the_package_says_who_reads_and_for_whom_the_book_is_good(make: Make) -> None:
    made = make({"one.xhtml": page(PROSE)}, "--narrator", "Ann & Bob")
    assert made.metas("media:narrator") == ["Ann & Bob"]
    assert made.metas("media:active-class") == ["-epub-media-overlay-active"]
    assert made.metas("schema:accessMode") == ["textual", "auditory"]
    assert made.metas("schema:accessModeSufficient") == ["textual", "auditory"]
    assert "synchronizedAudioText" in made.metas("schema:accessibilityFeature")
    assert made.metas("schema:accessibilityHazard") == ["none"]
    (modified,) = made.metas("dcterms:modified")
    assert modified > "2026"
    item = made.package.find(".//o:item[@href='one.xhtml']", OPF)
    overlay = made.package.find(f".//o:item[@id='{item.get('media-overlay')}']", OPF)
    assert overlay.get("href") == "readalong/one.smil"
    assert made.names[0] == "mimetype" and made.stored


def test_what_the_author_says_of_access_stays(make: Make) -> None:
    said = "".join(
        f'<meta property="schema:{name}">{value}</meta>'
        for name, value in (
            ("accessMode", "textual"),
            ("accessModeSufficient", "textual"),
            ("accessibilityFeature", "alternativeText"),
            ("accessibilityHazard", "noFlashingHazard"),
            ("accessibilitySummary", "All is well."),
        )
    )
    made = make({"one.xhtml": page(PROSE)}, metadata=said)
    assert made.metas("schema:accessMode") == ["textual", "auditory"]
    assert made.metas("schema:accessModeSufficient") == ["textual"]
    assert made.metas("schema:accessibilityFeature") == ["alternativeText", "synchronizedAudioText"]
    assert made.metas("schema:accessibilityHazard") == ["noFlashingHazard"]
    assert made.metas("schema:accessibilitySummary") == ["All is well."]


def test_the_same_book_has_the_same_bytes(make: Make, voxpress: Run, tmp_path: Path) -> None:
    make({"one.xhtml": page(PROSE)})
    before = (tmp_path / "out.epub").read_bytes()
    done = voxpress("readalong", "book.epub", "-o", "out.epub")
    assert "it was so already" in done.said
    assert (tmp_path / "out.epub").read_bytes() == before
    voxpress("readalong", "book.epub", "-o", "out.epub", "--narrator", "Somebody")
    assert (tmp_path / "out.epub").read_bytes() != before


def test_a_book_with_overlays_is_refused_or_made_again(make: Make, voxpress: Run, tmp_path: Path) -> None:
    first = make({"one.xhtml": page(PROSE)})
    (tmp_path / "out.epub").rename(tmp_path / "first.epub")
    refused = voxpress("readalong", "first.epub", "-o", "again.epub", status=2)
    assert "can be read along already: --replace" in refused.warned
    assert not (tmp_path / "again.epub").exists()
    voxpress("readalong", "first.epub", "-o", "again.epub", "--replace")
    again = Made(tmp_path / "again.epub", "")
    assert again.heard("one") == first.heard("one")
    assert sorted(again.names) == sorted(first.names)
    assert again.files["OPS/one.xhtml"] == first.files["OPS/one.xhtml"]
    assert len(again.metas("media:duration")) == 3
    assert [
        each.get("media-overlay")
        for each in again.package.iter("{*}item")
        if "html" in each.get("media-type")
    ] == ["one-3", "nav-3"]


ENCRYPTION = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData xmlns='
    '"http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{}"/><CipherData><CipherReference '
    'URI="OPS/one.xhtml"/></CipherData></EncryptedData></encryption>'
)


def test_a_protected_book_is_refused(voxpress: Run, tmp_path: Path) -> None:
    aes = ENCRYPTION.format("http://www.w3.org/2001/04/xmlenc#aes256-cbc")
    write_epub(tmp_path / "book.epub", {"one.xhtml": page(PROSE)}, more={"META-INF/encryption.xml": aes})
    assert "protected" in voxpress("readalong", "book.epub", "-o", "out.epub", status=2).warned


def damage(path: Path, name: str, *, encrypted: bool = False) -> None:
    """Turn a bit of a file in an archive, or say that it is encrypted."""
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(name)
    data = bytearray(path.read_bytes())
    at = info.header_offset + 30 + len(name)
    if encrypted:
        data[info.header_offset + 6] |= 1
        entry = data.rfind(b"PK\1\2", 0, data.rfind(name.encode()))
        data[entry + 8] |= 1
    else:
        data[at + 6] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_file_is_named_before_anything_is_spoken(
    voxpress: Run, tmp_path: Path, compression: int
) -> None:
    book = write_epub(tmp_path / "book.epub", {"one.xhtml": page(PROSE)})
    with zipfile.ZipFile(book, "a", compression) as archive:
        archive.writestr("OPS/film.mp4", b"a film" * 100)
    damage(book, "OPS/film.mp4")
    done = voxpress("readalong", "book.epub", "-o", "out.epub", status=2)
    assert "book.epub: OPS/film.mp4: is damaged" in done.warned
    assert not (tmp_path / "out.epub").exists() and "chapter" not in done.said


def test_an_encrypted_file_is_named_before_anything_is_spoken(voxpress: Run, tmp_path: Path) -> None:
    book = write_epub(
        tmp_path / "book.epub", {"one.xhtml": page(PROSE)}, more={"OPS/film.mp4": b"a film" * 100}
    )
    damage(book, "OPS/film.mp4", encrypted=True)
    done = voxpress("readalong", "book.epub", "-o", "out.epub", status=2)
    assert "book.epub: OPS/film.mp4: is damaged" in done.warned and "encrypted" in done.warned


def test_what_is_no_epub_is_refused(voxpress: Run, tmp_path: Path) -> None:
    (tmp_path / "book.md").write_text("# One\n\nTwo.\n")
    assert "book.md: is no" in voxpress("readalong", "book.md", "-o", "out.epub", status=2).warned


@pytest.mark.parametrize("name", ["book.epub", "./book.epub"])
def test_the_book_itself_is_not_replaced(voxpress: Run, tmp_path: Path, name: str) -> None:
    write_epub(tmp_path / "book.epub", {"one.xhtml": page(PROSE)})
    assert "is the book itself" in voxpress("readalong", "book.epub", "-o", name, status=2).warned


def test_the_outline_is_followed(make: Make, tmp_path: Path) -> None:
    note = "<p>A<a epub:type='noteref' href='#n'>1</a> b.</p><aside epub:type='footnote' id='n'><p>A note.</p></aside>"
    files = {"one.xhtml": page(note), "two.xhtml": page("<p>Two.</p>")}
    files["nav.xhtml"] = contents({"one.xhtml": "One", "two.xhtml": "Two"})
    (tmp_path / "book.outline.yaml").write_text(
        "notes: skip\nchapters:\n- {title: One, at: OPS/one.xhtml}\n- {title: Two, at: OPS/two.xhtml, read: no}\n"
    )
    made = make(files)
    assert made.texts("one") == ["A1 b."]
    assert "without narration: OPS/two.xhtml: the outline leaves it out" in made.said


def test_an_epub_2_becomes_an_epub_3(make: Make) -> None:
    body = (
        '<p align="center">It&nbsp;was <tt>late</tt>. The <acronym title="x">NN</acronym> came.</p>'
        '<p><a name="x"></a>Home.</p>'
    )
    creator = (
        '<dc:creator opf:role="aut" opf:file-as="Austen, Jane">Jane Austen</dc:creator>'
        '<dc:date opf:event="creation">2001</dc:date><dc:date opf:event="publication">1815</dc:date>'
    )
    made = make({"one.html": old_page(body, "")}, version="2.0", metadata=creator)
    written = made.files["OPS/one.html"].decode()
    assert "<!DOCTYPE html>" in written and "&nbsp;" not in written and "<tt" not in written
    assert (
        '<abbr title="x"' in written
        and "text-align: center" in written
        and "<title>A book</title>" in written
    )
    assert made.package.get("version") == "3.0"
    assert made.metas("role") == ["aut"] and made.metas("file-as") == ["Austen, Jane"]
    assert [each.text for each in made.package.iter("{*}date")] == ["1815"]
    assert b'<a href="one.html">Start</a>' in made.files["OPS/nav.xhtml"]
    assert made.texts("one") == ["It was late.", "The NN came.", "Home."]


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ('<p><a name="x">It was late.</a> He slept.</p>', ["x", "s1"]),
        ('<p><a name="x">It was late. He slept.</a></p>', ["s1", "s2"]),
        ('<p><a name="x" id="x">It was late.</a> <font color="red">He slept.</font></p>', ["x", "s1"]),
        ('<p><a name="x">It was late.</a></p><p id="x">He slept.</p>', ["s1", "x"]),
        ('<p align="right"><a name="x">It was late.</a> <a name="x">He slept.</a></p>', ["x", "s1"]),
    ],
)
@pytest.mark.parametrize("title", ["A page", "", None])
def test_an_old_name_around_a_sentence_is_its_only_id(
    make: Make, body: str, ids: list[str], title: str | None
) -> None:
    written = old_page(body, title or "")
    made = make(
        {"one.html": written if title is not None else written.replace("<title></title>", "")}, version="2.0"
    )
    root = etree.fromstring(made.files["OPS/one.html"])
    all_ids = [each.get("id") for each in root.iter("*") if each.get("id")]
    assert len(all_ids) == len(set(all_ids))
    heard = [each.get("src") for each in made.overlay("one").iter("{*}text")]
    assert heard == [f"../one.html#{id}" for id in ids]
    assert made.texts("one") == ["It was late.", "He slept."]
    assert root.findtext("{*}head/{*}title") == (title or "A book")


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "us-ascii", "utf-16"])
@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_a_book_that_is_not_in_utf_8_keeps_its_encoding(make: Make, encoding: str, version: str) -> None:
    body = "<p>It was &mdash; late. Caf&eacute; Łódź.</p>" if version == "2.0" else "<p>It was late.</p>"
    text = old_page(body, "") if version == "2.0" else page(body)
    text = text.replace('encoding="utf-8"', f'encoding="{encoding}"').replace(
        "charset=utf-8", f"charset={encoding}"
    )
    made = make(
        {"one.html": text.encode(encoding, "xmlcharrefreplace")},
        "--narrator",
        "Łucja",
        version=version,
    )
    expected = ["It was — late.", "Café Łódź."] if version == "2.0" else ["It was late."]
    assert made.texts("one") == expected
    assert made.metas("media:narrator") == ["Łucja"]
    if version == "2.0":
        assert f"charset={encoding}" in made.files["OPS/one.html"].decode(encoding)


def test_a_package_that_is_not_in_utf_8_takes_any_narrator(voxpress: Run, tmp_path: Path) -> None:
    write_epub(tmp_path / "utf-8.epub", {"one.xhtml": page(PROSE)})
    with zipfile.ZipFile(tmp_path / "utf-8.epub") as old, zipfile.ZipFile(tmp_path / "book.epub", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith(".opf"):
                data = data.replace(b"utf-8", b"iso-8859-1").replace(b"A book", b"Caf\xe9")
            new.writestr(name, data)
    voxpress("readalong", "book.epub", "-o", "out.epub", "--narrator", "Łucja")
    made = Made(tmp_path / "out.epub", "")
    assert made.metas("media:narrator") == ["Łucja"]
    assert made.package.findtext(".//{*}title") == "Café"


@pytest.mark.parametrize(
    ("markup", "style"),
    [
        ('<img src="x.png" alt="x" align="left"/>', "float: left"),
        ('<img src="x.png" alt="x" align="MIDDLE"/>', "vertical-align: middle"),
        ('<img src="x.png" alt="x" align="right" style="color: red;"/>', "color: red; float: right"),
        ('<img src="x.png" alt="x" align="absmiddle"/>', None),
        ('<span align="center">x</span>', "text-align: center"),
        ('<b width="20">x</b>', "width: 20px"),
    ],
)
def test_old_attributes_become_style(make: Make, markup: str, style: str | None) -> None:
    made = make({"one.html": old_page(f"<p>It was late. {markup}</p>"), "x.png": PIXEL}, version="2.0")
    (element,) = etree.fromstring(made.files["OPS/one.html"]).findall("{*}body/{*}p/*[last()]")
    assert (element.get("align"), element.get("width"), element.get("style")) == (None, None, style)


def test_a_drawing_is_read(make: Make) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>T</title><text>One. Two.</text></svg>'
    made = make({"one.svg": drawing, "two.xhtml": page("<p>x</p>")})
    assert made.texts("one") == ["One.", "Two."]
    assert b"<?xml-stylesheet" in made.files["OPS/one.svg"]


def test_a_page_with_a_base_has_the_style_within(make: Make) -> None:
    made = make({"one.xhtml": page(PROSE, head='<base href="https://example.org/"/>')})
    assert b"<style" in made.files["OPS/one.xhtml"] and b"readalong.css" not in made.files["OPS/one.xhtml"]


def test_a_long_table_of_contents_of_an_epub_2_keeps_its_levels(make: Make) -> None:
    toc = old_contents({"one.html": "One"}).replace(
        "</navPoint>",
        '<navPoint id="a"><navLabel><text>In it</text></navLabel><content src="one.html#x"/></navPoint></navPoint>',
    )
    made = make({"one.html": old_page('<p id="x">Hello.</p>'), "toc.ncx": toc}, version="2.0")
    nav = etree.fromstring(made.files["OPS/nav.xhtml"])
    links = [(each.get("href"), len(list(each.iterancestors("{*}ol")))) for each in nav.iter("{*}a")]
    assert links == [("one.html", 1), ("one.html#x", 2)]


@pytest.mark.parametrize("name", ["out", "out.zip", "folder.epub", "taken/x.epub"])
def test_a_place_for_no_epub_is_refused_before_anything_is_spoken(
    voxpress: Run, tmp_path: Path, name: str
) -> None:
    write_epub(tmp_path / "book.epub", {"one.xhtml": page("<p>These are the words.</p>")})
    (tmp_path / "folder.epub").mkdir()
    (tmp_path / "taken").touch()
    done = voxpress("readalong", "book.epub", "-o", name, status=2)
    assert name in done.warned
    assert "chapter" not in done.said
