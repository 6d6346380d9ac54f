"""Tags and references in the text of cues: WebVTT's, which SubRip borrowed from.

Source: https://www.w3.org/TR/webvtt1/#cue-text-parsing-rules
"""

from __future__ import annotations

import re
from html import unescape

from voxpress.documents.subtitles import Piece

_TAG = re.compile(r"<([^>]*)(?:>|\Z)")
_SRT_TAG = re.compile(r"<(/?[A-Za-z][^<>\n]*)>")
_OVERRIDE = re.compile(r"\{\\[^}\n]*\}|\{[A-Za-z]:[^}\n]*\}")
"""What ASS and MicroDVD say of the style, which programs leave behind in SubRip and WebVTT."""
_BREAK = re.compile(r"(?<!:)\\N")
_HARD_SPACE = re.compile(r"(?<!:)\\h")
"""What ASS writes for a line's end and a space; after a colon, it is a path of Windows."""
_NAME = re.compile(r"[^\s.]*")
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


def _parse(text: str, tag: re.Pattern[str]) -> tuple[Piece, ...]:
    text = _OVERRIDE.sub("", text)
    if "<" not in text:
        return (Piece(unescape(text)),)
    pieces: list[Piece] = []
    open_: list[tuple[str, str]] = []
    at = 0
    for found in tag.finditer(text):
        _add(pieces, text[at : found.start()], open_)
        at = found.end()
        inside = found[1]
        if inside.startswith("/"):
            _close(open_, inside[1:].strip().lower())
        else:
            name = _NAME.match(inside)[0].lower()  # type: ignore[index]  # it matches anything
            if name in _ELEMENTS and (name != "rt" or any(other == "ruby" for other, _ in open_)):
                annotation = re.sub(r"^\S*", "", inside)
                open_.append((name, " ".join(unescape(annotation).split())))
    _add(pieces, text[at:], open_)
    return tuple(pieces)


def _close(open_: list[tuple[str, str]], name: str) -> None:
    """End the element that was opened last, if it has this name; the end of ruby ends what is above it, too."""
    if open_ and (open_[-1][0] == name or (name == "ruby" and open_[-1][0] == "rt")):
        last, _ = open_.pop()
        if last != name:
            _close(open_, name)


def _add(pieces: list[Piece], text: str, open_: list[tuple[str, str]]) -> None:
    if not text or any(name == "rt" for name, _ in open_):
        return
    speaker, language = (
        next((said for name, said in reversed(open_) if name == element), "") for element in ("v", "lang")
    )
    if pieces and pieces[-1][1:] == (speaker, language):
        pieces[-1] = pieces[-1]._replace(text=pieces[-1].text + unescape(text))
    else:
        pieces.append(Piece(unescape(text), speaker, language))
