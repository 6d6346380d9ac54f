"""Pages of books, read safely: XHTML and HTML as trees, the text content of a tree, and the numbers of its elements.

`Place.element` and `Run.source` are about the tree that `parse_page` gives. Whoever writes into a page finds these
places again with `element_at` and `text_content`.
"""

from __future__ import annotations

import functools
import html
import itertools
import re
from collections.abc import Iterator
from html.entities import html5
from typing import TYPE_CHECKING, NamedTuple, cast

from voxpress.errors import InputError, shorten

if TYPE_CHECKING:
    from lxml.etree import XMLParser, _Element

LARGEST_PAGE = 1 << 26
"""Bytes of one page, or of another file of XML."""
DEEPEST = 2048
"""Elements that may stand in each other: libxml2's limit for HTML."""
MOST_ELEMENTS = 2_000_000
"""In one page."""

XML = "http://www.w3.org/XML/1998/namespace"
XHTML = "http://www.w3.org/1999/xhtml"
OPS = "http://www.idpf.org/2007/ops"
SSML = "http://www.w3.org/2001/10/synthesis"
XLINK = "http://www.w3.org/1999/xlink"
PREFIXES = {"xml": XML, "epub": OPS, "ssml": SSML, "xlink": XLINK}

_XML_ENTITIES = ("amp", "lt", "gt", "quot", "apos")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_EXTERNAL = re.compile(r"<!ENTITY\s+([\w.-]{1,60})\s+(?:SYSTEM|PUBLIC)\b")
_DECLARED = re.compile(r"""<!ENTITY\s+([\w.-]{1,60})\s+["']""")
_DECLARATION = re.compile(r"""\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["'][^>]{0,200}\?>""")
_ANY_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,400}\?>")
_CHARSET = re.compile(rb"""<meta\b[^>]{0,200}?charset\s*=\s*["']?([\w.:-]{1,40})""", re.IGNORECASE)
_EMPTY = re.compile(r"<([A-Za-z][\w:.-]{0,40})((?:\s[^<>]*)?)/>")
_CONTROLS = re.compile("[\0-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")
_VOID_NAMES = """
area base basefont br col embed frame hr img input keygen link meta param source track wbr
"""
_BODY = re.compile(r"<body[\s/>]", re.IGNORECASE)
_IN_BODY = re.compile(
    r"<(?:article|aside|figure|footer|header|hgroup|main|nav|search|section)[\s/>]", re.IGNORECASE
)
"""Elements that libxml2 does not know, and leaves in the head where a page has no ``<body>``."""
_VOID = frozenset(_VOID_NAMES.split())
_SILENT = frozenset(("rt", "rp", "script", "style"))
_APART = frozenset(("img", "br", "p", "div", "li", "td"))
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_WINDOWS = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "ascii": "cp1252",
    "us-ascii": "cp1252",
}
"""Names of encodings that browsers read as another."""


class Page(NamedTuple):
    """A page as a tree.

    Attributes:
        repaired: what was wrong, where it was no well-formed XML and was read as HTML; empty otherwise.
    """

    root: _Element
    repaired: str = ""


def parse_page(data: bytes, name: str) -> Page:
    """The tree of a page of a book: XHTML, or what is meant to be.

    Entities of HTML need no declaration. What is not well-formed is read as browsers read HTML.

    >>> page = parse_page(b"<p>Salt&nbsp;&amp; pepper", "one.xhtml")
    >>> text_content(page.root), page.repaired
    ('Salt\\xa0& pepper', 'Premature end of data in tag p, line 1')

    Args:
        name: of the file, for messages.

    Raises:
        InputError: it is no text, too large, nested too deeply, or has too many elements.
    """
    from lxml import etree

    _check_size(data, name)
    try:
        root = etree.fromstring(data, _xml_parser())
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        problem = _explain(error)
        text = decode_page(data, name)
        whole = replace_entities(text)
        if whole == text and b"\0" not in data[:100]:
            return parse_html(text, name, problem)
        try:
            root = etree.fromstring(_encode(whole), _xml_parser())
        except etree.XMLSyntaxError as other:
            return parse_html(text, name, _explain(other))
    return _check(Page(root), name)


def parse_html(text: str, name: str, problem: str = "") -> Page:
    """The tree of a page of HTML.

    Raises:
        InputError: there is nothing in it, it is nested too deeply, or has too many elements.
    """
    from lxml import etree

    if is_xml(text):
        # Browsers take no end of an empty element but that of HTML.
        text = _EMPTY.sub(
            lambda tag: tag[0] if tag[1].lower() in _VOID else f"<{tag[1]}{tag[2]}></{tag[1]}>", text
        )
    text = _CONTROLS.sub("", _ANY_DECLARATION.sub("", text, count=1))
    if not _BODY.search(text) and (first := _IN_BODY.search(text)):
        text = f"{text[: first.start()]}<body>{text[first.start() :]}"
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True)
    try:
        root = etree.fromstring(text.encode(errors="replace"), parser) if text.strip() else None
    except etree.XMLSyntaxError:
        root = None
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        raise InputError(f"has more than {DEEPEST:,} elements in each other", place=name)
    if root is None:
        raise InputError("holds no elements: it is no page", place=name)
    return _check(Page(root, problem), name)


def parse_xml(data: bytes, name: str) -> Page:
    """The tree of a file of XML that is no page, such as a package document.

    >>> parse_xml(b"<package><metadata/></package>", "book.opf").root.tag
    'package'

    Raises:
        InputError: it is not XML, and cannot be repaired.
    """
    from lxml import etree

    _check_size(data, name)
    problem = ""
    root: _Element | None
    try:
        root = etree.fromstring(data, _xml_parser())
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        problem = _explain(error)
        root = _recover(replace_entities(decode_page(data, name)))
    if root is None:
        raise InputError(f"is not XML: {problem}", place=name)
    return _check(Page(root, problem), name)


def decode_page(data: bytes, name: str) -> str:
    """The text of a page, in the encoding that it names; UTF-8 otherwise.

    Raises:
        InputError: the bytes are no text in that encoding.
    """
    encoding = next((known for mark, known in _BOMS if data.startswith(mark)), "")
    if not encoding:
        head = data[:1024]
        found = _DECLARATION.match(head.decode("latin-1"))
        charset = _CHARSET.search(head)
        named = found[1] if found else charset[1].decode() if charset else "utf-8"
        encoding = _WINDOWS.get(named.lower(), named)
        if encoding.lower().startswith("utf-16"):
            encoding = "utf-8"  # it could be read until here
    try:
        return data.decode(encoding)
    except LookupError:
        raise InputError(f"names the encoding {encoding!r}, which is unknown", place=name) from None
    except UnicodeDecodeError as error:
        if encoding.lower() in ("utf-8", "utf8", "utf-8-sig") and b"\0" not in data:
            text = data.decode("utf-8", "replace")
            letters = sum(not c.isascii() for c in text)
            return data.decode("cp1252", "replace") if letters < 2 * text.count("\ufffd") else text
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"is not {encoding.upper()}, as it says: save it as UTF-8", place=f"{name}:{line}"
        ) from None


def replace_entities(text: str) -> str:
    """A text of XML without the entities of HTML, which XML does not know. Those that it declares stay;
    those that stand in other files are left out.

    >>> replace_entities("a&nbsp;b &amp; &nothing;")
    'a\xa0b &amp; &amp;nothing;'
    """
    declared = {*_XML_ENTITIES, *_DECLARED.findall(text)}
    outside = frozenset(_EXTERNAL.findall(text))

    def replace(entity: re.Match[str]) -> str:
        if entity[1] in declared:
            return entity[0]
        if entity[1] in outside:
            return ""
        known = html5.get(f"{entity[1]};")
        return html.escape(known) if known else f"&amp;{entity[1]};"

    return _ENTITY.sub(replace, text)


def text_content(root: _Element) -> str:
    """All text of a tree in document order, without comments and processing instructions.

    `Run.source` counts in it.
    """
    return "".join(text for _, text in iterate_text(root))


def iterate_text(root: _Element) -> Iterator[tuple[_Element, str]]:
    """Each text node of a tree, and the element, comment or instruction that it is kept at.

    A node is the text at the beginning of an element, or what follows the end of one: its tail.
    """
    from lxml import etree

    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            if element.text:
                yield element, element.text
        elif element is not root and element.tail:
            yield element, element.tail


def number_elements(root: _Element) -> dict[_Element, int]:
    """The number of each element, as in `Place.element`: in document order, from 0 for the root."""
    return {element: number for number, element in enumerate(root.iter("*"))}


def element_at(root: _Element, number: int) -> _Element | None:
    """The element with a number; None if there are fewer.

    >>> element_at(parse_page(b"<html><body><p/></body></html>", "one.xhtml").root, 2).tag
    'p'
    """
    return next(itertools.islice(root.iter("*"), number, None), None)


def name_of(element: _Element) -> str:
    """The name of an element in lower case, without its namespace or prefix."""
    return _find_name(element.tag) if isinstance(element.tag, str) else ""


@functools.lru_cache(maxsize=4096)
def _find_name(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2].lower()


def attribute(element: _Element, name: str) -> str:
    """The value of an attribute; a prefix is one of `PREFIXES`. Repaired pages keep prefixes as they are written."""
    prefix, _, local = name.partition(":")
    if not local:
        return element.get(name) or ""
    return element.get(f"{{{PREFIXES[prefix]}}}{local}") or element.get(name) or ""


def types_of(element: _Element) -> list[str]:
    """What an element is for, from ``epub:type`` and ``role``; roles of DPUB-ARIA lose their ``doc-``.

    >>> page = parse_html('<p epub:type="z3998:roman" role="doc-footnote">', "one.xhtml")
    >>> types_of(page.root[0][0])
    ['z3998:roman', 'footnote']
    """
    given = f"{attribute(element, 'epub:type')} {element.get('role') or ''}".lower().split()
    return [each.removeprefix("doc-") for each in given]


def words_of(element: _Element) -> str:
    """The words of a short element on one line, such as an entry of a table of contents. Images have their
    descriptions.

    >>> words_of(parse_page(b"<a>The <b>sea</b><br/>and <img alt='sand'/></a>", "one.xhtml").root)
    'The sea and sand'
    """
    from lxml import etree

    words, silent = [], 0
    for event, each in etree.iterwalk(element, events=("start", "end", "comment", "pi")):
        name = name_of(each)
        if event == "start":
            silent += name in _SILENT and each is not element
            if name in _APART and not silent:
                words.append(f" {each.get('alt') or ''} ")
            words.append("" if silent else each.text or "")
        else:
            silent -= event == "end" and name in _SILENT and each is not element
            words.append("" if silent or each is element else each.tail or "")
    return " ".join("".join(words).split())


def _xml_parser(*, recover: bool = False) -> XMLParser:
    from lxml import etree

    return etree.XMLParser(
        resolve_entities="internal", load_dtd=False, no_network=True, huge_tree=False, recover=recover
    )


def _recover(text: str) -> _Element | None:
    """The tree of what is left of a text that is not well-formed; None: nothing is."""
    from lxml import etree

    try:
        return cast("_Element | None", etree.fromstring(_encode(text), _xml_parser(recover=True)))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _check_size(data: bytes, name: str) -> None:
    if len(data) > LARGEST_PAGE:
        raise InputError(f"is larger than {LARGEST_PAGE:,} bytes", place=name)


def _check(page: Page, name: str) -> Page:
    if next(itertools.islice(page.root.iter("*"), MOST_ELEMENTS, None), None) is not None:
        raise InputError(f"has more than {MOST_ELEMENTS:,} elements", place=name)
    return page


def is_xml(text: str) -> bool:
    """Whether a page says that it is XML."""
    return text[:500].lstrip("\ufeff \t\r\n").startswith("<?xml") or f'xmlns="{XHTML}"' in text[:5000]


def _encode(text: str) -> bytes:
    return _ANY_DECLARATION.sub("", text, count=1).encode(errors="replace")


def _explain(error: Exception) -> str:
    problem = str(error)
    line = re.search(r", line (\d+), column \d+ \(<string>, line \d+\)$", problem)
    return (
        f"{shorten(re.sub(' line [0-9]+( and .*)?$', '', problem[: line.start()]))}, line {line[1]}"
        if line
        else problem
    )
