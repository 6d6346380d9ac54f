"""Light Markdown: nothing of its signs is spoken, and lines of their own end in a pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxpress.errors import MarkupError
from voxpress.text.markup import directions, markdown
from voxpress.text.parts import Note, Part, Pause, Say, Silence, Tone

SENTENCE, PARAGRAPH = Pause("sentence"), Pause("paragraph")


def parse(text: str) -> tuple[Part | str, ...]:
    """The parts of a text: what is said as strings."""
    return tuple(part.text if isinstance(part, Say) else part for part in markdown.parse(text))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Plain text.", ("Plain text.",)),
        ("# Hours\n\nFrom nine.", ("Hours", PARAGRAPH, "From nine.")),
        ("Hours\n=====\nFrom nine.", ("Hours", PARAGRAPH, "From nine.")),
        ("### Hours ###", ("Hours",)),
        ("One\ntwo.", ("One two.",)),
        ("One\r\ntwo.\r\n\r\nThree.", ("One two.", PARAGRAPH, "Three.")),
        ("One  \ntwo.", ("One", SENTENCE, "two.")),
        ("a *b* **c** ***d*** _e_ __f__ ~~g~~", ("a b c d e f g",)),
        ("2 * 3 * 4, snake_case_name", ("2 * 3 * 4, snake_case_name",)),
        ("Run `make *all*` now.", ("Run make *all* now.",)),
        ('See [our page](https://example.com/a_b(c) "title").', ("See our page.",)),
        ("See [our page][1].\n\n[1]: https://example.com", ("See our page.",)),
        ("See <https://example.com>.", ("See https://example.com.",)),
        ("![A *cat*](cat.png) sleeps.", ("A cat sleeps.",)),
        ("- one\n- two\n\nThree.", ("one", SENTENCE, "two", PARAGRAPH, "Three.")),
        ("1. one\n2. two", ("one", SENTENCE, "two")),
        ("- one\n  - inner\n- two", ("one", SENTENCE, "inner", SENTENCE, "two")),
        ("- [ ] open\n- [x] done", ("open", SENTENCE, "done")),
        ("> a\n> b\n\nc", ("a b", PARAGRAPH, "c")),
        ("a\n\n---\n\nb", ("a", PARAGRAPH, "b")),
        ("|a|b|\n|-|:-:|\n|1|*2*|\n|3||", ("a, b", SENTENCE, "1, 2", SENTENCE, "3,")),
        ("It rains.[^1] So.\n\n[^1]: Much.", ("It rains. So.", PARAGRAPH, "Much.")),
        ("a <b>c</b> <br/>d <!-- no\n\nno --> e", ("a c d  e",)),
        ("<div>\nIn a box.\n</div>", ("In a box.",)),
        ("<script>no()</script>yes", ("yes",)),
        ("<![CDATA[yes]]>", ("yes",)),
        ("Fish &amp; chips &copy; &#8364; \\*five\\*", ("Fish & chips © € *five*",)),
        ("Wait. [pause 2s] Go.", ("Wait.", Silence(2.0), "Go.")),
        ("Go. [beep]", ("Go.", Tone((1000.0,), 0.25))),
        ("He wrote [sic] it [1].", ("He wrote [sic] it [1].",)),
        ("    indented", ("indented",)),
        ("a\n\n```sh\nmake\n```\n\nb", ("a", PARAGRAPH, "b", Note("code is left out (from line 3)"))),
        ("[guide](/guide/)", ("guide",)),
        ("", ()),
        ("***", ()),
        ("[^<!--]-->", ("[^",)),
    ],
)
def test_signs(text: str, parts: tuple[Part | str, ...]) -> None:
    found = parse(text)
    assert tuple(" ".join(each.split()) if isinstance(each, str) else each for each in found) == tuple(
        " ".join(each.split()) if isinstance(each, str) else each for each in parts
    )


@pytest.mark.parametrize("read", [markdown.parse, directions.parse])
def test_a_pronunciation_between_slashes(read: object) -> None:
    text = "Say [tomato](/təˈmɑːtəʊ/), or [La vita](/ˈlɑ ˈviːɾə/)."
    (words,) = read(text)  # type: ignore[operator]
    assert words.text == "Say tomato, or La vita."
    assert [(words.text[p.start : p.end], p.ipa) for p in words.words.phonemes] == [
        ("tomato", "təˈmɑːtəʊ"),
        ("La vita", "ˈlɑ ˈviːɾə"),
    ]
    assert [change.by for change in words.changes] == ["IPA", "IPA"]
    start, end = words.words.source(4, 10)
    assert "tomato" in text[start:end] and end <= text.index(",")


def test_each_word_knows_its_place() -> None:
    text = "# Hi *there* &amp; you\r\n\r\n- two [l](http://l.l) l\r\n\r\n|a|b|\r\n|-|-|\r\n|a|b|\r\n"
    places = [
        text[part.words.source(0, 1)[0] : part.words.source(0, len(part.words))[1]]
        for part in markdown.parse(text)
        if isinstance(part, Say)
    ]
    assert places == ["Hi *there* &amp; you", "two [l](http://l.l) l", "a|b", "a|b"]


def test_too_deep_is_an_error_and_no_loss() -> None:
    assert parse(">" * 40 + " deep") == ("deep",)
    with pytest.raises(MarkupError, match="more than 49"):
        parse(">" * 60 + " deep")
    with pytest.raises(MarkupError, match="at most 600 seconds"):
        parse("[pause 700 s]")


LETTERS = st.text(st.sampled_from("ab1 \n\n*_`[](){}<>!#&;:|~-+>^\\/.\r\té\0\u2028") | st.characters())


@given(LETTERS)
def test_any_text_is_read(text: str) -> None:
    try:
        parts = markdown.parse(text)
    except MarkupError:
        return
    for part in parts:
        if isinstance(part, Say):
            assert all(
                0 <= a <= b <= len(text) for a, b in zip(part.words.starts, part.words.ends, strict=True)
            )


@given(st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=1, max_size=30))
def test_no_word_is_lost(words: list[str]) -> None:
    signs = [
        "**{}**",
        "*{}*",
        "`{}`",
        "[{}](http://x.y)",
        "{}",
        "\n- {}\n",
        "\n\n# {}\n",
        "\n> {}\n\n",
        "<b>{}</b>",
    ]
    text = " ".join(signs[i % len(signs)].format(word) for i, word in enumerate(words))
    said = " ".join(part.text for part in markdown.parse(text) if isinstance(part, Say))
    assert said.split() == words
