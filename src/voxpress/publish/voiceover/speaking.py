"""Cues as utterances: one of each passage, so that a sentence over several cues is spoken in one go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from voxpress.documents.subtitles import Subtitles
from voxpress.documents.subtitles.sentences import Passage, merge_sentences
from voxpress.errors import InputError
from voxpress.publish.casting import match_names
from voxpress.publish.narration import Narration
from voxpress.rendering.plan import Bad, Planned
from voxpress.rendering.planner import Planner
from voxpress.speech import Hertz, Output, Seconds, Speaker, Utterance
from voxpress.text import FrontEnd
from voxpress.text.clean import has_speech

RATE: Hertz = 48_000
"""Sample rate of the track."""
LONGEST: Seconds = 48 * 3600.0
"""When the last cue may begin: an hour of the track takes 0.5 GB as WAV."""
OUTPUT = Output(format="flac", sample_rate=RATE, loudness=-19.0, peak=-1.0)
"""Of a passage: all are equally loud, whoever speaks. The loudness of the track is set when all of it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """Subtitles that can be spoken.

    Attributes:
        passages: what is spoken in one go, in the order of their starts.
        members: of each passage, who of the cast speaks it; empty: whoever speaks what has no name.
        silent: numbers of cues without speech.
    """

    subtitles: Subtitles
    passages: Sequence[Passage]
    members: Sequence[str]
    silent: Sequence[int]
    speaker: Speaker
    cast: Mapping[str, Speaker]
    planner: Planner

    def plan(self, speeds: Mapping[int, float]) -> Iterator[tuple[Narration, Planned]]:
        """Passages with their plans, made when they are asked for.

        Args:
            speeds: the passages by their number from 0, and how much faster than usual each is spoken.
        """
        for number, factor in speeds.items():
            narration = self.narrate(number, factor)
            yield narration, self.planner.plan(narration.utterance, number, filed=False)

    def narrate(self, number: int, factor: float = 1.0) -> Narration:
        """A passage as an utterance."""
        passage, member = self.passages[number], self.members[number]
        speed = None
        if factor != 1:
            own = self.cast.get(member, Speaker()).over(self.speaker).speed
            speed = (own or 1.0) * factor
        first = passage.cues[0]
        utterance = Utterance(
            id=str(number),
            text=passage.text,
            speaker=member or None,
            language=first.language or None,
            speed=speed,
            origin=f"{self.subtitles.path}:{first.line}" if first.line else str(self.subtitles.path),
        )
        return Narration(utterance, ())


def prepare(
    subtitles: Subtitles,
    cast: Mapping[str, Speaker],
    *,
    speaker: Speaker | None = None,
    front_end: FrontEnd | None = None,
    device: str = "auto",
    join: bool = True,
) -> Speaking:
    """See that all cues can be spoken.

    Args:
        speaker: who says what nobody is named for; others get from it what the cast leaves open.
        join: whether cues that share a sentence are spoken in one go.

    Raises:
        InputError: a name has no voice, a cue cannot be spoken or is too late, or nothing is spoken; with the line.
        EngineError: an engine cannot be used.
    """
    cues = [cue if has_speech(cue.text) or not cue.text else replace(cue, text="") for cue in subtitles.cues]
    speaking = [cue for cue in cues if cue.text]
    if not speaking:
        raise InputError("nothing in it is spoken: all cues are sounds or empty", place=str(subtitles.path))
    late = next((cue for cue in speaking if cue.start > LONGEST), None)
    if late:
        raise InputError(
            f"cue {late.number} begins after {late.start / 3600:,.0f} hours; {LONGEST / 3600:.0f} are the most",
            place=f"{subtitles.path}:{late.line}",
        )
    places = ((cue.speaker, f"{subtitles.path}:{cue.line}") for cue in speaking)
    names = match_names(places, cast)
    passages = (
        merge_sentences(cues, subtitles.language)
        if join
        else [Passage((cue,), cue.text, (0,)) for cue in speaking]
    )
    own = (speaker or Speaker()).over(Speaker(language=subtitles.language or None))
    planner = Planner(own, files=[("", OUTPUT)], front_end=front_end or FrontEnd(), cast=cast, device=device)
    voiced = {cue.number for cue in speaking}
    found = Speaking(
        subtitles=subtitles,
        passages=passages,
        members=[names.get(passage.speaker, "") for passage in passages],
        silent=[cue.number for cue in cues if cue.number not in voiced],
        speaker=own,
        cast=cast,
        planner=planner,
    )
    for _, plan in found.plan(dict.fromkeys(range(len(passages)), 1.0)):
        if isinstance(plan, Bad):
            raise plan.error
    return found
