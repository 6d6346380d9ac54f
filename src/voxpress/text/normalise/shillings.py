"""A reader of money as Britain had it before 1971: pounds, shillings and pence, as in £3 6s. 4d. and 2s. 6d.

A shilling and a second have one letter. So ``6s`` alone is seconds, and ``6s.`` is shillings only beside other money.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.text.normalise.found import Found, compile_for, ends_sentence
from voxpress.text.normalise.wording import Wording

_FARTHINGS = {"¼": 1, "1/4": 1, "½": 2, "1/2": 2, "¾": 3, "3/4": 3}
_START = r"(?<![\w.,/'’])(?<!\w-)"
_POUNDS = r"(?P<pounds>\d{1,3}(?:,\d{3}){1,3}|\d{1,6})"
_SHILLINGS = r"(?P<shillings>\d{1,3})"
_PART = r"(?P<part>[¼½¾]|[ -]?(?<!\d)(?:1/4|1/2|3/4))"
_PENCE = rf"(?:(?P<pence>\d{{1,3}})?{_PART}|(?P<whole>\d{{1,3}}))"
_RATE = (
    r"\. (?:(?:a|an|per|the) (?:year|annum|quarter|month|week|day|night|head|dozen|score|pound|lb|yard|piece|bushel"
    r"|acre|ton|cwt|hundredweight|bottle|pair|copy|volume)|in the pound|net|sterling)\b"
)
_ORBITALS = r" (?:\d[spdf]\b|orbital|electron|sub-?shell)"
_SURE = (
    rf"£ ?{_POUNDS},? {_SHILLINGS} ?s(?:\.?,? {_PENCE} ?d\b|(?=\.))",
    rf"£ ?{_POUNDS},? {_PENCE} ?d(?=\.)",
    rf"{_START}{_POUNDS} ?l\.,? {_SHILLINGS} ?s(?:\.,? {_PENCE} ?d)?(?=\.)",
    rf"{_START}{_POUNDS} ?l\.,? {_PENCE} ?d(?=\.)",
    rf"{_START}{_SHILLINGS} ?s\.,? {_PENCE} ?d(?=\.)",
    # Without stops no more than make a shilling or a pound, and no orbitals of an atom: 4s 3d 4p.
    rf"{_START}(?<!\d[spdf] )(?P<shillings>1?\d)s (?P<pence>1[01]|\d)(?P<part>[¼½¾])?d\b(?!{_ORBITALS})",
    rf"{_START}(?P<pence>\d{{1,3}})?{_PART}d(?=\.)",
    rf"{_START}{_SHILLINGS}s(?={_RATE})",
    rf"{_START}{_PENCE}d(?={_RATE})",
)
"""Amounts that can be nothing else."""
_BARE = (rf"{_START}{_SHILLINGS}s(?=\.)", rf"{_START}{_PENCE}d(?=\.)")
"""Those that are money beside other money; within a sentence, a sign of pounds is enough."""
_BARE_POUNDS = rf"{_START}{_POUNDS}l(?=\.)"
_WORDS = r"(?i)\b(?:shillings?|guineas?|farthings?|florins?|half-?crowns?|(?:half|two|three|four|six)pen(?:ny|ce))\b"
_DECADE = r"(?i)\b(?:the|his|her|their|my|our|your|mid|early|late)[ -]$"


def read_shillings(text: str, wording: Wording) -> Iterator[Found]:
    """Amounts in pounds, shillings and pence: £3 6s. 4d., 3l. 6s., 2s. 6d., and beside these 5s. and 4½d."""
    if not wording.shillings or not compile_for(r"[\d¼½¾] ?[sld]\b").search(text):
        return
    sure = [_read(text, match, wording) for each in _SURE for match in compile_for(each).finditer(text)]
    yield from sure
    certain = bool(sure) or compile_for(_WORDS).search(text) is not None
    if not certain and "£" not in text:
        return
    for pattern in (*_BARE, _BARE_POUNDS) if certain else _BARE:
        for match in compile_for(pattern).finditer(text):
            if (certain or not ends_sentence(text, match.end() + 1)) and not _is_decade(text, match):
                yield _read(text, match, wording)._replace(certain=certain)


def _is_decade(text: str, match: re.Match[str]) -> bool:
    """Whether these are the years of a century or of a life: in the 60s., in his 30s."""
    years = re.fullmatch("[2-9]0s", match[0])
    return years is not None and compile_for(_DECADE).search(text[: match.start()][-8:]) is not None


def _read(text: str, match: re.Match[str], wording: Wording) -> Found:
    """An amount, with the stop behind it unless that ends a sentence."""
    parts = {name: each or "" for name, each in match.groupdict().items()}
    said = [
        _count(parts[many], one, many, wording)
        for one, many in (("pound", "pounds"), ("shilling", "shillings"))
        if parts.get(many)
    ]
    pence, part = parts.get("whole") or parts.get("pence", ""), parts.get("part", "").strip(" -")
    if pence or part:
        said.append(_say_pence(pence, part, wording))
    end = match.end()
    if text[end : end + 1] == "." and not ends_sentence(text, end + 1):
        end += 1
    *first, last = said
    return Found(match.start(), end, f"{' '.join(first)} and {last}" if first else last)


def _count(number: str, one: str, many: str, wording: Wording) -> str:
    return f"{wording.number(number)} {one if wording.is_one(number) else many}"


def _say_pence(whole: str, part: str, wording: Wording) -> str:
    """Pence, with farthings."""
    if not part:
        return _count(whole, "penny", "pence", wording)
    quarters = _FARTHINGS[part]
    if whole and whole != "0":
        above, below = (1, 2) if quarters == 2 else (quarters, 4)
        return f"{wording.mixed(whole, above, below)} pence"
    return {1: "one farthing", 2: "one halfpenny", 3: "three farthings"}[quarters]
