"""voxpress's own readers, for the languages that have a wording."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from voxpress.text.normalise import (
    abbreviations,
    amounts,
    codes,
    dates,
    digits,
    numbers,
    romans,
    shillings,
    times,
)
from voxpress.text.normalise.found import Found, Reader, compile_for, word_after
from voxpress.text.normalise.wording import Wording, find_wording

NAME = "readers 7"
"""Changes with every change of what they say."""

_WITH_DIGITS: dict[str, Reader] = {
    "masked": codes.read_masked,
    "postcode": digits.read_postcode,
    "expiry": dates.read_expiry,
    "written date": dates.read_written_date,
    "four digits": times.read_four_digits,
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
    "dotted time": times.read_dotted_time,
    "time": times.read_time,
    "shillings": shillings.read_shillings,
    "decade": dates.read_decade,
    "money range": amounts.read_money_range,
    "money": amounts.read_money,
    "weekday": times.read_weekday,
    "list": numbers.read_list,
    "multiple": numbers.read_multiple,
    "degrees": amounts.read_degrees,
    "unit": amounts.read_unit,
    "temperature": amounts.read_temperature,
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
_NUMERIC = tuple((_WITH_DIGITS | _ALWAYS | _LAST).items())
_WORDY = tuple((_WITHOUT | _ALWAYS).items())
"""The readers of texts with and without digits."""
_AHEAD = ("code", "dialled")
"""Readers of numbers that a word names, which may stand in the paragraph or the element before."""
_TECHNICAL = re.compile(
    r"(?<!\S)(?=\S{0,300}(?:@(?![\d$€£])|://|_|\bwww\.|\w\.[a-z]{2,}/)|[^\s.]{0,63}[a-z]\d?(?:\.[a-z]{2,20}){1,4}(?!\S))\S+"
)
"""Addresses and names of files: not for these readers."""
_DIGIT = re.compile(r"[\d¼-¾⅐-⅞]")
_TAKEN = re.compile(rb"[^\x01]+")


def find(text: str, language: str, free: bytearray, before: str = "") -> list[tuple[Found, str]]:
    """What the readers find, in order and without overlaps, and the reader's name.

    Args:
        free: 1 for each character that may be read; what is found becomes 0.
        before: words before the text, which may say that a number in it is a code.

    >>> [(found.spoken, name) for found, name in find("Room 7", "en", bytearray([1] * 6))]
    [('seven', 'number')]
    """
    wording = find_wording(language)
    if wording is None:
        return []
    taken: list[tuple[Found, str]] = []
    given = bytes(free)
    skipped = [each.span() for each in _TECHNICAL.finditer(text) if each[0] not in wording.abbreviations]
    for start, end in skipped:
        free[start:end] = free[start:end].replace(b"\x01", b"\x02")
    for name, reader in _NUMERIC if _DIGIT.search(text) else _WORDY:
        found_all = reader(_mask(text, free) if name in _LAST else text, wording)
        if before and name in _AHEAD:
            found_all = chain(found_all, _look_back(reader, before, text, wording))
        for each in found_all:
            found = _leave_held(each, text, given) if b"\x00" in given[each.start : each.end] else each
            if text.startswith("...", found.end - 1):  # the stop of an abbreviation belongs to an ellipsis
                found = found._replace(end=found.end - 1)
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


def _leave_held(found: Found, text: str, free: bytes) -> Found:
    """What is found without the word at one end that an earlier stage has decided: the fifth, in Jan. 5.

    It stays whole, and so is not read, where that word is not said at the same end, or was decided with others.
    """
    start, end = found.start, found.end
    while start < end and not free[start]:
        start += 1
    while start < end and not free[end - 1]:
        end -= 1
    goes_back = found.start < start and not all(free[max(0, found.start - 1) : found.start])
    if goes_back or (end < found.end and not all(free[found.end : found.end + 1])):
        return found  # what was decided reaches further, as in 3/4 May, so the word belongs to that
    first, last = text[found.start : start].rstrip("."), text[end : found.end].rstrip(".")
    if first and not last and found.spoken.lower().startswith(first.lower()):
        return found._replace(start=start, spoken=" " + found.spoken.partition(" ")[2])
    for said in (last, " ".join(last)):
        if last and not first and found.spoken.endswith(f" {said}"):
            return found._replace(end=end, spoken=found.spoken.removesuffix(said))
    return found


def _look_back(reader: Reader, before: str, text: str, wording: Wording) -> Iterator[Found]:
    """Codes that words before the text name; a number that counts something, or begins a sentence, is none."""
    lead = len(before) + (2 if before[-1].isdecimal() else 1)
    for found in reader(f"{before}, {text}" if before[-1].isdecimal() else f"{before} {text}", wording):
        after = word_after(text, found.end - lead) if found.start >= lead else "none"
        if not after or after in wording.after_number:
            yield found._replace(start=found.start - lead, end=found.end - lead)


def _read_rest(text: str, wording: Wording) -> Iterator[Found]:
    """Digits that nobody read, such as those of 5€a.de: an engine would read them in its own way."""
    for match in compile_for("[0-9]+").finditer(text):
        said = wording.number(match[0]) if len(match[0]) <= 4 else wording.digits(match[0])
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        said = f"{' ' if before.isalnum() else ''}{said}{' ' if after.isalnum() else ''}"
        yield Found(match.start(), match.end(), said, certain=False)


def _mask(text: str, free: bytearray) -> str:
    """A text in which nothing is found where another reader was."""
    masked, at = "", 0
    for taken in _TAKEN.finditer(free):
        masked += text[at : taken.start()] + "_" * len(taken[0])
        at = taken.end()
    return masked + text[at:]
