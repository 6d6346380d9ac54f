"""Finished audiobook files from finished chapters. Encoded audio is copied, never encoded again."""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from voxpress import languages
from voxpress.audio import comments, decoding
from voxpress.audio.mp4.packets import Packets, Source, open_source, read_packets
from voxpress.audio.mp4.writing import Chapter, place_parts, write_mp4
from voxpress.audio.tags import JOINER, Place, Tags, picture_type, to_comments, to_id3, to_mp4
from voxpress.errors import InputError, show
from voxpress.files import atomic
from voxpress.files.paths import audio_extension, safe_name, safe_path
from voxpress.speech import Seconds


class Track(NamedTuple):
    """A chapter, as a finished file.

    Attributes:
        title: as the table of contents has it.
        source: the bytes of the file, or where it is.
        level: in the table of contents, from 1.
    """

    title: str
    source: Source
    level: int = 1


def write_m4b(path: str | os.PathLike[str], tracks: Sequence[Track], tags: Tags) -> tuple[Seconds, ...]:
    """Write a book as one file with chapters, and return where each track begins in it.

    Args:
        tracks: AAC in MP4, all of one sample rate, as voxpress makes m4a.

    Raises:
        InputError: there are no tracks, or one is no such file or unlike the first.
        StoreError: the file cannot be written.
    """
    if not tracks:
        raise InputError("a book needs at least one chapter")
    parts: list[Packets] = []
    for number, track in enumerate(tracks, 1):
        with _name_errors(number, track):
            parts.append(read_packets(track.source))
            _require_alike(parts[0], parts[-1])
    starts = place_parts(parts)
    chapters = [Chapter(*each) for each in zip(chapter_titles(tracks), starts, strict=True)]
    data = write_mp4(parts, to_mp4(tags), chapters, brand=b"M4B ", language=_language(tags))
    atomic.write(path, data, durable=True)
    return tuple(start / parts[0].sample_rate for start in starts)


def write_tracks(folder: str | os.PathLike[str], tracks: Sequence[Track], tags: Tags) -> tuple[Path, ...]:
    """Write a book as a folder with a file for each chapter and the cover; return the paths of the chapters.

    Names begin with the number, so that every player has them in order.

    Args:
        tracks: MP3, AAC in MP4, or Opus.

    Raises:
        InputError: there are no tracks, or one is in another format.
        StoreError: a file cannot be written.
    """
    if not tracks:
        raise InputError("a book needs at least one chapter")
    titles = chapter_titles(tracks, tags.title)
    files = []
    for number, track in enumerate(tracks, 1):
        with _name_errors(number, track):
            files.append(_open_chapter(track.source))
    paths = []
    for number, (file, track, title) in enumerate(zip(files, tracks, titles, strict=True), 1):
        paths.append(Path(folder) / f"{name_track(number, len(tracks), track.title)}.{file.extension}")
        with _name_errors(number, track):
            atomic.write(paths[-1], file.write(tags, Place(title, number, len(tracks))))
    if tags.cover:
        extension = "jpg" if picture_type(tags.cover) == "image/jpeg" else "png"
        atomic.write(Path(folder) / f"cover.{extension}", tags.cover)
    atomic.sync(folder)
    return tuple(paths)


def list_others(folder: str | os.PathLike[str], paths: Collection[Path]) -> tuple[Path, ...]:
    """The audio files in a folder that are not in `paths`, such as a chapter under its former title.

    A player would take them for chapters too. This module deletes nothing: they may be somebody's own.
    """
    names = {path.name for path in paths}
    found = (each for each in Path(folder).iterdir() if audio_extension(each.name) and each.name not in names)
    return tuple(sorted(found))


@contextlib.contextmanager
def _name_errors(number: int, track: Track) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise InputError(f"chapter {number}, {show(track.title)}: {error}") from error


def _require_alike(first: Packets, other: Packets) -> None:
    """See that one decoder can play both.

    Raises:
        InputError: it cannot.
    """
    if other.sample_rate != first.sample_rate:
        raise InputError(
            f"it has {other.sample_rate} Hz, and the first chapter {first.sample_rate}: make all with one sample rate"
        )
    if (other.config, other.frame, other.channels) != (first.config, first.frame, first.channels):
        raise InputError(
            "its AAC is of another kind than that of the first chapter: make all with one output"
        )


# Titles and names


def chapter_titles(tracks: Sequence[Track], book: str = "") -> list[str]:
    """The titles in a list without levels. One that occurs twice, or is empty or that of the book, gets more words.

    Audiobookshelf takes the titles of files for chapters only if all differ, and none is the book's.

    >>> parts = [("Part One", 1), ("I", 2), ("II", 2), ("Part Two", 1), ("I", 2), ("Notes", 1), ("Notes", 1)]
    >>> chapter_titles([Track(title, b"", level) for title, level in parts])
    ['Part One', 'Part One: I', 'II', 'Part Two', 'Part Two: I', '6. Notes', '7. Notes']
    """
    plain = [" ".join(track.title.split()) for track in tracks]
    often = Counter(plain)
    titles: list[str] = []
    above: list[tuple[int, str]] = []
    for track, title in zip(tracks, plain, strict=True):
        while above and above[-1][0] >= track.level:
            above.pop()
        above.append((track.level, title))
        titles.append(": ".join(each for _, each in above if each) if often[title] > 1 else title)
    often = Counter(titles)
    return [
        title if title and often[title] == 1 and title != book else f"{number}. {title}".rstrip()
        for number, title in enumerate(titles, 1)
    ]


_LONGEST_NAME = 160
"""Bytes of a name: with number, extension and folders it fits into every file system."""
_INSTEAD = str.maketrans({":": " -", "/": "-", "|": "-", '"': "'", "?": "", "*": "", "<": "(", ">": ")"})
"""What stands in names for characters that they cannot hold; `safe_name` has a hyphen for the rest."""


def name_track(number: int, total: int, title: str) -> str:
    """The name of a chapter's file, without its extension.

    >>> name_track(3, 12, 'II: "Who?"'), name_track(3, 120, "???")
    ("03 - II - 'Who'", '003')
    """
    digits = max(2, len(str(total)))
    return _make_name(f"{number:0{digits}} - {title}")


def name_folder(tags: Tags) -> str:
    """The path of a book's folder in a library, as Audiobookshelf reads it: author, series, and the book.

    >>> name_folder(Tags(title="Emma", authors=("Jane Austen",), published="1815-12-23", narrators=("Amy",)))
    'Jane Austen/1815 - Emma {Amy}'
    >>> name_folder(Tags(title="Dune", authors=("Frank Herbert",), series="Dune", position="1"))
    'Frank Herbert/Dune/Vol 1 - Dune'
    """
    book = [tags.year, tags.title]
    folders = [JOINER.join(tags.authors)]
    # A series without an author would be read as the author.
    if tags.authors and tags.series:
        folders.append(tags.series)
        # Audiobookshelf reads no other numbers.
        if re.fullmatch(r"\d{1,3}(\.\d{1,2})?", tags.position, re.ASCII):
            book.insert(0, f"Vol {tags.position}")
    narrators = f" {{{JOINER.join(tags.narrators)}}}" if tags.narrators else ""
    folders.append(" - ".join(each for each in book if each) + narrators)
    return "/".join(_make_name(each) for each in folders if each)


def _make_name(text: str) -> str:
    name = " ".join(text.translate(_INSTEAD).split()).lstrip(".")
    if len(name.encode()) > _LONGEST_NAME:
        name = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
        name = name.rpartition(" ")[0] or name
    name = safe_name(name.rstrip(" -") or "-")
    try:
        return safe_path(name)
    except InputError:  # a word that Windows keeps for itself
        return f"-{name}"


# Formats


class _Opened(NamedTuple):
    """A chapter that can be written with other tags.

    Attributes:
        write: gives the parts of the file.
    """

    extension: str
    write: Callable[[Tags, Place], Iterator[bytes]]


def _open_chapter(source: Source) -> _Opened:
    """Recognise a chapter by its content.

    Raises:
        InputError: it is damaged, or in a format that chapters cannot have.
    """
    with open_source(source) as file:
        container = decoding.recognise(file).name
        file.seek(0)
        head = file.read(64)
    match container:
        case "mov":
            return _Opened("m4a", partial(_write_m4a, read_packets(source)))
        case "mp3":
            return _Opened("mp3", partial(_write_mp3, source, decoding.measure_id3(head)))
        case "ogg" if b"OpusHead" in head:
            return _Opened("opus", partial(_write_opus, source))
    raise InputError(f"it is {container}, and chapters can be mp3, m4a or opus")


def _write_m4a(packets: Packets, tags: Tags, place: Place) -> Iterator[bytes]:
    yield from write_mp4([packets], to_mp4(tags, place), language=_language(tags))


def _write_mp3(source: Source, start: int, tags: Tags, place: Place) -> Iterator[bytes]:
    yield to_id3(tags, place)
    with open_source(source) as file:
        file.seek(start)
        while part := file.read(2**20):
            yield part


def _write_opus(source: Source, tags: Tags, place: Place) -> Iterator[bytes]:
    with open_source(source) as file:
        data = file.read()
    yield comments.replace_in_opus(data, comments.vorbis_comments(to_comments(tags, place)))


def _language(tags: Tags) -> str:
    return languages.iso_639_2(tags.language) if tags.language else ""
