"""Cloned voices: samples that somebody owns, with their words, under names that every cloning engine knows.

Each is a folder with ``reference.wav`` and ``voice.json``. Its digest, of samples and transcript, stands for it in
keys: a voice that is renamed is the same voice, and another sample under an old name is another one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import platformdirs

from voxpress import codec
from voxpress.audio import Audio
from voxpress.errors import ModelUnavailable, UnknownVoice, suggest
from voxpress.speech import Mark, Seconds, Voice

DIRECTORY = Path(platformdirs.user_data_dir("voxpress"), "voices")
"""Where cloned voices are."""
_LATENTS = Path(platformdirs.user_cache_dir("voxpress"), "latents")
PREFIX = "reference:"
"""What `Voice.key` has before the digest."""

Arrays = Mapping[str, npt.NDArray[np.float32]]


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sample to clone, and what is known of it."""

    name: str
    digest: str
    """Of the samples and the transcript."""
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
    engines: tuple[str, ...] = ()
    """Those that are to offer it; empty: all that clone."""
    words: tuple[Mark, ...] = ()
    """When each word of the transcript is heard in the sample, where recognition has told."""


def digest_of(audio: Audio, transcript: str) -> str:
    """What identifies a voice: 64 hexadecimal digits of its samples, their rate and their words."""
    content = f"{audio.sample_rate}\n{transcript}\n".encode() + audio.samples.astype("<f4").tobytes()
    return hashlib.sha256(content).hexdigest()


def listed(directory: Path | None = None) -> list[Reference]:
    """All cloned voices, in alphabetical order.

    Raises:
        ModelUnavailable: the record of one cannot be read.
    """
    found = []
    for record in sorted((directory or DIRECTORY).glob("*/voice.json")):
        try:
            found.append(msgspec.json.decode(record.read_bytes(), type=Reference))
        except (OSError, msgspec.DecodeError) as error:
            raise ModelUnavailable(f"cannot read the voice {record}: {error}") from error
    return found


def voices(engine: str) -> list[Voice]:
    """Those that `engine` is to offer, as it lists them."""
    return [
        Voice(
            name=reference.name,
            languages=(reference.language,) if reference.language else (),
            description=f"cloned from {reference.duration:.1f} s of {reference.speaker or 'a sample'}",
            licence=reference.consent,
            reference=reference.digest,
        )
        for reference in listed()
        if not reference.engines or engine in reference.engines
    ]


def find(key: str, directory: Path | None = None) -> Reference:
    """The voice of that name, or of that `Voice.key`.

    Raises:
        UnknownVoice: there is none.
    """
    known = listed(directory)
    for reference in known:
        if key in {reference.name, PREFIX + reference.digest}:
            return reference
    names = [reference.name for reference in known]
    raise UnknownVoice(
        f"no cloned voice {key!r}{suggest(key, names)} (voxpress voices add NAME --reference FILE)"
    )


def audio(reference: Reference, directory: Path | None = None) -> Audio:
    """Its sample.

    Raises:
        ModelUnavailable: it cannot be read, or is not the one that was added.
    """
    path = (directory or DIRECTORY) / reference.name / "reference.wav"
    try:
        sample = codec.decode(path.read_bytes())
    except OSError as error:
        raise ModelUnavailable(
            f"cannot read the sample of {reference.name!r}, {path}: {error.strerror}"
        ) from error
    if digest_of(sample, reference.transcript) != reference.digest:
        problem = f"{path} is not the sample that was added as {reference.name!r}"
        raise ModelUnavailable(f"{problem}: add the voice again")
    return sample


def latents(
    reference: Reference, model: str, make: Callable[[], Arrays], directory: Path | None = None
) -> Arrays:
    """What an engine computes from a sample, made once and kept.

    Args:
        model: what else decides the result, such as the digest of the weights.
        make: computes it.
    """
    name = hashlib.sha256(f"{reference.digest} {model}".encode()).hexdigest()[:32]
    path = (directory or _LATENTS) / f"{name}.npz"
    try:
        with np.load(path) as kept:
            return dict(kept)
    except (OSError, ValueError, EOFError):
        made = make()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".npz", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        np.savez(file, **made)  # type: ignore[arg-type]
    os.replace(temporary, path)
    return made
