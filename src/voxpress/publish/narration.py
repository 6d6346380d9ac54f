"""From blocks of a document to what is spoken, and from what was spoken back to the blocks.

A narration is one utterance in SSML: a chapter, or a page of a book. Each publication chooses which blocks belong
together; the takes are the same, because a sentence is one segment wherever it stands.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from voxpress import languages
from voxpress.documents import Block, Point
from voxpress.publish.outline import Outline, find_language
from voxpress.speech import Clip, Seconds, Utterance
from voxpress.text.clean import has_speech

_LANG = re.compile(r"<lang xml:lang=(?:\"([^\"]*)\"|'([^']*)')>|</lang>")
_TAG = re.compile(r"<[^>]*>")
_QUOTE = re.compile(
    r"“[^“”]{1,2000}”|„[^„“”]{1,2000}[“”]|«[^«»]{1,2000}»|»[^«»]{1,2000}«|「[^「」]{1,2000}」"
)
_SENTENCES = frozenset(("item", "verse", "row"))
"""Kinds of blocks between which the pause is that between sentences."""


class _Piece(NamedTuple):
    """A piece of a narration's text that stands in a block as it is."""

    at: int
    block: int
    start: int
    length: int


class Phrase(NamedTuple):
    """A sentence or a word that is heard.

    Attributes:
        block: which of the narration's blocks it is in.
        start, end: its place in `Block.text`.
        begin, stop: when it is heard, in seconds from the start of the clip.
        text: as it is spoken.
    """

    block: int
    start: int
    end: int
    begin: Seconds
    stop: Seconds
    text: str


class Turned(NamedTuple):
    """A page of the printed book that begins.

    Attributes:
        block: the block in which it does.
        point: its number there; None where the block itself is the page.
        at: when, in seconds from the start of the clip.
    """

    block: int
    point: int | None
    at: Seconds


@dataclass(frozen=True, slots=True)
class Narration:
    """Blocks as one utterance.

    >>> narration = narrate("1", [Block(kind="paragraph", text="It was late.")], Outline())
    >>> narration.utterance.text
    '<speak><p>It was late.</p></speak>'

    Attributes:
        utterance: what is spoken; its `id` names the narration.
        blocks: those that are spoken, in order.
    """

    utterance: Utterance
    blocks: tuple[Block, ...]
    _pieces: tuple[_Piece, ...] = field(repr=False, default=())

    @property
    def is_silent(self) -> bool:
        """Whether nothing of it can be spoken."""
        return not has_speech(_TAG.sub("", self.utterance.text))

    def find(self, start: int, end: int) -> tuple[int, int, int] | None:
        """The block that a piece of the utterance's text comes from, and its place in that block's text.

        >>> narration = narrate("1", [Block(kind="paragraph", text="It was late.")], Outline())
        >>> narration.find(10, 12)
        (0, 0, 2)
        """
        first = max(bisect_right(self._pieces, start, key=lambda piece: piece.at) - 1, 0)
        found: tuple[int, int, int] | None = None
        for piece in self._pieces[first:]:
            if piece.at >= end:
                break
            low, high = max(start, piece.at), min(end, piece.at + piece.length)
            if low >= high or (found and piece.block != found[0]):
                continue
            place = piece.start + low - piece.at, piece.start + high - piece.at
            found = (piece.block, found[1] if found else place[0], place[1])
        return found

    def hear(self, clip: Clip, kind: Literal["sentence", "word"] = "sentence") -> Iterator[Phrase]:
        """The sentences or words of its clip, in order. What is spoken and not written, such as the end of a number,
        belongs to the word before it.
        """
        for mark in clip.marks:
            if mark.kind == kind and mark.source and (found := self.find(*mark.source)):
                yield Phrase(*found, mark.start, mark.end, mark.text)

    def turn_pages(self, clip: Clip) -> Iterator[Turned]:
        """When each page of the printed book begins, in order."""
        for mark in clip.marks:
            if mark.kind != "bookmark" or not (named := re.fullmatch(r"page (\d+)(?:\.(\d+))?", mark.text)):
                continue
            yield Turned(int(named[1]), None if named[2] is None else int(named[2]), mark.start)


class _Writer:
    """Writes the text of a narration, and keeps which piece of it comes from where."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._at = 0
        self.pieces: list[_Piece] = []

    def add(self, text: str) -> None:
        self._text.append(text)
        self._at += len(text)

    def copy(self, block: int, text: str, start: int, end: int) -> None:
        if start < end:
            self.pieces.append(_Piece(self._at, block, start, end - start))
            self.add(text[start:end])

    @property
    def text(self) -> str:
        return "".join(self._text)


def narrate(
    id: str,
    blocks: Sequence[Block],
    outline: Outline,
    *,
    speaker: str = "",
    title: str = "",
    notes: Mapping[str, Sequence[Block]] = MappingProxyType({}),
) -> Narration:
    """Blocks as one utterance, as the outline says: what is skipped, where notes go, who speaks.

    Args:
        speaker: the member of the cast who reads, where the outline says it for a chapter.
        title: of the chapter, for the tags of its file.
        notes: those of parts that are not read, by name: a book can have all its notes at the end.
    """
    chosen = tuple(_choose(blocks, outline, notes))
    writer = _Writer()
    writer.add("<speak>")
    for number, block in enumerate(chosen):
        _write(writer, number, block, outline, last=number == len(chosen) - 1)
    writer.add("</speak>")
    utterance = Utterance(
        id=id,
        text=writer.text,
        markup="ssml",
        title=title,
        speaker=speaker or None,
        cast=outline.all_speakers,
    )
    return Narration(utterance, chosen, tuple(writer.pieces))


def _choose(
    blocks: Sequence[Block], outline: Outline, elsewhere: Mapping[str, Sequence[Block]]
) -> Iterator[Block]:
    """The blocks that are read, with the notes where the outline wants them."""
    notes = {**elsewhere, **gather_notes(blocks)}
    used: set[str] = set()
    for block in blocks:
        if block.kind == "note":
            if outline.notes == "in place" and block.name not in used and outline.reads(block):
                yield block  # nothing refers to it
            continue
        if block.kind == "break" or (outline.reads(block) and (_speaks(block) or block.kind == "page")):
            yield block
        if outline.notes == "in place":
            names = [point.name for point in block.points if point.kind == "note"]
            for name in names:
                if name in notes and name not in used:
                    used.add(name)
                    yield from (each for each in notes[name] if _speaks(each))
    if outline.notes == "end of chapter":
        own = [block for block in blocks if block.kind == "note"]
        named = dict.fromkeys(
            point.name for block in blocks for point in block.points if point.name in elsewhere
        )
        yield from (block for block in own if _speaks(block))
        yield from (block for name in named for block in elsewhere[name] if _speaks(block))


def split_lines(text: str) -> list[Block]:
    """A paragraph of each line of a plain text, such as the opening of an outline.

    >>> [block.text for block in split_lines("Emma & others\\n\\nby Jane Austen")]
    ['Emma &amp; others', 'by Jane Austen']
    """
    return [Block(kind="paragraph", text=escape(line.strip())) for line in text.splitlines() if line.strip()]


def gather_notes(blocks: Iterable[Block]) -> dict[str, list[Block]]:
    """The paragraphs of each note, by its name."""
    notes: dict[str, list[Block]] = {}
    for block in blocks:
        if block.kind == "note" and block.name:
            notes.setdefault(block.name, []).append(block)
    return notes


def _speaks(block: Block) -> bool:
    return has_speech(block.plain)


def _write(writer: _Writer, number: int, block: Block, outline: Outline, *, last: bool) -> None:
    pauses = outline.pauses
    if block.kind == "break":
        if not last:
            writer.add(_pause(pauses.scene))
        return
    if block.kind == "page":
        writer.add(f'<mark name="page {number}"/>')
        if outline.pages != "read":
            return
    element = "s" if block.kind in _SENTENCES else "p"
    voice = outline.find_speaker(block)
    opening = f"<{element}>" + (f"<voice name={quoteattr(voice)}>" if voice else "")
    writer.add(opening)
    at = 0
    for start, end, instead in _cut(number, block, outline, voice):
        writer.copy(number, block.text, at, start)
        writer.add(instead)
        at = end
    writer.copy(number, block.text, at, len(block.text))
    writer.add(("</voice>" if voice else "") + f"</{element}>")
    if block.kind == "heading" and not last:
        writer.add(_pause(pauses.heading))


def _pause(seconds: Seconds) -> str:
    return f'<break time="{seconds:g}s"/>' if seconds >= 0.001 else ""  # SSML has no shorter ones


class _Span(NamedTuple):
    """A piece of a block's text that a member of the cast reads."""

    start: int
    end: int
    speaker: str

    def meets(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end

    def holds(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end

    def crosses(self, start: int, end: int) -> bool:
        """Whether one begins within the other and ends outside."""
        within = start <= self.start and self.end <= end
        return self.meets(start, end) and not within and not self.holds(start, end)


def _cut(number: int, block: Block, outline: Outline, voice: str) -> list[tuple[int, int, str]]:
    """What in a block's text is replaced: start, end, and what stands there instead; in order.

    Args:
        voice: who of the cast reads the block; empty: whoever reads the chapter.
    """
    foreign = list(_find_foreign(block.text, outline.languages))
    quotes = [] if voice else list(_find_quotes(block.text, outline.speakers.get("quote", "")))
    cuts = [(found.start(), found.end(), "") for found in _LANG.finditer(block.text)]
    cuts += [cut for index, point in enumerate(block.points) for cut in _mark(number, index, point)]
    # Where several begin or end, the longest is the outermost.
    spans = [*foreign, *quotes, *_find_readings(block.text, outline, [*foreign, *quotes], voice)]
    ending = sorted(spans, key=lambda span: (span.end, -span.start))
    starting = sorted(spans, key=lambda span: (span.start, -span.end))
    closings = [(span.end, span.end, "</voice>") for span in ending]
    openings = [(span.start, span.start, f"<voice name={quoteattr(span.speaker)}>") for span in starting]
    return sorted([*closings, *cuts, *openings], key=lambda cut: cut[:2])


def _find_quotes(text: str, speaker: str) -> Iterator[_Span]:
    plain = _TAG.sub(lambda tag: " " * len(tag[0]), text)
    for found in _QUOTE.finditer(plain) if speaker else ():
        if _is_balanced(text[found.start() : found.end()]):
            yield _Span(found.start(), found.end(), speaker)


def _find_readings(text: str, outline: Outline, others: Collection[_Span], voice: str) -> Iterator[_Span]:
    """Sentences that somebody wants to be read otherwise, wherever they occur, each by whoever reads it anyway."""
    tags = [found.span() for found in _TAG.finditer(text)]
    taken: list[_Span] = []
    for decision in sorted(outline.sentences, key=lambda each: -len(each.text)):
        if decision.seed is None or not _is_balanced(decision.text):
            continue
        for found in re.finditer(_match_whole(decision.text), text):
            start, end = found.span()
            if (
                any(low < start < high or low < end < high for low, high in tags)
                or any(each.meets(start, end) for each in taken)
                or any(each.crosses(start, end) for each in others)
            ):
                continue
            around = [each for each in others if each.holds(start, end)]
            member = min(around, key=lambda each: each.end - each.start).speaker if around else voice
            taken.append(_Span(start, end, decision.name_speaker(member)))
    yield from taken


def _mark(number: int, index: int, point: Point) -> Iterator[tuple[int, int, str]]:
    if point.kind == "page":
        yield point.at, point.at, f'<mark name="page {number}.{index}"/>'


def _match_whole(text: str) -> str:
    """A pattern that finds a sentence, and not as a part of longer words."""
    before = r"(?<!\w)" if re.match(r"\w", text) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", text) else ""
    return before + re.escape(text) + after


def _find_foreign(text: str, speakers: Mapping[str, str]) -> Iterator[_Span]:
    """Pieces in another language that somebody speaks; where nobody does, the reader reads them."""
    begun: list[tuple[int, str]] = []
    for found in _LANG.finditer(text):
        if found[0] != "</lang>":
            begun.append((found.end(), find_language(found[1] or found[2] or "", speakers)))
        elif begun:
            start, speaker = begun.pop()
            if speaker and start < found.start():
                yield _Span(start, found.start(), speaker)


def _is_balanced(text: str) -> bool:
    """Whether every element of a piece of SSML ends in it."""
    depth = 0
    for tag in _TAG.findall(text):
        depth += 0 if tag.endswith("/>") else -1 if tag.startswith("</") else 1
        if depth < 0:
            return False
    return not depth


def foreign_languages(blocks: Collection[Block], own: str) -> Iterator[str]:
    """The tags of all that is not in the document's own language, as often as they occur."""
    for block in blocks:
        tags = [block.language, *(a or b for a, b in _LANG.findall(block.text))]
        yield from (tag for tag in tags if tag and languages.base(tag) != languages.base(own))
