"""``voxpress article``: pages in, audio with a player out. test_player.py tries the player in a browser."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import subprocess
import sys
import time
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from tests.beeps import Beeps
from voxpress.audio import codec
from voxpress.cli import books
from voxpress.publish import outline as outlines
from voxpress.publish.article import site
from voxpress.publish.article.cleaning import move_url
from voxpress.publish.article.marking import HtmlSource, align, remove_marks
from voxpress.publish.article.pages import remove_templates
from voxpress.publish.review import approve
from voxpress.rendering import dry_run

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Hello &amp; more | Site</title><script>var x = "<p>";</script></head>
<body class=wide><nav><a href="/">Home</a></nav>
<main><h1>Hello &amp; more</h1>
<p id='lead' data-x="1>2">The <em>first</em> sentence &mdash; <a href="/x">linked</a>. The second
one<br>has two lines.<p>An unclosed paragraph.
<aside data-voxpress="skip"><p>Nobody hears this.</p></aside>
<ol><li>One item</ol></main><footer>Imprint</footer></body></html>
"""
MARKED = re.compile(r'<span (?:id="([^"]*)" )?data-voxpress="([^"]*)">(.*?)</span>', re.DOTALL)


def squeeze(text: str) -> str:
    return re.sub(r"[\W_]", "", unescape(re.sub("<[^>]*>", "", text)))


def told(folder: Path, name: str) -> list[dict[str, Any]]:
    sentences: list[dict[str, Any]] = json.loads((folder / f"{name}.json").read_text("utf-8"))["sentences"]
    return sentences


def texts(folder: Path, name: str) -> list[str]:
    return [each["text"] for each in told(folder, name)]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "hello.html"
    path.write_text(PAGE, "utf-8")
    return path


def test_a_page_becomes_audio_subtitles_times_and_a_player(voxpress, page, tmp_path):
    out = tmp_path / "out"
    done = voxpress("article", page, "-o", out)
    assert "1 page: 1 spoken" in done.said
    names = {"hello.mp3", "hello.vtt", "hello.json", "hello.html", "hello.embed.html"}
    assert {each.name for each in out.iterdir()} == names | {"player.css", "player.js", "manifest.json"}
    sentences = told(out, "hello")
    assert [each["text"] for each in sentences] == [
        "Hello & more",
        "The first sentence — linked.",
        "The second one has two lines.",
        "An unclosed paragraph.",
        "1. One item",
    ]
    duration = codec.decode((out / "hello.mp3").read_bytes()).duration
    assert abs(json.loads((out / "hello.json").read_text())["duration"] - duration) < 0.1
    assert all(one["end"] <= two["begin"] for one, two in itertools.pairwise(sentences))
    assert sentences[-1]["end"] <= duration
    words = [word["text"] for word in sentences[1]["words"] if word["text"].isalpha()]
    assert words == ["The", "first", "sentence", "linked"]
    text = "".join(html.fromstring(PAGE).itertext())
    for each in sentences:
        assert squeeze(each["text"]).endswith(squeeze(text[slice(*each["place"])]))
        for word in each["words"]:
            assert word["place"] is None or text[slice(*word["place"])] == word["text"]
    vtt = (out / "hello.vtt").read_text("utf-8")
    cues = re.findall(r"^(vp-\w+-\d+)\n\d\d:\d\d:\d\d\.\d{3} --> \S+\n(.+)\n", vtt, re.MULTILINE)
    assert cues == [(each["id"], each["text"].replace("&", "&amp;")) for each in sentences]


def test_an_inserted_player_leaves_every_byte_of_the_page(voxpress, page, tmp_path):
    voxpress("article", page, "-o", tmp_path / "audio", "--insert")
    made = page.read_text("utf-8")
    assert remove_marks(made) == PAGE
    assert 'src="audio/hello.mp3?v=' in made
    assert made.index("<main><!--voxpress-->") < made.index("<voxpress-player") < made.index("<h1>")
    pieces = MARKED.findall(made)
    sentences = told(tmp_path / "audio", "hello")
    assert [id for id, _, _ in pieces if id] == [each["id"] for each in sentences]
    for each in sentences:
        own = "".join(text for _, id, text in pieces if id == each["id"])
        assert squeeze(each["text"]).endswith(squeeze(own))
    before = {path: path.stat().st_mtime_ns for path in (page, *(tmp_path / "audio").iterdir())}
    done = voxpress("article", page, "-o", tmp_path / "audio", "--insert")
    assert "1 unchanged" in done.said
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("before", ["\ufeff", "---\nlayout: x\n---\n", "\ufeff<!-- a -->\r\n"])
def test_what_stands_before_a_page_stays(voxpress, page, before):
    page.write_bytes((before + PAGE).encode())
    voxpress("article", page, "-o", "audio", "--insert")
    made = page.read_bytes().decode()
    assert made.startswith(before)
    assert remove_marks(made) == before + PAGE


def test_a_page_that_would_be_damaged_gets_no_player(voxpress, page, tmp_path):
    page.write_bytes('<meta charset="iso-8859-1"><main><p>Gr\xfc\xdfe aus Köln.'.encode("latin-1"))
    (tmp_path / "a.md").write_text("Hi.")
    done = voxpress("article", page, "a.md", "-o", "audio", "--insert", status=1)
    assert done.warned.count("takes no player: only HTML in UTF-8 does") == 2
    voxpress("article", page, "-o", "audio")
    assert texts(tmp_path / "audio", "hello") == ["Grüße aus Köln."]


def test_an_inserted_player_stands_where_the_page_wants_it(voxpress, page, tmp_path):
    text = PAGE.replace("</h1>", "</h1><div data-voxpress='player'></div>")
    page.write_text(text, "utf-8")
    voxpress("article", page, "-o", tmp_path / "audio", "--insert", "--url", "/sounds")
    made = page.read_text("utf-8")
    assert "<div data-voxpress='player'><!--voxpress-->" in made
    assert '<source src="/sounds/hello.mp3?v=' in made
    # A site generator that built it again has no marks in it.
    page.write_text(text, "utf-8")
    assert (
        "1 from store"
        in voxpress("article", page, "-o", tmp_path / "audio", "--insert", "--url", "/sounds").said
    )
    assert page.read_text("utf-8") == made


@pytest.mark.parametrize(
    ("body", "before"),
    [
        ("<article><p>One.</article><article><p>Two.</article>", "<body>"),
        ("<main><p>Hi.<article><p>One.</article><article><p>Two.</article></main>", "<main>"),
        ("<main><article><p>One.</article></main><aside><article><p>Two.</article></aside>", "<main>"),
        ("<main><article><p>One.</article></main>", "<article>"),
        ("<main><article><p>One.</article><ARTICLE><p>Two.</ARTICLE></main>", "<main>"),
    ],
)
def test_a_player_stands_in_none_of_several_articles(voxpress, page, body, before):
    page.write_text(f"<!doctype html><html><body>{body}</body></html>")
    voxpress("article", page, "-o", "audio", "--insert")
    assert f"{before}<!--voxpress-->" in page.read_text()


def write_pages(folder: Path, text: str) -> list[str]:
    """Twenty pages that say a text and their number; what each says."""
    folder.mkdir(exist_ok=True)
    said = [f"{text} {number}." for number in range(20)]
    for number, each in enumerate(said):
        (folder / f"{number:02}.md").write_text(each)
    return said


def kill_after_a_page(folder: Path, said: str) -> None:
    """Run it until a page says something, and kill it."""
    command = [sys.executable, "-m", "voxpress", "article", "content", "-o", "out", "-e", "tone", "-w", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        until = time.monotonic() + 60
        while running.poll() is None and time.monotonic() < until:
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
                if said in texts(folder, "00"):
                    break
            time.sleep(0.005)
        running.kill()


@pytest.mark.faults
def test_a_killed_run_loses_no_page(voxpress, tmp_path):
    out = tmp_path / "out"
    former = write_pages(tmp_path / "content", "This is")
    kill_after_a_page(out, former[0])
    done = voxpress("article", "content", "-o", "out")
    listed = json.loads((out / "manifest.json").read_text())["pages"]
    assert list(listed) == [f"{number:02}.md" for number in range(20)]
    assert "20 spoken" not in done.said
    later = write_pages(tmp_path / "content", "That is")
    kill_after_a_page(out, later[0])
    # Pages that are as the list has them, while their files are not.
    write_pages(tmp_path / "content", "This is")
    voxpress("article", "content", "-o", "out")
    assert [texts(out, f"{number:02}") for number in range(20)] == [[each] for each in former]
    assert "20 unchanged" in voxpress("article", "content", "-o", "out").said


def test_an_interrupted_run_lists_what_is_finished(voxpress, tmp_path, monkeypatch):
    write_pages(tmp_path / "content", "This is")
    finish = site.Site._finish
    finished: list[site.Told] = []

    def stop(*given: Any) -> Any:
        if len(finished) == 3:
            raise KeyboardInterrupt
        finished.append(finish(*given))
        return finished[-1]

    monkeypatch.setattr(site.Site, "_finish", stop)
    voxpress("article", "content", "-o", "out", status=130)
    monkeypatch.undo()
    listed = json.loads((tmp_path / "out" / "manifest.json").read_text())["pages"]
    assert list(listed) == [each.file.key for each in finished]


def test_a_site_speaks_only_what_changed(voxpress, tmp_path):
    content = tmp_path / "content"
    for name in ("index", "posts/one", "posts/two/index", "grüße"):
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / f"{name}.md").write_text(f"---\ntitle: T {name}\n---\nThis is {name}.\n", "utf-8")
    (content / "posts" / "no.md").write_text("---\naudio: false\n---\nNot this.\n", "utf-8")
    (content / "posts" / "draft.md").write_text("+++\ndraft = true\n+++\nNot yet.\n", "utf-8")
    (content / "posts" / "_index.md").write_text("---\ntitle: Posts\n---\n", "utf-8")
    (content / "off.html").write_text('<body data-voxpress="skip"><p>Not this.', "utf-8")
    done = voxpress("article", content, "-o", "out", "--url", "/audio/", "--store", tmp_path / "one")
    assert "8 pages: 4 left out, 4 spoken" in done.said
    assert "posts/no.md: its front matter says audio: false" in done.warned
    assert "posts/draft.md: it is a draft" in done.warned
    assert "posts/_index.md: has no words to read" in done.warned
    assert 'off.html: has data-voxpress="skip"' in done.warned
    out = tmp_path / "out"
    listed = json.loads((out / "manifest.json").read_text("utf-8"))["pages"]
    assert list(listed) == sorted(["index.md", "posts/one.md", "posts/two/index.md", "grüße.md"])
    entry = listed["grüße.md"]
    assert entry["audio"][0]["url"].startswith("/audio/gr%C3%BC%C3%9Fe.mp3?v=")
    assert entry["audio"][0]["bytes"] == (out / "grüße.mp3").stat().st_size
    assert entry["title"] == "T grüße"
    assert all((out / name).is_file() for each in listed.values() for name in each["files"])
    (content / "posts" / "one.md").write_text("---\ntitle: One\n---\nIt is another text.\n", "utf-8")
    # The store may be gone, as on a machine that builds a site: what lies in the folder is not spoken again.
    done = voxpress("article", content, "-o", "out", "--url", "/audio/", "--store", tmp_path / "two")
    assert "1 spoken" in done.said
    assert "3 unchanged" in done.said
    assert texts(out, "posts/one") == ["One", "It is another text."]
    (content / "posts" / "two" / "index.md").unlink()
    done = voxpress("article", content, "-o", "out", "--url", "/audio/", "--prune")
    assert "deleted     posts/two/index.md" in done.said
    assert not (out / "posts/two/index.mp3").exists()
    assert (out / "posts/one.mp3").exists()
    assert "posts/two/index.md" not in json.loads((out / "manifest.json").read_text("utf-8"))["pages"]


def test_a_page_that_fails_keeps_its_audio(voxpress, tmp_path):
    (tmp_path / "a.md").write_text("One.")
    (tmp_path / "b.md").write_text("Two.")
    voxpress("article", "a.md", "b.md", "-o", "out")
    (tmp_path / "a.md").write_text("---\ntitle: [\n---\nOne.")
    (tmp_path / "b.md").write_text("---\naudio: no\n---\nTwo.")
    done = voxpress("article", "a.md", "b.md", "-o", "out", "--prune", status=1)
    assert "deleted     b.md" in done.said
    assert (tmp_path / "out" / "a.mp3").exists()
    assert not (tmp_path / "out" / "b.mp3").exists()


def test_a_damaged_file_is_made_again(voxpress, page, tmp_path):
    voxpress("article", page, "-o", "out")
    (tmp_path / "out" / "hello.vtt").unlink()
    assert "1 from store" in voxpress("article", page, "-o", "out").said
    assert (tmp_path / "out" / "hello.vtt").exists()
    (tmp_path / "out" / "manifest.json").write_text("{")
    assert "is no list of articles" in voxpress("article", page, "-o", "out", status=1).warned


def test_several_formats_and_the_player_on_standard_output(voxpress, page):
    done = voxpress("article", page, "-o", "out", "-f", "opus,m4a,mp3", "--embed")
    sources = re.findall(r'<source src="([^"?]+)\?v=\w+" type="([^"]+)">', done.said)
    kinds = [
        ("hello.opus", "audio/ogg; codecs=opus"),
        ("hello.m4a", "audio/mp4"),
        ("hello.mp3", "audio/mpeg"),
    ]
    assert sources == kinds
    assert done.said.startswith('<link rel="stylesheet" href="player.css')
    assert "\n\n" not in done.said, "an empty line would end it in Markdown"
    assert "1 page: 1 spoken" in done.warned


def test_mistakes_are_explained(voxpress, page, tmp_path):
    (tmp_path / "hello.md").write_text("Hi.")
    (tmp_path / "empty.md").write_text("<!-- nothing -->")
    (tmp_path / "broken.md").write_text("---\ntitle: [\n---\nHi.")
    (tmp_path / "spoken.md").write_text("---\nlang: German\n---\nHi.")
    (tmp_path / "book.pdf").write_text("x")
    (tmp_path / "none").mkdir()
    for arguments, status, message in (
        (["gone.html"], 2, "gone.html: there is no such file"),
        (["book.pdf"], 2, "book.pdf: is no page (extensions: .html"),
        (["none"], 2, "there are no pages in none"),
        (
            ["hello.md", "hello.html"],
            2,
            "hello.html and hello.md would have the same files, hello: rename one",
        ),
        (["hello.html", "-o", "."], 2, "hello.html lies where its own player would be written"),
        (["empty.md"], 2, "empty.md: has no words to read"),
        (["broken.md"], 1, "broken.md: the front matter cannot be read"),
        (["spoken.md"], 1, "spoken.md: language: 'German' is no language tag"),
        (["hello.md", "--base", "none"], 2, "hello.md: lies outside none"),
        (["hello.md", "-f", "wav"], 2, "--format wav: not every browser plays it (formats: mp3, m4a, opus)"),
        (["hello.md", "--embed", "-n"], 2, "--embed prints a player that --dry-run does not make"),
        (["hello.md", "empty.md", "--embed"], 2, "--embed is for one page, and there are 2"),
    ):
        assert message in voxpress("article", "-o", "out", *arguments, status=status).warned
    done = voxpress("article", "hello.md", "broken.md", "-o", "out", status=1)
    assert "1 failed, 1 spoken" in done.said


def test_an_outline_is_followed(voxpress, tmp_path):
    (tmp_path / "a.md").write_text("Before.\n\n```\nprint(1)\n```\n")
    voxpress("article", "a.md", "-o", "out")
    assert texts(tmp_path / "out", "a") == ["Before."]
    (tmp_path / "a.outline.yaml").write_text("code: read\n")
    voxpress("article", "a.md", "-o", "out")
    assert len(texts(tmp_path / "out", "a")) == 2


TITLED = "---\ntitle: Red\n---\nyellow green.\n\n## blue\n\ngo green.\n\n## red\n\nblue wonderful green.\n"


@pytest.mark.parametrize("names", ["12", "21", "ba", "1b"])
def test_footnotes_have_numbers_that_nobody_reads(voxpress, tmp_path, names):
    a, b = names
    notes = sorted([f"[^{a}]: Or pond.", f"[^{b}]: Or *river*."])
    (tmp_path / "a.md").write_text(f"Sea[^{a}] and lake[^{b}].\n\nSea[^{a}] again.\n\n" + "\n".join(notes))
    (tmp_path / "a.outline.yaml").write_text("notes: end of chapter\n")
    voxpress("article", "a.md", "-o", "out")
    assert texts(tmp_path / "out", "a") == ["Sea and lake.", "Sea again.", "Or pond.", "Or river."]
    (shown,) = html.parse(tmp_path / "out" / "a.html").xpath("//article")
    paragraphs = [" ".join(each.text_content().split()) for each in shown.xpath("./p | ./aside")]
    assert paragraphs == ["Sea1 and lake2.", "Sea1 again.", "1. Or pond.", "2. Or river."]
    for link in shown.xpath("./p//a | ./aside//a"):
        assert shown.xpath(f"count(.//*[@id='{link.get('href')[1:]}'])") == 1


def test_an_outline_fits_a_page_that_has_changed(voxpress, tmp_path):
    (tmp_path / "a.md").write_text(TITLED)
    voxpress("outline", "a.md", more=("-e", "tone"))
    place = tmp_path / "a.outline.yaml"
    place.write_text(place.read_text().replace("- title: blue\n  read: yes", "- title: blue\n  read: no"))
    (tmp_path / "a.md").write_text(TITLED + "\n## Green\n\nIt is new.\n")
    voxpress("article", "a.md", "-o", "out")
    assert texts(tmp_path / "out", "a") == [
        *("Red", "yellow green.", "red", "blue wonderful green.", "Green", "It is new.")
    ]


def test_sentences_that_are_not_heard_as_written_are_listed(voxpress, tmp_path, monkeypatch):
    monkeypatch.setattr(books, "recogniser_named", lambda model: Beeps())
    content = tmp_path / "content"
    content.mkdir()
    bad = "blue wonderful green magenta go yellow"
    (content / "a.md").write_text(TITLED.replace("blue wonderful green.", bad).replace(".", ""))
    (content / "b.md").write_text("red blue green yellow magenta go\n")
    voxpress("article", "content", "-o", "out")
    done = voxpress("article", "content", "-o", "out", "--verify", status=1)
    assert f"doubtful    a: '{bad}': 'noise' for 'wonderful'" in done.said
    review = "voxpress review content/a.md -e tone"
    assert f"1 sentence of a not heard as written; look at them:  {review}\n" in done.said
    shown = json.loads(voxpress("review", "content/a.md", "--json", more=("-e", "tone")).said)
    assert [each["text"] for each in shown] == [bad]
    voxpress("outline", "content/a.md", more=("-e", "tone"))
    place = content / "a.outline.yaml"
    outlines.save(approve(outlines.load(place), bad), place, source="a.md")
    done = voxpress("article", "content", "-o", "out", "--verify")
    assert "doubtful" not in done.said
    assert "2 unchanged" in voxpress("article", "content", "-o", "out").said


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(voxpress, tmp_path):
    content = tmp_path / "content"
    content.mkdir()
    for name in ("a", "b", "c"):
        (content / f"{name}.md").write_text(f"This is {name}.\n\nIt is late.\n")
    (content / "no.md").write_text("---\naudio: false\n---\nNot this.\n")
    done = voxpress("article", "content", "-o", "out", "--dry-run")
    assert "speak       a  (2 segments, 21 characters)" in done.said
    assert "speak       b  (1 segment, 10 characters)" in done.said, "a says the other one"
    assert "4 pages: 3 to speak (4 segments, 41 characters), 0 from store, 1 left out\n" in done.said
    assert not (tmp_path / "out").exists()
    voxpress("article", "content", "-o", "out")
    (content / "a.md").write_text("This is a.\n\nIt is early.\n")
    (content / "c.md").unlink()
    (tmp_path / "out" / "b.vtt").unlink()
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    done = voxpress("article", "content", "-o", "out", "-n", "--prune")
    assert "speak       a  (1 segment, 12 characters)" in done.said
    assert "from store  b" in done.said
    assert "delete      c.md" in done.said
    assert "3 pages: 1 to speak (1 segment, 12 characters), 1 from store, 1 left out\n" in done.said
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    (content / "b.md").write_text("---\ntitle: [\n---\nb")
    done = voxpress("article", "content", "-o", "out", "-n", status=1)
    assert "1 failed" in done.said


def test_a_dry_run_says_what_it_costs(voxpress, tmp_path, monkeypatch):
    monkeypatch.setattr(dry_run, "price_of", lambda engine, text: len(text) / 1000)
    (tmp_path / "a.md").write_text("This is a. It is late.\n")
    done = voxpress("article", "a.md", "-o", "out", "--dry-run")
    assert "price: $0.0220 for 22 characters; saved by the store: $0.00 for 0 characters" in done.said


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><title>T</title><main><p>Read this.</main>",
        "<!doctype html><title>T</title>\n<header><nav>Not</nav></header><article><p>Read <b>this</b>.</article>",
        "<meta charset=utf-8><ARTICLE>Read this.</ARTICLE><footer>Not</footer>",
        "<p>Read this.",
        '<body><div role="main">Read this.</div><p>Not',
        "<body><article>Read this.</article><p>Not",
        "<main><article>Read</article> <article>this.</article></main>",
        "Read this.",
        "<body><header>Read</header><p>this.<footer role=contentinfo>Not</footer>",
        "<body><div role=banner>Not</div><p>Read<footer>this.</footer>",
    ],
)
def test_the_article_of_a_page_is_found(voxpress, page, tmp_path, text):
    page.write_text(text, "utf-8")
    voxpress("article", page, "-o", "out", "--insert")
    assert squeeze("".join(texts(tmp_path / "out", "hello"))) == "Readthis"
    assert squeeze("".join(piece for _, _, piece in MARKED.findall(page.read_text("utf-8")))) == "Readthis"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        "jav&#x61;script:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "blob:x",
    ],
)
def test_addresses_that_run_something_are_left_out(url):
    assert move_url(unescape(url), str) is None


@pytest.mark.parametrize(
    ("url", "moved"),
    [
        ("a/b.png", "../a/b.png"),
        ("./a.png?x=1#y", ".././a.png?x=1#y"),
        ("#top", "#top"),
        ("/a.png", "/a.png"),
        ("//host/a.png", "//host/a.png"),
        ("https://host/a b", "https://host/a b"),
        ("mailto:a@b.c", "mailto:a@b.c"),
    ],
)
def test_relative_addresses_move_with_the_page(url, moved):
    assert move_url(url, lambda url: f"../{url}") == moved


@pytest.mark.parametrize(
    "source",
    [
        "<p>a &lt;b&gt; &amp;amp; c</p>",
        "<p>a&nbsp;b &#8217;c&#x2019; &notin; &copy d",
        "<p title='<b>'>a<!-- <p>no</p> -->b</p>\r\n<p>c",
        "<script>if (a < b) '</p>'</script><p>a</p><style>p > b {}</style><textarea>&lt;</textarea>",
        "<P>UPPER<BR/>case</P><table><tr><td>1<td>2</table>",
        "<p>😀 a <b>e\u0301</b></p>",
    ],
)
def test_the_text_of_a_page_is_found_in_its_source(source):
    text = "".join(html.document_fromstring(source).xpath("//text()"))
    found = HtmlSource(source)
    pairs = align(text, found.characters)
    assert pairs is not None
    for at, number in pairs:
        each = found.characters[number]
        assert unescape(source[each.start : each.end]) == text[at]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{{< figure src="a.png" >}}\nHi.', "\nHi."),
        ("{% highlight js %}", ""),
        ("A `{{ b }}` c", "A `{{ b }}` c"),
        ("```\n{% raw %}\n```\n{% raw %}", "```\n{% raw %}\n```\n"),
        ("# Title {: .x}", "# Title "),
        ("Braces {a} stay, and so does 5 % of {1}.", "Braces {a} stay, and so does 5 % of {1}."),
    ],
)
def test_tags_of_generators_are_no_text(text, left):
    assert remove_templates(text) == left


def test_pages_that_voxpress_has_made_are_no_articles(voxpress, tmp_path):
    (tmp_path / "one.md").write_text("# One\n\nThese are the words.\n")
    voxpress("article", ".", "-o", "listen")
    voxpress("article", ".", "-o", "other")
    assert not [path for path in (tmp_path / "other").rglob("*") if "listen" in path.as_posix()]
    assert (tmp_path / "other" / "one.mp3").is_file()
