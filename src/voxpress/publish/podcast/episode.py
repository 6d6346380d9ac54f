"""An episode from its turns: mixed, brought to its loudness, encoded part by part.

What is encoded is in the store, under a key of all that is heard in it. So an edited line costs its turn, its part's
encoding, and the copy of all other parts.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeAlias, TypeVar

from voxpress.audio import codec, tags
from voxpress.audio.episodes import FRAMES, PEAKS, Codec, Encoding, encode_part, join_parts
from voxpress.audio.mastering import LOUDNESS, Mastered, Measured, choose_gain, measure
from voxpress.audio.mixing import Ducking, Layer, Mix, Spans
from voxpress.audio.signals import Channels, Decoded
from voxpress.audio.waveform import Audio
from voxpress.documents import scripts
from voxpress.errors import InputError, show
from voxpress.publish.podcast.head import Head, NamedSound
from voxpress.publish.podcast.timeline import RATE, Length, PlacedSoundCue, Timeline, arrange
from voxpress.publish.recording import Recording, find_clip
from voxpress.rendering import beside, sounds
from voxpress.speech import LUFS, Clip, Output
from voxpress.store import Store
from voxpress.store.keys import Json, clip_key

OUTPUT = Output(format="flac", sample_rate=RATE, loudness=LOUDNESS[1], peak=-1.0)
"""Of a turn: all are equally loud, whoever speaks, and an edited one changes no other."""
_BEFORE, _AFTER = 20_000, 5_700
"""Samples around a part within which something has an influence on it: those that its encoder and the limiter get."""
_DUCKING = round((Ducking().attack + Ducking().release + Ducking().hold) * RATE)
"""Samples around a bed within which speech has an influence on it."""
_VERSION = 1
"""Of what is made of the same sounds; another one has it made again."""

_MOST_THREADS = 8

Made = TypeVar("Made")
Signals: TypeAlias = Mapping[str, Decoded]


@dataclass(frozen=True, slots=True)
class SoundFile:
    """A sound of a script: what is said of it, and the file.

    Attributes:
        digest: of the file's content.
        place: the first line that plays it.
    """

    about: NamedSound
    path: str
    digest: str
    place: str


def find_sounds(script: scripts.Script, head: Head) -> dict[str, SoundFile]:
    """The sounds that a script plays, by their names. A name that the head does not have is a file beside the script.

    Raises:
        InputError: a file is not there, or is no audio; with the line that plays it.
    """
    found: dict[str, SoundFile] = {}
    for item in script.items:
        if not isinstance(item, scripts.SoundCue) or item.name in found:
            continue
        about = head.sounds.get(item.name) or NamedSound(file=item.name)
        place = f"{script.path}:{item.line}"
        try:
            file = beside.find(about.file, str(script.path.parent), "sound")
            digest = sounds.digest(*file)
        except InputError as error:
            known = f" (sounds: {', '.join(head.sounds)})" if head.sounds else ""
            raise InputError(error.problem + known, place=place) from error
        found[item.name] = SoundFile(about, file.path, digest, place)
    return found


def decode_sounds(files: Mapping[str, SoundFile], head: Head) -> Signals:
    """The sounds of a script, decoded.

    Args:
        files: as `find_sounds` gives them.

    Raises:
        InputError: one is no audio, is empty or too long, or has changed meanwhile; with the line that plays it.
        StoreError: there is no room for the samples.
    """
    channels = choose_channels(head, files)
    signals = {}
    for name, file in files.items():
        try:
            signals[name] = Decoded(file.path, RATE, channels)
            facts = os.stat(file.path)
            if sounds.digest(file.path, facts.st_mtime_ns, facts.st_size) != file.digest:
                raise InputError(f"the sound {show(name)} changes while it is read: run this again")
            if not signals[name].length:
                raise InputError(f"the sound {show(name)} is empty")
        except OSError as error:
            raise InputError(
                f"the sound {show(name)} cannot be read: {error.strerror}", place=file.place
            ) from error
        except InputError as error:
            raise error.at(file.place) from error
    return signals


def choose_channels(head: Head, files: Mapping[str, SoundFile]) -> Channels:
    """The channels of an episode: what its head says, else two if it has sounds."""
    return head.channels or (2 if files else 1)


class Heard:
    """Layers, each with what identifies its sound, by when they are heard."""

    def __init__(self, layers: Sequence[tuple[Layer, str]]) -> None:
        self._layers = layers
        self._spans = Spans((layer.start, layer.end) for layer, _ in layers)

    def find(self, start: int, stop: int) -> list[tuple[Layer, str]]:
        """Those that have an influence on what is encoded of `start` to `stop`."""
        near = self._find(start - _BEFORE, stop + _AFTER)
        if any(layer.ducked for layer, _ in near):
            near = self._find(start - _BEFORE - _DUCKING, stop + _AFTER + _DUCKING)
        return near

    def _find(self, start: int, stop: int) -> list[tuple[Layer, str]]:
        return [self._layers[number] for number in self._spans.find(start, stop)]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """An episode whose turns are spoken.

    Attributes:
        files: the sounds, by their names in the script.
        signals: the same, decoded.
    """

    head: Head
    recordings: Sequence[Recording]
    timeline: Timeline
    files: Mapping[str, SoundFile]
    signals: Signals
    channels: Channels
    store: Store

    @property
    def clips(self) -> list[Clip]:
        """The clip of each turn."""
        return [each.clip for each in self.recordings]

    @property
    def loudness(self) -> LUFS:
        """The loudness that it has in the end."""
        return LOUDNESS[self.channels] if self.head.loudness is None else self.head.loudness

    @property
    def chapters(self) -> list[tags.Chapter]:
        """Its chapters; what comes before the first heading is one of its own."""
        placed = self.timeline.chapters
        first = [tags.Chapter(self.head.title, 0.0)] if placed and placed[0].start else []
        return [*first, *(tags.Chapter(each.title, each.start / RATE) for each in placed)]

    def mix(self, speaker: str | None = None, channels: Channels | None = None) -> Mix:
        """What is heard; of one speaker only that one's turns."""
        return self._mix(self._list_layers(speaker), channels or self.channels)

    def _mix(self, layers: Sequence[tuple[Layer, str]], channels: Channels) -> Mix:
        alone = [layer for layer, _ in layers]
        return Mix(alone, sample_rate=RATE, channels=channels, length=self.timeline.length)

    @cached_property
    def _heard(self) -> Heard:
        return Heard(self._list_layers())

    def _list_layers(self, speaker: str | None = None) -> list[tuple[Layer, str]]:
        """Each layer, and what identifies its sound."""
        layers: list[tuple[Layer, str]] = []
        clips = self.clips
        for turn in self.timeline.turns:
            clip = clips[turn.number]
            if speaker is None or turn.turn.speaker == speaker:
                layer = Layer(
                    start=turn.start,
                    duration=turn.end - turn.start,
                    load=partial(_load_clip, self.store, clip),
                    gain=turn.turn.gain,
                    speech=True,
                )
                layers.append((layer, f"{clip.key} {clip.takes}"))
        if speaker is None:
            layers += [(self._place(each), self.files[each.cue.name].digest) for each in self.timeline.sounds]
        return layers

    def _place(self, placed: PlacedSoundCue) -> Layer:
        cue, about = placed.cue, self.files[placed.cue.name].about
        bed = cue.kind == "bed"
        return Layer(
            start=placed.start,
            duration=placed.end - placed.start + (round(about.fade_out * RATE) if bed else 0),
            load=lambda: self.signals[cue.name],
            gain=about.gain + cue.gain,
            ducked=about.duck if bed else 0.0,
            loop=bed and about.loop,
            fade_in=about.fade_in if bed else 0.0,
            fade_out=about.fade_out if bed else 0.0,
        )

    def choose_gain(self, codec: Codec) -> float:
        """The gain in dB that brings it to its loudness. What was measured of a part is kept in the store."""
        parts = _work_on_each(self.timeline.parts, self._measure)
        return choose_gain(Measured.join(parts), self.loudness, PEAKS[codec])

    def _measure(self, start: int, stop: int) -> Measured:
        layers = self._heard.find(start, stop)
        key = clip_key(["measured", *self._identify(layers, start, stop)], Output(format="wav"))
        data = self.store.sidecar(key, "f32")
        if data is None:
            data = measure(self._mix(layers, self.channels), start, stop).encode()
            self.store.put_sidecar(key, "f32", data)
        return Measured.decode(data)

    def _identify(self, layers: Sequence[tuple[Layer, str]], start: int, stop: int) -> list[Json]:
        """What identifies all that has an influence on what is encoded of `start` to `stop`."""
        heard = [_describe(*each, start, stop) for each in layers]
        return [_VERSION, self.channels, stop - start, min(start, _BEFORE), *heard]

    def encode(self, encoding: Encoding) -> tuple[list[Clip], int]:
        """Its parts, encoded, in the store; and how many of them were not there yet."""
        gain = self.choose_gain(encoding.codec)
        output = Output(
            format=encoding.codec,
            sample_rate=48_000 if encoding.codec == "opus" else encoding.sample_rate,
            bit_rate=encoding.bits,
        )

        def make(start: int, stop: int) -> tuple[Clip, bool]:
            layers = self._heard.find(start, stop)
            key = clip_key(["part", gain, *self._identify(layers, start, stop)], output)
            if (clip := self.store.clip(key)) is not None:
                return clip, False
            mastered = Mastered(self._mix(layers, self.channels), gain, PEAKS[encoding.codec])
            data = encode_part(mastered, start, stop, encoding)
            clip = Clip(
                key=key,
                format=encoding.codec,
                sample_rate=encoding.sample_rate,
                duration=(stop - start) / encoding.sample_rate,
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
            )
            return self.store.put_clip(clip, data), True

        spans = self.timeline.parts if encoding.codec in FRAMES else ((0, self.timeline.length),)
        done = _work_on_each(spans, make)
        return [clip for clip, _ in done], sum(is_new for _, is_new in done)

    def write(self, path: Path, encoding: Encoding, about: tags.Tags) -> tuple[int, int]:
        """Write it as one file; how many parts were encoded for it, and how many it has.

        Raises:
            StoreError: the file cannot be written.
        """
        clips, made = self.encode(encoding)
        place = tags.Place(self.head.title, self.head.number or 1, 0)
        parts = [find_clip(each, self.store, "a part of the episode") for each in clips]
        join_parts(path, parts, self.chapters, about, encoding, place=place)
        return made, len(parts)


def make_episode(
    script: scripts.Script,
    head: Head,
    recordings: Sequence[Recording],
    files: Mapping[str, SoundFile],
    signals: Signals,
    store: Store,
) -> Episode:
    """The episode of a script whose turns are spoken.

    Args:
        files: as `find_sounds` gives them.
        signals: as `decode_sounds` gives them.

    Raises:
        SpeechError: a turn could not be spoken.
    """
    lengths = [round(each.clip.duration * RATE) for each in recordings]
    known = {
        name: Length(each.length, round(files[name].about.fade_out * RATE)) for name, each in signals.items()
    }
    timeline = arrange(script.items, lengths, known, head.gaps)
    return Episode(
        head=head,
        recordings=recordings,
        timeline=timeline,
        files=files,
        signals=signals,
        channels=choose_channels(head, files),
        store=store,
    )


def _work_on_each(spans: Sequence[tuple[int, int]], work: Callable[[int, int], Made]) -> list[Made]:
    """What work on each part gives, in order. NumPy and the encoders leave room for other threads."""
    with ThreadPoolExecutor(min(len(spans), os.cpu_count() or 1, _MOST_THREADS)) as threads:
        return list(threads.map(lambda span: work(*span), spans))


def _describe(layer: Layer, sound: str, start: int, stop: int | None = None) -> Json:
    """A layer as it is heard from `start` to `stop`, wherever that is in the episode."""
    end = layer.end - start
    if stop is not None:
        end = min(end, stop - start + _AFTER + _DUCKING + round(layer.fade_out * RATE))
    return [
        *(sound, layer.start - start, end, layer.gain, layer.speech, layer.ducked, layer.loop),
        *(layer.fade_in, layer.fade_out),
    ]


def _load_clip(store: Store, clip: Clip) -> Audio:
    source = find_clip(clip, store, "a turn")
    return codec.decode(source if isinstance(source, bytes) else source.read_bytes())
