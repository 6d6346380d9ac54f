"""The voices as Wyoming lists them, and what a request for one of them means.

Home Assistant takes the first program only, and never asks for a voice whose languages are not listed. So all voices
stand in one program, each with the languages that it has as its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import NamedTuple

from wyoming.info import Attribution, Info, TtsProgram, TtsVoice, TtsVoiceSpeaker

from voxpress import __version__, languages
from voxpress.errors import UnknownVoice, UnsupportedOption, suggest
from voxpress.rendering import DEFAULT_ENGINE
from voxpress.server.aliases import Aliases, NamedVoice
from voxpress.server.speech.planner import DEFAULT_VOICE

_SITE = "https://github.com/voxpress/voxpress"
_MOST_NAMED = 12
"""Voices or languages that an error lists."""


class Chosen(NamedTuple):
    """Who is to speak: the model and the voice of a request for speech, and the language, None for the voice's own."""

    model: str
    voice: str
    language: str | None


class VoiceBook:
    """The voices that can speak now, under the names that Wyoming's clients give them.

    Args:
        engine: the engine of the voice that is meant where none is named.
    """

    def __init__(self, names: Aliases, engine: str | None) -> None:
        self._names, self._engine = names, engine or DEFAULT_ENGINE
        self._listed: dict[str, NamedVoice] = {}
        self._model = ""

    def refresh(self) -> Info:
        """Find the voices anew; what describes them to a client."""
        models = {name: meant for name, meant in self._names.list_models().items() if name == meant.full_name}
        first = self._engine if self._engine in models else next(iter(models), "")
        ordered = {name: models[name] for name in sorted(models, key=lambda name: name != first)}
        listed: dict[str, NamedVoice] = {}
        for each in self._names.list_named_voices(ordered):
            # Two models can have a voice of one name.
            name = each.name if each.name not in listed else f"{each.model}: {each.name}"
            listed[name] = each
        self._model, self._listed = first, listed
        return _describe(listed)

    async def choose(self, name: str | None, language: str | None, speaker: str | None) -> Chosen:
        """Who speaks for a voice that a client names, or for a language, or where it names nothing.

        Raises:
            UnknownVoice: no voice has that name, or no voice can speak now.
            UnsupportedOption: no voice speaks that language.
        """
        if name is None and self._listed:
            return self._choose_default(language)
        asked = "" if name is None else f"{name}/{speaker}" if speaker else name
        if found := self._find(asked):
            return found
        await asyncio.to_thread(self.refresh)  # it may be new
        if not self._listed:
            raise UnknownVoice("no voice can speak here: voxpress doctor says what is missing")
        if name is None:
            return self._choose_default(language)
        if found := self._find(asked):
            return found
        speakers = [
            listed.removeprefix(f"{name}/") for listed in self._listed if listed.startswith(f"{name}/")
        ]
        if speaker and speakers:
            raise UnknownVoice(
                f"voice {name!r} has no speaker {speaker!r} (speakers: {_name_some(speakers)})"
            )
        if speaker and self._find(name):
            raise UnknownVoice(f"voice {name!r} has one speaker, who has no name; leave out {speaker!r}")
        raise UnknownVoice(
            f"no voice {asked!r}{suggest(asked, self._listed)} (voices: {_name_some(self._listed)})"
        )

    def _find(self, name: str) -> Chosen | None:
        if listed := self._listed.get(name):
            return Chosen(listed.model, listed.name, None)
        for listed in self._listed.values():
            if name and listed.name.startswith(f"{name}/"):
                return Chosen(listed.model, name, None)  # its first speaker
        # Aliases and blends of voices are in no list.
        if name and self._model and self._names.has_voice(self._model, name):
            return Chosen(self._model, name, None)
        return None

    def _choose_default(self, language: str | None) -> Chosen:
        if language is None:
            return Chosen(self._model, DEFAULT_VOICE, None)
        own = self._names.resolve(self._model, None)[0].voice
        every = sorted(self._listed.values(), key=lambda each: each.voice.name != own)
        for fits in (_is_listed, _is_covered):
            for each in every:
                if tag := fits(each, language):
                    return Chosen(each.model, each.name, tag)
        spoken = dict.fromkeys(tag for each in every for tag in _list_languages(each))
        raise UnsupportedOption(f"no voice speaks {language!r} (languages: {_name_some(spoken)})")


def _is_listed(each: NamedVoice, language: str) -> str | None:
    """The tag of a voice that is exactly a language."""
    wanted = languages.canonical(language)
    return wanted if wanted in _list_languages(each) else None


def _is_covered(each: NamedVoice, language: str) -> str | None:
    """The first tag of a voice that differs from a language in its region only."""
    return next((tag for tag in _list_languages(each) if languages.covers([tag], language)), None)


def _list_languages(each: NamedVoice) -> list[str]:
    """The tags of a voice's own languages; a voice without any speaks English where nobody says otherwise."""
    return [languages.canonical(tag) for tag in each.voice.languages] or ["en"]


def _name_some(names: Collection[str]) -> str:
    shown = list(names)[:_MOST_NAMED]
    more = len(names) - len(shown)
    return ", ".join([*shown, *([f"and {more} more"] if more else [])])


def _describe(listed: Mapping[str, NamedVoice]) -> Info:
    speakers: dict[str, list[str]] = {}
    first: dict[str, NamedVoice] = {}
    for name, each in listed.items():
        voice, _, speaker = name.partition("/") if each.voice.name == each.name else (name, "", "")
        first.setdefault(voice, each)
        if speaker:
            speakers.setdefault(voice, []).append(speaker)
    voices = [
        TtsVoice(
            name=name,
            description=f"{name} ({said})" if (said := _tell_more(each)) else name,
            attribution=Attribution(name=each.model, url=""),
            installed=True,
            version=None,
            languages=_list_languages(each),
            speakers=[TtsVoiceSpeaker(name=speaker) for speaker in speakers[name]]
            if name in speakers
            else None,
        )
        for name, each in first.items()
    ]
    program = TtsProgram(
        name="voxpress",
        description="Speaks once, and serves from the store what was spoken before",
        attribution=Attribution(name="voxpress", url=_SITE),
        installed=True,
        version=__version__,
        voices=voices,
        supports_synthesize_streaming=True,
    )
    return Info(tts=[program])


def _tell_more(each: NamedVoice) -> str:
    # Whose voice a cloned one is, is known to the operator only.
    return "" if each.voice.reference or each.name != each.voice.name else each.voice.description
