"""Cloned voices are added, renamed and removed: checked, owned, and never half written."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from voxpress.audio import codec, sandbox
from voxpress.audio.decoding import Bounds
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, ModelUnavailable, StoreError, UnknownVoice, suggest
from voxpress.files import atomic, formats, locks
from voxpress.speech import Output, Seconds
from voxpress.voices import latents, recordings, references, transcripts
from voxpress.voices.references import Reference
from voxpress.voices.transcripts import Recogniser

LONGEST_RECORDING: Seconds = 600.0
RECORDING = Bounds(samples=round(LONGEST_RECORDING) * recordings.HIGHEST_RATE, longest=LONGEST_RECORDING)
"""What a recording may be at most."""

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_LONGEST_STATEMENT = 2000
"""Characters of who speaks, and of what they agreed to."""
_REMOVED = ".removed"
_PARTIAL = ".partial"


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
    directory = directory or references.default_folder()
    folder = references.place(name, directory)
    _require_read_owner(name, speaker, consent)
    _require_readable(transcript or "", "transcript")
    if language is not None and not _TAG.fullmatch(language):
        raise InputError(f"{language!r} is no language tag such as en or en-GB", field="language")
    _require_free(folder, replace)
    source, whole = _decode_recording(recording)
    try:
        sample = recordings.prepare(whole)
        data = codec.encode(sample.audio, Output(format="wav"))
        kept = codec.decode(data)
        transcript, language, words, doubts = transcripts.of(sample, transcript, language, recogniser)
    except InputError as error:
        raise error.at(source) from error.__cause__
    reference = Reference(
        digest=references.digest_of(kept, transcript, words),
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
        _require_free(folder, replace)
        _write(folder, reference, data)
    return msgspec.structs.replace(reference, name=name)


def remove(name: str, directory: Path | None = None, *, owner: str | None = None) -> None:
    """Delete a voice: its folder, and what engines computed from its sample. What was spoken with it stays.

    Args:
        owner: the server's key that must have added it; None: whoever did.

    Raises:
        UnknownVoice: there is none of that name, or it is another's.
        StoreError: it cannot be deleted.
    """
    directory = directory or references.default_folder()
    with _changing(directory):
        # A key learns nothing of others' voices, not even that there is one.
        if owner is not None and _read_owner(references.place(name, directory)) != owner:
            raise UnknownVoice(f"no cloned voice {name!r} that this key has added")
        folder = _find_folder(name, directory)
        with contextlib.suppress(ModelUnavailable):
            digest = references.read(folder).digest
            if all(other.digest != digest or other.name == name for other in references.listed(directory)):
                shutil.rmtree(latents.default_folder() / digest, ignore_errors=True)
        if folder.is_symlink():
            folder.unlink()
        else:
            folder.rename(directory / f".{name}{_REMOVED}")


def _read_owner(folder: Path) -> str | None:
    try:
        return references.read(folder).owner
    except ModelUnavailable:
        return None  # none is there, or only the operator can tell whose it was


def rename(name: str, new: str, directory: Path | None = None) -> None:
    """Call a voice otherwise. It stays the same to the store, so nothing is spoken again.

    Raises:
        InputError: that is no name, or it is taken.
        UnknownVoice: there is none of the old name.
        StoreError: it cannot be renamed.
    """
    directory = directory or references.default_folder()
    target = references.place(new, directory)
    with _changing(directory):
        folder = _find_folder(name, directory)
        _require_free(target, replace=False, renamed=name)
        folder.rename(target)


def _require_read_owner(name: str, speaker: str, consent: str) -> None:
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


def find_taken(name: str, directory: Path | None = None) -> str | None:
    """The voice that has this name, in whatever case; None where it is free."""
    found = (
        folder.name for folder in references.folders(directory) if folder.name.casefold() == name.casefold()
    )
    return next(found, None)


def _require_free(folder: Path, replace: bool, renamed: str = "") -> None:
    """See that no other voice has that name, in whatever case.

    Raises:
        InputError
    """
    other = find_taken(folder.name, folder.parent)
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


def _find_folder(name: str, directory: Path) -> Path:
    folder = references.place(name, directory)
    if folder not in references.folders(directory):
        names = [other.name for other in references.folders(directory)]
        raise UnknownVoice(
            f"no cloned voice {name!r}{suggest(name, names)} (yours: {', '.join(names) or 'none'})"
        )
    return folder


def _decode_recording(recording: Audio | str | os.PathLike[str]) -> tuple[str, Audio]:
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


def _write(folder: Path, reference: Reference, data: bytes) -> None:
    """Put a voice in its place at once: first under another name, then renamed."""
    record = msgspec.json.format(msgspec.json.encode(reference), indent=2)
    file = references.file_of(reference.digest)
    staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=_PARTIAL, dir=folder.parent))
    atomic.write(staged / file, data, durable=True)
    atomic.write(staged / references.RECORD, record, durable=True)
    if not folder.is_dir():
        staged.rename(folder)
        return
    os.replace(staged / file, folder / file)
    os.replace(staged / references.RECORD, folder / references.RECORD)
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
