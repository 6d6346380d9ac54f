"""FictionBook 2, also in a zip archive."""

from __future__ import annotations

import base64
import binascii
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from voxpress.documents import Cover, Document, Format
from voxpress.documents.archive import Archive
from voxpress.documents.html import read_bytes, read_root
from voxpress.documents.pages import OPS, XLINK, name_of, parse_xml, words_of
from voxpress.errors import InputError

if TYPE_CHECKING:
    from lxml.etree import _Element

_NAMES = {
    "fictionbook": "html",
    "description": "head",
    "binary": "template",
    "stylesheet": "template",
    "epigraph": "blockquote",
    "cite": "blockquote",
    "annotation": "aside",
    "text-author": "p",
    "stanza": "div",
    "v": "p",
    "emphasis": "em",
    "empty-line": "hr",
    "style": "span",
    "date": "span",
}
"""What elements are called in HTML, where they are called otherwise."""


def read(path: Path) -> Document:
    """A FictionBook. The titles of its sections begin chapters.

    Raises:
        InputError: it is no FictionBook, or there is nothing to read.
    """
    root = _read_root(path)
    info = next(root.iter("{*}title-info"), root)
    publishing = next(root.iter("{*}publish-info"), None)
    sequence = next(info.iter("{*}sequence"), None)
    known: dict[str, object] = {
        "title": _find(info, "book-title"),
        "creators": tuple(
            name for each in info if name_of(each) == "author" and (name := _name_author(each))
        ),
        "language": _find(info, "lang"),
        "identifier": _find(next(root.iter("{*}document-info"), info), "id"),
        "publisher": "" if publishing is None else _find(publishing, "publisher"),
        "published": ("" if publishing is None else _find(publishing, "year")) or _find(info, "date"),
        "description": _find(info, "annotation"),
        "series": "" if sequence is None else sequence.get("name") or "",
        "position": "" if sequence is None else sequence.get("number") or "",
        "cover": _find_cover(root, info),
    }
    return read_root(path, functools.partial(_read_again, path), **known)


def _read_again(path: Path) -> _Element:
    return _rename(_read_root(path))


def _read_root(path: Path) -> _Element:
    data = read_bytes(path)
    if data.startswith(b"PK\3\4"):
        archive = Archive(path)
        names = [name for name in archive.names if name.lower().endswith(".fb2")]
        if len(names) != 1:
            raise InputError(f"holds {len(names)} files that end in .fb2, not one", place=str(path))
        data = archive.read(names[0])
    root = parse_xml(data, str(path)).root
    if name_of(root) != "fictionbook":
        raise InputError(f"is <{name_of(root)}>, and no FictionBook", place=str(path))
    return root


def _rename(root: _Element) -> _Element:
    """The tree with the names of HTML, and everything else where it was."""
    root.set("lang", _find(root, "lang"))
    depth: dict[_Element, int] = {}
    for element in list(root.iter("*")):
        name, parent = name_of(element), element.getparent()
        outer = 0 if parent is None else depth[parent]
        depth[element] = outer + (name in ("body", "section"))
        in_notes = outer > 1 and any(each.get("name") == "notes" for each in element.iterancestors("{*}body"))
        if name == "title" and in_notes:
            element.tag = "template"  # its number stands at the reference
        elif name in ("title", "subtitle"):
            element.tag = f"h{min(max(outer, 1) + (name == 'subtitle'), 6)}"
        elif name == "a":
            element.set("href", element.get(f"{{{XLINK}}}href") or "")
            if element.get("type") == "note":
                element.set(f"{{{OPS}}}type", "noteref")
        elif name == "poem":
            element.tag = "div"
            element.set("class", "poem")
        else:
            if (
                name == "section"
                and element.get("id")
                and parent is not None
                and parent.get("name") == "notes"
            ):
                element.set(f"{{{OPS}}}type", "footnote")
            element.tag = _NAMES.get(name, name)
    return root


def _find(element: _Element, name: str) -> str:
    return next((words_of(each) for each in element.iter(f"{{*}}{name}")), "")


def _name_author(author: _Element) -> str:
    parts = [_find(author, name) for name in ("first-name", "middle-name", "last-name")]
    return " ".join(part for part in parts if part) or _find(author, "nickname")


def _find_cover(root: _Element, info: _Element) -> Cover | None:
    page = next(info.iter("{*}coverpage"), None)
    image = None if page is None else next(page.iter("{*}image"), None)
    href = "" if image is None else (image.get(f"{{{XLINK}}}href") or "").lstrip("#")
    for binary in root.iter("{*}binary"):
        if href and binary.get("id") == href:
            try:
                return Cover.of(base64.b64decode("".join((binary.text or "").split())))
            except (binascii.Error, ValueError):
                return None
    return None


FORMAT = Format(
    description="FictionBook 2",
    extensions=(".fb2", ".fbz"),
    recognise=lambda head: b"<FictionBook" in head or (head.startswith(b"PK\3\4") and b".fb2" in head[:300]),
    read=read,
)
