"""Readers of times of day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from voxpress.text.normalise.found import (
    LOWER,
    NO_WORD,
    START,
    Found,
    choose,
    compile_for,
    ends_sentence,
    word_after,
    word_before,
)
from voxpress.text.normalise.wording import Wording

_HALF = r"(?: ?(?P<half>[aApP])\.? ?[mM]\b(?P<stop>\.)?)"
_HOURS = r" ?(?:Std\b\.?|Stunden|horas|heures|ore|hrs|hours)(?!\w)"
_CLOCK = " o'clock"


def read_time(text: str, wording: Wording) -> Iterator[Found]:
    """Times: 3:30 p.m., 14:05, 18.30 Uhr, 14 h 05, 5pm."""
    zone = rf"(?:\s?\b(?P<zone>{wording.zones})(?!\w)(?: ?(?P<offset>[+-]\d{{1,2}}(?::\d\d)?)(?![\d:]))?)?"
    clock = r"(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:[.,](?P<thousandth>\d{3})(?!\d))?)?"
    dotted = r"(?P<hour>[01]?\d|2[0-4])[.](?P<minute>[0-5]\d)"
    patterns = [
        rf"{START}{clock}(?!\d|:\d|[.,]\d){_HALF}?{zone}",
        rf"{START}{dotted}{_HALF}{zone}",
        rf"{START}(?P<hour>1[0-2]|0?\d){_HALF}{zone}",
    ]
    if wording.leads_to_dotted:
        patterns.append(rf"{START}{wording.leads_to_dotted}{dotted}{NO_WORD}(?![.,%]\d|{_measures(wording)})")
    if wording.hour_sign:
        sign, minutes = wording.hour_sign, r"(?!\w| ?min\b|['’]\d)"
        patterns[:0] = [
            rf"{START}(?:{clock}|(?P<hour2>[01]?\d|2[0-4])[.](?P<minute2>[0-5]\d)) ?(?P<sign>{sign}){NO_WORD}{zone}",
            rf"{START}(?P<hour>[01]?\d|2[0-4]) ?(?P<sign>{sign}) ?(?P<minute>[0-5]\d){minutes}{zone}",
        ]
        if wording.bare_hours:
            patterns.append(
                rf"{START}(?<!/)(?P<hour>[01]?\d|2[0-4]) ?(?P<sign>{wording.bare_hours}){NO_WORD}{zone}"
            )
    if wording.leads_to_dotted:
        patterns.append(
            rf"{START}{wording.leads_to_dotted}(?P<hour>[01]?\d|2[0-4]) ?(?P<sign>h)(?P<minute>[0-5]\d)?"
            rf"{NO_WORD}(?! ?\d)"
        )
    if wording.point == ",":
        patterns += _list_dotted_ranges(wording)
    goes_on = compile_for(
        rf" ?(?:[-–]|(?:{wording.to}|{choose(wording.between.values())}|until)\b) ?(?:1[3-9]|2[0-3]):[0-5]\d"
    )
    for pattern in patterns:
        for match in compile_for(pattern).finditer(text):
            parts = match.groupdict()
            found = _read(text, parts, match.start(), match.end(), wording)
            if parts.get("second") and not parts.get("thousandth") and _lasts(text, match, wording):
                hours, minutes, seconds = (parts[name] or "" for name in ("hour", "minute", "second"))
                said = wording.duration(hours, minutes, seconds)
                unit = compile_for(_HOURS).match(text, match.end())
                found = Found(match.start(), unit.end() if unit else match.end(), said)
            if not parts.get("half") and parts.get("hour") and goes_on.match(text, match.end()):
                found = found._replace(spoken=wording.o_clock(int(parts["hour"] or 0), found.spoken))
            if found.spoken.endswith(_CLOCK) and text.startswith((_CLOCK, " o’clock"), match.end()):
                found = found._replace(spoken=found.spoken.removesuffix(_CLOCK))
            yield found


def read_four_digits(text: str, wording: Wording) -> Iterator[Found]:
    """Times of four digits before the word hours: 0830 hrs, at 1430 hours. 1430 hours alone are an amount."""
    if not wording.leads_to_hours:
        return
    clock = r"([01]\d|2[0-3])([0-5]\d)"
    lead = rf"(?P<lead>(?i:\b(?:{wording.leads_to_hours})) )?"
    joint = rf"(?P<joint> ?[-–] ?| (?:{wording.to}|{choose(wording.between.values())}|until) )"
    for match in compile_for(
        rf"{lead}(?<![\w.,$£€:/]){clock}(?:{joint}{clock})? ?(?:hrs|hours)\b(?:\.(?={LOWER}| \d))?"
    ).finditer(text):
        hour, minute, joined, last_hour, last_minute = match.group(2, 3, "joint", 5, 6)
        if match["lead"] or joined or hour[0] == "0":
            said = wording.time_of_four_digits(hour, minute)
            if joined:
                joined = f" {wording.to} " if joined.strip() in "-–" else joined
                said += joined + wording.time_of_four_digits(last_hour, last_minute)
            yield Found(match.start(2), match.end(), f"{said} {wording.units['h'].many}")


def read_dotted_time(text: str, wording: Wording) -> Iterator[Found]:
    """Times with a dot, where that is usual and what stands around says so: at 7.30, between 9.30 and 10.30am.

    Two and more that belong together are times where one of them is; before a per cent or what is counted, none is.
    """
    if not wording.dotted_times:
        return
    dotted = r"(?:[01]?\d|2[0-4])\.[0-5]\d"
    joint = rf"(?: ?[-–—] ?| (?:{choose((wording.to, wording.and_, wording.or_, 'until', 'till'))}) )"
    each = rf"{dotted}(?:{NO_WORD}|(?= ?[aApP]\.?[mM]\b))(?![.,:/]?\d)"
    chain = rf"(?<![\w.,$£€¥/-]){each}(?:{joint}{each})*(?P<whole>{joint}\d{{1,2}}(?=[ap]m\b))?"
    for match in compile_for(chain).finditer(text):
        half = compile_for(_HALF).match(text, match.end())
        near = text[max(0, match.start() - 40) : match.start()]
        led = compile_for(rf"(?:^|(?<![\w'’]))(?:{wording.dotted_times}) $").search(near)
        goes_on = wording.dotted_before and compile_for(f" (?:{wording.dotted_before})").match(
            text, match.end()
        )
        day = compile_for(
            rf"(?:1[3-9]|2[0-3])\.(?:00|15|30|45){joint}|{joint}(?:1[3-9]|2[0-3])\.(?:00|15|30|45)$"
        )
        if not (half or led or goes_on or day.search(match[0])) or _is_counted(text, match.end(), wording):
            continue
        times = list(compile_for(dotted).finditer(text, *match.span()))
        for time in times[: -1 if half and not match["whole"] else None]:
            hour, minute = map(int, time[0].split("."))
            yield Found(time.start(), time.end(), wording.time(hour, minute, None, ""))
        for dash in compile_for(r"(?<=\d)( ?[-–—] ?)(?=\d)").finditer(text, *match.span()):
            yield Found(dash.start(), dash.end(), f" {wording.to} ")


def _is_counted(text: str, end: int, wording: Wording) -> bool:
    """Whether a number before this place is an amount of something."""
    if compile_for(r" ?(?:[%‰°$£€]|per ?cent|percent)").match(text, end):
        return True
    after = word_after(text, end)
    if after in wording.units or after in wording.scales or after in wording.counted:
        return True
    plural = after.endswith(
        ("res", "ers", "ons", "les")
    )  # metres, liters, tons, miles; no verb such as costs
    return plural and wording.counts(after)


def _measures(wording: Wording) -> str:
    """A regular expression of what makes a number with a dot an amount, and no time."""
    units = (unit for unit in wording.units if unit != "h")
    names = choose([*wording.currencies, *wording.scales, *units, wording.percent, wording.per_mille])
    return rf" ?(?:{names}|[%‰]){NO_WORD}"


def _list_dotted_ranges(wording: Wording) -> Iterator[str]:
    """Patterns of the times of a range, where a decimal has a comma: 8.30-12.00, 9.15 bis 13 Uhr.

    Without a sign of the hour they have quarters, so that they are no dates.
    """
    hour, quarter = r"(?:[01]?\d|2[0-4])", r"[.](?:00|15|30|45)(?!\d|[.,]\d)"
    last = rf"{quarter}(?!{_measures(wording)})"
    time = rf"(?P<hour>{hour})[.](?P<minute>[0-5]\d)"
    joint = rf"(?: ?[-–—] ?| (?:{wording.to}|{wording.and_}|{wording.or_}|u\.) )"
    if wording.hour_sign:
        yield rf"{START}{time}(?={joint}{hour}(?:[.:][0-5]\d)? ?(?:{wording.hour_sign}))"
    yield rf"{START}(?={hour}{quarter} ?[-–—] ?{hour}{last}){time}"
    for dash in ("[-–—]", "[-–—] "):
        yield rf"(?<=[.](?:00|15|30|45){dash})(?={hour}{last}){time}"
        yield rf"(?<=[.](?:00|15|30|45) {dash})(?={hour}{last}){time}"


def _read(text: str, parts: dict[str, str | None], start: int, end: int, wording: Wording) -> Found:
    """A time in words; the stop of a.m. stays where a sentence ends."""
    hour = int(parts["hour"] or parts.get("hour2") or 0)
    minute = int(parts.get("minute") or parts.get("minute2") or 0)
    second = parts.get("second")
    half = (parts.get("half") or "").lower() or ("h" if parts.get("sign") else "")
    said = wording.time(hour, minute, int(second) if second else None, half)
    if thousandth := parts.get("thousandth"):
        said = f"{said}, {wording.measure(str(int(thousandth)), wording.units['ms'])}"
    if zone := parts.get("zone"):
        said += " " + " ".join(zone.replace(".", "").upper())
        if offset := parts.get("offset"):
            sign = wording.plus if offset[0] == "+" else wording.minus
            said += " ".join(("", sign, *(wording.cardinal(int(n)) for n in offset[1:].split(":"))))
    elif parts.get("stop") and ends_sentence(text, end) and not _goes_on(text, end, wording):
        end -= 1
    return Found(start, end, said)


def _lasts(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Whether hours, minutes and seconds are how long something lasts: in 2:01:09, 2:03:59 Std."""
    before = word_before(text, match.start()).rstrip(":")
    return before in wording.durations or compile_for(_HOURS).match(text, match.end()) is not None


def _goes_on(text: str, end: int, wording: Wording) -> bool:
    """Whether a day or a month follows, and no new sentence."""
    after = word_after(text, end)
    return after in wording.months or after in wording.weekdays or after in wording.weekdays.values()


def read_weekday(text: str, wording: Wording) -> Iterator[Found]:
    """Short names of weekdays: in a range, or before a date or a time."""
    for written, (first, last) in wording.week.items():
        for match in compile_for(rf"(?<![\w-]){written[0]} ?[-–] ?{written[-1]}(?![\w-])").finditer(text):
            if compile_for(r"[,:]? \d").match(text, match.end()):
                yield Found(match.start(), match.end(), f"{first} {wording.to} {last}")
            elif compile_for(r"\s*(?:[,.;:)]|$)").match(text, match.end()):
                yield Found(match.start(), match.end(), f"{first} {wording.to} {last}", certain=False)
    ranges, before_dates, lists, series, alone = _compile_weekdays(wording)
    for match in lists.finditer(text):
        stroke = f" {wording.and_} "
        days = (
            stroke if each in "/&" else wording.weekdays[each]
            for each in re.findall(r"[^\W\d_]+|[/&]", match[0])
        )
        yield Found(match.start(), match.end(), "".join(days))
    for match in series.finditer(text):
        for day in compile_for(rf"\b({choose(wording.weekdays)})\b\.?").finditer(text, *match.span()):
            yield Found(day.start(), day.end(), wording.weekdays[day[1]])
    for match in ranges.finditer(text):
        said = f"{wording.weekdays[match[1]]} {wording.to} {wording.weekdays[match[3]]}"
        yield Found(match.start(), match.end(), said)
        # Where a lexicon has one of the days, the rest is read all the same.
        yield Found(match.start(), match.start(2), wording.weekdays[match[1]])
        yield Found(*match.span(2), f" {wording.to} ")
        yield Found(*match.span(3), wording.weekdays[match[3]])
    for match in before_dates.finditer(text):
        yield Found(match.start(), match.end(), wording.weekdays[match[1]])
    for match in alone.finditer(text):
        if (before := match.start(1)) == 0 or text[before - 1] in " (/":
            stop = match[0].endswith(".") and ends_sentence(text, match.end())
            yield Found(match.start(), match.end() - stop, wording.weekdays[match[1]])


@cache
def _compile_weekdays(wording: Wording) -> tuple[re.Pattern[str], ...]:
    names = choose(wording.weekdays)
    clear = choose(wording.clear_weekdays) or "(?!)"
    return (
        re.compile(rf"\b({names})\b\.?( ?[-–] ?)({names})\b(?!\.\w)(?:\.(?=,| [a-z\d]))?"),
        re.compile(
            rf"\b({names})\b(?:\.(?=,| ))?(?=,? (?:\d|(?:{choose(wording.months)})\b|(?:bis|ab|von) \d"
            rf"|(?:{choose(each.capitalize() for each in wording.month_short)})\b))"
        ),
        re.compile(rf"\b(?:{names})\.?(?: ?[/&] ?(?:{names})\b(?!\.\w)(?:\.(?=,| [a-z\d]))?)+"),
        re.compile(
            rf"\b(?:{clear})\b\.?(?:,? ?(?:, ?| {wording.and_} | {wording.or_} )(?:{names})\b(?:\.(?=,| [a-z&\d]))?)+"
        ),
        re.compile(rf"\b({clear})\b(?:\.(?!\w)|(?=[,;:)/]|$| (?:{wording.and_}|{wording.or_}|&) ))"),
    )
