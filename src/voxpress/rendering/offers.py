"""Voices that can be had: of every model in the catalogue, whether it is on this machine or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from voxpress import engines, languages
from voxpress.errors import SpeechError
from voxpress.models import catalogue
from voxpress.speech import Voice

_SHOWN = 3


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A model of the catalogue, and who speaks with it."""

    engine: str
    model: str
    voices: tuple[Voice, ...] = ()
    """As far as they are known before the model is here."""
    languages: tuple[str, ...]
    here: bool
    """Whether the model was pulled."""
    get: tuple[str, ...] = ()
    """The commands that are still to be run before it speaks."""

    def speaks(self, language: str) -> bool:
        """Whether it speaks a language: ``es`` for ``es-ES``, and the other way round."""
        return languages.covers(self.languages, language)

    def described(self, voice: str = "") -> str:
        """How to speak with it, in words."""
        named = f"engine {self.engine}, model {self.model}" + (f", voice {voice}" if voice else "")
        return named + (f" (first run  {' && '.join(self.get)})" if self.get else "")


def listed() -> Iterator[Offer]:
    """All models of the catalogue that speak."""
    known = engines.names()
    for model in catalogue.catalogue().values():
        if model.engine not in known:
            continue
        try:
            kind = engines.find(model.engine)
            voices = kind.offered(model)
            missing = engines.missing_packages(kind)
        except SpeechError:
            continue  # a broken plug-in
        here = catalogue.path(model.name) is not None
        install = (f"voxpress engines install {model.engine}",) if missing else ()
        pull = () if here else (f"voxpress models pull {model.name}",)
        yield Offer(
            engine=model.engine,
            model=model.name,
            voices=tuple(voices),
            languages=tuple(dict.fromkeys(tag for voice in voices for tag in voice.languages))
            or kind.languages,
            here=here,
            get=install + pull,
        )


def of_voice(name: str) -> str:
    """Where a voice that an engine does not have can be had, for the end of a message; nothing where nowhere."""
    found: dict[str, str] = {}
    for offer in listed():
        for voice in offer.voices:
            if voice.name == offer.model:  # the model is one voice
                if name == voice.name or name.lower() in voice.name.lower().split("-"):
                    found.setdefault(offer.model, offer.described())
            elif voice.name == name:
                found.setdefault(offer.engine, offer.described(name))
    return _join(list(found.values()), "to speak with it")


def of_language(tag: str, engine: str) -> str:
    """Who speaks a language, for the end of a message; nothing where nobody does. What needs least comes first.

    Args:
        engine: the one that was asked, whose models come first.
    """
    offers = sorted(listed(), key=lambda offer: (offer.engine != engine, not offer.here, len(offer.get)))
    found: dict[str, str] = {}
    for offer in offers:
        if offer.speaks(tag):
            found.setdefault(offer.model if offer.engine == engine else offer.engine, offer.described())
    return _join(list(found.values()), "these speak it", f"voxpress voices --language {tag}")


def _join(found: Sequence[str], what: str, more: str = "") -> str:
    if not found:
        return ""
    shown = ", or ".join(found[:_SHOWN])
    return f"; {what}: {shown}" + (f"; all of them: {more}" if more else "")
