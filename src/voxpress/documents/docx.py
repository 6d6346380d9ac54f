"""Documents of Word (DOCX): headings, lists, tables, footnotes, languages, descriptions of images.

It is read as the page of HTML that `render` makes of it, so `Run.source` and `Place.element` are about that page.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from voxpress.documents import Document, Format
from voxpress.documents.archive import Archive
from voxpress.documents.html import read_root
from voxpress.documents.markdown import parse_root
from voxpress.documents.pages import OPS, name_of, parse_xml, words_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_NOTES = ("footnote", "endnote")
_TRANSPARENT_NAMES = """
sdt sdtcontent ins hyperlink smarttag customxml fldsimple alternatecontent choice dir bdo moveto
"""
_TRANSPARENT = frozenset(_TRANSPARENT_NAMES.split())
"""Elements whose content counts as if they were not there."""


class _Style(NamedTuple):
    level: int
    """Of a heading; 0: it is none."""
    language: str


def read(path: Path) -> Document:
    """A document of Word. Its headings begin chapters.

    Raises:
        InputError: it is no DOCX, or there is nothing to read.
    """
    archive = Archive(path)
    core = _parse(archive, "docProps/core.xml")
    fields = {} if core is None else {name_of(each): words_of(each) for each in core}
    creators = [name.strip() for name in re.split("[;,]", fields.get("creator", "")) if name.strip()]
    return read_root(
        path,
        functools.partial(parse_root, render(archive), str(path)),
        title=fields.get("title"),
        creators=tuple(creators),
        published=fields.get("created"),
        description=fields.get("description"),
    )


def render(archive: Archive) -> str:
    """The page of HTML that a document is.

    Raises:
        InputError: the archive holds no document of Word.
    """
    root = parse_xml(archive.read("word/document.xml"), f"{archive.path}: word/document.xml").root
    styles = _read_styles(archive)
    body = "".join(_render_blocks(root, styles))
    for kind in _NOTES:
        notes = _parse(archive, f"word/{kind}s.xml")
        for note in () if notes is None else notes.iter(f"{_WORD}{kind}"):
            if not note.get(f"{_WORD}type"):
                name = html.escape(note.get(f"{_WORD}id") or "")
                inner = "".join(_render_blocks(note, styles))
                body += f'<aside epub:type="footnote" id="{kind}-{name}">{inner}</aside>'
    language = styles[""].language
    return f'<html xmlns:epub="{OPS}" lang="{html.escape(language)}"><body>{body}</body></html>'


def _parse(archive: Archive, name: str) -> _Element | None:
    found = archive.find(name)
    return parse_xml(archive.read(found), f"{archive.path}: {name}").root if found else None


def _read_styles(archive: Archive) -> Mapping[str, _Style]:
    """The styles by their ids; what holds without a style has an empty one."""
    root = _parse(archive, "word/styles.xml")
    found: dict[str, _Style] = {"": _Style(0, "")}
    if root is None:
        return found
    for style in root.iter(f"{_WORD}style"):
        name = _value(style, "name")
        heading = _HEADING.fullmatch(name)
        level = int(heading[1]) if heading else 1 if name.lower() == "title" else 0
        outline = _value(style, "outlineLvl")
        if not level and outline.isdecimal() and int(outline) < 6:
            level = int(outline) + 1
        found[style.get(f"{_WORD}styleId") or "?"] = _Style(level, "")
    defaults = next(root.iter(f"{_WORD}docDefaults"), None)
    return {**found, "": _Style(0, "" if defaults is None else _value(defaults, "lang"))}


def _value(element: _Element, name: str) -> str:
    found = next(element.iter(f"{_WORD}{name}"), None)
    return "" if found is None else (found.get(f"{_WORD}val") or "")


def _render_blocks(parent: _Element, styles: Mapping[str, _Style]) -> Iterator[str]:
    """Paragraphs and tables in an element."""
    for element in parent:
        name = name_of(element)
        if name == "p":
            yield _render_paragraph(element, styles)
        elif name == "tbl":
            rows = (_render_row(row, styles) for row in _list_own(element, "tr", "tbl"))
            yield f"<table>{''.join(rows)}</table>"
        elif name in _TRANSPARENT or name == "body":
            yield from _render_blocks(element, styles)


def _render_row(row: _Element, styles: Mapping[str, _Style]) -> str:
    cell = "th" if _is_on(row.find(f"{_WORD}trPr"), "tblHeader") else "td"
    inner = ("".join(_render_blocks(each, styles)) for each in _list_own(row, "tc", "tr"))
    return f"<tr>{''.join(f'<{cell}>{each}</{cell}>' for each in inner)}</tr>"


def _list_own(parent: _Element, name: str, kind: str) -> Iterator[_Element]:
    """The elements of a name in an element, but not those in others of its kind within: tables stand in tables."""
    return (
        each for each in parent.iter(f"{_WORD}{name}") if next(each.iterancestors(f"{_WORD}{kind}")) is parent
    )


def _is_on(settings: _Element | None, name: str) -> bool:
    """Whether a setting is there, and does not say that it is off."""
    found = None if settings is None else settings.find(f"{_WORD}{name}")
    return found is not None and found.get(f"{_WORD}val", "true").lower() not in ("0", "false", "off")


def _render_paragraph(paragraph: _Element, styles: Mapping[str, _Style]) -> str:
    words = "".join(_render_words(paragraph))
    settings = next((each for each in paragraph if name_of(each) == "ppr"), None)
    style = "" if settings is None else _value(settings, "pStyle")
    level = styles.get(style, styles[""]).level
    if level:
        return f"<h{min(level, 6)}>{words}</h{min(level, 6)}>"
    if settings is not None and next(settings.iter(f"{_WORD}numPr"), None) is not None:
        return f"<ul><li>{words}</li></ul>"
    return f"<p>{words}</p>"


def _render_words(parent: _Element) -> Iterator[str]:
    """What stands on the lines of a paragraph."""
    for element in parent:
        name = name_of(element)
        if name == "r":
            yield _render_run(element)
        elif name in _TRANSPARENT:
            yield from _render_words(element)


def _render_run(run: _Element) -> str:
    settings = next((each for each in run if name_of(each) == "rpr"), None)
    if _is_on(settings, "vanish"):
        return ""
    words = "".join(_render_piece(element) for element in run)
    language = "" if settings is None else _value(settings, "lang")
    return f'<span lang="{html.escape(language)}">{words}</span>' if words and language else words


def _render_piece(element: _Element) -> str:
    name = name_of(element)
    match name:
        case "t":
            return html.escape(element.text or "", quote=False)
        case "tab" | "cr":
            return " "
        case "nobreakhyphen":
            return "\u2011"
        case "br" if element.get(f"{_WORD}type") is None:
            return "<br>"
        case "drawing" | "pict":
            described = next(
                (each.get("descr") for each in element.iter("{*}docPr") if each.get("descr")), ""
            )
            return f'<img alt="{html.escape(described or "")}">'
        case "footnotereference" | "endnotereference":
            note = html.escape(element.get(f"{_WORD}id") or "")
            return f'<a epub:type="noteref" href="#{name.removesuffix("reference")}-{note}">{note}</a>'
        case "alternatecontent" | "choice":
            return "".join(_render_piece(each) for each in element)
    return ""


FORMAT = Format(
    description="documents of Word",
    extensions=(".docx",),
    recognise=lambda head: head.startswith(b"PK\3\4") and b"[Content_Types].xml" in head and b"word/" in head,
    read=read,
)
