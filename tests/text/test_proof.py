"""Proofs: which entries come of readings that somebody approved."""

from __future__ import annotations

import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voxpress.errors import InputError
from voxpress.text import FrontEnd, Say
from voxpress.text.lexicon import Lexicon, parse
from voxpress.text.passage import Change
from voxpress.text.proof import Proof, Written, mark, prove
from voxpress.text.proof.lexicon import make_lexicon
from voxpress.text.proof.page import make_page


def proofs(
    *texts: str, language: str = "en", markup: str = "plain", lexicon: Lexicon | None = None
) -> list[Proof]:
    front_end = FrontEnd(lexicon=lexicon or Lexicon(), unspeakable="skip")
    return [prove(text, language, markup=markup, front_end=front_end) for text in texts]


def entries(table: str) -> list[tuple[str, str]]:
    return sorted((entry.written, entry.spoken) for entry in parse(table.encode(), "names.tsv").entries)


@pytest.mark.parametrize(
    ("text", "written", "spoken"),
    [
        ("Open 9-5.", "Open 9-5.", "Open nine to five."),
        (
            "The score was 3-1 and 9-5 today.",
            "The score was 3-1 and 9-5 today.",
            "The score was three to one and nine to five today.",
        ),
        ("Due on 3/4 at noon.", "Due on 3/4 at noon.", "Due on March fourth at noon."),
        (
            "one two three four 9-5 five six seven eight",
            "two three four 9-5 five six seven",
            "two three four nine to five five six seven",
        ),
        (
            "Shops open\nabout 9-5,\u00a0call.",
            "Shops open about 9-5, call.",
            "Shops open about nine to five, call.",
        ),
        ("Open ⑨-５ now.", "Open 9-5 now.", "Open nine to five now."),
    ],
)
def test_an_entry_holds_the_words_around_its_place(text: str, written: str, spoken: str) -> None:
    assert entries(make_lexicon(proofs(text), uncertain=True)) == [(written, spoken)]


def test_markup_is_not_in_an_entry() -> None:
    for markup, text in (
        ("ssml", "<speak>We <emphasis>open</emphasis> 9-5 today.</speak>"),
        ("markdown", "We *open* 9-5 today."),
    ):
        table = make_lexicon(proofs(text, markup=markup), uncertain=True)
        assert entries(table) == [("We open 9-5 today.", "We open nine to five today.")]


@pytest.mark.parametrize(
    "text",
    [
        "A well-known 3-year plan.",
        "It is 9-5 in sets.",
        "Open 9-5, and 3-1.",
        "Still open 9-5.",
        "It's 3/4 full. Please Open 9-50.",
    ],
)
def test_an_entry_changes_no_other_text(text: str) -> None:
    """Neither of this document nor of others."""
    table = make_lexicon(proofs("Open 9-5. Call.", "Due on 3/4 at noon."), uncertain=True)
    lexicon = parse(table.encode(), "names.tsv")
    assert proofs(text, lexicon=lexicon)[0].spoken == proofs(text)[0].spoken


def test_two_readings_of_one_string_are_two_entries() -> None:
    given = proofs("Due on 3/4 at noon.", "It's 3/4 full, which you see on 3/4.")
    written = dict(entries(make_lexicon(given)))
    assert written["Due on 3/4 at noon."] == "Due on March fourth at noon."
    assert "three quarters full" in written["It's 3/4 full, which you see on 3/4."]


def test_words_that_are_read_in_two_ways_get_more_words() -> None:
    """And where that does not help, a comment with both."""
    one = "a b c d e on 3/4 x y z f g h"
    near = make_lexicon([_read(one, "March fourth"), _read(one.replace("a b", "k l"), "three quarters")])
    assert sorted(spoken for _, spoken in entries(near)) == [
        "a b c d e on March fourth x y z f g h",
        "k l c d e on three quarters x y z f g h",
    ]
    same = make_lexicon([_read(one, "March fourth"), _read(one, "three quarters")])
    assert entries(same) == []
    assert same.count("is read otherwise elsewhere") == 2


def test_an_entry_that_would_change_a_certain_reading_gets_more_words() -> None:
    one = "a b c d e on 3/4 x y z f g h"
    plain = _read(one.replace("a b", "k l"), "three quarters", certain=True)
    table = make_lexicon([_read(one, "March fourth"), plain], uncertain=True)
    assert entries(table) == [(one, one.replace("3/4", "March fourth"))]


def _read(text: str, spoken: str, *, certain: bool = False) -> Proof:
    at = text.index("3/4")
    (proof,) = proofs(text.replace("3/4", "abc"))
    (words,) = FrontEnd().list_written(Say.of(text), "en")
    change = Change(at, at + 3, "3/4", spoken, "test", certain=certain)
    return Proof(language=proof.language, written=text, changes=(change,), paragraphs=(Written(words, "en"),))


@pytest.mark.parametrize("text", ["9-5", "9-5.", "(9-5)", "12 9-5"])
def test_a_place_without_words_around_it_is_a_comment(text: str) -> None:
    """People decide whether it holds everywhere: without the sign of the comment, the line is an entry."""
    table = make_lexicon(proofs(text), uncertain=True)
    assert entries(table) == []
    assert "has no words around it, so its entry would hold wherever it is written" in table
    uncommented = "\n".join(
        line[2:] if "\t" in line and line[0] == ";" else line for line in table.split("\n")
    )
    assert entries(uncommented) == [(text, proofs(text)[0].spoken)] or text == "9-5"


def test_an_entry_names_the_language_of_its_words() -> None:
    """Which is that of who says them."""
    proof = prove(
        "<speak>Due on 3/4 at noon. <voice name='x'>Es steht 3-1 zur Pause.</voice></speak>",
        "en",
        markup="ssml",
        front_end=FrontEnd(),
        find_language=lambda speaker: "de",
    )
    table = make_lexicon([proof])
    assert {entry.language for entry in parse(table.encode(), "names.tsv").entries} == {"en", "de"}


def test_what_a_lexicon_said_is_in_it_already() -> None:
    lexicon = parse(b"SQL\tsequel\n", "names.tsv")
    assert entries(make_lexicon(proofs("We like SQL much.", lexicon=lexicon))) == []


_WORDS = st.lists(
    st.sampled_from(
        ["9-5", "3/4", "open", "on", "the", "3-1", "May", "$5", "12", "4/5/2026", "we", ".", "日本", "１２"]
    ),
    max_size=12,
).map(" ".join)


@given(st.lists(_WORDS, max_size=5))
@example(["9-5 3/4 3/4 3/4 May 12"])
@example(["open 3/4 May 12 we"])
def test_texts_are_read_as_they_were_approved(texts: list[str]) -> None:
    """Whatever a proof's lexicon holds, it changes no text of the proof."""
    try:
        before = proofs(*texts)
    except InputError:
        return
    for uncertain in (True, False):
        lexicon = parse(make_lexicon(before, uncertain=uncertain).encode(), "names.tsv")
        assert [each.spoken for each in proofs(*texts, lexicon=lexicon)] == [each.spoken for each in before]


def test_a_long_text_in_time() -> None:
    for unit in ("9-5 ", "open 9-5, ", "9-5", "日9-5", "a - ", "3/4 on "):
        make_lexicon(proofs(unit * 2_000), uncertain=True)


def test_a_change_shows_all_that_it_spans() -> None:
    changes = (Change(0, 1, "\uff11", "1", "letters"), Change(0, 2, "\uff11\uff12", "twelve", "number"))
    assert [piece for piece, _ in mark("\uff11\uff12 now", changes)] == ["\uff11\uff12", " now"]


def test_each_place_of_a_page_is_of_its_own() -> None:
    """With its phrase; what no entry can hold is disabled."""
    page = "".join(make_page(proofs("Due on 3/4 at noon.", "It's 3/4 full."), "Menu"))
    assert page.count("data-phrases=") == 2
    assert "[&quot;Due on &quot;,&quot;Due on &quot;],[&quot;3/4&quot;,1]" in page
    assert "other" not in page.split("<script>")[1]
    page = "".join(
        make_page(proofs("<speak>Due <say-as interpret-as='cardinal'>3</say-as></speak>", markup="ssml"), "")
    )
    assert page.count(" disabled>") == 1


@pytest.mark.clients
def test_a_page_makes_a_lexicon_in_a_browser(tmp_path: Path) -> None:
    """Two places of a page are corrected by somebody who clicks on them."""
    browsers = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    browser = next(filter(None, map(shutil.which, browsers)), None)
    assert browser, "on Debian: apt install chromium-headless-shell"
    page = "".join(make_page(proofs("Due on 3/4 at noon.", "Open 9-5."), "Menu"))
    clicks = """<script>
      const meant = {"to": "till", "March fourth": "the third of April"};
      window.prompt = (question, before) => meant[before] || before;
      for (const place of document.querySelectorAll(".place")) place.click();
      document.title = area.value;
    </script></body>"""
    (tmp_path / "page.html").write_text(page.replace("</body>", clicks))
    shown = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True,
        timeout=60,
        check=True,
        text=True,
    ).stdout
    table = unescape(shown.partition("<title>")[2].partition("</title>")[0])
    assert entries(table) == [
        ("Due on 3/4 at noon.", "Due on the third of April at noon."),
        ("Open 9-5.", "Open nine till five."),
    ]
    assert '<p class="note" data-of="1">“3/4” → the third of April</p>' in shown
