"""What a book says of its parts: its table of contents, landmarks, and where pages of the printed book begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Entry(NamedTuple):
    """An entry of a table of contents.

    Attributes:
        level: from 1.
        file, fragment: what it leads to; the file is empty where it leads nowhere.
        href: as it is written.
    """

    title: str
    level: int
    file: str
    fragment: str
    href: str


class Contents(NamedTuple):
    """What a book says of its parts.

    Attributes:
        entries: of the table of contents, in its order.
        landmarks: types of parts, by file and fragment.
        pages: numbers of printed pages, by ``file#id``.
        source: the file that it was read from.
    """

    entries: tuple[Entry, ...] = ()
    landmarks: Mapping[tuple[str, str], str] = {}
    pages: Mapping[str, str] = {}
    source: str = ""
