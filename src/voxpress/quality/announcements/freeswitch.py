"""What FreeSWITCH 1.10 plays (src/mod/say): ``say:en:number:pronounced:12345`` and its kin.

Its modules take up to nine digits, and say them in groups of three. Genders come with ``say``'s fourth argument, and in
Russian with the channel variable ``gender``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from voxpress.quality.announcements.values import Amount

Rule: TypeAlias = Callable[[Any, str | None], Iterator[str]]
_Names: TypeAlias = Iterator[str]
_Group: TypeAlias = Callable[[int, int, int, str, str], _Names]
"""Names of hundreds, tens and units, with the name of the group (empty for the last) and the gender."""

MISSING = "English and Russian go on without it, and callers hear another number; other languages stop there"
MOST_DIGITS = 9
_MILLION, _THOUSAND = 10**6, 1000


def _say_number(group: _Group, larger: Sequence[str], number: int, gender: str | None) -> _Names:
    """A number by groups.

    Args:
        larger: the names of a million and of a thousand.
    """
    _check_digits(number)
    if not number:
        yield "digits/0"
    for size, name in zip((_MILLION, _THOUSAND, 1), (*larger, ""), strict=True):
        many, number = divmod(number, size)
        if many:
            hundreds, rest = divmod(many, 100)
            for each in group(hundreds, *divmod(rest, 10), name, gender or ""):
                yield each if "/" in each else f"digits/{each}"


def _check_digits(number: int) -> None:
    if number < 0:
        raise OverflowError("it says none below zero")
    if len(str(number)) > MOST_DIGITS:
        raise OverflowError(f"it says at most {MOST_DIGITS} digits")


def _say_english_group(hundreds: int, tens: int, units: int, name: str, _gender: str) -> _Names:
    if hundreds:
        yield from (str(hundreds), "hundred")
    yield from _say_tens(tens, units)
    if name:
        yield name


def _say_tens(tens: int, units: int) -> _Names:
    if tens == 1:
        yield f"1{units}"
        return
    if tens:
        yield f"{tens}0"
    if units:
        yield str(units)


def _say_german_group(hundreds: int, tens: int, units: int, name: str, gender: str) -> _Names:
    if hundreds:
        yield from ("1_n" if hundreds == 1 else str(hundreds), "hundred")
    if tens > 1:
        if units:
            yield from ("1_n" if units == 1 else str(units), "currency/and")
        yield f"{tens}0"
    elif tens:
        yield f"1{units}"
    elif units == 1 and (gender == "f" or name):
        yield "1_f" if gender == "f" else "1_n"
    elif units:
        yield str(units)
    if name:
        yield name


def _say_spanish_group(hundreds: int, tens: int, units: int, name: str, _gender: str) -> _Names:
    if hundreds == 1:
        yield "hundred" if tens or units else "100"
    elif hundreds:
        yield from (f"{hundreds}00",) if hundreds in (5, 7, 9) else (str(hundreds), "hundreds")
    if tens == 1:
        yield f"1{units}"
    else:
        if tens == 2:
            yield "veinti" if units else "20"
        elif tens:
            yield from (f"{tens}0", "currency/and") if units else (f"{tens}0",)
        if units:
            yield str(units)
    if name:
        yield name


def _say_portuguese_group(hundreds: int, tens: int, units: int, name: str, _gender: str) -> _Names:
    if hundreds == 1:
        yield "hundred" if tens or units else "100"
    elif hundreds:
        yield from (f"{hundreds}00",) if hundreds in (2, 3, 5) else (str(hundreds), "hundreds")
    if hundreds and (tens or units):
        yield "currency/and"
    if tens == 1:
        yield f"1{units}"
    else:
        if tens:
            yield from (f"{tens}0", "currency/and") if units else (f"{tens}0",)
        if units:
            yield str(units)
    if name:
        yield name


def _say_italian_group(hundreds: int, tens: int, units: int, name: str, _gender: str) -> _Names:
    if hundreds:
        yield from ("hundred",) if hundreds == 1 else (str(hundreds), "hundred")
    if (hundreds, tens, units) != (0, 0, 1) or name != "thousand":
        yield from _say_tens(tens, units)
    if name:
        yield name


def _say_french_group(hundreds: int, tens: int, units: int, name: str, gender: str) -> _Names:
    """Numbers up to 19, 21 and 31 are one prompt each; from 71 on, a ten is taken from the tens to the units."""
    if hundreds:
        yield from ("hundred",) if hundreds == 1 else (str(hundreds), "hundred")
    whole = tens * 10 + units
    one_prompt = whole <= 19 or whole in (21, 31)
    if tens and not one_prompt:
        yield f"{tens - 1 if tens in (7, 9) and units else tens}0"
    if units or (one_prompt and whole):
        said = whole if one_prompt else units + 10 if tens in (7, 9) else units
        yield f"{said}_f" if tens != 1 and units == 1 and gender == "f" else str(said)
    if name:
        yield name


def _say_dutch_group(hundreds: int, tens: int, units: int, name: str, _gender: str) -> _Names:
    if hundreds:
        yield from (str(hundreds), "honderd")
    if tens > 1:
        yield from (f"{units}-en", f"{tens}0") if units else (f"{tens}0",)
    elif tens or units:
        yield f"{tens or ''}{units}"
    if name:
        yield name


_RUSSIAN = {
    "million": ("million", "million-a", "millions"),
    "thousand": ("thousand", "thousands-i", "thousands"),
}


def _say_russian_group(hundreds: int, tens: int, units: int, name: str, gender: str) -> _Names:
    if hundreds:
        yield f"{hundreds}00"
    if tens == 1:
        yield f"1{units}"
        units = 0
    elif tens:
        yield f"{tens}0"
    if units:
        feminine = units <= 2 and (name == "thousand" or (not name and gender == "f"))
        neuter = units == 1 and not name and gender == "n"
        yield f"{units}f" if feminine else f"{units}n" if neuter else str(units)
    if name:
        one, few, many = _RUSSIAN[name]
        yield one if units == 1 else few if 2 <= units <= 4 else many


def _say_one_million(number_rule: Rule, one: Sequence[str], number: int, gender: str | None) -> _Names:
    """A number of a language that has a word of its own for a single million."""
    if _MILLION <= number < 2 * _MILLION:
        yield from one
        number -= _MILLION
        if not number:
            return
    yield from number_rule(number, gender)


def _say_in_russian(number: int, gender: str | None) -> _Names:
    """A neuter number that ends in a million leaves the one before it out."""
    *names, last = _in_russian(number, gender)
    if gender == "n" and last == "digits/million" and names[-1:] == ["digits/1"]:
        names.pop()
    yield from (*names, last)


# What only English has here


def _say_ordinal(number: int, _gender: str | None) -> _Names:
    """Only the last group knows ordinals, and of a hundred none."""
    _check_digits(number)
    if number == 0:
        yield "digits/0"
        return
    yield from _in_english(number - number % 100, None) if number >= 100 else ()
    number %= 100
    if number >= 20:
        yield f"digits/{number // 10 * 10}" if number % 10 else f"digits/h-{number}"
        number %= 10
    elif number >= 10:
        yield f"digits/{number}"
        return
    if number:
        yield f"digits/h-{number}"


def _say_money(amount: Amount, _gender: str | None) -> _Names:
    if amount.negative:
        yield "currency/negative"
    yield from _in_english(amount.whole, None)
    yield "currency/dollar" if amount.whole == 1 else "currency/dollars"
    if amount.cents is not None:
        yield "currency/and"
        yield from _in_english(amount.cents, None)
        yield "currency/cent" if amount.cents == 1 else "currency/cents"


def _say_digits(digits: str, _gender: str | None) -> _Names:
    if not digits.isdecimal():
        raise OverflowError("it says digits alone, without signs")
    for each in digits:
        yield f"digits/{each}"


def _say_letters(text: str, _gender: str | None) -> _Names:
    for each in text.lower():
        yield f"digits/{each}" if each.isdecimal() else f"ascii/{ord(each)}"


def _say_date(day: dt.date, _gender: str | None) -> _Names:
    """Years are said in two halves, such as nineteen ninety-nine, but not 1900 and not from 2000 on."""
    if day.year < 1970:
        raise OverflowError("it takes days before 1970 for today")
    yield f"time/day-{(day.weekday() + 1) % 7}"
    yield f"time/mon-{day.month - 1}"
    yield from _say_ordinal(day.day, None)
    century, rest = divmod(day.year, 100)
    if not rest or not century % 10:
        yield from _in_english(day.year, None)
    else:
        yield from _in_english(century, None)
        yield from _in_english(rest, None)


def _say_time(time: dt.time, _gender: str | None) -> _Names:
    yield from _in_english(time.hour % 12 or 12, None)
    if not time.minute:
        yield "time/oclock"
    else:
        if time.minute < 10:
            yield "time/oh"
        yield from _in_english(time.minute, None)
    yield "time/p-m" if time.hour > 11 else "time/a-m"


def _say_datetime(moment: dt.datetime, gender: str | None) -> _Names:
    yield from _say_date(moment.date(), gender)
    yield "time/at"
    yield from _say_time(moment.time(), gender)


def _kinds(number: Rule) -> dict[str, Rule]:
    return {"number": number, "digits": _say_digits, "letters": _say_letters}


_in_english: Rule = partial(_say_number, _say_english_group, ("million", "thousand"))
_in_spanish: Rule = partial(_say_number, _say_spanish_group, ("millions", "thousand"))
_in_portuguese: Rule = partial(_say_number, _say_portuguese_group, ("millions", "thousand"))
_in_italian: Rule = partial(_say_number, _say_italian_group, ("million", "thousand"))
_in_russian: Rule = partial(_say_number, _say_russian_group, ("million", "thousand"))
KINDS: Mapping[str, Mapping[str, Rule]] = {
    "de": _kinds(partial(_say_number, _say_german_group, ("million", "thousand"))),
    "en": {
        **_kinds(_in_english),
        "ordinal": _say_ordinal,
        "money": _say_money,
        "date": _say_date,
        "time": _say_time,
        "datetime": _say_datetime,
    },
    "es": _kinds(partial(_say_one_million, _in_spanish, ("digits/un", "digits/million"))),
    "fr": _kinds(partial(_say_number, _say_french_group, ("million", "thousand"))),
    "it": _kinds(partial(_say_one_million, _in_italian, ("digits/un", "digits/million"))),
    "nl": _kinds(partial(_say_number, _say_dutch_group, ("miljoen", "duizend"))),
    "pt": _kinds(partial(_say_one_million, _in_portuguese, ("digits/1", "digits/million"))),
    "ru": _kinds(_say_in_russian),
}
"""What is said in each language, and how."""
