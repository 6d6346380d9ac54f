"""DAISY 2.02: ``ncc.html``, the text, and a SMIL file for each section.

Source: DAISY 2.02 Specification, Recommendation, 28 February 2001.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree
from lxml.builder import E, ElementMaker

from voxpress import languages
from voxpress.publish.daisy import About
from voxpress.publish.daisy.talking_book import Item, Line, Page, Section, order_levels
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


def _require(line: Line) -> dict[str, str]:
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
        yield section, _serialise(root, _SMIL_TYPE)


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
    yield E.par(text, audio, {"endsync": "last", **_require(line)}, id=f"{item.id}s")


def _write_ncc(about: About, sections: Sequence[Section]) -> bytes:
    entries = list(order_levels(entry for section in sections for entry in section.headings()))
    homes = {item.id: section for section in sections for item in section.items}
    pages = [page for section in sections for page, _ in section.pages()]
    counts = {kind: sum(page.kind == kind for page in pages) for kind in ("front", "normal", "special")}
    normal = [int(page.label) for page in pages if page.kind == "normal"]
    kinds = [line for section in sections for line in section.lines]
    total = sum(round(section.duration) for section in sections)
    meta = {
        **_dublin_core(about),
        "dc:format": "Daisy 2.02",
        "dc:date": about.date,
        "ncc:charset": "utf-8",
        "ncc:depth": str(max(level for level, _, _ in entries)),
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
    turning: dict[str, list[Page]] = {}
    for page, item in (each for section in sections for each in section.pages()):
        turning.setdefault(item.id, []).append(page)
    starts = {item.id: (level, title) for level, title, item in reversed(entries)}
    body = _H.body()
    for section in sections:
        for item in section.items:
            for page in turning.get(item.id, ()):
                target = f"{page.id}s" if page in item.pages else f"{item.id}s"
                link = _H.a(page.label, href=f"{section.name}.smil#{target}")
                body.append(_H.span(link, {"class": f"page-{page.kind}"}, id=f"n{page.id}"))
            if item.id in starts:
                level, title = starts[item.id]
                link = _H.a(title, href=f"{homes[item.id].name}.smil#{item.id}s")
                heading = _H(f"h{level}", link, id=f"n{item.id}")
                if not any(child.tag == f"{{{XHTML}}}h1" for child in body):
                    heading.set("class", "title")
                    body.insert(0, heading)
                else:
                    body.append(heading)
    return _serialise(_page(about, meta, body), _XHTML_TYPE)


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
    if about.language:
        root.set("lang", about.language)
        root.set("{http://www.w3.org/XML/1998/namespace}lang", about.language)
        root.set("dir", languages.direction(about.language))
    return root


def _write_text(about: About, sections: Sequence[Section]) -> bytes:
    body = _H.body()
    entries = order_levels(entry for section in sections for entry in section.headings())
    levels = {item.id: level for level, _, item in entries}
    for section in sections:
        part = _H.div({"class": "section"})
        part.extend(_write_line(section, line, levels.get(line.items[0].id, 1)) for line in section.lines)
        body.append(part)
    style = _H.link(rel="stylesheet", type="text/css", href=CSS)
    return _serialise(_page(about, _dublin_core(about), body, style), _XHTML_TYPE)


def _write_line(section: Section, line: Line, level: int) -> etree._Element:
    if line.page is not None:
        return _H.p(
            _H.span(
                "".join(item.text for item in line.items),
                {"class": f"page-{line.page.kind}"},
                id=line.page.id,
            )
        )
    name = f"h{level}" if line.kind == "heading" else "p"
    element = _H(name, {"class": "sidebar" if line.aside else line.kind})
    if line.language:
        element.set("lang", line.language)
        element.set("{http://www.w3.org/XML/1998/namespace}lang", line.language)
        element.set("dir", languages.direction(line.language))
    for item in line.items:
        for page in item.pages:
            element.append(_H.span(page.label, {"class": f"page-{page.kind}"}, id=page.id))
        words = item.text.rstrip()
        link = _H.a(words, href=f"{section.name}.smil#{item.id}s")
        span = _H.span(link, {"class": "sentence"}, id=item.id)
        span.tail = item.text[len(words) :] or None
        element.append(span)
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
    return _serialise(E.smil(E.head(*head, E.layout(E.region(id="txtView"))), body), _SMIL_TYPE)


def _serialise(root: etree._Element, doctype: str) -> bytes:
    data: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True, doctype=doctype)
    return data + b"\n"
