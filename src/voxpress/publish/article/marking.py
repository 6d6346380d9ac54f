"""Elements around the sentences of a page, and nothing else changed: not a byte of the author's markup."""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from html.parser import HTMLParser
from itertools import accumulate
from typing import NamedTuple

from voxpress.publish.article import Sentence

PLACE = "data-voxpress"
"""The attribute that says where the player goes (``player``), what is not read (``skip``), and which sentence it is."""
_BEGIN, _END = "<!--voxpress-->", "<!--/voxpress-->"
_MARKED = re.compile(
    r'<span (?:id="vp-[0-9a-f]{6}-\d+" )?data-voxpress="vp-[0-9a-f]{6}-\d+">(.*?)</span>', re.DOTALL
)
_INSERTED = re.compile(f"{_BEGIN}.*?{_END}", re.DOTALL)


class Character(NamedTuple):
    """A character of the text content, and where it is written in the source."""

    text: str
    start: int
    end: int


class HtmlSource(HTMLParser):
    """The text of an HTML source with the place of each character, and where its elements begin.

    >>> [each for each in HtmlSource("<p>a&amp;</p>").characters]
    [Character(text='a', start=3, end=4), Character(text='&', start=4, end=9)]

    Attributes:
        openings: where the first start tag of each name ends; ``player``: that of what says ``data-voxpress="player"``;
            ``main``: also that of ``role="main"``.
        articles: how many ``<article>`` elements there are.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.text = text
        self.characters: list[Character] = []
        self.openings: dict[str, int] = {}
        self.articles = 0
        self._lines = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
        self.feed(text)
        self.close()

    @property
    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        end = self._at + len(self.get_starttag_text() or "")
        self.articles += tag == "article"
        names = [
            tag,
            *(name for each, name in ((PLACE, "player"), ("role", "main")) if (each, name) in attrs),
        ]
        for name in names:
            self.openings.setdefault(name, end)

    def handle_data(self, data: str) -> None:
        start = self._at
        self.characters += [Character(each, start + at, start + at + 1) for at, each in enumerate(data)]

    def handle_entityref(self, name: str) -> None:
        self._refer(f"&{name}")

    def handle_charref(self, name: str) -> None:
        self._refer(f"&#{name}")

    def _refer(self, written: str) -> None:
        start = self._at
        end = start + len(written)
        if self.text[end : end + 1] == ";":
            written, end = f"{written};", end + 1
        self.characters += [Character(each, start, end) for each in html.unescape(written)]


def mark(source: HtmlSource, text: str, sentences: Iterable[Sentence]) -> str | None:
    """The source with a ``<span>`` around each piece of each sentence; None where its text cannot be found.

    A sentence with elements in it is several pieces. All have its id in ``data-voxpress``, the first also in ``id``.

    >>> hi = Sentence("vp-1", 0, "Hi you", 0, 1, place=(0, 6))
    >>> mark(HtmlSource("<p>Hi <b>you</b>"), "Hi you", [hi])
    '<p><span id="vp-1" data-voxpress="vp-1">Hi </span><b><span data-voxpress="vp-1">you</span></b>'

    Args:
        text: the text content of the page, in which the sentences have their places.
    """
    places = align(text, source.characters)
    if places is None:
        return None
    cuts: list[tuple[int, str]] = []
    free = 0
    for sentence in sentences:
        if sentence.place is None:
            continue
        low = bisect_left(places, sentence.place[0], key=lambda pair: pair[0])
        high = bisect_left(places, sentence.place[1], key=lambda pair: pair[0])
        first = True
        for start, end in _join(source, [source.characters[number] for _, number in places[low:high]]):
            if start < free:
                continue
            id = f'id="{sentence.id}" ' if first else ""
            cuts += [(start, f'<span {id}data-voxpress="{sentence.id}">'), (end, "</span>")]
            free, first = end, False
    return insert(source.text, cuts)


def align(text: str, characters: Sequence[Character]) -> list[tuple[int, int]] | None:
    """Which character of a source each character of a text is, but for white space; None if they do not agree.

    >>> align("a  b", HtmlSource("<p>a<p>b").characters)
    [(0, 0), (3, 1)]
    """
    here = [at for at, each in enumerate(text) if not each.isspace()]
    there = [number for number, each in enumerate(characters) if not each.text.isspace()]
    if len(here) != len(there):
        return None
    if any(text[at] != characters[number].text for at, number in zip(here, there, strict=True)):
        return None
    return list(zip(here, there, strict=True))


def _join(source: HtmlSource, characters: Sequence[Character]) -> list[tuple[int, int]]:
    """Stretches of the source that hold these characters, with the white space between them."""
    found: list[tuple[int, int]] = []
    for each in characters:
        if found and not source.text[found[-1][1] : each.start].strip():
            found[-1] = found[-1][0], max(found[-1][1], each.end)
        else:
            found.append((each.start, each.end))
    text = source.text
    for number, (start, end) in enumerate(found):
        while number and text[start - 1].isspace():
            start -= 1
        while number < len(found) - 1 and text[end].isspace():
            end += 1
        found[number] = start, end
    return found


def insert(text: str, cuts: Iterable[tuple[int, str]]) -> str:
    """A text with other texts put in, at places in order.

    >>> insert("ac", [(1, "b")])
    'abc'
    """
    parts: list[str] = []
    done = 0
    for at, piece in cuts:
        parts += (text[done:at], piece)
        done = at
    parts.append(text[done:])
    return "".join(parts)


def insert_player(text: str, player: str) -> str:
    """A page with the player where it says ``data-voxpress="player"``, else where its article begins. Of several
    articles none is the page's own.

    >>> insert_player("<body><main><p>Hi.</main>", "PLAYER")
    '<body><main><!--voxpress-->PLAYER<!--/voxpress--><p>Hi.</main>'
    """
    source = HtmlSource(text)
    names = ("player", *(["article"] if source.articles == 1 else []), "main", "body", "html")
    at = next((source.openings[name] for name in names if name in source.openings), 0)
    return insert(text, [(at, f"{_BEGIN}{player}{_END}")])


def remove_marks(text: str) -> str:
    """A page without what `mark` and `insert_player` put into it.

    >>> remove_marks('<p><!--voxpress-->PLAYER<!--/voxpress--><span data-voxpress="vp-47e3ef-1">Hi.</span>')
    '<p>Hi.'
    """
    return _MARKED.sub(r"\1", _INSERTED.sub("", text))
