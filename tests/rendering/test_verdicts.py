"""Renders with a recogniser: what sounds wrong is spoken again, the best reading stays, and nothing is heard twice."""

from pathlib import Path

import pytest

from tests.beeps import TEXTS, Beeps, Fatal
from voxpress import Output, Utterance, render
from voxpress.engines.tone import Tone
from voxpress.errors import EngineNotInstalled, ModelUnavailable
from voxpress.quality.asr import Recogniser
from voxpress.store import Store
from voxpress.text.wer import passes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def recogniser():
    return Beeps()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def rendered(texts, folder, store, *, fault="none", rate=1.0, **more):
    """Results in order; what `tone` says goes wrong at that rate, as the seed decides."""
    options = {} if fault == "none" else {"fault": fault, "fault_rate": rate}
    rows = [Utterance(id=f"row{i}", text=text) for i, text in enumerate(texts)]
    results = render(rows, folder, engine="tone", store=store, workers=0, options=options, **more)
    return sorted(results, key=lambda result: result.number)


def said(folder, results):
    """What the files say."""
    from voxpress.audio import codec

    return [Beeps().hear(codec.decode(Path(folder, f"row{r.number}.wav").read_bytes())).text for r in results]


def test_what_is_good_is_heard_once(tmp_path, store, recogniser):
    """And the result says so, then and later."""
    first = rendered(TEXTS[:3], tmp_path / "out", store, verify=recogniser)
    assert [(r.status, r.verdict, r.wer, r.heard) for r in first] == [
        ("rendered", "good", 0.0, text) for text in TEXTS[:3]
    ]
    assert recogniser.count == 3
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.wav")}
    again = rendered(TEXTS[:3], tmp_path / "out", store, verify=recogniser)
    assert [(r.status, r.verdict, r.spoken) for r in again] == [("up to date", "good", 0)] * 3
    assert recogniser.count == 3
    assert written == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("*.wav")}
    elsewhere = rendered(TEXTS[:3], tmp_path / "other", store, verify=recogniser)
    assert [(r.status, r.verdict) for r in elsewhere] == [
        ("from store", "good")
    ] * 3 and recogniser.count == 3


def test_without_an_ear_there_is_no_verdict(tmp_path, store):
    """Nothing is heard, and nothing is kept of it."""
    (result,) = rendered(TEXTS[:1], tmp_path / "out", store)
    assert (result.verdict, result.wer, result.heard) == ("", None, "")
    assert not list((tmp_path / "store").glob("verdicts/*/*"))


@pytest.mark.parametrize("fault", ["wrong", "cut", "noise"])
def test_what_is_wrong_is_spoken_again(tmp_path, store, recogniser, fault):
    """Under the same key, until it is right: what the check of the samples alone lets pass."""
    texts = TEXTS[:12]
    plain = rendered(texts, tmp_path / "plain", store, fault=fault, rate=0.5)
    before = said(tmp_path / "plain", plain)
    bad = [i for i, text in enumerate(texts) if before[i] != text]
    assert 0 < len(bad) < len(texts)
    keys = {path.name for path in (tmp_path / "store").glob("takes/*/*")}
    healed = rendered(texts, tmp_path / "plain", store, fault=fault, rate=0.5, verify=recogniser, attempts=8)
    assert [r.verdict for r in healed] == ["good"] * len(texts)
    assert [r.status for r in healed] == ["rendered" if i in bad else "up to date" for i in range(len(texts))]
    assert [r.spoken for r in healed] == [int(i in bad) for i in range(len(texts))]
    assert said(tmp_path / "plain", healed) == texts
    assert {path.name for path in (tmp_path / "store").glob("takes/*/*")} == keys
    count = recogniser.count
    again = rendered(texts, tmp_path / "plain", store, fault=fault, rate=0.5, verify=recogniser, attempts=8)
    assert [r.status for r in again] == ["up to date"] * len(texts) and recogniser.count == count
    later = rendered(texts, tmp_path / "plain", store, fault=fault, rate=0.5)
    assert [r.status for r in later] == ["up to date"] * len(texts)


def test_clips_of_a_former_reading_are_made_anew(tmp_path, store, recogniser):
    """In other formats and folders too, as soon as they are rendered with the recogniser."""
    texts = TEXTS[:12]
    files = [("{id}.wav", Output()), ("{id}.flac", Output(format="flac"))]
    for folder in ("a", "b"):
        rendered(texts, tmp_path / folder, store, fault="wrong", rate=0.5, files=files)
    before = said(
        tmp_path / "b", rendered(texts, tmp_path / "b", store, fault="wrong", rate=0.5, files=files)
    )
    rendered(texts, tmp_path / "a", store, fault="wrong", rate=0.5, verify=recogniser, attempts=8)
    healed = rendered(
        texts, tmp_path / "b", store, fault="wrong", rate=0.5, verify=recogniser, attempts=8, files=files
    )
    assert said(tmp_path / "b", healed) == texts != before
    assert {len(r.clips) for r in healed} == {2}
    assert all(abs(r.clips[0].duration - r.clips[1].duration) < 1e-3 for r in healed)


def test_what_stays_wrong_is_kept_and_told(tmp_path, store, recogniser):
    """The row is rendered, with the best of all readings, and marked; more attempts go on from there."""
    (result,) = rendered(["red blue green yellow"], tmp_path / "out", store, fault="wrong", verify=recogniser)
    assert (result.status, result.verdict, result.wer) == ("rendered", "doubtful", 1.0)
    assert result.heard == "yellow green blue red" and result.differences
    assert recogniser.count == 3
    assert (
        rendered(["red blue green yellow"], tmp_path / "out", store, fault="wrong", verify=recogniser)[
            0
        ].verdict
        == "doubtful"
    )
    assert recogniser.count == 3
    rendered(["red blue green yellow"], tmp_path / "out", store, fault="wrong", verify=recogniser, attempts=5)
    assert recogniser.count == 5


def test_one_sentence_of_many_rows_is_heard_once(tmp_path, store, recogniser):
    """Every row that has it gets the verdict."""
    rows = [TEXTS[0], TEXTS[0], f"{TEXTS[1]}\n\n{TEXTS[0]}"]
    results = rendered(rows, tmp_path / "out", store, verify=recogniser)
    assert [r.verdict for r in results] == ["good"] * 3
    assert recogniser.count == 2
    assert results[2].heard == f"{TEXTS[1]} {TEXTS[0]}"


def test_another_ear_hears_for_itself(tmp_path, store, recogniser):
    """And so does the same one where the take is another by now, or broken."""
    rendered(TEXTS[:1], tmp_path / "out", store, verify=recogniser)
    other = Beeps("other")
    assert (
        rendered(TEXTS[:1], tmp_path / "out", store, verify=other)[0].verdict == "good" and other.count == 1
    )
    (take,) = (tmp_path / "store").glob("takes/*/*")
    take.write_bytes(take.read_bytes()[:-1])
    healed = rendered(TEXTS[:1], tmp_path / "out", store, verify=other)
    assert (healed[0].verdict, healed[0].spoken) == ("good", 0)  # what is not read is not missed
    take.unlink()
    healed = rendered(TEXTS[:1], tmp_path / "out", store, verify=other)
    assert (healed[0].verdict, healed[0].spoken, healed[0].status) == ("good", 1, "up to date")


def test_an_engine_that_has_nothing_to_say_is_not_loaded(tmp_path, store, recogniser, monkeypatch):
    """A folder is heard on a machine that could not have spoken it."""
    rendered(TEXTS[:2], tmp_path / "out", store)

    def fail(engine):
        raise ModelUnavailable("no weights")

    monkeypatch.setattr(Tone, "load", fail)
    monkeypatch.setattr("voxpress.rendering.worker._held", {})
    assert [r.verdict for r in rendered(TEXTS[:2], tmp_path / "out", store, verify=recogniser)] == [
        "good",
        "good",
    ]
    (bad,) = rendered(["blue go green red"], tmp_path / "out", store, verify=recogniser)
    assert (bad.status, bad.error) == ("failed", "row0: no weights")


def test_what_the_ear_cannot_hear_fails(tmp_path, store, recogniser):
    """That row, with the reason, and no other."""
    rows = [Utterance(id="a", text=TEXTS[0], language="x-y"), Utterance(id="b", text=TEXTS[1])]
    results = {
        r.utterance.id: r for r in render(rows, engine="tone", store=store, workers=0, verify=recogniser)
    }
    assert results["a"].status == "failed" and "no language 'x-y'" in results["a"].error
    assert results["b"].verdict == "good"


def test_an_ear_that_is_not_there_stops_all(store, monkeypatch):
    """Before anything is spoken."""
    monkeypatch.setattr("voxpress.quality.asr._PACKAGE", "no_such_package")
    with pytest.raises(EngineNotInstalled):
        next(
            render(
                [Utterance(id="a", text="Red.")],
                engine="tone",
                store=store,
                workers=0,
                verify=Recogniser(),
            )
        )
    assert not list(Path(store.folder or "").glob("takes/*/*"))


def test_the_store_looks_after_verdicts(tmp_path, store, recogniser):
    """They go with their takes, do not count as objects of their own, and broken ones are removed."""
    rendered(TEXTS[:2], tmp_path / "out", store, verify=recogniser)
    assert store.stats()["takes"].count == 2
    one, two = sorted((tmp_path / "store").glob("verdicts/*/*"))
    verdict = store.verdict(one.stem)
    assert verdict and passes(verdict.score) and verdict.recogniser == "beeps"
    one.write_bytes(one.read_bytes().replace(b'"beeps"', b'"peeps"'))
    assert store.verdict(one.stem) is None
    assert list(store.verify()) == [f"verdicts/{one.parent.name}/{one.name}"]
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            __import__("os").utime(path, (1, 1))
    store.prune(older_than=10)
    assert not two.exists() and store.stats()["takes"].count == 0


def test_of_several_readings_the_best_stays_whoever_began(tmp_path, store, recogniser):
    """A reading from before, two worse ones after it: the store keeps the first, and no rival is left behind."""
    text = TEXTS[0]
    plain = rendered([text], tmp_path / "out", store, fault="wrong", rate=1.0)
    before = said(tmp_path / "out", plain)
    takes = {path.name: path.read_bytes() for path in (tmp_path / "store").glob("takes/*/*")}
    (result,) = rendered([text], tmp_path / "out", store, fault="wrong", verify=recogniser, attempts=3)
    assert (result.verdict, result.spoken) == ("doubtful", 1)
    assert {path.name: path.read_bytes() for path in (tmp_path / "store").glob("takes/*/*")} == takes
    assert said(tmp_path / "out", [result]) == before
    assert recogniser.count == 3


def test_workers_that_listen_are_others_than_those_that_speak(tmp_path, monkeypatch):
    """Each stage has processes of its own, so that none holds an engine and a recogniser."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    rows = [Utterance(id=f"row{i}", text=text) for i, text in enumerate(TEXTS[:6])]
    done = render(
        rows,
        tmp_path / "out",
        engine="tone",
        options={"fault": "wrong", "fault_rate": 0.5},
        store=tmp_path / "store",
        workers=2,
        verify=Beeps(),
        attempts=8,
    )
    assert {result.verdict for result in done} == {"good"}


def test_a_listener_that_dies_costs_its_row_alone(tmp_path, monkeypatch):
    """It is tried once more, and then that row fails; the others are heard."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    rows = [Utterance(id="a", text=TEXTS[0]), Utterance(id="b", text=TEXTS[1], language="de")]
    done = render(
        rows,
        engine="tone",
        store=tmp_path / "store",
        workers=1,
        verify=Fatal(),
    )
    found = {result.utterance.id: result for result in done}
    assert found["a"].verdict == "good"
    assert found["b"].status == "failed" and found["b"].error_type == "WorkerLost"
