"""Ids in pages: what a phrase points to, and what stays as it is."""

from __future__ import annotations

import re

import pytest

from tests.growth import require_linear
from voxpress.errors import InputError
from voxpress.publish.readalong.marking import Marker
from voxpress.publish.xml_source import XmlSource


def mark(markup: str, *phrases: str) -> tuple[str, list[list[str]]]:
    """A page with ids for phrases, in their order, and what each id stands for."""
    source = XmlSource(markup)
    marker = Marker(source)
    at, found = 0, []
    for phrase in phrases:
        at = source.content.index(phrase, at)
        found.append([source.content[spot.start : spot.end] for spot in marker.mark(at, at + len(phrase))])
        at += len(phrase)
    return marker.write(), found


@pytest.mark.parametrize(
    ("markup", "phrases", "marked"),
    [
        ("<p>One.</p>", ["One."], '<p id="s1">One.</p>'),
        ('<p id="a">One.</p>', ["One."], '<p id="a">One.</p>'),
        ("<p> One. </p>", ["One."], '<p id="s1"> One. </p>'),
        ("<p>One. Two.</p>", ["One.", "Two."], '<p><span id="s1">One.</span> <span id="s2">Two.</span></p>'),
        ("<p>A <i>b</i>. C</p>", ["A b."], '<p><span id="s1">A <i>b</i>.</span> C</p>'),
        ("<p><i>A</i> b. C</p>", ["A b."], '<p><span id="s1"><i>A</i> b.</span> C</p>'),
        ("<p><i>A. B</i> c.</p>", ["A."], '<p><i><span id="s1">A.</span> B</i> c.</p>'),
        ("<p>A<br/>b. C</p>", ["Ab."], '<p><span id="s1">A<br/>b.</span> C</p>'),
        ("<p>A <img src='x'/> b. C</p>", ["A  b."], '<p><span id="s1">A <img src=\'x\'/> b.</span> C</p>'),
        ("<p>A &amp; b&#46; C</p>", ["A & b."], '<p><span id="s1">A &amp; b&#46;</span> C</p>'),
        ("<p>A <![CDATA[<b>]]>. C</p>", ["A <b>."], '<p><span id="s1">A <![CDATA[<b>]]>.</span> C</p>'),
        ("<p>A<!-- c -->b. C</p>", ["Ab."], '<p><span id="s1">A<!-- c -->b.</span> C</p>'),
        ("<p><ruby>漢<rt>かん</rt></ruby>。</p>", ["漢かん。"], '<p id="s1"><ruby>漢<rt>かん</rt></ruby>。</p>'),
        (
            "<p><ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>。</p>",
            ["漢", "字"],
            '<p><ruby id="s1">漢<rt>かん</rt>字<rt>じ</rt></ruby>。</p>',
        ),
        (
            "<table><tr><td>A</td><td>b</td></tr><tr><td>c</td></tr></table>",
            ["Ab"],
            '<table><tr id="s1"><td>A</td><td>b</td></tr><tr><td>c</td></tr></table>',
        ),
        ("<h:p xmlns:h='x'>One. Two</h:p>", ["One."], "<h:p xmlns:h='x'><h:span id=\"s1\">One.</h:span> Two</h:p>"),
        ("<p id='s1'>One. X<b id='s2'/></p>", ["One."], "<p id='s1'><span id=\"s3\">One.</span> X<b id='s2'/></p>"),
        (
            "<svg><text>One. Two</text></svg>",
            ["One."],
            '<svg><text><tspan id="s1">One.</tspan> Two</text></svg>',
        ),
        ("<p>One.\r\nTwo.\r\n</p>", ["Two."], '<p>One.\r\n<span id="s1">Two.</span>\r\n</p>'),
    ],
)  # fmt: skip
def test_a_phrase_gets_one_id(markup: str, phrases: list[str], marked: str) -> None:
    whole = f"<body>{markup}<p>z</p></body>"
    if markup.startswith("<svg>"):
        whole, marked = markup, marked.removeprefix("<body>")
        assert mark(whole, *phrases)[0] == marked
        return
    assert mark(whole, *phrases)[0] == f"<body>{marked}<p>z</p></body>"


@pytest.mark.parametrize(
    ("markup", "phrase", "parts"),
    [
        ("<p><i>A. B</i> c.</p>", "B c.", ["B", "c."]),
        ("<p>A. B <i>c. D</i></p>", "B c.", ["B", "c."]),
        ("<div>A <p>b</p> c. D</div>", "A b c.", ["A", "b", "c."]),
        ("<p><i>A. <b>B</b> c</i> d.</p>", "B c d.", ["B c", "d."]),
    ],
)
def test_a_phrase_that_markup_cuts_gets_several(markup: str, phrase: str, parts: list[str]) -> None:
    whole = f"<body>{markup}<p>z</p></body>"
    marked, found = mark(whole, phrase)
    assert found == [parts]
    XmlSource(marked)  # is well-formed
    assert re.sub(r'</?span[^>]*>| id="s\d+"', "", marked) == whole


def test_words_stand_in_their_sentence() -> None:
    marked, _ = mark("<body><p>One two. Three</p></body>", "One two.")
    source = XmlSource("<body><p>One two. Three</p></body>")
    marker = Marker(source)
    marker.mark(0, 8)
    marker.mark(0, 3)
    marker.mark(4, 8)
    assert marker.write() == (
        '<body><p><span id="s1"><span id="s2">One</span> <span id="s3">two.</span></span> Three</p></body>'
    )
    assert marked.count("span") == 2


@pytest.mark.parametrize("markup", ["<p>One", "<p>One</b>", "One", "<p>1 < 2</p>", "<p><b></p></b>", ""])
def test_what_is_not_well_formed_is_refused(markup: str) -> None:
    with pytest.raises(InputError, match="well-formed"):
        XmlSource(markup)


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        ("<p>é</p>".encode(), "<p>é</p>", "utf-8"),
        ("\ufeff<p>é</p>".encode(), "\ufeff<p>é</p>", "utf-8"),
        ("\ufeff<p>é</p>".encode("utf-16-le"), "\ufeff<p>é</p>", "utf-16-le"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><p>\xe9</p>", None, "iso-8859-1"),
    ],
)
def test_an_encoding_stays(data: bytes, text: str | None, encoding: str) -> None:
    found = XmlSource.decode(data)
    assert found.encoding == encoding and (text is None or found.text == text)
    assert found.encode(found.text) == data


@pytest.mark.parametrize(
    "piece", ["<![CDATA[", "<!--", "<?x", "<a ", "<a x='", "<!DOCTYPE [", "</a", "&a", "<a><a "]
)
def test_malformed_xml_is_refused_in_time_that_grows_with_its_length(piece: str) -> None:
    def work(count: int) -> None:
        with pytest.raises(InputError, match="not well-formed"):
            XmlSource(f"<r>{piece * count}", "utf-8")

    require_linear(work, 40_000)
