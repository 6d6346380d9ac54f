"""Books as a publication reads them: chapters, roles, metadata, lexicons, covers."""

import zipfile

import pytest

from tests.documents.books import CONTAINER, entry, make_epub, nav, page
from voxpress import documents
from voxpress.documents.pages import parse_page
from voxpress.documents.pages.context import Reading
from voxpress.documents.pages.elements import read_blocks

ONE = page("<h1 id='a'>One</h1><p>first</p><h1 id='b'>Two</h1><p>second</p>")
JPEG, PNG = b"\xff\xd8\xff\xe0" + b"0" * 20, b"\x89PNG\r\n\x1a\n" + b"0" * 20
NCX = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{}</navMap></ncx>"""
POINT = '<navPoint id="{0}"><navLabel><text>{0}</text></navLabel><content src="{1}"/>{2}</navPoint>'


def outline(document):
    return [
        (chapter.title, chapter.level, chapter.role, [block.plain for block in chapter.load()])
        for chapter in document.chapters
    ]


def read(folder, pages, **given):
    return documents.read(make_epub(folder, pages, **given))


def test_many_chapters_in_a_file_and_many_files_in_a_chapter(tmp_path):
    pages = {
        "one.xhtml": ONE,
        "two.xhtml": page("<p>more</p>"),
        "three.xhtml": page("<p id='c'>x</p><p>end</p>"),
    }
    entries = entry("I", "one.xhtml#a") + entry("II", "one.xhtml#b") + entry("III", "three.xhtml")
    book = read(tmp_path, pages, contents=entries)
    assert outline(book) == [
        ("I", 1, "body", ["One", "first"]),
        ("II", 1, "body", ["Two", "second", "more"]),
        ("III", 1, "body", ["x", "end"]),
    ]
    assert book.notes == ()


def test_nested_chapters(tmp_path):
    inner = entry("I", "one.xhtml#a", entry("II", "one.xhtml#b"))
    book = read(tmp_path, {"one.xhtml": ONE}, contents=f"<li><span>Part</span><ol>{inner}</ol></li>")
    assert [(title, level) for title, level, *_ in outline(book)] == [("Part", 1), ("I", 2), ("II", 3)]
    assert [len(chapter.load()) for chapter in book.chapters] == [0, 2, 2]


def test_what_stands_before_the_first_entry(tmp_path):
    book = read(
        tmp_path,
        {"title.xhtml": page("<p>By nobody</p>"), "one.xhtml": ONE},
        contents=entry("I", "one.xhtml#b"),
    )
    assert outline(book) == [
        ("", 1, "title", ["By nobody", "One", "first"]),
        ("I", 1, "body", ["Two", "second"]),
    ]


def test_pages_beside_the_reading_order_come_last(tmp_path):
    pages = {
        "notes.xhtml": page("<aside epub:type='footnote' id='n'>Lake.</aside>"),
        "one.xhtml": page("<p>Sea<a epub:type='noteref' href='notes.xhtml#n'>1</a></p>"),
        "end.xhtml": page("<body epub:type='endnotes'><p>x</p></body>"),
    }
    book = read(
        tmp_path, pages, contents=entry("I", "one.xhtml"), spine=["notes.xhtml!", "one.xhtml", "end.xhtml!"]
    )
    assert [(title, role) for title, _, role, _ in outline(book)] == [
        ("I", "body"),
        ("", "back"),
        ("", "notes"),
    ]
    (sea,), (note,) = book.chapters[0].load(), book.chapters[1].load()
    assert sea.points[0].name == note.name == "OPS/notes.xhtml#n"


def test_entries_that_lead_nowhere(tmp_path):
    entries = entry("I", "one.xhtml") + entry("Lost", "lost.xhtml") + entry("II", "one.xhtml#lost")
    book = read(tmp_path, {"one.xhtml": ONE}, contents=entries)
    assert "".join("".join(texts) for *_, texts in outline(book)) == "OnefirstTwosecond"
    assert any("'Lost'" in note and "missing" in note for note in book.notes)
    assert any("#lost" in note for note in book.notes)


def test_entries_in_another_order(tmp_path):
    book = read(tmp_path, {"one.xhtml": ONE}, contents=entry("II", "one.xhtml#b") + entry("I", "one.xhtml#a"))
    assert [title for title, *_ in outline(book)] == ["I", "II"]
    assert any("order" in note for note in book.notes)


def test_without_contents_headings_are_chapters(tmp_path):
    assert [(title, texts) for title, _, _, texts in outline(read(tmp_path, {"one.xhtml": ONE}))] == [
        ("One", ["One", "first"]),
        ("Two", ["Two", "second"]),
    ]


def test_a_book_with_only_an_ncx(tmp_path):
    points = POINT.format("I", "one.xhtml#a", POINT.format("II", "one.xhtml#b", ""))
    book = read(tmp_path, {"one.xhtml": ONE}, others={"toc.ncx": NCX.format(points)})
    assert [(title, level) for title, level, *_ in outline(book)] == [("I", 1), ("II", 2)]


@pytest.mark.parametrize(
    ("body", "title", "role"),
    [
        (
            "<body epub:type='frontmatter'><section epub:type='titlepage'><p>x</p></section></body>",
            "T",
            "title",
        ),
        (
            "<body epub:type='frontmatter'><section epub:type='dedication'><p>x</p></section></body>",
            "T",
            "body",
        ),
        ("<body epub:type='backmatter'><p>x</p></body>", "T", "back"),
        ("<section role='doc-endnotes'><p>x</p></section>", "T", "notes"),
        ("<nav epub:type='toc'><p>x</p></nav>", "T", "contents"),
        ("<p>x</p>", "Table of Contents", "contents"),
        ("<p>x</p>", "Copyright", "front"),
        ("<section epub:type='chapter'><p>x</p></section>", "Index", "body"),
    ],
)
def test_roles(tmp_path, body, title, role):
    book = read(tmp_path, {"one.xhtml": page(body)}, contents=entry(title, "one.xhtml"))
    assert book.chapters[0].role == role


def test_roles_of_pages_without_an_entry(tmp_path):
    pages = {
        "one.xhtml": page("<p>a</p>"),
        "end.xhtml": page("<body epub:type='colophon'><p>b</p></body>"),
        "two.xhtml": page("<p>c</p>"),
    }
    guide = '<guide><reference type="cover" href="one.xhtml"/></guide>'
    book = read(tmp_path, pages, contents=entry("I", "two.xhtml"), more=guide)
    assert [(title, role) for title, _, role, _ in outline(book)] == [
        ("", "title"),
        ("", "back"),
        ("I", "body"),
    ]


def test_metadata_of_epub_3(tmp_path):
    metadata = """<dc:identifier>a</dc:identifier><dc:identifier id="id">b</dc:identifier>
    <dc:title id="s">A tale</dc:title><meta refines="#s" property="title-type">subtitle</meta>
    <dc:title id="t">Salt</dc:title><meta refines="#t" property="title-type">main</meta>
    <dc:creator id="x">Translator</dc:creator><meta refines="#x" property="role">trl</meta>
    <dc:creator id="y">Ann</dc:creator><dc:language>EN-gb</dc:language><dc:date>2020</dc:date>
    <dc:publisher>P</dc:publisher><dc:rights>R</dc:rights>
    <dc:description>&lt;p&gt;D &lt;b&gt;d&lt;/b&gt;</dc:description>
    <meta property="belongs-to-collection" id="c">Seas</meta>
    <meta refines="#c" property="collection-type">series</meta>
    <meta refines="#c" property="group-position">3</meta>"""
    book = read(tmp_path, {"one.xhtml": ONE}, metadata=metadata)
    assert (book.title, book.subtitle, book.creators, book.language) == ("Salt", "A tale", ("Ann",), "en-GB")
    assert (book.identifier, book.published, book.publisher, book.rights) == ("b", "2020", "P", "R")
    assert (book.series, book.position, book.description) == ("Seas", "3", "D d")


def test_metadata_of_epub_2(tmp_path):
    metadata = """<dc:title>Salt</dc:title><dc:creator opf:role="ill">I</dc:creator>
    <dc:creator opf:role="aut">Ann</dc:creator><dc:date opf:event="modification">2021</dc:date>
    <dc:date opf:event="publication">2020</dc:date>
    <meta name="calibre:series" content="Seas"/><meta name="calibre:series_index" content="2.0"/>"""
    book = read(tmp_path, {"one.xhtml": page("<p>x</p>", attributes='xml:lang="de"')}, metadata=metadata)
    assert (book.creators, book.published, book.series, book.position) == (("Ann",), "2020", "Seas", "2")
    assert book.language == "de"


@pytest.mark.parametrize(
    ("given", "cover"),
    [
        ({"properties": {"c.jpg": "cover-image"}}, "image/jpeg"),
        ({"metadata": '<meta name="cover" content="c.jpg"/>'}, "image/jpeg"),
        ({"more": '<guide><reference type="cover" href="one.xhtml"/></guide>'}, "image/jpeg"),
        ({}, None),
    ],
)
def test_covers(tmp_path, given, cover):
    pages = {"one.xhtml": page("<img src='c.jpg' alt=''/><p>x</p>")}
    book = read(tmp_path, pages, others={"c.jpg": JPEG}, **given)
    assert (book.cover and book.cover.media_type) == cover


def test_a_cover_is_what_it_is(tmp_path):
    for data, found in ((PNG, "image/png"), (b"GIF89a", None), (b"\x89PNG, nearly", None)):
        book = read(tmp_path, {"one.xhtml": ONE}, others={"c.jpg": data}, properties={"c.jpg": "cover-image"})
        assert (book.cover and book.cover.media_type) == found
    assert any("neither JPEG nor PNG" in note for note in book.notes)


def test_lexicons(tmp_path):
    pls = """<lexicon xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" version="1.0" alphabet="ipa"
    xml:lang="en"><lexeme><grapheme>Salt</grapheme><alias>Sea</alias></lexeme></lexicon>"""
    book = read(tmp_path, {"one.xhtml": ONE}, others={"a.pls": pls, "b.pls": "<no/>"})
    assert [(each.written, each.spoken) for each in book.lexicon.entries] == [("Salt", "Sea")]
    assert any("b.pls" in note for note in book.notes)


def test_page_lists(tmp_path):
    contents = nav(
        entry("I", "one.xhtml"),
        '<nav epub:type="page-list"><ol><li><a href="one.xhtml#p">7</a></li></ol></nav>',
    )
    book = read(tmp_path, {"one.xhtml": page("<p>a</p><p id='p'>b</p>")}, contents=contents)
    blocks = book.chapters[0].load()
    assert [(block.kind, block.text) for block in blocks] == [
        ("paragraph", "a"),
        ("page", "7"),
        ("paragraph", "b"),
    ]


@pytest.mark.parametrize("written", ["Chapter%20%C3%A9.xhtml", "chapter%20é.xhtml", "./x/../Chapter é.xhtml"])
def test_names_are_found(tmp_path, written):
    """Percent signs, case, and forms of Unicode that differ."""
    book = make_epub(tmp_path, {}, opf="x")
    opf = f"""<package xmlns="http://www.idpf.org/2007/opf"><manifest>
    <item id="a" href="{written}" media-type="application/xhtml+xml"/></manifest>
    <spine><itemref idref="a"/></spine></package>"""
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("a.opf", opf)
        archive.writestr("Chapter e\u0301.xhtml", ONE)
    assert len(documents.read(book, "epub").chapters) == 2


def test_every_block_is_in_one_chapter(tmp_path):
    """Whatever the table of contents says, in reading order."""
    files = {
        f"{name}.xhtml": page(f"<h1 id='a'>{name}</h1><p>x <b id='b'/>y</p><div id='c'>z</div>")
        for name in "pqr"
    }
    whole = [
        block
        for name, data in files.items()
        for block in read_blocks(
            parse_page(data.encode(), name).root, Reading(file=f"OPS/{name}", language="en")
        )
    ]
    hrefs = [f"{name}.xhtml{anchor}" for name in "pqr" for anchor in ("", "#a", "#b", "#c", "#none")]
    for step in range(1, 8):
        for start in range(4):
            contents = "".join(entry(href, href) for href in hrefs[start::step])
            book = read(tmp_path, files, contents=contents)
            assert [block for chapter in book.chapters for block in chapter.load()] == whole


def test_fallbacks_in_the_reading_order(tmp_path):
    opf = """<package xmlns="http://www.idpf.org/2007/opf"><manifest>
    <item id="i" href="c.jpg" media-type="image/jpeg" fallback="p"/>
    <item id="p" href="one.xhtml" media-type="application/xhtml+xml"/></manifest>
    <spine><itemref idref="i"/></spine></package>"""
    book = read(tmp_path, {}, others={"c.jpg": JPEG, "one.xhtml": ONE}, opf=opf)
    assert len(book.chapters) == 2


def test_ids_with_spaces_and_a_rendition_of_another_kind(tmp_path):
    opf = """<package xmlns="http://www.idpf.org/2007/opf"><manifest>
    <item id=" p " href="one.xhtml" media-type="application/xhtml+xml"/></manifest>
    <spine><itemref idref="p  "/></spine></package>"""
    container = CONTAINER.replace(
        "<rootfiles>", '<rootfiles><rootfile full-path="a.pdf" media-type="application/pdf"/>'
    )
    book = tmp_path / "book.epub"
    with zipfile.ZipFile(book, "w") as archive:
        for name, data in (
            ("META-INF/container.xml", container),
            ("OPS/book.opf", opf),
            ("OPS/one.xhtml", ONE),
        ):
            archive.writestr(name, data)
        archive.writestr("a.pdf", "%PDF")
    assert len(documents.read(book).chapters) == 2


def test_what_has_no_words_is_noted(tmp_path):
    body = "<p ssml:alphabet='x-acme'>a <b ssml:ph='1'>b</b><img src='x'/><math><mi>y</mi></math><audio src='z'/></p>"
    notes = read(tmp_path, {"one.xhtml": page(body)}).notes
    for what in ("alphabet 'x-acme'", "1 × image without", "1 × formula without", "1 × audio"):
        assert any(what in note for note in notes)
