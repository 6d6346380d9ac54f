"""Word error rate: the words that a recogniser heard, compared with those of the text.

The comparison ignores case, punctuation, spelling variants and the way a number is written. It also ignores differences
that no recogniser can hear: words that sound alike, and words that are joined or split.
"""

from __future__ import annotations

import functools
import importlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from voxpress import languages
from voxpress.errors import EngineNotInstalled
from voxpress.text import numerals
from voxpress.text.patterns import lazily

BAR = 0.15
"""Share of wrong words that a long text may have, since recognisers make mistakes."""
SHORT = 4
"""Most words of a text that is too short to give a recogniser context."""
SLIPS = 0.35
"""Share of wrong letters that a short text may have."""
LIKELY = -5.0
"""Lowest log likelihood of a word at which it counts as heard, whatever the recogniser wrote."""

_INSTALL = "pip install 'voxpress[listen]'"

_EMPHASIS = re.compile(r"(?<!\*)\*{1,3}([^\W\d_](?:[^*]*[^*\s])?)\*{1,3}(?!\*)")
_BRACKETS = re.compile(r"[][(){}<>]")
_SYMBOLS = {"&": " and ", "+": " plus ", "@": " at ", "=": " equals "}
_SIGNS: Mapping[str, Mapping[str, str]] = {
    "de": {"%": "prozent", "€": "euro", "$": "dollar", "£": "pfund", "°": "grad", "&": "und", "+": "plus"},
    "es": {
        "%": "por ciento",
        "€": "euros",
        "$": "dólares",
        "£": "libras",
        "°": "grados",
        "&": "y",
        "+": "más",
    },
    "fr": {
        "%": "pour cent",
        "€": "euros",
        "$": "dollars",
        "£": "livres",
        "°": "degrés",
        "&": "et",
        "+": "plus",
    },
    "it": {
        "%": "per cento",
        "€": "euro",
        "$": "dollari",
        "£": "sterline",
        "°": "gradi",
        "&": "e",
        "+": "più",
    },
    "nl": {"%": "procent", "€": "euro", "$": "dollar", "£": "pond", "°": "graden", "&": "en", "+": "plus"},
    "pt": {
        "%": "por cento",
        "€": "euros",
        "$": "dólares",
        "£": "libras",
        "°": "graus",
        "&": "e",
        "+": "mais",
    },
}
"""How signs are read in languages other than English."""
_DECIMAL = {"de": "komma", "es": "coma", "fr": "virgule", "it": "virgola", "nl": "komma", "pt": "vírgula"}
_KEYS: Mapping[str, Mapping[str, str]] = {
    "de": {"#": "raute rautezeichen doppelkreuz", "*": "stern sternchen"},
    "en": {"#": "pound hash", "*": "star asterisk"},
    "en-US": {"#": "pound", "*": "star asterisk"},
    "en-CA": {"#": "pound", "*": "star asterisk"},
    "es": {"#": "almohadilla numeral", "*": "asterisco estrella"},
    "es-MX": {"#": "gato numeral almohadilla", "*": "asterisco estrella"},
    "fr": {"#": "dièse", "*": "étoile astérisque"},
    "fr-CA": {"#": "carré dièse", "*": "étoile astérisque"},
    "it": {"#": "cancelletto", "*": "asterisco stella"},
    "nl": {"#": "hekje", "*": "sterretje ster"},
    "pt": {"#": "cardinal sustenido cerquilha", "*": "asterisco estrela"},
}
"""Names of the keys of a telephone by language; a region has its own, and an English one that is not named here says
hash. The names of a key in one place are one word."""
_WORDLIKE = lazily(languages.WORDLIKE)
_WRITTEN = lazily(rf"{languages.WORDLIKE}|(?:(?!{languages.WORDLIKE})\S)+")
"""A word as it is written, with what stands around it."""
_KEY_WORD = re.compile("(?:taste|toets)$")
_STAR_TO = re.compile(r"\b(press|dial|hit|push) start(?= to\b)", re.IGNORECASE)
"""Nobody hears the difference between "press star to" and "press start to"."""
_HASH = {"#": "hash", "*": "star asterisk"}
_LOOKS_LIKE = str.maketrans({"∗": "*", "⁎": "*", "✱": "*", "♯": "#", "\ufe0f": "", "\u20e3": " "})
_ENGLISH = {
    "ok": ("okay",),
    "alright": ("all", "right"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "cannot": ("can", "not"),
    "one": ("1",),
    "zero": ("0",),
    "niner": ("9",),
    "-": ("minus",),
    ".": ("point",),
    "%": ("percent",),
    "°": ("degrees",),
    "$": ("dollars",),
    "£": ("pounds",),
    "€": ("euros",),
    "¢": ("cents",),
}
_SOUND_ALIKE = {
    word: group.partition(" ")[0]
    for group in (
        *(
            "1 won",
            "2 to too",
            "4 for fore",
            "8 ate",
            "0 oh o",
            "our hour",
            "are r",
            "ant aunt",
            "bare bear",
            "be b bee",
        ),
        *(
            "blew blue",
            "brake break",
            "buy by bye",
            "c see sea",
            "cell sell",
            "cent scent sent",
            "check cheque",
        ),
        *(
            "dear deer",
            "die dye",
            "fair fare",
            "flour flower",
            "gray grey",
            "grate great",
            "hair hare",
            "hear here",
        ),
        *(
            "heal heel",
            "hole whole",
            "i eye",
            "j jay",
            "k kay",
            "key quay",
            "knew new",
            "knight night",
            "know no",
        ),
        *(
            "made maid",
            "mail male",
            "main mane",
            "meat meet",
            "mic mike",
            "p pea",
            "pair pear",
            "passed past",
        ),
        *(
            "peace piece",
            "plain plane",
            "principal principle",
            "q queue cue",
            "rain reign",
            "read red",
            "right write",
        ),
        *(
            "road rode",
            "role roll",
            "sail sale",
            "scene seen",
            "seam seem",
            "site sight cite",
            "some sum",
            "son sun",
        ),
        *(
            "stair stare",
            "stationary stationery",
            "steal steel",
            "t tea tee",
            "tail tale",
            "their there",
        ),
        *("threw through", "tire tyre", "u you", "wait weight", "way weigh", "weak week", "wear where"),
        *("weather whether", "which witch", "wood would", "x ex", "y why"),
    )
    for word in group.split()
}


class Difference(NamedTuple):
    """Words of the text, and those heard in their place; either may be empty."""

    asked: str
    heard: str

    def __str__(self) -> str:
        return f"{self.asked or '∅'} → {self.heard or '∅'}"


class Replacement(NamedTuple):
    """Words of a text that were not heard, and the place in what was heard where they belong.

    Attributes:
        start, end: in what was heard; equal where nothing was heard in place of the words.
    """

    start: int
    end: int
    asked: str


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between a text and what a recogniser heard."""

    words: int
    """Words of the text; a number is one, and in scripts without spaces each character is one."""
    errors: int
    """Words missing, added or replaced."""
    letters: int
    """Letters of the text."""
    slips: int
    """Letters missing, added or replaced."""
    numbers: int = 0
    """Numbers and keys missing, added or replaced by others."""
    likelihood: float | None = None
    """Log likelihood of the least likely word: of a short text, or of those that a longer one has where something else
    was heard. 0 is certain, None not measured."""
    differences: tuple[Difference, ...] = ()

    @property
    def wer(self) -> float:
        """Word error rate: 0 is perfect, and it can be above 1."""
        return self.errors / max(1, self.words)

    @property
    def cer(self) -> float:
        """Letter error rate."""
        return self.slips / max(1, self.letters)


def score(asked: str, heard: str, language: str) -> Score:
    """Compare a text with what was heard.

    Args:
        asked: the text as the row has it.
        heard: the text as the recogniser wrote it.
        language: BCP 47 tag.

    >>> print(*score("Your colour is grey, twenty-four.", "your color was gray 24", "en-GB").differences)
    is → was
    >>> score("Press 1 for the voice mailbox.", "Press one, for the voicemail box!", "en").errors
    0

    Raises:
        EngineNotInstalled: the packages of the extra ``listen`` are missing.
    """
    found = _compare(asked, heard, language)
    if not found.errors:
        return found
    # A recogniser writes "five milligrams" as "5 mg", "number one" as "#1": so both are compared as they are read, too.
    return min(
        found, _compare(_read(asked, language), _read(heard, language), language), key=lambda one: one.errors
    )


def _read(text: str, language: str) -> str:
    """A text with its addresses, numbers and abbreviations as the front end reads them; nothing is left out."""
    from voxpress.text.normalise import normalise
    from voxpress.text.normalise.protected import read_protected
    from voxpress.text.passage import Passage

    passage = Passage.of(text)
    passage = passage.edit(edit for edit, _ in read_protected(passage, language))
    return normalise(passage, language, name="readers")[0].text


def _compare(asked: str, heard: str, language: str) -> Score:
    levenshtein = _import_package("rapidfuzz.distance").Levenshtein
    said, noticed = words(asked, language), words(heard, language)
    same = _list_same(language)
    canonical = [[same.get(word, word) for word in one] for one in (said, noticed)]
    errors, numbers, differences = 0, 0, []
    for a0, a1, b0, b1, cost in _find_differences(levenshtein.opcodes(*canonical)):
        if not any(
            "".join(one[a0:a1]) == "".join(other[b0:b1]) for one, other in (canonical, (said, noticed))
        ):
            errors += cost
            numbers += _has_other_numbers(said[a0:a1], noticed[b0:b1], language)
            differences.append(Difference(_join_shown(said[a0:a1]), _join_shown(noticed[b0:b1])))
    # The closer of two spellings counts: "14" and "Forking" compare as written, "4711" and "four seven one" as spoken.
    spelled = (_spell(asked), _spell(heard)), ("".join(canonical[0]), "".join(canonical[1]))
    slips, letters = min(
        ((levenshtein.distance(*each), len(each[0])) for each in spelled),
        key=lambda one: one[0] / max(1, one[1]),
    )
    return Score(
        words=len(said),
        errors=errors,
        letters=letters,
        slips=slips if errors else 0,
        numbers=numbers,
        differences=tuple(differences),
    )


def _has_other_numbers(said: Sequence[str], noticed: Sequence[str], language: str) -> bool:
    """Whether numbers or keys were left out, added or replaced by others; not where other words stand for them, which
    may sound like them.
    """
    asked, heard = ([word for word in one if is_number(word, language)] for one in (said, noticed))
    return "".join(asked) != "".join(heard) and bool(heard or not noticed)


def is_number(word: str, language: str) -> bool:
    """Whether a word of `words` is a number or the name of a key.

    >>> is_number("4711", "en"), is_number("pound", "en-US"), is_number("pounds", "en-GB"), is_number("stern", "de")
    (True, True, False, True)
    """
    name = _KEY_WORD.sub("", word)
    return word.isdecimal() or any(name in _read_keys(one) for one in (language, languages.base(language)))


def passes(score: Score, bar: float = BAR) -> bool:
    """Whether the audio counts as a reading of the text.

    No number and no key may be missing, added, or in the place of another, however long the text is.

    A text of more than `SHORT` words passes if each word that the recogniser did not write is likely in its place, and
    the word error rate is at most twice `bar` + 1 / words, or the letter error rate at most `bar`. Where the likelihood
    is not known, each may have half of that. For shorter texts, where recognisers lack context, the likelihood
    decides if it is known. Otherwise, and for one unlikely word, the letter error rate must be at most `SLIPS`.

    >>> passes(score("Activated.", "activate it", "en")), passes(score("Activated.", "goodbye", "en"))
    (True, False)
    """
    if not score.errors or not score.words:
        return True
    if score.numbers:
        return False
    if score.words > SHORT:
        if score.likelihood is None:
            return _is_near(score, bar)
        return score.likelihood >= LIKELY and _is_near(score, 2 * bar)
    if score.likelihood is not None and (score.likelihood >= LIKELY or score.words > 1):
        return score.likelihood >= LIKELY
    return score.cer <= SLIPS


def _is_near(score: Score, bar: float) -> bool:
    return score.wer <= bar + 1 / score.words or score.cer <= bar / 2


def needs_likelihood(score: Score, bar: float = BAR) -> bool:
    """Whether the verdict on a text depends on its likelihood: some of its words differ, but no number or key; and a
    longer text is not another one altogether, a shorter one has several words or does not pass.

    >>> needs_likelihood(score("Exit the menu.", "start the menu", "en"))
    True
    >>> needs_likelihood(score("Exit.", "exits", "en")), needs_likelihood(score("Press 1.", "press 2", "en"))
    (False, False)
    """
    if not score.words or not score.errors or score.numbers:
        return False
    if score.words > SHORT:
        return _is_near(score, 2 * bar)
    return score.words > 1 or not passes(score, bar)


def list_replacements(asked: str, heard: str, language: str) -> list[Replacement]:
    """Where what was heard is not the text, and what the text has there, both as written.

    >>> list_replacements("Please hold the line, Anna.", "please fold the line Hannah", "en")
    [Replacement(start=7, end=11, asked='hold'), Replacement(start=21, end=27, asked='Anna.')]

    Raises:
        EngineNotInstalled: the packages of the extra ``listen`` are missing.
    """
    levenshtein = _import_package("rapidfuzz.distance").Levenshtein
    ours, theirs = (list(_WRITTEN.finditer(text)) for text in (asked, heard))
    spelled = [["".join(_write_same(one[0], language)) for one in each] for each in (ours, theirs)]
    found = []
    for a0, a1, b0, b1, _ in _find_differences(levenshtein.opcodes(*spelled)):
        words = asked[ours[a0].start() : ours[a1 - 1].end()] if a0 < a1 else ""
        start = theirs[b0].start() if b0 < len(theirs) else len(heard)
        end = theirs[b1 - 1].end() if b0 < b1 else start
        if _compare(words, heard[start:end], language).errors:
            found.append(Replacement(start, end, words))
    return found


def rank(score: Score) -> tuple[bool, float, float, float]:
    """A sort key: better scores come first."""
    return not passes(score), score.wer, score.cer, -(score.likelihood or 0)


def _write_same(text: str, language: str) -> list[str]:
    """The words of a text, with one spelling for those that sound alike."""
    same = _list_same(language)
    return [same.get(word, word) for word in words(text, language)]


def words(text: str, language: str) -> list[str]:
    """The words of a text, in one spelling.

    >>> words("Press 1, or the #-key: it's 10:05 on the 3rd; $1,000!", "en")[-10:]
    ['it', 'is', '10', '0', '5', 'on', 'the', '3', 'dollars', '1000']
    >>> words("Über 2 Straßen", "de"), words("東京タワー 3", "ja")
    (['über', '2', 'strassen'], ['東', '京', 'た', 'わ', 'ー', '3'])

    Raises:
        EngineNotInstalled: the packages of the extra ``listen`` are missing.
    """
    return (_split_english(text, language) if languages.base(language) == "en" else []) or _split_plain(
        text, language
    )


def _split_english(text: str, language: str) -> list[str]:
    text = _BRACKETS.sub(" ", unicodedata.normalize("NFKC", text)).replace("’", "'")
    text = _STAR_TO.sub(r"\1 star", _write_keys(text, language))
    text = re.sub(r"[&+@=]", lambda found: _SYMBOLS[found[0]], text)
    text = re.sub(r"\d{30,}", lambda found: " ".join(found[0]), text)
    text = re.sub(r"(?<!\d)(\d{1,2})\.(?=\d\d ?[ap]\.? ?m\b)", r"\1:", text)
    text = re.sub(r"(\d):00\b|\bo'clock\b", r"\1", text)
    text = re.sub(r"(?<=\d):0(?=\d\b)", " 0 ", text)
    text = re.sub(r"(?<![\d.,])0+(?=\d)", lambda found: " 0" * len(found[0]) + " ", text)
    text = re.sub(r"(?<![\w-])-(?=\d)", "minus ", text)
    plain = _make_normalizer()(text)
    plain = re.sub(r"(?<=\d)(?:st|nd|rd|th)\b|\ba (?=1(?:00)+\b)", "", plain)
    found = re.findall(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*|[$£€¢%°]|(?<=\d)\.(?=\d)|-(?=\d)", plain)
    return [word for one in found for word in _ENGLISH.get(one, (one,))]


def _split_plain(text: str, language: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    text = re.sub(r"(?<=\d)[ .,'\u00a0\u202f](?=\d{3}(?!\d))", "", text)
    text = _write_signs(_write_keys(text, language), languages.base(language))
    # A combining sign is a part of its letter's word.
    letters = (c if c.isalnum() or c in "#*" or unicodedata.category(c)[0] == "M" else " " for c in text)
    hiragana = (chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in letters)
    found = _WORDLIKE.sub(r" \g<0> ", "".join(hiragana)).split()
    if numerals.is_known(language):
        return numerals.write_digits(found, language)
    return [part for word in found for part in re.findall(r"\d|\D+", word)]


def _write_keys(text: str, language: str) -> str:
    """Write the names of keys for their signs. A star on both sides of a word is emphasis."""
    text = _EMPHASIS.sub(r" \1 ", text.translate(_LOOKS_LIKE))
    names = _list_keys(language)
    return re.sub(r"[#*]", lambda found: f" {names[found[0]].partition(' ')[0]} ", text)


def _write_signs(text: str, base: str) -> str:
    """Write signs as they are read, and times and decimals as one reads them."""
    text = re.sub(r"([€$£]) ?(\d+(?:[.,]\d\d)?)(?!\d)", r"\2 \1", text)
    text = re.sub(r"(?<!\d)(\d+)[.,](\d\d) ?([€$£]|euros?\b)", r"\1 \3 \2", text)
    text = re.sub(r"(?<!\d)(\d{1,2})[:.](\d\d) uhr\b", r"\1 uhr \2", text)
    text = re.sub(r"(?<!\d)(\d{1,2}) ?h ?(\d\d)?(?!\w)", r"\1 heures \2", text) if base == "fr" else text
    text = re.sub(r"\b(uhr|heures) (?:00(?!\d)|0(?=[1-9]))", r"\1 ", text)
    if base in _DECIMAL:
        text = re.sub(r"(?<=\d),(?=\d)", f" {_DECIMAL[base]} ", text)
    signs = _SIGNS.get(base, {})
    return re.sub(r"[%€$£°&+]", lambda found: f" {signs.get(found[0], '')} ", text)


def _list_keys(language: str) -> Mapping[str, str]:
    """The names of the keys in a region, the usual one first; the signs themselves where no names are known."""
    base = languages.base(language)
    if base == "en" and language != "en" and language not in _KEYS:
        return _HASH
    return _KEYS.get(language) or _KEYS.get(base) or {"#": "#", "*": "*"}


@functools.lru_cache(maxsize=64)
def _read_keys(language: str) -> Mapping[str, str]:
    """The sign of each name of a key."""
    return {name: sign for sign, names in _list_keys(language).items() for name in names.split()}


@functools.lru_cache(maxsize=64)
def _list_same(language: str) -> Mapping[str, str]:
    """One spelling for each word that has several which nobody can hear, or which mean the same."""
    base = languages.base(language)
    keys = {
        name: names.partition(" ")[0] for names in _list_keys(language).values() for name in names.split()
    }
    return {**(_SOUND_ALIKE if base == "en" else dict.fromkeys(numerals.ONE.get(base, ()), "1")), **keys}


def _spell(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def _find_differences(operations: Iterable[Any]) -> Iterator[tuple[int, int, int, int, int]]:
    """Runs of words that differ: start and end in each text, and the number of errors."""
    run: tuple[int, int, int, int, int] | None = None
    for one in operations:
        if one.tag == "equal":
            if run:
                yield run
            run = None
            continue
        cost = max(one.src_end - one.src_start, one.dest_end - one.dest_start)
        start = run or (one.src_start, 0, one.dest_start, 0, 0)
        run = (start[0], one.src_end, start[2], one.dest_end, start[4] + cost)
    if run:
        yield run


def _join_shown(words: Sequence[str]) -> str:
    """Words joined with spaces, but without spaces inside numbers."""
    return re.sub(r"(?<=\b\d) (?=\d\b)", "", " ".join(words))


@functools.cache
def _make_normalizer() -> Callable[[str], str]:
    made: Callable[[str], str] = _import_package("whisper_normalizer.english").EnglishTextNormalizer()
    return made


def _import_package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0].replace("_", "-")
        raise EngineNotInstalled(f"comparing words needs {package}: run  {_INSTALL}") from error
