"""F5-TTS through its package, with a model of random weights."""

import shutil
from typing import Any

import numpy as np
import pytest

import voxpress
from voxpress.audio import waveform
from voxpress.engines import f5
from voxpress.engines.f5 import F5
from voxpress.errors import (
    EngineError,
    LicenceNotAccepted,
    ModelUnavailable,
    SynthesisError,
    UnsupportedOption,
)
from voxpress.models import catalogue
from voxpress.rendering import worker
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Segment, Speaker, Utterance
from voxpress.testing import EngineContract
from voxpress.voices import editing, references

TEXTS = (
    "Your call is important to us.",
    "Please enter your account number, followed by the pound key, and then wait for the tone.",
    "Hi.",
    "Goodbye for now.",
)
FAST = {"steps": 4}
installed = pytest.mark.engines


def segment(text, **changes) -> Segment:
    return Segment(
        **{"text": text, "voice": "basic_en", "language": "en", "seed": 1, "options": FAST, **changes}
    )


@pytest.fixture
def speak(tiny, pools):
    """Speaks segments in one batch, in a worker."""
    engine = F5(str(tiny("f5")), device="cpu")

    def speak(*segments):
        return pools.speaking(engine).submit(worker.synthesize, engine, segments).result()

    return speak


@pytest.fixture
def planner(tiny, home):
    """Plans with the tiny model; its terms are accepted."""
    catalogue.accept(F5().terms())

    def planner(**changes):
        return Planner(Speaker(**{"engine": "f5", "model": str(tiny("f5")), **changes}), device="cpu")

    return planner


@pytest.fixture
def render(tiny, pools, home, tmp_path):
    """Renders texts with the tiny model into a store of the test's own; gives the results by text."""
    catalogue.accept(F5().terms())
    engine = F5(str(tiny("f5")), device="cpu")

    def render(texts, store="store", **changes):
        rows = [Utterance(text=text) for text in texts]
        asked = {"engine": "f5", "model": engine.model, "device": "cpu", "options": FAST, **changes}
        if "workers" not in changes:
            asked["executor"] = pools.speaking(engine)
        results = {r.utterance.text: r for r in voxpress.render(rows, store=tmp_path / store, **asked)}
        assert [results[text].error for text in texts] == [""] * len(texts)
        return results

    return render


@pytest.fixture
def sample(tiny, home):
    """Five seconds of speech, and its words."""
    tiny("f5")
    yield f5._read_reference("basic_en")[0], "Some call me nature, others call me mother nature."
    shutil.rmtree(references.default_folder(), ignore_errors=True)


def add(name, sample, transcript, language="en"):
    return editing.add(
        name,
        sample,
        transcript=transcript,
        language=language,
        speaker="one of the package's",
        consent="that it is used as an example",
    )


@installed
class TestContract(EngineContract):
    @pytest.fixture(autouse=True)
    def _tiny(self, tiny):
        self.model = str(tiny("f5"))

    @pytest.fixture(scope="class")
    @classmethod
    def pools(cls, pools):
        return pools

    def engine(self):
        return F5(self.model, device="cpu")


# Batches and seeds


@installed
def test_a_batch_is_what_its_segments_are_alone(speak):
    """Each has noise of its own, and hears nothing of its neighbours: neither how long they are nor what they say."""
    segments = [segment(text, seed=7**number) for number, text in enumerate(TEXTS)]
    together = speak(*segments)
    backwards = speak(*segments[::-1])[::-1]
    for one, first, second in zip(segments, together, backwards, strict=True):
        (alone,) = speak(one)
        assert len(alone.samples) == len(first.samples) == len(second.samples)
        assert np.abs(alone.samples).max() > 0.01
        np.testing.assert_allclose(first.samples, alone.samples, atol=1e-5)
        np.testing.assert_allclose(second.samples, alone.samples, atol=1e-5)


@installed
def test_text_seed_voice_and_options_are_heard(speak):
    """The random model is not deaf to any of them, else the tests here would show nothing."""
    changes: list[dict[str, Any]] = [
        {},
        {"seed": 2},
        {"voice": "basic_zh"},
        {"options": {"steps": 5}},
        {"options": {**FAST, "cfg_strength": 0.0}},
        {"options": {**FAST, "sway": 0.5}},
        {"options": {**FAST, "precision": "bfloat16"}},
    ]
    spoken = [speak(segment(TEXTS[0], **change))[0].samples for change in changes]
    spoken += [speak(segment("Your call is important to me."))[0].samples]
    spectra = [np.abs(np.fft.rfft(samples, 65536)) for samples in spoken]
    for number, spectrum in enumerate(spectra):
        for other in spectra[:number]:
            assert np.abs(spectrum - other).max() > 1e-3


@installed
def test_the_same_takes_by_any_number_of_workers(render):
    """In any order."""
    by_one = render(TEXTS, "one", workers=1)
    by_two = render(TEXTS[::-1], "two", workers=2)
    assert {text: by_one[text].clips[0].sha256 for text in TEXTS} == {
        text: by_two[text].clips[0].sha256 for text in TEXTS
    }


# Texts


@installed
def test_a_long_text_is_spoken_whole(render, planner):
    """Where it has no marks at all, too: cut between words, joined again, and nothing lost."""
    text = " ".join("word" + "a" * (number % 5) for number in range(120))
    plan = planner().plan(Utterance(text=text), filed=False)
    assert isinstance(plan, Plan)
    assert " ".join(plan.takes[key].segment.text for key in plan.recipe.spoken) == text
    result = render([text])[text]
    assert result.segments == result.spoken == len(plan.takes) > 4
    assert all(len(take.segment.text) <= 182 for take in plan.takes.values())
    assert result.clips[0].duration > 60


@installed
def test_symbols_that_it_does_not_know_are_named(speak):
    """The package would say them as spaces; two that it reads like others are spoken."""
    with pytest.raises(SynthesisError, match="f5 knows no '☃', '♥', which 'We ☃ ♥ snow' or"):
        speak(segment("We ☃ ♥ snow"))
    (audio,) = speak(segment("你好：世界", language="zh"))
    assert audio.duration > 0.5


@installed
def test_a_text_that_is_too_long_for_the_model(speak):
    """In place of a crash within it."""
    with pytest.raises(SynthesisError, match=r"would be \d+ s long, and f5 takes 82 s at once"):
        speak(segment("word " * 200))


# Voices


@installed
def test_a_cloned_voice(render, sample):
    """Speaks, in its own language, and is what it is cloned from: called otherwise, nothing is spoken again."""
    speech, words = sample
    add("carol", speech, words, "zh-CN")
    first = render(["Hello there."], voice="carol")["Hello there."]
    assert (first.voice, first.language, first.spoken) == ("carol", "zh-CN", 1)
    editing.rename("carol", "caroline")
    again = render(["Hello there."], voice="caroline")["Hello there."]
    assert (again.status, again.spoken) == ("from store", 0)


@installed
def test_another_voice_changes_no_fingerprint(sample, tiny):
    engine = F5(str(tiny("f5")))
    before = engine.fingerprint("basic_en")
    add("carol", sample[0], "Some call me nature, others mother.")
    assert F5(str(tiny("f5"))).fingerprint("basic_en") == before
    assert engine.fingerprint(engine.voice("carol").key) != before
    assert [voice.name for voice in engine.voices()] == ["basic_en", "basic_zh", "carol"]


@installed
def test_a_sample_as_the_model_takes_it(sample, tiny):
    """Not too soft, in whole frames, with its words as they are read."""
    add("carol", *sample)
    engine = F5(str(tiny("f5")))
    prompt = engine._find_prompt(engine.voice("carol").key)
    assert 0.098 < np.sqrt(np.mean(prompt.samples**2)) < 0.2
    assert len(prompt.samples) == prompt.frames * 256
    assert prompt.text == "Some call me nature others call me mother nature. "


@installed
def test_the_longer_the_sample_the_shorter_a_segment(sample, tiny):
    """Together they stay below 25 s."""
    speech, words = sample
    add("short", speech, words)
    add("long", waveform.join([speech, speech]), f"{words} {words}")
    engine = F5(str(tiny("f5")))
    short, long = (engine.longest(engine.voice(name), "en") for name in ("short", "long"))
    assert 170 < short < 200 and 125 < long < 150
    assert engine.longest(engine.voice("short"), "zh-CN") == short // 3


# Before anything is spoken


@installed
@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"voice": "basic_de"}, "'basic_de' is not a f5 voice; did you mean 'basic_"),
        ({"language": "de"}, "engine 'f5' does not speak 'de' (languages: en, zh)"),
        ({"options": {"seeds": 1}}, "engine 'f5' has no option 'seeds'"),
        ({"options": {"steps": 1000}}, "option 'steps' must lie between 4 and 64, not 1000"),
        ({"options": {"precision": "int8"}}, "option 'precision' must be one of float32, float16, bfloat16"),
        ({"options": {"precision": "float16"}}, "a CPU does not compute in float16"),
        ({"speed": 4.5}, "speed 4.5 is out of range: voxpress speaks at 0.25 to 4"),
    ],
)
def test_a_row_that_cannot_be_spoken(planner, row, problem):
    plan = planner().plan(Utterance(text="Hello.", **row), filed=False)
    assert isinstance(plan, Bad) and problem in str(plan.error)


@installed
def test_terms_come_first(tiny, new_user):
    with pytest.raises(LicenceNotAccepted, match=r"under CC-BY-NC-4\.0.*voxpress models accept f5"):
        Planner(Speaker(engine="f5", model=str(tiny("f5")))).plan(Utterance(text="Hello."), filed=False)


@installed
def test_a_folder_that_is_no_model(planner, tmp_path):
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(
        ModelUnavailable, match=r"it has no vocab\.txt, vocos/config\.yaml, vocos/pytorch_model"
    ):
        planner(model=str(tmp_path)).plan(Utterance(text="Hello."), filed=False)


def test_a_device_that_does_not_exist():
    with pytest.raises(UnsupportedOption, match="no device 'gpu'"):
        F5(device="gpu")


@installed
def test_a_device_that_is_not_there(tiny, pools):
    """Not another in its place."""
    engine = F5(str(tiny("f5")), device="cuda:7")
    with pytest.raises(EngineError, match="device 'cuda:7' is not there"):
        pools.speaking(engine).submit(worker.synthesize, engine, [segment("Hello.")]).result()
