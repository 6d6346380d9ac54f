"""The voices as Wyoming lists them.

Home Assistant takes the first program only, and never asks for a voice whose languages are not listed. So all voices
stand in one program, each with the languages that it has as its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from wyoming.info import Attribution, Info, TtsProgram, TtsVoice, TtsVoiceSpeaker

from voxpress import __version__
from voxpress.server.aliases import NamedVoice
from voxpress.server.speech.voice_book import list_languages

_SITE = "https://github.com/voxpress/voxpress"


def describe(listed: Mapping[str, NamedVoice]) -> Info:
    """What the server says of itself and of its voices.

    Args:
        listed: the voices by their names; the part after a stroke is a speaker's.
    """
    speakers: dict[str, list[str]] = {}
    first: dict[str, NamedVoice] = {}
    for name, each in listed.items():
        voice, _, speaker = name.partition("/") if name == each.voice.name else (name, "", "")
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
            languages=list_languages(each.voice),
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
