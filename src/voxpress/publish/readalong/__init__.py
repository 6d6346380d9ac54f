"""Read-along: an EPUB whose sentences are highlighted while they are heard.

`Readalong` gives the narrations of a book, one for each page and chapter, takes their recordings, and writes the new
book. `source` and `marking` put ids into pages, `overlay` writes what is heard when, `package` says so in the package
document, `upgrade` makes an EPUB 3 of an EPUB 2, and `book` copies all that does not change.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from voxpress.documents import Document
from voxpress.errors import SpeechError
from voxpress.publish.outline import Outline
from voxpress.publish.proposal import propose
from voxpress.publish.readalong.new_book import FORMATS as FORMATS
from voxpress.publish.readalong.new_book import OUTPUT as OUTPUT
from voxpress.publish.readalong.new_book import Made as Made
from voxpress.publish.readalong.new_book import Readalong as Readalong
from voxpress.publish.readalong.new_book import Silent as Silent
from voxpress.publish.readalong.pointing import Granularity as Granularity
from voxpress.publish.recording import Recording, record

if TYPE_CHECKING:
    from voxpress.rendering.planner import Planner
    from voxpress.store import Store


def propose_outline(document: Document) -> Outline:
    """What is read where nobody wrote an outline: everything, because whoever reads along can skip notes and tables."""
    usual = propose(document)
    chapters = tuple(msgspec.structs.replace(each, read=True) for each in usual.chapters)
    return msgspec.structs.replace(usual, notes="in place", chapters=chapters)


def make_readalong(
    document: Document,
    outline: Outline,
    target: Path,
    *,
    planner: Planner,
    store: Store,
    narrator: str = "",
    granularity: Granularity = "sentence",
    replace: bool = False,
    workers: int | None = None,
    watch: Callable[[Recording], None] | None = None,
) -> Made:
    """Make a book that can be read along.

    Args:
        planner: of `voxpress.publish.recording.make_planner`, with an output in one of `FORMATS`.
        watch: is told of each recording.

    Raises:
        InputError: the book cannot be read along, or can be so already.
        SpeechError: a page could not be spoken; the others are in the store.
        StoreError: the store or the target cannot be written.
    """
    problems: list[SpeechError] = []
    with Readalong(document, outline, granularity=granularity, replace=replace) as readalong:
        readalong.check(target)
        for recording in record(readalong.narrations(), planner, store, workers=workers):
            if watch:
                watch(recording)
            try:
                readalong.add(recording)
            except SpeechError as error:
                problems.append(error.at(recording.narration.utterance.id))
        if problems:
            raise problems[0]
        return readalong.write(target, store, narrator=narrator)
