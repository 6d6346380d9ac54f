"""What was spoken of each cue: a passage's clip, cut where its cues begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from voxpress.audio import codec
from voxpress.audio.stretch import stretch
from voxpress.audio.waveform import Audio, drop_after, drop_before, find_quietest, trim
from voxpress.documents.subtitles.sentences import Passage
from voxpress.publish.recording import find_clip
from voxpress.speech import Clip, Mark, Seconds
from voxpress.store import Store

_KEEP: Seconds = 0.005
"""Silence that stays before and after a sound: it is heard when its cue begins."""
_REACH: Seconds = 0.12
"""How far from an estimated place the sound between two words is looked for."""


class Spoken(NamedTuple):
    """A passage as it was spoken.

    Attributes:
        cuts: where its cues begin and end in the clip, one more than there are cues.
        lengths: of what is heard of each cue, in samples.
    """

    clip: Clip
    cuts: tuple[Seconds, ...]
    lengths: tuple[int, ...]


def cut(passage: Passage, clip: Clip, store: Store) -> Spoken:
    """Find the cues of a passage in its clip.

    A cue of which no word is heard, such as the end of a number, belongs to the one before it and is empty.

    Raises:
        StoreError: the clip is not in the store any more.
    """
    audio = _load(clip, store)
    cuts = _find_cuts(passage, clip.marks, audio)
    lengths = tuple(
        len(_take(audio, cuts, number).samples) if cuts[number] < cuts[number + 1] else 0
        for number in range(len(passage.cues))
    )
    return Spoken(replace(clip, marks=()), cuts, lengths)


def load_piece(spoken: Spoken, number: int, factor: float, store: Store) -> Audio:
    """What is heard of a cue of a passage, `factor` times as long."""
    return stretch(_take(_load(spoken.clip, store), spoken.cuts, number), factor)


def _load(clip: Clip, store: Store) -> Audio:
    source = find_clip(clip, store, "a cue")
    return codec.decode(source if isinstance(source, bytes) else source.read_bytes())


def _take(audio: Audio, cuts: Sequence[Seconds], number: int) -> Audio:
    last = cuts[number + 1]
    piece = audio if last >= audio.duration else drop_after(audio, last)
    return trim(drop_before(piece, cuts[number]) if cuts[number] else piece, keep=_KEEP, frame=_KEEP)


def _find_cuts(passage: Passage, marks: Sequence[Mark], audio: Audio) -> tuple[Seconds, ...]:
    words = [mark for mark in marks if mark.kind == "word" and mark.source]
    cuts = [0.0]
    for start in passage.starts[1:]:
        before = [mark for mark in words if mark.source and mark.source[0] < start]
        after = [mark for mark in words if mark.source and mark.source[0] >= start]
        if not after or not before:
            cuts.append(audio.duration if before else cuts[-1])
            continue
        low, high = max(mark.end for mark in before), min(mark.start for mark in after)
        low, high = min(low, high), max(low, high)
        reach = _REACH if before[-1].estimated or after[0].estimated else 0.0
        place = find_quietest(audio, low - reach, high + reach)
        cuts.append(min(max(place, cuts[-1]), audio.duration))
    return (*cuts, audio.duration)
