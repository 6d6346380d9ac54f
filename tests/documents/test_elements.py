"""What elements say, as a listener notices it."""

import itertools

import pytest

from tests.documents.books import page
from voxpress.documents import Block
from voxpress.documents.pages import element_at, number_elements, parse_html, parse_page, text_content
from voxpress.documents.pages.context import Reading, Span
from voxpress.documents.pages.elements import read_blocks
from voxpress.text import parse

NOTE = '<aside epub:type="footnote" id="n"><p><a href="#r">1</a>. Lake.</p></aside>'


def read(body, *, attributes="", language="en", **known) -> list[Block]:
    known.setdefault("resolve", lambda href: f"one.xhtml{href}" if href.startswith("#") else "")
    tree = parse_page(page(body, attributes=attributes).encode(), "one.xhtml")
    assert not tree.repaired
    blocks = read_blocks(tree.root, Reading(file="one.xhtml", language=language, **known))
    check_runs(tree.root, blocks)
    return blocks


def check_runs(root, blocks):
    """Every run stands in the file as it stands in the block."""
    text = text_content(root)
    for block in blocks:
        if block.text:
            parse(f"<speak>{block.text}</speak>", "ssml")
        for run in block.runs:
            said = Block(kind="paragraph", text=block.text[run.at : run.at + run.length]).plain
            source = text[run.source : run.source + run.source_length]
            assert said == source or (said == " " and source.isspace())


def said(body, **known) -> list[str]:
    return [f"{block.kind}: {block.text}" for block in read(body, **known)]


@pytest.mark.parametrize(
    ("body", "blocks"),
    [
        ("<p>Salt &amp; <em>sea</em> &lt;3</p>", ["paragraph: Salt &amp; sea &lt;3"]),
        ("<p>&#160;</p><p>a<b>&#160;</b>b</p>", ["paragraph: a\xa0b"]),
        ("<p>\n  One\n  line  </p>", ["paragraph: One line"]),
        ("<div>Loose<p>Own</p>tail</div>", ["paragraph: Loose", "paragraph: Own", "paragraph: tail"]),
        ("<p>a<!-- b -->c<?d e?>f</p>", ["paragraph: acf"]),
        ("<h2>Salt</h2><div role='heading' aria-level='3'>Sea</div>", ["heading: Salt", "heading: Sea"]),
        (
            "<h2>XIV</h2><h2>XIV.</h2>",
            ["heading: <sub alias='14'>XIV</sub>", "heading: <sub alias='14'>XIV.</sub>"],
        ),
        (
            "<h2>I. THE BURIAL</h2><h2><b>IV: The <i>Sea</i></b></h2><h2>C. S. Lewis</h2><h2>I am</h2><p>I. No</p>",
            [
                *("heading: <sub alias='1'>I</sub>. THE BURIAL", "heading: <sub alias='4'>IV</sub>: The Sea"),
                *("heading: C. S. Lewis", "heading: I am", "paragraph: I. No"),
            ],
        ),
        ("<h2>MIX</h2><h2>I went</h2>", ["heading: MIX", "heading: I went"]),
        ("<hgroup><h1>Salt</h1><p>A story</p></hgroup>", ["heading: Salt", "heading: A story"]),
        ("<ol><li>a</li><li>b</li></ol>", ["item: 1. a", "item: 2. b"]),
        ("<ol start='4' reversed=''><li>a</li><li value='9'>b</li></ol>", ["item: 4. a", "item: 9. b"]),
        ("<ol type='a'><li>x</li><li>y</li></ol>", ["item: a. x", "item: b. y"]),
        ("<ol><li>1. a</li><li>(b) c</li></ol>", ["item: 1. a", "item: (b) c"]),
        ("<ol><li><p>a</p><p>b</p></li><li>c</li></ol>", ["item: 1. a", "item: b", "item: 2. c"]),
        ("<nav><ol><li>a</li></ol></nav>", ["item: a"]),
        ("<dl><dt>Salt</dt><dd>White</dd></dl>", ["item: Salt", "item: White"]),
        (
            "<table><tr>\n<th>Name</th>\n<th>Age</th></tr><tr><td>Al.</td><td></td><td><p>5</p><p>x</p></td></tr></table>",
            ["row: Name, Age", "row: Al. 5, x"],
        ),
        (
            "<table role='presentation'><tr><td>a</td><td>b</td></tr></table>",
            ["paragraph: a", "paragraph: b"],
        ),
        ("<table><tr><td><h2>a</h2><p>b</p></td></tr></table>", ["heading: a", "paragraph: b"]),
        ("<table><caption>Salt</caption><tr><td>1</td></tr></table>", ["caption: Salt", "row: 1"]),
        ("<pre>a &lt; b\n  c</pre>", ["code: a &lt; b\n  c"]),
        ("<p>One<br/>Two</p>", ["paragraph: One<break strength='medium'/> Two"]),
        ("<p>wrapped <br/>\nprose</p>", ["paragraph: wrapped prose"]),
        ("<p>One<br/><br/>Two</p>", ["paragraph: One", "paragraph: Two"]),
        (
            "<p>One</p><hr/><p>* * *</p><p>⁂</p><p>Two</p>",
            ["paragraph: One", *["break: "] * 3, "paragraph: Two"],
        ),
        (
            "<blockquote epub:type='z3998:verse'><p><span>Salt,</span><br/><span>sea.</span></p></blockquote>",
            ["verse: Salt,", "verse: sea."],
        ),
        ("<div class='poem'><p>Salt<br/>sea</p></div>", ["verse: Salt", "verse: sea"]),
        ("<p><img alt='A cat' src='a'/></p><img alt='' src='b'/><img src='c'/>", ["image: A cat"]),
        ("<p><img alt='I' src='a'/>t was.</p>", ["paragraph: It was."]),
        (
            "<figure><img alt='Cat' src='a'/><figcaption>Tom</figcaption></figure>",
            ["image: Cat", "caption: Tom"],
        ),
        ("<h1><img alt='One' src='a'/></h1>", ["heading: One"]),
        (
            "<p>a<span hidden=''>b</span><i aria-hidden='true'>c</i><b style='display: none'>d</b>e</p>",
            ["paragraph: ae"],
        ),
        ("<p>a<script>b</script><del>c</del><audio>d</audio>e</p>", ["paragraph: ae"]),
        ("<p><q>Salt <q>sea</q></q></p>", ["paragraph: “Salt ‘sea’”"]),
        (
            "<p>One <math alttext='x is 1'><mi>x</mi></math><math><mi>y</mi></math></p>",
            ["paragraph: One x is 1"],
        ),
        ("<svg><title>A map</title><text>x</text></svg>", ["image: A map"]),
        ("<svg><text>North</text><text>South</text></svg>", ["paragraph: North", "paragraph: South"]),
    ],
)
def test_blocks(body, blocks):
    assert said(body) == blocks


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<span ssml:ph='wɛst'>W<b>.</b></span>", "<phoneme alphabet='ipa' ph='wɛst'>W.</phoneme>"),
        (
            "<span ssml:alphabet='x-sampa' ssml:ph='wEst'>W</span>",
            "<phoneme alphabet='x-sampa' ph='wEst'>W</phoneme>",
        ),
        ("<span ssml:alphabet='x-acme' ssml:ph='1'>W</span>", "W"),
        ("<span ssml:ph=''>W</span>", "W"),
        ("<abbr title='Mister'>Mr.</abbr> X", "<sub alias='Mister'>Mr.</sub> X"),
        ("<abbr title='ISO 639-1'>X</abbr>", "X"),
        ("<i xml:lang='fr'>mot  juste</i>, ok", "<lang xml:lang='fr'>mot juste</lang>, ok"),
        ("<i lang='FR'>a</i> <i lang='fr'>b</i>", "<lang xml:lang='fr'>a b</lang>"),
        ("<i xml:lang='en-GB'>a</i> <i xml:lang='?'>b</i>", "a b"),
        (
            "<i xml:lang='fr'><abbr title='Monsieur'>M.</abbr></i>",
            "<lang xml:lang='fr'><sub alias='Monsieur'>M.</sub></lang>",
        ),
        ("Part <span epub:type='z3998:roman'>IV</span>", "Part IV"),
        ("it was <span epub:type='z3998:roman'>IV</span>", "it was <sub alias='4'>IV</sub>"),
        ("the <b epub:type='z3998:grapheme'>x</b>", "the <say-as interpret-as='characters'>x</say-as>"),
        ("<ruby>漢字<rp>(</rp><rt>かんじ</rt><rp>)</rp></ruby>です", "<sub alias='かんじ'>漢字</sub>です"),
        ("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>", "<sub alias='かん'>漢</sub><sub alias='じ'>字</sub>"),
        ("<ruby>漢字<rt>hànzì</rt></ruby>", "漢字"),
    ],
)
def test_markup(body, text):
    assert [block.text for block in read(f"<p>{body}</p>")] == [text]


def test_alphabet_is_inherited():
    (block,) = read("<p><b ssml:ph='wEst'>W</b></p>", attributes="ssml:alphabet='x-sampa'")
    assert block.text == "<phoneme alphabet='x-sampa' ph='wEst'>W</phoneme>"


def test_languages_of_blocks():
    blocks = read("<p>One</p><p xml:lang='de'>Zwei <b lang='en'>two</b></p><div lang='fr'><p>Trois</p></div>")
    assert [(block.language, block.text) for block in blocks] == [
        ("", "One"),
        ("de", "Zwei <lang xml:lang='en'>two</lang>"),
        ("fr", "Trois"),
    ]


def test_a_reference_to_a_note_is_a_point():
    body = f'<p>Sea<a epub:type="noteref" href="#n">1</a>.</p>{NOTE}'
    paragraph, note = read(body)
    assert (paragraph.text, note.kind, note.text, note.name) == ("Sea.", "note", "Lake.", "one.xhtml#n")
    assert [(point.at, point.kind, point.name) for point in paragraph.points] == [(3, "note", "one.xhtml#n")]


@pytest.mark.parametrize(
    "body",
    [
        "<p>Sea<sup><a href='#n'>1</a></sup></p><p id='n'><a href='#r'>1</a> Lake.</p>",
        "<p>Sea <a href='#n'>[1]</a></p><div id='n'><p>Lake.</p></div>",
        "<p>Sea<a class='fnanchor' href='#n'>1</a></p><p><a id='n' href='#r'>[1]</a> Lake.</p>",
        (
            "<p>Sea<a role='doc-noteref' href='#n'>*</a></p>"
            "<ol role='doc-endnotes'><li id='n'>Lake. <a role='doc-backlink' href='#r'>↩</a></li></ol>"
        ),
    ],
)
def test_notes_of_old_books(body):
    paragraph, note = read(body, notes={"one.xhtml#n"})
    assert (paragraph.text, note.kind, note.text, note.name) == ("Sea", "note", "Lake.", "one.xhtml#n")
    assert [point.name for point in paragraph.points] == ["one.xhtml#n"]


def test_pages():
    blocks = read(
        "<p>One <span epub:type='pagebreak' title='12'>12</span>two</p>"
        "<div role='doc-pagebreak' aria-label='Page xii.'/><p>Three</p>"
        "<p><a id='p14'/>Four</p>",
        pages={"one.xhtml#p14": "14"},
    )
    assert [(block.kind, block.text, [point.name for point in block.points]) for block in blocks] == [
        ("paragraph", "One two", ["12"]),
        ("page", "xii", []),
        ("paragraph", "Three", []),
        ("paragraph", "Four", ["14"]),
    ]


def test_a_page_is_no_page_number():
    words = "These are the words of a whole page, and not its number."
    page_block, paragraph = read(f"<div epub:type='pagebreak' title='A&amp;B'><p>{words}</p></div>")
    assert (page_block.text, paragraph.text) == ("A&amp;B", words)


def test_asides_and_speakers():
    aside, said_by, row = read(
        "<aside><p>Tip</p></aside><p data-speaker='Ann'>Hello.</p>"
        "<table><tr><td epub:type='z3998:persona'>Bob</td><td>Hi.</td></tr></table>"
    )
    assert aside.aside
    assert (said_by.speaker, said_by.text) == ("Ann", "Hello.")
    assert (row.kind, row.speaker, row.text) == ("paragraph", "Bob", "Hi.")


def test_places_are_found_again():
    tree = parse_page(page("<p>One</p><!-- x --><div><p>Two <b>b</b></p></div>").encode(), "one.xhtml")
    blocks = read_blocks(tree.root, Reading(file="one.xhtml"))
    places = [element_at(tree.root, block.place.element) for block in blocks]
    assert [None if place is None else "".join(place.itertext()) for place in places] == ["One", "Two b"]
    assert [number_elements(tree.root)[place] for place in places if place is not None] == [3, 5]
    assert element_at(tree.root, 1000) is None


BODIES = (
    (
        "<h1 id='a'>One</h1><p>Two <a id='b'/>three</p><div>four<p id='c'>five</p>six</div><hr id='d'/>"
        "<p>seven<a id='e'/></p>"
    ),
    (
        "<section id='a'><p>x</p><ol id='b'><li>y</li><li id='c'>z<br/><br/>w</li></ol></section>tail<i id='d'>t</i>"
        "<p id='e'/>"
    ),
    (
        "<div hidden='' id='a'><p id='b'>x</p></div><table id='c'><tr><td>1</td></tr><tr id='d'><td>2</td></tr></table>"
        "<img id='e' alt='q'/>"
    ),
)


@pytest.mark.parametrize("body", BODIES)
def test_parts_of_a_page_are_the_page(body):
    """Wherever a page is cut, no block is lost or read twice."""
    tree = parse_page(page(body).encode(), "one.xhtml")
    reading = Reading(file="one.xhtml")
    whole = read_blocks(tree.root, reading)
    numbers = [n for element, n in number_elements(tree.root).items() if element.get("id")]
    bounds = [None, *numbers, None]
    parts = [read_blocks(tree.root, reading, Span(*pair)) for pair in itertools.pairwise(bounds)]
    assert [block for part in parts for block in part] == whole
    for number in range(1, len(number_elements(tree.root))):
        cut = [
            *read_blocks(tree.root, reading, Span(None, number)),
            *read_blocks(tree.root, reading, Span(number)),
        ]
        assert cut == whole


def test_an_anchor_within_a_paragraph():
    """The paragraph belongs to what begins in it; at its end, the next one does."""
    tree = parse_page(
        page("<p>One <a id='x'/>two</p><p>three<a id='y'/></p><p>four</p>").encode(), "one.xhtml"
    )
    numbers = {e.get("id"): n for e, n in number_elements(tree.root).items()}
    for id, first in (("x", "One two"), ("y", "four")):
        assert read_blocks(tree.root, Reading(file="one.xhtml"), Span(numbers[id]))[0].text == first


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<p>Salt&nbsp;&hellip; &amp; &unknown;</p>", "Salt\xa0… & &unknown;"),
        ('<?xml version="1.0" encoding="utf-16"?><p>é</p>'.encode("utf-16"), "é"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><p>é</p>'.encode("latin-1"), "é"),
        (b'<!DOCTYPE p [<!ENTITY salt "sea">]><p>&salt;&nbsp;!</p>', "sea\xa0!"),
        (b'<!DOCTYPE p [<!ENTITY x SYSTEM "/etc/passwd">]><p>a&x;b</p>', "ab"),
        (b"<p>Q & A<br>b", "Q & Ab"),
        (b'<html xmlns="http://www.w3.org/1999/xhtml"><p><a id="x"/>Q & A</p>', "Q & A"),
        ("<p>caf\xe9".encode("latin-1"), "café"),
    ],
)
def test_pages_that_are_not_quite_right(data, text):
    assert text_content(parse_page(data, "one.xhtml").root).strip() == text


def test_an_empty_anchor_does_not_swallow_the_page():
    tree = parse_html(page("<p><a id='x'/>Q & A</p><p>b"), "one.xhtml")
    assert [len(a) for a in tree.root.iter("a")] == [0]
