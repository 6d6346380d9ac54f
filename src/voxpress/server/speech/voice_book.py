"""The voices that can speak now, for clients and lists that name a voice and no model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from voxpress import languages
from voxpress.errors import UnknownVoice, UnsupportedOption, suggest
from voxpress.rendering import DEFAULT_ENGINE
from voxpress.server.aliases import Aliases, NamedVoice
from voxpress.server.speech.planner import DEFAULT_VOICE
from voxpress.speech import Voice

_MOST_NAMED = 12
"""Voices or languages that an error lists."""


class Chosen(NamedTuple):
    """Who is to speak: the model and the voice of a request for speech, and the language, None for the voice's own."""

    model: str
    voice: str
    language: str | None


class VoiceBook:
    """The voices that can speak now, each under a name of its own.

    >>> from voxpress.server.settings import Settings
    >>> VoiceBook(Aliases(Settings(engines=["tone"])), None).choose("HIGH", None, None)
    Chosen(model='tone', voice='HIGH', language=None)

    Args:
        engine: the engine of the voice that is meant where none is named.
    """

    def __init__(self, names: Aliases, engine: str | None) -> None:
        self._names, self._engine = names, engine or DEFAULT_ENGINE
        self._listed: dict[str, NamedVoice] = {}
        self._models: list[str] = []

    def refresh(self) -> Mapping[str, NamedVoice]:
        """Find the voices anew."""
        models = {name: meant for name, meant in self._names.list_models().items() if name == meant.full_name}
        first = self._engine if self._engine in models else next(iter(models), "")
        ordered = {name: models[name] for name in sorted(models, key=lambda name: name != first)}
        self._models = list(ordered)
        listed: dict[str, NamedVoice] = {}
        for each in self._names.list_named_voices(ordered):
            # Two models can have a voice of one name.
            name = each.name if each.name not in listed else f"{each.model}: {each.name}"
            listed[name] = each
        self._listed = listed
        return listed

    def choose(self, name: str | None, language: str | None, speaker: str | None) -> Chosen:
        """Who speaks for a voice that is named, or for a language, or where nothing is named.

        Raises:
            UnknownVoice: no voice has that name, or no voice can speak now.
            UnsupportedOption: no voice speaks that language.
        """
        if found := self.find(name, language, speaker):
            return found
        self.refresh()  # it may be new
        if found := self.find(name, language, speaker):
            return found
        if not self._listed:
            raise UnknownVoice("no voice can speak here: voxpress doctor says what is missing")
        if name is None:
            spoken = dict.fromkeys(
                tag for each in self._listed.values() for tag in list_languages(each.voice)
            )
            raise UnsupportedOption(f"no voice speaks {language!r} (languages: {_name_some(spoken)})")
        asked = f"{name}/{speaker}" if speaker else name
        speakers = [
            listed.removeprefix(f"{name}/") for listed in self._listed if listed.startswith(f"{name}/")
        ]
        if speaker and speakers:
            raise UnknownVoice(
                f"voice {name!r} has no speaker {speaker!r} (speakers: {_name_some(speakers)})"
            )
        if speaker and self.find(name, None, None):
            raise UnknownVoice(f"voice {name!r} has one speaker, who has no name; leave out {speaker!r}")
        raise UnknownVoice(
            f"no voice {asked!r}{suggest(asked, self._listed)} (voices: {_name_some(self._listed)})"
        )

    def find(self, name: str | None, language: str | None, speaker: str | None) -> Chosen | None:
        """As `choose`, among the voices that are known already; None: there is none."""
        if not self._listed:
            return None
        if name is None:
            return self._find_speaking(language) if language else Chosen(self._models[0], DEFAULT_VOICE, None)
        return self._find_named(f"{name}/{speaker}" if speaker else name)

    def find_language(self, chosen: Chosen) -> str:
        """The language in which somebody speaks who was chosen here; English where it is not known."""
        if chosen.language is not None:
            return chosen.language
        name = chosen.voice or self._names.resolve(chosen.model, None)[0].voice
        for each in self._listed.values():
            if each.model == chosen.model and name in (each.name, each.voice.name):
                return list_languages(each.voice)[0]
        return "en"

    def _find_named(self, name: str) -> Chosen | None:
        if listed := self._listed.get(name):
            return Chosen(listed.model, listed.name, None)
        for listed in self._listed.values():
            if listed.name.startswith(f"{name}/"):
                return Chosen(listed.model, name, None)  # its first speaker
        # Aliases and blends of voices are in no list.
        model = next((model for model in self._models if self._names.has_voice(model, name)), None)
        return None if model is None else Chosen(model, name, None)

    def _find_speaking(self, language: str) -> Chosen | None:
        own = self._names.resolve(self._models[0], None)[0].voice
        every = sorted(self._listed.values(), key=lambda each: each.name != own)
        for find_tag in (_find_exact, _find_near):
            for each in every:
                if tag := find_tag(each.voice, language):
                    return Chosen(each.model, each.name, tag)
        return None


def list_languages(voice: Voice) -> list[str]:
    """The tags of a voice's own languages; one without any speaks English where nobody says otherwise."""
    return [languages.canonical(tag) for tag in voice.languages] or ["en"]


def _find_exact(voice: Voice, language: str) -> str | None:
    wanted = languages.canonical(language)
    return wanted if wanted in list_languages(voice) else None


def _find_near(voice: Voice, language: str) -> str | None:
    """The first tag of a voice that differs from a language in its region only."""
    return next((tag for tag in list_languages(voice) if languages.covers([tag], language)), None)


def _name_some(names: Collection[str]) -> str:
    shown = list(names)[:_MOST_NAMED]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more else [])])
