"""JSON: the text, the duration and all marks."""

from __future__ import annotations

import msgspec

from voxpress.marks.script import Transcript


def write(transcript: Transcript) -> str:
    """One object. `source` is a place in `text`, counted in characters; ``estimated`` marks say so.

    >>> write(Transcript(text="Hi.", shown="Hi.", duration=0.5, marks=()))
    '{"text":"Hi.","duration":0.5,"marks":[]}\\n'
    """
    told = {"text": transcript.text, "duration": transcript.duration, "marks": transcript.marks}
    return msgspec.json.encode(told).decode() + "\n"
