"""OuteTTS through its package, with a model of random weights that babbles for a second or two."""

import json
import shutil
from typing import Any

import numpy as np
import pytest

import voxpress
from tests.speechlike import speech
from voxpress.engines import outetts
from voxpress.engines.outetts import OuteTTS
from voxpress.errors import EngineError, LicenceNotAccepted, ModelUnavailable, SynthesisError
from voxpress.quality.asr import Heard
from voxpress.rendering import worker
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Mark, Segment, Speaker, Utterance, Voice
from voxpress.testing import EngineContract
from voxpress.voices import editing, latents, references

TEXTS = (
    "Your call is important to us.",
    "Please enter your account number.",
    "Goodbye for now.",
    "One moment, please.",
)
WORDS = "Some call me nature, others call me mother nature."
installed = pytest.mark.engines


def segment(text=TEXTS[0], **changes) -> Segment:
    return Segment(**{"text": text, "voice": "en-female-1-neutral", "language": "en", "seed": 1, **changes})


@pytest.fixture
def engine(tiny, home):
    return OuteTTS(str(tiny("outetts")), device="cpu")


@pytest.fixture
def speak(engine, pools):
    """Speaks segments in a worker."""

    def speak(*segments):
        return pools.speaking(engine).submit(worker.synthesize, engine, segments).result()

    return speak


@pytest.fixture
def planner(engine):
    def planner(**changes):
        return Planner(Speaker(**{"engine": "outetts", "model": engine.model, **changes}), device="cpu")

    return planner


@pytest.fixture
def render(engine, pools, tmp_path):
    """Renders texts into a store of the test's own; gives the results by text."""

    def render(texts, store="store", **changes):
        rows = [Utterance(text=text) for text in texts]
        asked = {"engine": "outetts", "model": engine.model, "device": "cpu", "attempts": 5, **changes}
        if "workers" not in changes:
            asked["executor"] = pools.speaking(engine)
        results = {r.utterance.text: r for r in voxpress.render(rows, store=tmp_path / store, **asked)}
        assert [results[text].error for text in texts] == [""] * len(texts)
        return results

    return render


class Recogniser:
    """Hears nine words, evenly, in whatever is played."""

    def hear(self, audio, language=""):
        words = WORDS.split()
        step = audio.duration / len(words)
        marks = tuple(
            Mark(kind="word", text=word, start=number * step, end=(number + 0.9) * step)
            for number, word in enumerate(words)
        )
        return Heard(text=WORDS, words=marks, language="en")


def add(name="carol", recogniser=None, transcript=None):
    return editing.add(
        name,
        speech(6.0),
        transcript=transcript,
        language="en",
        speaker="nobody",
        consent="none is needed",
        recogniser=recogniser,
    )


@pytest.fixture(autouse=True)
def voiceless(home):
    yield
    shutil.rmtree(references.default_folder(), ignore_errors=True)


@installed
class TestContract(EngineContract):
    speech = False

    @pytest.fixture(autouse=True)
    def _tiny(self, engine):
        self.model = engine.model

    @pytest.fixture(scope="class")
    @classmethod
    def pools(cls, pools):
        return pools

    def engine(self):
        return OuteTTS(self.model, device="cpu")


# Seeds and options


@installed
def test_the_same_takes_by_any_number_of_workers(render):
    """In any order."""
    by_one = render(TEXTS, "one", workers=1)
    by_two = render(TEXTS[::-1], "two", workers=2)
    assert {text: by_one[text].clips[0].sha256 for text in TEXTS} == {
        text: by_two[text].clips[0].sha256 for text in TEXTS
    }


@installed
def test_text_seed_and_options_are_heard(speak):
    """The random model is not deaf to any of them, else the tests here would show nothing."""
    changes: list[dict[str, Any]] = [
        {},
        {"text": "The harbour was quiet in the early morning."},
        {"seed": 3},
        {"options": {"temperature": 0.8}},
        {"options": {"top_k": 10}},
        {"options": {"top_p": 0.6}},
        {"options": {"min_p": 0.3}},
        {"options": {"repetition_penalty": 1.3}},
        {"options": {"precision": "bfloat16"}},
    ]
    spoken = [speak(segment(**change))[0].samples for change in changes]
    for number, samples in enumerate(spoken):
        for other in spoken[:number]:
            assert not np.array_equal(samples, other)


@installed
def test_a_precision_leaves_nothing_behind(speak):
    """Weights that were rounded for one segment are read again for the next."""
    (before,) = speak(segment())
    speak(segment(options={"precision": "bfloat16"}))
    (after,) = speak(segment())
    np.testing.assert_array_equal(before.samples, after.samples)


# Texts


@installed
def test_a_long_text_is_spoken_whole(planner, render):
    """Where it has no marks at all, too: cut between words, joined again, and nothing lost."""
    text = " ".join("w" + "a" * (number % 7) for number in range(60))
    plan = planner().plan(Utterance(text=text), filed=False)
    assert isinstance(plan, Plan)
    assert " ".join(plan.takes[key].segment.text for key in plan.recipe.spoken) == text
    assert len(plan.takes) > 1 and all(len(take.segment.text) <= 200 for take in plan.takes.values())
    sentences = " ".join(f"This is sentence number {word}." for word in ("one", "two", "three", "four"))
    result = render([sentences])[sentences]
    assert result.segments == result.spoken == 4


@installed
def test_speech_without_an_end_is_an_error(speak):
    """Never shorter audio: the model babbles on where its codes are all alike, until its allowance is used up."""
    with pytest.raises(SynthesisError, match=r"came to no end within \d{3,4} tokens of 'Hi\.'"):
        speak(segment("Hi.", seed=6, options={"top_k": 1}))


@installed
def test_a_text_that_leaves_no_room(speak):
    with pytest.raises(SynthesisError, match="are too long for outetts together"):
        speak(segment("word " * 2000))


# Voices


@installed
def test_a_cloned_voice(render, speak, engine):
    """Is encoded once, kept, and goes into the prompt word by word."""
    add(recogniser=Recogniser())
    voice = engine.voice("carol")
    assert engine.voices()[0].name == "en-female-1-neutral"
    result = render([TEXTS[0]], voice="carol")[TEXTS[0]]
    assert (result.voice, result.language, result.spoken) == ("carol", "en", 1)
    (kept,) = (latents.default_folder() / voice.reference).glob("*.npz")
    speaker = outetts._assemble_speaker(references.find("carol"), dict(np.load(kept)))
    assert speaker["text"] == WORDS
    assert [word["word"] for word in speaker["words"]] == WORDS.split()
    frames = [len(word["c1"]) for word in speaker["words"]]
    assert [len(word["c2"]) for word in speaker["words"]] == frames
    assert 430 <= sum(frames) <= 451
    assert all(word["duration"] == round(len(word["c1"]) / 75, 2) for word in speaker["words"])
    assert all(0 <= value <= 100 for word in speaker["words"] for value in word["features"].values())
    (own,) = speak(segment())
    (other,) = speak(segment(voice=voice.key))
    assert not np.array_equal(own.samples, other.samples)


@installed
def test_a_voice_without_timings(planner):
    """It is known before anything is spoken, and said what to do."""
    add(transcript=WORDS)
    plan = planner().plan(Utterance(text="Hello.", voice="carol"), filed=False)
    assert isinstance(plan, Bad)
    assert "'carol' does not say when its words are heard" in str(plan.error)
    assert "pip install 'voxpress[listen]'" in str(plan.error)


@installed
def test_another_voice_changes_no_fingerprint(engine):
    before = engine.fingerprint("en-female-1-neutral")
    add(recogniser=Recogniser())
    assert engine.fingerprint("en-female-1-neutral") == before
    assert engine.fingerprint(engine.voice("carol").key) != before


@installed
def test_a_voice_needs_the_room_that_is_counted_for_it(engine, pools):
    """The tokenizer never makes more of it than was counted without it."""
    add(recogniser=Recogniser())
    for name in ("en-female-1-neutral", "carol"):
        voice = engine.voice(name)
        code = (
            f"from voxpress.engines.outetts import OuteTTS; engine = OuteTTS({engine.model!r}, device='cpu');"
            f"tokens = engine._interface.prepare_prompt('Hi.', engine._find_speaker({voice.key!r})).shape[-1]"
        )
        call = f"(lambda names: exec({code!r}, names) or names['tokens'])({{}})"
        taken = pools.speaking(engine).submit(eval, call).result()
        assert taken - 10 <= engine._count_voice_tokens(voice.key) <= 1.1 * taken


# Models


@pytest.fixture
def folder(tmp_path):
    """What of a model can be looked at without PyTorch."""
    for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json", "dac.pth"):
        (tmp_path / name).touch()
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    return tmp_path


def test_the_larger_model_has_terms_and_more_languages(folder):
    """Which one it is, is known by its name or by its config.json."""
    for larger in (OuteTTS("outetts-1b"), OuteTTS(str(folder))):
        assert "CC-BY-NC-SA-4.0" in larger.terms() and "Llama 3.2 Community License" in larger.terms()
        assert {"ar", "uk"} < set(larger.speaks(Voice(name="any")))
    smaller = OuteTTS()
    assert smaller.terms() == ""
    assert set(smaller.speaks(Voice(name="any"))) < set(OuteTTS.languages)


@installed
def test_terms_come_first(folder, home, engine):
    with pytest.raises(LicenceNotAccepted, match=r"CC-BY-NC-SA-4\.0.*voxpress models accept outetts"):
        Planner(Speaker(engine="outetts", model=str(folder))).plan(Utterance(text="Hello."), filed=False)


@pytest.mark.parametrize("lost", ["model.safetensors", "dac.pth", "tokenizer.json"])
def test_a_folder_that_is_no_model(folder, lost):
    (folder / lost).unlink()
    with pytest.raises(ModelUnavailable, match=f"has no .*{lost.removeprefix('model')}"):
        OuteTTS(str(folder))._files  # noqa: B018 - that is the question


def test_a_model_that_does_not_say_what_it_is(folder):
    (folder / "config.json").write_text("[]")
    with pytest.raises(ModelUnavailable, match="does not say 'model_type'"):
        OuteTTS(str(folder)).terms()


# Before anything is spoken


@installed
@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"voice": "en-female-1"}, "is not a outetts voice; did you mean 'en-female-1-neutral'"),
        ({"language": "uk"}, "of engine 'outetts' does not speak 'uk' (languages: en, zh, nl,"),
        ({"language": "tlh"}, "does not speak 'tlh'"),
        ({"options": {"temprature": 1.0}}, "did you mean 'temperature'"),
        ({"options": {"top_k": 0}}, "option 'top_k' must lie between 1 and 1000, not 0"),
        ({"options": {"precision": "float16"}}, "a CPU does not compute in float16"),
        ({"speed": 0.1}, "speed 0.1 is out of range"),
    ],
)
def test_a_row_that_cannot_be_spoken(planner, row, problem):
    plan = planner().plan(Utterance(text="Hello.", **row), filed=False)
    assert isinstance(plan, Bad) and problem in str(plan.error)


@installed
def test_a_device_that_is_not_there(engine, pools):
    """Not another in its place."""
    elsewhere = OuteTTS(engine.model, device="cuda:7")
    with pytest.raises(EngineError, match="device 'cuda:7' is not there"):
        pools.speaking(engine).submit(worker.synthesize, elsewhere, [segment()]).result()
