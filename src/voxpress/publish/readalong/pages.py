"""What is done to the pages of a book beside marking them."""

from __future__ import annotations

from collections.abc import Sequence

from voxpress.documents import Block
from voxpress.documents.pages import parse_page, text_content
from voxpress.documents.pages.context import Reading
from voxpress.documents.pages.elements import read_blocks
from voxpress.errors import InputError
from voxpress.publish.readalong.book import Book
from voxpress.publish.readalong.marking import Marker
from voxpress.publish.xml_source import Element, XmlSource

_STYLE = """\
.{name} {{ background-color: #ffe08a; color: #000; }}
img.{name}, image.{name}, svg.{name} {{ outline: 0.2em solid #c77700; }}
text.{name}, tspan.{name} {{ fill: #a33c00; }}
"""


def find_problem(data: bytes, file: str) -> str:
    """Why ids cannot be put into a page; empty if they can."""
    try:
        source = XmlSource.decode(data)
    except InputError as error:
        return error.problem
    tree = parse_page(data, file)
    if tree.repaired:
        return f"is not well-formed: {tree.repaired}"
    if text_content(tree.root) != source.content:
        return "has markup that cannot be changed in single places, such as entities with elements in them"
    return ""


def read_navigation(data: bytes, file: str, language: str) -> Sequence[Block]:
    """The table of contents of a navigation document, without its lists for programs: pages and landmarks."""
    elements = XmlSource.decode(data).elements

    def is_shown(block: Block) -> bool:
        around = list(elements[block.place.element].ancestors())
        lists = [each for each in around if each.local == "nav"]
        return all("toc" in each.get("epub:type").split() for each in lists) and not any(
            "hidden" in each.attributes for each in around
        )

    root = parse_page(data, file).root
    return [block for block in read_blocks(root, Reading(file=file, language=language)) if is_shown(block)]


def style(name: str) -> str:
    """A style sheet for what is heard.

    Args:
        name: of the class.
    """
    return _STYLE.format(name=name)


def needs_style(source: XmlSource, file: str, name: str, book: Book) -> bool:
    """Whether a page has no style for a class."""
    wanted = f".{name}"
    for each in source.find("style"):
        if wanted in source.content[each.first : each.last]:
            return False
    for each in source.find("link"):
        path = book.locate(file, each.get("href"))
        if "stylesheet" in each.get("rel").split() and path and wanted.encode() in book.read(path):
            return False
    return True


def link_style(marker: Marker, href: str, name: str) -> bool:
    """Give a page the style for a class; whether it links the style sheet for it.

    A page whose addresses lead out of the book (``<base>``) has the style within.
    """
    source = marker.source
    root = source.elements[0]
    if root.local == "svg":
        marker.edits.insert(root.opens, f'<?xml-stylesheet type="text/css" href="{href}"?>\n')
        return True
    head = next((each for each in source.find("head") if each.parent is root), None)
    if head is None or head.empty:
        return False
    linked = not any(each.get("href") for each in source.find("base"))
    if linked:
        written = f'<{head.prefix}link rel="stylesheet" type="text/css" href="{href}"/>'
    else:
        written = f'<{head.prefix}style type="text/css">{style(name)}</{head.prefix}style>'
    marker.edits.insert(_end_of(source, head), written)
    return linked


def _end_of(source: XmlSource, element: Element) -> int:
    """Where the white space before an end tag begins."""
    at = element.closes
    while source.text[at - 1].isspace():
        at -= 1
    return at
