"""Readers of codes: digits and letters that are said one by one, because a word such as PIN or dial names them.

A word names the numbers of the list behind it; and a number that is a code once is one wherever the text repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from voxpress.text.normalise.found import Found, compile_for, word_after, word_before
from voxpress.text.normalise.wording import Wording

_CODE = r"[A-Z]{0,4}\d[\dA-Z]{0,30}(?: \d[\dA-Z]{1,11}|-[\dA-Z]{1,12}){0,6}"
_DIALLED = r"\d{2,6}(?:[ -]\d{2,6}){1,5}|\d{3,15}"
_END = r"(?![\w%°/]|:\d| ?[$€£¥](?!\d))(?![.,]\d)"
_PROMOTION = re.compile(r"(?=[A-Z]{0,3}[AEIOU])[A-Z]{4}\d{1,2}")
_YEAR = re.compile(r"(?:1[1-9]|20)\d\d")


def link(wording: Wording) -> str:
    """A regular expression of what may stand between a word such as code and its digits."""
    return (
        rf"(?: (?:{wording.code_links}))?[)\]]?(?: ?[:=] ?#?| ?[(\[]| [-–] ?| ?#:? ?| )[(\[]?(?:\.{{3}}|…)?"
    )


def read_dialled(text: str, wording: Wording) -> Iterator[Found]:
    """Digits after a word such as call or dial."""

    def fits(_: str, end: int) -> bool:
        after = word_after(text, end)
        return not after[:1].islower() or after in wording.after_number

    def say(number: str) -> str:
        return wording.telephone(re.findall(r"\d+", number))

    found = compile_for(rf"\b{wording.phone_words}{link(wording)}({_DIALLED})(?!-\d){_END}").finditer(text)
    yield from _read_all(text, found, _DIALLED, fits, say, wording)


def read_code(text: str, wording: Wording) -> Iterator[Found]:
    """Digits and letters after a word such as PIN, code or account number."""

    def fits(code: str, end: int) -> bool:
        digits = sum(map(str.isdecimal, code))
        counted = code.isdecimal() and word_after(text, end) in wording.counted
        return digits > 1 and not counted and not _PROMOTION.fullmatch(code)

    def say(code: str) -> str:
        return ", ".join(map(wording.digits, re.split(r"[ -]", code)))

    found = compile_for(rf"\b{wording.code_words}{link(wording)}({_CODE}){_END}").finditer(text)
    yield from _read_all(text, found, _CODE, fits, say, wording)
    far = r"(\d[\dA-Z-]{3,12})"
    ends = rf"(?! {wording.to} \d)(?: (?:{wording.code_ends}):?|:)"
    between = rf"(?:(?! {wording.and_} )[^.!?;\n]){{1,60}}?"
    behind = rf"(?:[^.!?;\d\n]{{1,60}}? (?:{wording.code_ends}):?|,|{between}{ends}) {far}{_END}"
    behind = rf"\b(?:{wording.secrets})\b{behind}"
    before = rf"(?<![\w.,$€£¥+/-]){far} (?:{wording.code_starts}) "
    before += rf"[^.!?,;\d\n]{{0,30}}?(?:{wording.secrets})\b"
    for match in compile_for(behind).finditer(text):
        after = word_after(text, match.end())
        if (not after or after in wording.after_number) and sum(map(str.isdecimal, match[1])) > 3:
            yield from _read_all(text, iter([match]), _CODE, fits, say, wording)
    for match in compile_for(before).finditer(text):
        if sum(map(str.isdecimal, match[1])) > 3:
            yield from _read_all(text, iter([match]), _CODE, fits, say, wording)


def _read_all(
    text: str,
    found: Iterator[re.Match[str]],
    pattern: str,
    fits: Callable[[str, int], bool],
    say: Callable[[str], str],
    wording: Wording,
) -> Iterator[Found]:
    """The first number behind each word, the list behind it, and what the text repeats of these."""
    known: set[str] = set()
    for match in found:
        if not fits(match[1], match.end(1)):
            continue
        start, end = match.span(1)
        dash = text[start - 2 : start] in (" -", " –")  # before an extension: no minus
        yield Found(start - dash, end, say(match[1]))
        known.add(match[1])
        for each in _list_more(text, match.end(1), match[1], wording):
            known.add(each[1])
            yield Found(*each.span(1), say(each[1]))
    known = {each for each in known if len(each) > 3 or each[0] == "0" or pattern == _DIALLED}
    if known:
        for match in compile_for(rf"(?<![\w.,$€£¥+/-])({pattern})(?!-\d){_END}").finditer(text):
            if match[1] in known and _returns(text, match, wording):
                yield Found(*match.span(1), say(match[1]))


def _list_more(text: str, end: int, first: str, wording: Wording) -> Iterator[re.Match[str]]:
    """The numbers behind the first of a list: 1001, 1002 and 1003."""
    joints = rf"(?:{wording.and_}|{wording.or_}|{wording.to}|&) {wording.article}"
    more = compile_for(rf"[)\]]?(?:,? {joints}|, ?| ?/ ?)[(\[#]?([A-Z]{{0,4}}\d[\dA-Z]{{1,30}}){_END}")
    size = sum(map(str.isdecimal, first))
    while match := more.match(text, end):
        digits = sum(map(str.isdecimal, match[1]))
        same = digits == size or (digits > 3 and size > 3)
        if not same or _is_counted(word_after(text, match.end()), wording):
            return
        yield match
        end = match.end()


def _returns(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Whether a number is the code again, and neither a year nor a count that is written alike."""
    year = _YEAR.fullmatch(match[1]) and word_before(text, match.start()) in wording.year_words.split()
    return not year and not _is_counted(word_after(text, match.end()), wording)


def _is_counted(after: str, wording: Wording) -> bool:
    """Whether a number before this word counts things."""
    return after in wording.counted or (after not in wording.after_number and wording.counts(after))


def read_masked(text: str, wording: Wording) -> Iterator[Found]:
    """The last digits of a card whose others are hidden: ****1234, XXXX-1234, ...1234."""
    for match in compile_for(
        r"(?<![\w*•])(?:[*•]{3,16}|[xX]{4,12})(?:[- ](?:[*•]{4}|[xX]{4})){0,3}[- ]?(\d{3,6})(?![\w*])"
    ).finditer(text):
        digits = wording.digits(match[1])
        said = (
            text[max(0, match.start() - 12) : match.start()].lower().rstrip().endswith(wording.ending_words)
        )
        yield Found(match.start(), match.end(), digits if said else f"{wording.masked} {digits}")
