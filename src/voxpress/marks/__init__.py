"""When each word of a clip is heard and where in the text it stands; and the files that say so beside a clip.

`timing` finds the times in a take, `places` the places in the source. Each format of a file is a module with a
function `write`; `cues` cuts sentences into subtitles for those that show them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from voxpress.errors import InputError, show, suggest
from voxpress.marks import json, polly, srt, vtt
from voxpress.marks.places import count_sentences, locate
from voxpress.marks.script import Script, TimedText
from voxpress.marks.timing import time_words
from voxpress.speech import Clip

__all__ = [
    "FORMATS",
    "Format",
    "Script",
    "TimedText",
    "check_formats",
    "identify",
    "lacks_marks",
    "locate",
    "script_of",
    "time_text",
    "time_words",
    "write",
    "write_all",
]

_VERSION = 3
"""Of what the files hold; another one has them written again."""


class Format(msgspec.Struct, frozen=True):
    """A format of files with marks."""

    name: str
    extension: str
    media_type: str
    description: str
    write: Callable[[TimedText], str]


FORMATS: Mapping[str, Format] = {
    each.name: each
    for each in (
        Format("srt", "srt", "application/x-subrip", "subtitles, SubRip", srt.write),
        Format("vtt", "vtt", "text/vtt", "subtitles, WebVTT", vtt.write),
        Format("json", "json", "application/json", "all marks", json.write),
        Format("polly", "marks", "application/x-json-stream", "Amazon Polly's speech marks", polly.write),
    )
}


def check_formats(names: object) -> tuple[str, ...]:
    """Names of formats that were given as a list, each once.

    >>> check_formats(["srt", "json"])
    ('srt', 'json')

    Raises:
        InputError: one is unknown, or they are no list of names.
    """
    if isinstance(names, str | bytes) or not isinstance(names, Sequence):
        raise InputError(f'must be a list of names, such as ["srt"], not {show(names)}', field="marks")
    for name in names:
        if not isinstance(name, str) or name not in FORMATS:
            hint = suggest(str(name), FORMATS)
            raise InputError(f"no format {show(name)}{hint} (formats: {', '.join(FORMATS)})", field="marks")
    return tuple(dict.fromkeys(names))


def time_text(clip: Clip, script: Script) -> TimedText:
    """What is said in a clip, and when."""
    marks = locate(clip.marks, script)
    return TimedText(text=script.text, shown=script.show(), duration=clip.duration, marks=marks)


def write(format: str, timed: TimedText) -> bytes:
    """The bytes of a file with the marks of a text, in a format of `FORMATS`.

    >>> from voxpress.speech import Mark
    >>> hi = Mark(kind="sentence", text="Hi.", start=0.0, end=0.5, source=(0, 3))
    >>> write("polly", TimedText(text="Hi.", shown="Hi.", duration=0.5, marks=(hi,)))
    b'{"time":0,"type":"sentence","start":0,"end":3,"value":"Hi."}\\n'
    """
    return FORMATS[format].write(timed).encode("utf-8", "replace")


def write_all(formats: Iterable[str], clip: Clip, script: Script) -> dict[str, bytes]:
    """Files with the marks of a clip, by their extensions."""
    names = tuple(formats)
    if not names:
        return {}
    timed = time_text(clip, script)
    return {FORMATS[name].extension: write(name, timed) for name in names}


def lacks_marks(clip: Clip, script: Script) -> bool:
    """Whether a clip has no marks of its sentences, because an older voxpress finished it."""
    return sum(mark.kind == "sentence" for mark in clip.marks) != count_sentences(script)


def identify(format: str, clip: str, script: Script) -> str:
    """The digest of all that decides what such a file says.

    Args:
        clip: the clip's key.
    """
    places = [(each.text, list(each.starts), list(each.ends)) for each in script.takes]
    return hashlib.sha256(msgspec.json.encode([_VERSION, format, clip, script.text, places])).hexdigest()


def script_of(clip: Clip) -> Script:
    """The script of a clip whose text is not at hand: the sentences as they were spoken."""
    sentences = [mark.text for mark in clip.marks if mark.kind == "sentence"]
    return Script.of(sentences)
