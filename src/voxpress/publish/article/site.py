"""Pages that are spoken, and the list of them: only what changed is made again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from voxpress.errors import SpeechError, StoreError
from voxpress.executors import Cluster
from voxpress.files import atomic
from voxpress.files.formats import FORMATS
from voxpress.publish.article import Article, make_article, write_json, write_vtt
from voxpress.publish.article.cleaning import clean
from voxpress.publish.article.marking import HtmlSource, insert_player, mark
from voxpress.publish.article.pages import MADE, Page, PageFile, find_article, parse
from voxpress.publish.article.player import (
    FILES,
    AudioSource,
    read_file,
    write_embed,
    write_page,
    write_player,
)
from voxpress.publish.narration import Narration
from voxpress.publish.outline import Outline
from voxpress.publish.recording import Recording, record_plans
from voxpress.publish.review import Doubtful, find_doubtful
from voxpress.quality.asr import Recogniser
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Seconds
from voxpress.store import Store

LIST = "manifest.json"
_VERSION = 1
"""Of what the files hold; another one has them written again."""

Status: TypeAlias = Literal["spoken", "from store", "unchanged", "left out", "failed"]


class File(msgspec.Struct, frozen=True):
    """An audio file of an article."""

    url: str
    type: str
    bytes: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An article in the list, for templates. Addresses begin as ``--url`` says, else below the folder of the list.

    Attributes:
        digest: of all that the files were made from; empty: the files are being made, or could not be.
        files: below the folder.
    """

    title: str
    language: str
    duration: Seconds
    audio: tuple[File, ...]
    vtt: str
    json: str
    page: str
    embed: str
    digest: str
    files: tuple[str, ...]


class ArticleList(msgspec.Struct, kw_only=True):
    """The list of a site's articles, by their pages."""

    version: int = 1
    pages: dict[str, Entry] = {}


class Told(NamedTuple):
    """What became of a page.

    Attributes:
        detail: why it is left out or failed.
        doubts: sentences that were not heard as written, and that nobody approved.
    """

    file: PageFile
    status: Status
    duration: Seconds = 0.0
    detail: str = ""
    entry: Entry | None = None
    doubts: tuple[Doubtful, ...] = ()


class Ready(NamedTuple):
    """A page that can be spoken."""

    page: Page
    outline: Outline
    narration: Narration
    planner: Planner


class Pending(NamedTuple):
    """A page that is to be spoken.

    Attributes:
        digest: as in an `Entry`.
    """

    ready: Ready
    plan: Plan
    digest: str


@dataclass(kw_only=True)
class Site:
    """The folder of a site's articles.

    Attributes:
        url: what addresses of files begin with; empty: they are relative.
        inserts: whether pages get their player themselves.
    """

    folder: Path
    url: str = ""
    inserts: bool = False
    articles: ArticleList = field(default_factory=ArticleList)

    @classmethod
    def open(cls, folder: Path, *, url: str = "", inserts: bool = False) -> Site:
        """The site in a folder, which need not be there yet.

        Raises:
            StoreError: the list cannot be read.
        """
        path = folder / LIST
        articles = ArticleList()
        try:
            articles = msgspec.json.decode(path.read_bytes(), type=ArticleList)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{path} is no list of articles, or a broken one: move it away ({error})"
            ) from error
        if url and not url.endswith("/"):
            url += "/"
        return cls(folder=folder, url=url, inserts=inserts, articles=articles)

    def plan(
        self, pages: Iterable[Ready], recogniser: Recogniser | None = None
    ) -> tuple[list[Told], list[Pending]]:
        """What became of pages that need nothing or cannot be spoken, and plans of the others.

        Args:
            recogniser: with one, files that are as they should be count only if it heard all their takes; so all pages
                are among the others.
        """
        told: list[Told] = []
        planned: list[Pending] = []
        for number, ready in enumerate(pages):
            plan = ready.planner.plan(ready.narration.utterance, number, filed=False)
            if isinstance(plan, Bad):
                told.append(Told(ready.page.file, "failed", detail=str(plan.error)))
                continue
            digest = self._identify(ready.page, plan)
            entry = self.articles.pages.get(ready.page.file.key)
            if not recogniser and entry and entry.digest == digest and self._holds(entry, ready.page):
                told.append(Told(ready.page.file, "unchanged", entry.duration, entry=entry))
            else:
                planned.append(Pending(ready, plan, digest))
        return told, planned

    def speak(
        self,
        planned: Sequence[Pending],
        store: Store,
        *,
        workers: int | None = None,
        executor: Executor | Cluster | None = None,
        recogniser: Recogniser | None = None,
        watch: Callable[[str, int], None] | None = None,
    ) -> Iterator[Told]:
        """Speak pages, and write their files.

        Args:
            workers, executor, recogniser, watch: as in `record_plans`.

        Raises:
            StoreError: store or folder cannot be read or written; what is finished stays.
        """
        if not planned:
            return
        self._expect(each.ready.page.file for each in planned)
        known = {each.plan.number: each for each in planned}
        plans = ((each.ready.narration, each.plan) for each in planned)
        try:
            spoken = record_plans(
                plans, store, workers=workers, executor=executor, recogniser=recogniser, watch=watch
            )
            for recording in spoken:
                each = known[recording.result.number]
                yield self._finish(each.ready, each.digest, recording, store)
        finally:
            self.save()

    def _expect(self, files: Iterable[PageFile]) -> None:
        """Keep that the files of some pages are about to change: a run that is killed leaves the list as it is now."""
        for file in files:
            if entry := self.articles.pages.get(file.key):
                self.articles.pages[file.key] = replace(entry, digest="")
        self.save()

    def _finish(self, ready: Ready, digest: str, recording: Recording, store: Store) -> Told:
        file = ready.page.file
        if watched := recording.result.exception:
            return Told(file, "failed", detail=str(watched))
        try:
            entry = self._write(ready, digest, recording, store)
        except SpeechError as error:
            if isinstance(error, StoreError):
                raise
            return Told(file, "failed", detail=str(error))
        status: Status = "spoken" if recording.result.spoken else "from store"
        doubts: tuple[Doubtful, ...] = ()
        if recording.result.verdict == "doubtful":
            doubts = tuple(find_doubtful([ready.narration], ready.planner, store, ready.outline))
        return Told(file, status, entry.duration, entry=entry, doubts=doubts)

    def _identify(self, page: Page, plan: Plan) -> str:
        """The digest of all that decides what the files of a page hold."""
        clips = [target.clip for target in plan.targets]
        made = [_VERSION, clips, page.source, page.document.title, self.url, self.inserts, _digest_player()]
        return hashlib.sha256(msgspec.json.encode(made)).hexdigest()[:32]

    def _holds(self, entry: Entry, page: Page) -> bool:
        """Whether all files of a page are there, and the player in it: a site that was built again has none."""
        if self.inserts and not page.is_marked:
            return False
        return all((self.folder / name).is_file() for name in (*entry.files, *FILES))

    def _write(self, ready: Ready, digest: str, recording: Recording, store: Store) -> Entry:
        page, name = ready.page, ready.page.file.name
        document, result = page.document, recording.result
        article = make_article(
            name,
            recording,
            page.text,
            title=document.title or name.rpartition("/")[2],
            language=document.language or result.language,
            artist=", ".join(document.creators),
        )
        files: dict[str, bytes] = {}
        audio: list[tuple[str, File]] = []
        for clip in result.clips:
            data = store.read(clip)
            if data is None:
                raise StoreError(
                    f"clip {clip.key} was removed from the store while it was being read; try again"
                )
            file = f"{name}.{FORMATS[clip.format].extension}"
            files[file] = data
            version = hashlib.sha256(data).hexdigest()[:8]
            audio.append(
                (f"{_quote(file)}?v={version}", File("", FORMATS[clip.format].media_type, len(data)))
            )
        files[f"{name}.vtt"] = write_vtt(article).encode()
        files[f"{name}.json"] = write_json(article)
        marked = mark(HtmlSource(page.source), page.text, article.sentences) or page.source
        here = f"{'../' * name.count('/')}"
        files[f"{name}.html"] = self._write_page(article, page, marked, audio, here).encode()
        away = self.url or here
        files[f"{name}{MADE}"] = self._write_embed(article, audio, away).encode()
        for path, data in files.items():
            write_changed(self.folder / path, data)
        for path in FILES:
            write_changed(self.folder / path, read_file(path).encode())
        if self.inserts and page.prefix is not None:
            across = self.url or f"{_quote(os.path.relpath(self.folder, page.file.path.parent))}/"
            player = self._write_embed(article, audio, across)
            write_changed(page.file.path, (page.prefix + insert_player(marked, player)).encode())
        entry = Entry(
            title=article.title,
            language=article.language,
            duration=round(article.duration, 3),
            audio=tuple(File(f"{self.url}{url}", file.type, file.bytes) for url, file in audio),
            vtt=f"{self.url}{_quote(name)}.vtt",
            json=f"{self.url}{_quote(name)}.json",
            page=f"{self.url}{_quote(name)}.html",
            embed=f"{name}{MADE}",
            digest=digest,
            files=tuple(files),
        )
        self.articles.pages[page.file.key] = entry
        return entry

    def _write_embed(self, article: Article, audio: Sequence[tuple[str, File]], prefix: str) -> str:
        css, js = (f"{prefix}{name}?v={_digest_player()}" for name in FILES)
        return write_embed(self._write_player(article, audio, prefix), css, js)

    def _write_player(self, article: Article, audio: Sequence[tuple[str, File]], prefix: str) -> str:
        sources = [AudioSource(f"{prefix}{url}", file.type) for url, file in audio]
        return write_player(article, sources, f"{prefix}{_quote(article.name)}.vtt")

    def _write_page(
        self, article: Article, page: Page, marked: str, audio: Sequence[tuple[str, File]], prefix: str
    ) -> str:
        source = page.file.path.parent.absolute()
        folder = (self.folder / article.name).absolute().parent
        away = _quote(os.path.relpath(source, folder))
        content = clean(
            find_article(parse(marked, str(page.file.path))),
            lambda url: url if away == "." else f"{away}/{url}",
        )
        css, js = (f"{prefix}{name}?v={_digest_player()}" for name in FILES)
        return write_page(article, self._write_player(article, audio, prefix), content, css, js)

    def save(self) -> None:
        """Write the list."""
        pages = dict(sorted(self.articles.pages.items()))
        text = msgspec.json.format(msgspec.json.encode(ArticleList(pages=pages)), indent=1)
        write_changed(self.folder / LIST, text + b"\n")

    def find_gone(self, kept: Iterable[PageFile]) -> list[str]:
        """The pages of the list that are not there any more."""
        return sorted(self.articles.pages.keys() - {each.key for each in kept})

    def prune(self, kept: Iterable[PageFile]) -> list[str]:
        """Forget the pages that are not there any more, and delete their files.

        Raises:
            StoreError: a file cannot be deleted.
        """
        gone = self.find_gone(kept)
        files = [name for key in gone for name in self.articles.pages.pop(key).files]
        needed = {name for entry in self.articles.pages.values() for name in entry.files}
        for name in files:
            if name not in needed:
                try:
                    (self.folder / name).unlink(missing_ok=True)
                except OSError as error:
                    raise StoreError(f"cannot delete {self.folder / name}: {error.strerror}") from error
        if gone:
            self.save()
        return gone


PLAYABLE = ("mp3", "m4a", "opus")
"""Formats that browsers play."""


@cache
def _digest_player() -> str:
    return hashlib.sha256("".join(map(read_file, (*FILES, "player.html", "page.html"))).encode()).hexdigest()[
        :8
    ]


def _quote(path: str) -> str:
    return quote(path, safe="/~!$'()*,;@")


def write_changed(path: Path, data: bytes) -> None:
    """Write a file unless it holds these bytes: what watches the folder is not woken.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return
    except OSError:
        pass
    atomic.write(path, data)
