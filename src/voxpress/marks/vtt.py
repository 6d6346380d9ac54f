"""WebVTT subtitles.

Source: https://www.w3.org/TR/webvtt1/. In the text of a cue, ``&``, ``<`` and ``>`` are written as references.
"""

from __future__ import annotations

from voxpress.marks.cues import make_cues
from voxpress.marks.script import TimedText
from voxpress.marks.srt import show_time

_REFERENCES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\u200e": "&lrm;", "\u200f": "&rlm;"})


def write(timed: TimedText) -> str:
    """A header, and cues.

    >>> from voxpress.speech import Mark
    >>> hi = Mark(kind="sentence", text="A & B.", start=0.0, end=1.5, source=(0, 6))
    >>> write(TimedText(text="A & B.", shown="A & B.", duration=1.5, marks=(hi,)))
    'WEBVTT\\n\\n00:00:00.000 --> 00:00:01.500\\nA &amp; B.\\n\\n'
    """
    cues = (write_cue(cue.start, cue.end, "\n".join(cue.lines)) for cue in make_cues(timed))
    return "WEBVTT\n\n" + "".join(f"{cue}\n" for cue in cues)


def write_cue(start: int, end: int, text: str, id: str = "", voice: str = "") -> str:
    """One cue.

    >>> write_cue(0, 1500, "A & B.", "vp-1", "Ann")
    'vp-1\\n00:00:00.000 --> 00:00:01.500\\n<v Ann>A &amp; B.\\n'

    Args:
        start, end: in milliseconds.
        voice: the name of who speaks.
    """
    name = f"{id}\n" if id else ""
    spoken = f"<v {' '.join(voice.split()).translate(_REFERENCES)}>" if voice.strip() else ""
    return f"{name}{_show(start)} --> {_show(end)}\n{spoken}{text.translate(_REFERENCES)}\n"


def _show(milliseconds: int) -> str:
    return show_time(milliseconds).replace(",", ".")
