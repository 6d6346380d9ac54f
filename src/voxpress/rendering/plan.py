"""A plan: all that is known about a row before anything is spoken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeVar

import msgspec

from voxpress.engines import Engine
from voxpress.errors import InputError, ManifestError, SpeechError
from voxpress.marks import Script
from voxpress.speech import Clip, Hertz, Output, Seconds, Segment, Utterance
from voxpress.text import Bookmark, Pause, Silence, Tone
from voxpress.text.parts import Decibels
from voxpress.text.passage import Change

Error = TypeVar("Error", bound=SpeechError)


class Assignment(msgspec.Struct, frozen=True):
    """A segment, and the engine that speaks it.

    Attributes:
        fingerprint: of the segment's voice.
        segment: its seed is still the user's.
    """

    engine: Engine
    fingerprint: str
    segment: Segment


class Played(msgspec.Struct, frozen=True, tag="take", omit_defaults=True):
    """A take, and how it is heard.

    Attributes:
        gain: how much louder than it was spoken.
        speed: at which it is heard.
        own: the speed at which the engine spoke it; voxpress stretches it from there.
    """

    take: str
    gain: Decibels = 0.0
    speed: float = 1.0
    own: float = 1.0

    @property
    def stretch(self) -> float:
        """How many times as long it is heard as it was spoken.

        >>> Played("3dd11629", speed=2.0, own=1.25).stretch
        0.625
        """
        return self.own / self.speed


class Sidecar(msgspec.Struct, frozen=True):
    """A file with the marks of a clip, which lies beside it.

    Attributes:
        path: where it goes, relative to the output folder; empty for one that is only wanted as bytes.
        format: a name of `voxpress.marks.FORMATS`.
        key: the digest of what it says.
    """

    path: str
    format: str
    key: str


class PlacedSound(msgspec.Struct, frozen=True, tag="sound"):
    """A sound from a file that was found.

    Attributes:
        sha256: of the file's content, by which it is known.
        path: where it was found; not in the clip's key.
    """

    sha256: str
    gain: Decibels
    path: str


class PlacedChime(msgspec.Struct, frozen=True, tag="chime"):
    """What is heard before or after all that is spoken.

    Attributes:
        sound: the digest of a file's content, or the name of one of voxpress's own chimes and its revision.
        gain: how much louder than the speech.
        gap: silence between the two; below 0: how long both are heard together.
        path: where the file was found; not in the clip's key.
    """

    side: Literal["before", "after"]
    sound: str
    gain: Decibels
    gap: Seconds
    path: str = ""


class Within(msgspec.Struct, frozen=True, tag="within"):
    """A bookmark within a take: it stands before the take, and is heard where a word of the take begins.

    Attributes:
        word: how many of the take's words come before it.
        words: how many it has.
    """

    name: str
    word: int
    words: int


RecipePart: TypeAlias = str | Played | Pause | Silence | Tone | PlacedSound | PlacedChime | Bookmark | Within
"""A take's key, and what is heard between takes and around them."""


class Target(msgspec.Struct, frozen=True):
    """One file to be made.

    Attributes:
        path: where it goes, relative to the output folder; empty for a clip that stays in the store.
        output: how it sounds and is packed.
        clip: its key in the store.
        sidecars: files with its marks.
        request: digest of all that was asked for; empty where the row has to be read each time.
    """

    path: str
    output: Output
    clip: str
    sidecars: tuple[Sidecar, ...] = ()
    request: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Its own path and those of its sidecars."""
        return (self.path, *(each.path for each in self.sidecars))


class Recipe(msgspec.Struct, frozen=True):
    """How an utterance's files are made of its takes.

    Attributes:
        parts: take keys, and what is heard between takes, in order.
        targets: the files.
        sample_rate: of the whole before it is finished.
        script: what is said.
    """

    parts: tuple[RecipePart, ...]
    targets: tuple[Target, ...]
    sample_rate: Hertz
    script: Script = Script()

    @property
    def spoken(self) -> tuple[str, ...]:
        """Keys of the takes in order, as often as they are heard."""
        return tuple(
            part if isinstance(part, str) else part.take
            for part in self.parts
            if isinstance(part, str | Played)
        )

    @property
    def takes(self) -> tuple[str, ...]:
        """Keys of the takes in order, each once."""
        return tuple(dict.fromkeys(self.spoken))

    @property
    def sounds(self) -> tuple[tuple[str, str], ...]:
        """Paths and digests of the sound files that are heard in it."""
        return tuple(
            (part.path, part.sha256 if isinstance(part, PlacedSound) else part.sound)
            for part in self.parts
            if isinstance(part, PlacedSound | PlacedChime) and part.path
        )


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a render has to do for an utterance.

    Attributes:
        engine, voice, language: of the speaker of its first words; a text can name more.
        recipe: how the files are made.
        takes: who speaks each take, by its key.
        notes: how the text is not read as it is written: what was left out, and who speaks for whom.
        changes: places of the text that are spoken otherwise than written.
    """

    number: int
    utterance: Utterance
    engine: Engine
    voice: str
    language: str
    recipe: Recipe
    takes: Mapping[str, Assignment]
    notes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in logs: the id of its row, or the beginning of its clip's key."""
        return self.utterance.id or self.targets[0].clip[:16]

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.recipe.targets

    @property
    def paths(self) -> tuple[str, ...]:
        """Of all its files in the output folder."""
        return tuple(path for target in self.targets for path in target.paths)

    @property
    def characters(self) -> int:
        return sum(len(take.segment.text) for take in self.takes.values())

    @property
    def engines(self) -> tuple[Engine, ...]:
        """All that speak, each once; the row's own where nothing is spoken."""
        return tuple(dict.fromkeys(take.engine for take in self.takes.values())) or (self.engine,)


class Bad(msgspec.Struct, frozen=True):
    """A row that cannot be planned.

    Attributes:
        utterance: None where the row cannot be read.
    """

    number: int
    utterance: Utterance | None
    error: SpeechError

    @property
    def described(self) -> Utterance:
        """The utterance, or one without a text that has what can be read of it."""
        if self.utterance is not None:
            return self.utterance
        id = self.error.id if isinstance(self.error, ManifestError) else ""
        try:
            return Utterance(text="", id=id, origin=self.error.place)
        except InputError:
            return Utterance(text="", origin=self.error.place)

    @property
    def row(self) -> str:
        """What identifies the row among all: several problems can be those of one."""
        return self.error.place or str(self.number)


class Unchanged(msgspec.Struct, frozen=True, kw_only=True):
    """A row whose files stand in the output folder, and that asks for what it asked for then.

    Attributes:
        engine, voice, language: as in a `Plan`.
        paths: of its files in the output folder.
    """

    number: int
    utterance: Utterance
    engine: Engine
    voice: str
    language: str
    clips: tuple[Clip, ...]
    paths: tuple[str, ...]
    files: tuple[str, ...]
    segments: int


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is not wanted now. Its text is not read.

    Attributes:
        files: paths in the output folder; none where names depend on what is in the files.
        paths: these, and those of their sidecars.
    """

    number: int
    utterance: Utterance
    files: tuple[str, ...]
    paths: tuple[str, ...]


Planned: TypeAlias = Plan | Bad | Unchanged


def place_error(error: Error, row: Utterance) -> Error:
    """The same error, with the row that it is about."""
    return error.at(row.origin or row.id)
