"""voxpress's own readers, for the languages that have a wording."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.text.normalise import abbreviations, amounts, codes, dates, digits, numbers, romans, times
from voxpress.text.normalise.found import Found, Reader, compile_for
from voxpress.text.normalise.wording import Wording, find_wording

NAME = "readers 4"
"""Changes with every change of what they say."""

_WITH_DIGITS: dict[str, Reader] = {
    "masked": codes.read_masked,
    "postcode": digits.read_postcode,
    "expiry": dates.read_expiry,
    "written date": dates.read_written_date,
    "telephone": digits.read_telephone,
    "code": codes.read_code,
    "chain": digits.read_chain,
    "reference": digits.read_reference,
    "standard": numbers.read_standard,
    "version": numbers.read_version,
    "dialled": codes.read_dialled,
    "address": digits.read_address,
    "quarter": dates.read_quarter,
    "date": dates.read_named_date,
    "time": times.read_time,
    "decade": dates.read_decade,
    "money range": amounts.read_money_range,
    "money": amounts.read_money,
    "weekday": times.read_weekday,
    "list": numbers.read_list,
    "multiple": numbers.read_multiple,
    "degrees": amounts.read_degrees,
    "unit": amounts.read_unit,
    "percent": amounts.read_percent,
    "ordinal": numbers.read_ordinal,
    "list number": numbers.read_list_number,
    "stopped ordinal": numbers.read_stopped_ordinal,
    "year": dates.read_year,
    "slashed date": dates.read_slashed_date,
    "fraction": numbers.read_fraction,
    "sign": numbers.read_sign,
    "arithmetic": numbers.read_arithmetic,
    "range": numbers.read_range,
    "lone unit": amounts.read_lone_unit,
}
_WITHOUT: dict[str, Reader] = {
    "weekday": times.read_weekday,
    "lone unit": amounts.read_lone_unit,
}
_ALWAYS: dict[str, Reader] = {
    "Roman numeral": romans.read_roman,
    "abbreviation": abbreviations.read_abbreviation,
    "initials": abbreviations.read_initials,
}
_LAST: dict[str, Reader] = {
    "scientific": numbers.read_scientific,
    "identifier": digits.read_identifier,
    "number": numbers.read_number,
}
_TECHNICAL = re.compile(
    r"(?<!\S)(?=\S{0,300}(?:@|://|_|\bwww\.|\w\.[a-z]{2,}/)|[^\s.]{0,63}[a-z]\d?(?:\.[a-z]{2,20}){1,4}(?!\S))\S+"
)
"""Addresses and names of files: not for these readers."""
_DIGIT = re.compile(r"[\d¼-¾⅐-⅞]")


def find(text: str, language: str, free: bytearray) -> list[tuple[Found, str]]:
    """What the readers find, in order and without overlaps, and the reader's name.

    Args:
        free: 1 for each character that may be read; what is found becomes 0.

    >>> [(found.spoken, name) for found, name in find("Room 7", "en", bytearray([1] * 6))]
    [('seven', 'number')]
    """
    wording = find_wording(language)
    if wording is None:
        return []
    taken: list[tuple[Found, str]] = []
    skipped = [each.span() for each in _TECHNICAL.finditer(text)]
    for start, end in skipped:
        free[start:end] = free[start:end].replace(b"\x01", b"\x02")
    for name, reader in _list_readers(_DIGIT.search(text) is not None):
        for found in reader(_mask(text, free) if name in _LAST else text, wording):
            if found.start < found.end and free.count(1, found.start, found.end) == found.end - found.start:
                free[found.start : found.end] = bytes(found.end - found.start)
                taken.append((found, name))
    for start, end in skipped:
        free[start:end] = free[start:end].replace(b"\x02", b"\x01")
    for found in _read_rest(_mask(text, free), wording):
        free[found.start : found.end] = bytes(found.end - found.start)
        taken.append((found, "number"))
    taken.sort(key=lambda each: each[0].start)
    return taken


def _read_rest(text: str, wording: Wording) -> Iterator[Found]:
    """Digits that nobody read, such as those of 5€a.de: an engine would read them in its own way."""
    for match in compile_for("[0-9]+").finditer(text):
        said = wording.number(match[0]) if len(match[0]) <= 4 else wording.digits(match[0])
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        said = f"{' ' if before.isalnum() else ''}{said}{' ' if after.isalnum() else ''}"
        yield Found(match.start(), match.end(), said, certain=False)


def _mask(text: str, free: bytearray) -> str:
    """A text in which nothing is found where another reader was."""
    return "".join(character if is_free == 1 else "_" for character, is_free in zip(text, free, strict=True))


def _list_readers(digits: bool) -> Iterator[tuple[str, Reader]]:
    """The readers that a text needs."""
    yield from (_WITH_DIGITS | _ALWAYS | _LAST if digits else _WITHOUT | _ALWAYS).items()
