"""What Asterisk 22 plays (main/say.c): SayNumber, SayDigits, SayAlpha, SayMoney, SayOrdinal, SayUnixTime.

It has 25 grammars of numbers. Genders come with SayNumber: ``SayNumber(1,f)``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from voxpress.quality.announcements.values import Amount

Rule: TypeAlias = Callable[[Any, str | None], Iterator[str]]
_Names: TypeAlias = Iterator[str]

MISSING = (
    "American numbers and ordinals break off there; amounts, dates and times end the call; digits, letters and other"
    " languages leave it out, and callers hear another number"
)
LARGEST = 2**31 - 1
_SIGNS = {
    "*": "digits/star",
    "#": "digits/pound",
    "!": "letters/exclaimation-point",
    "@": "letters/at",
    "$": "letters/dollar",
    "-": "letters/dash",
    ".": "letters/dot",
    "=": "letters/equals",
    "+": "letters/plus",
    "/": "letters/slash",
    " ": "letters/space",
}


# Numbers. Each grammar gives names in digits/; zero and minus are alike in all.


def _say_number(grammar: Callable[[int, str], _Names], most: int, number: int, gender: str | None) -> _Names:
    if abs(number) > most:
        raise OverflowError(f"the largest one is {most:,}")
    if number < 0:
        yield "digits/minus"
    names = grammar(abs(number), gender or "") if number else iter(("0",))
    for name in names:
        yield name if name.startswith("vm-") else f"digits/{name}"


def _english(number: int, link: str = "") -> _Names:
    """American; with a link British, which has no billions."""
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        many, number = divmod(number, size)
        if many:
            yield from _english(many, link)
            yield name
            if link and 0 < number < 100:
                yield link
    hundreds, number = divmod(number, 100)
    if hundreds:
        yield from (str(hundreds), "hundred")
        if link and number:
            yield link
    yield from _tens_and_units(number)


def _american(number: int, _gender: str) -> _Names:
    return _english(number)


def _british(number: int, _gender: str) -> _Names:
    return _english(number, link="vm-and")


def _tens_and_units(number: int) -> _Names:
    if number >= 20:
        yield str(number // 10 * 10)
        number %= 10
    if number:
        yield str(number)


def _german(number: int, gender: str, *, above: bool = False) -> _Names:
    """A hundred and a thousand alone are said without a one before them.

    Args:
        above: whether something larger was said before.
    """
    if number in (100, 1000) and not above:
        yield "hundred" if number == 100 else "thousand"
        return
    for size, one, many in ((10**9, "milliard", "milliards"), (10**6, "million", "millions")):
        count, number = divmod(number, size)
        if count:
            yield from ("1F", one) if count == 1 else (*_german(count, gender), many)
            above = True
    thousands, number = divmod(number, 1000)
    if thousands:
        yield from ("1N",) if thousands == 1 else _german(thousands, gender)
        yield "thousand"
    hundreds, number = divmod(number, 100)
    if hundreds:
        yield from ("1N" if hundreds == 1 else str(hundreds), "hundred")
    tens, unit = divmod(number, 10)
    if tens >= 2 and unit:
        yield from (f"{unit}-and", f"{tens * 10}")
    elif number:
        yield "1F" if number == 1 and gender == "f" else str(number)


def _spanish(number: int, gender: str) -> _Names:
    millions, number = divmod(number, 10**6)
    if millions:
        yield from _spanish(millions, "m" if millions == 1 else gender)
        yield "million" if millions == 1 else "millions"
    thousands, number = divmod(number, 1000)
    if thousands:
        yield from _spanish(thousands, gender) if thousands > 1 else ()
        yield "thousand"
    if number == 100:
        yield "100"
        return
    if number > 100:
        yield "100-and" if number < 200 else str(number // 100 * 100)
        number %= 100
    if number > 30:
        yield str(number // 10 * 10)
        number %= 10
        if number:
            yield "and"
    if number:
        yield f"1{gender.upper()}" if number == 1 and gender in ("f", "m") else str(number)


def _french(number: int, gender: str) -> _Names:
    for size, name in ((10**6, "million"), (1000, "thousand")):
        many, number = divmod(number, size)
        if many:
            yield from () if size == 1000 and many == 1 else _french(many, gender)
            yield name
    hundreds, number = divmod(number, 100)
    if hundreds:
        yield from (str(hundreds), "hundred") if hundreds > 1 else ("hundred",)
    if number > 20:
        tens = 60 if 60 <= number < 80 else 80 if number >= 80 else number // 10 * 10
        yield str(tens)
        if number % 10 == 1 and tens < 80:
            yield "et"
        number -= tens
    if number:
        yield "1F" if number == 1 and gender == "f" else str(number)


def _italian(number: int, gender: str) -> _Names:
    for size, one, many in ((10**6, "million", "millions"), (1000, "thousand", "thousands")):
        count, number = divmod(number, size)
        if count:
            yield from _italian(count, gender) if count > 1 else ()
            yield many if count > 1 else one
    hundreds, number = divmod(number, 100)
    if hundreds:
        yield from (str(hundreds), "hundred") if hundreds > 1 else ("hundred",)
    if number > 20 and number % 10 in (1, 8):  # ventuno, ventotto: one word
        yield str(number)
    else:
        yield from _tens_and_units(number)


def _dutch(number: int, gender: str) -> _Names:
    """Thousands up to 9,999 are said in hundreds: 2,000 is twenty hundred."""
    millions, number = divmod(number, 10**6)
    if millions:
        yield from (*_dutch(millions, gender), "million")
    if number >= 10_000:
        yield from (*_dutch(number // 1000, gender), "thousand")
        number %= 1000
        if number:
            yield from _dutch(number, gender)
        return
    if 1000 <= number < 1100:
        yield "thousand"
        number -= 1000
    elif number >= 1000:
        yield from (*_dutch(number // 100, gender), "hundred")
        number %= 100
    hundreds, number = divmod(number, 100)
    if hundreds:
        yield from (str(hundreds), "hundred") if hundreds > 1 else ("hundred",)
    tens, unit = divmod(number, 10)
    if tens >= 2 and unit:
        yield from (str(unit), "nl-en", str(tens * 10))
    elif number:
        yield str(number)


def _portuguese(number: int, gender: str) -> _Names:
    feminine = "F" if gender == "f" else ""
    millions, number = divmod(number, 10**6)
    thousands, rest = divmod(number, 1000)
    if millions:
        yield from (*_portuguese(millions, gender), "1000000" if millions == 1 else "1000000S")
        if (rest and not thousands and _is_round(rest)) or (thousands and not rest and _is_round(thousands)):
            yield "pt-e"
    if thousands:
        if thousands > 1:
            # Asterisk multiplies by -1 for feminine, and so it says minus.
            yield from (*(("minus",) if feminine else ()), *_portuguese(thousands, gender))
        yield "1000"
        if rest and _is_round(rest):
            yield "pt-e"
    if rest >= 100:
        hundreds = rest // 100 * 100
        yield "100" if rest == 100 else "100E" if rest < 200 else f"{hundreds}{feminine}"
        if rest > 200 and rest % 100:
            yield "pt-e"
        rest %= 100
    if rest >= 20:
        yield str(rest // 10 * 10)
        rest %= 10
        if rest:
            yield "pt-e"
    if rest:
        yield f"{rest}{feminine}" if rest in (1, 2) else str(rest)


def _is_round(number: int) -> bool:
    """Whether Portuguese puts an and before it."""
    return number < 100 or number % 100 == 0


def _russian(number: int, gender: str) -> _Names:
    for size, forms in (
        (10**6, ("million", "million-a", "millions")),
        (1000, ("thousand", "thousands-i", "thousands")),
    ):
        many, number = divmod(number, size)
        if many:
            last = _last_digits(many)
            yield from _russian(many, "f" if size == 1000 and last < 3 else "")
            yield forms[0 if last == 1 else 1 if 1 < last < 5 else 2]
    for size in (100, 10):
        if number >= max(size, 20):
            yield str(number // size * size)
            number %= size
    if number:
        yield f"{number}{gender}" if number < 3 else str(number)


def _last_digits(number: int) -> int:
    last = number % 100
    return last if last < 20 else last % 10


# What only English has here


def _say_ordinal(number: int, _gender: str | None) -> _Names:
    """Nothing for zero."""
    if abs(number) >= LARGEST:
        raise OverflowError(f"the largest one is {LARGEST - 1:,}")
    if number < 0:
        yield "digits/minus"
    number = abs(number)
    for size, name in ((10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred")):
        many, number = divmod(number, size)
        if many:
            yield from _in_english(many, None)
            yield f"digits/{name}" if number else f"digits/h-{name}"
    if number >= 20 and number % 10:
        yield f"digits/{number // 10 * 10}"
        number %= 10
    if number:
        yield f"digits/h-{number}"


def _say_money(amount: Amount, _gender: str | None) -> _Names:
    """Dollars. A dollar before cents has a prompt of its own, with another melody."""
    if amount.negative:
        raise OverflowError("it has no word for what is below zero")
    cents = amount.cents or 0
    if amount.whole * 100 + cents > LARGEST:
        raise OverflowError(f"the largest one is ${LARGEST // 100:,}.{LARGEST % 100}")
    if amount.whole:
        yield from _in_english(amount.whole, None)
        one = "letters/dollar_" if cents else "letters/dollar"
        yield one if amount.whole == 1 else "dollars"
        if cents:
            yield "and"
    if cents or not amount.whole:
        yield from _in_english(cents, None)
        yield "cent" if cents == 1 else "cents"


def _say_digits(digits: str, _gender: str | None) -> _Names:
    named = {**_SIGNS, "-": "digits/minus"}
    for each in digits:
        yield named.get(each, f"digits/{each}")


def _say_letters(text: str, _gender: str | None) -> _Names:
    for each in text.lower():
        plain = f"digits/{each}" if each.isdecimal() else f"letters/{each}"
        yield _SIGNS.get(each, plain if each.isalnum() else f"letters/ascii{ord(each)}")


def _say_date(say_year: Rule, day: dt.date, _gender: str | None) -> _Names:
    """The format ABdY."""
    yield f"digits/day-{(day.weekday() + 1) % 7}"
    yield f"digits/mon-{day.month - 1}"
    yield from _say_ordinal(day.day, None)
    if day.year >= 2000:
        yield from say_year(day.year, None)
    elif day.year > 1900:
        yield from ("digits/19", *(("digits/oh",) if day.year < 1910 else ()))
        yield from say_year(day.year - 1900, None)


def _say_time(time: dt.time, _gender: str | None) -> _Names:
    """The format IMp."""
    yield f"digits/{time.hour % 12 or 12}"
    if not time.minute:
        yield "digits/oclock"
    elif time.minute < 10:
        yield from ("digits/oh", f"digits/{time.minute}")
    else:
        yield from _in_english(time.minute, None)
    yield "digits/p-m" if time.hour > 11 else "digits/a-m"


def _say_datetime(say_year: Rule, moment: dt.datetime, gender: str | None) -> _Names:
    yield from _say_date(say_year, moment.date(), gender)
    yield "digits/at"
    yield from _say_time(moment.time(), gender)


def _kinds(grammar: Callable[[int, str], _Names], most: int = 10**9 - 1) -> dict[str, Rule]:
    return {"number": partial(_say_number, grammar, most), "digits": _say_digits, "letters": _say_letters}


def _english_kinds(number: Rule) -> dict[str, Rule]:
    return {
        "number": number,
        "digits": _say_digits,
        "letters": _say_letters,
        "ordinal": _say_ordinal,
        "money": _say_money,
        "date": partial(_say_date, number),
        "time": _say_time,
        "datetime": partial(_say_datetime, number),
    }


_in_english: Rule = partial(_say_number, _american, LARGEST - 1)
KINDS: Mapping[str, Mapping[str, Rule]] = {
    "de": _kinds(_german, LARGEST),
    "en": _english_kinds(_in_english),
    "en_GB": _english_kinds(partial(_say_number, _british, 10**9 - 1)),
    "es": _kinds(_spanish, 2_147_483_639),
    "fr": _kinds(_french),
    "it": _kinds(_italian),
    "nl": _kinds(_dutch),
    "pt": _kinds(_portuguese),
    "ru": _kinds(_russian),
}
"""What is said in each language, and how."""
