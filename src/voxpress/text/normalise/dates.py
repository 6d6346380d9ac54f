"""Readers of dates, years and decades."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from voxpress.text.normalise.found import (
    NO_WORD,
    START,
    Found,
    choose,
    compile_for,
    word_after,
    word_before,
    words_before,
)
from voxpress.text.normalise.wording import Wording

_FIRST_YEAR = 1100
"""An earlier number is a year only where a word says so."""

_NO_DATES = frozenset({"9/11", "24/7", "7/11", "16/9", "16/10", "18/10", "20/10"})
"""Numbers with a stroke that have a reading of their own."""
_FRACTIONS = frozenset({"1/2", "1/3", "2/3", "1/4", "3/4"})
_AFTER_DATE = compile_for(r"\s*(?:[.,;:!?)\n]|\Z)| (?:at|by(?= \d)|um|à|a las|alle)\b")
"""What follows a day and a month that could be a fraction: "on 3/4 of the days" is one."""
_USUAL = frozenset((2, 3, 4, 5, 8, 10))
_WAIT = (
    r"(?i:\b(?:timer|time-?out|delay|interval|countdown|limit)\b[\w ]{0,20} "
    r"|\b(?:wait|every|within|for|in|after|lasts?) )$"
)
"""What stands before seconds, and not before the years of a decade."""
_PARTS = frozenset({"16", "20", "24"})
"""Usual denominators."""


def _month_pattern(wording: Wording) -> str:
    """A regular expression of the names of months, in any case."""
    short = choose(wording.month_short)
    return rf"(?i:({choose(wording.months)})|({short})\b\.?)"


def _month(full: str | None, short: str | None, wording: Wording) -> int:
    """The number of a month."""
    if short:
        return wording.month_short[short.lower()]
    names = [name.lower() for name in wording.months]
    return names.index((full or "").lower()) + 1


def read_named_date(text: str, wording: Wording) -> Iterator[Found]:
    """Dates whose month is a word: 3 May 2026, May 3rd, Jan. 3, 1908."""
    month = _month_pattern(wording)
    end = wording.ordinal_endings
    year = r"(?:,? (?:(?:de|del|di) )?('?\d{4})(?![\d/:%]|[.,]\d))?"
    day = rf"(\d{{1,2}})(?:(?:{end})|\.)?"
    between = r"[ -](?:(?:of|de|di) )?"
    days = (
        rf"(?<![\w.,/-])(\d{{1,2}})(?:\.|{end})? ?[/&–-] ?(\d{{1,2}})(?:\.|{end})?{between}{month}{NO_WORD}"
    )
    for match in compile_for(days).finditer(text):
        if 1 <= int(match[1]) < int(match[2]) <= 31 and _is_month(match[3], text, match):
            before, number = words_before(text, match.start()), _month(match[3], match[4], wording)
            first = wording.date(int(match[1]), number, "", before)
            last = wording.date(int(match[2]), number, "", before)
            first = compile_for(rf"(?: (?:of|de|di))? {wording.months[number - 1]}$").sub("", first)
            joint = wording.and_ if compile_for("[/&]").search(match[0]) else wording.joint(before)
            joint = wording.to_day if wording.to_day and joint == wording.to else joint
            yield Found(match.start(), match.end(), f"{first} {joint} {last}")
    for match in compile_for(rf"{START}{day}{between}{month}{year}{NO_WORD}").finditer(text):
        near = text[max(0, match.start() - 12) : match.start()]
        ranged = wording.month_before_day and text[match.end(1)] == "-"
        if ranged and compile_for(rf"{month} $").search(near):
            yield Found(match.end(1), match.end(1) + 1, f" {wording.to} ")  # June 3-July 5
        elif 1 <= int(match[1]) <= 31 and _is_month(match[2], text, match):
            before = words_before(text, match.start())
            number = _month(match[2], match[3], wording)
            said = wording.date(int(match[1]), number, match[4] or "", before)
            start, said = wording.join_date(text, match.start(), said)
            yield Found(start, match.end(), said)
    if wording.month_before_day:
        day = rf"(\d{{1,2}})(?:{end})?(?![\w:/%]|[.,]\d|-[a-z])(?:[-–](\d{{1,2}})(?:{end})?(?![\w:/%-]))?"
        for match in compile_for(
            rf"(?<![\w.])(?<!\bde ){month}[ -]{day}(?:(?:, ?| |-)(\d{{4}}){NO_WORD}(?![.,:]\d))?"
        ).finditer(text):
            if 1 <= int(match[3]) <= 31 and _is_month(match[1], text, match):
                number = _month(match[1], match[2], wording)
                said = wording.date(
                    int(match[3]), number, "" if match[4] else match[5] or "", "", month_first=True
                )
                if match[4]:
                    said = f"{said} {wording.to} {wording.ordinal(int(match[4]))}"
                    said = f"{said} {wording.year_of(match[5])}" if match[5] else said
                yield Found(match.start(), match.end(), said)
    for match in compile_for(
        rf"(?<![\w.]){month},? (?:(?:de|del|di) )?(\d{{4}}){NO_WORD}(?![.,:]\d)"
    ).finditer(text):
        if _is_month(match[1], text, match):
            said = wording.date(0, _month(match[1], match[2], wording), match[3], "")
            yield Found(match.start(), match.end(), said)


def _is_month(full: str | None, text: str, match: re.Match[str]) -> bool:
    """Whether a word is the name of a month: "may 5" in lower case may be the verb."""
    first = match.start() == 0 or text[match.start() - 1] != " "
    return full not in ("may", "march") or first or match[0][0].isdigit()


def read_written_date(text: str, wording: Wording) -> Iterator[Found]:
    """Dates in digits: 2026-11-27, 24.12.2026, 4/5/2026."""
    yield from _read_two_days(text, wording)
    whole = rf"{START}(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){NO_WORD}(?![.,/-]\d)"
    for match in compile_for(whole).finditer(text):
        said = _say(int(match[4]), int(match[3]), match[1], text, match.start(), wording)
        if said:
            yield Found(match.start(), match.end(), said)
    for match in compile_for(rf"{START}(1[1-9]\d\d|20\d\d)-(0[1-9]|1[0-2]){NO_WORD}(?![.,/-]\d)").finditer(
        text
    ):
        if int(match[2]) <= int(match[1][2:]):
            yield Found(
                match.start(), match.end(), wording.date(0, int(match[2]), match[1], ""), certain=False
            )
    parts = rf"{START}(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|\d{{2}}){NO_WORD}(?![.,/-]\d)"
    for match in compile_for(parts).finditer(text):
        first, second = int(match[1]), int(match[3])
        short = len(match[4]) == 2
        if short and match[2] != "/" and not (match[2] == "." and wording.dotted_dates):
            continue
        month_first = wording.month_first is not False
        certain = wording.month_first is not None or max(first, second) > 12 or first == second
        month_first = first <= 12 if month_first or second > 12 else False
        day, month = (second, first) if month_first else (first, second)
        said = _say(day, month, match[4], text, match.start(), wording, month_first=month_first)
        if said:
            yield Found(match.start(), match.end(), said, certain and not (short and match[2] == "/"))
    yield from _read_short_date(text, wording)


def _read_two_days(text: str, wording: Wording) -> Iterator[Found]:
    """Two days of a month in digits: 24./25.12., 3.–5.5.2026."""
    if not wording.dotted_dates:
        return
    ends = rf"{START}(\d{{1,2}})\.(\d{{1,2}})\. ?[-–—] ?(\d{{1,2}})\.(\d{{1,2}})\.(\d{{4}})?{NO_WORD}"
    for match in compile_for(ends).finditer(text):
        start = match.start()
        first = _say(int(match[1]), int(match[2]), "", text, start, wording)
        last = _say(int(match[3]), int(match[4]), match[5] or "", text, start, wording)
        if first and last:
            stop = match[0].endswith(".") and compile_for(r" ?$").match(text, match.end()) is not None
            yield Found(
                start, match.end() - stop, f"{first} {wording.joint(words_before(text, start))} {last}"
            )
    several = (
        rf"{START}(\d{{1,2}})\.? ?([/&–-]) ?(\d{{1,2}})\.(\d{{1,2}})\.?(\d{{4}})?{NO_WORD}(?![.,:/-]?\d)"
    )
    for match in compile_for(several).finditer(text):
        one, day, month = int(match[1]), int(match[3]), int(match[4])
        last = _say(day, month, match[5] or "", text, match.start(), wording)
        if last and one < day and (match[2] in "/&" or match[0][len(match[1])] == "."):
            said = wording.date(one, month, "", words_before(text, match.start()))
            said = said.removesuffix(wording.months[month - 1]).strip()
            joint = wording.and_ if match[2] in "/&" else wording.to
            yield Found(match.start(), match.end(), f"{said} {joint} {last}")


def _read_short_date(text: str, wording: Wording) -> Iterator[Found]:
    """A day and a month in digits: 24.12. and 17.06 where that is usual."""
    if not wording.dotted_dates:
        return
    for match in compile_for(
        rf"{START}(\d{{1,2}})\.(\d{{1,2}})(\.(?! ?$)|){NO_WORD}(?![.,:/-]?\d| Uhr| h\b| %)"
    ).finditer(text):
        whole = len(match[1]) == 2 == len(match[2]) or match[3]
        said = _say(int(match[1]), int(match[2]), "", text, match.start(), wording)
        before = word_before(text, match.start())
        fits = not before or before in wording.stopped_ordinals or before in wording.date_words.split()
        if said and (match[3] or (fits and (whole or wording.point == ","))):
            yield Found(match.start(), match.end(), said, bool(match[3]))


def read_slashed_date(text: str, wording: Wording) -> Iterator[Found]:
    """A day and a month with a stroke: where a word, a zero or the size of the numbers says so.

    All of a list or a range are dates where one of them is.
    """
    pair = compile_for(
        rf"(?:(?<![\w.,/-])|(?<=/\d-)|(?<=/\d\d-))(\d{{1,2}})/(\d{{1,2}}){NO_WORD}(?![/%]|[.,]\d)"
    )
    joint = compile_for(
        rf",? (?:{wording.and_}|{wording.or_}|{wording.to}|{choose(wording.between.values())}"
        rf"|{wording.date_joints}|&) | all['’]|, | ?[-–—] ?"
    )
    group: list[re.Match[str]] = []
    for match in pair.finditer(text):
        gap = text[group[-1].end() : match.start()][:12] if group else ""
        if group and (not joint.fullmatch(gap) or (gap == ", " and match[0] in _FRACTIONS)):
            yield from _say_slashed(text, group, wording)
            group = []
        group.append(match)
    if group:
        yield from _say_slashed(text, group, wording)


def _say_slashed(text: str, group: list[re.Match[str]], wording: Wording) -> Iterator[Found]:
    """The dates of a list or a range, which have one order of day and month; none where they are fractions."""
    pairs = [(int(match[1]), int(match[2])) for match in group]
    if not any(_is_slashed(text, match, wording) for match in group) and not any(
        _is_span(text, one, other) for one, other in pairwise(group)
    ):
        return
    month_first = wording.month_first is not False
    if any(first > 12 for first, _ in pairs):
        month_first = False
    elif any(second > 12 for _, second in pairs):
        month_first = True
    for one, other in pairwise(group):
        if text[one.end() : other.start()].strip() in ("-", "–", "—"):
            said = f" {wording.joint(words_before(text, group[0].start()))} "
            yield Found(one.end(), other.start(), said)
    for match, (first, second) in zip(group, pairs, strict=True):
        day, month = (second, first) if month_first else (first, second)
        said = _say(day, month, "", text, match.start(), wording, month_first=month_first)
        zero = _has_zero(match)
        if said:
            certain = zero and (day == month or max(day, month) > 12)
            start, said = wording.join_date(text, match.start(), said)
            yield Found(start, match.end(), said, certain)
        elif zero:
            said = f" {wording.slash} ".join(map(wording.number, match.groups()))
            yield Found(match.start(), match.end(), said, certain=False)


def _has_zero(match: re.Match[str]) -> bool:
    """Whether a number begins with a zero, as in 01/02."""
    return any(len(each) == 2 and each[0] == "0" for each in match.groups())


def _is_slashed(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Whether two numbers with a stroke are a date, and no fraction."""
    first, second = int(match[1]), int(match[2])
    if _has_zero(match):
        return True
    if match[0] in _NO_DATES or not (1 <= min(first, second) <= 12 and max(first, second) <= 31):
        return False
    if _precedes_time(text, match.end(), wording):
        return True
    if _follows_day(text, match.start(), wording):
        return match[0] not in _FRACTIONS or _AFTER_DATE.match(text, match.end()) is not None
    before = word_before(text, match.start())
    if before in wording.date_words.split():
        if match[0] in _FRACTIONS and not _AFTER_DATE.match(text, match.end()):
            return False
        return second > 2 or first >= second or before == "due" or wording.point == ","
    return (first > 12 and second > 9) or (first > 9 and second > 12 and match[2] not in _PARTS)


def _is_span(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    """Whether a dash joins two dates, of which one could hardly be a fraction: 3/1-3/7, 5/6-5/9."""
    if text[one.end() : other.start()].strip() not in ("-", "–", "—"):
        return False
    (first, second), (third, fourth) = ((int(each[1]), int(each[2])) for each in (one, other))
    days = all(1 <= min(pair) <= 12 and max(pair) <= 31 for pair in ((first, second), (third, fourth)))
    one_month = (first == third and second < fourth) or (second == fourth and first < third)
    return days and one_month and (first >= second or third >= fourth or {second, fourth}.isdisjoint(_USUAL))


def _follows_day(text: str, start: int, wording: Wording) -> bool:
    """Whether the name of a weekday, or a word such as "Due date:", stands right before a place."""
    near = text[max(0, start - 40) : start]
    days = choose({*wording.weekdays, *wording.weekdays.values()})
    dates = rf"|\b(?:{wording.date_heads})" if wording.date_heads else ""
    return (
        compile_for(rf"(?:\b(?i:{days})\b[.,]{{0,2}}(?: the| den| le| el| il)?{dates}) $").search(near)
        is not None
    )


def _precedes_time(text: str, end: int, wording: Wording) -> bool:
    """Whether a time of day follows: 3/4 at 2:15, 1/3, 10am, 9/12 from 8 a.m."""
    clock = r"\d{1,2}(?:[:.]\d\d(?!\d)| ?[aApP]\.?[mM]\b" + (
        rf"|(?:[:.]\d\d)? ?(?:{wording.hour_sign})\b)" if wording.hour_sign else ")"
    )
    return compile_for(rf",?(?: (?:{wording.before_times}))? {clock}").match(text, end) is not None


def _say(
    day: int,
    month: int,
    year: str,
    text: str,
    start: int,
    wording: Wording,
    *,
    month_first: bool | None = None,
) -> str:
    """A date in words; empty where it is none."""
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ""
    first = wording.month_first is not False if month_first is None else month_first
    return wording.date(day, month, year, words_before(text, start), month_first=first)


def read_expiry(text: str, wording: Wording) -> Iterator[Found]:
    """A month and a year with a stroke: exp. 05/27, 12/2025."""
    for match in compile_for(rf"(?<![\w.,/-])(0[1-9]|1[0-2])/(20\d\d){NO_WORD}(?![/%]|[.,]\d)").finditer(
        text
    ):
        yield Found(match.start(), match.end(), wording.date(0, int(match[1]), match[2], ""), certain=False)
    if not wording.expiry:
        return
    for match in compile_for(
        rf"\b(?:{wording.expiry}):? ((0[1-9]|1[0-2])/(\d\d)){NO_WORD}(?![/%]|[.,]\d)"
    ).finditer(text):
        yield Found(*match.span(1), wording.date(0, int(match[2]), f"20{match[3]}", ""))


def read_quarter(text: str, wording: Wording) -> Iterator[Found]:
    """Quarters and halves of a year, as companies write them: 2Q22, 1H24."""
    for match in compile_for(rf"{START}([1-4]Q|[12]H)(20\d\d|\d\d){NO_WORD}").finditer(text):
        if name := wording.year_parts.get(match[1][1]):
            article = "" if word_before(text, match.start()) == "the" else "the "
            said = f"{article}{wording.ordinal(int(match[1][0]))} {name} of {wording.year_of(match[2])}"
            yield Found(match.start(), match.end(), said)


def read_decade(text: str, wording: Wording) -> Iterator[Found]:
    """Decades: the 1990s, the '90s, 80s music, 80er."""
    if wording.decade_ending:
        pattern = rf"(?<![\w.,-])(\d{{3}}0|[1-9]0){wording.decade_ending}(?!\w)"
        for match in compile_for(pattern).finditer(text):
            said = wording.year(int(match[1])) if len(match[1]) == 4 else wording.cardinal(int(match[1]))
            yield Found(match.start(), match.end(), said + wording.decade_ending)
    if not wording.decades:
        return
    for match in compile_for(rf"(?<![\w.,$£€])(?!1000)(\d{{3}}0)('?s| s(?= |$)){NO_WORD}").finditer(text):
        yield Found(match.start(), match.end(), wording.plural(wording.year(int(match[1]))))
    for match in compile_for(rf"(?<![\w.,$£€'’‘-])([2-9]0)s{NO_WORD}").finditer(text):
        if _is_wait(text, match.start()):
            continue
        sure = word_before(text, match.start()) in ("the", "to", "early", "late", "mid")
        yield Found(match.start(), match.end(), wording.plural(wording.cardinal(int(match[1]))), sure)
    for match in compile_for(
        rf"(?<![\w.,$£€])(?:['’‘]|(?<=mid-)|(?<=the )|(?<=to )|(?<=s-))([2-9]0)s{NO_WORD}"
    ).finditer(text):
        if not _is_wait(text, match.start()):
            yield Found(match.start(), match.end(), wording.plural(wording.cardinal(int(match[1]))))


def _is_wait(text: str, start: int) -> bool:
    """Whether seconds are meant: set the timer to 30s."""
    return compile_for(_WAIT).search(text[max(0, start - 40) : start]) is not None


def read_year(text: str, wording: Wording) -> Iterator[Found]:
    """Numbers of four digits that are years, and ranges of them."""
    if wording.eras:
        for match in compile_for(rf"{START}(\d{{3,4}})(?= ?(?:{wording.eras})\b)").finditer(text):
            gap = "" if text[match.end()] == " " else " "
            yield Found(match.start(), match.end(), wording.year(int(match[1])) + gap)
    if wording.eras_before:
        for match in compile_for(rf"\b({wording.eras_before}) (\d{{1,4}}){NO_WORD}(?![.,:/-]\d)").finditer(
            text
        ):
            letters = " ".join(c for c in match[1] if c.isalpha())
            yield Found(match.start(), match.end(), f"{letters} {wording.year(int(match[2]))}")
    year = r"(1\d\d\d|20\d\d)"
    for match in compile_for(
        rf"{START}{year} ?[-–—] ?(?:{year}|(\d\d)){NO_WORD}(?![.,]\d| ?(?:{_unit(wording)})\b)"
    ).finditer(text):
        last = match[2] or match[1][:2] + match[3]
        if int(last) < int(match[1]):
            continue
        joint = wording.joint(words_before(text, match.start()))
        end = wording.cardinal(int(match[3])) if match[3] and match[3][0] != "0" else wording.year(int(last))
        yield Found(match.start(), match.end(), f"{wording.year(int(match[1]))} {joint} {end}")
    for match in compile_for(rf"(?<![\w.,/]){year}{NO_WORD}(?![.,:/-]\d|[-/]\w|[°%€£$])").finditer(text):
        sure = word_before(text, match.start()) in wording.year_words.split()
        number = int(match[1])
        after = word_after(text, match.end())
        if not sure and (
            number < 1500 and wording.year(number) != wording.cardinal(number) and wording.point == ","
        ):
            continue
        if not sure and (number < _FIRST_YEAR or wording.counts(after)):
            continue
        yield Found(match.start(), match.end(), wording.year(number), sure)


def _unit(wording: Wording) -> str:
    """A regular expression of all units."""
    return choose(wording.units)
