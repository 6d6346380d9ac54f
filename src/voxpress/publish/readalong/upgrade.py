"""From EPUB 2 to EPUB 3: what the newer standard asks for, and nothing else.

The package document gets its version and a navigation document, made from the NCX, which stays. Pages get the document
type of HTML. Names that HTML has given up become those of today. Of attributes, alignment, size and background become
style; others, such as fonts and borders of tables, are gone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import quote

from voxpress.documents import Document
from voxpress.documents.archive import relate
from voxpress.documents.pages.contents import Contents, Entry
from voxpress.errors import InputError
from voxpress.publish.readalong.book import Book, Content
from voxpress.publish.readalong.package import XHTML, ManifestItem, PackageSource
from voxpress.publish.xml_source import Edits, Element, XmlSource

_TYPES: Mapping[str, str] = {
    "text/x-oeb1-document": XHTML,
    "text/html": XHTML,
    "text/x-oeb1-css": "text/css",
}
_NAMES: Mapping[str, tuple[str, str]] = {
    "acronym": ("abbr", ""),
    "big": ("span", "font-size: larger"),
    "center": ("div", "text-align: center"),
    "font": ("span", ""),
    "strike": ("s", ""),
    "tt": ("span", "font-family: monospace"),
    "dir": ("ul", ""),
}
"""What an element is called today, and its look."""
_LENGTHS = frozenset(("width", "height"))
_SIZED = frozenset(("canvas", "embed", "iframe", "img", "input", "object", "source", "video", "svg", "image"))
_PROPERTIES = {"align": "text-align", "valign": "vertical-align", "bgcolor": "background-color"}
_PLACED = frozenset(("applet", "embed", "iframe", "img", "object", "table"))
_PLACES = {
    "left": "float: left",
    "right": "float: right",
    "center": "margin-left: auto; margin-right: auto",
    "top": "vertical-align: top",
    "middle": "vertical-align: middle",
    "bottom": "vertical-align: baseline",
}
"""What ``align`` is of elements that text flows around."""
_DROPPED_NAMES = """
abbr alink archive axis background border cellpadding cellspacing char charoff charset classid clear
codebase codetype color compact coords declare face frame hspace link longdesc marginheight marginwidth
noshade nowrap profile rev rules scheme size standby summary text valuetype version vlink vspace
"""
_DROPPED = frozenset(_DROPPED_NAMES.split())
"""Attributes that HTML has given up. Those on elements of HTML that still have them are listed below."""
_KEPT: Mapping[str, frozenset[str]] = {
    "th": frozenset(("abbr",)),
    "area": frozenset(("coords",)),
    "input": frozenset(("size",)),
    "select": frozenset(("size",)),
    "script": frozenset(("charset",)),
    "meta": frozenset(("charset",)),
}
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_PREDEFINED = frozenset(("amp", "lt", "gt", "quot", "apos"))
_HANDLER = re.compile(r"on[a-z]+")


def upgrade(book: Book, files: dict[str, Content], document: Document) -> None:
    """Make an EPUB 3 of a book.

    Args:
        files: the pages that have changed already; gets those that change now.
    """
    package = book.package
    package.edits.set(package.root, "version", "3.0")
    _upgrade_metadata(package)
    for item in package.items.values():
        media_type = _TYPES.get(item.media_type, item.media_type)
        if media_type != item.media_type:
            package.edits.set(item.element, "media-type", media_type)
        for name in ("required-namespace", "required-modules", "fallback-style"):
            package.edits.drop(item.element, name)
        if media_type == XHTML and item.path:
            _upgrade_item(book, item, files, document.title)
    for tours in package.source.find("tours"):
        package.edits.remove(tours)
    path = book.free_path("nav") + ".xhtml"
    package.add_item(path, XHTML, "nav")
    files[path] = _write_navigation(book, path, document).encode()


def require_upgradable(book: Book) -> None:
    """Check that a book can become an EPUB 3.

    Raises:
        InputError: it holds something that an EPUB 3 cannot have.
    """
    problem = next(
        (
            f"{item.path} is {item.media_type}, which an EPUB 3 cannot have among its pages"
            for item in book.package.spine
            if item.media_type in ("application/x-dtbook+xml", "text/x-oeb1-document")
        ),
        "",
    )
    if len(book.renditions) > 1:
        problem = (
            f"is an EPUB 2 with {len(book.renditions)} renditions: only one of them would become an EPUB 3"
        )
    if problem:
        raise InputError(problem, place=str(book.path))


def upgrade_page(source: XmlSource) -> XmlSource:
    """A page as one of EPUB 3. Its text, and the numbers of its elements, stay."""
    edits = Edits(source.text)
    if source.doctype:
        edits.replace(*source.doctype, "<!DOCTYPE html>")
    if source.elements[0].local == "html":
        for found in _ENTITY.finditer(source.text, source.elements[0].opens):
            if found[1] not in _PREDEFINED:
                edits.replace(*found.span(), html.escape(source.resolve(found[0])))
    ids = set(source.ids)
    for element in source.elements:
        _upgrade_element(element, edits, source.encoding, ids)
    return XmlSource(edits.apply(), source.encoding)


def give_title(source: XmlSource, edits: Edits, title: str) -> None:
    """Give a page without a title that of the book."""
    head = next(source.find("head"), None)
    titles = [each for each in source.find("title") if each.parent is head] if head else []
    if head and not titles and not head.empty:
        edits.insert(head.inside, f"<{head.prefix}title>{html.escape(title)}</{head.prefix}title>")
    for element in titles:
        if not source.content[element.first : element.last].strip():
            _fill(element, edits, title)


def _fill(element: Element, edits: Edits, text: str) -> None:
    if element.empty:
        edits.replace(element.opens, element.end, f"<{element.name}>{html.escape(text)}</{element.name}>")
    else:
        edits.insert(element.inside, html.escape(text))


def _upgrade_element(element: Element, edits: Edits, encoding: str, ids: set[str]) -> None:
    """Make an element one of today.

    Args:
        ids: all ids of the page; gets what is given.
    """
    name, look = _NAMES.get(element.local, (element.local, ""))
    if name != element.local:
        _rename(element, name, edits)
    declares = element.local == "meta" and element.get("http-equiv").lower() == "content-type"
    if declares and encoding == "utf-8":
        edits.set(element, "content", "text/html; charset=utf-8")
    looks = [element.get("style").rstrip("; "), look]
    kept = _KEPT.get(element.local, frozenset())
    for attribute, value in element.attributes.items():
        if attribute in ("align", "valign", "bgcolor") or (
            attribute in _LENGTHS and element.local not in _SIZED
        ):
            looks.append(_look(element.local, attribute, value.strip().lower()))
        elif attribute == "name" and element.local == "a":
            if not element.get("id") and value not in ids:
                edits.set(element, "id", value)
                ids.add(value)
        elif attribute == "xml:space" or (attribute == "lang" and element.get("xml:lang") not in ("", value)):
            pass
        elif attribute not in _DROPPED or attribute in kept:
            continue
        edits.drop(element, attribute)
    if (whole := "; ".join(filter(None, looks))) != element.get("style").rstrip("; "):
        edits.set(element, "style", whole)


def _rename(element: Element, name: str, edits: Edits) -> None:
    begins = element.opens + 1
    edits.replace(begins, begins + len(element.name), element.prefix + name)
    if not element.empty:
        edits.replace(element.closes + 2, element.closes + 2 + len(element.name), element.prefix + name)


def _look(name: str, attribute: str, value: str) -> str:
    """An attribute of an element as CSS."""
    if attribute in _LENGTHS:
        unit = "px" if value.isdecimal() else ""
        return f"{attribute}: {value}{unit}" if unit or value.endswith("%") else ""
    if attribute == "align" and name in _PLACED:
        return _PLACES.get(value, "")
    return f"{_PROPERTIES[attribute]}: {value}"


def _upgrade_item(book: Book, item: ManifestItem, files: dict[str, Content], title: str) -> None:
    try:
        source = XmlSource.decode(book.read(item.path))
    except InputError:
        book.notes.append(f"{item.path} is not well-formed, and stays as it is")
        return
    if properties := " ".join(_find_properties(source)):
        book.package.edits.set(item.element, "properties", properties)
    if item.path not in files:
        new = upgrade_page(source)
        edits = Edits(new.text)
        give_title(new, edits, title)
        if (changed := edits.apply()) != source.text:
            files[item.path] = new.encode(changed)


def _find_properties(source: XmlSource) -> Iterator[str]:
    """What the manifest of an EPUB 3 must say of a page."""
    names = {each.local for each in source.elements}
    if "math" in names:
        yield "mathml"
    if names & {"script", "form"} or any(
        _HANDLER.fullmatch(name) for e in source.elements for name in e.attributes
    ):
        yield "scripted"
    if "svg" in names:
        yield "svg"


def _upgrade_metadata(package: PackageSource) -> None:
    source, edits = package.source, package.edits
    inside = [
        each
        for each in source.elements
        if package.metadata in each.ancestors() and each is not package.metadata
    ]
    date = _choose_date(inside)
    for element in inside:
        if element.local in ("dc-metadata", "x-metadata"):
            edits.replace(element.opens, element.inside)
            edits.replace(element.closes, element.end)
            continue
        if element.local == "meta":
            _upgrade_meta(package, element)
            continue
        if not source.content[element.first : element.last].strip() or (
            element.local == "date" and element is not date
        ):
            edits.remove(element)
            continue
        for attribute, value in element.attributes.items():
            prefix, _, local = attribute.rpartition(":")
            if attribute.startswith("xmlns") or prefix == "xml" or attribute in ("id", "dir"):
                continue
            edits.drop(element, attribute)
            if local in ("role", "file-as") and element.local in ("creator", "contributor") and value.strip():
                _refine(package, element, local, value.strip())


def _choose_date(elements: Sequence[Element]) -> Element | None:
    """The one date that an EPUB 3 keeps: that of the publication."""
    dates = [each for each in elements if each.local == "date"]
    published = [each for each in dates if "publication" in each.attributes.values()]
    return next(iter(published or [each for each in dates if not each.attributes] or dates), None)


def _refine(package: PackageSource, element: Element, name: str, value: str) -> None:
    more = ' scheme="marc:relators"' if name == "role" else ""
    package.add_meta(name, value, refines=package.id_of(element), more=more)


def _upgrade_meta(package: PackageSource, element: Element) -> None:
    if element.get("name").lower() == "cover" and (cover := package.items.get(element.get("content"))):
        package.edits.set(cover.element, "properties", "cover-image")
    if not element.get("name") or not element.get("content"):
        package.edits.remove(element)
    else:
        package.edits.drop(element, "scheme")


def _write_navigation(book: Book, path: str, document: Document) -> str:
    contents = book.read_contents()
    pages = {item.path: item for item in book.package.spine}
    ids = {file: book.list_ids(file) for file in pages}
    spine = list(pages)

    def order(entry: Entry) -> tuple[int, int]:
        return spine.index(entry.file), ids[entry.file].get(entry.fragment, 0)

    def address(file: str, fragment: str) -> str:
        relative = relate(file, path)
        return f"{relative}#{quote(fragment)}" if fragment in ids[file] else relative

    entries = _sort([each for each in contents.entries if each.file in pages and each.title], order)
    if not entries:
        first = book.package.spine[0].path
        entries = [Entry(document.title or "Start", 1, first, "", "")]
    language = f' lang="{document.language}" xml:lang="{document.language}"' if document.language else ""
    title = html.escape(document.title or "Contents")
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<!DOCTYPE html>",
        f'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"{language}>',
        f"<head><title>{title}</title></head>",
        "<body>",
        '<nav epub:type="toc">',
        *_write_entries(entries, address),
        "</nav>",
        *_write_pages(contents, pages, address),
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines)


def _sort(entries: Sequence[Entry], order: Callable[[Entry], tuple[int, int]]) -> list[Entry]:
    """Entries in reading order, as an EPUB 3 wants them; each keeps those below it."""
    trees: list[list[Entry]] = []
    for entry in entries:
        if trees and entry.level > trees[-1][0].level:
            trees[-1].append(entry)
        else:
            trees.append([entry])
    return [
        entry
        for first, *below in sorted(trees, key=lambda tree: order(tree[0]))
        for entry in (first, *_sort(below, order))
    ]


def _write_entries(entries: Sequence[Entry], address: Callable[[str, str], str]) -> Iterator[str]:
    """A table of contents as lists in lists. A level that is left out on the way down does not count."""
    levels: list[int] = []
    for entry in entries:
        if (levels and entry.level > levels[-1]) or not levels:
            yield "<ol>"
            levels.append(entry.level)
        else:
            while len(levels) > 1 and entry.level <= levels[-2]:
                levels.pop()
                yield "</li></ol>"
            levels[-1] = min(levels[-1], entry.level) if len(levels) == 1 else entry.level
            yield "</li>"
        yield f'<li><a href="{address(entry.file, entry.fragment)}">{html.escape(entry.title)}</a>'
    yield from ["</li></ol>"] * len(levels)


def _write_pages(
    contents: Contents, pages: Mapping[str, ManifestItem], address: Callable[[str, str], str]
) -> Iterator[str]:
    places = [(*place.partition("#")[::2], number) for place, number in contents.pages.items()]
    found = [(file, fragment, number) for file, fragment, number in places if file in pages and number]
    if found:
        yield '<nav epub:type="page-list" hidden=""><ol>'
        for file, fragment, number in found:
            yield f'<li><a href="{address(file, fragment)}">{html.escape(number)}</a></li>'
        yield "</ol></nav>"
