"""Words whose kind somebody has said, as SSML's say-as does."""

from __future__ import annotations

import re

from voxpress import languages
from voxpress.errors import InputError, show
from voxpress.text.normalise import readers
from voxpress.text.normalise.keys import STARS, name_key
from voxpress.text.normalise.signs import MARKS, NAMES, say_digits
from voxpress.text.normalise.symbols import WORDS
from voxpress.text.normalise.wording import Wording, find_wording

KINDS = (
    "characters", "digits", "telephone", "cardinal", "ordinal", "date", "time", "currency", "unit", "fraction",
)  # fmt: skip
"""What a piece of text can be said as."""


def say_as(text: str, kind: str, language: str, format: str = "") -> str:
    """A piece of text in words, read as one kind of thing.

    Text that is not of that kind, or of a language without words for it, is read like any other text.

    Args:
        kind: one of `KINDS`.
        language: BCP 47 tag.
        format: of a date, the order of its parts: ``mdy``, ``dmy``, ``ymd``, ``md``, ``dm``, ``my``, ``ym``, ``y``;
            of a time one of `TIMES`.

    >>> say_as("4/5/2026", "date", "en-US", "dmy")
    'the fourth of May twenty twenty-six'
    >>> say_as("42", "ordinal", "en"), say_as("1905", "digits", "de-DE")
    ('forty-second', 'eins neun null fünf')
    >>> say_as("a#*1", "characters", "en-US"), say_as("*67", "telephone", "en-GB")
    ('A pound star one', 'star six seven')

    Raises:
        InputError: there is no such kind.
    """
    if kind not in KINDS:
        raise InputError(f"unknown kind {show(kind)}; there are: {', '.join(KINDS)}")
    wording = find_wording(language)
    if kind in _SPELLED:
        return _spell(text, language)
    if kind == "telephone":
        return _say_telephone(text.strip(), language, wording)
    if wording is None:
        return " ".join(text.split())
    sayer = _SAYERS.get(kind)  # a currency and a unit have signs that every reader knows
    said = sayer(text.strip(), wording, format) if sayer else None
    return said if said is not None else _read(text, language)


def _read(text: str, language: str) -> str:
    """Text in words, as everywhere."""
    said, at = "", 0
    for found, _ in readers.find(text, language, bytearray(b"\x01") * len(text)):
        said += text[at : found.start] + found.spoken
        at = found.end
    return said + text[at:]


def _spell(text: str, language: str) -> str:
    """Characters one by one, signs by their names."""
    return " ".join(_name_character(character, language) for character in text if not character.isspace())


def _name_character(character: str, language: str) -> str:
    base = languages.base(language)
    if character.isdecimal():
        return say_digits(str(int(character)), base) if base in NAMES else character
    if character == "#" or character in STARS:
        return name_key(character, language) or character
    if character.isalnum():
        return character.upper() if len(character.upper()) == 1 else character
    for words in (NAMES, MARKS):
        if name := words.get(base, {}).get(character):
            return name
    return WORDS.get(character, {}).get(base, character)


def _say_telephone(text: str, language: str, wording: Wording | None) -> str:
    """Groups of digits, and the keys * and # between them."""
    said: list[str] = []
    groups: list[str] = []

    def say_groups() -> None:
        if groups:
            said.append(wording.telephone(groups) if wording else _spell_groups(groups, language))
            groups.clear()

    for piece in re.findall(r"[0-9]{1,20}|[A-Za-z]{1,20}|[^\s0-9A-Za-z]", text):
        if piece.isalnum():
            groups.append(piece)
        elif piece not in _BETWEEN_GROUPS:
            say_groups()
            said.append(_name_character(piece, language))
    say_groups()
    return " ".join(said)


def _spell_groups(groups: list[str], language: str) -> str:
    return ", ".join(_spell(group, language) for group in groups)


def _split(text: str, wording: Wording) -> tuple[str, str] | None:
    """The sign in words and the number of a text; None: it is no number."""
    match = re.fullmatch(rf"([-−+]?)({wording.number_pattern})", text)
    return ({"": "", "+": wording.plus}.get(match[1], wording.minus), match[2]) if match else None


def _say_cardinal(text: str, wording: Wording, _: str) -> str | None:
    """A number."""
    parts = _split(text, wording)
    if parts is None:
        return None
    whole, rest = wording.split_number(parts[1])
    number = f"{whole.lstrip('0') or '0'}{wording.point + rest if rest else ''}"
    return f"{parts[0]} {wording.number(number)}".strip()


def _say_ordinal(text: str, wording: Wording, _: str) -> str | None:
    """First, second and so on."""
    grouped = rf"\d{{1,3}}(?:{wording.groups}\d{{3}}){{1,4}}|\d{{1,15}}"
    match = re.fullmatch(rf"({grouped})({wording.ordinal_endings})?\.?", text)
    if match is None:
        return None
    ending = match[2] or ("r" if wording.stopped_ordinals else "")
    return wording.ordinal(int(re.sub(r"\D", "", match[1])), ending)


def _say_fraction(text: str, wording: Wording, _: str) -> str | None:
    """A fraction."""
    match = re.fullmatch(r"([-−]?)(?:(\d{1,9})[ +])?(\d{1,9})[/⁄](\d{1,9})", text)
    if match is None:
        return None
    above, below = int(match[3]), int(match[4])
    said = wording.mixed(match[2], above, below) if match[2] else wording.fraction(above, below)
    return f"{wording.minus} {said}" if match[1] else said


def split_date(text: str, format: str) -> str:
    """A date without marks between its parts, with spaces there: 20260405 in the format ymd.

    >>> split_date("20260405", "ymd"), split_date("050426", "dmy"), split_date("5/4/26", "dmy")
    ('2026 04 05', '05 04 26', '5/4/26')
    """
    year = len(text) - 2 * (len(format) - 1)
    if not text.isdecimal() or len(format) < 2 or "y" not in format or year not in (2, 4):
        return text
    parts, at = [], 0
    for each in format:
        width = year if each == "y" else 2
        parts.append(text[at : at + width])
        at += width
    return " ".join(parts)


def complete_date(text: str, format: str) -> tuple[str, str]:
    """A date and its format: eight digits without one are year, month and day, and ? stands for what is not said.

    >>> complete_date("20260304", ""), complete_date("????0922", "ymd"), complete_date("3/4", "md")
    (('20260304', 'ymd'), ('09 22', 'md'), ('3/4', 'md'))
    """
    if not format and re.fullmatch(r"[?\d]{4}[01?][\d?][0-3?][\d?]", text):
        format = "ymd"
    if "?" in text and format == "ymd" and (parts := re.fullmatch(r"(.{4})[-./]?(..)[-./]?(..)", text)):
        known = [(part, name) for part, name in zip(parts.groups(), "ymd", strict=True) if part.isdecimal()]
        return " ".join(part for part, _ in known), "".join(name for _, name in known)
    return text, format


def _say_date(text: str, wording: Wording, format: str) -> str | None:
    """A date, its parts in the given order."""
    text, format = complete_date(text, format)
    numbers = re.findall(r"\d{1,4}", split_date(text, format))
    if not format or len(numbers) != len(format) or re.search(r"[^\d\s./-]", text):
        return None
    part = dict(zip(format, numbers, strict=True))
    if set(part) == {"y"}:
        return wording.year_of(part["y"])
    month, day = int(part.get("m", 0)), int(part.get("d", 0))
    if not 1 <= month <= 12 or not 0 <= day <= 31:
        return None
    ordered = "dm" not in format and (format != "ymd" or wording.month_first is not False)
    return wording.date(day, month, part.get("y", ""), "", month_first=ordered and "d" in part)


_CLOCK = re.compile(r"(\d{1,4})(?:[:.h](\d{2}))?(?:[:.](\d{2}))? ?(?:([aApP])\.?[mM]?\.?)?")
_MINUTES = re.compile(r"(\d{1,4})[:.'′](\d{2})[\"″]?")
TIMES = ("hms12", "hms24", "hms", "hm", "ms", "h")
"""Formats of a time; ``ms`` is minutes and seconds."""


def is_time(text: str, format: str) -> bool | None:
    """Whether there is such a time in that format, one of `TIMES` or empty; None: a time is written otherwise.

    >>> is_time("14:05", "hms24"), is_time("14:05", "hms12"), is_time("59:30", "ms"), is_time("soon", "")
    (True, False, True, None)
    """
    if format == "ms":
        lasts = _MINUTES.fullmatch(text)
        return lasts and int(lasts[2]) < 60
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    if (format == "h" and found[2]) or (format in ("h", "hm") and found[3]):
        return False
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if (format == "hms12" and not 1 <= hour <= 12) or (format == "hms24" and found[4]):
        return False
    return (hour < 24 and minute < 60 and second < 61) or (hour, minute, second) == (24, 0, 0)


def _say_time(text: str, wording: Wording, format: str) -> str | None:
    """A time of day, or minutes and seconds."""
    if not is_time(text, format):
        return None
    if format == "ms" and (lasts := _MINUTES.fullmatch(text)):
        minutes, seconds = (
            wording.measure(str(int(count)), wording.units[unit])
            for count, unit in zip(lasts.groups(), ("min", "s"), strict=True)
        )
        if int(lasts[2]) == 0:
            return minutes
        return f"{minutes} {wording.and_} {seconds}" if int(lasts[1]) else seconds
    if found := _CLOCK.fullmatch(text):
        second = int(found[3]) if found[3] else None
        return wording.time(int(found[1]), int(found[2] or 0), second, (found[4] or "").lower())
    return None


_SPELLED = ("characters", "digits")
_BETWEEN_GROUPS = "-–./()[],"
"""Signs in a telephone number that are only seen."""
_SAYERS = {
    "cardinal": _say_cardinal,
    "ordinal": _say_ordinal,
    "fraction": _say_fraction,
    "date": _say_date,
    "time": _say_time,
}
