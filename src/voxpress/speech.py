"""The data types: what is spoken, by whom, and what comes out.

All are immutable, compare by value and can be in a set. Requests (`Speaker`, `Utterance`, `Output`) check their fields
with the tests of `voxpress.validation` and raise `InputError` with the name of the field. Durations are seconds as
floats, everywhere.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import compress
from operator import is_not
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from voxpress import languages, validation
from voxpress.errors import InputError, SpeechError, StoreError, show
from voxpress.files.formats import FORMATS, bit_rate_for, sample_rate_for

Seconds: TypeAlias = float
Hertz: TypeAlias = int
LUFS: TypeAlias = float
"""Integrated loudness, ITU-R BS.1770."""
dBFS: TypeAlias = float
"""Decibels relative to full scale; 0 is a sample of ±1."""

OptionValue: TypeAlias = bool | int | float | str


class _Noun(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    repr_omit_defaults=True,
):
    def __hash__(self) -> int:
        return hash(tuple(map(_freeze, msgspec.structs.astuple(self))))


def _freeze(value: object) -> object:
    return frozenset(value.items()) if isinstance(value, Mapping) else value


class _Request(_Noun, frozen=True):
    """A request. It checks its fields whenever it is made, also by a decoder."""

    def __post_init__(self) -> None:
        defaults, tests = _list_tests(type(self))
        values = msgspec.structs.astuple(self)
        # Most fields of a million rows are as they are by default.
        for value, (name, test) in compress(zip(values, tests, strict=True), map(is_not, values, defaults)):
            if test(value):
                validation.check({name: value})
            if name == "language":
                msgspec.structs.force_setattr(self, name, languages.canonical(value))
            elif name == "origin":
                # A file's name may hold half of a surrogate pair, which messages and reports cannot.
                msgspec.structs.force_setattr(self, name, value.encode(errors="replace").decode())
            elif name in _FLOATS:
                # One number, one key: not 0, 0.0 and -0.0.
                msgspec.structs.force_setattr(self, name, float(value) + 0.0)


_FLOATS = frozenset(
    (
        "speed",
        "loudness",
        "level",
        "peak",
        "room_tone",
        "least_rms",
        "lead",
        "tail",
        "sentence_pause",
        "paragraph_pause",
        "max_duration",
    )
)


@lru_cache(maxsize=8)
def _list_tests(
    kind: type[msgspec.Struct],
) -> tuple[tuple[object, ...], tuple[tuple[str, validation.Test], ...]]:
    """The defaults of a class's fields, and their names and tests."""
    fields = msgspec.structs.fields(kind)
    tests = {**validation.TESTS, "speaker": _test_speaker, "cast": _test_cast}
    return tuple(each.default for each in fields), tuple((each.name, tests[each.name]) for each in fields)


def _test_speaker(value: object) -> validation.Problem:
    return "" if isinstance(value, Speaker) else validation.TESTS["speaker"](value)


def _test_cast(value: object) -> validation.Problem:
    if not isinstance(value, Mapping) or not all(isinstance(each, Speaker) for each in value.values()):
        return validation.TESTS["cast"](value)
    return next(filter(None, map(validation.explain_cast_name, value)), "")


class Mark(_Noun, frozen=True):
    """When something is heard, counted from the start of its audio."""

    kind: Literal["word", "phoneme", "sentence", "turn", "bookmark", "chapter"]
    text: str
    """As it is spoken; the name of a bookmark, chapter or speaker."""
    start: Seconds
    end: Seconds
    source: tuple[int, int] | None = None
    """Where it stands in the text of its utterance: start and end; None: not known."""
    estimated: bool = False
    """Whether the times are a guess, because the engine does not know them."""


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
        """The voice's identity in keys: its name; for a cloned voice the digest of its sample, which has any name."""
        return f"reference:{self.reference}" if self.reference else self.name


class Output(_Request, frozen=True):
    """How one finished file sounds and is packed. All fields but the limits are in the clip's key.

    >>> Output(format="mp3", loudness=-16).loudness
    -16.0
    >>> Output(format="ulaw", sample_rate=44100)
    Traceback (most recent call last):
    voxpress.errors.UnsupportedOption: sample_rate: ulaw cannot have a sample rate of 44100 Hz (rates: 8000)

    Raises:
        InputError: a field has a wrong value, or two fields contradict each other.
    """

    format: str = "wav"
    """A name of `voxpress.files.formats.FORMATS`."""
    sample_rate: Hertz | None = None
    """None: the format's rate if it has only one, else the engine's or the nearest higher one of the format."""
    bit_rate: int | None = None
    """Bits per second for lossy formats; None: the format's usual one for speech."""
    loudness: LUFS | None = None
    """Integrated loudness to reach; None: as spoken."""
    level: dBFS | None = None
    """Active-speech level to reach (RFC 7874), for telephony; excludes `loudness`."""
    peak: dBFS | None = None
    """Highest sample; None: -1 with a loudness or level, else full scale."""
    least_rms: dBFS | None = None
    """Lowest RMS of the whole file with its ends: a softer file is made louder, as ACX asks; None: any."""
    room_tone: dBFS | None = None
    """RMS of noise under everything, for who wants no digital silence, as ACX; None: none."""
    trim: bool = True
    """Whether to cut the silence that the engine left at both ends of each segment."""
    lead: Seconds = 0.0
    """Silence before the first sound."""
    tail: Seconds = 0.0
    """Silence after the last sound."""
    sentence_pause: Seconds = 0.3
    paragraph_pause: Seconds = 0.7
    title: str = ""
    language: str = ""
    """A tag in the file like `title`, in formats with tags."""
    max_duration: Seconds | None = None
    """Longest clip the receiving system takes; a longer one fails."""
    max_bytes: int | None = None
    """Largest file the receiving system takes; a larger one fails."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loudness is not None and self.level is not None:
            raise InputError("cannot be combined with loudness: both set the gain", field="level")
        format = FORMATS[self.format]
        rates: Sequence[Hertz] = format.sample_rates or (48000,)
        if self.sample_rate is not None:
            rates = (sample_rate_for(format, self.sample_rate, 48000),)
        if self.bit_rate is not None and not any(self.bit_rate in format.bit_rates.get(r, ()) for r in rates):
            bit_rate_for(format, self.bit_rate, rates[-1])

    def limit_exceeded(self, clip: Clip) -> str:
        """The limit that `clip` exceeds, in words; empty if it exceeds none.

        >>> clip = Clip(key="", format="wav", sample_rate=8000, duration=9.5, size=152044)
        >>> Output(max_duration=8.0).limit_exceeded(clip)
        'the clip is 9.5 s long, and 8 s are allowed: shorten the text'
        """
        if self.max_duration is not None and clip.duration > self.max_duration:
            return f"the clip is {clip.duration:.1f} s long, and {self.max_duration:g} s are allowed: shorten the text"
        if self.max_bytes is not None and clip.size > self.max_bytes:
            return f"the clip has {clip.size:,} bytes, and {self.max_bytes:,} are allowed: shorten the text"
        return ""


class Speaker(_Request, frozen=True):
    """Who speaks, and how. None leaves a field open.

    >>> Speaker(voice="high").over(Speaker(engine="tone", voice="low", speed=1.2))
    Speaker(engine='tone', voice='high', speed=1.2)

    Raises:
        InputError: a field cannot be so.
    """

    engine: str | None = None
    model: str | None = None
    """The engine's weights: a name, or a path."""
    voice: str | None = None
    language: str | None = None
    """BCP 47 tag."""
    speed: float | None = None
    """1.0 is the voice's own."""
    seed: int | None = None
    """Another number gives another reading where the engine has several."""
    options: Mapping[str, OptionValue] = {}
    """Of the engine."""

    @classmethod
    def of(cls, source: object) -> Speaker:
        """The speaker in something that has the same fields, such as a row or a project's defaults.

        >>> Speaker.of(Utterance(text="Hello.", voice="low"))
        Speaker(voice='low')
        """
        return cls(**{name: getattr(source, name) for name in cls.__struct_fields__})

    def over(self, other: Speaker) -> Speaker:
        """This speaker, with `other`'s values in open fields; model, voice and options only if both have one engine.

        >>> Speaker(engine="piper").over(Speaker(engine="tone", voice="low", speed=1.2))
        Speaker(engine='piper', speed=1.2)
        """
        if not isinstance(other, Speaker):
            raise InputError(f"must be a Speaker, not {show(other)}", field="other")
        if other == _ANYBODY:
            return self
        if self == _ANYBODY:
            return other
        same = self.engine is None or other.engine is None or self.engine == other.engine
        return Speaker(
            engine=self.engine or other.engine,
            model=self.model or (other.model if same else None),
            voice=self.voice or (other.voice if same else None),
            language=self.language or other.language,
            speed=other.speed if self.speed is None else self.speed,
            seed=other.seed if self.seed is None else self.seed,
            options={**other.options, **self.options} if same else self.options,
        )


_ANYBODY = Speaker()


class Utterance(_Request, frozen=True):
    """One thing to be spoken: one row of a manifest, one file (or one per `Output` of a preset).

    None means that the render's default holds.

    >>> Utterance(text="Hello.", language="EN-gb").language
    'en-GB'

    Raises:
        InputError: a field cannot be so.
    """

    text: str
    id: str = ""
    """Names the file: a relative path without extension, with ``/`` between folders."""
    file: str = ""
    """The file's own relative path with extension, where a row names it; the extension sets the format."""
    speaker: str | Speaker | None = None
    """Who speaks it: a name of the cast, or a speaker. The fields below come before the speaker's."""
    cast: Mapping[str, Speaker] = {}
    """Speakers by the names that the row and its text give them; they come before those of the render."""
    engine: str | None = None
    model: str | None = None
    voice: str | None = None
    language: str | None = None
    speed: float | None = None
    seed: int | None = None
    format: str | None = None
    markup: validation.Markup = "plain"
    """How `text` is written: as it is spoken, with stage directions such as ``[beep]``, or in Markdown or SSML."""
    normalise: str | None = None
    """How its numbers and abbreviations become words: ``auto``, ``readers``, ``grammars`` or ``none``."""
    lexicon: str = ""
    """How its words are spoken: a file beside the manifest; see `voxpress.text.lexicon`."""
    title: str = ""
    options: Mapping[str, OptionValue] = {}
    extra: Mapping[str, OptionValue] = {}
    """What else its row says: columns that voxpress does not use, and the report repeats."""
    origin: str = ""
    """Where it came from, for messages: ``prompts.csv:17``."""


class Phonemes(_Noun, frozen=True):
    """How a piece of a text is pronounced.

    >>> Phonemes(start=0, end=6, ipa="təˈmɑːtəʊ").moved(4)
    Phonemes(start=4, end=10, ipa='təˈmɑːtəʊ')
    """

    start: int
    end: int
    ipa: str
    """In the International Phonetic Alphabet."""

    def moved(self, by: int) -> Phonemes:
        """The same in a text that has `by` more characters before it."""
        return msgspec.structs.replace(self, start=self.start + by, end=self.end + by)


class Segment(_Noun, frozen=True):
    """What an engine speaks in one call. All fields are in the take's key."""

    text: str
    voice: str
    language: str
    speed: float = 1.0
    seed: int = 0
    options: Mapping[str, OptionValue] = {}
    carrier: str | None = None
    """Words that voxpress has spoken before the text and cuts off again, see `voxpress.text.carrier`; engines see it as
    a part of `text`."""
    follower: str | None = None
    """The same behind the text, of a prompt that goes on."""
    phonemes: tuple[Phonemes, ...] | None = None
    """Pieces of `text` whose pronunciation is given; None: none."""


class Clip(_Noun, frozen=True):
    """A finished file, and what is known of it."""

    key: str
    format: str
    sample_rate: Hertz
    duration: Seconds
    size: int
    """Bytes."""
    sha256: str = ""
    """Of the file's bytes; empty if the clip comes from the output folder and not from the store."""
    marks: tuple[Mark, ...] = ()
    """Sentences, words, bookmarks, and phonemes where the engine knows them, from the start of the clip."""
    notes: tuple[str, ...] = ()
    """What finishing did not reach, such as the loudness."""
    takes: str = ""
    """Digest of the takes in it: another reading under the same key makes another clip."""
    hit: bool = False
    """Whether it was in the store already."""
    path: str = ""
    """Where the store keeps it, when the store is on this machine."""
    data: bytes = b""
    """The file's bytes, if the caller asked for them."""
    sidecars: Mapping[str, bytes] = {}
    """Files with its marks, such as subtitles, that the caller asked for, by their extensions."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file, whole or not at all, its sidecars beside it, and make missing folders.

        >>> clip = Clip(key="", format="wav", sample_rate=8000, duration=0.0, size=4, data=b"RIFF")
        >>> clip.save("saved/hello.wav")
        >>> open("saved/hello.wav", "rb").read()
        b'RIFF'

        Raises:
            InputError: the path's extension is that of another format, or a file of another kind is in the place of a
                sidecar.
            StoreError: the file cannot be written, or the clip has neither bytes nor a path.
        """
        from voxpress.files import atomic, sidecars
        from voxpress.files.paths import require_extension

        place = os.path.expanduser(validation.path(path, "path"))
        require_extension(place, FORMATS[self.format])
        data = self.data
        if not data:
            try:
                data = Path(self.path or os.devnull).read_bytes()
            except OSError as error:
                raise StoreError(f"cannot read the clip {self.path}: {error.strerror}") from error
        if not data:
            raise StoreError(f"clip {self.key} has no bytes here: read it from its store")
        if len(data) != self.size or self.sha256 not in ("", hashlib.sha256(data).hexdigest()):
            raise StoreError(f"clip {self.key} is broken in the store: say or render it again")
        sidecars.write(place, self.sidecars)
        atomic.write(place, data, durable=True)

    def __repr__(self) -> str:
        return f"<Clip {self.key[:12]} {self.format} {self.sample_rate} Hz {self.duration:.3f} s, {self.size:,} bytes>"


class Status(StrEnum):
    """The outcome of an utterance. Each status equals its string in reports.

    >>> Status.RENDERED == "rendered"
    True
    """

    UP_TO_DATE = "up to date"
    """Its files existed already, as requested."""
    FROM_STORE = "from store"
    """Its files were written from clips in the store, without speaking."""
    RENDERED = "rendered"
    """Clips were made."""
    LEFT_OUT = "left out"
    """The row is no speech; `Result.error` says why, and it is no failure."""
    FAILED = "failed"
    """`Result.error` says why."""


Opinion: TypeAlias = Literal["", "good", "doubtful"]
"""Of a recogniser; empty where none listened."""


class Result(_Noun, frozen=True):
    """The outcome of one utterance."""

    utterance: Utterance
    status: Status
    number: int = 0
    """Position of the utterance in the render's input, from 0; results come in the order in which they finish."""
    files: tuple[str, ...] = ()
    """Paths of the finished files, as given by the output folder; empty when there is none."""
    clips: tuple[Clip, ...] = ()
    engine: str = ""
    model: str = ""
    voice: str = ""
    language: str = ""
    """Engine, model, voice and language are those of the first words; a text can name more speakers."""
    segments: int = 0
    spoken: int = 0
    """Segments that this render synthesised for the utterance; the others came from the store."""
    characters: int = 0
    """Characters of those segments."""
    billed: int = 0
    """Characters of every attempt that gave audio, if the engine has a price."""
    cost: float = 0.0
    """Price of `billed`, in US dollars; NaN if unknown."""
    notes: tuple[str, ...] = ()
    """Changes on the way: a symbol removed, another seed tried."""
    uncertain: int = 0
    """Readings of the text that may not be meant; ``voxpress text --uncertain`` shows them."""
    verdict: Opinion = ""
    """Whether the audio says the text, if a recogniser listened."""
    wer: float | None = None
    """Word error rate of what was heard."""
    heard: str = ""
    differences: tuple[tuple[str, str], ...] = ()
    """Words of the text, each with those that were heard in their place."""
    exception: SpeechError | None = None
    """The error, with its place and field; None if there was none."""

    @property
    def error(self) -> str:
        """The error in words; empty if there was none."""
        return str(self.exception) if self.exception else ""

    @property
    def error_type(self) -> str:
        """The name of that exception's class."""
        return type(self.exception).__name__ if self.exception else ""
