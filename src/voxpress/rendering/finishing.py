"""The stage that finishes: takes, pauses and tones become clips, and clips become files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec

from voxpress import engines
from voxpress.audio import codec, waveform
from voxpress.audio.room_tone import add_room_tone
from voxpress.audio.stretch import stretch
from voxpress.audio.waveform import Audio
from voxpress.errors import InputError, SpeechError, StoreError
from voxpress.files import formats
from voxpress.marks import FORMATS, lacks_marks, time_words, write_all
from voxpress.rendering import chimes, sounds
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.plan import PlacedChime, PlacedSound, Played, Recipe, RecipePart, Target, Within
from voxpress.speech import Clip, Hertz, Mark, Output, Seconds, dBFS
from voxpress.store import Kept, Store
from voxpress.text import Bookmark, Pause, Silence, Tone

FULL_SCALE: dBFS = 0.0
KEPT: Seconds = 0.02
"""Of the silence around a take, at each end and at speed 1."""
FRAME: Seconds = 0.01
"""At speed 1: what is found to be silent or not."""
_AUDIBLE = 1.0
"""Decibels; a smaller difference in loudness is not heard."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of one utterance's files: clips, or the keys of takes that the store lacks, or an error."""

    clips: tuple[Clip, ...] = ()
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    """Keys of takes that another render has replaced since they were heard."""
    error: SpeechError | None = None
    made: bool = False
    """Whether a clip was made, and not found."""
    written: bool = False
    """Whether a file was written."""


def finish(
    recipes: Sequence[Recipe],
    store: Store,
    folder: OutputFolder | None,
    *,
    heard: Sequence[Mapping[str, str]] | None = None,
    takes: Mapping[str, Kept] = MappingProxyType({}),
) -> list[Finished]:
    """Make the files of each recipe from its takes, or from its clips where the store has them, and put them in place.

    Args:
        heard: with a recogniser, for each recipe the digests of the takes that it heard, by key. Clips and files count
            only if they were made of those: some may have been spoken again.
        takes: those that are at hand and need not be read.

    Raises:
        StoreError: store or folder cannot be written.
    """
    heard_of: Sequence[Mapping[str, str] | None] = heard if heard is not None else [None] * len(recipes)
    if folder is not None:
        folder.look(path for recipe in recipes for target in recipe.targets for path in target.paths)

    def finish_one(recipe: Recipe, digests: Mapping[str, str] | None) -> Finished:
        try:
            return _make_files(recipe, store, folder, digests, takes)
        except StoreError:
            raise  # the next one would meet it too
        except SpeechError as error:
            return Finished(error=error)
        except Exception as error:  # the edge of a recipe: codecs and numerics raise what they like
            problem = f"the file could not be made: {engines.describe(error)}"
            return Finished(error=SpeechError(problem))

    if len(recipes) == 1 or folder is None or not folder.at_once:
        return list(map(finish_one, recipes, heard_of))
    with ThreadPoolExecutor(len(recipes)) as pool:  # nearly all of the time they wait for the object store
        return list(pool.map(finish_one, recipes, heard_of))


def _make_files(
    recipe: Recipe,
    store: Store,
    folder: OutputFolder | None,
    heard: Mapping[str, str] | None,
    at_hand: Mapping[str, Kept],
) -> Finished:
    clips: list[Clip] = []
    takes: dict[str, Kept] = {}
    made = written = False
    keys = recipe.takes
    current = None
    if heard is not None:
        now = {key: store.take_sha256(key) or "" for key in keys}
        if changed := tuple(key for key in keys if now[key] and heard.get(key, now[key]) != now[key]):
            return Finished(changed=changed)
        current = _digest(list(now.values()))
    for target in recipe.targets:
        clip = store.clip(target.clip)
        data = store.read(clip) if clip else None
        if (
            clip is None
            or data is None
            or current not in (None, clip.takes)
            or (target.sidecars and lacks_marks(clip, recipe.script))
        ):
            if not takes:
                found = {key: at_hand.get(key) or store.take(key) for key in keys}
                takes = {key: take for key, take in found.items() if take}
                if missing := tuple(key for key in keys if key not in takes):
                    return Finished(missing=missing)
                if heard and (changed := tuple(k for k in keys if takes[k].sha256 != heard.get(k))):
                    return Finished(changed=changed)
            clip, data = _make_clip(recipe, target, takes)
            clip = store.put_clip(clip, data)
            made = True
        if problem := target.output.limit_exceeded(clip):
            return Finished(error=InputError(problem))
        sidecars = write_all((each.format for each in target.sidecars), clip, recipe.script)
        if folder is not None:
            other = folder.wrote(target.path) and folder.holds(target.path, clip.key, clip.format) is None
            try:
                written |= _publish(recipe, target, clip, data, sidecars, folder, keep_same=heard is not None)
            except InputError as error:
                return Finished(error=error)
            if other and (notes := _list_outdated(target, folder)):
                clip = msgspec.structs.replace(clip, notes=(*clip.notes, *notes))
        clips.append(msgspec.structs.replace(clip, sidecars=sidecars) if sidecars else clip)
    return Finished(clips=tuple(clips), made=made, written=written)


def _publish(
    recipe: Recipe,
    target: Target,
    clip: Clip,
    data: bytes,
    sidecars: Mapping[str, bytes],
    folder: OutputFolder,
    *,
    keep_same: bool,
) -> bool:
    """Put a clip and its sidecars into the folder; whether any of them was written.

    Args:
        keep_same: leave files that stand there with these bytes already.

    Raises:
        InputError, StoreError: as `OutputFolder.publish`.
    """
    files = [(target.path, clip, data)]
    for each in target.sidecars:
        said = sidecars[FORMATS[each.format].extension]
        digest = hashlib.sha256(said).hexdigest()
        facts = msgspec.structs.replace(clip, key=each.key, size=len(said), sha256=digest, marks=())
        files.append((each.path, facts, said))
    new = [file for file in files if not (keep_same and folder.has(file[0], file[2]))]
    for path, facts, said in new:
        folder.publish(path, facts, said, target.request, len(recipe.takes))
    return bool(new)


def _list_outdated(target: Target, folder: OutputFolder) -> list[str]:
    """A note for each file with marks that a former render left beside a file, and that nobody asks for now."""
    stem = os.path.splitext(target.path)[0]
    asked = {each.path for each in target.sidecars}
    beside = {f"{stem}.{format.extension}": name for name, format in FORMATS.items()}
    folder.look(path for path in beside if path not in asked)
    return [
        f"{path} tells of the audio that was here before: render with --marks {name}, or delete it with --prune"
        for path, name in beside.items()
        if path not in asked and folder.wrote(path)
    ]


def _digest(takes: Sequence[str]) -> str:
    return hashlib.sha256("".join(takes).encode()).hexdigest()


def _make_clip(recipe: Recipe, target: Target, takes: Mapping[str, Kept]) -> tuple[Clip, bytes]:
    output = target.output
    native = max((take.sample_rate for take in takes.values()), default=recipe.sample_rate)
    whole = waveform.join(list(_list_sounds(recipe, takes, output, native)))
    around = tuple(part for part in recipe.parts if isinstance(part, PlacedChime))
    if around:
        # The speech reaches its level alone: with another chime it is as loud as before.
        speech = mastered(whole, output)
        notes = tuple(_describe_shortfall(speech, output))
        finished = waveform.pad(chimes.surround(speech, around), output.lead, output.tail)
        finished = waveform.limit(finished, _highest(output))
    else:
        finished = mastered(waveform.pad(whole, output.lead, output.tail), output)
        notes = tuple(_describe_shortfall(finished, output))
    if output.room_tone is not None:
        finished = waveform.limit(add_room_tone(finished, output.room_tone), _highest(output))
    data = codec.encode(finished, output)
    clip = Clip(
        key=target.clip,
        format=output.format,
        sample_rate=finished.sample_rate,
        duration=finished.duration,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        marks=finished.marks,
        notes=notes,
        takes=_digest([take.sha256 for take in takes.values()]),
    )
    return clip, data


def _list_sounds(
    recipe: Recipe, takes: Mapping[str, Audio], output: Output, native: Hertz
) -> Iterator[Audio]:
    """What is heard of each part, with all its marks."""
    words = iter(recipe.script.takes)
    bookmarks: list[Within] = []
    for part in recipe.parts:
        if isinstance(part, PlacedChime):
            continue
        if isinstance(part, Within):
            bookmarks.append(part)
            continue
        if isinstance(part, str | Played):
            played, said = _played(part), next(words, None)
            heard = _as_spoken(played, takes, output, native)
            marks = time_words(heard, said.text) if said else heard.marks
            heard = replace(heard, marks=_add_bookmarks(marks, bookmarks, heard.duration))
            bookmarks = []
            yield stretch(heard, played.stretch)
        else:
            yield sound(part, takes, output, native)


def _add_bookmarks(
    marks: tuple[Mark, ...], bookmarks: Sequence[Within], duration: Seconds
) -> tuple[Mark, ...]:
    """The marks of a take with its bookmarks: each is where a word begins or, if words are not known, at its share."""
    if not bookmarks:
        return marks
    words = [mark for mark in marks if mark.kind == "word"]
    found = []
    for each in bookmarks:
        known = words[each.word] if len(words) == each.words else None
        at = known.start if known else duration * each.word / each.words
        estimated = known.estimated if known else True
        found.append(Mark(kind="bookmark", text=each.name, start=at, end=at, estimated=estimated))
    return tuple(sorted((*marks, *found), key=lambda mark: mark.start))


def _describe_shortfall(sound: Audio, output: Output) -> Iterator[str]:
    """What the peak limit left of the levels that were asked for, where that can be heard."""
    asked = (
        (output.loudness, waveform.loudness, "LUFS"),
        (output.level, waveform.active_level, "dBFS"),
        (output.least_rms, waveform.rms, "dBFS RMS"),
    )
    peak = f"; the peak limit of {output.peak:g} dBFS allows no more" if output.peak is not None else ""
    for wanted, measure, unit in asked:
        if wanted is not None and _AUDIBLE <= wanted - (reached := measure(sound)) < float("inf"):
            yield f"{reached:.1f} {unit} in place of {wanted:g}{peak}"


def sound(part: RecipePart, takes: Mapping[str, Audio], output: Output, sample_rate: Hertz) -> Audio:
    """What is heard of one part of an utterance, at `sample_rate`: a take, or what lies between takes."""
    match part:
        case str() | Played():
            played = _played(part)
            return stretch(_as_spoken(played, takes, output, sample_rate), played.stretch)
        case Pause(after, speed):
            length = output.sentence_pause if after == "sentence" else output.paragraph_pause
            return waveform.silence(length / speed, sample_rate)
        case Silence(duration):
            return waveform.silence(duration, sample_rate)
        case Tone(frequencies, duration):
            return waveform.tone(frequencies, duration, sample_rate)
        case PlacedSound(sha256, gain, path):
            return waveform.gain(waveform.resample(sounds.read(path, sha256), sample_rate), gain)
        case Bookmark(name):
            here = Mark(kind="bookmark", text=name, start=0.0, end=0.0)
            return replace(waveform.silence(0.0, sample_rate), marks=(here,))
    raise TypeError(part)


def _played(part: str | Played) -> Played:
    return part if isinstance(part, Played) else Played(part)


def _as_spoken(part: Played, takes: Mapping[str, Audio], output: Output, sample_rate: Hertz) -> Audio:
    """A take at the speed at which the engine spoke it. The silence around it goes before it is stretched: so all that
    is left lasts as long as the speed says, however short it is.
    """
    take = takes[part.take]
    if output.trim:
        take = waveform.trim(take, keep=KEPT / part.own, frame=FRAME / part.own)
    return waveform.gain(waveform.resample(take, sample_rate), part.gain)


def mastered(sound: Audio, output: Output) -> Audio:
    """`sound` at the rate and the level that `output` wants."""
    sound = waveform.resample(
        sound, formats.sample_rate_for(formats.FORMATS[output.format], output.sample_rate, sound.sample_rate)
    )
    peak = _highest(output)
    if output.loudness is not None:
        level = waveform.to_loudness(sound, output.loudness, peak)
    elif output.level is not None:
        level = waveform.to_level(sound, output.level, peak)
    else:
        level = waveform.limit(sound, peak)
    if output.least_rms is not None and waveform.rms(level) < output.least_rms:
        return waveform.to_rms(sound, output.least_rms, peak)
    return level


def _highest(output: Output) -> dBFS:
    """The peak that no sample exceeds."""
    if output.peak is not None:
        return output.peak
    return FULL_SCALE if output.loudness is None and output.level is None else -1.0
