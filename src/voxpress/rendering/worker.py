"""The stage that speaks: segments become takes in the store.

The driver sends keys and gets keys back; audio stays in the worker.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from voxpress import engines
from voxpress.audio import waveform
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine
from voxpress.errors import (
    CheckFailed,
    EngineError,
    ModelUnavailable,
    SpeechError,
    SynthesisError,
    forget_frames,
)
from voxpress.quality.signal import check
from voxpress.rendering.finishing import Finished, finish
from voxpress.rendering.folders import OutputFolder
from voxpress.rendering.plan import Recipe
from voxpress.speech import Seconds, Segment
from voxpress.store import Kept, Store
from voxpress.store.keys import attempt_key, reading_key, seed
from voxpress.text import carrier

_UNCUT = ("spoken without a carrier phrase, which could not be cut off again",)


@dataclass(frozen=True, slots=True)
class Take:
    """What became of one segment: `error` is None when the take is in the store."""

    key: str
    attempts: int
    """How often it was spoken until then."""
    error: SpeechError | None = None
    paid: int = 0
    """Attempts that gave audio, whatever the checks said of it: what a hosted engine is paid for."""
    notes: tuple[str, ...] = ()
    """How it was not spoken as planned."""
    seconds: Seconds = 0.0
    """Its share of the time that its task took."""


def speak(
    engine: Engine,
    fingerprint: str,
    store: Store,
    batch: Sequence[tuple[str, Segment]],
    attempts: range,
    recipes: Sequence[Recipe] = (),
    folder: OutputFolder | None = None,
    threads: int = 1,
) -> tuple[list[Take], list[Finished]]:
    """Speak the segments, check each take and put it into the store; then finish those utterances that lacked nothing
    else, while the audio is at hand.

    A batch that fails is spoken again one by one, so that only the bad segment fails; a take that fails, or fails its
    check, is spoken again with another seed, where it is not the request that is wrong.

    Args:
        fingerprint: of the voice that all segments have, as the plan found it.
        attempts: the first one, and the one before which to give up. A take of the first attempt of all is stored
            under its key; a later one, which a recogniser has still to compare with it, under `attempt_key`.
        threads: `Engine.threads` of the engine once it is loaded.

    Raises:
        StoreError: store or folder cannot be written.
    """
    began = time.monotonic()
    takes: dict[str, Take] = {}
    at_hand: dict[str, Kept] = {}
    paid = dict.fromkeys((key for key, _ in batch), 0)
    waiting = list(batch)
    try:
        loaded = _load(engine, batch[0][1].voice, fingerprint, threads)
    except EngineError as error:
        takes, waiting = {key: Take(key, attempts.start, error) for key, _ in batch}, []
    for attempt in attempts:
        if not waiting:
            break
        uncut: set[str] = set()
        outcomes = _synthesize(loaded, fingerprint, waiting, attempt, uncut)
        for key, _ in waiting:
            outcome = outcomes[key]
            paid[key] += isinstance(outcome, Audio | CheckFailed)
            if isinstance(outcome, SpeechError):
                takes[key] = Take(key, attempt + 1, forget_frames(outcome), paid[key])
            else:
                if attempts.start:
                    store.put_take(attempt_key(key, attempt + 1), outcome)
                else:
                    at_hand[key] = store.keep_take(key, outcome)
                takes[key] = Take(key, attempt + 1, None, paid[key], _UNCUT if key in uncut else ())
        waiting = [each for each in waiting if isinstance(takes[each[0]].error, SynthesisError | CheckFailed)]
    for key in takes if attempts.start else ():
        verdict = store.verdict(key) if takes[key].error else None
        if verdict:  # the attempts are used up, though none gave another reading
            store.put_verdict(key, msgspec.structs.replace(verdict, attempts=attempts.stop))
    finished = []
    for recipe in recipes:
        errors = [takes[key].error for key in recipe.takes if key in takes and takes[key].error]
        finished += [Finished(error=errors[0])] if errors else finish([recipe], store, folder, takes=at_hand)
    each = (time.monotonic() - began) / len(batch)
    return [replace(takes[key], seconds=each) for key, _ in batch], finished


def prepare(engine: Engine) -> None:
    """Have `engine` make what its first load would take long for.

    Raises:
        EngineNotInstalled, ModelUnavailable, EngineError
    """
    with engines.Guard(engine.name):
        engine.prepare()


def synthesize(engine: Engine, batch: Sequence[Segment], *, fresh: bool = False) -> Sequence[Audio]:
    """What `engine` says to a batch; nothing is checked or stored.

    Args:
        fresh: load it for this call alone, not once in this process.

    Raises:
        EngineNotInstalled, ModelUnavailable, and whatever the engine raises
    """
    voice = batch[0].voice
    loaded = _Loaded(engine).engine if fresh else _load(engine, voice, engine.fingerprint(voice))
    spoken = []
    for outcome in loaded.synthesize(batch):
        if isinstance(outcome, SynthesisError):
            raise outcome
        spoken.append(outcome)
    return spoken


def _synthesize(
    engine: Engine,
    fingerprint: str,
    batch: Sequence[tuple[str, Segment]],
    attempt: int,
    uncut: set[str],
) -> dict[str, Audio | SpeechError]:
    """What `engine` says to each segment, without its carrier phrases, or what is wrong with it.

    A phrase that cannot be told from the text would be heard: that segment is spoken again without it, and its key
    joins `uncut`.
    """
    outcomes: dict[str, Audio | SpeechError] = {}
    seeds = {key: seed(reading_key(key, fingerprint, segment), attempt) for key, segment in batch}
    spoken = _speak(engine, batch, seeds)
    for key, segment in batch:
        outcome = spoken[key]
        if carrier.is_carried(segment) and isinstance(outcome, Audio):
            outcome = carrier.cut(outcome, segment) or _without_carrier(engine, key, segment, seeds, uncut)
        if isinstance(outcome, Audio):
            try:
                check(outcome, segment)
            except CheckFailed as error:
                outcome = error
        outcomes[key] = outcome
    return outcomes


def _without_carrier(
    engine: Engine, key: str, segment: Segment, seeds: Mapping[str, int], uncut: set[str]
) -> Audio | SpeechError:
    uncut.add(key)
    alone = msgspec.structs.replace(segment, carrier=None, follower=None)
    return _speak(engine, [(key, alone)], seeds)[key]


def _speak(
    engine: Engine, batch: Sequence[tuple[str, Segment]], seeds: Mapping[str, int]
) -> dict[str, Audio | SpeechError]:
    segments = [
        msgspec.structs.replace(carrier.add_phrase(segment), seed=seeds[key]) for key, segment in batch
    ]
    try:
        audios = list(engine.synthesize(segments))
        if len(audios) != len(segments):
            raise SynthesisError(
                f"engine {engine.name!r} gave {len(audios)} audios for {len(segments)} segments"
            )
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an engine may raise whatever its library does
        if len(batch) > 1:
            return {key: found for one in batch for key, found in _speak(engine, [one], seeds).items()}
        return {batch[0][0]: _explain(error, engine, batch[0][1])}
    return {
        key: _require_audio(engine, segment, spoken)
        for (key, segment), spoken in zip(batch, audios, strict=True)
    }


def _require_audio(engine: Engine, segment: Segment, spoken: object) -> Audio | SpeechError:
    """What an engine gave for a segment, if it is audio or an error of ours."""
    if isinstance(spoken, SpeechError):
        return spoken
    problem = waveform.problem(spoken)
    if not problem:
        assert isinstance(spoken, Audio)
        return spoken
    return SynthesisError(f"engine {engine.name!r} gave no audio for {segment.text[:60]!r}: {problem}")


def _explain(error: BaseException, engine: Engine, segment: Segment) -> SpeechError:
    if isinstance(error, SpeechError):
        return error
    return SynthesisError(
        f"engine {engine.name!r} failed on {segment.text[:60]!r}: {engines.describe(error)}"
    )


class _Loaded:
    """A loaded engine, with the fingerprints of the voices that it has spoken with."""

    def __init__(self, engine: Engine, threads: int = 1) -> None:
        self.engine = type(engine)(engine.model, device=engine.device)
        self.engine.threads = threads
        self.fingerprints: dict[str, str] = {}
        engines.require(engine)
        try:
            self.engine.load()
        except SpeechError:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # an engine may raise whatever its library does
            model = engine.model or "its default model"
            problem = engines.describe(error)
            raise ModelUnavailable(f"engine {engine.name!r} cannot load {model}: {problem}") from error

    def still(self) -> bool:
        """Whether the weights on disk are those that were loaded."""
        return all(self.engine.fingerprint(v) == known for v, known in self.fingerprints.items())


_MOST_HELD = 4
_held: dict[tuple[Engine, int], _Loaded] = {}


def _load(engine: Engine, voice: str, fingerprint: str, threads: int = 1) -> Engine:
    """`engine` loaded for so many threads, once in this process; its weights are those of `fingerprint`.

    Raises:
        EngineNotInstalled, ModelUnavailable
    """
    held = _held.get((engine, threads))
    if held is not None and held.fingerprints.get(voice) == fingerprint:
        return held.engine
    if held is None or not held.still():
        while len(_held) >= _MOST_HELD:
            del _held[next(iter(_held))]
        held = _held[engine, threads] = _Loaded(engine, threads)
    if held.engine.fingerprint(voice) != fingerprint:
        raise ModelUnavailable(
            f"the weights of {engine.name!r} were replaced while this process had them in use; start it again"
        )
    held.fingerprints[voice] = fingerprint
    return held.engine
