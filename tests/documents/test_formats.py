"""HTML, Markdown, plain text, FictionBook and Word; and which format a file has."""

import base64
import zipfile

import pytest

from tests.documents.books import make_epub, page
from voxpress import documents
from voxpress.documents.markdown import render
from voxpress.documents.text import find_heading
from voxpress.errors import InputError

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def write(folder, name, text, encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def outline(path):
    return [
        (chapter.title, chapter.level, [f"{block.kind}: {block.plain}" for block in chapter.load()])
        for chapter in documents.read(path).chapters
    ]


def test_an_article(tmp_path):
    path = write(
        tmp_path,
        "page.html",
        """<!DOCTYPE html><html lang="en"><head><title>Salt | Site</title><meta name="author" content="Ann">
        <meta property="article:published_time" content="2026-01-02"></head>
        <body><header><nav>Menu</nav>Site</header>
        <main><article><h1>Salt</h1><nav role="doc-toc">On this page</nav><p>Intro.<h2>Sea</h2><p>Q & A
        <form><input>Search</form></article></main><aside>More</aside><footer>Imprint</footer></body></html>""",
    )
    document = documents.read(path)
    assert (document.title, document.creators, document.language) == ("Salt", ("Ann",), "en")
    assert document.published == "2026-01-02"
    assert outline(path) == [
        ("Salt", 1, ["heading: Salt", "paragraph: Intro."]),
        ("Sea", 1, ["heading: Sea", "paragraph: Q & A", "paragraph: Search"]),
    ]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("<p>a</p><p>b</p>", ["a", "b"]),
        ("<nav>x</nav><div role='main'><p>a</p></div><div role='contentinfo'>y</div>", ["a"]),
        ("<article><p>a</p></article><article><p>b</p></article>", ["a", "b"]),
        ("<main><h1>t</h1><article><p>a</p></article></main>", ["t", "a"]),
        ("<main hidden><p>x</p></main><p>a</p>", ["a"]),
    ],
)
def test_what_a_page_is_about(tmp_path, body, texts):
    path = write(tmp_path, "page.html", f"<html><body>{body}</body></html>")
    assert [block.plain for chapter in documents.read(path).chapters for block in chapter.load()] == texts


@pytest.mark.parametrize(
    "around",
    [
        "<section role='doc-toc'><h2>Contents</h2><p>One</p></section>",
        "<div epub:type='toc'><h2>Contents</h2><h3>Of part one</h3></div>",
        "<nav><h2>Contents</h2></nav>",
        "<div hidden><h2>Contents</h2></div>",
        "<template><h2>Contents</h2></template>",
        "<del><h2>Contents</h2></del>",
    ],
)
def test_headings_that_are_not_read_begin_no_chapters(tmp_path, around):
    path = write(
        tmp_path, "page.html", f"<html><body><h1>Salt</h1>{around}<p>Sea.</p><h2>Sand</h2><p>Dry.</p>"
    )
    assert outline(path) == [
        ("Salt", 1, ["heading: Salt", "paragraph: Sea."]),
        ("Sand", 1, ["heading: Sand", "paragraph: Dry."]),
    ]


def test_fields_and_buttons_of_forms_are_left_out(tmp_path):
    form = (
        "<form><p>Write to us.</p><label>Name <input value='x'></label><select><option>x</select>"
        "<textarea>x</textarea><button>Send</button></form>"
    )
    assert outline(write(tmp_path, "page.html", form)) == [
        ("", 1, ["paragraph: Write to us.", "paragraph: Name"])
    ]


def test_a_page_without_words(tmp_path):
    with pytest.raises(InputError, match="no words"):
        documents.read(write(tmp_path, "page.html", "<html><body><nav>x</nav></body></html>"))


def test_markdown(tmp_path):
    text = """---
title: Salt & sea
author: [Ann, Bob]
language: de
date: 2026-01-02
---
# Eins

Text[^1] mit `code[^1]`.

1. a
2. b

# Zwei

> Zitat

[^1]: Die
    Note.
"""
    document = documents.read(write(tmp_path, "book.md", text))
    assert (document.title, document.creators, document.language) == ("Salt & sea", ("Ann", "Bob"), "de")
    assert document.published == "2026-01-02"
    assert outline(document.path) == [
        ("Eins", 1, ["heading: Eins", "paragraph: Text mit code[^1].", "item: 1. a", "item: 2. b"]),
        ("Zwei", 1, ["heading: Zwei", "paragraph: Zitat", "note: Die Note."]),
    ]
    (point,) = document.chapters[0].load()[1].points
    assert point.name == document.chapters[1].load()[-1].name


def test_markdown_that_is_not_quite_right(tmp_path):
    with pytest.raises(InputError, match="front matter"):
        documents.read(write(tmp_path, "book.md", "---\na: [\n---\nText"))
    assert "[^2]" in render("a[^2]\n")
    assert render("```\n[^1]: x\n```\n").count("<aside") == 0


FRONT = ("---\ntitle: Salt\ndate: 2026-01-02\n{}\n", '+++\ntitle = "Salt"\ndate = 2026-01-02\n{}\n')


@pytest.mark.parametrize(
    "front",
    [
        FRONT[0].format("---"), FRONT[0].format("..."), FRONT[1].format("+++"), FRONT[1].format("[p]\na = 1\n+++  "),
        FRONT[1].format("+++").replace("\n", "\r\n"), "\ufeff" + FRONT[1].format("+++"),
    ],
)  # fmt: skip
def test_front_matter_in_yaml_and_toml_is_not_read(tmp_path, front):
    path = write(tmp_path, "book.md", front + "Sea.\n\n---\n\nLake.\n\n---\n\nPond.\n")
    document = documents.read(path)
    assert (document.title, document.published) == ("Salt", "2026-01-02")
    words = ["paragraph: Sea.", "break: ", "paragraph: Lake.", "break: ", "paragraph: Pond."]
    assert outline(path) == [("", 1, words)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("---\nA dark night.\n\n---\nText", ["paragraph: A dark night.", "paragraph: Text"]),
        ("---\n- a\n---\nText", ["item: a", "paragraph: Text"]),
        ("---\n---\nText", ["paragraph: Text"]),
        ("\n---\na: b\n\n---\nText", ["paragraph: a: b", "paragraph: Text"]),
        ("---\na: b\n---\n---\n\nc: d\n\n---\nText", ["paragraph: c: d", "paragraph: Text"]),
    ],
)  # fmt: skip
def test_words_between_rules_are_text(tmp_path, text, words):
    ((_, _, found),) = outline(write(tmp_path, "book.md", text))
    assert [each for each in found if each != "break: "] == words


def test_text(tmp_path):
    text = """Salt\r
\r
PART ONE\r
\r
CHAPTER I.\r
The Sea\r
\r
It was <deep> &\r
  wide.\r
\r
* * *\r
\r
CHAPTER II\r
\r
I went home.\r
"""
    path = write(tmp_path, "book.txt", text, "utf-8-sig")
    assert outline(path) == [
        ("", 1, ["paragraph: Salt"]),
        ("PART ONE", 1, ["heading: PART ONE"]),
        (
            "CHAPTER I. The Sea",
            2,
            ["heading: CHAPTER I. The Sea", "paragraph: It was <deep> & wide.", "break: "],
        ),
        ("CHAPTER II", 2, ["heading: CHAPTER II", "paragraph: I went home."]),
    ]
    block = documents.read(path).chapters[2].load()[1]
    content = path.read_text(encoding="utf-8-sig")
    for run in block.runs:
        said = documents.Block(kind="code", text=block.text[run.at : run.at + run.length]).plain
        source = content[run.source : run.source + run.source_length]
        assert said == source or (said == " " and source.isspace())
    start, end = block.find_source(block.text.index("wide"), len(block.text)) or (0, 0)
    assert content[start:end] == "wide."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_encodings_of_text(tmp_path, encoding):
    assert outline(write(tmp_path, "a.txt", "Größe", encoding)) == [("", 1, ["paragraph: Größe"])]
    with pytest.raises(InputError, match="UTF-8"):
        documents.read(write(tmp_path, "a.txt", "Größe", "latin-1"))


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 1", "CHAPTER XIV: The Sea", "Chapter the First", "Chapter Twenty-One", "# Salt", "XIV", "IV.", "12",
        "Prologue", "Kapitel 3", "Erstes Kapitel", "Zweiter Teil", "Chapitre premier", "CAPÍTULO II", "Capitolo IX",
        "Глава 5", "Hoofdstuk 2", "第三章 海", "제 2 장", "EPILOGUE.", "Inhaltsverzeichnis", "Book One",
    ],
)  # fmt: skip
def test_headings_of_text(line):
    assert find_heading(line)


@pytest.mark.parametrize(
    "line",
    [
        "I went home.", "Chapter one was the longest of them.", "Mix", "Part of it was gone.", "He came in 1914.",
        "1914", "“Chapter 1,” he said.", "Salt", "The first part of the book\nwas never written, and\nnobody\nread it.",
    ],
)  # fmt: skip
def test_text_that_is_no_heading(line):
    assert not find_heading(line)


def test_project_gutenberg(tmp_path):
    text = """The Project Gutenberg eBook of Salt

Title: Salt
Author: Ann Sea
Release date: January 1, 2020 [eBook #1]
Language: German

*** START OF THE PROJECT GUTENBERG EBOOK SALT ***

Kapitel 1

Text.

*** END OF THE PROJECT GUTENBERG EBOOK SALT ***

Licence
"""
    document = documents.read(write(tmp_path, "salt.txt", text))
    assert (document.title, document.creators, document.language) == ("Salt", ("Ann Sea",), "de")
    assert [(chapter.title, chapter.role) for chapter in document.chapters] == [
        ("Project Gutenberg", "front"),
        ("Kapitel 1", "body"),
        ("Project Gutenberg License", "back"),
    ]


PICTURE = base64.b64encode(b"\xff\xd8\xff0").decode()
FB2 = f"""<?xml version="1.0" encoding="utf-8"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"
xmlns:l="http://www.w3.org/1999/xlink"><description><title-info><author><first-name>Ann</first-name>
<last-name>Sea</last-name></author><book-title>Salt</book-title><lang>ru</lang>
<coverpage><image l:href="#c"/></coverpage>
<sequence name="Seas" number="2"/></title-info></description><body><title><p>Salt</p></title>
<section><title><p>I</p></title><p>One <emphasis>two</emphasis><a l:href="#n" type="note">[1]</a>.</p>
<poem><stanza><v>a</v><v>b</v></stanza></poem></section></body>
<body name="notes"><title><p>Notes</p></title><section id="n"><title><p>1</p></title><p>Lake.</p></section></body>
<binary id="c" content-type="image/jpeg">{PICTURE}</binary></FictionBook>"""


@pytest.mark.parametrize("zipped", [False, True])
def test_fictionbook(tmp_path, zipped):
    path = tmp_path / ("book.fb2.zip" if zipped else "book.fb2")
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("book.fb2", FB2)
    else:
        path.write_text(FB2, encoding="utf-8")
    document = documents.read(path)
    assert (document.title, document.creators, document.language) == ("Salt", ("Ann Sea",), "ru")
    assert (document.series, document.position, document.cover is not None) == ("Seas", "2", True)
    assert outline(path) == [
        ("Salt", 1, ["heading: Salt"]),
        ("I", 2, ["heading: I", "paragraph: One two.", "verse: a", "verse: b"]),
        ("Notes", 1, ["heading: Notes", "note: Lake."]),
    ]
    assert document.chapters[1].load()[1].points[0].name == document.chapters[2].load()[1].name


def test_word(tmp_path):
    path = tmp_path / "book.docx"
    style = f'<w:styles {WORD}><w:style w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles>'
    head = '<w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    body = f"""{head.format("One")}<w:p><w:r><w:t xml:space="preserve">Salt &amp; </w:t></w:r>
    <w:r><w:rPr><w:lang w:val="fr-FR"/></w:rPr><w:t>mer</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>
    <w:del><w:r><w:delText>x</w:delText></w:r></w:del></w:p><w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>a</w:t></w:r></w:p>
    <w:tbl><w:tr><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>c</w:t></w:r></w:p></w:tc></w:tr>
    </w:tbl>{head.format("Two")}"""
    note = '<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/><w:t>Lake</w:t></w:r></w:p></w:footnote>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {WORD}><w:body>{body}</w:body></w:document>")
        archive.writestr("word/styles.xml", style)
        archive.writestr("word/footnotes.xml", f"<w:footnotes {WORD}>{note}</w:footnotes>")
    assert outline(path) == [
        ("One", 1, ["heading: One", "paragraph: Salt & mer", "item: a", "row: b, c"]),
        ("Two", 1, ["heading: Two", "note: Lake"]),
    ]
    block = documents.read(path).chapters[0].load()[1]
    assert "<lang xml:lang='fr-FR'>mer</lang>" in block.text and block.points


def write_word(path, body):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {WORD}><w:body>{body}</w:body></w:document>")
    return path


def cell(inner):
    return f"<w:tc>{inner}</w:tc>"


def say(words, settings=""):
    return f"<w:p><w:r><w:rPr>{settings}</w:rPr><w:t>{words}</w:t></w:r></w:p>"


def table(*rows, header=""):
    first, *others = [f"{''.join(row)}</w:tr>" for row in rows]
    rest = "".join(f"<w:tr>{row}" for row in others)
    return f"<w:tbl><w:tr><w:trPr>{header}</w:trPr>{first}{rest}</w:tbl>"


INNER = table([cell(say("b")), cell(say("c"))], header="<w:tblHeader/>")


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (table([cell(say("a")), cell(INNER)], [cell(say("d"))]), ["a", "b, c", "d"]),
        (table([cell(table([cell(INNER)]))]), ["b, c"]),
        (table([cell(INNER + say("x") + INNER)]), ["b, c", "x", "b, c"]),
        (f"<w:sdt><w:sdtContent>{table([cell(say('a'))])}</w:sdtContent></w:sdt>", ["a"]),
    ],
)
def test_tables_in_tables_of_word_are_read_once(tmp_path, body, read):
    chapters = documents.read(write_word(tmp_path / "book.docx", body)).chapters
    assert [block.plain for chapter in chapters for block in chapter.load()] == read


@pytest.mark.parametrize(
    ("setting", "is_read"),
    [
        ("<w:vanish/>", False),
        ('<w:vanish w:val="1"/>', False),
        ('<w:vanish w:val="true"/>', False),
        ('<w:vanish w:val="0"/>', True),
        ('<w:vanish w:val="false"/>', True),
        ('<w:vanish w:val="off"/>', True),
        ("<w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange>", True),
    ],
)
def test_hidden_words_of_word(tmp_path, setting, is_read):
    chapters = documents.read(write_word(tmp_path / "book.docx", say("a") + say("b", setting))).chapters
    assert [block.plain for block in chapters[0].load()] == (["a", "b"] if is_read else ["a"])


def test_a_header_of_a_table_of_word_may_be_none(tmp_path):
    for header, level in (("<w:tblHeader/>", 1), ('<w:tblHeader w:val="0"/>', 0)):
        body = table([cell(say("a")), cell(say("b"))], header=header)
        (row,) = documents.read(write_word(tmp_path / "book.docx", body)).chapters[0].load()
        assert (row.text, row.level) == ("a, b", level)


def test_which_format_a_file_has(tmp_path):
    """The content decides, then the extension."""
    book = make_epub(tmp_path, {"one.xhtml": page("<p>x</p>")})
    assert documents.read(book.rename(tmp_path / "book.zip")).chapters
    assert (
        documents.read(write(tmp_path, "page.txt", "<!doctype html><p>x")).chapters[0].load()[0].text == "x"
    )
    for name, problem in (
        ("book.mobi", "no MOBI"),
        ("book.kfx", "KFX Input"),
        ("book.pdf", "EPUB"),
        ("book.xyz", "no document"),
        ("none.epub", "cannot be read"),
    ):
        if name != "none.epub":
            write(tmp_path, name, "x")
        with pytest.raises(InputError, match=problem):
            documents.read(tmp_path / name)
    with pytest.raises(InputError, match="did you mean 'epub'"):
        documents.read(tmp_path / "book.zip", "epuh")
