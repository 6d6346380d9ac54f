"""Captions of a video whose picture is held: the same file with other times."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from voxpress.documents.subtitles import FORMATS, Subtitles, srt, vtt
from voxpress.documents.subtitles.encodings import decode
from voxpress.errors import InputError
from voxpress.files import atomic
from voxpress.marks.srt import show_time
from voxpress.speech import Seconds

_SYNTAX = {"srt": srt, "vtt": vtt}
"""What reads the formats whose times can be moved."""


def place_moved(captions: Subtitles, video: Path, given: Path | None = None) -> Path:
    """Where captions go whose times are moved: beside the video, if nothing else is given.

    Raises:
        InputError: the times of their format cannot be moved, or the file would have the ending of another one.
    """
    if captions.format not in _SYNTAX:
        raise InputError(
            f"times of {captions.format} cannot be moved: convert it to SRT or WebVTT",
            place=str(captions.path),
        )
    endings = FORMATS[captions.format].extensions
    if given is not None and given.suffix.lower() not in endings:
        problem = (
            f"{given}: the captions stay {captions.format}: the extension must be {' or '.join(endings)}"
        )
        raise InputError(problem, field="moved-captions")
    return given or video.with_suffix(f".{captions.format}")


def write_moved(
    captions: Subtitles, target: Path, move: Callable[[Seconds], Seconds], encoding: str | None = None
) -> None:
    """Write captions with other times; all else stays as it is.

    Raises:
        StoreError: the file cannot be written.
    """
    text = decode(captions.path.read_bytes(), encoding)
    atomic.write(target, move_times(text, move, captions.format).encode())


def move_times(text: str, move: Callable[[Seconds], Seconds], format: str = "vtt") -> str:
    """The text of a file of captions with other times: of its cues, and of WebVTT's tags within their text.

    >>> move_times("00:01.000 --> 00:02.500 line:0\\nAt 00:01.000 <00:02.000>sharp", lambda at: at + 1)
    '00:00:02.000 --> 00:00:03.500 line:0\\nAt 00:01.000 <00:00:03.000>sharp'
    """
    syntax = _SYNTAX[format]
    stamp = re.compile(syntax.STAMP, re.ASCII)
    tag = re.compile(f"(?<=<){syntax.STAMP}(?=>)" if format == "vtt" else r"(?!)", re.ASCII)

    def shift(found: re.Match[str]) -> str:
        shown = show_time(round(move(syntax.read_stamp(*found.groups())) * 1000))
        return shown if format == "srt" else shown.replace(",", ".")

    return "\n".join(
        stamp.sub(shift, line, count=2) if syntax.TIMES.match(line) else tag.sub(shift, line)
        for line in text.split("\n")
    )
