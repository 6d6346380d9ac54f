"""Readers of money, units, percent and lengths in feet and inches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.text.normalise.found import (
    LOWER,
    NO_WORD,
    Found,
    choose,
    compile_for,
    word_after,
    word_before,
    words_before,
)
from voxpress.text.normalise.wording import Currency, Wording

_RATES = (
    "month|mo|year|yr|lb|oz|gal|bbl|ea|unit|week|wk|day|d|hour|hr|h|min|person|night|Monat|Jahr|Tag|Stunde|"
    "mois|an|jour|mes|año|día|mese|anno|kg|km|l|kWh|MWh|GB"
)
_DASHES = "-−–"


def read_money_range(text: str, wording: Wording) -> Iterator[Found]:
    """Two amounts with one currency: $5-10, $5-$10 million, 5,50-6,00 €."""
    sign = rf"(?P<sign>{choose(wording.currencies)})"
    first, last = (rf"(?P<{name}>{wording.number_pattern})" for name in ("first", "last"))
    scale = rf"(?: ?(?P<scale>{choose(wording.scales)}){NO_WORD})?"
    rate = rf"(?: ?/ ?(?P<rate>{_RATES})\b)?"
    start, dash = r"(?<![\w.,/-])", r"(?: ?[-–—] ?)"
    for pattern in (
        rf"{start}{sign} ?{first}{dash}(?P<again>(?P=sign) ?)?{last}(?![-–/]?\d|[.,]\d){scale}{NO_WORD}{rate}",
        rf"{start}{first}{dash}{last}(?![.,]\d){scale} ?{sign}{NO_WORD}{rate}",
    ):
        for match in compile_for(pattern).finditer(text):
            if _is_day(text, match.start(), wording):
                continue
            if match["scale"] or _count(match["first"], wording) < _count(match["last"], wording):
                joint = wording.joint(words_before(text, match.start()))
                end = _say_money(
                    match["last"], match["sign"], match["scale"], text, match, wording, match["rate"]
                )
                yield Found(match.start(), match.end(), f"{_say_begin(match, wording)} {joint} {end}")


def _is_day(text: str, start: int, wording: Wording) -> bool:
    """Whether what looks like the sign of a currency is the short name of a weekday, as in Fr. 8-12 Uhr."""
    names = choose(wording.weekdays)
    number = r"\d{1,2}(?:[.:]\d\d)?"
    last = rf" ?[-–—] ?{number}(?![.,]?\d)|(?: (?:{wording.to}|{wording.and_}) {number})? ?(?:{wording.hour_sign})"
    time = compile_for(rf"(?:{names})\.? {number}(?:{last}|:\d|\.(?:0?\d|1[0-2])?\. ?[\da-zäöü])")
    days = compile_for(rf"\b(?:{names})\.?(?:,? | ?[-–/&] ?| (?:{wording.and_}|{wording.to}) )$")
    day = compile_for(rf"(?:{names})\.? ").match(text, start)
    return day is not None and bool(time.match(text, start) or days.search(text[max(0, start - 12) : start]))


def _say_begin(match: re.Match[str], wording: Wording) -> str:
    """The first of two amounts, which names the currency only if it has cents or the text names it twice."""
    money, parts = wording.currencies[match["sign"]], match.groupdict()
    cents = any(wording.split_number(match[name])[1] for name in ("first", "last"))
    if match["scale"] or not (cents or parts.get("again")):
        return wording.number(match["first"], "f" if money.gender == "f" else "")
    return wording.price(match["first"], money)


def _count(number: str, wording: Wording) -> float:
    """The value of a number as written."""
    whole, rest = wording.split_number(number)
    return float(f"{whole or 0}.{rest or 0}")


def read_money(text: str, wording: Wording) -> Iterator[Found]:
    """Amounts with the sign or the code of a currency, before or behind."""
    return (found for found in _list_money(text, wording) if not _is_day(text, found.start, wording))


def _list_money(text: str, wording: Wording) -> Iterator[Found]:
    """All that looks like an amount with a sign or a code."""
    if wording.point == ",":
        for match in compile_for(r"(?<![\w.,])(\d{1,9}) ?€ ?(\d\d)(?![\w%]|[.,]\d| [a-zß-ÿ])").finditer(text):
            yield Found(
                match.start(), match.end(), wording.price(f"{match[1]},{match[2]}", wording.currencies["€"])
            )
    signs = choose(wording.currencies)
    scale = rf"(?:(?: ?|-(?=[a-z]{{6}}))({choose(wording.scales)}){NO_WORD}(?!\.\w))?"
    minus = rf"(?<![\w.,])([{_DASHES}](?=\S))?"
    home, away = (",", r"\.") if wording.point == "," else (r"\.", ",")
    tag = rf"\d{{1,3}}(?:{home}\d{{3}}){{1,4}}{away}\d\d(?!\d)|\d{{1,9}}{away}\d\d(?!\d)|"
    cut = r"(?:,[-–—]{1,2})?" if wording.point == "," else ""
    number = rf"({tag}{wording.number_pattern}|{re.escape(wording.point)}\d{{1,9}}){cut}(?![.,]\d)"
    rate = rf"(?: ?/ ?({_RATES})\b(?:\.(?=,| {LOWER}))?)?"
    before = rf"{minus}({signs}) ?([{_DASHES}])?{number}{scale}(?:{NO_WORD}|(?=[CD]R\b)){rate}"
    for match in compile_for(before).finditer(text):
        sign = match[1] or match[3]
        end, name = (
            _find_name(text, match.end(), match[2], wording) if not match[6] else (match.end(), match[2])
        )
        said = _say_money(match[4], name, match[5], text, match, wording, match[6])
        said += " " if text[end : end + 1].isalpha() else ""
        certain = not _is_foreign(match[4], wording)
        yield Found(match.start(), end, f"{wording.minus} {said}" if sign else said, certain)
    behind = rf"{minus}{number}{scale} ?({signs}){NO_WORD}{rate}"
    for match in compile_for(behind).finditer(text):
        said = _say_money(match[2], match[4], match[3], text, match, wording, match[5])
        end, _ = _find_name(text, match.end(), match[4], wording)
        certain = not _is_foreign(match[2], wording)
        yield Found(match.start(), end, f"{wording.minus} {said}" if match[1] else said, certain)
    odd = r"(\d[\d.,]{0,30}\d|\d)"
    for pattern in (
        rf"(?<!\w)(?P<sign>{signs}) ?{odd}(?!\w|[.,]\d)",
        rf"(?<![\w.,]){odd} ?(?P<sign>{signs}){NO_WORD}",
    ):
        for match in compile_for(pattern).finditer(text):
            groups = re.split(r"[.,]+", match[1] if match[1][0].isdecimal() else match[2])
            said = ", ".join(map(wording.digits, groups))
            yield Found(
                match.start(), match.end(), f"{said} {wording.currencies[match['sign']].many}", certain=False
            )


def _is_foreign(number: str, wording: Wording) -> bool:
    """Whether an amount has the marks of another country: 1.000,50 in English."""
    away = r"\." if wording.point == "," else ","
    many = r"\d{1,3}(?:,\d{3})+\.\d\d" if wording.point == "," else r"[\d.]+,\d\d"
    return re.fullmatch(many, number) is not None and re.search(away, number) is not None


def _find_name(text: str, end: int, sign: str, wording: Wording) -> tuple[int, str]:
    """Where an amount ends whose currency is named again behind it, and its sign: $21.00 pesos, $5 CAD."""
    if sign.isalpha():
        return end, sign
    codes = choose(each for each in wording.currencies if re.fullmatch("[A-Z]{3}", each))
    if code := compile_for(rf" ({codes}){NO_WORD}").match(text, end):
        return code.end(), code[1]
    money = wording.currencies[sign]
    if name := compile_for(
        rf" (?:{choose([money.many, money.one, re.split('[ -]', money.many)[-1]])}){NO_WORD}"
    ).match(text, end):
        return name.end(), sign
    return end, sign


def _say_money(
    number: str,
    sign: str,
    scale: str | None,
    text: str,
    match: re.Match[str],
    wording: Wording,
    rate: str | None,
) -> str:
    """An amount in words; as an adjective in the singular: a twenty dollar bill."""
    money = wording.currencies[sign]
    if wording.point == "," and re.fullmatch(r"\d{1,9}\.\d\d|\d{1,3}(?:,\d{3})+\.\d\d", number):
        number = number.replace(",", "").replace(".", ",")
    elif _is_foreign(number, wording):
        number = number.replace(".", "").replace(",", ".")
    if number.startswith(wording.point) and (wording.point == "," or (not scale and len(number) < 4)):
        number = "0" + number
    adjective = wording.adjectives and _is_adjective(text, match)
    if scale:
        said = _say_scale(number, scale, money.one if adjective else money.many, wording)
    elif adjective:
        said = wording.price(number, Currency(money.one, money.one, money.cent, money.cent))
    else:
        said = wording.price(number, money)
    if not rate:
        return said
    unit = wording.units.get(rate)
    return f"{said} {wording.per} {wording.rates.get(rate) or (unit.one if unit else rate)}"


def _say_scale(number: str, scale: str, noun: str, wording: Wording) -> str:
    """Millions and the like of something."""
    one, many = wording.scales[scale]
    name = one if wording.is_one(number) else many
    of = (
        wording.of_money if name[:3].lower() in ("mil", "bil", "tri") and name not in ("mil", "mille") else ""
    )
    joined = f"d'{noun}" if of == "de" and wording.elides and noun[0] in "aeéiou" else f"{of} {noun}".strip()
    return f"{wording.number(number, wording.scale_gender)} {name} {joined}"


_AFTER_AMOUNTS = re.compile(
    "for|in|to|and|or|of|per|a|is|was|on|at|by|from|with|but|as|than|off|an|the|each|wide|tall|long|high|deep|thick"
    "|across|apart|away"
)
"""What follows an amount that does not belong to a noun behind it."""


def _is_adjective(text: str, match: re.Match[str]) -> bool:
    """Whether an amount stands between a and its noun."""
    after = word_after(text, match.end())
    return (
        word_before(text, match.start()) in ("a", "an", "another", "each", "this", "that")
        and after.islower()
        and not _AFTER_AMOUNTS.fullmatch(after)
    )


def read_unit(text: str, wording: Wording) -> Iterator[Found]:
    """Numbers with a unit: 3.5 kg, 120 km/h, 20 °C, 5' 10"."""
    yield from _read_feet(text, wording)
    yield from _read_inches(text, wording)
    yield from _read_heat(text, wording)
    if "h" in wording.units:
        for match in compile_for(rf"(?<![\w.,/])(\d{{1,2}}) ?h ?([0-5]\d){NO_WORD}(?! ?min|[.,]\d)").finditer(
            text
        ):
            yield Found(match.start(), match.end(), wording.duration(match[1], match[2]), certain=False)
    units = choose(wording.units)
    number = rf"({wording.number_pattern}|{re.escape(wording.point)}\d{{1,9}})(?![.,]\d)"
    for match in compile_for(
        rf"(?<![\w.,/])(?<!\d )(\d{{1,2}})/(\d{{1,3}}) ?({units})(?![\w²³/]|['’]\w)"
    ).finditer(text):
        if int(match[2]):
            said = wording.part_of(int(match[1]), int(match[2]), wording.units[match[3]])
            yield Found(match.start(), match.end(), said)
    minus = rf"(?:(?<![\w.,])|(?<=\dx)|(?<=\d–))(?<![A-Za-z]-)([{_DASHES}](?=\d)|\+(?=\d)|[±]\s?)?"
    scale = rf"(?: ({choose(word for word in wording.scales if len(word) > 4)})(?= ))?"
    fraction = r"(?: (\d{1,2})/(\d{1,3}))?"
    gap = r"(?: ?|-)"
    per = rf"(?: ?/ ?({units})(?![\w]))?"
    for match in compile_for(rf"(?<![\w.,]){number} ?/ ?({units})(?![\w²³/])").finditer(text):
        if len(match[2]) > 1 or match[2].islower():  # no house number such as 3/A
            said = f"{wording.number(match[1])} {wording.per_unit(wording.units[match[2]])}"
            yield Found(match.start(), match.end(), said)
    pressure = r"(?<![\w.,/-])(\d{2,3})/(\d{2,3}) ?(mmHg|mm Hg)(?!\w)"
    for match in compile_for(pressure).finditer(text):
        said = f"{wording.number(match[1])} {wording.over} {wording.measure(match[2], wording.units['mmHg'])}"
        yield Found(match.start(), match.end(), said)
    ratio = rf"(?<![\w.,/-]){number} ?([a-zA-Zµμ]{{1,6}}) ?/ ?{number} ?([a-zA-Zµμ]{{1,6}})(?![\w²³/])"
    yield from _read_rate(text, wording)
    for match in compile_for(ratio).finditer(text):
        one, other = wording.units.get(match[2]), wording.units.get(match[4])
        if one and other:
            joint = wording.every if wording.every and match[4] in ("h", "d", "min", "j") else wording.per
            said = f"{wording.measure(match[1], one)} {joint} {wording.measure(match[3], other)}"
            yield Found(match.start(), match.end(), said)
    pattern = rf"{minus}{number}{fraction}{scale}{gap}(?<!- )({units})(?![\w²³]|[-/]\w*\d|['’]\w|\.\w\.){per}"
    for match in compile_for(pattern).finditer(text):
        if _is_no_unit(match, text, wording):
            continue
        said = _say_unit(match, text, wording)
        sign = {"±": wording.plus_minus, "+": wording.plus, "": ""}.get(
            (match[1] or "").strip(), wording.minus
        )
        end = match.end()
        if match[6][-1].isalpha() and compile_for(rf"\.(?: {LOWER}|,| \d{{1,3}} ?(?:{units})\b)").match(
            text, end
        ):
            end += 1
        yield Found(match.start(), end, f"{sign} {said}".strip(), match[6] not in wording.doubtful_units)


def _read_rate(text: str, wording: Wording) -> Iterator[Found]:
    """The stroke between what is counted and a unit: 5 units/mL, 4 doses/24 hrs, 365 days/yr."""
    if "/" not in text:
        return
    names = {unit: unit for unit in _RATES.split("|") if len(unit) > 2} | dict(wording.rates)
    names |= {sign: unit.one for sign, unit in wording.units.items() if len(sign) > 1 and sign.isalpha()}
    number = rf"(?<![\w.,]){wording.number_pattern}"
    for match in compile_for(rf"{number} {LOWER}{{3,12}}s/({choose(names)})(?!\w)").finditer(text):
        yield Found(match.start(1) - 1, match.end(), f" {wording.per} {names[match[1]]}")
    for match in compile_for(
        rf"{number} {LOWER}{{3,12}}s(/)(?=\d{{1,3}} ?(?:{choose(names)})(?!\w))"
    ).finditer(text):
        yield Found(*match.span(1), f" {wording.per} ")


def read_temperature(text: str, wording: Wording) -> Iterator[Found]:
    """Degrees without their sign, where they are no seat or room: -2C, 350F, 180C/160C, 18C-20C."""
    pattern = (
        rf"(?<![\w.,])(?:(?<=[CF][/–-])|(?<![/–-]))([{_DASHES}+])?(\d{{1,3}})(?=([CF])(?![\w'’]|-\w*[a-z]))"
    )
    for match in compile_for(pattern).finditer(text):
        warm = len(match[2]) == 3 and match[2][2] in "05" and match[2][0] in "12345"
        if match[1] or warm:
            sign = f"{wording.plus if match[1] == '+' else wording.minus} " if match[1] else ""
            yield Found(match.start(), match.end(), f"{sign}{wording.number(match[2])} ")


_HEAT = """
    max máx massima máxima min mín minima mínima maximum minimum circa oltre sotto sopra unos hasta environ vers
    temperatura température forno horno four statico ventilato fiebre febbre entre tra fra jusqu'à thermostat
"""
"""Words before degrees of heat."""
_AFTER_DEGREES = """
    a à al alla ai au avec con da dans de di du durante e en et hasta il in la le el ma mais nel nella o ou oggi hoy
    ce cette aujourd par per pendant por pour pero sotto sur sobre sopra su tra y un una
"""
"""Words behind degrees that an ordinal does not order."""


def _read_heat(text: str, wording: Wording) -> Iterator[Found]:
    """Degrees where the same sign makes ordinals: 180°, -2º."""
    if not wording.degree_orders:
        return
    for match in compile_for(
        r"(?<![\w.,])([-−–](?=\d))?(\d{1,3}(?:,\d)?) ?[°º](?![\w'’]| ?[CFKck]\b)"
    ).finditer(text):
        if match[1] or "," in match[2] or _is_heat(text, match, wording):
            said = wording.measure(match[2], wording.degree)
            yield Found(match.start(), match.end(), f"{wording.minus} {said}" if match[1] else said)


def _is_heat(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Whether a number with ° or º is a temperature or an angle, and no ordinal."""
    joint = rf"(?: ?[-–/] ?| (?:{wording.and_}|{wording.to}) )"
    mates = compile_for(rf"(?:{joint}[-−]?\d{{1,3}} ?[°º]){{0,3}}").match(text, match.end())
    end = mates.end() if mates else match.end()
    named = compile_for(r" ([\w'’]+)").match(text, end)
    if named and re.split("['’]", named[1])[0] not in _AFTER_DEGREES.split():
        return False
    before = words_before(text, match.start()).split()[-1:]
    minus = compile_for(rf"[-−]\d{{1,3}} ?[°º]{joint}$").search(
        text[max(0, match.start() - 12) : match.start()]
    )
    joined = text[match.start() - 1 : match.start()] == "/" or text[match.end() : match.end() + 1] == "/"
    return bool(
        int(match[2]) > 31
        or (wording.always_degrees and (before or named))
        or minus
        or joined
        or any(word.rstrip(".:") in _HEAT.split() for word in before)
        or (before == ["a"] and int(match[2]) > 12)
    )


def read_degrees(text: str, wording: Wording) -> Iterator[Found]:
    """Places on the globe, and other degrees with minutes: 40°42'46"N, 74° W."""
    second = r"(\d{1,2}(?:[.,]\d{1,4})?) ?(?:[\"”″]|['’′]{2})"
    pattern = (
        rf"(?<![\w.,])([{_DASHES}])?(\d{{1,3}}(?:[.,]\d{{1,8}})?) ?[°º]"
        rf"(?: ?(\d{{1,2}}(?:[.,]\d{{1,4}})?) ?['’′](?: ?{second})?)?"
        rf"(?:,? ?([{''.join(wording.points)}])(?!\w))?"
    )
    units = (wording.degree, wording.units["min"], wording.units["s"])
    for match in compile_for(pattern).finditer(text):
        sign, *counts, point = match.groups()
        if counts[1] or point:
            said = [wording.minus] if sign else []
            said += [
                wording.measure(re.sub("[.,]", wording.point, count), unit)
                for count, unit in zip(counts, units, strict=True)
                if count
            ]
            yield Found(
                match.start(), match.end(), " ".join([*said, wording.points[point]] if point else said)
            )


def _is_no_unit(match: re.Match[str], text: str, wording: Wording) -> bool:
    """Whether letters behind a number are a word, as in "2 in the car", or a part of a name, as in 5G."""
    unit, joined = match[6], match.start(6) == match.end(2)
    if len(unit) == 1 and unit.isupper() and not joined and not match[7]:
        # High 85 L 65: another number follows, and not of the same unit.
        other = compile_for(rf",? \d[\d.,]*\b(?! ?{unit}\b)").match(text, match.end())
        if other:
            return True
    if len(unit) == 1 and f"{unit}." in wording.abbreviations and text.startswith(".", match.end()):
        return True
    if unit in wording.word_units and not joined and not match[7]:
        return compile_for(r" ?[\w-]").match(text, match.end()) is not None
    if unit == "s" and joined and wording.decades and len(match[2]) > 2 and match[2].isdecimal():
        return True
    return len(unit) == 1 and unit.isupper() and unit not in ("VWL" if joined else wording.letter_units)


def _names(match: re.Match[str], text: str, wording: Wording) -> bool:
    """Whether a measure stands before what it belongs to, as in 24hr. support and a 50 lb. bag."""
    if not wording.units[match[6]].one.isalpha():
        return False
    around = compile_for(r"(\.?) ([A-Za-z]{3,})").match(text, match.end())
    before = word_before(text, match.start())
    article = before in ("a", "an", "another", "each", "this", "our", "your") or (
        before == "the" and " " not in match[0]
    )
    if around is None:
        return False
    heads = not before and around[1] and around[2].islower() and not _AFTER_AMOUNTS.fullmatch(around[2])
    return article or bool(heads) or match[0] in ("24hr", "24 hr", "24h")


def _say_unit(match: re.Match[str], text: str, wording: Wording) -> str:
    """A number with a unit in words."""
    _, number, above, below, scale, unit, per = match.groups()
    if number.startswith(wording.point):
        number = "0" + number
    measure = wording.units[unit]
    if unit in ("min", "s", "sec") and len(number) == 2:
        number = number.removeprefix("0")
    if above and int(below):
        said = wording.mixed_measure(number, int(above), int(below), measure)
    elif scale:
        said = _say_scale(number, scale, measure.many, wording)
    elif wording.adjectives and (
        match.group(0)[match.end(2) - match.start()] == "-" or _names(match, text, wording)
    ):
        said = f"{wording.number(number)} {measure.one}"
    else:
        said = wording.measure(number, measure)
    return f"{said} {wording.per_unit(wording.units[per])}" if per else said


def _read_feet(text: str, wording: Wording) -> Iterator[Found]:
    """Feet and inches."""
    if not wording.feet:
        for match in compile_for(
            r"(?<![\w.,°])(?:(\d{1,2}) ?h ?)?(\d{1,3})['’′]([0-5]\d)(?:[\"”″]|''|′′)?(?![\w'’])"
        ).finditer(text):
            yield Found(match.start(), match.end(), wording.duration(match[1] or "", match[2], match[3]))
        return
    pattern = r"(?<![\w.,])(\d{1,3})['’′](?: ?(\d{1,2})(?:[\"”″]|''))?(?![\w'’])"
    for match in compile_for(pattern).finditer(text):
        feet, inches = match[1], match[2]
        adjective = bool(re.match(r" [a-z]+ ?\b", text[match.end() : match.end() + 12])) and word_before(
            text, match.start()
        ) in ("a", "the")
        if not inches and not adjective:
            continue
        foot = "foot" if adjective or feet == "1" or inches else "feet"
        said = f"{wording.number(feet)} {foot}"
        yield Found(match.start(), match.end(), f"{said} {wording.number(inches)}" if inches else said)


def _read_inches(text: str, wording: Wording) -> Iterator[Found]:
    """Inches, where their sign does not end a quotation, and products of them."""
    whole = r"(\d{1,3}(?:[.,]\d{1,2})?)"
    sign = r"[\"”″]"
    by = rf"(?: ?[x×] ?| {wording.by} )"
    sides = compile_for(rf"(?<![\w.,]){whole} ?{sign}{by}{whole} ?{sign}(?:{by}{whole} ?{sign})?(?!\w)")
    for match in sides.finditer(text):
        each_side = (wording.measure(side, wording.inch) for side in match.groups() if side)
        yield Found(match.start(), match.end(), f" {wording.by} ".join(each_side))
    size = compile_for(rf"(?<![\w.,/-])(?:{whole}|(?:(\d{{1,3}})[ -])?(\d{{1,2}})/(\d{{1,2}}))[\"″](?!\w)")
    closing = _find_closing(text)
    for match in size.finditer(text):
        number, full, above, below = match.groups()
        if match.end() - 1 in closing or below == "0":
            continue
        named = word_after(text, match.end())
        adjective = wording.adjectives and named.islower() and not _AFTER_AMOUNTS.fullmatch(named)
        inch = wording.inch._replace(many=wording.inch.one) if adjective else wording.inch
        if not above:
            said = wording.measure(number, inch)
        elif full:
            said = wording.mixed_measure(full, int(above), int(below), inch)
        else:
            said = wording.part_of(int(above), int(below), inch)
        yield Found(match.start(), match.end(), said)


def _find_closing(text: str) -> set[int]:
    """Where the straight quotation marks stand that end a quotation."""
    closing: set[int] = set()
    opened = False
    for match in compile_for(r"[\"„“”«»]").finditer(text):
        if match[0] in "„“«":
            opened = True
        elif opened:
            closing.add(match.start())
            opened = False
        elif match[0] == '"':
            opened = not compile_for(r"\d").match(text, match.start() - 1)
    return closing


def read_percent(text: str, wording: Wording) -> Iterator[Found]:
    """Percent and per mille."""
    sign = rf"(?<![\w.,])((?<!%)[{_DASHES}](?=\d)|[±]\s?|\+)?"
    pattern = (
        rf"{sign}({wording.number_pattern}|{re.escape(wording.point)}\d{{1,9}}) ?([%‰])(?:-?(?=[^\W\d])|)"
    )
    signs = {"±": wording.plus_minus, "+": wording.plus, "": ""}
    fraction = rf"{sign}(?:(\d{{1,3}})[ -])?(\d{{1,2}})/(\d{{1,3}}) ?%"
    for match in compile_for(fraction).finditer(text):
        above, below = int(match[3]), int(match[4])
        if 0 < above < below:
            said = wording.mixed(match[2], above, below) if match[2] else wording.fraction(above, below)
            minus = signs.get((match[1] or "").strip(), wording.minus)
            yield Found(match.start(), match.end(), f"{minus} {said} {wording.percent}".strip())
    for match in compile_for(pattern).finditer(text):
        number = "0" + match[2] if match[2].startswith(wording.point) else match[2]
        name = wording.percent if match[3] == "%" else wording.per_mille
        sign = signs.get((match[1] or "").strip(), wording.minus)
        said = f"{sign} {wording.number(number)} {name}".strip()
        joined = match[0][-1] == "-" or text[match.end() : match.end() + 1].isalpha()
        yield Found(match.start(), match.end(), said + " " if joined else said)


def read_lone_unit(text: str, wording: Wording) -> Iterator[Found]:
    """Units behind an article or a word such as per: 3 € el kg."""
    if not wording.unit_articles:
        return
    long = choose(
        unit for unit in wording.units if len(unit) > 1 and unit.isalpha() and unit not in wording.word_units
    )
    for match in compile_for(rf"\b(?:{wording.unit_articles}) ({long})\b(?!\w|\. ?[IVX])").finditer(text):
        yield Found(*match.span(1), wording.units[match[1]].one)
