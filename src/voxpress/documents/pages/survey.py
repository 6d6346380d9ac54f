"""What must be known of all pages of a book before one chapter of it can be read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from voxpress.documents import ChapterRole
from voxpress.documents.pages import attribute, name_of, types_of, words_of
from voxpress.documents.pages.context import Reading
from voxpress.documents.pages.vocabulary import HEADINGS, looks_like_reference
from voxpress.errors import InputError, show
from voxpress.text.ipa import to_ipa

if TYPE_CHECKING:
    from lxml.etree import _Element

_ROLES: Mapping[ChapterRole, str] = {
    "title": "cover titlepage title-page halftitlepage halftitle",
    "front": "copyright-page copyright imprint imprimatur seriespage other-credits loi lot loa lov",
    "back": "colophon index bibliography errata glossary contributors credits index-group credit",
    "contents": "toc toc-brief landmarks page-list pagelist",
    "notes": "footnotes endnotes rearnotes notes",
    "body": """bodymatter-part part chapter volume division subchapter preface foreword introduction prologue preamble
        dedication epigraph epilogue afterword conclusion appendix abstract acknowledgments acknowledgements text
        story poem""",
}
_GENERAL: Mapping[str, ChapterRole] = {"frontmatter": "front", "backmatter": "back", "bodymatter": "body"}
_TITLES: Mapping[ChapterRole, str] = {
    "title": """cover|cover page|title page|titlepage|half title|halftitle page|umschlag|titelseite|titelblatt|
        couverture|page de titre|portada|página de título|copertina|frontespizio|titelpagina|titelsida|обложка|
        titlepage|cubierta""",
    "front": "copyright|copyright page|copyright notice|imprint|impressum|créditos",
    "back": """index|bibliography|works cited|colophon|uncopyright|about the publisher|register|literatur|
        literaturverzeichnis|bibliographie|bibliografía|bibliografia|index of names|stichwortverzeichnis|colofón""",
    "contents": """contents|table of contents|toc|inhalt|inhaltsverzeichnis|table des matières|sommaire|índice|
        contenido|tabla de contenidos|indice|sommario|inhoud|inhoudsopgave|sumário|innehåll|indhold|spis treści|obsah|
        содержание|оглавление|目次|目录|目錄|차례|المحتويات""",
    "notes": """notes|endnotes|footnotes|anmerkungen|fußnoten|endnoten|notas|notes de bas de page|note|noten|
        примечания|注釈|注|脚注""",
}
_BY_TYPE: Mapping[str, ChapterRole] = {type: role for role, types in _ROLES.items() for type in types.split()}
_BY_TITLE: Mapping[str, ChapterRole] = {
    " ".join(title.split()): role for role, titles in _TITLES.items() for title in titles.split("|")
}
_GUTENBERG = re.compile(r"the (?:full )?project gutenberg (?:(ebook)|license)", re.IGNORECASE)


@dataclass(slots=True)
class Survey:
    """What one page holds.

    Attributes:
        anchors: numbers of the elements that a table of contents leads to, by their ids.
        types: what each of these is for, from the inside out; of the page itself under an empty id.
        headings: number, level and words of each.
        references: notes that it refers to, as ``file#id``.
        left_out: how often something has no words.
    """

    title: str = ""
    language: str = ""
    anchors: dict[str, int] = field(default_factory=dict)
    types: dict[str, list[str]] = field(default_factory=dict)
    headings: list[tuple[int, int, str]] = field(default_factory=list)
    references: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)


def survey_page(root: _Element, reading: Reading, wanted: Collection[str]) -> Survey:
    """What a page holds, found in one pass.

    Args:
        wanted: ids of elements that a table of contents leads to.
    """
    found = Survey(language=attribute(root, "xml:lang") or root.get("lang") or "")
    for number, element in enumerate(root.iter("*")):
        name = name_of(element)
        for id in (element.get("id"), element.get("name") if name == "a" else None):
            if id and id in wanted and id not in found.anchors:
                found.anchors[id] = number
                found.types[id] = [
                    each for one in (element, *element.iterancestors()) for each in types_of(one)
                ]
        if name in HEADINGS:
            found.headings.append((number, HEADINGS[name], words_of(element)))
        elif name == "a":
            href = element.get("href") or ""
            if "#" in href and looks_like_reference(element) and (target := reading.resolve(href)):
                found.references.add(target)
        elif name == "body":
            found.types[""] = _list_types(element)
        elif name == "title" and not found.title:
            found.title = words_of(element)
        elif problem := _find_silence(element, name):
            found.left_out[problem] += 1
    for alphabet in cast("list[str]", root.xpath("//@*[contains(name(), 'alphabet')]")):
        if not _is_known(alphabet):
            found.left_out[f"pronunciations in the alphabet {show(alphabet)}"] += 1
    return found


def _is_known(alphabet: str) -> bool:
    try:
        to_ipa("a", alphabet)
    except InputError as error:
        return error.field != "alphabet"
    return True


def _list_types(body: _Element) -> list[str]:
    """What a page is for: its own types, and those of a section that is all that it holds; the inmost first."""
    types: list[str] = []
    element: _Element | None = body
    for _ in range(4):
        if element is None:
            break
        types = [*types_of(element), *types]
        children = [each for each in element if isinstance(each.tag, str)]
        element = (
            children[0] if len(children) == 1 and name_of(children[0]) in ("section", "div", "nav") else None
        )
    return types


def _find_silence(element: _Element, name: str) -> str:
    """What an element has that cannot be spoken."""
    match name:
        case "img" if (
            element.get("alt") is None
            and not element.get("aria-label")
            and element.get("role") not in ("presentation", "none")
        ):
            return "image without a description"
        case "math" if not (element.get("alttext") or element.get("aria-label")):
            return "formula without a description"
        case "audio" | "video":
            return f"{name} file"
    return ""


def find_role(types: Iterable[str], landmark: str = "") -> ChapterRole | None:
    """The role that a part of a book has by its types, from the inside out, or by a landmark; None: nothing says it.

    >>> find_role(["imprint", "frontmatter"]), find_role(["dedication", "frontmatter"]), find_role([], "toc")
    ('front', 'body', 'contents')
    """
    types = list(types)
    for known in (_BY_TYPE, _GENERAL):
        for type in (*types, landmark):
            if role := known.get(type):
                return role
    return None


def guess_role(title: str) -> ChapterRole | None:
    """The role that the title of a chapter suggests.

    >>> guess_role("Table of Contents"), guess_role("The Index Murders")
    ('contents', None)
    """
    if found := _GUTENBERG.match(title):
        return "front" if found[1] else "back"
    return _BY_TITLE.get(" ".join(title.lower().strip(" .:*[]").split()))
