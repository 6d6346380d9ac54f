"""Pieces of a text that its markup tells how to read: as digits, as a date, letter by letter.

Which words that makes depends on the language, so the front end decides it, and not the markup.
"""

from __future__ import annotations

import calendar
import itertools
import re
from collections.abc import Sequence

import msgspec

from voxpress.errors import show
from voxpress.text.normalise import say_as
from voxpress.text.normalise.spoken import TIMES, complete_date, is_time, split_date
from voxpress.text.passage import Change, Edit, Passage


class SayAs(msgspec.Struct, frozen=True):
    """A piece of a passage, and how it is read.

    >>> SayAs(start=0, end=2, kind="ordinal").moved(5)
    SayAs(start=5, end=7, kind='ordinal', format='')

    Attributes:
        kind: one of `voxpress.text.normalise.KINDS`.
        format: the order of the parts, such as ``mdy`` of a date or ``hms12`` of a time; empty: as the language has it.
    """

    start: int
    end: int
    kind: str
    format: str = ""

    def moved(self, by: int) -> SayAs:
        """The same in a passage that has `by` more characters before it."""
        return msgspec.structs.replace(self, start=self.start + by, end=self.end + by)


def interpret(words: Passage, asked: Sequence[SayAs], language: str) -> tuple[Passage, list[Change]]:
    """The passage with those pieces as they are read, and what that changed.

    Args:
        asked: in order.
        language: BCP 47 tag.

    >>> interpret(Passage.of("Hello."), [], "en")[0].text
    'Hello.'

    Raises:
        InputError: a piece cannot be read so.
    """
    if not asked:
        return words, []
    text, edits, spaced, done = words.text, [], [], -1
    for each in asked:
        said = say_as(text[each.start : each.end], each.kind, language, each.format)
        # Digits that this language has no words for are left to the readers of numbers.
        edit = Edit(each.start, each.end, said, fixed=not any(map(str.isdigit, said)))
        edits.append(edit)
        before = each.start == done or text[max(0, each.start - 1) : each.start].isalnum()
        lead = " " if before and said[:1].isalnum() else ""
        trail = " " if text[each.end : each.end + 1].isalnum() and said[-1:].isalnum() else ""
        spaced.append(msgspec.structs.replace(edit, spoken=f"{lead}{said}{trail}"))
        done = -1 if trail else each.end
    return words.edit(spaced), words.changes(edits, "say-as")


_FORMATS = ("mdy", "dmy", "ymd", "ydm", "md", "dm", "ym", "my", "y", "m", "d")


def shorten_format(format: str) -> str:
    """The order of the parts of a date, however its format is written.

    >>> shorten_format("yyyymmdd"), shorten_format("DD/MM/YYYY")
    ('ymd', 'dmy')
    """
    letters = (letter for letter, _ in itertools.groupby(format.lower()))
    return "".join(letter for letter in letters if letter.isalpha())


def find_problem(text: str, kind: str, format: str) -> str:
    """What is wrong with a piece that is to be read as a date or a time; empty if nothing is.

    >>> find_problem("31/31/2026", "date", "mdy")
    "'31/31/2026' is no date of the format mdy"
    >>> find_problem("25:99", "time", "")
    "'25:99' is no time of day"
    >>> find_problem("14:30", "time", "hms12")
    "'14:30' is no time of the format hms12"
    """
    if kind == "date":
        return _find_date_problem(text.strip(), format)
    if kind != "time":
        return ""
    if format not in ("", *TIMES):
        return f"the format {show(format)} of a time is not one of {', '.join(TIMES)}"
    written = text.strip()
    fits = is_time(written, format)
    if fits is None and (begin := re.match(r"\d+:[\d:]+", written)):  # such as 14:30 Uhr
        fits = is_time(begin[0], format)
    if fits is False or (fits is None and format == "ms" and any(map(str.isdecimal, written))):
        return f"{show(written)} is no time of {f'the format {format}' if format else 'day'}"
    return ""


def tell_kind(text: str, kind: str) -> str:
    """What a note says of a piece that is nothing of its kind, such as a number without a digit; empty otherwise.

    >>> tell_kind("abc", "cardinal")
    "'abc' is no cardinal, so it is read like other text"
    """
    if kind == "characters":
        return ""
    clock = kind != "time" or re.match(r"\s*\d{1,4}(?:[:.'′h ]|\s*[ap]|\s*$)", text, re.IGNORECASE)
    if clock and (any(map(str.isnumeric, text)) or (kind == "telephone" and any(map(str.isalnum, text)))):
        return ""
    if kind in ("digits", "telephone") and set(text.strip()) <= set("*#"):
        return ""
    return f"{show(text.strip())} is no {kind}, so it is read like other text"


def _find_date_problem(text: str, format: str) -> str:
    order = shorten_format(format)
    if format and order not in _FORMATS:
        return f"the format {show(format)} of a date is not one of {', '.join(_FORMATS)}"
    text, order = complete_date(text, order)
    numbers = re.findall(r"\d+", split_date(text, order))
    if re.search(r"[^\W\d]", text):  # a month in letters
        return ""
    if order and numbers:
        fits = len(numbers) == len(order) and _is_date(order, numbers)
        return "" if fits else f"{show(text)} is no date of the format {order}"
    orders = [each for each in _FORMATS if len(each) == len(numbers)]
    if len(numbers) > 1 and not any(_is_date(each, numbers) for each in orders):
        return f"{show(text)} is no date"
    return ""


def _is_date(order: str, numbers: Sequence[str]) -> bool:
    if any(len(number) > 4 for number in numbers):
        return False
    part = {letter: int(number) for letter, number in zip(order, numbers, strict=True)}
    year, month, day = part.get("y", 2000), part.get("m", 1), part.get("d", 1)
    if not 1 <= month <= 12:
        return False
    return 1 <= day <= calendar.monthrange(max(1, year), month)[1]
