"""Screenplays and audio dramas in Fountain (https://fountain.io/syntax).

Scene headings and sections begin chapters. Action is left out, or read by the narrator where the title page says
``Action: read``; directions of voxpress in it count. Notes, boneyard and synopses are not part of a script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from voxpress.documents.scripts import TOGETHER, Format, Heading, LeftOut, Names, Script
from voxpress.documents.scripts.brackets import has_words
from voxpress.documents.scripts.composer import Composer
from voxpress.documents.scripts.directions import Manner, read_direction
from voxpress.documents.scripts.source import Head, read_head, read_text
from voxpress.documents.scripts.speakers import fold

_HIDDEN = re.compile(r"/\*|\[\[")
_ENDS = {"/*": "*/", "[[": "]]"}
_FIELD = re.compile(r"(?P<name>[^\W\d_][\w ]{0,38}):[ \t]*(?P<value>.*)")
_SCENE = re.compile(r"(?:INT|EXT|EST|INT\.?/EXT|EXT\.?/INT|I/E)[. ].*|\.(?=[^.\s]).*", re.IGNORECASE)
_SCENE_NUMBER = re.compile(r"[ \t]*#[^#\n]{1,40}#[ \t]*$")
_SECTION = re.compile(r"(?P<signs>#{1,6})[ \t]*(?P<title>[^#\s].*)")
_TRANSITION = re.compile(r">(?!.*<[ \t]*$).*|[A-Z][A-Z .,'-]{0,60} TO:|FADE (?:IN|OUT|TO BLACK)[:.]?")
_CHARACTER = re.compile(r"(?P<name>[^()^]+?)[ \t]*(?P<asides>(?:\([^()]{0,100}\)[ \t]*)*)(?P<dual>\^?)[ \t]*")
_ASIDE = re.compile(r"\(([^()]*)\)")
_EMPHASIS = re.compile(r"\*{1,3}|_")
_READ = ("read", "yes", "true", "narrator")


def _recognise(head: str) -> bool:
    return re.search(r"(?:\A|\n[ \t]*\n)(?:INT|EXT)\. ", head) is not None


def read(path: Path, known: Names) -> Script:
    """A script in Fountain.

    Raises:
        InputError: it is no text, or nothing in it is spoken.
    """
    written = read_text(path).split("\n")
    head = read_head(written, path)
    shown = _hide("\n".join(written)).split("\n")
    if head.body == 1:
        head = _read_title_page(shown)
    # A line that only had a note on it does not end a speech.
    lines = [
        (number, line.rstrip() if line.strip() else line)
        for number, (line, before) in enumerate(zip(shown, written, strict=True), 1)
        if number >= head.body and (line.strip() or not before.strip())
    ]
    _Reader(composer := Composer(path, head, known), lines).read()
    return composer.finish("put a name in capitals above each speech, or Action: read on the title page")


class _Reader:
    """Reads the body of a script, block by block."""

    def __init__(self, composer: Composer, lines: Sequence[tuple[int, str]]) -> None:
        self._composer, self._lines = composer, lines
        self._names = {fold(name): name for name in composer.cast}
        self._reads = str(composer.head.values.get("action", "")).lower() in _READ
        self._section = 0
        self._turns = 0

    def read(self) -> None:
        at = 0
        while at < len(self._lines):
            end = at
            while end < len(self._lines) and self._lines[end][1]:
                end += 1
            if end > at:
                self._read_block(self._lines[at:end])
            at = end + 1

    def _read_block(self, block: Sequence[tuple[int, str]]) -> None:
        """Lines without a blank one between them."""
        line, first = block[0][0], block[0][1].strip()
        if found := _SECTION.fullmatch(first):
            self._section = len(found["signs"])
            self._composer.put(Heading(title=_plain(found["title"]), level=self._section, line=line))
        elif _SCENE.fullmatch(first):
            title = _plain(_SCENE_NUMBER.sub("", first.removeprefix(".")))
            self._composer.put(Heading(title=title, level=self._section + 1, line=line))
        elif first.startswith("=") or not has_words(first):
            pass
        elif _TRANSITION.fullmatch(first):
            self._composer.put(LeftOut(text=first, line=line))
        elif len(block) > 1 and (found := self._find_character(first)):
            self._read_speech(found, block)
            return
        else:
            self._read_action(block)
            return
        if block[1:]:
            self._read_block(block[1:])

    def _find_character(self, written: str) -> re.Match[str] | None:
        forced = written.startswith("@")
        found = _CHARACTER.fullmatch(written.removeprefix("@"))
        if not found or written.startswith(("!", "~", ">", "[")) or not has_words(found["name"]):
            return None
        name = found["name"]
        return found if forced or (name == name.upper() != name.lower()) else None

    def _read_speech(self, character: re.Match[str], block: Sequence[tuple[int, str]]) -> None:
        line = block[0][0]
        name = self._names.setdefault(fold(character["name"]), character["name"].strip())
        dual = character["dual"] and self._turns
        manner = Manner(gap=TOGETHER) if dual else None
        self._composer.begin(name, line, _ASIDE.findall(character["asides"]), manner)
        self._turns += 1
        speech: list[str] = []
        begun = aside_line = 0
        aside = ""
        for number, text in block[1:]:
            bare = text.strip()
            if aside or (bare.startswith("(") and (bare.endswith(")") or ")" not in bare)):
                if speech:
                    self._composer.add("\n".join(speech), begun, spoken=True)
                    speech = []
                aside, aside_line = (f"{aside} {bare}", aside_line) if aside else (bare, number)
                if bare.endswith(")"):
                    self._composer.direct(aside[1:-1], aside, aside_line)
                    aside = ""
                continue
            begun = begun if speech else number
            speech.append(bare.removeprefix("~").strip())
        if aside:
            self._composer.put(LeftOut(text=aside, line=aside_line))
        if speech:
            self._composer.add("\n".join(speech), begun, spoken=True)

    def _read_action(self, block: Sequence[tuple[int, str]]) -> None:
        line = block[0][0]
        text = "\n".join(text.strip().removeprefix("!").strip("> <") for _, text in block)
        if text[0] == "[" and text[-1] == "]" and read_direction(text[1:-1], self._composer.sounds):
            self._composer.direct(text[1:-1], text, line)
        elif self._reads:
            self._composer.begin("", line)
            self._composer.add(text, line, spoken=True)
            self._turns += 1
        else:
            self._composer.put(LeftOut(text=" ".join(text.split()), line=line))


def _read_title_page(lines: Sequence[str]) -> Head:
    """The fields before the first blank line, with their names in small letters.

    >>> _read_title_page(["Title: Salt", "Author:", "    Ann Lee", "", "EXT. SEA"])
    Head(values={'title': 'Salt', 'author': 'Ann Lee'}, body=5)
    """
    begin = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    end = next((number for number in range(begin, len(lines)) if not lines[number].strip()), len(lines))
    values: dict[str, list[str]] = {}
    name = ""
    for line in lines[begin:end]:
        found = _FIELD.fullmatch(line)
        if found and not _TRANSITION.fullmatch(line.strip()):
            name = found["name"].strip().lower()
            values[name] = [found["value"]]
        elif name and line[:1] in " \t":
            values[name].append(line)
        else:
            return Head({}, 1)
    if not values:
        return Head({}, 1)
    return Head({name: _plain(" ".join(given)) for name, given in values.items()}, end + 2)


def _hide(text: str) -> str:
    """A text without notes and boneyard; its lines keep their numbers."""
    kept: list[str] = []
    at = 0
    for found in _HIDDEN.finditer(text):
        if found.start() < at:
            continue
        end = text.find(_ENDS[found[0]], found.end())
        if found[0] == "[[" and end >= 0 and "\n\n" in text[found.end() : end]:
            end = -1
        if end < 0:
            continue
        kept += [text[at : found.start()], "\n" * text.count("\n", found.start(), end)]
        at = end + 2
    return "".join([*kept, text[at:]])


def _plain(text: str) -> str:
    return " ".join(_EMPHASIS.sub("", text).split())


FORMAT = Format(
    description="Fountain: screenplays and audio dramas",
    extensions=(".fountain", ".spmd"),
    recognise=_recognise,
    read=read,
    own_head=False,
)
