"""HTML: an article, or a book in one page."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

from voxpress.documents import Block, Document, Format
from voxpress.documents.pages import (
    LARGEST_PAGE,
    attribute,
    decode_page,
    is_xml,
    name_of,
    number_elements,
    parse_html,
    parse_page,
    words_of,
)
from voxpress.documents.pages.chapters import Part, Surveyed, list_chapters
from voxpress.documents.pages.contents import Contents
from voxpress.documents.pages.context import Reading, Span, find_language
from voxpress.documents.pages.elements import read_blocks
from voxpress.documents.pages.survey import survey_page
from voxpress.documents.pages.vocabulary import LEFT_OUT, is_hidden, is_navigation
from voxpress.errors import InputError, LeftOut

if TYPE_CHECKING:
    from lxml.etree import _Element


def read(path: Path) -> Document:
    """A page of HTML or XHTML. Its headings begin chapters; what belongs to the site around it is left out.

    Raises:
        InputError: it is no text, or there is nothing to read.
    """
    return read_root(path, functools.partial(read_page, path))


def read_page(path: Path) -> _Element:
    """The tree of a file.

    Raises:
        InputError: it cannot be read.
    """
    data = read_bytes(path)
    text = decode_page(data, str(path))
    return (parse_page(data, str(path)) if is_xml(text) else parse_html(text, str(path))).root


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of text.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_PAGE + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
    if len(data) > LARGEST_PAGE:
        raise InputError(f"is larger than {LARGEST_PAGE:,} bytes", place=str(path))
    return data


def read_root(path: Path, parse: functools.partial[_Element], **known: object) -> Document:
    """The document in a tree.

    Args:
        parse: makes the tree, now and whenever a chapter is read.
        known: fields of the document that something beside the tree says.

    Raises:
        InputError: there is nothing to read.
    """
    root = parse()
    content = find_content(root)
    span = _find_span(root, content)
    language = find_language(attribute(root, "xml:lang") or root.get("lang") or _find_meta(root, "language"))
    reading = make_reading(path.name, language)
    survey = survey_page(root, reading, ())
    elements = list(root.iter("*"))
    inside = frozenset((root if content is None else content).iter("*"))
    survey.headings = [
        heading
        for heading in survey.headings
        if elements[heading[0]] in inside and not _is_left_out(elements[heading[0]])
    ]
    leads = [words for _, level, words in survey.headings if level == 1 and words]
    title = (leads[0] if len(leads) == 1 else "") or _find_meta(root, "og:title") or survey.title
    survey.title = title

    def load(parts: Sequence[Part]) -> functools.partial[Sequence[Block]]:
        spans = [
            Span(
                span.begin if part.span.begin is None else part.span.begin,
                span.end if part.span.end is None else part.span.end,
            )
            for part in parts
        ]
        return functools.partial(_load, parse, path.name, language, frozenset(survey.references), spans)

    notes: dict[str, None] = {}
    chapters = list_chapters([Surveyed(path.name, survey)], Contents(), load, notes.setdefault)
    if not any(chapter.load() for chapter in chapters):
        raise LeftOut("has no words to read", path=str(path))
    for problem, count in survey.left_out.items():
        notes[f"left out: {count} × {problem}"] = None
    fields: dict[str, object] = {
        "title": title,
        "creators": tuple(dict.fromkeys(_find_authors(root))),
        "language": language,
        "identifier": next(
            (link.get("href") or "" for link in root.iter("{*}link") if link.get("rel") == "canonical"), ""
        ),
        "publisher": _find_meta(root, "og:site_name"),
        "published": _find_meta(root, "article:published_time", "date", "dc.date"),
        "description": _find_meta(root, "description", "og:description"),
        **{name: value for name, value in known.items() if value},
    }
    return Document(path=path, chapters=chapters, notes=tuple(notes), **fields)  # type: ignore[arg-type]


def make_reading(file: str, language: str, notes: AbstractSet[str] = frozenset()) -> Reading:
    """What is known of a page that stands alone."""
    return Reading(
        file=file,
        language=language,
        notes=notes,
        resolve=lambda href: f"{file}{href.strip()}" if href.strip().startswith("#") else "",
        site=True,
    )


def find_content(root: _Element) -> _Element | None:
    """The element that holds what a page is about; None: the page does not say it.

    >>> page = parse_html("<body><header>Site</header><main><h1>Salt</h1></main>", "page.html")
    >>> find_content(page.root).tag
    'main'
    """
    mains = [each for each in root.iter("*") if name_of(each) == "main" or each.get("role") == "main"]
    mains = [each for each in mains if not is_hidden(each)]
    main = mains[0] if len(mains) == 1 else None
    articles = list((root if main is None else main).iter("{*}article"))
    if len(articles) == 1:
        within = next(articles[0].iter("{*}h1"), None) is not None
        if within or main is None or next(main.iter("{*}h1"), None) is None:
            return articles[0]
    return main


def _load(
    parse: functools.partial[_Element],
    file: str,
    language: str,
    notes: AbstractSet[str],
    spans: Sequence[Span],
) -> Sequence[Block]:
    root = parse()
    reading = make_reading(file, language, notes)
    return [block for span in spans for block in read_blocks(root, reading, span)]


def _find_span(root: _Element, content: _Element | None) -> Span:
    """The part of a page that an element is."""
    if content is None:
        return Span()
    numbers = number_elements(root)
    last = next(itertools.islice(content.iter("*"), sum(1 for _ in content.iter("*")) - 1, None))
    after = numbers[last] + 1
    return Span(numbers[content], after if after < len(numbers) else None)


def _is_left_out(element: _Element) -> bool:
    """Whether an element is not read, because something around it is not."""
    return any(
        name_of(each) in LEFT_OUT or is_navigation(each) or is_hidden(each)
        for each in (element, *element.iterancestors())
    )


def _find_meta(root: _Element, *names: str) -> str:
    for name in names:
        for element in root.iter("{*}meta"):
            named = ((element.get("name") or "").lower(), (element.get("property") or "").lower())
            if name in named and (content := " ".join((element.get("content") or "").split())):
                return content
    return ""


def _find_authors(root: _Element) -> list[str]:
    named = [
        " ".join((each.get("content") or "").split())
        for each in root.iter("{*}meta")
        if (each.get("name") or "").lower() in ("author", "dc.creator", "citation_author")
    ]
    linked = [words_of(each) for each in root.iter("{*}a") if "author" in (each.get("rel") or "").split()]
    return [name for name in named or linked if name]


def _recognise(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return text.startswith((b"<!doctype html", b"<html")) or (text.startswith(b"<?xml") and b"<html" in text)


FORMAT = Format(
    description="HTML and XHTML",
    extensions=(".html", ".htm", ".xhtml"),
    recognise=_recognise,
    read=read,
)
