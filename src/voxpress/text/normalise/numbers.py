"""Readers of plain numbers, ordinals, fractions, ranges and arithmetic."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from voxpress.text.normalise.found import (
    LOWER,
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

_VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_PORTION = r"[$€£]|\d[\d.,]* ?(?:(?:mcg|[mµck]?g|[mcd]?[lL]|mL|tabs?|tablets?|capsules?)(?!\w)|[$€£])"
"""What there are so many of in 2 x 500 mg; sides of a thing have lengths."""
_MINUS = "-−–"


def _find_gender(text: str, end: int, wording: Wording) -> str:
    """The gender that a number takes before the words behind it."""
    after = word_after(text, end)
    return wording.gender_before(after, word_after(text, end + 1 + len(after)) if after else "")


def _may_be_grouped(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Whether a number may be one with those behind it, or several: spaces group digits and stand between numbers."""
    if wording.groups != ",":
        return False
    spaced = " " in match[2] and " 000" not in match[2]
    return spaced or (
        len(match[2]) <= 3 and compile_for(r" \d{3}(?![\d,]|\.\d)").match(text, match.end()) is not None
    )


def _is_pressed(text: str, start: int, wording: Wording) -> bool:
    """Whether a number is the key of a telephone, which counts nothing: marque 1 ahora."""
    if not wording.pressed:
        return False
    near = text[max(0, start - 40) : start]
    return compile_for(rf"(?i:\b(?:{wording.pressed}) $)").search(near) is not None


def read_fraction(text: str, wording: Wording) -> Iterator[Found]:
    """Fractions: 1/2, 2 1/2, ¾; doubtful where a date is as likely."""
    for match in compile_for(
        rf"(?<![\w.,/])([{_MINUS}](?=\S))?(?:(\d{{1,9}}) ?)?([{_VULGAR}])(?![\d/])"
    ).finditer(text):
        parts = unicodedata.normalize("NFKC", match[3]).split("⁄")
        yield _say_fraction(text, match, match[2], int(parts[0]), int(parts[1]), wording, certain=True)
    other = r"\d{1,2}/\d{1,3}(?![\w/-])"
    pattern = (
        rf"(?<![\w.,/])(?:(?<!\w-)|(?<=/\d-))([{_MINUS}](?=\d))?(?:(\d{{1,9}}) )?(\d{{1,9}})"
        rf" ?/ ?(\d{{1,3}}(?:[.,]\d{{3}}){{1,3}}|\d{{1,6}})"
        rf"(?:(?i:st|nd|rd|th)\b)?{NO_WORD}(?![/%]|[.,]\d|-(?!{other})[\dA-Z])"
    )
    for match in compile_for(pattern).finditer(text):
        if dash := compile_for(rf"-(?={other})").match(text, match.end()):
            yield Found(*dash.span(), f" {wording.joint(words_before(text, match.start()))} ")
        above, below = int(match[3]), int(re.sub(r"\D", "", match[4]))
        if (match[3] + "/" + match[4]) in ("24/7", "50/50", "20/20", "9/11", "7/11"):
            said = f"{wording.number(match[3])} {wording.cardinal(below)}"
            yield Found(match.start(3), match.end(), said)
            continue
        if below == 0 or (match[2] is None and _is_over(text, match, above, below, wording)):
            said = f"{wording.number(match[3])} {wording.over} {wording.cardinal(below)}"
            yield Found(match.start(3), match.end(), said, certain=False)
            continue
        certain = above < below and (
            match[2] is not None or (below in (2, 3, 4, 5, 8, 10, 100) and above < 10)
        )
        yield _say_fraction(text, match, match[2], above, below, wording, certain=certain)


def _is_over(text: str, match: re.Match[str], above: int, below: int, wording: Wording) -> bool:
    """Whether two numbers with a stroke are a reading such as a blood pressure."""
    return word_before(text, match.start()) in wording.pressures or (above > below > 30 and above < 250)


def _say_fraction(
    text: str,
    match: re.Match[str],
    whole: str | None,
    above: int,
    below: int,
    wording: Wording,
    *,
    certain: bool,
) -> Found:
    """A fraction in words."""
    said = wording.mixed(whole, above, below) if whole else wording.fraction(above, below)
    said = wording.agree(said, _find_gender(text, match.end(), wording), word_after(text, match.end()))
    return Found(match.start(), match.end(), f"{wording.minus} {said}" if match[1] else said, certain)


def read_ordinal(text: str, wording: Wording) -> Iterator[Found]:
    """Ordinals that are written with an ending: 21st, 1er, 2.º, 121tem."""
    number = rf"(\d{{1,3}}(?:{wording.groups}\d{{3}}){{1,5}}|\d{{1,15}})"
    for match in compile_for(rf"(?<![\w.,/]){number}({wording.ordinal_endings})(?!\w)").finditer(text):
        digits = int(re.sub(r"\D", "", match[1]))
        if wording.fits_ordinal(digits, match[2]):
            yield Found(match.start(), match.end(), wording.ordinal(digits, match[2]))


def read_list_number(text: str, wording: Wording) -> Iterator[Found]:
    """Numbers of a list, whose stop ends no sentence: 1. Open the door. 2. Close it."""
    ordinals: object = False
    found = list(compile_for(r"(?:^|(?<=[.!?:;,] ))(\d{1,2})[.)](?= [A-ZÀ-ÖØ-Þ¿¡\"])").finditer(text))
    for at, match in enumerate(found):
        number = int(match[1])
        follows = at > 0 and int(found[at - 1][1]) + 1 == number
        leads = at + 1 < len(found) and int(found[at + 1][1]) == number + 1
        alone = match.start() == 0 and (match[0].endswith(")") or not wording.stopped_ordinals)
        if not follows:  # 1. Bundesliga, 2. Liga: ordinals in a list
            ordinals = wording.stopped_ordinals and text[max(0, match.start() - 2) : match.start()] == ", "
        if (follows or leads or alone) and not ordinals:
            yield Found(match.start(), match.end(), f"{wording.cardinal(number)}:")


def read_list(text: str, wording: Wording) -> Iterator[Found]:
    """Small numbers with commas and without spaces: 1,2,3."""
    for match in compile_for(r"(?<![\w.,/-])\d{1,2}(?:,\d{1,2}){2,40}(?![\w/%-]|[.,]\d)").finditer(text):
        yield Found(match.start(), match.end(), ", ".join(map(wording.number, match[0].split(","))))


def read_multiple(text: str, wording: Wording) -> Iterator[Found]:
    """How often: 2x daily, 2x/Tag, 10fach."""
    rates = "Tag|Woche|Monat|Jahr|jour|semaine|mois|an|día|semana|mes|año|giorno|settimana|mese|day|week|month|year"
    for match in compile_for(rf"(?<![\w.,/-])(\d{{1,3}}) ?[x×](?= {LOWER}| ?/ ?(?:{rates})\b)").finditer(
        text
    ):
        yield Found(match.start(), match.end(), wording.multiple(int(match[1])))
        if stroke := compile_for(rf" ?/ ?({rates})\b").match(text, match.end()):
            yield Found(stroke.start(), stroke.end(), f" {wording.per} {stroke[1]}")
    if wording.decades:
        for match in compile_for(r"(?<![\w.,$£€-])(\d?)(00|,?000|,000,000)s(?!\w)").finditer(text):
            scale = {2: "hundred", 3: "thousand"}.get(len(match[2].replace(",", "")), "million")
            many = "" if match[1] == "1" else f"{wording.number(match[1])} " if match[1] else None
            if many is not None:
                yield Found(match.start(), match.end(), f"{many}{wording.plural(scale)}")
    if wording.count_suffixes:
        for match in compile_for(rf"(?<![\w.,/-])(\d{{1,4}})-?(%ig|{wording.count_suffixes})(?!\w)").finditer(
            text
        ):
            number = wording.cardinal(int(match[1]))
            number = number.removesuffix("s") if number.endswith("eins") else number
            yield Found(match.start(), match.end(), number + match[2].replace("%ig", "prozentig"))


def read_stopped_ordinal(text: str, wording: Wording) -> Iterator[Found]:
    """Ordinals that are written with a stop, as in German: der 2. Weltkrieg."""
    if not wording.stopped_ordinals:
        return
    for match in compile_for(rf"{START}(\d{{1,9}})\.(?: (?=\w)|$)(?!\d)").finditer(text):
        after = word_after(text, match.start(1) + len(match[1]) + 1)
        listed = compile_for(r"(?:[,;:!?]|(\w{2,20}\.)) $").search(
            text[max(0, match.start() - 22) : match.start()]
        )
        listed = listed if listed and not (listed[1] and wording.find_abbreviation(listed[1])) else None
        before = [] if listed and after[:1].isupper() else words_before(text, match.start()).split()
        ending = wording.find_ending(before, after)
        year = compile_for(r"1[1-9]\d\d|20\d\d").fullmatch(match[1])
        if ending is None or (year and not after.islower()):  # the sentence ends behind a year
            continue
        closes = _begins_sentence(text, match, after, wording)
        if closes and (_names_number(text, match, before) or (after and not before)):
            continue
        certain = bool(before) and before[-1] in wording.stopped_ordinals
        end = match.end(1) + (not closes or not after)
        yield Found(match.start(), end, wording.ordinal(int(match[1]), ending), certain)


def _names_number(text: str, match: re.Match[str], before: list[str]) -> bool:
    """Whether an article before a number may be that of the number itself: drücken Sie die 1, unter der 110."""
    if before[-1:] == ["der"]:
        return len(before) > 1 and before[-2] in ("unter", "mit", "auf", "bei")
    return before[-1:] == ["die"] and text[match.start() - 1] == " "


def _begins_sentence(text: str, match: re.Match[str], after: str, wording: Wording) -> bool:
    """Whether a sentence begins behind a number with a stop, or nothing follows."""
    if not after:
        return True
    pressed = _is_pressed(text, match.start(), wording) and after not in wording.keys
    polite = compile_for(r" [A-ZÄÖÜ][a-zäöüß]{2,20}en (?:Sie|wir)\b").match(text, match.end(1) + 1)
    return after[0].isupper() and (pressed or polite is not None or after in wording.openers)


def read_range(text: str, wording: Wording) -> Iterator[Found]:
    """The dash between two numbers, and marks such as × between sizes."""
    left = r"(?<=[\d%°CFmM.shkKBn])"
    pattern = rf"{left}(?<!\d\.)( ?[-–—] ?)(?!0\d)(?=[$€£¥]?\d[\d.,]{{0,15}}(?:[^\w-]|[a-zA-Z%°]|$))"
    for match in compile_for(pattern).finditer(text):
        token = compile_for(
            r"(?:[$€£¥][\d.,]{1,15}(?:[kKmMB]|bn)|[$€£¥]?[\d.,:]{1,15} ?(?:%|°[CF]?|[aApP]\.?[mM]\.?|h|Uhr|s)?)$"
        ).search(text[max(0, match.start() - 24) : match.start()])
        if token is None or _joins_more(text, match, token):
            continue
        spaced = match[0].startswith(" ") != match[0].endswith(" ")
        if _falls(text, match, token[0]):
            yield Found(match.start(), match.end(), f" {wording.hyphen} ", certain=False)
        elif not spaced:
            joint = wording.joint(words_before(text, match.start() - len(token[0])))
            yield Found(
                match.start(),
                match.end(),
                f" {joint} ",
                certain=match[0].strip() != "-" or compile_for("[$€£¥%]").search(token[0]) is not None,
            )
    for match in compile_for(rf"{START}\d{{1,4}}(/)(?=[a-z](?![\w-]))").finditer(text):
        yield Found(*match.span(1), f" {wording.over} ", certain=False)
    for match in compile_for(r"(?<=\d[.,]\d)/(?=\d{1,3}(?!\w))").finditer(text):
        yield Found(match.start(), match.end(), f" {wording.out_of or wording.over} ", certain=False)
    for match in compile_for(r"(?<![\w:.,])\d{1,4}(:)(?=\d{1,4}(?![\w:]|[.,]\d))").finditer(text):
        yield Found(*match.span(1), f" {wording.ratio or wording.to} ")
    for match in compile_for(r"(?<![\w])([x×])(?=\d{1,3}(?!\w|[.,]\d))").finditer(text):
        yield Found(match.start(), match.end(), f"{wording.times} ", certain=False)
    for match in compile_for(r"(?<=[\dmtnd])( ?[x×] ?)(?=[\d$€£])").finditer(text):
        sized = compile_for(r"\d ?(?:[mck]?m|ft|in|yd)$").search(
            text[max(0, match.start() - 6) : match.start()]
        )
        if not text[match.start() - 1].isdigit() and not sized:
            continue
        counts = "=" in text[match.end() : match.end() + 12] or (
            not sized
            and (
                compile_for(_PORTION).match(text, match.end()) is not None
                or _multiplies(text, match, wording)
            )
        )
        said = wording.times if counts else wording.by
        yield Found(match.start(), match.end(), f" {said} ", certain=counts or sized is not None)


def _multiplies(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Whether x counts what is no length, as in 3 x 50 € and 2 x 500 mg, or repeats a course, as in 4 x 100 m."""
    first = compile_for(r"(?<![\w.,])\d{1,2}$").search(text[max(0, match.start() - 3) : match.start()])
    amounts = choose([*wording.currencies, "mg", "g", "kg", "ml", "cl", "l", "L", "kWh", "min"])
    last = compile_for(rf"(\d{{1,6}})(?:[.,]\d{{1,2}})?( ?(?:{amounts})(?!\w))?").match(text, match.end())
    if not first or not last:
        return False
    return bool(last[2]) or int(last[1]) >= 20 * int(first[0]) > 0


def _falls(text: str, match: re.Match[str], before: str) -> bool:
    """Whether a number of three digits or more stands before a far smaller one, as in the beginning of an ISBN."""
    after = compile_for(r"\d{1,9}").match(text, match.end())
    long = before.isdecimal() and before != "100" and len(before) > 2
    return match[0] == "-" and long and after is not None and len(before) - len(after[0]) > 1


def _joins_more(text: str, match: re.Match[str], token: re.Match[str]) -> bool:
    """Whether a dash is one of several in a chain, or begins behind a letter."""
    start = match.start() - len(token[0])
    before = text[start - 1 : start] if start else ""
    rest = compile_for(r"[$€£¥]?[\d.,:]{1,15}-\w").match(text, match.end())
    return before.isalnum() or before in ("-", "/", "+") or rest is not None


def read_arithmetic(text: str, wording: Wording) -> Iterator[Found]:
    """Signs between numbers: 2 + 2 = 4, 3 × 4, 10 ÷ 2."""
    names = {
        "+": wording.plus, "=": wording.equals, "×": wording.times, "÷": wording.divided, "−": wording.minus,
        "*": wording.times, "±": wording.plus_minus, "<": wording.less, ">": wording.greater, "≤": wording.at_most,
        "≥": wording.at_least, "·": wording.times,
    }  # fmt: skip
    for match in compile_for(r"(?<=[\d)²³])( ?([+=×÷−±<>≤≥·]) ?| \* )(?=[-−(]?\d)").finditer(text):
        yield Found(match.start(), match.end(), f" {names[match[0].strip()]} ")
    if "=" in text:
        for match in compile_for(r"(?<=\d) - (?=\d{1,9} ?[-+=×÷])").finditer(text):
            yield Found(match.start(), match.end(), f" {wording.minus} ")
    for match in compile_for(r"(?<=[\w)])( [=<>≤≥×÷±] )(?=[\w(−-])").finditer(text):
        yield Found(match.start(), match.end(), f" {names[match[0].strip()]} ")
    for match in compile_for(r"(?<=\d)\+(?![\w+])").finditer(text):
        yield Found(match.start(), match.end(), f" {wording.plus}")
    for match in compile_for(r"(?<!\S)(?!<\d[\d -]{0,30}>)([<>≤≥]) ?(?=\d)").finditer(text):
        yield Found(match.start(), match.end(), f"{names[match[1]]} ")


def read_sign(text: str, wording: Wording) -> Iterator[Found]:
    """Signs before a number: § 5, № 7, #1, ~5."""
    for match in compile_for(r"(?<![\w&#])[nN][°º] ?(?=\d)").finditer(text):
        yield Found(match.start(), match.end(), wording.signs["#"] + " ")
    signs = choose(wording.signs)
    for match in compile_for(rf"(?<![\w&#])({signs})( ?)(?=\d)").finditer(text):
        gap = "" if match[2] else " "
        yield Found(match.start(), match.end(1), wording.signs[match[1]] + gap)


def read_version(text: str, wording: Wording) -> Iterator[Found]:
    """Numbers with several stops: groups of three digits where another mark is usual, and versions."""
    for match in compile_for(
        r"((?:(?<![\w.$€£¥])\d{1,4}(?=\.\d{1,4}\.\d)|(?<=\b[vV])\d{1,4})(?:\.\d{1,4}){1,5})(?![\w]|\.\d)"
    ).finditer(text):
        if compile_for(r"\d{1,3}(?:\.\d{3}){2,5}").fullmatch(match[1]):
            if wording.point != ",":
                yield Found(
                    match.start(),
                    match.end(),
                    wording.cardinal(int(match[1].replace(".", ""))),
                    certain=False,
                )
        else:
            said = f" {wording.version_point or wording.dot} ".join(map(wording.number, match[1].split(".")))
            yield Found(match.start(), match.end(), f" {said}" if text[match.start() - 1] in "vV" else said)


def read_standard(text: str, wording: Wording) -> Iterator[Found]:
    """Standards that are named by a letter and a number: H.323, G.711."""
    for match in compile_for(r"(?<![\w.])([A-Z])\.(\d{2,3})(?!\w|[.,-]\d)").finditer(text):
        number = wording.house(match[2])
        yield Found(match.start(), match.end(), f"{match[1]} {number}")


def read_scientific(text: str, wording: Wording) -> Iterator[Found]:
    """Numbers with a power of ten: 1e6."""
    scientific = rf"(?<![\w.,])([{_MINUS}])?({wording.number_pattern})[eE]([-+]?)(\d{{1,3}}){NO_WORD}"
    for match in compile_for(scientific).finditer(text):
        exponent = f"{wording.minus} " if match[3] == "-" else ""
        said = f"{wording.number(match[2])} {wording.power} {exponent}{wording.cardinal(int(match[4]))}"
        yield Found(match.start(), match.end(), f"{wording.minus} {said}" if match[1] else said)


def read_number(text: str, wording: Wording) -> Iterator[Found]:
    """All other numbers."""
    point = re.escape(wording.point)
    if wording.point == ",":
        for match in compile_for(r"(?<![\w.,])(\d{1,9})\.(\d{1,2})(?![\w]|[.,]\d)").finditer(text):
            said = f"{wording.number(match[1])} {wording.dot} {wording.decimals(match[2])}"
            yield Found(match.start(), match.end(), said, certain=False)
    sign = rf"(?:(?<![\w.,)%°])([{_MINUS}]|\+)(?=\S))?"
    for match in compile_for(
        rf"{sign}(?<!\d)({wording.number_pattern}|(?<![\w.]){point}\d{{1,40}})"
    ).finditer(text):
        number = "0" + match[2] if match[2].startswith(wording.point) and wording.point == "," else match[2]
        gender = "" if _is_pressed(text, match.start(), wording) else _find_gender(text, match.end(), wording)
        gender = wording.decline(gender, word_before(text, match.start()))
        plain = len(number) > wording.longest_plain and number.isdecimal() and not number.endswith("000")
        said = wording.digits(number) if plain else wording.number(number, gender)
        if match[1]:
            said = f"{wording.plus if match[1] == '+' else wording.minus} {said}"
        whole = wording.split_number(number)[0]
        said += " " if text[match.end() : match.end() + 1].isalpha() else ""
        certain = len(whole) < 7 or "0" * 3 in whole or len(whole) < len(number)
        yield Found(match.start(), match.end(), said, certain and not _may_be_grouped(text, match, wording))
