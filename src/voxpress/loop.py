"""THE LOOP: plan, look up, speak, check, finish.

One thread decides, with keys alone; executors do the work. At any time the loop holds at most `WINDOW` utterances, and
within them speaks the longest segments first, so that no worker is left with a long one at the end.
"""

from __future__ import annotations

import heapq
import os
import queue
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

import msgspec

from voxpress import speaking
from voxpress.engines import Engine
from voxpress.errors import ManifestError, ServiceRefused, SpeechError, StoreError, WorkerLost, restore
from voxpress.executors import Pools
from voxpress.folder import Folder
from voxpress.listening import Ear
from voxpress.plan import Bad, Plan, Planner, placed
from voxpress.scoring import passes
from voxpress.speaking import Finished, Order, Take
from voxpress.speech import Clip, OptionValue, Output, Result, Seconds, Segment, Status, Utterance
from voxpress.store import Store, Verdict, canonical_url, default_url, open_store

WINDOW = 4096
LOOKUP = 256
"""Utterances that are looked up in the store at once."""
ATTEMPTS = 3
TIMEOUT: Seconds = 600.0
MANY = 8
"""Segments of one text from which it is worth starting workers."""
ORDERS = 8
"""Most utterances that one task finishes."""

_VANISHED = 20
"""How often an utterance's takes may be gone again before the store is called broken."""

Rows: TypeAlias = Iterable[Utterance | ManifestError]


def say(
    text: str,
    *,
    engine: str = "piper",
    model: str | None = None,
    voice: str | None = None,
    language: str | None = None,
    speed: float = 1.0,
    seed: int = 0,
    options: Mapping[str, OptionValue] | None = None,
    format: str = "wav",
    output: Output | None = None,
    device: str = "auto",
    carrier: bool | None = None,
    store: str | os.PathLike[str] | Store | None = None,
    attempts: int = ATTEMPTS,
    workers: int | None = None,
) -> Clip:
    """Speak `text`, or take it from the store where it was spoken before.

    Args:
        text: any length; split where the engine needs it.
        engine, model, voice: who speaks; None: the engine's default.
        language: BCP 47 tag; None: the voice's own.
        speed: 1.0 is the voice's own.
        seed: another number gives another reading where the engine has several.
        options: of the engine, see ``voxpress engines``.
        format: a name of `voxpress.codec.FORMATS`, where `output` is not given.
        output: everything about how the file sounds and is packed.
        device: ``auto``, ``cpu``, ``cuda`` …
        carrier: whether a text of one or two words is spoken in a sentence and cut out of it, where the engine knows
            when its words are heard; None: where it is then understood better.
        store: URL, path or open store; None: a folder in the user's cache directory.
        attempts: how often a segment is spoken before a failed check is final.
        workers: processes for a text of `MANY` segments or more; None: one for each core; 0: none. A shorter text
            is spoken in this process.

    Returns:
        The clip with its bytes in `data`, its `path` where the store is on this machine, and `hit`.

    >>> clip = say("Hello there.", engine="tone", store="memory:")
    >>> clip.format, clip.sample_rate, clip.hit, clip.data[:4]
    ('wav', 8000, False, b'RIFF')

    Raises:
        InputError: text, engine, voice, option or format cannot be used.
        EngineError: the engine is not there, or could not speak the text.
        StoreError: the store cannot be read or written.
    """
    planner = Planner(
        engine=engine,
        model=model,
        voice=voice,
        language=language,
        speed=speed,
        seed=seed,
        options=options,
        device=device,
        carrier=carrier,
        format=format,
        files=None if output is None else [("", output)],
    )
    return say_with(planner, Utterance(text=text), _opened(store), attempts, workers)


def say_with(
    planner: Planner, utterance: Utterance, store: Store, attempts: int = ATTEMPTS, workers: int | None = None
) -> Clip:
    """`say` with a planner and a store that are kept from call to call.

    Raises:
        SpeechError: as `say`.
    """
    plan = planner.plan(utterance, filed=False)
    if isinstance(plan, Bad):
        raise plan.error
    clip = store.clip(plan.targets[0].clip)
    data = store.read(clip) if clip else None
    if clip is None or data is None:
        few = len(plan.takes) < MANY
        (result,) = run([plan], store=store, folder=None, attempts=attempts, workers=0 if few else workers)
        if result.status == "failed":
            raise restore(result.error_type, result.error)
        clip = result.clips[0]
        data = store.read(clip)
        if data is None:
            raise SpeechError(
                f"clip {clip.key} was removed from the store while it was being read; try again"
            )
    return msgspec.structs.replace(clip, data=data)


def render(
    utterances: Rows,
    folder: str | os.PathLike[str] | None = None,
    *,
    engine: str = "piper",
    model: str | None = None,
    voice: str | None = None,
    language: str | None = None,
    speed: float = 1.0,
    seed: int = 0,
    options: Mapping[str, OptionValue] | None = None,
    format: str = "wav",
    files: Sequence[tuple[str, Output]] | None = None,
    device: str = "auto",
    carrier: bool | None = None,
    store: str | os.PathLike[str] | Store | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    attempts: int = ATTEMPTS,
    timeout: Seconds | None = TIMEOUT,
    ear: Ear | None = None,
) -> Generator[Result]:
    """Render utterances, yielding each result as it is there.

    What is in the store is not spoken again, what lies in `folder` as wanted is not written again, and a failed
    utterance costs no other. Closing the iterator stops the workers.

    Args:
        utterances: rows; what a row leaves open comes from the arguments. May be endless: memory is bounded.
        folder: where files go; None: clips stay in the store and need no ids.
        files: what each utterance becomes, as path template and output, such as a preset's files.
        workers: processes; None: one for each core; 0: none, everything in this process.
        executor: where to run instead, any `concurrent.futures.Executor`; it is not shut down.
        timeout: seconds after which a worker that gives no answer is ended.
        ear: listens to every take that it did not hear before. One that does not pass is spoken again, up to `attempts`
            times in all; the best stays, and the result says what was heard.
        others: as in `say`.

    >>> rows = [Utterance(id="hi", text="Hello there."), Utterance(id="bad", text="...")]
    >>> for result in render(rows, engine="tone", store="memory:", workers=0):
    ...     print(result.number, result.status, result.error)
    1 failed bad: nothing to speak in '...': it has no letter and no digit
    0 rendered

    Raises:
        InputError: a default cannot be used, whatever the row.
        StoreError: store or folder cannot be read or written; what is finished stays.
    """
    planner = Planner(
        engine=engine,
        model=model,
        voice=voice,
        language=language,
        speed=speed,
        seed=seed,
        options=options,
        device=device,
        carrier=carrier,
        format=format,
        files=files,
    )
    yield from run(
        planner.plan_all(utterances, filed=folder is not None),
        store=_opened(store),
        folder=None if folder is None else Folder(folder),
        workers=workers,
        executor=executor,
        attempts=attempts,
        timeout=timeout,
        ear=ear,
    )


def run(
    plans: Iterable[Plan | Bad],
    *,
    store: Store,
    folder: Folder | None,
    workers: int | None = None,
    executor: Executor | None = None,
    attempts: int = ATTEMPTS,
    timeout: Seconds | None = TIMEOUT,
    ear: Ear | None = None,
) -> Generator[Result]:
    """`render` for rows that are planned already."""
    if ear is not None:
        ear.require()
    shared = not store.url.startswith("memory:")
    with Pools(workers, timeout=timeout, executor=executor, shared=shared) as pools:
        yield from _Loop(store, folder, pools, attempts, ear).run(plans)


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a render would do for one row."""

    number: int
    utterance: Utterance | None
    status: Status
    segments: int = 0
    """That would be synthesised."""
    characters: int = 0
    """In those segments."""
    billed: int = 0
    """Of those, characters that cost something."""
    price: float = 0.0
    """Of those, in US dollars; NaN: not known."""
    unbilled: int = 0
    """Characters that would cost something, were they not in the store already or spoken for another row."""
    saved: float = 0.0
    """What they would cost."""
    notes: tuple[str, ...] = ()
    """What was changed in the text."""
    error: str = ""


def forecast(
    plans: Iterable[Plan | Bad], *, store: Store, folder: Folder | None, finished: bool = True
) -> Iterator[Forecast]:
    """What `run` would do, in order, without doing it. A segment counts for the first row that has it.

    Args:
        finished: whether files and clips that are there count; else only takes do, as for an ear.
    """
    spoken: set[str] = set()
    rows = iter(plans)
    while batch := list(islice(rows, LOOKUP)):
        place = folder if finished else None
        good = [plan for plan in batch if isinstance(plan, Plan) and not standing(plan, place)]
        clips = {target.clip for plan in good for target in plan.targets}
        no_clip = store.missing_clips(clips) if finished else clips
        no_take = store.missing_takes(
            {key for plan in good if _lacks(plan, no_clip) for key in plan.takes if key not in spoken}
        )
        todo = {plan.number for plan in good}
        for plan in batch:
            if isinstance(plan, Bad):
                yield Forecast(
                    number=plan.number, utterance=plan.utterance, status="failed", error=str(plan.error)
                )
                continue
            status: Status = "from store"
            new: list[str] = []
            if plan.number not in todo:
                status = "up to date"
            elif _lacks(plan, no_clip):
                new = [key for key in plan.takes if key in no_take and key not in spoken]
                spoken.update(new)
                status = "rendered"
            fresh = frozenset(new)
            billed, price = _bill(plan, fresh)
            unbilled, saved = _bill(plan, plan.takes.keys() - fresh)
            yield Forecast(
                number=plan.number,
                utterance=plan.utterance,
                status=status,
                segments=len(new),
                characters=sum(len(plan.takes[key].text) for key in new),
                billed=billed,
                price=price,
                unbilled=unbilled,
                saved=saved,
                notes=plan.notes,
            )


def _bill(plan: Plan, keys: Iterable[str]) -> tuple[int, float]:
    """How many characters of these takes cost something, and what."""
    characters, price = 0, 0.0
    for key in keys:
        text = plan.takes[key].text
        if each := plan.engine.price(text):
            characters, price = characters + len(text), price + each
    return characters, price


def _opened(store: str | os.PathLike[str] | Store | None) -> Store:
    if isinstance(store, Store):
        return store
    return open_store(canonical_url(default_url() if store is None else store))


def standing(plan: Plan, folder: Folder | None) -> Result | None:
    """The result for an utterance whose files all stand in `folder` as wanted; None if any does not."""
    if folder is None:
        return None
    clips = []
    for target in plan.targets:
        clip = folder.holds(target.path, target.clip, target.output.format)
        if clip is None or speaking.over_limit(clip, target.output):
            return None
        clips.append(clip)
    return _result(_Open(plan), "up to date", folder, clips=tuple(clips))


def _lacks(plan: Plan, missing_clips: set[str]) -> bool:
    return any(target.clip in missing_clips for target in plan.targets)


@dataclass(slots=True)
class _Open:
    """An utterance on its way."""

    plan: Plan
    waiting: set[str] = field(default_factory=set)
    spoken: int = 0
    characters: int = 0
    billed: int = 0
    cost: float = 0.0
    notes: list[str] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    had_clips: bool = False
    vanished: int = 0
    lost: int = 0


@dataclass(slots=True)
class _Wanted:
    """A segment that somebody waits for."""

    segment: Segment
    plan: Plan
    waiters: list[_Open] = field(default_factory=list)
    lost: int = 0


_Group: TypeAlias = tuple[object, ...]


def _width(executor: Executor) -> int:
    return getattr(executor, "workers", None) or 16


class _Loop:
    def __init__(
        self, store: Store, folder: Folder | None, pools: Pools, attempts: int, ear: Ear | None
    ) -> None:
        self._store, self._folder, self._pools, self._attempts = store, folder, pools, attempts
        self._ear = ear
        self._open: dict[int, _Open] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._failed: dict[str, SpeechError] = {}
        self._refused: dict[Engine, SpeechError] = {}
        # What one call of an engine may hold together; longest first.
        self._queues: dict[_Group, list[tuple[int, int, str]]] = defaultdict(list)
        self._alone: deque[str] = deque()
        self._ready: deque[_Open] = deque()
        self._running: dict[Future[Any], tuple[Executor, Callable[[Future[Any]], Iterator[Result]]]] = {}
        self._busy: Counter[Executor] = Counter()
        self._done: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._wrote = False

    def run(self, plans: Iterable[Plan | Bad]) -> Iterator[Result]:
        rows = iter(plans)
        more = True
        while more or self._open:
            while more and self._room():
                batch = list(islice(rows, LOOKUP))
                more = len(batch) == LOOKUP
                yield from self._admit(batch)
                self._start()
            self._start()
            if self._running:
                future = self._done.get()
                executor, then = self._running.pop(future)
                self._busy[executor] -= 1
                yield from then(future)
        if self._folder is not None and self._wrote:
            self._folder.tidy()

    def _room(self) -> bool:
        # Bounded by position, not by number: results can then be put in order with a bounded buffer.
        oldest = next(iter(self._open), None)
        newest = next(reversed(self._open), None)
        return oldest is None or newest is None or newest - oldest < WINDOW

    # Look up

    def _admit(self, batch: Sequence[Plan | Bad]) -> Iterator[Result]:
        todo: list[Plan] = []
        for plan in batch:
            if isinstance(plan, Bad):
                yield _bad(plan)
            elif self._ear is None and (result := standing(plan, self._folder)):
                yield result
            else:
                todo.append(plan)
        if self._ear is not None:
            yield from self._admit_heard(todo, self._ear)
            return
        no_clip = self._store.missing_clips({target.clip for plan in todo for target in plan.targets})
        no_take = self._store.missing_takes(
            {key for plan in todo if _lacks(plan, no_clip) for key in plan.takes if key not in self._wanted}
        )
        for plan in todo:
            opened = _Open(plan, had_clips=not _lacks(plan, no_clip), notes=list(plan.notes))
            self._open[plan.number] = opened
            lacking = [k for k in plan.takes if k in no_take or k in self._wanted]
            if opened.had_clips or not lacking:
                self._ready.append(opened)
            else:
                yield from self._want(opened, lacking)

    def _admit_heard(self, todo: Sequence[Plan], ear: Ear) -> Iterator[Result]:
        """Takes that this ear is not done with are wanted as if they were missing; the worker tells them apart."""
        keys = {key for plan in todo for key in plan.takes if key not in self._wanted}
        verdicts = {key: v for key, v in self._store.verdicts(keys).items() if v.ear == ear.fingerprint()}
        for plan in todo:
            most = self._attempts if plan.engine.seeded else 1
            mine = {key: verdicts[key] for key in plan.takes if key in verdicts}
            settled = {key: v for key, v in mine.items() if passes(v.score) or v.attempts >= most}
            self._open[plan.number] = opened = _Open(plan, notes=list(plan.notes), verdicts=settled)
            if lacking := [key for key in plan.takes if key not in settled]:
                yield from self._want(opened, lacking)
            else:
                self._ready.append(opened)

    def _want(self, opened: _Open, keys: Iterable[str]) -> Iterator[Result]:
        for key in keys:
            if error := self._failed.get(key) or self._refused.get(opened.plan.engine):
                yield from self._fail(opened, error)
                return
            opened.waiting.add(key)
            wanted = self._wanted.get(key)
            if wanted is None:
                segment = opened.plan.takes[key]
                wanted = self._wanted[key] = _Wanted(segment, opened.plan)
                opened.spoken += 1
                opened.characters += len(segment.text)
                group = (opened.plan.engine, segment.voice, segment.language, segment.speed, _frozen(segment))
                heapq.heappush(self._queues[group], (-len(segment.text), opened.plan.number, key))
            wanted.waiters.append(opened)

    # Start what can be started

    def _start(self) -> None:
        while self._ready and self._takes(self._pools.finishing):
            share = min(ORDERS, -(-len(self._ready) // _width(self._pools.finishing)))
            self._finish([self._ready.popleft() for _ in range(share)])
        while self._alone and self._takes(self._pool(self._alone[0])):
            # After the loss of a worker: one at a time, so that a second loss names its cause.
            self._speak([self._alone.popleft()])
        while batch := self._next_batch():
            self._speak(batch)

    def _takes(self, executor: Executor) -> bool:
        # One task at work and one in waiting for each worker.
        return self._busy[executor] < 2 * _width(executor)

    def _pool(self, key: str) -> Executor:
        return self._pools.speaking(self._wanted[key].plan.engine)

    def _next_batch(self) -> list[str]:
        groups = [group for group, heap in self._queues.items() if self._takes(self._pool(heap[0][2]))]
        if not groups:
            return []
        group = min(groups, key=lambda g: self._queues[g][0])
        heap = self._queues[group]
        # The longest together: they are of like length, so that little is padded.
        batch = [heapq.heappop(heap)[2] for _ in range(min(self._share(heap[0][2]), len(heap)))]
        if not heap:
            del self._queues[group]
        return batch

    def _share(self, key: str) -> int:
        """Most segments that the next batch may have: no worker waits while another has several."""
        most = self._wanted[key].plan.engine.max_batch
        if most == 1:
            return 1
        pool = self._pool(key)
        waiting = sum(len(heap) for heap in self._queues.values() if self._pool(heap[0][2]) is pool)
        return min(most, -(-waiting // _width(pool)))

    def _speak(self, keys: Sequence[str]) -> None:
        engine = self._wanted[keys[0]].plan.engine
        batch = [(key, self._wanted[key].segment) for key in keys]
        waiters = {o.plan.number: o for key in keys for o in self._wanted[key].waiters}
        together = set(keys)
        ripe = [o for o in waiters.values() if o.waiting <= together][:ORDERS]

        def spoken(future: Future[Any]) -> Iterator[Result]:
            finished: list[Finished] = []
            try:
                takes, finished = future.result()
            except WorkerLost as error:
                takes = self._lost(keys, error)
            for take in takes:
                yield from self._settle(take, ripe)
                if isinstance(take.error, ServiceRefused):
                    yield from self._refuse(engine, take.error)
            for opened, outcome in zip(ripe, finished, strict=False):
                yield from self._finished(opened, outcome)

        fingerprint = self._wanted[keys[0]].plan.fingerprint
        task = (
            engine,
            fingerprint,
            self._store,
            batch,
            self._attempts,
            self._orders(ripe),
            self._folder,
            self._ear,
        )
        self._submit(self._pools.speaking(engine), spoken, speaking.speak, *task)

    def _finish(self, batch: Sequence[_Open]) -> None:
        def finished(future: Future[Any]) -> Iterator[Result]:
            try:
                outcomes: list[Finished] = future.result()
            except WorkerLost as error:
                for opened in batch:
                    opened.lost += 1
                    if opened.lost > 1:
                        yield from self._fail(opened, error)
                    else:
                        self._finish([opened])
                return
            for opened, outcome in zip(batch, outcomes, strict=True):
                yield from self._finished(opened, outcome)

        self._submit(
            self._pools.finishing, finished, speaking.finish, self._orders(batch), self._store, self._folder
        )

    def _orders(self, batch: Iterable[_Open]) -> list[Order]:
        exact = self._ear is not None
        return [Order(o.plan.parts, o.plan.targets, o.plan.engine.sample_rate, exact) for o in batch]

    def _submit(
        self,
        executor: Executor,
        then: Callable[[Future[Any]], Iterator[Result]],
        task: Callable[..., Any],
        *args: object,
    ) -> None:
        future = executor.submit(task, *args)
        self._running[future] = executor, then
        self._busy[executor] += 1
        future.add_done_callback(self._done.put)

    # Take in what is done

    def _lost(self, keys: Sequence[str], error: WorkerLost) -> list[Take]:
        given_up = []
        for key in keys:
            wanted = self._wanted[key]
            wanted.lost += 1
            if wanted.lost > 1:
                problem = f"{error}, twice, while speaking {wanted.segment.text[:60]!r} alone"
                given_up.append(Take(key, wanted.lost, WorkerLost(problem)))
            else:
                self._alone.append(key)
        return given_up

    def _refuse(self, engine: Engine, error: SpeechError) -> Iterator[Result]:
        """Fail what waits for a service that lets nobody in: it need not be asked for each."""
        self._refused[engine] = error
        for group in [group for group in self._queues if group[0] == engine]:
            for _, _, key in self._queues.pop(group):
                yield from self._settle(Take(key, 0, error), ())

    def _settle(self, take: Take, ripe: Sequence[_Open]) -> Iterator[Result]:
        wanted = self._wanted.pop(take.key)
        if take.heard and (price := wanted.plan.engine.price(wanted.segment.text)):
            # The row that asked first; where it has failed meanwhile, the next.
            for opened in [o for o in wanted.waiters if o.plan.number in self._open][:1]:
                opened.billed += take.heard * len(wanted.segment.text)
                opened.cost += take.heard * price
        if take.verdict and not take.heard:  # the store had it
            wanted.waiters[0].spoken -= 1
            wanted.waiters[0].characters -= len(wanted.segment.text)
        if take.error:
            self._failed[take.key] = take.error
        for opened in wanted.waiters:
            if opened.plan.number not in self._open:
                continue  # it failed for another segment
            if take.error:
                yield from self._fail(opened, take.error)
                continue
            if take.attempts > 1:
                opened.notes.append(f"attempt {take.attempts} taken for {wanted.segment.text[:60]!r}")
            opened.notes += (f"{note}: {wanted.segment.text[:60]!r}" for note in take.notes)
            if take.verdict:
                opened.verdicts[take.key] = take.verdict
            opened.waiting.discard(take.key)
            if not opened.waiting and not any(opened is one for one in ripe):
                self._ready.append(opened)

    def _finished(self, opened: _Open, outcome: Finished) -> Iterator[Result]:
        if opened.plan.number not in self._open:
            return  # it failed with one of its takes
        if outcome.error:
            yield from self._fail(opened, outcome.error)
        elif outcome.missing and opened.vanished == _VANISHED:
            problem = f"the store {self._store.url} does not give back what was written to it a moment ago"
            raise StoreError(f"{problem}: take {outcome.missing[0]}")
        elif outcome.missing:
            # Broken or pruned since it was looked up: spoken again.
            opened.had_clips, opened.vanished = False, opened.vanished + 1
            yield from self._want(opened, outcome.missing)
        else:
            self._wrote = True
            del self._open[opened.plan.number]
            status: Status = "from store" if opened.had_clips else "rendered"
            if self._ear is not None and not outcome.made:
                status = "from store" if outcome.written or self._folder is None else "up to date"
            yield _result(opened, status, self._folder, clips=outcome.clips)

    def _fail(self, opened: _Open, error: SpeechError) -> Iterator[Result]:
        self._open.pop(opened.plan.number, None)
        yield _result(opened, "failed", self._folder, error=placed(error, opened.plan.utterance))


def _result(
    opened: _Open,
    status: Status,
    folder: Folder | None,
    *,
    clips: tuple[Clip, ...] = (),
    error: SpeechError | None = None,
) -> Result:
    plan = opened.plan
    return Result(
        utterance=plan.utterance,
        status=status,
        number=plan.number,
        files=() if folder is None or error else tuple(f"{folder.path}/{t.path}" for t in plan.targets),
        clips=clips,
        engine=plan.engine.name,
        model=plan.engine.model or "",
        voice=plan.voice,
        language=plan.language,
        segments=len(plan.takes),
        spoken=opened.spoken,
        characters=opened.characters,
        billed=opened.billed,
        cost=opened.cost,
        notes=(*opened.notes, *dict.fromkeys(note for clip in clips for note in clip.notes)),
        **_opinion(opened),
        error=str(error) if error else "",
        error_type=type(error).__name__ if error else "",
    )


def _opinion(opened: _Open) -> dict[str, Any]:
    """What was heard of the whole row, where all of it was."""
    keys = [part for part in opened.plan.parts if isinstance(part, str)]
    found = [opened.verdicts[key] for key in keys if key in opened.verdicts]
    if not found or len(found) < len(keys):
        return {}
    errors, words = sum(one.score.errors for one in found), sum(one.score.words for one in found)
    return {
        "verdict": "good" if all(passes(one.score) for one in found) else "doubtful",
        "wer": errors / max(1, words),
        "heard": " ".join(one.heard for one in found),
        "differences": tuple(each for one in found for each in one.score.differences),
    }


def _bad(plan: Bad) -> Result:
    return Result(
        utterance=plan.utterance or Utterance(text=""),
        status="failed",
        number=plan.number,
        error=str(plan.error),
        error_type=type(plan.error).__name__,
    )


def _frozen(segment: Segment) -> tuple[tuple[str, OptionValue], ...]:
    return tuple(sorted(segment.options.items()))
