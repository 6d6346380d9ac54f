"""Read signs: what has a word gets it, decoration is left out with a note, and emoji are left out or named.

Which is which:

- Words, in the languages of `voxpress.text.normalise.signs`: & @ % + = < > ~ ^ / \\ § © ® ™ ° ✓ ✗, mathematical signs,
  currency signs without an amount, single Greek letters, superscripts, and the keys # and *.
- A pause: arrows, bullets and lines between words.
- Left out: emoji, other pictures and ornaments, lines of signs, and the signs of Markdown around words.
- Left as they are: signs that have no word in the language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import NamedTuple

import msgspec

from voxpress import languages
from voxpress.text.normalise import emoji as pictures
from voxpress.text.normalise.keys import follows_key_word, name_key
from voxpress.text.normalise.signs import NAMES, say_group
from voxpress.text.passage import Edit, Passage
from voxpress.text.patterns import lazily

LEFT_OUT = {
    "emoji": 'an emoji; emoji = "name" reads its name',
    "decoration": "decoration",
    "emphasis": "a sign of Markdown; markup markdown reads it so",
    "heading": "a sign of Markdown; markup markdown reads it so",
    "quotation": "the sign of a quotation",
    "list marker": "the sign of a list item",
    "tag": "a tag of HTML",
}
"""Rules that leave something out, and what a note says of it."""


def _load_words() -> dict[str, dict[str, str]]:
    table = resources.files(__package__).joinpath("symbols.tsv").read_text(encoding="utf-8")
    (_, *tags), *rows = (line.split("\t") for line in table.splitlines())
    return {sign: dict(zip(tags, words, strict=True)) for sign, *words in rows}


WORDS = _load_words()
"""The words of signs in running text, by language."""
_SAME = {
    "✔": "✓", "☑": "✓", "✗": "✗", "✘": "✗", "✖": "✗", "☒": "✗",
    "==": "=", "<=": "≤", ">=": "≥", "!=": "≠", "+-": "±", "+/-": "±", "∼": "~", "≃": "≈", "≅": "≈", "∗": "*", "⋅": "×",
    "µ": "μ", "ς": "σ", "ϕ": "φ", "ϑ": "θ", "ϵ": "ε", "∆": "δ", "∏": "π", "Ω": "ω", "＆": "&",
    "℃": "°C", "℉": "°F", "￥": "¥", "⬅": "←", "➡": "→", "⬆": "↑", "⬇": "↓",
}  # fmt: skip
"""Signs that are read as others."""
_JOINED = frozenset(("and/or", "und/oder", "y/o", "et/ou", "e/o", "e/ou", "en/of"))
"""Words whose slash nobody says."""
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_BULLETS = "•‣⁃∙·・▪▫■□▬▲△▶▷►▸▹▼▽◀◁◆◇○●◦◯★☆❖➔➜➝➞➢➤|¦"
_ARROWS = "\u2190-\u21ff\u27f0-\u27ff\u2900-\u297f\u2b00-\u2b11\u2794-\u27be"
_LINES = "\u2500-\u259f"
_ORNAMENTS = "\u25a0-\u25ff\u2600-\u2712\u2715-\u2793\u2b12-\u2bff\u2300-\u23ff‖¶†‡※⁂⁎⁑❡`´¨¯¸˜˝◌⟨⟩♪♫"
_TRIGGER = lazily("[#*&@%+=<>~^/\\\\|_$`]|----|- - -|[.,:;!?…](?:[–—]|--)|[^\x00-\x7fÀ-ÖØ-öø-ÿ–—…‘’“”„«»¿¡]")
"""What every text with a sign has."""
_GREEK = "[\u0391-\u03c9\u03d1\u03d5\u03f5µ]"
_SCAN = lazily(
    f"(?P<emoji>{pictures.PATTERN}(?: ?{pictures.PATTERN})*)"
    r"|(?P<rule>([=_~#*+^<>|•·─━═.])(?: ?\3){2,}|-{4,}|(?:- ){2,}-)"
    r"|(?P<arrow><?(?:-{1,3}|={1,3})>|<(?:-{1,3}|={2,3})(?![\d-]))"
    r"|(?P<dash>(?<=[.,:;!?…])(?:[–—―]+|-{2,3})(?=[^\W\d_]|[\"'“‘«„(]))"
    r"|(?P<stars>[*_]{1,3}|~~)"
    r"|(?P<tag></?(?=[^\W\d_][^<>]{0,100}>)|(?<=[^\W\d_])/?>(?! ?\d))"
    r"|(?P<several>[=!<>]=|\+/?-(?=\s?\w)|§§|°[CF]\b|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    rf"|(?P<greek>(?<!{_GREEK})(?<![\u1f00-\u1fff\u0370-\u0390\u03ca-\u03ff]){_GREEK}"
    rf"(?!{_GREEK})(?![\u1f00-\u1fff\u0370-\u0390\u03ca-\u03ff\u0301]))"
    rf"|(?P<between>[{_BULLETS}{_ARROWS}{_LINES}]+)"
    r"|(?P<key>#{1,6})"
    r"|(?P<sign>[&@%‰+=<>≤≥≠≈≃≅∼±−×÷∞√∑∫∏∆~^/\\§©℗®™℠°№℡℅✓✔☑✗✘✖☒♯♭∗⋅℃℉￥$€£¥¢₹₽₩₺₿Ω])"
    rf"|(?P<ornament>[{_ORNAMENTS}]+\ufe0f?|[\ufe0f\ufe0e])"
)


class _Place(NamedTuple):
    """A sign in its text."""

    passage: Passage
    start: int
    end: int
    language: str

    @property
    def written(self) -> str:
        return self.passage.text[self.start : self.end]

    @property
    def before(self) -> str:
        return self.passage.text[max(0, self.start - 1) : self.start]

    @property
    def after(self) -> str:
        return self.passage.text[self.end : self.end + 1]

    @property
    def alone(self) -> bool:
        """Whether spaces, or the ends of the text, are on both sides."""
        return not self.before.strip() and not self.after.strip()

    def is_number(self, start: int, end: int) -> bool:
        """Whether a digit, or what was one before it was read, stands there."""
        near = self.passage.text[max(0, start) : end]
        return any(map(str.isdigit, near)) or self.passage.is_fixed(max(0, start), end)

    def is_operand(self, start: int, end: int) -> bool:
        """Whether a number or a single letter stands there, up to the sign."""
        near = self.passage.text[max(0, start) : end]
        return self.is_number(start, end) or re.fullmatch(r"\W*[^\W\d_]\W*", near) is not None


_Reading = tuple[str, str] | None


def read_symbols(
    passage: Passage, language: str, *, emoji: pictures.Reading = "drop"
) -> list[tuple[Edit, str]]:
    """Edits of all signs that have a word, are a pause, or are left out, each with the name of its rule.

    What is left out (`LEFT_OUT`) is for a note.

    >>> passage = Passage.of("To finish, press #. R&D → *done* ✓ 👍")
    >>> passage.edit(edit for edit, _ in read_symbols(passage, "en-US")).text
    'To finish, press pound. R and D, done check'

    Args:
        passage: one paragraph, whose numbers were read.
        language: BCP 47 tag; its region decides what # is called.
        emoji: ``drop`` leaves them out, ``name`` reads their names.

    Raises:
        EngineNotInstalled: the package with the names of emoji is missing.
        InputError: it has none in that language.
    """
    return list(_find(passage, language, emoji)) if _TRIGGER.search(passage.text) else []


def _find(passage: Passage, language: str, emoji: pictures.Reading) -> Iterator[tuple[Edit, str]]:
    done = 0
    for match in _SCAN.finditer(passage.text):
        start, end = match.span()
        if passage.is_fixed(start, end) or start < done:
            continue
        place = _Place(passage, start, end, language)
        if match.lastgroup == "emoji":
            found: _Reading = _read_emoji(place, emoji)
        else:
            found = _READERS[match.lastgroup or ""](place)
        if found:
            edit = _fit(place, *found, follows=done == start > 0)
            if edit.start < done:  # the sign before it took the space between them
                edit = msgspec.structs.replace(edit, start=done)
            done = edit.end
            yield edit, found[1]


def _fit(place: _Place, spoken: str, rule: str, *, follows: bool) -> Edit:
    """An edit that keeps words apart and leaves no two spaces.

    Args:
        follows: another sign was read right before this one.
    """
    start, end = place.start, place.end
    before, after = place.before, place.after
    if rule == "dash":
        return Edit(start, end, f" {spoken} ", fixed=False)
    if spoken.strip(" ,"):
        lead = " " if before.isalnum() or follows or (before and before in ":;") else ""
        return Edit(start, end, lead + spoken + (" " if after.isalnum() else ""))
    if rule == "emphasis":
        return Edit(start, end, "", fixed=False)
    text = place.passage.text
    if before.isspace() and (spoken == "," or not after.strip() or after in ".,;:!?"):
        start -= 1
    elif not before and after.isspace():
        end += 1
    behind = text[end : end + 1]
    apart = spoken == "," or (text[max(0, start - 1) : start].isalnum() and behind.isalnum())
    return Edit(start, end, spoken.strip() + (" " if apart and not behind.isspace() else ""), fixed=False)


def _say(place: _Place, sign: str = "") -> _Reading:
    """The word of a sign; None in a language that has none."""
    written = sign or place.written
    word = WORDS.get(_SAME.get(written, written), {}).get(languages.base(place.language))
    return (word, "symbol") if word else None


def _drop(_: _Place) -> _Reading:
    return "", "decoration"


def _part(_: _Place) -> _Reading:
    """A dash behind a stop, as books have it: "Sir:—Yes!". Without spaces, espeak says "colon"."""
    return "—", "dash"


def _drop_bracket(place: _Place) -> _Reading:
    """A bracket around words or digits, as in <name>, as silent as a round one; elsewhere a comparison."""
    text, end = place.passage.text, place.end
    read = place.written[0] == "<" and place.passage.is_fixed(end, end + 1)
    if read and (end, text.find(">", end)) not in place.passage.fixed:
        return _say(place)
    before, after = text[max(0, place.start - 3) : place.start], text[end : end + 3]
    compared = re.search(r"(?:^| )\w ?$", before) and re.match(r" ?\w\b", after)
    return _say(place) if compared else ("", "bracket")


def _read_emoji(place: _Place, reading: pictures.Reading) -> _Reading:
    """Emoji in a row. Signs that are only drawn as emoji, such as a check mark, are read as signs."""
    said = []
    for picture in re.findall(pictures.PATTERN, place.written):
        sign = picture.rstrip("\ufe0f\ufe0e")
        if sign in WORDS or sign in _SAME:
            said.append((_say(place, sign) or ("", ""))[0])
        elif reading == "name":
            said.append(pictures.name_emoji(picture, place.language))
    return ", ".join(filter(None, said)), "emoji"


def _read_rule(place: _Place) -> _Reading:
    """A line of one sign; a row of stops is an ellipsis."""
    if place.written[0] == ".":
        return None
    if place.written.startswith("#") and place.start == 0 and place.after.isspace():
        return _read_hash(place)
    if place.written[0] in "*_" and place.written in ("***", "___") and not place.alone:
        return _read_stars(place)
    return _drop(place)


def _read_between(place: _Place) -> _Reading:
    """A bullet, an arrow or a line: a pause between words, nothing elsewhere."""
    text = place.passage.text
    if place.before.isalpha() and place.after.isalpha() and place.written in "··":
        return None  # Catalan: col·legi
    if place.written in "←→↑↓" and follows_key_word(text, place.start):
        return _say(place)
    before = text[max(0, place.start - 4) : place.start].rstrip(" *_~)\"'”’»")
    after = text[place.end : place.end + 4].lstrip(" *_~(\"'“‘«")
    if not before or not after or not (before[-1].isalnum() and after[0].isalnum()):
        return _drop(place)
    return ",", "separator"


def _read_stars(place: _Place) -> _Reading:
    """Signs of emphasis around words, a footnote's star, a multiplication, or the key."""
    written, before, after = place.written, place.before, place.after
    if written == "*" and (place.alone or _is_key(place)):
        return _read_lone_star(place)
    if written[0] == "_" and before.isalnum() and after.isalnum():
        return (NAMES[base]["_"], "symbol") if (base := languages.base(place.language)) in NAMES else None
    if not before.isalnum() and not after.isspace() and after:
        return "", "emphasis"
    if not before.isspace() and before and not after.isalnum():
        return "", "emphasis"
    if (
        written == "*"
        and before.isalnum()
        and after.isalnum()
        and place.is_number(place.start - 1, place.end + 1)
    ):
        return _say(place, "×")
    return _drop(place)


def _is_key(place: _Place) -> bool:
    """Whether a star with a mark at its side is a key: 'press *.'"""
    return (
        not place.before.strip(" ,/(\"'“„«")
        and not place.after.strip(" ,.;:!?/)\"'”“»")
        and bool(place.before or not place.after.strip())
    )


def _read_lone_star(place: _Place) -> _Reading:
    around = (place.start - 3, place.start), (place.end, place.end + 3)
    if all(place.is_operand(*side) for side in around) and not follows_key_word(
        place.passage.text, place.start
    ):
        return _say(place, "×")
    name = name_key("*", place.language)
    return (name, "key") if name else None


def _read_hash(place: _Place) -> _Reading:
    """The key #, or the sign of a number."""
    text = place.passage.text
    if len(place.written) > 1:
        return _drop(place)
    if place.is_number(place.end, place.end + 1) and not follows_key_word(text, place.start):
        return _say(place, "№")
    letters = re.match(r"[A-Z]{1,5}-?", text[place.end : place.end + 6])
    if letters and place.is_number(place.end + letters.end(), place.end + letters.end() + 1):
        return _say(place, "№")
    if (place.before.isalpha() or place.after.isalpha()) and not follows_key_word(text, place.start):
        return NAMES.get(languages.base(place.language), {"#": name_key("#", place.language)})["#"], "symbol"
    if place.language.startswith("en") and text.startswith(" of ", place.end):
        return "number", "symbol"
    named = text[max(0, place.start - 2) : place.start].strip().isalpha()
    if place.after == ":" and named and not follows_key_word(text, place.start):
        return _say(place, "№")  # Account #: 12345
    name = name_key("#", place.language)
    return (name, "key") if name else None


def _read_several(place: _Place) -> _Reading:
    """Signs of two characters, and superscripts: powers, or the numbers of footnotes."""
    written, text = place.written, place.passage.text
    digits = written.strip("⁻⁺").translate(_SUPERSCRIPTS)
    if not digits.isascii() or not digits.isdigit():
        return _say(place)
    base = languages.base(place.language)
    if base not in NAMES:
        return None
    if re.search(r"[^\W\d_]{3}$", text[max(0, place.start - 3) : place.start]):
        return _drop(place)  # the number of a footnote
    if written in ("²", "³"):
        return _say(place)
    sign = {"⁻": f"{WORDS['−'][base]} ", "⁺": f"{WORDS['+'][base]} "}.get(written[0], "")
    return f"{WORDS['^'][base]} {sign}{say_group(digits, base)}", "symbol"


def _read_greek(place: _Place) -> _Reading:
    """A Greek letter that stands alone: a symbol, unless the text is Greek."""
    return _say(place, _SAME.get(place.written, place.written.lower()))


def _read_sign(place: _Place) -> _Reading:
    written = place.written
    special = _SPECIAL.get(written)
    return special(place) if special else _say(place)


def _read_slash(place: _Place) -> _Reading:
    text = place.passage.text
    word = text[max(0, place.start - 4) : place.end + 5].lower().split()
    if any(each.strip("().,;:") in _JOINED for each in word):
        return " ", "symbol"
    return _say(place)


def _read_tilde(place: _Place) -> _Reading:
    """About, before a number; decoration behind a word."""
    if place.is_number(place.end, place.end + 2):
        return _say(place)
    base = languages.base(place.language)
    if place.alone and base in NAMES:
        return NAMES[base]["~"], "symbol"
    return _drop(place)


def _read_caret(place: _Place) -> _Reading:
    if place.before.isalnum() and place.after.isalnum():
        return _say(place)
    base = languages.base(place.language)
    return (NAMES[base]["^"], "symbol") if base in NAMES else None


_SPECIAL: dict[str, Callable[[_Place], _Reading]] = {
    "/": _read_slash,
    "~": _read_tilde,
    "^": _read_caret,
}
_READERS: dict[str, Callable[[_Place], _Reading]] = {
    "rule": _read_rule,
    "dash": _part,
    "arrow": _read_between,
    "stars": _read_stars,
    "tag": _drop_bracket,
    "several": _read_several,
    "greek": _read_greek,
    "between": _read_between,
    "key": _read_hash,
    "sign": _read_sign,
    "ornament": _drop,
}
