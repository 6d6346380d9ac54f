"""Pages that are spoken, and the list of them: only what changed is made again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from voxpress.errors import SpeechError, StoreError
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
from voxpress.publish.recording import Recording, record_plans
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
    """

    file: PageFile
    status: Status
    duration: Seconds = 0.0
    detail: str = ""
    entry: Entry | None = None


class Ready(NamedTuple):
    """A page that can be spoken."""

    page: Page
    narration: Narration
    planner: Planner


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

    def speak(
        self,
        pages: Iterable[Ready],
        store: Store,
        *,
        workers: int | None = None,
        watch: Callable[[str, int], None] | None = None,
        begin: Callable[[Mapping[str, int]], None] | None = None,
    ) -> Iterator[Told]:
        """Speak pages that changed, and write their files. All are planned before anything is spoken.

        Args:
            watch: as in `record_plans`.
            begin: is told of the characters of each page that is about to be spoken.

        Raises:
            StoreError: store or folder cannot be read or written; what is finished stays.
        """
        todo: list[tuple[Ready, Plan, str]] = []
        for number, ready in enumerate(pages):
            plan = ready.planner.plan(ready.narration.utterance, number, filed=False)
            if isinstance(plan, Bad):
                yield Told(ready.page.file, "failed", detail=str(plan.error))
                continue
            digest = self._identify(ready.page, plan)
            entry = self.articles.pages.get(ready.page.file.key)
            if entry and entry.digest == digest and self._holds(entry, ready.page):
                yield Told(ready.page.file, "unchanged", entry.duration, entry=entry)
            else:
                todo.append((ready, plan, digest))
        if not todo:
            return
        self._expect(ready.page.file for ready, _, _ in todo)
        if begin:
            begin({ready.narration.utterance.id: len(ready.narration.utterance.text) for ready, _, _ in todo})
        known = {plan.number: (ready, digest) for ready, plan, digest in todo}
        plans = ((ready.narration, plan) for ready, plan, _ in todo)
        try:
            for recording in record_plans(plans, store, workers=workers, watch=watch):
                ready, digest = known[recording.result.number]
                yield self._finish(ready, digest, recording, store)
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
        return Told(file, status, entry.duration, entry=entry)

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

    def prune(self, kept: Iterable[PageFile]) -> list[str]:
        """Forget the pages that are not there any more, and delete their files.

        Raises:
            StoreError: a file cannot be deleted.
        """
        keys = {each.key for each in kept}
        gone = {key: entry for key, entry in self.articles.pages.items() if key not in keys}
        needed = {name for key, entry in self.articles.pages.items() if key in keys for name in entry.files}
        for key, entry in gone.items():
            for name in entry.files:
                if name not in needed:
                    try:
                        (self.folder / name).unlink(missing_ok=True)
                    except OSError as error:
                        raise StoreError(f"cannot delete {self.folder / name}: {error.strerror}") from error
            del self.articles.pages[key]
        if gone:
            self.save()
        return sorted(gone)


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
