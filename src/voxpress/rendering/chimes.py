"""Chimes before and after the speech, in the same file: made by voxpress, or from a sound file."""

from __future__ import annotations

import functools
import math
import os
from typing import Literal, TypeAlias

import msgspec

from voxpress import validation
from voxpress.audio import chimes, waveform
from voxpress.audio.arrays import np
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, show, suggest
from voxpress.rendering import sounds
from voxpress.rendering.plan import PlacedChime
from voxpress.speech import Hertz, Seconds
from voxpress.text.parts import Decibels

OWN = "chime:"
"""What the names of voxpress's own chimes begin with."""
NONE = "none"
LONGEST: Seconds = 60.0
Side: TypeAlias = Literal["before", "after"]


class Chime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is heard before or after the speech.

    >>> Chime.of("chime:gong")
    Chime(sound='chime:gong', gain=-6.0, gap=0.2)
    >>> Chime.of("chime:gnog")
    Traceback (most recent call last):
    voxpress.errors.InputError: sound: no chime 'gnog'; did you mean 'gong'? (chimes: ding, ding-dong, two-tone, \
three-tone, gong, soft, attention, alert, success, error)

    Raises:
        InputError: a field cannot be so.
    """

    sound: str
    """``chime:`` and the name of one of voxpress's own, the path of a sound file, or ``none``."""
    gain: Decibels = -6.0
    """How much louder it is than the speech."""
    gap: Seconds = 0.2
    """Silence between it and the speech; below 0: how long both are heard together."""

    def __post_init__(self) -> None:
        if problem := validation.TESTS["file"](self.sound) or ("" if self.sound else "is empty"):
            raise InputError(problem, field="sound")
        name = self.sound.removeprefix(OWN)
        if name != self.sound and name not in chimes.CHIMES:
            known = ", ".join(chimes.CHIMES)
            raise InputError(
                f"no chime {show(name)}{suggest(name, chimes.CHIMES)} (chimes: {known})", field="sound"
            )
        for field, low, high in (("gain", -60.0, 20.0), ("gap", -60.0, 60.0)):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise InputError(f"must be a number from {low:g} to {high:g}, not {show(value)}", field=field)

    @classmethod
    def of(cls, given: str | Chime) -> Chime:
        """The chime that is given, or whose sound is given."""
        return given if isinstance(given, Chime) else cls(sound=given)

    def beside(self, folder: str | os.PathLike[str]) -> Chime:
        """The same; a relative path of a file is one from `folder`."""
        if self.sound == NONE or self.sound.startswith(OWN):
            return self
        path = os.path.join(os.path.abspath(folder), os.path.expanduser(self.sound))
        return msgspec.structs.replace(self, sound=path)


def place(given: str | Chime | PlacedChime | None, side: Side) -> PlacedChime | None:
    """The chime with its file found, and known by what is in it; None: there is none.

    Args:
        given: one that is placed already stays as it is.

    Raises:
        InputError: it cannot be so; its file is not there, or is no audio.
    """
    if given is None or isinstance(given, PlacedChime):
        return given
    if not isinstance(given, str | Chime):
        raise InputError(
            f"must be a Chime, a path or a name such as chime:gong, not {show(given)}", field=side
        )
    try:
        chime = Chime.of(given)
        if chime.sound == NONE:
            return None
        # Keys have numbers as they are: -3 and -3.0 would be two.
        gain, gap = float(chime.gain), float(chime.gap)
        if chime.sound.startswith(OWN):
            return PlacedChime(side, f"{chime.sound} {chimes.REVISION}", gain, gap)
        path = os.path.abspath(os.path.expanduser(chime.sound))
        return PlacedChime(side, _identify(path, chime.sound), gain, gap, path)
    except InputError as error:
        raise InputError(error.problem, field=side) from error


def _identify(path: str, given: str) -> str:
    """The digest of a chime's file, which can be used.

    Args:
        given: the path as it was given.
    """
    if "://" in given:
        raise InputError(f"{show(given)} is an address: download the sound, and name its file")
    try:
        facts = os.stat(path)
    except OSError as error:
        name = os.path.basename(path)
        hint = f"; voxpress's own chime is {OWN}{name}" if name in chimes.CHIMES else ""
        raise InputError(f"the sound {path!r} cannot be read: {error.strerror}{hint}") from error
    if not os.path.isfile(path):
        raise InputError(f"the sound {path!r} is no file")
    if facts.st_size > sounds.LARGEST:
        raise InputError(
            f"the sound {path!r} has {facts.st_size:,} bytes, and {sounds.LARGEST:,} are allowed"
        )
    return sounds.digest(path, facts.st_mtime_ns, facts.st_size)


def require_usable(chime: PlacedChime | None) -> None:
    """Decode a chime's file before anything is spoken. `place` does not, as a clip in the store has no need of it.

    Raises:
        InputError: it cannot be decoded, is silent, or lasts longer than `LONGEST`.
    """
    try:
        if chime is not None and chime.path:
            _read(chime.path, chime.sound)
    except InputError as error:
        raise InputError(error.problem, field=chime.side if chime else None) from error


def _read(path: str, sha256: str) -> Audio:
    sound = sounds.read(path, sha256)
    if sound.duration > LONGEST:
        raise InputError(f"the sound {path!r} lasts longer than the {LONGEST:.0f} s that a chime may: cut it")
    sound = waveform.trim(sound)
    if not math.isfinite(waveform.loudness(sound)):
        raise InputError(f"the sound {path!r} is silent")
    return sound


def surround(speech: Audio, around: tuple[PlacedChime, ...]) -> Audio:
    """Speech that has its level already, with its chimes, each as loud as it is to be beside that."""
    level = waveform.loudness(speech)
    whole = speech
    for chime in around:
        sound = _load(chime, speech.sample_rate)
        own = waveform.loudness(sound)
        if math.isfinite(level) and math.isfinite(own):
            sound = waveform.gain(sound, level - own + chime.gain)
        first, second = (sound, whole) if chime.side == "before" else (whole, sound)
        whole = _overlap(first, second, chime.gap)
    return whole


@functools.lru_cache(maxsize=8)
def _load(chime: PlacedChime, sample_rate: Hertz) -> Audio:
    if chime.path:
        return waveform.resample(_read(chime.path, chime.sound), sample_rate)
    name = chime.sound.removeprefix(OWN).split()[0]
    return chimes.ring(chimes.CHIMES[name], sample_rate)


def _overlap(first: Audio, second: Audio, gap: Seconds) -> Audio:
    """Two sounds one after the other, with silence between them or, below 0, together for so long."""
    later = waveform.pad(second, max(0.0, first.duration + gap))
    whole = np.zeros(max(len(first.samples), len(later.samples)), np.float32)
    whole[: len(first.samples)] += first.samples
    whole[: len(later.samples)] += later.samples
    return Audio(whole, first.sample_rate, (*first.marks, *later.marks))
