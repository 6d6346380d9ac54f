"""What of a plan is there already, in the output folder and in the store, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from voxpress.engines import Engine
from voxpress.quality.asr import Recogniser
from voxpress.rendering import ATTEMPTS
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.plan import Plan, Planned, Skipped
from voxpress.speech import Clip
from voxpress.store import Store, Verdict
from voxpress.text.wer import passes

LOOKUP = 256
"""Plans that are assessed at once."""


class Assessed(msgspec.Struct, frozen=True, kw_only=True):
    """What is there of a plan.

    Attributes:
        standing: its clips, where all its files stand in the output folder as wanted; else None.
        finished: whether the store has all its clips.
        missing: keys of takes that the store does not have.
        unheard: keys of takes that it has, and that the recogniser did not hear yet.
        doubtful: verdicts on takes that did not pass and are worth another attempt.
        verdicts: those on all other takes that were heard.
    """

    plan: Plan
    standing: tuple[Clip, ...] | None = None
    finished: bool = False
    missing: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    doubtful: Mapping[str, Verdict] = MappingProxyType({})
    verdicts: Mapping[str, Verdict] = MappingProxyType({})


def assess(
    plans: Sequence[Plan],
    store: Store,
    folder: OutputFolder | None,
    *,
    recogniser: Recogniser | None = None,
    attempts: int = ATTEMPTS,
    awaited: Collection[str] = (),
    again: bool = False,
) -> list[Assessed]:
    """What is there of each plan.

    Args:
        recogniser: with one, files and clips are not asked about: they count only if all their takes were heard.
        attempts: how often a take may be spoken that does not pass.
        again: ask the folder what stands there now, and not what was seen a moment ago.
        awaited: keys of takes that are being spoken: they are missing, and the store is not asked for them.

    Raises:
        StoreError: the store cannot be read.
    """
    if recogniser is not None:
        return _assess_heard(plans, store, recogniser, attempts, awaited)
    look(plans, folder, again=again)
    found = {plan.number: clips for plan in plans if (clips := standing(plan, folder)) is not None}
    todo = [plan for plan in plans if plan.number not in found]
    no_clip = store.missing_clips({target.clip for plan in todo for target in plan.targets})
    unfinished = {plan.number for plan in todo if any(target.clip in no_clip for target in plan.targets)}
    no_take = store.missing_takes(
        {key for plan in todo if plan.number in unfinished for key in plan.takes if key not in awaited}
    )
    return [
        Assessed(plan=plan, standing=found[plan.number])
        if plan.number in found
        else Assessed(
            plan=plan,
            finished=plan.number not in unfinished,
            missing=tuple(key for key in plan.takes if key in no_take or key in awaited),
        )
        for plan in plans
    ]


def _assess_heard(
    plans: Sequence[Plan], store: Store, recogniser: Recogniser, attempts: int, awaited: Collection[str]
) -> list[Assessed]:
    keys = {key for plan in plans for key in plan.takes if key not in awaited}
    fingerprint = recogniser.fingerprint()
    verdicts = {key: v for key, v in store.verdicts(keys).items() if v.recogniser == fingerprint}
    no_take = store.missing_takes(keys - verdicts.keys())
    unheard = keys - verdicts.keys() - no_take
    assessed = []
    for plan in plans:
        mine = {key: verdicts[key] for key in plan.takes if key in verdicts}
        doubtful = {
            key: v
            for key, v in mine.items()
            if not passes(v.score) and v.attempts < most_attempts(plan.takes[key].engine, attempts)
        }
        assessed.append(
            Assessed(
                plan=plan,
                missing=tuple(key for key in plan.takes if key in no_take or key in awaited),
                unheard=tuple(key for key in plan.takes if key in unheard),
                doubtful=doubtful,
                verdicts={key: v for key, v in mine.items() if key not in doubtful},
            )
        )
    return assessed


def look(plans: Iterable[Planned | Skipped], folder: OutputFolder | None, *, again: bool = False) -> None:
    """Look at the files of many plans at once, before `standing` asks for them one by one; `again`: also at those that
    were seen a moment ago.
    """
    if folder is not None:
        folder.look((path for plan in plans if isinstance(plan, Plan) for path in plan.paths), again=again)


def standing(plan: Plan, folder: OutputFolder | None) -> tuple[Clip, ...] | None:
    """The clips of a plan whose files all stand in `folder` as wanted; None if any does not."""
    if folder is None:
        return None
    clips = []
    for target in plan.targets:
        asked = target.request, len(plan.takes)
        clip = folder.holds(target.path, target.clip, target.output.format, *asked)
        if clip is None or target.output.limit_exceeded(clip):
            return None
        if not all(folder.holds(each.path, each.key, each.format, *asked) for each in target.sidecars):
            return None
        clips.append(clip)
    return tuple(clips)


def most_attempts(engine: Engine, attempts: int) -> int:
    """How often a segment may be spoken: once, where another seed gives the same audio."""
    return attempts if engine.seeded else 1
