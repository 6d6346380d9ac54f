"""The prompts of an announcement, joined as a PBX plays them, and how the seams sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import numpy as np

from voxpress.audio import sandbox, waveform
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, suggest
from voxpress.files.formats import FORMATS
from voxpress.quality.packs import Pack, media
from voxpress.quality.packs.folder import PackFile
from voxpress.speech import Hertz, Seconds

RATE: Hertz = 8000
"""Of telephones."""
LARGEST_STEP = 3.0
"""Decibels between two prompts: more is heard as two voices."""
LONGEST_GAP: Seconds = 0.3
"""Silence between two prompts: more is heard as a pause."""
_QUIET = 10 ** (-40 / 10)
"""Power below that of the loudest 10 ms of a prompt: nothing is heard."""


class Played(NamedTuple):
    """A prompt, and the file in which it is; None: there is none."""

    prompt: str
    file: PackFile | None


class Seam(msgspec.Struct, kw_only=True):
    """Where two prompts meet."""

    before: str
    behind: str
    step: float
    """Decibels by which the second one is louder, in active speech."""
    gap: Seconds
    """Silence between them."""

    @property
    def is_heard(self) -> bool:
        """Whether people hear it."""
        return bool(abs(self.step) > LARGEST_STEP or self.gap > LONGEST_GAP)


class Joined(NamedTuple):
    """All prompts that are there, one after the other, and their seams."""

    audio: Audio
    seams: list[Seam]


def find_files(pack: Pack, language: str, prompts: Sequence[str]) -> list[Played]:
    """The file of each prompt.

    Args:
        language: the folder of a language in the pack. Asterisk looks in ``de_AT_f_Ann``, ``de_AT``, ``de``, outside of
            all languages, and at last in ``en``; FreeSWITCH in one folder.

    Raises:
        InputError: the pack has no such language.
    """
    folders = list(_list_folders(pack, language))
    if not folders:
        raise InputError(
            f"no language {language!r} in {pack.place}{suggest(language, pack.files)}: it holds"
            f" {', '.join(filter(None, pack.files))}",
            field="language",
        )
    return [Played(prompt, _find(pack, folders, prompt)) for prompt in prompts]


def _list_folders(pack: Pack, language: str) -> Iterator[str]:
    """The folders in which a prompt is looked for, in order; none if the pack has other languages only."""
    names = language.replace("-", "_").split("_")
    near = [language, *("_".join(names[:count]) for count in range(len(names), 0, -1))]
    near += [
        each for each in sorted(pack.files) if each.startswith(f"{language.replace('_', '/').lower()}/")
    ][:1]
    own = [each for each in dict.fromkeys(near) if each in pack.files]
    if own or "" in pack.files:
        yield from dict.fromkeys((*own, *(each for each in ("", "en") if each in pack.files)))


def _find(pack: Pack, folders: Sequence[str], prompt: str) -> PackFile | None:
    for folder in folders:
        playable = [
            each
            for each in pack.files[folder].get(prompt, ())
            if not each.problem and _format_of(each.extension)
        ]
        if playable:
            return min(playable, key=lambda each: (each.rate != RATE, each.extension != "wav", each.path))
    return None


def _format_of(extension: str) -> str | None:
    """The format that Asterisk reads under an extension; ``.WAV`` is GSM."""
    if extension == "WAV":
        return "wav49"
    return next((name for name, each in FORMATS.items() if extension.lower() in each.extensions), None)


def join(pack: Pack, played: Sequence[Played]) -> Joined:
    """The prompts that are there, one after the other at `RATE`.

    Raises:
        InputError: none is there, or a file cannot be decoded.
    """
    there = [(each.prompt, each.file) for each in played if each.file]
    if not there:
        raise InputError("the pack has none of these prompts")
    with sandbox.Decoder() as decoder:
        sounds = [waveform.resample(_read(decoder, pack, file), RATE) for _, file in there]
    measured = [
        (prompt, waveform.active_level(sound), *_measure_ends(sound))
        for (prompt, _), sound in zip(there, sounds, strict=True)
    ]
    seams = [
        Seam(
            before=before,
            behind=behind,
            step=round(float(louder - level), 1),
            gap=round(float(tail + lead), 2),
        )
        for (before, level, _, tail), (behind, louder, lead, _) in pairwise(measured)
    ]
    return Joined(waveform.join(sounds), seams)


def _read(decoder: sandbox.Decoder, pack: Pack, file: PackFile) -> Audio:
    path = pack.place / file.path
    if problem := media.find_mismatch(media.read_header(str(path)), file.extension, path.stat().st_size):
        raise InputError(f"{file.path}: {problem}")
    named = _format_of(file.extension)
    raw = named is not None and (FORMATS[named].container == "RAW" or named == "g722")
    try:
        return decoder.decode_file(str(path), named if raw else None)
    except InputError as error:
        raise InputError(f"{file.path}: {error.problem}") from error


def _measure_ends(sound: Audio) -> tuple[Seconds, Seconds]:
    """Silence at both ends."""
    energies = waveform.powers(sound)
    (loud,) = np.nonzero(energies >= energies.max() * _QUIET)
    return max(0.0, (loud[0] - 1) * 0.01), max(0.0, sound.duration - loud[-1] * 0.01)
