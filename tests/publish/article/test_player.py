"""The player in Chromium, with axe: player.mjs has the tests, this makes the pages; `make clients` installs both."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from string import Template

import pytest

pytestmark = pytest.mark.clients
HERE = Path(__file__).parent
NODE = Path(__file__).parents[3] / "build" / "clients" / "node" / "node_modules"
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

HELLO = """---
title: Hello world
---

# Hello world

This is *the first* sentence. Here is a [link](#vp-1) to somewhere, and `code` in it. It goes on & on.

A second paragraph has **bold** text. "Quotes" -- and dashes... stand in it, and prices of $5.50 too.

- One item
- Another item

| Name | Number |
|------|--------|
| One  | 1      |
"""
ARABIC = """<!doctype html><html lang="ar" dir="rtl"><head><title>مرحبا</title></head><body><article><h1>مرحبا</h1>
<p>هذه هي الجملة الأولى. وهذه هي <em>الجملة</em> الثانية. وهذه هي الثالثة.</p></article></body></html>"""
GERMAN = "---\nlang: de\n---\n# Grüße\n\nDas ist ein Satz. Das ist noch einer.\n"
ONE = """# One

"It's late," she said -- and left... Nobody knows why. Yes. It was 5 o'clock.

7. First thing
8. Second thing
"""
TWO = "# Two\n\nYes. Another *article* is here, and it has its own text.\n"
BOTH = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Two</title></head><body><main>
<article><h1>One</h1>
<p>“It’s late,” she said – and left… Nobody <b>knows</b> why. Yes. It was 5 o’clock.</p>
<ol start=7><li>First thing<li>Second thing</ol>$one</article>
<article>$two<h2>Two</h2>
<p>Yes. Another <em>article</em> is here, and it has its own text.</p></article></main></body></html>"""
BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Built</title></head>
<body><header><nav aria-label="Site"><a href="/">Home</a></nav></header>
<main><h1>Built</h1><p data-x='1' class=lead>A page that a generator made &mdash; with its own markup.<br>Really.</p>
</main>
<footer><p>Nobody reads this.</p></footer></body></html>
"""
HOSTILE = """---
title: </title></script><script>attacked=1</script>"'><img src=x onerror=attacked=1>
---

# Hi </script><script>window.attacked=1</script>

Text &lt;script&gt;window.attacked=1&lt;/script&gt; <img src="x" onerror="attacked=1"> with --> <!-- and ]]> in it.

[a](<java&#115;cript:window.attacked=1>) <a href="java&#10;script:window.attacked=1">b</a>
<a href=" javascript:window.attacked=1">c</a> <a href="data:text/html,<script>attacked=1</script>">d</a>

<iframe srcdoc="<script>parent.attacked=1</script>"></iframe><svg><script>window.attacked=1</script></svg>

<math><mtext><table><mglyph><style><img src=x onerror=window.attacked=1></style></mglyph></table></mtext></math>

<p style="background:url(//example.com/x)" onmouseover="window.attacked=1">A <b onclick="attacked=1">bold</b> text.</p>

<form action="javascript:window.attacked=1"><button>x</button></form><base href="//example.com/">

`</script><script>window.attacked=1</script>` and
<noscript><p title="</noscript><img src=x onerror=window.attacked=1>">x</p></noscript>
"""


HEAD = "<title>&lt;/title>&lt;script></title><h1>Hi</h1>"


@pytest.fixture
def site(tmp_path: Path, voxpress) -> Path:
    """Pages that are spoken, in `out`."""
    pages, out = tmp_path / "pages", tmp_path / "out"
    pages.mkdir()
    texts = {
        "hello.md": HELLO,
        "arabic.html": ARABIC,
        "german.md": GERMAN,
        "one.md": ONE,
        "second.md": TWO,
        "hostile.md": HOSTILE,
        "hostile-html.html": HOSTILE.partition("---\n\n")[2].replace("# Hi", HEAD),
        "long.md": "# Long\n\n" + "".join(f"Paragraph {n} is here to be scrolled.\n\n" for n in range(60)),
    }
    for name, text in texts.items():
        (pages / name).write_text(text, encoding="utf-8")
    voxpress("article", pages, "-o", out)
    built = out / "inserted" / "page.html"
    built.parent.mkdir()
    built.write_text(BUILT, encoding="utf-8")
    voxpress("article", built, "-o", out / "inserted" / "audio", "--insert")
    embeds = {name: (out / f"{name}.embed.html").read_text("utf-8") for name in ("one", "second", "hostile")}
    (out / "two.html").write_text(Template(BOTH).substitute(one=embeds["one"], two=embeds["second"]), "utf-8")
    plain = "<!doctype html><html lang=en><meta charset=utf-8><title>Embedded</title><main><h1>Embedded</h1>"
    (out / "hostile-embed.html").write_text(plain + embeds["hostile"], "utf-8")
    hello = (out / "hello.html").read_text("utf-8")
    (out / "missing.html").write_text(hello.replace("hello.mp3", "gone.mp3"), "utf-8")
    return out


def test_the_player_in_a_browser(site: Path, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not browser or not shutil.which("node"):
        pytest.skip(f"there is no node, or none of {', '.join(CHROMIUMS)}: run  make clients")
    if not (NODE / "axe-core").is_dir() or not (NODE / "puppeteer-core").is_dir():
        pytest.skip(f"there is no {NODE} with axe-core and puppeteer-core: run  make clients")
    place = tmp_path / "browser"
    place.mkdir()
    (place / "node_modules").symlink_to(NODE)
    shutil.copy(HERE / "player.mjs", place)
    done = subprocess.run(
        ["node", "player.mjs", str(site), "figures.json"],
        cwd=place,
        env={**os.environ, "CHROMIUM": browser},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((place / "figures.json").read_text())
    assert told["axe"] == 0
    assert told["rules"] > 15
