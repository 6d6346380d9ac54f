"""Light Markdown, as people paste it: its signs are not spoken, and a line of its own ends in a pause.

markdown-it finds blocks and inline text. It says only in which lines a block stands, so each piece of text is looked
for from where the last one ended. docs/ssml.md says what becomes of each sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

from voxpress.errors import InputError, MarkupError, shorten
from voxpress.text.ipa import to_ipa
from voxpress.text.markup import directions
from voxpress.text.markup._composer import Composer
from voxpress.text.parts import Part
from voxpress.text.passage import Change, Edit, Passage

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

DEEPEST = 50
"""Blocks that may stand in each other."""

_REPLACED = re.compile(r"\[\^[^][\s<]{1,100}\]:?|<!\[CDATA\[|\]\]>|\r\n?|\0")
"""A footnote's mark; and what markdown-it would replace."""
_UNSPOKEN = re.compile(r"<!--|<(script|style)\b", re.IGNORECASE)
_DIRECTION = re.compile(r"\[[^][]*\]")
_TASK = re.compile(r"\[[ xX]\]\s")
_PAUSES: dict[str, Literal["sentence", "paragraph"]] = {
    "heading_open": "paragraph",
    "heading_close": "paragraph",
    "paragraph_open": "paragraph",
    "paragraph_close": "paragraph",
    "blockquote_open": "paragraph",
    "blockquote_close": "paragraph",
    "bullet_list_open": "sentence",
    "ordered_list_open": "sentence",
    "bullet_list_close": "paragraph",
    "ordered_list_close": "paragraph",
    "list_item_close": "sentence",
    "table_open": "paragraph",
    "table_close": "paragraph",
    "tr_close": "sentence",
    "hr": "paragraph",
    "hardbreak": "sentence",
}


def parse(text: str, *, lenient: bool = False) -> tuple[Part, ...]:  # noqa: ARG001 - as all markups
    """The words and pauses of a Markdown text.

    Args:
        lenient: changes nothing here: every text is Markdown.

    >>> parse("# Hours\\n\\n- From *nine*\\n- to **five**, see [our page](https://example.com)")[::2]
    (Say('Hours'), Say('From nine'), Say('to five, see our page'))

    Raises:
        MarkupError: blocks stand too deep in each other, or a silence is too long.
    """
    return _Reader(text).parse()


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    rules = MarkdownIt("commonmark", {"html": True, "maxNesting": DEEPEST}).enable(["table", "strikethrough"])
    # Pasted text is indented for other reasons than to be code; and tags around a block are like those within a line.
    return rules.disable(["text_join", "html_block", "code"])


class _Reader:
    """Reads one text."""

    def __init__(self, text: str) -> None:
        source = Passage.of(text)
        self._written = text
        self._page = source.edit(_list_edits(text))
        self._text = self._page.text
        self._at = self._end = 0
        self._composer = Composer()
        self._cells = 0
        self._code: list[int] = []
        self._sounds = ""
        """The pronunciation of the link that is being read, and its words."""
        self._linked: list[Passage] = []

    def parse(self) -> tuple[Part, ...]:
        starts = [0, *(line.end() for line in re.finditer("\n", self._text)), len(self._text)]
        for token in _markdown().parse(self._text):
            if token.level >= DEEPEST - 1:
                raise MarkupError(f"more than {DEEPEST - 1} quotes and lists stand in each other")
            if token.map:
                self._at = max(self._at, starts[token.map[0]])
                self._end = starts[min(token.map[1], len(starts) - 1)]
            self._read_block(token)
        if self._code:
            lines = ", ".join(map(str, self._code[:10])) + (" …" if len(self._code) > 10 else "")
            self._composer.note(f"code is left out (from line {lines})")
        return self._composer.parts()

    def _read_block(self, token: Token) -> None:
        match token.type:
            case "inline":
                for child in token.children or []:
                    self._read_inline(child)
            case "fence":
                self._code.append(self._written.count("\n", 0, self._page.source(self._at, self._end)[0]) + 1)
            case "paragraph_open" | "paragraph_close" if token.hidden:
                pass  # the item has the pause
            case "bullet_list_close" | "ordered_list_close" if token.level:
                self._composer.pause("sentence")
            case "tr_open":
                self._cells = 0
            case "td_open" | "th_open":
                if self._cells:
                    self._composer.say(self._insert(", "))
                self._cells += 1
            case kind if kind in _PAUSES:
                self._composer.pause(_PAUSES[kind])

    def _read_inline(self, token: Token) -> None:
        match token.type:
            case "text":
                self._read_text(token.content)
            case "text_special":
                self._say(
                    self._find(token.markup).edit([Edit(0, len(token.markup), token.content, fixed=False)])
                )
            case "code_inline":
                self._say(self._find(token.content))
            case "softbreak":
                self._say(self._insert(" "))
            case "hardbreak":
                self._composer.pause("sentence")
            case "html_inline":
                self._find(token.content)
            case "image":
                for child in token.children or []:
                    self._read_inline(child)
                self._pass_address()
            case "link_open":
                self._sounds = self._find_sounds(str(token.attrs.get("href", "")))
            case "link_close":
                self._end_link()

    def _end_link(self) -> None:
        self._pass_address()
        if self._sounds and (words := Passage.join(self._linked)):
            edits = [Edit(0, len(words), words.text, ipa=self._sounds)]
            self._composer.say(words.edit(edits), changes=words.changes(edits, "IPA"))
        self._sounds, self._linked = "", []

    def _read_text(self, text: str) -> None:
        words, changes = directions.pronounce(self._find(text))
        at = task.end() if (task := _TASK.match(words.text)) else 0
        for found in _DIRECTION.finditer(words.text, at):
            if sounds := directions.generate(found[0]):
                self._say(words[at : found.start()], changes)
                at, changes = found.end(), []
                self._composer.play(sounds)
        self._say(words[at:], changes)

    def _say(self, words: Passage, changes: Iterable[Change] = ()) -> None:
        if self._sounds:
            self._linked.append(words)
        else:
            self._composer.say(words, changes=changes)

    def _find(self, text: str) -> Passage:
        """Text of this block, and where it stands: its own place, or, where it is written otherwise, its block."""
        at = self._text.find(text, self._at, self._end)
        if at >= 0:
            self._at = at + len(text)
            return self._page[at : self._at]
        start, end = self._page.source(self._at, self._end)
        return Passage(text, [start] * len(text), [end] * len(text))

    def _find_sounds(self, address: str) -> str:
        """The IPA between the slashes of an address; empty if it may be a page, whose address is mostly in ASCII."""
        sounds = unquote(address)
        inner = sounds[1:-1]
        if sounds != f"/{inner}/" or inner.isascii() or "/" in inner:
            return ""
        try:
            return to_ipa(inner, "ipa")
        except InputError as error:
            self._composer.note(
                f"{shorten(sounds)} is taken for an address, and not for sounds: {error.problem}"
            )
            return ""

    def _insert(self, sign: str) -> Passage:
        """A sign that is not written, between two pieces of text."""
        place = self._page.source(self._at, self._at)[0]
        return Passage(sign, [place] * len(sign), [place] * len(sign))

    def _pass_address(self) -> None:
        """Go on after the address of a link or an image: its letters are none of the text that follows."""
        end = self._text.find("]", self._at, self._end)
        if end >= 0 and self._text[end + 1 : end + 2] == "(":
            end = self._text.find(")", end, self._end)
        self._at = max(self._at, end + 1)


def _list_edits(text: str) -> Iterator[Edit]:
    """Edits that remove comments, scripts and the marks of footnotes."""
    unspoken = _list_unspoken(text)
    hidden = next(unspoken, None)
    at = 0
    for found in _REPLACED.finditer(text):
        while hidden and hidden.start < found.start():
            yield hidden
            at, hidden = hidden.end, next(unspoken, None)
        if found.start() >= at:
            yield Edit(found.start(), found.end(), "\n" if found[0][0] == "\r" else "", fixed=False)
    while hidden:
        yield hidden
        hidden = next(unspoken, None)


def _list_unspoken(text: str) -> Iterator[Edit]:
    at = 0
    endless: set[str] = set()
    for found in _UNSPOKEN.finditer(text):
        name = (found[1] or "").lower()
        if found.start() < at or name in endless:
            continue
        end = re.compile(rf"</{name}\s*>" if name else "-->", re.IGNORECASE).search(text, found.end())
        if end is None:
            endless.add(name)
            continue
        at = end.end()
        yield Edit(found.start(), at, "", fixed=False)
