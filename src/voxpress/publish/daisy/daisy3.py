"""DAISY 3, ANSI/NISO Z39.86-2005: a package, a DTBook, the navigation, and a SMIL file for each section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree
from lxml.builder import ElementMaker

from voxpress import languages
from voxpress.publish.daisy import About
from voxpress.publish.daisy.talking_book import (
    Item,
    Line,
    Page,
    Section,
    list_entries,
    list_pages,
    serialise,
    stay_within,
)
from voxpress.publish.smil import clock

_OPF = "http://openebook.org/namespaces/oeb-package/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
_NCX = "http://www.daisy.org/z3986/2005/ncx/"
_SMIL = "http://www.w3.org/2001/SMIL20/"
_DTBOOK = "http://www.daisy.org/z3986/2005/dtbook/"
_RESOURCE = "http://www.daisy.org/z3986/2005/resource/"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_BOOK, _NAVIGATION, _PACKAGE, _RESOURCES, _STYLE = (
    "book.xml",
    "navigation.ncx",
    "book.opf",
    "book.res",
    "book.css",
)
_TESTS = {
    "note": ("footnote", "NOTE"),
    "page": ("pagenum", "PAGE_NUMBER"),
    "image": ("prodnote", "OPTIONAL_PRODUCER_NOTE"),
}
"""Kinds of blocks that a player can leave out: the test's id, and the structure that it stands for."""
_SIDEBAR = ("sidebar", "OPTIONAL_SIDEBAR")
_NAMES = {"footnote": "note", "pagenum": "page", "prodnote": "description", "sidebar": "sidebar"}
"""What players say of each."""
_CLASSED = frozenset(("item", "caption", "code", "note", "image"))
"""Kinds of blocks that are paragraphs with a class."""
STYLE = (
    "book { display: block; line-height: 1.5 }\n"
    "level, p, h1, h2, h3, h4, h5, h6, linegroup, line { display: block }\n"
)


def write(about: About, sections: Sequence[Section]) -> Mapping[str, bytes]:
    """The files of a talking book but the sound, by name."""
    files = {f"{section.name}.smil": smil for section, smil in _write_smils(about, sections)}
    return {
        **files,
        _BOOK: _write_book(about, sections),
        _NAVIGATION: _write_navigation(about, sections),
        _PACKAGE: _write_package(about, sections),
        _RESOURCES: _write_resources(),
        _STYLE: STYLE.encode(),
    }


def _test_of(line: Line) -> tuple[str, str] | None:
    """What a player asks before it plays a line; None: nothing."""
    return _SIDEBAR if line.aside else _TESTS.get(line.kind)


def _list_tests(sections: Sequence[Section]) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in sections:
        for line in section.lines:
            if test := _test_of(line):
                found[test[0]] = test[1]
            if any(item.pages for item in line.items):
                found["pagenum"] = "PAGE_NUMBER"
    return found


def _write_smils(about: About, sections: Sequence[Section]) -> Iterator[tuple[Section, bytes]]:
    s = ElementMaker(namespace=_SMIL, nsmap={None: _SMIL})
    elapsed = 0.0
    for section in sections:
        head = s.head(
            s.meta(name="dtb:uid", content=about.identifier),
            s.meta(name="dtb:totalElapsedTime", content=clock(elapsed, exact=True)),
            s.meta(name="dtb:generator", content="voxpress"),
        )
        if tests := _list_tests([section]):
            custom = (s.customTest(id=name, defaultState="true", override="visible") for name in tests)
            head.append(s.customAttributes(*custom))
        seq = s.seq(id=f"q{section.name}", dur=clock(section.duration, exact=True))
        for line in section.lines:
            for item in line.items:
                for page in item.pages:
                    text = s.text(id=f"{page.id}t", src=f"{_BOOK}#{page.id}")
                    seq.append(s.par(text, {"class": "pagenum", "customTest": "pagenum"}, id=f"{page.id}s"))
                seq.append(_write_par(s, section, line, item))
        elapsed += section.duration
        doctype = (
            '<!DOCTYPE smil PUBLIC "-//NISO//DTD dtbsmil 2005-2//EN"'
            ' "http://www.daisy.org/z3986/2005/dtbsmil-2005-2.dtd">'
        )
        yield section, serialise(s.smil(head, s.body(seq)), doctype)


def _write_par(s: ElementMaker, section: Section, line: Line, item: Item) -> etree._Element:
    text = s.text(id=f"{item.id}t", src=f"{_BOOK}#{line.page.id if line.page else item.id}")
    audio = s.audio(
        src=f"{section.name}.mp3",
        clipBegin=clock(item.begin, exact=True),
        clipEnd=clock(item.end, exact=True),
        id=f"{item.id}a",
    )
    par = s.par(text, audio, id=f"{item.id}s")
    if test := _test_of(line):
        par.set("customTest", test[0])
        par.set("class", test[0])
    return par


def _write_book(about: About, sections: Sequence[Section]) -> bytes:
    d = ElementMaker(namespace=_DTBOOK, nsmap={None: _DTBOOK})
    meta = {
        "dtb:uid": about.identifier,
        "dc:Title": about.title,
        "dc:Creator": ", ".join(about.creators),
        "dc:Publisher": about.publisher,
        "dc:Language": about.language,
        "dc:Identifier": about.identifier,
        "dc:Date": about.date,
    }
    head = d.head(*(d.meta(name=name, content=content) for name, content in meta.items() if content))
    front = d.frontmatter(d.doctitle(about.title), *(d.docauthor(name) for name in about.creators))
    body = d.bodymatter()
    open_levels: list[etree._Element] = []
    levels = {entry.item.id: entry.level for entry in list_entries(sections)}
    for section in sections:
        for line in section.lines:
            first = line.items[0]
            if first.id in levels or not open_levels:
                level = levels.get(first.id, 1)
                del open_levels[level - 1 :]
                element = d(f"level{level}")
                (open_levels[-1] if open_levels else body).append(element)
                open_levels.append(element)
            for page in (page for item in line.items for page in item.pages):
                open_levels[-1].append(_write_page(d, section, page, f"{page.id}s"))
            place = _find_place(d, open_levels[-1], line)
            place.append(_write_line(d, section, line, len(open_levels)))
    for element in body.iter(f"{{{_DTBOOK}}}level{1}", *(f"{{{_DTBOOK}}}level{n}" for n in range(2, 7))):
        _require_content(d, element)
    root = d.dtbook(head, d.book(front, body), version="2005-2")
    root.set(_LANG, about.language)
    root[1].set("dir", languages.direction(about.language))
    doctype = (
        '<?xml-stylesheet type="text/css" href="book.css"?>\n'
        '<!DOCTYPE dtbook PUBLIC "-//NISO//DTD dtbook 2005-2//EN"'
        ' "http://www.daisy.org/z3986/2005/dtbook-2005-2.dtd">'
    )
    return serialise(root, doctype)


def _require_content(d: ElementMaker, level: etree._Element) -> None:
    """See that a level holds more than its heading, as the DTD asks."""
    if len(level) == 1:
        level.append(d.p())


def _write_page(d: ElementMaker, section: Section, page: Page, target: str) -> etree._Element:
    return d.pagenum(page.label, page=page.kind, id=page.id, smilref=f"{section.name}.smil#{target}")


def _find_place(d: ElementMaker, level: etree._Element, line: Line) -> etree._Element:
    """The element of a level in which a line stands."""
    if line.page is not None or line.kind == "heading":
        return level
    place = stay_within(level, d.sidebar(render="optional")) if line.aside else level
    if line.kind == "verse":
        return stay_within(place, d.linegroup())
    return stay_within(place, d.table()) if line.kind == "row" else place


def _write_line(d: ElementMaker, section: Section, line: Line, depth: int) -> etree._Element:
    if line.page is not None:
        return _write_page(d, section, line.page, f"{line.items[0].id}s")
    sentences = []
    for item in line.items:
        words = item.text.rstrip()
        sentence = d.sent(words, id=item.id, smilref=f"{section.name}.smil#{item.id}s")
        sentence.tail = item.text[len(words) :] or None
        sentences.append(sentence)
    if line.kind == "row":
        element = d.tr(d.th(*sentences) if line.level else d.td(*sentences))
    else:
        names = {"heading": f"h{depth}", "verse": "line"}
        element = d(names.get(line.kind, "p"), *sentences)
    if line.kind in _CLASSED:
        element.set("class", line.kind)
    if line.language:
        element.set(_LANG, line.language)
        element.set("dir", languages.direction(line.language))
    if line.kind == "image":
        return d.prodnote(element, render="optional")
    return element


def _write_navigation(about: About, sections: Sequence[Section]) -> bytes:
    n = ElementMaker(namespace=_NCX, nsmap={None: _NCX})
    entries, pages = list_entries(sections), list_pages(sections)
    normal = [int(each.page.label) for each in pages if each.page.kind == "normal"]
    meta = {
        "dtb:uid": about.identifier,
        "dtb:depth": str(max(entry.level for entry in entries)),
        "dtb:generator": "voxpress",
        "dtb:totalPageCount": str(len(pages)),
        "dtb:maxPageNumber": str(max(normal, default=0)),
    }
    head = n.head(
        *(
            n.smilCustomTest(id=name, bookStruct=struct, defaultState="true", override="visible")
            for name, struct in _list_tests(sections).items()
        ),
        *(n.meta(name=name, content=content) for name, content in meta.items()),
    )
    # One number for headings and pages together, in the order in which they are heard.
    heard = {item.id: number for number, item in enumerate(each for s in sections for each in s.items)}
    named = [
        *((heard[each.item.id], 0, each.page.id) for each in pages),
        *((heard[entry.item.id], 1, entry.item.id) for entry in entries),
    ]
    by_time = sorted(named, key=lambda each: each[:2])
    order = {id: number for number, id in enumerate(dict.fromkeys(id for _, _, id in by_time), start=1)}
    tree = n.navMap()
    above: list[etree._Element] = [tree]
    for entry in entries:
        del above[entry.level :]
        point = n.navPoint(
            n.navLabel(n.text(entry.title)),
            n.content(src=entry.target),
            {"class": f"h{entry.level}"},
            id=f"n{entry.item.id}",
            playOrder=str(order[entry.item.id]),
        )
        above[-1].append(point)
        above.append(point)
    root = n.ncx(
        head, n.docTitle(n.text(about.title)), *(n.docAuthor(n.text(a)) for a in about.creators), tree
    )
    root.set("version", "2005-1")
    root.set(_LANG, about.language)
    if pages:
        targets = (
            n.pageTarget(
                n.navLabel(n.text(page.label)),
                n.content(src=target),
                {"type": page.kind, "class": "pagenum"},
                *([{"value": page.label}] if page.kind == "normal" else []),
                id=f"n{page.id}",
                playOrder=str(order[page.id]),
            )
            for page, target in ((each.page, each.target) for each in pages)
        )
        root.append(n.pageList(n.navLabel(n.text("Pages")), *targets, id="pages"))
    doctype = (
        '<!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" "http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
    )
    return serialise(root, doctype)


def _write_package(about: About, sections: Sequence[Section]) -> bytes:
    o = ElementMaker(namespace=_OPF, nsmap={None: _OPF})
    dc = ElementMaker(namespace=_DC, nsmap={"dc": _DC})
    core = [
        dc.Format("ANSI/NISO Z39.86-2005"),
        dc.Language(about.language),
        dc.Date(about.date),
        dc.Publisher(about.publisher or "unknown"),
        dc.Title(about.title),
        dc.Identifier(about.identifier, id="uid"),
        *(dc.Creator(name) for name in about.creators),
    ]
    total = clock(sum(section.duration for section in sections), exact=True)
    more = {
        "dtb:multimediaType": "audioFullText",
        "dtb:multimediaContent": "audio,text",
        "dtb:totalTime": total,
        "dtb:sourceDate": about.source_date,
        "dtb:narrator": about.narrator,
        "dtb:producedDate": about.date,
        "dtb:audioFormat": "MP3",
    }
    metadata = o.metadata(
        o("dc-metadata", *core),
        o("x-metadata", *(o.meta(name=name, content=content) for name, content in more.items() if content)),
    )
    items = [
        (_PACKAGE, "opf", "text/xml"),
        (_NAVIGATION, "ncx", "application/x-dtbncx+xml"),
        (_BOOK, "book", "application/x-dtbook+xml"),
        (_RESOURCES, "resource", "application/x-dtbresource+xml"),
        (_STYLE, "style", "text/css"),
        *((f"{each.name}.smil", f"smil-{each.name}", "application/smil") for each in sections),
        *((f"{each.name}.mp3", f"audio-{each.name}", "audio/mpeg") for each in sections),
    ]
    manifest = o.manifest(*(o.item({"href": href, "id": id, "media-type": kind}) for href, id, kind in items))
    spine = o.spine(*(o.itemref(idref=f"smil-{each.name}") for each in sections))
    root = o.package(metadata, manifest, spine, {"unique-identifier": "uid"})
    doctype = (
        '<!DOCTYPE package PUBLIC "+//ISBN 0-9673008-1-9//DTD OEB 1.2 Package//EN"'
        ' "http://openebook.org/dtds/oeb-1.2/oebpkg12.dtd">'
    )
    return serialise(root, doctype)


def _write_resources() -> bytes:
    """What players say of the structures that a reader can leave out."""
    r = ElementMaker(namespace=_RESOURCE, nsmap={None: _RESOURCE})
    sets = (
        r.nodeSet(
            r.resource(r.text(_NAMES[name]), {_LANG: "en", "id": f"r{number}"}),
            id=f"s{number}",
            select=f"//smilCustomTest[@bookStruct='{struct}']",
        )
        for number, (name, struct) in enumerate((*_TESTS.values(), _SIDEBAR), start=1)
    )
    root = r.resources(r.scope(*sets, nsuri=_NCX), version="2005-1")
    doctype = (
        '<!DOCTYPE resources PUBLIC "-//NISO//DTD resource 2005-1//EN"'
        ' "http://www.daisy.org/z3986/2005/resource-2005-1.dtd">'
    )
    return serialise(root, doctype)
