"""Transcripts of an episode, in the four formats that Podcasting 2.0 names.

Source: https://podcasting2.org/docs/podcast-namespace/documentation/transcripts.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from voxpress import languages
from voxpress.audio.tags import Chapter
from voxpress.marks import srt, vtt
from voxpress.marks.cues import Cue, Shape, find_sentences, make_cues
from voxpress.marks.script import TimedText
from voxpress.publish.podcast.notes import show_time
from voxpress.speech import Seconds

WEBVTT = Shape(width=65, lines=1)
SUBRIP = Shape(width=32, lines=2)


class Said(NamedTuple):
    """What somebody says without a break, as it is heard.

    Attributes:
        speaker: the name; empty: nobody's.
        at: where in the episode it begins.
        language: BCP 47 tag where it is not that of the episode.
    """

    speaker: str
    timed: TimedText
    at: Seconds
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """Everything that is said in an episode, in the order of its beginning.

    Attributes:
        language: BCP 47 tag.
        chapters: headings of the transcript.
    """

    title: str
    said: Sequence[Said]
    language: str = ""
    chapters: Sequence[Chapter] = ()


def write_vtt(transcript: Transcript) -> str:
    """WebVTT, with the speaker in each cue."""
    spoken = sorted(_make_cues(transcript, WEBVTT), key=lambda each: each[1].start)
    cues = (vtt.write_cue(cue.start, cue.end, "\n".join(cue.lines), voice=who) for who, cue in spoken)
    return "WEBVTT\n\n" + "".join(f"{cue}\n" for cue in cues)


def write_srt(transcript: Transcript) -> str:
    """SubRip, with the name where another person speaks."""
    cues = [cue for _, cue in _make_cues(transcript, SUBRIP, named=True)]
    return srt.write_cues(sorted(cues, key=lambda cue: cue.start))


def write_json(transcript: Transcript) -> str:
    """Podcasting 2.0's JSON, with a segment for each sentence."""
    sentences = [
        (each.at + heard.start, each, heard)
        for each in transcript.said
        for heard in find_sentences(each.timed)
    ]
    segments = [
        {
            **({"speaker": each.speaker} if each.speaker else {}),
            "startTime": round(start, 3),
            "endTime": round(each.at + heard.end, 3),
            "body": heard.text,
        }
        for start, each, heard in sorted(sentences, key=itemgetter(0))
    ]
    document = {"version": "1.0.0", "segments": segments}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def write_html(transcript: Transcript) -> str:
    """A page with the speaker and the time of each turn; chapters are headings."""
    language, title = transcript.language, html.escape(transcript.title)
    tongue = f' lang="{html.escape(language)}" dir="{languages.direction(language)}"' if language else ""
    inside = "\n".join(_list_paragraphs(transcript))
    return (
        f'<!DOCTYPE html>\n<html{tongue}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n</head>\n'
        f"<body>\n<main>\n<h1>{title}</h1>\n{inside}\n</main>\n</body>\n</html>\n"
    )


class Format(NamedTuple):
    """A format of transcripts."""

    extension: str
    media_type: str
    write: Callable[[Transcript], str]


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "vtt": Format("vtt", "text/vtt", write_vtt),
        "srt": Format("srt", "application/x-subrip", write_srt),
        "json": Format("json", "application/json", write_json),
        "html": Format("html", "text/html", write_html),
    }
)
"""In the order in which a feed names them."""


def _make_cues(transcript: Transcript, shape: Shape, *, named: bool = False) -> Iterator[tuple[str, Cue]]:
    """Who speaks, and the cues in times of the episode.

    Args:
        named: whether a name stands before the words of another speaker.
    """
    former = ""
    for each, following in zip_longest(transcript.said, transcript.said[1:]):
        name = " ".join(each.speaker.split())
        lead = f"{name}:" if named and name and each.speaker != former else ""
        until = following.at - each.at if following else None
        shift = round(each.at * 1000)
        for cue in make_cues(each.timed, shape, lead=lead, until=until):
            yield each.speaker, Cue(cue.start + shift, cue.end + shift, cue.lines)
        former = each.speaker


def _list_paragraphs(transcript: Transcript) -> Iterator[str]:
    chapters = list(transcript.chapters)
    for each in transcript.said:
        while chapters and chapters[0].start <= each.at:
            yield f"<h2>{html.escape(chapters.pop(0).title)}</h2>"
        if each.speaker:
            yield f"<cite>{html.escape(each.speaker)}:</cite>"
        clock = show_time(each.at)
        yield f'<time datetime="PT{int(each.at)}S">{clock}</time>'
        tongue = (
            f' lang="{html.escape(each.language)}" dir="{languages.direction(each.language)}"'
            if each.language and each.language != transcript.language
            else ""
        )
        yield f"<p{tongue}>{html.escape(each.timed.line, quote=False)}</p>"
