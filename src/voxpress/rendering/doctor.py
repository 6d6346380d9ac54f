"""What is the matter with an engine? What is installed where, and whether one sentence can be spoken."""

from __future__ import annotations

import sys
import tempfile

import msgspec

from voxpress import engines
from voxpress.errors import SpeechError
from voxpress.rendering.library import say
from voxpress.speech import Seconds

SENTENCE = "Your call is important to us, please hold the line."


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What was found out about one engine."""

    engine: str
    speaks: bool
    lives: str = ""
    """The interpreter that its workers run in; empty where its packages are missing."""
    versions: tuple[str, ...] = ()
    """Of its packages, as ``name==version``."""
    duration: Seconds = 0.0
    """Of the sentence that it spoke."""
    problem: str = ""
    """What to do about it is in there too."""


def diagnose(name: str, *, model: str | None = None, device: str = "auto") -> Diagnosis:
    """Look at an engine, and let it speak a sentence that no store has.

    >>> diagnose("tone").speaks
    True
    """
    home, versions = "", tuple[str, ...]()
    try:
        with engines.Guard(name):
            engine = engines.find(name)(model, device=device)
            if not engines.missing_packages(engine):
                home = engines.python(engine) or sys.executable
                versions = tuple(engines.versions(engine))
        with tempfile.TemporaryDirectory(prefix="voxpress-doctor-") as store:
            clip = say(SENTENCE, engine=name, model=model, device=device, store=store)
    except SpeechError as error:
        return Diagnosis(engine=name, speaks=False, lives=home, versions=versions, problem=str(error))
    return Diagnosis(engine=name, speaks=True, lives=home, versions=versions, duration=clip.duration)
