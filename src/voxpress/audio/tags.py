"""What audio files say of a book, in the words of MP4, ID3 and Vorbis comments.

Audiobookshelf reads these through ffprobe (its server/utils/prober.js), Apple's programs read MP4's own names.
"""

from __future__ import annotations

import base64
import re
import struct
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple
from urllib.parse import quote

from voxpress import languages
from voxpress.audio.mp4.boxes import data_tag, named_tag
from voxpress.errors import InputError
from voxpress.speech import Seconds

JOINER = "; "
"""Between names. Audiobookshelf takes "Homer, Virgil" for one person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What is known of a book or a show. Empty fields are left out of the files.

    Attributes:
        position: number in the series; may be ``0.5``.
        published: a date that begins with the year.
        language: BCP 47 tag.
        media: among what Apple's programs list a file.
        cover: a JPEG or PNG.

    Raises:
        InputError: the cover is neither.
    """

    title: str
    subtitle: str = ""
    authors: tuple[str, ...] = ()
    narrators: tuple[str, ...] = ()
    series: str = ""
    position: str = ""
    published: str = ""
    publisher: str = ""
    description: str = ""
    language: str = ""
    genre: str = "Audiobook"
    media: Literal["audiobook", "podcast"] = "audiobook"
    isbn: str = ""
    rights: str = ""
    cover: bytes = b""

    def __post_init__(self) -> None:
        if self.cover and not picture_type(self.cover):
            raise InputError("the cover is neither JPEG nor PNG: convert it", field="cover")

    @property
    def year(self) -> str:
        """The year of `published`; empty where it does not begin with one."""
        return self.published[:4] if re.match(r"\d{4}(?!\d)", self.published, re.ASCII) else ""


class Place(NamedTuple):
    """Which file of the book it is.

    Attributes:
        title: of the chapter.
        number: from 1.
        total: number of files; 0: unknown.
    """

    title: str
    number: int
    total: int


class Chapter(NamedTuple):
    """A chapter within a file.

    Attributes:
        start: from the beginning of the file.
        url: a page about it; empty: none.
        picture: a JPEG or PNG that players show meanwhile; empty: none. Only MP3 has it.
    """

    title: str
    start: Seconds
    url: str = ""
    picture: bytes = b""


class Names(NamedTuple):
    """What a field is called. ID3 has the frame TXXX, and MP4 the box ----, for names that it does not know."""

    mp4: tuple[str, ...]
    id3: tuple[str, ...]
    comments: tuple[str, ...]


NAMES: Mapping[str, Names] = MappingProxyType(
    {
        "title": Names(("©nam",), ("TIT2",), ("TITLE",)),
        "book": Names(("©alb",), ("TALB",), ("ALBUM",)),
        "subtitle": Names(("©st3",), ("TIT3",), ("SUBTITLE",)),
        "authors": Names(("©ART", "aART"), ("TPE1", "TPE2"), ("ARTIST", "ALBUMARTIST")),
        "narrators": Names(("©wrt", "©nrt"), ("TCOM",), ("COMPOSER", "NARRATOR")),
        "series": Names(("©mvn", "SERIES"), ("MVNM", "TXXX:SERIES"), ("SERIES",)),
        "position": Names(("©mvi", "SERIES-PART"), ("MVIN", "TXXX:SERIES-PART"), ("SERIES-PART",)),
        "year": Names(("©day",), ("TYER",), ("DATE",)),
        "publisher": Names(("©pub", "PUBLISHER"), ("TPUB",), ("PUBLISHER",)),
        "description": Names(("desc",), ("COMM",), ("DESCRIPTION",)),
        "language": Names(("LANGUAGE",), ("TLAN",), ("LANGUAGE",)),
        "genre": Names(("©gen",), ("TCON",), ("GENRE",)),
        "isbn": Names(("ISBN",), ("TXXX:ISBN",), ("ISBN",)),
        "rights": Names(("cprt",), ("TCOP",), ("COPYRIGHT",)),
    }
)
"""Names of the fields in each format. Those with several are read by different programs."""


def picture_type(picture: bytes) -> str:
    """The media type of a picture; empty if it is neither JPEG nor PNG.

    >>> picture_type(b"\\xff\\xd8\\xff\\xe0")
    'image/jpeg'
    """
    if picture.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if picture.startswith(b"\x89PNG\r\n\x1a\n") else ""


def _values(tags: Tags, place: Place | None) -> dict[str, str]:
    values = {
        "title": place.title if place else tags.title,
        "book": tags.title,
        "subtitle": tags.subtitle,
        "authors": JOINER.join(tags.authors),
        "narrators": JOINER.join(tags.narrators),
        "series": tags.series,
        "position": tags.position,
        "year": tags.year,
        "publisher": tags.publisher,
        "description": tags.description,
        "language": tags.language,
        "genre": tags.genre,
        "isbn": tags.isbn,
        "rights": tags.rights,
    }
    return {name: text for name, value in values.items() if (text := _clean(value))}


def _clean(value: str) -> str:
    """Without control characters: a NUL would end the text for some programs."""
    return "".join(c for c in value if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


# MP4


def to_mp4(tags: Tags, place: Place | None = None) -> bytes:
    """The tags as the content of MP4's `ilst`."""
    parts = []
    for field, value in _values(tags, place).items():
        for name in NAMES[field].mp4:
            if name == "©mvi":
                if value.isdecimal() and int(value) < 2**15:
                    parts.append(data_tag(b"\xa9mvi", 21, struct.pack(">h", int(value))))
            elif len(name) == 4 and name != "ISBN":
                parts.append(data_tag(name.encode("latin-1"), 1, value.encode()))
            else:
                parts.append(named_tag(name, value))
    if place:
        parts.append(data_tag(b"trkn", 0, struct.pack(">HHHH", 0, place.number, place.total, 0)))
    parts.append(data_tag(b"stik", 21, b"\x02" if tags.media == "audiobook" else b"\x15"))
    parts.append(data_tag(b"pgap", 21, b"\x01"))
    if tags.cover:
        kind = 13 if picture_type(tags.cover) == "image/jpeg" else 14
        parts.append(data_tag(b"covr", kind, tags.cover))
    return b"".join(parts)


# ID3


_RESERVED = "%/:?#[]@!$&'()*+,;=~"
"""Characters that an address has as they are."""
MOST_CHAPTERS = 255
"""That a table of contents in ID3 has room for."""


def to_id3(
    tags: Tags, place: Place | None = None, chapters: Sequence[Chapter] = (), duration: Seconds = 0.0
) -> bytes:
    """The tags as ID3v2.3, which all players read, with chapters (id3.org/id3v2-chapters-1.0).

    Args:
        duration: of the file, where the last chapter ends.

    Raises:
        InputError: there are more than `MOST_CHAPTERS`.
    """
    code = languages.iso_639_2(tags.language) or "und" if tags.language else "und"
    frames = []
    for field, value in _values(tags, place).items():
        for name in NAMES[field].id3:
            name, _, description = name.partition(":")
            if name == "COMM":
                text, end = _encode_text(value)
                empty = b"\xff\xfe" if end == b"\0\0" else b""
                frames.append((name, text[:1] + code.encode() + empty + end + text[1:]))
            elif name == "TXXX":
                text, end = _encode_text(value)
                frames.append((name, text[:1] + _encode_like(description, text) + end + text[1:]))
            else:
                frames.append((name, _encode_text(code if field == "language" else value)[0]))
    if place:
        number = f"{place.number}/{place.total}" if place.total else f"{place.number}"
        frames.append(("TRCK", _encode_text(number)[0]))
    if tags.cover:
        frames.append(("APIC", _picture_frame(tags.cover, 3)))
    content = _write_frames([*frames, *_chapter_frames(chapters, duration)])
    size = len(content)
    return b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + content


def _write_frames(frames: Sequence[tuple[str, bytes]]) -> bytes:
    return b"".join(name.encode() + struct.pack(">IH", len(data), 0) + data for name, data in frames)


def _picture_frame(picture: bytes, kind: int) -> bytes:
    """The content of APIC. The kinds: 0 for any picture, 3 for the cover in front."""
    return b"\0" + picture_type(picture).encode() + bytes([0, kind, 0]) + picture


def _chapter_frames(chapters: Sequence[Chapter], duration: Seconds) -> Iterator[tuple[str, bytes]]:
    if not chapters:
        return
    if len(chapters) > MOST_CHAPTERS:
        raise InputError(f"an MP3 file can have {MOST_CHAPTERS} chapters, not {len(chapters)}: make fewer")
    names = [f"ch{number}".encode() + b"\0" for number in range(len(chapters))]
    # The highest one of an ordered list.
    yield "CTOC", b"toc\0" + bytes([3, len(chapters)]) + b"".join(names)
    for name, chapter, end in zip(names, chapters, [*(c.start for c in chapters[1:]), duration], strict=True):
        times = struct.pack(">IIII", round(chapter.start * 1000), round(end * 1000), 2**32 - 1, 2**32 - 1)
        within = [("TIT2", _encode_text(_clean(chapter.title))[0])]
        if chapter.url:
            within.append(("WXXX", b"\0\0" + quote(chapter.url, safe=_RESERVED).encode()))
        if chapter.picture:
            within.append(("APIC", _picture_frame(chapter.picture, 0)))
        yield "CHAP", name + times + _write_frames(within)


def _encode_text(value: str) -> tuple[bytes, bytes]:
    """A text with the byte that says how it is encoded, and what ends such a text."""
    if value.isascii():
        return b"\0" + value.encode(), b"\0"
    return b"\x01\xff\xfe" + value.encode("utf-16-le"), b"\0\0"


def _encode_like(value: str, text: bytes) -> bytes:
    return b"\xff\xfe" + value.encode("utf-16-le") if text[0] else value.encode()


# Vorbis comments


def to_comments(tags: Tags, place: Place | None = None, chapters: Sequence[Chapter] = ()) -> dict[str, str]:
    """The tags as Vorbis comments, with the cover as FLAC's picture block (RFC 9639, 8.8), and with chapters
    (wiki.xiph.org/Chapter_Extension).
    """
    comments = {
        name: value for field, value in _values(tags, place).items() for name in NAMES[field].comments
    }
    if place:
        comments["TRACKNUMBER"] = str(place.number)
        if place.total:
            comments["TRACKTOTAL"] = str(place.total)
    for number, chapter in enumerate(chapters):
        minutes, seconds = divmod(round(chapter.start * 1000), 60_000)
        name = f"CHAPTER{number:03}"
        comments[name] = f"{minutes // 60:02}:{minutes % 60:02}:{seconds / 1000:06.3f}"
        comments |= {f"{name}NAME": _clean(chapter.title)} | (
            {f"{name}URL": chapter.url} if chapter.url else {}
        )
    if tags.cover:
        kind = picture_type(tags.cover).encode()
        block = struct.pack(">II", 3, len(kind)) + kind + bytes(4 + 16) + struct.pack(">I", len(tags.cover))
        comments["METADATA_BLOCK_PICTURE"] = base64.b64encode(block + tags.cover).decode()
    return comments
