"""Values as people write them: numbers, amounts, dates, times."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from voxpress.errors import InputError, show


class Amount(NamedTuple):
    """An amount of money; `cents` is None where none are written.

    Cents are two digits, because phone systems say ``1.5`` as one dollar and five cents.
    """

    whole: int
    cents: int | None
    negative: bool = False


_NUMBER = re.compile(r"-?(?:\d{1,3}(?:([ ,'])\d{3})(?:\1\d{3})*|\d+)")
_AMOUNT = re.compile(r"(-?)\$?(-?)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d\d))?")
_CURRENCIES = "$€£¥₹₽₩₺₪฿"
_DIGITS = re.compile(r"[0-9*#-]+")


def guess(value: str) -> str:
    """The kind of a value, as it looks.

    >>> [guess(each) for each in ("12,345", "0049*", "$5", "2026-11-29", "14:05", "2026-11-29 14:05", "abc")]
    ['number', 'digits', 'money', 'date', 'time', 'datetime', 'letters']
    """
    text = value.strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return "date"
    if re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d?:\d\d", text):
        return "datetime"
    if re.fullmatch(r"\d\d?:\d\d", text):
        return "time"
    if re.fullmatch(rf"-?[{_CURRENCIES}].*", text):
        return "money"
    if re.fullmatch(r"(?:0\d|\d*[*#])[\d*#]*", text):
        return "digits"
    return "number" if _NUMBER.fullmatch(text) or re.search(r"\d", text) else "letters"


def read(value: str, kind: str) -> Any:
    """The value of a kind: a whole number, an `Amount`, a date, a time, or text.

    >>> read("12,345", "number"), read("$1,000.50", "money")
    (12345, Amount(whole=1000, cents=50, negative=False))

    Raises:
        InputError: it is none.
    """
    text = value.strip()
    try:
        return _READERS[kind](text)
    except InputError:
        raise
    except (ValueError, AttributeError):
        wanted = _EXAMPLES[kind]
        raise InputError(f"{show(value)} is no {kind}: write it as {wanted}", field="value") from None


def _read_number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(re.sub(r"[ ,']", "", text))


def _read_amount(text: str) -> Amount:
    if other := re.search(f"[{_CURRENCIES.replace('$', '')}]", text):
        raise InputError(f"phone systems have prompts for dollars, and none for {other[0]}", field="value")
    match = _AMOUNT.fullmatch(text)
    if not match or not (match[3] or match[4]):
        raise ValueError(text)
    cents = int(match[4]) if match[4] else None
    return Amount(int(match[3].replace(",", "") or 0), cents, bool(match[1] or match[2]))


def _read_digits(text: str) -> str:
    if not _DIGITS.fullmatch(text):
        raise ValueError(text)
    return text


def _read_letters(text: str) -> str:
    if not text or not text.isascii():
        raise ValueError(text)
    return text


_READERS: Mapping[str, Callable[[str], Any]] = {
    "number": _read_number,
    "ordinal": _read_number,
    "digits": _read_digits,
    "letters": _read_letters,
    "money": _read_amount,
    "date": dt.date.fromisoformat,
    "time": lambda text: dt.time.fromisoformat(text.rjust(5, "0")),
    "datetime": lambda text: dt.datetime.fromisoformat(re.sub(r"[T ](\d):", r" 0\1:", text)),
}
_EXAMPLES = {
    "number": "12345 or 12,345",
    "ordinal": "21",
    "digits": "0049, with * and #",
    "letters": "letters of ASCII",
    "money": "$5.05 or $5",
    "date": "2026-11-29",
    "time": "14:05",
    "datetime": '"2026-11-29 14:05"',
}
