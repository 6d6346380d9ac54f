"""The turns of a script as utterances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from voxpress.documents.scripts import Script, Turn
from voxpress.errors import InputError
from voxpress.publish.casting import match_names
from voxpress.publish.narration import Narration
from voxpress.speech import Speaker, Utterance
from voxpress.text.clean import has_speech


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
    left_out = len(script.items) - len(items)
    notes = (
        (
            *script.notes,
            f"{left_out:,} turn{'s'[: left_out > 1]} without words {'are' if left_out > 1 else 'is'} left out",
        )
        if left_out
        else script.notes
    )
    return narrations, Script(path=script.path, head=script.head, items=items, notes=notes)
