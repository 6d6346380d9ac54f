"""Advanced SubStation Alpha, and SubStation Alpha (SSA) before it.

Source: http://www.tcax.org/docs/ass-specs.htm. An event's actor is its speaker. Comments and drawings are no speech.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from voxpress.documents.subtitles import Format, Piece, Source, WrittenCue
from voxpress.documents.subtitles.encodings import decode
from voxpress.documents.subtitles.places import list_places
from voxpress.errors import InputError, show

_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
"""Fields of an event, if the file has no line ``Format:``."""
_STAMP = re.compile(r"[ \t]*(\d{1,4}):(\d{1,2}):(\d{1,2})(?:[.:,](\d{1,3}))?[ \t]*", re.ASCII)
_OVERRIDE = re.compile(r"\{[^{}]*\}")
_DRAWING = re.compile(r"\\p([0-9]+)")
_NO_ACTOR = frozenset({"", "ntp"})
"""NTP: what programs write into the field of SSA if there is none."""


def read(data: bytes, encoding: str | None) -> Source:
    """The dialogue of a file.

    Raises:
        InputError: an event cannot be read, or the encoding is unknown.
    """
    fields: Sequence[str] = _FIELDS
    section = language = ""
    cues: list[WrittenCue] = []
    drawings: list[tuple[int, int]] = []
    comments = 0
    for number, line in enumerate(decode(data, encoding).replace("\0", "\ufffd").split("\n"), 1):
        line = line.strip()
        key, colon, value = line.partition(":")
        key = key.strip().lower()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].strip().lower()
        elif section == "script info" and key == "language":
            language = value.strip()
        elif section != "events" or not colon:
            continue
        elif key == "format":
            fields = [name.strip().lower() for name in value.split(",")]
            if not {"start", "end", "text"} <= set(fields) or fields[-1] != "text":
                raise InputError(
                    f"line {number}: its events have no fields Start and End, or Text is not the last"
                )
        elif key == "comment":
            comments += 1
        elif key == "dialogue":
            cue = _read_event(value, fields, len(cues) + 1, number)
            if any(piece.text.strip() for piece in cue.pieces):
                cues.append(cue)
            else:
                drawings.append((0, number))
    notes = [f"{comments:,} {'comment is' if comments == 1 else 'comments are'} left out"] if comments else []
    if drawings:
        notes.append(f"{list_places(drawings)}: left out: a drawing, or nothing")
    return Source(cues, language, names_all=True, notes=tuple(notes))


def strip_overrides(text: str) -> str:
    r"""The words of an event.

    >>> strip_overrides(r"{\k20}One {\i1}day{\i0}\Nafter {\p1}m 0 0 l 9 9{\p0}all")
    'One day\nafter all'
    """
    drawn = False
    parts: list[str] = []
    at = 0
    for found in _OVERRIDE.finditer(text):
        parts.append("" if drawn else text[at : found.start()])
        at = found.end()
        if scales := _DRAWING.findall(found[0]):
            drawn = scales[-1].strip("0") != ""
    parts.append("" if drawn else text[at:])
    return re.sub(r"\\[Nn]", "\n", "".join(parts)).replace("\\h", " ")


def _read_event(value: str, fields: Sequence[str], number: int, line: int) -> WrittenCue:
    values = value.split(",", len(fields) - 1)
    if len(values) < len(fields):
        raise InputError(
            f"cue {number} (line {line}) has {len(values)} fields, not {len(fields)}: {show(value.strip())}"
        )
    event = dict(zip(fields, values, strict=True))
    actor = event.get("name", event.get("actor", "")).strip()
    times = []
    for field in ("start", "end"):
        found = _STAMP.fullmatch(event[field])
        if not found:
            raise InputError(
                f"cue {number} (line {line}): its {field} {show(event[field])} is no time such as 0:00:01.50"
            )
        hours, minutes, seconds, fraction = found.groups()
        thousandths = int((fraction or "").ljust(3, "0"))
        times.append((((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + thousandths) / 1000)
    speaker = "" if actor.lower() in _NO_ACTOR else actor
    piece = Piece(strip_overrides(event["text"]), speaker)
    return WrittenCue(number=number, line=line, start=times[0], end=times[1], pieces=(piece,))


FORMAT = Format(
    description="Advanced SubStation Alpha",
    extensions=(".ass", ".ssa"),
    recognise=lambda head: head.lstrip().lower().startswith("[script info]"),
    read=read,
)
