"""Plain text, with headings of chapters as books have them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from voxpress.documents import Block, Chapter, ChapterRole, Document, Format, Place
from voxpress.documents.markdown import read_text
from voxpress.documents.pages.composer import Composer, read_roman
from voxpress.documents.pages.context import find_language
from voxpress.documents.pages.survey import guess_role
from voxpress.errors import InputError

LONGEST_HEADING = 80
"""Characters of a line that can be a heading."""
_LONGEST_ALONE = 60
_WORDS = """
chapter part book act scene section letter canto volume prologue epilogue preface foreword introduction afterword
conclusion appendix contents
kapitel teil buch prolog epilog vorwort einleitung nachwort anhang brief abschnitt inhalt
chapitre partie livre prologue épilogue préface introduction avant-propos conclusion lettre
capítulo parte libro prólogo epílogo prefacio introducción carta capitolo prologo epilogo prefazione introduzione
capítol hoofdstuk deel boek voorwoord inleiding nawoord
rozdział część księga wstęp kapitola část hlava fejezet rész luku osa kapitel del kapittel bok
глава часть книга пролог эпилог предисловие введение послесловие розділ частина
bölüm kısım κεφάλαιο μέρος 제
"""
_NUMBER_WORDS = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
nineteen twenty thirty forty fifty first second third fourth fifth sixth seventh eighth ninth tenth
eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf erste zweite dritte vierte fünfte
erstes zweites drittes viertes fünftes erster zweiter dritter
premier première deux deuxième trois troisième quatre cinq six sept huit neuf dix
primero primera segundo segunda tercero tercera cuarto quinto uno dos tres cuatro cinco seis siete ocho nueve diez
primo seconda secondo terzo quarto quinto due tre quattro cinque sei sette otto nove dieci
первая вторая третья четвёртая пятая
"""
_ALONE = frozenset(
    """prologue epilogue preface foreword introduction afterword conclusion contents prolog epilog vorwort einleitung
    nachwort inhalt épilogue préface avant-propos prólogo epílogo prefacio introducción prologo epilogo prefazione
    introduzione voorwoord inleiding nawoord wstęp пролог эпилог предисловие введение послесловие""".split()  # noqa: SIM905
)
_NUMBER = rf"(?:\d{{1,3}}|[ivxlc]{{1,7}}|(?:{'|'.join(_NUMBER_WORDS.split())})(?:-\w+)?)"
_NAMED = re.compile(
    rf"(?:(?:the )?(?:{'|'.join(_WORDS.split())})\s+(?:the )?{_NUMBER}|{_NUMBER}\.?\s+(?:{'|'.join(_WORDS.split())}))"
    r"\b(?P<title>\s*[.:–—-].*|)",
    re.IGNORECASE,
)
_CJK = re.compile(
    r"第\s*[\d〇零一二三四五六七八九十百千两]{1,7}\s*[章节回卷部篇話话幕集](?:[\s:：、　].*)?|제\s*\d+\s*[장부편].*"
)
_HASH = re.compile(r"(#{1,6})\s+(\S.*)")
_BARE = re.compile(r"(?P<number>[IVXLC]{1,7}|\d{1,3})\.?(?P<title>|\s+[^\W\d_a-z].*)")
_RULE = re.compile(r"[\s*•·⁂∗~#=_—–\-.]{1,80}")
_START = re.compile(r"\*\*\*\s*START OF (?:THE|THIS) PROJECT GUTENBERG.*\*\*\*", re.IGNORECASE)
_END = re.compile(r"\*\*\*\s*END OF (?:THE|THIS) PROJECT GUTENBERG.*\*\*\*", re.IGNORECASE)
_FIELD = re.compile(r"(Title|Author|Language|Release date):\s+(.*)", re.IGNORECASE)
_PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[^\S\n]*\S[^\n]*)*")
_PART = re.compile(
    r"(?:the )?(?:part|book|volume|teil|buch|partie|livre|parte|libro|часть|книга)\b", re.IGNORECASE
)
_LANGUAGES = {
    "english": "en",
    "german": "de",
    "french": "fr",
    "spanish": "es",
    "italian": "it",
    "dutch": "nl",
    "portuguese": "pt",
    "russian": "ru",
    "finnish": "fi",
    "swedish": "sv",
    "chinese": "zh",
    "latin": "la",
}


class _Heading(NamedTuple):
    title: str
    level: int
    role: ChapterRole | None = None


class _Start(NamedTuple):
    """A place in the text where a chapter begins."""

    at: int
    heading: _Heading


def read(path: Path) -> Document:
    """A file of text. Blank lines part paragraphs; a line alone that reads as a heading begins a chapter.

    Raises:
        InputError: it is no text in UTF-8 or UTF-16, or is empty.
    """
    text = _read_text(path)
    if not text.strip():
        raise InputError("is empty", place=str(path))
    starts = list(find_starts(text))
    if not starts or text[: starts[0].at].strip():
        starts = [_Start(0, _Heading("", 1)), *starts]
    ends = [*(start.at for start in starts[1:]), len(text)]
    begun = [
        pair
        for pair in zip(starts, ends, strict=True)
        if pair[0].heading.title or text[pair[0].at : pair[1]].strip()
    ]
    chapters = tuple(
        Chapter(
            title=start.heading.title,
            level=start.heading.level,
            role=start.heading.role or "body",
            place=Place(path.name),
            load=functools.partial(_load, path, start.at, end),
        )
        for start, end in begun
    )
    fields = _find_fields(text)
    return Document(
        title=fields.get("title", ""),
        creators=(fields["author"],) if "author" in fields else (),
        language=find_language(_LANGUAGES.get(fields.get("language", "").lower(), "")),
        published=fields.get("release date", ""),
        path=path,
        chapters=chapters,
    )


def find_starts(text: str) -> Iterator[_Start]:
    """Where chapters begin: at lines that stand alone and read as headings, and around Project Gutenberg's licence."""
    first, last = _START.search(text), _END.search(text)
    if first:
        yield _Start(0, _Heading("Project Gutenberg", 1, "front"))
        yield _Start(first.end(), _Heading("", 1))
    begin, end = first.end() if first else 0, last.start() if last else len(text)
    found = [
        (paragraph.start(), heading)
        for paragraph in _PARAGRAPH.finditer(text, begin, end)
        if (heading := find_heading(paragraph[0]))
    ]
    nested = {heading.level for _, heading in found if not heading.role} == {1, 2}
    for at, heading in found:
        yield _Start(at, heading if nested else heading._replace(level=1))
    if last:
        yield _Start(last.start(), _Heading("Project Gutenberg License", 1, "back"))


def find_heading(paragraph: str) -> _Heading | None:
    r"""What a paragraph says if it is a heading; None: it is none.

    >>> find_heading("CHAPTER I.\nThe Sea").title, find_heading("# Salt").title, find_heading("XIV").title
    ('CHAPTER I. The Sea', 'Salt', 'XIV')
    >>> find_heading("Chapter one was long, and nobody read it to the end."), find_heading("I went home.")
    (None, None)
    """
    lines = [" ".join(line.split()) for line in paragraph.splitlines()]
    line = lines[0]
    if len(lines) > 3 or max(map(len, lines)) > LONGEST_HEADING:
        return None
    if found := _HASH.fullmatch(line):
        return _Heading(found[2], min(len(found[1]), 2)) if len(lines) == 1 else None
    whole = " ".join(lines)
    if found := _NAMED.fullmatch(line):
        return _Heading(whole.strip("_*"), 1 if _PART.match(line) else 2, guess_role(whole))
    if _CJK.fullmatch(line):
        return _Heading(whole, 2)
    alone = line.lower().strip(" .:_*")
    if len(lines) == 1 and (alone in _ALONE or guess_role(line)) and len(line) <= _LONGEST_ALONE:
        return _Heading(line.strip("_*"), 2, guess_role(line))
    found = _BARE.fullmatch(line)
    if found and len(lines) <= 2 and not (found["title"] or "").endswith((".", ",", ";")):
        number = found["number"]
        if (number.isdecimal() or read_roman(number)) and (len(lines) == 1 or not found["title"]):
            return _Heading(whole, 2) if found["title"] == "" or "." in line else None
    return None


def _load(path: Path, begin: int, end: int) -> Sequence[Block]:
    """The blocks between two places of a text."""
    text = _read_text(path)
    blocks = []
    for paragraph in _PARAGRAPH.finditer(text, begin, end):
        place = Place(path.name)
        if _RULE.fullmatch(paragraph[0]):
            blocks.append(Block(kind="break", place=place))
            continue
        heading = find_heading(paragraph[0])
        composer = Composer("")
        composer.add(paragraph[0], paragraph.start(), "")
        if not composer.has_text:
            continue
        done = composer.finish(heading=heading is not None)
        blocks.append(
            Block(
                kind="heading" if heading else "paragraph",
                text=done.text,
                level=heading.level if heading else 0,
                place=place,
                runs=done.runs,
            )
        )
    return blocks


def _find_fields(text: str) -> dict[str, str]:
    """What Project Gutenberg says of a book."""
    found = _START.search(text)
    head = text[: found.start()] if found else ""
    return {field[1].lower(): " ".join(field[2].split("[")[0].split()) for field in _FIELD.finditer(head)}


def _read_text(path: Path) -> str:
    return re.sub(r"\r\n?", "\n", read_text(path))


FORMAT = Format(
    description="plain text with headings of chapters",
    extensions=(".txt", ".text"),
    recognise=lambda head: False,
    read=read,
)
