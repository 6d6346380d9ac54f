"""The package document of an EPUB: what is in the book, and what is known of it. It is changed in single places."""

from __future__ import annotations

import html
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from voxpress.documents.archive import relate
from voxpress.errors import InputError
from voxpress.publish.smil import clock
from voxpress.publish.xml_source import Edits, Element, XmlSource
from voxpress.speech import Seconds

OVERLAY = "application/smil+xml"
XHTML = "application/xhtml+xml"
PAGES = (XHTML, "image/svg+xml")
"""Media types that can have an overlay."""
ACTIVE_CLASS = "-epub-media-overlay-active"
_STATIC = ("image/jpeg", "image/png", "image/webp", "text/css", XHTML, "application/x-dtbncx+xml", OVERLAY)
"""What cannot flash or make a noise. Fonts come in many names."""
_SUMMARY = "A synthetic voice reads this book aloud, and each sentence is highlighted while it is heard."


@dataclass(slots=True, eq=False)
class ManifestItem:
    """A file of the book.

    Attributes:
        path: its name in the archive; empty where it lies elsewhere.
    """

    element: Element
    id: str
    path: str
    media_type: str
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Narrated:
    """What the package document must say of the overlays.

    Attributes:
        overlays: by the item that is narrated: path of the overlay, and its duration.
        files: path and media type of each file that was added.
        narrator: who reads.
        complete: every page that is read in order has an overlay.
    """

    overlays: Mapping[str, tuple[str, Seconds]]
    files: Sequence[tuple[str, str]]
    narrator: str
    complete: bool


@dataclass
class PackageSource:
    """A package document.

    Attributes:
        path: its name in the archive.
        locate: the file that an address in a file leads to.
        items: by their ids.
        spine: the items that are read in order.
        removed: paths of files that `remove_overlays` took out.

    Raises:
        InputError: it is no package document.
    """

    path: str
    source: XmlSource
    locate: Callable[[str, str], str]
    items: dict[str, ManifestItem] = field(default_factory=dict)
    spine: list[ManifestItem] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.edits = Edits(self.source.text)
        self._ids = set(self.source.ids)
        self._given: dict[int, str] = {}
        self._places: dict[int, tuple[int, str]] = {}
        self._by_path: dict[str, ManifestItem] = {}
        root = self.source.elements[0]
        parts = {each.local: each for each in self.source.elements if each.parent is root}
        if root.local != "package" or not {"metadata", "manifest", "spine"} <= parts.keys():
            raise InputError("is no package document of an EPUB", place=self.path)
        self.root, self.metadata, self.manifest = root, parts["metadata"], parts["manifest"]
        self.version = root.get("version").strip()
        for each in self.source.find("item"):
            if each.parent is self.manifest and each.get("id"):
                path = self.locate(self.path, each.get("href"))
                properties = tuple(each.get("properties").split())
                self.items[each.get("id")] = ManifestItem(
                    each, each.get("id"), path, each.get("media-type").strip(), properties
                )
                self._by_path.setdefault(path, self.items[each.get("id")])
        for each in self.source.find("itemref"):
            if each.parent is parts["spine"] and each.get("idref") in self.items:
                self.spine.append(self.items[each.get("idref")])

    @property
    def navigation(self) -> ManifestItem | None:
        """The navigation document of an EPUB 3."""
        return next((each for each in self.items.values() if "nav" in each.properties), None)

    @property
    def has_overlays(self) -> bool:
        """Whether the book can be read along already."""
        return any(
            each.media_type == OVERLAY or each.element.get("media-overlay") for each in self.items.values()
        )

    @property
    def active_class(self) -> str:
        """The class of what is heard: that of the book, or the usual one."""
        return next((self._value(each) for each in self._metas("media:active-class")), ACTIVE_CLASS)

    @property
    def modified(self) -> str:
        """When the book was changed last, as it says."""
        return next((self._value(each) for each in self._metas("dcterms:modified")), "")

    def find(self, path: str) -> ManifestItem | None:
        """The item of a file."""
        return self._by_path.get(path)

    def remove_overlays(self, sounds: Mapping[str, set[str]]) -> None:
        """Take out the overlays, and the sound files that only they use.

        Args:
            sounds: the paths of sound files that each overlay uses, by the overlay's path.
        """
        gone = {each.path for each in self.items.values() if each.media_type == OVERLAY}
        gone |= {path for path in set().union(*sounds.values()) if self.find(path)} if sounds else set()
        for item in list(self.items.values()):
            if item.path in gone:
                self.edits.remove(item.element)
                del self.items[item.id]
                self._by_path.pop(item.path, None)
        for link in self.source.find("link"):
            if self.locate(self.path, link.get("href")) in gone:
                self.edits.remove(link)
        for meta in self.source.find("meta"):
            if meta.get("property") in ("media:duration", "media:narrator"):
                self.edits.remove(meta)
        self.removed |= gone

    def add_item(self, path: str, media_type: str, properties: str = "") -> str:
        """Add a file to the manifest; gives its id."""
        id = self.new_id(posixpath.splitext(posixpath.basename(path))[0])
        href = relate(path, self.path)
        more = f' properties="{properties}"' if properties else ""
        name = f"{self.manifest.prefix}item"
        self.append(self.manifest, f'<{name} id="{id}" href="{href}" media-type="{media_type}"{more}/>')
        return id

    def add_meta(self, name: str, value: str, *, refines: str = "", more: str = "") -> None:
        """Add a property to the metadata."""
        about = f' refines="#{refines}"' if refines else ""
        tag = f"{self.metadata.prefix}meta"
        self.append(self.metadata, f'<{tag}{about} property="{name}"{more}>{html.escape(value)}</{tag}>')

    def append(self, parent: Element, text: str) -> None:
        """Add an element at the end of another, indented as those before it."""
        self._append(self.edits, parent, text)

    def _append(self, edits: Edits, parent: Element, text: str) -> None:
        if parent.number not in self._places:
            children = [each for each in self.source.elements if each.parent is parent]
            at = children[-1].end if children else parent.inside
            start = children[-1].opens if children else parent.opens
            line = self.source.text[self.source.text.rfind("\n", 0, start) + 1 : start]
            self._places[parent.number] = at, line if line.isspace() else ""
        at, indent = self._places[parent.number]
        edits.insert(at, f"\n{indent}{text}")

    def id_of(self, element: Element) -> str:
        """The id of an element of the package document; one without gets one."""
        if own := element.get("id") or self._given.get(element.number, ""):
            return own
        self._given[element.number] = self.new_id(element.local)
        self.edits.set(element, "id", self._given[element.number])
        return self._given[element.number]

    def new_id(self, wanted: str) -> str:
        """An id that nothing has yet."""
        stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in wanted)
        id = stem = stem if stem[:1].isalpha() else f"i{stem}"
        number = 1
        while id in self._ids:
            number += 1
            id = f"{stem}-{number}"
        self._ids.add(id)
        return id

    def announce(self, facts: Narrated) -> None:
        """Name the overlays, and say who reads and for whom the book is good."""
        ids = {path: self.add_item(path, media_type) for path, media_type in facts.files}
        total = 0.0
        for item in self.items.values():
            if item.id in facts.overlays:
                self.edits.set(item.element, "media-overlay", ids[facts.overlays[item.id][0]])
            else:
                self.edits.drop(item.element, "media-overlay")
        for path, duration in facts.overlays.values():
            self.add_meta("media:duration", clock(duration, exact=True), refines=ids[path])
            total += duration
        self.add_meta("media:duration", clock(total, exact=True))
        if facts.narrator:
            self.add_meta("media:narrator", facts.narrator)
        if not any(True for _ in self._metas("media:active-class")):
            self.add_meta("media:active-class", self.active_class)
        self._announce_access(facts.complete)

    def write(self, modified: str) -> bytes:
        """The new package document.

        Args:
            modified: a date in the form ``2026-11-29T12:00:00Z``.
        """
        edits = self.edits.copy()
        dates = list(self._metas("dcterms:modified"))
        for meta in dates[:1]:
            edits.replace(meta.inside, meta.closes, modified)
        if not dates:
            tag = f"{self.metadata.prefix}meta"
            self._append(edits, self.metadata, f'<{tag} property="dcterms:modified">{modified}</{tag}>')
        return self.source.encode(edits.apply())

    def _announce_access(self, complete: bool) -> None:
        """Add to the metadata of accessibility what the overlays change, and what is missing and known."""
        types = {each.media_type for each in self.items.values()}
        images = any(kind.startswith("image/") for kind in types)
        modes = ["textual", "auditory", *(["visual"] if images else [])]
        given = self._values("schema:accessMode")
        for mode in modes if not given else ["auditory"]:
            if mode not in given:
                self.add_meta("schema:accessMode", mode)
        if not self._values("schema:accessModeSufficient"):
            for mode in ["textual", *(["auditory"] if complete else [])]:
                self.add_meta("schema:accessModeSufficient", f"{mode},visual" if images else mode)
        features = self._values("schema:accessibilityFeature") - {"none", "unknown"}
        for feature in ("synchronizedAudioText", *(() if features else ("tableOfContents",))):
            if feature not in features:
                self.add_meta("schema:accessibilityFeature", feature)
        if not self._values("schema:accessibilityHazard"):
            moving = any("scripted" in each.properties for each in self.items.values())
            moving = moving or any(
                kind not in _STATIC and "font" not in kind and "opentype" not in kind for kind in types
            )
            self.add_meta("schema:accessibilityHazard", "unknown" if moving else "none")
        if not self._values("schema:accessibilitySummary"):
            self.add_meta("schema:accessibilitySummary", _SUMMARY, more=' xml:lang="en"')

    def _metas(self, name: str) -> Iterator[Element]:
        return (
            each
            for each in self.source.find("meta")
            if each.get("property") == name and not each.get("refines")
        )

    def _values(self, name: str) -> set[str]:
        return {self._value(each) for each in self._metas(name)}

    def _value(self, element: Element) -> str:
        return self.source.content[element.first : element.last].strip()
