"""Tags and references in the text of cues: WebVTT's, which SubRip borrowed from.

Source: https://www.w3.org/TR/webvtt1/#cue-text-parsing-rules
"""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from voxpress.documents.subtitles import Piece

_TAG = re.compile(r"<([^>]*)(?:>|\Z)")
_SRT_TAG = re.compile(r"<(/?[A-Za-z][^<>\n]*)>")
_OVERRIDE = re.compile(r"\{\\[^{}\n]*\}|\{[A-Za-z]:[^{}\n]*\}")
"""What ASS and MicroDVD say of the style, which programs leave behind in SubRip and WebVTT."""
_BREAK = re.compile(r"(?<!:)\\N")
_HARD_SPACE = re.compile(r"(?<!:)\\h")
"""What ASS writes for a line's end and a space; after a colon, it is a path of Windows."""
_ELEMENTS = frozenset({"c", "i", "b", "u", "ruby", "rt", "v", "lang"})


def parse_webvtt(text: str) -> tuple[Piece, ...]:
    """The pieces of a WebVTT cue. What stands above a word (ruby) is not among them.

    >>> parse_webvtt("<v.loud Ann>Hi <i>there</i></v> all")[0]
    Piece(text='Hi there', speaker='Ann', language='')
    """
    return _parse(text, _TAG)


def parse_subrip(text: str) -> tuple[Piece, ...]:
    """The pieces of a SubRip cue: only what begins as a tag does is one.

    >>> parse_subrip("{\\\\an8}<font color=red>2<3,5>1</font> <")
    (Piece(text='2<3,5>1 <', speaker='', language=''),)
    """
    return _parse(_BREAK.sub("\n", _HARD_SPACE.sub(" ", text)), _SRT_TAG)


class _Element(NamedTuple):
    """An element that is open, and what it and those around it say."""

    name: str
    speaker: str = ""
    language: str = ""
    in_ruby: bool = False
    above: bool = False


def _parse(text: str, tag: re.Pattern[str]) -> tuple[Piece, ...]:
    text = _OVERRIDE.sub("", text)
    if "<" not in text:
        return (Piece(unescape(text)),)
    pieces: list[tuple[list[str], str, str]] = []
    open_ = [_Element("")]
    at = 0
    for found in tag.finditer(text):
        _add(pieces, text[at : found.start()], open_[-1])
        at = found.end()
        if found[1].startswith("/"):
            _close(open_, found[1][1:].strip().lower())
        else:
            _open(open_, found[1])
    _add(pieces, text[at:], open_[-1])
    return tuple(Piece("".join(texts), speaker, language) for texts, speaker, language in pieces)


def _open(open_: list[_Element], tag: str) -> None:
    name = re.split(r"[\s.]", tag, maxsplit=1)[0].lower()
    around = open_[-1]
    if name not in _ELEMENTS or (name == "rt" and not around.in_ruby):
        return
    said = " ".join(unescape(re.sub(r"^\S*", "", tag)).split())
    open_.append(
        _Element(
            name,
            said if name == "v" else around.speaker,
            said if name == "lang" else around.language,
            around.in_ruby or name == "ruby",
            around.above or name == "rt",
        )
    )


def _close(open_: list[_Element], name: str) -> None:
    """End the element that was opened last, if it has this name; the end of ruby ends what is above it, too."""
    if name == "ruby" and open_[-1].name == "rt":
        open_.pop()
    if name and open_[-1].name == name:
        open_.pop()


def _add(pieces: list[tuple[list[str], str, str]], text: str, element: _Element) -> None:
    if not text or element.above:
        return
    if not pieces or pieces[-1][1:] != (element.speaker, element.language):
        pieces.append(([], element.speaker, element.language))
    pieces[-1][0].append(unescape(text))
