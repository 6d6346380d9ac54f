"""From what is heard in a recording to the elements of its page."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias

from voxpress.documents import Block
from voxpress.publish.narration import Phrase
from voxpress.publish.readalong.marking import Marker
from voxpress.publish.readalong.overlay import Heard, find_containers, find_type
from voxpress.publish.recording import Recording
from voxpress.publish.xml_source import Element

Granularity: TypeAlias = Literal["sentence", "word"]
_KINDS = {"note": "footnote", "page": "pagebreak"}
_NAMED = ("footnote", "endnote", "pagebreak")


class Pointer:
    """Finds the elements of what is heard in a recording."""

    def __init__(self, marker: Marker, recording: Recording, sound: str, granularity: Granularity) -> None:
        self._marker, self._sound, self._granularity = marker, sound, granularity
        self._recording = recording
        self._blocks = recording.narration.blocks

    def phrases(self) -> Iterator[Heard]:
        """What is heard, in order."""
        sentences = list(self._recording.sentences())
        words = list(self._recording.words())
        at = 0
        for number, sentence in enumerate(sentences):
            following = sentences[number + 1].begin if number + 1 < len(sentences) else float("inf")
            begins = at
            while at < len(words) and (words[at].begin + words[at].stop) / 2 < following:
                at += 1
            yield from self._point(
                sentence, [word for word in words[begins:at] if word.block == sentence.block]
            )

    def _point(self, sentence: Phrase, words: Sequence[Phrase]) -> Iterator[Heard]:
        block = self._blocks[sentence.block]
        elements = self._marker.source.elements
        own = elements[block.place.element]
        kind = _KINDS.get(block.kind, "")
        containers = tuple(find_containers(own))
        if kind and any(find_type(each) in _NAMED for each in containers):
            kind = ""
        found = block.find_source(sentence.start, sentence.end)
        spots = self._marker.mark(*found, limit=own.number) if found else []
        if not spots:
            if target := self._find_image(own, html.unescape(block.text[sentence.start : sentence.end])):
                id = self._marker.mark_element(target)
                yield Heard(id, self._sound, sentence.begin, sentence.stop, containers, target, kind)
            return
        first = spots[0]
        if self._granularity == "word" and len(words) > 1:
            spoken = tuple(self._point_words(block, words, own.number))
            yield Heard(
                first.id, self._sound, sentence.begin, sentence.stop, containers, first.element, kind, spoken
            )
            return
        begin = sentence.begin
        for spot in spots:
            if spot is not first:
                later = [word for word in words if self._stands_behind(block, word, spot.start)]
                if not later:
                    continue
                begin = later[0].begin
            yield Heard(spot.id, self._sound, begin, sentence.stop, containers, spot.element, kind)

    def _find_image(self, element: Element, text: str) -> Element | None:
        """The image in an element that has a description; the element itself where none is found."""
        first = element.number
        for each in self._marker.source.elements[first:]:
            if each.opens >= element.end:
                break
            if text in " ".join(each.get("alt").split()):
                return each
        return element if first else None

    def _point_words(self, block: Block, words: Iterable[Phrase], limit: int) -> Iterator[Heard]:
        for word in words:
            found = block.find_source(word.start, word.end)
            for spot in self._marker.mark(*found, limit=limit)[:1] if found else []:
                yield Heard(spot.id, self._sound, word.begin, word.stop)

    @staticmethod
    def _stands_behind(block: Block, word: Phrase, place: int) -> bool:
        found = block.find_source(word.start, word.end)
        return found is not None and found[0] >= place
