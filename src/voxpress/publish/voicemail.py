"""What a project and a list say of voicemail: which greetings, in which words, by whom, and in which formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

import msgspec

from voxpress.errors import InputError, ManifestError, suggest
from voxpress.files.formats import FORMATS
from voxpress.publish.greetings import Wordings
from voxpress.publish.mailboxes import Mailbox
from voxpress.publish.systems import KINDS, Greetings, Kind
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.rendering.presets import Preset
from voxpress.rendering.tables import Table
from voxpress.speech import Hertz, Output, Utterance

_SPEAKERS = "speakers"
"""The key of ``[voicemail]`` that is no wording."""
_NARROW: Hertz = 8000
"""The sample rate of WAV and Vorbis for voicemail, which is that of a call."""
_OTHER_NAMES = {"pcm": "ulaw", "slin": "sln", "raw": "sln"}
"""Asterisk's names of formats that voxpress calls otherwise."""


def read_kinds(names: str) -> tuple[Kind, ...]:
    """The kinds of greetings in a list with commas, in voxpress's order.

    >>> read_kinds("temp, busy")
    ('busy', 'temp')

    Raises:
        InputError: there is no such kind.
    """
    chosen = [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in KINDS:
            problem = f"no greeting {name!r}{suggest(name, KINDS)} (greetings: {', '.join(KINDS)})"
            raise InputError(problem, field="kinds")
    return tuple(kind for kind in KINDS if kind in chosen)


def read_wordings(project: Table, path: str) -> Wordings:
    """What greetings say in a project.

    Args:
        project: its ``[voicemail]``.
        path: its file, for messages.

    Raises:
        ManifestError: a wording cannot be so.
    """
    wordings = Wordings()
    for kind, said in project.items():
        if kind == _SPEAKERS:
            continue
        try:
            for language, text in said.items() if isinstance(said, dict) else [("", said)]:
                if not isinstance(text, str):
                    raise InputError("must be a text, or a table of languages and texts")
                wordings.add(kind, text, language)
        except InputError as error:
            raise ManifestError(error.problem, path=path, field=f"voicemail.{kind}") from error
    return wordings


def read_speakers(project: Table, path: str) -> Mapping[str, str]:
    """Who speaks for mailboxes of a language in a project; arguments as for `read_wordings`.

    >>> read_speakers({"speakers": {"de": "Anna"}}, "voxpress.toml")
    {'de': 'Anna'}

    Raises:
        ManifestError: it does not say names.
    """
    given = project.get(_SPEAKERS, {})
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given.values()):
        problem = 'must be a table of languages and members of the cast, such as { de = "Anna" }'
        raise ManifestError(problem, path=path, field=f"voicemail.{_SPEAKERS}")
    return given


def choose_formats(named: Sequence[str], greetings: Greetings) -> tuple[list[str], list[str]]:
    """The formats that a list asks for and voxpress can make, else WAV; and those that it cannot make.

    >>> from voxpress.publish import systems
    >>> choose_formats(["wav49", "g729", "pcm"], systems.SYSTEMS.require("asterisk").greetings)
    (['wav49', 'ulaw'], ['g729'])
    """
    known = {
        name: each.name
        for each in FORMATS.values()
        for name in (each.name, *each.extensions)
        if each.name in greetings.formats
    }
    known |= {name: own for name, own in _OTHER_NAMES.items() if own in greetings.formats}
    found = dict.fromkeys(known[name] for name in named if name in known)
    return list(found) or ["wav"], [name for name in named if name not in known]


def list_outputs(formats: Sequence[str], preset: Preset, greetings: Greetings) -> Iterator[Output]:
    """The files of a greeting, with the level and the silence of the system's preset.

    Raises:
        InputError: a format is not for voicemail.
    """
    for name in formats:
        if name not in greetings.formats:
            problem = f"{name} is not for voicemail (formats: {', '.join(greetings.formats)})"
            raise InputError(problem, field="format")
        yield msgspec.structs.replace(
            preset.files[0][1], format=name, sample_rate=_NARROW if name in ("wav", "ogg") else None
        )


def find_languages(planner: Planner, asked_for: str) -> Callable[[Mailbox], str]:
    """A function that finds in which language a mailbox without one is spoken.

    Args:
        asked_for: the language that counts if its voice cannot speak it: the row says so.
    """

    @cache
    def find(speaker: str, engine: str, model: str, voice: str) -> str:
        asked = {"speaker": speaker, "engine": engine, "model": model, "voice": voice}
        fields = {name: value for name, value in asked.items() if value}
        plan = planner.plan(msgspec.convert({"text": "1", **fields}, Utterance), filed=False)
        return plan.language if isinstance(plan, Plan) else asked_for

    return lambda box: find(box.speaker, box.engine, box.model, box.voice)
