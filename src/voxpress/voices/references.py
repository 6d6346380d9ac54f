"""Cloned voices: samples that somebody owns, with their words, under names that every cloning engine knows.

Each is a folder, whose name is the voice's, with a sample and ``voice.json``, what is known of it. Its digest, of
samples, transcript and timings, stands for it in keys: a voice that is renamed is the same voice, and another sample
under an old name is another one.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec

from voxpress.audio import codec
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, ModelUnavailable, UnknownVoice, suggest
from voxpress.files import home
from voxpress.files.paths import safe_path
from voxpress.speech import Mark, Seconds, Voice

PREFIX = "reference:"
"""What `Voice.key` has before the digest."""

RECORD = "voice.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Digest: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sample to clone, and what is known of it."""

    name: str = ""
    """Its folder's."""
    digest: Digest
    """Of the samples, the transcript and the timings."""
    transcript: str
    language: str
    """BCP 47 tag of what is said in the sample."""
    duration: Seconds
    speaker: str = ""
    """Whose voice it is."""
    consent: str = ""
    """What that person agreed to, and how."""
    added: str = ""
    """Date, ISO 8601."""
    owner: str = ""
    """The server's key that added it; empty: the command line or Python."""
    engines: tuple[str, ...] = ()
    """Those that are to offer it; empty: all that clone."""
    words: tuple[Mark, ...] = ()
    """When each word of the transcript is heard in the sample, where recognition has told."""
    warnings: tuple[str, ...] = ()
    """What is wrong with the sample, though not so much that it could not be cloned."""

    def offered_by(self, engine: str) -> bool:
        """Whether `engine`, one that clones, is to offer it."""
        return not self.engines or engine in self.engines


def default_folder() -> Path:
    """A folder in the user's data directory."""
    return home.data("voices")


def digest_of(audio: Audio, transcript: str, words: Sequence[Mark] = ()) -> str:
    """What identifies a voice: 64 hex digits of its samples, their rate, their words, and when these are said."""
    content = f"{audio.sample_rate}\n{transcript}\n".encode() + audio.samples.astype("<f4").tobytes()
    return hashlib.sha256(content + (msgspec.json.encode(words) if words else b"")).hexdigest()


def listed(directory: Path | None = None) -> list[Reference]:
    """All cloned voices that can be read, in alphabetical order; `broken` are the others."""
    found = []
    for folder in folders(directory):
        with contextlib.suppress(ModelUnavailable):
            found.append(read(folder))
    return found


def broken(directory: Path | None = None) -> list[ModelUnavailable]:
    """What is wrong with each voice that cannot be read."""
    problems = []
    for folder in folders(directory):
        try:
            read(folder)
        except ModelUnavailable as error:
            problems.append(error)
    return problems


def voices(engine: str, directory: Path | None = None) -> list[Voice]:
    """Those that `engine` is to offer, as it lists them."""
    return [voice(reference) for reference in listed(directory) if reference.offered_by(engine)]


def voice(reference: Reference) -> Voice:
    """A cloned voice, as engines list it."""
    return Voice(
        name=reference.name,
        languages=(reference.language,) if reference.language else (),
        description=f"cloned from {reference.duration:.1f} s of {reference.speaker or 'a sample'}",
        licence=reference.consent,
        reference=reference.digest,
    )


def find(key: str, directory: Path | None = None) -> Reference:
    """The voice of that name, or of that `Voice.key`.

    Raises:
        UnknownVoice: there is none.
        ModelUnavailable: there is one, but it cannot be read.
    """
    if _NAME.fullmatch(key) and (folder := place(key, directory)).is_dir():
        return read(folder)
    known = listed(directory)
    for reference in known:
        if key == PREFIX + reference.digest:
            return reference
    names = [reference.name for reference in known]
    raise UnknownVoice(
        f"no cloned voice {key!r}{suggest(key, names)} (voxpress voices add NAME --reference FILE)"
    )


def stands(voice: Voice, directory: Path | None = None) -> bool:
    """Whether `voice` still has that name and is cloned from the same sample."""
    try:
        return find(voice.name, directory).digest == voice.reference
    except (UnknownVoice, ModelUnavailable):
        return False


def audio(reference: Reference, directory: Path | None = None) -> Audio:
    """Its sample.

    Raises:
        ModelUnavailable: it cannot be read, or is not the one that was added.
    """
    path = place(reference.name, directory) / file_of(reference.digest)
    again = f"add it again: voxpress voices add {reference.name} --replace"
    try:
        sample = codec.decode(path.read_bytes())
    except OSError as error:
        problem = f"cannot read the sample of {reference.name!r}, {path}: {error.strerror}"
        raise ModelUnavailable(f"{problem}; {again}") from error
    except InputError as error:
        raise ModelUnavailable(f"{path} is no audio; {again}") from error
    if digest_of(sample, reference.transcript, reference.words) != reference.digest:
        raise ModelUnavailable(f"{path} is not the sample that was added as {reference.name!r}; {again}")
    return sample


def folders(directory: Path | None) -> list[Path]:
    """The folders of all voices, in alphabetical order."""
    records = (directory or default_folder()).glob(f"*/{RECORD}")
    return sorted(record.parent for record in records if not record.parent.name.startswith("."))


def read(folder: Path) -> Reference:
    """The voice in a folder.

    Raises:
        ModelUnavailable: there is none, or it cannot be read.
    """
    problem = f"cannot read the voice {folder.name!r}, {folder / RECORD}"
    if not _NAME.fullmatch(folder.name):
        raise ModelUnavailable(f"{problem}: {_what_names_are()}")
    try:
        found = msgspec.json.decode((folder / RECORD).read_bytes(), type=Reference)
    except OSError as error:
        raise ModelUnavailable(f"{problem}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"{problem}: {error}; add it again") from error
    # What the record calls itself could lead anywhere.
    return msgspec.structs.replace(found, name=folder.name)


def place(name: str, directory: Path | None) -> Path:
    """Its folder.

    Raises:
        InputError: that is no name for a voice.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for a voice: {_what_names_are()}", field="name")
    try:
        return (directory or default_folder()) / safe_path(name)
    except InputError as error:
        raise InputError(error.problem, field="name") from error


def file_of(digest: str) -> str:
    """Name of the sample's file in the voice's folder."""
    # Another sample is another file, so that replacing the record replaces both at once.
    return f"reference-{digest[:12]}.wav"


def _what_names_are() -> str:
    return "letters from a to z, digits, '-', '_' and '.', at most 64, the first a letter or a digit"
