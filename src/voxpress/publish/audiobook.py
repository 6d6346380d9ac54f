"""Audiobooks: one file with chapters, or a folder with a file for each chapter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from voxpress.audio.audiobooks import Track, write_m4b, write_tracks
from voxpress.audio.tags import Tags
from voxpress.documents import Document
from voxpress.errors import InputError, show
from voxpress.publish.narration import Narration, narrate, split_lines
from voxpress.publish.outline import Outline
from voxpress.publish.recording import Recording, find_clip, narrate_chapters
from voxpress.store import Store

M4B = (".m4b", ".m4a", ".mp4")
"""Extensions of a book in one file."""
LARGEST_COVER = 16 * 2**20
"""Bytes of a picture in each file."""


def narrate_audiobook(document: Document, outline: Outline) -> Iterator[Narration]:
    """What is spoken: the opening, the chapters, the closing, as the outline has them.

    Raises:
        InputError: outline and document do not fit each other, or a chapter cannot be read.
    """
    yield from _narrate_text("opening", outline.opening, outline)
    yield from narrate_chapters(document, outline)
    yield from _narrate_text("closing", outline.closing, outline)


def _narrate_text(id: str, text: str, outline: Outline) -> Iterator[Narration]:
    """A narration of an opening or a closing, whose first line is its title: that is in the language of the book."""
    lines = split_lines(text)
    narration = narrate(id, lines, outline, title=lines[0].plain if lines else "")
    if not narration.is_silent:
        yield narration


def describe_book(document: Document, outline: Outline) -> Tags:
    """What the files say of the book; the narrator where the outline names one.

    Raises:
        InputError: the cover that the outline names cannot be read, or is neither JPEG nor PNG.
    """
    return Tags(
        title=outline.find_title(document),
        subtitle=document.subtitle,
        authors=outline.find_creators(document),
        narrators=(outline.narrator,) if outline.narrator else (),
        series=outline.series or document.series,
        position=outline.position or document.position,
        published=document.published,
        publisher=document.publisher,
        description=document.description,
        language=outline.language or document.language,
        rights=document.rights,
        cover=_read_cover(document, outline),
    )


def name_narrators(tags: Tags, recordings: Iterable[Recording]) -> Tags:
    """The same tags; where they name no narrator, these are the voices that were recorded."""
    voices = dict.fromkeys(each.result.voice for each in recordings)
    return tags if tags.narrators else replace(tags, narrators=tuple(voices))


def _read_cover(document: Document, outline: Outline) -> bytes:
    if not outline.cover:
        return document.cover.data if document.cover else b""
    path = document.path.parent / outline.cover
    try:
        if path.stat().st_size > LARGEST_COVER:
            raise InputError(f"{path} has more than {LARGEST_COVER // 2**20} MB", field="cover")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", field="cover") from error


def write_audiobook(
    recordings: Sequence[Recording],
    document: Document,
    outline: Outline,
    target: Path,
    store: Store,
    *,
    tags: Tags | None = None,
) -> tuple[Path, ...]:
    """Write a book: one file where `target` has the extension of one, else a folder of chapters; the files.

    Args:
        recordings: of the narrations of `narrate_audiobook`, in order; for one file in m4a.
        tags: of the book; None: those of `describe_book`. Without a narrator, the voices are the narrators.

    Raises:
        InputError: the chapters are not alike, or nothing is spoken.
        StoreError: the store does not have a clip any more, or a file cannot be written.
    """
    levels = {
        f"{number:03}": plan.level for number, (_, plan) in enumerate(outline.choose(document), start=1)
    }
    if not recordings:
        raise InputError("nothing in the book is spoken, so there is no audiobook")
    tracks = [
        Track(
            title=each.narration.utterance.title,
            source=find_clip(each.clip, store, f"the chapter {show(each.narration.utterance.title)}"),
            level=levels.get(each.narration.utterance.id, 1),
        )
        for each in recordings
    ]
    tags = name_narrators(tags or describe_book(document, outline), recordings)
    if target.suffix.lower() in M4B:
        write_m4b(target, tracks, tags)
        return (target,)
    return write_tracks(target, tracks, tags)
