"""Batches: neighbours in length, no worker idle, and nobody's neighbours matter."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

from voxpress import Speaker, Utterance
from voxpress.engines.tone import Tone
from voxpress.errors import SynthesisError
from voxpress.rendering.library import run
from voxpress.rendering.plan import Plan
from voxpress.rendering.planner import Planner
from voxpress.store import Store


class Batching(Tone):
    """Takes four at once, and remembers what it was given together."""

    max_batch = 4
    batches: ClassVar[list[list[str]]] = []

    def synthesize(self, batch):
        type(self).batches.append([segment.text for segment in batch])
        if any("unspeakable" in segment.text for segment in batch):
            raise SynthesisError("one of these cannot be spoken")
        return super().synthesize(batch)


class Pair(Batching):
    """The same engine, with smaller batches."""

    max_batch = 2


class Single(Batching):
    """The same engine, without batches."""

    max_batch = 1


class Honest(Batching):
    """Says which segment of a batch it could not speak: any with a seven that is not alone."""

    def synthesize(self, batch):
        spoken = super().synthesize(batch)
        return [
            SynthesisError("no end was found") if "seven" in segment.text and len(batch) > 1 else audio
            for segment, audio in zip(batch, spoken, strict=True)
        ]


class Threads(ThreadPoolExecutor):
    """An executor that says how many workers it has."""

    def __init__(self, workers):
        super().__init__(workers)
        self.workers = workers


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def rows(*texts, **more):
    return [Utterance(text=text, **more) for text in texts]


def with_engine(plan, engine):
    """The same plan, spoken by an engine object."""
    takes = {key: msgspec.structs.replace(take, engine=engine) for key, take in plan.takes.items()}
    return msgspec.structs.replace(plan, engine=engine, takes=takes)


def spoken_by(engine, utterances, store, **more):
    """Results of a render by an engine object, in the order of the rows; `engine.batches` is what it was given."""
    engine.batches.clear()
    plans = Planner(Speaker(engine="tone")).plan_all(utterances, filed=False)
    own = [with_engine(plan, engine) for plan in plans if isinstance(plan, Plan)]
    assert len(own) == len(utterances)
    results = run([*own], store=store, folder=None, **{"workers": 0, **more})
    return sorted((result for result in results if result.number >= 0), key=lambda result: result.number)


DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def numbered(count):
    """Prompts of all lengths, no two alike, that engines get as they are."""
    names = [" ".join(DIGITS[int(digit)] for digit in str(i)) for i in range(count)]
    return [f"Prompt {name} has {'several ' * (i % 11)}words." for i, name in enumerate(names)]


def test_a_batch_holds_neighbours_in_length(store):
    """So that little is padded; voices, languages and speeds never meet in one."""
    texts = numbered(48)
    mixed = [Utterance(text=text, voice=("low", "high")[i % 2]) for i, text in enumerate(texts)]
    spoken_by(Batching(), mixed, store)
    assert {len(batch) for batch in Batching.batches} == {4}
    by_length = sorted(texts, key=len, reverse=True)
    for batch in Batching.batches:
        assert len({texts.index(text) % 2 for text in batch}) == 1
        places = [by_length.index(text) for text in batch]
        assert max(places) - min(places) < 16


def test_one_bad_segment_of_a_batch_fails_alone(store):
    """The batch is spoken again one by one."""
    texts = numbered(7)
    texts[3] = "This one is unspeakable."
    results = spoken_by(Batching(), rows(*texts), store, attempts=1)
    assert [result.status for result in results] == [
        "failed" if i == 3 else "rendered" for i in range(len(texts))
    ]


def test_an_error_in_the_place_of_a_take_spares_its_neighbours(store):
    """They are not spoken again; that one is, with another seed, as often as is allowed."""
    texts = numbered(8)
    results = spoken_by(Honest(), rows(*texts, seed=1), store, attempts=1)
    assert [result.error for result in results] == [""] * 7 + ["no end was found"]
    assert sorted(map(len, Honest.batches)) == [4, 4]
    results = spoken_by(Honest(), rows(*texts), store)
    assert [result.status for result in results] == ["rendered"] * 8
    assert sorted(map(len, Honest.batches)) == [1, 4, 4]
    assert [bool(result.notes) for result in results] == [False] * 7 + [True]


def test_company_changes_no_take(tmp_path):
    """Same rows and seeds, same bytes: whatever the batches, the order of the rows and the number of workers."""
    texts = numbered(12)
    takes = []
    for engine, workers in ((Single(), 1), (Batching(), 1), (Pair(), 3), (Batching(), 2)):
        random.Random(workers).shuffle(texts)
        store = Store(tmp_path / f"{engine.max_batch} {workers}")
        with Threads(workers) as threads:
            spoken_by(engine, [*rows(*texts), *rows(*texts, seed=1)], store, executor=threads)
        assert store.folder
        found = (path for path in Path(store.folder, "takes").rglob("*") if path.is_file())
        takes.append({path.name: path.read_bytes() for path in found})
    assert len(takes[0]) == 24
    assert all(others == takes[0] for others in takes[1:])


@pytest.mark.parametrize(("segments", "workers", "largest"), [(3, 4, 1), (4, 2, 2), (12, 2, 4), (3, 1, 3)])
def test_few_segments_are_shared_among_the_workers(store, segments, workers, largest):
    """No worker gets a whole batch while another has nothing to do."""
    with Threads(workers) as threads:
        spoken_by(Batching(), rows(*numbered(segments)), store, executor=threads)
    assert max(map(len, Batching.batches)) == largest
    assert sum(map(len, Batching.batches)) == segments
