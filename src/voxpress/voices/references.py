"""Cloned voices: samples that somebody owns, with their words, under names that every cloning engine knows.

Each is a folder, whose name is the voice's, with a sample and ``voice.json``, what is known of it. Its digest, of
samples, transcript and timings, stands for it in keys: a voice that is renamed is the same voice, and another sample
under an old name is another one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import io
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import platformdirs

from voxpress import formats
from voxpress.audio import codec, sandbox
from voxpress.audio.decoding import Bounds
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, ModelUnavailable, StoreError, UnknownVoice, suggest
from voxpress.files import atomic, locks
from voxpress.files.paths import safe_path
from voxpress.speech import Mark, Output, Seconds, Voice
from voxpress.voices import recordings, transcripts
from voxpress.voices.transcripts import Recogniser

DIRECTORY = Path(platformdirs.user_data_dir("voxpress"), "voices")
"""Where cloned voices are."""
LATENTS = Path(platformdirs.user_cache_dir("voxpress"), "latents")
PREFIX = "reference:"
"""What `Voice.key` has before the digest."""
LONGEST_RECORDING: Seconds = 600.0
RECORDING = Bounds(samples=round(LONGEST_RECORDING) * recordings.HIGHEST_RATE, longest=LONGEST_RECORDING)
"""What a recording may be at most."""

_RECORD = "voice.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_LONGEST_STATEMENT = 2000
"""Characters of who speaks, and of what they agreed to."""
_REMOVED = ".removed"
_PARTIAL = ".partial"

Arrays = Mapping[str, npt.NDArray[np.float32]]
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


# Reading


def digest_of(audio: Audio, transcript: str, words: Sequence[Mark] = ()) -> str:
    """What identifies a voice: 64 hex digits of its samples, their rate, their words, and when these are said."""
    content = f"{audio.sample_rate}\n{transcript}\n".encode() + audio.samples.astype("<f4").tobytes()
    return hashlib.sha256(content + (msgspec.json.encode(words) if words else b"")).hexdigest()


def listed(directory: Path | None = None) -> list[Reference]:
    """All cloned voices that can be read, in alphabetical order; `broken` are the others."""
    found = []
    for folder in _folders(directory):
        with contextlib.suppress(ModelUnavailable):
            found.append(_read(folder))
    return found


def broken(directory: Path | None = None) -> list[ModelUnavailable]:
    """What is wrong with each voice that cannot be read."""
    problems = []
    for folder in _folders(directory):
        try:
            _read(folder)
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
    if _NAME.fullmatch(key) and (folder := _place(key, directory)).is_dir():
        return _read(folder)
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
    path = _place(reference.name, directory) / file_of(reference.digest)
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


def _folders(directory: Path | None) -> list[Path]:
    records = (directory or DIRECTORY).glob(f"*/{_RECORD}")
    return sorted(record.parent for record in records if not record.parent.name.startswith("."))


def _read(folder: Path) -> Reference:
    problem = f"cannot read the voice {folder.name!r}, {folder / _RECORD}"
    if not _NAME.fullmatch(folder.name):
        raise ModelUnavailable(f"{problem}: {_what_names_are()}")
    try:
        found = msgspec.json.decode((folder / _RECORD).read_bytes(), type=Reference)
    except OSError as error:
        raise ModelUnavailable(f"{problem}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelUnavailable(f"{problem}: {error}; add it again") from error
    # What the record calls itself could lead anywhere.
    return msgspec.structs.replace(found, name=folder.name)


def _place(name: str, directory: Path | None) -> Path:
    """Its folder.

    Raises:
        InputError: that is no name for a voice.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} is no name for a voice: {_what_names_are()}", field="name")
    try:
        return (directory or DIRECTORY) / safe_path(name)
    except InputError as error:
        raise InputError(error.problem, field="name") from error


def file_of(digest: str) -> str:
    """Name of the sample's file in the voice's folder."""
    # Another sample is another file, so that replacing the record replaces both at once.
    return f"reference-{digest[:12]}.wav"


def _what_names_are() -> str:
    return "letters from a to z, digits, '-', '_' and '.', at most 64, the first a letter or a digit"


# Owning


def add(
    name: str,
    recording: Audio | str | os.PathLike[str],
    *,
    transcript: str | None = None,
    language: str | None = None,
    speaker: str,
    consent: str,
    engines: Sequence[str] = (),
    recogniser: Recogniser | None = None,
    checks: Sequence[Callable[[Audio], str]] = (),
    owner: str = "",
    directory: Path | None = None,
    replace: bool = False,
) -> Reference:
    """Take a sample of somebody's voice, so that every engine that clones can speak with it.

    The recording is checked, cut to what engines take and brought to a usual level; see `voxpress.voices.recordings`.

    Args:
        name: letters, digits, ``-``, ``_`` and ``.``; unique whatever its case.
        recording: 3 s of one person's speech or more; 6 to 12 s are best. A file of any format, or its audio.
        transcript: what is said in it, word for word; None: what `recogniser` hears. Where the recording is
            cut, `recogniser` finds the words of the part that is kept.
        language: BCP 47 tag of what is said; None: what `recogniser` recognises.
        speaker: whose voice it is.
        consent: what that person agreed to, and how.
        engines: names of those that are to offer it; empty: all that clone.
        recogniser: speech recognition, where there is some.
        checks: what else is asked of the sample, such as `voxpress.quality.mos.one_voice`; each gives a warning or
            nothing.
        owner: the server's key that adds it.
        replace: take the place of a voice of that name.

    Raises:
        InputError: the recording cannot be used, transcript and recording differ, the name is taken, or it is not said
            whose voice it is and what they agreed to.
        StoreError: it cannot be written.
    """
    directory = directory or DIRECTORY
    folder = _place(name, directory)
    _owned(name, speaker, consent)
    _require_readable(transcript or "", "transcript")
    if language is not None and not _TAG.fullmatch(language):
        raise InputError(f"{language!r} is no language tag such as en or en-GB", field="language")
    _free(folder, replace)
    source, whole = _recorded(recording)
    try:
        sample = recordings.prepare(whole)
        data = codec.encode(sample.audio, Output(format="wav"))
        kept = codec.decode(data)
        transcript, language, words, doubts = transcripts.of(sample, transcript, language, recogniser)
    except InputError as error:
        raise error.at(source) from error.__cause__
    reference = Reference(
        digest=digest_of(kept, transcript, words),
        transcript=transcript,
        language=language,
        duration=kept.duration,
        speaker=speaker.strip(),
        consent=consent.strip(),
        added=dt.datetime.now(dt.UTC).date().isoformat(),
        owner=owner,
        engines=tuple(dict.fromkeys(engines)),
        words=words,
        warnings=(*sample.warnings, *doubts, *filter(None, (check(kept) for check in checks))),
    )
    with _changing(directory):
        _free(folder, replace)
        _written(folder, reference, data)
    return msgspec.structs.replace(reference, name=name)


def remove(name: str, directory: Path | None = None, *, owner: str | None = None) -> None:
    """Delete a voice: its folder, and what engines computed from its sample. What was spoken with it stays.

    Args:
        owner: the server's key that must have added it; None: whoever did.

    Raises:
        UnknownVoice: there is none of that name, or it is another's.
        StoreError: it cannot be deleted.
    """
    directory = directory or DIRECTORY
    with _changing(directory):
        # A key learns nothing of others' voices, not even that there is one.
        if owner is not None and _owner(_place(name, directory)) != owner:
            raise UnknownVoice(f"no cloned voice {name!r} that this key has added")
        folder = _there(name, directory)
        with contextlib.suppress(ModelUnavailable):
            digest = _read(folder).digest
            if all(other.digest != digest or other.name == name for other in listed(directory)):
                shutil.rmtree(LATENTS / digest, ignore_errors=True)
        if folder.is_symlink():
            folder.unlink()
        else:
            folder.rename(directory / f".{name}{_REMOVED}")


def _owner(folder: Path) -> str | None:
    try:
        return _read(folder).owner
    except ModelUnavailable:
        return None  # none is there, or only the operator can tell whose it was


def rename(name: str, new: str, directory: Path | None = None) -> None:
    """Call a voice otherwise. It stays the same to the store, so nothing is spoken again.

    Raises:
        InputError: that is no name, or it is taken.
        UnknownVoice: there is none of the old name.
        StoreError: it cannot be renamed.
    """
    directory = directory or DIRECTORY
    target = _place(new, directory)
    with _changing(directory):
        folder = _there(name, directory)
        _free(target, replace=False, renamed=name)
        folder.rename(target)


def _owned(name: str, speaker: str, consent: str) -> None:
    for field, said, example in (
        ("speaker", speaker, "Anna Smith"),
        ("consent", consent, "release signed on 1 March 2026, for our telephone prompts"),
    ):
        if not said.strip():
            what = "whose voice it is" if field == "speaker" else "what they agreed to, and how"
            raise InputError(
                f"{name!r} is somebody's voice, and stays theirs: say {what}, which is kept with it"
                f" (for example {example!r})",
                field=field,
            )
        if len(said) > _LONGEST_STATEMENT:
            raise InputError(f"{len(said):,} characters, and {_LONGEST_STATEMENT:,} are allowed", field=field)
        _require_readable(said, field)


def _require_readable(said: str, field: str) -> None:
    if wrong := next((c for c in said if not c.isprintable() and c not in "\n\t"), None):
        raise InputError(f"holds the character U+{ord(wrong):04X}, which nobody can read", field=field)


def taken(name: str, directory: Path | None = None) -> str | None:
    """The voice that has this name, in whatever case; None where it is free."""
    found = (folder.name for folder in _folders(directory) if folder.name.casefold() == name.casefold())
    return next(found, None)


def _free(folder: Path, replace: bool, renamed: str = "") -> None:
    """See that no other voice has that name, in whatever case.

    Raises:
        InputError
    """
    other = taken(folder.name, folder.parent)
    if other is None or other == renamed:
        return
    if other != folder.name:
        raise InputError(
            f"there is a voice {other!r}, and {folder.name!r} differs from it in case only", field="name"
        )
    if not replace:
        raise InputError(
            f"there is a voice {other!r} already: replace it, remove it, or choose another name", field="name"
        )


def _there(name: str, directory: Path) -> Path:
    folder = _place(name, directory)
    if folder not in _folders(directory):
        names = [other.name for other in _folders(directory)]
        raise UnknownVoice(
            f"no cloned voice {name!r}{suggest(name, names)} (yours: {', '.join(names) or 'none'})"
        )
    return folder


def _recorded(recording: Audio | str | os.PathLike[str]) -> tuple[str, Audio]:
    """What to call a recording in messages, and its audio."""
    if isinstance(recording, Audio):
        source, whole = "the recording", recording
    else:
        source = os.fspath(recording)
        extension = os.path.splitext(source)[1][1:].lower()
        # Those without a header are known by their extension, all others by their first bytes.
        raw = [
            kind.name
            for kind in formats.FORMATS.values()
            if extension in kind.extensions and kind.container in {"RAW", "g722"}
        ]
        try:
            with sandbox.Decoder() as decoder:
                whole = decoder.decode_file(source, raw[0] if raw else None, bounds=RECORDING)
        except InputError as error:
            raise error.at(source) from error.__cause__
    if whole.duration > LONGEST_RECORDING:
        raise InputError(
            f"{source}: {whole.duration / 60:.0f} minutes are too much to look for a sample in; give the best"
            f" {recordings.LONGEST:g} s, or {LONGEST_RECORDING / 60:.0f} minutes at most"
        )
    return source, whole


def _written(folder: Path, reference: Reference, data: bytes) -> None:
    """Put a voice in its place at once: first under another name, then renamed."""
    record = msgspec.json.format(msgspec.json.encode(reference), indent=2)
    file = file_of(reference.digest)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=_PARTIAL, dir=folder.parent))
    atomic.write(staged / file, data, durable=True)
    atomic.write(staged / _RECORD, record, durable=True)
    if not folder.is_dir():
        staged.rename(folder)
        return
    os.replace(staged / file, folder / file)
    os.replace(staged / _RECORD, folder / _RECORD)
    for former in folder.glob("reference-*.wav"):
        if former.name != file:
            former.unlink()


@contextlib.contextmanager
def _changing(directory: Path) -> Iterator[None]:
    """No other process changes voices meanwhile; what one left unfinished, or is to be deleted, goes.

    Raises:
        StoreError: the folder cannot be changed.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with locks.hold(directory / ".lock"):
            _sweep(directory)
            try:
                yield
            finally:
                _sweep(directory)
    except OSError as error:
        raise StoreError(f"cannot change the voices in {directory}: {error}") from error


def _sweep(directory: Path) -> None:
    for each in directory.iterdir():
        if each.name.startswith(".") and each.name.endswith((_REMOVED, _PARTIAL)):
            shutil.rmtree(each)


# What engines compute


def latents(
    reference: Reference, model: str, make: Callable[[], Arrays], directory: Path | None = None
) -> Arrays:
    """What an engine computes from a sample, made once and kept; others that ask meanwhile wait for it.

    Args:
        model: what else decides the result, such as the digest of the weights.
        make: computes it.

    Raises:
        StoreError: it cannot be kept.
    """
    folder = (directory or LATENTS) / reference.digest
    path = folder / f"{hashlib.sha256(model.encode()).hexdigest()[:32]}.npz"
    if (kept := _kept(path)) is not None:
        return kept
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locks.hold(path.with_suffix(".lock")):
            if (kept := _kept(path)) is not None:
                return kept
            made = make()
            packed = io.BytesIO()
            np.savez(packed, **made)  # type: ignore[arg-type]
            atomic.write(path, packed.getvalue())
    except OSError as error:
        raise StoreError(
            f"cannot keep what was computed from {reference.name!r} in {folder}: {error}"
        ) from error
    return made


def _kept(path: Path) -> Arrays | None:
    try:
        with np.load(path) as kept:
            return dict(kept)
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        return None  # not there, or broken: it is computed
