"""The International Phonetic Alphabet: what belongs to it, and other alphabets turned into it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from voxpress.errors import InputError, show, suggest
from voxpress.text import x_sampa

LETTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyz"
    "ɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɩɪɫɬɭɮɯɰɱɲɳɴɵɶɷɸɹɺɻɽɾɿʀʁʂʃʄʅʆʇʈʉʊʋʌʍʎʏʐʑʒʓʔʕʗʘʙʛʜʝʞʟʠʡʢʣʤʥʦʧʨ"
    "æøœðħŋβθχƀƙƥƭǀǁǂǃⱱᵻᵿᴀᴇ"
)
"""Letters, with those of older charts and of dictionaries."""
MARKS = frozenset(
    "ˈˌːˑ.|‖‿↗↘↓↑ꜛꜜ-"  # stress, length, breaks, intonation
    "˥˦˧˨˩"  # tones
    "ʰʱʲˠˤʷⁿˡʼ˞ᵊᵝᶣʴˢᶿˣᵐᵑᶑ˭˖˗˔˕˳ʳˀᶹ"  # modified sounds
    "\u0361\u035c"  # ties
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0308\u030a\u030b\u030c\u030d\u030f\u0311\u0318\u0319\u031a\u031c\u031d"
    "\u031e\u031f\u0320\u0321\u0322\u0323\u0324\u0325\u0327\u0328\u0329\u032a\u032c\u032f\u0330\u0331\u0334\u0339"
    "\u033a\u033b\u033c\u033d\u0346\u034a\u034b\u034e\u1dc4\u1dc5\u1dc8\u1dc9"
    "()"  # sounds that may be left out
)
"""Diacritics and signs between sounds."""
_MEANT: Mapping[str, str] = {
    "'": "ˈ", "’": "ˈ", "‘": "ˈ", ",": "ˌ", ":": "ː", "!": "ǃ", "?": "ʔ", "ε": "ɛ", "ʹ": "ʲ", "∫": "ʃ", "ǝ": "ə",
    "γ": "ɣ", "φ": "ɸ", "λ": "ʎ", "δ": "ð", "α": "ɑ", "ι": "ɩ", "υ": "ʊ", "з": "ɜ",
}  # fmt: skip
"""Characters that people write for others which look like them."""


def check_ipa(text: str) -> str:
    """A pronunciation in one spelling: NFC, single spaces, no slashes around it.

    >>> check_ipa("/ˈnwi\u0303n/"), check_ipa("[noʊ]")
    ('ˈnwĩn', 'noʊ')

    Raises:
        InputError: a character does not belong to the alphabet; the message says which, and where.
    """
    given = text.strip()
    if len(given) > 1 and given[0] + given[-1] in ("//", "[]"):
        given = given[1:-1]
    given = " ".join(given.split())
    for place, character in enumerate(given, 1):
        if character != " " and not all(
            part in LETTERS or part in MARKS for part in unicodedata.normalize("NFD", character)
        ):
            meant = _MEANT.get(character)
            hint = f"; did you mean {meant!r}?" if meant else ""
            name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
            raise InputError(
                f"{show(given)}: character {place}, {character!r} ({name}), is not of the International Phonetic"
                f" Alphabet{hint}",
                field="ipa",
            )
    if not any(part in LETTERS for part in unicodedata.normalize("NFD", given)):
        raise InputError(f"{show(text)} has no sound", field="ipa")
    return unicodedata.normalize("NFC", given)


def to_ipa(text: str, alphabet: str) -> str:
    r"""A pronunciation as IPA, in one spelling; checked whoever writes it: a lexicon, SSML, a text with directions.

    >>> to_ipa('n@U "SA:p', "x-sampa"), to_ipa("T AH0 M EY1 T OW2", "cmu-arpabet")
    ('nəʊ ˈʃɑːp', 'təmˈeɪtˌoʊ')

    Args:
        alphabet: one of `ALPHABETS`, in any case.

    Raises:
        InputError: no such alphabet, or a symbol does not belong to it.
    """
    convert = ALPHABETS.get(alphabet.lower().replace("xsampa", "x-sampa"))
    if convert is None:
        known = ", ".join(ALPHABETS)
        raise InputError(
            f"the alphabet {show(alphabet)} is not known{suggest(alphabet, ALPHABETS)} (alphabets: {known})",
            field="alphabet",
        )
    return check_ipa(convert(text))


_ARPABET: Mapping[str, str] = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AX": "ə", "AXR": "ɚ", "AY": "aɪ", "B": "b", "CH": "tʃ",
    "D": "d", "DH": "ð", "DX": "ɾ", "EH": "ɛ", "EL": "l\u0329", "EM": "m\u0329", "EN": "n\u0329", "ER": "ɝ",
    "EY": "eɪ", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IX": "ɨ", "IY": "i", "JH": "dʒ", "K": "k", "L": "l",
    "M": "m", "N": "n", "NG": "ŋ", "OW": "oʊ", "OY": "ɔɪ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t",
    "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_WEAK = {"AH0": "ə", "ER0": "ɚ"}
_STRESS = {"1": "ˈ", "2": "ˌ"}


def _from_arpabet(text: str) -> str:
    words = [
        [_find_arpabet(symbol, text) for symbol in word.split()]
        for word in re.split(r"\s+[#|]\s+", text.strip())
    ]
    return " ".join("".join(word) for word in words)


def _find_arpabet(symbol: str, text: str) -> str:
    upper = symbol.upper()
    if upper in _WEAK:
        return _WEAK[upper]
    if (sound := _ARPABET.get(upper.rstrip("012"))) and len(upper) - len(upper.rstrip("012")) <= 1:
        return _STRESS.get(upper[-1], "") + sound
    raise InputError(f"{show(text)}: {show(symbol)} is not of the CMU's alphabet", field="phoneme")


def _keep(text: str) -> str:
    return text


ALPHABETS: Mapping[str, Callable[[str], str]] = {
    "ipa": _keep,
    "x-sampa": x_sampa.to_ipa,
    "cmu-arpabet": _from_arpabet,
}
"""Alphabets that lexicons are written in, each with its way to IPA."""
