"""The loop: nothing spoken twice, nothing lost, and a failure costs only what it must."""

import itertools
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import voxpress
from voxpress import Output, Speaker, Utterance, render, say
from voxpress.audio import codec
from voxpress.errors import CheckFailed, InputError, UnknownVoice
from voxpress.rendering import worker
from voxpress.rendering.dry_run import forecast
from voxpress.rendering.folders.local import LocalFolder
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.rendering.presets import load
from voxpress.rendering.scheduler import WINDOW
from voxpress.store import Store


def rows(*texts, **more):
    return [Utterance(id=f"row{i}", text=text, **more) for i, text in enumerate(texts)]


def rendered(utterances, folder, store, **more):
    results = list(render(utterances, folder, engine="tone", store=store, **{"workers": 0, **more}))
    return sorted(results, key=lambda result: result.number)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_say_gives_a_clip_and_then_the_same_one(store):
    """The second time it comes from the store, byte for byte."""
    first, second = (say("Hello there.", engine="tone", store=store, format="flac") for _ in range(2))
    assert (first.hit, second.hit) == (False, True)
    assert first.data == second.data == Path(first.path).read_bytes()
    assert first.format == "flac" and first.sample_rate == 8000
    assert codec.decode(first.data).duration == pytest.approx(first.duration)


def test_a_text_that_is_said_alone_gets_idle_cores_and_a_render_does_not(store, out, monkeypatch):
    """In whatever order they come in one process: the engine that both plan with stays as it is."""
    threads = []
    monkeypatch.setattr("voxpress.engines.tone.Tone.load", lambda engine: threads.append(engine.threads))
    monkeypatch.setattr("voxpress.executors.local.cores", lambda: 8)
    for order in ("say render say", "render say render"):
        worker._held.clear()
        threads.clear()
        for number, call in enumerate(order.split()):
            if call == "say":
                say(f"{order} {number}.", engine="tone", store=store)
            else:
                render([f"{order} {number}."], engine="tone", store=store, workers=0).run()
        assert threads == ([2, 1] if order.startswith("say") else [1, 2])
    plan = Planner(Speaker(engine="tone")).plan(Utterance(text="Hello."), filed=False)
    assert isinstance(plan, Plan) and plan.engine.threads == 1
    worker._held.clear()


def test_say_raises_what_went_wrong(store):
    """With the type that the library documents."""
    with pytest.raises(UnknownVoice):
        say("Hello.", engine="tone", voice="nobody", store=store)
    with pytest.raises(CheckFailed, match="silence"):
        say("Hello.", engine="tone", options={"fault": "silent"}, store=store)
    with pytest.raises(InputError):
        say("…", engine="tone", store=store)


def test_render_writes_files_and_then_nothing(store, out):
    """A second run finds everything up to date, a new folder is filled from the store."""
    texts = ("First prompt here.", "Second prompt here.")
    assert [r.status for r in rendered(rows(*texts), out, store)] == ["rendered", "rendered"]
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    again = rendered(rows(*texts), out, store)
    assert [r.status for r in again] == ["up to date", "up to date"]
    assert [round(r.clips[0].duration, 3) for r in again] == [
        round(codec.decode((out / f"row{i}.wav").read_bytes()).duration, 3) for i in (0, 1)
    ]
    assert before == {path: path.stat().st_mtime_ns for path in out.glob("*.wav")}
    elsewhere = rendered(rows(*texts), out.with_name("other"), store)
    assert [(r.status, r.spoken) for r in elsewhere] == [("from store", 0), ("from store", 0)]


def test_only_what_changed_is_spoken(store, out):
    """One edited sentence in a chapter costs one segment."""
    sentences = [f"This is sentence number {i} of a rather long chapter." for i in range(30)]
    (first,) = rendered(rows(" ".join(sentences)), out, store)
    assert first.spoken == first.segments == 30
    sentences[17] = "This one was edited by the author after all."
    sentences.insert(3, "And this one was put in between the others.")
    (second,) = rendered(rows(" ".join(sentences)), out, store)
    assert (second.status, second.segments, second.spoken) == ("rendered", 31, 2)


def test_the_same_sentence_is_spoken_once(store, out):
    """Four hundred rows that say the same cost one segment, also across files and workers."""
    results = rendered(rows(*["Press one."] * 400), out, store, workers=2)
    assert sum(result.spoken for result in results) == 1
    assert len({path.read_bytes() for path in out.glob("*.wav")}) == 1 and len(list(out.glob("*.wav"))) == 400


def test_another_format_costs_no_synthesis(store, out):
    """The takes are there already."""
    rendered(rows("Please hold the line."), out, store)
    (result,) = rendered(rows("Please hold the line."), out, store, format="mp3")
    assert (result.status, result.spoken) == ("rendered", 0)


def test_a_failed_row_costs_no_other(store, out):
    """It is named, has no file, and the others are there."""
    utterances = rows("One good row.", "Another good row.")
    utterances.insert(
        1, Utterance(id="bad", text="This one fails.", options={"fault": "raise"}, origin="m.csv:3")
    )
    results = rendered(utterances, out, store, workers=2)
    assert [r.status for r in results] == ["rendered", "failed", "rendered"]
    assert results[1].error_type == "SynthesisError" and "This one fails" in results[1].error
    assert not (out / "bad.wav").exists()


def test_a_failed_segment_fails_its_whole_row(store, out):
    """Never shorter audio with a success status; and its good segments are not lost."""
    text = " ".join(f"Sentence number {i} is spoken well enough." for i in range(8))
    options = {"fault": "silent", "fault_rate": 0.55}
    (first,) = rendered(rows(text, options=options), out, store, attempts=1)
    assert first.status == "failed" and not list(out.glob("*.wav"))
    attempts = itertools.count(2)
    while True:
        (result,) = rendered(rows(text, options=options), out, store, attempts=next(attempts))
        if result.status == "rendered":
            break
    assert result.spoken < result.segments == 8


def test_a_failing_take_is_spoken_again_with_another_seed(store, out):
    """And the result says so."""
    utterances = rows(
        *[f"Prompt number {i} of many." for i in range(12)], options={"fault": "nan", "fault_rate": 0.5}
    )
    results = rendered(utterances, out, store, attempts=20)
    assert {r.status for r in results} == {"rendered"}
    assert any("attempt" in note for r in results for note in r.notes)
    assert len([r for r in results if r.notes]) < 12


def test_bad_rows_are_results_too(store, out):
    """In a library render they fail, with their place, and cost nothing else."""
    results = rendered([*rows("Good."), Utterance(id="../x", text="Bad.", origin="m.csv:2")], out, store)
    assert [r.status for r in results] == ["rendered", "failed"]
    assert results[1].error.startswith("m.csv:2: ")


def test_one_row_makes_all_files_of_a_preset(store, out):
    """Each decodes to the same speech at its own rate."""
    (result,) = rendered(rows("Please hold the line."), out, store, files=load()["asterisk"].files)
    names = sorted(path.name for path in out.iterdir() if path.is_file())
    assert names == ["row0.alaw", "row0.g722", "row0.gsm", "row0.sln16", "row0.ulaw", "row0.wav"]
    durations = [clip.duration for clip in result.clips]
    assert max(durations) - min(durations) < 0.001


def test_pauses_lie_where_sentences_and_paragraphs_end(store):
    """Their length is the output's to say, and marks move along."""
    text = "One two three four five.\n\nSix seven eight nine ten."
    short, long = (
        say(text, engine="tone", store=store, output=Output(paragraph_pause=pause)) for pause in (0.5, 2.5)
    )
    assert long.duration - short.duration == pytest.approx(2.0, abs=0.01)
    starts = [next(mark.start for mark in clip.marks if mark.text == "Six") for clip in (short, long)]
    assert starts[1] - starts[0] == pytest.approx(2.0, abs=0.01)


def test_directions_need_no_engine_at_all(store, out):
    """A beep and a silence come out as they were asked for."""
    utterances = [
        Utterance(id="silence", text="(2 seconds of silence)", markup="directions"),
        Utterance(id="beep", text="[beep]", markup="directions"),
    ]
    silence, beep = rendered(utterances, out, store)
    assert silence.clips[0].duration == pytest.approx(2.0) and silence.segments == 0
    assert np.abs(codec.decode((out / "silence.wav").read_bytes()).samples).max() == 0
    assert np.abs(codec.decode((out / "beep.wav").read_bytes()).samples).max() > 0.05
    assert beep.spoken == 0


def test_limits_of_the_receiving_system(store, out):
    """A clip that is too long for it fails, and says what to do."""
    files = [("{id}.wav", Output(max_duration=1.0))]
    results = rendered(rows("Short.", "This one is much too long for that system."), out, store, files=files)
    assert [r.status for r in results] == ["rendered", "failed"]
    assert "shorten the text" in results[1].error and not (out / "row1.wav").exists()


def test_a_limit_holds_for_what_was_made_without_it(store, out):
    """A limit is in no key, so it is asked again of clips in the store and of files in their place."""
    (first,) = rendered(rows("This one is much too long for that system."), out, store)
    files = [("{id}.wav", Output(max_duration=1.0))]
    for folder in (out, out.with_name("other")):
        (second,) = rendered(rows("This one is much too long for that system."), folder, store, files=files)
        assert (first.status, second.status) == ("rendered", "failed")


def test_a_take_that_breaks_is_spoken_again(store, out):
    """Also when it breaks after it was looked up."""
    (first,) = rendered(rows("Please hold the line."), out, store)
    (take,) = (path for path in Path(store.folder, "takes").rglob("*") if path.is_file())
    take.write_bytes(take.read_bytes()[:-100])
    (second,) = rendered(rows("Please hold the line."), out, store, format="flac")
    assert (second.status, second.spoken) == ("rendered", 1)
    assert first.clips[0].duration == pytest.approx(second.clips[0].duration)


def test_any_executor_will_do(store, out):
    """Threads, for one; it is left running."""
    with ThreadPoolExecutor(2) as threads:
        results = rendered(rows("First prompt.", "Second prompt."), out, store, executor=threads)
        assert threads.submit(len, "ab").result() == 2
    assert {r.status for r in results} == {"rendered"}


def test_the_number_of_workers_changes_nothing(tmp_path):
    """Same bytes, in this process or in two others."""
    texts = [f"Prompt number {i}. It has two sentences, in any case." for i in range(10)]
    files = []
    for workers in (0, 2):
        folder = tmp_path / str(workers)
        rendered(rows(*texts), folder, Store(tmp_path / f"store{workers}"), workers=workers)
        files.append([path.read_bytes() for path in sorted(folder.glob("*.wav"))])
    assert files[0] == files[1] and len(files[0]) == 10


def test_results_come_while_rows_are_still_read(store, out):
    """Endless input is fine: the loop reads ahead by a window, not to the end."""
    read = 0

    def endless():
        nonlocal read
        for i in itertools.count():
            read += 1
            yield Utterance(id=str(i), text="Always the same words.")

    results = render(endless(), out, engine="tone", store=store, workers=0)
    for _ in range(10):
        next(results)
    results.close()
    assert read <= WINDOW + 1000


def test_rows_that_come_slowly_are_spoken_as_they_come(store, out):
    """A program that takes its time for each row finds the last one spoken when it has written the next."""

    def rows():
        for number in range(4):
            time.sleep(0.3)
            yield Utterance(id=str(number), text=f"Row {number}.")
            patience = time.monotonic() + 20
            while not (out / f"{number}.wav").exists():
                assert time.monotonic() < patience, f"row {number} waits for the next"
                time.sleep(0.01)

    assert [each.status for each in render(rows(), out, engine="tone", store=store, workers=1)] == [
        "rendered"
    ] * 4


def test_closing_the_iterator_stops_the_workers(store, out):
    """At once, though work is left."""
    results = render(rows(*[f"Prompt {i}." for i in range(2000)]), out, engine="tone", store=store, workers=2)
    next(results)
    results.close()
    assert len(list(out.glob("*.wav"))) < 2000


def test_another_thread_closes_the_iterator(store, out):
    """As a window's button does, while the render works in a thread."""
    results = render(rows(*[f"Prompt {i}." for i in range(2000)]), out, engine="tone", store=store, workers=1)
    with ThreadPoolExecutor(1) as pool:
        first = next(results)
        rest = pool.submit(list, results)
        results.close()
        assert first.status == "rendered" and len(rest.result(timeout=20)) < 1999
    assert list(results) == []


def test_forecast_says_what_render_then_does(store, out):
    """Without writing anything."""
    rendered(rows("Already there.", "Also there."), out, store)
    (out / "row1.wav").unlink()
    utterances = [
        *rows("Already there.", "Also there.", "New one here.", "New one here."),
        Utterance(id="", text="x"),
    ]
    plans = list(Planner(Speaker(engine="tone")).plan_all(utterances))
    before = sorted(str(path) for path in out.rglob("*"))
    rows_ = list(forecast(plans, store=store, folder=LocalFolder(out)))
    assert [row.status for row in rows_] == ["up to date", "from store", "rendered", "rendered", "failed"]
    assert [row.segments for row in rows_] == [0, 0, 1, 0, 0]
    assert rows_[2].characters == len("New one here.")
    assert before == sorted(str(path) for path in out.rglob("*"))


def test_output_files_that_are_cut_or_removed_are_put_right(store, out):
    """They are written again from the store; one that somebody changed is theirs and stays."""
    rendered(rows("One prompt.", "Two prompts."), out, store)
    good = (out / "row0.wav").read_bytes()
    (out / "row0.wav").write_bytes(good[:100])
    (out / "row1.wav").unlink()
    assert [r.status for r in rendered(rows("One prompt.", "Two prompts."), out, store)] == ["from store"] * 2
    assert (out / "row0.wav").read_bytes() == good and (out / "row1.wav").exists()


def test_the_public_names_are_there():
    """And importing the package imports nothing heavy."""
    for name in voxpress.__all__:
        assert getattr(voxpress, name) is not None
    with pytest.raises(AttributeError):
        voxpress.nothing  # noqa: B018 - the access is the test


def test_a_loudness_that_cannot_be_reached_is_said(tmp_path):
    """In the result of each row that has the clip, also when it comes from the store."""
    loud = [("{id}.wav", Output(loudness=-3.0, peak=-6.0))]
    rows = [Utterance(id=name, text="Please hold the line.") for name in ("first", "second")]
    for folder in ("one", "two"):
        for result in render(
            rows, tmp_path / folder, engine="tone", files=loud, store=tmp_path / "store", workers=0
        ):
            (note,) = result.notes
            assert re.fullmatch(
                r"-\d+\.\d LUFS in place of -3; the peak limit of -6 dBFS allows no more", note
            )
    (quiet,) = render(
        rows[:1], engine="tone", files=[("", Output(loudness=-30.0))], store="memory:", workers=0
    )
    assert quiet.notes == ()
