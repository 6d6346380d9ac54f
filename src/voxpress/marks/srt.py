"""SubRip subtitles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from voxpress.marks.cues import Cue, make_cues
from voxpress.marks.script import TimedText


def write(timed: TimedText) -> str:
    """Numbered cues.

    >>> from voxpress.speech import Mark
    >>> hi = Mark(kind="sentence", text="Hi.", start=0.0, end=1.5, source=(0, 3))
    >>> write(TimedText(text="Hi.", shown="Hi.", duration=1.5, marks=(hi,)))
    '1\\n00:00:00,000 --> 00:00:01,500\\nHi.\\n\\n'
    """
    return write_cues(make_cues(timed))


def write_cues(cues: Iterable[Cue]) -> str:
    """Cues, numbered in their order.

    >>> write_cues([Cue(0, 1500, ("Salt", "& Sea"))])
    '1\\n00:00:00,000 --> 00:00:01,500\\nSalt\\n& Sea\\n\\n'
    """
    return "".join(
        f"{number}\n{show_time(cue.start)} --> {show_time(cue.end)}\n{_escape(cue.lines)}\n\n"
        for number, cue in enumerate(cues, 1)
    )


def _escape(lines: Sequence[str]) -> str:
    """The lines of a cue; an arrow in them would be read as a time."""
    return "\n".join(lines).replace("-->", "-- >")


def show_time(milliseconds: int) -> str:
    """``hours:minutes:seconds,milliseconds``.

    >>> show_time(3_723_004)
    '01:02:03,004'
    """
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{rest:03}"
