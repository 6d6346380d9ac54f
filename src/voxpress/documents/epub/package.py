"""The package of an EPUB: what files it has, and in which order they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from voxpress.documents.archive import Archive, join
from voxpress.documents.pages import Page, name_of, parse_page, parse_xml
from voxpress.errors import InputError, show

if TYPE_CHECKING:
    from lxml.etree import _Element

CONTAINER = "META-INF/container.xml"
PACKAGE = "application/oebps-package+xml"
PAGES = (
    "application/xhtml+xml",
    "text/html",
    "image/svg+xml",
    "application/x-dtbook+xml",
    "text/x-oeb1-document",
)
"""Media types of what is read."""
MOST_ITEMS = 50_000

_FONTS = frozenset(("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"))
"""Algorithms that only hide fonts."""
_PROTECTIONS = {
    "META-INF/license.lcpl": "Readium LCP",
    "META-INF/rights.xml": "Adobe DRM",
    "META-INF/sinf.xml": "Apple FairPlay",
}
_PAGE_NAMES = (".xhtml", ".html", ".htm", ".svg")
_TEXTS = (*_PAGE_NAMES, ".xml", ".opf", ".ncx")


class Item(NamedTuple):
    """A file of the book.

    Attributes:
        name: in the archive.
        linear: whether it stands in the reading order; False: beside it, such as notes.
        overlay: the `id` of its media overlay.
        fallback: the `id` of what is read instead, where it is no page.
    """

    id: str
    name: str
    media_type: str = ""
    properties: tuple[str, ...] = ()
    linear: bool = True
    overlay: str = ""
    fallback: str = ""


class Package:
    """The package of an EPUB that is open.

    Attributes:
        archive: the files.
        name: of the package document.
        root: its tree.

    Raises:
        InputError: it is no EPUB, is protected, or its package cannot be read.
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        _refuse_protected(archive)
        self.name = _find_package(archive)
        self.root = self.parse_xml(self.name)
        if name_of(self.root) != "package":
            raise InputError(
                f"is <{name_of(self.root)}>, and no <package>", place=f"{archive.path}: {self.name}"
            )

    # Files

    def read(self, name: str) -> bytes:
        """The bytes of a file; `InputError` where there is none."""
        return self.archive.read(name)

    def parse_page(self, name: str) -> Page:
        """A page as a tree; what had to be repaired becomes a note."""
        page = parse_page(self.archive.read(name), f"{self.archive.path}: {name}")
        if page.repaired:
            self.archive.note(f"{name} is not well-formed, and was read as browsers do: {page.repaired}")
        return page

    def parse_xml(self, name: str) -> _Element:
        """Another file of XML as a tree; what had to be repaired becomes a note."""
        page = parse_xml(self.archive.read(name), f"{self.archive.path}: {name}")
        if page.repaired:
            self.archive.note(f"{name} is not well-formed, and was repaired: {page.repaired}")
        return page.root

    def locate(self, base: str, href: str) -> tuple[str, str]:
        """The file that an address in a file leads to, as the archive names it, and the fragment; else empty."""
        for written in (href, href.replace("%", "%25")):
            name, fragment = join(base, written)
            if name and (found := self.archive.find(name)):
                if found != name:
                    self.archive.note(f"{show(name)} is called {show(found)} in the book")
                return found, fragment
        return "", ""

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """The files of the manifest by their ids; those that are missing are left out with a note."""
        items: dict[str, Item] = {}
        for element in find_all(self.root, "manifest", "item"):
            id, href = (element.get("id") or "").strip(), element.get("href") or ""
            name, _ = self.locate(self.name, href)
            if len(items) >= MOST_ITEMS:
                raise InputError(
                    f"lists more than {MOST_ITEMS:,} files", place=f"{self.archive.path}: {self.name}"
                )
            if not name:
                if "://" not in href:
                    self.archive.note(f"{show(href)} is missing in the book")
            elif id in items:
                self.archive.note(f"{self.name} has two files with the id {show(id)}: the first one counts")
            else:
                items[id] = Item(
                    id,
                    name,
                    (element.get("media-type") or "").strip().lower(),
                    tuple((element.get("properties") or "").split()),
                    overlay=element.get("media-overlay") or "",
                    fallback=element.get("fallback") or "",
                )
        return items

    @cached_property
    def spine(self) -> tuple[Item, ...]:
        """The pages in reading order, each once; those beside the reading order come last."""
        found: dict[str, Item] = {}
        for element in find_all(self.root, "spine", "itemref"):
            item = self.items.get((element.get("idref") or "").strip())
            if item is None:
                self.archive.note(
                    f"the reading order names {show(element.get('idref') or '')}, which is missing"
                )
                continue
            item = self._find_readable(item)
            if not is_page(item):
                self.archive.note(f"{item.name} is {item.media_type or 'of no type'}, and was left out")
            elif item.name in found:
                self.archive.note(f"{item.name} stands twice in the reading order, and is read once")
            else:
                found[item.name] = item._replace(linear=(element.get("linear") or "").strip() != "no")
        pages = found.values()
        return (*(page for page in pages if page.linear), *(page for page in pages if not page.linear))

    def _find_readable(self, item: Item) -> Item:
        """A file, or the first page that can be read in its place."""
        fallback, seen = item, {item.id}
        while not is_page(fallback) and fallback.fallback in self.items and fallback.fallback not in seen:
            fallback = self.items[fallback.fallback]
            seen.add(fallback.id)
        return fallback if is_page(fallback) else item

    @property
    def nav(self) -> Item | None:
        """The navigation document of an EPUB 3."""
        return next((item for item in self.items.values() if "nav" in item.properties), None)

    @property
    def ncx(self) -> Item | None:
        """The NCX of an EPUB 2."""
        spine = next(iter(find_all(self.root, "spine")), None)
        named = self.items.get((spine.get("toc") or "") if spine is not None else "")
        return named or next(
            (item for item in self.items.values() if item.media_type == "application/x-dtbncx+xml"), None
        )

    @property
    def guide(self) -> Iterator[tuple[str, str, str]]:
        """Type, file and fragment of each reference of an EPUB 2."""
        for element in find_all(self.root, "guide", "reference"):
            name, fragment = self.locate(self.name, element.get("href") or "")
            if name:
                yield (element.get("type") or "").strip().lower(), name, fragment

    @property
    def lexicons(self) -> tuple[Item, ...]:
        """The lexicons in PLS."""
        return tuple(item for item in self.items.values() if item.media_type == "application/pls+xml")


def is_page(item: Item) -> bool:
    """Whether a file is a page that can be read, by its type or, where that is no type of pages, by its name."""
    return item.media_type in PAGES or (
        not item.media_type.startswith(("image/", "audio/", "video/", "font/"))
        and item.name.lower().endswith(_PAGE_NAMES)
    )


def _refuse_protected(archive: Archive) -> None:
    """Raise `InputError` for a book whose text is encrypted. Fonts, sounds and pictures are not needed."""
    named = next((system for name, system in _PROTECTIONS.items() if archive.find(name)), "")
    encryption = archive.find("META-INF/encryption.xml")
    if not encryption:
        return
    root = parse_xml(archive.read(encryption), f"{archive.path}: {encryption}").root
    for data in root.iter("{*}EncryptedData"):
        method = next(data.iter("{*}EncryptionMethod"), None)
        algorithm = (method.get("Algorithm") or "") if method is not None else ""
        reference = next(data.iter("{*}CipherReference"), None)
        file = unquote((reference.get("URI") or "") if reference is not None else "")
        if algorithm in _FONTS or (file and not file.lower().endswith(_TEXTS)):
            continue
        raise InputError(
            f"is protected by {named or algorithm or 'an unknown system'} ({file or 'a part of it'} is encrypted):"
            " voxpress reads only books without protection",
            place=str(archive.path),
        )


def _find_package(archive: Archive) -> str:
    """The name of the package document."""
    container = archive.find(CONTAINER)
    if container:
        root = parse_xml(archive.read(container), f"{archive.path}: {container}").root
        named = [
            each.get("full-path") or ""
            for each in root.iter("{*}rootfile")
            if (each.get("media-type") or PACKAGE).strip() == PACKAGE
        ]
        found = [name for each in named if (name := archive.find(join("", each)[0]))]
        if len(found) > 1:
            archive.note(f"holds {len(found)} renditions of the book: the first one is read")
        if found:
            return found[0]
    packages = [name for name in archive.names if name.lower().endswith(".opf")]
    if len(packages) == 1:
        archive.note(f"{CONTAINER} names no package that is there: {packages[0]} is read")
        return packages[0]
    raise InputError(
        f"is no EPUB: {CONTAINER} names no package document that is there", place=str(archive.path)
    )


def find_all(root: _Element, *path: str) -> list[_Element]:
    """Elements by the names of their ancestors, in any namespace, as books of all ages have them."""
    found = [root]
    for name in path:
        found = [each for parent in found for each in parent if name_of(each) == name]
    return found
