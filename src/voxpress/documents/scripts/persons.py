"""Scripts with a tag for each turn, as podcastfy writes them: ``<Person1>Hello.</Person1>``."""

from __future__ import annotations

import re
from pathlib import Path

from voxpress.documents.scripts import Format, LeftOut, Names, Script
from voxpress.documents.scripts.composer import Composer
from voxpress.documents.scripts.source import Head, read_head, read_text
from voxpress.errors import InputError

_NAME = r"(?P<name>[^\W\d_](?:[\w .-]{0,38}\w)?)"
_OPEN = re.compile(rf"<{_NAME}>")
_MARK = re.compile(rf"<(?P<end>/?){_NAME}>")
_NUMBERED = re.compile(r"^[ \t]*<(?P<name>(?:Person|Speaker|Host|Guest)[ _]?\d+)>", re.MULTILINE)
"""Something can stand before the first turn."""
_NO_PERSONS_WORDS = """
    speak html xml body head title p s b i em u strong sub sup div span a br h1 h2 h3 ul ol li table script
    style emphasis prosody voice break say-as phoneme lang mark audio scratchpad root svg rss tt
"""

_NO_PERSONS = frozenset(_NO_PERSONS_WORDS.split())


def _recognise(head: str) -> bool:
    found = _OPEN.match(head.lstrip("\ufeff \t\n")) or _NUMBERED.search(head)
    return found is not None and found["name"].lower() not in _NO_PERSONS


def read(path: Path, known: Names) -> Script:
    """A script in which each turn stands between tags that name the speaker.

    Raises:
        InputError: it is no text, has no such tags, or nothing in it is spoken.
    """
    text = read_text(path)
    head = read_head(text.split("\n"), path)
    start = _find_line(text, head)
    persons = _find_persons(text, start)
    if not persons:
        problem = "has no tags that name speakers, such as <Ann>Hello.</Ann>"
        raise InputError(problem, place=str(path))
    composer = Composer(path, head, known)
    line, counted, speaker, begun = head.body, start, "", start

    def add(end: int) -> None:
        """Add what stands before a tag."""
        written = text[begun:end]
        at = line - written.lstrip().count("\n") if written.strip() else line
        if speaker:
            for paragraph, number in _list_paragraphs(written, line - written.count("\n")):
                composer.add(paragraph, number)
        elif written.strip():
            composer.put(LeftOut(text=" ".join(written.split()), line=at))

    for mark in _MARK.finditer(text, start):
        name, closes = mark["name"], bool(mark["end"])
        if name not in persons:
            continue
        line += text.count("\n", counted, mark.start())
        counted = mark.start()
        add(mark.start())
        if closes and name != speaker:
            composer.notes.append(
                f"line {line}: </{name}> ends a turn of {speaker!r}"
                if speaker
                else f"line {line}: </{name}> ends nothing"
            )
        elif speaker and not closes:
            composer.notes.append(f"line {line}: <{name}> begins before </{speaker}>")
        speaker, begun = "" if closes else name, mark.end()
        if speaker:
            composer.begin(speaker, line)
    line += text.count("\n", counted)
    if speaker:
        composer.notes.append(f"line {line}: </{speaker}> is missing at the end")
    add(len(text))
    return composer.finish("write turns such as <Ann>Hello.</Ann>")


def _find_line(text: str, head: Head) -> int:
    """Where the body begins."""
    at = 0
    for _ in range(head.body - 1):
        at = text.find("\n", at) + 1
    return at


def _find_persons(text: str, start: int) -> frozenset[str]:
    """The names of tags that stand in no other one, and of those that differ from one of them by their number."""
    found: set[str] = set()
    others: set[str] = set()
    open_tag = ""
    for mark in _MARK.finditer(text, start):
        name = mark["name"]
        if name.lower() in _NO_PERSONS:
            continue
        others.add(name)
        if mark["end"]:
            open_tag = "" if name == open_tag or name in found else open_tag
        elif not open_tag:
            found.add(name)
            open_tag = name
    stems = {name.rstrip("0123456789") for name in found if name[-1:].isdigit()}
    return frozenset(found | {name for name in others if name.rstrip("0123456789") in stems})


def _list_paragraphs(text: str, line: int) -> list[tuple[str, int]]:
    """The paragraphs of a text, each with its line."""
    found, at = [], 0
    for paragraph in re.split(r"(\n[ \t]*\n\s*)", text):
        if paragraph.strip():
            indent = len(paragraph) - len(paragraph.lstrip())
            found.append((paragraph.strip(), line + text.count("\n", 0, at + indent)))
        at += len(paragraph)
    return found


FORMAT = Format(
    description="a tag for each turn: <Person1>Hello.</Person1>",
    recognise=_recognise,
    read=read,
)
