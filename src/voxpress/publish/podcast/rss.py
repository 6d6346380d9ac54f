"""RSS 2.0 as it is written, changed in single places: what voxpress does not change keeps every byte.

Names are written with the prefixes that podcasts usually have, such as ``itunes:duration``. A feed may have others.
"""

from __future__ import annotations

import datetime as dt
import html
import re
import stat
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from itertools import chain, zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from xml.parsers import expat

from voxpress.errors import InputError, shorten
from voxpress.publish.xml_source import Edits, Element, XmlSource, decode_text

LARGEST = 64 * 2**20
"""Bytes of a feed."""
NAMESPACES: Mapping[str, str] = MappingProxyType(
    {
        "atom": "http://www.w3.org/2005/Atom",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "podcast": "https://podcastindex.org/namespace/1.0",
    }
)
EMPTY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"'
    + "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    + ">\n  <channel>\n    <generator>voxpress</generator>\n    <podcast:medium>podcast</podcast:medium>\n"
    + "  </channel>\n</rss>\n"
)
_PREFIXES = {uri.lower(): prefix for prefix, uri in NAMESPACES.items()} | {
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast"
}
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, and control characters that it can."""
_REFERENCES = str.maketrans({"&": "&#x26;", "<": "&#x3C;", ">": "&#x3E;"})
"""How RSS has these signs in plain text, so that nobody takes them for HTML: https://www.rssboard.org/rss-profile."""
_LINE = re.compile("\r\n?")


class Node(NamedTuple):
    """An element that voxpress writes.

    Attributes:
        html: whether the text is HTML; it stands in a CDATA section.
    """

    name: str
    text: str = ""
    attributes: Mapping[str, str] = MappingProxyType({})
    children: tuple[Node, ...] = ()
    html: bool = False


class Feed:
    """A feed, and the changes of it.

    >>> feed = Feed(XmlSource("<rss version='2.0'><channel><title>Salt</title></channel></rss>"))
    >>> feed.put(feed.channel, [Node("title", "Salt & Sea"), Node("itunes:type", "serial")])
    >>> feed.apply().partition("<channel>")[2]
    '<title>Salt &#x26; Sea</title><itunes:type>serial</itunes:type></channel></rss>'

    Attributes:
        items: the episodes, in the order of the file.

    Raises:
        InputError: it is no feed of RSS 2.0.
    """

    def __init__(self, source: XmlSource) -> None:
        self._source, self._edits = source, Edits(source.text)
        self._children: dict[int, list[Element]] = defaultdict(list)
        for each in source.elements:
            if each.parent:
                self._children[each.parent.number].append(each)
        self._root = source.elements[0]
        self.channel = self._find_channel()
        self.items = self.find(self.channel, "item")
        self._declared = {
            name.removeprefix("xmlns:"): uri
            for element in (self._root, self.channel)
            for name, uri in element.attributes.items()
            if name.startswith("xmlns:")
        }

    @classmethod
    def read(cls, path: Path) -> Feed:
        """The feed in a file; one without a show and episodes if there is no file.

        Raises:
            InputError: it cannot be read, or is no feed of RSS 2.0.
        """
        try:
            facts = path.stat()
            if not stat.S_ISREG(facts.st_mode):
                raise InputError("is no file", place=str(path))
            if facts.st_size > LARGEST:
                raise InputError(f"has more than {LARGEST // 2**20} MB, which no feed needs", place=str(path))
            data = path.read_bytes()
        except FileNotFoundError:
            return cls(XmlSource(EMPTY))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", place=str(path)) from error
        try:
            return cls(_parse(data))
        except InputError as error:
            raise error.at(str(path)) from error

    def _find_channel(self) -> Element:
        root = self._root
        if root.local != "rss" or root.get("version").startswith("0"):
            kind = {"feed": "Atom", "RDF": "RSS 1.0", "html": "a page", "HTML": "a page"}.get(
                root.local, "old RSS" if root.local == "rss" else f"<{shorten(root.name)}>"
            )
            raise InputError(f"is {kind}; episodes go into RSS 2.0")
        channels = self.find(root, "channel")
        if len(channels) != 1 or channels[0].empty:
            problem = (
                f"has {len(channels)} channels" if channels and not channels[0].empty else "has no channel"
            )
            raise InputError(f"{problem}; a feed of RSS 2.0 has one")
        return channels[0]

    def find(self, parent: Element, name: str, rel: str = "") -> list[Element]:
        """The children of an element that have a name.

        Args:
            rel: what their attribute of that name says; empty: anything.
        """
        return [
            each
            for each in self._children[parent.number]
            if each.local == name.rpartition(":")[2]
            and self._name(each) == name
            and rel in ("", each.get("rel"))
        ]

    def text(self, parent: Element, name: str) -> str:
        """What a child of an element says; empty if it is not there."""
        found = self.find(parent, name)
        return self._text(found[0]) if found else ""

    def find_item(self, guid: str) -> Element | None:
        """The episode with a guid; None: the feed has none.

        Raises:
            InputError: several episodes have it, or it is empty.
        """
        wanted = clean(guid).split()
        if not wanted:
            raise InputError("is empty; an episode keeps its guid for ever", field="guid")
        found = [each for each in self.items if self.text(each, "guid").split() == wanted]
        if len(found) > 1:
            raise InputError(
                f"{len(found)} episodes have the guid {guid!r}: remove all but one", field="guid"
            )
        return found[0] if found else None

    def put(self, parent: Element, nodes: Sequence[Node], also: Collection[str] = ()) -> None:
        """Have an element say what `nodes` say. Children that say it already stay as they are written.

        Args:
            nodes: take the place of all children of their names; of links, of those with the same rel.
            also: names of children that are removed if no node has them.
        """
        wanted: dict[tuple[str, str], list[Node]] = {(name, ""): [] for name in also}
        for node in nodes:
            wanted.setdefault((node.name, node.attributes.get("rel", "")), []).append(node)
        new: list[Node] = []
        for (name, rel), those in wanted.items():
            for old, node in zip_longest(self.find(parent, name, rel), those):
                if old is None:
                    new.append(node)
                elif node is None:
                    self._edits.remove(old)
                elif not self._says(old, node):
                    self._edits.replace(old.opens, old.end, self._write(node, self._find_indent(old.opens)))
        order = {id(node): number for number, node in enumerate(nodes)}
        self._append(parent, sorted(new, key=lambda node: order[id(node)]))

    def add_item(self, nodes: Iterable[Node], published: dt.datetime) -> None:
        """Add an episode before the first one that is not newer.

        Args:
            published: when, with a time zone.
        """
        at = next(
            (
                number
                for number, item in enumerate(self.items)
                if (moment := self._read_time(item)) and moment <= published
            ),
            len(self.items),
        )
        siblings = self._children[self.channel.number]
        if self.items:
            before = siblings.index(self.items[at - 1] if at else self.items[0]) - (not at)
        else:
            before = len(siblings) - 1
        self._insert_after(self.channel, before, [Node("item", children=tuple(nodes))])

    @property
    def changed(self) -> bool:
        """Whether anything says something else now."""
        return self.apply() != self._source.text

    def apply(self) -> str:
        """The text with all changes."""
        return self._edits.apply()

    def encode(self) -> bytes:
        """The bytes with all changes, in the encoding of the file."""
        return self._source.encode(self.apply())

    def _read_time(self, item: Element) -> dt.datetime | None:
        try:
            moment = parsedate_to_datetime(self.text(item, "pubDate"))
        except (ValueError, OverflowError):
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

    def _append(self, parent: Element, nodes: Sequence[Node]) -> None:
        """Add children at the end; to the channel, before its episodes."""
        siblings = self._children[parent.number]
        first = next((number for number, each in enumerate(siblings) if each.local == "item"), len(siblings))
        self._insert_after(parent, first - 1, nodes)

    def _insert_after(self, parent: Element, number: int, nodes: Sequence[Node]) -> None:
        """Add children after one of those that are there; before all: after -1."""
        siblings = self._children[parent.number]
        at = siblings[number].end if number >= 0 else parent.inside
        like = siblings[max(number, 0)].opens if siblings else None
        indent = self._find_indent(like) if like is not None else self._find_indent(parent.opens) + self._unit
        self._edits.insert(at, "".join(f"{indent}{self._write(node, indent)}" for node in nodes))

    @property
    def _unit(self) -> str:
        """By how much an element is indented in another."""
        outer, inner = (self._find_indent(each.opens) for each in (self._root, self.channel))
        more = inner.lstrip("\r\n").removeprefix(outer.lstrip("\r\n"))
        return more or ("  " if inner else "")

    def _find_indent(self, at: int) -> str:
        """The line break and the white space before an element; empty if it stands behind something else."""
        return re.search(r"((?:\r\n|\r|\n)[ \t]*)?\Z", self._source.text[max(0, at - 200) : at])[1] or ""  # type: ignore[index]

    def _name(self, element: Element) -> str:
        """The name of an element with the usual prefix; without one for RSS itself."""
        uri = self._find_namespace(element)
        if uri == self._find_namespace(self._root):
            return element.local
        return f"{_PREFIXES.get(uri.lower(), uri)}:{element.local}"

    def _find_namespace(self, element: Element) -> str:
        name = f"xmlns:{element.prefix[:-1]}" if element.prefix else "xmlns"
        return next((each.attributes[name] for each in element.ancestors() if name in each.attributes), "")

    def _text(self, element: Element) -> str:
        return self._source.content[element.first : element.last].strip()

    def _says(self, element: Element, node: Node) -> bool:
        attributes = {
            name: value for name, value in element.attributes.items() if not name.startswith("xmlns")
        }
        inside = self._children[element.number]
        return (
            attributes == {name: " ".join(clean(value).split()) for name, value in node.attributes.items()}
            and (bool(node.children) or self._text(element) == clean(node.text).strip())
            and [self._name(each) for each in inside] == [each.name for each in node.children]
            and all(map(self._says, inside, node.children))
        )

    def _write(self, node: Node, indent: str) -> str:
        name = self._choose_name(node.name)
        attributes = "".join(
            f' {key}="{html.escape(" ".join(clean(value).split()))}"'
            for key, value in node.attributes.items()
        )
        if node.children:
            inner = indent + self._unit
            inside = "".join(f"{inner}{self._write(each, inner)}" for each in node.children) + indent
        elif node.html and "<" in node.text and self._has(node.text):
            inside = f"<![CDATA[{clean(node.text).replace(']]>', ']]]]><![CDATA[>')}]]>"
        else:
            inside = clean(node.text).translate(_REFERENCES)
        return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"

    def _has(self, text: str) -> bool:
        """Whether the encoding of the file has all characters of a text: a CDATA section holds no references."""
        try:
            clean(text).encode(self._source.encoding)
        except UnicodeError:
            return False
        return True

    def _choose_name(self, name: str) -> str:
        """A name with the prefix that this feed has for it; a new prefix is declared."""
        usual, _, local = name.rpartition(":")
        if not usual:
            return f"{self._root.prefix}{local}"
        known = {_PREFIXES.get(uri.lower()): prefix for prefix, uri in self._declared.items()}
        if usual not in known:
            free = chain([usual], (f"{usual}{number}" for number in range(2, 1000)))
            prefix = next(each for each in free if each not in self._declared)
            self._declared[prefix] = NAMESPACES[usual]
            self._edits.set(self._root, f"xmlns:{prefix}", NAMESPACES[usual])
            known[usual] = prefix
        return f"{known[usual]}:{local}"


def clean(text: str) -> str:
    """A text without the characters that XML cannot hold, and with one kind of line breaks.

    >>> clean("Salt\\x07 & Sea")
    'Salt & Sea'
    """
    return _FORBIDDEN.sub("", _LINE.sub("\n", text))


def _parse(data: bytes) -> XmlSource:
    """A file as XML. A strict parser reads it first, because `XmlSource` forgives, and is slow where it must."""
    text, encoding = decode_text(data)
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(text.encode(), True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise InputError(f"is not well-formed XML, line {error.lineno}: {reason}") from error
    return XmlSource(text, encoding)


def _refuse_entity(name: str, *_: object) -> None:
    raise InputError(
        f"declares the entity {shorten(name)!r}; voxpress reads feeds without entities of their own"
    )
