"""Chapters of a book whose pages are known: where each begins and ends, and how its blocks are read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from voxpress.documents import Block, Chapter, ChapterRole, Place
from voxpress.documents.pages.contents import Contents, Entry
from voxpress.documents.pages.context import Span
from voxpress.documents.pages.survey import Survey, find_role, guess_role

LONGEST_FRONT = 10_000
"""Characters before the first entry of a table of contents that are taken for title pages and the like."""


class Part(NamedTuple):
    """A part of a page that belongs to a chapter."""

    file: str
    span: Span = Span()


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A page that was looked through."""

    file: str
    survey: Survey
    linear: bool = True


class _Start(NamedTuple):
    """Where a chapter begins: the index of the page, the number of an element (0: the page)."""

    page: int
    number: int
    title: str
    level: int = 1
    role: ChapterRole | None = None


Load = Callable[[Sequence[Part]], Callable[[], Sequence[Block]]]
"""Makes what reads the blocks of parts."""


def list_chapters(
    pages: Sequence[Surveyed], contents: Contents, load: Load, note: Callable[[str], None]
) -> tuple[Chapter, ...]:
    """The chapters of a book in reading order.

    A chapter begins where an entry of the table of contents leads to. What no entry leads to begins a chapter without a
    title if it comes first, stands beside the reading order, or has another role than the pages before it. Without a
    table of contents, headings begin chapters.

    Args:
        note: gets what is wrong with the table of contents.
    """
    starts = list(_find_starts(pages, contents, note))
    if not starts:
        if contents.source:
            note(f"no entry of the table of contents in {contents.source} leads into the book")
        starts = list(list_headings(pages))
    starts = list(_add_untitled(pages, contents.landmarks, sorted(starts, key=_place)))
    ends = [*starts[1:], _Start(len(pages), 0, "")]
    chapters = []
    for start, end in zip(starts, ends, strict=True):
        parts = list(_list_parts(pages, start, end))
        read = load(parts)
        role = start.role or "body"
        blocks = () if start.title else read()
        if not start.title and not blocks:
            continue
        if contents.entries and not start.title and start.role is None and start.page == 0:
            role = "title" if sum(len(block.text) for block in blocks) < LONGEST_FRONT else "body"
        place = Place(pages[start.page].file, start.number)
        chapters.append(Chapter(title=start.title, level=start.level, role=role, place=place, load=read))
    return tuple(chapters)


def _place(start: _Start) -> tuple[int, int]:
    return start.page, start.number


def _find_starts(
    pages: Sequence[Surveyed], contents: Contents, note: Callable[[str], None]
) -> Iterator[_Start]:
    """Where the entries of the table of contents lead to. One that leads nowhere stands with the first below it."""
    index = {page.file: i for i, page in enumerate(pages)}
    waiting: list[Entry] = []
    last = (-1, -1)
    for entry in contents.entries:
        if entry.file not in index:
            if entry.file:
                note(f"{entry.title!r} in the table of contents leads to {entry.file}, which is not read")
            elif entry.href:
                note(f"{entry.title!r} in the table of contents leads to {entry.href!r}, which is missing")
            waiting = [each for each in waiting if each.level < entry.level]
            if entry.title:
                waiting.append(entry)
            continue
        page = pages[index[entry.file]]
        number = page.survey.anchors.get(entry.fragment, 0)
        if entry.fragment and entry.fragment not in page.survey.anchors:
            note(
                f"{entry.title!r} in the table of contents leads to #{entry.fragment}, which is missing in {entry.file}"
            )
        types = page.survey.types.get(entry.fragment if number else "", [])
        landmarks = contents.landmarks
        landmark = landmarks.get((entry.file, entry.fragment)) or landmarks.get((entry.file, "")) or ""
        role = find_role(types, landmark) or guess_role(entry.title)
        for each in waiting:
            if each.level < entry.level:
                yield _Start(index[entry.file], number, each.title, each.level, role)
        waiting = []
        if (index[entry.file], number) < last and page.linear:
            note("the table of contents has another order than the pages: chapters stand as they are read")
        last = max(last, (index[entry.file], number))
        yield _Start(index[entry.file], number, entry.title or "Untitled", entry.level, role)


def list_headings(pages: Sequence[Surveyed]) -> Iterator[_Start]:
    """Chapters by headings: those of the two highest levels. A single one at the top is the title of the book."""
    levels = sorted({level for page in pages for _, level, words in page.survey.headings if words})
    at_top = (
        sum(level == levels[0] for page in pages for _, level, _ in page.survey.headings) if levels else 0
    )
    used = levels[1:3] if at_top == 1 and len(levels) > 1 else levels[:2]
    for i, page in enumerate(pages):
        for number, level, words in page.survey.headings:
            if words and (level in used or level in levels[: levels.index(used[0])]):
                yield _Start(
                    i,
                    number,
                    words,
                    max(used.index(level) + 1 if level in used else 1, 1),
                    _guess(page, words),
                )
        if not page.survey.headings and not levels:
            yield _Start(i, 0, page.survey.title)


def _guess(page: Surveyed, words: str) -> ChapterRole | None:
    return find_role(page.survey.types.get("", [])) or guess_role(words)


def _add_untitled(
    pages: Sequence[Surveyed], landmarks: Mapping[tuple[str, str], str], starts: Sequence[_Start]
) -> Iterator[_Start]:
    """The starts, and those of pages that no entry leads to and that do not belong to the chapter before them."""
    by_page: dict[int, list[_Start]] = {}
    for start in starts:
        by_page.setdefault(start.page, []).append(start)
    role: ChapterRole | None = None
    explicit = False
    for i, page in enumerate(pages):
        here = by_page.get(i, [])
        own = find_role(page.survey.types.get("", []), landmarks.get((page.file, ""), ""))
        if not page.linear and own in (None, "body"):
            own = "back"
        if not here or here[0].number > 0:
            differs = (own or "body") != (role or "body") and (own is not None or explicit)
            if i == 0 or not page.linear or differs:
                yield _Start(i, 0, "", role=own)
                role, explicit = own, own is not None
        yield from here
        if here:
            role, explicit = here[-1].role, own is not None


def _list_parts(pages: Sequence[Surveyed], start: _Start, end: _Start) -> Iterator[Part]:
    for i in range(start.page, min(end.page + 1, len(pages))):
        begin = start.number or None if i == start.page else None
        stop = end.number if i == end.page else None
        if stop == 0 or (i == start.page == end.page and start.number == end.number):
            continue
        yield Part(pages[i].file, Span(begin, stop))
