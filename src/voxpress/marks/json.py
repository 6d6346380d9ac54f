"""JSON: the text, the duration and all marks."""

from __future__ import annotations

import msgspec

from voxpress.marks.script import TimedText


def write(timed: TimedText) -> str:
    """One object. `source` is a place in `text`, counted in characters; ``estimated`` marks say so.

    >>> write(TimedText(text="Hi.", shown="Hi.", duration=0.5, marks=()))
    '{"text":"Hi.","duration":0.5,"marks":[]}\\n'
    """
    told = {"text": timed.text, "duration": timed.duration, "marks": timed.marks}
    return msgspec.json.encode(told).decode() + "\n"
