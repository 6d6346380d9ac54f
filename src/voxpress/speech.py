"""The nouns: what is spoken, by whom, and what comes out.

All are immutable and compare by value. Durations are seconds as floats, everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Seconds: TypeAlias = float
Hertz: TypeAlias = int
LUFS: TypeAlias = float
"""Integrated loudness, ITU-R BS.1770."""
dBFS: TypeAlias = float
"""Decibels relative to full scale; 0 is a sample of ±1."""

OptionValue: TypeAlias = bool | int | float | str


class _Noun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Mark(_Noun, frozen=True):
    """When one word or phoneme is heard, counted from the start of the audio that carries it."""

    kind: Literal["word", "phoneme"]
    text: str
    start: Seconds
    end: Seconds


class Voice(_Noun, frozen=True):
    """A named way of speaking that an engine offers."""

    name: str
    languages: tuple[str, ...] = ()
    """BCP 47 tags, the voice's own language first."""
    gender: str = ""
    description: str = ""
    licence: str = ""
    reference: str = ""
    """Digest of the sample and the transcript that it is cloned from; empty for the engine's own voices."""

    @property
    def key(self) -> str:
        """What stands for the voice in keys: its name, or what it is cloned from, whatever it is called."""
        return f"reference:{self.reference}" if self.reference else self.name


class Output(_Noun, frozen=True):
    """How one finished file sounds and is packed. All of it but the limits is in the clip's key."""

    format: str = "wav"
    """A name of `voxpress.codec.FORMATS`."""
    sample_rate: Hertz | None = None
    """None: the rate of the format where it has only one, else the engine's, as far as the format can."""
    bit_rate: int | None = None
    """Bits per second for lossy formats; None: the format's usual one for speech."""
    loudness: LUFS | None = None
    """Integrated loudness to reach; None: as spoken."""
    level: dBFS | None = None
    """Active-speech level to reach (RFC 7874), for telephony; excludes `loudness`."""
    peak: dBFS | None = None
    """No sample above this; None: -1 where a loudness or level is asked for, else full scale."""
    trim: bool = True
    """Cut the silence that the engine left at both ends of each segment."""
    lead: Seconds = 0.0
    """Silence before the first sound."""
    tail: Seconds = 0.0
    """Silence after the last sound."""
    sentence_pause: Seconds = 0.3
    paragraph_pause: Seconds = 0.7
    title: str = ""
    language: str = ""
    """With `title`, written as a tag where the format has tags."""
    max_duration: Seconds | None = None
    """Longest clip the receiving system takes; a longer one fails."""
    max_bytes: int | None = None
    """Largest file the receiving system takes; a larger one fails."""


class Utterance(_Noun, frozen=True):
    """One thing to be spoken: one row of a manifest, one file (or one per `Output` of a preset).

    None means that the render's default holds.
    """

    text: str
    id: str = ""
    """Names the file: a relative path without extension, with ``/`` between folders."""
    file: str = ""
    """The file's own relative path with extension, where a row names it; the extension sets the format."""
    engine: str | None = None
    model: str | None = None
    voice: str | None = None
    language: str | None = None
    speed: float | None = None
    seed: int | None = None
    format: str | None = None
    markup: Literal["plain", "directions"] = "plain"
    """How `text` is read: as it is, or with stage directions such as ``[beep]``."""
    title: str = ""
    options: Mapping[str, OptionValue] = {}
    origin: str = ""
    """Where it came from, for messages: ``prompts.csv:17``."""


class Segment(_Noun, frozen=True):
    """What an engine speaks at once. All of it is in the take's key."""

    text: str
    voice: str
    language: str
    speed: float = 1.0
    seed: int = 0
    options: Mapping[str, OptionValue] = {}
    carrier: str | None = None
    """What is spoken before the text and cut off again, see `voxpress.carrier`. No engine sees it."""


class Clip(_Noun, frozen=True):
    """A finished file in the store, and what is known of it."""

    key: str
    format: str
    sample_rate: Hertz
    duration: Seconds
    size: int
    """Bytes."""
    sha256: str = ""
    """Of the file's bytes; empty where only the output folder was asked."""
    marks: tuple[Mark, ...] = ()
    """Words and phonemes where the engine knows them, counted from the start of the clip."""
    notes: tuple[str, ...] = ()
    """What could not be reached in finishing it, such as its loudness."""
    takes: str = ""
    """Digest of the takes it was made of: another reading under the same key makes another clip."""
    hit: bool = False
    """Whether it was in the store already. Not part of the record in the store, like the rest below."""
    path: str = ""
    """Where the store keeps it, when the store is on this machine."""
    data: bytes = b""
    """The file's bytes, where they were asked for."""


Status: TypeAlias = Literal["up to date", "from store", "rendered", "left out", "failed"]
"""``left out``: the row is no speech; `Result.error` says why, and it is no failure."""
Opinion: TypeAlias = Literal["", "good", "doubtful"]
"""Of an ear; empty where none listened."""


class Result(_Noun, frozen=True):
    """What became of one utterance."""

    utterance: Utterance
    status: Status
    number: int = 0
    """Position of the utterance in what was given to the render, from 0; results come as they finish."""
    files: tuple[str, ...] = ()
    """Paths of the finished files, as given by the output folder; empty when there is none."""
    clips: tuple[Clip, ...] = ()
    engine: str = ""
    model: str = ""
    voice: str = ""
    language: str = ""
    segments: int = 0
    spoken: int = 0
    """Segments that were synthesised for this utterance now, not found in the store."""
    characters: int = 0
    """Characters handed to the engine for the segments that were spoken now."""
    billed: int = 0
    """Characters of every attempt that gave audio, where the engine has a price."""
    cost: float = 0.0
    """Of those, in US dollars; NaN where the price is not known."""
    notes: tuple[str, ...] = ()
    """What was changed on the way: a symbol removed, a seed tried again."""
    verdict: Opinion = ""
    """Whether what was said is what was to be said, where an ear listened."""
    wer: float | None = None
    """Word error rate of what was heard."""
    heard: str = ""
    differences: tuple[tuple[str, str], ...] = ()
    """Words that were to be said, and what was heard in their place."""
    error: str = ""
    error_type: str = ""
