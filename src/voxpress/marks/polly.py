"""Amazon Polly's speech marks: a JSON object for each sentence, word and bookmark, one a line.

Source: Amazon Polly Developer Guide, "Speech Marks". `start` and `end` count bytes of the text in UTF-8.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from voxpress.marks.script import TimedText
from voxpress.speech import Mark

_TYPES = {"sentence": "sentence", "word": "word", "bookmark": "ssml"}


def write(timed: TimedText) -> str:
    """Lines in the order of their times.

    >>> hi = Mark(kind="word", text="hi", start=0.25, end=0.5, source=(2, 4))
    >>> write(TimedText(text="É hi", shown="É hi", duration=0.5, marks=(hi,)))
    '{"time":250,"type":"word","start":3,"end":5,"value":"hi"}\\n'
    """
    text = timed.text
    wide = [i for i, char in enumerate(text) if char > "\x7f"]
    extra = [0]
    for i in wide:
        extra.append(extra[-1] + len(text[i].encode("utf-8", "replace")) - 1)

    def count_bytes(place: int) -> int:
        return place + extra[bisect_left(wide, place)]

    def line(mark: Mark) -> bytes:
        facts: dict[str, object] = {"time": round(mark.start * 1000), "type": _TYPES[mark.kind]}
        value = mark.text
        if mark.source is not None:
            start, end = mark.source
            facts["start"], facts["end"] = count_bytes(start), count_bytes(end)
            value = text[start:end] if mark.kind != "bookmark" else value
        return msgspec.json.encode({**facts, "value": value})

    return "".join(
        line(mark).decode() + "\n"
        for mark in sorted(timed.marks, key=lambda mark: mark.start)
        if mark.kind in _TYPES
    )
