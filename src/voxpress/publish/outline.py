"""What of a document is read, and by whom: a file that people edit before anything is spoken."""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from voxpress import languages
from voxpress.documents import Block, Chapter, Document
from voxpress.errors import InputError, ManifestError, show, suggest
from voxpress.files import atomic
from voxpress.manifests import limit
from voxpress.manifests.nodes import make, read_document
from voxpress.speech import Seconds, Speaker
from voxpress.text.lexicon import Entry, Lexicon

Reading: TypeAlias = Literal["read", "skip"]
Notes: TypeAlias = Literal["skip", "in place", "end of chapter"]

_KINDS: Mapping[str, str] = {
    "row": "tables",
    "caption": "captions",
    "image": "images",
    "code": "code",
    "page": "pages",
}
"""Kinds of blocks, and the field that says whether they are read."""
_FLAGS = (("chapters", "read"), ("sentences", "approved"))
"""Fields that are yes or no."""
_NAMES = ("at", "text", "title")
"""Fields by which a chapter, a doubt or a decision is known."""
_BYTE_ORDER_MARK = "\ufeff"
_LONGEST_PAUSE: Seconds = 600
_LONGEST_PLACE = 60
"""Characters of a title in a place."""
_UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold."""
_SPOKEN_KINDS = ("heading", "quote", "note", "caption", "image", "row", "code", "verse", "item", "page")


class Pauses(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Silence in the reading, in seconds, from 0 to 600.

    Raises:
        InputError: one is longer, or no number.
    """

    heading: Seconds = 1.2
    """After a heading."""
    paragraph: Seconds = 0.6
    scene: Seconds = 1.5
    """Where a scene ends."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and 0 <= seconds <= _LONGEST_PAUSE):
                raise InputError(
                    f"must be a number of seconds from 0 to {_LONGEST_PAUSE}, not {seconds:g}",
                    field=name,
                )


class Doubt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A word whose reading may not be meant."""

    text: str
    read: str
    """As voxpress reads it."""
    say: str | None = None
    """How it shall be read; None: as it is."""
    where: str = ""
    times: int = 1


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What somebody decided of a sentence that was not heard as it stands in the book."""

    text: Annotated[str, msgspec.Meta(min_length=1)]
    """As in `Block.text`."""
    approved: bool = False
    """It is good as it is."""
    seed: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Another reading of it."""

    def name_speaker(self, member: str) -> str:
        """The member of the cast who gives that reading, in place of `member`; empty for whoever reads."""
        return f"reading {self.seed}" + (f" of {member}" if member else "")


class ChapterPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A chapter of the outline."""

    title: str
    read: bool = True
    speaker: str = ""
    """A member of the cast."""
    level: int = 1
    at: str = ""
    """Where it begins in the book; so it is found again."""
    minutes: float = 0.0
    characters: int = 0


class Outline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a document is read, and by whom.

    >>> outline = Outline(tables="skip", chapters=(ChapterPlan(title="One"),))
    >>> outline.reads(Block(kind="row", text="1, 2"))
    False

    Raises:
        InputError: it names a speaker who is not in its cast.
    """

    title: str = ""
    creators: tuple[str, ...] = ()
    narrator: str = ""
    """For the tags of the files; empty: the voice's name."""
    series: str = ""
    position: str = ""
    """Its number in the series."""
    cover: str = ""
    """A JPEG or PNG, by its path from the book; empty: the book's own."""
    language: str = ""
    speaker: Speaker = Speaker()
    """Who reads."""
    cast: Mapping[str, Speaker] = {}
    speakers: Mapping[str, str] = {}
    """Members of the cast who read all headings, quotes, notes …, by kind."""
    languages: Mapping[str, str] = {}
    """Members of the cast who read what is in another language, by its tag; see `find_language`."""
    opening: str = ""
    """What is said before the first chapter, such as the title and who wrote it."""
    closing: str = ""
    """What is said after the last one."""
    notes: Notes = "skip"
    """Footnotes and endnotes: ``in place`` is after the paragraph that refers to them."""
    pages: Reading = "skip"
    """Page numbers of the printed book."""
    tables: Reading = "read"
    captions: Reading = "read"
    images: Reading = "read"
    """Their descriptions."""
    code: Reading = "skip"
    asides: Reading = "read"
    """Sidebars."""
    pauses: Pauses = Pauses()
    chapters: tuple[ChapterPlan, ...] = ()
    words: Mapping[str, str] = {}
    """How words are said, by how they are written."""
    uncertain: tuple[Doubt, ...] = ()
    sentences: tuple[Decision, ...] = ()

    def __post_init__(self) -> None:
        named = [
            *(("speakers", kind, name) for kind, name in self.speakers.items()),
            *(("languages", tag, name) for tag, name in self.languages.items()),
            *(("chapters", each.title, each.speaker) for each in self.chapters if each.speaker),
        ]
        for table, key, name in named:
            if name not in self.cast:
                known = ", ".join(self.cast) or "it is empty"
                problem = f"{key!r}: no {name!r} in the cast{suggest(name, self.cast)} ({known})"
                raise InputError(problem, field=table)
        for kind in self.speakers:
            if kind not in _SPOKEN_KINDS:
                known = ", ".join(_SPOKEN_KINDS)
                raise InputError(
                    f"no {kind!r}{suggest(kind, _SPOKEN_KINDS)} (kinds: {known})", field="speakers"
                )
        texts: dict[str, Iterable[str]] = {"creators": self.creators, "cast": self.cast}
        texts |= {name: [getattr(self, name)] for name in ("title", "narrator", "opening", "closing")}
        texts |= {"chapters": [each.title for each in self.chapters]}
        for field, values in texts.items():
            if wrong := next(filter(_UNWRITABLE.search, values), None):
                raise InputError(f"{show(wrong)} holds a control character: delete it", field=field)
        _check_tags("languages", self.languages)
        _check_tags("language", [self.language] if self.language else [])
        _check_once("languages", map(languages.canonical, self.languages))
        _check_once("chapters", (each.at or each.title for each in self.chapters))
        _check_once("sentences", (each.text for each in self.sentences))
        try:
            _ = self.lexicon
        except InputError as error:
            raise InputError(error.problem, field="words") from error

    @property
    def lexicon(self) -> Lexicon:
        """How words are read, as somebody has decided it here."""
        decided = {doubt.text: doubt.say for doubt in self.uncertain if doubt.say and doubt.say != doubt.read}
        return Lexicon(Entry(written=text, spoken=said) for text, said in {**decided, **self.words}.items())

    @property
    def all_speakers(self) -> Mapping[str, Speaker]:
        """The cast, with those who give other readings of sentences."""
        readings = {
            each.name_speaker(name): Speaker(seed=each.seed).over(self.cast.get(name, Speaker()))
            for each in self.sentences
            if each.seed is not None
            for name in ("", *self.cast)
        }
        return {**self.cast, **readings}

    def reads(self, block: Block) -> bool:
        """Whether a block is read. A page that is not read still has its place in the reading."""
        if block.kind == "note":
            return self.notes != "skip"
        if block.kind == "page":
            return True
        if block.aside and self.asides == "skip":
            return False
        return block.kind not in _KINDS or getattr(self, _KINDS[block.kind]) == "read"

    def find_speaker(self, block: Block) -> str:
        """The member of the cast who reads a block; empty: whoever reads the chapter."""
        if block.speaker in self.cast:
            return block.speaker
        if speaker := find_language(block.language, self.languages):
            return speaker
        return self.speakers.get(block.kind, "") if block.kind != "paragraph" else ""

    def find_title(self, document: Document) -> str:
        """What the book is called: as the outline says, else as the book or its file does."""
        return self.title or write_title(document.title) or write_title(document.path.stem)

    def find_creators(self, document: Document) -> tuple[str, ...]:
        """Who wrote it: as the outline says, else as the book does."""
        return self.creators or tuple(filter(None, map(write_title, document.creators)))

    def choose(self, document: Document, path: str = "") -> list[tuple[Chapter, ChapterPlan]]:
        """The chapters that are read, in the document's order, each with what the outline says of it.

        Args:
            path: of the outline, for messages.

        Raises:
            ManifestError: a chapter is in the outline and not in the document, or the other way round.
        """
        if not self.chapters:
            proposed = zip(document.chapters, propose_chapters(document), strict=True)
            return [(each, plan) for each, plan in proposed if plan.read]
        places = [each.at for each in propose_chapters(document)]
        known = dict(zip(places, document.chapters, strict=True))
        planned = {each.at: each for each in self.chapters}
        wrong = [
            f"{show(each.title)} at {show(at)} is not in the book"
            for at, each in planned.items()
            if at not in known
        ]
        wrong += [
            f"{show(each.title)} is not in the outline" for at, each in known.items() if at not in planned
        ]
        if wrong:
            raise ManifestError(
                f"{wrong[0]}: voxpress outline --update reads the book again and keeps what you decided"
                if known.keys() & planned.keys()
                else f"none of them is in {document.path.name}, so they are of another book, or all are new: name the"
                " outline of this book with --outline, or let voxpress outline --update match them by their titles",
                path=path,
                field="chapters",
            )
        if [*planned] != [*known]:
            raise ManifestError(
                "they are read in the order of the book: put them back into it", path=path, field="chapters"
            )
        return [(known[at], planned[at]) for at in known if planned[at].read]


def _check_tags(field: str, tags: Iterable[str]) -> None:
    for tag in tags:
        try:
            languages.canonical(tag)
        except InputError as error:
            raise InputError(error.problem, field=field) from error


def _check_once(field: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(f"{show(name)} is there {times} times: leave one", field=field)


def find_language(tag: str, speakers: Mapping[str, str]) -> str:
    """Who speaks a language, however its tag is written: of the tag itself, else of a shorter one; empty: nobody.

    >>> find_language("fr_CA", {"FR": "Anne"}), find_language("fr", {"fr-CA": "Anne"})
    ('Anne', '')

    Raises:
        InputError: one of the tags is none.
    """
    known = {languages.canonical(each): name for each, name in speakers.items()}
    subtags = languages.canonical(tag).split("-") if known and tag else []
    shorter = ("-".join(subtags[:length]) for length in range(len(subtags), 0, -1))
    return next((known[each] for each in shorter if each in known), "")


def write_title(text: str) -> str:
    """A title without characters that files of books cannot hold.

    >>> write_title("One\\x07")
    'One'
    """
    return _UNWRITABLE.sub("", text)


def propose_chapters(document: Document) -> tuple[ChapterPlan, ...]:
    """What an outline says of chapters before somebody edits it: the title page and the body are read.

    A chapter is known by its file and, where others begin there too, by its title. So text that is added before it, or
    another chapter, does not make it another one.
    """
    files = Counter(each.place.file for each in document.chapters)
    plans: list[ChapterPlan] = []
    used: set[str] = set()
    for chapter in document.chapters:
        file = chapter.place.file
        place = file if files[file] == 1 else f"{file}#{_shorten(chapter.title)}"
        at = next(each for each in _number(place) if each not in used)
        used.add(at)
        read = chapter.role in ("title", "body")
        plans.append(ChapterPlan(title=write_title(chapter.title), level=chapter.level, read=read, at=at))
    return tuple(plans)


def _number(place: str) -> Iterator[str]:
    yield place
    yield from (f"{place}-{number}" for number in count(2))


def _shorten(title: str) -> str:
    """A title as a part of a place.

    >>> _shorten("Chapter I: The Letter")
    'chapter-i-the-letter'
    """
    return "-".join(re.findall(r"\w+", title.lower()))[:_LONGEST_PLACE] or "start"


def load(path: Path) -> Outline:
    """The outline in a file. Every value is text as it stands there, so 1984 is a title and ``no`` is Norwegian.

    Raises:
        ManifestError: it cannot be read, is too long, or is no outline.
    """
    return _parse(_read(path), path)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise ManifestError(f"cannot be read: {error.strerror}", path=str(path)) from error
    except UnicodeDecodeError as error:
        raise ManifestError("is not UTF-8", path=str(path)) from error


def _parse(text: str, path: Path) -> Outline:
    name, lines = str(path), io.StringIO(text.removeprefix(_BYTE_ORDER_MARK))
    return make(read_document(limit(lines, name), name), Outline, path=name, flags=_FLAGS)


def save(outline: Outline, path: Path, *, source: str) -> None:
    """Write an outline for people: each choice with a comment. In an outline that is there, only what changed is
    written, and what people wrote around it stays.

    Args:
        source: the book's file name, for the first line.

    Raises:
        ManifestError: what is there is no outline.
        StoreError: the file cannot be written.
    """
    text = write(outline, source=source)
    if path.is_file():
        text = _merge(text, _read(path), path, source)
    atomic.write(str(path), text.encode())


def _merge(text: str, there: str, path: Path, source: str) -> str:
    """An outline as voxpress writes it, put into the one that is there."""
    import yaml

    from voxpress.publish.edits import merge

    body = there.removeprefix(_BYTE_ORDER_MARK)
    old = write(_parse(body, path), source=source)
    with contextlib.suppress(yaml.YAMLError, ManifestError):
        merged = merge(body, old, text, _NAMES)
        if _parse(merged, path) == _parse(text, path):
            return there.removesuffix(body) + merged
    return text


def write(outline: Outline, *, source: str) -> str:
    """The text of that file."""
    import yaml

    def dump(value: object, *, flow: bool = False) -> str:
        shown = msgspec.to_builtins(value)
        text = yaml.safe_dump(shown, allow_unicode=True, sort_keys=False, default_flow_style=flow, width=4000)
        return text.removesuffix("...\n").strip()

    def table(name: str, value: Mapping[str, object], example: str) -> str:
        return f"{name}: {dump(value, flow=True)}" + ("" if value else f"  # {example}")

    pauses = {name: getattr(outline.pauses, name) for name in outline.pauses.__struct_fields__}
    lines = [
        f"# What voxpress reads of {source}. Edit this file; the commands for books follow it.",
        f"title: {dump(outline.title)}",
        f"creators: {dump(list(outline.creators), flow=True)}",
        f"narrator: {dump(outline.narrator)}  # for the tags; empty: the voice's name",
        f"series: {dump(outline.series)}",
        f"position: {dump(outline.position)}  # its number in the series",
        f"cover: {dump(outline.cover)}  # a JPEG or PNG beside the book; empty: the book's own",
        f"language: {dump(outline.language)}",
        "",
        table(
            "speaker", msgspec.to_builtins(outline.speaker), "who reads, such as {engine: piper, voice: joe}"
        ),
        table("cast", outline.cast, "other speakers, such as {Ann: {engine: kokoro, voice: af_heart}}"),
        table(
            "speakers",
            outline.speakers,
            f"who reads each kind, such as {{quote: Ann}}: {', '.join(_SPOKEN_KINDS)}",
        ),
        table("languages", outline.languages, "who reads another language, such as {fr: Ann}"),
        "",
        f"opening: {dump(outline.opening)}  # said before the first chapter, such as: Emma, by Jane Austen.",
        f"closing: {dump(outline.closing)}  # said after the last one",
        f"notes: {outline.notes}  # footnotes and endnotes: skip, in place, end of chapter",
        f"pages: {outline.pages}  # page numbers of the printed book: read, skip",
        *(f"{name}: {getattr(outline, name)}" for name in ("tables", "captions")),
        f"images: {outline.images}  # their descriptions",
        f"code: {outline.code}",
        f"asides: {outline.asides}",
        f"pauses: {dump(pauses, flow=True)}  # seconds after a heading and a paragraph, and between scenes",
        "",
        "chapters:" if outline.chapters else "chapters: []",
    ]
    for chapter in outline.chapters:
        lines += [
            f"- title: {dump(chapter.title)}",
            f"  read: {'yes' if chapter.read else 'no'}",
            *([f"  speaker: {dump(chapter.speaker)}"] if chapter.speaker else []),
            *([f"  level: {chapter.level}"] if chapter.level != 1 else []),
            f"  at: {dump(chapter.at)}",
            *(
                [f"  minutes: {chapter.minutes:.1f}", f"  characters: {chapter.characters}"]
                if chapter.characters
                else []
            ),
        ]
    lines += [
        "",
        "# How words are said, such as {Siobhan: shi vawn}.",
        table("words", outline.words, "by how they are written"),
        "",
        "# Words that voxpress may read wrongly, each once: write after say how they shall be read.",
    ]
    lines.append("uncertain:" if outline.uncertain else "uncertain: []")
    for doubt in outline.uncertain:
        lines += [
            f"- text: {dump(doubt.text)}",
            f"  read: {dump(doubt.read)}",
            f"  say: {dump(doubt.say) if doubt.say else ''}".rstrip(),
            f"  where: {dump(doubt.where)}",
            *([f"  times: {doubt.times}"] if doubt.times > 1 else []),
        ]
    if outline.sentences:
        lines += ["", "# What was decided in 'voxpress review'.", "sentences:"]
        for decision in outline.sentences:
            lines += [
                f"- text: {dump(decision.text)}",
                *(["  approved: yes"] if decision.approved else []),
                *([f"  seed: {decision.seed}"] if decision.seed is not None else []),
            ]
    return "\n".join(lines) + "\n"
