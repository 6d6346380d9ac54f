"""The keys # and * of a telephone, as the people of each region call them.

A star or a number sign that stands alone, or among digits, is a key, unless it is clearly something else: emphasis, a
bullet, a heading, a line of signs, the number sign before a number, or a multiplication. What can be either is read as
a key and marked as uncertain, because a prompt without its key is of no use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from voxpress import languages
from voxpress.text.normalise.signs import NAMES, say_digits
from voxpress.text.passage import Edit, Passage
from voxpress.text.patterns import lazily

_SQUARE = {
    "en": "hash",
    "en-US": "pound",
    "en-CA": "pound",
    "de": "Raute",
    "es": "numeral",
    "es-ES": "almohadilla",
    "es-MX": "gato",
    "fr": "dièse",
    "fr-CA": "carré",
    "it": "cancelletto",
    "pt": "cardinal",
    "pt-BR": "jogo da velha",
    "nl": "hekje",
}
"""The key #, which the International Telecommunication Union calls square."""
_STAR = {
    "en": "star",
    "de": "Stern",
    "es": "asterisco",
    "fr": "étoile",
    "it": "asterisco",
    "pt": "asterisco",
    "nl": "sterretje",
}
_NUMBER = {
    "en": "number",
    "de": "Nummer",
    "es": "número",
    "fr": "numéro",
    "it": "numero",
    "pt": "número",
    "nl": "nummer",
}
_STARS = {
    "en": "star",
    "de": "Sterne",
    "es": "estrellas",
    "fr": "étoiles",
    "it": "stelle",
    "pt": "estrelas",
    "nl": "sterren",
}
_HOME = {"en": "en-US", "es": "es-ES", "pt": "pt-BR"}
"""The region that a language without one stands for."""

STARS = "*✱∗⁎"
"""Characters for the key with the star."""
SIGNS = f"#{STARS}"
"""Characters for the two keys."""
_KEY_WORDS = lazily(
    r"\b(?:press|dial|keys?\b|push|enter\b|hit\b|touch|button|followed by"
    r"|drück|taste|wähl|tipp|eingabe|raute|bestätig|gefolgt"
    r"|seguid|suivi|seguit|gevolgd"
    r"|puls[ae]|marque|marca|tecla|presion|oprim|digit(?!al)"
    r"|appuy|touche|compos|tapez|faites"
    r"|prem[ei]|tast[oi]\b|schiacci|componi"
    r"|pressione|tecle|disque|prima\b|aperte"
    r"|druk|toets|kies\b)",
    re.IGNORECASE,
)
_NEAR = 80
"""Characters before a sign in which a word may say that it is a key."""
_VERB = lazily(
    r"(?:press(?:ing)?|dial(?:ling|ing)?|push|enter|hit|touch|key|keys|button|code|by|just|star|pound|hash"
    r"|drücken(?: sie)?|drücke|taste|wählen(?: sie)?|tippen(?: sie)?|sie|mit|stern|raute"
    r"|pulse|pulsa|marque|marca|presione|oprima|digite|teclee|tecla|código|de"
    r"|appuyez sur|appuyez|composez|tapez|faites|sur|touche|la|le"
    r"|prema|premi|premere|digiti|digita|digitare|tasto|il|da"
    r"|pressione|tecle|disque|prima|aperte|a|o"
    r"|druk|druk op|toets|kies|op|door|hekje|sterretje"
    r"|or|and|then|the|plus|with|oder|und|dann|die|y|luego|con|el|ou|et|puis|avec|e|poi|of|en|dan|het|met|com)",
    re.IGNORECASE,
)
"""Words right before a key: verbs of pressing, and what stands between them and the key."""
_NOUNS = frozenset(("key", "button", "taste", "tecla", "touche", "tasto"))
"""Words that a number may follow: key #5 is key number five."""
_ATTACHED = lazily(
    r"(?<!\w)(?:press|dial|push|enter|hit|key|drücken|wählen|tippen|taste|sie|pulse|marque|presione|oprima|digite|tecla"
    r"|appuyez|composez|tapez|touche|prema|premi|premere|digiti|digita|digitare|tasto|pressione|disque|aperte|druk|toets"
    r"|kies|op|sur|or|and|oder|und)\Z",
    re.IGNORECASE,
)
"""Words that a key may be written to without a space."""
_NAMED = lazily(r"[\"'”’»)]?[ -](?:key|button|taste|touche|tecla|tasto|toets)", re.IGNORECASE)
_MENU = lazily(
    r"\s*(?:[:=|→➔(]|[-–—]{1,3}>?\s|[-=]>|\)\s)"
    r"|\s+(?:to|for|is|means|key|button|zum|zur|für|um|bedeutet|taste|para|pour|per|tecla|touche|tasto|toets|voor|om)\b",
    re.IGNORECASE,
)
"""What follows a key in a line of a menu."""
_MENU_SIGN = lazily(r"\s*(?:[:=|→➔(]|[-–—]{1,3}>?\s|[-=]>|\)\s)")
_MENU_DIGIT = lazily(r"\W{0,4}[0-9](?:\s*[:=→➔]|\s*[-–—]{1,2}\s|\s+[^\W\d_])")
_BULLET = lazily(r"\s*[-+•‣⁃◦▪●○·–—][^\S\n]")
_ITEM = lazily(rf"((?:[-+•‣⁃◦▪●○|·–—][^\S\n]+)*)([{SIGNS}]+)(?=[\s:=|→➔)(]|[-–—]+\s|\Z)")
_CODE = lazily(r"(?:[-+•‣⁃◦▪●○|·–—][^\S\n]+)*[*#]{1,3}[0-9]{1,4}[*#]?(?=[\s:=|–—-])")
_PLACEHOLDER = lazily(r"[*#]{1,3}[0-9]{1,4}\*")
_LETTERS = lazily(r"[A-Z]{2,10}(?:#|(?![\w*-]))")
_RUN = lazily(rf"[0-9{SIGNS}]+")
_LONGEST = 40
"""Characters of the longest row of keys."""
_DIALLED = lazily(r"(?:-[0-9]{2,10}){1,4}(?![\w-])|(?:[ .-][0-9]{3,4}){1,3}(?![\w-]|[.,][0-9])")
_BEFORE = frozenset("([{<\"'‘“„«‚‹¿¡/|,;:=+-–—→>_.…")
_AFTER = frozenset(")]}>\"'’”“»›/|,;:=+-–—→<_.!?…")
_STRONG = lazily(r"(\*{2,3})([0-9#]+)\1")


@lru_cache(maxsize=256)
def name_key(sign: str, language: str) -> str:
    """What a key is called; empty in a language whose word is not known.

    >>> name_key("#", "en-US"), name_key("#", "en-GB"), name_key("*", "de"), name_key("#", "fr-CA")
    ('pound', 'hash', 'Stern', 'carré')
    """
    table = _SQUARE if sign == "#" else _STAR
    base = languages.base(language)
    tag = languages.canonical(language) if "-" in language else _HOME.get(base, base)
    region = next((part for part in tag.split("-")[1:] if len(part) == 2), "")
    return table.get(f"{base}-{region}", table.get(base, ""))


def follows_key_word(text: str, at: int) -> bool:
    """Whether a word such as press or dial stands before a place, in the same sentence.

    >>> follows_key_word("To finish, press #", 17), follows_key_word("He pressed on. # Title", 15)
    (True, False)
    """
    before = re.split(r"[.!?]\s", text[max(0, at - _NEAR) : at])[-1]
    return _KEY_WORDS.search(before) is not None


def find_menu_keys(lines: Sequence[str], *, alone: bool = True) -> frozenset[int]:
    """Which lines of a text begin with a key, and not with a bullet or the sign of a heading.

    Args:
        alone: no other text stands around these lines.

    >>> sorted(find_menu_keys(["Menu", "* to repeat", "# to finish"]))
    [1, 2]
    >>> find_menu_keys(["# Shopping", "* milk", "* eggs"])
    frozenset()
    """
    codes = {number for number, line in enumerate(lines) if _CODE.match(line)}
    items = {number: item for number, line in enumerate(lines) if (item := _ITEM.match(line))}
    if not items:
        return frozenset(codes)
    menu = any(_MENU_DIGIT.match(line) for line in lines)
    listed = any(number not in items and _BULLET.match(line) for number, line in enumerate(lines))
    count = {sign: sum(item[2] == sign for item in items.values()) for sign in "*#"}
    keys = {
        number for number, item in items.items() if _is_menu_key(lines[number], item, count, menu, listed)
    }
    stars = any(lines[number].lstrip(" -+•|")[:1] in STARS for number in keys)
    for number, item in items.items():
        if item[2] == "#" and (menu or stars or (alone and len(lines) == 1)):
            keys.add(number)
    return frozenset(keys | codes)


def _is_menu_key(line: str, item: re.Match[str], count: dict[str, int], menu: bool, listed: bool) -> bool:
    """Whether what follows the sign, or the lines around it, say that it is a key."""
    sign, rest = item[2], line[item.end() :]
    if _MENU_SIGN.match(rest) or not rest.strip():
        return True
    if menu and len(sign) == 1:
        return True
    if count.get(sign, 1) == 1 and _MENU.match(rest):
        return True
    return sign == "*" and count[sign] == 1 and not listed


def find_keys(passage: Passage, language: str) -> Iterator[tuple[Edit, str]]:
    """Keys, alone or pressed one after the other, such as *67 and #31#; and # as the sign of a number, such as #1.

    >>> passage = Passage.of("Press *67#, or # to finish. We are #1.")
    >>> passage.edit(edit for edit, _ in find_keys(passage, "en-GB")).text
    'Press star six seven hash, or hash to finish. We are number 1.'

    Args:
        passage: one paragraph, without bullets and the signs of headings.
        language: BCP 47 tag; its region decides what # is called.
    """
    if languages.base(language) not in NAMES or not any(sign in passage.text for sign in SIGNS):
        return
    text = _hide_fixed(passage)
    for match in _RUN.finditer(text):
        if match.end() - match.start() <= _LONGEST and any(sign in match[0] for sign in SIGNS):
            yield from _Run(passage, text, match.start(), match.end(), language).read()


def _hide_fixed(passage: Passage) -> str:
    """The text with spaces for what an earlier stage has decided."""
    pieces, done = [], 0
    for start, end in passage.fixed:
        pieces += [passage.text[done:start], " " * (end - start)]
        done = end
    return "".join([*pieces, passage.text[done:]])


class _Run:
    """Keys and digits that stand next to each other in a text."""

    def __init__(self, passage: Passage, text: str, start: int, end: int, language: str) -> None:
        self._passage, self._text, self._start, self._end = passage, text, start, end
        self._language, self._base = language, languages.base(language)
        self._keys = re.sub(f"[{STARS}]", "*", text[start:end])
        self._before, self._after = text[start - 1 : start] if start else "", text[end : end + 1]
        self._near = follows_key_word(passage.text, start)

    def read(self) -> Iterator[tuple[Edit, str]]:
        """The edits of these keys; none where they are something else, or another reader decides."""
        if strong := _STRONG.fullmatch(self._keys):
            yield from self._read_strong(len(strong[1]))
            return
        if not self._stands_free() or self._is_emphasis() or self._is_product() or self._is_ornament():
            return
        if re.fullmatch(r"[1-7]\*", self._keys) and not self._near:
            if re.match(r"[ -][^\W\d_]", self._text[self._end : self._end + 2]):
                stars = Edit(self._end - 1, self._end, f" {_STARS[self._base]}")
                yield stars, "stars"
            return
        if self._is_number_sign():
            if len(self._keys) > 1:
                certain = not self._near
                number = Edit(self._start, self._start + 1, f"{_NUMBER[self._base]} ", certain=certain)
                yield number, "number sign"
            return
        if self._keys[0].isdigit() and not self._near and self._keys.endswith("*"):
            return
        yield self._name(), "key"

    def _read_strong(self, length: int) -> Iterator[tuple[Edit, str]]:
        """Keys in bold, as in **1** or **#**: the stars are Markdown's."""
        inner = _Run(self._passage, self._text, self._start + length, self._end - length, self._language)
        yield Edit(self._start, self._start + length, "", fixed=False), "emphasis"
        if "#" in inner._keys:
            yield inner._name(), "key"
        yield Edit(self._end - length, self._end, "", fixed=False), "emphasis"

    def _name(self) -> Edit:
        """The names of the keys, and of the digits of a telephone number that belongs to them."""
        end, groups = self._end, [self._keys]
        if re.fullmatch(r"[*#]{1,2}[0-9]{2,4}", self._keys) and (
            more := _DIALLED.match(self._text, self._end)
        ):
            end = more.end()
            groups += re.findall("[0-9]+", more[0])
        spoken = ", ".join(" ".join(map(self._say, group)) for group in groups)
        written = self._passage.text
        near = written[max(0, self._start - 2) : self._start]
        lead = " " if near[-1:].isalnum() or re.fullmatch(r"[*#][.,;:]", near) else ""
        trail = " " if written[end : end + 1].isalnum() else ""
        return Edit(self._start, end, f"{lead}{spoken}{trail}", certain=self._is_certain())

    def _say(self, key: str) -> str:
        return say_digits(key, self._language) if key.isdigit() else name_key(key, self._language)

    def _stands_free(self) -> bool:
        """Whether no letter, and no sign of an address or of an amount, touches the keys."""
        before, after = self._before, self._after
        if _PLACEHOLDER.fullmatch(self._keys) and (after.isalpha() or after in "<[{"):
            return not before or before.isspace() or before in _BEFORE  # *21*number#
        if self._keys in ("*", "#") and _LETTERS.match(self._text, self._end):
            return self._near and self._follows_verb()  # *DATA#
        if after.isalnum() or (after in "%°€$£@" and after):
            return False
        if before.isalpha():
            return (
                self._keys[0] in "*#"
                and _ATTACHED.search(self._text, max(0, self._start - 20), self._start) is not None
            )
        if before.isspace() or not before:
            return not after or after.isspace() or after in _AFTER
        if self._keys[0].isdigit() and before in ".,":
            return False
        further = self._text[max(0, self._start - 2) : self._start - 1]
        if before in "/=-.:" and further.isalpha() and "#" in self._keys:
            return False  # an address
        return before in _BEFORE and (not after or after.isspace() or after in _AFTER)

    def _is_emphasis(self) -> bool:
        """Whether stars open or close emphasis that holds more than keys."""
        keys = self._keys
        if opening := re.match(r"\*+(?=[0-9])", keys):
            stars = opening[0]
            if (self._near and len(stars) == 1) or keys.endswith(("*", "#")):
                return False
            closing = re.compile(rf"[^*]{{0,200}}[^*\s]{re.escape(stars)}(?![\w*])")
            return closing.match(self._text, self._end) is not None
        if closed := re.fullmatch(r"[0-9]+(\*+)", keys):
            opened = re.compile(rf"(?<![\w*]){re.escape(closed[1])}[^\s*][^*]*\Z")
            window = self._text[max(0, self._start - 200) : self._start]
            return (not self._near or len(closed[1]) > 1) and opened.search(window) is not None
        return False

    def _is_product(self) -> bool:
        """Whether a star multiplies."""
        if self._near or "#" in self._keys:
            return False
        if re.fullmatch(r"[0-9]+(?:\*[0-9]+)+", self._keys):
            return True
        if self._keys == "**":
            return bool(re.search(r"[0-9]\s?\Z", self._text[max(0, self._start - 2) : self._start]))
        left, right = self._text[max(0, self._start - 4) : self._start], self._text[self._end : self._end + 4]
        return (
            self._keys == "*"
            and re.search(r"(?:[0-9]|(?<!\w)[^\W\d_]|\))\s?\Z", left) is not None
            and re.match(r"\s?(?:[0-9]|[^\W\d_](?!\w)|\()", right) is not None
        )

    def _is_ornament(self) -> bool:
        """Whether the signs are a line, hide digits, or are a picture of a star that nothing tells to be a key."""
        if re.match(r"\*{4}|\*{3}(?=[0-9])" if not self._near else r"\*{4,}[0-9]", self._keys):
            return True
        if self._keys == "**" == self._text.strip():  # emphasis without words, as chat programs send it
            return True
        if len(self._keys) >= 3 and len(set(self._keys)) == 1:
            return not (self._near and self._follows_verb())
        around = self._text[max(0, self._start - 4) : self._end + 4]
        if re.search(r"([*#]) \1 \1", around):
            return not self._near
        written = self._text[self._start]
        return written in STARS[1:] and not self._near and not _MENU.match(self._text, self._end)

    def _is_number_sign(self) -> bool:
        """Whether # stands for the word number."""
        if self._keys == "#" and self._base == "en" and self._text.startswith(" of ", self._end):
            return True
        ahead = self._text[self._end : self._end + 3]
        if self._keys == "#" and self._find_word() and not self._near and re.match(": ?[0-9]", ahead):
            return True
        if not (re.fullmatch("#[0-9]+", self._keys) or (self._keys == "#" and re.match(r" ?[0-9]", ahead))):
            return False
        return not (self._near and self._follows_verb()) or self._find_word().lower() in _NOUNS

    def _find_word(self) -> str:
        """The word right before; empty where a mark stands between it and the keys."""
        before = self._text[max(0, self._start - 30) : self._start].rstrip(" (\"'“„«‘*_")
        word = re.search(r"[^\W\d_]+\Z", before)
        return word[0] if word else ""

    def _follows_verb(self) -> bool:
        """Whether the word before says that a key is pressed, or no word stands between it and the keys before."""
        word = self._find_word()
        return not word or _VERB.fullmatch(word) is not None

    def _is_certain(self) -> bool:
        if self._follows_verb() and self._near:
            return not re.fullmatch(r"\*[0-9#]+\*|[*#]{3,}", self._keys)
        before = self._text[: self._start] if self._start < 16 else "…"
        begins = not before.strip(" -|•(\"'“„«‘*_")
        if _NAMED.match(self._text, self._end) or _MENU_SIGN.match(self._text, self._end):
            return True
        if begins and self._is_last():
            return True
        if len(self._keys) > 1 and re.search("[0-9]", self._keys):
            return not re.fullmatch(r"\*[0-9#]+\*", self._keys)
        return begins and _MENU.match(self._text, self._end) is not None

    def _is_last(self) -> bool:
        after = self._text[self._end : self._end + 16]
        return len(after) < 16 and not after.strip(" .!)\"'”’»“*_")
