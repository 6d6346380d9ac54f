"""The keys # and * of a telephone, as the people of each region call them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voxpress import languages
from voxpress.text.normalise.signs import NAMES, say_digits
from voxpress.text.passage import Edit
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

_KEY_WORDS = lazily(
    r"\b(?:press|dial|keys?\b|push|enter\b|hit\b|touch|button"
    r"|drück|taste|wähl|tipp|eingabe|raute"
    r"|puls[ae]|marque|marca|tecla|presion|oprim|digit"
    r"|appuy|touche|compos|tapez"
    r"|prem[ei]|tast[oi]\b|schiacci"
    r"|pressione|tecle|disque|prima\b"
    r"|druk|toets)",
    re.IGNORECASE,
)
_NEAR = 80
"""Characters before a sign in which a word may say that it is a key."""

_SEQUENCE = lazily(
    r"(?<![\w*#.,])[*#]{1,3}[0-9][0-9*#]{0,24}(?![\w*])"
    r"|(?<![\w*#.,$€£])[0-9]{1,15}(?:(?:\*[0-9]{1,15})?#(?![\w#])|\*(?![\w*]))"
)


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


def find_sequences(text: str, language: str) -> Iterator[tuple[Edit, str]]:
    """Keys that are pressed one after the other, such as *67 and #31#, and # as the sign of a number, such as #1."""
    if not ("#" in text or "*" in text) or languages.base(language) not in NAMES:
        return
    for match in _SEQUENCE.finditer(text):
        keys = match[0]
        if re.fullmatch(r"#\d+", keys) and not follows_key_word(text, match.start()):
            number = _NUMBER[languages.base(language)]
            yield Edit(match.start(), match.start() + 1, f"{number} "), "number sign"
            continue
        if keys.endswith("*") and keys[0].isdigit() and not follows_key_word(text, match.start()):
            if re.fullmatch(r"[1-7]\*", keys) and re.match(
                r"[ -][^\W\d_]", text[match.end() : match.end() + 2]
            ):
                yield Edit(match.end() - 1, match.end(), f" {_STARS[languages.base(language)]}"), "stars"
            continue
        said = (say_digits(key, language) if key.isdigit() else name_key(key, language) for key in keys)
        yield Edit(match.start(), match.end(), " ".join(said)), "key"
