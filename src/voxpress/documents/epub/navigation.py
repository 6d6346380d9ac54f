"""Tables of contents: navigation documents of EPUB 3 and NCX of EPUB 2; landmarks and lists of pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from voxpress.documents.epub.package import Item, Package
from voxpress.documents.pages import name_of, types_of, words_of
from voxpress.documents.pages.contents import Contents, Entry
from voxpress.errors import InputError

if TYPE_CHECKING:
    from lxml.etree import _Element

MOST_ENTRIES = 20_000


def read_contents(package: Package) -> Contents:
    """The table of contents of a book: of the navigation document if it has entries, else of the NCX."""
    found = Contents()
    for item, read in ((package.nav, _read_nav), (package.ncx, _read_ncx)):
        if item and not found.entries:
            try:
                read_here = read(package, item)
            except InputError as error:
                package.archive.note(f"the table of contents was left out: {error}")
                continue
            found = read_here._replace(
                landmarks={**read_here.landmarks, **found.landmarks}, pages={**read_here.pages, **found.pages}
            )
    guide = {(file, fragment): kind for kind, file, fragment in package.guide}
    return found._replace(landmarks={**guide, **found.landmarks})


def _read_nav(package: Package, item: Item) -> Contents:
    root = package.parse_page(item.name).root
    navs = list(root.iter("{*}nav"))
    by_type = {kind: nav for nav in reversed(navs) for kind in types_of(nav)}
    toc = by_type.get("toc")
    if toc is None:
        toc = next((nav for nav in navs if not types_of(nav)), root if not navs else None)
    entries = () if toc is None else tuple(_limit(_list_links(package, item.name, toc)))
    landmarks, pages = {(item.name, ""): "toc"}, {}
    if "landmarks" in by_type:
        for link in by_type["landmarks"].iter("{*}a"):
            file, fragment = package.locate(item.name, link.get("href") or "")
            if file and types_of(link):
                landmarks[file, fragment] = types_of(link)[0]
    for kind in ("page-list", "pagelist"):
        if kind in by_type:
            for link in by_type[kind].iter("{*}a"):
                file, fragment = package.locate(item.name, link.get("href") or "")
                if fragment:
                    pages[f"{file}#{fragment}"] = words_of(link)
    return Contents(entries, landmarks, pages, item.name)


def _list_links(package: Package, base: str, toc: _Element) -> Iterator[Entry]:
    """The entries of nested lists."""
    for element in toc.iter("{*}li"):
        depth = sum(name_of(each) == "li" for each in element.iterancestors()) + 1
        label = next((each for each in element if name_of(each) in ("a", "span", "p", "div")), None)
        if label is not None:
            link = label if name_of(label) == "a" else next(label.iter("{*}a"), label)
            href = link.get("href") or ""
            yield Entry(words_of(label), depth, *(package.locate(base, href) if href else ("", "")), href)


def _read_ncx(package: Package, item: Item) -> Contents:
    root = package.parse_xml(item.name)
    entries = tuple(_limit(_list_points(package, item.name, root)))
    pages = {}
    for element in root.iter("{*}pageTarget"):
        label, href = _read_point(element)
        file, fragment = package.locate(item.name, href)
        if fragment:
            pages[f"{file}#{fragment}"] = label or element.get("value") or ""
    return Contents(entries, {}, pages, item.name)


def _list_points(package: Package, base: str, root: _Element) -> Iterator[Entry]:
    for element in root.iter("{*}navPoint"):
        depth = sum(name_of(each) == "navpoint" for each in element.iterancestors()) + 1
        label, href = _read_point(element)
        yield Entry(label, depth, *(package.locate(base, href) if href else ("", "")), href)


def _read_point(element: _Element) -> tuple[str, str]:
    label = next((words_of(each) for each in element if name_of(each) == "navlabel"), "")
    return label, next((each.get("src") or "" for each in element if name_of(each) == "content"), "")


def _limit(entries: Iterator[Entry]) -> Iterator[Entry]:
    """The entries, but not more than anybody can look through."""
    for count, entry in enumerate(entries):
        if count >= MOST_ENTRIES:
            raise InputError(f"it has more than {MOST_ENTRIES:,} entries")
        yield entry
