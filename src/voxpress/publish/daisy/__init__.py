"""DAISY talking books, version 2.02 and version 3 (ANSI/NISO Z39.86-2005): sound, text and the table of contents."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape

import msgspec

from voxpress.documents import Block, Chapter, Document
from voxpress.errors import InputError, StoreError
from voxpress.files import atomic
from voxpress.publish.daisy.talking_book import Section, make_section
from voxpress.publish.narration import Narration, narrate, split_lines
from voxpress.publish.outline import Outline, write_title
from voxpress.publish.recording import Recording, narrate_chapters
from voxpress.speech import Output
from voxpress.store import Store

Version: TypeAlias = Literal["2.02", "3"]

OUTPUT = Output(format="mp3", sample_rate=44100, bit_rate=64000, loudness=-19.0, peak=-1.5)
"""MP3 is what every player of DAISY books plays."""
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_TITLE, _CLOSING = "000", "closing"
_STARTS = ("ncc.html", "book.opf")
_OWN = re.compile(
    r"(\d{3,}|closing)\.(mp3|smil)|(ncc|content)\.html|master\.smil|(book|navigation)\.(xml|ncx|opf|res)|book\.css"
)
"""Names of the files of a talking book."""


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the files say of the book as a whole."""

    title: str
    creators: tuple[str, ...]
    language: str
    identifier: str
    publisher: str
    date: str
    """ISO 8601."""
    source_date: str
    narrator: str


def narrate_book(document: Document, outline: Outline) -> Iterator[Narration]:
    """What is spoken: the title and who wrote it, the opening, the chapters, the closing; nothing where there are no
    chapters.
    """
    chapters = narrate_chapters(document, outline)
    first = next(chapters, None)
    if first is None:
        return
    name = outline.find_title(document)
    title = Block(kind="heading", text=escape(name), level=1)
    names = [Block(kind="paragraph", text=escape(each)) for each in outline.find_creators(document)]
    beginning = [title, *names, *split_lines(outline.opening)]
    ending = split_lines(outline.closing)
    parts = (
        [narrate(_TITLE, beginning, outline, title=name)],
        [first],
        chapters,
        [narrate(_CLOSING, ending, outline, title=ending[0].plain)] if ending else [],
    )
    yield from (each for part in parts for each in part if not each.is_silent)


def write_daisy(
    recordings: Sequence[Recording],
    document: Document,
    outline: Outline,
    folder: Path,
    store: Store,
    *,
    version: Version = "2.02",
    date: dt.date | None = None,
) -> list[Path]:
    """Write a talking book into a folder; the files that it is made of. What a former one had there is deleted.

    Args:
        recordings: of the narrations of `narrate_book`, in order, in MP3.
        date: of the talking book; None: when the source was last changed.

    Raises:
        InputError: nothing is heard in them, or the folder has other files in it.
        StoreError: a file cannot be written, or the store does not have a clip any more.
    """
    from voxpress.publish.daisy import daisy3, daisy202

    sections = list(_make_sections(recordings, document, outline))
    if not sections:
        raise InputError("nothing in the book is spoken, so there is no talking book")
    about = _describe(recordings, document, outline, date)
    former = require_folder(folder)
    files = daisy202.write(about, sections) if version == "2.02" else daisy3.write(about, sections)
    # Players begin with these files. They are there only while the book is complete.
    for name in _STARTS:
        (folder / name).unlink(missing_ok=True)
    written = [_write(folder / name, data) for name, data in files.items() if name not in _STARTS]
    by_name = {section.name: section for section in sections}
    for recording in recordings:
        section = by_name.get(_name(recording))
        if section is None:
            continue
        data = store.read(recording.clip)
        if data is None:
            raise StoreError(f"the clip of {section.title!r} is not in the store any more: run it again")
        written.append(_write(folder / f"{section.name}.mp3", data))
    written += [_write(folder / name, data) for name, data in files.items() if name in _STARTS]
    for path in {*former} - {*written}:
        path.unlink(missing_ok=True)
    return written


def _name(recording: Recording) -> str:
    return recording.narration.utterance.id


def _write(path: Path, data: bytes) -> Path:
    atomic.write(str(path), data)
    return path


def require_folder(folder: Path) -> list[Path]:
    """See that a talking book can be in a folder; the files of a former one, whole or as a killed run left them.

    Raises:
        InputError: it has other files, which a player would take for parts of the book, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file: name a folder", field="output")
    atomic.require_place(folder / _STARTS[0], "output")
    found = sorted(folder.iterdir()) if folder.exists() else []
    whole = [each for each in found if not atomic.is_partial(each.name)]
    other = next((each.name for each in whole if not _OWN.fullmatch(each.name)), "")
    if not other and whole and not any(map(_is_made_here, folder.glob("*.smil"))):
        other = whole[0].name
    if other:
        raise InputError(
            f"{folder} has files of something else in it, such as {other}: name another folder",
            field="output",
        )
    return found


def _is_made_here(path: Path) -> bool:
    with path.open("rb") as file:
        return b'content="voxpress"' in file.read(2**16)


def _make_sections(
    recordings: Sequence[Recording], document: Document, outline: Outline
) -> Iterator[Section]:
    chosen = outline.choose(document)
    chapters = {f"{number:03}": (chapter, plan) for number, (chapter, plan) in enumerate(chosen, start=1)}
    opening = Chapter(title=outline.find_title(document))
    first = 1
    for recording in recordings:
        usual = opening if _name(recording) == _TITLE else Chapter(title="")
        chapter, plan = chapters.get(_name(recording), (usual, None))
        renamed = plan.title if plan and plan.title != chapter.title else ""
        section = make_section(recording, chapter, first, title=renamed)
        if section is not None:
            first += sum(1 for _ in section.items)
            yield section


def _describe(
    recordings: Sequence[Recording], document: Document, outline: Outline, date: dt.date | None
) -> About:
    if date is None:
        changed = document.path.stat().st_mtime if document.path.exists() else 0
        date = dt.datetime.fromtimestamp(changed, dt.UTC).date()
    published = _DATE.match(document.published)
    result = recordings[0].result
    return About(
        title=outline.find_title(document),
        creators=outline.find_creators(document),
        language=outline.language or document.language or result.language or "und",
        identifier=write_title(document.identifier) or f"voxpress-{recordings[0].clip.key[:16]}",
        publisher=write_title(document.publisher),
        date=date.isoformat(),
        source_date=published[0] if published else "",
        narrator=outline.narrator or result.voice,
    )
