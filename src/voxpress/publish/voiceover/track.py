"""The voice-over of a file of subtitles: spoken, faster where it must be, and placed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from voxpress.audio.mixing import Layer
from voxpress.audio.waveform import Audio
from voxpress.documents.subtitles import Cue
from voxpress.publish.narration import Narration
from voxpress.publish.recording import Recording
from voxpress.publish.voiceover.fitting import (
    MOST_FASTER,
    Piece,
    Placed,
    choose_speeds,
    choose_stretches,
    limit,
    place,
)
from voxpress.publish.voiceover.pieces import Spoken, cut, load_piece
from voxpress.publish.voiceover.speaking import RATE, Speaking
from voxpress.rendering.plan import Planned
from voxpress.speech import Seconds
from voxpress.store import Store

Speak = Callable[[Iterable[tuple[Narration, Planned]], Mapping[str, int]], Iterable[Recording]]
"""Speaks narrations; it gets the characters of each by its id, to show how far it is."""
Arrange = Callable[[Sequence[Piece], Seconds | None], Sequence[Piece]]
FADE: Seconds = 0.03
"""What is cut fades out."""


@dataclass(frozen=True, slots=True)
class SpokenCue:
    """A cue of the track.

    Attributes:
        passage: number of the passage that it is a part of, from 0.
        index: among the cues of the passage.
        placed: when it is heard.
        faster: how much faster than usual.
        stretch: the last part of that, done to the sound: by this factor it is shorter than the engine spoke it.
    """

    cue: Cue
    passage: int
    index: int
    placed: Placed
    faster: float
    stretch: float

    @property
    def duration(self) -> Seconds:
        """Of all of it, also of what was cut."""
        return self.placed.end - self.placed.start + self.placed.missing


@dataclass(frozen=True, slots=True)
class Track:
    """What is heard of all cues.

    Attributes:
        takes: each passage as it was spoken.
        length: in samples.
    """

    cues: Sequence[SpokenCue]
    takes: Sequence[Spoken]
    length: int
    store: Store

    def move(self, starts: Iterable[Seconds], length: int) -> Track:
        """The track with its cues at other times.

        Args:
            starts: when each one is heard.
            length: of the new track, in samples.
        """
        moved = [
            replace(
                each,
                placed=each.placed._replace(
                    start=start,
                    end=start + each.placed.end - each.placed.start,
                ),
            )
            for start, each in zip(starts, self.cues, strict=True)
        ]
        return Track(moved, self.takes, length, self.store)

    def list_layers(self) -> list[Layer]:
        """Each cue as a layer of a mix."""
        return [layer for each in self.cues if (layer := self.make_layer(each)) is not None]

    def make_layer(self, cue: SpokenCue, at: Seconds | None = None) -> Layer | None:
        """A cue as a layer of a mix; None: nothing of it is heard.

        Args:
            at: where it begins; None: at its place.
        """
        start = round(cue.placed.start * RATE)
        count = round(cue.placed.end * RATE) - start
        if count <= 0:
            return None
        return Layer(
            start=start if at is None else round(at * RATE),
            duration=count,
            load=partial(self.load, cue),
            speech=True,
            fade_out=FADE if cue.placed.missing else 0.0,
        )

    def load(self, cue: SpokenCue) -> Audio:
        """What is heard of a cue, with what is cut of it."""
        return load_piece(self.takes[cue.passage], cue.index, cue.stretch, self.store)


def make_track(
    speaking: Speaking,
    speak: Speak,
    store: Store,
    *,
    arrange: Arrange = limit,
    end: Seconds | None = None,
    most: float = MOST_FASTER,
) -> Track:
    """Speak all passages, those that are too long a second time and faster, and place them.

    Args:
        arrange: says where pieces begin, and when they have to end.
        end: of the video; None: there is none.
        most: how much faster than usual something may be spoken.

    Raises:
        SpeechError: something could not be spoken; the rest is in the store.
    """
    count = len(speaking.passages)
    takes: dict[int, Spoken] = dict(_speak(speaking, speak, store, dict.fromkeys(range(count), 1.0)))
    places = arrange(list(_list_pieces(speaking, takes)), end)
    speeds = choose_speeds(places, most)
    again = {number: speed for number, speed in enumerate(speeds) if speed > 1}
    if again:
        takes.update(_speak(speaking, speak, store, again))
    pieces = [
        each._replace(duration=spoken.duration)
        for each, spoken in zip(places, _list_pieces(speaking, takes), strict=True)
    ]
    stretches = choose_stretches(pieces, speeds, most)
    pieces = [
        each._replace(duration=round(each.duration * RATE * stretches[each.group]) / RATE) for each in pieces
    ]
    where = [
        (number, index)
        for number, passage in enumerate(speaking.passages)
        for index in range(len(passage.cues))
    ]
    cues = [
        SpokenCue(
            speaking.passages[number].cues[index],
            number,
            index,
            placed,
            speeds[number] / stretches[number],
            stretches[number],
        )
        for (number, index), placed in zip(where, place(pieces), strict=True)
    ]
    last = max((each.placed.end for each in cues), default=0.0) if end is None else end
    return Track(cues, [takes[number] for number in range(count)], round(last * RATE), store)


def _speak(
    speaking: Speaking, speak: Speak, store: Store, speeds: Mapping[int, float]
) -> Iterator[tuple[int, Spoken]]:
    lengths = {str(number): len(speaking.passages[number].text) for number in speeds}
    for recording in speak(speaking.plan(speeds), lengths):
        number = int(recording.narration.utterance.id)
        yield number, cut(speaking.passages[number], recording.clip, store)


def _list_pieces(speaking: Speaking, takes: Mapping[int, Spoken]) -> Iterator[Piece]:
    for number, passage in enumerate(speaking.passages):
        for cue, length in zip(passage.cues, takes[number].lengths, strict=True):
            yield Piece(cue.start, number, length / RATE)
