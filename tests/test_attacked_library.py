"""What an attack on the render loop and on the Python API found: each with its right value, and others of its kind."""

import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from tests.beeps import TEXTS, Beeps
from voxpress import InputError, Speaker, StoreError, Utterance, render, say
from voxpress.audio import codec
from voxpress.engines.tone import Tone
from voxpress.rendering.assessment import assess
from voxpress.rendering.dry_run import forecast
from voxpress.rendering.folders.local import LocalFolder
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.rendering.spool import Spool
from voxpress.speech import Output, Status
from voxpress.store import Store

HALF_WRONG: dict[str, Any] = {"fault": "wrong", "fault_rate": 0.5}


def rows(count):
    return [Utterance(id=f"row{i}", text=text) for i, text in enumerate(TEXTS[:count])]


# Two renders on one store


class Meddler(Beeps):
    """Where it hears for the first time, another render begins and ends on the same store."""

    def __init__(self, meddle):
        super().__init__()
        self.meddle = meddle

    def hear(self, audio, language="", **how):
        meddle, self.meddle = self.meddle, lambda: None
        meddle()
        return super().hear(audio, language, **how)


@pytest.mark.parametrize("verifying", [True, False], ids=["verifying", "plain"])
@pytest.mark.parametrize("attempts", [2, 8])
def test_files_are_what_was_heard_though_another_render_works_there(tmp_path, verifying, attempts):
    """The other one may choose readings, or speak without a recogniser: no report is of another sound."""
    store, texts = Store(tmp_path / "store"), rows(12)

    def other():
        verify: dict[str, Any] = {"verify": Beeps(), "attempts": 8} if verifying else {}
        render(
            texts, tmp_path / "b", engine="tone", store=store, workers=0, options=HALF_WRONG, **verify
        ).run()

    results = render(
        texts,
        tmp_path / "a",
        engine="tone",
        store=store,
        workers=0,
        options=HALF_WRONG,
        verify=Meddler(other),
        attempts=attempts,
    )
    for result in results:
        said = Beeps().hear(codec.decode(Path(result.files[0]).read_bytes())).text
        assert (said, said == result.utterance.text) == (result.heard, result.verdict == "good")


def test_a_plain_render_overwrites_no_reading_that_was_chosen(tmp_path):
    """It had looked for takes before there were any."""
    store, texts = Store(tmp_path / "store"), rows(12)
    plans = [Planner(Speaker(engine="tone", options=HALF_WRONG)).plan(row, n) for n, row in enumerate(texts)]
    good = [plan for plan in plans if isinstance(plan, Plan)]
    assert all(found.missing for found in assess(good, store, None))

    def late():
        yield texts[0]
        render(
            texts, engine="tone", store=store, workers=0, options=HALF_WRONG, verify=Beeps(), attempts=8
        ).run()
        yield from texts[1:]

    render(late(), engine="tone", store=store, workers=0, options=HALF_WRONG).run()
    again = render(
        texts, engine="tone", store=store, workers=0, options=HALF_WRONG, verify=Beeps(), attempts=1
    )
    assert {(result.verdict, result.spoken) for result in again} == {("good", 0)}


# Readings that are no better


class Deaf(Beeps):
    """Cannot hear the second time."""

    def hear(self, audio, language="", **how):
        if self.count >= 1 and how.get("quick"):
            raise InputError("deaf")
        return super().hear(audio, language, **how)


def test_a_later_attempt_that_cannot_be_heard_keeps_the_first(tmp_path):
    store = Store(tmp_path / "store")
    options = {"fault": "wrong"}
    (result,) = render(
        rows(1), engine="tone", store=store, workers=0, options=options, verify=Deaf(), attempts=3
    )
    assert (result.status, result.verdict) == (Status.RENDERED, "doubtful")
    assert store.stats()["takes"].count == 1  # and no rival is left behind


def test_attempts_that_fail_are_used_up(tmp_path, monkeypatch):
    """The next render does not pay for them again."""
    speak, calls = Tone.synthesize, []

    def failing(self, batch):
        calls.append(len(batch))
        if len(calls) > 1:
            raise RuntimeError("no more")
        return speak(self, batch)

    monkeypatch.setattr(Tone, "synthesize", failing)
    for _ in range(3):
        (result,) = render(
            rows(1),
            engine="tone",
            store=tmp_path / "store",
            workers=0,
            options={"fault": "wrong"},
            verify=Beeps(),
            attempts=3,
        )
        assert result.verdict == "doubtful"
    assert len(calls) == 3


def test_a_dry_run_knows_what_was_heard(tmp_path):
    store, folder = Store(tmp_path / "store"), tmp_path / "out"
    render(rows(3), folder, engine="tone", store=store, workers=0, verify=Beeps()).run()
    plans = list(Planner(Speaker(engine="tone")).plan_all(rows(4)))
    for place, there in ((LocalFolder(folder), Status.UP_TO_DATE), (None, Status.FROM_STORE)):
        found = list(forecast(plans, store=store, folder=place, recogniser=Beeps()))
        assert [each.status for each in found] == [there] * 3 + [Status.RENDERED]
        assert [each.segments for each in found] == [0, 0, 0, 1]


# Executors of the user's


def test_nothing_is_written_after_a_render_was_closed(tmp_path):
    """Though the executor is somebody else's, and goes on."""
    with ThreadPoolExecutor(4) as threads:
        rendering = render(
            ({"id": f"r{n}", "text": f"Row {n}."} for n in range(300)),
            tmp_path / "out",
            engine="tone",
            store=tmp_path / "store",
            options={"delay": 0.01},
            executor=threads,
        )
        next(rendering)
        rendering.close()
        there = len(list((tmp_path / "out").glob("*.wav")))
        time.sleep(0.5)
        assert len(list((tmp_path / "out").glob("*.wav"))) == there
        assert threads.submit(len, "four").result() == 4


def test_an_executor_that_takes_nothing_fails_the_rows(tmp_path):
    """Each with the reason, and not the render."""
    threads = ThreadPoolExecutor(1)
    threads.shutdown()
    results = list(render(rows(3), engine="tone", store=tmp_path / "store", executor=threads))
    assert {result.status for result in results} == {Status.FAILED}
    assert all("cannot schedule new futures after shutdown" in result.error for result in results)


def test_a_recogniser_that_cannot_travel_fails_the_rows(tmp_path):
    recogniser = Beeps()
    recogniser.lock = threading.Lock()  # type: ignore[attr-defined]
    results = list(render(rows(2), engine="tone", store=tmp_path / "store", workers=1, verify=recogniser))
    assert {result.status for result in results} == {Status.FAILED}
    assert all("pickle" in result.error for result in results)


def test_processes_cannot_share_a_store_in_memory():
    with ProcessPoolExecutor(1) as processes, pytest.raises(InputError, match="a store in memory"):
        render(rows(1), engine="tone", store="memory:", executor=processes)


# Memory


def test_failed_rows_hold_no_audio():
    """An error that is kept would keep the frames of its traceback, and the audio in them."""
    for fault in ("silent", "raise"):
        results = render(
            rows(3), engine="tone", store="memory:", workers=0, attempts=1, options={"fault": fault}
        )
        for result in results:
            assert result.exception is not None
            assert result.exception.__traceback__ is None


def test_plans_on_disk_share_what_is_alike(tmp_path):
    plans = list(
        Planner(Speaker(engine="tone"), files=[("{id}.mp3", Output(format="mp3"))]).plan_all(rows(50))
    )
    with Spool(tmp_path) as spool:
        for plan in plans:
            spool.add(plan)
        assert (
            len({id(target.output) for plan in spool if isinstance(plan, Plan) for target in plan.targets})
            == 1
        )
    titled = list(
        Planner(Speaker(engine="tone"), files=[("{id}.mp3", Output(format="mp3"))]).plan_all(
            [Utterance(id="a", text="Hello.", title="One"), Utterance(id="b", text="Hello.", title="Two")]
        )
    )
    assert [plan.targets[0].output.title for plan in titled if isinstance(plan, Plan)] == ["One", "Two"]


# Arguments


@pytest.mark.parametrize("given", [{"voice": "nope"}, {"options": {"nonsense": 1}}])
def test_a_speaker_without_an_engine_belongs_to_the_one_that_is_named(given):
    with pytest.raises(InputError):
        say("Hello.", engine="tone", speaker=Speaker(**given), store="memory:")


def test_a_voice_of_a_speaker_without_an_engine_speaks():
    (result,) = render(["Hello."], engine="tone", speaker=Speaker(voice="high"), store="memory:", workers=0)
    assert result.voice == "high"


def test_a_speaker_is_over_speakers_only():
    for other in (None, 5, {"engine": "tone"}):
        with pytest.raises(InputError, match="other: must be a Speaker"):
            Speaker().over(other)  # type: ignore[arg-type]
    assert hash(Speaker(options=MappingProxyType({"delay": 1.0}))) == hash(Speaker(options={"delay": 1.0}))


@pytest.mark.parametrize("first", [1, 1.0, True])
@pytest.mark.parametrize("second", [1, 1.0, True])
def test_options_do_not_depend_on_what_came_before(first, second):
    """True is no number, also where 1 was asked for a moment ago."""
    for value in (first, second):
        right = nullcontext() if value is not True else pytest.raises(InputError, match="fault_rate")
        with right:
            say("Hello.", engine="tone", options={"fault_rate": value}, store="memory:")


@pytest.mark.parametrize(
    "folder", ["file://host/x", "s3://", "ftp://host/x", "https://example.com/x", "file:", "\ud800"]
)
def test_a_folder_is_a_path_or_a_url_of_an_object_store(folder):
    with pytest.raises(InputError, match="folder: must be a"):
        render(rows(1), folder, engine="tone", store="memory:")


def test_a_file_url_is_decoded(tmp_path):
    url = f"file://localhost{tmp_path}/with%20space"
    assert render(rows(1), url, engine="tone", store="memory:", workers=0).run().rendered == 1
    assert (tmp_path / "with space" / "row0.wav").is_file()


def test_a_broken_clip_is_not_saved(tmp_path):
    clip = say("Hello there.", engine="tone", store=tmp_path / "store")
    (result,) = render(["Hello there."], engine="tone", store=tmp_path / "store", workers=0)
    Path(clip.path).write_bytes(clip.data[:8])
    with pytest.raises(StoreError, match="broken in the store"):
        result.clips[0].save(tmp_path / "out.wav")
    for data in (clip.data[:8], clip.data[:-1] + b"x"):
        with pytest.raises(StoreError, match="broken"):
            msgspec.structs.replace(clip, data=data).save(tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()
