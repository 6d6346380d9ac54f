"""The turns of a script as utterances, all planned before anything is spoken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from voxpress.documents.scripts import Script, Turn
from voxpress.errors import InputError
from voxpress.publish.casting import match_names
from voxpress.publish.narration import Narration
from voxpress.publish.podcast.episode import OUTPUT, SoundFile, find_sounds
from voxpress.publish.podcast.head import Head
from voxpress.publish.recording import plan_narrations
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Speaker, Utterance
from voxpress.text import FrontEnd
from voxpress.text.clean import has_speech


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """A script that can be spoken.

    Attributes:
        script: without turns that hold no words.
        planned: an utterance of each turn, with its plan, in order.
        files: the sounds, by their names.
    """

    script: Script
    head: Head
    planned: Sequence[tuple[Narration, Plan]]
    files: Mapping[str, SoundFile]


def prepare(
    script: Script,
    head: Head,
    *,
    speaker: Speaker | None = None,
    front_end: FrontEnd | None = None,
    device: str = "auto",
) -> Speaking:
    """See that all of a script can be spoken, and its sounds be played.

    Args:
        speaker: who says what nobody is named for; others get from it what the cast leaves open.

    Raises:
        InputError: a name has no voice, a turn or a sound cannot be so, or nothing is spoken; with the line.
        EngineError: an engine of the cast cannot be used.
    """
    narrations, script = narrate_turns(script, head.cast)
    planner = Planner(
        speaker,
        files=[("", OUTPUT)],
        front_end=front_end or FrontEnd(),
        cast=head.cast,
        device=device,
        beside=script.path.parent,
    )
    planned: list[tuple[Narration, Plan]] = []
    for narration, plan in plan_narrations(narrations, planner):
        if isinstance(plan, Bad):
            raise plan.error
        assert isinstance(plan, Plan)
        planned.append((narration, plan))
    return Speaking(script=script, head=head, planned=planned, files=find_sounds(script, head))


def narrate_turns(script: Script, cast: Mapping[str, Speaker]) -> tuple[Sequence[Narration], Script]:
    """An utterance of each turn, and the script without turns that hold no words.

    Raises:
        InputError: a name has no voice, or nothing in the script is spoken.
    """
    items = tuple(each for each in script.items if not isinstance(each, Turn) or has_speech(each.text))
    turns = [each for each in items if isinstance(each, Turn)]
    if not turns:
        raise InputError("nothing in it is spoken: write lines such as 'Ann: Hello.'", place=str(script.path))
    places = [(each, f"{script.path}:{each.line}" if each.line else str(script.path)) for each in turns]
    names = match_names(((each.speaker, place) for each, place in places), cast)
    narrations = [
        Narration(
            Utterance(
                id=f"{number:04}",
                text=turn.text,
                markup=turn.markup,
                speaker=names.get(turn.speaker),
                language=turn.language or None,
                speed=turn.speed,
                origin=place,
            ),
            (),
        )
        for number, (turn, place) in enumerate(places, start=1)
    ]
    # A name that is written in several ways is one person in transcripts, stems and the feed.
    items = tuple(
        replace(each, speaker=names.get(each.speaker, "")) if isinstance(each, Turn) else each
        for each in items
    )
    silent = len(script.items) - len(items)
    notes = (*script.notes, *([f"left out because they hold no words: {silent:,} turns"] if silent else []))
    return narrations, Script(path=script.path, head=script.head, items=items, notes=notes)
