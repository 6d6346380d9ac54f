"""Fold letters and digits that are written in another form: ① is 1, Ⅳ is IV, ﬁ is fi, Ａ is A.

Unicode's NFKC does this and more. It also changes signs whose reading it destroys (½ to 1⁄2, m² to m2, ™ to TM), so
`fold` takes only what is a letter, a digit or a word in another form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from voxpress.text.normalise.html import find_html
from voxpress.text.passage import Edit, Passage
from voxpress.text.patterns import lazily

_STYLES = (
    "<font>",
    "<circle>",
    "<square>",
    "<wide>",
    "<narrow>",
    "<initial>",
    "<medial>",
    "<final>",
    "<isolated>",
)
_SUPERSCRIPT_LETTERS = lazily("[\u02b0-\u02b8\u02e1-\u02e3\u1d2c-\u1d6a\u2071\u207f\u2c7c\u2c7d]")
_SUBSCRIPT = lazily("[\u2080-\u209c]")
_COMPATIBLE = lazily(
    "[\u0132\u0133\u017f\u01c4-\u01cc\u01f1-\u01f3"  # ĳ, ſ, ǆ and their like
    "\u2160-\u217f"  # Roman numerals
    "\u2f00-\u2fd5\u2e9f\u2ef3"  # radicals
    "\ufb00-\ufb17\ufb20-\ufb29\ufb4f-\ufdfc\ufe70-\ufefc"  # Latin, Armenian, Hebrew and Arabic ligatures and forms
    "\u2474-\u249b"  # (1) and 1.
    "\u249c-\u24b5\U0001f110-\U0001f129"  # (a), (A)
    "\u203c\u2047-\u2049\ufe5f-\ufe6b]"  # !!, and small forms of signs
)
_NAMED_LETTER = lazily(
    r"(?:NEGATIVE |CROSSED )*(?:CIRCLED|SQUARED) (?:LATIN CAPITAL LETTER )?([A-Z0-9 ]+?)(?: WITH .*)?"
)
_NUMBERED = lazily(
    "[\u2460-\u2473\u24ea-\u24ff\u2776-\u2793\u3251-\u325f\u32b1-\u32bf\u3280-\u3289\u3220-\u3229]"
)
_HYPHENS = dict.fromkeys("\u2010\u2011", "-")
_SLASHES = dict.fromkeys("\u2044\u2215", "/")
_UNITS = {"℃": "°C", "℉": "°F"}
_MONEY = {"￥": "¥", "￡": "£", "￠": "¢", "￦": "₩"}
_IDEOGRAPHIC = lazily("[\u3001-\u30ff\u3400-\u9fff\uac00-\ud7af]")

_CANDIDATES = lazily(
    "(?<=[A-Za-z0-9])[\u02b0-\u02b8\u02e1-\u02e3\u1d2c-\u1d6a\u2071\u207f]+"
    r"|[0-9#*]\ufe0f?\u20e3"  # a keycap: the key, not a picture of it
    "|(?<=[0-9])[ˢⁿʳᵗ][ᵗᵈʰ]"  # 1st, 2nd, 3rd, 4th
    "|[\uff66-\uff9f]+"  # half-width kana, whose marks follow the letter
    "|[\u0132\u0133\u017f\u01c4-\u01cc\u01f1-\u01f3\u1d2c-\u1d6a\u2010\u2011\u203c\u2044\u2047-\u2049\u2071\u207f"
    "\u2080-\u209c\u2102-\u2149\u2160-\u217f\u2215\u2460-\u24ff\u2776-\u2793\u2c7c\u2c7d\u2e9f\u2ef3\u2f00-\u2fd5"
    "\u3200-\u33ff\ufb00-\ufdfc\ufe5f-\ufefc\uff01-\uffee\U0001d400-\U0001d7ff\U0001f100-\U0001f19a"
    "\U0001fbf0-\U0001fbf9]\ufe0f?"
)


def fold(passage: Passage) -> list[Edit]:
    """Edits that write letters and digits in their usual form. Later stages read them as any other.

    Entities and tags of HTML, which come with texts from the web, are replaced and removed. Numbers in circles stay
    apart from each other and from words. Superscripts, fractions and signs stay as they are, because they are read as
    what they mean.

    >>> passage = Passage.of("Choose ② or ③, Ｈｅｎｒｙ Ⅷ: 5 m², ½ ㎏")
    >>> passage.edit(fold(passage)).text
    'Choose 2 or 3, Henry VIII: 5 m², ½ kg'
    """
    text = passage.text
    found = list(find_html(text))
    if not text.isascii():
        found = sorted([*found, *_list_edits(text)], key=lambda edit: edit.start)
    edits: list[Edit] = []
    for edit in found:
        if (not edits or edits[-1].end <= edit.start) and not passage.is_fixed(edit.start, edit.end):
            edits.append(edit)
    return edits


def _list_edits(text: str) -> Iterator[Edit]:
    end_of_number = -1
    for match in _CANDIDATES.finditer(text):
        written = match[0].rstrip("\ufe0f")
        if not (plain := _fold_one(written) or _fold_wide_mark(text, match.start(), written)):
            continue
        if _NUMBERED.match(written):
            before, after = (
                text[max(0, match.start() - 1) : match.start()],
                text[match.end() : match.end() + 1],
            )
            if before.isalnum() and match.start() != end_of_number:
                plain = " " + plain
            if after.isalnum():
                plain += " "
                end_of_number = match.end()
        if plain != match[0]:
            yield Edit(match.start(), match.end(), plain, fixed=False)


@lru_cache(maxsize=4096)
def _fold_one(written: str) -> str:
    """A letter, a digit or a word in its usual form; empty if it is none of them."""
    first = written[0]
    for table in (_HYPHENS, _SLASHES, _MONEY, _UNITS):
        if first in table:
            return table[first]
    if first in "0123456789#*":
        return first
    if len(written) > 1:
        return unicodedata.normalize("NFKC", written)
    if _NUMBERED.match(first):
        return _read_number(first)
    if _COMPATIBLE.match(first):
        return unicodedata.normalize("NFKC", first).strip("()")
    if _SUPERSCRIPT_LETTERS.match(first) or _SUBSCRIPT.match(first):
        return unicodedata.normalize("NFKC", first)
    return _fold_style(first)


def _read_number(character: str) -> str:
    if character > "\u3200" and unicodedata.numeric(character) <= 10:  # 一 in a circle or in brackets
        return unicodedata.normalize("NFKC", character).strip("()")
    return str(int(unicodedata.numeric(character)))


def _fold_style(character: str) -> str:
    """A letter or word in another style, such as 𝐀, Ａ, Ⓐ, 🅰, ㎏; signs in another style stay."""
    style, _, codes = unicodedata.decomposition(character).partition(" ")
    if style in _STYLES:
        plain = "".join(chr(int(code, 16)) for code in codes.split())  # one level: ㎡ is m², not m2
        if "\uff01" <= character <= "\uffee" and not plain.isalnum():
            return plain if plain in "#*@%+=$&<>~^|\\_" else ""
        return plain if any(map(str.isalnum, plain)) else ""
    named = _NAMED_LETTER.fullmatch(unicodedata.name(character, ""))
    return named[1] if named else ""


def _fold_wide_mark(text: str, at: int, mark: str) -> str:
    """A full-width mark between Latin letters or digits. In Chinese and Japanese, it is the usual form."""
    before, after = text[max(0, at - 1) : at], text[at + 1 : at + 2]
    plain = unicodedata.normalize("NFKC", mark)
    if not ("\uff01" <= mark <= "\uff5e" and plain.isascii()):
        return ""
    latin = unicodedata.normalize("NFKC", before)
    return plain if latin.isascii() and latin.isalnum() and not _IDEOGRAPHIC.match(after) else ""
