"""Small EPUBs for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
TYPES = {
    "xhtml": "application/xhtml+xml",
    "html": "application/xhtml+xml",
    "svg": "image/svg+xml",
    "css": "text/css",
    "ncx": "application/x-dtbncx+xml",
    "png": "image/png",
    "smil": "application/smil+xml",
    "mp3": "audio/mpeg",
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e5"
    "27de fc0000000049454e44ae426082".replace(" ", "")
)


def page(body: str, title: str = "A page", head: str = "") -> str:
    """A page of an EPUB 3."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en"'
        ' xml:lang="en">\n'
        f"<head><title>{title}</title>{head}</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def old_page(body: str, title: str = "A page") -> str:
    """A page of an EPUB 2."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN"\n'
        '  "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en">\n'
        '<head><meta http-equiv="Content-Type" content="application/xhtml+xml; charset=utf-8"/>'
        f"<title>{title}</title></head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def contents(files: Mapping[str, str]) -> str:
    """A navigation document: titles by the pages that they lead to."""
    entries = "".join(f'<li><a href="{file}">{title}</a></li>' for file, title in files.items())
    return page(f'<nav epub:type="toc"><h1>Contents</h1><ol>{entries}</ol></nav>', "Contents")


def old_contents(files: Mapping[str, str]) -> str:
    """The same for an EPUB 2."""
    entries = "".join(
        f'<navPoint id="n{number}" playOrder="{number}"><navLabel><text>{title}</text></navLabel>'
        f'<content src="{file}"/></navPoint>'
        for number, (file, title) in enumerate(files.items(), start=1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">'
        '<head><meta name="dtb:uid" content="urn:x"/></head>'
        f"<docTitle><text>A book</text></docTitle><navMap>{entries}</navMap></ncx>"
    )


def write_epub(
    path: Path,
    files: Mapping[str, str | bytes],
    *,
    version: str = "3.0",
    title: str = "A book",
    metadata: str = "",
    attributes: Mapping[str, str] = {},
    spine: tuple[str, ...] | None = None,
    more: Mapping[str, str | bytes] = {},
) -> Path:
    """An EPUB whose pages are all XHTML and SVG files in `files`, but for ``nav.xhtml``, in their order.

    Args:
        metadata: in the package, beside title, identifier and language.
        attributes: of items in the manifest, by file name.
        more: files that are not in the manifest, by their names in the archive.
    """
    files = dict(files)
    pages = spine or tuple(
        name for name in files if name.endswith((".xhtml", ".html", ".svg")) and name != "nav.xhtml"
    )
    if version == "3.0":
        files.setdefault("nav.xhtml", contents({pages[0]: "Start"}))
        attributes = {"nav.xhtml": 'properties="nav"', **attributes}
        metadata = f'<meta property="dcterms:modified">2020-01-01T00:00:00Z</meta>{metadata}'
    else:
        files.setdefault("toc.ncx", old_contents({pages[0]: "Start"}))
    items = "\n".join(
        f'    <item id="{_id(name)}" href="{name}" media-type="{TYPES[name.rpartition(".")[2]]}"'
        f" {attributes.get(name, '')}/>"
        for name in files
    )
    refs = "".join(f'<itemref idref="{_id(name)}"/>' for name in pages)
    toc = ' toc="toc-ncx"' if version == "2.0" else ""
    package = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<package xmlns="http://www.idpf.org/2007/opf" version="{version}" unique-identifier="id">\n'
        '  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">\n'
        f'    <dc:identifier id="id">urn:x</dc:identifier>\n    <dc:title>{title}</dc:title>\n'
        f"    <dc:language>en</dc:language>\n    {metadata}\n  </metadata>\n"
        f"  <manifest>\n{items}\n  </manifest>\n  <spine{toc}>{refs}</spine>\n</package>\n"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/book.opf", package)
        for name, content in files.items():
            archive.writestr(f"OPS/{name}", content)
        for name, content in more.items():
            archive.writestr(name, content)
    return path


def _id(name: str) -> str:
    return name.replace(".", "-").replace("/", "-")
