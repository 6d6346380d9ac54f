"""Compares a talking book of voxpress with one of the DAISY Pipeline that has the same text.

``python tools/compare_daisy.py BOOK [DAISY3]``: the folder of a DAISY 2.02 book, such as ``dontworrybehappy`` in the
tests of github.com/daisy/pipeline, and that of a DAISY 3 book of the same text. Prints what each has; the exit status
is 1 where ours lacks something that a player needs.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from voxpress.documents import Block, Chapter, Document, Place
from voxpress.publish import daisy
from voxpress.publish.outline import Outline
from voxpress.publish.recording import make_planner, record
from voxpress.speech import Speaker
from voxpress.store import open_store

_HEADING = re.compile(r"h[1-6]")


class Structure(NamedTuple):
    """What a player finds in a talking book.

    Attributes:
        headings: level and title, in order.
        phrases: how many have sound, by the title of the SMIL file.
        notes: the text of each phrase that a player can leave out as a note.
        metadata: names in ``ncc.html``, or in the package and the navigation.
        broken: references to files or elements that are not there.
    """

    headings: tuple[tuple[int, str], ...]
    phrases: dict[str, int]
    notes: tuple[str, ...]
    metadata: frozenset[str]
    broken: tuple[str, ...]


def parse(path: Path) -> Any:
    """A file as XML, without what its document type would fetch."""
    return etree.parse(str(path), etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False))


def plain(element: Any) -> str:
    """The words in an element."""
    return " ".join("".join(element.itertext()).split())


def measure(folder: Path) -> Structure:
    """The structure of a talking book of either version."""
    return measure_202(folder) if (folder / "ncc.html").exists() else measure_3(folder)


def measure_3(folder: Path) -> Structure:
    """The structure of a DAISY 3 book."""
    package, navigation = (parse(next(folder.glob(f"*.{kind}"))) for kind in ("opf", "ncx"))
    items = {each.get("media-type"): each.get("href") for each in package.iter("{*}item")}
    content = parse(folder / items["application/x-dtbook+xml"])
    named = {each.get("id"): plain(each) for each in content.iter("{*}*") if each.get("id")}
    headings: list[tuple[int, str]] = []
    titles: dict[str, str] = {}
    for point in navigation.iter("{*}navPoint"):
        title = plain(point.find("{*}navLabel"))
        headings.append((sum(each.tag == point.tag for each in point.iterancestors()) + 1, title))
        titles.setdefault(point.find("{*}content").get("src").partition("#")[0], title)
    phrases: dict[str, int] = {}
    notes: list[str] = []
    for path in sorted(folder.glob("*.smil")):
        smil = parse(path)
        sounding = [each for each in smil.iter("{*}par") if each.find(".//{*}audio") is not None]
        phrases[titles.get(path.name, "")] = len(sounding)
        skipped = [each for each in smil.iter("{*}*") if each.get("customTest") == "footnote"]
        texts = [text.get("src").partition("#")[2] for each in skipped for text in each.iter("{*}text")]
        notes += [named.get(id, "") for id in texts]
    core = (f"dc:{etree.QName(each).localname}" for each in package.find(".//{*}dc-metadata"))
    more = (each.get("name") for tree in (package, navigation) for each in tree.iter("{*}meta"))
    return Structure(
        headings=tuple(headings),
        phrases=phrases,
        notes=tuple(notes),
        metadata=frozenset((*core, *(name for name in more if name.startswith("dtb:")))),
        broken=tuple(find_broken(folder)),
    )


def measure_202(folder: Path) -> Structure:
    """The structure of a DAISY 2.02 book."""
    ncc, content = parse(folder / "ncc.html"), parse(folder / "content.html")
    named = {each.get("id"): plain(each) for each in content.iter() if each.get("id")}
    phrases: dict[str, int] = {}
    notes: list[str] = []
    for path in sorted(folder.glob("*.smil")):
        smil = parse(path)
        title = next((each.get("content") for each in smil.iter("meta") if each.get("name") == "title"), "")
        if sounding := [each for each in smil.iter("par") if each.find(".//audio") is not None]:
            phrases[title] = phrases.get(title, 0) + len(sounding)
        skipped = [each for each in smil.iter("par") if each.get("system-required") == "footnote-on"]
        notes += [named.get(each.find("text").get("src").partition("#")[2], "") for each in skipped]
    return Structure(
        headings=tuple(
            (int(etree.QName(each).localname[1]), plain(each))
            for each in ncc.find("{*}body")
            if _HEADING.fullmatch(etree.QName(each).localname)
        ),
        phrases=phrases,
        notes=tuple(notes),
        metadata=frozenset(each.get("name") for each in ncc.iter("{*}meta") if each.get("name")),
        broken=tuple(find_broken(folder)),
    )


def find_broken(folder: Path) -> Iterator[str]:
    """References between the files of a book that lead nowhere."""
    linked = (".html", ".smil", ".xml", ".ncx", ".opf")
    trees = {path.name: parse(path) for path in folder.iterdir() if path.suffix in linked}
    ids = {name: {each.get("id") for each in tree.iter()} for name, tree in trees.items()}
    for name, tree in trees.items():
        for element in tree.iter("{*}*"):
            target = element.get("src") or element.get("href") or element.get("smilref")
            if not target or ":" in target:
                continue
            file, _, fragment = target.partition("#")
            if not (folder / file).exists() or (fragment and fragment not in ids.get(file, ())):
                yield f"{name}: {target}"


def read_book(folder: Path) -> Document:
    """The text of a talking book, as a document."""
    ncc, content = parse(folder / "ncc.html"), parse(folder / "content.html")
    meta = {each.get("name"): each.get("content") for each in ncc.iter("{*}meta")}
    title = next(each for each in content.iter("{*}h1") if each.get("class") == "title")
    chapters: list[tuple[str, int, list[Block]]] = []
    for block in read_blocks(content):
        if block.kind == "heading":
            chapters.append((block.text, block.level, []))
        elif not chapters:
            chapters.append(("", 1, []))
        chapters[-1][2].append(block)
    return Document(
        title=plain(title),
        path=folder / "content.html",
        creators=(meta["dc:creator"],),
        language=meta["dc:language"],
        identifier=meta["dc:identifier"],
        publisher=meta["dc:publisher"],
        chapters=tuple(
            Chapter(
                title=name,
                level=level,
                place=Place("content.html", number),
                load=partial(tuple, blocks),
            )
            for number, (name, level, blocks) in enumerate(chapters, start=1)
        ),
    )


def read_blocks(content: Any) -> Iterator[Block]:
    """Its headings, lines, paragraphs and notes, without the references to notes."""
    for element in content.iter("{*}h1", "{*}h2", "{*}h3", "{*}p", "{*}div"):
        name, kind = etree.QName(element).localname, element.get("class")
        if kind == "title" or (name == "div" and kind != "line"):
            continue
        words = "".join(element.xpath(".//text()[not(ancestor::*[@class='noteref'])]"))
        text = escape(" ".join(words.split()))
        note = next((each for each in element.iterancestors() if each.get("class") == "notebody"), None)
        if _HEADING.fullmatch(name):
            yield Block(kind="heading", text=text, level=int(name[1]))
        elif note is not None:
            yield Block(kind="note", text=text, name=note.get("id"))
        else:
            yield Block(kind="verse" if kind == "line" else "paragraph", text=text)


def make_ours(document: Document, folder: Path, version: daisy.Version) -> Structure:
    """The structure of the book that voxpress makes of it."""
    outline, store = Outline(notes="end of chapter"), open_store("memory:")
    planner = make_planner(document, outline, daisy.OUTPUT, speaker=Speaker(engine="tone"))
    found = record(daisy.narrate_book(document, outline), planner, store, workers=0)
    recordings = sorted(found, key=lambda each: each.narration.utterance.id)
    daisy.write_daisy(recordings, document, outline, folder, store, version=version)
    return measure(folder)


def main(source: Path, *others: Path) -> int:
    """Compare each book with ours of the same text; whether one of ours lacks something."""
    document = read_book(source)
    return max([compare(folder, document) for folder in (source, *others)])


def compare(folder: Path, document: Document) -> int:
    """Print both structures; whether ours lacks something."""
    theirs = measure(folder)
    version: daisy.Version = "2.02" if (folder / "ncc.html").exists() else "3"
    with tempfile.TemporaryDirectory() as place:
        ours = make_ours(document, Path(place, "book"), version)
    print(f"DAISY {version}")
    print(f"{'':44} Pipeline  voxpress")
    print(f"{'headings':44} {len(theirs.headings):8}  {len(ours.headings):8}")
    print(f"{'phrases':44} {sum(theirs.phrases.values()):8}  {sum(ours.phrases.values()):8}")
    for _, title in dict.fromkeys((*theirs.headings, *ours.headings)):
        print(f"  {title[:41]:42} {theirs.phrases.get(title, 0):8}  {ours.phrases.get(title, 0):8}")
    print(f"{'notes that can be left out':44} {len(theirs.notes):8}  {len(ours.notes):8}")
    print(f"{'references that lead nowhere':44} {len(theirs.broken):8}  {len(ours.broken):8}")
    missing = {
        "headings": [each for each in theirs.headings if each not in ours.headings],
        "metadata": sorted(theirs.metadata - ours.metadata),
        "broken references": list(ours.broken),
    }
    for name, values in missing.items():
        print(f"{name}: {values}" if values else f"{name}: nothing is missing")
    print(f"only voxpress has: headings {[h for h in ours.headings if h not in theirs.headings]},"
          f" metadata {sorted(ours.metadata - theirs.metadata)}")  # fmt: skip
    print(f"only theirs are notes: {[note for note in theirs.notes if note not in ours.notes]}")
    return int(any(missing.values()))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*map(Path, sys.argv[1:])))
