"""What a voice cannot say after all: letters of a script that its language does not have, and signs without a sound."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache

from voxpress import languages

_SCRIPTS = {
    "CYRILLIC": "ba be bg ce cv kk ky mk mn os ru sah sr tg tt udm uk uz",
    "GREEK": "el",
    "ARABIC": "ar arz ckb fa ks ps sd ug ur",
    "HEBREW": "he yi",
    "ARMENIAN": "hy",
    "GEORGIAN": "ka",
    "ETHIOPIC": "am ti",
    "DEVANAGARI": "hi kok mai mr ne sa",
    "BENGALI": "as bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "ORIYA": "or",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "LAO": "lo",
    "TIBETAN": "bo dz",
    "MYANMAR": "my",
    "KHMER": "km",
    "CJK": "cmn hak ja ko nan wuu yue zh",
    "IDEOGRAPHIC": "cmn hak ja ko nan wuu yue zh",
    "BOPOMOFO": "cmn hak nan wuu yue zh",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CHEROKEE": "chr",
    "CANADIAN": "cr iu",
    "MONGOLIAN": "mn",
    "TIFINAGH": "ber tzm zgh",
    "YI": "ii",
    "RUNIC": "",
    "OGHAM": "",
    "GOTHIC": "",
    "COPTIC": "",
    "DESERET": "",
    "CUNEIFORM": "",
    "EGYPTIAN": "",
}
"""Languages of each script; a script is the first word of its letters' names."""
_KNOWN = languages.LATIN | {language for tags in _SCRIPTS.values() for language in tags.split()}
_SAID = frozenset("°€£¥¢§©®™±×÷¬")
"""Signs beyond ASCII that the front ends of engines read themselves."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_JOINERS = "\u200c\u200d"


def find_unspeakable(
    text: str, language: str, *, every_script: bool = False, silent: Collection[str] = ()
) -> list[tuple[int, int, str]]:
    """What a voice of that language cannot say: where it begins and ends, and what it is.

    Latin letters are usual in every script, and a single Greek letter is a symbol. Marks of punctuation and ASCII signs
    count only where they are among `silent`.

    Args:
        text: after the stages of the front end that read signs.
        language: BCP 47 tag. Of a language that voxpress does not know, every letter is speakable.
        every_script: whether the engine says all but `silent`, also what the language does not have.
        silent: the characters of the text that the engine leaves out or misreads.

    >>> find_unspeakable("Press Ж or ☃ twice", "en")
    [(6, 7, 'the Cyrillic letter Ж'), (11, 12, 'the sign ☃ (snowman)')]
    >>> find_unspeakable("Москва", "en"), find_unspeakable("Москва", "ru")
    ([(0, 6, 'the Cyrillic letters Москва')], [])
    """
    if text.isascii() and not silent:
        return []
    base = languages.base(language)
    candidates = re.compile(f"(?:[^\x00-\x7f]|[{re.escape(''.join(silent))}])+") if silent else _BEYOND_ASCII

    def classify(character: str) -> str:
        if character in silent:
            return _name_script(character)
        return "" if every_script else _classify(character, base)

    return [
        (start, end, _describe(text[start:end], kind))
        for piece in candidates.finditer(text)
        for start, end, kind in _group(text, piece.start(), piece.end(), classify)
        if kind != "GREEK" or end > start + 1 or text[start] in silent
    ]


def _group(
    text: str, first: int, last: int, classify: Callable[[str], str]
) -> Iterator[tuple[int, int, str]]:
    """Letters of one script that stand together, with their marks; and signs one by one."""
    start, kind = first, ""
    for at in range(first, last):
        if kind and _is_mark(text[at]):
            continue
        found = classify(text[at])
        if found == kind != "SIGN":
            continue
        if kind:
            yield start, at, kind
        start, kind = at, found
    if kind:
        yield start, last, kind


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in _JOINERS


@lru_cache(maxsize=16384)
def _classify(character: str, language: str) -> str:
    """The script of a letter that the language does not have, ``SIGN``, or nothing."""
    category = unicodedata.category(character)
    if category[0] == "S" and category != "Sk":
        return "" if character in _SAID else "SIGN"
    if character == "\ufffd" or category in ("Co", "Cn"):
        return "SIGN"
    if category[0] != "L" or language not in _KNOWN:
        return ""
    script = _name_script(character)
    return script if script in _SCRIPTS and language not in _SCRIPTS[script].split() else ""


def _name_script(character: str) -> str:
    """The script of a letter, in capitals; ``SIGN`` for anything else."""
    if not character.isalpha():
        return "SIGN"
    script = re.split("[ -]", unicodedata.name(character, "SIGN"), maxsplit=1)[0]
    return "CJK" if script == "IDEOGRAPHIC" else script


def _describe(written: str, script: str) -> str:
    if script == "SIGN":
        name = unicodedata.name(written[0], "").lower()
        return f"the sign {written}" + (f" ({name})" if name else f" (U+{ord(written[0]):04X})")
    named = {"CJK": "Chinese", "CANADIAN": "Canadian"}.get(script, script.title())
    if len(written) > 30:
        written = written[:29] + "…"
    return f"the {named} letter{'' if len(written) == 1 else 's'} {written}"
