"""XTTS v2 through coqui-tts, with a model of random weights."""

import hashlib
import json
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voxpress
from voxpress.audio import codec
from voxpress.engines.xtts import Xtts
from voxpress.errors import (
    EngineError,
    EngineNotInstalled,
    LicenceNotAccepted,
    ModelUnavailable,
    SynthesisError,
    UnknownVoice,
    UnsupportedOption,
)
from voxpress.models import catalogue, environments
from voxpress.rendering import worker
from voxpress.rendering.plan import Bad, Plan
from voxpress.rendering.planner import Planner
from voxpress.speech import Segment, Speaker, Utterance
from voxpress.testing import EngineContract
from voxpress.voices import editing, latents, references

TEXTS = ("Your call is important to us.", "One moment, please.", "Goodbye for now.")
installed = pytest.mark.engines


def segment(text=TEXTS[0], **changes) -> Segment:
    return Segment(**{"text": text, "voice": "Ada Ash", "language": "en", "seed": 1, **changes})


def folder(place: Path) -> Path:
    """What of a model can be looked at without PyTorch."""
    place.mkdir()
    for file in ("config.json", "model.pth", "vocab.json"):
        (place / file).write_text("{}")
    return place


def speakers(place: Path, content: object) -> None:
    """A speakers_xtts.pth as PyTorch would write it."""
    with zipfile.ZipFile(place / "speakers_xtts.pth", "w") as archive:
        archive.writestr("speakers_xtts/data.pkl", pickle.dumps(content, protocol=2))


@pytest.fixture
def engine(tiny, home):
    return Xtts(str(tiny("xtts")), device="cpu")


@pytest.fixture
def speak(engine, pools):
    """Speaks segments in a worker."""

    def speak(*segments):
        return pools.speaking(engine).submit(worker.synthesize, engine, segments).result()

    return speak


@pytest.fixture
def plan(engine):
    """Plans a row with the tiny model, whose terms are accepted."""
    catalogue.accept(engine.terms())

    def plan(text="Hello there.", **row):
        planner = Planner(Speaker(engine="xtts", model=engine.model), device="cpu")
        return planner.plan(Utterance(text=text, **row), filed=False)

    return plan


@pytest.fixture
def anna(tiny, home):
    """A cloned voice."""
    tiny("xtts")
    (package,) = (Path(place, "f5_tts") for place in environments.packages("torch"))
    recording = codec.decode((package / "infer/examples/basic/basic_ref_en.wav").read_bytes())
    words = "Some call me nature, others call me mother nature."
    yield editing.add("anna", recording, transcript=words, language="en", speaker="Anna", consent="for tests")
    shutil.rmtree(references.default_folder())


@installed
class TestContract(EngineContract):
    speech = False

    @pytest.fixture(autouse=True)
    def _tiny(self, tiny):
        self.model = str(tiny("xtts"))

    @pytest.fixture(scope="class")
    @classmethod
    def pools(cls, pools):
        return pools

    def engine(self):
        return Xtts(self.model, device="cpu")


@installed
def test_text_seed_voice_and_options_are_heard(speak):
    """The random model is not deaf to any of them, else the tests here would show nothing."""
    changes: list[dict[str, Any]] = [
        {},
        {"text": "Goodbye for now."},
        {"language": "de"},
        {"seed": 2},
        {"voice": "Ben Birch"},
        {"options": {"temperature": 1.4}},
        {"options": {"top_k": 2}},
        {"options": {"top_p": 0.1}},
        {"options": {"repetition_penalty": 1.0}},
        {"options": {"precision": "bfloat16"}},
    ]
    spoken = [speak(segment(**change))[0].samples.tobytes() for change in changes]
    alike = [(i, j) for i, one in enumerate(spoken) for j, other in enumerate(spoken[:i]) if one == other]
    assert alike == []
    assert speak(segment())[0].samples.tobytes() == spoken[0]  # in whole numbers again, after bfloat16


@installed
def test_workers_and_order_change_no_take(engine, home, tmp_path):
    """Nor do two workers that load the weights at once. The published file, which coqui-tts would rewrite, stays."""
    catalogue.accept(engine.terms())
    weights = Path(engine.model, "model.pth")
    before = (weights.stat().st_mtime_ns, hashlib.sha256(weights.read_bytes()).hexdigest())
    rows = [Utterance(id=str(number), text=text) for number, text in enumerate(TEXTS)]

    def takes(rows, name, workers):
        options = {"model": engine.model, "device": "cpu", "store": tmp_path / name, "workers": workers}
        results = list(voxpress.render(rows, engine="xtts", **options))
        assert [result.error for result in results] == [""] * len(rows)
        return {result.utterance.id: result.clips[0].sha256 for result in results}

    first = takes(rows, "one", 2)
    assert takes(rows[:0:-1], "two", 1) == {id: sha256 for id, sha256 in first.items() if id != "0"}
    assert (weights.stat().st_mtime_ns, hashlib.sha256(weights.read_bytes()).hexdigest()) == before


# Voices


@installed
def test_studio_voices(engine):
    """Listed without PyTorch, in the order of the file; each is its own content."""
    assert [voice.name for voice in engine.voices()] == ["Ada Ash", "Ben Birch"]
    prints = {engine.fingerprint(name) for name in ("Ada Ash", "Ben Birch")}
    assert len(prints) == 2
    assert prints == {Xtts(engine.model).fingerprint(name) for name in ("Ada Ash", "Ben Birch")}


@installed
def test_a_cloned_voice(engine, speak, pools, anna, plan):
    """Speaks every language, is listened to once, and stays the same under another name."""
    voice = engine.voice("anna")
    assert voice.key == f"reference:{anna.digest}"
    planned = plan(voice="anna", language="fr")
    assert isinstance(planned, Plan)
    usual = engine.fingerprint(voice.key)
    assert {take.fingerprint for take in planned.takes.values()} == {usual}
    (first,) = speak(segment(voice=voice.key))
    assert first.samples.tobytes() != speak(segment())[0].samples.tobytes()
    (kept,) = latents.default_folder().rglob("*.npz")
    with np.load(kept) as arrays:
        assert {name: array.shape for name, array in arrays.items()} == {
            "gpt_cond_latent": (1, 32, 64),
            "speaker_embedding": (1, 512, 1),
        }
    (references.default_folder() / "anna" / references.file_of(anna.digest)).unlink()
    editing.rename("anna", "hannah")
    assert engine.fingerprint(engine.voice("hannah").key) == usual
    call = pools.speaking(engine).submit(worker.synthesize, engine, [segment(voice=voice.key)], fresh=True)
    np.testing.assert_array_equal(call.result()[0].samples, first.samples)


@installed
def test_a_model_without_studio_voices(tiny, home, tmp_path, anna):
    """The cloned ones are all that there is; without any, the message says how one gets one."""
    place = shutil.copytree(tiny("xtts"), tmp_path / "model")
    usual = Xtts(str(place)).fingerprint(anna_key := f"reference:{anna.digest}")
    Path(place, "speakers_xtts.pth").unlink()
    engine = Xtts(str(place))
    assert engine.voice(None).name == "anna"
    assert engine.fingerprint(anna_key) == usual
    editing.remove("anna")
    with pytest.raises(UnknownVoice, match="run  voxpress voices add NAME --reference FILE"):
        engine.voice(None)


def test_a_file_of_voices_runs_nothing(tmp_path):
    """It is a pickle, and one that would do anything but give names and numbers is refused."""
    place = folder(tmp_path / "model")
    mark = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return mark.touch, ()

    speakers(place, {"Ada": Evil()})
    with pytest.raises(ModelUnavailable, match=r"cannot read the voices in .*: UnpicklingError: it holds a"):
        Xtts(str(place)).voices()
    assert not mark.exists()


@pytest.mark.parametrize("content", [["Ada"], 7, None])
def test_files_that_hold_no_voices(tmp_path, content):
    place = folder(tmp_path / "model")
    speakers(place, content)
    with pytest.raises(ModelUnavailable, match="cannot read the voices in"):
        Xtts(str(place)).voices()
    (place / "speakers_xtts.pth").write_bytes(b"nothing")
    with pytest.raises(ModelUnavailable, match="cannot read the voices in"):
        Xtts(str(place)).voices()


# Texts


@installed
def test_text_is_made_ready(plan):
    """Quotation marks, which it reads as words, are gone, and the result says so."""
    planned = plan('He asked: "Really?" And left.')
    assert [take.segment.text for take in planned.takes.values()] == ["He asked: Really? And left."]
    assert planned.notes == ("2 × '\"' removed: the engine misreads it",)


@installed
def test_each_language_has_its_length(plan):
    """Longer texts are split before, and nothing is lost."""
    german = plan("Bitte warten Sie einen Augenblick, " * 20, language="de-AT")
    chinese = plan("请稍等片刻。" * 40, language="zh-CN")
    for planned, most in ((german, 253), (chinese, 82)):
        lengths = [len(take.segment.text) for take in planned.takes.values()]
        assert most // 3 < max(lengths) <= most
    korean = plan("잠시만 기다려 주세요.", language="ko")
    assert isinstance(korean, Plan)


@installed
@pytest.mark.parametrize("language", ["zh-CN", "ko", "ar", "hi", "ru", "tr"])
def test_other_scripts(speak, language):
    """Their letters are rewritten by what the environment has; nothing is fetched."""
    texts = {
        "zh-CN": "你好，世界。",
        "ko": "안녕하세요",
        "ar": "مرحبا",
        "hi": "नमस्ते",
        "ru": "Привет",
        "tr": "Merhaba",
    }
    (audio,) = speak(segment(texts[language], language=language))
    assert audio.duration > 0.3


@installed
def test_text_that_is_too_long_is_never_cut(speak):
    with pytest.raises(
        SynthesisError, match=r"takes 401 tokens of text at once, not the \d{3,4} of 'so it goes"
    ):
        speak(segment("so it goes " * 60))


@installed
def test_speech_without_an_end_is_no_take(engine, pools):
    """Where the model goes on for longer than the text can take."""
    code = f"""
from voxpress.engines.xtts import Xtts
xtts = Xtts({engine.model!r}, device="cpu")
xtts.load()
xtts._load_in("float32").model.gpt.mel_head.bias.data[1025] = -100
result = []
for segment in given:
    try:
        xtts.synthesize([segment])
    except Exception as error:
        result.append(error)
"""
    call = f"(lambda names: exec({code!r}, names) or names['result'])(given)"
    given = [segment("Hi.")]
    errors = pools.speaking(engine).submit(eval, call, {"given": {"given": given}}).result()
    assert [str(error) for error in errors] == ["xtts found no end of 'Hi.' in 3.3 s"]
    assert all(isinstance(error, SynthesisError) for error in errors)


# What goes wrong


@installed
def test_terms_come_first(engine, new_user):
    with pytest.raises(
        LicenceNotAccepted, match=r"Coqui Public Model License .* voxpress models accept xtts"
    ):
        Planner(Speaker(engine="xtts", model=f"{engine.model}/."), device="cpu").plan(
            Utterance(text="Hi there.")
        )


@installed
@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"voice": "Ada Asch"}, UnknownVoice, "'Ada Asch' is not a xtts voice; did you mean 'Ada Ash'?"),
        ({"language": "sv"}, UnsupportedOption, "does not speak 'sv'"),
        ({"speed": 5.0}, UnsupportedOption, "speed 5 is out of range"),
        ({"options": {"top_k": 0}}, UnsupportedOption, "must lie between 1 and 1024, not 0"),
        ({"options": {"top_k": 2.5}}, UnsupportedOption, "must be a int, not 2.5"),
        ({"options": {"precision": "float16"}}, UnsupportedOption, "a CPU does not compute in float16"),
        ({"language": "ja"}, EngineNotInstalled, "-m pip install 'cutlet' 'fugashi[unidic-lite]'"),
    ],
)
def test_wrong_rows_are_found_before_anything_is_spoken(plan, row, error, message):
    planned = plan(**{"voice": "Ada Ash", **row})
    assert isinstance(planned, Bad)
    assert isinstance(planned.error, error) and message in str(planned.error)


@installed
def test_a_device_that_is_not_there(engine, pools):
    """Never another one in its place."""
    elsewhere = Xtts(engine.model, device="cuda:7")
    with pytest.raises(EngineError, match=r"device 'cuda:7' is not there: PyTorch .* finds"):
        pools.speaking(elsewhere).submit(worker.synthesize, elsewhere, [segment()]).result()


@installed
def test_weights_of_another_kind(engine, pools, tmp_path):
    """One clear line, not a list of a thousand names."""
    place = shutil.copytree(engine.model, tmp_path / "other")
    settings = json.loads(Path(place, "config.json").read_text())

    def problem(**changes):
        Path(place, "config.json").write_text(json.dumps({**settings, **changes}))
        other = Xtts(str(place), device="cpu")
        with pytest.raises(ModelUnavailable) as raised:
            pools.speaking(other).submit(worker.synthesize, other, [segment()], fresh=True).result()
        assert len(str(raised.value)) < 600
        return str(raised.value)

    assert "its config.json says 'vits'" in problem(model="vits")
    assert "do not fit" in problem(model_args={**settings["model_args"], "gpt_layers": 2})
    Path(place, "model.pth").write_bytes(b"nothing")
    assert "model.pth" in problem()


def test_incomplete_models(tmp_path, new_user):
    with pytest.raises(ModelUnavailable, match="run  voxpress models pull xtts"):
        Xtts().voices()
    with pytest.raises(
        ModelUnavailable, match=r"no model of XTTS: it has no config.json, model.pth, vocab.json"
    ):
        Xtts(str(tmp_path)).voices()
