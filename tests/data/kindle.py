"""Makes salt.mobi and salt.azw3 from a book of our own, with Calibre: ``python -m tests.data.kindle``."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path

from tests.documents.books import entry, make_epub, page

SEA = '<h1>The Sea</h1><p>Salt &amp; water. She said “café”.<sup><a href="land.xhtml#n1" id="r1">1</a></sup></p>'
LAND = (
    "<h1>The Land</h1><p>Dry <i>sand</i>.</p><ul><li>One.</li><li>Two.</li></ul>"
    '<p id="n1"><a href="sea.xhtml#r1">1</a> A lake.</p>'
)
METADATA = """<dc:identifier id="id">urn:uuid:3b3c1f7e-0000-4000-8000-000000000001</dc:identifier>
<dc:title>Salt &amp; Sand</dc:title><dc:creator>Ann Sea</dc:creator><dc:language>en</dc:language>
<dc:publisher>Shore Press</dc:publisher><dc:date>2020-02-03</dc:date><dc:description>About water.</dc:description>
<meta name="cover" content="cover.png"/>"""


def draw_cover() -> bytes:
    """A blue picture as PNG."""

    def write(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60, 80, 8, 2, 0, 0, 0)
    lines = zlib.compress((b"\0" + bytes((30, 90, 160)) * 60) * 80)
    return b"\x89PNG\r\n\x1a\n" + write(b"IHDR", head) + write(b"IDAT", lines) + write(b"IEND", b"")


def make(folder: Path) -> None:
    """Write both books."""
    with tempfile.TemporaryDirectory() as scratch:
        book = make_epub(
            Path(scratch),
            {"sea.xhtml": page(SEA), "land.xhtml": page(LAND)},
            contents=entry("The Sea", "sea.xhtml") + entry("The Land", "land.xhtml"),
            others={"cover.png": draw_cover()},
            properties={"cover.png": "cover-image"},
            metadata=METADATA,
        )
        for name in ("salt.mobi", "salt.azw3"):
            subprocess.run(
                ["ebook-convert", book, folder / name, "--no-inline-toc"],
                check=True,
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            )


if __name__ == "__main__":
    make(Path(__file__).parent)
