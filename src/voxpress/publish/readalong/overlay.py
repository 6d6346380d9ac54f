"""Media overlays: which element is heard when, in SMIL as EPUB 3.3 has it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from voxpress.publish.readalong.marking import Marker
from voxpress.publish.xml_source import Element
from voxpress.speech import Seconds

SHORTEST: Seconds = 0.02
"""A clip of an overlay must not be empty; what is shorter belongs to its neighbour."""

_BY_NAME: Mapping[str, str] = {
    "table": "table",
    "tr": "table-row",
    "ul": "list",
    "ol": "list",
    "dl": "list",
    "li": "list-item",
    "figure": "figure",
    "aside": "aside",
}
_BY_TYPE: Mapping[str, str] = {
    "footnote": "footnote",
    "doc-footnote": "footnote",
    "note": "footnote",
    "endnote": "endnote",
    "doc-endnote": "endnote",
    "rearnote": "endnote",
    "pagebreak": "pagebreak",
    "doc-pagebreak": "pagebreak",
    "noteref": "noteref",
    "doc-noteref": "noteref",
    "sidebar": "aside",
    "table": "table",
    "list": "list",
    "figure": "figure",
}
"""Values of ``epub:type`` and ``role``, and what readers can skip or leave by them."""


def find_type(element: Element) -> str:
    """What a reader can skip or leave, as the author's markup says it; empty: nothing."""
    named = f"{element.get('epub:type')} {element.get('role')}".split()
    found = next((_BY_TYPE[name] for name in named if name in _BY_TYPE), "")
    return found or _BY_NAME.get(element.local, "")


def find_containers(element: Element) -> list[Element]:
    """The elements around and including one that readers can skip or leave, the outermost first."""
    return [each for each in element.ancestors() if find_type(each)][::-1]


@dataclass(frozen=True, slots=True)
class Heard:
    """A phrase of an overlay.

    Attributes:
        id: of the element that is highlighted.
        audio: path of the sound file, from the overlay.
        begin, stop: in the sound file.
        containers: elements around it that readers can skip or leave, the outermost first.
        element: the author's element that it fills; None: it fills none.
        kind: an ``epub:type`` of its own.
        words: the words in it, where they are told apart.
    """

    id: str
    audio: str
    begin: Seconds
    stop: Seconds
    containers: tuple[Element, ...] = ()
    element: Element | None = None
    kind: str = ""
    words: tuple[Heard, ...] = ()


def tidy(phrases: Sequence[Heard], end: Seconds) -> list[Heard]:
    """Phrases of one sound file without gaps: each ends where the next begins, so that pauses are heard.

    Args:
        end: the duration of the sound file.

    What points to the same element as the one before it, or is too short to be heard, becomes a part of that one.
    """
    found: list[Heard] = []
    for phrase in phrases:
        before = found[-1] if found else None
        if before and (before.id == phrase.id or phrase.begin - before.begin < SHORTEST):
            found[-1] = replace(before, words=(*before.words, *phrase.words))
        else:
            found.append(phrase)
    if found and end - found[-1].begin < SHORTEST:
        found.pop()
    stops = [*(phrase.begin for phrase in found[1:]), end][: len(found)]
    return [
        replace(phrase, stop=stop, words=tuple(tidy(_begin_at(phrase.words, phrase.begin), stop)))
        for phrase, stop in zip(found, stops, strict=True)
    ]


def _begin_at(words: Sequence[Heard], begin: Seconds) -> Sequence[Heard]:
    return [replace(words[0], begin=begin), *words[1:]] if words else words


def write(phrases: Sequence[Heard], document: str, marker: Marker) -> tuple[str, Seconds]:
    """The text of an overlay, and its duration.

    Args:
        document: path of the content document, from the overlay.
        marker: gives ids to the elements that readers can skip or leave.
    """
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<smil xmlns="http://www.w3.org/ns/SMIL" xmlns:epub="http://www.idpf.org/2007/ops" version="3.0">',
        f'<body epub:textref="{_quote(document)}">',
        *_Body(phrases, document, marker).lines(),
        "</body>",
        "</smil>",
        "",
    ]
    return "\n".join(lines), sum(_round(each.stop) - _round(each.begin) for each in phrases) / 1000


class _Body:
    def __init__(self, phrases: Sequence[Heard], document: str, marker: Marker) -> None:
        self.phrases, self.document, self.marker = phrases, document, marker

    def lines(self) -> Iterator[str]:
        open_now: list[Element] = []
        for number, phrase in enumerate(self.phrases):
            wanted, kind = list(phrase.containers), phrase.kind
            alone = wanted and wanted[-1] is phrase.element and not phrase.words
            if alone and not self._shares(number, wanted[-1]):
                kind = kind or find_type(wanted.pop())
            same = 0
            while same < min(len(open_now), len(wanted)) and open_now[same] is wanted[same]:
                same += 1
            yield from ["</seq>"] * (len(open_now) - same)
            for element in wanted[same:]:
                yield self._open(self.marker.mark_element(element), find_type(element))
            open_now = wanted
            yield from self._write(phrase, kind)
        yield from ["</seq>"] * len(open_now)

    def _shares(self, number: int, container: Element) -> bool:
        """Whether a neighbour of a phrase is in the same container."""
        near = (*self.phrases[max(number - 1, 0) : number], *self.phrases[number + 1 : number + 2])
        return any(container in each.containers for each in near)

    def _write(self, phrase: Heard, kind: str) -> Iterator[str]:
        if phrase.words:
            yield self._open(phrase.id, kind)
            for word in phrase.words:
                yield self._par(word, "")
            yield "</seq>"
        else:
            yield self._par(phrase, kind)

    def _open(self, id: str, kind: str) -> str:
        return f'<seq{_type(kind)} epub:textref="{_quote(self.document)}#{_quote(id)}">'

    def _par(self, phrase: Heard, kind: str) -> str:
        return (
            f'<par{_type(kind)}><text src="{_quote(self.document)}#{_quote(phrase.id)}"/>'
            f'<audio src="{_quote(phrase.audio)}" clipBegin="{_clock(phrase.begin)}" clipEnd="{_clock(phrase.stop)}"/>'
            "</par>"
        )


def _type(kind: str) -> str:
    return f' epub:type="{kind}"' if kind else ""


def _quote(text: str) -> str:
    return html.escape(text)


def _round(time: Seconds) -> int:
    return round(time * 1000)


def _clock(time: Seconds) -> str:
    return f"{_round(time) / 1000:.3f}s"
