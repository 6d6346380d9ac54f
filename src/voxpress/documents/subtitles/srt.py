"""SubRip. No standard says how; times without hours or thousandths, with points, without numbers are read, and empty
lines within a cue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from voxpress.documents.subtitles import Format, Source, WrittenCue
from voxpress.documents.subtitles.encodings import decode
from voxpress.documents.subtitles.markup import parse_subrip
from voxpress.documents.subtitles.places import list_places
from voxpress.errors import InputError, show

STAMP = r"(?:(\d{1,4})[ \t]*:[ \t]*)?(\d{1,2})[ \t]*:[ \t]*(\d{1,2})(?:[ \t]*[,.:][ \t]*(\d{1,3}))?"
TIMES = re.compile(rf"[ \t]*{STAMP}[ \t]*-{{1,3}}>[ \t]*{STAMP}(?:[ \t].*)?", re.ASCII)
_START = re.compile(rf"\s*(?:\d+[ \t]*\r?\n)?{TIMES.pattern}", re.ASCII)
_LIKE_TIMES = re.compile(r"[^A-Za-z]{0,40}\d[ \t]*:[ \t]*\d.*->")
_NUMBER = re.compile(r"[ \t]*\d{1,9}[ \t]*", re.ASCII)


def read(data: bytes, encoding: str | None) -> Source:
    """All cues of a file.

    Raises:
        InputError: times cannot be read, or its encoding is unknown.
    """
    lines = decode(data, encoding).replace("\0", "\ufffd").split("\n")
    times = list(_find_times(lines))
    begins = _find_begins(lines, [at for at, _ in times])
    ends = [*begins, len(lines)][1:]
    notes = []
    if stray := [at for at, line in enumerate(lines[: begins[0] if begins else None]) if line.strip()]:
        notes.append(f"{list_places([(0, at + 1) for at in stray])}: dropped: no times stand before it")
    cues = [
        WrittenCue(
            number=number,
            line=at + 1,
            start=read_stamp(*found.group(1, 2, 3, 4)),
            end=read_stamp(*found.group(5, 6, 7, 8)),
            pieces=parse_subrip("\n".join(lines[at + 1 : end])),
            name=lines[begin].strip() if begin < at else "",
        )
        for number, ((at, found), begin, end) in enumerate(zip(times, begins, ends, strict=True), 1)
    ]
    return Source(cues, notes=tuple(notes))


def _find_times(lines: Sequence[str]) -> Iterator[tuple[int, re.Match[str]]]:
    number = 0
    for at, line in enumerate(lines):
        if "->" not in line:
            continue
        if found := TIMES.fullmatch(line):
            number += 1
            yield at, found
        elif _LIKE_TIMES.match(line):
            raise InputError(
                f"{list_places([(number + 1, at + 1)])}: {show(line.strip())} cannot be read as times: "
                "write them as 00:00:01,000 --> 00:00:02,500"
            )


def _find_begins(lines: Sequence[str], times: Sequence[int]) -> list[int]:
    """Where each cue begins: at the number before its times, if it has one. A number in a text stays in the text."""
    begins: list[int] = []
    last, floor = 0, -1
    for at in times:
        before = lines[at - 1] if at - 1 > floor else ""
        alone = at - 2 <= floor or not lines[at - 2].strip()
        numbered = bool(_NUMBER.fullmatch(before)) and (alone or int(before) == last + 1)
        last = int(before) if numbered else last
        begins.append(at - 1 if numbered else at)
        floor = at
    return begins


def read_stamp(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    """The time of the groups of `STAMP`, in seconds."""
    thousandths = int((fraction or "").ljust(3, "0"))
    return (((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + thousandths) / 1000


FORMAT = Format(
    description="SubRip",
    extensions=(".srt",),
    recognise=lambda head: bool(_START.match(head)),
    read=read,
)
