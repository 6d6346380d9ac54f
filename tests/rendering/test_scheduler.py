"""The scheduler, driven by hand: whatever arrives in whatever order, everyone gets one result, and nothing is spoken
twice.
"""

from collections import Counter

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from voxpress.engines.tone import Tone
from voxpress.errors import ServiceRefused, SynthesisError, WorkerLost
from voxpress.rendering.assessment import Assessed
from voxpress.rendering.finishing import Finished
from voxpress.rendering.listening import Heard
from voxpress.rendering.plan import Assignment, Plan, Recipe, Target
from voxpress.rendering.scheduler import Arrived, Scheduler
from voxpress.rendering.tasks import Finish, Listen, Speak, Task
from voxpress.rendering.turns import FairTurns
from voxpress.rendering.worker import Take
from voxpress.speech import Clip, Output, Result, Segment, Utterance
from voxpress.store import Verdict
from voxpress.text.wer import score

KEYS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True)
LENGTHS = {key: 20 * (number + 1) for number, key in enumerate("abcdefgh")}
"""Characters of each segment: some are long."""


class Pool:
    """Something that works, and does nothing."""

    def __init__(self, workers, task_length=0.0):
        self.workers, self.task_length = workers, task_length


class Stages:
    def __init__(self):
        self.finishing, self.listening, self._speaking = Pool(1), Pool(1), Pool(2)

    def speaking(self, engine):
        return self._speaking


class Engine(Tone):
    max_batch = 3


ENGINE = Engine()


def plan_of(number, keys):
    takes = {
        key: Assignment(ENGINE, "tone", Segment(text=key * LENGTHS[key], voice="low", language="en"))
        for key in keys
    }
    recipe = Recipe(tuple(keys), (Target("", Output(), f"clip{number}"),), 8000)
    return Plan(
        number=number,
        utterance=Utterance(text=" ".join(keys)),
        engine=ENGINE,
        voice="low",
        language="en",
        recipe=recipe,
        takes=takes,
    )


def verdict_of(good, attempts=1):
    heard = "one two three" if good else "nine"
    return Verdict(
        take="0", recogniser="r", attempts=attempts, heard=heard, score=score("one two three", heard, "en")
    )


class Scheduling(RuleBasedStateMachine):
    """A driver without executors: it knows which takes are in the store, and answers tasks as it likes."""

    listens = False
    lasting = False

    running = Bundle("running")
    here = Bundle("here")

    def __init__(self):
        super().__init__()
        self.stages = Stages()
        turns = FairTurns() if self.lasting else None
        self.scheduler = Scheduler(self.stages, listens=self.listens, lasting=self.lasting, turns=turns)
        self.number = 0
        self.store: set[str] = set()
        self.good: set[str] = set()
        self.doubtful: set[str] = set()
        self.plans: dict[int, Plan] = {}
        self.results: Counter[int] = Counter()
        self.gone: set[int] = set()
        self.tasks: set[Task] = set()

    # What the driver does

    def take_in(self, news):
        for each in news:
            assert each.number not in self.gone, "news of an utterance that nobody waits for"
            assert not self.results[each.number], "news after the result"
            if isinstance(each, Result):
                self.results[each.number] += 1
                if isinstance(each.exception, ServiceRefused):
                    assert not set(self.plans[each.number].takes) <= self.store, "all its takes are there"
                if each.status == "rendered":
                    assert set(self.plans[each.number].takes) <= self.store
            else:
                assert isinstance(each, Arrived)
                assert each.take in self.store

    def waited_for(self, key):
        return any(
            key in plan.takes
            for number, plan in self.plans.items()
            if number not in self.gone and not self.results[number]
        )

    @rule(target=here, keys=KEYS, finished=st.booleans())
    def admit(self, keys, finished):
        self.number += 1
        plan = self.plans[self.number] = plan_of(self.number, keys)
        awaited = self.scheduler.awaited
        missing = tuple(key for key in keys if key not in self.store or key in awaited)
        unheard: tuple[str, ...] = ()
        doubtful: dict[str, Verdict] = {}
        if self.listens:
            lacking = [key for key in keys if key not in missing and key not in self.good]
            unheard = tuple(key for key in lacking if key not in self.doubtful)
            doubtful = {key: verdict_of(False) for key in lacking if key in self.doubtful}
            finished = False
        elif missing:
            finished = False
        found = Assessed(plan=plan, finished=finished, missing=missing, unheard=unheard, doubtful=doubtful)
        self.take_in(self.scheduler.admit(found))
        return self.number

    @rule(number=consumes(here))
    def withdraw(self, number):
        self.scheduler.withdraw(number)
        if not self.results[number]:
            self.gone.add(number)

    @rule(number=here)
    def hurry(self, number):
        self.scheduler.hurry(number)

    @rule(target=running, most=st.integers(1, 4))
    def start(self, most):
        started = []
        for task in self.scheduler.start():
            if isinstance(task, Speak):
                for key, _ in task.batch:
                    assert self.listens or key not in self.store, "spoken twice"
                    assert self.waited_for(key), "nobody waits for it"
                assert not {key for key, _ in task.batch} & self.at_work(), "two at once"
            elif isinstance(task, Finish):
                for plan in task.plans:
                    assert plan.number not in self.gone
            self.tasks.add(task)
            started.append(task)
            if len(started) == most:
                break
        return started

    def at_work(self):
        keys = {key for task in self.tasks if isinstance(task, Speak) for key, _ in task.batch}
        return keys | {task.reading.key for task in self.tasks if isinstance(task, Listen)}

    @rule(tasks=consumes(running), data=st.data())
    def arrive(self, tasks, data):
        for task in tasks:
            self.tasks.remove(task)
            match data.draw(st.sampled_from(["well", "well", "well", "badly", "lost", "failed"])):
                case "well":
                    self.done(task)
                case "badly":
                    self.done_badly(task, data)
                case "lost":
                    self.take_in(self.scheduler.lost(task, WorkerLost("killed")))
                case "failed":
                    self.take_in(self.scheduler.failed(task, SynthesisError("no")))

    def done(self, task):
        match task:
            case Speak():
                takes = [Take(key, task.attempts.start + 1, paid=1) for key, _ in task.batch]
                self.store.update(key for key, _ in task.batch)
                self.take_in(self.scheduler.spoke(task, takes, [self.made(plan) for plan in task.finish]))
            case Listen():
                self.good.add(task.reading.key)
                self.take_in(self.scheduler.heard(task, Heard(task.reading.key, verdict_of(True), True)))
            case Finish():
                self.take_in(self.scheduler.finished(task, [self.made(plan) for plan in task.plans]))

    def made(self, plan):
        missing = tuple(key for key in plan.takes if key not in self.store)
        if missing:
            return Finished(missing=missing)
        clip = Clip(key="", format="wav", sample_rate=8000, duration=1.0, size=1)
        return Finished(clips=(clip,), made=True, written=True)

    def done_badly(self, task, data):
        match task:
            case Speak():
                errors = data.draw(
                    st.lists(
                        st.sampled_from([None, SynthesisError("no"), ServiceRefused("no key")]),
                        min_size=len(task.batch),
                        max_size=len(task.batch),
                    )
                )
                takes = [
                    Take(key, task.attempts.start + 1, error)
                    for (key, _), error in zip(task.batch, errors, strict=True)
                ]
                self.store.update(take.key for take in takes if not take.error)
                failed = {take.key for take in takes if take.error}
                finished = [
                    Finished(error=SynthesisError("no")) if failed & set(plan.takes) else self.made(plan)
                    for plan in task.finish
                ]
                self.take_in(self.scheduler.spoke(task, takes, finished))
            case Listen():
                verdict = verdict_of(False, task.reading.attempts) if data.draw(st.booleans()) else None
                if verdict is None:
                    self.store.discard(task.reading.key)
                else:
                    self.doubtful.add(task.reading.key)
                self.take_in(
                    self.scheduler.heard(task, Heard(task.reading.key, verdict, verdict is not None))
                )
            case Finish():
                lost = data.draw(st.sampled_from(sorted(task.plans[0].takes)))
                if lost not in self.scheduler.awaited:
                    self.store.discard(lost)
                self.take_in(self.scheduler.finished(task, [self.made(plan) for plan in task.plans]))

    @precondition(lambda self: not self.tasks)
    @rule()
    def all_is_done_at_last(self):
        """From any state with nothing at work, good answers lead to the end."""
        for _ in range(1000):
            begun = list(self.scheduler.start())
            if not begun:
                break
            self.tasks.update(begun)
            for task in begun:
                self.tasks.remove(task)
                self.done(task)
        assert not self.scheduler.open, "somebody waits for ever"
        for number in self.plans:
            assert self.results[number] == (number not in self.gone)
        assert not self.scheduler.awaited

    # What holds at any time

    @invariant()
    def no_pool_has_more_than_it_can_do(self):
        each = 1 if self.lasting else 2
        for pool, count in Counter(task.pool for task in self.tasks).items():
            assert count <= each * pool.workers

    def teardown(self):
        for task in list(self.tasks):
            self.tasks.remove(task)
            self.done(task)
        self.all_is_done_at_last()


class Serving(Scheduling):
    lasting = True


class Listening(Scheduling):
    listens = True


REFUSED = ServiceRefused("no key")


def start_all(scheduler, *, more=False):
    return list(scheduler.start(more=more))


def refuse(scheduler):
    """Have the service refuse a row of its own."""
    list(scheduler.admit(Assessed(plan=plan_of(100, ["h"]), missing=("h",))))
    (task,) = start_all(scheduler)
    (result,) = scheduler.spoke(task, [Take("h", 1, REFUSED)], [])
    assert (result.status, str(result.exception)) == ("failed", "no key")


@pytest.mark.parametrize("good", [True, False])
def test_what_the_store_has_needs_no_service(good):
    """A row whose take is there is only heard; where it is doubtful, it is used as it is."""
    scheduler = Scheduler(Stages(), listens=True)
    refuse(scheduler)
    assert not list(scheduler.admit(Assessed(plan=plan_of(1, "a"), unheard=("a",))))
    (task,) = start_all(scheduler)
    assert isinstance(task, Listen)
    assert list(scheduler.heard(task, Heard("a", verdict_of(good), True))) == [Arrived(1, "a")]
    (task,) = start_all(scheduler)
    assert [plan.number for plan in task.plans] == [1]


def test_a_doubtful_take_stays_where_no_better_one_can_be_had():
    """Whether the service refused before, or refuses now; a row that also lacks a take fails, and gives one result."""
    scheduler = Scheduler(Stages(), listens=True)
    refuse(scheduler)
    doubtful = {"a": verdict_of(False)}
    assert list(scheduler.admit(Assessed(plan=plan_of(1, "a"), doubtful=doubtful))) == [Arrived(1, "a")]
    more = {"a": verdict_of(False), "b": verdict_of(False)}
    news = list(scheduler.admit(Assessed(plan=plan_of(2, "ab"), doubtful=more)))
    assert news == [Arrived(2, "a"), Arrived(2, "b")]
    (finish,) = start_all(scheduler)
    assert [plan.number for plan in finish.plans] == [1, 2]
    lacking = Assessed(plan=plan_of(3, "acb"), missing=("c",), doubtful=more)
    assert [each.number for each in scheduler.admit(lacking) if isinstance(each, Result)] == [3]


def test_a_service_that_refuses_another_attempt_is_asked_no_more():
    """The takes that wait for theirs stay as they are."""
    scheduler = Scheduler(Stages(), listens=True)
    for number, key in enumerate("abcdefg"):
        found = Assessed(plan=plan_of(number, key), doubtful={key: verdict_of(False)})
        assert not list(scheduler.admit(found))
    first, *others = start_all(scheduler)
    news = list(scheduler.spoke(first, [Take(key, 2, REFUSED) for key, _ in first.batch], []))
    at_work = {key for task in others for key, _ in task.batch}
    assert at_work
    assert {each.take for each in news if isinstance(each, Arrived)} == set("abcdefg") - at_work
    assert not any(isinstance(task, Speak) for task in start_all(scheduler))


@pytest.mark.parametrize(("workers", "most"), [(2, 4096), (64, 4096), (500, 32_000)])
def test_more_utterances_are_open_for_more_workers(workers, most):
    stages = Stages()
    stages._speaking = Pool(workers)
    scheduler = Scheduler(stages)
    taken = 0
    while scheduler.has_room and taken < 40_000:
        plan = plan_of(taken, "a")
        plan = msgspec.structs.replace(plan, takes={f"key{taken}": plan.takes["a"]})
        assert not list(scheduler.admit(Assessed(plan=plan, missing=(f"key{taken}",))))
        taken += 1
    assert taken == most + 1


class Slow(Tone):
    """One segment at a time."""

    max_batch = 1


def fill(scheduler, count, engine, length=100):
    """Have so many rows of one segment each wait."""
    for number in range(count):
        plan = plan_of(number, "a")
        take = plan.takes["a"]
        segment = msgspec.structs.replace(take.segment, text="a" * length)
        takes = {f"key{number}": Assignment(engine, "tone", segment)}
        recipe = Recipe((f"key{number}",), plan.recipe.targets, 8000)
        plan = msgspec.structs.replace(plan, engine=engine, takes=takes, recipe=recipe)
        assert not list(scheduler.admit(Assessed(plan=plan, missing=tuple(takes))))


def far_pool(workers, task_length=2.0):
    """One to which it takes a while to send a task."""
    stages = Stages()
    stages._speaking = Pool(workers, task_length)
    return stages


def answer(scheduler, task, seconds):
    """The segments of a task took so long together."""
    each = seconds / len(task.batch)
    done = [Finished(clips=(), written=True) for _ in task.finish]
    return list(scheduler.spoke(task, [Take(key, 1, seconds=each) for key, _ in task.batch], done))


@pytest.mark.parametrize(
    ("each", "wanted"),
    [(0.1, 8), (0.25, 8), (0.5, 4), (0.9, 2), (1.5, 1), (90.0, 1), (0.0, 8)],
)
def test_tasks_for_a_cluster_take_a_while_but_not_long(each, wanted):
    """Found out from what was spoken before: first one by one."""
    stages = far_pool(workers=2)
    scheduler = Scheduler(stages)
    fill(scheduler, 200, Slow())
    first = start_all(scheduler)
    assert [len(task.batch) for task in first] == [1] * 4
    for task in first:
        answer(scheduler, task, each)
    assert [len(task.batch) for task in start_all(scheduler)] == [wanted] * 4


def test_long_segments_are_fewer_in_a_task():
    """So that none takes much longer than the others; 200 characters a second were measured."""
    stages = far_pool(workers=2)
    scheduler = Scheduler(stages)
    fill(scheduler, 40, Slow(), length=50)
    for task in start_all(scheduler):
        answer(scheduler, task, 0.25 * len(task.batch))
    for number in range(100, 140):
        plan = plan_of(number, "h")
        takes = {f"long{number}": plan.takes["h"]}  # of 160 characters
        takes = {key: msgspec.structs.replace(take, engine=Slow()) for key, take in takes.items()}
        assert not list(
            scheduler.admit(Assessed(plan=msgspec.structs.replace(plan, takes=takes), missing=tuple(takes)))
        )
    sizes = [len(task.batch) for task in start_all(scheduler)]
    assert sizes == [2] * 4, "400 characters"


def test_an_engine_that_speaks_several_at_once_gets_as_many_whatever_they_take():
    scheduler = Scheduler(far_pool(workers=2))
    fill(scheduler, 60, ENGINE)
    for task in start_all(scheduler):
        assert len(task.batch) == 3
        answer(scheduler, task, 300)
    assert [len(task.batch) for task in start_all(scheduler)] == [3] * 4


def test_no_worker_waits_while_another_has_several():
    stages = far_pool(workers=4)
    scheduler = Scheduler(stages)
    fill(scheduler, 14, Slow())
    for task in start_all(scheduler):
        answer(scheduler, task, 0.01)
    assert [len(task.batch) for task in start_all(scheduler)] == [2, 1, 1, 1, 1]


@pytest.mark.parametrize("workers", [2, 5])
def test_what_comes_soon_is_waited_for_where_tasks_get_larger_by_it(workers):
    """For as many as all workers can have; where no more come, nothing is waited for."""
    scheduler = Scheduler(far_pool(workers))
    fill(scheduler, 4 * workers, Slow())
    for task in start_all(scheduler, more=True):
        answer(scheduler, task, 0.01)
    assert not start_all(scheduler, more=True)
    assert start_all(scheduler)


@pytest.mark.parametrize("speeds", [[1.0, 2.0, 1.5, 1.0], [0.5, 2.0, 0.75, 1.25, 0.5]])
def test_segments_of_other_speeds_are_tasks_of_their_own_the_longest_first(speeds):
    scheduler = Scheduler(Stages())
    for number, (key, speed) in enumerate(zip("abcdefgh", speeds, strict=False)):
        plan = plan_of(number, key)
        take = msgspec.structs.replace(
            plan.takes[key], segment=msgspec.structs.replace(plan.takes[key].segment, speed=speed)
        )
        assert not list(
            scheduler.admit(Assessed(plan=msgspec.structs.replace(plan, takes={key: take}), missing=(key,)))
        )
    found = [task.batch for task in start_all(scheduler)]
    assert all(len({segment.speed for _, segment in batch}) == 1 for batch in found)
    firsts = [len(batch[0][1].text) for batch in found]
    assert firsts == sorted(firsts, reverse=True)


SETTINGS = settings(max_examples=150, stateful_step_count=40)

TestRendering = Scheduling.TestCase
TestRendering.settings = SETTINGS
TestServing = Serving.TestCase
TestServing.settings = SETTINGS
TestListening = Listening.TestCase
TestListening.settings = SETTINGS
