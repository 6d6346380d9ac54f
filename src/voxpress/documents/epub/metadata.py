"""What the package of an EPUB says of the book, in the ways of EPUB 2, EPUB 3 and Calibre; and its cover."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from voxpress.documents import Cover
from voxpress.documents.epub.package import Item, Package, find_all, is_page
from voxpress.documents.pages import attribute, name_of
from voxpress.documents.pages.context import find_language, read_number
from voxpress.errors import InputError

if TYPE_CHECKING:
    from lxml.etree import _Element

LARGEST_COVER = 1 << 25
"""Bytes."""

_TAG = re.compile(r"<[^>]*>")
_LAST = 1 << 30


class Metadata(TypedDict):
    """Fields of `Document`; what the package does not say is empty."""

    title: str
    subtitle: str
    creators: tuple[str, ...]
    language: str
    identifier: str
    publisher: str
    published: str
    description: str
    rights: str
    series: str
    position: str


class Statement(NamedTuple):
    """What an element of the metadata says.

    Attributes:
        name: of the element, or of the property that it sets.
        id: of the element.
        text: what it says, on one line.
        event: what a date is of, in EPUB 2.
        refined: what other elements say of it.
    """

    name: str
    id: str
    text: str
    event: str
    refined: dict[str, str]


def read_metadata(package: Package) -> Metadata:
    """What is known of a book."""
    said = list_statements(package.root)
    titles, creators = _list(said, "title"), _list(said, "creator")
    identifiers, dates = _list(said, "identifier"), _list(said, "date")
    main = [each for each in titles if each.refined.get("title-type") == "main"] or titles
    subtitles = [each for each in titles if each.refined.get("title-type") == "subtitle"]
    authors = [each for each in creators if each.refined.get("role", "aut") == "aut"] or creators
    unique = package.root.get("unique-identifier")
    named = [each for each in identifiers if each.id == unique] or identifiers
    published = [each for each in dates if each.event == "publication"] or [
        each for each in dates if not each.event
    ]
    series, position = _find_series(said)
    return {
        "title": _first(main),
        "subtitle": _first(subtitles),
        "creators": tuple(dict.fromkeys(each.text for each in authors)),
        "language": next((tag for each in _list(said, "language") if (tag := find_language(each.text))), ""),
        "identifier": _first(named),
        "publisher": _first(_list(said, "publisher")),
        "published": _first(published),
        "description": " ".join(_TAG.sub(" ", _first(_list(said, "description"))).split()),
        "rights": _first(_list(said, "rights")),
        "series": series,
        "position": position,
    }


def list_statements(root: _Element) -> list[Statement]:
    """What a package document says, at any depth of its metadata: OEB 1 had more elements around it."""
    elements = [each for metadata in find_all(root, "metadata") for each in metadata.iter("*")]
    refinements: dict[str, dict[str, str]] = {}
    said = []
    for element in elements:
        refines = (element.get("refines") or "").strip()
        if refines.startswith("#"):
            refinements.setdefault(refines[1:], {}).setdefault(element.get("property") or "", _text(element))
            continue
        name = name_of(element)
        if name == "meta":
            name = element.get("property") or (element.get("name") or "").lower()
        text = " ".join((element.get("content") or "").split()) or _text(element)
        if text:
            refined = {"role": role} if (role := _opf(element, "role")) else {}
            said.append(Statement(name, element.get("id") or "", text, _opf(element, "event"), refined))
    for each in said:
        each.refined.update(refinements.get(each.id, {}))
    return said


def find_cover(package: Package) -> Cover | None:
    """The picture of a book, from any of the places where books name it; what cannot be used is noted."""
    for item in _list_covers(package):
        try:
            cover = Cover.of(package.archive.read(item.name, LARGEST_COVER))
        except InputError as error:
            package.archive.note(f"the cover was left out: {error}")
            continue
        if cover:
            return cover
        package.archive.note(
            f"the cover {item.name} is neither JPEG nor PNG: an audiobook has the one that its outline names"
        )
    return None


def _list_covers(package: Package) -> Iterator[Item]:
    items = package.items
    by_name = {item.name: item for item in items.values()}
    yield from (item for item in items.values() if "cover-image" in item.properties)
    named = [each.text for each in _list(list_statements(package.root), "cover")]
    found = [items.get(text) or by_name.get(package.locate(package.name, text)[0]) for text in named]
    found += [by_name.get(file) for kind, file, _ in package.guide if kind == "cover"]
    for item in found:
        if item and is_page(item):
            yield from _list_pictures(package, item.name, by_name)
        elif item:
            yield item


def _list_pictures(package: Package, name: str, by_name: dict[str, Item]) -> Iterator[Item]:
    """The pictures on a page that holds the cover."""
    try:
        root = package.parse_page(name).root
    except InputError:
        return
    for element in root.iter("{*}img", "{*}image"):
        href = element.get("src") or attribute(element, "xlink:href") or element.get("href") or ""
        picture, _ = package.locate(name, href)
        if picture in by_name:
            yield by_name[picture]


def _find_series(said: Sequence[Statement]) -> tuple[str, str]:
    """The series, and the number in it."""
    for each in _list(said, "belongs-to-collection"):
        if each.refined.get("collection-type", "series") == "series":
            return each.text, each.refined.get("group-position", "")
    position = _first(_list(said, "calibre:series_index"))
    return _first(_list(said, "calibre:series")), re.sub(r"\.0+$", "", position)


def _list(said: Sequence[Statement], name: str) -> list[Statement]:
    """The statements of a name, in the order to show them."""
    found = [each for each in said if each.name == name]
    return sorted(found, key=lambda each: read_number(each.refined.get("display-seq", ""), _LAST))


def _first(said: Sequence[Statement]) -> str:
    return said[0].text if said else ""


def _text(element: _Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _opf(element: _Element, name: str) -> str:
    return (element.get(f"{{http://www.idpf.org/2007/opf}}{name}") or element.get(name) or "").strip()
