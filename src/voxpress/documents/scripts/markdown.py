"""Scripts in Markdown or plain text: ``**Ann:** Hello.``, or ``Ann: Hello.``.

Front matter in YAML is the head, headings begin chapters, and a line such as ``---`` is a pause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from voxpress.documents.scripts import Format, Heading, LeftOut, Names, Pause, Script
from voxpress.documents.scripts.composer import Composer
from voxpress.documents.scripts.source import read_head, read_text
from voxpress.documents.scripts.speakers import Cue, find_cue, find_speakers, find_unusual
from voxpress.documents.text import find_heading
from voxpress.speech import Seconds

SCENE_BREAK: Seconds = 2.0
"""The pause that a line such as ``---`` is."""

_HEADING = re.compile(r"[ \t]{0,3}(?P<signs>#{1,6})[ \t]+(?P<title>\S.*)")
_UNDERLINE = re.compile(r"[ \t]{0,3}={3,}[ \t]*")
_RULE = re.compile(r"[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|⁂[ \t]*)")
_FENCE = re.compile(r"[ \t]{0,3}(```+|~~~+)")
_DEFINITION = re.compile(r"[ \t]{0,3}\[[^\]\n]{1,60}\]:[ \t]*(?:<|https?:|mailto:|[^\s:]+\.[^\s:]+$)")
_VOICE = re.compile(r":::[ \t]*(?:\{[^{}]*\bvoice=[\"']?(?P<name>[^\"'{}]+)[\"']?[^{}]*\})?[ \t]*")
_CLOSING = "])*_】）"
_EMPHASIS = re.compile(r"\\(?=[][*_])|(?<!\\)(?:\*{1,3}|__)(?=\S)|(?<=\S)(?:\*{1,3}|__)")


_PICTURE = re.compile(r"!\[[^\]\n]{0,300}\](?:\([^()\n]{0,2000}\)|\[[^\]\n]{0,300}\])")
_LINK = re.compile(r"\[([^\]\n]{1,300})\](?:\([^()\n]{0,2000}\)|\[[^\]\n]{0,300}\])")


class _Line(NamedTuple):
    """A line of a script.

    Attributes:
        text: empty: the line is blank, or holds something else.
        item: what stands on it and is no speech.
        voice: the speaker of what follows.
    """

    number: int
    text: str = ""
    cue: Cue | None = None
    item: Heading | Pause | LeftOut | None = None
    voice: str | None = None


def read(path: Path, known: Names) -> Script:
    """A script in Markdown or plain text.

    Raises:
        InputError: it is no text, its head is no YAML, or nothing in it is spoken.
    """
    written = _hide_comments(read_text(path)).split("\n")
    head = read_head(written, path)
    composer = Composer(path, head, known)
    lines = list(_list_lines(written, head.body, find_unusual(composer.cast)))
    paragraphs = sum(bool(line.text) and not before.text for before, line in pairwise([_Line(0), *lines]))
    verdict = find_speakers([line.cue for line in lines if line.cue], composer.cast, paragraphs)
    composer.notes += verdict.notes
    paragraph: list[str] = []
    begun = 0
    for place, line in enumerate(lines):
        cue = line.cue if line.cue and line.cue.key in verdict else None
        heading = _find_chapter(lines, place) if line.cue and not cue else None
        if line.text and not cue and not heading:
            begun = begun if paragraph else line.number
            paragraph.append(line.text)
            continue
        if paragraph:
            composer.add("\n".join(paragraph), begun)
            paragraph = []
        if cue and cue.key in verdict.directions:
            composer.direct(f"{cue.name}: {cue.rest}", line.text.strip(), line.number)
        elif cue:
            composer.begin(verdict.speakers[cue.key], line.number, cue.directions)
            if cue.time:
                composer.put(LeftOut(text=cue.time, line=line.number))
            if cue.rest.strip():
                paragraph, begun = [cue.rest], line.number
        elif item := heading or line.item:
            composer.put(item)
        elif line.voice is not None:
            composer.begin(line.voice, line.number)
    if paragraph:
        composer.add("\n".join(paragraph), begun)
    return composer.finish()


def _list_lines(written: Sequence[str], body: int, unusual: tuple[str, ...]) -> Iterator[_Line]:
    fence, fenced = "", 0
    starts = True
    for number in range(body, len(written) + 1):
        text = written[number - 1]
        if found := _FENCE.match(text):
            if not fence:
                fence, fenced = found[1], number
                continue
            if found[1].startswith(fence):
                yield _Line(fenced, item=LeftOut(text=written[fenced - 1].strip(), line=fenced))
                fence = ""
                continue
        if fence:
            continue
        following = written[number] if number < len(written) else ""
        if text.strip() and _UNDERLINE.fullmatch(following) and not find_cue(text, number, unusual=unusual):
            yield _Line(number, item=Heading(title=_to_title(text), line=number))
            starts = True
        elif _UNDERLINE.fullmatch(text) or not text.strip():
            yield _Line(number)
            starts = True
        elif found := _HEADING.fullmatch(text):
            title = _to_title(found["title"].rstrip().rstrip("#"))
            heading = Heading(title=title, level=len(found["signs"]), line=number)
            yield _Line(number, item=heading if title else LeftOut(text=text.strip(), line=number))
            starts = True
        elif _RULE.fullmatch(text):
            yield _Line(number, item=Pause(duration=SCENE_BREAK, line=number))
            starts = True
        elif found := _VOICE.fullmatch(text):
            yield _Line(number, voice=(found["name"] or "").strip())
            starts = True
        elif _DEFINITION.match(text):
            yield _Line(number, item=LeftOut(text=text.strip(), line=number))
        else:
            cue = find_cue(text, number, starts=starts, unusual=unusual)
            yield _Line(number, text, cue)
            # A line that can be a direction ends what was said before.
            starts = cue is not None or text.rstrip()[-1:] in _CLOSING
    if fence:
        yield _Line(fenced, item=LeftOut(text=written[fenced - 1].strip(), line=fenced))


def _find_chapter(lines: Sequence[_Line], place: int) -> Heading | None:
    """The heading that a line such as ``Chapter 3: The Sea`` is, where it stands alone."""
    before = lines[place - 1].text if place else ""
    after = lines[place + 1].text if place + 1 < len(lines) else ""
    line = lines[place]
    found = None if before or after else find_heading(line.text.strip())
    return Heading(title=found.title, level=found.level, line=line.number) if found else None


def _to_title(written: str) -> str:
    words = _LINK.sub(r"\1", _PICTURE.sub("", written)).replace("`", "")
    return " ".join(_EMPHASIS.sub("", words).split())


def _hide_comments(text: str) -> str:
    """A text without comments; its lines keep their numbers."""
    kept: list[str] = []
    at = 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin + 4)) >= 0:
        kept += [text[at:begin], "\n" * text.count("\n", begin, end)]
        at = end + 3
    return "".join([*kept, text[at:]])


FORMAT = Format(
    description="Markdown or plain text: **Ann:** Hello.",
    extensions=(".md", ".markdown", ".txt", ".text", ".script"),
    recognise=lambda head: False,
    read=read,
)
