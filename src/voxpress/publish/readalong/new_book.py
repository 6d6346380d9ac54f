"""An EPUB that becomes one that can be read along."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self, cast

import msgspec

from voxpress.documents import Block, Document
from voxpress.documents.archive import relate
from voxpress.errors import InputError, SpeechError, StoreError
from voxpress.files import atomic
from voxpress.publish.narration import Narration, narrate
from voxpress.publish.outline import Outline
from voxpress.publish.readalong import overlay, pages
from voxpress.publish.readalong.book import Book, Content
from voxpress.publish.readalong.marking import Marker
from voxpress.publish.readalong.overlay import Heard
from voxpress.publish.readalong.package import OVERLAY, PAGES, ManifestItem, Narrated
from voxpress.publish.readalong.pointing import Granularity, Pointer
from voxpress.publish.readalong.upgrade import give_title, require_upgradable, upgrade, upgrade_page
from voxpress.publish.recording import Recording
from voxpress.publish.xml_source import XmlSource
from voxpress.speech import Clip, Output, Seconds

if TYPE_CHECKING:
    from voxpress.store import Store

FORMATS: Mapping[str, str] = {"mp3": "audio/mpeg", "m4a": "audio/mp4"}
"""Formats of the sound files, and their media types."""
OUTPUT = Output(format="mp3", bit_rate=64000, loudness=-19.0, peak=-1.5)
_FOLDER = "readalong"


class Silent(NamedTuple):
    """A page without narration.

    Attributes:
        file: its name in the book.
        reason: why.
    """

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    """A book that was made.

    Attributes:
        written: whether it changed; a book that is the same already stays.
        narrated: pages with narration, each with its duration.
        silent: pages without.
    """

    path: Path
    written: bool
    narrated: tuple[tuple[str, Seconds], ...]
    silent: tuple[Silent, ...]
    notes: tuple[str, ...]

    @property
    def duration(self) -> Seconds:
        """Of all that is heard."""
        return sum(duration for _, duration in self.narrated)


@dataclass(slots=True)
class _Page:
    """A page that is narrated.

    Attributes:
        stems: paths without extension, one for each narration; the overlay has the first.
        closed: whether it gets no more narrations.
        recordings: those that are there, by their numbers.
        sounds: paths of the sound files, with their clips.
        duration: of the overlay; 0: it has none.
    """

    stems: list[str] = field(default_factory=list)
    closed: bool = False
    recordings: dict[int, Recording] = field(default_factory=dict)
    sounds: dict[str, Clip] = field(default_factory=dict)
    duration: Seconds = 0.0

    @property
    def overlay(self) -> str:
        """Path of the overlay."""
        return f"{self.stems[0]}.smil"


class Readalong:
    """A book that becomes one that can be read along; a context manager.

    Args:
        granularity: what is highlighted.
        replace: whether overlays that the book has are made again.

    Raises:
        InputError: it is no EPUB, is protected, or can be read along already.
    """

    def __init__(
        self,
        document: Document,
        outline: Outline,
        *,
        granularity: Granularity = "sentence",
        replace: bool = False,
    ) -> None:
        self._document, self._outline, self._granularity = document, outline, granularity
        self._book = Book(document.path)
        self._package = self._book.package
        self._prepare(replace)
        self._scratch = tempfile.TemporaryDirectory()
        self._pages: dict[str, _Page] = {}
        self._order: dict[str, tuple[str, int]] = {}
        self._files: dict[str, Content] = {}
        self._reasons: dict[str, str] = {}
        self._voices: dict[str, None] = {}
        self._css = self._book.free_path(f"{_FOLDER}/readalong") + ".css"

    def _prepare(self, replace: bool) -> None:
        if self._book_is_old:
            require_upgradable(self._book)
        if self._package.has_overlays and not replace:
            problem = "can be read along already: replace = True makes its overlays again"
            raise InputError(problem, place=str(self._document.path))
        if self._package.has_overlays:
            self._package.remove_overlays(self._book.list_sounds())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self._scratch.cleanup()

    def check(self, target: Path) -> None:
        """Check where the new book goes, and all files of the book, before anything is spoken.

        Raises:
            InputError: the target is the book itself, or not the name of an EPUB, or cannot be written; or a file of
                the book is damaged.
        """
        self._require_target(target)
        self._book.check()

    def _require_target(self, target: Path) -> None:
        if target.suffix.lower() != ".epub":
            raise InputError(f"the new book is an EPUB: name it {target}.epub", field="output")
        atomic.require_place(target, "output")
        if target.exists() and target.samefile(self._document.path):
            raise InputError("is the book itself: name another file", place=str(target))

    def narrations(self) -> Iterator[Narration]:
        """A narration for each page and chapter that is read.

        Raises:
            ManifestError: outline and document do not fit each other.
            InputError: a chapter cannot be read.
        """
        last = ""
        for number, (chapter, plan) in enumerate(self._outline.choose(self._document), start=1):
            title = plan.title or self._document.title
            for file, blocks in groupby(chapter.load(), key=lambda block: block.place.file):
                if file != last and last in self._pages:
                    self._pages[last].closed = True
                last = file
                narration = self._narrate(f"{number:03}/{file}", file, tuple(blocks), plan.speaker, title)
                if narration:
                    yield narration
        yield from self._narrate_navigation()

    def _narrate_navigation(self) -> Iterator[Narration]:
        """The table of contents, where it is no page that is read in order."""
        item = self._package.navigation
        if item and item not in self._package.spine and item.path not in self._pages:
            blocks = pages.read_navigation(self._book.read(item.path), item.path, self._document.language)
            if narration := self._narrate(f"nav/{item.path}", item.path, blocks, "", self._document.title):
                yield narration

    def _narrate(
        self, id: str, file: str, blocks: Sequence[Block], speaker: str, title: str
    ) -> Narration | None:
        before = len(self._pages[file].stems) if file in self._pages else 0
        id = f"{id} ({before + 1})" if before else id
        narration = narrate(id, blocks, self._outline, speaker=speaker, title=title)
        if narration.is_silent:
            self._reasons.setdefault(file, "nothing in it is read")
            return None
        if not before and (problem := self._find_problem(file)):
            self._reasons[file] = problem
            return None
        page = self._pages.setdefault(file, _Page())
        stem = posixpath.splitext(posixpath.basename(file))[0]
        page.stems.append(self._book.free_path(f"{_FOLDER}/{stem}"))
        self._order[id] = file, before
        return narration

    def _find_problem(self, file: str) -> str:
        item = self._package.find(file)
        if item is None:
            return "is not in the manifest"
        if item.media_type not in PAGES:
            return f"is {item.media_type}, which cannot be read along"
        return pages.find_problem(self._book.read(file), file)

    def add(self, recording: Recording) -> None:
        """Take a recording of a narration.

        Raises:
            SpeechError: it could not be made.
        """
        _ = recording.clip
        file, number = self._order.pop(recording.narration.utterance.id)
        page = self._pages[file]
        page.recordings[number] = recording
        self._voices.setdefault(recording.result.voice)
        if page.closed and len(page.recordings) == len(page.stems):
            self._finish(file)

    def write(
        self,
        target: Path,
        store: Store,
        *,
        narrator: str = "",
        now: datetime | None = None,
    ) -> Made:
        """Write the new book. Its date changes only if anything else of it does.

        Args:
            narrator: for the metadata; empty: the voices.
            now: its date; None: that of today.

        Raises:
            InputError: nothing in the book is read, or the target is the book itself.
            StoreError: it cannot be written, or a recording is gone from the store.
        """
        self._require_target(target)
        for file, page in self._pages.items():
            if page.recordings:
                self._finish(file)
        heard = {file: page for file, page in self._pages.items() if page.duration}
        if not heard:
            raise InputError("nothing in it is read", place=str(self._document.path))
        silent = tuple(self._list_silent())
        if self._book_is_old:
            upgrade(self._book, self._files, self._document)
        self._announce(heard, narrator or ", ".join(sorted(filter(None, self._voices))), complete=not silent)
        changed = {path: self._files[path] for path in sorted(self._files)}
        for page in heard.values():
            changed.update({path: _opener(store, clip) for path, clip in page.sounds.items()})
        written = self._write(target, changed, now or datetime.now(UTC))
        narrated = tuple((file, page.duration) for file, page in heard.items())
        return Made(target, written, narrated, silent, tuple(self._book.notes))

    @property
    def _book_is_old(self) -> bool:
        return self._package.version.startswith("2")

    def _write(self, target: Path, changed: dict[str, Content], now: datetime) -> bool:
        path = self._package.path
        before = ""
        if target.is_file():
            try:
                before = Book(target).package.modified
            except SpeechError:
                before = ""  # no book: it is replaced
        if before:
            changed[path] = self._package.write(before)
            if self._book.is_same(target, changed):
                return False
        changed[path] = self._package.write(now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self._book.write(target, changed)
        return True

    def _finish(self, file: str) -> None:
        """Write the page and its overlay into the folder for what is not packed yet; its recordings are not needed
        any more.
        """
        page = self._pages[file]
        source = XmlSource.decode(self._book.read(file))
        if self._book_is_old:
            source = upgrade_page(source)
        marker = Marker(source)
        heard: list[Heard] = []
        for number, recording in sorted(page.recordings.items()):
            clip = recording.clip
            sound = f"{page.stems[number]}.{clip.format}"
            page.sounds[sound] = msgspec.structs.replace(clip, marks=())
            pointer = Pointer(marker, recording, relate(sound, page.overlay), self._granularity)
            heard += overlay.tidy(list(pointer.phrases()), clip.duration)
        page.recordings.clear()
        if not heard:
            self._reasons[file] = "nothing that is heard stands in it"
            return
        text, page.duration = overlay.write(heard, relate(file, page.overlay), marker)
        name = self._package.active_class
        if pages.needs_style(source, file, name, self._book) and pages.link_style(
            marker, relate(self._css, file), name
        ):
            self._files.setdefault(self._css, pages.style(name).encode())
        if self._book_is_old:
            give_title(source, marker.edits, self._document.title)
        self._files[page.overlay] = self._keep(text.encode())
        self._files[file] = self._keep(source.encode(marker.write()))

    def _keep(self, data: bytes) -> Path:
        path = Path(self._scratch.name) / f"{len(self._files)}"
        path.write_bytes(data)
        return path

    def _announce(self, heard: Mapping[str, _Page], narrator: str, *, complete: bool) -> None:
        added = [(self._css, "text/css")] if self._css in self._files else []
        for page in heard.values():
            added.append((page.overlay, OVERLAY))
            added += [(path, FORMATS[clip.format]) for path, clip in page.sounds.items()]
        self._package.announce(
            Narrated(
                overlays={
                    cast("ManifestItem", self._package.find(file)).id: (page.overlay, page.duration)
                    for file, page in heard.items()
                },
                files=[each for each in added if not self._package.find(each[0])],
                narrator=narrator,
                complete=complete,
            )
        )

    def _list_silent(self) -> Iterator[Silent]:
        chosen = [chapter for chapter, _ in self._outline.choose(self._document)]
        others = [chapter for chapter in self._document.chapters if chapter not in chosen]
        left_out = {block.place.file for chapter in others for block in chapter.load()}
        for item in self._package.spine:
            if item.path in self._pages and self._pages[item.path].duration:
                continue
            if not item.path:
                yield Silent(item.element.get("href"), "is missing in the book")
                continue
            if item.media_type not in PAGES:
                reason = f"is {item.media_type}, which cannot be read along"
            else:
                usual = "the outline leaves it out" if item.path in left_out else "there is nothing to read"
                reason = self._reasons.get(item.path, usual)
            yield Silent(item.path, reason)


def _opener(store: Store, clip: Clip) -> Callable[[], BinaryIO]:
    def open_clip() -> BinaryIO:
        file = store.open(clip)
        if file is None:
            raise StoreError(f"clip {clip.key} is gone from the store: make the book again")
        return cast("BinaryIO", file)

    return open_clip
