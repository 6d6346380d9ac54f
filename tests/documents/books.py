"""Books made on the spot."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

OPS = 'xmlns:epub="http://www.idpf.org/2007/ops" xmlns:ssml="http://www.w3.org/2001/10/synthesis"'
CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>
<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
TYPES = {
    "xhtml": "application/xhtml+xml",
    "ncx": "application/x-dtbncx+xml",
    "pls": "application/pls+xml",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
}


def page(body: str, *, attributes: str = "", head: str = "") -> str:
    """A page of XHTML."""
    names = f'xmlns="http://www.w3.org/1999/xhtml" {OPS}'
    return f"<html {names} {attributes}><head>{head}</head>{wrap(body)}</html>"


def wrap(body: str) -> str:
    return body if body.startswith("<body") else f"<body>{body}</body>"


def nav(entries: str, more: str = "") -> str:
    """A navigation document with list items."""
    return page(f'<nav epub:type="toc"><ol>{entries}</ol></nav>{more}')


def entry(title: str, href: str, inner: str = "") -> str:
    return f'<li><a href="{href}">{title}</a>{f"<ol>{inner}</ol>" if inner else ""}</li>'


def package(
    files: Sequence[str],
    spine: Sequence[str],
    metadata: str = "<dc:title>Salt</dc:title><dc:language>en</dc:language>",
    *,
    properties: Mapping[str, str] = {},
    more: str = "",
) -> str:
    """A package document; names in `spine` that end in ``!`` are not linear."""
    items = "".join(
        f'<item id="{name}" href="{name}" media-type="{TYPES[name.rpartition(".")[2]]}"'
        f' properties="{properties.get(name, "")}"/>'
        for name in files
    )
    toc = next((f' toc="{name}"' for name in files if name.endswith(".ncx")), "")
    order = "".join(
        f'<itemref idref="{name.rstrip("!")}" linear="{"no" if name.endswith("!") else "yes"}"/>'
        for name in spine
    )
    return f"""<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">{metadata}</metadata>
<manifest>{items}</manifest><spine{toc}>{order}</spine>{more}</package>"""


def make_epub(
    folder: Path,
    pages: Mapping[str, str | bytes],
    *,
    contents: str = "",
    spine: Sequence[str] = (),
    others: Mapping[str, str | bytes] = {},
    opf: str = "",
    **given: object,
) -> Path:
    """An EPUB in a folder.

    Args:
        pages: of the reading order, by their names in ``OPS/``.
        contents: the entries of the navigation document.
        others: files that are no pages, by their names in ``OPS/``; a name with ``META-INF/`` is as it is.
        opf: the package document, where it is not made here.
    """
    own = {**pages, **{name: data for name, data in others.items() if "/" not in name}}
    if contents:
        own["nav.xhtml"] = contents if contents.startswith("<html") else nav(contents)
    properties = {"nav.xhtml": "nav", **given.pop("properties", {})}  # type: ignore[dict-item]
    made = opf or package(list(own), spine or list(pages), properties=properties, **given)  # type: ignore[arg-type]
    path = folder / "book.epub"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/book.opf", made)
        for name, data in {**own, **others}.items():
            archive.writestr(name if name.startswith("META-INF") else f"OPS/{name}", data)
    return path
