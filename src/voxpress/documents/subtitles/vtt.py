"""WebVTT, read as the parser of the standard reads it.

Source: https://www.w3.org/TR/webvtt1/#file-parsing. A cue whose times cannot be read is dropped there, as in a player.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from voxpress.documents.subtitles import Format, Source, WrittenCue
from voxpress.documents.subtitles.encodings import decode
from voxpress.documents.subtitles.markup import parse_webvtt
from voxpress.documents.subtitles.places import list_places
from voxpress.errors import InputError, show

_ARROW = "-->"
_SIGNATURE = re.compile(r"WEBVTT(?:[ \t\n]|\Z)")
STAMP = r"(?:(\d{1,9}):)?([0-5]\d):([0-5]\d)\.(\d{3})(?!\d)"
TIMES = re.compile(rf"[ \t\f]*{STAMP}[ \t\f]*-->[ \t\f]*{STAMP}", re.ASCII)
_FIELD = re.compile(r"(Language)[ \t]*:[ \t]*(\S+)", re.IGNORECASE)
_NOT_CUES = re.compile(r"(?:STYLE|REGION)[ \t\f]*|NOTE(?:[ \t].*)?")


class _Block(NamedTuple):
    """Lines up to an empty one.

    Attributes:
        at: the number of its first line, from 0.
        times: where in it its times stand; -1: nowhere.
    """

    at: int
    lines: Sequence[str]
    times: int = -1


def read(data: bytes, encoding: str | None) -> Source:
    """The cues that a player would show.

    Raises:
        InputError: it does not begin with ``WEBVTT``, or its encoding is unknown.
    """
    text = decode(data, encoding).replace("\0", "\ufffd")
    if not _SIGNATURE.match(text):
        begins = show(text[:40].split("\n")[0])
        raise InputError(
            f"is no WebVTT: it begins with {begins}, not with WEBVTT; SubRip in it can be read with the format srt"
        )
    lines = text.split("\n")
    language = ""
    at = 1
    while at < len(lines) and lines[at] and _ARROW not in lines[at]:
        if found := _FIELD.match(lines[at]):
            language = found[2]
        at += 1
    cues: list[WrittenCue] = []
    bad: list[tuple[int, int]] = []
    seen = 0
    for block in _list_blocks(lines, at):
        if block.times < 0:
            if not _NOT_CUES.fullmatch(block.lines[0]):
                bad.append((0, block.at + 1))
            continue
        seen += 1
        line = block.at + block.times
        found = TIMES.match(lines[line])
        if not found:
            bad.append((seen, line + 1))
            continue
        cues.append(
            WrittenCue(
                number=seen,
                line=line + 1,
                start=read_stamp(*found.group(1, 2, 3, 4)),
                end=read_stamp(*found.group(5, 6, 7, 8)),
                pieces=parse_webvtt("\n".join(block.lines[block.times + 1 :])),
                name=block.lines[0] if block.times else "",
            )
        )
    notes = []
    if times := [place for place in bad if place[0]]:
        notes.append(f"{list_places(times)}: dropped, as players do: its times cannot be read")
    if others := [line for number, line in bad if not number]:
        notes.append(
            f"{list_places([(0, line) for line in others])}: dropped, as players do: no times stand before it"
        )
    return Source(cues, language, notes=tuple(notes))


def _list_blocks(lines: Sequence[str], at: int) -> Iterator[_Block]:
    """Blocks of lines, as the standard collects them: times begin a block unless they are its first or second line."""
    while at < len(lines):
        if not lines[at]:
            at += 1
            continue
        begin, times = at, -1
        while at < len(lines) and lines[at]:
            if _ARROW in lines[at]:
                if times >= 0 or at - begin > 1:
                    break
                times = at - begin
            at += 1
        yield _Block(begin, lines[begin:at], times)


def read_stamp(hours: str | None, minutes: str, seconds: str, thousandths: str) -> float:
    """The time of the groups of `STAMP`, in seconds."""
    return (((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)) / 1000


FORMAT = Format(
    description="WebVTT",
    extensions=(".vtt", ".webvtt"),
    recognise=lambda head: bool(_SIGNATURE.match(head.replace("\r", "\n"))),
    read=read,
)
