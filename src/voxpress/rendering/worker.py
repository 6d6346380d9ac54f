"""What workers do: speak segments into the store, and finish clips from the store.

The driver sends keys and gets keys back; audio stays here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from voxpress import engines, formats
from voxpress.audio import codec, waveform
from voxpress.audio.waveform import Audio
from voxpress.engines import Engine
from voxpress.errors import (
    CheckFailed,
    EngineError,
    InputError,
    ModelUnavailable,
    SpeechError,
    StoreError,
    SynthesisError,
)
from voxpress.quality.asr import Recogniser
from voxpress.quality.signal import check, listen
from voxpress.rendering.output import OutputFolder
from voxpress.rendering.planner import Target
from voxpress.speech import Clip, Hertz, Output, Segment, dBFS
from voxpress.store import Kept, Store, Verdict
from voxpress.store.keys import seed
from voxpress.text import Part, Pause, Silence, Tone, carrier
from voxpress.text.wer import passes, rank

FULL_SCALE: dBFS = 0.0
_UNCUT = ("spoken without a carrier phrase, which could not be cut off again",)
_AUDIBLE = 1.0
"""Decibels; a smaller difference in loudness is not heard."""


@dataclass(frozen=True, slots=True)
class Take:
    """What became of one segment: `error` is None when the take is in the store."""

    key: str
    attempts: int
    """The one that was taken; 0 where the store had it."""
    error: SpeechError | None = None
    heard: int = 0
    """Attempts that gave audio, whatever the checks said of it: what a hosted engine is paid for."""
    notes: tuple[str, ...] = ()
    """How it was not spoken as planned."""
    verdict: Verdict | None = None
    """Where a recogniser listened."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of one utterance's files: clips, or the keys of takes that the store lacks, or an error."""

    clips: tuple[Clip, ...] = ()
    missing: tuple[str, ...] = ()
    error: SpeechError | None = None
    made: bool = False
    """Whether a clip was made, and not found."""
    written: bool = False
    """Whether a file was written."""


@dataclass(frozen=True, slots=True)
class Order:
    """One utterance to be finished."""

    parts: tuple[str | Part, ...]
    targets: tuple[Target, ...]
    sample_rate: Hertz
    """Of what is generated, where nothing is spoken."""
    exact: bool = False
    """Whether clips and files count only if they were made of the takes as they are now: a recogniser may have
    had some of them spoken again."""


def speak(
    engine: Engine,
    fingerprint: str,
    store: Store,
    batch: Sequence[tuple[str, Segment]],
    attempts: int,
    orders: Sequence[Order] = (),
    folder: OutputFolder | None = None,
    recogniser: Recogniser | None = None,
) -> tuple[list[Take], list[Finished]]:
    """Speak the segments, check each take and put it into the store; then finish those utterances that lacked nothing
    else, while the audio is at hand.

    A batch that fails is spoken again one by one, so that only the bad segment fails; a take that fails, or fails its
    check, is spoken again with another seed, where the engine heeds seeds and it is not the request that is wrong.

    Args:
        fingerprint: of the voice that all segments have, as the plan found it.
        recogniser: listens to each take, beginning with the one that the store has. One that does not pass is
            spoken again; the best stays, with the verdict on it.

    Raises:
        StoreError: store or folder cannot be written.
    """
    takes = _Takes(store, recogniser)
    loaded: Engine | None = None
    if recogniser:
        for key, segment in batch:
            takes.find(recogniser, key, segment)
    for attempt in range(attempts if engine.seeded else 1):
        waiting = [(key, segment) for key, segment in batch if takes.lack(key, attempt)]
        if not waiting:
            continue
        try:
            loaded = loaded or _loaded(engine, batch[0][1].voice, fingerprint)
        except EngineError as error:
            takes.done.update((key, Take(key, 0, error)) for key, _ in waiting)
            break
        uncut: set[str] = set()
        outcomes = _synthesized(loaded, waiting, attempt, uncut)
        for key, segment in waiting:
            takes.add(key, segment, attempt, outcomes[key], _UNCUT if key in uncut else ())
    done = takes.all()
    failed = {key: take.error for key, take in done.items() if take.error}
    finished = []
    for order in orders:
        errors = [failed[part] for part in order.parts if isinstance(part, str) and part in failed]
        finished.append(Finished(error=errors[0]) if errors else _finished(order, store, folder, takes.heard))
    return [done[key] for key, _ in batch], finished


class _Takes:
    """The takes of a batch as they come about."""

    def __init__(self, store: Store, recogniser: Recogniser | None) -> None:
        self._store, self._recogniser = store, recogniser
        self._tried: Counter[str] = Counter()
        self._paid: Counter[str] = Counter()
        self.done: dict[str, Take] = {}
        self.heard: dict[str, Kept] = {}

    def find(self, recogniser: Recogniser, key: str, segment: Segment) -> None:
        """Take the one that the store has, if it has one; the recogniser listens to it unless it did before."""
        kept = self._store.take(key)
        verdict = self._store.verdict(key)
        if kept and verdict and verdict.recogniser == recogniser.fingerprint():
            self._tried[key] = verdict.attempts
            self.heard[key], self.done[key] = kept, Take(key, 0, verdict=verdict)
        elif kept:
            self._tried[key] = 1
            self._judge(recogniser, key, segment, 0, kept)

    def lack(self, key: str, attempt: int) -> bool:
        """Whether the segment is to be spoken in this attempt."""
        take = self.done.get(key)
        if take is None:
            return True
        if take.verdict:
            return not passes(take.verdict.score) and self._tried[key] <= attempt
        return isinstance(take.error, SynthesisError | CheckFailed)

    def add(
        self, key: str, segment: Segment, attempt: int, outcome: Audio | SpeechError, notes: tuple[str, ...]
    ) -> None:
        """Take in what came of an attempt."""
        self._tried[key] = attempt + 1
        self._paid[key] += isinstance(outcome, Audio | CheckFailed)
        if isinstance(outcome, SpeechError):
            if key not in self.heard:
                self.done[key] = Take(key, attempt + 1, outcome)
        elif self._recogniser:
            self._judge(self._recogniser, key, segment, attempt + 1, outcome, notes)
        else:
            self.heard[key] = self._store.put_take(key, outcome)
            self.done[key] = Take(key, attempt + 1, notes=notes)

    def _judge(
        self,
        recogniser: Recogniser,
        key: str,
        segment: Segment,
        attempt: int,
        spoken: Audio,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Listen to a reading, and keep it if none before was better."""
        try:
            text, found = listen(recogniser, spoken, segment.text, segment.language)
        except SpeechError as error:
            self.done[key] = Take(key, attempt, error)
            return
        best = self.done[key].verdict if key in self.done else None
        if best is None or rank(found) < rank(best.score):
            kept = spoken if isinstance(spoken, Kept) else self._store.put_take(key, spoken)
            verdict = Verdict(
                take=kept.sha256, recogniser=recogniser.fingerprint(), attempts=0, heard=text, score=found
            )
            self.heard[key], self.done[key] = kept, Take(key, attempt, notes=notes, verdict=verdict)

    def all(self) -> dict[str, Take]:
        """What became of each; the verdicts are in the store then."""
        for key, take in self.done.items():
            verdict = take.verdict
            if verdict and verdict.attempts != self._tried[key]:
                verdict = msgspec.structs.replace(verdict, attempts=self._tried[key])
                self._store.put_verdict(key, verdict)
            self.done[key] = replace(take, heard=self._paid[key], verdict=verdict)
        return self.done


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
    loaded = _Held(engine).engine if fresh else _loaded(engine, voice, engine.fingerprint(voice))
    spoken = []
    for outcome in loaded.synthesize(batch):
        if isinstance(outcome, SynthesisError):
            raise outcome
        spoken.append(outcome)
    return spoken


def _synthesized(
    engine: Engine, batch: Sequence[tuple[str, Segment]], attempt: int, uncut: set[str]
) -> dict[str, Audio | SpeechError]:
    """What `engine` says to each segment, without its carrier phrase, or what is wrong with it.

    A phrase that cannot be told from the text would be heard: that segment is spoken again without it, and its key
    joins `uncut`.
    """
    outcomes: dict[str, Audio | SpeechError] = {}
    spoken = _spoken(engine, batch, attempt)
    for key, segment in batch:
        outcome = spoken[key]
        if segment.carrier and isinstance(outcome, Audio):
            outcome = carrier.cut(outcome, segment) or _alone(engine, key, segment, attempt, uncut)
        if isinstance(outcome, Audio):
            try:
                check(outcome, segment)
            except CheckFailed as error:
                outcome = error
        outcomes[key] = outcome
    return outcomes


def _alone(engine: Engine, key: str, segment: Segment, attempt: int, uncut: set[str]) -> Audio | SpeechError:
    uncut.add(key)
    return _spoken(engine, [(key, msgspec.structs.replace(segment, carrier=None))], attempt)[key]


def _spoken(
    engine: Engine, batch: Sequence[tuple[str, Segment]], attempt: int
) -> dict[str, Audio | SpeechError]:
    segments = [
        msgspec.structs.replace(carrier.whole(segment), seed=seed(key, attempt)) for key, segment in batch
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
            return {key: found for one in batch for key, found in _spoken(engine, [one], attempt).items()}
        return {batch[0][0]: _explained(error, engine, batch[0][1])}
    return {
        key: _checked(engine, segment, spoken) for (key, segment), spoken in zip(batch, audios, strict=True)
    }


def _checked(engine: Engine, segment: Segment, spoken: object) -> Audio | SpeechError:
    """What an engine gave for a segment, if it is audio or an error of ours."""
    if isinstance(spoken, SpeechError):
        return spoken
    problem = waveform.problem(spoken)
    if not problem:
        assert isinstance(spoken, Audio)
        return spoken
    return SynthesisError(f"engine {engine.name!r} gave no audio for {segment.text[:60]!r}: {problem}")


def _explained(error: BaseException, engine: Engine, segment: Segment) -> SpeechError:
    if isinstance(error, SpeechError):
        return error
    return SynthesisError(
        f"engine {engine.name!r} failed on {segment.text[:60]!r}: {engines.describe(error)}"
    )


class _Held:
    """A loaded engine, with the fingerprints of the voices that it has spoken with."""

    def __init__(self, engine: Engine) -> None:
        self.engine = type(engine)(engine.model, device=engine.device)
        self.engine.threads = engine.threads
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
_held: dict[Engine, _Held] = {}


def _loaded(engine: Engine, voice: str, fingerprint: str) -> Engine:
    """`engine` loaded, once in this process; its weights are those of `fingerprint`.

    Raises:
        EngineNotInstalled, ModelUnavailable
    """
    held = _held.get(engine)
    if held is not None and held.fingerprints.get(voice) == fingerprint:
        return held.engine
    if held is None or not held.still():
        while len(_held) >= _MOST_HELD:
            del _held[next(iter(_held))]
        held = _held[engine] = _Held(engine)
    if held.engine.fingerprint(voice) != fingerprint:
        raise ModelUnavailable(
            f"the weights of {engine.name!r} were replaced while this process had them in use; start it again"
        )
    held.fingerprints[voice] = fingerprint
    return held.engine


def finish(orders: Sequence[Order], store: Store, folder: OutputFolder | None) -> list[Finished]:
    """Make each order's files from its takes, or from its clips where the store has them, and put them in place.

    Raises:
        StoreError: store or folder cannot be written.
    """
    return [_finished(order, store, folder, {}) for order in orders]


def _finished(order: Order, store: Store, folder: OutputFolder | None, heard: Mapping[str, Kept]) -> Finished:
    """What became of an order: whatever goes wrong with it is its own result, and no other's."""
    try:
        return _finish(order, store, folder, heard)
    except StoreError:
        raise  # the next order would meet it too
    except SpeechError as error:
        return Finished(error=error)
    except Exception as error:  # the edge of an order: codecs and numerics raise what they like
        return Finished(error=SpeechError(f"the file could not be made: {engines.describe(error)}"))


def _finish(order: Order, store: Store, folder: OutputFolder | None, heard: Mapping[str, Kept]) -> Finished:
    clips: list[Clip] = []
    takes: dict[str, Kept] = {}
    made = written = False
    keys = dict.fromkeys(part for part in order.parts if isinstance(part, str))
    current = _digest([store.take_sha256(key) or "" for key in keys]) if order.exact else None
    for target in order.targets:
        clip = store.clip(target.clip)
        data = store.read(clip) if clip else None
        if clip is None or data is None or current not in (None, clip.takes):
            if not takes:
                found = {key: heard.get(key) or store.take(key) for key in keys}
                takes = {key: take for key, take in found.items() if take}
                if missing := tuple(key for key in keys if key not in takes):
                    return Finished(missing=missing)
            clip, data = _made(order, target, takes)
            clip = store.put_clip(clip, data)
            made = True
        if problem := target.output.limit_exceeded(clip):
            return Finished(error=InputError(problem))
        if folder is not None and not (order.exact and folder.has(target.path, data)):
            try:
                folder.publish(target.path, clip, data)
            except InputError as error:
                return Finished(error=error)
            written = True
        clips.append(clip)
    return Finished(clips=tuple(clips), made=made, written=written)


def _digest(takes: Sequence[str]) -> str:
    return hashlib.sha256("".join(takes).encode()).hexdigest()


def _made(order: Order, target: Target, takes: Mapping[str, Kept]) -> tuple[Clip, bytes]:
    output = target.output
    native = next((take.sample_rate for take in takes.values()), order.sample_rate)
    whole = waveform.join([sound(part, takes, output, native) for part in order.parts])
    finished = mastered(waveform.pad(whole, output.lead, output.tail), output)
    data = codec.encode(finished, output)
    clip = Clip(
        key=target.clip,
        format=output.format,
        sample_rate=finished.sample_rate,
        duration=finished.duration,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        marks=finished.marks,
        notes=_unreached(finished, output),
        takes=_digest([take.sha256 for take in takes.values()]),
    )
    return clip, data


def _unreached(sound: Audio, output: Output) -> tuple[str, ...]:
    """What the peak limit left of a loudness or level that was asked for, where that can be heard."""
    if output.loudness is not None:
        wanted, reached, unit = output.loudness, waveform.loudness(sound), "LUFS"
    elif output.level is not None:
        wanted, reached, unit = output.level, waveform.active_level(sound), "dBFS"
    else:
        return ()
    if wanted - reached < _AUDIBLE or reached == float("-inf"):
        return ()
    peak = f"; the peak limit of {output.peak:g} dBFS allows no more" if output.peak is not None else ""
    return (f"{reached:.1f} {unit} in place of {wanted:g}{peak}",)


def sound(part: str | Part, takes: Mapping[str, Audio], output: Output, sample_rate: Hertz) -> Audio:
    """What is heard of one part of an utterance: a take, or what lies between takes at `sample_rate`."""
    match part:
        case str():
            return waveform.trim(takes[part]) if output.trim else takes[part]
        case Pause(after):
            length = output.sentence_pause if after == "sentence" else output.paragraph_pause
            return waveform.silence(length, sample_rate)
        case Silence(duration):
            return waveform.silence(duration, sample_rate)
        case Tone(frequencies, duration):
            return waveform.tone(frequencies, duration, sample_rate)
    raise TypeError(part)


def mastered(sound: Audio, output: Output) -> Audio:
    """`sound` at the rate and the level that `output` wants."""
    sound = waveform.resample(
        sound, formats.sample_rate_for(formats.FORMATS[output.format], output.sample_rate, sound.sample_rate)
    )
    peak = output.peak if output.peak is not None else FULL_SCALE if _as_spoken(output) else -1.0
    if output.loudness is not None:
        return waveform.to_loudness(sound, output.loudness, peak)
    if output.level is not None:
        return waveform.to_level(sound, output.level, peak)
    return waveform.limit(sound, peak)


def _as_spoken(output: Output) -> bool:
    return output.loudness is None and output.level is None
