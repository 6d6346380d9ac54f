"""From a plan, and what became of it, to the result that people read."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from voxpress.errors import LeftOut, SpeechError
from voxpress.marks import locate
from voxpress.rendering.plan import Bad, Plan, Unchanged
from voxpress.speech import Clip, Result, Status
from voxpress.store import Verdict
from voxpress.text.wer import passes


def make_result(
    plan: Plan,
    status: Status,
    folder: str | os.PathLike[str] | None,
    *,
    clips: Sequence[Clip] = (),
    notes: Sequence[str] = (),
    verdicts: Mapping[str, Verdict] = {},
    exception: SpeechError | None = None,
    **counts: Any,
) -> Result:
    """The result of a plan.

    Args:
        folder: the output folder, as it was given.
        notes: besides those of the plan and of the clips.
        verdicts: by take key; they are in the result where they are complete.
        counts: fields of the result that count what was done for it.
    """
    return Result(
        utterance=plan.utterance,
        status=status,
        number=plan.number,
        files=() if folder is None or exception else tuple(f"{folder}/{t.path}" for t in plan.targets),
        clips=tuple(find_places(clip, plan) for clip in clips),
        engine=plan.engine.name,
        model=plan.engine.model or "",
        voice=plan.voice,
        language=plan.language,
        segments=len(plan.takes),
        notes=(*plan.notes, *notes, *dict.fromkeys(note for clip in clips for note in clip.notes)),
        uncertain=sum(not change.certain for change in plan.changes),
        exception=exception,
        **_form_opinion(plan, verdicts),
        **counts,
    )


def find_places(clip: Clip, plan: Plan) -> Clip:
    """A clip whose marks have their places in the text of the plan."""
    if not clip.marks:
        return clip
    return msgspec.structs.replace(clip, marks=locate(clip.marks, plan.recipe.script))


def make_unchanged_result(row: Unchanged, folder: str | os.PathLike[str] | None) -> Result:
    """The result of a row whose files stand as wanted."""
    return Result(
        utterance=row.utterance,
        status=Status.UP_TO_DATE,
        number=row.number,
        files=tuple(f"{folder}/{path}" for path in row.files),
        clips=row.clips,
        engine=row.engine.name,
        model=row.engine.model or "",
        voice=row.voice,
        language=row.language,
        segments=row.segments,
    )


def _form_opinion(plan: Plan, verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
    """What was heard of the whole row, where all of it was."""
    keys = plan.recipe.spoken if verdicts else ()
    found = [verdicts[key] for key in keys if key in verdicts]
    if not found or len(found) < len(keys):
        return {}
    errors, words = sum(one.score.errors for one in found), sum(one.score.words for one in found)
    return {
        "verdict": "good" if all(passes(one.score) for one in found) else "doubtful",
        "wer": errors / max(1, words),
        "heard": " ".join(one.heard for one in found),
        "differences": tuple(each for one in found for each in one.score.differences),
    }


def make_bad_result(bad: Bad) -> Result:
    """The result of a row that cannot be planned, or that is left out."""
    return Result(
        utterance=bad.described,
        status=Status.LEFT_OUT if isinstance(bad.error, LeftOut) else Status.FAILED,
        number=bad.number,
        exception=bad.error,
    )
