"""XML as it is written, with the place of every element and text in it, so that it can be changed in single places."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from voxpress.errors import InputError

_TOKEN = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(?P<cdata>.*?)\]\]>|<\?.*?\?>"
    r"|(?P<doctype><!DOCTYPE(?:[^\[>\"']|\"[^\"]*\"|'[^']*')*(?:\[.*?\]\s*)?>)"
    r"|</(?P<closes>[^\s>]+)\s*>"
    r"|<(?P<opens>[^\s/>!?]+)(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^\"'>])*?)(?P<empty>/?)>",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_REFERENCE = re.compile(r"&[^;\s&<]{1,64};|\r\n?")
_ENTITY = re.compile(
    r"<!ENTITY\s+([\w.-]{1,60})\s+(?:\"([^\"<&%]*(?:&#\w{1,8};[^\"<&%]*)*)\"|'([^'<&%]*(?:&#\w{1,8};[^'<&%]*)*)')\s*>"
)
"""A declared entity that is text."""
_DECLARED = re.compile(r"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']", re.ASCII)


@dataclass(slots=True, eq=False)
class Element:
    """An element, and where it stands.

    Attributes:
        number: among all elements, in document order, from 0 for the root.
        name: with its prefix.
        opens, inside, closes, end: where its start tag begins and ends, and its end tag begins and ends; of an empty
            element the last three are the same.
        first, last: which part of the text content is in it.
    """

    number: int
    name: str
    parent: Element | None
    attributes: Mapping[str, str]
    opens: int
    inside: int
    first: int
    closes: int = -1
    end: int = -1
    last: int = -1
    empty: bool = False

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def prefix(self) -> str:
        """With the colon; empty if there is none."""
        return self.name[: -len(self.local)]

    def ancestors(self) -> Iterator[Element]:
        """Itself, its parent and so on, up to the root."""
        element: Element | None = self
        while element:
            yield element
            element = element.parent

    def get(self, name: str) -> str:
        """An attribute's value; empty if it is not there."""
        return self.attributes.get(name, "")


class Text(NamedTuple):
    """A text between two tags.

    Attributes:
        at, stop: its place in the text content.
        start, end: its place in the source.
        parent: the element that it is in.
        whole: it cannot be divided, because it is a CDATA section.
    """

    at: int
    stop: int
    start: int
    end: int
    parent: Element
    whole: bool


@dataclass(slots=True)
class _Scan:
    elements: list[Element] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    content: list[str] = field(default_factory=list)
    doctype: tuple[int, int] | None = None
    length: int = 0
    entities: dict[str, str] = field(default_factory=dict)

    def resolve(self, reference: str) -> str:
        """What a reference stands for, or a line break."""
        if reference[0] != "&":
            return "\n"
        return self.entities.get(reference[1:-1]) or html.unescape(reference)


class XmlSource:
    """The text of an XML file, with the place of everything in it.

    >>> source = XmlSource("<p>Salt &amp; <b>pepper</b></p>")
    >>> source.content
    'Salt & pepper'
    >>> source.text[source.place(7) : source.elements[1].end]
    'pepper</b>'

    Attributes:
        text: as it is written, with a byte order mark where there is one.
        encoding: of the file.
        content: the text content of the file: all texts in document order, one after another.
        elements: in document order.
        texts: in document order.
        resolve: what a reference such as ``&amp;`` stands for.
        doctype: where the document type stands; None: there is none.

    Raises:
        InputError: the text is not well-formed.
    """

    def __init__(self, text: str, encoding: str = "utf-8") -> None:
        self.text, self.encoding = text, encoding
        found = _scan(text)
        self.elements, self.texts, self.doctype = found.elements, found.texts, found.doctype
        self.resolve = found.resolve
        self.content = "".join(found.content)
        self._starts = [each.at for each in self.texts]

    @classmethod
    def decode(cls, data: bytes) -> XmlSource:
        """The source in a file's bytes.

        Raises:
            InputError: they are not in the encoding that they declare, or not well-formed.
        """
        return cls(*decode_text(data))

    def encode(self, text: str) -> bytes:
        """The bytes of a changed text, in the encoding of the file. What that does not have becomes a reference.

        >>> XmlSource("<p>Salt</p>", "latin-1").encode("<p>Salt – sea</p>")
        b'<p>Salt &#8211; sea</p>'
        """
        return text.encode(self.encoding, "xmlcharrefreplace")

    @cached_property
    def ids(self) -> set[str]:
        """All ids in it."""
        return {value for each in self.elements for name in ("id", "xml:id") if (value := each.get(name))}

    @cached_property
    def opens(self) -> list[int]:
        """Where each element's start tag begins."""
        return [each.opens for each in self.elements]

    def find(self, local: str) -> Iterator[Element]:
        """All elements of a name, without regard to prefixes."""
        return (each for each in self.elements if each.local == local)

    def texts_in(self, start: int, end: int) -> Iterator[Text]:
        """The texts that have something of a part of the text content."""
        for number in range(max(bisect_right(self._starts, start) - 1, 0), len(self.texts)):
            if self.texts[number].at >= end:
                break
            yield self.texts[number]

    def place(self, at: int, *, text: Text | None = None) -> int:
        """Where a character of the text content begins in the source.

        Args:
            text: the text whose place is meant, where one ends and another begins.
        """
        found = text or self.texts[max(bisect_right(self._starts, at) - 1, 0)]
        raw, wanted, here = self.text[found.start : found.end], at - found.at, 0
        if found.whole:
            return found.start if wanted <= 0 else found.end
        written = 0
        for reference in _REFERENCE.finditer(raw):
            before = reference.start() - written
            if here + before >= wanted:
                break
            here += before + len(self.resolve(reference[0]))
            written = reference.end()
            if here >= wanted:
                return found.start + written
        return found.start + written + wanted - here


def _scan(text: str) -> _Scan:
    found = _Scan()
    open_now: list[Element] = []
    at = 0
    while (start := text.find("<", at)) >= 0:
        token = _TOKEN.match(text, start)
        if token is None:
            raise InputError(f"is not well-formed: '<' {_locate(text, start)}")
        _read_text(found, text, at, start, open_now)
        at = token.end()
        if token["opens"]:
            attributes = {
                name: html.unescape(value[1:-1]) for name, value in _ATTRIBUTE.findall(token["attributes"])
            }
            parent = open_now[-1] if open_now else None
            element = Element(
                len(found.elements), token["opens"], parent, attributes, token.start(), at, found.length
            )
            found.elements.append(element)
            if token["empty"]:
                element.closes = element.end = at
                element.last, element.empty = found.length, True
            else:
                open_now.append(element)
        elif token["closes"]:
            if not open_now or open_now[-1].name != token["closes"]:
                raise InputError(f"is not well-formed: </{token['closes']}> {_locate(text, token.start())}")
            element = open_now.pop()
            element.closes, element.end, element.last = token.start(), at, found.length
        elif token["cdata"] is not None and open_now:
            content = token["cdata"].replace("\r\n", "\n").replace("\r", "\n")
            found.texts.append(
                Text(found.length, found.length + len(content), token.start(), at, open_now[-1], whole=True)
            )
            found.content.append(content)
            found.length += len(content)
        elif token["doctype"]:
            found.doctype = token.span("doctype")
            found.entities = {name: html.unescape(a or b) for name, a, b in _ENTITY.findall(token["doctype"])}
    _read_text(found, text, at, len(text), open_now)
    if open_now or not found.elements:
        problem = f"<{open_now[-1].name}> does not end" if open_now else "there is no element"
        raise InputError(f"is not well-formed: {problem}")
    return found


def _read_text(found: _Scan, text: str, start: int, end: int, open_now: list[Element]) -> None:
    if start >= end:
        return
    raw = text[start:end]
    if not open_now:
        return
    content = (
        _REFERENCE.sub(lambda reference: found.resolve(reference[0]), raw)
        if "&" in raw or "\r" in raw
        else raw
    )
    found.texts.append(Text(found.length, found.length + len(content), start, end, open_now[-1], whole=False))
    found.content.append(content)
    found.length += len(content)


def decode_text(data: bytes) -> tuple[str, str]:
    """The text of an XML file, and its encoding. A byte order mark stays in the text.

    Raises:
        InputError: the bytes are not in the encoding that they declare.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16-le" if data[0] == 0xFF else "utf-16-be"
    else:
        declared = _DECLARED.search(data[:200].decode("latin-1"))
        encoding = declared[1].lower() if declared else "utf-8"
    try:
        return data.decode(encoding), encoding
    except (UnicodeError, LookupError) as error:
        raise InputError(f"is not in the encoding that it declares, {encoding}") from error


def _locate(text: str, at: int) -> str:
    return f"in line {text.count(chr(10), 0, at) + 1}"


@dataclass
class Edits:
    """Changes of a text, each in its place.

    >>> edits = Edits("<p>One</p>")
    >>> edits.insert(2, ' id="a"')
    >>> edits.apply()
    '<p id="a">One</p>'
    """

    text: str
    _changes: list[tuple[int, int, str]] = field(default_factory=list)

    def insert(self, at: int, text: str) -> None:
        """Put something before a place; several things for one place stay in the order in which they came."""
        self.replace(at, at, text)

    def replace(self, start: int, end: int, text: str = "") -> None:
        """Put something in the place of a piece."""
        self._changes.append((start, end, text))

    def set(self, element: Element, name: str, value: str) -> None:
        """Give an element an attribute; one that it has already gets the new value."""
        begins = element.opens + 1 + len(element.name)
        tag = self.text[begins : element.inside]
        for each in _ATTRIBUTE.finditer(tag):
            if each[1] == name:
                self.replace(begins + each.start(2), begins + each.end(2), f'"{html.escape(value)}"')
                return
        self.insert(begins, f' {name}="{html.escape(value)}"')

    def drop(self, element: Element, name: str) -> None:
        """Remove an attribute."""
        begins = element.opens + 1 + len(element.name)
        for each in re.finditer(
            r"\s+([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')", self.text[begins : element.inside]
        ):
            if each[1] == name:
                self.replace(begins + each.start(), begins + each.end())

    def remove(self, element: Element) -> None:
        """Remove an element with what is in it, and the white space before it."""
        start = element.opens
        while self.text[start - 1].isspace():
            start -= 1
        self.replace(start, element.end)

    def copy(self) -> Edits:
        """The same changes, for more of them."""
        return Edits(self.text, list(self._changes))

    def apply(self) -> str:
        """The changed text."""
        out: list[str] = []
        at = 0
        for start, end, text in sorted(self._changes, key=lambda each: (each[0], each[1])):
            if start < at:
                continue  # stands in something that was replaced
            out += [self.text[at:start], text]
            at = end
        out.append(self.text[at:])
        return "".join(out)
