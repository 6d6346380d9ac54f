"""What a check of a pack finds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec


class Severity(StrEnum):
    """How bad a finding is."""

    FAULT = "fault"
    """A caller hears it, or a system does not play the file."""
    WARNING = "warning"


class Kind(NamedTuple):
    """One kind of findings.

    Attributes:
        meaning: for people, and for docs/packs.md.
        advice: what to do.
    """

    severity: Severity
    meaning: str
    advice: str


_FAULT, _WARNING = Severity.FAULT, Severity.WARNING

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        # What is there
        "missing": Kind(_FAULT, "The list has the prompt, and the pack has no file of it.", "render it"),
        "left-out": Kind(
            _WARNING,
            "The list has a noise that no voice can make, and the pack has no file of it.",
            "record it, or take it from another pack",
        ),
        "stale": Kind(_FAULT, "The text in the list is not the one that was rendered.", "render it again"),
        "extra": Kind(_WARNING, "No list has the prompt.", "delete it, or add it to the list"),
        "no-variant": Kind(
            _WARNING,
            "The prompt lacks a format or a rate that most others have.",
            "make the missing file",
        ),
        "unlike-variants": Kind(
            _WARNING,
            "The files of a prompt differ in length by more than a tenth of a second.",
            "make all from one recording",
        ),
        # Names
        "name": Kind(_FAULT, "A system cannot have a file of that name.", "rename it"),
        "same-name": Kind(
            _FAULT,
            "Two names differ only in capitals or accents: Windows and macOS take them for one file.",
            "rename or delete one",
        ),
        "link": Kind(
            _FAULT, "The name leads out of the folder, nowhere, or to no file.", "copy the file here"
        ),
        # Formats
        "broken": Kind(_FAULT, "The file is empty, cut off or no audio.", "make it again"),
        "unlike-name": Kind(
            _FAULT, "The content is of another format than the name says.", "rename or convert it"
        ),
        "format": Kind(_FAULT, "The system does not play this format.", "convert it"),
        "rate": Kind(
            _FAULT, "The sample rate is not that of the folder, the name or the system.", "convert it"
        ),
        "channels": Kind(_FAULT, "The file has several channels; Asterisk refuses it.", "convert it to mono"),
        "chunks": Kind(
            _WARNING,
            "The WAV header holds more than format and samples; old releases of Asterisk refuse that.",
            "write it again without",
        ),
        "no-length": Kind(
            _FAULT,
            "The WAV header does not say how many samples follow, as after a pipe: Asterisk may play nothing of it.",
            "write it again into a file",
        ),
        "too-long": Kind(_FAULT, "The file is longer or larger than the system allows.", "shorten it"),
        "unknown-format": Kind(
            _WARNING, "voxpress cannot decode the format; its sound is not checked.", "check it elsewhere"
        ),
        # Sound
        "silent": Kind(_FAULT, "Nothing is heard.", "make it again"),
        "level": Kind(
            _WARNING,
            "The speech is louder or softer than that of the other prompts.",
            "make it again with the level of the others",
        ),
        "clipped": Kind(_FAULT, "The peaks are cut off at full scale.", "make it again, softer"),
        "dc": Kind(_WARNING, "The samples are not centred on zero: joins click.", "remove the offset"),
        "click": Kind(_WARNING, "A single sample stands out where all is quiet.", "cut it out"),
        "cut-start": Kind(
            _WARNING, "The sound begins abruptly: the first sound may be missing.", "record it again"
        ),
        "cut-end": Kind(
            _WARNING, "The sound ends abruptly: the last sound may be missing.", "record it again"
        ),
        "late": Kind(_WARNING, "Silence of more than a second comes before the sound.", "trim it"),
        "long-tail": Kind(_WARNING, "Silence of more than two seconds comes after the sound.", "trim it"),
        "dtmf": Kind(
            _FAULT,
            "A telephone system hears a key in the sound.",
            "make it again: with another seed, speed or voice",
        ),
        "signal": Kind(
            _FAULT,
            "A telephone system hears a dial, busy, ringing or fax tone.",
            "make it again, or delete the tone",
        ),
    }
)
"""All kinds of findings. Their names stay from release to release."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something wrong in a pack.

    >>> Finding(kind="silent", prompt="hello", file="hello.wav").advice
    'make it again'
    """

    kind: str
    """A name of `KINDS`."""
    language: str = ""
    """Its folder; empty: the pack has only one."""
    prompt: str
    file: str = ""
    """Relative to the pack; empty: it is not there."""
    problem: str = ""
    """What was found, with a figure; empty: the kind says all."""
    instead: str = ""
    """What callers hear now; empty: not known."""

    @property
    def severity(self) -> Severity:
        return KINDS[self.kind].severity

    @property
    def advice(self) -> str:
        return KINDS[self.kind].advice
