"""Pronunciations that a text brings: IPA in one spelling, and the given sounds among those of the text around them."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from voxpress.speech import Segment
from voxpress.text.passage import Edit, Passage

_SPELLINGS = {
    "ʧ": "tʃ",
    "ʤ": "dʒ",
    "ʦ": "ts",
    "ʣ": "dz",
    "ʨ": "tɕ",
    "ʥ": "dʑ",
    "g": "ɡ",
    ":": "ː",
    "'": "ˈ",
    "\u02bc": "ˈ",
    "’": "ˈ",
}
_SILENT = re.compile("[\u0361\u035c\u032f.‿|‖/\\[\\]]")
"""Ties, the sign of a vowel that makes no syllable, the borders of syllables and groups, and the brackets around."""
_VOWELS = frozenset("aeiouyæøœɐɑɒɔəɘɛɜɞɨɪɯɤʉʊʏʌɵɶɚɝᵻAIOQWY")
_STRESS = "ˈˌ"
_MOST_STOPS = 4
_LONG_WORD = re.compile(r"(\S{36})(?=\S)")
_PLACEHOLDERS = {False: "popopop", True: "opopopo"}
"""Words that begin with a vowel, or not: words before them are spoken accordingly ("the", French liaisons)."""


class Given(NamedTuple):
    """A piece of a text, and its sounds in the notation of an engine."""

    start: int
    end: int
    sounds: str


def passage(segment: Segment) -> Passage:
    """A segment's text with its given sounds, which stay at their places when it is edited."""
    return dataclasses.replace(Passage.of(segment.text), phonemes=segment.phonemes or ())


def edit(words: Passage, edits: Iterable[Edit]) -> Passage:
    """Edit a passage outside the pieces whose sounds are given."""
    return words.edit(
        each
        for each in edits
        if not any(given.start < each.end and each.start < given.end for given in words.phonemes)
    )


def read_ipa(ipa: str) -> str:
    """A transcription in one spelling: decomposed, without ties and borders of syllables, affricates as two letters.

    >>> read_ipa("/ˈt͡ʃɔː.klət/"), read_ipa("ʤ'u:s")
    ('ˈtʃɔːklət', 'dʒˈuːs')
    """
    letters = _SILENT.sub("", unicodedata.normalize("NFD", ipa)).strip()
    return " ".join("".join(_SPELLINGS.get(letter, letter) for letter in letters).split())


def weave(text: str, given: Sequence[Given], convert: Callable[[str], str]) -> str:
    """The sounds of a text, some of them given.

    The engine's letters-to-sounds see a made-up word in the place of each piece, so that the words around it sound as
    they do in the sentence. Where they hide that word, what stands between the pieces is converted alone.

    Args:
        convert: from letters to sounds.

    >>> weave("the data is here", [Given(4, 8, "dˈeɪtə")], lambda text: text)
    'the dˈeɪtə is here'
    """
    if not given:
        return convert(text)
    words = [_PLACEHOLDERS[_begins_with_vowel(each.sounds)] for each in given]
    looked_for = {word: _find_word(convert(word)) for word in words}
    whole = convert(_replace(text, given, words))
    found = list(re.finditer("|".join(f"(?:{pattern})" for pattern in looked_for.values()), whole))
    if len(found) == len(given):
        places = [Given(match.start(), match.end(), "") for match in found]
        return _replace(whole, places, [each.sounds for each in given])
    pieces, at = [], 0
    for each in given:
        pieces += [convert(text[at : each.start]).strip(), each.sounds]
        at = each.end
    return " ".join(filter(None, [*pieces, convert(text[at:]).strip()]))


def words(text: str, given: Sequence[Given]) -> Iterator[tuple[str, tuple[Given, ...]]]:
    """The words of a text, each with the given pieces in it; a piece that reaches over several words makes one of them.

    >>> list(words("in New York now", [Given(3, 11, "nuːjɔɹk")]))[1]
    ('New York', (Given(start=0, end=8, sounds='nuːjɔɹk'),))
    """
    at = 0
    for word in re.finditer(r"\S+", text):
        if word.start() < at:
            continue
        at = word.end()
        while reaching := [each for each in given if each.start < at < each.end]:
            end = max(each.end for each in reaching)
            at = end + len(re.split(r"\s", text[end:], maxsplit=1)[0])
        inside = tuple(
            Given(each.start - word.start(), each.end - word.start(), each.sounds)
            for each in given
            if word.start() <= each.start < at
        )
        yield text[word.start() : at], inside


def part_words(text: str) -> str:
    """A text whose words are not too much for espeak-ng: it leaves out the end of a word of more than 160 bytes, and
    crashes on many initials in one word.

    >>> part_words("A.B.C.D.E.F. is long")
    'A B C D E F  is long'
    """
    return re.sub(r"\S+", _part_word, text)


def _part_word(word: re.Match[str]) -> str:
    text = word[0].replace(".", " ") if word[0].strip(".").count(".") >= _MOST_STOPS else word[0]
    return _LONG_WORD.sub(r"\1 ", text)


def _replace(text: str, given: Sequence[Given], by: Iterable[str]) -> str:
    at, pieces = 0, []
    for each, new in zip(given, by, strict=True):
        pieces += [text[at : each.start], new]
        at = each.end
    return "".join([*pieces, text[at:]])


def _begins_with_vowel(sounds: str) -> bool:
    return sounds.lstrip(_STRESS)[:1] in _VOWELS


def _find_word(sounds: str) -> str:
    """A pattern for these sounds, stressed in any way."""
    letters = [letter for letter in sounds.strip() if letter not in _STRESS]
    return f"[{_STRESS}]*" + f"[{_STRESS}]*".join(map(re.escape, letters))
