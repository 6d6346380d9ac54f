"""DAISY 2.02: ``ncc.html``, the text, and a SMIL file for each section.

Source: DAISY 2.02 Specification, Recommendation, 28 February 2001.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from lxml import etree
from lxml.builder import E, ElementMaker

from voxpress import languages
from voxpress.publish.daisy import About
from voxpress.publish.daisy.talking_book import (
    Item,
    Line,
    Section,
    TurnedPage,
    list_entries,
    list_pages,
    serialise,
    stay_within,
)
from voxpress.publish.smil import clock

XHTML = "http://www.w3.org/1999/xhtml"
CSS = "book.css"
_H = ElementMaker(namespace=XHTML, nsmap={None: XHTML})
_XHTML_TYPE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"'
    ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
)
_SMIL_TYPE = '<!DOCTYPE smil PUBLIC "-//W3C//DTD SMIL 1.0//EN" "http://www.w3.org/TR/REC-SMIL/SMIL10.dtd">'
_SKIPPABLE = {"note": "footnote-on", "page": "pagenumber-on", "image": "prodnote-on"}
"""Kinds of blocks that a player can leave out."""
_GROUPS: Mapping[str, tuple[str, dict[str, str]]] = {
    "verse": ("div", {"class": "linegroup"}),
    "row": ("table", {}),
}
"""Kinds of blocks that stand together in an element."""
_TEXT = "content.html"
STYLE = (
    "body { font-family: serif; line-height: 1.5; max-width: 40em; margin: auto }\n"
    "a { color: inherit; text-decoration: none }\n"
)


def write(about: About, sections: Sequence[Section]) -> Mapping[str, bytes]:
    """The files of a talking book but the sound, by name."""
    files = {f"{section.name}.smil": smil for section, smil in _write_smils(about, sections)}
    return {
        **files,
        "ncc.html": _write_ncc(about, sections),
        _TEXT: _write_text(about, sections),
        "master.smil": _write_master(about, sections),
        CSS: STYLE.encode(),
    }


def _meta(pairs: Mapping[str, str]) -> list[etree._Element]:
    return [E.meta(name=name, content=content) for name, content in pairs.items() if content]


def _skippable(line: Line) -> dict[str, str]:
    kind = "sidebar-on" if line.aside else _SKIPPABLE.get(line.kind)
    return {"system-required": kind} if kind else {}


def _write_smils(about: About, sections: Sequence[Section]) -> Iterator[tuple[Section, bytes]]:
    elapsed = 0.0
    for section in sections:
        head = _meta(
            {
                "dc:format": "Daisy 2.02",
                "dc:identifier": about.identifier,
                "dc:title": about.title,
                "title": section.title,
                "ncc:generator": "voxpress",
                "ncc:totalElapsedTime": clock(elapsed),
                "ncc:timeInThisSmil": clock(section.duration),
            }
        )
        seq = E.seq(dur=f"{section.duration:.3f}s")
        for line in section.lines:
            for item in line.items:
                seq.extend(_write_pars(section, line, item))
        layout = E.layout(E.region(id="txtView"))
        root = E.smil(E.head(*head, layout), E.body(seq))
        elapsed += section.duration
        yield section, serialise(root, _SMIL_TYPE)


def _write_pars(section: Section, line: Line, item: Item) -> Iterator[etree._Element]:
    for page in item.pages:
        text = E.text(id=f"{page.id}t", src=f"{_TEXT}#{page.id}")
        yield E.par(text, {"endsync": "last", "system-required": "pagenumber-on"}, id=f"{page.id}s")
    text = E.text(id=f"{item.id}t", src=f"{_TEXT}#{line.page.id if line.page else item.id}")
    audio = E.audio(
        {
            "src": f"{section.name}.mp3",
            "clip-begin": f"npt={item.begin:.3f}s",
            "clip-end": f"npt={item.end:.3f}s",
            "id": f"{item.id}a",
        }
    )
    yield E.par(text, audio, {"endsync": "last", **_skippable(line)}, id=f"{item.id}s")


def _write_ncc(about: About, sections: Sequence[Section]) -> bytes:
    entries, pages = list_entries(sections), list_pages(sections)
    counts = Counter(each.page.kind for each in pages)
    normal = [int(each.page.label) for each in pages if each.page.kind == "normal"]
    kinds = [line for section in sections for line in section.lines]
    total = sum(round(section.duration) for section in sections)
    meta = {
        **_dublin_core(about),
        "dc:format": "Daisy 2.02",
        "dc:date": about.date,
        "ncc:charset": "utf-8",
        "ncc:depth": str(max(entry.level for entry in entries)),
        "ncc:files": str(2 * len(sections) + 4),
        "ncc:footnotes": str(sum(line.kind == "note" for line in kinds)),
        "ncc:generator": "voxpress",
        "ncc:maxPageNormal": str(max(normal, default=0)),
        "ncc:multimediaType": "audioFullText",
        "ncc:narrator": about.narrator,
        "ncc:pageFront": str(counts["front"]),
        "ncc:pageNormal": str(counts["normal"]),
        "ncc:pageSpecial": str(counts["special"]),
        "ncc:prodNotes": str(sum(line.kind == "image" for line in kinds)),
        "ncc:setInfo": "1 of 1",
        "ncc:sidebars": str(sum(line.aside for line in kinds)),
        "ncc:sourceDate": about.source_date,
        "ncc:tocItems": str(len(entries) + len(pages)),
        "ncc:totalTime": clock(total),
    }
    starts = {entry.item.id: entry for entry in reversed(entries)}
    turned: dict[str, list[TurnedPage]] = {}
    for each in pages:
        turned.setdefault(each.item.id, []).append(each)
    listed: list[etree._Element] = []
    for item in (item for section in sections for item in section.items):
        for page, target in ((each.page, each.target) for each in turned.get(item.id, ())):
            link = _H.a(page.label, href=target)
            listed.append(_H.span(link, {"class": f"page-{page.kind}"}, id=f"n{page.id}"))
        if entry := starts.get(item.id):
            listed.append(_H(f"h{entry.level}", _H.a(entry.title, href=entry.target), id=f"n{item.id}"))
    # The first heading is the book's title, and nothing stands before it.
    title = next(each for each in listed if each.tag == f"{{{XHTML}}}h1")
    title.set("class", "title")
    body = _H.body(title, *(each for each in listed if each is not title))
    return serialise(_page(about, meta, body), _XHTML_TYPE)


def _dublin_core(about: About) -> dict[str, str]:
    return {
        "dc:title": about.title,
        "dc:creator": ", ".join(about.creators) or "unknown",
        "dc:identifier": about.identifier,
        "dc:language": about.language,
        "dc:publisher": about.publisher or "unknown",
    }


def _page(
    about: About, meta: Mapping[str, str], body: etree._Element, *links: etree._Element
) -> etree._Element:
    kind = _H.meta({"http-equiv": "Content-type"}, content="text/html; charset=utf-8")
    metas = [_H.meta(name=name, content=content) for name, content in meta.items() if content]
    root = _H.html(_H.head(kind, _H.title(about.title), *metas, *links), body)
    _set_language(root, about.language)
    return root


def _set_language(element: etree._Element, language: str) -> None:
    for name in ("lang", "{http://www.w3.org/XML/1998/namespace}lang"):
        element.set(name, language)


def _write_text(about: About, sections: Sequence[Section]) -> bytes:
    body = _H.body(dir=languages.direction(about.language))  # the navigation may not have it
    levels = {entry.item.id: entry.level for entry in list_entries(sections)}
    for section in sections:
        part = _H.div({"class": "section"})
        for line in section.lines:
            group = _GROUPS.get(line.kind)
            place = stay_within(part, _H(*group)) if group else part
            place.append(_write_line(section, line, levels.get(line.items[0].id, 1)))
        body.append(part)
    style = _H.link(rel="stylesheet", type="text/css", href=CSS)
    return serialise(_page(about, _dublin_core(about), body, style), _XHTML_TYPE)


def _write_line(section: Section, line: Line, level: int) -> etree._Element:
    if line.page is not None:
        return _H.p(
            _H.span(
                "".join(item.text for item in line.items),
                {"class": f"page-{line.page.kind}"},
                id=line.page.id,
            )
        )
    names = {"heading": f"h{level}", "verse": "div", "row": "tr"}
    kind = "line" if line.kind == "verse" else line.kind
    element = _H(names.get(line.kind, "p"), {"class": "sidebar" if line.aside else kind})
    if line.language:
        _set_language(element, line.language)
        element.set("dir", languages.direction(line.language))
    place = element
    if line.kind == "row":
        element.append(place := _H.th() if line.level else _H.td())
    for item in line.items:
        for page in item.pages:
            place.append(_H.span(page.label, {"class": f"page-{page.kind}"}, id=page.id))
        words = item.text.rstrip()
        link = _H.a(words, href=f"{section.name}.smil#{item.id}s")
        span = _H.span(link, {"class": "sentence"}, id=item.id)
        span.tail = item.text[len(words) :] or None
        place.append(span)
    return element


def _write_master(about: About, sections: Sequence[Section]) -> bytes:
    head = _meta(
        {
            "dc:format": "Daisy 2.02",
            "dc:identifier": about.identifier,
            "dc:title": about.title,
            "ncc:generator": "voxpress",
            "ncc:timeInThisSmil": clock(sum(round(section.duration) for section in sections)),
        }
    )
    body = E.body(
        *(
            E.ref(
                title=section.title,
                src=f"{section.name}.smil#{next(section.items).id}s",
                id=f"s{section.name}",
            )
            for section in sections
        )
    )
    return serialise(E.smil(E.head(*head, E.layout(E.region(id="txtView"))), body), _SMIL_TYPE)
