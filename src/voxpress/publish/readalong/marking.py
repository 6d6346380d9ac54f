"""Ids for what is heard: an element that a phrase fills gets one, any other phrase a ``<span>`` around it.

Nothing else of the author's markup changes. Where markup begins or ends within a phrase, the phrase gets several
spans, one for each part that is well-formed by itself.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from voxpress.publish.xml_source import Edits, Element, Text, XmlSource

_PHRASING_NAMES = """
a abbr acronym area audio b bdi bdo big br button canvas cite code data datalist del dfn em embed font i
iframe img input ins kbd label link map mark meter noscript object output picture progress q s samp script
select slot small span strike strong sub sup time tspan tt u var video wbr
"""
_PHRASING = frozenset(_PHRASING_NAMES.split())
"""What may stand in a ``<span>``."""
_WHOLE = frozenset(
    ("ruby", "svg", "math", "select", "object", "audio", "video", "iframe", "canvas", "picture", "map")
)
"""What is never divided."""
_UNREAD = frozenset(("script", "style", "template", "head"))
_OUTERMOST = frozenset(("html", "body", "svg"))


class Spot(NamedTuple):
    """What a phrase points to.

    Attributes:
        id: of the element.
        start, end: which part of the text content it has of the phrase.
        element: the author's own element; None: a span that was added.
    """

    id: str
    start: int
    end: int
    element: Element | None


@dataclass(slots=True)
class _Part:
    """A part of a phrase: neighbours in one element.

    Attributes:
        parent: the element that they are in.
        opens, end: their place in the source.
        first, last: their place in the text content, without white space around it.
        element: if it is one whole element.
        parts: what it was made from.
        flows: it holds something that cannot stand in a ``<span>``.
    """

    parent: Element | None
    opens: int
    end: int
    first: int
    last: int
    element: Element | None = None
    parts: tuple[_Part, ...] = ()
    flows: bool = False


class Marker:
    """Gives ids to the phrases of a file.

    >>> source = XmlSource("<body><p>One. <i>Two.</i></p></body>")
    >>> marker = Marker(source)
    >>> [spot.id for spot in (*marker.mark(0, 4), *marker.mark(5, 9))]
    ['s1', 's2']
    >>> marker.write()
    '<body><p><span id="s1">One.</span> <i id="s2">Two.</i></p></body>'
    """

    def __init__(self, source: XmlSource) -> None:
        self.source = source
        self.edits = Edits(source.text)
        self._ids = set(source.ids)
        self._given: dict[int, str] = {}
        self._spans: dict[tuple[int, int], tuple[str, str]] = {}
        self._places: list[tuple[int, int]] = []
        self._number = 0

    def mark(self, start: int, end: int, *, limit: int = 0) -> list[Spot]:
        """Ids for a piece of the text content: one, or more where markup cuts it.

        Args:
            limit: number of the element beyond which none is chosen, such as the paragraph.
        """
        spots: list[Spot] = []
        for part in self._gather(start, end, self.source.elements[limit]):
            for spot in self._choose(part):
                if not spots or spots[-1].id != spot.id:
                    spots.append(spot)
        return spots

    def mark_element(self, element: Element) -> str:
        """The id of an element of the author's."""
        if own := element.get("id"):
            return own
        if element.number not in self._given:
            self._given[element.number] = self._next_id()
            self.edits.set(element, "id", self._given[element.number])
        return self._given[element.number]

    def write(self) -> str:
        """The text with all ids."""
        opening = sorted(self._spans.items(), key=lambda each: (each[0][0], -each[0][1]))
        changes = [
            (start, 1, order, f'<{name} id="{id}">') for order, ((start, _), (name, id)) in enumerate(opening)
        ]
        changes += [(end, 0, -order, f"</{name}>") for order, ((_, end), (name, _)) in enumerate(opening)]
        for at, _, _, text in sorted(changes):
            self.edits.insert(at, text)
        self._spans.clear()
        return self.edits.apply()

    def _next_id(self) -> str:
        while True:
            self._number += 1
            if (id := f"s{self._number}") not in self._ids:
                return id

    def _gather(self, start: int, end: int, limit: Element) -> list[_Part]:
        """The parts of a piece, each as large as markup allows."""
        parts: list[_Part] = []
        for text in self.source.texts_in(start, end):
            part = self._read(text, max(start, text.at), min(end, text.stop))
            if part is None or (parts and part.opens < parts[-1].end):
                continue  # nothing, or more of the same that is never divided
            parts.append(part)
            while self._lift(parts, limit) or self._join(parts):
                pass
        return parts

    def _read(self, text: Text, start: int, end: int) -> _Part | None:
        """What of a text is in a piece; None: nothing that is read."""
        words = self.source.content[start:end]
        if not words.strip() or any(each.local in _UNREAD for each in text.parent.ancestors()):
            return None
        first, last = start + len(words) - len(words.lstrip()), start + len(words.rstrip())
        for element in text.parent.ancestors():
            if element.local in _WHOLE and element.parent:
                return _Part(element.parent, element.opens, element.end, element.first, element.last, element)
        if text.whole:
            return _Part(text.parent, text.start, text.end, first, last)
        opens, closes = self.source.place(first, text=text), self.source.place(last, text=text)
        return _Part(text.parent, opens, closes, first, last)

    def _lift(self, parts: list[_Part], limit: Element) -> bool:
        """Make the last part an element that it fills."""
        last = parts[-1]
        parent = last.parent
        if not parent or parent.local in _OUTERMOST or last.element is limit or not self._fills(last, parent):
            return False
        flows = last.flows or (parent.local not in _PHRASING and parent.local not in _WHOLE)
        parts[-1] = _Part(
            parent.parent, parent.opens, parent.end, last.first, last.last, parent, (last,), flows
        )
        return True

    def _join(self, parts: list[_Part]) -> bool:
        """Join the last part with the one before it, if both are in one element."""
        if len(parts) < 2 or parts[-2].parent is not parts[-1].parent:
            return False
        before, last = parts[-2:]
        both = tuple(
            each
            for part in (before, last)
            for each in ((part,) if part.element or not part.parts else part.parts)
        )
        flows = before.flows or last.flows or self._flows_between(before.end, last.opens)
        parts[-2:] = [_Part(last.parent, before.opens, last.end, before.first, last.last, None, both, flows)]
        return True

    def _flows_between(self, start: int, end: int) -> bool:
        """Whether something begins between two places that cannot stand in a ``<span>``."""
        first, last = bisect_left(self.source.opens, start), bisect_left(self.source.opens, end)
        return any(
            each.local not in _PHRASING and each.local not in _WHOLE
            for each in self.source.elements[first:last]
        )

    def _fills(self, part: _Part, element: Element) -> bool:
        content = self.source.content
        return (
            not content[element.first : part.first].strip() and not content[part.last : element.last].strip()
        )

    def _choose(self, part: _Part) -> Iterator[Spot]:
        if part.element:
            yield Spot(self.mark_element(part.element), part.first, part.last, part.element)
        elif part.flows:
            for each in part.parts:
                yield from self._choose(each)
        else:
            yield Spot(self._wrap(part), part.first, part.last, None)

    def _wrap(self, part: _Part) -> str:
        place = part.opens, part.end
        if place not in self._spans:
            for other in self._find_crossing(*place):
                return self._spans[other][1]
            id = self._next_id()
            parent = part.parent
            drawn = parent and any(each.local == "svg" for each in parent.ancestors())
            name = (parent.prefix if parent else "") + ("tspan" if drawn else "span")
            self._spans[place] = name, id
            insort(self._places, place)
        return self._spans[place][1]

    def _find_crossing(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Spans that begin outside of a piece and end in it, or the other way round."""
        here = bisect_left(self._places, (start, end))
        for low, high in self._places[max(here - 8, 0) : here + 8]:
            if (low < start < high < end) or (start < low < end < high):
                yield low, high
