"""The two calls of the library: `say` for one text, `render` for many."""

from __future__ import annotations

import inspect
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Executor
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from voxpress import validation
from voxpress.errors import InputError, SpeechError, show
from voxpress.marks import lacks_marks, locate, write_all
from voxpress.rendering import ATTEMPTS, TIMEOUT
from voxpress.rendering.chimes import Chime
from voxpress.rendering.folders import OutputFolder, open_folder
from voxpress.rendering.plan import Bad, Planned
from voxpress.rendering.planner import Planner, Row
from voxpress.speech import Clip, OptionValue, Output, Result, Seconds, Speaker, Status, Utterance
from voxpress.store import Store, canonical_url, default_url, open_store
from voxpress.text import FrontEnd
from voxpress.text import lexicon as lexicons
from voxpress.validation import Markup

if TYPE_CHECKING:
    from voxpress.executors import Cluster
    from voxpress.quality.asr import Recogniser
    from voxpress.rendering.presets import Preset
    from voxpress.rendering.scheduler import Arrived

GROUP = 20_000
"""Utterances after which what was written is synced to disk."""
GROUP_SECONDS: Seconds = 60.0
_THREADS = 2
"""Of an engine that speaks alone; more gain little."""
MANY = 8
"""Segments of one text from which it is worth starting workers."""


def say(
    text: str,
    *,
    speaker: Speaker | None = None,
    engine: str | None = None,
    model: str | None = None,
    voice: str | None = None,
    language: str | None = None,
    speed: float | None = None,
    seed: int | None = None,
    options: Mapping[str, OptionValue] | None = None,
    format: str | None = None,
    output: Output | None = None,
    markup: Markup = "plain",
    device: str = "auto",
    carrier: bool | None = None,
    continuation: bool = False,
    front_end: FrontEnd | None = None,
    beside: str | os.PathLike[str] | None = None,
    lexicon: lexicons.Source | Sequence[lexicons.Source] | None = None,
    marks: Sequence[str] = (),
    before: Chime | str | None = None,
    after: Chime | str | None = None,
    store: str | os.PathLike[str] | Store | None = None,
    attempts: int = ATTEMPTS,
    workers: int | None = None,
) -> Clip:
    """Speak `text`, or take it from the store where it was spoken before.

    Args:
        text: any length; split where the engine needs it.
        speaker: who speaks, and how; None: Piper with its default voice.
        engine, model, voice, language, speed, seed, options: fields of `Speaker`, which come before those of `speaker`.
            Which options an engine has is said by ``voxpress engines``.
        format: a name of `voxpress.files.formats.FORMATS`, where `output` is not given; None: wav.
        output: everything about how the file sounds and is packed.
        markup: how the text is written, one of `voxpress.validation.MARKUPS`.
        front_end: how texts are read.
        beside: the folder of the lexicons and sounds that the text names; None: it may not name any.
        device: ``auto``, ``cpu``, ``cuda`` …
        carrier: whether a text of one or two words is spoken in a sentence and cut out of it, where the engine knows
            when its words are heard; None: where it is then understood better.
        continuation: whether a text with an ellipsis at its beginning or end is spoken as a part of a sentence, so that
            the voice does not begin or end there.
        lexicon: how words are spoken: a `voxpress.text.lexicon.Lexicon`, a file's path, or several, the first of
            which wins.
        marks: formats of files with marks, such as ``srt``, that are in the clip's `sidecars`.
        before, after: what is heard around the text: a sound file, ``chime:gong`` or another of voxpress's own, or a
            `voxpress.rendering.chimes.Chime`, which says how loud and how close.
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
    validation.check({"attempts": attempts, "workers": workers}, optional=["workers"])
    if output is not None and not isinstance(output, Output):
        raise InputError(f"must be an Output, not {show(output)}", field="output")
    if output is not None and format is not None:
        raise InputError("says what output says too: leave one of them out", field="format")
    planner = Planner(
        _merge_speaker(speaker, engine, model, voice, language, speed, seed, options),
        device=device,
        carrier=carrier,
        continuation=continuation,
        format=format,
        files=None if output is None else [("", output)],
        front_end=_merge_front_end(front_end, lexicon),
        marks=marks,
        before=before,
        after=after,
        beside=None if beside is None else Path(validation.path(beside, "beside")),
    )
    return say_with(planner, Utterance(text=text, markup=markup), _open(store), attempts, workers)


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
    target, script = plan.targets[0], plan.recipe.script
    clip = store.clip(target.clip)
    if clip and target.sidecars and lacks_marks(clip, script):
        clip = None
    data = store.read(clip) if clip else None
    if clip and data is not None and (problem := target.output.limit_exceeded(clip)):
        raise InputError(problem)
    if clip is None or data is None:
        from voxpress.executors.local import cores

        few = len(plan.takes) < MANY
        (result,) = run(
            [plan],
            store=store,
            folder=None,
            attempts=attempts,
            workers=0 if few else workers,
            threads=min(_THREADS, cores()) if few else 1,
        )
        if result.exception:
            raise result.exception
        clip = result.clips[0]
        data = store.read(clip)
        if data is None:
            raise SpeechError(
                f"clip {clip.key} was removed from the store while it was being read; try again"
            )
    return msgspec.structs.replace(
        clip,
        data=data,
        marks=locate(clip.marks, script),
        sidecars=write_all((each.format for each in target.sidecars), clip, script),
    )


def _merge_front_end(
    front_end: FrontEnd | None, lexicon: lexicons.Source | Sequence[lexicons.Source] | None
) -> FrontEnd:
    if front_end is None:
        front_end = FrontEnd()
    if not isinstance(front_end, FrontEnd):
        raise InputError(f"must be a FrontEnd, not {show(front_end)}", field="front_end")
    if lexicon is None:
        return front_end
    known = lexicons.gather(lexicon).over(front_end.lexicon)
    return msgspec.structs.replace(front_end, lexicon=known)


def _merge_speaker(
    speaker: Speaker | None,
    engine: str | None,
    model: str | None,
    voice: str | None,
    language: str | None,
    speed: float | None,
    seed: int | None,
    options: Mapping[str, OptionValue] | None,
) -> Speaker:
    """The speaker that arguments spell out."""
    if speaker is not None and not isinstance(speaker, Speaker):
        raise InputError(f"must be a Speaker, not {show(speaker)}", field="speaker")
    spelled = Speaker(
        engine=engine,
        model=model,
        voice=voice,
        language=language,
        speed=speed,
        seed=seed,
        options={} if options is None else options,
    )
    return spelled.over(Speaker() if speaker is None else speaker)


class Rendering(Iterator[Result]):
    """A render that is ready to go: iterate it for each result as it comes, or `run` it to its end.

    It stops where nobody asks for the next result, and `close` ends it; what is finished stays.

    >>> rendering = render(["Hello there.", "Goodbye."], engine="tone", store="memory:", workers=0)
    >>> rendering.run()
    Summary(rows=2, rendered=2, from_store=0, up_to_date=0, failed=0)
    """

    def __init__(self, results: Callable[[], Generator[Result]]) -> None:
        self._start = results
        self._results: Generator[Result] | None = None
        self._closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Result:
        if self._results is None:
            self._results = self._start()
        result = next(self._results)
        if self._closed:
            self._results.close()
        return result

    def run(self) -> Summary:
        """Render everything, and count what became of it.

        Raises:
            StoreError: store or folder cannot be read or written; what is finished stays.
        """
        counts = Counter(result.status for result in self)
        return Summary(
            rows=counts.total(),
            rendered=counts[Status.RENDERED],
            from_store=counts[Status.FROM_STORE],
            up_to_date=counts[Status.UP_TO_DATE],
            failed=counts[Status.FAILED],
            left_out=counts[Status.LEFT_OUT],
        )

    def close(self) -> None:
        """End it, with its workers: at once, or after the next result where another thread is waiting for that."""
        self._closed = True
        if self._results is None:
            self._start = _nothing
        elif inspect.getgeneratorstate(self._results) != inspect.GEN_RUNNING:
            self._results.close()

    def __del__(self) -> None:
        if self._results is None and self._start is not _nothing:
            warnings.warn(
                "a render was made and never run: iterate it, or call run()", ResourceWarning, stacklevel=2
            )


def _nothing() -> Generator[Result]:
    yield from ()


class Summary(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """How many rows of a render came out how."""

    rows: int
    rendered: int
    from_store: int
    up_to_date: int
    failed: int
    left_out: int = 0


def render(
    utterances: Iterable[Row],
    folder: str | os.PathLike[str] | None = None,
    *,
    speaker: Speaker | None = None,
    engine: str | None = None,
    model: str | None = None,
    voice: str | None = None,
    language: str | None = None,
    speed: float | None = None,
    seed: int | None = None,
    options: Mapping[str, OptionValue] | None = None,
    cast: Mapping[str, Speaker] | None = None,
    format: str | None = None,
    preset: str | Preset | None = None,
    files: Sequence[tuple[str, Output]] | None = None,
    device: str = "auto",
    carrier: bool | None = None,
    continuation: bool | None = None,
    front_end: FrontEnd | None = None,
    beside: str | os.PathLike[str] | None = None,
    lexicon: lexicons.Source | Sequence[lexicons.Source] | None = None,
    marks: Sequence[str] | None = None,
    before: Chime | str | None = None,
    after: Chime | str | None = None,
    store: str | os.PathLike[str] | Store | None = None,
    workers: int | None = None,
    executor: Executor | Cluster | None = None,
    attempts: int = ATTEMPTS,
    timeout: Seconds | None = TIMEOUT,
    verify: bool | Recogniser = False,
    overwrite: bool = False,
) -> Rendering:
    """Render utterances. All arguments are checked at once; the work begins with the first result that is asked for.

    What is in the store is not spoken again, what lies in `folder` as wanted is not written again, and a failed
    utterance costs no other.

    Args:
        utterances: rows: utterances, mappings of their fields, or texts. What a row leaves open comes from the
            arguments. May be endless: memory is bounded.
        folder: where files go: a path, or a URL such as ``s3://bucket/prefix``; None: clips stay in the store and need
            no ids.
        format: of each file; None: wav, or what an id's extension says.
        preset: what each utterance becomes: the name of a preset of voxpress, or one of
            `voxpress.rendering.presets.load`.
        files: the same spelled out, as path templates and outputs.
        marks: formats of files with marks, such as ``srt``, that lie beside each file; None: those of the preset.
        continuation: as in `say`; None: as the preset says.
        workers: processes; None: one for each core; 0: none, everything in this process.
        executor: where to run instead: any `concurrent.futures.Executor`, or a `voxpress.executors.ray.RayCluster`;
            it is not shut down.
        timeout: seconds after which a worker that gives no answer is ended.
        verify: whether a recogniser listens to every take that it did not hear before, or which one does. A take that
            does not pass is spoken again, up to `attempts` times in all; the best stays, and the result says what was
            heard.
        front_end: how texts are read.
        beside: the folder of the lexicons and sounds that rows and texts name; None: they may not name any.
        overwrite: whether files in `folder` that voxpress did not write, or that were changed since, may be replaced.
            Otherwise their utterances fail.
        before, after: as in `say`; None: those of the preset.
        speaker, engine and others: as in `say`; they hold for what a row leaves open.
        cast: speakers by the names that rows and texts give them.

    >>> rows = [Utterance(id="hi", text="Hello there."), Utterance(id="bad", text="...")]
    >>> for result in render(rows, engine="tone", store="memory:", workers=0):
    ...     print(result.number, result.status, result.error)
    1 failed bad: nothing to speak in '...': it has no letter and no digit
    0 rendered

    Raises:
        InputError: a default cannot be used, whatever the row.
        StoreError: store or folder cannot be read or written; what is finished stays.
    """
    from voxpress.rendering.presets import choose_continuation, choose_marks  # which `say` has no need of

    if preset is not None and (files is not None or format is not None):
        raise InputError("says what files and format say too: leave one of them out", field="preset")
    found = _find_preset(preset)
    planner = Planner(
        _merge_speaker(speaker, engine, model, voice, language, speed, seed, options),
        device=device,
        carrier=carrier,
        continuation=choose_continuation(found, continuation),
        format=format,
        files=found.files if found else files,
        front_end=_merge_front_end(front_end, lexicon),
        cast=cast,
        marks=choose_marks(found, marks),
        names=found.names if found else (),
        before=found.before if found and before is None else before,
        after=found.after if found and after is None else after,
        beside=None if beside is None else Path(validation.path(beside, "beside")),
    )
    if isinstance(utterances, str | bytes | Mapping) or not isinstance(utterances, Iterable):
        raise InputError(f"must be rows, not {show(utterances)}", field="utterances")
    validation.check(
        {"workers": workers, "attempts": attempts, "timeout": timeout}, optional=["workers", "timeout"]
    )
    opened = _open(store)
    if not isinstance(overwrite, bool):
        raise InputError(f"must be True or False, not {show(overwrite)}", field="overwrite")
    place = None if folder is None else open_folder(folder, overwrite)
    if executor is not None:
        _check_executor(executor, opened, place)
    recogniser = _choose_recogniser(verify)

    def results() -> Generator[Result]:
        with place.claim() if place else nullcontext():
            yield from run(
                planner.plan_all(
                    utterances, filed=place is not None, known=place if recogniser is None else None
                ),
                store=opened,
                folder=place,
                workers=workers,
                executor=executor,
                attempts=attempts,
                timeout=timeout,
                recogniser=recogniser,
                known=isinstance(utterances, Sized),
            )

    return Rendering(results)


def _check_executor(executor: object, store: Store, folder: OutputFolder | None) -> None:
    from concurrent.futures import ProcessPoolExecutor  # which `say` has no need of

    from voxpress.executors import Cluster

    if not isinstance(executor, Executor | Cluster):
        raise InputError(f"must be an Executor or a cluster, not {show(executor)}", field="executor")
    if isinstance(executor, ProcessPoolExecutor | Cluster):
        for what, is_shared in (("store", store.is_shared), ("folder", folder is None or folder.is_shared)):
            if not is_shared:
                raise InputError(
                    f"its workers cannot see a {what} in memory: give another {what}", field="executor"
                )


def run(
    plans: Iterable[Planned],
    *,
    store: Store,
    folder: OutputFolder | None,
    workers: int | None = None,
    executor: Executor | Cluster | None = None,
    attempts: int = ATTEMPTS,
    timeout: Seconds | None = TIMEOUT,
    recogniser: Recogniser | None = None,
    known: bool = True,
    threads: int = 1,
    window: int | None = None,
    watch: Callable[[Arrived], None] | None = None,
) -> Generator[Result]:
    """`render` for rows that are planned already, or (not `known`) as they come.

    Args:
        threads: as in `Engine.threads`.
        window, watch: as in `voxpress.rendering.driver.drive`.

    What was written is synced to disk in groups, and all of it when the last result was taken.
    """
    # What is in the store is given without them, in two thirds of the time of a process.
    from voxpress.executors import Cluster, Pools
    from voxpress.rendering.driver import drive

    if executor is not None:
        _check_executor(executor, store, folder)
    if recogniser is not None:
        recogniser.require()
    unsynced, synced = 0, time.monotonic()
    shared = store.is_shared and (folder is None or folder.is_shared)
    with ExitStack() as ending:
        if isinstance(executor, Cluster):
            pools: Pools | Cluster = executor
        else:
            pools = Pools(workers, timeout=timeout, executor=executor, shared=shared)
            ending.enter_context(pools)
        results = drive(
            plans,
            store=store,
            folder=folder,
            pools=pools,
            attempts=attempts,
            recogniser=recogniser,
            known=known,
            threads=threads,
            window=window,
            watch=watch,
        )
        for result in results:
            unsynced += result.status in (Status.RENDERED, Status.FROM_STORE)
            if unsynced >= GROUP or (unsynced and time.monotonic() - synced > GROUP_SECONDS):
                _sync(store, folder)
                unsynced, synced = 0, time.monotonic()
            yield result
    if unsynced:
        _sync(store, folder)


def _find_preset(preset: str | Preset | None) -> Preset | None:
    """The preset that is given, or that has that name."""
    from voxpress.rendering import presets

    if preset is None or isinstance(preset, presets.Preset):
        return preset
    if not isinstance(preset, str):
        raise InputError(f"must be a preset or its name, not {show(preset)}", field="preset")
    return presets.preset_named(preset, presets.load())


def _choose_recogniser(verify: bool | Recogniser) -> Recogniser | None:
    """The recogniser that listens, which is there; None where none does.

    Raises:
        InputError: `verify` is something else.
        EngineNotInstalled, ModelUnavailable
    """
    if verify is False:
        return None
    from voxpress.quality.asr import Recogniser

    recogniser = Recogniser() if verify is True else verify
    if not isinstance(recogniser, Recogniser):
        raise InputError(f"must be True, False or a Recogniser, not {show(verify)}", field="verify")
    recogniser.require()
    return recogniser


def _sync(store: Store, folder: OutputFolder | None) -> None:
    store.sync()
    if folder is not None:
        folder.sync()


def _open(store: str | os.PathLike[str] | Store | None) -> Store:
    if isinstance(store, Store):
        return store
    return open_store(canonical_url(default_url() if store is None else validation.path(store, "store")))
