"""Readers of abbreviations, and of initials such as U.S."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress.text.normalise.found import (
    LOWER,
    Found,
    compile_for,
    ends_sentence,
    ends_text,
    word_after,
    word_before,
)
from voxpress.text.normalise.wording import Abbreviation, Wording

_STARTERS = frozenset(
    [
        "The", "A", "An", "It", "He", "She", "They", "We", "I", "In", "On", "At", "This", "That", "There",
        "Then", "But", "And", "When", "If", "His", "Her", "Its", "My",
    ]
)  # fmt: skip
_NO_NAMES = frozenset(
    {
        "plan", "part", "vitamin", "group", "gate", "type", "class", "section", "option", "grade", "hepatitis",
        "appendix", "room", "unit", "building", "terminal", "platform", "block", "level", "team", "figure", "table",
        "chapter", "model", "line", "exhibit", "point", "version", "annex", "schedule", "area", "zone", "hall", "wing",
        "pier", "lot", "and", "puerta", "vitamina", "letra", "grupo", "tipo", "sección", "bloque", "escalera", "andén",
        "acceso", "zona", "opción", "apartado", "clase", "nivel", "parte", "planta", "sala", "vía", "línea",
    }
)  # fmt: skip
_AT_PLACES = r"(?:\d|\b(?:[Oo]n|[Aa]t|[Tt]o|[Ff]rom|[Nn]ear|[Oo]ff|[Dd]own|[Aa]long))"
_SAINTLY = frozenset(("Port", "East", "West", "Mount", "Fort", "Lake", "Old", "New", "Cape", "Isle", "Gulf"))
"""Before a saint in the name of a place: Port St. Lucie."""
_TITLED = r"\b(?:Lord|Lady|Sir|Dame|Miss|Mrs|Mr|Ms|Madame|Captain|Colonel|Major|Inspector)\.? (?:[A-Z][\w'’]* ){0,3}$"
"""Before a saint in a family's name: Lady Clara St. Simon."""
_ASKING = frozenset(
    ("Visit", "See", "Call", "Ask", "Meet", "Contact", "Join", "At", "In", "On", "Near", "The", "And")
)
_INITIALS = re.compile(
    r"(?<![\w.])(?:(?:[A-Z]\.){2,8}|(?:[a-z]\.){3,8})(?![\w])|(?<![\w.])(?:[A-Z]\. ){1,4}(?=[A-Z][a-z])"
)
_DEGREE = re.compile(
    r"(?<![\w.])(?=[^ ]{0,3}[A-Z]\.)"
    r"(?:(?:Sc|Ph|LL|Phil|Eng|Ed|Com|Arch|Tech|Litt|Div|Mus|Th|Pharm|Psy|Ch|Hons|[A-Z])\.){2,4}(?!\w)"
)


def read_abbreviation(text: str, wording: Wording) -> Iterator[Found]:
    """Abbreviations in full, where what stands around them allows."""
    for match in compile_for(wording.abbreviation_pattern).finditer(text):
        start, end = match.span()
        abbreviation = wording.find_abbreviation(match[0]) or _find_capital(text, match, wording)
        if abbreviation is None:
            continue
        where = abbreviation.where
        spoken, certain = abbreviation.spoken, abbreviation.certain
        if abbreviation.numbered and _fits("number", text, start, end, wording):
            where, spoken = "number", abbreviation.numbered
        elif match[0] in wording.two_faced:
            spoken, certain = _choose_face(text, start, end, wording.two_faced[match[0]])
            where = "title" if spoken == abbreviation.spoken else "after"
        elif not _fits(where, text, start, end, wording):
            continue
        stop = match[0].endswith(".") and where in ("any", "after") and ends_sentence(text, end)
        if stop and where == "any" and not ends_text(text, end) and not _closes(match[0], wording):
            stop = False
        if where == "title":
            spoken = wording.fit_title(spoken, word_after(text, end))
            end += spoken.endswith("'")
        gap = " " if text[end : end + 1].isdecimal() else ""
        yield Found(start, end - 1 if stop else end, spoken + gap, certain)


def _find_capital(text: str, match: re.Match[str], wording: Wording) -> Abbreviation | None:
    """What an abbreviation stands for that has a capital letter only because a sentence begins: Max. 3, Ca. 5 km."""
    written, start = match[0], match.start()
    if not (written[0].isupper() and written.endswith(".")):
        return None
    begins = start == 0 or text[max(0, start - 2) : start] in (". ", "! ", "? ", ": ")
    if not begins or not compile_for(rf" ?(?:\d|{LOWER})").match(text, match.end()):
        return None
    found = wording.abbreviations.get(written[0].lower() + written[1:])
    fits = found is not None and (found.where == "any" or (found.where == "number" and len(written) > 2))
    return found if fits else None


def _closes(written: str, wording: Wording) -> bool:
    """Whether an abbreviation often ends a sentence."""
    return written in wording.closing or written.endswith("str.")


def _fits(where: str, text: str, start: int, end: int, wording: Wording) -> bool:
    """Whether an abbreviation of this kind may stand here."""
    if where == "title":
        if end - start == 2 and word_before(text, start) in _NO_NAMES:
            return False
        return (
            compile_for(
                r" [\"“]?(?:(?:von|van|de|di|med|phil|habil|et|und)\b|[A-ZÀ-ÖØ-Þ])"
                if text[end - 1] != "."
                else r" [\"“]?[\w&]"
            ).match(text, end)
            is not None
        )
    if where == "number":
        sign = re.escape(wording.signs["#"])  # what # before a number has become
        return compile_for(rf":? ?(?:[\d+(#]|[IVXLC]{{2,6}}\b|{sign} \d)").match(text, end) is not None
    if where == "after":
        return start > 1 and (text[start - 2].isalnum() or text[start - 2] in ",.&)")
    return True


def _choose_face(text: str, start: int, end: int, faces: tuple[str, str]) -> tuple[str, bool]:
    """Saint or Street, Doctor or Drive, and whether that is certain: by what stands before and behind."""
    title, place = faces
    near = text[max(0, start - 40) : start]
    before = compile_for(r"(\w[\w'’]{0,30}) $").search(near)
    named = before is not None and compile_for(r"[A-Z]|\d+(?:st|nd|rd|th)$").match(before[1]) is not None
    after = compile_for(r" ([A-Z]\w*)").match(text, end)
    if after is None or (named and after[1] in _STARTERS):
        return place, True
    if named and place == "Street" and before is not None and before[1] not in _SAINTLY | _ASKING:
        address = compile_for(r" [\w ]{1,30}, [A-Z]{2}\b").match(text, end) is not None
        if address or len(after[1]) == 1:
            return place, False
    saintly = (before is not None and before[1] in _SAINTLY) or compile_for(_TITLED).search(near) is not None
    if named and not saintly and compile_for(rf"{_AT_PLACES} (?:[A-Z\d][\w'’]* ){{1,3}}$").search(near):
        return place, False
    return title, after[1] not in _STARTERS


def read_initials(text: str, wording: Wording) -> Iterator[Found]:
    """Letters with stops: U.S., M.Sc., b.i.d., J. R. R. Tolkien; a stop stays where a sentence ends."""
    for match in _DEGREE.finditer(text):
        groups = match[0].rstrip(".").split(".")
        if all(len(group) == 1 for group in groups):
            continue
        said = (group if len(group) > 2 or group == "Ed" else " ".join(group.upper()) for group in groups)
        closes = ends_text(text, match.end()) or word_after(text, match.end()) in _STARTERS
        yield Found(match.start(), match.end() - closes, " ".join(said))
    for match in _INITIALS.finditer(text):
        letters = " ".join(c.upper() for c in match[0] if c.isalpha())
        if not match[0].endswith(" "):
            closes = ends_text(text, match.end()) or word_after(text, match.end()) in _STARTERS
            yield Found(match.start(), match.end() - 1 if closes else match.end(), letters)
        elif len(letters) > 1 or _is_initial(text, match, wording):
            yield Found(match.start(), match.end() - 1, letters, certain=len(letters) > 1)


def _is_initial(text: str, match: re.Match[str], wording: Wording) -> bool:
    """Whether one letter with a stop belongs to a name, as in Robert E. Lee, and ends no sentence, as in plan B."""
    if match.start() == 0:
        return True
    before = word_before(text, match.start())
    name = text[match.start() - 1 - len(before) : match.start() - 1]
    known = wording.i_speaks and match[0][0] != "I" and before not in _NO_NAMES
    return known and name[:1].isupper() and word_after(text, match.end() - 1) not in _STARTERS
