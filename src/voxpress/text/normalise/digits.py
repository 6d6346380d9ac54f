"""Readers of what is said digit by digit: telephone numbers, codes, house numbers and identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.text.normalise.found import (
    NO_WORD,
    START,
    Found,
    choose,
    compile_for,
    ends_text,
)
from voxpress.text.normalise.wording import Wording

_EXTENSION = r"(?:(?:,? ?(?:ext\.?|extension|x|#|DW) ?)(?P<extension>\d{1,6}))?"
_TELEPHONE = "|".join(  # noqa: FLY002 - a pattern on each line
    (
        r"\+\d{1,3}(?:[ ./-]{0,3}\(?\d{1,5}\)?){1,6}",
        r"(?:1[-. ])?(?:\(\d{3}\)[-. ]{0,2}|\d{3}[-.])\d{3}[-. ]\d{4}(?:-\d{1,4})?",
        r"1-8\d\d-[A-Z0-9]{1,7}(?:-[A-Z0-9]{1,7}){0,3}",
        r"\(0\d{1,5}\)[ /-]{0,3}\d{2,8}(?:[ -]\d{2,8}){0,4}",
        r"(?<!\d[ .])0\d{1,5}[ /-]{1,3}\d{2,8}(?:[ -]\d{2,8}){0,4}",
        r"(?<!\d[ .])0\d[. ]\d\d(?:[. ]\d\d){3}",
        r"0\d{6,14}",
        r"\d{3} \d{3} \d{4}",
        r"\d{3}-\d{4}",
        r"\d{3}-\d{2}-\d{4}",
    )
)
_YEARS = re.compile(r"(?:1\d|20)\d\d-(?:1\d|20)\d\d")
_YEAR = re.compile(r"(?:1[1-9]|20)\d\d")


def read_telephone(text: str, wording: Wording) -> Iterator[Found]:
    """Telephone numbers, digit by digit, with a comma between groups."""
    for match in compile_for(
        rf"(?<![\w.,+/-])(?:(?!){wording.telephones}|{_TELEPHONE}|(?P<short>{wording.short_numbers})){_EXTENSION}(?![\w/])(?![.,-]\d)"
    ).finditer(text):
        extension = match["extension"]
        written = match[0][: match.start("extension") - match.start()] if extension else match[0]
        if not match["short"] and (
            _YEARS.fullmatch(written)
            or (sum(c.isdecimal() for c in written) < 7 and not written.startswith("1-8"))
        ):
            continue
        yield Found(match.start(), match.end(), _say_telephone(written, extension, wording))


def _say_telephone(written: str, extension: str | None, wording: Wording) -> str:
    """A telephone number in words."""
    written = re.sub(r"[\s,]*(?:ext\.?|extension|x|#|DW)\s*$", "", written) if extension else written
    groups = re.findall(r"[A-Z]+|\d+", written)
    said = wording.telephone(groups)
    if written.startswith("+"):
        said = f"{wording.plus} {wording.country_code(said, groups[0])}"
    return f"{said}, {wording.extension} {wording.digits(extension)}" if extension else said


def read_chain(text: str, wording: Wording) -> Iterator[Found]:
    """Groups of digits with hyphens, such as the number of a book, or those of a card or a parcel."""
    for match in compile_for(r"(?<![\w.,/-])\d{1,12}(?:-\d{1,12}){2,8}(?![\w/]|-\w)").finditer(text):
        groups = match[0].split("-")
        say = wording.number if all(len(group) < 3 for group in groups) else wording.digits
        yield Found(match.start(), match.end(), ", ".join(map(say, groups)), certain=False)
    for match in compile_for(r"(?<![\w.,/-])\d{4}(?: \d{4}){2,7}(?: \d{1,3})?(?![\w/]|[.,-]\d)").finditer(
        text
    ):
        groups = match[0].split(" ")
        if not all(map(_YEAR.fullmatch, groups)):
            yield Found(match.start(), match.end(), ", ".join(map(wording.digits, groups)))


def read_postcode(text: str, wording: Wording) -> Iterator[Found]:
    """A postcode between the number of a house and a town."""
    if not wording.postcodes:
        return
    for match in compile_for(r"(?:(?<=\d)|(?<=\d[a-z])), (\d{5}) (?=[A-ZÄÖÜÁÉÍÓÚ][a-zäöüßáéíóúñ])").finditer(
        text
    ):
        yield Found(*match.span(1), wording.digits(match[1]), certain=False)


def read_reference(text: str, wording: Wording) -> Iterator[Found]:
    """Three and more numbers with strokes, such as the reference of a letter."""
    pair = rf"(?<![\w.,/-])(\d{{1,12}})/(\d{{1,12}}){NO_WORD}(?![/%]|[.,]\d)"
    for match in compile_for(pair).finditer(text):
        whole = not match[2].strip("0").strip("1") and match[2][0] == "1"
        if (
            match[1] != "1"
            and not whole
            and (max(map(len, match.groups())) > 3 or (match[2][0] == "0" and len(match[2]) > 2))
        ):
            said = (
                wording.digits(each) if each[0] == "0" or len(each) > 4 else wording.number(each)
                for each in match.groups()
            )
            yield Found(match.start(), match.end(), f" {wording.slash} ".join(said), certain=False)
    for match in compile_for(r"(?<![\w.,/-])\d{1,12}(?:/\d{1,12}){2,8}(?![\w/]|-\w)").finditer(text):
        said = (
            wording.number(group) if len(group) < 5 else wording.digits(group)
            for group in match[0].split("/")
        )
        joint = " " if match[0] == "24/7/365" else f" {wording.slash} "
        yield Found(match.start(), match.end(), joint.join(said), certain=False)


def read_address(text: str, wording: Wording) -> Iterator[Found]:
    """House numbers, kinds of streets, states and ZIP codes of the United States."""
    if not wording.streets:
        return
    kinds = choose(wording.streets)
    name = r"(?:[A-Z][a-z]{1,20}|\d{1,3}(?:st|nd|rd|th)) "
    pattern = rf"{START}(?<!/)(\d{{1,5}})((?: [NSEW]\.?)? (?:{name}){{1,3}}(?:{kinds})\b)"
    for match in compile_for(pattern).finditer(text):
        yield Found(*match.span(1), wording.house(match[1]))
        if point := compile_for(r"^ ([NSEW])\b\.?").match(match[2]):
            start = match.start(2) + 1
            yield Found(start, match.start(2) + point.end(), wording.points[point[1]].capitalize())
    street = r"(?!(?:In|At|On|Near|From|To|Of|By|The|And)\b)[A-Z][a-z]{1,20}"
    for match in compile_for(rf"(?:{street}|\d(?:st|nd|rd|th)) ({kinds})\b\.?(?= |,|$|\))").finditer(text):
        stop = text[match.end(1) : match.end()]
        if stop and f"{match[1]}." in wording.two_faced and not _has_house(text, match.start(1)):
            continue  # Call Dr. Nguyen: the reader of abbreviations looks at what stands around it
        keep = ends_text(text, match.end()) or compile_for(r" [A-Z]").match(text, match.end())
        yield Found(
            match.start(1), match.end() if stop and not keep else match.end(1), wording.streets[match[1]]
        )
    for match in compile_for(rf"\b(?:{kinds})\b\.? ([NS][EW])(?!\w)").finditer(text):
        yield Found(*match.span(1), (wording.points[match[1][0]] + wording.points[match[1][1]]).capitalize())
    for match in compile_for(rf"\b([NSEW])\b\.?(?= (?:{name})(?:{kinds})\b)").finditer(text):
        yield Found(match.start(), match.end(), wording.points[match[1]].capitalize())
    for match in compile_for(
        rf"(?<=, )({choose(wording.states)})\b(?:,? (\d{{5}}(?:-\d{{4}})?))?(?!\w|-\d)"
    ).finditer(text):
        said = wording.states[match[1]]
        yield Found(match.start(), match.end(), f"{said} {wording.digits(match[2])}" if match[2] else said)


def _has_house(text: str, start: int) -> bool:
    """Whether a name with the number of a house stands before a kind of street."""
    near = text[max(0, start - 70) : start]
    return (
        compile_for(r"(?<![\w.,])\d{1,5}(?: [NSEW]\.?)? (?:[A-Z\d][\w'’]* ){1,3}$").search(near) is not None
    )


def read_identifier(text: str, wording: Wording) -> Iterator[Found]:
    """Words of letters and digits, such as B12, MP3 or COVID-19, and digits that begin with a zero."""
    both = r"(?=[A-Za-z\d-]{0,40}\d)(?=[\d-]{0,40}[A-Za-z])"
    pattern = (
        rf"(?<![\w@.])(?<!\d,)({both}[A-Za-z]{{0,20}}(?:-?(?:\d{{1,20}}|[A-Za-z]{{1,20}})){{1,12}})"
        rf"(?:(?<=\d)\.(\d{{1,3}})(?![.,]\d))?{NO_WORD}"
    )
    for match in compile_for(pattern).finditer(text):
        said = _say_identifier(match[1], wording)
        if match[2]:
            said = f"{said} {wording.version_point or wording.dot} {wording.number(match[2])}"
        yield Found(match.start(), match.end(), said)


def _say_identifier(written: str, wording: Wording) -> str:
    """Letters and digits in words: short numbers as numbers, long ones and those within letters by digits."""
    span = compile_for(r"([A-Z]{1,2})(\d{1,3})-\1(\d{1,3})").fullmatch(written)
    if span and int(span[2]) < int(span[3]):
        first, _, last = written.partition("-")
        return f"{_say_identifier(first, wording)} {wording.to} {_say_identifier(last, wording)}"
    parts = re.findall(r"[A-Za-z]+|\d+|-", written)
    numbers = [part for part in parts if part.isdecimal()]
    mixed = len(numbers) > 1 or compile_for(r"\d{3}[A-Za-z]").search(written) is not None
    said: list[str] = []
    for part in parts:
        if part == "-":
            continue
        if part == "s" and said and wording.decades and written[-1] == "s" and parts[-2].isdecimal():
            said[-1] = wording.plural(said[-1])
        elif part.isdecimal():
            round_ = (part.endswith("00") and len(part) < 5) or (parts[0] == part and len(part) < 4)
            spell = part[0] == "0" or (mixed and len(part) > 2) or (len(part) > 2 and not round_)
            said.append(wording.digits(part) if spell else wording.number(part))
        elif part.isupper() and (len(part) == 2 or not re.search("[AEIOUY]", part)):
            said.append(" ".join(part))
        else:
            said.append(part)
    return " ".join(said)
