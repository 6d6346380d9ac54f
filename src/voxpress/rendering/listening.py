"""The stage that listens: a recogniser hears takes in the store, and of several readings the best one stays."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from voxpress.errors import SpeechError, forget_frames
from voxpress.quality.asr import Recogniser
from voxpress.quality.signal import listen
from voxpress.speech import Segment
from voxpress.store import Store, Verdict
from voxpress.store.keys import attempt_key
from voxpress.text.wer import rank


@dataclass(frozen=True, slots=True)
class Unheard:
    """A take to be heard.

    Attributes:
        attempts: how often it was spoken until then.
        rival: whether it has still to be compared with the one that stands under its key.
        notes: how it was not spoken as planned.
    """

    key: str
    segment: Segment
    attempts: int
    rival: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of hearing a take; neither verdict nor error where the store does not have it any more."""

    key: str
    verdict: Verdict | None = None
    """On the reading that stays."""
    taken: bool = False
    """Whether that is the one that was heard now."""
    error: SpeechError | None = None


def hear(recogniser: Recogniser, store: Store, reading: Unheard) -> Heard:
    """Hear a reading; it takes the place of the one under its key where it is better.

    Raises:
        StoreError: the store cannot be read or written.
    """
    key, segment = reading.key, reading.segment
    name = attempt_key(key, reading.attempts) if reading.rival else key
    take = store.take(name)
    if take is None:
        return Heard(key)
    try:
        text, found = listen(recogniser, take, segment.text, segment.language)
    except SpeechError as error:
        if reading.rival:
            store.drop_take(name)
        return Heard(key, error=forget_frames(error))
    former = store.verdict(key) if reading.rival else None
    taken = (
        former is None or former.recogniser != recogniser.fingerprint() or rank(found) < rank(former.score)
    )
    if reading.rival:
        kept = store.put_take(key, take) if taken else take
        store.drop_take(name)
    else:
        kept = take
    verdict = (
        Verdict(
            take=kept.sha256,
            recogniser=recogniser.fingerprint(),
            attempts=reading.attempts,
            heard=text,
            score=found,
        )
        if taken or former is None
        else msgspec.structs.replace(former, attempts=reading.attempts)
    )
    store.put_verdict(key, verdict)
    return Heard(key, verdict, taken)
