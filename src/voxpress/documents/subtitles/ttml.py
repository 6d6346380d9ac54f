"""TTML: IMSC, EBU-TT-D, DFXP and what else is a profile of it.

Source: https://www.w3.org/TR/ttml2/. A paragraph is a cue. Its agent is its speaker; what has the role of a sound or of
music is none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from voxpress.documents.pages import parse_xml
from voxpress.documents.subtitles import Format, Piece, Source, WrittenCue
from voxpress.documents.subtitles.encodings import decode
from voxpress.errors import InputError, show
from voxpress.speech import Seconds

if TYPE_CHECKING:
    from lxml.etree import _Element

_NAMESPACES = re.compile(r"\{http://www\.w3\.org/(?:ns/ttml|20\d\d/\d\d/ttaf1)(?:#\w+)?\}")
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_ID = "{http://www.w3.org/XML/1998/namespace}id"
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,3}):(\d{1,2})(?:(\.\d{1,9})|:(\d{1,3})(?:\.\d+)?)?", re.ASCII)
_OFFSET = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(h|m|s|ms|f|t)?", re.ASCII)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, None: 1.0}
_SILENT = frozenset({"sound", "music", "lyrics", "kinesic", "quality", "action", "suppressed"})
"""Roles of what nobody says."""
_ABOVE = frozenset({"text", "textContainer", "delimiter"})
"""Kinds of ruby that are not its base."""
_APPLE = "{http://music.apple.com/lyric-ttml-internal}"
"""Lyrics of this kind count all times from the beginning, not from that of what is around."""
_DIGITS = 6
_OPEN_END: Seconds = 5.0
"""How long the last cue lasts if nothing says when it ends."""


class _Clock(NamedTuple):
    frames: float
    ticks: float

    def read(self, value: str, element: _Element) -> Seconds:
        """A time expression, in seconds.

        Raises:
            InputError: it is none.
        """
        value = value.strip()
        if found := _CLOCK.fullmatch(value):
            hours, minutes, seconds, fraction, frame = found.groups()
            whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
            return whole + float(fraction or 0) + int(frame or 0) / self.frames
        found = _OFFSET.fullmatch(value)
        if not found:
            raise InputError(
                f"line {element.sourceline}: {show(value)} is no time such as 00:00:01.500 or 1.5s"
            )
        amount, unit = float(found[1]), found[2]
        if unit in ("f", "t"):
            return amount / (self.frames if unit == "f" else self.ticks)
        return amount * _UNITS[unit]


class _Span(NamedTuple):
    """When an element is shown, and what its children have from it."""

    start: Seconds
    end: Seconds | None
    language: str = ""
    speaker: str = ""
    silent: bool = False
    timed: bool = False


class _Said(NamedTuple):
    """A text in a paragraph."""

    piece: Piece
    span: _Span


def read(data: bytes, encoding: str | None) -> Source:
    """The paragraphs of a document.

    Raises:
        InputError: it is no TTML, or has times that cannot be read.
    """
    if encoding:
        data = re.sub(r"\A\s*<\?xml[^>]*\?>", "", decode(data, encoding)).encode()
    page = parse_xml(data, "")
    root = page.root
    if _name(root) != "tt":
        raise InputError("is XML, but no TTML: its root is not <tt>")
    notes = [f"is broken XML, and was repaired: {page.repaired}"] if page.repaired else []
    language = root.get(_LANGUAGE, "")
    reader = _Reader(root, language)
    body = next((child for child in root if _name(child) == "body"), None)
    cues = [] if body is None else list(reader.list_cues(body))
    if any(end is None for _, end in cues):
        notes.append("cues without an end last until the next one begins")
    return Source(_close(cues), language, names_all=True, notes=tuple(notes))


class _Reader:
    def __init__(self, root: _Element, language: str) -> None:
        self._language = language
        self._clock = _read_clock(_read_attributes(root))
        self._agents = {}
        self._styles: dict[str, dict[str, str]] = {}
        self._absolute = any(str(key).startswith(_APPLE) for key in root.attrib)
        for element in root.iter():
            attributes = _read_attributes(element)
            if _name(element) == "agent":
                names = [
                    "".join(map(str, child.itertext())).strip() for child in element if _name(child) == "name"
                ]
                self._agents[element.get(_ID, "")] = names[0] if names else element.get(_ID, "")
            elif _name(element) == "style" and _ID in element.attrib:
                self._styles[element.attrib[_ID]] = attributes

    def list_cues(self, body: _Element) -> Iterator[tuple[WrittenCue, Seconds | None]]:
        """The cues of paragraphs with text, each with its end; None: nothing says when it ends."""
        number = 0
        for paragraph, span in self._walk(body, _Span(0.0, None)):
            said = [
                one
                for one in self._list_texts(paragraph, span)
                if one.piece.text and (span.end == span.start or one.span.end != one.span.start)
            ]
            spoken = [one.span for one in said if one.piece.text.strip()]
            if not spoken:
                continue
            number += 1
            start, end = span.start, span.end
            if all(one.timed for one in spoken):
                start = min(one.start for one in spoken)
                ends = [one.end for one in spoken if one.end is not None]
                end = max(ends) if ends else end
            pieces = tuple(one.piece for one in said)
            name = paragraph.get(_ID, "")
            times = round(start, _DIGITS), round(end or start, _DIGITS)
            yield WrittenCue(number, paragraph.sourceline or 0, *times, pieces, name), end

    def _walk(self, element: _Element, above: _Span) -> Iterator[tuple[_Element, _Span]]:
        """The paragraphs in an element, each with its times."""
        span = self._span(element, above, above.start)
        if not self._is_shown(element):
            return
        if _name(element) == "p":
            yield element, span
        elif _name(element) in ("body", "div"):
            sequence = _read_attributes(element).get("timeContainer") == "seq"
            begins: Seconds | None = span.start
            for child in element:
                if sequence and begins is None:
                    return  # one before it never ends
                reference = begins if sequence and begins is not None else span.start
                under = span._replace(start=reference)
                yield from self._walk(child, under)
                if sequence and _name(child) in ("p", "div"):
                    begins = self._span(child, under, reference).end

    def _list_texts(self, element: _Element, span: _Span) -> Iterator[_Said]:
        """The texts in a paragraph, with their own times."""
        yield self._say(element.text, span)
        for child in element:
            name = _name(child)
            if name == "br":
                yield self._say("\0", span)
            elif name == "span" and self._is_shown(child):
                yield from self._list_texts(child, self._span(child, span, span.start))
            yield self._say(child.tail, span)

    def _say(self, text: str | None, span: _Span) -> _Said:
        text = re.sub(r"\s+", " ", text or "").replace("\0", "\n")
        if span.silent and text.strip():
            text = f"[{text.strip().strip('[]')}]"
        return _Said(Piece(text, span.speaker, span.language), span)

    def _span(self, element: _Element, above: _Span, reference: Seconds) -> _Span:
        attributes = _read_attributes(element)
        begin, end, duration = (
            self._clock.read(attributes[key], element)
            if attributes.get(key, "indefinite") != "indefinite"
            else None
            for key in ("begin", "end", "dur")
        )
        reference = 0.0 if self._absolute else reference
        start = above.start if begin is None else reference + begin
        ends = [
            reference + end if end is not None else None,
            start + duration if duration is not None else None,
            None if above.end is None else max(above.end, start),
        ]
        language = element.get(_LANGUAGE)
        agents = [self._agents.get(agent, "") for agent in attributes.get("agent", "").split()]
        roles = frozenset(attributes.get("role", "").split())
        return _Span(
            start,
            min((one for one in ends if one is not None), default=None),
            above.language if language is None else "" if language == self._language else language,
            " and ".join(filter(None, agents)) or above.speaker,
            bool(roles & _SILENT) or above.silent,
            above.timed or (_name(element) == "span" and begin is not None),
        )

    def _is_shown(self, element: _Element) -> bool:
        """Whether a reader sees it in its line; what stands above a word (ruby) does not."""
        hidden = self._find_style(element, "display") == "none" and all(
            _name(child) != "set" for child in element
        )
        return not hidden and self._find_style(element, "ruby") not in _ABOVE

    def _find_style(self, element: _Element, name: str) -> str:
        attributes = _read_attributes(element)
        styles = [self._styles.get(one, {}) for one in attributes.get("style", "").split()]
        return next((one[name] for one in [attributes, *reversed(styles)] if name in one), "")


def _close(cues: list[tuple[WrittenCue, Seconds | None]]) -> list[WrittenCue]:
    """The cues, those without an end ended by the next one."""
    closed = []
    after: Seconds | None = None
    for cue, end in sorted(cues, key=lambda pair: pair[0].start, reverse=True):
        if end is None:
            cue = cue._replace(
                end=after if after is not None and after > cue.start else cue.start + _OPEN_END
            )
        after = cue.start if after is None or cue.start < after else after
        closed.append(cue)
    return sorted(closed, key=lambda cue: cue.number)


def _read_clock(attributes: Mapping[str, str]) -> _Clock:
    """What a frame and a tick are. Raises `InputError` if the document says it wrongly."""
    try:
        frames = float(attributes.get("frameRate", "30"))
        numerator, denominator = map(
            float, attributes.get("frameRateMultiplier", "1 1").replace(":", " ").split()
        )
        frames *= numerator / denominator
        default = frames * float(attributes.get("subFrameRate", "1")) if "frameRate" in attributes else 1.0
        clock = _Clock(frames, float(attributes.get("tickRate", default)))
        if all(0 < rate < math.inf for rate in clock):
            return clock
    except (ValueError, ZeroDivisionError):
        pass
    raise InputError("its frame rate or tick rate is no number above 0")


def _read_attributes(element: _Element) -> dict[str, str]:
    """Attributes by their names without namespaces; those of other namespaces are left out."""
    if not isinstance(element.tag, str):
        return {}
    return {
        _NAMESPACES.sub("", str(key)): str(value)
        for key, value in element.attrib.items()
        if not str(key).startswith("{") or _NAMESPACES.match(str(key))
    }


def _name(element: _Element) -> str:
    """The name of an element of TTML; empty for others, and for comments."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    found = _NAMESPACES.match(tag)
    return tag[found.end() :] if found else "" if tag.startswith("{") else tag


FORMAT = Format(
    description="TTML",
    extensions=(".ttml", ".dfxp", ".itt"),
    recognise=lambda head: bool(re.search(r"\A\s*<(?:[^>]*>\s*<)*?(?:\w+:)?tt[\s>]", head)),
    read=read,
)
